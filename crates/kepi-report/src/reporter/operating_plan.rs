//! The money of an operating plan beside what its objectives came to.

use std::collections::BTreeMap;

use jiff::civil::Date;
use kepi_model::{
    id::{KpiId, ObjectiveId, PersonId},
    initiative::Spent,
    operating_plan::{OperatingPlan, PlanVersion},
    project::ValueUnit,
};
use kepi_score::tree::{NodeId, ScoreNode};

use super::{Asked, Reporter, scorecard::Scored};
use crate::{
    facts::AgreedTo,
    format,
    operating_plan::{Agreed, Line, Misaligned, PlanBeside, Version},
    people::PeopleAsked,
    reader::ViewError,
};

/// Millionths.
const MICRO: f64 = 1e6;

/// On target, in points.
const FULL: f64 = 100.0;

impl<'a> Reporter<'a> {
    /// The operating plan in whose time the period of a scorecard ends, for the unit that is shown.
    ///
    /// # Errors
    /// Figures, or who agreed to what, cannot be read.
    pub(crate) fn plan_beside(
        self,
        asked: &Asked<'a>,
        scored: &Scored<'a>,
    ) -> Result<Option<PlanBeside>, ViewError> {
        let project = self.project();
        let card = &asked.card;
        let calendar = &card.scorecard.calendar;
        if project.operating_plans.is_empty() {
            return Ok(None);
        }
        let today = self.facts.day_asked(&PeopleAsked::default())?;
        let Ok(day) = calendar.last_day(asked.period).map(|last| last.min(today)) else { return Ok(None) };
        let own = card.scorecard.unit.as_ref();
        let whole = asked.unit.is_none() || asked.unit == own;
        let is_it = |of: &&OperatingPlan| {
            of.covers(day) && (of.unit.as_ref() == asked.unit || of.unit.is_none() && whole)
        };
        let Some(plan) = project.operating_plans.values().find(is_it) else { return Ok(None) };
        let weights = self.weights(asked);
        if !plan.versions.iter().flat_map(|of| of.amounts.keys()).any(|of| weights.contains_key(of)) {
            // Another scorecard is held against it.
            return Ok(None);
        }
        let by_kpi = |of: &'a Spent| match of {
            Spent::By(kpi) => Some(kpi),
            Spent::NotSaid | Spent::Dated(_) => None,
        };
        self.facts.want(&plan.spent.values().filter_map(by_kpi).collect::<Vec<&KpiId>>())?;
        let before = calendar.period_of_day(card.scorecard.period, plan.from).offset(-1);
        let before = card.measured(asked.unit, before);
        let versions = plan.versions_by(day);
        let mut lines: Vec<Line> = Vec::new();
        for (id, weight) in self.objectives_of(plan, versions, &weights) {
            let (spent, spent_reason) = match self.spent_for(plan, id, day, today) {
                Ok(spent) => (Some(spent), None),
                Err(why) => (None, Some(why)),
            };
            let objectives = project.strategy.iter().flat_map(|of| &of.objectives);
            let named = objectives.into_iter().find(|of| of.id == *id);
            lines.push(Line {
                objective: id.to_string(),
                name: named.map_or_else(|| id.to_string(), |of| of.name.clone()),
                weight,
                planned: versions
                    .iter()
                    .map(|of| of.amounts.get(id).copied().unwrap_or_default() as f64 / MICRO)
                    .collect(),
                spent,
                spent_reason,
                score: score_of(scored.rows(), id),
                before: score_of(&before, id),
            });
        }
        let misaligned = match versions.is_empty() {
            true => Vec::new(),
            false => self.misaligned(asked, plan, &lines),
        };
        let agreed = match versions.iter().any(|of| of.agree.is_some()) {
            true => self.facts.agreed_to(&format!("operating_plan/{}", plan.id))?,
            false => Vec::new(),
        };
        Ok(Some(PlanBeside {
            id: plan.id.to_string(),
            name: plan.name.clone(),
            from: plan.from.to_string(),
            until: plan.until.to_string(),
            day: day.to_string(),
            currency: plan.currency.clone(),
            versions: versions.iter().map(|of| self.version(of, &agreed, today)).collect(),
            lines,
            misaligned,
        }))
    }

    /// The share of the whole weight that each objective of the scorecard has, from 0 to 1.
    fn weights(self, asked: &Asked<'a>) -> BTreeMap<&'a ObjectiveId, f64> {
        let said = asked.card.in_force(asked.period).unwrap_or(asked.card.scorecard);
        let all = said.perspectives.iter().flat_map(|perspective| {
            let own = f64::from(perspective.weight) / 1e4;
            perspective.objectives.iter().map(move |of| (&of.id, own * f64::from(of.weight) / 1e4))
        });
        all.collect()
    }

    /// Objectives in the order of the scorecard, then those of the plan that are not on it.
    fn objectives_of(
        self,
        plan: &'a OperatingPlan,
        versions: &'a [PlanVersion],
        weights: &BTreeMap<&'a ObjectiveId, f64>,
    ) -> Vec<(&'a ObjectiveId, Option<f64>)> {
        let strategy = self.project().strategy.iter().flat_map(|of| &of.objectives).map(|of| &of.id);
        let mut all: Vec<(&'a ObjectiveId, Option<f64>)> =
            strategy.filter_map(|id| Some((id, Some(*weights.get(id)?)))).collect();
        for id in versions.iter().flat_map(|of| of.amounts.keys()).chain(plan.spent.keys()) {
            if !all.iter().any(|(known, _)| *known == id) {
                all.push((id, None));
            }
        }
        all
    }

    /// What was spent for an objective by a day, or why nobody knows.
    fn spent_for(
        self,
        plan: &OperatingPlan,
        id: &ObjectiveId,
        day: Date,
        today: Date,
    ) -> Result<f64, String> {
        match plan.spent.get(id) {
            None | Some(Spent::NotSaid) => Err("nothing says what was spent".to_owned()),
            Some(Spent::Dated(all)) => {
                let within = all.iter().filter(|(on, _)| plan.from <= *on && *on <= day);
                Ok(within.map(|(_, amount)| *amount).sum::<i64>() as f64 / MICRO)
            }
            Some(Spent::By(kpi)) if !self.facts.sees_kpi(kpi, plan.unit.as_ref()) => {
                Err("you do not see the KPI that says it".to_owned())
            }
            Some(Spent::By(kpi)) => self.spent_by(kpi, plan.unit.as_ref(), (plan.from, day), today),
        }
    }

    /// Where money and what it is for do not go together.
    fn misaligned(self, asked: &Asked<'a>, plan: &OperatingPlan, lines: &[Line]) -> Vec<Misaligned> {
        let unit = ValueUnit::Money { currency: plan.currency.clone() };
        let money = |of: f64| format::value(of, &unit, format::decimals(of, None, &unit));
        // Where it is known of all what was spent, that counts; else what is planned.
        let known = lines.iter().filter(|of| of.plan() > 0.0).all(|of| of.spent.is_some());
        let spent: f64 = lines.iter().filter_map(|of| of.spent).sum();
        let (total, word) = match known && spent > 0.0 {
            true => (spent, "spent"),
            false => (lines.iter().map(Line::plan).sum(), "planned"),
        };
        let of_it = |line: &Line| if word == "spent" { line.spent.unwrap_or_default() } else { line.plan() };
        let mut all = Vec::new();
        for line in lines {
            let mut say = |kind: &str, text: String| {
                let objective = line.objective.clone();
                all.push(Misaligned {
                    kind: kind.to_owned(),
                    objective,
                    text: format!("{}: {text}", line.name),
                });
            };
            let (share, score) = (of_it(line) / total.max(f64::MIN_POSITIVE), line.score);
            let short = score.filter(|score| *score < FULL);
            if of_it(line) > 0.0 && !self.is_aimed_at(asked, &line.objective) {
                say(
                    "no_aim",
                    format!(
                        "{} {word}, and nothing of it is to be reached: no KPI of it has a target",
                        money(of_it(line))
                    ),
                );
            }
            if let (Some(weight), Some(score)) = (line.weight, short) {
                let weighs = format!("it has {} of the weight", format::share(weight));
                if line.plan() <= 0.0 && line.spent.unwrap_or_default() <= 0.0 {
                    say("no_money", format!("no money is planned; {weighs}, and its score is {score:.1}"));
                } else if share > weight
                    && let Some(before) = line.before.filter(|before| score <= *before)
                {
                    say(
                        "not_reached",
                        format!(
                            "{} of the money {word}; {weighs}, and its score is {score:.1}, {before:.1} before the plan began",
                            format::share(share)
                        ),
                    );
                }
            }
            if let Some(spent) = line.spent.filter(|spent| *spent > line.plan()) {
                say("beyond_plan", format!("{} spent of {} planned", money(spent), money(line.plan())));
            }
        }
        all
    }

    /// Whether something of an objective is to be reached in the period.
    fn is_aimed_at(self, asked: &Asked<'a>, objective: &str) -> bool {
        let mut serving = self
            .project()
            .kpis
            .values()
            .filter(|kpi| kpi.objective.as_ref().is_some_and(|of| of.as_str() == objective));
        serving
            .any(|kpi| asked.card.target(kpi, asked.unit, asked.card.period_of(kpi, asked.period)).is_some())
    }

    /// A version of a plan, with who has agreed to it.
    fn version(self, of: &PlanVersion, agreed: &[AgreedTo], today: Date) -> Version {
        let one = |(person, by): (&PersonId, Date)| {
            let mut said = agreed.iter().filter(|known| known.who.contains(person.as_str()));
            let on = said.find(|known| of.is_said_by(&known.text)).and_then(|known| self.day_of(known.at));
            let state = match on {
                Some(on) if on <= by => "in_time",
                Some(_) => "late",
                None if by < today => "missing",
                None => "awaited",
            };
            let name = self.somebody(Some(person)).map_or(person.as_str(), |of| of.name.as_str()).to_owned();
            Agreed {
                id: person.to_string(),
                name,
                on: on.map(|day| day.to_string()),
                state: state.to_owned(),
            }
        };
        let persons = of.agree.iter().flat_map(|(who, by)| who.iter().map(|person| (person, *by)));
        Version {
            id: of.id.to_string(),
            since: of.since.to_string(),
            agree: persons.map(one).collect(),
            agree_by: of.agree.as_ref().map(|(_, by)| by.to_string()),
        }
    }
}

/// The score of an objective, in points.
fn score_of(tree: &ScoreNode, id: &ObjectiveId) -> Option<f64> {
    let node = tree.find(&NodeId::Objective(id.clone()))?;
    node.score.as_ref().ok().map(|micro| *micro as f64 / MICRO)
}
