//! From format 1.

/// Its events.
pub(crate) const EVENTS: &str =
    "SELECT seq, id, at, actor, kind, subject, body FROM kepi_event_1 WHERE seq > $1 ORDER BY seq LIMIT 500";

/// They have gone over.
pub(crate) const DROP_EVENTS: &str = "DROP TABLE kepi_event_1";
