//! Text → typed [`Expression`]: size caps first, then the SQL parser, then an allow-list that types as it goes.
//!
//! The caps are counted on tokens before the parser sees them, so no input can make it recurse deeply. Findings point
//! into the expression's text, which stands somewhere in a YAML scalar. `parse` counts and parses, `lower` allows and types, by
//! `typing` what operators want, by `function` what functions take and by `path` what names lead to.

mod function;
mod lower;
mod parse;
mod path;
mod typing;
mod units;

use std::collections::BTreeMap;

use jiff::tz::TimeZone;
use sqlparser::tokenizer::{Location, Span as SqlSpan};

use crate::{
    bounds::COMPUTED_PARTS,
    calendar::FiscalCalendar,
    codes,
    entity::Entity,
    expression::{Expression, Literal, Node, Type},
    findings::Findings,
    id::{EntityId, UnitId},
    lexical::type_text,
    source_text::Span,
    unit::Unit,
    wording::shorten,
    yaml::Yaml,
};

pub(crate) use function::{banded, edge, edge_form};
pub(crate) use path::{path, path_after};
pub(crate) use typing::rescale as at_scale;

/// Longest expression, in bytes.
const MAXIMUM_BYTES: usize = 4096;
/// Most parts: paths, constants and operators.
const MAXIMUM_NODES: usize = 200;
/// Most levels of brackets, `case` and prefix operators.
const MAXIMUM_LEVELS: usize = 32;

/// What an expression may see.
pub(crate) struct Scope<'a> {
    /// All entities.
    pub(crate) entities: &'a BTreeMap<EntityId, Entity>,
    /// The entity of the row.
    pub(crate) base: &'a Entity,
    /// Whether references may be walked.
    pub(crate) walk: bool,
    /// Zone of the days written in the expression where they are compared with instants.
    pub(crate) zone: &'a TimeZone,
    /// Zone in which days begin that are compared with days.
    pub(crate) days: &'a TimeZone,
    /// The organisation, where it may be asked.
    pub(crate) units: Option<&'a BTreeMap<UnitId, Unit>>,
    /// How days make periods, where that may be asked: what is made for several calendars is of none.
    pub(crate) fiscal: Option<FiscalCalendar>,
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
    /// What a row may weigh: integer, number or money, such as the revenue of a customer.
    RowWeight,
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
    let mut reader = Reader { node, text, scope, findings, tree_parts: 0 };
    let parsed = reader.parse()?;
    let typed = reader.lower(&parsed)?;
    if reader.tree_parts > COMPUTED_PARTS {
        reader.too_large(format!(
            "the tree of units makes {} parts of this, more than {COMPUTED_PARTS}",
            reader.tree_parts
        ));
        return None;
    }
    if count(&typed).saturating_sub(reader.tree_parts) > MAXIMUM_NODES {
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
        Want::RowWeight => {
            matches!(typed.type_, Type::Integer | Type::Number { .. } | Type::Money { .. })
        }
    };
    if !fits || matches!(typed.node, Node::Literal(Literal::Missing)) {
        let expected = match want {
            Want::Condition => "a condition: something that is true or false of a row",
            Want::Quantity => "a number, money or a duration",
            Want::PlainNumber => "an integer or a number",
            Want::RowWeight => "an integer, a number or money",
            Want::Any => "a value",
        };
        let span = reader.whole();
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
        Node::Negate(a)
        | Node::Rescale(a, _)
        | Node::Not(a)
        | Node::IsMissing(a)
        | Node::Like(a, _)
        | Node::BusinessTime(a, _) => count(a),
        Node::In(a, list) => count(a) + list.len(),
        Node::And(list) | Node::Or(list) | Node::Coalesce(list) | Node::Call(_, list) => {
            list.iter().map(count).sum()
        }
        Node::Case(branches, last) => {
            branches.iter().map(|(a, b)| count(a) + count(b)).sum::<usize>()
                + last.as_ref().map_or(0, |e| count(e))
        }
    }
}

/// Reads one expression.
struct Reader<'a> {
    node: &'a Yaml,
    text: &'a str,
    scope: &'a Scope<'a>,
    findings: &'a mut Findings,
    /// How many parts were not written but made of the tree of units.
    tree_parts: usize,
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
            return self.whole();
        }
        let (start, end) = (self.byte(span.start), self.byte(span.end));
        self.node.place_within(start, end.max(start))
    }
    fn whole(&self) -> Span {
        self.node.place_within(0, self.text.len())
    }

    fn too_large(&mut self, message: String) {
        // Its beginning, and no letter in half.
        let span = self.node.place_within(0, self.text.floor_char_boundary(60));
        self.findings
            .report(codes::EXPRESSION_TOO_LARGE, span, message)
            .expected(format!(
                "at most {MAXIMUM_BYTES} bytes, {MAXIMUM_NODES} parts and {MAXIMUM_LEVELS} levels of brackets"
            ))
            .fix("use `in (…)` for many values, or derive an attribute under `map` and use that");
    }

    fn not_an_expression(&mut self, span: Span, why: &str) {
        let odd = self.text.contains(['‘', '’', '“', '”', '„', '´', '`']);
        let brackets = why.contains("found: [");
        let finding = self.findings.report(
            codes::NOT_AN_EXPRESSION,
            span,
            format!("this is not an expression: {}", shorten(why)),
        );
        finding.expected("something like `status = 'open' and quantity > 0`");
        if odd {
            finding.fix("write straight single quotes, `'open'`: the text holds others");
        } else if brackets {
            finding.fix("lists stand in round brackets: `region in ('north', 'south')`");
        }
    }

    fn refuse(&mut self, span: SqlSpan, what: &str, fix: &str) -> Option<Expression> {
        let span = self.place(span);
        let finding = self.findings.report(codes::NOT_ALLOWED, span, format!("{what} is not allowed here"));
        if fix.is_empty() {
            finding.expected(
                "`+ - *`, comparisons, `and`, `or`, `not`, `is null`, `in`, `between`, `like`, `case`, functions",
            );
        } else {
            finding.fix(fix);
        }
        None
    }
}
