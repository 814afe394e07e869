//! Is the target within reach, and is anything to be done for it? What the KPI's own past comes to by itself, beside the target.

use kepi_score::band::{Band, band};

use crate::{
    ahead::NoOutlook,
    analysis::{Analysis, Ask, Cadence, Check, Frames, Insight, Verdict},
    forecast,
    policy::{self, Ambition},
    sentence::Sentence,
};

/// The row of the list.
pub const ANALYSIS: Analysis = Analysis {
    name: "target",
    version: 1,
    question: "Is the target within reach, and more than what comes by itself?",
    cadence: Cadence::Standing,
    family: None,
    answer,
};

/// Past periods of which it is said how many met the target.
const PAST: usize = 12;
/// The share of periods that better the suggested value by themselves.
const SELDOM: f64 = 1.0 / 6.0;

fn answer(ask: &Ask<'_>, frames: &dyn Frames) -> Option<Insight> {
    let project = frames.project();
    let course = match forecast::of(ask.kpi, ask.period, frames) {
        Ok(course) => course,
        Err(NoOutlook::TooFew { .. } | NoOutlook::StartsOver | NoOutlook::NeverMoved) => return None,
    };
    let next = course.with_target(*course.ahead.first()?, ask.kpi, project);
    let (lines, chance) = next.target?;
    let past = course.past.iter().rev().take(PAST);
    let of = past.len();
    let met = past.filter(|value| band(**value, &lines, ask.kpi.better) >= Band::Green).count();
    let ambition = policy::ambition(chance);
    let verdict = match ambition {
        Ambition::Stretches => Verdict::Yes,
        Ambition::OutOfReach => Verdict::No,
        Ambition::ByItself => Verdict::Contrary,
    };
    let mut says = vec![Sentence::Ambition { ambition, chance, met, of }];
    if ask.kpi.better != kepi_model::project::Better::InRange && ambition != Ambition::Stretches {
        says.push(Sentence::Suggested { value: course.bettered(&next.ahead, SELDOM, ask.kpi.better) });
    }
    let checks = vec![Check { name: "enough periods in a row", holds: true }];
    Some(Insight { verdict, says, exhibit: None, checks, looked_at: course.past.len() })
}
