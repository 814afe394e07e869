//! Continuing a series across a change of scale: parallel run and equipercentile linking.

use crate::distribution::student;
use crate::estimate::{Estimate, Interval, Level, Method, NotComputable};
use crate::estimation::quantile::sorted_quantile;
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
