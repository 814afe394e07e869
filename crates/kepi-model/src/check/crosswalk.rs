//! Crosswalks: every old code passes into new ones as a whole. What a KPI reads bridged, it can share out.

use std::collections::{BTreeMap, BTreeSet};

use super::Context;
use crate::{
    calendar::{Calendar, Grain},
    codes,
    crosswalk::{Crosswalk, Shares, WHOLE},
    decode::{Either, List, Placed},
    definitions as written,
    id::CrosswalkId,
    wording::{quoted, shorten, shown},
};

/// Reads all crosswalks.
pub(super) fn read(
    written: &[Placed<written::Crosswalk>],
    calendar: &Calendar,
    context: &mut Context<'_>,
) -> BTreeMap<CrosswalkId, Crosswalk> {
    written.iter().filter_map(|document| one(&document.value, calendar, context)).collect()
}

fn one(
    written: &written::Crosswalk,
    calendar: &Calendar,
    context: &mut Context<'_>,
) -> Option<(CrosswalkId, Crosswalk)> {
    let name = written.crosswalk.get()?;
    let codes_of =
        |list: &List<String>| -> BTreeSet<String> { list.iter().map(|of| of.value.clone()).collect() };
    let (from, to) = (codes_of(written.from.get()?), codes_of(written.to.get()?));
    let mut map: BTreeMap<Box<str>, Shares> = BTreeMap::new();
    for entry in written.map.items() {
        if !from.contains(&entry.text) {
            let message = format!("`{}` is no code of the old version", shorten(&entry.text));
            context.findings.unknown(
                codes::CROSSWALK,
                entry.span,
                message,
                &entry.text,
                from.iter().map(String::as_str),
            );
        }
        let shares: Vec<(&str, _, Option<i64>)> = match &entry.value {
            None => continue,
            Some(Either::This(only)) => vec![(only.as_str(), entry.at, Some(WHOLE))],
            Some(Either::That(several)) => several
                .iter()
                .map(|of| {
                    (of.text.as_str(), of.span, of.value.as_ref().and_then(|share| share.0.at_scale(6)))
                })
                .collect(),
        };
        let mut into = Shares::new();
        for (code, at, share) in &shares {
            if !to.contains(*code) {
                let message = format!("`{}` is no code of the new version", shorten(code));
                context.findings.unknown(codes::CROSSWALK, *at, message, code, to.iter().map(String::as_str));
            }
            if let Some(share) = share.filter(|share| *share > 0) {
                *into.entry((*code).into()).or_default() += share;
            }
        }
        let sum: i64 = into.values().sum();
        if shares.iter().all(|(.., share)| share.is_some()) && sum != WHOLE {
            context
                .report(
                    codes::CROSSWALK,
                    entry.at,
                    format!("the shares of `{}` sum to {} %", shorten(&entry.text), sum as f64 / 1e4),
                )
                .expected("100 %")
                .fix("change one of them, or add the code that is missing");
            continue;
        }
        map.insert(entry.text.as_str().into(), into);
    }
    let left: Vec<&str> = from
        .iter()
        .map(String::as_str)
        .filter(|code| written.map.items().iter().all(|entry| entry.text != *code))
        .filter(|code| !to.contains(*code))
        .collect();
    if !left.is_empty() {
        context
            .report(
                codes::CROSSWALK,
                written.map.key,
                format!(
                    "{} of the old version {} into nothing",
                    quoted(left.iter().copied()),
                    if left.len() == 1 { "passes" } else { "pass" }
                ),
            )
            .fix("add what each passes into; a code that stays as it is needs no entry");
    }
    let day = written.since.cloned()?;
    let since = calendar.bounds(calendar.period_of_day(Grain::Day, day)).ok()?.start;
    let id = name.id.clone()?;
    let shown = written.name.cloned().unwrap_or_else(|| shown(&name.text));
    Some((id.clone(), Crosswalk { id, name: shown, since, day, map }))
}
