//! A figure that people enter, by a form or a spreadsheet: rows of `entered_value`.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::{Carry, Kind, Population, Reader, Reading, ValueUnit, words::Words};
use crate::{
    codes,
    decode::{Micros, choices, table},
    entity::Entity,
    expression::{Comparison, Expression, Literal, Node, Path, Type},
    form,
    id::EntityId,
    word::{Word, words},
};

/// The entity whose rows are what people enter.
pub const ENTERED_VALUE: &str = "entered_value";

table! {
    Written = "entered", "A figure that people enter, by a form or a spreadsheet.";
    figure: String, required, "Which of the figures that are entered.", "market_share";
    of_type "type": EnteredType, default "number", "What it is.", "share";
    currency: String, optional, "Of money: in which currency.", "EUR";
    combine: Combine, optional, "How several make one, of parts and of longer periods; default a sum, of shares and lengths of time a mean.", "mean";
    due: Micros, optional, "How long after the end of the period it is due: until then it is awaited, then late.", "10 days";
}
choices!(EnteredType, Combine);

words! {
    /// What is entered.
    pub enum EnteredType {
        /// A plain number.
        Number = "number",
        /// How many.
        Count = "count",
        /// A share of 1.
        Share = "share",
        /// An amount of money, in its currency.
        Money = "money",
        /// A length of time; its rows hold seconds.
        Duration = "duration",
    }

    /// How several figures make one.
    pub enum Combine {
        /// They add up.
        Sum = "sum",
        /// Their mean.
        Mean = "mean",
    }
}

/// A figure that people enter.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Entered {
    /// Its rows.
    pub rows: Population,
    /// Which figure.
    pub figure: String,
    /// The value of a row.
    pub value: Expression,
    /// What it is.
    pub of_type: EnteredType,
    /// Of money: its currency.
    pub currency: Option<String>,
    /// How several make one.
    pub combine: Combine,
    /// µs after the end of the period until it is due.
    pub due: i64,
}

impl Entered {
    pub(super) fn read(written: &Written, reader: &mut Reader<'_, '_>) -> Option<Self> {
        let entity = reader.entities.get(&ENTERED_VALUE.parse::<EntityId>().ok()?)?;
        let path = |name: &str| {
            let attribute = entity.attributes.iter().find(|a| a.id.as_str() == name)?;
            let path = Path { references: Vec::new(), attribute: attribute.id.clone() };
            Some(Expression { type_: attribute.type_.clone(), node: Node::Path(path) })
        };
        let (value, of) = (path("value")?, path("figure")?);
        if !matches!(value.type_, Type::Number { .. } | Type::Integer) {
            reader
                .findings
                .report(codes::NOT_A_TIME, written.span, "`entered_value.value` is no number here")
                .expected("the built-in attribute");
            return None;
        }
        let figure = written.figure.cloned()?;
        let is = Expression { type_: Type::Text, node: Node::Literal(Literal::Text(figure.clone())) };
        let filter = Node::Compare(Comparison::Equal, Box::new(of), Box::new(is));
        let time = entity.time.clone()?;
        let of_type = written.of_type.cloned()?;
        let combine = match (written.combine.get(), written.combine.is_written()) {
            (Some(combine), _) => *combine,
            (None, true) => return None,
            (None, false) if matches!(of_type, EnteredType::Share | EnteredType::Duration) => Combine::Mean,
            (None, false) => Combine::Sum,
        };
        let currency = written.currency.cloned();
        if (of_type == EnteredType::Money) != currency.is_some() {
            let what = match currency {
                None => "an amount of money is entered in a currency",
                Some(_) => "a currency is that of `type: money`",
            };
            reader
                .findings
                .report(codes::CURRENCIES, written.span, what)
                .fix("write `type: money, currency: EUR`, or neither");
            return None;
        }
        let due = written.due.get().map_or(0, |due| due.0);
        Some(Self {
            rows: Population {
                of: entity.id.clone(),
                at: Path { references: Vec::new(), attribute: time },
                filter: Some(Expression { type_: Type::Boolean, node: filter }),
            },
            figure,
            value,
            of_type,
            currency,
            combine,
            due,
        })
    }
}

impl Kind for Entered {
    fn form(&self) -> Value {
        json!([
            "entered",
            self.rows.form(),
            form::expression(&self.value),
            self.of_type.word(),
            self.combine.word(),
            self.due
        ])
    }
    fn readings(&self) -> Vec<Reading<'_>> {
        vec![Reading { rows: &self.rows, values: vec![&self.value] }]
    }
    fn unit(&self, _: &BTreeMap<EntityId, Entity>) -> ValueUnit {
        match self.of_type {
            EnteredType::Number => ValueUnit::of(&self.value.type_),
            EnteredType::Count => ValueUnit::Count,
            EnteredType::Share => ValueUnit::Share,
            EnteredType::Duration => ValueUnit::Duration,
            EnteredType::Money => ValueUnit::Money { currency: self.currency.clone().unwrap_or_default() },
        }
    }
    fn words(&self, _: &Words<'_>) -> String {
        let how = match self.combine {
            Combine::Sum => "added up",
            Combine::Mean => "averaged",
        };
        format!("What people entered as {}; several are {how}", self.figure)
    }
    fn formula(&self, _: &Words<'_>, _: bool) -> String {
        match self.combine {
            Combine::Sum => format!("Σ {}", self.figure),
            Combine::Mean => format!("Σ {} ÷ n", self.figure),
        }
    }
    fn weighs(&self) -> bool {
        false
    }
    fn over_time(&self) -> Carry {
        if self.combine == Combine::Sum { Carry::AddsUp } else { Carry::Stays }
    }
    fn over_units(&self) -> Carry {
        self.over_time()
    }
}
