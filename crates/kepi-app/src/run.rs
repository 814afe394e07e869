//! A run: land what is new, compute every value, score, publish. What is published is never overwritten.

use std::collections::{BTreeMap, BTreeSet};

use kepi_govern::{
    Command, Evidence, Permit, Publish,
    event::{RunCounts, Sealed},
    plain::{Engine, NotPlain},
};
use kepi_model::{
    calendar::{Grain, Period},
    id::{EntityId, KpiId},
    project::{Kpi, Project},
    source_text::SourceMap,
};
use kepi_proof::{Digest, Frontier, canonical};
use kepi_query::{
    finish::{self, AtGrain, Context, MeasuredScan, values_of},
    landing::{LoadReport, Progress},
    port::PinnedInputs,
    scans,
    value::{Finality, Segment, Value, wire},
};
use kepi_score::{
    card::{Card, KpiValues},
    tree::Observed,
};
use kepi_store::{
    Asked, Effects, NewPublication, Performed, PublishedCounts, Receipt, Run, RunStatus, StoreError,
    Transaction, ValueKey,
    publication::{finish_run, publish, start_run},
};
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::{
    archive::{self, InForce},
    error::AppError,
    open::App,
    plan,
};

/// Kind of a published KPI value.
pub const KPI: &str = "kpi";
/// Kind of a published score.
pub const SCORE: &str = "score";

/// Who asks for a run, when, and what of.
#[derive(Debug, Clone)]
pub struct Request {
    /// By name; events say a number.
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
    /// Position of the last adoption in the register of definitions.
    #[serde(default)]
    pub register: u64,
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
        let permit = Permit::open(self.store.person(&request.actor).await?);
        // An open project: what stands in the folder is in force.
        let definitions = archive::adopt(&self.store, files, project, &permit, request.at).await?;
        let loads =
            if request.land { self.land(project, request, &permit, progress).await? } else { Vec::new() };
        let inputs = self.lake.pin(project, None).await.map_err(AppError::Lake)?;
        let computed = self.compute(project, &inputs, progress).await?;
        progress.step(Step::Publish);
        let (run, counts) = self.publish(project, definitions, request, &permit, &inputs, &computed).await?;
        Ok(RunReport {
            run: run.to_string(),
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
        permit: &Permit,
        progress: &dyn RunProgress,
    ) -> Result<Vec<LoadReport>, AppError> {
        let by = permit.by().to_string();
        let mut reports = Vec::new();
        for source in landing_order(project) {
            progress.step(Step::Land { source: source.id.as_str() });
            let failed = |error| AppError::Land { id: source.id.clone(), source: error };
            let raw = self.sources.offered(source).map_err(failed)?;
            let landed = self
                .lake
                .land(project, source, &raw, &by, request.at, progress.landing())
                .await
                .map_err(failed)?;
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
        project: &Project,
        definitions: InForce,
        request: &Request,
        permit: &Permit,
        inputs: &PinnedInputs,
        computed: &Computed,
    ) -> Result<(u64, PublishedCounts), AppError> {
        let mut publications = Vec::new();
        for value in &computed.values {
            publications.push(publication(project, value)?);
        }
        publications.extend(scores(project, &computed.values));
        let corrupt = |reason: String| AppError::Corrupt { what: "a run", reason };
        let plain = |e: NotPlain| corrupt(e.to_string());
        let engine = self.evaluator.version().0;
        let watermarks = canonical(&json!(computed.watermarks)).map_err(|e| corrupt(e.to_string()))?;
        let vouched = project.kpis.values().flat_map(|kpi| {
            plan::grains_of(kpi, project).into_iter().map(move |grain| format!("{} {grain:?}", kpi.id))
        });
        let vouched = sealed(vouched);
        loop {
            let number = self.store.runs().await?.iter().filter_map(|r| r.run.parse::<u64>().ok()).max();
            let number = number.unwrap_or(0) + 1;
            let command = Command::Publish(Publish {
                run: number,
                register: definitions.register,
                definitions: definitions.pin,
                lake: self.lake.id().parse().map_err(plain)?,
                snapshot: inputs.snapshot.0.unsigned_abs(),
                engine: Engine::named(&engine).map_err(plain)?,
                watermarks: Digest::of(watermarks.as_bytes()),
            });
            let body = RunBody { register: definitions.register, watermarks: computed.watermarks.clone() };
            let mut effects = Publishing {
                run: Run {
                    run: number.to_string(),
                    started: request.at,
                    finished: None,
                    definition: definitions.pin.to_string(),
                    snapshot: inputs.snapshot.0,
                    engine: engine.clone(),
                    status: RunStatus::Running,
                    body: json!(body),
                },
                values: computed.values.len() as u64,
                reasons: computed.values.iter().filter(|v| v.estimate.is_err()).count() as u64,
                publications: &publications,
                vouched,
                counts: PublishedCounts::default(),
            };
            let key = format!("run/{number}/{}", request.at);
            match self.store.perform(Asked::new(permit, &key, request.at), &command, &mut effects).await {
                Ok(Performed::Done(_, ())) => return Ok((number, effects.counts)),
                // Another run took the number, or sends at the same microsecond.
                Ok(Performed::Before(_)) | Err(CalledOff::Taken) => {}
                Err(CalledOff::Store(error)) => return Err(error.into()),
            }
        }
    }
}

/// What a run leaves in the database beside its event.
struct Publishing<'a> {
    run: Run,
    values: u64,
    reasons: u64,
    publications: &'a [NewPublication],
    vouched: Sealed,
    counts: PublishedCounts,
}

/// Why a run did not commit.
enum CalledOff {
    /// Another run has its number.
    Taken,
    /// Something went wrong.
    Store(StoreError),
}

impl From<StoreError> for CalledOff {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}

impl Effects for Publishing<'_> {
    type Output = ();
    type Error = CalledOff;

    async fn prepare(&mut self, tx: &mut Transaction) -> Result<Evidence, CalledOff> {
        if start_run(tx, &self.run).await? == 0 {
            return Err(CalledOff::Taken);
        }
        self.counts = publish(tx, &self.run.run, self.run.started, self.publications).await?;
        finish_run(tx, &self.run.run, self.run.started, RunStatus::Succeeded, &self.run.body).await?;
        let rows = |kind: &str| {
            let of_kind = self.publications.iter().filter(move |p| p.key.kind == kind);
            sealed(of_kind.map(|p| {
                let ValueKey { kind, subject, period, segment } = &p.key;
                format!("{kind}/{subject} {period} {segment}\n{}\n{}", p.value, p.pins)
            }))
        };
        Ok(Evidence::Published {
            outrun_by: None,
            counts: RunCounts {
                values: self.values,
                reasons: self.reasons,
                scores: self.publications.len() as u64 - self.values,
                first: self.counts.first,
                restated: self.counts.restated,
                withdrawn: 0,
                unchanged: self.counts.repinned + self.counts.unchanged,
            },
            values: rows(KPI),
            scores: rows(SCORE),
            vouched: self.vouched,
        })
    }

    async fn write(&mut self, _: &mut Transaction, _: Receipt) -> Result<(), CalledOff> {
        Ok(())
    }
}

/// So many texts with the root over them.
fn sealed(texts: impl Iterator<Item = String>) -> Sealed {
    let mut frontier = Frontier::default();
    texts.for_each(|text| frontier.push(text.as_bytes()));
    Sealed { rows: frontier.size(), root: frontier.root() }
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

/// Values of this run, as scoring reads them.
struct Values<'a>(BTreeMap<(&'a KpiId, Grain, &'a Segment), BTreeMap<i32, &'a Value>>);

impl<'a> Values<'a> {
    fn of(values: &'a [Value]) -> Self {
        let mut by: BTreeMap<_, BTreeMap<i32, &Value>> = BTreeMap::new();
        for value in values {
            let series = by.entry((&value.kpi, value.period.grain, &value.segment)).or_default();
            series.insert(value.period.ordinal, value);
        }
        Self(by)
    }
}

impl KpiValues for Values<'_> {
    fn observed(&self, kpi: &KpiId, period: Period, segment: &Segment) -> Option<Observed> {
        Some(self.0.get(&(kpi, period.grain, segment))?.get(&period.ordinal)?.estimate.clone())
    }
    fn periods(&self, kpi: &KpiId, grain: Grain, segment: &Segment) -> Vec<(i32, bool)> {
        let series = self.0.get(&(kpi, grain, segment)).into_iter().flatten();
        series.map(|(ordinal, value)| (*ordinal, value.finality == Finality::Final)).collect()
    }
}

/// The scores of every scorecard: those that pages show, for all its periods and units.
fn scores(project: &Project, values: &[Value]) -> Vec<NewPublication> {
    let values = Values::of(values);
    let mut publications = Vec::new();
    for scorecard in project.scorecards.values() {
        let card = Card { project, scorecard, values: &values };
        for ordinal in card.periods().all {
            let period = Period { grain: scorecard.period, ordinal };
            publications.extend(card.scores(period).into_iter().map(|of| NewPublication {
                key: ValueKey {
                    kind: SCORE.to_owned(),
                    subject: scorecard.id.to_string(),
                    period: project.calendar.label(period),
                    segment: of.unit.map(|unit| unit.to_string()).unwrap_or_default(),
                },
                value: json!({
                    "version": 1,
                    "score_micro": of.score.as_ref().ok(),
                    "reason": of.score.as_ref().err().map(ToString::to_string),
                    "coverage_millionths": of.coverage,
                }),
                pins: json!({ "scorecard": scorecard.hash.to_string() }),
            }));
        }
    }
    publications
}
