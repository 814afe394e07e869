//! The share of rows for which a condition holds.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::{Carry, Kind, Population, Reader, Reading, ValueUnit, rows::of_rows, words::Words};
use crate::{decode::ExpressionText, entity::Entity, expression::Expression, form, id::EntityId, sql::Want};

of_rows! {
    Written = "share", "The share of rows for which a condition holds, among those for which it is known.";
    which: ExpressionText, required, "The condition.", "answered = true";
}

/// Share of rows for which a condition holds, among those for which it is known.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Share {
    /// Rows.
    pub rows: Population,
    /// The condition.
    pub which: Expression,
}

impl Share {
    pub(super) fn read(written: &Written, reader: &mut Reader<'_, '_>) -> Option<Self> {
        let rows = reader.population(written);
        let which = reader.value(written, &written.which, Want::Condition);
        Some(Self { rows: rows?, which: which? })
    }
}

impl Kind for Share {
    fn form(&self) -> Value {
        vec![json!("share"), self.rows.form(), form::expression(&self.which)].into()
    }
    fn readings(&self) -> Vec<Reading<'_>> {
        vec![Reading { rows: &self.rows, values: vec![&self.which] }]
    }
    fn unit(&self, _: &BTreeMap<EntityId, Entity>) -> ValueUnit {
        ValueUnit::Share
    }
    fn words(&self, words: &Words<'_>) -> String {
        format!(
            "The share of {}{} for which {}, among those for which this is known{}",
            words.rows(&self.rows),
            words.filter(&self.rows),
            words.condition(&self.which, &self.rows.of),
            words.dated(&self.rows)
        )
    }
    fn formula(&self, words: &Words<'_>, weighted: bool) -> String {
        let (n, which) = (if weighted { "Σw" } else { "n" }, words.condition(&self.which, &self.rows.of));
        format!("{n}({which}) ÷ {n}(known)")
    }
    fn over_time(&self) -> Carry {
        Carry::Stays
    }
    fn over_units(&self) -> Carry {
        Carry::Stays
    }
}
