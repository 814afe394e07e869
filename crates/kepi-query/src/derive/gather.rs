//! Gathering by sorted rows: the same as row by row, without looking at all rows of a key for each of its rows.
//!
//! Rows that are found by equal `same` values are put in order once. Whatever a stretch takes of them lies side by side: counts
//! and sums are differences of running sums, the first and the last stand at its ends. Keys are dealt to buckets by a hash and
//! done bucket by bucket, so that no more than a bucket's rows are in order at a time; which bucket says nothing of the result.

use std::{
    collections::{BTreeSet, HashMap},
    hash::{DefaultHasher, Hash, Hasher},
};

use kepi_model::{
    derived::{GatheredAsOf, How, Stretch},
    expression::{Expression, Node},
};

use super::{
    plan::GatherStep,
    reference::{self, Within, day_of, known, known_instant, moved, within},
    rows::date,
    table::{RowOf, Table, World, column, push},
};
use crate::{
    port::MemoryColumn,
    row::{Cell, Overflow, evaluate, holds},
};

/// A row that may be found.
struct Found {
    /// What dates it, or when it begins to be in force.
    at: i64,
    key: Vec<Cell>,
    /// When it ends to be in force.
    ends: Option<i64>,
    row: u32,
    /// Its value; an overflow counts only if it is found.
    value: Result<Cell, Overflow>,
}

/// The rows of equal `same` values in order, and running sums over them.
struct Group {
    rows: Vec<Found>,
    /// By number of rows from the first: overflows and sum so far.
    so_far: Vec<Sums>,
    /// Ends in order, of the rows that end.
    ends: Vec<i64>,
    /// The same over rows in the order of their ends.
    ended: Vec<Sums>,
    /// Where each row stands, by its number.
    places: HashMap<u32, usize>,
}

#[derive(Clone, Copy, Default)]
struct Sums {
    failed: u64,
    sum: i128,
}

impl Sums {
    fn plus(self, row: &Found) -> Self {
        match &row.value {
            Ok(Cell::Integer(value)) => Self { sum: self.sum + i128::from(*value), ..self },
            Ok(_) => self,
            Err(_) => Self { failed: self.failed + 1, ..self },
        }
    }
    fn minus(self, other: Self) -> Self {
        Self { failed: self.failed - other.failed, sum: self.sum - other.sum }
    }
}

/// Gathers, in so many buckets of keys.
pub(super) fn gather(
    step: &GatherStep,
    days: &[i64],
    world: &World,
    buckets: u64,
) -> Result<MemoryColumn, Overflow> {
    if !is_of_their_row(step) {
        return reference::gather(step, days, world);
    }
    let Some(table) = world.tables.get(&step.table) else { return Ok(column(step.physical, 0)) };
    let Some(of) = world.tables.get(&step.gathered.of) else { return reference::gather(step, days, world) };
    let newest = table.newest();
    let asked: BTreeSet<u32> = newest.iter().copied().collect();
    let own_date = |row: u32| date(table, step.time.as_ref(), row);
    let theirs = |row: u32, as_of| RowOf { world, table: of, row, as_of, moved: &[] };
    let mine = |row: u32| -> Option<Vec<Cell>> {
        let view = RowOf { world, table, row, as_of: own_date(row), moved: &[] };
        step.gathered.same.iter().map(|(mine, _)| known(mine, &view)).collect()
    };
    let other = |row: u32| -> Option<Vec<Cell>> {
        let view = theirs(row, None);
        step.gathered.same.iter().map(|(_, theirs)| known(theirs, &view)).collect()
    };
    let bucket = |values: &Vec<Cell>| {
        let mut hasher = DefaultHasher::new();
        values.hash(&mut hasher);
        hasher.finish() % buckets.max(1)
    };
    let asked: Vec<(u32, u64)> =
        asked.into_iter().filter_map(|row| Some((row, bucket(&mine(row)?)))).collect();
    let there: Vec<(u32, u64)> = of.current().filter_map(|row| Some((row, bucket(&other(row)?)))).collect();
    let mut of_newest: Vec<Cell> = vec![Cell::Missing; table.rows];
    for now in 0..buckets.max(1) {
        let mut groups: HashMap<Vec<Cell>, Vec<Found>> = HashMap::new();
        for (row, _) in there.iter().filter(|(_, bucket)| *bucket == now) {
            if let (Some(values), Some(found)) = (other(*row), found(step, &theirs(*row, None))) {
                groups.entry(values).or_default().push(found);
            }
        }
        let groups: HashMap<Vec<Cell>, Group> =
            groups.into_iter().map(|(values, rows)| (values, Group::new(rows))).collect();
        let nothing = Group::new(Vec::new());
        for (row, _) in asked.iter().filter(|(_, bucket)| *bucket == now) {
            let moved = moved(step, table, *row);
            let view = RowOf { world, table, row: *row, as_of: own_date(*row), moved: &moved };
            let stretch = within(step, &view, view.as_of);
            let (Some(values), Some(stretch)) = (mine(*row), stretch) else { continue };
            let group = groups.get(&values).unwrap_or(&nothing);
            let itself = (step.table == step.gathered.of).then_some(*row);
            let made = group.made(step.gathered.how, &stretch, itself, days)?;
            if let Some(slot) = of_newest.get_mut(*row as usize) {
                *slot = made;
            }
        }
    }
    let mut made = column(step.physical, table.rows);
    for row in newest {
        push(&mut made, of_newest.get(row as usize).cloned().unwrap_or(Cell::Missing));
    }
    Ok(made)
}

/// Whether conditions and values are the same for whoever finds the row: they follow references as of its own date, as of now,
/// or not at all.
fn is_of_their_row(step: &GatherStep) -> bool {
    let gathered = &step.gathered;
    let walks = |of: &Expression| {
        let mut walks = false;
        of.visit(&mut |part| walks |= matches!(&part.node, Node::Path(path) if !path.references.is_empty()));
        walks
    };
    let any_walks = gathered.value.iter().chain(&gathered.filter).any(walks);
    match (&gathered.as_of, &gathered.stretch) {
        (Some(GatheredAsOf::Now), _) | (None, Stretch::Dated { .. }) => true,
        (Some(GatheredAsOf::At(_)), _) => false,
        (None, Stretch::InForce { .. }) => !any_walks,
    }
}

/// A row as it may be found; none: whoever asks does not find it.
fn found(step: &GatherStep, row: &RowOf<'_>) -> Option<Found> {
    let gathered = &step.gathered;
    let (at, ends) = match &gathered.stretch {
        Stretch::Dated { .. } => (known_instant(&gathered.dated, row)?, None),
        Stretch::InForce { begins, ends, .. } => {
            let begins = known_instant(begins, row)?;
            (begins, ends.as_ref().and_then(|ends| known_instant(ends, row)))
        }
    };
    // What ends before it begins is never in force.
    if ends.is_some_and(|ends| ends < at) {
        return None;
    }
    let as_of = if gathered.as_of == Some(GatheredAsOf::Now) { None } else { Some(at) };
    let row = RowOf { world: row.world, table: row.table, row: row.row, as_of, moved: &[] };
    let value = match &gathered.filter {
        Some(filter) => match holds(filter, &row) {
            Ok(true) => None,
            Ok(false) => return None,
            Err(overflow) => Some(Err(overflow)),
        },
        None => None,
    };
    let value = value.unwrap_or_else(|| match &gathered.value {
        None => Ok(Cell::Boolean(true)),
        Some(value) => evaluate(value, &row),
    });
    if value.as_ref().is_ok_and(Cell::is_missing) {
        return None;
    }
    Some(Found { at, key: row.table.key(row.row), ends, row: row.row, value })
}

impl Group {
    fn new(mut rows: Vec<Found>) -> Self {
        rows.sort_by(|a, b| (a.at, &a.key).cmp(&(b.at, &b.key)));
        let running = |rows: &mut dyn Iterator<Item = &Found>| {
            let mut sums = vec![Sums::default()];
            for row in rows {
                sums.push(sums.last().copied().unwrap_or_default().plus(row));
            }
            sums
        };
        let so_far = running(&mut rows.iter());
        let mut by_end: Vec<&Found> = rows.iter().filter(|row| row.ends.is_some()).collect();
        by_end.sort_by_key(|row| row.ends);
        let ends = by_end.iter().filter_map(|row| row.ends).collect();
        let ended = running(&mut by_end.into_iter());
        let places = rows.iter().enumerate().map(|(place, row)| (row.row, place)).collect();
        Self { rows, so_far, ends, ended, places }
    }

    /// What is made of the rows within a stretch but one.
    fn made(&self, how: How, stretch: &Within, itself: Option<u32>, days: &[i64]) -> Result<Cell, Overflow> {
        let (from, until) = match stretch {
            Within::InForce { at, until } => {
                let begun = match until {
                    None => self.rows.partition_point(|row| row.at < *at),
                    Some(until) => self.rows.partition_point(|row| row.at <= *until),
                };
                (0, begun)
            }
            Within::Dated { low, after, high, last } => {
                let place = |row: &Found, (bound, place): &(i64, Option<Vec<Cell>>)| match place {
                    None => row.at.cmp(bound),
                    Some(place) => (row.at, row.key.as_slice()).cmp(&(*bound, place.as_slice())),
                };
                let from = low.as_ref().map_or(0, |low| {
                    self.rows.partition_point(|row| {
                        let order = place(row, low);
                        if *after { order.is_le() } else { order.is_lt() }
                    })
                });
                let until = high.as_ref().map_or(self.rows.len(), |high| {
                    self.rows.partition_point(|row| place(row, high).is_lt())
                });
                let until =
                    last.map_or(until, |last| until.min(self.rows.partition_point(|row| row.at <= last)));
                (from, until.max(from))
            }
        };
        let at = match stretch {
            Within::InForce { at, .. } => Some(*at),
            Within::Dated { .. } => None,
        };
        let is_in = |row: &&Found| {
            itself != Some(row.row) && at.is_none_or(|at| row.ends.is_none_or(|ends| ends >= at))
        };
        let within = || self.rows.get(from..until).unwrap_or_default().iter().filter(is_in);
        let sums = self.sums(from, until, at, itself);
        if sums.0.failed > 0 {
            return Err(Overflow { bits: 64 });
        }
        let number = |n: usize| Cell::Integer(i64::try_from(n).unwrap_or(i64::MAX));
        let value = |row: &Found| row.value.clone().unwrap_or(Cell::Missing);
        Ok(match how {
            How::Count => number(sums.1),
            How::Any => Cell::Boolean(sums.1 > 0),
            How::Sum => Cell::Integer(i64::try_from(sums.0.sum).map_err(|_| Overflow { bits: 64 })?),
            How::First => within().next().map_or(Cell::Missing, value),
            How::Last => within().next_back().map_or(Cell::Missing, value),
            How::Least => within().map(value).min().unwrap_or(Cell::Missing),
            How::Greatest => within().map(value).max().unwrap_or(Cell::Missing),
            How::Distinct => number(within().map(value).collect::<BTreeSet<_>>().len()),
            How::Days => number(within().map(|row| day_of(days, row.at)).collect::<BTreeSet<_>>().len()),
        })
    }

    /// Overflows, sum and number of the rows from one place until another, but those that have ended before an instant and the
    /// row itself.
    fn sums(&self, from: usize, until: usize, at: Option<i64>, itself: Option<u32>) -> (Sums, usize) {
        let so_far = |place: usize| self.so_far.get(place).copied().unwrap_or_default();
        let mut sums = so_far(until).minus(so_far(from));
        let mut number = until - from;
        if let Some(at) = at {
            // Who has ended before has begun before.
            let gone = self.ends.partition_point(|ends| *ends < at);
            sums = sums.minus(self.ended.get(gone).copied().unwrap_or_default());
            number -= gone;
        }
        let own = itself.and_then(|itself| self.places.get(&itself)).copied();
        let own = own.filter(|place| (from..until).contains(place)).and_then(|place| self.rows.get(place));
        if let Some(own) = own.filter(|own| at.is_none_or(|at| own.ends.is_none_or(|ends| ends >= at))) {
            sums = sums.minus(Sums::default().plus(own));
            number -= 1;
        }
        (sums, number)
    }
}

/// In how many buckets the rows of a table are put in order, so that about a million are at a time.
pub(super) fn buckets(of: Option<&Table>) -> u64 {
    of.map_or(1, |of| 1 + of.rows as u64 / 1_000_000)
}
