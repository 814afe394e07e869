//! Writing what a landing changes: the file of the new rows, small files as one, and those of which rows change. Of a large file a few
//! rows end by position and stand again in a file of their own, others are written anew.

use std::collections::{BTreeMap, BTreeSet};

use super::Replacement;
use crate::{
    catalogue::{DataFile, NewFile, Table, placed},
    combine::Small,
    deletes,
    error::{LakeError, LandError},
    mapping::Key,
    staging::Staging,
    table_file::{TableFileWriter, again, append, as_personal_as_before, rewrite},
    table_index::{KeysOf, TableIndex},
};

/// Rows of a file that change, with their keys and intervals.
type Changes = BTreeMap<u32, (Key, (i64, i64))>;

/// The files of a table while a landing changes them.
pub(super) struct Files<'a> {
    pub staging: &'a Staging,
    pub index: &'a mut TableIndex,
    /// Number in the index of the file of the new rows.
    pub staged: u32,
    /// Rows that change, by file.
    pub changes: BTreeMap<u32, Changes>,
    /// Rows that are out of files for good, ascending: where they stood. Those that change are known by where they stand without them.
    pub dropped: BTreeMap<u32, Vec<u32>>,
    /// What is on the disk, by number of the index, also after an error.
    pub new: BTreeMap<u32, NewFile>,
    pub replacement: &'a mut Replacement,
}

impl Files<'_> {
    /// Completes the file of the new rows, and brings those up to it whose rows change.
    pub fn write(&mut self, writer: TableFileWriter) -> Result<(), LandError> {
        if let Some(file) = writer.finish(&self.staging.table)? {
            self.put(self.staged, file);
        }
        for numbers in self.small() {
            self.combine(&numbers)?;
        }
        let mut changes = std::mem::take(&mut self.changes);
        let dropped = std::mem::take(&mut self.dropped);
        let touched: BTreeSet<u32> = changes.keys().chain(dropped.keys()).copied().collect();
        let mut by_position: BTreeMap<u32, Changes> = BTreeMap::new();
        for number in touched {
            let of_file = changes.remove(&number).unwrap_or_default();
            let old = self.file(number)?.clone();
            // Of what was dropped nothing more is to be known: not how far it reached, either. And what a new row says of merges is
            // known by where it was written.
            let stays = old.id >= 0 || self.staging.meets.own.is_none();
            match dropped.get(&number) {
                None if stays && self.staging.by_position.is_for(&old, of_file.len()) => {
                    by_position.insert(number, of_file);
                }
                rows => self.anew(number, &old, rows, of_file)?,
            }
        }
        self.end_by_position(by_position)
    }

    /// Removes all that is on the disk, as far as that can be: the rest is swept.
    pub fn discard(&self) {
        let written = self.new.values().flat_map(NewFile::written).chain(self.replacement.written());
        written.for_each(|file| drop(self.staging.fs.remove(file.path)));
    }

    fn file(&self, number: u32) -> Result<&DataFile, LakeError> {
        let file = self.index.files.get(number as usize);
        file.ok_or_else(|| LakeError::Corrupt(format!("the index has no file {number}")))
    }

    fn put(&mut self, number: u32, file: NewFile) {
        if let Some(slot) = self.index.files.get_mut(number as usize) {
            *slot = DataFile::new(&file);
        }
        self.new.insert(number, file);
    }

    /// Files that become one each, if the landing changes anything: by itself this is no other state of the table.
    fn small(&self) -> Vec<Vec<u32>> {
        if self.new.is_empty() && self.changes.is_empty() && self.dropped.is_empty() {
            return Vec::new();
        }
        let there = (0u32..).zip(&self.index.files).filter(|(_, file)| file.id >= 0);
        let mut there: Vec<(i64, Small)> = there
            .map(|(number, file)| {
                let out = match self.dropped.get(&number) {
                    Some(rows) => rows.len() as u64,
                    None => file.deletes.as_ref().map_or(0, |of| of.rows),
                };
                (file.id, Small { number, rows: file.rows.saturating_sub(out), bytes: file.bytes })
            })
            .filter(|(_, file)| file.rows > 0)
            .collect();
        there.sort_unstable_by_key(|(id, _)| *id);
        self.staging.combining.groups(there.into_iter().map(|(_, file)| file))
    }

    /// Writes files as one, with what changes of them.
    fn combine(&mut self, numbers: &[u32]) -> Result<(), LandError> {
        let Staging { fs, folder, shape, entity, secret, .. } = self.staging;
        let table = self.as_personal(numbers.iter())?;
        let mut writer = TableFileWriter::create(fs, folder, &table)?;
        let mut keys_of = KeysOf::new(shape, entity, *secret);
        let mut keys: Vec<Key> = Vec::new();
        // By file: behind how many rows its own stand now, and which of those that the index knows of it are out.
        let mut places: BTreeMap<u32, (u32, Vec<u32>)> = BTreeMap::new();
        let one = self.index.files.len() as u32;
        for number in numbers {
            let file = self.file(*number)?.clone();
            let (out, known) = match self.dropped.remove(number) {
                Some(rows) => (rows, Vec::new()),
                None => {
                    let out = deletes::positions(&file)?;
                    (out.clone(), out)
                }
            };
            let changes = self.changes.remove(number).unwrap_or_default().into_iter();
            let intervals = changes
                .filter_map(|(row, (_, interval))| Some((deletes::without(row, &known)?, interval)))
                .collect();
            places.insert(*number, (writer.rows() as u32, known));
            append(&mut writer, &table, &file, &out, &intervals, |batch| keys_of.rows(batch, &mut keys))?;
            self.replacement.end.push(file.id);
            if let Some(slot) = self.index.files.get_mut(*number as usize) {
                *slot = DataFile::gone();
            }
        }
        self.index.files.push(DataFile::gone());
        if let Some(file) = writer.finish(&table)? {
            self.put(one, file);
        }
        keys.sort_unstable();
        keys.dedup();
        Ok(self.index.keys.stand_again(&keys, |(file, row)| {
            let (before, out) = places.get(&file)?;
            Some((one, before + deletes::without(row, out)?))
        })?)
    }

    /// Writes a file anew with what changes of it.
    fn anew(
        &mut self,
        number: u32,
        old: &DataFile,
        dropped: Option<&Vec<u32>>,
        changes: Changes,
    ) -> Result<(), LandError> {
        let Staging { fs, folder, table, .. } = self.staging;
        let out = if dropped.is_none() { deletes::positions(old)? } else { Vec::new() };
        if !out.is_empty() {
            self.index.keys.move_up(&BTreeMap::from([(number, out.clone())]))?;
        }
        let changes = changes.into_iter();
        let changes =
            changes.filter_map(|(row, (_, interval))| Some((deletes::without(row, &out)?, interval)));
        let rewritten = rewrite(fs, folder, table, old, dropped.unwrap_or(&out), &changes.collect())?;
        match rewritten {
            Some(file) => self.put(number, file),
            None => {
                self.new.remove(&number);
                if let Some(slot) = self.index.files.get_mut(number as usize) {
                    *slot = DataFile::gone();
                }
            }
        }
        if old.id < 0 {
            let failed = |source| LakeError::Io { path: old.path.clone(), doing: "removed", source };
            fs.remove(&old.path).map_err(failed)?;
        } else {
            self.replacement.end.push(old.id);
        }
        Ok(())
    }

    /// Ends rows of files by position: all of them stand again in one file, with their new intervals.
    fn end_by_position(&mut self, by_position: BTreeMap<u32, Changes>) -> Result<(), LandError> {
        if by_position.is_empty() {
            return Ok(());
        }
        let Staging { fs, folder, .. } = self.staging;
        let table = self.as_personal(by_position.keys())?;
        let mut writer = TableFileWriter::create(fs, folder, &table)?;
        let stands = self.index.files.len() as u32;
        let mut keys: Vec<Key> = Vec::new();
        let mut places: BTreeMap<(u32, u32), (u32, u32)> = BTreeMap::new();
        for (number, changes) in by_position {
            let Some(slot) = self.index.files.get_mut(number as usize) else { continue };
            let before = writer.rows() as u32;
            let intervals = changes.iter().map(|(row, (_, interval))| (*row, *interval)).collect();
            again(&mut writer, &table, slot, &intervals)?;
            places.extend(changes.keys().zip(before..).map(|(row, now)| ((number, *row), (stands, now))));
            keys.extend(changes.values().map(|(key, _)| *key));
            let out = deletes::union(&deletes::positions(slot)?, changes.into_keys());
            let deletes = deletes::write(fs, folder, &slot.path, &out)?;
            slot.deletes = Some(placed(&deletes));
            match self.new.get_mut(&number) {
                // Of the new file itself: from the start.
                Some(file) => file.deletes = Some(deletes),
                None => self.replacement.deletes.push((slot.id, deletes)),
            }
        }
        self.index.files.push(DataFile::gone());
        if let Some(file) = writer.finish(&table)? {
            self.put(stands, file);
        }
        keys.sort_unstable();
        keys.dedup();
        Ok(self.index.keys.stand_again(&keys, |place| places.get(&place).copied())?)
    }

    /// The table, with columns as personal as they were when these files were written.
    fn as_personal<'n>(&self, numbers: impl Iterator<Item = &'n u32>) -> Result<Table, LakeError> {
        let mut table = self.staging.table.clone();
        for number in numbers {
            table = as_personal_as_before(&table, self.file(*number)?)?;
        }
        Ok(table)
    }
}
