//! The project itself, persons and units.

use super::{MONTHS, WEEKDAYS, description};
use crate::table::{
    Key,
    Kind::{Choice, Integer, Map, Name, Reference, Share, Text, Zone},
    Symbol, Table, field,
};

pub(super) static PROJECT: Table = Table {
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

pub(super) static PERSON: Table = Table {
    name: "person",
    doc: "Someone who answers for something.",
    fields: &[
        field("person", Name, "The person's name in definitions.", "terminal_lead").required(),
        field("name", Text, "The name shown to people.", "Maria Ortiz").required(),
        field("role", Text, "What the person does.", "Terminal Services"),
        field("email", Text, "Address.", "maria@example.org"),
    ],
};

pub(super) static UNIT: Table = Table {
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
