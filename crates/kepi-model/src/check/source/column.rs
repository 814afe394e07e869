//! How the text of a column is read: `as` and its options.

use std::collections::BTreeSet;

use crate::{
    codes,
    decode::ColumnType,
    definitions::{DecimalMark, GroupingMark, Mapping},
    expression::Type,
    findings::Findings,
    lexical::type_text,
    project::{EnumElse, Epoch, Parse},
    source_text::Span,
    unicode::nfc,
    word::Word,
    wording::shorten,
};

/// How `as` says a type.
pub(super) fn column_type(type_: &Type) -> String {
    match type_ {
        Type::Enum { .. } => "enum".into(),
        Type::Duration => "duration minutes".into(),
        other => type_text(other),
    }
}

/// The options of every column.
const OF_EVERY_TYPE: [&str; 6] = ["column", "as", "replace", "prefix", "missing", "required"];

/// The options of each type of column.
fn options_of(type_: &Type) -> &'static [&'static str] {
    match type_ {
        Type::Integer | Type::Number { .. } => {
            &["decimal_mark", "grouping_mark", "percent_sign", "excess_digits"]
        }
        Type::Money { .. } => &["decimal_mark", "grouping_mark", "excess_digits"],
        Type::Duration => &["decimal_mark", "grouping_mark"],
        Type::Boolean => &["true", "false"],
        Type::Date | Type::Timestamp => &["format"],
        Type::Enum { .. } => &["values", "else"],
        Type::Text | Type::Reference { .. } => &[],
    }
}

/// Reads `as` with its options; it must fit the type of the attribute.
pub(super) fn parse(written: &Mapping, type_: &Type, findings: &mut Findings) -> Option<Parse> {
    let as_ = written.as_.span;
    let ColumnType { type_: column, unit_micros, clock } = written.as_.get()?;
    let fits = match (column, type_) {
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
                as_,
                format!(
                    "this is read as {}, but the attribute is of type {}",
                    column_type(column),
                    type_text(type_)
                ),
            )
            .expected(format!("`as: {wanted}`"))
            .replace(format!("write `as: {wanted}`"), as_, format!("\"{wanted}\""));
        return None;
    }
    let allowed = options_of(column);
    for (option, _, at) in written.written() {
        if !OF_EVERY_TYPE.contains(&option) && !allowed.contains(&option) {
            findings
                .report(
                    codes::MAPPING_OPTION,
                    at,
                    format!("`{option}` does nothing for {}", column_type(column)),
                )
                .fix("remove it, or correct `as`");
        }
    }
    let decimal_mark = match written.decimal_mark.get()? {
        DecimalMark::Point => '.',
        DecimalMark::Comma => ',',
    };
    let grouping_mark = written.grouping_mark.cloned().map(|mark| match mark {
        GroupingMark::Point => '.',
        GroupingMark::Comma => ',',
    });
    if grouping_mark == Some(decimal_mark) {
        findings
            .report(
                codes::SAME_MARKS,
                written.grouping_mark.span,
                format!("`{decimal_mark}` cannot stand both before decimals and between thousands"),
            )
            .fix("write the other mark under `decimal_mark`, or leave `grouping_mark` out");
    }
    Some(match column {
        Type::Text | Type::Reference { .. } => Parse::Text,
        Type::Integer | Type::Number { .. } | Type::Money { .. } => {
            let (scale, excess) = (column.scale(), written.excess_digits.cloned()?);
            let percent_sign = written.percent_sign.cloned();
            Parse::Number { scale, decimal_mark, grouping_mark, percent_sign, excess }
        }
        Type::Duration => {
            Parse::Duration { unit_micros: *unit_micros, decimal_mark, grouping_mark, clock: *clock }
        }
        Type::Boolean => Parse::Boolean { yes: written.yes.values(), no: written.no.values() },
        Type::Date | Type::Timestamp => {
            let format = written.format.get().map(|f| f.0.clone());
            if let Some(epoch) = format.as_deref().and_then(Epoch::from_word) {
                if *column == Type::Date {
                    findings
                        .report(
                            codes::BAD_TIME_FORMAT,
                            written.format.span,
                            "what is counted since 1970 is a time",
                        )
                        .fix("write `as: timestamp`");
                    return None;
                }
                return Some(Parse::Epoch(epoch));
            }
            if let Some(pattern) = &format
                && let Err(missing) = format_parts(pattern, *column == Type::Timestamp)
            {
                findings
                    .report(
                        codes::BAD_TIME_FORMAT,
                        written.format.span,
                        format!("this format lacks the {missing}"),
                    )
                    .expected(if *column == Type::Date {
                        "year, month and day: `%Y-%m-%d`"
                    } else {
                        "year, month, day and hour: `%Y-%m-%d %H:%M`; for days alone use `as: date`"
                    });
            }
            if *column == Type::Date { Parse::Date { format } } else { Parse::Timestamp { format } }
        }
        Type::Enum { .. } => parse_enum(written, type_, findings),
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

fn parse_enum(written: &Mapping, type_: &Type, findings: &mut Findings) -> Parse {
    let members: Option<&[String]> = match type_ {
        Type::Enum { values } => Some(values),
        _ => None,
    };
    let known: BTreeSet<&str> = members.into_iter().flatten().map(String::as_str).collect();
    let unknown = |text: &str, at: Span, findings: &mut Findings| {
        if let Some(members) = members.filter(|_| !known.contains(text)) {
            let message = format!("`{}` is no member of the enum", shorten(text));
            findings.unknown(codes::ENUM_MEMBER, at, message, text, members.iter().map(String::as_str));
        }
    };
    let mut values: Vec<(String, String)> = Vec::new();
    for entry in written.values.items() {
        if let Some(member) = &entry.value {
            unknown(member, entry.at, findings);
            values.push((nfc(&entry.text).into_owned(), member.clone()));
        }
    }
    if !written.values.is_written() {
        // Without `values` the source writes the members themselves.
        values.extend(members.into_iter().flatten().map(|m| (m.clone(), m.clone())));
    }
    let other = match written.else_.get().map(String::as_str) {
        None | Some("quarantine") => EnumElse::Quarantine,
        Some("missing") => EnumElse::Missing,
        Some(member) => {
            unknown(member, written.else_.span, findings);
            EnumElse::Value(member.to_owned())
        }
    };
    Parse::Enum { values, other }
}
