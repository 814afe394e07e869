//! From one period's score to the next.

use crate::tree::{NodeId, ScoreNode};

/// How a score came from one period to the next; the steps add up to the difference exactly. Millionths of a point.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Bridge {
    /// The earlier score.
    pub from: i64,
    /// What moved it, in the order of the parts.
    pub steps: Vec<Step>,
    /// The later score.
    pub to: i64,
}

/// One step of a bridge.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Step {
    /// The part of the score.
    pub id: NodeId,
    /// Its shown name.
    pub name: String,
    /// What it adds now less what it added before.
    pub points: i64,
}

/// The bridge between two trees of the same scorecard and unit, by the children of the whole: for each the difference of
/// what it adds. With the same weights in both periods that is performance alone; the steps add up because contributions
/// do. None where one of the two has no score.
pub fn bridge(before: &ScoreNode, now: &ScoreNode) -> Option<Bridge> {
    let (from, to) = (*before.score.as_ref().ok()?, *now.score.as_ref().ok()?);
    let step = |child: &ScoreNode| {
        let then = before.find(&child.id).map_or(0, |c| c.contribution);
        Step { id: child.id.clone(), name: child.name.clone(), points: child.contribution - then }
    };
    Some(Bridge { from, steps: now.children.iter().map(step).collect(), to })
}
