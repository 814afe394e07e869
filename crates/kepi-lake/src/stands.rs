//! Raw files that were read, by how they stand: what is as it was when it was hashed is not read again to see that it has landed.
//!
//! A cache: what is lost of it costs reading. It is asked only whether a file has landed; what lands is read.

use std::{
    collections::{BTreeMap, BTreeSet},
    path::{Path, PathBuf},
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use kepi_model::id::{Hash, SourceId};
use kepi_query::landing::{PortError, Raw, Stand};
use serde::{Deserialize, Serialize};

use crate::durable;

/// The record, in the lake's folder.
const RECORD: &str = "landed";
/// Counted up when the record changes its form.
const FORM: u32 = 1;
/// What was written so shortly before it was read may be written again without that its times show it: those of some file systems are
/// as coarse as two seconds, and their clock is another one than ours.
pub(crate) const SETTLED: Duration = Duration::from_secs(10);

/// A raw file as it stood, and what it held.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
struct Known {
    stand: Stand,
    content: Hash,
}

/// By source and name.
type All = BTreeMap<SourceId, BTreeMap<String, Known>>;

/// What is kept.
#[derive(Serialize, Deserialize)]
struct Record {
    form: u32,
    known: All,
}

/// Raw files that were read.
#[derive(Debug)]
pub(crate) struct Stands {
    path: PathBuf,
    /// How long a file has stood when it is known by how it stands.
    pub settled: Duration,
    /// Whether every file is read, whatever is known of it.
    reads_all: bool,
    known: Mutex<Option<Kept>>,
}

/// What is known, and whether that was written down.
#[derive(Debug, Default)]
struct Kept {
    all: All,
    is_new: bool,
}

impl Stands {
    pub fn new(data: &Path, settled: Duration, reads_all: bool) -> Self {
        Self { path: data.join(RECORD), settled, reads_all, known: Mutex::default() }
    }

    fn with<T>(&self, see: impl FnOnce(&mut Kept) -> T) -> T {
        let mut kept = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        see(kept.get_or_insert_with(|| Kept { all: read(&self.path).unwrap_or_default(), is_new: false }))
    }

    /// What a raw file held when it stood as it does now; none: it is to be read.
    pub fn known(&self, source: &SourceId, raw: &dyn Raw) -> Option<Hash> {
        let stand = raw.stand().filter(|_| !self.reads_all)?;
        self.with(|kept| {
            let known = kept.all.get(source)?.get(raw.name())?;
            (known.stand == stand).then_some(known.content)
        })
    }

    /// Reads what a raw file holds, and remembers it if it has stood for a while and still does. Blocks.
    pub fn read(&self, source: &SourceId, raw: &Arc<dyn Raw>) -> Result<Hash, PortError> {
        let (stand, now) = (raw.stand(), now());
        let content = raw.content()?;
        let stand = stand.filter(|stand| stand.has_stood(now, self.settled) && raw.stand() == Some(*stand));
        self.with(|kept| {
            let of_source = kept.all.entry(source.clone()).or_default();
            let was = match stand {
                Some(stand) => of_source.insert(raw.name().to_owned(), Known { stand, content }),
                None => of_source.remove(raw.name()),
            };
            kept.is_new |= was != stand.map(|stand| Known { stand, content });
        });
        Ok(content)
    }

    /// Writes down what is new, without files that a source has no longer. Blocks.
    pub fn keep(&self, source: &SourceId, raw: &[Arc<dyn Raw>]) {
        self.with(|kept| {
            if !kept.is_new {
                return;
            }
            let names: BTreeSet<&str> = raw.iter().map(|raw| raw.name()).collect();
            if let (Some(of_source), Some(first)) = (kept.all.get_mut(source), raw.first()) {
                of_source.retain(|name, _| names.contains(name.as_str()) || first.is_there(name));
            }
            let record = Record { form: FORM, known: std::mem::take(&mut kept.all) };
            let written = serde_json::to_vec(&record).map_err(std::io::Error::other);
            let written = written.and_then(|text| durable::replace(&self.path, &text));
            kept.all = record.known;
            match written {
                Ok(()) => kept.is_new = false,
                Err(error) => tracing::debug!(%error, "which raw files were read is not kept"),
            }
        });
    }
}

fn read(path: &Path) -> Option<All> {
    let record: Record = serde_json::from_slice(&durable::read(path).ok()?).ok()?;
    (record.form == FORM).then_some(record.known)
}

/// In ns since 1970.
fn now() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_nanos()).unwrap_or(i64::MAX)
}
