//! Raked means from the exact moments of raking cells, without rows.
//!
//! Raking multiplies all rows of a cell by one factor, so cell moments are enough for the point and for the
//! linearised error of independent rows. Cells are taken in the order given, which callers keep canonical.
#![expect(clippy::indexing_slicing, reason = "all vectors have one entry per cell")]

use super::calibration::{Margin, RakingOptions, rake};
use crate::distribution::student;
use crate::estimate::{Estimate, Interval, Level, Method, NotComputable};
use crate::exact::{Wide, scaled};

/// Exact moments of one raking cell; base weights carry one scale, values another.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct CellMoments {
    /// Rows.
    pub n: u64,
    /// Σb.
    pub sum_b: i128,
    /// Σbx.
    pub sum_bx: i128,
    /// Σb².
    pub sum_b2: i128,
    /// Σb²x.
    pub sum_b2x: i128,
    /// Σb²x².
    pub sum_b2x2: i128,
}

/// Raked mean of cells with its linearised interval, and the factor by which each cell's base weights grow.
#[derive(Debug, Clone, PartialEq)]
pub struct RakedMean {
    /// The mean.
    pub estimate: Estimate,
    /// One factor per cell, in the order given.
    pub factors: Vec<f64>,
    /// Passes of raking.
    pub iterations: usize,
}

/// Mean of cells raked to margins; `category` of a margin speaks of cells.
///
/// Equal to raking rows and [`super::design::Survey::mean`] over independent rows, to rounding. Errors as for
/// [`rake`], and `NoRows`.
pub fn mean(
    cells: &[CellMoments],
    weight_scale: u8,
    value_scale: u8,
    margins: &[Margin],
    options: RakingOptions,
    level: Level,
) -> Result<RakedMean, NotComputable> {
    let n: u64 = cells.iter().map(|cell| cell.n).sum();
    if n == 0 {
        return Err(NotComputable::NoRows);
    }
    let (weight_scale, value_scale) = (u32::from(weight_scale), u32::from(value_scale));
    let base: Vec<f64> = cells.iter().map(|cell| scaled(cell.sum_b, weight_scale)).collect();
    let raked = rake(&base, margins, options)?;
    let factors: Vec<f64> =
        raked.weights.iter().zip(&base).map(|(w, b)| if *b > 0.0 { w / b } else { 0.0 }).collect();
    let total: f64 = raked.weights.iter().sum();
    let sums: Vec<f64> = cells.iter().map(|cell| scaled(cell.sum_bx, weight_scale + value_scale)).collect();
    let point = factors.iter().zip(&sums).map(|(factor, sum)| factor * sum).sum::<f64>() / total;
    // The projection of a row's variable depends on cell means only: rows of a cell share their auxiliaries.
    let means: Vec<f64> = sums
        .iter()
        .zip(&base)
        .map(|(sum, b)| if *b > 0.0 { (sum / b - point) / total } else { 0.0 })
        .collect();
    let residual_means = raked.residuals(&means)?;
    let (mut squares, mut sum_z, mut squared_weights) = (0.0, 0.0, 0.0);
    for (index, cell) in cells.iter().enumerate().filter(|(_, cell)| cell.sum_b > 0) {
        // Within the cell e = (x − centre)/W, with the centre that leaves the projected mean.
        let centre = point + (means[index] - residual_means[index]) * total;
        let within = centred_squares(cell, centre, weight_scale, value_scale)?;
        squares += factors[index] * factors[index] * within / (total * total);
        sum_z += factors[index] * base[index] * residual_means[index];
        squared_weights += factors[index] * factors[index] * scaled(cell.sum_b2, 2 * weight_scale);
    }
    let rows = n as f64;
    let variance = rows / (rows - 1.0) * (squares - sum_z * sum_z / rows);
    let interval = if n < 2 {
        Err(NotComputable::TooFew { n, need: 2 })
    } else {
        Ok(Interval::around(point, student::critical(level, rows - 1.0) * variance.max(0.0).sqrt(), level))
    };
    let effective_n = total * total / squared_weights;
    let estimate = Estimate { point, interval, n, effective_n, method: Method::CalibratedSurvey };
    Ok(RakedMean { estimate, factors, iterations: raked.iterations })
}

/// `Σb²(x − c)²`: exact around the integer nearest to `c`, then shifted by the small rest.
fn centred_squares(
    cell: &CellMoments,
    centre: f64,
    weight_scale: u32,
    value_scale: u32,
) -> Result<f64, NotComputable> {
    let unit = libm::pow(10.0, f64::from(value_scale));
    let whole = libm::round(centre * unit);
    let rest = centre * unit - whole;
    if !whole.is_finite() || whole.abs() > 1e18 {
        return Err(NotComputable::OutOfRange { bound: "10^18".to_owned() });
    }
    let middle = Wide::of(whole as i128);
    let (b2, b2x, b2x2) = (Wide::of(cell.sum_b2), Wide::of(cell.sum_b2x), Wide::of(cell.sum_b2x2));
    let one = Wide::of(1);
    let second = b2x2
        .minus(middle.times(b2x)?.times(Wide::of(2))?)?
        .plus(middle.times(middle)?.times(b2)?)?
        .over(one)?;
    let first = b2x.minus(middle.times(b2)?)?.over(one)?;
    let shifted = second - 2.0 * rest * first + rest * rest * b2.over(one)?;
    Ok(shifted * scaled(1, 2 * weight_scale) * scaled(1, 2 * value_scale))
}
