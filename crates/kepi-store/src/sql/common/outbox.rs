//! Messages that are to leave.

/// Enters one; what was entered before stays as it is.
pub(crate) const ENTER: &str =
    "INSERT INTO kepi_message (key, batch, channel, person, item, caused_at, day, body, state, due, made)
     VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)
     ON CONFLICT (key) DO NOTHING";

/// How many leave by themselves through a channel to a person on a day.
pub(crate) const OF_DAY: &str =
    "SELECT count(*) FROM kepi_message WHERE channel = $1 AND person = $2 AND day = $3 AND batch = key";

/// Whether a message waits that nobody has held yet, so that others may leave with it.
pub(crate) const FRESH: &str =
    "SELECT count(*) FROM kepi_message WHERE key = $1 AND state = 'waiting' AND fence = 0";

/// The batch that is due first of those that nobody holds.
pub(crate) const NEXT: &str =
    "SELECT batch FROM kepi_message WHERE state = 'waiting' AND due <= $1 AND held_until <= $1
     ORDER BY due, batch LIMIT 1";

/// Holds a batch: whoever held it before holds it no longer.
pub(crate) const HOLD: &str =
    "UPDATE kepi_message SET held_until = $2, fence = fence + 1, attempts = attempts + 1
     WHERE batch = $1 AND state = 'waiting'";

/// The messages of a batch that wait.
pub(crate) const OF_BATCH: &str =
    "SELECT key, channel, person, item, caused_at, body, fence, attempts FROM kepi_message
     WHERE batch = $1 AND state = 'waiting' ORDER BY caused_at, key";

/// Whether a batch is held under a fence.
pub(crate) const HELD: &str = "SELECT count(*) FROM kepi_message WHERE batch = $1 AND fence = $2 AND state = 'waiting' AND held_until > $3";

/// What became of a batch, said by whoever holds it.
pub(crate) const SETTLE: &str =
    "UPDATE kepi_message SET state = $3, said = $4, due = $5, settled = $6, held_until = 0
     WHERE batch = $1 AND fence = $2 AND state = 'waiting'";

/// What became of one message, said by whoever holds it.
pub(crate) const SETTLE_ONE: &str =
    "UPDATE kepi_message SET state = $3, said = $4, settled = $5, held_until = 0
     WHERE key = $1 AND fence = $2 AND state = 'waiting'";

/// All, the newest first.
pub(crate) const ALL: &str = "SELECT key, batch, channel, person, item, body, state, said, attempts, due, made, settled FROM kepi_message
     ORDER BY made DESC, key DESC";

/// A batch that was given up waits again.
pub(crate) const AGAIN: &str =
    "UPDATE kepi_message SET state = 'waiting', attempts = 0, due = $2, held_until = 0, settled = NULL
     WHERE batch = $1 AND state = 'dead'";
