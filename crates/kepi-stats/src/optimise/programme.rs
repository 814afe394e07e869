//! Linear programmes of a few hundred variables, for the audit of suppressed tables.
#![expect(clippy::indexing_slicing, reason = "the tableau's shape is fixed by the checked problem")]

use super::OptimiseError;

/// Find `x ≥ 0` with `A x = b` that makes `c · x` least or greatest.
///
/// Upper bounds are stated as further rows with a slack. The solver is the
/// two-phase tableau simplex with Bland's rule (Bland 1977), which cannot cycle
/// and takes the same path every time; dense, O(rows × variables) per pivot.
#[derive(Debug, Clone, Default)]
pub struct LinearProgramme {
    variables: usize,
    rows: Vec<(Vec<f64>, f64)>,
}

/// An optimum of a linear programme.
#[derive(Debug, Clone, PartialEq)]
pub struct Optimum {
    /// One value per variable.
    pub at: Vec<f64>,
    /// The objective there.
    pub value: f64,
}

const TINY: f64 = 1e-9;

impl LinearProgramme {
    /// A programme over `variables` non-negative variables, without constraints yet.
    #[must_use]
    pub fn new(variables: usize) -> Self {
        Self { variables, rows: Vec::new() }
    }

    /// Demands `coefficients · x = value`.
    ///
    /// # Errors
    /// `Shape` when there is not one coefficient per variable.
    pub fn equal(&mut self, coefficients: &[f64], value: f64) -> Result<(), OptimiseError> {
        if coefficients.len() != self.variables {
            return Err(OptimiseError::Shape { left: self.variables, right: coefficients.len() });
        }
        let sign = if value < 0.0 { -1.0 } else { 1.0 };
        self.rows.push((coefficients.iter().map(|c| sign * c).collect(), sign * value));
        Ok(())
    }

    /// The least value of `objective · x`.
    ///
    /// # Errors
    /// `Infeasible`, `Unbounded`, `Shape`.
    pub fn minimise(&self, objective: &[f64]) -> Result<Optimum, OptimiseError> {
        if objective.len() != self.variables {
            return Err(OptimiseError::Shape { left: self.variables, right: objective.len() });
        }
        let mut tableau = Tableau::with_artificials(self);
        let total = self.variables + self.rows.len();
        let artificial: Vec<f64> = (0..total).map(|j| f64::from(u8::from(j >= self.variables))).collect();
        tableau.run(&artificial, total)?;
        if tableau.value(&artificial) > TINY * (1.0 + self.rows.iter().map(|r| r.1).fold(0.0_f64, f64::max)) {
            return Err(OptimiseError::Infeasible);
        }
        tableau.drive_out(self.variables);
        let mut costs = objective.to_vec();
        costs.resize(total, 0.0);
        tableau.run(&costs, self.variables)?;
        let mut at = vec![0.0; self.variables];
        for (row, &variable) in tableau.basis.iter().enumerate() {
            if variable < self.variables {
                at[variable] = tableau.rows[row][total];
            }
        }
        let value = at.iter().zip(objective).map(|(x, c)| x * c).sum();
        Ok(Optimum { at, value })
    }

    /// The greatest value of `objective · x`.
    ///
    /// # Errors
    /// As [`LinearProgramme::minimise`].
    pub fn maximise(&self, objective: &[f64]) -> Result<Optimum, OptimiseError> {
        let negated: Vec<f64> = objective.iter().map(|c| -c).collect();
        let optimum = self.minimise(&negated)?;
        Ok(Optimum { value: -optimum.value, ..optimum })
    }
}

/// Rows hold the coefficients and, last, the right-hand side.
struct Tableau {
    rows: Vec<Vec<f64>>,
    basis: Vec<usize>,
}

impl Tableau {
    fn with_artificials(programme: &LinearProgramme) -> Self {
        let (n, m) = (programme.variables, programme.rows.len());
        let rows = programme
            .rows
            .iter()
            .enumerate()
            .map(|(i, (coefficients, value))| {
                let mut row = coefficients.clone();
                row.resize(n + m, 0.0);
                row[n + i] = 1.0;
                row.push(*value);
                row
            })
            .collect();
        Self { rows, basis: (n..n + m).collect() }
    }

    fn value(&self, costs: &[f64]) -> f64 {
        self.basis.iter().zip(&self.rows).map(|(&j, row)| costs[j] * row[row.len() - 1]).sum()
    }

    /// Pivots until no variable below `allowed` improves the cost.
    fn run(&mut self, costs: &[f64], allowed: usize) -> Result<(), OptimiseError> {
        const PIVOTS: usize = 200_000;
        for _ in 0..PIVOTS {
            let entering = (0..allowed).find(|&j| {
                let along: f64 = self.basis.iter().zip(&self.rows).map(|(&b, row)| costs[b] * row[j]).sum();
                costs[j] - along < -TINY
            });
            let Some(column) = entering else { return Ok(()) };
            let mut leaving: Option<(f64, usize)> = None;
            for (i, row) in self.rows.iter().enumerate() {
                if row[column] <= TINY {
                    continue;
                }
                let ratio = row[row.len() - 1] / row[column];
                let better = match leaving {
                    None => true,
                    Some((best, at)) => {
                        ratio < best - 1e-12 || (ratio <= best + 1e-12 && self.basis[i] < self.basis[at])
                    }
                };
                if better {
                    leaving = Some((ratio, i));
                }
            }
            let Some((_, row)) = leaving else { return Err(OptimiseError::Unbounded) };
            self.pivot(row, column);
        }
        Err(OptimiseError::NoConvergence { iterations: PIVOTS })
    }

    /// Replaces artificial variables that stayed in the basis at zero; a row with nothing to
    /// replace them by is redundant and goes.
    fn drive_out(&mut self, variables: usize) {
        let mut i = 0;
        while i < self.rows.len() {
            if self.basis[i] < variables {
                i += 1;
                continue;
            }
            if let Some(column) = (0..variables).find(|&j| self.rows[i][j].abs() > TINY) {
                self.pivot(i, column);
                i += 1;
            } else {
                self.rows.remove(i);
                self.basis.remove(i);
            }
        }
    }

    fn pivot(&mut self, row: usize, column: usize) {
        let factor = self.rows[row][column];
        for value in &mut self.rows[row] {
            *value /= factor;
        }
        let source = self.rows[row].clone();
        for (i, target) in self.rows.iter_mut().enumerate() {
            let along = target[column];
            if i == row || along == 0.0 {
                continue;
            }
            for (value, from) in target.iter_mut().zip(&source) {
                *value -= along * from;
            }
            target[column] = 0.0;
        }
        self.basis[row] = column;
    }
}
