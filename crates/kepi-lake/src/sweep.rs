//! Removing files that no snapshot names: what a broken-off landing left behind.

use std::{collections::HashSet, path::PathBuf, time::Duration};

use crate::{
    LocalLake,
    catalogue::{ALL_FILES, read_files},
    durable::{self, UNFINISHED},
    error::LakeError,
};

impl LocalLake {
    /// Removes files in the lake's folder that no snapshot names and that were last written at least `age` ago, so
    /// that landings under way are left alone; returns them. Safe beside other processes: it holds the write lock, and
    /// a landing whose file is swept all the same finds out before it commits and starts anew.
    ///
    /// # Errors
    /// The database or the file system refused.
    pub async fn sweep_orphans(&self, age: Duration) -> Result<Vec<PathBuf>, LakeError> {
        let mut tx = self.catalogue.store.begin().await?;
        let named: HashSet<PathBuf> = read_files(tx.raw(), &self.catalogue.data, ALL_FILES, 0, 0)
            .await?
            .into_iter()
            .map(|f| f.path)
            .collect();
        let mut found = Vec::new();
        let folder = self.catalogue.data.join("main");
        durable::list(&folder, &mut found).map_err(|source| LakeError::Io {
            path: folder,
            doing: "listed",
            source,
        })?;
        let mut swept = Vec::new();
        for path in found {
            let ours = path.extension().is_some_and(|e| e == "parquet" || e == UNFINISHED);
            let old = durable::metadata(&path)
                .and_then(|m| m.modified())
                .is_ok_and(|t| t.elapsed().unwrap_or_default() >= age);
            if ours && old && !named.contains(&path) {
                match self.fs.remove(&path) {
                    Ok(()) => swept.push(path),
                    // Its landing has ended meanwhile and renamed or removed it.
                    Err(e) if e.kind() == std::io::ErrorKind::NotFound => {}
                    Err(source) => return Err(LakeError::Io { path, doing: "removed", source }),
                }
            }
        }
        drop(tx);
        Ok(swept)
    }
}
