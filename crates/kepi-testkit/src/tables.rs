//! Tables and projects written out in tests.
#![allow(clippy::panic, clippy::expect_used, reason = "a wrong test should say so at once")]

use std::{collections::BTreeMap, sync::Arc};

use kepi_model::{
    calendar::Calendar,
    check::{Options, check},
    expression::Physical,
    project::Project,
    source_text::{SourceFile, SourceMap},
};
use kepi_query::port::{
    MemoryColumn, MemoryTable, PinnedColumn, PinnedInputs, PinnedTable, SnapshotId, TableData,
};

/// A project of one file; panics with all findings if it has errors.
pub fn project(yaml: &str) -> Project {
    let files = SourceMap::new(vec![SourceFile { path: "kepi.yml".to_owned(), text: yaml.into() }]);
    let checked = check(&files, &Options::default());
    checked.value.unwrap_or_else(|| {
        let findings: Vec<String> = checked
            .findings
            .iter()
            .map(|finding| {
                format!("{} {} at `{}`", finding.code.0, finding.message, files.slice(finding.at.span))
            })
            .collect();
        panic!("the project has errors:\n{}", findings.join("\n"))
    })
}

/// Pinned tables by entity.
pub fn inputs(tables: Vec<(&str, PinnedTable)>) -> PinnedInputs {
    let tables: BTreeMap<_, _> =
        tables.into_iter().map(|(entity, table)| (entity.parse().expect("a name"), table)).collect();
    PinnedInputs { snapshot: SnapshotId(1), tables }
}

/// A table from text: the first line names columns as `name:type` (`text`, `integer`, `instant`, `boolean`), each
/// further line is a row; parts are separated by spaces and `-` is no value. An instant is a day of the calendar with
/// an offset in minutes, `2026-01-05+90`, or a number of microseconds. The first column is the key.
pub fn table(calendar: &Calendar, text: &str) -> PinnedTable {
    let mut lines = text.lines().map(str::trim).filter(|line| !line.is_empty());
    let header: Vec<(&str, &str)> = lines
        .next()
        .expect("a header")
        .split_whitespace()
        .map(|column| column.split_once(':').expect("name:type"))
        .collect();
    let rows: Vec<Vec<Option<&str>>> = lines
        .map(|line| line.split_whitespace().map(|cell| (cell != "-").then_some(cell)).collect())
        .collect();
    assert!(rows.iter().all(|row| row.len() == header.len()), "every row has {} parts: {text}", header.len());
    let mut columns = Vec::new();
    let mut values = Vec::new();
    for (place, (name, type_)) in header.iter().enumerate() {
        let cells = || rows.iter().map(|row| row[place]);
        let (physical, column) = match *type_ {
            "text" => (Physical::Text, MemoryColumn::Text(cells().collect())),
            "integer" => {
                (Physical::Integer, MemoryColumn::Integer(cells().map(|cell| cell.map(number)).collect()))
            }
            "instant" => {
                let instants = cells().map(|cell| cell.map(|cell| instant(calendar, cell))).collect();
                (Physical::Instant, MemoryColumn::Instant(instants))
            }
            "boolean" => {
                let values = cells().map(|cell| cell.map(|cell| cell == "true")).collect();
                (Physical::Boolean, MemoryColumn::Boolean(values))
            }
            other => panic!("no column type `{other}`"),
        };
        let bounds = match &column {
            MemoryColumn::Integer(values) | MemoryColumn::Instant(values) => {
                let known = || values.iter().copied().flatten();
                known().min().zip(known().max())
            }
            MemoryColumn::Text(_) | MemoryColumn::Boolean(_) => None,
        };
        let is_empty = (0..rows.len()).all(|row| column.cell(row).is_missing());
        columns.push(PinnedColumn { name: (*name).to_owned(), physical, bounds, is_empty });
        values.push(column);
    }
    let key = header.first().expect("a column").0.parse().expect("a name");
    let data = TableData::Memory(Arc::new(MemoryTable { rows: rows.len(), columns: values }));
    PinnedTable { columns, key: vec![key], data, live_until: None }
}

/// `2026-01-05+90`: ninety minutes after the day starts.
pub fn instant(calendar: &Calendar, text: &str) -> i64 {
    let (day, minutes) = text.split_once('+').unwrap_or((text, "0"));
    if !day.contains('-') {
        return number(day);
    }
    let day = calendar.parse(day).expect("a day");
    calendar.bounds(day).expect("within range").start + number(minutes) * 60_000_000
}

fn number(text: &str) -> i64 {
    text.parse().unwrap_or_else(|_| panic!("`{text}` is not a whole number"))
}
