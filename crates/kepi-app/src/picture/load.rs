//! Reading a picture from store and lake, and bringing one up to date.

use std::{
    collections::{BTreeMap, btree_map::Entry},
    path::Path,
    sync::{Arc, OnceLock},
};

use kepi_model::{id::Hash, project::Project, source_text::SourceMap};
use kepi_query::{
    landing::Sources,
    published::{RunPins, Subject, VALUE, newest},
};
use kepi_report::facts::COSTS_OVER;

use super::{
    Cube, Folder, Picture,
    facts::{KeptScores, KeptTurns},
};
use crate::{
    archive,
    error::AppError,
    open::{self, App},
    overrides::Overriding,
    project_files,
};

impl Picture {
    /// Position of the newest event: another one means that there is news.
    pub async fn newest_event(app: &App) -> Result<i64, AppError> {
        Ok(i64::try_from(app.store.newest_event().await?).unwrap_or(i64::MAX))
    }

    /// What is published, as of now. Before the first run, the project in the folder and no values.
    pub async fn load(app: &Arc<App>) -> Result<Self, AppError> {
        let position = Self::newest_event(app).await?;
        let runs = app.values.runs(None).await.map_err(AppError::Lake)?;
        let standing = app.values.vouched(None).await.map_err(AppError::Lake)?;
        let (files, mut project) = match runs.last() {
            None => open::load(&app.root, app.sources.as_ref(), None)?,
            Some(run) => texts_of(app, &run.pins).await?,
        };
        // Folders change while they are read; that is no reason to show nothing.
        let folder = match project_files::read(&app.root) {
            Ok(now) if archive::pin(&now) == archive::pin(&files) => Folder::Same,
            Ok(now) => project_of(&now).map_or(Folder::Broken, |project| Folder::Other(Box::new(project))),
            Err(_) => Folder::Broken,
        };
        let newest = runs.last().map_or(0, |run| run.seq);
        let watermarks = runs.last().map(|run| run.pins.watermarks.clone()).unwrap_or_default();
        let costs_after = runs.last().map_or(0, |run| run.at - COSTS_OVER);
        let times = app.values.times(costs_after).await.map_err(AppError::Lake)?;
        let not_landed = app.values.not_landed().await.map_err(AppError::Lake)?;
        let runs: BTreeMap<i64, Arc<_>> = runs.into_iter().map(|run| (run.number, Arc::new(run))).collect();
        // What could not be renewed keeps the words under which it was computed.
        let mut earlier: BTreeMap<Hash, Project> = BTreeMap::new();
        for (by, vouched) in standing.iter().filter(|(_, of)| of.not_renewed.is_some()) {
            let (Subject::Kpi(kpi), Some(run)) = (&vouched.subject, runs.get(by)) else { continue };
            let definition = run.pins.definition;
            let then = match earlier.entry(definition) {
                Entry::Occupied(known) => known.into_mut(),
                Entry::Vacant(new) => new.insert(texts_of(app, &run.pins).await?.1),
            };
            if let (Some(then), Some(now)) = (then.kpis.get(kpi), project.kpis.get_mut(kpi)) {
                *now = then.clone();
            }
        }
        let organisation = app.store.organisation().await?;
        let overrides = Overriding::read(&app.store, &organisation, &project).await?;
        let loads = app.lake.loads(None).await.map_err(AppError::Lake)?;
        Ok(Self {
            position,
            snapshot: loads.iter().filter_map(|l| l.snapshot).max(),
            cubes: project.kpis.keys().map(|kpi| (kpi.clone(), OnceLock::new())).collect(),
            project,
            files,
            folder,
            runs,
            times,
            not_landed,
            standing: standing
                .into_iter()
                .map(|(by, of)| ((of.subject.clone(), of.grain), (by, of)))
                .collect(),
            changed: app.lake.changed(None).await.map_err(AppError::Lake)?,
            watermarks,
            loads,
            delivered: app.lake.delivered().await.map_err(AppError::Lake)?,
            sums: Default::default(),
            histories: Default::default(),
            scores: KeptScores::default(),
            turns: KeptTurns::default(),
            judged: Default::default(),
            overrides,
            discrepancies: OnceLock::new(),
            budget_lines: OnceLock::new(),
            is_judged: app.values.insights_reach().await.map_err(AppError::Lake)? >= newest,
            app: Some(Arc::clone(app)),
            runtime: tokio::runtime::Handle::current(),
        })
    }

    /// The project in a folder, of which nothing was landed or published yet.
    ///
    /// # Errors
    /// The definitions have errors, or there are none.
    pub fn before_the_first_run(root: &Path, sources: &dyn Sources) -> Result<Self, AppError> {
        let (files, project) = open::load(root, sources, None)?;
        Ok(Self {
            position: 0,
            snapshot: None,
            cubes: project.kpis.keys().map(|kpi| (kpi.clone(), OnceLock::new())).collect(),
            project,
            files,
            folder: Folder::Same,
            runs: BTreeMap::new(),
            times: Vec::new(),
            not_landed: Vec::new(),
            standing: BTreeMap::new(),
            changed: BTreeMap::new(),
            watermarks: BTreeMap::new(),
            loads: Vec::new(),
            delivered: BTreeMap::new(),
            sums: Default::default(),
            histories: Default::default(),
            scores: KeptScores::default(),
            turns: KeptTurns::default(),
            judged: Default::default(),
            overrides: Overriding::default(),
            discrepancies: OnceLock::new(),
            budget_lines: OnceLock::new(),
            is_judged: false,
            app: None,
            runtime: tokio::runtime::Handle::current(),
        })
    }

    /// What is published now, where this is what was published before: of the figures that were read, only those are
    /// read that runs have added since.
    pub async fn follow(&self, app: &Arc<App>) -> Result<Self, AppError> {
        let next = Self::load(app).await?;
        let last = |of: &Self| of.runs.values().map(|run| run.seq).max().unwrap_or(0);
        if next.project.calendar != self.project.calendar {
            return Ok(next);
        }
        let rows = if last(&next) > last(self) {
            Some(app.values.after(&VALUE, last(self)).await.map_err(AppError::Lake)?)
        } else {
            None
        };
        for (kpi, cell) in &next.cubes {
            let Some(known) = self.cubes.get(kpi).and_then(OnceLock::get) else { continue };
            let added = rows.as_ref().map(|rows| rows.filter(|row| rows.subject(row) == kpi.as_str()));
            let cube = match added.filter(|rows| !rows.is_empty()) {
                None => Arc::clone(known),
                Some(added) => {
                    let rank = |run: i64| next.runs.get(&run).map_or(i64::MAX, |run| run.seq);
                    let rows = newest(&VALUE, &[known.rows().clone(), added], rank);
                    Arc::new(Cube::new(rows, &next.project.calendar))
                }
            };
            let _ = cell.set(cube);
        }
        Ok(next)
    }
}

pub(crate) async fn texts_of(app: &App, pins: &RunPins) -> Result<(SourceMap, Project), AppError> {
    let files = archive::find(&app.store, pins.register, &pins.definition).await?;
    let project = project_of(&files)?;
    Ok((files, project))
}

/// The project that recorded texts mean.
pub(crate) fn project_of(files: &SourceMap) -> Result<Project, AppError> {
    let checked = kepi_model::check::check(files, &kepi_model::check::Options::default());
    checked.value.ok_or(AppError::Definitions { errors: checked.findings.len() })
}
