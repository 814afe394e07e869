//! What KPIs and sources say of each other, and KPIs among themselves.

use std::collections::{BTreeMap, BTreeSet};

use super::{
    super::{Context, codes, is_defined, name_place, of_kind, place},
    bases,
};
use crate::{
    id::{KpiId, SourceId},
    meaning,
    project::{Kpi, Source},
    source_text::Span,
    table::Symbol,
    yaml::Document,
};

/// What KPIs and sources say of each other, and KPIs among themselves.
pub(in crate::check) fn together(
    documents: &[Document],
    kpis: &BTreeMap<KpiId, Kpi>,
    sources: &BTreeMap<SourceId, Source>,
    context: &mut Context<'_>,
) {
    let mut shown: BTreeMap<String, Span> = BTreeMap::new();
    for document in of_kind(documents, "kpi") {
        let Some(name) = document.root.get("name") else { continue };
        let Some(text) = name.text() else { continue };
        if let Some(first) = shown.insert(text.to_lowercase(), name.span) {
            context
                .findings
                .report(codes::SAME_SHOWN_NAME, name.span, format!("another KPI is shown as `{text}`"))
                .related(first, "the other one")
                .fix("say in the name what sets them apart");
        }
    }
    let filled: BTreeSet<&str> =
        of_kind(documents, "source").filter_map(|d| d.root.get_text("into")).collect();
    for kpi in kpis.values() {
        let root = of_kind(documents, "kpi").map(|d| &d.root).find(|r| name_place(r) == kpi.span);
        for base in bases(&kpi.measure) {
            if !filled.contains(base.as_str()) && is_defined(context, Symbol::Entity, base.as_str()) {
                let at = root.map_or(kpi.span, |r| place(r, "measure"));
                context
                    .findings
                    .report(codes::NO_SOURCE, at, format!("no source fills {base}"))
                    .fix(format!("add a source with `into: {base}`"));
            }
        }
        let Some(purpose) = &kpi.purpose else { continue };
        let mut reported = BTreeSet::new();
        for entity in meaning::entities_read(kpi) {
            for source in sources.values().filter(|s| s.into == entity) {
                if let Some(open_to) = source.purpose.as_ref().filter(|p| *p != purpose)
                    && reported.insert(&source.id)
                {
                    context
                        .findings
                        .report(
                            codes::PURPOSE,
                            root.map_or(kpi.span, |r| place(r, "purpose")),
                            format!("the source `{}` is open to {open_to}, not to {purpose}", source.id),
                        )
                        .related(source.span, "the source")
                        .fix(format!("write `purpose: {open_to}`, or use other data"));
                }
            }
        }
    }
}
