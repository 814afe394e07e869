//! Targets and what they rest on.

use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use crate::{id::UnitId, source_text::Span};

/// A target, effective from a date until the next of the same scope.
#[derive(Debug, Clone, PartialEq)]
pub struct Target {
    /// First day it holds.
    pub from: Date,
    /// The unit it is for; none: for all.
    pub unit: Option<UnitId>,
    /// The lines.
    pub lines: TargetLines,
    /// What it rests on.
    pub basis: Option<Basis>,
    /// Where it is written.
    pub span: Span,
}

/// The lines of a target in the KPI's unit.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TargetLines {
    /// For `higher` and `lower`: floor, threshold, target and stretch, each better than the one before.
    OneSided {
        /// Score 0.
        floor: Option<f64>,
        /// Score 50.
        threshold: f64,
        /// Score 100.
        target: f64,
        /// Score 120.
        stretch: Option<f64>,
    },
    /// For `in_range`: the same on both sides, `(low, high)`; nested outwards from stretch to floor.
    InRange {
        /// Score 0.
        floor: Option<(f64, f64)>,
        /// Score 50.
        threshold: (f64, f64),
        /// Score 100.
        target: (f64, f64),
        /// Score 120.
        stretch: Option<(f64, f64)>,
    },
}

/// What a target rests on.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Basis {
    /// Kind of evidence.
    pub kind: BasisKind,
    /// The evidence.
    pub text: String,
}

/// Kind of evidence for a target.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum BasisKind {
    /// Own past.
    History,
    /// Others' figures.
    Benchmark,
    /// Research into what customers expect.
    Expectation,
    /// What the process can do.
    Capability,
    /// Agreement.
    Negotiated,
}
