//! What somebody says of a figure, part by part.

use kepi_model::id::{KpiId, UnitId};
use kepi_proof::Commitment;

use super::kind::{Kind, Step, Timeout, Turn};
use crate::periods::PeriodId;

/// What is said of a KPI in a period.
pub const COMMENTARY: &Kind = &Kind {
    name: "commentary",
    about: "What happened to a KPI in a period, why, what is done, what is to be expected, and what is not sure or speaks against it.",
    steps: &[
        Step { name: "draft", turn: Turn::Write, due: 30, timeout: Timeout::Lapse },
        Step { name: "reading", turn: Turn::Ask, due: 14, timeout: Timeout::GoOn },
    ],
    outcomes: &[],
    may_end: true,
};

/// What is said of a KPI in a period: all its parts, and which segments it names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Commentary {
    /// The KPI.
    pub kpi: KpiId,
    /// The unit; none: of all rows.
    pub unit: Option<UnitId>,
    /// The period.
    pub period: PeriodId,
    /// What happened.
    pub what: Commitment,
    /// Why.
    pub why: Commitment,
    /// What is done about it.
    pub done: Commitment,
    /// What is to be expected.
    pub outlook: Commitment,
    /// What is not sure of that, and what speaks against it; none: it was filed before that was asked for.
    pub unsure: Option<Commitment>,
    /// Segments that it names.
    pub named: Named,
}

/// Segments that a commentary names, counted by what the run shows of them.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Named {
    /// Of these that are better than before.
    pub favourable: u32,
    /// Of these that are not.
    pub other: u32,
    /// Of all segments that are not better than before.
    pub all_other: u32,
    /// The run that published the figures.
    pub run: u64,
}

impl Named {
    /// Whether only what speaks for it is named, though there is more.
    pub fn is_one_sided(&self) -> bool {
        self.favourable > 0 && self.other == 0 && self.all_other > 0
    }
}
