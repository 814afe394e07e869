//! A score to its last digit.

use kepi_model::project::TargetLines;
use kepi_report::{
    format,
    reader::{ScorecardQuery, ViewError},
    view::{Coverage, ExplainNode, ExplainView, Named, NodeKind, Outcome, Points, Weight},
};
use kepi_score::tree::{Node, Of};

use super::scorecard::{Asked, measured, missing_words, node_status, score_outcome};
use crate::picture::Picture;

impl Picture {
    pub(super) fn explain_view(&self, query: &ScorecardQuery) -> Result<ExplainView, ViewError> {
        let Asked { scorecard, unit, period, known } = self.asked(query)?;
        let tree = self.tree(scorecard, unit.as_ref(), period);
        let observe = |id: &kepi_model::id::KpiId| {
            let segment = self.segment_for(scorecard, unit.as_ref());
            self.observed(id, period, &segment)
        };
        Ok(ExplainView {
            project: self.project_view(),
            scorecard: Named::new(scorecard.id.to_string(), &scorecard.name),
            unit: unit.as_ref().map(|u| Named::new(u.to_string(), self.unit_name(u))),
            units: self.unit_choices(scorecard, unit.as_ref(), period),
            period: self.project().calendar.label(period),
            periods: self.period_choices(&known, period),
            missing_rule: missing_words(scorecard),
            root: self.node(&tree, None, &observe),
        })
    }

    fn node(
        &self,
        node: &Node,
        siblings: Option<u32>,
        observe: &dyn Fn(&kepi_model::id::KpiId) -> Option<kepi_score::tree::Observed>,
    ) -> ExplainNode {
        let (kind, id) = match &node.of {
            Of::Scorecard(id) => (NodeKind::Scorecard, id.to_string()),
            Of::Unit(id) => (NodeKind::Unit, id.to_string()),
            Of::Perspective(id) => (NodeKind::Perspective, id.to_string()),
            Of::Objective(id) => (NodeKind::Objective, id.to_string()),
            Of::Kpi(id) => (NodeKind::Kpi, id.to_string()),
        };
        let all: u32 = node.children.iter().map(|c| c.weight).sum();
        let steps = match &node.of {
            Of::Kpi(id) => self.kpi_steps(id, node, observe(id)),
            _ => roll_up_steps(node),
        };
        let share = siblings.filter(|all| *all > 0).map(|all| {
            let basis_points = u64::from(node.weight) * 10_000 / u64::from(all);
            Weight::new(basis_points as u32)
        });
        ExplainNode {
            kind,
            of: Named::new(id, &node.name),
            status: node_status(node),
            score: score_outcome(&node.score, true),
            weight: share,
            effective_weight: siblings
                .map(|_| format!("{}\u{202f}%", trimmed(f64::from(node.effective_weight) / 1e4))),
            contribution: siblings.and(node.score.as_ref().ok()).map(|_| Points::exact(node.contribution)),
            coverage: Coverage::new(f64::from(node.coverage) / 1e6),
            steps,
            children: node.children.iter().map(|c| self.node(c, Some(all), observe)).collect(),
        }
    }

    fn kpi_steps(
        &self,
        id: &kepi_model::id::KpiId,
        node: &Node,
        observed: Option<kepi_score::tree::Observed>,
    ) -> Vec<String> {
        let Some(kpi) = self.project().kpis.get(id) else { return Vec::new() };
        let target = node.held.as_ref().and_then(|h| h.target.as_ref());
        match (measured(observed.as_ref(), kpi), target) {
            (Outcome::Reason(reason), _) => vec![format!("no value: {}", reason.text)],
            (Outcome::Value(value), None) => vec![format!("{}: no target is in force", value.value.text)],
            (Outcome::Value(value), Some(target)) => {
                let line = |raw: f64| format::line(raw, &kpi.unit);
                let lines = match target.lines {
                    TargetLines::OneSided { floor, threshold, target, stretch } => {
                        let mut parts = Vec::new();
                        match floor {
                            Some(floor) => parts.push(format!("floor {} scores 0", line(floor))),
                            None => parts
                                .push(format!("{} scores 0 (same slope)", line(2.0 * threshold - target))),
                        }
                        parts.push(format!("threshold {} scores 50", line(threshold)));
                        parts.push(format!("target {} scores 100", line(target)));
                        parts.extend(stretch.map(|s| format!("stretch {} scores 120", line(s))));
                        parts.join(", ")
                    }
                    TargetLines::InRange { threshold, target, stretch, .. } => {
                        let pair = |(low, high): (f64, f64)| format!("{} to {}", line(low), line(high));
                        let mut parts = vec![
                            format!("{} scores 50 at its edges", pair(threshold)),
                            format!("{} scores 100", pair(target)),
                        ];
                        parts.extend(stretch.map(|s| format!("{} scores 120", pair(s))));
                        parts.join(", ")
                    }
                };
                let mut steps =
                    vec![format!("{} (all digits: {}): {lines}", value.value.text, value.value.raw)];
                if let Some(probability) = node.held.as_ref().and_then(|h| h.probability) {
                    steps.push(format!("{} sure of this status", format::probability(probability)));
                }
                steps
            }
        }
    }
}

fn roll_up_steps(node: &Node) -> Vec<String> {
    let Ok(score) = &node.score else {
        return node.score.as_ref().err().map(ToString::to_string).into_iter().collect();
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
