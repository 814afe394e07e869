//! The arithmetic of privacy budgets: what has been spent and what several releases cost together.

use crate::estimate::NotComputable;

/// A ledger of privacy loss in millionths of ε, exact under addition.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ledger {
    limit: u64,
    entries: Vec<(String, u64)>,
}

impl Ledger {
    /// An empty ledger with a limit in millionths of ε.
    #[must_use]
    pub fn new(limit: u64) -> Self {
        Self { limit, entries: Vec::new() }
    }

    /// Millionths of ε spent; the losses of releases about the same people add up (Dwork et al. 2006).
    #[must_use]
    pub fn spent(&self) -> u64 {
        self.entries.iter().map(|e| e.1).sum()
    }

    /// Millionths of ε left.
    #[must_use]
    pub fn left(&self) -> u64 {
        self.limit.saturating_sub(self.spent())
    }

    /// What was spent on what, in order.
    #[must_use]
    pub fn entries(&self) -> &[(String, u64)] {
        &self.entries
    }

    /// Books a release before it is made.
    ///
    /// # Errors
    /// `Invalid` for a loss of zero; `Unsupported` when it exceeds what is left: the release must not happen.
    pub fn spend(&mut self, release: &str, millionths: u64) -> Result<(), NotComputable> {
        if millionths == 0 {
            return Err(NotComputable::invalid(
                "a release without privacy loss says nothing or is not booked right",
            ));
        }
        if millionths > self.left() {
            return Err(NotComputable::Unsupported(format!(
                "{release} would spend {millionths} millionths, {} are left",
                self.left()
            )));
        }
        self.entries.push((release.to_owned(), millionths));
        Ok(())
    }
}

/// The ε of k releases of ε₀ each at an extra δ′: `√(2k ln(1⁄δ′)) ε₀ + k ε₀ (e^ε₀ − 1)`.
///
/// For few releases this exceeds the plain sum `k ε₀`, which then holds as well: take the lesser.
///
/// Source: Dwork, Rothblum and Vadhan (2010).
///
/// # Errors
/// `Invalid` unless ε₀ > 0 and 0 < δ′ < 1.
pub fn advanced_composition(releases: u32, epsilon: f64, delta: f64) -> Result<f64, NotComputable> {
    if epsilon.is_nan() || epsilon <= 0.0 || delta.is_nan() || delta <= 0.0 || delta >= 1.0 {
        return Err(NotComputable::invalid("a privacy loss is positive and delta lies between 0 and 1"));
    }
    let k = f64::from(releases);
    Ok((2.0 * k * libm::log(1.0 / delta)).sqrt() * epsilon + k * epsilon * libm::expm1(epsilon))
}

/// The ε at δ of ρ-zero-concentrated privacy: `ρ + 2√(ρ ln(1⁄δ))`. Losses ρ add up. Source: Bun and Steinke (2016).
///
/// # Errors
/// `Invalid` unless ρ ≥ 0 and 0 < δ < 1.
pub fn concentrated_to_approximate(rho: f64, delta: f64) -> Result<f64, NotComputable> {
    if rho.is_nan() || rho < 0.0 || delta.is_nan() || delta <= 0.0 || delta >= 1.0 {
        return Err(NotComputable::invalid("rho is not negative and delta lies between 0 and 1"));
    }
    Ok(rho + 2.0 * (rho * libm::log(1.0 / delta)).sqrt())
}

/// Standard deviation of Gaussian noise that costs ρ: `Δ ⁄ √(2ρ)`. Source: Bun and Steinke (2016).
///
/// # Errors
/// `Invalid` unless both are positive.
pub fn concentrated_gaussian(sensitivity: f64, rho: f64) -> Result<f64, NotComputable> {
    if sensitivity.is_nan() || sensitivity <= 0.0 || rho.is_nan() || rho <= 0.0 {
        return Err(NotComputable::invalid("sensitivity and rho are positive"));
    }
    Ok(sensitivity / (2.0 * rho).sqrt())
}
