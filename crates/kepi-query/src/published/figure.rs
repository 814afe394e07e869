//! Values and scores as published rows, and back to the bit.

use jiff::civil::Date;
use kepi_model::calendar::Grain;
use kepi_stats::estimate::{Estimate, Interval, Method, NotComputable};
use serde::{Serialize, de::DeserializeOwned};

use super::{
    Withdrawn,
    table::{
        Cell, ColumnSpec, ColumnType, Corrupt, Form, Place, Restated, Table, TableBuilder, days, grain_text,
    },
};
use crate::value::{Coverage, Finality, Value};

pub(super) const fn column(name: &'static str, type_: ColumnType) -> ColumnSpec {
    ColumnSpec { name, type_ }
}

/// Values of KPIs.
pub static VALUE: Form = Form {
    name: "value",
    columns: &[
        column("run", ColumnType::Integer),
        column("kpi", ColumnType::Text),
        column("grain", ColumnType::Text),
        column("period", ColumnType::Day),
        column("segment", ColumnType::Text),
        column("withdrawn", ColumnType::Text),
        column("point", ColumnType::Number),
        column("low", ColumnType::Number),
        column("high", ColumnType::Number),
        column("level", ColumnType::Number),
        column("n", ColumnType::Integer),
        column("effective_n", ColumnType::Number),
        column("method", ColumnType::Text),
        column("reason", ColumnType::Text),
        column("no_interval", ColumnType::Text),
        column("counted", ColumnType::Integer),
        column("eligible", ColumnType::Integer),
        column("cases", ColumnType::Integer),
        column("data_until", ColumnType::Instant),
        column("final_at", ColumnType::Instant),
        column("states", ColumnType::Bytes),
        column("restates", ColumnType::Integer),
    ],
    restated: Some(Restated { column: 21, open: 19, figure: (6, 14) }),
};

/// Scores of scorecards.
pub static SCORE: Form = Form {
    name: "score",
    columns: &[
        column("run", ColumnType::Integer),
        column("scorecard", ColumnType::Text),
        column("grain", ColumnType::Text),
        column("period", ColumnType::Day),
        column("unit", ColumnType::Text),
        column("withdrawn", ColumnType::Text),
        column("score_micro", ColumnType::Integer),
        column("reason", ColumnType::Text),
        column("coverage_millionths", ColumnType::Integer),
    ],
    restated: None,
};

/// What a value says: its key, its run and its states apart.
#[derive(Debug, Clone, PartialEq)]
pub struct Figure {
    /// The estimate, or why there is none.
    pub estimate: Result<Estimate, NotComputable>,
    /// How much of what should be there is there.
    pub coverage: Coverage,
    /// Whether more data may still change it.
    pub finality: Finality,
}

/// What a score says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Scored {
    /// Millionths of a point, or why there is none: text that only the scorer reads.
    pub score: Result<i64, String>,
    /// Millionths of the weight that have a score.
    pub coverage: u32,
}

fn text_of(what: &impl Serialize) -> String {
    match serde_json::to_value(what) {
        // A bare name without quotes reads better in SQL; nothing else begins with a letter.
        Ok(serde_json::Value::String(name)) => name,
        Ok(other) => other.to_string(),
        Err(_) => String::new(),
    }
}

fn read_text<T: DeserializeOwned>(text: &str) -> Result<T, Corrupt> {
    let json = if text.starts_with('{') {
        serde_json::from_str(text)
    } else {
        serde_json::from_value(serde_json::Value::String(text.to_owned()))
    };
    json.map_err(|e| Corrupt(format!("`{text}`: {e}")))
}

fn whole<'a>(n: u64) -> Cell<'a> {
    // Counts of rows stay far below 2⁶³; the cast keeps all bits and reading gives them back.
    Cell::Integer(n.cast_signed())
}

/// Appends a value of a run. `period` is the first day of its period.
pub fn push_value(into: &mut TableBuilder, run: i64, period: Date, value: &Value) {
    let segment = value.segment.to_string();
    let (mut method, mut reason, mut no_interval) = (String::new(), String::new(), String::new());
    let mut numbers = [Cell::Missing; 6];
    match &value.estimate {
        Ok(estimate) => {
            let [point, low, high, level, n, effective] = &mut numbers;
            *point = Cell::Number(estimate.point);
            *n = whole(estimate.n);
            *effective = Cell::Number(estimate.effective_n);
            method = text_of(&estimate.method);
            match &estimate.interval {
                Ok(interval) => {
                    *low = Cell::Number(interval.low);
                    *high = Cell::Number(interval.high);
                    *level = Cell::Number(interval.level);
                }
                Err(why) => no_interval = text_of(why),
            }
        }
        Err(why) => reason = text_of(why),
    }
    let (data_until, final_at) = match value.finality {
        Finality::Final => (Cell::Missing, Cell::Missing),
        Finality::Provisional { data_until, final_at } => {
            (data_until.map_or(Cell::Missing, Cell::Integer), Cell::Integer(final_at))
        }
    };
    let [point, low, high, level, n, effective] = numbers;
    let [method, reason, no_interval] = [&method, &reason, &no_interval]
        .map(|text| if text.is_empty() { Cell::Missing } else { Cell::Text(text) });
    into.push([
        Cell::Integer(run),
        Cell::Text(value.kpi.as_str()),
        Cell::Text(grain_text(value.period.grain)),
        Cell::Day(days(period)),
        Cell::Text(&segment),
        Cell::Missing,
        point,
        low,
        high,
        level,
        n,
        effective,
        method,
        reason,
        no_interval,
        whole(value.coverage.counted),
        whole(value.coverage.eligible),
        whole(value.coverage.cases),
        data_until,
        final_at,
        Cell::Bytes(&value.states),
    ]);
}

/// Appends a score of a run. `unit` is empty for a scorecard without units.
pub fn push_score(
    into: &mut TableBuilder,
    run: i64,
    (scorecard, grain, period, unit): (&str, Grain, Date, &str),
    scored: &Scored,
) {
    let (score, reason) = match &scored.score {
        Ok(score) => (Cell::Integer(*score), Cell::Missing),
        Err(reason) => (Cell::Missing, Cell::Text(reason)),
    };
    into.push([
        Cell::Integer(run),
        Cell::Text(scorecard),
        Cell::Text(grain_text(grain)),
        Cell::Day(days(period)),
        Cell::Text(unit),
        Cell::Missing,
        score,
        reason,
        Cell::Integer(i64::from(scored.coverage)),
    ]);
}

/// Appends that a figure of `table` is withdrawn by a run.
pub fn push_withdrawn(into: &mut TableBuilder, run: i64, table: &Table, row: usize, why: Withdrawn) {
    into.push([
        Cell::Integer(run),
        table.cell(Place::SUBJECT, row),
        table.cell(Place::GRAIN, row),
        table.cell(Place::PERIOD, row),
        table.cell(Place::SEGMENT, row),
        Cell::Text(why.code()),
    ]);
}

/// Place of a column behind the first six.
pub(super) fn at(nth: usize) -> usize {
    Place::COUNT + nth
}

/// What a row of [`VALUE`] says that is not withdrawn.
///
/// # Errors
/// The row was not written by [`push_value`].
pub fn figure(table: &Table, row: usize) -> Result<Figure, Corrupt> {
    let number = |nth| match table.cell(at(nth), row) {
        Cell::Number(x) => Some(x),
        _ => None,
    };
    let count = |nth| {
        let n = table.integer(at(nth), row);
        n.map(i64::cast_unsigned).ok_or_else(|| Corrupt("a count is missing".to_owned()))
    };
    let reason = |nth| Some(table.text(at(nth), row)).filter(|text| !text.is_empty());
    let estimate = match (number(0), reason(7)) {
        (Some(point), _) => {
            let interval = match (number(1), number(2), number(3), reason(8)) {
                (Some(low), Some(high), Some(level), _) => Ok(Interval { low, high, level }),
                (.., Some(reason)) => Err(read_text(reason)?),
                _ => return Err(Corrupt("an estimate has neither interval nor reason".to_owned())),
            };
            let method: Method = read_text(table.text(at(6), row))?;
            let effective_n = number(5).ok_or_else(|| Corrupt("effective n is missing".to_owned()))?;
            Ok(Estimate { point, interval, n: count(4)?, effective_n, method })
        }
        (None, Some(reason)) => Err(read_text(reason)?),
        (None, None) => return Err(Corrupt("a value has neither point nor reason".to_owned())),
    };
    let finality = match table.integer(at(13), row) {
        None => Finality::Final,
        Some(final_at) => Finality::Provisional { data_until: table.integer(at(12), row), final_at },
    };
    let coverage = Coverage { counted: count(9)?, eligible: count(10)?, cases: count(11)? };
    Ok(Figure { estimate, coverage, finality })
}

/// The states of a row of [`VALUE`].
pub fn states_of(table: &Table, row: usize) -> &[u8] {
    match table.cell(at(14), row) {
        Cell::Bytes(states) => states,
        _ => &[],
    }
}

/// The point of a row of [`VALUE`], if it was measured.
pub fn point(table: &Table, row: usize) -> Option<f64> {
    match table.cell(at(0), row) {
        Cell::Number(x) if !table.text(at(8), row).starts_with(NOT_MEASURED) => Some(x),
        _ => None,
    }
}

/// How the text of [`NotComputable::NotMeasured`] begins.
const NOT_MEASURED: &str = "{\"not_measured\"";

/// Whether only late rows can change a figure of [`VALUE`].
pub fn is_final(table: &Table, row: usize) -> bool {
    matches!(table.cell(at(13), row), Cell::Missing)
}

/// The run whose final figure a row of [`VALUE`] restates.
pub fn restates(table: &Table, row: usize) -> Option<i64> {
    table.integer(at(15), row)
}

/// What a row of [`SCORE`] says that is not withdrawn.
///
/// # Errors
/// The row was not written by [`push_score`].
pub fn scored(table: &Table, row: usize) -> Result<Scored, Corrupt> {
    let score = match table.integer(at(0), row) {
        Some(score) => Ok(score),
        None => Err(table.text(at(1), row).to_owned()),
    };
    let coverage = table.integer(at(2), row).and_then(|n| u32::try_from(n).ok());
    Ok(Scored { score, coverage: coverage.ok_or_else(|| Corrupt("coverage is missing".to_owned()))? })
}
