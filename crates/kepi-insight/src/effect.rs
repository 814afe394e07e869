//! Before and after: by how much a figure differs between two periods, and whether that is what was expected.
//!
//! There is nothing that it is compared with, so it says what changed and not what caused it. The interval is that of the difference of
//! two independent estimates from their own intervals (Newcombe's square-and-add; Zou and Donner's MOVER). What was counted or summed in full has no
//! sampling error, and varies all the same: its limits are what its own past varies by while nothing happens ([`usual`]).

use std::ops::RangeInclusive;

use kepi_model::{
    calendar::{Calendar, Period},
    project::Kpi,
};
use kepi_query::value::Segment;
use kepi_stats::{
    control::usual::{Series, Usual},
    distribution::student,
    estimate::{Estimate, Level, Method},
    estimation::difference::{Limits, recovered},
};

use crate::{
    change::{CASES_OVER, FEWEST_CASES, Refusal, needed},
    frame::{Figure, Scaling, Segments},
    season::longest,
};

/// Whether what was expected came.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Came {
    /// The figure moved as expected: all of the interval lies on that side of zero.
    Shown,
    /// Nothing says that it did.
    NotShown,
    /// All of the interval lies on the other side.
    Contrary,
    /// Chance cannot be told from change.
    NotComputable(Untold),
}

/// Why chance cannot be told from change.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Untold {
    /// One of the figures has no interval, and was not counted in full.
    NoInterval,
    /// They were counted in full, and what is usual of them is not known.
    Usual(Refusal),
}

/// A difference of two figures in the KPI's own unit.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Effect {
    /// Whether what was expected came.
    pub came: Came,
    /// Later figure less the earlier one.
    pub change: f64,
    /// Ends of its interval; none where that is not computable.
    pub interval: Option<(f64, f64)>,
    /// Whether all of what was expected may have come: the interval reaches it, or goes beyond.
    pub enough: bool,
}

/// How far values that are counted in full lie off by what is usual of them: by the noise and the drift of their past, of which Student's distribution
/// with one degree of freedom less than there are values leaves out one in twenty.
#[derive(Debug)]
struct Varies<'a> {
    scaling: Scaling<'a>,
    noise: f64,
    /// Of each of the two figures: half of what the level may have gone in between.
    drift: f64,
    quantile: f64,
}

/// Ordinals of the periods that say what is usual of a figure: up to its own.
#[must_use]
pub fn past_of(before: Period) -> RangeInclusive<i32> {
    before.ordinal.saturating_sub(longest(before.grain))..=before.ordinal
}

/// What the figures of a series vary by while nothing happens, from those that are final up to the one before, oldest first; and by what its level
/// may go until the one after.
///
/// The model is that of *Usual variation*: `Var(after − before) = 2 noise + steps · drift` on the scale of the kind, besides what counts vary by at
/// random (Durbin and Koopman 2012, chapter 2). A season is not taken off: it is part of the noise.
///
/// # Errors
/// Its past says nothing: too few periods, too few cases, never another value, periods that share rows.
fn usual<'a>(
    kpi: &Kpi,
    calendar: &'a Calendar,
    past: &[Figure],
    (before, after): (Period, Period),
) -> Result<Varies<'a>, Refusal> {
    if kpi.overlaps() {
        return Err(Refusal::Overlapping);
    }
    let span = past_of(before);
    let known: Vec<Figure> =
        past.iter().filter(|of| of.is_final && span.contains(&of.ordinal)).copied().collect();
    let (have, need) = (known.len() as u32, needed(before.grain));
    if have < need {
        return Err(Refusal::TooFew { have, need });
    }
    let segments = Segments::from([(Segment::total(), known)]);
    let scaling = Scaling::of(kpi, before.grain, calendar, &segments, before.ordinal);
    let known = segments.values().flatten();
    let cases: Option<Vec<f64>> = known.clone().rev().take(CASES_OVER).map(|of| scaling.cases(of)).collect();
    if cases.is_some_and(|of| of.iter().sum::<f64>() < FEWEST_CASES * of.len() as f64) {
        return Err(Refusal::FewCases);
    }
    // The last place takes no part: it stands for the one after.
    let first = known.clone().next().map_or(before.ordinal, |of| of.ordinal);
    let mut series: Series = vec![None; usize::try_from(before.ordinal - first).unwrap_or(0) + 2];
    for figure in known {
        let place = usize::try_from(figure.ordinal - first).ok().and_then(|at| series.get_mut(at));
        place.into_iter().for_each(|place| *place = scaling.point(figure));
    }
    let Usual { noise, drift } = Usual::fit(&[series]).map_err(|_| Refusal::NeverMoved)?;
    let steps = f64::from((after.ordinal - before.ordinal).max(0));
    let quantile = student::critical(Level::NINETY_FIVE, f64::from(have - 1));
    Ok(Varies { scaling, noise, drift: drift * steps / 2.0, quantile })
}

impl Varies<'_> {
    /// The limits of one of the two figures.
    fn limits(&self, of: &Figure) -> Limits {
        let spread = |variance: f64| self.quantile * (variance + self.noise + self.drift).sqrt();
        let (low, high) = match self.scaling.point(of) {
            Some(at) => {
                let end = |side: f64| {
                    let place = at.value + side * spread(at.variance);
                    self.scaling.value(self.scaling.scale.within(place), of.ordinal)
                };
                (end(-1.0), end(1.0))
            }
            // Nothing, on a scale of amounts above zero.
            None => (of.point, of.point),
        };
        Limits { point: of.point, low: low.min(of.point), high: high.max(of.point) }
    }
}

/// What came of an expected change, other than zero, between the estimates of two periods. `past` are the figures of the same rows, oldest first: what
/// they vary by is chance where these were counted in full.
#[must_use]
pub fn effect(
    kpi: &Kpi,
    calendar: &Calendar,
    (before, earlier): (Period, &Estimate),
    (after, later): (Period, &Estimate),
    past: &[Figure],
    expected: f64,
) -> Effect {
    let change = later.point - earlier.point;
    let limits = |at: Period, of: &Estimate| match &of.interval {
        Ok(interval) => Ok(Limits { point: of.point, low: interval.low, high: interval.high }),
        Err(_) if of.method == Method::Exact => usual(kpi, calendar, past, (before, after))
            .map(|varies| varies.limits(&Figure::of(at.ordinal, of, true)))
            .map_err(Untold::Usual),
        Err(_) => Err(Untold::NoInterval),
    };
    let (first, second) = match (limits(before, earlier), limits(after, later)) {
        (Ok(first), Ok(second)) => (first, second),
        (Err(why), _) | (_, Err(why)) => {
            return Effect { came: Came::NotComputable(why), change, interval: None, enough: false };
        }
    };
    let Limits { low, high, .. } = recovered(first, second);
    Effect::judged(change, (low, high), expected)
}

impl Effect {
    /// A difference with its interval, judged by what was expected.
    pub(crate) fn judged(change: f64, (low, high): (f64, f64), expected: f64) -> Self {
        let as_expected = |x: f64| x * expected.signum();
        let (worst, best) =
            (as_expected(low).min(as_expected(high)), as_expected(low).max(as_expected(high)));
        let came = match () {
            () if worst > 0.0 => Came::Shown,
            () if best < 0.0 => Came::Contrary,
            () => Came::NotShown,
        };
        Self { came, change, interval: Some((low, high)), enough: best >= expected.abs() }
    }
}

#[cfg(test)]
mod tests {
    use kepi_model::{
        check::{Options, check},
        project::Project,
        source_text::{SourceFile, SourceMap},
    };
    use kepi_stats::{
        estimate::{Interval, Level},
        random::Random,
    };

    use super::*;

    const PROJECT: &str = "project: p
name: P
language: 1
time_zone: UTC
---
entity: visit
name: Visit
key: [id]
time: at
attributes:
  id: {type: text}
  at: {type: date}
  happy: {type: boolean}
---
kpi: visits
name: Visits
better: higher
measure: {count: {of: visit}}
period: month
---
kpi: happy
name: Happy
better: higher
measure: {share: {of: visit, which: happy}}
period: month
";

    fn project() -> Project {
        let files = SourceMap::new(vec![SourceFile { path: "kepi.yml".to_owned(), text: PROJECT.into() }]);
        let checked = check(&files, &Options::default());
        checked.value.unwrap_or_else(|| panic!("{:?}", checked.findings))
    }

    fn month(ordinal: i32) -> Period {
        Period::new(
            kepi_model::calendar::Grain::Month,
            ordinal,
            kepi_model::calendar::FiscalCalendar::default(),
        )
    }

    fn estimate(point: f64, low: f64, high: f64) -> Estimate {
        Estimate {
            point,
            interval: Ok(Interval::new(low, high, Level::new(0.95).unwrap())),
            n: 100,
            effective_n: 100.0,
            method: Method::Wilson,
        }
    }

    fn counted(point: f64) -> Estimate {
        Estimate::exact(point, point as u64, "counted in full")
    }

    /// Of the share, which has intervals: its past says nothing.
    fn of_share(before: &Estimate, after: &Estimate, expected: f64) -> Effect {
        let project = project();
        let kpi = &project.kpis[&"happy".parse().unwrap()];
        effect(kpi, &project.calendar, (month(0), before), (month(5), after), &[], expected)
    }

    /// Of the count, whose past are these months.
    fn of_count(past: &[f64], after: f64, expected: f64) -> Effect {
        let project = project();
        let kpi = &project.kpis[&"visits".parse().unwrap()];
        let figures: Vec<Figure> =
            (0..).zip(past).map(|(at, value)| Figure::of(at, &counted(*value), true)).collect();
        let before = month(past.len() as i32 - 1);
        let last = counted(*past.last().unwrap());
        let after = (before.offset(5), &counted(after));
        effect(kpi, &project.calendar, (before, &last), after, &figures, expected)
    }

    /// Newcombe (1998), table II (a): 56/70 less 48/80 is 0.2000, by his method 10 0.0524 to 0.3339.
    #[test]
    fn the_interval_is_that_of_newcombe() {
        let wilson = |x: f64, n: f64| {
            let (z, p) = (1.959_964_f64, x / n);
            let (middle, half) =
                (p + z * z / (2.0 * n), z * (p * (1.0 - p) / n + z * z / (4.0 * n * n)).sqrt());
            estimate(p, (middle - half) / (1.0 + z * z / n), (middle + half) / (1.0 + z * z / n))
        };
        let of = of_share(&wilson(48.0, 80.0), &wilson(56.0, 70.0), 0.3);
        let (low, high) = of.interval.unwrap();
        assert!(
            (of.change - 0.2).abs() < 1e-9 && (low - 0.0524).abs() < 1e-4 && (high - 0.3339).abs() < 1e-4
        );
        assert_eq!((of.came, of.enough), (Came::Shown, true));
        assert!(!of_share(&wilson(48.0, 80.0), &wilson(56.0, 70.0), 0.4).enough);
        assert_eq!(of_share(&wilson(48.0, 80.0), &wilson(56.0, 70.0), -0.1).came, Came::Contrary);
    }

    #[test]
    fn what_is_within_chance_is_not_shown_and_what_nobody_knows_is_not_computable() {
        let of = of_share(&estimate(70.0, 69.0, 71.0), &estimate(71.1, 70.0, 72.2), 3.0);
        assert_eq!((of.came, of.enough), (Came::NotShown, false));
        let unknown = Estimate { method: Method::StudentMean, ..counted(1.0) };
        assert_eq!(of_share(&unknown, &counted(2.0), 1.0).came, Came::NotComputable(Untold::NoInterval));
        let of = of_count(&[95.0, 101.0, 99.0], 97.0, 2.0);
        let why = Refusal::TooFew { have: 3, need: 12 };
        assert_eq!((of.came, of.interval), (Came::NotComputable(Untold::Usual(why)), None));
        assert_eq!(
            of_count(&[1.0; 12], 3.0, 2.0).came,
            Came::NotComputable(Untold::Usual(Refusal::FewCases))
        );
    }

    /// A count has no sampling error and varies all the same: of counts that only scatter about one in twenty moves beyond chance either way, and not
    /// every second one.
    #[test]
    fn a_count_that_only_scatters_keeps_nothing() {
        let mut random = Random::seeded(25);
        let mut shown = 0;
        let tries = 400;
        for _ in 0..tries {
            let mut next = || (100.0 + 10.0 * random.normal()).round().max(0.0);
            let past: Vec<f64> = (0..24).map(|_| next()).collect();
            let after = next();
            shown += usize::from(of_count(&past, after, 2.0).came == Came::Shown);
        }
        assert!(shown <= tries / 20, "{shown} of {tries}");
        // Months of thirty and thirty-one days; 95 to 105 by chance, as a tester had it.
        let past = [99.0, 104.0, 97.0, 101.0, 96.0, 105.0, 100.0, 98.0, 103.0, 99.0, 102.0, 95.0];
        assert_eq!(of_count(&past, 97.0, 2.0).came, Came::NotShown);
        let (found, lost) = (of_count(&past, 160.0, 60.0), of_count(&past, 50.0, 60.0));
        assert_eq!((found.came, found.enough, lost.came), (Came::Shown, true, Came::Contrary));
        let (low, high) = found.interval.unwrap();
        assert!(low < 65.0 && 65.0 < high && low > 20.0, "{low} {high}");
    }
}
