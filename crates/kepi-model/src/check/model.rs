//! The project itself, persons and entities.

use std::collections::{BTreeMap, BTreeSet};

use super::{Context, derived, initiative};
use crate::{
    builtin,
    calendar::{Calendar, FiscalWeeks},
    codes,
    decode::{Either, Field, Keyed, Lag, Name, PemFile, Placed, Share},
    definitions as written,
    derived::Lasts,
    engine::{self, CertificateFiles, Engine},
    expression::Type,
    id::{AttributeId, EntityId, PersonId, ProjectId, PurposeId},
    initiative::QuickWins,
    lexical,
    project::{Attention, Attribute, Balance, Entity, Person, ReportingLine},
    source_text::{FileId, Span},
    table::Symbol,
    wording::{shorten, shown},
};

/// What the `project:` document says.
pub(super) struct Header {
    pub(super) id: ProjectId,
    pub(super) name: String,
    pub(super) description: Option<String>,
    pub(super) calendar: Calendar,
    pub(super) confidence: f64,
    pub(super) attention: Attention,
    pub(super) balance: Balance,
    pub(super) quick_wins: QuickWins,
    pub(super) engine: Option<Engine>,
    pub(super) last_resort: Option<PersonId>,
    pub(super) purposes: BTreeMap<PurposeId, String>,
}

/// Reads the one `project:` document; none or several are a finding.
pub(super) fn project(projects: &[Placed<written::Project>], context: &mut Context<'_>) -> Option<Header> {
    let Some((first, others)) = projects.split_first() else {
        if context.symbols.names(Symbol::Project).next().is_none() {
            let file = context.files.iter().next().map_or(FileId(0), |(file, _)| file);
            context
                .report(
                    codes::PROJECT_COUNT,
                    Span { file, start: 0, end: 0 },
                    "there is no `project:` document",
                )
                .fix("write one in `kepi.yml`: `project`, `name`, `language: 1` and `time_zone`");
        }
        return None;
    };
    let first = &first.value;
    for other in others {
        context
            .report(
                codes::PROJECT_COUNT,
                other.value.project.span,
                "there is more than one `project:` document",
            )
            .related(first.project.span, "the first one")
            .fix("keep one of them");
    }
    let confidence = first.confidence.get()?.0.to_f64();
    if !(0.5..1.0).contains(&confidence) {
        context
            .report(codes::NOT_A_SHARE, first.confidence.span, "this is no level of confidence")
            .expected("from 50% to less than 100%, usually `95%`");
    }
    let attention = attention(first, context)?;
    let balance = balance(first, context)?;
    let quick_wins = initiative::quick_wins(&first.quick_wins, context)?;
    let weeks = match first.calendar.is_written() {
        false => None,
        true => whole_weeks(first.calendar.get()?)?,
    };
    let purposes = first.purposes.items().iter();
    Some(Header {
        id: first.project.get()?.id.clone()?,
        name: first.name.cloned()?,
        description: first.description.cloned(),
        calendar: Calendar {
            zone: first.time_zone.get()?.0.clone(),
            week_start: *first.week_start.get()? as u8,
            fiscal_year_start: *first.fiscal_year_start.get()? as u8 + 1,
            weeks,
        },
        confidence,
        attention,
        balance,
        quick_wins,
        engine: engine(&first.engine)?,
        last_resort: first.last_resort.cloned(),
        purposes: purposes.filter_map(|p| Some((p.key.as_ref()?.id.clone()?, p.value.clone()?))).collect(),
    })
}

/// Where scans are computed; the inner none: where the run is. The outer: it has findings.
fn engine(of: &Field<written::Engine>) -> Option<Option<Engine>> {
    if !of.is_written() {
        return Some(None);
    }
    Some(Some(match of.get()? {
        Either::This(scheduler) => Engine {
            scheduler: scheduler.clone(),
            partitions: engine::PARTITIONS,
            shared_files: None,
            certificates: None,
        },
        Either::That(cluster) => {
            let certificates = match cluster.certificates.is_written() {
                false => None,
                true => {
                    let of = cluster.certificates.get()?;
                    let path = |of: &Field<PemFile>| Some(of.get()?.0.clone());
                    Some(CertificateFiles {
                        authority: path(&of.authority)?,
                        own: path(&of.own)?,
                        key: path(&of.own_key)?,
                    })
                }
            };
            Engine {
                scheduler: cluster.scheduler.cloned()?,
                partitions: u16::try_from(cluster.partitions.get()?.0).ok()?,
                shared_files: match cluster.shared_files.is_written() {
                    false => None,
                    true => Some(cluster.shared_files.cloned()?),
                },
                certificates,
            }
        }
    }))
}

/// The weeks of fiscal months as written; the inner none: these are calendar months. The outer: it has findings.
pub(super) fn whole_weeks(of: &written::FiscalCalendar) -> Option<Option<FiscalWeeks>> {
    let begins = of.begins.cloned()?;
    Some(of.weeks.cloned()?.pattern().map(|pattern| FiscalWeeks { pattern, begins }))
}

/// How often something may be called out, and what goes first.
fn attention(of: &written::Project, context: &mut Context<'_>) -> Option<Attention> {
    if !of.attention.is_written() {
        return Some(Attention::default());
    }
    let written = of.attention.get()?;
    let false_call_outs = written.false_call_outs.get()?.0.to_f64();
    if !(0.001..=0.5).contains(&false_call_outs) {
        context
            .report(codes::NOT_A_SHARE, written.false_call_outs.span, "this is no share of false call-outs")
            .expected("from 0.1% to 50%, usually `10%`");
    }
    let scorecards = written.scorecards.get()?.0 as f64;
    let targets = written.targets.get()?.0 as f64;
    Some(Attention { false_call_outs, scorecards, targets })
}

/// What a balanced scorecard is held against.
fn balance(of: &written::Project, context: &mut Context<'_>) -> Option<Balance> {
    if !of.balance.is_written() {
        return Some(Balance::default());
    }
    let written = of.balance.get()?;
    let mut of_two = |of: &Field<Share>, usual: &str| {
        let share = of.get()?.0.to_f64();
        if !(0.0..=0.5).contains(&share) {
            context
                .report(codes::NOT_A_SHARE, of.span, "two sides cannot both have this share")
                .expected(format!("from 0% to 50%, usually `{usual}`"))
                .fix("write at most `50%`");
        }
        Some(share)
    };
    let (either, judged) = (of_two(&written.either, "20%")?, of_two(&written.judged, "10%")?);
    let lag = |lag: &Lag| (lag.0, lag.1);
    let count = |n: i64| usize::try_from(n).unwrap_or(usize::MAX);
    Some(Balance {
        cycle: lag(written.cycle.get()?),
        decides: lag(written.decides.get()?),
        either,
        judged,
        heaviest: written.heaviest.get()?.0.to_f64(),
        per_objective: count(written.per_objective.get()?.0),
        per_person: count(written.per_person.get()?.0),
        per_scorecard: count(written.per_scorecard.get()?.0),
    })
}

/// Reads all persons.
pub(super) fn persons(persons: &[Placed<written::Person>]) -> BTreeMap<PersonId, Person> {
    let read = |person: &written::Person| {
        let id = person.person.get()?.id.clone()?;
        let away = person.away.items().iter();
        let away = away.filter_map(|of| Some((of.value.from.cloned()?, of.value.until.cloned()?)));
        let read = Person {
            id: id.clone(),
            name: person.name.cloned()?,
            role: person.role.cloned(),
            email: person.email.cloned(),
            subject: person.subject.cloned(),
            reports_to: reporting_lines(&person.reports_to),
            dotted_to: reporting_lines(&person.dotted_to),
            substitute: person.substitute.cloned(),
            away: away.collect(),
        };
        Some((id, read))
    };
    persons.iter().filter_map(|p| read(&p.value)).collect()
}

/// To whom somebody reports, and when.
fn reporting_lines(written: &Field<written::ReportingLines>) -> Vec<ReportingLine> {
    match written.get() {
        None => Vec::new(),
        Some(Either::This(to)) => vec![ReportingLine { to: to.clone(), from: None, until: None }],
        Some(Either::That(lines)) => {
            let line = |of: &written::ReportingLine| {
                Some(ReportingLine { to: of.to.cloned()?, from: of.from.cloned(), until: of.until.cloned() })
            };
            lines.iter().filter_map(|of| line(&of.value)).collect()
        }
    }
}

/// The built-in entities with what the project adds, and its own.
pub(super) fn entities(
    written: &[Placed<written::Entity>],
    context: &mut Context<'_>,
) -> BTreeMap<EntityId, Entity> {
    let mut entities = builtin::entities();
    for written in written.iter().map(|w| &w.value) {
        let Some(id) = written.entity.get().and_then(|e| e.id.clone()) else { continue };
        let built_in = builtin::ENTITIES.iter().any(|b| b.id == id.as_str());
        let mut entity = entities.remove(&id).unwrap_or_else(|| Entity {
            id: id.clone(),
            name: shown(id.as_str()),
            description: String::new(),
            key: Vec::new(),
            time: None,
            attributes: Vec::new(),
            derived: Vec::new(),
            lasts: None,
            rows: None,
            screen: None,
            precedence: None,
        });
        entity.name = written.name.cloned().unwrap_or(entity.name);
        entity.description = written.description.cloned().unwrap_or(entity.description);
        let mut places: BTreeMap<AttributeId, usize> =
            entity.attributes.iter().enumerate().map(|(at, a)| (a.id.clone(), at)).collect();
        for entry in written.attributes.items() {
            // What is made is read later, when all that is landed is known.
            if written.rows.is_written() || entry.value.as_ref().is_some_and(derived::is_made) {
                continue;
            }
            let Some(attribute) = attribute(entry, context) else {
                context.findings.attribute_is_broken(id.as_str(), &entry.text);
                continue;
            };
            match places.get(&attribute.id).and_then(|at| entity.attributes.get_mut(*at)) {
                None => {
                    places.insert(attribute.id.clone(), entity.attributes.len());
                    entity.attributes.push(attribute);
                }
                Some(former) => refine(former, attribute, entry, &id, context),
            }
        }
        if written.rows.is_written() {
            entities.insert(id, entity);
            continue;
        }
        key(written, &mut entity, built_in, context);
        if let Some(lasts) = written.lasts.get() {
            entity.lasts = lasting(lasts, &entity, context);
        }
        if let Some(time) = written.time.get()
            && own_attribute(time, written.time.span, &entity, "time", context)
        {
            let type_ = entity.attribute(time).map(|a| &a.type_);
            if let Some(type_) = type_.filter(|t| !matches!(t, Type::Date | Type::Timestamp)) {
                context
                    .report(
                        codes::NOT_A_TIME,
                        written.time.span,
                        format!("`time` is of type {}", lexical::type_text(type_)),
                    )
                    .expected("an attribute of type date or timestamp");
            }
            entity.time = Some(time.clone());
        }
        entities.insert(id, entity);
    }
    entities
}

/// A new entity says its key, a built-in one has it.
fn key(written: &written::Entity, entity: &mut Entity, built_in: bool, context: &mut Context<'_>) {
    if !written.key_.is_written() {
        if !built_in {
            context
                .report(
                    codes::NO_KEY,
                    written.entity.span,
                    format!("the new entity `{}` has no key", entity.id),
                )
                .expected("`key: [id]`: the attributes that identify a row");
        }
    } else if built_in {
        // However it is written, it goes.
        context.findings.remove_at(codes::WRONG_SHAPE, written.key_.span);
        context
            .report(
                codes::ATTRIBUTE_CONFLICT,
                written.key_.span,
                format!("the built-in entity {} has its key", entity.id),
            )
            .fix("remove `key`; map your identifier to `id`");
    } else {
        entity.key = written.key_.values();
        for item in written.key_.items() {
            own_attribute(&item.value, item.span, entity, "key", context);
        }
    }
}

/// From when until when its rows are in force.
fn lasting(written: &written::Lasts, entity: &Entity, context: &mut Context<'_>) -> Option<Lasts> {
    let mut date = |field: &Field<AttributeId>| {
        let name = field.get()?;
        let found = own_attribute(name, field.span, entity, "bound", context);
        let type_ = entity.attribute(name).map(|a| &a.type_);
        if let Some(type_) = type_.filter(|t| !matches!(t, Type::Date | Type::Timestamp)) {
            context
                .report(
                    codes::NOT_A_TIME,
                    field.span,
                    format!("`{name}` is of type {}", lexical::type_text(type_)),
                )
                .expected("an attribute of type date or timestamp");
            return None;
        }
        found.then(|| name.clone())
    };
    Some(Lasts { from: date(&written.from)?, until: date(&written.until) })
}

/// Whether the entity has an attribute; if not, that is a finding.
fn own_attribute(
    name: &AttributeId,
    at: Span,
    entity: &Entity,
    what: &str,
    context: &mut Context<'_>,
) -> bool {
    let found = entity.attribute(name).is_some();
    if !found && !context.findings.is_broken(entity.id.as_str(), name.as_str()) {
        let message = format!("the {what} `{name}` is no attribute of {}", entity.id);
        let known = entity.attributes.iter().map(|a| a.id.as_str());
        context.findings.unknown(codes::UNKNOWN_ATTRIBUTE_OF_ENTITY, at, message, name.as_str(), known);
    }
    found
}

pub(super) fn attribute(
    entry: &Keyed<Name<AttributeId>, written::Attribute>,
    context: &mut Context<'_>,
) -> Option<Attribute> {
    let (name, written) = (&entry.text, entry.value.as_ref()?);
    let id = entry.key.as_ref()?.id.clone()?;
    if written.type_.is_absent() {
        if derived::is_meant(written) {
            return None;
        }
        context
            .report(codes::MISSING_FIELD, entry.span, "this attribute has no `type`")
            .expected("`type`: what it holds, if it is landed; `expression` if it is computed; `count: order` and the like if it is gathered")
            .fix("add `type: text`, or what else it holds");
        return None;
    }
    let landed = ["type", "name", "description", "values", "scale", "personal", "precedence", "newest"];
    for (option, key, _) in written.written().filter(|(option, ..)| !landed.contains(option)) {
        context
            .report(
                codes::ATTRIBUTE_FORM,
                key,
                format!("`{option}` belongs to what is gathered, and `{name}` is landed"),
            )
            .fix("remove it, or say what is gathered in place of `type`, such as `count: order`");
    }
    let mut type_ = written.type_.get()?.0.clone();
    let values = &written.values;
    match &mut type_ {
        Type::Enum { values: members } if !values.items().is_empty() => {
            let (mut known, mut listed) = (BTreeSet::new(), Vec::new());
            for member in values.items() {
                if known.insert(&member.value) {
                    listed.push(member.value.clone());
                } else {
                    let message = format!("`{}` is listed twice", shorten(&member.value));
                    context.report(codes::ENUM_VALUES, member.span, message).fix("remove one of them");
                }
            }
            *members = listed.into();
        }
        Type::Enum { .. } => {
            context
                .report(codes::ENUM_VALUES, written.type_.span, format!("the enum `{name}` has no values"))
                .fix("add `values: [web, phone]`");
            return None;
        }
        other if values.is_written() => {
            context
                .report(
                    codes::ENUM_VALUES,
                    values.span,
                    format!("an attribute of type {} has no values", lexical::type_text(other)),
                )
                .fix("write `type: enum`, or remove `values`");
        }
        _ => {}
    }
    let scale = written.scale.get().map(|s| (s.0, s.1));
    if scale.is_some() && type_ != Type::Integer {
        context
            .report(
                codes::BAD_SCALE,
                written.scale.span,
                format!("an attribute of type {} has no scale", lexical::type_text(&type_)),
            )
            .expected("`type: integer` with a scale");
    }
    Some(Attribute {
        name: written.name.cloned().unwrap_or_else(|| shown(name)),
        id,
        description: written.description.cloned(),
        type_,
        scale,
        personal: written.personal.cloned().unwrap_or_default(),
    })
}

/// A built-in attribute takes a closer description, as long as it holds the same.
fn refine(
    former: &mut Attribute,
    new: Attribute,
    entry: &Keyed<Name<AttributeId>, written::Attribute>,
    entity: &EntityId,
    context: &mut Context<'_>,
) {
    let Some(written) = &entry.value else { return };
    let same = former.type_ == new.type_
        || (former.type_ == Type::Text && matches!(new.type_, Type::Enum { .. } | Type::Reference { .. }));
    if !same {
        context
            .report(
                codes::ATTRIBUTE_CONFLICT,
                written.type_.span,
                format!(
                    "`{}` of {entity} is of type {}, not {}",
                    new.id,
                    lexical::type_text(&former.type_),
                    lexical::type_text(&new.type_)
                ),
            )
            .label("built in with another type")
            .related(entry.span, "declared again here")
            .fix("give your attribute another name");
        return;
    }
    former.type_ = new.type_;
    former.scale = new.scale.or(former.scale);
    former.personal |= new.personal;
    if written.name.is_written() {
        former.name = new.name;
    }
    if new.description.is_some() {
        former.description = new.description;
    }
}
