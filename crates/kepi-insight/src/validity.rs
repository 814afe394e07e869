//! Does it still predict what it is believed to move? Of each link of the strategy from this KPI: whether what went with it goes with it still, or
//! stopped, and when. One coefficient for all members: fitted to each alone, a live link of ordinary strength looks dead in most.

use std::collections::BTreeSet;

use kepi_model::{calendar::Period, id::KpiId};

use crate::{
    analysis::{Analysis, Ask, Cadence, Check, Frames, Insight, Verdict},
    association::Association,
    gain,
    link::{self, Both, Pair},
    policy,
    sentence::Sentence,
};

/// The row of the list.
pub const ANALYSIS: Analysis = Analysis {
    name: "validity",
    version: 3,
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
    match link::together(audit(ask, frames)?.verdicts.into_iter()) {
        Verdict::Contrary | Verdict::No => Some(true),
        Verdict::Yes => Some(false),
        Verdict::Unknown => None,
    }
}

/// What an audit comes to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Recommended {
    /// It predicts what it is believed to move, or that cannot be told.
    Keep,
    /// These beliefs of its own are to go: they are not borne out, and others are or may be.
    Drop(Vec<KpiId>),
    /// None of what it is believed to move follows it, and forecasts of none gain by it: it leads nowhere.
    Retire,
}

/// What the audit of a KPI comes to; none: nothing is believed of it.
#[must_use]
pub fn recommended(ask: &Ask<'_>, frames: &dyn Frames) -> Option<Recommended> {
    Some(audit(ask, frames)?.recommended(ask, frames))
}

/// What was found of each link from a KPI.
pub(crate) struct Audit<'a> {
    pub(crate) pairs: Vec<Pair<'a>>,
    pub(crate) verdicts: Vec<Verdict>,
    /// Whether it was alive and is no longer.
    pub(crate) ended: Vec<bool>,
    says: Vec<Sentence>,
}

impl Audit<'_> {
    fn recommended(&self, ask: &Ask<'_>, frames: &dyn Frames) -> Recommended {
        let all = self.pairs.iter().zip(&self.verdicts).zip(&self.ended);
        let dead = all.filter(|((_, verdict), _)| matches!(verdict, Verdict::Contrary | Verdict::No));
        let dead: Vec<(&Pair<'_>, bool)> = dead.map(|((pair, _), ended)| (pair, *ended)).collect();
        // Of a link that ended, forecasts gained while it lived.
        let gains = |(pair, ended): &(&Pair<'_>, bool)| {
            !ended && gain::of(pair, ask.period, frames).is_ok_and(|of| of.verdict == Verdict::Yes)
        };
        if dead.len() == self.pairs.len() && !dead.iter().any(gains) {
            return Recommended::Retire;
        }
        // What is written of it can be dropped; a link between objectives is not its own.
        let is_own = |id: &&KpiId| ask.kpi.moves.iter().any(|of| of.kpi == **id);
        let own: Vec<KpiId> = dead.iter().map(|(pair, _)| &pair.effect.id).filter(is_own).cloned().collect();
        if own.is_empty() { Recommended::Keep } else { Recommended::Drop(own) }
    }
}

/// Holds each link from a KPI against what was published; none: nothing is believed of it.
pub(crate) fn audit<'a>(ask: &Ask<'_>, frames: &'a dyn Frames) -> Option<Audit<'a>> {
    let project = frames.project();
    let all = link::pairs(project);
    let asked: Vec<Pair<'a>> = all.iter().filter(|pair| pair.cause.id == ask.kpi.id).copied().collect();
    if asked.is_empty() {
        return None;
    }
    let (mut says, mut verdicts, mut untold) = (Vec::new(), Vec::new(), Vec::new());
    let mut over = Vec::new();
    for pair in &asked {
        let (effect, sign) = (pair.effect.name.clone(), link::expected_sign(pair));
        let Ok(whole) = link::among(pair, all.len(), ask.period, frames) else {
            untold.push(effect);
            verdicts.push(Verdict::Unknown);
            over.push(false);
            continue;
        };
        let ended = link::members(pair, ask.period, frames).and_then(|units| ended(&units, ask.period, sign));
        let ended = ended.filter(|of| {
            let was = policy::together(&of.before, sign, None, 1).0 == Verdict::Yes;
            was && !policy::is_left(&of.left, sign)
        });
        over.push(ended.is_some());
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
    Some(Audit { pairs: asked, verdicts, ended: over, says })
}

fn answer(ask: &Ask<'_>, frames: &dyn Frames) -> Option<Insight> {
    let audit = audit(ask, frames)?;
    let recommended = audit.recommended(ask, frames);
    let Audit { pairs, verdicts, mut says, .. } = audit;
    let named = |id: &KpiId| frames.project().kpis.get(id).map(|kpi| kpi.name.clone());
    says.extend(match recommended {
        Recommended::Keep => None,
        Recommended::Drop(of) => {
            Some(Sentence::DropBelief { effects: of.iter().filter_map(named).collect() })
        }
        Recommended::Retire => Some(Sentence::Retire),
    });
    let checks =
        vec![Check { name: "enough periods or members", holds: !verdicts.contains(&Verdict::Unknown) }];
    let verdict = link::together(verdicts.into_iter());
    Some(Insight { verdict, says, exhibit: None, checks, looked_at: pairs.len() })
}
