//! The dense column-major matrix.
#![expect(
    clippy::indexing_slicing,
    reason = "indices are bounded by the dimensions the constructors checked"
)]

use std::ops::Range;

use super::LinearError;

/// Rows that are worked on together, so that their columns stay in the cache.
pub(crate) const BLOCK: usize = 512;

/// A dense matrix of finite numbers, stored column by column.
///
/// `Index` takes `(row, column)`, both from zero.
#[derive(Debug, Clone, PartialEq)]
pub struct Matrix {
    rows: usize,
    columns: usize,
    values: Vec<f64>,
}

impl Matrix {
    /// A matrix of zeros.
    #[must_use]
    pub fn zeros(rows: usize, columns: usize) -> Self {
        Self { rows, columns, values: vec![0.0; rows * columns] }
    }

    /// The identity of order `n`.
    #[must_use]
    pub fn identity(n: usize) -> Self {
        let mut m = Self::zeros(n, n);
        for i in 0..n {
            m[(i, i)] = 1.0;
        }
        m
    }

    /// Builds a matrix from its values in column order.
    ///
    /// # Errors
    /// `Shape` when the number of values is not `rows × columns`; `NotFinite`.
    pub fn from_column_major(rows: usize, columns: usize, values: Vec<f64>) -> Result<Self, LinearError> {
        if values.len() != rows * columns {
            return Err(LinearError::Shape { left: rows * columns, right: values.len() });
        }
        if values.iter().any(|v| !v.is_finite()) {
            return Err(LinearError::NotFinite);
        }
        Ok(Self { rows, columns, values })
    }

    /// Builds a matrix from columns of equal length.
    ///
    /// # Errors
    /// `Shape` when the lengths differ; `NotFinite`.
    pub fn from_columns<C: AsRef<[f64]>>(columns: &[C]) -> Result<Self, LinearError> {
        let rows = columns.first().map_or(0, |c| c.as_ref().len());
        let mut values = Vec::with_capacity(rows * columns.len());
        for column in columns {
            let column = column.as_ref();
            if column.len() != rows {
                return Err(LinearError::Shape { left: rows, right: column.len() });
            }
            values.extend_from_slice(column);
        }
        Self::from_column_major(rows, columns.len(), values)
    }

    /// Builds a matrix from rows of equal length.
    ///
    /// # Errors
    /// `Shape` when the lengths differ; `NotFinite`.
    pub fn from_rows<R: AsRef<[f64]>>(rows: &[R]) -> Result<Self, LinearError> {
        let columns = rows.first().map_or(0, |r| r.as_ref().len());
        let mut m = Self::zeros(rows.len(), columns);
        for (i, row) in rows.iter().enumerate() {
            let row = row.as_ref();
            if row.len() != columns {
                return Err(LinearError::Shape { left: columns, right: row.len() });
            }
            for (j, &value) in row.iter().enumerate() {
                if !value.is_finite() {
                    return Err(LinearError::NotFinite);
                }
                m[(i, j)] = value;
            }
        }
        Ok(m)
    }

    /// A design matrix: a leading column of ones, then the given columns.
    ///
    /// # Errors
    /// As [`Matrix::from_columns`]; `Shape` when there is no column to take the length from.
    pub fn with_intercept<C: AsRef<[f64]>>(columns: &[C]) -> Result<Self, LinearError> {
        let Some(first) = columns.first() else { return Err(LinearError::Shape { left: 1, right: 0 }) };
        let rows = first.as_ref().len();
        let mut values = vec![1.0; rows];
        for column in columns {
            let column = column.as_ref();
            if column.len() != rows {
                return Err(LinearError::Shape { left: rows, right: column.len() });
            }
            values.extend_from_slice(column);
        }
        Self::from_column_major(rows, columns.len() + 1, values)
    }

    /// Number of rows.
    #[must_use]
    pub fn rows(&self) -> usize {
        self.rows
    }

    /// Number of columns.
    #[must_use]
    pub fn columns(&self) -> usize {
        self.columns
    }

    /// Column `j` as a slice.
    ///
    /// # Panics
    /// When `j` is not a column.
    #[must_use]
    pub fn column(&self, j: usize) -> &[f64] {
        &self.values[j * self.rows..(j + 1) * self.rows]
    }

    /// Column `j` for writing.
    ///
    /// # Panics
    /// When `j` is not a column.
    pub fn column_mut(&mut self, j: usize) -> &mut [f64] {
        &mut self.values[j * self.rows..(j + 1) * self.rows]
    }

    /// Row `i`, copied.
    ///
    /// # Panics
    /// When `i` is not a row.
    #[must_use]
    pub fn row(&self, i: usize) -> Vec<f64> {
        (0..self.columns).map(|j| self[(i, j)]).collect()
    }

    /// The diagonal.
    #[must_use]
    pub fn diagonal(&self) -> Vec<f64> {
        (0..self.rows.min(self.columns)).map(|i| self[(i, i)]).collect()
    }

    /// The transpose.
    #[must_use]
    pub fn transpose(&self) -> Self {
        let mut t = Self::zeros(self.columns, self.rows);
        for j in 0..self.columns {
            for i in 0..self.rows {
                t[(j, i)] = self[(i, j)];
            }
        }
        t
    }

    /// The product `self · other`, O(rows × inner × columns).
    ///
    /// # Errors
    /// `Shape` when the inner dimensions differ.
    pub fn multiply(&self, other: &Self) -> Result<Self, LinearError> {
        if self.columns != other.rows {
            return Err(LinearError::Shape { left: self.columns, right: other.rows });
        }
        let mut product = Self::zeros(self.rows, other.columns);
        for j in 0..other.columns {
            for k in 0..self.columns {
                let factor = other[(k, j)];
                let source = &self.values[k * self.rows..(k + 1) * self.rows];
                for (target, value) in product.column_mut(j).iter_mut().zip(source) {
                    *target += value * factor;
                }
            }
        }
        Ok(product)
    }

    /// The product `self · v`.
    ///
    /// # Errors
    /// `Shape` when `v` has not one entry per column.
    pub fn multiply_vector(&self, v: &[f64]) -> Result<Vec<f64>, LinearError> {
        if self.columns != v.len() {
            return Err(LinearError::Shape { left: self.columns, right: v.len() });
        }
        let mut product = vec![0.0; self.rows];
        for (j, &factor) in v.iter().enumerate() {
            for (target, value) in product.iter_mut().zip(self.column(j)) {
                *target += value * factor;
            }
        }
        Ok(product)
    }

    /// The product `selfᵀ · v`.
    ///
    /// # Errors
    /// `Shape` when `v` has not one entry per row.
    pub fn transpose_multiply_vector(&self, v: &[f64]) -> Result<Vec<f64>, LinearError> {
        if self.rows != v.len() {
            return Err(LinearError::Shape { left: self.rows, right: v.len() });
        }
        Ok((0..self.columns).map(|j| dot(self.column(j), v)).collect())
    }

    /// `selfᵀ · diag(weights) · self`, symmetric by construction; `None` weighs every row by one.
    ///
    /// # Errors
    /// `Shape` when there is not one weight per row.
    pub fn gram(&self, weights: Option<&[f64]>) -> Result<Self, LinearError> {
        if let Some(w) = weights
            && w.len() != self.rows
        {
            return Err(LinearError::Shape { left: self.rows, right: w.len() });
        }
        let mut gram = Self::zeros(self.columns, self.columns);
        for from in (0..self.rows).step_by(BLOCK) {
            let rows = from..self.rows.min(from + BLOCK);
            self.add_gram(&mut gram, rows.clone(), weights.map(|w| &w[rows]));
        }
        Ok(gram)
    }

    /// Adds the Gram matrix of some rows, with one weight each, to `gram`.
    pub(crate) fn add_gram(&self, gram: &mut Self, rows: Range<usize>, weights: Option<&[f64]>) {
        let mut weighted = vec![0.0; rows.len()];
        for j in 0..self.columns {
            weighted.copy_from_slice(&self.column(j)[rows.clone()]);
            if let Some(w) = weights {
                for (value, weight) in weighted.iter_mut().zip(w) {
                    *value *= weight;
                }
            }
            for i in 0..=j {
                gram[(i, j)] += dot(&self.column(i)[rows.clone()], &weighted);
                gram[(j, i)] = gram[(i, j)];
            }
        }
    }

    /// The sandwich `self · meat · selfᵀ` for a square symmetric `meat`.
    ///
    /// # Errors
    /// `Shape` when the dimensions do not chain.
    pub fn sandwich(&self, meat: &Self) -> Result<Self, LinearError> {
        self.multiply(meat)?.multiply(&self.transpose())
    }

    /// Every entry multiplied by `factor`.
    #[must_use]
    pub fn scaled(&self, factor: f64) -> Self {
        Self {
            rows: self.rows,
            columns: self.columns,
            values: self.values.iter().map(|v| v * factor).collect(),
        }
    }

    /// `self + factor · other`.
    ///
    /// # Errors
    /// `Shape` when the shapes differ.
    pub fn plus_scaled(&self, factor: f64, other: &Self) -> Result<Self, LinearError> {
        if (self.rows, self.columns) != (other.rows, other.columns) {
            return Err(LinearError::Shape {
                left: self.rows * self.columns,
                right: other.rows * other.columns,
            });
        }
        let values = self.values.iter().zip(&other.values).map(|(a, b)| a + factor * b).collect();
        Ok(Self { rows: self.rows, columns: self.columns, values })
    }

    /// Adds `factor · v · vᵀ` in place; `v` has one entry per row of a square matrix.
    ///
    /// # Errors
    /// `Shape` when it has not.
    pub fn add_outer(&mut self, factor: f64, v: &[f64]) -> Result<(), LinearError> {
        if self.rows != v.len() || self.columns != v.len() {
            return Err(LinearError::Shape { left: self.rows, right: v.len() });
        }
        for (j, &right) in v.iter().enumerate() {
            let right = factor * right;
            for (target, &left) in self.column_mut(j).iter_mut().zip(v) {
                *target += left * right;
            }
        }
        Ok(())
    }
}

impl std::ops::Index<(usize, usize)> for Matrix {
    type Output = f64;
    fn index(&self, (row, column): (usize, usize)) -> &f64 {
        &self.values[column * self.rows + row]
    }
}

impl std::ops::IndexMut<(usize, usize)> for Matrix {
    fn index_mut(&mut self, (row, column): (usize, usize)) -> &mut f64 {
        &mut self.values[column * self.rows + row]
    }
}

/// The inner product; the shorter slice decides the length.
///
/// Eight partial sums, of every eighth product each, keep the processor busy and the rounding small; their number is
/// fixed, so the bits are too.
#[must_use]
pub fn dot(left: &[f64], right: &[f64]) -> f64 {
    let n = left.len().min(right.len());
    let (left, right) = (left[..n].chunks_exact(8), right[..n].chunks_exact(8));
    let rest: f64 = left.remainder().iter().zip(right.remainder()).map(|(a, b)| a * b).sum();
    let mut sums = [0.0; 8];
    for (a, b) in left.zip(right) {
        for ((sum, a), b) in sums.iter_mut().zip(a).zip(b) {
            *sum += a * b;
        }
    }
    sums.iter().sum::<f64>() + rest
}
