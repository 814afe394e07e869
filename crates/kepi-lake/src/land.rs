//! Landing: stage a file, then send the command that lands it through the store's door, with its files, ledger row and
//! rejected rows as effects: all of it commits with the event, or nothing does.

use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    path::PathBuf,
    sync::{Arc, PoisonError},
};

use kepi_govern::{
    Command, Evidence, Land,
    event::{Load, LoadCounts, Sealed},
};
use kepi_model::{
    id::{EntityId, Hash, SourceId},
    project::{Entity, MappingFrom, Mode, Project, Requirement, Source},
};
use kepi_proof::{Frontier, Salt};
use kepi_query::{
    landing::{LoadOutcome, LoadReport, Order, Progress, Raw},
    port::SnapshotId,
};
use kepi_store::{
    Asked, Effects, Performed, Receipt, StoreError, Transaction,
    catalogue::{self, MAIN},
    merge,
    records::LedgerRow,
};
use tokio::sync::mpsc;

use crate::{
    LocalLake,
    catalogue::{ensure_table, live_files},
    corrected::{self, Said},
    door::{CalledOff, permit, plain},
    durable::{blocking, create_folder_durably},
    erased::Met,
    error::{LakeError, LandError},
    inbox,
    index::KeySet,
    ledger::{self, Earlier},
    mapping::{Keys, KnownKeys, entities_asked},
    merges::{self, Followed, Meets},
    quarantine::spool_path,
    stage::{Staged, stage},
    staging::Staging,
    table_index::{IndexOf, IndexShape, TableIndex, current_keys, follow, forget},
};

/// The folder of key indexes, in the lake's.
const INDEX: &str = "index";

/// How often a file is staged anew because others changed its table meanwhile.
const ATTEMPTS: u32 = 10;

/// What a file needs to know of those that land with it.
#[derive(Debug, Default)]
pub(crate) struct Beside {
    /// Loads that files before it stand for, so that it stands for none of them.
    pub taken: BTreeSet<String>,
    /// Whether an older file landed, or rows that a list is about landed anew. Of a source whose files are each the whole, this one says
    /// anew what is gone of what that brought.
    pub anew: bool,
    /// Whether a newer file lands behind it.
    pub newer: bool,
}

/// Indexes that are kept between files.
#[derive(Default)]
pub(crate) struct Indexes {
    tables: HashMap<EntityId, TableIndex>,
    /// Keys that rules of other entities ask for, and the version of the table's files they are true of.
    known: HashMap<EntityId, (i64, Arc<dyn Keys>)>,
}

/// Who lands, when, and who hears of it.
#[derive(Clone, Copy)]
pub struct Landing<'a> {
    /// Who, as written into events: `person/1`, `job/run`.
    pub actor: &'a str,
    /// When, in µs UTC.
    pub at: i64,
    /// Who hears how far it is.
    pub progress: &'a dyn Progress,
}

impl LocalLake {
    /// Lands one raw file of a source. A file that was landed under the same definition is left alone; under another
    /// definition its rows are taken out and it is landed anew, in the same transaction.
    ///
    /// # Errors
    /// See [`LandError`]; nothing of the file is in the lake then.
    pub async fn land_raw(
        &self,
        project: &Project,
        source: &Source,
        raw: &Arc<dyn Raw>,
        landing: Landing<'_>,
    ) -> Result<LoadReport, LandError> {
        self.land_one(project, source, raw, landing, &Beside::default()).await
    }

    /// As [`Self::land_raw`], beside other files that land together.
    pub(crate) async fn land_one(
        &self,
        project: &Project,
        source: &Source,
        raw: &Arc<dyn Raw>,
        landing: Landing<'_>,
        beside: &Beside,
    ) -> Result<LoadReport, LandError> {
        let misfit = |why: String| LandError::Definition(source.id.to_string(), why);
        let entity = project
            .entities
            .get(&source.into)
            .ok_or_else(|| misfit(format!("there is no entity `{}`", source.into)))?;
        // A list of keys is about rows of another source, and reads them as that does.
        let about = source.keys_of.as_ref().map_or(Some(source), |id| project.sources.get(id));
        let about = about.ok_or_else(|| misfit("the source whose keys it lists is not there".to_owned()))?;
        let shape = IndexShape::of(about, entity)
            .ok_or_else(|| misfit("its key, version or a rule names an unknown attribute".to_owned()))?;
        let name = raw.name().to_owned();
        let order = raw.order();
        let state = raw.state();
        let renamed = |e: &Earlier| !beside.taken.contains(&e.load) && !raw.is_there(&e.report.file);
        // What is said by hand of its rows makes the file land anew, in its old place, as another mapping does.
        let left_alone = |earlier: &Option<Earlier>, said: &Said| {
            let found = earlier.as_ref().filter(|of| of.definition == source.hash.to_string());
            // Of lists the newest alone says it again: what the others ended has stayed so.
            let again = match source.mode {
                Mode::Snapshot => beside.anew,
                Mode::Keys => beside.anew && !beside.newer,
                Mode::Append | Mode::Upsert => false,
            };
            let found = found.filter(|_| !again);
            let report = &found.filter(|of| of.report.corrections == said.places)?.report;
            let same_as = (report.file != name).then(|| report.file.clone());
            let outcome = LoadOutcome::AlreadyLanded;
            Some(LoadReport { outcome, file: name.clone(), same_as, ..report.clone() })
        };
        let said_of = |content| corrected::said(&self.catalogue.store, &source.id, content);
        // Most files of a source have landed before, and of these nothing else of the past is to be known.
        let landed_before = async |content, said: &Said| -> Result<Option<LoadReport>, LandError> {
            let mut reading = self.catalogue.store.read().await?;
            let earlier = ledger::find_earlier(&mut reading, source, &name, content, &renamed).await?;
            Ok(left_alone(&earlier, said))
        };
        if let Some(content) = self.stands.known(&source.id, raw.as_ref())
            && let Some(report) = landed_before(content, &said_of(content).await?).await?
        {
            return Ok(report);
        }
        let content = blocking({
            let (raw, stands, id) = (Arc::clone(raw), Arc::clone(&self.stands), source.id.clone());
            move || stands.read(&id, &raw)
        })
        .await?
        .map_err(LandError::from_port)?;
        // One landing at a time in this process; others are kept apart by the checks at commit.
        let mut indexes = self.indexes.lock().await;
        for _ in 0..ATTEMPTS {
            let said = said_of(content).await?;
            if let Some(report) = landed_before(content, &said).await? {
                return Ok(report);
            }
            let past = ledger::past(&self.catalogue, source, (&name, content, &order), &renamed).await?;
            if let Some(report) = left_alone(&past.earlier, &said) {
                return Ok(report);
            }
            let meets = Meets::of(project, entity, &mut self.catalogue.store.read().await?).await?;
            let merging = merges::columns(entity, &meets.merging);
            let table = ensure_table(&self.catalogue, entity, &merging, landing.at, landing.actor).await?;
            let folder = self.catalogue.data.join("main").join(&table.name);
            create_folder_durably(self.fs.as_ref(), &folder).map_err(|source| LakeError::Io {
                path: folder.clone(),
                doing: "made",
                source,
            })?;
            let erased = self.catalogue.store.organisation().await?;
            let erased = Met::of(entity, &erased.erased, self.catalogue.store.secret());
            let known = self.known_keys(project, source, landing, &mut indexes).await?;
            let (files, version) = live_files(&self.catalogue, table.id).await?;
            let index = indexes
                .tables
                .remove(&entity.id)
                .filter(|index| index.version == version && index.shape == shape.text);
            let mut hold = HashMap::new();
            if index.is_none() {
                self.sound_table(entity.id.as_str()).await?;
                hold = self.catalogue.hold(&entity.id).await?;
            }
            let effective = past.effective(landing.at, &order);
            let newer = past.late_for(&order).map(str::to_owned);
            let load = load_id(landing.at);
            let (sender, mut heard) = mpsc::unbounded_channel();
            let staging = Staging {
                source: source.clone(),
                entity: entity.clone(),
                table,
                shape: shape.clone(),
                fs: Arc::clone(&self.fs),
                folder,
                spool: spool_path(&self.catalogue.data, &load),
                raw: said.over(raw),
                name: name.clone(),
                load,
                effective,
                newer,
                about: about.id.clone(),
                others: if shape.apart { Vec::new() } else { know_more(project, source) },
                at: landing.at,
                overtaken: beside.newer
                    && source.mode == Mode::Keys
                    && past.earlier.as_ref().is_none_or(|earlier| earlier.report.overtaken),
                past,
                known,
                erased,
                meets,
                by_position: self.by_position,
                combining: self.combining,
                secret: self.catalogue.store.secret(),
            };
            let kept_in = self.catalogue.data.join(INDEX).join(&staging.table.name);
            let (own_folder, lake) = (kept_in.clone(), self.id.clone());
            let work = tokio::task::spawn_blocking(move || {
                let staged = index
                    .map_or_else(
                        || {
                            let Staging { shape, entity, table, secret, .. } = &staging;
                            let (folder, lake, secret) = (own_folder.as_path(), lake.as_str(), *secret);
                            let of = IndexOf { shape, entity, table, version, folder, lake, secret };
                            let since = |load: &str| hold.get(load).copied().unwrap_or(i64::MIN);
                            match TableIndex::found(&of, &files) {
                                Some(index) => Ok(index),
                                None => TableIndex::build(&of, files, &since).map_err(LandError::from),
                            }
                        },
                        Ok,
                    )
                    .and_then(|index| stage(&staging, index, &sender));
                (staged, staging)
            });
            while let Some(rows) = heard.recv().await {
                landing.progress.rows(rows);
            }
            let (staged, staging) = work.await.map_err(|e| LakeError::Worker(e.to_string()))?;
            let (staged, index) = match staged {
                Err(LandError::Lake(LakeError::Index(path))) => {
                    tracing::warn!(path = %path.display(), "the key index is made anew: it is not as it was written");
                    forget(&kept_in);
                    continue;
                }
                staged => staged?,
            };
            if state != raw.state() {
                self.discard(&staged);
                return Err(LandError::Changed { path: name });
            }
            let mut paths: Vec<PathBuf> = staged.replacement.written().map(|f| f.path.clone()).collect();
            let mut followed = Vec::new();
            if let (Some((_, before)), None) = (&staging.meets.own, &staged.stopped) {
                let moved = Arc::new(merges::moved(before, &staged.merges));
                let (merging, by) = (&staging.meets.merging, (landing.at, landing.actor));
                let done = self.followed(project, &entity.id, merging, &moved, by).await;
                followed = done.inspect_err(|_| self.remove_all(&paths))?;
            }
            paths.extend(followed.iter().flat_map(|of| of.replacement.written()).map(|f| f.path.clone()));
            let permit = permit(landing.actor)?;
            let mut effects = Loading {
                lake: self,
                source,
                entity,
                staging: &staging,
                renamed: &renamed,
                content,
                order: ledger::ordered(source).then(|| order.clone()),
                staged: Some(staged),
                followed,
                said,
                index,
                landing,
                kept: None,
            };
            let command = effects.command()?;
            let key = format!("load/{}", staging.load);
            let asked = Asked::new(&permit, &key, landing.at);
            match self.catalogue.store.perform(asked, &command, &mut effects).await {
                Ok(Performed::Done(_, report)) => {
                    if report.outcome == LoadOutcome::Landed {
                        if effects.staging.past.earlier.is_some() {
                            let lists =
                                project.sources.values().filter(|of| of.keys_of.as_ref() == Some(&source.id));
                            let mut asked = self.asked_again.lock().unwrap_or_else(PoisonError::into_inner);
                            asked.extend(lists.map(|of| of.id.clone()));
                        }
                        for of in &effects.followed {
                            indexes.tables.remove(&of.entity);
                            indexes.known.remove(&of.entity);
                            let folder = self.catalogue.data.join(INDEX).join(&of.table.name);
                            let (files, lake) = (of.renewed(), self.id.clone());
                            let versions = (of.version, of.now);
                            let done = blocking(move || follow(&folder, &lake, versions, &files)).await?;
                            if let Err(error) = done {
                                // The rows have landed; without an index the next landing reads the table.
                                tracing::debug!(%error, "the key index is not kept");
                            }
                        }
                        let (mut index, lake) = (effects.index, self.id.clone());
                        tracing::debug!(table = %entity.id, bytes = index.keys.memory(), "key index");
                        let kept =
                            blocking(move || index.keep(&kept_in, &lake).map(|kept| (kept, index))).await?;
                        match kept {
                            Ok((true, index)) => drop(indexes.tables.insert(entity.id.clone(), index)),
                            Ok((false, _)) => {}
                            // The rows have landed; without an index the next landing reads the table.
                            Err(error) => tracing::debug!(%error, "the key index is not kept"),
                        }
                    }
                    return Ok(report);
                }
                // Its id is its own: nobody can have sent it before.
                Ok(Performed::Before(_)) | Err(CalledOff::Faster) => self.remove_all(&paths),
                // It may have been done although it could not be acknowledged: the files stay; if nothing names them
                // they are swept.
                Err(CalledOff::Failed(
                    e @ LandError::Lake(LakeError::Store(StoreError::Unacknowledged(_))),
                )) => return Err(e),
                Err(CalledOff::Failed(e)) => {
                    self.remove_all(&paths);
                    return Err(e);
                }
            }
        }
        Err(LandError::Conflict { path: name, attempts: ATTEMPTS })
    }

    /// Keys of the entities that a source's expressions ask for.
    async fn known_keys(
        &self,
        project: &Project,
        source: &Source,
        landing: Landing<'_>,
        indexes: &mut Indexes,
    ) -> Result<KnownKeys, LandError> {
        let asked = asked_for(source);
        let mut known = KnownKeys::new();
        for id in asked {
            let Some(entity) = project.entities.get(&id).cloned() else { continue };
            let found = catalogue::table(&mut self.catalogue.store.read().await?, MAIN, id.as_str()).await?;
            if found.is_none() {
                known.insert(id, Arc::new(KeySet::default()));
                continue;
            }
            let table = ensure_table(&self.catalogue, &entity, &[], landing.at, landing.actor).await?;
            let (files, version) = live_files(&self.catalogue, table.id).await?;
            let merges = merge::of_entity(&mut self.catalogue.store.read().await?, id.as_str()).await?;
            let keys = match indexes.known.get(&id).filter(|(v, _)| *v == version) {
                Some((_, keys)) => Arc::clone(keys),
                None => {
                    self.sound_table(id.as_str()).await?;
                    let keys = blocking(move || current_keys(&entity, &table, &files, &merges)).await??;
                    indexes.known.insert(id.clone(), (version, Arc::clone(&keys)));
                    keys
                }
            };
            known.insert(id, keys);
        }
        Ok(known)
    }

    fn discard(&self, staged: &Staged) {
        self.remove_all(&staged.replacement.written().map(|f| f.path.clone()).collect::<Vec<_>>());
    }

    pub(crate) fn remove_all(&self, paths: &[PathBuf]) {
        for path in paths {
            // Best effort: what stays behind is swept later.
            let _ = self.fs.remove(path);
        }
    }
}

/// The entities whose keys a source's expressions ask for.
pub(crate) fn asked_for(source: &Source) -> BTreeSet<EntityId> {
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
    asked
}

/// A unique id that sorts by time.
fn load_id(at: i64) -> String {
    let seconds = u64::try_from(at / 1_000_000).unwrap_or(0);
    let nanos = u32::try_from(at % 1_000_000 * 1000).unwrap_or(0);
    uuid::Uuid::new_v7(uuid::Timestamp::from_unix_time(seconds, nanos, 0, 0)).to_string()
}

/// The other sources of an entity that fill attributes which a source does not: a row of its own in the place of theirs
/// would erase them.
fn know_more(project: &Project, source: &Source) -> Vec<SourceId> {
    let fills = |attribute| source.map.iter().any(|m| &m.attribute == attribute);
    let others = project.sources.values().filter(|other| other.into == source.into && other.id != source.id);
    others
        .filter(|other| other.map.iter().any(|m| !fills(&m.attribute)))
        .map(|other| other.id.clone())
        .collect()
}

/// Columns of which the file says something else than the one before, in words.
fn reworded(before: &[(String, String)], now: &[(String, String)]) -> Vec<String> {
    let then = |name: &str| before.iter().find(|(column, _)| column == name).map(|(_, text)| text);
    let other = now.iter().filter(|(name, text)| then(name).is_some_and(|then| then != text));
    other.map(|(name, text)| format!("column `{name}` is described otherwise than before: {text}")).collect()
}

/// How columns differ from those before, in words.
fn drift(before: Option<&[String]>, now: &[String]) -> Vec<String> {
    let Some(before) = before else { return Vec::new() };
    let new = now.iter().filter(|c| !before.contains(c)).map(|c| format!("column `{c}` is new"));
    let gone = before.iter().filter(|c| !now.contains(c)).map(|c| format!("column `{c}` is gone"));
    new.chain(gone).collect()
}

/// What a load leaves in the database beside its event.
struct Loading<'a> {
    lake: &'a LocalLake,
    source: &'a Source,
    entity: &'a Entity,
    staging: &'a Staging,
    /// Whether a load is of a file that has another name now.
    renamed: &'a (dyn Fn(&Earlier) -> bool + Sync),
    content: Hash,
    order: Option<Order>,
    staged: Option<Staged>,
    /// Other tables whose rows refer to others now.
    followed: Vec<Followed>,
    /// What is said by hand of its rows.
    said: Said,
    index: TableIndex,
    landing: Landing<'a>,
    kept: Option<Prepared>,
}

/// What was settled under the lock.
struct Prepared {
    report: LoadReport,
    row: LedgerRow,
    salt: Salt,
    staged: Staged,
    /// Of a raw file that was fetched and lands for the first time: its place.
    place: Option<kepi_store::inbox::Fetched>,
}

impl Loading<'_> {
    fn staged(&self) -> Result<&Staged, LakeError> {
        self.staged.as_ref().ok_or_else(|| LakeError::Corrupt("a load was prepared twice".to_owned()))
    }

    /// The load that this one replaces.
    fn replaces(&self) -> Option<&str> {
        let landed = self
            .staged
            .as_ref()
            .or(self.kept.as_ref().map(|k| &k.staged))
            .is_some_and(|s| s.stopped.is_none());
        self.staging.past.earlier.as_ref().filter(|_| landed).map(|e| e.load.as_str())
    }

    fn command(&self) -> Result<Command, LakeError> {
        let staged = self.staged()?;
        let c = staged.counts;
        Ok(Command::Land(Land {
            load: Load {
                load: plain(&self.staging.load)?,
                source: self.source.id.clone(),
                entity: self.entity.id.clone(),
                content: self.content,
                definition: self.source.hash,
                counts: LoadCounts {
                    read: c.read,
                    out_of_scope: c.out_of_scope,
                    accepted: c.accepted,
                    superseding: c.superseding,
                    quarantined: c.quarantined,
                    duplicate: c.duplicate,
                    erased: c.erased,
                },
            },
            ended: staged.ended,
            replaces: self.replaces().map(plain).transpose()?,
            stopped: staged.stopped.as_ref().map(|(rule, _)| rule.clone()),
        }))
    }
}

impl Effects for Loading<'_> {
    type Output = LoadReport;
    type Error = CalledOff;

    async fn prepare(&mut self, tx: &mut Transaction) -> Result<Evidence, CalledOff> {
        let mut staged =
            self.staged.take().ok_or_else(|| LakeError::Corrupt("a load was prepared twice".to_owned()))?;
        let staging = self.staging;
        let past = ledger::find_earlier(tx, self.source, &staging.name, self.content, self.renamed).await?;
        let same = past.as_ref().map(|e| &e.load) == staging.past.earlier.as_ref().map(|e| &e.load);
        let erased = kepi_store::erase::times(tx).await? != staging.erased.times;
        let still = staging.meets.still(tx).await?;
        if erased
            || !same
            || !still
            || catalogue::version(tx, staging.table.id, None).await? != self.index.version
        {
            return Err(CalledOff::Faster);
        }
        let mut report = LoadReport {
            load: staging.load.clone(),
            source: self.source.id.clone(),
            entity: self.entity.id.clone(),
            file: staging.name.clone(),
            content: self.content,
            definition: self.source.hash,
            outcome: LoadOutcome::Landed,
            counts: staged.counts,
            missing: std::mem::take(&mut staged.missing),
            rules: std::mem::take(&mut staged.rules),
            same_as: None,
            overtaken: staging.overtaken,
            unknown: staged.unknown,
            notes: std::mem::take(&mut staged.notes),
            profiles: std::mem::take(&mut staged.profiles),
            order: self.order.clone(),
            drift: drift(staging.past.columns.as_deref(), &staged.columns)
                .into_iter()
                .chain(reworded(&staging.past.labels, &staged.labels))
                .collect(),
            corrections: self.said.places.clone(),
            followed: BTreeMap::new(),
            labels: staged.labels.clone(),
            snapshot: None,
            at: self.landing.at,
        };
        report.notes.extend(self.said.note());
        if let Some(newer) = staging.newer.as_deref().filter(|_| staged.stopped.is_none()) {
            report.notes.push(format!(
                "by {} it is older than `{newer}`, which has landed: where both know a row, that one holds; `order` of \
                 the source says which file is newer",
                self.source.order
            ));
        }
        if let Some((rule, reason)) = staged.stopped.clone() {
            report.outcome = LoadOutcome::Stopped { rule, reason };
        } else {
            let followed = self.followed.iter().flat_map(|of| of.replacement.written());
            for file in staged.replacement.written().chain(followed) {
                // A sweeper of another process may have taken it for an orphan; it holds the same lock.
                self.lake.still_there(file.path, file.bytes).await?;
            }
            let mut snapshot = self.replace(tx, &staged).await?;
            for of in &mut self.followed {
                if catalogue::version(tx, of.table.id, None).await? != of.version {
                    return Err(CalledOff::Faster);
                }
                let message = format!("follow merges of {}", self.entity.id);
                let stamp =
                    catalogue::Stamp { at: self.landing.at, actor: self.landing.actor, message: &message };
                let ids;
                (snapshot, ids) = catalogue::commit(tx, of.table.id, &of.replacement, stamp).await?;
                (of.now, of.ids) = (snapshot, ids);
                report.followed.insert(of.entity.clone(), of.rows);
            }
            if staged.followed > 0 {
                *report.followed.entry(self.entity.id.clone()).or_default() += staged.followed;
            }
            report.snapshot = Some(SnapshotId(snapshot));
            for (entity, n) in &report.followed {
                let (rows, say) = if *n == 1 { ("row", "refers") } else { ("rows", "refer") };
                report.notes.push(format!("{n} {rows} of `{entity}` {say} to others now, because of merges"));
            }
        }
        let snapshot = report.snapshot.map(|s| s.0.unsigned_abs());
        let followed = self.followed.iter().flat_map(|of| of.replacement.written());
        let checksums =
            staged.replacement.written().chain(followed).filter_map(|f| f.checksum).map(|c| c.to_string());
        let files = sealed(checksums);
        let place = match report.outcome {
            LoadOutcome::Landed => {
                let (raw, of) = (self.staging.raw.as_ref(), (&*report.load, self.content));
                inbox::place(tx, &self.source.id, raw, of).await?
            }
            _ => None,
        };
        let salt = kepi_store::text::salt();
        let entry = ledger::Entry { report: &report, effective: staging.effective, columns: &staged.columns };
        let row = entry.row()?;
        let ledger = row.commitment(&salt)?;
        let rejected = match (&report.outcome, report.counts.quarantined) {
            (LoadOutcome::Landed, 1..) => Some(staged.quarantine.commitment(&salt)),
            _ => None,
        };
        self.kept = Some(Prepared { report, row, salt, staged, place });
        Ok(Evidence::Landed { snapshot, files, ledger, rejected })
    }

    async fn write(&mut self, tx: &mut Transaction, _: Receipt) -> Result<LoadReport, CalledOff> {
        let replaces = self.replaces().map(str::to_owned);
        let Prepared { report, row, salt, staged, place } =
            self.kept.take().ok_or_else(|| LakeError::Corrupt("a load was not prepared".to_owned()))?;
        kepi_store::ledger::enter(tx, &row, report.counts.quarantined, &salt, replaces.as_deref()).await?;
        if report.outcome == LoadOutcome::Landed {
            staged.quarantine.insert(tx, &report.load, &self.source.id, &self.staging.name).await?;
        }
        if let Some(place) = place {
            kepi_store::inbox::enter(tx, self.source.id.as_str(), &place).await?;
        }
        if let (LoadOutcome::Landed, Some((_, before))) = (&report.outcome, &self.staging.meets.own) {
            merge::change(tx, self.entity.id.as_str(), before, &staged.merges).await?;
        }
        let followed = self.followed.iter().flat_map(|of| of.replacement.written());
        let paths: Vec<PathBuf> =
            staged.replacement.written().chain(followed).map(|f| f.path.clone()).collect();
        self.lake.fs.committing(&paths);
        Ok(report)
    }
}

impl Loading<'_> {
    /// Puts the new files in the place of the old ones; returns the snapshot that holds them.
    async fn replace(&mut self, tx: &mut Transaction, staged: &Staged) -> Result<i64, CalledOff> {
        if staged.replacement.is_empty() {
            return Ok(catalogue::snapshot(tx).await?);
        }
        let message = format!("land {} from {}", self.staging.name, self.source.id);
        let stamp = catalogue::Stamp { at: self.landing.at, actor: self.landing.actor, message: &message };
        let (snapshot, ids) =
            catalogue::commit(tx, self.staging.table.id, &staged.replacement, stamp).await?;
        for (number, id) in staged.added.iter().zip(ids) {
            if let Some(file) = self.index.files.get_mut(*number as usize) {
                file.id = id;
            }
        }
        self.index.version = snapshot;
        Ok(snapshot)
    }
}

/// So many texts with the root over them.
fn sealed(texts: impl Iterator<Item = String>) -> Sealed {
    let mut frontier = Frontier::default();
    texts.for_each(|text| frontier.push(text.as_bytes()));
    Sealed { rows: frontier.size(), root: frontier.root() }
}
