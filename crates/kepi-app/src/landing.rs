//! Landing what the sources of a project have: their files, and what is fetched of other systems, which is a file first.

use std::{collections::BTreeMap, sync::Arc, time::Instant};

use kepi_model::{
    expectation::Schedule,
    id::SourceId,
    project::{Connector, Project, Source},
    wording::with_causes,
};
use kepi_query::landing::{LoadOutcome, LoadReport, NotLanded, Offer, PortError, Raw};
use kepi_store::ledger;
use serde::Serialize;

use crate::{
    entries,
    error::AppError,
    items, loads,
    open::App,
    run::{Request, RunProgress, Step, landing_order},
    screening,
};

/// What was landed and what was not.
type Landed = (Vec<LoadReport>, Vec<NotLanded>);

/// What looking at sources came to.
#[derive(Default)]
pub(crate) struct Looked {
    /// What was landed.
    pub loads: Vec<LoadReport>,
    /// What was not, and why.
    pub not_landed: Vec<NotLanded>,
    /// Sources that the run went on without.
    pub left_alone: Vec<LeftAlone>,
    /// What stands as sources read it before they were changed.
    pub read_before: Vec<ReadBefore>,
    /// How long each took that was looked at, µs.
    pub took: Vec<(Option<SourceId>, i64)>,
}

/// A source at which a run did not look, since it is not its time.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct LeftAlone {
    /// The source.
    pub source: SourceId,
    /// From when on a run looks at it, µs UTC; left out: its window never opens again.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub until: Option<i64>,
}

/// Files that a source read before its definition, or the zone of its days, was changed, and that are not there any more to be read anew.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ReadBefore {
    /// The source.
    pub source: SourceId,
    /// One of the files, and how many there are.
    pub file: String,
    /// How many.
    pub files: u64,
    /// Rows that they had.
    pub rows: u64,
}

/// Microseconds since an instant.
pub(crate) fn since(began: Instant) -> i64 {
    i64::try_from(began.elapsed().as_micros()).unwrap_or(i64::MAX)
}

fn not_landed(source: &Source, file: Option<String>, error: &PortError) -> NotLanded {
    NotLanded {
        source: source.id.clone(),
        entity: source.into.clone(),
        file,
        reason: with_causes(error.as_ref()),
    }
}

/// From when on a run looks at a source that says when, µs UTC, and was last looked at then.
fn next(project: &Project, schedule: &Schedule, last: Option<i64>, at: i64) -> Option<i64> {
    let window = schedule.window.as_ref().and_then(|id| project.business_hours.get(id));
    schedule.next(last, at, window.map(|named| &named.hours))
}

/// Who lands what for whom.
struct Landing<'a> {
    app: &'a App,
    project: &'a Project,
    request: &'a Request,
    by: &'a str,
    progress: &'a dyn RunProgress,
}

impl App {
    /// Lands every source in turn. One that offers nothing is its own trouble: the others land.
    pub(crate) async fn land(
        &self,
        project: &Project,
        request: &Request,
        by: &str,
        progress: &dyn RunProgress,
    ) -> Result<Looked, AppError> {
        let landing = Landing { app: self, project, request, by, progress };
        let mut looked = Looked::default();
        let last = self.last_looks(project).await?;
        for source in landing_order(project) {
            if let Some(schedule) = source.schedule.as_ref().filter(|_| !request.any_time) {
                let until = next(project, schedule, last.get(&source.id).copied(), request.at);
                if until.is_none_or(|until| until > request.at) {
                    looked.left_alone.push(LeftAlone { source: source.id.clone(), until });
                    continue;
                }
            }
            let began = Instant::now();
            let (more, troubles) = match (source.from.objects(), source.from.stream()) {
                (Some(_), _) => landing.objects(source).await?,
                (None, None) => landing.files(source, self.sources.offered(source)).await?,
                (None, Some(_)) => landing.fetched(source).await?,
            };
            if troubles.is_empty() {
                looked.read_before.extend(self.read_before(source).await?);
            }
            looked.loads.extend(more);
            looked.not_landed.extend(troubles);
            looked.took.push((Some(source.id.clone()), since(began)));
        }
        Ok(looked)
    }

    /// What of a source stands as it was read before it was changed.
    async fn read_before(&self, source: &Source) -> Result<Option<ReadBefore>, AppError> {
        let mut reading = self.store.read().await?;
        let of = ledger::read_before(&mut reading, source.id.as_str(), &source.hash.to_string()).await?;
        let (files, rows) = (of.len() as u64, of.iter().map(|(_, rows)| rows).sum());
        let file = of.into_iter().next().map(|(file, _)| file);
        Ok(file.map(|file| ReadBefore { source: source.id.clone(), file, files, rows }))
    }

    /// When a run next looks at a source that says when it is looked at, µs UTC: not later than `at` if one would now. None: no
    /// source says so, or the windows of all of them never open again.
    ///
    /// # Errors
    /// The runs cannot be read.
    pub async fn next_look(&self, project: &Project, at: i64) -> Result<Option<i64>, AppError> {
        let last = self.last_looks(project).await?;
        let sources = project.sources.values();
        let of =
            |source: &Source| next(project, source.schedule.as_ref()?, last.get(&source.id).copied(), at);
        Ok(sources.filter_map(of).min())
    }

    /// When published runs last looked at sources, µs UTC; nothing where no source says when it is looked at.
    async fn last_looks(&self, project: &Project) -> Result<BTreeMap<SourceId, i64>, AppError> {
        if project.sources.values().all(|source| source.schedule.is_none()) {
            return Ok(BTreeMap::new());
        }
        self.values.last_looks().await.map_err(AppError::Lake)
    }
}

impl Landing<'_> {
    async fn files(&self, source: &Source, offered: Result<Offer, PortError>) -> Result<Landed, AppError> {
        let Offer { raw, unreadable } = match offered {
            Ok(offer) => offer,
            Err(error) => return Ok((Vec::new(), vec![not_landed(source, None, &error)])),
        };
        let troubles = unreadable.iter().map(|(path, error)| not_landed(source, Some(path.clone()), error));
        let mut failed: Vec<NotLanded> = troubles.collect();
        let (reports, more) = self.raw(source, &raw).await?;
        failed.extend(more);
        Ok((reports, failed))
    }

    /// Objects are copied first and land as files do. Where copying breaks off, what was copied lands.
    async fn objects(&self, source: &Source) -> Result<Landed, AppError> {
        let inbox = &self.app.inbox;
        let mut broken = None;
        if self.request.fetch {
            self.progress.step(Step::Fetch { source: source.id.as_str() });
            let copied = match inbox.copies(source) {
                Ok(mut copies) => self.app.fetcher.copy(self.project, source, copies.as_mut()).await,
                Err(error) => Err(error),
            };
            broken = copied.err();
        }
        let offered = inbox.copied(source);
        if let Some(error) = &broken
            && offered.as_ref().map_or(true, |offer| offer.raw.is_empty())
        {
            return Ok((Vec::new(), vec![not_landed(source, None, error)]));
        }
        let (reports, mut failed) = self.files(source, offered).await?;
        failed.extend(broken.iter().map(|error| not_landed(source, None, error)));
        Ok((reports, failed))
    }

    /// What was fetched before lands first, so that nothing is asked for that is there. What waits but does not land gives
    /// way to what is fetched now, from where the last rows that have landed end.
    async fn fetched(&self, source: &Source) -> Result<Landed, AppError> {
        let stuck = |error: &PortError| not_landed(source, None, error);
        let inbox = &self.app.inbox;
        let kept = match inbox.kept(source).await {
            Ok(kept) => kept,
            Err(error) => return Ok((Vec::new(), vec![stuck(&error)])),
        };
        // What is in Kepi itself is not elsewhere.
        let asks = self.request.fetch || source.from.is_own();
        if !asks && kept.landed.is_empty() && kept.waiting.is_none() {
            let why = "nothing of it was fetched yet: run without `--no-fetch`";
            return Ok((Vec::new(), vec![stuck(&why.into())]));
        }
        let (mut reports, mut failed) = self.raw(source, &kept.landed).await?;
        let (waited, not_yet) = self.raw(source, kept.waiting.as_slice()).await?;
        let has_landed = waited.iter().all(|load| !matches!(load.outcome, LoadOutcome::Stopped { .. }));
        if !asks || (has_landed && not_yet.is_empty()) {
            reports.extend(waited);
            failed.extend(not_yet);
        }
        if asks {
            self.ask(source, &mut reports, &mut failed).await?;
        }
        Ok((reports, failed))
    }

    /// Fetches and lands piece by piece until nothing is new.
    async fn ask(
        &self,
        source: &Source,
        reports: &mut Vec<LoadReport>,
        failed: &mut Vec<NotLanded>,
    ) -> Result<(), AppError> {
        loop {
            self.progress.step(Step::Fetch { source: source.id.as_str() });
            let (raw, more) = match self.fetch(source).await {
                Ok(fetched) => fetched,
                Err(error) => {
                    failed.push(not_landed(source, None, &error));
                    return Ok(());
                }
            };
            let (landed, troubles) = self.raw(source, raw.as_slice()).await?;
            let on = landed.iter().any(|load| load.outcome == LoadOutcome::Landed);
            reports.extend(landed);
            failed.extend(troubles);
            if !more || !on {
                return Ok(());
            }
        }
    }

    /// Fetches once: a raw file, if there is anything new, and whether there is more.
    async fn fetch(&self, source: &Source) -> Result<(Option<Arc<dyn Raw>>, bool), PortError> {
        let kept = self.app.inbox.kept(source).await?;
        let mut inflow = self.app.inbox.begin(source, &kept)?;
        let (fetcher, from) = (&self.app.fetcher, kept.bookmark.as_ref());
        let fetched = match &source.from {
            Connector::Webhook(_) => self.app.inbox.posted(source, from, inflow.rows()).await?,
            Connector::Entries => entries::after(&self.app.store, from, inflow.rows()).await?,
            Connector::Items => items::after(&self.app.store, from, inflow.rows()).await?,
            Connector::Loads => loads::after(&self.app.store, self.project, from, inflow.rows()).await?,
            Connector::Screening(screen) => {
                screening::after(self.app, self.project, screen, from, inflow.rows()).await?
            }
            _ => fetcher.fetch(self.project, source, from, inflow.rows()).await?,
        };
        let more = fetched.more;
        Ok((inflow.finish(fetched, self.request.at).await?, more))
    }

    async fn raw(&self, source: &Source, raw: &[Arc<dyn Raw>]) -> Result<Landed, AppError> {
        if raw.is_empty() {
            return Ok(Landed::default());
        }
        self.progress.step(Step::Land { source: source.id.as_str() });
        let lake = &self.app.lake;
        let landed = lake
            .land(self.project, source, raw, self.by, self.request.at, self.progress.landing())
            .await
            .map_err(|error| AppError::Land { id: source.id.clone(), source: error })?;
        let (mut reports, mut failed) = Landed::default();
        for (raw, landed) in raw.iter().zip(landed) {
            match landed {
                Ok(report) => reports.push(report),
                Err(error) => failed.push(not_landed(source, Some(raw.name().to_owned()), &error)),
            }
        }
        Ok((reports, failed))
    }
}
