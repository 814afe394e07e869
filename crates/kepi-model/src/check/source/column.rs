//! How the text of a column is read: `as` and its options.

use std::collections::BTreeSet;

use super::super::{codes, texts, time_format};
use crate::{
    decode::shorten,
    expression::Type,
    findings::Findings,
    lexical::{self, type_text},
    project::{EnumElse, Excess, Parse},
    yaml::Node,
};

/// How `as` says a type.
pub(super) fn column_type(type_: &Type) -> String {
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

/// Reads `as` with its options; it must fit the type of the attribute.
pub(super) fn parse(node: &Node, as_: &Node, type_: &Type, findings: &mut Findings) -> Option<Parse> {
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
                && time_format(pattern).is_ok()
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
