//! Is the scorecard balanced? What a scorecard is made of, held against limits: what leads and what lags, perspectives, too many KPIs, who answers
//! for them, how far and how soon they look, what drives and what comes of it, and what people judge beside what is counted. Of definitions only; the limits are
//! the project's.

use std::collections::{BTreeMap, BTreeSet};

use kepi_model::{
    calendar::Period,
    entity::scale_of,
    expression::{Expression, Node},
    measure::{Indicator, Measure},
    project::{Kpi, Project, Scorecard},
};

use crate::{
    analysis::{Analysis, Ask, Cadence, Check, Frames, Insight, Verdict},
    role,
    sentence::{Imbalance, Sentence},
};

/// The row of the list.
pub const ANALYSIS: Analysis = Analysis {
    name: "balance",
    version: 3,
    question: "Is the scorecard balanced that it counts on?",
    cadence: Cadence::OnRequest,
    family: None,
    answer,
};

/// What is known only after so many decisions could have been taken comes late for all of them.
const SLOW: f64 = 3.0;
/// Fewer KPIs are no scorecard of which balance could be asked.
const FEWEST: usize = 4;

/// What is out of balance in a scorecard in force.
#[must_use]
pub fn of(scorecard: &Scorecard, project: &Project) -> Vec<Imbalance> {
    let objectives = || scorecard.perspectives.iter().flat_map(|perspective| &perspective.objectives);
    let ids: BTreeSet<_> = objectives().flat_map(|objective| objective.kpis()).collect();
    let kpis: Vec<&Kpi> = ids.iter().filter_map(|id| project.kpis.get(*id)).collect();
    if kpis.len() < FEWEST {
        return Vec::new();
    }
    let limits = &project.balance;
    let apart = |one: usize, other: usize| {
        let all = one + other;
        all > 0 && (one.min(other) as f64) < limits.either * all as f64
    };
    let mut found = Vec::new();
    let count = |wanted| kpis.iter().filter(|kpi| kpi.indicator == Some(wanted)).count();
    let (leading, lagging) = (count(Indicator::Leading), count(Indicator::Lagging));
    if apart(leading, lagging) {
        found.push(Imbalance::Indicators { leading, lagging, least: limits.either });
    }
    found.extend(horizons(&kpis, project));
    let links = project.strategy.iter().flat_map(|strategy| &strategy.links);
    let causes: BTreeSet<_> = links.clone().map(|link| &link.from).collect();
    let linked: BTreeSet<_> = links.flat_map(|link| [&link.from, &link.to]).collect();
    let of = |wanted: bool| {
        let serves = |kpi: &&&Kpi| {
            kpi.objective.as_ref().is_some_and(|of| linked.contains(of) && causes.contains(of) == wanted)
        };
        kpis.iter().filter(serves).count()
    };
    let (drivers, outcomes) = (of(true), of(false));
    if apart(drivers, outcomes) {
        found.push(Imbalance::Drivers { drivers, outcomes, least: limits.either });
    }
    let strategy = project.strategy.iter().flat_map(|strategy| &strategy.perspectives);
    for perspective in strategy {
        let own = scorecard.perspectives.iter().find(|of| of.id == perspective.id);
        let measured =
            own.is_some_and(|of| of.objectives.iter().any(|objective| objective.kpis().next().is_some()));
        if !measured {
            found.push(Imbalance::Unmeasured { perspective: perspective.name.clone() });
        } else if let Some(of) = own.filter(|of| {
            f64::from(of.weight) > 10_000.0 * limits.heaviest && scorecard.perspectives.len() > 1
        }) {
            found.push(Imbalance::Heavy {
                perspective: perspective.name.clone(),
                weight: of.weight,
                most: limits.heaviest,
            });
        }
    }
    if kpis.len() > limits.per_scorecard {
        found.push(Imbalance::Many {
            of: scorecard.name.clone(),
            kpis: kpis.len(),
            most: limits.per_scorecard,
        });
    }
    for objective in objectives().filter(|objective| objective.kpis.len() > limits.per_objective) {
        let named = project
            .strategy
            .iter()
            .flat_map(|strategy| &strategy.objectives)
            .find(|of| of.id == objective.id);
        let name = named.map_or_else(|| objective.id.to_string(), |of| of.name.clone());
        found.push(Imbalance::Many { of: name, kpis: objective.kpis.len(), most: limits.per_objective });
    }
    let mut by_person: BTreeMap<_, usize> = BTreeMap::new();
    kpis.iter()
        .filter_map(|kpi| project.answering(kpi.accountable.as_ref()?, None, None))
        .for_each(|person| *by_person.entry(person).or_default() += 1);
    for (person, kpis) in by_person.into_iter().filter(|(_, kpis)| *kpis > limits.per_person) {
        let name =
            project.persons.get(person).map_or_else(|| person.to_string(), |person| person.name.clone());
        found.push(Imbalance::Many { of: name, kpis, most: limits.per_person });
    }
    let judged = kpis.iter().filter(|kpi| is_judged(kpi, project)).count();
    let counted = kpis.len() - judged;
    if (judged.min(counted) as f64) < limits.judged * kpis.len() as f64 {
        found.push(Imbalance::Evidence { judged, counted, least: limits.judged });
    }
    found
}

/// Whether a KPI is qualitative: of what people judge on a scale. That is a net promoter score, a rating, and whatever else reads an attribute for
/// which a scale is declared; of what is computed of other KPIs, if all of those are. All else is quantitative: counted, timed or paid.
#[must_use]
pub fn is_judged(kpi: &Kpi, project: &Project) -> bool {
    let inputs = kpi.measure.kind().inputs();
    if !inputs.is_empty() {
        return inputs.iter().all(|of| is_judged(&of.kpi, project));
    }
    if matches!(kpi.measure, Measure::Nps(_) | Measure::Rating(_)) {
        return true;
    }
    kpi.measure.kind().readings().iter().any(|of| {
        let mut on_a_scale = false;
        for value in &of.values {
            value.map_paths(&mut |path, type_| {
                on_a_scale |= scale_of(path, &of.rows.of, &project.entities).is_some();
                Expression { type_: type_.clone(), node: Node::Path(path.clone()) }
            });
        }
        on_a_scale
    })
}

/// Whether all of them look only near, or only far: none tells whether a long-term goal is reached although one could, or none is known before
/// several decisions have been taken.
fn horizons(kpis: &[&Kpi], project: &Project) -> Vec<Imbalance> {
    let goals = || project.strategy.iter().flat_map(|strategy| &strategy.goals);
    let tells: BTreeSet<_> = goals().filter_map(|goal| goal.measured_by.as_ref()).collect();
    let mut found = Vec::new();
    if !tells.is_empty() && !kpis.iter().any(|kpi| tells.contains(&kpi.id)) {
        found.push(Imbalance::NoGoal { goals: tells.len() });
    }
    let (count, grain) = project.balance.decides;
    let decides = role::days((count, grain));
    let soonest =
        kpis.iter().map(|kpi| kpi.period).min_by(|a, b| role::days((1, *a)).total_cmp(&role::days((1, *b))));
    if let Some(soonest) = soonest.filter(|grain| role::days((1, *grain)) > SLOW * decides) {
        found.push(Imbalance::Slow { soonest, decides: (count, grain) });
    }
    found
}

/// The scorecard in force in a period that a KPI counts on.
pub(crate) fn card<'a>(kpi: &Kpi, period: Period, project: &'a Project) -> Option<&'a Scorecard> {
    let day = project.calendar.last_day(period).ok()?;
    let in_force = project.scorecards.values().filter_map(|scorecard| scorecard.in_force(day));
    let counts = |scorecard: &&Scorecard| {
        let objectives = scorecard.perspectives.iter().flat_map(|perspective| &perspective.objectives);
        objectives.flat_map(|objective| objective.kpis()).any(|id| *id == kpi.id)
    };
    in_force.into_iter().find(counts)
}

fn answer(ask: &Ask<'_>, frames: &dyn Frames) -> Option<Insight> {
    let scorecard = card(ask.kpi, ask.period, frames.project())?;
    let found = of(scorecard, frames.project());
    let kpis = scorecard.kpis().collect::<BTreeSet<_>>().len();
    let enough = kpis >= FEWEST;
    let verdict = match () {
        () if !enough => Verdict::Unknown,
        () if found.is_empty() => Verdict::Yes,
        () => Verdict::No,
    };
    let mut says: Vec<Sentence> = found.into_iter().map(Sentence::Imbalance).collect();
    if says.is_empty() {
        let scorecard = scorecard.name.clone();
        says.push(match enough {
            true => Sentence::Balanced { scorecard },
            false => Sentence::TooSmallToBalance { scorecard, kpis, need: FEWEST },
        });
    }
    let checks = vec![Check { name: "enough KPIs", holds: enough }];
    Some(Insight { verdict, says, exhibit: None, checks, looked_at: kpis })
}
