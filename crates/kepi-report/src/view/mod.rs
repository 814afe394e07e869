//! What pages show: plain structures without HTML.
//!
//! Every number carries its raw value and the text to show. What has no value carries a [`Reason`] instead, never
//! a zero. Ids are texts here, because this is the border to the world outside. What programs are told stands in
//! [`crate::api`], so that a page may change without them.

mod acting;
mod benchmarks;
mod bridge;
mod customers;
mod decided;
mod disclosure;
mod explain;
mod gate;
mod initiatives;
mod insight;
mod kpi;
mod lineage;
mod logged;
mod matrix;
mod names;
mod people;
mod quantity;
mod rows;
mod sampling;
mod scorecard;
mod sources;
mod strategy;
mod what_if;

pub use acting::{
    AlertRow, AlertsView, DriverRow, FeedbackRow, FeedbackView, LatencyGroup, LatencyRow, LatencyView,
    PlaybookRow, PlaybookStepRow, PlaybooksView, PrioritiesView, RunRow, StepTime,
};
pub use benchmarks::{BenchmarkView, BenchmarksView};
pub use bridge::{Bridge, BridgeKpi, BridgePart};
pub use customers::{
    Amounts, ByStage, Cell, Cohort, CohortsView, Flow, FlowView, Funnel, JourneyView, Shade, StageMap, Step,
};
pub use decided::{
    AboutView, BallotView, BothView, CaseView, ClosedView, ComingView, DocumentView, DraftView, DualView,
    EditorView, FieldView, Forms, HappenedView, HeldView, InboxView, ItemRow, ItemView, LeadingView, LedView,
    OfficialFigure, OfficialView, PeriodView, PeriodsView, PointView, RegisterView, RemarkView, ReviewView,
    ReviewsView, RoundView, SaidView, SilenceView, TouchView,
};
pub use disclosure::{
    DisclosureView, MethodologyView, ReadinessView, StatementView, UnitReadinessView, WithheldView,
};
pub use explain::{ExplainNode, ExplainView, NodeKind};
pub use gate::{GateDemand, GateView};
pub use initiatives::InitiativesView;
pub use insight::{AnalysisView, ChartNote, ControlPoint, ControlView, ExhibitView};
pub use kepi_insight::change::Verdict;
pub use kepi_query::landing::RowCounts;
pub use kpi::{
    BesideView, BreakView, BridgedRow, BridgedView, CommentaryView, CountedReason, DefinitionView,
    DimensionView, EarlierView, EndingView, InputView, KpiListRow, KpiListView, KpiView, MOST_BRIDGED,
    OfficialFigureView, OverrideView, PartView, PeopleView, PinsView, QualityView, ResponseView, Restatement,
    SegmentPoint, StandingView, UnscreenedView, WeighedView, WithdrawalView,
};
pub use lineage::{LineageView, LineagesView};
pub use logged::{LogRow, LogView, ProofView};
pub use matrix::MatrixView;
pub use names::{Choice, Named, Person, ProjectView, UnitChoice, Viewer};
pub use people::{DirectoryView, DutyRow, GapRow, OwnershipView, PersonRow, RoleRow, UnitRow};
pub(crate) use quantity::effective_n;
pub use quantity::{
    Change, Coverage, Freshness, Interval, Measured, Number, Outcome, Points, Reason, Recent, RecentEnd,
    SeriesPoint, Status, TargetView, UsualView, Weight, signed_parts,
};
pub use rows::{EntityRowsView, RowsView};
pub use sampling::{SampleView, SamplesView, StratumView};
pub use scorecard::{
    CauseView, Deviation, InsightView, KpiRow, ObjectiveView, PartialView, PerspectiveView, ScoreView,
    ScorecardView, SegmentScoreView, UnitMove,
};
pub use sources::{
    CorrectionsView, CostRow, DataRuleView, DeliveryView, DiscrepanciesView, DiscrepancyView, LoadView,
    MissingCount, NotLandedView, OverruledView, PostedView, ProfileView, PromiseRow, QuarantineView,
    QuarantinedRow, ReliabilityRow, RuleCount, RuleView, ScreenView, ServiceRow, SourceState, SourceView,
    SourcesView, WouldCost,
};
pub use strategy::{Lane, LinkEvidence, MapLink, MapObjective, StrategyMapView, ThemeView};
pub use what_if::{PlaceView, WhatIfView};
