//! The money of an operating plan beside what its objectives came to.

use std::collections::BTreeMap;

use jiff::civil::Date;
use kepi_model::{
    id::{DimensionId, KpiId, ObjectiveId, PersonId, UnitId},
    initiative::Spent,
    operating_plan::{self as model, OperatingPlan, PlanVersion, SpentBy},
    project::{Kpi, ValueUnit},
};
use kepi_query::value::Segment;
use kepi_score::tree::{NodeId, ScoreNode};

use super::{Asked, Reporter, reading::Reading, scorecard::Scored, words};
use crate::{
    budget::{self, Reconciled},
    facts::AgreedTo,
    format,
    operating_plan::{
        Agreed, Line, MemberMoney, MemberResult, Misaligned, OfInitiative, PlanBeside, SpendingBy, UnitPlan,
        Version,
    },
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
        let parts: Vec<&'a OperatingPlan> =
            plan.parts.iter().filter_map(|id| project.operating_plans.get(id)).collect();
        let spending = [plan].into_iter().chain(parts.iter().copied()).flat_map(|of| of.spent.values());
        let mut wanted: Vec<&KpiId> = spending.filter_map(by_kpi).collect();
        wanted.extend(plan.by.values().flat_map(|of| of.kpis()));
        let initiatives = project.initiatives.values().filter_map(|of| by_kpi(&of.spent));
        wanted.extend(initiatives);
        self.facts.want(&wanted)?;
        // What a unit plans is seen with its scores.
        let sees = |of: &&OperatingPlan| self.facts.sees_scorecard(&card.scorecard.id, of.unit.as_ref());
        let parts = if parts.iter().all(sees) { parts } else { Vec::new() };
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
            let of_unit = |of: &&OperatingPlan| {
                of.versions_by(day).last().and_then(|of| of.amounts.get(id)).copied().unwrap_or_default()
            };
            let of_units = (!plan.is_sum && !parts.is_empty())
                .then(|| parts.iter().map(of_unit).sum::<i64>() as f64 / MICRO);
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
                of_units,
                initiatives: self.of_initiatives(plan, id, versions.last(), (day, today)),
            });
        }
        let mut misaligned = match versions.is_empty() {
            true => Vec::new(),
            false => self.misaligned(asked, plan, &lines, day),
        };
        let landed = budget::reconcile(project, &self.facts.budget_lines()?, day);
        let of_plan = landed.into_iter().filter(|of| of.plan == plan.id.as_str());
        misaligned.extend(of_plan.flat_map(|of| of.findings).map(|of| Misaligned {
            kind: "budget_differs".to_owned(),
            objective: of.objective.unwrap_or_default(),
            text: format!("What landed of its budget: {}", of.text),
        }));
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
            is_sum: plan.is_sum,
            units: parts.iter().filter_map(|of| self.unit_plan(of, day)).collect(),
            without: match parts.is_empty() {
                true => Vec::new(),
                false => plan.without.iter().map(|unit| self.unit_named(unit)).collect(),
            },
            by: plan
                .by
                .iter()
                .filter_map(|(id, of)| self.spending_by(asked, plan, (id, of), (day, today)))
                .collect(),
        }))
    }

    /// What landed of budgets, held against all operating plans.
    ///
    /// # Errors
    /// Lines cannot be read, or nobody knows what day it is.
    pub fn budgets(self) -> Result<Vec<Reconciled>, ViewError> {
        let today = self.facts.day_asked(&PeopleAsked::default())?;
        Ok(budget::reconcile(self.project(), &self.facts.budget_lines()?, today))
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
        if plan.is_sum {
            let mut sum = 0.0;
            for part in plan.parts.iter().filter_map(|id| self.project().operating_plans.get(id)) {
                if part.spent.contains_key(id) || part.versions.iter().any(|of| of.amounts.contains_key(id)) {
                    let unit = part.unit.as_ref().map_or(String::new(), |unit| self.unit_named(unit));
                    sum += self.spent_for(part, id, day, today).map_err(|why| format!("{unit}: {why}"))?;
                }
            }
            return Ok(sum);
        }
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
    fn misaligned(
        self,
        asked: &Asked<'a>,
        plan: &OperatingPlan,
        lines: &[Line],
        day: Date,
    ) -> Vec<Misaligned> {
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
            for of in &line.initiatives {
                if let Some(spent) = of.spent.filter(|spent| *spent > of.planned) {
                    say(
                        "beyond_plan",
                        format!("{}: {} spent of {} planned", of.name, money(spent), money(of.planned)),
                    );
                }
            }
            if let Some(of_units) = line.of_units.filter(|of| (of - line.plan()).abs() >= 0.5 / MICRO) {
                say(
                    "units_differ",
                    format!("{} planned, and {} by the units together", money(line.plan()), money(of_units)),
                );
            }
            for text in self.old_targets(asked, plan, &line.objective, day) {
                say("old_target", text);
            }
        }
        all
    }

    /// Targets that hold on a day and were planned with another version of a plan than the one that is the plan.
    fn old_targets(self, asked: &Asked<'a>, plan: &OperatingPlan, objective: &str, day: Date) -> Vec<String> {
        let on_card = asked.card.in_force(asked.period).unwrap_or(asked.card.scorecard);
        let objectives = on_card.perspectives.iter().flat_map(|of| &of.objectives);
        let placed = objectives.filter(|of| of.id.as_str() == objective).flat_map(|of| of.placed());
        let placed =
            placed.filter_map(|of| Some((self.project().kpis.get(of.kpi)?, Segment::of(of.members))));
        let old = placed.filter_map(|(kpi, part)| {
            let period = asked.card.period_of(kpi, asked.period);
            let target = asked.card.target_of(kpi, asked.unit, &part, period)?;
            let with = target.plan.as_ref().filter(|with| with.plan == plan.id)?;
            let late = self.project().out_of_date(&kpi.id, &target).filter(|late| late.day <= day)?;
            let version = &with.version;
            Some(format!("the target of {} was planned with {version} and is {}", kpi.name, late.words()))
        });
        old.collect()
    }

    /// What of an objective's money is for initiatives, and what was spent of it.
    fn of_initiatives(
        self,
        plan: &OperatingPlan,
        objective: &ObjectiveId,
        version: Option<&PlanVersion>,
        (day, today): (Date, Date),
    ) -> Vec<OfInitiative> {
        let planned = version.into_iter().flat_map(|of| &of.initiatives);
        let all = planned.filter_map(|(id, planned)| {
            let of = self.project().initiatives.get(id)?;
            let is_its = of.objective.as_ref() == Some(objective) && self.sees_initiative(of);
            is_its.then(|| OfInitiative {
                initiative: id.to_string(),
                name: of.name.clone(),
                planned: *planned as f64 / MICRO,
                budget: of.budget as f64 / MICRO,
                spent: self.spent_within(of, (plan.from, day), today).ok(),
            })
        });
        all.collect()
    }

    /// The plan of a unit below, as it stands on a day.
    fn unit_plan(self, of: &OperatingPlan, day: Date) -> Option<UnitPlan> {
        let unit = of.unit.as_ref()?;
        let version = of.versions_by(day).last();
        Some(UnitPlan {
            unit: unit.to_string(),
            name: self.unit_named(unit),
            plan: of.id.to_string(),
            version: version.map(|of| of.id.to_string()),
            planned: version.map_or(0, |of| of.amounts.values().sum::<i64>()) as f64 / MICRO,
        })
    }

    fn unit_named(self, unit: &UnitId) -> String {
        self.project().units.get(unit).map_or_else(|| unit.to_string(), |unit| unit.name.clone())
    }

    /// What was spent by the members of a dimension, beside what came of it there; none where a KPI of it is not seen.
    fn spending_by(
        self,
        asked: &Asked<'a>,
        plan: &OperatingPlan,
        (dimension, of): (&DimensionId, &'a model::SpendingBy),
        (day, today): (Date, Date),
    ) -> Option<SpendingBy> {
        let unit = plan.unit.as_ref();
        if !of.kpis().all(|kpi| self.facts.sees_kpi(kpi, unit)) {
            return None;
        }
        let kpis: Vec<&'a Kpi> = of.results.iter().filter_map(|id| self.project().kpis.get(id)).collect();
        let place = self.place(asked.card, asked.unit);
        let shown = place.segment.clone()?;
        let own = |segment: &Segment| {
            let mut added = segment.0.iter().filter(|pair| !shown.0.contains(pair));
            let (_, member) = added.next().filter(|(of, _)| of == dimension)?;
            let only = added.next().is_none() && segment.0.len() == shown.0.len() + 1;
            only.then(|| words::member(member))
        };
        let mut members: BTreeMap<String, (Segment, Vec<MemberResult>)> = BTreeMap::new();
        for kpi in &kpis {
            let period = asked.card.period_of(kpi, asked.period);
            let calendar = &asked.card.scorecard.calendar;
            let before = calendar.period_of_day(period.grain, plan.from).offset(-1);
            let readings =
                self.members(kpi, &place, period).remove(&vec![dimension.clone()]).unwrap_or_default();
            for (segment, now) in readings {
                let Some(name) = own(&segment) else { continue };
                let then = self.read(kpi, &self.segment_place(place.card, segment.clone()), before);
                let points = |of: &Reading<'a>| of.standing.score.as_ref().ok().map(|of| *of as f64 / MICRO);
                let point = now.entry.as_ref().and_then(|entry| entry.value.point());
                members.entry(name).or_insert_with(|| (segment, Vec::new())).1.push(MemberResult {
                    kpi: kpi.id.to_string(),
                    name: kpi.name.clone(),
                    value: point
                        .map(|of| format::value(of, &kpi.unit, format::decimals(of, None, &kpi.unit))),
                    score: points(&now),
                    before: points(&then),
                });
            }
        }
        let mut spent: BTreeMap<String, Result<f64, String>> = BTreeMap::new();
        match &of.spent {
            SpentBy::Dated(by) => {
                for (member, all) in by {
                    let within = all.iter().filter(|(on, _)| plan.from <= *on && *on <= day);
                    let sum = within.map(|(_, amount)| *amount).sum::<i64>() as f64 / MICRO;
                    spent.insert(member.clone(), Ok(sum));
                }
            }
            SpentBy::Kpi(id) => {
                let kpi = self.project().kpis.get(id)?;
                for segment in self.facts.segments(id, kpi.period) {
                    let Some(name) =
                        own(&segment).filter(|_| shown.0.iter().all(|of| segment.0.contains(of)))
                    else {
                        continue;
                    };
                    spent.insert(name.clone(), self.spent_in(kpi, &segment, (plan.from, day), today, true));
                    members.entry(name).or_insert_with(|| (segment, Vec::new()));
                }
            }
        }
        for member in spent.keys() {
            let segment = || Segment::one(dimension.clone(), member);
            members.entry(member.clone()).or_insert_with(|| (segment(), Vec::new()));
        }
        let total: f64 = spent.values().filter_map(|of| of.as_ref().ok()).sum();
        let mut members: Vec<MemberMoney> = members
            .into_iter()
            .map(|(name, (segment, results))| {
                // Of what nothing is said, nothing was spent.
                let (spent, spent_reason) = match spent.remove(&name) {
                    None => (Some(0.0), None),
                    Some(Ok(spent)) => (Some(spent), None),
                    Some(Err(why)) => (None, Some(why)),
                };
                MemberMoney {
                    segment: segment.to_string(),
                    verdict: verdict(&results, spent).to_owned(),
                    share: spent.filter(|_| total > 0.0).map(|of| of / total),
                    name,
                    spent,
                    spent_reason,
                    results,
                }
            })
            .collect();
        members.sort_by(|a, b| {
            b.spent
                .unwrap_or_default()
                .total_cmp(&a.spent.unwrap_or_default())
                .then_with(|| a.name.cmp(&b.name))
        });
        let unit = ValueUnit::Money { currency: plan.currency.clone() };
        let name =
            kpis.first().map_or_else(|| dimension.to_string(), |kpi| self.dimension_name(kpi, dimension));
        let reallocation = reallocation(&members, total, &unit);
        Some(SpendingBy { dimension: dimension.to_string(), name, spent: total, members, reallocation })
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

/// What came of the money at a member.
fn verdict(results: &[MemberResult], spent: Option<f64>) -> &'static str {
    let scores: Vec<f64> = results.iter().filter_map(|of| of.score).collect();
    if scores.is_empty() {
        return "unknown";
    }
    if scores.iter().all(|score| *score >= FULL) {
        return "reached";
    }
    if spent.is_some_and(|spent| spent <= 0.0) {
        return "unfunded";
    }
    // Of those that were scored before, too: others would move the mean by being there.
    let both: Vec<(f64, f64)> = results.iter().filter_map(|of| of.score.zip(of.before)).collect();
    match both.iter().map(|(now, before)| now - before).sum::<f64>() {
        _ if both.is_empty() => "unknown",
        change if change > 0.0 => "better",
        _ => "no_better",
    }
}

/// Where the money lies, in words.
fn reallocation(members: &[MemberMoney], total: f64, unit: &ValueUnit) -> Vec<String> {
    let money = |of: f64| format::value(of, unit, format::decimals(of, None, unit));
    let said = [
        ("no_better", "short of a target and no better than before the plan began"),
        ("better", "short of a target and better than before the plan began"),
        ("reached", "where all targets are reached"),
    ];
    let mut all = Vec::new();
    for (verdict, words) in said {
        let of: Vec<&MemberMoney> =
            members.iter().filter(|of| of.verdict == verdict && of.spent.unwrap_or_default() > 0.0).collect();
        if of.is_empty() {
            continue;
        }
        let spent: f64 = of.iter().filter_map(|of| of.spent).sum();
        let names = of.iter().map(|of| of.name.as_str()).collect::<Vec<_>>().join(", ");
        let share = format::share(spent / total.max(f64::MIN_POSITIVE));
        all.push(format!("{} ({share}) {words}: {names}", money(spent)));
    }
    let unfunded: Vec<&str> =
        members.iter().filter(|of| of.verdict == "unfunded").map(|of| of.name.as_str()).collect();
    if !unfunded.is_empty() {
        all.push(format!("nothing spent, and short of a target: {}", unfunded.join(", ")));
    }
    all
}

/// The score of an objective, in points.
fn score_of(tree: &ScoreNode, id: &ObjectiveId) -> Option<f64> {
    let node = tree.find(&NodeId::Objective(id.clone()))?;
    node.score.as_ref().ok().map(|micro| *micro as f64 / MICRO)
}
