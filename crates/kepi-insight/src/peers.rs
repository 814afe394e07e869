//! What is to be expected of each member, few cases as it may have? Each is drawn to the mean of its peers, the more the less of its own is known and
//! the less members differ at all; what is drawn foretells the next period better than what was seen (Efron and Morris 1975). From it follows what each
//! betters by itself in one period of six: a target that asks as much of a small member as of a large one.

use kepi_model::project::Better;
use kepi_stats::{
    distribution::normal,
    estimate::Level,
    ranking::pooling::{Between, Effect, pool},
};

use crate::{
    analysis::{
        Analysis, Ask, Cadence, Check, Exhibit, Frames, Insight, Part, Shown, Verdict, named, partitions,
    },
    frame::Scale,
    policy,
    sentence::Sentence,
};

/// The row of the list.
pub const ANALYSIS: Analysis = Analysis {
    name: "peers",
    version: 1,
    question: "What is to be expected of each member beside its peers?",
    cadence: Cadence::OnRequest,
    family: None,
    answer,
};

/// Fewer peers have nothing in common that could be told.
const FEWEST: usize = 4;
/// The share of periods that better what is suggested by themselves, as of a total.
const SELDOM: f64 = 1.0 / 6.0;

/// Members with their sampling error on the scale, of the dimension that has most of them.
fn members(ask: &Ask<'_>, frames: &dyn Frames, scale: Scale) -> Option<Vec<(Part, Effect)>> {
    let of = |parts: Vec<Part>| -> Option<Vec<(Part, Effect)>> {
        let one = |part: Part| {
            let value = scale.to(part.figure.point)?;
            let variance = part.figure.variance_on(scale).filter(|variance| *variance > 0.0)?;
            Some((part, Effect { value, variance }))
        };
        parts.into_iter().map(one).collect()
    };
    let all = partitions(ask.kpi, ask.period, frames).into_values().filter_map(of);
    all.rev().max_by_key(Vec::len).filter(|members| members.len() >= FEWEST)
}

fn answer(ask: &Ask<'_>, frames: &dyn Frames) -> Option<Insight> {
    let scale = Scale::of(&ask.kpi.unit);
    let members = members(ask, frames, scale)?;
    let effects: Vec<Effect> = members.iter().map(|(_, effect)| *effect).collect();
    let pooled = pool(&effects, Between::Reml, Level::NINETY_FIVE).ok()?;
    let z = normal::quantile(1.0 - SELDOM);
    let better = match ask.kpi.better {
        Better::Higher => Some(z),
        Better::Lower => Some(-z),
        Better::InRange => None,
    };
    let row = |((part, effect), drawn): (&(Part, Effect), &f64)| {
        let kept = pooled.between / (pooled.between + effect.variance);
        // What is not known of the member and of the mean, and what the next period varies by with as many cases.
        let mean = (1.0 - kept) * pooled.standard_error;
        let spread = (kept * effect.variance + mean * mean + effect.variance).sqrt();
        let suggested = better.map(|z| scale.from(scale.within(drawn + z * spread)));
        let figures = [Some(part.figure.point), Some(scale.from(*drawn)), suggested];
        (named(&part.segment), figures.into_iter().flatten().map(Shown::Value).collect())
    };
    let rows = members.iter().zip(&pooled.shrunk).map(row).collect();
    let mut columns = vec!["value", "drawn to peers"];
    columns.extend(better.map(|_| "one period in six"));
    let differ = policy::beyond_usual(pooled.q_p_value);
    let says = Sentence::Peers {
        members: members.len(),
        mean: scale.from(pooled.mean.point),
        real: pooled.i_squared / 100.0,
        differ,
    };
    let checks = vec![Check { name: "members differ by more than chance", holds: differ }];
    Some(Insight {
        verdict: if differ { Verdict::Yes } else { Verdict::Unknown },
        says: vec![says],
        exhibit: Some(Exhibit { columns, rows }),
        checks,
        looked_at: members.len(),
    })
}
