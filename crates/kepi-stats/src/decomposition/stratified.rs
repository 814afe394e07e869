//! Comparisons within strata: common odds ratio, direct standardisation, and the paradox they guard against.

use crate::distribution::gamma::chi_square_above;
use crate::distribution::normal;
use crate::estimate::{Estimate, Interval, Level, Method, NotComputable};

/// A two-by-two table of one stratum.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TwoByTwo {
    /// First group, with the outcome.
    pub first_yes: u64,
    /// First group, without it.
    pub first_no: u64,
    /// Second group, with the outcome.
    pub second_yes: u64,
    /// Second group, without it.
    pub second_no: u64,
}

impl TwoByTwo {
    fn n(&self) -> f64 {
        (self.first_yes + self.first_no + self.second_yes + self.second_no) as f64
    }

    fn rates(&self) -> Option<(f64, f64)> {
        let (first, second) = (self.first_yes + self.first_no, self.second_yes + self.second_no);
        (first > 0 && second > 0)
            .then(|| (self.first_yes as f64 / first as f64, self.second_yes as f64 / second as f64))
    }
}

/// Whether a chi-square statistic is shrunk for counts being whole.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Continuity {
    /// By a half, as R `mantelhaen.test` does. The default.
    #[default]
    Half,
    /// Not at all.
    None,
}

/// Mantel and Haenszel's analysis of several two-by-two tables.
#[derive(Debug, Clone, PartialEq)]
pub struct MantelHaenszel {
    /// Common odds ratio of the first group against the second.
    pub odds_ratio: Estimate,
    /// Test of an odds ratio of one, one degree of freedom.
    pub chi_square: f64,
    /// Its p-value.
    pub p_value: f64,
}

/// The odds ratio common to all strata, `Σ ad⁄n ÷ Σ bc⁄n`, with the interval of Robins, Breslow and
/// Greenland (1986) and the test of Mantel and Haenszel (1959). O(strata).
///
/// # Errors
/// `NoRows`, `ZeroDenominator` when no stratum has both discordant cells, `NoVariation` when every margin is one-sided.
pub fn mantel_haenszel(
    strata: &[TwoByTwo],
    continuity: Continuity,
    level: Level,
) -> Result<MantelHaenszel, NotComputable> {
    NotComputable::unless_enough(strata.len(), 1)?;
    let (mut r, mut s, mut observed, mut expected, mut variance) = (0.0, 0.0, 0.0, 0.0, 0.0);
    let (mut pr, mut ps_qr, mut qs) = (0.0, 0.0, 0.0);
    let mut rows = 0.0;
    for table in strata {
        let n = table.n();
        if n < 2.0 {
            continue;
        }
        rows += n;
        let [a, b, c, d] =
            [table.first_yes, table.first_no, table.second_yes, table.second_no].map(|v| v as f64);
        let (ri, si) = (a * d / n, b * c / n);
        let (p, q) = ((a + d) / n, (b + c) / n);
        r += ri;
        s += si;
        pr += p * ri;
        ps_qr += p * si + q * ri;
        qs += q * si;
        observed += a;
        expected += (a + b) * (a + c) / n;
        variance += (a + b) * (c + d) * (a + c) * (b + d) / (n * n * (n - 1.0));
    }
    if s <= 0.0 {
        return Err(NotComputable::ZeroDenominator);
    }
    if variance <= 0.0 {
        return Err(NotComputable::NoVariation);
    }
    let gap = (observed - expected).abs();
    let gap = match continuity {
        // Never beyond zero: R caps the correction at the gap itself.
        Continuity::Half => gap - gap.min(0.5),
        Continuity::None => gap,
    };
    let chi_square = gap * gap / variance;
    let point = r / s;
    let interval = if r > 0.0 {
        let log_variance = pr / (2.0 * r * r) + ps_qr / (2.0 * r * s) + qs / (2.0 * s * s);
        let half = level.z() * log_variance.sqrt();
        Ok(Interval::new(point * libm::exp(-half), point * libm::exp(half), level))
    } else {
        Err(NotComputable::invalid("an odds ratio of zero has no log-scale interval"))
    };
    Ok(MantelHaenszel {
        odds_ratio: Estimate {
            point,
            interval,
            n: rows as u64,
            effective_n: rows,
            method: Method::MaximumLikelihood,
        },
        chi_square,
        p_value: chi_square_above(chi_square, 1.0),
    })
}

/// One stratum of a group to be standardised.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Stratum {
    /// Cases with the outcome.
    pub cases: u64,
    /// All in the stratum.
    pub n: u64,
    /// Size of the stratum in the standard population.
    pub standard: f64,
}

/// The rate a group would have with the composition of the standard: `Σ wᵢ pᵢ`, normal interval cut to [0, 1].
///
/// Variance `Σ wᵢ² pᵢ(1−pᵢ) ⁄ nᵢ`. O(strata). Source: Fleiss, Levin and Paik (2003), chapter 19.
///
/// # Errors
/// `TooFew` for a stratum with standard weight but nobody observed; `ZeroDenominator`, `Invalid`.
pub fn direct_standardisation(strata: &[Stratum], level: Level) -> Result<Estimate, NotComputable> {
    let total: f64 = strata.iter().map(|s| s.standard).sum();
    if strata.iter().any(|s| s.standard < 0.0 || s.cases > s.n) {
        return Err(NotComputable::invalid("a stratum has a negative weight or more cases than members"));
    }
    if total.is_nan() || total <= 0.0 {
        return Err(NotComputable::ZeroDenominator);
    }
    let (mut point, mut variance, mut n) = (0.0, 0.0, 0);
    for stratum in strata {
        n += stratum.n;
        if stratum.standard == 0.0 {
            continue;
        }
        if stratum.n == 0 {
            return Err(NotComputable::TooFew { n: 0, need: 1 });
        }
        let (w, p) = (stratum.standard / total, stratum.cases as f64 / stratum.n as f64);
        point += w * p;
        variance += w * w * p * (1.0 - p) / stratum.n as f64;
    }
    let effective_n = if variance > 0.0 { point * (1.0 - point) / variance } else { n as f64 };
    let interval = if variance > 0.0 {
        Ok(Interval::around(point, level.z() * variance.sqrt(), level).clipped(0.0, 1.0))
    } else {
        Err(NotComputable::NoVariation)
    };
    Ok(Estimate { point, interval, n, effective_n, method: Method::WeightedProportion })
}

/// What stratification does to a comparison.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Paradox {
    /// First rate less second rate, all strata together.
    pub crude: f64,
    /// The same with every stratum weighted by its joint size.
    pub adjusted: f64,
    /// Strata with members of both groups.
    pub strata: usize,
    /// Of those, strata whose difference has the opposite sign of the crude one.
    pub reversed: usize,
    /// p-value of the adjusted difference (Mantel–Haenszel without correction).
    pub p_value: f64,
    /// What to tell the reader.
    pub verdict: Verdict,
}

/// The verdict on a comparison.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// Crude and adjusted differences agree in sign.
    Consistent,
    /// The adjusted difference has the opposite sign: Simpson's paradox.
    Reversed,
    /// Every stratum has the opposite sign: Simpson's paradox in its strict form.
    ReversedEverywhere,
}

/// Compares two groups overall and within strata. O(strata). Source: Simpson (1951).
///
/// # Errors
/// `NoRows`, `ZeroDenominator` when a group is empty.
pub fn simpsons_paradox(strata: &[TwoByTwo]) -> Result<Paradox, NotComputable> {
    NotComputable::unless_enough(strata.len(), 1)?;
    let sum = |f: fn(&TwoByTwo) -> u64| strata.iter().map(f).sum::<u64>();
    let all = TwoByTwo {
        first_yes: sum(|t| t.first_yes),
        first_no: sum(|t| t.first_no),
        second_yes: sum(|t| t.second_yes),
        second_no: sum(|t| t.second_no),
    };
    let (first, second) = all.rates().ok_or(NotComputable::ZeroDenominator)?;
    let crude = first - second;
    let (mut weighted, mut weight, mut reversed, mut shared, mut z_top, mut z_variance) =
        (0.0, 0.0, 0, 0, 0.0, 0.0);
    for table in strata {
        let Some((p, q)) = table.rates() else { continue };
        let n = table.n();
        shared += 1;
        weighted += n * (p - q);
        weight += n;
        reversed += usize::from((p - q) * crude < 0.0);
        let (n1, n2) =
            ((table.first_yes + table.first_no) as f64, (table.second_yes + table.second_no) as f64);
        let yes = (table.first_yes + table.second_yes) as f64;
        z_top += table.first_yes as f64 - n1 * yes / n;
        z_variance += n1 * n2 * yes * (n - yes) / (n * n * (n - 1.0));
    }
    if weight <= 0.0 {
        return Err(NotComputable::ZeroDenominator);
    }
    let adjusted = weighted / weight;
    let verdict = if reversed == shared && crude != 0.0 {
        Verdict::ReversedEverywhere
    } else if adjusted * crude < 0.0 {
        Verdict::Reversed
    } else {
        Verdict::Consistent
    };
    let p_value = if z_variance > 0.0 { normal::two_sided(z_top / z_variance.sqrt()) } else { f64::NAN };
    Ok(Paradox { crude, adjusted, strata: shared, reversed, p_value, verdict })
}
