//! What the customers there are will still bring: the models of purchases and of contracts, summed over a customer base, with
//! the error that comes of their parameters being estimated.

use super::bg_nbd::{BgNbd, Parameters, Variant};
use super::gamma_gamma::{GammaGamma, Spend};
use super::shifted_beta_geometric::ShiftedBetaGeometric;
use super::{History, discounted_purchases, distinct};
use crate::estimate::{Estimate, Interval, Level, Method, NotComputable};
use crate::linear::Matrix;

/// Beyond this, number and value of purchases go together, and a customer's worth is no product of the two.
pub const MOST_CORRELATION: f64 = 0.3;
/// Nothing is renewed more often; counts by renewals are kept in a list.
const MOST_RENEWALS: usize = 100_000;
/// Half the step of a difference quotient on the logarithm of a parameter; its square is what the quotient errs by.
const STEP: f64 = 1e-4;

/// A customer who buys without contract.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Buyer {
    /// The purchases so far.
    pub history: History,
    /// What the repeat purchases came to, in money; positive where there are any.
    pub spent: f64,
}

/// How far ahead purchases are counted, and what they are worth today.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Ahead {
    /// Equal periods, at the end of each of which its purchases are counted as paid.
    pub periods: u32,
    /// The length of one, in the unit of the histories.
    pub length: f64,
    /// Discount rate per period.
    pub discount: f64,
}

/// Purchases are counted as paid at the end of equal stretches of about so many days.
const STRETCH: f64 = 30.0;
/// Days of a year.
const YEAR: f64 = 365.0;

impl Ahead {
    /// So many days in equal stretches of about thirty, at a rate a year of 365; for histories in days.
    #[must_use]
    pub fn of_days(days: f64, discount_a_year: f64) -> Self {
        let periods = (days / STRETCH).round().max(1.0);
        let length = days / periods;
        let discount = libm::expm1(libm::log1p(discount_a_year) * length / YEAR);
        Self { periods: periods as u32, length, discount }
    }
}

/// A customer who pays by contract, renewed period after period.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Contract {
    /// Renewals so far.
    pub renewals: u32,
    /// Whether it was not renewed again.
    pub ended: bool,
    /// What a renewal brings, in money.
    pub value: f64,
}

/// What a customer base is expected to bring.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Worth {
    /// The sum over all customers, in money of today.
    pub total: f64,
    /// Standard error of its logarithm, from the parameters alone.
    pub log_error: f64,
    /// Customers.
    pub n: u64,
}

impl Worth {
    /// The sum, with an interval that is symmetric on the logarithm: it says how well the parameters are known, not how far what
    /// customers do will scatter about what is expected of them.
    #[must_use]
    pub fn total(&self, level: Level) -> Estimate {
        self.scaled(1.0, level)
    }

    /// The mean of a customer.
    ///
    /// # Errors
    /// `NoRows` without customers.
    pub fn mean(&self, level: Level) -> Result<Estimate, NotComputable> {
        if self.n == 0 { Err(NotComputable::NoRows) } else { Ok(self.scaled(1.0 / self.n as f64, level)) }
    }

    fn scaled(&self, by: f64, level: Level) -> Estimate {
        let (point, half) = (self.total * by, level.z() * self.log_error);
        Estimate {
            point,
            interval: Ok(Interval::new(point * libm::exp(-half), point * libm::exp(half), level)),
            n: self.n,
            effective_n: self.n as f64,
            method: Method::MaximumLikelihood,
        }
    }
}

/// Worth of those who buy without contract: purchases by BG/NBD, the value of one by Gamma-Gamma, which is taken to have nothing
/// to do with their number. O(distinct histories × periods), nine times over for the error.
///
/// Σ DET(history) · E(M | spend), DET the discounted purchases expected; the error by the delta method on the logarithms of the
/// seven parameters. Source: Fader, Hardie and Lee (2005); Fader and Hardie (2013).
///
/// # Errors
/// What the two fits return; `Unsupported` where number and value of purchases correlate beyond [`MOST_CORRELATION`], and
/// outside the closed forms.
pub fn of_buyers(buyers: &[Buyer], ahead: Ahead) -> Result<Worth, NotComputable> {
    let histories: Vec<History> = buyers.iter().map(|buyer| buyer.history).collect();
    let fit = BgNbd::fit(&histories, Variant::Original)?;
    let spend_of = |buyer: &Buyer| {
        let purchases = buyer.history.repeats;
        (purchases > 0).then(|| Spend { purchases, mean_value: buyer.spent / f64::from(purchases) })
    };
    let spends: Vec<Spend> = buyers.iter().filter_map(spend_of).collect();
    let money = GammaGamma::fit(&spends)?;
    if money.correlation.abs() > MOST_CORRELATION {
        return Err(NotComputable::Unsupported(format!(
            "number and value of purchases go together (correlation {:.2}), and the model takes them to have nothing to do with each other",
            money.correlation
        )));
    }
    // Customers with one history differ by what a purchase of theirs is worth.
    let groups = distinct(&histories, 1.0);
    let order = |a: &History, b: &History| {
        a.repeats.cmp(&b.repeats).then(a.age.total_cmp(&b.age)).then(a.last.total_cmp(&b.last))
    };
    let worth_by_group = |money: &GammaGamma| -> Result<Vec<f64>, NotComputable> {
        let mut sums = vec![0.0; groups.len()];
        for buyer in buyers {
            let group = groups.binary_search_by(|(_, history)| order(history, &buyer.history));
            if let Some(sum) = group.ok().and_then(|group| sums.get_mut(group)) {
                *sum += money.expected_value(spend_of(buyer).as_ref())?;
            }
        }
        Ok(sums)
    };
    let purchases_by_group = |fit: &BgNbd| -> Result<Vec<f64>, NotComputable> {
        let of = groups.iter().map(|(_, history)| {
            let expected = |time| fit.expected(history, time);
            discounted_purchases(expected, ahead.periods, ahead.length, ahead.discount)
        });
        of.collect()
    };
    let product = |a: &[f64], b: &[f64]| a.iter().zip(b).map(|(a, b)| a * b).sum::<f64>();
    let (purchases, values) = (purchases_by_group(&fit)?, worth_by_group(&money)?);
    let total = product(&purchases, &values);
    let p = fit.parameters;
    let of_purchases = log_slopes(&[p.r, p.alpha, p.a, p.b], total, |at| {
        let &[r, alpha, a, b] = at else { return Err(NotComputable::invalid("four parameters")) };
        let moved = BgNbd { parameters: Parameters { r, alpha, a, b }, ..fit.clone() };
        Ok(product(&purchases_by_group(&moved)?, &values))
    })?;
    let of_values = log_slopes(&[money.p, money.q, money.v], total, |at| {
        let &[p, q, v] = at else { return Err(NotComputable::invalid("three parameters")) };
        Ok(product(&purchases, &worth_by_group(&GammaGamma { p, q, v, ..money.clone() })?))
    })?;
    let variance =
        quadratic(&of_purchases, &fit.log_covariance) + quadratic(&of_values, &money.log_covariance);
    finite(total, variance, buyers.len())
}

/// Worth of those whose contract is in force, just before its next renewal: Σ value · discounted expected renewals. `discount` is
/// the rate per period of renewal. Contracts that ended say how many leave, and are worth nothing.
///
/// The error by the delta method on the logarithms of both parameters. Source: Fader and Hardie (2007, 2010).
///
/// # Errors
/// `TooFew` unless contracts came to two renewals or more; `NoVariation` where none ended; `Invalid` unless the discount is
/// positive; `NoRows` where none is in force; `NoConvergence`.
pub fn of_contracts(contracts: &[Contract], discount: f64) -> Result<Worth, NotComputable> {
    let most =
        contracts.iter().map(|contract| contract.renewals).max().ok_or(NotComputable::NoRows)? as usize;
    if most > MOST_RENEWALS {
        return Err(NotComputable::Invalid(format!(
            "a contract was renewed {most} times, which no contract is"
        )));
    }
    let (mut lost, mut stayed, mut values) = (vec![0.0; most + 1], vec![0.0; most + 1], vec![0.0; most + 1]);
    let mut in_force = 0_usize;
    for contract in contracts {
        let renewals = contract.renewals as usize;
        let counts = if contract.ended { &mut lost } else { &mut stayed };
        if let Some(count) = counts.get_mut(renewals) {
            *count += 1.0;
        }
        if !contract.ended {
            in_force += 1;
            if let Some(value) = values.get_mut(renewals) {
                *value += contract.value;
            }
        }
    }
    if in_force == 0 {
        return Err(NotComputable::NoRows);
    }
    let fit = ShiftedBetaGeometric::fit_counts(&lost, &stayed)?;
    let worth = |fit: &ShiftedBetaGeometric| -> Result<f64, NotComputable> {
        let mut total = 0.0;
        for (renewals, value) in values.iter().enumerate().filter(|(_, value)| **value != 0.0) {
            total += value * fit.residual_lifetime(renewals as u32 + 1, discount)?;
        }
        Ok(total)
    };
    let total = worth(&fit)?;
    let slopes = log_slopes(&[fit.alpha, fit.beta], total, |at| {
        let &[alpha, beta] = at else { return Err(NotComputable::invalid("two parameters")) };
        worth(&ShiftedBetaGeometric { alpha, beta, ..fit.clone() })
    })?;
    finite(total, quadratic(&slopes, &fit.log_covariance), in_force)
}

/// `∂ ln total ⁄ ∂ ln p` of each parameter, by central differences.
fn log_slopes(
    at: &[f64],
    total: f64,
    of: impl Fn(&[f64]) -> Result<f64, NotComputable>,
) -> Result<Vec<f64>, NotComputable> {
    let moved = |place: usize, by: f64| {
        let at: Vec<f64> =
            at.iter().enumerate().map(|(i, p)| if i == place { p * libm::exp(by) } else { *p }).collect();
        of(&at)
    };
    (0..at.len()).map(|i| Ok((moved(i, STEP)? - moved(i, -STEP)?) / (2.0 * STEP) / total)).collect()
}

fn quadratic(slopes: &[f64], covariance: &Matrix) -> f64 {
    let mut sum = 0.0;
    for (i, a) in slopes.iter().enumerate() {
        for (j, b) in slopes.iter().enumerate() {
            sum += a * b * covariance[(i, j)];
        }
    }
    sum
}

fn finite(total: f64, variance: f64, customers: usize) -> Result<Worth, NotComputable> {
    if !total.is_finite() || !variance.is_finite() || total <= 0.0 {
        return Err(NotComputable::NoConvergence { margin: "the sum over all customers".to_owned() });
    }
    Ok(Worth { total, log_error: variance.max(0.0).sqrt(), n: customers as u64 })
}
