//! What may be decided, and what decisions mean: commands in, events out, state folded from events.
//!
//! [`decide`] is a pure function of what is the case, what is asked and what was looked at; [`Organisation::apply`]
//! is total. Time, salts and numbers come in with the command; nothing here reads a clock, a file or a database.
//! [`wire`] is the form in which events are kept for ever.
#![cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing))]

pub mod access;
pub mod acting;
pub mod command;
pub mod correcting;
pub mod delivery;
pub mod directory;
pub mod entries;
pub mod erasing;
pub mod event;
pub mod governance;
pub mod items;
pub mod judging;
pub mod laws;
pub mod organisation;
pub mod overrides;
pub mod periods;
pub mod plain;
pub mod principal;
pub mod register;
pub mod silences;
pub mod wire;
mod words;

pub use access::{BindSignIn, EndSignIn, Grant, IssueToken, RecordRefusal, RevokeToken};
pub use acting::{Act, Deed, Observe};
pub use command::{
    Adopt, Command, Edit, Evidence, Facts, Land, Open, Publish, PublishInsights, Rebase, RecordForbidden,
    Remark, Shape, Vote, Withdraw,
};
pub use directory::Directory;
pub use event::{Event, Subject};
pub use governance::{Governance, Governing};
pub use items::{Content, Item, Stance};
pub use laws::{Situation, Violation, decide};
pub use organisation::{Organisation, Place};
pub use principal::{Permit, Principal};
pub use register::{DocumentId, Effective, Register};
pub use wire::Recorded;
