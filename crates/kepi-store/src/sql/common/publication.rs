//! Runs and published values.

/// Begins a run.
pub(crate) const START_RUN: &str =
    "INSERT INTO kepi_run (run, started, finished, definition, snapshot, engine, status, body)
     VALUES ($1, $2, $3, $4, $5, $6, $7, $8) ON CONFLICT (run) DO NOTHING";

/// Ends a run.
pub(crate) const FINISH_RUN: &str =
    "UPDATE kepi_run SET finished = $2, status = $3, body = $4 WHERE run = $1";

/// All runs.
pub(crate) const RUNS: &str =
    "SELECT run, started, finished, definition, snapshot, engine, status, body FROM kepi_run
     ORDER BY started DESC, run DESC";

/// The newest value of a key.
pub(crate) const NEWEST: &str = "SELECT value, pins FROM kepi_published
     WHERE kind = $1 AND subject = $2 AND period = $3 AND segment = $4 ORDER BY seq DESC LIMIT 1";

/// Publishes a value.
pub(crate) const PUBLISH: &str =
    "INSERT INTO kepi_published (kind, subject, period, segment, value, pins, run, published_at)
     VALUES ($1, $2, $3, $4, $5, $6, $7, $8)";

/// The newest value of every key.
pub(crate) const LATEST: &str =
    "SELECT seq, kind, subject, period, segment, value, pins, run, published_at FROM kepi_published WHERE seq IN (
         SELECT max(seq) FROM kepi_published
         WHERE ($1 IS NULL OR kind = $1) AND ($2 IS NULL OR subject = $2)
           AND ($3 IS NULL OR period = $3) AND ($4 IS NULL OR segment = $4)
         GROUP BY kind, subject, period, segment)
     ORDER BY kind, subject, period, segment";

/// Every value there ever was.
pub(crate) const HISTORY: &str =
    "SELECT seq, kind, subject, period, segment, value, pins, run, published_at FROM kepi_published
     WHERE ($1 IS NULL OR kind = $1) AND ($2 IS NULL OR subject = $2)
       AND ($3 IS NULL OR period = $3) AND ($4 IS NULL OR segment = $4) ORDER BY seq";
