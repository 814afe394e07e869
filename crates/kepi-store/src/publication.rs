//! Runs, what they vouch for, and where what they published is. The figures themselves are files of the lake.

use kepi_model::id::Hash;

use crate::{
    error::StoreError,
    sql::{Row, common::publication as sql},
    store::{Reading, Store, Transaction},
};

/// What a published run rests on, as it is stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RunRow {
    /// Its number, allotted when it began.
    pub run: i64,
    /// Position of its `run.published`: what orders runs.
    pub seq: i64,
    /// When it was published, µs UTC.
    pub at: i64,
    /// Position of the last adoption in the register of definitions.
    pub register: i64,
    /// The pin of the definitions.
    pub definition: String,
    /// The lake.
    pub lake: String,
    /// Snapshot of the lake.
    pub snapshot: i64,
    /// Evaluator.
    pub engine: String,
    /// Hash of the calendar.
    pub calendar: String,
    /// Version of the time-zone data.
    pub zones: String,
    /// How far the data of each entity reached: JSON.
    pub watermarks: String,
}

/// What a run says of one subject at one grain, as it is stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VouchedRow {
    /// `kpi/…` or `score/…`.
    pub subject: String,
    /// Grain.
    pub grain: String,
    /// The run that vouches for it: this one, or an earlier one if this could not renew it.
    pub by: i64,
    /// Hash of its definition.
    pub definition: String,
    /// Hash of what feeds it.
    pub mapping: String,
    /// First days of the first and the last period that have a figure.
    pub span: Option<(String, String)>,
    /// Newest snapshot that changed a landed table it reads.
    pub changed: i64,
    /// Why the run could not renew it.
    pub not_renewed: Option<String>,
}

/// How long a run took, or looking at one of its sources.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TimeRow {
    /// The run.
    pub run: i64,
    /// When it began, µs UTC.
    pub at: i64,
    /// The source; empty: of the run itself, until it was published.
    pub source: String,
    /// How long, µs.
    pub took: i64,
}

/// A file of published rows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PublishedFile {
    /// Its number.
    pub id: i64,
    /// Name in its table's folder.
    pub name: String,
    /// Bytes.
    pub bytes: i64,
    /// BLAKE3 of all bytes.
    pub checksum: Option<Hash>,
    /// Least and greatest number of a run in it.
    pub runs: (i64, i64),
    /// Least and greatest subject in it.
    pub subjects: Option<(String, String)>,
}

/// The file that holds the newest row of each key, as of a position of the log: made from the others, and no loss.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewestFile {
    /// Name in the folder of such files.
    pub name: String,
    /// Position of the last run in it.
    pub seq: i64,
    /// Rows.
    pub rows: i64,
}

/// Allots the number of a run that begins.
///
/// # Errors
/// The database refused.
pub async fn begin_run(tx: &mut Transaction, at: i64) -> Result<i64, StoreError> {
    let run: i64 = tx.query(sql::NEXT_RUN).value().await?;
    tx.query(sql::BEGIN_RUN).bind(run).bind(at).run().await?;
    Ok(run)
}

/// Records that a run that was begun is published, and what it rests on.
///
/// # Errors
/// The database refused, or no such run waits to be published.
pub async fn end_run(tx: &mut Transaction, run: &RunRow) -> Result<(), StoreError> {
    let done = tx
        .query(sql::END_RUN)
        .bind(run.run)
        .bind(run.seq)
        .bind(run.at)
        .bind(run.register)
        .bind(&*run.definition)
        .bind(&*run.lake)
        .bind(run.snapshot)
        .bind(&*run.engine)
        .bind(&*run.calendar)
        .bind(&*run.zones)
        .bind(&*run.watermarks)
        .run()
        .await?;
    match done {
        1 => Ok(()),
        _ => Err(StoreError::Corrupt {
            what: "a run",
            reason: format!("{} was not begun or is published already", run.run),
        }),
    }
}

/// Records what a run says of its subjects.
///
/// # Errors
/// The database refused, for one because a subject comes twice.
pub async fn vouch(tx: &mut Transaction, run: i64, all: &[VouchedRow]) -> Result<(), StoreError> {
    for of in all {
        tx.query(sql::VOUCH)
            .bind(run)
            .bind(&*of.subject)
            .bind(&*of.grain)
            .bind(of.by)
            .bind(&*of.definition)
            .bind(&*of.mapping)
            .bind(of.span.as_ref().map(|s| s.0.as_str()))
            .bind(of.span.as_ref().map(|s| s.1.as_str()))
            .bind(of.changed)
            .bind(of.not_renewed.as_deref())
            .run()
            .await?;
    }
    Ok(())
}

/// Records how long a run took, and looking at its sources: µs by source, of the run itself by an empty name.
///
/// # Errors
/// The database refused, for one because there is no such run.
pub async fn took(tx: &mut Transaction, run: i64, all: &[(String, i64)]) -> Result<(), StoreError> {
    for (source, took) in all {
        tx.query(sql::TOOK).bind(run).bind(&**source).bind(*took).run().await?;
    }
    Ok(())
}

/// Something of a source that a run could not land.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NotLandedRow {
    /// The run.
    pub run: i64,
    /// When it began, µs UTC.
    pub at: i64,
    /// The source.
    pub source: String,
    /// The file; empty: the source as a whole.
    pub file: String,
    /// Entity that it would have filled.
    pub entity: String,
    /// Why.
    pub reason: String,
}

/// Records what a run could not land, under its number, whatever number and time the rows have.
///
/// # Errors
/// The database refused, for one because there is no such run.
pub async fn not_landed(tx: &mut Transaction, run: i64, all: &[NotLandedRow]) -> Result<(), StoreError> {
    for of in all {
        tx.query(sql::NOT_LANDED)
            .bind(run)
            .bind(&*of.source)
            .bind(&*of.file)
            .bind(&*of.entity)
            .bind(&*of.reason)
            .run()
            .await?;
    }
    Ok(())
}

/// What did not land in the last published run that looked at its source.
///
/// # Errors
/// The database refused.
pub async fn still_not_landed(of: &mut Reading) -> Result<Vec<NotLandedRow>, StoreError> {
    let read = |row: &Row| {
        Ok(NotLandedRow {
            run: row.get(0)?,
            at: row.get(1)?,
            source: row.get(2)?,
            file: row.get(3)?,
            entity: row.get(4)?,
            reason: row.get(5)?,
        })
    };
    of.query(sql::STILL_NOT_LANDED).all().await?.iter().map(read).collect()
}

/// How long published runs took, and looking at sources in those after an instant, µs UTC; oldest first.
///
/// # Errors
/// The database refused.
pub async fn times(of: &mut Reading, looks_after: i64) -> Result<Vec<TimeRow>, StoreError> {
    let read =
        |row: &Row| Ok(TimeRow { run: row.get(0)?, at: row.get(1)?, source: row.get(2)?, took: row.get(3)? });
    of.query(sql::TIMES).bind(looks_after).all().await?.iter().map(read).collect()
}

/// When published runs last looked at sources, µs UTC.
///
/// # Errors
/// The database refused.
pub async fn last_looks(of: &mut Reading) -> Result<Vec<(String, i64)>, StoreError> {
    of.query(sql::LAST_LOOKS).all().await?.iter().map(|row| Ok((row.get(0)?, row.get(1)?))).collect()
}

/// Published runs up to a position of the log, or all; oldest first.
///
/// # Errors
/// The database refused or holds something unreadable.
pub async fn runs(of: &mut Reading, up_to: Option<i64>) -> Result<Vec<RunRow>, StoreError> {
    of.query(sql::RUNS).bind(up_to.unwrap_or(i64::MAX)).all().await?.iter().map(read_run).collect()
}

/// The last published run up to a position of the log, with its position; none: nothing is published.
///
/// # Errors
/// The database refused.
pub async fn newest_run(of: &mut Reading, up_to: Option<i64>) -> Result<Option<(i64, i64)>, StoreError> {
    let row = of.query(sql::NEWEST_RUN).bind(up_to.unwrap_or(i64::MAX)).first().await?;
    row.map(|row| Ok((row.get(0)?, row.get(1)?))).transpose()
}

/// Hash of the calendar of a published run.
///
/// # Errors
/// The database refused.
pub async fn calendar_of(of: &mut Reading, run: Option<i64>) -> Result<Option<String>, StoreError> {
    let Some(run) = run else { return Ok(None) };
    match of.query(sql::CALENDAR).bind(run).first().await? {
        Some(row) => row.get(0),
        None => Ok(None),
    }
}

/// What a run says of its subjects.
///
/// # Errors
/// The database refused or holds something unreadable.
pub async fn vouched(of: &mut Reading, run: i64) -> Result<Vec<VouchedRow>, StoreError> {
    of.query(sql::VOUCHED).bind(run).all().await?.iter().map(read_vouched).collect()
}

/// The number of a table of published rows, if anything was ever published in it.
///
/// # Errors
/// The database refused.
pub async fn published_table(of: &mut Reading, name: &str) -> Result<Option<i64>, StoreError> {
    of.query(sql::TABLE).bind(name).first().await?.map(|row| row.get(0)).transpose()
}

/// The files of a table of published rows, oldest first.
///
/// # Errors
/// The database refused or holds something unreadable.
pub async fn published_files(of: &mut Reading, table: i64) -> Result<Vec<PublishedFile>, StoreError> {
    of.query(sql::FILES).bind(table).all().await?.iter().map(read_file).collect()
}

/// The file of newest rows of a table, if there is one.
///
/// # Errors
/// The database refused.
pub async fn newest_file(of: &mut Reading, table: &str) -> Result<Option<NewestFile>, StoreError> {
    let row = of.query(sql::NEWEST_FILE).bind(table).first().await?;
    row.map(|row| Ok(NewestFile { name: row.get(0)?, seq: row.get(1)?, rows: row.get(2)? })).transpose()
}

/// Names another file as that of the newest rows of a table.
///
/// # Errors
/// The database refused.
pub async fn set_newest_file(tx: &mut Transaction, table: &str, file: &NewestFile) -> Result<(), StoreError> {
    tx.query(sql::FORGET_NEWEST_FILE).bind(table).run().await?;
    tx.query(sql::SET_NEWEST_FILE).bind(table).bind(&*file.name).bind(file.seq).bind(file.rows).run().await?;
    Ok(())
}

/// Names of all files of newest rows.
///
/// # Errors
/// The database refused.
pub async fn newest_files(of: &mut Reading) -> Result<Vec<String>, StoreError> {
    of.query(sql::NEWEST_FILES).all().await?.iter().map(|row| row.get(0)).collect()
}

/// A figure as it was stored before figures were files.
#[derive(Debug, Clone, PartialEq)]
pub struct LegacyFigure {
    /// `kpi` or `score`.
    pub kind: String,
    /// Its id.
    pub subject: String,
    /// Label of its period.
    pub period: String,
    /// Segment or unit.
    pub segment: String,
    /// What it says: JSON.
    pub value: String,
    /// What it rests on: JSON.
    pub pins: String,
    /// The run.
    pub run: String,
    /// When, µs UTC.
    pub at: i64,
}

/// A run as it was stored before.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LegacyRun {
    /// Its id.
    pub run: String,
    /// Hash of the definitions.
    pub definition: String,
    /// Snapshot of the lake.
    pub snapshot: i64,
    /// Evaluator.
    pub engine: String,
    /// Watermarks, in JSON.
    pub body: String,
    /// When it began, µs UTC.
    pub at: i64,
}

impl Store {
    /// What stands in the form that figures had before they were files, in the order of publication; none: there is
    /// nothing of it, or it is imported.
    ///
    /// # Errors
    /// The database refused.
    pub async fn legacy(&self) -> Result<Option<(Vec<LegacyRun>, Vec<LegacyFigure>)>, StoreError> {
        let mut reading = self.read().await?;
        let exists = reading.dialect().choose(
            "SELECT count(*) FROM sqlite_schema WHERE name = 'kepi_published'",
            "SELECT count(*) FROM pg_tables WHERE schemaname = current_schema() AND tablename = 'kepi_published'",
        );
        if reading.query(exists).value::<i64>().await? == 0 {
            return Ok(None);
        }
        let run = |row: &Row| -> Result<LegacyRun, StoreError> {
            Ok(LegacyRun {
                run: row.get(0)?,
                definition: row.get(1)?,
                snapshot: row.get(2)?,
                engine: row.get(3)?,
                body: row.get(4)?,
                at: row.get(5)?,
            })
        };
        let figure = |row: &Row| -> Result<LegacyFigure, StoreError> {
            Ok(LegacyFigure {
                kind: row.get(0)?,
                subject: row.get(1)?,
                period: row.get(2)?,
                segment: row.get(3)?,
                value: row.get(4)?,
                pins: row.get(5)?,
                run: row.get(6)?,
                at: row.get(7)?,
            })
        };
        let runs = reading.query(sql::LEGACY_RUNS).all().await?.iter().map(run).collect::<Result<_, _>>()?;
        let figures =
            reading.query(sql::LEGACY_FIGURES).all().await?.iter().map(figure).collect::<Result<_, _>>()?;
        Ok(Some((runs, figures)))
    }

    /// Drops what was imported.
    ///
    /// # Errors
    /// The database refused.
    pub async fn drop_legacy(&self) -> Result<(), StoreError> {
        let mut tx = self.begin().await?;
        tx.query("DROP TABLE kepi_published").run().await?;
        tx.query("DROP TABLE kepi_run_before").run().await?;
        tx.commit().await
    }
}

fn read_run(row: &Row) -> Result<RunRow, StoreError> {
    Ok(RunRow {
        run: row.get(0)?,
        seq: row.get(1)?,
        at: row.get(2)?,
        register: row.get(3)?,
        definition: row.get(4)?,
        lake: row.get(5)?,
        snapshot: row.get(6)?,
        engine: row.get(7)?,
        calendar: row.get(8)?,
        zones: row.get(9)?,
        watermarks: row.get(10)?,
    })
}

fn read_vouched(row: &Row) -> Result<VouchedRow, StoreError> {
    let (first, last): (Option<String>, Option<String>) = (row.get(5)?, row.get(6)?);
    Ok(VouchedRow {
        subject: row.get(0)?,
        grain: row.get(1)?,
        by: row.get(2)?,
        definition: row.get(3)?,
        mapping: row.get(4)?,
        span: first.zip(last),
        changed: row.get(7)?,
        not_renewed: row.get(8)?,
    })
}

fn read_file(row: &Row) -> Result<PublishedFile, StoreError> {
    let corrupt = |what: &str| StoreError::Corrupt {
        what: "a file of published rows",
        reason: format!("`{what}` is no number of a run"),
    };
    let number = |text: Option<String>| {
        let text = text.unwrap_or_default();
        text.parse().map_err(|_| corrupt(&text))
    };
    let (low, high): (Option<String>, Option<String>) = (row.get(4)?, row.get(5)?);
    let checksum: Option<String> = row.get(6)?;
    Ok(PublishedFile {
        id: row.get(7)?,
        name: row.get(0)?,
        bytes: row.get(1)?,
        checksum: checksum
            .map(Hash::try_from)
            .transpose()
            .map_err(|e| StoreError::Corrupt { what: "a file of published rows", reason: e.to_string() })?,
        runs: (number(row.get(2)?)?, number(row.get(3)?)?),
        subjects: low.zip(high),
    })
}
