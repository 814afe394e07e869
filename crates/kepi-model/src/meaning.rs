//! Hashes by meaning: what decides a value changes them, how it is spelled does not, nor how Rust names it.
//!
//! Each hash is taken of a form that is written out by hand (`form`), in which lists without order are sorted; the order
//! of keys, comments, names and descriptions never count.

mod form;

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

use crate::{
    calendar::Calendar,
    expression::{Expression, Node, Path},
    id::{EntityId, Hash, KpiId},
    project::{
        Aggregate, Connector, EnumElse, Kpi, Mapping, MappingFrom, Measure, Parse, Part, Population,
        Requirement, Scorecard, Source, SourceZone,
    },
    word::Word,
};

fn hash(kind: &str, form: &Value) -> Hash {
    Hash::of(format!("kepi {kind} v1\n{form}").as_bytes())
}

/// Values without order, in one order.
fn sorted(values: impl Iterator<Item = Value>) -> Value {
    let mut values: Vec<Value> = values.collect();
    values.sort_by_cached_key(ToString::to_string);
    values.into()
}

/// The canonical form of an expression, version 1, for hashes of what contains one.
pub fn expression_form(expression: &Expression) -> Value {
    form::expression(expression)
}

/// The canonical form of a path, version 1.
pub fn path_form(path: &Path) -> Value {
    form::path(path)
}

/// What turns instants into periods.
pub fn calendar(calendar: &Calendar) -> Hash {
    hash("calendar", &form::calendar(calendar))
}

/// What decides the values of a KPI.
pub(crate) fn kpi(kpi: &Kpi, calendar: &Calendar) -> Hash {
    let cross = kpi.cross.iter().map(|combination| sorted(combination.iter().map(|d| json!(d))));
    hash(
        "kpi",
        &json!([
            form::measure(&kpi.measure),
            kpi.period.word(),
            sorted(kpi.by.iter().map(form::dimension)),
            sorted(cross),
            kpi.as_of.word(),
            form::option(kpi.weight.as_ref(), form::expression),
            kpi.minimum_n,
            kpi.minimum_coverage,
            form::calendar(calendar),
        ]),
    )
}

/// What decides how the rows of a source come out.
pub(crate) fn source(source: &Source) -> Hash {
    let from = match &source.from {
        Connector::Csv { delimiter, encoding, header_row, .. } => {
            json!(["csv", delimiter, encoding, header_row])
        }
        Connector::Ndjson { .. } => json!(["ndjson"]),
        Connector::Parquet { .. } => json!(["parquet"]),
    };
    let SourceZone { name, ambiguous, missing } = &source.zone;
    let rules = source.rules.iter().map(|r| {
        let require = match &r.require {
            Requirement::Row(e) => json!(["row", form::expression(e)]),
            Requirement::Unique(ids) => json!(["unique", ids]),
            Requirement::RowsAtLeast(n) => json!(["rows", n]),
            Requirement::RowsAgainstHistory { share, loads } => json!(["history", share, loads]),
        };
        json!([r.id, require, r.otherwise.word()])
    });
    hash(
        "source",
        &json!([
            source.into,
            from,
            source.mode.word(),
            source.key,
            source.version,
            ["zone", name, ambiguous.word(), missing.word()],
            sorted(source.missing.iter().map(|t| json!(t))),
            form::option(source.only.as_ref(), form::expression),
            sorted(source.map.iter().map(mapping)),
            sorted(rules),
        ]),
    )
}

fn mapping(mapping: &Mapping) -> Value {
    let pairs = |pairs: &[(String, String)]| sorted(pairs.iter().map(|pair| json!(pair)));
    let from = match &mapping.from {
        MappingFrom::Column { column, parse, replace, prefix, missing } => {
            let parse = match parse {
                Parse::Text => json!(["text"]),
                Parse::Number { scale, decimal_mark, excess } => {
                    json!(["number", scale, decimal_mark, excess.word()])
                }
                Parse::Duration { unit_micros, decimal_mark } => {
                    json!(["duration", unit_micros, decimal_mark])
                }
                Parse::Boolean { yes, no } => json!(["boolean", yes, no]),
                Parse::Date { format } => json!(["date", format]),
                Parse::Timestamp { format } => json!(["timestamp", format]),
                Parse::Enum { values, other } => {
                    let other = match other {
                        EnumElse::Quarantine => json!("quarantine"),
                        EnumElse::Missing => json!("missing"),
                        EnumElse::Value(v) => json!(["value", v]),
                    };
                    json!(["enum", pairs(values), other])
                }
            };
            json!(["column", column, parse, pairs(replace), prefix, pairs(missing)])
        }
        MappingFrom::Position => json!(["position"]),
        MappingFrom::Constant(literal) => json!(["constant", form::literal(literal)]),
        MappingFrom::Expression(e) => json!(["expression", form::expression(e)]),
    };
    json!([mapping.attribute, form::type_(&mapping.type_), from, mapping.required])
}

/// What decides the score of a scorecard: period, rules, weights, cascade, and its KPIs with their targets.
pub(crate) fn scorecard(scorecard: &Scorecard, kpis: &BTreeMap<KpiId, Kpi>) -> Hash {
    let mut tree: Vec<Value> = Vec::new();
    let mut used: BTreeSet<&KpiId> = BTreeSet::new();
    for perspective in &scorecard.perspectives {
        for objective in &perspective.objectives {
            for (kpi, weight) in &objective.kpis {
                used.insert(kpi);
                let (above, beside) = (perspective.weight, objective.weight);
                tree.push(json!([perspective.id, above, objective.id, beside, kpi, weight]));
            }
        }
    }
    let kpis = used.into_iter().filter_map(|id| kpis.get(id)).map(|kpi| {
        let targets: Value =
            kpi.targets.iter().map(|t| json!([t.from.to_string(), t.unit, form::lines(&t.lines)])).collect();
        json!([kpi.id, kpi.hash, kpi.better.word(), targets])
    });
    let cascade = scorecard.cascade.as_ref().map(|c| {
        let levels: Value = c.levels.iter().map(|(level, dimension)| json!([level, dimension])).collect();
        json!([levels, c.value.word(), c.targets.word()])
    });
    hash(
        "scorecard",
        &json!([
            scorecard.unit,
            scorecard.period.word(),
            scorecard.missing.word(),
            scorecard.minimum_coverage,
            sorted(tree.into_iter()),
            kpis.collect::<Value>(),
            cascade,
        ]),
    )
}

/// Every entity whose rows a KPI looks at: bases and those reached by references.
pub(crate) fn entities_read(kpi: &Kpi) -> BTreeSet<EntityId> {
    let mut out = BTreeSet::new();
    let part = |part: &Part, out: &mut BTreeSet<EntityId>| {
        population(&part.rows, out);
        match &part.aggregate {
            Aggregate::Count => {}
            Aggregate::Sum(e) | Aggregate::Distinct(e) => expression(e, out),
        }
    };
    match &kpi.measure {
        Measure::Total(p) => part(p, &mut out),
        Measure::Mean { rows, value } | Measure::Quantile { rows, value, .. } => {
            population(rows, &mut out);
            expression(value, &mut out);
        }
        Measure::Share { rows, which } => {
            population(rows, &mut out);
            expression(which, &mut out);
        }
        Measure::Nps { rows, answer } | Measure::Rating { rows, answer, .. } => {
            population(rows, &mut out);
            expression(answer, &mut out);
        }
        Measure::Duration { rows, from, until, .. } => {
            population(rows, &mut out);
            expression(from, &mut out);
            expression(until, &mut out);
        }
        Measure::Ratio { numerator, denominator, .. } => {
            part(numerator, &mut out);
            part(denominator, &mut out);
        }
    }
    if let Some(weight) = &kpi.weight {
        expression(weight, &mut out);
    }
    for dimension in &kpi.by {
        dimension.paths.values().for_each(|p| path(p, &mut out));
    }
    out
}

fn path(path: &Path, out: &mut BTreeSet<EntityId>) {
    out.extend(path.references.iter().map(|(_, e)| e.clone()));
}

fn population(rows: &Population, out: &mut BTreeSet<EntityId>) {
    out.insert(rows.of.clone());
    path(&rows.at, out);
    if let Some(filter) = &rows.filter {
        expression(filter, out);
    }
}

fn expression(e: &Expression, out: &mut BTreeSet<EntityId>) {
    e.visit(&mut |e| match &e.node {
        Node::Path(p) => path(p, out),
        Node::Exists(_, entity) => {
            out.insert(entity.clone());
        }
        _ => {}
    });
}
