//! Checking: texts in, a project and every finding out.
//!
//! Names are gathered first, then each document is decoded into its definition, then definitions are checked against each
//! other and become the project. A mistake in one place hides no other and is reported once.

use std::collections::BTreeMap;

use jiff::tz::TimeZone;

use crate::{
    bounds,
    calendar::Calendar,
    codes,
    decode::Decoder,
    definitions::{DOCUMENTS, Definitions},
    derived::last_by,
    extend,
    finding::{Checked, Code, Finding},
    findings::Findings,
    library::LIBRARY,
    project::Project,
    source_text::{FileId, SourceMap, Span, Unread},
    symbols::Symbols,
    table::Symbol,
    yaml::{self, Value},
};

mod acting;
mod apart;
mod benchmark;
mod business_hours;
mod channel;
mod closed_loop;
mod connection;
mod crosswalk;
mod derived;
mod entered;
mod enterprise_event;
mod feedback;
mod governance;
mod guardrail;
mod incentive_plan;
mod initiative;
mod kpi;
mod model;
mod operating_plan;
mod playbook;
mod precedence;
mod review;
mod roles;
mod rule;
mod sampling;
mod scorecard;
mod screen;
mod source;
mod strategy;
mod units;
mod withholding;

pub use crate::options::Options;

/// What the readers of documents share.
pub(crate) struct Context<'a> {
    pub(crate) options: &'a Options<'a>,
    pub(crate) symbols: &'a Symbols,
    pub(crate) findings: &'a mut Findings,
    pub(crate) files: &'a SourceMap,
}

impl Context<'_> {
    fn report(&mut self, code: Code, span: Span, message: impl Into<String>) -> &mut Finding {
        self.findings.report(code, span, message)
    }
}

/// Checks a project and collects all findings, sorted by place. There is a value if none of them is an error.
pub fn check(files: &SourceMap, options: &Options<'_>) -> Checked<Project> {
    let mut findings = Findings::default();
    let mut documents = Vec::new();
    let mut broken: Vec<FileId> = Vec::new();
    for (id, file) in files.iter() {
        let before = findings.count();
        documents.extend(yaml::parse(id, &file.text, &mut findings));
        if findings.count() > before {
            broken.push(id);
        }
    }
    documents.retain(|d| !matches!(d.root.value, Value::Empty));
    unread(files, &mut findings, &mut broken);
    if let Some(first) = documents.get(bounds::DOCUMENTS) {
        let place = Span { end: first.text.start, ..first.text };
        findings
            .report(codes::TOO_LARGE, place, format!("the project has {} documents", documents.len()))
            .expected(format!("at most {}; those from here on are not looked at", bounds::DOCUMENTS));
        documents.truncate(bounds::DOCUMENTS);
    }
    let mut symbols = Symbols::gather(&documents, DOCUMENTS, &mut findings);
    for id in broken {
        if let Some(file) = files.file(id) {
            symbols.add_from_broken_file(id, &file.text, DOCUMENTS);
        }
    }
    let extending = extend::of_library(&mut documents, options.library.unwrap_or(&LIBRARY), &mut findings);
    extend::all(&mut documents, &mut findings);
    let mut named = Vec::new();
    let mut decoder = Decoder { symbols: &symbols, options, findings: &mut findings, named: &mut named };
    let definitions = Definitions::decode(&documents, &mut decoder);
    let mut context = Context { options, symbols: &symbols, findings: &mut findings, files };
    let project = read(&definitions, &mut context);
    kpi::uses(&definitions.kpis, &documents, &named, &mut context);
    // What is missing cannot be known while definitions are unreadable.
    if findings.any(&[codes::NOT_YAML, codes::UNKNOWN_KIND, codes::NO_DEFINITIONS, codes::NOT_READ]) {
        findings.remove(&[
            codes::OBJECTIVE_WITHOUT_KPI,
            codes::ONLY_LAGGING,
            codes::NO_SCORECARD,
            codes::NO_SOURCE,
            codes::PROJECT_COUNT,
        ]);
    }
    findings.replace_nothing_at(&extending);
    let value = if findings.has_errors() { None } else { project };
    Checked { value, findings: findings.sorted() }
}

/// Files whose text is not all there: what they define is not known, and nobody else is blamed for it.
fn unread(files: &SourceMap, findings: &mut Findings, broken: &mut Vec<FileId>) {
    for (file, why) in files.unread() {
        let (at, message) = match why {
            Unread::NotUtf8 { at } => (*at, "the file is not UTF-8: here stands no character".to_owned()),
            Unread::Unreadable { why } => (0, format!("this cannot be read: {why}")),
        };
        findings.report(codes::NOT_READ, Span { file: *file, start: at, end: at }, message);
        broken.push(*file);
    }
}

fn read(definitions: &Definitions, context: &mut Context<'_>) -> Option<Project> {
    let header = model::project(&definitions.projects, context);
    let persons = model::persons(&definitions.persons);
    acting::lines(&definitions.persons, &persons, context);
    let roles = roles::read(&definitions.roles, context);
    let policies = governance::policies(&definitions.policies, context);
    let governance = governance::read(&definitions.governances, context);
    let units = units::units(&definitions.units, context);
    let mut entities = model::entities(&definitions.entities, context);
    // Without a valid project document the rest is still checked, in UTC.
    let calendar = header.as_ref().map_or_else(
        || Calendar { zone: "UTC".to_owned(), week_start: 0, fiscal_year_start: 1, weeks: None },
        |h| h.calendar.clone(),
    );
    let zone = TimeZone::get(&calendar.zone).unwrap_or(TimeZone::UTC);
    precedence::read(&definitions.entities, &mut entities, context);
    derived::read(&definitions.entities, &mut entities, &zone, context);
    screen::read(&definitions.entities, &mut entities, &zone, context);
    last_by(&calendar, &mut entities);
    let tree = units::Tree::of(&units);
    let business_hours = business_hours::read(&definitions.business_hours, &calendar.zone, context);
    let connections = connection::read(&definitions.connections, context);
    let mut sources: BTreeMap<_, _> = definitions
        .sources
        .iter()
        .filter_map(|d| source::read(&d.value, (&entities, &definitions.entities), &calendar.zone, context))
        .map(|s| (s.id.clone(), s))
        .collect();
    source::together(&sources, &entities, context.findings);
    for entity in entities.values_mut() {
        precedence::sources(entity, &definitions.entities, &sources, context.findings);
    }
    source::attested(&definitions.sources, &sources, &units, context.findings);
    source::hook::names(&definitions.sources, &sources, context.findings);
    let found = screen::sources(&entities, &sources, &definitions.entities, &calendar.zone);
    sources.extend(found.into_iter().map(|source| (source.id.clone(), source)));
    connection::together(&definitions.sources, &connections, context);
    let strategy = strategy::read(&definitions.strategies, context);
    let crosswalks = crosswalk::read(&definitions.crosswalks, &calendar, context);
    let around = kpi::Surroundings {
        entities: &entities,
        calendar: &calendar,
        zone: &zone,
        units: &units,
        business_hours: &business_hours,
        crosswalks: &crosswalks,
    };
    let mut kpis = kpi::read_all(&definitions.kpis, &around, context);
    kpi::beliefs(&definitions.kpis, strategy.as_ref(), &mut kpis, context);
    let benchmarks = benchmark::read(&definitions.benchmarks, context);
    benchmark::together(&kpis, &benchmarks, context);
    let rules = rule::read(&definitions.rules, &kpis, context);
    let guardrails = guardrail::read(&definitions.guardrails, &kpis, context);
    let scorecards: Vec<_> = definitions
        .scorecards
        .iter()
        .filter_map(|d| {
            scorecard::read(&d.value, strategy.as_ref(), &kpis, (&units, &tree, &calendar), context)
        })
        .collect();
    let scorecards = scorecard::dated(scorecards.into_iter(), context);
    let alerts = acting::alerts(&definitions.alerts, &kpis, !definitions.persons.is_empty(), context);
    let closed_loops = closed_loop::read(
        &definitions.closed_loops,
        &kpis,
        &around,
        !definitions.persons.is_empty(),
        context,
    );
    let feedback = feedback::read(&definitions.feedback, &kpis, &around, context);
    let ladders = acting::ladders(&definitions.ladders, context);
    playbook::in_units(&definitions.playbooks, &scorecards, &units, context);
    let playbooks =
        playbook::read((&definitions.playbooks, !definitions.persons.is_empty()), &kpis, &around, context);
    let quick = header.as_ref().zip(definitions.projects.first());
    let quick = quick.map(|(header, written)| (&header.quick_wins, written.value.quick_wins.span));
    let initiatives = initiative::read(&definitions.initiatives, quick, &kpis, &calendar, context);
    let planned =
        operating_plan::Around { kpis: &kpis, initiatives: &initiatives, units: &units, calendar: &calendar };
    let operating_plans = operating_plan::read(&definitions.operating_plans, planned, context);
    let incentive_plans =
        incentive_plan::read(&definitions.incentive_plans, &scorecards, &operating_plans, context);
    let enterprise_events = enterprise_event::read(&definitions.enterprise_events, &kpis, context);
    let samplings = sampling::read(&definitions.samplings, &kpis, &around, context);
    let reviews = review::reviews(
        &definitions.reviews,
        (&scorecards, &units),
        (&operating_plans, &business_hours),
        context,
    );
    entered::held(&mut sources, &entities, &kpis);
    let stage_gates = review::gates(&definitions.stage_gates, &kpis, context);
    let withholdings = withholding::read(&definitions.withholdings, context);
    let channels = channel::read(&definitions.channels, context.findings);
    apart::together(&definitions.entities, &definitions.kpis, &entities, &kpis, context);
    kpi::together(definitions, &entities, &kpis, &sources, context);
    strategy::together(definitions, strategy.as_ref(), context);
    scorecard::together(definitions, &kpis, context);
    roles::held(&roles, &kpis, &units, context);
    let mut scorecards = scorecards;
    kpi::elsewhere(&definitions.kpis, &around, (&mut kpis, &mut scorecards), context);
    let header = header?;
    Some(Project {
        id: header.id,
        name: header.name,
        description: header.description,
        language: 1,
        calendar,
        confidence: header.confidence,
        attention: header.attention,
        balance: header.balance,
        quick_wins: header.quick_wins,
        engine: header.engine,
        purposes: header.purposes,
        persons,
        policies,
        roles,
        governance,
        last_resort: header.last_resort,
        alerts,
        closed_loops,
        feedback,
        ladders,
        playbooks,
        initiatives,
        operating_plans,
        incentive_plans,
        enterprise_events,
        samplings,
        reviews,
        stage_gates,
        channels,
        units,
        entities,
        business_hours,
        connections,
        sources,
        strategy,
        benchmarks,
        kpis,
        rules,
        guardrails,
        scorecards,
        withholdings,
    })
}

/// The symbol tables' word for something that is known although its definition is broken.
pub(crate) fn is_defined(context: &Context<'_>, symbol: Symbol, name: &str) -> bool {
    context.symbols.contains(symbol, name)
}
