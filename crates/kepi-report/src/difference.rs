//! What differs between two states of the definitions of a project: which documents, in which respect, in words, and what and
//! whom that touches.

use std::collections::{BTreeMap, BTreeSet};

pub use kepi_model::governance::Aspect;
use kepi_model::{
    calendar::Calendar,
    describe,
    documents::{DocumentText, documents, keys_that_differ},
    id::{IncentivePlanId, KpiId, OperatingPlanId, PersonId, SourceId, UnitId},
    operating_plan::OperatingPlan,
    project::{Kpi, MissingRule, Person, Project, Scorecard, Sign, Target, Unit, ValueUnit},
    source_text::SourceMap,
};
use kepi_query::{published::grain_text, value::Segment};
use serde::Serialize;

use crate::{
    audience::{Audience, audience, of_scorecard},
    benchmarks::attached,
    format,
    reporter::words::lag,
    view::TargetView,
};

/// What becomes of a document.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum How {
    /// It was not there.
    New,
    /// It says something else.
    Changed,
    /// It is no more.
    Gone,
}

/// One document that differs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Difference {
    /// Kind and name: `kpi/nps`.
    pub id: String,
    /// Its first day, if it is a wording that has one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub from: Option<String>,
    /// What becomes of it.
    pub how: How,
    /// In which respects it differs.
    pub aspects: BTreeSet<Aspect>,
    /// The differences one by one.
    pub said: Vec<String>,
}

/// Somebody whom it reaches: who answers for it, uses it or has a target of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Touched {
    /// The person.
    pub person: PersonId,
    /// As shown.
    pub name: String,
    /// Why: `accountable for nps`.
    pub of: Vec<String>,
}

/// All that differs, and what and whom it touches.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Differences {
    /// Documents, by id and day.
    pub documents: Vec<Difference>,
    /// KPIs whose figures mean something else, or are new.
    pub kpis: BTreeSet<KpiId>,
    /// KPIs whose own documents are the same: what they are made of differs, or what they extend.
    pub follow: BTreeSet<KpiId>,
    /// Scorecards whose scores come about otherwise, or are new.
    pub scorecards: BTreeSet<String>,
    /// Alerts, closed loops and playbooks that go by KPIs that differ, before or after, and incentive plans, also where only targets do: `alert/red`.
    pub watched_by: BTreeSet<String>,
    /// Whom it reaches, before or after.
    pub people: Vec<Touched>,
}

/// What differs between what is in force and what is to be.
pub fn between(before: (&SourceMap, &Project), after: (&SourceMap, &Project)) -> Differences {
    let (then, now) = (by_id(before.0), by_id(after.0));
    let (before, after) = (before.1, after.1);
    let ids: BTreeSet<_> = then.keys().chain(now.keys()).cloned().collect();
    let mut all = Differences::default();
    for id in ids {
        let (then, now) = (then.get(&id), now.get(&id));
        if then == now {
            continue;
        }
        let how = match (then, now) {
            (None, _) => How::New,
            (_, None) => How::Gone,
            _ => How::Changed,
        };
        let (kind, name, from) = &id;
        let mut said = Said::default();
        match (how, kind.as_str()) {
            (How::Changed, "kpi") => {
                let of = |project: &Project| {
                    let kpi = project.kpis.get(&name.parse().ok()?)?;
                    // The first that begins no earlier is the document's own.
                    kpi.wordings().find(|of| of.from.map(|day| day.to_string()) >= *from).cloned()
                };
                if let (Some(then), Some(now)) = (of(before), of(after)) {
                    kpi((&then, before), (&now, after), &mut said);
                }
            }
            (How::New | How::Gone, "kpi") => {
                said.is(Aspect::Definition);
                // What holds on its first day without it: another wording, or nothing.
                let of = |project: &Project| {
                    let all = project.kpis.get(&name.parse().ok()?)?;
                    match from.as_ref().and_then(|day| day.parse().ok()) {
                        Some(day) => all.in_force(day).cloned(),
                        None => all.wordings().next().filter(|of| of.from.is_none()).cloned(),
                    }
                };
                match (of(before), of(after)) {
                    (Some(then), Some(now)) => kpi((&then, before), (&now, after), &mut said),
                    (None, Some(now)) => whole(&now, after, false, &mut said),
                    (Some(then), None) => whole(&then, before, true, &mut said),
                    (None, None) => {}
                }
            }
            (How::Changed, "scorecard") => {
                let of = |project: &Project| {
                    let card = project.scorecards.get(&name.parse().ok()?)?;
                    card.wordings().find(|of| of.from.map(|day| day.to_string()) == *from).cloned()
                };
                if let (Some(then), Some(now)) = (of(before), of(after)) {
                    scorecard(&then, &now, &mut said);
                }
            }
            (How::Changed, "source") => {
                let of = |project: &Project| Some(project.sources.get(&name.parse().ok()?)?.hash);
                if of(before) != of(after) {
                    said.of(Aspect::Data, "how its rows are read".to_owned());
                }
            }
            (How::Changed, "operating_plan") => {
                let of = |project: &Project| project.operating_plans.get(&name.parse().ok()?).cloned();
                if let (Some(then), Some(now)) = (of(before), of(after)) {
                    operating_plan((&then, before), (&now, after), &mut said);
                }
            }
            (How::Changed, "person") => {
                let of = |project: &Project| project.persons.get(&name.parse().ok()?).cloned();
                if let (Some(then), Some(now)) = (of(before), of(after)) {
                    person(&then, &now, &mut said);
                }
                if said.said.is_empty() {
                    said.said.push("what is said of the person".to_owned());
                }
            }
            (How::Changed, _) => {}
            (_, kind) => said.is(Aspect::of_kind(kind)),
        }
        // By what is written, whatever is said of it: nothing that differs goes for less than it may be.
        if let (Some(then), Some(now)) = (then, now) {
            let keys = keys_that_differ(then, now);
            if said.said.is_empty() && !keys.is_empty() {
                said.said.push(format!(
                    "what is said under {}",
                    listed(keys.iter().map(|key| format!("`{key}`")))
                ));
            }
            keys.iter().for_each(|key| said.is(Aspect::of_key(kind, key)));
        }
        if said.aspects.is_empty() {
            said.of(Aspect::Words, "only how it is written".to_owned());
        }
        let Said { aspects, said } = said;
        all.documents.push(Difference {
            id: format!("{kind}/{name}"),
            from: from.clone(),
            how,
            aspects,
            said,
        });
    }
    touched(before, after, &mut all);
    all
}

/// What is found of one document.
#[derive(Default)]
struct Said {
    aspects: BTreeSet<Aspect>,
    said: Vec<String>,
}

impl Said {
    fn is(&mut self, aspect: Aspect) {
        self.aspects.insert(aspect);
    }

    fn of(&mut self, aspect: Aspect, said: String) {
        self.is(aspect);
        self.said.push(said);
    }

    /// Says what something was and is, if that is not the same.
    fn changed(&mut self, aspect: Aspect, what: &str, then: &str, now: &str) {
        if then != now {
            let shown = |text: &str| if text.is_empty() { "none".to_owned() } else { text.to_owned() };
            self.of(aspect, format!("{what}: {} → {}", shown(then), shown(now)));
        }
    }
}

/// The texts of documents by kind, name and first day. Where they stand does not count.
fn by_id(files: &SourceMap) -> BTreeMap<(String, String, Option<String>), String> {
    let key = |d: DocumentText| {
        ((d.kind, d.name, d.from), d.text.trim().trim_start_matches("---").trim().to_owned())
    };
    documents(files).into_iter().map(key).collect()
}

fn listed(all: impl IntoIterator<Item = impl ToString>) -> String {
    all.into_iter().map(|one| one.to_string()).collect::<Vec<_>>().join(", ")
}

fn kpi((then, before): (&Kpi, &Project), (now, after): (&Kpi, &Project), said: &mut Said) {
    if then.wording != now.wording {
        let known = said.said.len();
        let mut changed = |what, of: &dyn Fn(&Kpi, &Project) -> String| {
            said.changed(Aspect::Definition, what, &of(then, before), &of(now, after));
        };
        changed("what is measured", &|kpi, project| describe::measure(kpi, project));
        changed("period", &|kpi, _| listed([kpi.period].iter().chain(&kpi.also).map(|g| grain_text(*g))));
        changed("segments", &|kpi, _| listed(kpi.by.iter().map(|d| &d.id)));
        changed("combinations", &|kpi, _| {
            listed(kpi.cross.iter().map(|of| of.iter().map(|d| d.as_str()).collect::<Vec<_>>().join(" × ")))
        });
        changed("shown from n", &|kpi, _| kpi.minimum_n.map_or(String::new(), |n| n.to_string()));
        changed("least cases of a segment", &|kpi, _| {
            kpi.minimum_cell.map_or(String::new(), |n| n.to_string())
        });
        changed("shown from coverage", &|kpi, _| {
            kpi.minimum_coverage.map_or(String::new(), |share| format!("{} %", share * 100.0))
        });
        changed("shown only if", &|kpi, _| {
            let of = kpi.survey_gates;
            let n = of.effective_n.map(|n| format!("effective n from {n}"));
            let share =
                |what: &str, of: Option<f64>| of.map(|share| format!("{what} from {} %", share * 100.0));
            let rest = [share("response", of.response_rate), share("representativity", of.representative)];
            listed(n.into_iter().chain(rest.into_iter().flatten()))
        });
        changed("periods without data", &|kpi, _| kpi.without_data.words().unwrap_or_default());
        if said.said.len() == known {
            said.of(Aspect::Definition, "how it is computed, or what it is made of".to_owned());
        }
    }
    said.changed(
        Aspect::Definition,
        "which direction is good",
        &format!("{:?}", then.better),
        &format!("{:?}", now.better),
    );
    let (old, new) = (targets(then), targets(now));
    for (from, whom) in old.keys().chain(new.keys()).collect::<BTreeSet<_>>() {
        let key = (from.clone(), whom.clone());
        let of = |all: &BTreeMap<_, String>| all.get(&key).cloned().unwrap_or_default();
        said.changed(Aspect::Target, &format!("target from {from}{whom}"), &of(&old), &of(&new));
    }
    let owners = [
        ("accountable", listed(&then.accountable), listed(&now.accountable)),
        ("responsible", listed(&then.responsible), listed(&now.responsible)),
        ("consulted", listed(&then.consulted), listed(&now.consulted)),
        ("informed", listed(&then.informed), listed(&now.informed)),
    ];
    for (what, then, now) in owners {
        said.changed(Aspect::Owner, what, &then, &now);
    }
    let text = |of: &Option<String>| of.clone().unwrap_or_default();
    said.changed(Aspect::Words, "name", &then.name, &now.name);
    said.changed(Aspect::Words, "description", &text(&then.description), &text(&now.description));
    said.changed(Aspect::Definition, "objective", &listed(&then.objective), &listed(&now.objective));
    let moves = |kpi: &Kpi| {
        let of = kpi.moves.iter().map(|of| {
            let lag = of.lag.map(|of| format!(" after {}", lag(of))).unwrap_or_default();
            let sign = if of.sign == Sign::Positive { "positive" } else { "negative" };
            format!("{} ({sign}{lag})", of.kpi)
        });
        listed(of)
    };
    said.changed(Aspect::Definition, "is believed to move", &moves(then), &moves(now));
    said.changed(Aspect::Definition, "comes to its end", &ending(then), &ending(now));
    said.changed(Aspect::Definition, "successor", &listed(&then.successor), &listed(&now.successor));
    said.changed(Aspect::Words, "shown beside it", &listed(&then.beside), &listed(&now.beside));
    said.changed(Aspect::Words, "purpose", &listed(&then.purpose), &listed(&now.purpose));
    said.changed(Aspect::Words, "taken for granted", &then.assumptions.join(" "), &now.assumptions.join(" "));
}

/// What a plan says otherwise, and targets that it leaves behind by that.
fn operating_plan(
    (then, before): (&OperatingPlan, &Project),
    (now, after): (&OperatingPlan, &Project),
    said: &mut Said,
) {
    let ids: BTreeSet<_> = then.versions.iter().chain(&now.versions).map(|of| &of.id).collect();
    for id in ids {
        let of = |plan: &OperatingPlan| {
            let unit = ValueUnit::Money { currency: plan.currency.clone() };
            let money = |of: i64| {
                let of = of as f64 / 1e6;
                format::value(of, &unit, format::decimals(of, None, &unit))
            };
            let version = plan.versions.iter().find(|of| of.id == *id)?;
            let amounts =
                version.amounts.iter().map(|(objective, amount)| format!("{objective} {}", money(*amount)));
            let initiatives =
                version.initiatives.iter().map(|(of, amount)| format!("of it {of} {}", money(*amount)));
            Some(format!("from {}: {}", version.since, listed(amounts.chain(initiatives))))
        };
        let text = |plan| of(plan).unwrap_or_default();
        said.changed(Aspect::Definition, &format!("version {id}"), &text(then), &text(now));
    }
    let known = left_behind(before, then);
    for (target, words) in left_behind(after, now) {
        if known.get(&target) != Some(&words) {
            said.of(Aspect::Definition, format!("{target} is {words}"));
        }
    }
}

/// Targets that were planned with a version of a plan that is not the last, and from when on each is out of date.
fn left_behind(project: &Project, plan: &OperatingPlan) -> BTreeMap<String, String> {
    let mut all = BTreeMap::new();
    for kpi in project.kpis.values() {
        for target in kpi.wordings().flat_map(|wording| &wording.targets) {
            let Some(late) = kpi.out_of_date(target, plan).filter(|late| late.by.is_some()) else { continue };
            let whom = target.scope().map_or(String::new(), |whom| format!(" for {whom}"));
            all.insert(format!("the target of {} from {}{whom}", kpi.id, target.from), late.words());
        }
    }
    all
}

/// From when on a KPI is not to be used, and not measured any more.
fn ending(of: &Kpi) -> String {
    let Some(life) = of.life else { return String::new() };
    let retired = life.retired.map_or(String::new(), |day| format!(", retired on {day}"));
    format!("not to be used from {}{retired}", life.sunset)
}

/// The targets of a KPI, by day and for whom.
fn targets(kpi: &Kpi) -> BTreeMap<(String, String), String> {
    let of = kpi.targets.iter().map(|target| {
        let view = TargetView::new(target.from.to_string(), target.lines, kpi.better, &kpi.unit);
        let whom = target.scope().map_or(String::new(), |whom| format!(" for {whom}"));
        let length = format!(", by {}", grain_text(target.period));
        let length = if target.period == kpi.period { "" } else { length.as_str() };
        let basis = target.basis.as_ref().map_or(String::new(), |basis| format!(", on: {}", basis.text));
        let lines = [
            view.floor.map(|floor| format!("floor {floor}")),
            Some(format!("threshold {}", view.threshold)),
            view.stretch.map(|stretch| format!("stretch {stretch}")),
        ];
        let lines = listed(lines.into_iter().flatten());
        let file =
            target.evidence.as_ref().map_or(String::new(), |of| format!(", to be read in {}", attached(of)));
        let plan = target
            .plan
            .as_ref()
            .map_or(String::new(), |with| format!(", planned with {} of {}", with.version, with.plan));
        let key = (target.from.to_string(), format!("{whom}{length}"));
        (key, format!("{} ({lines}{basis}{file}{plan})", view.target))
    });
    of.collect()
}

/// A KPI that is new, or that goes: its targets and who answers for it come or go with it.
fn whole(of: &Kpi, project: &Project, gone: bool, said: &mut Said) {
    let mut all = |aspect, what: &str, text: &str| match gone {
        true => said.changed(aspect, what, text, ""),
        false => said.changed(aspect, what, "", text),
    };
    all(Aspect::Definition, "what is measured", &describe::measure(of, project));
    for ((from, whom), text) in targets(of) {
        all(Aspect::Target, &format!("target from {from}{whom}"), &text);
    }
    all(Aspect::Owner, "accountable", &listed(&of.accountable));
    all(Aspect::Owner, "responsible", &listed(&of.responsible));
}

/// The weights of a scorecard, by where they stand.
fn weights(of: &Scorecard) -> BTreeMap<String, u32> {
    let mut all = BTreeMap::new();
    for perspective in &of.perspectives {
        all.insert(format!("{}", perspective.id), perspective.weight);
        for objective in &perspective.objectives {
            let place = format!("{} / {}", perspective.id, objective.id);
            let mut kpis = |place: &str, kpis: &[(KpiId, u32)]| {
                for (kpi, weight) in kpis {
                    all.insert(format!("{place} / {kpi}"), *weight);
                }
            };
            kpis(&place, &objective.kpis);
            for of in &objective.segments {
                kpis(&format!("{place} / {}", Segment::of(&of.members)), &of.kpis);
            }
            for of in objective.segments.iter().filter(|_| objective.weigh_by.is_none()) {
                all.insert(format!("{place} / {}", Segment::of(&of.members)), of.weight);
            }
            all.insert(place, objective.weight);
        }
    }
    all
}

/// By what periods are counted, in words.
fn counted(of: &Calendar) -> String {
    format!("{}, days of {}", describe::fiscal(of.fiscal()), of.zone)
}

fn scorecard(then: &Scorecard, now: &Scorecard, said: &mut Said) {
    let (old, new) = (weights(then), weights(now));
    let shown =
        |weight: Option<&u32>| weight.map_or(String::new(), |w| format!("{} %", f64::from(*w) / 100.0));
    for place in old.keys().chain(new.keys()).collect::<BTreeSet<_>>() {
        let (then, now) = (shown(old.get(place)), shown(new.get(place)));
        said.changed(Aspect::Weight, &format!("weight of {place}"), &then, &now);
    }
    let worth = |of: &Scorecard| {
        let said = of.objectives().filter_map(|of| Some(format!("{} by {}", of.id, of.weigh_by.as_ref()?)));
        said.collect::<Vec<_>>().join(", ")
    };
    said.changed(Aspect::Weight, "what segments weigh", &worth(then), &worth(now));
    let missing = |of: &Scorecard| {
        let rule = match of.missing {
            MissingRule::Ignore => "ignore",
            MissingRule::Block => "block",
            MissingRule::WorstCase => "worst_case",
        };
        format!("{rule} below {} %", of.minimum_coverage * 100.0)
    };
    said.changed(Aspect::Weight, "what is missing", &missing(then), &missing(now));
    said.changed(Aspect::Definition, "period", grain_text(then.period), grain_text(now.period));
    if then.calendar != now.calendar {
        said.changed(
            Aspect::Definition,
            "by what its periods are counted",
            &counted(&then.calendar),
            &counted(&now.calendar),
        );
    }
    said.changed(Aspect::Definition, "unit", &listed(&then.unit), &listed(&now.unit));
    if then.cascade != now.cascade {
        said.of(Aspect::Definition, "its cascade".to_owned());
    }
    said.changed(Aspect::Words, "name", &then.name, &now.name);
}

/// Alerts, closed loops and playbooks that go by any of some KPIs.
fn watching(project: &Project, kpis: &BTreeSet<KpiId>) -> BTreeSet<String> {
    let on_cards = || project.scorecards.values().flat_map(Scorecard::kpis);
    let alerts = project.alerts.values().filter(|alert| match alert.kpis.is_empty() {
        true => on_cards().any(|id| kpis.contains(id)),
        false => !alert.kpis.is_disjoint(kpis),
    });
    let loops = project.closed_loops.values().filter(|of| kpis.contains(&of.kpi));
    let books = project.playbooks.values().filter(|of| kpis.contains(&of.kpi));
    let alerts = alerts.map(|of| format!("alert/{}", of.id));
    let loops = loops.map(|of| format!("closed_loop/{}", of.id));
    alerts.chain(loops).chain(books.map(|of| format!("playbook/{}", of.id))).collect()
}

/// Who acts for somebody, and when she is away.
fn person(then: &Person, now: &Person, said: &mut Said) {
    let acts = |of: &Person| of.substitute.as_ref().map_or_else(|| "nobody".to_owned(), ToString::to_string);
    let away = |of: &Person| match of.away.is_empty() {
        true => "never".to_owned(),
        false => listed(of.away.iter().map(|(from, until)| format!("from {from} until {until}"))),
    };
    said.changed(Aspect::Owner, "who acts for them while they are away", &acts(then), &acts(now));
    said.changed(Aspect::Absence, "away", &away(then), &away(now));
}

/// Whom a document of a person or a unit is about.
fn of_document(project: &Project, id: &str) -> Audience {
    let mut all = Audience::new();
    let mut say = |person: &PersonId, why: String| {
        all.entry(person.clone()).or_default().insert(why);
    };
    match id.split_once('/') {
        Some(("person", name)) => {
            let person = name.parse().ok().and_then(|id: PersonId| project.persons.get(&id));
            if let Some(person) = person {
                say(&person.id, "is who it is about".to_owned());
                if let Some(other) = &person.substitute {
                    say(other, format!("stands in for {}", person.id));
                }
            }
        }
        Some(("unit", name)) => {
            let unit = name.parse().ok().and_then(|id: UnitId| project.units.get(&id));
            for unit in unit.into_iter().flat_map(Unit::wordings) {
                unit.manager.iter().for_each(|person| say(person, format!("manages {}", unit.id)));
            }
        }
        Some(("source", name)) => {
            let source = name.parse().ok().and_then(|id: SourceId| project.sources.get(&id));
            let unit = source.and_then(|source| project.units.get(source.unit.as_ref()?));
            for unit in unit.into_iter().flat_map(Unit::wordings) {
                unit.manager
                    .iter()
                    .for_each(|person| say(person, format!("manages {}, which delivers it", unit.id)));
            }
        }
        Some(("incentive_plan", name)) => {
            let plan = name.parse().ok().and_then(|id: IncentivePlanId| project.incentive_plans.get(&id));
            if let Some(plan) = plan {
                plan.paid(project).iter().for_each(|person| say(person, format!("is paid by {}", plan.id)));
                plan.owner.iter().for_each(|person| say(person, format!("answers for {}", plan.id)));
            }
        }
        Some(("operating_plan", name)) => {
            let plan = name.parse().ok().and_then(|id: OperatingPlanId| project.operating_plans.get(&id));
            for version in plan.into_iter().flat_map(|plan| &plan.versions) {
                for person in version.agree.iter().flat_map(|(who, _)| who) {
                    say(person, format!("is to agree to its version {}", version.id));
                }
                let objectives = project.strategy.iter().flat_map(|of| &of.objectives);
                for of in objectives.filter(|of| version.amounts.contains_key(&of.id)) {
                    of.owner
                        .iter()
                        .for_each(|person| say(person, format!("answers for the objective {}", of.id)));
                }
            }
            let is_its =
                |target: &&Target| target.plan.as_ref().is_some_and(|with| with.plan.as_str() == name);
            for kpi in project.kpis.values().flat_map(Kpi::wordings) {
                for target in kpi.targets.iter().filter(is_its) {
                    let whose = target.unit.as_ref().and_then(|unit| project.units.get(unit));
                    let manager = whose.and_then(|unit| unit.manager.as_ref());
                    let accountable =
                        kpi.accountable.as_ref().and_then(|who| project.answering(who, None, None));
                    for person in accountable.into_iter().chain(manager) {
                        say(person, format!("has a target of {} that was planned with it", kpi.id));
                    }
                }
            }
        }
        _ => {}
    }
    all
}

/// KPIs whose targets, or who answers for them, are others, in whichever document that is said: what extends a KPI says what it says.
pub fn otherwise_aimed(before: &Project, after: &Project) -> BTreeSet<KpiId> {
    let aims = |kpi: &Kpi| -> Vec<_> {
        let of = |kpi: &Kpi| {
            let people = [&kpi.responsible, &kpi.consulted, &kpi.informed].map(listed);
            (kpi.from, targets(kpi), kpi.accountable.clone(), people)
        };
        kpi.wordings().map(of).collect()
    };
    let both = before.kpis.iter().filter_map(|(id, then)| Some((id, then, after.kpis.get(id)?)));
    both.filter(|(_, then, now)| aims(then) != aims(now)).map(|(id, ..)| id.clone()).collect()
}

/// What and whom it touches.
fn touched(before: &Project, after: &Project, all: &mut Differences) {
    let own: BTreeSet<&str> = all.documents.iter().filter_map(|d| d.id.strip_prefix("kpi/")).collect();
    let meaning = |project: &Project, id: &KpiId| project.kpis.get(id).map(|kpi| kpi.hash);
    let kpis: BTreeSet<&KpiId> = before.kpis.keys().chain(after.kpis.keys()).collect();
    let differs = kpis.iter().filter(|id| meaning(before, id) != meaning(after, id));
    let kpis_that_differ: BTreeSet<KpiId> = differs.map(|id| (*id).clone()).collect();
    let aimed = otherwise_aimed(before, after);
    let follow = kpis_that_differ.iter().chain(&aimed).filter(|id| !own.contains(id.as_str()));
    let follow = follow.cloned().collect();
    let scorecards: BTreeSet<_> = before.scorecards.keys().chain(after.scorecards.keys()).collect();
    let scores = |project: &Project, id| project.scorecards.get(id).map(|card: &Scorecard| card.hash);
    let scorecards = scorecards.into_iter().filter(|id| scores(before, id) != scores(after, id));
    let scorecards = scorecards.map(ToString::to_string).collect();
    let mut people: Audience = Audience::new();
    let concerned =
        kpis_that_differ.iter().chain(&aimed).cloned().chain(own.iter().filter_map(|id| id.parse().ok()));
    let concerned = concerned.collect();
    let cards: BTreeSet<&str> =
        all.documents.iter().filter_map(|d| d.id.strip_prefix("scorecard/")).collect();
    for project in [before, after] {
        let of_cards = project.scorecards.values().filter(|card| cards.contains(card.id.as_str()));
        let of_cards = of_cards.flat_map(|card| of_scorecard(project, card));
        let documents = all.documents.iter().flat_map(|of| of_document(project, &of.id));
        for (person, why) in audience(project, &concerned).into_iter().chain(of_cards).chain(documents) {
            people.entry(person).or_default().extend(why);
        }
    }
    let name = |id: &PersonId| {
        let person = after.persons.get(id).or_else(|| before.persons.get(id));
        person.map_or(id.to_string(), |person| person.name.clone())
    };
    let people = people.into_iter().map(|(person, of)| Touched {
        name: name(&person),
        person,
        of: of.into_iter().collect(),
    });
    (all.people, all.follow, all.scorecards) = (people.collect(), follow, scorecards);
    all.watched_by =
        [before, after].into_iter().flat_map(|project| watching(project, &kpis_that_differ)).collect();
    // Another target is another pay, too.
    let paid = |id: &KpiId| kpis_that_differ.contains(id) || aimed.contains(id);
    let pay = [before, after].into_iter().flat_map(|project| project.incentive_plans.values());
    let pay =
        pay.filter(|plan| plan.weights.keys().any(paid)).map(|plan| format!("incentive_plan/{}", plan.id));
    all.watched_by.extend(pay);
    all.kpis = kpis_that_differ;
}
