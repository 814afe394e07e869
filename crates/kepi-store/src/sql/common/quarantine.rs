//! Rejected rows.

/// Keeps rows; the values follow.
pub(crate) const KEEP: &str =
    "INSERT INTO kepi_quarantine (load, source, file, row, rule, reason, \"column\", raw)";

/// How many rows of loads that stand are rejected.
pub(crate) const COUNT: &str = "SELECT CAST(coalesce(sum(quarantined), 0) AS BIGINT) FROM kepi_load
     WHERE replaced_by IS NULL AND stopped = 0 AND ($1 IS NULL OR source = $1)";

/// Rows before the page are stepped over in the index alone; loads come first (SQLite keeps the order of a cross join),
/// so that nothing is sorted.
pub(crate) const PAGE: &str = "SELECT q.load, q.source, q.file, q.row, q.rule, q.reason, q.\"column\", q.raw
     FROM (SELECT q.seq, l.seq AS load_seq FROM kepi_load l CROSS JOIN kepi_quarantine q
           WHERE q.load = l.load AND l.replaced_by IS NULL AND ($1 IS NULL OR l.source = $1)
           ORDER BY l.seq DESC, q.seq LIMIT $2 OFFSET $3) page
     JOIN kepi_quarantine q USING (seq) ORDER BY page.load_seq DESC, seq";

/// A row by its place, of the latest load of its file that stands.
pub(crate) const AT: &str = "SELECT q.load, q.source, q.file, q.row, q.rule, q.reason, q.\"column\", q.raw
     FROM kepi_load l JOIN kepi_quarantine q ON q.load = l.load
     WHERE l.source = $1 AND l.replaced_by IS NULL AND q.file = $2 AND q.row = $3 ORDER BY l.seq DESC LIMIT 1";
