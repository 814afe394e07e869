//! What a model came to that was fitted to rows, as it is kept: the rows themselves are not.

use kepi_stats::{
    estimate::{Estimate, Level, NotComputable},
    value::lifetime::Worth,
};

use super::{Reader, WireError, Writer};

/// What a model came to that was fitted to rows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fitted(pub Result<Found, NotComputable>);

/// The worth of a customer base, as bits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Found {
    /// Bits of the sum over all customers, in major units.
    pub total: u64,
    /// Bits of the standard error of its logarithm.
    pub log_error: u64,
    /// Customers.
    pub n: u64,
}

impl Fitted {
    /// What a fit came to.
    pub fn of(worth: Result<Worth, NotComputable>) -> Self {
        let bits =
            |of: Worth| Found { total: of.total.to_bits(), log_error: of.log_error.to_bits(), n: of.n };
        Self(worth.map(bits))
    }

    /// The estimate at a level: of all customers, or of one.
    ///
    /// # Errors
    /// The model could not be fitted.
    pub fn estimate(&self, of_all: bool, level: Level) -> Result<Estimate, NotComputable> {
        let Found { total, log_error, n } = self.0.clone()?;
        let worth = Worth { total: f64::from_bits(total), log_error: f64::from_bits(log_error), n };
        if of_all { Ok(worth.total(level)) } else { worth.mean(level) }
    }
}

impl Writer<'_> {
    pub(super) fn fitted(&mut self, Fitted(found): &Fitted) {
        match found {
            Ok(Found { total, log_error, n }) => {
                self.bytes.push(1);
                self.number((*total).into());
                self.number((*log_error).into());
                self.number((*n).into());
            }
            Err(reason) => {
                self.bytes.push(0);
                self.text(&serde_json::to_string(reason).unwrap_or_default());
            }
        }
    }
}

impl Reader<'_> {
    pub(super) fn fitted(&mut self) -> Result<Fitted, WireError> {
        if self.flag()? {
            let (total, log_error, n) = (self.unsigned()?, self.unsigned()?, self.unsigned()?);
            return Ok(Fitted(Ok(Found { total, log_error, n })));
        }
        let text = self.text()?;
        let reason: NotComputable = serde_json::from_str(&text).map_err(|_| WireError::Damaged(self.at))?;
        // Only what is written is read.
        match serde_json::to_string(&reason) {
            Ok(again) if again == text => Ok(Fitted(Err(reason))),
            _ => Err(WireError::Damaged(self.at)),
        }
    }
}
