//! The field tables of every kind of definition.

use crate::table::{
    Field, Key,
    Kind::{
        self, Amount, Attribute, Boolean, Character, Choice, ColumnType, Date, Duration, Either, Encoding,
        Expression, Files, Integer, Lag, List, Map, Name, Object, OneOf, Path, Quantile, Reference,
        Requirement, Scale, Share, Text, TimeFormat, Type, Zone,
    },
    Symbol, Table, field,
};

/// The kinds of documents, told apart by their first key.
pub static DOCUMENTS: &[&Table] = &[&PROJECT, &PERSON, &UNIT, &ENTITY, &SOURCE, &STRATEGY, &KPI, &SCORECARD];

const PERSONS: Kind = List(&Reference(Symbol::Person));
const TEXTS: Kind = List(&Text);

const fn shown_name() -> Field {
    field("name", Text, "The name shown to people.", "Relationship NPS")
}
const fn description() -> Field {
    field("description", Text, "What it is, in plain words.", "Would our customers recommend us?")
}

/// Months of the year.
pub const MONTHS: [&str; 12] = [
    "january",
    "february",
    "march",
    "april",
    "may",
    "june",
    "july",
    "august",
    "september",
    "october",
    "november",
    "december",
];
/// Days of the week, from Monday.
pub const WEEKDAYS: [&str; 7] =
    ["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"];
/// Lengths of periods.
pub const GRAINS: [&str; 6] = ["day", "week", "month", "quarter", "half_year", "year"];

static PROJECT: Table = Table {
    name: "project",
    doc: "What the whole project shares: its reporting zone, its calendar and what data may be used for. Exactly one.",
    fields: &[
        field("project", Name, "The project's name.", "airport").required(),
        field("name", Text, "The name shown to people.", "Airport passenger experience").required(),
        description(),
        field("language", Integer(1, 1), "Version of the definition language.", "1").required(),
        field("time_zone", Zone, "The reporting zone: decides days and periods.", "America/Los_Angeles")
            .required(),
        field("week_start", Choice(&WEEKDAYS), "The first day of a week.", "monday").default("monday"),
        field("fiscal_year_start", Choice(&MONTHS), "The month in which the fiscal year starts.", "january")
            .default("january"),
        field("confidence", Share, "Confidence level of every interval, between 50 % and 100 %.", "95%")
            .default("95%"),
        field(
            "purposes",
            Map(Key::Name, &Text),
            "What data may be used for, each in words.",
            "{research: …}",
        ),
    ],
};

static PERSON: Table = Table {
    name: "person",
    doc: "Someone who answers for something.",
    fields: &[
        field("person", Name, "The person's name in definitions.", "terminal_lead").required(),
        field("name", Text, "The name shown to people.", "Maria Ortiz").required(),
        field("role", Text, "What the person does.", "Terminal Services"),
        field("email", Text, "Address.", "maria@example.org"),
    ],
};

static UNIT: Table = Table {
    name: "unit",
    doc: "An organisational unit. Units form one tree with one root.",
    fields: &[
        field("unit", Name, "The unit's name in definitions.", "boarding_area_a").required(),
        field("name", Text, "The name shown to people.", "Boarding Area A").required(),
        field("level", Name, "Its level in the tree; the root may have none.", "boarding_area"),
        field("parent", Reference(Symbol::Unit), "The unit above; none for the root.", "sfo"),
        field("member", Text, "The segment member it stands for; default its name.", "A"),
        field("manager", Reference(Symbol::Person), "Who manages it.", "terminal_lead"),
    ],
};

static ATTRIBUTE: Table = Table {
    name: "attribute",
    doc: "An attribute of an entity.",
    fields: &[
        field("type", Type, "What it holds.", "number, 2 decimals").required(),
        shown_name(),
        description(),
        field("values", TEXTS, "The members of an `enum`.", "[web, phone]"),
        field("scale", Scale, "Lowest and highest answer; integers only.", "1..5"),
        field("personal", Boolean, "Whether it is personal data.", "true").default("false"),
    ],
};

static ENTITY: Table = Table {
    name: "entity",
    doc: "Adds attributes to a built-in entity, or declares a new one.",
    fields: &[
        field("entity", Name, "A built-in entity, or a new name.", "survey_response").required(),
        shown_name(),
        description(),
        field(
            "key",
            List(&Attribute),
            "The attributes that identify a row; required for a new entity.",
            "[id]",
        ),
        field("time", Attribute, "The attribute that dates a row by default.", "visited_at"),
        field(
            "attributes",
            Map(Key::Name, &Object(&ATTRIBUTE)),
            "Attributes by name.",
            "{terminal: {type: text}}",
        ),
    ],
};

static CSV: Table = Table {
    name: "csv",
    doc: "Delimited text.",
    fields: &[
        field("files", Files, "Path or glob below the project's folder.", "data/2015_*.csv.gz").required(),
        field("delimiter", Character, "What separates cells: one ASCII character.", "\",\"").default("\",\""),
        field("encoding", Encoding, "Label of the text encoding.", "utf-8").default("utf-8"),
        field("header_row", Integer(1, 1000), "Line of the header, from 1.", "1").default("1"),
    ],
};
static FILES: Table = Table {
    name: "files",
    doc: "Files.",
    fields: &[field("files", Files, "Path or glob below the project's folder.", "data/events_*.ndjson.gz")
        .required()],
};
static CONNECTOR: Table = Table {
    name: "connector",
    doc: "Where and how a source is read.",
    fields: &[
        field("csv", Object(&CSV), "Delimited text; `.gz` is unpacked.", "{files: data/a.csv}"),
        field(
            "ndjson",
            Object(&FILES),
            "One JSON object a line; `.gz` is unpacked.",
            "{files: data/a.ndjson}",
        ),
        field("parquet", Object(&FILES), "Parquet.", "{files: data/a.parquet}"),
    ],
};
static SOURCE_ZONE: Table = Table {
    name: "source_zone",
    doc: "The zone of local times, and what to do with those that exist twice or never.",
    fields: &[
        field("name", Zone, "IANA name of the zone.", "Europe/Berlin").required(),
        field(
            "ambiguous",
            Choice(&["earlier", "later", "quarantine"]),
            "A local time that exists twice.",
            "earlier",
        )
        .default("earlier"),
        field(
            "missing",
            Choice(&["shift forward", "quarantine"]),
            "A local time that does not exist.",
            "shift forward",
        )
        .default("shift forward"),
    ],
};
static MAPPING: Table = Table {
    name: "mapping",
    doc: "How one attribute gets its value: from a `column`, as a `constant`, from its `position` or by an `expression`.",
    fields: &[
        field("column", Text, "Header of the column.", "RESPNUM"),
        field("constant", Text, "The same value in every row.", "passenger_2015"),
        field(
            "position",
            Choice(&["file and row"]),
            "File name and number of the row: a key for rows without one.",
            "file and row",
        ),
        field("expression", Expression, "Computed from other mapped attributes.", "quantity * weight"),
        field(
            "as",
            ColumnType,
            "How the column's text is read: the attribute's type; a duration names its unit.",
            "text",
        ),
        field(
            "replace",
            Map(Key::Text, &Text),
            "Code → text it stands for; other texts stay as they are.",
            "{\"1\": \"07\"}",
        ),
        field("prefix", Text, "Text put before the cell's before it is read.", "\"2015-\""),
        field("format", TimeFormat, "strptime pattern of a date or timestamp.", "\"%d.%m.%Y %H:%M\""),
        field("decimal_mark", Choice(&[".", ","]), "What stands before decimals.", "\",\"").default("\".\""),
        field("excess_digits", Choice(&["quarantine", "round"]), "Digits beyond the declared ones.", "round")
            .default("quarantine"),
        field(
            "missing",
            Either(&[TEXTS, Map(Key::Text, &Text)]),
            "Texts that mean \"no value\" here, or a map from text to its reason.",
            "{\"0\": blank}",
        ),
        field("values", Map(Key::Text, &Text), "Text in the source → member of the enum.", "{Tel: phone}"),
        field(
            "else",
            Text,
            "What other texts of an enum become: `quarantine`, `missing` or a member.",
            "quarantine",
        )
        .default("quarantine"),
        field("true", TEXTS, "Texts for true.", "[Y, \"1\"]").default("[true, yes, \"1\"]"),
        field("false", TEXTS, "Texts for false.", "[N, \"0\"]").default("[false, no, \"0\"]"),
        field("required", Boolean, "A row without a value goes to quarantine.", "true").default("false"),
    ],
};
static RULE: Table = Table {
    name: "rule",
    doc: "What must hold of rows or files, and what happens if it does not.",
    fields: &[
        field("name", Name, "Its name, unique within the source.", "closes_after_open").required(),
        field("require", Requirement, "What must hold.", "closed_at >= opened_at").required(),
        field("else", Choice(&["warn", "quarantine", "stop"]), "What happens if it does not.", "quarantine")
            .required(),
    ],
};
static SOURCE: Table = Table {
    name: "source",
    doc: "A place data come from, and how its rows become rows of an entity.",
    fields: &[
        field("source", Name, "The source's name.", "survey_2015").required(),
        shown_name(),
        description(),
        field("into", Reference(Symbol::Entity), "The entity it fills.", "survey_response").required(),
        field("from", OneOf(&CONNECTOR), "Where and how to read.", "{csv: {files: data/a.csv}}").required(),
        field(
            "mode",
            Choice(&["append", "upsert", "snapshot"]),
            "How a row relates to those landed before: final, superseding, or each file is the whole.",
            "append",
        )
        .required(),
        field(
            "key",
            List(&Attribute),
            "The attributes that identify a row; default the entity's key.",
            "[id]",
        ),
        field("version", Attribute, "Upsert only: the attribute that says which row is newer.", "updated_at"),
        field(
            "time_zone",
            Either(&[Zone, Object(&SOURCE_ZONE)]),
            "Zone of local times and dates; default the project's.",
            "Europe/Berlin",
        ),
        field("missing", TEXTS, "Texts that mean \"no value\" in every column.", "[\"\", \"NA\"]")
            .default("[\"\"]"),
        field(
            "only",
            Expression,
            "Rows that do not match are out of scope: counted, not landed.",
            "status != 'test'",
        ),
        field(
            "map",
            Map(Key::Text, &Object(&MAPPING)),
            "One mapping an attribute.",
            "{id: {column: ID, as: text}}",
        )
        .required(),
        field(
            "rules",
            List(&Object(&RULE)),
            "Validation rules.",
            "[{name: some, require: rows >= 1, else: stop}]",
        ),
        field(
            "complete_until",
            Date,
            "Last day for which everything is in, whatever the last row says.",
            "2015-12-31",
        ),
        field("purpose", Reference(Symbol::Purpose), "What its data may be used for.", "service_improvement"),
        field("owner", Reference(Symbol::Person), "Who answers for it.", "terminal_lead"),
    ],
};

static NAMED: Table =
    Table { name: "named", doc: "Something with a name.", fields: &[shown_name().required(), description()] };
static PILLAR: Table = Table {
    name: "pillar",
    doc: "A strategic pillar.",
    fields: &[
        shown_name().required(),
        description(),
        field("themes", List(&Reference(Symbol::Theme)), "Its themes.", "[wayfinding]"),
    ],
};
static GOAL: Table = Table {
    name: "goal",
    doc: "A long-term goal.",
    fields: &[
        shown_name().required(),
        description(),
        field(
            "measured_by",
            Reference(Symbol::Kpi),
            "The KPI that tells whether it is reached.",
            "relationship_nps",
        ),
    ],
};
static OBJECTIVE: Table = Table {
    name: "objective",
    doc: "A strategic objective.",
    fields: &[
        shown_name().required(),
        description(),
        field("perspective", Reference(Symbol::Perspective), "The perspective it belongs to.", "customer")
            .required(),
        field("pillar", Reference(Symbol::Pillar), "Pillar it serves.", "effortless"),
        field("theme", Reference(Symbol::Theme), "Theme it serves.", "wayfinding"),
        field("owner", Reference(Symbol::Person), "Who answers for it.", "terminal_lead"),
    ],
};
static LINK: Table = Table {
    name: "link",
    doc: "An expected effect of one objective on another.",
    fields: &[
        field("from", Reference(Symbol::Objective), "The cause.", "easy_journey").required(),
        field("to", Reference(Symbol::Objective), "The effect.", "passengers_delighted").required(),
        field(
            "sign",
            Choice(&["positive", "negative"]),
            "Whether more leads to more or to less.",
            "positive",
        )
        .required(),
        field("lag", Lag, "After how long.", "1 quarter"),
        field("strength", Choice(&["weak", "moderate", "strong"]), "Expected strength.", "strong"),
        field("why", Text, "Why it is believed.", "Complaints name it first"),
    ],
};
static STRATEGY: Table = Table {
    name: "strategy",
    doc: "Mission, pillars, themes, perspectives, objectives and how they work on each other. At most one.",
    fields: &[
        field("strategy", Name, "The strategy's name.", "customer_strategy").required(),
        field("mission", Text, "The mission.", "Every passenger leaves at ease.").required(),
        field("pillars", Map(Key::Name, &Object(&PILLAR)), "Pillars.", "{effortless: {name: …}}"),
        field("themes", Map(Key::Name, &Object(&NAMED)), "Themes.", "{wayfinding: {name: …}}"),
        field("goals", Map(Key::Name, &Object(&GOAL)), "Long-term goals.", "{loyalty: {name: …}}"),
        field(
            "perspectives",
            Map(Key::Name, &Object(&NAMED)),
            "Perspectives, top first.",
            "{customer: {name: …}}",
        )
        .required(),
        field(
            "objectives",
            Map(Key::Name, &Object(&OBJECTIVE)),
            "Objectives.",
            "{easy: {name: …, perspective: …}}",
        )
        .required(),
        field("links", List(&Object(&LINK)), "Cause-and-effect links.", "[{from: a, to: b, sign: positive}]"),
    ],
};

const fn of() -> Field {
    field("of", Reference(Symbol::Entity), "The entity whose rows are looked at.", "survey_response")
        .required()
}
const fn at() -> Field {
    field("at", Path, "The date or time that decides the period; default the entity's time.", "responded_at")
}
const fn only_where() -> Field {
    field("where", Expression, "Only rows for which this is true.", "survey = 'relationship'")
}
static COUNT: Table =
    Table { name: "count", doc: "How many rows there are.", fields: &[of(), at(), only_where()] };
static SUM: Table = Table {
    name: "sum",
    doc: "The sum of an expression.",
    fields: &[
        of(),
        field("value", Expression, "What is added up.", "quantity").required(),
        at(),
        only_where(),
    ],
};
static DISTINCT: Table = Table {
    name: "distinct",
    doc: "How many different values there are, exactly.",
    fields: &[
        of(),
        field("value", Expression, "What is told apart.", "account").required(),
        at(),
        only_where(),
    ],
};
static MEAN: Table = Table {
    name: "mean",
    doc: "The mean of an expression over the rows that have it.",
    fields: &[
        of(),
        field("value", Expression, "What is averaged.", "quantity").required(),
        at(),
        only_where(),
    ],
};
static SHARE: Table = Table {
    name: "share",
    doc: "The share of rows for which a condition holds, among those for which it is known.",
    fields: &[
        of(),
        field("which", Expression, "The condition.", "answered = true").required(),
        at(),
        only_where(),
    ],
};
static BINS: Table = Table {
    name: "bins",
    doc: "The histogram a quantile is read from.",
    fields: &[
        field("from", Amount, "Lower edge of the first bin, in the unit of the value.", "0 minutes")
            .required(),
        field("to", Amount, "Upper edge of the last bin.", "120 minutes").required(),
        field("count", Integer(1, 10_000), "How many bins.", "60").required(),
        field("spacing", Choice(&["linear", "logarithmic"]), "Equal widths or equal ratios.", "linear")
            .default("linear"),
    ],
};
static QUANTILE: Table = Table {
    name: "quantile",
    doc: "A quantile, from a histogram, interpolated within a bin.",
    fields: &[
        of(),
        field("value", Expression, "What is ranked.", "duration").required(),
        field("quantile", Quantile, "`median`, or a share between 0 % and 100 %.", "90%").required(),
        field("bins", Object(&BINS), "The histogram.", "{from: 0, to: 100, count: 100}").required(),
        at(),
        only_where(),
    ],
};
static NPS: Table = Table {
    name: "nps",
    doc: "Net promoter score: per cent of 9–10 less per cent of 0–6.",
    fields: &[
        of(),
        field("answer", Expression, "The answer on the scale 0..10.", "score").required(),
        at(),
        only_where(),
    ],
};
static SATISFACTION: Table = Table {
    name: "satisfaction",
    doc: "Satisfaction: the share of the highest answers, or the mean answer.",
    fields: &[
        of(),
        field("answer", Expression, "The answer.", "overall").required(),
        field("scale", Scale, "Lowest and highest answer.", "1..5").required(),
        field("top", Integer(1, 100), "The share of so many highest answers.", "2"),
        field("summary", Choice(&["mean"]), "The mean answer instead.", "mean"),
        at(),
        only_where(),
    ],
};
static EFFORT: Table = Table {
    name: "effort",
    doc: "Customer effort: the share who agree it was easy, or the mean answer.",
    fields: SATISFACTION.fields,
};
static DURATION: Table = Table {
    name: "duration",
    doc: "The time between two instants: its mean, or the share within a limit.",
    fields: &[
        of(),
        field("from", Path, "Start.", "opened_at").required(),
        field("until", Path, "End.", "closed_at").required(),
        field("summary", Choice(&["mean"]), "The mean time.", "mean"),
        field("within", Duration, "The share within this time; rows without end are late.", "4 hours"),
        at(),
        only_where(),
    ],
};
static PART: Table = Table {
    name: "part",
    doc: "One additive aggregate.",
    fields: &[
        field("count", Object(&COUNT), "How many rows.", "{of: ticket}"),
        field("sum", Object(&SUM), "The sum of an expression.", "{of: order_item, value: quantity}"),
        field("distinct", Object(&DISTINCT), "How many different values.", "{of: order, value: account}"),
    ],
};
static RATIO: Table = Table {
    name: "ratio",
    doc: "Numerator over denominator, aggregated apart; they meet on period and segment.",
    fields: &[
        field("numerator", OneOf(&PART), "Above the line.", "{count: {of: ticket}}").required(),
        field("denominator", OneOf(&PART), "Below the line.", "{count: {of: order}}").required(),
        field("unmatched", Choice(&["show", "drop"]), "Segments present on one side only.", "show")
            .default("show"),
    ],
};
static RATE: Table = Table {
    name: "rate",
    doc: "Events per so many of a population.",
    fields: &[
        field("events", OneOf(&PART), "What happens.", "{count: {of: ticket}}").required(),
        field("population", OneOf(&PART), "Among whom.", "{distinct: {of: session, value: account}}")
            .required(),
        field("per", Integer(1, 1_000_000_000), "So many of the population.", "1000").required(),
        field("unmatched", Choice(&["show", "drop"]), "Segments present on one side only.", "show")
            .default("show"),
    ],
};
/// The kinds of measures.
pub static MEASURE: Table = Table {
    name: "measure",
    doc: "How a KPI is computed: exactly one kind.",
    fields: &[
        field("count", Object(&COUNT), "How many rows.", "{of: ticket}"),
        field("sum", Object(&SUM), "The sum of an expression.", "{of: order_item, value: quantity}"),
        field("mean", Object(&MEAN), "The mean of an expression.", "{of: order_item, value: quantity}"),
        field("share", Object(&SHARE), "A share of rows.", "{of: ticket, which: reopened}"),
        field("distinct", Object(&DISTINCT), "How many different values.", "{of: order, value: account}"),
        field(
            "quantile",
            Object(&QUANTILE),
            "A quantile.",
            "{of: session, value: length, quantile: median, bins: …}",
        ),
        field("nps", Object(&NPS), "Net promoter score.", "{of: survey_response, answer: score}"),
        field(
            "satisfaction",
            Object(&SATISFACTION),
            "Satisfaction.",
            "{of: survey_response, answer: overall, …}",
        ),
        field("effort", Object(&EFFORT), "Customer effort.", "{of: survey_response, answer: easy, …}"),
        field("duration", Object(&DURATION), "Time between two instants.", "{of: ticket, from: …, until: …}"),
        field("ratio", Object(&RATIO), "A ratio of two aggregates.", "{numerator: …, denominator: …}"),
        field(
            "rate",
            Object(&RATE),
            "Events per so many of a population.",
            "{events: …, population: …, per: 1000}",
        ),
    ],
};
static GATES: Table = Table {
    name: "publish_if",
    doc: "What must hold for a value to be shown.",
    fields: &[field("n", Integer(1, 1_000_000_000), "At least so many cases.", "50").required()],
};
static BASIS: Table = Table {
    name: "basis",
    doc: "What a target rests on.",
    fields: &[
        field("history", Text, "Own past.", "median of 24 months"),
        field("benchmark", Text, "Others' figures.", "ACI ASQ 2025"),
        field("expectation", Text, "Research into what customers expect.", "diary study 2025"),
        field("capability", Text, "What the process can do.", "staffing model"),
        field("negotiated", Text, "Agreement.", "EMEA plan 2026, 12 January"),
    ],
};
const LINE: Kind = Either(&[Amount, List(&Amount)]);
static TARGET: Table = Table {
    name: "target",
    doc: "A target from a date on, until the next for the same unit.",
    fields: &[
        field("from", Date, "First day it holds.", "2026-01-01").required(),
        field("unit", Reference(Symbol::Unit), "The unit it is for; default all.", "emea"),
        field("floor", LINE, "Score 0.", "5"),
        field("threshold", LINE, "Score 50.", "20").required(),
        field("target", LINE, "Score 100.", "40").required(),
        field("stretch", LINE, "Score 120.", "55"),
        field("basis", OneOf(&BASIS), "What it rests on.", "{history: median of 24 months}"),
    ],
};
pub(crate) static KPI: Table = Table {
    name: "kpi",
    doc: "A key performance indicator: what is measured, of whom, how often, against which target, and who answers.",
    fields: &[
        field("kpi", Name, "The KPI's name in definitions.", "relationship_nps").required(),
        shown_name().required(),
        description(),
        field(
            "objective",
            Reference(Symbol::Objective),
            "The objective it serves.",
            "customers_recommend_us",
        ),
        field(
            "indicator",
            Choice(&["leading", "lagging"]),
            "Ahead of the outcome, or stating it.",
            "lagging",
        ),
        field("better", Choice(&["higher", "lower", "in_range"]), "Which direction is good.", "higher")
            .required(),
        field(
            "measure",
            OneOf(&MEASURE),
            "How it is computed.",
            "{nps: {of: survey_response, answer: score}}",
        )
        .required(),
        field("period", Choice(&GRAINS), "Its natural period.", "month").required(),
        field(
            "by",
            Either(&[
                List(&Path),
                Map(Key::Name, &Either(&[Path, Map(Key::Reference(Symbol::Entity), &Path)])),
            ]),
            "Segments, each on its own: paths, or a map from a name to a path, or to a path for each entity.",
            "[account.region]",
        ),
        field("cross", List(&List(&Text)), "Combinations of segments.", "[[region, tier]]"),
        field("as_of", Choice(&["event", "now"]), "Which version of referenced rows counts.", "event")
            .default("event"),
        field("weight", Expression, "A number attribute that weights rows.", "base_weight"),
        field("publish_if", Object(&GATES), "Fewer cases are shown as insufficient.", "{n: 50}"),
        field("coverage_at_least", Share, "Below it the value is shown as insufficient.", "60%"),
        field("targets", List(&Object(&TARGET)), "Targets over time and by unit.", "[{from: 2026-01-01, …}]"),
        field("accountable", Reference(Symbol::Person), "The one who answers for it.", "vp_customer"),
        field("responsible", PERSONS, "Who does the work.", "[terminal_lead]"),
        field("consulted", PERSONS, "Who is asked.", "[terminal_lead]"),
        field("informed", PERSONS, "Who is told.", "[terminal_lead]"),
        field("purpose", Reference(Symbol::Purpose), "What the data are used for.", "service_improvement"),
        field(
            "assumptions",
            TEXTS,
            "What is taken for granted.",
            "[Answers are not corrected for non-response.]",
        ),
    ],
};

static SCORECARD_OBJECTIVE: Table = Table {
    name: "scorecard_objective",
    doc: "An objective on a scorecard.",
    fields: &[
        field("weight", Share, "Weight among siblings.", "100%").required(),
        field("kpis", Map(Key::Reference(Symbol::Kpi), &Share), "KPIs and their weights.", "{nps: 100%}")
            .required(),
    ],
};
static SCORECARD_PERSPECTIVE: Table = Table {
    name: "scorecard_perspective",
    doc: "A perspective on a scorecard.",
    fields: &[
        field("weight", Share, "Weight among siblings.", "60%").required(),
        field(
            "objectives",
            Map(Key::Reference(Symbol::Objective), &Object(&SCORECARD_OBJECTIVE)),
            "Its objectives.",
            "{easy_journey: {weight: 100%, kpis: {…}}}",
        )
        .required(),
    ],
};
static MISSING: Table = Table {
    name: "missing",
    doc: "What a missing child does to its parent's score.",
    fields: &[
        field(
            "rule",
            Choice(&["ignore", "block", "worst_case"]),
            "Left out, no score, or the worst score.",
            "ignore",
        )
        .required(),
        field("minimum_coverage", Share, "With less weight present there is no score.", "70%").default("0%"),
    ],
};
static CASCADE: Table = Table {
    name: "cascade",
    doc: "The same scorecard for every unit below whose level is matched.",
    fields: &[
        field(
            "match",
            Map(Key::Reference(Symbol::Level), &Text),
            "Level of units → dimension of the KPIs.",
            "{region: region}",
        )
        .required(),
        field(
            "value",
            Choice(&["recompute", "average_of_children"]),
            "From the unit's own rows, or the mean of its children's scores.",
            "recompute",
        )
        .default("recompute"),
        field(
            "targets",
            Choice(&["inherit", "own"]),
            "A unit without its own targets takes those above, or has none.",
            "inherit",
        )
        .default("inherit"),
    ],
};
static SCORECARD: Table = Table {
    name: "scorecard",
    doc: "A weighted tree of perspectives, objectives and KPIs for a unit.",
    fields: &[
        field("scorecard", Name, "The scorecard's name.", "passenger_experience").required(),
        shown_name().required(),
        description(),
        field("unit", Reference(Symbol::Unit), "The unit it is for; default the whole.", "sfo"),
        field("period", Choice(&GRAINS), "Its period.", "quarter").required(),
        field(
            "missing",
            Object(&MISSING),
            "What a missing child does.",
            "{rule: ignore, minimum_coverage: 70%}",
        )
        .default("{rule: ignore, minimum_coverage: 0%}"),
        field(
            "perspectives",
            Map(Key::Reference(Symbol::Perspective), &Object(&SCORECARD_PERSPECTIVE)),
            "Perspectives with weights, objectives and KPIs.",
            "{customer: {weight: 100%, objectives: {…}}}",
        )
        .required(),
        field("cascade", Object(&CASCADE), "The same for units below.", "{match: {region: region}}"),
    ],
};

/// The fields of a mapping, for those that depend on each other.
pub(crate) const MAPPING_FIELDS: &[&str] = &[
    "column",
    "constant",
    "position",
    "expression",
    "as",
    "replace",
    "prefix",
    "format",
    "decimal_mark",
    "excess_digits",
    "missing",
    "values",
    "else",
    "true",
    "false",
    "required",
];
