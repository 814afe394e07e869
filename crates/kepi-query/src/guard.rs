//! Declared scales: an answer off the scale of its attribute is no answer, wherever an expression reads it.
//!
//! States are guarded when they are lowered, all in one place, so that no measure kind has to think of it; the members of
//! dimensions when states are rolled up.

use std::collections::BTreeMap;

use kepi_model::{
    entity::{Entity, scale_of},
    expression::{Comparison, Expression, Literal, Node, Path, Type},
    id::EntityId,
    project::Project,
};

use crate::{
    plan::{ScanPlan, StateSpec},
    side::{Side, state_id},
    state::{Member, StateTable},
};

type Scales = BTreeMap<Path, (i64, i64)>;

/// Guards what the states of a side read, and what its dimensions are computed of.
pub(crate) fn guard(side: &mut Side, project: &Project) {
    let declared = |expression: &Expression, scales: &mut Scales| {
        expression.visit(&mut |part| {
            if let Node::Path(path) = &part.node
                && let Some(scale) = scale_of(path, &side.entity, &project.entities)
            {
                scales.insert(path.clone(), scale);
            }
        });
    };
    for key in side.keys.iter_mut().filter(|key| !matches!(key.of.node, Node::Path(_))) {
        let mut scales = Scales::new();
        declared(&key.of, &mut scales);
        if !scales.is_empty() {
            key.of = guarded(&key.of, &scales);
        }
    }
    for (_, state) in &mut side.states {
        let mut scales = Scales::new();
        let expressions = state.filter.iter().chain(state.kind.expressions());
        expressions.for_each(|expression| declared(expression, &mut scales));
        if scales.is_empty() {
            continue;
        }
        let settled = settled(state, &scales);
        scales.retain(|path, _| !settled.contains(path));
        if scales.is_empty() {
            continue;
        }
        state.filter = state.filter.as_ref().map(|filter| guarded(filter, &scales));
        state.kind = state.kind.map(|of| guarded(of, &scales));
        state.id = state_id(&side.entity, &side.time, side.as_of, &state.kind, state.filter.as_ref());
    }
}

/// Paths of which the filter takes only answers on their scale, as kinds of answers do: then nothing off it is read.
fn settled(state: &StateSpec, scales: &Scales) -> Vec<Path> {
    let Some(filter) = &state.filter else { return Vec::new() };
    let conditions = match &filter.node {
        Node::And(all) => all.as_slice(),
        _ => std::slice::from_ref(filter),
    };
    let settles = |condition: &Expression| {
        let Node::In(of, list) = &condition.node else { return None };
        let Node::Path(path) = &of.node else { return None };
        let (low, high) = scales.get(path)?;
        let on = |literal: &Literal| matches!(literal, Literal::Integer(n) if low <= n && n <= high);
        list.iter().all(on).then(|| path.clone())
    };
    conditions.iter().filter_map(settles).collect()
}

/// The expression over rows of an entity, with answers off their scale as none.
pub(crate) fn on_scales(
    of: &Expression,
    base: &EntityId,
    entities: &BTreeMap<EntityId, Entity>,
) -> Expression {
    let mut scales = Scales::new();
    of.visit(&mut |part| {
        if let Node::Path(path) = &part.node
            && let Some(scale) = scale_of(path, base, entities)
        {
            scales.insert(path.clone(), scale);
        }
    });
    if scales.is_empty() { of.clone() } else { guarded(of, &scales) }
}

/// The expression, with `case when low <= x and x <= high then x end` for each `x` on a scale.
fn guarded(of: &Expression, scales: &Scales) -> Expression {
    of.map_paths(&mut |path, type_| {
        let of = Expression { type_: type_.clone(), node: Node::Path(path.clone()) };
        let Some((low, high)) = scales.get(path) else { return of };
        let end = |n: i64| Expression { type_: type_.clone(), node: Node::Literal(Literal::Integer(n)) };
        let compare = |how, end| Expression {
            type_: Type::Boolean,
            node: Node::Compare(how, Box::new(of.clone()), Box::new(end)),
        };
        let ends = vec![
            compare(Comparison::GreaterOrEqual, end(*low)),
            compare(Comparison::LessOrEqual, end(*high)),
        ];
        let on = Expression { type_: Type::Boolean, node: Node::And(ends) };
        Expression { type_: type_.clone(), node: Node::Case(vec![(on, of)], None) }
    })
}

/// The states of a key set with members off the scale of their attribute as unknown ones; none if there are no such
/// members. Cells of one bucket may then have the same members: rolling up adds them.
pub(crate) fn with_members_on_their_scales(
    table: &StateTable,
    plan: &ScanPlan,
    key_set: &[usize],
    project: &Project,
) -> Option<StateTable> {
    let off = |member: &Member, (low, high): (i64, i64)| match member {
        Member::Value(text) => !text.parse::<i64>().is_ok_and(|answer| low <= answer && answer <= high),
        Member::Unknown => false,
    };
    let scale = |place: usize| scale_at(plan, key_set, place, &plan.entity, project);
    let is_off = |place: usize| {
        let members = table.keys.get(place).map_or(&[][..], |key| &key.members);
        scale(place).is_some_and(|scale| members.iter().any(|member| off(member, scale)))
    };
    if !(0..key_set.len()).any(is_off) {
        return None;
    }
    let mut table = table.clone();
    for (place, key) in table.keys.iter_mut().enumerate() {
        let Some(scale) = scale(place) else { continue };
        for member in key.members.iter_mut().filter(|member| off(member, scale)) {
            *member = Member::Unknown;
        }
    }
    Some(table)
}

fn scale_at(
    plan: &ScanPlan,
    key_set: &[usize],
    place: usize,
    entity: &EntityId,
    project: &Project,
) -> Option<(i64, i64)> {
    let key = plan.keys.get(*key_set.get(place)?)?;
    let Node::Path(path) = &key.of.node else { return None };
    scale_of(path, entity, &project.entities)
}
