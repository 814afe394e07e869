//! Arguments of the commands by which definitions come into force.

use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum};
use jiff::civil::Date;
use kepi_model::governance::Aspect;

/// `kepi plan`.
#[derive(Debug, Args)]
pub struct Plan {
    /// As Markdown, such as for a comment on a merge request.
    #[arg(long)]
    pub markdown: bool,
    /// Instead say what a run would read of what has landed, for which KPIs, and why: rows are read again only where
    /// files, definitions or tables referred to changed.
    #[arg(long, conflicts_with = "markdown")]
    pub cost: bool,
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
    /// The methodology of a KPI or a scorecard as in force on the day, default today, with figures and approvals, in Markdown.
    #[arg(long, requires = "of")]
    pub document: bool,
    /// Every wording of it that was ever adopted: when, by whom, what it changed, why, and who agreed.
    #[arg(long, requires = "of", conflicts_with = "document")]
    pub versions: bool,
}

/// `kepi propose`.
#[derive(Debug, Args)]
pub struct Propose {
    /// Why: those who decide read it.
    #[arg(short, long, value_name = "WHY")]
    pub message: String,
    /// It cannot wait: in force once two agree whom the governance names for emergencies, until others ratify it or it is taken back.
    #[arg(long, conflicts_with = "item")]
    pub emergency: bool,
    /// Write this open item anew, instead of opening another; what was said of it is void.
    #[arg(long, value_name = "N")]
    pub item: Option<u64>,
    /// Not what stands in the folder: this definition as it is in force, or as `--item` proposes it, with other values.
    #[arg(long, value_name = "DEFINITION", requires = "set", conflicts_with = "emergency")]
    pub of: Option<String>,
    /// The wording of it that begins on this day; default the one from ever.
    #[arg(long, value_name = "DATE", requires = "of")]
    pub from: Option<Date>,
    /// A value of it: `targets/0/target=45`, `accountable=ben`. A path that is not there leads to a list of those that are.
    #[arg(long, value_name = "PATH=VALUE", requires = "of")]
    pub set: Vec<String>,
}

/// `kepi pull`.
#[derive(Debug, Args)]
pub struct Pull {
    /// What contradicts was looked at: what stands in the folder is what is meant, beside what was decided since.
    #[arg(long)]
    pub settled: bool,
}

/// `kepi approve`, `kepi reject`, `kepi abstain`.
#[derive(Debug, Args)]
pub struct Vote {
    /// The item.
    #[arg(value_name = "N")]
    pub item: u64,
    /// Why; to reject it, that has to be said.
    #[arg(short, long, value_name = "WHY")]
    pub message: Option<String>,
    /// Only if it still proposes this: at least eight digits of the content that was read.
    #[arg(long, value_name = "HASH")]
    pub content: Option<String>,
}

/// `kepi withdraw`, `kepi item`.
#[derive(Debug, Args)]
pub struct Numbered {
    /// The item.
    #[arg(value_name = "N")]
    pub item: u64,
}

/// `kepi inbox`.
#[derive(Debug, Args)]
pub struct Inbox {
    /// Whatever waits for anybody.
    #[arg(long)]
    pub open: bool,
    /// Whatever was ever proposed.
    #[arg(long, conflicts_with = "open")]
    pub all: bool,
}

/// In which respects something is frozen.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Frozen {
    /// What figures mean.
    Definition,
    /// Where data come from.
    Data,
    /// Weights of scorecards.
    Weight,
    /// Targets.
    Target,
    /// Who answers for what.
    Owner,
}

/// `kepi freeze`.
#[derive(Debug, Args)]
pub struct Freeze {
    /// The period whose days are frozen, such as 2026-H1.
    pub period: String,
    /// In which respects.
    #[arg(
        long,
        value_enum,
        value_delimiter = ',',
        default_values_t = [Frozen::Definition, Frozen::Data, Frozen::Weight, Frozen::Target]
    )]
    pub aspects: Vec<Frozen>,
    /// Why: those who decide read it.
    #[arg(short, long, value_name = "WHY")]
    pub message: String,
}

impl Freeze {
    /// The respects by the words of the laws.
    pub fn respects(&self) -> Vec<Aspect> {
        let aspect = |of: &Frozen| match of {
            Frozen::Definition => Aspect::Definition,
            Frozen::Data => Aspect::Data,
            Frozen::Weight => Aspect::Weight,
            Frozen::Target => Aspect::Target,
            Frozen::Owner => Aspect::Owner,
        };
        self.aspects.iter().map(aspect).collect()
    }
}

/// `kepi lift`.
#[derive(Debug, Args)]
pub struct Lift {
    /// The item that froze, or overrode.
    #[arg(value_name = "N")]
    pub item: u64,
    /// Why: those who decide read it.
    #[arg(short, long, value_name = "WHY")]
    pub message: String,
}

/// `kepi close`.
#[derive(Debug, Args)]
pub struct Close {
    /// The period, such as 2026-Q1; of the calendar of a scorecard, retail:2026-Q1.
    pub period: String,
    /// Why: those who decide read it.
    #[arg(short, long, value_name = "WHY")]
    pub message: String,
}

/// `kepi comment`.
#[derive(Debug, Args)]
pub struct Comment {
    /// The KPI.
    pub kpi: String,
    /// The period, such as 2026-05.
    pub period: String,
    /// The unit; default all rows.
    #[arg(long, value_name = "UNIT")]
    pub unit: Option<String>,
    /// Say what happened, and why, as far as the analyses found it; `--what` and `--why` say it in other words.
    #[arg(long, conflicts_with = "unit")]
    pub found: bool,
    /// What happened.
    #[arg(long, value_name = "TEXT", required_unless_present = "found")]
    pub what: Option<String>,
    /// Why.
    #[arg(long, value_name = "TEXT", required_unless_present = "found")]
    pub why: Option<String>,
    /// What is done about it.
    #[arg(long, value_name = "TEXT")]
    pub done: String,
    /// What is to be expected.
    #[arg(long, value_name = "TEXT")]
    pub outlook: String,
    /// What is not sure of that, and what speaks against it.
    #[arg(long, value_name = "TEXT")]
    pub unsure: String,
}

/// `kepi enter`.
#[derive(Debug, Args)]
pub struct Enter {
    /// The KPI, which is measured by what is entered.
    pub kpi: String,
    /// The period, such as 2026-05.
    pub period: String,
    /// The value as it is written in definitions: `71.5`, `80%`.
    #[arg(allow_hyphen_values = true)]
    pub value: String,
    /// What it is of, such as a region; default the whole.
    #[arg(long, value_name = "TEXT", default_value = "")]
    pub part: String,
    /// What it rests on: a document, a link, who said it.
    #[arg(long, value_name = "TEXT")]
    pub evidence: String,
    /// Why: those who decide read it.
    #[arg(short, long, value_name = "WHY")]
    pub message: String,
}

/// `kepi override`.
#[derive(Debug, Subcommand)]
pub enum Override {
    /// Ask one other to agree that a figure is said in place of the one that is computed. Pages, tables, programs and scores
    /// take it then, with what is computed, the reason and the evidence beside it.
    #[command(after_help = "\
Examples:
  kepi override set recommendation 2026-05 41.5 --evidence 'minutes of 3 June' -m 'the import counted one wave twice'
  kepi override set refund_rate 2026-05 '2%' --segment region=north --until 2026-09-01 --evidence T-118 -m 'till it is mended'")]
    Set(OverrideSet),
    /// Ask one other to agree that what is computed holds again.
    #[command(after_help = "Example:\n  kepi override restore 7 -m 'the import is mended'")]
    Restore(Lift),
    /// All overrides there ever were.
    #[command(after_help = "Example:\n  kepi override list --format csv")]
    List,
}

/// `kepi override set`.
#[derive(Debug, Args)]
pub struct OverrideSet {
    /// The KPI.
    pub kpi: String,
    /// The period, such as 2026-05.
    pub period: String,
    /// The value as it is written in definitions: `71.5`, `80%`, `4 hours`.
    #[arg(allow_hyphen_values = true)]
    pub value: String,
    /// Only of these rows, such as region=north; default all.
    #[arg(long, value_name = "SEGMENT", default_value = "")]
    pub segment: String,
    /// What it rests on: a document, a link, who said it.
    #[arg(long, value_name = "TEXT")]
    pub evidence: String,
    /// The day from which on what is computed holds again; default until somebody restores it.
    #[arg(long, value_name = "DATE")]
    pub until: Option<Date>,
    /// Why: those who decide read it.
    #[arg(short, long, value_name = "WHY")]
    pub message: String,
}

/// `kepi people`.
#[derive(Debug, Args)]
pub struct People {
    /// As it stood at the end of this day; default today.
    #[arg(long, value_name = "DATE")]
    pub day: Option<Date>,
    /// Who answers for what instead of who is there.
    #[arg(long)]
    pub duties: bool,
    /// What is missing instead; with anything missing the command ends with 1.
    #[arg(long, conflicts_with = "duties")]
    pub gaps: bool,
    /// Instead: write the persons of a list of personnel, CSV or SCIM, into a file of definitions; then propose it as any change.
    #[arg(long, value_name = "FILE", conflicts_with_all = ["duties", "gaps", "day"])]
    pub import: Option<PathBuf>,
    /// Into which file of the folder.
    #[arg(long, value_name = "FILE", default_value = "people/personnel.yml", requires = "import")]
    pub into: PathBuf,
}

/// `kepi periods`.
#[derive(Debug, Args)]
pub struct Periods {
    /// The official figures of this one, and what was computed otherwise since.
    pub period: Option<String>,
    /// Instead: how far each unit is with it, whose data are attested, and what becomes of a close for what is missing.
    #[arg(long, requires = "period")]
    pub readiness: bool,
    /// Instead: the closes to come, with the cut-off of each.
    #[arg(long, conflicts_with_all = ["period", "readiness"])]
    pub coming: bool,
}
