//! What KPIs are believed to move: others, each with a sign and perhaps a lag. Read when all KPIs and the strategy are known.

use std::collections::BTreeMap;

use super::super::Context;
use crate::{
    codes,
    decode::Placed,
    definitions::Kpi as Written,
    id::KpiId,
    lexical::Decimal,
    project::{Belief, Kpi, Strategy},
    source_text::Span,
    wording::shorten,
};

/// Gives each KPI what it is believed to move.
pub(in crate::check) fn read(
    documents: &[Placed<Written>],
    strategy: Option<&Strategy>,
    kpis: &mut BTreeMap<KpiId, Kpi>,
    context: &mut Context<'_>,
) {
    let mut found: BTreeMap<Span, Vec<Belief>> = BTreeMap::new();
    for document in documents.iter().map(|document| &document.value) {
        let own = document.kpi.get().and_then(|name| kpis.get(name.id.as_ref()?));
        let Some(own) = own else { continue };
        for entry in document.moves.items() {
            let (Some(id), Some(written)) = (&entry.key, &entry.value) else { continue };
            let Some(effect) = kpis.get(id) else { continue };
            if is_part(own, effect) || is_part(effect, own) {
                let message = match id == &own.id {
                    true => format!("`{id}` is believed to move itself"),
                    false => format!("`{id}` and `{}`: one is computed of the other", own.id),
                };
                context.report(codes::MOVES, entry.span, message);
                continue;
            }
            let worth = written.worth.get().and_then(|worth| worth.text());
            let amount = worth.map(|text| (text, effect.unit.exact(text).map(Decimal::to_f64)));
            if let Some((text, None)) = &amount {
                let message = format!("`{}` is not in the unit of {id}", shorten(text));
                context.report(codes::MOVES, written.worth.span, message).expected(effect.unit.amount_text());
            }
            let Some(sign) = written.sign.cloned() else { continue };
            let links = strategy.iter().flat_map(|strategy| &strategy.links);
            let mut links = links.filter(|link| {
                own.objective.as_ref() == Some(&link.from) && effect.objective.as_ref() == Some(&link.to)
            });
            if links.any(|link| link.sign != sign) {
                let message = "the strategy says that their objectives work the other way";
                context.report(codes::MOVES_AGAINST, written.sign.span, message);
            }
            found.entry(document.kpi.span).or_default().push(Belief {
                kpi: id.clone(),
                sign,
                lag: written.lag.get().map(|lag| (lag.0, lag.1)),
                worth: amount.and_then(|(_, worth)| worth),
                why: written.why.cloned(),
            });
        }
    }
    for kpi in kpis.values_mut() {
        for wording in kpi.earlier.iter_mut() {
            wording.moves = found.remove(&wording.span).unwrap_or_default();
        }
        kpi.moves = found.remove(&kpi.span).unwrap_or_default();
    }
}

fn is_part(part: &Kpi, whole: &Kpi) -> bool {
    part.id == whole.id || whole.measure.kind().inputs().into_iter().any(|input| is_part(part, &input.kpi))
}
