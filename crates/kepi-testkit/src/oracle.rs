//! An oracle for simple KPIs: it walks the rows as a person would with a pencil, and shares nothing with lowering,
//! evaluators and finishing but the calendar.

use std::collections::{BTreeMap, BTreeSet};

use kepi_model::{
    calendar::{Calendar, Period},
    project::AsOf,
};
use kepi_query::port::{MemoryColumn, MemoryTable, PinnedInputs, TableData};

use crate::definitions::{Only, Simple, What};

/// What a simple KPI comes to.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Found {
    /// Rows that entered.
    pub counted: u64,
    /// Rows that could have.
    pub eligible: u64,
    /// The value; none where there is nothing to divide by or to add up.
    pub value: Option<f64>,
}

struct Rows<'a> {
    names: Vec<&'a str>,
    memory: &'a MemoryTable,
}

impl<'a> Rows<'a> {
    fn of(inputs: &'a PinnedInputs, entity: &str) -> Option<Self> {
        let (_, table) = inputs.tables.iter().find(|(name, _)| name.as_str() == entity)?;
        let TableData::Memory(memory) = &table.data else { return None };
        Some(Self { names: table.columns.iter().map(|column| column.name.as_str()).collect(), memory })
    }
    fn column(&self, name: &str) -> Option<&'a MemoryColumn> {
        self.memory.columns.get(self.names.iter().position(|found| *found == name)?)
    }
    fn number(&self, name: &str, row: usize) -> Option<i64> {
        match self.column(name)? {
            MemoryColumn::Integer(values) | MemoryColumn::Instant(values) => values[row],
            _ => None,
        }
    }
    fn text(&self, name: &str, row: usize) -> Option<&'a str> {
        if let MemoryColumn::Text(values) = self.column(name)? { values.get(row) } else { None }
    }
    fn flag(&self, name: &str, row: usize) -> Option<bool> {
        if let MemoryColumn::Boolean(values) = self.column(name)? { values[row] } else { None }
    }
}

/// By period of the KPI's grain and region: none for the total, `Some(None)` where the region is unknown. Periods and
/// regions without a row of the population are left out, but a count of none among rows that are there is 0.
pub fn compute(
    simple: &Simple,
    period_at: &dyn Fn(i64) -> Period,
    inputs: &PinnedInputs,
) -> BTreeMap<(Period, Option<Option<String>>), Found> {
    let mut found = BTreeMap::new();
    let Some(events) = Rows::of(inputs, "call") else { return found };
    let mut rows_of: BTreeMap<(Period, Option<Option<String>>), Vec<usize>> = BTreeMap::new();
    for row in 0..events.memory.rows {
        let (None, Some(at)) = (events.number("_valid_to", row), events.number("at", row)) else { continue };
        let taken = match simple.only {
            Only::All => true,
            Only::Solved => events.flag("solved", row) == Some(true),
            Only::ScoreAtLeast5 => events.number("score", row).is_some_and(|score| score >= 5),
            Only::Web => events.text("channel", row) == Some("web"),
            Only::Open => events.number("done", row).is_none(),
        };
        if taken || simple.what.counts() {
            let period = period_at(at);
            let region = region(events.text("client", row), simple.as_of, at, inputs);
            for place in [(period, None), (period, Some(region))] {
                rows_of.entry(place).or_default().extend(taken.then_some(row));
            }
        }
    }
    for (place, rows) in rows_of {
        let scores = || rows.iter().filter_map(|row| events.number("score", *row));
        let eligible = rows.len() as u64;
        let mean = |sum: f64, n: usize| (n > 0).then(|| sum / n as f64);
        let (counted, value) = match simple.what {
            What::Count => (rows.len(), Some(rows.len() as f64)),
            What::Sum => {
                let prices: Vec<i64> = rows.iter().filter_map(|row| events.number("price", *row)).collect();
                let sum: i128 = prices.iter().map(|price| i128::from(*price)).sum();
                (prices.len(), (!prices.is_empty()).then(|| sum as f64 / 100.0))
            }
            What::Mean => {
                let sum: i128 = scores().map(i128::from).sum();
                (scores().count(), mean(sum as f64, scores().count()))
            }
            What::Share => {
                let known: Vec<bool> = rows.iter().filter_map(|row| events.flag("solved", *row)).collect();
                let hits = known.iter().filter(|solved| **solved).count();
                (known.len(), mean(hits as f64, known.len()))
            }
            What::Distinct => {
                let channels = || rows.iter().filter_map(|row| events.text("channel", *row));
                (channels().count(), Some(channels().collect::<BTreeSet<_>>().len() as f64))
            }
            What::Nps => {
                let answers: Vec<i64> = scores().filter(|score| (0..=10).contains(score)).collect();
                let promoters = answers.iter().filter(|score| **score >= 9).count() as f64;
                let detractors = answers.iter().filter(|score| **score <= 6).count() as f64;
                (answers.len(), mean(100.0 * (promoters - detractors), answers.len()))
            }
        };
        found.insert(place, Found { counted: counted as u64, eligible, value });
    }
    found
}

/// The region of an client, as it was at an instant or as it is.
fn region(client: Option<&str>, as_of: AsOf, at: i64, inputs: &PinnedInputs) -> Option<String> {
    let clients = Rows::of(inputs, "client")?;
    let holds = |row: &usize| {
        let (from, to) = (clients.number("_valid_from", *row), clients.number("_valid_to", *row));
        match as_of {
            AsOf::Now => to.is_none(),
            AsOf::Event => from.is_none_or(|from| from <= at) && to.is_none_or(|to| at < to),
        }
    };
    let mut versions = (0..clients.memory.rows).filter(|row| clients.text("id", *row) == client);
    client?;
    versions.find(holds).and_then(|row| clients.text("region", row)).map(str::to_owned)
}

/// Periods of a calendar at a grain, for [`compute`].
pub fn periods(calendar: &Calendar, grain: kepi_model::calendar::Grain) -> impl Fn(i64) -> Period {
    #[expect(clippy::expect_used, reason = "the random instants lie within a few years")]
    move |at| calendar.period_at(grain, at).expect("within range")
}
