//! Pain points: what people at the front line see again and again, and what becomes of that.

use kepi_model::id::{KpiId, UnitId};

use super::kind::{Kind, Step, Timeout, Turn};

/// What somebody sees where the work is done.
pub const PAIN_POINT: &Kind = &Kind {
    name: "pain_point",
    about: "Something that gets in the way of customers, said by somebody who sees it. Whoever answers for the KPI there says what becomes of it.",
    steps: &[Step { name: "weighing", turn: Turn::Work, due: 5, timeout: Timeout::Up }],
    outcomes: &[CHANGED, "solved", "known", "not_ours"],
    may_end: true,
};

/// The outcome of a pain point of which a change request came.
pub const CHANGED: &str = "change_requested";

/// What somebody sees; what it is stands in the reason.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PainPoint {
    /// The KPI that suffers from it.
    pub kpi: KpiId,
    /// The unit; none: everywhere.
    pub unit: Option<UnitId>,
}
