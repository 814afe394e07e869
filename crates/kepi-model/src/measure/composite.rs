//! A composite: an index of other KPIs. Each comes to points from 0 to 100 between two amounts, and the points are weighted.

use std::collections::BTreeMap;

use serde_json::{Value as Json, json};

use super::{
    BasisPoints, Better, Carry, Kind, Kpi, Reader, Reading, ValueUnit, formula::Input, words::Words,
};
use crate::{
    codes,
    decode::{AmountText, Field, Map, Share, table},
    entity::Entity,
    expression::scaled,
    id::{EntityId, KpiId},
    lexical::Decimal,
    source_text::Span,
    word::{Word, words},
    wording::shorten,
};

table! {
    WrittenPart = "index_part", "A KPI in an index.";
    weight: Share, required, "Its share of the index.", "40%";
    zero: AmountText, required, "The amount that comes to 0 points; less or worse does too.", "0";
    hundred: AmountText, required, "The amount that comes to 100 points; more or better does too.", "60";
}
table! {
    Written = "composite", "An index of other KPIs: each from 0 to 100 points between two amounts, weighted.";
    kpis: Map<KpiId, WrittenPart>, required, "The KPIs, each with its weight and the amounts that come to 0 and to 100 points.",
        "{relationship_nps: {weight: 60%, zero: 0, hundred: 60}, …}";
    missing: MissingRule, default "block", "What a KPI without a value does to the index.", "block";
}

/// The KPIs of an index, as they are written: they are read before it.
pub(super) fn written_inputs(kpis: &Field<Map<KpiId, WrittenPart>>) -> impl Iterator<Item = (&KpiId, Span)> {
    kpis.items().iter().filter_map(|entry| Some((entry.key.as_ref()?, entry.span)))
}

words! {
    /// What a missing part does to the whole.
    pub enum MissingRule {
        /// Left out; coverage shows it.
        Ignore = "ignore",
        /// No score.
        Block = "block",
        /// Counts as the worst score, 0.
        WorstCase = "worst_case",
    }
}

/// An index of other KPIs.
#[derive(Debug, Clone)]
pub struct Composite {
    /// Its parts, in written order.
    pub parts: Vec<CompositePart>,
    /// What a part without a value does.
    pub missing: MissingRule,
}

/// A KPI in an index.
#[derive(Debug, Clone)]
pub struct CompositePart {
    /// The KPI.
    pub input: Input,
    /// Its share of the index.
    pub weight: BasisPoints,
    /// What comes to 0 points, in the KPI's unit.
    pub zero: f64,
    /// What comes to 100 points.
    pub hundred: f64,
}

impl Composite {
    pub(super) fn read(written: &Written, reader: &mut Reader<'_, '_>) -> Option<Self> {
        let entries = written.kpis.items();
        let mut parts = Vec::new();
        let (mut total, mut whole) = (0_u64, !entries.is_empty());
        if entries.is_empty() && written.kpis.is_written() {
            reader
                .findings
                .report(codes::COMPOSITE, written.kpis.span, "an index of nothing")
                .fix("name its KPIs");
        }
        for entry in entries {
            let Some(part) = &entry.value else {
                whole = false;
                continue;
            };
            let weight =
                part.weight.get().and_then(|share| share.0.at_scale(4)).and_then(|w| u32::try_from(w).ok());
            match (part.weight.get(), weight) {
                (Some(_), Some(weight)) => total += u64::from(weight),
                (Some(_), None) => {
                    whole = false;
                    reader
                        .findings
                        .report(codes::WEIGHTS, part.weight.span, "this weight is too fine")
                        .expected("a weight in hundredths of a per cent at most, such as `33.33%`");
                }
                (None, _) => whole = false,
            }
            // One that is not there or broken has its own finding.
            let Some(kpi) = entry.key.as_ref().and_then(|id| reader.kpis.get(id)).cloned() else { continue };
            let (zero, hundred) = (amount(&part.zero, &kpi, reader), amount(&part.hundred, &kpi, reader));
            let (Some(zero), Some(hundred)) = (zero, hundred) else { continue };
            if zero.total_cmp(&hundred).is_eq() {
                reader
                    .findings
                    .report(codes::COMPOSITE, part.hundred.span, "0 and 100 points are one amount")
                    .fix("write the amount that is as bad as it gets as `zero`, and as good as it gets as `hundred`");
                continue;
            }
            let (good, word) = (hundred > zero, kpi.better.word());
            let against = match kpi.better {
                Better::Higher => !good,
                Better::Lower => good,
                Better::InRange => false,
            };
            if against {
                reader
                    .findings
                    .report(
                        codes::COMPOSITE,
                        part.hundred.span,
                        format!("of {} {word} is better: these are the wrong way round", kpi.id),
                    )
                    .fix("exchange `zero` and `hundred`");
                continue;
            }
            let Some(weight) = weight else { continue };
            let input = Input { name: kpi.id.to_string(), kpi, ago: None, total: false };
            parts.push(CompositePart { input, weight, zero, hundred });
        }
        if whole && total != 10_000 {
            let shown = scaled(total as i64, 2);
            let shown = shown.trim_end_matches('0').trim_end_matches('.');
            reader
                .findings
                .report(
                    codes::WEIGHTS,
                    written.kpis.span,
                    format!("the weights of the index sum to {shown}%"),
                )
                .expected("100%");
            return None;
        }
        let missing = written.missing.cloned()?;
        (parts.len() == entries.len() && !parts.is_empty()).then_some(Self { parts, missing })
    }
}

/// An amount in the unit of a KPI.
fn amount(field: &Field<AmountText>, kpi: &Kpi, reader: &mut Reader<'_, '_>) -> Option<f64> {
    let text = field.get()?.text()?;
    let found = kpi.unit.exact(text).map(Decimal::to_f64);
    if found.is_none() {
        let message = format!("`{}` is not in the unit of {}", shorten(text), kpi.id);
        reader
            .findings
            .report(codes::COMPOSITE, field.span, message)
            .expected(kpi.unit.amount_text())
            .fix("write the amount as in a target of that KPI");
    }
    found
}

impl CompositePart {
    /// The points of an amount: from 0 to 100.
    pub fn points(&self, amount: f64) -> f64 {
        ((amount - self.zero) / (self.hundred - self.zero) * 100.0).clamp(0.0, 100.0)
    }
}

impl Kind for Composite {
    fn form(&self) -> Json {
        let mut parts: Vec<Json> = self
            .parts
            .iter()
            .map(|part| json!([part.input.form(), part.weight, part.zero, part.hundred]))
            .collect();
        parts.sort_by_cached_key(ToString::to_string);
        json!(["composite", parts, self.missing.word()])
    }
    fn readings(&self) -> Vec<Reading<'_>> {
        self.parts.iter().flat_map(|part| part.input.kpi.measure.kind().readings()).collect()
    }
    fn unit(&self, _: &BTreeMap<EntityId, Entity>) -> ValueUnit {
        ValueUnit::Number { decimals: 1 }
    }
    fn words(&self, _: &Words<'_>) -> String {
        let parts = self.parts.iter().map(|part| format!("{} {}", share(part.weight), part.input.kpi.name));
        let missing = match self.missing {
            MissingRule::Block => "without one of them there is no index",
            MissingRule::Ignore => "of those that have a value",
            MissingRule::WorstCase => "one without a value counts 0",
        };
        format!("Index of 0 to 100 points: {}; {missing}", parts.collect::<Vec<_>>().join(", "))
    }
    fn formula(&self, _: &Words<'_>, _: bool) -> String {
        let parts =
            self.parts.iter().map(|part| format!("{} × points({})", share(part.weight), part.input.name));
        parts.collect::<Vec<_>>().join(" + ")
    }
    fn weighs(&self) -> bool {
        false
    }
    fn over_time(&self) -> Carry {
        all_stay(self.parts.iter().map(|part| part.input.kpi.over_time()))
    }
    fn over_units(&self) -> Carry {
        all_stay(self.parts.iter().map(|part| part.input.kpi.measure.kind().over_units()))
    }
    fn inputs(&self) -> Vec<&Input> {
        self.parts.iter().map(|part| &part.input).collect()
    }
    fn range(&self, _: &ValueUnit) -> (f64, f64) {
        (0.0, 100.0)
    }
}

fn all_stay(mut of: impl Iterator<Item = Carry>) -> Carry {
    if of.all(|carry| carry == Carry::Stays) { Carry::Stays } else { Carry::Neither }
}

/// `40 %`, `33.33 %`.
fn share(weight: BasisPoints) -> String {
    let text = scaled(weight.into(), 2);
    format!("{}\u{202f}%", text.trim_end_matches('0').trim_end_matches('.'))
}
