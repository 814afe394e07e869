//! Means from exact moments.

use crate::distribution::student;
use crate::estimate::{Estimate, Interval, Level, Method, NotComputable};
use crate::exact::{Wide, scaled};

/// Mean with Student's interval: `x̄ ± t_{n−1}·s/√n`.
///
/// `sum` is Σx in units of `10^−scale`, `sum_squares` Σx² in units of `10^−2·scale`. The variance comes from the
/// exact `M = nΣx² − (Σx)²`, `s² = M/(n(n−1))`. Errors: `NoRows`; `Invalid` when the moments contradict each other.
/// One value has no interval (`TooFew`), nor have equal values (`NoVariation`).
pub fn from_moments(
    n: u64,
    sum: i128,
    sum_squares: i128,
    scale: u8,
    level: Level,
) -> Result<Estimate, NotComputable> {
    let (point, variance) = moments(n, sum, sum_squares, scale)?;
    let interval = match variance {
        None => Err(NotComputable::TooFew { n, need: 2 }),
        Some(variance) if variance <= 0.0 => Err(NotComputable::NoVariation),
        Some(variance) => {
            let half = student::critical(level, n as f64 - 1.0) * (variance / n as f64).sqrt();
            Ok(Interval::around(point, half, level))
        }
    };
    Ok(Estimate { point, interval, n, effective_n: n as f64, method: Method::StudentMean })
}

/// Sample variance `s² = (nΣx² − (Σx)²)/(n(n−1))` in squared units, from exact moments.
pub fn variance_from_moments(n: u64, sum: i128, sum_squares: i128, scale: u8) -> Result<f64, NotComputable> {
    moments(n, sum, sum_squares, scale)?.1.ok_or(NotComputable::TooFew { n, need: 2 })
}

fn moments(n: u64, sum: i128, sum_squares: i128, scale: u8) -> Result<(f64, Option<f64>), NotComputable> {
    if n == 0 {
        return Err(NotComputable::NoRows);
    }
    let scale = u32::from(scale);
    let unit = Wide::ten_to(scale)?;
    let count = Wide::of(i128::from(n));
    let point = Wide::of(sum).over(count.times(unit)?)?;
    let spread = count.times(Wide::of(sum_squares))?.minus(Wide::of(sum).times(Wide::of(sum))?)?;
    if spread.sign() < 0 {
        return Err(NotComputable::invalid(
            "the sum of squares is smaller than the square of the sum allows",
        ));
    }
    if n < 2 {
        return Ok((point, None));
    }
    let degrees = Wide::of(i128::from(n - 1));
    let variance = spread.over(count.times(degrees)?.times(unit)?.times(unit)?)?;
    Ok((point, Some(variance)))
}

/// Exact weighted moments. Weights carry `weight_scale` decimals, values `value_scale`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct WeightedMoments {
    /// Number of rows.
    pub n: u64,
    /// Σw.
    pub sum_w: i128,
    /// Σwx.
    pub sum_wx: i128,
    /// Σw².
    pub sum_w2: i128,
    /// Σw²x.
    pub sum_w2x: i128,
    /// Σw²x².
    pub sum_w2x2: i128,
    /// Decimals of a weight.
    pub weight_scale: u8,
    /// Decimals of a value.
    pub value_scale: u8,
}

/// Weighted mean `Σwx/Σw`, weights taken as given.
///
/// Linearised variance `V = n/(n−1) · Σw²(x − m)²/(Σw)²`, its numerator formed exactly; the effective n is Kish's
/// `(Σw)²/Σw²`, and Student's interval has one degree of freedom less than that. Below two effective cases there is no
/// interval: where one weight outweighs all others the mean is all but its value, and deviations from it say nothing of how
/// values vary. Raked weights are not fixed: use the survey room.
/// Errors: `NoRows`, `ZeroDenominator`, `Invalid` for contradictory sums. Source: Särndal et al. 1992, § 5.5; Kish 1965, § 11.7.
pub fn weighted(moments: WeightedMoments, level: Level) -> Result<Estimate, NotComputable> {
    let WeightedMoments { n, sum_w, sum_wx, sum_w2, sum_w2x, sum_w2x2, weight_scale: _, value_scale } =
        moments;
    if n == 0 {
        return Err(NotComputable::NoRows);
    }
    if sum_w < 0 || sum_w2 < 0 || sum_w2x2 < 0 {
        return Err(NotComputable::invalid("weights are not negative"));
    }
    let unit = Wide::ten_to(u32::from(value_scale))?;
    let (total, weighted) = (Wide::of(sum_w), Wide::of(sum_wx));
    let point = weighted.over(total.times(unit)?)?;
    let square = total.times(total)?;
    let effective_n = square.over(Wide::of(sum_w2))?;
    // W²Σw²(x − m)² = W²Σw²x² − 2W(Σwx)Σw²x + (Σwx)²Σw²; the weight scale cancels in V.
    let spread = square
        .times(Wide::of(sum_w2x2))?
        .minus(total.times(weighted)?.times(Wide::of(sum_w2x))?.times(Wide::of(2))?)?
        .plus(weighted.times(weighted)?.times(Wide::of(sum_w2))?)?;
    let interval = if n < 2 {
        Err(NotComputable::TooFew { n, need: 2 })
    } else if spread.sign() < 0 {
        return Err(NotComputable::invalid("the weighted sums contradict each other"));
    } else if spread.is_zero() {
        Err(NotComputable::NoVariation)
    } else if effective_n < 2.0 {
        Err(NotComputable::Unsupported(format!(
            "weights make {n} cases as precise as {effective_n:.1}, so their spread is unknown"
        )))
    } else {
        // V = n/(n−1) · spread/W⁴, taken in two quotients so that W⁴ stays within range.
        let per_square = spread.over(square)? / square.over(Wide::of(1))?;
        let variance = per_square * (n as f64 / (n as f64 - 1.0));
        let error = variance.sqrt() * scaled(1, u32::from(value_scale));
        Ok(Interval::around(point, student::critical(level, effective_n - 1.0) * error, level))
    };
    Ok(Estimate { point, interval, n, effective_n, method: Method::WeightedMean })
}
