//! What is published, at one moment, with the definitions and the pins it rests on.
//!
//! The fields are nobody's: pages read through [`Picture::series`], [`Picture::entry`], [`Picture::observed`] and a few
//! lists, so that what stands behind them can be loaded when it is asked for.

use std::{collections::BTreeMap, sync::Arc};

use kepi_model::{
    calendar::{Grain, Period},
    id::{EntityId, KpiId, SourceId},
    project::Project,
    source_text::SourceMap,
};
use kepi_query::{
    landing::{Lake, LoadReport, PortError, QuarantinedRow},
    port::SnapshotId,
    value::Segment,
};
use kepi_score::tree::Observed;

mod facts;
mod load;
pub use kepi_report::facts::Entry;
pub use load::read;

/// Values of one KPI, grain and segment by period.
#[derive(Debug, Clone, Copy)]
pub struct Series<'a>(&'a BTreeMap<i32, Entry>);

impl<'a> Series<'a> {
    /// Ordinals of the first and the last period.
    pub fn span(self) -> Option<(i32, i32)> {
        Some((*self.0.keys().next()?, *self.0.keys().next_back()?))
    }
    /// The value of a period.
    pub fn at(self, ordinal: i32) -> Option<Entry> {
        self.0.get(&ordinal).cloned()
    }
    /// All values, oldest first.
    pub fn iter(self) -> impl Iterator<Item = (i32, Entry)> + 'a {
        self.0.iter().map(|(ordinal, entry)| (*ordinal, entry.clone()))
    }
}

/// What is published, at one moment.
pub struct Picture {
    newest_event: i64,
    project: Project,
    files: SourceMap,
    values: BTreeMap<(KpiId, Grain), BTreeMap<Segment, BTreeMap<i32, Entry>>>,
    watermarks: BTreeMap<EntityId, i64>,
    loads: Vec<LoadReport>,
    snapshot: Option<SnapshotId>,
    /// Where rejected rows are, of which there may be more than memory holds: pages of them are read when asked for.
    lake: Arc<dyn Lake>,
    /// What waits for the lake.
    runtime: tokio::runtime::Handle,
    /// Scores that were asked for.
    scores: facts::KeptScores,
}

impl Picture {
    /// Position of the newest event when it was read.
    pub fn position(&self) -> i64 {
        self.newest_event
    }
    /// The project as it was when the values were published.
    pub fn project(&self) -> &Project {
        &self.project
    }
    /// Its files.
    pub fn files(&self) -> &SourceMap {
        &self.files
    }
    /// Whether nothing is published.
    pub fn is_empty(&self) -> bool {
        self.values.is_empty()
    }
    /// Whether a KPI has values at a grain.
    pub fn has(&self, kpi: &KpiId, grain: Grain) -> bool {
        self.values.contains_key(&(kpi.clone(), grain))
    }
    /// All series of a KPI at a grain, by segment.
    pub fn segments(&self, kpi: &KpiId, grain: Grain) -> impl Iterator<Item = (&Segment, Series<'_>)> {
        let of = self.values.get(&(kpi.clone(), grain));
        of.into_iter().flatten().map(|(segment, series)| (segment, Series(series)))
    }
    /// The values of a KPI and segment by period.
    pub fn series(&self, kpi: &KpiId, grain: Grain, segment: &Segment) -> Option<Series<'_>> {
        self.values.get(&(kpi.clone(), grain))?.get(segment).map(Series)
    }
    /// The value of a KPI for a period and segment, with its pins.
    pub fn entry(&self, kpi: &KpiId, period: Period, segment: &Segment) -> Option<Entry> {
        self.series(kpi, period.grain, segment)?.at(period.ordinal)
    }
    /// What was measured of a KPI for a period and segment.
    pub fn observed(&self, kpi: &KpiId, period: Period, segment: &Segment) -> Option<Observed> {
        self.entry(kpi, period, segment).map(|e| e.value.estimate)
    }
    /// Greatest event time of an entity, µs UTC.
    pub fn watermark(&self, entity: &EntityId) -> Option<i64> {
        self.watermarks.get(entity).copied()
    }
    /// Loads in order.
    pub fn loads(&self) -> &[LoadReport] {
        &self.loads
    }
    /// The newest snapshot.
    pub fn snapshot(&self) -> Option<SnapshotId> {
        self.snapshot
    }
    /// A page of rejected rows, and how many there are in all.
    ///
    /// # Errors
    /// The lake cannot be read.
    pub fn rejected_rows(
        &self,
        source: Option<&SourceId>,
        offset: u64,
        limit: u64,
    ) -> Result<(Vec<QuarantinedRow>, u64), PortError> {
        let rows = self.lake.quarantine(source, offset, limit);
        tokio::task::block_in_place(|| self.runtime.block_on(rows))
    }
}
