//! Proportions and differences of proportions. Points and intervals lie in [0, 1], differences in [−1, 1].

use crate::distribution::beta;
use crate::estimate::{Estimate, Interval, Level, Method, NotComputable};
use crate::exact::{Wide, quotient};

use super::difference::{Limits, recovered};

/// Wilson score interval: `(p̂ + z²/2n ± z√(p̂(1−p̂)/n + z²/4n²)) / (1 + z²/n)`.
///
/// Errors: `NoRows` at `n = 0`; `Invalid` when successes exceed `n`. Source: Wilson 1927; Newcombe 1998.
pub fn wilson(successes: u64, n: u64, level: Level) -> Result<Estimate, NotComputable> {
    let Limits { point, low, high } = wilson_limits(successes, n, level.z())?;
    Ok(plain(point, Interval::new(low, high, level), n, Method::Wilson))
}

fn wilson_limits(successes: u64, n: u64, z: f64) -> Result<Limits, NotComputable> {
    let point = share(successes, n)?;
    let (low, high) = wilson_ends(point, n as f64, z);
    // At the boundary the score limit is the boundary itself; rounding must not move it.
    let low = if successes == 0 { 0.0 } else { low };
    let high = if successes == n { 1.0 } else { high };
    Ok(Limits { point, low, high })
}

/// Clopper–Pearson exact interval by beta quantiles; covers at least the level. Source: Clopper and Pearson 1934.
pub fn clopper_pearson(successes: u64, n: u64, level: Level) -> Result<Estimate, NotComputable> {
    let point = share(successes, n)?;
    let tail = 0.5 * level.alpha();
    let (x, rest) = (successes as f64, (n - successes) as f64);
    let low = if successes == 0 { 0.0 } else { beta::quantile(tail, x, rest + 1.0) };
    let high = if successes == n { 1.0 } else { beta::quantile(1.0 - tail, x + 1.0, rest) };
    Ok(plain(point, Interval::new(low, high, level), n, Method::ClopperPearson))
}

/// Jeffreys interval: quantiles of Beta(x + ½, n − x + ½). Source: Brown, Cai, DasGupta 2001.
pub fn jeffreys(successes: u64, n: u64, level: Level) -> Result<Estimate, NotComputable> {
    let point = share(successes, n)?;
    let tail = 0.5 * level.alpha();
    let (a, b) = (successes as f64 + 0.5, (n - successes) as f64 + 0.5);
    let interval = Interval::new(beta::quantile(tail, a, b), beta::quantile(1.0 - tail, a, b), level);
    Ok(plain(point, interval, n, Method::Jeffreys))
}

/// Agresti–Coull interval: Wald after adding `z²/2` successes and failures; cut to [0, 1]. Source: Agresti, Coull 1998.
pub fn agresti_coull(successes: u64, n: u64, level: Level) -> Result<Estimate, NotComputable> {
    let point = share(successes, n)?;
    let square = level.z() * level.z();
    let trials = n as f64 + square;
    let centre = (successes as f64 + 0.5 * square) / trials;
    let half = level.z() * (centre * (1.0 - centre) / trials).sqrt();
    let interval = Interval::around(centre, half, level).clipped(0.0, 1.0);
    Ok(plain(point, interval, n, Method::AgrestiCoull))
}

/// Wald interval `p̂ ± z√(p̂(1−p̂)/n)`, cut to [0, 1]. Only for comparison with other tools: it covers too little
/// and has no width at 0 and n.
pub fn wald(successes: u64, n: u64, level: Level) -> Result<Estimate, NotComputable> {
    let point = share(successes, n)?;
    let half = level.z() * (point * (1.0 - point) / n as f64).sqrt();
    let interval = Interval::around(point, half, level).clipped(0.0, 1.0);
    Ok(plain(point, interval, n, Method::WaldProportion))
}

/// Weighted proportion from exact sums, weights taken as given.
///
/// `sum_w`, `sum_w_hit` are Σw and Σw over hits in units of `10^−weight_scale`; `sum_w2`, `sum_w2_hit` are Σw² and
/// Σw² over hits in units of `10^−2·weight_scale`. With `p = Σw·hit/Σw` the linearised variance is
/// `V = n/(n−1) · (Σw²hit(1−2p) + p²Σw²)/(Σw)²`; the interval is Wilson's with the effective `n* = p(1−p)/V`,
/// at most Kish's `(Σw)²/Σw²`: where one weight outweighs all others `V` is small because `p` follows it, not because much is
/// known. Where no or every row is a hit `V` is zero, so `n*` is Kish's. Weights that come from calibration
/// need [`crate::estimation`]'s survey room instead. Source: Franco, Little, Louis, Slud 2019.
///
/// Errors: `NoRows`, `ZeroDenominator` for zero total weight, `Invalid` for negative or inconsistent sums;
/// with one row the interval is `TooFew`.
pub fn weighted(
    sum_w: i128,
    sum_w_hit: i128,
    sum_w2: i128,
    sum_w2_hit: i128,
    n: u64,
    weight_scale: u8,
    level: Level,
) -> Result<Estimate, NotComputable> {
    // Numerator and denominator carry the same power of ten, so the weight scale cancels everywhere.
    let _ = weight_scale;
    if n == 0 {
        return Err(NotComputable::NoRows);
    }
    if sum_w == 0 {
        return Err(NotComputable::ZeroDenominator);
    }
    let consistent =
        sum_w > 0 && (0..=sum_w).contains(&sum_w_hit) && sum_w2 > 0 && (0..=sum_w2).contains(&sum_w2_hit);
    if !consistent {
        return Err(NotComputable::invalid(
            "weights of a proportion are not negative and hits are a part of all",
        ));
    }
    let point = quotient(sum_w_hit, sum_w)?;
    let total = Wide::of(sum_w);
    let hit = Wide::of(sum_w_hit);
    let miss = Wide::of(sum_w - sum_w_hit);
    // W²·Σw²(hit − p)² = (W − H)² Σw²hit + H² Σw²miss, all of it exact.
    let spread = miss
        .times(miss)?
        .times(Wide::of(sum_w2_hit))?
        .plus(hit.times(hit)?.times(Wide::of(sum_w2 - sum_w2_hit))?)?;
    let kish = total.times(total)?.over(Wide::of(sum_w2))?;
    let effective_n = if spread.is_zero() {
        kish
    } else {
        // n* = p(1−p)/V = (n−1)/n · H(W−H)·W² / (W²·Σw²(hit−p)²)
        let numerator = hit.times(miss)?.times(total.times(total)?)?;
        kish.min(numerator.over(spread)? * ((n as f64 - 1.0) / n as f64))
    };
    let interval = if n < 2 {
        Err(NotComputable::TooFew { n, need: 2 })
    } else {
        let (low, high) = wilson_ends(point, effective_n, level.z());
        let low = if sum_w_hit == 0 { 0.0 } else { low };
        let high = if sum_w_hit == sum_w { 1.0 } else { high };
        Ok(Interval::new(low, high, level))
    };
    let effective_n = if n < 2 { 1.0 } else { effective_n };
    Ok(Estimate { point, interval, n, effective_n, method: Method::WeightedProportion })
}

/// How an interval for a difference of two independent proportions is made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum DifferenceMethod {
    /// Newcombe's hybrid of two Wilson intervals. Source: Newcombe 1998, method 10.
    #[default]
    Newcombe,
    /// Agresti and Caffo 2000: Wald after one added success and failure in each group.
    AgrestiCaffo,
    /// Wald.
    Wald,
}

/// Difference `x1/n1 − x2/n2` of independent proportions with its interval.
///
/// `n` of the result is the total of both groups. Errors as for [`wilson`].
pub fn difference(
    first: (u64, u64),
    second: (u64, u64),
    method: DifferenceMethod,
    level: Level,
) -> Result<Estimate, NotComputable> {
    let p1 = share(first.0, first.1)?;
    let p2 = share(second.0, second.1)?;
    let (n1, n2) = (first.1 as f64, second.1 as f64);
    let point = p1 - p2;
    let z = level.z();
    let interval = match method {
        DifferenceMethod::Newcombe => {
            let limits =
                recovered(wilson_limits(second.0, second.1, z)?, wilson_limits(first.0, first.1, z)?);
            Interval::new(limits.low, limits.high, level)
        }
        DifferenceMethod::AgrestiCaffo => {
            let a1 = (first.0 as f64 + 1.0) / (n1 + 2.0);
            let a2 = (second.0 as f64 + 1.0) / (n2 + 2.0);
            let error = (a1 * (1.0 - a1) / (n1 + 2.0) + a2 * (1.0 - a2) / (n2 + 2.0)).sqrt();
            Interval::around(a1 - a2, z * error, level)
        }
        DifferenceMethod::Wald => {
            let error = (p1 * (1.0 - p1) / n1 + p2 * (1.0 - p2) / n2).sqrt();
            Interval::around(point, z * error, level)
        }
    };
    let method = match method {
        DifferenceMethod::Newcombe => Method::NewcombeDifference,
        DifferenceMethod::AgrestiCaffo | DifferenceMethod::Wald => Method::WaldProportion,
    };
    Ok(Estimate { point, interval: Ok(interval), n: first.1 + second.1, effective_n: n1 + n2, method })
}

/// z statistic and two-sided p-value of equal proportions, pooled variance.
pub fn z_test(first: (u64, u64), second: (u64, u64)) -> Result<(f64, f64), NotComputable> {
    let difference = share(first.0, first.1)? - share(second.0, second.1)?;
    let pooled = share(first.0 + second.0, first.1 + second.1)?;
    let variance = pooled * (1.0 - pooled) * (1.0 / first.1 as f64 + 1.0 / second.1 as f64);
    if variance <= 0.0 {
        return Err(NotComputable::NoVariation);
    }
    let z = difference / variance.sqrt();
    Ok((z, crate::distribution::normal::two_sided(z)))
}

/// Simultaneous intervals for the shares of a multinomial. Source: Goodman 1965.
///
/// Each share gets a Wilson interval with `z² = χ²_{1, 1−α/k}`.
pub fn multinomial(counts: &[u64], level: Level) -> Result<Vec<Interval>, NotComputable> {
    let n: u64 = counts.iter().sum();
    if n == 0 {
        return Err(NotComputable::NoRows);
    }
    let z = -crate::distribution::normal::quantile(0.5 * level.alpha() / counts.len() as f64);
    Ok(counts
        .iter()
        .map(|count| {
            let (low, high) = wilson_ends(*count as f64 / n as f64, n as f64, z);
            Interval::new(low.max(0.0), high.min(1.0), level)
        })
        .collect())
}

/// Ends of the Wilson interval for a real sample size.
pub(crate) fn wilson_ends(p: f64, n: f64, z: f64) -> (f64, f64) {
    let square = z * z;
    let centre = p + 0.5 * square / n;
    let half = z * (p * (1.0 - p) / n + 0.25 * square / (n * n)).sqrt();
    let scale = 1.0 + square / n;
    (((centre - half) / scale).max(0.0), ((centre + half) / scale).min(1.0))
}

fn share(successes: u64, n: u64) -> Result<f64, NotComputable> {
    if n == 0 {
        return Err(NotComputable::NoRows);
    }
    if successes > n {
        return Err(NotComputable::invalid(format!("{successes} successes among {n}")));
    }
    quotient(i128::from(successes), i128::from(n))
}

fn plain(point: f64, interval: Interval, n: u64, method: Method) -> Estimate {
    Estimate { point, interval: Ok(interval), n, effective_n: n as f64, method }
}
