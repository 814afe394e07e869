//! Ratios of totals, ratios of counts and rates.

use crate::distribution::{beta, gamma, student};
use crate::estimate::{Estimate, Interval, Level, Method, NotComputable};
use crate::exact::{Wide, scaled};

/// Exact moments of two quantities of the same entities.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct PairMoments {
    /// Entities.
    pub n: u64,
    /// Σ of the denominator.
    pub sum_x: i128,
    /// Σ of the numerator.
    pub sum_y: i128,
    /// Σ of the squared denominator.
    pub sum_x2: i128,
    /// Σ of the squared numerator.
    pub sum_y2: i128,
    /// Σ of the products.
    pub sum_xy: i128,
    /// Decimals of the denominator.
    pub x_scale: u8,
    /// Decimals of the numerator.
    pub y_scale: u8,
}

/// Ratio of totals `r = Σy/Σx` over entities that carry both.
///
/// Linearised: `V = n/(n−1) · Σ(y − rx)²/(Σx)²`, formed exactly; Student's interval with n − 1 degrees of freedom.
/// Errors: `NoRows`, `ZeroDenominator`. One entity, or y proportional to x, has no interval.
/// Source: Cochran 1977, § 6.3.
pub fn within_entity(moments: PairMoments, level: Level) -> Result<Estimate, NotComputable> {
    let PairMoments { n, sum_x, sum_y, sum_x2, sum_y2, sum_xy, x_scale, y_scale } = moments;
    if n == 0 {
        return Err(NotComputable::NoRows);
    }
    let point = ratio_of_scaled(sum_y, y_scale, sum_x, x_scale)?;
    let (x, y) = (Wide::of(sum_x), Wide::of(sum_y));
    // X²Σ(y − rx)² = X²Σy² − 2XYΣxy + Y²Σx²
    let spread = x
        .times(x)?
        .times(Wide::of(sum_y2))?
        .minus(x.times(y)?.times(Wide::of(sum_xy))?.times(Wide::of(2))?)?
        .plus(y.times(y)?.times(Wide::of(sum_x2))?)?;
    let interval = if n < 2 {
        Err(NotComputable::TooFew { n, need: 2 })
    } else if spread.sign() < 0 {
        return Err(NotComputable::invalid("the moments contradict each other"));
    } else if spread.is_zero() {
        Err(NotComputable::NoVariation)
    } else {
        let square = x.times(x)?;
        let per_square = spread.over(square)? / square.over(Wide::of(1))?;
        let error = (per_square * (n as f64 / (n as f64 - 1.0))).sqrt() * power_of_ten(x_scale, y_scale);
        Ok(Interval::around(point, student::critical(level, n as f64 - 1.0) * error, level))
    };
    Ok(Estimate { point, interval, n, effective_n: n as f64, method: Method::LinearisedRatio })
}

/// Ratio of totals of different entities, for example revenue per ticket by account and month.
///
/// The point is exact; the interval needs moments per cluster that both sides share, and says so.
/// Errors: `ZeroDenominator`.
pub fn across(
    numerator: i128,
    numerator_scale: u8,
    denominator: i128,
    denominator_scale: u8,
    n: u64,
) -> Result<Estimate, NotComputable> {
    let point = ratio_of_scaled(numerator, numerator_scale, denominator, denominator_scale)?;
    Ok(Estimate {
        point,
        interval: Err(NotComputable::Unsupported(
            "numerator and denominator are of different entities, or count different values, so their joint spread is unknown"
                .to_owned(),
        )),
        n,
        effective_n: n as f64,
        method: Method::RatioAcrossEntities,
    })
}

/// Ratio of two independent counts with the conditional (binomial) interval.
///
/// Given their sum, the numerator is binomial with share `r/(1 + r)`; the Clopper–Pearson ends of that share are
/// mapped back. The upper end may be infinite when `denominator` is small; a zero denominator is an error.
/// Source: Przyborowski and Wilenski 1940.
pub fn of_counts(numerator: u64, denominator: u64, level: Level) -> Result<Estimate, NotComputable> {
    if denominator == 0 {
        return Err(NotComputable::ZeroDenominator);
    }
    let point = numerator as f64 / denominator as f64;
    let tail = 0.5 * level.alpha();
    let (a, b) = (numerator as f64, denominator as f64);
    let low = if numerator == 0 {
        0.0
    } else {
        let (share, rest) = beta::quantile_pair(tail, 1.0 - tail, a, b + 1.0);
        share / rest
    };
    let (share, rest) = beta::quantile_pair(1.0 - tail, tail, a + 1.0, b);
    let n = numerator + denominator;
    Ok(Estimate {
        point,
        interval: Ok(Interval::new(low, share / rest, level)),
        n,
        effective_n: n as f64,
        method: Method::RatioOfCounts,
    })
}

/// Events per unit of exposure with the exact Poisson interval.
///
/// `exposure` is in units of `10^−scale`. Ends are gamma quantiles divided by the exposure. Zero events have the
/// interval from 0. Errors: `ZeroDenominator` for no exposure, `Invalid` for a negative one. Source: Garwood 1936.
pub fn rate(events: u64, exposure: i128, scale: u8, level: Level) -> Result<Estimate, NotComputable> {
    if exposure == 0 {
        return Err(NotComputable::ZeroDenominator);
    }
    if exposure < 0 {
        return Err(NotComputable::invalid("an exposure is not negative"));
    }
    let point = ratio_of_scaled(i128::from(events), 0, exposure, scale)?;
    let units = scaled(exposure, u32::from(scale));
    let tail = 0.5 * level.alpha();
    let low = if events == 0 { 0.0 } else { gamma::quantile(tail, events as f64) / units };
    let high = gamma::quantile(1.0 - tail, events as f64 + 1.0) / units;
    Ok(Estimate {
        point,
        interval: Ok(Interval::new(low, high, level)),
        n: events,
        effective_n: events as f64,
        method: Method::Poisson,
    })
}

fn ratio_of_scaled(
    numerator: i128,
    numerator_scale: u8,
    denominator: i128,
    denominator_scale: u8,
) -> Result<f64, NotComputable> {
    let up = Wide::ten_to(u32::from(denominator_scale))?;
    let down = Wide::ten_to(u32::from(numerator_scale))?;
    Wide::of(numerator).times(up)?.over(Wide::of(denominator).times(down)?)
}

/// `10^(up − down)`, correctly rounded.
fn power_of_ten(up: u8, down: u8) -> f64 {
    if up >= down { 10_f64.powi(i32::from(up - down)) } else { scaled(1, u32::from(down - up)) }
}
