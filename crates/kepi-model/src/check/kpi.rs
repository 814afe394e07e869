//! KPIs: measure, unit of the value, dimensions, people, gates.

mod dimensions;
mod measure;
mod targets;
mod together;
mod unit;

use std::collections::BTreeMap;

use jiff::tz::TimeZone;

use unit::unit_of;

use super::{Context, path};
use crate::{
    calendar::Calendar,
    codes,
    decode::{ExpressionText, Field, Placed},
    definitions::{self as written, OfRows},
    expression::{Expression, Path, Type},
    findings::Findings,
    id::EntityId,
    lexical::type_text,
    meaning,
    project::{Entity, Kpi, Measure, Population},
    source_text::Span,
    sql::{self, Scope, Want},
    table::Symbol,
};

pub(super) use dimensions::declared_dimensions;
pub(super) use together::together;

/// What a KPI is read in.
pub(super) struct Surroundings<'a> {
    pub(super) entities: &'a BTreeMap<EntityId, Entity>,
    pub(super) calendar: &'a Calendar,
    pub(super) zone: &'a TimeZone,
}

/// Reads a KPI.
pub(super) fn read(
    document: &Placed<written::Kpi>,
    around: &Surroundings<'_>,
    context: &mut Context<'_>,
) -> Option<Kpi> {
    let written = &document.value;
    let mut reader = Reader { around, findings: context.findings, symbols: context.symbols };
    let measure = written.measure.get().and_then(|m| reader.measure(m));
    let bases: Vec<&Entity> =
        measure.iter().flat_map(bases).filter_map(|id| around.entities.get(id)).collect();
    let by = if measure.is_some() { reader.dimensions(&written.by, &bases) } else { Vec::new() };
    let cross = reader.cross(written);
    let weight = written.weight.get().and_then(|w| reader.expression(w, bases.first()?, Want::PlainNumber));
    let unit = measure.as_ref().map(|m| unit_of(m, around.entities));
    let targets = match (&unit, written.better.get()) {
        (Some(unit), Some(better)) => targets::read(&written.targets, unit, *better, context),
        _ => Vec::new(),
    };
    warn(written, &targets, context);
    if let Some(period) = written.period.get() {
        targets::within_a_period(&written.targets, *period, around.calendar, context);
    }
    let gates = written.publish_if.get();
    let mut kpi = Kpi {
        id: written.kpi.get()?.id.clone()?,
        name: written.name.cloned()?,
        description: written.description.cloned(),
        objective: written.objective.cloned(),
        indicator: written.indicator.cloned(),
        better: written.better.cloned()?,
        measure: measure?,
        unit: unit?,
        period: written.period.cloned()?,
        by,
        cross,
        as_of: written.as_of.cloned()?,
        weight,
        minimum_n: gates.and_then(|g| u64::try_from(g.n.get()?.0).ok()),
        minimum_coverage: written.coverage_at_least.get().map(|s| s.0.to_f64()),
        targets,
        accountable: written.accountable.cloned(),
        responsible: written.responsible.values(),
        consulted: written.consulted.values(),
        informed: written.informed.values(),
        purpose: written.purpose.cloned(),
        assumptions: written.assumptions.values(),
        hash: crate::id::Hash([0; 32]),
        text: context.files.slice(document.span).to_owned(),
        span: written.kpi.span,
    };
    kpi.hash = meaning::kpi(&kpi, around.calendar);
    Some(kpi)
}

/// What is probably not as meant.
fn warn(written: &written::Kpi, targets: &[crate::project::Target], context: &mut Context<'_>) {
    let name = written.kpi.get().map_or("", |k| k.text.as_str());
    let mut missing = |is_absent: bool, code, message: String, fix: &str| {
        if is_absent {
            context.report(code, written.kpi.span, message).fix(fix);
        }
    };
    missing(
        written.objective.is_absent(),
        codes::NO_OBJECTIVE,
        format!("the KPI `{name}` serves no objective"),
        "add `objective: …`, the name of an objective of the strategy",
    );
    missing(
        written.indicator.is_absent(),
        codes::NO_INDICATOR,
        format!("whether `{name}` is leading or lagging is not said"),
        "add `indicator: leading` or `indicator: lagging`",
    );
    missing(
        written.accountable.is_absent(),
        codes::NO_ACCOUNTABLE,
        format!("nobody is accountable for `{name}`"),
        "add `accountable: …`, the name of a person",
    );
    if let (Some(today), Some(first)) = (context.options.today, targets.iter().map(|t| t.from).min())
        && first > today
    {
        context
            .report(codes::TARGET_FUTURE, written.targets.span, format!("the first target starts on {first}"))
            .expected(format!("a target that holds on {today}"))
            .fix("add the target that holds until then");
    }
}

/// The base entities of a measure, the numerator's first.
pub(crate) fn bases(measure: &Measure) -> Vec<&EntityId> {
    let mut all: Vec<&EntityId> = match measure {
        Measure::Total(part) => vec![&part.rows.of],
        Measure::Mean { rows, .. }
        | Measure::Share { rows, .. }
        | Measure::Quantile { rows, .. }
        | Measure::Nps { rows, .. }
        | Measure::Rating { rows, .. }
        | Measure::Duration { rows, .. } => vec![&rows.of],
        Measure::Ratio { numerator, denominator, .. } => vec![&numerator.rows.of, &denominator.rows.of],
    };
    all.dedup();
    all
}

struct Reader<'a, 'b> {
    around: &'a Surroundings<'a>,
    findings: &'b mut Findings,
    symbols: &'a crate::symbols::Symbols,
}

impl<'a> Reader<'a, '_> {
    /// The entity whose rows a measure looks at, if it is known.
    fn entity(&self, rows: &impl OfRows) -> Option<&'a Entity> {
        self.around.entities.get(rows.of().get()?)
    }

    fn population(&mut self, rows: &impl OfRows) -> Option<Population> {
        let entity = self.entity(rows)?;
        if !self.symbols.contains(Symbol::Entity, entity.id.as_str()) {
            return None;
        }
        let at = match (rows.at().get(), &entity.time) {
            (Some(at), _) => {
                let (found, type_) = path(at, entity, self.around.entities, self.findings)?;
                self.is_time(&type_, at.span).then_some(found)
            }
            (None, _) if rows.at().is_written() => None,
            (None, Some(time)) => Some(Path { references: Vec::new(), attribute: time.clone() }),
            (None, None) => {
                self.findings
                    .report(
                        codes::NO_TIME,
                        rows.of().span,
                        format!("nothing dates the rows of {}", entity.id),
                    )
                    .fix("add `at`, a path to a date or timestamp");
                None
            }
        };
        let filter = rows.filter().get().map(|condition| self.expression(condition, entity, Want::Condition));
        if rows.filter().is_written() && !matches!(filter, Some(Some(_))) {
            return None;
        }
        Some(Population { of: entity.id.clone(), at: at?, filter: filter.flatten() })
    }

    fn is_time(&mut self, type_: &Type, at: Span) -> bool {
        let time = matches!(type_, Type::Date | Type::Timestamp);
        if !time {
            self.findings
                .report(codes::NOT_A_TIME, at, format!("this is of type {}", type_text(type_)))
                .expected("a date or a timestamp");
        }
        time
    }

    fn expression(&mut self, text: &ExpressionText, entity: &Entity, want: Want) -> Option<Expression> {
        let scope =
            Scope { entities: self.around.entities, base: entity, walk: true, zone: self.around.zone };
        sql::expression(text, &scope, want, self.findings)
    }

    /// An expression of a measure; looked at even if the population is broken but its entity is known.
    fn value(&mut self, rows: &impl OfRows, field: &Field<ExpressionText>, want: Want) -> Option<Expression> {
        let entity = self.entity(rows)?;
        self.expression(field.get()?, entity, want)
    }
}
