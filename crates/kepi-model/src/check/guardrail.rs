//! Trade-offs that were agreed on: each names KPIs of one period, every one once, with a bound in its unit.

use std::collections::BTreeMap;

use super::{Context, rule};
use crate::{
    codes,
    decode::{Either, Keyed, Placed},
    definitions as written,
    id::{GuardrailId, KpiId},
    project::{Bound, Demand, Guardrail, Kpi},
    source_text::Span,
    word::Word,
    wording::shown,
};

/// Reads all guardrails.
pub(super) fn read(
    written: &[Placed<written::Guardrail>],
    kpis: &BTreeMap<KpiId, Kpi>,
    context: &mut Context<'_>,
) -> BTreeMap<GuardrailId, Guardrail> {
    let mut places: BTreeMap<GuardrailId, Span> = BTreeMap::new();
    let mut all = BTreeMap::new();
    for written in written.iter().map(|document| &document.value) {
        let Some(id) = written.guardrail.get().and_then(|name| name.id.clone()) else { continue };
        let at = written.guardrail.span;
        if let Some(first) = places.insert(id.clone(), at) {
            context
                .report(codes::GUARDRAIL, at, format!("there is another guardrail `{id}`"))
                .related(first, "the other one")
                .fix("give one of them another name");
        }
        if let Some(guardrail) = one(id, written, kpis, context) {
            all.insert(guardrail.id.clone(), guardrail);
        }
    }
    all
}

fn one(
    id: GuardrailId,
    written: &written::Guardrail,
    kpis: &BTreeMap<KpiId, Kpi>,
    context: &mut Context<'_>,
) -> Option<Guardrail> {
    let mut guardrail = Guardrail {
        name: written.name.cloned().unwrap_or_else(|| shown(id.as_str())),
        id,
        description: written.description.cloned(),
        kpis: BTreeMap::new(),
        meanwhile: BTreeMap::new(),
        level: written.level.cloned(),
        owner: written.owner.cloned(),
        span: written.guardrail.span,
    };
    let mut named: BTreeMap<&KpiId, Span> = BTreeMap::new();
    let mut first: Option<&Kpi> = None;
    // A KPI that is not there or broken has its own finding.
    let mut known = |id: &'_ KpiId, at: Span, context: &mut Context<'_>| {
        let (id, kpi) = kpis.get_key_value(id)?;
        if let Some(first) = named.insert(id, at) {
            context
                .report(codes::GUARDRAIL, at, format!("{id} may go so far only as long as it holds itself"))
                .related(first, "the other place")
                .fix("leave it in one of `kpis` and `while`");
        }
        let first = *first.get_or_insert(kpi);
        if first.period != kpi.period {
            let message = format!(
                "{id} is by {}, {} by {}: no period has both",
                kpi.period.word(),
                first.id,
                first.period.word()
            );
            context.report(codes::GUARDRAIL, at, message).fix("name KPIs of one `period`");
        }
        Some(kpi)
    };
    for (map, at) in [
        (written.kpis.get().is_some_and(|map| map.is_empty()), written.kpis.span),
        (written.while_.get().is_some_and(|map| map.is_empty()), written.while_.span),
    ] {
        if map {
            context
                .report(codes::GUARDRAIL, at, "no KPI is named")
                .fix("name one with what it may be, such as `nps: {at_least: 30}`");
        }
    }
    for Keyed { key, span, value, .. } in written.kpis.get()? {
        let Some(kpi) = key.as_ref().and_then(|id| known(id, *span, context)) else { continue };
        let Some(bound) = value.as_ref().and_then(|written| bound(written, kpi, *span, context)) else {
            continue;
        };
        guardrail.kpis.insert(kpi.id.clone(), bound);
    }
    for Keyed { key, span, value, .. } in written.while_.get()? {
        let Some(kpi) = key.as_ref().and_then(|id| known(id, *span, context)) else { continue };
        let demand = match value {
            Some(Either::This(_)) => Demand::NotWorse,
            Some(Either::That(written)) => match bound(written, kpi, *span, context) {
                Some(bound) => Demand::Within(bound),
                None => continue,
            },
            None => continue,
        };
        guardrail.meanwhile.insert(kpi.id.clone(), demand);
    }
    Some(guardrail)
}

fn bound(written: &written::Bound, kpi: &Kpi, at: Span, context: &mut Context<'_>) -> Option<Bound> {
    rule::bound(&written.at_least, &written.at_most, kpi, at, codes::GUARDRAIL, context)
}
