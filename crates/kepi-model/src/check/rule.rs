//! Rules about data sets: each bounds a KPI in its unit.

use std::collections::{BTreeMap, BTreeSet};

use super::Context;
use crate::{
    codes,
    decode::{AmountText, Field, Keyed, Placed},
    definitions as written,
    id::{EntityId, KpiId, RuleId},
    lexical::Decimal,
    meaning,
    project::{Bound, ByMember, DataRule, Kpi},
    source_text::Span,
    wording::{shorten, shown},
};

/// Reads all rules about data sets.
pub(super) fn read(
    written: &[Placed<written::DataRule>],
    kpis: &BTreeMap<KpiId, Kpi>,
    context: &mut Context<'_>,
) -> BTreeMap<RuleId, DataRule> {
    let mut names: BTreeMap<&str, Span> = BTreeMap::new();
    let mut rules = BTreeMap::new();
    for rule in written.iter().map(|document| &document.value) {
        if let Some(name) = rule.rule.get()
            && let Some(first) = names.insert(&name.text, rule.rule.span)
        {
            context
                .report(codes::RULE_TWICE, rule.rule.span, "another rule has this name already")
                .related(first, "the first one")
                .fix("rename one of them");
        }
        if let Some(rule) = one(rule, kpis, context) {
            rules.insert(rule.id.clone(), rule);
        }
    }
    rules
}

fn one(
    written: &written::DataRule,
    kpis: &BTreeMap<KpiId, Kpi>,
    context: &mut Context<'_>,
) -> Option<DataRule> {
    let name = written.rule.get()?;
    // A KPI that is not there or broken has its own finding.
    let kpi = kpis.get(written.kpi.get()?)?;
    let apart = apart(written, kpi, context);
    // What is said segment by segment need not be said for all.
    let said_apart = apart.as_ref().is_some_and(|of| !of.bounds.is_empty());
    let bound = match said_apart && !written.at_least.is_written() && !written.at_most.is_written() {
        true => Bound { at_least: None, at_most: None },
        false => {
            bound(&written.at_least, &written.at_most, kpi, written.rule.span, codes::RULE_BOUND, context)?
        }
    };
    let bases: BTreeSet<EntityId> = kpi.measure.bases().into_iter().cloned().collect();
    let mut rule = DataRule {
        id: name.id.clone()?,
        name: written.name.cloned().unwrap_or_else(|| shown(&name.text)),
        description: written.description.cloned(),
        kpi: kpi.id.clone(),
        bound,
        apart,
        n: written.n.get().map(|of| of.0.unsigned_abs()),
        about: match written.about.is_written() {
            true => written.about.values().into_iter().collect(),
            false if bases.is_empty() => kpi.entities(),
            false => bases,
        },
        otherwise: written.else_.cloned()?,
        owner: written.owner.cloned(),
        hash: crate::id::Hash([0; 32]),
        span: written.rule.span,
    };
    rule.hash = meaning::rule(&rule, kpi);
    Some(rule)
}

/// Reads by what segments are judged apart, and what holds in some of them.
fn apart(written: &written::DataRule, kpi: &Kpi, context: &mut Context<'_>) -> Option<ByMember> {
    let Some(by) = written.by.get() else {
        if written.bounds.is_written() && !written.by.is_written() {
            context
                .report(
                    codes::RULE_SEGMENTS,
                    written.bounds.span,
                    "it is not said of which dimension these are members",
                )
                .fix("add `by`, with a dimension of the KPI");
        }
        return None;
    };
    let Some(dimension) = kpi.by.iter().find(|of| of.id.as_str() == by) else {
        let known = kpi.by.iter().map(|of| of.id.as_str());
        let message = format!("`{}` has no dimension `{by}`", kpi.id);
        context
            .findings
            .unknown(codes::RULE_DIMENSION, written.by.span, message, by, known)
            .expected("a dimension that the KPI has under `by`");
        return None;
    };
    let members = dimension.members();
    let mut bounds = BTreeMap::new();
    for Keyed { key: member, span, value: of, .. } in written.bounds.items() {
        let (Some(member), Some(of)) = (member, of) else { continue };
        if !members.is_empty() && !members.contains(&member.as_str()) {
            let message = format!("`{}` is none of the members of `{by}`", shorten(member));
            let known = members.iter().copied();
            context.findings.unknown(codes::RULE_SEGMENTS, *span, message, member, known);
            continue;
        }
        let read = bound(&of.at_least, &of.at_most, kpi, *span, codes::RULE_BOUND, context);
        bounds.extend(read.map(|read| (member.clone(), read)));
    }
    Some(ByMember { by: dimension.id.clone(), bounds })
}

/// Reads what a KPI may be, in its unit; what is wrong with it is reported by a code.
pub(super) fn bound(
    at_least: &Field<AmountText>,
    at_most: &Field<AmountText>,
    kpi: &Kpi,
    at: Span,
    code: crate::finding::Code,
    context: &mut Context<'_>,
) -> Option<Bound> {
    let mut amount = |field: &Field<AmountText>| {
        let text = field.get()?.text()?;
        let found = kpi.unit.exact(text).map(Decimal::to_f64);
        if found.is_none() {
            let message = format!("`{}` is not in the unit of {}", shorten(text), kpi.id);
            context
                .report(code, field.span, message)
                .expected(kpi.unit.amount_text())
                .fix("write the amount as in a target of that KPI");
        }
        found
    };
    let bound = Bound { at_least: amount(at_least), at_most: amount(at_most) };
    // What is misspelt has its finding.
    if at_least.is_absent() && at_most.is_absent() {
        let said = format!("it is not said what {} must be", kpi.id);
        context.report(code, at, said).fix("add `at_least`, `at_most` or both");
        return None;
    }
    if let (Some(least), Some(most)) = (bound.at_least, bound.at_most)
        && least > most
    {
        let said = "nothing is at least as much and at most as little";
        context.report(code, at_most.span, said).fix("exchange `at_least` and `at_most`");
    }
    Some(bound)
}
