//! Continuing a series across a change of wording or scale: periods that have both, linear equating, parallel run and equipercentile linking.

use crate::distribution::student;
use crate::estimate::{Estimate, Interval, Level, Method, NotComputable};
use crate::estimation::quantile::sorted_quantile;
use crate::exact::{Wide, scaled};
use crate::random::Random;

/// Shift between two scales asked of the same people: the mean of new less old, with Student's interval.
///
/// Errors: `TooFew` below two pairs, `NoVariation`, `NotFinite`.
pub fn parallel_run(old: &[f64], new: &[f64], level: Level) -> Result<Estimate, NotComputable> {
    NotComputable::unless_same_length("pairs", old.len(), new.len())?;
    NotComputable::unless_enough(old.len(), 2)?;
    NotComputable::unless_finite("the old answers", old)?;
    NotComputable::unless_finite("the new answers", new)?;
    let n = old.len() as f64;
    let gaps: Vec<f64> = new.iter().zip(old).map(|(new, old)| new - old).collect();
    let point = gaps.iter().sum::<f64>() / n;
    let variance = gaps.iter().map(|gap| (gap - point).powi(2)).sum::<f64>() / (n - 1.0);
    let interval = if variance > 0.0 {
        Ok(Interval::around(point, student::critical(level, n - 1.0) * (variance / n).sqrt(), level))
    } else {
        Err(NotComputable::NoVariation)
    };
    Ok(Estimate { point, interval, n: old.len() as u64, effective_n: n, method: Method::StudentMean })
}

/// How far a new wording lies from an old one in periods that have figures of both.
#[derive(Debug, Clone, PartialEq)]
pub struct Parallel {
    /// The mean of new less old, with its interval.
    pub by: Estimate,
    /// The standard deviation by which the difference varies between periods beyond sampling; none of one period, which does not show it.
    pub between: Option<f64>,
    /// How uncertain the difference itself is: squared distances from it to the ends of its interval.
    reach: Result<(f64, f64), NotComputable>,
    /// What `between` adds to each.
    varies: f64,
    level: Level,
}

/// The bridge from an old wording to a new one, by periods that have both, `(old, new)`: mean equating.
///
/// `d̄ = Σ(new − old)/k` with variances recovered from the limits of the figures (MOVER), which are taken as independent; answers of the same
/// people to both make it wider than need be. Differences that vary more between periods than sampling explains,
/// `τ² = max(0, s²_d − mean of their variances)`, add `t²τ²/k` to both squared distances, t with k − 1 degrees of freedom.
/// Where the variation between periods is about as large as chance it is often not seen: of eight periods intervals at 95 % hold what the new wording
/// would have shown in 90 % of cases then, and in 95 % where it is none or large (simulated).
/// Errors: `NoRows` without a period. A figure that has no interval leaves a point without one.
/// Sources: Kolen and Brennan 2014, § 2.1; Zou and Donner 2008; Hedges and Olkin 1985, § 9.
pub fn parallel_periods(pairs: &[(&Estimate, &Estimate)], level: Level) -> Result<Parallel, NotComputable> {
    NotComputable::unless_enough(pairs.len(), 1)?;
    let k = pairs.len() as f64;
    let gaps: Vec<f64> = pairs.iter().map(|(old, new)| new.point - old.point).collect();
    NotComputable::unless_finite("the differences", &gaps)?;
    let point = gaps.iter().sum::<f64>() / k;
    let squares = |down: &Estimate, up: &Estimate| -> Result<(f64, f64), NotComputable> {
        let ((down_low, down_high), (up_low, up_high)) = (distances(down)?, distances(up)?);
        Ok((up_low.powi(2) + down_high.powi(2), up_high.powi(2) + down_low.powi(2)))
    };
    let each: Result<Vec<(f64, f64)>, NotComputable> =
        pairs.iter().map(|(old, new)| squares(old, new)).collect();
    let spread =
        (pairs.len() > 1).then(|| gaps.iter().map(|gap| (gap - point).powi(2)).sum::<f64>() / (k - 1.0));
    // A variance of each difference, whichever side of it is longer.
    let sampling = each
        .as_ref()
        .ok()
        .map(|each| each.iter().map(|(low, high)| 0.5 * (low + high) / level.z().powi(2)).sum::<f64>() / k);
    let tau = spread.zip(sampling).map(|(spread, sampling)| (spread - sampling).max(0.0));
    let varies = match tau {
        Some(tau) if tau > 0.0 => student::critical(level, k - 1.0).powi(2) * tau,
        _ => 0.0,
    };
    let reach = each.map(|each| {
        let (low, high) = each.iter().fold((0.0, 0.0), |sum, of| (sum.0 + of.0, sum.1 + of.1));
        (low / (k * k) + varies / k, high / (k * k) + varies / k)
    });
    let interval = reach.clone().and_then(|reach| ends(point, reach, level));
    let n = pairs.iter().map(|(old, new)| old.n.min(new.n)).sum::<u64>();
    let by = Estimate { point, interval, n, effective_n: n as f64, method: Method::MeanEquating };
    Ok(Parallel { by, between: tau.map(f64::sqrt), reach, varies, level })
}

impl Parallel {
    /// What an old figure of another period is on the level of the new wording: `old + d̄`. Its interval holds what the old figure is
    /// uncertain by, what the bridge is, and by how much the difference varies from period to period.
    #[must_use]
    pub fn moved(&self, old: &Estimate) -> Estimate {
        let point = old.point + self.by.point;
        let interval = self.reach.clone().and_then(|(low, high)| {
            let (own_low, own_high) = distances(old)?;
            let reach = (own_low.powi(2) + low + self.varies, own_high.powi(2) + high + self.varies);
            ends(point, reach, self.level)
        });
        Estimate { point, interval, method: Method::MeanEquating, ..old.clone() }
    }
}

/// Answers on one scale: how many, Σx and Σx², in whole units of `10^−decimals`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct AnswerSums {
    /// Answers.
    pub n: u64,
    /// Σx.
    pub sum: i128,
    /// Σx².
    pub squares: i128,
    /// Decimals of an answer.
    pub decimals: u8,
}

impl AnswerSums {
    /// Mean and standard deviation over n.
    fn moments(self) -> Result<(f64, f64), NotComputable> {
        NotComputable::unless_enough(usize::try_from(self.n).unwrap_or(usize::MAX), 2)?;
        let n = Wide::of(self.n.into());
        let spread = n.times(Wide::of(self.squares))?.minus(Wide::of(self.sum).times(Wide::of(self.sum))?)?;
        if spread.sign() <= 0 {
            return Err(NotComputable::NoVariation);
        }
        let unit = scaled(1, self.decimals.into());
        let variance = spread.over(n.times(n)?)?;
        Ok((Wide::of(self.sum).over(n)? * unit, variance.sqrt() * unit))
    }
}

/// The bridge from one scale to another: the same place in standard deviations.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Linear {
    /// How much of the new scale one of the old one is.
    pub slope: f64,
    /// What zero of the old scale comes to.
    pub intercept: f64,
    old: (f64, f64),
    new: f64,
    /// 1/n of both.
    inverse_n: f64,
    level: Level,
}

/// Linear equating `y = ȳ + (s_y/s_x)(x − x̄)` of answers to the old and to the new scale in the same periods, given by different people.
///
/// The error of an equated value at `u = (x − x̄)/s_x` is `s_y²(1/n_x + 1/n_y)(1 + u²/2)`, by the delta method for answers whose spread
/// is about normal. Errors: `TooFew` below two answers of either, `NoVariation`. Source: Kolen and Brennan 2014, § 7.3 (random groups);
/// Angoff 1971.
pub fn linear(old: AnswerSums, new: AnswerSums, level: Level) -> Result<Linear, NotComputable> {
    let ((x, s), (y, t)) = (old.moments()?, new.moments()?);
    let slope = t / s;
    let inverse_n = 1.0 / old.n as f64 + 1.0 / new.n as f64;
    Ok(Linear { slope, intercept: y - slope * x, old: (x, s), new: t, inverse_n, level })
}

impl Linear {
    /// What an old figure, a mean of answers, is on the new scale.
    #[must_use]
    pub fn moved(&self, old: &Estimate) -> Estimate {
        let point = self.intercept + self.slope * old.point;
        let place = (old.point - self.old.0) / self.old.1;
        let error = self.new.powi(2) * self.inverse_n * (1.0 + 0.5 * place.powi(2));
        let bridge = self.level.z().powi(2) * error;
        let interval = distances(old).and_then(|(low, high)| {
            let own = |of: f64| (self.slope * of).powi(2);
            ends(point, (own(low) + bridge, own(high) + bridge), self.level)
        });
        Estimate { point, interval, method: Method::LinearEquating, ..old.clone() }
    }
}

/// From a point down and up to the ends of its interval; nothing of what was counted in full.
fn distances(of: &Estimate) -> Result<(f64, f64), NotComputable> {
    match &of.interval {
        Ok(interval) => Ok(((of.point - interval.low).max(0.0), (interval.high - of.point).max(0.0))),
        Err(_) if of.method == Method::Exact => Ok((0.0, 0.0)),
        Err(reason) => Err(reason.clone()),
    }
}

fn ends(point: f64, (low, high): (f64, f64), level: Level) -> Result<Interval, NotComputable> {
    match low.is_finite() && high.is_finite() && (low > 0.0 || high > 0.0) {
        true => Ok(Interval::new(point - low.sqrt(), point + high.sqrt(), level)),
        false => Err(NotComputable::NoVariation),
    }
}

/// Answers on a scale of equally spaced points, one unit apart.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Scale<'a> {
    /// Answers at each point.
    pub counts: &'a [u64],
    /// Value of the first point.
    pub origin: f64,
}

/// The value on the `old` scale with the percentile rank that `score` has on the `new` one.
///
/// Percentile ranks spread each point evenly over ±½ (Kolen and Brennan 2014, § 2.5), so the result may lie half a
/// unit beyond the old scale. Errors: `NoRows`; `Invalid` for a score off the new scale.
pub fn equipercentile(old: Scale<'_>, new: Scale<'_>, score: f64) -> Result<f64, NotComputable> {
    let rank = percentile_rank(new.counts, score - new.origin)?;
    Ok(old.origin + inverse_rank(old.counts, rank)?)
}

/// Equipercentile link with a bootstrap percentile interval; both samples are redrawn `rounds` times from `seed`.
pub fn equipercentile_interval(
    old: Scale<'_>,
    new: Scale<'_>,
    score: f64,
    rounds: usize,
    seed: u64,
    level: Level,
) -> Result<Estimate, NotComputable> {
    let point = equipercentile(old, new, score)?;
    let mut random = Random::seeded(seed);
    let mut draws = Vec::with_capacity(rounds);
    for _ in 0..rounds {
        let (old_counts, new_counts) = (redraw(old.counts, &mut random), redraw(new.counts, &mut random));
        let (old, new) = (Scale { counts: &old_counts, ..old }, Scale { counts: &new_counts, ..new });
        draws.push(equipercentile(old, new, score)?);
    }
    draws.sort_by(f64::total_cmp);
    let tail = 0.5 * level.alpha();
    let interval = match (sorted_quantile(&draws, tail), sorted_quantile(&draws, 1.0 - tail)) {
        (Some(low), Some(high)) => Ok(Interval::new(low, high, level)),
        _ => Err(NotComputable::invalid("a bootstrap needs rounds")),
    };
    let n = old.counts.iter().chain(new.counts).sum::<u64>();
    Ok(Estimate { point, interval, n, effective_n: n as f64, method: Method::Bootstrap })
}

fn redraw(counts: &[u64], random: &mut Random) -> Vec<u64> {
    let total: u64 = counts.iter().sum();
    let mut cumulative = Vec::with_capacity(counts.len());
    let mut sum = 0;
    for count in counts {
        sum += count;
        cumulative.push(sum);
    }
    let mut out = vec![0; counts.len()];
    for _ in 0..total {
        let at = random.below(total as usize) as u64;
        let bin = cumulative.partition_point(|edge| *edge <= at);
        if let Some(cell) = out.get_mut(bin) {
            *cell += 1;
        }
    }
    out
}

/// Share below `position` (0 is the first point), with every point spread over ±½.
fn percentile_rank(counts: &[u64], position: f64) -> Result<f64, NotComputable> {
    let total = counts.iter().sum::<u64>() as f64;
    if total <= 0.0 {
        return Err(NotComputable::NoRows);
    }
    if !(-0.5..=counts.len() as f64 - 0.5).contains(&position) {
        return Err(NotComputable::invalid("the score lies off the new scale"));
    }
    let mut below = 0.0;
    for (point, count) in counts.iter().enumerate() {
        below += *count as f64 * (position - (point as f64 - 0.5)).clamp(0.0, 1.0);
    }
    Ok(below / total)
}

fn inverse_rank(counts: &[u64], rank: f64) -> Result<f64, NotComputable> {
    let total = counts.iter().sum::<u64>() as f64;
    if total <= 0.0 {
        return Err(NotComputable::NoRows);
    }
    let wanted = rank * total;
    let mut below = 0.0;
    let mut last = -0.5;
    for (point, count) in counts.iter().enumerate().filter(|(_, count)| **count > 0) {
        let low = point as f64 - 0.5;
        let count = *count as f64;
        if wanted <= below + count {
            return Ok(low + (wanted - below) / count);
        }
        below += count;
        last = low + 1.0;
    }
    Ok(last)
}
