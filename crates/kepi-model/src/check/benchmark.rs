//! Figures of others: whether targets may rest on them.

use std::collections::{BTreeMap, BTreeSet};

use super::Context;
use crate::{
    benchmark::{Benchmark, Figure, Unlike},
    codes,
    decode::{Field, Placed},
    definitions as written,
    id::{BenchmarkId, KpiId},
    lexical::{self, Decimal},
    measure::{Basis, BasisKind, Circumstances, Kpi, Target},
    source_text::Span,
    wording::{shorten, shown},
};

/// Reads all benchmarks.
pub(super) fn read(
    written: &[Placed<written::Benchmark>],
    context: &mut Context<'_>,
) -> BTreeMap<BenchmarkId, Benchmark> {
    let mut names: BTreeMap<&str, Span> = BTreeMap::new();
    let mut all = BTreeMap::new();
    for written in written.iter().map(|document| &document.value) {
        if let Some(name) = written.benchmark.get()
            && let Some(first) = names.insert(&name.text, written.benchmark.span)
        {
            context
                .report(codes::BENCHMARK, written.benchmark.span, "another benchmark has this name already")
                .related(first, "the first one")
                .fix("rename one of them");
        }
        if let (Some(published), Some(expires)) = (written.published.cloned(), written.expires.cloned())
            && expires <= published
        {
            context
                .report(
                    codes::BENCHMARK,
                    written.expires.span,
                    format!("it expires before it is published, on {published}"),
                )
                .expected("a later day");
        }
        plausible(written, context);
        if let Some(benchmark) = one(written) {
            all.insert(benchmark.id.clone(), benchmark);
        }
    }
    all
}

/// A figure can be what it is said to be: a share of one, an index between its ends, a mean of its scale.
fn plausible(written: &written::Benchmark, context: &mut Context<'_>) {
    let (Some(value), Some(figure)) = (written.value.get(), written.figure.get()) else { return };
    let scale = written.scale.get().map(|scale| (scale.0, scale.1));
    let number = |of: Option<Decimal>| of.map(Decimal::to_f64);
    let (read, range, expected) = match figure {
        Figure::TopShare | Figure::Share => {
            (number(lexical::share(value)), Some((0.0, 1.0)), "a share between `0%` and `100%`".to_owned())
        }
        Figure::NetPromoterScore => {
            (number(lexical::decimal(value)), Some((-100.0, 100.0)), "a number from -100 to 100".to_owned())
        }
        Figure::Mean if scale.is_some() => {
            let (low, high) = scale.unwrap_or_default();
            let expected = format!("a mean of answers from {low} to {high}");
            (number(lexical::decimal(value)), Some((low as f64, high as f64)), expected)
        }
        Figure::Mean | Figure::Quantile | Figure::Amount => return,
    };
    let within = |of: f64| range.is_none_or(|(low, high)| (low..=high).contains(&of));
    if !read.is_some_and(within) {
        context
            .report(codes::BENCHMARK, written.value.span, format!("`{}` is no such figure", shorten(value)))
            .expected(expected)
            .fix("correct `value`, or say by `figure` what it is");
    }
    if let (Some(top), Some((low, high))) = (written.top.get(), scale)
        && top.0 > high - low
    {
        let message =
            format!("of the {} answers from {low} to {high}, {} are all of them", high - low + 1, top.0);
        context.report(codes::BENCHMARK, written.top.span, message).expected("fewer than the scale has");
    }
}

fn one(written: &written::Benchmark) -> Option<Benchmark> {
    let name = written.benchmark.get()?;
    Some(Benchmark {
        id: name.id.clone()?,
        name: written.name.cloned().unwrap_or_else(|| shown(&name.text)),
        description: written.description.cloned(),
        value: written.value.cloned()?,
        figure: written.figure.cloned()?,
        top: written.top.get().and_then(|top| u8::try_from(top.0).ok()),
        scale: written.scale.get().map(|scale| (scale.0, scale.1)),
        n: written.n.get().and_then(|n| u64::try_from(n.0).ok()),
        method: written.method.cloned(),
        population: written.population.cloned(),
        circumstances: Circumstances {
            mode: written.mode.cloned(),
            region: written.region.cloned(),
            counted: written.counted.cloned(),
        },
        source: written.source.cloned()?,
        published: written.published.cloned()?,
        expires: written.expires.cloned()?,
        licence: written.licence.cloned(),
        grade: written.grade.cloned()?,
        span: written.benchmark.span,
    })
}

/// How and where a KPI's figures come about.
pub(super) fn circumstances(written: &Field<written::Measured>) -> Circumstances {
    written.get().map_or_else(Circumstances::default, |written| Circumstances {
        mode: written.mode.cloned(),
        region: written.region.cloned(),
        counted: written.counted.cloned(),
    })
}

/// Holds targets against the benchmarks that they rest on.
pub(super) fn together(
    kpis: &BTreeMap<KpiId, Kpi>,
    benchmarks: &BTreeMap<BenchmarkId, Benchmark>,
    context: &mut Context<'_>,
) {
    for kpi in kpis.values() {
        let of_all = kpi.earlier.iter().chain([kpi]).flat_map(|wording| &wording.targets);
        let mut told: BTreeSet<&BenchmarkId> = BTreeSet::new();
        let newest = kpi.targets.iter().map(|target| target.from).max();
        for target in of_all {
            let Some(basis) = target.basis.as_ref().filter(|basis| basis.kind.may_be_on_record()) else {
                continue;
            };
            let Some(benchmark) = basis.text.parse().ok().and_then(|id: BenchmarkId| benchmarks.get(&id))
            else {
                unknown(basis, benchmarks, context);
                continue;
            };
            if told.insert(&benchmark.id) {
                comparable(kpi, basis, benchmark, context);
            }
            in_time(target, basis, benchmark, newest == Some(target.from), context);
        }
    }
}

/// A text of words is a description; one word that looks like a name is taken for one where there are benchmarks on record.
fn unknown(basis: &Basis, benchmarks: &BTreeMap<BenchmarkId, Benchmark>, context: &mut Context<'_>) {
    let text = basis.text.as_str();
    if benchmarks.is_empty() || !crate::id::is_name(text) {
        return;
    }
    let near = context.findings.nearest(text, benchmarks.keys().map(BenchmarkId::as_str)).map(str::to_owned);
    let finding = context
        .report(
            codes::UNKNOWN_BENCHMARK,
            basis.span,
            format!("no benchmark `{}` is on record", shorten(text)),
        )
        .expected("the name of a `benchmark:` document, or a description of several words");
    if let Some(near) = near {
        let kind = if basis.kind == BasisKind::Expectation { "expectation" } else { "benchmark" };
        finding.replace(format!("did you mean `{near}`?"), basis.span, format!("{{{kind}: {near}}}"));
    }
}

fn comparable(kpi: &Kpi, basis: &Basis, benchmark: &Benchmark, context: &mut Context<'_>) {
    let said = |unlike: &[Unlike]| {
        unlike
            .iter()
            .map(|u| format!("its {} is {}, here {}", u.aspect, u.theirs, u.ours))
            .collect::<Vec<_>>()
            .join("; ")
    };
    let name = &benchmark.id;
    if kpi.unit.exact(&benchmark.value).is_none() {
        let message = format!("`{}` of `{name}` is not in the unit of {}", shorten(&benchmark.value), kpi.id);
        context
            .report(codes::NOT_COMPARABLE, basis.span, message)
            .related(benchmark.span, "the benchmark")
            .expected(kpi.unit.amount_text());
        return;
    }
    let kind = benchmark.of_another_kind(kpi);
    if !kind.is_empty() {
        context
            .report(
                codes::NOT_COMPARABLE,
                basis.span,
                format!("`{name}` is a figure of another kind: {}", said(&kind)),
            )
            .related(benchmark.span, "the benchmark");
    }
    let circumstances = benchmark.otherwise_measured(kpi);
    if !circumstances.is_empty() {
        context
            .report(
                codes::MEASURED_OTHERWISE,
                basis.span,
                format!("`{name}` was measured otherwise: {}", said(&circumstances)),
            )
            .related(benchmark.span, "the benchmark");
    }
}

fn in_time(target: &Target, basis: &Basis, benchmark: &Benchmark, newest: bool, context: &mut Context<'_>) {
    let (name, expires) = (&benchmark.id, benchmark.expires);
    // Of past targets it matters what was known when they were set; of the one that holds, what is known today.
    let today = context.options.today.filter(|today| newest && *today >= target.from);
    let when = match today {
        _ if !benchmark.holds(target.from) => format!("the target starts on {}", target.from),
        Some(today) if !benchmark.holds(today) => format!("today is {today}"),
        _ => return,
    };
    context
        .report(codes::EXPIRED_BENCHMARK, basis.span, format!("`{name}` expired on {expires}, and {when}"))
        .related(benchmark.span, "the benchmark");
}
