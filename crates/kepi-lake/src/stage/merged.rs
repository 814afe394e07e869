//! What the rows of a file say of merges, once all of them are placed.

use std::collections::BTreeMap;

use arrow::array::AsArray;
use kepi_model::expression::Physical;
use kepi_query::port::system;
use kepi_store::merge::{Merge, Merges};

use super::Staged;
use crate::{
    catalogue::DataFile,
    deletes,
    error::LakeError,
    index::Chains,
    mapping::{Column, Key, RowHasher},
    merges,
    staging::Staging,
    table_file::read_all,
    table_index::TableIndex,
};

/// A key that was merged, by a row of the new file.
pub(super) struct Merged {
    pub key: String,
    pub into: String,
    pub row: u32,
}

/// A key that a row lists as merged into it.
pub(super) struct Listed {
    pub key: String,
    pub into: String,
    /// Whether that was known before.
    pub known: bool,
    /// What says which row is newer.
    pub version: Option<i64>,
    /// Number of the row that lists it.
    pub number: u64,
}

/// What is merged once a file has landed: of each key the newest row says it.
pub(super) fn merged_after(
    staging: &Staging,
    index: &mut TableIndex,
    before: &Merges,
    own: &[Merged],
    staged: u32,
) -> Result<Merges, LakeError> {
    // By key: where the row stands that says so, if that is known, and its load.
    let mut said: BTreeMap<String, Vec<Saying>> = BTreeMap::new();
    for of in own {
        let saying =
            Saying { place: Some((staged, of.row)), into: of.into.clone(), load: staging.load.clone() };
        said.entry(of.key.clone()).or_default().push(saying);
    }
    if staging.past.earlier.is_none() {
        for (key, of) in before {
            let saying = Saying { place: None, into: of.into.clone(), load: of.load.clone() };
            said.entry(key.clone()).or_default().push(saying);
        }
    } else {
        // Rows went: what they had taken back may hold again.
        for (number, file) in
            index.files.iter().enumerate().filter(|(_, file)| !file.path.as_os_str().is_empty())
        {
            sayings(staging, file, number as u32, &mut said)?;
        }
    }
    let mut hasher = RowHasher::secret(staging.secret);
    let mut keys: Vec<(Key, String)> = Vec::with_capacity(said.len());
    for key in said.keys() {
        let mut column = Column::new(Physical::Text);
        column.text(key);
        keys.extend(hasher.key(&[column], &[0], 0).map(|hash| (hash, key.clone())));
    }
    keys.sort_unstable();
    let mut chains = Chains::default();
    index.keys.probe(&keys.iter().map(|(hash, _)| *hash).collect::<Vec<_>>(), &mut chains)?;
    let mut after = Merges::new();
    for (at, (_, key)) in keys.into_iter().enumerate() {
        let Some(newest) = chains.get(chains.head(at)).map(|of| of.version) else { continue };
        if newest.ended >= newest.start {
            continue;
        }
        let sayings = said.get(&key).into_iter().flatten();
        let found = sayings.rev().find(|of| match of.place {
            Some(place) => place == (newest.file, newest.row),
            None => index.loads.number(&of.load) == newest.load,
        });
        if let Some(of) = found {
            after.insert(key, Merge { into: of.into.clone(), load: of.load.clone() });
        }
    }
    Ok(after)
}

/// A row that says that a key was merged.
struct Saying {
    /// File and row.
    place: Option<(u32, u32)>,
    into: String,
    load: String,
}

/// The rows of a file that say that a key was merged.
fn sayings(
    staging: &Staging,
    file: &DataFile,
    number: u32,
    into: &mut BTreeMap<String, Vec<Saying>>,
) -> Result<(), LakeError> {
    let Some(key) = staging.entity.key.first() else { return Ok(()) };
    let wanted = [key.as_str(), system::MERGED_INTO, system::LOAD];
    let mut before = 0u32;
    let out = deletes::positions(file)?;
    read_all(file, &staging.table, Some(&wanted), |batch| {
        let texts = |name: &str| batch.column_by_name(name).and_then(|of| of.as_string_opt::<i32>());
        if let (Some(keys), Some(merged), Some(loads)) =
            (texts(wanted[0]), texts(wanted[1]), texts(wanted[2]))
        {
            for (row, ((key, merged), load)) in keys.iter().zip(merged).zip(loads).enumerate() {
                let is_in = || out.binary_search(&(before + row as u32)).is_err();
                if let (Some(key), Some(merged), Some(load), true) = (key, merged, load, is_in()) {
                    let place = Some((number, before + row as u32));
                    let saying = Saying { place, into: merged.to_owned(), load: load.to_owned() };
                    into.entry(key.to_owned()).or_default().push(saying);
                }
            }
        }
        before += batch.num_rows() as u32;
        Ok(())
    })
}

/// Writes files of the table itself anew whose rows refer to keys of it that count for others now.
pub(super) fn follow_own(
    staging: &Staging,
    index: &mut TableIndex,
    moved: &BTreeMap<String, String>,
    staged: &mut Staged,
) -> Result<(), LakeError> {
    let own = staging.meets.references.iter().filter(|of| of.to == staging.entity.id);
    let references: Vec<(String, String)> =
        own.map(|of| (of.attribute.to_string(), of.said.clone())).collect();
    if moved.is_empty() || references.is_empty() {
        return Ok(());
    }
    for (number, slot) in index.files.iter_mut().enumerate() {
        let out = slot.id >= 0 && staged.replacement.end.contains(&slot.id);
        if out || slot.path.as_os_str().is_empty() {
            continue;
        }
        let done = merges::follow(&staging.fs, &staging.folder, &staging.table, slot, &references, moved)?;
        let Some((new, rows)) = done else { continue };
        staged.followed += rows;
        let place = staged.added.iter().position(|added| *added as usize == number);
        let old = std::mem::replace(slot, DataFile::new(&new));
        match place.and_then(|place| staged.replacement.add.get_mut(place)) {
            Some(added) => {
                *added = new;
                let failed = |source| LakeError::Io { path: old.path.clone(), doing: "removed", source };
                staging.fs.remove(&old.path).map_err(failed)?;
            }
            None => {
                // What this landing ended of it by position is out of the new one.
                let ended = staged.replacement.deletes.iter().position(|(id, _)| *id == old.id);
                if let Some((_, deletes)) = ended.map(|at| staged.replacement.deletes.remove(at)) {
                    let failed =
                        |source| LakeError::Io { path: deletes.path.clone(), doing: "removed", source };
                    staging.fs.remove(&deletes.path).map_err(failed)?;
                }
                staged.replacement.end.push(old.id);
                staged.added.push(number as u32);
                staged.replacement.add.push(new);
            }
        }
    }
    Ok(())
}

/// What a file said of merges, in words.
pub(super) fn said_of_merges(before: &Merges, after: &Merges) -> Vec<String> {
    let keys = |n: usize| if n == 1 { "1 key".to_owned() } else { format!("{n} keys") };
    let new = after.iter().filter(|(key, of)| before.get(*key).is_none_or(|was| was.into != of.into)).count();
    let back = before.keys().filter(|key| !after.contains_key(*key)).count();
    let mut said = Vec::new();
    if new > 0 {
        said.push(format!(
            "{} merged into others at the source: what refers to them counts for those",
            keys(new)
        ));
    }
    if back > 0 {
        said.push(format!("{} no longer merged: what its source said refers to them again", keys(back)));
    }
    said
}
