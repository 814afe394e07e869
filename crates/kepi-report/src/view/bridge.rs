//! What moved a score, as pages and the terminal show it.

use super::{names::Named, quantity::Points};

/// From one period's score to the next; parts add up exactly.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Bridge {
    /// Label of the earlier period.
    pub from_label: String,
    /// Score of the earlier period.
    pub from: Points,
    /// What moved it: performance first, then what is none.
    pub parts: Vec<BridgePart>,
    /// Label of the later period.
    pub to_label: String,
    /// Score of the later period.
    pub to: Points,
}

/// One effect on one part of the whole.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BridgePart {
    /// The part: a perspective, or a unit where units are averaged.
    pub name: String,
    /// The effect: `performance`, `definition`, `targets`, `weights`, `coverage`.
    pub effect: &'static str,
    /// Its points, with sign; as shown, the parts add up to the difference as shown.
    pub points: Points,
    /// What it is, where it is not performance: `Happy came in at 60.0`.
    pub said: String,
    /// The KPIs behind it.
    pub kpis: Vec<BridgeKpi>,
}

/// What one KPI brought to a part of a bridge.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BridgeKpi {
    /// The KPI.
    pub kpi: Named,
    /// Its points with sign and all digits; they add up to the part's.
    pub points: Points,
    /// Its own score before and after, in words: `80.0 → 90.0`.
    pub score: String,
}
