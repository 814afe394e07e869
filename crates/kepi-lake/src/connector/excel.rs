//! Excel workbooks: one sheet, a header row, below it the rows. Cells become the texts that a person would write: dates
//! and times by ISO 8601, lengths of time as `26:01:00`, numbers with the 15 digits that Excel itself computes with. Of
//! formulas the value that was saved counts; an error is its own text, `#N/A`.

use std::path::Path;

use kepi_query::landing::{BATCH_BYTES, BATCH_ROWS, Batch, BatchReader, Cells, PortError, Texts, Unbound};
use serde_json::{Map, Value};

use super::{bytes, columns::Columns, workbook::Book};
use crate::{durable, error::LandError};

/// A sheet with more cells is refused.
const MOST_CELLS: usize = 50_000_000;

pub(super) struct ExcelReader {
    header: Columns,
    /// What rows of labels say of columns.
    told: Vec<(String, String)>,
    columns: Vec<Texts>,
    rows: usize,
    /// Columns that were asked for, by position.
    bound: Vec<usize>,
    /// Rows handed over, and how many of them before the last batch.
    given: usize,
    before: usize,
}

impl ExcelReader {
    pub fn open(
        path: &Path,
        name: &str,
        sheet: Option<&str>,
        (header_row, label_rows): (u32, u32),
    ) -> Result<Self, LandError> {
        let file = durable::open(path).map_err(|e| bytes::read_error(name, e))?;
        let no_workbook = |reason: String| LandError::Format {
            path: name.to_owned(),
            format: "an Excel workbook (.xlsx)",
            reason,
        };
        if file.metadata().is_ok_and(|m| m.len() == 0) {
            return Err(LandError::Empty { path: name.to_owned() });
        }
        let mut book = Book::open(file).map_err(no_workbook)?;
        let wrong = |reason: String| LandError::Sheet { path: name.to_owned(), reason };
        let listed = || book.sheets.iter().map(|(s, _)| format!("`{s}`")).collect::<Vec<_>>().join(", ");
        let (sheet, part) = match sheet {
            Some(wanted) => book
                .sheets
                .iter()
                .find(|(s, _)| s.trim() == wanted.trim())
                .ok_or_else(|| wrong(format!("there is no sheet `{wanted}`; it has {}", listed())))?,
            None => book.sheets.first().ok_or_else(|| wrong("it has no sheet".to_owned()))?,
        }
        .clone();
        let top = header_row - 1;
        let labels = Vec::new();
        let mut table = Table { top, label_rows, labels, header: Vec::new(), columns: Vec::new(), rows: 0 };
        let mut row: Option<(u32, Vec<Option<String>>)> = None;
        let merged = book.cells(&part, MOST_CELLS, &mut |(at, column, value)| {
            if at < top {
                return;
            }
            if row.as_ref().is_some_and(|(open, _)| *open != at)
                && let Some((open, values)) = row.take()
            {
                table.push(open, values);
            }
            let (_, values) = row.get_or_insert_with(|| (at, Vec::new()));
            let column = column as usize;
            // No sheet has more columns than this; what says so is damaged.
            if column >= 16_384 {
                return;
            }
            if values.len() <= column {
                values.resize(column + 1, None);
            }
            if let Some(slot) = values.get_mut(column) {
                *slot = Some(value);
            }
        });
        let merged = merged.map_err(no_workbook)?;
        if let Some((open, values)) = row {
            table.push(open, values);
        }
        let across = |((first, left), (last, right)): &&((u32, u32), (u32, u32))| {
            (*first..=*last).contains(&top) && left < right
        };
        if let Some(((_, left), (_, right))) = merged.iter().find(across) {
            return Err(wrong(format!(
                "in the header, row {header_row} of `{sheet}`, the columns {} to {} are merged, so that not every \
                 column has a name; unmerge them, or name the row below as `header_row`",
                letters(*left),
                letters(*right)
            )));
        }
        if table.header.iter().all(String::is_empty) {
            return Err(wrong(format!(
                "row {header_row} of `{sheet}` is empty; say by `header_row` in which row the names of the columns stand"
            )));
        }
        let Table { header, labels, columns, rows, .. } = table;
        let header = Columns::new(header.iter().map(String::as_str));
        Ok(Self { told: header.told(&labels), header, columns, rows, bound: Vec::new(), given: 0, before: 0 })
    }
}

/// Rows as they are read.
struct Table {
    top: u32,
    label_rows: u32,
    labels: Vec<Vec<String>>,
    header: Vec<String>,
    columns: Vec<Texts>,
    rows: usize,
}

impl Table {
    fn push(&mut self, at: u32, values: Vec<Option<String>>) {
        if at == self.top {
            self.header = values.into_iter().map(|v| v.unwrap_or_default().trim().to_owned()).collect();
            self.columns = vec![Texts::default(); self.header.len()];
            return;
        }
        if at <= self.top + self.label_rows {
            self.labels.push(values.into_iter().map(Option::unwrap_or_default).collect());
            return;
        }
        for (column, values) in self.columns.iter_mut().enumerate().map(|(at, c)| (c, values.get(at))) {
            column.push(values.and_then(Option::as_deref));
        }
        self.rows += 1;
    }
}

/// What Excel calls a column, counted from 0.
fn letters(column: u32) -> String {
    let mut out = String::new();
    let mut rest = u64::from(column) + 1;
    while rest > 0 {
        rest -= 1;
        out.insert(0, char::from(b'A' + (rest % 26) as u8));
        rest /= 26;
    }
    out
}

impl BatchReader for ExcelReader {
    fn columns(&self) -> &[String] {
        self.header.names()
    }

    fn labels(&self) -> Vec<(String, String)> {
        self.told.clone()
    }

    fn bind(&mut self, column: &str) -> Result<usize, Unbound> {
        self.bound.push(self.header.find(column)?);
        Ok(self.bound.len() - 1)
    }

    fn next(&mut self, into: &mut Batch) -> Result<bool, PortError> {
        self.before = self.given;
        into.first_row = self.given as u64 + 1;
        into.bad.clear();
        into.cells.clear();
        let mut held = 0;
        while self.given < self.rows && self.given - self.before < BATCH_ROWS && held < BATCH_BYTES {
            let lengths = self.bound.iter().filter_map(|c| self.columns.get(*c)?.get(self.given));
            held += lengths.map(str::len).sum::<usize>();
            self.given += 1;
        }
        into.rows = self.given - self.before;
        for column in &self.bound {
            let mut texts = Texts::default();
            for row in self.before..self.given {
                texts.push(self.columns.get(*column).and_then(|c| c.get(row)));
            }
            into.cells.push(Cells::Texts(texts));
        }
        Ok(into.rows > 0)
    }

    fn raw(&self, row: u32) -> String {
        let cell = |(name, column): (String, &Texts)| (name, column.get(self.before + row as usize).into());
        Value::Object(self.header.labels().zip(&self.columns).map(cell).collect::<Map<_, _>>()).to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::letters;

    #[test]
    fn columns_are_called_as_excel_does() {
        assert_eq!([0, 25, 26, 51, 16_383].map(letters), ["A", "Z", "AA", "AZ", "XFD"]);
    }
}
