//! Facts as somebody sees them.

use std::{ops::RangeInclusive, sync::Arc};

use kepi_insight::change::Judgement;
use kepi_model::{
    calendar::{Grain, Period},
    id::{EntityId, Hash, KpiId, SourceId},
    project::{Kpi, Project},
    source_text::SourceMap,
};
use kepi_query::{
    landing::{LoadReport, QuarantinedRow},
    port::SnapshotId,
    value::Segment,
};
use kepi_score::{
    card::{Card, KpiValues, UnitScore},
    tree::Observed,
};

use crate::{
    facts::{Entry, Facts, Said, Standing},
    reader::ViewError,
    trace::{TracedEntityRow, TracedValue},
    view::Viewer,
};

/// Facts with who sees them.
pub struct Seen {
    facts: Arc<dyn Facts>,
    viewer: Viewer,
}

impl Seen {
    /// The facts as this viewer sees them.
    pub fn by(viewer: Viewer, facts: Arc<dyn Facts>) -> Self {
        Self { facts, viewer }
    }
}

impl KpiValues for Seen {
    fn observed(&self, kpi: &KpiId, period: Period, segment: &Segment) -> Option<Observed> {
        self.facts.observed(kpi, period, segment)
    }
    fn periods(&self, kpi: &KpiId, grain: Grain, segment: &Segment) -> Vec<(i32, bool)> {
        self.facts.periods(kpi, grain, segment)
    }
    fn definition(&self, kpi: &KpiId, period: Period, segment: &Segment) -> Option<Hash> {
        self.facts.definition(kpi, period, segment)
    }
}

impl Facts for Seen {
    fn project(&self) -> &Project {
        self.facts.project()
    }
    fn files(&self) -> &SourceMap {
        self.facts.files()
    }
    fn is_empty(&self) -> bool {
        self.facts.is_empty()
    }
    fn has(&self, kpi: &KpiId, grain: Grain) -> bool {
        self.facts.has(kpi, grain)
    }
    fn sum_up(&self, kpi: &Kpi, grain: Grain) -> Result<(), String> {
        self.facts.sum_up(kpi, grain)
    }
    fn segments(&self, kpi: &KpiId, grain: Grain) -> Vec<Segment> {
        self.facts.segments(kpi, grain)
    }
    fn span(&self, kpi: &KpiId, grain: Grain, segment: &Segment) -> Option<(i32, i32)> {
        self.facts.span(kpi, grain, segment)
    }
    fn entry(&self, kpi: &KpiId, period: Period, segment: &Segment) -> Option<Entry> {
        self.facts.entry(kpi, period, segment)
    }
    fn points(
        &self,
        kpi: &KpiId,
        grain: Grain,
        segment: &Segment,
        within: RangeInclusive<i32>,
    ) -> Vec<(i32, Option<f64>, bool)> {
        self.facts.points(kpi, grain, segment, within)
    }
    fn want(&self, kpis: &[&KpiId]) -> Result<(), ViewError> {
        self.facts.want(kpis)
    }
    fn before(&self, kpi: &KpiId, period: Period, segment: &Segment) -> Result<Option<Said>, ViewError> {
        self.facts.before(kpi, period, segment)
    }
    fn not_renewed(&self, kpi: &KpiId, grain: Grain) -> bool {
        self.facts.not_renewed(kpi, grain)
    }
    fn restated(&self, kpi: &KpiId, grain: Grain) -> Vec<(Period, Segment)> {
        self.facts.restated(kpi, grain)
    }
    fn standing(&self, kpi: &Kpi, grain: Grain) -> Result<Standing, ViewError> {
        self.facts.standing(kpi, grain)
    }
    fn unit_scores(&self, card: &Card<'_, dyn Facts + '_>, period: Period) -> Vec<UnitScore> {
        // What is kept of scores is kept for everybody, so it is never made of what somebody sees.
        let whole: Card<'_, dyn Facts + '_> =
            Card { project: card.project, scorecard: card.scorecard, values: self.facts.as_ref() };
        self.facts.unit_scores(&whole, period)
    }
    fn judged(&self, kpi: &KpiId, period: Period, segment: &Segment) -> Judgement {
        self.facts.judged(kpi, period, segment)
    }
    fn members_judged(&self, kpi: &KpiId, period: Period) -> Vec<(Segment, Judgement)> {
        self.facts.members_judged(kpi, period)
    }
    fn viewer(&self) -> Option<&Viewer> {
        Some(&self.viewer)
    }
    fn watermark(&self, entity: &EntityId) -> Option<i64> {
        self.facts.watermark(entity)
    }
    fn loads(&self) -> &[LoadReport] {
        self.facts.loads()
    }
    fn snapshot(&self) -> Option<SnapshotId> {
        self.facts.snapshot()
    }
    fn rejected(
        &self,
        source: Option<&SourceId>,
        offset: u64,
        limit: u64,
    ) -> Result<(Vec<QuarantinedRow>, u64), ViewError> {
        self.facts.rejected(source, offset, limit)
    }
    fn rows_behind(
        &self,
        kpi: &KpiId,
        period: Period,
        segment: &Segment,
        most: usize,
    ) -> Result<TracedValue, ViewError> {
        self.facts.rows_behind(kpi, period, segment, most)
    }
    fn entity_rows(
        &self,
        entity: &str,
        key: &[String],
        most: usize,
    ) -> Result<Vec<TracedEntityRow>, ViewError> {
        self.facts.entity_rows(entity, key, most)
    }
}
