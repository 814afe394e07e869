//! Rows that several sources know, composed attribute by attribute by whom their entity believes.
//!
//! Each source's rows of a key are a history of their own. At every instant at which one of them changes, the row that stands
//! is made anew of those that hold then: so it is the same whichever source landed first, and what was known then stays known.

use std::cmp::Ordering;

use kepi_model::{
    entity::precedence::{Believed, Precedence},
    id::AttributeId,
};

use crate::{
    port::{MemoryColumn, MemoryTable, PinnedColumn, system},
    row::Cell,
    texts::Texts,
};

/// A row that is in none.
const NONE: u32 = u32::MAX;

/// What one source says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Statement {
    /// The source.
    pub source: String,
    /// The file of its row.
    pub file: String,
    /// The row in it.
    pub row: Option<i64>,
    /// What it says.
    pub value: Cell,
    /// Since when its row holds; none: from ever.
    pub since: Option<i64>,
}

/// What sources say of one attribute of one row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Statements {
    /// The key of the row.
    pub key: Vec<Cell>,
    /// The attribute.
    pub attribute: AttributeId,
    /// What each source says that has a value, whom it believes first.
    pub by: Vec<Statement>,
}

impl Statements {
    /// Those who say something else than what holds.
    pub fn others(&self) -> impl Iterator<Item = &Statement> {
        let holds = self.by.first().map(|of| &of.value);
        self.by.iter().skip(1).filter(move |of| Some(&of.value) != holds)
    }
}

/// The rows of an entity as its sources say them.
pub struct Composer<'a> {
    columns: &'a [PinnedColumn],
    rows: &'a MemoryTable,
    /// Columns of the key.
    key: Vec<&'a MemoryColumn>,
    /// Of each attribute that is no part of the key: its column, and how it is settled.
    attributes: Vec<(usize, Settled)>,
    /// Place of the source of each row among all that there are.
    source: Vec<u32>,
    sources: Vec<String>,
    from: Vec<i64>,
    to: Vec<i64>,
    /// Rows that are known apart by a key, by key, source and beginning; and those whose key has no value.
    sorted: Vec<u32>,
    keyless: Vec<u32>,
}

/// How one attribute is settled.
struct Settled {
    /// By place of a source: how late it is asked.
    rank: Vec<u32>,
    /// The column whose latest value decides first.
    newest: Option<usize>,
}

/// What stands from one instant until another.
struct Stretch {
    from: i64,
    to: i64,
    /// By attribute, the row that says it.
    said: Vec<u32>,
    /// The row of the source that is believed most.
    lead: u32,
}

impl<'a> Composer<'a> {
    /// `key` names the columns by which rows are known apart.
    pub fn new(
        columns: &'a [PinnedColumn],
        rows: &'a MemoryTable,
        key: &[AttributeId],
        precedence: &Precedence,
    ) -> Self {
        let place = |name: &str| columns.iter().position(|column| column.name == name);
        let column = |name: &str| rows.columns.get(place(name)?);
        // Sources that are no more stand behind all that are.
        let mut sources: Vec<String> = precedence.order.iter().map(ToString::to_string).collect();
        let own = match column(system::SOURCE) {
            Some(MemoryColumn::Text(texts)) => texts.clone(),
            _ => Texts::default(),
        };
        let mut gone: Vec<&str> =
            own.members().iter().filter(|name| !sources.iter().any(|s| s == name)).collect();
        gone.sort_unstable();
        let gone: Vec<String> = gone.into_iter().map(str::to_owned).collect();
        sources.extend(gone);
        sources.push(String::new());
        let last = (sources.len() - 1) as u32;
        let by_code: Vec<u32> = own
            .members()
            .iter()
            .map(|name| sources.iter().position(|s| s == name).map_or(last, |at| at as u32))
            .collect();
        let source = (0..rows.rows)
            .map(|row| {
                own.codes().get(row).and_then(|code| by_code.get(*code as usize)).copied().unwrap_or(last)
            })
            .collect();
        let instants = |name: &str, none: i64| -> Vec<i64> {
            match column(name) {
                Some(MemoryColumn::Instant(values)) => values.iter().map(|at| at.unwrap_or(none)).collect(),
                _ => vec![none; rows.rows],
            }
        };
        let attributes = columns
            .iter()
            .enumerate()
            .filter(|(_, of)| !of.name.starts_with('_') && !key.iter().any(|key| key.as_str() == of.name))
            .map(|(at, of)| {
                let id: Option<AttributeId> = of.name.parse().ok();
                let order = id.as_ref().map(|id| precedence.order_of(id)).unwrap_or_default();
                let rank = sources
                    .iter()
                    .enumerate()
                    .map(|(at, name)| {
                        order.iter().position(|of| of.as_str() == name).unwrap_or(at + order.len()) as u32
                    })
                    .collect();
                let newest = match id.as_ref().and_then(|id| precedence.of.get(id)) {
                    Some(Believed::Newest(by)) => place(by.as_str()),
                    Some(Believed::First(_)) => None,
                    None if id.as_ref().is_some_and(|id| precedence.clocks.contains(id)) => Some(at),
                    None => None,
                };
                (at, Settled { rank, newest })
            })
            .collect();
        let key: Vec<&MemoryColumn> = key.iter().filter_map(|key| column(key.as_str())).collect();
        let mut composer = Self {
            columns,
            rows,
            key,
            attributes,
            source,
            sources,
            from: instants(system::VALID_FROM, i64::MIN),
            to: instants(system::VALID_TO, i64::MAX),
            sorted: Vec::new(),
            keyless: Vec::new(),
        };
        let keyed = |row: &u32| composer.key.iter().all(|of| has_value(of, *row));
        let (mut sorted, keyless): (Vec<u32>, Vec<u32>) = (0..rows.rows as u32).partition(keyed);
        sorted.sort_by(|a, b| {
            composer
                .by_key(*a, *b)
                .then_with(|| composer.source_of(*a).cmp(&composer.source_of(*b)))
                .then_with(|| composer.begins_at(*a).cmp(&composer.begins_at(*b)))
        });
        composer.sorted = sorted;
        composer.keyless = keyless;
        composer
    }

    fn source_of(&self, row: u32) -> u32 {
        self.source.get(row as usize).copied().unwrap_or_default()
    }
    fn begins_at(&self, row: u32) -> i64 {
        self.from.get(row as usize).copied().unwrap_or(i64::MIN)
    }
    fn to_of(&self, row: u32) -> i64 {
        self.to.get(row as usize).copied().unwrap_or(i64::MAX)
    }
    fn by_key(&self, a: u32, b: u32) -> Ordering {
        let mut parts = self.key.iter().map(|of| compare(of, a, b));
        parts.find(|order| *order != Ordering::Equal).unwrap_or(Ordering::Equal)
    }

    /// The rows that stand, each with the instants between which it does.
    pub fn rows(&self) -> MemoryTable {
        let mut picked: Vec<Vec<u32>> = vec![Vec::new(); self.attributes.len()];
        let (mut lead, mut from, mut to) = (Vec::new(), Vec::new(), Vec::new());
        let mut take = |stretch: &Stretch| {
            picked.iter_mut().zip(&stretch.said).for_each(|(of, row)| of.push(*row));
            lead.push(stretch.lead);
            from.push(Some(stretch.from).filter(|at| *at != i64::MIN));
            to.push(Some(stretch.to).filter(|at| *at != i64::MAX));
        };
        for of_key in self.keys() {
            self.stretches(of_key).iter().for_each(&mut take);
        }
        // What no key tells apart meets no other row.
        for row in &self.keyless {
            let said = vec![*row; self.attributes.len()];
            take(&Stretch { from: self.begins_at(*row), to: self.to_of(*row), said, lead: *row });
        }
        let columns = self.columns.iter().zip(&self.rows.columns).enumerate().map(
            |(at, (column, values))| match column.name.as_str() {
                system::VALID_FROM => MemoryColumn::Instant(std::mem::take(&mut from)),
                system::VALID_TO => MemoryColumn::Instant(std::mem::take(&mut to)),
                _ => match self.attributes.iter().position(|(of, _)| *of == at) {
                    Some(place) => taken(values, picked.get(place).map(Vec::as_slice).unwrap_or_default()),
                    None => taken(values, &lead),
                },
            },
        );
        let columns = columns.collect();
        MemoryTable { rows: lead.len(), columns }
    }

    /// What sources say of what stands at an instant or, without one, now: row by row and attribute by attribute, where at least
    /// one says something; of one key alone, or of all.
    pub fn statements(&self, key: Option<&[Cell]>, at: Option<i64>) -> Vec<Statements> {
        let holds = |row: &u32| match at {
            Some(at) => self.begins_at(*row) <= at && at < self.to_of(*row),
            None => self.to_of(*row) == i64::MAX,
        };
        let mut found = Vec::new();
        for of_key in self.keys() {
            let Some(first) = of_key.first() else { continue };
            let own = || self.key.iter().map(|column| cell(column, *first));
            if key.is_some_and(|key| !own().eq(key.iter().cloned())) {
                continue;
            }
            let holding: Vec<u32> = of_key.iter().copied().filter(holds).collect();
            for (at, settled) in &self.attributes {
                let (Some(column), Some(values)) = (self.columns.get(*at), self.rows.columns.get(*at)) else {
                    continue;
                };
                let asked = self.asked(&holding, *at, settled);
                let Ok(attribute) = column.name.parse() else { continue };
                if asked.is_empty() {
                    continue;
                }
                let by = asked.into_iter().map(|row| self.statement(row, cell(values, row))).collect();
                found.push(Statements { key: own().collect(), attribute, by });
            }
        }
        found
    }

    /// Those of the statements that contradict each other. When a source last changed its row no other has to say.
    pub fn discrepancies(&self, precedence: &Precedence) -> Vec<Statements> {
        let mut all = self.statements(None, None);
        all.retain(|of| !precedence.clocks.contains(&of.attribute) && of.others().next().is_some());
        all
    }

    fn statement(&self, row: u32, value: Cell) -> Statement {
        let column = |name: &str| {
            let at = self.columns.iter().position(|column| column.name == name)?;
            Some(cell(self.rows.columns.get(at)?, row))
        };
        let text = |name: &str| match column(name) {
            Some(Cell::Text(text)) => text.into(),
            _ => String::new(),
        };
        let number = match column(system::ROW) {
            Some(Cell::Integer(row)) => Some(row),
            _ => None,
        };
        Statement {
            source: self.sources.get(self.source_of(row) as usize).cloned().unwrap_or_default(),
            file: text(system::FILE),
            row: number,
            value,
            since: Some(self.begins_at(row)).filter(|at| *at != i64::MIN),
        }
    }

    /// How many keys more than one source knows now.
    pub fn shared(&self) -> u64 {
        let knows = |rows: &[u32]| {
            let mut sources =
                rows.iter().filter(|row| self.to_of(**row) == i64::MAX).map(|row| self.source_of(*row));
            let first = sources.next();
            sources.any(|source| Some(source) != first)
        };
        self.keys().filter(|rows| knows(rows)).count() as u64
    }

    /// The rows of each key, in the order of keys.
    fn keys(&self) -> impl Iterator<Item = &[u32]> {
        self.sorted.chunk_by(|a, b| self.by_key(*a, *b) == Ordering::Equal)
    }

    /// Those of the rows that have a value of an attribute, whom it believes first.
    fn asked(&self, holding: &[u32], at: usize, settled: &Settled) -> Vec<u32> {
        let Some(values) = self.rows.columns.get(at) else { return Vec::new() };
        let mut asked: Vec<u32> = holding.iter().copied().filter(|row| has_value(values, *row)).collect();
        let newest = settled.newest.and_then(|at| self.rows.columns.get(at));
        asked.sort_by(|a, b| {
            let rank = |row: &u32| settled.rank.get(self.source_of(*row) as usize).copied();
            // No value is less than any.
            newest.map_or(Ordering::Equal, |by| compare(by, *b, *a)).then_with(|| rank(a).cmp(&rank(b)))
        });
        asked
    }

    /// What stands of one key, one stretch after the other; neighbours that say the same are one.
    fn stretches(&self, of_key: &[u32]) -> Vec<Stretch> {
        // A row that was superseded before it began never held.
        let held = |row: &&u32| self.begins_at(**row) < self.to_of(**row);
        let mut edges: Vec<i64> =
            of_key.iter().filter(held).flat_map(|row| [self.begins_at(*row), self.to_of(*row)]).collect();
        edges.sort_unstable();
        edges.dedup();
        let mut stretches: Vec<Stretch> = Vec::new();
        for ends in edges.windows(2) {
            let &[from, to] = ends else { continue };
            // One row a source: a source's rows of a key follow each other.
            let holding: Vec<u32> = of_key
                .iter()
                .copied()
                .filter(|row| self.begins_at(*row) <= from && self.to_of(*row) >= to)
                .collect();
            let Some(lead) = holding.first().copied() else { continue };
            let said: Vec<u32> =
                self.attributes.iter().map(|(at, settled)| self.first(&holding, *at, settled)).collect();
            match stretches.last_mut() {
                Some(before) if before.to == from && self.same(&before.said, &said) => before.to = to,
                _ => stretches.push(Stretch { from, to, said, lead }),
            }
        }
        stretches
    }

    /// The row whose value of an attribute holds.
    fn first(&self, holding: &[u32], at: usize, settled: &Settled) -> u32 {
        match (holding, self.rows.columns.get(at)) {
            // Most rows are known to one source alone.
            ([row], Some(values)) if has_value(values, *row) => *row,
            ([_], _) => NONE,
            _ => self.asked(holding, at, settled).first().copied().unwrap_or(NONE),
        }
    }

    fn same(&self, a: &[u32], b: &[u32]) -> bool {
        let mut all = self.attributes.iter().zip(a.iter().zip(b));
        all.all(|((at, _), (a, b))| {
            a == b || self.rows.columns.get(*at).is_some_and(|of| compare(of, *a, *b) == Ordering::Equal)
        })
    }
}

fn has_value(column: &MemoryColumn, row: u32) -> bool {
    let row = row as usize;
    match column {
        MemoryColumn::Text(values) => values.codes().get(row).is_some_and(|code| *code != Texts::MISSING),
        MemoryColumn::Integer(values) | MemoryColumn::Instant(values) => {
            values.get(row).is_some_and(Option::is_some)
        }
        MemoryColumn::Boolean(values) => values.get(row).is_some_and(Option::is_some),
    }
}

fn compare(column: &MemoryColumn, a: u32, b: u32) -> Ordering {
    let (a, b) = (a as usize, b as usize);
    match column {
        MemoryColumn::Text(values) => match (values.codes().get(a), values.codes().get(b)) {
            (Some(one), Some(other)) if one == other => Ordering::Equal,
            _ => values.get(a).cmp(&values.get(b)),
        },
        MemoryColumn::Integer(values) | MemoryColumn::Instant(values) => {
            values.get(a).copied().flatten().cmp(&values.get(b).copied().flatten())
        }
        MemoryColumn::Boolean(values) => {
            values.get(a).copied().flatten().cmp(&values.get(b).copied().flatten())
        }
    }
}

fn cell(column: &MemoryColumn, row: u32) -> Cell {
    let row = row as usize;
    let or_missing = |cell: Option<Cell>| cell.unwrap_or(Cell::Missing);
    match column {
        MemoryColumn::Text(values) => or_missing(values.get(row).map(|text| Cell::Text(text.into()))),
        MemoryColumn::Integer(values) => or_missing(values.get(row).copied().flatten().map(Cell::Integer)),
        MemoryColumn::Instant(values) => or_missing(values.get(row).copied().flatten().map(Cell::Instant)),
        MemoryColumn::Boolean(values) => or_missing(values.get(row).copied().flatten().map(Cell::Boolean)),
    }
}

/// Some of the rows of a column; those that are none have no value.
fn taken(column: &MemoryColumn, rows: &[u32]) -> MemoryColumn {
    fn some<T: Copy>(values: &[Option<T>], rows: &[u32]) -> Vec<Option<T>> {
        rows.iter().map(|row| values.get(*row as usize).copied().flatten()).collect()
    }
    match column {
        MemoryColumn::Text(values) => MemoryColumn::Text(values.taken(rows)),
        MemoryColumn::Integer(values) => MemoryColumn::Integer(some(values, rows)),
        MemoryColumn::Instant(values) => MemoryColumn::Instant(some(values, rows)),
        MemoryColumn::Boolean(values) => MemoryColumn::Boolean(some(values, rows)),
    }
}
