//! The binomial distribution.

use super::{beta, deviance, stirling_error};

/// Binomial probability for real counts: `Γ(n+1)/(Γ(x+1)Γ(n−x+1)) p^x q^(n−x)`, with `q = 1 − p`.
///
/// Saddle-point form of Loader 2000: no cancellation for large counts.
pub fn mass_real(x: f64, n: f64, p: f64, q: f64) -> f64 {
    if p == 0.0 {
        return if x == 0.0 { 1.0 } else { 0.0 };
    }
    if q == 0.0 {
        return if x == n { 1.0 } else { 0.0 };
    }
    if x == 0.0 {
        return libm::exp(if p < 0.1 { n * libm::log1p(-p) } else { n * libm::log(q) });
    }
    if x == n {
        return libm::exp(if q < 0.1 { n * libm::log1p(-q) } else { n * libm::log(p) });
    }
    if x < 0.0 || x > n {
        return 0.0;
    }
    let rest = n - x;
    let log_mass = stirling_error(n)
        - stirling_error(x)
        - stirling_error(rest)
        - deviance(x, n * p)
        - deviance(rest, n * q);
    libm::exp(log_mass) * (n / (2.0 * std::f64::consts::PI * x * rest)).sqrt()
}

/// Probability of exactly `x` successes in `n` trials.
pub fn mass(x: u64, n: u64, p: f64) -> f64 {
    mass_real(x as f64, n as f64, p, 1.0 - p)
}

/// Probability of at most `x` successes in `n` trials.
pub fn at_most(x: u64, n: u64, p: f64) -> f64 {
    if x >= n { 1.0 } else { beta::above(p, x as f64 + 1.0, (n - x) as f64) }
}

/// Probability of at least `x` successes in `n` trials.
pub fn at_least(x: u64, n: u64, p: f64) -> f64 {
    if x == 0 {
        1.0
    } else if x > n {
        0.0
    } else {
        beta::below(p, x as f64, (n - x) as f64 + 1.0)
    }
}

/// Two-sided exact test: the probability of all outcomes no likelier than the one seen.
///
/// Outcomes within a relative 10⁻⁷ of the observed probability count as equally likely, as R does.
pub fn two_sided(x: u64, n: u64, p: f64) -> f64 {
    let observed = mass(x, n, p) * (1.0 + 1e-7);
    let mode = (p * n as f64).floor() as u64;
    let unlikely = |k: u64| mass(k, n, p) <= observed;
    if x <= mode {
        // Search the far side for the first outcome that is no likelier; mass falls beyond the mode.
        let (mut low, mut high) = (mode, n + 1);
        while low < high {
            let middle = low + (high - low) / 2;
            if unlikely(middle) { high = middle } else { low = middle + 1 }
        }
        (at_most(x, n, p) + at_least(low.max(x + 1), n, p)).min(1.0)
    } else {
        let (mut low, mut high) = (0, mode + 1);
        while low < high {
            let middle = low + (high - low) / 2;
            if unlikely(middle) { low = middle + 1 } else { high = middle }
        }
        let near = if low == 0 { 0.0 } else { at_most(low - 1, n, p) };
        (near + at_least(x, n, p)).min(1.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tails_add_up() {
        for n in [1_u64, 7, 40] {
            for p in [0.03, 0.4, 0.5, 0.97] {
                let mut sum = 0.0;
                for x in 0..=n {
                    sum += mass(x, n, p);
                    assert!((at_most(x, n, p) - sum).abs() < 1e-13, "{n} {p} {x}");
                    assert!((at_least(x, n, p) - (1.0 - sum + mass(x, n, p))).abs() < 1e-13);
                }
            }
        }
    }

    #[test]
    fn two_sided_matches_enumeration() {
        for n in [5_u64, 12, 30] {
            for p in [0.1, 0.37, 0.5, 0.8] {
                for x in 0..=n {
                    let limit = mass(x, n, p) * (1.0 + 1e-7);
                    let direct: f64 = (0..=n).map(|k| mass(k, n, p)).filter(|m| *m <= limit).sum();
                    assert!((two_sided(x, n, p) - direct.min(1.0)).abs() < 1e-12, "{n} {p} {x}");
                }
            }
        }
    }
}
