//! The state that decisions look at: the fold of all events.

use crate::{access::Access, event::Event, register::Register};

/// What is the case, as of one position of the log.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Organisation {
    /// What is in force.
    pub register: Register,
    /// Who signs in, and which tokens there are.
    pub access: Access,
}

impl Organisation {
    /// Takes in the event at `seq`. Every event can be taken in at any time; what it does not concern stays as it is.
    pub fn apply(&mut self, seq: u64, event: &Event) {
        match event {
            Event::DefinitionAdopted(adoption) => self.register.apply(seq, adoption),
            Event::SignInBound(_)
            | Event::SignInEnded(_)
            | Event::TokenIssued(_)
            | Event::TokenRevoked(_) => self.access.apply(event),
            // Loads, tables and runs are kept by their records; nothing is decided from them yet.
            Event::LoadLanded(_)
            | Event::LoadStopped(_)
            | Event::TableShaped(_)
            | Event::RunPublished(_)
            | Event::InsightsPublished(_)
            | Event::AttemptRefused(_)
            | Event::Legacy(_) => {}
        }
    }

    /// Kinds of events that can change it; a fold may leave out all others.
    pub const KINDS: &[&str] =
        &["definition.adopted", "sign_in.bound", "sign_in.ended", "token.issued", "token.revoked"];
}
