//! Measure kinds: one file each, one row in [`kind_of`]. A kind says which states it needs, what becomes of them, where
//! there is to be a value and when it is final; everything else (scans, segments, periods, gates) is the same for all.
//! What it is called, its unit, its words and what may be summed stand in its file in `kepi-model`.

mod agreement;
mod build;
pub mod composite;
mod duration;
pub(crate) mod entered;
pub mod formula;
mod lifetime;
mod mean;
mod nps;
mod quantile;
mod rating;
mod ratio;
mod share;
mod stock;
mod total;

use kepi_model::project::{Kpi, Measure};
use kepi_stats::{
    estimate::{Estimate, Level, NotComputable},
    survey::cells::CellMoments,
};

use crate::{
    cells::{Cells, View},
    side::{LowerError, Lowering},
    state::wire::Fitted,
    value::{Coverage, Exact},
};

/// What of a cell a weighted mean is made of.
type Moments = fn(&Kpi, &Cells<'_>) -> Result<CellMoments, NotComputable>;

/// A model fitted to the rows of a cell; none where their states are not at hand.
type Fit = fn(&Kpi, &View<'_>) -> Option<Fitted>;

/// A kind of measure. What most kinds have in common is the default.
pub struct MeasureKind {
    lower: fn(&Kpi, &mut Lowering<'_>) -> Result<(), LowerError>,
    finish: fn(&Kpi, &View<'_>, Level) -> Result<Finished, NotComputable>,
    presence: fn(&Kpi) -> Presence,
    settled: fn(&Kpi, i64) -> i64,
    exact: fn(&Kpi, &View<'_>) -> Option<Exact>,
    moments: Option<Moments>,
    fit: Option<Fit>,
    looks_back: bool,
}

/// For which periods and segments there is to be a value. The total has one for every period from the first to the
/// last that has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Presence {
    /// Where rows of a population fell.
    AnySide,
    /// Segments: only where rows of every population fell.
    EverySide,
    /// From the first period with rows on, to the last that the data reach: what came before counts on.
    Onwards,
    /// Nothing is zero. The total, and each unit of a cascade that has rows at all, in every period from the first row
    /// of the entity to the last that the data reach; other segments wherever the entity has rows, whether or not one
    /// of them is of the population.
    Everywhere,
}

impl MeasureKind {
    /// A kind that looks at its own cell only.
    const fn new(
        lower: fn(&Kpi, &mut Lowering<'_>) -> Result<(), LowerError>,
        finish: fn(&Kpi, &View<'_>, Level) -> Result<Finished, NotComputable>,
    ) -> Self {
        Self {
            lower,
            finish,
            presence: |_| Presence::AnySide,
            settled: |_, end| end,
            exact: |_, _| None,
            moments: None,
            fit: None,
            looks_back: false,
        }
    }

    /// The kind, with other places for values than those with rows.
    const fn present(mut self, presence: fn(&Kpi) -> Presence) -> Self {
        self.presence = presence;
        self
    }

    /// The kind, final only some time after the end of a period.
    const fn waiting(mut self, settled: fn(&Kpi, i64) -> i64) -> Self {
        self.settled = settled;
        self
    }

    /// The kind, whose value is a sum or a count without a division.
    const fn exactly(mut self, exact: fn(&Kpi, &View<'_>) -> Option<Exact>) -> Self {
        self.exact = exact;
        self
    }

    /// The kind, whose value is a mean over rows: what of a cell a weighted one is made of.
    const fn a_mean(mut self, moments: Moments) -> Self {
        self.moments = Some(moments);
        self
    }

    /// The kind, whose value is what a model comes to: it is fitted once a value, and what it came to is kept.
    const fn fitted(mut self, fit: Fit) -> Self {
        self.fit = Some(fit);
        self
    }

    /// The kind, given the sums of all periods up to each.
    const fn looking_back(mut self) -> Self {
        self.looks_back = true;
        self
    }

    /// Which states a KPI needs.
    ///
    /// # Errors
    /// The KPI does not fit the project.
    pub fn lower(&self, kpi: &Kpi, lowering: &mut Lowering<'_>) -> Result<(), LowerError> {
        (self.lower)(kpi, lowering)
    }

    /// What becomes of the states of a period and segment.
    pub fn finish(&self, kpi: &Kpi, view: &View<'_>, level: Level) -> Finished {
        // A state out of range on the way: then nothing is known of coverage.
        (self.finish)(kpi, view, level)
            .unwrap_or_else(|reason| Finished { estimate: Err(reason), coverage: Coverage::default() })
    }

    /// Where there is to be a value.
    pub fn presence(&self, kpi: &Kpi) -> Presence {
        (self.presence)(kpi)
    }

    /// Whether the values of a total or a segment hold, together, all that a longer period is made from: not where rows of one
    /// population alone make none.
    pub fn keeps_all(&self, kpi: &Kpi, is_total: bool) -> bool {
        is_total || self.presence(kpi) != Presence::EverySide
    }

    /// Until when a row of a period that ends at an instant may still change, both in µs UTC.
    pub fn settled(&self, kpi: &Kpi, end: i64) -> i64 {
        (self.settled)(kpi, end).max(end)
    }

    /// The value with all its digits, where nothing is divided.
    pub fn exact(&self, kpi: &Kpi, view: &View<'_>) -> Option<Exact> {
        (self.exact)(kpi, view)
    }

    /// Of a cell: rows, and the moments of base weights (1 where there are none) and of what the value is a mean of.
    ///
    /// # Errors
    /// The value is no mean over rows, or a state is out of range.
    pub fn moments(&self, kpi: &Kpi, cells: &Cells<'_>) -> Result<CellMoments, NotComputable> {
        let moments =
            self.moments.ok_or_else(|| NotComputable::Unsupported("it is no mean over rows".to_owned()))?;
        moments(kpi, cells)
    }

    /// What a model comes to that is fitted to the rows of a period and segment; none of kinds without one, and where the rows'
    /// states are not at hand.
    pub fn fit(&self, kpi: &Kpi, view: &View<'_>) -> Option<Fitted> {
        self.fit.and_then(|fit| fit(kpi, view))
    }

    /// Whether it needs the sums of all periods up to each.
    pub fn looks_back(&self) -> bool {
        self.looks_back
    }
}

/// What a kind makes of a cell.
#[derive(Debug, Clone, PartialEq)]
pub struct Finished {
    /// The estimate in the KPI's unit, or why there is none.
    pub estimate: Result<Estimate, NotComputable>,
    /// Rows that entered and rows that could have.
    pub coverage: Coverage,
}

/// The kind of a measure.
pub fn kind_of(measure: &Measure) -> &'static MeasureKind {
    match measure {
        Measure::Total(_) => &total::KIND,
        Measure::Mean(_) => &mean::KIND,
        Measure::Share(_) => &share::KIND,
        Measure::Quantile(_) => &quantile::KIND,
        Measure::Nps(_) => &nps::KIND,
        Measure::Rating(_) => &rating::KIND,
        Measure::Duration(_) => &duration::KIND,
        Measure::Agreement(_) => &agreement::KIND,
        Measure::Ratio(_) => &ratio::KIND,
        Measure::Stock(_) => &stock::KIND,
        Measure::Entered(_) => &entered::KIND,
        Measure::Lifetime(_) => &lifetime::KIND,
        Measure::Formula(_) | Measure::Composite(_) => &OF_KPIS,
    }
}

/// KPIs that are computed of others have no states of their own.
const OF_KPIS: MeasureKind = MeasureKind::new(
    |_, _| Ok(()),
    |_, _, _| Err(NotComputable::Unsupported("it is computed of other KPIs and not of rows".to_owned())),
);

/// What becomes of the values of those that a KPI is computed of; none of one that has none at all.
pub(crate) fn put_together(measure: &Measure, inputs: &[Option<Finished>], level: Level) -> Finished {
    match measure {
        Measure::Formula(formula) => formula::finish(formula, inputs, level),
        Measure::Composite(composite) => composite::finish(composite, inputs, level),
        _ => Finished {
            estimate: Err(NotComputable::Unsupported("it is computed of rows".to_owned())),
            coverage: Coverage::default(),
        },
    }
}
