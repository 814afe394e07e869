//! What people enter is held to the same by whatever way it comes: rows of a sheet as what a form takes.

use std::collections::{BTreeMap, BTreeSet};

use crate::{
    expression::{Comparison, Expression, Function, Literal, Node, Path, Type},
    id::{AttributeId, EntityId, KpiId, SourceId},
    meaning,
    measure::{ENTERED_VALUE, EnteredType},
    project::{Entity, Kpi, Measure, Otherwise, Requirement, Rule, Source},
};

/// Adds to the sources of `entered_value` what a figure can be: rows that say something else are rejected.
pub(super) fn held(
    sources: &mut BTreeMap<SourceId, Source>,
    entities: &BTreeMap<EntityId, Entity>,
    kpis: &BTreeMap<KpiId, Kpi>,
) {
    let Some(entity) = entities.values().find(|entity| entity.id.as_str() == ENTERED_VALUE) else { return };
    let mut bounded: BTreeMap<&str, EnteredType> = BTreeMap::new();
    for wording in kpis.values().flat_map(Kpi::wordings) {
        if let Measure::Entered(of) = &wording.measure {
            bounded.insert(&of.figure, of.of_type);
        }
    }
    let rules: Vec<Rule> =
        bounded.into_iter().filter_map(|(figure, of_type)| rule(entity, figure, of_type)).collect();
    if rules.is_empty() {
        return;
    }
    for source in sources.values_mut().filter(|source| source.into == entity.id) {
        let mapped: BTreeSet<&str> = source.map.iter().map(|of| of.attribute.as_str()).collect();
        // What is missing has a finding of its own.
        if !["figure", "value"].iter().all(|name| mapped.contains(name)) {
            continue;
        }
        let own: BTreeSet<_> = source.rules.iter().map(|rule| rule.id.clone()).collect();
        source.rules.extend(rules.iter().filter(|rule| !own.contains(&rule.id)).cloned());
        source.hash = meaning::source(source, entity.precedence.as_ref());
    }
}

/// That a number has no decimals: in units of its last digit it ends with as many zeros, or is 0.
fn whole(value: &Expression) -> Node {
    let digits = Expression { type_: Type::Text, node: Node::Call(Function::Concat, vec![value.clone()]) };
    let zeros = "0".repeat(usize::from(value.type_.scale()));
    let none = Expression { type_: value.type_.clone(), node: Node::Literal(Literal::Integer(0)) };
    let truth = |node: Node| Expression { type_: Type::Boolean, node };
    Node::Or(vec![
        truth(Node::Compare(Comparison::Equal, Box::new(value.clone()), Box::new(none))),
        truth(Node::Like(Box::new(digits), format!("%{zeros}"))),
    ])
}

/// That a figure is within what one of its type can be; none: it can be anything.
fn rule(entity: &Entity, figure: &str, of_type: EnteredType) -> Option<Rule> {
    let (low, high) = match of_type {
        EnteredType::Share => (0, Some(1)),
        EnteredType::Count | EnteredType::Duration => (0, None),
        EnteredType::Number | EnteredType::Money => return None,
    };
    let path = |name: &str| {
        let attribute = entity.attributes.iter().find(|of| of.id.as_str() == name)?;
        let id: AttributeId = attribute.id.clone();
        let node = Node::Path(Path { references: Vec::new(), attribute: id });
        Some(Expression { type_: attribute.type_.clone(), node })
    };
    let (of, value) = (path("figure")?, path("value")?);
    let truth = |node: Node| Expression { type_: Type::Boolean, node };
    let another = truth(Node::Compare(
        Comparison::NotEqual,
        Box::new(of),
        Box::new(Expression { type_: Type::Text, node: Node::Literal(Literal::Text(figure.to_owned())) }),
    ));
    let bound = |how: Comparison, of: i64| {
        let units = of.checked_mul(10_i64.checked_pow(u32::from(value.type_.scale()))?)?;
        let literal = Expression { type_: value.type_.clone(), node: Node::Literal(Literal::Integer(units)) };
        Some(truth(Node::Compare(how, Box::new(value.clone()), Box::new(literal))))
    };
    let mut within = vec![bound(Comparison::GreaterOrEqual, low)?];
    if let Some(high) = high {
        within.push(bound(Comparison::LessOrEqual, high)?);
    }
    if of_type == EnteredType::Count {
        within.push(truth(whole(&value)));
    }
    let require = truth(Node::Or(vec![another, truth(Node::And(within))]));
    Some(Rule {
        id: format!("bounds_of_{figure}").parse().ok()?,
        require: Requirement::Row(require),
        otherwise: Otherwise::Quarantine,
    })
}
