//! From the SQL tree to ours: an allow-list that types as it goes.

use sqlparser::{
    ast::{DataType, Expr, Ident, Spanned, TimezoneInfo, Value as SqlValue},
    tokenizer::Span as SqlSpan,
};

use super::{
    Reader,
    path::{report_path, resolve},
    typing::{boolean, literal, not},
};
use crate::{
    codes,
    expression::{Comparison, Expression, Function, Literal, Node, Type},
    lexical,
    source_text::Span,
    unicode::nfc,
    wording::shorten,
};

impl Reader<'_> {
    pub(super) fn lower(&mut self, sql: &Expr) -> Option<Expression> {
        if let Some(found) = self.any_of(sql) {
            return found;
        }
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
                let like = boolean(Node::Like(Box::new(value), nfc(pattern_text).into_owned()));
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
            Expr::Function(call) => self.call(call),
            Expr::Substring { expr, substring_from: Some(from), substring_for, .. } => {
                let values: Vec<&Expr> =
                    [expr, from].into_iter().chain(substring_for).map(AsRef::as_ref).collect();
                self.apply(Function::Substring, &values, expr.span())
            }
            Expr::Trim { expr, trim_where: None, trim_what: None, trim_characters: None } => {
                self.apply(Function::Trim, &[expr], expr.span())
            }
            Expr::Extract { expr, .. } => self.refuse(
                expr.span(),
                "`extract`",
                "write `year(x)`, `month(x)`, `day(x)`, `weekday(x)` or `hour(x)`",
            ),
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
            Expr::ILike { expr, .. } => {
                self.refuse(expr.span(), "`ilike`", "`like` is case-sensitive; write `lower(x) like 'c%'`")
            }
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
            Ok((path, _)) if !self.scope.walk && self.scope.base.derivation(&path.attribute).is_some() => {
                let place = places.first().copied().unwrap_or(self.node.span);
                let message = format!("`{}` is made of landed rows, and a source lands them", path.attribute);
                self.findings
                    .report(codes::MADE_NOT_LANDED, place, message)
                    .expected(format!("an attribute of {} that is landed", self.scope.base.id));
                None
            }
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
            SqlValue::SingleQuotedString(text) => Some(Expression {
                type_: Type::Text,
                node: Node::Literal(Literal::Text(nfc(text).into_owned())),
            }),
            SqlValue::Boolean(b) => Some(boolean(Node::Literal(Literal::Boolean(*b)))),
            SqlValue::Null => Some(Expression { type_: Type::Text, node: Node::Literal(Literal::Missing) }),
            SqlValue::DoubleQuotedString(text) => {
                self.refuse(span, "a text in double quotes", &format!("write `'{}'`", shorten(text)))
            }
            _ => self.refuse(span, "this constant", ""),
        }
    }

    pub(super) fn instant(&mut self, text: &str, type_: Type, span: SqlSpan) -> Option<Expression> {
        let zone = if type_ == Type::Date { self.scope.days } else { self.scope.zone };
        match lexical::instant(text, zone) {
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
