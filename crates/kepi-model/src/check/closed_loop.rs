//! Which rows somebody follows up: of a KPI that has rows, by conditions over them, with root causes to choose from.

use std::collections::BTreeMap;

use super::{Context, kpi::Surroundings};
use crate::{
    acting::ClosedLoop,
    codes,
    decode::{ExpressionText, Field, Placed},
    definitions as written, derived,
    expression::Expression,
    id::{KpiId, LoopId},
    measure::Reader,
    project::{Entity, Kpi},
    source_text::Span,
    sql::Want,
};

/// Reads all closed loops.
pub(super) fn read(
    all: &[Placed<written::ClosedLoop>],
    kpis: &BTreeMap<KpiId, Kpi>,
    around: &Surroundings<'_>,
    somebody: bool,
    context: &mut Context<'_>,
) -> BTreeMap<LoopId, ClosedLoop> {
    let mut loops = BTreeMap::new();
    let mut places: BTreeMap<LoopId, Span> = BTreeMap::new();
    for written in all.iter().map(|document| &document.value) {
        let Some(id) = written.closed_loop.get().and_then(|name| name.id.clone()) else { continue };
        let at = written.closed_loop.span;
        if let Some(first) = places.insert(id.clone(), at) {
            context
                .report(codes::LOOP, at, format!("there is another closed loop `{id}`"))
                .related(first, "the other one")
                .fix("give one of them another name");
        }
        if !somebody {
            context
                .report(codes::LOOP, at, "nobody could follow it up: the project has no person")
                .fix("write who answers for what: `person: …`, and `accountable: …` at the KPIs");
        }
        if written.causes.is_written() && written.causes.items().is_empty() {
            context
                .report(
                    codes::LOOP,
                    written.causes.span,
                    "no root cause could be named when a case is closed",
                )
                .fix(
                    "write some, each in words, such as `{waiting: Waited too long, other: Something else}`",
                );
        }
        if let Some(found) = one(id, written, kpis, around, context) {
            loops.insert(found.id.clone(), found);
        }
    }
    loops
}

fn one(
    id: LoopId,
    written: &written::ClosedLoop,
    kpis: &BTreeMap<KpiId, Kpi>,
    around: &Surroundings<'_>,
    context: &mut Context<'_>,
) -> Option<ClosedLoop> {
    // A KPI that is not there or broken has its own finding.
    let kpi = kpis.get(written.kpi.get()?)?;
    let base = kpi.measure.kind().readings().into_iter().next().map(|reading| reading.rows.of.clone());
    let Some(entity) = base.and_then(|of| around.entities.get(&of)) else {
        context
            .report(
                codes::LOOP,
                written.kpi.span,
                format!("`{}` is computed of other KPIs, so it has no rows of its own", kpi.id),
            )
            .fix("name one of those that it is computed of");
        return None;
    };
    let when = condition(&written.when, entity, around, context);
    let permission = condition(&written.permission, entity, around, context);
    if written.permission.is_written() && permission.is_none() {
        return None;
    }
    let when = when?;
    let read: Vec<Expression> = [&when].into_iter().chain(&permission).cloned().collect();
    let roots = derived::roots(&entity.id, &read, around.entities);
    let whole = |number: Option<i64>| number.and_then(|number| u16::try_from(number).ok());
    let causes = written.causes.items().iter();
    Some(ClosedLoop {
        id,
        name: written.name.cloned()?,
        kpi: kpi.id.clone(),
        of: entity.id.clone(),
        when,
        since: *written.since.get()?,
        permission,
        hours: whole(written.hours.get().map(|n| n.0))?,
        confirm: whole(written.confirm.get().map(|n| n.0))?,
        at_most: whole(written.at_most.get().map(|n| n.0))?,
        causes: causes.filter_map(|of| Some((of.key.as_ref()?.id.clone()?, of.value.clone()?))).collect(),
        // A circle has its own finding.
        made: derived::order(around.entities, roots).unwrap_or_default(),
    })
}

pub(super) fn condition(
    text: &Field<ExpressionText>,
    entity: &Entity,
    around: &Surroundings<'_>,
    context: &mut Context<'_>,
) -> Option<Expression> {
    let mut reader = Reader {
        entities: around.entities,
        zone: around.zone,
        units: around.units,
        business_hours: around.business_hours,
        findings: context.findings,
        symbols: context.symbols,
        kpis: &BTreeMap::new(),
    };
    reader.expression(text.get()?, entity, Want::Condition)
}
