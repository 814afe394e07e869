//! Files of the project's folder as what sources have to land: a local file is its own raw file.

use std::{
    collections::BTreeSet,
    path::{Path, PathBuf},
    sync::Arc,
    time::UNIX_EPOCH,
};

use kepi_model::{
    id::Hash,
    project::{Connector, FileOrder, Source, Unpivot},
};
use kepi_query::landing::{
    Batch, BatchReader, Offer, Order, PortError, Raw, RawState, Sources, Stand, natural,
};

use super::{
    open, unpivoted,
    walk::{Walked, walk},
};
use crate::{durable, error::LandError, mapping::spelt};

/// The sources of a project: their files are below its folder.
#[derive(Debug, Clone)]
pub struct FileSources {
    root: PathBuf,
}

impl FileSources {
    /// The sources of the project in the folder `root`.
    pub fn new(root: &Path) -> Self {
        Self { root: std::path::absolute(root).unwrap_or_else(|_| root.to_owned()) }
    }

    /// One file of a source, whether its pattern matches it or not.
    pub fn file(&self, source: &Source, path: &Path) -> Arc<dyn Raw> {
        let path = self.root.join(path);
        let name = path.strip_prefix(&self.root).unwrap_or(&path).to_string_lossy().replace('\\', "/");
        Arc::new(RawFile::new(source, path, name, Others::Below(self.root.clone())))
    }

    fn find(&self, pattern: &str) -> Result<Walked, LandError> {
        walk(&self.root, pattern).map_err(|reason| LandError::Pattern { pattern: pattern.to_owned(), reason })
    }
}

impl Sources for FileSources {
    fn offered(&self, source: &Source) -> Result<Offer, PortError> {
        // What is fetched or copied lies in the inbox.
        let pattern = source.from.files().filter(|_| source.from.objects().is_none());
        let Some(pattern) = pattern else { return Ok(Offer::default()) };
        let Walked { mut files, unreadable } = self.find(pattern)?;
        files.sort();
        if files.is_empty() && unreadable.is_empty() {
            let pattern = pattern.to_owned();
            return Err(LandError::NoMatch { pattern, root: self.root.display().to_string() }.into());
        }
        Ok(Offer {
            raw: in_order(files.iter().map(|path| self.file(source, path))),
            unreadable: unreadable.into_iter().map(|(path, error)| (path, error.into())).collect(),
        })
    }

    fn matching(&self, pattern: &str) -> usize {
        self.find(pattern).map_or(0, |found| found.files.len())
    }
}

/// In the order in which they land.
fn in_order(raw: impl Iterator<Item = Arc<dyn Raw>>) -> Vec<Arc<dyn Raw>> {
    let mut raw: Vec<(Order, Arc<dyn Raw>)> = raw.map(|raw| (raw.order(), raw)).collect();
    raw.sort_by(|(a, x), (b, y)| natural(&a.value, &b.value).then_with(|| natural(x.name(), y.name())));
    raw.into_iter().map(|(_, raw)| raw).collect()
}

/// A copy of an object of elsewhere.
pub(crate) struct Copy {
    /// Its connection and key.
    pub name: String,
    /// Where its bytes are.
    pub path: PathBuf,
    /// When the object was last written, in ns since 1970.
    pub modified: Option<i64>,
    /// All objects of the source that are there.
    pub there: Arc<BTreeSet<String>>,
}

/// Copies as what a source has to land.
pub(crate) fn offer(source: &Source, copies: impl Iterator<Item = Copy>) -> Offer {
    let raw = copies.map(|Copy { name, path, modified, there }| -> Arc<dyn Raw> {
        Arc::new(RawFile::new(source, path, name, Others::Copied { there, modified }))
    });
    Offer { raw: in_order(raw), unreadable: Vec::new() }
}

/// What else a source has.
enum Others {
    /// Files below a folder.
    Below(PathBuf),
    /// These objects; this one was last written then, in ns since 1970.
    Copied { there: Arc<BTreeSet<String>>, modified: Option<i64> },
}

struct RawFile {
    others: Others,
    from: Connector,
    /// Columns that become rows, and texts that mean "no value".
    unpivot: Option<(Unpivot, Vec<String>)>,
    path: PathBuf,
    name: String,
    by: FileOrder,
}

impl RawFile {
    fn new(source: &Source, path: PathBuf, name: String, others: Others) -> Self {
        Self {
            others,
            from: source.from.clone(),
            unpivot: source.unpivot.clone().map(|how| (how, source.missing.clone())),
            path,
            name,
            by: source.order.clone(),
        }
    }

    /// What a column says in the first row; nothing where there is none: landing says why.
    fn first(&self, column: &str) -> Option<String> {
        let mut reader = open(&self.from, &self.path, &self.name).ok()?;
        let at = reader.bind(column).ok()?;
        let mut batch = Batch::default();
        reader.next(&mut batch).ok()?;
        spelt(batch.cells.get(at)?, 0)
    }
}

impl Raw for RawFile {
    fn name(&self) -> &str {
        &self.name
    }

    fn is_there(&self, name: &str) -> bool {
        match &self.others {
            Others::Below(root) => durable::metadata(&root.join(name)).is_ok_and(|m| m.is_file()),
            Others::Copied { there, .. } => there.contains(name),
        }
    }

    fn order(&self) -> Order {
        let value = match &self.by {
            FileOrder::Name => self.name.clone(),
            FileOrder::Modified => {
                let modified = match &self.others {
                    Others::Below(_) => self.state().and_then(|s| s.modified),
                    Others::Copied { modified, .. } => *modified,
                };
                let modified = modified.unwrap_or(0);
                format!("{:020}", modified.max(0))
            }
            FileOrder::Column(column) => self.first(column).unwrap_or_default(),
        };
        Order { by: self.by.to_string(), value }
    }

    fn state(&self) -> Option<RawState> {
        let found = durable::metadata(&self.path).ok()?;
        let modified = found.modified().ok().and_then(|t| t.duration_since(UNIX_EPOCH).ok());
        Some(RawState {
            bytes: found.len(),
            modified: modified.and_then(|t| i64::try_from(t.as_nanos()).ok()),
        })
    }

    fn stand(&self) -> Option<Stand> {
        durable::stands(&self.path)
    }

    fn content(&self) -> Result<Hash, PortError> {
        Ok(durable::checksum(&self.path).map_err(|source| match source.kind() {
            std::io::ErrorKind::NotFound => LandError::NoFile { path: self.name.clone() },
            _ => LandError::Read { path: self.name.clone(), source },
        })?)
    }

    fn open(&self) -> Result<Box<dyn BatchReader>, PortError> {
        let reader = open(&self.from, &self.path, &self.name)?;
        Ok(unpivoted(reader, self.unpivot.as_ref(), &self.name)?)
    }
}
