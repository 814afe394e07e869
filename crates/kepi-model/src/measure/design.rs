//! How the rows of a KPI stand for more than themselves: margins that they are weighted to, limits of the weights, rows that
//! are not independent of each other.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::{Dimension, Kpi};
use crate::{
    decode::{AmountText, Either, ExpressionText, Map, choices, one_of, table},
    form,
    id::DimensionId,
    word::words,
};

words! {
    /// The rows that could have answered, as a margin.
    pub(crate) enum AskedWord {
        Asked = "asked",
    }
}
choices!(AskedWord);

one_of! {
    WrittenMargin = "margin", "What the members of a dimension amount to in the population.";
    Known "known": Map<String, AmountText>, "Numbers or shares that are known, by member.",
        "{EU: 3500, NA: 4000}";
}

/// The rows of the measure, or a margin of its own.
pub(crate) type MarginText = Either<AskedWord, WrittenMargin>;

table! {
    WrittenTrim = "trim", "Between which limits weights are kept; what is cut off is spread evenly over the others.";
    times_median: AmountText, optional, "At most so many times the median weight.", "5";
    at_most: AmountText, optional, "No answer stands for more of the population.", "50";
    at_least: AmountText, optional, "No answer stands for less of it.", "1";
}

table! {
    Weights = "weight", "How much each row counts.";
    base: ExpressionText, optional, "A number attribute that weights rows, before all else.", "base_weight";
    rake: Map<String, MarginText>, optional,
        "Weights are made for each period so that the rows add up to each of these margins: dimensions of `by`, or paths.",
        "{account.region: {known: {EU: 45%, NA: 55%}}, account.tier: asked}";
    post_stratify: Map<String, MarginText>, optional, "The same with one margin.",
        "{account.region: {known: {EU: 35%, NA: 65%}}}";
    trim: WrittenTrim, optional, "Between which limits the weights are kept.", "{times_median: 5}";
    finite: bool, default "false",
        "Whether the population is so small that the rows are a good part of it, which narrows the interval.", "true";
}

/// How rows stand for a population. Estimates are made with errors linearised over it.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Design {
    /// What weights are raked to; one margin is post-stratification, none leaves base weights as they are.
    pub margins: Vec<Margin>,
    /// Limits of the weights.
    pub trim: Trim,
    /// Whether the variance is that of a sample from as few as the margins say.
    pub finite: bool,
    /// What rows have in common that are not independent.
    pub cluster: Option<Dimension>,
}

/// One margin.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Margin {
    /// Of which dimension.
    pub dimension: Dimension,
    /// What its members amount to.
    pub to: MarginTo,
}

/// What the members of a margin amount to.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum MarginTo {
    /// As many as the rows of the measure, whether or not they enter the value: all who were asked.
    Asked,
    /// Known amounts in millionths, by member, sorted.
    Known {
        /// Members and amounts.
        of: Vec<(Box<str>, i64)>,
        /// Whether they are shares of a population of unknown size.
        shares: bool,
    },
}

/// Limits of weights, in millionths.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Trim {
    /// At most so many times the median weight.
    pub times_median: Option<i64>,
    /// No answer stands for more.
    pub at_most: Option<i64>,
    /// No answer stands for less.
    pub at_least: Option<i64>,
}

/// Decimals of known amounts and limits.
pub const MARGIN_SCALE: u8 = 6;
/// In millionths.
pub(crate) const WHOLE: i64 = 1_000_000;

impl Design {
    /// All dimensions that cells are told apart by, sorted: those of the margins.
    pub fn margin_dimensions(&self) -> Vec<DimensionId> {
        self.margins.iter().map(|margin| margin.dimension.id.clone()).collect()
    }

    /// Every dimension that it reads.
    pub fn dimensions(&self) -> impl Iterator<Item = &Dimension> {
        self.margins.iter().map(|margin| &margin.dimension).chain(&self.cluster)
    }

    pub(crate) fn form(&self, dimension: impl Fn(&Dimension) -> Value) -> Value {
        let margins = self.margins.iter().map(|margin| {
            let to = match &margin.to {
                MarginTo::Asked => json!(["asked"]),
                MarginTo::Known { of, shares } => json!(["known", of, shares]),
            };
            json!([dimension(&margin.dimension), to])
        });
        let Trim { times_median, at_most, at_least } = self.trim;
        json!([
            "design",
            margins.collect::<Value>(),
            [times_median, at_most, at_least],
            self.finite,
            form::option(self.cluster.as_ref(), dimension)
        ])
    }

    /// In words, after a semicolon.
    pub(crate) fn words(&self) -> String {
        let mut text = String::new();
        let name = |margin: &Margin| margin.dimension.id.as_str().replace('_', " ");
        let of = |asked: bool| {
            let is = |margin: &&Margin| (margin.to == MarginTo::Asked) == asked;
            self.margins.iter().filter(is).map(name).collect::<Vec<_>>().join(" and ")
        };
        let (known, asked) = (of(false), of(true));
        if !known.is_empty() {
            text.push_str(&format!("; weighted in each period to the known {known} of the population"));
        }
        if !asked.is_empty() {
            text.push_str(&format!("; weighted in each period to the {asked} of all who were asked"));
        }
        if let Some(times) = self.trim.times_median {
            text.push_str(&format!("; no weight is above {} times the median", in_decimal(times)));
        }
        if let Some(most) = self.trim.at_most {
            text.push_str(&format!("; no answer stands for more than {}", in_decimal(most)));
        }
        if let Some(least) = self.trim.at_least {
            text.push_str(&format!("; no answer stands for less than {}", in_decimal(least)));
        }
        if self.finite {
            text.push_str("; the interval is that of a finite population");
        }
        if let Some(cluster) = &self.cluster {
            let name = cluster.id.as_str().replace('_', " ");
            text.push_str(&format!("; answers of one {name} are not taken as independent"));
        }
        text
    }
}

/// Millionths in decimal.
pub(crate) fn in_decimal(millionths: i64) -> String {
    let text = format!("{}.{:06}", millionths / WHOLE, (millionths % WHOLE).abs());
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

impl Kpi {
    /// Dimensions that cells are told apart by beside those of segments.
    pub fn hidden_dimensions(&self) -> impl Iterator<Item = &Dimension> {
        self.design.iter().flat_map(Design::dimensions)
    }
}
