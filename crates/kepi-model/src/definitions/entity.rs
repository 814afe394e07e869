//! Entities and their attributes.

use super::{TEXTS, description, shown_name};
use crate::table::{
    Key,
    Kind::{Attribute, Boolean, List, Map, Name, Object, Scale, Type},
    Table, field,
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

pub(super) static ENTITY: Table = Table {
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
