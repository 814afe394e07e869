//! Arguments of what somebody does about an item.

use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum};
use jiff::civil::Date;
use kepi_app::acting::{By, Decision, Method};

/// `kepi item`.
#[derive(Debug, Args)]
pub struct Item {
    /// The item.
    #[arg(value_name = "N")]
    pub item: u64,
    /// What is done about it; without it, it is shown.
    #[command(subcommand)]
    pub deed: Option<Deed>,
}

/// What somebody does about an item that is with her, or with somebody below her.
#[derive(Debug, Subcommand)]
pub enum Deed {
    /// Say to have seen it.
    Acknowledge,
    /// Give it to somebody else; the clock runs on.
    Assign(Assign),
    /// Say that it is somebody else's: it goes along the dotted line, and after a second refusal to the common superior, who is bound.
    Refuse(Why),
    /// See it again later, before it is due.
    Snooze(Snooze),
    /// End it without doing anything.
    Dismiss(Why),
    /// Say what came of it.
    Finish(Finish),
    /// Note that you tried to contact the customer of a case.
    Contact(Contact),
    /// Close a case: what came of it, and the root cause.
    Close(Close),
    /// Note what the customer says once a case is closed: it is over, or somebody's turn again.
    Confirm(Confirm),
    /// Take an entered figure back: what waits is withdrawn; of what was agreed to one other is asked, and the next run lands that.
    TakeBack(Why),
    /// File what is done about an alert: the cause, actions with owners and days, and what they are to come to.
    Plan(ActionPlan),
    /// Write what was learnt from an effect that did not come.
    Learn(Learn),
    /// Say something of it beside a ballot.
    Comment(Why),
    /// Object to what it proposes: it waits until you agree, or it is said how that is resolved.
    Object(Why),
    /// Say how an objection is resolved: your own, or one to what you did not write and decide on.
    Resolve(Resolve),
}

/// `kepi item N resolve`.
#[derive(Debug, Args)]
pub struct Resolve {
    /// The number of the objection, as `kepi item N` shows it.
    #[arg(value_name = "M")]
    pub objection: u16,
    /// How.
    #[arg(short, long, value_name = "HOW")]
    pub message: String,
}

/// `kepi item N assign`.
#[derive(Debug, Args)]
pub struct Assign {
    /// To whom, as in `person: …`.
    #[arg(long, value_name = "PERSON")]
    pub to: String,
}

/// A reason.
#[derive(Debug, Args)]
pub struct Why {
    /// Why.
    #[arg(short, long, value_name = "WHY")]
    pub message: String,
}

/// `kepi item N snooze`.
#[derive(Debug, Args)]
pub struct Snooze {
    /// For so many hours.
    #[arg(long, value_name = "N")]
    pub hours: u16,
    /// Why.
    #[arg(short, long, value_name = "WHY")]
    pub message: String,
}

/// `kepi item N finish`.
#[derive(Debug, Args)]
pub struct Finish {
    /// What came of it: of an alert `fixed` or `accepted`, of a task or a plan `done`.
    #[arg(long, value_name = "OUTCOME", default_value = "done")]
    pub outcome: String,
    /// In words.
    #[arg(short, long, value_name = "WHY")]
    pub message: Option<String>,
}

/// By which way a customer is contacted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum ContactBy {
    /// By telephone.
    Phone,
    /// By e-mail.
    Email,
    /// By letter.
    Letter,
    /// By a chat.
    Chat,
    /// Face to face.
    InPerson,
}

impl ContactBy {
    /// The way by the word of the laws.
    pub fn way(self) -> By {
        match self {
            Self::Phone => By::Phone,
            Self::Email => By::Email,
            Self::Letter => By::Letter,
            Self::Chat => By::Chat,
            Self::InPerson => By::InPerson,
        }
    }
}

/// `kepi item N contact`.
#[derive(Debug, Args)]
pub struct Contact {
    /// By which way.
    #[arg(long, value_enum)]
    pub by: ContactBy,
    /// The customer was not reached.
    #[arg(long)]
    pub not_reached: bool,
    /// What was said.
    #[arg(short, long, value_name = "WHAT")]
    pub message: Option<String>,
}

/// `kepi item N close`.
#[derive(Debug, Args)]
pub struct Close {
    /// What came of it: `solved`, `explained`, `not_solved`, `not_reached` or `not_wanted`.
    #[arg(long, value_name = "OUTCOME")]
    pub outcome: String,
    /// The root cause: one of those that the closed loop names.
    #[arg(long, value_name = "CAUSE")]
    pub cause: String,
    /// In words.
    #[arg(short, long, value_name = "WHY")]
    pub message: Option<String>,
}

/// `kepi item N confirm`.
#[derive(Debug, Args)]
pub struct Confirm {
    /// It is not settled for the customer.
    #[arg(long)]
    pub not_settled: bool,
    /// What the customer says.
    #[arg(short, long, value_name = "WHAT")]
    pub message: Option<String>,
}

/// How a cause was found.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum FoundBy {
    /// The KPI taken apart into what it is made of.
    DriverTree,
    /// Asked why, five times.
    FiveWhys,
    /// Whether design, execution or something outside failed.
    DesignExecutionExternal,
    /// Compared with where it does not happen.
    Comparison,
}

impl FoundBy {
    /// The method by the word of the laws.
    pub fn method(self) -> Method {
        match self {
            Self::DriverTree => Method::DriverTree,
            Self::FiveWhys => Method::FiveWhys,
            Self::DesignExecutionExternal => Method::DesignExecutionExternal,
            Self::Comparison => Method::Comparison,
        }
    }
}

/// `kepi item N plan`.
#[derive(Debug, Args)]
pub struct ActionPlan {
    /// Why it happened.
    #[arg(long, value_name = "TEXT")]
    pub cause: String,
    /// How that was found.
    #[arg(long, value_enum)]
    pub method: FoundBy,
    /// What shows it.
    #[arg(long, value_name = "TEXT")]
    pub evidence: String,
    /// Who does what until which day: "ben 2026-05-20 call every account"; can be repeated.
    #[arg(long = "action", value_name = "PERSON DATE WHAT", required = true, value_parser = action)]
    pub actions: Vec<Action>,
    /// By how much the KPI is to differ from the period of the alert: shares and promoter scores in points, durations in hours.
    #[arg(long, value_name = "NUMBER", allow_negative_numbers = true, value_parser = change)]
    pub expect: f64,
    /// The period in which that is measured, such as 2026-Q3.
    #[arg(long, value_name = "PERIOD")]
    pub period: String,
}

/// Who does what until which day.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Action {
    /// Who.
    pub owner: String,
    /// Until when.
    pub by: Date,
    /// What.
    pub what: String,
}

fn change(text: &str) -> Result<f64, String> {
    let number = text.replace('−', "-").parse::<f64>().ok().filter(|number| number.is_finite());
    number.ok_or_else(|| {
        let points = text.trim_end_matches('%').trim_end();
        match points.len() < text.len() && points.parse::<f64>().is_ok() {
            true => format!(
                "write points, not a part of what it is: `--expect {points}` is as from 50 % to {} %",
                50.0 + points.parse().unwrap_or(0.0)
            ),
            false => "write a number, such as 3 or -0.5".to_owned(),
        }
    })
}

fn action(text: &str) -> Result<Action, String> {
    let expected = || {
        "expected a person, a day and what is to be done: \"ben 2026-05-20 call every account\"".to_owned()
    };
    let mut parts = text.splitn(3, ' ');
    let (Some(owner), Some(by), Some(what)) = (parts.next(), parts.next(), parts.next()) else {
        return Err(expected());
    };
    let by = by.parse().map_err(|_| expected())?;
    Ok(Action { owner: owner.to_owned(), by, what: what.trim().to_owned() })
}

/// `kepi item N learn`.
#[derive(Debug, Args)]
pub struct Learn {
    /// Why the effect did not come.
    #[arg(long, value_name = "TEXT")]
    pub findings: String,
    /// What follows.
    #[arg(long, value_name = "TEXT")]
    pub follows: String,
}

/// What became of a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum MessageState {
    /// It is to leave.
    Waiting,
    /// It left.
    Sent,
    /// It was not true any more before it left.
    Over,
    /// It could not leave, and is not tried again.
    Dead,
}

impl MessageState {
    /// Its word.
    pub fn word(self) -> &'static str {
        match self {
            Self::Waiting => "waiting",
            Self::Sent => "sent",
            Self::Over => "over",
            Self::Dead => "dead",
        }
    }
}

/// `kepi deliver`.
#[derive(Debug, Args)]
pub struct Deliver {
    /// Only show what would leave, to whom and when; nothing is sent or kept.
    #[arg(long, conflicts_with_all = ["state", "again"])]
    pub preview: bool,
    /// Only show messages of which this became.
    #[arg(long, value_enum, value_name = "STATE", conflicts_with = "again")]
    pub state: Option<MessageState>,
    /// Send again what could not leave: all of it, or what has this id.
    #[arg(long, value_name = "ID", num_args = 0..=1)]
    #[expect(clippy::option_option, reason = "outside: not asked for; inside: all of it")]
    pub again: Option<Option<String>>,
}

/// `kepi budget`.
#[derive(Debug, Subcommand)]
pub enum Budget {
    /// What landed by plan, version and objective beside what the plan says, and everything that does not go together.
    #[command(after_help = "\
Examples:
  kepi budget list
  kepi budget list --differences   only what does not go together; ends with 1 if anything does not
  kepi budget list --format csv")]
    List {
        /// Only what does not go together.
        #[arg(long)]
        differences: bool,
    },
    /// Write a version that landed into the plan's definition in the folder. It is the plan once that is in force.
    #[command(after_help = "Example:\n  kepi budget take year_2026 v3 --since 2026-07-01")]
    Take {
        /// The operating plan.
        #[arg(value_name = "PLAN")]
        plan: String,
        /// The version, as lines name it.
        #[arg(value_name = "VERSION", id = "budget_version")]
        version: String,
        /// From which day on it is the plan; default today.
        #[arg(long, value_name = "DATE")]
        since: Option<Date>,
    },
}

/// `kepi screen`.
#[derive(Debug, Subcommand)]
pub enum Screen {
    /// Answers that look doubtful: by which sign, what became of them, and where times are cut off.
    #[command(after_help = "\
Examples:
  kepi screen list survey_response
  kepi screen list --state review --limit 20
  kepi screen list --format csv")]
    List(ScreenList),
    /// Say of answers that they are what they look like: KPIs leave them out from the next run on.
    #[command(
        after_help = "Example:\n  kepi screen confirm survey_response r-17 r-23 -m 'the panel says that it was a script'"
    )]
    Confirm(ScreenJudge),
    /// Say of answers that they are in order: they count from the next run on, whatever flags them.
    #[command(after_help = "Example:\n  kepi screen dismiss survey_response r-17 -m 'called back: meant so'")]
    Dismiss(ScreenJudge),
}

/// `kepi screen list`.
#[derive(Debug, Args)]
pub struct ScreenList {
    /// The entity; default all that are screened.
    #[arg(value_name = "ENTITY")]
    pub entity: Option<String>,
    /// Only rows in this state: review, excluded, counted, confirmed, dismissed or clean.
    #[arg(long, value_name = "STATE", value_parser = state)]
    pub state: Option<kepi_query::screen::State>,
    /// At most so many rows; 0: all.
    #[arg(long, value_name = "N", default_value_t = 50)]
    pub limit: usize,
}

fn state(text: &str) -> Result<kepi_query::screen::State, String> {
    let words: Vec<&str> = kepi_query::screen::State::ALL.into_iter().map(|state| state.word()).collect();
    kepi_query::screen::State::of(text).ok_or_else(|| format!("one of {}", words.join(", ")))
}

/// `kepi screen confirm` and `dismiss`.
#[derive(Debug, Args)]
pub struct ScreenJudge {
    /// The entity.
    #[arg(value_name = "ENTITY")]
    pub entity: String,
    /// Keys of the rows.
    #[arg(value_name = "KEY", required = true)]
    pub keys: Vec<String>,
    /// Why.
    #[arg(short, long, value_name = "WHY")]
    pub message: String,
}

/// `kepi correct`.
#[derive(Debug, Subcommand)]
pub enum Correct {
    /// What was said by hand, by whom and why, and whether it has landed.
    #[command(after_help = "Examples:\n  kepi correct list\n  kepi correct list invoices --format csv")]
    List {
        /// The source; default all.
        #[arg(value_name = "SOURCE")]
        source: Option<String>,
    },
    /// Say what stands in columns of a rejected row; the next run lands it by the usual rules, the file stays as it came.
    #[command(after_help = "\
Examples:
  kepi correct row invoices data/invoices.csv 17 --set amount=120.50 -m 'as on the paper: a slip of the key'
  kepi correct row invoices data/invoices.csv 18 --clear paid_at -m 'not paid, says accounting'

`kepi show quarantine` says which rows are rejected, with file and row.")]
    Row(CorrectRow),
    /// Write the rejected rows of a source as a table for a spreadsheet: where, by which rule, and what stands in each column.
    #[command(after_help = "\
Example:
  kepi correct export invoices > rows.csv

Of a file that a rule stopped as a whole it has the rows that are to blame, where that can be told.")]
    Export {
        /// The source.
        #[arg(value_name = "SOURCE")]
        source: String,
    },
    /// Say what a table says otherwise than the rows of a source by now, of all its rows or of none: CSV or Excel (.xlsx).
    #[command(after_help = "\
Examples:
  kepi correct rows invoices rows.csv --dry-run -m 'as on the paper'
  kepi correct rows invoices rows.csv -m 'as on the paper'

The columns `_file` and `_row` say which row is meant; others that begin with `_` are not read. Columns may be missing or stand in another
order, cells may be parted by semicolons. What a spreadsheet spells otherwise by itself, such as 10.00 as 10, is not taken for a
correction.")]
    Rows(CorrectRows),
    /// Take back what was said of a row: the next run takes it as it came.
    #[command(
        after_help = "Example:\n  kepi correct take-back invoices data/invoices.csv 17 -m 'the wrong row'"
    )]
    TakeBack(CorrectedRow),
}

/// A row of a raw file, and why.
#[derive(Debug, Args)]
pub struct CorrectedRow {
    /// The source.
    #[arg(value_name = "SOURCE")]
    pub source: String,
    /// The file, as the quarantine calls it.
    #[arg(value_name = "FILE")]
    pub file: String,
    /// Number of the row in it, from 1.
    #[arg(value_name = "ROW")]
    pub row: u64,
    /// Why.
    #[arg(short, long, value_name = "WHY")]
    pub message: String,
}

/// `kepi correct rows`.
#[derive(Debug, Args)]
pub struct CorrectRows {
    /// The source.
    #[arg(value_name = "SOURCE")]
    pub source: String,
    /// The table, as `kepi correct export` writes it.
    #[arg(value_name = "TABLE")]
    pub table: PathBuf,
    /// Why.
    #[arg(short, long, value_name = "WHY")]
    pub message: String,
    /// Say what would be said of which rows, and what would become of them; nothing is kept.
    #[arg(long)]
    pub dry_run: bool,
}

/// `kepi correct row`.
#[derive(Debug, Args)]
pub struct CorrectRow {
    /// Which row, and why.
    #[command(flatten)]
    pub of: CorrectedRow,
    /// What stands in a column, as the file would write it.
    #[arg(long, value_name = "COLUMN=VALUE", value_parser = cell)]
    pub set: Vec<(String, String)>,
    /// A column in which nothing stands.
    #[arg(long, value_name = "COLUMN")]
    pub clear: Vec<String>,
}

fn cell(text: &str) -> Result<(String, String), String> {
    let (column, value) = text.split_once('=').ok_or("write COLUMN=VALUE, such as amount=120.50")?;
    Ok((column.to_owned(), value.to_owned()))
}

/// `kepi feedback`.
#[derive(Debug, Subcommand)]
pub enum Feedback {
    /// Find what customers wrote, what was said at contacts, by them, and at the front line.
    #[command(
        after_help = "Examples:\n  kepi feedback search queue hour\n  kepi feedback search --theme waiting --format csv"
    )]
    Search {
        /// Words, all of which are in it; without any all of it is listed.
        #[arg(value_name = "WORD")]
        words: Vec<String>,
        /// Only what is about this theme, as `feedback: …` declares it.
        #[arg(long, value_name = "THEME")]
        theme: Option<String>,
    },
    /// Say what gets in the way of customers: whoever answers for the KPI there says what becomes of it.
    #[command(
        after_help = "Example:\n  kepi feedback add --kpi renewals --unit emea -m 'the form asks twice for the address'"
    )]
    Add(FeedbackAdd),
}

/// `kepi feedback add`.
#[derive(Debug, Args)]
pub struct FeedbackAdd {
    /// The KPI that suffers.
    #[arg(long, value_name = "KPI")]
    pub kpi: String,
    /// The unit; default everywhere.
    #[arg(long, value_name = "UNIT")]
    pub unit: Option<String>,
    /// What it is.
    #[arg(short, long, value_name = "WHAT")]
    pub message: String,
}

/// `kepi alert`.
#[derive(Debug, Subcommand)]
pub enum Alert {
    /// What each alert led to: how often somebody acted, dismissed it, or did nothing before it was over.
    #[command(after_help = "Example:\n  kepi alert list")]
    List,
    /// What would let an alert ask less without losing one that somebody acted on, made of what people dismissed.
    #[command(after_help = "\
Examples:
  kepi alert tune attention                  what would change, and the text with it
  kepi alert tune attention --propose        asks those who have to agree")]
    Tune(AlertTune),
}

/// `kepi alert tune`.
#[derive(Debug, Args)]
pub struct AlertTune {
    /// The alert, as in `alert: …`.
    #[arg(value_name = "ALERT")]
    pub alert: String,
    /// Propose the change.
    #[arg(long)]
    pub propose: bool,
}

/// `kepi retire`.
#[derive(Debug, Args)]
pub struct Retire {
    /// The KPI, as in `kpi: …`.
    #[arg(value_name = "KPI")]
    pub kpi: String,
    /// The KPI that is to be used instead: then it comes to its end, whatever the audit comes to.
    #[arg(long, value_name = "KPI")]
    pub successor: Option<String>,
    /// The first day on which nothing is to use it any more; default three months from today.
    #[arg(long, value_name = "DAY")]
    pub sunset: Option<jiff::civil::Date>,
    /// Propose the change.
    #[arg(long)]
    pub propose: bool,
}

/// `kepi silence`.
#[derive(Debug, Subcommand)]
pub enum Silence {
    /// Let nobody be asked until a day: about an alert, a KPI, or both, in all units or in one.
    #[command(after_help = "\
Example:
  kepi silence set --kpi renewals --unit emea --until 2026-07-01 -m 'the price list changes, and everybody knows'")]
    Set(SilenceSet),
    /// End a silence before its time.
    #[command(after_help = "Example:\n  kepi silence end 3")]
    End(SilenceEnd),
    /// All silences there ever were.
    #[command(after_help = "Example:\n  kepi silence list --format csv")]
    List,
}

/// `kepi silence set`.
#[derive(Debug, Args)]
pub struct SilenceSet {
    /// The alert, as in `alert: …`; default all of the KPI.
    #[arg(long, value_name = "ALERT", required_unless_present = "kpi")]
    pub alert: Option<String>,
    /// The KPI; default all of the alert.
    #[arg(long, value_name = "KPI")]
    pub kpi: Option<String>,
    /// The unit; default all of them, and all rows.
    #[arg(long, value_name = "UNIT")]
    pub unit: Option<String>,
    /// The day on which it ends, within three months.
    #[arg(long, value_name = "DATE")]
    pub until: Date,
    /// Why.
    #[arg(short, long, value_name = "WHY")]
    pub message: String,
}

/// `kepi silence end`.
#[derive(Debug, Args)]
pub struct SilenceEnd {
    /// The silence.
    #[arg(value_name = "N")]
    pub silence: u64,
}

/// `kepi review`.
#[derive(Debug, Subcommand)]
pub enum Review {
    /// All reviews, those that are open first.
    #[command(after_help = "Example:\n  kepi review list --format csv")]
    List,
    /// The agenda of a review: why each point is on it, and what was decided.
    #[command(after_help = "Example:\n  kepi review show 31")]
    Show(ReviewOf),
    /// The same with all evidence as Markdown: figures, what is indicated, what was said.
    #[command(after_help = "Example:\n  kepi review pack 31 > review.md")]
    Pack(ReviewOf),
    /// Say who was there when it was held; said again, the last counts.
    #[command(after_help = "Example:\n  kepi review attend 31 --present vp --present ben")]
    Attend(Attend),
    /// Decide on a point. Where somebody has something to do, say who and until when. Once all points are decided on: `kepi item N finish --outcome held`.
    #[command(after_help = "\
Examples:
  kepi review decide 31 1 plan --who ben --by 2026-05-20 -m 'what is done about renewals'
  kepi review decide 31 2 accept -m 'within what is usual'")]
    Decide(Decide),
}

/// A review by its number.
#[derive(Debug, Args)]
pub struct ReviewOf {
    /// The review.
    #[arg(value_name = "N")]
    pub item: u64,
}

/// Who was there.
#[derive(Debug, Args)]
pub struct Attend {
    /// The review.
    #[arg(value_name = "N")]
    pub item: u64,
    /// A person who was there, by id; once for each.
    #[arg(long, value_name = "PERSON", required = true)]
    pub present: Vec<String>,
}

/// What is decided.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Decided {
    /// It stays as it is.
    Accept,
    /// Somebody does something.
    Task,
    /// Somebody files a plan.
    Plan,
    /// Somebody proposes another definition, target or owner.
    Change,
    /// It is put off to the next review.
    Defer,
}

impl Decided {
    /// The decision by the word of the laws.
    pub fn decision(self) -> Decision {
        match self {
            Self::Accept => Decision::Accept,
            Self::Task => Decision::Task,
            Self::Plan => Decision::Plan,
            Self::Change => Decision::Change,
            Self::Defer => Decision::Defer,
        }
    }
}

/// `kepi review decide`.
#[derive(Debug, Args)]
pub struct Decide {
    /// The review.
    #[arg(value_name = "N")]
    pub item: u64,
    /// The point of its agenda.
    #[arg(value_name = "POINT")]
    pub point: u16,
    /// What is decided.
    #[arg(value_enum, value_name = "DECISION")]
    pub decision: Decided,
    /// Who does what follows, as in `person: …`.
    #[arg(long, value_name = "PERSON", requires = "by")]
    pub who: Option<String>,
    /// Until which day.
    #[arg(long, value_name = "DATE", requires = "who")]
    pub by: Option<Date>,
    /// Why, or what is to be done.
    #[arg(short, long, value_name = "WHY")]
    pub message: String,
}

/// `kepi dispute`.
#[derive(Debug, Args)]
pub struct Dispute {
    /// The KPI.
    #[arg(value_name = "KPI")]
    pub kpi: String,
    /// The period.
    #[arg(value_name = "PERIOD")]
    pub period: String,
    /// The unit; default all rows.
    #[arg(long, value_name = "UNIT")]
    pub unit: Option<String>,
    /// Why it is not right.
    #[arg(short, long, value_name = "WHY")]
    pub message: String,
}
