//! A score to its last digit.

use kepi_model::{
    id::{ObjectiveId, UnitId},
    project::{Kpi, TargetLines, ValueUnit},
};
use kepi_query::value::Segment;
use kepi_score::{
    linked::linked,
    tree::{NodeId, Observed, ScoreNode, Standing},
};

use super::{Asked, FactCard, Reporter, words};
use crate::{
    format,
    reader::{ScorecardQuery, ViewError},
    view::{Coverage, ExplainNode, ExplainView, Measured, Named, NodeKind, Outcome, Points, Weight},
};

impl<'a> Reporter<'a> {
    pub(super) fn explain_view(self, query: &ScorecardQuery) -> Result<ExplainView, ViewError> {
        let asked = self.asked(query)?;
        let scorecard = asked.card.in_force(asked.period).unwrap_or(asked.card.scorecard);
        let tree = asked.card.tree(asked.unit, asked.period);
        let unit = asked.unit;
        Ok(ExplainView {
            project: self.project_view(),
            scorecard: Named::new(&scorecard.id, &scorecard.name),
            unit: self.unit(unit),
            units: self.unit_choices(&asked),
            period: self.label(asked.period),
            periods: self.period_choices(&asked.known, asked.period),
            missing_rule: words::missing_rule(scorecard),
            bridge: asked.card.bridge(unit, asked.period, &tree).map(|b| self.bridge_view(&b, asked.period)),
            linked: linked(&asked.card, unit, asked.period)
                .last()
                .filter(|last| last.period == asked.period)
                .map(|last| Points::exact(last.index)),
            root: self.node(&tree, None, &asked, Beneath::unit(unit)),
        })
    }

    fn node(
        self,
        node: &ScoreNode,
        siblings: Option<u32>,
        asked: &Asked<'a>,
        rows: Beneath<'_>,
    ) -> ExplainNode {
        let (kind, id) = named(&node.id);
        let rows = rows.beneath(&node.id);
        let all: u32 = node.children.iter().map(|c| c.weight).sum();
        ExplainNode {
            kind,
            of: Named::new(id, &node.name),
            segment: (kind == NodeKind::Kpi)
                .then(|| rows.part.and_then(|_| rows.segment(asked.card)))
                .flatten()
                .map(|of| of.to_string()),
            status: node.band.into(),
            score: match &node.score {
                Ok(micro) => Outcome::Value(Points::exact(*micro)),
                Err(reason) => Outcome::none(reason),
            },
            weight: share_of_siblings(node, siblings).map(Weight::new),
            effective_weight: siblings
                .map(|_| format!("{}\u{202f}%", trimmed(f64::from(node.effective_weight) / 1e4))),
            contribution: siblings.and(node.score.as_ref().ok()).map(|_| Points::exact(node.contribution)),
            coverage: Coverage::new(f64::from(node.coverage) / 1e6),
            steps: self.steps(node, asked, rows),
            children: node.children.iter().map(|c| self.node(c, Some(all), asked, rows)).collect(),
        }
    }

    /// How a node's score came about, in words.
    pub(crate) fn steps(self, node: &ScoreNode, asked: &Asked<'a>, rows: Beneath<'_>) -> Vec<String> {
        let id = match &node.id {
            NodeId::Kpi(id) => id,
            NodeId::Objective(id) => return self.weight_steps(id, node, asked),
            _ => return roll_up_steps(node),
        };
        let Some(kpi) = self.project().kpis.get(id) else { return Vec::new() };
        let segment = rows.segment(asked.card);
        let period = asked.card.period_of(kpi, asked.period);
        let observed = segment.as_ref().and_then(|s| self.facts.observed(id, period, s));
        let entry = segment.and_then(|s| self.facts.entry(id, period, &s));
        let said = entry.as_ref().is_some_and(|entry| entry.computed.is_some());
        let mut steps = kpi_steps(kpi, node, observed.as_ref(), said);
        steps.extend((period != asked.period).then(|| format!("as of {}", self.label(period))));
        steps.extend(Measured::of(entry.as_ref(), kpi).value().and_then(|measured| measured.mark.clone()));
        let bridged =
            self.succeeds(kpi).into_iter().filter(|(_, bridge)| bridge.by.is_some() || bridge.is_moved());
        steps.extend(
            bridged.map(|(of, bridge)| {
                format!("takes the place of {}; over all rows: {}", of.name, bridge.said)
            }),
        );
        steps
    }

    /// How the score of an objective came about, and what says what its segments weigh.
    fn weight_steps(self, id: &ObjectiveId, node: &ScoreNode, asked: &Asked<'a>) -> Vec<String> {
        let mut steps = roll_up_steps(node);
        let card = asked.card.in_force(asked.period).unwrap_or(asked.card.scorecard);
        let worth = card.objectives().find(|of| of.id == *id).and_then(|of| of.weigh_by.as_ref());
        if let Some(kpi) = worth.filter(|_| node.score.is_ok()) {
            let name = self.project().kpis.get(kpi).map_or(kpi.as_str(), |kpi| kpi.name.as_str());
            let weights = node.children.iter().map(|of| format!("{} {}", of.name, format::weight(of.weight)));
            steps.push(format!(
                "segments weigh their share of {name}: {}",
                weights.collect::<Vec<_>>().join(", ")
            ));
        }
        steps
    }
}

/// Over which rows the KPIs beneath a node are read.
#[derive(Clone, Copy)]
pub(crate) struct Beneath<'n> {
    unit: Option<&'n UnitId>,
    part: Option<&'n Segment>,
}

impl<'n> Beneath<'n> {
    /// All rows of a unit.
    pub(crate) fn unit(unit: Option<&'n UnitId>) -> Self {
        Self { unit, part: None }
    }

    /// Those beneath a node: a unit where units are averaged, or a segment that is judged by KPIs of its own.
    pub(crate) fn beneath(self, node: &'n NodeId) -> Self {
        match node {
            NodeId::Unit(unit) => Self { unit: Some(unit), ..self },
            NodeId::Segment(part) => Self { part: Some(part), ..self },
            _ => self,
        }
    }

    fn segment(self, card: FactCard<'_>) -> Option<Segment> {
        match self.part {
            Some(part) => card.part_of(self.unit, part),
            None => card.segment(self.unit),
        }
    }
}

/// What a node is and its id.
pub(crate) fn named(id: &NodeId) -> (NodeKind, String) {
    match id {
        NodeId::Scorecard(id) => (NodeKind::Scorecard, id.to_string()),
        NodeId::Unit(id) => (NodeKind::Unit, id.to_string()),
        NodeId::Perspective(id) => (NodeKind::Perspective, id.to_string()),
        NodeId::Objective(id) => (NodeKind::Objective, id.to_string()),
        NodeId::Segment(of) => (NodeKind::Segment, of.to_string()),
        NodeId::Kpi(id) => (NodeKind::Kpi, id.to_string()),
    }
}

/// A node's declared weight among siblings of so much together, in parts of 10 000.
pub(crate) fn share_of_siblings(node: &ScoreNode, siblings: Option<u32>) -> Option<u32> {
    let all = u64::from(siblings?);
    (u64::from(node.weight) * 10_000).checked_div(all).map(|basis_points| basis_points as u32)
}

/// How the score of a KPI came about; of what people say in place of what was computed nothing is known of chance.
fn kpi_steps(kpi: &Kpi, node: &ScoreNode, observed: Option<&Observed>, said: bool) -> Vec<String> {
    match (Measured::outcome(observed, &kpi.unit), &node.target) {
        (Outcome::Reason(reason), _) => vec![format!("no value: {}", reason.text)],
        (Outcome::Value(value), None) => vec![format!("{}: no target is in force", value.value.text)],
        (Outcome::Value(value), Some(target)) => {
            let lines = lines(&target.lines, kpi);
            let unit = if kpi.unit == ValueUnit::Duration { " µs" } else { "" };
            let mut steps =
                vec![format!("{} (all digits: {}{unit}): {lines}", value.value.text, value.value.raw)];
            let standing = Standing::of(kpi, observed, Some(target.clone()));
            if said {
                steps.push("said by people in place of what was computed".to_owned());
            } else if let Some(probability) = standing.probability(kpi, observed) {
                steps.push(format!("{} sure of this status", format::probability(probability)));
            }
            steps
        }
    }
}

fn lines(of: &TargetLines, kpi: &Kpi) -> String {
    let line = |raw: f64| format::line(raw, &kpi.unit);
    match *of {
        TargetLines::OneSided { floor, threshold, target, stretch } => {
            let mut parts = vec![match floor {
                Some(floor) => format!("floor {} scores 0", line(floor)),
                None => format!("{} scores 0 (same slope)", line(2.0 * threshold - target)),
            }];
            parts.push(format!("threshold {} scores 50", line(threshold)));
            parts.push(format!("target {} scores 100", line(target)));
            parts.extend(stretch.map(|s| format!("stretch {} scores 120", line(s))));
            parts.join(", ")
        }
        TargetLines::InRange { floor, threshold, target, stretch } => {
            let pair = |(low, high): (f64, f64)| format!("{} to {}", line(low), line(high));
            let beyond = |threshold: f64, target: f64| 2.0 * threshold - target;
            let mut parts = vec![
                match floor {
                    Some(floor) => format!("{} scores 0 at its edges", pair(floor)),
                    None => {
                        let edges = (beyond(threshold.0, target.0), beyond(threshold.1, target.1));
                        format!("{} scores 0 at its edges (same slopes)", pair(edges))
                    }
                },
                format!("{} scores 50 at its edges", pair(threshold)),
                format!("{} scores 100", pair(target)),
            ];
            parts.extend(stretch.map(|s| format!("{} scores 120", pair(s))));
            parts.join(", ")
        }
    }
}

fn roll_up_steps(node: &ScoreNode) -> Vec<String> {
    let score = match &node.score {
        Ok(score) => score,
        Err(reason) => return vec![reason.to_string()],
    };
    let parts: Vec<String> = node
        .children
        .iter()
        .filter(|c| c.effective_weight > 0 || c.contribution != 0)
        .map(|c| format::points(c.contribution, 6))
        .collect();
    let mut steps = vec![format!("{} = {}", parts.join(" + "), format::points(*score, 6))];
    if node.coverage < 1_000_000 {
        steps.push(format!(
            "between {} and {}, were what is missing at its worst or best",
            format::points(node.bounds.0, 1),
            format::points(node.bounds.1, 1)
        ));
    }
    steps
}

/// Up to two decimals, without trailing zeros.
fn trimmed(number: f64) -> String {
    let text = format!("{number:.2}");
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}
