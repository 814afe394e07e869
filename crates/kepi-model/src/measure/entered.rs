//! A figure that people enter, by a form or a spreadsheet: rows of `entered_value`.

use std::collections::BTreeMap;

use jiff::{Timestamp, civil::Date, tz::TimeZone};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::{Carry, Kind, Population, Reader, Reading, ValueUnit, words::Words};
use crate::{
    business_hours::{NamedHours, nth_open_day},
    calendar::ordinal_of_day,
    codes,
    decode::{Micros, Whole, choices, table},
    entity::Entity,
    expression::{Comparison, Expression, Literal, Node, Path, Type},
    expression_text::duration_text,
    form,
    id::{BusinessHoursId, EntityId},
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
    due_day: Whole<1, 250>, optional, "On the how-manieth day of business after the period's end it is due, by the end of that day; instead of `due`.", "5";
    business_hours: BusinessHoursId, optional, "Whose days of business count; default Monday to Friday.", "support_desk";
    since: Date, optional, "From when on it is owed: periods from this day on are awaited and then late before anybody has entered the first.", "2026-01-01";
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
    /// When it is due.
    pub due: Due,
    /// From which day on it is owed, counted from 1970-01-01; none: from the first row of what is entered.
    pub since: Option<i32>,
}

/// When a figure is due that people enter.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Due {
    /// So many µs after the end of the period.
    After(i64),
    /// By the end of a day of business.
    Day {
        /// The how-manieth after the end of the period.
        n: u16,
        /// Whose days of business count; none: Monday to Friday.
        hours: Option<NamedHours>,
        /// Where days begin and end.
        zone: String,
    },
}

impl Due {
    /// The instant at which it is due for a period that ends at another, both in µs UTC. Beyond the years that are known it is the end of
    /// the period.
    pub fn at(&self, end: i64) -> i64 {
        match self {
            Self::After(wait) => end.saturating_add(*wait),
            Self::Day { n, hours, zone } => {
                let by = || {
                    let zone = TimeZone::get(zone).ok()?;
                    let last = Timestamp::from_microsecond(end.checked_sub(1)?).ok()?.to_zoned(zone.clone());
                    let day = nth_open_day(*n, last.date(), hours.as_ref().map(|of| &of.hours))?;
                    let over = day.tomorrow().ok()?.to_zoned(zone).ok()?;
                    Some(over.timestamp().as_microsecond())
                };
                by().unwrap_or(end)
            }
        }
    }

    fn form(&self) -> Value {
        match self {
            Self::After(wait) => json!(wait),
            Self::Day { n, hours, zone } => json!([n, zone, hours.as_ref().map(|of| of.hours.form())]),
        }
    }

    /// In words; none: as soon as the period is over.
    fn words(&self) -> Option<String> {
        match self {
            Self::After(0) => None,
            Self::After(wait) => Some(format!("{} after the end of the period", duration_text(*wait))),
            Self::Day { n, hours, .. } => {
                let whose = hours.as_ref().map_or(String::new(), |of| format!(" of “{}”", of.name));
                Some(format!("on day {n} of business{whose} after the end of the period"))
            }
        }
    }
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
        let due = match (written.due_day.get(), written.due.get()) {
            (Some(n), None) => {
                let hours = match written.business_hours.is_written() {
                    true => Some(reader.business_hours.get(written.business_hours.get()?)?.clone()),
                    false => None,
                };
                let zone = reader.zone.iana_name().unwrap_or("UTC").to_owned();
                Due::Day { n: u16::try_from(n.0).ok()?, hours, zone }
            }
            (None, _) if written.business_hours.is_written() => {
                reader
                    .findings
                    .report(codes::DUE, written.span, "days of business count for nothing here")
                    .expected("`due_day: 5`, the how-manieth of them it is due on")
                    .fix("add `due_day: 5`, or take `business_hours` out");
                return None;
            }
            (None, due) => Due::After(due.map_or(0, |due| due.0)),
            (Some(_), Some(_)) => {
                reader
                    .findings
                    .report(codes::DUE, written.span, "when it is due is said twice")
                    .expected("either `due: 10 days` or `due_day: 5`")
                    .fix("keep one of them");
                return None;
            }
        };
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
            since: written.since.get().map(|day| ordinal_of_day(*day)),
        })
    }
}

impl Kind for Entered {
    fn form(&self) -> Value {
        let mut form = vec![
            json!("entered"),
            self.rows.form(),
            form::expression(&self.value),
            json!(self.of_type.word()),
            json!(self.combine.word()),
            self.due.form(),
        ];
        form.extend(self.since.map(|since| json!(since)));
        form.into()
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
        let due = self.due.words().map_or(String::new(), |due| format!("; it is due {due}"));
        format!("What people entered as {}; several are {how}{due}", self.figure)
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
