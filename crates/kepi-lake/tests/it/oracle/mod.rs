//! Landing as it should be, row by row: each cell is a text, each row is read, judged and placed before the next is
//! looked at, and all that is known is in plain vectors. Slow, and right by being simple; the lake must do the same.

mod map;
mod read;

use std::{
    cmp::Ordering,
    collections::{BTreeMap, BTreeSet},
};

use kepi_model::{
    id::{AttributeId, EntityId},
    project::{Entity, Mode, Otherwise, Requirement, Source},
};
use kepi_query::{
    landing::{MissingCount, RowCounts, natural},
    row::{Cell, evaluate},
};
pub use map::OneRow;
use map::{Mapping, Outcome};

/// A version of a row.
#[derive(Debug, Clone)]
struct Version {
    values: Vec<Cell>,
    order: i64,
    start: i64,
    ended: Option<i64>,
    load: usize,
    source: String,
    file: String,
    row: u64,
}

/// Behind the name of a file whose load another has replaced.
const REPLACED: &str = " (replaced)";

/// A rejected row: number, rule, reason, column, the row as it stood.
pub type Rejected = (u64, String, String, Option<String>, String);

/// A row in the table: values, since when, until when, file, number.
pub type Stored = (Vec<Cell>, Option<i64>, Option<i64>, String, u64);

/// What a load comes to.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Expected {
    pub counts: RowCounts,
    pub missing: Vec<MissingCount>,
    pub rules: BTreeMap<String, u64>,
    pub quarantine: Vec<Rejected>,
    pub stopped: Option<(String, String)>,
}

struct Load {
    source: String,
    file: String,
    effective: i64,
}

/// A table and what was landed into it.
#[derive(Default)]
pub struct Oracle {
    /// By key, in the order in which they came.
    versions: BTreeMap<Vec<Cell>, Vec<Version>>,
    loads: Vec<Load>,
    pub known: BTreeMap<EntityId, BTreeSet<Cell>>,
}

impl Oracle {
    /// Lands a file, in the place of an earlier load of it if there is one.
    pub fn land(&mut self, entity: &Entity, source: &Source, file: &str, bytes: &[u8], at: i64) -> Expected {
        let same = |l: &Load| l.source == source.id.as_str() && l.file == file;
        let earlier = self.loads.iter().position(same);
        let last = self.loads.iter().map(|l| l.effective).max();
        let effective = match earlier {
            Some(load) => self.loads[load].effective,
            None => last.filter(|last| *last >= at).map_or(at, |last| last + 1000),
        };
        // A file that is older than one that is in: refused as the whole, else between those it stands between.
        let ordered =
            source.mode == Mode::Snapshot || source.mode == Mode::Upsert && source.version.is_none();
        let others =
            || self.loads.iter().filter(|l| ordered && earlier.is_none() && l.source == source.id.as_str());
        let stands = |l: &Load| (!l.file.ends_with(REPLACED)).then(|| natural(&l.file, file));
        let newer = others().filter(|l| stands(l) == Some(Ordering::Greater)).min_by_key(|l| l.effective);
        let older = others().filter(|l| stands(l) == Some(Ordering::Less)).map(|l| l.effective).max();
        if let Some(newer) = newer.filter(|_| source.mode == Mode::Snapshot) {
            let why = format!(
                "by name it is older than `{}`, which has landed, and would end what came since; take it away, or say under \
                 `order` of the source which file is newer",
                newer.file
            );
            return Expected { stopped: Some(("order_of_files".to_owned(), why)), ..Expected::default() };
        }
        let effective = match (newer.map(|l| l.effective), older) {
            (Some(newer), Some(older)) => older + (newer - older).max(0) / 2,
            (Some(newer), None) => newer - 1000,
            (None, _) => effective,
        };
        let before = self.versions.clone();
        if let Some(load) = earlier {
            self.versions.retain(|_, versions| {
                versions.retain(|v| v.load != load);
                for v in versions.iter_mut().filter(|v| v.source == source.id.as_str()) {
                    v.ended = v.ended.filter(|e| *e != effective);
                }
                !versions.is_empty()
            });
        }
        let load = self.loads.len();
        let mut expected = Expected::default();
        let mut landing = Landing {
            oracle: self,
            entity,
            source,
            effective,
            load,
            file,
            seen: BTreeSet::new(),
            expected: &mut expected,
        };
        landing.file(bytes);
        let seen = landing.seen;
        if expected.stopped.is_some() {
            self.versions = before;
            return expected;
        }
        if source.mode == Mode::Snapshot {
            self.end_absent(source.id.as_str(), effective, &seen);
        }
        if let Some(earlier) = earlier {
            self.loads[earlier].file.push_str(REPLACED);
        }
        self.loads.push(Load { source: source.id.to_string(), file: file.to_owned(), effective });
        expected
    }

    fn end_absent(&mut self, source: &str, instant: i64, seen: &BTreeSet<Vec<Cell>>) {
        for (_, versions) in self.versions.iter_mut().filter(|(key, _)| !seen.contains(*key)) {
            versions.sort_by_key(|v| v.order);
            if let Some(v) = versions.iter_mut().rev().find(|v| v.start <= instant)
                && v.source == source
                && v.ended.is_none_or(|e| e > instant)
            {
                v.ended = Some(instant);
            }
        }
    }

    /// All rows, sorted.
    pub fn rows(&self) -> Vec<Stored> {
        let mut rows = Vec::new();
        for versions in self.versions.values() {
            let mut chain: Vec<&Version> = versions.iter().collect();
            chain.sort_by_key(|v| v.order);
            let mut first = true;
            for (at, v) in chain.iter().enumerate() {
                let next = chain.get(at + 1).map(|n| n.start);
                let to = [next, v.ended].into_iter().flatten().min();
                let from = if to.is_some_and(|to| v.start >= to) {
                    to
                } else {
                    Some(v.start).filter(|_| !std::mem::take(&mut first))
                };
                rows.push((v.values.clone(), from, to, v.file.clone(), v.row));
            }
        }
        rows.sort();
        rows
    }
}

/// One file on its way.
struct Landing<'a> {
    oracle: &'a mut Oracle,
    entity: &'a Entity,
    source: &'a Source,
    effective: i64,
    load: usize,
    file: &'a str,
    seen: BTreeSet<Vec<Cell>>,
    expected: &'a mut Expected,
}

impl Landing<'_> {
    fn position(&self, id: &AttributeId) -> usize {
        self.entity.attributes.iter().position(|a| &a.id == id).unwrap()
    }

    fn pick(&self, attributes: &[AttributeId], row: &OneRow<'_>) -> Option<Vec<Cell>> {
        let values: Vec<Cell> = attributes.iter().map(|a| row.values[self.position(a)].clone()).collect();
        values.iter().all(|v| !v.is_missing()).then_some(values)
    }

    fn file(&mut self, bytes: &[u8]) {
        let known = self.oracle.known.clone();
        let mut mapping = Mapping::new(self.entity, self.source, self.file);
        for (number, line) in (1..).zip(read::rows(&self.source.from, bytes)) {
            self.expected.counts.read += 1;
            let rejected = match line.cells {
                Err((rule, reason, column)) => (rule.to_owned(), reason, column),
                Ok(cells) => match mapping.read(&cells, number, &known) {
                    Outcome::OutOfScope => {
                        self.expected.counts.out_of_scope += 1;
                        continue;
                    }
                    Outcome::Rejected(row, why) => {
                        self.seen.extend(self.pick(&self.source.key, &row));
                        why
                    }
                    Outcome::Typed(row) => match self.typed(number, &row) {
                        Ok(None) => continue,
                        Ok(Some(why)) => why,
                        Err(stopped) => {
                            self.expected.stopped = Some(stopped);
                            self.expected.missing = mapping.missing();
                            return;
                        }
                    },
                },
            };
            self.expected.counts.quarantined += 1;
            if !self.source.rules.iter().any(|r| r.id.as_str() == rejected.0) {
                *self.expected.rules.entry(rejected.0.clone()).or_default() += 1;
            }
            self.expected.quarantine.push((number, rejected.0, rejected.1, rejected.2, line.raw));
        }
        self.expected.missing = mapping.missing();
        for rule in &self.source.rules {
            let Requirement::RowsAtLeast(least) = rule.require else { continue };
            let rows = self.expected.counts.landed();
            if rows < least {
                *self.expected.rules.entry(rule.id.to_string()).or_default() += 1;
                if rule.otherwise != Otherwise::Warn {
                    let why = format!("it has {rows} rows, at least {least} are required");
                    self.expected.stopped = Some((rule.id.to_string(), why));
                    return;
                }
            }
        }
    }

    /// A row that could be read: none if it is in, or why it is rejected, or what stops the file.
    #[expect(clippy::type_complexity, reason = "three ways out of one row")]
    fn typed(
        &mut self,
        number: u64,
        row: &OneRow<'_>,
    ) -> Result<Option<(String, String, Option<String>)>, (String, String)> {
        let rejected = |rule: &str, why: String| Ok(Some((rule.to_owned(), why, None)));
        let Some(key) = self.pick(&self.source.key, row) else {
            let missing: Vec<String> = self
                .source
                .key
                .iter()
                .filter(|k| row.values[self.position(k)].is_missing())
                .map(|k| format!("`{k}`"))
                .collect();
            return rejected("key", format!("the key has no value: {}", missing.join(", ")));
        };
        self.seen.insert(key.clone());
        let (order, start) = match self.source.version.as_ref().map(|v| &row.values[self.position(v)]) {
            None => (self.effective, self.effective),
            Some(Cell::Instant(n)) => (*n, *n),
            Some(Cell::Integer(n)) => (*n, self.effective),
            Some(_) => {
                let why = "the attribute that says which row is newer has no value";
                return rejected("version", why.to_owned());
            }
        };
        let mut quarantined = None;
        for rule in &self.source.rules {
            let why = match &rule.require {
                Requirement::Row(e) => match evaluate(e, row) {
                    Ok(Cell::Boolean(false)) => {
                        let read = map::attributes_read(e);
                        let shown =
                            read.iter().map(|a| format!("`{a}` is {}", shown(&row.values[self.position(a)])));
                        Some(shown.collect::<Vec<_>>().join(", "))
                    }
                    Ok(_) => None,
                    Err(e) => Some(e.to_string()),
                },
                Requirement::Unique(attributes) => {
                    let value = self.pick(attributes, row);
                    value.filter(|value| self.taken(attributes, value, &key)).map(|_| {
                        let names: Vec<String> = attributes.iter().map(|a| format!("`{a}`")).collect();
                        format!("another row has the same {}", names.join(", "))
                    })
                }
                _ => None,
            };
            let Some(why) = why else { continue };
            *self.expected.rules.entry(rule.id.to_string()).or_default() += 1;
            match rule.otherwise {
                Otherwise::Warn => {}
                Otherwise::Stop => return Err((rule.id.to_string(), format!("row {number}: {why}"))),
                Otherwise::Quarantine => {
                    quarantined.get_or_insert((rule.id.to_string(), why, None));
                }
            }
        }
        if quarantined.is_some() {
            return Ok(quarantined);
        }
        let version = Version {
            values: row.values.clone(),
            order,
            start,
            ended: None,
            load: self.load,
            source: self.source.id.to_string(),
            file: self.file.to_owned(),
            row: number,
        };
        let known = self.oracle.versions.entry(key.clone()).or_default();
        let counts = &mut self.expected.counts;
        if self.source.mode == Mode::Append {
            match known.last() {
                Some(known) if known.values == version.values => counts.duplicate += 1,
                Some(_) => {
                    let key: Vec<String> = key.iter().map(shown).collect();
                    let why = format!("another row with other content has the key {}", key.join(", "));
                    return rejected("duplicate key", why);
                }
                None => {
                    counts.accepted += 1;
                    known.push(version);
                }
            }
            return Ok(None);
        }
        // Behind its equals.
        let last = known.iter().map(|v| v.order).filter(|o| *o <= order).max();
        let before = known.iter().rfind(|v| Some(v.order) == last);
        let after = known.iter().filter(|v| v.order > order).min_by_key(|v| v.order);
        match (before, after) {
            (Some(v), _) if v.ended.is_some_and(|e| e <= start) => counts.accepted += 1,
            (Some(v), _) | (None, Some(v)) if v.values == version.values => {
                counts.duplicate += 1;
                return Ok(None);
            }
            (None, None) => counts.accepted += 1,
            _ => counts.superseding += 1,
        }
        known.push(version);
        Ok(None)
    }

    /// Whether another row has this value.
    fn taken(&self, attributes: &[AttributeId], value: &[Cell], key: &[Cell]) -> bool {
        let has = |v: &Version| {
            attributes.iter().zip(value).all(|(a, wanted)| &v.values[self.position(a)] == wanted)
        };
        self.oracle.versions.iter().any(|(k, versions)| k != key && versions.iter().any(has))
    }
}

fn shown(cell: &Cell) -> String {
    match cell {
        Cell::Missing => "nothing".to_owned(),
        Cell::Text(t) => format!("`{t}`"),
        Cell::Integer(n) => n.to_string(),
        Cell::Instant(n) => jiff::Timestamp::from_microsecond(*n).unwrap().to_string(),
        Cell::Boolean(b) => b.to_string(),
    }
}
