//! Types: operators and what they may be applied to, operands brought to one type and scale.

use jiff::{Timestamp, tz::TimeZone};
use sqlparser::{
    ast::{BinaryOperator, Expr, Spanned, UnaryOperator},
    tokenizer::Span as SqlSpan,
};

use super::Reader;
use crate::{
    codes,
    expression::{Arithmetic, Comparison, Expression, Function, Literal, Node, Type, is_of_days},
    lexical::{self, type_text},
    wording::{shorten, some_texts},
};

impl Reader<'_> {
    pub(super) fn unary(&mut self, op: UnaryOperator, inner: &Expr) -> Option<Expression> {
        match op {
            UnaryOperator::Not => {
                let operand = self.lower(inner)?;
                self.condition(operand, inner.span()).map(not)
            }
            UnaryOperator::Plus => self.lower(inner),
            UnaryOperator::Minus => {
                let operand = self.lower(inner)?;
                match (&operand.type_, &operand.node) {
                    (
                        Type::Integer | Type::Number { .. } | Type::Duration,
                        Node::Literal(Literal::Integer(n)),
                    ) => Some(literal(operand.type_.clone(), -*n)),
                    (Type::Integer | Type::Number { .. } | Type::Money { .. } | Type::Duration, _) => {
                        Some(Expression {
                            type_: operand.type_.clone(),
                            node: Node::Negate(Box::new(operand)),
                        })
                    }
                    (other, _) => {
                        self.mismatch(inner.span(), &other.clone(), &Type::Integer, "a sign needs a number")
                    }
                }
            }
            _ => self.refuse(inner.span(), "this operator", ""),
        }
    }

    pub(super) fn condition(&mut self, operand: Expression, span: SqlSpan) -> Option<Expression> {
        if operand.type_ == Type::Boolean {
            return Some(operand);
        }
        let place = self.place(span);
        self.findings
            .report(codes::WRONG_RESULT, place, format!("this is of type {}", type_text(&operand.type_)))
            .expected("a condition: something that is true or false");
        None
    }

    pub(super) fn binary(&mut self, left: &Expr, op: &BinaryOperator, right: &Expr) -> Option<Expression> {
        let comparison = match op {
            BinaryOperator::Eq => Some(Comparison::Equal),
            BinaryOperator::NotEq => Some(Comparison::NotEqual),
            BinaryOperator::Lt => Some(Comparison::Less),
            BinaryOperator::LtEq => Some(Comparison::LessOrEqual),
            BinaryOperator::Gt => Some(Comparison::Greater),
            BinaryOperator::GtEq => Some(Comparison::GreaterOrEqual),
            _ => None,
        };
        if let Some(comparison) = comparison {
            let (a, b) = (self.lower(left), self.lower(right));
            return self.compare(comparison, a?, b?, left.span(), right.span());
        }
        match op {
            BinaryOperator::And | BinaryOperator::Or => {
                let is_and = *op == BinaryOperator::And;
                let a = self.lower(left).and_then(|e| self.condition(e, left.span()));
                let b = self.lower(right).and_then(|e| self.condition(e, right.span()));
                let (a, b) = (a?, b?);
                // Chains become one node with many operands.
                let mut operands = Vec::new();
                for operand in [a, b] {
                    match operand.node {
                        Node::And(list) if is_and => operands.extend(list),
                        Node::Or(list) if !is_and => operands.extend(list),
                        _ => operands.push(operand),
                    }
                }
                Some(boolean(if is_and { Node::And(operands) } else { Node::Or(operands) }))
            }
            BinaryOperator::Plus => self.add(Arithmetic::Add, left, right),
            BinaryOperator::Minus => self.add(Arithmetic::Subtract, left, right),
            BinaryOperator::Multiply => self.multiply(left, right),
            BinaryOperator::Divide
            | BinaryOperator::DuckIntegerDivide
            | BinaryOperator::MyIntegerDivide
            | BinaryOperator::Modulo => {
                let place = self.place(left.span().union(&right.span()));
                self.findings
                    .report(codes::DIVISION, place, "expressions do not divide")
                    .expected("`+`, `-` and `*`")
                    .fix("use the measure `ratio`: it adds up numerator and denominator apart, then divides");
                None
            }
            BinaryOperator::StringConcat => self.refuse(
                right.span(),
                "joining texts by `||`",
                "for one of two conditions write `or`; texts are joined by `concat(a, '-', b)`",
            ),
            other => {
                let what = format!("the operator `{other}`");
                let way = match other {
                    BinaryOperator::PGOverlap => "write `and`",
                    BinaryOperator::Spaceship => "write `=`",
                    _ => "",
                };
                self.refuse(left.span().union(&right.span()), &what, way)
            }
        }
    }

    pub(super) fn mismatch(
        &mut self,
        span: SqlSpan,
        found: &Type,
        wanted: &Type,
        why: &str,
    ) -> Option<Expression> {
        let place = self.place(span);
        self.findings
            .report(codes::TYPE_MISMATCH, place, format!("{why}; this is of type {}", type_text(found)))
            .expected(type_text(wanted));
        None
    }

    pub(super) fn compare(
        &mut self,
        comparison: Comparison,
        a: Expression,
        b: Expression,
        a_span: SqlSpan,
        b_span: SqlSpan,
    ) -> Option<Expression> {
        if is_null(&a) || is_null(&b) {
            let place = self.place(a_span.union(&b_span));
            let ask = if comparison == Comparison::NotEqual { "is not null" } else { "is null" };
            self.findings
                .report(codes::COMPARED_WITH_NULL, place, "a comparison with null is never true")
                .fix(format!("write `{ask}`"));
            return None;
        }
        let (_, a, b) = self.unify(a, b, a_span, b_span, true)?;
        Some(boolean(Node::Compare(comparison, Box::new(a), Box::new(b))))
    }

    /// Brings two operands to one type and scale. `strict_members`: a text that is no member of an enum is a finding.
    pub(super) fn unify(
        &mut self,
        a: Expression,
        b: Expression,
        a_span: SqlSpan,
        b_span: SqlSpan,
        strict_members: bool,
    ) -> Option<(Type, Expression, Expression)> {
        if is_null(&a) {
            return Some((b.type_.clone(), Expression { type_: b.type_.clone(), node: a.node }, b));
        }
        if is_null(&b) {
            return Some((a.type_.clone(), a.clone(), Expression { type_: a.type_, node: b.node }));
        }
        let a = self.coerce(a, &b.type_, a_span, strict_members)?;
        let b = self.coerce(b, &a.type_, b_span, strict_members)?;
        let type_ = match (&a.type_, &b.type_) {
            (x, y) if x == y => x.clone(),
            (Type::Integer | Type::Number { .. }, Type::Integer | Type::Number { .. }) => {
                Type::Number { scale: a.type_.scale().max(b.type_.scale()) }
            }
            (Type::Money { currency: x, scale: i }, Type::Money { currency: y, scale: j }) => {
                if x != y {
                    return self.currencies(x, y, a_span, b_span);
                }
                Type::Money { currency: x.clone(), scale: (*i).max(*j) }
            }
            (Type::Date | Type::Timestamp, Type::Date | Type::Timestamp) => Type::Timestamp,
            (Type::Text | Type::Enum { .. }, Type::Text | Type::Enum { .. })
            | (Type::Text, Type::Reference { .. })
            | (Type::Reference { .. }, Type::Text) => Type::Text,
            (x, y) => {
                let (x, y) = (type_text(x), type_text(y));
                let place = self.place(a_span.union(&b_span));
                let finding = self.findings.report(
                    codes::TYPE_MISMATCH,
                    place,
                    format!("{x} and {y} do not fit together"),
                );
                finding.expected("both sides of one type");
                if x.starts_with("money") || y.starts_with("money") {
                    finding.fix("write amounts with their currency, in quotes: `'2.50 EUR'`");
                } else if x == "duration" || y == "duration" {
                    finding.fix("write lengths of time as `interval '4 hours'`");
                } else if [&x, &y].into_iter().any(|t| t == "date" || t == "timestamp") {
                    finding.fix("write dates in single quotes: `'2026-01-31'`");
                } else if x == "text" || y == "text" {
                    finding.fix("write texts in single quotes and numbers without");
                } else if x == "boolean" || y == "boolean" {
                    finding.fix("compare with `true` or `false`, or write the condition alone");
                }
                return None;
            }
        };
        let target = type_.scale();
        Some((type_, rescale(a, target), rescale(b, target)))
    }

    /// A constant text or zero takes the type it is compared with.
    pub(super) fn coerce(
        &mut self,
        e: Expression,
        other: &Type,
        span: SqlSpan,
        strict: bool,
    ) -> Option<Expression> {
        match (&e.node, other) {
            (Node::Literal(Literal::Text(text)), Type::Date | Type::Timestamp) => {
                let text = text.clone();
                self.instant(&text, other.clone(), span)
            }
            (Node::Literal(Literal::Text(text)), Type::Money { currency, .. }) => {
                let Some((amount, written)) = lexical::money(text) else {
                    return self.mismatch(span, &Type::Text, other, "amounts are compared with amounts");
                };
                if written != *currency {
                    return self.currencies(&written, currency, span, span);
                }
                Some(literal(Type::Money { currency: written, scale: amount.scale }, amount.digits))
            }
            // A day written beside an instant starts where instants are local.
            (Node::Literal(Literal::Integer(day)), Type::Timestamp) if e.type_ == Type::Date => {
                let starts = Timestamp::from_microsecond(*day).and_then(|at| {
                    at.to_zoned(self.scope.days.clone()).date().to_zoned(self.scope.zone.clone())
                });
                let starts = starts.map_or(*day, |at| at.timestamp().as_microsecond());
                Some(literal(Type::Timestamp, starts))
            }
            (Node::Literal(Literal::Integer(0)), Type::Money { .. } | Type::Duration)
                if matches!(e.type_, Type::Integer | Type::Number { .. }) =>
            {
                Some(literal(other.clone(), 0))
            }
            (Node::Literal(Literal::Text(text)), Type::Enum { values })
                if strict && !values.contains(text) =>
            {
                let place = self.place(span);
                let members = || values.iter().map(String::as_str);
                let near = self.findings.nearest(text, members());
                let message = format!("`'{}'` is no member", shorten(text));
                let finding = self.findings.report(codes::UNKNOWN_MEMBER, place, message);
                finding.expected(format!("one of {}", some_texts(members())));
                if let Some(near) = near {
                    finding.replace(format!("did you mean `'{near}'`?"), place, format!("'{near}'"));
                }
                None
            }
            _ => Some(e),
        }
    }

    pub(super) fn currencies<T>(&mut self, a: &str, b: &str, a_span: SqlSpan, b_span: SqlSpan) -> Option<T> {
        let place = self.place(a_span.union(&b_span));
        self.findings
            .report(codes::CURRENCIES, place, format!("{a} and {b} are different currencies"))
            .fix("convert one of them before it is landed, where the rate and its date are known");
        None
    }

    pub(super) fn unify_all(
        &mut self,
        values: Vec<(Expression, SqlSpan)>,
    ) -> Option<(Type, Vec<Expression>)> {
        let spans: Vec<SqlSpan> = values.iter().map(|(_, s)| *s).collect();
        let mut values: Vec<Expression> = values.into_iter().map(|(v, _)| v).collect();
        // Twice: the first pass finds the common type, the second brings all to it.
        for _ in 0..2 {
            for i in 1..values.len() {
                let (Some(a), Some(b)) = (values.first().cloned(), values.get(i).cloned()) else {
                    return None;
                };
                let (Some(a_span), Some(b_span)) = (spans.first(), spans.get(i)) else { return None };
                let (_, a, b) = self.unify(a, b, *a_span, *b_span, false)?;
                if let Some(first) = values.first_mut() {
                    *first = a;
                }
                if let Some(this) = values.get_mut(i) {
                    *this = b;
                }
            }
        }
        let enums = values.iter().filter(|v| matches!(v.type_, Type::Enum { .. })).count();
        let mut type_ = values.iter().find(|v| !is_null(v)).or(values.first()).map(|v| v.type_.clone())?;
        if enums > 0 && values.iter().any(|v| v.type_ != type_) {
            type_ = Type::Text;
        }
        Some((type_, values))
    }

    pub(super) fn add(&mut self, op: Arithmetic, left: &Expr, right: &Expr) -> Option<Expression> {
        let (a, b) = (self.lower(left), self.lower(right));
        let (a, b) = (a?, b?);
        let (a_span, b_span) = (left.span(), right.span());
        let a = match (&a.type_, &b.type_) {
            (Type::Text, Type::Date | Type::Timestamp) => self.coerce(a, &b.type_, a_span, true)?,
            _ => a,
        };
        let type_ = match (&a.type_, &b.type_) {
            (Type::Date | Type::Timestamp, Type::Date | Type::Timestamp) if op == Arithmetic::Subtract => {
                return Some(Expression::between(a, b, Expression::zone(self.scope.days)));
            }
            (Type::Date, Type::Duration) if let Some(by) = whole_days(&b) => {
                let by = if op == Arithmetic::Subtract { by.checked_neg()? } else { by };
                return Some(days_later(a, by, self.scope.days));
            }
            (Type::Duration, Type::Date)
                if op == Arithmetic::Add
                    && let Some(by) = whole_days(&a) =>
            {
                return Some(days_later(b, by, self.scope.days));
            }
            (Type::Date | Type::Timestamp, Type::Duration) => Type::Timestamp,
            (Type::Duration, Type::Date | Type::Timestamp) if op == Arithmetic::Add => Type::Timestamp,
            (Type::Duration, Type::Duration) => Type::Duration,
            (
                Type::Integer | Type::Number { .. } | Type::Money { .. },
                Type::Integer | Type::Number { .. } | Type::Money { .. },
            ) => {
                let (type_, a, b) = self.unify(a, b, a_span, b_span, true)?;
                return Some(Expression { type_, node: Node::Arithmetic(op, Box::new(a), Box::new(b)) });
            }
            (x, y) => {
                let message = format!("{} and {} cannot be added or subtracted", type_text(x), type_text(y));
                let place = self.place(a_span.union(&b_span));
                self.findings
                    .report(codes::TYPE_MISMATCH, place, message)
                    .expected("numbers, amounts of one currency, or times and durations");
                return None;
            }
        };
        Some(Expression { type_, node: Node::Arithmetic(op, Box::new(a), Box::new(b)) })
    }

    pub(super) fn multiply(&mut self, left: &Expr, right: &Expr) -> Option<Expression> {
        let (a, b) = (self.lower(left), self.lower(right));
        let (a, b) = (a?, b?);
        let scale = a.type_.scale() + b.type_.scale();
        let type_ = match (&a.type_, &b.type_) {
            (Type::Integer, Type::Integer) => Type::Integer,
            (Type::Integer | Type::Number { .. }, Type::Integer | Type::Number { .. }) => {
                Type::Number { scale }
            }
            (Type::Money { currency, .. }, Type::Integer | Type::Number { .. })
            | (Type::Integer | Type::Number { .. }, Type::Money { currency, .. }) => {
                Type::Money { currency: currency.clone(), scale }
            }
            (Type::Duration, Type::Integer) | (Type::Integer, Type::Duration) => Type::Duration,
            (x, y) => {
                let message = format!("{} and {} cannot be multiplied", type_text(x), type_text(y));
                let place = self.place(left.span().union(&right.span()));
                self.findings
                    .report(codes::TYPE_MISMATCH, place, message)
                    .expected("numbers, or an amount or duration times a number");
                return None;
            }
        };
        if scale > 18 {
            let place = self.place(left.span().union(&right.span()));
            self.findings
                .report(codes::NUMBER_RANGE, place, format!("the product has {scale} decimals"))
                .expected("at most 18")
                .fix("declare the attributes with fewer decimals");
            return None;
        }
        Some(Expression { type_, node: Node::Arithmetic(Arithmetic::Multiply, Box::new(a), Box::new(b)) })
    }

    pub(super) fn in_list(&mut self, expr: &Expr, list: &[Expr], negated: bool) -> Option<Expression> {
        let value = self.lower(expr);
        let items: Vec<Option<(Expression, SqlSpan)>> =
            list.iter().map(|item| self.lower(item).map(|e| (e, item.span()))).collect();
        let mut value = value?;
        let items: Option<Vec<_>> = items.into_iter().collect();
        let mut typed = Vec::new();
        for (item, span) in items? {
            if is_null(&item) {
                let place = self.place(span);
                self.findings
                    .report(codes::COMPARED_WITH_NULL, place, "null is a member of no list")
                    .fix("write `or … is null`");
                return None;
            }
            if !matches!(item.node, Node::Literal(_)) {
                return self.refuse(span, "something that is no constant in a list", "write `or` instead");
            }
            let (_, raised, item) = self.unify(value, item, expr.span(), span, true)?;
            value = raised;
            typed.push(item);
        }
        let scale = value.type_.scale();
        let literals: Option<Vec<Literal>> = typed
            .into_iter()
            .map(|item| match rescale(item, scale).node {
                Node::Literal(l) => Some(l),
                _ => None,
            })
            .collect();
        let Some(literals) = literals else {
            return self.refuse(expr.span(), "a number beyond what is exact in a list", "");
        };
        let found = boolean(Node::In(Box::new(value), literals));
        Some(if negated { not(found) } else { found })
    }

    pub(super) fn case(
        &mut self,
        conditions: &[sqlparser::ast::CaseWhen],
        else_result: Option<&Expr>,
    ) -> Option<Expression> {
        let mut tests = Vec::new();
        let mut results = Vec::new();
        for branch in conditions {
            let test = self.lower(&branch.condition);
            tests.push(test.and_then(|t| self.condition(t, branch.condition.span())));
            results.push(self.lower(&branch.result).map(|r| (r, branch.result.span())));
        }
        if let Some(last) = else_result {
            results.push(self.lower(last).map(|r| (r, last.span())));
        }
        let tests: Option<Vec<Expression>> = tests.into_iter().collect();
        let results: Option<Vec<_>> = results.into_iter().collect();
        let (type_, mut results) = self.unify_all(results?)?;
        let tests = tests?;
        let last = if else_result.is_some() { results.pop().map(Box::new) } else { None };
        Some(Expression { type_, node: Node::Case(tests.into_iter().zip(results).collect(), last) })
    }
}

pub(super) fn literal(type_: Type, value: i64) -> Expression {
    Expression { type_, node: Node::Literal(Literal::Integer(value)) }
}
pub(super) fn boolean(node: Node) -> Expression {
    Expression { type_: Type::Boolean, node }
}
pub(super) fn not(e: Expression) -> Expression {
    boolean(Node::Not(Box::new(e)))
}
pub(super) fn is_null(e: &Expression) -> bool {
    matches!(e.node, Node::Literal(Literal::Missing))
}

/// The same value at a larger scale; constants are rewritten where they fit.
pub(crate) fn rescale(e: Expression, scale: u8) -> Expression {
    let from = e.type_.scale();
    let type_ = match &e.type_ {
        Type::Integer if scale > 0 => Type::Number { scale },
        Type::Number { .. } => Type::Number { scale: scale.max(from) },
        Type::Money { currency, .. } => Type::Money { currency: currency.clone(), scale: scale.max(from) },
        other => other.clone(),
    };
    let by = scale.saturating_sub(from);
    if by == 0 || !matches!(e.type_, Type::Integer | Type::Number { .. } | Type::Money { .. }) {
        return e;
    }
    if let Node::Literal(Literal::Integer(n)) = e.node
        && let Some(n) = 10i64.checked_pow(u32::from(by)).and_then(|p| n.checked_mul(p))
    {
        return literal(type_, n);
    }
    if is_null(&e) {
        return Expression { type_, node: e.node };
    }
    Expression { type_, node: Node::Rescale(Box::new(e), by) }
}

/// The length of a constant of whole days.
fn whole_days(of: &Expression) -> Option<i64> {
    match &of.node {
        Node::Literal(Literal::Integer(by)) if is_of_days(*by) => Some(*by),
        _ => None,
    }
}

fn days_later(day: Expression, by: i64, zone: &TimeZone) -> Expression {
    let by = Expression { type_: Type::Duration, node: Node::Literal(Literal::Integer(by)) };
    Expression {
        type_: Type::Date,
        node: Node::Call(Function::DaysLater, vec![day, by, Expression::zone(zone)]),
    }
}
