//! Plans of whom a survey asks next that can be carried out.

use std::collections::BTreeMap;

use super::{Context, kpi::Surroundings};
use crate::{
    codes,
    decode::{Field, Placed},
    definitions as written, derived,
    entity::Entity,
    expression::{Expression, Node, Path, Type},
    id::{KpiId, SamplingId},
    lexical::{Decimal, type_text},
    project::Kpi,
    sampling::{ContactCap, Sampling},
    source_text::Span,
    wording::shorten,
};

/// Reads all of them.
pub(super) fn read(
    all: &[Placed<written::Sampling>],
    kpis: &BTreeMap<KpiId, Kpi>,
    around: &Surroundings<'_>,
    context: &mut Context<'_>,
) -> BTreeMap<SamplingId, Sampling> {
    let mut found = BTreeMap::new();
    let mut places: BTreeMap<SamplingId, Span> = BTreeMap::new();
    for written in all.iter().map(|document| &document.value) {
        let Some(id) = written.sampling.get().and_then(|name| name.id.clone()) else { continue };
        let at = written.sampling.span;
        if let Some(first) = places.insert(id.clone(), at) {
            context
                .report(codes::SAMPLING, at, format!("there is another sampling `{id}`"))
                .related(first, "the other one")
                .fix("give one of them another name");
        }
        if let Some(of) = one(id, written, kpis, around, context) {
            found.insert(of.id.clone(), of);
        }
    }
    found
}

fn one(
    id: SamplingId,
    written: &written::Sampling,
    kpis: &BTreeMap<KpiId, Kpi>,
    around: &Surroundings<'_>,
    context: &mut Context<'_>,
) -> Option<Sampling> {
    // A KPI that is not there or broken has its own finding.
    let named = |field: &Field<KpiId>| kpis.get(field.get()?);
    let kpi = named(&written.kpi)?;
    let margin = margin(written, kpi, context);
    let (people, invitations) = (named(&written.people)?, named(&written.invitations)?);
    let of = rows(people, &written.people, around, context);
    let invitation = rows(invitations, &written.invitations, around, context);
    let by = written.by.get().and_then(|by| {
        let known = people.by.iter().find(|dimension| dimension.id.as_str() == by.as_str());
        if known.is_none() {
            let message = format!("`{}` has no figures by `{}`", people.id, shorten(by));
            context
                .report(codes::SAMPLING, written.by.span, message)
                .fix(format!("add it to `by` of `{}`, or name one of its dimensions", people.id));
        }
        known.map(|dimension| dimension.id.clone())
    });
    let caps = caps(written, context);
    let response = written.response.get().map(|share| share.0.to_f64());
    if response.is_some_and(|share| !(share > 0.0 && share <= 1.0)) {
        context
            .report(
                codes::SAMPLING,
                written.response.span,
                "nobody is expected to answer, or more than are asked",
            )
            .expected("a share above 0 % and up to 100 %")
            .fix("write what share answered the last surveys");
        return None;
    }
    if written.by.is_written() && by.is_none() {
        return None;
    }
    let (of, invitation) = (of?, invitation?);
    let person = person(written, of, invitation, context)?;
    let roots = derived::roots(&invitation.id, std::slice::from_ref(&person), around.entities);
    Some(Sampling {
        id,
        name: written.name.cloned()?,
        kpi: kpi.id.clone(),
        margin: margin?,
        people: people.id.clone(),
        of: of.id.clone(),
        by,
        invitations: invitations.id.clone(),
        invitation: invitation.id.clone(),
        person,
        caps: caps?,
        response: response?,
        // A circle has its own finding.
        made: derived::order(around.entities, roots).unwrap_or_default(),
    })
}

/// How far the figure may be off.
fn margin(written: &written::Sampling, kpi: &Kpi, context: &mut Context<'_>) -> Option<f64> {
    let text = written.margin.get()?.text()?;
    let margin = kpi.unit.exact(text).map(Decimal::to_f64);
    if margin.is_none_or(|margin| margin <= 0.0) {
        context
            .report(
                codes::SAMPLING,
                written.margin.span,
                format!("`{}` is no margin of {}", shorten(text), kpi.id),
            )
            .expected(format!("{}, above nothing", kpi.unit.amount_text()))
            .fix("write how far the figure may be off, in the unit of the KPI");
        return None;
    }
    margin
}

/// The entity whose rows a KPI looks at.
fn rows<'a>(
    kpi: &Kpi,
    at: &Field<KpiId>,
    around: &Surroundings<'a>,
    context: &mut Context<'_>,
) -> Option<&'a Entity> {
    let base = kpi.measure.kind().readings().into_iter().next().map(|reading| reading.rows.of.clone());
    let found = base.and_then(|of| around.entities.get(&of));
    if found.is_none() {
        context
            .report(
                codes::SAMPLING,
                at.span,
                format!("`{}` is computed of other KPIs, so it has no rows of its own", kpi.id),
            )
            .fix("name one that counts rows, such as `measure: {count: {of: contact}}`");
    }
    found
}

/// Whom an invitation asked: what refers to one of the people.
fn person(
    written: &written::Sampling,
    of: &Entity,
    invitation: &Entity,
    context: &mut Context<'_>,
) -> Option<Expression> {
    let (name, at) = (written.person.get()?, written.person.span);
    let attribute = invitation.attribute(name);
    if let Some(attribute) = attribute
        && attribute.type_ == (Type::Reference { entity: of.id.clone() })
        && of.key.len() == 1
    {
        let path = Path { references: Vec::new(), attribute: attribute.id.clone() };
        return Some(Expression { type_: attribute.type_.clone(), node: Node::Path(path) });
    }
    let message = match attribute {
        _ if of.key.len() != 1 => format!("rows of {} have a key of several parts", of.id),
        Some(attribute) => {
            format!("`{name}` of {} is of type {}", invitation.id, type_text(&attribute.type_))
        }
        None => format!("{} has no attribute `{name}`", invitation.id),
    };
    context
        .report(codes::SAMPLING, at, message)
        .expected(format!("an attribute of {} of type `reference {}`", invitation.id, of.id))
        .fix("name the attribute that says who was asked, or declare it as such a reference");
    None
}

fn caps(written: &written::Sampling, context: &mut Context<'_>) -> Option<Vec<ContactCap>> {
    let items = written.caps.get()?;
    if items.is_empty() {
        context
            .report(codes::SAMPLING, written.caps.span, "nothing says how often one person is asked at most")
            .fix("write a cap, such as `[{at_most: 1, within: 90 days}]`");
        return None;
    }
    let mut caps: Vec<ContactCap> = Vec::new();
    for item in items {
        let cap = ContactCap {
            at_most: u16::try_from(item.value.at_most.get()?.0).ok()?,
            within: item.value.within.get()?.0,
        };
        // A longer stretch with no more contacts makes a shorter one idle; with fewer it can never be used up.
        let idle = caps.iter().any(|other| {
            let (short, long) = if other.within < cap.within { (other, &cap) } else { (&cap, other) };
            short.within == long.within || short.at_most >= long.at_most
        });
        if cap.within <= 0 || idle {
            let message = match idle {
                true => "of two caps one allows no more within a longer time, so that the other never counts",
                false => "within no time nobody is asked",
            };
            context
                .report(codes::SAMPLING, item.span, message)
                .fix("remove the one that never counts, or let the longer one allow more");
            return None;
        }
        caps.push(cap);
    }
    Some(caps)
}
