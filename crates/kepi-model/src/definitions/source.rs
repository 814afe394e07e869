//! Sources: connectors, mappings, rules.

use super::{TEXTS, description, shown_name};
use crate::table::{
    Key,
    Kind::{
        Attribute, Boolean, Character, Choice, ColumnType, Date, Either, Encoding, Expression, Files,
        Integer, List, Map, Name, Object, OneOf, Reference, Requirement, Text, TimeFormat, Zone,
    },
    Symbol, Table, field,
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
pub(super) static SOURCE: Table = Table {
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
