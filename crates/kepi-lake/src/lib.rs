//! The lake: customer data as versioned rows in Parquet files under a DuckLake 1.0 catalogue.
//!
//! Files of sources are read by a [`connector`], typed by the source's mapping, judged by its rules and landed: one
//! transaction holds the new files, the ledger row, the rejected rows and the event, so a file is in exactly once or
//! not at all. Nothing is ever overwritten: every snapshot stays readable, every row says from when until when it holds.
#![cfg_attr(
    test,
    allow(
        clippy::unwrap_used,
        clippy::expect_used,
        clippy::panic,
        clippy::indexing_slicing,
        clippy::float_cmp
    )
)]

mod ahead;
mod catalogue;
mod combine;
mod composed;
pub mod connector;
mod copies;
mod corrected;
mod deletes;
mod door;
pub mod draft;
pub mod durable;
mod erase;
mod erased;
pub mod error;
mod folders;
pub mod heads;
mod history;
mod inbox;
mod index;
mod land;
mod ledger;
mod live;
pub mod mapping;
mod merges;
mod posted;
mod profile;
mod published;
mod quarantine;
mod same;
mod shared;
mod shelf;
mod sound;
mod stage;
mod staging;
mod stands;
mod sweep;
mod table_file;
mod table_index;
mod tried;
mod typing;
mod verify;

use std::{
    collections::{BTreeMap, BTreeSet},
    path::{Path, PathBuf},
    sync::{Arc, Mutex, PoisonError, atomic::AtomicBool},
    time::{Duration, Instant},
};

use kepi_model::{
    id::{EntityId, SourceId},
    project::{Project, Source},
};
use kepi_query::{
    bucket::Bucket,
    landing::{
        Corrections, Delivered, Erasing, Erasure, Lake, LoadOutcome, LoadReport, PortError, Progress,
        QuarantinedRow, Raw, Tried, Trying, Uncomposed,
    },
    port::{Fut, PinnedInputs, SnapshotId},
    state::wire::Secret,
};
use kepi_store::Store;

use catalogue::Catalogue;
pub use connector::FileSources;
use door::CalledOff;
use durable::{DurableFs, LocalFs, create_folder_durably};
pub use error::{Damage, DamagedFile, LakeError, LandError, WAY_OUT};
use land::Beside;
pub use land::Landing;
pub use posted::{Delivery, Kept, NotKept, Spool, stranded};
use shared::{BUCKET, Shared, SharedFs};
pub use shelf::FolderShelf;
use stands::Stands;
pub use verify::Verified;

/// How long a file may be without a name in the catalogue before it is swept: longer than any landing takes.
const ORPHAN_AGE: Duration = Duration::from_secs(24 * 3600);

/// How long landing does without looking for such files again: that lists all files there are, of ten years many.
const SWEPT_FOR: Duration = Duration::from_secs(3600);

/// Where the files of a lake are: in a folder of this machine, or in a bucket of which that folder is a cache.
#[derive(Debug, Clone)]
pub struct Home {
    /// The folder.
    pub data: PathBuf,
    /// The place in a bucket.
    pub bucket: Option<Arc<dyn Bucket>>,
}

impl From<&Path> for Home {
    fn from(data: &Path) -> Self {
        Self { data: data.to_owned(), bucket: None }
    }
}

impl From<&PathBuf> for Home {
    fn from(data: &PathBuf) -> Self {
        data.as_path().into()
    }
}

/// A lake in a folder of this machine, or in a bucket that it shares with others; its catalogue is in the project's database.
pub struct LocalLake {
    catalogue: Catalogue,
    id: String,
    fs: Arc<dyn DurableFs>,
    indexes: tokio::sync::Mutex<land::Indexes>,
    sound: Arc<sound::Sound>,
    /// Whether files are written; not by who only reads.
    writes: bool,
    /// When rows end by position.
    by_position: deletes::ByPosition,
    /// When small files become one.
    combining: combine::Combining,
    /// Raw files that were read.
    stands: Arc<Stands>,
    /// Lists of keys that land again, since rows that they are about have landed anew.
    asked_again: Arc<Mutex<BTreeSet<SourceId>>>,
    /// Whether this process has listed the bucket for what broke off.
    listed: AtomicBool,
    /// When this process last looked for what broke off.
    swept: Mutex<Option<Instant>>,
}

impl LocalLake {
    /// The place in a bucket where the database says that the files of the lake lie; none: they lie in a folder, or there is no lake yet.
    ///
    /// # Errors
    /// The database refuses.
    pub async fn place(store: &Store) -> Result<Option<String>, LakeError> {
        let folder = kepi_store::catalogue::folder(&mut store.read().await?).await?;
        Ok(folder
            .filter(|folder| folder.starts_with(BUCKET))
            .map(|folder| folder.trim_end_matches('/').to_owned()))
    }

    /// Opens the lake in the folder `data`, made if need be. `now` is in µs UTC.
    ///
    /// # Errors
    /// The database refuses, or files the catalogue names are not there with their length: [`LakeError::Damaged`].
    pub async fn open(store: Store, data: impl Into<Home>, now: i64) -> Result<Self, LakeError> {
        Self::open_on(Arc::new(LocalFs), store, data, now).await
    }

    /// As [`Self::open`], with whatever has become of the files: a run looks at those that it reads
    /// ([`Lake::damaged`]), and only their KPIs are held back.
    ///
    /// # Errors
    /// The database refuses.
    pub async fn open_as_it_is(store: Store, data: impl Into<Home>, now: i64) -> Result<Self, LakeError> {
        Self::attach(Arc::new(LocalFs), store, data.into(), now).await
    }

    /// As [`Self::open`], on another file system.
    ///
    /// # Errors
    /// As [`Self::open`].
    pub async fn open_on(
        fs: Arc<dyn DurableFs>,
        store: Store,
        data: impl Into<Home>,
        now: i64,
    ) -> Result<Self, LakeError> {
        let lake = Self::attach(fs, store, data.into(), now).await?;
        let damage = lake.damage().await?;
        if damage.is_empty() { Ok(lake) } else { Err(LakeError::Damaged(damage)) }
    }

    /// Opens the lake to read it, or none if it was not made yet. Nothing is made or written, and no file is looked at before
    /// it is read.
    ///
    /// # Errors
    /// The database refuses.
    pub async fn open_to_read(store: Store, data: impl Into<Home>) -> Result<Option<Self>, LakeError> {
        let (data, shared) = at(data.into())?;
        let catalogue = Catalogue { store, data, shared };
        let Some(id) = catalogue.found().await? else { return Ok(None) };
        match (&catalogue.shared, Self::place(&catalogue.store).await?) {
            (None, Some(place)) => return Err(LakeError::Elsewhere(place)),
            (Some(shared), _) => shared.forget_erased(&catalogue.store).await?,
            (None, None) => {}
        }
        Ok(Some(Self::on(Arc::new(LocalFs), catalogue, id, false)))
    }

    /// Reads every data file of every snapshot and compares it with what was recorded when it was written. Unlike
    /// [`Self::open`] it reports files that are missing instead of refusing.
    ///
    /// # Errors
    /// The database refuses.
    pub async fn verify(store: Store, data: impl Into<Home>) -> Result<Verified, LakeError> {
        match Self::open_to_read(store, data).await? {
            Some(lake) => lake.catalogue.verify(None).await,
            None => Ok(Verified::default()),
        }
    }

    async fn attach(fs: Arc<dyn DurableFs>, store: Store, home: Home, now: i64) -> Result<Self, LakeError> {
        let (data, shared) = at(home)?;
        let (mut fs, mut owned) = (fs, true);
        match (&shared, Self::place(&store).await?) {
            (None, Some(place)) => return Err(LakeError::Elsewhere(place)),
            (Some(shared), _) => {
                owned = shared.settle(&store).await?;
                fs = Arc::new(SharedFs { here: fs, shared: Arc::clone(shared) });
            }
            (None, None) => {}
        }
        let folder = data.join("main");
        create_folder_durably(fs.as_ref(), &folder).map_err(|source| LakeError::Io {
            path: folder,
            doing: "made",
            source,
        })?;
        let catalogue = Catalogue::open(store, &data, shared, now).await?;
        let id = catalogue.id().await?;
        if let Some(shared) = &catalogue.shared {
            if !owned {
                shared.made(&id).await?;
            }
            shared.forget_erased(&catalogue.store).await?;
        }
        let lake = Self::on(fs, catalogue, id, true);
        // What was erased goes from the disk, although whoever erased it was killed.
        match lake.clear_away().await {
            Ok(true) => {}
            Ok(false) => {
                tracing::warn!("others read: what was erased goes from the database once they do not")
            }
            Err(error) => tracing::warn!(%error, "what was erased is not gone from the disk yet"),
        }
        Ok(lake)
    }

    fn on(fs: Arc<dyn DurableFs>, catalogue: Catalogue, id: String, writes: bool) -> Self {
        let sound = Arc::new(sound::Sound::new(writes, catalogue.shared.clone()));
        let stands = Arc::new(Stands::new(&catalogue.data, stands::SETTLED, false));
        Self {
            catalogue,
            id,
            fs,
            indexes: tokio::sync::Mutex::default(),
            sound,
            writes,
            by_position: deletes::ByPosition::default(),
            combining: combine::Combining::default(),
            stands,
            asked_again: Arc::default(),
            listed: AtomicBool::new(false),
            swept: Mutex::default(),
        }
    }

    /// Ends rows by position in files of as many rows, as long as not more of them are out, in percent: for tests, which have small
    /// files.
    #[must_use]
    pub fn by_position(mut self, from_rows: u64, percent: u64) -> Self {
        self.by_position = deletes::ByPosition { from_rows, percent };
        self
    }

    /// Whether this process has not looked for what broke off for a while; then it is about to.
    fn is_time_to_sweep(&self) -> bool {
        let mut swept = self.swept.lock().unwrap_or_else(PoisonError::into_inner);
        let is_time = swept.is_none_or(|at| at.elapsed() >= SWEPT_FOR);
        if is_time {
            *swept = Some(Instant::now());
        }
        is_time
    }

    /// Files of any snapshot that are not there with their recorded length.
    ///
    /// # Errors
    /// The database refused.
    pub async fn damage(&self) -> Result<Vec<DamagedFile>, LakeError> {
        self.catalogue.damage().await
    }

    /// Writes as many files of about one size as one, unless they have `enough` rows: for tests, which have few files and rows.
    #[must_use]
    pub fn combining(mut self, together: u64, enough: u64) -> Self {
        self.combining = combine::Combining { together, enough };
        self
    }

    /// Reads every raw file to see whether it has landed, also one that stands as it did when it was read before.
    #[must_use]
    pub fn reading_all(mut self) -> Self {
        let stands = Stands::new(&self.catalogue.data, self.stands.settled, true);
        self.stands = Arc::new(stands);
        self
    }

    /// Knows raw files by how they stand once they have stood for so long: for tests, which do not wait.
    #[must_use]
    pub fn settled_after(mut self, a_while: Duration) -> Self {
        self.stands = Arc::new(Stands::new(&self.catalogue.data, a_while, false));
        self
    }

    /// Makes a folder here what the bucket has of it, where machines share it. Blocks.
    fn mirror(&self, folder: &Path) -> Result<(), LakeError> {
        self.catalogue.shared.as_ref().map_or(Ok(()), |shared| shared.mirror(folder))
    }

    /// Calls a command off whose new file is not there any more.
    async fn still_there(&self, path: &Path, bytes: u64) -> Result<(), CalledOff> {
        let (fs, file) = (Arc::clone(&self.fs), path.to_owned());
        let there = durable::blocking(move || fs.is_there(&file, bytes)).await?;
        let unknown = |source| LakeError::Io { path: path.to_owned(), doing: "looked for", source };
        if there.map_err(unknown)? { Ok(()) } else { Err(CalledOff::Faster) }
    }

    /// The newest snapshot.
    ///
    /// # Errors
    /// The database refused.
    pub async fn latest(&self) -> Result<SnapshotId, LakeError> {
        self.catalogue.latest().await
    }
}

/// Where it is, whole.
fn at(home: Home) -> Result<(PathBuf, Option<Arc<Shared>>), LakeError> {
    let data = absolute(&home.data)?;
    let shared = home.bucket.map(|bucket| Arc::new(Shared::new(bucket, &data)));
    Ok((data, shared))
}

fn absolute(path: &Path) -> Result<PathBuf, LakeError> {
    std::path::absolute(path).map_err(|source| LakeError::Io {
        path: path.to_owned(),
        doing: "found",
        source,
    })
}

impl Lake for LocalLake {
    fn secret(&self) -> Secret {
        Secret(self.catalogue.store.secret())
    }
    fn id(&self) -> String {
        self.id.clone()
    }

    fn land<'a>(
        &'a self,
        project: &'a Project,
        source: &'a Source,
        raw: &'a [Arc<dyn Raw>],
        actor: &'a str,
        at: i64,
        progress: &'a dyn Progress,
    ) -> Fut<'a, Result<Vec<Result<LoadReport, PortError>>, PortError>> {
        Box::pin(async move {
            if self.is_time_to_sweep() {
                self.sweep_orphans(ORPHAN_AGE).await?;
            }
            let mut reports = Vec::with_capacity(raw.len());
            let mut beside = Beside {
                anew: self.asked_again.lock().unwrap_or_else(PoisonError::into_inner).remove(&source.id),
                ..Beside::default()
            };
            for (place, of) in raw.iter().enumerate() {
                beside.newer = place + 1 < raw.len();
                let landed =
                    self.land_one(project, source, of, Landing { actor, at, progress }, &beside).await;
                match landed {
                    Err(error) if error.stops_all() => return Err(error.into()),
                    landed => {
                        let done = landed.as_ref().ok();
                        beside.taken.extend(done.map(|report| report.load.clone()));
                        beside.anew |= done.is_some_and(|report| report.outcome == LoadOutcome::Landed);
                        reports.push(landed.map_err(PortError::from));
                    }
                }
            }
            let (stands, id, raw) = (Arc::clone(&self.stands), source.id.clone(), raw.to_vec());
            durable::blocking(move || stands.keep(&id, &raw)).await?;
            Ok(reports)
        })
    }

    fn pin<'a>(
        &'a self,
        project: &'a Project,
        snapshot: Option<SnapshotId>,
    ) -> Fut<'a, Result<PinnedInputs, PortError>> {
        Box::pin(async move {
            // Who names a snapshot wants what was there then, so what is there now is held against its checksums.
            if snapshot.is_some() {
                let damaged = self.catalogue.verify(snapshot).await?.damaged;
                if !damaged.is_empty() {
                    return Err(LakeError::Damaged(damaged).into());
                }
            }
            self.catalogue.forget_erased().await?;
            let mut inputs = self.catalogue.pin(project, snapshot).await?;
            self.compose(project, &mut inputs).await?;
            if snapshot.is_none() {
                live::note_reach(project, &mut inputs).await?;
            }
            Ok(inputs)
        })
    }

    fn uncomposed<'a>(
        &'a self,
        project: &'a Project,
        entity: &'a EntityId,
        snapshot: Option<SnapshotId>,
    ) -> Fut<'a, Result<Option<Uncomposed>, PortError>> {
        Box::pin(async move { Ok(self.uncomposed_rows(project, entity, snapshot).await?) })
    }

    fn damaged(&self, snapshot: SnapshotId) -> Fut<'_, Result<BTreeMap<EntityId, String>, PortError>> {
        Box::pin(async move {
            let found = self.damaged_tables(snapshot).await?;
            Ok(found.into_iter().map(|(table, of)| (table, LakeError::Damaged(of).to_string())).collect())
        })
    }

    fn changed(
        &self,
        up_to: Option<SnapshotId>,
    ) -> Fut<'_, Result<BTreeMap<EntityId, SnapshotId>, PortError>> {
        Box::pin(async move { Ok(self.catalogue.changed(up_to).await?) })
    }

    fn loads<'a>(&'a self, source: Option<&'a SourceId>) -> Fut<'a, Result<Vec<LoadReport>, PortError>> {
        Box::pin(async move { Ok(self.catalogue.loads(source).await?) })
    }

    fn delivered(&self) -> Fut<'_, Result<BTreeMap<SourceId, Delivered>, PortError>> {
        Box::pin(async move { Ok(self.catalogue.delivered().await?) })
    }

    fn to_erase<'a>(
        &'a self,
        project: &'a Project,
        erasing: Erasing<'a>,
    ) -> Fut<'a, Result<Box<dyn Erasure + 'a>, PortError>> {
        Box::pin(async move { Ok(self.look_for(project, erasing).await?) })
    }

    fn quarantine<'a>(
        &'a self,
        source: Option<&'a SourceId>,
        offset: u64,
        limit: u64,
    ) -> Fut<'a, Result<(Vec<QuarantinedRow>, u64), PortError>> {
        Box::pin(async move { Ok(self.catalogue.quarantine(source, offset, limit).await?) })
    }

    fn tried<'a>(
        &'a self,
        project: &'a Project,
        source: &'a Source,
        raw: &'a Arc<dyn Raw>,
        said: &'a BTreeMap<u64, Corrections>,
        trying: Trying,
    ) -> Fut<'a, Result<Vec<Tried>, PortError>> {
        Box::pin(async move { Ok(self.try_rows(project, source, raw, said, trying).await?) })
    }

    fn rejected<'a>(
        &'a self,
        source: &'a SourceId,
        file: &'a str,
        row: u64,
    ) -> Fut<'a, Result<Option<QuarantinedRow>, PortError>> {
        Box::pin(async move { Ok(self.catalogue.rejected(source, file, row).await?) })
    }
}
