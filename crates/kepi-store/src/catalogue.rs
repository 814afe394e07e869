//! A DuckLake 1.0 catalogue: which Parquet files make up which table at which snapshot, in SQL tables of the public
//! specification, spelt as DuckDB itself makes them in the database at hand.
//!
//! A file is never changed; a rewritten file is a new one, and the old one ends at the snapshot. Of a large file of which few rows
//! end, another file says which, by position. There are no inlined rows. Tables stand in schemas; a schema is made with its first table.

mod column;
mod files;

use kepi_model::id::Hash;

pub use column::ColumnType;
pub(crate) use column::instant_text;
pub use files::{
    DataFile, Deletes, Exchanged, FileStats, Held, HeldDeletes, NewDeletes, NewFile, Replacement, Written,
    bounds, checksummed, commit, exchange, files, held, held_deletes, live_files, table_files, version,
};

use crate::{
    error::StoreError,
    sql::{Row, common::catalogue as sql, postgres, sqlite},
    store::{Reading, Transaction},
};

/// The schema of landed tables.
pub const MAIN: &str = "main";

/// Who makes a snapshot, when and why.
#[derive(Debug, Clone, Copy)]
pub struct Stamp<'a> {
    /// When, in µs UTC.
    pub at: i64,
    /// Who.
    pub actor: &'a str,
    /// Why, in words.
    pub message: &'a str,
}

/// A column to be made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewColumn {
    /// Name.
    pub name: String,
    /// How it is stored.
    pub type_: ColumnType,
    /// As what the definition declares it; none for columns that no definition names.
    pub declared: Option<String>,
}

/// A column of a table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Column {
    /// Number within the table, never used twice; also the field id in Parquet.
    pub id: i64,
    /// What it was made as.
    pub column: NewColumn,
}

/// A table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Table {
    /// Number.
    pub id: i64,
    /// Name within its schema.
    pub name: String,
    /// Columns in order.
    pub columns: Vec<Column>,
}

/// The newest snapshot as it stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Latest {
    snapshot: i64,
    schema_version: i64,
    next_catalog_id: i64,
    next_file_id: i64,
}

fn corrupt(reason: String) -> StoreError {
    StoreError::Corrupt { what: "the catalogue of the lake", reason }
}

/// What is to be done so that the catalogue says that its files are below `folder`; nothing, if it says so.
///
/// # Errors
/// The database refused, or the catalogue is of another version of DuckLake.
pub async fn is_ready(tx: &mut Reading, folder: &str) -> Result<bool, StoreError> {
    let version: Option<String> = property(tx, "version").await?;
    match version.as_deref() {
        None => Ok(false),
        Some("1.0") => Ok(property(tx, "data_path").await?.as_deref() == Some(folder)),
        Some(other) => Err(corrupt(format!("it has DuckLake version {other} instead of 1.0"))),
    }
}

/// Whether the catalogue was made, wherever its files were then.
///
/// # Errors
/// The database refused.
pub async fn is_made(tx: &mut Reading) -> Result<bool, StoreError> {
    Ok(property(tx, "version").await?.is_some())
}

/// The folder that its files are below, or the place in a bucket; none: it was not made yet.
///
/// # Errors
/// The database refused.
pub async fn folder(tx: &mut Reading) -> Result<Option<String>, StoreError> {
    property(tx, "data_path").await
}

async fn property(tx: &mut Reading, key: &str) -> Result<Option<String>, StoreError> {
    tx.query(sql::PROPERTY).bind(key).first().await?.map(|row| row.get(0)).transpose()
}

/// Makes the catalogue, or says that its files are below `folder` now: the project may have been moved, and what is
/// below the folder is relative.
///
/// # Errors
/// As [`is_ready`].
pub async fn make_ready(tx: &mut Transaction, folder: &str, maker: &str, at: i64) -> Result<(), StoreError> {
    if is_ready(tx, folder).await? {
        return Ok(());
    }
    if property(tx, "version").await?.is_some() {
        tx.query(sql::MOVE_DATA).bind(folder).run().await?;
        return Ok(());
    }
    for (key, value) in [
        ("version", "1.0"),
        ("created_by", maker),
        ("data_path", folder),
        ("encrypted", "false"),
        // Others that write must write files: rows kept in the database would not be seen here.
        ("data_inlining_row_limit", "0"),
    ] {
        tx.query(sql::ADD_PROPERTY).bind(key).bind(value).run().await?;
    }
    let first = Latest { snapshot: 0, schema_version: 0, next_catalog_id: 1, next_file_id: 0 };
    let stamp = Stamp { at, actor: "kepi", message: "make the lake" };
    insert_snapshot(tx, first, &format!("created_schema:\"{MAIN}\""), stamp).await?;
    insert_schema(tx, 0, MAIN, 0).await
}

/// Unique id of this lake: that of its first schema.
///
/// # Errors
/// The database refused, or the catalogue was not made.
pub async fn id(tx: &mut Reading) -> Result<String, StoreError> {
    tx.query(sql::ID).value().await
}

/// The newest snapshot.
///
/// # Errors
/// The database refused, or the catalogue was not made.
pub async fn snapshot(tx: &mut Reading) -> Result<i64, StoreError> {
    Ok(latest(tx).await?.snapshot)
}

async fn latest(tx: &mut Reading) -> Result<Latest, StoreError> {
    let row = tx.query(sql::LATEST).first().await?.ok_or_else(|| corrupt("it has no snapshot".to_owned()))?;
    Ok(Latest {
        snapshot: row.get(0)?,
        schema_version: row.get(1)?,
        next_catalog_id: row.get(2)?,
        next_file_id: row.get(3)?,
    })
}

/// A table as it stands now.
///
/// # Errors
/// The database refused or holds something unreadable.
pub async fn table(tx: &mut Reading, schema: &str, name: &str) -> Result<Option<Table>, StoreError> {
    let Some(row) = tx.query(sql::TABLE).bind(schema).bind(name).first().await? else { return Ok(None) };
    let id = row.get(0)?;
    Ok(Some(Table { id, name: name.to_owned(), columns: columns(tx, id, i64::MAX).await? }))
}

/// The tables of a schema at a snapshot, by name.
///
/// # Errors
/// The database refused or holds something unreadable.
pub async fn tables(tx: &mut Reading, schema: &str, snapshot: i64) -> Result<Vec<Table>, StoreError> {
    let mut found = Vec::new();
    for row in tx.query(sql::TABLES).bind(schema).bind(snapshot).all().await? {
        let id = row.get(0)?;
        found.push(Table { id, name: row.get(1)?, columns: columns(tx, id, snapshot).await? });
    }
    Ok(found)
}

async fn columns(tx: &mut Reading, table: i64, snapshot: i64) -> Result<Vec<Column>, StoreError> {
    let read = |row: &Row| {
        let type_: &str = row.get(2)?;
        Ok(Column {
            id: row.get(0)?,
            column: NewColumn { name: row.get(1)?, type_: ColumnType::named(type_)?, declared: row.get(3)? },
        })
    };
    tx.query(sql::COLUMNS).bind(table).bind(snapshot).all().await?.iter().map(read).collect()
}

/// What came of [`widen`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Widened {
    /// The table as it stands now.
    pub table: Table,
    /// The snapshot of the change; none, if every column was there.
    pub snapshot: Option<i64>,
    /// Whether the table was not there before.
    pub created: bool,
}

/// A table with at least these columns, made or widened if need be. A column that is there is left as it is, whatever
/// it is now declared as.
///
/// # Errors
/// The database refused.
pub async fn widen(
    tx: &mut Transaction,
    schema: &str,
    name: &str,
    wanted: &[NewColumn],
    stamp: Stamp<'_>,
) -> Result<Widened, StoreError> {
    let found = table(tx, schema, name).await?;
    let created = found.is_none();
    let mut latest = latest(tx).await?;
    let mut changes = Vec::new();
    let mut take_id = || {
        latest.next_catalog_id += 1;
        latest.next_catalog_id - 1
    };
    let schema_id = match tx.query(sql::SCHEMA).bind(schema).first().await? {
        Some(row) => row.get(0)?,
        None => {
            let id = take_id();
            insert_schema(tx, id, schema, latest.snapshot + 1).await?;
            changes.push(format!("created_schema:\"{schema}\""));
            id
        }
    };
    let mut table =
        found.unwrap_or_else(|| Table { id: take_id(), name: name.to_owned(), columns: Vec::new() });
    let missing = |w: &&NewColumn| !table.columns.iter().any(|c| c.column.name == w.name);
    let new: Vec<NewColumn> = wanted.iter().filter(missing).cloned().collect();
    if new.is_empty() && !created {
        return Ok(Widened { table, snapshot: None, created });
    }
    let snapshot = latest.snapshot + 1;
    if created {
        insert_table(tx, schema_id, &table, snapshot).await?;
        changes.push(format!("created_table:\"{schema}\".\"{name}\""));
    } else {
        changes.push(format!("altered_table:{}", table.id));
    }
    latest = Latest { snapshot, schema_version: latest.schema_version + 1, ..latest };
    insert_snapshot(tx, latest, &changes.join(","), stamp).await?;
    tx.query(sql::ADD_SCHEMA_VERSION).bind(snapshot).bind(latest.schema_version).bind(table.id).run().await?;
    // Ids are never used twice within a table, not even after a column has ended.
    let mut id: i64 = tx.query(sql::LAST_COLUMN).bind(table.id).value().await?;
    for column in new {
        id += 1;
        insert_column(tx, table.id, id, &column, snapshot).await?;
        table.columns.push(Column { id, column });
    }
    Ok(Widened { table, snapshot: Some(snapshot), created })
}

async fn insert_schema(tx: &mut Transaction, id: i64, name: &str, snapshot: i64) -> Result<(), StoreError> {
    let sql = tx.dialect().choose(sqlite::ADD_SCHEMA, postgres::ADD_SCHEMA);
    let uuid = uuid::Uuid::new_v4().to_string();
    tx.query(sql)
        .bind(id)
        .bind(uuid)
        .bind(snapshot)
        .bind(name)
        .bind(format!("{name}/"))
        .bind(true)
        .run()
        .await?;
    Ok(())
}

async fn insert_table(
    tx: &mut Transaction,
    schema: i64,
    table: &Table,
    snapshot: i64,
) -> Result<(), StoreError> {
    let sql_ = tx.dialect().choose(sqlite::ADD_TABLE, postgres::ADD_TABLE);
    tx.query(sql_)
        .bind(table.id)
        .bind(uuid::Uuid::new_v4().to_string())
        .bind(snapshot)
        .bind(schema)
        .bind(&*table.name)
        .bind(format!("{}/", table.name))
        .bind(true)
        .run()
        .await?;
    tx.query(sql::ADD_TABLE_STATS).bind(table.id).run().await?;
    Ok(())
}

async fn insert_column(
    tx: &mut Transaction,
    table: i64,
    id: i64,
    column: &NewColumn,
    snapshot: i64,
) -> Result<(), StoreError> {
    tx.query(sql::ADD_COLUMN)
        .bind(id)
        .bind(snapshot)
        .bind(table)
        .bind(&*column.name)
        .bind(column.type_.name())
        .bind(true)
        .run()
        .await?;
    if let Some(declared) = column.declared.as_deref() {
        tx.query(sql::ADD_DECLARED).bind(table).bind(id).bind(declared).run().await?;
    }
    Ok(())
}

async fn insert_snapshot(
    tx: &mut Transaction,
    next: Latest,
    changes: &str,
    stamp: Stamp<'_>,
) -> Result<(), StoreError> {
    let add = tx.dialect().choose(sqlite::ADD_SNAPSHOT, postgres::ADD_SNAPSHOT);
    tx.query(add)
        .bind(next.snapshot)
        .bind(column::instant_text(stamp.at).unwrap_or_else(|| "1970-01-01 00:00:00.000000+00".to_owned()))
        .bind(next.schema_version)
        .bind(next.next_catalog_id)
        .bind(next.next_file_id)
        .run()
        .await?;
    tx.query(sql::ADD_CHANGES)
        .bind(next.snapshot)
        .bind(changes)
        .bind(stamp.actor)
        .bind(stamp.message)
        .run()
        .await?;
    Ok(())
}

fn hash(text: String) -> Result<Hash, StoreError> {
    Hash::try_from(text).map_err(corrupt)
}
