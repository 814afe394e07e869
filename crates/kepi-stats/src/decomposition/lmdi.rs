//! The logarithmic mean Divisia index: an exact split of a changed product without remainder.

use crate::estimate::NotComputable;

/// An additive split of a change, in units of the product.
#[derive(Debug, Clone, PartialEq)]
pub struct Lmdi {
    /// New total less old total.
    pub total: f64,
    /// Effect of each factor, all segments together.
    pub effects: Vec<f64>,
    /// Effect of each factor (inner) in each segment (outer).
    pub by_segment: Vec<Vec<f64>>,
}

/// Splits the change of `Σ_segments Π factors` by LMDI-I, additive form.
///
/// Effect of factor k in segment i: `L(V₁ᵢ, V₀ᵢ) ln(x₁ᵢₖ ⁄ x₀ᵢₖ)` with the logarithmic mean
/// `L(a, b) = (a − b) ⁄ (ln a − ln b)`. Every factor must be positive on both sides; use Shapley values for
/// factors that may be zero or negative. O(segments × factors). Source: Ang (2005).
///
/// # Errors
/// `Invalid` for factors that are not positive or other shapes; `NotFinite`.
pub fn lmdi(before: &[Vec<f64>], after: &[Vec<f64>]) -> Result<Lmdi, NotComputable> {
    NotComputable::unless_same_length("segments", before.len(), after.len())?;
    let factors = before.first().map_or(0, Vec::len);
    NotComputable::unless_enough(factors, 1)?;
    let mut result = Lmdi { total: 0.0, effects: vec![0.0; factors], by_segment: Vec::new() };
    for (old, new) in before.iter().zip(after) {
        NotComputable::unless_same_length("factors", factors, old.len())?;
        NotComputable::unless_same_length("factors", factors, new.len())?;
        NotComputable::unless_finite("a factor", old)?;
        NotComputable::unless_finite("a factor", new)?;
        if old.iter().chain(new).any(|v| *v <= 0.0) {
            return Err(NotComputable::invalid(
                "a factor is not positive, so it has no logarithm; use Shapley values",
            ));
        }
        let (v0, v1): (f64, f64) = (old.iter().product(), new.iter().product());
        let mean = logarithmic_mean(v1, v0);
        let effects: Vec<f64> = old.iter().zip(new).map(|(x0, x1)| mean * libm::log(x1 / x0)).collect();
        for (sum, effect) in result.effects.iter_mut().zip(&effects) {
            *sum += effect;
        }
        result.total += v1 - v0;
        result.by_segment.push(effects);
    }
    Ok(result)
}

/// `(a − b) ⁄ ln(a ⁄ b)`, and `a` where both agree.
fn logarithmic_mean(a: f64, b: f64) -> f64 {
    let relative = (a - b) / b;
    if relative == 0.0 { a } else { (a - b) / libm::log1p(relative) }
}
