//! A run: land what is new, compute every value, score, publish. What is published is never overwritten.

use std::collections::{BTreeMap, BTreeSet};

use kepi_model::{
    calendar::{Grain, Period},
    id::{EntityId, UnitId},
    project::{Connector, Kpi, Project},
    source_text::SourceMap,
};
use kepi_query::{
    finish::{self, AtGrain, Context, MeasuredScan, values_of},
    landing::{LoadReport, Progress},
    port::PinnedInputs,
    scans,
    value::{Segment, Value, wire},
};
use kepi_score::tree::Scoring;
use kepi_store::{
    NewEvent, NewPublication, PublishedCounts, Run, RunStatus, ValueKey,
    event::append_event,
    publication::{finish_run, publish, start_run},
};
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::{archive, error::AppError, open::App, plan, project_files};

/// Kind of a published KPI value.
pub const KPI: &str = "kpi";
/// Kind of a published score.
pub const SCORE: &str = "score";

/// Who asks for a run, when, and what of.
#[derive(Debug, Clone)]
pub struct Request {
    /// Written into every event.
    pub actor: String,
    /// Now, in µs UTC.
    pub at: i64,
    /// Whether sources are looked at.
    pub land: bool,
}

/// Where a run is.
#[derive(Debug, Clone, Copy)]
pub enum Step<'a> {
    /// Landing a source.
    Land {
        /// Its id.
        source: &'a str,
    },
    /// Scanning an entity.
    Measure {
        /// Its id.
        entity: &'a str,
    },
    /// Writing what was computed.
    Publish,
}

/// Told how far a run is.
pub trait RunProgress: Send + Sync {
    /// A step begins.
    fn step(&self, step: Step<'_>);
    /// Told of rows while landing.
    fn landing(&self) -> &dyn Progress;
}

/// What a run did.
#[derive(Debug, Clone, Serialize)]
pub struct RunReport {
    /// Its id.
    pub run: String,
    /// Snapshot of the lake it computed from.
    pub snapshot: i64,
    /// Evaluator.
    pub engine: String,
    /// What was landed, file by file.
    pub loads: Vec<LoadReport>,
    /// Values computed.
    pub values: u64,
    /// Of them, without a publishable figure: a reason stands in its place.
    pub reasons: u64,
    /// Scores computed: of every scorecard, period and unit.
    pub scores: u64,
    /// Published for the first time.
    pub first: u64,
    /// Differ from what was published before: both are kept.
    pub restated: u64,
    /// The same as published before, from newer data.
    pub confirmed: u64,
    /// The same, from the same data.
    pub unchanged: u64,
}

/// What is kept of a run beside its pins.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct RunBody {
    /// How far the data of each entity reach, µs UTC.
    pub watermarks: BTreeMap<EntityId, i64>,
}

/// Values of a project from pinned inputs.
pub struct Computed {
    /// All values.
    pub values: Vec<Value>,
    /// How far the data of each entity reach, µs UTC.
    pub watermarks: BTreeMap<EntityId, i64>,
}

impl App {
    /// Lands, computes, publishes.
    ///
    /// # Errors
    /// Nothing is published then; files landed before the error stay landed.
    pub async fn run(
        &self,
        files: &SourceMap,
        project: &Project,
        request: &Request,
        progress: &dyn RunProgress,
    ) -> Result<RunReport, AppError> {
        let loads = if request.land { self.land(project, request, progress).await? } else { Vec::new() };
        let inputs = self.lake.pin(project, None).await.map_err(AppError::Lake)?;
        let computed = self.compute(project, &inputs, progress).await?;
        progress.step(Step::Publish);
        let counts = self.publish(files, project, request, &inputs, &computed).await?;
        Ok(RunReport {
            run: run_id(request.at, inputs.snapshot.0),
            snapshot: inputs.snapshot.0,
            engine: self.evaluator.version().0,
            loads,
            values: computed.values.len() as u64,
            reasons: computed.values.iter().filter(|v| v.estimate.is_err()).count() as u64,
            scores: counts.first + counts.restated + counts.repinned + counts.unchanged
                - computed.values.len() as u64,
            first: counts.first,
            restated: counts.restated,
            confirmed: counts.repinned,
            unchanged: counts.unchanged,
        })
    }

    async fn land(
        &self,
        project: &Project,
        request: &Request,
        progress: &dyn RunProgress,
    ) -> Result<Vec<LoadReport>, AppError> {
        let mut reports = Vec::new();
        for source in landing_order(project) {
            let (Connector::Csv { files: glob, .. }
            | Connector::Ndjson { files: glob }
            | Connector::Parquet { files: glob }) = &source.from;
            let files = project_files::matching(&self.root, glob)
                .ok_or_else(|| AppError::Glob { id: source.id.clone(), glob: glob.clone() })?;
            if files.is_empty() {
                let folder = self.root.clone();
                return Err(AppError::NoFiles { id: source.id.clone(), glob: glob.clone(), folder });
            }
            progress.step(Step::Land { source: source.id.as_str() });
            let landed = self
                .lake
                .land(project, source, &files, &request.actor, request.at, progress.landing())
                .await
                .map_err(|error| AppError::Land { id: source.id.clone(), source: error })?;
            reports.extend(landed);
        }
        Ok(reports)
    }

    /// Computes every value of a project from pinned inputs: one scan an entity, time and version rule.
    pub async fn compute(
        &self,
        project: &Project,
        inputs: &PinnedInputs,
        progress: &dyn RunProgress,
    ) -> Result<Computed, AppError> {
        let plans = scans::plan(project.kpis.values(), project, inputs)?;
        let reach = finish::watermarks(&plans, inputs)?;
        let watermarks = plan::watermarks(project, &reach, &project.calendar);
        let mut scans = Vec::new();
        for plan in plans {
            progress.step(Step::Measure { entity: plan.entity.as_str() });
            let measured = self
                .evaluator
                .measure(&plan, inputs, &self.limits)
                .await
                .map_err(|source| AppError::Evaluate { entity: plan.entity.clone(), source })?;
            scans.push(MeasuredScan { plan, measured });
        }
        let context = Context {
            project,
            scans: &scans,
            lake: &self.lake.id(),
            secret: &self.lake.secret(),
            snapshot: inputs.snapshot,
            engine: &self.evaluator.version(),
            watermarks: &watermarks,
            threads: self.limits.threads,
        };
        let grains = project.kpis.values().flat_map(|kpi| plan::grains_of(kpi, project));
        let by_grain = grains
            .collect::<BTreeSet<Grain>>()
            .into_iter()
            .map(|grain| Ok((grain, AtGrain::new(context, grain)?)))
            .collect::<Result<BTreeMap<_, _>, AppError>>()?;
        let work: Vec<(&AtGrain<'_>, &Kpi)> = project
            .kpis
            .values()
            .flat_map(|kpi| plan::grains_of(kpi, project).into_iter().map(move |grain| (kpi, grain)))
            .filter_map(|(kpi, grain)| Some((by_grain.get(&grain)?, kpi)))
            .collect();
        let values = values_of(&work, self.limits.threads)?;
        Ok(Computed { values, watermarks })
    }

    async fn publish(
        &self,
        files: &SourceMap,
        project: &Project,
        request: &Request,
        inputs: &PinnedInputs,
        computed: &Computed,
    ) -> Result<PublishedCounts, AppError> {
        let mut publications = Vec::new();
        for value in &computed.values {
            publications.push(publication(project, value)?);
        }
        publications.extend(scores(project, &computed.values));
        let run = run_id(request.at, inputs.snapshot.0);
        let body = json!(RunBody { watermarks: computed.watermarks.clone() });
        let mut tx = self.store.begin().await?;
        let definition = archive::record(&self.store, &mut tx, files, &request.actor, request.at).await?;
        let started = Run {
            run: run.clone(),
            started: request.at,
            finished: None,
            definition: definition.to_string(),
            snapshot: inputs.snapshot.0,
            engine: self.evaluator.version().0,
            status: RunStatus::Running,
            body: body.clone(),
        };
        start_run(&mut tx, &started).await?;
        let counts = publish(&mut tx, &run, request.at, &publications).await?;
        finish_run(&mut tx, &run, request.at, RunStatus::Succeeded, &body).await?;
        let event = NewEvent {
            at: request.at,
            actor: request.actor.clone(),
            kind: "run.published".to_owned(),
            subject: format!("run/{run}"),
            body: json!({
                "definition": definition.to_string(),
                "snapshot": inputs.snapshot.0,
                "first": counts.first,
                "restated": counts.restated,
                "confirmed": counts.repinned,
                "unchanged": counts.unchanged,
            }),
        };
        append_event(&mut tx, &event).await?;
        tx.commit().await?;
        Ok(counts)
    }
}

/// Referenced entities first, so that `account exists` sees the accounts of the same run.
fn landing_order(project: &Project) -> Vec<&kepi_model::project::Source> {
    let references = |entity: &EntityId| -> Vec<&EntityId> {
        project.entities.get(entity).map_or(Vec::new(), |e| {
            e.attributes
                .iter()
                .filter_map(|a| match &a.type_ {
                    kepi_model::expression::Type::Reference { entity } => Some(entity),
                    _ => None,
                })
                .collect()
        })
    };
    fn place<'a>(
        entity: &'a EntityId,
        references: &dyn Fn(&EntityId) -> Vec<&'a EntityId>,
        order: &mut Vec<&'a EntityId>,
        open: &mut Vec<&'a EntityId>,
    ) {
        if order.contains(&entity) || open.contains(&entity) {
            return;
        }
        open.push(entity);
        references(entity).into_iter().for_each(|e| place(e, references, order, open));
        open.pop();
        order.push(entity);
    }
    let (mut order, mut open) = (Vec::new(), Vec::new());
    project.entities.keys().for_each(|e| place(e, &references, &mut order, &mut open));
    let mut sources: Vec<_> = project.sources.values().collect();
    sources.sort_by_key(|s| order.iter().position(|e| **e == s.into));
    sources
}

fn run_id(at: i64, snapshot: i64) -> String {
    format!("{at}-{snapshot}")
}

fn publication(project: &Project, value: &Value) -> Result<NewPublication, AppError> {
    let corrupt = |e: serde_json::Error| AppError::Corrupt { what: "a value", reason: e.to_string() };
    let mut json = serde_json::to_value(wire::WireValue::from(value)).map_err(corrupt)?;
    // Pins stand beside the value, so that the same value from newer data is seen to be the same.
    let pins = json.as_object_mut().and_then(|o| o.shift_remove("pins")).unwrap_or_default();
    let key = ValueKey {
        kind: KPI.to_owned(),
        subject: value.kpi.to_string(),
        period: project.calendar.label(value.period),
        segment: value.segment.to_string(),
    };
    Ok(NewPublication { key, value: json, pins })
}

/// Scores of every scorecard, period and unit that has values.
fn scores(project: &Project, values: &[Value]) -> Vec<NewPublication> {
    let by: BTreeMap<_, _> = values.iter().map(|v| ((&v.kpi, v.period, &v.segment), v)).collect();
    let mut publications = Vec::new();
    for scorecard in project.scorecards.values() {
        let total = Segment::total();
        let mut periods: Vec<Period> = values
            .iter()
            .filter(|v| v.period.grain == scorecard.period && v.segment == total)
            .map(|v| v.period)
            .collect();
        periods.sort();
        periods.dedup();
        let units: Vec<Option<&UnitId>> = match (&scorecard.unit, &scorecard.cascade) {
            (Some(own), Some(_)) => std::iter::once(Some(own))
                .chain(project.units.keys().filter(|u| *u != own).map(Some))
                .collect(),
            (own, _) => vec![own.as_ref()],
        };
        for period in periods {
            let value = |unit: Option<&UnitId>, kpi: &kepi_model::id::KpiId| {
                let segment = match unit {
                    None => Segment::total(),
                    Some(id) => {
                        let unit = project.units.get(id)?;
                        let levels = &scorecard.cascade.as_ref()?.levels;
                        Segment::one(levels.get(unit.level.as_ref()?)?.clone(), &unit.member)
                    }
                };
                by.get(&(kpi, period, &segment)).map(|v| v.estimate.clone())
            };
            let scoring = Scoring { project, scorecard, period, value: &value };
            for unit in &units {
                let tree = scoring.tree(*unit);
                publications.push(NewPublication {
                    key: ValueKey {
                        kind: SCORE.to_owned(),
                        subject: scorecard.id.to_string(),
                        period: project.calendar.label(period),
                        segment: unit.map(ToString::to_string).unwrap_or_default(),
                    },
                    value: json!({
                        "version": 1,
                        "score_micro": tree.score.as_ref().ok(),
                        "reason": tree.score.as_ref().err().map(ToString::to_string),
                        "coverage_millionths": tree.coverage,
                    }),
                    pins: json!({ "scorecard": scorecard.hash.to_string() }),
                });
            }
        }
    }
    publications
}
