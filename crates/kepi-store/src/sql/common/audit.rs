//! What an audit reads beside the log.

/// Texts after one, in the order of their commitments.
pub(crate) const TEXTS: &str =
    "SELECT commitment, salt, text FROM kepi_text WHERE commitment > $1 ORDER BY commitment LIMIT $2";

/// The row of a run.
pub(crate) const RUN: &str = "SELECT register, definition, lake, snapshot, engine, watermarks FROM kepi_run
     WHERE run = $1 AND seq = $2";

/// How many runs say that they are published.
pub(crate) const PUBLISHED_RUNS: &str = "SELECT count(*) FROM kepi_run WHERE seq IS NOT NULL";

/// How many hashes are kept.
pub(crate) const TREE_SIZE: &str = "SELECT count(*) FROM kepi_tree";
