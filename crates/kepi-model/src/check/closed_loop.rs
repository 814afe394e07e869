//! Which rows somebody follows up: of a KPI that has rows, by conditions over them, with root causes to choose from.

use std::collections::BTreeMap;

use super::{Context, kpi::Surroundings};
use crate::{
    acting::{AskedAgain, CASE, ClosedLoop},
    codes,
    decode::{ExpressionText, Field, Placed},
    definitions as written, derived,
    expression::{Expression, Node, Path, Type},
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
    let again = asked_again(&written.again, entity, around, context);
    let success = condition(&written.success, entity, around, context);
    if written.success.is_written() && success.is_none() {
        return None;
    }
    let hold_out = written.hold_out.get().and_then(|n| u8::try_from(n.0).ok())?;
    if hold_out > 0 && success.is_none() {
        context
            .report(codes::LOOP, written.hold_out.span, "nothing says what those held out are compared by")
            .fix("say when it is as it should be, such as `success: account.status = 'active'`");
        return None;
    }
    let when = when?;
    let settled = again.iter().map(|of| &of.settled);
    let read: Vec<Expression> =
        [&when].into_iter().chain(&permission).chain(settled).chain(&success).cloned().collect();
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
        again,
        hold_out,
        seed: written.seed.get().and_then(|n| u32::try_from(n.0).ok())?,
        after: whole(written.after.get().map(|n| n.0))?,
        success,
        ladder: written.ladder.cloned(),
        causes: causes.filter_map(|of| Some((of.key.as_ref()?.id.clone()?, of.value.clone()?))).collect(),
        // A circle has its own finding.
        made: derived::order(around.entities, roots).unwrap_or_default(),
    })
}

/// How a customer is asked once more: her answer names the case, and says whether it is settled.
fn asked_again(
    written: &Field<written::AskedAgain>,
    entity: &Entity,
    around: &Surroundings<'_>,
    context: &mut Context<'_>,
) -> Option<AskedAgain> {
    let of = written.get()?;
    let settled = condition(&of.settled, entity, around, context);
    if let Some(link) = of.link.get()
        && !link.contains(CASE)
    {
        context
            .report(codes::LOOP, of.link.span, "nothing in the link says which case the answer is to")
            .fix(format!("put `{CASE}` where the survey takes what comes back as `case`"));
    }
    let id = of.case.get()?;
    let found = entity.attribute(id).filter(|attribute| attribute.type_ == Type::Text);
    if found.is_none() {
        context.report(codes::LOOP, of.case.span, format!("`{id}` is no text of `{}`", entity.id)).fix(
            format!(
                "declare it, `{id}: {{type: text}}`, and map the column in which the survey says the case"
            ),
        );
    }
    let path = Path { references: Vec::new(), attribute: found?.id.clone() };
    let case = Expression { type_: Type::Text, node: Node::Path(path) };
    Some(AskedAgain { link: of.link.cloned(), case, settled: settled? })
}

pub(super) fn condition(
    text: &Field<ExpressionText>,
    entity: &Entity,
    around: &Surroundings<'_>,
    context: &mut Context<'_>,
) -> Option<Expression> {
    expression(text, Want::Condition, entity, around, context)
}

pub(super) fn expression(
    text: &Field<ExpressionText>,
    want: Want,
    entity: &Entity,
    around: &Surroundings<'_>,
    context: &mut Context<'_>,
) -> Option<Expression> {
    let mut reader = Reader {
        entities: around.entities,
        zone: around.zone,
        fiscal: around.calendar.fiscal(),
        units: around.units,
        business_hours: around.business_hours,
        findings: context.findings,
        symbols: context.symbols,
        kpis: &BTreeMap::new(),
    };
    reader.expression(text.get()?, entity, want)
}
