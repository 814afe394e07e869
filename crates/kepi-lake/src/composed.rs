//! Rows that several sources know, as they stand after their entity has said whom it believes: composed when a table is pinned,
//! and kept in a file beside the lake's own for as long as what it is made of stays the same. A cache: it is in no catalogue, and
//! made anew where it is missing or damaged.

use std::{
    path::{Path, PathBuf},
    sync::Arc,
};

use arrow::{
    array::{
        ArrayRef, AsArray, BooleanArray, Int64Array, RecordBatch, StringArray, TimestampMicrosecondArray,
    },
    datatypes::{Int64Type, TimestampMicrosecondType},
};
use kepi_model::{
    entity::precedence::Precedence,
    id::{EntityId, Hash},
    project::{Entity, Project},
};
use kepi_query::{
    compose::Composer,
    landing::Uncomposed,
    port::{
        MemoryColumn, MemoryTable, PinnedColumn, PinnedFile, PinnedInputs, PinnedTable, SnapshotId,
        TableData, system,
    },
};

use crate::{
    LocalLake,
    catalogue::{DataFile, Table, TableColumn},
    durable::{self, DurableFs, blocking, create_folder_durably},
    error::{LakeError, io},
    table_file::{TableFileWriter, read_batches},
};

/// The folder of composed rows, in the lake's.
const FOLDER: &str = "composed";
/// Counted up when other rows come of the same ones.
const FORM: u32 = 1;
/// Rows that are written at once.
const BATCH_ROWS: usize = 65_536;

impl LocalLake {
    /// Puts composed rows in the place of those of sources that know the same ones.
    pub(crate) async fn compose(
        &self,
        project: &Project,
        inputs: &mut PinnedInputs,
    ) -> Result<(), LakeError> {
        for entity in project.entities.values() {
            let Some(precedence) = &entity.precedence else { continue };
            let Some(table) = inputs.tables.get_mut(&entity.id) else { continue };
            let composing = Composing {
                entity: entity.clone(),
                precedence: precedence.clone(),
                columns: table.columns.clone(),
                files: files(table),
                folder: self.catalogue.data.join(FOLDER),
                fs: Arc::clone(&self.fs),
                writes: self.writes,
            };
            let composed = blocking(move || composing.run()).await?;
            match composed {
                Ok(data) => {
                    // Which of them hold is not what the catalogue says of the rows that they are made of.
                    for column in table.columns.iter_mut().filter(|of| of.name == system::VALID_TO) {
                        column.is_empty = false;
                    }
                    table.data = data;
                }
                // What is computed of such a table is held back by itself.
                Err(error) => {
                    let damaged = self.damaged_tables(inputs.snapshot).await?;
                    if !damaged.contains_key(&entity.id) {
                        return Err(error);
                    }
                    table.data = TableData::Files(Vec::new());
                }
            }
        }
        Ok(())
    }

    /// The rows of an entity as its sources say them.
    pub(crate) async fn uncomposed_rows(
        &self,
        project: &Project,
        entity: &EntityId,
        snapshot: Option<SnapshotId>,
    ) -> Result<Option<Uncomposed>, LakeError> {
        if project.entities.get(entity).is_none_or(|entity| entity.precedence.is_none()) {
            return Ok(None);
        }
        let mut inputs = self.catalogue.pin(project, snapshot).await?;
        let Some(table) = inputs.tables.remove(entity) else { return Ok(None) };
        let (files, columns) = (files(&table), table.columns.clone());
        let rows = blocking(move || read(&files, &columns)).await??;
        Ok(Some(Uncomposed { columns: table.columns, rows }))
    }
}

fn files(table: &PinnedTable) -> Vec<DataFile> {
    let TableData::Files(files) = &table.data else { return Vec::new() };
    files.iter().map(DataFile::of_pin).collect()
}

/// One table to be composed.
struct Composing {
    entity: Entity,
    precedence: Precedence,
    columns: Vec<PinnedColumn>,
    files: Vec<DataFile>,
    folder: PathBuf,
    fs: Arc<dyn DurableFs>,
    writes: bool,
}

impl Composing {
    fn run(&self) -> Result<TableData, LakeError> {
        let name = self.name();
        if let Some(kept) = self.kept(&name) {
            return Ok(TableData::Files(vec![kept]));
        }
        let rows = read(&self.files, &self.columns)?;
        let rows = Composer::new(&self.columns, &rows, &self.entity.key, &self.precedence).rows();
        if rows.rows == 0 {
            return Ok(TableData::Files(Vec::new()));
        }
        if !self.writes {
            return Ok(TableData::Memory(Arc::new(rows)));
        }
        let failed = |source| LakeError::Io { path: self.folder.clone(), doing: "made", source };
        create_folder_durably(self.fs.as_ref(), &self.folder).map_err(failed)?;
        let table = self.table();
        let mut writer = TableFileWriter::create(&self.fs, &self.folder, &table)?;
        for begin in (0..rows.rows).step_by(BATCH_ROWS) {
            let end = (begin + BATCH_ROWS).min(rows.rows);
            writer.write_columns(rows.columns.iter().map(|of| array(of, begin, end)).collect())?;
        }
        let Some(file) = writer.finish(&table)? else { return Ok(TableData::Files(Vec::new())) };
        let checksum = file.checksum.map(|of| of.to_string()).unwrap_or_default();
        let path = self.folder.join(format!("{name}-{}-{checksum}.parquet", file.rows));
        self.fs.rename(&file.path, &path).map_err(|e| io(&path, "written", e))?;
        Ok(TableData::Files(vec![PinnedFile::whole(path.display().to_string(), file.bytes, file.rows)]))
    }

    /// What decides the rows.
    fn name(&self) -> String {
        let files: Vec<String> = self.files.iter().map(|of| of.pinned().names()).collect();
        let columns: Vec<(&str, String)> =
            self.columns.iter().map(|of| (of.name.as_str(), format!("{:?}", of.physical))).collect();
        let form = serde_json::json!([FORM, self.entity.key, self.precedence.form(), columns, files]);
        let hash = Hash::of(form.to_string().as_bytes()).to_string();
        format!("{}-{}", self.entity.id, hash.get(..32).unwrap_or(&hash))
    }

    /// The file that was made of the same before, if it is what was written.
    fn kept(&self, name: &str) -> Option<PinnedFile> {
        let found = durable::names(&self.folder).ok()?;
        let mut found = found.iter().filter_map(|file| file.to_str());
        found.find_map(|file| {
            let rest = file.strip_prefix(name)?.strip_prefix('-')?.strip_suffix(".parquet")?;
            let (rows, checksum) = rest.split_once('-')?;
            let path = self.folder.join(file);
            let is_sound = durable::checksum(&path).is_ok_and(|of| of.to_string() == checksum);
            let bytes = durable::metadata(&path).ok()?.len();
            is_sound.then_some(PinnedFile::whole(path.display().to_string(), bytes, rows.parse().ok()?))
        })
    }

    /// The table as its file is written: what is personal has no statistics.
    fn table(&self) -> Table {
        let mut table = table_of(&self.columns);
        for column in &mut table.columns {
            column.personal =
                self.entity.attributes.iter().any(|a| a.personal && a.id.as_str() == column.name);
        }
        table
    }
}

fn table_of(columns: &[PinnedColumn]) -> Table {
    let columns = columns.iter().zip(1..).map(|(column, id)| TableColumn {
        id,
        name: column.name.clone(),
        physical: column.physical,
        personal: false,
    });
    Table { id: 0, name: String::new(), columns: columns.collect() }
}

/// All rows of some files.
fn read(files: &[DataFile], columns: &[PinnedColumn]) -> Result<MemoryTable, LakeError> {
    let table = table_of(columns);
    let mut rows = MemoryTable {
        rows: 0,
        columns: columns.iter().map(|column| MemoryColumn::empty(column.physical)).collect(),
    };
    for file in files {
        read_batches(file, &table, None, |batch| add(&mut rows, &batch, &file.path))?;
    }
    Ok(rows)
}

fn add(rows: &mut MemoryTable, batch: &RecordBatch, path: &Path) -> Result<(), LakeError> {
    let other = || LakeError::Corrupt(format!("`{}` has a column of another type", path.display()));
    rows.rows += batch.num_rows();
    for (column, array) in rows.columns.iter_mut().zip(batch.columns()) {
        match column {
            MemoryColumn::Text(values) => {
                array.as_string_opt::<i32>().ok_or_else(other)?.iter().for_each(|text| values.push(text));
            }
            MemoryColumn::Integer(values) => {
                values.extend(array.as_primitive_opt::<Int64Type>().ok_or_else(other)?);
            }
            MemoryColumn::Instant(values) => {
                values.extend(array.as_primitive_opt::<TimestampMicrosecondType>().ok_or_else(other)?);
            }
            MemoryColumn::Boolean(values) => values.extend(array.as_boolean_opt().ok_or_else(other)?),
        }
    }
    Ok(())
}

/// Some rows of a column, from a place until before another.
fn array(column: &MemoryColumn, begin: usize, end: usize) -> ArrayRef {
    fn some<T>(values: &[Option<T>], begin: usize, end: usize) -> &[Option<T>] {
        values.get(begin..end).unwrap_or_default()
    }
    match column {
        MemoryColumn::Text(values) => {
            Arc::new(StringArray::from_iter((begin..end).map(|row| values.get(row))))
        }
        MemoryColumn::Integer(values) => Arc::new(Int64Array::from(some(values, begin, end).to_vec())),
        MemoryColumn::Instant(values) => {
            Arc::new(TimestampMicrosecondArray::from(some(values, begin, end).to_vec()).with_timezone("UTC"))
        }
        MemoryColumn::Boolean(values) => Arc::new(BooleanArray::from(some(values, begin, end).to_vec())),
    }
}
