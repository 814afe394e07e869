//! KPIs: measure, unit of the value, dimensions, people, gates.

mod dimensions;
mod measure;
mod targets;
mod together;
mod unit;

use std::collections::BTreeMap;

use jiff::tz::TimeZone;

use unit::unit_of;

use super::{Context, codes, id, ids, name_place, path, place, text, texts};
use crate::{
    calendar::{Calendar, Grain},
    expression::{Expression, Path, Type},
    findings::Findings,
    id::EntityId,
    lexical::{self, type_text},
    meaning,
    project::{AsOf, Better, Entity, Indicator, Kpi, Measure, Population},
    source_text::Span,
    sql::{self, Scope, Want},
    table::Symbol,
    yaml::{Document, Node},
};

pub(super) use dimensions::declared_dimensions;
pub(super) use together::together;

/// What a KPI is read in.
pub(super) struct Surroundings<'a> {
    pub(super) entities: &'a BTreeMap<EntityId, Entity>,
    pub(super) calendar: &'a Calendar,
    pub(super) zone: &'a TimeZone,
}

/// The length of a period by its word.
pub(super) fn grain(word: &str) -> Option<Grain> {
    Some(match word {
        "day" => Grain::Day,
        "week" => Grain::Week,
        "month" => Grain::Month,
        "quarter" => Grain::Quarter,
        "half_year" => Grain::HalfYear,
        "year" => Grain::Year,
        _ => return None,
    })
}

/// Reads a KPI.
pub(super) fn read(document: &Document, around: &Surroundings<'_>, context: &mut Context<'_>) -> Option<Kpi> {
    let root = &document.root;
    let indicator = match root.get_text("indicator") {
        Some("leading") => Some(Indicator::Leading),
        Some("lagging") => Some(Indicator::Lagging),
        _ => None,
    };
    let better = match root.get_text("better") {
        Some("higher") => Some(Better::Higher),
        Some("lower") => Some(Better::Lower),
        Some("in_range") => Some(Better::InRange),
        _ => None,
    };
    let mut reader = Reader { around, findings: context.findings, symbols: context.symbols };
    let measure = root.get("measure").and_then(|node| reader.measure(node));
    let bases: Vec<&Entity> =
        measure.iter().flat_map(bases).filter_map(|id| around.entities.get(id)).collect();
    let by = if measure.is_some() { reader.dimensions(root, &bases) } else { Vec::new() };
    let dimension_names = declared_dimensions(root);
    let cross = reader.cross(root, &dimension_names);
    let weight = root.get("weight").and_then(|node| {
        let base = bases.first()?;
        let scope = Scope { entities: around.entities, base, walk: true, zone: around.zone };
        sql::expression(node, &scope, Want::PlainNumber, reader.findings)
    });
    let unit = measure.as_ref().map(|m| unit_of(m, around.entities));
    let targets = match (&unit, better) {
        (Some(unit), Some(better)) => targets::read(root, unit, better, context),
        _ => Vec::new(),
    };
    let period = root.get_text("period").and_then(grain);
    warn(root, &targets, context);
    if let Some(period) = period {
        targets::within_a_period(root, period, around.calendar, context);
    }
    let mut kpi = Kpi {
        id: id(root, "kpi")?,
        name: text(root, "name")?,
        description: text(root, "description"),
        objective: id(root, "objective"),
        indicator,
        better: better?,
        measure: measure?,
        unit: unit?,
        period: period?,
        by,
        cross,
        as_of: if root.get_text("as_of") == Some("now") { AsOf::Now } else { AsOf::Event },
        weight,
        minimum_n: root.get("publish_if").and_then(|p| p.get_text("n")?.parse().ok()),
        minimum_coverage: root
            .get_text("coverage_at_least")
            .and_then(lexical::share)
            .map(lexical::Decimal::to_f64),
        targets,
        accountable: id(root, "accountable"),
        responsible: ids(root, "responsible"),
        consulted: ids(root, "consulted"),
        informed: ids(root, "informed"),
        purpose: id(root, "purpose"),
        assumptions: texts(root, "assumptions"),
        hash: crate::id::Hash([0; 32]),
        text: context.files.slice(document.text).to_owned(),
        span: name_place(root),
    };
    kpi.hash = meaning::kpi(&kpi, around.calendar);
    Some(kpi)
}

/// What is probably not as meant.
fn warn(root: &Node, targets: &[crate::project::Target], context: &mut Context<'_>) {
    let at = name_place(root);
    let name = root.get_text("kpi").unwrap_or_default();
    let mut missing = |field: &str, code, message: String, fix: &str| {
        if root.get(field).is_none() && !crate::decode::is_misspelt(root, &crate::definitions::KPI, field) {
            context.findings.report(code, at, message).fix(fix);
        }
    };
    missing(
        "objective",
        codes::NO_OBJECTIVE,
        format!("the KPI `{name}` serves no objective"),
        "add `objective: …`, the name of an objective of the strategy",
    );
    missing(
        "indicator",
        codes::NO_INDICATOR,
        format!("whether `{name}` is leading or lagging is not said"),
        "add `indicator: leading` or `indicator: lagging`",
    );
    missing(
        "accountable",
        codes::NO_ACCOUNTABLE,
        format!("nobody is accountable for `{name}`"),
        "add `accountable: …`, the name of a person",
    );
    if let (Some(today), Some(first)) = (context.options.today, targets.iter().map(|t| t.from).min())
        && first > today
    {
        context
            .findings
            .report(
                codes::TARGET_FUTURE,
                place(root, "targets"),
                format!("the first target starts on {first}"),
            )
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
    fn population(&mut self, node: &Node) -> Option<(Population, &'a Entity)> {
        let of = node.get_text("of")?;
        if !self.symbols.contains(Symbol::Entity, of) {
            return None;
        }
        let entity = self.around.entities.get(&of.parse().ok()?)?;
        let at = match node.get("at") {
            Some(at) => {
                let (found, type_) = path(at, entity, self.around.entities, self.findings)?;
                self.is_time(&type_, at.span).then_some(found)
            }
            None => match &entity.time {
                Some(time) => Some(Path { references: Vec::new(), attribute: time.clone() }),
                None => {
                    self.findings
                        .report(
                            codes::NO_TIME,
                            place(node, "of"),
                            format!("nothing dates the rows of {}", entity.id),
                        )
                        .fix("add `at`, a path to a date or timestamp");
                    None
                }
            },
        };
        let mut broken = at.is_none();
        let filter = match node.get("where") {
            None => None,
            Some(condition) => {
                let typed = self.expression(condition, entity, Want::Condition);
                broken |= typed.is_none();
                typed
            }
        };
        (!broken).then_some(())?;
        Some((Population { of: entity.id.clone(), at: at?, filter }, entity))
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

    fn expression(&mut self, node: &Node, entity: &Entity, want: Want) -> Option<Expression> {
        let scope =
            Scope { entities: self.around.entities, base: entity, walk: true, zone: self.around.zone };
        sql::expression(node, &scope, want, self.findings)
    }

    /// An expression field of a measure; looked at even if the population is broken but its entity is known.
    fn value(&mut self, node: &Node, field: &str, want: Want) -> Option<Expression> {
        let entity = self.around.entities.get(&node.get_text("of")?.parse().ok()?)?;
        let value = node.get(field)?;
        self.expression(value, entity, want)
    }
}
