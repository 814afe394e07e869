//! What a KPI's value is, and how amounts of it are written.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::{
    entity::{Entity, scale_of},
    expression::{Expression, Node, Type},
    id::EntityId,
    lexical::{self, Decimal},
};

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

impl ValueUnit {
    /// The unit of a quantity.
    pub(crate) fn of(type_: &Type) -> Self {
        match type_ {
            Type::Money { currency, .. } => Self::Money { currency: currency.clone() },
            Type::Duration => Self::Duration,
            other => Self::Number { decimals: other.scale() },
        }
    }

    /// The same, with so many decimals at least where it is a plain number.
    pub(super) fn at_least(self, least: u8) -> Self {
        match self {
            Self::Number { decimals } => Self::Number { decimals: decimals.max(least) },
            other => other,
        }
    }

    /// An amount as it is written in definitions, `4%` or `4 hours`; durations come in microseconds. None if it is not of the unit.
    pub fn amount(&self, text: &str) -> Option<f64> {
        self.exact(text.trim()).map(Decimal::to_f64)
    }

    /// How an amount of a unit is written.
    pub fn amount_text(&self) -> String {
        match self {
            Self::Share => "a share such as `80%`".into(),
            Self::Money { currency } => format!("an amount such as `2.50 {currency}`"),
            Self::Duration => "a length of time such as `4 hours`".into(),
            Self::NetPromoter => "points such as `40`".into(),
            Self::Rating { low, high } => format!("an answer between {low} and {high}, such as `{high}`"),
            Self::Count | Self::Number { .. } | Self::Rate { .. } => "a plain number such as `40`".into(),
        }
    }

    /// An amount in a unit; durations come in microseconds.
    pub(crate) fn exact(&self, text: &str) -> Option<Decimal> {
        match self {
            Self::Share => lexical::share(text),
            Self::Money { currency } => lexical::money(text).filter(|(_, c)| c == currency).map(|(d, _)| d),
            Self::Duration => {
                let micros = lexical::duration(text).or_else(|| (text == "0").then_some(0))?;
                Some(Decimal { digits: micros, scale: 0 })
            }
            // A ratio of like things may be written as a share.
            Self::Number { .. } => lexical::decimal(text).or_else(|| lexical::share(text)),
            _ => lexical::decimal(text),
        }
    }

    /// What a value of a unit can be.
    pub(crate) fn range(&self) -> (f64, f64) {
        match self {
            Self::Share => (0.0, 1.0),
            Self::NetPromoter => (-100.0, 100.0),
            Self::Rating { low, high } => (*low as f64, *high as f64),
            Self::Count | Self::Rate { .. } => (0.0, f64::INFINITY),
            Self::Number { .. } | Self::Money { .. } | Self::Duration => (f64::NEG_INFINITY, f64::INFINITY),
        }
    }
}

/// The scale declared for an expression that is a plain attribute.
pub(super) fn declared_scale(
    answer: &Expression,
    base: &Entity,
    entities: &BTreeMap<EntityId, Entity>,
) -> Option<(i64, i64)> {
    let Node::Path(path) = &answer.node else { return None };
    scale_of(path, &base.id, entities)
}
