//! KPIs that stand several times, each from another day: one KPI of several wordings.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use jiff::civil::Date;

use super::{super::Context, Surroundings};
use crate::{
    codes, decode::Placed, definitions as written, definitions::Definitions, id::KpiId, meaning, project::Kpi,
};

/// KPIs that were read before, by name.
type Known = BTreeMap<KpiId, Arc<Kpi>>;

/// All documents of KPIs, those that come into force last at the end.
pub(in crate::check) fn by_day(definitions: &Definitions) -> Vec<&written::Kpi> {
    let mut all: Vec<_> = definitions.kpis.iter().map(|document| &document.value).collect();
    all.sort_by_key(|kpi| kpi.from.cloned());
    all
}

/// Reads the documents of one KPI. One that is computed of others changes on the days on which one of them does, too, and
/// holds only while all of them do.
pub(super) fn read(
    documents: &[&Placed<written::Kpi>],
    around: &Surroundings<'_>,
    known: &Known,
    context: &mut Context<'_>,
) -> Option<Kpi> {
    let mut documents = documents.to_vec();
    documents.sort_by_key(|document| document.value.from.cloned());
    let mut wordings = Vec::new();
    for (at, document) in documents.iter().enumerate() {
        let from = document.value.from.cloned();
        let until = documents.get(at + 1).and_then(|next| next.value.from.cloned());
        let written = document.value.measure.get().map(|measure| measure.inputs()).unwrap_or_default();
        let inputs: Vec<&Arc<Kpi>> = written.iter().filter_map(|(id, _)| known.get(*id)).collect();
        if inputs.iter().all(|input| !input.is_dated()) {
            wordings.extend(super::read(document, around, known, context).map(|kpi| Kpi { from, ..kpi }));
            continue;
        }
        let within = |day: &Option<Date>| *day > from && until.is_none_or(|until| *day < Some(until));
        let days = inputs.iter().flat_map(|input| input.wordings()).map(|wording| wording.from);
        let days: BTreeSet<Option<Date>> = days.filter(within).chain([from]).collect();
        for day in days {
            let then: Option<Vec<Kpi>> = inputs.iter().map(|input| alone(input, day)).collect();
            // Before all of them are there, there is nothing to compute it of.
            let Some(then) = then else { continue };
            let mut known = known.clone();
            known.extend(then.into_iter().map(|kpi| (kpi.id.clone(), Arc::new(kpi))));
            let read = super::read(document, around, &known, context);
            wordings.extend(read.map(|kpi| Kpi { from: day, ..kpi }));
        }
    }
    as_one(wordings, context)
}

/// The wording that is in force from a day on, as a KPI that never was another.
fn alone(kpi: &Kpi, day: Option<Date>) -> Option<Kpi> {
    let wording = kpi.wordings().rev().find(|wording| wording.from <= day)?;
    Some(Kpi { hash: wording.wording, earlier: Vec::new(), from: None, ..wording.clone() })
}

/// Wordings, oldest first, as one KPI; what has to stay the same does.
fn as_one(mut wordings: Vec<Kpi>, context: &mut Context<'_>) -> Option<Kpi> {
    let mut last = wordings.pop()?;
    for earlier in wordings.iter().filter(|earlier| earlier.span != last.span) {
        let differs = [
            ("period", (earlier.period, &earlier.also) != (last.period, &last.also)),
            ("better", earlier.better != last.better),
            ("unit of the value", earlier.unit != last.unit),
        ];
        for (what, _) in differs.into_iter().filter(|(_, differs)| *differs) {
            let since = last.from.map_or_else(|| "ever".to_owned(), |from| from.to_string());
            context
                .report(
                    codes::DATED_DIFFERS,
                    earlier.span,
                    format!("the {what} of `{}` is another than from {since} on", last.id),
                )
                .related(last.span, "the last to come into force")
                .expected("the same `period`, `better` and unit of the value from every day on");
        }
    }
    last.earlier = wordings;
    if last.is_dated() {
        last.hash = meaning::dated("kpi", last.wordings().map(|wording| (wording.from, wording.wording)));
    }
    if let Some(retired) = last.life.and_then(|life| life.retired) {
        last.hash = meaning::retired(last.hash, retired);
    }
    Some(last)
}
