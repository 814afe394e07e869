//! Whether the data files are still what was written: there, as long, and with the same bytes.

use std::{io, path::Path};

use kepi_model::id::Hash;
use kepi_query::port::SnapshotId;
use kepi_store::catalogue;

use crate::{
    catalogue::{Catalogue, DataFile},
    durable::{self, blocking, checksum},
    error::{Damage, DamagedFile, LakeError},
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
        let damaged = |file: DataFile| damage_of(&file.path, file.bytes, None).map(|damage| of(file, damage));
        Ok(files.into_iter().filter_map(|file| damaged(self.place(file))).collect())
    }

    /// Reads every file of a snapshot, or of all, and compares it with what was recorded when it was written.
    pub async fn verify(&self, snapshot: Option<SnapshotId>) -> Result<Verified, LakeError> {
        let files = catalogue::checksummed(&mut self.store.read().await?, snapshot.map(|s| s.0)).await?;
        let files: Vec<_> = files.into_iter().map(|(file, written)| (self.place(file), written)).collect();
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
                if let Some(damage) = damage_of(&file.path, file.bytes, written) {
                    verified.damaged.push(of(file, damage));
                }
            }
            verified
        })
        .await
    }
}

fn of(file: DataFile, damage: Damage) -> DamagedFile {
    DamagedFile { path: file.path, damage }
}

/// How a file differs from one of a length and, where it is known, a checksum.
pub(crate) fn damage_of(path: &Path, bytes: u64, checksum: Option<Hash>) -> Option<Damage> {
    length(path, bytes).or_else(|| content(path, checksum?))
}

fn length(path: &Path, bytes: u64) -> Option<Damage> {
    match durable::metadata(path) {
        Ok(found) if found.len() == bytes => None,
        Ok(found) => Some(Damage::Length { expected: bytes, found: found.len() }),
        Err(e) if e.kind() == io::ErrorKind::NotFound => Some(Damage::Missing),
        Err(e) => Some(Damage::Unreadable(e.to_string())),
    }
}

fn content(path: &Path, expected: Hash) -> Option<Damage> {
    match checksum(path) {
        Ok(found) if found == expected => None,
        Ok(found) => Some(Damage::Content { expected, found }),
        Err(e) => Some(Damage::Unreadable(e.to_string())),
    }
}
