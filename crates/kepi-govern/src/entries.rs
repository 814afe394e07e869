//! Figures that people enter, because no source has them.

use std::collections::BTreeSet;

use jiff::civil::Date;
use kepi_proof::Commitment;

use crate::{
    periods::PeriodId,
    plain::{Name, Number},
};

/// A figure that is entered: the next run lands it as a row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// Which figure, such as `market_share`.
    pub figure: Name,
    /// The period that it is of.
    pub period: PeriodId,
    /// The day after its last.
    pub until: Date,
    /// The part that it is of, in words of people's data; none: the whole.
    pub part: Option<Commitment>,
    /// The figure.
    pub value: Number,
    /// What it rests on.
    pub evidence: Commitment,
    /// Persons who answer for KPIs of it.
    pub concerned: BTreeSet<u64>,
}

impl Entry {
    /// The texts that it names.
    pub(crate) fn named(&self) -> impl Iterator<Item = Commitment> {
        self.part.into_iter().chain([self.evidence])
    }
}
