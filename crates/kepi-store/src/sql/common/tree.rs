//! The tree over the log, and its checkpoints.

/// Keeps hashes at their places; the values follow.
pub(crate) const KEEP: &str = "INSERT INTO kepi_tree (at, hash)";

/// Hashes from a place on, up to a number of them.
pub(crate) const FROM: &str = "SELECT at, hash FROM kepi_tree WHERE at >= $1 ORDER BY at LIMIT $2";

/// Keeps a checkpoint, once.
pub(crate) const KEEP_CHECKPOINT: &str =
    "INSERT INTO kepi_checkpoint (size, note) VALUES ($1, $2) ON CONFLICT (size, note) DO NOTHING";

/// All checkpoints.
pub(crate) const CHECKPOINTS: &str = "SELECT note FROM kepi_checkpoint ORDER BY size, note";
