//! How many of those who were asked have answered, counted by what became of the invitations.

use kepi_model::project::{Disposition, Kpi};
use kepi_stats::estimate::NotComputable;

use crate::{
    cells::{Cells, View},
    side::{Role, Term},
    state::wire::CellStates,
};

/// Invitations by what became of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Responded {
    /// Rows of the population.
    pub invited: u64,
    /// Those that did not arrive.
    pub bounced: u64,
    /// Those that reached whom they were not meant for.
    pub ineligible: u64,
    /// Those that were answered in full.
    pub complete: u64,
    /// Those that were answered in part.
    pub partial: u64,
}

impl Responded {
    /// Of one cell; none of a KPI that does not say what became of its rows.
    ///
    /// # Errors
    /// A count is out of range.
    pub fn of(kpi: &Kpi, cells: &Cells<'_>) -> Result<Option<Self>, NotComputable> {
        let Some(response) = &kpi.response else { return Ok(None) };
        let count = |of: Disposition| match response.condition(of) {
            Some(_) => cells.count(Term::First, Role::Disposition(of)),
            None => Ok(0),
        };
        Ok(Some(Self {
            invited: cells.count(Term::First, Role::Eligible)?,
            bounced: count(Disposition::Bounced)?,
            ineligible: count(Disposition::Ineligible)?,
            complete: count(Disposition::Complete)?,
            partial: count(Disposition::Partial)?,
        }))
    }

    /// Of a value, by the states that are kept beside it.
    pub fn of_value(kpi: &Kpi, states: &[u8]) -> Option<Self> {
        let states = CellStates::decode(states).ok()?;
        Self::of(kpi, &View::kept(&states).own()).ok()?
    }

    /// Those who could have answered: invitations that arrived and were meant. The denominator of the rate.
    pub fn asked(&self) -> u64 {
        self.invited.saturating_sub(self.bounced).saturating_sub(self.ineligible)
    }

    /// The rate of response: full answers of all who were asked; none where nobody was. (RR1 of the AAPOR's Standard
    /// Definitions, with all who were asked taken as eligible.)
    pub fn rate(&self) -> Option<f64> {
        (self.asked() > 0).then(|| self.complete as f64 / self.asked() as f64)
    }
}
