//! Whether the data files are still what was written: there, as long, and with the same bytes.

use std::sync::Arc;

use kepi_model::id::Hash;
use kepi_query::port::SnapshotId;
use kepi_store::catalogue;

use crate::{
    catalogue::{Catalogue, DataFile},
    durable::{blocking, damage_of},
    error::{Damage, DamagedFile, LakeError},
    shared::{Shared, Wanted},
};

/// What a verification found.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Verified {
    /// Files compared with their checksums.
    pub files: u64,
    /// Bytes read.
    pub bytes: u64,
    /// Files of which only the length is known: others wrote them, or an earlier version of kepi.
    pub without_checksum: u64,
    /// Files that are not as they were written.
    pub damaged: Vec<DamagedFile>,
}

impl Catalogue {
    /// Every file of every snapshot that is not there with its recorded length.
    pub async fn damage(&self) -> Result<Vec<DamagedFile>, LakeError> {
        let files = catalogue::files(&mut self.store.read().await?).await?;
        if let Some(shared) = &self.shared {
            return self.damage_there(shared, files).await;
        }
        let damaged = |file: DataFile| damage_of(&file.path, file.bytes, None).map(|damage| of(file, damage));
        Ok(files.into_iter().filter_map(|file| damaged(self.place(file))).collect())
    }

    /// The same where machines share them: what the bucket does not have.
    async fn damage_there(
        &self,
        shared: &Arc<Shared>,
        files: Vec<catalogue::DataFile>,
    ) -> Result<Vec<DamagedFile>, LakeError> {
        let shared = Arc::clone(shared);
        let files: Vec<_> = files.into_iter().map(|file| (self.data.join(file.path), file.bytes)).collect();
        blocking(move || shared.damage(&files)).await?
    }

    /// Reads every file of a snapshot, or of all, and compares it with what was recorded when it was written.
    pub async fn verify(&self, snapshot: Option<SnapshotId>) -> Result<Verified, LakeError> {
        let files = catalogue::checksummed(&mut self.store.read().await?, snapshot.map(|s| s.0)).await?;
        let files: Vec<_> = files.into_iter().map(|(file, written)| (self.place(file), written)).collect();
        let lost = match (&self.shared, snapshot) {
            // What is here may be a copy of what the bucket has lost.
            (Some(_), None) => self.damage().await?,
            _ => Vec::new(),
        };
        let wanted =
            |(file, checksum): &(DataFile, Option<Hash>)| Wanted { checksum: *checksum, ..file.wanted() };
        self.bring(files.iter().map(wanted).collect()).await?;
        let shared = self.shared.clone();
        blocking(move || {
            let mut verified = Verified::default();
            for (file, written) in files {
                match written {
                    Some(_) => {
                        verified.files += 1;
                        verified.bytes += file.bytes;
                    }
                    None => verified.without_checksum += 1,
                }
                let damage = match &shared {
                    Some(_) if lost.iter().any(|lost| lost.path == file.path) => continue,
                    Some(shared) => shared.damage_of(&wanted(&(file.clone(), written)))?,
                    None => damage_of(&file.path, file.bytes, written),
                };
                if let Some(damage) = damage {
                    verified.damaged.push(of(file, damage));
                }
            }
            verified.damaged.extend(lost);
            Ok(verified)
        })
        .await?
    }
}

fn of(file: DataFile, damage: Damage) -> DamagedFile {
    DamagedFile { path: file.path, damage }
}
