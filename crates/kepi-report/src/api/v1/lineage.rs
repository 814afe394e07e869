//! What programs are told of where figures come from.

use super::{Lineage, LineageOverview};
use crate::view::{LineageView, LineagesView};

/// Where every KPI comes from.
pub fn lineages(view: LineagesView) -> LineageOverview {
    LineageOverview { kpis: view.kpis }
}

/// What one thing is made of, and what is made of it.
pub fn lineage(view: LineageView) -> Lineage {
    let of = view.traced;
    Lineage { of: of.of, personal: of.personal, made_of: of.steps_to, goes_into: of.steps_from }
}
