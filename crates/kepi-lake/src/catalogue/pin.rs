//! The files of every table at one snapshot.

use std::collections::BTreeMap;

use kepi_model::{
    expression::Physical,
    id::{AttributeId, EntityId},
    project::Project,
};
use kepi_query::port::{PinnedColumn, PinnedFile, PinnedInputs, PinnedTable, SnapshotId, TableData};
use kepi_store::Reading;
use sqlx::Row;

use super::{Catalogue, parse_instant, physical_of, read_files};
use crate::error::LakeError;

impl Catalogue {
    /// All tables at a snapshot, or at the newest one.
    pub async fn pin(
        &self,
        project: &Project,
        snapshot: Option<SnapshotId>,
    ) -> Result<PinnedInputs, LakeError> {
        // One read transaction, so that tables and files are of one moment.
        let mut tx = self.store.read().await?;
        let latest: i64 =
            sqlx::query_scalar("SELECT max(snapshot_id) FROM ducklake_snapshot").fetch_one(tx.raw()).await?;
        let at = snapshot.map_or(latest, |s| s.0);
        if !(0..=latest).contains(&at) {
            return Err(LakeError::NoSnapshot(at, latest));
        }
        let mut tables = BTreeMap::new();
        for row in sqlx::query(
            "SELECT table_id, table_name FROM ducklake_table
             WHERE begin_snapshot <= ?1 AND (end_snapshot IS NULL OR end_snapshot > ?1)",
        )
        .bind(at)
        .fetch_all(tx.raw())
        .await?
        {
            let (id, name): (i64, String) = (row.try_get(0)?, row.try_get(1)?);
            let entity: EntityId =
                name.parse().map_err(|_| LakeError::Corrupt(format!("a table is named `{name}`")))?;
            let key = project.entities.get(&entity).map(|e| e.key.clone()).unwrap_or_default();
            let table = self.pin_table(&mut tx, id, at, key).await?;
            tables.insert(entity, table);
        }
        Ok(PinnedInputs { snapshot: SnapshotId(at), tables })
    }

    async fn pin_table(
        &self,
        tx: &mut Reading,
        table: i64,
        at: i64,
        key: Vec<AttributeId>,
    ) -> Result<PinnedTable, LakeError> {
        let files = read_files(
            tx.raw(),
            &self.data,
            "SELECT f.data_file_id, t.path || f.path AS path, f.record_count, f.file_size_bytes
             FROM ducklake_data_file f
             JOIN (SELECT table_id, path, min(begin_snapshot) FROM ducklake_table GROUP BY table_id) t USING (table_id)
             WHERE f.table_id = ?1 AND f.begin_snapshot <= ?2
               AND (f.end_snapshot IS NULL OR f.end_snapshot > ?2)
             ORDER BY f.data_file_id",
            table,
            at,
        )
        .await?;
        let mut columns = Vec::new();
        for row in sqlx::query(
            "SELECT column_id, column_name, column_type FROM ducklake_column
             WHERE table_id = ?1 AND begin_snapshot <= ?2 AND (end_snapshot IS NULL OR end_snapshot > ?2)
             ORDER BY column_order",
        )
        .bind(table)
        .bind(at)
        .fetch_all(tx.raw())
        .await?
        {
            let physical = physical_of(row.try_get(2)?)?;
            let known = match physical {
                Physical::Integer | Physical::Instant => {
                    bounds(tx, table, row.try_get(0)?, at, physical).await?
                }
                Physical::Text | Physical::Boolean => None,
            };
            let (bounds, is_empty) = (known.flatten(), known == Some(None));
            columns.push(PinnedColumn { name: row.try_get(1)?, physical, bounds, is_empty });
        }
        let data = TableData::Files(
            files
                .into_iter()
                .map(|f| PinnedFile { path: f.path.display().to_string(), bytes: f.bytes, rows: f.rows })
                .collect(),
        );
        Ok(PinnedTable { columns, key, data })
    }
}

/// Least and greatest value over the live files, if every file that has a value knows them; `Some(None)` if none has one.
async fn bounds(
    tx: &mut Reading,
    table: i64,
    column: i64,
    at: i64,
    physical: Physical,
) -> Result<Option<Option<(i64, i64)>>, LakeError> {
    // A file without statistics of the column is older than the column (all missing), or the column is personal.
    let rows = sqlx::query(
        "SELECT s.value_count, s.min_value, s.max_value, f.begin_snapshot < c.begin_snapshot AS older
         FROM ducklake_data_file f
         JOIN ducklake_column c ON c.table_id = f.table_id AND c.column_id = ?2
         LEFT JOIN ducklake_file_column_stats s ON s.data_file_id = f.data_file_id AND s.column_id = ?2
         WHERE f.table_id = ?1 AND f.begin_snapshot <= ?3 AND (f.end_snapshot IS NULL OR f.end_snapshot > ?3)",
    )
    .bind(table)
    .bind(column)
    .bind(at)
    .fetch_all(tx.raw())
    .await?;
    let mut all: Option<(i64, i64)> = None;
    for row in rows {
        let values: Option<i64> = row.try_get(0)?;
        match values {
            Some(0) => continue,
            None if row.try_get::<i64, _>(3)? != 0 => continue,
            _ => {}
        }
        let read = |text: Option<String>| -> Option<i64> {
            let text = text?;
            if physical == Physical::Instant { parse_instant(&text) } else { text.parse().ok() }
        };
        let (Some(low), Some(high)) = (read(row.try_get(1)?), read(row.try_get(2)?)) else { return Ok(None) };
        all = Some(all.map_or((low, high), |(l, h)| (l.min(low), h.max(high))));
    }
    Ok(Some(all))
}
