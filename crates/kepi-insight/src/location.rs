//! Where is it? Of a total that is called out, the fewest members of one dimension, or of several at once where the KPI has such, without which the
//! rest is within what is usual.

use kepi_query::value::Segment;

use crate::{
    analysis::{
        Analysis, Ask, Cadence, Check, Exhibit, Frames, Insight, Part, Shown, Verdict, crossings, named,
        partitions,
    },
    change::{Usual, Verdict as Course},
    sentence::Sentence,
};

/// The row of the list.
pub const ANALYSIS: Analysis = Analysis {
    name: "location",
    version: 4,
    question: "Where does the change sit?",
    cadence: Cadence::Standing,
    // It asks only of what was called out.
    family: None,
    answer,
};

/// More than this share of the cases is everywhere, not somewhere. What fell everywhere is kept apart by what the rest may keep ([`LEFT`]).
const MOST: f64 = 0.8;

/// Of the deviation, the most that the rest may keep: what lies within a wide range of what is usual and fell like all others has no place.
const LEFT: f64 = 0.5;

/// Members whose removal leaves the rest usual.
struct Found {
    members: Vec<Part>,
    rest: f64,
    other_way: bool,
    /// By how much their share of the deviation is more than their share of the cases. Of as few members those with most of that are named: a
    /// whole member where it fell, a cell of it where only that did.
    lift: f64,
}

fn answer(ask: &Ask<'_>, frames: &dyn Frames) -> Option<Insight> {
    let total = Segment::total();
    let usual = frames.judged(ask.kpi, ask.period, &total).ok()?;
    if usual.verdict == Course::Within {
        return None;
    }
    let whole = frames.figure(ask.kpi, ask.period, &total)?;
    let before = frames.before(ask.kpi, ask.period);
    // What a member was expected to be: what is usual of it, else its value before.
    let expected = |part: &Part| {
        let own = frames.judged(ask.kpi, ask.period, &part.segment).ok().map(|usual| usual.expected);
        own.or_else(|| Some(frames.figure(ask.kpi, before?, &part.segment)?.point))
    };
    let single = partitions(ask.kpi, ask.period, frames).into_values();
    let dimensions: Vec<Vec<Part>> =
        single.chain(crossings(ask.kpi, ask.period, frames).into_values()).collect();
    let compared: usize = dimensions.iter().map(Vec::len).sum();
    let additive = Check { name: "members make up the whole", holds: !dimensions.is_empty() };
    let mut best: Option<Found> = None;
    for parts in dimensions {
        let known: Option<Vec<(Part, f64)>> =
            parts.into_iter().map(|part| Some((part.clone(), expected(&part)?))).collect();
        let Some(found) = known.and_then(|parts| smallest(parts, whole.point, &usual)) else { continue };
        let better = best.as_ref().is_none_or(|known| {
            let order = found.members.len().cmp(&known.members.len());
            order.then(known.lift.total_cmp(&found.lift)).is_lt()
        });
        if better {
            best = Some(found);
        }
    }
    let (verdict, sentence, exhibit) = match best {
        Some(found) => {
            let rows = found.members.iter().map(|part| {
                (named(&part.segment), vec![Shown::Value(part.figure.point), Shown::Count(part.cases)])
            });
            let exhibit = Exhibit { columns: vec!["value", "cases"], rows: rows.collect() };
            let members = found.members.iter().map(|part| named(&part.segment)).collect();
            (
                Verdict::Yes,
                Sentence::SitsIn { members, compared, rest: found.rest, other_way: found.other_way },
                Some(exhibit),
            )
        }
        None if additive.holds => (Verdict::No, Sentence::NothingStandsOut { compared }, None),
        None => (Verdict::Unknown, Sentence::NotAdditive, None),
    };
    Some(Insight { verdict, says: vec![sentence], exhibit, checks: vec![additive], looked_at: compared })
}

/// The fewest members, those that deviate most first, without which the rest deviates no more the same way than the whole usually does.
/// That others went the other way meanwhile, so that the whole moved by less, is no reason not to say where it moved.
fn smallest(mut parts: Vec<(Part, f64)>, point: f64, usual: &Usual) -> Option<Found> {
    let deviation = point - usual.expected;
    let sign = if usual.above { 1.0 } else { -1.0 };
    let part = |(part, expected): &(Part, f64)| sign * part.cases * (part.figure.point - expected);
    // Ties by segment, so that nothing hangs on an order.
    parts.sort_by(|a, b| part(b).total_cmp(&part(a)).then_with(|| a.0.segment.cmp(&b.0.segment)));
    let all: f64 = parts.iter().map(|(part, _)| part.cases).sum();
    let total: f64 = parts.iter().map(part).sum();
    let (mut removed, mut explained) = (0.0, 0.0);
    for count in 1..parts.len() {
        let (gone, rest) = parts.split_at(count);
        let last = gone.last()?;
        removed += last.0.cases;
        explained += part(last);
        if removed > MOST * all || part(last) <= 0.0 {
            return None;
        }
        let cases: f64 = rest.iter().map(|(part, _)| part.cases).sum();
        let mean = |of: fn(&(Part, f64)) -> f64| rest.iter().map(of).sum::<f64>() / cases;
        let value = mean(|(part, _)| part.cases * part.figure.point);
        let off = value - mean(|(part, expected)| part.cases * expected);
        // What is made of fewer cases varies by more.
        let wider = (all / cases).sqrt();
        let (low, high) = (wider * (usual.low - usual.expected), wider * (usual.high - usual.expected));
        if sign * off <= if usual.above { high } else { -low } {
            let members = gone.iter().map(|(part, _)| part.clone()).collect();
            let explained = if total > 0.0 { explained / total } else { 0.0 };
            let lift = explained - removed / all;
            return (sign * off <= LEFT * deviation.abs()).then_some(Found {
                members,
                rest: value,
                other_way: !(low..=high).contains(&off),
                lift,
            });
        }
    }
    None
}
