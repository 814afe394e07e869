//! Is it this question, or the way they answer? Members whose answers lie apart on every question of a survey answer another way; what is
//! left of a gap beside the same members' other answers is this question's own. Both are said.

use kepi_stats::distribution::student;

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
    name: "style",
    version: 1,
    question: "Is it this figure, or are they so in everything?",
    cadence: Cadence::OnRequest,
    family: None,
    answer,
};

/// Other KPIs of the same rows that are needed.
const OTHERS: usize = 4;
/// Fewer cases are not compared.
const FEWEST: f64 = 30.0;

/// A member against the rest, on the scale of its kind.
struct Gap {
    part: Part,
    rest: f64,
    off: f64,
    variance: f64,
}

fn gaps(ask: &Ask<'_>, frames: &dyn Frames) -> Vec<Gap> {
    let scale = Scale::of(&ask.kpi.unit);
    let mut gaps = Vec::new();
    for parts in partitions(ask.kpi, ask.period, frames).into_values() {
        let all: f64 = parts.iter().map(|part| part.cases).sum();
        for part in &parts {
            let rest = all - part.cases;
            if part.cases < FEWEST || rest < FEWEST {
                continue;
            }
            let others = parts.iter().filter(|other| other.segment != part.segment);
            let value = others.map(|other| other.cases / rest * other.figure.point).sum::<f64>();
            let variance = part.figure.variance_on(scale);
            let Some(((own, other), variance)) =
                scale.to(part.figure.point).zip(scale.to(value)).zip(variance)
            else {
                continue;
            };
            // The rest is as certain as its cases make it beside the member's.
            let variance = variance * (1.0 + part.cases / rest);
            gaps.push(Gap { part: part.clone(), rest: value, off: own - other, variance });
        }
    }
    gaps
}

fn answer(ask: &Ask<'_>, frames: &dyn Frames) -> Option<Insight> {
    let (kpi, project) = (ask.kpi, frames.project());
    let way = crate::link::sense(kpi)?;
    let others = project.kpis.values().filter(|other| {
        other.id != kpi.id
            && other.reads == kpi.reads
            && other.unit == kpi.unit
            && other.period == kpi.period
            && crate::link::have_same_periods(other, kpi, project)
    });
    // Worse is worse, whichever way is good.
    let others: Vec<(f64, Vec<Gap>)> = others
        .filter_map(|other| Some((crate::link::sense(other)?, gaps(&Ask { kpi: other, ..*ask }, frames))))
        .filter(|(_, gaps)| !gaps.is_empty())
        .collect();
    let own = gaps(ask, frames);
    if own.is_empty() || others.len() < OTHERS {
        return None;
    }
    let z: Vec<f64> = own.iter().map(|gap| gap.off / gap.variance.sqrt()).collect();
    let apart = policy::apart(&project.attention, &z);
    let scale = Scale::of(&kpi.unit);
    let (mut says, mut rows, mut real) = (Vec::new(), Vec::new(), false);
    for gap in own.iter().zip(apart).filter(|(_, apart)| *apart).map(|(gap, _)| gap) {
        let same = |of: &Gap| of.part.segment == gap.part.segment;
        let beside: Vec<f64> = others
            .iter()
            .filter_map(|(sense, gaps)| Some(way * sense * gaps.iter().find(|of| same(of))?.off))
            .collect();
        let n = beside.len() as f64;
        if beside.len() < OTHERS {
            continue;
        }
        let mean = beside.iter().sum::<f64>() / n;
        let between = beside.iter().map(|off| (off - mean) * (off - mean)).sum::<f64>() / (n - 1.0);
        let left = gap.off - mean;
        let spread = (gap.variance + between * (1.0 + 1.0 / n)).sqrt();
        let is_own = left * gap.off > 0.0 && policy::beyond_usual(student::two_sided(left / spread, n - 1.0));
        real |= is_own;
        let value = gap.part.figure.point;
        let place = scale.to(value).unwrap_or(0.0);
        let adjusted = value - scale.from(scale.within(place - left));
        let alike = beside.iter().filter(|off| **off * gap.off > 0.0).count();
        let raw = value - gap.rest;
        rows.push((
            named(&gap.part.segment),
            vec![Shown::Difference(raw), Shown::Difference(adjusted), Shown::Count(alike as f64)],
        ));
        says.push((
            (left / spread).abs(),
            Sentence::Style {
                name: named(&gap.part.segment),
                raw,
                adjusted,
                own: is_own,
                alike,
                others: beside.len(),
            },
        ));
    }
    let looked_at = own.len();
    let checks = vec![Check { name: "members make up the whole", holds: true }];
    if says.is_empty() {
        let says = vec![Sentence::NobodyStandsApart { compared: looked_at }];
        return Some(Insight { verdict: Verdict::No, says, exhibit: None, checks, looked_at });
    }
    says.sort_by(|a, b| b.0.total_cmp(&a.0));
    let says = says.into_iter().take(3).map(|(_, sentence)| sentence).collect();
    let exhibit = Exhibit {
        columns: vec!["against the rest", "beside their other answers", "others the same way"],
        rows,
    };
    let verdict = if real { Verdict::Yes } else { Verdict::No };
    Some(Insight { verdict, says, exhibit: Some(exhibit), checks, looked_at })
}
