//! A score as it would be.

use serde::{Deserialize, Serialize};

use super::{Code, Named, points};
use crate::{
    facts::Facts,
    reader::{ViewError, WhatIfQuery},
    reporter::Reporter,
    view,
};

/// A score as it is and as it would be.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct WhatIf {
    /// The scorecard.
    pub scorecard: Named,
    /// The unit.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub unit: Option<Named>,
    /// The period.
    pub period: String,
    /// The score as it is; left out if there is none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub before: Option<f64>,
    /// As it would be.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub after: Option<f64>,
    /// By what they differ: effect, KPI and points, which add up exactly.
    pub steps: Vec<WhatIfStep>,
    /// What has a weight.
    pub weights: Vec<WhatIfWeight>,
}

/// What one KPI adds to the difference.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct WhatIfStep {
    /// `performance` for a value, `weights` for a weight, `coverage` for what has a score only in one.
    pub effect: Code,
    /// Id of the KPI.
    pub kpi: String,
    /// Points.
    pub points: f64,
}

/// A weight.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct WhatIfWeight {
    /// `perspective`, `objective`, `kpi`.
    pub kind: Code,
    /// Id.
    pub id: String,
    /// As it is, a share of 1.
    pub before: f64,
    /// As it would be.
    pub after: f64,
    /// Points for five percentage points more; left out where that cannot be.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub five_more: Option<f64>,
    /// Points for five percentage points less.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub five_less: Option<f64>,
    /// Between which weights the units below keep their order; left out with fewer than two.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub same_order: Option<(f64, f64)>,
}

/// A score as it would be, were weights and values as supposed.
///
/// # Errors
/// What is asked for is not there, cannot be supposed, or nothing has been computed.
pub fn what_if(facts: &dyn Facts, query: &WhatIfQuery) -> Result<WhatIf, ViewError> {
    let of = Reporter::new(facts).what_if(query)?;
    if let Some(reason) = of.problem {
        return Err(ViewError::Unavailable { reason });
    }
    let named = |of: view::Named| Named { id: of.id, name: of.name };
    let score = |of: &view::Outcome<view::Points>| of.value().map(|of| points(of.micro));
    let share = |of: &view::Weight| f64::from(of.basis_points) / 10_000.0;
    let parts = of.bridge.iter().flat_map(|bridge| &bridge.parts);
    Ok(WhatIf {
        scorecard: named(of.scorecard),
        unit: of.unit.map(named),
        period: of.period,
        before: score(&of.before),
        after: score(&of.after),
        steps: parts
            .flat_map(|part| part.kpis.iter().map(|kpi| (part.effect, kpi)))
            .map(|(effect, kpi)| WhatIfStep {
                effect: effect.into(),
                kpi: kpi.kpi.id.clone(),
                points: points(kpi.points.micro),
            })
            .collect(),
        weights: of
            .places
            .iter()
            .map(|place| WhatIfWeight {
                kind: place.kind.into(),
                id: place.of.id.clone(),
                before: share(&place.weight),
                after: share(place.supposed_weight.as_ref().unwrap_or(&place.weight)),
                five_more: place.more.as_ref().map(|of| points(of.micro)),
                five_less: place.less.as_ref().map(|of| points(of.micro)),
                same_order: place.same_order.as_ref().map(|(low, high)| (share(low), share(high))),
            })
            .collect(),
    })
}
