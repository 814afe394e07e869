//! The strategy map, coloured by a scorecard.

use kepi_insight::{analysis::Verdict, link};
use kepi_model::calendar::Period;
use kepi_model::project::{CauseEffect, Goal, Objective, Pillar, Strategy};
use kepi_score::tree::{NodeId, ScoreNode};

use super::{Asked, Reporter, scorecard::score_view, words};
use crate::{
    reader::{ScorecardQuery, ViewError},
    view::{Lane, LinkEvidence, MapLink, MapObjective, Named, StrategyMapView, ThemeView},
};

impl<'a> Reporter<'a> {
    /// The strategy, with the scorecard that colours it: a map without a scorecard is still a map; a scorecard that was
    /// asked for must be there.
    pub(crate) fn map_asked(
        self,
        query: &ScorecardQuery,
    ) -> Result<(&'a Strategy, Option<Asked<'a>>), ViewError> {
        let strategy = self.project().strategy.as_ref().ok_or_else(|| ViewError::NotFound {
            what: "strategy: the project has none (`strategy: …`)".to_owned(),
            suggestions: Vec::new(),
        })?;
        match self.asked(query) {
            Ok(asked) => Ok((strategy, Some(asked))),
            Err(error) if query != &ScorecardQuery::default() => Err(error),
            Err(_) => Ok((strategy, None)),
        }
    }

    pub(super) fn map_view(self, query: &ScorecardQuery) -> Result<StrategyMapView, ViewError> {
        let (strategy, asked) = self.map_asked(query)?;
        // An averaged unit has no objectives of its own but those of its own rows.
        let tree = asked.as_ref().map(|a| a.card.measured(a.unit, a.period));
        let of = |objective: &&Objective| self.map_objective(objective, tree.as_ref());
        let links = strategy.links.iter().map(|link| MapLink {
            from: objective_name(strategy, &link.from),
            to: objective_name(strategy, &link.to),
            sign: link.sign,
            lag: link.lag.map(words::lag),
            strength: link.strength,
            why: link.why.clone(),
            evidence: self.link_evidence(link, asked.as_ref().map(|a| a.period)),
        });
        Ok(StrategyMapView {
            project: self.project_view(),
            mission: strategy.mission.clone(),
            pillars: strategy.pillars.iter().map(|p| pillar_view(strategy, p)).collect(),
            goals: strategy.goals.iter().map(|goal| self.goal_view(goal)).collect(),
            scorecard: asked.as_ref().map(|a| Named::new(&a.card.scorecard.id, &a.card.scorecard.name)),
            unit: self.unit(asked.as_ref().and_then(|a| a.unit)),
            units: asked.as_ref().map(|a| self.unit_choices(a)).unwrap_or_default(),
            period: asked.as_ref().map(|a| self.label(a.period)),
            periods: asked.as_ref().map(|a| self.period_choices(&a.known, a.period)).unwrap_or_default(),
            lanes: strategy
                .perspectives
                .iter()
                .map(|perspective| Lane {
                    perspective: Named::new(&perspective.id, &perspective.name),
                    objectives: strategy
                        .objectives
                        .iter()
                        .filter(|o| o.perspective == perspective.id)
                        .map(|o| of(&o))
                        .collect(),
                })
                .collect(),
            links: links.collect(),
        })
    }

    /// What published figures up to a period say of a link, all pairs of KPIs of its objectives together.
    pub(crate) fn link_evidence(self, of: &CauseEffect, upto: Option<Period>) -> LinkEvidence {
        let pairs = link::pairs_of(self.project(), of);
        let Some(upto) = upto.filter(|_| !pairs.is_empty()) else { return LinkEvidence::Untested };
        let all = link::pairs(self.project()).len();
        let found = pairs.iter().map(|pair| link::among(pair, all, upto, &self));
        evidence_of(link::together(found.map(|found| found.map_or(Verdict::Unknown, |found| found.verdict))))
    }

    fn map_objective(self, of: &Objective, tree: Option<&ScoreNode>) -> MapObjective {
        let node = tree.and_then(|t| t.find(&NodeId::Objective(of.id.clone())));
        let kpis = self.project().kpis.values().filter(|k| k.objective.as_ref() == Some(&of.id));
        MapObjective {
            objective: Named::new(&of.id, &of.name),
            description: of.description.clone(),
            score: node.map(|n| score_view(Some(n))),
            kpis: kpis.map(|k| Named::new(&k.id, &k.name)).collect(),
            owner: self.person(of.owner.as_ref()),
        }
    }

    /// A goal with the KPI that measures it.
    fn goal_view(self, goal: &Goal) -> (Named, Option<Named>) {
        let kpi = goal.measured_by.as_ref().and_then(|id| self.project().kpis.get(id));
        (Named::new(&goal.id, &goal.name), kpi.map(|k| Named::new(&k.id, &k.name)))
    }
}

/// A pillar with its themes.
fn pillar_view(strategy: &Strategy, pillar: &Pillar) -> ThemeView {
    let themes = pillar.themes.iter().filter_map(|id| strategy.themes.iter().find(|t| &t.id == id));
    ThemeView {
        pillar: Named::new(&pillar.id, &pillar.name),
        themes: themes.map(|t| Named::new(&t.id, &t.name)).collect(),
    }
}

fn objective_name(strategy: &Strategy, id: &kepi_model::id::ObjectiveId) -> Named {
    let found = strategy.objectives.iter().find(|o| &o.id == id);
    Named::new(id, found.map_or(id.as_str(), |o| o.name.as_str()))
}

/// A verdict on a link.
pub(super) fn evidence_of(verdict: Verdict) -> LinkEvidence {
    match verdict {
        Verdict::Yes => LinkEvidence::Supported,
        Verdict::No => LinkEvidence::NotSupported,
        Verdict::Contrary => LinkEvidence::Contradicted,
        Verdict::Unknown => LinkEvidence::TooLittle,
    }
}
