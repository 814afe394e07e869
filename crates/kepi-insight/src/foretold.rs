//! Outlooks as they were published, held against what came. What is written down before it is known cannot be flattered: of each period what was said
//! of it once the one before it was final, and nothing later.

use kepi_model::{
    calendar::{Grain, Period},
    project::{Kpi, Project},
};

pub use crate::ahead::{Foretold, Kept, Said};
use crate::{analysis::Frames, forecast, leading};

/// What a KPI means in a period; what was said of it when it meant something else is no outlook of it.
fn meaning(kpi: &Kpi, period: Period, project: &Project) -> Option<String> {
    Some(kpi.in_period(period, &project.calendar)?.wording.to_string())
}

/// What is to be said of the period after one whose figure is the last final one of a KPI; none: nothing is to be expected.
#[must_use]
pub fn foretell(kpi: &Kpi, upto: Period, frames: &dyn Frames) -> Option<Foretold> {
    let course = forecast::of(kpi, upto, frames).ok()?;
    let next = course.ahead.first().filter(|next| next.period == upto.offset(1))?;
    let led = leading::led(&course, (kpi, upto), frames);
    Some(Foretold {
        period: next.period.ordinal,
        alone: next.into(),
        beside: led.map(|(leader, led)| (leader.id.to_string(), (&led.ahead).into())),
        meaning: meaning(kpi, next.period, frames.project())?,
    })
}

/// What was said and what came.
#[derive(Debug, Clone, PartialEq)]
pub struct Came {
    /// What was said.
    pub said: Foretold,
    /// What came.
    pub value: f64,
}

/// What was said of a KPI of which the final figure is known, oldest first, as far as it means the same.
#[must_use]
pub fn came(kpi: &Kpi, grain: Grain, upto: i32, frames: &dyn Frames) -> Vec<Came> {
    let project = frames.project();
    let now = meaning(kpi, project.period(kpi, grain, upto), project);
    let mut all = frames.foretold(kpi, grain);
    all.retain(|of| of.period <= upto && Some(&of.meaning) == now.as_ref());
    all.sort_by_key(|of| of.period);
    let (Some(first), Some(last)) = (all.first(), all.last()) else { return Vec::new() };
    let known = frames.points(kpi, grain, &kepi_query::value::Segment::total(), first.period..=last.period);
    let value = |ordinal: i32| known.iter().find(|(at, _)| *at == ordinal).map(|(_, value)| *value);
    all.into_iter().filter_map(|said| Some(Came { value: value(said.period)?, said })).collect()
}

fn kept_of<'a>(all: impl Iterator<Item = (&'a Said, f64)>) -> Kept {
    let (mut kept, mut squares) = (Kept::default(), 0.0);
    for (said, value) in all {
        kept.of += 1;
        kept.within += usize::from((said.low..=said.high).contains(&value));
        squares += (said.expected - value) * (said.expected - value);
    }
    if kept.of > 0 {
        kept.missed = (squares / kept.of as f64).sqrt();
    }
    kept
}

/// How those without a leading indicator came out; and of the periods that had one, those without and with it.
#[must_use]
pub fn kept(all: &[Came]) -> (Kept, Option<[Kept; 2]>) {
    let alone = kept_of(all.iter().map(|of| (&of.said.alone, of.value)));
    let both = || all.iter().filter_map(|of| Some((&of.said.alone, &of.said.beside.as_ref()?.1, of.value)));
    let beside = [
        kept_of(both().map(|(alone, _, value)| (alone, value))),
        kept_of(both().map(|(_, beside, value)| (beside, value))),
    ];
    (alone, (beside.iter().all(|of| of.of > 0)).then_some(beside))
}
