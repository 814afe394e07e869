//! The time between two instants: its mean, or the share within a limit; by the clock or in business hours.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::{Carry, Kind, Population, Reader, Reading, Summary, ValueUnit, rows::of_rows, words::Words};
use crate::{
    business_hours::NamedHours,
    codes,
    decode::{Micros, PathText},
    entity::Entity,
    expression::{Arithmetic, Expression, Node, Type},
    expression_text::duration_text,
    form,
    id::{BusinessHoursId, EntityId},
};

of_rows! {
    Written = "duration", "The time between two instants: its mean, or the share within a limit.";
    from: PathText, required, "Start.", "opened_at";
    until: PathText, required, "End.", "closed_at";
    summary: Summary, optional, "The mean time.", "mean";
    within: Micros, optional, "The share within this time; rows without end are late.", "4 hours";
    hours "in": BusinessHoursId, optional,
        "Business hours in which the time passes; without them it always does, at night and on Sundays too.",
        "support_desk";
}

/// Time between two instants.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Duration {
    /// Rows.
    pub rows: Population,
    /// Start.
    pub from: Expression,
    /// End.
    pub until: Expression,
    /// What is made of it.
    pub summary: DurationSummary,
    /// The hours in which the time passes; none: all.
    pub hours: Option<NamedHours>,
    /// The zone by whose clock days are counted, where both ends are days.
    pub days_of: Option<Expression>,
}

/// What is made of durations.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DurationSummary {
    /// Mean of the rows that have both ends.
    Mean,
    /// Share within so many microseconds (inclusive) among rows with a start; an open end is late.
    Within(i64),
}

impl Duration {
    pub(super) fn read(written: &Written, reader: &mut Reader<'_, '_>) -> Option<Self> {
        let rows = reader.population(written);
        let entity = reader.entity(written)?;
        let (from, until) = (reader.time(&written.from, entity), reader.time(&written.until, entity));
        let summary = match (written.within.is_written(), written.summary.is_written()) {
            (true, false) => written.within.get().map(|limit| DurationSummary::Within(limit.0)),
            (false, true) => Some(DurationSummary::Mean),
            (both, _) => {
                let count = if both { 2 } else { 0 };
                reader
                    .findings
                    .report(
                        codes::SUMMARY,
                        written.key,
                        format!("what is made of the times is said {count} times"),
                    )
                    .expected("either `within: 4 hours` or `summary: mean`")
                    .fix(if both {
                        "keep one of them"
                    } else {
                        "add `within: 4 hours`, the share in time, or `summary: mean`"
                    });
                None
            }
        };
        let hours = match written.hours.is_written() {
            true => Some(reader.business_hours.get(written.hours.get()?)?.clone()),
            false => None,
        };
        let (from, until) = (from?, until?);
        let of_days = hours.is_none() && from.type_ == Type::Date && until.type_ == Type::Date;
        let days_of = of_days.then(|| Expression::zone(reader.zone));
        Some(Self { rows: rows?, from, until, summary: summary?, hours, days_of })
    }

    /// The time that passes, as an expression.
    pub fn taken(&self) -> Expression {
        if let Some(zone) = &self.days_of {
            return Expression::between(self.until.clone(), self.from.clone(), zone.clone());
        }
        let at = |instant: &Expression| match &self.hours {
            None => instant.clone(),
            Some(NamedHours { hours, .. }) => Expression {
                type_: Type::Duration,
                node: Node::BusinessTime(Box::new(instant.clone()), hours.clone()),
            },
        };
        let (until, from) = (Box::new(at(&self.until)), Box::new(at(&self.from)));
        Expression { type_: Type::Duration, node: Node::Arithmetic(Arithmetic::Subtract, until, from) }
    }

    /// How long after a row's start it is known whether it was late, in microseconds; 0 if that is never asked.
    pub fn known_after(&self) -> i64 {
        match (self.summary, &self.hours) {
            (DurationSummary::Mean, _) => 0,
            (DurationSummary::Within(limit), None) => limit,
            (DurationSummary::Within(limit), Some(in_)) => in_.hours.longest(limit).unwrap_or(limit),
        }
    }

    fn passing(&self) -> String {
        self.hours.as_ref().map_or(String::new(), |hours| format!(" in the business hours “{}”", hours.name))
    }
}

impl Kind for Duration {
    fn form(&self) -> Value {
        let summary = match self.summary {
            DurationSummary::Mean => json!(["mean"]),
            DurationSummary::Within(limit) => json!(["within", limit]),
        };
        let (from, until) = (form::expression(&self.from), form::expression(&self.until));
        let mut form = vec![json!("duration"), self.rows.form(), from, until, summary];
        form.extend(self.hours.iter().map(|in_| in_.hours.form()));
        form.extend(self.days_of.as_ref().map(form::expression));
        form.into()
    }
    fn readings(&self) -> Vec<Reading<'_>> {
        vec![Reading { rows: &self.rows, values: vec![&self.from, &self.until] }]
    }
    fn unit(&self, _: &BTreeMap<EntityId, Entity>) -> ValueUnit {
        match self.summary {
            DurationSummary::Mean => ValueUnit::Duration,
            DurationSummary::Within(_) => ValueUnit::Share,
        }
    }
    fn words(&self, words: &Words<'_>) -> String {
        let rows = &self.rows;
        let (from, until) = (words.value(&self.from, &rows.of), words.value(&self.until, &rows.of));
        match self.summary {
            DurationSummary::Mean => format!(
                "The mean time{} from {from} until {until} of {}{}, among those that have both{}",
                self.passing(),
                words.rows(rows),
                words.filter(rows),
                words.dated(rows)
            ),
            DurationSummary::Within(limit) => format!(
                "The share of {}{} with at most {}{} from {from} until {until}; those without an end count as late{}",
                words.rows(rows),
                words.filter(rows),
                duration_text(limit),
                self.passing(),
                words.dated(rows)
            ),
        }
    }
    fn formula(&self, words: &Words<'_>, weighted: bool) -> String {
        let (from, until) = (words.value(&self.from, &self.rows.of), words.value(&self.until, &self.rows.of));
        let hours = self.hours.as_ref().map_or(String::new(), |hours| format!(" in “{}”", hours.name));
        match self.summary {
            DurationSummary::Mean => format!("Σ({until} − {from}{hours}) ÷ n"),
            DurationSummary::Within(limit) => {
                let n = if weighted { "Σw" } else { "n" };
                format!("{n}({until} − {from} ≤ {}{hours}) ÷ {n}", duration_text(limit))
            }
        }
    }
    fn over_time(&self) -> Carry {
        Carry::Stays
    }
    fn over_units(&self) -> Carry {
        Carry::Stays
    }
}
