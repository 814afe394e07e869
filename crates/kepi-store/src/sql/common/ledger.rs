//! The ledger of loads.

/// The loads of a content, latest first.
pub(crate) const OF_CONTENT: &str =
    "SELECT seq, load, content, definition, effective, rows, columns, report, replaced_by
     FROM kepi_load WHERE source = $1 AND content = $2 AND stopped = 0 AND replaced_by IS NULL
     ORDER BY seq DESC";

/// The load of a file name that holds last.
pub(crate) const OF_FILE: &str =
    "SELECT seq, load, content, definition, effective, rows, columns, report, replaced_by
     FROM kepi_load WHERE source = $1 AND file = $2 AND stopped = 0 AND replaced_by IS NULL
     ORDER BY effective DESC, seq DESC LIMIT 1";

/// Files of a source that were read by another definition than this one, and by none that is it; each with its rows.
pub(crate) const READ_BEFORE: &str =
    "SELECT file, CAST(sum(rows) AS BIGINT) AS rows, min(seq) AS first FROM kepi_load
     WHERE source = $1 AND definition <> $2 AND stopped = 0 AND replaced_by IS NULL AND rows > 0
     AND file NOT IN (SELECT file FROM kepi_load WHERE source = $1 AND definition = $2 AND stopped = 0)
     GROUP BY file ORDER BY first";

/// The loads of a source before one, latest first.
pub(crate) const BEFORE: &str =
    "SELECT seq, load, content, definition, effective, rows, columns, report, replaced_by
     FROM kepi_load WHERE source = $1 AND stopped = 0 AND seq < $2 ORDER BY seq DESC LIMIT $3";

/// The loads of a source that stand and hold before one, the one that holds last first.
pub(crate) const HOLDING_BEFORE: &str =
    "SELECT seq, load, content, definition, effective, rows, columns, report, replaced_by
     FROM kepi_load WHERE source = $1 AND stopped = 0 AND replaced_by IS NULL AND (effective, seq) < ($2, $3)
     ORDER BY effective DESC, seq DESC LIMIT $4";

/// Since when the load of an entity holds that holds last.
pub(crate) const HOLDS_LAST: &str =
    "SELECT effective FROM kepi_load WHERE entity = $1 AND stopped = 0 ORDER BY effective DESC LIMIT 1";

/// Since when each load of an entity holds.
pub(crate) const HOLD: &str = "SELECT load, effective FROM kepi_load WHERE entity = $1 AND stopped = 0";

/// The reports of loads that stand.
pub(crate) const REPORTS: &str =
    "SELECT report FROM kepi_load WHERE ($1 IS NULL OR source = $1) AND replaced_by IS NULL ORDER BY seq";

/// When each content of each source first landed, the oldest first; stopped loads delivered nothing.
pub(crate) const DELIVERIES: &str = "SELECT source, min(at) AS first, max(rows) AS rows FROM kepi_load
     WHERE stopped = 0 GROUP BY source, content ORDER BY source, first";

/// Enters a load.
pub(crate) const ENTER: &str =
    "INSERT INTO kepi_load (load, source, entity, file, content, definition, stopped,
         effective, at, snapshot, rows, quarantined, columns, report, salt)
     VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15)";

/// Marks a load as replaced by another.
pub(crate) const REPLACE: &str = "UPDATE kepi_load SET replaced_by = $2 WHERE load = $1";
