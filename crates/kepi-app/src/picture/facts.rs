//! The picture as facts: what scoring, pages and programs read of it.

use std::{
    collections::BTreeMap,
    ops::RangeInclusive,
    sync::{Mutex, PoisonError},
};

use kepi_model::{
    calendar::{Grain, Period},
    id::{EntityId, KpiId, ScorecardId, SourceId},
    project::Project,
    source_text::SourceMap,
};
use kepi_query::{
    landing::{LoadReport, QuarantinedRow},
    port::SnapshotId,
    value::Segment,
};
use kepi_report::{
    facts::{Entry, Facts},
    reader::ViewError,
};
use kepi_score::{
    card::{Card, KpiValues, UnitScore},
    tree::Observed,
};

use super::Picture;

/// The scores of all units by scorecard and period: they are on every page, and a picture does not change.
#[derive(Default)]
pub(super) struct KeptScores(Mutex<BTreeMap<(ScorecardId, Period), Vec<UnitScore>>>);

impl KpiValues for Picture {
    fn observed(&self, kpi: &KpiId, period: Period, segment: &Segment) -> Option<Observed> {
        self.observed(kpi, period, segment)
    }
    fn periods(&self, kpi: &KpiId, grain: Grain, segment: &Segment) -> Vec<(i32, bool)> {
        let series = self.series(kpi, grain, segment);
        series
            .into_iter()
            .flat_map(|s| s.iter())
            .map(|(ordinal, entry)| (ordinal, entry.is_final()))
            .collect()
    }
}

impl Facts for Picture {
    fn project(&self) -> &Project {
        self.project()
    }
    fn files(&self) -> &SourceMap {
        self.files()
    }
    fn is_empty(&self) -> bool {
        self.is_empty()
    }
    fn has(&self, kpi: &KpiId, grain: Grain) -> bool {
        self.has(kpi, grain)
    }
    fn segments(&self, kpi: &KpiId, grain: Grain) -> Vec<Segment> {
        self.segments(kpi, grain).map(|(segment, _)| segment.clone()).collect()
    }
    fn span(&self, kpi: &KpiId, grain: Grain, segment: &Segment) -> Option<(i32, i32)> {
        self.series(kpi, grain, segment)?.span()
    }
    fn entry(&self, kpi: &KpiId, period: Period, segment: &Segment) -> Option<Entry> {
        self.entry(kpi, period, segment)
    }
    fn points(
        &self,
        kpi: &KpiId,
        grain: Grain,
        segment: &Segment,
        within: RangeInclusive<i32>,
    ) -> Vec<(i32, Option<f64>, bool)> {
        let Some(series) = self.series(kpi, grain, segment) else { return Vec::new() };
        let entries = within.filter_map(|ordinal| Some((ordinal, series.at(ordinal)?)));
        entries.map(|(ordinal, entry)| (ordinal, entry.value.point(), entry.is_final())).collect()
    }
    fn unit_scores(&self, card: &Card<'_, dyn Facts + '_>, period: Period) -> Vec<UnitScore> {
        let key = (card.scorecard.id.clone(), period);
        let kept = || self.scores.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(scores) = kept().get(&key) {
            return scores.clone();
        }
        let scores = card.scores(period);
        kept().insert(key, scores.clone());
        scores
    }
    fn watermark(&self, entity: &EntityId) -> Option<i64> {
        self.watermark(entity)
    }
    fn loads(&self) -> &[LoadReport] {
        self.loads()
    }
    fn snapshot(&self) -> Option<SnapshotId> {
        self.snapshot()
    }
    fn rejected(
        &self,
        source: Option<&SourceId>,
        offset: u64,
        limit: u64,
    ) -> Result<(Vec<QuarantinedRow>, u64), ViewError> {
        self.rejected_rows(source, offset, limit)
            .map_err(|error| ViewError::Unavailable { reason: format!("the lake cannot be read: {error}") })
    }
}
