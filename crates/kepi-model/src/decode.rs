//! Checks a node against its field table: shape, unknown and missing fields, the form of every text, every name.
//! All findings of a document are made in one pass; what reads the document afterwards can be silent.

use crate::{
    check::{Options, codes},
    findings::Findings,
    id::is_name,
    lexical,
    source_text::Span,
    symbols::Symbols,
    table::{Field, Key, Kind, Table},
    yaml::{Node, Value},
};

/// What the pass needs to know.
pub(crate) struct Decoder<'a> {
    pub(crate) symbols: &'a Symbols,
    pub(crate) options: &'a Options<'a>,
    pub(crate) findings: &'a mut Findings,
}

impl Decoder<'_> {
    /// Checks a map against its table.
    pub(crate) fn object(&mut self, node: &Node, table: &'static Table, place: Span) {
        if !matches!(node.value, Value::Map(_)) {
            self.wrong_shape(node, place, &format!("a map with the fields of a {}", table_word(table)));
            return;
        }
        self.fields(node, table);
        let missing =
            |f: &&Field| f.required && node.get(f.name).is_none() && !is_misspelt(node, table, f.name);
        for field in table.fields.iter().filter(missing) {
            let mut fix = format!("add `{}: {}`", field.name, field.example);
            if matches!(field.kind, Kind::Object(_) | Kind::OneOf(_) | Kind::Map(..)) {
                fix = format!("add `{}`, such as `{}: {}`", field.name, field.name, field.example);
            }
            self.findings
                .report(
                    codes::MISSING_FIELD,
                    place,
                    format!("this {} has no `{}`", table_word(table), field.name),
                )
                .expected(sentence_part(field.doc))
                .fix(fix);
        }
    }

    fn fields(&mut self, node: &Node, table: &'static Table) {
        for entry in node.entries() {
            match table.field(&entry.key) {
                Some(field) => self.kind(&entry.value, field.kind, entry.key_span, field.name),
                None => {
                    self.findings
                        .report(
                            codes::UNKNOWN_FIELD,
                            entry.key_span,
                            format!("a {} has no field `{}`", table_word(table), shorten(&entry.key)),
                        )
                        .did_you_mean(&entry.key, table.fields.iter().map(|f| f.name));
                }
            }
        }
    }

    fn one_of(&mut self, node: &Node, table: &'static Table, place: Span) {
        if !matches!(node.value, Value::Map(_)) {
            self.wrong_shape(node, place, &format!("a map with one key: {}", names(table)));
            return;
        }
        self.fields(node, table);
        let known = node.entries().iter().filter(|e| table.field(&e.key).is_some()).count();
        // An unknown key has its own finding.
        let only_unknown = known == 0 && !node.entries().is_empty();
        if node.entries().len() != 1 && !only_unknown {
            self.findings
                .report(
                    codes::ONE_KEY,
                    place,
                    format!("a {} has exactly one key, not {}", table_word(table), node.entries().len()),
                )
                .expected(format!("one of {}", names(table)))
                .fix("keep the one that is meant");
        }
    }

    fn wrong_shape(&mut self, node: &Node, place: Span, expected: &str) {
        let (span, message) = match node.value {
            Value::Empty => (place, "nothing is written here".to_owned()),
            _ => (node.span, format!("this is {}", node.shape())),
        };
        self.findings.report(codes::WRONG_SHAPE, span, message).expected(expected);
    }

    /// Checks a node against a kind; `place` is where its key is, `name` the field's name.
    pub(crate) fn kind(&mut self, node: &Node, kind: Kind, place: Span, name: &str) {
        match kind {
            Kind::Object(table) => self.object(node, table, place),
            Kind::OneOf(table) => self.one_of(node, table, place),
            Kind::List(item) => match &node.value {
                Value::List(items) => items.iter().for_each(|i| self.kind(i, *item, i.span, name)),
                _ => self.wrong_shape(node, place, "a list: `[…, …]`, or items that start with `- `"),
            },
            Kind::Map(key, value) => match &node.value {
                Value::Map(entries) => {
                    for entry in entries {
                        match key {
                            Key::Text => {}
                            Key::Name => self.name(&entry.key, entry.key_span),
                            Key::Reference(symbol) => self.reference(&entry.key, symbol, entry.key_span),
                        }
                        self.kind(&entry.value, *value, entry.key_span, name);
                    }
                }
                _ => self.wrong_shape(node, place, "a map: `key: value`"),
            },
            Kind::Either(kinds) => {
                let fits = |kind: &&Kind| match (kind, &node.value) {
                    (Kind::List(_), Value::List(_))
                    | (Kind::Map(..) | Kind::Object(_) | Kind::OneOf(_), Value::Map(_)) => true,
                    (Kind::List(_) | Kind::Map(..) | Kind::Object(_) | Kind::OneOf(_), _) => false,
                    (_, Value::Scalar(_)) => true,
                    _ => false,
                };
                match kinds.iter().find(fits) {
                    Some(kind) => self.kind(node, *kind, place, name),
                    None => {
                        let shapes: Vec<&str> = kinds
                            .iter()
                            .map(|k| match k {
                                Kind::List(_) => "a list",
                                Kind::Map(..) | Kind::Object(_) | Kind::OneOf(_) => "a map",
                                _ => "a text",
                            })
                            .collect();
                        self.wrong_shape(node, place, &shapes.join(" or "));
                    }
                }
            }
            scalar => match &node.value {
                Value::Scalar(_) => {
                    let text = node.text().unwrap_or_default();
                    self.scalar(node, text, scalar, name);
                }
                _ => self.wrong_shape(node, place, &word(scalar)),
            },
        }
    }

    fn name(&mut self, text: &str, span: Span) {
        if !is_name(text) {
            let mut better: String = text
                .trim()
                .to_lowercase()
                .chars()
                .map(|c| if c.is_ascii_alphanumeric() { c } else { '_' })
                .take(63)
                .collect();
            if !is_name(&better) {
                better = format!("x_{better}").chars().take(63).collect();
            }
            self.findings
                .report(codes::NOT_A_NAME, span, format!("`{}` is not a name", shorten(text)))
                .expected("a lower-case letter, then letters, digits or `_`, at most 63 characters")
                .replace(format!("write `{better}`"), span, better);
        }
    }

    fn reference(&mut self, text: &str, symbol: crate::table::Symbol, span: Span) {
        if !self.symbols.contains(symbol, text) {
            let known: Vec<&str> = self.symbols.names(symbol).collect();
            let finding = self.findings.report(
                codes::UNKNOWN_NAME,
                span,
                format!("there is no {} `{}`", symbol.word(), shorten(text)),
            );
            finding.did_you_mean(text, known.iter().copied());
            if known.is_empty() {
                finding.expected(format!("the name of a {}; none is defined", symbol.word()));
            }
        }
    }

    fn scalar(&mut self, node: &Node, text: &str, kind: Kind, name: &str) {
        let span = node.span;
        let shown = shorten(text);
        let findings = &mut *self.findings;
        match kind {
            Kind::Name => self.name(text, span),
            Kind::Attribute if !is_name(text) => self.name(text, span),
            Kind::Reference(symbol) => self.reference(text, symbol, span),
            Kind::Boolean if !matches!(text, "true" | "false") => {
                findings.report(
                    codes::NOT_A_CHOICE,
                    span,
                    format!("`{shown}` is neither `true` nor `false`"),
                );
            }
            Kind::Choice(choices) if !choices.contains(&text) => {
                findings
                    .report(codes::NOT_A_CHOICE, span, format!("`{name}` cannot be `{shown}`"))
                    .expected(format!("one of {}", quoted(choices)))
                    .did_you_mean(text, choices.iter().copied());
            }
            Kind::Integer(low, high) => match text.parse::<i64>() {
                Ok(n) if (low..=high).contains(&n) => {}
                _ => {
                    let expected = if low == high {
                        format!("{low}")
                    } else {
                        format!("a whole number from {low} to {high}")
                    };
                    findings
                        .report(codes::NOT_A_NUMBER, span, format!("`{name}` cannot be `{shown}`"))
                        .expected(expected);
                }
            },
            Kind::Share => match lexical::share(text) {
                Some(d) if (0.0..=1.0).contains(&d.to_f64()) => {}
                Some(_) => {
                    findings
                        .report(codes::NOT_A_SHARE, span, format!("`{shown}` is not between 0% and 100%"))
                        .expected("a share of a whole, such as `70%`");
                }
                None => {
                    let finding =
                        findings.report(codes::NOT_A_SHARE, span, format!("`{shown}` is not a share"));
                    finding.expected("a number with `%`, such as `70%`");
                    if lexical::decimal(text).is_some() {
                        let percent = match lexical::decimal(text) {
                            Some(d) if d.to_f64().abs() <= 1.0 && d.scale > 0 => d.to_f64() * 100.0,
                            Some(d) => d.to_f64(),
                            None => 0.0,
                        };
                        finding.replace(format!("write `{percent}%`"), span, format!("{percent}%"));
                    }
                }
            },
            Kind::Date if lexical::date(text).is_none() => {
                findings
                    .report(codes::NOT_A_DATE, span, format!("`{shown}` is not a date"))
                    .expected("year, month and day, such as `2026-01-31`");
            }
            Kind::Duration if lexical::duration(text).is_none_or(|d| d <= 0) => {
                let finding = findings.report(
                    codes::NOT_A_DURATION,
                    span,
                    format!("`{shown}` is not a length of time"),
                );
                finding.expected("a number and a unit, such as `4 hours`, `90 minutes` or `30 days`");
                if lexical::decimal(text).is_some() {
                    finding.fix("say of which unit: seconds, minutes, hours, days or weeks");
                }
            }
            Kind::Lag if lexical::lag(text).is_none() => {
                findings
                    .report(codes::NOT_A_DURATION, span, format!("`{shown}` is not a lag"))
                    .expected("so many days, weeks, months, quarters or years, such as `1 quarter`");
            }
            Kind::Scale if lexical::scale(text).is_none() => {
                findings
                    .report(codes::BAD_SCALE, span, format!("`{shown}` is not a scale"))
                    .expected("the lowest and the highest answer, such as `1..5`");
            }
            Kind::Quantile => match lexical::quantile(text) {
                Some(q) if (1..1_000_000).contains(&q) => {}
                Some(_) => {
                    findings
                        .report(codes::BAD_QUANTILE, span, format!("the quantile `{shown}` is out of range"))
                        .expected("more than 0% and less than 100%, such as `90%`, or `median`");
                }
                None => {
                    findings
                        .report(codes::BAD_QUANTILE, span, format!("`{shown}` is not a quantile"))
                        .expected("`median` or a share such as `90%`");
                }
            },
            Kind::Type if lexical::attribute_type(text).is_none() => {
                unknown_type(findings, span, text, TYPES)
            }
            Kind::Type => {
                if let Some(entity) = text.strip_prefix("reference ") {
                    self.reference(entity.trim(), crate::table::Symbol::Entity, span);
                }
            }
            Kind::ColumnType => {
                let unit = text.strip_prefix("duration ").map(str::trim);
                if text == "duration" || unit.is_some_and(|u| lexical::time_unit(u).is_none()) {
                    findings
                        .report(codes::UNKNOWN_TYPE, span, format!("`{shown}` does not say in which unit"))
                        .expected(
                            "`duration seconds`, `duration minutes`, `duration hours` or `duration days`",
                        );
                } else if unit.is_none() && lexical::attribute_type(text).is_none() {
                    unknown_type(findings, span, text, TYPES);
                } else if let Some(entity) = text.strip_prefix("reference ") {
                    self.reference(entity.trim(), crate::table::Symbol::Entity, span);
                }
            }
            Kind::Zone if jiff::tz::TimeZone::get(text).is_err() => {
                let known: Vec<String> = jiff::tz::db().available().map(|n| n.to_string()).collect();
                let finding =
                    findings.report(codes::UNKNOWN_ZONE, span, format!("there is no time zone `{shown}`"));
                match crate::findings::nearest(text, known.iter().map(String::as_str)) {
                    Some(near) => finding.replace(format!("did you mean `{near}`?"), span, near),
                    None => finding.expected("an IANA name such as `Europe/Berlin` or `UTC`"),
                };
            }
            Kind::TimeFormat => {
                if let Err(why) = crate::check::time_format(text) {
                    findings
                        .report(
                            codes::BAD_TIME_FORMAT,
                            span,
                            format!("`{shown}` is not a format of times: {why}"),
                        )
                        .expected("a strptime pattern such as `%d.%m.%Y %H:%M`");
                }
            }
            Kind::Character if text.len() != 1 => {
                findings
                    .report(
                        codes::BAD_DELIMITER,
                        span,
                        format!("the delimiter `{shown}` is not one ASCII character"),
                    )
                    .expected("one character such as `\",\"`, `\";\"`, `\"|\"` or `\"\\t\"`");
            }
            Kind::Encoding if !self.options.knows_encoding(text) => {
                findings
                    .report(codes::UNKNOWN_ENCODING, span, format!("there is no encoding `{shown}`"))
                    .did_you_mean(text, crate::check::ENCODINGS.iter().copied());
            }
            Kind::Files => {
                let leaves = text.starts_with(['/', '\\']) || text.split(['/', '\\']).any(|p| p == "..");
                if leaves || text.contains(':') {
                    findings
                        .report(
                            codes::OUTSIDE_PROJECT,
                            span,
                            format!("`{shown}` leads out of the project's folder"),
                        )
                        .expected("a path below the project's folder, with `/`, such as `data/2026-*.csv`");
                } else if let Some(count) = self.options.known_files
                    && count(text) == 0
                {
                    findings
                        .report(codes::NO_FILES, span, format!("no file matches `{shown}`"))
                        .expected("at least one file when the source is run")
                        .fix(
                            "put the file there, or correct the path; it is relative to the project's folder",
                        );
                }
            }
            _ => {}
        }
    }
}

const TYPES: &str = "`text`, `integer`, `number, N decimals`, `money EUR, N decimals` (N at most 9), `boolean`, `date`, \
                     `timestamp`, `duration`, `enum` or `reference ENTITY`";

fn unknown_type(findings: &mut Findings, span: Span, text: &str, expected: &str) {
    let finding = findings.report(codes::UNKNOWN_TYPE, span, format!("there is no type `{}`", shorten(text)));
    finding.expected(expected);
    let fix = match text {
        "string" | "varchar" | "char" | "str" | "uuid" => Some("text"),
        "int" | "bigint" | "long" => Some("integer"),
        "float" | "double" | "decimal" | "number" | "numeric" => Some("number, 2 decimals"),
        "bool" => Some("boolean"),
        "datetime" | "time" => Some("timestamp"),
        "money" | "currency" => Some("money EUR, 2 decimals"),
        _ => None,
    };
    if let Some(fix) = fix {
        finding.replace(format!("write `{fix}`"), span, format!("\"{fix}\""));
    } else {
        let words = ["text", "integer", "boolean", "date", "timestamp", "duration", "enum"];
        if let Some(near) = crate::findings::nearest(text, words) {
            finding.replace(format!("did you mean `{near}`?"), span, near);
        }
    }
}

/// Whether a map has an unknown key that is most likely meant for this field.
pub(crate) fn is_misspelt(node: &Node, table: &Table, field: &str) -> bool {
    node.entries()
        .iter()
        .filter(|e| table.field(&e.key).is_none())
        .any(|e| crate::findings::nearest(&e.key, table.fields.iter().map(|f| f.name)) == Some(field))
}

/// A table's name for people.
fn table_word(table: &Table) -> String {
    if table.name == "kpi" { "KPI".to_owned() } else { table.name.replace('_', " ") }
}

/// A sentence as a part of another: no capital, no full stop.
fn sentence_part(text: &str) -> String {
    let text = text.trim_end_matches('.');
    let mut chars = text.chars();
    chars.next().map_or(String::new(), |c| c.to_lowercase().chain(chars).collect())
}

/// A list of words in backticks.
pub(crate) fn quoted(words: &[&str]) -> String {
    words.iter().map(|w| format!("`{w}`")).collect::<Vec<_>>().join(", ")
}

fn names(table: &Table) -> String {
    table.fields.iter().map(|f| format!("`{}`", f.name)).collect::<Vec<_>>().join(", ")
}

/// At most sixty characters of a text, for a message.
pub(crate) fn shorten(text: &str) -> String {
    let one_line: String = text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
    if one_line.chars().count() <= 60 {
        one_line
    } else {
        format!("{}…", one_line.chars().take(59).collect::<String>())
    }
}

/// What a scalar kind is, for people.
pub(crate) fn word(kind: Kind) -> String {
    match kind {
        Kind::Name => "a name".into(),
        Kind::Reference(symbol) => format!("the name of a {}", symbol.word()),
        Kind::Boolean => "`true` or `false`".into(),
        Kind::Integer(..) => "a whole number".into(),
        Kind::Share => "a share such as `70%`".into(),
        Kind::Date => "a date such as `2026-01-31`".into(),
        Kind::Duration => "a length of time such as `4 hours`".into(),
        Kind::Lag => "a lag such as `1 quarter`".into(),
        Kind::Choice(choices) => format!("one of {}", quoted(choices)),
        Kind::Expression => "an expression".into(),
        Kind::Path => "a path such as `account.region`".into(),
        Kind::Attribute => "the name of an attribute".into(),
        Kind::Type | Kind::ColumnType => format!("a type: {TYPES}"),
        Kind::Scale => "a scale such as `1..5`".into(),
        Kind::Zone => "a time zone such as `Europe/Berlin`".into(),
        Kind::TimeFormat => "a format such as `%Y-%m-%d`".into(),
        Kind::Quantile => "`median` or a share such as `90%`".into(),
        Kind::Amount => "an amount in the unit of the value".into(),
        Kind::Character => "one ASCII character".into(),
        Kind::Encoding => "the name of a text encoding".into(),
        Kind::Files => "a path or glob".into(),
        Kind::Requirement => "what must hold".into(),
        _ => "a text".into(),
    }
}
