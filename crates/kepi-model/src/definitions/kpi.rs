//! KPIs: what surrounds a measure.

use super::{GRAINS, PERSONS, TEXTS, description, measure::MEASURE, shown_name};
use crate::table::{
    Key,
    Kind::{
        self, Amount, Choice, Date, Either, Expression, Integer, List, Map, Name, Object, OneOf, Path,
        Reference, Share, Text,
    },
    Symbol, Table, field,
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
