//! A stock with what came and went: read from the states kept beside each value.

use kepi_model::{measure::Measure, project::Kpi};
use kepi_query::{
    side::{Role, Term},
    state::wire::{CellStates, StateValue},
    value::Segment,
};

use super::{Reporter, not_found};
use crate::{
    format,
    reader::{ViewError, nothing_computed},
    reason::Absence,
    view::{Amounts, Flow, FlowView, Named, Outcome},
};

/// At most so many periods are drawn, the newest; the download has all.
const MOST_PERIODS: usize = 36;

impl<'a> Reporter<'a> {
    /// A stock with what came and went.
    ///
    /// # Errors
    /// There is no such KPI, it is no stock, or nothing of it is computed.
    pub fn flow(self, id: &str) -> Result<FlowView, ViewError> {
        let mut view = self.whole_flow(id)?;
        view.older = view.flows.len().saturating_sub(MOST_PERIODS);
        view.flows.drain(..view.older);
        Ok(view)
    }

    /// The same from the first period on.
    pub(crate) fn whole_flow(self, id: &str) -> Result<FlowView, ViewError> {
        if self.facts.is_empty() {
            return Err(nothing_computed());
        }
        let stocks = self.project().kpis.values().filter(|kpi| matches!(kpi.measure, Measure::Stock(_)));
        let Some(kpi) = stocks.clone().find(|kpi| kpi.id.as_str() == id) else {
            let known: Vec<_> = stocks.map(|k| (k.id.as_str(), k.name.as_str())).collect();
            return Err(not_found(format!("stock `{id}`"), id, known, |id| format!("/flows/{id}")));
        };
        self.facts.want(&[&kpi.id])?;
        let total = Segment::total();
        let Some((first, last)) = self.facts.span(&kpi.id, kpi.period, &total) else {
            return Err(self.no_value_of(kpi));
        };
        let flows = (first..=last).map(|ordinal| {
            let period = self.project().period(kpi, kpi.period, ordinal);
            let entry = self.facts.entry(&kpi.id, period, &total);
            let amounts = entry.as_ref().map(|entry| match &entry.value.estimate {
                Ok(estimate) => amounts(kpi, &entry.value.states, estimate.point)
                    .map_or_else(|| Outcome::none(Absence::NotPublished), Outcome::Value),
                Err(reason) => Outcome::none(reason),
            });
            Flow {
                period: self.label(period),
                complete: entry.as_ref().is_none_or(|entry| entry.is_final()),
                amounts: amounts.unwrap_or_else(|| Outcome::none(Absence::NotPublished)),
            }
        });
        Ok(FlowView {
            project: self.project_view(),
            kpi: Named::new(&kpi.id, &kpi.name),
            description: kpi.description.clone(),
            flows: flows.collect(),
            older: 0,
        })
    }
}

/// What came and went in a period, of the states of its value. What was there before follows.
fn amounts(kpi: &Kpi, states: &[u8], closing: f64) -> Option<Amounts> {
    let Measure::Stock(stock) = &kpi.measure else { return None };
    let states = CellStates::decode(states).ok()?;
    let of = |term, total: &kepi_model::project::Total| match total.aggregate {
        kepi_model::project::Aggregate::Count => match states.get(term, Role::Counted) {
            Some(StateValue::Count(rows)) => Some(*rows as f64),
            None => Some(0.0),
            Some(_) => None,
        },
        kepi_model::project::Aggregate::Sum(ref value) => match states.get(term, Role::Total) {
            Some(StateValue::Sum(sum)) => Some(*sum as f64 / 10f64.powi(i32::from(value.type_.scale()))),
            None => Some(0.0),
            Some(_) => None,
        },
        kepi_model::project::Aggregate::Distinct(_) => None,
    };
    let (came, went) = (of(Term::First, &stock.came)?, of(Term::Second, &stock.went)?);
    let shown = |raw: f64| (raw, format::line(raw, &kpi.unit));
    Some(Amounts {
        opening: shown(closing - came + went),
        came: shown(came),
        went: shown(went),
        closing: shown(closing),
    })
}
