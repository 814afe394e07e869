//! Reviews that can be held, and gates that can be answered.

use std::collections::BTreeMap;

use super::{Context, rule};
use crate::{
    codes,
    decode::{Either, Keyed, Placed},
    definitions as written,
    id::{KpiId, ReviewId, ScorecardId, StageGateId, UnitId},
    project::{Demand, Kpi, Scorecard, StageGate, Unit},
    review::Review,
    source_text::Span,
    word::Word,
};

/// Reads all reviews.
pub(super) fn reviews(
    all: &[Placed<written::Review>],
    scorecards: &BTreeMap<ScorecardId, Scorecard>,
    units: &BTreeMap<UnitId, Unit>,
    context: &mut Context<'_>,
) -> BTreeMap<ReviewId, Review> {
    let mut reviews = BTreeMap::new();
    let mut places: BTreeMap<ReviewId, Span> = BTreeMap::new();
    for written in all.iter().map(|document| &document.value) {
        let Some(id) = written.review.get().and_then(|name| name.id.clone()) else { continue };
        let at = written.review.span;
        if let Some(first) = places.insert(id.clone(), at) {
            context
                .report(codes::REVIEW, at, format!("there is another review `{id}`"))
                .related(first, "the other one")
                .fix("give one of them another name");
        }
        let Some(review) = one(id, written) else { continue };
        // A scorecard that is not there or broken has its own finding.
        let Some(card) = scorecards.get(&review.scorecard) else { continue };
        if review.period < card.period {
            let message = format!(
                "`{}` has figures by {}, so nobody can go through them by {}",
                card.id,
                card.period.word(),
                review.period.word()
            );
            context
                .report(codes::REVIEW, written.period.span, message)
                .fix(format!("write `period: {}`, or a longer one", card.period.word()));
        }
        if let Some(unit) = review.unit.as_ref().and_then(|id| units.get(id)) {
            let level = |level| card.cascade.as_ref().is_some_and(|of| of.levels.contains_key(level));
            if card.unit.as_ref() != Some(&unit.id) && !unit.level.as_ref().is_some_and(level) {
                context
                    .report(
                        codes::REVIEW,
                        written.unit.span,
                        format!("`{}` has no figures of `{}`", card.id, unit.id),
                    )
                    .fix("name a unit of its cascade, or leave `unit` out");
            }
        }
        reviews.insert(review.id.clone(), review);
    }
    reviews
}

fn one(id: ReviewId, written: &written::Review) -> Option<Review> {
    let whole = |number: Option<i64>| number.and_then(|number| u16::try_from(number).ok());
    Some(Review {
        id,
        name: written.name.cloned()?,
        scorecard: written.scorecard.cloned()?,
        unit: written.unit.cloned(),
        period: written.period.cloned()?,
        after: whole(written.after.get().map(|n| n.0))?,
        on: written.on.values().into_iter().collect(),
        business_hours: written.business_hours.cloned(),
        chair: written.chair.cloned()?,
        participants: written.participants.values().into_iter().collect(),
        plans: whole(written.plans.get().map(|n| n.0))?,
        ladder: written.ladder.cloned(),
        days: whole(written.days.get().map(|n| n.0))?,
        rotation: whole(written.rotation.get().map(|n| n.0)),
    })
}

/// Reads all gates.
pub(super) fn gates(
    all: &[Placed<written::StageGate>],
    kpis: &BTreeMap<KpiId, Kpi>,
    context: &mut Context<'_>,
) -> BTreeMap<StageGateId, StageGate> {
    let mut gates = BTreeMap::new();
    let mut places: BTreeMap<StageGateId, Span> = BTreeMap::new();
    for written in all.iter().map(|document| &document.value) {
        let Some(id) = written.stage_gate.get().and_then(|name| name.id.clone()) else { continue };
        let at = written.stage_gate.span;
        if let Some(first) = places.insert(id.clone(), at) {
            context
                .report(codes::STAGE_GATE, at, format!("there is another stage gate `{id}`"))
                .related(first, "the other one")
                .fix("give one of them another name");
        }
        if let Some(gate) = gate(id, written, kpis, context) {
            gates.insert(gate.id.clone(), gate);
        }
    }
    gates
}

fn gate(
    id: StageGateId,
    written: &written::StageGate,
    kpis: &BTreeMap<KpiId, Kpi>,
    context: &mut Context<'_>,
) -> Option<StageGate> {
    let all = written.when.get()?;
    if all.is_empty() {
        context
            .report(codes::STAGE_GATE, written.when.span, "no KPI is named, so nothing could hold it shut")
            .fix("name one with what it has to be, such as `nps: {at_least: 30}`");
    }
    let mut when = BTreeMap::new();
    for Keyed { key, span, value, .. } in all {
        // A KPI that is not there or broken has its own finding.
        let Some(kpi) = key.as_ref().and_then(|id| kpis.get(id)) else { continue };
        let demand = match value {
            Some(Either::This(_)) => Some(Demand::NotWorse),
            Some(Either::That(of)) => {
                rule::bound(&of.at_least, &of.at_most, kpi, *span, codes::STAGE_GATE, context)
                    .map(Demand::Within)
            }
            None => None,
        };
        when.extend(demand.map(|demand| (kpi.id.clone(), demand)));
    }
    Some(StageGate {
        id,
        name: written.name.cloned()?,
        description: written.description.cloned(),
        when,
        unit: written.unit.cloned(),
        age: written.age.get().and_then(|n| u16::try_from(n.0).ok())?,
    })
}
