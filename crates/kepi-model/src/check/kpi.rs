//! KPIs: measure, unit of the value, dimensions, people, gates.

mod bridged;
mod composed;
mod dated;
mod design;
mod dimensions;
mod elsewhere;
mod ending;
mod made;
mod moves;
mod targets;
mod together;
mod unfilled;
mod without_data;

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use jiff::tz::TimeZone;

use super::Context;
use crate::{
    business_hours::NamedHours,
    calendar::{Calendar, Grain},
    codes,
    crosswalk::Crosswalk,
    decode::{Either, Field, List, PersonOrRole, Placed},
    definitions as written,
    entity::derived::Rows,
    id::{BusinessHoursId, CrosswalkId, EntityId, KpiId, PersonId, UnitId},
    meaning,
    measure::{Measure, Reader},
    project::{Entity, Kpi, Unit, WithoutData},
    source_text::Span,
    sql::Want,
    window::Over,
    word::Word,
};

pub(super) use dated::by_day;
pub(super) use dimensions::declared_dimensions;
pub(super) use elsewhere::read as elsewhere;
pub(super) use ending::uses;
pub(super) use moves::read as beliefs;
pub(super) use together::together;

/// What a KPI is read in.
pub(super) struct Surroundings<'a> {
    pub(super) entities: &'a BTreeMap<EntityId, Entity>,
    pub(super) calendar: &'a Calendar,
    pub(super) zone: &'a TimeZone,
    pub(super) units: &'a BTreeMap<UnitId, Unit>,
    pub(super) business_hours: &'a BTreeMap<BusinessHoursId, NamedHours>,
    pub(super) crosswalks: &'a BTreeMap<CrosswalkId, Crosswalk>,
}

/// Reads all KPIs, those that others are computed of before these.
pub(super) fn read_all(
    documents: &[Placed<written::Kpi>],
    around: &Surroundings<'_>,
    context: &mut Context<'_>,
) -> BTreeMap<KpiId, Kpi> {
    let mut known: BTreeMap<KpiId, Arc<Kpi>> = BTreeMap::new();
    for documents in composed::in_order(documents, context) {
        if let Some(kpi) = dated::read(&documents, around, &known, context) {
            known.insert(kpi.id.clone(), Arc::new(kpi));
        }
    }
    known.into_iter().map(|(id, kpi)| (id, Arc::unwrap_or_clone(kpi))).collect()
}

/// Reads one document of a KPI; `known` are those that were read before.
fn read(
    document: &Placed<written::Kpi>,
    around: &Surroundings<'_>,
    known: &BTreeMap<KpiId, Arc<Kpi>>,
    context: &mut Context<'_>,
) -> Option<Kpi> {
    let written = &document.value;
    let mut reader = Reader {
        entities: around.entities,
        zone: around.zone,
        fiscal: around.calendar.fiscal(),
        units: around.units,
        business_hours: around.business_hours,
        findings: context.findings,
        symbols: context.symbols,
        kpis: known,
    };
    let measure = written.measure.get().and_then(|measure| measure.read(&mut reader));
    let bases: Vec<&Entity> =
        measure.iter().flat_map(Measure::bases).filter_map(|id| around.entities.get(id)).collect();
    let mut by = match &measure {
        None => Vec::new(),
        Some(measure) if measure.kind().inputs().is_empty() => reader.dimensions(&written.by, &bases),
        Some(measure) => composed::read(written, measure, &mut reader),
    };
    let bridged = reader.bridged(written, measure.as_ref(), &mut by, around.crosswalks);
    let cross = reader.cross(written);
    let own = match written.weight.get() {
        Some(Either::This(own)) => Some(own),
        Some(Either::That(made)) => made.base.get(),
        None => None,
    };
    let weight = own.and_then(|w| reader.expression(w, bases.first()?, Want::RowWeight));
    let design = reader.design(written, &bases, &by, measure.as_ref());
    if written.weight.is_written() && measure.as_ref().is_some_and(|measure| !measure.kind().weighs()) {
        let message = "this measure has no weights, so that the KPI would never have a value";
        reader.findings.report(codes::WEIGHT, written.weight.key, message);
    }
    let response = reader.response(written, &bases, measure.as_ref());
    let survey_gates = reader.survey_gates(written, design.as_ref(), response.is_some());
    let over = window(written, measure.as_ref(), context);
    let unit = measure.as_ref().map(|measure| measure.kind().unit(around.entities));
    let (period, also) = periods(written, context).unzip();
    let targets = match (&unit, written.better.get(), &period) {
        (Some(unit), Some(better), Some(period)) => {
            let range = measure.as_ref().map_or_else(|| unit.range(), |measure| measure.kind().range(unit));
            let amounts = (unit, range);
            targets::read(&written.targets, amounts, (*better, *period), (&by, &cross), context)
        }
        _ => Vec::new(),
    };
    warn(written, &targets, context);
    if let Some(period) = period {
        targets::within_a_period(&written.targets, period, around.calendar, context);
    }
    let gates = written.publish_if.get();
    let mut kpi = Kpi {
        id: written.kpi.get()?.id.clone()?,
        name: written.name.cloned()?,
        description: written.description.cloned(),
        objective: written.objective.cloned(),
        proposed_by: written.proposed_by.cloned(),
        indicator: written.indicator.cloned(),
        better: written.better.cloned()?,
        measure: measure?,
        unit: unit?,
        period: period?,
        also: also?,
        over,
        by,
        cross,
        bridged,
        as_of: written.as_of.cloned()?,
        weight,
        design,
        minimum_n: gates.and_then(|g| u64::try_from(g.n.get()?.0).ok()),
        minimum_cell: gates.and_then(|g| u64::try_from(g.cells.get()?.0).ok()),
        minimum_coverage: written.coverage_at_least.get().map(|s| s.0.to_f64()),
        survey_gates,
        without_data: WithoutData::default(),
        response,
        targets,
        // Of KPIs that may not have been read yet.
        moves: Vec::new(),
        beside: beside(written, context),
        accountable: written.accountable.cloned().map(|of| of.0),
        responsible: named(&written.responsible),
        consulted: named(&written.consulted),
        informed: named(&written.informed),
        purpose: written.purpose.cloned(),
        sensitivity: written.sensitivity.cloned()?,
        publication: written.publication.cloned()?,
        life: ending::life(&written.life),
        successor: written.successor.cloned(),
        measured: super::benchmark::circumstances(&written.measured),
        assumptions: written.assumptions.values(),
        by_period: false,
        made: Vec::new(),
        looked_at: BTreeSet::new(),
        reads: BTreeSet::new(),
        reach: 0,
        stretches: BTreeSet::new(),
        around: BTreeMap::new(),
        hash: crate::id::Hash([0; 32]),
        wording: crate::id::Hash([0; 32]),
        elsewhere: None,
        from: None,
        earlier: Vec::new(),
        text: context.files.slice(document.span).to_owned(),
        span: written.kpi.span,
    };
    let rows = |base| around.entities.get(base).and_then(|entity: &Entity| entity.rows.as_ref());
    kpi.by_period = kpi.measure.bases().into_iter().filter_map(rows).any(Rows::by_period);
    if kpi.measure.kind().inputs().is_empty() {
        made::of(&mut kpi, written, (around.entities, around.calendar), context.findings);
    } else {
        composed::made(&mut kpi);
    }
    if kpi.minimum_cell.is_some() {
        let key = gates.map_or(written.kpi.span, |gates| gates.cells.key);
        cells(&kpi, key, context);
    }
    kpi.without_data = without_data::read(written, &kpi, around.calendar, context);
    kpi.wording = meaning::kpi(&kpi, around.calendar, around.entities);
    kpi.hash = kpi.wording;
    Some(kpi)
}

/// Small cells can only be kept where all that could give them away is looked at together: the figures of one period over disjoint cases.
fn cells(kpi: &Kpi, key: Span, context: &mut Context<'_>) {
    let (text, fix) = if !kpi.measure.kind().inputs().is_empty() {
        ("it is computed of other KPIs, which show or withhold their own cells", "set it on those")
    } else if !kpi.also.is_empty() {
        (
            "a cell that is withheld in a shorter period is a longer one less the others",
            "measure it at one `period`",
        )
    } else if kpi.over.is_some() || kpi.by_period {
        (
            "figures that share cases with those of other periods give away what differs",
            "measure the cases of each period",
        )
    } else if kpi.split().is_some() {
        ("cases that are shared out count in parts", "leave out `bridged`")
    } else if kpi.by.is_empty() {
        ("it has no segments", "remove it, or add `by`")
    } else {
        return;
    };
    context.report(codes::GATE, key, format!("small cells cannot be kept here: {text}")).fix(fix);
}

/// The shortest of the periods that are written.
fn shortest(written: &written::Kpi) -> Option<Grain> {
    match written.period.get()? {
        Either::This(period) => Some(*period),
        Either::That(several) => several.iter().map(|period| period.value).min(),
    }
}

/// The natural period, and the longer ones at which there are values, too.
fn periods(written: &written::Kpi, context: &mut Context<'_>) -> Option<(Grain, Vec<Grain>)> {
    let Some(Either::That(several)) = written.period.get() else {
        return Some((shortest(written)?, Vec::new()));
    };
    let mut all: Vec<Grain> = Vec::new();
    for period in several {
        if all.contains(&period.value) {
            let message = format!("`{}` is listed twice", period.value.word());
            context.report(codes::PERIODS, period.span, message).fix("remove one of them");
        } else {
            all.push(period.value);
        }
    }
    all.sort();
    if all.is_empty() && several.is_empty() {
        context.report(codes::PERIODS, written.period.span, "there is no period in this list");
    }
    let (first, longer) = all.split_first()?;
    Some((*first, longer.to_vec()))
}

/// The window that values are made from.
fn window(written: &written::Kpi, measure: Option<&Measure>, context: &mut Context<'_>) -> Option<Over> {
    // Of a formula that is a finding of its own.
    if measure.is_some_and(|measure| !measure.kind().inputs().is_empty()) {
        return None;
    }
    let over = match written.over.get()? {
        Either::This(stretch) => Over::Last(stretch.0, stretch.1),
        Either::That(to_date) => Over::ToDate(to_date.to_date.cloned()?),
    };
    let key = written.over.key;
    if matches!(measure, Some(Measure::Stock(_))) {
        context
            .report(codes::WINDOW, key, "a stock is what is there at the end of the period: it has no window")
            .fix("remove `over`; what came within a window is a `count` or a `sum`");
    }
    if matches!(measure, Some(Measure::Lifetime(_))) {
        context
            .report(
                codes::WINDOW,
                key,
                "a history begins with the first purchase: what is made of it has no window",
            )
            .fix("remove `over`");
    }
    if let (Over::ToDate(grain), Some(period)) = (over, shortest(written))
        && grain <= period
    {
        let (grain, period) = (grain.word(), period.word());
        let message = if grain == period {
            format!("from the beginning of a {grain} to its end is the {grain} itself")
        } else {
            format!("the beginning of a {grain} lies within the {period} that the value is of")
        };
        context.report(codes::WINDOW, written.over.span, message).fix(format!(
            "write a shorter `period`, or remove `over`: without it the value is that of the {period}"
        ));
    }
    Some(over)
}

/// Persons and roles of a list.
fn named(written: &Field<List<PersonOrRole>>) -> Vec<PersonId> {
    written.values().into_iter().map(|PersonOrRole(id)| id).collect()
}

/// KPIs that are shown beside it: others, each once.
fn beside(written: &written::Kpi, context: &mut Context<'_>) -> Vec<KpiId> {
    let own = written.kpi.get().map_or("", |name| name.text.as_str());
    let mut all: Vec<KpiId> = Vec::new();
    for item in written.beside.items() {
        let id = &item.value;
        if id.as_str() == own || all.contains(id) {
            let why = match id.as_str() == own {
                true => "is this KPI itself",
                false => "stands here twice",
            };
            context.report(codes::BESIDE, item.span, format!("`{id}` {why}")).fix("remove it");
        } else {
            all.push(id.clone());
        }
    }
    all
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
        && first > today.max(written.from.cloned().unwrap_or(today))
    {
        context
            .report(codes::TARGET_FUTURE, written.targets.span, format!("the first target starts on {first}"))
            .expected(format!("a target that holds on {today}"))
            .fix("add the target that holds until then");
    }
}
