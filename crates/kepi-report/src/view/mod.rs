//! What pages show: plain structures that are, serialised, the JSON of `/api/v1`.
//!
//! Every number carries its raw value and the text to show. What has no value carries a [`Reason`] instead, never
//! a zero. Ids are texts here, because this is the border to the world outside.

mod explain;
mod kpi;
mod quantity;
mod scorecard;
mod sources;
mod strategy;

pub use explain::{ExplainNode, ExplainView, NodeKind};
pub use kpi::{
    CountedReason, DefinitionView, DimensionView, KpiListRow, KpiListView, KpiView, PeopleView, PinsView,
    QualityView, Restatement, SegmentPoint,
};
pub use quantity::{
    Change, Coverage, Finality, Freshness, Interval, Measured, Number, Outcome, Points, Reason, SeriesPoint,
    Status, TargetView, Verdict, Weight, signed_parts,
};
pub use scorecard::{
    Bridge, BridgePart, Choice, Deviation, KpiRow, Named, ObjectiveView, Person, PerspectiveView,
    ProjectView, ScoreView, ScorecardView, UnitChoice,
};
pub use sources::{
    LoadView, MissingCount, QuarantineView, QuarantinedRow, RowCounts, RuleCount, RuleView, SourceView,
    SourcesView,
};
pub use strategy::{Lane, LinkEvidence, MapLink, MapObjective, StrategyMapView, ThemeView};
