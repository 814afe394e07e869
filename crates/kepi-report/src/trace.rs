//! Rows behind a value, and how a row came about: for pages, terminals and programs alike. Personal values are never told.

use std::collections::BTreeMap;

use kepi_insight::analysis::Seen;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::correction::Correction;

/// A published value and the rows behind it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct TracedValue {
    /// KPI.
    pub kpi: String,
    /// Period.
    pub period: String,
    /// Segment; empty for the total.
    pub segment: String,
    /// The run that vouches for it.
    pub run: i64,
    /// As published, in the KPI's unit; none: it is a reason.
    pub value: Option<f64>,
    /// The same as people read it.
    pub shown: Option<String>,
    /// Why there is no value.
    pub reason: Option<String>,
    /// Rows that entered it, as published.
    pub counted: u64,
    /// Rows that could have, as published.
    pub eligible: u64,
    /// Whether the rows add up to the states that were published, to the bit.
    pub agrees: bool,
    /// What does not: term and state.
    pub disagreements: Vec<String>,
    /// They do not because so many rows of it were erased; 0: rows that it walks to were. None: none was.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub erased: Option<u64>,
    /// Its terms: one, or two of a ratio or stock.
    pub terms: Vec<TermRows>,
    /// The ten rows that move it most, whether or not they are listed; empty where that cannot be told.
    pub most: Vec<Moving>,
    /// The same of files: all rows of each together, those that move it most first.
    pub files: Vec<Moving>,
}

/// A row or a file that moves a value.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Moving {
    /// What identifies the row; of a file its path.
    pub key: String,
    /// Which term the row is of; none of a file.
    pub term: Option<String>,
    /// The file a row stood in; none: it was made.
    pub file: Option<String>,
    /// Number of the row in the file.
    pub row: Option<i64>,
    /// So many rows are behind the value.
    pub rows: u64,
    /// The value less that without it, in the KPI's unit; none: there would be no value without it.
    pub moves: Option<f64>,
    /// Of a row: whether it looks like an error.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub seen: Option<Seen>,
}

/// The rows of one term.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct TermRows {
    /// `value`, or which part it is.
    pub term: String,
    /// Whose rows.
    pub entity: String,
    /// Whether its rows are made, so that they stand in no file.
    pub made: bool,
    /// What they come to: rows that entered, of the population, hits, sums and so on, exactly.
    pub totals: BTreeMap<String, String>,
    /// Rows of the period and segment that did not enter, by why.
    pub left_out: BTreeMap<String, u64>,
    /// Rows without a date, of all periods.
    pub undated: u64,
    /// How many rows there are to list.
    pub of: u64,
    /// The rows: those that entered first, of them hits first.
    pub rows: Vec<Row>,
}

/// A row.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Row {
    /// What identifies it.
    pub key: String,
    /// The same in parts; empty if a part is personal.
    #[serde(skip)]
    pub parts: Vec<String>,
    /// What dates it, in the reporting zone.
    pub date: String,
    /// Why it did not enter; none: it did.
    pub left_out: Option<String>,
    /// Whether it is a hit of what is counted; none where nothing is, or it did not enter.
    pub hit: Option<bool>,
    /// The value less that without the row, in the KPI's unit; none where that cannot be told, or there would be no value.
    pub moves: Option<f64>,
    /// The same as people read it.
    pub moves_shown: Option<String>,
    /// What was read of it, by name; a personal value is not told.
    pub read: BTreeMap<String, Value>,
    /// Its source.
    pub source: Option<String>,
    /// The file it stood in; none: it was made.
    pub file: Option<String>,
    /// Number of the row in the file, from 1, header not counted.
    pub row: Option<i64>,
    /// What somebody said of it by hand before it landed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub corrected: Option<Correction>,
}

/// A row of an entity and how it came about.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct TracedEntityRow {
    /// Where it stood.
    pub source: Option<String>,
    /// The file it stood in; none: it was made.
    pub file: Option<String>,
    /// Number of the row in the file.
    pub row: Option<i64>,
    /// From when this version holds; none: from ever.
    pub valid_from: Option<String>,
    /// Until when it held; none: it holds now.
    pub valid_to: Option<String>,
    /// The rows that it was made of, if it was.
    pub made_of: Vec<MadeOf>,
    /// The key of the row that it was merged into at the source, if it was.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub merged_into: Option<Value>,
    /// Of references to a row that was merged into another: what the source of this row said.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub merged: BTreeMap<String, Value>,
    /// Its attributes.
    pub attributes: BTreeMap<String, Value>,
    /// Those that were gathered, and from what.
    pub gathered: Vec<Gathered>,
    /// Of a row that several sources know: what each of them says.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub said: Vec<Said>,
    /// What somebody said of it by hand before it landed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub corrected: Option<Correction>,
}

/// What sources say of an attribute of a row.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Said {
    /// The attribute.
    pub attribute: String,
    /// By whom, the one that is believed first; a source without a value is not among them.
    pub by: Vec<FoundRow>,
}

/// A row that another was made of.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct MadeOf {
    /// What it is to it: `subject`, `row`, `version`, `enters NAME`, `leaves NAME`.
    pub what: String,
    /// Whose row.
    pub of: String,
    /// The row.
    #[serde(flatten)]
    pub row: FoundRow,
}

/// A gathered attribute of a row.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Gathered {
    /// The attribute.
    pub attribute: String,
    /// Its value.
    pub value: Value,
    /// `count`, `sum` and so on.
    pub how: String,
    /// Whose rows.
    pub of: String,
    /// Whether what it asks with is missing, so that nothing was looked for.
    pub asks_nothing: bool,
    /// How many rows were found.
    pub found: u64,
    /// The rows, in order.
    pub rows: Vec<FoundRow>,
}

/// A row that was found.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct FoundRow {
    /// What identifies it.
    pub key: String,
    /// The same in parts; empty if a part is personal.
    #[serde(skip)]
    pub parts: Vec<String>,
    /// What dates it, or when it begins to be in force, where that matters.
    pub date: Option<String>,
    /// What is made of it.
    pub value: Value,
    /// Its source.
    pub source: Option<String>,
    /// The file it stood in; none: it was made.
    pub file: Option<String>,
    /// Number of the row in the file.
    pub row: Option<i64>,
}

/// As a cell of a table: texts without quotes, nothing for what is missing.
pub fn plain(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}
