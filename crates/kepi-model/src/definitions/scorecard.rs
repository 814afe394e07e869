//! Scorecards.

use super::{GRAINS, description, shown_name};
use crate::table::{
    Key,
    Kind::{Choice, Map, Name, Object, Reference, Share, Text},
    Symbol, Table, field,
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
pub(super) static SCORECARD: Table = Table {
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
