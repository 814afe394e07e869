//! Measures and the unit of their values.

use serde::{Deserialize, Serialize};

use crate::{
    expression::{Expression, Path},
    id::EntityId,
    word::words,
};

/// Rows of one entity, filtered and dated.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Population {
    /// Base entity.
    pub of: EntityId,
    /// An instant or date of the row (or of a referenced one); decides the period.
    pub at: Path,
    /// Rows for which this is true count.
    pub filter: Option<Expression>,
}

/// How a KPI is computed.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Measure {
    /// Number of rows, a sum or a number of different values.
    Total(Part),
    /// Mean of an expression over the rows that have it.
    Mean {
        /// Rows.
        rows: Population,
        /// What is averaged.
        value: Expression,
    },
    /// Share of rows for which a condition holds, among those for which it is known.
    Share {
        /// Rows.
        rows: Population,
        /// The condition.
        which: Expression,
    },
    /// A quantile from a histogram.
    Quantile {
        /// Rows.
        rows: Population,
        /// What is ranked.
        value: Expression,
        /// In millionths: the median is 500 000.
        quantile: u32,
        /// The histogram.
        bins: Bins,
    },
    /// Net promoter score.
    Nps {
        /// Responses.
        rows: Population,
        /// 0..10; other answers are left out and counted.
        answer: Expression,
    },
    /// Rating on a scale: satisfaction or effort.
    Rating {
        /// Which preset it came from.
        kind: RatingKind,
        /// Responses.
        rows: Population,
        /// The answer; answers off the scale are left out and counted.
        answer: Expression,
        /// Lowest and highest answer.
        scale: (i64, i64),
        /// What is made of it.
        summary: RatingSummary,
    },
    /// Time between two instants.
    Duration {
        /// Rows.
        rows: Population,
        /// Start.
        from: Expression,
        /// End.
        until: Expression,
        /// What is made of it.
        summary: DurationSummary,
    },
    /// Two aggregates that meet on period and segment.
    Ratio {
        /// Above the line.
        numerator: Part,
        /// Below the line.
        denominator: Part,
        /// 1 for a ratio; a rate per 1000 has 1000.
        per: u64,
        /// What happens to segments present on one side only.
        unmatched: Unmatched,
    },
}

/// One additive aggregate.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Part {
    /// Rows.
    pub rows: Population,
    /// What is made of them.
    pub aggregate: Aggregate,
}

/// What a part makes of its rows.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Aggregate {
    /// Number of rows.
    Count,
    /// Sum of a numeric expression.
    Sum(Expression),
    /// Number of different values.
    Distinct(Expression),
}

/// Preset a rating came from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RatingKind {
    /// Customer satisfaction.
    Satisfaction,
    /// Customer effort.
    Effort,
}

/// What is made of ratings.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RatingSummary {
    /// Share of the highest so many answers.
    TopBox(u8),
    /// Mean answer.
    Mean,
}

/// What is made of durations.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DurationSummary {
    /// Mean of the rows that have both ends.
    Mean,
    /// Share within so many microseconds (inclusive) among rows with a start; an open end is late.
    Within(i64),
}

words! {
    /// What happens to segments present on one side only.
    pub enum Unmatched {
        /// Shown with the reason why there is no value, or as zero if only the numerator is absent.
        Show = "show",
        /// Left out.
        Drop = "drop",
    }
}

/// A histogram's bins: `edges[i] <= x < edges[i + 1]`, plus one bin below and one above.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Bins {
    /// Ascending edges in the stored integer of the value's type; at least two.
    pub edges: Vec<i64>,
    /// How to interpolate within a bin.
    pub spacing: Spacing,
}

words! {
    /// Spacing of bins.
    pub enum Spacing {
        /// Equal widths.
        Linear = "linear",
        /// Equal ratios.
        Logarithmic = "logarithmic",
    }
}

/// What a KPI's value is. Values are carried as `f64` in the unit named here.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ValueUnit {
    /// A number of things.
    Count,
    /// A plain number; so many decimals are worth showing.
    Number {
        /// Decimals worth showing.
        decimals: u8,
    },
    /// A share of 1, shown in per cent.
    Share,
    /// Points of −100..100.
    NetPromoter,
    /// A mean answer on a scale.
    Rating {
        /// Lowest answer.
        low: i64,
        /// Highest answer.
        high: i64,
    },
    /// Major units of a currency.
    Money {
        /// ISO 4217 code.
        currency: String,
    },
    /// Microseconds.
    Duration,
    /// So many per so many.
    Rate {
        /// The denominator: 100, 1000 …
        per: u64,
    },
}
