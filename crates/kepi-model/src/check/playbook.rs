//! What is done wherever something is so: rows of a KPI that meet a condition, or units in which it is in a state.

use std::collections::{BTreeMap, BTreeSet};

use super::{
    Context,
    closed_loop::{condition, expression},
    kpi::Surroundings,
};
use crate::{
    acting::{Playbook, PlaybookStep, PlaybookVariant, Signal, Trigger},
    codes,
    decode::{Keyed, Placed},
    definitions as written, derived,
    expression::{Expression, Node, Path},
    id::{KpiId, PlaybookId, ScorecardId, UnitId},
    project::{Kpi, Scorecard, Unit},
    source_text::Span,
    sql::Want,
};

/// Reads all playbooks.
pub(super) fn read(
    (all, somebody): (&[Placed<written::Playbook>], bool),
    kpis: &BTreeMap<KpiId, Kpi>,
    around: &Surroundings<'_>,
    context: &mut Context<'_>,
) -> BTreeMap<PlaybookId, Playbook> {
    let mut found = BTreeMap::new();
    let mut places: BTreeMap<PlaybookId, Span> = BTreeMap::new();
    for written in all.iter().map(|document| &document.value) {
        let Some(id) = written.playbook.get().and_then(|name| name.id.clone()) else { continue };
        let at = written.playbook.span;
        if let Some(first) = places.insert(id.clone(), at) {
            context
                .report(codes::PLAYBOOK, at, format!("there is another playbook `{id}`"))
                .related(first, "the other one")
                .fix("give one of them another name");
        }
        if !somebody {
            context
                .report(codes::PLAYBOOK, at, "nobody could do its steps: the project has no person")
                .fix("write who answers for what: `person: …`, and `accountable: …` at the KPIs");
        }
        if written.steps.is_written() && written.steps.items().is_empty() {
            context
                .report(codes::PLAYBOOK, written.steps.span, "it has no step")
                .fix("write what is done, such as `[{do: Call, hours: 8}]`");
        }
        if let Some(playbook) = one(id, written, kpis, around, context) {
            found.insert(playbook.id.clone(), playbook);
        }
    }
    found
}

fn one(
    id: PlaybookId,
    written: &written::Playbook,
    kpis: &BTreeMap<KpiId, Kpi>,
    around: &Surroundings<'_>,
    context: &mut Context<'_>,
) -> Option<Playbook> {
    // A KPI that is not there or broken has its own finding.
    let kpi = kpis.get(written.kpi.get()?)?;
    let on: BTreeSet<Signal> = written.on.values().into_iter().collect();
    let trigger = match (written.when.is_written(), on.is_empty()) {
        (true, true) => rows(written, kpi, around, context)?,
        (false, false) => {
            let unfit = [
                Signal::Bound,
                Signal::Forecast,
                Signal::Stale,
                Signal::Unkept,
                Signal::Owed,
                Signal::Validity,
            ];
            if let Some(sign) = on.iter().find(|sign| unfit.contains(sign)) {
                let message = format!("`{}` is no state that a playbook starts on", sign.word());
                context
                    .report(codes::PLAYBOOK, written.on.span, message)
                    .fix("write `red`, `beyond` or `guardrail`");
                return None;
            }
            Trigger::State(on)
        }
        (both, _) => {
            let message =
                if both { "it starts on rows or on a state, not on both" } else { "nothing starts it" };
            context
                .report(codes::PLAYBOOK, written.playbook.span, message)
                .fix("write `when: …` for rows of the KPI, or `on: [red]` for its state");
            return None;
        }
    };
    let whole = |number: Option<i64>| number.and_then(|number| u16::try_from(number).ok());
    let variants = written.units.items().iter().filter_map(|Keyed { key, value, .. }| {
        let variant = PlaybookVariant {
            capacity: whole(value.as_ref()?.capacity.get().map(|n| n.0)),
            steps: steps(value.as_ref()?.steps.items()),
        };
        Some((key.clone()?, variant))
    });
    Some(Playbook {
        id,
        name: written.name.cloned()?,
        kpi: kpi.id.clone(),
        trigger,
        cool_down: whole(written.cool_down.get().map(|n| n.0))?,
        capacity: whole(written.capacity.get().map(|n| n.0))?,
        hold_out: written.hold_out.get().and_then(|n| u8::try_from(n.0).ok())?,
        seed: written.seed.get().and_then(|n| u32::try_from(n.0).ok())?,
        steps: steps(written.steps.items()),
        after: whole(written.after.get().map(|n| n.0))?,
        ladder: written.ladder.cloned(),
        units: variants.collect(),
    })
}

/// That what is otherwise in a unit can ever hold: rows and figures of the KPI are told apart by unit, on a scorecard whose cascade has it.
pub(super) fn in_units(
    all: &[Placed<written::Playbook>],
    scorecards: &BTreeMap<ScorecardId, Scorecard>,
    units: &BTreeMap<UnitId, Unit>,
    context: &mut Context<'_>,
) {
    for written in all.iter().map(|document| &document.value) {
        let Some(kpi) = written.kpi.get() else { continue };
        let cascades: Vec<&Scorecard> = scorecards
            .values()
            .filter(|card| card.cascade.is_some() && card.kpis().any(|id| id == kpi))
            .collect();
        for Keyed { key, span, .. } in written.units.items() {
            // A unit that is not there has its own finding.
            let Some(unit) = key.as_ref().filter(|unit| units.contains_key(*unit)) else { continue };
            if cascades.is_empty() {
                context
                    .report(
                        codes::PLAYBOOK,
                        *span,
                        format!(
                            "nothing of `{kpi}` is told apart by unit, so nothing is otherwise in `{unit}`"
                        ),
                    )
                    .fix("put the KPI on a scorecard with a `cascade`, or leave `units` out");
            }
        }
    }
}

fn steps(all: &[Placed<written::PlaybookStep>]) -> Vec<PlaybookStep> {
    let step = |of: &Placed<written::PlaybookStep>| {
        let hours = u16::try_from(of.value.hours.get()?.0).ok()?;
        Some(PlaybookStep { text: of.value.text.cloned()?, hours, by: of.value.by.cloned() })
    };
    all.iter().filter_map(step).collect()
}

fn rows(
    written: &written::Playbook,
    kpi: &Kpi,
    around: &Surroundings<'_>,
    context: &mut Context<'_>,
) -> Option<Trigger> {
    let base = kpi.measure.kind().readings().into_iter().next().map(|reading| reading.rows.of.clone());
    let Some(entity) = base.and_then(|of| around.entities.get(&of)) else {
        context
            .report(
                codes::PLAYBOOK,
                written.kpi.span,
                format!("`{}` is computed of other KPIs, so it has no rows of its own", kpi.id),
            )
            .fix("name one of those that it is computed of, or write `on: [red]`");
        return None;
    };
    let when = condition(&written.when, entity, around, context);
    let eligible = condition(&written.eligible, entity, around, context);
    let success = condition(&written.success, entity, around, context);
    if written.eligible.is_written() && eligible.is_none()
        || written.success.is_written() && success.is_none()
    {
        return None;
    }
    let each = match written.each.get() {
        None => None,
        Some(id) => {
            let Some(attribute) = entity.attribute(id) else {
                context
                    .report(
                        codes::PLAYBOOK,
                        written.each.span,
                        format!("`{}` has no attribute `{id}`", entity.id),
                    )
                    .fix("name the one that says whom a row is about, such as `account`");
                return None;
            };
            let path = Path { references: Vec::new(), attribute: attribute.id.clone() };
            Some(Expression { type_: attribute.type_.clone(), node: Node::Path(path) })
        }
    };
    let benefit = expression(&written.benefit, Want::Quantity, entity, around, context);
    if written.benefit.is_written() && benefit.is_none() {
        return None;
    }
    let when = when?;
    let read = [&when].into_iter().chain(&eligible).chain(&success).chain(&each).chain(&benefit);
    let read: Vec<Expression> = read.cloned().collect();
    let roots = derived::roots(&entity.id, &read, around.entities);
    Some(Trigger::Rows {
        of: entity.id.clone(),
        when,
        eligible,
        each,
        benefit,
        success,
        since: *written.since.get()?,
        // A circle has its own finding.
        made: derived::order(around.entities, roots).unwrap_or_default(),
    })
}
