//! An emergency: a change that comes into force when two who are named for that agree, and is taken back unless those who have to
//! agree ratify it in time.

use std::collections::{BTreeMap, BTreeSet};

use super::{
    change_request::Change,
    kind::{Kind, Step, Timeout, Turn},
    tally::Ask,
};
use crate::{
    event::DefinitionAdopted,
    register::{Adopted, DocumentId, Effective, Register},
};

/// The step in which it is in force and not ratified yet.
pub const RATIFICATION: &str = "ratification";

/// So many of those who are named have to say yes.
pub const TWO: usize = 2;

/// The kind.
pub const EMERGENCY: &Kind = &Kind {
    name: "emergency",
    about: "A change that could not wait: in force until it is ratified or taken back.",
    steps: &[
        Step { name: "draft", turn: Turn::Write, due: 30, timeout: Timeout::Lapse },
        Step { name: "approval", turn: Turn::Ask, due: 5, timeout: Timeout::Lapse },
        Step { name: RATIFICATION, turn: Turn::Ask, due: 10, timeout: Timeout::Revert },
    ],
    outcomes: &[],
    may_end: false,
};

/// What is to come into force at once.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Emergency {
    /// What.
    pub change: Change,
    /// What is adopted again if it is not ratified: what held before.
    pub back: Vec<DefinitionAdopted>,
    /// Within so many days it is ratified.
    pub days: u16,
}

impl Emergency {
    /// What is adopted again, of definitions that still say what this change put in force.
    pub fn taken_back(&self, register: &Register) -> Vec<DefinitionAdopted> {
        let said: BTreeMap<(Effective, &DocumentId), &Adopted> = self
            .change
            .adoptions
            .iter()
            .flat_map(|adoption| adoption.texts.iter().map(|(id, of)| ((adoption.from, id), of)))
            .collect();
        let holds = |id: &DocumentId| {
            let own = said.iter().filter(|((_, of), _)| *of == id);
            own.clone().count() > 0
                && own.into_iter().all(|((from, id), new)| {
                    register.adoptions(id).any(|(begins, _, held)| begins == *from && held == *new)
                })
        };
        let files = self.change.adoptions.iter().rev().find_map(|adoption| adoption.files);
        let same_files = files.is_some() && register.files(None) == files.as_ref();
        let back = self.back.iter().cloned().map(|mut adoption| {
            adoption.texts.retain(|id, _| holds(id));
            adoption.files = adoption.files.filter(|_| same_files);
            adoption
        });
        back.filter(|adoption| !adoption.texts.is_empty() || adoption.files.is_some()).collect()
    }
}

impl Change {
    /// What would have to be adopted after this change so that everything is as it was: every wording of what it names, from the
    /// first day on which it changes that. None: it names something that was not there, or is to be there no more.
    pub fn back(&self, register: &Register) -> Option<Vec<DefinitionAdopted>> {
        let mut first: BTreeMap<&DocumentId, Effective> = BTreeMap::new();
        for adoption in &self.adoptions {
            for (id, new) in &adoption.texts {
                let held = register
                    .adoptions(id)
                    .any(|(from, _, held)| from == adoption.from && held.text.is_some());
                if !held || new.text.is_none() {
                    return None;
                }
                let from = first.entry(id).or_insert(adoption.from);
                *from = adoption.from.min(*from);
            }
        }
        let days: BTreeSet<Effective> =
            first.keys().flat_map(|id| register.adoptions(id)).map(|(from, ..)| from).collect();
        let files = self.adoptions.iter().any(|adoption| adoption.files.is_some());
        let mut back: Vec<DefinitionAdopted> = days
            .into_iter()
            .map(|day| {
                let own = first.iter().filter(|(_, from)| **from <= day);
                let held = own.filter_map(|(id, _)| {
                    let held = register.adoptions(id).find(|(from, ..)| *from == day)?;
                    Some(((*id).clone(), *held.2))
                });
                DefinitionAdopted { from: day, texts: held.collect(), files: None }
            })
            .filter(|adoption| !adoption.texts.is_empty())
            .collect();
        if let (true, Some(last), Some(files)) = (files, back.last_mut(), register.files(None)) {
            last.files = Some(*files);
        }
        Some(back)
    }
}

/// Who has to agree first: two of those who are named.
pub(super) fn ask() -> Ask {
    Ask { named: true, ..Ask::default() }
}
