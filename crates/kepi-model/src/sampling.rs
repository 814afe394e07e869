//! Whom a survey asks next.

use crate::{
    derived::Made,
    expression::Expression,
    id::{DimensionId, EntityId, KpiId, SamplingId},
};

/// Whom a survey asks next: how many a margin of error takes, among those whom the caps leave.
#[derive(Debug, Clone, PartialEq)]
pub struct Sampling {
    /// Its name.
    pub id: SamplingId,
    /// Shown name.
    pub name: String,
    /// What is to be measured.
    pub kpi: KpiId,
    /// How far the figure of a stratum may be off, in the unit of the KPI.
    pub margin: f64,
    /// The KPI whose rows are the people who may be asked.
    pub people: KpiId,
    /// The entity whose rows they are.
    pub of: EntityId,
    /// The dimension of `people` whose members are strata; none: all are one.
    pub by: Option<DimensionId>,
    /// The KPI whose rows are invitations.
    pub invitations: KpiId,
    /// The entity whose rows these are.
    pub invitation: EntityId,
    /// Whom an invitation asked.
    pub person: Expression,
    /// How often one person is asked at most; all of them hold. In declared order.
    pub caps: Vec<ContactCap>,
    /// The share of those asked that is expected to answer, between 0 and 1.
    pub response: f64,
    /// What has to be made of landed rows for `person`, each after what it needs.
    pub made: Vec<Made>,
}

/// How often one person is asked at most.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ContactCap {
    /// So many invitations.
    pub at_most: u16,
    /// Within so long, in microseconds.
    pub within: i64,
}
