//! What KPIs and sources say of each other, and KPIs among themselves.

use std::collections::{BTreeMap, BTreeSet};

use super::{
    super::{Context, is_defined},
    unfilled::Filled,
};
use crate::{
    codes,
    definitions::{self as written, Definitions},
    id::{EntityId, KpiId, PurposeId, SourceId},
    project::{Entity, Kpi, Source},
    source_text::Span,
    table::Symbol,
    wording::shorten,
};

/// What KPIs and sources say of each other, and KPIs among themselves.
pub(in crate::check) fn together(
    definitions: &Definitions,
    entities: &BTreeMap<EntityId, Entity>,
    kpis: &BTreeMap<KpiId, Kpi>,
    sources: &BTreeMap<SourceId, Source>,
    context: &mut Context<'_>,
) {
    let mut shown: BTreeMap<String, (Option<&KpiId>, Span)> = BTreeMap::new();
    for (kpi, name) in definitions.kpis.iter().map(|k| (&k.value.kpi, &k.value.name)) {
        let Some(text) = name.get() else { continue };
        let id = kpi.get().and_then(|name| name.id.as_ref());
        let other = shown.insert(text.to_lowercase(), (id, name.span));
        // Wordings of one KPI are shown as it is.
        if let Some((_, first)) = other.filter(|(other, _)| other.is_none() || *other != id) {
            context
                .report(
                    codes::SAME_SHOWN_NAME,
                    name.span,
                    format!("another KPI is shown as `{}`", shorten(text)),
                )
                .related(first, "the other one")
                .fix("say in the name what sets them apart");
        }
    }
    let written_into = definitions.sources.iter().filter_map(|s| s.value.into.get());
    let filled: BTreeSet<&EntityId> = written_into.chain(sources.values().map(|s| &s.into)).collect();
    // Rows that could not be made have findings of their own, and no source fills them either.
    let made: BTreeSet<&EntityId> = definitions
        .entities
        .iter()
        .filter(|entity| entity.value.rows.is_written())
        .filter_map(|entity| entity.value.entity.get()?.id.as_ref())
        .collect();
    let mapped = Filled::of(definitions, entities, sources);
    let mut undeclared = BTreeSet::new();
    let written: BTreeMap<Span, &written::Kpi> =
        definitions.kpis.iter().map(|k| (k.value.kpi.span, &k.value)).collect();
    // Of the sources of an entity one stands for all that are open to the same purpose.
    let mut by_entity: BTreeMap<&EntityId, BTreeMap<Option<&PurposeId>, Vec<&Source>>> = BTreeMap::new();
    for source in sources.values() {
        let purposes = by_entity.entry(&source.into).or_default();
        purposes.entry(source.purpose.as_ref()).or_default().push(source);
    }
    for kpi in kpis.values().flat_map(Kpi::wordings) {
        let Some(written) = written.get(&kpi.span) else { continue };
        // Of a formula its KPIs say so.
        let reads = kpi.measure.kind().inputs().is_empty().then_some(&kpi.reads);
        for base in reads.into_iter().flatten() {
            if !filled.contains(base)
                && !made.contains(base)
                && is_defined(context, Symbol::Entity, base.as_str())
            {
                context
                    .report(codes::NO_SOURCE, written.measure.span, format!("no source fills {base}"))
                    .fix(format!("add a source with `into: {base}`"));
            }
        }
        mapped.report(kpi, written, context);
        if kpi.purpose.is_some() || written.purpose.is_absent() {
            let entities = kpi.entities();
            for (open_to, sources) in entities.iter().filter_map(|e| by_entity.get(e)).flatten() {
                purposes(kpi, written, *open_to, sources, &mut undeclared, context);
            }
        }
    }
}

/// Data may be used for what they were collected for: a KPI that reads data with a purpose names the same one. Once it
/// names one, data without a purpose are a doubt, said once a source.
fn purposes<'a>(
    kpi: &Kpi,
    written: &written::Kpi,
    open_to: Option<&PurposeId>,
    sources: &[&'a Source],
    undeclared: &mut BTreeSet<&'a SourceId>,
    context: &mut Context<'_>,
) {
    let Some(source) = sources.first() else { return };
    match (&kpi.purpose, open_to) {
        (Some(purpose), Some(open_to)) if purpose != open_to => {
            context
                .report(
                    codes::PURPOSE,
                    written.purpose.span,
                    format!("the source `{}` is open to {open_to}, not to {purpose}", source.id),
                )
                .related(source.span, "the source")
                .fix(format!("write `purpose: {open_to}`, or use other data"));
        }
        (None, Some(open_to)) => {
            context
                .report(
                    codes::NO_PURPOSE,
                    kpi.span,
                    format!(
                        "the source `{}` is open to {open_to}, but what `{}` uses it for is not said",
                        source.id, kpi.id
                    ),
                )
                .related(source.span, "the source")
                .fix(format!("add `purpose: {open_to}`, or use other data"));
        }
        // Said once of an entity's sources: the first KPI that names a purpose stands for all.
        (Some(purpose), None) if undeclared.insert(&source.id) => {
            for source in sources {
                context
                    .report(
                        codes::SOURCE_PURPOSE,
                        source.span,
                        format!("what the data of `{}` may be used for is not said", source.id),
                    )
                    .related(kpi.span, format!("this KPI uses them for {purpose}"))
                    .fix(format!("add `purpose: {purpose}` if they may be used for it"));
            }
        }
        _ => {}
    }
}
