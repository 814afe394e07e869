//! What is, was or will be in force: on any day, as it was known at any position of the log.

use std::collections::{BTreeMap, BTreeSet};

use jiff::civil::Date;
use kepi_govern::{
    Content, DocumentId, Effective, Event, Principal,
    items::{Outcome, Stance},
};
use kepi_model::documents::keys_that_differ;
use kepi_proof::Commitment;
use kepi_report::facts::AgreedTo;
use kepi_store::{EventFilter, Store};
use serde::Serialize;

use crate::error::AppError;

/// What is asked of the register; the default is all wordings of all definitions, as known now.
#[derive(Debug, Clone, Default)]
pub struct Asked {
    /// Only of this definition: `kpi/nps`.
    pub of: Option<String>,
    /// Only what is in force on this day.
    pub day: Option<Date>,
    /// As it was known at this position of the log.
    pub position: Option<u64>,
}

/// A definition in force from a day on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Held {
    /// Kind and name: `kpi/nps`.
    pub id: String,
    /// From when on: a day, or `ever`.
    pub from: String,
    /// Position of the adoption that says so.
    pub event: u64,
    /// When it was adopted, µs UTC.
    pub at: i64,
    /// By whom, as far as the name is still known.
    pub by: String,
    /// Its text; none: it was erased.
    pub text: Option<String>,
}

/// What the register says.
///
/// # Errors
/// The database refused, or nothing is known of what is asked for.
pub async fn register(store: &Store, asked: &Asked) -> Result<Vec<Held>, AppError> {
    let head = store.newest_event().await?;
    let position = asked.position.unwrap_or(head);
    if position == 0 || position > head {
        return Err(AppError::NotFound(format!("there is no event {position}; the log has {head}")));
    }
    let register = store.organisation_at(position).await?.register;
    let mut held: Vec<(&DocumentId, Effective, u64, Commitment)> = Vec::new();
    for id in register.documents() {
        let mut all: Vec<_> = register.adoptions(id).collect();
        if let Some(day) = asked.day {
            all.retain(|(from, ..)| *from <= Effective::From(day));
            all = all.pop().into_iter().collect();
        }
        let there = all.into_iter().filter_map(|(from, seq, adopted)| Some((id, from, seq, adopted.text?)));
        held.extend(there);
    }
    let names = held.iter().filter_map(|(id, ..)| match id {
        DocumentId::Person(name) => Some(*name),
        DocumentId::Named { .. } => None,
    });
    let wanted: Vec<Commitment> = held.iter().map(|(.., text)| *text).chain(names).collect();
    let texts = store.read().await?.texts(&wanted).await?;
    let mut adopted: BTreeMap<u64, (i64, String)> = BTreeMap::new();
    for recorded in store
        .events(&EventFilter { kind: Some("definition.adopted".to_owned()), ..EventFilter::default() })
        .await?
    {
        adopted.insert(recorded.seq, (recorded.at, store.name_of(&recorded.by).await?));
    }
    let mut found = Vec::new();
    for (id, from, event, text) in held {
        let id = match id {
            DocumentId::Person(name) => {
                format!("person/{}", texts.get(name).map_or("forgotten", String::as_str))
            }
            DocumentId::Named { .. } => id.to_string(),
        };
        if asked.of.as_ref().is_some_and(|of| *of != id) {
            continue;
        }
        let (at, by) = adopted.get(&event).cloned().unwrap_or_default();
        found.push(Held { id, from: from.to_string(), event, at, by, text: texts.get(&text).cloned() });
    }
    match &asked.of {
        Some(of) if found.is_empty() => {
            let on = asked.day.map_or(String::new(), |day| format!(" on {day}"));
            Err(AppError::NotFound(format!(
                "nothing was in force of `{of}`{on} as known at event {position}; ids are such as `kpi/nps`"
            )))
        }
        _ => Ok(found),
    }
}

/// Since when each definition of a kind has said what it says now under some of its keys, µs UTC, whatever else was adopted of it since; by
/// id: `initiative/callback_desk`.
///
/// # Errors
/// The database refused.
pub async fn said_since(store: &Store, kind: &str, keys: &[&str]) -> Result<BTreeMap<String, i64>, AppError> {
    let adopted = EventFilter { kind: Some("definition.adopted".to_owned()), ..EventFilter::default() };
    let mut said: BTreeMap<String, Vec<(i64, Option<Commitment>)>> = BTreeMap::new();
    for recorded in store.events(&adopted).await? {
        let Ok(Event::DefinitionAdopted(adoption)) = recorded.event() else { continue };
        for (id, adopted) in &adoption.texts {
            let id = id.to_string();
            if id.split_once('/').is_some_and(|(of, _)| of == kind) {
                said.entry(id).or_default().push((recorded.at, adopted.text));
            }
        }
    }
    let wanted: Vec<Commitment> = said.values().flatten().filter_map(|(_, text)| *text).collect();
    let texts = store.read().await?.texts(&wanted).await?;
    let since = said.into_iter().filter_map(|(id, all)| {
        let mut all = all.into_iter().rev().map(|(at, text)| (at, text.and_then(|text| texts.get(&text))));
        let (newest, now) = all.next()?;
        let now = now?;
        let same =
            |text: &&String| keys_that_differ(text, now).iter().all(|key| !keys.contains(&key.as_str()));
        let earlier = all.map_while(|(at, text)| text.filter(same).map(|_| at));
        Some((id, earlier.last().unwrap_or(newest)))
    });
    Ok(since.collect())
}

/// Who proposed or agreed to a definition, each time that it was decided on, the earliest first.
///
/// # Errors
/// The database refused.
pub async fn agreed_to(store: &Store, id: &str) -> Result<Vec<AgreedTo>, AppError> {
    let organisation = store.organisation().await?;
    let mut all = Vec::new();
    for item in organisation.items.all() {
        let (Content::Change(change), Some((Outcome::Done, at))) = (&item.content, item.ended) else {
            continue;
        };
        let mut texts = change.adoptions.iter().flat_map(|of| &of.texts);
        let Some(text) = texts.find(|(of, _)| of.to_string() == id).and_then(|(_, of)| of.text) else {
            continue;
        };
        let Some(text) = store.read().await?.text(&text).await? else { continue };
        let yes = item.ballots.iter().filter(|(_, ballot)| ballot.stance == Stance::Yes);
        let yes = yes.map(|(person, _)| Principal::Person(*person));
        let mut who = BTreeSet::new();
        for person in item.authors.iter().cloned().chain(yes) {
            who.insert(store.name_of(&person).await?);
        }
        all.push(AgreedTo { at, who, text });
    }
    Ok(all)
}
