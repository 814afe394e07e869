//! A run: land what is new, compute every value, score, publish. What is published is never overwritten.

use std::{
    collections::{BTreeMap, BTreeSet},
    time::Instant,
};

use kepi_govern::{Permit, laws};
use kepi_model::{
    calendar::{Grain, day_of_ordinal, zones_version},
    derived::Made,
    governance::Mode,
    id::{DimensionId, EntityId, KpiId, RuleId, SourceId},
    meaning,
    measure::{ENTERED_VALUE, Measure},
    project::{Connector, Consequence, Kpi, Project},
    source_text::SourceMap,
    wording::with_causes,
};
use kepi_query::{
    derive::{self, Derived},
    finish::{self, AtGrain, Context, FinishError, MeasuredScan},
    kept::{Finishing, Kept, Refreshed, reads_scan},
    landing::{LoadOutcome, LoadReport, NotLanded, Progress, RowCounts, Stranded},
    parallel,
    port::{EvaluateError, PinnedInputs, SnapshotId},
    published::{Changed, Counts, NewRun, Published, RunPins, VALUE, Vouched},
    reach, scans,
    trust::{self, Broken, Judged, Withheld},
    value::Value,
};
use serde::Serialize;

use crate::{
    acting::Followed,
    archive::{self, InForce},
    deciding::{self, Deciding, Waiting},
    error::AppError,
    insights::JudgedReport,
    landing::{LeftAlone, Looked, ReadBefore, since},
    open::App,
    picture::project_of,
    plan,
    publishing::{score_rows, value_rows, values_in, vouched},
    pull::{self, TakenIn},
    slips::{self, Lonely, Rowless},
};

/// Who asks for a run, when, and what of.
#[derive(Debug, Clone)]
pub struct Request {
    /// Written into every event.
    pub actor: String,
    /// Now, in µs UTC.
    pub at: i64,
    /// Whether sources are looked at.
    pub land: bool,
    /// Whether other systems are asked for what is new; else only what was fetched before lands.
    pub fetch: bool,
    /// Whether sources are looked at, too, whose time it is not.
    pub any_time: bool,
}

/// Where a run is.
#[derive(Debug, Clone, Copy)]
pub enum Step<'a> {
    /// Fetching a source.
    Fetch {
        /// Its id.
        source: &'a str,
    },
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
    /// Judging what has changed.
    Judge,
}

/// Told how far a run is.
pub trait RunProgress: Send + Sync {
    /// A step begins.
    fn step(&self, step: Step<'_>);
    /// Told of rows while landing.
    fn landing(&self) -> &dyn Progress;
}

/// Entries into stages that counted for none, by entity and stage.
pub type Strays = BTreeMap<EntityId, BTreeMap<String, u64>>;

/// What a run did.
#[derive(Debug, Clone, Serialize)]
pub struct RunReport {
    /// Its number.
    pub run: i64,
    /// What differs in the folder and waits for a decision.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub waiting: Option<Waiting>,
    /// Snapshot of the lake it computed from.
    pub snapshot: i64,
    /// Evaluator.
    pub engine: String,
    /// What was landed, file by file.
    pub loads: Vec<LoadReport>,
    /// What could not be landed, and why.
    pub not_landed: Vec<NotLanded>,
    /// What was posted and waits under names to which nothing is posted.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub stranded: Vec<Stranded>,
    /// Sources at which it did not look, since it is not their time.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub left_alone: Vec<LeftAlone>,
    /// What stands as sources read it before they were changed, since the files are not there any more.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub read_before: Vec<ReadBefore>,
    /// Figures that several rows say for the same period and part, which are added up or averaged.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub twice: Vec<String>,
    /// Values computed.
    pub values: u64,
    /// Of them, without a publishable figure: a reason stands in its place.
    pub reasons: u64,
    /// Scores computed: of every scorecard, period and unit.
    pub scores: u64,
    /// Published for the first time.
    pub first: u64,
    /// Differ from what was published before as final: both are kept and shown.
    pub restated: u64,
    /// Differ from what was published before as provisional.
    pub updated: u64,
    /// The same as published before: the run vouches for them too.
    pub unchanged: u64,
    /// No longer computed: they stay in history, with the reason.
    pub withdrawn: u64,
    /// Periods of which figures differ from what was published before, or are withdrawn, by KPI, segments apart.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub changed: BTreeMap<KpiId, Vec<String>>,
    /// Sources of which the run rejected more rows than they allow.
    pub rejected: Vec<Rejected>,
    /// Rules about data sets, where they do not hold.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub broken: Vec<BrokenRule>,
    /// What is withheld because of them.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub withheld: Vec<WithheldOf>,
    /// KPIs that could not be computed, and why: what was published of them stays.
    pub not_renewed: BTreeMap<KpiId, String>,
    /// Dimensions and combinations that KPIs go on without, since they have too many members.
    pub without: BTreeMap<KpiId, BTreeSet<String>>,
    /// Series that begin far from where they go on: a date may be a slip.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub lonely: Vec<Lonely>,
    /// Units that stand for no row of anything.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub rowless: Vec<Rowless>,
    /// Entries into stages that counted for none, by entity and stage: they came from a stage that they do not follow.
    pub strays: Strays,
    /// What was said of its changes; none where a newer run was there, or it could not be done.
    pub judged: Option<JudgedReport>,
    /// Why they were not judged: the next run makes up for it.
    pub not_judged: Option<String>,
    /// Who was asked to act, and what became of that; none: nobody is, or it could not be done.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub followed: Option<Followed>,
    /// Why nobody could be asked: the next run makes up for it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub not_followed: Option<String>,
}

/// A rule about a data set, in a period in which it does not hold.
#[derive(Debug, Clone, Serialize)]
pub struct BrokenRule {
    /// The rule.
    pub rule: RuleId,
    /// The KPI that measures it.
    pub kpi: KpiId,
    /// The period.
    pub period: String,
    /// What the KPI is there; durations in microseconds.
    pub value: f64,
    /// What follows.
    #[serde(rename = "else")]
    pub otherwise: Consequence,
}

/// Figures of a KPI that are withheld because a rule about a data set does not hold.
#[derive(Debug, Clone, Serialize)]
pub struct WithheldOf {
    /// The KPI.
    pub kpi: KpiId,
    /// The rule.
    pub rule: RuleId,
    /// How many of its periods have no figure for it.
    pub periods: usize,
    /// Because of which periods.
    pub because: Vec<String>,
}

/// What a run rejected of a source, where it is more than the source allows.
#[derive(Debug, Clone, Serialize)]
pub struct Rejected {
    /// The source.
    pub source: SourceId,
    /// Its file, if it was one.
    pub file: Option<String>,
    /// Rows that were rejected.
    pub rows: u64,
    /// Of how many in scope.
    pub of: u64,
    /// The share that the source allows.
    pub at_most: f64,
    /// Where the first of them stands, and why it was rejected.
    pub first: Option<(String, u64, String)>,
}

/// What values are computed with, beside definitions and rows.
#[derive(Default)]
pub struct Basis<'a> {
    /// How far the data of each entity reach, as an earlier run found; none: as far as the inputs reach.
    pub watermarks: Option<&'a BTreeMap<EntityId, i64>>,
    /// KPIs that are not renewed, and why.
    pub held_back: BTreeMap<KpiId, String>,
    /// The date of the run, µs UTC: no panel goes beyond it.
    pub at: i64,
    /// States that need not be measured again; none: every row is read.
    pub kept: Option<&'a Kept<'a>>,
}

/// Values of a project from pinned inputs.
pub struct Computed {
    /// All values.
    pub values: Vec<Value>,
    /// KPIs that could not be computed, and why.
    pub not_renewed: BTreeMap<KpiId, String>,
    /// Dimensions and combinations that KPIs go on without, since they have too many members.
    pub without: BTreeMap<KpiId, BTreeSet<String>>,
    /// Entries into stages that counted for none, by entity and stage.
    pub strays: Strays,
    /// How far the data of each entity reach, µs UTC.
    pub watermarks: BTreeMap<EntityId, i64>,
    /// Rules about data sets, where they do not hold, and what is withheld for it.
    pub judged: Judged,
}

impl Computed {
    /// Adds what was computed in another zone.
    fn add(&mut self, more: Self) {
        self.values.extend(more.values);
        self.not_renewed.extend(more.not_renewed);
        self.without.extend(more.without);
    }
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
        self.run_in(Some((files, project)), request, progress).await
    }

    /// The same of a folder that may have errors (none), which matters only where what stands in it is in force at once: else
    /// figures are computed by what was decided, and what differs waits.
    ///
    /// # Errors
    /// As [`Self::run`].
    pub async fn run_in(
        &self,
        folder: Option<(&SourceMap, &Project)>,
        request: &Request,
        progress: &dyn RunProgress,
    ) -> Result<RunReport, AppError> {
        let began = Instant::now();
        let permit = self.permit(&request.actor).await?;
        let deciding = Deciding(&self.store);
        deciding.tick(request.at).await?;
        let decided;
        let mut adopted = None;
        if deciding::mode(&self.store).await? == Mode::Open {
            let Some((files, project)) = folder else { return Err(AppError::Definitions { errors: 1 }) };
            match archive::adopt(&self.store, files, project, &permit, request.at).await {
                Ok(definitions) => {
                    pull::record(&self.root, definitions.register);
                    adopted = Some((project, definitions));
                }
                // What would change frozen days, or what a retired KPI meant, waits.
                Err(AppError::Forbidden(v))
                    if v.0.iter().all(|v| [laws::FROZEN, laws::RESERVED].contains(&v.code)) => {}
                Err(other) => return Err(other),
            }
        }
        let (project, definitions, waiting) = if let Some((project, definitions)) = adopted {
            (project, definitions, None)
        } else {
            let (files, definitions) = archive::in_force(&self.store).await?.ok_or(AppError::Busy)?;
            decided = project_of(&files)?;
            let mut waiting = deciding.waiting(folder).await?;
            match folder {
                _ if waiting.is_none() => pull::record(&self.root, definitions.register),
                // What was decided since and is not written here yet waits for nobody.
                Some((files, project)) => {
                    let beside =
                        pull::taken_in(&self.store, &self.root, files.clone(), project.clone()).await;
                    if let Ok(TakenIn { files, project, decided }) = &beside
                        && !decided.is_empty()
                    {
                        waiting = deciding.waiting(Some((files, project))).await?;
                    }
                }
                None => {}
            }
            (&decided, definitions, waiting)
        };
        let by = permit.by().to_string();
        let number = self.values.begin(request.at).await.map_err(AppError::Lake)?;
        let Looked { loads, not_landed, left_alone, read_before, mut took } =
            if request.land { self.land(project, request, &by, progress).await? } else { Looked::default() };
        let rejected = self.rejected(project, &loads).await?;
        let inputs = self.pinned_for_run(project, request.at).await?;
        let damaged = self.lake.damaged(inputs.snapshot).await.map_err(AppError::Lake)?;
        let held_back = held_back(project, &loads, &not_landed, damaged);
        let kept = Kept::new(self.evaluator.as_ref(), self.shelf.as_ref()).made_by(self.elsewhere.as_deref());
        let is_whole = held_back.is_empty();
        let basis = Basis { watermarks: None, held_back, at: request.at, kept: Some(&kept) };
        let mut computed = self.compute(project, &inputs, basis, progress).await?;
        // A figure that is another for erased rows alone stays as it is published.
        computed.values = self.as_they_stand(project, computed.values).await?;
        if is_whole && computed.not_renewed.is_empty() {
            kept.tidy();
        }
        progress.step(Step::Publish);
        let Published { counts, changed, .. } =
            self.publish(project, definitions, (request, &by), number, &inputs, &computed).await?;
        took.push((None, since(began)));
        // What is published stands, whatever becomes of this.
        if let Err(why) = self.values.record_looks(number, &took, &not_landed).await {
            tracing::warn!(
                "it was not recorded how long run {number} took and what it could not land: {why}"
            );
        }
        progress.step(Step::Judge);
        let (judged, not_judged) = match self.judge(&by, request.at).await {
            Ok(judged) => (judged, None),
            Err(error) => (None, Some(with_causes(&error))),
        };
        let (followed, not_followed) = match self.follow(request.at).await {
            Ok(followed) => (Some(followed).filter(|of| *of != Followed::default()), None),
            Err(error) => (None, Some(with_causes(&error))),
        };
        deciding.tick(request.at).await?;
        // Who decides reads them; what is published does not hang on them.
        if let Err(why) = self.dual_runs(request.at, true, progress).await {
            tracing::warn!("figures by what is proposed were not computed: {}", with_causes(&why));
        }
        // That it is not known keeps nobody from reading what is published.
        let twice = match self.entered_twice(project, &inputs).await {
            Ok(twice) => twice,
            Err(why) => {
                tracing::warn!("it was not looked at what is entered twice: {}", with_causes(&why));
                Vec::new()
            }
        };
        let stranded = match self.inbox.stranded(project, request.land) {
            Ok(stranded) => stranded,
            Err(why) => {
                tracing::warn!("it was not looked at what was posted under other names: {why}");
                Vec::new()
            }
        };
        let all = counts.iter().fold(Counts::default(), |all, one| all + *one);
        let values = computed.values.len() as u64;
        Ok(RunReport {
            run: number,
            waiting,
            snapshot: inputs.snapshot.0,
            engine: self.evaluator.version().0,
            loads,
            not_landed,
            stranded,
            left_alone,
            read_before,
            twice,
            values,
            reasons: computed.values.iter().filter(|v| v.estimate.is_err()).count() as u64,
            scores: all.computed() - values,
            first: all.first,
            restated: all.of_final,
            updated: all.restated - all.of_final,
            unchanged: all.unchanged,
            withdrawn: all.withdrawn,
            changed: changed_of(project, changed.first().map_or(&[], Vec::as_slice)),
            rejected,
            broken: broken_rules(project, &computed.judged.broken),
            withheld: withheld_of(project, &computed.judged.withheld),
            not_renewed: computed.not_renewed,
            without: computed.without,
            lonely: slips::lonely(project, &computed.values),
            rowless: slips::rowless(project, &computed.values),
            strays: computed.strays,
            judged,
            not_judged,
            followed,
            not_followed,
        })
    }

    /// That whoever can reach the project may change it, in the name of `actor`.
    ///
    /// # Errors
    /// The database refuses.
    pub async fn permit(&self, actor: &str) -> Result<Permit, AppError> {
        Ok(Permit::open(self.store.person(actor).await?))
    }

    /// The sources of which these loads rejected more than they allow.
    async fn rejected(&self, project: &Project, loads: &[LoadReport]) -> Result<Vec<Rejected>, AppError> {
        let mut found = Vec::new();
        for source in project.sources.values() {
            let own = |load: &&LoadReport| load.source == source.id && load.outcome == LoadOutcome::Landed;
            let own: Vec<&LoadReport> = loads.iter().filter(own).collect();
            let counts: RowCounts = own.iter().map(|load| load.counts).sum();
            let (rows, of) = (counts.quarantined, counts.landed());
            if rows as f64 <= source.rejects_at_most * of as f64 {
                continue;
            }
            let (first, _) = self.lake.quarantine(Some(&source.id), 0, 1).await.map_err(AppError::Lake)?;
            found.push(Rejected {
                source: source.id.clone(),
                file: own.first().filter(|_| own.len() == 1).map(|load| load.file.clone()),
                rows,
                of,
                at_most: source.rejects_at_most,
                first: first.into_iter().next().map(|row| (row.file, row.row, row.reason)),
            });
        }
        Ok(found)
    }

    /// Computes every value of a project from pinned inputs, zone by zone: a KPI whose days begin elsewhere knows other
    /// edges of periods. A KPI that is held back, or whose scan fails, is not renewed; the others are.
    ///
    /// # Errors
    /// A definition does not fit the project, or every scan failed.
    pub async fn compute(
        &self,
        project: &Project,
        inputs: &PinnedInputs,
        basis: Basis<'_>,
        progress: &dyn RunProgress,
    ) -> Result<Computed, AppError> {
        let calendars = project.calendars();
        let mut computed = match calendars.as_slice() {
            [_] => self.compute_in(project, inputs, basis, progress).await?,
            calendars => {
                let mut all: Option<Computed> = None;
                for calendar in calendars {
                    let part = project.in_calendar(calendar);
                    let basis = Basis { held_back: basis.held_back.clone(), ..basis };
                    let more = self.compute_in(&part, inputs, basis, progress).await?;
                    match &mut all {
                        Some(all) => all.add(more),
                        None => all = Some(more),
                    }
                }
                all.ok_or_else(|| AppError::Corrupt {
                    what: "a project",
                    reason: "it has no calendar".to_owned(),
                })?
            }
        };
        trust::unjudged(project, &mut computed.not_renewed);
        let Computed { values, not_renewed, .. } = &mut computed;
        values.retain(|value: &Value| !not_renewed.contains_key(&value.kpi));
        computed.judged = trust::withhold(project, &mut computed.values).map_err(FinishError::from)?;
        Ok(computed)
    }

    /// Computes the KPIs of one calendar: what is made of landed rows first, then one scan an entity, time and version rule.
    async fn compute_in(
        &self,
        project: &Project,
        inputs: &PinnedInputs,
        basis: Basis<'_>,
        progress: &dyn RunProgress,
    ) -> Result<Computed, AppError> {
        let Basis { watermarks, mut held_back, at, kept } = basis;
        let watermarks = watermarks.cloned().unwrap_or_else(|| reach_of(project, inputs, at));
        // What is not kept lies there until it was measured, where it does not fit into memory.
        let passing = self.shelf.passing();
        let once = Kept::for_once(self.evaluator.as_ref(), passing.as_ref());
        let makes = kept.unwrap_or(&once);
        let (inputs, strays) = &self.made(project, inputs, &watermarks, &mut held_back, (at, makes)).await?;
        let held_back = &held_back;
        let kpis = || project.kpis.values().filter(|kpi| !held_back.contains_key(&kpi.id));
        let plans = scans::plan(kpis(), project, inputs)?;
        let items: Vec<(&Kpi, Grain)> = kpis()
            .flat_map(|kpi| plan::grains_of(kpi, project).into_iter().map(move |grain| (kpi, grain)))
            .collect();
        let secret = self.lake.secret();
        let finishing = Finishing { project, secret: &secret, watermarks: &watermarks };
        let mut scans = Vec::new();
        let mut failed: Vec<AppError> = Vec::new();
        // What was finished with its scan.
        let mut found: BTreeMap<(&KpiId, Grain), Vec<Value>> = BTreeMap::new();
        for mut plan in plans {
            progress.step(Step::Measure { entity: plan.entity.as_str() });
            let mut own: Vec<(&Kpi, Grain)> =
                items.iter().filter(|(kpi, _)| reads_scan(kpi, &plan)).copied().collect();
            loop {
                let refreshed = match kept {
                    Some(kept) => kept.refreshed(finishing, (&plan, &own), inputs, &self.limits).await,
                    None => {
                        let measured = self.evaluator.measure(&plan, inputs, &self.limits).await;
                        measured.map(|of| Refreshed { values: vec![], measured: Some(of), anew: 0 })
                    }
                };
                match refreshed {
                    Ok(Refreshed { values, measured, .. }) => {
                        for ((kpi, grain), values) in own.iter().zip(values) {
                            found.extend(values.map(|values| ((&kpi.id, *grain), values)));
                        }
                        scans.extend(measured.map(|measured| MeasuredScan { plan, measured }));
                    }
                    // The others go on without what has too many members.
                    Err(EvaluateError::TooManyCells { key_set, .. }) if plan.leave_out(&key_set) => {
                        own.clear();
                        continue;
                    }
                    Err(source) => failed.push(AppError::Evaluate { entity: plan.entity.clone(), source }),
                }
                break;
            }
        }
        let context = Context {
            project,
            scans: &scans,
            secret: &secret,
            watermarks: &watermarks,
            threads: self.limits.threads,
        };
        let work: Vec<(&Kpi, Grain)> =
            items.iter().filter(|(kpi, grain)| !found.contains_key(&(&kpi.id, *grain))).copied().collect();
        let grains = work.iter().map(|(_, grain)| *grain);
        let by_grain = grains
            .collect::<BTreeSet<Grain>>()
            .into_iter()
            .map(|grain| Ok((grain, AtGrain::new(context, grain)?)))
            .collect::<Result<BTreeMap<_, _>, AppError>>()?;
        let work: Vec<(&AtGrain<'_>, &Kpi, Grain)> =
            work.into_iter().filter_map(|(kpi, grain)| Some((by_grain.get(&grain)?, kpi, grain))).collect();
        let finished = parallel::map(&work, self.limits.threads, |(at, kpi, _)| at.values(kpi));
        let mut not_renewed = held_back.clone();
        let mut without: BTreeMap<KpiId, BTreeSet<String>> = BTreeMap::new();
        for ((at, kpi, grain), values) in work.iter().zip(finished) {
            match values {
                Ok(values) => {
                    found.insert((&kpi.id, *grain), values);
                    for key_set in at.left_out(kpi)? {
                        let names: Vec<&str> = key_set.iter().map(DimensionId::as_str).collect();
                        without.entry(kpi.id.clone()).or_default().insert(names.join(" × "));
                    }
                }
                // Its scan failed: that says why.
                Err(FinishError::NotMeasured(_)) if !failed.is_empty() => {
                    let own = |e: &&AppError| match e {
                        AppError::Evaluate { entity, .. } => reads(kpi, entity),
                        _ => false,
                    };
                    let why = failed.iter().find(own).or(failed.first()).map(|e| with_causes(e));
                    not_renewed.insert(kpi.id.clone(), why.unwrap_or_default());
                }
                Err(error) => return Err(error.into()),
            }
        }
        let mut values = Vec::with_capacity(found.values().map(Vec::len).sum());
        for (kpi, grain) in &items {
            values.extend(found.remove(&(&kpi.id, *grain)).into_iter().flatten());
        }
        match failed.into_iter().next() {
            Some(error) if held_back.is_empty() && not_renewed.len() == project.kpis.len() => Err(error),
            _ => {
                let judged = Judged::default();
                Ok(Computed { values, not_renewed, without, strays: strays.clone(), watermarks, judged })
            }
        }
    }

    /// The inputs with what has to be made of them for the KPIs that are not held back. Those of which it could not be made are
    /// held back, too.
    async fn made(
        &self,
        project: &Project,
        inputs: &PinnedInputs,
        watermarks: &BTreeMap<EntityId, i64>,
        held_back: &mut BTreeMap<KpiId, String>,
        (at, makes): (i64, &Kept<'_>),
    ) -> Result<(PinnedInputs, Strays), AppError> {
        let kpis = project.kpis.values().filter(|kpi| !held_back.contains_key(&kpi.id));
        let work: Vec<(&Kpi, Grain)> = kpis
            .flat_map(|kpi| plan::grains_of(kpi, project).into_iter().map(move |grain| (kpi, grain)))
            .collect();
        let Some(plan) = derive::plan(&work, project, inputs, at, watermarks)? else {
            return Ok((inputs.clone(), Strays::new()));
        };
        let made = makes.made(&plan, inputs, &self.limits).await;
        let of_made =
            work.iter().map(|(kpi, _)| *kpi).filter(|kpi| kpi.wordings().any(|of| !of.made.is_empty()));
        match made {
            Ok(Derived { tables, out_of_range, unmade, strays, .. }) => {
                let why = |made: &Made| match made {
                    Made::Rows(of) => {
                        let (_, why) = unmade.iter().find(|(table, _)| is_table_of(table, of))?;
                        Some(why.to_string())
                    }
                    Made::Attribute(of, own) => {
                        let mut beyond = out_of_range.iter();
                        beyond.find(|(table, attribute)| attribute == own && is_table_of(table, of))?;
                        Some(format!("values of `{own}` leave the range of 64-bit integers"))
                    }
                    Made::Kept(_) => None,
                };
                for kpi in of_made {
                    if let Some(why) = kpi.wordings().flat_map(|of| &of.made).find_map(why) {
                        held_back.insert(kpi.id.clone(), why);
                    }
                }
                let mut inputs = inputs.clone();
                inputs.tables.extend(tables);
                Ok((inputs, strays))
            }
            // The others go on.
            Err(error) => {
                let why = with_causes(&error);
                for kpi in of_made {
                    held_back.insert(kpi.id.clone(), why.clone());
                }
                Ok((inputs.clone(), Strays::new()))
            }
        }
    }

    async fn publish(
        &self,
        project: &Project,
        definitions: InForce,
        (request, by): (&Request, &str),
        number: i64,
        inputs: &PinnedInputs,
        computed: &Computed,
    ) -> Result<Published, AppError> {
        // What could not be renewed still stands, and scores stand on it.
        let ids: Vec<String> = computed.not_renewed.keys().map(ToString::to_string).collect();
        let kept = if ids.is_empty() {
            Vec::new()
        } else {
            values_in(&self.values.newest(&VALUE, Some(&ids)).await.map_err(AppError::Lake)?, project)?
        };
        let values = value_rows(number, project, &computed.values)?;
        let scores = score_rows(number, project, computed.values.iter().chain(&kept))?;
        let changed = self.lake.changed(Some(inputs.snapshot)).await.map_err(AppError::Lake)?;
        let vouched = vouched(project, computed, (&values, &scores), &changed)?;
        let pins = what_it_rests_on(self, project, definitions, inputs.snapshot, &computed.watermarks);
        let run = NewRun {
            number,
            actor: by,
            at: request.at,
            pins: &pins,
            vouched: &vouched,
            figures: &[values, scores],
        };
        Ok(self.values.publish(run).await?)
    }
}

/// How far the data of each entity reach for a run on a date.
pub(crate) fn reach_of(project: &Project, inputs: &PinnedInputs, at: i64) -> BTreeMap<EntityId, i64> {
    let mut reach = reach::watermarks(project, inputs);
    // Nobody knows yet that what a source says of days to come is so.
    reach.values_mut().for_each(|until| *until = (*until).min(at.saturating_add(1)));
    // What is owed from a day on is known not to be there before anybody has entered anything.
    let is_owed = |kpi: &Kpi| matches!(&kpi.measure, Measure::Entered(of) if of.since.is_some());
    if let Ok(entity) = ENTERED_VALUE.parse::<EntityId>()
        && project.kpis.values().flat_map(|kpi| kpi.wordings()).any(is_owed)
    {
        reach.entry(entity).or_insert(at);
    }
    // What people enter is known when it is entered: what they have not entered by now is not there. Nor has anything happened to
    // items that the log does not say, where they are landed of it, nor was anything landed.
    let is_of_the_log = |from: &Connector| matches!(from, Connector::Items | Connector::Loads);
    let own = project.sources.values().filter(|source| is_of_the_log(&source.from));
    let own: BTreeSet<&EntityId> = own.map(|source| &source.into).collect();
    for (entity, until) in &mut reach {
        if entity.as_str() == ENTERED_VALUE || own.contains(entity) {
            *until = at.max(*until);
        }
    }
    reach
}

fn changed_of(project: &Project, changed: &[Changed]) -> BTreeMap<KpiId, Vec<String>> {
    let mut all: BTreeMap<KpiId, Vec<String>> = BTreeMap::new();
    for of in changed {
        let (Ok(kpi), Some(grain)) = (of.subject.parse(), Vouched::read_grain(&of.grain)) else { continue };
        let Ok(day) = day_of_ordinal(of.period) else { continue };
        let period = project.calendar_of_kpi(&of.subject).period_of_day(grain, day);
        all.entry(kpi).or_default().push(project.calendar.label(period));
    }
    all
}

fn broken_rules(project: &Project, broken: &[Broken]) -> Vec<BrokenRule> {
    let said = |of: &Broken| BrokenRule {
        rule: of.rule.clone(),
        kpi: of.kpi.clone(),
        period: trust::named(&project.calendar.label(of.period), of.member.as_ref()),
        value: of.value,
        otherwise: of.otherwise,
    };
    broken.iter().map(said).collect()
}

fn withheld_of(project: &Project, withheld: &[Withheld]) -> Vec<WithheldOf> {
    let said = |of: &Withheld| {
        let grain = project.kpis.get(&of.kpi)?.period;
        Some(WithheldOf {
            kpi: of.kpi.clone(),
            rule: of.rule.clone(),
            periods: of.periods.iter().filter(|period| period.grain == grain).count(),
            because: of
                .because
                .iter()
                .map(|(period, member)| trust::named(&project.calendar.label(*period), member.as_ref()))
                .collect(),
        })
    };
    withheld.iter().filter_map(said).filter(|of| of.periods > 0).collect()
}

/// Whether a KPI reads a table: that of an entity, or of a panel at some length of period.
fn reads(kpi: &Kpi, table: &EntityId) -> bool {
    kpi.entities().iter().any(|entity| is_table_of(table, entity))
}

fn is_table_of(table: &EntityId, entity: &EntityId) -> bool {
    table == entity || table.as_str().strip_prefix(entity.as_str()).is_some_and(|rest| rest.starts_with("__"))
}

/// KPIs that would be computed from part of their data, because a file or a source that feeds them did not land, or from
/// damaged data, with the reason.
fn held_back(
    project: &Project,
    loads: &[LoadReport],
    not_landed: &[NotLanded],
    damaged: BTreeMap<EntityId, String>,
) -> BTreeMap<KpiId, String> {
    // Damage comes first: it is also why a file that would follow did not land.
    let mut why: BTreeMap<EntityId, Vec<String>> =
        damaged.into_iter().map(|(entity, said)| (entity, vec![said])).collect();
    for of in not_landed {
        why.entry(of.entity.clone())
            .or_default()
            .push(format!("source `{}` did not land: {}", of.source, of.reason));
    }
    for load in loads {
        if let LoadOutcome::Stopped { rule, reason } = &load.outcome
            && load.outcome.leaves_a_gap()
        {
            let said = format!("`{}` did not land: rule `{rule}` stops it: {reason}", load.file);
            why.entry(load.entity.clone()).or_default().push(said);
        }
    }
    let of = |kpi: &Kpi| {
        let entities = finish::basis(kpi, project).entities;
        let mut said = entities.iter().filter_map(|entity| why.get(entity)).flatten();
        let first = said.next()?.clone();
        let more = said.count();
        Some(if more > 0 { format!("{first}; and {more} more") } else { first })
    };
    project.kpis.values().filter_map(|kpi| Some((kpi.id.clone(), of(kpi)?))).collect()
}

/// What a run rests on.
pub fn what_it_rests_on(
    app: &App,
    project: &Project,
    definitions: InForce,
    snapshot: SnapshotId,
    watermarks: &BTreeMap<EntityId, i64>,
) -> RunPins {
    RunPins {
        register: definitions.register,
        definition: definitions.pin,
        lake: app.lake.id(),
        snapshot,
        engine: app.evaluator.version(),
        calendar: meaning::calendar(&project.calendar),
        zones: zones_version().to_owned(),
        watermarks: watermarks.clone(),
    }
}

/// Referenced entities first, so that `account exists` sees the accounts of the same run.
pub(crate) fn landing_order(project: &Project) -> Vec<&kepi_model::project::Source> {
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
    // A list of the keys that there are is about rows that have come.
    sources.sort_by_key(|s| (order.iter().position(|e| **e == s.into), s.keys_of.is_some()));
    sources
}
