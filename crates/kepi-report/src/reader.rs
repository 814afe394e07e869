//! What may be asked, and why there may be no answer.

use std::sync::Arc;

use crate::facts::Facts;

/// Why there is no view.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ViewError {
    /// Nothing has this name.
    #[error("there is no {what}")]
    NotFound {
        /// What was asked for: ``KPI `restrooms` ``.
        what: String,
        /// What may have been meant, best first: shown text and path (`/kpis/restrooms`).
        suggestions: Vec<(String, String)>,
    },
    /// It is asked otherwise than it can be answered.
    #[error("{reason}")]
    Unclear {
        /// Why, and how to ask.
        reason: String,
    },
    /// It is not there, or not for the eyes of who asks: which of the two is not said.
    #[error("{reason}")]
    Unseen {
        /// In words.
        reason: String,
        /// What may have been meant, of what is seen.
        suggestions: Vec<(String, String)>,
        /// Whether it is there. It is not shown.
        hidden: bool,
    },
    /// It is not for the eyes of who asks.
    #[error("{reason}")]
    Refused {
        /// Why, in words.
        reason: String,
    },
    /// Nothing can be shown now: not yet computed, or the store does not answer.
    #[error("{reason}")]
    Unavailable {
        /// Why, in words, with the way out: ``nothing has been computed yet: `kepi run` ``.
        reason: String,
    },
}

/// Which scorecard, for whom, when. What is not said is chosen: the project's first scorecard, its own unit, the
/// newest complete period.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ScorecardQuery {
    /// Scorecard id.
    pub scorecard: Option<String>,
    /// Unit id.
    pub unit: Option<String>,
    /// Period as [`Calendar::label`](kepi_model::calendar::Calendar::label) writes it.
    pub period: Option<String>,
}

/// What is supposed of a scorecard: amounts and shares as they are written in definitions.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct WhatIfQuery {
    /// Which scorecard, for whom, when.
    pub of: ScorecardQuery,
    /// KPI and value.
    pub values: Vec<(String, String)>,
    /// Perspective, objective or KPI (`perspective/…`, `objective/…`, `kpi/…`, or the name alone) and weight.
    pub weights: Vec<(String, String)>,
}

/// For whom and when a KPI is shown.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct KpiQuery {
    /// Unit id.
    pub unit: Option<String>,
    /// Segment: `dimension=member`, combinations joined by `;`.
    pub segment: Option<String>,
    /// Period as [`Calendar::label`](kepi_model::calendar::Calendar::label) writes it.
    pub period: Option<String>,
}

/// Which rows of the quarantine.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct QuarantineQuery {
    /// Source id; none: all.
    pub source: Option<String>,
    /// Page from 1; none: the first.
    pub page: Option<u64>,
}

/// Gives the facts of now. An answer rests on one such moment, so that its parts belong together.
pub trait Reader: Send + Sync {
    /// What is published and landed now.
    ///
    /// # Errors
    /// Nothing can be read now.
    fn now(&self) -> Result<Arc<dyn Facts>, ViewError>;
}

/// Whether there is anything to show.
///
/// # Errors
/// Nothing can be read, or nothing has been computed yet.
pub fn ready(reader: &dyn Reader) -> Result<(), ViewError> {
    if reader.now()?.is_empty() { Err(nothing_computed()) } else { Ok(()) }
}

pub(crate) fn nothing_computed() -> ViewError {
    ViewError::Unavailable { reason: "nothing has been computed yet: `kepi run` does it".to_owned() }
}
