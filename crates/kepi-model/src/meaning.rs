//! Hashes by meaning: what decides a value changes them, how it is spelled does not.
//!
//! Each hash is taken of canonical JSON in which maps and lists without order are sorted, so the order of keys,
//! comments, names and descriptions never count.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

use crate::{
    calendar::Calendar,
    expression::{Expression, Node, Path},
    id::{EntityId, Hash, KpiId},
    project::{
        Aggregate, CascadeTargets, CascadeValue, Connector, EnumElse, Kpi, Mapping, MappingFrom, Measure,
        Parse, Part, Population, Requirement, Scorecard, Source,
    },
};

fn hash(kind: &str, value: &Value) -> Hash {
    Hash::of(format!("kepi {kind} 1\n{value}").as_bytes())
}

/// What decides the values of a KPI.
pub(crate) fn kpi(kpi: &Kpi, calendar: &Calendar) -> Hash {
    let mut by: Vec<Value> = kpi.by.iter().map(|d| json!(d)).collect();
    by.sort_by_key(ToString::to_string);
    let mut cross: Vec<Vec<&str>> = kpi
        .cross
        .iter()
        .map(|c| {
            let mut names: Vec<&str> = c.iter().map(|d| d.as_str()).collect();
            names.sort_unstable();
            names
        })
        .collect();
    cross.sort();
    hash(
        "kpi",
        &json!({
            "measure": kpi.measure,
            "period": kpi.period,
            "by": by,
            "cross": cross,
            "as_of": kpi.as_of,
            "weight": kpi.weight,
            "minimum_n": kpi.minimum_n,
            "minimum_coverage": kpi.minimum_coverage,
            "calendar": calendar,
        }),
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
    let mut map: Vec<Value> = source.map.iter().map(mapping).collect();
    map.sort_by_key(ToString::to_string);
    let mut rules: Vec<Value> = source
        .rules
        .iter()
        .map(|r| {
            let require = match &r.require {
                Requirement::Row(e) => json!(["row", e]),
                Requirement::Unique(ids) => json!(["unique", ids]),
                Requirement::RowsAtLeast(n) => json!(["rows", n]),
                Requirement::RowsAgainstHistory { share, loads } => json!(["history", share, loads]),
            };
            json!([r.id, require, r.otherwise])
        })
        .collect();
    rules.sort_by_key(ToString::to_string);
    let mut missing = source.missing.clone();
    missing.sort();
    hash(
        "source",
        &json!({
            "into": source.into,
            "from": from,
            "mode": source.mode,
            "key": source.key,
            "version": source.version,
            "zone": source.zone,
            "missing": missing,
            "only": source.only,
            "map": map,
            "rules": rules,
        }),
    )
}

fn sorted(pairs: &[(String, String)]) -> Vec<(String, String)> {
    let mut pairs = pairs.to_vec();
    pairs.sort();
    pairs
}

fn mapping(mapping: &Mapping) -> Value {
    let from = match &mapping.from {
        MappingFrom::Column { column, parse, replace, prefix, missing } => {
            let parse = match parse {
                Parse::Text => json!(["text"]),
                Parse::Number { scale, decimal_mark, excess } => {
                    json!(["number", scale, decimal_mark, excess])
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
                    json!(["enum", sorted(values), other])
                }
            };
            json!(["column", column, parse, sorted(replace), prefix, sorted(missing)])
        }
        MappingFrom::Position => json!(["position"]),
        MappingFrom::Constant(literal) => json!(["constant", literal]),
        MappingFrom::Expression(e) => json!(["expression", e]),
    };
    json!([mapping.attribute, mapping.type_, from, mapping.required])
}

/// What decides the score of a scorecard: period, rules, weights, cascade, and its KPIs with their targets.
pub(crate) fn scorecard(scorecard: &Scorecard, kpis: &BTreeMap<KpiId, Kpi>) -> Hash {
    let mut tree: Vec<Value> = Vec::new();
    let mut used: BTreeSet<&KpiId> = BTreeSet::new();
    for perspective in &scorecard.perspectives {
        for objective in &perspective.objectives {
            for (kpi, weight) in &objective.kpis {
                used.insert(kpi);
                tree.push(json!([
                    perspective.id,
                    perspective.weight,
                    objective.id,
                    objective.weight,
                    kpi,
                    weight
                ]));
            }
        }
    }
    tree.sort_by_key(ToString::to_string);
    let kpis: Vec<Value> = used
        .into_iter()
        .filter_map(|id| kpis.get(id))
        .map(|kpi| {
            let targets: Vec<Value> =
                kpi.targets.iter().map(|t| json!([t.from.to_string(), t.unit, t.lines])).collect();
            json!([kpi.id, kpi.hash, kpi.better, targets])
        })
        .collect();
    let cascade = scorecard.cascade.as_ref().map(|c| {
        let value = match c.value {
            CascadeValue::Recompute => "recompute",
            CascadeValue::AverageOfChildren => "average_of_children",
        };
        let targets = match c.targets {
            CascadeTargets::Inherit => "inherit",
            CascadeTargets::Own => "own",
        };
        json!([c.levels, value, targets])
    });
    hash(
        "scorecard",
        &json!({
            "unit": scorecard.unit,
            "period": scorecard.period,
            "missing": scorecard.missing,
            "minimum_coverage": scorecard.minimum_coverage,
            "tree": tree,
            "kpis": kpis,
            "cascade": cascade,
        }),
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
