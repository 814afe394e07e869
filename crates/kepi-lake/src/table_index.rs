//! The index of a table, read from its files, and kept for the next file that lands.

use std::{collections::BTreeMap, path::Path, sync::Arc};

use arrow::array::{Array, AsArray, RecordBatch};
use kepi_model::{
    expression::Physical,
    id::AttributeId,
    project::{Entity, Requirement, Source},
};
use kepi_query::port::system;
use kepi_store::merge::Merges;

use crate::{
    catalogue::{DataFile, Table},
    deletes, durable,
    error::LakeError,
    index::{Builder, EVER, Entry, Found, KeyIndex, KeySet, OPEN, RunNames, Version},
    mapping::{Column, Key, Keys, RowHasher, Slot},
    merges::{as_said, resolved, said},
    table_file::{read_all, read_batches},
};

/// Names by number.
#[derive(Debug, Default)]
pub(crate) struct Names(Vec<String>);

impl Names {
    /// The number of a name, new if need be.
    pub fn number(&mut self, name: &str) -> u32 {
        let at = self.0.iter().rposition(|n| n == name).unwrap_or_else(|| {
            self.0.push(name.to_owned());
            self.0.len() - 1
        });
        at as u32
    }
}

/// What is kept of an index beside its runs.
const KEPT: &str = "index.json";
/// The form of what is kept; of another one nothing is believed.
const FORM: u32 = 3;

/// What a table holds.
pub(crate) struct TableIndex {
    /// What it was built for; another shape needs another index.
    pub shape: String,
    /// Version of the table's files it is true of.
    pub version: i64,
    pub keys: KeyIndex,
    /// Files by number.
    pub files: Vec<DataFile>,
    pub loads: Names,
    pub sources: Names,
}

/// What of a source decides how an index is built.
#[derive(Debug, Clone)]
pub(crate) struct IndexShape {
    pub text: String,
    /// Positions of the key's attributes in the entity.
    pub key: Vec<usize>,
    /// Position of the version attribute, and whether it is an instant.
    pub version: Option<(usize, bool)>,
    /// Positions of the attributes of every rule of uniqueness.
    pub unique: Vec<Vec<usize>>,
    /// Whether rows of one key are kept apart by their source, to be composed when they are read.
    pub apart: bool,
}

impl IndexShape {
    /// The shape for a source.
    pub fn of(source: &Source, entity: &Entity) -> Option<Self> {
        let position = |id: &AttributeId| entity.attributes.iter().position(|a| &a.id == id);
        let key = source.key.iter().map(position).collect::<Option<Vec<_>>>()?;
        let version = match &source.version {
            Some(id) => {
                let at = position(id)?;
                let physical = entity.attributes.get(at)?.type_.physical();
                Some((at, physical == Physical::Instant))
            }
            None => None,
        };
        let mut unique = Vec::new();
        for rule in &source.rules {
            if let Requirement::Unique(attributes) = &rule.require {
                unique.push(attributes.iter().map(position).collect::<Option<Vec<_>>>()?);
            }
        }
        let names: Vec<&str> = entity.attributes.iter().map(|a| a.id.as_str()).collect();
        let apart = entity.precedence.is_some();
        let by_source = if apart { " by source" } else { "" };
        let text = format!("{names:?} {key:?} {version:?} {unique:?}{by_source}");
        Some(Self { text, key, version, unique, apart })
    }

    /// Order and start of a version: by its attribute, else by its load. None: the attribute has no value.
    pub fn order(&self, columns: &[Column], row: usize, effective: i64) -> Option<(i64, i64)> {
        match self.version {
            None => Some((effective, effective)),
            Some((at, instant)) => match columns.get(at).map(|c| c.slot(row)) {
                Some(Slot::Instant(n) | Slot::Integer(n)) => Some((n, if instant { n } else { effective })),
                _ => None,
            },
        }
    }
}

/// The columns of a file that an index is built from.
struct FileColumns {
    attributes: Vec<Column>,
    system: Vec<Column>,
}

/// System columns an index is built from, in the order of [`FileColumns::system`].
const SYSTEM: [&str; 6] =
    [system::VALID_FROM, system::VALID_TO, system::RECORDED_AT, system::ROW, system::SOURCE, system::LOAD];

impl FileColumns {
    fn integer(&self, column: usize, row: usize) -> Option<i64> {
        match self.system.get(column)?.slot(row) {
            Slot::Integer(n) | Slot::Instant(n) => Some(n),
            _ => None,
        }
    }

    fn text(&self, column: usize, row: usize) -> &str {
        match self.system.get(column).map(|c| c.slot(row)) {
            Some(Slot::Text(text)) => text,
            _ => "",
        }
    }
}

/// Hashes keys of rows as the index of their table knows them.
pub(crate) struct KeysOf<'a> {
    shape: &'a IndexShape,
    entity: &'a Entity,
    hasher: RowHasher,
    columns: Vec<Column>,
}

impl<'a> KeysOf<'a> {
    pub fn new(shape: &'a IndexShape, entity: &'a Entity, secret: [u8; 32]) -> Self {
        let columns = entity.attributes.iter().map(|a| Column::new(a.type_.physical())).collect();
        Self { shape, entity, hasher: RowHasher::secret(secret), columns }
    }

    /// Appends the keys of rows, of those that have one.
    pub fn rows(&mut self, batch: &RecordBatch, keys: &mut Vec<Key>) -> Result<(), LakeError> {
        let lacks = |name: &str| LakeError::Corrupt(format!("rows of a table have no column `{name}`"));
        for at in &self.shape.key {
            let (Some(of), Some(column)) = (self.entity.attributes.get(*at), self.columns.get_mut(*at))
            else {
                continue;
            };
            let name = of.id.as_str();
            let array = batch.column_by_name(name).ok_or_else(|| lacks(name))?;
            column.clear();
            column.extend(&as_said(array, batch.column_by_name(&said(name))));
        }
        let sources = batch.column_by_name(system::SOURCE).and_then(|of| of.as_string_opt::<i32>());
        let sources = sources.ok_or_else(|| lacks(system::SOURCE))?;
        for row in 0..batch.num_rows() {
            let source = if sources.is_valid(row) { sources.value(row) } else { "" };
            let whose = self.shape.apart.then_some(source);
            keys.extend(self.hasher.key_of(whose, &self.columns, &self.shape.key, row));
        }
        Ok(())
    }
}

impl TableIndex {
    /// Reads a table. `effective` says since when the rows of a load hold.
    pub fn build(
        of: &IndexOf<'_>,
        files: Vec<DataFile>,
        effective: &dyn Fn(&str) -> i64,
    ) -> Result<Self, LakeError> {
        let IndexOf { shape, entity, table, .. } = *of;
        let failed = |source| LakeError::Io { path: of.folder.to_owned(), doing: "made", source };
        durable::make_folder(of.folder).map_err(failed)?;
        let mut keys = Builder::new(KeyIndex::new(shape.unique.len(), Some(of.folder)));
        let names: Vec<String> = entity.attributes.iter().map(|a| a.id.to_string()).collect();
        let mut index = Self {
            shape: shape.text.clone(),
            version: of.version,
            keys: KeyIndex::default(),
            files: Vec::new(),
            loads: Names::default(),
            sources: Names::default(),
        };
        let mut hasher = RowHasher::secret(of.secret);
        let tags = hasher.tags(entity);
        let mut contents = Vec::new();
        let mut columns = FileColumns {
            attributes: entity.attributes.iter().map(|a| Column::new(a.type_.physical())).collect(),
            system: SYSTEM
                .iter()
                .filter_map(|name| table.columns.iter().find(|c| c.name == *name))
                .map(|c| Column::new(c.physical))
                .collect(),
        };
        let mut owned: Vec<Vec<(Key, Key, u64)>> = vec![Vec::new(); shape.unique.len()];
        for file in files {
            let number = index.files.len() as u32;
            let mut row_in_file = 0u32;
            let out = deletes::positions(&file)?;
            read_all(&file, table, None, |batch| {
                let named = names.iter().map(String::as_str).zip(&mut columns.attributes);
                for (name, column) in named.chain(SYSTEM.into_iter().zip(&mut columns.system)) {
                    let array = batch.column_by_name(name).ok_or_else(|| {
                        LakeError::Corrupt(format!("`{}` has no column `{name}`", file.path.display()))
                    })?;
                    column.clear();
                    // What refers to a merged row is known by what its source said.
                    column.extend(&as_said(array, batch.column_by_name(&said(name))));
                }
                let merged = batch.column_by_name(system::MERGED_INTO);
                let merged =
                    merged.and_then(|of| of.as_string_opt::<i32>()).filter(|of| of.null_count() < of.len());
                hasher.contents(&columns.attributes, &tags, batch.num_rows(), &mut contents);
                // Neighbours mostly share them.
                let mut last: Option<(String, String, u32, u32, i64)> = None;
                for row in 0..batch.num_rows() {
                    let row_of_file = row_in_file + row as u32;
                    if out.binary_search(&row_of_file).is_ok() {
                        continue;
                    }
                    let (source, load) = (columns.text(4, row), columns.text(5, row));
                    let whose = shape.apart.then(|| source.to_owned());
                    let whose = whose.as_deref();
                    let known = last.as_ref().filter(|l| l.0 == source && l.1 == load);
                    let (source, load, since) = match known {
                        Some(l) => (l.2, l.3, l.4),
                        None => {
                            let numbers =
                                (index.sources.number(source), index.loads.number(load), effective(load));
                            last =
                                Some((source.to_owned(), load.to_owned(), numbers.0, numbers.1, numbers.2));
                            numbers
                        }
                    };
                    let Some(key) = hasher.key_of(whose, &columns.attributes, &shape.key, row) else {
                        // A row of another source that does not fill this key: it can meet none of ours.
                        continue;
                    };
                    let (order, start) =
                        shape.order(&columns.attributes, row, since).unwrap_or((since, since));
                    let to = columns.integer(1, row).unwrap_or(OPEN);
                    let mut content = contents.get(row).copied().unwrap_or_default();
                    if let Some(merged) = merged.filter(|merged| merged.is_valid(row)) {
                        content = hasher.merged(content, merged.value(row));
                    }
                    if to == OPEN {
                        for (owned, attributes) in owned.iter_mut().zip(&shape.unique) {
                            if let Some(value) = hasher.key_of(whose, &columns.attributes, attributes, row) {
                                owned.push((value, key, content));
                            }
                        }
                    }
                    let version = Version {
                        content,
                        order,
                        start,
                        ended: to,
                        file: number,
                        row: row_of_file,
                        load,
                        source,
                    };
                    keys.push(Found {
                        key,
                        entry: Entry { version, from: columns.integer(0, row).unwrap_or(EVER), to },
                        recorded: columns.integer(2, row).unwrap_or(0),
                        since,
                        number: columns.integer(3, row).unwrap_or(0),
                    })?;
                }
                row_in_file += batch.num_rows() as u32;
                Ok(())
            })?;
            for (rule, owned) in owned.iter_mut().enumerate() {
                keys.own(rule, owned)?;
                owned.clear();
            }
            index.files.push(file);
        }
        index.keys = keys.finish()?;
        Ok(index)
    }

    /// The index as it was kept, if it is true of these files and was made for this shape.
    pub fn found(of: &IndexOf<'_>, files: &[DataFile]) -> Option<Self> {
        let text = durable::read_to_string(&of.folder.join(KEPT)).ok()?;
        let kept: Kept = serde_json::from_str(&text).ok()?;
        let same = (kept.form, kept.lake.as_str(), kept.shape.as_str(), kept.version);
        if same != (FORM, of.lake, of.shape.text.as_str(), of.version) {
            return None;
        }
        // What a process wrote that was killed before it could keep it.
        let named: Vec<&String> = kept.runs.all().collect();
        for name in durable::names(of.folder).ok()? {
            let ours = name.to_str().is_some_and(|n| n == KEPT || named.iter().any(|named| *named == n));
            if !ours {
                let _ = durable::remove(&of.folder.join(name));
            }
        }
        let keys = KeyIndex::open(of.folder, &kept.runs).ok()?;
        let by_id: BTreeMap<i64, &DataFile> = files.iter().map(|file| (file.id, file)).collect();
        // Numbers of files that are out are not used again.
        Some(Self {
            shape: kept.shape,
            version: kept.version,
            keys,
            files: kept
                .files
                .iter()
                .map(|id| by_id.get(id).map_or_else(DataFile::gone, |f| (*f).clone()))
                .collect(),
            loads: Names(kept.loads),
            sources: Names(kept.sources),
        })
    }

    /// Keeps the index for the next process, after what it tells has been committed; false if it is not fit to be kept.
    pub fn keep(&mut self, folder: &Path, lake: &str) -> Result<bool, LakeError> {
        let Some(runs) = self.keys.keep()? else {
            forget(folder);
            return Ok(false);
        };
        let kept = Kept {
            form: FORM,
            lake: lake.to_owned(),
            shape: self.shape.clone(),
            version: self.version,
            files: self.files.iter().map(|file| file.id).collect(),
            loads: self.loads.0.clone(),
            sources: self.sources.0.clone(),
            runs,
        };
        let text = serde_json::to_vec(&kept).map_err(|e| LakeError::Corrupt(e.to_string()))?;
        let path = folder.join(KEPT);
        let failed = |source| LakeError::Io { path: path.clone(), doing: "written", source };
        durable::replace(&path, &text).map_err(failed)?;
        self.keys.tidy();
        Ok(true)
    }
}

/// Lets go of what is kept in a folder: the next landing makes it anew from the table's files.
pub(crate) fn forget(folder: &Path) {
    // It may not be there.
    let _ = durable::remove(&folder.join(KEPT));
}

/// Says of an index that is kept that its rows stand in other files now, in the same places.
pub(crate) fn follow(
    folder: &Path,
    lake: &str,
    (before, after): (i64, i64),
    files: &BTreeMap<i64, i64>,
) -> Result<(), LakeError> {
    let Ok(text) = durable::read_to_string(&folder.join(KEPT)) else { return Ok(()) };
    let Ok(mut kept) = serde_json::from_str::<Kept>(&text) else { return Ok(()) };
    if (kept.form, kept.lake.as_str(), kept.version) != (FORM, lake, before) {
        return Ok(());
    }
    kept.version = after;
    for id in &mut kept.files {
        *id = files.get(id).copied().unwrap_or(*id);
    }
    let text = serde_json::to_vec(&kept).map_err(|e| LakeError::Corrupt(e.to_string()))?;
    let path = folder.join(KEPT);
    durable::replace(&path, &text).map_err(|source| LakeError::Io { path, doing: "written", source })
}

/// What an index is of.
#[derive(Clone, Copy)]
pub(crate) struct IndexOf<'a> {
    pub shape: &'a IndexShape,
    pub entity: &'a Entity,
    pub table: &'a Table,
    /// Version of the table's files.
    pub version: i64,
    /// Where it is kept.
    pub folder: &'a Path,
    /// Which lake's.
    pub lake: &'a str,
    /// Key of its hashes.
    pub secret: [u8; 32],
}

/// What is kept of an index beside its runs.
#[derive(serde::Serialize, serde::Deserialize)]
struct Kept {
    form: u32,
    lake: String,
    shape: String,
    version: i64,
    /// Numbers in the catalogue of the files by their numbers here.
    files: Vec<i64>,
    loads: Vec<String>,
    sources: Vec<String>,
    runs: RunNames,
}

/// Keys in force of an entity that others refer to by one attribute, and those that count for one of them.
pub(crate) fn current_keys(
    entity: &Entity,
    table: &Table,
    files: &[DataFile],
    merges: &Merges,
) -> Result<Arc<dyn Keys>, LakeError> {
    let mut keys = KeySet::default();
    let [key] = entity.key.as_slice() else { return Ok(Arc::new(keys)) };
    let physical = table.columns.iter().find(|c| c.name == key.as_str()).map(|c| c.physical);
    let Some(physical) = physical else { return Ok(Arc::new(keys)) };
    let mut columns = [Column::new(physical)];
    let mut hasher = RowHasher::default();
    for file in files {
        read_batches(file, table, Some(&[key.as_str(), system::VALID_TO]), |batch| {
            let (Some(array), Some(to)) =
                (batch.column_by_name(key.as_str()), batch.column_by_name(system::VALID_TO))
            else {
                return Ok(());
            };
            for column in &mut columns {
                column.clear();
                column.extend(array);
            }
            for row in (0..batch.num_rows()).filter(|row| to.is_null(*row)) {
                keys.extend(hasher.key(&columns, &[0], row));
            }
            Ok(())
        })?;
    }
    let mut hash = |key: &str| {
        let mut column = Column::new(Physical::Text);
        column.text(key);
        hasher.key(&[column], &[0], 0)
    };
    let merged: Vec<Key> = merges
        .keys()
        .filter(|key| hash(resolved(merges, key)).is_some_and(|into| keys.contains(&into)))
        .collect::<Vec<_>>()
        .into_iter()
        .filter_map(|key| hash(key))
        .collect();
    keys.extend(merged);
    Ok(Arc::new(keys))
}
