//! Seasonal and trend decomposition by loess (STL), on the crate `stlrs`.

use crate::estimate::NotComputable;

/// Options of STL. Defaults are those of statsmodels and of Cleveland et al. for a seasonal window of 7.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct StlOptions {
    /// Whether the season may change from year to year. The window and degree below are for one that may.
    pub shape: SeasonShape,
    /// Seasonal window in periods, odd and at least 7: larger means a steadier season.
    pub seasonal_window: usize,
    /// Degree of the local seasonal fit, 0 or 1. R uses 0, statsmodels 1.
    pub seasonal_degree: SeasonalDegree,
    /// Whether outliers are down-weighted (15 outer rounds), or not (none).
    pub outliers: StlOutliers,
}

/// Whether the season changes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum SeasonShape {
    /// Slowly, from year to year.
    #[default]
    Evolving,
    /// Not at all: one mean per place in the season, as R's `s.window = "periodic"`. For short series.
    Fixed,
}

/// Degree of the local fit of the season.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum SeasonalDegree {
    /// Constant, as R.
    Constant,
    /// Linear, as statsmodels.
    #[default]
    Linear,
}

/// Treatment of outliers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum StlOutliers {
    /// All values count alike; five inner rounds.
    #[default]
    Trusted,
    /// Bisquare weights, fifteen outer rounds of two inner ones.
    DownWeighted,
}

impl Default for StlOptions {
    fn default() -> Self {
        Self {
            shape: SeasonShape::default(),
            seasonal_window: 7,
            seasonal_degree: SeasonalDegree::default(),
            outliers: StlOutliers::default(),
        }
    }
}

/// `series = seasonal + trend + remainder`.
#[derive(Debug, Clone, PartialEq)]
pub struct Decomposition {
    /// Season.
    pub seasonal: Vec<f64>,
    /// Trend.
    pub trend: Vec<f64>,
    /// What is left.
    pub remainder: Vec<f64>,
    /// Weight of each value, 1 without outlier treatment.
    pub weights: Vec<f64>,
}

impl Decomposition {
    /// Strength of the season, `max(0, 1 − var(remainder)/var(remainder + seasonal))`. Source: Wang, Smith, Hyndman 2006.
    pub fn seasonal_strength(&self) -> f64 {
        strength(&self.remainder, &self.seasonal)
    }

    /// Strength of the trend, the same with the trend.
    pub fn trend_strength(&self) -> f64 {
        strength(&self.remainder, &self.trend)
    }
}

/// Decomposes a series by STL with loess evaluated at every point, for a fixed season at every tenth of its window.
///
/// Errors: `TooFew` below two periods, `Invalid` for the window, `NotFinite`. O(n · window · rounds).
/// Source: Cleveland, Cleveland, McRae and Terpenning 1990.
pub fn stl(series: &[f64], period: usize, options: StlOptions) -> Result<Decomposition, NotComputable> {
    NotComputable::unless_finite("the series", series)?;
    if period < 2 || options.seasonal_window < 7 || options.seasonal_window.is_multiple_of(2) {
        return Err(NotComputable::invalid(
            "a season has at least two periods and an odd window of at least 7",
        ));
    }
    NotComputable::unless_enough(series.len(), 2 * period)?;
    let robust = options.outliers == StlOutliers::DownWeighted;
    let mut params = stlrs::params();
    params.trend_degree(1).low_pass_degree(1).outer_loops(if robust { 15 } else { 0 });
    match options.shape {
        SeasonShape::Fixed => {
            params.seasonal_length(10 * series.len() + 1).seasonal_degree(0).inner_loops(2);
        }
        SeasonShape::Evolving => {
            let degree = i32::from(options.seasonal_degree == SeasonalDegree::Linear);
            params.seasonal_length(options.seasonal_window).seasonal_degree(degree);
            params.seasonal_jump(1).trend_jump(1).low_pass_jump(1).inner_loops(if robust { 2 } else { 5 });
        }
    }
    let fitted = params.fit(series, period).map_err(|error| NotComputable::Invalid(error.to_string()))?;
    let (mut seasonal, trend, mut remainder, weights) = fitted.into_parts();
    if options.shape == SeasonShape::Fixed {
        let places: Vec<f64> = (0..period)
            .map(|place| {
                let (sum, count) = seasonal
                    .iter()
                    .skip(place)
                    .step_by(period)
                    .fold((0.0, 0.0), |(s, n), x| (s + x, n + 1.0));
                sum / count
            })
            .collect();
        seasonal = places.into_iter().cycle().take(series.len()).collect();
        remainder = series.iter().zip(&seasonal).zip(&trend).map(|((y, s), t)| y - s - t).collect();
    }
    let weights = if robust { weights } else { vec![1.0; series.len()] };
    Ok(Decomposition { seasonal, trend, remainder, weights })
}

fn strength(remainder: &[f64], part: &[f64]) -> f64 {
    let variance = |values: &[f64]| {
        let n = values.len() as f64;
        let mean = values.iter().sum::<f64>() / n;
        values.iter().map(|value| (value - mean).powi(2)).sum::<f64>() / (n - 1.0)
    };
    let both: Vec<f64> = remainder.iter().zip(part).map(|(r, p)| r + p).collect();
    (1.0 - variance(remainder) / variance(&both)).max(0.0)
}
