//! What people say of an item beside their ballots: remarks, objections with a reason, and how each was resolved.

use std::collections::BTreeSet;

use kepi_proof::{Commitment, Digest};
use serde::{Deserialize, Serialize};

use super::{Item, Stance};
use crate::principal::Principal;

/// So many remarks an item holds at most: a discussion that is longer belongs into a room.
pub const MOST_REMARKS: usize = 200;

/// In which way something is said.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Says {
    /// A word on it.
    Comment,
    /// It is not to take effect before this is resolved.
    Objection,
    /// What became of an objection.
    Resolution,
}

impl Says {
    /// Its word.
    pub fn word(self) -> &'static str {
        match self {
            Self::Comment => "comment",
            Self::Objection => "objection",
            Self::Resolution => "resolution",
        }
    }
}

/// What somebody said.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Remark {
    /// Who.
    pub by: Principal,
    /// In which way.
    pub says: Says,
    /// Of a resolution: the number of the objection, the first remark is 1.
    pub to: Option<u16>,
    /// What the item proposed then.
    pub content: Digest,
    /// In which words.
    pub text: Commitment,
    /// When, µs UTC.
    pub at: i64,
}

impl Item {
    /// How an objection was resolved, by its number: the remark that says so.
    pub fn resolution(&self, objection: u16) -> Option<&Remark> {
        self.remarks.iter().find(|of| of.says == Says::Resolution && of.to == Some(objection))
    }

    /// Objections that stand: nobody has resolved them, and who raised them has neither agreed since nor written what the item says now.
    pub fn objections(&self) -> impl Iterator<Item = (u16, &Remark)> {
        (1_u16..).zip(&self.remarks).filter(|(number, of)| {
            let agreed = match &of.by {
                Principal::Person(by) => self
                    .ballots
                    .get(by)
                    .is_some_and(|ballot| ballot.stance == Stance::Yes && ballot.content == self.digest),
                Principal::Job(_) => false,
            };
            of.says == Says::Objection
                && self.resolution(*number).is_none()
                && !agreed
                && self.editor != of.by
        })
    }

    /// Of those who are there, whose objections stand.
    pub fn objecting(&self, there: &BTreeSet<u64>) -> BTreeSet<u64> {
        let by = self.objections().filter_map(|(_, of)| match of.by {
            Principal::Person(number) => Some(number),
            Principal::Job(_) => None,
        });
        by.filter(|person| there.contains(person)).collect()
    }
}
