//! Windows: the states of days merged into those of the windows that end with each period.
//!
//! What a KPI measures over twelve months is made of the rows of twelve months, as if they were one period; nothing is
//! averaged. Days enter a window at one end and leave it at the other, so each is merged once, however long the window.

use std::{
    borrow::Cow,
    collections::{BTreeMap, BTreeSet},
};

use kepi_model::{
    calendar::{Grain, day_of_ordinal, ordinal_of_day},
    id::DimensionId,
    project::Kpi,
    window::Over,
};

use super::{AtGrain, FinishError, MergeError, weighted::Weigher};
use crate::{
    cells::{SideStates, View},
    guard::with_members_on_their_scales,
    lower::Lowered,
    measure::{Presence, kind_of},
    merge::{ExactSum, sum_bound},
    plan::StateKind,
    side::{MAXIMUM_DAYS, Role},
    state::{
        Member, StateColumn, StateTable,
        wire::{CellStates, DigestKey, StateValue},
    },
    value::Segment,
};

/// The window of one period, in days from 1970-01-01.
pub(super) struct Window {
    bucket: u32,
    first: i32,
    /// The day after the last.
    end: i32,
    /// The day on which the data begin, where that is later than the window.
    data_from: Option<i32>,
}

/// A cell of a day.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
struct DayCell {
    day: i32,
    side: usize,
    cell: usize,
}

/// The members of a segment and its cells.
type OfSegment = (Vec<Member>, Vec<DayCell>);

/// The states of days of one side, and the day of its first bucket.
pub(super) struct Days<'a> {
    table: Cow<'a, StateTable>,
    first_day: i32,
}

impl AtGrain<'_> {
    /// Every place where there is to be a value, with the states of its window.
    pub(super) fn each_window(
        &self,
        kpi: &Kpi,
        over: Over,
        lowered: &Lowered,
        mut see: impl FnMut(u32, Segment, &View<'_>) -> Result<(), FinishError>,
    ) -> Result<(), FinishError> {
        let windows = self.windows(kpi, over, lowered)?;
        let weigher = Weigher::new(self, kpi, lowered, Some(&windows));
        let edges = self.edges(kpi, lowered)?;
        for key_set in lowered.key_sets.iter().filter(|key_set| !self.is_left_out(lowered, key_set)) {
            for (bucket, members, mut states) in self.of_windows(kpi, lowered, &windows, key_set)? {
                states.weighting = weigher.as_ref().map(|weigher| weigher.of(key_set, bucket, &members));
                // A window that begins before the data says so itself.
                states.outside = edges.ended(bucket);
                let segment = Segment::new(key_set.iter().cloned().zip(members).collect());
                see(bucket, segment, &View::kept(&states))?;
            }
        }
        Ok(())
    }

    /// The states of windows by a key set, sorted by window, then by members.
    pub(super) fn of_windows(
        &self,
        kpi: &Kpi,
        lowered: &Lowered,
        windows: &[Window],
        key_set: &[DimensionId],
    ) -> Result<Vec<(u32, Vec<Member>, CellStates)>, FinishError> {
        let key = DigestKey::of(self.context.secret);
        let days = self.days(kpi, lowered, key_set)?;
        let sides: Option<Vec<SideStates<'_>>> =
            lowered.sides.iter().zip(&days).map(|(side, days)| SideStates::new(side, &days.table)).collect();
        let sides = sides.ok_or_else(|| FinishError::NotMeasured(kpi.id.clone()))?;
        let units = self.units(kpi, key_set);
        let mut found: Vec<(u32, Vec<Member>, CellStates)> = Vec::new();
        for (members, cells) in segments(&days, key_set)? {
            let is_total = members.is_empty();
            let keep = match kind_of(&kpi.measure).presence(kpi) {
                Presence::Everywhere => match members.as_slice() {
                    [] => Keep::All,
                    [unit] if units.contains(unit) => Keep::All,
                    _ => Keep::WithRows,
                },
                Presence::EverySide if !is_total => Keep::Populated(sides.len()),
                Presence::AnySide | Presence::EverySide | Presence::Onwards => Keep::Populated(1),
            };
            let own = along(&sides, &cells, windows, keep, is_total, &key);
            found.extend(own.into_iter().map(|(bucket, states)| (bucket, members.clone(), states)));
        }
        found.sort_by(|a, b| (a.0, &a.1).cmp(&(b.0, &b.1)));
        Ok(found)
    }

    /// The windows of all periods, from that of the first row to the last that the data reach.
    fn windows(&self, kpi: &Kpi, over: Over, lowered: &Lowered) -> Result<Vec<Window>, FinishError> {
        let calendar = &self.context.project.calendar;
        let (mut span, mut latest): (Option<(i32, i32)>, Option<i32>) = (None, None);
        for days in self.days(kpi, lowered, &[])? {
            let Some((first, last)) = days.ends() else { continue };
            span = Some(span.map_or((first, last), |(f, l)| (f.min(first), l.max(last))));
            latest = latest.max(Some(first));
        }
        let Some(((first, last), latest)) = span.zip(latest) else { return Ok(Vec::new()) };
        // The side whose rows begin last.
        let latest = day_of_ordinal(latest)?;
        let period_of =
            |day| Ok::<_, FinishError>(calendar.period_of_day(self.grain, day_of_ordinal(day)?).ordinal);
        let (first, mut last) = (period_of(first)?, period_of(last)?);
        if let Some(reached) = self.last(kpi)? {
            last = last.max(self.first.saturating_add_unsigned(reached));
        }
        let last = last.min(first.saturating_add(MAXIMUM_DAYS));
        let window = |ordinal: i32| -> Result<Option<Window>, FinishError> {
            let period = calendar.period(self.grain, ordinal);
            let Ok(bucket) = u32::try_from(i64::from(ordinal) - i64::from(self.first)) else {
                return Ok(None);
            };
            let begins = ordinal_of_day(over.first_day(period, calendar)?);
            let data_from = ordinal_of_day(over.data_from(latest, period, calendar)?);
            Ok(Some(Window {
                bucket,
                first: begins,
                end: ordinal_of_day(calendar.first_day(period.offset(1))?),
                data_from: (begins < data_from).then_some(data_from),
            }))
        };
        (first..=last).filter_map(|ordinal| window(ordinal).transpose()).collect()
    }

    /// The states of days by a key set, one table a side, with members on their scales.
    pub(super) fn days(
        &self,
        kpi: &Kpi,
        lowered: &Lowered,
        key_set: &[DimensionId],
    ) -> Result<Vec<Days<'_>>, FinishError> {
        let project = self.context.project;
        let days = lowered.sides.iter().map(|side| {
            let (number, place) = self.scan_of(side, key_set)?;
            let scan = self.context.scans.get(number)?;
            let table = scan.measured.tables.get(place)?;
            let positions = scan.plan.key_sets.get(place).map_or(&[][..], Vec::as_slice);
            let on_scale = with_members_on_their_scales(table, &scan.plan, positions, project);
            let start = scan.plan.edges.first().copied().unwrap_or_default();
            Some((on_scale.map_or(Cow::Borrowed(table), Cow::Owned), start))
        });
        let days = days.collect::<Option<Vec<_>>>();
        let days = days.ok_or_else(|| FinishError::NotMeasured(kpi.id.clone()))?;
        let calendar = &project.calendar;
        // Buckets of a scan are days that follow each other.
        let first_day = |start| calendar.period_at(Grain::Day, start).map(|day| day.ordinal);
        days.into_iter().map(|(table, start)| Ok(Days { table, first_day: first_day(start)? })).collect()
    }
}

impl Days<'_> {
    /// The first and the last day with rows.
    pub(super) fn ends(&self) -> Option<(i32, i32)> {
        // Cells are sorted by day.
        let ends = self.table.buckets.first().zip(self.table.buckets.last());
        ends.map(|(first, last)| (self.day(*first), self.day(*last)))
    }

    fn day(&self, bucket: u32) -> i32 {
        self.first_day.saturating_add_unsigned(bucket)
    }
}

/// The cells of each segment by day, segments in the order of their members.
fn segments(days: &[Days<'_>], key_set: &[DimensionId]) -> Result<Vec<OfSegment>, MergeError> {
    let mut ranks: Vec<Vec<Vec<u32>>> = days.iter().map(|_| Vec::new()).collect();
    let mut dictionaries: Vec<Vec<&Member>> = Vec::new();
    for dimension in key_set {
        let columns = days.iter().map(|days| days.table.keys.iter().find(|key| key.dimension == *dimension));
        let columns =
            columns.collect::<Option<Vec<_>>>().ok_or_else(|| MergeError::NoKey(dimension.clone()))?;
        let members: BTreeSet<&Member> = columns.iter().flat_map(|column| &column.members).collect();
        let members: Vec<&Member> = members.into_iter().collect();
        for (ranks, column) in ranks.iter_mut().zip(&columns) {
            let rank = |member: &Member| members.binary_search(&member).map_or(u32::MAX, |rank| rank as u32);
            let of_code: Vec<u32> = column.members.iter().map(rank).collect();
            let of_cell = column.codes.iter().map(|code| of_code.get(*code as usize).copied());
            ranks.push(of_cell.collect::<Option<_>>().ok_or(MergeError::Ragged)?);
        }
        dictionaries.push(members);
    }
    let mut all: Vec<(Vec<u32>, DayCell)> = Vec::new();
    for (side, (days, ranks)) in days.iter().zip(&ranks).enumerate() {
        for (cell, bucket) in days.table.buckets.iter().enumerate() {
            let own = ranks.iter().map(|of_cell| of_cell.get(cell).copied());
            let own = own.collect::<Option<_>>().ok_or(MergeError::Ragged)?;
            all.push((own, DayCell { day: days.day(*bucket), side, cell }));
        }
    }
    all.sort_unstable();
    let mut segments: Vec<(Vec<u32>, Vec<DayCell>)> = Vec::new();
    for (ranks, cell) in all {
        match segments.last_mut() {
            Some((known, cells)) if *known == ranks => cells.push(cell),
            _ => segments.push((ranks, vec![cell])),
        }
    }
    let member = |dictionary: &Vec<&Member>, rank: &u32| dictionary.get(*rank as usize).map(|m| (*m).clone());
    let named = |ranks: Vec<u32>| {
        dictionaries.iter().zip(&ranks).map(|(d, rank)| member(d, rank)).collect::<Option<Vec<Member>>>()
    };
    let segments = segments.into_iter().map(|(ranks, cells)| Some((named(ranks)?, cells)));
    segments.collect::<Option<_>>().ok_or(MergeError::Ragged)
}

/// In which windows a segment has a value.
#[derive(Clone, Copy)]
enum Keep {
    /// In all.
    All,
    /// Where the entity has rows, whether or not one of them is of the population.
    WithRows,
    /// Where rows of so many populations fell.
    Populated(usize),
}

/// The states of one segment in the windows in which it has a value; the total has one in every window from the first to the
/// last of them.
fn along(
    sides: &[SideStates<'_>],
    cells: &[DayCell],
    windows: &[Window],
    keep: Keep,
    is_total: bool,
    key: &DigestKey,
) -> Vec<(u32, CellStates)> {
    let mut running: Vec<Vec<(Role, Running<'_>)>> = sides.iter().map(Running::of_side).collect();
    let (mut entered, mut left) = (0, 0);
    let mut found: Vec<(u32, CellStates)> = Vec::new();
    let mut until_last = 0;
    for window in windows {
        let of_cell = |place: usize, before: i32| cells.get(place).filter(|cell| cell.day < before);
        while let Some(cell) = of_cell(entered, window.end) {
            let states = running.get_mut(cell.side).into_iter().flatten();
            states.for_each(|(_, state)| state.enter(cell.cell));
            entered += 1;
        }
        while left < entered
            && let Some(cell) = of_cell(left, window.first)
        {
            let states = running.get_mut(cell.side).into_iter().flatten();
            states.for_each(|(_, state)| state.leave(cell.cell));
            left += 1;
        }
        let within = cells.get(left..entered).unwrap_or_default();
        let populated = running.iter().filter(|states| is_populated(states)).count();
        let is_kept = match keep {
            Keep::All => true,
            Keep::WithRows => !within.is_empty(),
            Keep::Populated(sides) => populated >= sides,
        };
        let is_gap = is_total && until_last > 0;
        if !is_kept && !is_gap {
            continue;
        }
        let terms = sides.iter().zip(&running).enumerate().map(|(number, (side, states))| {
            let own = || within.iter().filter(|cell| cell.side == number).map(|cell| cell.cell);
            let states = states.iter().map(|(role, state)| (*role, state.value(own, key))).collect();
            (side.term(), states)
        });
        let before_data = window.data_from.map(|data| (window.first, data));
        let states = CellStates { terms: terms.collect(), before_data, ..CellStates::default() };
        found.push((window.bucket, states));
        if is_kept {
            until_last = found.len();
        }
    }
    found.truncate(until_last);
    found
}

/// Whether any row of the population of a side is in the window.
fn is_populated(states: &[(Role, Running<'_>)]) -> bool {
    match states.iter().find(|(role, _)| *role == Role::Eligible) {
        Some((_, Running::Count { now, .. })) => *now > 0,
        // Out of range: there is something, and the value will say so.
        _ => true,
    }
}

/// One state on its way through the windows. Rows are fewer than 64 bits count, and sums that may leave 128 bits are added up
/// anew for every window, so that what left a window leaves no trace.
enum Running<'a> {
    Count { of: &'a [u64], now: u64 },
    Sum { of: &'a [i128], now: i128 },
    LongSum { of: &'a [i128] },
    Bins { of: &'a [u64], now: Vec<u64> },
    Set { of: &'a StateColumn, values: &'a [Box<str>], now: BTreeMap<u32, u32> },
    Extreme { of: &'a [Option<i64>], least: bool },
    OutOfRange { bound: &'a str },
}

impl<'a> Running<'a> {
    fn of_side(side: &SideStates<'a>) -> Vec<(Role, Self)> {
        side.states().map(|(role, kind, column)| (role, Self::new(kind, column))).collect()
    }

    fn new(kind: &StateKind, column: &'a StateColumn) -> Self {
        match column {
            StateColumn::Count(of) => Self::Count { of, now: 0 },
            StateColumn::Sum(of) => {
                let most = of.iter().map(|value| value.unsigned_abs()).max().unwrap_or(0);
                match most.checked_mul(of.len() as u128) {
                    Some(bound) if bound <= i128::MAX as u128 => Self::Sum { of, now: 0 },
                    _ => Self::LongSum { of },
                }
            }
            StateColumn::Histogram { bins, counts } => {
                Self::Bins { of: counts, now: vec![0; *bins as usize] }
            }
            StateColumn::Distinct { values, .. } => Self::Set { of: column, values, now: Default::default() },
            StateColumn::Extreme(of) => Self::Extreme { of, least: matches!(kind, StateKind::Minimum(_)) },
            StateColumn::OutOfRange { bound } => Self::OutOfRange { bound },
        }
    }

    fn enter(&mut self, cell: usize) {
        match self {
            Self::Count { of, now } => *now = now.wrapping_add(of.get(cell).copied().unwrap_or(0)),
            Self::Sum { of, now } => *now = now.wrapping_add(of.get(cell).copied().unwrap_or(0)),
            Self::Bins { of, now } => {
                let of_cell = bins(of, cell, now.len());
                now.iter_mut().zip(of_cell).for_each(|(sum, n)| *sum = sum.wrapping_add(*n));
            }
            Self::Set { of, now, .. } => {
                codes(of, cell).iter().for_each(|code| *now.entry(*code).or_default() += 1);
            }
            Self::LongSum { .. } | Self::Extreme { .. } | Self::OutOfRange { .. } => {}
        }
    }

    fn leave(&mut self, cell: usize) {
        match self {
            Self::Count { of, now } => *now = now.wrapping_sub(of.get(cell).copied().unwrap_or(0)),
            Self::Sum { of, now } => *now = now.wrapping_sub(of.get(cell).copied().unwrap_or(0)),
            Self::Bins { of, now } => {
                let of_cell = bins(of, cell, now.len());
                now.iter_mut().zip(of_cell).for_each(|(sum, n)| *sum = sum.wrapping_sub(*n));
            }
            Self::Set { of, now, .. } => {
                for code in codes(of, cell) {
                    if let Some(days) = now.get_mut(code) {
                        *days -= 1;
                        if *days == 0 {
                            now.remove(code);
                        }
                    }
                }
            }
            Self::LongSum { .. } | Self::Extreme { .. } | Self::OutOfRange { .. } => {}
        }
    }

    /// What it comes to now. `within`: the cells in the window.
    fn value<I: Iterator<Item = usize>>(&self, within: impl Fn() -> I, key: &DigestKey) -> StateValue {
        match self {
            Self::Count { now, .. } => StateValue::Count(*now),
            Self::Sum { now, .. } => StateValue::Sum(*now),
            Self::LongSum { of } => {
                let mut sum = ExactSum::default();
                within().filter_map(|cell| of.get(cell)).for_each(|value| sum.add(*value));
                sum.total().map_or_else(|| StateValue::OutOfRange { bound: sum_bound() }, StateValue::Sum)
            }
            Self::Bins { now, .. } => StateValue::Histogram(now.clone()),
            Self::Set { values, now, .. } => {
                // Codes are in the order of values.
                let texts = now.keys().filter_map(|code| values.get(*code as usize)).map(AsRef::as_ref);
                let (count, digest) = key.digest(texts);
                StateValue::Distinct { count, digest }
            }
            Self::Extreme { of, least } => {
                let known = || within().filter_map(|cell| of.get(cell).copied().flatten());
                StateValue::Extreme(if *least { known().min() } else { known().max() })
            }
            Self::OutOfRange { bound } => StateValue::OutOfRange { bound: (*bound).to_owned() },
        }
    }
}

fn bins(of: &[u64], cell: usize, bins: usize) -> &[u64] {
    of.get(cell * bins..(cell + 1) * bins).unwrap_or_default()
}

fn codes(of: &StateColumn, cell: usize) -> &[u32] {
    let StateColumn::Distinct { offsets, codes, .. } = of else { return &[] };
    let ends = offsets.get(cell).zip(offsets.get(cell + 1));
    ends.and_then(|(from, until)| codes.get(*from as usize..*until as usize)).unwrap_or_default()
}
