//! Measures: populations, values, scales, histograms.

use super::{
    super::path,
    Reader, targets,
    unit::{declared_scale, quantity_unit},
};
use crate::{
    codes,
    decode::{AmountText, Field, PathText},
    definitions::{self as written, OfRows},
    expression::{Expression, Node, Type},
    lexical::type_text,
    project::{
        Aggregate, Bins, DurationSummary, Measure, Part, RatingKind, RatingSummary, Spacing, ValueUnit,
    },
    source_text::Span,
    sql::Want,
};

impl Reader<'_, '_> {
    /// Reads `measure`.
    pub(super) fn measure(&mut self, written: &written::Measure) -> Option<Measure> {
        match written {
            written::Measure::Count(count) => self.count(count).map(Measure::Total),
            written::Measure::Sum(sum) => self.sum(sum).map(Measure::Total),
            written::Measure::Distinct(distinct) => self.distinct(distinct).map(Measure::Total),
            written::Measure::Mean(mean) => {
                let rows = self.population(mean);
                let value = self.value(mean, &mean.value, Want::Quantity);
                Some(Measure::Mean { rows: rows?, value: value? })
            }
            written::Measure::Share(share) => {
                let rows = self.population(share);
                let which = self.value(share, &share.which, Want::Condition);
                Some(Measure::Share { rows: rows?, which: which? })
            }
            written::Measure::Quantile(quantile) => {
                let rows = self.population(quantile);
                let value = self.value(quantile, &quantile.value, Want::Quantity);
                let bins = value.as_ref().and_then(|v| self.bins(quantile.bins.get()?, &v.type_));
                let quantile = quantile.quantile.get()?.0;
                Some(Measure::Quantile { rows: rows?, value: value?, quantile, bins: bins? })
            }
            written::Measure::Nps(nps) => self.nps(nps),
            written::Measure::Satisfaction(rating) => self.rating(rating, RatingKind::Satisfaction),
            written::Measure::Effort(rating) => self.rating(&rating.0, RatingKind::Effort),
            written::Measure::Duration(duration) => self.duration(duration),
            written::Measure::Ratio(ratio) => {
                let numerator = ratio.numerator.get().and_then(|p| self.part(p));
                let denominator = ratio.denominator.get().and_then(|p| self.part(p));
                let (numerator, denominator) = (numerator?, denominator?);
                self.quotient_units(&numerator, &denominator, ratio.denominator.span)?;
                Some(Measure::Ratio { numerator, denominator, per: 1, unmatched: ratio.unmatched.cloned()? })
            }
            written::Measure::Rate(rate) => {
                let numerator = rate.events.get().and_then(|p| self.part(p));
                let denominator = rate.population.get().and_then(|p| self.part(p));
                Some(Measure::Ratio {
                    numerator: numerator?,
                    denominator: denominator?,
                    per: u64::try_from(rate.per.get()?.0).ok()?,
                    unmatched: rate.unmatched.cloned()?,
                })
            }
        }
    }

    fn part(&mut self, written: &written::Part) -> Option<Part> {
        match written {
            written::Part::Count(count) => self.count(count),
            written::Part::Sum(sum) => self.sum(sum),
            written::Part::Distinct(distinct) => self.distinct(distinct),
        }
    }

    fn count(&mut self, written: &written::Count) -> Option<Part> {
        Some(Part { rows: self.population(written)?, aggregate: Aggregate::Count })
    }

    fn sum(&mut self, written: &written::Sum) -> Option<Part> {
        let rows = self.population(written);
        let value = self.value(written, &written.value, Want::Quantity);
        Some(Part { rows: rows?, aggregate: Aggregate::Sum(value?) })
    }

    fn distinct(&mut self, written: &written::Distinct) -> Option<Part> {
        let rows = self.population(written);
        let value = self.value(written, &written.value, Want::Any);
        Some(Part { rows: rows?, aggregate: Aggregate::Distinct(value?) })
    }

    fn nps(&mut self, written: &written::Nps) -> Option<Measure> {
        let rows = self.population(written);
        let answer = self.value(written, &written.answer, Want::PlainNumber);
        if let Some(answer) = &answer
            && let Some(scale) = self.scale_of(answer, written)
            && scale != (0, 10)
        {
            self.findings
                .report(
                    codes::NPS_SCALE,
                    written.answer.span,
                    format!("the answer is declared on the scale {}..{}", scale.0, scale.1),
                )
                .expected("an answer on the scale 0..10")
                .fix("use `satisfaction` with this scale, or correct the attribute's `scale`");
        }
        Some(Measure::Nps { rows: rows?, answer: answer? })
    }

    /// Amounts of two currencies have no quotient.
    fn quotient_units(&mut self, numerator: &Part, denominator: &Part, at: Span) -> Option<()> {
        if let (Aggregate::Sum(a), Aggregate::Sum(b)) = (&numerator.aggregate, &denominator.aggregate)
            && let (Type::Money { currency: x, .. }, Type::Money { currency: y, .. }) = (&a.type_, &b.type_)
            && x != y
        {
            self.findings
                .report(codes::CURRENCIES, at, format!("{x} over {y} is no ratio"))
                .fix("convert one of them before it is landed, where the rate and its date are known");
            return None;
        }
        Some(())
    }

    /// The declared scale of an answer that is an attribute.
    fn scale_of(&self, answer: &Expression, rows: &impl OfRows) -> Option<(i64, i64)> {
        declared_scale(answer, self.entity(rows)?, self.around.entities)
    }

    fn rating(&mut self, written: &written::Satisfaction, kind: RatingKind) -> Option<Measure> {
        let rows = self.population(written);
        let answer = self.value(written, &written.answer, Want::PlainNumber);
        let scale = written.scale.get().map(|s| (s.0, s.1));
        if let (Some(answer), Some(scale)) = (&answer, scale)
            && let Some(declared) = self.scale_of(answer, written)
            && declared != scale
        {
            let right = format!("{}..{}", declared.0, declared.1);
            self.findings
                .report(
                    codes::RATING_SCALE,
                    written.scale.span,
                    format!("the attribute's scale is {right}, not {}..{}", scale.0, scale.1),
                )
                .replace(format!("write `scale: {right}`"), written.scale.span, right);
        }
        let summary = match (written.top.is_written(), written.summary.is_written()) {
            (true, false) => {
                let boxes = u8::try_from(written.top.get()?.0).ok()?;
                if let Some((low, high)) = scale
                    && i64::from(boxes) > high - low
                {
                    self.findings
                        .report(
                            codes::RATING_SCALE,
                            written.top.span,
                            format!("the scale {low}..{high} has {} answers", high - low + 1),
                        )
                        .expected(format!("a number from 1 to {}", high - low));
                }
                Some(RatingSummary::TopBox(boxes))
            }
            (false, true) => Some(RatingSummary::Mean),
            (both, _) => {
                let count = if both { 2 } else { 0 };
                self.findings
                    .report(
                        codes::SUMMARY,
                        written.key,
                        format!("what is made of the answers is said {count} times"),
                    )
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
                    written.answer.span,
                    format!("the answer is of type {}", type_text(&answer.type_)),
                )
                .expected("an integer");
            return None;
        }
        Some(Measure::Rating { kind, rows: rows?, answer: answer?, scale: scale?, summary: summary? })
    }

    fn duration(&mut self, written: &written::Duration) -> Option<Measure> {
        let rows = self.population(written);
        let entity = self.entity(written)?;
        let mut end = |field: &Field<PathText>| {
            let text = field.get()?;
            let (found, type_) = path(text, entity, self.around.entities, self.findings)?;
            self.is_time(&type_, text.span).then_some(Expression { type_, node: Node::Path(found) })
        };
        let (from, until) = (end(&written.from), end(&written.until));
        let summary = match (written.within.is_written(), written.summary.is_written()) {
            (true, false) => written.within.get().map(|limit| DurationSummary::Within(limit.0)),
            (false, true) => Some(DurationSummary::Mean),
            (both, _) => {
                let count = if both { 2 } else { 0 };
                self.findings
                    .report(
                        codes::SUMMARY,
                        written.key,
                        format!("what is made of the times is said {count} times"),
                    )
                    .expected("either `within: 4 hours` or `summary: mean`");
                None
            }
        };
        Some(Measure::Duration { rows: rows?, from: from?, until: until?, summary: summary? })
    }

    fn bins(&mut self, written: &written::Bins, type_: &Type) -> Option<Bins> {
        let unit = quantity_unit(type_);
        let mut edge = |field: &Field<AmountText>| {
            let found = targets::exact(field.get()?.text()?, &unit).and_then(|d| match unit {
                ValueUnit::Duration => Some(d.digits),
                _ => d.at_scale(type_.scale()),
            });
            if found.is_none() {
                self.findings
                    .report(
                        codes::BAD_BINS,
                        field.span,
                        format!("this edge is not of type {}", type_text(type_)),
                    )
                    .expected(targets::amount_text(&unit));
            }
            found
        };
        let (from, to) = (edge(&written.from), edge(&written.to));
        let (from, to) = (from?, to?);
        let count = written.count.get()?.0;
        let spacing = written.spacing.cloned()?;
        let mut problem = |message: &str, expected: &str| {
            self.findings.report(codes::BAD_BINS, written.span, message).expected(expected);
        };
        if from >= to {
            problem("the last edge is not above the first", "`from` smaller than `to`");
            return None;
        }
        if spacing == Spacing::Logarithmic && from <= 0 {
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
                } else if spacing == Spacing::Logarithmic {
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
        Some(Bins { edges, spacing })
    }
}
