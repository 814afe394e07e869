//! A change request: texts of definitions that are to come into force, and who has to agree to that.

use std::collections::BTreeSet;

use kepi_model::governance::{Aspect, Mode};

use super::{
    kind::{Kind, Step, Timeout, Turn},
    tally::Ask,
};
use crate::{
    event::DefinitionAdopted,
    governance::Governing,
    register::{DocumentId, Effective, Register},
};

/// The kind.
pub const CHANGE_REQUEST: &Kind = &Kind {
    name: "change_request",
    about: "Definitions that are to come into force.",
    steps: &[
        Step { name: "draft", turn: Turn::Write, due: 30, timeout: Timeout::Lapse },
        Step { name: "review", turn: Turn::Ask, due: 30, timeout: Timeout::Lapse },
    ],
    outcomes: &[],
    may_end: false,
};

/// What is to come into force.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    /// Position of the register that the texts were compared with.
    pub base: u64,
    /// The adoptions it comes to, the earliest first.
    pub adoptions: Vec<DefinitionAdopted>,
    /// In which respects definitions differ by them.
    pub aspects: BTreeSet<Aspect>,
    /// Persons whose own target, or what they answer for, it touches.
    pub concerned: BTreeSet<u64>,
    /// Persons whose pay hangs on a KPI that it touches: they decide on nothing of it, and sign what they have to.
    pub paid: BTreeSet<u64>,
    /// What it says of who decides, and how.
    pub governing: Governing,
}

impl Change {
    /// The respects in which definitions differ at least, as the register alone tells: it does not read texts.
    pub fn at_least(&self, register: &Register) -> BTreeSet<Aspect> {
        at_least(&self.adoptions, &self.governing, register)
    }

    /// Whether anything that it says was adopted otherwise since.
    pub fn is_outdated(&self, register: &Register) -> bool {
        let later = |id: &DocumentId| register.adoptions(id).any(|(_, seq, _)| seq > self.base);
        let files =
            |adoption: &DefinitionAdopted| adoption.files.is_some() && register.files_since(self.base);
        self.adoptions.iter().any(|adoption| adoption.texts.keys().any(later) || files(adoption))
    }

    /// Who has to agree.
    pub fn ask(&self, mode: Mode) -> Ask {
        let mut ask = Ask::default();
        for aspect in &self.aspects {
            match (mode, aspect) {
                (Mode::Open, _) | (Mode::Reviewed, Aspect::Words) => {}
                (_, Aspect::Governance) => {
                    ask.owner = true;
                    ask.board |= mode == Mode::Board;
                }
                (_, Aspect::Target | Aspect::Owner) => {
                    ask.parties = true;
                    ask.board |= mode == Mode::Board;
                }
                (Mode::Reviewed, _) | (Mode::Board, Aspect::Words | Aspect::Absence) => ask.one_other = true,
                (Mode::Board, _) => ask.board = true,
            }
        }
        ask
    }
}

/// The respects in which definitions differ at least by adoptions, as the register alone tells: it does not read texts.
pub(crate) fn at_least(
    adoptions: &[DefinitionAdopted],
    governing: &Governing,
    register: &Register,
) -> BTreeSet<Aspect> {
    let mut found = BTreeSet::new();
    if !governing.is_empty() {
        found.insert(Aspect::Governance);
    }
    for adoption in adoptions {
        let day = match adoption.from {
            Effective::Ever => None,
            Effective::From(day) => Some(day),
        };
        for (id, new) in &adoption.texts {
            let kind = match id {
                DocumentId::Named { kind, .. } => kind.as_str(),
                DocumentId::Person(_) => "person",
            };
            let held = register.in_force(id, day);
            // A scorecard means something else when a target does, and a target is no weight.
            let told = matches!(kind, "kpi" | "source") && held.map(|held| held.meaning) != Some(new.meaning);
            if kind == "governance" || held.is_none() || new.text.is_none() || told {
                found.insert(Aspect::of_kind(kind));
            }
        }
    }
    found
}
