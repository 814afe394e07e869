//! Asserting against oracles, reading their data, and a small random generator with a seed.

use std::fmt::Debug;
use std::path::PathBuf;

pub use kepi_stats::random::Random;
use serde_json::Value;

/// Relative tolerance of closed forms.
pub const CLOSED: f64 = 1e-9;
/// Relative tolerance of optimisers.
#[allow(dead_code)]
pub const OPTIMISED: f64 = 1e-6;

/// Collects what was asserted in a room; nothing stops at the first difference.
pub struct Check {
    room: &'static str,
    /// Values compared.
    pub asserted: usize,
    /// Data sets that were not there.
    pub skipped: usize,
    /// What differed.
    pub failures: Vec<String>,
}

impl Check {
    pub fn new(room: &'static str) -> Self {
        Self { room, asserted: 0, skipped: 0, failures: Vec::new() }
    }

    /// `got` equals `want` within `relative · |want|` (absolute where `want` is 0).
    pub fn close(&mut self, id: &str, got: f64, want: f64, relative: f64) {
        let allowed = if want == 0.0 { relative } else { relative * want.abs() };
        self.within(id, got, want, allowed);
    }

    /// `got` equals `want` within an absolute distance; for values published with few digits.
    pub fn within(&mut self, id: &str, got: f64, want: f64, absolute: f64) {
        self.asserted += 1;
        if got.is_nan() || (got - want).abs() > absolute {
            let relative = (got - want) / want;
            self.failures
                .push(format!("{}/{id}: {got} instead of {want} (relative {relative:.1e})", self.room));
        }
    }

    pub fn all_close(&mut self, id: &str, got: &[f64], want: &[f64], relative: f64) {
        if got.len() != want.len() {
            self.failures.push(format!("{}/{id}: {} values instead of {}", self.room, got.len(), want.len()));
        }
        for (index, (got, want)) in got.iter().zip(want).enumerate() {
            self.close(&format!("{id}[{index}]"), *got, *want, relative);
        }
    }

    pub fn equal<T: PartialEq + Debug>(&mut self, id: &str, got: T, want: T) {
        self.asserted += 1;
        if got != want {
            self.failures.push(format!("{}/{id}: {got:?} instead of {want:?}", self.room));
        }
    }

    /// A chapter of the methods states this, in these words; for the figures of its worked example.
    pub fn says(&mut self, chapter: &str, words: &str) {
        self.asserted += 1;
        let path = format!("{}/../../docs/methods/statistics-{chapter}.md", env!("CARGO_MANIFEST_DIR"));
        let text = std::fs::read_to_string(path).unwrap();
        // Lines break anywhere.
        let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
        if !text.contains(words) {
            self.failures.push(format!("{}: the chapter on {chapter} does not say `{words}`", self.room));
        }
    }

    /// `got` equals the number at a JSON pointer of an oracle file.
    pub fn at(&mut self, oracle: &Oracle, pointer: &str, got: f64, relative: f64) {
        let want = oracle.number(pointer);
        self.close(&format!("{}{pointer}", oracle.name), got, want, relative);
    }

    /// Same for all numbers of an array.
    pub fn all_at(&mut self, oracle: &Oracle, pointer: &str, got: &[f64], relative: f64) {
        let want = oracle.numbers(pointer);
        self.all_close(&format!("{}{pointer}", oracle.name), got, &want, relative);
    }

    /// A published data set that `scripts/reference_data.py` fetches, or `None` with a loud word.
    pub fn published(&mut self, file: &str) -> Option<Table> {
        let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../target/reference").join(file);
        match std::fs::read_to_string(&path) {
            Ok(text) => Some(Table::parse(&text)),
            Err(_) => {
                eprintln!("SKIPPED: {} needs {file}: run `make tools`", self.room);
                self.skipped += 1;
                None
            }
        }
    }
}

/// A file of oracle values.
pub struct Oracle {
    name: &'static str,
    value: Value,
}

impl Oracle {
    pub fn open(name: &'static str) -> Self {
        let path =
            PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/it/oracle").join(format!("{name}.json"));
        let value = serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap();
        Self { name, value }
    }

    pub fn number(&self, pointer: &str) -> f64 {
        let value =
            self.value.pointer(pointer).unwrap_or_else(|| panic!("{}{pointer} is not there", self.name));
        value.as_f64().or_else(|| value.as_str()?.parse().ok()).unwrap()
    }

    pub fn numbers(&self, pointer: &str) -> Vec<f64> {
        let value =
            self.value.pointer(pointer).unwrap_or_else(|| panic!("{}{pointer} is not there", self.name));
        value.as_array().unwrap().iter().map(|item| item.as_f64().unwrap()).collect()
    }
}

/// A CSV file with a header; cells are text.
pub struct Table {
    header: Vec<String>,
    rows: Vec<Vec<String>>,
}

impl Table {
    pub fn parse(text: &str) -> Self {
        let mut rows = text.lines().map(|line| {
            let mut cells = Vec::new();
            let mut cell = String::new();
            let mut quoted = false;
            for letter in line.chars() {
                match letter {
                    '"' => quoted = !quoted,
                    ',' if !quoted => cells.push(std::mem::take(&mut cell)),
                    _ => cell.push(letter),
                }
            }
            cells.push(cell);
            cells
        });
        let header = rows.next().unwrap();
        Self { header, rows: rows.collect() }
    }

    /// A data set that belongs to these tests.
    pub fn own(file: &str) -> Self {
        let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/it/data").join(file);
        Self::parse(&std::fs::read_to_string(path).unwrap())
    }

    pub fn text(&self, column: &str) -> Vec<String> {
        let index = self.header.iter().position(|name| name == column).unwrap();
        self.rows.iter().map(|row| row[index].clone()).collect()
    }

    /// Numbers of a column; what is not a number is NaN.
    pub fn numbers(&self, column: &str) -> Vec<f64> {
        self.text(column).iter().map(|cell| cell.parse().unwrap_or(f64::NAN)).collect()
    }
}
