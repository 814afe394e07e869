//! Is the target within reach, and is anything to be done for it? What the KPI's own past comes to by itself, beside the target.

use kepi_model::{
    calendar::{Grain, Period},
    project::{BasisKind, Better, TargetLines},
};
use kepi_query::value::Segment;
use kepi_score::band::{Band, band};

use crate::{
    ahead::{Ahead, NoOutlook},
    analysis::{Analysis, Ask, Cadence, Check, Exhibit, Frames, Insight, Shown, Verdict},
    change::Verdict as Judged,
    forecast::{self, Course},
    policy::{self, Ambition},
    sentence::Sentence,
};

/// The row of the list.
pub const ANALYSIS: Analysis = Analysis {
    name: "target",
    version: 3,
    question: "Is the target within reach, and more than what comes by itself?",
    cadence: Cadence::Standing,
    family: None,
    answer,
};

/// Past periods of which it is said how many met the target.
const PAST: usize = 12;
/// The share of periods that better the suggested value by themselves.
const SELDOM: f64 = 1.0 / 6.0;

/// The days of a period, of months and longer in the mean of the calendar.
fn days(grain: Grain) -> f64 {
    let year = 365.2425;
    match grain {
        Grain::Day => 1.0,
        Grain::Week => 7.0,
        Grain::Month => year / 12.0,
        Grain::Quarter => year / 4.0,
        Grain::HalfYear => year / 2.0,
        Grain::Year => year,
    }
}

/// Periods in which the total was called out for the worse: what a line that asks somebody should not miss; of the last periods of a row.
fn worsened(ask: &Ask<'_>, frames: &dyn Frames, last: i32, of: usize) -> Vec<bool> {
    let first = last - i32::try_from(of).unwrap_or(i32::MAX) + 1;
    let is = |ordinal: i32| {
        let period = Period { ordinal, ..ask.period };
        let judged = frames.judged(ask.kpi, period, &Segment::total());
        judged.is_ok_and(|usual| {
            usual.verdict == Judged::Beyond && usual.above == (ask.kpi.better == Better::Lower)
        })
    };
    (first..=last).map(is).collect()
}

/// What each line would have asked for, had it held throughout: in how many of all periods the value lay on its worse side, how often that began, in
/// all and a week, and how many periods that were called out for the worse lay on its better side.
fn replayed(
    course: &Course<'_>,
    lines: &TargetLines,
    better: Better,
    (next, worsened): (&Ahead, &[bool]),
) -> Option<Exhibit> {
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
        let weeks = course.past.len() as f64 * days(next.period.grain) / 7.0;
        let unseen =
            worse.iter().zip(worsened).filter(|(worse, called_out)| !**worse && **called_out).count();
        let counts = [missed as f64, began as f64].map(Shown::Count);
        let rest = [Shown::Number(began as f64 / weeks), Shown::Count(unseen as f64)];
        Some((name.to_owned(), [&[Shown::Value(line)][..], &counts[..], &rest[..]].concat()))
    };
    let columns = vec!["at", "periods worse", "times it began", "a week", "called out and not seen"];
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
    let met_ever =
        course.past.iter().filter(|value| band(**value, &lines, ask.kpi.better) >= Band::Green).count();
    let ever = (met_ever, course.past.len());
    let ambition = policy::ambition(chance);
    let verdict = match ambition {
        Ambition::Stretches => Verdict::Yes,
        Ambition::OutOfReach => Verdict::No,
        Ambition::ByItself => Verdict::Contrary,
    };
    let mut says = vec![Sentence::Ambition { ambition, chance, met, of, ever }];
    if ask.kpi.better != Better::InRange && ambition != Ambition::Stretches {
        says.push(Sentence::Suggested { value: course.bettered(&next.ahead, SELDOM, ask.kpi.better) });
    }
    // What was agreed on may be bold; out of reach, or nothing to do for it, and resting on nothing but that or on a past that says otherwise, it is arbitrary.
    let basis = ask.kpi.target(None, &[], next.ahead.period, &project.calendar).and_then(|of| of.basis);
    let basis = basis.map(|basis| basis.kind).filter(|kind| {
        matches!(kind, BasisKind::Negotiated | BasisKind::History) && ambition != Ambition::Stretches
    });
    let out_of_reach = ambition == Ambition::OutOfReach;
    says.extend(basis.map(|basis| Sentence::Arbitrary { basis, out_of_reach, ever }));
    // Whoever is asked has room for so many at once.
    let room = project.alerts.values().filter(|of| of.kpis.is_empty() || of.kpis.contains(&ask.kpi.id));
    let room = room.filter_map(|of| of.capacity).min();
    says.extend(room.map(|capacity| Sentence::Room { capacity: usize::from(capacity) }));
    let checks = vec![
        Check { name: "enough periods in a row", holds: true },
        Check { name: "its basis is borne out by its own past", holds: basis.is_none() },
    ];
    let worsened = worsened(ask, frames, next.ahead.period.ordinal - 1, course.past.len());
    let exhibit = replayed(&course, &lines, ask.kpi.better, (&next.ahead, &worsened));
    Some(Insight { verdict, says, exhibit, checks, looked_at: course.past.len() })
}
