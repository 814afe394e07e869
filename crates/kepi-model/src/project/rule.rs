//! Rules about data sets.

use std::collections::{BTreeMap, BTreeSet};

use crate::bound::Bound;
use crate::{
    id::{DimensionId, EntityId, Hash, KpiId, PersonId, RuleId},
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
    /// Where its segments are judged apart: by what.
    pub apart: Option<ByMember>,
    /// With fewer cases nothing is said.
    pub n: Option<u64>,
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

/// A rule whose segments are judged apart.
#[derive(Debug, Clone, PartialEq)]
pub struct ByMember {
    /// The dimension of the KPI that measures it.
    pub by: DimensionId,
    /// What it may be in segments of their own, by member.
    pub bounds: BTreeMap<String, Bound>,
}

impl DataRule {
    /// What it may be in a segment; none: nothing is demanded there. `member`: that of its dimension, where it is judged apart and the
    /// segment has one that is known.
    pub fn bound_in(&self, member: Option<&str>) -> Option<Bound> {
        let own = self.apart.as_ref().and_then(|of| of.bounds.get(member?)).copied();
        Some(own.unwrap_or(self.bound)).filter(|of| of.at_least.is_some() || of.at_most.is_some())
    }
}
