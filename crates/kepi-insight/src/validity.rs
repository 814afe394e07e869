//! Does it still predict what it is believed to move? Of each link of the strategy from this KPI: whether what went with it goes with it still, or
//! stopped, and when. One coefficient for all members: fitted to each alone, a live link of ordinary strength looks dead in most.

use std::collections::BTreeSet;

use kepi_model::calendar::Period;

use crate::{
    analysis::{Analysis, Ask, Cadence, Check, Frames, Insight, Verdict},
    association::Association,
    link::{self, Both, Pair},
    policy,
    sentence::Sentence,
};

/// The row of the list.
pub const ANALYSIS: Analysis = Analysis {
    name: "validity",
    version: 2,
    question: "Does it still predict what the strategy says it moves?",
    cadence: Cadence::OnRequest,
    family: None,
    answer,
};

/// The share of periods on either side that a break leaves out.
const TRIM: f64 = 0.25;
/// Fewer periods on a side do not tell one slope from another.
const PERIODS: usize = 8;

/// A link that was alive, and what is left of it.
struct Ended {
    since: Period,
    before: Association,
    after: Association,
    /// In the last quarter: when exactly it fell is not known, and a period too many in which it lived looks as if some were left.
    left: Association,
}

/// Where the slope fell, if it did. Whether: the greatest t of all places, held against the distribution of the greatest (Andrews 1993). Where:
/// the place that leaves least unexplained (Bai 1997, *Estimation of a change point in multiple regression models*), which is found far more surely
/// than that of the greatest t, whose errors are themselves estimated at each place.
fn ended(units: &[Both], upto: Period, sign: f64) -> Option<Ended> {
    let periods: BTreeSet<i32> = units.iter().flat_map(|of| of.keys().copied()).collect();
    let periods: Vec<i32> = periods.into_iter().collect();
    let edge = ((TRIM * periods.len() as f64).ceil() as usize).max(PERIODS);
    let part = |keep: &dyn Fn(i32) -> bool| -> Option<Association> {
        let of = units
            .iter()
            .map(|of| of.iter().filter(|(at, _)| keep(**at)).map(|(at, pair)| (*at, *pair)).collect());
        link::of_panel(&of.collect::<Vec<Both>>()).ok()
    };
    let (mut greatest, mut gained, mut place) = (f64::NEG_INFINITY, f64::NEG_INFINITY, None);
    for split in periods.get(edge..periods.len().saturating_sub(edge)).unwrap_or_default() {
        let Some((before, after)) = part(&|at| at < *split).zip(part(&|at| at >= *split)) else { continue };
        // Slopes, since a typical move need not be the same on both sides; by how much they explain more than one slope would.
        let side = |of: &Association| {
            let squares = of.moves * of.moves * of.periods as f64;
            (sign * of.effect / of.moves, of.error / of.moves, squares)
        };
        let ((a, error_a, x), (b, error_b, y)) = (side(&before), side(&after));
        greatest = greatest.max((a - b) / (error_a * error_a + error_b * error_b).sqrt());
        let gain = (a - b) * (a - b).abs() * x * y / (x + y);
        if gain > gained {
            (gained, place) = (gain, Some((*split, before, after)));
        }
    }
    let (split, before, after) = place.filter(|_| policy::breaks(greatest))?;
    let last = *periods.get(periods.len() - edge)?;
    let left = part(&|at| at >= last)?;
    Some(Ended { since: Period { ordinal: split, ..upto }, before, after, left })
}

/// Whether what a KPI is believed to move does not follow it, or no longer: of any link the contrary, or nothing worth having of all; none: that
/// cannot be told, or nothing is believed.
#[must_use]
pub fn fails(ask: &Ask<'_>, frames: &dyn Frames) -> Option<bool> {
    match answer(ask, frames)?.verdict {
        Verdict::Contrary | Verdict::No => Some(true),
        Verdict::Yes => Some(false),
        Verdict::Unknown => None,
    }
}

fn answer(ask: &Ask<'_>, frames: &dyn Frames) -> Option<Insight> {
    let project = frames.project();
    let all = link::pairs(project);
    let asked: Vec<&Pair<'_>> = all.iter().filter(|pair| pair.cause.id == ask.kpi.id).collect();
    if asked.is_empty() {
        return None;
    }
    let (mut says, mut verdicts, mut untold) = (Vec::new(), Vec::new(), Vec::new());
    for pair in &asked {
        let (effect, sign) = (pair.effect.name.clone(), link::expected_sign(pair));
        let Ok(whole) = link::among(pair, all.len(), ask.period, frames) else {
            untold.push(effect);
            verdicts.push(Verdict::Unknown);
            continue;
        };
        let ended = link::members(pair, ask.period, frames).and_then(|units| ended(&units, ask.period, sign));
        let ended = ended.filter(|of| {
            let was = policy::together(&of.before, sign, None, 1).0 == Verdict::Yes;
            was && !policy::is_left(&of.left, sign)
        });
        if let Some(of) = ended {
            verdicts.push(Verdict::Contrary);
            let (before, after) = (of.before.effect, of.after.effect);
            says.push(Sentence::NoLonger {
                effect,
                since: of.since,
                before,
                after,
                periods: of.after.periods,
            });
        } else {
            verdicts.push(whole.verdict);
            says.push(Sentence::Predicts { effect, found: whole });
        }
    }
    says.extend((!untold.is_empty()).then_some(Sentence::PredictsUntold { effects: untold }));
    let checks =
        vec![Check { name: "enough periods or members", holds: !verdicts.contains(&Verdict::Unknown) }];
    let verdict = link::together(verdicts.into_iter());
    Some(Insight { verdict, says, exhibit: None, checks, looked_at: asked.len() })
}
