//! What programs are told of cohorts, journeys and stocks.

use super::{
    Aged, Api, Cell, Cohort, Cohorts, Flow, Journey, Stage, StageFigure, StockFlow, from_named, measured,
    reason,
};
use crate::{
    facts::Facts,
    reader::ViewError,
    reporter::Reporter,
    view::{self, Outcome, Shade},
};

/// A KPI by cohort and age, with every cohort there ever was.
///
/// # Errors
/// There is no such KPI, it is not by age, or nothing of it is computed.
pub fn cohorts(facts: &dyn Facts, id: &str) -> Result<Cohorts, ViewError> {
    let at = Api(Reporter::new(facts));
    let view = at.0.all_cohorts(id)?;
    let cohort = |of: view::Cohort| Cohort {
        period: of.period,
        n: of.n,
        ages: view
            .ages
            .iter()
            .zip(of.cells)
            .filter_map(|(age, cell_of)| Some(Aged { age: *age, cell: cell(cell_of?) }))
            .collect(),
    };
    Ok(Cohorts {
        project: at.project(),
        kpi: from_named(view.kpi),
        grain: view.grain.into(),
        cohorts: view.cohorts.into_iter().map(cohort).collect(),
    })
}

/// Stages that customers go through, in a period.
///
/// # Errors
/// There is no such entity, nothing is by stage, or nothing of it is computed.
pub fn journey(facts: &dyn Facts, id: &str, period: Option<&str>) -> Result<Journey, ViewError> {
    let at = Api(Reporter::new(facts));
    let view = at.0.whole_journey(Some(id), period)?;
    let figure = |kpi: &view::Named, of: &view::Cell| StageFigure {
        kpi: kpi.id.clone(),
        dimension: None,
        member: None,
        cell: cell(of.clone()),
    };
    let stages = view.stages.iter().enumerate().map(|(place, stage)| {
        let mut kpis = Vec::new();
        if let Some(funnel) = &view.funnel
            && let Some(step) = funnel.steps.get(place)
        {
            kpis.push(figure(&funnel.entries, &step.entries));
            kpis.extend(funnel.on.as_ref().zip(step.on.as_ref()).map(|(kpi, of)| figure(kpi, of)));
        }
        for row in &view.kpis {
            kpis.extend(row.cells.get(place).and_then(Option::as_ref).map(|of| figure(&row.kpi, of)));
        }
        for map in &view.maps {
            for (member, of) in map.members.iter().zip(map.rows.get(place).into_iter().flatten()) {
                let Some(of) = of else { continue };
                kpis.push(StageFigure {
                    dimension: Some(map.dimension.id.clone()),
                    member: Some(member.id.clone()).filter(|id| !id.is_empty()),
                    ..figure(&map.kpi, of)
                });
            }
        }
        Stage { id: stage.id.clone(), name: stage.name.clone(), kpis }
    });
    Ok(Journey {
        project: at.project(),
        stages: stages.collect(),
        journey: from_named(view.journey),
        period: view.period,
        periods: view.periods.into_iter().map(|choice| choice.id).collect(),
    })
}

/// A stock with what came and went, from the first period on.
///
/// # Errors
/// There is no such KPI, it is no stock, or nothing of it is computed.
pub fn flow(facts: &dyn Facts, id: &str) -> Result<StockFlow, ViewError> {
    let at = Api(Reporter::new(facts));
    let view = at.0.whole_flow(id)?;
    let flow = |of: view::Flow| {
        let (amounts, no_value) = match of.amounts {
            Outcome::Value(amounts) => (Some(amounts), None),
            Outcome::Reason(why) => (None, Some(reason(why))),
        };
        Flow {
            period: of.period,
            opening: amounts.as_ref().map(|a| a.opening.0),
            came: amounts.as_ref().map(|a| a.came.0),
            went: amounts.as_ref().map(|a| a.went.0),
            closing: amounts.as_ref().map(|a| a.closing.0),
            no_value,
            finality: finality(of.complete),
        }
    };
    Ok(StockFlow {
        project: at.project(),
        kpi: from_named(view.kpi),
        flows: view.flows.into_iter().map(flow).collect(),
    })
}

fn cell(of: view::Cell) -> Cell {
    let (value, no_value) = measured(of.value);
    Cell { period: of.period, value, no_value, finality: finality(of.shade != Shade::Provisional) }
}

fn finality(complete: bool) -> super::Code {
    if complete { "final".into() } else { "provisional".into() }
}
