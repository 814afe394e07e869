//! The current figures of one KPI in columns, found by grain, segment and period.

use std::{collections::BTreeMap, ops::Range};

use jiff::civil::{Date, date};
use kepi_model::calendar::{Calendar, FiscalCalendar, Grain, Period};
use kepi_query::{
    published::{Table, Vouched},
    value::Segment,
};

/// The newest rows of one KPI, and where each of its series stands in them.
#[derive(Debug)]
pub(super) struct Cube {
    /// Sorted by grain, segment and period; withdrawn ones too.
    rows: Table,
    /// By what periods of the KPI are counted.
    fiscal: FiscalCalendar,
    /// Rows of a series that are not withdrawn, with their periods, oldest first.
    series: BTreeMap<Grain, BTreeMap<Segment, Vec<(i32, u32)>>>,
}

impl Cube {
    /// From the newest rows of one KPI, sorted by key.
    pub fn new(rows: Table, calendar: &Calendar) -> Self {
        let mut series: BTreeMap<Grain, BTreeMap<Segment, Vec<(i32, u32)>>> = BTreeMap::new();
        for run in runs(&rows) {
            let first = run.start;
            let (Some(grain), Ok(segment)) =
                (Vouched::read_grain(rows.grain(first)), rows.segment(first).parse::<Segment>())
            else {
                tracing::warn!(segment = rows.segment(first), "a published row cannot be read");
                continue;
            };
            let current = run.filter(|row| rows.withdrawn(*row).is_empty());
            let placed: Vec<(i32, u32)> =
                current.map(|row| (period_of(&rows, row, grain, calendar).ordinal, row as u32)).collect();
            if !placed.is_empty() {
                series.entry(grain).or_default().insert(segment, placed);
            }
        }
        Self { rows, fiscal: calendar.fiscal(), series }
    }

    /// A period of the KPI.
    pub fn period(&self, grain: Grain, ordinal: i32) -> Period {
        Period::new(grain, ordinal, self.fiscal)
    }

    /// All rows, withdrawn ones too.
    pub fn rows(&self) -> &Table {
        &self.rows
    }

    /// The segments that have figures at a grain.
    pub fn segments(&self, grain: Grain) -> impl Iterator<Item = &Segment> {
        self.series.get(&grain).into_iter().flat_map(BTreeMap::keys)
    }

    /// Periods of a series with the rows of their figures, oldest first.
    pub fn series(&self, grain: Grain, segment: &Segment) -> &[(i32, u32)] {
        self.series.get(&grain).and_then(|of| of.get(segment)).map_or(&[], Vec::as_slice)
    }

    /// The row of a figure.
    pub fn row(&self, period: Period, segment: &Segment) -> Option<usize> {
        // A period of another calendar is none of its own, whatever its number.
        if period.fiscal != self.fiscal.of(period.grain) {
            return None;
        }
        let series = self.series(period.grain, segment);
        let at = series.binary_search_by_key(&period.ordinal, |(ordinal, _)| *ordinal).ok()?;
        series.get(at).map(|(_, row)| *row as usize)
    }
}

/// Stretches of rows of one grain and segment.
fn runs(rows: &Table) -> impl Iterator<Item = Range<usize>> {
    let mut from = 0;
    std::iter::from_fn(move || {
        let start = from;
        if start >= rows.rows() {
            return None;
        }
        let of = (rows.grain(start), rows.segment(start));
        from = (start..rows.rows())
            .find(|row| (rows.grain(*row), rows.segment(*row)) != of)
            .unwrap_or(rows.rows());
        Some(start..from)
    })
}

/// The first day of a row's period.
pub(crate) fn day_of(rows: &Table, row: usize) -> Date {
    let since = jiff::SignedDuration::from_hours(i64::from(rows.period(row)) * 24);
    date(1970, 1, 1).checked_add(since).unwrap_or(Date::MIN)
}

/// The period of a row.
pub(crate) fn period_of(rows: &Table, row: usize, grain: Grain, calendar: &Calendar) -> Period {
    calendar.period_of_day(grain, day_of(rows, row))
}
