//! A figure that stands in place of what was not measured, as it is kept: from it the value is finished again.

use kepi_stats::estimate::{Estimate, Method, NotComputable};

use super::{Reader, WireError, Writer};

/// Where a figure comes from that was not measured.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Way {
    /// Taken as zero.
    Zero,
    /// The last measured value.
    Carried,
    /// Made of measured values.
    Imputed,
}

/// A figure that stands in place of what was not measured.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Filled {
    /// Where it comes from.
    pub way: Way,
    /// Bits of the point, in the KPI's unit.
    pub point: u64,
    /// Ordinal of the oldest period of which it is made, of the grain of its own; its own where it is made of none.
    pub since: i32,
    /// Where it comes from, in words.
    pub how: String,
}

impl Filled {
    /// The estimate: without cases, and without an interval.
    pub fn estimate(&self) -> Estimate {
        Estimate {
            point: f64::from_bits(self.point),
            interval: Err(NotComputable::NotMeasured { how: self.how.clone() }),
            n: 0,
            effective_n: 0.0,
            method: match self.way {
                Way::Zero => Method::TakenAsZero,
                Way::Carried => Method::CarriedForward,
                Way::Imputed => Method::Imputed,
            },
        }
    }
}

impl Writer<'_> {
    pub(super) fn filled(&mut self, Filled { way, point, since, how }: &Filled) {
        self.bytes.push(match way {
            Way::Zero => 0,
            Way::Carried => 1,
            Way::Imputed => 2,
        });
        self.number((*point).into());
        self.signed((*since).into());
        self.text(how);
    }
}

impl Reader<'_> {
    pub(super) fn filled(&mut self) -> Result<Filled, WireError> {
        let way = match self.byte()? {
            0 => Way::Zero,
            1 => Way::Carried,
            2 => Way::Imputed,
            _ => return Err(WireError::Damaged(self.at)),
        };
        Ok(Filled { way, point: self.unsigned()?, since: self.day()?, how: self.text()? })
    }
}
