//! Where searches start: smoothing by rule of thumb, states by classical decomposition.
#![expect(
    clippy::indexing_slicing,
    reason = "windows lie inside the series, which holds at least two seasons"
)]

use super::{Model, Season, Smoothing, Trend};
use crate::estimate::NotComputable;
use crate::linear::{Matrix, Qr};

/// Smoothing to start from: a little of every bound, as in R's `forecast`.
pub(super) fn smoothing(model: Model) -> Smoothing {
    let (low, high) = (1e-4, 0.9999);
    let alpha = low + 0.2 * (high - low) / model.period as f64;
    Smoothing {
        alpha,
        beta: low + 0.1 * (alpha - low),
        gamma: low + 0.05 * ((1.0 - alpha).min(high) - low),
        phi: 0.8 + 0.99 * (0.98 - 0.8),
    }
}

/// Mean departure from a centred moving average for every place in the season, centred on zero or one; and the
/// moving average itself.
pub(super) fn classical(series: &[f64], period: usize, season: Season) -> (Vec<f64>, Vec<f64>) {
    let half = period / 2;
    let multiplicative = season == Season::Multiplicative;
    let mut sums = vec![(0.0, 0.0); period];
    let mut trend = Vec::new();
    for t in half..series.len().saturating_sub(half) {
        let window = &series[t - half..=t + half];
        let mut total: f64 = window.iter().sum();
        if period.is_multiple_of(2) {
            total -= 0.5 * (window[0] + window[window.len() - 1]);
        }
        let middle = total / period as f64;
        trend.push(middle);
        sums[t % period].0 += if multiplicative { series[t] / middle } else { series[t] - middle };
        sums[t % period].1 += 1.0;
    }
    let indices: Vec<f64> = sums.iter().map(|(sum, count)| sum / count).collect();
    let mean = indices.iter().sum::<f64>() / period as f64;
    let indices = indices.iter().map(|x| if multiplicative { x / mean } else { x - mean }).collect();
    (indices, trend)
}

/// Intercept and slope against 1, 2, 3 ….
pub(super) fn line(values: &[f64]) -> (f64, f64) {
    let n = values.len() as f64;
    let centre = 0.5 * (n + 1.0);
    let mean = values.iter().sum::<f64>() / n;
    let cross: f64 = values.iter().enumerate().map(|(t, y)| (t as f64 + 1.0 - centre) * (y - mean)).sum();
    let slope = cross / (n * (n * n - 1.0) / 12.0);
    (mean - slope * centre, slope)
}

/// Seasonal indices of two seasons and a bit: departures of the first one from a line fitted together with one wave.
fn from_wave(series: &[f64], model: Model) -> Result<Vec<f64>, NotComputable> {
    let angle = |t: usize| 2.0 * std::f64::consts::PI * (t as f64 + 1.0) / model.period as f64;
    let rows: Vec<[f64; 4]> =
        (0..series.len()).map(|t| [1.0, t as f64 + 1.0, libm::sin(angle(t)), libm::cos(angle(t))]).collect();
    // Of a season of two periods a sine is always zero.
    let columns = if model.period == 2 { 2 } else { 4 };
    let rows: Vec<&[f64]> = rows.iter().map(|row| &row[..columns]).collect();
    let fitted = Qr::new(&Matrix::from_rows(&rows)?)?.solve(series)?;
    let multiplicative = model.season == Season::Multiplicative;
    let indices: Vec<f64> = (0..model.period)
        .map(|t| {
            let trend = fitted[0] + fitted[1] * (t as f64 + 1.0);
            if multiplicative { (series[t] / trend).max(0.01) } else { series[t] - trend }
        })
        .collect();
    let mean = indices.iter().sum::<f64>() / model.period as f64;
    Ok(indices.iter().map(|x| if multiplicative { x / mean } else { x - mean }).collect())
}

/// The numbers of an initial state: level, slope, seasonal states from the last of the first season to the second.
///
/// Hyndman, Koehler, Ord and Snyder 2008, section 2.6.1: seasonal indices by decomposition (with less than three
/// seasons by a line and a wave), then mean or line through the first two seasons, at least ten values, without them.
pub(super) fn state(series: &[f64], model: Model) -> Result<Vec<f64>, NotComputable> {
    let m = model.period;
    let season = match model.season {
        Season::None => vec![0.0],
        _ if series.len() < 3 * m => from_wave(series, model)?,
        kind => classical(series, m, kind).0,
    };
    let first = series.len().min(10.max(2 * m));
    let plain: Vec<f64> = (0..first)
        .map(|t| match model.season {
            Season::Multiplicative => series[t] / season[t % m].max(0.01),
            _ => series[t] - season[t % m],
        })
        .collect();
    let mut numbers = match model.trend {
        Trend::None => vec![plain.iter().sum::<f64>() / first as f64],
        Trend::Additive | Trend::Damped => {
            let (level, slope) = line(&plain);
            vec![level, slope]
        }
    };
    numbers.extend(season[1..].iter().rev());
    Ok(numbers)
}
