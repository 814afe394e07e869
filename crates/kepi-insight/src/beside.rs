//! An effect beside units in which nothing was done: what a figure came to, less what it would have come to had it moved as theirs did.
//!
//! The difference in differences on the scale of the KPI's kind ([`Scaling`]), with the inference of Donald and Lang (2007), *Inference with
//! difference-in-differences and other panel data*: what a unit moves by without any plan varies from unit to unit, which sampling errors know nothing of, so
//! the spread of the others' movements says how surely the one stands out, with as many degrees of freedom as there are others, less one. What sampling
//! adds for this unit, if its cases are fewer than those of the others, is added.

use kepi_model::{
    calendar::{Calendar, Period},
    project::Kpi,
};
use kepi_query::value::Segment;
use kepi_stats::{control::usual::Point, distribution::student, estimate::Level};

use crate::{
    effect::Effect,
    frame::{Figure, Scaling, Segments},
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
}

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
/// There are too few others, it is not known whether all went alike before, or they did not: an effect is then told from nothing.
pub fn beside(
    kpi: &Kpi,
    calendar: &Calendar,
    (before, after): (Period, Period),
    own: &Course,
    others: &[Course],
    expected: f64,
) -> Result<Effect, Alone> {
    let all = std::iter::once(own).chain(others);
    let figures = all.flat_map(|of| of.earlier.into_iter().chain([of.before, of.after])).collect();
    let scaling =
        Scaling::of(kpi, before.grain, calendar, &Segments::from([(Segment::total(), figures)]), i32::MAX);
    let pair = |from: &Figure, to: &Figure| scaling.point(from).zip(scaling.point(to));
    let moved: Vec<_> = others.iter().filter_map(|of| pair(&of.before, &of.after)).collect();
    let Some(mine) = pair(&own.before, &own.after).filter(|_| moved.len() >= FEWEST_UNITS) else {
        return Err(Alone::FewUnits);
    };
    let earlier = |of: &Course| of.earlier.as_ref().and_then(|earlier| pair(earlier, &of.before));
    let past: Vec<_> = others.iter().filter_map(earlier).collect();
    let Some(own_past) = earlier(own).filter(|_| past.len() >= FEWEST_UNITS) else {
        return Err(Alone::NoPast);
    };
    let (ahead, half) = stands_out(own_past, &past);
    if ahead.abs() > half {
        return Err(Alone::OtherCourse);
    }
    let (ahead, half) = stands_out(mine, &moved);
    // What it would have come to without it, at the ends of what is not known.
    let without = |off: f64| scaling.value(scaling.scale.within(mine.1.value - ahead + off), after.ordinal);
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

    /// Counts are compared by what they grow by, whatever their size: by root, in years without a leap day (1973 to 1975).
    #[test]
    fn counts_are_compared_on_their_scale() {
        // √ of 10 000 is 100, of 10 201 it is 101; the others, of another size, do the same on that scale.
        let others = [[2500.0, 2500.0, 2601.0], [3600.0, 3600.0, 3721.0], [4900.0, 4900.0, 5041.0]];
        let found = of("visits", [10_000.0, 10_000.0, 10_201.0], &others, 100.0).unwrap();
        assert!(found.change.abs() < 1e-6 && found.came == Came::NotShown, "{found:?}");
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
