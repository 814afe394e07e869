//! What of a KPI is made of landed rows, and how long after a period that may still change.

use std::collections::{BTreeMap, BTreeSet};

use crate::{
    calendar::{Calendar, Grain},
    codes, definitions as written,
    derived::{self, Dating, Derivation, Every, Made, Panel, Rows, panel},
    expression::{Arithmetic, Expression, Node, Path, Type},
    findings::Findings,
    id::EntityId,
    measure::Reading,
    project::{Duration, DurationSummary, Entity, Kpi, Measure},
    source_text::Span,
    word::Word as _,
};

/// Notes what has to be made for a KPI, and what follows for when it is final.
pub(super) fn of(
    kpi: &mut Kpi,
    written: &written::Kpi,
    (entities, calendar): (&BTreeMap<EntityId, Entity>, &Calendar),
    findings: &mut Findings,
) {
    let reads = kpi.expressions();
    let roots: Vec<Made> =
        reads.iter().flat_map(|(base, expressions)| derived::roots(base, expressions, entities)).collect();
    // A circle has its own finding.
    let made = derived::order(entities, roots).unwrap_or_default();
    let landed = |id: &&EntityId| entities.get(*id).is_some_and(|entity| entity.rows.is_none());
    let bases = kpi.measure.bases();
    let gathered = derived::gathered_from(&made, entities);
    let mut sources: Vec<EntityId> = bases.iter().copied().chain(&gathered).filter(landed).cloned().collect();
    if sources.is_empty() {
        // A panel of nothing but its subjects.
        let looked_at = derived::read_by(&made, entities);
        sources.extend(looked_at.iter().filter(landed).cloned());
    }
    let mut reach = 0;
    let mut back = derived::Back::new(entities);
    let mut blamed: Option<String> = None;
    let mut stretches = BTreeSet::new();
    for reading in kpi.measure.kind().readings() {
        let Some(base) = entities.get(&reading.rows.of) else { continue };
        let dating = Dating(reading.rows.at.references.is_empty().then_some(&reading.rows.at.attribute));
        match derived::of_rows(base, entities) {
            Ok(own) => reach = own.max(reach),
            Err(path) => blamed = blamed.or_else(|| Some(path.to_string())),
        }
        back.rows(base, Some(0));
        if let Some(Rows::Panel(Panel { every: Every::Grain(grain), .. })) = &base.rows
            && base.time.as_ref() == dating.0
        {
            stretches.insert(*grain);
            shorter(kpi, (base, *grain), written.period.span, findings);
        }
        let weight = kpi.beside().filter(|_| bases.first() == Some(&&base.id));
        for expression in reading.rows.filter.iter().chain(reading.values).chain(weight) {
            match derived::latest(expression, base, dating, entities) {
                Ok(own) => reach = own.max(reach),
                Err(path) => blamed = blamed.or_else(|| Some(path.to_string())),
            }
            back.expression(expression, base, dating, Some(0));
            age(expression, base, written.measure.span, findings);
        }
        let dimensions = kpi.by.iter().chain(kpi.hidden_dimensions());
        for way in dimensions.filter_map(|dimension| dimension.ways.get(&base.id)) {
            match derived::latest(way, base, dating, entities) {
                Ok(own) => reach = own.max(reach),
                Err(path) => hindsight(path, base, written.by.span, findings),
            }
            back.expression(way, base, dating, Some(0));
            age(way, base, written.by.span, findings);
        }
    }
    let declared =
        written.final_after.get().map(|lag| calendar.longest(lag.1).saturating_mul(i64::from(lag.0)));
    if let (Some(path), None) = (blamed, declared) {
        findings
            .report(codes::UNBOUNDED, written.measure.span, format!("`{path}` may change for ever, and with it every value"))
            .expected("an attribute whose stretch has an end, counted from what dates the rows of the KPI")
            .fix(format!("give `{path}` an end, such as `within: 365 days`, or add to the KPI how long it waits: `final_after: 3 months`"));
    }
    if declared.is_none() {
        open_ends(kpi, written, entities, findings);
    }
    let looked_at = derived::read_by(&made, entities);
    (kpi.made, kpi.looked_at, kpi.reads) = (made, looked_at, sources.into_iter().collect());
    kpi.reach = declared.unwrap_or(reach);
    kpi.stretches = if declared.is_some() { BTreeSet::new() } else { stretches };
    kpi.around = back.found;
}

/// When the rows of a period have ended is not known of landed rows that are dated by another time than their end.
fn open_ends(
    kpi: &Kpi,
    written: &written::Kpi,
    entities: &BTreeMap<EntityId, Entity>,
    findings: &mut Findings,
) {
    let readings = kpi.measure.kind().readings();
    let [Reading { rows, values }] = readings.as_slice() else { return };
    let Some(base) = entities.get(&rows.of).filter(|base| base.rows.is_none()) else { return };
    let mut ends = Vec::new();
    match &kpi.measure {
        Measure::Duration(Duration { until, summary: DurationSummary::Mean, .. }) => ends.push(until),
        // Within a time is known when that has passed.
        Measure::Duration(_) => {}
        _ => values.iter().for_each(|value| {
            value.visit(&mut |part| {
                if let (Type::Duration, Node::Arithmetic(Arithmetic::Subtract, until, _)) =
                    (&part.type_, &part.node)
                {
                    ends.push(until);
                }
            })
        }),
    }
    let mut ends = ends.into_iter().filter_map(|end| match &end.node {
        Node::Path(end) if end.references.is_empty() => Some(end),
        _ => None,
    });
    let landed = |end: &&Path| **end != rows.at && base.derivation(&end.attribute).is_none();
    let Some(end) = ends.find(landed) else { return };
    findings
        .report(
            codes::OPEN_ENDS,
            written.measure.span,
            format!("rows are dated by `{}` and may have no `{end}` for long: figures that are final change when they have", rows.at),
        )
        .expected("how long figures wait for rows to end, or rows that are dated by their end")
        .fix(format!("add `final_after: 30 days`, or as long as nearly all take; or date rows by their end: `at: {end}`"));
}

fn hindsight(path: &Path, base: &Entity, at: Span, findings: &mut Findings) {
    let panel = base.rows.as_ref().is_some_and(|rows| rows.panel().is_some());
    let finding = findings.report(
        codes::HINDSIGHT,
        at,
        format!(
            "`{path}` may still change when a period has long ended: its segments would rewrite the past"
        ),
    );
    if panel {
        finding.fix(format!("give `{path}` an end, such as `until: period_end`"));
    }
}

/// Most periods of a KPI have no row of a panel whose periods are longer, and the others have rows that go on.
fn shorter(kpi: &Kpi, (base, grain): (&Entity, Grain), at: Span, findings: &mut Findings) {
    if kpi.period >= grain {
        return;
    }
    let (own, shortest) = (grain.word(), kpi.period.word());
    findings
        .report(
            codes::SHORTER_THAN_ROWS,
            at,
            format!(
                "rows of {} are of a {own} each and count where that begins: most periods of a {shortest} have none",
                base.id
            ),
        )
        .expected(format!("periods that are no shorter than a {own}"))
        .fix(format!(
            "write `period: {own}`, or make rows of any length: `rows: {{every: period, …}}` in {}",
            base.id
        ));
}

/// Ages of subjects that are gone are not there.
fn age(of: &Expression, base: &Entity, at: Span, findings: &mut Findings) {
    let Some(Rows::Panel(Panel { until: Some(until), .. })) = &base.rows else { return };
    let mut reads = false;
    of.visit(&mut |part| {
        if let Node::Path(path) = &part.node {
            reads |= path.references.is_empty()
                && path.attribute.as_str() == panel::AGE
                && matches!(base.derivation(&path.attribute), Some(Derivation::Given));
        }
    });
    if reads {
        findings.report(
            codes::AGE_OF_LEAVERS,
            at,
            format!("rows of {} end at `{until}`: at later ages those who have left are missing", base.id),
        );
    }
}
