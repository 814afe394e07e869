//! Handing over: who is to answer for something accepts it with what belongs to it, and whoever uses something is told that it goes.

use std::collections::BTreeSet;

use jiff::civil::Date;
use kepi_model::id::KpiId;

use super::kind::{Kind, Step, Timeout, Turn};
use crate::directory::{Directory, Duty};

/// What somebody answered for is to be somebody else's.
pub const HANDOVER: &Kind = &Kind {
    name: "handover",
    about: "What somebody answered for goes to somebody else, who accepts it with what belongs to it. Until then it stands with her superior.",
    steps: &[Step { name: "acceptance", turn: Turn::Work, due: 5, timeout: Timeout::Up }],
    outcomes: &[ACCEPTED],
    may_end: false,
};

/// Something that somebody uses goes.
pub const NOTICE: &Kind = &Kind {
    name: "notice",
    about: "Something that one uses goes from a day on. It is read, and that is all.",
    steps: &[Step { name: "reading", turn: Turn::Work, due: 10, timeout: Timeout::GoOn }],
    outcomes: &[READ],
    may_end: false,
};

/// Definitions that somebody uses say something else.
pub const CHANGE_NOTICE: &Kind = &Kind {
    name: "change_notice",
    about: "Definitions that one uses say something else: what they said before and say since. It is read, and that is all.",
    steps: &[Step { name: "reading", turn: Turn::Work, due: 10, timeout: Timeout::GoOn }],
    outcomes: &[READ],
    may_end: false,
};

/// The outcome of a handover that the successor signed.
pub const ACCEPTED: &str = "accepted";
/// The outcome of a notice.
pub const READ: &str = "read";

/// What goes from one to another.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Handover {
    /// Whose it was.
    pub from: u64,
    /// Whose it is to be.
    pub to: u64,
    /// What.
    pub duties: BTreeSet<Duty>,
    /// Open items that were hers and go with it.
    pub items: BTreeSet<u64>,
    /// Position of the register that says so.
    pub register: u64,
}

/// What somebody is told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Notice {
    /// The KPI that goes.
    pub kpi: KpiId,
    /// From this day on.
    pub from: Date,
    /// Whether it is announced: it is still there, and not to be used from that day on.
    pub announced: bool,
    /// Who is told.
    pub to: u64,
    /// Position of the register that says so.
    pub register: u64,
}

/// That definitions say something else.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChangeNotice {
    /// Who is told.
    pub to: u64,
    /// KPIs that somebody uses and that say or mean something else.
    pub kpis: BTreeSet<KpiId>,
    /// Position of the register before.
    pub before: u64,
    /// Position of the register since.
    pub register: u64,
}

impl Handover {
    /// Whether anything of it is still to be whose it was to be.
    pub fn stands(&self, directory: &Directory) -> bool {
        self.duties.iter().any(|duty| duty.holder(directory) == Some(self.to))
    }
}
