//! Events of the enterprise: whether each touches something.

use std::collections::BTreeMap;

use super::Context;
use crate::{
    codes,
    decode::Placed,
    definitions as written,
    id::{EnterpriseEventId, KpiId},
    project::{EnterpriseEvent, Kpi},
    source_text::Span,
};

/// Reads all events.
pub(super) fn read(
    all: &[Placed<written::EnterpriseEvent>],
    kpis: &BTreeMap<KpiId, Kpi>,
    context: &mut Context<'_>,
) -> BTreeMap<EnterpriseEventId, EnterpriseEvent> {
    let mut found = BTreeMap::new();
    let mut places: BTreeMap<EnterpriseEventId, Span> = BTreeMap::new();
    for written in all.iter().map(|document| &document.value) {
        let Some(id) = written.enterprise_event.get().and_then(|name| name.id.clone()) else { continue };
        let at = written.enterprise_event.span;
        if let Some(first) = places.insert(id.clone(), at) {
            context
                .report(codes::ENTERPRISE_EVENT, at, format!("there is another event `{id}`"))
                .related(first, "the other one")
                .fix("give one of them another name");
            continue;
        }
        let (Some(name), Some(on)) = (written.name.cloned(), written.on.cloned()) else { continue };
        let event = EnterpriseEvent {
            id: id.clone(),
            name,
            description: written.description.cloned(),
            on,
            kpis: written.kpis.values().into_iter().collect(),
            objectives: written.objectives.values().into_iter().collect(),
            span: at,
        };
        // A KPI that there is not has its own finding.
        let known = event.kpis.iter().all(|id| kpis.contains_key(id));
        if known && !kpis.is_empty() && !kpis.values().any(|kpi| event.touches(kpi)) {
            context
                .report(
                    codes::ENTERPRISE_EVENT,
                    at,
                    format!("`{id}` touches no KPI: nothing is to be approved anew"),
                )
                .fix("name KPIs, or objectives that KPIs serve; without either it touches all KPIs");
        }
        found.insert(id, event);
    }
    found
}
