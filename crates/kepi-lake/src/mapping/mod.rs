//! From the texts of a file to the typed attributes of an entity.

pub mod number;
pub mod time;

use std::{
    collections::{BTreeSet, HashMap},
    sync::Arc,
};

use kepi_model::{
    expression::{Expression, Literal, Node, Path, Physical},
    id::{AttributeId, EntityId},
    project::{Entity, EnumElse, Mapping, MappingFrom, Parse, Source},
};
use kepi_query::{
    landing::MissingCount,
    row::{self, Cell, Row},
};

use crate::{connector::RowReader, error::LandError, history::KeySet};
use time::Zone;

/// A cell that cannot be read as its type.
pub(crate) const TYPE: &str = "type";
/// A required attribute without a value.
pub(crate) const REQUIRED: &str = "required";

/// Why a row is rejected.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Rejection {
    /// Declared or built-in rule.
    pub rule: String,
    /// In words.
    pub reason: String,
    /// Column, where one is to blame.
    pub column: Option<String>,
}

/// What a slot holds; its text is kept apart, so that buffers are used again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Slot {
    Missing,
    Text,
    Integer(i64),
    Instant(i64),
    Boolean(bool),
}

/// Keys of other entities, as far as rules ask for them.
pub(crate) type KnownKeys = HashMap<EntityId, Arc<KeySet>>;

/// The typed values of one row, by position of the attribute in the entity.
#[derive(Debug, Default)]
pub(crate) struct Values {
    pub slots: Vec<Slot>,
    pub texts: Vec<String>,
    positions: HashMap<AttributeId, usize>,
    known: KnownKeys,
}

impl Values {
    pub fn new(entity: &Entity, known: KnownKeys) -> Self {
        let n = entity.attributes.len();
        Self {
            slots: vec![Slot::Missing; n],
            texts: vec![String::new(); n],
            positions: entity.attributes.iter().enumerate().map(|(i, a)| (a.id.clone(), i)).collect(),
            known,
        }
    }

    pub fn position(&self, attribute: &AttributeId) -> Option<usize> {
        self.positions.get(attribute).copied()
    }

    pub fn get(&self, at: usize) -> Slot {
        self.slots.get(at).copied().unwrap_or(Slot::Missing)
    }

    pub fn text(&self, at: usize) -> &str {
        self.texts.get(at).map_or("", String::as_str)
    }

    fn clear(&mut self) {
        self.slots.fill(Slot::Missing);
    }

    fn set(&mut self, at: usize, slot: Slot, text: Option<&str>) {
        if let Some(s) = self.slots.get_mut(at) {
            *s = slot;
        }
        if let (Some(text), Some(buffer)) = (text, self.texts.get_mut(at)) {
            buffer.clear();
            buffer.push_str(text);
        }
    }

    fn set_cell(&mut self, at: usize, cell: &Cell, physical: Physical) {
        match cell {
            Cell::Missing => self.set(at, Slot::Missing, None),
            Cell::Text(t) => self.set(at, Slot::Text, Some(t)),
            Cell::Boolean(b) => self.set(at, Slot::Boolean(*b), None),
            Cell::Integer(n) | Cell::Instant(n) => {
                self.set(
                    at,
                    if physical == Physical::Instant { Slot::Instant(*n) } else { Slot::Integer(*n) },
                    None,
                );
            }
        }
    }

    /// The hash by which rows are told apart; none: a part of it is missing.
    pub fn key(&self, positions: &[usize]) -> Option<u128> {
        let mut hasher = KeyHasher::default();
        for at in positions {
            hasher.part(self.get(*at), self.text(*at))?;
        }
        Some(hasher.finish())
    }

    /// The hash of everything that has a value, so that attributes added to the model later do not change it.
    pub fn content(&self, names: &[String]) -> u64 {
        let mut hasher = KeyHasher::default();
        for (at, name) in names.iter().enumerate() {
            let slot = self.get(at);
            if slot != Slot::Missing {
                hasher.text(name);
                let _ = hasher.part(slot, self.text(at));
            }
        }
        hasher.finish() as u64
    }

    /// A value in words.
    pub fn shown(&self, at: usize) -> String {
        match self.get(at) {
            Slot::Missing => "nothing".to_owned(),
            Slot::Text => format!("`{}`", self.text(at)),
            Slot::Integer(n) | Slot::Instant(n) => n.to_string(),
            Slot::Boolean(b) => b.to_string(),
        }
    }
}

/// Hashes typed values unambiguously: kind, length, bytes.
#[derive(Default)]
pub(crate) struct KeyHasher {
    bytes: Vec<u8>,
}

impl KeyHasher {
    pub fn text(&mut self, text: &str) {
        self.bytes.push(b't');
        self.bytes.extend_from_slice(&(text.len() as u64).to_le_bytes());
        self.bytes.extend_from_slice(text.as_bytes());
    }
    /// Adds a value; none if it is missing.
    pub fn part(&mut self, slot: Slot, text: &str) -> Option<()> {
        match slot {
            Slot::Missing => return None,
            Slot::Text => self.text(text),
            Slot::Integer(n) | Slot::Instant(n) => {
                self.bytes.push(b'i');
                self.bytes.extend_from_slice(&n.to_le_bytes());
            }
            Slot::Boolean(b) => self.bytes.extend_from_slice(&[b'b', u8::from(b)]),
        }
        Some(())
    }
    pub fn finish(&self) -> u128 {
        let mut out = [0u8; 16];
        blake3::Hasher::new().update(&self.bytes).finalize_xof().fill(&mut out);
        u128::from_le_bytes(out)
    }
}

impl Row for Values {
    fn attribute(&self, path: &Path) -> Cell {
        if !path.references.is_empty() {
            return Cell::Missing;
        }
        let Some(at) = self.position(&path.attribute) else { return Cell::Missing };
        match self.get(at) {
            Slot::Missing => Cell::Missing,
            Slot::Text => Cell::Text(self.text(at).into()),
            Slot::Integer(n) => Cell::Integer(n),
            Slot::Instant(n) => Cell::Instant(n),
            Slot::Boolean(b) => Cell::Boolean(b),
        }
    }

    fn exists(&self, attribute: &AttributeId, entity: &EntityId) -> Option<bool> {
        let key = self.key(&[self.position(attribute)?])?;
        Some(self.known.get(entity).is_some_and(|keys| keys.contains(&key)))
    }
}

/// The value of a row expression. The one evaluator of Kepi decides what it means.
pub(crate) fn evaluate(expression: &Expression, values: &Values) -> Result<Cell, String> {
    row::evaluate(expression, values).map_err(|e| e.to_string())
}

/// Every attribute an expression reads.
pub(crate) fn attributes_read(expression: &Expression) -> BTreeSet<AttributeId> {
    let mut read = BTreeSet::new();
    expression.visit(&mut |e| match &e.node {
        Node::Path(path) => {
            read.insert(path.attribute.clone());
        }
        Node::Exists(attribute, _) => {
            read.insert(attribute.clone());
        }
        _ => {}
    });
    read
}

/// Every entity whose keys an expression asks for.
pub(crate) fn entities_asked(expression: &Expression, into: &mut BTreeSet<EntityId>) {
    expression.visit(&mut |e| {
        if let Node::Exists(_, entity) = &e.node {
            into.insert(entity.clone());
        }
    });
}

/// A mapping bound to a file and an entity.
pub(crate) struct Program {
    steps: Vec<Bound>,
    zone: Zone,
    file: String,
    only: Option<(Expression, Vec<usize>)>,
}

struct Bound {
    slot: usize,
    physical: Physical,
    name: String,
    required: bool,
    from: From,
}

enum From {
    Column(Box<ColumnStep>),
    Position,
    Constant(Cell),
    Expression(Expression, Vec<usize>),
}

struct ColumnStep {
    index: usize,
    column: String,
    parse: Parse,
    /// Text → position in the counts.
    missing: HashMap<String, usize>,
    counts: Vec<MissingCount>,
    /// Rows in which the file has no such value at all.
    absent: u64,
    replace: HashMap<String, String>,
    prefix: String,
    joined: String,
}

/// What became of a row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Read {
    /// Typed; the values are filled.
    Typed,
    /// `only` leaves it out.
    OutOfScope,
    /// It cannot be read.
    Rejected(Rejection),
}

impl Program {
    /// Binds a source's mapping to a file's columns.
    pub fn bind(
        source: &Source,
        entity: &Entity,
        reader: &mut dyn RowReader,
        file: &str,
    ) -> Result<Self, LandError> {
        let misfit = |why: String| LandError::Definition(source.id.to_string(), why);
        let zone = Zone::new(&source.zone).map_err(|e| misfit(e.to_string()))?;
        let slot_of = |id: &AttributeId| entity.attributes.iter().position(|a| &a.id == id);
        let reads = |e: &Expression| attributes_read(e).iter().filter_map(slot_of).collect::<Vec<_>>();
        let mut steps = Vec::new();
        for mapping in &source.map {
            let slot = slot_of(&mapping.attribute)
                .ok_or_else(|| misfit(format!("`{}` has no attribute `{}`", entity.id, mapping.attribute)))?;
            let from = match &mapping.from {
                MappingFrom::Column { column, parse, missing, replace, prefix } => {
                    let index = reader
                        .bind(column)
                        .ok_or_else(|| no_column(file, column, mapping, reader.columns()))?;
                    From::Column(Box::new(column_step(
                        source, mapping, index, column, parse, missing, replace, prefix,
                    )))
                }
                MappingFrom::Position => From::Position,
                MappingFrom::Constant(literal) => From::Constant(match literal {
                    Literal::Missing => Cell::Missing,
                    Literal::Text(t) => Cell::Text(t.as_str().into()),
                    Literal::Integer(n) => Cell::Integer(*n),
                    Literal::Boolean(b) => Cell::Boolean(*b),
                }),
                MappingFrom::Expression(e) => From::Expression(e.clone(), reads(e)),
            };
            steps.push(Bound {
                slot,
                physical: mapping.type_.physical(),
                name: mapping.attribute.to_string(),
                required: mapping.required,
                from,
            });
        }
        let only = source.only.as_ref().map(|e| (e.clone(), reads(e)));
        let file = file.rsplit(['/', '\\']).next().unwrap_or(file).to_owned();
        Ok(Self { steps, zone, file, only })
    }

    /// Reads the current row. `number` is its position in the file from 1.
    pub fn read(&mut self, reader: &dyn RowReader, number: u64, values: &mut Values) -> Read {
        values.clear();
        let mut failed: Vec<usize> = Vec::new();
        let mut first: Option<Rejection> = None;
        for step in &mut self.steps {
            let mut fail = |rejection: Rejection| {
                failed.push(step.slot);
                first.get_or_insert(rejection);
            };
            match &mut step.from {
                From::Column(column) => {
                    match column.read(reader.cell(column.index), &self.zone, step.slot, step.physical, values)
                    {
                        Ok(()) => {}
                        Err(why) => {
                            let reason = format!("`{}`: {why}", step.name);
                            fail(Rejection {
                                rule: TYPE.to_owned(),
                                reason,
                                column: Some(column.column.clone()),
                            });
                            continue;
                        }
                    }
                }
                From::Position => {
                    let position = format!("{}:{number}", self.file);
                    values.set(step.slot, Slot::Text, Some(&position));
                }
                From::Constant(cell) => values.set_cell(step.slot, cell, step.physical),
                From::Expression(expression, reads) => {
                    // What cannot be read has been said already.
                    if !failed.is_empty() && reads.iter().any(|r| failed.contains(r)) {
                        failed.push(step.slot);
                        continue;
                    }
                    match evaluate(expression, values) {
                        Ok(cell) => values.set_cell(step.slot, &cell, step.physical),
                        Err(why) => {
                            failed.push(step.slot);
                            first.get_or_insert(Rejection {
                                rule: TYPE.to_owned(),
                                reason: format!("`{}`: {why}", step.name),
                                column: None,
                            });
                            continue;
                        }
                    }
                }
            }
            if step.required && values.get(step.slot) == Slot::Missing {
                let column = match &step.from {
                    From::Column(c) => Some(c.column.clone()),
                    _ => None,
                };
                failed.push(step.slot);
                first.get_or_insert(Rejection {
                    rule: REQUIRED.to_owned(),
                    reason: format!("`{}` is required but has no value", step.name),
                    column,
                });
            }
        }
        if let Some((only, reads)) = &self.only
            && !reads.iter().any(|r| failed.contains(r))
            && evaluate(only, values) != Ok(Cell::Boolean(true))
        {
            return Read::OutOfScope;
        }
        match first {
            Some(rejection) => Read::Rejected(rejection),
            None => Read::Typed,
        }
    }

    /// How often values were missing, by attribute, text and reason; in the order of the mapping.
    pub fn missing(&self) -> Vec<MissingCount> {
        let mut all = Vec::new();
        for step in &self.steps {
            if let From::Column(column) = &step.from {
                all.extend(column.counts.iter().filter(|c| c.count > 0).cloned());
                if column.absent > 0
                    && let Ok(attribute) = step.name.parse()
                {
                    all.push(MissingCount {
                        attribute,
                        column: column.column.clone(),
                        text: String::new(),
                        reason: "absent".to_owned(),
                        count: column.absent,
                    });
                }
            }
        }
        all
    }
}

fn no_column(file: &str, column: &str, mapping: &Mapping, available: Vec<String>) -> LandError {
    let folded = |t: &str| t.to_lowercase().replace([' ', '_', '-', '.'], "");
    let closest = available
        .iter()
        .map(|c| (distance(&folded(c), &folded(column)), c))
        .filter(|(d, c)| *d <= (c.chars().count().max(3) / 3))
        .min()
        .map(|(_, c)| c.clone());
    LandError::NoColumn {
        path: file.to_owned(),
        column: column.to_owned(),
        attribute: mapping.attribute.clone(),
        closest,
        available,
    }
}

/// Levenshtein distance.
fn distance(a: &str, b: &str) -> usize {
    let b: Vec<char> = b.chars().collect();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, x) in a.chars().enumerate() {
        let mut last = i + 1;
        let mut next = Vec::with_capacity(row.len());
        next.push(last);
        for ((y, up), left_up) in b.iter().zip(row.iter().skip(1)).zip(&row) {
            last = (up + 1).min(last + 1).min(left_up + usize::from(x != *y));
            next.push(last);
        }
        row = next;
    }
    row.last().copied().unwrap_or(0)
}

#[expect(clippy::too_many_arguments, reason = "the fields of one mapping, taken apart by its match")]
fn column_step(
    source: &Source,
    mapping: &Mapping,
    index: usize,
    column: &str,
    parse: &Parse,
    missing: &[(String, String)],
    replace: &[(String, String)],
    prefix: &str,
) -> ColumnStep {
    let mut by_text = HashMap::new();
    let mut counts: Vec<MissingCount> = Vec::new();
    let everywhere =
        source.missing.iter().map(|t| (t.as_str(), if t.is_empty() { "empty" } else { t.as_str() }));
    for (text, reason) in missing.iter().map(|(t, r)| (t.as_str(), r.as_str())).chain(everywhere) {
        by_text.entry(text.trim().to_owned()).or_insert_with(|| {
            counts.push(MissingCount {
                attribute: mapping.attribute.clone(),
                column: column.to_owned(),
                text: text.to_owned(),
                reason: reason.to_owned(),
                count: 0,
            });
            counts.len() - 1
        });
    }
    ColumnStep {
        index,
        column: column.to_owned(),
        parse: parse.clone(),
        missing: by_text,
        counts,
        absent: 0,
        replace: replace.iter().map(|(a, b)| (a.trim().to_owned(), b.clone())).collect(),
        prefix: prefix.to_owned(),
        joined: String::new(),
    }
}

impl ColumnStep {
    fn read(
        &mut self,
        cell: Option<&str>,
        zone: &Zone,
        slot: usize,
        physical: Physical,
        values: &mut Values,
    ) -> Result<(), String> {
        let Some(cell) = cell else {
            self.absent += 1;
            return Ok(());
        };
        let trimmed = cell.trim();
        if let Some(at) = self.missing.get(trimmed) {
            if let Some(count) = self.counts.get_mut(*at) {
                count.count += 1;
            }
            return Ok(());
        }
        let replaced = self.replace.get(trimmed).map(String::as_str);
        let text = replaced.unwrap_or(if self.parse == Parse::Text { cell } else { trimmed });
        let text = if self.prefix.is_empty() {
            text
        } else {
            self.joined.clear();
            self.joined.push_str(&self.prefix);
            self.joined.push_str(text);
            &self.joined
        };
        let said = |why: String| format!("`{}` {why}", shorten(text));
        let integer =
            |n: i64| if physical == Physical::Instant { Slot::Instant(n) } else { Slot::Integer(n) };
        match &self.parse {
            Parse::Text => values.set(slot, Slot::Text, Some(text)),
            Parse::Number { scale, decimal_mark, excess } => {
                let n = number::parse_number(text, *scale, *decimal_mark, *excess)
                    .map_err(|e| said(e.to_string()))?;
                values.set(slot, integer(n), None);
            }
            Parse::Duration { unit_micros, decimal_mark } => {
                let n = number::parse_duration(text, *unit_micros, *decimal_mark)
                    .map_err(|e| said(e.to_string()))?;
                values.set(slot, Slot::Integer(n), None);
            }
            Parse::Boolean { yes, no } => {
                let listed = |list: &[String], default: &[&str]| {
                    if list.is_empty() {
                        default.iter().any(|t| t.eq_ignore_ascii_case(text))
                    } else {
                        list.iter().any(|t| t.trim().eq_ignore_ascii_case(text))
                    }
                };
                let value = if listed(yes, &["true", "yes", "1"]) {
                    true
                } else if listed(no, &["false", "no", "0"]) {
                    false
                } else {
                    return Err(said("is neither true nor false".to_owned()));
                };
                values.set(slot, Slot::Boolean(value), None);
            }
            Parse::Date { format } => {
                let n = zone.date(text, format.as_deref()).map_err(|e| said(e.to_string()))?;
                values.set(slot, Slot::Instant(n), None);
            }
            Parse::Timestamp { format } => {
                let n = zone.timestamp(text, format.as_deref()).map_err(|e| said(e.to_string()))?;
                values.set(slot, Slot::Instant(n), None);
            }
            Parse::Enum { values: members, other } => {
                match (members.iter().find(|(from, _)| from.trim() == text), other) {
                    (Some((_, member)), _) => values.set(slot, Slot::Text, Some(member)),
                    (None, EnumElse::Quarantine) => {
                        return Err(said("is not one of the listed values".to_owned()));
                    }
                    (None, EnumElse::Missing) => {}
                    (None, EnumElse::Value(member)) => values.set(slot, Slot::Text, Some(member)),
                }
            }
        }
        Ok(())
    }
}

/// A text short enough for a message.
fn shorten(text: &str) -> String {
    if text.chars().count() <= 60 {
        return text.to_owned();
    }
    text.chars().take(59).chain(['…']).collect()
}
