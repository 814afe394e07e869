//! An effect beside units in which nothing was done: what a figure came to, less what it would have come to had it moved as theirs did.
//!
//! The difference in differences, with the inference of Donald and Lang (2007), *Inference with
//! difference-in-differences and other panel data*: what a unit moves by without any plan varies from unit to unit, which sampling errors know nothing of, so
//! the spread of the others' movements says how surely the one stands out, with as many degrees of freedom as there are others, less one. What sampling
//! adds for this unit, if its cases are fewer than those of the others, is added.
//!
//! Units differ in size. Shares, scores and means move alike whatever the size, on the scale of their kind; what is counted, added up, or
//! said per something moves by so many per cent, so units are compared by logarithms there: what all do is then nobody's effect. How long the periods are
//! falls out of a difference of logarithms.

use kepi_model::{
    calendar::{Calendar, Period},
    measure::Measure,
    project::Kpi,
};
use kepi_query::value::Segment;
use kepi_stats::{control::usual::Point, distribution::student, estimate::Level};

use crate::{
    effect::Effect,
    frame::{Figure, Scale, Scaling, Segments, counts_events},
};

/// So many units are needed to know what units move by.
pub const FEWEST_UNITS: usize = 3;

/// A unit over time: its figures in the period before the one before, in the one before, and after. The first is as long before the second as
/// that is before the last.
#[derive(Debug, Clone, Copy)]
pub struct Course {
    /// As long before.
    pub earlier: Option<Figure>,
    /// Before anything was done.
    pub before: Figure,
    /// After it.
    pub after: Figure,
}

/// Why it is seen beside nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Alone {
    /// Fewer units without a plan have figures.
    FewUnits,
    /// Nobody knows whether it went as the others did before.
    NoPast,
    /// It went otherwise than the others already before.
    OtherCourse,
    /// Something that adds up came to nothing or less in one of them: nobody knows how much more or less of it is as much.
    NoSize,
    /// All others moved by exactly the same, and nothing is sampled: what units vary by is not known.
    Alike,
}

/// How units are compared.
enum Measured<'a> {
    /// On the scale of the kind, whatever their size.
    Level(Scaling<'a>),
    /// By the logarithm, on which all that grow by as many per cent move alike; of events with half of one more (Anscombe 1948), so that none has a place.
    Size { half: f64 },
}

impl<'a> Measured<'a> {
    /// How these figures of a KPI are compared.
    fn of(
        kpi: &Kpi,
        calendar: &'a Calendar,
        (before, after): (Period, Period),
        figures: Vec<Figure>,
    ) -> Self {
        let is_total = matches!(kpi.measure, Measure::Total(_));
        if is_total || matches!(Scale::of(&kpi.unit), Scale::Root | Scale::Logarithm) {
            let half = if counts_events(kpi) { 0.5 } else { 0.0 };
            return Self::Size { half };
        }
        let segments = Segments::from([(Segment::total(), figures)]);
        Self::Level(Scaling::of(kpi, before.grain, calendar, &segments, after.ordinal))
    }

    fn point(&self, of: &Figure) -> Option<Point> {
        let half = match self {
            Self::Level(scaling) => return scaling.point(of),
            Self::Size { half } => *half,
        };
        let size = of.point + half;
        if size <= 0.0 {
            return None;
        }
        let spread = match of.interval {
            Some((low, high, level)) => {
                let z = Level::new(level).unwrap_or(Level::NINETY_FIVE).z();
                let ends = if low + half > 0.0 {
                    libm::log((high + half) / (low + half))
                } else {
                    (high - low) / size
                };
                ends / (2.0 * z)
            }
            // Of events that come one by one.
            None if half > 0.0 => size.sqrt().recip(),
            None => 0.0,
        };
        let value = libm::log(size);
        (value.is_finite() && spread.is_finite()).then_some(Point { value, variance: spread * spread })
    }

    /// The value at a place, of a period.
    fn value(&self, place: f64, ordinal: i32) -> f64 {
        match self {
            Self::Level(scaling) => scaling.value(scaling.scale.within(place), ordinal),
            Self::Size { half } => (libm::exp(place) - half).max(0.0),
        }
    }
}

/// Movements that differ by less than this are the same: digits that arithmetic leaves.
const SAME: f64 = 1e-9;

/// How far what moved by `own` stands out among others that moved by these, with the half of its interval.
fn stands_out(own: (Point, Point), others: &[(Point, Point)]) -> (f64, f64) {
    let moved = |(from, to): &(Point, Point)| to.value - from.value;
    let sampled = |(from, to): &(Point, Point)| to.variance + from.variance;
    let n = others.len() as f64;
    let mean = others.iter().map(moved).sum::<f64>() / n;
    let spread = others.iter().map(|of| (moved(of) - mean).powi(2)).sum::<f64>() / (n - 1.0);
    let error = others.iter().map(sampled).sum::<f64>() / n;
    // No less than what sampling alone lets them differ by.
    let spread = spread.max(error);
    let variance = (spread - error) + sampled(&own) + spread / n;
    (moved(&own) - mean, student::critical(Level::NINETY_FIVE, n - 1.0) * variance.sqrt())
}

/// What came of an expected change, other than zero, of one unit beside others. The periods of `own` are `before` and `after`.
///
/// # Errors
/// There are too few others, it is not known whether all went alike before, they did not, or they cannot be compared: an effect is then told from
/// nothing.
pub fn beside(
    kpi: &Kpi,
    calendar: &Calendar,
    (before, after): (Period, Period),
    own: &Course,
    others: &[Course],
    expected: f64,
) -> Result<Effect, Alone> {
    if others.len() < FEWEST_UNITS {
        return Err(Alone::FewUnits);
    }
    let figures = |of: &Course| of.earlier.into_iter().chain([of.before, of.after]);
    let all: Vec<Figure> = std::iter::once(own).chain(others).flat_map(figures).collect();
    let measured = Measured::of(kpi, calendar, (before, after), all);
    let pair = |from: &Figure, to: &Figure| measured.point(from).zip(measured.point(to));
    let moved: Option<Vec<_>> = others.iter().map(|of| pair(&of.before, &of.after)).collect();
    let (mine, moved) = pair(&own.before, &own.after).zip(moved).ok_or(Alone::NoSize)?;
    let earlier = |of: &Course| of.earlier.as_ref().and_then(|earlier| pair(earlier, &of.before));
    let past: Vec<_> = others.iter().filter_map(earlier).collect();
    let Some(own_past) = earlier(own).filter(|_| past.len() >= FEWEST_UNITS) else {
        return Err(Alone::NoPast);
    };
    let (ahead, half) = stands_out(own_past, &past);
    if ahead.abs() > half.max(SAME) {
        return Err(Alone::OtherCourse);
    }
    let (ahead, half) = stands_out(mine, &moved);
    if half <= SAME * mine.1.value.abs().max(1.0) {
        return Err(Alone::Alike);
    }
    // What it would have come to without it, at the ends of what is not known.
    let without = |off: f64| measured.value(mine.1.value - ahead + off, after.ordinal);
    let change = own.after.point - without(0.0);
    let ends = [own.after.point - without(half), own.after.point - without(-half)];
    let (low, high) = (ends[0].min(ends[1]), ends[0].max(ends[1]));
    Ok(Effect::judged(change, (low, high), expected))
}

#[cfg(test)]
mod tests {
    use kepi_model::{
        calendar::Grain,
        check::{Options, check},
        project::Project,
        source_text::{SourceFile, SourceMap},
    };
    use kepi_stats::random::Random;

    use super::*;
    use crate::effect::Came;

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
  minutes: {type: \"number, 1 decimals\"}
---
kpi: visits
name: Visits
better: higher
measure: {count: {of: visit}}
period: year
---
kpi: minutes
name: Minutes in all
better: higher
measure: {sum: {of: visit, value: minutes}}
period: year
---
kpi: balance
name: Minutes
better: higher
measure: {mean: {of: visit, value: minutes}}
period: year
";

    fn project() -> Project {
        let files = SourceMap::new(vec![SourceFile { path: "kepi.yml".to_owned(), text: PROJECT.into() }]);
        let checked = check(&files, &Options::default());
        checked.value.unwrap_or_else(|| panic!("{:?}", checked.findings))
    }

    fn course(values: [f64; 3]) -> Course {
        let [earlier, before, after] = values;
        let figure = |at, value| Figure::counted(at, value);
        Course { earlier: Some(figure(3, earlier)), before: figure(4, before), after: figure(5, after) }
    }

    fn of(kpi: &str, own: [f64; 3], others: &[[f64; 3]], expected: f64) -> Result<Effect, Alone> {
        let project = project();
        let year = |ordinal| project.calendar.period(Grain::Year, ordinal);
        let others: Vec<Course> = others.iter().copied().map(course).collect();
        let kpi = &project.kpis[&kpi.parse().unwrap()];
        beside(kpi, &project.calendar, (year(4), year(5)), &course(own), &others, expected)
    }

    /// By hand: the others move by 1, 2 and 3, so by 2 with a standard deviation of 1; the one by 10. The effect is 8, its half the 4.3027 of
    /// Student's t with two degrees of freedom times √(1 + 1/3).
    #[test]
    fn an_effect_is_what_the_others_did_not_do() {
        let others = [[50.0, 50.0, 51.0], [60.0, 60.0, 62.0], [70.0, 71.0, 74.0]];
        let found = of("balance", [55.0, 55.0, 65.0], &others, 8.0).unwrap();
        let half = 4.302_652_7 * (4.0_f64 / 3.0).sqrt();
        let (low, high) = found.interval.unwrap();
        assert!((found.change - 8.0).abs() < 1e-9, "{found:?}");
        assert!((low - (8.0 - half)).abs() < 1e-6 && (high - (8.0 + half)).abs() < 1e-6, "{found:?}");
        assert_eq!((found.came, found.enough), (Came::Shown, true));
        // What all do is nobody's effect.
        assert_eq!(of("balance", [55.0, 55.0, 57.0], &others, 2.0).unwrap().came, Came::NotShown);
        assert_eq!(of("balance", [55.0, 55.0, 65.0], &others[..2], 8.0), Err(Alone::FewUnits));
        // Who was on another course before is compared with nobody: a bad figure that gets better by itself is no effect.
        assert_eq!(of("balance", [75.0, 55.0, 65.0], &others, 8.0), Err(Alone::OtherCourse));
    }

    /// Units differ in size, and what all grow by is nobody's effect: found by a tester, to whom a count that rose by half everywhere was one.
    #[test]
    fn what_is_counted_or_added_up_is_compared_by_what_it_grows_by_whatever_its_size() {
        let others = |times: f64| -> Vec<[f64; 3]> {
            [4_000.0, 4_100.0, 4_150.0, 4_200.0].iter().map(|of| [*of, *of, of * times]).collect()
        };
        for times in [1.5, 0.5] {
            let found = of("visits", [400.0, 400.0, 400.0 * times], &others(times), -50.0).unwrap();
            assert!(found.change.abs() < 0.6 && found.came == Came::NotShown, "{found:?}");
        }
        // 400 would have been 600 as the others went, and are 300; of events half of one more is counted.
        let found = of("visits", [400.0, 400.0, 300.0], &others(1.5), -50.0).unwrap();
        assert!((found.change + 300.0).abs() < 0.5 && found.came == Came::Shown, "{found:?}");
        // Sums are not events: where all others did exactly the same, nobody knows what units vary by.
        let sums: Vec<[f64; 3]> = others(1.2);
        assert_eq!(of("minutes", [700.0, 700.0, 840.0], &sums, 5.0), Err(Alone::Alike));
        let sums = [[700.0, 700.0, 770.0], [910.0, 910.0, 910.0], [770.0, 770.0, 847.0]];
        let found = of("minutes", [700.0, 700.0, 750.0], &sums, 5.0).unwrap();
        // They grew by the cube root of 1.21.
        assert!((found.change - (750.0 - 700.0 * 1.21_f64.cbrt())).abs() < 1e-9, "{found:?}");
        let below = [[700.0, 700.0, 770.0], [910.0, 910.0, -1.0], [770.0, 770.0, 847.0]];
        assert_eq!(of("minutes", [700.0, 700.0, 750.0], &below, 5.0), Err(Alone::NoSize));
        // A score whose others all stand still.
        let still = [[50.0; 3], [60.0; 3], [70.0; 3]];
        assert_eq!(of("balance", [55.0, 55.0, 65.0], &still, 8.0), Err(Alone::Alike));
    }

    /// Where nothing is done, one of twenty is taken for an effect, however much units differ and however much of it is sampled.
    #[test]
    fn of_units_in_which_nothing_is_done_few_stand_out() {
        for (between, within) in [(3.0, 0.0), (0.0, 2.0), (2.0, 2.0)] {
            let mut random = Random::seeded(13);
            let (mut shown, mut asked) = (0, 0);
            for _ in 0..2000 {
                let mut one = || {
                    let figure = |at, value: f64| {
                        let interval = (within > 0.0).then_some((
                            value - 1.959_964 * within,
                            value + 1.959_964 * within,
                            0.95,
                        ));
                        Figure { interval, ..Figure::counted(at, value) }
                    };
                    let level = 50.0 + 5.0 * random.normal();
                    let mut seen = |shift: f64| level + shift + within * random.normal();
                    let (a, b) = (seen(0.0), seen(0.0));
                    let c = seen(4.0) + between * random.normal();
                    Course { earlier: Some(figure(0, a)), before: figure(1, b), after: figure(2, c) }
                };
                let (own, others) = (one(), [one(), one(), one(), one(), one()]);
                let project = project();
                let year = |ordinal| project.calendar.period(Grain::Year, ordinal);
                let kpi = &project.kpis[&"balance".parse().unwrap()];
                if let Ok(found) = beside(kpi, &project.calendar, (year(1), year(2)), &own, &others, 1.0) {
                    asked += 1;
                    shown += u32::from(found.came != Came::NotShown);
                }
            }
            assert!(asked > 1700 && f64::from(shown) <= 0.062 * f64::from(asked), "{shown} of {asked}");
        }
    }
}
