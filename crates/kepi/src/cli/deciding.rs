//! Arguments of the commands by which definitions come into force.

use clap::Args;
use jiff::civil::Date;

/// `kepi plan`.
#[derive(Debug, Args)]
pub struct Plan {
    /// As Markdown, such as for a comment on a merge request.
    #[arg(long)]
    pub markdown: bool,
}

/// `kepi register`.
#[derive(Debug, Args)]
pub struct Register {
    /// Only this definition, with its texts: `kpi/nps`, `scorecard/customers`.
    pub of: Option<String>,
    /// Only what is in force on this day; default every wording.
    #[arg(long, value_name = "DATE")]
    pub day: Option<Date>,
    /// As it was known after this event of the log; default now.
    #[arg(long, value_name = "SEQ")]
    pub at: Option<u64>,
}
