//! Who signs in, in which roles, and which tokens act for whom: the fold of the events that say so, and its laws.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt,
    str::FromStr,
};

use kepi_model::id::UnitId;
use kepi_proof::Digest;
use serde::{Deserialize, Serialize};

use crate::{
    event::{AttemptRefused, Event, SignInBound, SignInEnded, Subject, TokenIssued, TokenRevoked},
    laws::Violation,
    plain::{Name, NotPlain},
};

/// The role that may do everything. The rest is said by policies.
pub const OWNER: &str = "owner";
/// No token lives longer than so many µs: a year and a day.
pub const LONGEST_TOKEN: i64 = 366 * 24 * 3600 * 1_000_000;

/// A role that is held, or an action that a token may be used for: everywhere, or for a unit and those beneath it.
/// Written `viewer` or `viewer:area_a`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Grant {
    /// The role, or the action.
    pub name: Name,
    /// The unit; none: everywhere.
    pub unit: Option<UnitId>,
}

impl fmt::Display for Grant {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.unit {
            Some(unit) => write!(f, "{}:{unit}", self.name),
            None => write!(f, "{}", self.name),
        }
    }
}

impl FromStr for Grant {
    type Err = NotPlain;

    fn from_str(text: &str) -> Result<Self, NotPlain> {
        let wrong = || NotPlain::new(text, "a name, or a name and a unit such as `viewer:area_a`");
        let (name, unit) = match text.split_once(':') {
            Some((name, unit)) => (name, Some(unit.parse().map_err(|_| wrong())?)),
            None => (text, None),
        };
        Ok(Self { name: name.parse().map_err(|_| wrong())?, unit })
    }
}

impl TryFrom<String> for Grant {
    type Error = NotPlain;
    fn try_from(text: String) -> Result<Self, NotPlain> {
        text.parse()
    }
}

impl From<Grant> for String {
    fn from(grant: Grant) -> String {
        grant.to_string()
    }
}

/// Lets a person sign in, or changes how or as what.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct BindSignIn {
    /// The person's number.
    pub person: u64,
    /// The roles held from now on.
    pub roles: BTreeSet<Grant>,
    /// Of what is kept to recognise a password; none: there is none.
    pub credential: Option<Digest>,
}

/// Lets a person sign in no longer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct EndSignIn {
    /// The person's number.
    pub person: u64,
}

/// Issues a token.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct IssueToken {
    /// For whom it acts.
    pub person: u64,
    /// Hash of the token: 256 random bits, so nobody finds them from it.
    pub secret: Digest,
    /// What it may be used for.
    pub scopes: BTreeSet<Grant>,
    /// Until when, µs UTC.
    pub until: i64,
}

/// Revokes a token.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct RevokeToken {
    /// Its number.
    pub token: u64,
}

/// Keeps a record that somebody was refused something.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct RecordRefusal {
    /// What was attempted.
    pub action: Name,
    /// On what: kind and name, such as `kpi/nps`.
    pub on: (Name, Name),
    /// For which unit, if for one.
    pub unit: Option<UnitId>,
    /// By which token, if by one.
    pub token: Option<u64>,
}

/// How somebody signs in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SignIn {
    /// The roles held.
    pub roles: BTreeSet<Grant>,
    /// Of what is kept to recognise a password.
    pub credential: Option<Digest>,
}

/// A token that was issued.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Token {
    /// Its number.
    pub token: u64,
    /// For whom it acts.
    pub person: u64,
    /// What it may be used for.
    pub scopes: BTreeSet<Grant>,
    /// Until when, µs UTC.
    pub until: i64,
    /// Whether it was revoked.
    pub revoked: bool,
}

/// Who signs in and which tokens there are.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Access {
    sign_ins: BTreeMap<u64, SignIn>,
    tokens: BTreeMap<Digest, Token>,
    issued: u64,
}

/// Nobody would be an owner.
pub const NO_OWNER: &str = "G0601";
/// Nothing differs from what holds.
pub const SAME_SIGN_IN: &str = "G0602";
/// The person does not sign in.
pub const NO_SIGN_IN: &str = "G0603";
/// A token that lives too long, or not at all.
pub const TOKEN_LIFE: &str = "G0604";
/// A token for nothing.
pub const TOKEN_SCOPES: &str = "G0605";
/// A token that is not there, or is revoked already.
pub const NO_TOKEN: &str = "G0606";

impl Access {
    /// Whether nobody signs in: then only who can reach the files of the project is anybody.
    pub fn is_empty(&self) -> bool {
        self.sign_ins.is_empty()
    }

    /// How a person signs in.
    pub fn sign_in(&self, person: u64) -> Option<&SignIn> {
        self.sign_ins.get(&person)
    }

    /// Everybody who signs in, by number.
    pub fn sign_ins(&self) -> impl Iterator<Item = (u64, &SignIn)> {
        self.sign_ins.iter().map(|(person, sign_in)| (*person, sign_in))
    }

    /// The token of a hash, if it may be used at a time: it is neither over nor revoked, and its person signs in.
    pub fn token(&self, secret: &Digest, at: i64) -> Option<&Token> {
        let alive =
            |token: &&Token| !token.revoked && at < token.until && self.sign_ins.contains_key(&token.person);
        self.tokens.get(secret).filter(alive)
    }

    /// Every token that was ever issued, by number.
    pub fn tokens(&self) -> Vec<&Token> {
        let mut all: Vec<&Token> = self.tokens.values().collect();
        all.sort_by_key(|token| token.token);
        all
    }

    /// Takes in an event.
    pub(crate) fn apply(&mut self, event: &Event) {
        match event {
            Event::SignInBound(SignInBound { person, roles, credential }) => {
                let sign_in = SignIn { roles: roles.clone(), credential: *credential };
                self.sign_ins.insert(*person, sign_in);
            }
            Event::SignInEnded(SignInEnded { person }) => {
                self.sign_ins.remove(person);
                // Who comes back does not find old tokens alive.
                self.tokens.values_mut().filter(|t| t.person == *person).for_each(|t| t.revoked = true);
            }
            Event::TokenIssued(issued) => {
                let TokenIssued { token, person, secret, scopes, until } = issued.clone();
                self.issued = self.issued.max(token);
                let token = Token { token, person, scopes, until, revoked: false };
                self.tokens.insert(secret, token);
            }
            Event::TokenRevoked(TokenRevoked { token }) => {
                self.tokens.values_mut().filter(|t| t.token == *token).for_each(|t| t.revoked = true);
            }
            _ => {}
        }
    }

    /// Whether somebody would be an owner everywhere if the roles of a person were these.
    fn has_owner_with(&self, person: u64, roles: Option<&BTreeSet<Grant>>) -> bool {
        let owns = |roles: &BTreeSet<Grant>| {
            roles.iter().any(|grant| grant.name.as_str() == OWNER && grant.unit.is_none())
        };
        let others = self.sign_ins.iter().filter(|(other, _)| **other != person);
        others.map(|(_, sign_in)| &sign_in.roles).chain(roles).any(owns)
    }
}

fn violated(code: &'static str, message: impl Into<String>, violations: &mut Vec<Violation>) {
    violations.push(Violation { code, message: message.into() });
}

pub(crate) fn bound(access: &Access, bind: &BindSignIn, violations: &mut Vec<Violation>) -> Vec<Event> {
    let BindSignIn { person, roles, credential } = bind.clone();
    if !access.has_owner_with(person, Some(&roles)) {
        let message = "nobody would have the role `owner` everywhere; who signs in first is one, and the last one stays one";
        violated(NO_OWNER, message, violations);
    }
    if access.sign_in(person) == Some(&SignIn { roles: roles.clone(), credential }) {
        violated(SAME_SIGN_IN, "the person signs in like that already", violations);
    }
    vec![Event::SignInBound(SignInBound { person, roles, credential })]
}

pub(crate) fn ended(access: &Access, end: &EndSignIn, violations: &mut Vec<Violation>) -> Vec<Event> {
    if access.sign_in(end.person).is_none() {
        violated(NO_SIGN_IN, "the person does not sign in", violations);
    }
    let alone = access.sign_ins.len() == 1;
    if !alone && !access.has_owner_with(end.person, None) {
        let message = "nobody else has the role `owner` everywhere; give it to somebody first";
        violated(NO_OWNER, message, violations);
    }
    vec![Event::SignInEnded(SignInEnded { person: end.person })]
}

pub(crate) fn issued(
    access: &Access,
    issue: &IssueToken,
    at: i64,
    violations: &mut Vec<Violation>,
) -> Vec<Event> {
    let IssueToken { person, secret, scopes, until } = issue.clone();
    if access.sign_in(person).is_none() {
        violated(NO_SIGN_IN, "a token acts for somebody who signs in; add the person first", violations);
    }
    if until <= at || until - at > LONGEST_TOKEN {
        violated(TOKEN_LIFE, "a token lives for some time, and at most for a year", violations);
    }
    if scopes.is_empty() {
        violated(TOKEN_SCOPES, "a token that may be used for nothing is none", violations);
    }
    vec![Event::TokenIssued(TokenIssued { token: access.issued + 1, person, secret, scopes, until })]
}

pub(crate) fn revoked(access: &Access, revoke: &RevokeToken, violations: &mut Vec<Violation>) -> Vec<Event> {
    let RevokeToken { token } = *revoke;
    if !access.tokens.values().any(|t| t.token == token && !t.revoked) {
        violated(NO_TOKEN, format!("there is no token {token}, or it is revoked already"), violations);
    }
    vec![Event::TokenRevoked(TokenRevoked { token })]
}

pub(crate) fn refused(refusal: &RecordRefusal) -> Vec<Event> {
    let RecordRefusal { action, on: (kind, name), unit, token } = refusal.clone();
    let on = Subject::recorded(&format!("{kind}/{name}"));
    vec![Event::AttemptRefused(AttemptRefused { action, on, unit, token })]
}
