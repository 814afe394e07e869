//! The files of every entity's table at one snapshot.

use std::collections::BTreeMap;

use kepi_model::{
    expression::Physical,
    id::{AttributeId, EntityId},
    project::Project,
};
use kepi_query::port::{PinnedColumn, PinnedInputs, PinnedTable, SnapshotId, TableData};
use kepi_store::{
    Reading,
    catalogue::{self as stored, MAIN},
};

use super::{Catalogue, DataFile, physical_of};
use crate::error::LakeError;

impl Catalogue {
    /// All tables at a snapshot, or at the newest one.
    pub async fn pin(
        &self,
        project: &Project,
        snapshot: Option<SnapshotId>,
    ) -> Result<PinnedInputs, LakeError> {
        // One reading, so that tables and files are of one moment.
        self.pin_in(&mut self.store.read().await?, project, snapshot).await
    }

    /// The same as a reading sees them, or a change that is under way.
    pub async fn pin_in(
        &self,
        tx: &mut Reading,
        project: &Project,
        snapshot: Option<SnapshotId>,
    ) -> Result<PinnedInputs, LakeError> {
        let latest = stored::snapshot(tx).await?;
        let at = snapshot.map_or(latest, |s| s.0);
        if !(0..=latest).contains(&at) {
            return Err(LakeError::NoSnapshot(at, latest));
        }
        let mut tables = BTreeMap::new();
        for table in stored::tables(tx, MAIN, at).await? {
            let entity = entity_of(&table)?;
            let key = project.entities.get(&entity).map(|e| e.key.clone()).unwrap_or_default();
            tables.insert(entity, self.pin_table(tx, &table, at, key).await?);
        }
        Ok(PinnedInputs { snapshot: SnapshotId(at), tables })
    }

    /// The newest snapshot that changed the rows of each table of rows that were landed, up to a snapshot or to now.
    pub async fn changed(
        &self,
        up_to: Option<SnapshotId>,
    ) -> Result<BTreeMap<EntityId, SnapshotId>, LakeError> {
        let mut tx = self.store.read().await?;
        let mut changed = BTreeMap::new();
        let at = up_to.map_or(i64::MAX, |snapshot| snapshot.0);
        for table in stored::tables(&mut tx, MAIN, at).await? {
            let version = stored::version(&mut tx, table.id, Some(at)).await?;
            if version > 0 {
                changed.insert(entity_of(&table)?, SnapshotId(version));
            }
        }
        Ok(changed)
    }

    async fn pin_table(
        &self,
        tx: &mut Reading,
        table: &stored::Table,
        at: i64,
        key: Vec<AttributeId>,
    ) -> Result<PinnedTable, LakeError> {
        let mut columns = Vec::new();
        for column in &table.columns {
            let physical = physical_of(column.column.type_)?;
            let known = match physical {
                Physical::Integer | Physical::Instant => stored::bounds(tx, table.id, column, at).await?,
                Physical::Text | Physical::Boolean => None,
            };
            let (bounds, is_empty) = (known.flatten(), known == Some(None));
            columns.push(PinnedColumn { name: column.column.name.clone(), physical, bounds, is_empty });
        }
        let files: Vec<_> =
            stored::table_files(tx, table.id, at).await?.into_iter().map(|f| self.place(f)).collect();
        self.bring(files.iter().flat_map(DataFile::all_wanted).collect()).await?;
        let data = TableData::Files(files.iter().map(DataFile::pinned).collect());
        Ok(PinnedTable { columns, key, data, live_until: None })
    }
}

fn entity_of(table: &stored::Table) -> Result<EntityId, LakeError> {
    table.name.parse().map_err(|_| LakeError::Corrupt(format!("a table is named `{}`", table.name)))
}
