//! Wide to long: every cell of some columns that holds something becomes a row of its own, beside the other columns of
//! its row. What lands is counted in these rows; a row whose cells are all empty makes none.

use kepi_model::project::Unpivot;
use kepi_query::landing::{BATCH_ROWS, Bad, Batch, BatchReader, Bits, Cells, PortError, Texts, Unbound};
use serde_json::{Map, Value};

use crate::error::LandError;

/// What a bound column is.
#[derive(Debug, Clone, Copy)]
enum From {
    Name,
    Value,
    /// As it stands, by its number in the inner batch.
    Beside(usize),
}

pub(super) struct Unpivoted {
    inner: Box<dyn BatchReader>,
    columns: Vec<String>,
    name: String,
    value: String,
    /// Headers that become rows, and their numbers in the inner batch.
    wide: Vec<(String, usize)>,
    bound: Vec<From>,
    batch: Batch,
    /// Texts that mean "no value" in every column.
    missing: Vec<String>,
    /// Rows to be handed over: row of the inner batch and position in `wide`; none: a row that cannot be read.
    rows: Vec<(u32, Option<usize>)>,
    /// How many of them have been.
    given: usize,
    /// Those of the batch that was filled last.
    last: Vec<(u32, Option<usize>)>,
    total: u64,
}

impl Unpivoted {
    /// `missing` are texts that mean "no value" in every column.
    pub fn new(
        mut inner: Box<dyn BatchReader>,
        how: &Unpivot,
        missing: &[String],
        file: &str,
    ) -> Result<Self, LandError> {
        let known: Vec<String> = inner.columns().to_vec();
        let mut wide: Vec<(String, usize)> = Vec::new();
        for pattern in &how.columns {
            let pattern = pattern.trim();
            let mut found: Vec<String> =
                known.iter().filter(|c| matches(pattern, c) && !c.is_empty()).cloned().collect();
            if found.is_empty() && !pattern.contains('*') && inner.bind(pattern).is_ok() {
                // Of a format without a header columns are not known before they are met.
                found.push(pattern.to_owned());
            }
            if found.is_empty() {
                return Err(LandError::NoUnpivot {
                    path: file.to_owned(),
                    pattern: pattern.to_owned(),
                    available: known,
                });
            }
            for column in found {
                if !wide.iter().any(|(c, _)| *c == column)
                    && let Ok(at) = inner.bind(&column)
                {
                    wide.push((column, at));
                }
            }
        }
        if let Some(taken) = [&how.name, &how.value].into_iter().find(|n| known.contains(n)) {
            return Err(LandError::Format {
                path: file.to_owned(),
                format: "a file that `unpivot` fits",
                reason: format!(
                    "it has a column `{taken}` already; give `name` or `value` of `unpivot` another"
                ),
            });
        }
        let mut columns: Vec<String> =
            known.into_iter().filter(|c| !wide.iter().any(|(w, _)| w == c)).collect();
        columns.extend([how.name.clone(), how.value.clone()]);
        let missing = missing.iter().map(|t| t.trim().to_owned()).collect();
        Ok(Self {
            inner,
            columns,
            name: how.name.trim().to_owned(),
            value: how.value.trim().to_owned(),
            wide,
            bound: Vec::new(),
            batch: Batch::default(),
            missing,
            rows: Vec::new(),
            given: 0,
            last: Vec::new(),
            total: 0,
        })
    }

    /// Whether a cell holds something.
    fn answered(&self, at: usize, row: usize) -> bool {
        match self.batch.cells.get(at) {
            Some(Cells::Texts(texts)) => texts.get(row).is_some_and(|text| {
                let text = text.trim();
                !text.is_empty() && !self.missing.iter().any(|t| t == text)
            }),
            Some(cells) => there(cells).get(row),
            None => false,
        }
    }
}

/// `*` stands for any characters.
fn matches(pattern: &str, name: &str) -> bool {
    match pattern.split_once('*') {
        None => pattern == name,
        Some((before, after)) => {
            let Some(rest) = name.strip_prefix(before) else { return false };
            // Each place where the rest may begin.
            rest.char_indices()
                .map(|(i, _)| i)
                .chain([rest.len()])
                .any(|i| matches(after, rest.get(i..).unwrap_or("")))
        }
    }
}

fn there(cells: &Cells) -> Bits {
    match cells {
        Cells::Texts(texts) => (0..texts.len()).map(|row| texts.get(row).is_some()).collect(),
        Cells::Integers(_, _, there)
        | Cells::Instants(_, there)
        | Cells::Locals(_, there)
        | Cells::Days(_, there)
        | Cells::Booleans(_, there) => there.clone(),
    }
}

/// The cells of some rows of a column.
fn taken(cells: &Cells, rows: impl Iterator<Item = usize> + Clone) -> Cells {
    fn of<T: Copy + Default>(
        values: &[T],
        there: &Bits,
        rows: impl Iterator<Item = usize> + Clone,
    ) -> (Vec<T>, Bits) {
        (
            rows.clone().map(|row| values.get(row).copied().unwrap_or_default()).collect(),
            rows.map(|row| there.get(row)).collect(),
        )
    }
    match cells {
        Cells::Texts(texts) => {
            let mut out = Texts::default();
            rows.for_each(|row| out.push(texts.get(row)));
            Cells::Texts(out)
        }
        Cells::Integers(values, scale, there) => {
            let (values, there) = of(values, there, rows);
            Cells::Integers(values, *scale, there)
        }
        Cells::Instants(values, there) => {
            let (values, there) = of(values, there, rows);
            Cells::Instants(values, there)
        }
        Cells::Locals(values, there) => {
            let (values, there) = of(values, there, rows);
            Cells::Locals(values, there)
        }
        Cells::Days(values, there) => {
            let (values, there) = of(values, there, rows);
            Cells::Days(values, there)
        }
        Cells::Booleans(values, there) => Cells::Booleans(
            rows.clone().map(|row| values.get(row)).collect(),
            rows.map(|row| there.get(row)).collect(),
        ),
    }
}

impl BatchReader for Unpivoted {
    fn columns(&self) -> &[String] {
        &self.columns
    }

    fn labels(&self) -> Vec<(String, String)> {
        self.inner.labels()
    }

    fn bind(&mut self, column: &str) -> Result<usize, Unbound> {
        let column = column.trim();
        let from = if column == self.name {
            From::Name
        } else if column == self.value {
            From::Value
        } else {
            From::Beside(self.inner.bind(column)?)
        };
        self.bound.push(from);
        Ok(self.bound.len() - 1)
    }

    fn next(&mut self, into: &mut Batch) -> Result<bool, PortError> {
        while self.given == self.rows.len() {
            self.rows.clear();
            self.given = 0;
            if !self.inner.next(&mut self.batch)? {
                self.last.clear();
                into.rows = 0;
                return Ok(false);
            }
            let mut bad = self.batch.bad.iter().map(|(row, _)| *row).peekable();
            for row in 0..self.batch.rows as u32 {
                if bad.next_if_eq(&row).is_some() {
                    self.rows.push((row, None));
                    continue;
                }
                for (position, (_, at)) in self.wide.iter().enumerate() {
                    if self.answered(*at, row as usize) {
                        self.rows.push((row, Some(position)));
                    }
                }
            }
        }
        let end = self.rows.len().min(self.given + BATCH_ROWS);
        self.last = self.rows.get(self.given..end).unwrap_or_default().to_vec();
        self.given = end;
        into.first_row = self.total + 1;
        into.rows = self.last.len();
        self.total += into.rows as u64;
        into.bad.clear();
        for (at, (row, wide)) in self.last.iter().enumerate() {
            if wide.is_none()
                && let Some((_, why)) = self.batch.bad.iter().find(|(bad, _)| bad == row)
            {
                let Bad { rule, reason, column } = why.clone();
                into.bad.push((at as u32, Bad { rule, reason, column }));
            }
        }
        into.cells = self
            .bound
            .iter()
            .map(|from| match from {
                From::Beside(at) => self.batch.cells.get(*at).map_or_else(Cells::default, |cells| {
                    taken(cells, self.last.iter().map(|(row, _)| *row as usize))
                }),
                From::Name => {
                    let mut names = Texts::default();
                    for (_, wide) in &self.last {
                        names.push(wide.and_then(|w| self.wide.get(w)).map(|(name, _)| name.as_str()));
                    }
                    Cells::Texts(names)
                }
                From::Value => {
                    let mut values = Texts::default();
                    let mut spelt = String::new();
                    for (row, wide) in &self.last {
                        let cells =
                            wide.and_then(|w| self.wide.get(w)).and_then(|(_, at)| self.batch.cells.get(*at));
                        let there =
                            cells.is_some_and(|c| crate::mapping::spell(c, *row as usize, &mut spelt));
                        values.push(there.then_some(spelt.as_str()));
                    }
                    Cells::Texts(values)
                }
            })
            .collect();
        Ok(true)
    }

    fn raw(&self, row: u32) -> String {
        let Some((inner, wide)) = self.last.get(row as usize) else { return Value::Null.to_string() };
        let raw = self.inner.raw(*inner);
        let Some((name, _)) = wide.and_then(|w| self.wide.get(w)) else { return raw };
        match serde_json::from_str::<Map<String, Value>>(&raw) {
            Ok(mut object) => {
                let value = object.get(name).cloned().unwrap_or_default();
                // Of the columns that became rows the row holds its own.
                object.retain(|key, _| !self.wide.iter().any(|(w, _)| w == key));
                object.insert(self.name.clone(), Value::from(name.as_str()));
                object.insert(self.value.clone(), value);
                Value::Object(object).to_string()
            }
            Err(_) => raw,
        }
    }
}
