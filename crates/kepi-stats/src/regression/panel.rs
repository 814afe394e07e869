//! Panels: fixed effects by the within transformation.

use std::collections::{BTreeMap, BTreeSet};

use super::least_squares::{LeastSquares, TotalSquares};
use crate::estimate::NotComputable;
use crate::linear::Matrix;

/// A fixed-effects fit: differences between units drop out, only changes within a unit inform the coefficients.
#[derive(Debug, Clone)]
pub struct PanelFit {
    /// The regression of the demeaned values; its degrees of freedom and variance count the unit means.
    pub within: LeastSquares,
    /// Each unit's effect, `ȳ − x̄ b`, by unit in ascending order.
    pub effects: Vec<(usize, f64)>,
}

/// What a clustered covariance of a panel is multiplied by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum PanelCorrection {
    /// `G ⁄ (G − 1) · (n − 1) ⁄ (n − k)`, k slopes: unit means are nested in the clusters. The default.
    #[default]
    Clusters,
    /// `n ⁄ (n − k)`, "HC1" of R `plm`.
    Rows,
    /// None: Arellano (1987) as published.
    None,
}

impl PanelFit {
    /// Fits `y = a_unit + X b` by least squares on deviations from unit means, O(n k²).
    ///
    /// `columns` holds the regressors without an intercept. Source: Wooldridge, *Econometric
    /// Analysis of Cross Section and Panel Data* (2nd ed., 2010), section 10.5.
    ///
    /// # Errors
    /// `Singular` for a regressor that does not change within units; `TooFew`, `NotFinite`, `Invalid`.
    pub fn fixed_effects(y: &[f64], columns: &[Vec<f64>], units: &[usize]) -> Result<Self, NotComputable> {
        NotComputable::unless_same_length("response and units", y.len(), units.len())?;
        NotComputable::unless_finite("the response", y)?;
        let demeaned_y = demean(y, units);
        let mut demeaned = Vec::with_capacity(columns.len());
        for (j, column) in columns.iter().enumerate() {
            NotComputable::unless_same_length("column and units", column.len(), units.len())?;
            NotComputable::unless_finite("a regressor", column)?;
            let within = demean(column, units);
            // Rounding leaves crumbs of a constant column; they must not pass for variation.
            let size = column.iter().fold(0.0_f64, |m, v| m.max(v.abs()));
            if within.iter().all(|v| v.abs() <= 1e-12 * size) {
                return Err(NotComputable::Singular {
                    what: format!("column {j}, constant within every unit"),
                });
            }
            demeaned.push(within);
        }
        let mut within = LeastSquares::fit(&demeaned_y, Matrix::from_columns(&demeaned)?, TotalSquares::Raw)?;
        let means = unit_means(y, units);
        let n_units = means.len();
        NotComputable::unless_enough(y.len(), n_units + columns.len() + 1)?;
        within.degrees_of_freedom = (y.len() - n_units - columns.len()) as f64;
        within.variance = within.residual_squares / within.degrees_of_freedom;
        let column_means: Vec<BTreeMap<usize, f64>> = columns.iter().map(|c| unit_means(c, units)).collect();
        let effects = means
            .into_iter()
            .map(|(unit, mean)| {
                let explained: f64 = column_means
                    .iter()
                    .zip(&within.coefficients)
                    .map(|(m, b)| m.get(&unit).copied().unwrap_or(0.0) * b)
                    .sum();
                (unit, mean - explained)
            })
            .collect();
        Ok(Self { within, effects })
    }

    /// Fits `y = a_unit + c_period + X b`: what all units share in a period drops out as well, such as a season or a common
    /// shock. Slopes of `columns` come first, then those of all periods but the first. O(n (k + periods)²).
    ///
    /// Source: Baltagi, *Econometric Analysis of Panel Data* (3rd ed., 2005), section 3.2.
    ///
    /// # Errors
    /// As [`fixed_effects`](Self::fixed_effects); `Singular` as well for a regressor that does not differ between units.
    pub fn two_way(
        y: &[f64],
        columns: &[Vec<f64>],
        units: &[usize],
        periods: &[usize],
    ) -> Result<Self, NotComputable> {
        NotComputable::unless_same_length("response and periods", y.len(), periods.len())?;
        let known: BTreeSet<usize> = periods.iter().copied().collect();
        let dummy = |of: usize| periods.iter().map(|p| if *p == of { 1.0 } else { 0.0 }).collect();
        let all: Vec<Vec<f64>> =
            columns.iter().cloned().chain(known.into_iter().skip(1).map(dummy)).collect();
        Self::fixed_effects(y, &all, units)
    }

    /// Arellano's covariance, clustered by unit.
    ///
    /// Source: Arellano (1987).
    ///
    /// # Errors
    /// `TooFew` with fewer than two units.
    pub fn arellano(&self, units: &[usize], correction: PanelCorrection) -> Result<Matrix, NotComputable> {
        let n = units.len() as f64;
        let k = self.within.coefficients.len() as f64;
        let groups = self.effects.len() as f64;
        let mut plain = self.within.clone();
        plain.degrees_of_freedom = n - k;
        let clusters = super::covariance::clustered(&plain, units)?;
        let undo = (groups - 1.0) / groups * (n - k) / (n - 1.0);
        Ok(match correction {
            PanelCorrection::Clusters => clusters,
            PanelCorrection::Rows => clusters.scaled(undo * n / (n - k)),
            PanelCorrection::None => clusters.scaled(undo),
        })
    }
}

fn unit_means(values: &[f64], units: &[usize]) -> BTreeMap<usize, f64> {
    let mut sums: BTreeMap<usize, (f64, f64)> = BTreeMap::new();
    for (value, unit) in values.iter().zip(units) {
        let entry = sums.entry(*unit).or_insert((0.0, 0.0));
        entry.0 += value;
        entry.1 += 1.0;
    }
    sums.into_iter().map(|(unit, (sum, n))| (unit, sum / n)).collect()
}

fn demean(values: &[f64], units: &[usize]) -> Vec<f64> {
    let means = unit_means(values, units);
    values.iter().zip(units).map(|(v, u)| v - means.get(u).copied().unwrap_or(0.0)).collect()
}
