//! How much of what it does goes with each of its drivers? What is believed to move a KPI is put into one regression over members of a dimension, and
//! what it explains is shared out among the drivers.

use std::collections::{BTreeMap, BTreeSet};

use kepi_model::id::DimensionId;
use kepi_query::value::Segment;
use kepi_stats::decomposition::importance::{Importance, relative_importance};

use crate::{
    analysis::{Analysis, Ask, Cadence, Check, Exhibit, Frames, Insight, Shown, Verdict},
    link::{self, PANEL_PERIODS, Pair, UNITS, periods_of},
    policy,
    season::longest,
    sentence::Sentence,
};

/// The row of the list.
pub const ANALYSIS: Analysis = Analysis {
    name: "importance",
    version: 1,
    question: "How much of what it does goes with each of what is believed to move it?",
    cadence: Cadence::OnRequest,
    family: None,
    answer,
};

/// Of more drivers shares are too many to be told apart.
const MOST: usize = 8;
/// A share below this is not worth having.
const WORTH: f64 = 0.02;
/// Means of members and periods are taken off until the last round moves nothing by more than this part of what is left.
const SETTLED: f64 = 1e-12;

/// A member in a period: the effect, then each driver.
struct Row {
    unit: usize,
    period: i32,
    values: Vec<f64>,
}

/// Members of the dimension of which most have it and all drivers for long enough.
fn rows(pairs: &[&Pair<'_>], ask: &Ask<'_>, frames: &dyn Frames) -> Vec<Row> {
    let grain = ask.period.grain;
    let until = ask.period.ordinal;
    let from = until - longest(grain);
    let of_segment = |segment: &Segment| -> BTreeMap<i32, Vec<f64>> {
        let effects = frames.points(ask.kpi, grain, segment, from..=until);
        let mut all: BTreeMap<i32, Vec<f64>> =
            effects.into_iter().map(|(at, value)| (at, vec![value])).collect();
        for (place, pair) in pairs.iter().enumerate() {
            let lag = periods_of(pair.lag, grain).and_then(|lag| i32::try_from(lag).ok()).unwrap_or(0);
            for (at, value) in frames.points(pair.cause, grain, segment, from - lag..=until - lag) {
                if let Some(row) = all.get_mut(&(at + lag)).filter(|row| row.len() == place + 1) {
                    row.push(value);
                }
            }
        }
        all.retain(|_, row| row.len() == pairs.len() + 1);
        all
    };
    let mut by: BTreeMap<DimensionId, Vec<BTreeMap<i32, Vec<f64>>>> = BTreeMap::new();
    for segment in frames.segments(ask.kpi, ask.period) {
        let [(dimension, _)] = segment.0.as_slice() else { continue };
        let of = by.entry(dimension.clone()).or_default();
        let series = of_segment(&segment);
        if series.len() >= PANEL_PERIODS && of.len() < link::MOST_UNITS {
            of.push(series);
        }
    }
    let widest = by.into_values().rev().max_by_key(Vec::len).unwrap_or_default();
    let row = |(unit, of): (usize, BTreeMap<i32, Vec<f64>>)| {
        of.into_iter().map(move |(period, values)| Row { unit, period, values })
    };
    widest.into_iter().enumerate().flat_map(row).collect()
}

/// A column less what each member always is and what all share in a period.
fn within(rows: &[&Row], column: usize) -> Vec<f64> {
    let mut left: Vec<f64> = rows.iter().filter_map(|row| row.values.get(column).copied()).collect();
    let take_off = |left: &mut Vec<f64>, of: &dyn Fn(&Row) -> i64| {
        let mut sums: BTreeMap<i64, (f64, f64)> = BTreeMap::new();
        for (row, value) in rows.iter().zip(left.iter()) {
            let sum = sums.entry(of(row)).or_default();
            *sum = (sum.0 + value, sum.1 + 1.0);
        }
        let mut most = 0.0_f64;
        for (row, value) in rows.iter().zip(left.iter_mut()) {
            let mean = sums.get(&of(row)).map_or(0.0, |(sum, n)| sum / n);
            *value -= mean;
            most = most.max(mean.abs());
        }
        most
    };
    for _ in 0..200 {
        let by_unit = take_off(&mut left, &|row| row.unit as i64);
        let by_period = take_off(&mut left, &|row| i64::from(row.period));
        let size = left.iter().fold(0.0_f64, |size, value| size.max(value.abs()));
        if by_unit.max(by_period) <= SETTLED * size {
            break;
        }
    }
    left
}

fn shares(rows: &[&Row], drivers: usize) -> Option<Vec<f64>> {
    let columns: Vec<Vec<f64>> = (1..=drivers).map(|column| within(rows, column)).collect();
    relative_importance(&within(rows, 0), &columns, Importance::for_drivers(drivers)).ok()
}

fn answer(ask: &Ask<'_>, frames: &dyn Frames) -> Option<Insight> {
    let all = link::pairs(frames.project());
    let known = frames.segments(ask.kpi, ask.period);
    // Drivers of the same rows in the same period move with it by chance; those without members of the same dimension are no columns.
    let fit = |pair: &&Pair<'_>| {
        let lag = periods_of(pair.lag, ask.period.grain);
        let apart = lag != Some(0) || !pair.cause.reads.iter().any(|entity| ask.kpi.reads.contains(entity));
        let divided =
            frames.segments(pair.cause, ask.period).iter().any(|of| of.0.len() == 1 && known.contains(of));
        apart && lag.is_some() && divided && !pair.cause.overlaps()
    };
    let believed: Vec<&Pair<'_>> = all.iter().filter(|pair| pair.effect.id == ask.kpi.id).collect();
    if believed.len() < 2 || ask.kpi.overlaps() {
        return None;
    }
    let pairs: Vec<&Pair<'_>> = believed.iter().copied().filter(fit).take(MOST).collect();
    let rows = if pairs.len() < 2 { Vec::new() } else { rows(&pairs, ask, frames) };
    let units = rows.iter().map(|row| row.unit).collect::<BTreeSet<_>>().len();
    let checks = vec![
        Check { name: "enough members", holds: units >= UNITS },
        Check { name: "all that is believed to move it is in it", holds: pairs.len() == believed.len() },
    ];
    let whole: Vec<&Row> = rows.iter().collect();
    let Some(found) = Some(&whole).filter(|_| units >= UNITS).and_then(|rows| shares(rows, pairs.len()))
    else {
        let says = vec![Sentence::ImportanceUntold { drivers: believed.len(), have: units, need: UNITS }];
        return Some(Insight {
            verdict: Verdict::Unknown,
            says,
            exhibit: None,
            checks,
            looked_at: believed.len(),
        });
    };
    // What each share would be without each member (Efron 1982, jackknife over members, since their errors hang together in time).
    let without: Option<Vec<Vec<f64>>> = (0..units)
        .map(|gone| shares(&rows.iter().filter(|row| row.unit != gone).collect::<Vec<_>>(), pairs.len()))
        .collect();
    let n = units as f64;
    let z = policy::deviations(pairs.len());
    let told = |(place, (pair, share)): (usize, (&&Pair<'_>, &f64))| {
        let of: Vec<f64> = without.iter().flatten().filter_map(|of| of.get(place).copied()).collect();
        let mean = of.iter().sum::<f64>() / n;
        let squares: f64 = of.iter().map(|x| (x - mean) * (x - mean)).sum();
        let half = z * ((n - 1.0) / n * squares).sqrt();
        (pair.cause.name.clone(), *share, ((share - half).max(0.0), (share + half).min(1.0)))
    };
    let mut told: Vec<_> = pairs.iter().zip(&found).enumerate().map(told).collect();
    told.sort_by(|a, b| b.1.total_cmp(&a.1).then_with(|| a.0.cmp(&b.0)));
    let verdict = match () {
        () if without.is_none() => Verdict::Unknown,
        () if told.iter().any(|(.., (low, _))| *low > 0.0) => Verdict::Yes,
        () if told.iter().all(|(.., (_, high))| *high < WORTH) => Verdict::No,
        () => Verdict::Unknown,
    };
    let row = |(name, share, (low, high)): &(String, f64, (f64, f64))| {
        (name.clone(), [*share, *low, *high].map(Shown::Share).to_vec())
    };
    let exhibit = Exhibit { columns: vec!["share", "from", "to"], rows: told.iter().map(row).collect() };
    let periods = rows.iter().map(|row| row.period).collect::<BTreeSet<_>>().len();
    let rest = 1.0 - found.iter().sum::<f64>();
    let says = vec![Sentence::Importance { shares: told, rest, units, periods }];
    Some(Insight { verdict, says, exhibit: Some(exhibit), checks, looked_at: pairs.len() })
}
