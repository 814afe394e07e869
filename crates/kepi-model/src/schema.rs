//! What the field tables yield beside reading: a JSON Schema for editors, the reference of fields, the list of
//! built-in entities.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt::Write,
};

use serde_json::{Map, Value, json};

use crate::{
    builtin,
    definitions::{DOCUMENTS, tables},
    id::EntityId,
    lexical::type_text,
    project::Entity,
    table::{FieldSpec, Key, Kind, Need, Table},
};

const NAME: &str = "^[a-z][a-z0-9_]{0,62}$";

/// The JSON Schema (draft 2020-12) of one document of a project.
pub fn json_schema() -> Value {
    let mut definitions = Map::new();
    for table in tables() {
        definitions.insert(table.name.to_owned(), table_schema(table));
    }
    // The first key names the kind, but a schema knows no order: where a kind is also a field of another one, as `unit` is
    // of scorecards, the other one is asked for first.
    let is_field = |kind: &&str| DOCUMENTS.iter().any(|t| t.names().skip(1).any(|name| name == *kind));
    let (inner, mut order): (Vec<&str>, Vec<&str>) = DOCUMENTS.iter().map(|t| t.name).partition(is_field);
    order.extend(inner);
    let choice = order.iter().rev().fold(
        json!({"required": ["kpi"], "description": "The first key names the kind of a definition."}),
        |rest, kind| json!({"if": {"required": [kind]}, "then": {"$ref": format!("#/$defs/{kind}")}, "else": rest}),
    );
    let mut schema = json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Kepi definition",
        "description": "One document of a Kepi project; its first key names its kind.",
        "type": "object",
    });
    if let (Some(schema), Value::Object(choice)) = (schema.as_object_mut(), choice) {
        schema.extend(choice);
        schema.insert("$defs".to_owned(), Value::Object(definitions));
    }
    schema
}

fn table_schema(table: &Table) -> Value {
    let properties: Map<String, Value> =
        table.fields.iter().map(|f| (f.name.to_owned(), field_schema(f))).collect();
    let mut schema = json!({
        "description": table.doc,
        "type": "object",
        "properties": properties,
        "additionalProperties": false,
    });
    if let Some(schema) = schema.as_object_mut() {
        let required: Vec<&str> =
            table.fields.iter().filter(|f| f.need == Need::Required).map(|f| f.name).collect();
        if !required.is_empty() {
            schema.insert("required".to_owned(), json!(required));
        }
        if table.one_key {
            schema.insert("minProperties".to_owned(), json!(1));
            schema.insert("maxProperties".to_owned(), json!(1));
        }
    }
    schema
}

fn field_schema(field: &FieldSpec) -> Value {
    let mut schema = kind_schema(field.kind);
    if let Some(schema) = schema.as_object_mut() {
        let mut doc = meaning(field);
        if let Need::Default(default) = field.need {
            let _ = write!(doc, " Default: {default}.");
        }
        schema.insert("description".to_owned(), json!(doc));
        schema.insert("examples".to_owned(), json!([field.example]));
    }
    schema
}

/// Scalars may look like numbers to an editor although the field is a text.
fn scalar() -> Value {
    json!({"type": ["string", "number", "boolean"]})
}

fn kind_schema(kind: Kind) -> Value {
    match kind {
        Kind::Name(_) | Kind::Attribute | Kind::Reference(_) => json!({"type": "string", "pattern": NAME}),
        Kind::Text | Kind::Amount | Kind::Expression | Kind::Requirement => scalar(),
        Kind::Boolean => json!({"type": "boolean"}),
        Kind::Integer(low, high) => json!({"type": "integer", "minimum": low, "maximum": high}),
        Kind::Share => json!({"type": "string", "pattern": "^[0-9]+(\\.[0-9]+)? ?%$"}),
        Kind::Date => json!({"type": "string", "pattern": "^[0-9]{4}-[0-9]{2}-[0-9]{2}$"}),
        Kind::Duration => json!({
            "type": "string",
            "pattern": "^[0-9.]+ (second|minute|hour|day|week|millisecond|microsecond)s?( |$)",
        }),
        Kind::Lag | Kind::Stretch => {
            json!({"type": "string", "pattern": "^[0-9]+ (day|week|month|quarter|year)s?$"})
        }
        Kind::Ago => {
            json!({"type": ["integer", "string"], "pattern": "^[0-9]+( (day|week|month|quarter|year)s?)?$"})
        }
        Kind::Choice(words) => json!({"enum": words}),
        Kind::Scale => json!({"type": "string", "pattern": "^-?[0-9]+ ?\\.\\. ?-?[0-9]+$"}),
        Kind::Opening => {
            json!({"type": "string", "pattern": "^[0-9]{1,2}:[0-9]{2} ?[-–] ?[0-9]{1,2}:[0-9]{2}$"})
        }
        Kind::Places => json!({"type": ["string", "integer"], "pattern": "^[0-9]+( ?\\.\\. ?[0-9]+)?$"}),
        Kind::Quantile => json!({"type": "string", "pattern": "^(median|[0-9.]+ ?%)$"}),
        Kind::Path
        | Kind::Type
        | Kind::ColumnType
        | Kind::Zone
        | Kind::TimeFormat
        | Kind::Delimiter
        | Kind::Encoding
        | Kind::Files => json!({"type": "string"}),
        Kind::List(inner) => json!({"type": "array", "items": kind_schema(*inner)}),
        Kind::Map(key, inner) => {
            let mut schema = json!({"type": "object", "additionalProperties": kind_schema(*inner)});
            if let (Some(schema), Key::Name(_) | Key::Reference(_)) = (schema.as_object_mut(), key) {
                schema.insert("propertyNames".to_owned(), json!({"pattern": NAME}));
            }
            schema
        }
        Kind::Object(table) => json!({"$ref": format!("#/$defs/{}", table.name)}),
        Kind::Either(kinds) => json!({"anyOf": kinds.iter().map(|k| kind_schema(*k)).collect::<Vec<_>>()}),
    }
}

/// The built-in entities as JSON: an array of objects with `entity`, `name`, `description`, `key`, `time` and
/// `attributes`.
pub fn entities() -> Value {
    entities_of(&builtin::entities())
}

/// The same for the entities of a project, with what it adds.
pub fn entities_of(entities: &BTreeMap<EntityId, Entity>) -> Value {
    entities
        .values()
        .map(|entity| {
            let attributes: Vec<Value> = entity
                .attributes
                .iter()
                .map(|a| {
                    json!({
                        "attribute": a.id,
                        "type": type_text(&a.type_),
                        "name": a.name,
                        "description": a.description,
                        "scale": a.scale.map(|(low, high)| format!("{low}..{high}")),
                        "personal": a.personal,
                    })
                })
                .collect();
            json!({
                "entity": entity.id,
                "name": entity.name,
                "description": entity.description,
                "key": entity.key,
                "time": entity.time,
                "attributes": attributes,
            })
        })
        .collect()
}

/// The reference of all fields as Markdown.
pub fn fields_markdown() -> String {
    let mut out = String::from(
        "# Fields\n\nEvery field of every kind of definition, made from the tables that the checker reads with. \
         How they work together is told in [language.md](language.md).\n",
    );
    let documents: BTreeSet<&str> = DOCUMENTS.iter().map(|t| t.name).collect();
    for table in tables() {
        let level = if documents.contains(table.name) { "##" } else { "###" };
        let _ = write!(out, "\n{level} {}\n\n{}", table.name, table.doc);
        if table.one_key {
            out.push_str(" Exactly one of:");
        }
        out.push_str("\n\n| field | holds | default | meaning | example |\n|---|---|---|---|---|\n");
        for field in table.fields {
            let default = match field.need {
                Need::Required => "required".to_owned(),
                Need::Default(default) => format!("`{default}`"),
                Need::Optional => String::new(),
            };
            let cell = |text: &str| text.replace('|', "\\|");
            let _ = writeln!(
                out,
                "| `{}` | {} | {} | {} | `{}` |",
                field.name,
                cell(&holds(field.kind)),
                cell(&default),
                cell(&meaning(field)),
                cell(field.example)
            );
        }
    }
    out
}

/// What a field means, and since when.
fn meaning(field: &FieldSpec) -> String {
    let since = field.since.map(|version| format!(" Since {version}.")).unwrap_or_default();
    format!("{}{since}", field.doc)
}

fn holds(kind: Kind) -> String {
    match kind {
        Kind::List(inner) => format!("list of {}", holds(*inner)),
        Kind::Map(Key::Text, inner) => format!("map of text to {}", holds(*inner)),
        Kind::Map(Key::Name(_), inner) => format!("map of name to {}", holds(*inner)),
        Kind::Map(Key::Reference(symbol), inner) => format!("map of {} to {}", symbol.word(), holds(*inner)),
        Kind::Object(table) => format!("[{}](#{})", table.name, table.name),
        Kind::Either(kinds) => kinds.iter().map(|k| holds(*k)).collect::<Vec<_>>().join(" or "),
        Kind::Type | Kind::ColumnType => "type".to_owned(),
        scalar => scalar.word(),
    }
}
