//! Formulas: estimates of other KPIs put together. The interval is the range of the formula while every input lies within its
//! own, all at once with the project's confidence; or, of inputs declared independent, from variances recovered.

use kepi_model::measure::{Choice, Formula, FormulaNode as Node, Input, Operator, Part, Together};
use kepi_stats::{
    estimate::{Estimate, Interval, Level, Method, NotComputable},
    estimation::{composed::Composed, difference::Limits},
};

use super::Finished;
use crate::value::Coverage;

/// What becomes of the inputs' values; none of one that has none at all.
pub(super) fn finish(formula: &Formula, inputs: &[Option<Finished>], level: Level) -> Finished {
    Finished { estimate: estimate(formula, inputs, level), coverage: least_covered(inputs) }
}

fn estimate(formula: &Formula, inputs: &[Option<Finished>], level: Level) -> Result<Estimate, NotComputable> {
    let known = formula.inputs.iter().zip(inputs).map(|(input, found)| known(input, found.as_ref()));
    let known = known.collect::<Result<Vec<&Estimate>, _>>()?;
    let of = composed(&formula.value);
    let points: Vec<f64> = known.iter().map(|estimate| estimate.point).collect();
    let point = of.at(&points)?;
    let n = known.iter().map(|estimate| estimate.n).min().unwrap_or(0);
    if known.iter().all(|estimate| estimate.method == Method::Exact) {
        return Ok(Estimate::exact(point, n, "what it is computed of was counted in full"));
    }
    let effective_n = known.iter().map(|estimate| estimate.effective_n).fold(f64::INFINITY, f64::min);
    let method = match formula.together {
        Together::Any => Method::FormulaBox,
        Together::Independent => Method::FormulaIndependent,
    };
    Ok(Estimate { point, interval: interval(formula, &of, &known, level), n, effective_n, method })
}

fn interval(
    formula: &Formula,
    of: &Composed,
    known: &[&Estimate],
    level: Level,
) -> Result<Interval, NotComputable> {
    let all = formula.inputs.iter().zip(known);
    if let Some(reason) = all.filter_map(|(input, estimate)| not_measured(input, estimate)).next() {
        return Err(reason);
    }
    let limits = formula.inputs.iter().zip(known).map(|(input, estimate)| limits(input, estimate));
    let limits = limits.collect::<Result<Vec<Limits>, _>>()?;
    let found = match formula.together {
        Together::Any => of.range(&limits.iter().map(|l| (l.low, l.high)).collect::<Vec<_>>()),
        Together::Independent => of.of_independent(&limits).map(|l| (l.low, l.high)),
    };
    let (low, high) =
        found.ok_or_else(|| NotComputable::Unsupported("it divides by a value that may be 0".to_owned()))?;
    Ok(Interval::new(low, high, level))
}

/// That an input was not measured: then nothing that is computed of it was.
pub(super) fn not_measured(input: &Input, estimate: &Estimate) -> Option<NotComputable> {
    let how = estimate.not_measured()?;
    Some(NotComputable::NotMeasured { how: format!("{} {how}", named(input)) })
}

/// The limits of an input; what was counted in full is certain.
pub(super) fn limits(input: &Input, estimate: &Estimate) -> Result<Limits, NotComputable> {
    let point = estimate.point;
    match &estimate.interval {
        Ok(interval) => Ok(Limits { point, low: interval.low.min(point), high: interval.high.max(point) }),
        Err(_) if estimate.method == Method::Exact => Ok(Limits { point, low: point, high: point }),
        Err(reason) => {
            Err(NotComputable::NoInput { input: named(input), reason: format!("no interval: {reason}") })
        }
    }
}

/// The estimate of an input, or why there is none.
pub(super) fn known<'a>(input: &Input, found: Option<&'a Finished>) -> Result<&'a Estimate, NotComputable> {
    let none = |reason: String| NotComputable::NoInput { input: named(input), reason };
    let found = found.ok_or_else(|| none("no value for this period and segment".to_owned()))?;
    found.estimate.as_ref().map_err(|reason| none(reason.to_string()))
}

fn named(input: &Input) -> String {
    let ago = input.ago.map(|ago| format!(" {}", ago.words())).unwrap_or_default();
    format!("`{}`{ago}", input.kpi.id)
}

/// The least of the inputs' coverages, and the fewest cases.
pub(super) fn least_covered(inputs: &[Option<Finished>]) -> Coverage {
    let all = || inputs.iter().flatten().map(|found| found.coverage);
    let share = |of: &Coverage| of.share().unwrap_or(f64::INFINITY);
    let least = all().min_by(|a, b| share(a).total_cmp(&share(b))).unwrap_or_default();
    let whole = inputs.iter().all(Option::is_some);
    Coverage { cases: if whole { all().map(|of| of.cases).min().unwrap_or(0) } else { 0 }, ..least }
}

/// The formula as statistics knows it.
#[must_use]
pub fn composed(part: &Part) -> Composed {
    let boxed = |part: &Part| Box::new(composed(part));
    match &part.node {
        Node::Input(place) => Composed::Input(*place),
        Node::Number { .. } => Composed::Constant(part.number().unwrap_or_default()),
        Node::Negate(of) => Composed::Negate(boxed(of)),
        Node::Two(Operator::Add, a, b) => Composed::Add(boxed(a), boxed(b)),
        Node::Two(Operator::Subtract, a, b) => Composed::Subtract(boxed(a), boxed(b)),
        Node::Two(Operator::Multiply, a, b) => Composed::Multiply(boxed(a), boxed(b)),
        Node::Two(Operator::Divide, a, b) => Composed::Divide(boxed(a), boxed(b)),
        Node::Of(Choice::Least, all) => Composed::Least(all.iter().map(composed).collect()),
        Node::Of(Choice::Greatest, all) => Composed::Greatest(all.iter().map(composed).collect()),
    }
}
