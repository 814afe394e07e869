//! What is withheld of disclosures: that something is, of something, on some day.

use std::collections::BTreeMap;

use super::Context;
use crate::{
    codes, decode::Placed, definitions as written, id::WithholdingId, project::Withholding,
    source_text::Span, wording::shown,
};

/// Reads all of them.
pub(super) fn read(
    all: &[Placed<written::Withholding>],
    context: &mut Context<'_>,
) -> BTreeMap<WithholdingId, Withholding> {
    let mut places: BTreeMap<WithholdingId, Span> = BTreeMap::new();
    let mut found = BTreeMap::new();
    for written in all.iter().map(|document| &document.value) {
        let Some(id) = written.withholding.get().and_then(|name| name.id.clone()) else { continue };
        let at = written.withholding.span;
        if let Some(first) = places.insert(id.clone(), at) {
            context
                .report(codes::WITHHOLDING, at, format!("there is another withholding `{id}`"))
                .related(first, "the other one")
                .fix("give one of them another name");
        }
        if written.kpis.items().is_empty() && written.scorecards.items().is_empty() {
            context
                .report(codes::WITHHOLDING, at, format!("`{id}` is of no KPI and of no scorecard"))
                .fix("name them under `kpis` or `scorecards`");
        }
        if written.withheld.get().is_some_and(Vec::is_empty) {
            context
                .report(codes::WITHHOLDING, written.withheld.span, format!("`{id}` withholds nothing"))
                .fix("name what is left out, such as `[figures]`");
        }
        if let (Some(since), Some(until)) = (written.since.cloned(), written.until.cloned())
            && until <= since
        {
            context
                .report(codes::WITHHOLDING, written.until.span, format!("`{id}` ends before it begins"))
                .fix(format!("write a day after {since}"));
        }
        found.extend(one(id, written).map(|of| (of.id.clone(), of)));
    }
    found
}

fn one(id: WithholdingId, written: &written::Withholding) -> Option<Withholding> {
    Some(Withholding {
        name: written.name.cloned().unwrap_or_else(|| shown(id.as_str())),
        id,
        kpis: written.kpis.values().into_iter().collect(),
        scorecards: written.scorecards.values().into_iter().collect(),
        withheld: written.withheld.values().into_iter().collect(),
        duty: written.duty.cloned()?,
        why: written.why.cloned()?,
        owner: written.owner.cloned()?,
        since: written.since.cloned()?,
        until: written.until.cloned(),
        span: written.withholding.span,
    })
}
