//! Which roles policies name: whoever holds another one may do nothing by it.

use std::collections::BTreeSet;

use kepi_govern::{Grant, access::OWNER};
use kepi_model::wording::nearest;
use serde_json::Value;

use super::{Policies, sight::ROLES};

/// The role of whoever may run a project without owning it; commands ask for it, no policy has to.
pub const RUNNER: &str = "runner";

/// The roles by which somebody may do something.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Roles {
    known: BTreeSet<String>,
    /// Whether a policy finds out by itself which role it asks for: then any may be meant.
    open: bool,
}

impl Roles {
    /// Those of policies, and what commands ask for.
    pub fn of(policies: &Policies) -> Self {
        let known = [OWNER, RUNNER].map(str::to_owned).into();
        let mut roles = Self { known, open: false };
        for policy in policies.set.policies() {
            match policy.to_json() {
                Ok(json) => roles.walk(&json),
                // What cannot be read may name any.
                Err(_) => roles.open = true,
            }
        }
        roles
    }

    /// Takes in what a policy, or a part of it, asks of its principal: an attribute is a built-in role, a tag one of the project's.
    fn walk(&mut self, part: &Value) {
        match part {
            Value::Object(fields) => {
                if let Some(of) = fields.get(".") {
                    let name = of.get("attr").and_then(Value::as_str);
                    self.known.extend(name.filter(|name| ROLES.contains(name)).map(str::to_owned));
                }
                for asked in ["hasTag", "getTag"].iter().filter_map(|asked| fields.get(*asked)) {
                    match asked.pointer("/right/Value").and_then(Value::as_str) {
                        Some(name) => drop(self.known.insert(name.to_owned())),
                        None => self.open = true,
                    }
                }
                fields.values().for_each(|below| self.walk(below));
            }
            Value::Array(parts) => parts.iter().for_each(|below| self.walk(below)),
            _ => {}
        }
    }

    /// Which of these is none, and in words which there are; none: all are known.
    pub fn unknown(&self, held: &BTreeSet<Grant>) -> Option<String> {
        if self.open {
            return None;
        }
        let known = || self.known.iter().map(String::as_str);
        let wrong = held.iter().find(|grant| !self.known.contains(grant.name.as_str()))?.name.as_str();
        let near = nearest(wrong, known()).map(|near| format!("did you mean `{near}`? ")).unwrap_or_default();
        let all: Vec<&str> = known().collect();
        Some(format!("no policy names the role `{wrong}`: {near}those that exist are {}", all.join(", ")))
    }
}
