//! Rows of a file that are out by position: which they are, that a scan passes over them, and that none of this was lost on its way.

use std::{any::Any, collections::BTreeMap, fs::File, sync::Arc};

use arrow::{array::AsArray, datatypes::Int64Type};
use datafusion_datasource::{
    PartitionedFile,
    file_scan_config::{FileScanConfig, FileScanConfigBuilder},
    source::DataSourceExec,
};
use datafusion_datasource_parquet::ParquetRowSelection;
use datafusion_physical_plan::ExecutionPlan;
use kepi_query::port::{EvaluateError, PinnedDeletes, PinnedFile};
use parquet::arrow::arrow_reader::{ParquetRecordBatchReaderBuilder, RowSelection, RowSelector};

/// Which rows of files are in, by where they lie, in the words of a scan's source; none: all are.
pub type RowsIn = BTreeMap<String, Option<RowSelection>>;

/// The rows of a file that are in; none: all are.
pub fn rows_in(file: &PinnedFile) -> Result<Option<RowSelection>, EvaluateError> {
    let Some(deletes) = &file.deletes else { return Ok(None) };
    let all = file.rows + deletes.rows;
    let mut selectors = Vec::new();
    let mut next = 0;
    for row in positions(deletes, all)? {
        selectors.extend((row > next).then(|| RowSelector::select((row - next) as usize)));
        selectors.push(RowSelector::skip(1));
        next = row + 1;
    }
    selectors.extend((all > next).then(|| RowSelector::select((all - next) as usize)));
    Ok(Some(selectors.into()))
}

/// The positions, ascending: as many as there are to be, and of so many rows.
fn positions(deletes: &PinnedDeletes, rows: u64) -> Result<Vec<u64>, EvaluateError> {
    let bad = |reason: String| EvaluateError::File { path: deletes.path.clone(), reason };
    let open = File::open(&deletes.path).map_err(|e| bad(e.to_string()))?;
    let reader = ParquetRecordBatchReaderBuilder::try_new(open).and_then(|builder| builder.build());
    let mut found: Vec<u64> = Vec::new();
    for batch in reader.map_err(|e| bad(e.to_string()))? {
        let batch = batch.map_err(|e| bad(e.to_string()))?;
        let places = batch.column_by_name("pos").and_then(|places| places.as_primitive_opt::<Int64Type>());
        let places = places.ok_or_else(|| bad("it has no positions of rows".to_owned()))?;
        for place in places.iter() {
            let place = place.and_then(|place| u64::try_from(place).ok()).filter(|place| *place < rows);
            let next = place.filter(|place| found.last().is_none_or(|last| last < place));
            found.push(next.ok_or_else(|| bad("its positions are not those of rows, in order".to_owned()))?);
        }
    }
    if found.len() as u64 != deletes.rows {
        return Err(bad(format!("it has {} positions instead of {}", found.len(), deletes.rows)));
    }
    Ok(found)
}

/// The scan of Parquet files that a plan is.
fn config_of(source: &Arc<dyn ExecutionPlan>) -> Result<&FileScanConfig, EvaluateError> {
    let config = source.downcast_ref::<DataSourceExec>().and_then(|source| {
        let source: &dyn Any = source.data_source().as_ref();
        source.downcast_ref::<FileScanConfig>()
    });
    config.ok_or_else(|| engine("a scan reads Parquet files"))
}

/// A file of a scan of which only these rows are read.
pub fn of_rows(file: PartitionedFile, rows: Option<&RowSelection>) -> PartitionedFile {
    match rows {
        Some(rows) => file.with_extension(ParquetRowSelection::new(rows.clone())),
        None => file,
    }
}

/// One partition of a scan that came from elsewhere, where what passes over rows is lost: with it. A file that nobody said anything of
/// is an error. It is a scan of its own, of that partition alone, for partitions of one scan may take each other's files.
pub fn again(
    source: &Arc<dyn ExecutionPlan>,
    partition: usize,
    rows: &RowsIn,
) -> Result<Arc<dyn ExecutionPlan>, EvaluateError> {
    let config = config_of(source)?;
    let group = config.file_groups.get(partition).ok_or_else(|| engine("a scan has fewer partitions"))?;
    let mut files = Vec::with_capacity(group.len());
    for file in group.files() {
        let at: &str = file.object_meta.location.as_ref();
        let own = rows.get(at).ok_or_else(|| lost(at))?;
        files.push(of_rows(file.clone(), own.as_ref()));
    }
    let config = FileScanConfigBuilder::from(config.clone()).with_file_groups(vec![files.into()]).build();
    let source: Arc<dyn ExecutionPlan> = DataSourceExec::from_data_source(config);
    kept(&source, rows)?;
    Ok(source)
}

/// Refuses a scan that would read rows which are out: it passes over those of each file, whatever it was made through.
pub fn kept(source: &Arc<dyn ExecutionPlan>, rows: &RowsIn) -> Result<(), EvaluateError> {
    for file in config_of(source)?.file_groups.iter().flat_map(|group| group.files()) {
        let at: &str = file.object_meta.location.as_ref();
        let own = file.extension::<ParquetRowSelection>().map(ParquetRowSelection::selection);
        if rows.get(at).ok_or_else(|| lost(at))?.as_ref() != own {
            return Err(lost(at));
        }
    }
    Ok(())
}

fn engine(why: impl Into<String>) -> EvaluateError {
    EvaluateError::Engine(why.into())
}

fn lost(at: &str) -> EvaluateError {
    engine(format!("which rows of `{at}` are out was lost on the way: nothing is computed of it"))
}

/// Refuses rows of files that were read whole and are not as many as there are.
pub fn all_read(read: u64, rows: u64) -> Result<(), EvaluateError> {
    match read == rows {
        true => Ok(()),
        false => Err(engine(format!(
            "{read} rows were read of files that have {rows}: nothing is computed of them"
        ))),
    }
}

/// Refuses more rows than files have.
pub fn not_more_read(read: u64, rows: u64) -> Result<(), EvaluateError> {
    all_read(read.max(rows), rows)
}

#[cfg(test)]
mod tests {
    use arrow::datatypes::Schema;
    use datafusion_datasource_parquet::source::ParquetSource;
    use datafusion_execution::object_store::ObjectStoreUrl;

    use super::*;

    fn scan(files: Vec<PartitionedFile>) -> Arc<dyn ExecutionPlan> {
        let source = Arc::new(ParquetSource::new(Arc::new(Schema::empty())));
        let config = FileScanConfigBuilder::new(ObjectStoreUrl::local_filesystem(), source);
        DataSourceExec::from_data_source(config.with_file_groups(vec![files.into()]).build())
    }

    #[test]
    fn a_scan_that_lost_which_rows_are_out_is_refused() {
        let rows: RowSelection = vec![RowSelector::select(3), RowSelector::skip(1)].into();
        let known: RowsIn = [("a".to_owned(), Some(rows.clone())), ("b".to_owned(), None)].into();
        let file = |name: &str| PartitionedFile::new(name, 9);
        let whole = scan(vec![of_rows(file("a"), Some(&rows)), file("b")]);
        kept(&whole, &known).unwrap();
        // Lost, of another file, and of one that nobody knows.
        let other: RowSelection = vec![RowSelector::skip(1), RowSelector::select(3)].into();
        for files in [
            vec![file("a")],
            vec![of_rows(file("a"), Some(&other))],
            vec![of_rows(file("b"), Some(&rows))],
            vec![file("c")],
        ] {
            let why = kept(&scan(files), &known).unwrap_err().to_string();
            assert!(why.contains("was lost on the way"), "{why}");
        }
        kept(&again(&scan(vec![file("a"), file("b")]), 0, &known).unwrap(), &known).unwrap();
        assert!(again(&scan(vec![file("c")]), 0, &known).is_err());
    }

    #[test]
    fn as_many_rows_are_read_as_there_are() {
        all_read(3, 3).unwrap();
        not_more_read(2, 3).unwrap();
        assert!(all_read(2, 3).is_err() && all_read(4, 3).is_err() && not_more_read(4, 3).is_err());
    }
}
