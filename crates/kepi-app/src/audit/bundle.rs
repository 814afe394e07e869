//! A bundle: everything somebody needs who verifies the log without Kepi and without its database.

use std::{
    fs::{self, File},
    io::{self, BufWriter, Write as _},
    path::{Path, PathBuf},
};

use kepi_proof::{Checkpoint, canonical};
use kepi_store::{EventFilter, Store};
use serde::Serialize;
use serde_json::json;

use super::custody::Custody;
use crate::error::AppError;

/// How many events or texts are read at once.
const CHUNK: u32 = 1000;
/// The verifier that goes with it, written for nothing but Python.
const VERIFIER: &str = include_str!("../../../../scripts/verify_audit.py");

/// What a bundle holds.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Exported {
    /// Its folder.
    pub folder: PathBuf,
    /// The name of the log.
    pub log: String,
    /// How many events.
    pub events: u64,
    /// How many signed checkpoints.
    pub checkpoints: usize,
    /// How many of the events the longest of them covers.
    pub covered: u64,
    /// How many texts; none: they were left out.
    pub texts: Option<u64>,
}

/// Writes a bundle into a folder that is new or empty.
///
/// # Errors
/// The folder holds something, or the database or the disk refuses.
pub async fn export(store: &Store, custody: &Custody, to: &Path, texts: bool) -> Result<Exported, AppError> {
    let failed = |path: &Path| {
        let path = path.to_owned();
        move |source| AppError::File { path, doing: "written", source }
    };
    fs::create_dir_all(to).map_err(failed(to))?;
    if fs::read_dir(to).map_err(failed(to))?.next().is_some() {
        let text =
            format!("`{}` holds something already; a bundle is written into a new folder", to.display());
        return Err(AppError::NotFound(text));
    }
    let now = store.checkpoint().await?;
    let path = to.join("events.ndjson");
    let mut file = Lines::create(&path).map_err(failed(&path))?;
    let mut seen = 0;
    while seen < now.size {
        let filter = EventFilter { after: Some(seen), limit: Some(CHUNK), ..EventFilter::default() };
        let events = store.events(&filter).await?;
        let Some(last) = events.last() else { break };
        for event in events.iter().take_while(|event| event.seq <= now.size) {
            let corrupt = |e: kepi_govern::wire::Unreadable| AppError::Corrupt {
                what: "an event",
                reason: e.to_string(),
            };
            file.line(&event.line().map_err(corrupt)?).map_err(failed(&path))?;
        }
        seen = last.seq;
    }
    file.finish().map_err(failed(&path))?;
    let mut written = None;
    if texts {
        written = Some(write_texts(store, &to.join("texts.ndjson")).await?);
    }
    let known = custody.known()?;
    let notes: Vec<String> = store
        .checkpoints()
        .await?
        .into_iter()
        .filter(|note| size(note).is_none_or(|n| n <= now.size))
        .collect();
    let covered = notes.iter().filter_map(|note| Checkpoint::open(note, &known).ok()).map(|c| c.size).max();
    let keys: String = known.iter().map(|key| format!("{key}\n")).collect();
    for (name, text) in [
        ("checkpoints", notes.iter().map(|note| format!("{note}\n")).collect()),
        ("log.pub", keys),
        ("verify.py", VERIFIER.to_owned()),
    ] {
        let path = to.join(name);
        fs::write(&path, text).map_err(failed(&path))?;
    }
    Ok(Exported {
        folder: to.to_owned(),
        log: now.origin,
        events: now.size,
        checkpoints: notes.len(),
        covered: covered.unwrap_or(0),
        texts: written,
    })
}

fn size(note: &str) -> Option<u64> {
    Checkpoint::read(note).ok().map(|checkpoint| checkpoint.size)
}

async fn write_texts(store: &Store, path: &Path) -> Result<u64, AppError> {
    let failed = |source| AppError::File { path: path.to_owned(), doing: "written", source };
    let mut file = Lines::create(path).map_err(failed)?;
    let (mut seen, mut count) = (String::new(), 0);
    loop {
        let texts = store.texts_after(&seen, CHUNK).await?;
        let Some((last, ..)) = texts.last() else { break };
        seen = last.clone();
        for (commitment, salt, text) in &texts {
            let line = canonical(&json!({"commitment": commitment, "salt": salt, "text": text}));
            let corrupt =
                |e: kepi_proof::NotCanonical| AppError::Corrupt { what: "a text", reason: e.to_string() };
            file.line(&line.map_err(corrupt)?).map_err(failed)?;
            count += 1;
        }
    }
    file.finish().map_err(failed)?;
    Ok(count)
}

/// A file of lines.
struct Lines(BufWriter<File>);

impl Lines {
    fn create(path: &Path) -> io::Result<Self> {
        Ok(Self(BufWriter::new(File::create(path)?)))
    }

    fn line(&mut self, text: &str) -> io::Result<()> {
        writeln!(self.0, "{text}")
    }

    fn finish(mut self) -> io::Result<()> {
        self.0.flush()?;
        self.0.get_ref().sync_all()
    }
}
