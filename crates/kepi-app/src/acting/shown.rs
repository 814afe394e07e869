//! Items on which somebody works, as they are shown.

use kepi_govern::{
    Content, Directory, Item, Organisation, Principal,
    directory::{Duty, Passed, Reached},
    event::Subject,
    items::{Missed, OnAgenda, Permission, Seen, TaskOf, Topic},
    plain::Number,
};
use kepi_model::id::KpiId;
use kepi_proof::Commitment;
use kepi_report::decided::{About, PointDecided, Review, ReviewPoint};
use kepi_store::Store;
use serde::Serialize;

use super::cases::key_parts;
use crate::{error::AppError, picture::is_plan_owed, told::Told};

/// Whose turn it is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct OwnerView {
    /// Who.
    pub person: String,
    /// The way that led there, a stop each: `ben: seat in emea, away`.
    pub way: Vec<String>,
    /// Whether it cannot be refused.
    pub bound: bool,
    /// Since when, µs UTC.
    pub since: i64,
    /// How often it went up because nobody acted in time.
    pub rung: u16,
}

/// What is known of an item beside what others agree to.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct WorkView {
    /// Whose turn it is; none: nobody's by name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub owner: Option<OwnerView>,
    /// What it holds, a part each: its name and its text; a text that was erased is none.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub parts: Vec<(&'static str, Option<String>)>,
    /// When its owner said to have seen it, µs UTC.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub acknowledged: Option<i64>,
    /// Until when its owner does not want to see it, µs UTC.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub snoozed: Option<i64>,
    /// What was said to have come of it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub outcome: Option<String>,
    /// What can be said to have come of it.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub outcomes: Vec<&'static str>,
    /// What was seen of it, oldest first.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub seen: Vec<String>,
    /// What is known of it because it is a case.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub case: Option<CaseView>,
    /// What is known of it because it is a review.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub review: Option<Review>,
    /// The item that it belongs to.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub parent: Option<u64>,
    /// Items that belong to it, with what has become of them.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub children: Vec<(u64, &'static str, &'static str)>,
}

/// What is known of a case.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct CaseView {
    /// The closed loop.
    pub rule: String,
    /// Whose row it is.
    pub of: String,
    /// The parts of its key; none: it is personal, or was erased.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub row: Vec<String>,
    /// When that was, µs UTC.
    pub since: i64,
    /// Whether the customer may be contacted, in words.
    pub permission: &'static str,
    /// Whether she may.
    pub may_contact: bool,
    /// What stands for it where the customer is asked once more.
    pub token: String,
    /// Root causes that can be named.
    pub causes: Vec<String>,
    /// The one that was.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cause: Option<String>,
    /// Attempts to contact her, oldest first.
    pub contacts: Vec<ContactView>,
    /// What she said of how it was closed, oldest first.
    pub answers: Vec<AnswerView>,
    /// Whether it was closed although nobody had reached her who may be contacted.
    pub closed_without_contact: bool,
}

/// An attempt to contact a customer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ContactView {
    /// When, µs UTC.
    pub at: i64,
    /// By which way: `by phone`.
    pub by: &'static str,
    /// Whether she was reached.
    pub reached: bool,
    /// What was said; a text that was erased is none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
}

/// What a customer said of how a case was closed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct AnswerView {
    /// When, µs UTC.
    pub at: i64,
    /// Whether it is settled for her.
    pub settled: bool,
    /// What she said; a text that was erased is none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
}

/// What is known of a case.
fn case_of(item: &Item, told: &Told) -> Option<CaseView> {
    let Content::Case(case) = &item.content else { return None };
    let work = &item.work;
    let text = |of: Option<Commitment>| of.and_then(|of| told.text(&of));
    let may_contact = case.permission != Permission::Withheld;
    let is_closed = item.ended.is_some() || work.finished.is_some();
    Some(CaseView {
        rule: case.rule.to_string(),
        of: case.of.to_string(),
        row: told.text(&case.key).map(|key| key_parts(&key)).unwrap_or_default(),
        since: case.since,
        permission: case.permission.words(),
        may_contact,
        token: case.token(),
        causes: case.causes.iter().map(ToString::to_string).collect(),
        cause: work.cause.as_ref().map(ToString::to_string),
        contacts: work
            .contacts
            .iter()
            .map(|of| ContactView { at: of.at, by: of.by.words(), reached: of.reached, note: text(of.note) })
            .collect(),
        answers: work
            .answers
            .iter()
            .map(|of| AnswerView { at: of.at, settled: of.settled, note: text(of.note) })
            .collect(),
        closed_without_contact: is_closed && may_contact && !work.is_reached(),
    })
}

/// What is known of a review.
fn review_of(item: &Item, told: &Told) -> Option<Review> {
    let Content::Review(of) = &item.content else { return None };
    let points = of.points.iter().zip(0u16..).map(|(point, place)| ReviewPoint {
        number: usize::from(place) + 1,
        about: match &point.about {
            Topic::Kpi(id) => About::Kpi(id.to_string()),
            Topic::Journey(id) => About::Journey(id.to_string()),
            Topic::Source(id) => About::Source(id.to_string()),
        },
        unit: point.unit.as_ref().map(ToString::to_string),
        why: point.why.iter().map(|why| why.words()).collect(),
        plan_owed: point.why.contains(&OnAgenda::PlanOwed),
        of_definition: point.is_of_definition(),
        items: point.items.iter().copied().collect(),
        decided: item.work.decided.get(&place).map(|of| PointDecided {
            decision: of.decision.word(),
            why: told.text(&of.why),
            by: told.name(&of.by),
            at: of.at,
            task: of.task,
        }),
    });
    Some(Review {
        rule: of.rule.to_string(),
        scorecard: of.scorecard.to_string(),
        unit: of.unit.as_ref().map(ToString::to_string),
        period: of.period.to_string(),
        chair: told.person(of.chair),
        participants: told.people(&of.participants),
        present: item.work.present.as_ref().map(|present| told.people(present)),
        run: of.run,
        points: points.collect(),
    })
}

impl WorkView {
    /// Whether nothing is known.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

fn stop(of: &Reached, told: &Told) -> String {
    let name = told.person(of.person);
    let unit = of.unit.as_ref().map_or(String::new(), |unit| format!(" in {unit}"));
    let passed = match of.passed {
        Some(Passed::Gone) => ", is there no longer",
        Some(Passed::Vacant) => ", which nobody holds",
        Some(Passed::Away) => ", is away",
        Some(Passed::Refused) => ", has refused it or let it go by",
        Some(Passed::Unaccepted) => ", has not accepted it yet",
        None => "",
    };
    format!("{name}: {}{unit}{passed}", of.by.words())
}

fn seen(of: &Seen, kpi: Option<&KpiId>, told: &Told) -> String {
    match of {
        Seen::Signal { period, .. } => format!("still so in {period}"),
        Seen::Clear { period, .. } => format!("not so in {period}"),
        Seen::Helped { helped: true, .. } => "it is as it should be".to_owned(),
        Seen::Helped { helped: false, .. } => "it is not as it should be".to_owned(),
        Seen::Agenda(points) => format!("{} more on the agenda", points.len()),
        Seen::Effect(effect) => {
            let said = |of: &Number| kpi.map_or_else(|| of.to_string(), |kpi| told.difference(kpi, of));
            let change = match &effect.change {
                Some((change, Some((low, high)))) => {
                    format!(", {} (between {} and {})", said(change), said(low), said(high))
                }
                Some((change, None)) => format!(", {}", said(change)),
                None => String::new(),
            };
            let why = effect.untold.map_or(String::new(), |why| format!(": {}", why.words()));
            let came = effect.came.words();
            match &effect.beside {
                Some(Ok(of)) => format!(
                    "beside {} units of its level without a plan: {came}{change}{why}; before and after it is {}",
                    of.units,
                    said(&of.alone)
                ),
                Some(Err(alone)) => {
                    format!("before and after, since {}: {came}{change}{why}", alone.words())
                }
                None => format!("before and after, with nothing to compare it with: {came}{change}{why}"),
            }
        }
    }
}

/// Parts of a content that are texts, by name: what whoever decides on it has to read.
fn parts(item: &Item, told: &Told) -> Vec<(&'static str, Option<String>)> {
    let named = |name, text: &Commitment| (name, told.text(text));
    match &item.content {
        Content::Task(task) => vec![named("what", &task.action.what)],
        Content::ActionPlan(plan) => {
            let actions = plan.actions.iter().map(|action| {
                let what = told.text(&action.what).unwrap_or_else(|| "the text was erased".to_owned());
                ("action", Some(format!("{}, until {}: {what}", told.person(action.owner), action.by)))
            });
            [named("cause", &plan.cause), named("evidence", &plan.evidence)]
                .into_iter()
                .chain(actions)
                .collect()
        }
        Content::Play(of) => {
            let step = |(n, text): (usize, &Commitment)| {
                const STEPS: [&str; 5] = ["first", "second", "third", "fourth", "fifth"];
                let said = item.work.stepped.get(n).map_or(String::new(), |said| {
                    let outcome = said.outcome.as_str().replace('_', " ");
                    let why = said
                        .why
                        .and_then(|why| told.text(&why))
                        .map_or(String::new(), |why| format!(": {why}"));
                    format!(
                        " ({outcome} by {} on {}{why})",
                        told.name(&said.by),
                        told.day(said.at).trim_start_matches("day/")
                    )
                });
                (STEPS.get(n).copied().unwrap_or("then"), told.text(text).map(|text| text + &said))
            };
            let about = told.text(&of.key).map(|key| key_parts(&key).join(" ")).filter(|key| !key.is_empty());
            let about = about.map(|key| ("about", Some(key)));
            about.into_iter().chain(of.steps.iter().enumerate().map(step)).collect()
        }
        Content::PostMortem(of) => {
            let findings = of.findings.map(|text| named("findings", &text));
            findings.into_iter().chain(of.follows.map(|text| named("follows", &text))).collect()
        }
        Content::Commentary(of) => [
            ("what happened", Some(of.what)),
            ("why", Some(of.why)),
            ("what is done", Some(of.done)),
            ("outlook", Some(of.outlook)),
            ("not sure, or against it", of.unsure),
        ]
        .into_iter()
        .filter_map(|(name, text)| Some(named(name, &text?)))
        .collect(),
        Content::Override(of) => {
            let segment = of.figure.segment.map(|text| named("segment", &text));
            segment.into_iter().chain([named("evidence", &of.evidence)]).collect()
        }
        Content::Entry(of) => {
            let part = of.part.map(|text| named("part", &text));
            part.into_iter().chain([named("evidence", &of.evidence)]).collect()
        }
        _ => Vec::new(),
    }
}

/// Definitions and other things that an item is about.
pub(crate) fn touches(content: &Content, told: &Told) -> Vec<String> {
    let of = |kpi: &dyn std::fmt::Display, unit: &Option<kepi_model::id::UnitId>| {
        unit.as_ref().map_or_else(|| format!("kpi/{kpi}"), |unit| format!("kpi/{kpi} of unit/{unit}"))
    };
    match content {
        Content::Alert(alert) => {
            vec![format!("{} in {}: {}", of(&alert.kpi, &alert.unit), alert.period, alert.sign.says())]
        }
        Content::Task(task) => vec![match &task.of {
            TaskOf::Before { review, period, kpi, unit } => {
                format!(
                    "{}: a plan before review/{review} of {period}, until {}",
                    of(kpi, unit),
                    task.action.by
                )
            }
            TaskOf::Comment { kpi, period } => {
                format!("{}: why it is as it is in {period}, until {}", of(kpi, &None), task.action.by)
            }
            of => format!("{}: until {}", Subject::item(of.item().unwrap_or_default()), task.action.by),
        }],
        Content::ActionPlan(plan) => {
            let (expected, what) = (&plan.expected, of(&plan.kpi, &plan.unit));
            let change = told.difference(&plan.kpi, &expected.change);
            vec![
                format!("{what}: {change} expected from {} to {}", expected.from, expected.to),
                format!("cause found by {}", plan.method.word().replace('_', " ")),
            ]
        }
        Content::PostMortem(said) => vec![match &said.of {
            Missed::Plan(plan) => Subject::item(*plan).to_string(),
            Missed::Initiative { name, kpi, unit, .. } => format!("initiative/{name}: {}", of(kpi, unit)),
        }],
        Content::Case(case) => {
            let row = format!("a row of entity/{} of {}", case.of, told.day(case.since));
            vec![format!("{}: {row}", of(&case.kpi, &case.unit))]
        }
        Content::Commentary(said) => vec![format!("{} in {}", of(&said.kpi, &said.unit), said.period)],
        Content::Handover(of) => {
            let duties = of.duties.iter().map(|duty| match duty {
                Duty::Kpi(kpi) => format!("kpi/{kpi}"),
                Duty::Seat { unit, .. } => format!("a seat in unit/{unit}"),
                Duty::Unit(unit) => format!("to manage unit/{unit}"),
            });
            duties.chain(of.items.iter().map(|item| Subject::item(*item).to_string())).collect()
        }
        Content::Notice(of) if of.announced => {
            vec![format!("kpi/{} is not to be used from {} on", of.kpi, of.from)]
        }
        Content::Notice(of) => vec![format!("kpi/{} goes on {}", of.kpi, of.from)],
        Content::Attestation(attested) => {
            let unit = attested.unit.as_ref().map_or(String::new(), |unit| format!(" of unit/{unit}"));
            vec![format!("source/{}{unit} in {}", attested.source, attested.period)]
        }
        Content::ChangeNotice(of) => of
            .kpis
            .iter()
            .map(|kpi| format!("kpi/{kpi}: something else is said of it, or of who answers for it"))
            .collect(),
        Content::Review(of) => {
            let unit = of.unit.as_ref().map_or(String::new(), |unit| format!(" of unit/{unit}"));
            vec![format!("review/{}{unit} in {}", of.rule, of.period)]
        }
        Content::PainPoint(said) => vec![of(&said.kpi, &said.unit)],
        Content::Play(said) => {
            let watched = match (said.held_out, said.is_of_loop()) {
                (true, _) => ", only watched",
                (false, true) => ", watched beside its case",
                (false, false) => "",
            };
            vec![format!("{}: playbook/{}{watched}", of(&said.kpi, &said.unit), said.playbook)]
        }
        Content::Dispute(said) => vec![format!("{} in {}", of(&said.kpi, &said.unit), said.period)],
        _ => Vec::new(),
    }
}

/// Who may act for whoever has an item, or had it before it waits, by name: everybody above her, and the first of the last resorts.
pub(crate) async fn above(
    store: &Store,
    directory: &Directory,
    item: &Item,
) -> Result<Vec<String>, AppError> {
    let Some(owner) = &item.work.owner else { return Ok(Vec::new()) };
    let mut names = Vec::new();
    for person in directory.superiors(owner.person).iter().chain(directory.last_resort.first()) {
        names.push(store.name_of(&Principal::Person(*person)).await?);
    }
    Ok(names)
}

/// What is known of an item beside what others agree to.
pub(crate) fn worked_on(told: &Told, organisation: &Organisation, item: &Item) -> WorkView {
    let owner = item.owner().map(|owner| OwnerView {
        person: told.person(owner.person),
        way: owner.way.iter().map(|of| stop(of, told)).collect(),
        bound: owner.bound,
        since: owner.since,
        rung: owner.rung,
    });
    let children = told.children(item.number).iter().filter_map(|child| organisation.items.get(*child));
    let children = children.map(|child| {
        let state = child.ended.map(|(outcome, _)| outcome.word());
        (
            child.number,
            child.content.kind().name,
            state.or(child.step().map(|step| step.name)).unwrap_or("open"),
        )
    });
    let work = &item.work;
    WorkView {
        outcomes: if owner.is_some() && !is_plan_owed(organisation, item) {
            item.content.kind().outcomes.to_vec()
        } else {
            Vec::new()
        },
        owner,
        parts: parts(item, told),
        acknowledged: work.acknowledged,
        snoozed: work.snoozed,
        outcome: work.finished.as_ref().map(|(outcome, _)| outcome.to_string()),
        seen: work
            .seen
            .iter()
            .map(|(of, _)| seen(of, item.content.about().map(|(kpi, _)| kpi), told))
            .collect(),
        case: case_of(item, told),
        review: review_of(item, told),
        parent: item.content.parent(),
        children: children.collect(),
    }
}
