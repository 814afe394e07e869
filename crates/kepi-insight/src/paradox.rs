//! Does a figure hide the opposite? The total moved one way while its members, held at their mix, moved the other; or a member lies on one side of the
//! rest, and held at one mix of another dimension on the other (Simpson's paradox).

use std::collections::BTreeMap;

use kepi_model::id::DimensionId;
use kepi_query::{state::Member, value::Segment};

use crate::{
    analysis::{
        Analysis, Ask, Cadence, Check, Exhibit, Frames, Insight, Part, Shown, Verdict, crossings, named,
    },
    mix::{Split, splits},
    policy::{beyond_sampling, beyond_sampling_of},
    sentence::Sentence,
};

/// The row of the list.
pub const ANALYSIS: Analysis = Analysis {
    name: "paradox",
    version: 2,
    question: "Does it hide that its parts say the opposite?",
    cadence: Cadence::Standing,
    family: None,
    answer,
};

/// Whether members at a common mix moved the other way than the total, both for certain. Both must be shown, so that the chance of a
/// false paradox is that of the less certain of the two (intersection–union; Berger 1982).
fn reverses(of: &Split, total: (f64, f64)) -> Option<bool> {
    let cases = |at: usize| -> f64 {
        of.sides.iter().filter_map(|side| side.get(at)?.as_ref()).map(|part| part.cases).sum()
    };
    let (all_before, all_now) = (cases(0), cases(1));
    let mut spread = 0.0;
    for side in &of.sides {
        let [Some(before), Some(now)] = side else { continue };
        let weight = 0.5 * (before.cases / all_before + now.cases / all_now);
        spread += weight * weight * (before.figure.variance()? + now.figure.variance()?);
    }
    let (change, own) = total;
    let held = of.parts.rate_total();
    Some(held * change < 0.0 && beyond_sampling(held, spread) && beyond_sampling(change, own))
}

/// A member beside the rest, whose gap turns where both are held at one mix of another dimension.
struct Turned {
    member: Segment,
    /// The other dimension, in words.
    by: String,
    crude: f64,
    held: f64,
    /// The members of the other dimension: the value of the member in it, and of the rest.
    strata: Vec<(Segment, f64, f64)>,
}

/// Cases, cases times value, and the variance of that, of several parts.
#[derive(Clone, Copy, Default)]
struct Pooled {
    cases: f64,
    sum: f64,
    variance: f64,
}

impl Pooled {
    fn add(&mut self, part: &Part) -> Option<()> {
        self.cases += part.cases;
        self.sum += part.cases * part.figure.point;
        self.variance += part.cases * part.cases * part.figure.variance()?;
        Some(())
    }

    fn mean(self) -> f64 {
        self.sum / self.cases
    }

    fn of_mean(self) -> f64 {
        self.variance / (self.cases * self.cases)
    }
}

/// The first member of a dimension whose gap turns, and how many gaps were looked at. Both ways must be shown, as of a change; a dimension is asked
/// as one question, so that of two members the one says what the other does.
fn turned_gap(ask: &Ask<'_>, frames: &dyn Frames) -> (Option<Turned>, usize) {
    let (mut found, mut looked_at) = (None, 0);
    for (dimensions, parts) in crossings(ask.kpi, ask.period, frames) {
        let [first, second] = dimensions.as_slice() else { continue };
        for (own, other) in [(first, second), (second, first)] {
            let place = |of: &Part, wanted: &DimensionId| -> Option<Member> {
                let of = of.segment.0.iter().find(|(dimension, _)| dimension == wanted)?;
                Some(of.1.clone())
            };
            let mut members: Vec<Member> = parts.iter().filter_map(|part| place(part, own)).collect();
            members.sort();
            members.dedup();
            // Of two the gap of the one is that of the other.
            let asked = if members.len() == 2 { 1 } else { members.len() };
            for member in members.into_iter().take(asked) {
                looked_at += 1;
                if found.is_none() {
                    let split = |part: &Part| Some((place(part, own)? == member, place(part, other)?));
                    let mut strata: BTreeMap<Member, [Pooled; 2]> = BTreeMap::new();
                    let mut sides = [Pooled::default(); 2];
                    let whole = parts.iter().try_for_each(|part| {
                        let (is_own, of) = split(part)?;
                        let [mine, rest] = strata.entry(of).or_default();
                        (if is_own { mine } else { rest }).add(part)?;
                        let [mine, rest] = &mut sides;
                        (if is_own { mine } else { rest }).add(part)
                    });
                    if whole.is_some() {
                        found = gap(&strata, sides, asked).map(|(crude, held)| Turned {
                            member: Segment(vec![(own.clone(), member)]),
                            by: other.as_str().replace('_', " "),
                            crude,
                            held,
                            strata: strata
                                .iter()
                                .filter(|(_, sides)| sides.iter().all(|of| of.cases > 0.0))
                                .map(|(of, [mine, rest])| {
                                    (Segment(vec![(other.clone(), of.clone())]), mine.mean(), rest.mean())
                                })
                                .collect(),
                        });
                    }
                }
            }
        }
    }
    (found, looked_at)
}

/// The gap as it is and at the mix that both have together, where these lie on different sides for certain.
fn gap(strata: &BTreeMap<Member, [Pooled; 2]>, sides: [Pooled; 2], asked: usize) -> Option<(f64, f64)> {
    let both: Vec<&[Pooled; 2]> =
        strata.values().filter(|sides| sides.iter().all(|of| of.cases > 0.0)).collect();
    let all: f64 = both.iter().flat_map(|sides| sides.iter()).map(|of| of.cases).sum();
    let (mut held, mut spread) = (0.0, 0.0);
    for [mine, rest] in &both {
        let weight = (mine.cases + rest.cases) / all;
        held += weight * (mine.mean() - rest.mean());
        spread += weight * weight * (mine.of_mean() + rest.of_mean());
    }
    let [mine, rest] = sides;
    let crude = mine.mean() - rest.mean();
    let turns = both.len() > 1
        && held * crude < 0.0
        && beyond_sampling_of(held, spread, asked)
        && beyond_sampling_of(crude, mine.of_mean() + rest.of_mean(), asked);
    turns.then_some((crude, held))
}

fn answer(ask: &Ask<'_>, frames: &dyn Frames) -> Option<Insight> {
    let checks = vec![Check { name: "members make up the whole", holds: true }];
    let (of_time, dimensions) = turned_change(ask, frames);
    let (of_members, gaps) = turned_gap(ask, frames);
    let looked_at = dimensions + gaps;
    if looked_at == 0 {
        return None;
    }
    if let Some((of, total)) = of_time {
        let rows = of.sides.iter().filter_map(|side| {
            let [Some(before), Some(now)] = side else { return None };
            let row = |part: &Part| Shown::Value(part.figure.point);
            let moved = Shown::Difference(now.figure.point - before.figure.point);
            Some((named(&now.segment), vec![row(before), row(now), moved]))
        });
        let exhibit = Exhibit { columns: vec!["before", "now", "moved"], rows: rows.collect() };
        let says =
            vec![Sentence::Turns { dimension: of.dimension.clone(), total, held: of.parts.rate_total() }];
        return Some(Insight { verdict: Verdict::Yes, says, exhibit: Some(exhibit), checks, looked_at });
    }
    if let Some(of) = of_members {
        let row = |(segment, mine, rest): &(Segment, f64, f64)| {
            let figures = vec![Shown::Value(*mine), Shown::Value(*rest), Shown::Difference(mine - rest)];
            (named(segment), figures)
        };
        let rows = of.strata.iter().map(row).collect();
        let exhibit = Exhibit { columns: vec!["its own", "the rest", "gap"], rows };
        let says = vec![Sentence::GapTurns {
            member: named(&of.member),
            dimension: of.by,
            crude: of.crude,
            held: of.held,
        }];
        return Some(Insight { verdict: Verdict::Yes, says, exhibit: Some(exhibit), checks, looked_at });
    }
    let says = vec![Sentence::NothingTurns { dimensions, gaps }];
    Some(Insight { verdict: Verdict::No, says, exhibit: None, checks, looked_at })
}

/// The dimension by which the change of the total turns, with that change; and how many were looked at.
fn turned_change(ask: &Ask<'_>, frames: &dyn Frames) -> (Option<(Split, f64)>, usize) {
    let total = Segment::total();
    let both = || {
        let now = frames.figure(ask.kpi, ask.period, &total)?;
        let before = frames.figure(ask.kpi, frames.before(ask.kpi, ask.period)?, &total)?;
        Some((now.point - before.point, now.variance()? + before.variance()?))
    };
    let Some(change) = both() else { return (None, 0) };
    let all = splits(ask, frames);
    let looked_at = all.len();
    let turned = all.into_iter().find(|of| reverses(of, change) == Some(true));
    (turned.map(|of| (of, change.0)), looked_at)
}
