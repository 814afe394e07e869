//! Ordinary least squares by QR.

use crate::distribution::{normal, student};
use crate::estimate::{Estimate, Interval, Level, Method, NotComputable};
use crate::linear::{Matrix, Qr, dot};

/// What the coefficient of determination is measured against.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum TotalSquares {
    /// Deviations from the mean: the design has an intercept. The default.
    #[default]
    Centred,
    /// The values themselves: the design has no intercept.
    Raw,
}

/// The reference distribution of a coefficient.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub enum Reference {
    /// Student with the residual degrees of freedom. The default.
    #[default]
    StudentResidual,
    /// Student with other degrees of freedom, such as clusters less one.
    Student(f64),
    /// Normal.
    Normal,
}

/// A least-squares fit `y = X b + e`.
#[derive(Debug, Clone)]
pub struct LeastSquares {
    /// The design that was fitted, n × k.
    pub design: Matrix,
    /// The k coefficients, in units of `y` per unit of the column.
    pub coefficients: Vec<f64>,
    /// `y − X b`.
    pub residuals: Vec<f64>,
    /// `(XᵀX)⁻¹`.
    pub inverse_gram: Matrix,
    /// Residual sum of squares.
    pub residual_squares: f64,
    /// `n − k`.
    pub degrees_of_freedom: f64,
    /// Residual variance `residual_squares ⁄ (n − k)`.
    pub variance: f64,
    /// Share of the total squares explained; `NoVariation` where the response does not vary and nothing is to explain.
    pub r_squared: Result<f64, NotComputable>,
    /// Diagonal of the hat matrix.
    pub leverages: Vec<f64>,
}

impl LeastSquares {
    /// Fits by Householder QR, O(n k²).
    ///
    /// Source: Golub and Van Loan (2013), section 5.3; checked against NIST StRD Longley.
    ///
    /// # Errors
    /// `TooFew` unless n > k; `Singular` naming the dependent column; `NotFinite`; `Invalid` for shapes.
    pub fn fit(y: &[f64], design: Matrix, total: TotalSquares) -> Result<Self, NotComputable> {
        NotComputable::unless_finite("the response", y)?;
        NotComputable::unless_same_length("response and design", y.len(), design.rows())?;
        let (n, k) = (design.rows(), design.columns());
        NotComputable::unless_enough(n, k + 1)?;
        let qr = Qr::new(&design)?;
        let coefficients = qr.solve(y)?;
        let fitted = design.multiply_vector(&coefficients)?;
        let residuals: Vec<f64> = y.iter().zip(&fitted).map(|(a, b)| a - b).collect();
        let residual_squares = dot(&residuals, &residuals);
        let degrees_of_freedom = (n - k) as f64;
        let centre = match total {
            TotalSquares::Centred => y.iter().sum::<f64>() / n as f64,
            TotalSquares::Raw => 0.0,
        };
        let total_squares: f64 = y.iter().map(|v| (v - centre) * (v - centre)).sum();
        NotComputable::unless_finite("the squares of the response", &[total_squares, residual_squares])?;
        let r_squared = if total_squares > 0.0 {
            Ok(1.0 - residual_squares / total_squares)
        } else {
            Err(NotComputable::NoVariation)
        };
        let leverages = qr.leverages(&design)?;
        let inverse_gram = qr.inverse_gram();
        for j in 0..k {
            NotComputable::unless_finite("the inverse of the squares of the design", inverse_gram.column(j))?;
        }
        Ok(Self {
            inverse_gram,
            variance: residual_squares / degrees_of_freedom,
            design,
            coefficients,
            residuals,
            residual_squares,
            degrees_of_freedom,
            r_squared,
            leverages,
        })
    }

    /// Rows fitted.
    #[must_use]
    pub fn n(&self) -> usize {
        self.residuals.len()
    }

    /// The classical covariance `σ̂² (XᵀX)⁻¹`.
    #[must_use]
    pub fn classical_covariance(&self) -> Matrix {
        self.inverse_gram.scaled(self.variance)
    }

    /// Each coefficient with its interval under the given covariance.
    #[must_use]
    pub fn estimates(&self, covariance: &Matrix, reference: Reference, level: Level) -> Vec<Estimate> {
        let critical = match reference {
            Reference::StudentResidual => student::critical(level, self.degrees_of_freedom),
            Reference::Student(degrees) => student::critical(level, degrees),
            Reference::Normal => level.z(),
        };
        let n = self.n() as u64;
        self.coefficients
            .iter()
            .zip(covariance.diagonal())
            .map(|(&point, variance)| Estimate {
                point,
                interval: if variance >= 0.0 {
                    Ok(Interval::around(point, critical * variance.sqrt(), level))
                } else {
                    Err(NotComputable::invalid("the covariance has a negative variance"))
                },
                n,
                effective_n: n as f64,
                method: Method::LeastSquares,
            })
            .collect()
    }

    /// Two-sided p-values of the hypothesis that a coefficient is zero.
    #[must_use]
    pub fn p_values(&self, covariance: &Matrix, reference: Reference) -> Vec<f64> {
        self.coefficients
            .iter()
            .zip(covariance.diagonal())
            .map(|(b, variance)| {
                let t = b / variance.sqrt();
                match reference {
                    Reference::StudentResidual => student::two_sided(t, self.degrees_of_freedom),
                    Reference::Student(degrees) => student::two_sided(t, degrees),
                    Reference::Normal => normal::two_sided(t),
                }
            })
            .collect()
    }

    /// Durbin and Watson's statistic of residuals in time order: 2 without first-order correlation.
    ///
    /// Source: Durbin and Watson (1950).
    #[must_use]
    pub fn durbin_watson(&self) -> f64 {
        let change: f64 =
            self.residuals.iter().zip(self.residuals.iter().skip(1)).map(|(a, b)| (b - a) * (b - a)).sum();
        change / self.residual_squares
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_a_response_that_does_not_vary_nothing_is_explained_and_nothing_is_claimed() {
        let design = Matrix::from_rows(&[vec![1.0, 1.0], vec![1.0, 2.0], vec![1.0, 4.0]]).unwrap();
        let fit = LeastSquares::fit(&[3.0; 3], design, TotalSquares::Centred).unwrap();
        assert_eq!(fit.r_squared, Err(NotComputable::NoVariation));
        assert!((fit.coefficients[0] - 3.0).abs() < 1e-12 && fit.coefficients[1].abs() < 1e-12);
    }
}
