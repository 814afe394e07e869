//! The kinds of measures.

use crate::table::{
    Field,
    Kind::{Amount, Choice, Duration, Expression, Integer, Object, OneOf, Path, Quantile, Reference, Scale},
    Symbol, Table, field,
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
pub(super) static MEASURE: Table = Table {
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
