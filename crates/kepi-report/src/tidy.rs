//! Published values as a tidy table: one row a value, every period, every segment and every cross of a KPI. The command
//! line prints it and pages offer it for download; both ask here.

use std::fmt::Write as _;

use kepi_model::{
    calendar::Grain,
    project::{Kpi, ValueUnit},
    window::Over,
};
use kepi_query::{
    published::{GRAINS, grain_text},
    value::Segment,
};
use kepi_stats::estimate::Estimate;
use serde::Serialize;

use crate::{
    csv,
    facts::Facts,
    reader::{KpiQuery, ScorecardQuery, ViewError},
    reason::Reason,
    reporter::{
        Reporter,
        reading::{Place, Reading},
    },
    view::{EarlierView, Measured, Status},
};

/// The columns, in the order in which [`to_csv`] writes them.
pub const COLUMNS: [&str; 19] = [
    "kpi",
    "period",
    "segment",
    "value",
    "unit",
    "low",
    "high",
    "n",
    "coverage",
    "status",
    "reason",
    "final",
    "grain",
    "reason_code",
    "restated",
    "window",
    "overridden",
    "computed",
    "not_measured",
];

/// A value of a KPI in a period over a segment, or why there is none.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Row {
    /// Id of the KPI.
    pub kpi: String,
    /// Label of the period.
    pub period: String,
    /// `region=EMEA;tier=ent`; empty for the total.
    pub segment: String,
    /// The point, in `unit`; none where there is no value.
    pub value: Option<f64>,
    /// The point with all its digits, in plain decimal, where it is a sum that `value` has not room for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub exact: Option<String>,
    /// What the value is in: `count`, `number`, `share` (of 1), `points` (of net promoters, −100 to 100), `rating`, `seconds`,
    /// `per 1000`, or the code of a currency.
    pub unit: String,
    /// Lower end of the interval.
    pub low: Option<f64>,
    /// Upper end of the interval.
    pub high: Option<f64>,
    /// Cases that entered; without a value those that there were.
    pub n: Option<u64>,
    /// Share of the cases that should be there.
    pub coverage: Option<f64>,
    /// `red`, `amber`, `green`, `blue`, or `grey` where there is no value or no target.
    pub status: String,
    /// Why there is no value, in words.
    pub reason: Option<String>,
    /// Whether only late rows can change it.
    #[serde(rename = "final")]
    pub is_final: bool,
    /// Length of the period: `month`.
    pub grain: String,
    /// Why there is no value, as a stable code.
    pub reason_code: Option<String>,
    /// Whether it was final before, with another figure.
    pub restated: bool,
    /// The window that it is made from, where that is not its period: `12 months`. Windows of neighbouring values share rows.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub window: Option<String>,
    /// The item by which people say the value in place of what was computed; none: it was computed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub overridden: Option<u64>,
    /// What was computed then, in `unit`; none too where that had no value.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub computed: Option<f64>,
    /// Of a value that was not measured where it comes from, in words: `carried forward from 2026-03 (no rows)`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub not_measured: Option<String>,
}

/// The published values of a KPI: all, or those of the unit, the segment and the period that are asked for. Sorted by length
/// of the period, then by segment, the total first, then by period.
///
/// # Errors
/// What is asked for is not there, or nothing has been computed.
pub fn rows(facts: &dyn Facts, kpi: &str, query: &KpiQuery) -> Result<Vec<Row>, ViewError> {
    let reporter = Reporter::new(facts);
    let asked = reporter.kpi_asked(kpi, query)?;
    let whole = query.unit.is_none() && query.segment.is_none();
    let only = query.period.is_some().then_some(asked.period);
    let mut rows = Vec::new();
    for grain in GRAINS {
        // What was only added up for somebody is no value that a run computed.
        let wanted = only.map_or_else(|| facts.has(&asked.kpi.id, grain), |period| period.grain == grain);
        if !wanted {
            continue;
        }
        let segments = facts.segments(&asked.kpi.id, grain);
        for segment in segments.into_iter().filter(|segment| whole || Some(segment) == asked.segment.as_ref())
        {
            let place = match (query.unit.is_some(), segment.is_total()) {
                (true, _) => reporter.place_asked(&asked, query),
                (false, true) => reporter.whole(asked.card),
                (false, false) => reporter.segment_place(asked.card, segment.clone()),
            };
            let periods = match only {
                Some(period) => vec![period.ordinal],
                None => ordinals(facts, &asked.kpi.id, grain, &segment),
            };
            // What a KPI before it would have been on its level stands before its own figures, and is marked as not measured.
            if only.is_none() && segment.is_total() && grain == asked.kpi.period {
                let succeeds = reporter.succeeds(asked.kpi);
                let earlier = reporter.earlier(asked.kpi, &succeeds);
                rows.extend(earlier.iter().flat_map(|of| bridged(asked.kpi, of)));
            }
            for ordinal in periods {
                let reading =
                    reporter.read(asked.kpi, &place, reporter.project().period(asked.kpi, grain, ordinal));
                rows.extend(row(reporter, &reading, &place));
            }
        }
    }
    Ok(rows)
}

/// The values of a scorecard's KPIs for its unit, or the one asked for, in the period shown.
///
/// # Errors
/// As of [`rows`].
pub fn of_scorecard(facts: &dyn Facts, query: &ScorecardQuery) -> Result<Vec<Row>, ViewError> {
    let reporter = Reporter::new(facts);
    let asked = reporter.asked(query)?;
    let rows = asked.card.scorecard.placed().filter_map(|of| {
        let kpi = reporter.project().kpis.get(of.kpi)?;
        let place = reporter.part_place(asked.card, asked.unit, Segment::of(of.members));
        row(reporter, &reporter.read(kpi, &place, asked.card.period_of(kpi, asked.period)), &place)
    });
    Ok(rows.collect())
}

/// The newest value of every KPI over all rows.
///
/// # Errors
/// The values cannot be read.
pub fn newest(facts: &dyn Facts) -> Result<Vec<Row>, ViewError> {
    let reporter = Reporter::new(facts);
    reporter.want_all()?;
    Ok(reporter.newest_readings().iter().filter_map(|(of, place)| row(reporter, of, place)).collect())
}

/// Periods of a series that have a figure or a reason.
fn ordinals(facts: &dyn Facts, kpi: &kepi_model::id::KpiId, grain: Grain, segment: &Segment) -> Vec<i32> {
    facts.points(kpi, grain, segment, i32::MIN..=i32::MAX).into_iter().map(|(ordinal, ..)| ordinal).collect()
}

fn row(reporter: Reporter<'_>, of: &Reading<'_>, place: &Place<'_>) -> Option<Row> {
    let entry = of.entry.as_ref()?;
    let scale = scale(&of.kpi.unit);
    let (estimate, why) = match &entry.value.estimate {
        Ok(estimate) => (Some(estimate), None),
        Err(why) => (None, Some(Reason::from(why))),
    };
    let interval = estimate.and_then(|estimate| estimate.interval.as_ref().ok());
    let coverage = entry.value.coverage;
    Some(Row {
        kpi: of.kpi.id.to_string(),
        period: reporter.label(of.period),
        segment: place.segment.as_ref().map(ToString::to_string).unwrap_or_default(),
        value: estimate.map(|estimate| estimate.point / scale),
        exact: entry
            .value
            .exact(of.kpi)
            .filter(|_| entry.computed.is_none())
            .filter(|_| of.kpi.unit != ValueUnit::Duration)
            .map(|exact| exact.to_string()),
        unit: unit(&of.kpi.unit),
        low: interval.map(|interval| interval.low / scale),
        high: interval.map(|interval| interval.high / scale),
        n: estimate.map(|estimate| estimate.n).or_else(|| (coverage.eligible > 0).then_some(coverage.cases)),
        coverage: of.coverage(),
        status: Status::from(of.standing.band).code().to_owned(),
        reason: why.as_ref().map(|why| why.text.clone()),
        is_final: of.is_final(),
        grain: grain_text(of.period.grain).to_owned(),
        reason_code: why.map(|why| why.code.to_owned()),
        restated: of.restated(),
        window: of.kpi.window().map(Over::label),
        overridden: of.overridden(),
        computed: entry.computed.as_ref().and_then(|of| of.as_ref().ok()).map(|of| of.point / scale),
        not_measured: estimate.and_then(Estimate::not_measured).map(str::to_owned),
    })
}

/// Figures of a KPI before, on the level of the one that takes its place.
fn bridged(kpi: &Kpi, earlier: &EarlierView) -> Vec<Row> {
    let scale = scale(&kpi.unit);
    let of = |(period, measured): &(String, Measured)| {
        let limits = measured.limits();
        Row {
            kpi: kpi.id.to_string(),
            period: period.clone(),
            segment: String::new(),
            value: Some(measured.value.raw / scale),
            exact: None,
            unit: unit(&kpi.unit),
            low: limits.map(|(low, _)| low / scale),
            high: limits.map(|(_, high)| high / scale),
            n: None,
            coverage: None,
            status: Status::Grey.code().to_owned(),
            reason: None,
            is_final: true,
            grain: grain_text(kpi.period).to_owned(),
            reason_code: None,
            restated: false,
            window: kpi.window().map(Over::label),
            overridden: None,
            computed: None,
            not_measured: Some(format!("bridged from {}", earlier.of.id)),
        }
    };
    earlier.points.iter().map(of).collect()
}

/// What a value is in, in a word.
fn unit(of: &ValueUnit) -> String {
    match of {
        ValueUnit::Count => "count".to_owned(),
        ValueUnit::Number { .. } => "number".to_owned(),
        ValueUnit::Share => "share".to_owned(),
        ValueUnit::NetPromoter => "points".to_owned(),
        ValueUnit::Rating { .. } => "rating".to_owned(),
        ValueUnit::Money { currency } => currency.clone(),
        ValueUnit::Duration => "seconds".to_owned(),
        ValueUnit::Rate { per } => format!("per {per}"),
    }
}

/// Durations are kept in microseconds; nobody reads them.
fn scale(of: &ValueUnit) -> f64 {
    if matches!(of, ValueUnit::Duration) { 1e6 } else { 1.0 }
}

/// The rows as CSV with a header: numbers with a point and all their digits, `true` and `false`, nothing where there is
/// nothing.
pub fn to_csv(rows: &[Row]) -> String {
    let number = |x: Option<f64>| x.map(|x| x.to_string()).unwrap_or_default();
    let mut text = COLUMNS.join(",");
    text.push('\n');
    for row in rows {
        let cells: [String; COLUMNS.len()] = [
            csv::cell(&row.kpi),
            csv::cell(&row.period),
            csv::cell(&row.segment),
            row.exact.clone().unwrap_or_else(|| number(row.value)),
            csv::cell(&row.unit),
            number(row.low),
            number(row.high),
            row.n.map(|n| n.to_string()).unwrap_or_default(),
            number(row.coverage),
            csv::cell(&row.status),
            csv::cell(row.reason.as_deref().unwrap_or_default()),
            row.is_final.to_string(),
            csv::cell(&row.grain),
            csv::cell(row.reason_code.as_deref().unwrap_or_default()),
            row.restated.to_string(),
            csv::cell(row.window.as_deref().unwrap_or_default()),
            row.overridden.map(|item| item.to_string()).unwrap_or_default(),
            number(row.computed),
            csv::cell(row.not_measured.as_deref().unwrap_or_default()),
        ];
        let _ = writeln!(text, "{}", cells.join(","));
    }
    text
}
