//! Lead and lag between two series, after whitening both with the leader's own filter.
#![expect(clippy::indexing_slicing, reason = "lags are checked to be shorter than the series")]

use super::autoregression::{Order, fit};
use crate::estimate::NotComputable;

/// How a correlation at a lag is scaled.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Scaling {
    /// Pearson's over the overlapping stretch, with its own means.
    #[default]
    Overlap,
    /// Products around the whole means over n, by both whole deviations: always positive definite, shrinks with lag.
    Whole,
}

/// Correlation of `leader[t]` with `follower[t + lag]`, lags 0 to `most`.
pub fn cross_correlation(
    leader: &[f64],
    follower: &[f64],
    most: usize,
    scaling: Scaling,
) -> Result<Vec<f64>, NotComputable> {
    NotComputable::unless_same_length("the two series", leader.len(), follower.len())?;
    NotComputable::unless_finite("the leader", leader)?;
    NotComputable::unless_finite("the follower", follower)?;
    NotComputable::unless_enough(leader.len(), most + 3)?;
    let n = leader.len();
    let mean = |values: &[f64]| values.iter().sum::<f64>() / values.len() as f64;
    let products = |x: &[f64], y: &[f64], mx: f64, my: f64| -> f64 {
        x.iter().zip(y).map(|(x, y)| (x - mx) * (y - my)).sum()
    };
    (0..=most)
        .map(|lag| {
            let (x, y) = (&leader[..n - lag], &follower[lag..]);
            let (cross, xx, yy) = match scaling {
                Scaling::Overlap => {
                    let (mx, my) = (mean(x), mean(y));
                    (products(x, y, mx, my), products(x, x, mx, mx), products(y, y, my, my))
                }
                Scaling::Whole => {
                    let (mx, my) = (mean(leader), mean(follower));
                    (
                        products(x, y, mx, my),
                        products(leader, leader, mx, mx),
                        products(follower, follower, my, my),
                    )
                }
            };
            if xx <= 0.0 || yy <= 0.0 {
                Err(NotComputable::NoVariation)
            } else {
                Ok(cross / (xx * yy).sqrt())
            }
        })
        .collect()
}

/// A whitened lead–lag analysis.
#[derive(Debug, Clone, PartialEq)]
pub struct LeadLag {
    /// Correlation after whitening, by lag from 0.
    pub whitened: Vec<f64>,
    /// Correlation of the series as they are; trends make it large everywhere.
    pub raw: Vec<f64>,
    /// ±1.96/√n for one lag; divide the level by the number of lags when you search.
    pub band: f64,
    /// The filter's coefficients.
    pub filter: Vec<f64>,
}

/// Whitens the leader by an autoregression, passes the follower through the same filter, and correlates.
///
/// What remains at one lag is a lead, not a shared trend. It predicts; it does not prove a cause. Difference
/// series with a unit root first. Errors as [`fit`] and [`cross_correlation`]. Source: Box, Jenkins and Reinsel 1994, § 11.2.
pub fn lead_lag(
    leader: &[f64],
    follower: &[f64],
    most: usize,
    order: Order,
) -> Result<LeadLag, NotComputable> {
    let raw = cross_correlation(leader, follower, most, Scaling::Overlap)?;
    let filter = fit(leader, order)?;
    let mean = follower.iter().sum::<f64>() / follower.len() as f64;
    let (x, y) = (filter.filter(leader, filter.mean), filter.filter(follower, mean));
    let whitened = cross_correlation(&x, &y, most, Scaling::Overlap)?;
    Ok(LeadLag { whitened, raw, band: 1.96 / (x.len() as f64).sqrt(), filter: filter.coefficients })
}
