//! Does the total hide the opposite? It moved one way while its members, held at their mix, moved the other (Simpson's paradox).

use kepi_query::value::Segment;

use crate::{
    analysis::{Analysis, Ask, Cadence, Check, Exhibit, Frames, Insight, Part, Shown, Verdict},
    mix::{Split, splits},
    policy::beyond_sampling,
    sentence::Sentence,
};

/// The row of the list.
pub const ANALYSIS: Analysis = Analysis {
    name: "paradox",
    version: 1,
    question: "Does the total hide that its parts moved the other way?",
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

fn answer(ask: &Ask<'_>, frames: &dyn Frames) -> Option<Insight> {
    let total = Segment::total();
    let now = frames.figure(ask.kpi, ask.period, &total)?;
    let before = frames.figure(ask.kpi, frames.before(ask.kpi, ask.period)?, &total)?;
    let own = now.variance()? + before.variance()?;
    let change = now.point - before.point;
    let all = splits(ask, frames);
    if all.is_empty() {
        return None;
    }
    let looked_at = all.len();
    let turned = all.iter().find(|of| reverses(of, (change, own)) == Some(true));
    let checks = vec![Check { name: "members make up the whole", holds: true }];
    let Some(of) = turned else {
        let says = vec![Sentence::NothingTurns { dimensions: looked_at }];
        return Some(Insight { verdict: Verdict::No, says, exhibit: None, checks, looked_at });
    };
    let rows = of.sides.iter().filter_map(|side| {
        let [Some(before), Some(now)] = side else { return None };
        let row = |part: &Part| Shown::Value(part.figure.point);
        let moved = Shown::Difference(now.figure.point - before.figure.point);
        Some((crate::analysis::named(&now.segment), vec![row(before), row(now), moved]))
    });
    let exhibit = Exhibit { columns: vec!["before", "now", "moved"], rows: rows.collect() };
    let says =
        vec![Sentence::Turns { dimension: of.dimension.clone(), total: change, held: of.parts.rate_total() }];
    Some(Insight { verdict: Verdict::Yes, says, exhibit: Some(exhibit), checks, looked_at })
}
