//! What is made by key, in portions that are made anywhere: what that takes, and what comes back, as bytes.

use std::sync::Arc;

use kepi_model::expression::Physical;
use kepi_query::{
    kept::{MadePortion, PortionsTask},
    port::{EvaluateError, Limits, MemoryColumn, MemoryTable, TableData},
    texts::Texts,
};

use crate::{
    DataFusionEvaluator,
    parts::{Unreadable, decoded, encoded},
    scan::engine,
    wire::{Reader, Writer},
};

/// A task as bytes, behind the version.
///
/// # Errors
/// Something in it has no form as JSON, which nothing in a plan is.
pub fn encode(task: &PortionsTask) -> Result<Vec<u8>, EvaluateError> {
    encoded(task)
}

/// A task from bytes of a process of the same version.
///
/// # Errors
/// They are of another version, or damaged.
pub fn decode(bytes: &[u8]) -> Result<PortionsTask, Unreadable> {
    decoded(bytes)
}

/// Does a part of the work of a task; what came of it as bytes.
///
/// # Errors
/// A table could not be read.
pub async fn done(task: &PortionsTask, number: u64, limits: &Limits) -> Result<Vec<u8>, EvaluateError> {
    write(task.done(number, &DataFusionEvaluator, limits).await?)
}

/// What came of a part of the work.
///
/// # Errors
/// The bytes are not that.
pub fn result(bytes: &[u8]) -> Result<MadePortion, EvaluateError> {
    let damaged = || EvaluateError::Engine("the rows of a portion came back damaged".to_owned());
    let mut from = Reader(bytes);
    let head = from.text().ok_or_else(damaged)?;
    let mut portion = serde_json::from_str(head).map_err(|_| damaged())?;
    if let MadePortion::Rows { tables, .. } = &mut portion {
        for table in tables.values_mut() {
            let TableData::Memory(memory) = &table.data else { return Err(damaged()) };
            let (rows, mut columns) = (memory.rows, Vec::new());
            for column in &table.columns {
                columns.push(read_column(column.physical, rows, &mut from).ok_or_else(damaged)?);
            }
            table.data = TableData::Memory(Arc::new(MemoryTable { rows, columns }));
        }
    }
    if from.is_at_end() { Ok(portion) } else { Err(damaged()) }
}

/// All but the rows as JSON, then column by column.
fn write(mut portion: MadePortion) -> Result<Vec<u8>, EvaluateError> {
    let mut columns = Vec::new();
    if let MadePortion::Rows { tables, .. } = &mut portion {
        for table in tables.values_mut() {
            let TableData::Memory(memory) = &mut table.data else { continue };
            let rows = MemoryTable { rows: memory.rows, columns: Vec::new() };
            columns.push(std::mem::replace(memory, Arc::new(rows)));
        }
    }
    let mut to = Writer::default();
    to.text(&serde_json::to_string(&portion).map_err(engine)?);
    columns.iter().flat_map(|table| &table.columns).for_each(|column| write_column(column, &mut to));
    Ok(to.finish())
}

/// Zero where there is no value.
fn write_column(column: &MemoryColumn, to: &mut Writer) {
    match column {
        MemoryColumn::Text(values) => {
            // Without those of other portions.
            let values: Texts = values.iter().collect();
            to.length(values.members().len());
            values.members().iter().for_each(|text| to.text(text));
            values.codes().iter().for_each(|code| to.number(code.wrapping_add(1).into()));
        }
        MemoryColumn::Integer(values) | MemoryColumn::Instant(values) => {
            let number = |value: &i64| 1 + u128::from(((value << 1) ^ (value >> 63)) as u64);
            values.iter().for_each(|value| to.number(value.as_ref().map_or(0, number)));
        }
        MemoryColumn::Boolean(values) => {
            values.iter().for_each(|value| to.number(value.map_or(0, |value| 1 + u128::from(value))));
        }
    }
}

fn read_column(physical: Physical, rows: usize, from: &mut Reader<'_>) -> Option<MemoryColumn> {
    // Each value has a byte at least.
    if rows > from.0.len() {
        return None;
    }
    let numbers = |from: &mut Reader<'_>| {
        let number = |_| {
            let number: u128 = from.number()?;
            let Some(value) = number.checked_sub(1) else { return Some(None) };
            let value = u64::try_from(value).ok()?;
            Some(Some((value >> 1) as i64 ^ -((value & 1) as i64)))
        };
        (0..rows).map(number).collect::<Option<Vec<_>>>()
    };
    Some(match physical {
        Physical::Text => {
            let members = from.length()?;
            let mut values = Texts::with_capacity(rows);
            let places = (0..members).map(|_| Some(values.code(from.text()?)));
            let places = places.collect::<Option<Vec<_>>>()?;
            for _ in 0..rows {
                let code: u32 = from.number()?;
                values.push_code(match code.checked_sub(1) {
                    Some(code) => *places.get(code as usize)?,
                    None => Texts::MISSING,
                });
            }
            MemoryColumn::Text(values)
        }
        Physical::Integer => MemoryColumn::Integer(numbers(from)?),
        Physical::Instant => MemoryColumn::Instant(numbers(from)?),
        Physical::Boolean => {
            let value = |_| match from.number()? {
                0_u8 => Some(None),
                1 => Some(Some(false)),
                2 => Some(Some(true)),
                _ => None,
            };
            MemoryColumn::Boolean((0..rows).map(value).collect::<Option<Vec<_>>>()?)
        }
    })
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use kepi_query::port::{PinnedColumn, PinnedTable};

    use super::*;

    #[test]
    fn rows_come_back_as_they_were_and_nothing_is_made_of_what_is_damaged() {
        let columns = vec![
            MemoryColumn::Text([Some("a"), None, Some("größer"), Some("a")].into_iter().collect()),
            MemoryColumn::Integer(vec![Some(i64::MIN), None, Some(i64::MAX), Some(-1)]),
            MemoryColumn::Instant(vec![None, Some(0), Some(1), None]),
            MemoryColumn::Boolean(vec![Some(true), None, Some(false), None]),
        ];
        let column = |(name, physical): &(&str, Physical)| PinnedColumn {
            name: (*name).to_owned(),
            physical: *physical,
            bounds: None,
            is_empty: false,
        };
        let named = [
            ("t", Physical::Text),
            ("n", Physical::Integer),
            ("at", Physical::Instant),
            ("is", Physical::Boolean),
        ];
        let table = PinnedTable {
            columns: named.iter().map(column).collect(),
            key: vec![],
            data: TableData::Memory(Arc::new(MemoryTable { rows: 4, columns })),
            live_until: None,
        };
        let said = format!("{:?}", table.data);
        let tables = BTreeMap::from([("visit".parse().unwrap(), table)]);
        let portion = MadePortion::Rows { tables, strays: BTreeMap::new(), made: BTreeMap::new(), bytes: 7 };
        let bytes = write(portion).unwrap();
        let MadePortion::Rows { tables, bytes: 7, .. } = result(&bytes).unwrap() else { panic!("rows") };
        assert_eq!(format!("{:?}", tables.values().next().unwrap().data), said);
        assert!(matches!(result(&write(MadePortion::Apart).unwrap()).unwrap(), MadePortion::Apart));
        for end in 0..bytes.len() {
            assert!(result(&bytes[..end]).is_err(), "{end} of {}", bytes.len());
        }
    }
}
