//! Rows of which a condition knows nothing.

use std::collections::BTreeSet;

use crate::{
    codes,
    expression::{Comparison, Expression, Node as Part},
    findings::Findings,
    id::AttributeId,
    project::{Mapping, MappingFrom},
    yaml::Yaml,
};

/// Whoever writes `only: status != 'test'` mostly wants rows without status to stay, but of these it is unknown. Says so
/// for every attribute that is only excluded from, may be missing, and of which nothing says what then.
pub(super) fn left_out(only: &Expression, at: &Yaml, map: &[Mapping], findings: &mut Findings) {
    let mut excluded = BTreeSet::new();
    let mut settled = BTreeSet::new();
    only.visit(&mut |e| match &e.node {
        Part::Compare(Comparison::NotEqual, a, b) => [a, b].into_iter().for_each(|e| paths(e, &mut excluded)),
        Part::Not(inner) if !matches!(inner.node, Part::IsMissing(_)) => paths(inner, &mut excluded),
        Part::IsMissing(inner) => paths(inner, &mut settled),
        Part::Coalesce(all) => all.iter().for_each(|e| paths(e, &mut settled)),
        _ => {}
    });
    let may_be_missing = |id: &AttributeId| {
        map.iter().any(|m| {
            &m.attribute == id
                && !m.required
                && matches!(m.from, MappingFrom::Column { .. } | MappingFrom::Expression(_))
        })
    };
    let all = match only.node {
        Part::And(_) => format!("({only})"),
        _ => only.to_string(),
    };
    for name in excluded.difference(&settled).filter(|id| may_be_missing(id)) {
        let start = at.text().and_then(|t| t.find(name.as_str())).unwrap_or(0);
        findings
            .report(
                codes::LEFT_OUT_UNKNOWN,
                at.place_within(start, start + name.as_str().len()),
                format!("rows without a `{name}` are left out too: of them the condition is unknown"),
            )
            .fix(format!(
                "write `{all} or {name} is null` to keep them; `… and {name} is not null` says that they are to go"
            ));
    }
}

/// The attributes of the row that are read.
fn paths(e: &Expression, into: &mut BTreeSet<AttributeId>) {
    e.visit(&mut |e| {
        if let Part::Path(path) = &e.node {
            into.insert(path.attribute.clone());
        }
    });
}
