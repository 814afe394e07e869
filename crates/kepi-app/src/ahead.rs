//! What is dated after a run says nothing of how far the data reach: a contract that begins in March and is landed in January is no
//! sign that January is known.

use kepi_model::{entity::Entity, expression::Physical, project::Project};
use kepi_query::port::{
    EvaluateError, MemoryColumn, MemoryTable, PinnedColumn, PinnedInputs, PinnedTable, system,
};

use crate::{error::AppError, open::App};

impl App {
    /// The tables as they are now, for a run at an instant, µs UTC.
    ///
    /// # Errors
    /// The lake cannot be read.
    pub(crate) async fn pinned_for_run(&self, project: &Project, at: i64) -> Result<PinnedInputs, AppError> {
        let mut inputs = self.lake.pin(project, None).await.map_err(AppError::Lake)?;
        for entity in project.entities.values() {
            let Some(table) = inputs.tables.get_mut(&entity.id) else { continue };
            let Some(columns) = ahead(entity, table, at) else { continue };
            // What cannot be read holds back its KPIs by itself.
            if let Ok(latest) = self.latest(table, &columns, at).await {
                table.live_until = Some(latest.unwrap_or(at));
            }
        }
        Ok(inputs)
    }

    /// The latest time, until an instant, of the rows of a table that hold now.
    async fn latest(
        &self,
        table: &PinnedTable,
        columns: &[PinnedColumn],
        at: i64,
    ) -> Result<Option<i64>, EvaluateError> {
        let mut latest = None;
        let mut see = |piece: &MemoryTable| {
            let instants = |column: Option<&MemoryColumn>, row: usize| match column {
                Some(MemoryColumn::Instant(values)) => values.get(row).copied().flatten(),
                _ => None,
            };
            let (times, ends) = (piece.columns.first(), piece.columns.get(1));
            let live = (0..piece.rows).filter(|row| instants(ends, *row).is_none());
            latest = latest.max(live.filter_map(|row| instants(times, row)).filter(|time| *time <= at).max());
        };
        self.evaluator.pieces(table, columns, None, &self.limits, &mut see).await?;
        Ok(latest)
    }
}

/// What dates the rows of a table of which some may be dated after an instant, and what says until when they hold; none: none is.
fn ahead(entity: &Entity, table: &PinnedTable, at: i64) -> Option<Vec<PinnedColumn>> {
    let column = |name: &str| table.columns.iter().find(|column| column.name == name);
    let time = column(entity.time.as_ref()?.as_str()).filter(|time| time.physical == Physical::Instant)?;
    let latest = table.live_until.or(time.bounds.map(|(_, last)| last))?;
    (latest > at).then(|| [Some(time), column(system::VALID_TO)].into_iter().flatten().cloned().collect())
}
