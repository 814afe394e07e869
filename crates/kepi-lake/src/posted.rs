//! What others post: kept before it is acknowledged, in segments that the next run takes as it takes what it fetches.
//!
//! A segment grows by frames, each what was posted at about the same time, forced to the disk at once. A frame is there whole or, torn by a
//! death, not at all; nobody was told that it is. Whoever wants to read a segment closes it first, by its name: who writes sees that and
//! begins another. A closed segment goes when the raw file that its rows became has landed, which the bookmark of that file says.

use std::{
    collections::{HashMap, HashSet},
    fmt,
    io::{self, Write},
    path::{Path, PathBuf},
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    time::{Duration, Instant, SystemTime, UNIX_EPOCH},
};

use kepi_model::{
    id::{Hash, SourceId},
    project::Project,
};
use kepi_query::landing::{Fetched, PortError, Posted, Rows, Stranded};
use serde::{Deserialize, Serialize};
use tokio::sync::oneshot;

use crate::{
    Home, at,
    durable::{self, DurableFile, DurableFs, LocalFs, UNFINISHED, create_folder_durably},
    error::{self, LakeError},
    folders::{POSTED, POSTING},
    shared::SharedFs,
};

/// Ending of segments that are closed.
const CLOSED: &str = "posted";
/// A segment is closed that is as long.
const LONGEST: u64 = 8 << 20;
/// Or as old.
const OLDEST: Duration = Duration::from_secs(30);
/// So many bytes of a source are kept that have not landed; then whoever posts has to wait.
const MOST: u64 = 512 << 20;
/// So many bytes may be on their way to the disk at a time.
const MOST_AT_ONCE: usize = 64 << 20;
/// So many bytes, or segments, become one raw file.
const PIECE: u64 = 64 << 20;
const MOST_SEGMENTS: usize = 1_000;
/// So many deliveries of a source are remembered: one that is repeated within these is not kept again.
const REMEMBERED: usize = 100_000;
/// Refusals are counted on the disk at most so often.
const COUNTED_EVERY: Duration = Duration::from_millis(200);

fn io_error(path: &Path, doing: &'static str) -> impl FnOnce(io::Error) -> LakeError {
    move |source| LakeError::Io { path: path.to_owned(), doing, source }
}

fn held<T>(of: &Mutex<T>) -> MutexGuard<'_, T> {
    of.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Which segments a raw file of the inbox is made of.
#[derive(Debug, Default, Serialize, Deserialize)]
struct Bookmark {
    posted: Vec<String>,
}

/// The folders of what is posted.
#[derive(Clone)]
pub(crate) struct Folders {
    pub fs: Arc<dyn DurableFs>,
    pub data: PathBuf,
}

/// One frame: length and checksum of what follows on a line of their own.
fn frame(rows: &[u8]) -> Vec<u8> {
    let mut frame = head(rows).into_bytes();
    frame.extend_from_slice(rows);
    frame
}

fn head(rows: &[u8]) -> String {
    let sum = Hash::of(rows).to_string();
    format!("{} {}\n", rows.len(), sum.get(..16).unwrap_or(&sum))
}

/// The frame at the beginning of some bytes, and how long it is in all; none: there is no whole one.
fn first(bytes: &[u8]) -> Option<(&[u8], usize)> {
    if !bytes.first()?.is_ascii_digit() {
        return None;
    }
    let end = bytes.iter().take(64).position(|b| *b == b'\n')?;
    let said = std::str::from_utf8(bytes.get(..end)?).ok()?;
    let length: usize = said.split_once(' ')?.0.parse().ok()?;
    let behind = end.checked_add(1)?;
    let rows = bytes.get(behind..behind.checked_add(length)?)?;
    (bytes.get(..behind)? == head(rows).as_bytes()).then_some((rows, behind + length))
}

/// The frames of a segment. What is torn at its end was never acknowledged; what is torn before others was.
fn frames(name: &str, bytes: &[u8]) -> Result<Vec<Vec<u8>>, LakeError> {
    let (mut rest, mut all) = (bytes, Vec::new());
    while !rest.is_empty() {
        let Some((rows, length)) = first(rest) else {
            // No row looks like the line before a frame: it ends with a brace.
            if (1..rest.len()).filter_map(|at| rest.get(at..)).any(|rest| first(rest).is_some()) {
                return Err(LakeError::Corrupt(format!(
                    "what was posted is damaged in `{POSTED}/{name}`, and what lies behind is not: bring the file back from a \
                     backup, or move it away and ask who posts to do it again"
                )));
            }
            break;
        };
        all.push(rows.to_vec());
        rest = rest.get(length..).unwrap_or_default();
    }
    Ok(all)
}

impl Folders {
    /// In a folder on this machine.
    fn here(data: &Path) -> Self {
        Self { fs: Arc::new(LocalFs), data: data.to_owned() }
    }

    fn of(&self, source: &SourceId) -> PathBuf {
        self.data.join(POSTED).join(source.as_str())
    }

    fn beside(&self, source: &SourceId, ending: &str) -> PathBuf {
        self.data.join(POSTING).join(format!("{source}.{ending}"))
    }

    /// Keeps other processes from closing or beginning segments until it is dropped.
    fn lock(&self, source: &SourceId) -> Result<std::fs::File, LakeError> {
        let path = self.beside(source, "lock");
        durable::make_folder(&self.data.join(POSTING)).map_err(io_error(&path, "made"))?;
        durable::locked(&path).map_err(io_error(&path, "locked"))
    }

    /// Names in the folder of a source, sorted.
    fn names(&self, source: &SourceId) -> Result<Vec<String>, LakeError> {
        let folder = self.of(source);
        match durable::names(&folder) {
            Ok(names) => Ok(names.iter().filter_map(|name| Some(name.to_str()?.to_owned())).collect()),
            Err(e) if e.kind() == io::ErrorKind::NotFound => Ok(Vec::new()),
            Err(e) => Err(io_error(&folder, "listed")(e)),
        }
    }

    /// Closes the segments of a source to which nothing was added for so long, whoever writes them. The lock is held.
    fn close(&self, source: &SourceId, still_for: Duration) -> Result<(), LakeError> {
        let folder = self.of(source);
        let mut any = false;
        for name in self.names(source)? {
            let Some(stem) = name.strip_suffix(UNFINISHED) else { continue };
            let path = folder.join(&name);
            let added = durable::metadata(&path).and_then(|of| of.modified());
            if added.is_ok_and(|at| at.elapsed().is_ok_and(|since| since < still_for)) {
                continue;
            }
            self.fs
                .rename(&path, &folder.join(format!("{stem}{CLOSED}")))
                .map_err(io_error(&path, "closed"))?;
            any = true;
        }
        if any {
            self.fs.sync_folder(&folder).map_err(io_error(&folder, "written"))?;
        }
        Ok(())
    }

    /// Closes what waits under a name that a source had, and makes it its own.
    fn take_over(&self, earlier: &SourceId, source: &SourceId) -> Result<(), LakeError> {
        if self.names(earlier)?.is_empty() {
            return Ok(());
        }
        let (there, here) = (self.of(earlier), self.of(source));
        create_folder_durably(self.fs.as_ref(), &here).map_err(io_error(&here, "made"))?;
        let _lock = self.lock(earlier)?;
        self.close(earlier, Duration::ZERO)?;
        for name in self.names(earlier)?.into_iter().filter(|name| name.ends_with(&format!(".{CLOSED}"))) {
            let path = there.join(&name);
            // No two segments have the same name.
            self.fs.rename(&path, &here.join(&name)).map_err(io_error(&path, "moved"))?;
        }
        self.fs.sync_folder(&here).map_err(io_error(&here, "written"))?;
        self.fs.sync_folder(&there).map_err(io_error(&there, "written"))
    }

    /// What waits under names to which nothing is posted.
    pub fn stranded(&self, project: &Project) -> Result<Vec<Stranded>, LakeError> {
        let folder = self.data.join(POSTED);
        let names = match durable::names(&folder) {
            Ok(names) => names,
            Err(e) if e.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
            Err(e) => return Err(io_error(&folder, "listed")(e)),
        };
        let own = |source: &SourceId| {
            let hooks = project.sources.values().filter_map(|of| Some((&of.id, of.from.webhook()?)));
            hooks.into_iter().any(|(id, hook)| id == source || hook.earlier_names.contains(source))
        };
        let mut all = Vec::new();
        for source in names.iter().filter_map(|name| name.to_str()?.parse::<SourceId>().ok()) {
            if own(&source) {
                continue;
            }
            let (mut rows, mut bytes) = (0, 0);
            for name in self.names(&source)? {
                let path = folder.join(source.as_str()).join(&name);
                let read = durable::read(&path).map_err(io_error(&path, "read"))?;
                // What is damaged is said by whoever lands it.
                let frames = frames(&name, &read).unwrap_or_default();
                rows += frames.iter().flatten().filter(|byte| **byte == b'\n').count() as u64;
                bytes += read.len() as u64;
            }
            if bytes > 0 {
                let folder = folder.join(source.as_str());
                all.push(Stranded { source, rows, bytes, folder: folder.display().to_string() });
            }
        }
        Ok(all)
    }

    /// Gives the rows of what was posted behind a bookmark, and removes what has landed with it. What waits under names that the
    /// source had is its own.
    pub fn fetch(
        &self,
        source: &SourceId,
        earlier: &[SourceId],
        from: Option<&serde_json::Value>,
        into: &mut dyn Rows,
    ) -> Result<Fetched, PortError> {
        earlier.iter().try_for_each(|earlier| self.take_over(earlier, source))?;
        let folder = self.of(source);
        let landed: Bookmark =
            from.map_or_else(|| Ok(Bookmark::default()), |from| serde_json::from_value(from.clone()))?;
        let there: HashSet<String> = self.names(source)?.into_iter().collect();
        if !there.is_empty() {
            let lock = self.lock(source)?;
            let mut again = false;
            for name in landed.posted.iter().filter(|name| there.contains(*name)) {
                self.remove(&folder.join(name))?;
                again = true;
            }
            self.fs.sync_folder(&folder).map_err(io_error(&folder, "written"))?;
            // A run takes what was there when it began: if more and more is posted while it lands, it ends all the same.
            self.close(source, if again { OLDEST } else { Duration::ZERO })?;
            drop(lock);
        }
        let (mut taken, mut bytes, mut more) = (Bookmark::default(), 0, false);
        for name in self.names(source)?.into_iter().filter(|name| name.ends_with(&format!(".{CLOSED}"))) {
            if bytes >= PIECE || taken.posted.len() >= MOST_SEGMENTS {
                more = true;
                break;
            }
            let path = folder.join(&name);
            let read = match durable::read(&path) {
                // Another run has landed it meanwhile.
                Err(e) if e.kind() == io::ErrorKind::NotFound => continue,
                read => read.map_err(io_error(&path, "read"))?,
            };
            let frames = frames(&format!("{source}/{name}"), &read)?;
            if frames.is_empty() {
                self.remove(&path)?;
                continue;
            }
            for rows in frames {
                let rows = String::from_utf8(rows)
                    .map_err(|_| LakeError::Corrupt(format!("`{POSTED}/{source}/{name}` holds no text")))?;
                rows.lines().try_for_each(|row| into.row(row))?;
            }
            bytes += read.len() as u64;
            taken.posted.push(name);
        }
        // Once these have landed they are asked for again, and removed.
        let more = more || !taken.posted.is_empty();
        let bookmark = match (taken.posted.is_empty(), from) {
            (true, Some(from)) => from.clone(),
            _ => serde_json::to_value(&taken)?,
        };
        Ok(Fetched { bookmark, whole: false, more })
    }

    fn remove(&self, path: &Path) -> Result<(), LakeError> {
        match self.fs.remove(path) {
            Err(e) if e.kind() != io::ErrorKind::NotFound => Err(io_error(path, "removed")(e)),
            _ => Ok(()),
        }
    }

    /// What was posted so far; none: nothing.
    pub fn so_far(&self, source: &SourceId) -> Option<Posted> {
        let text = durable::read_to_string(&self.beside(source, "json")).ok();
        let known = text.and_then(|text| serde_json::from_str::<Posted>(&text).ok());
        let waiting = self.waiting(source);
        (known.is_some() || waiting > 0).then(|| Posted { waiting, ..known.unwrap_or_default() })
    }

    /// Bytes that have not landed.
    fn waiting(&self, source: &SourceId) -> u64 {
        let (folder, names) = (self.of(source), self.names(source).unwrap_or_default());
        names.iter().filter_map(|name| durable::metadata(&folder.join(name)).ok()).map(|of| of.len()).sum()
    }

    /// Adds to what is counted. A count that cannot be written is no reason to refuse anything.
    fn count(&self, source: &SourceId, more: &Posted) {
        let add = || {
            let _lock = self.lock(source)?;
            let path = self.beside(source, "json");
            let text = durable::read_to_string(&path).unwrap_or_default();
            let mut all: Posted = serde_json::from_str(&text).unwrap_or_default();
            all.add(more);
            let text = serde_json::to_vec(&all).map_err(|e| LakeError::Corrupt(e.to_string()))?;
            durable::replace(&path, &text).map_err(io_error(&path, "written"))
        };
        if let Err(error) = add() {
            tracing::warn!(%error, %source, "what was posted could not be counted");
        }
    }
}

/// What was posted at once.
#[derive(Debug, Clone)]
pub struct Delivery {
    /// Its rows, a JSON object on a line each.
    pub rows: Vec<String>,
    /// What it is called and holds; the same when it is repeated. None: nobody says what it is called.
    pub mark: Option<Hash>,
    /// When it came, µs UTC.
    pub at: i64,
}

/// What became of something posted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kept {
    /// It is on the disk.
    Now,
    /// It was before.
    Before,
}

/// Why something posted is not kept.
#[derive(Debug, thiserror::Error)]
pub enum NotKept {
    /// So much has not landed yet.
    #[error("{0} bytes that were posted wait for a run, and no more are kept")]
    Full(u64),
    /// So much comes at once.
    #[error("more is posted than the disk takes")]
    Busy,
    /// The disk refuses.
    #[error("{0}")]
    Disk(String),
}

/// A segment that is being written.
struct Segment {
    path: PathBuf,
    file: Box<dyn DurableFile>,
    bytes: u64,
    begun: Instant,
}

type Answer = oneshot::Sender<Result<(), NotKept>>;

/// What waits for the disk.
#[derive(Default)]
struct Waiting {
    all: Vec<(Delivery, Answer)>,
    bytes: usize,
    is_written: bool,
}

/// Deliveries that are known.
#[derive(Default)]
struct Known {
    marks: HashSet<Hash>,
    order: std::collections::VecDeque<Hash>,
}

impl Known {
    fn add(&mut self, mark: Hash) {
        if self.marks.insert(mark) {
            self.order.push_back(mark);
        }
        if self.order.len() > REMEMBERED
            && let Some(oldest) = self.order.pop_front()
        {
            self.marks.remove(&oldest);
        }
    }
}

/// What is posted to one source.
struct Line {
    folders: Folders,
    source: SourceId,
    waiting: Mutex<Waiting>,
    segment: Mutex<Option<Segment>>,
    known: Mutex<Known>,
    uncounted: Mutex<Posted>,
    is_counted_soon: AtomicBool,
    unlanded: AtomicU64,
}

/// Keeps what others post.
pub struct Spool {
    folders: Folders,
    lines: Mutex<HashMap<SourceId, Arc<Line>>>,
}

impl fmt::Debug for Spool {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Spool({})", self.folders.data.display())
    }
}

impl Spool {
    /// What is posted to the lake at a place.
    ///
    /// # Errors
    /// The place is none.
    pub fn open(home: Home) -> Result<Self, LakeError> {
        let (data, shared) = at(home)?;
        let here: Arc<dyn DurableFs> = Arc::new(LocalFs);
        let fs = match shared {
            Some(shared) => Arc::new(SharedFs { here, shared }),
            None => here,
        };
        Ok(Self::on(fs, &data))
    }

    /// The same in a folder, on another file system.
    pub fn on(fs: Arc<dyn DurableFs>, data: &Path) -> Self {
        Self { folders: Folders { fs, data: data.to_owned() }, lines: Mutex::default() }
    }

    fn line(&self, source: &SourceId) -> Arc<Line> {
        let begin = || {
            let folders = self.folders.clone();
            let unlanded = AtomicU64::new(folders.waiting(source));
            Arc::new(Line {
                folders,
                source: source.clone(),
                waiting: Mutex::default(),
                segment: Mutex::default(),
                known: Mutex::default(),
                uncounted: Mutex::default(),
                is_counted_soon: AtomicBool::new(false),
                unlanded,
            })
        };
        Arc::clone(held(&self.lines).entry(source.clone()).or_insert_with(begin))
    }

    /// Keeps something that was posted: once this is done it is on the disk.
    ///
    /// # Errors
    /// There is no room for it, or the disk refuses; then it may be kept or not, and is to be posted again.
    pub async fn keep(&self, source: &SourceId, delivery: Delivery) -> Result<Kept, NotKept> {
        let line = self.line(source);
        if delivery.mark.is_some_and(|mark| held(&line.known).marks.contains(&mark)) {
            line.count_soon(Posted { repeated: 1, ..Posted::default() });
            return Ok(Kept::Before);
        }
        if line.unlanded.load(Ordering::Relaxed) >= MOST {
            let now = self.folders.waiting(source);
            line.unlanded.store(now, Ordering::Relaxed);
            if now >= MOST {
                return Err(NotKept::Full(now));
            }
        }
        let (tell, told) = oneshot::channel();
        let begins = {
            let mut waiting = held(&line.waiting);
            let bytes = delivery.rows.iter().map(String::len).sum::<usize>();
            // One alone has room, however long it is: or it would be posted again for ever.
            if waiting.bytes > 0 && waiting.bytes.saturating_add(bytes) > MOST_AT_ONCE {
                return Err(NotKept::Busy);
            }
            waiting.bytes += bytes;
            waiting.all.push((delivery, tell));
            !std::mem::replace(&mut waiting.is_written, true)
        };
        if begins {
            tokio::task::spawn_blocking(move || line.write_all());
        }
        told.await.unwrap_or(Err(NotKept::Busy)).map(|()| Kept::Now)
    }

    /// Counts something that was posted and refused; `why` quotes nothing of it.
    pub fn refused(&self, source: &SourceId, why: &str, at: i64) {
        let refused =
            Posted { refused: 1, last_refused: Some(at), why: Some(why.to_owned()), ..Posted::default() };
        self.line(source).count_soon(refused);
    }

    /// Closes segments that are old enough, so that they can be read wherever runs are. Blocks.
    ///
    /// # Errors
    /// The disk refuses.
    pub fn close_old(&self) -> Result<(), LakeError> {
        let lines: Vec<Arc<Line>> = held(&self.lines).values().cloned().collect();
        for line in lines {
            let mut segment = held(&line.segment);
            if segment.as_ref().is_some_and(|of| of.bytes > 0 && of.begun.elapsed() >= OLDEST) {
                *segment = None;
                let _lock = line.folders.lock(&line.source)?;
                line.folders.close(&line.source, Duration::ZERO)?;
            }
        }
        Ok(())
    }
}

/// Why something that was posted is not on the disk, to whoever keeps the server.
fn refusal(error: &LakeError) -> String {
    match error {
        LakeError::Io { path, source, .. } if error::is_full(source) => format!(
            "there is no room for posts in `{}`: make some; whoever was refused posts again",
            path.parent().unwrap_or(path).display()
        ),
        LakeError::Io { path, doing, source } => {
            format!("a post could not be kept: `{}` could not be {doing}: {source}", path.display())
        }
        other => other.to_string(),
    }
}

/// What waits in the folder of a lake, on this machine, under names to which nothing is posted.
///
/// # Errors
/// The disk refuses.
pub fn stranded(data: &Path, project: &Project) -> Result<Vec<Stranded>, LakeError> {
    Folders::here(data).stranded(project)
}

impl Line {
    /// Writes what waits until nothing does: what comes while the disk is busy goes there together.
    fn write_all(self: Arc<Self>) {
        loop {
            let all = {
                let mut waiting = held(&self.waiting);
                waiting.bytes = 0;
                if waiting.all.is_empty() {
                    waiting.is_written = false;
                    return;
                }
                std::mem::take(&mut waiting.all)
            };
            let mut rows = Vec::new();
            let mut count = Posted::default();
            for (delivery, _) in &all {
                delivery.rows.iter().for_each(|row| {
                    rows.extend_from_slice(row.as_bytes());
                    rows.push(b'\n');
                });
                count.taken += 1;
                count.rows += delivery.rows.len() as u64;
                count.last_taken = count.last_taken.max(Some(delivery.at));
            }
            let kept = self.append(&frame(&rows));
            let refused = kept.err().map(|error| refusal(&error));
            if refused.is_none() {
                let mut known = held(&self.known);
                all.iter().filter_map(|(delivery, _)| delivery.mark).for_each(|mark| known.add(mark));
                drop(known);
                self.folders.count(&self.source, &count);
            }
            for (_, tell) in all {
                // Who has gone meanwhile posts again.
                let _ = tell.send(match &refused {
                    None => Ok(()),
                    Some(why) => Err(NotKept::Disk(why.clone())),
                });
            }
        }
    }

    /// Appends a frame to the segment, or to another where it was closed.
    fn append(&self, frame: &[u8]) -> Result<(), LakeError> {
        let mut segment = held(&self.segment);
        let _lock = self.folders.lock(&self.source)?;
        if let Some(of) = segment.as_ref()
            && (of.bytes >= LONGEST || of.begun.elapsed() >= OLDEST)
        {
            *segment = None;
            self.folders.close(&self.source, Duration::ZERO)?;
        }
        let mut open = match segment.take() {
            Some(of) if durable::metadata(&of.path).is_ok() => of,
            _ => self.another()?,
        };
        let path = open.path.clone();
        open.file.write_all(frame).map_err(io_error(&path, "written"))?;
        // One in which something could not be written is not written to any more: nothing comes behind what is torn.
        open.file.sync().map_err(io_error(&path, "written"))?;
        open.bytes += frame.len() as u64;
        self.unlanded.fetch_add(frame.len() as u64, Ordering::Relaxed);
        *segment = Some(open);
        Ok(())
    }

    /// Begins a segment behind all others. The lock is held.
    fn another(&self) -> Result<Segment, LakeError> {
        let folder = self.folders.of(&self.source);
        let fs = self.folders.fs.as_ref();
        create_folder_durably(fs, &folder).map_err(io_error(&folder, "made"))?;
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_micros() as u64;
        let newest = self.folders.names(&self.source)?;
        let newest = newest.iter().filter_map(|name| name.split_once('-')?.0.parse::<u64>().ok()).max();
        let number = now.max(newest.map_or(0, |newest| newest + 1));
        let unique = uuid::Uuid::new_v4().simple().to_string();
        let path = folder.join(format!("{number:016}-{}.{UNFINISHED}", unique.get(..8).unwrap_or_default()));
        let file = fs.create(&path).map_err(io_error(&path, "made"))?;
        fs.sync_folder(&folder).map_err(io_error(&folder, "written"))?;
        self.unlanded.store(self.folders.waiting(&self.source), Ordering::Relaxed);
        Ok(Segment { path, file, bytes: 0, begun: Instant::now() })
    }

    /// Counts before long.
    fn count_soon(self: &Arc<Self>, more: Posted) {
        held(&self.uncounted).add(&more);
        if self.is_counted_soon.swap(true, Ordering::AcqRel) {
            return;
        }
        let line = Arc::clone(self);
        tokio::task::spawn_blocking(move || {
            std::thread::sleep(COUNTED_EVERY);
            line.is_counted_soon.store(false, Ordering::Release);
            let more = std::mem::take(&mut *held(&line.uncounted));
            line.folders.count(&line.source, &more);
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_torn_end_is_cut_and_damage_before_others_is_told() {
        let (one, two) = (b"{\"a\":1}\n{\"a\":2}\n".to_vec(), b"{\"a\":3}\n".to_vec());
        let whole = [frame(&one), frame(&two)].concat();
        assert_eq!(frames("s/1", &whole).unwrap(), [one.clone(), two.clone()]);
        for end in frame(&one).len()..whole.len() {
            assert_eq!(frames("s/1", &whole[..end]).unwrap(), std::slice::from_ref(&one), "cut at {end}");
        }
        for end in 0..frame(&one).len() {
            assert!(frames("s/1", &whole[..end]).unwrap().is_empty(), "cut at {end}");
        }
        for at in 0..frame(&one).len() {
            let mut spoilt = whole.clone();
            spoilt[at] ^= 1;
            assert!(frames("s/1", &spoilt).is_err(), "byte {at}");
        }
        // What a disk leaves that was cut off in the midst of it.
        let zeroed = [frame(&one), vec![0; 4096]].concat();
        assert_eq!(frames("s/1", &zeroed).unwrap(), [one]);
    }
}
