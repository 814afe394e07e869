//! A stock: how many there are, or how much there is, at the end of a period. All that came so far, less all that went.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::{
    Carry, Kind, Reader, Reading, Total, ValueUnit,
    total::{Aggregate, Written as WrittenTotal},
    words::Words,
};
use crate::{codes, decode::table, entity::Entity, id::EntityId};

table! {
    Written = "stock", "What is there at the end of a period: all that came so far, less all that went.";
    came: WrittenTotal, required, "What comes, on its date.", "{count: {of: ticket}}";
    went: WrittenTotal, required, "What goes, on its date.", "{count: {of: ticket, at: closed_at}}";
}

/// All that came so far, less all that went.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Stock {
    /// What comes.
    pub came: Total,
    /// What goes.
    pub went: Total,
}

impl Stock {
    pub(super) fn read(written: &Written, reader: &mut Reader<'_, '_>) -> Option<Self> {
        let came = written.came.get().and_then(|total| Total::read(total, reader));
        let went = written.went.get().and_then(|total| Total::read(total, reader));
        let stock = Self { came: came?, went: went? };
        let distinct = |total: &Total| matches!(total.aggregate, Aggregate::Distinct(_));
        if distinct(&stock.came) || distinct(&stock.went) || stock.came.own_unit() != stock.went.own_unit() {
            reader
                .findings
                .report(
                    codes::STOCK,
                    written.span,
                    "what comes and what goes cannot be held against each other",
                )
                .expected("two counts, or two sums in one unit; different values do not add up over periods");
            return None;
        }
        Some(stock)
    }
}

impl Kind for Stock {
    fn form(&self) -> Value {
        json!(["stock", self.came.own_form(), self.went.own_form()])
    }
    fn readings(&self) -> Vec<Reading<'_>> {
        vec![self.came.reading(), self.went.reading()]
    }
    fn unit(&self, _: &BTreeMap<EntityId, Entity>) -> ValueUnit {
        self.came.own_unit()
    }
    fn words(&self, words: &Words<'_>) -> String {
        let dated = |total: &Total| words.path(&total.rows.at, &total.rows.of);
        format!(
            "What is there at the end of the period: {} by {} so far, less {} by {}",
            self.came.phrase(words),
            dated(&self.came),
            self.went.phrase(words),
            dated(&self.went)
        )
    }
    fn formula(&self, words: &Words<'_>, _: bool) -> String {
        format!("so far: {} − {}", self.came.short(words), self.went.short(words))
    }
    fn weighs(&self) -> bool {
        false
    }
    /// The stock of a quarter is that of its end, not a sum of three; those of teams add up to their department's.
    fn over_time(&self) -> Carry {
        Carry::Stays
    }
    fn over_units(&self) -> Carry {
        Carry::AddsUp
    }
}
