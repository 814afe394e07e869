//! Typed rows: the values of every attribute of an entity, column by column, and the rows that expressions see.

use std::{
    collections::{HashMap, HashSet},
    sync::Arc,
};

use arrow::{
    array::{
        Array, ArrayRef, AsArray, BooleanBuilder, Int64Array, Int64Builder, StringArray, StringBuilder,
        TimestampMicrosecondArray, TimestampMicrosecondBuilder,
    },
    buffer::{BooleanBuffer, Buffer, NullBuffer, OffsetBuffer},
    datatypes::{Int64Type, TimestampMicrosecondType},
};
use jiff::{SignedDuration, Timestamp, tz::TimeZone};
use kepi_model::{
    expression::{Expression, Node, Path, Physical, Type, scaled},
    id::{AttributeId, EntityId},
    project::Entity,
    unicode::reveal,
};
use kepi_query::{
    landing::{Bits, Texts},
    row::{Cell, Row},
};

use super::hash::{Key, Keys, RowHasher};
use crate::error::LakeError;

/// A value of a row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Slot<'a> {
    Missing,
    Text(&'a str),
    Integer(i64),
    Instant(i64),
    Boolean(bool),
}

/// The values of one attribute, as they lie one behind the other.
pub(super) enum Values<'a> {
    /// And which rows have one.
    Numbers(&'a [i64], &'a Bits),
    Texts(&'a Texts),
}

/// The values of one attribute, one a row.
#[derive(Debug, Clone)]
pub(crate) struct Column {
    pub physical: Physical,
    /// Integers, instants, and truth values as 0 and 1; empty in a column of texts.
    numbers: Vec<i64>,
    there: Bits,
    texts: Texts,
}

impl Column {
    pub fn new(physical: Physical) -> Self {
        Self { physical, numbers: Vec::new(), there: Bits::default(), texts: Texts::default() }
    }

    /// Removes all values.
    pub fn clear(&mut self) {
        self.numbers.clear();
        self.there.clear();
        self.texts.clear();
    }

    pub fn len(&self) -> usize {
        if self.physical == Physical::Text { self.texts.len() } else { self.there.len() }
    }

    pub fn missing(&mut self) {
        match self.physical {
            Physical::Text => self.texts.push(None),
            _ => {
                self.numbers.push(0);
                self.there.push(false);
            }
        }
    }

    /// Appends a text; to a column of another type, no value.
    pub fn text(&mut self, text: &str) {
        match self.physical {
            Physical::Text => self.texts.push(Some(text)),
            _ => self.missing(),
        }
    }

    /// Appends an integer, an instant, or a truth value as 0 or 1; to a column of texts, no value.
    pub fn number(&mut self, n: i64) {
        match self.physical {
            Physical::Text => self.missing(),
            _ => {
                self.numbers.push(n);
                self.there.push(true);
            }
        }
    }

    fn cell(&mut self, cell: &Cell) {
        match (cell, self.physical) {
            (Cell::Text(t), _) => self.text(t),
            (Cell::Integer(n) | Cell::Instant(n), Physical::Integer | Physical::Instant) => self.number(*n),
            (Cell::Boolean(b), Physical::Boolean) => self.number(i64::from(*b)),
            _ => self.missing(),
        }
    }

    /// Appends the values of a file of the lake.
    pub fn extend(&mut self, array: &ArrayRef) {
        let integers = |this: &mut Self, value: &dyn Fn(usize) -> i64| {
            for row in 0..array.len() {
                if array.is_null(row) { this.missing() } else { this.number(value(row)) }
            }
        };
        if let Some(a) = array.as_string_opt::<i32>() {
            (0..a.len())
                .for_each(|row| if a.is_null(row) { self.missing() } else { self.text(a.value(row)) });
        } else if let Some(a) = array.as_primitive_opt::<Int64Type>() {
            integers(self, &|row| a.value(row));
        } else if let Some(a) = array.as_primitive_opt::<TimestampMicrosecondType>() {
            integers(self, &|row| a.value(row));
        } else if let Some(a) = array.as_boolean_opt() {
            integers(self, &|row| i64::from(a.value(row)));
        } else {
            (0..array.len()).for_each(|_| self.missing());
        }
    }

    /// Takes the values of some rows away.
    fn empty(&mut self, rows: &HashSet<usize>) {
        let mut column = Self::new(self.physical);
        for row in 0..self.len() {
            match self.slot(row) {
                _ if rows.contains(&row) => column.missing(),
                Slot::Missing => column.missing(),
                Slot::Text(text) => column.text(text),
                Slot::Integer(n) | Slot::Instant(n) => column.number(n),
                Slot::Boolean(b) => column.number(i64::from(b)),
            }
        }
        *self = column;
    }

    pub fn slot(&self, row: usize) -> Slot<'_> {
        if self.physical == Physical::Text {
            return self.texts.get(row).map_or(Slot::Missing, Slot::Text);
        }
        match self.numbers.get(row) {
            Some(n) if self.there.get(row) => match self.physical {
                Physical::Instant => Slot::Instant(*n),
                Physical::Boolean => Slot::Boolean(*n != 0),
                Physical::Integer | Physical::Text => Slot::Integer(*n),
            },
            _ => Slot::Missing,
        }
    }

    /// The values of some rows, in their order, as they are written.
    pub fn array(&self, rows: &[u32]) -> ArrayRef {
        // Of most batches all rows land.
        if rows.len() == self.len()
            && let Some(whole) = self.whole()
        {
            return whole;
        }
        let slots = rows.iter().map(|row| self.slot(*row as usize));
        match self.physical {
            Physical::Text => {
                let mut builder = StringBuilder::new();
                slots.for_each(|s| builder.append_option(if let Slot::Text(t) = s { Some(t) } else { None }));
                Arc::new(builder.finish())
            }
            Physical::Integer => {
                let mut builder = Int64Builder::with_capacity(rows.len());
                slots.for_each(|s| {
                    builder.append_option(if let Slot::Integer(n) = s { Some(n) } else { None })
                });
                Arc::new(builder.finish())
            }
            Physical::Instant => {
                let mut builder = TimestampMicrosecondBuilder::with_capacity(rows.len()).with_timezone("UTC");
                slots.for_each(|s| {
                    builder.append_option(if let Slot::Instant(n) = s { Some(n) } else { None })
                });
                Arc::new(builder.finish())
            }
            Physical::Boolean => {
                let mut builder = BooleanBuilder::with_capacity(rows.len());
                slots.for_each(|s| {
                    builder.append_option(if let Slot::Boolean(b) = s { Some(b) } else { None })
                });
                Arc::new(builder.finish())
            }
        }
    }

    /// All values as they are written, column at once; none: not of this type, or too many letters.
    fn whole(&self) -> Option<ArrayRef> {
        let nulls = |there: &Bits| {
            let bits = BooleanBuffer::new(Buffer::from_vec(there.words().to_vec()), 0, there.len());
            Some(NullBuffer::new(bits)).filter(|nulls| nulls.null_count() > 0)
        };
        Some(match self.physical {
            Physical::Text => {
                let (letters, ends, there) = self.texts.parts();
                i32::try_from(letters.len()).ok()?;
                let offsets: Vec<i32> =
                    std::iter::once(0).chain(ends.iter().map(|end| *end as i32)).collect();
                let (offsets, letters) =
                    (OffsetBuffer::new(offsets.into()), Buffer::from_slice_ref(letters.as_bytes()));
                Arc::new(StringArray::try_new(offsets, letters, nulls(there)).ok()?)
            }
            Physical::Integer => {
                Arc::new(Int64Array::try_new(self.numbers.clone().into(), nulls(&self.there)).ok()?)
            }
            Physical::Instant => {
                let times =
                    TimestampMicrosecondArray::try_new(self.numbers.clone().into(), nulls(&self.there));
                Arc::new(times.ok()?.with_timezone("UTC"))
            }
            Physical::Boolean => return None,
        })
    }

    /// What it holds, for whoever looks at all of it.
    pub(super) fn values(&self) -> Values<'_> {
        match self.physical {
            Physical::Text => Values::Texts(&self.texts),
            _ => Values::Numbers(&self.numbers, &self.there),
        }
    }

    /// Takes over the numbers of rows, the first of it, and which of them have one; to a column of texts, no values.
    pub(super) fn take_numbers(&mut self, numbers: &[i64], there: &Bits) {
        if self.physical == Physical::Text {
            return (0..numbers.len()).for_each(|_| self.missing());
        }
        self.numbers.clear();
        self.numbers.extend_from_slice(numbers);
        self.there.clone_from(there);
    }

    /// The least and the greatest number.
    pub fn range(&self) -> Option<(i64, i64)> {
        range(&self.numbers, self.there.words().iter().copied())
    }

    /// Takes over the texts of rows, the first of it; to be called of an empty column of texts only.
    pub(super) fn texts(&mut self, texts: &Texts) {
        self.texts.clone_from(texts);
    }

    /// How many rows have no value.
    pub fn count_missing(&self) -> usize {
        let there = if self.physical == Physical::Text { self.texts.parts().2 } else { &self.there };
        there.len() - there.ones()
    }
}

/// The least and the greatest of numbers, and of those only which are there: a bit each, 64 in a word.
pub(crate) fn range(numbers: &[i64], there: impl Iterator<Item = u64>) -> Option<(i64, i64)> {
    let nothing = (i64::MAX, i64::MIN);
    let range = numbers.chunks(64).zip(there).fold(nothing, |range, (numbers, word)| {
        if word == u64::MAX {
            return numbers.iter().fold(range, |(low, high), n| (low.min(*n), high.max(*n)));
        }
        // Without a branch for each: which are there is often as good as random.
        numbers.iter().enumerate().fold(range, |(low, high), (at, n)| {
            let is = word >> at & 1 == 1;
            (low.min(if is { *n } else { i64::MAX }), high.max(if is { *n } else { i64::MIN }))
        })
    });
    (range != nothing).then_some(range)
}

/// Keys of other entities, as far as rules ask for them.
pub(crate) type KnownKeys = HashMap<EntityId, Arc<dyn Keys>>;

/// A batch of typed rows of an entity.
pub(crate) struct Rows {
    /// By position of the attribute in the entity.
    pub columns: Vec<Column>,
    /// What the column of merges says: the key of the row that a row was merged into, or those that were merged into it.
    pub merged: Column,
    positions: HashMap<AttributeId, usize>,
    /// By position: whether its values are quoted nowhere.
    personal: Vec<bool>,
    /// By position: what its values are.
    types: Vec<Type>,
    known: KnownKeys,
    /// Whether what an attribute refers to is there, for those pairs that expressions of this batch have asked for.
    answers: Vec<(AttributeId, EntityId, Bits)>,
}

impl Rows {
    pub fn new(entity: &Entity, personal: Vec<bool>, known: KnownKeys) -> Self {
        Self {
            personal,
            types: entity.attributes.iter().map(|a| a.type_.clone()).collect(),
            columns: entity.attributes.iter().map(|a| Column::new(a.type_.physical())).collect(),
            merged: Column::new(Physical::Text),
            positions: entity.attributes.iter().enumerate().map(|(i, a)| (a.id.clone(), i)).collect(),
            known,
            answers: Vec::new(),
        }
    }

    pub fn position(&self, attribute: &AttributeId) -> Option<usize> {
        self.positions.get(attribute).copied()
    }

    pub(super) fn clear(&mut self) {
        self.columns.iter_mut().for_each(Column::clear);
        self.merged.clear();
        self.answers.clear();
    }

    /// Appends what an expression or constant came to.
    pub(super) fn push_cell(&mut self, at: usize, cell: &Cell) {
        if let Some(column) = self.columns.get_mut(at) {
            column.cell(cell);
        }
    }

    /// Takes the values of an attribute away from some rows.
    pub fn empty(&mut self, at: usize, rows: &HashSet<usize>) {
        if let Some(column) = self.columns.get_mut(at) {
            column.empty(rows);
        }
    }

    pub fn slot(&self, at: usize, row: usize) -> Slot<'_> {
        self.columns.get(at).map_or(Slot::Missing, |c| c.slot(row))
    }

    /// A value in words: in its unit, a day by the clock of a zone; a personal one is not told.
    pub fn shown(&self, at: usize, row: usize, zone: &str) -> String {
        match self.slot(at, row) {
            Slot::Missing => "nothing".to_owned(),
            _ if self.personal.get(at).copied().unwrap_or(false) => "a personal value".to_owned(),
            Slot::Text(t) => format!("`{}`", reveal(t)),
            Slot::Integer(n) => match self.types.get(at) {
                Some(Type::Money { currency, scale }) => format!("{} {currency}", scaled(n, *scale)),
                Some(Type::Number { scale }) => scaled(n, *scale),
                Some(Type::Duration) => format!("{:#}", SignedDuration::from_micros(n)),
                _ => n.to_string(),
            },
            Slot::Instant(n) => match Timestamp::from_microsecond(n) {
                Ok(time) if self.types.get(at) == Some(&Type::Date) => TimeZone::get(zone)
                    .map_or_else(|_| time.to_string(), |zone| zone.to_datetime(time).date().to_string()),
                Ok(time) => time.to_string(),
                Err(_) => n.to_string(),
            },
            Slot::Boolean(b) => b.to_string(),
        }
    }

    /// Looks up, for all rows at once, what an expression will ask: whether what they refer to is there.
    pub fn look_up(&mut self, expression: &Expression) -> Result<(), LakeError> {
        let mut asked = HashSet::new();
        expression.visit(&mut |e| {
            if let Node::Exists(attribute, entity) = &e.node {
                asked.insert((attribute.clone(), entity.clone()));
            }
        });
        for pair in asked {
            let (attribute, entity) = pair;
            if self.answers(&attribute, &entity).is_some() {
                continue;
            }
            let (Some(at), Some(keys)) = (self.position(&attribute), self.known.get(&entity)) else {
                continue;
            };
            let Some(column) = self.columns.get(at) else { continue };
            let mut hasher = RowHasher::default();
            let mut wanted: Vec<(Key, usize)> = (0..column.len())
                .filter_map(|row| Some((hasher.key(&self.columns, &[at], row)?, row)))
                .collect();
            wanted.sort_unstable();
            let sorted: Vec<Key> = wanted.iter().map(|(key, _)| *key).collect();
            let mut found = vec![false; column.len()];
            let held = keys.hold(&sorted)?;
            for (at, (_, row)) in wanted.iter().enumerate() {
                if let Some(f) = found.get_mut(*row) {
                    *f = held.get(at);
                }
            }
            self.answers.push((attribute, entity, found.into_iter().collect()));
        }
        Ok(())
    }

    fn answers(&self, attribute: &AttributeId, entity: &EntityId) -> Option<&Bits> {
        self.answers.iter().find(|(a, e, _)| a == attribute && e == entity).map(|(.., bits)| bits)
    }

    /// One row, as expressions see it. What it says of other entities must have been looked up.
    pub fn row(&self, row: usize) -> RowAt<'_> {
        RowAt { rows: self, row }
    }
}

/// One of the rows.
pub(crate) struct RowAt<'a> {
    rows: &'a Rows,
    row: usize,
}

impl Row for RowAt<'_> {
    fn attribute(&self, path: &Path) -> Cell {
        if !path.references.is_empty() {
            return Cell::Missing;
        }
        let Some(at) = self.rows.position(&path.attribute) else { return Cell::Missing };
        match self.rows.slot(at, self.row) {
            Slot::Missing => Cell::Missing,
            Slot::Text(t) => Cell::Text(t.into()),
            Slot::Integer(n) => Cell::Integer(n),
            Slot::Instant(n) => Cell::Instant(n),
            Slot::Boolean(b) => Cell::Boolean(b),
        }
    }

    fn exists(&self, attribute: &AttributeId, entity: &EntityId) -> Option<bool> {
        let at = self.rows.position(attribute)?;
        if self.rows.slot(at, self.row) == Slot::Missing {
            return None;
        }
        Some(self.rows.answers(attribute, entity).is_some_and(|bits| bits.get(self.row)))
    }
}
