//! Targets: lines in the KPI's unit, in the right order, within what the measure can be.

use std::collections::BTreeMap;

use super::super::{Context, codes, id, place};
use crate::{
    calendar::{Calendar, Grain},
    decode::shorten,
    lexical::{self, Decimal},
    project::{Basis, BasisKind, Better, Target, TargetLines, ValueUnit},
    source_text::Span,
    yaml::{Node, Value},
};

/// How an amount of a unit is written.
pub(super) fn amount_text(unit: &ValueUnit) -> String {
    match unit {
        ValueUnit::Share => "a share such as `80%`".into(),
        ValueUnit::Money { currency } => format!("an amount such as `2.50 {currency}`"),
        ValueUnit::Duration => "a length of time such as `4 hours`".into(),
        ValueUnit::NetPromoter => "points such as `40`".into(),
        ValueUnit::Rating { low, high } => format!("an answer between {low} and {high}, such as `{high}`"),
        ValueUnit::Count | ValueUnit::Number { .. } | ValueUnit::Rate { .. } => {
            "a plain number such as `40`".into()
        }
    }
}

/// An amount in a unit; durations come in microseconds.
pub(super) fn exact(text: &str, unit: &ValueUnit) -> Option<Decimal> {
    match unit {
        ValueUnit::Share => lexical::share(text),
        ValueUnit::Money { currency } => lexical::money(text).filter(|(_, c)| c == currency).map(|(d, _)| d),
        ValueUnit::Duration => {
            let micros = lexical::duration(text).or_else(|| (text == "0").then_some(0))?;
            Some(Decimal { digits: micros, scale: 0 })
        }
        // A ratio of like things may be written as a share.
        ValueUnit::Number { .. } => lexical::decimal(text).or_else(|| lexical::share(text)),
        _ => lexical::decimal(text),
    }
}

/// What a value of a unit can be.
fn range(unit: &ValueUnit) -> (f64, f64) {
    match unit {
        ValueUnit::Share => (0.0, 1.0),
        ValueUnit::NetPromoter => (-100.0, 100.0),
        ValueUnit::Rating { low, high } => (*low as f64, *high as f64),
        ValueUnit::Count | ValueUnit::Rate { .. } => (0.0, f64::INFINITY),
        ValueUnit::Number { .. } | ValueUnit::Money { .. } | ValueUnit::Duration => {
            (f64::NEG_INFINITY, f64::INFINITY)
        }
    }
}

const LINES: [&str; 4] = ["floor", "threshold", "target", "stretch"];

/// Reads all targets of a KPI, sorted by unit and date.
pub(super) fn read(root: &Node, unit: &ValueUnit, better: Better, context: &mut Context<'_>) -> Vec<Target> {
    let mut targets: Vec<Target> = Vec::new();
    let mut starts: BTreeMap<(Option<String>, String), Span> = BTreeMap::new();
    for node in root.get("targets").map(Node::items).unwrap_or_default() {
        let Value::Map(_) = node.value else { continue };
        if let Some(from) = node.get_text("from") {
            let scope = (node.get_text("unit").map(str::to_owned), from.to_owned());
            if let Some(first) = starts.insert(scope, place(node, "from")) {
                context
                    .findings
                    .report(
                        codes::TARGET_OVERLAP,
                        place(node, "from"),
                        format!("another target starts on {from}"),
                    )
                    .related(first, "the other one")
                    .fix("keep one of them, or let it start on another day");
            }
        }
        let basis = basis(node);
        if node.get("basis").is_none() {
            context
                .findings
                .report(codes::NO_BASIS, place(node, "from"), "what this target rests on is not said")
                .fix("add `basis: {history: …}`, or benchmark, expectation, capability, negotiated");
        }
        let Some(lines) = lines(node, unit, better, context) else { continue };
        let Some(from) = node.get_text("from").and_then(lexical::date) else { continue };
        targets.push(Target { from, unit: id(node, "unit"), lines, basis, span: place(node, "from") });
    }
    targets.sort_by(|a, b| (&a.unit, a.from).cmp(&(&b.unit, b.from)));
    targets
}

fn basis(node: &Node) -> Option<Basis> {
    let entry = node.get("basis")?.entries().first()?;
    let kind = match entry.key.as_str() {
        "history" => BasisKind::History,
        "benchmark" => BasisKind::Benchmark,
        "expectation" => BasisKind::Expectation,
        "capability" => BasisKind::Capability,
        "negotiated" => BasisKind::Negotiated,
        _ => return None,
    };
    Some(Basis { kind, text: entry.value.text()?.to_owned() })
}

fn lines(node: &Node, unit: &ValueUnit, better: Better, context: &mut Context<'_>) -> Option<TargetLines> {
    let before = context.findings.count();
    if better == Better::InRange {
        let [floor, threshold, target, stretch] = LINES.map(|name| pair(node, name, unit, context));
        if context.findings.count() > before {
            return None;
        }
        let present: Vec<(&str, (f64, f64))> = LINES
            .into_iter()
            .zip([floor, threshold, target, stretch])
            .filter_map(|(name, p)| p.map(|p| (name, p)))
            .collect();
        for (outer, inner) in present.iter().zip(present.iter().skip(1)) {
            if inner.1.0 < outer.1.0 || inner.1.1 > outer.1.1 {
                context
                    .findings
                    .report(
                        codes::TARGET_ORDER,
                        place(node, inner.0),
                        format!("`{}` does not lie within `{}`", inner.0, outer.0),
                    )
                    .expected("ranges nested from floor, the widest, to stretch, the narrowest")
                    .related(place(node, outer.0), "the wider range");
                return None;
            }
        }
        return Some(TargetLines::InRange { floor, threshold: threshold?, target: target?, stretch });
    }
    let [floor, threshold, target, stretch] = LINES.map(|name| single(node, name, unit, context));
    if context.findings.count() > before {
        return None;
    }
    let present: Vec<(&str, f64)> = LINES
        .into_iter()
        .zip([floor, threshold, target, stretch])
        .filter_map(|(name, v)| v.map(|v| (name, v)))
        .collect();
    let (word, other) = if better == Better::Higher { ("higher", "lower") } else { ("lower", "higher") };
    for (worse, best) in present.iter().zip(present.iter().skip(1)) {
        let right = if better == Better::Higher { best.1 > worse.1 } else { best.1 < worse.1 };
        if !right {
            let all_reversed = present.len() > 1
                && present
                    .iter()
                    .zip(present.iter().skip(1))
                    .all(|(a, b)| if better == Better::Higher { b.1 < a.1 } else { b.1 > a.1 });
            let finding = context.findings.report(
                codes::TARGET_ORDER,
                place(node, best.0),
                format!(
                    "`{}` {} is not better than `{}` {}, as {word} is better",
                    best.0,
                    node.get_text(best.0).unwrap_or_default(),
                    worse.0,
                    node.get_text(worse.0).unwrap_or_default()
                ),
            );
            finding
                .related(place(node, worse.0), format!("the {}", worse.0))
                .expected(format!("each of floor, threshold, target, stretch {word} than the one before"));
            if all_reversed {
                finding.fix(format!("write `better: {other}`, or turn the lines round"));
            }
            return None;
        }
    }
    Some(TargetLines::OneSided { floor, threshold: threshold?, target: target?, stretch })
}

fn single(node: &Node, name: &str, unit: &ValueUnit, context: &mut Context<'_>) -> Option<f64> {
    let value = node.get(name)?;
    if matches!(value.value, Value::List(_)) {
        context
            .findings
            .report(
                codes::TARGET_UNIT,
                value.span,
                format!("`{name}` is a range, but only one side is better"),
            )
            .expected(amount_text(unit))
            .fix("write one value, or `better: in_range`");
        return None;
    }
    amount(value, name, unit, context)
}

fn pair(node: &Node, name: &str, unit: &ValueUnit, context: &mut Context<'_>) -> Option<(f64, f64)> {
    let value = node.get(name)?;
    let [low, high] = value.items() else {
        if !matches!(value.value, Value::Empty) {
            context
                .findings
                .report(
                    codes::TARGET_UNIT,
                    value.span,
                    format!("`{name}` is not a pair, but a range is best"),
                )
                .expected("the lower and the upper limit: `[4 minutes, 6 minutes]`");
        }
        return None;
    };
    let (low, high) = (amount(low, name, unit, context), amount(high, name, unit, context));
    let (low, high) = (low?, high?);
    if low > high {
        context
            .findings
            .report(
                codes::TARGET_ORDER,
                value.span,
                format!("the limits of `{name}` are the wrong way round"),
            )
            .expected("the lower limit first");
        return None;
    }
    Some((low, high))
}

fn amount(value: &Node, name: &str, unit: &ValueUnit, context: &mut Context<'_>) -> Option<f64> {
    let text = value.text()?;
    let Some(number) = exact(text, unit) else {
        let finding = context.findings.report(
            codes::TARGET_UNIT,
            value.span,
            format!("`{}` is not in the unit of this KPI", shorten(text)),
        );
        finding.expected(amount_text(unit));
        if let Some(d) = lexical::decimal(text) {
            match unit {
                ValueUnit::Share => {
                    finding.replace(format!("write `{text}%`"), value.span, format!("{text}%"));
                }
                ValueUnit::Money { currency } => {
                    finding.replace(
                        format!("write `{text} {currency}`"),
                        value.span,
                        format!("{text} {currency}"),
                    );
                }
                _ => {}
            }
            let _ = d;
        } else if text.ends_with('%') {
            finding.fix("the measure is no share; write a plain number");
        }
        return None;
    };
    let number = number.to_f64();
    let (low, high) = range(unit);
    if number < low || number > high {
        let limits = match unit {
            ValueUnit::Share => "0% to 100%".to_owned(),
            _ if high.is_infinite() => format!("{low} or more"),
            _ => format!("{low} to {high}"),
        };
        context
            .findings
            .report(codes::TARGET_RANGE, value.span, format!("`{name}` {} cannot be reached", shorten(text)))
            .expected(limits);
        return None;
    }
    Some(number)
}

/// Targets that start within a period of the KPI: it is held against them whole, also the days before.
pub(super) fn within_a_period(root: &Node, grain: Grain, calendar: &Calendar, context: &mut Context<'_>) {
    for from in root.get("targets").map(Node::items).unwrap_or_default().iter().filter_map(|t| t.get("from"))
    {
        let Some(day) = from.text().and_then(lexical::date) else { continue };
        let period = calendar.period_of_day(grain, day);
        let (Ok(first), Ok(next)) = (calendar.first_day(period), calendar.first_day(period.offset(1))) else {
            continue;
        };
        if day == first {
            continue;
        }
        context
            .findings
            .report(
                codes::TARGET_WITHIN,
                from.span,
                format!("{day} lies within {}, a period of this KPI", calendar.label(period)),
            )
            .expected(format!("the first day of a period: {first} or {next}"))
            .replace(
                format!("write `from: {first}`: the target holds for that period anyway"),
                from.span,
                first.to_string(),
            );
    }
}
