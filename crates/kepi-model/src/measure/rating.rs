//! Ratings on a scale: satisfaction and effort.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::{
    Carry, Kind, Population, Reader, Reading, Summary, ValueUnit,
    rows::of_rows,
    unit::declared_scale,
    words::{Words, listed},
};
use crate::{
    codes,
    decode::{At, Decode, Decoder, ExpressionText, Scale, Whole},
    entity::Entity,
    expression::Expression,
    form,
    id::EntityId,
    lexical::type_text,
    sql::Want,
    table::{self, Table},
    yaml::Yaml,
};

of_rows! {
    Written = "satisfaction", "Satisfaction: the share of the highest answers, or the mean answer.";
    answer: ExpressionText, required, "The answer.", "overall";
    scale: Scale, required, "Lowest and highest answer.", "1..5";
    top: Whole<1, 100>, optional, "The share of so many highest answers.", "2";
    summary: Summary, optional, "The mean answer instead.", "mean";
}
/// The same fields under another name.
#[derive(Debug, Clone)]
pub(crate) struct WrittenEffort(pub(super) Written);
impl WrittenEffort {
    const TABLE: &'static Table = &Table {
        name: "effort",
        doc: "Customer effort: the share who agree it was easy, or the mean answer.",
        ..*Written::TABLE
    };
}
impl Decode for WrittenEffort {
    const KIND: table::Kind = table::Kind::Object(Self::TABLE);
    fn decode(yaml: &Yaml, at: At<'_>, decoder: &mut Decoder<'_>) -> Option<Self> {
        Written::decode_by(Self::TABLE, yaml, at, decoder).map(Self)
    }
}

/// Rating on a scale: satisfaction or effort.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Rating {
    /// Which preset it came from.
    pub kind: RatingKind,
    /// Responses.
    pub rows: Population,
    /// The answer; answers off the scale are left out and counted.
    pub answer: Expression,
    /// Lowest and highest answer.
    pub scale: (i64, i64),
    /// What is made of it.
    pub summary: RatingSummary,
}

/// Preset a rating came from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RatingKind {
    /// Customer satisfaction.
    Satisfaction,
    /// Customer effort.
    Effort,
}

/// What is made of ratings.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RatingSummary {
    /// Share of the highest so many answers.
    TopBox(u8),
    /// Mean answer.
    Mean,
}

impl Rating {
    pub(super) fn read(written: &Written, kind: RatingKind, reader: &mut Reader<'_, '_>) -> Option<Self> {
        let rows = reader.population(written);
        let answer = reader.value(written, &written.answer, Want::PlainNumber);
        let scale = written.scale.get().map(|s| (s.0, s.1));
        if let (Some(answer), Some(scale)) = (&answer, scale)
            && let Some(declared) =
                reader.entity(written).and_then(|base| declared_scale(answer, base, reader.entities))
            && declared != scale
        {
            let right = format!("{}..{}", declared.0, declared.1);
            reader
                .findings
                .report(
                    codes::RATING_SCALE,
                    written.scale.span,
                    format!("the attribute's scale is {right}, not {}..{}", scale.0, scale.1),
                )
                .replace(format!("write `scale: {right}`"), written.scale.span, right);
        }
        let summary = match (written.top.is_written(), written.summary.is_written()) {
            (true, false) => {
                let boxes = u8::try_from(written.top.get()?.0).ok()?;
                if let Some((low, high)) = scale
                    && i64::from(boxes) > high - low
                {
                    reader
                        .findings
                        .report(
                            codes::RATING_SCALE,
                            written.top.span,
                            format!("the scale {low}..{high} has {} answers", high - low + 1),
                        )
                        .expected(format!("a number from 1 to {}", high - low));
                }
                Some(RatingSummary::TopBox(boxes))
            }
            (false, true) => Some(RatingSummary::Mean),
            (both, _) => {
                let count = if both { 2 } else { 0 };
                reader
                    .findings
                    .report(
                        codes::SUMMARY,
                        written.key,
                        format!("what is made of the answers is said {count} times"),
                    )
                    .expected("either `top: 2`, the share of the two highest answers, or `summary: mean`")
                    .fix(if both { "keep one of them" } else { "add `top: 2` or `summary: mean`" });
                None
            }
        };
        if let Some(answer) = &answer
            && answer.type_.scale() > 0
        {
            reader
                .findings
                .report(
                    codes::WRONG_RESULT,
                    written.answer.span,
                    format!("the answer is of type {}", type_text(&answer.type_)),
                )
                .expected("an integer");
            return None;
        }
        Some(Self { kind, rows: rows?, answer: answer?, scale: scale?, summary: summary? })
    }
}

impl Kind for Rating {
    fn form(&self) -> Value {
        let kind = match self.kind {
            RatingKind::Satisfaction => "satisfaction",
            RatingKind::Effort => "effort",
        };
        let summary = match self.summary {
            RatingSummary::TopBox(top) => json!(["top", top]),
            RatingSummary::Mean => json!(["mean"]),
        };
        json!([kind, self.rows.form(), form::expression(&self.answer), self.scale, summary])
    }
    fn readings(&self) -> Vec<Reading<'_>> {
        vec![Reading { rows: &self.rows, values: vec![&self.answer] }]
    }
    fn unit(&self, _: &BTreeMap<EntityId, Entity>) -> ValueUnit {
        match self.summary {
            RatingSummary::TopBox(_) => ValueUnit::Share,
            RatingSummary::Mean => ValueUnit::Rating { low: self.scale.0, high: self.scale.1 },
        }
    }
    fn words(&self, words: &Words<'_>) -> String {
        let (low, high) = self.scale;
        let answer = words.value(&self.answer, &self.rows.of);
        let (rows, filter) = (words.rows(&self.rows), words.filter(&self.rows));
        let dated = words.dated(&self.rows);
        match self.summary {
            RatingSummary::TopBox(top) => {
                let answers: Vec<String> =
                    ((high - i64::from(top) + 1)..=high).map(|a| a.to_string()).collect();
                format!(
                    "The share of {rows}{filter} whose {answer} is {} on the scale {low}–{high}, among those who answered{dated}",
                    listed(&answers, "or"),
                )
            }
            RatingSummary::Mean => format!(
                "The mean {answer} of {rows}{filter} on the scale {low}–{high}, among those who answered{dated}"
            ),
        }
    }
    fn formula(&self, words: &Words<'_>, weighted: bool) -> String {
        let (n, answer) = (if weighted { "Σw" } else { "n" }, words.value(&self.answer, &self.rows.of));
        match self.summary {
            RatingSummary::TopBox(top) => {
                format!("{n}({answer} ≥ {}) ÷ {n}(answered)", self.scale.1 - i64::from(top) + 1)
            }
            RatingSummary::Mean if weighted => format!("Σ(w × {answer}) ÷ Σw"),
            RatingSummary::Mean => format!("Σ {answer} ÷ n"),
        }
    }
    fn over_time(&self) -> Carry {
        Carry::Stays
    }
    fn over_units(&self) -> Carry {
        Carry::Stays
    }
}
