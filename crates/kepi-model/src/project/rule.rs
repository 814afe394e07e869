//! Rules about data sets.

use std::collections::BTreeSet;

use crate::bound::Bound;
use crate::{
    id::{EntityId, Hash, KpiId, PersonId, RuleId},
    source_text::Span,
    word::words,
};

words! {
    /// What follows where a rule about a data set does not hold.
    pub enum Consequence {
        /// It is said.
        Warn = "warn",
        /// Figures that are made of these rows are not trusted: they are withheld.
        Distrust = "distrust",
    }
}

/// What must hold of landed data: a KPI within a bound.
#[derive(Debug, Clone)]
pub struct DataRule {
    /// Id.
    pub id: RuleId,
    /// Shown name.
    pub name: String,
    /// In plain words.
    pub description: Option<String>,
    /// What measures it, over all rows, in each of its periods.
    pub kpi: KpiId,
    /// What it may be.
    pub bound: Bound,
    /// Entities whose rows are in doubt where it does not hold.
    pub about: BTreeSet<EntityId>,
    /// What follows then.
    pub otherwise: Consequence,
    /// Who answers for it.
    pub owner: Option<PersonId>,
    /// Hash of what decides whether it holds and what follows.
    pub hash: Hash,
    /// Where it is defined.
    pub span: Span,
}
