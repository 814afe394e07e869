//! The inbox: raw files that were fetched, kept so that they land once, and land anew without asking again.
//!
//! A raw file is there when the note beside it is: first the rows are on the disk, then what they are. It waits until its
//! rows have landed, in the transaction in which it gets its place; only then is anything fetched behind it.

use std::{
    io::Write,
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use flate2::{Compression, write::GzEncoder};
use kepi_model::{
    id::{Hash, SourceId},
    project::{Connector, Project, Source, Unpivot},
};
use kepi_query::{
    landing::{
        Arrival, BatchReader, Copies, Fetched, Inbox, Inflow, Kept, Offer, Order, PortError, Posted, Raw,
        RawState, Rows, Stand, Stranded,
    },
    port::Fut,
};
use kepi_store::inbox;
use serde::{Deserialize, Serialize};

use crate::{
    LocalLake,
    connector::{open, unpivoted},
    durable::{self, DurableFs, PendingFile, blocking, create_folder_durably},
    error::{LakeError, LandError},
    folders::POSTED,
    posted::Folders,
};

pub(crate) use crate::folders::INBOX;
/// Ending of raw files: a JSON object a line.
const ROWS: &str = "ndjson.gz";
/// Ending of the notes beside them.
const NOTE: &str = "json";
/// How long what nobody needs is left alone: longer than any run takes.
pub(crate) const LEFT_ALONE: Duration = Duration::from_secs(24 * 3600);

/// What is known of a raw file.
#[derive(Debug, Clone, Serialize, Deserialize)]
struct Note {
    seq: u64,
    stream: Hash,
    content: Hash,
    bookmark: serde_json::Value,
    rows: u64,
    at: i64,
}

fn io(path: &Path, doing: &'static str) -> impl FnOnce(std::io::Error) -> LakeError {
    move |source| LakeError::Io { path: path.to_owned(), doing, source }
}

fn stream_of(source: &Source) -> Result<Hash, LandError> {
    let why = || LandError::Definition(source.id.to_string(), "nothing of it is fetched".to_owned());
    source.from.stream().ok_or_else(why)
}

impl Inbox for LocalLake {
    fn kept<'a>(&'a self, source: &'a Source) -> Fut<'a, Result<Kept, PortError>> {
        Box::pin(async move {
            let stream = stream_of(source)?;
            let known = inbox::of_source(&mut self.catalogue.store.read().await?, source.id.as_str()).await?;
            let next = known.len() as u64 + 1;
            let own: Vec<&inbox::Fetched> = known.iter().filter(|f| f.stream == stream.to_string()).collect();
            // Behind what was fetched of something else, fetching began anew.
            let newest = own.last().filter(|f| f.seq + 1 == next);
            let bookmark = newest.map(|f| serde_json::from_str(&f.bookmark)).transpose()?;
            let content = newest.and_then(|f| Hash::try_from(f.content.clone()).ok());
            let data = &self.catalogue.data;
            let folder = data.join(INBOX).join(source.id.as_str());
            self.mirror(&folder)?;
            let mut landed: Vec<Arc<dyn Raw>> = Vec::new();
            for file in &own {
                let path = data.join(&file.file);
                if durable::metadata(&path).is_ok() {
                    let arrival = Arrival {
                        seq: file.seq,
                        stream,
                        bookmark: file.bookmark.clone(),
                        rows: file.rows,
                        at: file.at,
                    };
                    landed.push(Arc::new(InboxRaw::new(source, path, file.file.clone(), arrival)));
                }
            }
            let waiting = self.waiting(source, &folder, stream, next, &known)?;
            Ok(Kept { landed, waiting, bookmark, newest: content, next })
        })
    }

    fn begin(&self, source: &Source, kept: &Kept) -> Result<Box<dyn Inflow>, PortError> {
        let folder = self.catalogue.data.join(INBOX).join(source.id.as_str());
        create_folder_durably(self.fs.as_ref(), &folder).map_err(io(&folder, "made"))?;
        let unique = uuid::Uuid::new_v4().simple().to_string();
        let stem = format!("{}-{}", kept.next, unique.get(..8).unwrap_or_default());
        let path = folder.join(format!("{stem}.{ROWS}"));
        let file = PendingFile::create(&self.fs, &path).map_err(io(&path, "made"))?;
        Ok(Box::new(Writing {
            fs: Arc::clone(&self.fs),
            source: source.clone(),
            stream: stream_of(source)?,
            name: format!("{INBOX}/{}/{stem}.{ROWS}", source.id),
            note: folder.join(format!("{stem}.{NOTE}")),
            out: GzEncoder::new(file, Compression::fast()),
            path,
            rows: 0,
            seq: kept.next,
            before: kept.bookmark.clone(),
            newest: kept.newest,
        }))
    }

    fn posted<'a>(
        &'a self,
        source: &'a Source,
        from: Option<&'a serde_json::Value>,
        into: &'a mut dyn Rows,
    ) -> Fut<'a, Result<Fetched, PortError>> {
        Box::pin(async move {
            let folders = Folders { fs: Arc::clone(&self.fs), data: self.catalogue.data.clone() };
            let earlier = source.from.webhook().map_or(&[][..], |hook| &hook.earlier_names);
            for name in earlier.iter().chain([&source.id]) {
                self.mirror(&self.catalogue.data.join(POSTED).join(name.as_str()))?;
            }
            folders.fetch(&source.id, earlier, from, into)
        })
    }

    fn posted_so_far(&self, source: &SourceId) -> Option<Posted> {
        Folders { fs: Arc::clone(&self.fs), data: self.catalogue.data.clone() }.so_far(source)
    }

    fn stranded(&self, project: &Project, anew: bool) -> Result<Vec<Stranded>, PortError> {
        if anew {
            self.mirror(&self.catalogue.data.join(POSTED))?;
        }
        Ok(Folders { fs: Arc::clone(&self.fs), data: self.catalogue.data.clone() }.stranded(project)?)
    }

    fn copies(&self, source: &Source) -> Result<Box<dyn Copies>, PortError> {
        Ok(self.copies_of(source)?)
    }

    fn copied(&self, source: &Source) -> Result<Offer, PortError> {
        Ok(self.offer_copies(source)?)
    }
}

impl LocalLake {
    /// The raw file that waits for the next place; what nobody needs any more is removed.
    fn waiting(
        &self,
        source: &Source,
        folder: &Path,
        stream: Hash,
        next: u64,
        known: &[inbox::Fetched],
    ) -> Result<Option<Arc<dyn Raw>>, LakeError> {
        let names = match durable::names(folder) {
            Ok(names) => names,
            Err(e) if e.kind() == std::io::ErrorKind::NotFound => return Ok(None),
            Err(e) => return Err(io(folder, "listed")(e)),
        };
        let mut found: Option<(i64, Arc<dyn Raw>)> = None;
        for name in names.iter().filter_map(|name| name.to_str()) {
            let path = folder.join(name);
            let Some((stem, _)) = name.split_once('.') else { continue };
            let file = format!("{INBOX}/{}/{stem}.{ROWS}", source.id);
            if known.iter().any(|k| k.file == file) {
                continue;
            }
            let note = name.strip_suffix(NOTE).and_then(|_| durable::read_to_string(&path).ok());
            let note = note.and_then(|text| serde_json::from_str::<Note>(&text).ok());
            if let Some(note) = note.filter(|n| n.seq == next && n.stream == stream)
                && found.as_ref().is_none_or(|(at, _)| *at <= note.at)
            {
                let arrival = Arrival {
                    seq: note.seq,
                    stream,
                    bookmark: note.bookmark.to_string(),
                    rows: note.rows,
                    at: note.at,
                };
                let raw = InboxRaw::new(source, folder.join(format!("{stem}.{ROWS}")), file, arrival);
                found = Some((note.at, Arc::new(raw)));
                continue;
            }
            let old = durable::metadata(&path).and_then(|m| m.modified());
            if old.is_ok_and(|t| t.elapsed().unwrap_or_default() >= LEFT_ALONE)
                && !name.starts_with(&format!("{next}-"))
            {
                // Best effort: another run may have done it.
                let _ = self.fs.remove(&path);
            }
        }
        Ok(found.map(|(_, raw)| raw))
    }
}

struct Writing {
    fs: Arc<dyn DurableFs>,
    source: Source,
    stream: Hash,
    path: PathBuf,
    name: String,
    note: PathBuf,
    out: GzEncoder<PendingFile>,
    rows: u64,
    seq: u64,
    before: Option<serde_json::Value>,
    newest: Option<Hash>,
}

impl Rows for Writing {
    fn row(&mut self, json: &str) -> Result<(), PortError> {
        self.rows += 1;
        let write = |out: &mut GzEncoder<PendingFile>| {
            out.write_all(json.as_bytes())?;
            out.write_all(b"\n")
        };
        Ok(write(&mut self.out).map_err(io(&self.path, "written"))?)
    }
}

impl Inflow for Writing {
    fn rows(&mut self) -> &mut dyn Rows {
        self
    }

    fn finish(
        self: Box<Self>,
        fetched: Fetched,
        at: i64,
    ) -> Fut<'static, Result<Option<Arc<dyn Raw>>, PortError>> {
        Box::pin(async move { Ok(blocking(move || self.complete(fetched, at)).await??) })
    }
}

impl Writing {
    fn complete(self: Box<Self>, fetched: Fetched, at: i64) -> Result<Option<Arc<dyn Raw>>, LakeError> {
        let stands = self.before.as_ref() == Some(&fetched.bookmark);
        if self.rows == 0 && !fetched.whole && (stands || self.before.is_none()) {
            return Ok(None);
        }
        let Self { fs, source, stream, path, name, note, out, rows, seq, newest, .. } = *self;
        let pending = out.finish().map_err(io(&path, "written"))?;
        // Once more the very same rows are no news, unless fetching has come further with them.
        if newest == Some(pending.content()) && (fetched.whole || stands) {
            return Ok(None);
        }
        let (_, content) = pending.finish().map_err(io(&path, "written"))?;
        let known = Note { seq, stream, content, bookmark: fetched.bookmark, rows, at };
        let text = serde_json::to_vec(&known).map_err(|e| LakeError::Corrupt(e.to_string()))?;
        let mut file = PendingFile::create(&fs, &note).map_err(io(&note, "made"))?;
        file.write_all(&text).and_then(|()| file.finish()).map_err(io(&note, "written"))?;
        let arrival = Arrival { seq, stream, bookmark: known.bookmark.to_string(), rows, at };
        Ok(Some(Arc::new(InboxRaw::new(&source, path, name, arrival))))
    }
}

/// A raw file of the inbox.
struct InboxRaw {
    path: PathBuf,
    name: String,
    unpivot: Option<(Unpivot, Vec<String>)>,
    arrival: Arrival,
}

impl InboxRaw {
    fn new(source: &Source, path: PathBuf, name: String, arrival: Arrival) -> Self {
        let unpivot = source.unpivot.clone().map(|how| (how, source.missing.clone()));
        Self { path, name, unpivot, arrival }
    }
}

impl Raw for InboxRaw {
    fn name(&self) -> &str {
        &self.name
    }

    fn order(&self) -> Order {
        Order { by: "name".to_owned(), value: self.arrival.seq.to_string() }
    }

    fn state(&self) -> Option<RawState> {
        durable::stand(&self.path).map(|(bytes, modified)| RawState { bytes, modified: Some(modified) })
    }

    fn stand(&self) -> Option<Stand> {
        durable::stands(&self.path)
    }

    fn content(&self) -> Result<Hash, PortError> {
        let read = |source| LandError::Read { path: self.name.clone(), source };
        Ok(durable::checksum(&self.path).map_err(read)?)
    }

    /// What was fetched is no file that somebody has renamed.
    fn is_there(&self, _: &str) -> bool {
        true
    }

    fn open(&self) -> Result<Box<dyn BatchReader>, PortError> {
        let lines = Connector::Ndjson { files: String::new() };
        Ok(unpivoted(open(&lines, &self.path, &self.name)?, self.unpivot.as_ref(), &self.name)?)
    }

    fn arrival(&self) -> Option<&Arrival> {
        Some(&self.arrival)
    }
}

/// The row that gives a raw file its place, when it lands for the first time.
pub(crate) async fn place(
    tx: &mut kepi_store::Reading,
    source: &SourceId,
    raw: &dyn Raw,
    (load, content): (&str, Hash),
) -> Result<Option<inbox::Fetched>, LandError> {
    let Some(arrival) = raw.arrival() else { return Ok(None) };
    match inbox::at(tx, source.as_str(), arrival.seq).await? {
        // It lands anew.
        Some(known) if known.file == raw.name() && known.content == content.to_string() => return Ok(None),
        None if inbox::size(tx, source.as_str()).await? + 1 == arrival.seq => {}
        _ => return Err(LandError::Overtaken { path: raw.name().to_owned() }),
    }
    Ok(Some(inbox::Fetched {
        seq: arrival.seq,
        stream: arrival.stream.to_string(),
        load: load.to_owned(),
        file: raw.name().to_owned(),
        content: content.to_string(),
        bookmark: arrival.bookmark.clone(),
        rows: arrival.rows,
        at: arrival.at,
    }))
}
