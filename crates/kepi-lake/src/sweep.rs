//! Removing files that no snapshot names: what a broken-off landing left behind.

use std::{
    collections::HashSet,
    path::{Path, PathBuf},
    sync::atomic::Ordering,
    time::Duration,
};

use kepi_store::Reading;

use crate::{
    LocalLake,
    durable::{self, UNFINISHED, blocking},
    error::LakeError,
    shared,
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
        let there = self.there(age).await?;
        let known = named(&mut self.catalogue.store.read().await?, data).await?;
        found.retain(|path| {
            let ours = path.extension().is_some_and(|e| e == "parquet" || e == UNFINISHED);
            ours && !known.contains(path) && last_written_before(path, age)
        });
        let here: HashSet<PathBuf> = found.iter().cloned().collect();
        found.extend(there.into_iter().filter(|path| !known.contains(path) && !here.contains(path)));
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

    /// Files of that age in the bucket, where machines share them. They are listed once a process, for that costs a request, and whenever
    /// age is no matter.
    async fn there(&self, age: Duration) -> Result<Vec<PathBuf>, LakeError> {
        let Some(shared) = &self.catalogue.shared else { return Ok(Vec::new()) };
        if !age.is_zero() && self.listed.swap(true, Ordering::Relaxed) {
            return Ok(Vec::new());
        }
        let shared = std::sync::Arc::clone(shared);
        let there = blocking(move || shared.data_files()).await??;
        Ok(there.into_iter().filter(|(_, (_, of))| *of >= age).map(|(path, _)| path).collect())
    }
}

/// Files that the database names.
async fn named(reading: &mut Reading, data: &Path) -> Result<HashSet<PathBuf>, LakeError> {
    Ok(shared::named(reading, data).await?.into_iter().map(|(path, _)| path).collect())
}

fn last_written_before(path: &Path, age: Duration) -> bool {
    let written = durable::metadata(path).and_then(|m| m.modified());
    written.is_ok_and(|t| t.elapsed().unwrap_or_default() >= age)
}
