//! The field tables of every kind of definition.

mod entity;
mod kpi;
mod measure;
mod organisation;
mod scorecard;
mod source;
mod strategy;

use entity::ENTITY;
use organisation::{PERSON, PROJECT, UNIT};
use scorecard::SCORECARD;
use source::SOURCE;
use strategy::STRATEGY;

pub(crate) use kpi::KPI;
pub(crate) use source::MAPPING_FIELDS;

use crate::table::{
    Field,
    Kind::{self, List, Reference, Text},
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
