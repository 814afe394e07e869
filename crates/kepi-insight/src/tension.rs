//! Does it get worse where others get better, at once or some periods later? KPIs that serve one objective, or objectives of one scorecard, should
//! not pull against each other.

use std::collections::BTreeSet;

use kepi_model::project::{Kpi, Sign};

use crate::{
    analysis::{Analysis, Ask, Cadence, Check, Frames, Insight, Verdict},
    association::Association,
    balance,
    link::{self, Pair, is_part},
    policy,
    sentence::Sentence,
};

/// The row of the list.
pub const ANALYSIS: Analysis = Analysis {
    name: "tension",
    version: 2,
    question: "Does it get worse where others of its scorecard get better, or some periods later?",
    cadence: Cadence::OnRequest,
    family: None,
    answer,
};

/// After so many periods one is looked for.
const LAGS: std::ops::RangeInclusive<u32> = 0..=3;

/// What was found of another KPI: after each lag at which both can be compared.
struct Beside<'a> {
    other: &'a Kpi,
    found: Vec<(u32, Association)>,
}

fn answer(ask: &Ask<'_>, frames: &dyn Frames) -> Option<Insight> {
    let project = frames.project();
    let objective = ask.kpi.objective.as_ref()?;
    let way = link::sense(ask.kpi)?;
    let on_card: BTreeSet<_> = balance::card(ask.kpi, ask.period, project)
        .into_iter()
        .flat_map(|card| &card.perspectives)
        .flat_map(|perspective| &perspective.objectives)
        .flat_map(|objective| objective.kpis())
        .collect();
    let others = project.kpis.values().filter(|other| {
        (other.objective.as_ref() == Some(objective) || on_card.contains(&other.id))
            && link::sense(other).is_some()
            && link::have_same_periods(other, ask.kpi, project)
            && !is_part(other, ask.kpi)
            && !is_part(ask.kpi, other)
    });
    let beside: Vec<Beside<'_>> = others
        .map(|other| {
            let (cause, effect) = (other, ask.kpi);
            let after = |lag: u32| {
                let lag_of = (lag > 0).then_some((lag, ask.period.grain));
                let pair = Pair { cause, effect, sign: Sign::Positive, lag: lag_of, worth: None };
                Some((lag, link::measured(&pair, ask.period, frames).ok()?))
            };
            Beside { other, found: LAGS.filter_map(after).collect() }
        })
        .collect();
    if beside.is_empty() {
        return None;
    }
    let compared = beside.iter().filter(|of| !of.found.is_empty()).count();
    // Every lag of every other is a question of its own.
    let asked = beside.iter().map(|of| of.found.len()).sum();
    let worth = link::worth(ask.kpi, ask.period, project);
    let mut says = Vec::new();
    let mut all = true;
    for Beside { other, found } in &beside {
        let told = found.iter().map(|(lag, of)| (*lag, of, policy::together(of, way, worth, asked)));
        let told: Vec<_> = told.collect();
        all &=
            told.len() == LAGS.count() && told.iter().all(|(.., (verdict, _))| *verdict != Verdict::Unknown);
        // The one that is surest; of equals the soonest.
        let strength = |of: &Association| (of.effect / of.error).abs();
        let worst = told
            .into_iter()
            .filter(|(.., (verdict, _))| *verdict == Verdict::Contrary)
            .max_by(|a, b| strength(a.1).total_cmp(&strength(b.1)).then(b.0.cmp(&a.0)));
        if let Some((lag, of, (_, range))) = worst {
            let apart = other.objective.as_ref().filter(|of| *of != objective);
            let objectives = project.strategy.iter().flat_map(|strategy| &strategy.objectives);
            let serves = apart.and_then(|id| objectives.clone().find(|of| of.id == *id));
            says.push(Sentence::InTension {
                other: other.name.clone(),
                serves: serves.map(|objective| objective.name.clone()),
                after: (lag > 0).then_some((lag, ask.period.grain)),
                association: *of,
                range,
            });
        }
    }
    let verdict = match (says.is_empty(), compared) {
        (false, _) => Verdict::Yes,
        (true, n) if n > 0 && all => Verdict::No,
        (true, _) => Verdict::Unknown,
    };
    if says.is_empty() {
        says.push(Sentence::NoTension { compared, of: beside.len(), excluded: verdict == Verdict::No });
    }
    let checks = vec![Check { name: "enough periods or members", holds: compared == beside.len() }];
    Some(Insight { verdict, says, exhibit: None, checks, looked_at: asked })
}
