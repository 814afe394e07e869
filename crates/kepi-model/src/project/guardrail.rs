//! Trade-offs that were agreed on.

use std::collections::BTreeMap;

use crate::{
    bound::Bound,
    id::{GuardrailId, KpiId, LevelId, PersonId, StageGateId, UnitId},
    source_text::Span,
    word::words,
};

words! {
    /// What is demanded of a KPI that may be as it is.
    pub enum Still {
        /// It does not change for the worse, beyond what is usual.
        NotWorse = "not worse",
    }
}

/// What is demanded of one KPI.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Demand {
    /// A bound.
    Within(Bound),
    /// No change for the worse.
    NotWorse,
}

/// How far some KPIs may go as long as others hold.
#[derive(Debug, Clone, PartialEq)]
pub struct Guardrail {
    /// Its name.
    pub id: GuardrailId,
    /// Shown name.
    pub name: String,
    /// In plain words.
    pub description: Option<String>,
    /// How far these may go.
    pub kpis: BTreeMap<KpiId, Bound>,
    /// What holds meanwhile.
    pub meanwhile: BTreeMap<KpiId, Demand>,
    /// Within each unit of this level it holds, too; none: it is about all rows.
    pub level: Option<LevelId>,
    /// Who answers for it.
    pub owner: Option<PersonId>,
    /// Where it is defined.
    pub span: Span,
}

impl Guardrail {
    /// All that is demanded: first of those that may go so far, then of those that hold meanwhile.
    pub fn demands(&self) -> impl Iterator<Item = (&KpiId, Demand)> {
        let far = self.kpis.iter().map(|(kpi, bound)| (kpi, Demand::Within(*bound)));
        far.chain(self.meanwhile.iter().map(|(kpi, demand)| (kpi, *demand)))
    }
}

/// What other systems ask before they go on.
#[derive(Debug, Clone, PartialEq)]
pub struct StageGate {
    /// Its name.
    pub id: StageGateId,
    /// Shown name.
    pub name: String,
    /// In plain words.
    pub description: Option<String>,
    /// What has to hold.
    pub when: BTreeMap<KpiId, Demand>,
    /// The unit whose figures they are; none: all rows.
    pub unit: Option<UnitId>,
    /// A figure counts if its period is one of the last so many that are over.
    pub age: u16,
}
