//! What KPIs and sources say of each other, and KPIs among themselves.

use std::collections::{BTreeMap, BTreeSet};

use super::super::{Context, is_defined};
use crate::{
    codes,
    definitions::{self as written, Definitions},
    id::{EntityId, KpiId, SourceId},
    project::{Kpi, Source},
    source_text::Span,
    table::Symbol,
};

/// What KPIs and sources say of each other, and KPIs among themselves.
pub(in crate::check) fn together(
    definitions: &Definitions,
    kpis: &BTreeMap<KpiId, Kpi>,
    sources: &BTreeMap<SourceId, Source>,
    context: &mut Context<'_>,
) {
    let mut shown: BTreeMap<String, Span> = BTreeMap::new();
    for name in definitions.kpis.iter().map(|k| &k.value.name) {
        let Some(text) = name.get() else { continue };
        if let Some(first) = shown.insert(text.to_lowercase(), name.span) {
            context
                .report(codes::SAME_SHOWN_NAME, name.span, format!("another KPI is shown as `{text}`"))
                .related(first, "the other one")
                .fix("say in the name what sets them apart");
        }
    }
    let filled: BTreeSet<&EntityId> = definitions.sources.iter().filter_map(|s| s.value.into.get()).collect();
    let mut undeclared = BTreeSet::new();
    for kpi in kpis.values() {
        let written = definitions.kpis.iter().map(|k| &k.value).find(|k| k.kpi.span == kpi.span);
        let Some(written) = written else { continue };
        for base in kpi.measure.bases() {
            if !filled.contains(base) && is_defined(context, Symbol::Entity, base.as_str()) {
                context
                    .report(codes::NO_SOURCE, written.measure.span, format!("no source fills {base}"))
                    .fix(format!("add a source with `into: {base}`"));
            }
        }
        purposes(kpi, written, sources, &mut undeclared, context);
    }
}

/// Data may be used for what they were collected for: a KPI that reads data with a purpose names the same one. Once it
/// names one, data without a purpose are a doubt, said once a source.
fn purposes<'a>(
    kpi: &Kpi,
    written: &written::Kpi,
    sources: &'a BTreeMap<SourceId, Source>,
    undeclared: &mut BTreeSet<&'a SourceId>,
    context: &mut Context<'_>,
) {
    if kpi.purpose.is_none() && !written.purpose.is_absent() {
        return;
    }
    let entities = kpi.entities();
    for source in sources.values().filter(|s| entities.contains(&s.into)) {
        match (&kpi.purpose, &source.purpose) {
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
            (Some(purpose), None) if undeclared.insert(&source.id) => {
                context
                    .report(
                        codes::SOURCE_PURPOSE,
                        source.span,
                        format!("what the data of `{}` may be used for is not said", source.id),
                    )
                    .related(kpi.span, format!("this KPI uses them for {purpose}"))
                    .fix(format!("add `purpose: {purpose}` if they may be used for it"));
            }
            _ => {}
        }
    }
}
