//! Whom a change of a KPI reaches: who answers for it, who uses it, and whose own target it is, each with the reasons.

use std::collections::{BTreeMap, BTreeSet};

use kepi_model::{
    id::{KpiId, PersonId, UnitId},
    project::{Kpi, Project, Scorecard},
};

/// Persons, and why each of them.
pub type Audience = BTreeMap<PersonId, BTreeSet<String>>;

/// Whom a change of some KPIs reaches, by the definitions: nobody else, and none of them without a reason.
pub fn audience(project: &Project, kpis: &BTreeSet<KpiId>) -> Audience {
    let mut all = Audience::new();
    for id in kpis {
        let Some(kpi) = project.kpis.get(id) else { continue };
        answering(project, kpi, &mut all);
        using(project, id, &mut all);
    }
    all
}

/// Whom another weight or rule of a scorecard reaches: who manages its units, who goes through it, and whose KPIs stand on it.
pub fn of_scorecard(project: &Project, card: &Scorecard) -> Audience {
    let mut all = Audience::new();
    on_card(project, card, &mut all);
    for kpi in card.kpis().filter_map(|id| project.kpis.get(id)) {
        let accountable = kpi.wordings().filter_map(|wording| wording.accountable.as_ref());
        for person in accountable.filter_map(|who| project.answering(who, None, None)) {
            say(&mut all, person, format!("accountable for {}", kpi.id));
        }
    }
    all
}

fn say(all: &mut Audience, person: &PersonId, why: String) {
    all.entry(person.clone()).or_default().insert(why);
}

/// Roles, seats in units, and targets of their own.
fn answering(project: &Project, kpi: &Kpi, all: &mut Audience) {
    for of in kpi.wordings() {
        let roles =
            [("responsible", &of.responsible), ("consulted", &of.consulted), ("informed", &of.informed)];
        let roles = roles.into_iter().flat_map(|(role, all)| all.iter().map(move |person| (role, person)));
        let accountable = of.accountable.as_ref().and_then(|who| project.answering(who, None, None));
        let roles =
            roles.flat_map(|(role, who)| project.holders(who).into_iter().map(move |one| (role, one)));
        for (role, person) in accountable.map(|person| ("accountable", person)).into_iter().chain(roles) {
            say(all, person, format!("{role} for {}", kpi.id));
        }
        let seats = project
            .units
            .values()
            .filter_map(|unit| Some((&unit.id, unit.seats.get(of.accountable.as_ref()?)?)));
        for (unit, holder) in seats.filter(|(_, holder)| Some(*holder) != accountable) {
            say(all, holder, format!("has the seat for {} in {unit}", kpi.id));
        }
        for unit in of.targets.iter().filter_map(|target| target.unit.as_ref()) {
            if let Some(manager) = project.units.get(unit).and_then(|unit| unit.manager.as_ref()) {
                say(all, manager, format!("has a target of {} for {unit}", kpi.id));
            }
        }
    }
}

/// Scorecards and reviews that show it, objectives that it serves, trade-offs, rules and initiatives that name it.
fn using(project: &Project, id: &KpiId, all: &mut Audience) {
    let shows = |card: &&Scorecard| card.kpis().any(|of| of == id);
    for card in project.scorecards.values().filter(shows) {
        on_card(project, card, all);
    }
    let objectives: BTreeSet<_> = project
        .kpis
        .get(id)
        .into_iter()
        .flat_map(Kpi::wordings)
        .filter_map(|wording| wording.objective.as_ref())
        .collect();
    for objective in project.strategy.iter().flat_map(|strategy| &strategy.objectives) {
        if let Some(owner) = objective.owner.as_ref().filter(|_| objectives.contains(&objective.id)) {
            say(all, owner, format!("answers for the objective {}", objective.id));
        }
    }
    for of in
        project.guardrails.values().filter(|of| of.kpis.contains_key(id) || of.meanwhile.contains_key(id))
    {
        if let Some(owner) = &of.owner {
            say(all, owner, format!("answers for the guardrail {}", of.id));
        }
    }
    for of in project.rules.values().filter(|of| of.kpi == *id) {
        if let Some(owner) = &of.owner {
            say(all, owner, format!("answers for the rule {}", of.id));
        }
    }
    for of in project.initiatives.values().filter(|of| of.kpis().any(|kpi| kpi == id)) {
        say(all, &of.owner, format!("answers for the initiative {}", of.id));
    }
    for of in project.incentive_plans.values().filter(|of| of.weights.contains_key(id)) {
        for person in of.paid(project) {
            say(all, person, format!("has pay that hangs on {id} by {}", of.id));
        }
        if let Some(owner) = &of.owner {
            say(all, owner, format!("answers for the incentive plan {}", of.id));
        }
    }
}

/// Who manages a unit of a scorecard, and who goes through it.
fn on_card(project: &Project, card: &Scorecard, all: &mut Audience) {
    let level = |unit: &kepi_model::project::Unit| {
        let levels = card.cascade.as_ref().map(|cascade| &cascade.levels);
        unit.level.as_ref().is_some_and(|level| levels.is_some_and(|levels| levels.contains_key(level)))
    };
    let own = |unit: &UnitId| card.unit.as_ref() == Some(unit);
    for unit in project.units.values().filter(|unit| own(&unit.id) || level(unit)) {
        if let Some(manager) = &unit.manager {
            say(all, manager, format!("manages {}, which has the scorecard {}", unit.id, card.id));
        }
    }
    for review in project.reviews.values().filter(|review| review.scorecard == card.id) {
        for person in [&review.chair].into_iter().chain(&review.participants) {
            say(all, person, format!("goes through it in the review {}", review.id));
        }
    }
}

#[cfg(test)]
mod tests {
    use kepi_model::{
        check::{Options, check},
        source_text::{SourceFile, SourceMap},
    };

    use super::*;

    /// Each person of this project is there for one reason, and named after it.
    const PROJECT: &str = "
project: shop
name: Shop
language: 1
time_zone: UTC
---
unit: all
name: All
manager: manager_of_all
---
unit: north
name: North
level: region
parent: all
manager: manager_of_north
seats: {accountable: seat_in_north}
---
unit: desk
name: Desk
level: desk
parent: north
manager: has_a_target
---
strategy: plan
mission: Sell
perspectives: {customers: {name: Customers}}
objectives: {liked: {name: Liked, perspective: customers, owner: owner_of_objective}, other: {name: Other, perspective: customers, owner: not_of_it}}
---
entity: visit
key: [id]
time: at
attributes: {id: {type: text}, at: {type: timestamp}, region: {type: text}, good: {type: boolean}}
---
kpi: a
name: A
objective: liked
better: higher
measure: {count: {of: visit}}
period: month
by: [region]
targets: [{from: 2026-01-01, threshold: 1, target: 2}, {from: 2026-01-01, unit: desk, threshold: 1, target: 2}]
accountable: accountable
responsible: [responsible]
consulted: [consulted]
informed: [informed]
---
kpi: b
name: B
objective: other
better: higher
measure: {count: {of: visit}}
period: month
by: [region]
accountable: not_of_it
---
scorecard: card
name: Card
unit: all
period: month
missing: {rule: ignore, minimum_coverage: 50%}
perspectives: {customers: {weight: 100%, objectives: {liked: {weight: 100%, kpis: {a: 100%}}}}}
cascade: {match: {region: region}, value: recompute, targets: inherit}
---
scorecard: another
name: Another
period: month
missing: {rule: ignore, minimum_coverage: 50%}
perspectives: {customers: {weight: 100%, objectives: {other: {weight: 100%, kpis: {b: 100%}}}}}
---
review: monthly
name: Monthly
scorecard: card
period: month
chair: chair
participants: [participant]
---
review: of_another
name: Of another
scorecard: another
period: month
chair: not_of_it
---
rule: full
kpi: a
at_least: 1
about: [visit]
else: warn
owner: owner_of_rule
---
guardrail: careful
kpis: {a: {at_most: 9}}
while: {b: {at_least: 1}}
owner: owner_of_guardrail
---
initiative: desk
name: Desk
owner: owner_of_initiative
effects: {a: {expect: 1, by: 2026-12-31}}
budget: 1 EUR
---
incentive_plan: of_a
name: Of a
from: 2026-01-01
weights: {a: 100%}
people: [paid_by_it]
units: [pay_desk]
owner: owner_of_pay
---
incentive_plan: of_b
name: Of b
from: 2026-01-01
weights: {b: 100%}
people: [not_of_it]
---
unit: pay_desk
name: Pay desk
level: desk
parent: north
manager: manager_paid_by_it
---
initiative: other
name: Other
owner: not_of_it
effects: {b: {expect: 1, by: 2026-12-31}}
budget: 1 EUR
";

    #[test]
    fn everybody_whom_a_change_reaches_is_found_for_each_reason_and_nobody_else() {
        let of_a = [
            ("accountable", "accountable for a"),
            ("responsible", "responsible for a"),
            ("consulted", "consulted for a"),
            ("informed", "informed for a"),
            ("seat_in_north", "has the seat for a in north"),
            ("has_a_target", "has a target of a for desk"),
            ("manager_of_all", "manages all, which has the scorecard card"),
            ("manager_of_north", "manages north, which has the scorecard card"),
            ("chair", "goes through it in the review monthly"),
            ("participant", "goes through it in the review monthly"),
            ("owner_of_objective", "answers for the objective liked"),
            ("owner_of_rule", "answers for the rule full"),
            ("owner_of_guardrail", "answers for the guardrail careful"),
            ("owner_of_initiative", "answers for the initiative desk"),
            ("paid_by_it", "has pay that hangs on a by of_a"),
            ("manager_paid_by_it", "has pay that hangs on a by of_a"),
            ("owner_of_pay", "answers for the incentive plan of_a"),
        ];
        let persons = of_a.iter().map(|(person, _)| *person).chain(["not_of_it"]);
        let persons: String = persons.map(|id| format!("---\nperson: {id}\nname: {id}\n")).collect();
        let file = SourceFile {
            path: "kepi.yml".to_owned(),
            text: format!("{}{persons}", PROJECT.trim_start()).as_str().into(),
        };
        let checked = check(&SourceMap::new(vec![file]), &Options::default());
        let said: Vec<&str> = checked.findings.iter().map(|finding| finding.message.as_str()).collect();
        let project = checked.value.unwrap_or_else(|| panic!("{said:#?}"));
        let found = audience(&project, &BTreeSet::from(["a".parse().unwrap()]));
        let found: Vec<(&str, Vec<&str>)> = found
            .iter()
            .map(|(person, why)| (person.as_str(), why.iter().map(String::as_str).collect()))
            .collect();
        let mut expected: Vec<(&str, Vec<&str>)> =
            of_a.iter().map(|(person, why)| (*person, vec![*why])).collect();
        expected.sort();
        assert_eq!(found, expected);
        // Weights of a scorecard reach who has it, goes through it, and answers for what stands on it.
        let card = of_scorecard(&project, &project.scorecards[&"card".parse().unwrap()]);
        let persons: Vec<&str> = card.keys().map(|person| person.as_str()).collect();
        assert_eq!(persons, ["accountable", "chair", "manager_of_all", "manager_of_north", "participant"]);
    }
}
