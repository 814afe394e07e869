//! What is read for a plan, and why.

use std::collections::{BTreeMap, BTreeSet};

use kepi_model::id::EntityId;
use serde::Serialize;

use super::{Work, name::Asked};
use crate::{
    plan::{ScanPlan, StateId},
    port::{PinnedFile, PinnedInputs, PinnedTable, TableData},
};

/// Files with their rows and bytes.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Amount {
    /// Files.
    pub files: u64,
    /// Rows, superseded ones included.
    pub rows: u64,
    /// Bytes of the files; only the columns that are asked for are read.
    pub bytes: u64,
}

impl Amount {
    pub(super) fn of<'a>(files: impl IntoIterator<Item = &'a PinnedFile>) -> Self {
        files.into_iter().fold(Self::default(), |sum, file| Self {
            files: sum.files + 1,
            rows: sum.rows + file.rows,
            bytes: sum.bytes + file.bytes,
        })
    }

    /// All of a table; in memory it is in no files.
    pub fn of_table(table: Option<&PinnedTable>) -> Self {
        match table.map(|table| &table.data) {
            Some(TableData::Files(files)) => Self::of(files),
            Some(TableData::Memory(memory)) => Self { rows: memory.rows as u64, ..Self::default() },
            None => Self::default(),
        }
    }

    pub(super) fn add(&mut self, more: Self) {
        self.files += more.files;
        self.rows += more.rows;
        self.bytes += more.bytes;
    }
}

/// Why rows are read.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Why {
    /// Nothing is kept of this scan.
    First,
    /// The file is new, or some of its rows were superseded, which makes another file of it.
    New,
    /// It was read together with a file that is there no more.
    Beside,
    /// Something is asked for that was not asked for before.
    Definition,
    /// The rows of a table changed that these rows refer to.
    Table(String),
    /// There are too many different values to keep them.
    TooMany,
    /// Other rows are made of them, and some of them changed; or they are made themselves, in memory.
    Made,
    /// Other rows are made of them by period, and another period begins: its rows come to those that are there.
    Periods,
    /// Other rows are made of them, and all of these are made anew: it cannot be said which of them stay as they are.
    Anew,
}

/// What is read for a plan.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Cost {
    /// Whose rows.
    pub entity: EntityId,
    /// All there is of them.
    pub of: Amount,
    /// What is read, by why.
    pub reads: Vec<Read>,
}

/// What is read for one reason.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Read {
    /// The reason.
    pub why: Why,
    /// How much.
    pub amount: Amount,
    /// For which states.
    #[serde(skip)]
    pub states: BTreeSet<StateId>,
}

impl Cost {
    pub(super) fn of(asked: &Asked<'_>, work: &Work, files: &[PinnedFile]) -> Self {
        let mut reads: BTreeMap<Why, (Amount, BTreeSet<StateId>)> = BTreeMap::new();
        let mut add = |why: Why, amount: Amount, states: &[usize]| {
            let (sum, of) = reads.entry(why).or_default();
            sum.add(amount);
            of.extend(states.iter().filter_map(|state| asked.plan.states.get(*state)).map(|spec| spec.id));
        };
        for read in &work.reads {
            add(read.why.clone(), Amount::of(&read.files), &read.states);
        }
        if !work.whole.is_empty() {
            add(Why::TooMany, Amount::of(files), &work.whole);
        }
        let reads = reads.into_iter().map(|(why, (amount, states))| Read { why, amount, states });
        Self { entity: asked.plan.entity.clone(), of: Amount::of(files), reads: reads.collect() }
    }

    /// All rows, since none are kept.
    pub(super) fn of_all(plan: &ScanPlan, inputs: &PinnedInputs) -> Self {
        let table = inputs.tables.get(&plan.entity);
        let of = Amount::of_table(table);
        let is_made = table.is_some_and(|table| matches!(table.data, TableData::Memory(_)));
        let why = if is_made { Why::Made } else { Why::First };
        let states = plan.states.iter().map(|spec| spec.id).collect();
        let reads = if of.rows > 0 { vec![Read { why, amount: of, states }] } else { vec![] };
        Self { entity: plan.entity.clone(), of, reads }
    }
}
