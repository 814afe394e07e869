//! What analyses say of published figures, as rows.

use jiff::civil::Date;
use kepi_model::calendar::Grain;

use super::{
    figure::{at, column},
    table::{Cell, ColumnType, Corrupt, Form, Table, TableBuilder, days, grain_text},
};
use crate::value::Segment;

/// What is usual of each series in each period, and how it lies to that.
pub static USUAL: Form = Form {
    name: "usual",
    columns: &[
        column("run", ColumnType::Integer),
        column("kpi", ColumnType::Text),
        column("grain", ColumnType::Text),
        column("period", ColumnType::Day),
        column("segment", ColumnType::Text),
        column("withdrawn", ColumnType::Text),
        column("verdict", ColumnType::Text),
        column("no_verdict", ColumnType::Text),
        column("above", ColumnType::Integer),
        column("expected", ColumnType::Number),
        column("low", ColumnType::Number),
        column("high", ColumnType::Number),
        column("spread", ColumnType::Number),
        column("degrees", ColumnType::Number),
        column("p", ColumnType::Number),
        column("limit", ColumnType::Number),
        column("look", ColumnType::Integer),
        column("periods", ColumnType::Integer),
        column("version", ColumnType::Integer),
    ],
    restated: None,
};

/// Insights that say more than how a value lies to what is usual.
pub static INSIGHT: Form = Form {
    name: "insight",
    columns: &[
        column("run", ColumnType::Integer),
        column("kpi", ColumnType::Text),
        column("grain", ColumnType::Text),
        column("period", ColumnType::Day),
        column("analysis", ColumnType::Text),
        column("withdrawn", ColumnType::Text),
        column("verdict", ColumnType::Text),
        column("version", ColumnType::Integer),
        column("insight", ColumnType::Text),
    ],
    restated: None,
};

/// What a row of [`USUAL`] says.
#[derive(Debug, Clone, PartialEq)]
pub struct UsualRow {
    /// The verdict: `beyond`.
    pub verdict: String,
    /// Why there is none: `too_few`; empty where there is one.
    pub no_verdict: String,
    /// Whether the value lies above what was expected.
    pub above: bool,
    /// Expected value, least and greatest that would not have been called out, spread, degrees of freedom, p-value and its
    /// limit; none without a verdict.
    pub numbers: Option<[f64; 7]>,
    /// Periods of the look.
    pub look: u32,
    /// Earlier periods it rests on, or of which there are too few.
    pub periods: u32,
    /// Version of the analyses.
    pub version: u32,
}

/// What a row of [`INSIGHT`] says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InsightRow {
    /// The verdict: `yes`, `no`, `contrary`, `unknown`.
    pub verdict: String,
    /// Version of the analyses.
    pub version: u32,
    /// All of it, as JSON.
    pub insight: String,
}

/// Appends what is usual of a series in a period, by its first day.
pub fn push_usual(
    into: &mut TableBuilder,
    run: i64,
    (kpi, grain, period, segment): (&str, Grain, Date, &Segment),
    row: &UsualRow,
) {
    let segment = segment.to_string();
    let no_verdict = if row.no_verdict.is_empty() { Cell::Missing } else { Cell::Text(&row.no_verdict) };
    let number =
        |nth: usize| row.numbers.and_then(|n| n.get(nth).copied()).map_or(Cell::Missing, Cell::Number);
    into.push([
        Cell::Integer(run),
        Cell::Text(kpi),
        Cell::Text(grain_text(grain)),
        Cell::Day(days(period)),
        Cell::Text(&segment),
        Cell::Missing,
        Cell::Text(&row.verdict),
        no_verdict,
        Cell::Integer(i64::from(row.above)),
        number(0),
        number(1),
        number(2),
        number(3),
        number(4),
        number(5),
        number(6),
        Cell::Integer(i64::from(row.look)),
        Cell::Integer(i64::from(row.periods)),
        Cell::Integer(i64::from(row.version)),
    ]);
}

/// What a row of [`USUAL`] says that is not withdrawn.
///
/// # Errors
/// The row was not written by [`push_usual`].
pub fn usual_row(table: &Table, row: usize) -> Result<UsualRow, Corrupt> {
    let whole = |nth: usize| {
        let n = table.integer(at(nth), row).and_then(|n| u32::try_from(n).ok());
        n.ok_or_else(|| Corrupt("a number of periods is missing".to_owned()))
    };
    let number = |nth: usize| match table.cell(at(nth), row) {
        Cell::Number(x) => Some(x),
        _ => None,
    };
    let numbers =
        (|| Some([number(3)?, number(4)?, number(5)?, number(6)?, number(7)?, number(8)?, number(9)?]))();
    Ok(UsualRow {
        verdict: table.text(at(0), row).to_owned(),
        no_verdict: table.text(at(1), row).to_owned(),
        above: whole(2)? == 1,
        numbers,
        look: whole(10)?,
        periods: whole(11)?,
        version: whole(12)?,
    })
}

/// Appends an insight about a KPI in a period, by its first day.
pub fn push_insight(
    into: &mut TableBuilder,
    run: i64,
    (kpi, grain, period, analysis): (&str, Grain, Date, &str),
    row: &InsightRow,
) {
    into.push([
        Cell::Integer(run),
        Cell::Text(kpi),
        Cell::Text(grain_text(grain)),
        Cell::Day(days(period)),
        Cell::Text(analysis),
        Cell::Missing,
        Cell::Text(&row.verdict),
        Cell::Integer(i64::from(row.version)),
        Cell::Text(&row.insight),
    ]);
}

/// What a row of [`INSIGHT`] says that is not withdrawn.
///
/// # Errors
/// The row was not written by [`push_insight`].
pub fn insight_row(table: &Table, row: usize) -> Result<InsightRow, Corrupt> {
    let version = table.integer(at(1), row).and_then(|n| u32::try_from(n).ok());
    Ok(InsightRow {
        verdict: table.text(at(0), row).to_owned(),
        version: version.ok_or_else(|| Corrupt("a version is missing".to_owned()))?,
        insight: table.text(at(2), row).to_owned(),
    })
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;

    use super::*;

    #[test]
    fn what_is_written_is_read() {
        let row = UsualRow {
            verdict: "beyond".to_owned(),
            no_verdict: String::new(),
            above: true,
            numbers: Some([0.4, 0.3, 0.5, 0.02, 8.5, 1e-4, 2e-3]),
            look: 1,
            periods: 14,
            version: 1,
        };
        let none = UsualRow {
            verdict: "no_verdict".to_owned(),
            no_verdict: "too_few".to_owned(),
            above: false,
            numbers: None,
            look: 0,
            ..row.clone()
        };
        let mut rows = TableBuilder::new(&USUAL);
        for row in [&row, &none] {
            push_usual(&mut rows, 3, ("nps", Grain::Month, date(2026, 3, 1), &Segment::total()), row);
        }
        let rows = rows.finish();
        assert_eq!((usual_row(&rows, 0).unwrap(), usual_row(&rows, 1).unwrap()), (row, none));
        let said = InsightRow { verdict: "no".to_owned(), version: 1, insight: "{}".to_owned() };
        let mut rows = TableBuilder::new(&INSIGHT);
        push_insight(&mut rows, 3, ("nps", Grain::Month, date(2026, 3, 1), "location"), &said);
        let rows = rows.finish();
        assert_eq!(insight_row(&rows, 0).unwrap(), said);
        assert_eq!((rows.subject(0), rows.segment(0)), ("nps", "location"));
    }
}
