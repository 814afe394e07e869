//! The kinds of measures.

use crate::{
    decode::{
        self, AmountText, At, Decode, Decoder, ExpressionText, Field, Micros, PathText, Scale, Whole,
        choices, one_of, table,
    },
    id::EntityId,
    project::{Spacing, Unmatched},
    table::{Kind, Table},
    word::words,
    yaml::Yaml,
};

/// What every measure of rows says: of which, dated how, and which of them.
pub(crate) trait OfRows {
    /// The entity whose rows are looked at.
    fn of(&self) -> &Field<EntityId>;
    /// What dates them.
    fn at(&self) -> &Field<PathText>;
    /// Which of them count.
    fn filter(&self) -> &Field<ExpressionText>;
}

/// A measure of rows: `of` before its own fields, `at` and `where` after them.
macro_rules! of_rows {
    ($name:ident = $word:literal, $about:literal; $($own:tt)*) => {
        table! {
            $name = $word, $about;
            of: EntityId, required, "The entity whose rows are looked at.", "survey_response";
            $($own)*
            at: PathText, optional,
                "The date or time that decides the period; default the entity's time.", "responded_at";
            filter "where": ExpressionText, optional, "Only rows for which this is true.",
                "survey = 'relationship'";
        }
        impl OfRows for $name {
            fn of(&self) -> &Field<EntityId> {
                &self.of
            }
            fn at(&self) -> &Field<PathText> {
                &self.at
            }
            fn filter(&self) -> &Field<ExpressionText> {
                &self.filter
            }
        }
    };
}

of_rows! {
    Count = "count", "How many rows there are.";
}
of_rows! {
    Sum = "sum", "The sum of an expression.";
    value: ExpressionText, required, "What is added up.", "quantity";
}
of_rows! {
    Distinct = "distinct", "How many different values there are, exactly.";
    value: ExpressionText, required, "What is told apart.", "account";
}
of_rows! {
    Mean = "mean", "The mean of an expression over the rows that have it.";
    value: ExpressionText, required, "What is averaged.", "quantity";
}
of_rows! {
    Share = "share", "The share of rows for which a condition holds, among those for which it is known.";
    which: ExpressionText, required, "The condition.", "answered = true";
}
table! {
    Bins = "bins", "The histogram a quantile is read from.";
    from: AmountText, required, "Lower edge of the first bin, in the unit of the value.", "0 minutes";
    to: AmountText, required, "Upper edge of the last bin.", "120 minutes";
    count: Whole<1, 10_000>, required, "How many bins.", "60";
    spacing: Spacing, default "linear", "Equal widths or equal ratios.", "linear";
}
of_rows! {
    Quantile = "quantile", "A quantile, from a histogram, interpolated within a bin.";
    value: ExpressionText, required, "What is ranked.", "duration";
    quantile: decode::Quantile, required, "`median`, or a share between 0 % and 100 %.", "90%";
    bins: Bins, required, "The histogram.", "{from: 0, to: 100, count: 100}";
}
of_rows! {
    Nps = "nps", "Net promoter score: per cent of 9–10 less per cent of 0–6.";
    answer: ExpressionText, required, "The answer on the scale 0..10.", "score";
}

words! {
    /// What is made of answers or times instead of a share.
    pub(crate) enum Summary {
        Mean = "mean",
    }
}
choices!(Summary);

of_rows! {
    Satisfaction = "satisfaction", "Satisfaction: the share of the highest answers, or the mean answer.";
    answer: ExpressionText, required, "The answer.", "overall";
    scale: Scale, required, "Lowest and highest answer.", "1..5";
    top: Whole<1, 100>, optional, "The share of so many highest answers.", "2";
    summary: Summary, optional, "The mean answer instead.", "mean";
}
/// The same fields under another name.
#[derive(Debug, Clone)]
pub(crate) struct Effort(pub(crate) Satisfaction);
impl Effort {
    const TABLE: &'static Table = &Table {
        name: "effort",
        doc: "Customer effort: the share who agree it was easy, or the mean answer.",
        ..*Satisfaction::TABLE
    };
}
impl Decode for Effort {
    const KIND: Kind = Kind::Object(Self::TABLE);
    fn decode(yaml: &Yaml, at: At<'_>, decoder: &mut Decoder<'_>) -> Option<Self> {
        Satisfaction::decode_by(Self::TABLE, yaml, at, decoder).map(Self)
    }
}

of_rows! {
    Duration = "duration", "The time between two instants: its mean, or the share within a limit.";
    from: PathText, required, "Start.", "opened_at";
    until: PathText, required, "End.", "closed_at";
    summary: Summary, optional, "The mean time.", "mean";
    within: Micros, optional, "The share within this time; rows without end are late.", "4 hours";
}
one_of! {
    Part = "part", "One additive aggregate.";
    Count "count": Count, "How many rows.", "{of: ticket}";
    Sum "sum": Sum, "The sum of an expression.", "{of: order_item, value: quantity}";
    Distinct "distinct": Distinct, "How many different values.", "{of: order, value: account}";
}
table! {
    Ratio = "ratio", "Numerator over denominator, aggregated apart; they meet on period and segment.";
    numerator: Part, required, "Above the line.", "{count: {of: ticket}}";
    denominator: Part, required, "Below the line.", "{count: {of: order}}";
    unmatched: Unmatched, default "show", "Segments present on one side only.", "show";
}
table! {
    Rate = "rate", "Events per so many of a population.";
    events: Part, required, "What happens.", "{count: {of: ticket}}";
    population: Part, required, "Among whom.", "{distinct: {of: session, value: account}}";
    per: Whole<1, 1_000_000_000>, required, "So many of the population.", "1000";
    unmatched: Unmatched, default "show", "Segments present on one side only.", "show";
}
one_of! {
    Measure = "measure", "How a KPI is computed: exactly one kind.";
    Count "count": Count, "How many rows.", "{of: ticket}";
    Sum "sum": Sum, "The sum of an expression.", "{of: order_item, value: quantity}";
    Mean "mean": Mean, "The mean of an expression.", "{of: order_item, value: quantity}";
    Share "share": Share, "A share of rows.", "{of: ticket, which: reopened}";
    Distinct "distinct": Distinct, "How many different values.", "{of: order, value: account}";
    Quantile "quantile": Quantile, "A quantile.", "{of: session, value: length, quantile: median, bins: …}";
    Nps "nps": Nps, "Net promoter score.", "{of: survey_response, answer: score}";
    Satisfaction "satisfaction": Satisfaction, "Satisfaction.", "{of: survey_response, answer: overall, …}";
    Effort "effort": Effort, "Customer effort.", "{of: survey_response, answer: easy, …}";
    Duration "duration": Duration, "Time between two instants.", "{of: ticket, from: …, until: …}";
    Ratio "ratio": Ratio, "A ratio of two aggregates.", "{numerator: …, denominator: …}";
    Rate "rate": Rate, "Events per so many of a population.", "{events: …, population: …, per: 1000}";
}
