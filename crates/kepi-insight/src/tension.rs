//! Does it get worse where others of its objective get better? KPIs that serve one objective should not pull against each other.

use kepi_model::project::{Kpi, Sign};

use crate::{
    analysis::{Analysis, Ask, Cadence, Check, Frames, Insight, Verdict},
    association::{Association, Untold},
    link::{self, Pair, is_part},
    policy,
    sentence::Sentence,
};

/// The row of the list.
pub const ANALYSIS: Analysis = Analysis {
    name: "tension",
    version: 1,
    question: "Does it get worse where others of its objective get better?",
    cadence: Cadence::OnRequest,
    family: None,
    answer,
};

fn answer(ask: &Ask<'_>, frames: &dyn Frames) -> Option<Insight> {
    let objective = ask.kpi.objective.as_ref()?;
    let way = link::sense(ask.kpi)?;
    let siblings = frames.project().kpis.values().filter(|other| {
        other.objective.as_ref() == Some(objective)
            && link::sense(other).is_some()
            && !is_part(other, ask.kpi)
            && !is_part(ask.kpi, other)
    });
    let siblings: Vec<&Kpi> = siblings.collect();
    if siblings.is_empty() {
        return None;
    }
    let found: Vec<(&Kpi, Result<Association, Untold>)> = siblings
        .iter()
        .map(|other| {
            let (cause, effect) = (*other, ask.kpi);
            let pair = Pair { cause, effect, sign: Sign::Positive, lag: None, worth: None };
            (*other, link::measured(&pair, ask.period, frames))
        })
        .collect();
    let compared = found.iter().filter(|(_, of)| of.is_ok()).count();
    let mut says = Vec::new();
    let mut all = true;
    for (other, of) in &found {
        let Ok(of) = of else { continue };
        let (verdict, range) =
            policy::together(of, way, link::worth(ask.kpi, ask.period, frames.project()), compared);
        all &= verdict != Verdict::Unknown;
        if verdict == Verdict::Contrary {
            says.push(Sentence::InTension { other: other.name.clone(), association: *of, range });
        }
    }
    let verdict = match (says.is_empty(), compared) {
        (false, _) => Verdict::Yes,
        (true, n) if n > 0 && all => Verdict::No,
        (true, _) => Verdict::Unknown,
    };
    if says.is_empty() {
        says.push(Sentence::NoTension { compared, of: siblings.len(), excluded: verdict == Verdict::No });
    }
    let checks = vec![Check { name: "enough periods or members", holds: compared == siblings.len() }];
    Some(Insight { verdict, says, exhibit: None, checks, looked_at: compared })
}
