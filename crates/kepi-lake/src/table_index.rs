//! The index of a table, read from its files, and kept while files land one after the other.

use std::sync::Arc;

use kepi_model::{
    expression::Physical,
    id::AttributeId,
    project::{Entity, Requirement, Source},
};
use kepi_query::port::system;

use crate::{
    catalogue::{DataFile, Table},
    error::LakeError,
    index::{Chains, EVER, Entry, KeyIndex, KeySet, MemoryIndex, OPEN, Version},
    mapping::{Column, Key, Keys, RowHasher, Slot, Tag, tag},
    table_file::read_batches,
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

/// Keys that are handed to the index at once.
const KEYS_AT_ONCE: usize = 16_384;

/// What a table holds.
pub(crate) struct TableIndex {
    /// What it was built for; another shape needs another index.
    pub shape: String,
    /// Version of the table's files it is true of.
    pub version: i64,
    pub keys: Box<dyn KeyIndex>,
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
        let text = format!("{names:?} {key:?} {version:?} {unique:?}");
        Some(Self { text, key, version, unique })
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

/// A version as it stands in a file.
struct Found {
    key: Key,
    entry: Entry,
    recorded: i64,
    number: i64,
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

impl TableIndex {
    /// Reads a table. `effective` says since when the rows of a load hold.
    pub fn build(
        shape: &IndexShape,
        entity: &Entity,
        table: &Table,
        files: Vec<DataFile>,
        version: i64,
        effective: &dyn Fn(&str) -> i64,
    ) -> Result<Self, LakeError> {
        let names: Vec<String> = entity.attributes.iter().map(|a| a.id.to_string()).collect();
        let tags: Vec<Tag> = entity.attributes.iter().map(|a| tag(&a.id)).collect();
        let mut index = Self {
            shape: shape.text.clone(),
            version,
            keys: Box::new(MemoryIndex::new(shape.unique.len())),
            files: Vec::new(),
            loads: Names::default(),
            sources: Names::default(),
        };
        let mut hasher = RowHasher::default();
        let mut columns = FileColumns {
            attributes: entity.attributes.iter().map(|a| Column::new(a.type_.physical())).collect(),
            system: SYSTEM
                .iter()
                .filter_map(|name| table.columns.iter().find(|c| c.name == *name))
                .map(|c| Column::new(c.physical))
                .collect(),
        };
        let mut found = Vec::new();
        let mut owned: Vec<Vec<(Key, Key)>> = vec![Vec::new(); shape.unique.len()];
        for file in files {
            let number = index.files.len() as u32;
            let mut row_in_file = 0u32;
            read_batches(&file, table, None, |batch| {
                let named = names.iter().map(String::as_str).zip(&mut columns.attributes);
                for (name, column) in named.chain(SYSTEM.into_iter().zip(&mut columns.system)) {
                    let array = batch.column_by_name(name).ok_or_else(|| {
                        LakeError::Corrupt(format!("`{}` has no column `{name}`", file.path.display()))
                    })?;
                    column.clear();
                    column.extend(array);
                }
                // Neighbours mostly share them.
                let mut last: Option<(String, String, u32, u32, i64)> = None;
                for row in 0..batch.num_rows() {
                    let row_of_file = row_in_file + row as u32;
                    let (source, load) = (columns.text(4, row), columns.text(5, row));
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
                    let Some(key) = hasher.key(&columns.attributes, &shape.key, row) else {
                        // A row of another source that does not fill this key: it can meet none of ours.
                        continue;
                    };
                    let (order, start) =
                        shape.order(&columns.attributes, row, since).unwrap_or((since, since));
                    let to = columns.integer(1, row).unwrap_or(OPEN);
                    if to == OPEN {
                        for (owned, attributes) in owned.iter_mut().zip(&shape.unique) {
                            if let Some(value) = hasher.key(&columns.attributes, attributes, row) {
                                owned.push((value, key));
                            }
                        }
                    }
                    let version = Version {
                        content: hasher.content(&columns.attributes, &tags, row),
                        order,
                        start,
                        ended: to,
                        file: number,
                        row: row_of_file,
                        load,
                        source,
                    };
                    found.push(Found {
                        key,
                        entry: Entry { version, from: columns.integer(0, row).unwrap_or(EVER), to },
                        recorded: columns.integer(2, row).unwrap_or(0),
                        number: columns.integer(3, row).unwrap_or(0),
                    });
                }
                row_in_file += batch.num_rows() as u32;
                Ok(())
            })?;
            for (rule, owned) in owned.iter_mut().enumerate() {
                index.keys.own(rule, owned)?;
                owned.clear();
            }
            index.files.push(file);
        }
        // Equals stay in the order of the files.
        found.sort_by_key(|f| (f.key, f.entry.version.order, f.recorded, f.number));
        restore(index.keys.as_mut(), &found)?;
        Ok(index)
    }
}

/// Hands versions to an empty index, sorted by key and within it by their order.
fn restore(index: &mut dyn KeyIndex, found: &[Found]) -> Result<(), LakeError> {
    let mut chains = Chains::default();
    let mut chain: Vec<Entry> = Vec::new();
    let mut held = 0;
    for versions in found.chunk_by(|a, b| a.key == b.key) {
        chain.clear();
        for f in versions {
            // What was written until its successor is no end of its own.
            if let Some(before) = chain.last_mut()
                && before.version.ended >= f.entry.version.start
            {
                before.version.ended = OPEN;
            }
            chain.push(f.entry);
        }
        if let Some(first) = versions.first() {
            chains.push_changed(first.key, chain.iter().rev().copied());
        }
        held += 1;
        if held == KEYS_AT_ONCE {
            index.apply(&chains)?;
            chains.clear();
            held = 0;
        }
    }
    index.apply(&chains)
}

/// Keys in force of an entity that others refer to by one attribute.
pub(crate) fn current_keys(
    entity: &Entity,
    table: &Table,
    files: &[DataFile],
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
            use arrow::array::Array;
            for row in (0..batch.num_rows()).filter(|row| to.is_null(*row)) {
                keys.extend(hasher.key(&columns, &[0], row));
            }
            Ok(())
        })?;
    }
    Ok(Arc::new(keys))
}
