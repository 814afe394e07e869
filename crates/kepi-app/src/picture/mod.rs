//! What is published, at one moment, with the definitions and the pins it rests on.
//!
//! Opening one reads who vouches for what; the figures of a KPI are read when they are asked for, and only then. The
//! fields are nobody's: pages, scoring and programs read through [`Facts`](kepi_report::facts::Facts).

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, OnceLock, PoisonError, RwLock},
};

use kepi_model::{
    calendar::{Grain, Period},
    id::{EntityId, Hash, KpiId, SourceId},
    project::{Kpi, Project},
    source_text::SourceMap,
};
use kepi_query::{
    finish,
    landing::{Delivered, LoadReport, NotLanded, PortError},
    port::SnapshotId,
    published::{
        Run, RunTime, Subject, Table, TableBuilder, VALUE, Vouched, Withdrawn, figure, restates, states_of,
    },
    value::{Pins, Segment, Value},
};
use kepi_report::{
    budget::BudgetLine,
    facts::{Discrepancies, Entry, Said, Standing, Withdrawal},
};

use crate::{open::App, overrides::Overriding};
use cube::Cube;

mod cube;
mod decided;
mod facts;
mod judged;
mod load;
mod restated;
mod sums;

pub(crate) use cube::{day_of, period_of};
pub(crate) use decided::is_plan_owed;
pub(crate) use load::{project_of, texts_of};

/// The definitions in the project's folder, as far as they are other than those that the values were computed by.
enum Folder {
    /// They are the same.
    Same,
    /// They are another project.
    Other(Box<Project>),
    /// They are none, for now.
    Broken,
}

/// How many KPIs' figures are read from the lake in one go.
const KPIS_READ_AT_ONCE: usize = 64;

/// Figures that were added up, by KPI and grain.
type Sums = RwLock<BTreeMap<(KpiId, Grain), Arc<Cube>>>;

/// What is published, at one moment.
pub struct Picture {
    position: i64,
    project: Project,
    files: SourceMap,
    folder: Folder,
    /// Published runs by their numbers.
    runs: BTreeMap<i64, Arc<Run>>,
    /// How long they took, and looking at sources in them.
    times: Vec<RunTime>,
    /// What did not land when its source was last looked at, and when that was, µs UTC.
    not_landed: Vec<(i64, NotLanded)>,
    /// Who vouches for what, by subject and grain.
    standing: BTreeMap<(Subject, Grain), (i64, Vouched)>,
    /// Newest snapshot that changed each table.
    changed: BTreeMap<EntityId, SnapshotId>,
    watermarks: BTreeMap<EntityId, i64>,
    loads: Vec<LoadReport>,
    delivered: BTreeMap<SourceId, Delivered>,
    snapshot: Option<SnapshotId>,
    /// Current figures of each KPI, once they were asked for.
    cubes: BTreeMap<KpiId, OnceLock<Arc<Cube>>>,
    /// Figures at longer grains than any run computed, once they were asked for.
    sums: Sums,
    /// Every row there ever was of a KPI, once it was asked for.
    histories: Mutex<BTreeMap<KpiId, Arc<Table>>>,
    /// Scores that were asked for.
    scores: facts::KeptScores,
    /// For whom how many items wait.
    turns: facts::KeptTurns,
    /// What is usual of the figures of each KPI, once it was asked for.
    judged: judged::Kept,
    /// What people say in place of figures.
    overrides: Overriding,
    /// What sources say against each other, once it was asked for.
    discrepancies: OnceLock<Arc<[Discrepancies]>>,
    budget_lines: OnceLock<Arc<[BudgetLine]>>,
    /// Whether the newest run was judged.
    is_judged: bool,
    /// Where all this is, and rows of which there may be more than memory holds; none before anything was landed or published.
    app: Option<Arc<App>>,
    /// What waits for it.
    runtime: tokio::runtime::Handle,
}

impl Picture {
    /// Position of the newest event when it was read.
    pub fn position(&self) -> i64 {
        self.position
    }

    /// Whether nothing is published.
    pub fn is_empty(&self) -> bool {
        self.standing.is_empty()
    }

    /// Waits for a port. Callers stand where blocking is allowed.
    fn wait<T>(&self, of: impl Future<Output = T>) -> T {
        tokio::task::block_in_place(|| self.runtime.block_on(of))
    }

    /// Reads the figures of these KPIs, of those that are not here yet.
    fn read(&self, kpis: &[&KpiId]) -> Result<(), PortError> {
        let mut missing: Vec<(String, &OnceLock<Arc<Cube>>)> = kpis
            .iter()
            .filter_map(|kpi| Some((kpi.to_string(), self.cubes.get(*kpi)?)))
            .filter(|(_, cube)| cube.get().is_none())
            .collect();
        missing.sort_by(|a, b| a.0.cmp(&b.0));
        let Some(values) = self.app.as_ref().map(|app| &app.values) else { return Ok(()) };
        // Some at a time: what is read and what is kept of it are both in memory for a moment.
        for some in missing.chunks(KPIS_READ_AT_ONCE) {
            let subjects: Vec<String> = some.iter().map(|(kpi, _)| kpi.clone()).collect();
            let rows = self.wait(values.newest(&VALUE, Some(&subjects)))?;
            let mut from = 0;
            for (kpi, cell) in some {
                // Rows are sorted by KPI, and so are these.
                let own = (from..rows.rows()).take_while(|row| rows.subject(*row) == kpi).count();
                let places: Vec<u32> = (from..from + own).map(|row| row as u32).collect();
                from += own;
                // Another reader may have been faster: both read the same.
                let _ = cell.set(Arc::new(Cube::new(rows.take(&places), self.project.calendar_of_kpi(kpi))));
            }
        }
        Ok(())
    }

    fn cube(&self, kpi: &KpiId) -> Option<&Cube> {
        let cell = self.cubes.get(kpi)?;
        if cell.get().is_none()
            && let Err(error) = self.read(&[kpi])
        {
            tracing::warn!(%kpi, %error, "published figures cannot be read");
        }
        cell.get().map(Arc::as_ref)
    }

    /// Where the figures of a KPI at a grain are: those that runs computed, or those that were added up.
    fn cube_at(&self, kpi: &KpiId, grain: Grain) -> Option<Arc<Cube>> {
        let sums = self.sums.read().unwrap_or_else(PoisonError::into_inner);
        if !sums.is_empty()
            && let Some(sum) = sums.get(&(kpi.clone(), grain))
        {
            return Some(Arc::clone(sum));
        }
        drop(sums);
        self.cube(kpi)?;
        self.cubes.get(kpi)?.get().cloned()
    }

    /// Adds the figures of a KPI up to a longer grain, unless they are there.
    fn sum_up(&self, kpi: &Kpi, grain: Grain) -> Result<(), String> {
        let key = (kpi.id.clone(), grain);
        if self.sums.read().unwrap_or_else(PoisonError::into_inner).contains_key(&key) {
            return Ok(());
        }
        let cube = self.cube(&kpi.id).ok_or_else(|| "its figures cannot be read".to_owned())?;
        let rank = |run: i64| self.runs.get(&run).map_or(i64::MIN, |run| run.seq);
        let rows = sums::at(grain, kpi, cube, &self.project, &self.watermarks, rank)?;
        let sum = Arc::new(Cube::new(rows, self.project.calendar_of(kpi)));
        self.sums.write().unwrap_or_else(PoisonError::into_inner).insert(key, sum);
        Ok(())
    }

    fn history(&self, kpi: &KpiId) -> Result<Arc<Table>, PortError> {
        let kept = || self.histories.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = kept().get(kpi) {
            return Ok(Arc::clone(known));
        }
        let rows = match self.app.as_ref().map(|app| &app.values) {
            Some(values) => self.wait(values.history(&VALUE, kpi.as_str(), None))?,
            None => TableBuilder::new(&VALUE).finish(),
        };
        let rows = Arc::new(rows);
        kept().insert(kpi.clone(), Arc::clone(&rows));
        Ok(rows)
    }

    fn stands(&self, kpi: &KpiId, grain: Grain) -> Option<&(i64, Vouched)> {
        self.standing.get(&(Subject::Kpi(kpi.clone()), grain))
    }

    /// The figure in a row, with what it rests on.
    fn entry_at(
        &self,
        kpi: &KpiId,
        period: Period,
        segment: &Segment,
        rows: &Table,
        row: usize,
    ) -> Option<Entry> {
        let said = match figure(rows, row) {
            Ok(said) => said,
            Err(error) => {
                tracing::warn!(%kpi, %error, "a published figure cannot be read");
                return None;
            }
        };
        // What was added up rests on what its parts rest on.
        let own = || self.stands(kpi, self.project.kpis.get(kpi)?.period);
        let (by, vouched) = self.stands(kpi, period.grain).or_else(own)?;
        let (estimate, computed) = match self.overrides.now(kpi, period, segment, &said.estimate) {
            Some(overridden) => (overridden, Some(said.estimate)),
            None => (said.estimate, None),
        };
        Some(Entry {
            value: Value {
                kpi: kpi.clone(),
                period,
                segment: segment.clone(),
                estimate,
                coverage: said.coverage,
                finality: said.finality,
                states: states_of(rows, row).into(),
            },
            pins: self.pins(*by, vouched, states_of(rows, row))?,
            published_at: self.runs.get(&rows.run(row)).map_or(0, |run| run.at),
            restated: restates(rows, row).is_some(),
            computed,
            overrides: self.overrides.ever(kpi, period, segment),
        })
    }

    fn pins(&self, by: i64, vouched: &Vouched, states: &[u8]) -> Option<Arc<Pins>> {
        let run = self.runs.get(&by)?;
        Some(Arc::new(Pins {
            definition: vouched.definition,
            mapping: vouched.mapping,
            calendar: run.pins.calendar,
            lake: run.pins.lake.clone(),
            snapshot: run.pins.snapshot,
            engine: run.pins.engine.clone(),
            states: Hash::of(states),
        }))
    }

    fn entry(&self, kpi: &KpiId, period: Period, segment: &Segment) -> Option<Entry> {
        let cube = self.cube_at(kpi, period.grain)?;
        self.entry_at(kpi, period, segment, cube.rows(), cube.row(period, segment)?)
    }

    /// The figure that a restated one replaced, with the time at which it was published.
    fn before(&self, kpi: &KpiId, period: Period, segment: &Segment) -> Result<Option<Said>, PortError> {
        let Some((cube, row)) = self.cube(kpi).and_then(|cube| Some((cube, cube.row(period, segment)?)))
        else {
            return Ok(None);
        };
        let Some(run) = restates(cube.rows(), row) else { return Ok(None) };
        let history = self.history(kpi)?;
        let key = cube.rows().key(row);
        let earlier = (0..history.rows()).find(|row| history.key(*row) == key && history.run(*row) == run);
        Ok(earlier.and_then(|row| self.said(&history, row)))
    }

    /// Why a restated figure is another: see [`restated`].
    fn restated_because(
        &self,
        kpi: &KpiId,
        period: Period,
        segment: &Segment,
    ) -> Result<Vec<String>, PortError> {
        let found = self.cube(kpi).and_then(|cube| Some((cube, cube.row(period, segment)?)));
        let runs = found.and_then(|(cube, row)| {
            let then = self.runs.get(&restates(cube.rows(), row)?)?;
            Some((then, self.runs.get(&cube.rows().run(row))?))
        });
        let (Some((then, now)), Some(app)) = (runs, &self.app) else { return Ok(Vec::new()) };
        let vouched = |run: &Run| -> Result<Option<Vouched>, PortError> {
            let standing = self.wait(app.values.vouched(Some(run.seq)))?.into_iter();
            let mut own = standing.map(|(_, of)| of).filter(|of| {
                of.grain == period.grain && matches!(&of.subject, Subject::Kpi(id) if id == kpi)
            });
            Ok(own.next())
        };
        let of = restated::Between { then: (then, vouched(then)?), now: (now, vouched(now)?) };
        Ok(of.because(kpi, &self.project, &self.loads))
    }

    fn said(&self, rows: &Table, row: usize) -> Option<Said> {
        let at = self.runs.get(&rows.run(row))?.at;
        Some(Said { estimate: figure(rows, row).ok()?.estimate, at })
    }

    /// What is not seen in the figures of a KPI at a grain: which are no more, why they were not renewed, and whether
    /// what they rest on has moved on.
    fn standing(&self, kpi: &Kpi, grain: Grain) -> Result<Standing, PortError> {
        let mut standing = Standing { moved_on: self.moved_on(kpi, grain), ..Standing::default() };
        let Some((_, vouched)) = self.stands(&kpi.id, grain) else { return Ok(standing) };
        standing.not_renewed.clone_from(&vouched.not_renewed);
        let Some(cube) = self.cube(&kpi.id) else { return Ok(standing) };
        let rows = cube.rows();
        let of_grain = |row: &usize| Vouched::read_grain(rows.grain(*row)) == Some(grain);
        let gone: Vec<usize> =
            (0..rows.rows()).filter(of_grain).filter(|row| !rows.withdrawn(*row).is_empty()).collect();
        if gone.is_empty() {
            return Ok(standing);
        }
        let history = self.history(&kpi.id)?;
        // The newest figure of each key before it was withdrawn: history is sorted by key, then by run.
        let mut last: BTreeMap<_, usize> = BTreeMap::new();
        for row in (0..history.rows()).filter(|row| history.withdrawn(*row).is_empty()) {
            last.insert(history.key(row), row);
        }
        for row in gone {
            standing.withdrawn.push(Withdrawal {
                period: cube::period_of(rows, row, grain, self.project.calendar_of(kpi)),
                segment: rows.segment(row).parse().unwrap_or_default(),
                why: Withdrawn::from_code(rows.withdrawn(row)).unwrap_or(Withdrawn::RowsGone),
                at: self.runs.get(&rows.run(row)).map_or(0, |run| run.at),
                was: last.get(&rows.key(row)).and_then(|row| self.said(&history, *row)),
            });
        }
        Ok(standing)
    }

    /// What a KPI's figures rest on and is not so any more.
    fn moved_on(&self, kpi: &Kpi, grain: Grain) -> Vec<String> {
        let mut said = Vec::new();
        let Some((_, vouched)) = self.stands(&kpi.id, grain) else { return said };
        for entity in &finish::basis(kpi, &self.project).entities {
            if self.changed.get(entity).is_some_and(|changed| *changed > vouched.changed) {
                said.push(format!("rows of `{entity}` have been landed since"));
            }
        }
        match &self.folder {
            Folder::Same => {}
            Folder::Broken => said.push("the definitions in the folder have errors: `kepi check`".to_owned()),
            Folder::Other(project) => match project.kpis.get(&kpi.id) {
                None => said.push("the folder does not define it any more".to_owned()),
                Some(now) if now.hash != vouched.definition => {
                    said.push("its definition in the folder is another".to_owned());
                }
                Some(now) => {
                    if finish::basis(now, project).mapping != vouched.mapping {
                        said.push("a source that feeds it is described otherwise in the folder".to_owned());
                    }
                }
            },
        }
        said
    }
}
