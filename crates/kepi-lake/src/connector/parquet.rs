//! Parquet: each value as the text that a person would write, exactly, so that one mapping serves every format.

use std::{fs::File, path::Path};

use arrow::{
    array::{Array, ArrayRef, AsArray},
    compute::cast,
    datatypes::DataType,
};
use parquet::arrow::arrow_reader::{ParquetRecordBatchReader, ParquetRecordBatchReaderBuilder};
use serde_json::{Map, Value};

use super::{RowReader, Step, bytes};
use crate::error::LandError;

pub(super) struct ParquetReader {
    name: String,
    columns: Vec<String>,
    batches: ParquetRecordBatchReader,
    /// The current batch as text; none: a column of a type without a text form, such as a list.
    batch: Vec<Option<ArrayRef>>,
    rows: usize,
    at: usize,
}

impl ParquetReader {
    pub fn open(path: &Path, name: &str) -> Result<Self, LandError> {
        let file = File::open(path).map_err(|e| bytes::read_error(name, e))?;
        if file.metadata().is_ok_and(|m| m.len() == 0) {
            return Err(LandError::Empty { path: name.to_owned() });
        }
        let builder =
            ParquetRecordBatchReaderBuilder::try_new(file).map_err(|e| not_parquet(name, e.to_string()))?;
        let columns = builder.schema().fields().iter().map(|f| f.name().trim().to_owned()).collect();
        let batches = builder.with_batch_size(8192).build().map_err(|e| not_parquet(name, e.to_string()))?;
        Ok(Self { name: name.to_owned(), columns, batches, batch: Vec::new(), rows: 0, at: 0 })
    }
}

fn not_parquet(name: &str, reason: String) -> LandError {
    LandError::Format { path: name.to_owned(), format: "Parquet", reason }
}

fn as_text(array: &ArrayRef) -> Option<ArrayRef> {
    let array = match array.data_type() {
        // Zone names would need a second zone database; the instant is the same.
        DataType::Timestamp(unit, Some(_)) => {
            cast(array, &DataType::Timestamp(*unit, Some("+00:00".into()))).ok()?
        }
        _ => array.clone(),
    };
    cast(&array, &DataType::Utf8).ok()
}

impl RowReader for ParquetReader {
    fn columns(&self) -> Vec<String> {
        self.columns.clone()
    }

    fn bind(&mut self, column: &str) -> Option<usize> {
        self.columns.iter().position(|c| c == column.trim())
    }

    fn step(&mut self) -> Result<Step, LandError> {
        self.at += 1;
        while self.at >= self.rows {
            match self.batches.next() {
                None => return Ok(Step::End),
                Some(batch) => {
                    let batch = batch.map_err(|e| not_parquet(&self.name, e.to_string()))?;
                    self.batch = batch.columns().iter().map(as_text).collect();
                    self.rows = batch.num_rows();
                    self.at = 0;
                }
            }
        }
        Ok(Step::Row)
    }

    fn cell(&self, column: usize) -> Option<&str> {
        let array = self.batch.get(column)?.as_ref()?.as_string_opt::<i32>()?;
        (self.at < array.len() && array.is_valid(self.at)).then(|| array.value(self.at))
    }

    fn raw(&self) -> String {
        let cells = self.columns.iter().enumerate();
        Value::Object(cells.map(|(at, c)| (c.clone(), self.cell(at).into())).collect::<Map<_, _>>())
            .to_string()
    }
}
