//! Functions on the values of one row: what each takes, and what it comes to.
//!
//! A function without one of its values has none. Parts of a time are those that the clock of the scope's zone shows, those of
//! a date by the zone in which days begin; zones stand in the tree behind the values, so that evaluators need no calendar of their own.

use sqlparser::{
    ast::{
        BinaryOperator, Expr, Function as Call, FunctionArg, FunctionArgExpr, FunctionArguments, Spanned,
        Value,
    },
    tokenizer::Span as SqlSpan,
};

use super::{
    Reader,
    typing::{boolean, is_null, not, rescale},
    units::UNIT_ABOVE,
};
use crate::{
    calendar::Grain,
    codes,
    expression::{Expression, Function, Literal, Node, Type, scaled},
    expression_text::duration_text,
    lexical::{self, type_text},
    word::Word,
    wording::{nearest, quoted, shorten},
};

/// What `any of […]` is called once its words are one.
pub(super) const ANY_OF: &str = "any_of";

/// The days of the week, as `weekday` names them.
const WEEKDAYS: [&str; 7] = ["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"];

/// How a function is written.
fn form(function: Function) -> &'static str {
    match function {
        Function::Upper => "upper(name)",
        Function::Lower => "lower(name)",
        Function::Trim => "trim(name)",
        Function::Length => "length(comment)",
        Function::Replace => "replace(name, 'from', 'to')",
        Function::Substring => "substring(code, 1, 3)",
        Function::SplitPart => "split_part(code, '-', 2)",
        Function::Concat => "concat(region, '-', number)",
        Function::Year => "year(opened_at)",
        Function::Month => "month(opened_at)",
        Function::Day => "day(opened_at)",
        Function::Weekday => "weekday(opened_at)",
        Function::Hour => "hour(opened_at)",
        Function::YearsBetween => "years_between(born_on, opened_at)",
        Function::Period => "period(account.started_at, 'quarter')",
        Function::Bands => "bands(age, 25, 45, 65)",
        Function::DaysBetween => "delivered_on - ordered_on",
        Function::DaysLater => "ordered_on + 7 days",
    }
}

/// What is written elsewhere for what is written otherwise here.
fn otherwise(name: &str) -> Option<String> {
    let function = match name {
        "substr" | "left" | "mid" => Function::Substring,
        "split" | "split_to_array" | "part" => Function::SplitPart,
        "concat_ws" | "join" => Function::Concat,
        "ucase" | "toupper" => Function::Upper,
        "lcase" | "tolower" => Function::Lower,
        "len" | "char_length" => Function::Length,
        "dow" | "dayofweek" | "isodow" | "dayname" => Function::Weekday,
        "age" | "datediff" | "date_diff" => Function::YearsBetween,
        "quarter" | "date_trunc" | "trunc" | "cohort" => Function::Period,
        "width_bucket" | "cut" | "ntile" => Function::Bands,
        "ifnull" | "nvl" | "isnull" => return Some("write `coalesce(a, b)`".to_owned()),
        _ => return None,
    };
    Some(format!("write `{}`", form(function)))
}

fn text_like(type_: &Type) -> bool {
    matches!(type_, Type::Text | Type::Enum { .. } | Type::Reference { .. })
}

/// Makes a condition on a set one on a member of it.
type WithMember = Box<dyn Fn(&Expr) -> Expr>;

impl Reader<'_> {
    /// The values of a plain call.
    pub(super) fn arguments<'e>(&mut self, call: &'e Call, form: &str) -> Option<Vec<&'e Expr>> {
        let instead = format!("write `{form}`");
        let what = format!("`{}` in this form", shorten(&call.name.to_string()));
        let FunctionArguments::List(list) = &call.args else {
            self.refuse(call.name.span(), &what, &instead);
            return None;
        };
        let plain = call.over.is_none()
            && call.filter.is_none()
            && call.within_group.is_empty()
            && call.null_treatment.is_none()
            && list.duplicate_treatment.is_none()
            && list.clauses.is_empty();
        if !plain || list.args.is_empty() {
            self.refuse(call.name.span(), &what, &instead);
            return None;
        }
        let mut values = Vec::new();
        for argument in &list.args {
            let FunctionArg::Unnamed(FunctionArgExpr::Expr(argument)) = argument else {
                self.refuse(argument.span(), "this argument", &instead);
                return None;
            };
            values.push(argument);
        }
        Some(values)
    }

    /// A call of a function by name.
    pub(super) fn call(&mut self, call: &Call) -> Option<Expression> {
        let name = call.name.to_string().to_ascii_lowercase();
        if name == "coalesce" {
            let mut values = Vec::new();
            for argument in self.arguments(call, "coalesce(a, b)")? {
                values.push((self.lower(argument), argument.span()));
            }
            let values: Option<Vec<_>> = values.into_iter().map(|(v, s)| v.map(|v| (v, s))).collect();
            let (type_, values) = self.unify_all(values?)?;
            return Some(Expression { type_, node: Node::Coalesce(values) });
        }
        if name == UNIT_ABOVE {
            return self.unit_above(call);
        }
        if name == ANY_OF {
            return self.refuse(
                call.name.span(),
                "`any of […]` without a comparison",
                "write `any of [a, b, c] = 11`, or `any of [a, b, c] in (11, 12)`",
            );
        }
        let known = Function::written();
        let Some(function) = known.clone().find(|word| *word == name).and_then(Function::from_word) else {
            let fix = otherwise(&name)
                .or_else(|| nearest(&name, known.clone()).map(|near| format!("did you mean `{near}`?")));
            let place = self.place(call.name.span());
            let finding = self.findings.report(
                codes::NOT_ALLOWED,
                place,
                format!("the function `{}` is not allowed here", shorten(&name)),
            );
            finding.expected(format!("one of `coalesce`, `{UNIT_ABOVE}`, {}", quoted(known)));
            if let Some(fix) = fix {
                finding.fix(fix);
            }
            return None;
        };
        let values = self.arguments(call, form(function))?;
        self.apply(function, &values, call.name.span())
    }

    /// A function of so many values.
    pub(super) fn apply(&mut self, function: Function, values: &[&Expr], at: SqlSpan) -> Option<Expression> {
        let many = match function {
            Function::Bands | Function::Concat => values.len() >= 2,
            Function::YearsBetween | Function::Period => values.len() == 2,
            Function::Replace | Function::SplitPart => values.len() == 3,
            Function::Substring => (2..=3).contains(&values.len()),
            _ => values.len() == 1,
        };
        if !many {
            let what = format!("`{}` with {} values", function.word(), values.len());
            return self.refuse(at, &what, &format!("write `{}`", form(function)));
        }
        let first = *values.first()?;
        let (type_, of) = match function {
            Function::Upper | Function::Lower | Function::Trim => (Type::Text, vec![self.text(first)?]),
            Function::Length => (Type::Integer, vec![self.text(first)?]),
            Function::Replace => {
                let all: Vec<Option<Expression>> = values.iter().map(|v| self.text(v)).collect();
                (Type::Text, all.into_iter().collect::<Option<Vec<_>>>()?)
            }
            Function::Substring => {
                let mut of = vec![self.text(first)?, self.whole_number(values.get(1)?, 1)?];
                if let Some(length) = values.get(2) {
                    of.push(self.whole_number(length, 0)?);
                }
                (Type::Text, of)
            }
            Function::SplitPart => {
                let separator = values.get(1)?;
                let between = self.text(separator)?;
                if !matches!(&between.node, Node::Literal(Literal::Text(t)) if !t.is_empty()) {
                    return self.refuse(
                        separator.span(),
                        "a separator that is no constant text",
                        "write `split_part(code, '-', 2)`",
                    );
                }
                let of = vec![self.text(first)?, between, self.whole_number(values.get(2)?, i64::MIN)?];
                (Type::Text, of)
            }
            Function::Concat => {
                let all: Vec<Option<Expression>> = values.iter().map(|v| self.joined(v)).collect();
                (Type::Text, all.into_iter().collect::<Option<Vec<_>>>()?)
            }
            Function::Year | Function::Month | Function::Day | Function::Hour => {
                (Type::Integer, self.moments(values, function == Function::Hour)?)
            }
            Function::YearsBetween => (Type::Integer, self.moments(values, false)?),
            Function::Weekday => {
                let days = WEEKDAYS.map(str::to_owned).to_vec();
                (Type::Enum { values: days.into() }, self.moments(values, false)?)
            }
            Function::Period => return self.period(first, values.get(1)?, at),
            // They are written with signs.
            Function::DaysBetween | Function::DaysLater => return None,
            Function::Bands => return self.bands(first, values.get(1..)?),
        };
        Some(Expression { type_, node: Node::Call(function, of) })
    }

    /// A text.
    pub(super) fn text(&mut self, sql: &Expr) -> Option<Expression> {
        let value = self.lower(sql)?;
        if is_null(&value) || !text_like(&value.type_) {
            return self.mismatch(sql.span(), &value.type_, &Type::Text, "this function takes a text");
        }
        Some(value)
    }

    /// What is joined: a text or a whole number.
    fn joined(&mut self, sql: &Expr) -> Option<Expression> {
        let value = self.lower(sql)?;
        if is_null(&value) || !(text_like(&value.type_) || value.type_ == Type::Integer) {
            return self.mismatch(sql.span(), &value.type_, &Type::Text, "texts and integers are joined");
        }
        Some(value)
    }

    /// A constant whole number that is not zero, unless that is allowed.
    fn whole_number(&mut self, sql: &Expr, at_least: i64) -> Option<Expression> {
        let value = self.lower(sql)?;
        match (&value.type_, &value.node) {
            (Type::Integer, Node::Literal(Literal::Integer(n)))
                if *n >= at_least && (*n != 0 || at_least == 0) =>
            {
                Some(value)
            }
            _ => {
                let counted = if at_least == i64::MIN {
                    "1 is the first part, -1 the last"
                } else {
                    "1 is the first character"
                };
                self.refuse(
                    sql.span(),
                    "this as a position or length",
                    &format!("write a whole number; {counted}"),
                )
            }
        }
    }

    /// Times, and then of each the zone whose clock shows it: of a date the one by which days begin.
    fn moments(&mut self, values: &[&Expr], hour: bool) -> Option<Vec<Expression>> {
        let mut of = Vec::new();
        let mut zones = Vec::new();
        for sql in values {
            let value = self.lower(sql)?;
            let value = self.coerce(value, &Type::Timestamp, sql.span(), true)?;
            match value.type_ {
                Type::Timestamp => {}
                Type::Date if !hour => {}
                ref other => {
                    let other = other.clone();
                    let why = if hour {
                        "an hour is part of a time"
                    } else {
                        "this function takes a date or a time"
                    };
                    self.mismatch(sql.span(), &other, &Type::Timestamp, why);
                    return None;
                }
            }
            let zone = if value.type_ == Type::Date { self.scope.days } else { self.scope.zone };
            zones.push(Expression::zone(zone));
            of.push(value);
        }
        of.extend(zones);
        Some(of)
    }

    /// A day, the length of a period, and by which clock and calendar.
    fn period(&mut self, day: &Expr, grain: &Expr, at: SqlSpan) -> Option<Expression> {
        let Some(fiscal) = self.scope.fiscal else {
            return self.refuse(at, "`period`", "it is for the dimensions and conditions of KPIs");
        };
        let text = |text: &str| Expression {
            type_: Type::Text,
            node: Node::Literal(Literal::Text(text.to_owned())),
        };
        let moments = self.moments(&[day], false);
        let named = match grain {
            Expr::Value(value) => match &value.value {
                Value::SingleQuotedString(name) => Some(name.as_str()),
                _ => None,
            },
            _ => None,
        };
        let Some(grain) = named.and_then(Grain::from_word) else {
            let lengths = quoted(Grain::WORDS.iter().copied());
            return self.refuse(
                grain.span(),
                "this as the length of a period",
                &format!("write one of {lengths}"),
            );
        };
        let [day, zone] = <[Expression; 2]>::try_from(moments?).ok()?;
        let of = vec![day, text(grain.word()), zone, text(&fiscal.of(grain).text())];
        Some(Expression { type_: Type::Text, node: Node::Call(Function::Period, of) })
    }

    fn bands(&mut self, value: &Expr, edges: &[&Expr]) -> Option<Expression> {
        let mut of = self.lower(value)?;
        if is_null(&of) || !is_quantity(&of.type_) {
            let type_ = of.type_.clone();
            return self.mismatch(value.span(), &type_, &Type::Integer, "bands are made of a number");
        }
        let mut constants = Vec::new();
        for edge in edges {
            let written = self.lower(edge)?;
            if !matches!(written.node, Node::Literal(Literal::Integer(_) | Literal::Text(_))) {
                return self.refuse(
                    edge.span(),
                    "an edge that is no constant",
                    "write `bands(age, 25, 45, 65)`",
                );
            }
            let (_, raised, written) = self.unify(of, written, value.span(), edge.span(), true)?;
            of = raised;
            constants.push((written, edge.span()));
        }
        let scale = of.type_.scale();
        let mut found = Vec::new();
        for (edge, span) in constants {
            match rescale(edge, scale).node {
                Node::Literal(Literal::Integer(n)) if found.last().is_none_or(|last| *last < n) => {
                    found.push(n)
                }
                _ => {
                    let place = self.place(span);
                    self.findings
                        .report(codes::BAD_BANDS, place, "this edge is not above the one before it")
                        .expected("edges that ascend: `bands(age, 25, 45, 65)`");
                    return None;
                }
            }
        }
        Some(banded(of, &found, None))
    }

    /// A comparison with `any of […]`: whether it holds of one of the members. Where none has a value that is unknown;
    /// a member without a value among others that have one says nothing, as a set of answers is filled from the left.
    /// None: the expression is no such comparison.
    pub(super) fn any_of(&mut self, sql: &Expr) -> Option<Option<Expression>> {
        let call = |e: &Expr| match e {
            Expr::Function(call) if call.name.to_string() == ANY_OF => Some(call.clone()),
            _ => None,
        };
        let (call, with): (Call, WithMember) = match sql {
            Expr::BinaryOp { left, op, right } if compares(op) => {
                let (op, other) = (op.clone(), |e: &Expr| Box::new(e.clone()));
                match (call(left), call(right)) {
                    (Some(call), _) => {
                        let right = right.clone();
                        let of = move |e: &Expr| Expr::BinaryOp {
                            left: other(e),
                            op: op.clone(),
                            right: right.clone(),
                        };
                        (call, Box::new(of))
                    }
                    (None, Some(call)) => {
                        let left = left.clone();
                        let of = move |e: &Expr| Expr::BinaryOp {
                            left: left.clone(),
                            op: op.clone(),
                            right: other(e),
                        };
                        (call, Box::new(of))
                    }
                    (None, None) => return None,
                }
            }
            Expr::InList { expr, .. } | Expr::Like { expr, .. } | Expr::Between { expr, .. } => {
                let whole = sql.clone();
                let of = move |e: &Expr| {
                    let mut one = whole.clone();
                    if let Expr::InList { expr, .. } | Expr::Like { expr, .. } | Expr::Between { expr, .. } =
                        &mut one
                    {
                        **expr = e.clone();
                    }
                    one
                };
                (call(expr)?, Box::new(of))
            }
            _ => return None,
        };
        Some(self.any_member(&call, &*with))
    }

    fn any_member(&mut self, call: &Call, with: &dyn Fn(&Expr) -> Expr) -> Option<Expression> {
        let (mut holds, mut there) = (Vec::new(), Vec::new());
        for member in self.arguments(call, "any of [a, b, c] = 11")? {
            let value = self.lower(member)?;
            there.push(not(boolean(Node::IsMissing(Box::new(value)))));
            holds.push(self.lower(&with(member))?);
        }
        let constant = |value| boolean(Node::Literal(Literal::Boolean(value)));
        let branches =
            vec![(boolean(Node::Or(holds)), constant(true)), (boolean(Node::Or(there)), constant(false))];
        Some(boolean(Node::Case(branches, None)))
    }
}

fn compares(op: &BinaryOperator) -> bool {
    use BinaryOperator::{Eq, Gt, GtEq, Lt, LtEq, NotEq};
    matches!(op, Eq | NotEq | Lt | LtEq | Gt | GtEq)
}

fn is_quantity(type_: &Type) -> bool {
    matches!(type_, Type::Integer | Type::Number { .. } | Type::Money { .. } | Type::Duration)
}

/// The band of a number, by edges at its scale that ascend: each begins a band, what is below the first is another.
pub(crate) fn banded(value: Expression, edges: &[i64], labels: Option<Vec<String>>) -> Expression {
    let values = labels.unwrap_or_else(|| names(&value.type_, edges));
    let type_ = value.type_.clone();
    let edges = edges
        .iter()
        .map(|edge| Expression { type_: type_.clone(), node: Node::Literal(Literal::Integer(*edge)) });
    let of = std::iter::once(value).chain(edges).collect();
    Expression { type_: Type::Enum { values: values.into() }, node: Node::Call(Function::Bands, of) }
}

/// What bands are called: by their least and greatest values, so that they stand in their order when sorted.
fn names(type_: &Type, edges: &[i64]) -> Vec<String> {
    let exact = !matches!(type_, Type::Duration);
    let shown = |n: i64| match type_ {
        Type::Duration => duration_text(n),
        other => scaled(n, other.scale()),
    };
    let mut names = Vec::new();
    if let Some(first) = edges.first() {
        names.push(if exact {
            format!("{} or less", shown(first.saturating_sub(1)))
        } else {
            format!("less than {}", shown(*first))
        });
    }
    for pair in edges.windows(2) {
        let [from, to] = pair else { continue };
        names.push(match (exact, to.saturating_sub(1)) {
            (true, last) if last == *from => shown(*from),
            (true, last) => format!("{} to {}", shown(*from), shown(last)),
            (false, _) => format!("{} to less than {}", shown(*from), shown(*to)),
        });
    }
    names.extend(edges.last().map(|last| format!("{} or more", shown(*last))));
    names
}

/// An edge of bands as it is written in a field, at its own scale; none: it is not of the type of what is banded.
pub(crate) fn edge(text: &str, type_: &Type) -> Option<(i64, u8)> {
    match type_ {
        Type::Integer | Type::Number { .. } => lexical::decimal(text).map(|d| (d.digits, d.scale)),
        Type::Money { currency, .. } => {
            lexical::money(text).filter(|(_, written)| written == currency).map(|(d, _)| (d.digits, d.scale))
        }
        Type::Duration => lexical::duration(text).map(|micros| (micros, 0)),
        _ => None,
    }
}

/// How an edge of a type is written, as an expectation.
pub(crate) fn edge_form(type_: &Type) -> String {
    match type_ {
        Type::Money { currency, .. } => format!("amounts such as `2.50 {currency}`"),
        Type::Duration => "lengths of time such as `4 hours`".to_owned(),
        other => format!("numbers, as the value is of type {}", type_text(other)),
    }
}
