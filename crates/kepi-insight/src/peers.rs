//! What is to be expected of each member, few cases as it may have? Each is drawn to the mean of its peers, the more the less of its own is known and
//! the less members differ at all; what is drawn foretells the next period better than what was seen (Efron and Morris 1975). What each
//! betters by itself in one period of six follows from the last twelve, drawn likewise: a target that asks as much of a small member as of a large
//! one, and no less of one that has just collapsed.

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
    version: 2,
    question: "What is to be expected of each member beside its peers?",
    cadence: Cadence::OnRequest,
    family: None,
    answer,
};

/// Fewer peers have nothing in common that could be told.
const FEWEST: usize = 4;
/// Final periods, the newest among them, from which it follows what a member betters by itself.
const PERIODS: i32 = 12;
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

/// What a member came to in the last periods: their mean and the variance of sampling in one of them, and how far they lie off the mean.
struct Past {
    periods: f64,
    mean: f64,
    sampling: f64,
    squares: f64,
}

fn past(part: &Part, ask: &Ask<'_>, frames: &dyn Frames, scale: Scale) -> Option<Past> {
    let one = |ago: i32| {
        let figure = frames.figure(ask.kpi, ask.period.offset(-ago), &part.segment)?;
        let known = scale.to(figure.point).zip(figure.variance_on(scale));
        known.filter(|_| figure.is_final || ago == 0)
    };
    let known: Vec<(f64, f64)> = (0..PERIODS).filter_map(one).collect();
    let periods = known.len() as f64;
    let mean = known.iter().map(|(value, _)| value).sum::<f64>() / periods;
    let sampling = known.iter().map(|(_, variance)| variance).sum::<f64>() / periods;
    let squares = known.iter().map(|(value, _)| (value - mean) * (value - mean)).sum();
    (!known.is_empty()).then_some(Past { periods, mean, sampling, squares })
}

/// What each betters by itself in one period of six: its mean of the last ones drawn to that of its peers, and what one period varies by around it –
/// by sampling, and by what members vary beyond that from period to period (moments, all members together).
fn suggested(past: &[Past], better: Better, scale: Scale) -> Option<Vec<f64>> {
    let z = match better {
        Better::Higher => normal::quantile(1.0 - SELDOM),
        Better::Lower => normal::quantile(SELDOM),
        Better::InRange => return None,
    };
    let beyond: f64 = past.iter().map(|of| of.squares - (of.periods - 1.0) * of.sampling).sum();
    let freedom: f64 = past.iter().map(|of| of.periods - 1.0).sum();
    let noise = if freedom > 0.0 { (beyond / freedom).max(0.0) } else { 0.0 };
    let effect = |of: &Past| Effect { value: of.mean, variance: (noise + of.sampling) / of.periods };
    let effects: Vec<Effect> = past.iter().map(effect).collect();
    let pooled = pool(&effects, Between::Reml, Level::NINETY_FIVE).ok()?;
    let one = |((of, effect), drawn): ((&Past, &Effect), &f64)| {
        let kept = pooled.between / (pooled.between + effect.variance);
        // What is not known of the member and of the mean, and what the next period varies by with as many cases.
        let mean = (1.0 - kept) * pooled.standard_error;
        let spread = (kept * effect.variance + mean * mean + noise + of.sampling).sqrt();
        scale.from(scale.within(drawn + z * spread))
    };
    Some(past.iter().zip(&effects).zip(&pooled.shrunk).map(one).collect())
}

fn answer(ask: &Ask<'_>, frames: &dyn Frames) -> Option<Insight> {
    let scale = Scale::of(&ask.kpi.unit);
    let members = members(ask, frames, scale)?;
    let effects: Vec<Effect> = members.iter().map(|(_, effect)| *effect).collect();
    let pooled = pool(&effects, Between::Reml, Level::NINETY_FIVE).ok()?;
    let past: Option<Vec<Past>> = members.iter().map(|(part, _)| past(part, ask, frames, scale)).collect();
    let suggested = past.and_then(|past| suggested(&past, ask.kpi.better, scale));
    let row = |(at, ((part, _), drawn)): (usize, (&(Part, Effect), &f64))| {
        let suggested = suggested.as_ref().and_then(|of| of.get(at)).copied();
        let figures = [Some(part.figure.point), Some(scale.from(*drawn)), suggested];
        (named(&part.segment), figures.into_iter().flatten().map(Shown::Value).collect())
    };
    let rows = members.iter().zip(&pooled.shrunk).enumerate().map(row).collect();
    let mut columns = vec!["value", "drawn to peers"];
    columns.extend(suggested.as_ref().map(|_| "one period in six"));
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
