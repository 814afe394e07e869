//! Breaks in the mean of a series: PELT, the best segmentation by BIC, the sup-F test.
#![expect(clippy::indexing_slicing, reason = "positions run from 0 to n over prefix sums of n + 1 entries")]

use crate::estimate::NotComputable;

/// Prefix sums that give the squared error of any stretch around its mean in constant time.
struct Cost {
    sums: Vec<f64>,
    squares: Vec<f64>,
}

impl Cost {
    fn of(series: &[f64]) -> Self {
        // Centring first keeps the squares small beside the differences that matter.
        let centre = series.iter().sum::<f64>() / series.len() as f64;
        let (mut sums, mut squares) = (vec![0.0], vec![0.0]);
        let (mut sum, mut square) = (0.0, 0.0);
        for value in series {
            let value = value - centre;
            sum += value;
            square += value * value;
            sums.push(sum);
            squares.push(square);
        }
        Self { sums, squares }
    }

    /// Σ(x − x̄)² over `from..to`.
    fn between(&self, from: usize, to: usize) -> f64 {
        let n = (to - from) as f64;
        let sum = self.sums[to] - self.sums[from];
        (self.squares[to] - self.squares[from] - sum * sum / n).max(0.0)
    }
}

/// Penalty of one more break.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub enum Penalty {
    /// `3·s²·ln n` with the variance of the whole series (over n): cautious when breaks are large.
    #[default]
    ThreeVarianceLog,
    /// A fixed cost in squared units.
    Fixed(f64),
}

/// Positions where a new mean begins, by pruned exact linear time (PELT).
///
/// Minimises the squared error within stretches plus the penalty per break; no stretch is shorter than `shortest`.
/// Errors: `TooFew` below two shortest stretches, `NoVariation`, `NotFinite`. O(n) to O(n²).
/// Source: Killick, Fearnhead and Eckley 2012.
pub fn pelt(series: &[f64], penalty: Penalty, shortest: usize) -> Result<Vec<usize>, NotComputable> {
    NotComputable::unless_finite("the series", series)?;
    let shortest = shortest.max(1);
    NotComputable::unless_enough(series.len(), 2 * shortest)?;
    let n = series.len();
    let cost = Cost::of(series);
    let whole = cost.between(0, n);
    if whole <= 0.0 {
        return Err(NotComputable::NoVariation);
    }
    let price = match penalty {
        Penalty::ThreeVarianceLog => 3.0 * libm::log(n as f64) * whole / n as f64,
        Penalty::Fixed(price) if price > 0.0 => price,
        Penalty::Fixed(_) => return Err(NotComputable::invalid("a penalty is positive")),
    };
    let mut best = vec![f64::INFINITY; n + 1];
    best[0] = -price;
    let mut before = vec![0; n + 1];
    // A start that loses at `end` is worse than a break at `end` only for ends a shortest stretch later, so it is
    // kept until then.
    let mut candidates: Vec<(usize, usize)> = vec![(0, usize::MAX)];
    for end in shortest..=n {
        candidates.retain(|(_, expires)| *expires > end);
        for (from, _) in &candidates {
            let value = best[*from] + cost.between(*from, end) + price;
            if value < best[end] {
                best[end] = value;
                before[end] = *from;
            }
        }
        for (from, expires) in &mut candidates {
            if *expires == usize::MAX && best[*from] + cost.between(*from, end) > best[end] {
                *expires = end + shortest;
            }
        }
        if end + 1 >= 2 * shortest {
            candidates.push((end + 1 - shortest, usize::MAX));
        }
    }
    let mut breaks = Vec::new();
    let mut end = n;
    while before[end] > 0 {
        end = before[end];
        breaks.push(end);
    }
    breaks.reverse();
    Ok(breaks)
}

/// A segmentation.
#[derive(Debug, Clone, PartialEq)]
pub struct Segmentation {
    /// Positions where a new mean begins.
    pub breaks: Vec<usize>,
    /// Mean of each stretch.
    pub means: Vec<f64>,
    /// Squared error within stretches.
    pub residual_squares: f64,
    /// Bayes criterion `n(ln(RSS/n) + 1 + ln 2π) + 2(m + 1)·ln n` for m breaks.
    pub bic: f64,
}

/// The segmentation with the least squared error for a number of breaks, by dynamic programming.
///
/// Errors: `TooFew` when the stretches do not fit. O(breaks · n²). Source: Bai and Perron 2003.
pub fn segment(series: &[f64], breaks: usize, shortest: usize) -> Result<Segmentation, NotComputable> {
    NotComputable::unless_finite("the series", series)?;
    let shortest = shortest.max(1);
    NotComputable::unless_enough(series.len(), (breaks + 1) * shortest)?;
    let n = series.len();
    let cost = Cost::of(series);
    let mut best: Vec<f64> =
        (0..=n).map(|end| if end >= shortest { cost.between(0, end) } else { f64::INFINITY }).collect();
    let mut from = Vec::with_capacity(breaks);
    for _ in 0..breaks {
        let mut next = vec![f64::INFINITY; n + 1];
        let mut source = vec![0; n + 1];
        for end in shortest..=n {
            for (start, before) in best.iter().enumerate().take(end - shortest + 1).skip(shortest) {
                let value = before + cost.between(start, end);
                if value < next[end] {
                    next[end] = value;
                    source[end] = start;
                }
            }
        }
        best = next;
        from.push(source);
    }
    let residual_squares = best[n];
    let mut positions = Vec::with_capacity(breaks);
    let mut end = n;
    for source in from.iter().rev() {
        end = source[end];
        positions.push(end);
    }
    positions.reverse();
    let mut edges = vec![0];
    edges.extend(&positions);
    edges.push(n);
    let means = edges
        .windows(2)
        .map(|pair| series[pair[0]..pair[1]].iter().sum::<f64>() / (pair[1] - pair[0]) as f64)
        .collect();
    let size = n as f64;
    let bic = size * (libm::log(residual_squares / size) + 1.0 + libm::log(2.0 * std::f64::consts::PI))
        + 2.0 * (breaks as f64 + 1.0) * libm::log(size);
    Ok(Segmentation { breaks: positions, means, residual_squares, bic })
}

/// The segmentation with the least BIC among 0 to `most` breaks.
pub fn best_segmentation(
    series: &[f64],
    most: usize,
    shortest: usize,
) -> Result<Segmentation, NotComputable> {
    let mut best = segment(series, 0, shortest)?;
    for breaks in 1..=most {
        if series.len() < (breaks + 1) * shortest.max(1) {
            break;
        }
        let candidate = segment(series, breaks, shortest)?;
        if candidate.bic < best.bic {
            best = candidate;
        }
    }
    Ok(best)
}

/// The largest F statistic of one break, over all places.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct SupF {
    /// The statistic.
    pub statistic: f64,
    /// Where the new mean begins.
    pub position: usize,
}

impl SupF {
    /// Whether the break is significant at 5 %: the asymptotic critical value for one mean, 15 % trimmed, is 8.85.
    /// Source: Andrews 2003, table I (π₀ = 0.15, p = 1).
    pub fn significant(&self) -> bool {
        self.statistic > 8.85
    }
}

/// `sup (RSS₀ − RSS₁)/(RSS₁/(n − 2))` over breaks that leave a share `trim` of the series on either side.
///
/// Source: Andrews 1993. Errors: `TooFew`, `Invalid` for `trim` outside (0, ½), `NoVariation`.
pub fn sup_f(series: &[f64], trim: f64) -> Result<SupF, NotComputable> {
    NotComputable::unless_finite("the series", series)?;
    NotComputable::unless_enough(series.len(), 10)?;
    if !(trim > 0.0 && trim < 0.5) {
        return Err(NotComputable::invalid("trimming leaves part of the series"));
    }
    let n = series.len();
    let cost = Cost::of(series);
    let whole = cost.between(0, n);
    if whole <= 0.0 {
        return Err(NotComputable::NoVariation);
    }
    let margin = ((trim * n as f64).floor() as usize).max(1);
    let mut best = SupF { statistic: 0.0, position: margin };
    for position in margin..=n - margin {
        let split = cost.between(0, position) + cost.between(position, n);
        let statistic = (whole - split) / (split / (n as f64 - 2.0));
        if statistic > best.statistic {
            best = SupF { statistic, position };
        }
    }
    Ok(best)
}
