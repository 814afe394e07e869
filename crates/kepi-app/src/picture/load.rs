//! Reading a picture from store and lake.

use std::{collections::BTreeMap, sync::Arc};

use kepi_model::{id::Hash, project::Project, source_text::SourceMap};
use kepi_query::value::{Finality, Value, wire};
use kepi_store::{RunStatus, ValueFilter};

use super::{Entry, Picture};
use crate::{
    archive,
    error::AppError,
    open::{self, App},
    run::{KPI, RunBody},
};

impl Picture {
    /// Position of the newest event: another one means that there is news.
    pub async fn newest_event(app: &App) -> Result<i64, AppError> {
        Ok(i64::try_from(app.store.newest_event().await?).unwrap_or(i64::MAX))
    }

    /// Everything published, as of now. Before the first run, the project in the folder and no values.
    pub async fn load(app: &App) -> Result<Self, AppError> {
        let newest_event = Self::newest_event(app).await?;
        let runs = app.store.runs().await?;
        let run = runs.into_iter().find(|r| r.status == RunStatus::Succeeded);
        let (files, project, body) = match run {
            None => {
                let (files, project) = open::load(&app.root, app.sources.as_ref(), None)?;
                (files, project, RunBody::default())
            }
            Some(run) => {
                let corrupt = |reason: String| AppError::Corrupt { what: "a run", reason };
                let hash = Hash::try_from(run.definition).map_err(corrupt)?;
                let body: RunBody = serde_json::from_value(run.body).map_err(|e| corrupt(e.to_string()))?;
                let files = archive::find(&app.store, body.register, &hash).await?;
                let project = Self::project_of(&files)?;
                (files, project, body)
            }
        };
        let loads = app.lake.loads(None).await.map_err(AppError::Lake)?;
        let mut picture = Self {
            newest_event,
            snapshot: loads.iter().filter_map(|l| l.snapshot).max(),
            project,
            files,
            values: BTreeMap::new(),
            watermarks: body.watermarks,
            loads,
            lake: Arc::clone(&app.lake),
            runtime: tokio::runtime::Handle::current(),
            scores: super::facts::KeptScores::default(),
        };
        picture.read_values(app).await?;
        Ok(picture)
    }

    /// The project that recorded texts mean.
    pub fn project_of(files: &SourceMap) -> Result<Project, AppError> {
        let checked = kepi_model::check::check(files, &kepi_model::check::Options::default());
        checked.value.ok_or(AppError::Definitions { errors: checked.findings.len() })
    }

    async fn read_values(&mut self, app: &App) -> Result<(), AppError> {
        let filter = ValueFilter { kind: Some(KPI.to_owned()), ..ValueFilter::default() };
        for published in app.store.value_history(&filter).await? {
            let value = read(&published.publication)?;
            // A KPI that is no longer defined has no page; its published values stay in the store.
            if !self.project.kpis.contains_key(&value.kpi) {
                continue;
            }
            let series = self
                .values
                .entry((value.kpi.clone(), value.period.grain))
                .or_default()
                .entry(value.segment.clone())
                .or_default();
            let ordinal = value.period.ordinal;
            let before = series.remove(&ordinal).and_then(|old: Entry| {
                // Only a final figure can be restated; a provisional one was never the last word.
                let restated = old.value.finality == Finality::Final && old.value.estimate != value.estimate;
                if restated { Some((old.value, old.published_at)) } else { old.before }
            });
            let entry =
                Entry { pins: value.pins.clone(), value, published_at: published.published_at, before };
            series.insert(ordinal, entry);
        }
        Ok(())
    }
}

/// A published value, read back to the bit.
pub fn read(publication: &kepi_store::NewPublication) -> Result<Value, AppError> {
    let corrupt = |reason: String| AppError::Corrupt { what: "a published value", reason };
    let mut json = publication.value.clone();
    if let Some(object) = json.as_object_mut() {
        object.insert("pins".to_owned(), publication.pins.clone());
    }
    let value: wire::WireValue = serde_json::from_value(json).map_err(|e| corrupt(e.to_string()))?;
    Value::try_from(value).map_err(|e| corrupt(e.to_string()))
}
