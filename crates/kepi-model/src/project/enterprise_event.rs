//! What happens to the enterprise, so that definitions are looked at anew.

use std::collections::BTreeSet;

use jiff::civil::Date;

use super::Kpi;
use crate::{
    id::{EnterpriseEventId, KpiId, ObjectiveId},
    source_text::Span,
};

/// Something that changes what KPIs are for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EnterpriseEvent {
    /// Its name.
    pub id: EnterpriseEventId,
    /// Shown name.
    pub name: String,
    /// In plain words.
    pub description: Option<String>,
    /// From which day on.
    pub on: Date,
    /// KPIs that it touches.
    pub kpis: BTreeSet<KpiId>,
    /// Objectives that it touches.
    pub objectives: BTreeSet<ObjectiveId>,
    /// Where it is defined.
    pub span: Span,
}

impl EnterpriseEvent {
    /// Whether it touches a KPI; one that names nothing touches all.
    pub fn touches(&self, kpi: &Kpi) -> bool {
        let all = self.kpis.is_empty() && self.objectives.is_empty();
        all || self.kpis.contains(&kpi.id)
            || kpi.objective.as_ref().is_some_and(|of| self.objectives.contains(of))
    }
}
