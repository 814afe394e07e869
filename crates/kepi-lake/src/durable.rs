//! Every file that the lake opens, reads or writes, and those that survive a power cut: write beside, sync, rename, sync
//! the folder; only then may a catalogue name them. No other room of the lake opens a path.

use std::{
    ffi::OsString,
    fs::{self, File},
    io::{self, BufWriter, Read, Write},
    os::unix::fs::MetadataExt,
    path::{Path, PathBuf},
    sync::{
        Arc,
        mpsc::{channel, sync_channel},
    },
    thread,
    time::{SystemTime, UNIX_EPOCH},
};

use kepi_model::id::Hash;
use kepi_query::landing::Stand;

use crate::error::{Damage, LakeError};

/// Opens a file for reading.
pub(crate) fn open(path: &Path) -> io::Result<File> {
    File::open(path)
}

/// How a file stands.
pub(crate) fn metadata(path: &Path) -> io::Result<fs::Metadata> {
    fs::metadata(path)
}

/// Length of a file, and when it was last written, in ns since 1970; none if it does not say.
pub(crate) fn stand(path: &Path) -> Option<(u64, i64)> {
    let found = metadata(path).ok()?;
    let since = found.modified().ok()?.duration_since(UNIX_EPOCH).ok()?;
    Some((found.len(), i64::try_from(since.as_nanos()).ok()?))
}

/// All that is known of a file without reading it.
pub(crate) fn stands(path: &Path) -> Option<Stand> {
    let found = metadata(path).ok()?;
    let ns = |seconds: i64, more: i64| seconds.checked_mul(1_000_000_000)?.checked_add(more);
    Some(Stand {
        bytes: found.len(),
        modified: ns(found.mtime(), found.mtime_nsec())?,
        changed: ns(found.ctime(), found.ctime_nsec())?,
        file: (found.dev(), found.ino()),
    })
}

/// Where a path leads to when every link is followed.
pub(crate) fn real_path(path: &Path) -> io::Result<PathBuf> {
    fs::canonicalize(path)
}

/// Whether a path is a link itself.
pub(crate) fn is_link(path: &Path) -> bool {
    fs::symlink_metadata(path).is_ok_and(|m| m.is_symlink())
}

/// The names in a folder, sorted.
pub(crate) fn names(folder: &Path) -> io::Result<Vec<OsString>> {
    let mut names =
        fs::read_dir(folder)?.map(|e| e.map(|e| e.file_name())).collect::<io::Result<Vec<_>>>()?;
    names.sort();
    Ok(names)
}

/// Appends every file in a folder and those below it.
pub(crate) fn list(folder: &Path, into: &mut Vec<PathBuf>) -> io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        if entry.file_type()?.is_dir() {
            list(&entry.path(), into)?;
        } else {
            into.push(entry.path());
        }
    }
    Ok(())
}

/// Removes a file that nobody needs after a power cut.
pub(crate) fn remove(path: &Path) -> io::Result<()> {
    fs::remove_file(path)
}

/// Removes a folder that nobody needs after a power cut, with all in it.
pub(crate) fn remove_folder(path: &Path) -> io::Result<()> {
    fs::remove_dir_all(path)
}

/// Gives a file that nobody needs after a power cut its name.
pub(crate) fn rename(from: &Path, to: &Path) -> io::Result<()> {
    fs::rename(from, to)
}

/// Bytes of a file that are read at once while those before are hashed.
const PIECE: usize = 1 << 20;

/// BLAKE3 of a file's bytes. Of a large one one thread reads while another hashes: each takes about half of the time.
pub(crate) fn checksum(path: &Path) -> io::Result<Hash> {
    let mut file = open(path)?;
    let mut hasher = blake3::Hasher::new();
    if file.metadata()?.len() <= 8 * PIECE as u64 {
        hasher.update_reader(file)?;
        return Ok(Hash(*hasher.finalize().as_bytes()));
    }
    let (full, pieces) = sync_channel::<Vec<u8>>(2);
    let (spare, used) = channel::<Vec<u8>>();
    thread::scope(|scope| {
        let reading = scope.spawn(move || {
            loop {
                let mut piece = used.try_recv().unwrap_or_else(|_| Vec::with_capacity(PIECE));
                piece.clear();
                let n = (&mut file).take(PIECE as u64).read_to_end(&mut piece)?;
                // Who hashes waits for every piece.
                if n == 0 || full.send(piece).is_err() {
                    return io::Result::Ok(());
                }
            }
        });
        for piece in pieces {
            hasher.update(&piece);
            // Who has read all of it needs no more buffers.
            let _ = spare.send(piece);
        }
        reading.join().map_err(|_| io::Error::other("a thread that reads a file ended by itself"))?
    })?;
    Ok(Hash(*hasher.finalize().as_bytes()))
}

/// How a file differs from one of a length and, where it is known, a checksum.
pub(crate) fn damage_of(path: &Path, bytes: u64, checksum: Option<Hash>) -> Option<Damage> {
    length(path, bytes).or_else(|| content(path, checksum?))
}

fn length(path: &Path, bytes: u64) -> Option<Damage> {
    match metadata(path) {
        Ok(found) if found.len() == bytes => None,
        Ok(found) => Some(Damage::Length { expected: bytes, found: found.len() }),
        Err(e) if e.kind() == io::ErrorKind::NotFound => Some(Damage::Missing),
        Err(e) => Some(Damage::Unreadable(e.to_string())),
    }
}

fn content(path: &Path, expected: Hash) -> Option<Damage> {
    match checksum(path) {
        Ok(found) if found == expected => None,
        Ok(found) => Some(Damage::Content { expected, found }),
        Err(e) => Some(Damage::Unreadable(e.to_string())),
    }
}

/// Makes a folder that nobody needs after a power cut.
pub(crate) fn make_folder(path: &Path) -> io::Result<()> {
    fs::create_dir_all(path)
}

/// Makes a new file to write to and to read again, which nobody needs after a power cut.
pub(crate) fn scratch(path: &Path) -> io::Result<File> {
    File::options().read(true).write(true).create_new(true).open(path)
}

/// Begins a file, anew where there is one, which nobody needs after a power cut.
pub(crate) fn anew(path: &Path) -> io::Result<Box<dyn Write>> {
    Ok(Box::new(BufWriter::new(File::create(path)?)))
}

/// Says of a file when it was last written.
pub(crate) fn date(path: &Path, at: SystemTime) -> io::Result<()> {
    File::options().write(true).open(path)?.set_modified(at)
}

/// Locks a file, made if it is not there, until it is dropped: one process at a time has it.
pub(crate) fn locked(path: &Path) -> io::Result<File> {
    let file = File::options().create(true).truncate(false).write(true).open(path)?;
    file.lock()?;
    Ok(file)
}

/// The bytes of a file that is read whole.
pub(crate) fn read(path: &Path) -> io::Result<Vec<u8>> {
    fs::read(path)
}

/// The first bytes of a file, so many or all that there are.
pub(crate) fn begin(path: &Path, bytes: usize) -> io::Result<Vec<u8>> {
    let mut begin = Vec::new();
    open(path)?.take(bytes as u64).read_to_end(&mut begin)?;
    Ok(begin)
}

/// Length of a Parquet file's footer, from its last eight bytes: four of length, then the magic.
pub(crate) fn footer_length(path: &Path) -> std::io::Result<u64> {
    use std::io::{Seek, SeekFrom};
    let mut file = open(path)?;
    file.seek(SeekFrom::End(-8))?;
    let mut length = [0u8; 4];
    file.read_exact(&mut length)?;
    Ok(u64::from(u32::from_le_bytes(length)))
}

/// The text of a small file.
pub(crate) fn read_to_string(path: &Path) -> io::Result<String> {
    fs::read_to_string(path)
}

/// Puts bytes in the place of a file in one step. After a power cut either is there.
pub(crate) fn replace(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let beside = path.with_extension(UNFINISHED);
    fs::write(&beside, bytes)?;
    fs::rename(&beside, path)
}

/// Runs on a thread that may block.
pub(crate) async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> T + Send + 'static,
) -> Result<T, LakeError> {
    tokio::task::spawn_blocking(work).await.map_err(|e| LakeError::Worker(e.to_string()))
}

/// A file being written.
pub trait DurableFile: Write + Send {
    /// Forces what was written to the disk.
    ///
    /// # Errors
    /// The disk refused.
    fn sync(&mut self) -> io::Result<()>;
}

/// The few operations the lake needs of a file system, so that tests can watch their order and cut the power.
pub trait DurableFs: Send + Sync {
    /// Makes a folder and those above it; returns those that were new, outermost first.
    ///
    /// # Errors
    /// The file system refused.
    fn create_folders(&self, path: &Path) -> io::Result<Vec<PathBuf>>;
    /// Makes a new file; there must be none.
    ///
    /// # Errors
    /// The file system refused.
    fn create(&self, path: &Path) -> io::Result<Box<dyn DurableFile>>;
    /// Gives a file another name in the same folder.
    ///
    /// # Errors
    /// The file system refused.
    fn rename(&self, from: &Path, to: &Path) -> io::Result<()>;
    /// Forces a folder's entries to the disk.
    ///
    /// # Errors
    /// The disk refused.
    fn sync_folder(&self, path: &Path) -> io::Result<()>;
    /// Removes a file.
    ///
    /// # Errors
    /// The file system refused.
    fn remove(&self, path: &Path) -> io::Result<()>;
    /// Whether a file that is to be named is there with its length, wherever the lake's files lie. A sweeper of another process may have
    /// taken it for an orphan.
    ///
    /// # Errors
    /// Where files lie is not known now.
    fn is_there(&self, path: &Path, bytes: u64) -> io::Result<bool> {
        Ok(metadata(path).is_ok_and(|found| found.len() == bytes))
    }
    /// Told right before a transaction that names these new files commits.
    fn committing(&self, files: &[PathBuf]) {
        let _ = files;
    }
}

/// The file system of this machine.
#[derive(Debug, Clone, Copy, Default)]
pub struct LocalFs;

impl DurableFile for File {
    fn sync(&mut self) -> io::Result<()> {
        self.sync_all()
    }
}

impl DurableFs for LocalFs {
    fn create_folders(&self, path: &Path) -> io::Result<Vec<PathBuf>> {
        let mut new: Vec<PathBuf> = path
            .ancestors()
            .take_while(|p| !p.as_os_str().is_empty() && !p.exists())
            .map(Path::to_owned)
            .collect();
        new.reverse();
        fs::create_dir_all(path)?;
        Ok(new)
    }
    fn create(&self, path: &Path) -> io::Result<Box<dyn DurableFile>> {
        Ok(Box::new(File::options().write(true).create_new(true).open(path)?))
    }
    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        fs::rename(from, to)
    }
    fn sync_folder(&self, path: &Path) -> io::Result<()> {
        File::open(path)?.sync_all()
    }
    fn remove(&self, path: &Path) -> io::Result<()> {
        fs::remove_file(path)
    }
}

/// Makes a folder so that it survives a power cut.
///
/// # Errors
/// The file system refused.
pub fn create_folder_durably(fs: &dyn DurableFs, path: &Path) -> io::Result<()> {
    for new in fs.create_folders(path)? {
        if let Some(parent) = new.parent().filter(|p| !p.as_os_str().is_empty()) {
            fs.sync_folder(parent)?;
        }
    }
    Ok(())
}

/// Ending of files that are being written.
pub const UNFINISHED: &str = "unfinished";

/// A file that gets its name only when it is complete and on the disk. Dropped before that, it is removed.
pub struct PendingFile {
    fs: Arc<dyn DurableFs>,
    temporary: PathBuf,
    path: PathBuf,
    inner: Option<BufWriter<Box<dyn DurableFile>>>,
    written: u64,
    // Of what was meant to be written, so that what the disk makes of it can be held against it.
    hasher: blake3::Hasher,
}

impl PendingFile {
    /// Begins a file that will be `path`.
    ///
    /// # Errors
    /// The file system refused.
    pub fn create(fs: &Arc<dyn DurableFs>, path: &Path) -> io::Result<Self> {
        let temporary = path.with_extension(UNFINISHED);
        let inner = fs.create(&temporary)?;
        Ok(Self {
            fs: Arc::clone(fs),
            temporary,
            path: path.to_owned(),
            inner: Some(BufWriter::with_capacity(1 << 18, inner)),
            written: 0,
            hasher: blake3::Hasher::new(),
        })
    }

    /// BLAKE3 of what was written so far.
    pub fn content(&self) -> Hash {
        Hash(*self.hasher.finalize().as_bytes())
    }

    /// Completes it: file synced, renamed, folder synced, in this order. Returns its length and checksum.
    ///
    /// # Errors
    /// The file system refused; the file is not there then.
    pub fn finish(mut self) -> io::Result<(u64, Hash)> {
        let written = (self.written, Hash(*self.hasher.finalize().as_bytes()));
        let Some(inner) = self.inner.take() else { return Ok(written) };
        let mut file = inner.into_inner().map_err(io::IntoInnerError::into_error)?;
        file.sync()?;
        drop(file);
        self.fs.rename(&self.temporary, &self.path)?;
        // Until the folder is synced too it counts as unfinished: dropped, it goes away.
        self.temporary.clone_from(&self.path);
        if let Some(folder) = self.path.parent() {
            self.fs.sync_folder(folder)?;
        }
        self.temporary = PathBuf::new();
        Ok(written)
    }
}

impl Write for PendingFile {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let Some(inner) = &mut self.inner else { return Err(io::Error::other("the file is closed")) };
        let n = inner.write(bytes)?;
        self.written += n as u64;
        self.hasher.update(bytes.get(..n).unwrap_or(bytes));
        Ok(n)
    }
    fn flush(&mut self) -> io::Result<()> {
        self.inner.as_mut().map_or(Ok(()), Write::flush)
    }
}

impl Drop for PendingFile {
    fn drop(&mut self) {
        if !self.temporary.as_os_str().is_empty() {
            self.inner = None;
            // Best effort: what stays behind is swept later.
            let _ = self.fs.remove(&self.temporary);
        }
    }
}
