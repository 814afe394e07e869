//! Is the target within reach, and is anything to be done for it? What the KPI's own past comes to by itself, beside the target.

use kepi_model::project::{BasisKind, Better, TargetLines};
use kepi_score::band::{Band, band};

use crate::{
    ahead::{Ahead, NoOutlook},
    analysis::{Analysis, Ask, Cadence, Check, Exhibit, Frames, Insight, Shown, Verdict},
    forecast::{self, Course},
    policy::{self, Ambition},
    sentence::Sentence,
};

/// The row of the list.
pub const ANALYSIS: Analysis = Analysis {
    name: "target",
    version: 2,
    question: "Is the target within reach, and more than what comes by itself?",
    cadence: Cadence::Standing,
    family: None,
    answer,
};

/// Past periods of which it is said how many met the target.
const PAST: usize = 12;
/// The share of periods that better the suggested value by themselves.
const SELDOM: f64 = 1.0 / 6.0;

/// What each line would have asked for, had it held throughout: in how many of all periods the value lay on its worse side, and how often that began.
fn replayed(course: &Course<'_>, lines: &TargetLines, better: Better, next: &Ahead) -> Option<Exhibit> {
    let TargetLines::OneSided { threshold, target, stretch, .. } = *lines else { return None };
    let suggested = course.bettered(next, SELDOM, better);
    let all = [
        ("threshold", Some(threshold)),
        ("target", Some(target)),
        ("stretch", stretch),
        ("one period in six", Some(suggested)),
    ];
    let row = |(name, line): (&str, Option<f64>)| {
        let line = line?;
        let is_worse = |value: &f64| match better {
            Better::Lower => *value > line,
            Better::Higher | Better::InRange => *value < line,
        };
        let worse: Vec<bool> = course.past.iter().map(is_worse).collect();
        let missed = worse.iter().filter(|worse| **worse).count();
        let began =
            worse.iter().zip([false].iter().chain(&worse)).filter(|(now, before)| **now && !**before).count();
        let figures = [Shown::Value(line), Shown::Count(missed as f64), Shown::Count(began as f64)];
        Some((name.to_owned(), figures.to_vec()))
    };
    let columns = vec!["at", "periods worse", "times it began"];
    Some(Exhibit { columns, rows: all.into_iter().filter_map(row).collect() })
}

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
    if ask.kpi.better != Better::InRange && ambition != Ambition::Stretches {
        says.push(Sentence::Suggested { value: course.bettered(&next.ahead, SELDOM, ask.kpi.better) });
    }
    // What was agreed on may be bold; out of reach, or nothing to do for it, and resting on nothing but that or on a past that says otherwise, it is arbitrary.
    let basis = ask.kpi.target(None, next.ahead.period, &project.calendar).and_then(|of| of.basis);
    let basis = basis.map(|basis| basis.kind).filter(|kind| {
        matches!(kind, BasisKind::Negotiated | BasisKind::History) && ambition != Ambition::Stretches
    });
    let out_of_reach = ambition == Ambition::OutOfReach;
    says.extend(basis.map(|basis| Sentence::Arbitrary { basis, out_of_reach }));
    let checks = vec![
        Check { name: "enough periods in a row", holds: true },
        Check { name: "its basis is borne out by its own past", holds: basis.is_none() },
    ];
    let exhibit = replayed(&course, &lines, ask.kpi.better, &next.ahead);
    Some(Insight { verdict, says, exhibit, checks, looked_at: course.past.len() })
}
