//! A lake whose files lie in a bucket, so that machines that share no disk share it. What is written is written here first, and is in
//! the bucket before it has its name here, so before any transaction can name it; what is read is brought here once. So the folder
//! beside the project is a cache of the bucket, and everything that reads and writes files stays as it is.

use std::{
    collections::{BTreeMap, BTreeSet, HashSet},
    fmt,
    io::{self, Write},
    path::{Path, PathBuf},
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use kepi_model::id::Hash;
use kepi_query::{bucket::Bucket, parallel};
use kepi_store::{Reading, Store, catalogue, erase, publication};

use crate::{
    durable::{self, DurableFile, DurableFs, UNFINISHED, damage_of},
    error::{Damage, DamagedFile, LakeError},
    folders::{CACHES, COPY_NEW, COPY_NOTE, INBOX, NEWEST, POSTED, PUBLISHED},
};

/// Folders in the lake's whose files machines share. What lies in others is made anew from them.
const FOLDERS: [&str; 4] = [catalogue::MAIN, PUBLISHED, INBOX, POSTED];
/// Says in the bucket whose lake lies there.
const OWNER: &str = "lake";
/// Says here how often rows had been erased when this folder was last looked through.
const ERASED: &str = "erased";
/// Nanoseconds of a second.
const NANOS: i64 = 1_000_000_000;
/// What places in buckets begin with.
pub(crate) const BUCKET: &str = "s3://";
/// Files that are on their way at a time.
const AT_A_TIME: usize = 8;

/// A file that is to be here.
#[derive(Debug, Clone)]
pub(crate) struct Wanted {
    pub path: PathBuf,
    /// None: it does not change, so it is here if it is there at all.
    pub bytes: Option<u64>,
    pub checksum: Option<Hash>,
}

/// The bucket that holds the files of a lake, and the folder that they are brought to.
pub(crate) struct Shared {
    bucket: Arc<dyn Bucket>,
    data: PathBuf,
    /// How often rows had been erased when this process last looked.
    erased: AtomicU64,
}

impl fmt::Debug for Shared {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Shared({})", self.bucket.place())
    }
}

fn failed(path: &Path, doing: &'static str) -> impl FnOnce(io::Error) -> LakeError {
    move |source| LakeError::Io { path: path.to_owned(), doing, source }
}

impl Shared {
    pub fn new(bucket: Arc<dyn Bucket>, data: &Path) -> Self {
        Self { bucket, data: data.to_owned(), erased: AtomicU64::new(u64::MAX) }
    }

    /// The path below which its files lie, as the catalogue says it.
    pub fn folder(&self) -> String {
        format!("{}/", self.bucket.place())
    }

    /// What a file is called in the bucket; none: it is not shared.
    fn name(&self, path: &Path) -> Option<String> {
        let below = path.strip_prefix(&self.data).ok()?;
        let parts: Option<Vec<&str>> = below.iter().map(|part| part.to_str()).collect();
        let parts = parts?;
        let is_shared = parts.len() > 1 && FOLDERS.contains(parts.first()?);
        let is_whole = !path.extension().is_some_and(|ending| ending == UNFINISHED || ending == COPY_NEW);
        (is_shared && is_whole).then(|| parts.join("/"))
    }

    /// Whether a file lies in the bucket with this length. Blocks.
    fn has(&self, path: &Path, bytes: u64) -> io::Result<bool> {
        match self.name(path) {
            Some(name) => Ok(self.bucket.length(&name)? == Some(bytes)),
            None => Ok(true),
        }
    }

    /// Brings files here that are not, each in one step; what the bucket does not have stays missing. Blocks.
    pub fn bring(&self, files: Vec<Wanted>) -> Result<(), LakeError> {
        let lacks = |of: &Wanted| match durable::metadata(&of.path) {
            Ok(found) => of.bytes.is_some_and(|bytes| bytes != found.len()),
            Err(_) => true,
        };
        let files: Vec<Wanted> = files.into_iter().filter(lacks).collect();
        let brought = parallel::map(&files, AT_A_TIME.min(files.len()), |of| self.bring_one(of, None));
        brought.into_iter().collect()
    }

    /// Brings a file here anew. Blocks.
    fn bring_one(&self, of: &Wanted, modified: Option<i64>) -> Result<(), LakeError> {
        let Some(name) = self.name(&of.path) else { return Ok(()) };
        let fetched = |error| failed(&of.path, "fetched")(error);
        let folder = of.path.parent().unwrap_or(&self.data);
        durable::make_folder(folder).map_err(fetched)?;
        // Others may bring it, too: each under a name of its own.
        let unique = uuid::Uuid::new_v4().simple().to_string();
        let beside = of.path.with_extension(format!("{unique}.{UNFINISHED}"));
        let there = self.bucket.get(&name, &mut || durable::anew(&beside));
        let kept = there.and_then(|there| {
            if there {
                if let Some(modified) = modified.and_then(|s| u64::try_from(s).ok()) {
                    durable::date(&beside, UNIX_EPOCH + Duration::from_secs(modified))?;
                }
                durable::rename(&beside, &of.path)?;
            }
            Ok(())
        });
        if kept.is_err() {
            // Best effort: what stays behind is swept later.
            let _ = durable::remove(&beside);
        }
        kept.map_err(fetched)
    }

    /// How a file that was to be brought differs from what was written. One that is spoilt here is brought anew. Blocks.
    pub fn damage_of(&self, of: &Wanted) -> Result<Option<Damage>, LakeError> {
        let bytes = of.bytes.unwrap_or_default();
        match damage_of(&of.path, bytes, of.checksum) {
            Some(_) => {
                self.bring_one(of, None)?;
                Ok(damage_of(&of.path, bytes, of.checksum))
            }
            None => Ok(None),
        }
    }

    /// Makes a folder here what the bucket has of it. Blocks.
    pub fn mirror(&self, folder: &Path) -> Result<(), LakeError> {
        let Some(begin) = self.name(&folder.join("any")).map(|name| name.trim_end_matches("any").to_owned())
        else {
            return Ok(());
        };
        let listed = self.bucket.list(&begin).map_err(failed(folder, "listed"))?;
        let mut files = Vec::new();
        let mut there = HashSet::new();
        for object in listed {
            let path = self.data.join(&object.name);
            // Notes take the place of those before; everything else is written once.
            let changes = path.extension().is_some_and(|ending| ending == COPY_NOTE);
            let is_here = durable::stand(&path).is_some_and(|(bytes, modified)| {
                bytes == object.bytes && (!changes || modified.div_euclid(NANOS) == object.modified)
            });
            if !is_here {
                files.push((
                    Wanted { path: path.clone(), bytes: Some(object.bytes), checksum: None },
                    object.modified,
                ));
            }
            there.insert(path);
        }
        let brought = parallel::map(&files, AT_A_TIME.min(files.len()), |(of, modified)| {
            self.bring_one(of, Some(*modified))
        });
        brought.into_iter().collect::<Result<(), _>>()?;
        let mut here = Vec::new();
        match durable::list(folder, &mut here) {
            Err(e) if e.kind() == io::ErrorKind::NotFound => return Ok(()),
            listed => listed.map_err(failed(folder, "listed"))?,
        }
        for path in here.iter().filter(|path| self.name(path).is_some() && !there.contains(*path)) {
            // Best effort: it is removed the next time.
            let _ = durable::remove(path);
        }
        Ok(())
    }

    /// Data files in the bucket: by path here, with length and age. Blocks.
    pub fn data_files(&self) -> Result<BTreeMap<PathBuf, (u64, Duration)>, LakeError> {
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs();
        let mut found = BTreeMap::new();
        for folder in [catalogue::MAIN, PUBLISHED] {
            let listed = self.bucket.list(&format!("{folder}/"));
            for object in listed.map_err(failed(&self.data.join(folder), "listed"))? {
                let put = u64::try_from(object.modified).unwrap_or_default();
                let age = Duration::from_secs(now.saturating_sub(put));
                found.insert(self.data.join(object.name), (object.bytes, age));
            }
        }
        Ok(found)
    }

    /// Which of some files the bucket does not have with their length. Blocks.
    pub fn damage(&self, files: &[(PathBuf, u64)]) -> Result<Vec<DamagedFile>, LakeError> {
        let there = self.data_files()?;
        let damaged = files.iter().filter_map(|(path, bytes)| {
            let damage = match there.get(path) {
                Some((found, _)) if found == bytes => return None,
                Some((found, _)) => Damage::Length { expected: *bytes, found: *found },
                None => Damage::Missing,
            };
            Some(DamagedFile { path: path.clone(), damage })
        });
        Ok(damaged.collect())
    }

    /// Refuses a place that holds the lake of others: their files would be swept. `id`: none of a lake that is not made yet. Blocks.
    fn owned_by(&self, id: Option<&str>) -> Result<bool, LakeError> {
        let path = self.data.join(OWNER);
        let mut said = Vec::new();
        let unique = uuid::Uuid::new_v4().simple().to_string();
        let beside = self.data.join(format!("{OWNER}-{unique}.{UNFINISHED}"));
        durable::make_folder(&self.data).map_err(failed(&path, "made"))?;
        let got = self.bucket.get(OWNER, &mut || durable::anew(&beside));
        let got = got.and_then(|there| {
            if there {
                said = durable::read(&beside)?;
            }
            Ok(there)
        });
        let _ = durable::remove(&beside);
        let there = got.map_err(failed(&path, "fetched"))?;
        if there && Some(String::from_utf8_lossy(&said).trim()) != id {
            return Err(LakeError::OfAnother(self.bucket.place()));
        }
        Ok(there)
    }

    /// Says whose lake lies there. Blocks.
    fn own(&self, id: &str) -> Result<(), LakeError> {
        let unique = uuid::Uuid::new_v4().simple().to_string();
        let beside = self.data.join(format!("{OWNER}-{unique}.{UNFINISHED}"));
        let written = durable::anew(&beside)
            .and_then(|mut file| file.write_all(id.as_bytes()).and_then(|()| file.flush()));
        let put = written.and_then(|()| self.bucket.put(OWNER, &beside));
        let _ = durable::remove(&beside);
        put.map_err(failed(&self.data.join(OWNER), "written"))
    }

    /// Puts there what is here and there not. `named`: files that have to be there then. From another place nothing is put there: what is
    /// here of it is not all of it. Blocks.
    fn move_there(&self, from: &str, named: &[(PathBuf, u64)]) -> Result<(), LakeError> {
        let there = self.data_files()?;
        let lacking: Vec<&(PathBuf, u64)> = named
            .iter()
            .filter(|(path, bytes)| there.get(path).is_none_or(|(found, _)| *bytes != 0 && found != bytes))
            .collect();
        let missing = lacking.iter().filter_map(|(path, bytes)| {
            match durable::metadata(path) {
                _ if from.starts_with(BUCKET) => Some(Damage::Missing),
                Ok(found) if *bytes == 0 || found.len() == *bytes => None,
                Ok(found) => Some(Damage::Length { expected: *bytes, found: found.len() }),
                Err(_) => Some(Damage::Missing),
            }
            .map(|damage| DamagedFile { path: path.clone(), damage })
        });
        let missing: Vec<DamagedFile> = missing.collect();
        if !missing.is_empty() {
            let from = from.trim_end_matches('/').to_owned();
            return Err(LakeError::Unmoved { from, to: self.bucket.place(), missing });
        }
        let mut going: BTreeSet<PathBuf> = lacking.into_iter().map(|(path, _)| path.clone()).collect();
        let mut raw = Vec::new();
        for folder in [INBOX, POSTED].map(|folder| self.data.join(folder)) {
            if durable::metadata(&folder).is_ok() {
                durable::list(&folder, &mut raw).map_err(failed(&folder, "listed"))?;
            }
        }
        going.extend(raw);
        let going: Vec<(PathBuf, String)> =
            going.into_iter().filter_map(|path| self.name(&path).map(|name| (path, name))).collect();
        let put = parallel::map(&going, AT_A_TIME.min(going.len()), |(path, name)| {
            self.bucket.put(name, path).map_err(failed(path, "put there"))
        });
        put.into_iter().collect()
    }

    /// Makes the place ready for the lake of a database, with all its files: the catalogue says then where they lie. Whether the place
    /// says already whose it is.
    pub async fn settle(self: &Arc<Self>, store: &Store) -> Result<bool, LakeError> {
        let mut reading = store.read().await?;
        let recorded = catalogue::folder(&mut reading).await?;
        let id = if recorded.is_some() { Some(catalogue::id(&mut reading).await?) } else { None };
        let from = recorded.filter(|folder| *folder != self.folder());
        let named = if from.is_some() { named(&mut reading, &self.data).await? } else { Vec::new() };
        drop(reading);
        let shared = Arc::clone(self);
        durable::blocking(move || {
            let owned = shared.owned_by(id.as_deref())?;
            if let Some(from) = from {
                shared.move_there(&from, &named)?;
            }
            Ok(owned)
        })
        .await?
    }

    /// Says whose lake was made.
    pub async fn made(self: &Arc<Self>, id: &str) -> Result<(), LakeError> {
        let (shared, id) = (Arc::clone(self), id.to_owned());
        durable::blocking(move || shared.own(&id)).await?
    }

    /// Where rows were erased since this folder was last looked through, on this machine or another: removes of it what the database does
    /// not name, and what is made of rows.
    pub async fn forget_erased(&self, store: &Store) -> Result<(), LakeError> {
        let mut reading = store.read().await?;
        let number = erase::times(&mut reading).await?;
        if self.erased.load(Ordering::Relaxed) == number {
            return Ok(());
        }
        let times = number.to_string();
        let note = self.data.join(ERASED);
        let before = durable::read_to_string(&note).ok();
        // A folder that was never looked through holds nothing from before, if nothing was ever erased.
        if before.as_deref() == Some(&times) || before.is_none() && number == 0 {
            self.erased.store(number, Ordering::Relaxed);
            return Ok(());
        }
        let known: HashSet<PathBuf> =
            named(&mut reading, &self.data).await?.into_iter().map(|(path, _)| path).collect();
        drop(reading);
        let mut here = Vec::new();
        if durable::metadata(&self.data).is_ok() {
            durable::list(&self.data, &mut here).map_err(failed(&self.data, "listed"))?;
        }
        for path in here {
            let of_cache = CACHES.iter().any(|cache| path.starts_with(self.data.join(cache)));
            let of_bucket = self.name(&path).is_some() && !known.contains(&path);
            if of_cache || of_bucket {
                match durable::remove(&path) {
                    Err(e) if e.kind() != io::ErrorKind::NotFound => return Err(failed(&path, "removed")(e)),
                    _ => {}
                }
            }
        }
        let noted = durable::make_folder(&self.data).and_then(|()| durable::replace(&note, times.as_bytes()));
        noted.map_err(failed(&note, "written"))?;
        self.erased.store(number, Ordering::Relaxed);
        Ok(())
    }
}

/// Every file that the database names, with its length: those of the catalogue, and those of newest rows, which it does not name; 0: that
/// is not written down.
pub(crate) async fn named(reading: &mut Reading, data: &Path) -> Result<Vec<(PathBuf, u64)>, LakeError> {
    let files = catalogue::files(reading).await?;
    let mut all: Vec<_> = files.into_iter().map(|of| (data.join(of.path), of.bytes)).collect();
    let newest = data.join(PUBLISHED).join(NEWEST);
    all.extend(publication::newest_files(reading).await?.into_iter().map(|name| (newest.join(name), 0)));
    Ok(all)
}

/// A file system whose shared files lie in a bucket, too: put there before they have their name here, removed there first.
pub(crate) struct SharedFs {
    pub here: Arc<dyn DurableFs>,
    pub shared: Arc<Shared>,
}

impl DurableFs for SharedFs {
    fn create_folders(&self, path: &Path) -> io::Result<Vec<PathBuf>> {
        self.here.create_folders(path)
    }
    fn create(&self, path: &Path) -> io::Result<Box<dyn DurableFile>> {
        self.here.create(path)
    }
    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        if let Some(name) = self.shared.name(to) {
            self.shared.bucket.put(&name, from)?;
        }
        self.here.rename(from, to)?;
        match self.shared.name(from) {
            Some(name) => self.shared.bucket.remove(&name),
            None => Ok(()),
        }
    }
    fn sync_folder(&self, path: &Path) -> io::Result<()> {
        self.here.sync_folder(path)
    }
    fn remove(&self, path: &Path) -> io::Result<()> {
        let Some(name) = self.shared.name(path) else { return self.here.remove(path) };
        self.shared.bucket.remove(&name)?;
        match self.here.remove(path) {
            // It may never have been brought here.
            Err(e) if e.kind() == io::ErrorKind::NotFound => Ok(()),
            removed => removed,
        }
    }
    fn committing(&self, files: &[PathBuf]) {
        self.here.committing(files);
    }
    fn is_there(&self, path: &Path, bytes: u64) -> io::Result<bool> {
        Ok(self.here.is_there(path, bytes)? && self.shared.has(path, bytes)?)
    }
}
