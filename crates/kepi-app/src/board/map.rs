//! The strategy map, coloured by a scorecard.

use kepi_model::calendar::Grain;
use kepi_report::{
    reader::{ScorecardQuery, ViewError},
    view::{Lane, LinkEvidence, MapLink, MapObjective, Named, StrategyMapView, ThemeView},
};
use kepi_score::tree::Of;

use super::scorecard::{find, score_view};
use crate::picture::Picture;

impl Picture {
    pub(super) fn map_view(&self, query: &ScorecardQuery) -> Result<StrategyMapView, ViewError> {
        let Some(strategy) = &self.project().strategy else {
            return Err(ViewError::NotFound {
                what: "strategy: the project has none (`strategy: …`)".to_owned(),
                suggestions: Vec::new(),
            });
        };
        // A map without a scorecard is still a map; a scorecard that was asked for must be there.
        let asked = match self.asked(query) {
            Ok(asked) => Some(asked),
            Err(error) if query.scorecard.is_some() || query.unit.is_some() || query.period.is_some() => {
                return Err(error);
            }
            Err(_) => None,
        };
        let tree = asked.as_ref().map(|a| self.tree(a.scorecard, a.unit.as_ref(), a.period));
        let objective_name = |id: &kepi_model::id::ObjectiveId| {
            let found = strategy.objectives.iter().find(|o| &o.id == id);
            Named::new(id.to_string(), found.map_or(id.as_str(), |o| o.name.as_str()))
        };
        Ok(StrategyMapView {
            project: self.project_view(),
            mission: strategy.mission.clone(),
            pillars: strategy
                .pillars
                .iter()
                .map(|pillar| ThemeView {
                    pillar: Named::new(pillar.id.to_string(), &pillar.name),
                    themes: pillar
                        .themes
                        .iter()
                        .filter_map(|id| strategy.themes.iter().find(|t| &t.id == id))
                        .map(|t| Named::new(t.id.to_string(), &t.name))
                        .collect(),
                })
                .collect(),
            goals: strategy
                .goals
                .iter()
                .map(|goal| {
                    let kpi = goal.measured_by.as_ref().and_then(|id| self.project().kpis.get(id));
                    let kpi = kpi.map(|k| Named::new(k.id.to_string(), &k.name));
                    (Named::new(goal.id.to_string(), &goal.name), kpi)
                })
                .collect(),
            scorecard: asked.as_ref().map(|a| Named::new(a.scorecard.id.to_string(), &a.scorecard.name)),
            unit: asked
                .as_ref()
                .and_then(|a| a.unit.as_ref())
                .map(|u| Named::new(u.to_string(), self.unit_name(u))),
            units: asked
                .as_ref()
                .map(|a| self.unit_choices(a.scorecard, a.unit.as_ref(), a.period))
                .unwrap_or_default(),
            period: asked.as_ref().map(|a| self.project().calendar.label(a.period)),
            periods: asked.as_ref().map(|a| self.period_choices(&a.known, a.period)).unwrap_or_default(),
            lanes: strategy
                .perspectives
                .iter()
                .map(|perspective| Lane {
                    perspective: Named::new(perspective.id.to_string(), &perspective.name),
                    objectives: strategy
                        .objectives
                        .iter()
                        .filter(|o| o.perspective == perspective.id)
                        .map(|objective| {
                            let node =
                                tree.as_ref().and_then(|t| find(t, &Of::Objective(objective.id.clone())));
                            let kpis = self.project().kpis.values();
                            MapObjective {
                                objective: Named::new(objective.id.to_string(), &objective.name),
                                description: objective.description.clone(),
                                score: node.map(|n| score_view(Some(n))),
                                kpis: kpis
                                    .filter(|k| k.objective.as_ref() == Some(&objective.id))
                                    .map(|k| Named::new(k.id.to_string(), &k.name))
                                    .collect(),
                                owner: self.person(objective.owner.as_ref()),
                            }
                        })
                        .collect(),
                })
                .collect(),
            links: strategy
                .links
                .iter()
                .map(|link| MapLink {
                    from: objective_name(&link.from),
                    to: objective_name(&link.to),
                    sign: link.sign,
                    lag: link.lag.map(lag_words),
                    strength: link.strength,
                    why: link.why.clone(),
                    evidence: LinkEvidence::Untested,
                })
                .collect(),
        })
    }
}

fn lag_words((count, grain): (u32, Grain)) -> String {
    let unit = match grain {
        Grain::Day => "day",
        Grain::Week => "week",
        Grain::Month => "month",
        Grain::Quarter => "quarter",
        Grain::HalfYear => "half-year",
        Grain::Year => "year",
    };
    if count == 1 { format!("1 {unit}") } else { format!("{count} {unit}s") }
}
