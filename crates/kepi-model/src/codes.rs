//! Every code of a finding: its severity, title and explanation.

use crate::finding::{Code, Severity};

/// What is to be known of a code.
#[derive(Debug, Clone, Copy)]
pub struct CodeInfo {
    /// The code.
    pub code: Code,
    /// How bad its findings are.
    pub severity: Severity,
    /// A few words.
    pub title: &'static str,
    /// A paragraph.
    pub explanation: &'static str,
    /// What is expected, where a finding says nothing closer.
    pub expected: &'static str,
    /// What to do, where a finding says nothing closer.
    pub fix: &'static str,
}

/// What is to be known of a code.
pub fn info(code: Code) -> Option<&'static CodeInfo> {
    find(code.0)
}

/// The same by text, in upper or lower case.
pub fn find(code: &str) -> Option<&'static CodeInfo> {
    CODES.iter().find(|i| i.code.0.eq_ignore_ascii_case(code))
}

macro_rules! codes {
    ($($id:ident $code:literal $severity:ident $title:literal $explanation:literal
        $expected:literal $fix:literal;)*) => {
        $(#[doc = $title] pub const $id: Code = Code($code);)*
        /// All codes in order.
        pub const CODES: &[CodeInfo] = &[$(CodeInfo {
            code: $id, severity: Severity::$severity, title: $title, explanation: $explanation,
            expected: $expected, fix: $fix,
        }),*];
    };
}

codes! {
    NOT_YAML "K0101" Error "not YAML"
        "The text cannot be read as YAML, so nothing in this document is known. Other documents are still checked. The place shown is where reading failed; the cause is often just before it: a missing quote, bracket or colon, or a line that is indented differently."
        "maps as `key: value`, lists in `[…]` or with `- `, indented by spaces"
        "look at the indentation and at quotes, brackets and colons just before this place";
    YAML_REFUSED "K0102" Error "anchor, alias or tag"
        "Definitions say everything where it is needed: YAML anchors, aliases and tags are refused, because a change far away would change what is read here, and small files could grow without limit."
        "plain maps, lists and texts"
        "write the value out where it is needed; a text that begins with `&`, `*` or `!` stands in quotes";
    DUPLICATE_KEY "K0103" Error "a key is written twice"
        "A map holds each key once. With two, one of the values would be lost without a word."
        "each key once in a map"
        "keep one of them";
    TOO_LARGE "K0104" Error "too large, too many or too deep"
        "Whatever a definition can hold has a limit, far beyond what a person writes: the length of a file and of a text, the depth of its nesting, how many items a list has, how many documents a project, how many levels its units. So a damaged or hostile file is a finding and never a crash."
        "what a person would write: the finding says how much is read"
        "split it, shorten it or correct it; data belong into files under `data/`";
    UNKNOWN_KIND "K0105" Error "unknown kind of definition"
        "The first key of a document names its kind: project, person, governance, alert, channel, unit, entity, business_hours, connection, source, strategy, benchmark, kpi, rule or scorecard."
        "one of the kinds as the first key: project, person, governance, alert, channel, unit, entity, business_hours, connection, source, strategy, benchmark, kpi, rule, scorecard"
        "write the kind first, such as `kpi: relationship_nps`";
    UNKNOWN_FIELD "K0106" Error "unknown field"
        "This kind of definition has no such field. Nothing that is written is ignored, so a mistyped option cannot silently do nothing."
        "one of the fields of this kind; `kepi schema` and docs/reference/fields.md list them"
        "correct the word, or remove the line";
    MISSING_FIELD "K0107" Error "a field is missing"
        "A field that has no default must be written. The finding says what the field means and how it may look."
        "the field that is named"
        "add it";
    WRONG_SHAPE "K0108" Error "text, list or map expected"
        "The value has another shape than its field: a text where a list is meant, a map where a text is meant, or nothing at all."
        "another shape of value"
        "write it in the shape that is expected";
    NOT_A_NAME "K0109" Error "not a name"
        "Names appear in file names, addresses and expressions; therefore they start with a lower-case letter and go on with lower-case letters, digits or underscores, at most 63 characters."
        "a lower-case letter, then letters, digits or `_`, at most 63 characters"
        "rename it; what people see stands under `name`";
    NOT_A_CHOICE "K0110" Error "not one of the words allowed"
        "The field takes one of a few words, all of which are listed. Other words are refused rather than taken for a default."
        "one of the words listed"
        "write one of them";
    NOT_A_NUMBER "K0111" Error "not a number of the allowed range"
        "The field takes a whole number within limits, both of which count as within."
        "a whole number within the limits of the field"
        "write a whole number without point, sign of grouping or unit";
    NOT_A_SHARE "K0112" Error "not a share"
        "Shares carry their sign: `70%`. A bare 0.7 or 70 is refused because the one is easily taken for the other."
        "a number with `%`, such as `70%`"
        "write it with its sign: `70%`";
    NOT_A_DURATION "K0113" Error "not a length of time"
        "Lengths of time carry their unit: `4 hours`, `30 days`. A bare number is refused because nobody can see its unit."
        "a number and a unit, such as `4 hours`, `90 minutes` or `30 days`"
        "write the number and its unit with a blank between them";
    NOT_A_DATE "K0114" Error "not a date"
        "Dates are written year, month, day: `2026-01-31`. Other orders are refused, because 01/02/2026 is read differently in different countries."
        "year, month and day, such as `2026-01-31`"
        "write the day as `2026-01-31`";
    ONE_KEY "K0115" Error "exactly one key expected"
        "Some maps name a kind by their only key, such as the kind of a measure; two kinds at once mean nothing."
        "exactly one key"
        "keep the one that is meant";
    DEFINED_TWICE "K0116" Error "defined twice"
        "Two definitions of one kind have the same name, so a reference to it could mean either."
        "each name once"
        "rename one of them or remove it";
    PROJECT_COUNT "K0117" Error "not exactly one project"
        "A project has exactly one `project:` document; it says the reporting zone and the calendar, without which no period is known."
        "one `project:` document"
        "write one in `kepi.yml`: `project`, `name`, `language: 1` and `time_zone`";
    STRATEGY_COUNT "K0118" Error "more than one strategy"
        "A project has at most one strategy, so that every objective and every scorecard belongs to the same one."
        "at most one `strategy:` document"
        "bring them together in one document";
    NO_DEFINITIONS "K0119" Error "a document without definition"
        "A document is a map whose first key names its kind. This one is a list or a text."
        "a map whose first line names its kind, such as `kpi: relationship_nps`"
        "write each definition as a map, several of them apart by a line `---`; a list of definitions is none";
    NOT_READ "K0120" Error "a file that cannot be read"
        "Definitions are UTF-8 texts. Of a file in another encoding, or one that the system does not open, what it defines is not known; everything else is still checked. Links are followed to where they lead."
        "a file of UTF-8 text that may be read"
        "save it as UTF-8, or let whoever runs Kepi read it; remove it if it is no definition";

    ENGINE "K0121" Error "an engine that nobody could reach"
        "`engine` says where scans are computed, if not where the run is: the address of a scheduler, and perhaps a bucket for data files. Keys of the bucket stand in the environment of each process, never here."
        "a scheduler such as `ballista://10.0.0.5:50050`, a bucket such as `s3://our-kpis/interactions`"
        "correct the address; without `engine` scans are computed where the run is";
    UNKNOWN_NAME "K0201" Error "unknown name"
        "The name refers to something that is defined nowhere in the project."
        "the name of something that the project defines"
        "correct the name, or define what it names";
    UNKNOWN_TYPE "K0202" Error "unknown type"
        "The type of an attribute or column is one of a short list. Numbers and money state their decimals because Kepi computes exactly, durations in a column their unit."
        "one of the types that the finding lists"
        "write one of them";
    UNKNOWN_ATTRIBUTE_OF_ENTITY "K0203" Error "an entity's key or time is no attribute of it"
        "The key identifies a row and the time dates it; both must be attributes of the entity."
        "an attribute of this entity"
        "correct the name, or add it under `attributes`";
    ATTRIBUTE_CONFLICT "K0204" Error "an attribute contradicts the built-in one"
        "A built-in attribute may be refined, with a scale, a name or a closed list of values, but keeps what it holds; its entity keeps its key."
        "what the built-in entity has, refined at most"
        "give your attribute another name";
    BAD_SCALE "K0205" Error "not a scale, or a scale where none can be"
        "A scale is the lowest and the highest answer of a rating, such as `1..5`, with at most 10 000 answers. Only integers have one."
        "the lowest and the highest answer, such as `1..5`, of an attribute of `type: integer`"
        "write `scale: 1..5`, or leave it out where nothing is rated";
    ENUM_VALUES "K0206" Error "an enum without values, or values without an enum"
        "An `enum` lists its members under `values`; other types have none."
        "`type: enum` with `values: [web, phone]`, each once"
        "write the members under `values`, each once, or choose `type: text`";
    UNKNOWN_ZONE "K0207" Error "unknown time zone"
        "Zones are named as in the IANA database that comes with Kepi, such as `Europe/Berlin`. Abbreviations such as CET are no zones: they do not say when clocks change."
        "an IANA name such as `Europe/Berlin` or `UTC`"
        "write the zone as continent and city: `Europe/Berlin`, `America/New_York`";
    NOT_A_TIME "K0208" Error "not a date or time"
        "What dates a row must be a date or a timestamp; it decides the period in which the row counts."
        "an attribute of type date or timestamp"
        "name an attribute that dates the row";
    NO_KEY "K0209" Error "a new entity without key"
        "Without a key no row can be told from another, so none could be superseded or found twice."
        "`key: [id]`: the attributes that identify a row"
        "add `key`, such as `key: [id]`";
    MADE_NOT_LANDED "K0210" Error "a source fills what is made"
        "Gathered and computed attributes, and entities with `rows`, are made of landed rows each time something is computed. A source lands rows, so it neither fills such things nor reads them."
        "what is landed"
        "map it into an attribute with a `type`, or leave it out";
    ATTRIBUTE_FORM "K0211" Error "an attribute says in several ways what it is"
        "An attribute is landed (`type`, filled by sources), computed from others of its row (`expression`), or gathered from rows of another entity (`count`, `any`, `sum`, `least`, `greatest`, `first`, `last`, `distinct`, `days`). Each way has its own fields; one that belongs to another way would do nothing."
        "one way, and its fields"
        "remove what belongs to another way";
    GATHERED_VALUE "K0212" Error "a gathered value that is missing, or none where none is taken"
        "`sum`, `least`, `greatest`, `first`, `last` and `distinct` are made of a value of each row: an attribute behind a dot, or `value`. `count`, `any` and `days` look at the rows alone. Sums are of numbers, money or durations; least and greatest also of dates."
        "`sum: order.amount`, `count: order`"
        "say of what, or leave it out";
    SAME "K0213" Error "what ties rows together is not clear"
        "Rows of another entity are gathered that belong to a row. By default they do if they refer to it (those of a panel: to its subject) by their only reference to its entity. Where there is none, or several, `same` says which attributes are equal."
        "`same`: an attribute that both have, or a map `{ATTRIBUTE_OF_THIS: ATTRIBUTE_OF_THEIRS}`"
        "add `same`";
    STRETCH "K0214" Error "a stretch of time that cannot be"
        "Rows are gathered from a stretch: `from` (its own instant is in) or `after` (it is not), and `until` (it is not); or one of these bounds and a length, `within`; or, in place of a stretch, as they are `in_force` at an instant. `this` is the row's own place among rows of the same entity."
        "a beginning, an end, or one of them and a length"
        "keep what is meant";
    NOT_LASTING "K0215" Error "from when until when is not said"
        "What is in force at an instant has begun before it and has not ended; a panel has rows for as long as its subject lasts. Both need to know from when until when a row of the entity lasts."
        "`lasts: {from: started_at, until: ended_at}` in the entity"
        "add `lasts` to the entity";
    MADE_CYCLE "K0216" Error "made of itself"
        "What is made is made after what it needs. Here one needs the other in a circle, so that none can be made first."
        "attributes that do not need each other"
        "gather or compute one of them from something else";
    ROWS "K0217" Error "rows that cannot be made so"
        "A panel has a row for each row of a landed entity and each period of its life; stages are what such a row goes through; a union takes rows of several entities as those of one; versions are all that was landed of an entity. Key, date and some attributes come with the rows: see the reference. What is added is gathered or computed; nothing is landed in them."
        "`rows: {every: month, of: account}`, `{of: account, stages: {…}}`, `{union: […]}` or `{versions: ticket}` in a new entity"
        "correct it as said";
    PANEL_PERIOD "K0218" Error "a panel whose periods are not said here"
        "`every: period` makes other rows for each length of period that KPIs ask for. Who gathers from a panel has no period of its own, so the length is not known."
        "a panel with periods of one length, such as `every: month`"
        "say how long its periods are, or gather from what it is made of";
    PANEL_OPTION "K0219" Error "only rows of a panel have periods"
        "`ago` moves the stretch by whole periods of the calendar, which only the rows of a panel have."
        "an attribute of an entity with `rows: {every: …}`"
        "move the bounds by a length instead: `from: created_at - 30 days`";
    STAGES "K0220" Error "stages that do not fit together"
        "Stages have names, in the order in which they are gone through. An entry counts from no stage and from the stages before; `follows` says otherwise, by the names of stages, or `nothing`."
        "names of stages of the same entity, or `nothing`"
        "correct the name";

    UNIT_ROOT "K0301" Error "not exactly one root of the units"
        "Units form one tree: exactly one has no parent, and every other one leads up to it."
        "exactly one unit without `parent`"
        "write the `parent` of all units but one";
    UNIT_CYCLE "K0302" Error "units form a circle"
        "Following the parents of a unit must lead to the root; here it leads back to where it began."
        "parents that lead up to one root"
        "give one of them its true parent, or none if it is the root";
    UNIT_LEVEL "K0303" Error "a unit without level"
        "Every unit below the root has a level; a cascade matches levels with dimensions."
        "`level`, such as `level: region`; only the root may do without"
        "add `level`, the word for units of this kind";
    UNIT_MEMBER "K0304" Error "two units stand for the same member"
        "Two units of one level stand for the same segment member, so its rows would belong to both."
        "one unit for each member of a level"
        "give one of them another `member`";
    BAD_OPENING "K0305" Error "not a stretch of a day"
        "Hours of a day are two times, the earlier first: `09:00-17:30`. They end at midnight, `24:00`, at the latest, so that every stretch belongs to one day."
        "two times of a day, the earlier first, such as `\"09:00-17:30\"`; the last may be 24:00"
        "write a night as two stretches, one until 24:00 and one from 00:00 on the next day";
    NEVER_OPEN "K0306" Error "business hours without hours"
        "In hours that never come no time passes, so nothing could be measured in them."
        "at least one stretch of a day, such as `weekdays: [\"09:00-17:00\"]`"
        "write the hours of at least one day of the week";
    DAY_TWICE "K0307" Error "a day written twice"
        "A day is a holiday or a special day, once, so that there is no doubt when it is open."
        "each day once"
        "keep one of them: a holiday is closed, a special day says when it is open";
    OVERLAPPING_HOURS "K0308" Error "hours that overlap"
        "Two stretches of one day overlap, so the time in both would count once or twice."
        "stretches of a day one after the other"
        "write one stretch, or let the second begin when the first ends";
    UNKNOWN_LEVEL "K0310" Error "a level that no unit has"
        "`unit_above` says below which unit of a level another stands; levels are those that units have."
        "a level of units"
        "correct the name, or give units that `level`";
    UNIT_NOT_YET "K0309" Error "a unit below one that is not there yet"
        "Units may change with time, and on every day those that are there form one tree: a unit cannot stand below one that begins later."
        "a `parent` that is there from the same day on, or from an earlier one"
        "let the parent begin no later, or say with a `from` of its own where the unit stands until then";

    UNKNOWN_MAPPED_ATTRIBUTE "K0401" Error "a mapping of an unknown attribute"
        "Every key under `map` is an attribute of the entity that the source fills. Own attributes are added by an `entity:` document."
        "an attribute of the entity that the source fills"
        "correct the name, or add the attribute by an `entity:` document";
    MAPPING_TYPE "K0402" Error "column and attribute have different types"
        "A column is read `as` the type that the attribute has, so that one entity filled by several sources means one thing."
        "the type of the attribute"
        "write the type of the attribute after `as`, or declare the attribute with another type";
    KEY_NOT_MAPPED "K0403" Error "a key attribute is not mapped"
        "A row without key cannot be told from others, so it could neither be superseded nor found twice."
        "a mapping for each attribute of the key"
        "add it under `map`; rows without any identifier take `{position: file and row}`";
    DERIVED_CYCLE "K0404" Error "derived attributes form a circle"
        "Attributes computed by `expression` may use each other, but none may need itself."
        "attributes that need others, not themselves"
        "let one of them be read from a column";
    BAD_DELIMITER "K0405" Error "a delimiter that separates nothing"
        "The delimiter of delimited text is one character or a few, and no single letter or digit, quote or line end. Quote it in YAML; a tabulator is written `\"\\t\"` in double quotes."
        "one character or a few, such as `\",\"`, `\";\"`, `\"||\"` or `\"\\t\"`"
        "look at the first line of the file: it is what stands between two headers";
    UNKNOWN_ENCODING "K0406" Error "unknown encoding"
        "Encodings are named by their labels in the WHATWG standard, such as `utf-8` or `windows-1252`."
        "a label such as `utf-8`, `windows-1252`, `iso-8859-1` or `utf-16le`"
        "write the label of the encoding that the file was saved in; `utf-8` is the default and may be left out";
    NO_FILES "K0407" Warning "no file matches"
        "No file matches the path or glob of a source. The project can be checked without its data, but not run."
        "at least one file when the source is run"
        "put the file there, or correct the path; it is relative to the project's folder";
    BAD_TIME_FORMAT "K0408" Error "not a format of times"
        "Formats are strptime patterns with the parts a value needs: a date needs year, month and day, a timestamp also the hour."
        "a strptime pattern such as `%d.%m.%Y %H:%M`"
        "write the pattern after a value of the file: `31.01.2026 09:30` is `%d.%m.%Y %H:%M`";
    UPSERT_WITHOUT_VERSION "K0409" Warning "upsert without version"
        "Of two rows with one key the one that lands later wins, even if it is older. An attribute named under `version` decides by content instead."
        "`version: …`, an attribute that grows with each change"
        "add `version: updated_at`, or whatever attribute grows with each change";
    VERSION_WITHOUT_UPSERT "K0410" Error "version without upsert"
        "Only `mode: upsert` compares two rows of one key by version; in the other modes it would do nothing."
        "`version` with `mode: upsert` alone"
        "write `mode: upsert`, or remove `version`";
    BAD_REQUIREMENT "K0411" Error "a rule that cannot be understood"
        "A rule requires a condition of a row, `unique ATTRIBUTES`, `REFERENCE exists`, `rows >= N`, `rows >= 80% of median of 14 loads`, `missing ATTRIBUTE <= 5%` or `ATTRIBUTE like 28 loads`. Rules about a whole file can warn or stop, not quarantine."
        "a condition, `unique ATTRIBUTES`, `REFERENCE exists`, `rows >= 1000`, `rows >= 80% of median of 14 loads`, `missing email <= 5%` or `amount like 28 loads`"
        "write it in one of these forms";
    RULE_TWICE "K0412" Error "two rules of one name"
        "The name of a rule is shown with every row it rejects, so it is unique within its source."
        "each name of a rule once in its source"
        "rename one of them";
    MAPPING_FROM "K0413" Error "not exactly one of column, constant, position, expression and bands"
        "A mapping says once where its value comes from; a column also says how it is read."
        "exactly one of `column`, `constant`, `position`, `expression` and `bands`, and `as` beside a `column`"
        "keep the one that is meant; a column is written `{column: Header, as: text}`";
    MAPPING_OPTION "K0414" Error "an option that does nothing here"
        "The option belongs to another type of column; it would be without effect."
        "options of the type that `as` names"
        "remove it, or correct `as`";
    NOT_MAPPED "K0415" Warning "an attribute without mapping is used"
        "A rule or derived attribute uses an attribute that this source does not map, so it is always missing there."
        "an attribute that this source maps"
        "map it, or leave it out";
    OUTSIDE_PROJECT "K0416" Error "a path that leads out of the project"
        "Sources read files below the project's folder only, so that a project can be moved and its reach can be seen."
        "a path below the project's folder, with `/`, such as `data/2026-*.csv`"
        "copy the files below the project's folder, or link a folder there, and write the path from there";
    ENUM_MEMBER "K0417" Error "not a member of the enum"
        "The text stands for a member that the enum does not list. Members are spelled as in the entity's `values`."
        "a member as it is spelled in the entity's `values`"
        "correct the text, or add it to `values` of the attribute";
    CONSTANT "K0418" Error "a constant of another type"
        "The constant cannot be read as the type of its attribute, as a column with that text could not be."
        "a value of the attribute's type"
        "write the constant as a column of this type would hold it";
    SOURCE_KEY "K0419" Error "a key or version that is no attribute"
        "The key and the version of a source are attributes of the entity that it fills."
        "attributes of the entity that the source fills"
        "correct the name, or add the attribute by an `entity:` document";
    SCALE_SWALLOWED "K0431" Warning "an answer that is read as no value"
        "A text under `missing` is an answer on the scale that the attribute declares, so everybody who gave it would be left out and the mean of the others shown. A code for \"no answer\" lies off the scale."
        "texts that are no answers on the scale"
        "leave the text out of `missing`, or correct the attribute's `scale`";
    BAD_PATTERN "K0440" Error "not a pattern of paths"
        "In a path `*` stands for any text, `?` for one character, `[0-9]` for one of a range and `**` for any number of folders. A bracket that is not closed, or `**` beside other characters, matches nothing."
        "a path, or a path with `*`, `?` or `[0-9]` in it, such as `data/2026-*.csv`"
        "write the path of one of the files and put `*` where names differ";
    SHARED_KEYS "K0430" Error "two sources know different things of the same rows"
        "Two sources fill one entity with the same keys, and each knows attributes that the other does not. A row that supersedes another does so whole, so the later source would erase what the earlier one knew. So the entity says whom it believes (`precedence`), and rows are composed attribute by attribute; or the sources know different rows and their keys say so."
        "every attribute of a row from one source"
        "say `precedence: [first, second]` under the entity, fill an entity of its own that refers to the other, or set the keys apart by `prefix`";
    LEFT_OUT_UNKNOWN "K0435" Warning "rows without a value are left out"
        "`only` keeps the rows for which it is true. Of a row without a value nothing is known, not even that it is not something: `status != 'test'` leaves out rows that are tests and rows without status. Say what is to become of them with `is null` or `is not null`."
        "a condition that says what becomes of rows without a value"
        "add `or … is null` to keep them, or `and … is not null` to say that they are to go";
    NOTHING_IN_MODE "K0432" Error "an option that does nothing in this mode"
        "In mode `append` rows are final, so no file is newer than another; only in mode `snapshot` does a key that is absent mean anything."
        "options of the source's mode"
        "remove the option, or correct `mode`";
    DATES "K0433" Error "no date can be meant, or too many"
        "The dates that can be meant go from one day until before another, at most 270 years: every day of them may become a period of a KPI. Days that stand for \"no end yet\", such as 9999-12-31, are no dates and stand under `open`."
        "`until` after `from`, at most 270 years"
        "narrow the range, and list days that stand for \"no end yet\" under `open`";
    SAME_MARKS "K0434" Error "one mark for decimals and thousands"
        "A mark stands before decimals or between groups of thousands; with both nobody could tell which."
        "two different marks, or no `grouping_mark`"
        "write the other mark under `decimal_mark`, or leave `grouping_mark` out";
    BAD_PLACES "K0450" Error "no place in a line"
        "A column of a file of fixed width is given by its first and its last character, counted from 1, both of which belong to it."
        "the first and the last character of the column: `9..16`, or `9` alone"
        "count the characters of a line of the file, from 1";
    BAD_BANDS "K0451" Error "bands that cannot be formed"
        "Edges of bands ascend and are of the type of the value. Each begins a band, and what is below the first is a band too, so there is one label more than there are edges."
        "edges that ascend: `[25, 45, 65]`"
        "sort the edges, and leave out what stands there twice";
    BAD_UNPIVOT "K0452" Error "columns that cannot become rows"
        "`unpivot` makes one row of every cell of its columns that is not empty: `name` and `value` are what the mapping calls the column's name and the cell. They are two names, and no other column is called so."
        "`{columns: [Q7_1, Q7_2], name: question, value: answer}`"
        "name the columns, and give `name` and `value` two names of their own";
    CONNECTION "K0460" Error "a connection that leads nowhere, or to two systems"
        "A connection says where a system is and how to get in, once for all sources that fetch from it. It leads to exactly one system."
        "one kind of system"
        "keep the one that is meant, and write another document for the other";
    SECRET_WRITTEN "K0461" Error "a secret in a definition"
        "Definitions are read by many, kept for ever and copied with the project. A password or token therefore never stands in one: the definition says where it is read when it is needed, in a variable of the environment or in a file that holds nothing else."
        "`{env: NAME}` or `{file: /path}`"
        "put the secret where Kepi runs, name that place here, and change the secret: it may have been seen";
    FETCHED_WHAT "K0462" Error "not said what is fetched"
        "What is fetched of a database is a table or view by its name, or a query in the database's own words. With a `cursor`, a column that grows with each change, only what is new is fetched; `look_back` makes it look again a little below, for changes that were committed late."
        "exactly one of `table` and `query`"
        "name the table, or write the query";
    FETCH_MODE "K0463" Error "an option that does not go with fetching"
        "What is fetched becomes files that land in the order in which they were fetched. Rows come again, at another place of another file, and with a cursor a file holds what changed, not everything."
        "an option that holds for what is fetched piece by piece"
        "leave it out";
    EXPECTATION "K0464" Error "an expectation that says nothing, or two things"
        "A source is expected once in every period of the calendar, by a time of a day of it, or within some time of the delivery before. From both, or neither, nobody could say when it is late."
        "either `every`, perhaps with `by` and `on_day`, or `within`"
        "write `expect: {every: day, by: \"06:00\"}` or `expect: {within: 2 hours}`";
    RULE_BOUND "K0465" Error "a rule without a bound that can be held"
        "A rule about a data set says what a KPI must be: at least, at most, or between two amounts in its unit. Without a bound, or with one that nothing keeps, there is nothing to judge."
        "`at_least`, `at_most` or both, in the unit of the KPI"
        "write a bound such as `at_least: 99%`";
    SCREEN "K0466" Error "a screen that cannot find anything"
        "Answers are screened by their own row (`flags`), by a block of questions (`straight_lining`), by the time they took beside that of others (`speeding`) or because another one came before (`duplicates`). What is found is a row for each answer, so answers need a key of one attribute and a time."
        "landed attributes of the entity, and at least one thing that is looked for"
        "name what is looked for, such as `speeding: {took: responded_at - started_at}`";
    GONE "K0467" Error "keys that cannot be said to be gone"
        "That a row is gone at its source is said by a row (`deletes: {where: …}`), by its absence from a file that is the whole (`mode: snapshot`), or by its absence from a list of all keys (`mode: keys`, `keys_of:` the source that brings the rows). A list of keys brings nothing but keys."
        "a list of the keys of another source of the same entity, by the same key"
        "name that source under `keys_of`, and map its key";
    PRECEDENCE "K0468" Error "an order of precedence that leaves something open"
        "Where several sources know the same rows, `precedence` of the entity lists them all: of each attribute the first that has a value says it, and what the others say stands in the report of discrepancies. An attribute may believe some of them first (`precedence`) or the one with the newest row (`newest`). A key is the same in all of them."
        "all sources of the entity, each once"
        "list every source that fills the entity, the one that is believed first at the head";
    ELSEWHERE "K0470" Error "a figure that cannot be had in another calendar"
        "A scorecard with a `time_zone` reads its KPIs by days and periods that begin there, one with weeks and fiscal years of its own by these. Days that landed as days (`as: date`) are those days everywhere, so a KPI that is dated by them is the same in all zones; one that reads both, days and instants, cannot be put together from days of two zones. What people enter for a period of the project says nothing of another one."
        "KPIs whose rows are dated by instants alone, or by days alone, and that nobody enters"
        "land the days as timestamps, or leave the KPI to a scorecard of the project's zone";
    NEWEST "K0469" Error "newer by what not every source says"
        "`newest` believes the source whose row has the latest value of another attribute. That is a date, a timestamp or an integer that every source fills which fills the attribute: else its rows would be older than any."
        "a date, timestamp or integer that all sources map that map the attribute"
        "map it in every such source, or say `precedence`";

    EXPRESSION_TOO_LARGE "K0501" Error "an expression that is too large"
        "Expressions have at most 4 KiB, 200 parts and 32 levels of brackets; larger ones are refused before they are read."
        "at most 4096 bytes, 200 parts and 32 levels of brackets"
        "use `in (…)` for many values, or derive an attribute under `map` and use that";
    NOT_AN_EXPRESSION "K0502" Error "not an expression"
        "The text cannot be read as an expression over one row: a condition, a sum, a path, a constant."
        "something like `status = 'open' and quantity > 0`"
        "texts stand in single quotes, names without quotes; compare with `=`, join with `and` and `or`";
    NOT_ALLOWED "K0503" Error "not allowed in an expression"
        "Expressions are a small, safe subset of SQL: arithmetic, comparisons, `and`, `or`, `not`, `is null`, `in`, `between`, `like`, `coalesce` and `case`."
        "`+ - *`, comparisons, `and`, `or`, `not`, `is null`, `in`, `between`, `like`, `coalesce`, `case`"
        "write it with these, or let the file hold the value";
    DIVISION "K0504" Error "division in an expression"
        "A quotient of one row is not additive: averaging quotients weights a small row like a large one. Use the measure `ratio`, which adds up numerator and denominator apart."
        "`+`, `-` and `*`"
        "use the measure `ratio`: it adds up numerator and denominator apart, then divides";
    UNKNOWN_ATTRIBUTE "K0505" Error "unknown attribute"
        "The path names an attribute that the entity does not have. Built-in entities have a list of attributes; others are added by an `entity:` document."
        "an attribute, or a path such as `account.region`"
        "correct the name, or add the attribute by an `entity:` document";
    NOT_A_REFERENCE "K0506" Error "a path through something that is no reference"
        "A path walks references, each leading to one row at most, and ends with an attribute."
        "a reference before the dot, such as `account` in `account.region`"
        "leave out the dot and what follows, or declare the attribute as `reference ENTITY`";
    TYPE_MISMATCH "K0507" Error "types that do not fit"
        "The two sides cannot be compared or computed with each other, because they hold different kinds of things."
        "both sides of one type"
        "write texts in single quotes, numbers without, lengths of time as `interval '4 hours'`, amounts as `'2.50 EUR'`";
    CURRENCIES "K0508" Error "different currencies"
        "Amounts of different currencies are never added or compared; convert them before they land, where the rate and its date are known."
        "amounts of one currency"
        "convert one of them before it is landed, where the rate and its date are known";
    UNKNOWN_MEMBER "K0509" Error "compared with a text that is no member"
        "The attribute is an enum and the text is none of its members, so the comparison could never hold."
        "a member as it is spelled in the entity's `values`"
        "correct the text, or add it to `values` of the attribute";
    WRONG_RESULT "K0510" Error "an expression of the wrong type"
        "The field needs a condition, a number or a rating, and the expression is something else."
        "what the field needs: a condition, a number or a rating"
        "write an expression of that type; `score` is a number, `score >= 9` is a condition";
    NUMBER_RANGE "K0511" Error "a number beyond what is exact"
        "Numbers are exact integers of 64 bits with at most 18 decimals."
        "digits with at most one point, at most 18 of them, without exponent"
        "write the number out, or with fewer decimals";
    EXISTS_OUTSIDE_RULE "K0512" Error "`exists` outside of a rule"
        "Whether a referenced row exists is asked by rules of sources only."
        "`exists` is all that a rule requires: `require: account exists`"
        "ask whether the reference is there: `account is not null`";
    COMPARED_WITH_NULL "K0513" Error "compared with null"
        "A comparison with null is never true. Ask `is null` or `is not null`."
        "`is null` or `is not null`"
        "write `is null` or `is not null`";

    NO_OBJECTIVE "K0601" Hint "a KPI without objective"
        "A KPI that serves no objective measures something nobody has said to want."
        "`objective: …`, the name of an objective of the strategy"
        "add `objective: …`, once there is a strategy that says what is wanted";
    OBJECTIVE_WITHOUT_KPI "K0602" Hint "an objective without KPI"
        "Nobody will see whether the objective is reached, as no KPI names it under `objective`."
        "a KPI that names the objective"
        "add `objective: …` to a KPI";
    ONLY_LAGGING "K0603" Hint "an objective with lagging KPIs only"
        "Lagging KPIs tell when it is too late to act; a leading one tells earlier."
        "at least one leading KPI for an objective"
        "add a leading KPI: something that moves before the outcome does";
    OBJECTIVE_TWICE "K0604" Warning "an objective in two perspectives"
        "Two objectives of different perspectives have the same name, so one aim is counted twice."
        "each aim under one perspective"
        "keep it where it belongs, and link it to what it works on";
    NO_SCORECARD "K0605" Hint "a KPI on no scorecard"
        "The KPI is computed and shown, but no score depends on it, so nobody is asked when it deviates."
        "each KPI on a scorecard, where scorecards are used"
        "add it under its objective on a scorecard, or leave it out of scores knowingly";
    SAME_SHOWN_NAME "K0606" Warning "two KPIs are shown under one name"
        "On pages and in reports KPIs appear under their shown names; with two of one name readers cannot tell them apart."
        "a name of its own for each KPI"
        "say in the name what sets them apart";
    NO_ACCOUNTABLE "K0607" Hint "nobody is accountable"
        "A KPI has exactly one person who answers for it; the responsible, the consulted and the informed may be many."
        "one person who answers for it"
        "add `accountable: …`, the name of a person";
    NO_BASIS "K0608" Hint "a target without basis"
        "A target says what it rests on: history, a benchmark, expectations, capability or an agreement."
        "`basis: {history: …}`, or benchmark, expectation, capability, negotiated"
        "add `basis` with what the target was taken from";
    TARGET_ORDER "K0609" Error "a target on the wrong side"
        "Floor, threshold, target and stretch follow each other in the direction that is better; for `in_range` they are nested, with stretch innermost."
        "floor, threshold, target and stretch in the order in which they get better"
        "put the lines in order, or correct `better`";
    TARGET_RANGE "K0610" Error "a target that cannot be reached"
        "The line lies outside what the measure can be: a share beyond 0 % to 100 %, an NPS beyond −100 to 100, a rating off its scale, a negative count."
        "a line that the measure can reach"
        "write a line within the range of the measure";
    TARGET_UNIT "K0611" Error "a target in another unit"
        "Lines are written in the unit of the KPI: shares with `%`, money with its currency, times with their unit, others as plain numbers; `in_range` takes pairs."
        "an amount in the unit of the KPI"
        "write the line as the value is shown: `80%`, `2.50 EUR`, `4 hours` or `40`";
    TARGET_OVERLAP "K0612" Error "two targets from one day"
        "Two targets of one scope start on the same day, so it is not known which holds."
        "one target for a unit, a period and a day"
        "keep one of them, or let it start on another day";
    TARGET_FUTURE "K0613" Warning "no target holds yet"
        "All targets of the KPI start in the future, so it has no status now."
        "a target that holds today"
        "add the target that holds until then";
    PURPOSE "K0614" Error "a purpose that its sources do not allow"
        "Data may be used for what they were collected for. A KPI's purpose must be that of each source that fills what it reads and names one."
        "the purpose that the data are open to"
        "write the purpose of the source, or use other data";
    NPS_SCALE "K0615" Error "NPS of an answer that is not 0..10"
        "The net promoter score is defined for answers from 0 to 10; on another scale promoters and detractors mean something else."
        "an answer on the scale 0..10"
        "use `satisfaction` with this scale, or correct the attribute's `scale`";
    RATING_SCALE "K0616" Error "a rating on another scale than its attribute"
        "The measure states another scale than the attribute's, or asks for more top answers than there are."
        "the scale of the attribute, and fewer top answers than it has"
        "write the attribute's scale, or fewer top answers";
    BAD_QUANTILE "K0617" Error "a quantile out of range"
        "A quantile lies strictly between 0 % and 100 %; the least and the largest value are no quantiles of a sample."
        "more than 0% and less than 100%, such as `90%`, or `median`"
        "write `median`, or a share such as `90%`";
    BAD_BINS "K0618" Error "bins that do not work"
        "Bins go from a lower to a higher edge in the unit of the value; logarithmic ones start above zero, and each must be wider than nothing."
        "`from` below `to`, both in the unit of the value, and bins wider than nothing"
        "write edges around what values there are, in their unit: `{from: 0, to: 100, count: 100}`, of times `{from: 0 hours, to: 100 hours, count: 100}`";
    SUMMARY "K0619" Error "not exactly one summary"
        "A rating has `top` or `summary: mean`; a duration has `within` or `summary: mean`."
        "one of the two summaries"
        "keep one of them";
    LINK_TO_ITSELF "K0620" Error "an objective that works on itself"
        "A link leads from one objective to another; that an objective works on itself says nothing."
        "two different objectives"
        "name the objective that it works on";
    LINK_CYCLE "K0621" Hint "effects run in a circle"
        "The links lead back to where they started. That may be meant, but nothing can then be told apart as cause and effect."
        "effects that lead onwards"
        "remove the weakest link, or give the links a lag and keep the circle knowingly";
    DIMENSION "K0622" Error "a dimension that cannot be formed"
        "A dimension is a text, member, reference, integer or yes-or-no reached from every entity of the measure by references; two dimensions of one KPI have different names."
        "a text, an enum, a reference, an integer or a boolean, reached from every entity of the measure"
        "segment by another attribute, or add a column with the groups that are meant";
    CROSS "K0623" Error "a combination of unknown dimensions"
        "A combination names at least two different dimensions listed under `by`."
        "at least two different dimensions of `by`, such as `[region, tier]`"
        "add the dimension to `by`, or leave the combination out";
    NO_TIME "K0624" Error "rows without date"
        "The entity has no time that dates its rows, so the measure must say `at`."
        "`at`, a path to a date or timestamp"
        "add `at: …`, or `time: …` to the entity";
    NO_SOURCE "K0625" Warning "nothing fills the entity"
        "No source fills the entity that the KPI reads, so it will have no values."
        "a source that fills the entity"
        "add a source with `into: …`, or read an entity that is filled";
    NO_INDICATOR "K0626" Hint "neither leading nor lagging"
        "Say whether the KPI runs ahead of the outcome or states it; an objective needs both kinds to be steered by."
        "`indicator: leading` or `indicator: lagging`"
        "add `indicator: leading` if it moves before the outcome, else `indicator: lagging`";
    TARGET_WITHIN "K0627" Warning "a target that starts within a period"
        "A period is held against the target that holds on its last day. A target that starts within a period therefore counts for the whole of it, also for the days before."
        "the first day of a period"
        "let the target start with a period";
    NO_PURPOSE "K0628" Error "a KPI without purpose on data that have one"
        "Data that are open to a purpose are open to that alone. A KPI that reads them names the same purpose, so that nobody has to guess whether it may."
        "the purpose that the data are open to"
        "add `purpose: …`, or use other data";
    SOURCE_PURPOSE "K0629" Warning "data without purpose under a KPI that names one"
        "A KPI says what its data are used for, but a source that it reads does not say what its data may be used for, so nothing can be compared."
        "`purpose: …` in the source"
        "add the purpose, if the data may be used for it";

    TARGET_PERIOD "K0630" Error "a target for periods shorter than the KPI's"
        "A target may say for which periods it is, `period: quarter`; by default for the KPI's own. The KPI has no value for a shorter period, so nothing could be held against it."
        "a period as long as the KPI's or longer"
        "write a longer period, or leave it out";
    STOCK "K0631" Error "a stock of things that do not add up"
        "A stock is all that came so far less all that went. Both are counts, or both are sums in one unit; how many different values there were in two months says nothing about both together."
        "two counts, or two sums in one unit"
        "write both as `count`, or both as `sum` of one thing";
    WINDOW "K0632" Error "a window that makes no sense"
        "`over` makes the value of a period from the rows of a window that ends with it: so many days or months, or all from the beginning of a longer period on. What is counted from the beginning of a month to its end is the month itself, and what is there at the end of a period, a stock, is the same whatever window it is seen through."
        "a window of rows: `over: 12 months`, or `over: {to_date: year}` with a period shorter than the year"
        "remove `over`, or say another window or a shorter period";
    FORMULA "K0633" Error "a formula that cannot be computed"
        "A formula puts KPIs together, each under a name: `+ - * /`, `least`, `greatest`, brackets and numbers. What is added or compared is measured in one unit, what is divided has a unit that says something, and every KPI has a value in the period and segment of the formula."
        "names of `kpis`, numbers, `+ - * /`, `least(a, b)`, `greatest(a, b)` and brackets"
        "correct the formula, or its KPIs";
    FORMULA_CYCLE "K0634" Error "KPIs that are computed of each other"
        "A KPI that is computed of others comes after them. Where they are computed of it in turn there is no first one."
        "KPIs that end in measures of rows"
        "take one of them out of the circle";
    FORMULA_RATIO "K0635" Error "a formula that is a ratio"
        "A formula reads the values of its KPIs and not their rows. Where one total is divided by another, `ratio` says the same, adds up over longer periods and units, and knows how much its two parts vary together: its interval is a narrower one that holds."
        "`ratio: {numerator: …, denominator: …}`"
        "write a `ratio`";
    COMPOSITE "K0636" Error "an index that cannot be computed"
        "In an index each KPI comes to 0 points at one amount and to 100 at another, between which points rise evenly. Both are written in the unit of that KPI, and the amount of 100 points is the better one."
        "two amounts in the unit of the KPI, the worse one as `zero`, the better one as `hundred`"
        "correct `zero` or `hundred`";
    PERIODS "K0637" Error "not a list of periods"
        "A KPI may have values at several lengths of periods, such as months and quarters. Each is listed once."
        "different lengths, such as `[month, quarter]`"
        "write one length, or a list of several";
    NOT_FILLED "K0638" Warning "a KPI reads what no source maps"
        "The attribute is part of the model, and no source of its entity maps it: it has no value in any row. What is measured of it is then no value, or counts every row as without one."
        "an attribute that a source of the entity maps"
        "map it, or read another one";
    WITHOUT_DATA "K0639" Error "a figure for periods without data that can never stand, or would mislead"
        "A period without data has no value, with the reason. A KPI may say otherwise: that it is zero, that the last measured value stands on for a while, that a value is imputed, or that nothing that rests on it has one. What is said so is marked as not measured wherever it is shown, has no interval, and no analysis concludes anything from it. It has to be a value that the KPI can have, in a period that can be without one."
        "a policy that can apply: `exclude`, `zero`, `block`, `{carry: {at_most: 3 months}}` or `{impute: {mean: {last: 6, at_most: 3 months}}}`"
        "remove `without_data`: then the period has no value, with the reason";
    WEIGHT "K0640" Error "weights where none can be"
        "Weights make a row count as several. Quantiles from a histogram, numbers of different values, ratios, rates and stocks count rows as they are, so such a KPI would never have a value."
        "a measure that is weighted: mean, share, nps, satisfaction, effort, duration, or count and sum"
        "remove `weight`, or use a measure that is weighted";
    MARGIN "K0641" Error "margins that cannot be met"
        "Weights are made so that the rows of each period add up to what is known of the population, by every margin. So margins speak of dimensions that all rows have, are above zero, are written as numbers or as shares but not as both, and are those of one population. What the data lack, such as a member without a single answer, shows as the reason of the period that lacks it."
        "margins such as `rake: {account.region: {known: {EU: 35%, NA: 65%}}}`"
        "correct the margin that is named";
    TRIM "K0642" Error "limits of weights that do nothing or cannot hold"
        "Trimming keeps a few rare answers from deciding a figure: weights beyond a limit are cut, and what is cut off is spread over the others. A limit needs weights that are made, all of one kind, and room between the least and the greatest."
        "such as `trim: {times_median: 5}` beside `rake`"
        "correct the limit that is named";
    RESPONSE "K0643" Error "a response of rows that are no invitations"
        "`response` says what became of invitations: they bounced, were not meant, were answered in part or in full. So the rows of the measure are the invitations, with what was answered as one of their attributes, and the rate of response has a denominator that everybody can see."
        "a measure of invitations, such as `nps: {of: survey_invitation, answer: answer}`"
        "remove `response`, or measure the answers of invitations";
    GATE "K0644" Error "a gate that nothing can be held against"
        "A gate keeps a value from being shown that rests on too little. It can only be held against what the KPI knows: a rate of response needs to know who was asked, representativity by what those who answered may differ from them."
        "a gate such as `publish_if: {n: 30}`, with what it needs beside it"
        "add what the gate needs, or remove it";
    BESIDE "K0645" Error "a KPI beside itself"
        "Beside the values of a KPI others are shown that say the same otherwise: each customer once, by revenue, or who is silent. Each of them is another KPI, and stands there once."
        "the names of other KPIs, each once"
        "remove what is there already";
    APART "K0646" Error "answers together that are kept apart"
        "An entity says by `apart` which answers never go together: of customers in general and after a contact, of an old and a new wording or scale. So every score of it, and every answer that is gathered from it, is of one value of such an attribute, and an index does not put scores of two together."
        "a condition that picks one value, such as `where: survey = 'relationship'`"
        "pick one value, and make a KPI of each";
    UNBOUNDED "K0650" Error "a value that would never be final"
        "A gathered attribute may find rows long after the row that it belongs to: a second order may come after ten years. As long as that, every figure that rests on it may change. Kepi works out how long from the bounds of what a KPI reads; where no bound follows, it has to be said."
        "an end of the stretch, or how long the KPI waits"
        "give the attribute an end, such as `within: 365 days`, or say in the KPI after which time nothing is expected: `final_after: 90 days`";
    HINDSIGHT "K0651" Error "segments that are only known afterwards"
        "A segment by an attribute that may change for ever rewrites periods that are closed: a customer who orders again tomorrow moves to another segment in all the past. A panel keeps, for each period, what was known at its end."
        "a dimension that is known when the period ends"
        "gather the attribute in a panel, `rows: {every: period, of: …}`, with `until: period_end`, and measure the panel's rows";
    AGE_OF_LEAVERS "K0652" Warning "a cohort that shrinks"
        "The rows of this panel end with their subject, so those who have left are missing at later ages, and what is left looks better from age to age."
        "`until: now` in the panel: rows for those who have left, too"
        "add `until: now` to the panel's `rows`";

    MOVES "K0653" Error "a belief that cannot be tested"
        "What a KPI is believed to move is another KPI; one that is computed of it moves with it by definition, and nothing is learnt from that."
        "another KPI, neither computed of this one nor this one of it, and a `worth` in its unit"
        "name the KPI that is meant, or leave it out: how a formula hangs together is known";
    MOVES_AGAINST "K0654" Warning "a belief against the strategy"
        "A link of the strategy says which way the objectives of both KPIs work on each other. What one KPI of them is believed to do to the other goes the same way, or one of the two is wrong."
        "the sign of the link between their objectives"
        "change the sign here or in the strategy's link, or let the KPI serve another objective";

    BENCHMARK "K0655" Error "a figure of others that is not on record as it should be"
        "A benchmark has a name of its own, and expires after it is published."
        "names that differ, an expiry after the publication"
        "rename one of two, or correct the dates";
    UNKNOWN_BENCHMARK "K0656" Warning "a benchmark that is not on record"
        "A basis of one word is taken for the name of a `benchmark:`, whose figure, scale and expiry are then held against the KPI. Of a description nothing can be checked."
        "the name of a benchmark on record, or a description of several words"
        "correct the name, or add the benchmark";
    NOT_COMPARABLE "K0657" Error "a target that rests on another kind of figure"
        "A benchmark of another scale, another unit or another way of making one figure of answers says nothing about this KPI: 80 % of top answers is no NPS of 80."
        "a benchmark of the same figure, scale and unit"
        "let the target rest on another benchmark, or on something else";
    MEASURED_OTHERWISE "K0658" Warning "a target that rests on a figure measured otherwise"
        "People answer interviewers more kindly than web forms, regions have habits of answering, and a mean over accounts is none over respondents. The target may rest on it all the same; whoever agrees to it should know."
        "a benchmark with the same mode, region and counting"
        "find a closer benchmark, or say in the target's basis how the difference was allowed for: `negotiated`, `capability`";
    EXPIRED_BENCHMARK "K0659" Warning "a target that rests on an expired figure"
        "Others move on: after the day on which a benchmark expires it says nothing about where they stand."
        "a benchmark that has not expired on the day the target starts, nor today for the target in force"
        "put a newer benchmark on record and review the target";

    CROSSWALK "K0660" Error "a crosswalk that loses or doubles something"
        "A crosswalk says of every code of the old version of a classification which codes of the new one it passes into. Its shares sum to 100 %, or rows would get lost or count twice; both versions list their codes, so that a slip in one is found. A code that stays as it is needs no entry."
        "every old code once, with one new code or with shares that sum to 100 %"
        "correct the code or the shares";
    BRIDGED "K0661" Error "a dimension that cannot be bridged"
        "A bridged dimension is read by the codes of the new version, also what is dated before it. So it is one of `by`, its members are codes, and its rows have those of their own time. Where a code is split no row says into which part it falls: its rows count in each with its share, which counts, sums, means, shares, scores and times allow, and nothing else that weighs rows."
        "a dimension of `by` with codes of its time: `bridged: {tier: tiers_2026}`"
        "correct the dimension, or remove it from `bridged`";

    EXTENDS "K0662" Error "a KPI or source that extends itself, or none that is known"
        "A KPI or source that extends another one says what differs; everything else is as the other says it, of a measure or of what is read of the same kind option by option, of a mapping attribute by attribute. So the other says something of its own, and the same on every day."
        "one other KPI or source that extends none that leads back here, and is written once"
        "write the fields here, or extend another one";

    LIFETIME "K0663" Error "a lifetime value of what is no history"
        "A model of what customers will still bring is fitted to their histories: how often each bought again, how long after the first time the last one was and how long ago the first one is, and what the repeats came to; or how often each contract was renewed, and whether it ended."
        "a whole number, lengths of time and an amount of money, as the option says"
        "correct the expression; a panel of customers gathers what is needed";
    LIBRARY "K0664" Error "a KPI of the library that is not there, or not said in which wording"
        "Kepi has a library of KPIs built in. What extends one of them says which wording it means, by the first digits of the digest of its text. So a newer Kepi, whose library says something else, changes no definition by itself: the wording that was meant is still there."
        "`extends: {library: renewal_rate, version: 3f2a91bc}`, with a name of the library and one of its wordings"
        "write the version that is named here";
    LIBRARY_MOVED "K0665" Warning "a KPI of the library that is worded otherwise by now"
        "The library of this Kepi says the KPI in other words than those that are extended. The figures are those of the wording that is named; nothing changed."
        "the wording of today, once somebody has read what is different"
        "read the page of the KPI in the book and write its version, or stay";
    TARGET_SEGMENT "K0666" Error "a target for a segment that there is not"
        "A target may be for a segment: for members of dimensions that the KPI has figures by, one alone or those of a combination in `cross`. Every other segment has no figure that could be held against it."
        "members of dimensions in `by`, several only where `cross` has them together: `segment: {tier: enterprise}`"
        "correct the dimension or the member, or add it to `by` or `cross`";
    EVIDENCE "K0667" Warning "evidence that is not there, or is not what was attached"
        "What a target rests on may be read in a file of the project. Its SHA-256 stands beside its path, so that whoever looks later knows that it is the file that was there when the target was agreed on. A file that has changed since is other evidence."
        "a file in the project's folder, with the SHA-256 that it has"
        "put the file back as it was, or have the target agreed on anew with the SHA-256 of what there is now";

    TARGET_AGAINST_PAST "K0668" Warning "a target that its own past does not bear out"
        "What is published of a KPI says what its next periods come to by themselves. A target that they as good as never reach, or meet without anybody doing anything, asks for nothing that can be done. `kepi check --data` says so where figures are published; what only rests on an agreement or on that past is called arbitrary."
        "a target that stretches: neither out of reach nor met by itself"
        "set another target, or say in its basis what is to change; `kepi analyse KPI --analysis target` has the figures";
    LEADS_NOWHERE "K0669" Warning "a leading indicator that does not predict"
        "The KPI is said to lead, and what it is believed to move does not follow it in published figures, or no longer. It is said only where an effect worth having can be ruled out; too few data are no finding. Whoever steers by it steers by nothing."
        "an indicator that what it is believed to move follows"
        "drop the belief, or let the KPI come to its end: `kepi retire` writes the change";
    LEANS_ON_NOTHING "K0670" Warning "a scorecard that leans on what does not predict"
        "More of the leading indicators of this scorecard are known not to predict than are known to predict. What it says of times to come is then mostly belief."
        "leading indicators that predict; `kepi analyse KPI --analysis reliance` says of each"
        "put others in their place, or say of them that they lag";
    DUE "K0671" Error "when a figure is due is said twice, or in days of nobody"
        "A figure that people enter is due so long after the end of its period (`due`), or by the end of the how-manieth day of business after it (`due_day`). Whose days of business those are is said only beside `due_day`."
        "either `due: 10 days` or `due_day: 5`"
        "keep one of them, and `business_hours` only beside `due_day`";
    TARGET_OF_NOTHING "K0672" Warning "a target for a segment of which there is no figure"
        "A member that no row has may be one that is yet to come, or a slip: other members are then held against another target. `kepi check --data` says so where figures are published."
        "a member that rows have"
        "correct the member, or keep the target until there are rows";
    INCENTIVE_PLAN "K0673" Error "an incentive plan that pays nobody, for nothing or for more than all"
        "An incentive plan says how much of the pay of whom hangs on which KPIs. It begins before it ends, is the pay of somebody, and the weights of its KPIs come to 100 % at most: what is left hangs on something else."
        "weights of at most 100 % in all, and whose pay it is"
        "correct what stands there";
    WEIGHTS_DIFFER "K0674" Warning "a weight that differs between scorecard, pay and budget"
        "What people are paid for and what the scorecard and the budget say is important pull in different directions: effort follows pay. Of the money a KPI has the share of its objective, by its weight among the KPIs of that on the scorecard."
        "about the same weight in pay, on the scorecard and of the money"
        "weigh it alike, or say in `within` of the incentive plan or the operating plan how far apart weights may be";
    HOOK_UNSIGNED "K0675" Error "a webhook to which anybody could post"
        "Whoever knows the address of a webhook can post to it, so what is posted is believed by its signature alone, or by a token in a header where the other side signs nothing."
        "`signature` with how the other side signs, or `token` with the name of a header; and `secrets` to check it by"
        "say which it is, such as `signature: stripe` and `secrets: [{env: STRIPE_HOOK_SECRET}]`";
    HOOK_SIGNATURE "K0676" Error "a signature that cannot be checked as it is described"
        "A signature stands in a header, is made of the body and perhaps of a time that stands in another header, and is written in hexadecimal digits or Base64. What is signed has to hold the body, or anybody could change it."
        "names of headers, and a text that holds `{body}` and only what there is: `{timestamp}`, `{method}`, `{address}`"
        "write what the other side's documentation says it signs";
    HOOK_NAMES "K0683" Error "an earlier name of a webhook that is another's"
        "`earlier_names` says what a source that is posted to was called before: posts that wait under such a name land in it, and its address leads to it. A name leads to one source."
        "names of sources that are not posted to any more, each of one source only"
        "leave the name out, or take it from the other source";
    HOOK_DELIVERY "K0684" Error "the name of a delivery, of which nobody says where it stands"
        "A row that was posted has as `_delivery` what a header calls its delivery. Where no header is known it has none, and a row that has it as its key would be rejected."
        "`delivery` with the header that names a delivery, the same when it is repeated"
        "write `delivery: X-Delivery-Id` with the header's name, or map what identifies the row in the body";
    POSTS_WAIT "K0685" Warning "posts that wait under a name that no webhook has"
        "What is posted to a source is kept under its name until a run lands it. Where a source was renamed or is not posted to any more, what had been acknowledged under the earlier name lies there, and no run takes it."
        "`earlier_names` with that name in the webhook that is to land it"
        "write `earlier_names: [NAME]` into the webhook of the source that is to land them; if nobody wants them, remove their folder";

    AGREEMENT "K0680" Error "answers that say nothing of each other"
        "How far answers agree is said of several answers to the same question, on the same scale: of the same person on two occasions, or of several raters of the same thing. One answer alone agrees with nothing, and one that stands twice with itself."
        "two answers or more of one type: `answers: [score, score_again]`"
        "name another answer, such as one gathered from a later row";

    SAMPLING "K0681" Error "a sample that cannot be planned"
        "Whom a survey asks next is planned from rows: people who may be asked, behind one KPI, and invitations of all surveys, behind another, each with a reference to the person it asked. How far the figure may be off is said in its unit, and caps say how often one person is asked at most."
        "`people` and `invitations` that count rows, `person` that refers from the one to the other, a margin and caps"
        "correct the option";

    MERGES "K0682" Error "merges that cannot be followed"
        "Where a source merges rows, it says so in a row that was merged (`into`: the column with the key of the row it was merged into), or in the row that others were merged into (`lists`: the column with their keys). What refers to a row that was merged counts from then on for the other. A merge names a row by one key, which is a text of one column."
        "`merges: {into: COLUMN}` or `merges: {lists: COLUMN}`, of an entity with a key of one text"
        "name the column, or leave `merges` out";

    BOUND_OF_NOTHING "K0686" Warning "a bound for a segment of which there is no figure"
        "A member that no row has may be one that is yet to come, or a slip: the segment that was meant is then held to what all others are. `kepi check --data` says so where figures are published."
        "a member that rows have"
        "correct the member, or keep the bound until there are rows";
    RULE_DIMENSION "K0687" Error "a rule about segments that its KPI does not tell apart"
        "A rule that is judged by segment is judged by the figures of the KPI that measures it. These are told apart by the dimensions that the KPI has under `by`."
        "a dimension that the KPI has under `by`"
        "add the dimension to `by` of the KPI, or leave out `by` of the rule";
    RULE_SEGMENTS "K0688" Error "bounds of a rule for segments that there are not"
        "Bounds by segment hold for members of the dimension by which the rule is judged (`by`). Where a closed list says which members there are, each is one of them."
        "members of the dimension that `by` of the rule names"
        "write `by`, or correct the member";
    SHORTER_THAN_ROWS "K0689" Warning "periods that are shorter than those of the rows"
        "A row of a panel counts in the period in which its own begins, and is known when its own has ended. Where the KPI asks for shorter periods, most of them have no row, and the figure of one is that of a longer stretch, known only when that is over."
        "periods that are no shorter than those of the panel"
        "ask for longer periods, or make rows of any length: `rows: {every: period, of: …}`";
    UNION_OF_NOBODY "K0690" Warning "rows of a union that belong to nobody"
        "Rows of several entities are put together by the attributes that the union declares, each taken from the attribute of that name or as `set` says. An entity that has neither leaves a reference empty: its rows are counted, and found for nobody."
        "what the reference is, for each entity of the union"
        "add `set: {…}` to the entity, or leave the entity out";
    OPEN_ENDS "K0691" Hint "times that may end long after their period"
        "A mean of times is of those that have ended. Where rows are dated by when they begin, those of a period end later, some of them much later, and change a figure that is called final by then. Nothing says how long that goes on, unless the KPI does."
        "how long figures wait, or rows that are dated by their end"
        "add `final_after: 30 days`, or date rows by their end: `at: solved_at`";

    WEIGHTS "K0701" Error "weights that do not sum to 100 %"
        "The weights of siblings share out their parent, so they sum to exactly 100 %."
        "100%"
        "change one of them, or share out the difference";
    CASCADE_DIMENSION "K0702" Error "a cascade over a dimension that a KPI does not carry"
        "A cascade computes each KPI of the scorecard for each unit from its segment; therefore each KPI carries the dimension under `by`."
        "the dimension under `by` of each KPI of the scorecard"
        "add a path that ends with the dimension to `by`, or match another dimension";
    CASCADE_LEVEL "K0703" Warning "a cascade that reaches no unit"
        "No unit below the scorecard's unit has the level that is matched."
        "units of that level below the scorecard's"
        "give the units of that level this scorecard's unit as an ancestor, or match another level";
    PERIOD_TOO_FINE "K0704" Error "a scorecard finer than its KPIs"
        "A scorecard has the periods in which one of its KPIs has a value. Where all of them have longer ones, it has none. A single KPI of longer periods is read as of the last that has ended."
        "a period as long as that of one of its KPIs, or longer"
        "write a longer `period`, or make the KPI finer";
    KPI_WITHOUT_TARGET "K0705" Warning "a KPI without target on a scorecard"
        "Without a target there is no score; the KPI is always missing there."
        "`targets` in the KPI"
        "add `targets` to the KPI";
    OTHER_OBJECTIVE "K0706" Error "a KPI under another objective than its own"
        "A scorecard places each KPI under the objective that it serves, and each objective under its perspective."
        "each KPI under the objective that it serves"
        "move it there, or change the KPI's objective";
    KPI_TWICE "K0707" Error "a KPI twice on one scorecard"
        "A KPI that stands on a scorecard in two places would count twice, and nobody could say with which weight."
        "each KPI once on a scorecard"
        "keep it where it belongs";
    TARGET_NOT_CARRIED "K0708" Error "targets that say nothing about the scorecard's periods"
        "A scorecard holds each KPI against the targets for its own periods. Targets for other periods carry over where the measure lets them: a level, such as a share or a mean, stays; a total adds up over the periods contained, so that three months at 200 are a quarter at 600. Weeks do not add up to months, a KPI over rows for each period (`every: period`) measures other rows at each length, a target for a quarter says nothing about one month of it, and numbers of different values do neither."
        "a target for the scorecard's period"
        "add a target with that `period`";
    TARGET_OF_THE_WHOLE "K0709" Warning "units without a target of their own for a total"
        "A total of a part of the organisation cannot be held against the target of the whole, and nobody knows which share of it is the part's. Units below the scorecard's have a score for such a KPI only where a target names them."
        "targets for units"
        "add targets with `unit: …` to the KPI";
    DATED_DIFFERS "K0710" Error "a dated document whose earlier wording is of another kind"
        "A scorecard may stand several times, each from another day: weights, objectives, KPIs and the rule for what is missing change with time. Its period, its unit and its cascade do not, because then it would be another scorecard. So may a unit: what it stands below, who manages it and who sits there changes, but its level and the member that it stands for do not, because its rows would be others. So may a KPI: what is counted, of whom and against which targets changes, but its period, which direction is good and the unit of its value do not, because then it would be another KPI."
        "the same `period`, `unit` and `cascade` from every day on"
        "write the same in both, or give one of them another name";
    REACHED_TWICE "K0712" Error "a unit of a matrix that is averaged twice"
        "A unit may stand below several: below a region and below a product. A scorecard that averages the units below goes down one of these lines, or the unit would count twice."
        "levels of one line under `match`"
        "match the levels of one line, and give the other line a scorecard of its own";
    BELOW_FLOOR "K0713" Error "a KPI that weighs less than its floor"
        "A floor protects what pays off late: the share of the whole that a KPI weighs, through perspective, objective and its own weight, never falls below it. A floor that an earlier wording of the scorecard says holds for the later ones too, until one says another."
        "weights that keep to the floors"
        "give the KPI more weight, or say another floor";
    AS_OF_LONGER "K0711" Hint "a KPI of longer periods than its scorecard"
        "A KPI has no value for a part of its period. On a scorecard of shorter periods it stands as of the last of its own periods that has ended, and says as of when that is: in May and June a KPI by quarter is that of the first quarter, and from the end of June on that of the second."
        "as of when each KPI is, where their periods differ"
        "nothing, if that is meant; else write a longer `period` of the scorecard, or make the KPI finer";
    SEGMENTS "K0714" Error "an objective whose segments cannot be weighed"
        "An objective is judged by `kpis` over all cases or by `segments` that have KPIs of their own, not by both, or whoever is in a segment would count twice. What a segment weighs is given (`weight`) or said by a total (`weigh_by: customers`): it weighs what its customers are of all customers of these segments."
        "`kpis`, or `segments` with weights or with `weigh_by`"
        "keep one of them";
    NO_SUCH_SEGMENT "K0715" Error "a segment that a KPI has no figures of"
        "A KPI judges a segment of an objective by its figure of this segment, which it has only of dimensions in its `by`, of several only where its `cross` has them together; where a cascade reads units by a dimension, of that together with the segment's."
        "a segment that each of its KPIs has figures of"
        "correct the dimension or the member, or add it to `by` or `cross` of the KPI";
    SEGMENTS_OVERLAP "K0716" Error "segments of an objective that have cases in common"
        "What two segments of an objective have in common would count in both. They have nothing in common where a dimension tells them apart: each names another member of it."
        "segments of different members of one dimension"
        "name another member, or make one segment of the two";
    SEGMENTS_GAP "K0717" Warning "a segment that no KPI judges"
        "An objective whose segments are judged by KPIs of their own says nothing about members that no segment names. That may be meant; pages say it."
        "a segment for each member of the dimension"
        "add a segment, or leave it out on purpose";
    GOVERNANCE "K0801" Error "a governance that cannot decide"
        "Nobody decides on what they propose themselves. So the governance, which exists once, needs two owners or more, and a board more functions than have to say yes; otherwise nothing could come into force any more."
        "one governance, two owners or more, and where a board decides more functions than `quorum` says"
        "name further people";
    LINES "K0802" Error "a line that leads nowhere"
        "What is not done in time goes to the superior, and what falls to somebody who is away to her substitute. So neither line may lead back to where it began, on no day there are two, and lines and absences end after they begin."
        "`reports_to` and `substitute` that end with somebody, `until` after `from`"
        "let the line end with somebody; write the first day back as `until`";
    ALERT "K0803" Error "an alert that asks nobody"
        "An alert asks somebody to act. It has a name of its own, there is somebody in the project who can, and it can be raised: nothing is ever red that has no target, and nothing beyond a bound that is not said."
        "alerts of different names, a person, KPIs with targets where only `red` counts, `bounds` where `bound` counts"
        "add what is missing, or remove the alert";
    CHANNEL "K0804" Error "a channel that leads nowhere"
        "Messages leave by one way for each channel: to the `email` of each person, to a program, or to a channel of a chat. What they say is nobody else's business, so the line is encrypted unless it stays within the own network; times are times of a day."
        "one of `email`, `webhook` and `chat`, an address that begins with `https://`, times such as `\"19:00\"`"
        "correct what stands there";
    SEVERAL_FUNCTIONS "K0805" Warning "somebody on the board for several functions"
        "A board decides so that several functions look at the same thing. Whoever is a member for two of them counts for one: so many people have to say yes as functions have to. With few members a decision may wait for people who are not there."
        "each member for one function"
        "name another member for one of the functions";
    LOOP "K0806" Error "a closed loop that follows nobody up"
        "A closed loop opens a case for each row that meets its condition, and somebody closes it with a root cause. So it has a name of its own, there is somebody in the project who can, its KPI has rows, and there are causes to choose from."
        "closed loops of different names, a person, a KPI that is measured of rows, causes in words"
        "add what is missing, or remove the closed loop";
    REVIEW "K0807" Error "a review that could not be held"
        "A review opens for each period of a scorecard once that is over, and somebody closes it with a decision on every point. So it has a name of its own, periods no shorter than those of the scorecard, and a unit that the scorecard has."
        "reviews of different names, a `period` as long as that of the scorecard or longer, a unit of its cascade"
        "correct what stands there";
    ENTERPRISE_EVENT "K0840" Error "an event of the enterprise that touches nothing"
        "From the day of an event on, the definitions that it touches are to be approved anew by the next review. So it has a name of its own, and touches KPIs: those that it names, those that serve its objectives, or all."
        "events of different names, KPIs or objectives that KPIs serve"
        "correct what stands there";
    GATE_WITHOUT_REVIEW "K0839" Warning "a gate of planning without a review"
        "An operating plan says by when planning comes to something, and no review opens around that day. What is planned then goes by without anybody who holds it against what came."
        "a `review:` with `gates: {of: [PLAN]}`"
        "name the plan with `gates` in a review, or take the gate out";
    STAGE_GATE "K0808" Error "a stage gate that could not be answered"
        "A stage gate is open while all that it names surely holds. So it has a name of its own, and names KPIs with bounds in their units."
        "stage gates of different names, KPIs with `at_least`, `at_most` or both in their units, or `not worse`"
        "correct what stands there";
    GUARDRAIL "K0810" Error "a guardrail that cannot be held against figures"
        "A guardrail says how far some KPIs may go as long as others hold, period by period. So all its KPIs have one period, each stands in one place with a bound in its unit, and there is one on either side."
        "KPIs of one period, each once, with `at_least`, `at_most` or both in its unit; under `while` also `not worse`"
        "correct what stands there";
    ENDING "K0811" Error "a KPI that does not come to its end"
        "A KPI that goes is announced with the day from which nothing is to use it (`sunset`), and once nothing does, with the first day of which it has no figures (`retired`). What is to be used instead stays longer than it."
        "`retired` on the day of `sunset` or later; a `successor` that stays, beside `life`"
        "correct what stands there";
    RETIRED_IN_USE "K0812" Error "a retired KPI in use"
        "From the day on which a KPI is retired it has no figures, so whatever rests on it would have none either. Scorecards, formulas, alerts and whatever else uses it are changed first, by a wording that begins that day where they are dated."
        "no use of it from that day on"
        "use its successor, or take it out";
    GOING_IN_USE "K0813" Warning "a KPI in use that goes"
        "It is announced that this KPI is not to be used from a day on. Until it is retired its figures go on, so nothing breaks yet; whoever uses it has until then to change."
        "no use of it from its `sunset` on"
        "use its successor, or take it out from that day on";
    WITHHOLDING "K0814" Error "a withholding that withholds nothing"
        "Where a legal duty keeps something out of what is disclosed, that is decided and said: of which KPIs or scorecards, what is left out, by which duty, why, by whom, and from which day until which."
        "a name of its own, `kpis` or `scorecards`, what is `withheld`, `until` after `since`"
        "correct what stands there";
    ATTEST "K0815" Error "an attestation that nobody could give"
        "Once a period is over somebody says of the rows of a source, or each unit of a level of its own, that they are whole and right. There is somebody for each, and where a close may go without a unit, units can be told apart."
        "units of the `level`, and a steward, a manager or an `owner` for each of them"
        "correct what stands there";
    PLAYBOOK "K0830" Error "a playbook that starts nothing"
        "A playbook starts a run for each row that meets `when`, or for each unit in which the KPI is as `on` says, and somebody does its steps. So it has a name of its own, one of the two, steps, and there is somebody in the project who can."
        "playbooks of different names, a person, `when` or `on`, steps"
        "add what is missing, or remove the playbook";
    INITIATIVE "K0831" Error "an initiative that cannot be right"
        "An initiative says before what it is to come to: by how much which KPI gets better, by which day after it has begun. What speaks for it are figures of KPIs: one that counts, one with a target, one in the currency of the budget. Budgets are added up and evidence is compared, so all are in one currency and like figures are of one period."
        "initiatives of different names, effects for the better after the beginning, KPIs that can say what they are named for"
        "correct what stands there";
    LADDER "K0832" Error "a ladder that nobody could climb"
        "A ladder says who is told, rung by rung, if nobody acts in time. So it has rungs, and at most one ladder is that of a severity."
        "rungs, and a severity that no other ladder has"
        "add a rung, or leave `severity` out of one of them";
    FEEDBACK "K0833" Error "feedback that nobody could read or count"
        "What customers write is a text among the rows behind a KPI. It is searched by people, so it is not personal; a theme counts texts that have its words, so it has some."
        "a KPI with rows, a text of theirs that is not personal, themes with words"
        "correct what stands there";
    OPERATING_PLAN "K0834" Error "an operating plan that cannot be right"
        "An operating plan says what is to be spent in a time, by objective. Its amounts are added up and held against what was spent, so all are in one currency; each of its versions holds from a day of its own, and no two plans for one unit share days."
        "plans of different names and days, versions that follow each other, amounts in one currency"
        "correct what stands there";
    PLAN_WITHOUT_AIM "K0835" Warning "money where nothing is aimed at"
        "Money is planned for an objective of which no KPI has a target. However it is spent, nobody could say whether it reached anything."
        "a KPI with this `objective` and a target"
        "give a KPI of it a target, or plan the money elsewhere";
    TARGET_PLAN "K0836" Error "a target planned with what is no plan of it"
        "A target says which version of an operating plan it was planned with, so that it is out of date once the plan says something else. That is a version that the plan has, of the whole, of the target's unit or of one above it, and the target begins while the plan lasts."
        "a version of the plan, and a day of its time"
        "correct what stands there";
    TARGET_OUT_OF_DATE "K0837" Warning "a target that the plan has left behind"
        "The operating plan with which a target was planned has a later version, or is over, and the target still holds. Whether it is still the right one has not been agreed on."
        "a target planned with the version that is the plan"
        "agree on it anew: name the later version if it stays as it is, or add a target from the day on which that version is the plan";
    PLAN_OFF_CALENDAR "K0838" Warning "an operating plan across periods of the calendar"
        "Money is held against what it came to in the periods of the fiscal calendar. This plan begins or ends within a month of it, so spending and figures of that month do not go together."
        "the first day of a month of the project's calendar"
        "let it begin and end where a month does";
    POLICY_UNREADABLE "K0901" Error "not a policy"
        "Files `policies/*.cedar` say who may see what, in the language Cedar. This one cannot be read, so none of them holds and nothing is served. The place shown is where reading failed; the cause is often just before it."
        "policies such as `permit (principal, action, resource) when { … };`"
        "look at what stands before this place: a missing `;`, bracket or `when`";
    POLICY_WRONG "K0902" Error "a policy about what there is not"
        "A policy may speak of the actions, the kinds of things and the attributes that `kepi access policy --schema` lists, and compare like with like. What it says otherwise can never be decided, so the file is refused before anybody relies on it."
        "an action, a kind of thing or an attribute of the schema"
        "write one that `kepi access policy --schema` lists";
    POLICY_NAME "K0903" Error "a policy about a name that the project does not have"
        "A policy names a KPI, a scorecard, a unit or a source. With a slip in the name it would hold for nothing, and nobody would see that it does not protect what it was written for."
        "a name that the project defines"
        "correct the name";
    POLICY_IDLE "K0904" Warning "an action that no policy grants"
        "Without a policy that grants it, an action is refused to everybody, whatever their roles. That is what happens to a new action when own policies stand in place of those that come with Kepi."
        "a policy that grants each action to somebody"
        "add a policy for it; `kepi access policy` prints those that come with Kepi";
    ROLE_FOR_PERSON "K0905" Error "a role where a person is needed"
        "A role stands for whoever holds it, unit by unit. Who is accountable, responsible, consulted or informed can be a role; who signs, decides, manages or holds a seat is somebody."
        "the name of a person"
        "name the person who does it";
    ROLE_VACANT "K0906" Warning "a role that nobody holds"
        "KPIs are answered for by a role, and in the unit at the top of the tree nobody has its seat: of the figures of the whole nobody answers, and what waits goes to whoever manages the unit."
        "somebody who has its seat in the unit at the top"
        "write `seats: {ROLE: PERSON}` in the unit at the top";
    PLAN_OTHER_DAYS "K0908" Warning "money of days that the plan has not"
        "What is spent before an operating plan begins or after it is over is no part of what it is held against: it is in no sum, and nothing else says that it is missing."
        "days of the plan"
        "correct the day, or move the amount to the plan of its time";
    POLICY_ASIDE "K0909" Warning "a file of policies beside what is decided"
        "Files `policies/*.cedar` hold as they stand in the folder, and nobody is asked. Where definitions have a `policy:`, that holds, and files do not; where others have to agree to definitions, a file passes them by."
        "policies in definitions alone, where others decide on these"
        "write what stands there as `policy: NAME` with `cedar: |`, and take the file away";
    ROLE_RESERVED "K0907" Error "a role that no seat gives"
        "Who has a seat of a role holds that role when signing in, too. Who owns and who runs a project is said by `kepi access` alone: no definition makes somebody its owner."
        "a name other than `owner` and `runner`"
        "give the role another name";
}
