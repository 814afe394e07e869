//! How each attribute gets its value: from a column, as a constant, from its position or by an expression.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use jiff::tz::TimeZone;

use super::{
    column::{column_type, parse},
    unmapped, used,
};
use crate::{
    codes,
    decode::{Either, Field, Keyed},
    definitions as written,
    expression::{Expression, Literal, Node as Part, Type},
    findings::Findings,
    id::AttributeId,
    lexical::{self, type_text},
    project::{Attribute, Entity, Mapping, MappingFrom},
    source_text::Span,
    sql::{self, Scope, Want},
    unicode::nfc,
    wording::shorten,
    yaml::Yaml,
};

type Entries = [Keyed<String, written::Mapping>];

/// Reads `map`, derived attributes after those they need.
pub(super) fn mappings(
    source: &written::Source,
    entity: &Entity,
    scope: &Scope<'_>,
    findings: &mut Findings,
) -> Option<Vec<Mapping>> {
    let entries = source.map.get()?;
    let before = findings.count();
    let mut all = Vec::new();
    let mapped: BTreeSet<&str> = entries.iter().map(|e| e.text.as_str()).collect();
    let attributes: BTreeMap<&str, &Attribute> =
        entity.attributes.iter().map(|a| (a.id.as_str(), a)).collect();
    for entry in entries {
        let Some(attribute) = attributes.get(entry.text.as_str()) else {
            unknown_attribute(entry, entity, findings);
            continue;
        };
        let Some(mapping) = &entry.value else { continue };
        let from = mapping_from(entry, mapping, &attribute.type_, &mapped, scope, findings);
        if let Some(scale) = attribute.scale.filter(|_| mapping.column.is_written()) {
            swallowed(&entry.text, scale, mapping, source, findings);
        }
        let (Some(from), Some(required)) = (from, mapping.required.cloned()) else { continue };
        all.push(Mapping { attribute: attribute.id.clone(), type_: attribute.type_.clone(), from, required });
    }
    let ordered = in_order(all, entries, findings);
    (findings.count() == before || ordered.len() == entries.len()).then_some(ordered)
}

/// Texts that mean "no value" and are answers of the attribute's scale: whoever gave that answer would be left out.
fn swallowed(
    name: &str,
    (low, high): (i64, i64),
    mapping: &written::Mapping,
    source: &written::Source,
    findings: &mut Findings,
) {
    let own: Vec<(&str, Span)> = match mapping.missing.get() {
        Some(Either::This(texts)) => texts.iter().map(|t| (t.value.as_str(), t.span)).collect(),
        Some(Either::That(reasons)) => reasons.iter().map(|e| (e.text.as_str(), e.span)).collect(),
        None => Vec::new(),
    };
    let everywhere = source.missing.items().iter().map(|t| (t.value.as_str(), t.span));
    for (text, at) in own.into_iter().chain(everywhere) {
        let on_scale =
            lexical::decimal(text).and_then(|d| d.at_scale(0)).is_some_and(|n| low <= n && n <= high);
        if on_scale {
            findings
                .report(
                    codes::SCALE_SWALLOWED,
                    at,
                    format!("`{text}` means \"no value\" here, and is an answer on the scale {low}..{high} of `{name}`"),
                )
                .expected("texts off the scale")
                .fix(format!("leave `{text}` out, or correct the `scale` of `{name}`"));
        }
    }
}

fn unknown_attribute(entry: &Keyed<String, written::Mapping>, entity: &Entity, findings: &mut Findings) {
    if findings.is_broken(entity.id.as_str(), &entry.text) {
        return;
    }
    if entity.all_attributes().any(|attribute| attribute.id.as_str() == entry.text) {
        findings
            .report(
                codes::MADE_NOT_LANDED,
                entry.span,
                format!("`{}` of {} is made of landed rows", entry.text, entity.id),
            )
            .expected("an attribute that is landed")
            .fix("leave it out here, or give one of the two another name");
        return;
    }
    let message = format!("{} has no attribute `{}`", entity.id, shorten(&entry.text));
    let known = entity.attributes.iter().rev().map(|a| a.id.as_str());
    let finding = findings.unknown(codes::UNKNOWN_MAPPED_ATTRIBUTE, entry.span, message, &entry.text, known);
    if finding.fix.is_none() {
        finding
            .fix(format!("add it: `entity: {}`, `attributes: {{{}: {{type: …}}}}`", entity.id, entry.text));
    }
}

fn mapping_from(
    entry: &Keyed<String, written::Mapping>,
    mapping: &written::Mapping,
    type_: &Type,
    mapped: &BTreeSet<&str>,
    scope: &Scope<'_>,
    findings: &mut Findings,
) -> Option<MappingFrom> {
    let from = ["column", "constant", "position", "expression", "bands"];
    let kinds = mapping.written().filter(|(name, ..)| from.contains(name)).count();
    if kinds != 1 {
        findings
            .report(
                codes::MAPPING_FROM,
                entry.span,
                format!("`{}` says {kinds} times where its value comes from", entry.text),
            )
            .expected("exactly one of `column`, `constant`, `position`, `expression` and `bands`");
        return None;
    }
    if mapping.column.is_written() {
        return column(entry, mapping, type_, findings);
    }
    for (option, key, _) in mapping.written() {
        if !from.contains(&option) && option != "required" {
            findings
                .report(codes::MAPPING_OPTION, key, format!("`{option}` needs a `column`"))
                .fix("remove it");
        }
    }
    if mapping.position.is_written() {
        if *type_ != Type::Text {
            findings
                .report(
                    codes::MAPPING_TYPE,
                    mapping.position.span,
                    format!("a position is a text, but the attribute is of type {}", type_text(type_)),
                )
                .expected("an attribute of type text");
        }
        return Some(MappingFrom::Position);
    }
    if mapping.constant.is_written() {
        let zone = if *type_ == Type::Date { scope.days } else { scope.zone };
        return constant(&mapping.constant, type_, zone, findings).map(MappingFrom::Constant);
    }
    if mapping.bands.is_written() {
        return bands(mapping.bands.get()?, type_, mapped, scope, findings);
    }
    let expression = mapping.expression.get()?;
    let typed = sql::expression(expression, scope, Want::Any, findings)?;
    unmapped(&typed, expression, mapped, findings);
    fit(typed, type_, expression, findings).map(MappingFrom::Expression)
}

/// The band in which a number lies.
fn bands(
    written: &written::Bands,
    type_: &Type,
    mapped: &BTreeSet<&str>,
    scope: &Scope<'_>,
    findings: &mut Findings,
) -> Option<MappingFrom> {
    let of = written.value.get()?;
    let value = sql::expression(of, scope, Want::Quantity, findings)?;
    unmapped(&value, of, mapped, findings);
    let mut edges: Vec<(i64, u8)> = Vec::new();
    for item in written.edges.items() {
        let Some(edge) = item.value.text().and_then(|text| sql::edge(text, &value.type_)) else {
            let shown = shorten(item.value.text().unwrap_or_default());
            findings
                .report(codes::BAD_BANDS, item.span, format!("`{shown}` is no edge here"))
                .expected(sql::edge_form(&value.type_));
            return None;
        };
        edges.push(edge);
    }
    let scale = edges.iter().map(|(_, scale)| *scale).max().unwrap_or(0).max(value.type_.scale());
    let value = sql::at_scale(value, scale);
    let at_scale = |(digits, own): &(i64, u8)| {
        10i64.checked_pow(u32::from(scale.saturating_sub(*own))).and_then(|by| digits.checked_mul(by))
    };
    let edges: Vec<i64> = edges.iter().map(at_scale).collect::<Option<_>>().unwrap_or_default();
    if edges.is_empty() || !edges.is_sorted_by(|a, b| a < b) {
        findings
            .report(codes::BAD_BANDS, written.edges.span, "these edges do not ascend")
            .expected("at least one, each above the one before: `[25, 45, 65]`");
        return None;
    }
    let labels = written.labels.is_written().then(|| written.labels.values());
    if let Some(labels) = &labels
        && (labels.len() != edges.len() + 1 || labels.iter().collect::<BTreeSet<_>>().len() != labels.len())
    {
        findings
            .report(
                codes::BAD_BANDS,
                written.labels.span,
                format!("{} edges make {} bands", edges.len(), edges.len() + 1),
            )
            .expected(format!(
                "{} different labels, the one of what is below the first edge first",
                edges.len() + 1
            ));
        return None;
    }
    fit(sql::banded(value, &edges, labels), type_, of, findings).map(MappingFrom::Expression)
}

fn column(
    entry: &Keyed<String, written::Mapping>,
    mapping: &written::Mapping,
    type_: &Type,
    findings: &mut Findings,
) -> Option<MappingFrom> {
    let column = mapping.column.cloned()?;
    if !mapping.as_.is_written() {
        findings
            .report(codes::MAPPING_FROM, entry.span, format!("how `{}` is read is not said", entry.text))
            .expected(format!("`as: {}`", column_type(type_)))
            .fix(format!("add `as: {}`", column_type(type_)));
        return None;
    }
    let parse = parse(mapping, type_, findings)?;
    Some(MappingFrom::Column {
        column,
        parse,
        replace: pairs(mapping.replace.items()),
        prefix: mapping.prefix.cloned().unwrap_or_default(),
        missing: match mapping.missing.get() {
            Some(Either::This(texts)) => {
                texts.iter().map(|t| (t.value.clone(), "missing".to_owned())).collect()
            }
            Some(Either::That(reasons)) => pairs(reasons),
            None => Vec::new(),
        },
    })
}

fn pairs(entries: &[Keyed<String, String>]) -> Vec<(String, String)> {
    entries.iter().filter_map(|e| Some((nfc(&e.text).into_owned(), e.value.clone()?))).collect()
}

/// A constant of a type.
fn constant(
    written: &Field<String>,
    type_: &Type,
    zone: &TimeZone,
    findings: &mut Findings,
) -> Option<Literal> {
    let text = written.get()?.as_str();
    let value = match type_ {
        Type::Text | Type::Reference { .. } => Some(Literal::Text(text.to_owned())),
        Type::Enum { values } => values.iter().any(|v| v == text).then(|| Literal::Text(text.to_owned())),
        Type::Integer | Type::Number { .. } => {
            lexical::decimal(text).and_then(|d| d.at_scale(type_.scale())).map(Literal::Integer)
        }
        Type::Money { currency, scale } => lexical::money(text)
            .filter(|(_, written)| written == currency)
            .and_then(|(d, _)| d.at_scale(*scale))
            .map(Literal::Integer),
        Type::Boolean => text.parse().ok().map(Literal::Boolean),
        Type::Date => lexical::date(text).and_then(|_| lexical::instant(text, zone)).map(Literal::Integer),
        Type::Timestamp => lexical::instant(text, zone).map(Literal::Integer),
        Type::Duration => lexical::duration(text).map(Literal::Integer),
    };
    if value.is_none() {
        findings
            .report(
                codes::CONSTANT,
                written.span,
                format!("`{}` is not of type {}", shorten(text), type_text(type_)),
            )
            .expected(match type_ {
                Type::Money { currency, .. } => format!("an amount such as `2.50 {currency}`"),
                Type::Duration => "a length of time such as `4 hours`".to_owned(),
                Type::Date => "a date such as `2026-01-31`".to_owned(),
                Type::Timestamp => "an instant such as `2026-01-31T09:00:00Z`".to_owned(),
                other => format!("a value of type {}", type_text(other)),
            });
    }
    value
}

/// Brings a derived value to the type of its attribute.
fn fit(typed: Expression, type_: &Type, at: &Yaml, findings: &mut Findings) -> Option<Expression> {
    let text_like = |t: &Type| matches!(t, Type::Text | Type::Enum { .. } | Type::Reference { .. });
    let result = match (&typed.type_, type_) {
        (a, b) if a == b => Some(typed.clone()),
        // It stays what it is: `bands` and `weekday` find their members in their own type.
        (Type::Enum { .. }, Type::Text) => Some(typed.clone()),
        (Type::Text, b) if text_like(b) => Some(Expression { type_: b.clone(), node: typed.node.clone() }),
        (Type::Date | Type::Timestamp, Type::Timestamp) => {
            Some(Expression { type_: type_.clone(), node: typed.node.clone() })
        }
        (Type::Integer | Type::Number { .. }, Type::Number { scale }) if typed.type_.scale() <= *scale => {
            let by = scale - typed.type_.scale();
            let node = if by == 0 { typed.node.clone() } else { Part::Rescale(Box::new(typed.clone()), by) };
            Some(Expression { type_: type_.clone(), node })
        }
        (Type::Money { currency: a, scale: i }, Type::Money { currency: b, scale: j })
            if a == b && i <= j =>
        {
            let by = j - i;
            let node = if by == 0 { typed.node.clone() } else { Part::Rescale(Box::new(typed.clone()), by) };
            Some(Expression { type_: type_.clone(), node })
        }
        _ => None,
    };
    if result.is_none() {
        findings
            .report(
                codes::MAPPING_TYPE,
                at.span,
                format!(
                    "the expression is of type {}, but the attribute is of type {}",
                    type_text(&typed.type_),
                    type_text(type_)
                ),
            )
            .expected(format!("an expression of type {}", type_text(type_)));
    }
    result
}

/// Derived attributes after those they need; a circle is a finding.
fn in_order(all: Vec<Mapping>, entries: &Entries, findings: &mut Findings) -> Vec<Mapping> {
    let derived: BTreeMap<AttributeId, BTreeSet<AttributeId>> = all
        .iter()
        .filter_map(|m| match &m.from {
            MappingFrom::Expression(e) => Some((m.attribute.clone(), used(e))),
            _ => None,
        })
        .collect();
    let (mut ordered, rest): (Vec<Mapping>, Vec<Mapping>) =
        all.into_iter().partition(|m| !derived.contains_key(&m.attribute));
    // Each derived attribute is ready once all derived ones that it needs are done; each need is looked at once.
    let mut waiting: BTreeMap<&AttributeId, (usize, Option<Mapping>)> = BTreeMap::new();
    let mut needed_by: BTreeMap<&AttributeId, Vec<&AttributeId>> = BTreeMap::new();
    let mut ready = VecDeque::new();
    for mapping in rest {
        let Some((own, needs)) = derived.get_key_value(&mapping.attribute) else { continue };
        let open: Vec<_> = needs.iter().filter(|n| derived.contains_key(*n)).collect();
        if open.is_empty() {
            ready.push_back(own);
        }
        waiting.insert(own, (open.len(), Some(mapping)));
        for need in open {
            needed_by.entry(need).or_default().push(own);
        }
    }
    while let Some(now) = ready.pop_front() {
        ordered.extend(waiting.get_mut(now).and_then(|(_, mapping)| mapping.take()));
        for next in needed_by.get(now).into_iter().flatten() {
            if let Some((open, _)) = waiting.get_mut(next) {
                *open = open.saturating_sub(1);
                if *open == 0 {
                    ready.push_back(next);
                }
            }
        }
    }
    let rest: Vec<Mapping> = waiting.into_values().filter_map(|(_, mapping)| mapping).collect();
    // What is left lies on a circle or behind one: walk from the first until a name comes again.
    if let Some(first) = rest.first() {
        let left: BTreeSet<&AttributeId> = rest.iter().map(|m| &m.attribute).collect();
        let mut way = vec![first.attribute.clone()];
        let mut seen = BTreeSet::from([first.attribute.clone()]);
        while let Some(last) = way.last() {
            let Some(next) = derived.get(last).and_then(|n| n.iter().find(|n| left.contains(n))).cloned()
            else {
                break;
            };
            way.push(next.clone());
            if !seen.insert(next.clone()) {
                let again = way.iter().position(|w| *w == next).unwrap_or(0);
                way.drain(..again);
                break;
            }
        }
        let shown: Vec<&str> = way.iter().map(AttributeId::as_str).collect();
        if let Some(entry) = entries.iter().find(|e| Some(&e.text.as_str()) == shown.first()) {
            findings
                .report(
                    codes::DERIVED_CYCLE,
                    entry.span,
                    format!("derived attributes need each other in a circle: {}", shown.join(" → ")),
                )
                .fix("let one of them be read from a column");
        }
    }
    ordered
}
