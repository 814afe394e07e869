//! What is disclosed, and what is withheld.

use jiff::civil::Date;

use super::Reporter;
use crate::{
    decided::RegisterAsked,
    people::PeopleAsked,
    reader::ViewError,
    view::{
        DisclosureView, MethodologyView, Named, ReadinessView, StatementView, UnitReadinessView, WithheldView,
    },
};

impl Reporter<'_> {
    /// Of what there is a methodology, and what is withheld of which.
    pub fn disclosure(self) -> DisclosureView {
        let project = self.project();
        let kpis = self.kpis_in_order().into_iter().filter(|kpi| self.facts.sees_kpi(&kpi.id, None));
        let cards = project.scorecards.values().filter(|card| self.facts.sees_scorecard(&card.id, None));
        let today: Option<Date> = self.facts.day_asked(&PeopleAsked::default()).ok();
        let withheld = project.withholdings.values().map(|of| {
            let kpis = of
                .kpis
                .iter()
                .map(|id| (format!("kpi/{id}"), project.kpis.get(id).map(|kpi| kpi.name.clone())));
            let cards = of.scorecards.iter();
            let cards = cards.map(|id| {
                (format!("scorecard/{id}"), project.scorecards.get(id).map(|card| card.name.clone()))
            });
            let named =
                |(id, name): (String, Option<String>)| Named { name: name.unwrap_or_else(|| id.clone()), id };
            WithheldView {
                of: Named::new(&of.id, &of.name),
                from: kpis.chain(cards).map(named).collect(),
                withheld: of.withheld.iter().map(|section| section.as_str()).collect(),
                duty: of.duty.clone(),
                why: of.why.clone(),
                owner: self.person(Some(&of.owner)),
                since: of.since.to_string(),
                until: of.until.map(|day| day.to_string()),
                holds: today.map(|day| of.holds_on(day)),
            }
        });
        DisclosureView {
            project: self.project_view(),
            scorecards: cards.map(|card| Named::new(&card.id, &card.name)).collect(),
            kpis: kpis.map(|kpi| Named::new(&kpi.id, &kpi.name)).collect(),
            withheld: withheld.collect(),
        }
    }

    /// How far each unit is with a period.
    ///
    /// # Errors
    /// It is no period, or it cannot be read.
    pub fn readiness(self, period: &str) -> Result<ReadinessView, ViewError> {
        let units = self.facts.readiness(period)?;
        let instant = |at: i64| self.instant(at);
        let units = units.into_iter().map(|of| {
            let statements = of.statements.iter();
            let statements = statements.map(|said| StatementView {
                source: said.source.to_string(),
                by: said.by.clone(),
                state: said.state.clone(),
                due: said.due.map(instant),
                item: said.item,
            });
            UnitReadinessView {
                unit: of.unit.map(|unit| unit.to_string()),
                name: of.name,
                state: of.state,
                otherwise: of.otherwise,
                figures: of.figures,
                provisional: of.provisional,
                asked: of.asked,
                in_time: of.in_time,
                statements: statements.collect(),
            }
        });
        Ok(ReadinessView { project: self.project_view(), period: period.to_owned(), units: units.collect() })
    }

    /// The methodology of a KPI or scorecard as it stood on a day.
    ///
    /// # Errors
    /// There was none of it then, or it cannot be read.
    pub fn methodology(self, asked: &RegisterAsked) -> Result<MethodologyView, ViewError> {
        let of = self.facts.methodology(asked)?;
        Ok(MethodologyView {
            project: self.project_view(),
            of: of.of,
            day: of.day,
            position: of.position,
            markdown: of.markdown,
        })
    }
}
