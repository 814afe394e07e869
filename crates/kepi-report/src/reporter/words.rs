//! What is off, what the data say about why, and what is indicated: in sentences whose every figure is in the data.

use kepi_model::{
    calendar::Grain,
    id,
    project::{Better, MissingRule, Requirement, Scorecard, TargetLines},
};
use kepi_query::{state::Member, value::Segment};
use kepi_score::band::score;

use super::{
    Asked, Reporter,
    reading::{Place, Reading},
};
use crate::{
    change::Verdict,
    format,
    view::{KpiRow, Measured, Outcome, Status},
};

/// A status is called doubtful when the true value lies in its band with less than this probability.
const DOUBTFUL: f64 = 0.8;

impl<'a> Reporter<'a> {
    /// The one segment that stands out most, in a sentence: its interval is wholly on the bad side of the value over all
    /// rows.
    pub(super) fn worst_segment(
        self,
        asked: &Asked<'a>,
        of: &Reading<'a>,
        place: &Place<'a>,
    ) -> Option<String> {
        if !place.segment.as_ref()?.is_total() {
            return None;
        }
        let kpi = of.kpi;
        let all = of.observed()?.as_ref().ok()?;
        let good = |value: f64| match kpi.better {
            Better::Higher => value,
            Better::Lower => -value,
            Better::InRange => match &of.standing.target {
                Some(target) => score(value, &target.lines, kpi.better) as f64,
                None => value,
            },
        };
        let mut worst: Option<(f64, String)> = None;
        for segment in self.facts.segments(&kpi.id, asked.period.grain) {
            let [(dimension, Member::Value(member))] = segment.0.as_slice() else { continue };
            let Some(Ok(here)) = self.facts.observed(&kpi.id, asked.period, &segment) else { continue };
            let Ok(interval) = &here.interval else { continue };
            let best_of_interval = good(interval.low).max(good(interval.high));
            if best_of_interval < good(all.point) && worst.as_ref().is_none_or(|w| best_of_interval < w.0) {
                let shown = Measured::new(&here, &kpi.unit);
                let interval = shown.interval.value().map(|i| i.text.as_str()).unwrap_or_default();
                let text = format!(
                    "Worst by {}: {} with {}, {interval} (n {}).",
                    dimension.as_str().replace('_', " "),
                    member.replace('_', " "),
                    shown.value.text,
                    format::count(here.n)
                );
                worst = Some((best_of_interval, text));
            }
        }
        worst.map(|(_, text)| text)
    }
}

/// How far the value is from its target, or why there is none, in one sentence; the value stands beside it.
pub(super) fn what(row: &KpiRow) -> String {
    let (Outcome::Value(value), Some(target)) = (&row.value, &row.target) else {
        return match &row.value {
            Outcome::Reason(reason) => format!("No value: {}.", reason.text),
            Outcome::Value(_) => "No target is in force.".to_owned(),
        };
    };
    let line = match target.lines {
        TargetLines::OneSided { target, .. } => target,
        TargetLines::InRange { target: (low, high), .. } => {
            if value.value.raw < low {
                low
            } else {
                high
            }
        }
    };
    let distance = value.value.raw - line;
    let decimals = format::decimals(value.value.raw, value.limits(), &row.measured_in);
    let distance = format::difference(distance, &row.measured_in, decimals);
    let distance = distance.trim_start_matches(['+', '−', '±']).to_owned();
    let side = if value.value.raw < line { "below" } else { "above" };
    // The sign of the line says the side already.
    let target = target.target.trim_start_matches("≤\u{202f}");
    format!("{distance} {side} the target of {target}.")
}

/// What the data say about why: the change since the last period, and the segment that stands out. Nothing is said that
/// the intervals do not support.
pub(super) fn why(row: &KpiRow, worst_segment: Option<String>) -> Vec<String> {
    let change = row.change.value().map(|change| {
        let sentence = match (change.verdict, change.favourable) {
            (Verdict::Signal, Some(true)) => "better than",
            (Verdict::Signal, Some(false)) => "worse than",
            (Verdict::Signal, None) => "different from",
            (Verdict::WithinVariation, _) => "not distinguishable from",
            (Verdict::NoVerdict, _) => "against",
        };
        format!("{}, {sentence} {}.", change.difference.text, change.since)
    });
    change.into_iter().chain(worst_segment).collect()
}

/// What is indicated. Only the data speak here: a plan and its owner come with actions.
pub(super) fn action(row: &KpiRow) -> String {
    if row.status == Status::Grey {
        return "Nothing can be said of it until there is a value: look at its data.".to_owned();
    }
    if let Some(probability) = row.status_probability.filter(|p| *p < DOUBTFUL) {
        return format!(
            "Too close to call: {} sure of this status. No action indicated on this figure alone.",
            format::probability(probability)
        );
    }
    match (&row.change, row.status) {
        (Outcome::Value(change), _)
            if change.verdict == Verdict::Signal && change.favourable == Some(false) =>
        {
            "Getting worse, beyond its variation: find the cause.".to_owned()
        }
        (Outcome::Value(change), _)
            if change.verdict == Verdict::Signal && change.favourable == Some(true) =>
        {
            "Recovering: keep the course and watch the next period.".to_owned()
        }
        (Outcome::Value(change), Status::Amber) if change.verdict == Verdict::WithinVariation => {
            "Short of the target and not moving: no action indicated before the next period.".to_owned()
        }
        (_, Status::Red) => "Off target and not moving by itself: a plan is needed.".to_owned(),
        _ => "Short of the target: watch the next period.".to_owned(),
    }
}

/// What a missing part does.
pub(super) fn missing_rule(scorecard: &Scorecard) -> String {
    let minimum = format::coverage(scorecard.minimum_coverage);
    match scorecard.missing {
        MissingRule::Ignore => format!(
            "A part without a value is left out and the others count in proportion; below {minimum} of weight there is \
             no score."
        ),
        MissingRule::Block => "A part without a value leaves the whole without a score.".to_owned(),
        MissingRule::WorstCase => "A part without a value counts as 0 points.".to_owned(),
    }
}

/// A member of a dimension.
pub(super) fn member(member: &Member) -> String {
    match member {
        // Members of enums are names: `under_25` reads as `under 25`.
        Member::Value(text) if id::is_name(text) => text.replace('_', " "),
        Member::Value(text) => text.to_string(),
        Member::Unknown => "unknown".to_owned(),
    }
}

/// The members of a segment.
pub(crate) fn segment(of: &Segment) -> String {
    of.0.as_slice().iter().map(|(_, of)| member(of)).collect::<Vec<_>>().join(" · ")
}

/// What a rule demands, as it is written.
pub(crate) fn requirement(of: &Requirement) -> String {
    match of {
        Requirement::Row(expression) => expression.to_string(),
        Requirement::Unique(attributes) => {
            let names: Vec<&str> = attributes.iter().map(id::AttributeId::as_str).collect();
            format!("unique {}", names.join(", "))
        }
        Requirement::RowsAtLeast(rows) => format!("rows >= {rows}"),
        Requirement::RowsAgainstHistory { share, loads } => {
            format!("rows >= {} of the median of {loads} loads", format::coverage(*share))
        }
    }
}

/// After how long a link works.
pub(crate) fn lag((count, grain): (u32, Grain)) -> String {
    let unit = match grain {
        Grain::Day => "day",
        Grain::Week => "week",
        Grain::Month => "month",
        Grain::Quarter => "quarter",
        Grain::HalfYear => "half-year",
        Grain::Year => "year",
    };
    if count == 1 { format!("1 {unit}") } else { format!("{count} {unit}s") }
}

/// When a value is published: `at least 100 cases`.
pub(super) fn gates(minimum_n: Option<u64>, minimum_coverage: Option<f64>) -> Vec<String> {
    let n = minimum_n.map(|n| format!("at least {} cases", format::count(n)));
    let coverage = minimum_coverage.map(|c| format!("at least {} of cases covered", format::coverage(c)));
    n.into_iter().chain(coverage).collect()
}
