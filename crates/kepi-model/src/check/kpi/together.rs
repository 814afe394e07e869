//! What KPIs and sources say of each other, and KPIs among themselves.

use std::collections::{BTreeMap, BTreeSet};

use super::{
    super::{Context, codes, is_defined, name_place, of_kind, place},
    bases,
};
use crate::{
    decode::is_misspelt,
    id::{KpiId, SourceId},
    meaning,
    project::{Kpi, Source},
    source_text::Span,
    table::Symbol,
    yaml::{Document, Node},
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
    let mut undeclared = BTreeSet::new();
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
        if let Some(root) = root {
            purposes(kpi, root, sources, &mut undeclared, context);
        }
    }
}

/// Data may be used for what they were collected for: a KPI that reads data with a purpose names the same one. Once it
/// names one, data without a purpose are a doubt, said once a source.
fn purposes<'a>(
    kpi: &Kpi,
    root: &Node,
    sources: &'a BTreeMap<SourceId, Source>,
    undeclared: &mut BTreeSet<&'a SourceId>,
    context: &mut Context<'_>,
) {
    if kpi.purpose.is_none()
        && (root.get("purpose").is_some() || is_misspelt(root, &crate::definitions::KPI, "purpose"))
    {
        return;
    }
    let entities = meaning::entities_read(kpi);
    for source in sources.values().filter(|s| entities.contains(&s.into)) {
        match (&kpi.purpose, &source.purpose) {
            (Some(purpose), Some(open_to)) if purpose != open_to => {
                context
                    .findings
                    .report(
                        codes::PURPOSE,
                        place(root, "purpose"),
                        format!("the source `{}` is open to {open_to}, not to {purpose}", source.id),
                    )
                    .related(source.span, "the source")
                    .fix(format!("write `purpose: {open_to}`, or use other data"));
            }
            (None, Some(open_to)) => {
                context
                    .findings
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
                    .findings
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
