//! How good forecasts were, and whether one method beats another.
#![expect(
    clippy::indexing_slicing,
    reason = "lags are shorter than the series, and both series equally long"
)]

use super::autoregression::autocovariance;
use crate::distribution::student;
use crate::estimate::NotComputable;

/// Measures of forecast error. Errors are actual minus forecast.
#[derive(Debug, Clone, PartialEq)]
pub struct Accuracy {
    /// Mean error, in the units of the series: positive when forecasts are too low.
    pub mean_error: f64,
    /// Root of the mean squared error, in the units of the series.
    pub root_mean_square: f64,
    /// Mean absolute error, in the units of the series.
    pub mean_absolute: f64,
    /// Mean error in percent of the actual values, unless one of them is zero.
    pub mean_percent: Result<f64, NotComputable>,
    /// Mean absolute error in percent of the actual values, unless one of them is zero.
    pub mean_absolute_percent: Result<f64, NotComputable>,
    /// Mean absolute scaled error: below 1 is better than repeating the last season of the training series was there.
    pub scaled: Result<f64, NotComputable>,
    /// Correlation of successive errors; near 0 when nothing is left to learn from the last one.
    pub autocorrelation: Result<f64, NotComputable>,
    /// Theil's U2: relative error against that of repeating the last value; below 1 is better.
    pub theil: Result<f64, NotComputable>,
}

/// Measures forecasts against what came; `training` is the series before them, `period` its season (1 for none).
///
/// Scaled: `mean|e| / mean|x_t − x_{t−period}|` over the training series (Hyndman and Koehler 2006); the only one to
/// average over KPIs of different units or with zeros. O(n).
///
/// # Errors
/// `NoRows`, `Invalid` for lengths that differ, `NotFinite`; measures that do not exist carry their own reason.
pub fn accuracy(
    actual: &[f64],
    forecast: &[f64],
    training: &[f64],
    period: usize,
) -> Result<Accuracy, NotComputable> {
    NotComputable::unless_same_length("actual values and forecasts", actual.len(), forecast.len())?;
    NotComputable::unless_enough(actual.len(), 1)?;
    for (what, values) in
        [("the actual values", actual), ("the forecasts", forecast), ("the series", training)]
    {
        NotComputable::unless_finite(what, values)?;
    }
    let n = actual.len() as f64;
    let errors: Vec<f64> = actual.iter().zip(forecast).map(|(y, f)| y - f).collect();
    let mean = |of: &dyn Fn(f64) -> f64| errors.iter().map(|e| of(*e)).sum::<f64>() / n;
    let percent = |of: &dyn Fn(f64) -> f64| {
        let shares: f64 = errors.iter().zip(actual).map(|(e, y)| of(100.0 * e / y)).sum();
        if shares.is_finite() { Ok(shares / n) } else { Err(NotComputable::ZeroDenominator) }
    };
    let mean_absolute = mean(&f64::abs);
    let scaled = NotComputable::unless_enough(training.len(), period.max(1) + 1).and_then(|()| {
        let (early, late) = (training.iter(), training.iter().skip(period.max(1)));
        let naive: f64 = late.zip(early).map(|(b, a)| (b - a).abs()).sum();
        let scale = naive / (training.len() - period.max(1)) as f64;
        if scale > 0.0 { Ok(mean_absolute / scale) } else { Err(NotComputable::NoVariation) }
    });
    let (mut moved, mut missed) = (0.0, 0.0);
    for (t, pair) in actual.windows(2).enumerate() {
        moved += ((pair[1] - pair[0]) / pair[0]).powi(2);
        missed += (errors[t + 1] / pair[0]).powi(2);
    }
    let theil = (missed / moved).sqrt();
    Ok(Accuracy {
        mean_error: mean(&|e| e),
        root_mean_square: mean(&|e| e * e).sqrt(),
        mean_absolute,
        mean_percent: percent(&|e| e),
        mean_absolute_percent: percent(&f64::abs),
        scaled,
        autocorrelation: autocovariance(&errors, 1)
            .and_then(|c| if c[0] > 0.0 { Ok(c[1] / c[0]) } else { Err(NotComputable::NoVariation) }),
        theil: if theil.is_finite() { Ok(theil) } else { Err(NotComputable::ZeroDenominator) },
    })
}

/// What an error costs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Loss {
    /// Its square. The default.
    #[default]
    Squared,
    /// Its absolute value.
    Absolute,
}

/// A comparison of two methods on the same periods.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Comparison {
    /// Mean loss of the first method minus that of the second.
    pub difference: f64,
    /// The statistic with its small-sample factor; positive when the second method is better.
    pub statistic: f64,
    /// Two-sided p from Student's distribution with n − 1 degrees of freedom.
    pub p: f64,
}

/// Tests whether two methods forecast equally well, from their errors `horizon` periods ahead in the same periods.
///
/// Diebold and Mariano 1995 with the factor √((n + 1 − 2h + h(h − 1)/n)/n) and Student's distribution of Harvey,
/// Leybourne and Newbold 1997. The variance of the mean difference counts autocovariances up to lag h − 1. Not for
/// nested models fitted on the same data: there the statistic is not normal even for long series. O(n · horizon).
///
/// # Errors
/// `TooFew` below horizon + 4 periods, `Invalid` for horizon 0, lengths that differ, or a variance that the
/// autocovariances make negative (then compare one period ahead), `NoVariation` when the losses never differ.
pub fn compare(
    first: &[f64],
    second: &[f64],
    horizon: usize,
    loss: Loss,
) -> Result<Comparison, NotComputable> {
    NotComputable::unless_same_length("the two rows of errors", first.len(), second.len())?;
    NotComputable::unless_finite("the first errors", first)?;
    NotComputable::unless_finite("the second errors", second)?;
    if horizon == 0 {
        return Err(NotComputable::invalid("a forecast looks at least one period ahead"));
    }
    NotComputable::unless_enough(first.len(), horizon + 4)?;
    let cost = |error: &f64| match loss {
        Loss::Squared => error * error,
        Loss::Absolute => error.abs(),
    };
    let differences: Vec<f64> = first.iter().zip(second).map(|(a, b)| cost(a) - cost(b)).collect();
    let n = differences.len() as f64;
    let difference = differences.iter().sum::<f64>() / n;
    let covariances = autocovariance(&differences, horizon - 1)?;
    let long_run = covariances[0] + 2.0 * covariances[1..].iter().sum::<f64>();
    if covariances[0] <= 0.0 {
        return Err(NotComputable::NoVariation);
    }
    if long_run <= 0.0 {
        return Err(NotComputable::invalid(
            "the autocovariances leave no variance at this horizon; compare one period ahead",
        ));
    }
    let h = horizon as f64;
    let factor = ((n + 1.0 - 2.0 * h + h * (h - 1.0) / n) / n).sqrt();
    let statistic = factor * difference / (long_run / n).sqrt();
    Ok(Comparison { difference, statistic, p: student::two_sided(statistic, n - 1.0) })
}
