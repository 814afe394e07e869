//! Sources: where rows come from, how their columns become attributes, and what must hold of them.

use std::collections::{BTreeMap, BTreeSet};

use jiff::tz::TimeZone;

use super::{Context, codes, id, ids, is_defined, name_place, place, text, texts};
use crate::{
    decode::shorten,
    expression::{Expression, Literal, Node as Part, Type},
    findings::Findings,
    id::{AttributeId, EntityId},
    lexical::{self, type_text},
    meaning,
    project::{
        Ambiguous, Connector, Entity, EnumElse, Excess, Mapping, MappingFrom, MissingLocal, Mode, Otherwise,
        Parse, Requirement, Rule, Source, SourceZone,
    },
    sql::{self, Scope, Want},
    table::Symbol,
    yaml::{Entry, Node, Value},
};

/// Reads a source.
pub(super) fn read(
    root: &Node,
    entities: &BTreeMap<EntityId, Entity>,
    project_zone: &str,
    context: &mut Context<'_>,
) -> Option<Source> {
    let into = root.get_text("into")?;
    if !is_defined(context, Symbol::Entity, into) {
        return None;
    }
    let entity = entities.get(&into.parse().ok()?)?;
    let zone = zone(root, project_zone);
    let time_zone = zone.as_ref().and_then(|z| TimeZone::get(&z.name).ok()).unwrap_or(TimeZone::UTC);
    let scope = Scope { entities, base: entity, walk: false, zone: &time_zone };

    let mode = match root.get_text("mode") {
        Some("append") => Some(Mode::Append),
        Some("upsert") => Some(Mode::Upsert),
        Some("snapshot") => Some(Mode::Snapshot),
        _ => None,
    };
    let map = mappings(root, entity, &scope, context.findings);
    let mapped: BTreeSet<&str> =
        root.get("map").map(Node::entries).unwrap_or_default().iter().map(|e| e.key.as_str()).collect();
    let key = key(root, entity, &mapped, context.findings);
    let version = version(root, entity, mode, context.findings);
    let only = root.get("only").and_then(|node| {
        let typed = sql::expression(node, &scope, Want::Condition, context.findings)?;
        unmapped(&typed, node, &mapped, context.findings);
        Some(typed)
    });
    let rules = rules(root, entity, &scope, &mapped, context.findings);
    let mut source = Source {
        id: id(root, "source")?,
        name: text(root, "name")
            .unwrap_or_else(|| super::model::shown(root.get_text("source").unwrap_or_default())),
        into: entity.id.clone(),
        from: connector(root)?,
        mode: mode?,
        key,
        version,
        zone: zone?,
        missing: if root.get("missing").is_some() { texts(root, "missing") } else { vec![String::new()] },
        only,
        map: map?,
        rules,
        complete_until: root.get_text("complete_until").and_then(lexical::date),
        purpose: id(root, "purpose"),
        owner: id(root, "owner"),
        hash: crate::id::Hash([0; 32]),
        span: name_place(root),
    };
    source.hash = meaning::source(&source);
    Some(source)
}

fn connector(root: &Node) -> Option<Connector> {
    let from = root.get("from")?;
    let kind = from.entries().first()?;
    let files = text(&kind.value, "files")?;
    Some(match kind.key.as_str() {
        "csv" => Connector::Csv {
            files,
            delimiter: kind.value.get_text("delimiter").map_or(Some(b','), |d| d.bytes().next())?,
            encoding: kind.value.get_text("encoding").unwrap_or("utf-8").trim().to_ascii_lowercase(),
            header_row: kind.value.get_text("header_row").map_or(Some(1), |n| n.parse().ok())?,
        },
        "ndjson" => Connector::Ndjson { files },
        "parquet" => Connector::Parquet { files },
        _ => return None,
    })
}

fn zone(root: &Node, project_zone: &str) -> Option<SourceZone> {
    let default = |name: String| SourceZone {
        name,
        ambiguous: Ambiguous::Earlier,
        missing: MissingLocal::ShiftForward,
    };
    let Some(node) = root.get("time_zone") else { return Some(default(project_zone.to_owned())) };
    if let Some(name) = node.text() {
        return Some(default(name.to_owned()));
    }
    Some(SourceZone {
        name: text(node, "name")?,
        ambiguous: match node.get_text("ambiguous").unwrap_or("earlier") {
            "earlier" => Ambiguous::Earlier,
            "later" => Ambiguous::Later,
            "quarantine" => Ambiguous::Quarantine,
            _ => return None,
        },
        missing: match node.get_text("missing").unwrap_or("shift forward") {
            "shift forward" => MissingLocal::ShiftForward,
            "quarantine" => MissingLocal::Quarantine,
            _ => return None,
        },
    })
}

fn key(root: &Node, entity: &Entity, mapped: &BTreeSet<&str>, findings: &mut Findings) -> Vec<AttributeId> {
    let written = root.get("key");
    for item in written.map(Node::items).unwrap_or_default() {
        let name = item.text().unwrap_or_default();
        let broken = findings.is_broken(entity.id.as_str(), name);
        if crate::id::is_name(name) && !broken && !entity.attributes.iter().any(|a| a.id.as_str() == name) {
            findings
                .report(codes::SOURCE_KEY, item.span, format!("{} has no attribute `{name}`", entity.id))
                .did_you_mean(name, entity.attributes.iter().map(|a| a.id.as_str()));
        }
    }
    let key = if written.is_some() { ids(root, "key") } else { entity.key.clone() };
    for part in &key {
        if entity.attribute(part).is_some() && root.get("map").is_some() && !mapped.contains(part.as_str()) {
            let at = written.map_or_else(|| place(root, "into"), |k| k.span);
            findings
                .report(codes::KEY_NOT_MAPPED, at, format!("the key attribute `{part}` is not mapped"))
                .fix(format!("add `{part}: {{column: …, as: …}}` under `map`"));
        }
    }
    key
}

fn version(root: &Node, entity: &Entity, mode: Option<Mode>, findings: &mut Findings) -> Option<AttributeId> {
    match (mode, root.get("version")) {
        (Some(Mode::Upsert), None) => {
            findings
                .report(
                    codes::UPSERT_WITHOUT_VERSION,
                    place(root, "mode"),
                    "which of two rows is newer is not said",
                )
                .fix("add `version: updated_at`, or whatever attribute grows with each change");
            None
        }
        (Some(Mode::Append | Mode::Snapshot), Some(node)) => {
            findings
                .report(codes::VERSION_WITHOUT_UPSERT, node.span, "`version` does nothing in this mode")
                .fix("write `mode: upsert`, or remove `version`");
            None
        }
        (_, Some(node)) => {
            let name = node.text()?;
            let attribute = entity.attributes.iter().find(|a| a.id.as_str() == name);
            match attribute {
                None if crate::id::is_name(name) => {
                    findings
                        .report(
                            codes::SOURCE_KEY,
                            node.span,
                            format!("{} has no attribute `{name}`", entity.id),
                        )
                        .did_you_mean(name, entity.attributes.iter().map(|a| a.id.as_str()));
                    None
                }
                other => other.map(|a| a.id.clone()),
            }
        }
        _ => None,
    }
}

fn mappings(
    root: &Node,
    entity: &Entity,
    scope: &Scope<'_>,
    findings: &mut Findings,
) -> Option<Vec<Mapping>> {
    let entries = root.get("map")?.entries();
    let before = findings.count();
    let mut all = Vec::new();
    for entry in entries {
        let Some(attribute) = entity.attributes.iter().find(|a| a.id.as_str() == entry.key) else {
            if findings.is_broken(entity.id.as_str(), &entry.key) {
                continue;
            }
            findings
                .report(
                    codes::UNKNOWN_MAPPED_ATTRIBUTE,
                    entry.key_span,
                    format!("{} has no attribute `{}`", entity.id, shorten(&entry.key)),
                )
                .did_you_mean(&entry.key, entity.attributes.iter().map(|a| a.id.as_str()));
            if let Some(last) = findings.last_mut().filter(|f| f.fix.is_none()) {
                last.fix(format!(
                    "add it: `entity: {}`, `attributes: {{{}: {{type: …}}}}`",
                    entity.id, entry.key
                ));
            }
            continue;
        };
        if !matches!(entry.value.value, Value::Map(_)) {
            continue;
        }
        let Some(from) = mapping_from(entry, &attribute.type_, entries, scope, findings) else { continue };
        all.push(Mapping {
            attribute: attribute.id.clone(),
            type_: attribute.type_.clone(),
            from,
            required: entry.value.get_text("required") == Some("true"),
        });
    }
    let ordered = in_order(all, entries, findings);
    (findings.count() == before || ordered.len() == entries.len()).then_some(ordered)
}

fn mapping_from(
    entry: &Entry,
    type_: &Type,
    entries: &[Entry],
    scope: &Scope<'_>,
    findings: &mut Findings,
) -> Option<MappingFrom> {
    let node = &entry.value;
    let kinds: Vec<&str> = ["column", "constant", "position", "expression"]
        .into_iter()
        .filter(|k| node.get(k).is_some())
        .collect();
    if kinds.len() != 1 {
        findings
            .report(
                codes::MAPPING_FROM,
                entry.key_span,
                format!("`{}` says {} times where its value comes from", entry.key, kinds.len()),
            )
            .expected("exactly one of `column`, `constant`, `position` and `expression`");
        return None;
    }
    if node.get("column").is_none() {
        for option in node.entries().iter().filter(|e| {
            !matches!(e.key.as_str(), "constant" | "position" | "expression" | "required")
                && crate::definitions::MAPPING_FIELDS.contains(&e.key.as_str())
        }) {
            findings
                .report(codes::MAPPING_OPTION, option.key_span, format!("`{}` needs a `column`", option.key))
                .fix("remove it");
        }
    }
    if let Some(position) = node.get("position") {
        if *type_ != Type::Text {
            findings
                .report(
                    codes::MAPPING_TYPE,
                    position.span,
                    format!("a position is a text, but the attribute is of type {}", type_text(type_)),
                )
                .expected("an attribute of type text");
        }
        return Some(MappingFrom::Position);
    }
    if let Some(constant) = node.get("constant") {
        return self::constant(constant, type_, scope.zone, findings).map(MappingFrom::Constant);
    }
    if let Some(expression) = node.get("expression") {
        let typed = sql::expression(expression, scope, Want::Any, findings)?;
        let mapped: BTreeSet<&str> = entries.iter().map(|e| e.key.as_str()).collect();
        unmapped(&typed, expression, &mapped, findings);
        return fit(typed, type_, expression, findings).map(MappingFrom::Expression);
    }
    let column = text(node, "column")?;
    let Some(as_) = node.get("as") else {
        findings
            .report(codes::MAPPING_FROM, entry.key_span, format!("how `{}` is read is not said", entry.key))
            .expected(format!("`as: {}`", column_type(type_)));
        return None;
    };
    let parse = parse(node, as_, type_, findings)?;
    Some(MappingFrom::Column {
        column,
        parse,
        replace: node
            .get("replace")
            .map(Node::entries)
            .unwrap_or_default()
            .iter()
            .filter_map(|e| Some((e.key.clone(), e.value.text()?.to_owned())))
            .collect(),
        prefix: text(node, "prefix").unwrap_or_default(),
        missing: match node.get("missing") {
            Some(list) if !list.items().is_empty() => {
                texts(node, "missing").into_iter().map(|t| (t, "missing".to_owned())).collect()
            }
            Some(map) => map
                .entries()
                .iter()
                .filter_map(|e| Some((e.key.clone(), e.value.text()?.to_owned())))
                .collect(),
            None => Vec::new(),
        },
    })
}

/// How `as` says a type.
fn column_type(type_: &Type) -> String {
    match type_ {
        Type::Enum { .. } => "enum".into(),
        Type::Duration => "duration minutes".into(),
        other => type_text(other),
    }
}

/// The options of each type of column.
fn options_of(type_: &Type) -> &'static [&'static str] {
    match type_ {
        Type::Integer | Type::Number { .. } | Type::Money { .. } => &["decimal_mark", "excess_digits"],
        Type::Duration => &["decimal_mark"],
        Type::Boolean => &["true", "false"],
        Type::Date | Type::Timestamp => &["format"],
        Type::Enum { .. } => &["values", "else"],
        Type::Text | Type::Reference { .. } => &[],
    }
}

fn parse(node: &Node, as_: &Node, type_: &Type, findings: &mut Findings) -> Option<Parse> {
    let written = as_.text()?;
    let unit = written.strip_prefix("duration ").map(|u| lexical::time_unit(u.trim()));
    let column = match unit {
        Some(unit) => {
            unit?;
            Type::Duration
        }
        None if written == "duration" => return None,
        None => lexical::attribute_type(written)?,
    };
    let fits = match (&column, type_) {
        // A closed list of texts may fill a text.
        (Type::Enum { .. }, Type::Enum { .. } | Type::Text) => true,
        // A day is the instant at which it starts.
        (Type::Date, Type::Timestamp) => true,
        (a, b) => a == b,
    };
    if !fits {
        let wanted = column_type(type_);
        findings
            .report(
                codes::MAPPING_TYPE,
                as_.span,
                format!(
                    "this is read as {}, but the attribute is of type {}",
                    column_type(&column),
                    type_text(type_)
                ),
            )
            .expected(format!("`as: {wanted}`"))
            .replace(format!("write `as: {wanted}`"), as_.span, format!("\"{wanted}\""));
        return None;
    }
    let allowed = options_of(&column);
    for option in ["decimal_mark", "excess_digits", "true", "false", "format", "values", "else"] {
        if let Some(value) = node.get(option).filter(|_| !allowed.contains(&option)) {
            findings
                .report(
                    codes::MAPPING_OPTION,
                    value.span,
                    format!("`{option}` does nothing for {}", column_type(&column)),
                )
                .fix("remove it, or correct `as`");
        }
    }
    let decimal_mark = if node.get_text("decimal_mark") == Some(",") { ',' } else { '.' };
    Some(match &column {
        Type::Text | Type::Reference { .. } => Parse::Text,
        Type::Integer | Type::Number { .. } | Type::Money { .. } => Parse::Number {
            scale: column.scale(),
            decimal_mark,
            excess: if node.get_text("excess_digits") == Some("round") {
                Excess::Round
            } else {
                Excess::Quarantine
            },
        },
        Type::Duration => Parse::Duration { unit_micros: unit??, decimal_mark },
        Type::Boolean => {
            let or = |field: &str, default: [&str; 3]| {
                if node.get(field).is_some() {
                    texts(node, field)
                } else {
                    default.iter().map(|t| (*t).to_owned()).collect()
                }
            };
            Parse::Boolean { yes: or("true", ["true", "yes", "1"]), no: or("false", ["false", "no", "0"]) }
        }
        Type::Date | Type::Timestamp => {
            let format = node.get("format");
            if let Some(format) = format
                && let Some(pattern) = format.text()
                && let Err(missing) = format_parts(pattern, column == Type::Timestamp)
                && super::time_format(pattern).is_ok()
            {
                findings
                    .report(codes::BAD_TIME_FORMAT, format.span, format!("this format lacks the {missing}"))
                    .expected(if column == Type::Date {
                        "year, month and day: `%Y-%m-%d`"
                    } else {
                        "year, month, day and hour: `%Y-%m-%d %H:%M`; for days alone use `as: date`"
                    });
            }
            let format = format.and_then(|f| f.text().map(str::to_owned));
            if column == Type::Date { Parse::Date { format } } else { Parse::Timestamp { format } }
        }
        Type::Enum { .. } => parse_enum(node, type_, findings),
    })
}

/// Whether a strptime pattern has all parts a value needs; else the part it lacks.
fn format_parts(pattern: &str, with_hour: bool) -> Result<(), &'static str> {
    let mut directives = BTreeSet::new();
    let mut chars = pattern.chars();
    while let Some(c) = chars.next() {
        if c == '%' {
            let letter = chars.by_ref().find(|c| c.is_ascii_alphabetic() || *c == '%');
            directives.extend(letter);
        }
    }
    let has = |any: &str| any.chars().any(|c| directives.contains(&c));
    if has("s") {
        return Ok(());
    }
    if !has("YyGgFDcxC") {
        return Err("year");
    }
    if !has("mBbhFDcxjVUW") {
        return Err("month");
    }
    if !has("deFDcxjaAuw") {
        return Err("day");
    }
    if with_hour && !has("HIklTRcXr") {
        return Err("hour");
    }
    Ok(())
}

fn parse_enum(node: &Node, type_: &Type, findings: &mut Findings) -> Parse {
    let members: Option<&Vec<String>> = match type_ {
        Type::Enum { values } => Some(values),
        _ => None,
    };
    let mut values: Vec<(String, String)> = Vec::new();
    let unknown = |text: &str, at: &Node, findings: &mut Findings| {
        if let Some(members) = members.filter(|m| !m.iter().any(|v| v == text)) {
            findings
                .report(codes::ENUM_MEMBER, at.span, format!("`{}` is no member of the enum", shorten(text)))
                .did_you_mean(text, members.iter().map(String::as_str));
        }
    };
    match node.get("values") {
        Some(map) => {
            for entry in map.entries() {
                if let Some(member) = entry.value.text() {
                    unknown(member, &entry.value, findings);
                    values.push((entry.key.clone(), member.to_owned()));
                }
            }
        }
        // Without `values` the source writes the members themselves.
        None => values.extend(members.into_iter().flatten().map(|m| (m.clone(), m.clone()))),
    }
    let other = match node.get("else").and_then(|n| n.text().map(|t| (n, t))) {
        None | Some((_, "quarantine")) => EnumElse::Quarantine,
        Some((_, "missing")) => EnumElse::Missing,
        Some((at, member)) => {
            unknown(member, at, findings);
            EnumElse::Value(member.to_owned())
        }
    };
    Parse::Enum { values, other }
}

/// A constant of a type.
fn constant(node: &Node, type_: &Type, zone: &TimeZone, findings: &mut Findings) -> Option<Literal> {
    let text = node.text()?;
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
                node.span,
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
fn fit(typed: Expression, type_: &Type, at: &Node, findings: &mut Findings) -> Option<Expression> {
    let text_like = |t: &Type| matches!(t, Type::Text | Type::Enum { .. } | Type::Reference { .. });
    let result = match (&typed.type_, type_) {
        (a, b) if a == b => Some(typed.clone()),
        (Type::Text | Type::Enum { .. }, Type::Text) => {
            Some(Expression { type_: type_.clone(), node: typed.node.clone() })
        }
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

/// The attributes of the row that an expression uses.
fn used(expression: &Expression, out: &mut BTreeSet<AttributeId>) {
    match &expression.node {
        Part::Literal(_) => {}
        Part::Path(path) => {
            out.insert(path.references.first().map_or_else(|| path.attribute.clone(), |(a, _)| a.clone()));
        }
        Part::Exists(attribute, _) => {
            out.insert(attribute.clone());
        }
        Part::Arithmetic(_, a, b) | Part::Compare(_, a, b) => {
            used(a, out);
            used(b, out);
        }
        Part::Negate(a)
        | Part::Rescale(a, _)
        | Part::Not(a)
        | Part::IsMissing(a)
        | Part::In(a, _)
        | Part::Like(a, _) => used(a, out),
        Part::And(list) | Part::Or(list) | Part::Coalesce(list) => list.iter().for_each(|e| used(e, out)),
        Part::Case(branches, last) => {
            for (test, result) in branches {
                used(test, out);
                used(result, out);
            }
            if let Some(last) = last {
                used(last, out);
            }
        }
    }
}

/// An attribute that the source does not map is always missing in its rows.
fn unmapped(expression: &Expression, at: &Node, mapped: &BTreeSet<&str>, findings: &mut Findings) {
    let mut names = BTreeSet::new();
    used(expression, &mut names);
    for name in names.iter().filter(|n| !mapped.contains(n.as_str())) {
        let start = at.text().and_then(|t| t.find(name.as_str())).unwrap_or(0);
        findings
            .report(
                codes::NOT_MAPPED,
                at.place_within(start, start + name.as_str().len()),
                format!("`{name}` is not mapped by this source, so it is always missing"),
            )
            .fix(format!("map `{name}`, or leave it out"));
    }
}

/// Derived attributes after those they need; a circle is a finding.
fn in_order(all: Vec<Mapping>, entries: &[Entry], findings: &mut Findings) -> Vec<Mapping> {
    let derived: BTreeMap<AttributeId, BTreeSet<AttributeId>> = all
        .iter()
        .filter_map(|m| match &m.from {
            MappingFrom::Expression(e) => {
                let mut names = BTreeSet::new();
                used(e, &mut names);
                Some((m.attribute.clone(), names))
            }
            _ => None,
        })
        .collect();
    let mut done: BTreeSet<AttributeId> =
        all.iter().map(|m| m.attribute.clone()).filter(|a| !derived.contains_key(a)).collect();
    let (mut ordered, mut rest): (Vec<Mapping>, Vec<Mapping>) =
        all.into_iter().partition(|m| !derived.contains_key(&m.attribute));
    loop {
        let ready = |m: &Mapping| {
            derived
                .get(&m.attribute)
                .is_none_or(|needs| needs.iter().all(|n| done.contains(n) || !derived.contains_key(n)))
        };
        let (now, later): (Vec<Mapping>, Vec<Mapping>) = rest.into_iter().partition(ready);
        if now.is_empty() {
            rest = later;
            break;
        }
        done.extend(now.iter().map(|m| m.attribute.clone()));
        ordered.extend(now);
        rest = later;
    }
    // What is left lies on a circle or behind one: walk from the first until a name comes again.
    if let Some(first) = rest.first() {
        let left: BTreeSet<&AttributeId> = rest.iter().map(|m| &m.attribute).collect();
        let mut way = vec![first.attribute.clone()];
        while let Some(last) = way.last() {
            let Some(next) = derived.get(last).and_then(|n| n.iter().find(|n| left.contains(n))).cloned()
            else {
                break;
            };
            let again = way.iter().position(|w| *w == next);
            way.push(next);
            if let Some(again) = again {
                way.drain(..again);
                break;
            }
        }
        let shown: Vec<&str> = way.iter().map(AttributeId::as_str).collect();
        if let Some(entry) = entries.iter().find(|e| Some(&e.key.as_str()) == shown.first()) {
            findings
                .report(
                    codes::DERIVED_CYCLE,
                    entry.key_span,
                    format!("derived attributes need each other in a circle: {}", shown.join(" → ")),
                )
                .fix("let one of them be read from a column");
        }
    }
    ordered
}

fn rules(
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
