//! The project itself, persons, units and entities.

use std::collections::{BTreeMap, BTreeSet};

use super::{Context, codes, id, ids, name_place, of_kind, place, text};
use crate::{
    builtin,
    calendar::Calendar,
    definitions::{MONTHS, WEEKDAYS},
    expression::Type,
    id::{AttributeId, EntityId, PersonId, ProjectId, PurposeId, UnitId},
    lexical,
    project::{Attribute, Entity, Person, Unit},
    source_text::Span,
    table::Symbol,
    yaml::{Document, Node},
};

/// What the `project:` document says.
pub(super) struct Header {
    pub(super) id: ProjectId,
    pub(super) name: String,
    pub(super) description: Option<String>,
    pub(super) calendar: Calendar,
    pub(super) confidence: f64,
    pub(super) purposes: BTreeMap<PurposeId, String>,
}

/// Reads the one `project:` document; none or several are a finding.
pub(super) fn project(documents: &[Document], start: Span, context: &mut Context<'_>) -> Option<Header> {
    let mut all = of_kind(documents, "project");
    let Some(first) = all.next() else {
        if context.symbols.names(Symbol::Project).next().is_none() {
            context
                .findings
                .report(codes::PROJECT_COUNT, start, "there is no `project:` document")
                .fix("write one in `kepi.yml`: `project`, `name`, `language: 1` and `time_zone`");
        }
        return None;
    };
    for other in all {
        context
            .findings
            .report(
                codes::PROJECT_COUNT,
                name_place(&other.root),
                "there is more than one `project:` document",
            )
            .related(name_place(&first.root), "the first one")
            .fix("keep one of them");
    }
    let root = &first.root;
    let month = root.get_text("fiscal_year_start").unwrap_or("january");
    let day = root.get_text("week_start").unwrap_or("monday");
    let confidence = root
        .get_text("confidence")
        .map_or(Some(0.95), |t| lexical::share(t).map(lexical::Decimal::to_f64))?;
    if !(0.5..1.0).contains(&confidence) {
        context
            .findings
            .report(codes::NOT_A_SHARE, place(root, "confidence"), "this is no level of confidence")
            .expected("from 50% to less than 100%, usually `95%`");
    }
    Some(Header {
        id: id(root, "project")?,
        name: text(root, "name")?,
        description: text(root, "description"),
        calendar: Calendar {
            zone: text(root, "time_zone").filter(|z| jiff::tz::TimeZone::get(z).is_ok())?,
            week_start: WEEKDAYS.iter().position(|d| *d == day)? as u8,
            fiscal_year_start: MONTHS.iter().position(|m| *m == month)? as u8 + 1,
        },
        confidence,
        purposes: root
            .get("purposes")
            .map(Node::entries)
            .unwrap_or_default()
            .iter()
            .filter_map(|e| Some((e.key.parse().ok()?, e.value.text()?.to_owned())))
            .collect(),
    })
}

/// Reads all persons.
pub(super) fn persons(documents: &[Document]) -> BTreeMap<PersonId, Person> {
    of_kind(documents, "person")
        .filter_map(|d| {
            let root = &d.root;
            let id: PersonId = id(root, "person")?;
            let person = Person {
                id: id.clone(),
                name: text(root, "name")?,
                role: text(root, "role"),
                email: text(root, "email"),
            };
            Some((id, person))
        })
        .collect()
}

/// Reads all units; they must form one tree.
pub(super) fn units(documents: &[Document], context: &mut Context<'_>) -> BTreeMap<UnitId, Unit> {
    let mut units: BTreeMap<UnitId, Unit> = BTreeMap::new();
    let mut places: BTreeMap<UnitId, Span> = BTreeMap::new();
    let mut members: BTreeMap<(String, String), Span> = BTreeMap::new();
    for document in of_kind(documents, "unit") {
        let root = &document.root;
        let Some(unit_id) = id::<UnitId>(root, "unit") else { continue };
        places.entry(unit_id.clone()).or_insert(name_place(root));
        let Some(name) = text(root, "name") else { continue };
        let unit = Unit {
            id: unit_id.clone(),
            member: text(root, "member").unwrap_or_else(|| name.clone()),
            name,
            level: id(root, "level"),
            parent: id(root, "parent"),
            manager: id(root, "manager"),
        };
        if root.get("parent").is_some() && root.get("level").is_none() {
            context
                .findings
                .report(codes::UNIT_LEVEL, name_place(root), format!("the unit `{unit_id}` has no level"))
                .expected("`level`, such as `level: region`; only the root may do without");
        }
        if let Some(level) = &unit.level
            && unit.parent.is_some()
        {
            let at = root.get("member").map_or(name_place(root), |m| m.span);
            if let Some(first) = members.insert((level.to_string(), unit.member.clone()), at) {
                context
                    .findings
                    .report(
                        codes::UNIT_MEMBER,
                        at,
                        format!("two units of level {level} stand for the member `{}`", unit.member),
                    )
                    .related(first, "the other one")
                    .fix("give one of them another `member`");
            }
        }
        units.entry(unit_id).or_insert(unit);
    }
    let mut roots: Vec<&Unit> = units.values().filter(|u| u.parent.is_none()).collect();
    // The one without level is the likelier root.
    roots.sort_by_key(|u| u.level.is_some());
    for other in roots.iter().skip(1) {
        let (Some(at), Some(first)) = (places.get(&other.id), roots.first()) else { continue };
        let finding = context.findings.report(
            codes::UNIT_ROOT,
            *at,
            format!("`{}` has no parent, and neither has `{}`", other.id, first.id),
        );
        if let Some(first_at) = places.get(&first.id) {
            finding.related(*first_at, "the other root");
        }
        finding.fix(format!("write `parent: {}`, or put a unit above both", first.id));
    }
    // Every unit whose way up never ends lies on a circle or leads to one; report each circle once, at its least unit.
    for unit in units.values() {
        let mut seen = BTreeSet::new();
        let mut at = Some(unit);
        while let Some(here) = at {
            if !seen.insert(here.id.clone()) {
                break;
            }
            at = here.parent.as_ref().and_then(|p| units.get(p));
            if at.is_some_and(|a| a.id == unit.id) {
                if seen.iter().next() == Some(&unit.id)
                    && let Some(span) = places.get(&unit.id)
                {
                    let mut way: Vec<String> = vec![unit.id.to_string()];
                    let mut step = unit.parent.clone();
                    while let Some(s) = step.filter(|s| *s != unit.id) {
                        way.push(s.to_string());
                        step = units.get(&s).and_then(|u| u.parent.clone());
                    }
                    way.push(unit.id.to_string());
                    context
                        .findings
                        .report(
                            codes::UNIT_CYCLE,
                            *span,
                            format!("parents run in a circle: {}", way.join(" → ")),
                        )
                        .fix("give one of them its true parent, or none if it is the root");
                }
                break;
            }
        }
    }
    units
}

/// The built-in entities with what the project adds, and its own.
pub(super) fn entities(documents: &[Document], context: &mut Context<'_>) -> BTreeMap<EntityId, Entity> {
    let mut entities = builtin::entities();
    for document in of_kind(documents, "entity") {
        let root = &document.root;
        let Some(entity_id) = id::<EntityId>(root, "entity") else { continue };
        let built_in = builtin::ENTITIES.iter().any(|b| b.id == entity_id.as_str());
        let mut entity = entities.remove(&entity_id).unwrap_or_else(|| Entity {
            id: entity_id.clone(),
            name: shown(entity_id.as_str()),
            description: String::new(),
            key: Vec::new(),
            time: None,
            attributes: Vec::new(),
        });
        if let Some(name) = text(root, "name") {
            entity.name = name;
        }
        if let Some(description) = text(root, "description") {
            entity.description = description;
        }
        for entry in root.get("attributes").map(Node::entries).unwrap_or_default() {
            let Some(attribute) = attribute(&entry.key, &entry.value, context) else {
                context.findings.attribute_is_broken(entity_id.as_str(), &entry.key);
                continue;
            };
            match entity.attributes.iter_mut().find(|a| a.id == attribute.id) {
                None => entity.attributes.push(attribute),
                Some(former) => refine(former, attribute, &entry.value, entry.key_span, &entity_id, context),
            }
        }
        if let Some(key) = root.get("key") {
            if built_in {
                context
                    .findings
                    .report(
                        codes::ATTRIBUTE_CONFLICT,
                        key.span,
                        format!("the built-in entity {entity_id} has its key"),
                    )
                    .fix("remove `key`; map your identifier to `id`");
            } else {
                entity.key = ids(root, "key");
                for item in key.items() {
                    own_attribute(item, &entity, "key", context);
                }
            }
        } else if !built_in {
            context
                .findings
                .report(codes::NO_KEY, name_place(root), format!("the new entity `{entity_id}` has no key"))
                .expected("`key: [id]`: the attributes that identify a row");
        }
        if let Some(time) = root.get("time")
            && own_attribute(time, &entity, "time", context)
        {
            entity.time = id(root, "time");
            let type_ = entity.time.as_ref().and_then(|t| entity.attribute(t)).map(|a| &a.type_);
            if let Some(type_) = type_.filter(|t| !matches!(t, Type::Date | Type::Timestamp)) {
                context
                    .findings
                    .report(
                        codes::NOT_A_TIME,
                        time.span,
                        format!("`time` is of type {}", lexical::type_text(type_)),
                    )
                    .expected("an attribute of type date or timestamp");
            }
        }
        entities.insert(entity_id, entity);
    }
    entities
}

/// Whether a node names an attribute of the entity; if not, that is a finding.
fn own_attribute(node: &Node, entity: &Entity, what: &str, context: &mut Context<'_>) -> bool {
    let Some(name) = node.text() else { return false };
    let found = entity.attributes.iter().any(|a| a.id.as_str() == name);
    if !found && crate::id::is_name(name) && !context.findings.is_broken(entity.id.as_str(), name) {
        context
            .findings
            .report(
                codes::UNKNOWN_ATTRIBUTE_OF_ENTITY,
                node.span,
                format!("the {what} `{name}` is no attribute of {}", entity.id),
            )
            .did_you_mean(name, entity.attributes.iter().map(|a| a.id.as_str()));
    }
    found
}

fn attribute(key: &str, node: &Node, context: &mut Context<'_>) -> Option<Attribute> {
    let attribute_id: AttributeId = key.parse().ok()?;
    let mut type_ = lexical::attribute_type(node.get_text("type")?)?;
    let values = node.get("values");
    match (&mut type_, values) {
        (Type::Enum { values: members }, Some(list)) if !list.items().is_empty() => {
            for item in list.items() {
                let Some(member) = item.text() else { continue };
                if members.iter().any(|m| m == member) {
                    context.findings.report(
                        codes::ENUM_VALUES,
                        item.span,
                        format!("`{member}` is listed twice"),
                    );
                } else {
                    members.push(member.to_owned());
                }
            }
        }
        (Type::Enum { .. }, _) => {
            context
                .findings
                .report(codes::ENUM_VALUES, place(node, "type"), format!("the enum `{key}` has no values"))
                .fix("add `values: [web, phone]`");
            return None;
        }
        (other, Some(list)) => {
            context
                .findings
                .report(
                    codes::ENUM_VALUES,
                    list.span,
                    format!("an attribute of type {} has no values", lexical::type_text(other)),
                )
                .fix("write `type: enum`, or remove `values`");
        }
        _ => {}
    }
    let scale = node.get_text("scale").and_then(lexical::scale);
    if scale.is_some() && type_ != Type::Integer {
        context
            .findings
            .report(
                codes::BAD_SCALE,
                place(node, "scale"),
                format!("an attribute of type {} has no scale", lexical::type_text(&type_)),
            )
            .expected("`type: integer` with a scale");
    }
    Some(Attribute {
        name: text(node, "name").unwrap_or_else(|| shown(key)),
        id: attribute_id,
        description: text(node, "description"),
        type_,
        scale,
        personal: node.get_text("personal") == Some("true"),
    })
}

/// A built-in attribute takes a closer description, as long as it holds the same.
fn refine(
    former: &mut Attribute,
    new: Attribute,
    node: &Node,
    key_span: Span,
    entity: &EntityId,
    context: &mut Context<'_>,
) {
    let same = former.type_ == new.type_
        || (former.type_ == Type::Text && matches!(new.type_, Type::Enum { .. } | Type::Reference { .. }));
    if !same {
        context
            .findings
            .report(
                codes::ATTRIBUTE_CONFLICT,
                place(node, "type"),
                format!(
                    "`{}` of {entity} is of type {}, not {}",
                    new.id,
                    lexical::type_text(&former.type_),
                    lexical::type_text(&new.type_)
                ),
            )
            .label("built in with another type")
            .related(key_span, "declared again here")
            .fix("give your attribute another name");
        return;
    }
    former.type_ = new.type_;
    former.scale = new.scale.or(former.scale);
    former.personal |= new.personal;
    if node.get("name").is_some() {
        former.name = new.name;
    }
    if new.description.is_some() {
        former.description = new.description;
    }
}

/// A name as it is shown if nothing else is said: `base_weight` → `Base weight`.
pub(super) fn shown(name: &str) -> String {
    let spaced = name.replace('_', " ");
    let mut chars = spaced.chars();
    chars.next().map_or(String::new(), |c| c.to_uppercase().collect::<String>() + chars.as_str())
}
