//! Disputes: somebody says that a published figure is not right, and whoever answers for it answers.

use kepi_model::id::{KpiId, UnitId};

use super::kind::{Kind, Step, Timeout, Turn};
use crate::periods::PeriodId;

/// A published figure that somebody says is not right.
pub const DISPUTE: &Kind = &Kind {
    name: "dispute",
    about: "Somebody says that a published figure is not right. Whoever answers for it says whether it stands, or was corrected; until then it is shown as disputed.",
    steps: &[Step { name: "answering", turn: Turn::Work, due: 5, timeout: Timeout::Up }],
    outcomes: &["stands", "corrected"],
    may_end: false,
};

/// Which figure is disputed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Dispute {
    /// The KPI.
    pub kpi: KpiId,
    /// The unit; none: of all rows.
    pub unit: Option<UnitId>,
    /// The period.
    pub period: PeriodId,
    /// The run that published it.
    pub run: u64,
}

impl Dispute {
    /// Whether both are about the same figure.
    pub fn is_about_the_same(&self, other: &Self) -> bool {
        (&self.kpi, &self.unit, self.period) == (&other.kpi, &other.unit, other.period)
    }
}
