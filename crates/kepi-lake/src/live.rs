//! How far the rows that hold now reach. A file also keeps the versions that do not hold any more: a date that was
//! corrected since says nothing of how far the data reach.

use arrow::{
    array::{Array, AsArray},
    datatypes::TimestampMicrosecondType,
};
use kepi_model::{expression::Physical, project::Project};
use kepi_query::port::{PinnedFile, PinnedInputs, PinnedTable, TableData, system};

use crate::{
    catalogue::{DataFile, Table, TableColumn},
    durable::blocking,
    error::LakeError,
    table_file::{latest_in, read_batches},
};

/// Notes the latest time of each table's rows that hold now, where some do not and what its files say may be too late. Only
/// the time and the end of rows are read, only of such tables, and only of the files that end latest: those before need no
/// reading once a row that holds is as late as they end.
pub(crate) async fn note_reach(project: &Project, inputs: &mut PinnedInputs) -> Result<(), LakeError> {
    for entity in project.entities.values() {
        let (Some(time), Some(table)) = (&entity.time, inputs.tables.get_mut(&entity.id)) else { continue };
        let TableData::Files(files) = &table.data else { continue };
        // What the catalogue says of a file, it says of rows, too, that are out by position.
        if !has_ended_rows(table) && files.iter().all(|file| file.deletes.is_none()) {
            continue;
        }
        let (files, time) = (files.clone(), time.to_string());
        // What cannot be read holds back its KPIs by itself; then the files' own words are as good as any.
        if let Ok(latest) = blocking(move || latest(&files, &time)).await? {
            table.live_until = latest;
        }
    }
    Ok(())
}

fn has_ended_rows(table: &PinnedTable) -> bool {
    table.columns.iter().any(|column| column.name == system::VALID_TO && !column.is_empty)
}

/// The latest time of the rows that hold now.
fn latest(files: &[PinnedFile], time: &str) -> Result<Option<i64>, LakeError> {
    let column = |name: &str| TableColumn {
        id: 0,
        name: name.to_owned(),
        physical: Physical::Instant,
        personal: false,
    };
    let wanted = [time, system::VALID_TO];
    let table = Table { id: 0, name: String::new(), columns: wanted.map(column).to_vec() };
    let mut latest = None;
    let mut files: Vec<(i64, DataFile)> = files
        .iter()
        .map(DataFile::of_pin)
        // A file that does not say may hold anything.
        .map(|file| Ok((latest_in(&file, time)?.unwrap_or(i64::MAX), file)))
        .collect::<Result<_, LakeError>>()?;
    files.sort_by_key(|(ends, _)| std::cmp::Reverse(*ends));
    for (ends, file) in files {
        if latest.is_some_and(|latest| latest >= ends) {
            break;
        }
        read_batches(&file, &table, Some(&wanted), |batch| {
            let times =
                batch.column_by_name(time).and_then(|c| c.as_primitive_opt::<TimestampMicrosecondType>());
            if let (Some(times), Some(ends)) = (times, batch.column_by_name(system::VALID_TO)) {
                let live = times.iter().enumerate().filter(|(row, _)| ends.is_null(*row));
                latest = latest.max(live.filter_map(|(_, time)| time).max());
            }
            Ok(())
        })?;
    }
    Ok(latest)
}
