//! How it is decided what is in force, and who is there to decide: persons by number.

use std::collections::{BTreeMap, BTreeSet};

use kepi_model::{
    governance::{FreezeRule, Mode},
    id::{FreezeId, FunctionId},
};
use serde::Serialize;

/// How it is decided what is in force; without anything said, whoever runs the project decides.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Governance {
    /// How definitions come into force.
    pub mode: Mode,
    /// Who has to agree to changes of the governance.
    pub owners: BTreeSet<u64>,
    /// The board by the function that its members speak for.
    pub board: BTreeMap<FunctionId, BTreeSet<u64>>,
    /// How many functions have to say yes.
    pub quorum: u16,
    /// Periods that are frozen by themselves.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub freezes: BTreeMap<FreezeId, FreezeRule>,
    /// Who can put a change in force at once.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub emergency: Option<InEmergency>,
}

/// Who can put a change in force at once, to be ratified later.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct InEmergency {
    /// Of whom two have to say yes.
    pub among: BTreeSet<u64>,
    /// Within so many days it is ratified, or taken back.
    pub days: u16,
}

impl Governance {
    /// For how many functions these can speak, each for one: whoever is a member for several counts once.
    pub fn functions(&self, of: &BTreeSet<u64>) -> usize {
        let mut speaks = BTreeMap::new();
        self.board
            .keys()
            .filter(|function| self.finds(function, of, &mut speaks, &mut BTreeSet::new()))
            .count()
    }

    /// Finds a member who speaks for a function, if need be by letting another function find somebody else.
    fn finds<'a>(
        &'a self,
        function: &'a FunctionId,
        of: &BTreeSet<u64>,
        speaks: &mut BTreeMap<u64, &'a FunctionId>,
        asked: &mut BTreeSet<u64>,
    ) -> bool {
        let members = self.board.get(function).into_iter().flatten().filter(|member| of.contains(member));
        for member in members {
            if !asked.insert(*member) {
                continue;
            }
            let free = match speaks.get(member) {
                Some(other) => self.finds(other, of, speaks, asked),
                None => true,
            };
            if free {
                speaks.insert(*member, function);
                return true;
            }
        }
        false
    }

    /// All members of the board.
    pub fn members(&self) -> BTreeSet<u64> {
        self.board.values().flatten().copied().collect()
    }
}

/// What texts say of who decides, and how: it comes into force with them.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Governing {
    /// How it is decided from then on, if that is another way.
    pub governance: Option<Governance>,
    /// Persons who are there from then on.
    pub joined: BTreeSet<u64>,
    /// Persons who are there no longer.
    pub left: BTreeSet<u64>,
}

impl Governing {
    /// Whether nothing is said.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}
