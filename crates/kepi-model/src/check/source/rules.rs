//! Validation rules: what must hold of rows and files.

use std::collections::{BTreeMap, BTreeSet};

use super::unmapped;
use crate::{
    codes,
    decode::Placed,
    definitions as written,
    expression::{Expression, Node as Part, Path, Type},
    findings::Findings,
    lexical::{self, type_text},
    project::{Attribute, Entity, Otherwise, Requirement, Rule},
    source_text::Span,
    sql::{self, Scope, Want},
    wording::shorten,
    yaml::Yaml,
};

/// Reads `rules`: those of the entity, which hold for each of its sources, and after them those of the source.
pub(super) fn rules(
    source: &written::Source,
    of_entity: &[Placed<written::SourceRule>],
    entity: &Entity,
    scope: &Scope<'_>,
    mapped: &BTreeSet<&str>,
    findings: &mut Findings,
) -> Vec<Rule> {
    let mut rules: Vec<Rule> = Vec::new();
    let mut names: BTreeMap<&str, Span> = BTreeMap::new();
    let own = source.rules.items().iter().map(|r| (&r.value, false));
    for (rule, is_shared) in of_entity.iter().map(|r| (&r.value, true)).chain(own) {
        let name = rule.name.get();
        if let Some(first) = name.and_then(|n| names.insert(&n.text, rule.name.span)) {
            let shared = of_entity.iter().any(|of| of.value.name.span == first);
            let (what, fix) = match shared && !is_shared {
                true => (
                    format!(
                        "the rule of this name is that of `{}`, and holds for all its sources",
                        entity.id
                    ),
                    "give it another name: a source adds rules to those of the entity, and takes none away",
                ),
                false => ("a rule of this source has this name already".to_owned(), "rename one of them"),
            };
            findings.report(codes::RULE_TWICE, rule.name.span, what).related(first, "the first one").fix(fix);
        }
        let Some(otherwise) = rule.else_.cloned() else { continue };
        let Some(require) = rule.require.get().and_then(|r| requirement(r, entity, scope, mapped, findings))
        else {
            continue;
        };
        if require.is_of_file() && otherwise == Otherwise::Quarantine {
            findings
                .report(
                    codes::BAD_REQUIREMENT,
                    rule.else_.span,
                    "a rule about a whole file cannot send rows to quarantine",
                )
                .expected("`warn` or `stop`");
        }
        if let Some(id) = name.and_then(|n| n.id.clone()) {
            rules.push(Rule { id, require, otherwise });
        }
    }
    rules
}

/// The stability index from which values are customarily said to be spread otherwise (Siddiqi 2006).
const USUAL_BOUND: f64 = 0.25;

/// An attribute that a rule about a file is about is mapped.
fn of_file(attribute: &Attribute, node: &Yaml, mapped: &BTreeSet<&str>, findings: &mut Findings) {
    let path = Path { references: Vec::new(), attribute: attribute.id.clone() };
    let typed = Expression { type_: attribute.type_.clone(), node: Part::Path(path) };
    unmapped(&typed, node, mapped, findings);
}

fn requirement(
    node: &Yaml,
    entity: &Entity,
    scope: &Scope<'_>,
    mapped: &BTreeSet<&str>,
    findings: &mut Findings,
) -> Option<Requirement> {
    let text = node.text()?;
    let words: Vec<&str> = text.split_whitespace().collect();
    let known = |name: &str| entity.attributes.iter().find(|a| a.id.as_str() == name);
    let unknown = |name: &str, findings: &mut Findings| {
        if findings.is_broken(entity.id.as_str(), name) {
            return;
        }
        let start = text.find(name).unwrap_or(0);
        let at = node.place_within(start, start + name.len());
        let message = format!("{} has no attribute `{}`", entity.id, shorten(name));
        let known = entity.attributes.iter().map(|a| a.id.as_str());
        findings.unknown(codes::UNKNOWN_ATTRIBUTE, at, message, name, known);
    };
    match words.as_slice() {
        [name, "exists"] => match known(name) {
            None => {
                unknown(name, findings);
                None
            }
            Some(attribute) => match &attribute.type_ {
                Type::Reference { entity: target } => {
                    let typed = Expression {
                        type_: Type::Boolean,
                        node: Part::Exists(attribute.id.clone(), target.clone()),
                    };
                    unmapped(&typed, node, mapped, findings);
                    Some(Requirement::Row(typed))
                }
                other => {
                    findings
                        .report(
                            codes::BAD_REQUIREMENT,
                            node.span,
                            format!("`{name}` is of type {} and refers to nothing", type_text(other)),
                        )
                        .expected("a reference before `exists`")
                        .fix(format!("to demand a value write `{name} is not null`"));
                    None
                }
            },
        },
        ["unique", rest @ ..] if !rest.is_empty() => {
            let joined = rest.join(" ");
            let names: Vec<&str> =
                joined.split([',', ' ']).map(str::trim).filter(|n| !n.is_empty()).collect();
            let mut found = Vec::new();
            for name in &names {
                match known(name) {
                    Some(attribute) => found.push(attribute.id.clone()),
                    None => unknown(name, findings),
                }
            }
            (found.len() == names.len()).then_some(Requirement::Unique(found))
        }
        ["missing", name, rest @ ..] => {
            let Some(attribute) = known(name) else {
                unknown(name, findings);
                return None;
            };
            let share = match rest {
                ["<=", share] => lexical::share(share),
                _ => None,
            };
            if share.is_none() {
                findings
                    .report(
                        codes::BAD_REQUIREMENT,
                        node.span,
                        "this demand on missing values is not understood",
                    )
                    .expected(format!("a share that may be missing: `missing {name} <= 5%`"));
            }
            of_file(attribute, node, mapped, findings);
            Some(Requirement::MissingAtMost { attribute: attribute.id.clone(), share: share?.to_f64() })
        }
        [name, "like", n, "loads", rest @ ..] => {
            let Some(attribute) = known(name) else {
                unknown(name, findings);
                return None;
            };
            let bound = match rest {
                [] => Some(USUAL_BOUND),
                ["within", bound] => bound.parse().ok().filter(|bound: &f64| *bound > 0.0 && *bound <= 10.0),
                _ => None,
            };
            let loads = n.parse::<u32>().ok().filter(|n| *n >= 3);
            let (Some(loads), Some(bound)) = (loads, bound) else {
                findings
                    .report(
                        codes::BAD_REQUIREMENT,
                        node.span,
                        "this comparison with earlier loads is not understood",
                    )
                    .expected(format!(
                        "`{name} like 28 loads`, with at least 3 loads, or `{name} like 28 loads within 0.1`"
                    ));
                return None;
            };
            if matches!(attribute.type_, Type::Date | Type::Timestamp) || attribute.personal {
                let why = if attribute.personal {
                    "is personal: how it is spread is not kept"
                } else {
                    "goes on with time"
                };
                findings
                    .report(codes::BAD_REQUIREMENT, node.span, format!("`{name}` {why}"))
                    .expected("a number, a truth value, or a text with few values");
                return None;
            }
            of_file(attribute, node, mapped, findings);
            Some(Requirement::LikeHistory { attribute: attribute.id.clone(), loads, bound })
        }
        ["rows", rest @ ..] => {
            let result = match rest {
                [">=", n] => n.parse().ok().map(Requirement::RowsAtLeast),
                [">=", share, "of", "median", "of", n, "loads"] => lexical::share(share)
                    .filter(|s| s.digits > 0)
                    .zip(n.parse::<u32>().ok().filter(|n| *n >= 3))
                    .map(|(share, loads)| Requirement::RowsAgainstHistory { share: share.to_f64(), loads }),
                _ => None,
            };
            if result.is_none() {
                findings
                    .report(
                        codes::BAD_REQUIREMENT,
                        node.span,
                        "this demand on the number of rows is not understood",
                    )
                    .expected("`rows >= 1000`, or `rows >= 80% of median of 14 loads` with at least 3 loads");
            }
            result
        }
        _ => {
            let typed = sql::expression(node, scope, Want::Condition, findings)?;
            unmapped(&typed, node, mapped, findings);
            Some(Requirement::Row(typed))
        }
    }
}
