//! Trade-offs that were agreed on.

use std::collections::BTreeMap;

use crate::{
    id::{GuardrailId, KpiId, PersonId, StageGateId, UnitId},
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

/// What a value may be, in the unit of its KPI; durations in microseconds.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Bound {
    /// The least.
    pub at_least: Option<f64>,
    /// The most.
    pub at_most: Option<f64>,
}

impl Bound {
    /// Whether a value is within it.
    #[must_use]
    pub fn holds(&self, value: f64) -> bool {
        self.at_least.is_none_or(|least| value >= least) && self.at_most.is_none_or(|most| value <= most)
    }

    /// Whether all values of an interval are on one side of it, so that it is sure whether it holds.
    #[must_use]
    pub fn parts(&self, low: f64, high: f64) -> bool {
        let between = |line: f64| low < line && line < high;
        !self.at_least.is_some_and(between) && !self.at_most.is_some_and(between)
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
