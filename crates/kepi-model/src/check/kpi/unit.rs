//! What the value of a measure is.

use std::collections::BTreeMap;

use crate::{
    expression::{Expression, Node as Part, Type},
    id::EntityId,
    project::{Aggregate, DurationSummary, Entity, Measure, Part as Aggregated, RatingSummary, ValueUnit},
};

/// The unit of a quantity.
pub(super) fn quantity_unit(type_: &Type) -> ValueUnit {
    match type_ {
        Type::Money { currency, .. } => ValueUnit::Money { currency: currency.clone() },
        Type::Duration => ValueUnit::Duration,
        other => ValueUnit::Number { decimals: other.scale() },
    }
}

/// What the value of a measure is.
pub(super) fn unit_of(measure: &Measure, entities: &BTreeMap<EntityId, Entity>) -> ValueUnit {
    let at_least = |unit: ValueUnit, least: u8| match unit {
        ValueUnit::Number { decimals } => ValueUnit::Number { decimals: decimals.max(least) },
        other => other,
    };
    match measure {
        Measure::Total(part) => match &part.aggregate {
            Aggregate::Count | Aggregate::Distinct(_) => ValueUnit::Count,
            Aggregate::Sum(value) => quantity_unit(&value.type_),
        },
        Measure::Mean { rows, value } => {
            let scale = entities.get(&rows.of).and_then(|base| declared_scale(value, base, entities));
            match scale {
                Some((low, high)) => ValueUnit::Rating { low, high },
                None => at_least(quantity_unit(&value.type_), 2),
            }
        }
        Measure::Share { .. } => ValueUnit::Share,
        Measure::Quantile { value, .. } => at_least(quantity_unit(&value.type_), 1),
        Measure::Nps { .. } => ValueUnit::NetPromoter,
        Measure::Rating { scale: (low, high), summary, .. } => match summary {
            RatingSummary::TopBox(_) => ValueUnit::Share,
            RatingSummary::Mean => ValueUnit::Rating { low: *low, high: *high },
        },
        Measure::Duration { summary, .. } => match summary {
            DurationSummary::Mean => ValueUnit::Duration,
            DurationSummary::Within(_) => ValueUnit::Share,
        },
        Measure::Ratio { numerator, denominator, per, .. } => {
            let of = |part: &Aggregated| match &part.aggregate {
                Aggregate::Sum(value) => quantity_unit(&value.type_),
                _ => ValueUnit::Count,
            };
            match (of(numerator), of(denominator)) {
                _ if *per != 1 => ValueUnit::Rate { per: *per },
                (ValueUnit::Money { currency }, ValueUnit::Count | ValueUnit::Number { .. }) => {
                    ValueUnit::Money { currency }
                }
                (ValueUnit::Duration, ValueUnit::Count | ValueUnit::Number { .. }) => ValueUnit::Duration,
                _ => ValueUnit::Number { decimals: 2 },
            }
        }
    }
}

/// The scale declared for an expression that is a plain attribute.
pub(super) fn declared_scale(
    answer: &Expression,
    base: &Entity,
    entities: &BTreeMap<EntityId, Entity>,
) -> Option<(i64, i64)> {
    let Part::Path(path) = &answer.node else { return None };
    let entity = path.references.last().map_or(Some(base), |(_, id)| entities.get(id))?;
    entity.attribute(&path.attribute)?.scale
}
