//! A quantile, from a histogram with declared bins.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::{
    Carry, Kind, Population, Reader, Reading, ValueUnit,
    rows::of_rows,
    words::{Words, quantile_text},
};
use crate::{
    codes,
    decode::{self, AmountText, ExpressionText, Field, Whole, choices, table},
    entity::Entity,
    expression::{Expression, Type},
    form,
    id::EntityId,
    lexical::type_text,
    sql::Want,
    word::{Word, words},
};

table! {
    WrittenBins = "bins", "The histogram a quantile is read from.";
    from: AmountText, required, "Lower edge of the first bin, in the unit of the value.", "0 minutes";
    to: AmountText, required, "Upper edge of the last bin.", "120 minutes";
    count: Whole<1, 10_000>, required, "How many bins.", "60";
    spacing: Spacing, default "linear", "Equal widths or equal ratios.", "linear";
}
of_rows! {
    Written = "quantile", "A quantile, from a histogram, interpolated within a bin.";
    value: ExpressionText, required, "What is ranked.", "duration";
    quantile: decode::Quantile, required, "`median`, or a share between 0 % and 100 %.", "90%";
    bins: WrittenBins, required, "The histogram.", "{from: 0, to: 100, count: 100}";
}
choices!(Spacing);

/// A quantile from a histogram.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Quantile {
    /// Rows.
    pub rows: Population,
    /// What is ranked.
    pub value: Expression,
    /// In millionths: the median is 500 000.
    pub quantile: u32,
    /// The histogram.
    pub bins: Bins,
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

impl Quantile {
    pub(super) fn read(written: &Written, reader: &mut Reader<'_, '_>) -> Option<Self> {
        let rows = reader.population(written);
        let value = reader.value(written, &written.value, Want::Quantity);
        let bins = value.as_ref().and_then(|v| bins(written.bins.get()?, &v.type_, reader));
        Some(Self { rows: rows?, value: value?, quantile: written.quantile.get()?.0, bins: bins? })
    }
}

fn bins(written: &WrittenBins, type_: &Type, reader: &mut Reader<'_, '_>) -> Option<Bins> {
    let unit = ValueUnit::of(type_);
    let mut edge = |field: &Field<AmountText>| {
        let found = unit.exact(field.get()?.text()?).and_then(|d| match unit {
            ValueUnit::Duration => Some(d.digits),
            _ => d.at_scale(type_.scale()),
        });
        if found.is_none() {
            reader
                .findings
                .report(codes::BAD_BINS, field.span, format!("this edge is not of type {}", type_text(type_)))
                .expected(unit.amount_text());
        }
        found
    };
    let (from, to) = (edge(&written.from), edge(&written.to));
    let (from, to) = (from?, to?);
    let count = written.count.get()?.0;
    let spacing = written.spacing.cloned()?;
    let mut problem = |message: &str, expected: &str| {
        reader.findings.report(codes::BAD_BINS, written.span, message).expected(expected);
    };
    if from >= to {
        problem("the last edge is not above the first", "`from` smaller than `to`");
        return None;
    }
    if spacing == Spacing::Logarithmic && from <= 0 {
        problem("logarithmic bins cannot start at zero or below", "`from` above zero, or `spacing: linear`");
        return None;
    }
    let edges: Vec<i64> = (0..=count)
        .map(|i| {
            if i == count {
                to
            } else if spacing == Spacing::Logarithmic {
                // Not the platform's power: edges are the same on every machine.
                let ratio = libm::pow(to as f64 / from as f64, i as f64 / count as f64);
                (from as f64 * ratio).round() as i64
            } else {
                // Exact, so that edges do not depend on rounding.
                (i128::from(from) + (i128::from(to) - i128::from(from)) * i128::from(i) / i128::from(count))
                    as i64
            }
        })
        .collect();
    if edges.windows(2).any(|w| w.first() >= w.last()) {
        problem("some bins would be empty ranges", "fewer bins, or a wider range");
        return None;
    }
    Some(Bins { edges, spacing })
}

impl Kind for Quantile {
    fn form(&self) -> Value {
        let bins = json!(["bins", self.bins.spacing.word(), self.bins.edges]);
        json!(["quantile", self.rows.form(), form::expression(&self.value), self.quantile, bins])
    }
    fn readings(&self) -> Vec<Reading<'_>> {
        vec![Reading { rows: &self.rows, values: vec![&self.value] }]
    }
    fn unit(&self, _: &BTreeMap<EntityId, Entity>) -> ValueUnit {
        ValueUnit::of(&self.value.type_).at_least(1)
    }
    fn words(&self, words: &Words<'_>) -> String {
        format!(
            "The {} of {} over {}{}, read from a histogram of {} bins{}",
            quantile_text(self.quantile),
            words.value(&self.value, &self.rows.of),
            words.rows(&self.rows),
            words.filter(&self.rows),
            self.bins.edges.len().saturating_sub(1),
            words.dated(&self.rows)
        )
    }
    fn formula(&self, words: &Words<'_>, _: bool) -> String {
        format!("{} of {}", quantile_text(self.quantile), words.value(&self.value, &self.rows.of))
    }
    fn weighs(&self) -> bool {
        false
    }
    fn over_time(&self) -> Carry {
        Carry::Stays
    }
    fn over_units(&self) -> Carry {
        Carry::Stays
    }
}
