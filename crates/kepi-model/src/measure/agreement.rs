//! How far repeated answers of the same person agree: intraclass correlation, of test and retest or of several raters.

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
    decode::{ExpressionText, List, choices},
    entity::Entity,
    expression::Expression,
    form,
    id::EntityId,
    lexical::type_text,
    sql::Want,
    word::{Word, words},
};

of_rows! {
    Written = "agreement", "How far repeated answers of the same person agree: intraclass correlation.";
    answers: List<ExpressionText>, required, "The answers of a row, two to twelve, such as the first one and the one that is gathered some weeks later.", "[score, score_again]";
    form: AgreementForm, default "absolute", "What counts as agreeing.", "absolute";
    summary: Summary, optional, "Of the mean of the answers, instead of a single one.", "mean";
}
choices!(AgreementForm);

/// More answers than that nobody asks for.
const MOST: usize = 12;

words! {
    /// What counts as agreeing.
    pub enum AgreementForm {
        /// The same answers: two-way, absolute agreement.
        Absolute = "absolute",
        /// The same order and distances, whatever the level of each: two-way, consistency.
        Consistent = "consistent",
        /// Answers that are interchangeable, such as of raters who are others for each row: one-way.
        OneWay = "one_way",
    }
}

/// How far repeated answers agree.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Agreement {
    /// Rows, one a person.
    pub rows: Population,
    /// What was answered; of one type. Rows that lack one are left out.
    pub answers: Vec<Expression>,
    /// What counts as agreeing.
    pub form: AgreementForm,
    /// Whether it is of the mean of the answers.
    pub of_mean: bool,
}

impl Agreement {
    pub(super) fn read(written: &Written, reader: &mut Reader<'_, '_>) -> Option<Self> {
        let rows = reader.population(written);
        let entity = reader.entity(written)?;
        let items = written.answers.items();
        let mut answers: Vec<Expression> = Vec::new();
        let mut scales: Vec<(i64, i64)> = Vec::new();
        let mut sound = true;
        for item in items {
            let Some(answer) = reader.expression(&item.value, entity, Want::Quantity) else {
                sound = false;
                continue;
            };
            let problem = match answers.first() {
                _ if answers.contains(&answer) => {
                    Some((codes::AGREEMENT, "this answer is there already: it agrees with itself".to_owned()))
                }
                Some(first) if first.type_ != answer.type_ => {
                    let (own, other) = (type_text(&answer.type_), type_text(&first.type_));
                    Some((codes::AGREEMENT, format!("this is of type {own}, the first answer of {other}")))
                }
                _ => None,
            };
            let scale = declared_scale(&answer, entity, reader.entities);
            let problem = problem.or_else(|| match (scales.first(), scale) {
                (Some(first), Some(own)) if *first != own => Some((
                    codes::RATING_SCALE,
                    format!(
                        "this is answered on the scale {}..{}, another one on {}..{}",
                        own.0, own.1, first.0, first.1
                    ),
                )),
                _ => None,
            });
            if let Some((code, message)) = problem {
                reader
                    .findings
                    .report(code, item.span, message)
                    .expected(
                        "the same question, answered on the same scale at another time or by somebody else",
                    )
                    .fix("name another answer; a score on another scale is bridged, see `successor`");
                sound = false;
            }
            scales.extend(scale);
            answers.push(answer);
        }
        if written.answers.get().is_some() && !(2..=MOST).contains(&items.len()) {
            reader
                .findings
                .report(
                    codes::AGREEMENT,
                    written.answers.span,
                    match items.len() {
                        0 | 1 => "one answer agrees with nothing".to_owned(),
                        n => format!("these are {n} answers"),
                    },
                )
                .expected(format!("two to {MOST} answers of the same person"))
                .fix("add the answer that is to be held against it, such as one gathered from a later row: `score_again: {first: survey_response.score, same: contact, from: responded_at + 7 days, within: 23 days}`");
            sound = false;
        }
        let (rows, form) = (rows?, written.form.cloned()?);
        let of_mean = written.summary.is_written();
        sound.then_some(Self { rows, answers, form, of_mean })
    }
}

impl Kind for Agreement {
    fn form(&self) -> Value {
        let answers: Vec<Value> = self.answers.iter().map(form::expression).collect();
        json!(["agreement", self.rows.form(), answers, self.form.word(), self.of_mean])
    }
    fn readings(&self) -> Vec<Reading<'_>> {
        vec![Reading { rows: &self.rows, values: self.answers.iter().collect() }]
    }
    fn unit(&self, _: &BTreeMap<EntityId, Entity>) -> ValueUnit {
        ValueUnit::Number { decimals: 2 }
    }
    fn words(&self, words: &Words<'_>) -> String {
        let answers: Vec<String> =
            self.answers.iter().map(|answer| words.value(answer, &self.rows.of)).collect();
        let what = match self.form {
            AgreementForm::Absolute => "agree",
            AgreementForm::Consistent => "agree but for their level",
            AgreementForm::OneWay => "agree, whichever comes first",
        };
        let of = if self.of_mean { "their mean over again" } else { "a single one over again" };
        format!(
            "How far {} of the same {}{} {what}: the share of what answers differ by that is of who answers and not of chance, so that 1 is {of}; rows that lack one are left out{}",
            listed(&answers, "and"),
            words.rows(&self.rows),
            words.filter(&self.rows),
            words.dated(&self.rows)
        )
    }
    fn formula(&self, _: &Words<'_>, _: bool) -> String {
        let k = self.answers.len();
        let form = match self.form {
            AgreementForm::OneWay => "1",
            AgreementForm::Absolute => "2",
            AgreementForm::Consistent => "3",
        };
        format!("ICC({form},{})", if self.of_mean { k } else { 1 })
    }
    fn weighs(&self) -> bool {
        false
    }
    fn over_time(&self) -> Carry {
        Carry::Stays
    }
    fn over_units(&self) -> Carry {
        Carry::Stays
    }
    fn range(&self, _: &ValueUnit) -> (f64, f64) {
        (if self.of_mean { f64::NEG_INFINITY } else { -1.0 }, 1.0)
    }
}
