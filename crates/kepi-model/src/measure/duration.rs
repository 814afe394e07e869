//! The time between two instants: its mean, or the share within a limit.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::{Carry, Kind, Population, Reader, Reading, Summary, ValueUnit, rows::of_rows, words::Words};
use crate::{
    codes,
    decode::{Micros, PathText},
    entity::Entity,
    expression::Expression,
    expression_text::duration_text,
    form,
    id::EntityId,
};

of_rows! {
    Written = "duration", "The time between two instants: its mean, or the share within a limit.";
    from: PathText, required, "Start.", "opened_at";
    until: PathText, required, "End.", "closed_at";
    summary: Summary, optional, "The mean time.", "mean";
    within: Micros, optional, "The share within this time; rows without end are late.", "4 hours";
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
        Some(Self { rows: rows?, from: from?, until: until?, summary: summary? })
    }
}

impl Kind for Duration {
    fn form(&self) -> Value {
        let summary = match self.summary {
            DurationSummary::Mean => json!(["mean"]),
            DurationSummary::Within(limit) => json!(["within", limit]),
        };
        let (from, until) = (form::expression(&self.from), form::expression(&self.until));
        json!(["duration", self.rows.form(), from, until, summary])
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
                "The mean time from {from} until {until} of {}{}, among those that have both{}",
                words.rows(rows),
                words.filter(rows),
                words.dated(rows)
            ),
            DurationSummary::Within(limit) => format!(
                "The share of {}{} with at most {} from {from} until {until}; those without an end count as late{}",
                words.rows(rows),
                words.filter(rows),
                duration_text(limit),
                words.dated(rows)
            ),
        }
    }
    fn formula(&self, words: &Words<'_>, weighted: bool) -> String {
        let (from, until) = (words.value(&self.from, &self.rows.of), words.value(&self.until, &self.rows.of));
        match self.summary {
            DurationSummary::Mean => format!("Σ({until} − {from}) ÷ n"),
            DurationSummary::Within(limit) => {
                let n = if weighted { "Σw" } else { "n" };
                format!("{n}({until} − {from} ≤ {}) ÷ {n}", duration_text(limit))
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
