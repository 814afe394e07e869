//! KPIs: measure, unit of the value, dimensions, people, gates.

use std::collections::{BTreeMap, BTreeSet};

use jiff::tz::TimeZone;

use super::{Context, codes, id, ids, is_defined, name_place, of_kind, path, place, text, texts};
use crate::{
    calendar::{Calendar, Grain},
    expression::{Expression, Node as Part, Path, Type},
    findings::Findings,
    id::{DimensionId, EntityId, KpiId, SourceId},
    lexical::{self, type_text},
    meaning,
    project::{
        Aggregate, AsOf, Better, Bins, Dimension, DurationSummary, Entity, Indicator, Kpi, Measure,
        Part as Aggregated, Population, RatingKind, RatingSummary, Source, Spacing, Unmatched, ValueUnit,
    },
    source_text::Span,
    sql::{self, Scope, Want},
    table::Symbol,
    yaml::{Document, Node, Value},
};

mod targets;

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
    warn(root, &targets, context);
    let mut kpi = Kpi {
        id: id(root, "kpi")?,
        name: text(root, "name")?,
        description: text(root, "description"),
        objective: id(root, "objective"),
        indicator,
        better: better?,
        measure: measure?,
        unit: unit?,
        period: grain(root.get_text("period")?)?,
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

/// The names of dimensions as written, also of those that cannot be formed.
pub(super) fn declared_dimensions(root: &Node) -> BTreeSet<String> {
    let Some(by) = root.get("by") else { return BTreeSet::new() };
    let last = |t: &str| t.rsplit('.').next().unwrap_or(t).trim().to_owned();
    std::iter::once(by)
        .chain(by.items())
        .filter_map(|i| i.text().map(last))
        .chain(by.entries().iter().map(|e| e.key.clone()))
        .collect()
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

    fn measure(&mut self, node: &Node) -> Option<Measure> {
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
                    let ratio = (to as f64 / from as f64).powf(i as f64 / count as f64);
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

    fn dimensions(&mut self, root: &Node, bases: &[&Entity]) -> Vec<Dimension> {
        let Some(by) = root.get("by") else { return Vec::new() };
        let mut all: Vec<Dimension> = Vec::new();
        let named: Vec<(String, Span, &Node)> = match &by.value {
            Value::List(items) => items
                .iter()
                .filter_map(|i| {
                    let text = i.text()?;
                    Some((text.rsplit('.').next().unwrap_or(text).trim().to_owned(), i.span, i))
                })
                .collect(),
            _ => by.entries().iter().map(|e| (e.key.clone(), e.key_span, &e.value)).collect(),
        };
        for (name, at, node) in named {
            let paths = self.dimension_paths(node, bases);
            let Ok(id) = name.parse::<DimensionId>() else { continue };
            if all.iter().any(|d| d.id == id) {
                self.findings
                    .report(codes::DIMENSION, at, format!("two dimensions are named `{id}`"))
                    .fix("give one another name: `by: {account_region: account.region}`");
                continue;
            }
            if let Some(paths) = paths {
                all.push(Dimension { id, paths });
            }
        }
        all
    }

    fn dimension_paths(&mut self, node: &Node, bases: &[&Entity]) -> Option<BTreeMap<EntityId, Path>> {
        let mut paths = BTreeMap::new();
        for base in bases {
            let written = match &node.value {
                Value::Map(entries) => match entries.iter().find(|e| e.key == base.id.as_str()) {
                    Some(entry) => &entry.value,
                    None => {
                        self.findings
                            .report(
                                codes::DIMENSION,
                                node.span,
                                format!("no path leads here from {}", base.id),
                            )
                            .expected(format!(
                                "a path for each entity of the measure, also `{}: …`",
                                base.id
                            ));
                        return None;
                    }
                },
                _ => node,
            };
            let before = self.findings.count();
            let Some((found, type_)) = path(written, base, self.around.entities, self.findings) else {
                if bases.len() > 1
                    && written.text().is_some()
                    && self.findings.count() > before
                    && let Some(last) = self.findings.last_mut()
                {
                    let each: Vec<String> = bases.iter().map(|b| format!("{}: …", b.id)).collect();
                    last.fix(format!(
                        "the measure reads {} entities; say the path for each: `by: {{name: {{{}}}}}`",
                        bases.len(),
                        each.join(", ")
                    ));
                }
                return None;
            };
            let fits = matches!(
                type_,
                Type::Text | Type::Enum { .. } | Type::Reference { .. } | Type::Boolean | Type::Integer
            );
            if !fits {
                self.findings
                    .report(
                        codes::DIMENSION,
                        written.span,
                        format!("nothing is segmented by a {}", type_text(&type_)),
                    )
                    .expected("a text, an enum, a reference, an integer or a boolean");
                return None;
            }
            paths.insert(base.id.clone(), found);
        }
        if let Value::Map(entries) = &node.value {
            for entry in entries {
                let used = bases.iter().any(|b| b.id.as_str() == entry.key);
                if !used && self.symbols.contains(Symbol::Entity, &entry.key) {
                    self.findings
                        .report(
                            codes::DIMENSION,
                            entry.key_span,
                            format!("the measure does not read {}", entry.key),
                        )
                        .fix("remove this path");
                }
            }
        }
        (!paths.is_empty()).then_some(paths)
    }

    fn cross(&mut self, root: &Node, known: &BTreeSet<String>) -> Vec<Vec<DimensionId>> {
        let mut all = Vec::new();
        for combination in root.get("cross").map(Node::items).unwrap_or_default() {
            let mut ids: Vec<DimensionId> = Vec::new();
            for item in combination.items() {
                let Some(name) = item.text() else { continue };
                if !known.contains(name) {
                    self.findings
                        .report(codes::CROSS, item.span, format!("`by` has no dimension `{name}`"))
                        .did_you_mean(name, known.iter().map(String::as_str));
                    if let Some(last) = self.findings.last_mut().filter(|f| f.fix.is_none()) {
                        last.fix("add it to `by`, or leave the combination out");
                    }
                } else if let Ok(id) = name.parse::<DimensionId>()
                    && !ids.contains(&id)
                {
                    ids.push(id);
                }
            }
            if combination.items().len() < 2
                || ids.len() < 2
                    && combination.items().iter().all(|i| i.text().is_some_and(|t| known.contains(t)))
            {
                self.findings
                    .report(
                        codes::CROSS,
                        combination.span,
                        "a combination has at least two different dimensions",
                    )
                    .expected("such as `[region, tier]`");
            }
            all.push(ids);
        }
        all
    }
}

/// The scale declared for an expression that is a plain attribute.
fn declared_scale(
    answer: &Expression,
    base: &Entity,
    entities: &BTreeMap<EntityId, Entity>,
) -> Option<(i64, i64)> {
    let Part::Path(path) = &answer.node else { return None };
    let entity = path.references.last().map_or(Some(base), |(_, id)| entities.get(id))?;
    entity.attribute(&path.attribute)?.scale
}

fn unmatched(body: &Node) -> Option<Unmatched> {
    match body.get_text("unmatched").unwrap_or("show") {
        "show" => Some(Unmatched::Show),
        "drop" => Some(Unmatched::Drop),
        _ => None,
    }
}

/// The unit of a quantity.
fn quantity_unit(type_: &Type) -> ValueUnit {
    match type_ {
        Type::Money { currency, .. } => ValueUnit::Money { currency: currency.clone() },
        Type::Duration => ValueUnit::Duration,
        other => ValueUnit::Number { decimals: other.scale() },
    }
}

/// What the value of a measure is.
fn unit_of(measure: &Measure, entities: &BTreeMap<EntityId, Entity>) -> ValueUnit {
    let at_least = |unit: ValueUnit, least: u8| match unit {
        ValueUnit::Number { decimals } => ValueUnit::Number { decimals: decimals.max(least) },
        other => other,
    };
    match measure {
        Measure::Total(part) => match &part.aggregate {
            Aggregate::Count | Aggregate::Distinct(_) => ValueUnit::Count,
            Aggregate::Sum(value) => quantity_unit(&value.type_),
        },
        Measure::Mean { rows, value } => {
            let scale = entities.get(&rows.of).and_then(|base| declared_scale(value, base, entities));
            match scale {
                Some((low, high)) => ValueUnit::Rating { low, high },
                None => at_least(quantity_unit(&value.type_), 2),
            }
        }
        Measure::Share { .. } => ValueUnit::Share,
        Measure::Quantile { value, .. } => at_least(quantity_unit(&value.type_), 1),
        Measure::Nps { .. } => ValueUnit::NetPromoter,
        Measure::Rating { scale: (low, high), summary, .. } => match summary {
            RatingSummary::TopBox(_) => ValueUnit::Share,
            RatingSummary::Mean => ValueUnit::Rating { low: *low, high: *high },
        },
        Measure::Duration { summary, .. } => match summary {
            DurationSummary::Mean => ValueUnit::Duration,
            DurationSummary::Within(_) => ValueUnit::Share,
        },
        Measure::Ratio { numerator, denominator, per, .. } => {
            let of = |part: &Aggregated| match &part.aggregate {
                Aggregate::Sum(value) => quantity_unit(&value.type_),
                _ => ValueUnit::Count,
            };
            match (of(numerator), of(denominator)) {
                _ if *per != 1 => ValueUnit::Rate { per: *per },
                (ValueUnit::Money { currency }, ValueUnit::Count | ValueUnit::Number { .. }) => {
                    ValueUnit::Money { currency }
                }
                (ValueUnit::Duration, ValueUnit::Count | ValueUnit::Number { .. }) => ValueUnit::Duration,
                _ => ValueUnit::Number { decimals: 2 },
            }
        }
    }
}

/// What KPIs and sources say of each other, and KPIs among themselves.
pub(super) fn together(
    documents: &[Document],
    kpis: &BTreeMap<KpiId, Kpi>,
    sources: &BTreeMap<SourceId, Source>,
    context: &mut Context<'_>,
) {
    let mut shown: BTreeMap<String, Span> = BTreeMap::new();
    for document in of_kind(documents, "kpi") {
        let Some(name) = document.root.get("name") else { continue };
        let Some(text) = name.text() else { continue };
        if let Some(first) = shown.insert(text.to_lowercase(), name.span) {
            context
                .findings
                .report(codes::SAME_SHOWN_NAME, name.span, format!("another KPI is shown as `{text}`"))
                .related(first, "the other one")
                .fix("say in the name what sets them apart");
        }
    }
    let filled: BTreeSet<&str> =
        of_kind(documents, "source").filter_map(|d| d.root.get_text("into")).collect();
    for kpi in kpis.values() {
        let root = of_kind(documents, "kpi").map(|d| &d.root).find(|r| name_place(r) == kpi.span);
        for base in bases(&kpi.measure) {
            if !filled.contains(base.as_str()) && is_defined(context, Symbol::Entity, base.as_str()) {
                let at = root.map_or(kpi.span, |r| place(r, "measure"));
                context
                    .findings
                    .report(codes::NO_SOURCE, at, format!("no source fills {base}"))
                    .fix(format!("add a source with `into: {base}`"));
            }
        }
        let Some(purpose) = &kpi.purpose else { continue };
        let mut reported = BTreeSet::new();
        for entity in meaning::entities_read(kpi) {
            for source in sources.values().filter(|s| s.into == entity) {
                if let Some(open_to) = source.purpose.as_ref().filter(|p| *p != purpose)
                    && reported.insert(&source.id)
                {
                    context
                        .findings
                        .report(
                            codes::PURPOSE,
                            root.map_or(kpi.span, |r| place(r, "purpose")),
                            format!("the source `{}` is open to {open_to}, not to {purpose}", source.id),
                        )
                        .related(source.span, "the source")
                        .fix(format!("write `purpose: {open_to}`, or use other data"));
                }
            }
        }
    }
}
