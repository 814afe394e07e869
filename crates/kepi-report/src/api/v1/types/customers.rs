//! Cohorts by age, stages and channels, stocks with what came and went.

use serde::{Deserialize, Serialize};

use super::{Code, Named, Project, Reason, Value};

/// A figure of a table.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Cell {
    /// The period that it is of.
    pub period: String,
    /// The value.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub value: Option<Value>,
    /// Why there is none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub no_value: Option<Reason>,
    /// `final`, or `provisional`: more rows may change it.
    pub finality: Code,
}

/// A KPI by cohort and age.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Cohorts {
    /// The project.
    pub project: Project,
    /// The KPI.
    pub kpi: Named,
    /// How long a period is.
    pub grain: Code,
    /// Cohorts, oldest first.
    pub cohorts: Vec<Cohort>,
}

/// Those who began in the same period.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Cohort {
    /// When they began.
    pub period: String,
    /// How many there are.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub n: Option<u64>,
    /// Figures by age; ages still to come are left out.
    pub ages: Vec<Aged>,
}

/// A figure of a cohort at an age.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Aged {
    /// Whole periods since the first.
    pub age: u32,
    /// The figure.
    #[serde(flatten)]
    pub cell: Cell,
}

/// Stages that customers go through, in a period.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Journey {
    /// The project.
    pub project: Project,
    /// The entity whose rows are stages.
    pub journey: Named,
    /// The period shown.
    pub period: String,
    /// Periods to ask for, newest first.
    pub periods: Vec<String>,
    /// The stages in order; at last, with an empty id, those who are in none.
    pub stages: Vec<Stage>,
}

/// A stage.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Stage {
    /// Its name in the definition.
    pub id: String,
    /// Shown name.
    pub name: String,
    /// KPIs in it.
    pub kpis: Vec<StageFigure>,
}

/// A KPI in a stage.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct StageFigure {
    /// Id of the KPI.
    pub kpi: String,
    /// The other dimension, such as `channel`; left out: all of the stage.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub dimension: Option<String>,
    /// Its member; left out beside a dimension: unknown.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub member: Option<String>,
    /// The figure.
    #[serde(flatten)]
    pub cell: Cell,
}

/// A stock with what came and went.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct StockFlow {
    /// The project.
    pub project: Project,
    /// The KPI.
    pub kpi: Named,
    /// Periods, oldest first.
    pub flows: Vec<Flow>,
}

/// A period of a stock.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Flow {
    /// The period.
    pub period: String,
    /// As the period came.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub opening: Option<f64>,
    /// What came in it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub came: Option<f64>,
    /// What went in it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub went: Option<f64>,
    /// As it went: opening + came − went.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub closing: Option<f64>,
    /// Why they are not known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub no_value: Option<Reason>,
    /// `final`, or `provisional`: more rows may change it.
    pub finality: Code,
}
