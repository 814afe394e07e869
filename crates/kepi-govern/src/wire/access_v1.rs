//! Bodies of version 1 of what is said of sign-ins, tokens and refusals: these never change.

use std::collections::BTreeSet;

use kepi_model::id::UnitId;
use kepi_proof::Digest;
use serde::{Deserialize, Serialize};

use crate::{
    access::Grant,
    event::{self, Event, Subject},
    plain::Name,
};

/// The number in `person/7`, in its one spelling.
fn number(subject: &Subject, kind: &str, of: fn(u64) -> Subject) -> Result<u64, String> {
    let number = subject.of(kind).and_then(|number| number.parse().ok());
    let number = number.filter(|n| of(*n) == *subject);
    number.ok_or_else(|| format!("it is about `{subject}`, which is no {kind}"))
}

/// A list in which nothing stands twice, in order.
fn set(list: Vec<Grant>) -> Result<BTreeSet<Grant>, String> {
    let set: BTreeSet<Grant> = list.iter().cloned().collect();
    if set.iter().eq(list.iter()) { Ok(set) } else { Err("a list is not in its order".to_owned()) }
}

/// The body of what its subject says whole.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Nothing {}

pub(super) fn ended(subject: &Subject) -> Result<Event, String> {
    let person = number(subject, "person", Subject::person)?;
    Ok(Event::SignInEnded(event::SignInEnded { person }))
}

pub(super) fn revoked(subject: &Subject) -> Result<Event, String> {
    let token = number(subject, "token", Subject::token)?;
    Ok(Event::TokenRevoked(event::TokenRevoked { token }))
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct SignInBound {
    roles: Vec<Grant>,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    credential: Option<Digest>,
}

impl From<&event::SignInBound> for SignInBound {
    fn from(e: &event::SignInBound) -> Self {
        Self { roles: e.roles.iter().cloned().collect(), credential: e.credential }
    }
}

impl SignInBound {
    pub(super) fn read(self, subject: &Subject) -> Result<Event, String> {
        let person = number(subject, "person", Subject::person)?;
        let roles = set(self.roles)?;
        Ok(Event::SignInBound(event::SignInBound { person, roles, credential: self.credential }))
    }
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct TokenIssued {
    person: u64,
    secret: Digest,
    scopes: Vec<Grant>,
    until: i64,
}

impl From<&event::TokenIssued> for TokenIssued {
    fn from(e: &event::TokenIssued) -> Self {
        let scopes = e.scopes.iter().cloned().collect();
        Self { person: e.person, secret: e.secret, scopes, until: e.until }
    }
}

impl TokenIssued {
    pub(super) fn read(self, subject: &Subject) -> Result<Event, String> {
        let token = number(subject, "token", Subject::token)?;
        let Self { person, secret, scopes, until } = self;
        Ok(Event::TokenIssued(event::TokenIssued { token, person, secret, scopes: set(scopes)?, until }))
    }
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct AttemptRefused {
    action: Name,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    unit: Option<UnitId>,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    token: Option<u64>,
}

impl From<&event::AttemptRefused> for AttemptRefused {
    fn from(e: &event::AttemptRefused) -> Self {
        Self { action: e.action.clone(), unit: e.unit.clone(), token: e.token }
    }
}

impl AttemptRefused {
    pub(super) fn read(self, subject: &Subject) -> Result<Event, String> {
        let named = subject.as_str().split_once('/');
        let named =
            named.is_some_and(|(kind, name)| kind.parse::<Name>().is_ok() && name.parse::<Name>().is_ok());
        if !named {
            return Err(format!("it is about `{subject}`, which is no kind and name"));
        }
        let Self { action, unit, token } = self;
        Ok(Event::AttemptRefused(event::AttemptRefused { action, on: subject.clone(), unit, token }))
    }
}
