//! Can it disappoint, and does anybody act on it? A KPI that always meets its target, a total that only ever grows, and one about which nobody ever
//! decided anything ask nothing of anybody.

use kepi_model::{measure::Measure, project::Better};
use kepi_query::value::Segment;
use kepi_score::band::{Band, band};

use crate::{
    analysis::{Acts, Analysis, Ask, Cadence, Check, Frames, Insight, Verdict},
    sentence::Sentence,
};

/// The row of the list.
pub const ANALYSIS: Analysis = Analysis {
    name: "vanity",
    version: 2,
    question: "Can it disappoint, and does anybody act on it?",
    cadence: Cadence::Standing,
    family: None,
    answer,
};

/// Periods that are looked at.
const PERIODS: usize = 12;

/// The days in which it is looked for what people did.
const YEAR: i64 = 365;
/// Where so little was done about any KPI, nobody works here yet, and nothing says that this one is ignored.
pub(crate) const FEWEST: usize = 12;

/// What people did about it in the year that ends with its period; none: that is not known.
pub(crate) fn acts(ask: &Ask<'_>, frames: &dyn Frames) -> Option<Acts> {
    let end = frames.project().calendar.bounds(ask.period).ok()?.end;
    frames.acts(ask.kpi, end - YEAR * 86_400_000_000..end)
}

/// Whether it always meets its target, or only grows.
pub(crate) fn cannot_disappoint(ask: &Ask<'_>, frames: &dyn Frames) -> bool {
    course(ask, frames).is_some_and(|(always_met, only_grows)| always_met || only_grows)
}

/// Whether it always meets its target, and whether it only grows; none: too few periods.
fn course(ask: &Ask<'_>, frames: &dyn Frames) -> Option<(bool, bool)> {
    let (kpi, project) = (ask.kpi, frames.project());
    let from = ask.period.ordinal - PERIODS as i32;
    let points = frames.points(kpi, ask.period.grain, &Segment::total(), from..=ask.period.ordinal);
    if points.len() <= PERIODS {
        return None;
    }
    let met = |(ordinal, value): &(i32, f64)| {
        let period = kepi_model::calendar::Period { ordinal: *ordinal, ..ask.period };
        let target = kpi.target(None, &[], period, &project.calendar)?;
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
    Some((always_met, only_grows))
}

fn answer(ask: &Ask<'_>, frames: &dyn Frames) -> Option<Insight> {
    let course = course(ask, frames);
    let acts = acts(ask, frames).filter(|acts| acts.about > 0 || acts.others >= FEWEST);
    let ignored = acts.filter(|acts| acts.about == 0);
    if course.is_none() && ignored.is_none() {
        return None;
    }
    let (always_met, only_grows) = course.unwrap_or_default();
    let mut says = Vec::new();
    says.extend(always_met.then_some(Sentence::AlwaysMet { of: PERIODS }));
    says.extend(only_grows.then_some(Sentence::OnlyGrows { of: PERIODS }));
    if says.is_empty() && course.is_some() {
        says.push(Sentence::CanDisappoint { of: PERIODS });
    }
    says.extend(ignored.map(|acts| Sentence::Ignored { others: acts.others, idle: false }));
    let serves = ask.kpi.objective.is_some();
    says.extend((!serves).then_some(Sentence::ServesNothing));
    let quiet = always_met || only_grows || ignored.is_some();
    let verdict = if quiet { Verdict::No } else { Verdict::Yes };
    let checks = vec![
        Check { name: "serves an objective", holds: serves },
        Check { name: "enough periods", holds: course.is_some() },
        Check { name: "people act on it, as far as is known", holds: ignored.is_none() },
        Check { name: "does not always meet its target", holds: !always_met },
        Check { name: "does not only grow", holds: !only_grows },
    ];
    Some(Insight { verdict, says, exhibit: None, checks, looked_at: 1 })
}
