//! A formula: other KPIs put together, of the same period and segment. It reads their estimates, so what is uncertain in
//! them is uncertain in it.

mod units;
mod value;

use std::{collections::BTreeMap, sync::Arc};

use serde_json::{Value as Json, json};

use super::{
    Aggregate, Carry, Kind, Kpi, Measure, Reader, Reading, ValueUnit,
    words::{Words, capital},
};
use crate::{
    codes,
    decode::{Ago as WrittenAgo, Either, ExpressionText, Field, Keyed, Map, Name, choices, table},
    entity::Entity,
    id::{AttributeId, EntityId, KpiId},
    source_text::Span,
    window::Ago,
    word::{Word, words},
    wording::{quoted, shorten},
};

pub use value::{Choice, Node, Operator, Part};

table! {
    WrittenInput = "input", "A KPI in a formula.";
    kpi: KpiId, required, "Which KPI.", "revenue_12_months";
    ago: WrittenAgo, optional, "So many periods earlier, or so long by the calendar.", "1 year";
    total: bool, default "false", "Over all rows, also in segments.", "true";
}
/// A KPI, or one of another time.
pub(crate) type InputText = Either<KpiId, WrittenInput>;

table! {
    Written = "formula", "Other KPIs put together, of the same period and segment.";
    kpis: Map<Name<AttributeId>, InputText>, required, "The KPIs, each under the name that it has in `value`.",
        "{cost: cac, gain: revenue_per_customer}";
    value: ExpressionText, required, "What is computed of them: `+ - * /`, `least`, `greatest`.", "cost / gain";
    measured_in: Plain, optional, "Of a plain number: how it is shown.", "share";
    interval: Together, default "any", "What is known of how the KPIs vary together.", "any";
}

words! {
    /// How a plain number is shown.
    pub enum Plain {
        /// In per cent.
        Share = "share",
        /// As it is.
        Number = "number",
    }
    /// What is known of how inputs vary together.
    pub enum Together {
        /// Nothing: the interval holds whatever their dependence.
        Any = "any",
        /// They are independent.
        Independent = "independent",
    }
}
choices!(Plain, Together);

/// Other KPIs put together.
#[derive(Debug, Clone)]
pub struct Formula {
    /// The KPIs, in written order.
    pub inputs: Vec<Input>,
    /// What is computed of them.
    pub value: Part,
    /// What is known of how they vary together.
    pub together: Together,
    /// What the value is.
    unit: ValueUnit,
}

/// A KPI that another one is computed of.
#[derive(Debug, Clone)]
pub struct Input {
    /// Its name there.
    pub name: String,
    /// The KPI.
    pub kpi: Arc<Kpi>,
    /// How much earlier its period is.
    pub ago: Option<Ago>,
    /// Whether it is taken over all rows, also in segments.
    pub total: bool,
}

impl Input {
    /// `Revenue, 1 year earlier`.
    pub fn words(&self) -> String {
        let mut text = self.kpi.name.clone();
        if let Some(ago) = self.ago {
            text.push_str(&format!(", {}", ago.words()));
        }
        if self.total {
            text.push_str(", over all rows");
        }
        text
    }

    pub(super) fn form(&self) -> Json {
        json!([self.kpi.hash, self.ago.map(Ago::form), self.total])
    }
}

/// The KPIs that a measure is computed of, as they are written: they are read before it.
pub(crate) fn written_inputs(
    kpis: &Field<Map<Name<AttributeId>, InputText>>,
) -> impl Iterator<Item = (&KpiId, Span)> {
    kpis.items().iter().filter_map(|entry| match entry.value.as_ref()? {
        Either::This(kpi) => Some((kpi, entry.at)),
        Either::That(input) => Some((input.kpi.get()?, input.kpi.span)),
    })
}

fn input(entry: &Keyed<Name<AttributeId>, InputText>, reader: &Reader<'_, '_>) -> Option<Input> {
    let (kpi, ago, total) = match entry.value.as_ref()? {
        Either::This(kpi) => (kpi, None, false),
        Either::That(input) => (input.kpi.get()?, input.ago.cloned(), input.total.cloned()?),
    };
    // One that is not there or broken has its own finding.
    let kpi = Arc::clone(reader.kpis.get(kpi)?);
    Some(Input { name: entry.text.clone(), kpi, ago: ago.map(|ago| ago.0), total })
}

impl Formula {
    pub(super) fn read(written: &Written, reader: &mut Reader<'_, '_>) -> Option<Self> {
        let entries = written.kpis.items();
        if entries.is_empty() {
            if written.kpis.is_written() {
                reader
                    .findings
                    .report(codes::FORMULA, written.kpis.span, "a formula of nothing")
                    .fix("name the KPIs");
            }
            return None;
        }
        let text = written.value.get()?;
        let names: Vec<&str> = entries.iter().map(|entry| entry.text.as_str()).collect();
        let place_of = |name: &str| names.iter().position(|known| *known == name);
        let value = match value::parse(text.text()?, &place_of) {
            Ok(value) => value,
            Err(wrong) => {
                let at = text.place_within(wrong.at.start, wrong.at.end);
                let finding = match &wrong.unknown {
                    Some(name) => {
                        let known = names.iter().copied();
                        let finding = reader.findings.unknown(codes::FORMULA, at, wrong.why, name, known);
                        finding.expected(format!("one of {}", quoted(names.iter().copied())));
                        if finding.fix.is_none() && reader.symbols.contains(crate::table::Symbol::Kpi, name) {
                            finding.fix(format!("add it: `kpis: {{…, {name}: {name}}}`"));
                        }
                        finding
                    }
                    None => reader.findings.report(
                        codes::FORMULA,
                        at,
                        format!("this is no formula: {}", wrong.why),
                    ),
                };
                if let Some(fix) = wrong.fix {
                    finding.fix(fix);
                }
                return None;
            }
        };
        let counts = value.occurrences(entries.len());
        for (entry, _) in entries.iter().zip(counts).filter(|(_, count)| *count == 0) {
            reader
                .findings
                .report(
                    codes::FORMULA,
                    entry.span,
                    format!("`{}` does not occur in `value`", shorten(&entry.text)),
                )
                .fix("use it, or remove it");
        }
        let inputs: Option<Vec<Input>> = entries.iter().map(|entry| input(entry, reader)).collect();
        let inputs = inputs?;
        let units: Vec<ValueUnit> = inputs.iter().map(|input| input.kpi.unit.clone()).collect();
        let unit = match units::unit_of(&value, &units) {
            Ok(units::Of::Unit(unit)) => unit,
            Ok(units::Of::Literal(_)) => ValueUnit::Number { decimals: 2 },
            Err(clash) => {
                let code = if clash.currencies { codes::CURRENCIES } else { codes::FORMULA };
                let at = text.place_within(clash.at.0, clash.at.1);
                reader.findings.report(code, at, clash.why).fix(clash.fix);
                return None;
            }
        };
        let unit = shown(written, unit, reader)?;
        let formula = Self { inputs, value, together: written.interval.cloned()?, unit };
        formula.is_no_ratio(text.place_within(0, text.text()?.len()), reader).then_some(formula)
    }

    /// One sum by another of the same rows is a `ratio`, whose interval knows that they are.
    fn is_no_ratio(&self, at: Span, reader: &mut Reader<'_, '_>) -> bool {
        let Node::Two(Operator::Divide, above, below) = &self.value.node else { return true };
        let (Node::Input(above), Node::Input(below)) = (&above.node, &below.node) else { return true };
        let Some((above, below)) = self.inputs.get(*above).zip(self.inputs.get(*below)) else { return true };
        let plain = |input: &Input| {
            let sum = matches!(input.kpi.measure, Measure::Total(_)) && input.kpi.weight.is_none();
            sum && input.ago.is_none() && !input.total
        };
        if !plain(above) || !plain(below) || above.kpi.over != below.kpi.over {
            return true;
        }
        let (Measure::Total(above), Measure::Total(below)) = (&above.kpi.measure, &below.kpi.measure) else {
            return true;
        };
        let word = |aggregate: &Aggregate| match aggregate {
            Aggregate::Count => "count",
            Aggregate::Sum(_) => "sum",
            Aggregate::Distinct(_) => "distinct",
        };
        reader.findings.report(codes::FORMULA_RATIO, at, "one total by another is a `ratio`").fix(format!(
            "write `ratio: {{numerator: {{{}: {{of: {}, …}}}}, denominator: {{{}: {{of: {}, …}}}}}}`",
            word(&above.aggregate),
            above.rows.of,
            word(&below.aggregate),
            below.rows.of
        ));
        false
    }

    /// How the value grows as totals do that add up: as they do (1), not at all (0); none: neither.
    fn degree(part: &Part, inputs: &[i32]) -> Option<i32> {
        Some(match &part.node {
            Node::Input(place) => *inputs.get(*place)?,
            Node::Number { .. } => 0,
            Node::Negate(of) => Self::degree(of, inputs)?,
            Node::Two(operator, a, b) => {
                let (a, b) = (Self::degree(a, inputs)?, Self::degree(b, inputs)?);
                match operator {
                    Operator::Add | Operator::Subtract => (a == b).then_some(a)?,
                    Operator::Multiply => a + b,
                    Operator::Divide => a - b,
                }
            }
            Node::Of(_, all) => {
                let mut degrees = all.iter().map(|part| Self::degree(part, inputs));
                let first = degrees.next()??;
                degrees.all(|degree| degree == Some(first)).then_some(first)?
            }
        })
    }

    fn carry(&self, of: impl Fn(&Input) -> Carry) -> Carry {
        let degrees = self.inputs.iter().map(|input| match of(input) {
            Carry::AddsUp => Some(1),
            Carry::Stays => Some(0),
            Carry::Neither => None,
        });
        let degree = degrees.collect::<Option<Vec<i32>>>().and_then(|of| Self::degree(&self.value, &of));
        // A sum of totals adds up; the least of several does not.
        let mut is_linear = true;
        self.value.visit(&mut |part| is_linear &= !matches!(part.node, Node::Of(..)));
        match degree {
            Some(0) => Carry::Stays,
            Some(1) if is_linear => Carry::AddsUp,
            _ => Carry::Neither,
        }
    }
}

/// A plain number may be shown in per cent.
fn shown(written: &Written, unit: ValueUnit, reader: &mut Reader<'_, '_>) -> Option<ValueUnit> {
    let Some(wanted) = written.measured_in.get() else { return Some(unit) };
    if !matches!(unit, ValueUnit::Number { .. } | ValueUnit::Share | ValueUnit::Count) {
        reader
            .findings
            .report(
                codes::FORMULA,
                written.measured_in.span,
                format!(
                    "the formula comes to something that is no plain number and cannot be a {}",
                    wanted.word()
                ),
            )
            .fix("remove `measured_in`: the unit follows from the KPIs");
        return None;
    }
    Some(match (wanted, unit) {
        (Plain::Share, _) => ValueUnit::Share,
        (Plain::Number, ValueUnit::Share) => ValueUnit::Number { decimals: 2 },
        (Plain::Number, unit) => unit,
    })
}

impl Kind for Formula {
    fn form(&self) -> Json {
        let inputs: Json = self.inputs.iter().map(Input::form).collect();
        json!(["formula", inputs, self.value.form(), self.together.word(), unit_form(&self.unit)])
    }
    fn readings(&self) -> Vec<Reading<'_>> {
        self.inputs.iter().flat_map(|input| input.kpi.measure.kind().readings()).collect()
    }
    fn unit(&self, _: &BTreeMap<EntityId, Entity>) -> ValueUnit {
        self.unit.clone()
    }
    fn words(&self, _: &Words<'_>) -> String {
        let names: Vec<String> =
            self.inputs.iter().map(Input::words).map(|name| format!("[{name}]")).collect();
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        let how = match self.together {
            Together::Any => "",
            Together::Independent => "; the KPIs are taken to be independent",
        };
        format!("{}{how}", capital(&self.value.text(&names)))
    }
    fn formula(&self, _: &Words<'_>, _: bool) -> String {
        let names: Vec<&str> = self.inputs.iter().map(|input| input.name.as_str()).collect();
        self.value.text(&names)
    }
    fn weighs(&self) -> bool {
        false
    }
    fn over_time(&self) -> Carry {
        self.carry(|input| input.kpi.over_time())
    }
    fn over_units(&self) -> Carry {
        self.carry(|input| if input.total { Carry::Stays } else { input.kpi.measure.kind().over_units() })
    }
    fn inputs(&self) -> Vec<&Input> {
        self.inputs.iter().collect()
    }
    fn range(&self, _: &ValueUnit) -> (f64, f64) {
        (f64::NEG_INFINITY, f64::INFINITY)
    }
}

/// A unit in a hash, where it is not all in the inputs.
fn unit_form(unit: &ValueUnit) -> Json {
    match unit {
        ValueUnit::Share => json!("share"),
        _ => json!("own"),
    }
}
