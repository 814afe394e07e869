//! Whether the data files are still what was written: there, as long, and with the same bytes.

use std::io;

use kepi_model::id::Hash;
use kepi_query::port::SnapshotId;
use sqlx::Row;

use crate::{
    catalogue::{ALL_FILES, Catalogue, DataFile, read_files},
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

/// Of a snapshot, or of every one where none is bound.
const CHECKSUMS: &str = "SELECT f.data_file_id, c.blake3
     FROM ducklake_data_file f LEFT JOIN kepi_file_checksum c USING (data_file_id)
     WHERE ?1 IS NULL OR f.begin_snapshot <= ?1 AND (f.end_snapshot IS NULL OR f.end_snapshot > ?1)";

impl Catalogue {
    /// Every file of every snapshot that is not there with its recorded length.
    pub async fn damage(&self) -> Result<Vec<DamagedFile>, LakeError> {
        let files = read_files(self.store.read().await?.raw(), &self.data, ALL_FILES, 0, 0).await?;
        Ok(files.into_iter().filter_map(|file| length(&file).map(|damage| of(file, damage))).collect())
    }

    /// Reads every file of a snapshot, or of all, and compares it with what was recorded when it was written.
    pub async fn verify(&self, snapshot: Option<SnapshotId>) -> Result<Verified, LakeError> {
        let mut checksums = std::collections::BTreeMap::new();
        for row in sqlx::query(CHECKSUMS)
            .bind(snapshot.map(|s| s.0))
            .fetch_all(self.store.read().await?.raw())
            .await?
        {
            let written: Option<String> = row.try_get(1)?;
            let written = written.map(Hash::try_from).transpose().map_err(LakeError::Corrupt)?;
            checksums.insert(row.try_get::<i64, _>(0)?, written);
        }
        let files = read_files(self.store.read().await?.raw(), &self.data, ALL_FILES, 0, 0).await?;
        blocking(move || {
            let mut verified = Verified::default();
            for file in files {
                let Some(written) = checksums.get(&file.id) else { continue };
                match written {
                    Some(_) => {
                        verified.files += 1;
                        verified.bytes += file.bytes;
                    }
                    None => verified.without_checksum += 1,
                }
                if let Some(damage) = length(&file).or_else(|| content(&file, (*written)?)) {
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

fn length(file: &DataFile) -> Option<Damage> {
    match durable::metadata(&file.path) {
        Ok(found) if found.len() == file.bytes => None,
        Ok(found) => Some(Damage::Length { expected: file.bytes, found: found.len() }),
        Err(e) if e.kind() == io::ErrorKind::NotFound => Some(Damage::Missing),
        Err(e) => Some(Damage::Unreadable(e.to_string())),
    }
}

fn content(file: &DataFile, expected: Hash) -> Option<Damage> {
    match checksum(&file.path) {
        Ok(found) if found == expected => None,
        Ok(found) => Some(Damage::Content { expected, found }),
        Err(e) => Some(Damage::Unreadable(e.to_string())),
    }
}
