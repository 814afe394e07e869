//! What was fetched and has landed.

/// All of a source, in order.
pub(crate) const OF_SOURCE: &str = "SELECT seq, stream, load, file, content, bookmark, rows, fetched_at FROM kepi_inbox WHERE source = $1 ORDER BY seq";

/// The one at a place.
pub(crate) const AT: &str = "SELECT seq, stream, load, file, content, bookmark, rows, fetched_at FROM kepi_inbox WHERE source = $1 AND seq = $2";

/// How many there are of a source: their places have no gaps.
pub(crate) const SIZE: &str = "SELECT count(*) FROM kepi_inbox WHERE source = $1";

/// The newest of each source.
pub(crate) const NEWEST: &str = "SELECT source, bookmark FROM kepi_inbox AS one
     WHERE seq = (SELECT max(seq) FROM kepi_inbox WHERE source = one.source)";

/// Enters one.
pub(crate) const ENTER: &str =
    "INSERT INTO kepi_inbox (source, seq, stream, load, file, content, bookmark, rows, fetched_at)
     VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)";
