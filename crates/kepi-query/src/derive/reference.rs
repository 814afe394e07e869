//! What a plan means, row by row and as plain as possible; whatever is faster must equal it.
//!
//! For each row, after all that it needs: the bounds and `same` values of the row; all current rows of the other entity, but
//! itself, with equal `same` values, a date within the stretch, and the condition true; in order; then what is made of them.
//!
//! - Order is (date, key by bytes). Bounds compare dates alone, except `this`, which is the whole place.
//! - In force as an instant comes: begun before it, and not ended before it. What happens at midnight belongs to the new
//!   period, so that opening + begun − ended = closing, and closing is the next opening.
//! - A missing bound or `same` value leaves the result missing, `any` included. Rows without a date, or without the value, are
//!   not found. Of nothing, counts and sums are 0 and `any` is false; the others are missing.
//! - What rows that are found refer to is as of their date, or as the instant of `in_force` or `as_of` comes.
//! - Gathered attributes belong to a key: all versions of a row show those of the newest.

use std::{
    collections::{BTreeSet, HashMap},
    sync::Arc,
};

use kepi_model::{
    derived::{Bound, Gathered, GatheredAsOf, How, Stretch, panel},
    expression::Expression,
};

use super::{
    plan::{DerivePlan, GatherStep, Step},
    rows::{self, date, instant},
    table::{RowOf, Table, World, column, push},
};
use crate::{
    port::{EvaluateError, Keys, MemoryColumn, PinnedInputs},
    row::{Cell, Overflow, evaluate, holds},
};

/// Makes what a plan says; `gather` makes a column. All tables are there then, landed ones too. With `only`, rows of panels and stages are made of
/// these subjects alone.
pub(super) fn derive(
    plan: &DerivePlan,
    inputs: PinnedInputs,
    only: Option<Arc<Keys>>,
    gather: impl Fn(&GatherStep, &[i64], &World) -> Result<MemoryColumn, Overflow>,
) -> Result<World, EvaluateError> {
    let mut world = World { only, ..World::new(inputs)? };
    for step in &plan.steps {
        match step {
            Step::Panel(step) => {
                let made = rows::of_panel(step, &world);
                world.put(&step.table, made);
            }
            Step::Stages(step) => {
                let made = rows::of_stages(step, &world).map(|(made, strays)| {
                    world.strays.insert(step.table.clone(), strays);
                    made
                });
                world.put(&step.table, made);
            }
            Step::Union(step) => {
                let made = rows::of_union(step, &world);
                world.put(&step.table, made);
            }
            Step::Versions(step) => {
                let made = rows::of_versions(step, &world);
                world.put(&step.table, Ok(made));
            }
            Step::Keep { table, time, condition } => {
                match rows::kept(table, time.as_ref(), condition, &world) {
                    Ok(kept) => world.tables.get_mut(table).into_iter().for_each(|table| table.keep(&kept)),
                    Err(why) => world.put(table, Err(why)),
                }
            }
            Step::Gather(step) => {
                let made = gather(step, &plan.days, &world);
                if let Some(table) = world.tables.get_mut(&step.table) {
                    match made {
                        Ok(made) => table.add(&step.attribute, made),
                        Err(_) => {
                            let rows = table.rows;
                            let mut nothing = column(step.physical, rows);
                            (0..rows).for_each(|_| push(&mut nothing, Cell::Missing));
                            table.add(&step.attribute, nothing);
                            world.out_of_range.insert((step.table.clone(), step.attribute.clone()));
                        }
                    }
                }
            }
        }
    }
    Ok(world)
}

/// Their rows by the values that tie them.
struct Candidates<'a> {
    table: &'a Table,
    rows: HashMap<Vec<Cell>, Vec<u32>>,
}

impl<'a> Candidates<'a> {
    fn new(gathered: &Gathered, world: &'a World) -> Option<Self> {
        let table = world.tables.get(&gathered.of)?;
        let mut rows: HashMap<Vec<Cell>, Vec<u32>> = HashMap::new();
        for row in table.current() {
            let view = RowOf { world, table, row, as_of: None, moved: &[] };
            let values = gathered.same.iter().map(|(_, theirs)| known(theirs, &view));
            if let Some(values) = values.collect::<Option<Vec<Cell>>>() {
                rows.entry(values).or_default().push(row);
            }
        }
        Some(Self { table, rows })
    }
}

/// A value, if there is one.
pub(super) fn known(of: &Expression, row: &RowOf<'_>) -> Option<Cell> {
    evaluate(of, row).ok().filter(|cell| !cell.is_missing())
}

/// An instant, if there is one.
pub(super) fn known_instant(of: &Expression, row: &RowOf<'_>) -> Option<i64> {
    match known(of, row)? {
        Cell::Instant(at) => Some(at),
        _ => None,
    }
}

/// A gathered column, row by row.
pub(super) fn gather(step: &GatherStep, days: &[i64], world: &World) -> Result<MemoryColumn, Overflow> {
    let Some(table) = world.tables.get(&step.table) else { return Ok(column(step.physical, 0)) };
    let candidates = Candidates::new(&step.gathered, world);
    let newest = table.newest();
    let mut of_newest: Vec<Cell> = vec![Cell::Missing; table.rows];
    let asked: BTreeSet<u32> = newest.iter().copied().collect();
    for row in asked {
        let found = one(step, days, world, table, row, candidates.as_ref())?;
        if let Some(slot) = of_newest.get_mut(row as usize) {
            *slot = found;
        }
    }
    let mut made = column(step.physical, table.rows);
    for row in newest {
        push(&mut made, of_newest.get(row as usize).cloned().unwrap_or(Cell::Missing));
    }
    Ok(made)
}

/// The value for one row.
fn one(
    step: &GatherStep,
    days: &[i64],
    world: &World,
    table: &Table,
    row: u32,
    candidates: Option<&Candidates<'_>>,
) -> Result<Cell, Overflow> {
    match found(step, world, table, row, candidates)? {
        Some(found) => made_of(step.gathered.how, &found, days),
        None => Ok(Cell::Missing),
    }
}

/// The rows that one row finds, in order; none: what it asks with is missing.
pub(super) fn found_by(
    step: &GatherStep,
    world: &World,
    table: &Table,
    row: u32,
) -> Result<Option<Vec<Found>>, Overflow> {
    found(step, world, table, row, Candidates::new(&step.gathered, world).as_ref())
}

/// A row that was found.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Found {
    /// What dates it, or when it begins to be in force.
    pub(super) at: i64,
    pub(super) key: Vec<Cell>,
    pub(super) value: Cell,
    pub(super) row: u32,
}

fn found(
    step: &GatherStep,
    world: &World,
    table: &Table,
    row: u32,
    candidates: Option<&Candidates<'_>>,
) -> Result<Option<Vec<Found>>, Overflow> {
    let gathered = &step.gathered;
    let own_date = date(table, step.time.as_ref(), row);
    // What ties rows is that of the row itself: only the stretch lies some periods earlier.
    let own = RowOf { world, table, row, as_of: own_date, moved: &[] };
    let mine = gathered.same.iter().map(|(mine, _)| known(mine, &own)).collect::<Option<Vec<Cell>>>();
    let moved = moved(step, table, row);
    let view = RowOf { moved: &moved, ..own };
    let (Some(mine), Some(stretch)) = (mine, within(step, &view, own_date)) else { return Ok(None) };
    let as_of = match &gathered.as_of {
        None => None,
        Some(GatheredAsOf::Now) => Some(None),
        Some(GatheredAsOf::At(at)) => match known_instant(at, &view) {
            Some(at) => Some(Some(at.saturating_sub(1))),
            None => return Ok(None),
        },
    };
    let mut found = Vec::new();
    let rows = candidates.and_then(|candidates| candidates.rows.get(&mine));
    for other in rows.into_iter().flatten().copied() {
        let Some(candidates) = candidates else { break };
        if step.table == gathered.of && other == row {
            continue;
        }
        let theirs = |as_of| RowOf { world, table: candidates.table, row: other, as_of, moved: &[] };
        let key = candidates.table.key(other);
        let Some((at, own_as_of)) = stretch.place(gathered, &theirs(None), &key) else { continue };
        let view = theirs(as_of.unwrap_or(Some(own_as_of)));
        if let Some(filter) = &gathered.filter
            && !holds(filter, &view)?
        {
            continue;
        }
        let value = match &gathered.value {
            None => Cell::Boolean(true),
            Some(value) => evaluate(value, &view)?,
        };
        if !value.is_missing() {
            found.push(Found { at, key, value, row: other });
        }
    }
    found.sort();
    Ok(Some(found))
}

/// Bounds of the row's period as they are some periods earlier.
pub(super) fn moved(step: &GatherStep, table: &Table, row: u32) -> Vec<(&'static str, i64)> {
    let ago = step.gathered.ago as usize;
    let (Some(periods), true) = (&step.periods, ago > 0) else { return Vec::new() };
    let at = instant(table, panel::PERIOD, row).and_then(|at| periods.edges.binary_search(&at).ok());
    let Some(earlier) = at.and_then(|at| at.checked_sub(ago)) else { return Vec::new() };
    let bounds = [
        (panel::PERIOD, periods.edges.get(earlier)),
        (panel::PERIOD_START, periods.starts.get(earlier)),
        (panel::PERIOD_END, periods.edges.get(earlier + 1)),
    ];
    bounds.into_iter().filter_map(|(name, at)| Some((name, *at?))).collect()
}

/// A stretch of time, as it is for one row.
pub(super) enum Within {
    Dated {
        low: Option<(i64, Option<Vec<Cell>>)>,
        after: bool,
        high: Option<(i64, Option<Vec<Cell>>)>,
        /// The last instant, taken in.
        last: Option<i64>,
    },
    InForce {
        at: i64,
        /// How long from then on; none: as it comes.
        until: Option<i64>,
    },
}

/// The stretch for a row; none: a bound is missing.
pub(super) fn within(step: &GatherStep, row: &RowOf<'_>, own_date: Option<i64>) -> Option<Within> {
    let bound = |bound: &Option<Bound>| -> Option<Option<(i64, Option<Vec<Cell>>)>> {
        match bound {
            None => Some(None),
            Some(Bound::This) => Some(Some((own_date?, Some(row.table.key(row.row))))),
            Some(Bound::At(at)) => Some(Some((known_instant(at, row)?, None))),
        }
    };
    Some(match &step.gathered.stretch {
        Stretch::InForce { at, within, .. } => {
            let at = known_instant(at, row)?;
            Within::InForce { at, until: within.as_ref().map(|within| within.after(at)) }
        }
        Stretch::Dated { from, after, until, within } => {
            let (mut low, high) = (bound(from)?, bound(until)?);
            let mut last = None;
            if let Some(within) = within {
                match (&low, &high) {
                    (Some((from, _)), _) => last = Some(within.after(*from)),
                    (None, Some((until, _))) => low = Some((within.before(*until), None)),
                    (None, None) => {}
                }
            }
            Within::Dated { low, after: *after, high, last }
        }
    })
}

impl Within {
    /// The date of one of their rows if it lies within, and as of when it refers to others.
    fn place(&self, gathered: &Gathered, row: &RowOf<'_>, key: &[Cell]) -> Option<(i64, i64)> {
        match (self, &gathered.stretch) {
            (Self::InForce { at, until }, Stretch::InForce { begins, ends, .. }) => {
                let begins = known_instant(begins, row)?;
                let ends = ends.as_ref().and_then(|ends| known_instant(ends, row));
                let begun = until.map_or(begins < *at, |until| begins <= until);
                // What ends before it begins is never in force.
                let goes_on = ends.is_none_or(|ends| ends >= *at && ends >= begins);
                (begun && goes_on).then_some((begins, at.saturating_sub(1)))
            }
            (Self::Dated { low, after, high, last }, _) => {
                let at = known_instant(&gathered.dated, row)?;
                let order = |(bound, place): &(i64, Option<Vec<Cell>>)| match place {
                    None => at.cmp(bound),
                    Some(place) => (at, key).cmp(&(*bound, place.as_slice())),
                };
                let above = low
                    .as_ref()
                    .is_none_or(|low| if *after { order(low).is_gt() } else { order(low).is_ge() });
                let below = high.as_ref().is_none_or(|high| order(high).is_lt());
                (above && below && last.is_none_or(|last| at <= last)).then_some((at, at))
            }
            (Self::InForce { .. }, Stretch::Dated { .. }) => None,
        }
    }
}

/// What is made of the rows that were found, in order.
fn made_of(how: How, found: &[Found], days: &[i64]) -> Result<Cell, Overflow> {
    let number = |n: usize| Cell::Integer(i64::try_from(n).unwrap_or(i64::MAX));
    let values = || found.iter().map(|found| &found.value);
    Ok(match how {
        How::Count => number(found.len()),
        How::Any => Cell::Boolean(!found.is_empty()),
        How::Sum => {
            let sum = values().try_fold(0i128, |sum, value| match value {
                Cell::Integer(value) => sum.checked_add(i128::from(*value)),
                _ => Some(sum),
            });
            let sum = sum.ok_or(Overflow { bits: 128 })?;
            Cell::Integer(i64::try_from(sum).map_err(|_| Overflow { bits: 64 })?)
        }
        How::Least => values().min().cloned().unwrap_or(Cell::Missing),
        How::Greatest => values().max().cloned().unwrap_or(Cell::Missing),
        How::First => values().next().cloned().unwrap_or(Cell::Missing),
        How::Last => values().next_back().cloned().unwrap_or(Cell::Missing),
        How::Distinct => number(values().collect::<BTreeSet<_>>().len()),
        How::Days => number(found.iter().map(|found| day_of(days, found.at)).collect::<BTreeSet<_>>().len()),
    })
}

/// The place of the day of an instant; beyond the edges, days of 24 hours.
pub(super) fn day_of(days: &[i64], at: i64) -> i64 {
    const DAY: i64 = 86_400_000_000;
    let place = days.partition_point(|edge| *edge <= at) as i64;
    match (days.first(), days.last()) {
        (Some(first), _) if at < *first => (at - first).div_euclid(DAY),
        (_, Some(last)) if at >= *last => place + (at - last) / DAY,
        _ => place,
    }
}
