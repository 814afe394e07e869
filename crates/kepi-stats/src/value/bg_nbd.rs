//! The beta-geometric/NBD model: purchases at a steady personal rate, and after each one a personal chance to leave.
#![expect(
    clippy::indexing_slicing,
    reason = "parameters are four and tables reach the largest number of repeats"
)]

use super::special::log_hypergeometric;
use super::{History, check, distinct, mean_age};
use crate::estimate::{Estimate, Interval, Level, Method, NotComputable};
use crate::linear::{Cholesky, Matrix};
use crate::optimise::{Local, Stopping, newton};

/// When a customer may leave.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Variant {
    /// After every repeat purchase (Fader, Hardie and Lee 2005). Customers without repeats are alive. The default.
    #[default]
    Original,
    /// After every purchase, the first included (Batislam, Denizel and Filiztekin 2007).
    Modified,
}

impl Variant {
    /// Chances to leave of a customer with this many repeats.
    fn chances(self, repeats: u32) -> u32 {
        match self {
            Self::Original => repeats,
            Self::Modified => repeats + 1,
        }
    }
}

/// Parameters: rates are Gamma(r, α), chances to leave Beta(a, b).
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Parameters {
    /// Shape of the purchase rates.
    pub r: f64,
    /// Scale of the purchase rates, in units of time.
    pub alpha: f64,
    /// First shape of the chance to leave.
    pub a: f64,
    /// Second shape of the chance to leave.
    pub b: f64,
}

/// A fitted model.
#[derive(Debug, Clone)]
pub struct BgNbd {
    /// Maximum-likelihood parameters.
    pub parameters: Parameters,
    /// When customers may leave.
    pub variant: Variant,
    /// Log-likelihood at the maximum.
    pub log_likelihood: f64,
    /// Covariance of the logarithms of (r, α, a, b).
    pub log_covariance: Matrix,
    /// Customers.
    pub n: u64,
}

/// What histories with the same number of repeats share: sums of `ln`, `1 ⁄` and `−1 ⁄ ²` of `shape + i` up to a count, which
/// are the differences of the log-gamma function and of its derivatives.
struct Tables {
    log: Vec<f64>,
    slope: Vec<f64>,
    curvature: Vec<f64>,
}

fn tables(shape: f64, most: usize) -> Tables {
    let zero = || Vec::with_capacity(most + 1);
    let mut tables = Tables { log: zero(), slope: zero(), curvature: zero() };
    let (mut log, mut slope, mut curvature) = (0.0, 0.0, 0.0);
    for i in 0..=most {
        tables.log.push(log);
        tables.slope.push(slope);
        tables.curvature.push(curvature);
        let inverse = 1.0 / (shape + i as f64);
        log += libm::log(shape + i as f64);
        slope += inverse;
        curvature -= inverse * inverse;
    }
    tables
}

/// The log-likelihood of histories under given parameters, O(n).
///
/// Source: Fader, Hardie and Lee (2005), equation 6, in the stable form of their technical note.
#[must_use]
pub fn log_likelihood(histories: &[History], p: &Parameters, variant: Variant) -> f64 {
    let weighted: Vec<(f64, History)> = histories.iter().map(|h| (1.0, *h)).collect();
    sums(&weighted, p, variant).value
}

/// Log-likelihood and its derivatives by (r, α, a, b). Rows with equal repeats and age should follow each other.
fn sums(rows: &[(f64, History)], p: &Parameters, variant: Variant) -> Local {
    let most = rows.iter().map(|(_, h)| h.repeats).max().unwrap_or(0) as usize;
    let rate = tables(p.r, most);
    let stay = tables(p.b, most + 1);
    let both = tables(p.a + p.b, most + 1);
    let log_alpha = libm::log(p.alpha);
    let log_a = libm::log(p.a);
    // One logarithm serves many rows of weight one.
    let (mut value, mut product) = (0.0, 1.0_f64);
    let mut slope = [0.0; 4];
    // The upper triangle, by rows.
    let [mut rr, mut ra, mut aa, mut pp, mut pq, mut qq] = [0.0; 6];
    let [mut rp, mut rq, mut ap, mut aq] = [0.0; 4];
    for same in rows.chunk_by(|a, b| a.1.repeats == b.1.repeats) {
        let Some((_, first)) = same.first() else { continue };
        let x = first.repeats as usize;
        let m = variant.chances(first.repeats) as usize;
        let exponent = p.r + x as f64;
        let before = p.b + m.saturating_sub(1) as f64;
        let log_odds = log_a - libm::log(before);
        // Sums over these rows of the weight, of the weight that has gone, and of its products with what the two
        // branches differ by along each parameter.
        let [mut count, mut gone_sum, mut spread, mut spread_r, mut spread_alpha] = [0.0; 5];
        let (mut age, mut log_now, mut now) = (f64::NAN, 0.0, 0.0);
        for &(weight, h) in same {
            if product > 1e300 {
                value += libm::log(product);
                product = 1.0;
            }
            if h.age != age {
                age = h.age;
                log_now = libm::log(p.alpha + age);
                now = 1.0 / (p.alpha + age);
            }
            count += weight;
            let (mut gone, mut log_then, mut then) = (0.0, log_now, now);
            if m > 0 {
                log_then = libm::log(p.alpha + h.last);
                then = 1.0 / (p.alpha + h.last);
                // ln(e^alive + e^left) with the two of them apart by this much.
                let apart = log_odds + exponent * (log_now - log_then);
                let small = libm::exp(-apart.abs());
                value += weight * apart.max(0.0);
                if weight == 1.0 {
                    product *= 1.0 + small;
                } else {
                    value += weight * libm::log1p(small);
                }
                gone = if apart > 0.0 { 1.0 } else { small } / (1.0 + small);
            }
            value -= weight * exponent * log_now;
            let here = 1.0 - gone;
            let mean = here * now + gone * then;
            slope[0] -= weight * (here * log_now + gone * log_then);
            slope[1] -= weight * exponent * mean;
            let mixed = weight * gone * here;
            let (by_r, by_alpha) = (log_now - log_then, exponent * (now - then));
            gone_sum += weight * gone;
            spread += mixed;
            spread_r += mixed * by_r;
            spread_alpha += mixed * by_alpha;
            rr += mixed * by_r * by_r;
            ra += mixed * by_r * by_alpha - weight * mean;
            aa += mixed * by_alpha * by_alpha + weight * exponent * (here * now * now + gone * then * then);
        }
        value += count * (rate.log[x] + p.r * log_alpha + stay.log[m] - both.log[m]);
        slope[0] += count * (rate.slope[x] + log_alpha);
        slope[1] += count * p.r / p.alpha;
        slope[2] += gone_sum / p.a - count * both.slope[m];
        slope[3] += count * (stay.slope[m] - both.slope[m]) - gone_sum / before;
        rr += count * rate.curvature[x];
        ra += count / p.alpha;
        aa -= count * p.r / (p.alpha * p.alpha);
        rp += spread_r / p.a;
        rq -= spread_r / before;
        ap += spread_alpha / p.a;
        aq -= spread_alpha / before;
        pp += (spread - gone_sum) / (p.a * p.a) - count * both.curvature[m];
        pq -= spread / (p.a * before) + count * both.curvature[m];
        qq += (spread + gone_sum) / (before * before) + count * (stay.curvature[m] - both.curvature[m]);
    }
    value += libm::log(product);
    let triangle = [[rr, ra, rp, rq], [ra, aa, ap, aq], [rp, ap, pp, pq], [rq, aq, pq, qq]];
    let mut hessian = Matrix::zeros(4, 4);
    for (i, row) in triangle.iter().enumerate() {
        for (j, second) in row.iter().enumerate() {
            hessian[(i, j)] = *second;
        }
    }
    Local { value, gradient: slope.to_vec(), hessian }
}

impl BgNbd {
    /// Fits by maximum likelihood: Newton's method on the logarithms of the parameters with exact derivatives.
    /// O(n log n) to find equal histories, which are evaluated once, then a few passes over the distinct ones.
    ///
    /// # Errors
    /// `TooFew` below five customers, `NoVariation` without any repeat, `Invalid` for contradictory histories,
    /// `NoConvergence` (also when the likelihood rises towards a boundary).
    pub fn fit(histories: &[History], variant: Variant) -> Result<Self, NotComputable> {
        check(histories)?;
        let n = histories.len() as f64;
        // Time in units of the mean age puts all four logarithms near zero.
        let unit = mean_age(histories);
        let rows = distinct(histories, unit);
        let parameters = |x: &[f64]| Parameters {
            r: libm::exp(x[0]),
            alpha: libm::exp(x[1]),
            a: libm::exp(x[2]),
            b: libm::exp(x[3]),
        };
        // Minus the mean log-likelihood by the logarithms: ∂ ⁄ ∂ ln p = p ∂ ⁄ ∂p.
        let objective = |rows: &[(f64, History)], n: f64, x: &[f64]| {
            let p = parameters(x);
            let sums = sums(rows, &p, variant);
            let by = [p.r, p.alpha, p.a, p.b];
            let gradient: Vec<f64> = sums.gradient.iter().zip(by).map(|(s, p)| -s * p / n).collect();
            let mut hessian = Matrix::zeros(4, 4);
            for i in 0..4 {
                for j in 0..4 {
                    hessian[(i, j)] = -sums.hessian[(i, j)] * by[i] * by[j] / n;
                }
                hessian[(i, i)] += gradient[i];
            }
            Local { value: -sums.value / n, gradient, hessian }
        };
        let stopping = Stopping { tolerance: 1e-13, iterations: 200 };
        // Many histories start from the maximum of every sixteenth, which leaves few passes over all of them.
        let mut start = vec![0.0; 4];
        if rows.len() >= 20_000 {
            let some: Vec<(f64, History)> = rows.iter().step_by(16).copied().collect();
            let n = some.iter().map(|(weight, _)| weight).sum();
            if let Ok((found, _)) = newton(|x| objective(&some, n, x), &start, stopping) {
                start = found.at;
            }
        }
        let (found, hessian) = newton(|x| objective(&rows, n, x), &start, stopping)?;
        if found.at.iter().any(|v| v.abs() > 15.0) {
            return Err(NotComputable::NoConvergence { margin: "a parameter at its boundary".to_owned() });
        }
        let log_covariance = Cholesky::new(&hessian.scaled(n))
            .map_err(|_| NotComputable::NoConvergence { margin: "a flat likelihood".to_owned() })?
            .inverse();
        let p = parameters(&found.at);
        // A density per unit of time and purchase.
        let purchases: f64 = rows.iter().map(|(weight, h)| weight * f64::from(h.repeats)).sum();
        Ok(Self {
            log_likelihood: -found.value * n - purchases * libm::log(unit),
            parameters: Parameters { alpha: p.alpha * unit, ..p },
            variant,
            log_covariance,
            n: histories.len() as u64,
        })
    }

    /// r, α, a, b with intervals symmetric on the logarithm.
    #[must_use]
    pub fn estimates(&self, level: Level) -> [Estimate; 4] {
        let p = self.parameters;
        let variances = self.log_covariance.diagonal();
        let points = [p.r, p.alpha, p.a, p.b];
        std::array::from_fn(|i| {
            let half = level.z() * variances[i].max(0.0).sqrt();
            Estimate {
                point: points[i],
                interval: Ok(Interval::new(points[i] * libm::exp(-half), points[i] * libm::exp(half), level)),
                n: self.n,
                effective_n: self.n as f64,
                method: Method::MaximumLikelihood,
            }
        })
    }

    /// The probability that a customer is still one.
    #[must_use]
    pub fn alive(&self, history: &History) -> f64 {
        let p = &self.parameters;
        let m = self.variant.chances(history.repeats);
        if m == 0 {
            return 1.0;
        }
        let exponent = p.r + f64::from(history.repeats);
        let odds = libm::log(p.a / (p.b + f64::from(m) - 1.0))
            + exponent * libm::log((p.alpha + history.age) / (p.alpha + history.last));
        1.0 / (1.0 + libm::exp(odds))
    }

    /// Purchases of a customer expected within `time` from now.
    ///
    /// Fader, Hardie and Lee (2005), equation 10. About 50 terms of a series.
    ///
    /// # Errors
    /// `Unsupported` for the modified variant, and where a + b + x ≤ 1, outside the closed form; `Invalid` for a negative time.
    pub fn expected(&self, history: &History, time: f64) -> Result<f64, NotComputable> {
        let p = &self.parameters;
        let x = f64::from(history.repeats);
        let (shape, base) = (p.r + x, p.alpha + history.age);
        Ok(self.purchases(shape, p.b + x, base, p.a + p.b + x - 1.0, time)? * self.alive(history))
    }

    /// Purchases of a new customer expected within `time`.
    ///
    /// # Errors
    /// As [`BgNbd::expected`].
    pub fn expected_new(&self, time: f64) -> Result<f64, NotComputable> {
        let p = &self.parameters;
        self.purchases(p.r, p.b, p.alpha, p.a + p.b - 1.0, time)
    }

    /// `c ⁄ (a − 1) · (1 − (base ⁄ (base + t))^shape ₂F₁(shape, b; c; t ⁄ (base + t)))`.
    fn purchases(&self, shape: f64, b: f64, base: f64, c: f64, time: f64) -> Result<f64, NotComputable> {
        if self.variant == Variant::Modified {
            return Err(NotComputable::Unsupported("expected purchases of the modified model".to_owned()));
        }
        if time.is_nan() || time < 0.0 {
            return Err(NotComputable::Invalid(format!("a time is not negative, unlike `{time}`")));
        }
        if c <= 0.0 {
            return Err(NotComputable::Unsupported(
                "a + b + repeats is at most 1, outside the closed form".to_owned(),
            ));
        }
        // The form has a removable gap at a = 1; a nudge costs no visible digit.
        let a = if (self.parameters.a - 1.0).abs() < 1e-7 { 1.0 + 1e-7 } else { self.parameters.a };
        let c = c + a - self.parameters.a;
        let log =
            shape * libm::log(base / (base + time)) + log_hypergeometric(shape, b, c, time / (base + time));
        let value = c / (a - 1.0) * -libm::expm1(log);
        if value.is_finite() {
            Ok(value)
        } else {
            Err(NotComputable::NoConvergence { margin: "the hypergeometric series".to_owned() })
        }
    }
}
