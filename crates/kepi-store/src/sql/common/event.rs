//! The log.

/// The place of the next event.
pub(crate) const NEXT: &str = "UPDATE kepi_head SET size = size + 1 RETURNING size";

/// Appends an event.
pub(crate) const APPEND: &str = "INSERT INTO kepi_event (seq, id, at, actor, kind, subject, body)
     VALUES ($1, $2, $3, $4, $5, $6, $7)";

/// How many events there are.
pub(crate) const SIZE: &str = "SELECT size FROM kepi_head";

/// Events of a kind, of kinds that begin alike, about a subject, after a place, up to a number of them.
pub(crate) const SELECT: &str = "SELECT seq, id, at, actor, kind, subject, body FROM kepi_event
     WHERE ($1 IS NULL OR kind = $1) AND ($2 IS NULL OR substr(kind, 1, length($2)) = $2)
       AND ($3 IS NULL OR subject = $3) AND seq > $4 ORDER BY seq LIMIT $5";
