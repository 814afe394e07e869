//! Net promoter score: 100 · (promoters − detractors) / all. Points and intervals lie in [−100, 100].

use crate::estimate::{Estimate, Interval, Level, Method, NotComputable};
use crate::exact::{Wide, quotient};

/// Net promoter score with the adjusted Wald interval.
///
/// The point is the raw score. The interval is Wald's after adding ¾ to promoters and detractors and 3 to n:
/// `100·(p − d ± z√((p + d − (p − d)²)/n))`, cut to ±100. Source: Rocks 2016; Bonett and Price 2012. Where hardly an
/// answer differs from the others it leaves out the score itself; there it is widened to hold it.
/// Errors: `NoRows`.
pub fn adjusted_wald(
    promoters: u64,
    passives: u64,
    detractors: u64,
    level: Level,
) -> Result<Estimate, NotComputable> {
    let (n, point) = score(promoters, passives, detractors)?;
    let trials = n as f64 + 3.0;
    let interval =
        wald_interval(promoters as f64 + 0.75, detractors as f64 + 0.75, trials, level).holding(point);
    Ok(Estimate { point, interval: Ok(interval), n, effective_n: n as f64, method: Method::AdjustedWaldNps })
}

/// Net promoter score with the plain Wald interval, cut to ±100; no width when all answers agree.
pub fn wald(promoters: u64, passives: u64, detractors: u64, level: Level) -> Result<Estimate, NotComputable> {
    let (n, point) = score(promoters, passives, detractors)?;
    let interval = wald_interval(promoters as f64, detractors as f64, n as f64, level);
    Ok(Estimate { point, interval: Ok(interval), n, effective_n: n as f64, method: Method::WaldNps })
}

/// Standard error of the raw score in points: `100·√((p + d − (p − d)²)/n)`.
pub fn standard_error(promoters: u64, passives: u64, detractors: u64) -> Result<f64, NotComputable> {
    let (n, _) = score(promoters, passives, detractors)?;
    Ok(100.0 * variance(promoters as f64, detractors as f64, n as f64).sqrt() / (n as f64).sqrt())
}

/// Exact weighted sums of one group of answers; weights are integers at a common scale.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct WeightedAnswers {
    /// Number of answers.
    pub n: u64,
    /// Sum of weights.
    pub sum_w: i128,
    /// Sum of squared weights, at twice the scale.
    pub sum_w2: i128,
}

/// Weighted net promoter score, weights taken as given.
///
/// With `y` = +1, 0, −1 and `m = Σwy/Σw` the linearised variance is `V = n/(n−1) · Σw²(y − m)²/(Σw)²`, formed
/// exactly. The interval adds the pseudo-answers of [`adjusted_wald`] on the effective sample `n* = S/V`, where
/// `S = p + d − m²` uses the weighted shares (Kish's `n*` where all answers agree, and never more than that: one weight that outweighs
/// all others is one case), cut to ±100. Equal weights give
/// `n* = n − 1`, the unbiased form. Raked weights are not fixed: use the survey room.
/// Errors: `NoRows`, `ZeroDenominator`, `Invalid` for negative sums; one row has no interval.
pub fn weighted(
    promoters: WeightedAnswers,
    passives: WeightedAnswers,
    detractors: WeightedAnswers,
    level: Level,
) -> Result<Estimate, NotComputable> {
    let groups = [promoters, passives, detractors];
    if groups.iter().any(|group| group.sum_w < 0 || group.sum_w2 < 0) {
        return Err(NotComputable::invalid("weights of answers are not negative"));
    }
    let n = promoters.n + passives.n + detractors.n;
    if n == 0 {
        return Err(NotComputable::NoRows);
    }
    let total = groups.iter().try_fold(Wide::ZERO, |sum, group| sum.plus(Wide::of(group.sum_w)))?;
    let net = Wide::of(promoters.sum_w).minus(Wide::of(detractors.sum_w))?;
    let mean = net.over(total)?;
    let point = 100.0 * mean;
    let mut spread = Wide::ZERO;
    for (group, answer) in groups.iter().zip([1, 0, -1]) {
        let deviation = total.times(Wide::of(answer))?.minus(net)?;
        spread = spread.plus(deviation.times(deviation)?.times(Wide::of(group.sum_w2))?)?;
    }
    let squares = groups.iter().try_fold(Wide::ZERO, |sum, group| sum.plus(Wide::of(group.sum_w2)))?;
    let kish = total.times(total)?.over(squares)?;
    if n < 2 {
        let interval = Err(NotComputable::TooFew { n, need: 2 });
        return Ok(Estimate { point, interval, n, effective_n: 1.0, method: Method::WeightedNps });
    }
    let promoter_share = Wide::of(promoters.sum_w).over(total)?;
    let detractor_share = Wide::of(detractors.sum_w).over(total)?;
    // V = n/(n−1) · spread / W⁴; S·W² is exact too: W(P + D) − net².
    let effective_n = if spread.is_zero() {
        kish
    } else {
        let both = Wide::of(promoters.sum_w).plus(Wide::of(detractors.sum_w))?;
        let shares = total.times(both)?.minus(net.times(net)?)?;
        kish.min(shares.times(total.times(total)?)?.over(spread)? * ((n as f64 - 1.0) / n as f64))
    };
    let interval = wald_interval(
        promoter_share * effective_n + 0.75,
        detractor_share * effective_n + 0.75,
        effective_n + 3.0,
        level,
    )
    .holding(point);
    Ok(Estimate { point, interval: Ok(interval), n, effective_n, method: Method::WeightedNps })
}

fn score(promoters: u64, passives: u64, detractors: u64) -> Result<(u64, f64), NotComputable> {
    let n = promoters + passives + detractors;
    if n == 0 {
        return Err(NotComputable::NoRows);
    }
    Ok((n, quotient(100 * (i128::from(promoters) - i128::from(detractors)), i128::from(n))?))
}

fn variance(promoters: f64, detractors: f64, n: f64) -> f64 {
    let (p, d) = (promoters / n, detractors / n);
    (p + d - (p - d) * (p - d)).max(0.0)
}

fn wald_interval(promoters: f64, detractors: f64, n: f64, level: Level) -> Interval {
    let centre = 100.0 * (promoters - detractors) / n;
    let half = 100.0 * level.z() * (variance(promoters, detractors, n) / n).sqrt();
    Interval::around(centre, half, level).clipped(-100.0, 100.0)
}
