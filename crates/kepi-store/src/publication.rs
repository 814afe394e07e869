//! Runs and published values. A later value of the same key is a new row beside the earlier one: a restatement.

use serde_json::Value;

use crate::{
    error::StoreError,
    sql::{Row, common::publication as sql},
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

/// Records the start of a run; returns how many it recorded: none if there is one of this id.
///
/// # Errors
/// The database refused.
pub async fn start_run(tx: &mut Transaction, run: &Run) -> Result<u64, StoreError> {
    tx.query(sql::START_RUN)
        .bind(&*run.run)
        .bind(run.started)
        .bind(run.finished)
        .bind(&*run.definition)
        .bind(run.snapshot)
        .bind(&*run.engine)
        .bind(run.status.as_str())
        .bind(run.body.to_string())
        .run()
        .await
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
    let done = tx
        .query(sql::FINISH_RUN)
        .bind(run)
        .bind(finished)
        .bind(status.as_str())
        .bind(body.to_string())
        .run()
        .await?;
    Ok(done == 1)
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
        let key = &new.key;
        let newest = tx
            .query(sql::NEWEST)
            .bind(&*key.kind)
            .bind(&*key.subject)
            .bind(&*key.period)
            .bind(&*key.segment)
            .first()
            .await?;
        let latest = match &newest {
            Some(row) => Some((row.get::<&str>(0)?, row.get::<&str>(1)?)),
            None => None,
        };
        match latest {
            Some(l) if l.0 == value && l.1 == pins => {
                counts.unchanged += 1;
                continue;
            }
            Some(l) if l.0 == value => counts.repinned += 1,
            Some(_) => counts.restated += 1,
            None => counts.first += 1,
        }
        tx.query(sql::PUBLISH)
            .bind(&*key.kind)
            .bind(&*key.subject)
            .bind(&*key.period)
            .bind(&*key.segment)
            .bind(value)
            .bind(pins)
            .bind(run)
            .bind(at)
            .run()
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
        self.values(sql::LATEST, filter).await
    }

    /// Every published value that matches, restatements included, in order of publication.
    ///
    /// # Errors
    /// The database refused or holds something unreadable.
    pub async fn value_history(&self, filter: &ValueFilter) -> Result<Vec<Published>, StoreError> {
        self.values(sql::HISTORY, filter).await
    }

    async fn values(&self, sql: &'static str, filter: &ValueFilter) -> Result<Vec<Published>, StoreError> {
        self.read()
            .await?
            .query(sql)
            .bind(filter.kind.as_deref())
            .bind(filter.subject.as_deref())
            .bind(filter.period.as_deref())
            .bind(filter.segment.as_deref())
            .all()
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
        self.read().await?.query(sql::RUNS).all().await?.iter().map(read_run).collect()
    }
}

fn json(text: &str) -> Result<Value, StoreError> {
    serde_json::from_str(text)
        .map_err(|e| StoreError::Corrupt { what: "a published value or run", reason: e.to_string() })
}

fn read_value(row: &Row) -> Result<Published, StoreError> {
    Ok(Published {
        seq: row.get("seq")?,
        publication: NewPublication {
            key: ValueKey {
                kind: row.get("kind")?,
                subject: row.get("subject")?,
                period: row.get("period")?,
                segment: row.get("segment")?,
            },
            value: json(row.get("value")?)?,
            pins: json(row.get("pins")?)?,
        },
        run: row.get("run")?,
        published_at: row.get("published_at")?,
    })
}

fn read_run(row: &Row) -> Result<Run, StoreError> {
    let status: &str = row.get("status")?;
    Ok(Run {
        run: row.get("run")?,
        started: row.get("started")?,
        finished: row.get("finished")?,
        definition: row.get("definition")?,
        snapshot: row.get("snapshot")?,
        engine: row.get("engine")?,
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
        body: json(row.get("body")?)?,
    })
}
