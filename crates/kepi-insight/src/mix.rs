//! What is the change made of? Changed values of members, and another mix of them; the parts add up.

use std::collections::BTreeMap;

use kepi_query::value::Segment;
use kepi_stats::decomposition::mix_rate::{self, Interaction, MixRate, mix_rate};

use crate::{
    analysis::{Analysis, Ask, Cadence, Check, Exhibit, Frames, Insight, Part, Shown, Verdict, partitions},
    sentence::Sentence,
};

/// The row of the list.
pub const ANALYSIS: Analysis = Analysis {
    name: "mix",
    version: 1,
    question: "Did values change, or the mix of those who are measured?",
    cadence: Cadence::Standing,
    family: None,
    answer,
};

/// The split of a change by one dimension.
pub(crate) struct Split {
    /// Its name in words.
    pub dimension: String,
    /// Members before and now, in one order; one that is absent has no cases.
    pub sides: Vec<[Option<Part>; 2]>,
    /// The parts.
    pub parts: MixRate,
}

/// The change since the last period, by every dimension whose members make up the whole in both.
pub(crate) fn splits(ask: &Ask<'_>, frames: &dyn Frames) -> Vec<Split> {
    let Some(before) = frames.before(ask.kpi, ask.period) else { return Vec::new() };
    let now = partitions(ask.kpi, ask.period, frames);
    let mut then = partitions(ask.kpi, before, frames);
    let split = |(dimension, now): (kepi_model::id::DimensionId, Vec<Part>)| {
        let mut sides: BTreeMap<Segment, [Option<Part>; 2]> = BTreeMap::new();
        for part in then.remove(&dimension)? {
            let [before, _] = sides.entry(part.segment.clone()).or_default();
            *before = Some(part);
        }
        for part in now {
            let [_, now] = sides.entry(part.segment.clone()).or_default();
            *now = Some(part);
        }
        let side = |at: usize| -> Vec<mix_rate::Segment> {
            let part = |of: &[Option<Part>; 2]| {
                of.get(at).and_then(Option::as_ref).map(|p| (p.cases, p.figure.point))
            };
            let of = sides.values().map(|of| part(of).unwrap_or((0.0, 0.0)));
            of.map(|(weight, rate)| mix_rate::Segment { weight, rate }).collect()
        };
        let parts = mix_rate(&side(0), &side(1), Interaction::Midpoint).ok()?;
        let dimension = dimension.as_str().replace('_', " ");
        Some(Split { dimension, sides: sides.into_values().collect(), parts })
    };
    now.into_iter().filter_map(split).collect()
}

fn answer(ask: &Ask<'_>, frames: &dyn Frames) -> Option<Insight> {
    frames.before(ask.kpi, ask.period)?;
    let all = splits(ask, frames);
    // The dimension whose mix has done most is told; the table has all.
    let most = all.iter().max_by(|a, b| {
        let mix = |of: &Split| of.parts.mix_total().abs();
        mix(a).total_cmp(&mix(b)).then_with(|| b.dimension.cmp(&a.dimension))
    });
    let looked_at = all.iter().map(|of| of.sides.len()).sum();
    let checks = vec![Check { name: "members make up the whole", holds: most.is_some() }];
    let Some(most) = most else {
        let says = vec![Sentence::NotAdditive];
        return Some(Insight { verdict: Verdict::Unknown, says, exhibit: None, checks, looked_at });
    };
    let sentence = Sentence::MadeOf {
        dimension: most.dimension.clone(),
        values: most.parts.rate_total(),
        mix: most.parts.mix_total(),
    };
    let rows = all.iter().map(|of| {
        let parts = [of.parts.rate_total(), of.parts.mix_total(), of.parts.total];
        (of.dimension.clone(), parts.map(Shown::Difference).to_vec())
    });
    let exhibit =
        Exhibit { columns: vec!["changed values", "another mix", "together"], rows: rows.collect() };
    // Mix has done it where it is more than half of what both have moved.
    let mix = most.parts.mix_total().abs();
    let verdict = if mix > most.parts.rate_total().abs() { Verdict::Yes } else { Verdict::No };
    Some(Insight { verdict, says: vec![sentence], exhibit: Some(exhibit), checks, looked_at })
}
