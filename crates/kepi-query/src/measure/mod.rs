//! Measure kinds: one file each, one row in [`MEASURE_KINDS`]. A kind says which states it needs and what becomes of
//! them; everything else (scans, segments, periods, gates) is the same for all.

mod build;
mod duration;
mod mean;
mod nps;
mod quantile;
mod rating;
mod ratio;
mod share;
mod total;

use kepi_model::project::{Kpi, Measure};
use kepi_stats::estimate::{Estimate, Level, NotComputable};

use crate::{
    cells::Cells,
    lower::{LowerError, Lowering},
    value::Coverage,
};

/// A kind of measure.
pub struct MeasureKind {
    /// Name in lists and documentation.
    pub name: &'static str,
    /// One line on what it computes.
    pub summary: &'static str,
    /// Whether it is this kind's.
    pub handles: fn(&Measure) -> bool,
    /// Which states it needs.
    pub lower: fn(&Kpi, &mut Lowering<'_>) -> Result<(), LowerError>,
    /// What becomes of the states of one cell.
    pub finish: fn(&Kpi, &Cells<'_>, Level) -> Finished,
}

/// What a kind makes of a cell.
#[derive(Debug, Clone, PartialEq)]
pub struct Finished {
    /// The estimate in the KPI's unit, or why there is none.
    pub estimate: Result<Estimate, NotComputable>,
    /// Rows that entered and rows that could have.
    pub coverage: Coverage,
}

impl Finished {
    /// From something that may fail on the way, such as by a state out of range: then nothing is known of coverage.
    fn from(result: Result<Self, NotComputable>) -> Self {
        result.unwrap_or_else(|reason| Self { estimate: Err(reason), coverage: Coverage::default() })
    }
}

/// Every kind. [`Measure`] is closed, and a test walks this list: each variant has exactly one row.
pub const MEASURE_KINDS: &[MeasureKind] = &[
    total::KIND,
    mean::KIND,
    share::KIND,
    quantile::KIND,
    nps::KIND,
    rating::KIND,
    duration::KIND,
    ratio::KIND,
];

/// The kind of a measure.
pub fn kind_of(measure: &Measure) -> &'static MeasureKind {
    match measure {
        Measure::Total(_) => &total::KIND,
        Measure::Mean { .. } => &mean::KIND,
        Measure::Share { .. } => &share::KIND,
        Measure::Quantile { .. } => &quantile::KIND,
        Measure::Nps { .. } => &nps::KIND,
        Measure::Rating { .. } => &rating::KIND,
        Measure::Duration { .. } => &duration::KIND,
        Measure::Ratio { .. } => &ratio::KIND,
    }
}
