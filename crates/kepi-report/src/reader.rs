//! The port through which pages get their facts.

use crate::view::{
    ExplainView, KpiListView, KpiView, QuarantineView, ScorecardView, SourcesView, StrategyMapView,
};

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

/// Gives views from what has been computed and stored. It never computes a KPI: the request path runs no engine.
///
/// Methods may block briefly (a local database); callers on an async runtime call them where blocking is allowed.
/// Whatever text comes in a query, the answer is a view or a [`ViewError`].
pub trait Reader: Send + Sync {
    /// Whether views can be given at all.
    fn ready(&self) -> Result<(), ViewError>;
    /// A scorecard.
    fn scorecard(&self, query: &ScorecardQuery) -> Result<ScorecardView, ViewError>;
    /// How a scorecard's score came about.
    fn explain(&self, query: &ScorecardQuery) -> Result<ExplainView, ViewError>;
    /// The strategy map, coloured by a scorecard.
    fn strategy_map(&self, query: &ScorecardQuery) -> Result<StrategyMapView, ViewError>;
    /// All KPIs.
    fn kpis(&self) -> Result<KpiListView, ViewError>;
    /// One KPI.
    fn kpi(&self, id: &str, query: &KpiQuery) -> Result<KpiView, ViewError>;
    /// All sources.
    fn sources(&self) -> Result<SourcesView, ViewError>;
    /// Rows in quarantine.
    fn quarantine(&self, query: &QuarantineQuery) -> Result<QuarantineView, ViewError>;
}
