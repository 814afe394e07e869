//! What is kept between runs, states and rows that were made, in a folder beside the data files: a cache, made anew by the next run where
//! anything is missing or damaged.

use std::{
    path::{Path, PathBuf},
    time::Duration,
};

use kepi_model::id::Hash;
use kepi_query::kept::Shelf;
use uuid::Uuid;

use crate::durable;

/// Ending of its files.
const ENDING: &str = "states";

/// How folders of passing shelves begin.
const PASSING: &str = "passing-";

/// A passing shelf that was not looked after for so long is one of a process that died.
const LEFT_BEHIND: Duration = Duration::from_secs(24 * 3600);

/// States in a folder.
#[derive(Debug)]
pub struct FolderShelf {
    folder: PathBuf,
    passing: bool,
}

impl FolderShelf {
    /// In the lake's folder `data`.
    pub fn in_lake(data: &Path) -> Self {
        Self { folder: data.join("states"), passing: false }
    }

    fn file(&self, name: &str) -> PathBuf {
        self.folder.join(format!("{name}.{ENDING}"))
    }
}

impl Shelf for FolderShelf {
    fn names(&self) -> Vec<String> {
        let names = durable::names(&self.folder).unwrap_or_default();
        let name = |file: std::ffi::OsString| {
            Some(file.to_str()?.strip_suffix(ENDING)?.strip_suffix('.')?.to_owned())
        };
        names.into_iter().filter_map(name).collect()
    }

    fn read(&self, name: &str) -> Option<Vec<u8>> {
        durable::read(&self.file(name)).ok()
    }

    fn begin(&self, name: &str, bytes: usize) -> Option<Vec<u8>> {
        durable::begin(&self.file(name), bytes).ok()
    }

    fn write(&self, name: &str, bytes: &[u8]) {
        let written =
            durable::make_folder(&self.folder).and_then(|()| durable::replace(&self.file(name), bytes));
        if let Err(why) = written {
            tracing::warn!(name, %why, "states could not be kept: the next run measures them again");
        }
    }

    fn remove(&self, name: &str) {
        if let Err(why) = durable::remove(&self.file(name)) {
            tracing::debug!(name, %why, "states that nobody needs stay");
        }
    }

    fn path(&self, name: &str) -> String {
        self.file(name).display().to_string()
    }

    fn content(&self, name: &str) -> Option<Hash> {
        durable::checksum(&self.file(name)).ok()
    }

    fn passing(&self) -> Box<dyn Shelf> {
        self.clear_away();
        let folder = self.folder.join(format!("{PASSING}{}", Uuid::new_v4()));
        Box::new(Self { folder, passing: true })
    }
}

impl FolderShelf {
    /// Removes passing shelves of processes that died.
    fn clear_away(&self) {
        for name in durable::names(&self.folder).unwrap_or_default() {
            let of = self.folder.join(&name);
            let stood = durable::metadata(&of).and_then(|of| of.modified()).ok();
            let stood = stood.and_then(|at| at.elapsed().ok()).unwrap_or_default();
            if name.to_string_lossy().starts_with(PASSING) && stood > LEFT_BEHIND {
                let _ = durable::remove_folder(&of);
            }
        }
    }
}

impl Drop for FolderShelf {
    fn drop(&mut self) {
        if self.passing {
            // Mostly nothing was put there.
            let _ = durable::remove_folder(&self.folder);
        }
    }
}
