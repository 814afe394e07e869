//! Is the scorecard balanced? What a scorecard is made of, held against limits: what leads and what lags, perspectives, too many KPIs, who answers
//! for them, and whether customers are asked. Of definitions only.

use std::collections::{BTreeMap, BTreeSet};

use kepi_model::{
    calendar::Period,
    measure::{Indicator, Measure},
    project::{Kpi, Project, Scorecard},
};

use crate::{
    analysis::{Analysis, Ask, Cadence, Check, Frames, Insight, Verdict},
    sentence::{Imbalance, Sentence},
};

/// The row of the list.
pub const ANALYSIS: Analysis = Analysis {
    name: "balance",
    version: 1,
    question: "Is the scorecard balanced that it counts on?",
    cadence: Cadence::OnRequest,
    family: None,
    answer,
};

/// At least this share of what says whether it leads or lags leads, and at least this share lags.
const EITHER: f64 = 0.2;
/// At most this weight on one perspective, in parts of 10 000.
const HEAVIEST: u32 = 6_000;
/// At most so many KPIs an objective, a person and a scorecard.
const OF_OBJECTIVE: usize = 5;
const OF_PERSON: usize = 7;
const OF_CARD: usize = 30;
/// Fewer KPIs are no scorecard of which balance could be asked.
const FEWEST: usize = 4;

/// What is out of balance in a scorecard in force.
#[must_use]
pub fn of(scorecard: &Scorecard, project: &Project) -> Vec<Imbalance> {
    let objectives = || scorecard.perspectives.iter().flat_map(|perspective| &perspective.objectives);
    let ids: BTreeSet<_> = objectives().flat_map(|objective| &objective.kpis).map(|(id, _)| id).collect();
    let kpis: Vec<&Kpi> = ids.iter().filter_map(|id| project.kpis.get(*id)).collect();
    if kpis.len() < FEWEST {
        return Vec::new();
    }
    let mut found = Vec::new();
    let count = |wanted| kpis.iter().filter(|kpi| kpi.indicator == Some(wanted)).count();
    let (leading, lagging) = (count(Indicator::Leading), count(Indicator::Lagging));
    let all = leading + lagging;
    if all > 0 && (leading.min(lagging) as f64) < EITHER * all as f64 {
        found.push(Imbalance::Indicators { leading, lagging });
    }
    let strategy = project.strategy.iter().flat_map(|strategy| &strategy.perspectives);
    for perspective in strategy {
        let own = scorecard.perspectives.iter().find(|of| of.id == perspective.id);
        let measured = own.is_some_and(|of| of.objectives.iter().any(|objective| !objective.kpis.is_empty()));
        if !measured {
            found.push(Imbalance::Unmeasured { perspective: perspective.name.clone() });
        } else if let Some(of) = own.filter(|of| of.weight > HEAVIEST && scorecard.perspectives.len() > 1) {
            found.push(Imbalance::Heavy { perspective: perspective.name.clone(), weight: of.weight });
        }
    }
    if kpis.len() > OF_CARD {
        found.push(Imbalance::Many { of: scorecard.name.clone(), kpis: kpis.len(), most: OF_CARD });
    }
    for objective in objectives().filter(|objective| objective.kpis.len() > OF_OBJECTIVE) {
        let named = project
            .strategy
            .iter()
            .flat_map(|strategy| &strategy.objectives)
            .find(|of| of.id == objective.id);
        let name = named.map_or_else(|| objective.id.to_string(), |of| of.name.clone());
        found.push(Imbalance::Many { of: name, kpis: objective.kpis.len(), most: OF_OBJECTIVE });
    }
    let mut by_person: BTreeMap<_, usize> = BTreeMap::new();
    kpis.iter()
        .filter_map(|kpi| kpi.accountable.as_ref())
        .for_each(|person| *by_person.entry(person).or_default() += 1);
    for (person, kpis) in by_person.into_iter().filter(|(_, kpis)| *kpis > OF_PERSON) {
        let name =
            project.persons.get(person).map_or_else(|| person.to_string(), |person| person.name.clone());
        found.push(Imbalance::Many { of: name, kpis, most: OF_PERSON });
    }
    let asks = kpis.iter().filter(|kpi| matches!(kpi.measure, Measure::Nps(_) | Measure::Rating(_))).count();
    if asks == kpis.len() {
        found.push(Imbalance::OnlyAnswers { kpis: asks });
    }
    found
}

/// The scorecard in force in a period that a KPI counts on.
fn card<'a>(kpi: &Kpi, period: Period, project: &'a Project) -> Option<&'a Scorecard> {
    let day = project.calendar.last_day(period).ok()?;
    let in_force = project.scorecards.values().filter_map(|scorecard| scorecard.in_force(day));
    let counts = |scorecard: &&Scorecard| {
        let objectives = scorecard.perspectives.iter().flat_map(|perspective| &perspective.objectives);
        objectives.flat_map(|objective| &objective.kpis).any(|(id, _)| *id == kpi.id)
    };
    in_force.into_iter().find(counts)
}

fn answer(ask: &Ask<'_>, frames: &dyn Frames) -> Option<Insight> {
    let scorecard = card(ask.kpi, ask.period, frames.project())?;
    let found = of(scorecard, frames.project());
    let verdict = if found.is_empty() { Verdict::Yes } else { Verdict::No };
    let mut says: Vec<Sentence> = found.into_iter().map(Sentence::Imbalance).collect();
    if says.is_empty() {
        says.push(Sentence::Balanced { scorecard: scorecard.name.clone() });
    }
    let checks = vec![Check { name: "enough KPIs", holds: scorecard.kpis().count() >= FEWEST }];
    Some(Insight { verdict, says, exhibit: None, checks, looked_at: scorecard.kpis().count() })
}
