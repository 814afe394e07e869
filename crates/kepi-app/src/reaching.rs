//! How far the rows of a table reach, as far as that hangs on the run.
//!
//! What is dated after a run says nothing of it: a contract that begins in March and is landed in January is no sign that January is
//! known. And of several sources of one entity that are expected again and again the slowest says it: what the others delivered is no
//! sign that it has delivered, too.

use std::collections::BTreeMap;

use kepi_model::{entity::Entity, expression::Physical, project::Project};
use kepi_query::{
    port::{EvaluateError, MemoryColumn, MemoryTable, PinnedColumn, PinnedInputs, PinnedTable, system},
    reach::{declared_end, going_on},
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
            let expected = going_on(project, &entity.id);
            let Some(columns) = asked(entity, table, at, !expected.is_empty()) else { continue };
            // What cannot be read holds back its KPIs by itself.
            let Ok(latest) = self.latest(table, &columns, at).await else { continue };
            let of_slowest = expected.into_iter().filter_map(|source| {
                let own = latest.by_source.get(source.id.as_str())?;
                // The last instant of the day up to which it says that everything is in.
                let declared = declared_end(project, source).map_or(i64::MIN, |end| end.saturating_sub(1));
                Some((*own).max(declared).min(at))
            });
            table.live_until = Some(of_slowest.min().or(latest.of_all).unwrap_or(at));
        }
        Ok(inputs)
    }

    /// The latest times, until an instant, of the rows of a table that hold now.
    async fn latest(
        &self,
        table: &PinnedTable,
        columns: &[PinnedColumn],
        at: i64,
    ) -> Result<Latest, EvaluateError> {
        let mut latest = Latest::default();
        let place = |name: &str| columns.iter().position(|column| column.name == name);
        let (ends, sources) = (place(system::VALID_TO), place(system::SOURCE));
        let mut see = |piece: &MemoryTable| {
            let instant = |column: Option<&MemoryColumn>, row: usize| match column {
                Some(MemoryColumn::Instant(values)) => values.get(row).copied().flatten(),
                _ => None,
            };
            let column = |place: Option<usize>| piece.columns.get(place?);
            let times = piece.columns.first();
            for row in (0..piece.rows).filter(|row| instant(column(ends), *row).is_none()) {
                let Some(time) = instant(times, row).filter(|time| *time <= at) else { continue };
                latest.of_all = latest.of_all.max(Some(time));
                if let Some(MemoryColumn::Text(texts)) = column(sources)
                    && let Some(source) = texts.get(row)
                {
                    match latest.by_source.get_mut(source) {
                        Some(own) => *own = time.max(*own),
                        None => drop(latest.by_source.insert(source.to_owned(), time)),
                    }
                }
            }
        };
        self.evaluator.pieces(table, columns, None, &self.limits, &mut see).await?;
        Ok(latest)
    }
}

/// The latest times of rows, µs UTC.
#[derive(Default)]
struct Latest {
    of_all: Option<i64>,
    by_source: BTreeMap<String, i64>,
}

/// What dates the rows of a table of which some may be dated after an instant, or of which sources are told apart; what says until
/// when they hold, and, for the latter, of which source they are. None: nothing is to be read.
fn asked(entity: &Entity, table: &PinnedTable, at: i64, by_source: bool) -> Option<Vec<PinnedColumn>> {
    let column = |name: &str| table.columns.iter().find(|column| column.name == name);
    let time = column(entity.time.as_ref()?.as_str()).filter(|time| time.physical == Physical::Instant)?;
    let latest = table.live_until.or(time.bounds.map(|(_, last)| last))?;
    let source = column(system::SOURCE).filter(|_| by_source);
    let needed = latest > at || source.is_some();
    needed.then(|| [Some(time), column(system::VALID_TO), source].into_iter().flatten().cloned().collect())
}
