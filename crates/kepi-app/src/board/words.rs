//! What is off, what the data say about why, and what is indicated: in sentences whose every figure is in the data.

use kepi_model::{
    calendar::Period,
    project::{Kpi, Scorecard, TargetLines},
};
use kepi_query::{state::Member, value::Segment};
use kepi_report::{
    format,
    view::{Deviation, KpiRow, Measured, Outcome, Points, Status, Verdict},
};
use kepi_score::tree::{Node, Of};

use super::scorecard::{measured, points_lost, status};
use crate::picture::Picture;

/// A status is called doubtful when the true value lies in its band with less than this probability.
const DOUBTFUL: f64 = 0.8;

impl Picture {
    /// KPIs that are red or amber, or that should have a value and do not; worst first: by points lost, then by id.
    pub(super) fn deviations(
        &self,
        scorecard: &Scorecard,
        tree: &Node,
        rows: &[&KpiRow],
        segment: &Segment,
        period: Period,
    ) -> Vec<Deviation> {
        let mut all: Vec<(i64, Deviation)> = rows
            .iter()
            .filter(|row| matches!(row.status, Status::Red | Status::Amber))
            .filter_map(|row| {
                let kpi = self.project().kpis.values().find(|k| k.id.as_str() == row.kpi.id)?;
                let lost = points_lost(tree, &Of::Kpi(kpi.id.clone()));
                let deviation = Deviation {
                    kpi: row.kpi.clone(),
                    status: row.status,
                    value: row.value.clone(),
                    target: row.target.as_ref().map(|t| t.target.clone()),
                    what: what(row),
                    why: self.why(scorecard, kpi, row, segment, period),
                    action: action(row),
                    points_lost: lost.map(Points::new),
                    accountable: row.accountable.clone(),
                };
                Some((lost.unwrap_or(0), deviation))
            })
            .collect();
        let red_first = |d: &Deviation| d.status != Status::Red;
        all.sort_by(|a, b| {
            (red_first(&a.1), std::cmp::Reverse(a.0), &a.1.kpi.id).cmp(&(
                red_first(&b.1),
                std::cmp::Reverse(b.0),
                &b.1.kpi.id,
            ))
        });
        all.into_iter().map(|(_, deviation)| deviation).collect()
    }

    /// The change since the last period, and the one segment that stands out most: its interval is wholly on the bad
    /// side of the value over all rows. Nothing is said that the intervals do not support.
    fn why(
        &self,
        scorecard: &Scorecard,
        kpi: &Kpi,
        row: &KpiRow,
        segment: &Segment,
        period: Period,
    ) -> Vec<String> {
        let mut said = Vec::new();
        if let Outcome::Value(change) = &row.change {
            let sentence = match (change.verdict, change.favourable) {
                (Verdict::Signal, Some(true)) => "better than",
                (Verdict::Signal, Some(false)) => "worse than",
                (Verdict::Signal, None) => "different from",
                (Verdict::WithinVariation, _) => "not distinguishable from",
                (Verdict::NoVerdict, _) => "against",
            };
            said.push(format!("{}, {sentence} {}.", change.difference.text, change.since));
        }
        if !segment.is_total() {
            return said;
        }
        let Outcome::Value(all) = &row.value else { return said };
        let goodness =
            |value: f64| match self.target(kpi, segment, None, Some(scorecard), period).map(|t| t.lines) {
                Some(lines) => kepi_score::band::score(value, &lines, kpi.better) as f64,
                None => value,
            };
        let good = |value: f64| match kpi.better {
            kepi_model::project::Better::Higher => value,
            kepi_model::project::Better::Lower => -value,
            kepi_model::project::Better::InRange => goodness(value),
        };
        let mut worst: Option<(f64, String)> = None;
        for (key, series) in self.segments(&kpi.id, period.grain) {
            let [(dimension, Member::Value(member))] = key.0.as_slice() else { continue };
            let Some(entry) = series.at(period.ordinal) else { continue };
            let Outcome::Value(here) = measured(Some(&entry.value.estimate), kpi) else { continue };
            let Some((low, high)) = here.limits() else { continue };
            let best_of_interval = good(low).max(good(high));
            if best_of_interval < good(all.value.raw) && worst.as_ref().is_none_or(|w| best_of_interval < w.0)
            {
                let interval = here.interval.value().map(|i| i.text.as_str()).unwrap_or_default();
                let name = dimension.as_str().replace('_', " ");
                let member = member.replace('_', " ");
                let text = format!(
                    "Worst by {name}: {member} with {}, {interval} (n {}).",
                    here.value.text,
                    format::count(here.n)
                );
                worst = Some((best_of_interval, text));
            }
        }
        said.extend(worst.map(|w| w.1));
        said
    }

    /// Members of each dimension of a KPI in one period.
    pub(super) fn members(&self, kpi: &Kpi, period: Period) -> Vec<(Segment, Outcome<Measured>, Status)> {
        self.segments(&kpi.id, period.grain)
            .filter(|(key, _)| key.0.as_slice().len() == 1)
            .filter_map(|(key, series)| {
                let observed = series.at(period.ordinal)?.value.estimate;
                let target = self.target(kpi, key, None, None, period);
                let at = status(Some(&observed), target.as_ref(), kpi);
                Some((key.clone(), measured(Some(&observed), kpi), at))
            })
            .collect()
    }
}

/// How far the value is from its target, in one sentence; the value stands beside it.
fn what(row: &KpiRow) -> String {
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
    let distance = distance.trim_start_matches(['+', '−', '\u{2212}']).to_owned();
    let side = if value.value.raw < line { "below" } else { "above" };
    // The sign of the line says the side already.
    let target = target.target.trim_start_matches("≤\u{202f}");
    format!("{distance} {side} the target of {target}.")
}

/// What is indicated. Only the data speak here: a plan and its owner come with actions.
fn action(row: &KpiRow) -> String {
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
