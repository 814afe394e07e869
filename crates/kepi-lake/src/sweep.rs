//! Removing files that no snapshot names: what a broken-off landing left behind.

use std::{
    collections::HashSet,
    path::{Path, PathBuf},
    time::Duration,
};

use kepi_store::{Reading, catalogue};

use crate::{
    LocalLake,
    durable::{self, UNFINISHED},
    error::LakeError,
    published,
};

impl LocalLake {
    /// Removes files in the lake's folder that no snapshot names and that were last written at least `age` ago, so
    /// that landings under way are left alone; returns them. Safe beside other processes: it removes under the write
    /// lock, and a landing whose file is swept all the same finds out before it commits and starts anew.
    ///
    /// # Errors
    /// The database or the file system refused.
    pub async fn sweep_orphans(&self, age: Duration) -> Result<Vec<PathBuf>, LakeError> {
        let data = &self.catalogue.data;
        let mut found = Vec::new();
        durable::list(data, &mut found).map_err(|source| LakeError::Io {
            path: data.clone(),
            doing: "listed",
            source,
        })?;
        let known = named(&mut self.catalogue.store.read().await?, data).await?;
        found.retain(|path| {
            let ours = path.extension().is_some_and(|e| e == "parquet" || e == UNFINISHED);
            ours && !known.contains(path) && last_written_before(path, age)
        });
        if found.is_empty() {
            return Ok(found);
        }
        // A landing may have named one of them meanwhile; from here on none can.
        let mut tx = self.catalogue.store.begin().await?;
        let known = named(&mut tx, data).await?;
        let mut swept = Vec::new();
        for path in found.into_iter().filter(|path| !known.contains(path)) {
            match self.fs.remove(&path) {
                Ok(()) => swept.push(path),
                // Its landing has ended meanwhile and renamed or removed it.
                Err(e) if e.kind() == std::io::ErrorKind::NotFound => {}
                Err(source) => return Err(LakeError::Io { path, doing: "removed", source }),
            }
        }
        drop(tx);
        Ok(swept)
    }
}

/// Files that the catalogue names, and those of newest rows, which it does not.
async fn named(reading: &mut Reading, data: &Path) -> Result<HashSet<PathBuf>, LakeError> {
    let files = catalogue::files(reading).await?;
    let mut named: HashSet<PathBuf> = files.into_iter().map(|f| data.join(f.path)).collect();
    named.extend(published::newest_paths(reading, data).await?);
    Ok(named)
}

fn last_written_before(path: &Path, age: Duration) -> bool {
    let written = durable::metadata(path).and_then(|m| m.modified());
    written.is_ok_and(|t| t.elapsed().unwrap_or_default() >= age)
}
