//! Figures of others.

use jiff::civil::Date;

use crate::{
    benchmark::{Figure, Grade},
    decode::{Name, Scale, Whole, choices, table},
    id::BenchmarkId,
    measure::Counted,
};

choices!(Counted, Figure, Grade);

table! {
    Benchmark = "benchmark", "A figure of others, or what research says that customers expect, on record: what it is, where it is from, and until when it says something. Targets rest on it by its name.";
    benchmark: Name<BenchmarkId>, required, "The benchmark's name in definitions.", "airport_asq_2025";
    name: String, optional;
    description: String, optional;
    value: String, required, "The figure, written as a target of the KPIs that are compared with it.", "82%";
    figure: Figure, required, "What it is of the answers or amounts behind it.", "top_share";
    top: Whole<1, 100>, optional, "Of how many highest answers, with `top_share`.", "2";
    scale: Scale, optional, "Lowest and highest answer.", "1..5";
    n: Whole<1, 1_000_000_000_000>, optional, "How many cases it is made of.", "12000";
    method: String, optional, "How it was measured.", "Interviews at the gate, quota sample";
    population: String, optional, "Who was measured.", "Departing passengers of 90 airports";
    mode: String, optional, "How people were asked; compared with `measured` of a KPI.", "interview";
    region: String, optional, "Where the customers are; compared likewise.", "North America";
    counted: Counted, optional, "What counts once; compared likewise.", "respondent";
    source: String, required, "Where it is from.", "Yearly report, table 4";
    published: Date, required, "When it was published.", "2025-09-01";
    expires: Date, required, "First day on which it says nothing any more; a target that rests on it then is a finding.", "2027-01-01";
    licence: String, optional, "What may be done with it.", "may be quoted with its source";
    grade: Grade, required, "How far it can be followed: `audited`, `documented` (method and cases are published), `reported`, `estimated`.", "documented";
}

table! {
    Measured = "measured", "How and where a KPI's figures come about, to be held against those of others.";
    mode: String, optional, "How people are asked.", "web";
    region: String, optional, "Where the customers are.", "North America";
    counted: Counted, optional, "What counts once.", "respondent";
}
