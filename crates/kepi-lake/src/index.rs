//! What is in a table, by hash: read once from its files, kept while files land one after the other.

use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray};
use kepi_model::{
    expression::Physical,
    project::{Entity, Requirement, Source},
};
use kepi_query::port::system;

use crate::{
    catalogue::{DataFile, Table},
    error::LakeError,
    history::{EVER, History, KeyMap, KeySet, OPEN, Version},
    mapping::{KeyHasher, KnownKeys, Slot, Values},
    table_file::{integer_at, read_batches},
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

/// What a table holds.
#[derive(Debug)]
pub(crate) struct TableIndex {
    /// What it was built for; another shape needs another index.
    pub shape: String,
    /// Version of the table's files it is true of.
    pub version: i64,
    pub history: History,
    /// Files by number.
    pub files: Vec<DataFile>,
    pub loads: Names,
    pub sources: Names,
    /// For every rule of uniqueness: hash of its attributes → key of the row.
    pub unique: Vec<KeyMap<u128>>,
}

/// What of a source decides how an index is built.
#[derive(Debug, Clone)]
pub(crate) struct IndexShape {
    pub text: String,
    /// Positions of the key's attributes in the entity.
    pub key: Vec<usize>,
    /// Position of the version attribute, and whether it is an instant.
    pub version: Option<(usize, bool)>,
    /// Positions of the attributes of every rule of uniqueness that the key does not imply.
    pub unique: Vec<Vec<usize>>,
}

impl IndexShape {
    /// The shape for a source.
    pub fn of(source: &Source, entity: &Entity) -> Option<Self> {
        let position = |id: &kepi_model::id::AttributeId| entity.attributes.iter().position(|a| &a.id == id);
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
    pub fn order(&self, values: &Values, effective: i64) -> Option<(i64, i64)> {
        match self.version {
            None => Some((effective, effective)),
            Some((at, instant)) => match values.get(at) {
                Slot::Instant(n) | Slot::Integer(n) => Some((n, if instant { n } else { effective })),
                Slot::Boolean(_) | Slot::Text | Slot::Missing => None,
            },
        }
    }
}

struct Found {
    key: u128,
    version: Version,
    from: i64,
    to: i64,
    recorded: i64,
    number: i64,
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
        let mut index = Self {
            shape: shape.text.clone(),
            version,
            history: History::default(),
            files: Vec::new(),
            loads: Names::default(),
            sources: Names::default(),
            unique: vec![KeyMap::default(); shape.unique.len()],
        };
        let mut values = Values::new(entity, KnownKeys::new());
        let mut found = Vec::new();
        for file in files {
            let number = index.files.len() as u32;
            let mut row_in_file = 0u32;
            read_batches(&file, table, None, |batch| {
                let column = |name: &str| {
                    batch.column_by_name(name).cloned().ok_or_else(|| {
                        LakeError::Corrupt(format!("`{}` has no column `{name}`", file.path.display()))
                    })
                };
                let attributes: Vec<ArrayRef> = names.iter().map(|n| column(n)).collect::<Result<_, _>>()?;
                let (from, to) = (column(system::VALID_FROM)?, column(system::VALID_TO)?);
                let (recorded, numbers) = (column(system::RECORDED_AT)?, column(system::ROW)?);
                let (sources, loads) = (column(system::SOURCE)?, column(system::LOAD)?);
                // Neighbours mostly share them.
                let mut last: Option<(String, String, u32, u32, i64)> = None;
                for row in 0..batch.num_rows() {
                    for (at, array) in attributes.iter().enumerate() {
                        fill(&mut values, at, array, row);
                    }
                    let (source, load) = (text_at(&sources, row), text_at(&loads, row));
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
                    let Some(key) = values.key(&shape.key) else {
                        // A row of another source that does not fill this key: it can meet none of ours.
                        row_in_file += 1;
                        continue;
                    };
                    let (order, start) = shape.order(&values, since).unwrap_or((since, since));
                    let to = integer_at(&to, row).unwrap_or(OPEN);
                    if to == OPEN {
                        for (map, attributes) in index.unique.iter_mut().zip(&shape.unique) {
                            if let Some(hash) = values.key(attributes) {
                                map.insert(hash, key);
                            }
                        }
                    }
                    found.push(Found {
                        key,
                        version: Version {
                            content: values.content(&names),
                            order,
                            start,
                            ended: to,
                            file: number,
                            row: row_in_file,
                            load,
                            source,
                        },
                        from: integer_at(&from, row).unwrap_or(EVER),
                        to,
                        recorded: integer_at(&recorded, row).unwrap_or(0),
                        number: integer_at(&numbers, row).unwrap_or(0),
                    });
                    row_in_file += 1;
                }
                Ok(())
            })?;
            index.files.push(file);
        }
        found.sort_by_key(|f| (f.version.order, f.recorded, f.number));
        for f in found {
            index.history.restore(f.key, f.version, f.from, f.to);
        }
        Ok(index)
    }
}

fn text_at(array: &ArrayRef, row: usize) -> &str {
    array.as_string_opt::<i32>().filter(|a| a.is_valid(row)).map_or("", |a| a.value(row))
}

fn fill(values: &mut Values, at: usize, array: &ArrayRef, row: usize) {
    let slot = if array.is_null(row) {
        Slot::Missing
    } else if let Some(a) = array.as_string_opt::<i32>() {
        if let Some(buffer) = values.texts.get_mut(at) {
            buffer.clear();
            buffer.push_str(a.value(row));
        }
        Slot::Text
    } else if let Some(a) = array.as_boolean_opt() {
        Slot::Boolean(a.value(row))
    } else {
        integer_at(array, row).map_or(Slot::Missing, Slot::Integer)
    };
    if let Some(s) = values.slots.get_mut(at) {
        *s = slot;
    }
}

/// Keys in force of an entity that others refer to by one attribute.
pub(crate) fn current_keys(
    entity: &Entity,
    table: &Table,
    files: &[DataFile],
) -> Result<Arc<KeySet>, LakeError> {
    let mut keys = KeySet::default();
    let Some(key) = entity.key.first().filter(|_| entity.key.len() == 1) else { return Ok(Arc::new(keys)) };
    for file in files {
        read_batches(file, table, Some(&[key.as_str(), system::VALID_TO]), |batch| {
            let (Some(column), Some(to)) =
                (batch.column_by_name(key.as_str()), batch.column_by_name(system::VALID_TO))
            else {
                return Ok(());
            };
            for row in (0..batch.num_rows()).filter(|r| to.is_null(*r) && column.is_valid(*r)) {
                let mut hasher = KeyHasher::default();
                let slot = integer_at(column, row).map_or(Slot::Text, Slot::Integer);
                if hasher.part(slot, text_at(column, row)).is_some() {
                    keys.insert(hasher.finish());
                }
            }
            Ok(())
        })?;
    }
    Ok(Arc::new(keys))
}
