//! Who stands apart, for long? Members that differ from the rest of the rows in at least three of the last four periods, the same way,
//! each time beyond what their number leaves to chance. A gap that stands is not the cause of a change.

use kepi_query::value::Segment;

use crate::{
    analysis::{
        Analysis, Ask, Cadence, Check, Exhibit, Frames, Insight, Part, Shown, Verdict, named, partitions,
    },
    policy::{Family, apart},
    sentence::Sentence,
};

/// The row of the list.
pub const ANALYSIS: Analysis = Analysis {
    name: "standing",
    version: 1,
    question: "Who stands apart from the rest, for long?",
    cadence: Cadence::Standing,
    family: Some(Family::Standing),
    answer,
};

/// Periods that are looked at, and in how many of them a gap must be.
const PERIODS: i32 = 4;
const AT_LEAST: usize = 3;
/// Fewer cases are not compared.
const FEWEST: f64 = 30.0;

/// A member against the rest of its dimension.
struct Gap {
    part: Part,
    rest: f64,
    z: f64,
}

/// Every member of every dimension against the other members together.
fn gaps(ask: &Ask<'_>, ordinal: i32, frames: &dyn Frames) -> Vec<Gap> {
    let period = kepi_model::calendar::Period { ordinal, ..ask.period };
    let mut gaps = Vec::new();
    for parts in partitions(ask.kpi, period, frames).into_values() {
        let all: f64 = parts.iter().map(|part| part.cases).sum();
        for part in &parts {
            let rest = all - part.cases;
            if part.cases < FEWEST || rest < FEWEST {
                continue;
            }
            let others = || parts.iter().filter(|other| other.segment != part.segment);
            let value = others().map(|other| other.cases / rest * other.figure.point).sum::<f64>();
            let spread: Option<f64> = others()
                .filter(|other| other.cases > 0.0)
                .map(|other| Some((other.cases / rest) * (other.cases / rest) * other.figure.variance()?))
                .sum();
            let Some(spread) = spread.zip(part.figure.variance()).map(|(a, b)| (a + b).sqrt()) else {
                continue;
            };
            if spread > 0.0 {
                let z = (part.figure.point - value) / spread;
                gaps.push(Gap { part: part.clone(), rest: value, z });
            }
        }
    }
    gaps
}

fn answer(ask: &Ask<'_>, frames: &dyn Frames) -> Option<Insight> {
    let total = frames.figure(ask.kpi, ask.period, &Segment::total())?;
    if !total.is_final {
        return None;
    }
    let now = gaps(ask, ask.period.ordinal, frames);
    let looked_at = now.len();
    if now.is_empty() {
        return None;
    }
    let attention = &frames.project().attention;
    let out = |gaps: &[Gap]| -> Vec<(Segment, bool)> {
        let z: Vec<f64> = gaps.iter().map(|gap| gap.z).collect();
        let apart = apart(attention, &z);
        gaps.iter()
            .zip(apart)
            .filter(|(_, apart)| *apart)
            .map(|(gap, _)| (gap.part.segment.clone(), gap.z > 0.0))
            .collect()
    };
    let here = out(&now);
    let earlier: Vec<Vec<(Segment, bool)>> =
        (1..PERIODS).map(|back| out(&gaps(ask, ask.period.ordinal - back, frames))).collect();
    let periods = earlier.iter().filter(|of| !of.is_empty()).count() + 1;
    let mut standing: Vec<(&Gap, usize)> = now
        .iter()
        .filter_map(|gap| {
            let key = (gap.part.segment.clone(), gap.z > 0.0);
            let times =
                usize::from(here.contains(&key)) + earlier.iter().filter(|of| of.contains(&key)).count();
            (here.contains(&key) && times >= AT_LEAST).then_some((gap, times))
        })
        .collect();
    standing.sort_by(|a, b| {
        b.0.z.abs().total_cmp(&a.0.z.abs()).then_with(|| a.0.part.segment.cmp(&b.0.part.segment))
    });
    let checks = vec![
        Check { name: "members make up the whole", holds: true },
        Check { name: "enough periods", holds: periods >= AT_LEAST },
    ];
    let Some((most, times)) = standing.first() else {
        let says = vec![Sentence::NobodyStandsApart { compared: looked_at }];
        return Some(Insight { verdict: Verdict::No, says, exhibit: None, checks, looked_at });
    };
    let says = vec![Sentence::StandsApart {
        name: named(&most.part.segment),
        value: most.part.figure.point,
        rest: most.rest,
        times: *times,
        of: PERIODS as usize,
        others: standing.len() - 1,
        compared: looked_at,
    }];
    let row = |(gap, times): &(&Gap, usize)| {
        let figures =
            [Shown::Value(gap.part.figure.point), Shown::Value(gap.rest), Shown::Count(*times as f64)];
        (named(&gap.part.segment), figures.to_vec())
    };
    let exhibit = Exhibit {
        columns: vec!["value", "the rest", "of the last 4 periods"],
        rows: standing.iter().map(row).collect(),
    };
    Some(Insight { verdict: Verdict::Yes, says, exhibit: Some(exhibit), checks, looked_at })
}
