//! Sources: connectors, mappings, rules.

use jiff::civil::Date;

use crate::{
    calendar::Grain,
    decode::{
        AmountText, ColumnType, Delimiter, Either, Encoding, ExpressionText, Files, List, Map, Micros, Name,
        Places, RequirementText, Share, TimeFormat, Whole, Zone, choices, one_of, table,
    },
    id::{
        AttributeId, BusinessHoursId, ConnectionId, EntityId, LevelId, PersonId, PurposeId, RuleId, SourceId,
        UnitId,
    },
    project::{
        Ambiguous, Clean, Excess, Identical, MissingLocal, Mode, Otherwise, PercentSign, PostedAs,
        SignatureDigits, SignatureHash, SignedBy, WhenLate,
    },
    word::words,
};

use super::connection::SecretText;

table! {
    Csv = "csv", "Delimited text.";
    files: Files, required, "Path or glob below the project's folder, or `CONNECTION:` and the glob of keys in its bucket.", "data/2015_*.csv.gz";
    delimiter: Delimiter, default "\",\"", "What separates cells: one character or a few.", "\",\"";
    encoding: Encoding, default "utf-8", "Label of the text encoding.", "utf-8";
    header_row: Whole<1, 1000>, default "1", "Line of the header, from 1.", "1";
    label_rows: Whole<0, 10>, default "0",
        "Lines below the header that say what columns mean, such as the questions of a survey: kept as descriptions, no data.", "1";
}

table! {
    PlainFiles = "files", "Files.";
    files: Files, required, "Path or glob below the project's folder, or `CONNECTION:` and the glob of keys in its bucket.", "data/events_*.ndjson.gz";
}

table! {
    JsonFiles = "json_files", "JSON documents.";
    files: Files, required, "Path or glob below the project's folder, or `CONNECTION:` and the glob of keys in its bucket.", "data/orders_*.json";
    rows: String, optional,
        "Where the list of rows stands in a document, as a dotted path; default the document is the list.", "data.orders";
}

table! {
    FixedWidth = "fixed_width", "Lines whose columns stand at fixed places.";
    files: Files, required, "Path or glob below the project's folder, or `CONNECTION:` and the glob of keys in its bucket.", "data/members_*.txt";
    columns: Map<String, Places>, required,
        "Column → its first and last character, from 1; spaces around what stands there are padding.",
        "{id: 1..8, joined: 9..16}";
    encoding: Encoding, default "utf-8", "Label of the text encoding.", "utf-8";
    skip_lines: Whole<0, 1000>, default "0", "Lines before the first row.", "1";
}

table! {
    Excel = "excel", "A sheet of Excel workbooks.";
    files: Files, required, "Path or glob below the project's folder, or `CONNECTION:` and the glob of keys in its bucket.", "data/*.xlsx";
    sheet: String, optional, "Name of the sheet; default the first.", "Answers";
    header_row: Whole<1, 1000>, default "1", "Row of the header, from 1.", "1";
    label_rows: Whole<0, 10>, default "0",
        "Rows below the header that say what columns mean, such as the questions of a survey: kept as descriptions, no data.", "1";
}

table! {
    Database = "database", "What is fetched of a database: a table or a query.";
    connection: ConnectionId, required, "The way to the database.", "crm";
    table: String, optional, "Name of the table or view, with its schema if need be.", "public.account";
    query: String, optional, "A `SELECT` in the database's own words.", "select id, tier from account where not test";
    cursor: String, optional,
        "A column that grows whenever a row is new or changes: only what is not below its last value is fetched. Without one everything is fetched every time.",
        "updated_at";
    changes: String, optional,
        "PostgreSQL: name of a replication slot of `pgoutput` and of the publication of the table, by which all that changes in it is fetched, also what is deleted.",
        "kepi_accounts";
    look_back: Micros, optional,
        "How far below the cursor's last value to look again, for changes that were committed late.", "10 minutes";
}

words! {
    /// What there is of Kepi itself as rows.
    pub(crate) enum Own {
        /// Figures that people entered and others agreed to.
        Entries = "entries",
        /// What waits for somebody, or did, as it stands.
        Items = "items",
        /// What was landed, a row for each load of a source.
        Loads = "loads",
    }
}
choices!(Own);

table! {
    SingerStream = "singer_stream", "A stream of a Singer tap.";
    connection: ConnectionId, required, "The tap.", "shop";
    stream: String, required, "Name of the stream.", "orders";
}

table! {
    PagesByToken = "pages_by_token", "Each page tells a token by which the next is asked for.";
    token: String, required, "Where the token stands in a page; none there, and it was the last.", "meta.after_cursor";
    parameter: String, required, "The parameter of the query that takes it.", "cursor";
    last: String, optional, "Where a page says that it is the last, by `true`.", "end_of_stream";
    resume: bool, default "false", "Whether the last token is where the next run goes on.", "true";
}

table! {
    PagesByNumber = "pages_by_number", "Pages have numbers; the first without rows is behind the last.";
    parameter: String, required, "The parameter of the query that takes the number.", "page";
    first: Whole<0, 1>, default "1", "Number of the first page.", "1";
}

table! {
    PagesByOffset = "pages_by_offset", "Pages begin at so many rows; the first without rows is behind the last.";
    parameter: String, required, "The parameter of the query that takes the number of rows.", "offset";
}

table! {
    PagesAfter = "pages_after", "Each page begins behind a row.";
    parameter: String, required, "The parameter of the query that takes the last row's value.", "starting_after";
    field: String, required, "The field of a row that is taken.", "id";
    more: String, optional, "Where a page says that there are more, by `true`; else the first without rows ends them.", "has_more";
}

one_of! {
    HttpPages = "http_pages", "How the next page is found.";
    Link "link": String, "Where a page has the address of the next; none there, and it was the last.", "links.next";
    LinkHeader "link_header": String, "The `rel` of the header `Link` that leads to the next.", "next";
    Token "token": PagesByToken, "By a token.", "{token: meta.after_cursor, parameter: cursor}";
    Number "number": PagesByNumber, "By number.", "{parameter: page}";
    Offset "offset": PagesByOffset, "By the number of rows so far.", "{parameter: offset}";
    After "after": PagesAfter, "Behind the last row.", "{parameter: starting_after, field: id, more: has_more}";
}

table! {
    HttpSince = "http_since", "Only what is new is asked for.";
    parameter: String, required, "The parameter of the query that takes the greatest value so far.", "updated_since";
    field: String, required, "The field of a row that grows with each change.", "updated_at";
    start: String, required, "What is asked for first.", "2020-01-01T00:00:00Z";
}

table! {
    HttpJob = "http_job", "A job that makes what is fetched: it is started, asked after until it is done, and then `get` is fetched.";
    start: String, required, "The path that starts it, by `POST`.", "/v3/exports";
    body: String, optional, "What is sent: an object of JSON, to which `since` adds its parameter.", "'{\"format\": \"json\"}'";
    poll: String, required, "The path by which it is asked after; `{PATH}` is what an answer before had there.", "\"/v3/exports/{id}\"";
    state: String, required, "Where an answer has its state.", "status";
    done: String, required, "The state in which it is done.", "complete";
    failed: List<String>, optional, "States in which it never will be.", "[failed]";
}

table! {
    HttpGet = "http_get", "What is fetched of a server over HTTP: pages of JSON.";
    connection: ConnectionId, required, "The server.", "helpdesk";
    get: String, required, "The path, below the connection's address; behind a `job` `{PATH}` is what an answer of it had there.", "/v1/tickets";
    job: HttpJob, optional, "What is to be done before, where a server makes what is fetched on demand.",
        "{start: /v3/exports, poll: \"/v3/exports/{id}\", state: status, done: complete}";
    query: Map<String, String>, optional, "Parameters of every request.", "{per_page: \"100\"}";
    first: Map<String, String>, optional, "Parameters of the first request of all only.", "{start_time: \"0\"}";
    rows: String, optional, "Where the list of rows stands in a page, as a dotted path; default the page is the list.", "tickets";
    pages: HttpPages, optional, "How the next page is found; default there is one.", "{link: links.next}";
    since: HttpSince, optional, "Only what is new; default everything.",
        "{parameter: updated_since, field: updated_at, start: \"2020-01-01T00:00:00Z\"}";
}

choices!(SignedBy, SignatureHash, SignatureDigits, PostedAs);

table! {
    HookSignature = "hook_signature", "How a body is signed that is posted, where the other side is none that is known by name.";
    header: String, required, "The header in which the signature stands; several are parted by commas or spaces.", "X-Signature";
    hash: SignatureHash, default "sha256", "By which hash the HMAC is made.", "sha256";
    digits: SignatureDigits, default "hex", "How it is written.", "base64";
    prefix: String, optional, "What stands before it.", "sha256=";
    timestamp: String, optional,
        "The header that says when it was signed, in seconds or milliseconds since 1970 or as RFC 3339: more than 5 minutes off, and it is refused.", "X-Timestamp";
    of: String, default "\"{body}\"",
        "What is signed: `{body}`, and around it `{timestamp}` as its header says it, `{method}` and the whole `{address}`.", "\"{timestamp}.{body}\"";
}

/// By name, or described.
pub(crate) type Signed = Either<SignedBy, HookSignature>;

table! {
    Webhook = "source_webhook", "What is posted to `/hooks/SOURCE` of `kepi serve`.";
    signature: Signed, optional, "How what is posted is signed: as one of those does that are known by name, or as described.", "stripe";
    token: String, optional, "The header that holds one of the secrets itself, where the other side signs nothing.", "X-Hook-Token";
    secrets: List<SecretText>, required, "Any of them will do, so that they can be exchanged one after the other.", "[{env: STRIPE_HOOK_SECRET}]";
    body: PostedAs, default "json", "How a body is written: `json`, one `ndjson` object a line, or a `form`.", "ndjson";
    rows: String, optional,
        "Where rows stand in a body of JSON, as a dotted path: a list, or an object that is one row; default the body itself.", "events";
    delivery: String, optional,
        "The header that names a delivery, the same when it is repeated; default that of who is known by name. Rows have it as `_delivery`.", "X-Delivery-Id";
    per_minute: Whole<1, 600_000>, default "6000",
        "So many posts are taken in a minute; what comes beyond is refused with 429 and is to be posted again.", "60000";
    earlier_names: List<String>, optional,
        "Names that the source had: what still waits under them lands here, and what is posted to their addresses is its.", "[shop_orders]";
}

one_of! {
    Connector = "connector", "Where and how a source is read.";
    Csv "csv": Csv, "Delimited text; `.gz` is unpacked.", "{files: data/a.csv}";
    FixedWidth "fixed_width": FixedWidth, "Lines whose columns stand at fixed places; `.gz` is unpacked.",
        "{files: data/a.txt, columns: {id: 1..8}}";
    Excel "excel": Excel, "A sheet of Excel workbooks (`.xlsx`).", "{files: data/a.xlsx}";
    Ndjson "ndjson": PlainFiles, "One JSON object a line; `.gz` is unpacked.", "{files: data/a.ndjson}";
    Json "json": JsonFiles, "JSON documents whose rows are the elements of a list; `.gz` is unpacked.",
        "{files: data/a.json, rows: data.orders}";
    Parquet "parquet": PlainFiles, "Parquet.", "{files: data/a.parquet}";
    Database "database": Database, "Rows of a database, fetched through a connection.", "{connection: crm, table: account}";
    Http "http": HttpGet, "Pages of JSON of a server, fetched through a connection.",
        "{connection: helpdesk, get: /v1/tickets, rows: tickets, pages: {link: links.next}}";
    Kepi "kepi": Own, "What was decided or entered in Kepi itself.", "entries";
    Singer "singer": SingerStream, "A stream of a Singer tap, fetched through a connection.", "{connection: shop, stream: orders}";
    Webhook "webhook": Webhook, "What another system posts to `/hooks/SOURCE` of `kepi serve`.",
        "{signature: stripe, secrets: [{env: STRIPE_HOOK_SECRET}]}";
}

table! {
    SourceZone = "source_zone", "The zone of local times, and what to do with those that exist twice or never.";
    name: Zone, required, "IANA name of the zone.", "Europe/Berlin";
    column: String, optional, "A column that names the zone of each row; where it names none the zone is `name`.", "tz";
    ambiguous: Ambiguous, default "earlier", "A local time that exists twice.", "earlier";
    missing: MissingLocal, default "shift forward", "A local time that does not exist.", "shift forward";
}

table! {
    OrderColumn = "order_column", "The column that says which of a source's files is newer.";
    column: String, required, "A column whose value in the first row orders the files, in natural order.", "exported_at";
}

table! {
    Dates = "dates", "Which dates can be meant.";
    from: Date, default "1900-01-01", "The first day that can be meant; a row with an earlier one goes to quarantine.",
        "1900-01-01";
    until: Date, default "2100-01-01", "The first day that cannot be meant any more.", "2100-01-01";
    open: List<Date>, optional, "Days that stand for \"no end yet\": no value, for the reason `open`.", "[9999-12-31]";
}

table! {
    Deletes = "deletes", "Which rows say that a key is gone, and how many keys may be absent from a list of all.";
    at_most: Share, optional,
        "Snapshots and lists of keys: if more of those in force are absent, the file is not landed; default 10%.", "10%";
    filter "where": ExpressionText, optional, "Rows for which this is true say that their key is gone.", "deleted";
}

table! {
    Merges = "merges", "Which column says that the source has merged rows into others: what refers to a row that was merged counts for the one it was merged into.";
    into: String, optional, "The column that names, in a row that was merged, the key of the row it was merged into.", "MasterRecordId";
    lists: String, optional, "The column that lists, in a row that others were merged into, the keys of those.", "hs_merged_object_ids";
    separator: String, default "\";\"", "What separates keys in a list.", "\";\"";
}

table! {
    Expect = "expect", "When the source is expected to deliver: once in `every` period of the calendar, or `within` a time of the delivery before.";
    every: Grain, optional, "In each of these something new is to come.", "day";
    by: String, optional, "By which time of the day; default its end.", "\"06:00\"";
    on_day: Whole<1, 366>, optional,
        "Longer periods than a day: by which of their days; default the first if a time is said, else the last.", "3";
    within: Micros, optional, "How long after the delivery before the next is due at the latest.", "2 hours";
    time_zone: Zone, optional, "Whose clocks are meant; default the project's.", "Europe/Berlin";
    business_hours: BusinessHoursId, optional,
        "Only days on which it is open count, and of `within` only the time in which it is.", "support_desk";
    published: Micros, optional, "How long after it landed its figures are published at the latest.", "2 hours";
    kept_at_least: Share, optional, "The service level: of what is due in a month so much comes in time.", "95%";
}

table! {
    Load = "load", "When runs look at the source: once in `every`, while the `window` is open. A run at another time goes on without it, and says so.";
    every: Micros, optional, "At most once in so long; a run that comes a tenth of it too early is in time.", "1 hour";
    window: BusinessHoursId, optional, "Only while it is open: hours of the day, days of the week, no holidays.", "nights";
}

table! {
    Rejections = "rejections", "How many rows of a file may be rejected.";
    at_most: Share, default "5%", "A run that rejects more ends with a finding.", "5%";
}

/// A zone by its name, or with rules.
pub(crate) type TimeZone = Either<Zone, SourceZone>;
/// Texts, or texts with what they stand for.
pub(crate) type Texts = Either<List<String>, Map<String, String>>;

words! {
    /// What a position is made of.
    pub(crate) enum Position {
        FileAndRow = "file and row",
    }

    /// What stands before decimals.
    pub(crate) enum DecimalMark {
        Point = ".",
        Comma = ",",
    }
}
words! {
    /// What stands between groups of thousands, where it could be taken for decimals.
    pub(crate) enum GroupingMark {
        Comma = ",",
        Point = ".",
    }
}
words! {
    /// By what files are ordered.
    pub(crate) enum FileOrder {
        Name = "name",
        Modified = "modification time",
    }
}
choices!(Position, DecimalMark, GroupingMark, FileOrder, Clean);

/// By name, by modification time, or by a column.
pub(crate) type Order = Either<FileOrder, OrderColumn>;

table! {
    Bands = "bands", "In which band a number lies: each edge begins one, what is below the first is another.";
    value: ExpressionText, required, "The number, computed from other mapped attributes.", "age";
    edges: List<AmountText>, required, "Where bands begin, ascending.", "[25, 45, 65]";
    labels: List<String>, optional, "What the bands are called, one more than edges; default `24 or less`, `25 to 44`, `65 or more`.",
        "[young, middle, older, old]";
}

table! {
    Unpivot = "unpivot", "Wide to long: every cell of some columns that is not empty becomes a row of its own.";
    columns: List<String>, required, "Headers of the columns; `*` stands for any characters.", "[\"Q7_*\"]";
    name: String, optional, "What the mapping calls the column that holds their headers; default `name`.", "question";
    value: String, default "value", "What the mapping calls the column that holds their cells.", "answer";
}

table! {
    Mapping = "mapping",
    "How one attribute gets its value: from a `column`, as a `constant`, from its `position`, by an `expression` or as one of `bands`.";
    column: String, optional, "Header of the column.", "RESPNUM";
    constant: String, optional, "The same value in every row.", "passenger_2015";
    position: Position, optional, "File and number of the row: a key for rows without one.", "file and row";
    expression: ExpressionText, optional, "Computed from other mapped attributes.", "quantity * weight";
    bands: Bands, optional, "The band in which a number lies.", "{value: age, edges: [25, 45, 65]}";
    as_ "as": ColumnType, optional,
        "How the column's text is read: the attribute's type; a duration names its unit, or `h:mm:ss`, `h:mm`, `m:ss`.", "text";
    replace: Map<String, String>, optional, "Code → text it stands for; other texts stay as they are.",
        "{\"1\": \"07\"}";
    prefix: String, optional, "Text put before the cell's before it is read.", "\"2015-\"";
    format: TimeFormat, optional, "strptime pattern of a date or timestamp, or `epoch seconds`, `milliseconds`, `microseconds` or `nanoseconds`.", "\"%d.%m.%Y %H:%M\"";
    decimal_mark: DecimalMark, default "\".\"", "What stands before decimals.", "\",\"";
    grouping_mark: GroupingMark, optional,
        "What stands between groups of thousands; spaces and apostrophes need no word.", "\",\"";
    percent_sign: PercentSign, optional,
        "A `%` behind every number: by `hundredths`, `85%` is 0.85; `dropped`, it is 85 (then a number may lack it).", "hundredths";
    excess_digits: Excess, default "quarantine", "Digits beyond the declared ones.", "round";
    missing: Texts, optional, "Texts that mean \"no value\" here, or a map from text to its reason.",
        "{\"0\": blank}";
    values: Map<String, String>, optional, "Text in the source → member of the enum.",
        "{Tel: phone}";
    else_ "else": String, default "quarantine",
        "What other texts of an enum become: `quarantine`, `missing` or a member.", "quarantine";
    yes "true": List<String>, default "[true, yes, \"1\"]", "Texts for true.", "[Y, \"1\"]";
    no "false": List<String>, default "[false, no, \"0\"]", "Texts for false.", "[N, \"0\"]";
    required: bool, default "false", "A row without a value goes to quarantine.", "true";
}

table! {
    Rule = "source_rule", "What must hold of rows or files, and what happens if it does not.";
    name: Name<RuleId>, required, "Its name, unique within the source.", "closes_after_open";
    require: RequirementText, required, "What must hold.", "closed_at >= opened_at";
    else_ "else": Otherwise, required, "What happens if it does not.", "quarantine";
}

table! {
    Attest = "attest", "That whoever keeps the rows of a source says of each period that they are whole and right, once it is over.";
    every: Grain, required, "Of which periods.", "month";
    within: Whole<1, 100>, default "5", "Within so many days of business after the end of a period: the cut-off.", "3";
    level: LevelId, optional, "Each unit of this level says it for itself; default one says it for all rows.", "region";
    stewards: Map<UnitId, PersonId>, optional,
        "Who keeps the rows of a unit and of those beneath it. A unit without inherits from the one above; then whoever manages it says it, then the source's `owner`.",
        "{emea: data_emea}";
    else_ "else": WhenLate, default "block",
        "What becomes of a close while somebody has not said it: it waits (`block`); from the cut-off on without that unit (`exclude`) or with its last closed figures (`carry`); nothing (`warn`).",
        "exclude";
}
choices!(WhenLate);

table! {
    Source = "source", "A place data come from, and how its rows become rows of an entity.";
    source: Name<SourceId>, required, "The source's name.", "survey_2015";
    name: String, optional;
    description: String, optional;
    extends: SourceId, optional,
        "Another source, for one more region or system of the same shape: what is not written here is as that says it, of `from` of the same kind option by option, of `map` attribute by attribute.",
        "answers_of_north";
    into: EntityId, required, "The entity it fills.", "survey_response";
    from: Connector, required, "Where and how to read.", "{csv: {files: data/a.csv}}";
    mode: Mode, required,
        "How a row relates to those landed before: final, superseding, each file is the whole, or each file lists the keys of another source.",
        "append";
    keys_of: SourceId, optional, "Mode `keys` only: the source whose keys each file lists, all of them.", "accounts";
    key_ "key": List<AttributeId>, optional, "The attributes that identify a row; default the entity's key.", "[id]";
    order: Order, default "name",
        "Which file is newer: the greater name in natural order, the later modification, or by a column.",
        "{column: exported_at}";
    deletes: Deletes, optional,
        "Which rows say that a key is gone; of snapshots and lists of keys, how many may be absent: default 10%, at least five rows, never all.",
        "{at_most: 25%}";
    merges: Merges, optional, "Which column says that rows were merged into others.", "{into: MasterRecordId}";
    quarantine: Rejections, default "{}", "How many rows may be rejected before a run says so aloud.",
        "{at_most: 1%}";
    dates: Dates, default "{}", "Which dates can be meant.", "{until: 2200-01-01, open: [9999-12-31]}";
    clean: List<Clean>, optional,
        "What is taken out of texts: `invisible` characters; runs of `spaces` become one.", "[invisible, spaces]";
    version: AttributeId, optional, "Upsert only: the attribute that says which row is newer.", "updated_at";
    identical: Identical, default "land",
        "Append only: what another file with the very same bytes is, one like any other or a copy that is left out.",
        "skip";
    time_zone: TimeZone, optional, "Zone of local times and dates; default the project's.", "Europe/Berlin";
    missing: List<String>, default "[\"\"]", "Texts that mean \"no value\" in every column.", "[\"\", \"NA\"]";
    unpivot: Unpivot, optional, "Columns whose cells become rows of their own.",
        "{columns: [\"Q7_*\"], name: question, value: answer}";
    only: ExpressionText, optional, "Rows that do not match are out of scope: counted, not landed.",
        "status != 'test'";
    map: Map<String, Mapping>, required, "One mapping an attribute.", "{id: {column: ID, as: text}}";
    rules: List<Rule>, optional, "Validation rules.", "[{name: some, require: rows >= 1, else: stop}]";
    complete_until: Date, optional,
        "Last day for which everything is in, whatever the last row says; of days to come nothing is known.", "2015-12-31";
    expect: Expect, optional, "When it is expected to deliver; what is late is said on pages, and of the KPIs it feeds.",
        "{every: day, by: \"06:00\"}";
    load: Load, optional, "When runs look at it; default at every run.", "{every: 1 hour, window: nights}";
    purpose: PurposeId, optional, "What its data may be used for.", "service_improvement";
    owner: PersonId, optional, "Who answers for it.", "terminal_lead";
    unit: UnitId, optional, "The unit that delivers it: what is expected of it is owed by that unit, and agreed on with whoever manages it.", "emea";
    attest: Attest, optional, "That whoever keeps its rows says of each period that they are whole and right.",
        "{every: month, level: region, else: exclude}";
}
