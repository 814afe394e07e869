//! Names that say all that states depend on.

use std::collections::BTreeMap;

use kepi_model::{
    calendar::zones_version,
    expression::Path,
    id::{AttributeId, EntityId, Hash},
};

use super::part::FileId;
use crate::{
    plan::ScanPlan,
    port::{EngineVersion, MemoryColumn, PinnedInputs, PinnedTable, TableData, system},
    reference::expression_paths,
};

/// A plan with the names under which what it asks for is kept.
pub(super) struct Asked<'a> {
    pub plan: &'a ScanPlan,
    pub scan: Hash,
    /// Names of its keys.
    pub keys: Vec<Hash>,
    /// Names of its states.
    pub states: Vec<Hash>,
    /// How the tables stand that it walks to.
    pub tables: Vec<(String, Hash)>,
}

impl<'a> Asked<'a> {
    pub fn of(plan: &'a ScanPlan, inputs: &'a PinnedInputs, engine: &EngineVersion) -> Self {
        let mut stands = Stands { inputs, known: BTreeMap::new() };
        let time = [&plan.time];
        let what =
            serde_json::json!([engine, zones_version(), plan.calendar, plan.entity, plan.time, plan.as_of]);
        let scan = stands.named(&what, &time);
        let keys = plan.keys.iter().map(|key| {
            let mut walks = Vec::new();
            expression_paths(&key.of, &mut walks);
            stands.named(&serde_json::json!(["key", key.dimension, key.of]), &walks)
        });
        let keys = keys.collect();
        let states = plan.states.iter().map(|state| {
            let mut walks = Vec::new();
            let read = state.filter.iter().chain(state.kind.expressions());
            read.for_each(|of| expression_paths(of, &mut walks));
            stands.named(&serde_json::json!(["state", state.id]), &walks)
        });
        let states = states.collect();
        Self { plan, scan, keys, states, tables: stands.tables() }
    }

    /// How names of its parts begin.
    pub fn prefix(&self) -> String {
        format!("{}-", self.scan.short())
    }
}

/// Names for what columns of tables hold that are walked to.
struct Stands<'a> {
    inputs: &'a PinnedInputs,
    known: BTreeMap<(&'a EntityId, &'a AttributeId), Hash>,
}

impl<'a> Stands<'a> {
    /// A name for something that walks along paths.
    fn named(&mut self, what: &serde_json::Value, paths: &[&'a Path]) -> Hash {
        let mut text = what.to_string();
        for path in paths {
            let own = path.references.iter().skip(1).map(|(reference, _)| reference).chain([&path.attribute]);
            for ((_, entity), attribute) in path.references.iter().zip(own) {
                let table = self.inputs.tables.get(entity);
                let known = self.known.entry((entity, attribute));
                let stands = known.or_insert_with(|| column_stands(table, attribute));
                text.push_str(&format!("\n{entity}.{attribute} {stands}"));
            }
        }
        Hash::of(text.as_bytes())
    }

    /// All of them, by table.
    fn tables(&self) -> Vec<(String, Hash)> {
        let mut tables: BTreeMap<&EntityId, String> = BTreeMap::new();
        for ((entity, attribute), stands) in &self.known {
            tables.entry(entity).or_default().push_str(&format!("{attribute} {stands}\n"));
        }
        tables.into_iter().map(|(entity, text)| (entity.to_string(), Hash::of(text.as_bytes()))).collect()
    }
}

/// A name for what a column of a table holds, by key and version.
fn column_stands(table: Option<&PinnedTable>, attribute: &AttributeId) -> Hash {
    let Some(table) = table else { return Hash::of(b"no table") };
    let mut hasher = blake3::Hasher::new();
    let mut add = |bytes: &[u8]| {
        hasher.update(&(bytes.len() as u64).to_le_bytes());
        hasher.update(bytes);
    };
    let read = |name: &str| {
        table.key.iter().any(|key| key.as_str() == name)
            || [attribute.as_str(), system::VALID_FROM, system::VALID_TO].contains(&name)
    };
    let columns = || table.columns.iter().enumerate().filter(|(_, column)| read(&column.name));
    let described = columns().map(|(_, column)| (&column.name, column.physical));
    add(serde_json::json!([table.key, described.collect::<Vec<_>>()]).to_string().as_bytes());
    match &table.data {
        TableData::Files(files) => {
            let mut files: Vec<FileId> = files.iter().map(FileId::of).collect();
            files.sort_unstable();
            for file in files {
                add(file.name.as_bytes());
                add(&file.bytes.to_le_bytes());
                add(&file.rows.to_le_bytes());
            }
        }
        TableData::Memory(memory) => {
            columns().filter_map(|(at, _)| memory.columns.get(at)).for_each(|column| add(&content(column)));
        }
    }
    Hash(*hasher.finalize().as_bytes())
}

/// All values of a column.
fn content(column: &MemoryColumn) -> Vec<u8> {
    let mut all: Vec<u8> = Vec::new();
    let mut one = |value: Option<&[u8]>| match value {
        None => all.push(0),
        Some(value) => {
            all.push(1);
            all.extend((value.len() as u32).to_le_bytes());
            all.extend(value);
        }
    };
    match column {
        MemoryColumn::Text(values) => values.iter().for_each(|v| one(v.map(str::as_bytes))),
        MemoryColumn::Integer(values) | MemoryColumn::Instant(values) => {
            values.iter().for_each(|v| one(v.map(i64::to_le_bytes).as_ref().map(|v| &v[..])));
        }
        MemoryColumn::Boolean(values) => {
            values.iter().for_each(|v| one(v.map(|v| [u8::from(v)]).as_ref().map(|v| &v[..])));
        }
    }
    all
}
