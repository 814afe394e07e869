//! Validation rules: what must hold of rows and files.

use std::collections::{BTreeMap, BTreeSet};

use super::{
    super::{codes, id, place},
    unmapped,
};
use crate::{
    decode::shorten,
    expression::{Expression, Node as Part, Type},
    findings::Findings,
    lexical::{self, type_text},
    project::{Entity, Otherwise, Requirement, Rule},
    sql::{self, Scope, Want},
    yaml::Node,
};

/// Reads `rules`.
pub(super) fn rules(
    root: &Node,
    entity: &Entity,
    scope: &Scope<'_>,
    mapped: &BTreeSet<&str>,
    findings: &mut Findings,
) -> Vec<Rule> {
    let mut rules: Vec<Rule> = Vec::new();
    let mut names: BTreeMap<&str, &Node> = BTreeMap::new();
    for node in root.get("rules").map(Node::items).unwrap_or_default() {
        if let Some(name) = node.get("name")
            && let Some(first) = name.text().and_then(|t| names.insert(t, name))
        {
            findings
                .report(codes::RULE_TWICE, name.span, "a rule of this source has this name already")
                .related(first.span, "the first one")
                .fix("rename one of them");
        }
        let otherwise = match node.get_text("else") {
            Some("warn") => Otherwise::Warn,
            Some("quarantine") => Otherwise::Quarantine,
            Some("stop") => Otherwise::Stop,
            _ => continue,
        };
        let Some(require) = node.get("require").and_then(|r| requirement(r, entity, scope, mapped, findings))
        else {
            continue;
        };
        let whole_file =
            matches!(require, Requirement::RowsAtLeast(_) | Requirement::RowsAgainstHistory { .. });
        if whole_file && otherwise == Otherwise::Quarantine {
            findings
                .report(
                    codes::BAD_REQUIREMENT,
                    place(node, "else"),
                    "a rule about a whole file cannot send rows to quarantine",
                )
                .expected("`warn` or `stop`");
        }
        if let Some(id) = id(node, "name") {
            rules.push(Rule { id, require, otherwise });
        }
    }
    rules
}

fn requirement(
    node: &Node,
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
        findings
            .report(
                codes::UNKNOWN_ATTRIBUTE,
                node.place_within(start, start + name.len()),
                format!("{} has no attribute `{}`", entity.id, shorten(name)),
            )
            .did_you_mean(name, entity.attributes.iter().map(|a| a.id.as_str()));
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
