//! Which rows belong to keys: by what a column of them holds, or what is computed of their own columns.

use std::{
    borrow::Cow,
    collections::{BTreeSet, HashSet},
    sync::Arc,
};

use hashbrown::DefaultHashBuilder;
use kepi_model::{
    expression::{Expression, Node, Path},
    id::{AttributeId, EntityId},
};
use serde::{Deserialize, Serialize};

use crate::{
    memory::{MemoryColumn, MemoryTable, PinnedColumn},
    row::{Cell, Row, evaluate},
    texts::Texts,
};

/// Keys to whom rows may belong.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Keys {
    /// The keys.
    pub known: HashSet<Box<str>, DefaultHashBuilder>,
    /// Whether rows without one belong to them, too.
    pub missing: bool,
    /// All keys of a portion, beside those.
    pub portion: Option<Portion>,
}

/// One of several portions into which keys fall by a hash of their text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Portion {
    /// Which, from 0.
    pub number: u64,
    /// Of how many.
    pub of: u64,
}

impl Portion {
    fn has(self, key: &str) -> bool {
        // FNV-1a: the same on every machine, and quick for short texts.
        let step = |hash: u64, byte: &u8| (hash ^ u64::from(*byte)).wrapping_mul(0x0000_0100_0000_01b3);
        let hash = key.as_bytes().iter().fold(0xcbf2_9ce4_8422_2325, step);
        // The lowest bits of it know little of the first letters.
        (hash ^ (hash >> 32)) % self.of.max(1) == self.number
    }
}

impl Keys {
    /// The keys of a portion. Rows without a key belong to the first.
    pub fn portion(number: u64, of: u64) -> Self {
        Self { missing: number == 0, portion: Some(Portion { number, of }), ..Self::default() }
    }
    /// Whether a value is one of them.
    pub fn has(&self, value: Option<&str>) -> bool {
        let is_key = |value| self.known.contains(value) || self.portion.is_some_and(|of| of.has(value));
        value.map_or(self.missing, is_key)
    }
    /// Those of its keys that fall into a portion.
    #[must_use]
    pub fn in_portion(&self, number: u64, of: u64) -> Self {
        let portion = Portion { number, of };
        let known = self.known.iter().filter(|key| portion.has(key)).cloned().collect();
        Self { known, missing: self.missing && number == 0, ..Self::default() }
    }
    /// Takes one in; says whether it was not one of them.
    pub fn add(&mut self, value: Option<&str>) -> bool {
        match value {
            None => !std::mem::replace(&mut self.missing, true),
            Some(value) => !self.known.contains(value) && self.known.insert(value.into()),
        }
    }
}

/// What is asked of a row, to tell whether it belongs to keys. Whatever it comes to, keys are texts: numbers are in decimal.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum By {
    /// What a column holds.
    Column(String),
    /// What is computed of its own columns.
    Computed(Box<Expression>),
}

impl By {
    /// What an expression asks.
    pub(crate) fn of(of: &Expression) -> Self {
        match &of.node {
            Node::Path(path) if path.references.is_empty() => Self::Column(path.attribute.to_string()),
            _ => Self::Computed(Box::new(of.clone())),
        }
    }

    /// The column, if it is one.
    pub(crate) fn column(&self) -> Option<&str> {
        match self {
            Self::Column(column) => Some(column),
            Self::Computed(_) => None,
        }
    }

    /// The columns that are read for it.
    pub fn columns(&self) -> BTreeSet<String> {
        match self {
            Self::Column(column) => [column.clone()].into(),
            Self::Computed(of) => {
                let mut columns = BTreeSet::new();
                of.visit(&mut |part| {
                    if let Node::Path(path) = &part.node {
                        let first = path.references.first().map(|(reference, _)| reference);
                        columns.insert(first.unwrap_or(&path.attribute).to_string());
                    }
                });
                columns
            }
        }
    }

    /// What it comes to, row by row; missing also where it leaves the range of integers: whoever has the rows without a key finds out. None where the
    /// rows do not have the column.
    pub fn texts<'a>(&self, columns: &[PinnedColumn], rows: &'a MemoryTable) -> Option<Cow<'a, Texts>> {
        let column = |name: &str| {
            let at = columns.iter().position(|column| column.name == name)?;
            rows.columns.get(at)
        };
        let of = match self {
            Self::Column(name) => {
                return Some(match column(name)? {
                    MemoryColumn::Text(texts) => Cow::Borrowed(texts),
                    values => Cow::Owned((0..rows.rows).map(|row| as_key(values.cell(row))).collect()),
                });
            }
            Self::Computed(of) => of,
        };
        let one = |row: usize| evaluate(of, &OwnRow { columns, rows, row }).ok().and_then(as_key);
        let read: Vec<String> = self.columns().into_iter().collect();
        let only = match read.as_slice() {
            [name] => column(name),
            _ => None,
        };
        let Some(MemoryColumn::Text(values)) = only else {
            return Some(Cow::Owned((0..rows.rows).map(one).collect()));
        };
        // Of one column of texts each different one is asked once.
        let missing = values.members().len();
        let mut known: Vec<Option<u32>> = vec![None; missing + 1];
        let mut texts = Texts::with_capacity(rows.rows);
        for (row, code) in values.codes().iter().enumerate() {
            let Some(known) = known.get_mut((*code as usize).min(missing)) else { continue };
            let code = known.get_or_insert_with(|| one(row).map_or(Texts::MISSING, |text| texts.code(&text)));
            texts.push_code(*code);
        }
        Some(Cow::Owned(texts))
    }
}

/// A value as a key.
pub(crate) fn as_key(value: Cell) -> Option<Box<str>> {
    match value {
        Cell::Missing => None,
        Cell::Text(text) => Some(text),
        Cell::Integer(number) | Cell::Instant(number) => Some(number.to_string().into()),
        Cell::Boolean(truth) => Some(truth.to_string().into()),
    }
}

/// A row of which only its own columns are asked.
struct OwnRow<'a> {
    columns: &'a [PinnedColumn],
    rows: &'a MemoryTable,
    row: usize,
}

impl Row for OwnRow<'_> {
    fn attribute(&self, path: &Path) -> Cell {
        let at = self.columns.iter().position(|column| column.name == path.attribute.as_str());
        at.and_then(|at| self.rows.columns.get(at)).map_or(Cell::Missing, |column| column.cell(self.row))
    }
    fn exists(&self, _: &AttributeId, _: &EntityId) -> Option<bool> {
        None
    }
}

/// Which rows are read: those of which one of some questions comes to one of its keys.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Belonging {
    /// Questions with their keys; a column that a file lacks holds nothing. The columns of them are among those that are read.
    pub ties: Vec<(By, Arc<Keys>)>,
}

impl Belonging {
    /// Those of which one of some questions comes to one of these keys.
    pub fn by<'a>(by: impl IntoIterator<Item = &'a By>, keys: &Arc<Keys>) -> Self {
        Self { ties: by.into_iter().map(|by| (by.clone(), Arc::clone(keys))).collect() }
    }
    /// Which rows of a table in memory are among them, by place.
    pub fn of(&self, columns: &[PinnedColumn], rows: &MemoryTable) -> Vec<u32> {
        let mut is_own = vec![false; rows.rows];
        self.mark(columns, rows, |_| true, &mut is_own);
        (0..).zip(is_own).filter(|(_, is_own)| *is_own).map(|(row, _)| row).collect()
    }
    /// Marks the rows that are among them by some of its questions.
    pub fn mark(
        &self,
        columns: &[PinnedColumn],
        rows: &MemoryTable,
        asks: impl Fn(&By) -> bool,
        is_own: &mut [bool],
    ) {
        for (by, keys) in self.ties.iter().filter(|(by, _)| asks(by)) {
            let Some(texts) = by.texts(columns, rows) else { continue };
            // Each different text is looked up once.
            let is_key: Vec<bool> = texts.members().iter().map(|member| keys.has(Some(member))).collect();
            for (is_own, code) in is_own.iter_mut().zip(texts.codes()) {
                *is_own |= is_key.get(*code as usize).copied().unwrap_or(keys.missing);
            }
        }
    }
}
