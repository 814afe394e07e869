//! Arguments of the command by which rows are erased.

use std::path::PathBuf;

use clap::Args;

/// `kepi erase`.
#[derive(Debug, Args)]
pub struct Erase {
    /// Whose rows: the entity.
    #[arg(value_name = "ENTITY", required_unless_present = "certificate")]
    pub entity: Option<String>,
    /// The key of the row, part by part.
    #[arg(value_name = "KEY", conflicts_with_all = ["keys", "certificate"])]
    pub key: Vec<String>,
    /// A file with a key a line, parts of one separated by tabs; `-`: what comes in.
    #[arg(long, value_name = "FILE", conflicts_with = "certificate")]
    pub keys: Option<PathBuf>,
    /// Rows of this entity go, too, where they refer to one of them; rows of others stay and lose their reference.
    #[arg(long = "with-rows", value_name = "ENTITY")]
    pub with: Vec<String>,
    /// Why: it is kept beside the log, so name nobody.
    #[arg(short, long, value_name = "WHY", visible_alias = "reason")]
    pub message: Option<String>,
    /// Say what would go, and change nothing.
    #[arg(long)]
    pub dry_run: bool,
    /// What was erased, as the log says it: by position, or the newest.
    #[arg(long, value_name = "EVENT", num_args = 0..=1, conflicts_with_all = ["dry_run", "message", "with"])]
    pub certificate: Option<Option<u64>>,
}
