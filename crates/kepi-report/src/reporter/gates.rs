//! Stage gates: open while all that they ask for surely holds of figures that are new enough.

use kepi_insight::{
    analysis::Frames,
    guardrail::{Held, Untold, held},
};
use kepi_model::{
    calendar::Period,
    id::UnitId,
    project::{Bound, Demand, Kpi, Scorecard, StageGate},
};
use kepi_query::{published::grain_text, value::Segment};

use super::Reporter;
use crate::{
    format,
    people::PeopleAsked,
    reader::ViewError,
    view::{GateDemand, GateView, Named},
};

impl Reporter<'_> {
    /// The stage gates of which all is seen.
    #[must_use]
    pub fn gates(self) -> Vec<Named> {
        let all = self.project().stage_gates.values().filter(|gate| self.sees_gate(gate));
        all.map(|gate| Named::new(&gate.id, &gate.name)).collect()
    }

    /// Whether all that a gate asks for is seen: what is not seen holds nobody up and lets nobody through, so it is not there.
    fn sees_gate(self, gate: &StageGate) -> bool {
        gate.when
            .keys()
            .all(|kpi| self.project().kpis.contains_key(kpi) && self.facts.sees_kpi(kpi, gate.unit.as_ref()))
    }

    /// Whether a stage gate is open, and why it is not.
    ///
    /// # Errors
    /// There is none of this name, or it names a KPI that is not seen.
    pub fn gate(self, id: &str) -> Result<GateView, ViewError> {
        let project = self.project();
        let known = id.parse().ok().and_then(|id| project.stage_gates.get(&id));
        let gate = known.filter(|gate| self.sees_gate(gate)).ok_or_else(|| ViewError::NotFound {
            what: format!("stage gate `{id}`"),
            suggestions: vec![("All KPIs".to_owned(), "/kpis".to_owned())],
        })?;
        let today = self.facts.day_asked(&PeopleAsked::default())?;
        let mut demands = Vec::new();
        for (kpi, demand) in &gate.when {
            let Some(kpi) = project.kpis.get(kpi) else { continue };
            let running = project.calendar_of(kpi).period_of_day(kpi.period, today);
            demands.push(self.demanded(gate, kpi, *demand, running)?);
        }
        let unit = gate.unit.as_ref().map(|unit| Named::new(unit, self.unit_name(unit)));
        Ok(GateView {
            project: self.project_view(),
            gate: Named::new(&gate.id, &gate.name),
            description: gate.description.clone(),
            unit,
            open: demands.iter().all(|of| of.holds == Some(true)),
            demands,
        })
    }

    fn demanded(
        self,
        gate: &StageGate,
        kpi: &Kpi,
        demand: Demand,
        running: Period,
    ) -> Result<GateDemand, ViewError> {
        self.facts.want(&[&kpi.id])?;
        let mut of = GateDemand {
            kpi: Named::new(&kpi.id, &kpi.name),
            asked: asked(demand, kpi),
            period: None,
            value: None,
            holds: None,
            why: None,
        };
        let Some(segment) = self.rows_of(kpi, gate.unit.as_ref()) else {
            of.why = Some("the unit has no figures of it".to_owned());
            return Ok(of);
        };
        // The newest that is final; what is older than it counts is none.
        let over = (1..=i32::from(gate.age)).map(|ago| running.offset(-ago));
        let figures = over.filter_map(|period| Some((period, self.figure(kpi, period, &segment)?)));
        let found = figures.into_iter().find(|(_, figure)| figure.is_final);
        let Some((period, figure)) = found else {
            let (n, word) = (gate.age, grain_text(kpi.period));
            of.why = Some(match n {
                1 => format!("the last {word} that is over has no final figure"),
                n => format!("none of the last {n} {word}s that are over has a final figure"),
            });
            return Ok(of);
        };
        of.period = Some(self.label(period));
        of.value =
            Some(format::value(figure.point, &kpi.unit, format::decimals(figure.point, None, &kpi.unit)));
        match held(demand, kpi.better, Some(&figure), &self.facts.judged(&kpi.id, period, &segment)) {
            Held::Yes => of.holds = Some(true),
            Held::No(_) => {
                of.holds = Some(false);
                of.why = Some(match demand {
                    Demand::Within(_) => "it is not".to_owned(),
                    Demand::NotWorse => "it changed for the worse, beyond what is usual".to_owned(),
                });
            }
            Held::Unknown(why) => of.why = Some(untold(why).to_owned()),
        }
        Ok(of)
    }

    /// The rows of a unit, through the first scorecard that has both, or else through one whose cascade goes by a dimension of the KPI.
    pub(super) fn rows_of(self, kpi: &Kpi, unit: Option<&UnitId>) -> Option<Segment> {
        let Some(unit) = unit else { return Some(Segment::total()) };
        let (own, others): (Vec<&Scorecard>, Vec<&Scorecard>) =
            self.project().scorecards.values().partition(|card| card.kpis().any(|id| *id == kpi.id));
        let segment = |card: &&Scorecard| self.card(card).segment(Some(unit));
        let is_its =
            |of: &Segment| of.0.iter().all(|(dimension, _)| kpi.by.iter().any(|by| by.id == *dimension));
        own.iter().find_map(segment).or_else(|| others.iter().filter_map(segment).find(is_its))
    }
}

/// What has to be, in words.
fn asked(demand: Demand, kpi: &Kpi) -> String {
    let amount = |of: f64| format::value(of, &kpi.unit, format::decimals(of, None, &kpi.unit));
    match demand {
        Demand::NotWorse => "not worse than usual".to_owned(),
        Demand::Within(Bound { at_least, at_most }) => {
            let least = at_least.map(|of| format!("at least {}", amount(of)));
            let most = at_most.map(|of| format!("at most {}", amount(of)));
            least.into_iter().chain(most).collect::<Vec<_>>().join(", ")
        }
    }
}

fn untold(why: Untold) -> &'static str {
    match why {
        Untold::NoValue => "there is no figure",
        Untold::NotFinal => "the figure is provisional",
        Untold::TooClose => "the figure is too close to the bound to tell",
        Untold::NotJudged => "it is not known what is usual of it",
    }
}
