//! Measures: populations, values, scales, histograms.

use super::{
    super::{codes, path, place},
    Reader, targets,
    unit::{declared_scale, quantity_unit},
};
use crate::{
    expression::{Expression, Node as Part, Type},
    lexical::{self, type_text},
    project::{
        Aggregate, Bins, DurationSummary, Measure, Part as Aggregated, RatingKind, RatingSummary, Spacing,
        Unmatched, ValueUnit,
    },
    source_text::Span,
    sql::Want,
    yaml::{Node, Value},
};

impl Reader<'_, '_> {
    /// Reads `measure`.
    pub(super) fn measure(&mut self, node: &Node) -> Option<Measure> {
        let entry = node.entries().first()?;
        let body = &entry.value;
        if !matches!(body.value, Value::Map(_)) {
            return None;
        }
        match entry.key.as_str() {
            "count" | "sum" | "distinct" => self.part(node).map(Measure::Total),
            "mean" => {
                let rows = self.population(body);
                let value = self.value(body, "value", Want::Quantity);
                Some(Measure::Mean { rows: rows?.0, value: value? })
            }
            "share" => {
                let rows = self.population(body);
                let which = self.value(body, "which", Want::Condition);
                Some(Measure::Share { rows: rows?.0, which: which? })
            }
            "quantile" => {
                let rows = self.population(body);
                let value = self.value(body, "value", Want::Quantity);
                let bins = value.as_ref().and_then(|v| self.bins(body.get("bins")?, &v.type_));
                let quantile = body
                    .get_text("quantile")
                    .and_then(lexical::quantile)
                    .filter(|q| (1..1_000_000).contains(q))?;
                Some(Measure::Quantile {
                    rows: rows?.0,
                    value: value?,
                    quantile: u32::try_from(quantile).ok()?,
                    bins: bins?,
                })
            }
            "nps" => {
                let rows = self.population(body);
                let answer = self.value(body, "answer", Want::PlainNumber);
                if let Some(answer) = &answer
                    && let Some(scale) = self.scale_of(answer, body)
                    && scale != (0, 10)
                {
                    self.findings
                        .report(
                            codes::NPS_SCALE,
                            place(body, "answer"),
                            format!("the answer is declared on the scale {}..{}", scale.0, scale.1),
                        )
                        .expected("an answer on the scale 0..10")
                        .fix("use `satisfaction` with this scale, or correct the attribute's `scale`");
                }
                Some(Measure::Nps { rows: rows?.0, answer: answer? })
            }
            "satisfaction" => self.rating(body, RatingKind::Satisfaction, entry.key_span),
            "effort" => self.rating(body, RatingKind::Effort, entry.key_span),
            "duration" => self.duration(body, entry.key_span),
            "ratio" => {
                let numerator = body.get("numerator").and_then(|n| self.part(n));
                let denominator = body.get("denominator").and_then(|n| self.part(n));
                let (numerator, denominator) = (numerator?, denominator?);
                self.quotient_units(&numerator, &denominator, body)?;
                Some(Measure::Ratio { numerator, denominator, per: 1, unmatched: unmatched(body)? })
            }
            "rate" => {
                let numerator = body.get("events").and_then(|n| self.part(n));
                let denominator = body.get("population").and_then(|n| self.part(n));
                Some(Measure::Ratio {
                    numerator: numerator?,
                    denominator: denominator?,
                    per: body.get_text("per")?.parse().ok()?,
                    unmatched: unmatched(body)?,
                })
            }
            _ => None,
        }
    }

    fn part(&mut self, node: &Node) -> Option<Aggregated> {
        let entry = node.entries().first()?;
        let body = &entry.value;
        let rows = self.population(body);
        let aggregate = match entry.key.as_str() {
            "count" => Some(Aggregate::Count),
            "sum" => self.value(body, "value", Want::Quantity).map(Aggregate::Sum),
            "distinct" => self.value(body, "value", Want::Any).map(Aggregate::Distinct),
            _ => None,
        };
        Some(Aggregated { rows: rows?.0, aggregate: aggregate? })
    }

    /// Amounts of two currencies have no quotient.
    fn quotient_units(
        &mut self,
        numerator: &Aggregated,
        denominator: &Aggregated,
        body: &Node,
    ) -> Option<()> {
        if let (Aggregate::Sum(a), Aggregate::Sum(b)) = (&numerator.aggregate, &denominator.aggregate)
            && let (Type::Money { currency: x, .. }, Type::Money { currency: y, .. }) = (&a.type_, &b.type_)
            && x != y
        {
            self.findings
                .report(codes::CURRENCIES, place(body, "denominator"), format!("{x} over {y} is no ratio"))
                .fix("convert one of them before it is landed, where the rate and its date are known");
            return None;
        }
        Some(())
    }

    /// The declared scale of an answer that is an attribute.
    fn scale_of(&self, answer: &Expression, body: &Node) -> Option<(i64, i64)> {
        let base = self.around.entities.get(&body.get_text("of")?.parse().ok()?)?;
        declared_scale(answer, base, self.around.entities)
    }

    fn rating(&mut self, body: &Node, kind: RatingKind, at: Span) -> Option<Measure> {
        let rows = self.population(body);
        let answer = self.value(body, "answer", Want::PlainNumber);
        let scale = body.get_text("scale").and_then(lexical::scale);
        if let (Some(answer), Some(scale)) = (&answer, scale)
            && let Some(declared) = self.scale_of(answer, body)
            && declared != scale
        {
            self.findings
                .report(
                    codes::RATING_SCALE,
                    place(body, "scale"),
                    format!(
                        "the attribute's scale is {}..{}, not {}..{}",
                        declared.0, declared.1, scale.0, scale.1
                    ),
                )
                .replace(
                    format!("write `scale: {}..{}`", declared.0, declared.1),
                    place(body, "scale"),
                    format!("{}..{}", declared.0, declared.1),
                );
        }
        let summary = match (body.get("top"), body.get("summary")) {
            (Some(top), None) => {
                let boxes: u8 = top.text()?.parse().ok()?;
                if let Some((low, high)) = scale
                    && i64::from(boxes) > high - low
                {
                    self.findings
                        .report(
                            codes::RATING_SCALE,
                            top.span,
                            format!("the scale {low}..{high} has {} answers", high - low + 1),
                        )
                        .expected(format!("a number from 1 to {}", high - low));
                }
                Some(RatingSummary::TopBox(boxes))
            }
            (None, Some(_)) => Some(RatingSummary::Mean),
            (a, b) => {
                let count = usize::from(a.is_some()) + usize::from(b.is_some());
                self.findings
                    .report(codes::SUMMARY, at, format!("what is made of the answers is said {count} times"))
                    .expected("either `top: 2`, the share of the two highest answers, or `summary: mean`");
                None
            }
        };
        if let Some(answer) = &answer
            && answer.type_.scale() > 0
        {
            self.findings
                .report(
                    codes::WRONG_RESULT,
                    place(body, "answer"),
                    format!("the answer is of type {}", type_text(&answer.type_)),
                )
                .expected("an integer");
            return None;
        }
        Some(Measure::Rating { kind, rows: rows?.0, answer: answer?, scale: scale?, summary: summary? })
    }

    fn duration(&mut self, body: &Node, at: Span) -> Option<Measure> {
        let rows = self.population(body);
        let entity = self.around.entities.get(&body.get_text("of")?.parse().ok()?)?;
        let mut end = |field: &str| {
            let node = body.get(field)?;
            let (found, type_) = path(node, entity, self.around.entities, self.findings)?;
            self.is_time(&type_, node.span).then_some(Expression { type_, node: Part::Path(found) })
        };
        let (from, until) = (end("from"), end("until"));
        let summary = match (body.get_text("within"), body.get("summary")) {
            (Some(within), None) => lexical::duration(within).map(DurationSummary::Within),
            (None, Some(_)) => Some(DurationSummary::Mean),
            (a, b) => {
                let count = usize::from(a.is_some()) + usize::from(b.is_some());
                self.findings
                    .report(codes::SUMMARY, at, format!("what is made of the times is said {count} times"))
                    .expected("either `within: 4 hours` or `summary: mean`");
                None
            }
        };
        Some(Measure::Duration { rows: rows?.0, from: from?, until: until?, summary: summary? })
    }

    fn bins(&mut self, node: &Node, type_: &Type) -> Option<Bins> {
        let unit = quantity_unit(type_);
        let mut edge = |field: &str| {
            let value = node.get(field)?;
            let found = targets::exact(value.text()?, &unit).and_then(|d| match unit {
                ValueUnit::Duration => Some(d.digits),
                _ => d.at_scale(type_.scale()),
            });
            if found.is_none() {
                self.findings
                    .report(
                        codes::BAD_BINS,
                        value.span,
                        format!("this edge is not of type {}", type_text(type_)),
                    )
                    .expected(targets::amount_text(&unit));
            }
            found
        };
        let (from, to) = (edge("from"), edge("to"));
        let (from, to) = (from?, to?);
        let count: i64 = node.get_text("count")?.parse().ok().filter(|n| (1..=10_000).contains(n))?;
        let logarithmic = match node.get_text("spacing").unwrap_or("linear") {
            "linear" => false,
            "logarithmic" => true,
            _ => return None,
        };
        let mut problem = |message: &str, expected: &str| {
            self.findings.report(codes::BAD_BINS, node.span, message).expected(expected);
        };
        if from >= to {
            problem("the last edge is not above the first", "`from` smaller than `to`");
            return None;
        }
        if logarithmic && from <= 0 {
            problem(
                "logarithmic bins cannot start at zero or below",
                "`from` above zero, or `spacing: linear`",
            );
            return None;
        }
        let edges: Vec<i64> = (0..=count)
            .map(|i| {
                if i == count {
                    to
                } else if logarithmic {
                    // Not the platform's power: edges are the same on every machine.
                    let ratio = libm::pow(to as f64 / from as f64, i as f64 / count as f64);
                    (from as f64 * ratio).round() as i64
                } else {
                    // Exact, so that edges do not depend on rounding.
                    (i128::from(from)
                        + (i128::from(to) - i128::from(from)) * i128::from(i) / i128::from(count))
                        as i64
                }
            })
            .collect();
        if edges.windows(2).any(|w| w.first() >= w.last()) {
            problem("some bins would be empty ranges", "fewer bins, or a wider range");
            return None;
        }
        Some(Bins { edges, spacing: if logarithmic { Spacing::Logarithmic } else { Spacing::Linear } })
    }
}

fn unmatched(body: &Node) -> Option<Unmatched> {
    match body.get_text("unmatched").unwrap_or("show") {
        "show" => Some(Unmatched::Show),
        "drop" => Some(Unmatched::Drop),
        _ => None,
    }
}
