//! The command line: one definition feeds parsing, help and the reference page.

#[path = "cli/access.rs"]
pub mod access;
#[path = "cli/acting.rs"]
pub mod acting;
#[path = "cli/cluster.rs"]
mod cluster;
#[path = "cli/deciding.rs"]
mod deciding;
#[path = "cli/erasing.rs"]
pub mod erasing;

use std::{fmt, path::PathBuf};

use clap::{Args, Parser, Subcommand, ValueEnum};
use kepi_model::engine::SharedFiles;
use kepi_web::doors::Origin;

pub use access::Access;
pub use acting::{Alert, Budget, Correct, Deliver, Dispute, Feedback, Item, Retire, Review, Screen, Silence};
pub use cluster::{BenchCluster, Elsewhere, Scheduler, Worker};
pub use deciding::{
    Close, Comment, Enter, Freeze, Inbox, Lift, Numbered, Override, People, Periods, Plan, Propose, Pull,
    Register, Vote,
};

/// Exit codes, in one place and in the help text.
pub mod exit {
    /// All went well.
    pub const SUCCESS: u8 = 0;
    /// The work was done and something is wrong: findings, a file that did not land, a KPI that was not renewed, a value that
    /// does not reproduce.
    pub const FINDINGS: u8 = 1;
    // 2 is clap's own: the command line was not understood.
    /// The work could not be done: definitions with errors, nothing renewed, the store or the engine failed.
    pub const FAILURE: u8 = 3;
}

/// Customer KPIs inside a Balanced Scorecard: true, explained, accountable.
#[derive(Debug, Parser)]
#[command(
    name = "kepi",
    version,
    propagate_version = true,
    max_term_width = 110,
    arg_required_else_help = true,
    after_help = "\
First steps:
  kepi demo                      see a scorecard of real data in the browser
  kepi init my-kpis              start a project of your own
  kepi -C my-kpis check          find every mistake in the definitions
  kepi -C my-kpis run            land the data, compute, score, publish

Exit codes: 0 well, 1 done but something is wrong (findings, a file that did not land, a KPI that was not
renewed, a figure that does not reproduce), 2 usage, 3 the work could not be done.
stdout is data, stderr is talk: `kepi show scorecard --format json | jq .score` works."
)]
pub struct Cli {
    /// The project's folder.
    #[arg(
        short = 'C',
        long = "project",
        value_name = "DIR",
        default_value = ".",
        global = true,
        env = "KEPI_PROJECT"
    )]
    pub project: PathBuf,
    /// Where the project's database is: a PostgreSQL server or a SQLite file
    ///
    /// postgres://user@host:port/database?schema=name, or a path; by default .kepi/kepi.db
    ///
    /// Without a schema it is `kepi_` and the project's id: projects can share a database
    ///
    /// The data files are in .kepi in either case, unless `--lake` names a bucket
    #[arg(long, value_name = "ADDRESS", global = true, env = "KEPI_STORE", hide_env_values = true)]
    pub store: Option<Address>,
    /// Where the lake's files lie, if not in .kepi: a place in a bucket, which machines share, as in s3://bucket/prefix
    ///
    /// The database keeps it: it has to be said once, and moves a lake that is in .kepi. Keys and address of the store come from the
    /// environment (AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY, AWS_REGION, AWS_ENDPOINT_URL)
    #[arg(long, value_name = "PLACE", global = true, env = "KEPI_LAKE")]
    pub lake: Option<SharedFiles>,
    /// How results are printed.
    #[arg(long, value_enum, default_value_t = Format::Table, global = true)]
    pub format: Format,
    /// Who acts, as in `person: …`; by default the user this runs as. Events hold a number that stands for the name.
    #[arg(long = "as", alias = "actor", value_name = "PERSON", global = true, env = "KEPI_PERSON")]
    pub actor: Option<String>,
    /// A file with the token in whose name a command acts where somebody signs in; else the variable `KEPI_TOKEN`
    #[arg(long, value_name = "FILE", global = true, env = "KEPI_TOKEN_FILE")]
    pub token_file: Option<PathBuf>,
    /// Say less: no progress, no remarks.
    #[arg(short, long, global = true)]
    pub quiet: bool,
    /// Colour on or off; by default on for a terminal.
    #[arg(long, value_enum, default_value_t = Colour::Auto, global = true)]
    pub color: Colour,
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

/// The address of a database as it was given. It may hold a password, so nothing shows it.
#[derive(Clone)]
pub struct Address(pub String);

impl fmt::Debug for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("…")
    }
}

impl From<String> for Address {
    fn from(text: String) -> Self {
        Self(text)
    }
}

/// How results are printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// For people.
    Table,
    /// For programs.
    Json,
    /// For spreadsheets.
    Csv,
}

/// When to use colour.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Colour {
    /// On a terminal, unless NO_COLOR is set.
    Auto,
    /// Always.
    Always,
    /// Never.
    Never,
}

/// The commands.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Write a small project to start from.
    #[command(after_help = "\
Examples:
  kepi init my-kpis && kepi -C my-kpis run && kepi -C my-kpis show scorecard
  kepi init my-kpis --from tickets.csv answers.xlsx    a first project over your own files")]
    Init(Init),
    /// Check the definitions and report every finding.
    #[command(after_help = "\
Examples:
  kepi check                       every finding with place, expectation and way out
  kepi check --format json         the same for an editor or a pipeline
  kepi check --explain K0301       what a code means
  kepi check --data                whether every data file is still what was written")]
    Check(Check),
    /// Say what would come of the definitions in the folder: how they differ from those in force, what and whom that
    /// touches, and figures by both.
    #[command(after_help = "\
Examples:
  kepi plan                        before a run, in words
  kepi plan --markdown             for a comment on a merge request
  kepi plan --cost                 what a run would read, and why
  kepi plan --format json          for programs")]
    Plan(Plan),
    /// Which definitions are in force from when on, on any day, as known at any event; and who put them in force.
    #[command(after_help = "\
Examples:
  kepi register                              every wording of every definition
  kepi register --day 2026-03-31             what was in force that day
  kepi register kpi/nps --day 2026-03-31     how it was worded
  kepi register --day 2026-03-31 --at 17     what was known of that day after event 17
  kepi register kpi/nps --document           its methodology, figures and approvals, in Markdown")]
    Register(Register),
    /// Ask those who have to agree to put in force what stands in the folder.
    ///
    /// Who that is depends on the mode of the project's governance and on what differs. Where nobody has to agree it is in
    /// force at once.
    #[command(after_help = "\
Examples:
  kepi plan                                        what it would come to
  kepi propose -m 'refunds do not count as orders'
  kepi propose --item 7 -m 'as agreed with Bea'    write an open item anew
  kepi propose --emergency -m 'a law from today'   in force with two who are named, ratified later")]
    Propose(Propose),
    /// Write what is in force into the folder: what was decided on pages or proposed by others.
    ///
    /// What was edited here and not decided stays; where both touch other lines they are put together, where they touch the same
    /// it is shown and nothing is written over.
    #[command(after_help = "\
Examples:
  kepi pull
  kepi pull --settled          what contradicted was looked at, and the folder stands as it is")]
    Pull(Pull),
    /// Agree to what an item proposes, as it stands.
    #[command(after_help = "\
Examples:
  kepi item 7 && kepi approve 7 --content 5f0a41c2b7d9
  kepi approve 7 -m 'checked against the ledger' --as bea")]
    Approve(Vote),
    /// Do not agree to what an item proposes.
    #[command(after_help = "Example:\n  kepi reject 7 -m 'the target is out of reach'")]
    Reject(Vote),
    /// Say that one takes no side on an item.
    #[command(after_help = "Example:\n  kepi abstain 7 -m 'my bonus rests on it'")]
    Abstain(Vote),
    /// Give up what one proposed.
    #[command(after_help = "Example:\n  kepi withdraw 7")]
    Withdraw(Numbered),
    /// What waits for who acts.
    #[command(after_help = "\
Examples:
  kepi inbox --as bea       what waits for bea
  kepi inbox --open         what waits for anybody
  kepi inbox --all --format json")]
    Inbox(Inbox),
    /// What an item is about, what was said of it, and whom it waits for; or do something about it.
    #[command(after_help = "\
Examples:
  kepi item 7
  kepi item 201 acknowledge --as ben
  kepi item 201 refuse -m 'it is the product' --as ben
  kepi item 201 finish --outcome fixed -m 'the form works again' --as ben")]
    Item(Item),
    /// End what nobody decided in time, and hand on what nobody did; every command that changes something does so first, and a run at
    /// its end.
    #[command(after_help = "Example:\n  kepi tick        from a timer, each hour")]
    Tick,
    /// Send what is whose turn: to persons, programs and chats as documents `channel: …` say, each message once. `kepi serve` does so
    /// while it runs.
    #[command(after_help = "\
Examples:
  kepi deliver --preview              what would leave, and when
  kepi deliver                        from a timer, every few minutes
  kepi deliver --state dead           what could not leave, and why
  kepi deliver --again                send that again, once the cause is mended")]
    Deliver(Deliver),
    /// Ask those who have to agree to freeze the days of a period: until that is lifted, no definition changes what holds on
    /// them in these respects.
    #[command(after_help = "\
Examples:
  kepi freeze 2026-H1 -m 'bonuses are decided on it'
  kepi freeze 2026-H1 --aspects target,weight -m 'targets stand'")]
    Freeze(Freeze),
    /// Ask those who have to agree to lift what an item froze.
    #[command(after_help = "Example:\n  kepi lift 4 -m 'the bonuses are paid'")]
    Lift(Lift),
    /// Ask those who have to agree to close a period: what is published of it is official from then on, and whatever is computed
    /// otherwise later stands beside it.
    #[command(after_help = "\
Examples:
  kepi close 2026-Q1 -m 'as reported to the board'
  kepi close retail:2026-P01 -m 'as reported'    a period of the calendar of a scorecard
  kepi periods 2026-Q1        official figures, and what was computed since
Closing it again takes over what was computed since, as the next version.")]
    Close(Close),
    /// Who is there and what each answers for; with `--duties` who answers for what, with `--gaps` what is missing in that.
    #[command(after_help = "\
Examples:
  kepi people
  kepi people --day 2026-03-31       as it stood on that day
  kepi people --duties               KPIs and sources: accountable, responsible, consulted, informed, seats
  kepi people --gaps                 nobody answers, nobody acts, too much, let lie; exits with 1 if anything is missing")]
    People(People),
    /// What is frozen and what is closed; of a closed period its official figures, and what was computed otherwise since.
    #[command(after_help = "\
Examples:
  kepi periods
  kepi periods 2026-Q1 --format csv")]
    Periods(Periods),
    /// Say of a figure what happened, why, what is done, what is to be expected and what is not sure of that or speaks against it; it stands on the page of the KPI, and one other
    /// reads it. All five parts are needed, and where segments are named that are better than before, one that is not has to be, too.
    #[command(after_help = "\
Examples:
  kepi comment recommendation 2026-05 --what 'fell by four points' --why 'EMEA waits longer since the move' --done 'two more people from June' \
  --outlook 'back by August' --unsure 'one month is no trend; APAC fell without a move'
  kepi comment recommendation 2026-05 --found --done 'two more people from June' --outlook 'back by August' \
  --unsure 'one month is no trend'")]
    Comment(Comment),
    /// Enter a figure that no source has: one other has to agree, and the next run lands it.
    #[command(after_help = "\
Example:
  kepi enter market_share 2026-05 '41.5%' --evidence 'panel report of June, p. 3' -m 'monthly panel'
A figure that is entered again is the next version; one that is not entered in time is late, never zero.")]
    Enter(Enter),
    /// Say a figure in place of the one that is computed: one other has to agree, and both stay shown for ever.
    #[command(subcommand)]
    Override(Override),
    /// Say that a published figure is not right: whoever answers for it says whether it stands, and until then it is shown as disputed.
    #[command(after_help = "\
Example:
  kepi dispute recommendation 2026-05 --unit emea -m 'the survey was sent twice'")]
    Dispute(Dispute),
    /// Whether a stage gate is open, and why it is not; exits with 1 while it is shut. Other systems ask `/api/v1/gates/NAME`.
    #[command(after_help = "\
Example:
  kepi gate launch && ./launch.sh")]
    Gate {
        /// The gate, as in `stage_gate: …`; without it they are listed.
        #[arg(value_name = "NAME")]
        gate: Option<String>,
    },
    /// Go through the figures of a period, point by point: reviews open by themselves, as documents `review: …` say.
    #[command(subcommand)]
    Review(Review),
    /// What customers said and what gets in their way: find it, or say it.
    #[command(subcommand)]
    Feedback(Feedback),
    /// See what alerts led to, and let them ask less.
    #[command(subcommand)]
    Alert(Alert),
    /// What the audit of a KPI comes to: keep it, drop what it is no longer believed to move, or let it come to its end; with the
    /// text of the change, which `--propose` puts to those who have to agree.
    #[command(after_help = "\
Examples:
  kepi retire handle_time                                      what is recommended, why, and the text with it
  kepi retire handle_time --propose                            asks those who have to agree
  kepi retire handle_time --successor effort --propose         another one takes its place")]
    Retire(Retire),
    /// Whom a survey asks next, as `sampling: …` says: how many it takes for a margin of error, and how many the caps on contacts leave.
    #[command(after_help = "\
Examples:
  kepi sample relationship
  kepi sample relationship --list ask.csv      who it is, drawn by lot, into a new file")]
    Sample(Sample),
    /// Playbooks: what was started, and whether it helped beside what was held out.
    #[command(after_help = "\
Examples:
  kepi playbooks
  kepi playbooks --format json     with the newest runs")]
    Playbooks,
    /// What to work on first for an outcome: how much each driver matters, by what it lacks.
    #[command(after_help = "\
Examples:
  kepi priorities
  kepi priorities recommendation --format json")]
    Priorities {
        /// The outcome; default the first KPI that something is believed to move.
        #[arg(value_name = "KPI")]
        kpi: Option<String>,
    },
    /// What people set out to do: what speaks for it, what came of it, its budget, and quick wins.
    #[command(after_help = "\
Examples:
  kepi initiatives                 what most speaks for first, budgets by objective, and money that lies with less
  kepi initiatives callback_desk   the parts of its evidence, and its effects
  kepi initiatives --format csv    every effect")]
    Initiatives {
        /// The initiative, as in `initiative: …`; without it all of them.
        #[arg(value_name = "NAME")]
        initiative: Option<String>,
    },
    /// Which objective is measured by which KPI in which unit, whose target holds there, who answers, and what is missing.
    #[command(after_help = "\
Examples:
  kepi matrix
  kepi matrix --gaps               only what is missing; ends with 1 if anything is
  kepi matrix --format csv")]
    Matrix {
        /// Only what is missing.
        #[arg(long)]
        gaps: bool,
    },
    /// Budgets of a planning system as they landed, held against operating plans; and a version of one taken into its plan.
    #[command(subcommand)]
    Budget(Budget),
    /// How long it takes from a signal to its effect, by unit and KPI, with what is open; and what was learnt.
    #[command(after_help = "\
Examples:
  kepi latency                     medians with their intervals, what is open counted for as long as it has waited
  kepi latency --format csv        every step")]
    Latency,
    /// Let alerts ask nobody about something that is known, until a day.
    #[command(subcommand)]
    Silence(Silence),
    /// Rejected rows: say by hand what stands in them, so that they land.
    #[command(subcommand)]
    Correct(Correct),
    /// Erase rows of a person or customer from everything that is kept. Published figures stand, and can be verified.
    #[command(after_help = "\
Examples:
  kepi erase account A-17 --dry-run                        what would go: rows, files, rejected rows, texts, figures
  kepi erase account A-17 -m 'request 2026/113'            rows of others that refer to it stay, without the reference
  kepi erase account A-17 --with-rows ticket -m 'request 2026/113'
  kepi erase account --keys keys.txt -m 'retention of 25 months'
  kepi erase --certificate                                 what the log says of the newest erasure")]
    Erase(erasing::Erase),
    /// Doubtful answers to surveys: see them, confirm or dismiss them.
    #[command(subcommand)]
    Screen(Screen),
    /// Land new files, compute all values, score and publish.
    #[command(after_help = "\
Examples:
  kepi run                         whatever is new in the sources
  kepi run --no-land               recompute from what the lake holds
  kepi run --on-schedule           whenever it is the time of a source by its `load: …`
  kepi run --format json           what was landed and published
  kepi run --engine ballista://10.0.0.5:50050    scans on a cluster; the figures are the same, to the bit")]
    Run(Run),
    /// How sources stand: what came when, what of it landed, whether the next is late, how far fetching has come.
    #[command(after_help = "\
Examples:
  kepi sources                     `kepi show sources` is the same
  kepi sources survey_2015         what its values are like: missing, different, spread
  kepi sources --format csv        with what became of every row, and bookmarks
  kepi sources --discrepancies     what sources that know the same rows say against each other
  kepi sources --promises          what was promised of data by source, unit and month, and how it was kept
  kepi sources --service           what units owed by month, and whether agreed service levels were kept
  kepi sources --reliability       how far each is to be relied on, and how long it takes to its figures
  kepi sources --cost              how long looking at each takes, and what another frequency would cost")]
    Sources {
        /// Only this one, with what the values of its newest file are like.
        source: Option<String>,
        /// What sources that know the same rows say against each other, value by value.
        #[arg(long)]
        discrepancies: bool,
        /// What was promised of data, by source, unit and period, and how it was kept.
        #[arg(long, conflicts_with = "discrepancies")]
        promises: bool,
        /// What units owed by month, all their sources together, and which were below the service level that was agreed.
        #[arg(long, conflicts_with_all = ["discrepancies", "promises", "source"])]
        service: bool,
        /// How far each is to be relied on over the last year, and how long it takes from what it says to its figures.
        #[arg(long, conflicts_with_all = ["discrepancies", "promises", "service"])]
        reliability: bool,
        /// How long looking at each takes, as measured of earlier runs, and what that comes to a day at other frequencies.
        #[arg(long, conflicts_with_all = ["discrepancies", "promises", "service", "reliability"])]
        cost: bool,
    },
    /// Show what is published.
    #[command(subcommand)]
    Show(Show),
    /// Explain a score to its last digit, or a KPI's value.
    #[command(after_help = "\
Examples:
  kepi explain                     the first scorecard's newest score
  kepi explain overall_satisfaction --period 2015")]
    Explain(Explain),
    /// What a score would be with other weights or values; nothing of it is kept.
    #[command(
        name = "what-if",
        after_help = "\
Examples:
  kepi what-if --weight customer=50%                       the other perspectives share out the rest
  kepi what-if --value restroom_cleanliness=4.2            in the unit of the KPI: 40, 85%, 4 hours, 2.50 EUR
  kepi what-if airport --unit international --period 2015 --weight kpi/lost_luggage=30%
  kepi what-if                                             how much hangs on each weight"
    )]
    WhatIf(WhatIf),
    /// Find weights from judgements: pairs compared, or swings from worst to best; with how far they contradict each other.
    #[command(after_help = "\
Examples:
  kepi weigh --pair customer:financial=3 --pair customer:learning=5 --pair financial:learning=2
  kepi weigh --swing customer=100 --swing financial=60 --swing learning=40
Exit code 1 if pairs contradict each other (a consistency ratio above 0.1).")]
    Weigh(Weigh),
    /// Ask analyses what changed, where, and what it is made of.
    #[command(after_help = "\
Examples:
  kepi analyse                                   every KPI against what is usual of it
  kepi analyse overall_satisfaction --period 2015
  kepi analyse overall_satisfaction --analysis location --format json
  kepi analyse --analysis validity               one question to every KPI")]
    Analyse(Analyse),
    /// Say which columns of which sources can move a KPI, step by step; or what a column, an attribute or a KPI goes into.
    ///
    /// It is read from the definitions in the folder, whether or not anything was computed.
    #[command(after_help = "\
Examples:
  kepi lineage                              every KPI with its sources
  kepi lineage churn                        what it is made of, and which scorecards it goes into
  kepi lineage ticket.status                an attribute
  kepi lineage 'source/tickets/Created At'  what a column goes into
  kepi lineage --format csv                 every single step
  kepi lineage --openlineage                events for a catalogue of data
  kepi lineage --openlineage --run          events of the newest run: of which versions, what became of it")]
    Lineage(Lineage),
    /// List the rows behind a published value, or tell how a row of an entity came about.
    #[command(after_help = "\
Examples:
  kepi trace churn --period 2026-03                        who left: file and row of each
  kepi trace churn --period 2026-03 --segment tier=gold --format csv
  kepi trace customer a2 2026-03                           how a row came about
Exit code 1 if the rows do not add up to what was published.")]
    Trace(Trace),
    /// Recompute published values and scores from their pins and compare them bit for bit.
    #[command(after_help = "\
Examples:
  kepi reproduce                                 everything that is published
  kepi reproduce overall_satisfaction --period 2015
  kepi reproduce score/airport                   a scorecard's scores")]
    Reproduce(Reproduce),
    /// Who did what, and whether the record of it is whole: log, checkpoints, proofs, bundles.
    #[command(subcommand)]
    Audit(Audit),
    /// Serve the pages and the API.
    #[command(after_help = "\
Examples:
  kepi serve --port 8080       then open http://127.0.0.1:8080
  kepi access add ana && kepi serve --host 0.0.0.0 --at https://kpi.example.com
On an address of this machine alone nobody is asked, until somebody signs in (`kepi access add`). On any other address it
does not start before, and is told by --at how browsers reach it: https, by a proxy in front of it.")]
    Serve(Serve),
    /// Who may come in: sign-ins, roles, tokens.
    #[command(subcommand)]
    Access(Access),
    /// Compute and serve a scorecard: six years of an airport's passenger survey, or a made-up subscription business.
    #[command(
        after_help = "Examples:\n  kepi demo\n  kepi demo subscription\n  kepi demo --no-serve --into /tmp/airport"
    )]
    Demo(Demo),
    /// Hand out scans to workers: the one process of a cluster that `kepi run --engine` and every `kepi worker` reach.
    ///
    /// Everything of a cluster is one version of kepi, built with `--features cluster`. Nothing is encrypted and nobody is
    /// asked who they are: whoever reaches a scheduler or a worker has what they have, so let nobody but machines of the
    /// cluster reach them.
    #[command(after_help = "\
Examples:
  kepi scheduler                              on this machine alone, port 50050
  kepi scheduler --host 10.0.0.5              on a private network")]
    Scheduler(Scheduler),
    /// Compute parts of scans for a scheduler, until it is stopped. It reads data files at the paths that the project has them.
    #[command(after_help = "\
Examples:
  kepi worker                                             for a scheduler on this machine
  kepi worker --scheduler ballista://10.0.0.5:50050 --host 10.0.0.6 --threads 8
Stopped by Ctrl-C or SIGTERM, it ends when its parts are done. Killed, its parts are computed by others.")]
    Worker(Worker),
    /// Print the JSON Schema of the definition language, or the built-in entities.
    #[command(
        after_help = "Example:\n  kepi schema > kepi.schema.json    then point your editor's YAML server at it"
    )]
    Schema(Schema),
    /// Measure the speed of a full refresh beside DuckDB and Polars on the same data.
    #[command(after_help = "\
Examples:
  kepi bench                                20 million interactions
  kepi bench --rows 1000000 --format json   small and for programs
  kepi bench publish                        publishing 734,400 values, a further day, the board
The peers run if --python names an interpreter that has bench/requirements.txt.")]
    Bench(Bench),
    /// Count in made-up projects what is called out falsely and what is found.
    #[command(after_help = "Example:\n  kepi evidence insight --worlds 90    takes minutes")]
    Evidence(Evidence),
}

/// `kepi analyse`.
#[derive(Debug, Args)]
pub struct Analyse {
    /// A KPI; default all, against what is usual of them.
    pub kpi: Option<String>,
    /// One analysis by its name, such as `outlook`; default all. Without a KPI it is asked of every one, in its newest period.
    #[arg(long, value_name = "NAME")]
    pub analysis: Option<String>,
    /// Period; default the newest complete one.
    #[arg(long, requires = "kpi")]
    pub period: Option<String>,
}

/// `kepi lineage`.
#[derive(Debug, Args)]
pub struct Lineage {
    /// A KPI, a scorecard, `entity.attribute`, an entity, a source or `source/ID/COLUMN`; default every KPI.
    pub of: Option<String>,
    /// Print OpenLineage events of jobs, one JSON object a line, for a catalogue of data.
    #[arg(long, conflicts_with = "of")]
    pub openlineage: bool,
    /// With --openlineage: print the events of the newest published run, not those of jobs.
    #[arg(long, requires = "openlineage")]
    pub run: bool,
}

/// `kepi trace`.
#[derive(Debug, Args)]
pub struct Trace {
    /// A KPI; or an entity, if a key follows.
    pub what: String,
    /// The parts of a key in order, or the first of them; of a panel subject and period.
    pub key: Vec<String>,
    /// Period of the value; default the newest.
    #[arg(long, conflicts_with = "key")]
    pub period: Option<String>,
    /// Segment: `dimension=member`, several joined by `;`; a dimension alone is its unknown.
    #[arg(
        long,
        value_name = "SEGMENT",
        default_value = "",
        hide_default_value = true,
        conflicts_with = "key"
    )]
    pub segment: String,
    /// At most so many rows of each term or attribute; those that entered come first, of them hits.
    #[arg(long, value_name = "N", default_value_t = 100)]
    pub limit: usize,
}

/// `kepi evidence`.
#[derive(Debug, Args)]
pub struct Evidence {
    /// Of what.
    #[command(subcommand)]
    pub of: EvidenceOf,
}

/// Of what there is evidence.
#[derive(Debug, Subcommand)]
pub enum EvidenceOf {
    /// The budget of false call-outs: clean worlds, and worlds with planted shifts.
    Insight(EvidenceInsight),
}

/// `kepi evidence insight`.
#[derive(Debug, Args)]
pub struct EvidenceInsight {
    /// Clean worlds for each length of history.
    #[arg(long, default_value_t = 24)]
    pub worlds: u64,
    /// KPIs of a world.
    #[arg(long, default_value_t = 400)]
    pub kpis: usize,
    /// The first seed.
    #[arg(long, default_value_t = 0)]
    pub seed: u64,
}

/// `kepi init`.
#[derive(Debug, Args)]
pub struct Init {
    /// The folder to write; must be new or empty.
    pub folder: PathBuf,
    /// Files to begin with: CSV, NDJSON, JSON, Parquet or Excel. They are copied into the project, and what they hold is guessed.
    #[arg(long, value_name = "FILE", num_args = 1..)]
    pub from: Vec<PathBuf>,
}

/// `kepi check`.
#[derive(Debug, Args)]
pub struct Check {
    /// Explain a code instead of checking.
    #[arg(long, value_name = "CODE")]
    pub explain: Option<String>,
    /// Check the data too: headers and first rows of every source's files, every file of the lake by its checksum, and what published figures say
    /// against the definitions.
    #[arg(long, conflicts_with = "explain")]
    pub data: bool,
}

/// `kepi run`.
#[derive(Debug, Args)]
pub struct Run {
    /// Do not look at the sources; recompute from what the lake holds.
    #[arg(long)]
    pub no_land: bool,
    /// Ask no other system for new rows; land what was fetched before.
    #[arg(long)]
    pub no_fetch: bool,
    /// Read every file of sources, also those that stand as they did when they were read before
    ///
    /// By default a file is known by its length, its times and which file it is, as the file system says them, once it has stood for ten
    /// seconds
    #[arg(long, conflicts_with = "no_land")]
    pub read_all: bool,
    /// Look at every source, also at one whose time it is not by its `load: …`.
    #[arg(long, conflicts_with = "no_land")]
    pub any_time: bool,
    /// Keep on running: land and publish whenever it is the time of a source by its `load: …`, until interrupted
    ///
    /// Several processes that share the database, on one machine or many, may do so: one of them runs at a time, and another takes
    /// over where one ends
    #[arg(long, conflicts_with_all = ["no_land", "any_time"])]
    pub on_schedule: bool,
    /// Threads for scans, at most 1024; default all.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=1024))]
    pub threads: Option<u16>,
    /// Working memory for scans and for rows that are made, in GiB; default a quarter of the machine's, at least one.
    #[arg(long, value_name = "GIB", value_parser = clap::value_parser!(u16).range(1..))]
    pub memory: Option<u16>,
    /// Where scans are computed.
    #[command(flatten)]
    pub elsewhere: Elsewhere,
    /// Where signed checkpoints of the log are kept outside the database.
    #[command(flatten)]
    pub outside: Outside,
}

/// Where signed checkpoints are kept outside the database.
#[derive(Debug, Clone, Default, Args)]
pub struct Outside {
    /// A file outside the database for signed checkpoints of the log; better on another machine
    ///
    /// By default .kepi/audit/checkpoints. Who can change the database and not this file cannot change history unseen
    #[arg(long, value_name = "FILE", env = "KEPI_CHECKPOINTS")]
    pub checkpoints: Option<PathBuf>,
}

/// `kepi audit`.
#[derive(Debug, Subcommand)]
pub enum Audit {
    /// Hold the whole log against its tree, signed checkpoints, and everything that rests on it.
    #[command(after_help = "\
Examples:
  kepi audit verify                           exit code 1 if anything is not what it was
  kepi audit verify --checkpoints /mnt/other/checkpoints
  kepi audit verify --no-figures              without reading the files of published figures")]
    Verify(AuditVerify),
    /// Show the log: who did what, when.
    #[command(after_help = "\
Examples:
  kepi audit log --limit 50
  kepi audit log --kind definition.adopted    the same with --kind 'definition.*'
  kepi audit log --about source/survey_2015 --format json")]
    Log(AuditLog),
    /// Prove that an event is in the log, or that the log only grew.
    #[command(after_help = "\
Examples:
  kepi audit proof 17 --format json > proof.json    the event, its way to a signed root, the checkpoint
  kepi audit proof --since 120                      nothing of the first 120 events was changed")]
    Proof(AuditProof),
    /// Write a bundle that anybody verifies without kepi: events, checkpoints, keys, a verifier in Python.
    #[command(after_help = "\
Examples:
  kepi audit export audit-2026 && python3 audit-2026/verify.py audit-2026
  kepi audit export audit-2026 --texts              with the texts that events commit to")]
    Export(AuditExport),
    /// Sign the log as it stands; `kepi run` does so whenever it ends.
    #[command(after_help = "Example:\n  kepi audit checkpoint --checkpoints /mnt/other/checkpoints")]
    Checkpoint(Outside),
    /// Sign the log as it stands, and by a new key from then on
    ///
    /// The key so far signs that it hands over to the new one, and is not kept. Who was given the public part of it verifies
    /// what the new one signs without being given another
    #[command(after_help = "Example:\n  kepi audit rotate")]
    Rotate(Outside),
    /// Drop what is projected from the log and fold it anew.
    #[command(after_help = "Example:\n  kepi audit rebuild")]
    Rebuild,
}

/// `kepi audit verify`.
#[derive(Debug, Args)]
pub struct AuditVerify {
    /// A further key whose signatures count, as in .kepi/audit/log.pub; can be repeated.
    #[arg(long, value_name = "KEY")]
    pub key: Vec<String>,
    /// Leave out the files of published figures.
    #[arg(long)]
    pub no_figures: bool,
    /// Where checkpoints are kept outside.
    #[command(flatten)]
    pub outside: Outside,
}

/// `kepi audit log`.
#[derive(Debug, Args)]
pub struct AuditLog {
    /// Only of this kind; a trailing `*` stands for any ending.
    #[arg(long, value_name = "KIND")]
    pub kind: Option<String>,
    /// Only about this subject, such as register, source/ID or run/N.
    #[arg(long, value_name = "SUBJECT")]
    pub about: Option<String>,
    /// Only after this position.
    #[arg(long, value_name = "SEQ")]
    pub after: Option<u64>,
    /// At most so many, the earliest first.
    #[arg(long, default_value_t = 100)]
    pub limit: u32,
}

/// `kepi audit proof`.
#[derive(Debug, Args)]
pub struct AuditProof {
    /// Position of the event.
    #[arg(required_unless_present = "since")]
    pub seq: Option<u64>,
    /// Prove instead that the log begins as it did when it had so many events.
    #[arg(long, value_name = "SIZE", conflicts_with = "seq")]
    pub since: Option<u64>,
}

/// `kepi audit export`.
#[derive(Debug, Args)]
pub struct AuditExport {
    /// The folder to write; must be new or empty.
    pub folder: PathBuf,
    /// With the texts that events commit to: definitions, and names of persons in them.
    #[arg(long)]
    pub texts: bool,
}

/// `kepi show`.
#[derive(Debug, Subcommand)]
pub enum Show {
    /// A scorecard: what is off target first.
    #[command(after_help = "Example:\n  kepi show scorecard --period 2014 --unit boarding_area_a")]
    Scorecard(ShowScorecard),
    /// A KPI: its values with interval, coverage and pins.
    #[command(after_help = "\
Examples:
  kepi show kpi overall_satisfaction --period 2015
  kepi show kpi overall_satisfaction --format csv    every period, segment and cross, one row a value
  kepi show kpi orders --period 2011-Q3              a KPI by month, added up")]
    Kpi(ShowKpi),
    /// The same as `kepi sources`.
    Sources,
    /// Figures of others on record, and the targets that rest on them.
    Benchmarks,
    /// Rejected rows with rule, reason and place.
    #[command(after_help = "Example:\n  kepi show quarantine --source survey_2015 --limit 5")]
    Quarantine(ShowQuarantine),
}

/// `kepi show scorecard`.
#[derive(Debug, Args)]
pub struct ShowScorecard {
    /// Which; default the first.
    pub scorecard: Option<String>,
    /// Unit; default the scorecard's own.
    #[arg(long)]
    pub unit: Option<String>,
    /// Period such as 2015 or 2011-Q3; default the newest complete one.
    #[arg(long)]
    pub period: Option<String>,
}

/// `kepi show kpi`.
#[derive(Debug, Args)]
pub struct ShowKpi {
    /// Which.
    pub kpi: String,
    /// Unit of the cascade; default all rows.
    #[arg(long)]
    pub unit: Option<String>,
    /// Period; default the newest complete one.
    #[arg(long)]
    pub period: Option<String>,
}

/// `kepi show quarantine`.
#[derive(Debug, Args)]
pub struct ShowQuarantine {
    /// Only of this source.
    #[arg(long)]
    pub source: Option<String>,
    /// At most so many rows.
    #[arg(long, default_value_t = 20)]
    pub limit: u64,
}

/// `kepi explain`.
#[derive(Debug, Args)]
pub struct Explain {
    /// A scorecard or a KPI; default the first scorecard.
    pub what: Option<String>,
    /// Unit; default the scorecard's own.
    #[arg(long)]
    pub unit: Option<String>,
    /// Period; default the newest complete one.
    #[arg(long)]
    pub period: Option<String>,
    /// Of a KPI whose figure was final and is another now: which of the changes since moved it, and by how much. It is computed
    /// once more with each selection of them.
    #[arg(long, requires = "what", requires = "period", conflicts_with = "unit")]
    pub restated: bool,
    /// With `--restated`: of this segment, such as `region=north`; default all rows.
    #[arg(long, requires = "restated")]
    pub segment: Option<String>,
}

/// `kepi sample`.
#[derive(Debug, Args)]
pub struct Sample {
    /// Which plan.
    #[arg(value_name = "SAMPLING")]
    pub sampling: String,
    /// The day on which they are asked; default today.
    #[arg(long, value_name = "DAY")]
    pub on: Option<jiff::civil::Date>,
    /// Also write who is asked into this file, which must not be there yet.
    #[arg(long, value_name = "FILE")]
    pub list: Option<std::path::PathBuf>,
    /// Draws other ones.
    #[arg(long, default_value_t = 1)]
    pub seed: u64,
}

/// `kepi what-if`.
#[derive(Debug, Args)]
pub struct WhatIf {
    /// Which scorecard; default the first.
    pub scorecard: Option<String>,
    /// Unit; default the scorecard's own.
    #[arg(long)]
    pub unit: Option<String>,
    /// Period; default the newest complete one.
    #[arg(long)]
    pub period: Option<String>,
    /// Suppose this value of a KPI over the rows of the unit.
    #[arg(long, value_name = "KPI=VALUE", value_parser = named)]
    pub value: Vec<(String, String)>,
    /// Suppose this weight of a perspective, an objective or a KPI; its siblings share out the rest as they do now.
    #[arg(long, value_name = "NAME=SHARE", value_parser = named)]
    pub weight: Vec<(String, String)>,
}

/// `kepi weigh`.
#[derive(Debug, Args)]
pub struct Weigh {
    /// The first of a pair is so many times as important as the second: 1 equally, 3 somewhat more, 5, 7, 9 by far.
    #[arg(long, value_name = "A:B=TIMES", value_parser = named, required_unless_present = "swing")]
    pub pair: Vec<(String, String)>,
    /// How much the step from the worst to the best is worth, the most important one 100.
    #[arg(long, value_name = "NAME=POINTS", value_parser = named, conflicts_with = "pair")]
    pub swing: Vec<(String, String)>,
}

/// `name=value`.
fn named(text: &str) -> Result<(String, String), String> {
    // A name may hold the segment that it is of: `effort[plan=consumer]=4`.
    let (name, value) = text.rsplit_once('=').ok_or("write NAME=VALUE")?;
    match (name.trim(), value.trim()) {
        ("", _) | (_, "") => Err("write NAME=VALUE".to_owned()),
        (name, value) => Ok((name.to_owned(), value.to_owned())),
    }
}

/// `kepi reproduce`.
#[derive(Debug, Args)]
pub struct Reproduce {
    /// One KPI (`kpi/…` or its bare id), scorecard (`score/…`) or what was judged and foretold of a KPI (`insight/…`); default all values and scores.
    #[arg(value_name = "OF")]
    pub subject: Option<String>,
    /// One period.
    #[arg(long)]
    pub period: Option<String>,
}

/// `kepi serve`.
#[derive(Debug, Args)]
pub struct Serve {
    /// Address to listen on.
    #[arg(long, default_value = "127.0.0.1")]
    pub host: String,
    /// Port; 0 takes a free one.
    #[arg(long, default_value_t = 7878)]
    pub port: u16,
    /// A further name that browsers may reach it by; can be repeated
    ///
    /// Addresses such as 192.168.0.7, `localhost` and the name given to --host are answered anyway; requests for any other
    /// name are not, so that no page of somebody else can read the figures through a visitor's browser
    #[arg(long, value_name = "NAME")]
    pub allow_host: Vec<String>,
    /// The address that browsers reach it by, such as https://kpi.example.com; needed where people sign in from elsewhere
    ///
    /// With https cookies are sent over https alone; a proxy in front of it speaks https with browsers. With http passwords
    /// can be read on the way
    #[arg(long, value_name = "ADDRESS")]
    pub at: Option<Origin>,
    /// Show everything to everybody who reaches the address, as if it were printed on a wall
    #[arg(long)]
    pub open_to_everyone: bool,
    /// The provider by which people sign in.
    #[command(flatten)]
    pub by_provider: ByProvider,
}

/// The provider by which people sign in.
#[derive(Debug, Clone, Default, Args)]
pub struct ByProvider {
    /// Let people sign in by this provider of OpenID Connect, too, such as https://id.example.com
    ///
    /// It lets in whom `kepi access add` let in, and gives nobody a role. As the address to come back to, it has to know that of
    /// --at, or this machine's own, with `/sign-in/back` behind it
    #[arg(
        long,
        value_name = "ADDRESS",
        env = "KEPI_OIDC_ISSUER",
        hide_env_values = true,
        requires = "oidc_client"
    )]
    pub oidc_issuer: Option<String>,
    /// What the provider calls this server; its secret is read from the variable KEPI_OIDC_SECRET, unless a file is named
    #[arg(
        long,
        value_name = "ID",
        env = "KEPI_OIDC_CLIENT",
        hide_env_values = true,
        requires = "oidc_issuer"
    )]
    pub oidc_client: Option<String>,
    /// A file with the secret by which the server proves itself to the provider
    #[arg(long, value_name = "FILE", env = "KEPI_OIDC_SECRET_FILE", hide_env_values = true)]
    pub oidc_secret_file: Option<PathBuf>,
    /// By what somebody is found here whom the provider knows.
    #[arg(
        long,
        value_enum,
        default_value_t,
        value_name = "CLAIM",
        env = "KEPI_OIDC_CLAIM",
        hide_env_values = true
    )]
    pub oidc_claim: Claim,
    /// What the provider is called on the page [default: the name in its address]
    #[arg(long, value_name = "NAME", env = "KEPI_OIDC_NAME", hide_env_values = true)]
    pub oidc_name: Option<String>,
    /// The provider is within the own network, and may be spoken to without https
    #[arg(long, env = "KEPI_OIDC_PRIVATE_ADDRESSES", hide_env_values = true)]
    pub oidc_private_addresses: bool,
}

/// By what of a provider's word somebody is found.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
pub enum Claim {
    /// The verified address: that of a person, else the name of whoever was let in
    #[default]
    Email,
    /// What the provider calls the person: the `subject` of a person, and nothing else
    Sub,
}

/// What `kepi demo` shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum DemoProject {
    /// Six years of an airport's passenger survey: real data
    Airport,
    /// Two years of a subscription business, from trial to churn: made-up data
    Subscription,
}

/// `kepi demo`.
#[derive(Debug, Args)]
pub struct Demo {
    /// Which project.
    #[arg(value_enum, value_name = "PROJECT", default_value = "airport")]
    pub which: DemoProject,
    /// The folder for the demo project; reused if it holds one [default: kepi-demo, or kepi-demo-subscription].
    #[arg(long, value_name = "DIR")]
    pub into: Option<PathBuf>,
    /// Compute and print, but do not serve.
    #[arg(long)]
    pub no_serve: bool,
    /// Port; 0 takes a free one.
    #[arg(long, default_value_t = 7878)]
    pub port: u16,
}

/// `kepi schema`.
#[derive(Debug, Args)]
pub struct Schema {
    /// The built-in entities instead.
    #[arg(long)]
    pub entities: bool,
}

/// `kepi bench`.
#[derive(Debug, Args)]
#[command(args_conflicts_with_subcommands = true)]
pub struct Bench {
    /// Interactions to generate.
    #[arg(long, default_value_t = 20_000_000)]
    pub rows: u64,
    /// Runs of each contestant; medians are reported.
    #[arg(long, default_value_t = 5)]
    pub runs: usize,
    /// Threads for all contestants, at most 1024; default all.
    #[arg(long, value_parser = clap::value_parser!(u16).range(1..=1024))]
    pub threads: Option<u16>,
    /// Python interpreter with bench/requirements.txt installed, for the peers.
    #[arg(long, value_name = "PATH", env = "KEPI_BENCH_PYTHON", global = true)]
    pub python: Option<PathBuf>,
    /// Python interpreter with bench/semantic-layer-requirements.txt installed, for MetricFlow.
    #[arg(long, value_name = "PATH", env = "KEPI_BENCH_METRICFLOW")]
    pub metricflow: Option<PathBuf>,
    /// Lay rows in no order of time: worst case for grouping; by default they come as they happened.
    #[arg(long)]
    pub unordered: bool,
    /// Folder for the generated data; default a temporary one.
    #[arg(long, value_name = "DIR")]
    pub data: Option<PathBuf>,
    /// Something else than a full refresh.
    #[command(subcommand)]
    pub of: Option<BenchOf>,
}

/// What else is measured.
#[derive(Debug, Subcommand)]
pub enum BenchOf {
    /// Publishing, and reading what is published.
    #[command(after_help = "Example:\n  kepi bench publish --kpis 40 --months 12 --days 3 --format json")]
    Publish(BenchPublish),
    /// Judging every period of a project.
    #[command(after_help = "Example:\n  kepi bench insight --kpis 40 --format json")]
    Insight(BenchInsight),
    /// The same scan in this process and on clusters of workers on this machine: what a cluster costs, not what it gains.
    #[command(after_help = "Example:\n  kepi bench cluster --rows 1000000 --format json")]
    Cluster(BenchCluster),
    /// A refresh after a day's rows landed, one in a hundred late, beside one that reads everything.
    #[command(after_help = "Example:\n  kepi bench day --rows 2000000 --format json")]
    Day(BenchDay),
    /// Per customer: a funnel, customers who leave and cohorts, over events of accounts.
    #[command(
        after_help = "Example:\n  kepi bench derived --events 1000000 --accounts 50000 --python target/python/bench/bin/python --format json"
    )]
    Derived(BenchDerived),
    /// Definitions from their texts to the plan of their scans.
    #[command(after_help = "Example:\n  kepi bench compile --kpis 400 --format json")]
    Compile(BenchCompile),
    /// Landing CSV, NDJSON and Parquet.
    #[command(
        after_help = "Example:\n  kepi bench landing --rows 100000 --python target/python/bench/bin/python --format json"
    )]
    Landing(BenchLanding),
}

/// `kepi bench day`.
#[derive(Debug, Args)]
pub struct BenchDay {
    /// Interactions before the day.
    #[arg(long, default_value_t = 20_000_000)]
    pub rows: u64,
    /// Runs of each; medians are reported.
    #[arg(long, default_value_t = 5)]
    pub runs: usize,
}

/// `kepi bench derived`.
#[derive(Debug, Args)]
pub struct BenchDerived {
    /// Events.
    #[arg(long, default_value_t = 20_000_000)]
    pub events: u64,
    /// Accounts.
    #[arg(long, default_value_t = 1_000_000)]
    pub accounts: u64,
    /// Runs of each contestant; medians are reported.
    #[arg(long, default_value_t = 3)]
    pub runs: usize,
    /// Working memory of Kepi in GiB; default as of `kepi run`.
    #[arg(long, value_name = "GIB", value_parser = clap::value_parser!(u16).range(1..))]
    pub memory: Option<u16>,
}

/// `kepi bench compile`.
#[derive(Debug, Args)]
pub struct BenchCompile {
    /// KPIs.
    #[arg(long, default_value_t = 400)]
    pub kpis: usize,
    /// Runs; the median is reported.
    #[arg(long, default_value_t = 5)]
    pub runs: usize,
}

/// `kepi bench landing`.
#[derive(Debug, Args)]
pub struct BenchLanding {
    /// Rows of the file.
    #[arg(long, default_value_t = 1_000_000)]
    pub rows: u64,
    /// Runs of each contestant; medians are reported.
    #[arg(long, default_value_t = 3)]
    pub runs: usize,
    /// Threads for DuckDB, at most 1024; default all.
    #[arg(long, value_parser = clap::value_parser!(u16).range(1..=1024))]
    pub threads: Option<u16>,
    /// Folder for the files and projects; default a temporary one.
    #[arg(long, value_name = "DIR")]
    pub data: Option<PathBuf>,
    /// Only lands what the sources of such a project offer, and says what that took.
    #[arg(long, value_name = "DIR", hide = true)]
    pub land: Option<PathBuf>,
}

/// `kepi bench insight`.
#[derive(Debug, Args)]
pub struct BenchInsight {
    /// KPIs.
    #[arg(long, default_value_t = 400)]
    pub kpis: usize,
    /// Months that each has values for.
    #[arg(long, default_value_t = 36)]
    pub months: usize,
    /// Segments beside the total.
    #[arg(long, default_value_t = 50)]
    pub segments: usize,
    /// Threads, at most 1024; default all.
    #[arg(long, value_parser = clap::value_parser!(u16).range(1..=1024))]
    pub threads: Option<u16>,
}

/// `kepi bench publish`.
#[derive(Debug, Args)]
pub struct BenchPublish {
    /// KPIs.
    #[arg(long, default_value_t = 400)]
    pub kpis: u32,
    /// Months that each has values for.
    #[arg(long, default_value_t = 36)]
    pub months: u32,
    /// Segments beside the total.
    #[arg(long, default_value_t = 50)]
    pub segments: u32,
    /// Daily runs after the second; each changes the last month.
    #[arg(long, default_value_t = 40)]
    pub days: u32,
    /// Folder for the project; default a temporary one.
    #[arg(long, value_name = "DIR")]
    pub data: Option<PathBuf>,
    /// Only opens the board of such a folder, and says what that took.
    #[arg(long, value_name = "DIR", hide = true)]
    pub open: Option<PathBuf>,
}
