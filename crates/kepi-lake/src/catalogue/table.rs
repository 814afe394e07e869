//! Tables: one an entity, made at its first landing, widened when the model gains attributes.

use kepi_govern::{Command, Evidence, Shape};
use kepi_model::{
    expression::{Physical, Type},
    project::Entity,
};
use kepi_query::port::system;
use kepi_store::{Asked, Effects, Reading, Receipt, Transaction, door::new_key};
use sqlx::Row;

use super::{
    Catalogue, DataFile, Latest, ducklake_type, insert_snapshot, latest_in, physical_of, read_files,
};
use crate::{
    door::{CalledOff, permit, plain},
    error::{LakeError, LandError},
};

/// The system columns, after the attributes.
const SYSTEM: [(&str, Physical); 7] = [
    (system::VALID_FROM, Physical::Instant),
    (system::VALID_TO, Physical::Instant),
    (system::RECORDED_AT, Physical::Instant),
    (system::SOURCE, Physical::Text),
    (system::FILE, Physical::Text),
    (system::ROW, Physical::Integer),
    (system::LOAD, Physical::Text),
];

/// A column of a table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct TableColumn {
    /// Number, also the field id in Parquet.
    pub id: i64,
    /// Name.
    pub name: String,
    /// How it is stored.
    pub physical: Physical,
    /// Whether it holds personal data: then no statistics are kept of it.
    pub personal: bool,
}

/// A table as it stands now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Table {
    /// Number.
    pub id: i64,
    /// Name: that of the entity.
    pub name: String,
    /// Columns in order.
    pub columns: Vec<TableColumn>,
}

/// What must not change of an attribute once rows of it are stored.
fn stored_type(type_: &Type) -> String {
    match type_ {
        Type::Text | Type::Enum { .. } | Type::Reference { .. } => "text".to_owned(),
        Type::Integer | Type::Number { scale: 0 } => "integer".to_owned(),
        Type::Number { scale } => format!("number, {scale} decimals"),
        Type::Money { currency, scale } => format!("money {currency}, {scale} decimals"),
        Type::Boolean => "boolean".to_owned(),
        Type::Date | Type::Timestamp => "timestamp".to_owned(),
        Type::Duration => "duration".to_owned(),
    }
}

/// The number of an entity's table, if it has one.
pub(crate) async fn find_table(tx: &mut Reading, entity: &str) -> Result<Option<i64>, LakeError> {
    Ok(sqlx::query_scalar(
        "SELECT table_id FROM ducklake_table WHERE table_name = ? AND end_snapshot IS NULL",
    )
    .bind(entity)
    .fetch_optional(tx.raw())
    .await?)
}

/// How often a table is looked at anew because others shaped one meanwhile.
const ATTEMPTS: u32 = 10;

/// The table of an entity with a column for every attribute, made or widened through the store's door if need be.
pub(crate) async fn ensure_table(
    catalogue: &Catalogue,
    entity: &Entity,
    now: i64,
    actor: &str,
) -> Result<Table, LandError> {
    let permit = permit(actor)?;
    for _ in 0..ATTEMPTS {
        let found = Found::read(&mut catalogue.store.read().await?, entity).await?;
        if found.new.is_empty() {
            return Ok(found.table(entity));
        }
        let names = found.new.iter().map(|(name, ..)| plain(name)).collect::<Result<_, _>>()?;
        let command = Command::Shape(Shape { entity: entity.id.clone(), columns: names });
        let key = new_key("shape");
        let mut effects = Shaping { entity, now, actor, expected: found };
        match catalogue.store.perform(Asked::new(&permit, &key, now), &command, &mut effects).await {
            Ok(_) | Err(CalledOff::Faster) => {}
            Err(CalledOff::Failed(error)) => return Err(error),
        }
    }
    Err(LandError::Conflict { path: entity.id.to_string(), attempts: ATTEMPTS })
}

/// A column that is to be: name, how it is stored, its declared type.
type NewColumn = (String, Physical, Option<String>);

/// A table as it stands, and what it lacks of an entity.
struct Found {
    latest: Latest,
    table: Option<i64>,
    columns: Vec<(TableColumn, String)>,
    new: Vec<NewColumn>,
}

impl Found {
    async fn read(tx: &mut Reading, entity: &Entity) -> Result<Self, LandError> {
        let table = find_table(tx, entity.id.as_str()).await?;
        let latest = latest_in(tx).await?;
        let columns = match table {
            Some(id) => read_columns(tx, id).await?,
            None => Vec::new(),
        };
        let mut new: Vec<NewColumn> = Vec::new();
        for attribute in &entity.attributes {
            let declared = stored_type(&attribute.type_);
            match columns.iter().find(|(c, _)| c.name == attribute.id.as_str()) {
                Some((_, stored)) if *stored == declared => {}
                Some((_, stored)) => {
                    return Err(LandError::TypeChanged {
                        entity: entity.id.clone(),
                        attribute: attribute.id.to_string(),
                        stored: stored.clone(),
                        declared,
                    });
                }
                None => new.push((attribute.id.to_string(), attribute.type_.physical(), Some(declared))),
            }
        }
        for (name, physical) in SYSTEM {
            if !columns.iter().any(|(c, _)| c.name == name) {
                new.push((name.to_owned(), physical, None));
            }
        }
        Ok(Self { latest, table, columns, new })
    }

    fn id(&self) -> i64 {
        self.table.unwrap_or(self.latest.next_catalog_id)
    }

    fn table(self, entity: &Entity) -> Table {
        let personal = |name: &str| entity.attributes.iter().any(|a| a.personal && a.id.as_str() == name);
        Table {
            id: self.id(),
            name: entity.id.to_string(),
            columns: self
                .columns
                .into_iter()
                .map(|(c, _)| TableColumn { personal: personal(&c.name), ..c })
                .collect(),
        }
    }
}

/// What making or widening a table leaves in the catalogue.
struct Shaping<'a> {
    entity: &'a Entity,
    now: i64,
    actor: &'a str,
    expected: Found,
}

impl Effects for Shaping<'_> {
    type Output = ();
    type Error = CalledOff;

    async fn prepare(&mut self, tx: &mut Transaction) -> Result<Evidence, CalledOff> {
        let found = Found::read(tx, self.entity).await?;
        if found.new != self.expected.new || found.table != self.expected.table {
            return Err(CalledOff::Faster);
        }
        let (id, created, latest) = (found.id(), found.table.is_none(), found.latest);
        let snapshot = latest.snapshot + 1;
        let next = Latest {
            snapshot,
            schema_version: latest.schema_version + 1,
            next_catalog_id: latest.next_catalog_id + i64::from(created),
            next_file_id: latest.next_file_id,
        };
        let change = if created {
            create(tx, id, self.entity.id.as_str(), snapshot).await?;
            format!("created_table:\"main\".\"{}\"", self.entity.id)
        } else {
            format!("altered_table:{id}")
        };
        insert_snapshot(tx, next, self.now, &change, self.actor, "follow the model").await?;
        insert_columns(tx, id, next, &found.new).await?;
        Ok(Evidence::Shaped { snapshot: snapshot.unsigned_abs() })
    }

    async fn write(&mut self, _: &mut Transaction, _: Receipt) -> Result<(), CalledOff> {
        Ok(())
    }
}

async fn insert_columns(
    tx: &mut Transaction,
    table: i64,
    next: Latest,
    new: &[NewColumn],
) -> Result<(), LakeError> {
    sqlx::query("INSERT INTO ducklake_schema_versions VALUES (?, ?, ?)")
        .bind(next.snapshot)
        .bind(next.schema_version)
        .bind(table)
        .execute(tx.raw())
        .await?;
    // Ids are never used twice within a table, not even after a column has ended.
    let mut column_id: i64 =
        sqlx::query_scalar("SELECT coalesce(max(column_id), 0) FROM ducklake_column WHERE table_id = ?")
            .bind(table)
            .fetch_one(tx.raw())
            .await?;
    for (name, physical, declared) in new {
        column_id += 1;
        insert_column(tx, table, column_id, next.snapshot, name, *physical, declared.as_deref()).await?;
    }
    Ok(())
}

async fn create(tx: &mut Transaction, id: i64, name: &str, snapshot: i64) -> Result<(), LakeError> {
    sqlx::query("INSERT INTO ducklake_table VALUES (?, ?, ?, NULL, 0, ?, ?, 1)")
        .bind(id)
        .bind(uuid::Uuid::new_v4().to_string())
        .bind(snapshot)
        .bind(name)
        .bind(format!("{name}/"))
        .execute(tx.raw())
        .await?;
    sqlx::query("INSERT INTO ducklake_table_stats VALUES (?, 0, 0, 0)").bind(id).execute(tx.raw()).await?;
    Ok(())
}

async fn insert_column(
    tx: &mut Transaction,
    table: i64,
    column: i64,
    snapshot: i64,
    name: &str,
    physical: Physical,
    declared: Option<&str>,
) -> Result<(), LakeError> {
    sqlx::query(
        "INSERT INTO ducklake_column VALUES (?1, ?2, NULL, ?3, ?1, ?4, ?5, NULL, 'NULL', 1, NULL, 'literal', 'duckdb')",
    )
    .bind(column)
    .bind(snapshot)
    .bind(table)
    .bind(name)
    .bind(ducklake_type(physical))
    .execute(tx.raw())
    .await?;
    if let Some(declared) = declared {
        sqlx::query("INSERT INTO kepi_column_type VALUES (?, ?, ?)")
            .bind(table)
            .bind(column)
            .bind(declared)
            .execute(tx.raw())
            .await?;
    }
    Ok(())
}

/// Live columns with their declared types.
async fn read_columns(tx: &mut Reading, table: i64) -> Result<Vec<(TableColumn, String)>, LakeError> {
    sqlx::query(
        "SELECT c.column_id, c.column_name, c.column_type, coalesce(t.declared, '') AS declared
         FROM ducklake_column c LEFT JOIN kepi_column_type t USING (table_id, column_id)
         WHERE c.table_id = ? AND c.end_snapshot IS NULL ORDER BY c.column_order",
    )
    .bind(table)
    .fetch_all(tx.raw())
    .await?
    .iter()
    .map(|row| {
        Ok((
            TableColumn {
                id: row.try_get(0)?,
                name: row.try_get(1)?,
                physical: physical_of(row.try_get(2)?)?,
                personal: false,
            },
            row.try_get(3)?,
        ))
    })
    .collect()
}

/// The files that make up a table now, and the version they stand at, read together.
pub(crate) async fn live_files(catalogue: &Catalogue, table: i64) -> Result<(Vec<DataFile>, i64), LakeError> {
    let mut tx = catalogue.store.read().await?;
    let version = super::table_version(&mut tx, table).await?;
    let files = read_files(
        tx.raw(),
        &catalogue.data,
        "SELECT f.data_file_id, t.path || f.path AS path, f.record_count, f.file_size_bytes
         FROM ducklake_data_file f JOIN ducklake_table t USING (table_id)
         WHERE f.table_id = ?1 AND f.end_snapshot IS NULL AND t.end_snapshot IS NULL
         ORDER BY f.data_file_id",
        table,
        0,
    )
    .await?;
    Ok((files, version))
}
