//! KPIs that come to their end: that it is one, and who still uses them.

use std::collections::BTreeMap;

use jiff::civil::Date;

use super::super::Context;
use crate::{
    codes,
    decode::{Field, Placed},
    definitions as written,
    project::Life,
    source_text::Span,
    symbols::FROM,
    yaml::Document,
};

/// How a KPI comes to its end.
pub(super) fn life(written: &Field<written::Life>) -> Option<Life> {
    let written = written.get()?;
    Some(Life { sunset: written.sunset.cloned()?, retired: written.retired.cloned() })
}

/// Kind, name and first day of a document; of one that has no first day, from ever.
fn title(document: &Document) -> Option<(&str, &str, Option<Date>)> {
    let first = document.root.entries().first()?;
    let from = document.root.entry(FROM).and_then(|entry| entry.value.text()?.parse().ok());
    Some((&first.key, first.value.text()?, from))
}

/// Ends that are none, and uses of KPIs that come to their end: pointed out while that is announced, refused once they are retired.
pub(in crate::check) fn uses(
    kpis: &[Placed<written::Kpi>],
    documents: &[Document],
    named: &[(String, Span)],
    context: &mut Context<'_>,
) {
    // What the last wording says holds.
    let mut last: BTreeMap<&str, &written::Kpi> = BTreeMap::new();
    for kpi in kpis.iter().map(|document| &document.value) {
        let Some(name) = kpi.kpi.get() else { continue };
        let known = last.entry(&name.text).or_insert(kpi);
        if known.from.cloned() < kpi.from.cloned() {
            *known = kpi;
        }
    }
    let lives: BTreeMap<&str, Life> =
        last.iter().filter_map(|(name, kpi)| Some((*name, life(&kpi.life)?))).collect();
    for (name, kpi) in &last {
        ends(name, kpi, &lives, context);
    }
    if lives.is_empty() {
        return;
    }
    // Where it stands that something goes, and what it is made after, is no use of it.
    let beside: Vec<Span> =
        kpis.iter().flat_map(|kpi| [kpi.value.successor.span, kpi.value.extends.span]).collect();
    for (name, at) in named.iter().filter(|(_, at)| !beside.contains(at)) {
        let Some(life) = lives.get(name.as_str()) else { continue };
        let holds = |document: &&Document| {
            let text = document.text;
            text.file == at.file && text.start <= at.start && at.end <= text.end
        };
        let user = documents.iter().find(holds).and_then(title);
        // What its history discloses is told of it after its end, too.
        let user = user.filter(|(kind, of, _)| (*kind, *of) != ("kpi", name) && *kind != "withholding");
        let Some((kind, of, from)) = user else { continue };
        let next =
            documents.iter().filter_map(title).filter(|(k, n, day)| (*k, *n) == (kind, of) && *day > from);
        let until = next.filter_map(|(.., day)| day).min();
        let reaches = |day: Date| until.is_none_or(|until| until > day);
        let instead = match last.get(name.as_str()).and_then(|kpi| kpi.successor.cloned()) {
            Some(successor) => format!("use `{successor}`"),
            None => "use another KPI".to_owned(),
        };
        match life.retired {
            Some(retired) if reaches(retired) => {
                let message = format!("`{name}` has no figures from {retired} on, and `{kind}/{of}` uses it");
                context
                    .report(codes::RETIRED_IN_USE, *at, message)
                    .fix(format!("{instead}, or let a wording with `from: {retired}` do without it"));
            }
            None if reaches(life.sunset) => {
                let message =
                    format!("`{name}` is not to be used from {} on, and `{kind}/{of}` uses it", life.sunset);
                context.report(codes::GOING_IN_USE, *at, message).fix(format!(
                    "{instead}, or add a wording with `from: {}` that does without it",
                    life.sunset
                ));
            }
            _ => {}
        }
    }
}

/// Whether an end is one.
fn ends(name: &str, kpi: &written::Kpi, lives: &BTreeMap<&str, Life>, context: &mut Context<'_>) {
    let own = lives.get(name);
    if let (Some(Life { sunset, retired: Some(retired) }), Some(written)) = (own, kpi.life.get())
        && retired < sunset
    {
        let message = format!("`{name}` would be retired before {sunset}, until when it may be used");
        context
            .report(codes::ENDING, written.retired.span, message)
            .fix(format!("write a day from {sunset} on"));
    }
    let Some(successor) = kpi.successor.cloned() else { return };
    let at = kpi.successor.span;
    if successor.as_str() == name {
        context.report(codes::ENDING, at, format!("`{name}` succeeds itself")).fix("name another KPI");
    } else if own.is_none() {
        let message = format!("`{name}` has a successor, and nothing says when it comes to its end");
        context
            .report(codes::ENDING, at, message)
            .fix("add `life: {sunset: …}`, the first day on which it is not to be used");
    } else if let (Some(own), Some(of)) = (own, lives.get(successor.as_str()))
        && of.sunset <= own.sunset
    {
        let message = format!("`{successor}` is to be used no longer than `{name}` itself");
        context.report(codes::ENDING, at, message).fix("name a KPI that stays");
    }
}
