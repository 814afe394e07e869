//! What waits for somebody, or did, as rows of the entity `item`: landed by each run of the log, so that how long things take is
//! measured like anything else.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use kepi_govern::{
    Content, Event, Item, Organisation, Principal, Subject,
    items::{Permission, midnight, times::Times},
};
use kepi_query::landing::{Fetched, PortError, Rows};
use kepi_report::decided::Timed;
use kepi_store::{EventFilter, Store, StoreError};
use serde_json::{Value, json};

use crate::{acting::is_only_watched, error::AppError};

/// Writes every item to which anything happened behind a bookmark, which is a position of the log, as it stands now. An item of
/// which a row is known has the same key, so that it is the next version of its row.
pub(crate) async fn after(
    store: &Store,
    from: Option<&Value>,
    into: &mut dyn Rows,
) -> Result<Fetched, PortError> {
    let seen = from.and_then(Value::as_u64).unwrap_or(0);
    let kind = || Some("item.*".to_owned());
    let new =
        store.events(&EventFilter { after: Some(seen), kind: kind(), ..EventFilter::default() }).await?;
    let last = new.last().map_or(seen, |recorded| recorded.seq);
    let organisation = store.organisation().await?;
    let mut touched: BTreeSet<u64> =
        new.iter().filter_map(|recorded| recorded.event().ok()?.item()).collect();
    // What is answered by a plan is done when the plan is.
    let above: Vec<u64> =
        touched.iter().filter_map(|number| organisation.items.get(*number)?.content.parent()).collect();
    touched.extend(above);
    for number in touched {
        let Some(item) = organisation.items.get(number) else { continue };
        let Some(mut times) = times(store, number).await? else { continue };
        if is_answered(item, &times) {
            let mut plans = Vec::new();
            for plan in organisation.items.children(number) {
                plans.extend(self::times(store, plan.number).await?);
            }
            with_plans(&mut times, &plans);
        }
        into.row(&row(&organisation, item, &times).to_string())?;
    }
    Ok(Fetched { bookmark: json!(last), whole: false, more: false })
}

/// Whether what is done about an item is what its plans say.
fn is_answered(item: &Item, times: &Times) -> bool {
    matches!(item.content, Content::Alert(_)) && times.decided.is_some()
}

fn with_plans(times: &mut Times, plans: &[Times]) {
    times.done = times.done.or(plans.iter().filter_map(|plan| plan.done).max());
    times.last = plans.iter().map(|plan| plan.last).chain([times.last]).max().unwrap_or(times.last);
}

/// When what happened to every item.
pub(crate) async fn timed(store: &Store, organisation: &Organisation) -> Result<Vec<Timed>, AppError> {
    let kind = Some("item.*".to_owned());
    let recorded = store.events(&EventFilter { kind, ..EventFilter::default() }).await?;
    let mut events: BTreeMap<u64, Vec<(i64, Principal, Event)>> = BTreeMap::new();
    for of in &recorded {
        let event = of.event().map_err(|error| StoreError::Corrupt {
            what: "an event of an item",
            reason: error.to_string(),
        })?;
        let Some(item) = event.item() else { continue };
        events.entry(item).or_default().push((of.at, of.by.clone(), event));
    }
    let times: BTreeMap<u64, Times> = events
        .iter()
        .filter_map(|(item, of)| Some((*item, Times::of(of.iter().map(|(at, by, e)| (*at, by, e)))?)))
        .collect();
    let mut found = Vec::new();
    for item in organisation.items.all().filter(|item| !is_only_watched(item)) {
        let Some(mut of) = times.get(&item.number).cloned() else { continue };
        if is_answered(item, &of) {
            let children = organisation.items.children(item.number);
            let plans: Vec<Times> = children.filter_map(|plan| times.get(&plan.number).cloned()).collect();
            with_plans(&mut of, &plans);
        }
        let about = organisation.items.about(&item.content);
        found.push(Timed {
            item: item.number,
            kind: item.content.kind().name,
            kpi: about.map(|(kpi, _)| kpi.to_string()),
            unit: about.and_then(|(_, unit)| unit).map(ToString::to_string),
            opened: of.opened,
            seen: of.seen,
            decided: of.decided,
            done: of.done,
            effect: of.effect,
            ended: of.ended,
        });
    }
    Ok(found)
}

async fn times(store: &Store, number: u64) -> Result<Option<Times>, PortError> {
    let subject = Some(Subject::item(number).to_string());
    let recorded = store.events(&EventFilter { subject, ..EventFilter::default() }).await?;
    let events: Vec<(i64, Principal, Event)> = recorded
        .iter()
        .map(|of| Ok((of.at, of.by.clone(), of.event()?)))
        .collect::<Result<_, kepi_govern::wire::Unreadable>>()?;
    Ok(Times::of(events.iter().map(|(at, by, event)| (*at, by, event))))
}

fn instant(at: i64) -> String {
    Timestamp::from_microsecond(at).unwrap_or_default().to_string()
}

fn row(organisation: &Organisation, item: &Item, times: &Times) -> Value {
    let at = |of: Option<i64>| of.map(instant);
    let about = organisation.items.about(&item.content);
    let (rule, about_at) = match &item.content {
        Content::Alert(of) => (Some(of.rule.as_str()), Some(midnight(of.period.first))),
        Content::Case(of) => (Some(of.rule.as_str()), Some(of.since)),
        Content::Review(of) => (Some(of.rule.as_str()), Some(midnight(of.period.first))),
        Content::Play(of) => (Some(of.playbook.as_str()), Some(of.since)),
        _ => (None, None),
    };
    let case = match &item.content {
        Content::Case(of) => Some(of),
        _ => None,
    };
    let permitted = case.and_then(|of| match of.permission {
        Permission::Given => Some(true),
        Permission::Withheld => Some(false),
        Permission::NotAsked => None,
    });
    let state = match (item.ended, item.step()) {
        (Some((outcome, _)), _) => outcome.word(),
        (None, step) => step.map_or("open", |step| step.name),
    };
    json!({
        "id": item.number.to_string(),
        "kind": item.content.kind().name,
        "rule": rule,
        "kpi": about.map(|(kpi, _)| kpi.as_str()),
        "unit": about.and_then(|(_, unit)| unit).map(|unit| unit.as_str()),
        "about_at": at(about_at),
        "opened_at": instant(times.opened),
        "seen_at": at(times.seen),
        "decided_at": at(times.decided),
        "done_at": at(times.done),
        "effect_at": at(times.effect),
        "ended_at": at(times.ended),
        "due_at": at(item.due()),
        "state": state,
        "outcome": item.work.finished.as_ref().map(|(outcome, _)| outcome.as_str()),
        "cause": item.work.cause.as_ref().map(|cause| cause.as_str()),
        "permitted": permitted,
        "contacts": case.map(|_| item.work.contacts.len()),
        "reached": case.map(|_| item.work.is_reached()),
        "settled": item.work.answers.last().map(|answer| answer.settled),
        "raised": times.raised,
        "updated_at": instant(times.last),
    })
}
