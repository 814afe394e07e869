//! Hashes by meaning: what decides a value changes them, how it is spelled does not, nor how Rust names it.
//!
//! Each hash is taken of a form that is written out by hand (`form`), in which lists without order are sorted; the order
//! of keys, comments, names and descriptions never count.

use std::collections::{BTreeMap, BTreeSet};

use jiff::civil::Date;
use serde_json::{Value, json};

use crate::{
    calendar::Calendar,
    derived,
    entity::{
        precedence::Precedence,
        screening::{Fault, Screen},
    },
    expression::{Expression, Node, Path, Type},
    form,
    id::{EntityId, Hash, KpiId, UnitId},
    project::{
        Connector, DataRule, Dates, Dimension, Entity, EnumElse, FileOrder, Kpi, Mapping, MappingFrom,
        Merges, Parse, Requirement, Response, Scorecard, Source, SourceZone, SurveyGates, Target,
        TargetLines, Unit, Unpivot,
    },
    word::Word,
};

fn hash(kind: &str, form: &Value) -> Hash {
    Hash::of(format!("kepi {kind} v1\n{form}").as_bytes())
}

/// Values without order, in one order.
fn sorted(values: impl Iterator<Item = Value>) -> Value {
    let mut values: Vec<Value> = values.collect();
    if values.len() > 1 {
        values.sort_by_cached_key(ToString::to_string);
    }
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
pub(crate) fn kpi(kpi: &Kpi, calendar: &Calendar, entities: &BTreeMap<EntityId, Entity>) -> Hash {
    let cross = kpi.cross.iter().map(|combination| sorted(combination.iter().map(|d| json!(d))));
    let mut form = vec![
        kpi.measure.kind().form(),
        json!(kpi.period.word()),
        sorted(kpi.by.iter().map(dimension)),
        sorted(cross),
        json!(kpi.as_of.word()),
        form::option(kpi.weight.as_ref(), form::expression),
        json!(kpi.minimum_n),
        json!(kpi.minimum_coverage),
        form::calendar(calendar),
    ];
    // Only where there are any.
    let scales = kpi.scales(entities);
    if !scales.is_empty() {
        let scales = scales.iter().map(|((base, path), scale)| json!([base, form::path(path), scale]));
        form.push(json!(["scales", scales.collect::<Value>()]));
    }
    if !kpi.also.is_empty() {
        form.push(json!(["also", kpi.also.iter().map(|grain| json!(grain.word())).collect::<Value>()]));
    }
    form.extend(kpi.over.map(|over| json!(["over", over.form()])));
    form.extend(kpi.design.as_ref().map(|design| design.form(dimension)));
    form.extend(kpi.response.as_ref().map(Response::form));
    let SurveyGates { effective_n, response_rate, representative } = kpi.survey_gates;
    if kpi.survey_gates != SurveyGates::default() {
        form.push(json!(["survey gates", effective_n, response_rate, representative]));
    }
    form.extend(kpi.minimum_cell.map(|cells| json!(["cells", cells])));
    form.extend(kpi.without_data.form());
    // Which code passes into which is said by the ways; how those are shared out that are split, is not.
    form.extend(kpi.split().map(|(dimension, splits)| {
        let shares = splits.iter().map(|(code, into)| json!([code, into.iter().collect::<Vec<_>>()]));
        json!(["split", dimension, shares.collect::<Value>()])
    }));
    if !kpi.made.is_empty() {
        form.push(json!(["made", derived::forms(&kpi.made, entities)]));
    }
    hash("kpi", &Value::Array(form))
}

/// What decides whether a rule about a data set holds, and what follows if not.
pub(crate) fn rule(rule: &DataRule, kpi: &Kpi) -> Hash {
    let form = json!([kpi.hash, rule.bound.at_least, rule.bound.at_most, rule.about, rule.otherwise.word()]);
    // Only where there is any.
    let form = match (&rule.apart, rule.n) {
        (None, None) => form,
        (apart, n) => {
            let apart = apart.as_ref().map(|of| {
                let bounds = of.bounds.iter().map(|(member, of)| json!([member, of.at_least, of.at_most]));
                json!([of.by, bounds.collect::<Vec<_>>()])
            });
            json!([form, apart, n])
        }
    };
    hash("rule", &form)
}

/// What decides how the rows of a source come out.
pub(crate) fn source(source: &Source, precedence: Option<&Precedence>) -> Hash {
    let from = match &source.from {
        Connector::Csv { delimiter, encoding, header_row, .. } => match delimiter.as_bytes() {
            [one] => json!(["csv", one, encoding, header_row]),
            _ => json!(["csv", delimiter, encoding, header_row]),
        },
        Connector::Excel { sheet, header_row, .. } => json!(["excel", sheet, header_row]),
        Connector::FixedWidth { columns, encoding, skip_lines, .. } => {
            let columns = sorted(columns.iter().map(|column| json!(column)));
            json!(["fixed width", columns, encoding, skip_lines])
        }
        Connector::Ndjson { .. } => json!(["ndjson"]),
        Connector::Json { rows, .. } => json!(["json", rows]),
        Connector::Parquet { .. } => json!(["parquet"]),
        // What is fetched is no part of how it is read.
        Connector::Fetch(_) => json!(["fetch"]),
        Connector::Webhook(_) => json!(["webhook"]),
        Connector::Entries => json!(["kepi", "entries"]),
        Connector::Items => json!(["kepi", "items"]),
        Connector::Loads => json!(["kepi", "loads"]),
        Connector::Screening(screen) => json!(["kepi", "screening", screen_form(screen)]),
    };
    // Only where there are any.
    let from = match &source.from {
        Connector::Csv { label_rows, .. } | Connector::Excel { label_rows, .. } if *label_rows > 0 => {
            json!(["labelled", from, label_rows])
        }
        _ => from,
    };
    let SourceZone { name, column, ambiguous, missing } = &source.zone;
    let mut zone = vec![json!("zone"), json!(name), json!(ambiguous.word()), json!(missing.word())];
    // Only where there is one.
    zone.extend(column.as_ref().map(|column| json!(["column", column])));
    let order = match &source.order {
        FileOrder::Name => json!(["name"]),
        FileOrder::Modified => json!(["modified"]),
        FileOrder::Column(column) => json!(["column", column]),
    };
    let Dates { from: first, until, open } = &source.dates;
    let dates =
        json!([first.to_string(), until.to_string(), sorted(open.iter().map(|day| json!(day.to_string())))]);
    // Only where days are read does it matter where they begin.
    let days = source.map.iter().any(|m| m.type_ == Type::Date).then_some(&source.days);
    let rules = source.rules.iter().map(|r| {
        let require = match &r.require {
            Requirement::Row(e) => json!(["row", form::expression(e)]),
            Requirement::Unique(ids) => json!(["unique", ids]),
            Requirement::RowsAtLeast(n) => json!(["rows", n]),
            Requirement::RowsAgainstHistory { share, loads } => json!(["history", share, loads]),
            Requirement::MissingAtMost { attribute, share } => json!(["missing", attribute, share]),
            Requirement::LikeHistory { attribute, loads, bound } => json!(["like", attribute, loads, bound]),
        };
        json!([r.id, require, r.otherwise.word()])
    });
    let mut form = vec![
        json!(source.into),
        from,
        json!(source.mode.word()),
        json!(source.key),
        json!(source.version),
        Value::from(zone),
        sorted(source.missing.iter().map(|t| json!(t))),
        form::option(source.only.as_ref(), form::expression),
        sorted(source.map.iter().map(mapping)),
        sorted(rules),
        json!(order),
        json!(dates),
        source.clean.iter().map(|c| json!(c.word())).collect::<Value>(),
        json!(days),
    ];
    form.extend(source.deleted.as_ref().map(|of| json!(["deleted", form::expression(of)])));
    form.extend(source.merges.as_ref().map(|of| match of {
        Merges::Into { column } => json!(["merged into", column]),
        Merges::Lists { column, separator } => json!(["merged of", column, separator]),
    }));
    form.extend(source.keys_of.as_ref().map(|of| json!(["keys of", of])));
    form.extend(precedence.map(Precedence::form));
    if let Some(Unpivot { columns, name, value }) = &source.unpivot {
        form.push(json!(["unpivot", sorted(columns.iter().map(|c| json!(c))), name, value]));
    }
    hash("source", &form.into())
}

/// What decides what is found of the rows of an entity that is screened.
fn screen_form(screen: &Screen) -> Value {
    let rules = screen.rules.iter().map(|rule| {
        let fault = match &rule.fault {
            Fault::StraightLining { items, run } => json!(["straight lining", items, run]),
            Fault::Speeding { took, below, after, at_least } => {
                json!(["speeding", form::expression(took), below, after, at_least])
            }
            Fault::Duplicate { same, within } => json!(["duplicate", same, within]),
            Fault::Row(of) => json!(["row", form::expression(of)]),
        };
        json!([rule.id, fault, rule.then.word()])
    });
    json!([screen.entity, screen.key, screen.time, screen.instrument, sorted(rules)])
}

fn mapping(mapping: &Mapping) -> Value {
    let pairs = |pairs: &[(String, String)]| sorted(pairs.iter().map(|pair| json!(pair)));
    let from = match &mapping.from {
        MappingFrom::Column { column, parse, replace, prefix, missing } => {
            let parse = match parse {
                Parse::Text => json!(["text"]),
                Parse::Number { scale, decimal_mark, grouping_mark, percent_sign, excess } => {
                    let mut form = vec![
                        json!("number"),
                        json!(scale),
                        json!(decimal_mark),
                        json!(grouping_mark),
                        json!(excess.word()),
                    ];
                    form.extend(percent_sign.map(|sign| json!(sign.word())));
                    form.into()
                }
                Parse::Duration { unit_micros, decimal_mark, grouping_mark, clock } => {
                    let mut form = vec![
                        json!("duration"),
                        json!(unit_micros),
                        json!(decimal_mark),
                        json!(grouping_mark),
                    ];
                    form.extend(clock.map(|clock| json!(clock.word())));
                    form.into()
                }
                Parse::Epoch(epoch) => json!([epoch.word()]),
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

/// A target; its period is written only where it is not the KPI's.
fn target_form(kpi: &Kpi, target: &Target) -> Value {
    let mut parts = vec![json!(target.from.to_string()), json!(target.unit), lines(&target.lines)];
    if target.period != kpi.period {
        parts.push(json!(target.period.word()));
    }
    Value::Array(parts)
}

/// What decides the score of a scorecard: period, rules, weights, cascade, and its KPIs with their targets.
pub(crate) fn scorecard(
    scorecard: &Scorecard,
    kpis: &BTreeMap<KpiId, Kpi>,
    units: &BTreeMap<UnitId, Unit>,
) -> Hash {
    let mut tree: Vec<Value> = Vec::new();
    let mut used: BTreeSet<&KpiId> = BTreeSet::new();
    // KPIs that judge segments.
    let mut apart: BTreeSet<&KpiId> = BTreeSet::new();
    for perspective in &scorecard.perspectives {
        for objective in &perspective.objectives {
            let (above, beside) = (perspective.weight, objective.weight);
            for (kpi, weight) in &objective.kpis {
                used.insert(kpi);
                tree.push(json!([perspective.id, above, objective.id, beside, kpi, weight]));
            }
            used.extend(&objective.weigh_by);
            for of in &objective.segments {
                for (kpi, weight) in &of.kpis {
                    used.insert(kpi);
                    apart.insert(kpi);
                    let segment = json!([of.members, of.weight, objective.weigh_by]);
                    tree.push(json!([perspective.id, above, objective.id, beside, segment, kpi, weight]));
                }
            }
        }
    }
    let kpis = used.into_iter().filter_map(|id| kpis.get(id)).map(|kpi| {
        // A segment is scored only where it is judged apart.
        let scored = |of: &Kpi| {
            let all = of.targets.iter().filter(|target| target.segment.is_empty() || apart.contains(&kpi.id));
            all.cloned().collect::<Vec<_>>()
        };
        let form = |of: &Kpi, target: &Target| match target.segment.is_empty() {
            true => target_form(of, target),
            false => json!([target.segment, target_form(of, target)]),
        };
        let targets = |of: &Kpi| scored(of).iter().map(|target| form(of, target)).collect::<Value>();
        let mut form = vec![json!(kpi.id), json!(kpi.hash), json!(kpi.better.word()), targets(kpi)];
        // Only where there are any.
        form.extend(kpi.earlier.iter().map(targets));
        Value::Array(form)
    });
    let cascade = scorecard.cascade.as_ref().map(|c| {
        let levels: Value = c.levels.iter().map(|(level, dimension)| json!([level, dimension])).collect();
        json!([levels, c.value.word(), c.targets.word()])
    });
    let mut form = vec![
        json!(scorecard.unit),
        json!(scorecard.period.word()),
        json!(scorecard.missing.word()),
        json!(scorecard.minimum_coverage),
        sorted(tree.into_iter()),
        kpis.collect::<Value>(),
        json!(cascade),
    ];
    // Only where units have moved or stand below several: below which each stood, from which day on.
    if let Some(cascade) = &scorecard.cascade {
        let matched =
            |unit: &&Unit| unit.level.as_ref().is_some_and(|level| cascade.levels.contains_key(level));
        let moves =
            |unit: &&Unit| unit.from.is_some() || !unit.earlier.is_empty() || !unit.also_below.is_empty();
        let moved = units.values().filter(matched).filter(moves);
        let moved: Vec<Value> = moved
            .map(|unit| {
                let places = unit
                    .wordings()
                    .map(|of| json!([of.from.map(|day| day.to_string()), of.lines().collect::<Vec<_>>()]));
                json!([unit.id, places.collect::<Value>()])
            })
            .collect();
        if !moved.is_empty() {
            form.push(json!(["units", cascade.as_of.word(), moved]));
        }
    }
    // Only where it is said.
    form.extend(scorecard.time_zone.as_ref().map(|zone| json!(["zone", zone])));
    form.extend(scorecard.fiscal.map(|_| form::calendar(&scorecard.calendar)));
    hash("scorecard", &Value::Array(form))
}

/// A dimension: its name and the way from each entity, in the order of the entities' names.
fn dimension(dimension: &Dimension) -> Value {
    let ways = dimension.ways.iter().map(|(entity, way)| match &way.node {
        Node::Path(to) => json!([entity, form::path(to)]),
        _ => json!([entity, form::expression(way)]),
    });
    json!(["dimension", dimension.id, ways.collect::<Value>()])
}

/// The lines of a target.
fn lines(lines: &TargetLines) -> Value {
    match lines {
        TargetLines::OneSided { floor, threshold, target, stretch } => {
            json!(["one side", floor, threshold, target, stretch])
        }
        TargetLines::InRange { floor, threshold, target, stretch } => {
            json!(["range", floor, threshold, target, stretch])
        }
    }
}

/// What decides the figures of a KPI that has none from a day on.
pub(crate) fn retired(of: Hash, day: Date) -> Hash {
    hash("retired kpi", &json!([of, day.to_string()]))
}

/// What decides what a dated document comes to: each wording with its first day.
pub(crate) fn dated(kind: &str, wordings: impl Iterator<Item = (Option<Date>, Hash)>) -> Hash {
    let wordings = wordings.map(|(from, wording)| json!([from.map(|d| d.to_string()), wording]));
    hash(&format!("dated {kind}"), &wordings.collect())
}
