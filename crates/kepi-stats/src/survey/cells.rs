//! Raked means from the exact moments of raking cells, without rows.
//!
//! Raking multiplies all rows of a cell by one factor, so cell moments are enough for the point and for the
//! linearised error of independent rows, and products of cluster sums for that of clusters. Cells are taken in the order given, which callers keep canonical.
#![expect(clippy::indexing_slicing, reason = "all vectors have one entry per cell")]

use super::calibration::{Margin, RakingOptions, rake, trim_counted};
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

impl CellMoments {
    /// Both cells as one; none beyond 128 bits.
    pub fn plus(&self, more: &Self) -> Option<Self> {
        Some(Self {
            n: self.n.checked_add(more.n)?,
            sum_b: self.sum_b.checked_add(more.sum_b)?,
            sum_bx: self.sum_bx.checked_add(more.sum_bx)?,
            sum_b2: self.sum_b2.checked_add(more.sum_b2)?,
            sum_b2x: self.sum_b2x.checked_add(more.sum_b2x)?,
            sum_b2x2: self.sum_b2x2.checked_add(more.sum_b2x2)?,
        })
    }
}

/// Calibrated mean of cells with its linearised interval, and the factor by which each cell's base weights grow.
#[derive(Debug, Clone, PartialEq)]
pub struct RakedMean {
    /// The mean.
    pub estimate: Estimate,
    /// Variance of the mean, or why it is unknown.
    pub variance: Result<f64, NotComputable>,
    /// Degrees of freedom: independent rows or clusters less one.
    pub degrees: f64,
    /// One factor per cell, in the order given, trimming included.
    pub factors: Vec<f64>,
    /// Passes of raking.
    pub iterations: usize,
}

/// Between which limits weights are kept; see [`trim_counted`].
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Trim {
    /// No answer counts for less.
    pub at_least: Option<f64>,
    /// No answer counts for more.
    pub at_most: Option<f64>,
    /// No answer counts for more than so many times the median weight.
    pub times_median: Option<f64>,
}

/// What clusters say of the spread: exact sums over clusters of products of their own sums.
///
/// Position `2j` stands for Σb of cell `j` within a cluster, `2j + 1` for its Σb(x − centre); a product of positions `(p, q)`, `p ≤ q`,
/// is `Σ_clusters s_p · s_q`. The variance of any weighting of cells is a quadratic form of these, so no cluster has to be
/// named or kept. Values are taken from `centre` on, so that large ones do not swamp their spread.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ClusterProducts {
    /// Number of clusters.
    pub clusters: u64,
    /// What was taken from every value, in its stored units.
    pub centre: i128,
    /// Products that are not zero, sorted by position.
    pub products: Vec<(u32, u32, i128)>,
}

/// A sample as cells, and how it stands for its population.
#[derive(Debug, Clone)]
pub struct Sample<'a> {
    /// Cells in canonical order.
    pub cells: &'a [CellMoments],
    /// Whether a cell belongs to what the mean is of; the others shape weights and errors. Empty: all do.
    pub inside: &'a [bool],
    /// Decimals of base weights.
    pub weight_scale: u8,
    /// Decimals of values.
    pub value_scale: u8,
    /// What weights are raked to; `category` of a margin speaks of cells. None: base weights are kept.
    pub margins: &'a [Margin],
    /// Limits of the raked weights.
    pub trim: Trim,
    /// Rows that are not independent of each other.
    pub clusters: Option<&'a ClusterProducts>,
    /// Size of the population, where it is so small that the rows are a good part of it: the variance is `1 − n/N` of that.
    pub population: Option<f64>,
}

/// Mean of cells raked to margins, without domains, clusters or trimming: see [`Sample::mean`].
pub fn mean(
    cells: &[CellMoments],
    weight_scale: u8,
    value_scale: u8,
    margins: &[Margin],
    options: RakingOptions,
    level: Level,
) -> Result<RakedMean, NotComputable> {
    let sample = Sample {
        cells,
        inside: &[],
        weight_scale,
        value_scale,
        margins,
        trim: Trim::default(),
        clusters: None,
        population: None,
    };
    sample.mean(options, level)
}

impl Sample<'_> {
    /// Weighted mean `Σwx/Σw` over the cells inside, with Student's interval on its linearised error.
    ///
    /// With `w = t·f·b` (base weight, raking factor, trimming factor), `W = Σ_inside w` and mean `m`, a row adds
    /// `z = f·b·(t·(x − m)/W·[inside] − p)`, where `p` is the projection of that variable on the margins (Deville and Särndal
    /// 1992); `V = k/(k − 1)·Σ(z − z̄)²` over `k` rows or clusters. Equal to raking rows and
    /// [`Survey::mean`](super::design::Survey::mean) or `domain_mean`, to rounding. The effective number is Kish's over the rows
    /// inside; with clusters the lesser of it and `s²/V`.
    ///
    /// Errors as for [`rake`]; `NoRows` where nothing is inside; `OutOfRange`.
    pub fn mean(&self, options: RakingOptions, level: Level) -> Result<RakedMean, NotComputable> {
        let cells = self.cells;
        let is_inside = |cell: usize| self.inside.is_empty() || self.inside.get(cell) == Some(&true);
        let all: u64 = cells.iter().map(|cell| cell.n).sum();
        let n: u64 = cells.iter().enumerate().filter(|(j, _)| is_inside(*j)).map(|(_, cell)| cell.n).sum();
        if n == 0 {
            return Err(NotComputable::NoRows);
        }
        let (weight_scale, value_scale) = (u32::from(self.weight_scale), u32::from(self.value_scale));
        let base: Vec<f64> = cells.iter().map(|cell| scaled(cell.sum_b, weight_scale)).collect();
        let raked = if self.margins.is_empty() { None } else { Some(rake(&base, self.margins, options)?) };
        let factor_of = |(w, b): (&f64, &f64)| if *b > 0.0 { w / b } else { 0.0 };
        let raking: Vec<f64> = match &raked {
            None => vec![1.0; cells.len()],
            Some(raked) => raked.weights.iter().zip(&base).map(factor_of).collect(),
        };
        let trimming = self.trimming(&raking)?;
        let factors: Vec<f64> = raking.iter().zip(&trimming).map(|(f, t)| f * t).collect();
        let inside = |cell: usize| if is_inside(cell) { 1.0 } else { 0.0 };
        let sums: Vec<f64> =
            cells.iter().map(|cell| scaled(cell.sum_bx, weight_scale + value_scale)).collect();
        let sum_inside = |of: &dyn Fn(usize) -> f64| (0..cells.len()).map(|j| inside(j) * of(j)).sum::<f64>();
        let total = sum_inside(&|j| factors[j] * base[j]);
        if total <= 0.0 {
            return Err(NotComputable::ZeroDenominator);
        }
        let point = sum_inside(&|j| factors[j] * sums[j]) / total;
        // The projection of a row's variable depends on cell means only: rows of a cell share their auxiliaries.
        let means: Vec<f64> = (0..cells.len())
            .map(|j| {
                if base[j] > 0.0 {
                    trimming[j] * inside(j) * (sums[j] / base[j] - point) / total
                } else {
                    0.0
                }
            })
            .collect();
        let residuals = match &raked {
            None => means.clone(),
            Some(raked) => raked.residuals(&means)?,
        };
        let projected: Vec<f64> = means.iter().zip(&residuals).map(|(mean, rest)| mean - rest).collect();
        let weighted = self.weighted_squares(&factors, &inside)?;
        let mut sum_z = 0.0;
        for j in 0..cells.len() {
            sum_z += raking[j] * base[j] * residuals[j];
        }
        let slopes: Vec<f64> =
            (0..cells.len()).map(|j| raking[j] * trimming[j] * inside(j) / total).collect();
        let levels: Vec<f64> =
            (0..cells.len()).map(|j| slopes[j] * point + raking[j] * projected[j]).collect();
        let of = |squares: f64, k: f64| (k / (k - 1.0) * (squares - sum_z * sum_z / k)).max(0.0);
        let rows = all as f64;
        let by_rows = of(self.row_squares(&slopes, &levels)?, rows);
        let independent = self.clusters.map_or(rows, |clusters| clusters.clusters as f64);
        let by_clusters = match self.clusters {
            None => by_rows,
            Some(clusters) => of(self.cluster_squares(clusters, &slopes, &levels), independent),
        };
        let finite = match self.population {
            None => 1.0,
            Some(population) if population < all as f64 => {
                return Err(NotComputable::invalid("there are more answers than the population has members"));
            }
            Some(population) => 1.0 - all as f64 / population,
        };
        let variance = if independent < 2.0 {
            Err(NotComputable::TooFew { n: independent as u64, need: 2 })
        } else {
            Ok(finite * by_clusters)
        };
        let degrees = independent - 1.0;
        let interval = match &variance {
            // Of answers that are all the same the spread is unseen, not none.
            Ok(_) if self.are_all_alike(&inside, point, n)? => Err(NotComputable::NoVariation),
            Ok(variance) => {
                Ok(Interval::around(point, student::critical(level, degrees) * variance.sqrt(), level))
            }
            Err(reason) => Err(reason.clone()),
        };
        // Rows of a cluster that answer alike are worth fewer.
        let alike = if by_clusters > by_rows { by_rows / by_clusters } else { 1.0 };
        let effective_n = total * total / weighted * alike;
        let method = if raked.is_some() { Method::CalibratedSurvey } else { Method::LinearisedSurvey };
        let estimate = Estimate { point, interval, n, effective_n, method };
        let iterations = raked.map_or(0, |raked| raked.iterations);
        Ok(RakedMean { estimate, variance, degrees, factors, iterations })
    }

    /// Whether no row inside is another than the mean: by less than one row that differs in the last decimal would be.
    fn are_all_alike(
        &self,
        inside: &dyn Fn(usize) -> f64,
        point: f64,
        n: u64,
    ) -> Result<bool, NotComputable> {
        let (weight_scale, value_scale) = (u32::from(self.weight_scale), u32::from(self.value_scale));
        let (mut apart, mut squares) = (0.0, 0.0);
        for (j, cell) in self.cells.iter().enumerate().filter(|(_, cell)| cell.sum_b > 0) {
            apart += inside(j) * centred_squares(cell, point, weight_scale, value_scale)?;
            squares += inside(j) * scaled(cell.sum_b2, 2 * weight_scale);
        }
        let least = scaled(1, value_scale) / (2.0 * n as f64);
        Ok(apart < squares * least * least)
    }

    /// By what the raked weight of each cell is multiplied to lie within the limits.
    fn trimming(&self, raking: &[f64]) -> Result<Vec<f64>, NotComputable> {
        if self.trim == Trim::default() {
            return Ok(vec![1.0; raking.len()]);
        }
        let counted: Vec<(f64, u64)> = raking.iter().zip(self.cells).map(|(w, cell)| (*w, cell.n)).collect();
        let limit = self.trim.times_median.map(|times| times * median(&counted));
        let high = [self.trim.at_most, limit].into_iter().flatten().fold(f64::INFINITY, f64::min);
        let low = self.trim.at_least.unwrap_or(0.0);
        let trimmed = trim_counted(&counted, low, high)?;
        Ok(trimmed
            .iter()
            .zip(raking)
            .map(|(after, before)| if *before > 0.0 { after / before } else { 1.0 })
            .collect())
    }

    /// Σw² over the cells inside.
    fn weighted_squares(&self, factors: &[f64], inside: &dyn Fn(usize) -> f64) -> Result<f64, NotComputable> {
        let weight_scale = u32::from(self.weight_scale);
        let cells = self.cells.iter().enumerate();
        Ok(cells
            .map(|(j, cell)| inside(j) * factors[j] * factors[j] * scaled(cell.sum_b2, 2 * weight_scale))
            .sum())
    }

    /// `Σ (slope·b·x − level·b)²` over rows.
    fn row_squares(&self, slopes: &[f64], levels: &[f64]) -> Result<f64, NotComputable> {
        let (weight_scale, value_scale) = (u32::from(self.weight_scale), u32::from(self.value_scale));
        let mut squares = 0.0;
        for (j, cell) in self.cells.iter().enumerate().filter(|(_, cell)| cell.sum_b > 0) {
            squares += if slopes[j] > 0.0 {
                let within = centred_squares(cell, levels[j] / slopes[j], weight_scale, value_scale)?;
                slopes[j] * slopes[j] * within
            } else {
                levels[j] * levels[j] * scaled(cell.sum_b2, 2 * weight_scale)
            };
        }
        Ok(squares)
    }

    /// `Σ (Σ_j slope_j·s_j − level_j·b_j)²` over clusters.
    fn cluster_squares(&self, clusters: &ClusterProducts, slopes: &[f64], levels: &[f64]) -> f64 {
        let (weight_scale, value_scale) = (u32::from(self.weight_scale), u32::from(self.value_scale));
        let centre = scaled(clusters.centre, value_scale);
        let factor = |position: u32| {
            let cell = (position / 2) as usize;
            let (slope, level) = (slopes[cell], levels[cell]);
            match position % 2 {
                0 => (slope * centre - level) * scaled(1, weight_scale),
                _ => slope * scaled(1, weight_scale + value_scale),
            }
        };
        let products = clusters.products.iter().filter(|(_, q, _)| (*q as usize) < 2 * slopes.len());
        products
            .map(|(p, q, product)| {
                let once = factor(*p) * factor(*q) * *product as f64;
                if p == q { once } else { 2.0 * once }
            })
            .sum()
    }
}

/// The middle weight of rows, of each weight so many.
fn median(counted: &[(f64, u64)]) -> f64 {
    let mut sorted: Vec<(f64, u64)> = counted.iter().copied().filter(|(_, n)| *n > 0).collect();
    sorted.sort_by(|a, b| a.0.total_cmp(&b.0));
    let all: u64 = sorted.iter().map(|(_, n)| n).sum();
    let at = |place: u64| {
        let mut before = 0;
        let found = sorted.iter().find(|(_, n)| {
            before += n;
            before > place
        });
        found.map_or(0.0, |(weight, _)| *weight)
    };
    if all % 2 == 1 { at(all / 2) } else { 0.5 * (at((all / 2).saturating_sub(1)) + at(all / 2)) }
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
