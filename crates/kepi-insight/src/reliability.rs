//! Do the KPIs of an index hang together? Cronbach's alpha of their points, and how much of what they do one component would say, beside the weights that
//! the index gives them: over the members of a dimension in the period where ten or more have all of them, else over periods.

use std::collections::{BTreeMap, BTreeSet};

use kepi_model::{
    id::DimensionId,
    measure::{Composite, Measure},
};
use kepi_query::value::Segment;
use kepi_stats::{
    agreement::reliability::cronbach_alpha, distribution::fisher, estimate::Level, linear::SymmetricEigen,
    regression::redundancy::correlation,
};

use crate::{
    analysis::{Analysis, Ask, Cadence, Check, Exhibit, Frames, Insight, Shown, Verdict},
    season::longest,
    sentence::Sentence,
};

/// The row of the list.
pub const ANALYSIS: Analysis = Analysis {
    name: "reliability",
    version: 1,
    question: "Do the KPIs of the index hang together?",
    cadence: Cadence::OnRequest,
    family: None,
    answer,
};

/// Members that are needed, and periods.
const MEMBERS: usize = 10;
const PERIODS: usize = 12;
/// From this alpha on several answers are usually taken for one (Nunnally 1978).
const ENOUGH: f64 = 0.7;

/// Points of each part, a column each, where all have a value; and whether that is of members.
fn columns(index: &Composite, ask: &Ask<'_>, frames: &dyn Frames) -> (Vec<Vec<f64>>, bool) {
    let project = frames.project();
    let mut by: BTreeMap<DimensionId, Vec<Vec<f64>>> = BTreeMap::new();
    for segment in frames.segments(ask.kpi, ask.period).iter().filter(|segment| segment.0.len() == 1) {
        let point = |part: &kepi_model::measure::CompositePart| {
            Some(part.points(
                frames.figure(project.input_of(ask.kpi, &part.input.kpi), ask.period, segment)?.point,
            ))
        };
        let row: Option<Vec<f64>> = index.parts.iter().map(point).collect();
        if let (Some(row), Some((dimension, _))) = (row, segment.0.first()) {
            by.entry(dimension.clone()).or_default().push(row);
        }
    }
    let widest = by.into_values().rev().max_by_key(Vec::len).filter(|rows| rows.len() >= MEMBERS);
    let of_members = widest.is_some();
    let rows = widest.unwrap_or_else(|| {
        let span = ask.period.ordinal.saturating_sub(longest(ask.period.grain))..=ask.period.ordinal;
        let courses: Vec<BTreeMap<i32, f64>> = index
            .parts
            .iter()
            .map(|part| {
                let kpi = project.input_of(ask.kpi, &part.input.kpi);
                let points = frames.points(kpi, ask.period.grain, &Segment::total(), span.clone());
                points.into_iter().map(|(at, value)| (at, part.points(value))).collect()
            })
            .collect();
        let periods: BTreeSet<i32> = courses.iter().flat_map(|of| of.keys().copied()).collect();
        let row = |at: i32| courses.iter().map(|of| of.get(&at).copied()).collect::<Option<Vec<f64>>>();
        periods.into_iter().filter_map(row).collect()
    });
    let column = |at: usize| rows.iter().filter_map(|row| row.get(at).copied()).collect();
    ((0..index.parts.len()).map(column).collect(), of_members)
}

fn answer(ask: &Ask<'_>, frames: &dyn Frames) -> Option<Insight> {
    let Measure::Composite(index) = &ask.kpi.measure else { return None };
    let (columns, of_members) = columns(index, ask, frames);
    let (rows, parts) = (columns.first().map_or(0, Vec::len), columns.len());
    let need = if of_members { MEMBERS } else { PERIODS };
    let refused = |holds: bool| {
        let checks = vec![Check { name: "enough members or periods", holds }];
        let says =
            vec![Sentence::NotReliable { have: rows, members: MEMBERS, periods: PERIODS, moved: holds }];
        Some(Insight { verdict: Verdict::Unknown, says, exhibit: None, checks, looked_at: parts })
    };
    if rows < need || parts < 2 {
        return refused(false);
    }
    let found = || {
        let alpha = cronbach_alpha(&columns).ok()?;
        let eigen = SymmetricEigen::new(&correlation(&columns).ok()?).ok()?;
        Some((alpha, eigen))
    };
    let Some((alpha, eigen)) = found() else { return refused(true) };
    // Feldt 1965: (1 − α) ⁄ (1 − α̂) has the F distribution with n − 1 and (n − 1)(k − 1) degrees of freedom.
    let (n, k) = (rows as f64 - 1.0, parts as f64 - 1.0);
    let tail = 0.5 * Level::NINETY_FIVE.alpha();
    let end = |p: f64| 1.0 - (1.0 - alpha) * fisher::quantile(p, n, n * k);
    let range = (end(1.0 - tail), end(tail));
    let verdict = match range {
        (low, _) if low >= ENOUGH => Verdict::Yes,
        (_, high) if high < ENOUGH => Verdict::No,
        _ => Verdict::Unknown,
    };
    let first = eigen.values.first().copied().unwrap_or(0.0);
    let component = first / parts as f64;
    let weights: f64 = index.parts.iter().map(|part| f64::from(part.weight)).sum();
    let row = |(at, part): (usize, &kepi_model::measure::CompositePart)| {
        let loading = eigen.vectors[(at, 0)] * first.max(0.0).sqrt();
        let others: Vec<Vec<f64>> =
            columns.iter().enumerate().filter(|(place, _)| *place != at).map(|(_, of)| of.clone()).collect();
        let without = cronbach_alpha(&others).ok().map(Shown::Number);
        let own = [Shown::Share(f64::from(part.weight) / weights), Shown::Number(loading)];
        (part.input.kpi.name.clone(), own.into_iter().chain(without).collect::<Vec<Shown>>())
    };
    let rows_of: Vec<(String, Vec<Shown>)> = index.parts.iter().enumerate().map(row).collect();
    // Of two KPIs nothing is left to compare without one.
    let columns_of = match parts {
        2 => vec!["weight", "loading"],
        _ => vec!["weight", "loading", "alpha without it"],
    };
    let exhibit = Exhibit { columns: columns_of, rows: rows_of };
    let says = vec![Sentence::Reliable { parts, alpha, range, component, rows, of_members, verdict }];
    let checks = vec![
        Check { name: "enough members or periods", holds: true },
        Check { name: "of members, not of periods, which share trends", holds: of_members },
    ];
    Some(Insight { verdict, says, exhibit: Some(exhibit), checks, looked_at: parts })
}
