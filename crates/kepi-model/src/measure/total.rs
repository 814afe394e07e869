//! Totals: how many rows, the sum of an expression, or how many different values. Also either term of a ratio.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::{
    Carry, Kind, Population, Reader, Reading, ValueUnit,
    rows::of_rows,
    words::{Words, capital, plural},
};
use crate::{
    decode::{ExpressionText, one_of},
    entity::Entity,
    expression::Expression,
    form,
    id::EntityId,
    sql::Want,
};

of_rows! {
    WrittenCount = "count", "How many rows there are.";
}
of_rows! {
    WrittenSum = "sum", "The sum of an expression.";
    value: ExpressionText, required, "What is added up.", "quantity";
}
of_rows! {
    WrittenDistinct = "distinct", "How many different values there are, exactly.";
    value: ExpressionText, required, "What is told apart.", "account";
}
one_of! {
    Written = "part", "One additive aggregate.";
    Count "count": WrittenCount, "How many rows.", "{of: ticket}";
    Sum "sum": WrittenSum, "The sum of an expression.", "{of: order_item, value: quantity}";
    Distinct "distinct": WrittenDistinct, "How many different values.", "{of: order, value: account}";
}

/// One additive aggregate.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Total {
    /// Rows.
    pub rows: Population,
    /// What is made of them.
    pub aggregate: Aggregate,
}

/// What a total makes of its rows.
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

pub(super) fn count(written: &WrittenCount, reader: &mut Reader<'_, '_>) -> Option<Total> {
    Some(Total { rows: reader.population(written)?, aggregate: Aggregate::Count })
}

pub(super) fn sum(written: &WrittenSum, reader: &mut Reader<'_, '_>) -> Option<Total> {
    let rows = reader.population(written);
    let value = reader.value(written, &written.value, Want::Quantity);
    Some(Total { rows: rows?, aggregate: Aggregate::Sum(value?) })
}

pub(super) fn distinct(written: &WrittenDistinct, reader: &mut Reader<'_, '_>) -> Option<Total> {
    let rows = reader.population(written);
    let value = reader.value(written, &written.value, Want::Any);
    Some(Total { rows: rows?, aggregate: Aggregate::Distinct(value?) })
}

impl Total {
    pub(super) fn read(written: &Written, reader: &mut Reader<'_, '_>) -> Option<Self> {
        match written {
            Written::Count(written) => count(written, reader),
            Written::Sum(written) => sum(written, reader),
            Written::Distinct(written) => distinct(written, reader),
        }
    }

    pub(super) fn reading(&self) -> Reading<'_> {
        let values = match &self.aggregate {
            Aggregate::Count => Vec::new(),
            Aggregate::Sum(value) | Aggregate::Distinct(value) => vec![value],
        };
        Reading { rows: &self.rows, values }
    }

    /// What is hashed of it, also as a term.
    pub(super) fn own_form(&self) -> Value {
        let aggregate = match &self.aggregate {
            Aggregate::Count => json!(["count"]),
            Aggregate::Sum(value) => json!(["sum", form::expression(value)]),
            Aggregate::Distinct(value) => json!(["distinct", form::expression(value)]),
        };
        json!([self.rows.form(), aggregate])
    }

    /// Its unit, of which a ratio has two.
    pub(super) fn own_unit(&self) -> ValueUnit {
        match &self.aggregate {
            Aggregate::Count | Aggregate::Distinct(_) => ValueUnit::Count,
            Aggregate::Sum(value) => ValueUnit::of(&value.type_),
        }
    }

    /// Without capital and without what dates it.
    pub(super) fn phrase(&self, words: &Words<'_>) -> String {
        let (rows, filter) = (words.rows(&self.rows), words.filter(&self.rows));
        match &self.aggregate {
            Aggregate::Count => format!("the number of {rows}{filter}"),
            Aggregate::Sum(value) => {
                format!("the sum of {} over {rows}{filter}", words.value(value, &self.rows.of))
            }
            Aggregate::Distinct(value) => {
                let value = plural(&words.value(value, &self.rows.of));
                format!("the number of different {value} among {rows}{filter}")
            }
        }
    }

    pub(super) fn short(&self, words: &Words<'_>) -> String {
        match &self.aggregate {
            Aggregate::Count => format!("n({})", words.rows(&self.rows)),
            Aggregate::Sum(value) => format!("Σ {}", words.value(value, &self.rows.of)),
            Aggregate::Distinct(value) => {
                format!("n(different {})", plural(&words.value(value, &self.rows.of)))
            }
        }
    }
}

impl Kind for Total {
    fn form(&self) -> Value {
        json!(["total", self.own_form()])
    }
    fn readings(&self) -> Vec<Reading<'_>> {
        vec![self.reading()]
    }
    fn unit(&self, _: &BTreeMap<EntityId, Entity>) -> ValueUnit {
        self.own_unit()
    }
    fn words(&self, words: &Words<'_>) -> String {
        let mut text = self.phrase(words);
        text.push_str(&words.dated(&self.rows));
        capital(&text)
    }
    fn formula(&self, words: &Words<'_>, _: bool) -> String {
        self.short(words)
    }
    fn weighs(&self) -> bool {
        !matches!(self.aggregate, Aggregate::Distinct(_))
    }
    /// Months add up to a quarter, teams to a department; but a customer of two months is one of the quarter.
    fn over_time(&self) -> Carry {
        if matches!(self.aggregate, Aggregate::Distinct(_)) { Carry::Neither } else { Carry::AddsUp }
    }
    fn over_units(&self) -> Carry {
        self.over_time()
    }
}
