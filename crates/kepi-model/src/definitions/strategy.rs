//! The strategy.

use super::{description, shown_name};
use crate::table::{
    Key,
    Kind::{Choice, Lag, List, Map, Name, Object, Reference, Text},
    Symbol, Table, field,
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
pub(super) static STRATEGY: Table = Table {
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
