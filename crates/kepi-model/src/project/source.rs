//! Sources: connectors, mappings, rules.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt,
};

use jiff::civil::Date;
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::{Secret, Unit};
use crate::{
    calendar::Grain,
    entity::screening::Screen,
    expectation::{Expectation, Schedule},
    expression::{Expression, Literal, Type},
    id::{AttributeId, ConnectionId, EntityId, Hash, LevelId, PersonId, PurposeId, RuleId, SourceId, UnitId},
    source_text::Span,
    word::{Word, words},
};

pub use crate::lexical::{Clock, Epoch, Excess, PercentSign};

/// A place data come from.
#[derive(Debug, Clone)]
pub struct Source {
    /// Id.
    pub id: SourceId,
    /// Shown name.
    pub name: String,
    /// The entity it fills.
    pub into: EntityId,
    /// Where and how to read.
    pub from: Connector,
    /// How a row relates to those landed before.
    pub mode: Mode,
    /// The attributes that identify a row.
    pub key: Vec<AttributeId>,
    /// The attribute that says which of two rows is newer.
    pub version: Option<AttributeId>,
    /// Append only: what another file with the very same bytes is.
    pub identical: Identical,
    /// Which of two files is newer.
    pub order: FileOrder,
    /// Snapshots and lists of keys: the share of keys in force that may be absent from a file; none: a tenth, or some rows of
    /// few.
    pub deletes_at_most: Option<f64>,
    /// Rows for which this is true say that their key is gone.
    pub deleted: Option<Expression>,
    /// Which column says that rows were merged into others.
    pub merges: Option<Merges>,
    /// Mode `keys`: the source whose keys each file lists.
    pub keys_of: Option<SourceId>,
    /// The share of rows that may be rejected without the run saying so aloud.
    pub rejects_at_most: f64,
    /// Which dates can be meant.
    pub dates: Dates,
    /// What is taken out of texts, in the order of the words.
    pub clean: BTreeSet<Clean>,
    /// Zone of local times.
    pub zone: SourceZone,
    /// Zone in which days begin: the reporting zone, so that a day is that day wherever it was written.
    pub days: String,
    /// Texts that mean "no value" in every column.
    pub missing: Vec<String>,
    /// Columns whose cells become rows of their own.
    pub unpivot: Option<Unpivot>,
    /// Rows that do not match are out of scope: counted, not landed.
    pub only: Option<Expression>,
    /// One mapping an attribute, in declared order, derived ones after those they need.
    pub map: Vec<Mapping>,
    /// Validation rules in declared order.
    pub rules: Vec<Rule>,
    /// Last day for which everything is in, whatever the last row says: periods that end with it are final.
    pub complete_until: Option<Date>,
    /// When it is expected to deliver.
    pub expect: Option<Expectation>,
    /// When runs look at it; none: at every run.
    pub schedule: Option<Schedule>,
    /// What its data may be used for.
    pub purpose: Option<PurposeId>,
    /// Who answers for it.
    pub owner: Option<PersonId>,
    /// The unit that delivers it.
    pub unit: Option<UnitId>,
    /// Who says of each period that its rows are whole and right.
    pub attest: Option<Attest>,
    /// Hash of what decides how rows come out: connector format, mode, key, mapping, rules.
    pub hash: Hash,
    /// Where it is defined.
    pub span: Span,
}

/// Which column says that rows were merged into others. It is read as the column of the key is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Merges {
    /// It names the row that a row was merged into.
    Into {
        /// The column.
        column: String,
    },
    /// It lists the rows that were merged into a row.
    Lists {
        /// The column.
        column: String,
        /// What separates keys.
        separator: String,
    },
}

impl Merges {
    /// The column.
    pub fn column(&self) -> &str {
        match self {
            Self::Into { column } | Self::Lists { column, .. } => column,
        }
    }
}

/// That whoever keeps the rows of a source says of each period that they are whole and right.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Attest {
    /// Of which periods.
    pub every: Grain,
    /// Within so many days of business after the end of one.
    pub within: u16,
    /// The level whose units say it each for itself; none: it is said once of all rows.
    pub level: Option<LevelId>,
    /// Who keeps the rows of a unit and of those beneath it.
    pub stewards: BTreeMap<UnitId, PersonId>,
    /// What becomes of a close while somebody has not said it.
    pub otherwise: WhenLate,
}

words! {
    /// What becomes of a close while somebody has not said of the data of a unit that they are right.
    pub enum WhenLate {
        /// It waits.
        Block = "block",
        /// From the cut-off on it goes without that unit.
        Exclude = "exclude",
        /// From the cut-off on the unit stands with its last closed figures.
        Carry = "carry",
        /// Nothing.
        Warn = "warn",
    }
}

impl WhenLate {
    /// As definitions write it.
    pub fn as_str(self) -> &'static str {
        Word::word(self)
    }
}

impl Source {
    /// The units that say of its periods that their rows are right, each with who does, if anybody; none: all rows, at once.
    pub fn attesting<'a>(
        &'a self,
        units: &'a BTreeMap<UnitId, Unit>,
    ) -> Vec<(Option<&'a UnitId>, Option<&'a PersonId>)> {
        let Some(attest) = &self.attest else { return Vec::new() };
        let Some(level) = &attest.level else {
            let root = units.values().find(|unit| unit.parent.is_none());
            let steward = root.and_then(|unit| attest.stewards.get(&unit.id));
            let manager = root.and_then(|unit| unit.manager.as_ref());
            return vec![(None, steward.or(self.owner.as_ref()).or(manager))];
        };
        let own = units.values().filter(|unit| unit.level.as_ref() == Some(level));
        let steward = |unit: &'a Unit| {
            // No tree is deeper than it has units.
            let above = |unit: &&'a Unit| units.get(unit.parent.as_ref()?);
            let upwards = std::iter::successors(Some(unit), above).take(units.len());
            let named = upwards.clone().find_map(|unit| attest.stewards.get(&unit.id));
            named.or_else(|| upwards.clone().find_map(|unit| unit.manager.as_ref())).or(self.owner.as_ref())
        };
        own.map(|unit| (Some(&unit.id), steward(unit))).collect()
    }
}

/// Which of a source's files is newer. Values are compared in natural order: digits by what they count.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum FileOrder {
    /// The one whose path comes later.
    Name,
    /// The one that was written later.
    Modified,
    /// The one with the greater value of a column in its first row.
    Column(String),
}

impl fmt::Display for FileOrder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Name => f.write_str("name"),
            Self::Modified => f.write_str("modification time"),
            Self::Column(column) => write!(f, "column `{column}`"),
        }
    }
}

/// Which dates can be meant: from a day on, until before another; and days that stand for "no end yet".
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Dates {
    /// First day.
    pub from: Date,
    /// The first day that can no longer be meant.
    pub until: Date,
    /// Days that are no dates but say that something is open.
    pub open: Vec<Date>,
}

impl Default for Dates {
    /// 1900 to 2099: what people born, contracts signed and visits made fall into, and typing errors do not.
    fn default() -> Self {
        Self { from: jiff::civil::date(1900, 1, 1), until: jiff::civil::date(2100, 1, 1), open: Vec::new() }
    }
}

/// Wide to long: every cell of some columns that is not empty becomes a row of its own.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unpivot {
    /// Headers of the columns; `*` stands for any characters.
    pub columns: Vec<String>,
    /// The column that holds their headers.
    pub name: String,
    /// The column that holds their cells.
    pub value: String,
}

/// Where and how to read.
#[derive(Debug, Clone, PartialEq, Eq)]
#[expect(clippy::large_enum_variant, reason = "one a source")]
pub enum Connector {
    /// Delimited text.
    Csv {
        /// Path or glob relative to the project's folder.
        files: String,
        /// What separates cells: one character or a few.
        delimiter: String,
        /// Label of the WHATWG encoding standard, checked.
        encoding: String,
        /// Line of the header, from 1.
        header_row: u32,
        /// Lines or rows below it that say what columns mean.
        label_rows: u32,
    },
    /// A sheet of Excel workbooks.
    Excel {
        /// Path or glob relative to the project's folder.
        files: String,
        /// Name of the sheet; none: the first.
        sheet: Option<String>,
        /// Row of the header, from 1.
        header_row: u32,
        /// Lines or rows below it that say what columns mean.
        label_rows: u32,
    },
    /// Lines whose columns stand at fixed places.
    FixedWidth {
        /// Path or glob relative to the project's folder.
        files: String,
        /// Name, first and last character, from 1.
        columns: Vec<(String, u32, u32)>,
        /// Label of the WHATWG encoding standard, checked.
        encoding: String,
        /// Lines before the first row.
        skip_lines: u32,
    },
    /// One JSON object a line; columns are top-level keys or dotted paths.
    Ndjson {
        /// Path or glob relative to the project's folder.
        files: String,
    },
    /// JSON documents whose rows are the elements of a list.
    Json {
        /// Path or glob relative to the project's folder.
        files: String,
        /// Where the list stands, as a dotted path; none: the document is the list.
        rows: Option<String>,
    },
    /// Parquet.
    Parquet {
        /// Path or glob relative to the project's folder.
        files: String,
    },
    /// Fetched through a connection into files of JSON lines, which land like any others.
    Fetch(Fetch),
    /// Posted by another system, kept as it comes and written into files of JSON lines, which land like any others.
    Webhook(Webhook),
    /// What people entered in Kepi itself and others agreed to, written into files of JSON lines.
    Entries,
    /// What waits for somebody, or did, as the log of Kepi itself says, written into files of JSON lines.
    Items,
    /// What was landed.
    Loads,
    /// What Kepi finds of the rows of an entity that is screened, written into files of JSON lines.
    Screening(Box<Screen>),
}

/// What is fetched of another system.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fetch {
    /// The way to it.
    pub connection: ConnectionId,
    /// What of it.
    pub of: Relation,
    /// The column that grows whenever a row is new or changes; none: everything is fetched every time.
    pub cursor: Option<String>,
    /// µs below the cursor's last value that are looked at again.
    pub look_back: i64,
}

impl Fetch {
    /// What decides which rows a bookmark is about: with another table or cursor, fetching begins anew.
    pub fn stream(&self) -> Hash {
        let of = match &self.of {
            Relation::Table(name) => json!(["table", name]),
            Relation::Query(text) => json!(["query", text]),
            Relation::Changes { table, slot } => json!(["changes", table, slot]),
            Relation::Stream(name) => json!(["stream", name]),
            Relation::Get(HttpGet { path, query, first, rows, pages, since, job }) => {
                let mut form = json!([
                    "get",
                    path,
                    query,
                    first,
                    rows,
                    format!("{pages:?}"),
                    since.as_ref().map(|s| &s.field)
                ]);
                if let (Some(job), Some(form)) = (job, form.as_array_mut()) {
                    form.push(json!([job.start, job.body]));
                }
                form
            }
        };
        let form = json!([self.connection.as_str(), of, self.cursor]);
        Hash::of(form.to_string().as_bytes())
    }
}

/// Rows of a database.
#[derive(Debug, Clone, PartialEq, Eq)]
#[expect(clippy::large_enum_variant, reason = "one a source")]
pub enum Relation {
    /// Of a table or view.
    Table(String),
    /// Of a `SELECT`.
    Query(String),
    /// What changes in a table, by the log of its database.
    Changes {
        /// The table.
        table: String,
        /// Name of the replication slot, and of the publication.
        slot: String,
    },
    /// Of a stream of a Singer tap.
    Stream(String),
    /// Of pages of JSON.
    Get(HttpGet),
}

/// Pages of JSON of a server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HttpGet {
    /// Below the connection's address.
    pub path: String,
    /// Parameters of every request.
    pub query: Vec<(String, String)>,
    /// Parameters of the first request only.
    pub first: Vec<(String, String)>,
    /// Where the list of rows stands in a page; empty: the page is the list.
    pub rows: String,
    /// How the next page is found.
    pub pages: Pages,
    /// Only what is new; none: everything.
    pub since: Option<Since>,
    /// What makes it first, if it is made on demand.
    pub job: Option<HttpJob>,
}

/// A job that makes what is fetched.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HttpJob {
    /// The path that starts it.
    pub start: String,
    /// What is sent there: an object of JSON.
    pub body: String,
    /// The path by which it is asked after.
    pub poll: String,
    /// Where an answer has its state.
    pub state: String,
    /// The state in which it is done.
    pub done: String,
    /// States in which it never will be.
    pub failed: Vec<String>,
}

impl HttpGet {
    /// Whether everything is fetched, every time.
    pub fn is_whole(&self) -> bool {
        self.since.is_none() && !matches!(self.pages, Pages::Token { resume: true, .. })
    }
}

/// How the next page is found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Pages {
    /// There is one.
    One,
    /// Its address stands there in the page.
    Link(String),
    /// Its address stands in the header `Link`, with this `rel`.
    LinkHeader(String),
    /// By a token.
    Token {
        /// Where it stands.
        token: String,
        /// Which parameter takes it.
        parameter: String,
        /// Where a page says that it is the last.
        last: Option<String>,
        /// Whether the last token is where the next run goes on.
        resume: bool,
    },
    /// By number.
    Number {
        /// Which parameter takes it.
        parameter: String,
        /// Of the first page.
        first: u64,
    },
    /// By the number of rows so far.
    Offset {
        /// Which parameter takes it.
        parameter: String,
    },
    /// Behind the last row.
    After {
        /// Which parameter takes its value.
        parameter: String,
        /// Of which field.
        field: String,
        /// Where a page says that there are more.
        more: Option<String>,
    },
}

/// Only what is new is asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Since {
    /// The parameter that takes the greatest value so far.
    pub parameter: String,
    /// The field of a row that grows with each change.
    pub field: String,
    /// What is asked for first.
    pub start: String,
}

impl Connector {
    /// What its raw files in the inbox are of, if it has any there: of something else, fetching begins anew.
    pub fn stream(&self) -> Option<Hash> {
        match self {
            Self::Fetch(fetch) => Some(fetch.stream()),
            // Whoever posts does not say it again: it is the same however it is signed or wrapped.
            Self::Webhook(_) => Some(Hash::of(b"webhook 1")),
            Self::Entries => Some(Hash::of(b"kepi entries 1")),
            Self::Items => Some(Hash::of(b"kepi items 1")),
            Self::Loads => Some(Hash::of(b"kepi loads 1")),
            Self::Screening(_) => Some(Hash::of(b"kepi screening 1")),
            _ => None,
        }
    }

    /// The path or glob of its files, relative to the project's folder; none: they are fetched.
    pub fn files(&self) -> Option<&str> {
        match self {
            Self::Fetch(_)
            | Self::Webhook(_)
            | Self::Entries
            | Self::Items
            | Self::Loads
            | Self::Screening(_) => None,
            Self::Csv { files, .. }
            | Self::Excel { files, .. }
            | Self::FixedWidth { files, .. }
            | Self::Ndjson { files }
            | Self::Json { files, .. }
            | Self::Parquet { files } => Some(files),
        }
    }

    /// The connection whose objects its files are copies of, and the pattern of their keys; none: they are local.
    pub fn objects(&self) -> Option<(ConnectionId, &str)> {
        let (connection, keys) = crate::lexical::objects(self.files()?)?;
        Some((connection.parse().ok()?, keys))
    }

    /// Whether it is here already, so that nobody else is asked.
    pub fn is_own(&self) -> bool {
        matches!(self, Self::Webhook(_) | Self::Entries | Self::Items | Self::Loads | Self::Screening(_))
    }

    /// How what is posted is taken, if anything is.
    pub fn webhook(&self) -> Option<&Webhook> {
        match self {
            Self::Webhook(webhook) => Some(webhook),
            _ => None,
        }
    }

    /// What is fetched, if anything is.
    pub fn fetched(&self) -> Option<&Fetch> {
        match self {
            Self::Fetch(fetch) => Some(fetch),
            _ => None,
        }
    }
}

impl fmt::Display for Connector {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let format = match self {
            Self::Csv { .. } => "CSV",
            Self::Excel { .. } => "Excel",
            Self::FixedWidth { .. } => "fixed width",
            Self::Ndjson { .. } => "NDJSON",
            Self::Json { .. } => "JSON",
            Self::Parquet { .. } => "Parquet",
            Self::Webhook(of) => return write!(f, "what is posted, {}", of.proof),
            Self::Entries => return f.write_str("what was entered in Kepi"),
            Self::Items => return f.write_str("items of Kepi"),
            Self::Loads => return f.write_str("loads of Kepi"),
            Self::Screening(screen) => return write!(f, "what Kepi finds of the rows of {}", screen.entity),
            Self::Fetch(Fetch { connection, of, .. }) => {
                return match of {
                    Relation::Table(table) => write!(f, "table {table} of {connection}"),
                    Relation::Changes { table, .. } => write!(f, "changes of {table} of {connection}"),
                    Relation::Query(_) => write!(f, "a query of {connection}"),
                    Relation::Stream(stream) => write!(f, "stream {stream} of {connection}"),
                    Relation::Get(get) => write!(f, "{} of {connection}", get.path),
                };
            }
        };
        write!(f, "{format}, {}", self.files().unwrap_or_default())
    }
}

/// What another system posts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Webhook {
    /// By what it is believed.
    pub proof: Proof,
    /// Where secrets are read, each of which will do.
    pub secrets: Vec<Secret>,
    /// How a body is written.
    pub body: PostedAs,
    /// Where rows stand in a body; empty: it is the rows.
    pub rows: String,
    /// The header that names a delivery; none: nothing does.
    pub delivery: Option<String>,
    /// So many posts are taken in a minute.
    pub per_minute: u32,
    /// Names that the source had.
    pub earlier_names: Vec<SourceId>,
}

/// By what something posted is believed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Proof {
    /// A header holds the secret itself.
    Token(String),
    /// It is signed as one does who is known by name.
    By(SignedBy),
    /// It is signed as described.
    Signed(Signature),
}

/// How something is signed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Signature {
    /// The header of the signature.
    pub header: String,
    /// The hash of the HMAC.
    pub hash: SignatureHash,
    /// How it is written.
    pub digits: SignatureDigits,
    /// What stands before it.
    pub prefix: String,
    /// The header that says when it was signed.
    pub timestamp: Option<String>,
    /// What is signed: a text with `{body}`, `{timestamp}`, `{method}` and `{address}`.
    pub of: String,
}

impl fmt::Display for Proof {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Token(header) => write!(f, "with a token in `{header}`"),
            Self::By(who) => write!(f, "signed as by {}", who.word()),
            Self::Signed(of) => write!(f, "signed in `{}`", of.header),
        }
    }
}

words! {
    /// Who is known by name to sign what is posted, each as documented by it.
    pub enum SignedBy {
        /// `Stripe-Signature: t=…,v1=…`, HMAC-SHA256 of time, dot and body.
        Stripe = "stripe",
        /// `X-Zendesk-Webhook-Signature`, HMAC-SHA256 of time and body.
        Zendesk = "zendesk",
        /// `X-HubSpot-Signature-v3`, HMAC-SHA256 of method, address, body and time.
        HubSpot = "hubspot",
        /// `X-Hub-Signature`, HMAC-SHA1 of the body.
        Intercom = "intercom",
        /// `X-Signature`, HMAC-SHA1 of the body.
        Segment = "segment",
        /// `X-Hub-Signature-256`, HMAC-SHA256 of the body.
        GitHub = "github",
        /// `X-Shopify-Hmac-Sha256`, HMAC-SHA256 of the body.
        Shopify = "shopify",
        /// `X-Slack-Signature`, HMAC-SHA256 of version, time and body.
        Slack = "slack",
        /// `webhook-signature` of Standard Webhooks, HMAC-SHA256 of id, time and body.
        Standard = "standard",
    }

    /// The hash of an HMAC.
    pub enum SignatureHash {
        /// SHA-256.
        Sha256 = "sha256",
        /// SHA-1, where the other side has no other.
        Sha1 = "sha1",
    }

    /// How a signature is written.
    pub enum SignatureDigits {
        /// In hexadecimal digits.
        Hex = "hex",
        /// In Base64.
        Base64 = "base64",
    }

    /// How a body is written that is posted.
    pub enum PostedAs {
        /// As JSON.
        Json = "json",
        /// As one JSON object a line.
        Ndjson = "ndjson",
        /// As a form.
        Form = "form",
    }
}

words! {
    /// How a row relates to those landed before.
    pub enum Mode {
        /// Rows are final; one with a known key is a duplicate if equal, else quarantined.
        Append = "append",
        /// A row with a known key and other content supersedes the former version.
        Upsert = "upsert",
        /// Each file is the whole: like upsert, and keys that are absent end.
        Snapshot = "snapshot",
        /// Each file lists all keys of another source: those that are absent end, and nothing else is taken from it.
        Keys = "keys",
    }

    /// What a file is that has the very same bytes as another one of its source.
    pub enum Identical {
        /// A file like any other.
        Land = "land",
        /// A copy: it is left out, and named.
        Skip = "skip",
    }

    /// What is taken out of texts before they are compared.
    pub enum Clean {
        /// Characters that take no room: of format and control, such as the zero-width space.
        Invisible = "invisible",
        /// Every run of white space becomes one space.
        Spaces = "spaces",
    }

    /// What to do with a local time that exists twice.
    pub enum Ambiguous {
        /// The first of the two.
        Earlier = "earlier",
        /// The second.
        Later = "later",
        /// Neither: the row goes to quarantine.
        Quarantine = "quarantine",
    }

    /// What to do with a local time that does not exist.
    pub enum MissingLocal {
        /// Later by the length of the gap.
        ShiftForward = "shift forward",
        /// The row goes to quarantine.
        Quarantine = "quarantine",
    }
}

/// The zone of a source's local times.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct SourceZone {
    /// IANA name.
    pub name: String,
    /// The column that names the zone of each row, in place of that.
    pub column: Option<String>,
    /// Rule for times that exist twice.
    pub ambiguous: Ambiguous,
    /// Rule for times that do not exist.
    pub missing: MissingLocal,
}

/// How one attribute gets its value.
#[derive(Debug, Clone)]
pub struct Mapping {
    /// The attribute.
    pub attribute: AttributeId,
    /// Its type in the model.
    pub type_: Type,
    /// Where the value comes from.
    pub from: MappingFrom,
    /// A row without a value goes to quarantine.
    pub required: bool,
}

/// Where a value comes from.
#[derive(Debug, Clone)]
pub enum MappingFrom {
    /// A column of the source.
    Column {
        /// Its header; compared after trimming spaces at both ends.
        column: String,
        /// How its text is read.
        parse: Parse,
        /// Texts that mean "no value" here, each with its reason: looked up first.
        missing: Vec<(String, String)>,
        /// Codes and the texts they stand for, applied to the whole cell; other texts stay as they are.
        replace: Vec<(String, String)>,
        /// Text put before the cell's, after `replace` and before it is read.
        prefix: String,
    },
    /// The file's path below the folder that all files of the source share, a colon and the number of the row in it, from
    /// 1: a key for rows without one of their own.
    Position,
    /// The same value in every row.
    Constant(Literal),
    /// Computed from other mapped attributes.
    Expression(Expression),
}

/// How a text becomes a value. Surrounding white space is trimmed first, and texts are brought to Unicode's form NFC.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Parse {
    /// As it is.
    Text,
    /// Decimal number into a scaled integer; also `integer` (scale 0) and money.
    Number {
        /// Decimal digits kept.
        scale: u8,
        /// `.` or `,`.
        decimal_mark: char,
        /// The other of the two, where it groups thousands; spaces and apostrophes may always.
        grouping_mark: Option<char>,
        /// What a `%` behind the number says; without it such a text is no number.
        percent_sign: Option<PercentSign>,
        /// What happens to digits beyond the scale that are not zero.
        excess: Excess,
    },
    /// A number of units of time, or a text that names its own units: `00:04:30`, `4 min 30 s`, `PT4M30S`.
    Duration {
        /// Microseconds in one unit.
        unit_micros: i64,
        /// `.` or `,`.
        decimal_mark: char,
        /// As of numbers.
        grouping_mark: Option<char>,
        /// The parts of a text with colons, where they are declared.
        clock: Option<Clock>,
    },
    /// Texts for true and false, compared without regard to ASCII case.
    Boolean {
        /// True; default `true`, `yes`, `1`.
        yes: Vec<String>,
        /// False; default `false`, `no`, `0`.
        no: Vec<String>,
    },
    /// A calendar day: into a date that day, into a timestamp the instant at which it starts in the source's zone.
    Date {
        /// strptime pattern; default ISO 8601.
        format: Option<String>,
    },
    /// A local time or an instant with offset.
    Timestamp {
        /// strptime pattern; default ISO 8601 / RFC 3339, also with a space for the `T`.
        format: Option<String>,
    },
    /// What has been counted since 1970-01-01T00:00:00Z.
    Epoch(Epoch),
    /// One of a closed list.
    Enum {
        /// Text in the source → member.
        values: Vec<(String, String)>,
        /// What other texts become.
        other: EnumElse,
    },
}

/// What an unlisted text becomes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum EnumElse {
    /// The row goes to quarantine.
    Quarantine,
    /// No value.
    Missing,
    /// This member.
    Value(String),
}

/// A validation rule.
#[derive(Debug, Clone)]
pub struct Rule {
    /// Name, unique within the source.
    pub id: RuleId,
    /// What must hold.
    pub require: Requirement,
    /// What happens if it does not.
    pub otherwise: Otherwise,
}

/// What a rule demands.
#[derive(Debug, Clone)]
pub enum Requirement {
    /// Of every row; unknown passes. May hold [`Node::Exists`](crate::expression::Node::Exists).
    Row(Expression),
    /// The attributes identify a row within everything landed and this load.
    Unique(Vec<AttributeId>),
    /// At least so many rows in a file.
    RowsAtLeast(u64),
    /// At least `share` of the median row count of the last `loads` files of this source.
    RowsAgainstHistory {
        /// Share such as 0.8.
        share: f64,
        /// How many earlier loads; with fewer than three there is no verdict.
        loads: u32,
    },
    /// At most such a share of the rows of a file that could be read has no value of an attribute.
    MissingAtMost {
        /// The attribute.
        attribute: AttributeId,
        /// Share such as 0.05.
        share: f64,
    },
    /// The values of an attribute are spread as in the last `loads` files of this source.
    LikeHistory {
        /// The attribute.
        attribute: AttributeId,
        /// How many earlier loads; with fewer than three there is no verdict.
        loads: u32,
        /// The stability index beyond which they are spread otherwise.
        bound: f64,
    },
}

impl Requirement {
    /// Whether it is about a file as a whole: there is no row to reject.
    pub fn is_of_file(&self) -> bool {
        !matches!(self, Self::Row(_) | Self::Unique(_))
    }
}

words! {
    /// What happens when a rule is broken.
    pub enum Otherwise {
        /// Counted and shown; the row lands.
        Warn = "warn",
        /// The row goes to quarantine.
        Quarantine = "quarantine",
        /// The file is not landed at all.
        Stop = "stop",
    }
}
