//! A source's mapping bound to the columns of a file, and what it makes of a batch.

use std::collections::{BTreeMap, BTreeSet};

use kepi_model::{
    expression::{Expression, Literal, Node, Type},
    id::{AttributeId, EntityId},
    project::{Entity, MappingFrom, Merges, Source},
    unicode::nfc,
    wording::nearest,
};
use kepi_query::{
    landing::{Batch, BatchReader, Bits, MissingCount, Unbound},
    row::{self, Cell, Row},
};

use super::{
    REQUIRED, Rejection, TYPE,
    column::{ColumnStep, Counted, Wanted},
    off_scale::OffScale,
    rows::{Rows, Slot},
    suggest::no_column,
    time::{When, Zones},
};
use crate::error::{LakeError, LandError};

/// The value of a row expression. The one evaluator of Kepi decides what it means.
pub(crate) fn evaluate(expression: &Expression, row: &dyn Row) -> Result<Cell, String> {
    row::evaluate(expression, row).map_err(|e| e.to_string())
}

/// Every attribute an expression reads.
pub(crate) fn attributes_read(expression: &Expression) -> BTreeSet<AttributeId> {
    let mut read = BTreeSet::new();
    expression.visit(&mut |e| match &e.node {
        Node::Path(path) => {
            read.insert(path.attribute.clone());
        }
        Node::Exists(attribute, _) => {
            read.insert(attribute.clone());
        }
        _ => {}
    });
    read
}

/// Every entity whose keys an expression asks for.
pub(crate) fn entities_asked(expression: &Expression, into: &mut BTreeSet<EntityId>) {
    expression.visit(&mut |e| {
        if let Node::Exists(_, entity) = &e.node {
            into.insert(entity.clone());
        }
    });
}

/// The number of a column, also where the file writes its name in another composition of the same letters.
fn bind_column(reader: &mut dyn BatchReader, column: &str) -> Result<usize, Unbound> {
    reader.bind(column).or_else(|why| {
        let composed = nfc(column.trim());
        let written = reader.columns().iter().find(|c| nfc(c.trim()) == composed).cloned();
        written.filter(|_| why == Unbound::Unknown).map_or(Err(why), |written| reader.bind(&written))
    })
}

/// A mapping bound to a file and an entity.
pub(crate) struct BoundMapping {
    steps: Vec<Step>,
    times: Zones,
    file: String,
    only: Option<(Expression, Vec<usize>)>,
    /// Whether a row says that its key is gone.
    gone: Option<(Expression, Vec<usize>)>,
    /// What says which rows were merged, and whether of themselves.
    merges: Option<(Box<ColumnStep>, bool)>,
    off_scale: OffScale,
}

/// What a mapping has counted, to go back to.
pub(crate) struct Counts {
    columns: Vec<Option<Counted>>,
    off_scale: OffScale,
}

struct Step {
    /// Position of the attribute in the entity.
    slot: usize,
    name: String,
    required: bool,
    from: From,
    /// Whether it is an instant, and then a day.
    time: Option<bool>,
}

enum From {
    Column(Box<ColumnStep>),
    Position,
    Constant(Cell),
    Expression(Expression, Vec<usize>),
}

/// What became of a row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Fate {
    /// All its values are typed.
    Typed,
    /// `only` leaves it out: it does not hold, or nothing is known.
    OutOfScope {
        /// Whether it is unknown if it holds.
        unknown: bool,
    },
    /// It cannot be read; its values are there as far as they can.
    Rejected(Box<Rejection>),
    /// It is no row.
    Bad(Box<Rejection>),
}

/// A file's path below the folder that all files share which a pattern matches: what stands before its first wildcard.
fn below_shared_folder<'a>(file: &'a str, pattern: &str) -> &'a str {
    let folders = pattern.split('/').filter(|part| !matches!(*part, "" | "."));
    let mut rest = file;
    for folder in folders.take_while(|part| !part.contains(['*', '?', '['])) {
        match rest.split_once('/') {
            Some((first, below)) if first == folder => rest = below,
            _ => break,
        }
    }
    rest
}

/// What is wrong with the rows of a batch, so far.
#[derive(Default)]
struct Failures {
    /// Attributes without a readable value, by row.
    failed: BTreeMap<u32, Vec<usize>>,
    /// What is said of a row: what came first.
    first: BTreeMap<u32, Rejection>,
}

impl Failures {
    fn add(&mut self, row: u32, slot: usize, rejection: impl FnOnce() -> Rejection) {
        self.failed.entry(row).or_default().push(slot);
        self.first.entry(row).or_insert_with(rejection);
    }

    /// Whether any of these attributes has no readable value.
    fn touch(&self, row: u32, slots: &[usize]) -> bool {
        !self.failed.is_empty()
            && self.failed.get(&row).is_some_and(|failed| slots.iter().any(|s| failed.contains(s)))
    }
}

/// What says which rows were merged: its column is read as that of the key is.
fn merges(
    source: &Source,
    entity: &Entity,
    personal: &[bool],
    reader: &mut dyn BatchReader,
    file: &str,
) -> Result<Option<(Box<ColumnStep>, bool)>, LandError> {
    let (Some(merges), [key]) = (&source.merges, entity.key.as_slice()) else { return Ok(None) };
    let Some(MappingFrom::Column { parse, missing, replace, prefix, .. }) =
        source.map.iter().find(|m| &m.attribute == key).map(|m| &m.from)
    else {
        return Ok(None);
    };
    let column = merges.column();
    let index = bind_column(reader, column).map_err(|_| {
        let near = nearest(column, reader.columns().iter().map(String::as_str));
        let near = near.map(|near| format!("; did you mean `{near}`?")).unwrap_or_default();
        let why = format!("`{file}` has no column `{column}`, by which `merges` says what was merged{near}");
        LandError::Definition(source.id.to_string(), why)
    })?;
    // Keys of a list get what is put before them one by one.
    let own = matches!(merges, Merges::Into { .. });
    let at = entity.attributes.iter().position(|a| &a.id == key);
    let wanted = Wanted {
        attribute: key,
        column,
        parse,
        missing,
        missing_everywhere: &source.missing,
        replace: if own { replace } else { &[] },
        prefix: if own { prefix } else { "" },
        clean: &source.clean,
        open: &[],
        is_day: false,
        personal: at.and_then(|at| personal.get(at)).copied().unwrap_or(false),
    };
    Ok(Some((Box::new(ColumnStep::new(index, &wanted)), own)))
}

impl BoundMapping {
    /// Binds a source's mapping to a file's columns.
    pub fn bind(
        source: &Source,
        entity: &Entity,
        personal: &[bool],
        reader: &mut dyn BatchReader,
        file: &str,
    ) -> Result<Self, LandError> {
        let misfit = |why: String| LandError::Definition(source.id.to_string(), why);
        let zones = source.zone.column.as_ref().map(|column| {
            bind_column(reader, column).map_err(|_| {
                misfit(format!(
                    "`{file}` has no column `{column}`, by which `time_zone` names the zone of each row"
                ))
            })
        });
        let times = Zones::new(&source.zone, &source.days, &source.dates, zones.transpose()?)
            .map_err(|e| misfit(e.to_string()))?;
        let slot_of = |id: &AttributeId| entity.attributes.iter().position(|a| &a.id == id);
        let reads = |e: &Expression| attributes_read(e).iter().filter_map(slot_of).collect::<Vec<_>>();
        let mut steps = Vec::new();
        for mapping in &source.map {
            let slot = slot_of(&mapping.attribute)
                .ok_or_else(|| misfit(format!("`{}` has no attribute `{}`", entity.id, mapping.attribute)))?;
            let from = match &mapping.from {
                MappingFrom::Column { column, parse, missing, replace, prefix } => {
                    let index = bind_column(reader, column).map_err(|why| match why {
                        Unbound::Unknown => no_column(file, column, mapping, reader.columns()),
                        Unbound::Repeated { first, second } => LandError::RepeatedColumn {
                            path: file.to_owned(),
                            attribute: mapping.attribute.clone(),
                            column: column.clone(),
                            first,
                            second,
                        },
                    })?;
                    let wanted = Wanted {
                        attribute: &mapping.attribute,
                        column,
                        parse,
                        missing,
                        missing_everywhere: &source.missing,
                        replace,
                        prefix,
                        clean: &source.clean,
                        open: times.plain().open(),
                        is_day: mapping.type_ == Type::Date,
                        personal: personal.get(slot).copied().unwrap_or(false),
                    };
                    From::Column(Box::new(ColumnStep::new(index, &wanted)))
                }
                MappingFrom::Position => From::Position,
                MappingFrom::Constant(literal) => From::Constant(match literal {
                    Literal::Missing => Cell::Missing,
                    Literal::Text(t) => Cell::Text(nfc(t).into()),
                    Literal::Integer(n) => Cell::Integer(*n),
                    Literal::Boolean(b) => Cell::Boolean(*b),
                }),
                MappingFrom::Expression(e) => From::Expression(e.clone(), reads(e)),
            };
            let time = match mapping.type_ {
                Type::Date => Some(true),
                Type::Timestamp => Some(false),
                _ => None,
            };
            let (name, required) = (mapping.attribute.to_string(), mapping.required);
            steps.push(Step { slot, name, required, from, time });
        }
        let merges = merges(source, entity, personal, reader, file)?;
        let only = source.only.as_ref().map(|e| (e.clone(), reads(e)));
        let gone = source.deleted.as_ref().map(|e| (e.clone(), reads(e)));
        let file = below_shared_folder(file, source.from.files().unwrap_or_default()).to_owned();
        let off_scale = OffScale::new(source, entity);
        Ok(Self { steps, times, file, only, gone, merges, off_scale })
    }

    /// What it has counted so far.
    pub fn counts(&self) -> Counts {
        let columns = self.steps.iter().map(|step| match &step.from {
            From::Column(column) => Some(column.counted()),
            _ => None,
        });
        Counts { columns: columns.collect(), off_scale: self.off_scale.clone() }
    }

    /// Types the rows of a batch into `rows`, and says what became of each.
    pub fn read(&mut self, batch: &Batch, rows: &mut Rows) -> Result<Vec<Fate>, LakeError> {
        self.read_first(batch, batch.rows, rows)
    }

    /// Goes back to counts, and counts the first `n` rows of a batch.
    pub fn count_again(
        &mut self,
        before: &Counts,
        batch: &Batch,
        n: usize,
        rows: &mut Rows,
    ) -> Result<(), LakeError> {
        for (step, before) in self.steps.iter_mut().zip(&before.columns) {
            if let (From::Column(column), Some(before)) = (&mut step.from, before) {
                column.uncount(before);
            }
        }
        self.off_scale.clone_from(&before.off_scale);
        self.read_first(batch, n, rows).map(drop)
    }

    fn read_first(&mut self, batch: &Batch, n: usize, rows: &mut Rows) -> Result<Vec<Fate>, LakeError> {
        rows.clear();
        let mut skipped = vec![false; n];
        for (row, _) in &batch.bad {
            if let Some(s) = skipped.get_mut(*row as usize) {
                *s = true;
            }
        }
        let skipped: Bits = skipped.into_iter().collect();
        self.times.read(batch, n);
        let mut failures = Failures::default();
        let mut mapped = vec![false; rows.columns.len()];
        for step in &mut self.steps {
            if let Some(m) = mapped.get_mut(step.slot) {
                *m = true;
            }
            step.read(batch, n, &skipped, &self.times, &self.file, rows, &mut failures)?;
        }
        for (column, _) in rows.columns.iter_mut().zip(mapped).filter(|(_, mapped)| !mapped) {
            (0..n).for_each(|_| column.missing());
        }
        if let Some((step, _)) = &mut self.merges
            && let Some(cells) = batch.cells.get(step.index)
        {
            step.read(cells, n, &skipped, &self.times, &mut rows.merged, &mut |_, _| {});
        }
        let mut fates: Vec<Fate> = Vec::with_capacity(n);
        for (condition, _) in self.only.iter().chain(&self.gone) {
            rows.look_up(condition)?;
        }
        let mut bad = batch.bad.iter().peekable();
        for row in 0..n {
            let at = row as u32;
            if let Some((_, why)) = bad.next_if(|(row, _)| *row == at) {
                fates.push(Fate::Bad(Box::new(Rejection {
                    rule: why.rule.to_owned(),
                    reason: why.reason.clone(),
                    column: why.column.clone(),
                })));
                continue;
            }
            let kept = match &self.only {
                Some((only, reads)) if !failures.touch(at, reads) => evaluate(only, &rows.row(row)),
                _ => Ok(Cell::Boolean(true)),
            };
            fates.push(match failures.first.remove(&at) {
                _ if kept != Ok(Cell::Boolean(true)) => {
                    Fate::OutOfScope { unknown: kept == Ok(Cell::Missing) }
                }
                // Of what is gone often nothing but its key is told.
                Some(rejection) if rejection.rule == REQUIRED && self.is_gone(at, rows, &failures) => {
                    Fate::Typed
                }
                Some(rejection) => Fate::Rejected(Box::new(rejection)),
                None => {
                    self.off_scale.see(rows, row);
                    Fate::Typed
                }
            });
        }
        Ok(fates)
    }

    fn is_gone(&self, row: u32, rows: &Rows, failures: &Failures) -> bool {
        if self.merges.as_ref().is_some_and(|(_, own)| *own)
            && rows.merged.slot(row as usize) != Slot::Missing
        {
            return true;
        }
        self.gone.as_ref().is_some_and(|(gone, reads)| {
            !failures.touch(row, reads) && evaluate(gone, &rows.row(row as usize)) == Ok(Cell::Boolean(true))
        })
    }

    /// What is to be known of the file's texts, in words: columns with characters that nobody can see.
    pub fn notes(&self) -> Vec<String> {
        let hidden = self.steps.iter().filter_map(|step| match &step.from {
            From::Column(column) if column.hidden() > 0 => Some((&column.column, column.hidden())),
            _ => None,
        });
        hidden
            .map(|(column, n)| {
                format!(
                    "column `{column}`: characters that cannot be seen in {n} value{}; `clean: [invisible]` of the \
                     source takes them out",
                    if n == 1 { "" } else { "s" }
                )
            })
            .collect()
    }

    /// How often values were missing, by attribute, text and reason; in the order of the mapping.
    pub fn missing(&self) -> Vec<MissingCount> {
        let columns = self.steps.iter().filter_map(|step| match &step.from {
            From::Column(column) => Some(column.missing()),
            _ => None,
        });
        columns.flatten().chain(self.off_scale.counts()).collect()
    }
}

impl Step {
    /// Fills the attribute's column with the first `n` rows of a batch.
    #[expect(clippy::too_many_arguments, reason = "called once; a struct would only rename the arguments")]
    fn read(
        &mut self,
        batch: &Batch,
        n: usize,
        skipped: &Bits,
        times: &Zones,
        file: &str,
        rows: &mut Rows,
        failures: &mut Failures,
    ) -> Result<(), LakeError> {
        let (slot, name) = (self.slot, &self.name);
        let Some(column) = rows.columns.get_mut(slot) else { return Ok(()) };
        match &mut self.from {
            From::Column(step) => {
                let unreadable = step.column.clone();
                let mut fail = |row: u32, why: String| {
                    failures.add(row, slot, || Rejection {
                        rule: TYPE.to_owned(),
                        reason: format!("`{name}`: {why}"),
                        column: Some(unreadable.clone()),
                    });
                };
                if let Some(cells) = batch.cells.get(step.index) {
                    step.read(cells, n, skipped, times, column, &mut fail);
                }
            }
            From::Position => {
                let mut position = String::new();
                for row in 0..n {
                    position.clear();
                    use std::fmt::Write;
                    let _ = write!(position, "{file}:{}", batch.first_row + row as u64);
                    column.text(&position);
                }
            }
            From::Constant(cell) => (0..n).for_each(|_| rows.push_cell(slot, cell)),
            From::Expression(expression, reads) => {
                rows.look_up(expression)?;
                for row in 0..n {
                    let at = row as u32;
                    // What cannot be read has been said already.
                    let unreadable = failures.touch(at, reads);
                    let cell = if skipped.get(row) || unreadable {
                        Ok(Cell::Missing)
                    } else {
                        evaluate(expression, &rows.row(row))
                    };
                    if unreadable {
                        failures.failed.entry(at).or_default().push(slot);
                    }
                    let cell = match (cell, self.time) {
                        (Ok(Cell::Instant(at)), Some(is_day)) => match times.plain().judge(at, is_day) {
                            Ok(When::At(at)) => Ok(Cell::Instant(at)),
                            Ok(When::Open(_)) => Ok(Cell::Missing),
                            Err(why) => Err(format!("what it comes to {why}")),
                        },
                        (cell, _) => cell,
                    };
                    let cell = cell.unwrap_or_else(|why| {
                        failures.add(at, slot, || Rejection {
                            rule: TYPE.to_owned(),
                            reason: format!("`{name}`: {why}"),
                            column: None,
                        });
                        Cell::Missing
                    });
                    rows.push_cell(slot, &cell);
                }
            }
        }
        if self.required {
            let column = match &self.from {
                From::Column(c) => Some(&c.column),
                _ => None,
            };
            for row in (0..n).filter(|row| rows.slot(slot, *row) == Slot::Missing && !skipped.get(*row)) {
                if !failures.touch(row as u32, &[slot]) {
                    failures.add(row as u32, slot, || Rejection {
                        rule: REQUIRED.to_owned(),
                        reason: format!("`{name}` is required but has no value"),
                        column: column.cloned(),
                    });
                }
            }
        }
        Ok(())
    }
}
