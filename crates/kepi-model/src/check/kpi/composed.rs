//! KPIs that are computed of others: in which order they are read, and what they and their inputs must have in common.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use super::super::Context;
use crate::{
    codes,
    decode::{Either, Placed},
    definitions::Kpi,
    id::{DimensionId, KpiId},
    measure::{Formula, FormulaNode, Input, Measure, Reader, Together},
    project::Dimension,
    source_text::Span,
    word::Word,
    wording::quoted,
};

/// KPIs one upon the other; nobody looks through more.
const MOST_LEVELS: usize = 30;

/// The documents of each KPI, in an order in which everything stands after what it is computed of; those that are computed
/// of themselves are left out, with a finding.
pub(super) fn in_order<'d>(
    documents: &'d [Placed<Kpi>],
    context: &mut Context<'_>,
) -> Vec<Vec<&'d Placed<Kpi>>> {
    let mut order: Vec<Vec<&Placed<Kpi>>> = Vec::new();
    let mut of: Of<'_> = BTreeMap::new();
    for document in documents {
        // One without a name is used by none, but what is wrong in it is said.
        let Some(id) = document.value.kpi.get().and_then(|kpi| kpi.id.as_ref()) else {
            order.push(vec![document]);
            continue;
        };
        let (all, inputs) = of.entry(id).or_default();
        all.push(document);
        inputs.extend(document.value.measure.get().map(|measure| measure.inputs()).unwrap_or_default());
    }
    of.retain(|_, (documents, inputs)| {
        if inputs.is_empty() {
            order.push(std::mem::take(documents));
        }
        !inputs.is_empty()
    });
    let mut levels: BTreeMap<&KpiId, Option<usize>> = BTreeMap::new();
    for id in of.keys().copied().collect::<Vec<_>>() {
        level(id, &of, &mut Vec::new(), &mut levels, &mut order, context);
    }
    order
}

type Of<'d> = BTreeMap<&'d KpiId, (Vec<&'d Placed<Kpi>>, Vec<(&'d KpiId, Span)>)>;

/// How many KPIs stand one upon the other up to this one; none if it cannot be computed.
fn level<'d>(
    id: &'d KpiId,
    of: &Of<'d>,
    open: &mut Vec<&'d KpiId>,
    levels: &mut BTreeMap<&'d KpiId, Option<usize>>,
    order: &mut Vec<Vec<&'d Placed<Kpi>>>,
    context: &mut Context<'_>,
) -> Option<usize> {
    // Rows are below everything.
    let Some((documents, inputs)) = of.get(id) else { return Some(0) };
    if let Some(level) = levels.get(id) {
        return *level;
    }
    open.push(id);
    let mut deepest = Some(0);
    for (input, at) in inputs {
        if let Some(start) = open.iter().position(|known| known == input) {
            let circle: Vec<&str> = open.iter().skip(start).map(|id| id.as_str()).collect();
            let message = match circle.as_slice() {
                [one] => format!("`{one}` is computed of itself"),
                several => format!("{} are computed of each other", quoted(several.iter().copied())),
            };
            context.report(codes::FORMULA_CYCLE, *at, message);
            deepest = None;
            continue;
        }
        if open.len() > MOST_LEVELS {
            context
                .report(
                    codes::FORMULA,
                    *at,
                    format!("more than {MOST_LEVELS} KPIs are computed one of the other"),
                )
                .fix("say in one formula what several say now");
            deepest = None;
            break;
        }
        let below = level(input, of, open, levels, order, context);
        deepest = deepest.zip(below).map(|(deepest, below)| deepest.max(below + 1));
    }
    open.pop();
    levels.insert(id, deepest);
    if deepest.is_some() {
        order.push(documents.clone());
    }
    deepest
}

/// What a KPI that is computed of others must have in common with them; its dimensions.
pub(super) fn read(written: &Kpi, measure: &Measure, reader: &mut Reader<'_, '_>) -> Vec<Dimension> {
    let inputs = measure.kind().inputs();
    for (input, at) in inputs.iter().zip(places(written)) {
        periods(written, input, at, reader);
    }
    if written.as_of.is_written() {
        reader
            .findings
            .report(
                codes::FORMULA,
                written.as_of.key,
                "a formula reads KPIs and no rows, so that `as_of` says nothing",
            )
            .fix("remove it; its KPIs say which version counts");
    }
    if written.final_after.is_written() {
        reader
            .findings
            .report(codes::FORMULA, written.final_after.key, "a formula is final when its KPIs are")
            .fix("write `final_after` in the KPIs that it is computed of");
    }
    if written.over.is_written() {
        reader
            .findings
            .report(codes::WINDOW, written.over.key, "a formula has no window of its own")
            .fix("write `over` in the KPIs that it is computed of");
    }
    if let Measure::Formula(formula) = measure {
        independent(written, formula, reader);
    }
    let by = dimensions(written, &inputs, reader);
    crossed(written, &inputs, reader);
    by
}

/// What has to be made for its inputs, and what they read.
pub(super) fn made(kpi: &mut crate::project::Kpi) {
    let inputs: Vec<_> =
        kpi.measure.kind().inputs().into_iter().map(|input| Arc::clone(&input.kpi)).collect();
    for input in inputs {
        for made in &input.made {
            if !kpi.made.contains(made) {
                kpi.made.push(made.clone());
            }
        }
        kpi.looked_at.extend(input.looked_at.iter().cloned());
        kpi.reads.extend(input.reads.iter().cloned());
        kpi.reach = kpi.reach.max(input.reach);
        kpi.stretches.extend(&input.stretches);
    }
}

/// Where the inputs are written.
fn places(written: &Kpi) -> impl Iterator<Item = Span> {
    let inputs = written.measure.get().map(|measure| measure.inputs()).unwrap_or_default();
    inputs.into_iter().map(|(_, at)| at)
}

/// An input has a value in every period of the KPI.
fn periods(written: &Kpi, input: &Input, at: Span, reader: &mut Reader<'_, '_>) {
    let Some(period) = super::shortest(written) else { return };
    if input.kpi.period > period {
        let (own, word) = (input.kpi.period.word(), period.word());
        reader
            .findings
            .report(
                codes::FORMULA,
                at,
                format!("`{}` has a value each {own}, and none each {word}", input.kpi.id),
            )
            .fix(format!("write `period: {own}`, or take a KPI by {word}"));
    }
    if let Some(ago) = input.ago.filter(|ago| !ago.is_whole(period)) {
        let earlier = ago.words();
        let word = period.word();
        reader
            .findings
            .report(codes::FORMULA, at, format!("no {word} is {} than another", earlier))
            .expected(format!("a whole number of {word}s"))
            .fix(format!("write a number alone for so many {word}s, such as `ago: 1`"));
    }
}

/// What is declared independent is.
fn independent(written: &Kpi, formula: &Formula, reader: &mut Reader<'_, '_>) {
    if formula.together != Together::Independent {
        return;
    }
    let at = written.measure.span;
    let counts = formula.value.occurrences(formula.inputs.len());
    let mut chooses = false;
    formula.value.visit(&mut |part| chooses |= matches!(part.node, FormulaNode::Of(..)));
    if let Some((input, _)) = formula.inputs.iter().zip(counts).find(|(_, count)| *count > 1) {
        reader
            .findings
            .report(
                codes::FORMULA,
                at,
                format!("`{}` occurs twice, and what it is in is not independent", input.name),
            )
            .fix("write it so that it occurs once, as `latest / before - 1`, or leave out `interval`");
    } else if chooses {
        reader
            .findings
            .report(
                codes::FORMULA,
                at,
                "the least or greatest of several has no interval of independent ones",
            )
            .fix("leave out `interval`");
    }
}

/// Its dimensions are those of its inputs, by name.
fn dimensions(written: &Kpi, inputs: &[&Input], reader: &mut Reader<'_, '_>) -> Vec<Dimension> {
    let names = match written.by.get() {
        None => return Vec::new(),
        Some(Either::This(paths)) => paths,
        Some(Either::That(_)) => {
            reader
                .findings
                .report(codes::DIMENSION, written.by.span, "a formula is segmented as its KPIs are")
                .fix("name their dimensions: `by: [region]`");
            return Vec::new();
        }
    };
    let mut all: Vec<Dimension> = Vec::new();
    for name in names {
        let text = name.value.text().unwrap_or_default().trim();
        let mut found: Option<Dimension> = None;
        let mut whole = true;
        for input in inputs.iter().filter(|input| !input.total) {
            let own = input.kpi.by.iter().find(|dimension| dimension.id.as_str() == text);
            let Some(own) = own else {
                let known = input.kpi.by.iter().map(|dimension| dimension.id.as_str());
                let message = format!("`{}` is not segmented by `{text}`", input.kpi.id);
                let finding = reader.findings.unknown(codes::DIMENSION, name.span, message, text, known);
                finding.expected("the name of a dimension that all of its KPIs have");
                if finding.fix.is_none() {
                    finding
                        .fix(format!("add it to `by` of {}, or take its total: `total: true`", input.kpi.id));
                }
                whole = false;
                break;
            };
            let merged = found.get_or_insert_with(|| own.clone());
            for (entity, way) in &own.ways {
                if merged.ways.entry(entity.clone()).or_insert_with(|| way.clone()) != way {
                    reader
                        .findings
                        .report(
                            codes::DIMENSION,
                            name.span,
                            format!("`{text}` is one thing in one of its KPIs and another in the next"),
                        )
                        .fix("give one of them another name in its KPI: `by: {billing_region: …}`");
                    whole = false;
                }
            }
        }
        if let Some(dimension) = found.filter(|found| whole && all.iter().all(|known| known.id != found.id)) {
            all.push(dimension);
        }
    }
    all
}

/// Its combinations are those of its inputs.
fn crossed(written: &Kpi, inputs: &[&Input], reader: &mut Reader<'_, '_>) {
    for combination in written.cross.items() {
        let names: BTreeSet<DimensionId> =
            combination.value.iter().filter_map(|name| name.value.parse().ok()).collect();
        let has = |input: &&&Input| {
            let mut all = input.kpi.cross.iter();
            input.total || all.any(|known| known.iter().cloned().collect::<BTreeSet<_>>() == names)
        };
        if let Some(input) = inputs.iter().find(|input| !has(input)) {
            reader
                .findings
                .report(
                    codes::CROSS,
                    combination.span,
                    format!("`{}` does not have this combination", input.kpi.id),
                )
                .fix(format!("add it to `cross` of {}", input.kpi.id));
        }
    }
}
