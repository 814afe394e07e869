//! Answers that are kept apart: a score is of one value of such an attribute, and an index of scores of one.

use std::collections::BTreeMap;

use super::Context;
use crate::{
    codes,
    decode::Placed,
    definitions as written,
    derived::{Derivation, Gathered},
    expression::{Comparison, Expression, Literal, Node, Type},
    id::{AttributeId, EntityId, KpiId},
    measure::Measure,
    project::{Entity, Kpi},
    source_text::Span,
};

/// By entity, the attributes whose values are kept apart.
type Apart = BTreeMap<EntityId, Vec<AttributeId>>;

/// Holds scores, and what is gathered for them, against what entities keep apart.
pub(super) fn together(
    documents: &[Placed<written::Entity>],
    written_kpis: &[Placed<written::Kpi>],
    entities: &BTreeMap<EntityId, Entity>,
    kpis: &BTreeMap<KpiId, Kpi>,
    context: &mut Context<'_>,
) {
    let apart = read(documents, entities, context);
    if apart.is_empty() {
        return;
    }
    for document in documents.iter().map(|document| &document.value) {
        let entity = document.entity.get().and_then(|name| entities.get(name.id.as_ref()?));
        let Some(entity) = entity else { continue };
        for entry in document.attributes.items() {
            let made = entry.key.as_ref().and_then(|name| gathered(entity, name.id.as_ref()?));
            let Some(made) = made.filter(|made| made.value.as_ref().is_some_and(is_answer)) else { continue };
            for attribute in apart.get(&made.of).into_iter().flatten() {
                if picked(made.filter.as_ref(), attribute).is_none() {
                    mixed(entry.span, (&made.of, attribute), context);
                }
            }
        }
    }
    let places: BTreeMap<Span, Span> =
        written_kpis.iter().map(|k| (k.value.kpi.span, k.value.measure.key)).collect();
    for kpi in kpis.values().filter(|kpi| kpi.elsewhere.is_none()).flat_map(Kpi::wordings) {
        let Some(at) = places.get(&kpi.span) else { continue };
        for reading in kpi.measure.kind().readings().into_iter().filter(|_| is_score(&kpi.measure)) {
            for attribute in apart.get(&reading.rows.of).into_iter().flatten() {
                if picked(reading.rows.filter.as_ref(), attribute).is_none() {
                    mixed(*at, (&reading.rows.of, attribute), context);
                }
            }
        }
        if let Measure::Agreement(_) = &kpi.measure {
            let mut known: BTreeMap<(EntityId, AttributeId), String> = BTreeMap::new();
            for (key, (value, _)) in of(kpi, &apart, entities) {
                let first = known.entry(key.clone()).or_insert_with(|| value.clone());
                if *first != value {
                    let message = format!(
                        "answers of {} `{first}` are held against answers of `{value}`: whether people answer alike and whether the question is the same cannot be told apart",
                        key.1
                    );
                    context
                        .report(codes::APART, *at, message)
                        .fix("pick the same in the KPI and in what is gathered; what another wording or scale does is said by a bridge, see `successor`");
                    break;
                }
            }
        }
        if matches!(kpi.measure, Measure::Composite(_)) {
            let mut known: BTreeMap<(EntityId, AttributeId), (String, KpiId)> = BTreeMap::new();
            for (key, (value, of)) in
                kpi.measure.kind().inputs().iter().flat_map(|i| of(&i.kpi, &apart, entities))
            {
                let (first, by) = known.entry(key.clone()).or_insert_with(|| (value.clone(), of.clone()));
                if *first != value {
                    let message = format!("`{by}` is of {} `{first}`, `{of}` of `{value}`", key.1);
                    context
                        .report(codes::APART, *at, message)
                        .fix("make an index of each, or show them side by side with `beside`");
                }
            }
        }
    }
}

/// What entities keep apart, as far as they have it.
fn read(
    documents: &[Placed<written::Entity>],
    entities: &BTreeMap<EntityId, Entity>,
    context: &mut Context<'_>,
) -> Apart {
    let mut apart = Apart::new();
    for document in documents.iter().map(|document| &document.value) {
        let entity = document.entity.get().and_then(|name| entities.get(name.id.as_ref()?));
        let Some(entity) = entity else { continue };
        for item in document.apart.items() {
            let type_ = entity.attribute(&item.value).map(|attribute| &attribute.type_);
            if matches!(type_, Some(Type::Text | Type::Enum { .. } | Type::Reference { .. } | Type::Integer))
            {
                apart.entry(entity.id.clone()).or_default().push(item.value.clone());
                continue;
            }
            let message = match type_ {
                Some(_) => format!("`{}` names nothing that answers are of", item.value),
                None => format!("{} has no attribute `{}`", entity.id, item.value),
            };
            context
                .report(codes::APART, item.span, message)
                .expected("an attribute with a name or number, such as which survey was answered")
                .fix("name another attribute");
        }
    }
    apart
}

fn mixed(at: Span, (entity, attribute): (&EntityId, &AttributeId), context: &mut Context<'_>) {
    context
        .report(codes::APART, at, format!("this puts answers of every `{attribute}` of {entity} together"))
        .fix(format!("pick one, such as `where: {attribute} = '…'`"));
}

/// Whether a measure says how answers are, and not how many there are.
fn is_score(measure: &Measure) -> bool {
    use Measure::{Agreement, Mean, Nps, Quantile, Rating, Share};
    matches!(measure, Agreement(_) | Mean(_) | Share(_) | Nps(_) | Rating(_) | Quantile(_))
}

/// Whether what is gathered may be an answer, and not who gave it or when.
fn is_answer(value: &Expression) -> bool {
    matches!(value.type_, Type::Integer | Type::Number { .. })
}

fn gathered<'e>(entity: &'e Entity, attribute: &AttributeId) -> Option<&'e Gathered> {
    match entity.derivation(attribute)? {
        Derivation::Gathered(gathered) => Some(gathered),
        _ => None,
    }
}

/// The one value of an attribute that a condition lets through, as it is written.
fn picked(filter: Option<&Expression>, attribute: &AttributeId) -> Option<String> {
    let is_it = |of: &Expression| match &of.node {
        Node::Path(path) => path.references.is_empty() && path.attribute == *attribute,
        _ => false,
    };
    let value = |of: &Literal| match of {
        Literal::Text(text) => Some(text.clone()),
        Literal::Integer(number) => Some(number.to_string()),
        Literal::Missing | Literal::Boolean(_) => None,
    };
    match &filter?.node {
        Node::And(all) => all.iter().find_map(|one| picked(Some(one), attribute)),
        Node::Compare(Comparison::Equal, left, right) => {
            let (path, other) = if is_it(left) { (left, right) } else { (right, left) };
            match &other.node {
                Node::Literal(literal) if is_it(path) => value(literal),
                _ => None,
            }
        }
        Node::In(of, members) if is_it(of) => match members.as_slice() {
            [one] => value(one),
            _ => None,
        },
        _ => None,
    }
}

/// Of which values the answers behind a KPI are, by what is kept apart, with the KPI that says so.
fn of(
    kpi: &Kpi,
    apart: &Apart,
    entities: &BTreeMap<EntityId, Entity>,
) -> Vec<((EntityId, AttributeId), (String, KpiId))> {
    let mut found = Vec::new();
    let mut see = |entity: &EntityId, filter: Option<&Expression>| {
        for attribute in apart.get(entity).into_iter().flatten() {
            let picked = picked(filter, attribute);
            found.extend(picked.map(|value| ((entity.clone(), attribute.clone()), (value, kpi.id.clone()))));
        }
    };
    for reading in kpi.measure.kind().readings() {
        see(&reading.rows.of, reading.rows.filter.as_ref());
        for value in reading.values {
            value.visit(&mut |part| {
                let Node::Path(path) = &part.node else { return };
                let of = path.references.last().map_or(&reading.rows.of, |(_, entity)| entity);
                let made = entities.get(of).and_then(|entity| gathered(entity, &path.attribute));
                if let Some(made) = made {
                    see(&made.of, made.filter.as_ref());
                }
            });
        }
    }
    found.extend(kpi.measure.kind().inputs().iter().flat_map(|input| self::of(&input.kpi, apart, entities)));
    found
}
