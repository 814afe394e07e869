//! Text → typed [`Expression`]: size caps first, then the SQL parser, then an allow-list that types as it goes.
//!
//! The caps are counted on tokens before the parser sees them, so no input can make it recurse deeply. Findings point
//! into the expression's text, which stands somewhere in a YAML scalar.

use std::collections::BTreeMap;

use jiff::tz::TimeZone;
use sqlparser::{
    ast::{
        DataType, Expr, FunctionArg, FunctionArgExpr, FunctionArguments, Ident, Spanned, TimezoneInfo,
        Value as SqlValue,
    },
    dialect::GenericDialect,
    keywords::Keyword,
    parser::{Parser, ParserError},
    tokenizer::{Location, Span as SqlSpan, Token, TokenWithSpan, Tokenizer},
};

mod typing;

use typing::{boolean, literal, not};

use crate::{
    codes,
    entity::Entity,
    expression::{Comparison, Expression, Literal, Node, Path, Type},
    findings::Findings,
    id::EntityId,
    lexical::{self, type_text},
    source_text::Span,
    wording::{nearest, shorten},
    yaml::Yaml,
};

/// Longest expression, in bytes.
pub(crate) const MAXIMUM_BYTES: usize = 4096;
/// Most parts: paths, constants and operators.
pub(crate) const MAXIMUM_NODES: usize = 200;
/// Most levels of brackets, `case` and prefix operators.
pub(crate) const MAXIMUM_LEVELS: usize = 32;

/// A path in a text, resolved from an entity.
pub(crate) fn path(
    node: &Yaml,
    base: &Entity,
    entities: &BTreeMap<EntityId, Entity>,
    findings: &mut Findings,
) -> Option<(Path, Type)> {
    let text = node.text()?;
    let parts: Vec<&str> = text.split('.').map(str::trim).collect();
    let mut places = Vec::new();
    let mut at = 0;
    for part in text.split('.') {
        let lead = part.len() - part.trim_start().len();
        places.push(node.place_within(at + lead, at + lead + part.trim().len()));
        at += part.len() + 1;
    }
    if let Some(bad) = parts.iter().position(|p| !crate::id::is_name(p)) {
        let place = places.get(bad).copied().unwrap_or(node.span);
        findings
            .report(codes::UNKNOWN_ATTRIBUTE, place, format!("`{}` is not a path", shorten(text)))
            .expected("names joined by dots, such as `account.region`");
        return None;
    }
    match resolve(&parts, base, entities) {
        Ok(found) => Some(found),
        Err(problem) => {
            report_path(&problem, &parts, &places, base, entities, findings);
            None
        }
    }
}

/// What an expression may see.
pub(crate) struct Scope<'a> {
    /// All entities.
    pub(crate) entities: &'a BTreeMap<EntityId, Entity>,
    /// The entity of the row.
    pub(crate) base: &'a Entity,
    /// Whether references may be walked.
    pub(crate) walk: bool,
    /// Zone of the days written in the expression.
    pub(crate) zone: &'a TimeZone,
}

/// What the expression must come to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Want {
    /// True or false.
    Condition,
    /// Anything that can be added up: integers, numbers, money, durations.
    Quantity,
    /// A plain number: integer or number.
    PlainNumber,
    /// Anything.
    Any,
}

/// Parses and types an expression; `None` if there was a finding.
pub(crate) fn expression(
    node: &Yaml,
    scope: &Scope<'_>,
    want: Want,
    findings: &mut Findings,
) -> Option<Expression> {
    let text = node.text()?;
    expression_in(node, text, 0, scope, want, findings)
}

/// The same for a part of a scalar's text that starts at byte `offset`.
pub(crate) fn expression_in(
    node: &Yaml,
    text: &str,
    offset: usize,
    scope: &Scope<'_>,
    want: Want,
    findings: &mut Findings,
) -> Option<Expression> {
    let mut reader = Reader { node, text, offset, scope, findings };
    let parsed = reader.parse()?;
    let typed = reader.lower(&parsed)?;
    if count(&typed) > MAXIMUM_NODES {
        reader.too_large(format!("this expression has more than {MAXIMUM_NODES} parts"));
        return None;
    }
    let fits = match want {
        Want::Any => true,
        Want::Condition => typed.type_ == Type::Boolean,
        Want::Quantity => {
            matches!(typed.type_, Type::Integer | Type::Number { .. } | Type::Money { .. } | Type::Duration)
        }
        Want::PlainNumber => matches!(typed.type_, Type::Integer | Type::Number { .. }),
    };
    if !fits || matches!(typed.node, Node::Literal(Literal::Missing)) {
        let expected = match want {
            Want::Condition => "a condition: something that is true or false of a row",
            Want::Quantity => "a number, money or a duration",
            Want::PlainNumber => "an integer or a number",
            Want::Any => "a value",
        };
        let span = reader.node.place_within(offset, offset + text.len());
        reader
            .findings
            .report(codes::WRONG_RESULT, span, format!("this is of type {}", type_text(&typed.type_)))
            .expected(expected);
        return None;
    }
    Some(typed)
}

/// How many nodes an expression has.
fn count(expression: &Expression) -> usize {
    1 + match &expression.node {
        Node::Literal(_) | Node::Path(_) | Node::Exists(..) => 0,
        Node::Arithmetic(_, a, b) | Node::Compare(_, a, b) => count(a) + count(b),
        Node::Negate(a) | Node::Rescale(a, _) | Node::Not(a) | Node::IsMissing(a) | Node::Like(a, _) => {
            count(a)
        }
        Node::In(a, list) => count(a) + list.len(),
        Node::And(list) | Node::Or(list) | Node::Coalesce(list) => list.iter().map(count).sum(),
        Node::Case(branches, last) => {
            branches.iter().map(|(a, b)| count(a) + count(b)).sum::<usize>()
                + last.as_ref().map_or(0, |e| count(e))
        }
    }
}

/// Resolves a dotted path from an entity: where it leads and of what type, or what is wrong with which part.
pub(crate) fn resolve(
    parts: &[&str],
    base: &Entity,
    entities: &BTreeMap<EntityId, Entity>,
) -> Result<(Path, Type), PathProblem> {
    let mut entity = base;
    let mut references = Vec::new();
    for (index, part) in parts.iter().enumerate() {
        let attribute = entity.attributes.iter().find(|a| a.id.as_str() == *part).ok_or_else(|| {
            PathProblem::Unknown {
                index,
                entity: entity.id.clone(),
                known: entity.attributes.iter().map(|a| a.id.to_string()).collect(),
            }
        })?;
        if index + 1 == parts.len() {
            return Ok((Path { references, attribute: attribute.id.clone() }, attribute.type_.clone()));
        }
        let Type::Reference { entity: next } = &attribute.type_ else {
            return Err(PathProblem::NoReference { index, type_: attribute.type_.clone() });
        };
        references.push((attribute.id.clone(), next.clone()));
        entity = entities.get(next).ok_or(PathProblem::Broken)?;
    }
    Err(PathProblem::Broken)
}

/// What is wrong with a path.
pub(crate) enum PathProblem {
    /// The entity has no such attribute.
    Unknown { index: usize, entity: EntityId, known: Vec<String> },
    /// The part is no reference, but the path goes on.
    NoReference { index: usize, type_: Type },
    /// Something that has its own finding.
    Broken,
}

/// Reports a problem with a path whose parts stand at `places`.
pub(crate) fn report_path(
    problem: &PathProblem,
    parts: &[&str],
    places: &[Span],
    base: &Entity,
    entities: &BTreeMap<EntityId, Entity>,
    findings: &mut Findings,
) {
    match problem {
        PathProblem::Unknown { index, entity, known } => {
            let (Some(part), Some(place)) = (parts.get(*index), places.get(*index)) else { return };
            if findings.is_broken(entity.as_str(), part) {
                return;
            }
            let finding = findings.report(
                codes::UNKNOWN_ATTRIBUTE,
                *place,
                format!("{entity} has no attribute `{}`", shorten(part)),
            );
            if nearest(part, known.iter().map(String::as_str)).is_none() && *index == 0 {
                // It may be an attribute of an entity one reference away.
                let away = base.attributes.iter().find_map(|a| match &a.type_ {
                    Type::Reference { entity } => {
                        let found = entities.get(entity)?.attributes.iter().any(|b| b.id.as_str() == *part);
                        found.then(|| format!("{}.{part}", a.id))
                    }
                    _ => None,
                });
                if let Some(away) = away {
                    finding.replace(format!("did you mean `{away}`?"), *place, away);
                    return;
                }
            }
            finding.did_you_mean(part, known.iter().map(String::as_str));
            if finding.fix.is_none() {
                finding.fix(format!("add it by an `entity: {entity}` document, or use one of those listed"));
            }
        }
        PathProblem::NoReference { index, type_ } => {
            let (Some(part), Some(place)) = (parts.get(*index), places.get(*index)) else { return };
            findings
                .report(
                    codes::NOT_A_REFERENCE,
                    *place,
                    format!("`{part}` is of type {} and leads to no other entity", type_text(type_)),
                )
                .expected("a reference before the dot, such as `account` in `account.region`");
        }
        PathProblem::Broken => {}
    }
}

struct Reader<'a> {
    node: &'a Yaml,
    text: &'a str,
    offset: usize,
    scope: &'a Scope<'a>,
    findings: &'a mut Findings,
}

impl Reader<'_> {
    fn byte(&self, at: Location) -> usize {
        let line_start: usize =
            self.text.split_inclusive('\n').take(at.line.saturating_sub(1) as usize).map(str::len).sum();
        let rest = self.text.get(line_start..).unwrap_or("");
        let column = at.column.saturating_sub(1) as usize;
        line_start + rest.char_indices().nth(column).map_or(rest.len(), |(i, _)| i)
    }
    fn place(&self, span: SqlSpan) -> Span {
        if span.start.line == 0 {
            return self.node.place_within(self.offset, self.offset + self.text.len());
        }
        let (start, end) = (self.byte(span.start), self.byte(span.end));
        self.node.place_within(self.offset + start, self.offset + end.max(start))
    }
    fn whole(&self) -> Span {
        self.node.place_within(self.offset, self.offset + self.text.len())
    }

    fn too_large(&mut self, message: String) {
        let span = Span { end: self.whole().end.min(self.whole().start + 60), ..self.whole() };
        self.findings
            .report(codes::EXPRESSION_TOO_LARGE, span, message)
            .expected(format!(
                "at most {MAXIMUM_BYTES} bytes, {MAXIMUM_NODES} parts and {MAXIMUM_LEVELS} levels of brackets"
            ))
            .fix("use `in (…)` for many values, or derive an attribute under `map` and use that");
    }

    /// The caps, then the parser.
    fn parse(&mut self) -> Option<Expr> {
        if self.text.len() > MAXIMUM_BYTES {
            self.too_large(format!("this expression has {} bytes", self.text.len()));
            return None;
        }
        let dialect = GenericDialect {};
        let tokens = match Tokenizer::new(&dialect, self.text).tokenize_with_location() {
            Ok(tokens) => tokens,
            Err(error) => {
                let start = self.byte(error.location);
                let span = self.node.place_within(self.offset + start, self.offset + start);
                self.not_an_expression(span, &error.message);
                return None;
            }
        };
        if let Some(problem) = over_the_caps(&tokens) {
            self.too_large(problem);
            return None;
        }
        if tokens.iter().all(|t| matches!(t.token, Token::Whitespace(_))) {
            let span = self.whole();
            self.not_an_expression(span, "nothing is written here");
            return None;
        }
        let mut parser =
            Parser::new(&dialect).with_recursion_limit(MAXIMUM_LEVELS * 4).with_tokens_with_locations(tokens);
        match parser.parse_expr() {
            Ok(parsed) => {
                let next = parser.peek_token();
                if next.token == Token::EOF {
                    return Some(parsed);
                }
                let span = self.place(next.span);
                let what = shorten(&next.token.to_string());
                if next.token.to_string().eq_ignore_ascii_case("exists") {
                    self.findings
                        .report(codes::EXISTS_OUTSIDE_RULE, span, "`exists` cannot stand here")
                        .expected("`exists` is all that a rule requires: `require: account exists`")
                        .fix("ask whether the reference is there: `account is not null`");
                } else {
                    self.not_an_expression(span, &format!("`{what}` does not fit here"));
                }
                None
            }
            Err(ParserError::RecursionLimitExceeded) => {
                self.too_large("this expression is nested too deeply".to_owned());
                None
            }
            Err(ParserError::TokenizerError(message) | ParserError::ParserError(message)) => {
                let (what, at) = split_location(&message);
                let span = at.map_or_else(
                    || self.whole(),
                    |at| {
                        let start = self.byte(at);
                        self.node.place_within(self.offset + start, self.offset + start)
                    },
                );
                self.not_an_expression(span, what);
                None
            }
        }
    }

    fn not_an_expression(&mut self, span: Span, why: &str) {
        self.findings
            .report(codes::NOT_AN_EXPRESSION, span, format!("this is not an expression: {}", shorten(why)))
            .expected("something like `status = 'open' and quantity > 0`; texts stand in single quotes");
    }

    fn refuse(&mut self, span: SqlSpan, what: &str, fix: &str) -> Option<Expression> {
        let span = self.place(span);
        let finding = self.findings.report(codes::NOT_ALLOWED, span, format!("{what} is not allowed here"));
        if fix.is_empty() {
            finding.expected(
                "`+ - *`, comparisons, `and`, `or`, `not`, `is null`, `in`, `between`, `like`, `coalesce`, `case`",
            );
        } else {
            finding.fix(fix);
        }
        None
    }

    fn lower(&mut self, sql: &Expr) -> Option<Expression> {
        match sql {
            Expr::Nested(inner) => self.lower(inner),
            Expr::Identifier(ident) => self.path(std::slice::from_ref(ident)),
            Expr::CompoundIdentifier(idents) => self.path(idents),
            Expr::Value(value) => self.constant(&value.value, value.span),
            Expr::TypedString(typed) => {
                let text = match &typed.value.value {
                    SqlValue::SingleQuotedString(text) => text.clone(),
                    _ => return self.refuse(typed.value.span, "this constant", ""),
                };
                match typed.data_type {
                    DataType::Date => self.instant(&text, Type::Date, typed.value.span),
                    DataType::Timestamp(None, TimezoneInfo::None) => {
                        self.instant(&text, Type::Timestamp, typed.value.span)
                    }
                    _ => self.refuse(typed.value.span, "a constant of this type", ""),
                }
            }
            Expr::Interval(interval) => {
                let text = match interval.value.as_ref() {
                    Expr::Value(v) if interval.leading_field.is_none() => v.value.clone().into_string(),
                    _ => None,
                };
                let span = interval.value.span();
                match text {
                    Some(text) => match lexical::duration(&text) {
                        Some(micros) => Some(literal(Type::Duration, micros)),
                        None => {
                            let place = self.place(span);
                            self.findings
                                .report(
                                    codes::NOT_A_DURATION,
                                    place,
                                    format!("`{}` is not a length of time", shorten(&text)),
                                )
                                .expected("a number and a unit: `interval '4 hours'`");
                            None
                        }
                    },
                    None => self.refuse(span, "an interval in this form", "write `interval '4 hours'`"),
                }
            }
            Expr::UnaryOp { op, expr } => self.unary(*op, expr),
            Expr::BinaryOp { left, op, right } => self.binary(left, op, right),
            Expr::IsNull(inner) => Some(boolean(Node::IsMissing(Box::new(self.lower(inner)?)))),
            Expr::IsNotNull(inner) => Some(not(boolean(Node::IsMissing(Box::new(self.lower(inner)?))))),
            Expr::Between { expr, negated, low, high } => {
                let value = self.lower(expr);
                let (low_typed, high_typed) = (self.lower(low), self.lower(high));
                let value = value?;
                let at_least = self.compare(
                    Comparison::GreaterOrEqual,
                    value.clone(),
                    low_typed?,
                    expr.span(),
                    low.span(),
                );
                let at_most =
                    self.compare(Comparison::LessOrEqual, value, high_typed?, expr.span(), high.span());
                let both = boolean(Node::And(vec![at_least?, at_most?]));
                Some(if *negated { not(both) } else { both })
            }
            Expr::InList { expr, list, negated } => self.in_list(expr, list, *negated),
            Expr::Like { negated, any, expr, pattern, escape_char } => {
                if *any || escape_char.is_some() {
                    return self.refuse(
                        pattern.span(),
                        "`like` with `any` or `escape`",
                        "write a plain pattern",
                    );
                }
                let value = self.lower(expr)?;
                let Expr::Value(v) = pattern.as_ref() else {
                    return self.refuse(
                        pattern.span(),
                        "a pattern that is no text",
                        "write it out: `like 'C%'`",
                    );
                };
                let SqlValue::SingleQuotedString(pattern_text) = &v.value else {
                    return self.refuse(
                        pattern.span(),
                        "a pattern that is no text",
                        "write it out: `like 'C%'`",
                    );
                };
                if !matches!(value.type_, Type::Text | Type::Enum { .. } | Type::Reference { .. }) {
                    return self.mismatch(expr.span(), &value.type_, &Type::Text, "`like` compares texts");
                }
                let like = boolean(Node::Like(Box::new(value), pattern_text.clone()));
                Some(if *negated { not(like) } else { like })
            }
            Expr::Case { operand, conditions, else_result, .. } => {
                if let Some(operand) = operand {
                    return self.refuse(
                        operand.span(),
                        "`case` with an operand",
                        "write `case when … then … end`",
                    );
                }
                self.case(conditions, else_result.as_deref())
            }
            Expr::Function(function) => {
                let name = function.name.to_string();
                if !name.eq_ignore_ascii_case("coalesce") {
                    return self.refuse(
                        function.name.span(),
                        &format!("the function `{}`", shorten(&name)),
                        "the only function is `coalesce`; derive other values in the source or before it",
                    );
                }
                let FunctionArguments::List(list) = &function.args else {
                    return self.refuse(
                        function.name.span(),
                        "`coalesce` without values",
                        "write `coalesce(a, b)`",
                    );
                };
                let plain = function.over.is_none()
                    && function.filter.is_none()
                    && function.within_group.is_empty()
                    && function.null_treatment.is_none()
                    && list.duplicate_treatment.is_none()
                    && list.clauses.is_empty();
                if !plain || list.args.is_empty() {
                    return self.refuse(
                        function.name.span(),
                        "`coalesce` in this form",
                        "write `coalesce(a, b)`",
                    );
                }
                let mut values = Vec::new();
                for argument in &list.args {
                    let FunctionArg::Unnamed(FunctionArgExpr::Expr(argument)) = argument else {
                        return self.refuse(argument.span(), "this argument", "write `coalesce(a, b)`");
                    };
                    values.push((self.lower(argument), argument.span()));
                }
                let values: Option<Vec<_>> = values.into_iter().map(|(v, s)| v.map(|v| (v, s))).collect();
                let (type_, values) = self.unify_all(values?)?;
                Some(Expression { type_, node: Node::Coalesce(values) })
            }
            Expr::IsTrue(inner) | Expr::IsNotTrue(inner) | Expr::IsFalse(inner) | Expr::IsNotFalse(inner) => {
                self.refuse(
                    inner.span(),
                    "`is true` and `is false`",
                    "write `x`, `not x` or `coalesce(x, false)`",
                )
            }
            Expr::Cast { expr, .. } => {
                self.refuse(expr.span(), "a cast", "say how the column is read under `map`, with `as`")
            }
            Expr::ILike { expr, .. } => self.refuse(
                expr.span(),
                "`ilike`",
                "`like` is case-sensitive; make the texts uniform under `map`, with `as: enum`",
            ),
            Expr::Subquery(_) | Expr::Exists { .. } | Expr::InSubquery { .. } => self.refuse(
                sql.span(),
                "a query",
                "an expression looks at one row and the rows it refers to: `account.region`",
            ),
            other => {
                let what = format!("`{}`", shorten(&other.to_string()));
                self.refuse(other.span(), &what, "")
            }
        }
    }

    fn path(&mut self, idents: &[Ident]) -> Option<Expression> {
        if let Some(quoted) = idents.iter().find(|i| i.quote_style.is_some()) {
            let place = self.place(quoted.span);
            self.findings
                .report(codes::NOT_ALLOWED, place, format!("`{quoted}` is a quoted name"))
                .expected("texts in single quotes, names without quotes")
                .replace(
                    format!("if a text is meant, write `'{}'`", shorten(&quoted.value)),
                    place,
                    format!("'{}'", quoted.value),
                );
            return None;
        }
        let parts: Vec<&str> = idents.iter().map(|i| i.value.as_str()).collect();
        let places: Vec<Span> = idents.iter().map(|i| self.place(i.span)).collect();
        if parts.len() > 1 && !self.scope.walk {
            let place = places.first().copied().unwrap_or(self.node.span);
            self.findings
                .report(codes::NOT_A_REFERENCE, place, "a source sees only its own row")
                .expected(format!("an attribute of {}", self.scope.base.id))
                .fix("use the path in the KPI instead, or map the attribute into this entity");
            return None;
        }
        match resolve(&parts, self.scope.base, self.scope.entities) {
            Ok((path, type_)) => Some(Expression { type_, node: Node::Path(path) }),
            Err(problem) => {
                report_path(&problem, &parts, &places, self.scope.base, self.scope.entities, self.findings);
                None
            }
        }
    }

    fn constant(&mut self, value: &SqlValue, span: SqlSpan) -> Option<Expression> {
        match value {
            SqlValue::Number(text, _) => match lexical::decimal(text) {
                Some(d) if d.scale == 0 => Some(literal(Type::Integer, d.digits)),
                Some(d) => Some(literal(Type::Number { scale: d.scale }, d.digits)),
                None => {
                    let place = self.place(span);
                    self.findings
                        .report(codes::NUMBER_RANGE, place, format!("`{}` is no exact number", shorten(text)))
                        .expected("digits with at most one point, at most 18 of them, without exponent");
                    None
                }
            },
            SqlValue::SingleQuotedString(text) => {
                Some(Expression { type_: Type::Text, node: Node::Literal(Literal::Text(text.clone())) })
            }
            SqlValue::Boolean(b) => Some(boolean(Node::Literal(Literal::Boolean(*b)))),
            SqlValue::Null => Some(Expression { type_: Type::Text, node: Node::Literal(Literal::Missing) }),
            SqlValue::DoubleQuotedString(text) => {
                self.refuse(span, "a text in double quotes", &format!("write `'{}'`", shorten(text)))
            }
            _ => self.refuse(span, "this constant", ""),
        }
    }

    fn instant(&mut self, text: &str, type_: Type, span: SqlSpan) -> Option<Expression> {
        match lexical::instant(text, self.scope.zone) {
            Some(micros) => Some(literal(type_, micros)),
            None => {
                let place = self.place(span);
                self.findings
                    .report(codes::NOT_A_DATE, place, format!("`{}` is not a date or instant", shorten(text)))
                    .expected("`'2026-01-31'`, or an instant with offset: `'2026-01-31T09:00:00+01:00'`");
                None
            }
        }
    }
}

/// Counts parts and levels on tokens.
fn over_the_caps(tokens: &[TokenWithSpan]) -> Option<String> {
    let (mut parts, mut level, mut deepest, mut prefixes) = (0usize, 0usize, 0usize, 0usize);
    for token in tokens {
        let mut prefix = false;
        match &token.token {
            Token::Whitespace(_) => continue,
            Token::LParen | Token::LBracket | Token::LBrace => level += 1,
            Token::RParen | Token::RBracket | Token::RBrace => level = level.saturating_sub(1),
            Token::Word(w) if w.keyword == Keyword::CASE => level += 1,
            Token::Word(w) if w.keyword == Keyword::END => level = level.saturating_sub(1),
            Token::Word(w) if w.keyword == Keyword::NOT => prefix = true,
            Token::Minus | Token::Plus | Token::Tilde | Token::ExclamationMark => prefix = true,
            Token::Word(w) if w.keyword == Keyword::NoKeyword => parts += 1,
            Token::Number(..) | Token::SingleQuotedString(_) => parts += 1,
            _ => {}
        }
        prefixes = if prefix { prefixes + 1 } else { 0 };
        deepest = deepest.max(level + prefixes);
    }
    if deepest > MAXIMUM_LEVELS {
        Some(format!("this expression has {deepest} levels"))
    } else if parts > MAXIMUM_NODES {
        Some(format!("this expression names {parts} attributes and constants"))
    } else {
        None
    }
}

/// Splits `… at Line: 1, Column: 5` off a message of the parser.
fn split_location(message: &str) -> (&str, Option<Location>) {
    let Some((what, at)) = message.rsplit_once(" at Line: ") else { return (message, None) };
    let location = at.split_once(", Column: ").and_then(|(line, column)| {
        Some(Location { line: line.trim().parse().ok()?, column: column.trim().parse().ok()? })
    });
    (what, location)
}
