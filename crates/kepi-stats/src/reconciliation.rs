//! Whether two sources tell the same story: keyed differences and the concordance of paired values.

use std::collections::BTreeMap;

use crate::estimate::{Estimate, Interval, Level, Method, NotComputable};

/// A key present on both sides whose values differ beyond tolerance.
#[derive(Debug, Clone, PartialEq)]
pub struct Difference {
    /// The key.
    pub key: String,
    /// Value on the left.
    pub left: f64,
    /// Value on the right.
    pub right: f64,
}

/// Two keyed sources compared.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Reconciliation {
    /// Keys on both sides within tolerance.
    pub agreed: u64,
    /// Keys on both sides beyond tolerance, ascending.
    pub differences: Vec<Difference>,
    /// Keys only on the left, ascending.
    pub only_left: Vec<String>,
    /// Keys only on the right, ascending.
    pub only_right: Vec<String>,
    /// Sum of right less left over common keys.
    pub net: f64,
}

/// How far two values may lie apart and still agree.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Tolerance {
    /// This far, in the unit of the values.
    Absolute(f64),
    /// This share of the larger magnitude.
    Relative(f64),
}

/// Compares two keyed sources, O(n log n).
///
/// # Errors
/// `Invalid` for a key given twice on one side or a negative tolerance; `NotFinite`.
pub fn reconcile(
    left: &[(String, f64)],
    right: &[(String, f64)],
    tolerance: Tolerance,
) -> Result<Reconciliation, NotComputable> {
    let (Tolerance::Absolute(width) | Tolerance::Relative(width)) = tolerance;
    if width.is_nan() || width < 0.0 {
        return Err(NotComputable::invalid("a tolerance is negative"));
    }
    let keyed = |side: &[(String, f64)]| -> Result<BTreeMap<String, f64>, NotComputable> {
        let mut map = BTreeMap::new();
        for (key, value) in side {
            if !value.is_finite() {
                return Err(NotComputable::NotFinite { what: format!("key {key}") });
            }
            if map.insert(key.clone(), *value).is_some() {
                return Err(NotComputable::Invalid(format!("key {key} is given twice")));
            }
        }
        Ok(map)
    };
    let (left, mut right) = (keyed(left)?, keyed(right)?);
    let mut result = Reconciliation::default();
    for (key, a) in left {
        let Some(b) = right.remove(&key) else {
            result.only_left.push(key);
            continue;
        };
        result.net += b - a;
        let allowed = match tolerance {
            Tolerance::Absolute(width) => width,
            Tolerance::Relative(share) => share * a.abs().max(b.abs()),
        };
        if (a - b).abs() <= allowed {
            result.agreed += 1;
        } else {
            result.differences.push(Difference { key, left: a, right: b });
        }
    }
    result.only_right = right.into_keys().collect();
    Ok(result)
}

/// Lin's concordance correlation: 1 when pairs lie on the line of equality, less for scatter or shift.
///
/// `2 s_xy ⁄ (s_x² + s_y² + (x̄ − ȳ)²)` with moments over n, interval on Fisher's z. O(n).
/// Source: Lin (1989), corrected 2000.
///
/// # Errors
/// `TooFew` below three pairs, `NoVariation` when all values are equal, `NotFinite`, `Invalid`.
pub fn concordance(x: &[f64], y: &[f64], level: Level) -> Result<Estimate, NotComputable> {
    NotComputable::unless_same_length("pairs", x.len(), y.len())?;
    NotComputable::unless_enough(x.len(), 3)?;
    NotComputable::unless_finite("a value", x)?;
    NotComputable::unless_finite("a value", y)?;
    let n = x.len() as f64;
    let (mx, my) = (x.iter().sum::<f64>() / n, y.iter().sum::<f64>() / n);
    let (mut sxx, mut syy, mut sxy) = (0.0, 0.0, 0.0);
    for (a, b) in x.iter().zip(y) {
        sxx += (a - mx) * (a - mx) / n;
        syy += (b - my) * (b - my) / n;
        sxy += (a - mx) * (b - my) / n;
    }
    let total = sxx + syy + (mx - my) * (mx - my);
    if total <= 0.0 {
        return Err(NotComputable::NoVariation);
    }
    let point = 2.0 * sxy / total;
    let r = sxy / (sxx * syy).sqrt();
    let interval = if point.abs() < 1.0 && r.abs() > 0.0 && r.is_finite() {
        let (c2, r2) = (point * point, r * r);
        let u2 = (mx - my) * (mx - my) / (sxx * syy).sqrt();
        let variance = ((1.0 - r2) * c2 / ((1.0 - c2) * r2)
            + 2.0 * c2 * point * (1.0 - point) * u2 / (r * (1.0 - c2) * (1.0 - c2))
            - c2 * c2 * u2 * u2 / (2.0 * r2 * (1.0 - c2) * (1.0 - c2)))
            / (n - 2.0);
        let half = level.z() * variance.max(0.0).sqrt();
        let z = libm::atanh(point);
        Ok(Interval::new(libm::tanh(z - half), libm::tanh(z + half), level))
    } else {
        Err(NotComputable::NoVariation)
    };
    Ok(Estimate { point, interval, n: x.len() as u64, effective_n: n, method: Method::NormalMean })
}
