//! Net promoter score.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::{
    Carry, Kind, Population, Reader, Reading, ValueUnit, rows::of_rows, unit::declared_scale, words::Words,
};
use crate::{
    codes, decode::ExpressionText, entity::Entity, expression::Expression, form, id::EntityId, sql::Want,
};

of_rows! {
    Written = "nps", "Net promoter score: per cent of 9–10 less per cent of 0–6.";
    answer: ExpressionText, required, "The answer on the scale 0..10.", "score";
}

/// Net promoter score.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Nps {
    /// Responses.
    pub rows: Population,
    /// 0..10; other answers are left out and counted.
    pub answer: Expression,
}

impl Nps {
    pub(super) fn read(written: &Written, reader: &mut Reader<'_, '_>) -> Option<Self> {
        let rows = reader.population(written);
        let answer = reader.value(written, &written.answer, Want::PlainNumber);
        if let (Some(answer), Some(entity)) = (&answer, reader.entity(written))
            && let Some(scale) = declared_scale(answer, entity, reader.entities)
            && scale != (0, 10)
        {
            reader
                .findings
                .report(
                    codes::NPS_SCALE,
                    written.answer.span,
                    format!("the answer is declared on the scale {}..{}", scale.0, scale.1),
                )
                .expected("an answer on the scale 0..10")
                .fix("use `satisfaction` with this scale, or correct the attribute's `scale`");
        }
        Some(Self { rows: rows?, answer: answer? })
    }
}

impl Kind for Nps {
    fn form(&self) -> Value {
        json!(["nps", self.rows.form(), form::expression(&self.answer)])
    }
    fn readings(&self) -> Vec<Reading<'_>> {
        vec![Reading { rows: &self.rows, values: vec![&self.answer] }]
    }
    fn unit(&self, _: &BTreeMap<EntityId, Entity>) -> ValueUnit {
        ValueUnit::NetPromoter
    }
    fn words(&self, words: &Words<'_>) -> String {
        format!(
            "Per cent of {}{} whose {} is 9 or 10 less per cent whose answer is 0 to 6, among those who answered{}",
            words.rows(&self.rows),
            words.filter(&self.rows),
            words.value(&self.answer, &self.rows.of),
            words.dated(&self.rows)
        )
    }
    fn formula(&self, _: &Words<'_>, _: bool) -> String {
        "promoters % − detractors %".to_owned()
    }
    fn over_time(&self) -> Carry {
        Carry::Stays
    }
    fn over_units(&self) -> Carry {
        Carry::Stays
    }
}
