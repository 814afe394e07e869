//! Rows that the source has merged into others: what refers to one counts for the other, whichever landed first.
//!
//! A row that says that it was merged lands as an end of its key, with the key of the other beside it (`_merged_into`). Rows that
//! refer to it say the other from then on; what their source said stands beside that (`_said_…`), so that chains, a later word and
//! a merge that is taken back come to what they would have come to from the start. Hashes of keys and contents are those of what
//! the source said: a row that is delivered again is the same row.

use std::{
    collections::{BTreeMap, BTreeSet},
    path::Path,
    sync::Arc,
};

use arrow::array::{Array, ArrayRef, AsArray, StringArray};
use kepi_model::{
    expression::Type,
    id::{AttributeId, EntityId},
    project::{Entity, Project},
};
use kepi_query::port::system;
use kepi_store::{
    Reading,
    catalogue::{self, MAIN},
    merge::{self, Merges},
};

use crate::{
    LocalLake,
    catalogue::{DataFile, NewFile, Replacement, Table, ensure_table, live_files},
    deletes,
    durable::{DurableFs, blocking, create_folder_durably},
    error::{LakeError, LandError},
    table_file::{read_batches, with_references},
};

/// For which key a row counts: the last of the chain that it is the first of. A circle leads nowhere.
pub(crate) fn resolved<'a>(merges: &'a Merges, key: &'a str) -> &'a str {
    let mut last = key;
    for _ in 0..=merges.len() {
        match merges.get(last) {
            Some(of) => last = &of.into,
            None => return last,
        }
    }
    key
}

/// Whether a key counts for another one, or is that one.
pub(crate) fn leads(merges: &Merges, key: &str, to: &str) -> bool {
    let mut at = key;
    for _ in 0..=merges.len() {
        if at == to {
            return true;
        }
        match merges.get(at) {
            Some(of) => at = &of.into,
            None => return false,
        }
    }
    false
}

/// Keys that count for another one by `after` than by `before`, and for which.
pub(crate) fn moved(before: &Merges, after: &Merges) -> BTreeMap<String, String> {
    let all: BTreeSet<&String> = before.keys().chain(after.keys()).collect();
    let other = |key: &&String| resolved(before, key) != resolved(after, key);
    all.into_iter().filter(other).map(|key| (key.clone(), resolved(after, key).to_owned())).collect()
}

/// An attribute that refers to an entity of which rows are merged.
#[derive(Debug, Clone)]
pub(crate) struct Reference {
    /// Its position in the entity.
    pub at: usize,
    pub attribute: AttributeId,
    /// The column of what the source said.
    pub said: String,
    /// The entity that it refers to.
    pub to: EntityId,
    /// What was merged of that when it was looked.
    pub merges: Arc<Merges>,
}

/// The column of what a source said where an attribute says another row.
pub(crate) fn said(attribute: &str) -> String {
    format!("{}{attribute}", system::SAID)
}

/// Entities of which rows are merged, or may be.
pub(crate) async fn merging(project: &Project, tx: &mut Reading) -> Result<BTreeSet<EntityId>, LakeError> {
    let declared = project.sources.values().filter(|source| source.merges.is_some());
    let mut all: BTreeSet<EntityId> = declared.map(|source| source.into.clone()).collect();
    let known = merge::entities(tx).await?;
    all.extend(known.iter().filter_map(|name| name.parse::<EntityId>().ok()));
    all.retain(|id| project.entities.get(id).is_some_and(|entity| own_key(entity).is_some()));
    Ok(all)
}

/// The position of the one attribute by which rows of an entity can be merged.
pub(crate) fn own_key(entity: &Entity) -> Option<usize> {
    let [key] = entity.key.as_slice() else { return None };
    let is_key = |of: &kepi_model::project::Attribute| &of.id == key;
    entity.attributes.iter().position(is_key).filter(|_| entity.precedence.is_none())
}

/// The attributes of an entity that follow merges. One that names the row itself does not, and none by which rows of several sources
/// are put together.
pub(crate) fn following(
    entity: &Entity,
    merging: &BTreeSet<EntityId>,
) -> Vec<(usize, AttributeId, EntityId)> {
    let names_rows =
        |id: &AttributeId| entity.key.contains(id) && (entity.key.len() == 1 || entity.precedence.is_some());
    let attributes = entity.attributes.iter().enumerate();
    attributes
        .filter_map(|(at, of)| match &of.type_ {
            Type::Reference { entity: to } if merging.contains(to) && !names_rows(&of.id) => {
                Some((at, of.id.clone(), to.clone()))
            }
            _ => None,
        })
        .collect()
}

/// The columns that merges need of an entity's table.
pub(crate) fn columns(entity: &Entity, merging: &BTreeSet<EntityId>) -> Vec<String> {
    let own = merging.contains(&entity.id).then(|| system::MERGED_INTO.to_owned());
    let references = following(entity, merging).into_iter().map(|(_, id, _)| said(id.as_str()));
    own.into_iter().chain(references).collect()
}

/// What merges have to do with rows of an entity.
#[derive(Debug, Clone, Default)]
pub(crate) struct Meets {
    /// Entities of which rows are merged, or may be.
    pub merging: BTreeSet<EntityId>,
    /// If rows of its own are: the position of their key, and what was merged when it was looked.
    pub own: Option<(usize, Merges)>,
    pub references: Vec<Reference>,
}

impl Meets {
    pub async fn of(project: &Project, entity: &Entity, tx: &mut Reading) -> Result<Self, LakeError> {
        let merging = merging(project, tx).await?;
        let mut own = None;
        if let (true, Some(at)) = (merging.contains(&entity.id), own_key(entity)) {
            own = Some((at, merge::of_entity(tx, entity.id.as_str()).await?));
        }
        let mut references = Vec::new();
        for (at, attribute, to) in following(entity, &merging) {
            let merges = Arc::new(merge::of_entity(tx, to.as_str()).await?);
            let said = said(attribute.as_str());
            references.push(Reference { at, attribute, said, to, merges });
        }
        Ok(Self { merging, own, references })
    }

    /// Whether what was merged of others is what it was when it was looked; what is merged of its own changes with its own rows.
    pub async fn still(&self, tx: &mut Reading) -> Result<bool, LakeError> {
        for reference in &self.references {
            if merge::of_entity(tx, reference.to.as_str()).await? != *reference.merges {
                return Ok(false);
            }
        }
        Ok(true)
    }
}

/// What a row refers to, as its source said it.
pub(crate) fn as_said(value: &ArrayRef, said: Option<&ArrayRef>) -> ArrayRef {
    let (Some(value_texts), Some(said)) = (value.as_string_opt::<i32>(), said) else {
        return Arc::clone(value);
    };
    let Some(said) = said.as_string_opt::<i32>() else { return Arc::clone(value) };
    if said.null_count() == said.len() {
        return Arc::clone(value);
    }
    let texts: StringArray = said.iter().zip(value_texts).map(|(said, value)| said.or(value)).collect();
    Arc::new(texts)
}

/// Writes a file anew in which rows refer to keys that count for others now; none does: nothing. Also how many do.
pub(crate) fn follow(
    fs: &Arc<dyn DurableFs>,
    folder: &Path,
    table: &Table,
    file: &DataFile,
    references: &[(String, String)],
    moved: &BTreeMap<String, String>,
) -> Result<Option<(NewFile, u64)>, LakeError> {
    let wanted: Vec<&str> = references.iter().flat_map(|(name, said)| [name.as_str(), said]).collect();
    let mut rows = 0u64;
    read_batches(file, table, Some(&wanted), |batch| {
        let mut meets = vec![false; batch.num_rows()];
        for (name, said) in references {
            let Some(value) = batch.column_by_name(name) else { continue };
            let texts = as_said(value, batch.column_by_name(said));
            let Some(texts) = texts.as_string_opt::<i32>() else { continue };
            for (met, text) in meets.iter_mut().zip(texts) {
                *met |= text.is_some_and(|text| moved.contains_key(text));
            }
        }
        rows += meets.into_iter().filter(|met| *met).count() as u64;
        Ok(())
    })?;
    if rows == 0 {
        return Ok(None);
    }
    let out = deletes::positions(file)?;
    let mut new = with_references(fs, folder, table, file, references, moved)?;
    if !out.is_empty() {
        // Rows keep their places, for the index knows them by these.
        match deletes::write(fs, folder, &new.path, &out) {
            Ok(deletes) => new.deletes = Some(deletes),
            Err(e) => {
                let _ = fs.remove(&new.path);
                return Err(e);
            }
        }
    }
    Ok(Some((new, rows)))
}

/// A table whose rows refer to others than before.
pub(crate) struct Followed {
    pub entity: EntityId,
    pub table: Table,
    /// Version of the table's files it was made of.
    pub version: i64,
    pub replacement: Replacement,
    /// Rows that count for another now.
    pub rows: u64,
    /// Once it is committed: the version that it makes, and the numbers of the new files.
    pub now: i64,
    pub ids: Vec<i64>,
}

impl Followed {
    /// By the number of each file that is out that of the one with its rows.
    pub fn renewed(&self) -> BTreeMap<i64, i64> {
        self.replacement.end.iter().copied().zip(self.ids.iter().copied()).collect()
    }
}

impl LocalLake {
    /// Writes files of other tables anew whose rows refer to keys that count for others now.
    pub(crate) async fn followed(
        &self,
        project: &Project,
        of: &EntityId,
        merging: &BTreeSet<EntityId>,
        moved: &Arc<BTreeMap<String, String>>,
        (at, actor): (i64, &str),
    ) -> Result<Vec<Followed>, LandError> {
        let mut all = Vec::new();
        if moved.is_empty() {
            return Ok(all);
        }
        for entity in project.entities.values().filter(|entity| entity.id != *of) {
            let own = following(entity, merging).into_iter().filter(|(.., to)| to == of);
            let references: Vec<(String, String)> =
                own.map(|(_, id, _)| (id.to_string(), said(id.as_str()))).collect();
            if references.is_empty() {
                continue;
            }
            let mut tx = self.catalogue.store.read().await?;
            if catalogue::table(&mut tx, MAIN, entity.id.as_str()).await?.is_none() {
                continue;
            }
            drop(tx);
            let extra = columns(entity, merging);
            let table = ensure_table(&self.catalogue, entity, &extra, at, actor).await?;
            let (files, version) = live_files(&self.catalogue, table.id).await?;
            self.sound_table(&table.name).await?;
            let folder = self.catalogue.data.join(MAIN).join(&table.name);
            create_folder_durably(self.fs.as_ref(), &folder).map_err(|source| LakeError::Io {
                path: folder.clone(),
                doing: "made",
                source,
            })?;
            let (fs, moved, of_table) = (Arc::clone(&self.fs), Arc::clone(moved), table.clone());
            let (replacement, rows) = blocking(move || {
                let mut replacement = Replacement::default();
                let mut rows = 0;
                for file in &files {
                    let done = match follow(&fs, &folder, &of_table, file, &references, &moved) {
                        Ok(done) => done,
                        Err(e) => {
                            let brought = replacement.add.iter().flat_map(NewFile::written);
                            brought.for_each(|new| drop(fs.remove(new.path)));
                            return Err(e);
                        }
                    };
                    if let Some((new, n)) = done {
                        replacement.end.push(file.id);
                        replacement.add.push(new);
                        rows += n;
                    }
                }
                Ok((replacement, rows))
            })
            .await??;
            if rows > 0 {
                let entity = entity.id.clone();
                all.push(Followed { entity, table, version, replacement, rows, now: 0, ids: Vec::new() });
            }
        }
        Ok(all)
    }
}
