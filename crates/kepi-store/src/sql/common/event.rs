//! The log, read.

/// How many events there are, and when the newest happened.
pub(crate) const HEAD: &str = "SELECT size, at FROM kepi_head";

/// Events of a kind, of kinds that begin alike, about a subject, after a place, up to a number of them.
pub(crate) const SELECT: &str = "SELECT seq, at, \"by\", kind, v, subject, n, cause, body FROM kepi_event
     WHERE ($1 IS NULL OR kind = $1) AND ($2 IS NULL OR substr(kind, 1, length($2)) = $2)
       AND ($3 IS NULL OR subject = $3) AND seq > $4 ORDER BY seq LIMIT $5";

/// The last place before an instant.
pub(crate) const BEFORE: &str = "SELECT coalesce(max(seq), 0) FROM kepi_event WHERE at < $1";
