//! The mean of an expression over the rows that have it.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::{
    Carry, Kind, Population, Reader, Reading, ValueUnit, rows::of_rows, unit::declared_scale, words::Words,
};
use crate::{decode::ExpressionText, entity::Entity, expression::Expression, form, id::EntityId, sql::Want};

of_rows! {
    Written = "mean", "The mean of an expression over the rows that have it.";
    value: ExpressionText, required, "What is averaged.", "quantity";
}

/// Mean of an expression over the rows that have it.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Mean {
    /// Rows.
    pub rows: Population,
    /// What is averaged.
    pub value: Expression,
}

impl Mean {
    pub(super) fn read(written: &Written, reader: &mut Reader<'_, '_>) -> Option<Self> {
        let rows = reader.population(written);
        let value = reader.value(written, &written.value, Want::Quantity);
        Some(Self { rows: rows?, value: value? })
    }
}

impl Kind for Mean {
    fn form(&self) -> Value {
        json!(["mean", self.rows.form(), form::expression(&self.value)])
    }
    fn readings(&self) -> Vec<Reading<'_>> {
        vec![Reading { rows: &self.rows, values: vec![&self.value] }]
    }
    fn unit(&self, entities: &BTreeMap<EntityId, Entity>) -> ValueUnit {
        let base = entities.get(&self.rows.of);
        match base.and_then(|base| declared_scale(&self.value, base, entities)) {
            Some((low, high)) => ValueUnit::Rating { low, high },
            None => ValueUnit::of(&self.value.type_).at_least(2),
        }
    }
    fn words(&self, words: &Words<'_>) -> String {
        format!(
            "The mean {} of {}{}; those without it are left out{}",
            words.value(&self.value, &self.rows.of),
            words.rows(&self.rows),
            words.filter(&self.rows),
            words.dated(&self.rows)
        )
    }
    fn formula(&self, words: &Words<'_>, weighted: bool) -> String {
        let value = words.value(&self.value, &self.rows.of);
        if weighted { format!("Σ(w × {value}) ÷ Σw") } else { format!("Σ {value} ÷ n") }
    }
    fn over_time(&self) -> Carry {
        Carry::Stays
    }
    fn over_units(&self) -> Carry {
        Carry::Stays
    }
}
