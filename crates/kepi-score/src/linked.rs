//! The linked index: a score over time without the jumps that other weights, targets, definitions or parts make.
//!
//! It begins as the score of the first period and moves by performance alone, at the weights and targets of each period (a
//! chain-linked index, as in the System of National Accounts 2008, § 15.41, with differences for ratios, so that it stays in
//! points and exact). Where only weights change it moves by exactly zero.

use kepi_model::{calendar::Period, id::UnitId};

use crate::{
    bridge::Effect,
    card::{Card, KpiValues},
};

/// A period of the linked index. Millionths of a point.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Linked {
    /// The period.
    pub period: Period,
    /// The score as it is.
    pub score: i64,
    /// The index.
    pub index: i64,
}

/// The linked index of a unit over the periods up to one that have a score, oldest first. A period without one is left out, and
/// the next begins anew where the last stood.
pub fn linked<V: KpiValues + ?Sized>(
    card: &Card<'_, V>,
    unit: Option<&UnitId>,
    until: Period,
) -> Vec<Linked> {
    let mut all: Vec<Linked> = Vec::new();
    for ordinal in card.periods().all.into_iter().filter(|ordinal| *ordinal <= until.ordinal) {
        let period = Period { ordinal, ..until };
        let tree = card.tree(unit, period);
        let Ok(score) = tree.score else { continue };
        let gain = card.bridge(unit, period, &tree).map_or(0, |bridge| {
            let steps = bridge.steps.iter().filter(|step| step.effect == Effect::Performance);
            steps.map(|step| step.points).sum()
        });
        let index = all.last().map_or(score, |last| last.index + gain);
        all.push(Linked { period, score, index });
    }
    all
}
