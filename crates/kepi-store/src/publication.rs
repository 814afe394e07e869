//! Runs and published values. A later value of the same key is a new row beside the earlier one: a restatement.

use serde_json::Value;
use sqlx::{Row, sqlite::SqliteRow};

use crate::{
    error::StoreError,
    store::{Store, Transaction},
};

/// How a run stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum RunStatus {
    /// Begun.
    Running,
    /// All it computed is published.
    Succeeded,
    /// Nothing of it is published.
    Failed,
}

impl RunStatus {
    /// As stored.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Running => "running",
            Self::Succeeded => "succeeded",
            Self::Failed => "failed",
        }
    }
}

/// One computation of a project's values.
#[derive(Debug, Clone, PartialEq)]
pub struct Run {
    /// Unique id.
    pub run: String,
    /// When it began, µs UTC.
    pub started: i64,
    /// When it ended, µs UTC.
    pub finished: Option<i64>,
    /// Hash of the definitions.
    pub definition: String,
    /// Snapshot of the lake.
    pub snapshot: i64,
    /// Evaluator.
    pub engine: String,
    /// How it stands.
    pub status: RunStatus,
    /// Everything else.
    pub body: Value,
}

/// What a published value is of.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ValueKey {
    /// Kind of subject: `kpi`, `scorecard` …
    pub kind: String,
    /// Its id.
    pub subject: String,
    /// The period in a fixed spelling.
    pub period: String,
    /// The segment in a fixed spelling.
    pub segment: String,
}

/// A value to publish.
#[derive(Debug, Clone, PartialEq)]
pub struct NewPublication {
    /// What it is of.
    pub key: ValueKey,
    /// The value.
    pub value: Value,
    /// What it was computed from.
    pub pins: Value,
}

/// A published value.
#[derive(Debug, Clone, PartialEq)]
pub struct Published {
    /// Position in the order of publication.
    pub seq: i64,
    /// Value and pins.
    pub publication: NewPublication,
    /// The run that computed it.
    pub run: String,
    /// When it was published, µs UTC.
    pub published_at: i64,
}

/// What a publication did.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct PublishedCounts {
    /// Keys published for the first time.
    pub first: u64,
    /// Keys whose value differs from the one published before.
    pub restated: u64,
    /// Keys with the same value from other pins.
    pub repinned: u64,
    /// Keys with the same value and pins: not written again.
    pub unchanged: u64,
}

/// Which values are wanted. The default is all of them.
#[derive(Debug, Clone, Default)]
pub struct ValueFilter {
    /// Only this kind.
    pub kind: Option<String>,
    /// Only this subject.
    pub subject: Option<String>,
    /// Only this period.
    pub period: Option<String>,
    /// Only this segment.
    pub segment: Option<String>,
}

/// Records the start of a run.
///
/// # Errors
/// The database refused, for one because the id exists.
pub async fn start_run(tx: &mut Transaction, run: &Run) -> Result<(), StoreError> {
    sqlx::query(
        "INSERT INTO kepi_run (run, started, finished, definition, snapshot, engine, status, body)
         VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
    )
    .bind(&run.run)
    .bind(run.started)
    .bind(run.finished)
    .bind(&run.definition)
    .bind(run.snapshot)
    .bind(&run.engine)
    .bind(run.status.as_str())
    .bind(run.body.to_string())
    .execute(&mut **tx)
    .await?;
    Ok(())
}

/// Records the end of a run; false if there is no such run.
///
/// # Errors
/// The database refused.
pub async fn finish_run(
    tx: &mut Transaction,
    run: &str,
    finished: i64,
    status: RunStatus,
    body: &Value,
) -> Result<bool, StoreError> {
    let done = sqlx::query("UPDATE kepi_run SET finished = ?, status = ?, body = ? WHERE run = ?")
        .bind(finished)
        .bind(status.as_str())
        .bind(body.to_string())
        .bind(run)
        .execute(&mut **tx)
        .await?;
    Ok(done.rows_affected() == 1)
}

/// Publishes values of a run. Nothing is overwritten: a value that differs from the latest of its key, or rests on
/// other pins, becomes a new row.
///
/// # Errors
/// The database refused, for one because the run was not started.
pub async fn publish(
    tx: &mut Transaction,
    run: &str,
    at: i64,
    values: &[NewPublication],
) -> Result<PublishedCounts, StoreError> {
    let mut counts = PublishedCounts::default();
    for new in values {
        let (value, pins) = (new.value.to_string(), new.pins.to_string());
        let latest: Option<(String, String)> = sqlx::query_as(
            "SELECT value, pins FROM kepi_published
             WHERE kind = ? AND subject = ? AND period = ? AND segment = ? ORDER BY seq DESC LIMIT 1",
        )
        .bind(&new.key.kind)
        .bind(&new.key.subject)
        .bind(&new.key.period)
        .bind(&new.key.segment)
        .fetch_optional(&mut **tx)
        .await?;
        match latest {
            Some(l) if l.0 == value && l.1 == pins => {
                counts.unchanged += 1;
                continue;
            }
            Some(l) if l.0 == value => counts.repinned += 1,
            Some(_) => counts.restated += 1,
            None => counts.first += 1,
        }
        sqlx::query(
            "INSERT INTO kepi_published (kind, subject, period, segment, value, pins, run, published_at)
             VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
        )
        .bind(&new.key.kind)
        .bind(&new.key.subject)
        .bind(&new.key.period)
        .bind(&new.key.segment)
        .bind(value)
        .bind(pins)
        .bind(run)
        .bind(at)
        .execute(&mut **tx)
        .await?;
    }
    Ok(counts)
}

impl Store {
    /// The latest published value of every key that matches, ordered by key.
    ///
    /// # Errors
    /// The database refused or holds something unreadable.
    pub async fn latest_values(&self, filter: &ValueFilter) -> Result<Vec<Published>, StoreError> {
        self.values(
            "SELECT * FROM kepi_published WHERE seq IN (
                 SELECT max(seq) FROM kepi_published
                 WHERE (?1 IS NULL OR kind = ?1) AND (?2 IS NULL OR subject = ?2)
                   AND (?3 IS NULL OR period = ?3) AND (?4 IS NULL OR segment = ?4)
                 GROUP BY kind, subject, period, segment)
             ORDER BY kind, subject, period, segment",
            filter,
        )
        .await
    }

    /// Every published value that matches, restatements included, in order of publication.
    ///
    /// # Errors
    /// The database refused or holds something unreadable.
    pub async fn value_history(&self, filter: &ValueFilter) -> Result<Vec<Published>, StoreError> {
        self.values(
            "SELECT * FROM kepi_published
             WHERE (?1 IS NULL OR kind = ?1) AND (?2 IS NULL OR subject = ?2)
               AND (?3 IS NULL OR period = ?3) AND (?4 IS NULL OR segment = ?4) ORDER BY seq",
            filter,
        )
        .await
    }

    async fn values(&self, sql: &'static str, filter: &ValueFilter) -> Result<Vec<Published>, StoreError> {
        sqlx::query(sql)
            .bind(filter.kind.as_deref())
            .bind(filter.subject.as_deref())
            .bind(filter.period.as_deref())
            .bind(filter.segment.as_deref())
            .fetch_all(self.readers())
            .await?
            .iter()
            .map(read_value)
            .collect()
    }

    /// All runs, latest first.
    ///
    /// # Errors
    /// The database refused or holds something unreadable.
    pub async fn runs(&self) -> Result<Vec<Run>, StoreError> {
        sqlx::query("SELECT * FROM kepi_run ORDER BY started DESC, run DESC")
            .fetch_all(self.readers())
            .await?
            .iter()
            .map(read_run)
            .collect()
    }
}

fn json(text: &str) -> Result<Value, StoreError> {
    serde_json::from_str(text)
        .map_err(|e| StoreError::Corrupt { what: "a published value or run", reason: e.to_string() })
}

fn read_value(row: &SqliteRow) -> Result<Published, StoreError> {
    Ok(Published {
        seq: row.try_get("seq")?,
        publication: NewPublication {
            key: ValueKey {
                kind: row.try_get("kind")?,
                subject: row.try_get("subject")?,
                period: row.try_get("period")?,
                segment: row.try_get("segment")?,
            },
            value: json(row.try_get("value")?)?,
            pins: json(row.try_get("pins")?)?,
        },
        run: row.try_get("run")?,
        published_at: row.try_get("published_at")?,
    })
}

fn read_run(row: &SqliteRow) -> Result<Run, StoreError> {
    let status: &str = row.try_get("status")?;
    Ok(Run {
        run: row.try_get("run")?,
        started: row.try_get("started")?,
        finished: row.try_get("finished")?,
        definition: row.try_get("definition")?,
        snapshot: row.try_get("snapshot")?,
        engine: row.try_get("engine")?,
        status: match status {
            "running" => RunStatus::Running,
            "succeeded" => RunStatus::Succeeded,
            "failed" => RunStatus::Failed,
            other => {
                return Err(StoreError::Corrupt {
                    what: "a run",
                    reason: format!("`{other}` is not a status"),
                });
            }
        },
        body: json(row.try_get("body")?)?,
    })
}
