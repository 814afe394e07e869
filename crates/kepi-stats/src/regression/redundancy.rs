//! How far indicators repeat each other: variance inflation and clusters of correlated columns.
#![expect(clippy::indexing_slicing, reason = "the correlation matrix has one row per column given")]

use crate::estimate::NotComputable;
use crate::linear::{Cholesky, Matrix};

/// The Pearson correlation matrix of equally long columns, O(n k²).
///
/// # Errors
/// `TooFew` below two rows, `NoVariation` for a constant column, `NotFinite`, `Invalid` for other lengths.
pub fn correlation(columns: &[Vec<f64>]) -> Result<Matrix, NotComputable> {
    let n = columns.first().map_or(0, Vec::len);
    NotComputable::unless_enough(n, 2)?;
    let mut scaled = Vec::with_capacity(columns.len());
    for column in columns {
        NotComputable::unless_same_length("columns", n, column.len())?;
        NotComputable::unless_finite("a column", column)?;
        let mean = column.iter().sum::<f64>() / n as f64;
        let centred: Vec<f64> = column.iter().map(|v| v - mean).collect();
        let length = centred.iter().map(|v| v * v).sum::<f64>().sqrt();
        if length <= 1e-13 * mean.abs() * (n as f64).sqrt() {
            return Err(NotComputable::NoVariation);
        }
        scaled.push(centred.into_iter().map(|v| v / length).collect::<Vec<f64>>());
    }
    let mut r = Matrix::from_columns(&scaled)?.gram(None)?;
    for i in 0..r.rows() {
        r[(i, i)] = 1.0;
    }
    Ok(r)
}

/// Variance inflation factors `1 ⁄ (1 − R²ⱼ)`, the diagonal of the inverse correlation matrix.
///
/// One without redundancy; above 10 a column is mostly explained by the others. Source: Marquardt (1970).
///
/// # Errors
/// As [`correlation`]; `Singular` when a column repeats others exactly.
pub fn variance_inflation(columns: &[Vec<f64>]) -> Result<Vec<f64>, NotComputable> {
    Ok(Cholesky::new(&correlation(columns)?)?.inverse().diagonal())
}

/// One step of an agglomeration.
#[derive(Debug, Clone, PartialEq)]
pub struct Merge {
    /// Columns that now form one cluster, ascending.
    pub members: Vec<usize>,
    /// Mean distance `1 − |ρ|` between the two parts that were joined.
    pub distance: f64,
}

/// Average-linkage clustering of columns by `1 − |ρ|`, from the closest pair to the last; O(k³).
///
/// Ties join the pair with the smallest first members. Source: Sokal and Michener (1958).
///
/// # Errors
/// As [`correlation`].
pub fn average_linkage(columns: &[Vec<f64>]) -> Result<Vec<Merge>, NotComputable> {
    let r = correlation(columns)?;
    let mut clusters: Vec<Vec<usize>> = (0..columns.len()).map(|j| vec![j]).collect();
    let mut merges = Vec::new();
    while clusters.len() > 1 {
        let mut best = (f64::INFINITY, 0, 0);
        for i in 0..clusters.len() {
            for j in i + 1..clusters.len() {
                let mut sum = 0.0;
                for &a in &clusters[i] {
                    for &b in &clusters[j] {
                        sum += 1.0 - r[(a, b)].abs();
                    }
                }
                let distance = sum / (clusters[i].len() * clusters[j].len()) as f64;
                if distance < best.0 {
                    best = (distance, i, j);
                }
            }
        }
        let other = clusters.remove(best.2);
        clusters[best.1].extend(other);
        clusters[best.1].sort_unstable();
        merges.push(Merge { members: clusters[best.1].clone(), distance: best.0 });
    }
    Ok(merges)
}
