//! A score as it would be.

use super::{Bridge, Choice, Named, Outcome, Points, ProjectView, UnitChoice, Weight};

/// A score as it is and as it would be, were weights and values as supposed. Nothing of it is kept.
#[derive(Debug, Clone, PartialEq)]
pub struct WhatIfView {
    /// The project.
    pub project: ProjectView,
    /// The scorecard.
    pub scorecard: Named,
    /// The unit.
    pub unit: Option<Named>,
    /// Units to choose from.
    pub units: Vec<UnitChoice>,
    /// The period.
    pub period: String,
    /// Periods to choose from.
    pub periods: Vec<Choice>,
    /// As it is.
    pub before: Outcome<Points>,
    /// As it would be; what was asked for cannot be, where there is a problem.
    pub after: Outcome<Points>,
    /// What it would gain.
    pub gained: Option<Points>,
    /// Why nothing follows from what was asked for.
    pub problem: Option<String>,
    /// By what the two differ.
    pub bridge: Option<Bridge>,
    /// Everything that has a weight, and KPIs with their values.
    pub places: Vec<PlaceView>,
}

/// A perspective, an objective or a KPI.
#[derive(Debug, Clone, PartialEq)]
pub struct PlaceView {
    /// `perspective`, `objective`, `kpi`.
    pub kind: &'static str,
    /// Which.
    pub of: Named,
    /// Its weight among siblings as it is.
    pub weight: Weight,
    /// As it would be, where that is another.
    pub supposed_weight: Option<Weight>,
    /// The weight that was asked for, as it was written.
    pub asked_weight: Option<String>,
    /// Of a KPI: its value, as it is written in definitions.
    pub value: Option<String>,
    /// Of a KPI: the value that is supposed, as it was asked for.
    pub supposed_value: Option<String>,
    /// What five percentage points more of the weight would add to the score.
    pub more: Option<Points>,
    /// What five less would.
    pub less: Option<Points>,
    /// Between which weights the units directly below stand in the order in which they stand now.
    pub same_order: Option<(Weight, Weight)>,
}
