//! Calibrating weights to known totals: raking, post-stratification, general regression, trimming.
#![expect(clippy::indexing_slicing, reason = "categories and lengths are checked before the loops")]

use crate::estimate::NotComputable;
use crate::linear::{Matrix, Qr};

/// One margin: the category of every row and the population total of every category.
#[derive(Debug, Clone, PartialEq)]
pub struct Margin {
    /// Name for messages, for example `region`.
    pub name: String,
    /// Names of the categories, in the order of `targets`.
    pub labels: Vec<String>,
    /// Category of each row, an index into `targets`.
    pub category: Vec<usize>,
    /// Population total of each category.
    pub targets: Vec<f64>,
}

impl Margin {
    /// A margin from the label of every row and `(label, total)` pairs.
    ///
    /// Errors: `Invalid` for a label without a total.
    pub fn new(name: &str, rows: &[impl AsRef<str>], totals: &[(&str, f64)]) -> Result<Self, NotComputable> {
        let category = rows
            .iter()
            .map(|row| {
                totals.iter().position(|(label, _)| *label == row.as_ref()).ok_or_else(|| {
                    NotComputable::invalid(format!("{name} has no population total for `{}`", row.as_ref()))
                })
            })
            .collect::<Result<_, _>>()?;
        Ok(Self {
            name: name.to_owned(),
            labels: totals.iter().map(|(label, _)| (*label).to_owned()).collect(),
            category,
            targets: totals.iter().map(|(_, total)| *total).collect(),
        })
    }

    fn label(&self, category: usize) -> String {
        match self.labels.get(category) {
            Some(label) => format!("{}={label}", self.name),
            None => format!("{}={category}", self.name),
        }
    }
}

/// When raking stops.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct RakingOptions {
    /// Largest relative distance of a weighted margin from its target.
    pub tolerance: f64,
    /// Passes over all margins before giving up.
    pub iterations: usize,
}

impl Default for RakingOptions {
    /// 10⁻¹² within 1000 passes.
    fn default() -> Self {
        Self { tolerance: 1e-12, iterations: 1000 }
    }
}

/// Calibrated weights, with what the variance needs to know about how they arose.
#[derive(Debug, Clone)]
pub struct Calibration {
    /// Weights before.
    pub base: Vec<f64>,
    /// Weights after.
    pub weights: Vec<f64>,
    /// Passes made; 1 for closed forms.
    pub iterations: usize,
    /// Auxiliaries times the square root of the base weights; residuals on them carry the sampling error.
    auxiliaries: Matrix,
    factored: Qr,
}

impl Calibration {
    /// Residuals of a linearised variable on the auxiliaries, by base-weighted least squares.
    ///
    /// This is the projection of Deville and Särndal 1992: a variable that the margins determine has no error left.
    pub fn residuals(&self, variable: &[f64]) -> Result<Vec<f64>, NotComputable> {
        NotComputable::unless_same_length("the variable and the weights", variable.len(), self.base.len())?;
        let scaled: Vec<f64> =
            variable.iter().zip(&self.base).map(|(value, base)| value * base.sqrt()).collect();
        let fitted = self.auxiliaries.multiply_vector(&self.factored.solve(&scaled)?)?;
        Ok(scaled
            .iter()
            .zip(&fitted)
            .zip(&self.base)
            .map(|((value, fitted), base)| if *base > 0.0 { (value - fitted) / base.sqrt() } else { 0.0 })
            .collect())
    }
}

/// Raking (iterative proportional fitting): multiplies weights, margin by margin, until all totals are met.
///
/// Errors name the margin: `EmptyRakingCell` when a total is wanted where no weight is, `Invalid` when margins
/// disagree about the population or a total is negative, `NoConvergence`. O(iterations · margins · rows).
/// Source: Deming and Stephan 1940; Deville, Särndal and Sautory 1993.
pub fn rake(base: &[f64], margins: &[Margin], options: RakingOptions) -> Result<Calibration, NotComputable> {
    check_weights(base)?;
    check_margins(base, margins)?;
    let mut weights = base.to_vec();
    let mut worst = String::new();
    for iteration in 1..=options.iterations {
        for margin in margins {
            let totals = totals_of(margin, &weights);
            for (weight, category) in weights.iter_mut().zip(&margin.category) {
                if *weight > 0.0 {
                    *weight *= margin.targets[*category] / totals[*category];
                }
            }
        }
        let mut distance = 0.0;
        for margin in margins {
            for (category, total) in totals_of(margin, &weights).iter().enumerate() {
                let target = margin.targets[category];
                let off = (total - target).abs() / target.max(f64::MIN_POSITIVE);
                if target > 0.0 && (off > distance || !off.is_finite()) {
                    distance = off;
                    worst = margin.label(category);
                }
            }
        }
        if distance <= options.tolerance {
            let (auxiliaries, factored) = factor(base, dummies(margins, base.len()))?;
            return Ok(Calibration {
                base: base.to_vec(),
                weights,
                iterations: iteration,
                auxiliaries,
                factored,
            });
        }
    }
    Err(NotComputable::NoConvergence { margin: worst })
}

/// Post-stratification `w·N_h/N̂_h`: raking to one margin, in closed form. Errors as for [`rake`].
pub fn post_stratify(base: &[f64], stratum: &Margin) -> Result<Calibration, NotComputable> {
    let once = RakingOptions { tolerance: 1e-9, iterations: 1 };
    rake(base, std::slice::from_ref(stratum), once)
}

/// General regression weights `w = d(1 + x'λ)`, `λ = (Σ d x x')⁻¹ (T − Σ d x)`.
///
/// `auxiliaries` are columns of one value per row (include a column of ones when the population size is known),
/// `totals` their population totals. Weights may become negative: look at them, or rake instead.
/// Errors: `Singular` for a column determined by others; `Invalid` for lengths. O(rows · columns²).
/// Source: Deville and Särndal 1992.
pub fn regression(
    base: &[f64],
    auxiliaries: &[Vec<f64>],
    totals: &[f64],
) -> Result<Calibration, NotComputable> {
    check_weights(base)?;
    NotComputable::unless_same_length("auxiliaries and totals", auxiliaries.len(), totals.len())?;
    NotComputable::unless_finite("the totals", totals)?;
    for column in auxiliaries {
        NotComputable::unless_same_length("an auxiliary and the weights", column.len(), base.len())?;
        NotComputable::unless_finite("an auxiliary", column)?;
    }
    let scaled: Vec<Vec<f64>> = auxiliaries
        .iter()
        .map(|column| column.iter().zip(base).map(|(value, weight)| value * weight.sqrt()).collect())
        .collect();
    let auxiliary_matrix = Matrix::from_columns(&scaled)?;
    let factored = Qr::new(&auxiliary_matrix)?;
    let gaps: Vec<f64> = auxiliaries
        .iter()
        .zip(totals)
        .map(|(column, total)| {
            total - column.iter().zip(base).map(|(value, weight)| value * weight).sum::<f64>()
        })
        .collect();
    let lambda = factored.inverse_gram().multiply_vector(&gaps)?;
    let weights = base
        .iter()
        .enumerate()
        .map(|(row, weight)| {
            let factor: f64 =
                auxiliaries.iter().zip(&lambda).map(|(column, lambda)| column[row] * lambda).sum();
            weight * (1.0 + factor)
        })
        .collect();
    Ok(Calibration { base: base.to_vec(), weights, iterations: 1, auxiliaries: auxiliary_matrix, factored })
}

/// Cuts weights to `[low, high]` and spreads what was cut evenly over the others, repeating until none is outside.
///
/// The total stays. The rows that take the surplus are those strictly within the limits at each turn, plus those
/// at a limit (which are then cut again), as the R package `survey` does with `strict = TRUE`.
/// Errors: `Invalid` when the total cannot fit between the limits; `NoConvergence`.
pub fn trim(weights: &[f64], low: f64, high: f64) -> Result<Vec<f64>, NotComputable> {
    let counted: Vec<(f64, u64)> = weights.iter().map(|weight| (*weight, 1)).collect();
    trim_counted(&counted, low, high)
}

/// [`trim`] where each weight is that of so many rows.
pub fn trim_counted(weights: &[(f64, u64)], low: f64, high: f64) -> Result<Vec<f64>, NotComputable> {
    let mut current: Vec<f64> = weights.iter().map(|(weight, _)| *weight).collect();
    check_weights(&current)?;
    let counts: Vec<f64> = weights.iter().map(|(_, rows)| *rows as f64).collect();
    let sum = |of: &dyn Fn(f64) -> f64, current: &[f64]| -> f64 {
        current.iter().zip(&counts).map(|(weight, rows)| of(*weight) * rows).sum()
    };
    let (total, rows) = (sum(&|weight| weight, &current), sum(&|_| 1.0, &current));
    if !(low <= high && low * rows <= total && total <= high * rows) {
        return Err(NotComputable::invalid("weights cannot keep their total within these limits"));
    }
    let outside = |weight: f64| weight < low || weight > high;
    for _ in 0..10_000 {
        let inside = sum(&|weight| f64::from(u8::from(!outside(weight))), &current);
        let surplus = sum(&|weight| weight - weight.clamp(low, high), &current);
        if inside == rows || (surplus.abs() <= 1e-14 * total && inside > 0.0) {
            return Ok(current.iter().map(|weight| weight.clamp(low, high)).collect());
        }
        if inside == 0.0 {
            break;
        }
        let share = surplus / inside;
        for weight in &mut current {
            *weight = if outside(*weight) { weight.clamp(low, high) } else { *weight + share };
        }
    }
    Err(NotComputable::NoConvergence { margin: "trimming".to_owned() })
}

/// Kish's design effect of weighting `nΣw²/(Σw)²` and effective size `(Σw)²/Σw²`. Source: Kish 1965.
pub fn kish(weights: &[f64]) -> Result<(f64, f64), NotComputable> {
    check_weights(weights)?;
    let total: f64 = weights.iter().sum();
    let squares: f64 = weights.iter().map(|weight| weight * weight).sum();
    let effective = total * total / squares;
    Ok((weights.len() as f64 / effective, effective))
}

pub(crate) fn check_weights(weights: &[f64]) -> Result<(), NotComputable> {
    NotComputable::unless_enough(weights.len(), 1)?;
    NotComputable::unless_finite("the weights", weights)?;
    if weights.iter().any(|weight| *weight < 0.0) {
        return Err(NotComputable::invalid("weights are not negative"));
    }
    if weights.iter().all(|weight| *weight == 0.0) {
        return Err(NotComputable::ZeroDenominator);
    }
    Ok(())
}

fn check_margins(base: &[f64], margins: &[Margin]) -> Result<(), NotComputable> {
    let mut population = None;
    for margin in margins {
        NotComputable::unless_same_length(&margin.name, margin.category.len(), base.len())?;
        NotComputable::unless_finite(&margin.name, &margin.targets)?;
        if margin.category.iter().any(|category| *category >= margin.targets.len()) {
            return Err(NotComputable::invalid(format!("{} has a category without a total", margin.name)));
        }
        for (category, (total, target)) in totals_of(margin, base).iter().zip(&margin.targets).enumerate() {
            if *target < 0.0 {
                return Err(NotComputable::invalid(format!(
                    "the total of {} is negative",
                    margin.label(category)
                )));
            }
            if *total == 0.0 && *target > 0.0 {
                return Err(NotComputable::EmptyRakingCell { margin: margin.label(category) });
            }
            if *total > 0.0 && *target == 0.0 {
                return Err(NotComputable::invalid(format!(
                    "{} has answers but a population of zero",
                    margin.label(category)
                )));
            }
        }
        let sum: f64 = margin.targets.iter().sum();
        let known = *population.get_or_insert(sum);
        if (sum - known).abs() > 1e-9 * known {
            return Err(NotComputable::invalid(format!(
                "{} adds up to {sum}, another margin to {known}",
                margin.name
            )));
        }
    }
    if population.is_none_or(|total| total <= 0.0) {
        return Err(NotComputable::invalid("raking needs a margin with a population"));
    }
    Ok(())
}

fn totals_of(margin: &Margin, weights: &[f64]) -> Vec<f64> {
    let mut totals = vec![0.0; margin.targets.len()];
    for (weight, category) in weights.iter().zip(&margin.category) {
        totals[*category] += weight;
    }
    totals
}

/// An intercept and the indicators of all categories but the first of each margin.
fn dummies(margins: &[Margin], rows: usize) -> Vec<Vec<f64>> {
    let mut columns = vec![vec![1.0; rows]];
    for margin in margins {
        for wanted in 1..margin.targets.len() {
            columns.push(
                margin.category.iter().map(|category| f64::from(u8::from(*category == wanted))).collect(),
            );
        }
    }
    columns
}

/// Factors the auxiliaries weighted by the square root of the base weights, leaving out what others determine.
fn factor(base: &[f64], mut columns: Vec<Vec<f64>>) -> Result<(Matrix, Qr), NotComputable> {
    for column in &mut columns {
        for (value, weight) in column.iter_mut().zip(base) {
            *value *= weight.sqrt();
        }
    }
    columns.retain(|column| column.iter().any(|value| *value != 0.0));
    loop {
        if columns.len() > base.len() {
            columns.truncate(base.len());
        }
        let matrix = Matrix::from_columns(&columns)?;
        match Qr::new(&matrix) {
            Ok(factored) => return Ok((matrix, factored)),
            Err(crate::linear::LinearError::Singular { column }) => {
                columns.remove(column);
            }
            Err(other) => return Err(other.into()),
        }
    }
}
