//! What programs are told of what is disclosed, and of what is withheld.

use super::{Disclosure, Methodology, Readiness, Statement, UnitReadiness, Withheld, from_named};
use crate::{decided::RegisterAsked, facts::Facts, reader::ViewError, reporter::Reporter, view};

/// Of what there is a methodology, and what is withheld.
pub fn disclosure(facts: &dyn Facts) -> Disclosure {
    let view = Reporter::new(facts).disclosure();
    let of = |kind: &str, all: Vec<view::Named>| -> Vec<super::Named> {
        let all = all.into_iter();
        all.map(|of| super::Named { id: format!("{kind}/{}", of.id), name: of.name }).collect()
    };
    let mut documents = of("scorecard", view.scorecards);
    documents.extend(of("kpi", view.kpis));
    let withheld = view.withheld.into_iter().map(|of| Withheld {
        id: of.of.id,
        name: of.of.name,
        of: of.from.into_iter().map(from_named).collect(),
        withheld: of.withheld.into_iter().map(str::to_owned).collect(),
        duty: of.duty,
        why: of.why,
        owner: of.owner.map(|person| person.name),
        since: of.since,
        until: of.until,
        holds: of.holds,
    });
    Disclosure { documents, withheld: withheld.collect() }
}

/// How far each unit is with a period.
///
/// # Errors
/// It is no period, or it cannot be read.
pub fn readiness(facts: &dyn Facts, period: &str) -> Result<Readiness, ViewError> {
    let view = Reporter::new(facts).readiness(period)?;
    let units = view.units.into_iter().map(|of| UnitReadiness {
        unit: of.unit,
        name: of.name,
        state: of.state.to_owned(),
        otherwise: of.otherwise.map(str::to_owned),
        figures: of.figures,
        provisional: of.provisional,
        asked: of.asked,
        in_time: of.in_time,
        statements: of
            .statements
            .into_iter()
            .map(|said| Statement {
                source: said.source,
                by: said.by,
                state: said.state,
                due: said.due,
                item: said.item,
            })
            .collect(),
    });
    Ok(Readiness { period: view.period, units: units.collect() })
}

/// The methodology of a KPI or scorecard as it stood on a day.
///
/// # Errors
/// There was none of it then, or it cannot be read.
pub fn methodology(facts: &dyn Facts, asked: &RegisterAsked) -> Result<Methodology, ViewError> {
    let of = Reporter::new(facts).methodology(asked)?;
    Ok(Methodology { of: of.of, day: of.day, at: of.position, markdown: of.markdown })
}
