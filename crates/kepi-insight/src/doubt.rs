//! What puts figures in doubt before anything is made of them: fewer or more rows than usual, or a share of them that could not be read; and
//! deliveries that are not as those before them.
//!
//! A share or number is held against its own past: a level that may drift, noise, sampling error
//! ([`Usual`](kepi_stats::control::usual::Usual)), Student with as many degrees of freedom as there were errors of prediction, and never less
//! likely than counts make it. A season is taken off where there is one.

use std::collections::BTreeSet;

use kepi_model::{
    calendar::{Grain, Period},
    id::EntityId,
    measure::Measure,
    project::{Kpi, Project, Source},
};
use kepi_query::{
    landing::{LoadOutcome, LoadReport},
    value::Coverage,
};
use kepi_stats::{
    control::usual::{Point, Season, Series, Usual},
    distribution::student,
};

use crate::{
    frame::{Figure, Scale},
    policy::{self, Limit},
    season::{longest, season_of},
};

/// Fewer earlier periods or deliveries do not say what is usual.
pub const NEED: usize = 8;
/// Deliveries that are looked back on.
const LOOK_BACK: usize = 60;
/// A share that is off by less moves hardly anything; so does a number of rows that is off by less of itself.
const SHARE_OFF: f64 = 0.01;
const ROWS_OFF: f64 = 0.1;
/// µs of the month in which deliveries share a budget.
const MONTH: i64 = 30 * 86_400_000_000;

/// A file that was landed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Delivery {
    /// The source, by name.
    pub source: String,
    /// Its path.
    pub file: String,
    /// When it landed, µs UTC.
    pub at: i64,
}

/// What is usual of something, on its own scale.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Range {
    /// What it is.
    pub have: f64,
    /// What was to be expected.
    pub expected: f64,
    /// The least that would not have been called out.
    pub low: f64,
    /// The most.
    pub high: f64,
}

/// What puts figures in doubt.
#[derive(Debug, Clone, PartialEq)]
pub enum Suspicion {
    /// As many rows are behind the figure.
    Rows(Range),
    /// That share of them entered it.
    Covered(Range),
    /// A delivery had so many rows.
    Delivered(Delivery, Range),
    /// That share of its rows was rejected.
    Rejected(Delivery, Range),
    /// That share of the cells of a column had no value.
    Missing(Delivery, String, Range),
    /// Nothing of it landed.
    Stopped(Delivery, String),
}

/// What a place in a series says, held against the places before it.
fn held(
    series: &[Option<Point>],
    scale: Scale,
    season: Option<Season>,
    limit: Limit,
) -> Option<(Range, bool)> {
    let mut series: Series = series.to_vec();
    if let Some(season) = &season {
        let places = series.iter_mut().zip(&season.course);
        places.for_each(|(point, course)| point.iter_mut().for_each(|p| p.value -= course));
    }
    let course = season.as_ref().and_then(|season| season.course.last()).copied().unwrap_or(0.0);
    let (within, beyond) = season.as_ref().map_or((1.0, 1.0), Season::widening);
    let model = Usual::fit(std::slice::from_ref(&series)).ok()?;
    let filtered = model.filter(&series);
    let (expected, last) = (filtered.last?, series.last().copied().flatten()?);
    let (_, earlier) = filtered.innovations.split_last()?;
    let past: Vec<f64> = earlier.iter().flatten().map(|z| z / within).collect();
    let degrees = past.len() as f64;
    let spread = expected.spread * beyond;
    let own = past.iter().map(|z| z * z).sum::<f64>() / degrees;
    let spread = spread * own.max(last.variance / (spread * spread)).sqrt();
    let off = last.value - expected.value;
    let by_counts = scale.chance(last.value + course, expected.value + course, spread * spread);
    let p = student::two_sided(off / spread, degrees).max(by_counts);
    let half = limit.deviations(degrees) * spread;
    let value = |place: f64| scale.from(place + course);
    let range = Range {
        have: value(last.value),
        expected: value(expected.value),
        low: value(expected.value - half),
        high: value(expected.value + half),
    };
    Some((range, limit.calls_out(p)))
}

/// Fewer points than needed, or none in the last place, say nothing.
fn enough(series: &[Option<Point>]) -> bool {
    series.last().is_some_and(Option::is_some) && series.iter().flatten().count() > NEED
}

fn share(part: u64, of: u64) -> Option<Point> {
    let value = Scale::Arcsine.to(part as f64 / of.max(1) as f64)?;
    (of > 0).then_some(Point { value, variance: 0.25 / of as f64 })
}

fn number(n: u64) -> Option<Point> {
    (n > 0).then(|| Point { value: libm::log(n as f64), variance: 1.0 / n as f64 })
}

fn rows_off(of: Range) -> bool {
    (of.have - of.expected).abs() > ROWS_OFF * of.expected
}

fn share_off(of: Range) -> bool {
    (of.have - of.expected).abs() > SHARE_OFF
}

/// Whether what a KPI's figures are made of can be held against anything: not where neighbouring periods share rows, and not of what is
/// computed of other KPIs, which have rows of their own.
#[must_use]
pub fn applies(kpi: &Kpi) -> bool {
    !kpi.overlaps() && kpi.measure.kind().inputs().is_empty()
}

/// What is in doubt of the figure of a total in a period, given its series, oldest first; the number of earlier periods where they are too few.
///
/// # Errors
/// How many earlier periods there are.
pub fn of_figure(
    project: &Project,
    kpi: &Kpi,
    period: Period,
    series: &[Figure],
) -> Result<Vec<Suspicion>, usize> {
    let from = period.ordinal.saturating_sub(longest(period.grain));
    let known = series.iter().filter(|f| f.is_final && (from..=period.ordinal).contains(&f.ordinal));
    let known: Vec<(i32, Coverage)> =
        known.filter(|f| f.coverage.eligible > 0).map(|f| (f.ordinal, f.coverage)).collect();
    let (Some((first, _)), true) = (known.first(), applies(kpi)) else { return Err(0) };
    let places = |point: &dyn Fn(&Coverage) -> Option<Point>| {
        let mut places: Series = vec![None; usize::try_from(period.ordinal - first).unwrap_or(0) + 1];
        for (ordinal, coverage) in &known {
            let place = usize::try_from(ordinal - first).ok().and_then(|at| places.get_mut(at));
            place.into_iter().for_each(|place| *place = point(coverage));
        }
        places
    };
    let rows = places(&|of| number(of.eligible));
    if !enough(&rows) {
        return Err(rows.iter().flatten().count().saturating_sub(1));
    }
    // Two questions of every KPI.
    let limit = policy::doubting(project, period.grain, 2 * project.kpis.len());
    let mut doubts = Vec::new();
    let season = |places: &Series| {
        season_of(period.grain).and_then(|length| Season::find(places, length, i64::from(*first)))
    };
    // How many there are is what a count or a sum says: it may change.
    let counts = matches!(kpi.measure, Measure::Total(_));
    if !counts && let Some((range, true)) = held(&rows, Scale::Logarithm, season(&rows), limit) {
        doubts.extend(rows_off(range).then_some(Suspicion::Rows(range)));
    }
    let covered = places(&|of| share(of.counted.min(of.eligible), of.eligible));
    if let Some((range, true)) = held(&covered, Scale::Arcsine, season(&covered), limit) {
        doubts.extend(share_off(range).then_some(Suspicion::Covered(range)));
    }
    Ok(doubts)
}

/// Deliveries of the sources of a KPI that may have brought rows of a period: those that landed from its beginning until a period of that
/// length after its end, but for what came with the first landing of a source, which is the past that later ones are held against.
#[must_use]
pub fn of_deliveries(
    project: &Project,
    kpi: &Kpi,
    period: Period,
    loads: &[LoadReport],
) -> (Vec<Suspicion>, usize) {
    let Ok(bounds) = project.calendar.bounds(period) else { return (Vec::new(), 0) };
    let window = bounds.start..bounds.end.saturating_add(bounds.end - bounds.start);
    let (mut doubts, mut held) = (Vec::new(), 0);
    for source in project.sources.values().filter(|source| kpi.reads.contains(&source.into)) {
        let own = Deliveries::of(source, loads);
        for (place, load) in own.all.iter().enumerate().filter(|(_, load)| window.contains(&load.at)) {
            let found = own.in_doubt(project, place);
            held += usize::from(found.is_some() && load.outcome == LoadOutcome::Landed);
            doubts.extend(found.unwrap_or_default());
        }
    }
    (doubts, held)
}

/// Entities into which deliveries in doubt brought so many of the rows of a period that nothing can be said of its figures: a tenth or more. Which
/// rows a delivery brings is not known of it; those of a period are taken to come after the first that landed in it, which completes the period
/// before, until the first that landed after its end.
#[must_use]
pub fn held_back(project: &Project, period: Period, loads: &[LoadReport]) -> BTreeSet<EntityId> {
    let Ok(bounds) = project.calendar.bounds(period) else { return BTreeSet::new() };
    let is_held_back = |source: &&Source| {
        let own = Deliveries::of(source, loads);
        let from = |at: i64| own.all.partition_point(|load| load.at < at);
        let last = from(bounds.end);
        let first = (from(bounds.start) + 1).min(last);
        let (mut doubted, mut rows) = (0, 0);
        for place in first..=last.min(own.all.len().saturating_sub(1)) {
            let usual = own.usual_rows(place);
            let is_doubted = own.in_doubt(project, place).is_some_and(|doubts| !doubts.is_empty());
            rows += usual;
            doubted += if is_doubted { usual } else { 0 };
        }
        doubted > 0 && doubted as f64 >= ROWS_OFF * rows as f64
    };
    project.sources.values().filter(is_held_back).map(|source| source.into.clone()).collect()
}

/// What a source has delivered, in order.
struct Deliveries<'a> {
    source: &'a Source,
    all: Vec<&'a LoadReport>,
    loads: &'a [LoadReport],
}

impl<'a> Deliveries<'a> {
    fn of(source: &'a Source, loads: &'a [LoadReport]) -> Self {
        let all = loads.iter().filter(|load| load.source == source.id).collect();
        Self { source, all, loads }
    }

    /// What landed before a delivery, the newest last.
    fn before(&self, place: usize) -> Vec<&'a LoadReport> {
        let earlier = self.all.get(..place).unwrap_or_default().iter().rev();
        let mut before: Vec<&LoadReport> =
            earlier.filter(|load| load.outcome == LoadOutcome::Landed).take(LOOK_BACK).copied().collect();
        before.reverse();
        before
    }

    /// Rows of a delivery, or those that were to be expected of it if these are more.
    fn usual_rows(&self, place: usize) -> u64 {
        let mut rows: Vec<u64> = self.before(place).iter().map(|load| load.counts.landed()).collect();
        rows.sort_unstable();
        let usual = rows.get(rows.len() / 2).copied().unwrap_or(0);
        self.all.get(place).map_or(0, |load| load.counts.landed()).max(usual)
    }

    /// What is in doubt of a delivery; none where nothing is known that it could be held against.
    fn in_doubt(&self, project: &Project, place: usize) -> Option<Vec<Suspicion>> {
        let load = *self.all.get(place)?;
        let delivery = Delivery { source: self.source.name.clone(), file: load.file.clone(), at: load.at };
        if load.outcome.leaves_a_gap()
            && let LoadOutcome::Stopped { reason, .. } = &load.outcome
        {
            let is_same = |later: &&LoadReport| {
                later.outcome == LoadOutcome::Landed && later.at > load.at && later.file == load.file
            };
            // What has landed since is a gap no more.
            let since = self.all.iter().any(is_same);
            return (!since).then(|| vec![Suspicion::Stopped(delivery, reason.clone())]);
        }
        let before = self.before(place);
        let first = self.all.iter().find(|load| load.outcome == LoadOutcome::Landed).map(|load| load.at);
        if load.outcome != LoadOutcome::Landed || Some(load.at) == first || before.len() < NEED {
            return None;
        }
        // Of every delivery of the month it is asked how many rows it has, and of each column and of its rows how many are no good.
        let month = self.loads.iter().filter(|other| (load.at - MONTH..=load.at).contains(&other.at)).count();
        let limit = policy::doubting(project, Grain::Month, month.max(1) * (2 + self.source.map.len()));
        Some(of_delivery(&[before, vec![load]].concat(), limit, &delivery))
    }
}

/// What is in doubt of the last of several deliveries of a source.
fn of_delivery(all: &[&LoadReport], limit: Limit, delivery: &Delivery) -> Vec<Suspicion> {
    let places = |point: &dyn Fn(&LoadReport) -> Option<Point>| -> Series {
        all.iter().map(|load| point(load)).collect()
    };
    let ask = |places: &Series, scale, off: fn(Range) -> bool| {
        if !enough(places) {
            return None;
        }
        held(places, scale, None, limit).filter(|(range, out)| *out && off(*range)).map(|(range, _)| range)
    };
    let rows = ask(&places(&|load| number(load.counts.landed())), Scale::Logarithm, rows_off);
    let mut doubts: Vec<Suspicion> =
        rows.into_iter().map(|range| Suspicion::Delivered(delivery.clone(), range)).collect();
    let rejected = places(&|load| share(load.counts.quarantined, load.counts.landed()));
    let more = |range: &Range| range.have > range.high;
    let rejected = ask(&rejected, Scale::Arcsine, share_off).filter(more);
    doubts.extend(rejected.map(|range| Suspicion::Rejected(delivery.clone(), range)));
    let missing = |load: &LoadReport, column: &str| -> u64 {
        load.missing.iter().filter(|missing| missing.column == column).map(|missing| missing.count).sum()
    };
    let Some(last) = all.last() else { return doubts };
    let mut columns: Vec<&str> = last.missing.iter().map(|missing| missing.column.as_str()).collect();
    columns.sort_unstable();
    columns.dedup();
    for column in columns {
        let places = places(&|load| {
            let rows = load.counts.landed();
            share(missing(load, column).min(rows), rows)
        });
        let found = ask(&places, Scale::Arcsine, share_off).filter(more);
        doubts.extend(found.map(|range| Suspicion::Missing(delivery.clone(), column.to_owned(), range)));
    }
    doubts
}
