//! Before bytes of a data file are believed, they are held against the checksum recorded when they were written: each file
//! once, and again only if it was written to since, or after a week. What was found is kept beside the files, so that the
//! next process need not read them again; losing that record costs reading, nothing else.

use std::{
    collections::{BTreeMap, HashMap},
    fmt::Write as _,
    path::{Path, PathBuf},
    sync::{Arc, Mutex, PoisonError},
    time::{SystemTime, UNIX_EPOCH},
};

use kepi_model::id::{EntityId, Hash};
use kepi_query::{parallel, port::SnapshotId};
use kepi_store::catalogue;

use crate::{
    LocalLake,
    durable::{self, blocking, damage_of},
    error::{DamagedFile, LakeError},
    shared::{Shared, Wanted},
};

/// The record, in the lake's folder.
const RECORD: &str = "verified";
/// What a disk loses without anybody writing shows no time: so a file is read in full once in so many seconds.
const KEPT_FOR: i64 = 7 * 24 * 3600;
/// Schema of landed tables, as it begins paths in the catalogue.
const MAIN: &str = "main/";

/// A file that was as it was written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Known {
    /// Its checksum.
    checksum: Hash,
    /// Bytes.
    bytes: u64,
    /// When it was last written, in ns since 1970.
    modified: i64,
    /// When it was read, in s since 1970.
    at: i64,
}

/// Files that were as they were written, by their paths below the lake's folder.
#[derive(Debug)]
pub(crate) struct Sound {
    known: Mutex<Option<HashMap<String, Known>>>,
    /// Whether what is found is kept for the next process; who only reads writes nothing.
    keeps: bool,
    /// Where the files lie, if machines share them: those that are not here are brought.
    shared: Option<Arc<Shared>>,
}

/// A file to be held against what was recorded.
pub(crate) struct Doubtful {
    /// Its path below the lake's folder.
    pub name: String,
    /// Its absolute path.
    pub path: PathBuf,
    /// Its length.
    pub bytes: u64,
    /// None of a file of other writers: then its length is all that is known.
    pub checksum: Option<Hash>,
}

impl Sound {
    pub fn new(keeps: bool, shared: Option<Arc<Shared>>) -> Self {
        Self { known: Mutex::default(), keeps, shared }
    }

    /// Has a file here that does not change. Blocks.
    pub fn bring(&self, path: &Path) -> Result<(), LakeError> {
        let wanted = || Wanted { path: path.to_owned(), bytes: None, checksum: None };
        self.shared.as_ref().map_or(Ok(()), |shared| shared.bring(vec![wanted()]))
    }

    /// Refuses files of which one is not as it was written. Blocks.
    pub fn believe(&self, folder: &Path, files: Vec<Doubtful>) -> Result<(), LakeError> {
        match self.damaged(folder, files, 1)? {
            damaged if damaged.is_empty() => Ok(()),
            damaged => Err(LakeError::Damaged(damaged.into_iter().map(|(_, file)| file).collect())),
        }
    }

    /// Those of the files that are not as they were written. Blocks.
    fn damaged(
        &self,
        folder: &Path,
        files: Vec<Doubtful>,
        threads: usize,
    ) -> Result<Vec<(String, DamagedFile)>, LakeError> {
        if let Some(shared) = &self.shared {
            shared.bring(files.iter().map(Doubtful::wanted).collect())?;
        }
        let now = seconds();
        let mut kept = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        let known = kept.get_or_insert_with(|| read(folder).unwrap_or_default());
        let doubtful: Vec<Doubtful> = files
            .into_iter()
            .filter(|file| !known.get(&file.name).is_some_and(|known| known.holds(file, now)))
            .collect();
        if doubtful.is_empty() {
            return Ok(Vec::new());
        }
        let found = parallel::map(&doubtful, threads, |file| {
            // How it stands is looked at first: written to meanwhile, it is read again the next time.
            let stand = durable::stand(&file.path);
            match (&self.shared, damage_of(&file.path, file.bytes, file.checksum)) {
                (Some(shared), Some(_)) => {
                    let damage = shared.damage_of(&file.wanted());
                    (durable::stand(&file.path), damage)
                }
                (_, damage) => (stand, Ok(damage)),
            }
        });
        let mut damaged = Vec::new();
        for (file, (stand, damage)) in doubtful.into_iter().zip(found) {
            if let Some(damage) = damage? {
                known.remove(&file.name);
                damaged.push((file.name, DamagedFile { path: file.path, damage }));
            } else if let (Some(checksum), Some((_, modified))) = (file.checksum, stand) {
                known.insert(file.name, Known { checksum, bytes: file.bytes, modified, at: now });
            }
        }
        known.retain(|_, known| known.is_fresh(now));
        if self.keeps
            && let Err(error) = write(folder, known)
        {
            tracing::debug!(%error, "which files were verified is not kept");
        }
        Ok(damaged)
    }
}

impl Doubtful {
    fn wanted(&self) -> Wanted {
        Wanted { path: self.path.clone(), bytes: Some(self.bytes), checksum: self.checksum }
    }
}

impl Known {
    fn holds(&self, file: &Doubtful, now: i64) -> bool {
        Some(self.checksum) == file.checksum
            && self.bytes == file.bytes
            && self.is_fresh(now)
            && durable::stand(&file.path) == Some((self.bytes, self.modified))
    }

    fn is_fresh(&self, now: i64) -> bool {
        (0..KEPT_FOR).contains(&(now - self.at))
    }
}

fn seconds() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_secs()).unwrap_or(i64::MAX)
}

/// One line a file: checksum, bytes, modified, read, path.
fn read(folder: &Path) -> Option<HashMap<String, Known>> {
    let text = durable::read_to_string(&folder.join(RECORD)).ok()?;
    let line = |line: &str| {
        let mut parts = line.splitn(5, ' ');
        let checksum = Hash::try_from(parts.next()?.to_owned()).ok()?;
        let (bytes, modified) = (parts.next()?.parse().ok()?, parts.next()?.parse().ok()?);
        let known = Known { checksum, bytes, modified, at: parts.next()?.parse().ok()? };
        Some((parts.next()?.to_owned(), known))
    };
    Some(text.lines().filter_map(line).collect())
}

fn write(folder: &Path, known: &HashMap<String, Known>) -> std::io::Result<()> {
    let mut text = String::new();
    let sorted: BTreeMap<_, _> = known.iter().collect();
    for (name, Known { checksum, bytes, modified, at }) in sorted {
        // Writing to a text does not fail.
        let _ = writeln!(text, "{checksum} {bytes} {modified} {at} {name}");
    }
    durable::replace(&folder.join(RECORD), text.as_bytes())
}

impl LocalLake {
    /// Landed tables that hold a file at a snapshot which is not as it was written, with those files.
    ///
    /// # Errors
    /// The database refuses.
    pub async fn damaged_tables(
        &self,
        snapshot: SnapshotId,
    ) -> Result<BTreeMap<EntityId, Vec<DamagedFile>>, LakeError> {
        self.damaged(snapshot.0, |_| true).await
    }

    /// Refuses a landed table that holds such a file now: an index made of it would be wrong.
    pub(crate) async fn sound_table(&self, table: &str) -> Result<(), LakeError> {
        let found = self.damaged(i64::MAX, |name| name == table).await?;
        let damaged: Vec<DamagedFile> = found.into_values().flatten().collect();
        if damaged.is_empty() { Ok(()) } else { Err(LakeError::Damaged(damaged)) }
    }

    async fn damaged(
        &self,
        snapshot: i64,
        wanted: impl Fn(&str) -> bool,
    ) -> Result<BTreeMap<EntityId, Vec<DamagedFile>>, LakeError> {
        let files = catalogue::checksummed(&mut self.catalogue.store.read().await?, Some(snapshot)).await?;
        let doubtful = files.into_iter().filter_map(|(file, checksum)| {
            table_of(&file.path).filter(|table| wanted(table))?;
            let path = self.catalogue.data.join(&file.path);
            Some(Doubtful { path, bytes: file.bytes, checksum, name: file.path })
        });
        let (doubtful, folder) = (doubtful.collect::<Vec<_>>(), self.catalogue.data.clone());
        let threads = std::thread::available_parallelism().map_or(1, usize::from);
        let sound = std::sync::Arc::clone(&self.sound);
        let found = blocking(move || sound.damaged(&folder, doubtful, threads)).await??;
        let mut tables: BTreeMap<EntityId, Vec<DamagedFile>> = BTreeMap::new();
        for (name, damaged) in found {
            let table = table_of(&name).unwrap_or_default();
            let entity =
                table.parse().map_err(|_| LakeError::Corrupt(format!("a table is named `{table}`")))?;
            tables.entry(entity).or_default().push(damaged);
        }
        Ok(tables)
    }
}

/// The landed table that a file belongs to, by its path in the catalogue.
fn table_of(path: &str) -> Option<&str> {
    path.strip_prefix(MAIN)?.split('/').next()
}
