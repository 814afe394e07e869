//! Copies of objects of elsewhere, kept in the inbox: they land as local files do, known by their bytes.
//!
//! A copy is what the note beside it says: first the bytes are on the disk, under a name that no other copy has, then the
//! note takes the place of the one before, in one step. Keys of objects are no names of files here: they may be anything.

use std::{
    collections::{BTreeMap, BTreeSet},
    io::{self, Write},
    path::{Path, PathBuf},
    sync::Arc,
};

use glob::{MatchOptions, Pattern};
use kepi_model::{id::Hash, project::Source};
use kepi_query::landing::{Copies, Copying, Offer, PortError, Raw, Stamp};
use serde::{Deserialize, Serialize};

use crate::{
    LocalLake,
    connector::{Copy, offer},
    durable::{self, DurableFs, PendingFile, create_folder_durably},
    error::{LakeError, LandError},
    folders::{COPY_NEW as NEW, COPY_NOTE as NOTE},
    inbox::{INBOX, LEFT_ALONE},
};

/// Ending of copies.
const BYTES: &str = "copy";

/// A raw file, and what of it lies below the lake's folder.
pub(crate) type WithFiles = (Arc<dyn Raw>, Vec<String>);

/// What is known of a copy.
#[derive(Debug, Clone, Serialize, Deserialize)]
struct Note {
    /// The key of the object.
    name: String,
    stamp: Stamp,
    /// The file that holds its bytes.
    file: String,
    /// When it was last written at the other side, in seconds since 1970.
    modified: Option<i64>,
}

fn io(path: &Path, doing: &'static str) -> impl FnOnce(io::Error) -> LakeError {
    move |source| LakeError::Io { path: path.to_owned(), doing, source }
}

impl LocalLake {
    /// Where copies of a source lie, those of every connection for themselves, and the pattern of its objects.
    fn objects_of(&self, source: &Source) -> Result<(PathBuf, String, Pattern), LandError> {
        let why = || LandError::Definition(source.id.to_string(), "nothing of it is copied".to_owned());
        let (connection, keys) = source.from.objects().ok_or_else(why)?;
        let misfit =
            |e: glob::PatternError| LandError::Pattern { pattern: keys.to_owned(), reason: e.to_string() };
        let pattern = Pattern::new(keys).map_err(misfit)?;
        let folder = self.catalogue.data.join(INBOX).join(source.id.as_str()).join(connection.as_str());
        Ok((folder, connection.to_string(), pattern))
    }

    /// What was copied, as connections and sources see it.
    pub(crate) fn copies_of(&self, source: &Source) -> Result<Box<dyn Copies>, LandError> {
        let (folder, ..) = self.objects_of(source)?;
        self.mirror(&folder)?;
        create_folder_durably(self.fs.as_ref(), &folder).map_err(io(&folder, "made"))?;
        Ok(Box::new(Kept { fs: Arc::clone(&self.fs), notes: notes(&folder)?, folder }))
    }

    /// What was copied, each with the files of it below the lake's folder.
    pub(crate) fn copies_with_files(&self, source: &Source) -> Result<Vec<WithFiles>, LandError> {
        let (folder, connection, _) = self.objects_of(source)?;
        self.mirror(&folder)?;
        let notes = notes(&folder)?;
        if notes.is_empty() {
            return Ok(Vec::new());
        }
        let below = format!("{INBOX}/{}/{connection}", source.id);
        let files = |raw: Arc<dyn Raw>| {
            let key = raw.name().strip_prefix(&format!("{connection}:")).unwrap_or_default().to_owned();
            let bytes = notes.get(&key).map(|note| note.file.clone()).unwrap_or_default();
            (raw, vec![format!("{below}/{bytes}"), format!("{below}/{}.{NOTE}", stem(&key))])
        };
        Ok(self.offer_copies(source)?.raw.into_iter().map(files).collect())
    }

    /// What was copied, in the order in which it lands.
    pub(crate) fn offer_copies(&self, source: &Source) -> Result<Offer, LandError> {
        let (folder, connection, pattern) = self.objects_of(source)?;
        self.mirror(&folder)?;
        let mut notes = notes(&folder)?;
        notes.retain(|name, _| matches(&pattern, name));
        if notes.is_empty() {
            let pattern = source.from.files().unwrap_or_default().to_owned();
            return Err(LandError::NoObject { pattern, connection });
        }
        let there: Arc<BTreeSet<String>> =
            Arc::new(notes.keys().map(|key| format!("{connection}:{key}")).collect());
        let raw = notes.into_values().map(|note| Copy {
            name: format!("{connection}:{}", note.name),
            path: folder.join(&note.file),
            modified: note.modified.and_then(|s| s.checked_mul(1_000_000_000)),
            there: Arc::clone(&there),
        });
        Ok(offer(source, raw))
    }
}

/// Whether a key is one of a pattern: `*` stays between two `/`.
fn matches(pattern: &Pattern, key: &str) -> bool {
    let options = MatchOptions { require_literal_separator: true, ..MatchOptions::default() };
    pattern.matches_with(key, options)
}

/// The notes in a folder by the keys of their objects.
fn notes(folder: &Path) -> Result<BTreeMap<String, Note>, LakeError> {
    let names = match durable::names(folder) {
        Ok(names) => names,
        Err(e) if e.kind() == io::ErrorKind::NotFound => return Ok(BTreeMap::new()),
        Err(e) => return Err(io(folder, "listed")(e)),
    };
    let mut notes = BTreeMap::new();
    for name in names.iter().map(Path::new).filter(|n| n.extension().is_some_and(|e| e == NOTE)) {
        let text = durable::read_to_string(&folder.join(name)).map_err(io(folder, "read"))?;
        // A note that cannot be read is none: its object is copied anew.
        let Ok(note) = serde_json::from_str::<Note>(&text) else { continue };
        if durable::metadata(&folder.join(&note.file)).is_ok_and(|m| m.len() == note.stamp.bytes) {
            notes.insert(note.name.clone(), note);
        }
    }
    Ok(notes)
}

/// What the files of an object are called.
fn stem(name: &str) -> String {
    Hash::of(name.as_bytes()).to_string().chars().take(32).collect()
}

struct Kept {
    fs: Arc<dyn DurableFs>,
    folder: PathBuf,
    notes: BTreeMap<String, Note>,
}

impl Copies for Kept {
    fn known(&self, name: &str) -> Option<&Stamp> {
        self.notes.get(name).map(|note| &note.stamp)
    }

    fn begin(&self, name: &str) -> Result<Box<dyn Copying>, PortError> {
        let unique = uuid::Uuid::new_v4().simple().to_string();
        let file = format!("{}-{}.{BYTES}", stem(name), unique.get(..8).unwrap_or_default());
        let path = self.folder.join(&file);
        let out = PendingFile::create(&self.fs, &path).map_err(io(&path, "made"))?;
        Ok(Box::new(Begun {
            fs: Arc::clone(&self.fs),
            note: self.folder.join(format!("{}.{NOTE}", stem(name))),
            before: self.notes.get(name).map(|note| self.folder.join(&note.file)),
            name: name.to_owned(),
            folder: self.folder.clone(),
            file,
            out,
        }))
    }

    fn retain(&mut self, names: &BTreeSet<String>) -> Result<(), PortError> {
        let gone: Vec<Note> =
            self.notes.values().filter(|note| !names.contains(&note.name)).cloned().collect();
        for Note { name, file, .. } in gone {
            for path in [format!("{}.{NOTE}", stem(&name)), file].map(|file| self.folder.join(file)) {
                match self.fs.remove(&path) {
                    // Another run has done it.
                    Err(e) if e.kind() == io::ErrorKind::NotFound => {}
                    removed => removed.map_err(io(&path, "removed"))?,
                }
            }
            self.notes.remove(&name);
        }
        // Bytes without a note: what broke off.
        let needed: BTreeSet<&str> = self.notes.values().map(|note| note.file.as_str()).collect();
        for file in durable::names(&self.folder).map_err(io(&self.folder, "listed"))? {
            let path = self.folder.join(&file);
            let ours = path.extension().is_some_and(|e| e == BYTES || e == NEW);
            let written = durable::metadata(&path).and_then(|m| m.modified());
            let rests = written.is_ok_and(|t| t.elapsed().unwrap_or_default() >= LEFT_ALONE);
            if ours && rests && file.to_str().is_none_or(|file| !needed.contains(file)) {
                // Best effort: another run may have done it.
                let _ = self.fs.remove(&path);
            }
        }
        Ok(())
    }
}

struct Begun {
    fs: Arc<dyn DurableFs>,
    name: String,
    folder: PathBuf,
    file: String,
    note: PathBuf,
    /// The bytes of the copy before.
    before: Option<PathBuf>,
    out: PendingFile,
}

impl Write for Begun {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.out.write(bytes)
    }
    fn flush(&mut self) -> io::Result<()> {
        self.out.flush()
    }
}

impl Copying for Begun {
    fn finish(self: Box<Self>, stamp: Stamp, modified: Option<i64>) -> Result<(), PortError> {
        let Self { fs, name, folder, file, note, before, out } = *self;
        let path = folder.join(&file);
        out.finish().map_err(io(&path, "written"))?;
        let text = serde_json::to_vec(&Note { name, stamp, file, modified });
        let text = text.map_err(|e| LakeError::Corrupt(e.to_string()))?;
        // Written under a name of its own, so that one that broke off is in nobody's way.
        let beside = path.with_extension(NEW);
        let mut new = PendingFile::create(&fs, &beside).map_err(io(&beside, "made"))?;
        new.write_all(&text).and_then(|()| new.finish()).map_err(io(&beside, "written"))?;
        fs.rename(&beside, &note).and_then(|()| fs.sync_folder(&folder)).map_err(io(&note, "written"))?;
        if let Some(before) = before {
            // Best effort: what stays behind is removed when it has rested for a day.
            let _ = fs.remove(&before);
        }
        Ok(())
    }
}
