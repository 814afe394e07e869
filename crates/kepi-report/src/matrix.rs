//! Which objective is measured by which KPI in which unit, whose target holds there and who answers: with what is missing.

use serde::{Deserialize, Serialize};

use crate::csv;

/// Objectives, KPIs and units, as of a day.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Matrix {
    /// The day, ISO 8601.
    pub day: String,
    /// Units, each after the one above it.
    pub units: Vec<MatrixUnit>,
    /// Objectives in the order of the strategy; last, without an id, what serves none.
    pub objectives: Vec<MatrixObjective>,
    /// What is missing.
    pub gaps: Vec<MatrixGap>,
}

/// A unit.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct MatrixUnit {
    /// Id.
    pub id: String,
    /// Shown name.
    pub name: String,
    /// How many stand above it.
    pub depth: usize,
}

/// An objective with its KPIs.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct MatrixObjective {
    /// Id; left out: KPIs that serve no objective.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
    /// Shown name.
    pub name: String,
    /// Its KPIs.
    pub kpis: Vec<MatrixKpi>,
}

/// A KPI in the units.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct MatrixKpi {
    /// Id.
    pub id: String,
    /// Shown name.
    pub name: String,
    /// `corporate`: derived from the strategy of the whole; `unit`: proposed by a unit.
    pub origin: String,
    /// The unit that proposed it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub proposed_by: Option<String>,
    /// Units in which it is measured.
    pub cells: Vec<MatrixCell>,
}

/// A KPI in a unit.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct MatrixCell {
    /// The unit.
    pub unit: String,
    /// The target as it is shown; left out: none holds there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub target: Option<String>,
    /// `own`: of this unit; `above`: of one above it; `all`: of the KPI.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub target_of: Option<String>,
    /// What it rests on: `negotiated`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub basis: Option<String>,
    /// That it is out of date by the plan that it was planned with, in words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub out_of_date: Option<String>,
    /// Who answers for it there, by name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub answers: Option<String>,
}

/// Something that is missing.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct MatrixGap {
    /// `objective_without_kpi`, `kpi_without_objective`, `objective_not_in_unit`, `kpi_nowhere`, `no_target`, `old_target` (its plan says something else since), `budget_differs` (what landed of a budget is not what the plan says) or
    /// `nobody_answers`.
    pub gap: String,
    /// In words.
    pub text: String,
    /// The objective.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub objective: Option<String>,
    /// The KPI.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub kpi: Option<String>,
    /// The unit.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unit: Option<String>,
}

/// As a table: a row a KPI and unit, and one a gap.
pub fn table(of: &Matrix) -> String {
    let header = [
        "objective",
        "kpi",
        "unit",
        "origin",
        "proposed_by",
        "target",
        "target_of",
        "basis",
        "answers",
        "gap",
    ];
    let mut rows = Vec::new();
    for objective in &of.objectives {
        for kpi in &objective.kpis {
            for cell in &kpi.cells {
                let text = |of: &Option<String>| of.clone().unwrap_or_default();
                rows.push(vec![
                    text(&objective.id),
                    kpi.id.clone(),
                    cell.unit.clone(),
                    kpi.origin.clone(),
                    text(&kpi.proposed_by),
                    text(&cell.target),
                    text(&cell.target_of),
                    text(&cell.basis),
                    text(&cell.answers),
                    String::new(),
                ]);
            }
        }
    }
    for gap in &of.gaps {
        let text = |of: &Option<String>| of.clone().unwrap_or_default();
        let mut row = vec![text(&gap.objective), text(&gap.kpi), text(&gap.unit)];
        row.resize(header.len() - 1, String::new());
        row.push(gap.gap.clone());
        rows.push(row);
    }
    csv::table(&header, rows)
}
