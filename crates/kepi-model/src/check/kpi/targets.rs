//! Targets: lines in the KPI's unit, in the right order, within what the measure can be.

use std::collections::BTreeMap;

use jiff::civil::Date;

use super::super::Context;
use crate::{
    calendar::{Calendar, Grain},
    codes,
    decode::{AmountText, Either, Field, List, Map},
    definitions::{self as written, Line},
    id::{DimensionId, UnitId},
    lexical,
    project::{Attachment, Basis, BasisKind, Better, Dimension, PlannedWith, Target, TargetLines, ValueUnit},
    source_text::Span,
    word::Word,
    wording::shorten,
};

/// What amounts are in, and what they can be.
type Amounts<'a> = (&'a ValueUnit, (f64, f64));

/// From when on a target holds, and of what.
type Start<'a> = (Option<&'a UnitId>, Vec<(DimensionId, String)>, Grain, Date);

/// Reads all targets of a KPI, sorted by unit and date.
pub(super) fn read(
    written: &Field<List<written::Target>>,
    unit: Amounts<'_>,
    (better, period): (Better, Grain),
    (by, cross): (&[Dimension], &[Vec<DimensionId>]),
    context: &mut Context<'_>,
) -> Vec<Target> {
    let mut targets: Vec<Target> = Vec::new();
    let mut starts: BTreeMap<Start<'_>, Span> = BTreeMap::new();
    for written in written.items().iter().map(|t| &t.value) {
        let of_period = written.period.cloned().unwrap_or(period);
        if of_period < period {
            let word = period.word();
            context
                .report(
                    codes::TARGET_PERIOD,
                    written.period.span,
                    format!("the KPI has a value each {word}, which is longer"),
                )
                .expected(format!("`{word}` or longer"));
        }
        let Some(segment) = segment(&written.segment, by, cross, context) else { continue };
        if let Some(from) = written.from.cloned()
            && let Some(first) =
                starts.insert((written.unit.get(), segment.clone(), of_period, from), written.from.span)
        {
            context
                .report(codes::TARGET_OVERLAP, written.from.span, format!("another target starts on {from}"))
                .related(first, "the other one")
                .fix("keep one of them, or let it start on another day");
        }
        if !written.basis.is_written() {
            context
                .report(codes::NO_BASIS, written.from.span, "what this target rests on is not said")
                .fix("add `basis: {history: …}`, or benchmark, expectation, capability, negotiated");
        }
        let Some(lines) = lines(written, unit, better, context) else { continue };
        let Some(from) = written.from.cloned() else { continue };
        targets.push(Target {
            from,
            unit: written.unit.cloned(),
            segment,
            period: of_period,
            lines,
            basis: written.basis.get().map(|written_basis| basis(written_basis, written.basis.span)),
            evidence: written.evidence.get().and_then(|attached| evidence(attached, context)),
            plan: written.plan.get().and_then(|plan| planned_with(plan, context)),
            span: written.from.span,
        });
    }
    targets.sort_by(|a, b| {
        (&a.unit, &a.segment, a.from, a.period).cmp(&(&b.unit, &b.segment, b.from, b.period))
    });
    targets
}

/// The members that a target is for, sorted by dimension; none where they are no segment of the KPI.
fn segment(
    written: &Field<Map<String, String>>,
    by: &[Dimension],
    cross: &[Vec<DimensionId>],
    context: &mut Context<'_>,
) -> Option<Vec<(DimensionId, String)>> {
    let before = context.findings.count();
    let mut members = Vec::new();
    for of in written.items() {
        let Some(member) = of.value.clone() else { continue };
        let Some(dimension) = by.iter().find(|dimension| dimension.id.as_str() == of.text) else {
            let message = format!("`by` has no dimension `{}`", shorten(&of.text));
            let known = by.iter().map(|dimension| dimension.id.as_str());
            let finding = context.findings.unknown(codes::TARGET_SEGMENT, of.span, message, &of.text, known);
            if finding.fix.is_none() {
                finding.fix("add it to `by`, or leave it out here");
            }
            continue;
        };
        let known = dimension.members();
        if !known.is_empty() && !known.contains(&member.as_str()) {
            let message = format!("`{}` has no member `{}`", dimension.id, shorten(&member));
            context.findings.unknown(codes::TARGET_SEGMENT, of.at, message, &member, known.iter().copied());
        }
        members.push((dimension.id.clone(), member));
    }
    members.sort();
    let is_crossed = |of: &&Vec<DimensionId>| {
        of.len() == members.len() && members.iter().all(|(dimension, _)| of.contains(dimension))
    };
    if context.findings.count() == before && members.len() > 1 && !cross.iter().any(|of| is_crossed(&of)) {
        let names: Vec<&str> = members.iter().map(|(dimension, _)| dimension.as_str()).collect();
        let message = format!("there are no figures by {} together", names.join(" and "));
        context
            .report(codes::TARGET_SEGMENT, written.span, message)
            .fix(format!("add `[{}]` to `cross`", names.join(", ")));
    }
    (context.findings.count() == before).then_some(members)
}

/// A file that a target rests on, held to what it was.
fn evidence(written: &written::Attachment, context: &mut Context<'_>) -> Option<Attachment> {
    let file = written.file.cloned()?;
    let sha256 = written.sha256.cloned();
    let is_inside =
        !file.starts_with('/') && !file.contains('\\') && file.split('/').all(|part| part != "..");
    if !is_inside {
        let message = format!("`{}` does not lie in the project's folder", shorten(&file));
        context
            .report(codes::EVIDENCE, written.file.span, message)
            .expected("a path such as `evidence/study.pdf`");
    } else if let Some(digest) = context.options.digest {
        match (digest(&file), &sha256) {
            (None, _) => {
                let message = format!("`{}` is not there", shorten(&file));
                context.report(codes::EVIDENCE, written.file.span, message);
            }
            (Some(now), None) => {
                context
                    .report(codes::EVIDENCE, written.file.span, "which file was attached is not written down")
                    .fix(format!("add `sha256: {now}`"));
            }
            (Some(now), Some(then)) if !now.eq_ignore_ascii_case(then) => {
                let message = format!("`{}` is not the file that was attached", shorten(&file));
                context
                    .report(codes::EVIDENCE, written.sha256.span, message)
                    .expected(format!("`{now}`, if it is what the target rests on"));
            }
            _ => {}
        }
    }
    Some(Attachment { file, sha256 })
}

/// The version of a plan that it was planned with; whether there is one is looked at once plans are read.
fn planned_with(written: &written::PlannedWith, context: &mut Context<'_>) -> Option<PlannedWith> {
    let (plan, version) = (written.of.get()?, written.version.get()?);
    let span = written.version.span;
    for (name, at) in [(plan, written.of.span), (version, span)] {
        if !crate::id::is_name(name) {
            context.report(codes::TARGET_PLAN, at, format!("`{}` is no name", shorten(name)));
        }
    }
    let (plan, version) = (plan.parse().ok()?, version.parse().ok()?);
    Some(PlannedWith { plan, version, span })
}

fn basis(written: &written::Basis, span: Span) -> Basis {
    let (kind, text) = match written {
        written::Basis::History(text) => (BasisKind::History, text),
        written::Basis::Benchmark(text) => (BasisKind::Benchmark, text),
        written::Basis::Expectation(text) => (BasisKind::Expectation, text),
        written::Basis::Capability(text) => (BasisKind::Capability, text),
        written::Basis::Negotiated(text) => (BasisKind::Negotiated, text),
    };
    Basis { kind, text: text.clone(), span }
}

/// The lines from the worst to the best, by name.
fn named(target: &written::Target) -> [(&'static str, &Field<Line>); 4] {
    [
        ("floor", &target.floor),
        ("threshold", &target.threshold),
        ("target", &target.target),
        ("stretch", &target.stretch),
    ]
}

fn lines(
    written: &written::Target,
    unit: Amounts<'_>,
    better: Better,
    context: &mut Context<'_>,
) -> Option<TargetLines> {
    let before = context.findings.count();
    if better == Better::InRange {
        let [floor, threshold, target, stretch] =
            named(written).map(|(name, line)| pair(line, name, unit, context));
        if context.findings.count() > before {
            return None;
        }
        let present: Vec<(&str, Span, (f64, f64))> = named(written)
            .into_iter()
            .zip([floor, threshold, target, stretch])
            .filter_map(|((name, line), range)| range.map(|range| (name, line.span, range)))
            .collect();
        for (outer, inner) in present.iter().zip(present.iter().skip(1)) {
            if inner.2.0 < outer.2.0 || inner.2.1 > outer.2.1 {
                context
                    .report(
                        codes::TARGET_ORDER,
                        inner.1,
                        format!("`{}` does not lie within `{}`", inner.0, outer.0),
                    )
                    .expected("ranges nested from floor, the widest, to stretch, the narrowest")
                    .related(outer.1, "the wider range");
                return None;
            }
        }
        return Some(TargetLines::InRange { floor, threshold: threshold?, target: target?, stretch });
    }
    let [floor, threshold, target, stretch] =
        named(written).map(|(name, line)| single(line, name, unit, context));
    if context.findings.count() > before {
        return None;
    }
    let present: Vec<(&str, &Field<Line>, f64)> = named(written)
        .into_iter()
        .zip([floor, threshold, target, stretch])
        .filter_map(|((name, line), value)| value.map(|value| (name, line, value)))
        .collect();
    let (word, other) = if better == Better::Higher { ("higher", "lower") } else { ("lower", "higher") };
    let improves = |a: f64, b: f64| if better == Better::Higher { b > a } else { b < a };
    for (worse, best) in present.iter().zip(present.iter().skip(1)) {
        if improves(worse.2, best.2) {
            continue;
        }
        let all_reversed = present.iter().zip(present.iter().skip(1)).all(|(a, b)| improves(b.2, a.2));
        let finding = context.report(
            codes::TARGET_ORDER,
            best.1.span,
            format!(
                "`{}` {} is not better than `{}` {}, as {word} is better",
                best.0,
                text(best.1),
                worse.0,
                text(worse.1)
            ),
        );
        finding
            .related(worse.1.span, format!("the {}", worse.0))
            .expected(format!("each of floor, threshold, target, stretch {word} than the one before"));
        if all_reversed {
            finding.fix(format!("write `better: {other}`, or turn the lines round"));
        }
        return None;
    }
    Some(TargetLines::OneSided { floor, threshold: threshold?, target: target?, stretch })
}

/// The text of a line that is one amount.
fn text(line: &Field<Line>) -> &str {
    match line.get() {
        Some(Either::This(amount)) => amount.text().unwrap_or_default(),
        _ => "",
    }
}

fn single(line: &Field<Line>, name: &str, unit: Amounts<'_>, context: &mut Context<'_>) -> Option<f64> {
    match line.get()? {
        Either::This(value) => amount(value, name, unit, context),
        Either::That(_) => {
            context
                .report(
                    codes::TARGET_UNIT,
                    line.span,
                    format!("`{name}` is a range, but only one side is better"),
                )
                .expected(unit.0.amount_text())
                .fix("write one value, or `better: in_range`");
            None
        }
    }
}

fn pair(line: &Field<Line>, name: &str, unit: Amounts<'_>, context: &mut Context<'_>) -> Option<(f64, f64)> {
    let ends = match line.get()? {
        Either::That(ends) => ends.as_slice(),
        Either::This(_) => &[],
    };
    let [low, high] = ends else {
        context
            .report(codes::TARGET_UNIT, line.span, format!("`{name}` is not a pair, but a range is best"))
            .expected("the lower and the upper limit: `[4 minutes, 6 minutes]`");
        return None;
    };
    let (low, high) = (amount(&low.value, name, unit, context), amount(&high.value, name, unit, context));
    let (low, high) = (low?, high?);
    if low > high {
        context
            .report(codes::TARGET_ORDER, line.span, format!("the limits of `{name}` are the wrong way round"))
            .expected("the lower limit first");
        return None;
    }
    Some((low, high))
}

fn amount(
    value: &AmountText,
    name: &str,
    (unit, (low, high)): Amounts<'_>,
    context: &mut Context<'_>,
) -> Option<f64> {
    let text = value.text()?;
    let Some(number) = unit.exact(text) else {
        let finding = context.report(
            codes::TARGET_UNIT,
            value.span,
            format!("`{}` is not in the unit of this KPI", shorten(text)),
        );
        finding.expected(unit.amount_text());
        if lexical::decimal(text).is_some() {
            let better = match unit {
                ValueUnit::Share => Some(format!("{text}%")),
                ValueUnit::Money { currency } => Some(format!("{text} {currency}")),
                _ => None,
            };
            if let Some(better) = better {
                finding.replace(format!("write `{better}`"), value.span, better);
            }
        } else if text.ends_with('%') {
            finding.fix("the measure is no share; write a plain number");
        }
        return None;
    };
    let number = number.to_f64();
    if number < low || number > high {
        let limits = match unit {
            ValueUnit::Share if (low, high) == (0.0, 1.0) => "0% to 100%".to_owned(),
            _ if high.is_infinite() => format!("{low} or more"),
            _ => format!("{low} to {high}"),
        };
        context
            .report(codes::TARGET_RANGE, value.span, format!("`{name}` {} cannot be reached", shorten(text)))
            .expected(limits);
        return None;
    }
    Some(number)
}

/// Targets that start within a period of the KPI: it is held against them whole, also the days before.
pub(super) fn within_a_period(
    targets: &Field<List<written::Target>>,
    grain: Grain,
    calendar: &Calendar,
    context: &mut Context<'_>,
) {
    for target in targets.items().iter().map(|t| &t.value) {
        let from = &target.from;
        let Some(day) = from.cloned() else { continue };
        let period = calendar.period_of_day(target.period.cloned().unwrap_or(grain), day);
        let (Ok(first), Ok(next)) = (calendar.first_day(period), calendar.first_day(period.offset(1))) else {
            continue;
        };
        if day == first {
            continue;
        }
        context
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
