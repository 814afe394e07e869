//! Can it disappoint? A KPI that always meets its target, or a total that only ever grows, asks nothing of anybody.

use kepi_model::{measure::Measure, project::Better};
use kepi_query::value::Segment;
use kepi_score::band::{Band, band};

use crate::{
    analysis::{Analysis, Ask, Cadence, Check, Frames, Insight, Verdict},
    sentence::Sentence,
};

/// The row of the list.
pub const ANALYSIS: Analysis = Analysis {
    name: "vanity",
    version: 1,
    question: "Can it miss its target at all?",
    cadence: Cadence::Standing,
    family: None,
    answer,
};

/// Periods that are looked at.
const PERIODS: usize = 12;

/// Whether it always meets its target, or only grows.
pub(crate) fn cannot_disappoint(ask: &Ask<'_>, frames: &dyn Frames) -> bool {
    answer(ask, frames).is_some_and(|insight| insight.verdict == Verdict::No)
}

fn answer(ask: &Ask<'_>, frames: &dyn Frames) -> Option<Insight> {
    let (kpi, project) = (ask.kpi, frames.project());
    let from = ask.period.ordinal - PERIODS as i32;
    let points = frames.points(kpi, ask.period.grain, &Segment::total(), from..=ask.period.ordinal);
    if points.len() <= PERIODS {
        return None;
    }
    let met = |(ordinal, value): &(i32, f64)| {
        let period = kepi_model::calendar::Period { ordinal: *ordinal, ..ask.period };
        let target = kpi.target(None, period, &project.calendar)?;
        Some(band(*value, &target.lines, kpi.better) >= Band::Green)
    };
    let always_met = points.iter().skip(1).all(|point| met(point) == Some(true));
    let better = |pair: &[(i32, f64)]| match (pair, kpi.better) {
        ([before, now], Better::Higher) => now.1 >= before.1,
        ([before, now], Better::Lower) => now.1 <= before.1,
        _ => false,
    };
    let moved =
        points.windows(2).any(|pair| matches!(pair, [before, now] if before.1.to_bits() != now.1.to_bits()));
    // What is a mean or a share may rise for long by itself; a total grows with its business.
    let only_grows = matches!(kpi.measure, Measure::Total(_) | Measure::Stock(_))
        && moved
        && points.windows(2).all(better);
    let mut says = Vec::new();
    says.extend(always_met.then_some(Sentence::AlwaysMet { of: PERIODS }));
    says.extend(only_grows.then_some(Sentence::OnlyGrows { of: PERIODS }));
    let verdict = if says.is_empty() { Verdict::Yes } else { Verdict::No };
    if says.is_empty() {
        says.push(Sentence::CanDisappoint { of: PERIODS });
    }
    let checks = vec![
        Check { name: "serves an objective", holds: kpi.objective.is_some() },
        Check { name: "does not always meet its target", holds: !always_met },
        Check { name: "does not only grow", holds: !only_grows },
    ];
    Some(Insight { verdict, says, exhibit: None, checks, looked_at: 1 })
}
