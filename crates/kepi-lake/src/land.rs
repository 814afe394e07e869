//! Landing: stage a file, then commit its files, ledger row, rejected rows and event in one transaction, or nothing.

use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    path::{Path, PathBuf},
    sync::Arc,
    time::SystemTime,
};

use kepi_model::{
    id::{EntityId, Hash},
    project::{Entity, MappingFrom, Project, Requirement, Source},
};
use kepi_query::{
    landing::{LoadOutcome, LoadReport, Progress},
    port::SnapshotId,
};
use kepi_store::{NewEvent, Transaction, event::append_event};
use serde_json::json;
use tokio::sync::mpsc;

use crate::{
    LocalLake,
    catalogue::{end_and_add_files, ensure_table, find_table, live_files, table_version},
    durable::create_folder_durably,
    error::{LakeError, LandError},
    history::KeySet,
    index::{IndexShape, TableIndex, current_keys},
    ledger::{self, Past},
    mapping::{KnownKeys, entities_asked},
    quarantine::spool_path,
    stage::{Job, Staged, stage},
    verify::checksum,
};

/// How often a file is staged anew because others changed its table meanwhile.
const ATTEMPTS: u32 = 10;

/// What is kept between files.
#[derive(Default)]
pub(crate) struct Kept {
    indexes: HashMap<EntityId, TableIndex>,
    known: HashMap<EntityId, (i64, Arc<KeySet>)>,
}

/// Who lands, when, and who hears of it.
#[derive(Clone, Copy)]
pub struct Landing<'a> {
    /// Who.
    pub actor: &'a str,
    /// When, in µs UTC.
    pub at: i64,
    /// Who hears how far it is.
    pub progress: &'a dyn Progress,
}

impl LocalLake {
    /// Lands one file of a source. A file that was landed under the same definition is left alone; under another
    /// definition its rows are taken out and it is landed anew, in the same transaction.
    ///
    /// # Errors
    /// See [`LandError`]; nothing of the file is in the lake then.
    pub async fn land_file(
        &self,
        project: &Project,
        source: &Source,
        path: &Path,
        landing: Landing<'_>,
    ) -> Result<LoadReport, LandError> {
        let misfit = |why: String| LandError::Definition(source.id.to_string(), why);
        let entity = project
            .entities
            .get(&source.into)
            .ok_or_else(|| misfit(format!("there is no entity `{}`", source.into)))?;
        let shape = IndexShape::of(source, entity)
            .ok_or_else(|| misfit("its key, version or a rule names an unknown attribute".to_owned()))?;
        let (path, name) = self.locate(path);
        let (content, stamp) = blocking({
            let (path, name) = (path.clone(), name.clone());
            move || content_hash(&path, &name)
        })
        .await??;
        // One landing at a time in this process; others are kept apart by the checks at commit.
        let mut kept = self.kept.lock().await;
        for _ in 0..ATTEMPTS {
            let past = ledger::past(&self.catalogue, source, &name, content).await?;
            if let Some(earlier) = &past.earlier
                && earlier.definition == source.hash.to_string()
            {
                return Ok(LoadReport { outcome: LoadOutcome::AlreadyLanded, ..earlier.report.clone() });
            }
            let table = ensure_table(&self.catalogue, entity, landing.at, landing.actor).await?;
            let folder = self.catalogue.data.join("main").join(&table.name);
            create_folder_durably(self.fs.as_ref(), &folder).map_err(|source| LakeError::Io {
                path: folder.clone(),
                doing: "made",
                source,
            })?;
            let known = self.known_keys(project, source, landing, &mut kept).await?;
            let (files, version) = live_files(&self.catalogue, table.id).await?;
            let index = kept
                .indexes
                .remove(&entity.id)
                .filter(|index| index.version == version && index.shape == shape.text);
            let last = past.last_effective.map_or(landing.at, |last| landing.at.max(last + 1));
            let effective = past.earlier.as_ref().map_or(last, |e| e.effective);
            let load = load_id(landing.at);
            let (sender, mut heard) = mpsc::unbounded_channel();
            let job = Job {
                source: source.clone(),
                entity: entity.clone(),
                table,
                shape: shape.clone(),
                fs: Arc::clone(&self.fs),
                folder,
                spool: spool_path(&self.catalogue.data, &load),
                path: path.clone(),
                name: name.clone(),
                load,
                effective,
                at: landing.at,
                past,
                known,
                progress: sender,
            };
            let work = tokio::task::spawn_blocking(move || {
                let staged = index
                    .map_or_else(
                        || {
                            let since =
                                |load: &str| job.past.effective.get(load).copied().unwrap_or(i64::MIN);
                            TableIndex::build(&job.shape, &job.entity, &job.table, files, version, &since)
                                .map_err(LandError::from)
                        },
                        Ok,
                    )
                    .and_then(|index| stage(&job, index));
                (staged, Finished::of(job))
            });
            while let Some(rows) = heard.recv().await {
                landing.progress.rows(rows);
            }
            let (staged, job) = work.await.map_err(|e| LakeError::Worker(e.to_string()))?;
            let (staged, mut index) = staged?;
            if stamp != stamp_of(&path) {
                self.discard(&staged);
                return Err(LandError::Changed { path: name });
            }
            let paths: Vec<PathBuf> = staged.replacement.add.iter().map(|f| f.path.clone()).collect();
            let mut tx = match self.catalogue.store.begin().await {
                Ok(tx) => tx,
                Err(e) => {
                    self.remove_all(&paths);
                    return Err(e.into());
                }
            };
            let recorded =
                self.record(&mut tx, source, entity, &job, content, staged, &mut index, landing).await;
            match recorded {
                Ok(Some(report)) => {
                    self.fs.committing(&paths);
                    // A commit may have been done although it could not be acknowledged: the files stay; if nothing
                    // names them they are swept.
                    tx.commit().await?;
                    if report.outcome == LoadOutcome::Landed {
                        kept.indexes.insert(entity.id.clone(), index);
                    }
                    return Ok(report);
                }
                Ok(None) => self.remove_all(&paths),
                Err(e) => {
                    self.remove_all(&paths);
                    return Err(e);
                }
            }
        }
        Err(LandError::Conflict { path: name, attempts: ATTEMPTS })
    }

    /// Writes all that a load leaves in the database, within `tx`. None: others were faster.
    #[expect(clippy::too_many_arguments, reason = "one call; a struct would only rename the arguments")]
    async fn record(
        &self,
        tx: &mut Transaction,
        source: &Source,
        entity: &Entity,
        job: &Finished,
        content: Hash,
        staged: Staged,
        index: &mut TableIndex,
        landing: Landing<'_>,
    ) -> Result<Option<LoadReport>, LandError> {
        let stopped = staged.stopped.clone();
        let past = ledger::find_earlier(tx, &source.id, source.mode, &job.name, content).await?;
        let same = past.as_ref().map(|e| &e.load) == job.past.earlier.as_ref().map(|e| &e.load);
        if !same || table_version(tx, job.table).await? != index.version {
            return Ok(None);
        }
        let mut report = LoadReport {
            load: job.load.clone(),
            source: source.id.clone(),
            entity: entity.id.clone(),
            file: job.name.clone(),
            content,
            definition: source.hash,
            outcome: LoadOutcome::Landed,
            counts: staged.counts,
            missing: staged.missing,
            rules: staged.rules,
            drift: drift(job.past.columns.as_deref(), &staged.columns),
            snapshot: None,
            at: landing.at,
        };
        if let Some((rule, reason)) = stopped {
            report.outcome = LoadOutcome::Stopped { rule, reason };
        } else {
            for file in &staged.replacement.add {
                // A sweeper of another process may have taken it for an orphan; it holds the same lock.
                if std::fs::metadata(&file.path).map(|m| m.len()).ok() != Some(file.bytes) {
                    return Ok(None);
                }
            }
            let changed = !staged.replacement.add.is_empty() || !staged.replacement.end.is_empty();
            let snapshot = if changed {
                let (snapshot, ids) = end_and_add_files(
                    tx,
                    job.table,
                    &staged.replacement,
                    landing.at,
                    landing.actor,
                    &format!("land {} from {}", job.name, source.id),
                )
                .await?;
                for (number, id) in staged.added.iter().zip(ids) {
                    if let Some(file) = index.files.get_mut(*number as usize) {
                        file.id = id;
                    }
                }
                index.version = snapshot;
                snapshot
            } else {
                crate::catalogue::latest_in(tx).await?.snapshot
            };
            report.snapshot = Some(SnapshotId(snapshot));
        }
        let landed = report.outcome == LoadOutcome::Landed;
        let replaces = job.past.earlier.as_ref().filter(|_| landed).map(|e| e.load.as_str());
        let entry =
            ledger::Entry { report: &report, effective: job.effective, columns: &staged.columns, replaces };
        ledger::insert(tx, &entry).await?;
        if landed {
            staged.quarantine.insert(tx, &report.load, &source.id, &job.name).await?;
        }
        append(tx, &report, staged.ended, replaces, landing).await?;
        Ok(Some(report))
    }

    /// Keys of the entities that a source's expressions ask for.
    async fn known_keys(
        &self,
        project: &Project,
        source: &Source,
        landing: Landing<'_>,
        kept: &mut Kept,
    ) -> Result<KnownKeys, LandError> {
        let mut asked = BTreeSet::new();
        for rule in &source.rules {
            if let Requirement::Row(expression) = &rule.require {
                entities_asked(expression, &mut asked);
            }
        }
        for mapping in &source.map {
            if let MappingFrom::Expression(expression) = &mapping.from {
                entities_asked(expression, &mut asked);
            }
        }
        if let Some(only) = &source.only {
            entities_asked(only, &mut asked);
        }
        let mut known = KnownKeys::new();
        for id in asked {
            let Some(entity) = project.entities.get(&id).cloned() else { continue };
            let mut tx = self.catalogue.store.read().await?;
            let found = find_table(&mut tx, id.as_str()).await?;
            drop(tx);
            if found.is_none() {
                known.insert(id, Arc::default());
                continue;
            }
            let table = ensure_table(&self.catalogue, &entity, landing.at, landing.actor).await?;
            let (files, version) = live_files(&self.catalogue, table.id).await?;
            let keys = match kept.known.get(&id).filter(|(v, _)| *v == version) {
                Some((_, keys)) => Arc::clone(keys),
                None => {
                    let keys = blocking(move || current_keys(&entity, &table, &files)).await??;
                    kept.known.insert(id.clone(), (version, Arc::clone(&keys)));
                    keys
                }
            };
            known.insert(id, keys);
        }
        Ok(known)
    }

    /// Absolute path and name within the project.
    fn locate(&self, path: &Path) -> (PathBuf, String) {
        let absolute = if path.is_absolute() { path.to_owned() } else { self.root.join(path) };
        let name = absolute.strip_prefix(&self.root).unwrap_or(&absolute);
        (absolute.clone(), name.to_string_lossy().replace('\\', "/"))
    }

    fn discard(&self, staged: &Staged) {
        self.remove_all(&staged.replacement.add.iter().map(|f| f.path.clone()).collect::<Vec<_>>());
    }

    fn remove_all(&self, paths: &[PathBuf]) {
        for path in paths {
            // Best effort: what stays behind is swept later.
            let _ = self.fs.remove(path);
        }
    }
}

/// What of a job is needed to commit it.
struct Finished {
    table: i64,
    load: String,
    name: String,
    effective: i64,
    past: Past,
}

impl Finished {
    fn of(job: Job) -> Self {
        Self { table: job.table.id, load: job.load, name: job.name, effective: job.effective, past: job.past }
    }
}

/// A unique id that sorts by time.
fn load_id(at: i64) -> String {
    let seconds = u64::try_from(at / 1_000_000).unwrap_or(0);
    let nanos = u32::try_from(at % 1_000_000 * 1000).unwrap_or(0);
    uuid::Uuid::new_v7(uuid::Timestamp::from_unix_time(seconds, nanos, 0, 0)).to_string()
}

/// Runs on a thread that may block.
pub(crate) async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> T + Send + 'static,
) -> Result<T, LakeError> {
    tokio::task::spawn_blocking(work).await.map_err(|e| LakeError::Worker(e.to_string()))
}

type Stamp = Option<(u64, Option<SystemTime>)>;

fn stamp_of(path: &Path) -> Stamp {
    std::fs::metadata(path).ok().map(|m| (m.len(), m.modified().ok()))
}

/// Hash of a file's bytes, and how the file stood before.
fn content_hash(path: &Path, name: &str) -> Result<(Hash, Stamp), LandError> {
    let stamp = stamp_of(path);
    let failed = |source: std::io::Error| match source.kind() {
        std::io::ErrorKind::NotFound => LandError::NoFile { path: name.to_owned() },
        _ => LandError::Read { path: name.to_owned(), source },
    };
    Ok((checksum(path).map_err(failed)?, stamp))
}

/// How columns differ from those before, in words.
fn drift(before: Option<&[String]>, now: &[String]) -> Vec<String> {
    let Some(before) = before else { return Vec::new() };
    let new = now.iter().filter(|c| !before.contains(c)).map(|c| format!("column `{c}` is new"));
    let gone = before.iter().filter(|c| !now.contains(c)).map(|c| format!("column `{c}` is gone"));
    new.chain(gone).collect()
}

async fn append(
    tx: &mut Transaction,
    report: &LoadReport,
    ended: u64,
    replaces: Option<&str>,
    landing: Landing<'_>,
) -> Result<(), LandError> {
    let (kind, why) = match &report.outcome {
        LoadOutcome::Stopped { rule, reason } => ("load.stopped", Some(format!("{rule}: {reason}"))),
        _ if replaces.is_some() => ("load.landed_anew", None),
        _ => ("load.landed", None),
    };
    let rules: BTreeMap<&str, u64> = report.rules.iter().map(|r| (r.rule.as_str(), r.broken)).collect();
    let event = NewEvent {
        at: landing.at,
        actor: landing.actor.to_owned(),
        kind: kind.to_owned(),
        subject: format!("source/{}", report.source),
        body: json!({
            "load": report.load, "file": report.file, "content": report.content, "definition": report.definition,
            "snapshot": report.snapshot, "counts": report.counts, "ended": ended, "rules": rules,
            "replaces": replaces, "stopped": why,
        }),
    };
    append_event(tx, &event).await?;
    Ok(())
}
