//! The pages: one file each, one row each in [`PAGES`].

mod acting;
mod audit;
mod benchmarks;
mod case;
mod changes;
mod cohorts;
mod comment;
mod corrections;
mod disclosure;
mod dispute;
mod entry;
pub(crate) mod error;
mod explain;
mod flows;
mod gate;
mod inbox;
mod initiatives;
mod item;
mod journeys;
mod kpi;
mod kpis;
mod lineage;
mod map;
mod matrix;
mod people;
mod periods;
mod quarantine;
mod readiness;
mod register;
mod review;
mod rows;
mod sample;
mod scorecard;
pub(crate) mod sign_in;
mod sources;
mod what_if;
mod work;

use kepi_model::project::Project;
use kepi_report::{
    Reporter,
    api::v1,
    decided::{Draft, RegisterAsked},
    facts::Facts,
    logged::LogAsked,
    people::PeopleAsked,
    reader::{KpiQuery, QuarantineQuery, ScorecardQuery, ViewError, WhatIfQuery},
    seen::Sight,
    tables, tidy,
};
use maud::Markup;
use serde::Serialize;

use crate::{doors::Attempt, forms};

/// A page and what programs are told of the same facts.
pub struct Page {
    /// Its route.
    pub path: &'static str,
    /// The route of the endpoint of version 1.
    pub json: Option<&'static str>,
    /// Its name in the navigation, if it stands there.
    pub nav: Option<&'static str>,
    /// What who opens it does: policies say who may.
    pub action: Action,
    pub(crate) html: fn(&dyn Facts, &Params) -> Result<String, ViewError>,
    pub(crate) data: fn(&dyn Facts, &Params) -> Result<String, ViewError>,
    /// Its table for download, if it has one: the route, and CSV.
    pub csv: Option<Download>,
}

/// What who opens a page does. Every page has one, so that none is without a policy.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Action {
    /// Sees figures of one kind of thing: `kpi`, `scorecard`. Those that are not seen are not there.
    SeeValue(&'static str),
    /// Sees how deliveries went.
    SeeData,
    /// Sees rejected rows.
    SeeRows,
    /// Sees what is decided, in force, frozen and closed.
    SeeDecisions,
}

impl Action {
    /// As policies write it.
    pub fn word(self) -> &'static str {
        match self {
            Self::SeeValue(_) => "see_value",
            Self::SeeData => "see_data",
            Self::SeeRows => "see_rows",
            Self::SeeDecisions => "see_decisions",
        }
    }
}

impl Page {
    /// Whether its action is allowed at all; single figures are left out where they are read.
    pub(crate) fn allowed(
        &self,
        sight: &dyn Sight,
        project: &Project,
        params: &Params,
    ) -> Result<(), ViewError> {
        let refused =
            |reason: String| Err(ViewError::Refused { reason: format!("{reason}; {}", sight.whom()) });
        let asked = params.quarantine().source;
        let mut sources =
            project.sources.keys().filter(|id| asked.as_ref().is_none_or(|asked| asked == id.as_str()));
        match self.action {
            Action::SeeValue(_) => Ok(()),
            // A page of deliveries shows those of the sources that are seen.
            Action::SeeData => {
                match (project.sources.keys().any(|id| sight.data(id)), project.sources.keys().next()) {
                    (false, Some(first)) => {
                        refused(format!("how deliveries went: {}", sight.why_not(first, false)))
                    }
                    _ => Ok(()),
                }
            }
            Action::SeeRows => match sources.find(|id| !sight.rows(id)) {
                Some(unseen) => refused(format!("rows of `{unseen}`: {}", sight.why_not(unseen, true))),
                None => Ok(()),
            },
            Action::SeeDecisions if sight.decisions() => Ok(()),
            Action::SeeDecisions => refused(sight.why_no_decisions(false)),
        }
    }

    /// What is told of it where it is refused.
    pub(crate) fn attempt(&self, params: &Params) -> Attempt {
        let all = || "all".to_owned();
        let on = match self.action {
            Action::SeeValue(kind) => {
                (kind, params.id.clone().or_else(|| params.get("scorecard")).unwrap_or_else(all))
            }
            Action::SeeData | Action::SeeRows => ("source", params.get("source").unwrap_or_else(all)),
            Action::SeeDecisions => ("decisions", all()),
        };
        Attempt { action: self.action.word(), on, unit: params.get("unit") }
    }
}

/// A table for download.
#[derive(Clone, Copy)]
pub struct Download {
    /// Its route.
    pub path: &'static str,
    pub(crate) of: fn(&dyn Facts, &Params) -> Result<String, ViewError>,
}

const fn csv(
    path: &'static str,
    of: fn(&dyn Facts, &Params) -> Result<String, ViewError>,
) -> Option<Download> {
    Some(Download { path, of })
}

/// All pages. To add one: a file with `render`, and a row here.
pub const PAGES: &[Page] = &[
    Page {
        path: "/",
        action: Action::SeeValue("scorecard"),
        json: Some("/api/v1/scorecard"),
        nav: Some("Scorecard"),
        html: home,
        data: |f, p| json(v1::scorecard(f, &p.scorecard(), p.history())),
        csv: None,
    },
    Page {
        path: "/scorecards/{id}",
        action: Action::SeeValue("scorecard"),
        json: Some("/api/v1/scorecards/{id}"),
        nav: None,
        html: |f, p| html(Reporter::new(f).scorecard(&p.scorecard()), scorecard::render),
        data: |f, p| json(v1::scorecard(f, &p.scorecard(), p.history())),
        csv: csv("/scorecards/{id}/values.csv", |f, p| {
            Ok(tidy::to_csv(&tidy::of_scorecard(f, &p.scorecard())?))
        }),
    },
    Page {
        path: "/map",
        action: Action::SeeValue("scorecard"),
        json: Some("/api/v1/map"),
        nav: Some("Strategy map"),
        html: |f, p| html(Reporter::new(f).strategy_map(&p.scorecard()), map::render),
        data: |f, p| json(v1::strategy_map(f, &p.scorecard())),
        csv: None,
    },
    Page {
        path: "/kpis",
        action: Action::SeeValue("kpi"),
        json: Some("/api/v1/kpis"),
        nav: Some("KPIs"),
        html: |f, _| html(Reporter::new(f).kpis(), kpis::render),
        data: |f, _| json(v1::kpis(f)),
        csv: csv("/kpis/newest.csv", |f, _| Ok(tidy::to_csv(&tidy::newest(f)?))),
    },
    Page {
        path: "/kpis/{id}",
        action: Action::SeeValue("kpi"),
        json: Some("/api/v1/kpis/{id}"),
        nav: None,
        html: |f, p| html(Reporter::new(f).kpi(&p.id(), &p.kpi()), kpi::render),
        data: |f, p| json(v1::kpi(f, &p.id(), &p.kpi())),
        csv: csv("/kpis/{id}/values.csv", |f, p| Ok(tidy::to_csv(&tidy::rows(f, &p.id(), &p.kpi())?))),
    },
    Page {
        path: "/kpis/{id}/sample",
        action: Action::SeeValue("kpi"),
        json: None,
        nav: None,
        html: |f, p| html(Reporter::new(f).samples(&p.id(), p.get("day")), sample::render),
        data: |_, _| Ok(String::new()),
        csv: None,
    },
    Page {
        path: "/gates/{id}",
        action: Action::SeeValue("kpi"),
        json: Some("/api/v1/gates/{id}"),
        nav: None,
        html: |f, p| html(Reporter::new(f).gate(&p.id()), gate::render),
        data: |f, p| json(v1::gate(f, &p.id())),
        csv: None,
    },
    Page {
        path: "/kpis/{id}/rows",
        action: Action::SeeRows,
        json: Some("/api/v1/kpis/{id}/rows"),
        nav: None,
        html: |f, p| html(Reporter::new(f).rows_behind(&p.id(), &p.kpi(), rows::MOST_SHOWN), rows::behind),
        data: |f, p| json(Reporter::new(f).rows_behind(&p.id(), &p.kpi(), p.most()).map(v1::rows_behind)),
        csv: csv("/kpis/{id}/rows.csv", |f, p| {
            Ok(tables::rows(&Reporter::new(f).rows_behind(&p.id(), &p.kpi(), MOST_ROWS)?))
        }),
    },
    Page {
        path: "/benchmarks",
        action: Action::SeeValue("kpi"),
        json: Some("/api/v1/benchmarks"),
        nav: None,
        html: |f, _| html(Ok(Reporter::new(f).benchmarks()), benchmarks::all),
        data: |f, _| json(Ok(v1::Benchmarks { benchmarks: Reporter::new(f).benchmarks().benchmarks })),
        csv: csv("/benchmarks.csv", |f, _| {
            Ok(kepi_report::benchmarks::table(&Reporter::new(f).benchmarks().benchmarks))
        }),
    },
    Page {
        path: "/initiatives",
        action: Action::SeeValue("kpi"),
        json: Some("/api/v1/initiatives"),
        nav: None,
        html: |f, _| html(Reporter::new(f).initiatives(None), initiatives::all),
        data: |f, _| json(Reporter::new(f).initiatives(None).map(|view| view.of)),
        csv: csv("/initiatives.csv", |f, _| {
            Ok(kepi_report::initiatives::table(&Reporter::new(f).initiatives(None)?.of))
        }),
    },
    Page {
        path: "/matrix",
        action: Action::SeeValue("kpi"),
        json: Some("/api/v1/matrix"),
        nav: None,
        html: |f, _| html(Reporter::new(f).matrix(), matrix::all),
        data: |f, _| json(Reporter::new(f).matrix().map(|view| view.of)),
        csv: csv("/matrix.csv", |f, _| Ok(kepi_report::matrix::table(&Reporter::new(f).matrix()?.of))),
    },
    Page {
        path: "/lineage",
        action: Action::SeeValue("kpi"),
        json: Some("/api/v1/lineage"),
        nav: None,
        html: |f, _| html(Ok(Reporter::new(f).lineages()), lineage::all),
        data: |f, _| json(Ok(v1::lineages(Reporter::new(f).lineages()))),
        csv: csv("/lineage/steps.csv", |f, _| Ok(kepi_report::lineage::steps_csv(f.project()))),
    },
    Page {
        path: "/lineage/thing",
        action: Action::SeeValue("kpi"),
        json: Some("/api/v1/lineage/thing"),
        nav: None,
        html: |f, p| html(Reporter::new(f).lineage(&p.of()), lineage::one),
        data: |f, p| json(Reporter::new(f).lineage(&p.of()).map(v1::lineage)),
        csv: None,
    },
    Page {
        path: "/entities/{id}/row",
        action: Action::SeeRows,
        json: Some("/api/v1/entities/{id}/row"),
        nav: None,
        html: |f, p| {
            html(Reporter::new(f).entity_rows(&p.id(), &p.all("key"), rows::MOST_SHOWN), rows::entity)
        },
        data: |f, p| {
            json(Reporter::new(f).entity_rows(&p.id(), &p.all("key"), p.most()).map(|view| view.rows))
        },
        csv: None,
    },
    Page {
        path: "/cohorts/{id}",
        action: Action::SeeValue("kpi"),
        json: Some("/api/v1/cohorts/{id}"),
        nav: None,
        html: |f, p| html(Reporter::new(f).cohorts(&p.id()), cohorts::render),
        data: |f, p| json(v1::cohorts(f, &p.id())),
        csv: csv("/cohorts/{id}/figures.csv", |f, p| tables::cohorts(f, &p.id())),
    },
    Page {
        path: "/flows/{id}",
        action: Action::SeeValue("kpi"),
        json: Some("/api/v1/flows/{id}"),
        nav: None,
        html: |f, p| html(Reporter::new(f).flow(&p.id()), flows::render),
        data: |f, p| json(v1::flow(f, &p.id())),
        csv: csv("/flows/{id}/figures.csv", |f, p| tables::flow(f, &p.id())),
    },
    Page {
        path: "/journeys",
        action: Action::SeeValue("entity"),
        json: None,
        nav: Some("Journeys"),
        html: |f, p| html(Reporter::new(f).journey(None, p.get("period").as_deref()), journeys::render),
        data: |f, p| json(v1::journey(f, &p.id(), None)),
        csv: None,
    },
    Page {
        path: "/journeys/{id}",
        action: Action::SeeValue("entity"),
        json: Some("/api/v1/journeys/{id}"),
        nav: None,
        html: |f, p| {
            html(Reporter::new(f).journey(Some(&p.id()), p.get("period").as_deref()), journeys::render)
        },
        data: |f, p| json(v1::journey(f, &p.id(), p.get("period").as_deref())),
        csv: csv("/journeys/{id}/figures.csv", |f, p| {
            tables::journey(f, &p.id(), p.get("period").as_deref())
        }),
    },
    Page {
        path: "/data",
        action: Action::SeeData,
        json: Some("/api/v1/sources"),
        nav: Some("Data"),
        html: |f, _| html(Reporter::new(f).sources(), sources::render),
        data: |f, _| json(v1::sources(f)),
        csv: csv("/data/sources.csv", |f, _| Ok(sources::csv(&Reporter::new(f).sources()?))),
    },
    Page {
        path: "/data/quarantine",
        action: Action::SeeRows,
        json: Some("/api/v1/quarantine"),
        nav: None,
        html: |f, p| html(Reporter::new(f).quarantine(&p.quarantine()), quarantine::render),
        data: |f, p| json(v1::quarantine(f, &p.quarantine())),
        csv: csv("/data/quarantine.csv", |f, p| {
            Ok(quarantine::csv(&Reporter::new(f).quarantine(&p.quarantine())?))
        }),
    },
    Page {
        path: "/data/corrections",
        action: Action::SeeRows,
        json: None,
        nav: None,
        html: |f, p| {
            let view = Reporter::new(f).corrections(p.get("source").as_deref())?;
            Ok(corrections::render(&view, p).into_string())
        },
        data: |_, _| Ok(String::new()),
        csv: None,
    },
    Page {
        path: "/explain/{id}",
        action: Action::SeeValue("scorecard"),
        json: Some("/api/v1/explain/{id}"),
        nav: None,
        html: |f, p| html(Reporter::new(f).explain(&p.scorecard()), explain::render),
        data: |f, p| json(v1::explain(f, &p.scorecard())),
        csv: csv("/explain/{id}/steps.csv", |f, p| {
            Ok(explain::csv(&Reporter::new(f).explain(&p.scorecard())?))
        }),
    },
    Page {
        path: "/what-if/{id}",
        action: Action::SeeValue("scorecard"),
        json: Some("/api/v1/what-if/{id}"),
        nav: None,
        html: |f, p| html(Reporter::new(f).what_if(&p.what_if()), what_if::render),
        data: |f, p| json(v1::what_if(f, &p.what_if())),
        csv: None,
    },
    Page {
        path: "/inbox",
        action: Action::SeeDecisions,
        json: Some("/api/v1/items"),
        nav: Some("Decisions"),
        html: |f, p| html(Reporter::new(f).inbox(p.get("all").is_some()), inbox::render),
        data: |f, p| json(v1::inbox(f, p.get("all").is_some())),
        csv: csv("/inbox/items.csv", |f, p| {
            Ok(tables::items(&Reporter::new(f).inbox(p.get("all").is_some())?))
        }),
    },
    Page {
        path: "/items/{id}",
        action: Action::SeeDecisions,
        json: Some("/api/v1/items/{id}"),
        nav: None,
        html: |f, p| Ok(item::render(&Reporter::new(f).item(&p.id())?, p.said.as_ref()).into_string()),
        data: |f, p| json(v1::item(f, &p.id())),
        csv: None,
    },
    Page {
        path: "/reviews",
        action: Action::SeeDecisions,
        json: None,
        nav: None,
        html: |f, _| Ok(review::all(&Reporter::new(f).reviews()?).into_string()),
        data: |_, _| Ok(String::new()),
        csv: None,
    },
    Page {
        path: "/reviews/{id}",
        action: Action::SeeDecisions,
        json: None,
        nav: None,
        html: |f, p| Ok(review::pack(&Reporter::new(f).item(&p.id())?).into_string()),
        data: |_, _| Ok(String::new()),
        csv: None,
    },
    Page {
        path: "/alerts",
        action: Action::SeeDecisions,
        json: None,
        nav: None,
        html: |f, p| Ok(acting::alerts(&Reporter::new(f).alerts()?, p.said.as_ref()).into_string()),
        data: |_, _| Ok(String::new()),
        csv: None,
    },
    Page {
        path: "/playbooks",
        action: Action::SeeDecisions,
        json: None,
        nav: None,
        html: |f, _| Ok(acting::playbooks(&Reporter::new(f).playbooks()?).into_string()),
        data: |_, _| Ok(String::new()),
        csv: None,
    },
    Page {
        path: "/feedback",
        action: Action::SeeDecisions,
        json: None,
        nav: None,
        html: |f, p| {
            let view =
                Reporter::new(f).feedback(&p.get("q").unwrap_or_default(), p.get("theme").as_deref())?;
            Ok(acting::feedback(&view, p.said.as_ref()).into_string())
        },
        data: |_, _| Ok(String::new()),
        csv: None,
    },
    Page {
        path: "/priorities",
        action: Action::SeeValue("kpi"),
        json: None,
        nav: None,
        html: |f, p| {
            Ok(acting::priorities(&Reporter::new(f).priorities(p.get("kpi").as_deref())?).into_string())
        },
        data: |_, _| Ok(String::new()),
        csv: None,
    },
    Page {
        path: "/latency",
        action: Action::SeeDecisions,
        json: None,
        nav: None,
        html: |f, _| Ok(acting::latency(&Reporter::new(f).latency()?).into_string()),
        data: |_, _| Ok(String::new()),
        csv: csv("/latency/steps.csv", |f, _| Ok(tables::latency(&Reporter::new(f).latency()?))),
    },
    Page {
        path: "/commentary/new",
        action: Action::SeeDecisions,
        json: None,
        nav: None,
        html: |f, p| Ok(comment::render(&Reporter::new(f).periods()?, p).into_string()),
        data: |_, _| Ok(String::new()),
        csv: None,
    },
    Page {
        path: "/disputes/new",
        action: Action::SeeDecisions,
        json: None,
        nav: None,
        html: |f, p| Ok(dispute::render(&Reporter::new(f).periods()?, p).into_string()),
        data: |_, _| Ok(String::new()),
        csv: None,
    },
    Page {
        path: "/entries/new",
        action: Action::SeeDecisions,
        json: None,
        nav: None,
        html: |f, p| {
            Ok(entry::render(&Reporter::new(f).periods()?, &Reporter::new(f).entered(), p).into_string())
        },
        data: |_, _| Ok(String::new()),
        csv: None,
    },
    Page {
        path: "/changes/new",
        action: Action::SeeDecisions,
        json: None,
        nav: None,
        html: change,
        data: |_, _| Ok(String::new()),
        csv: None,
    },
    Page {
        path: "/periods",
        action: Action::SeeDecisions,
        json: Some("/api/v1/periods"),
        nav: None,
        html: |f, p| Ok(periods::render(&Reporter::new(f).periods()?, p.said.as_ref()).into_string()),
        data: |f, _| json(v1::periods(f)),
        csv: csv("/periods/periods.csv", |f, _| Ok(tables::periods(&Reporter::new(f).periods()?))),
    },
    Page {
        path: "/periods/{id}",
        action: Action::SeeDecisions,
        json: Some("/api/v1/periods/{id}"),
        nav: None,
        html: |f, p| html(Reporter::new(f).official(&p.id()), periods::official),
        data: |f, p| json(v1::official(f, &p.id())),
        csv: csv("/periods/{id}/figures.csv", |f, p| {
            Ok(tables::official(&Reporter::new(f).official(&p.id())?))
        }),
    },
    Page {
        path: "/periods/{id}/readiness",
        action: Action::SeeDecisions,
        json: Some("/api/v1/periods/{id}/readiness"),
        nav: None,
        html: |f, p| html(Reporter::new(f).readiness(&p.id()), readiness::render),
        data: |f, p| json(v1::readiness(f, &p.id())),
        csv: csv("/periods/{id}/readiness.csv", |f, p| {
            Ok(tables::readiness(&Reporter::new(f).readiness(&p.id())?))
        }),
    },
    Page {
        path: "/register",
        action: Action::SeeDecisions,
        json: Some("/api/v1/register"),
        nav: None,
        html: |f, p| html(Reporter::new(f).register(&p.register()?), register::render),
        data: |f, p| json(v1::register(f, &p.register()?)),
        csv: csv("/register/definitions.csv", |f, p| {
            Ok(tables::register(&Reporter::new(f).register(&p.register()?)?))
        }),
    },
    Page {
        path: "/disclosure",
        action: Action::SeeDecisions,
        json: Some("/api/v1/disclosure"),
        nav: None,
        html: |f, _| html(Ok(Reporter::new(f).disclosure()), disclosure::list),
        data: |f, _| json(Ok(v1::disclosure(f))),
        csv: csv("/disclosure/withheld.csv", |f, _| Ok(tables::withheld(&Reporter::new(f).disclosure()))),
    },
    Page {
        path: "/disclosure/methodology",
        action: Action::SeeDecisions,
        json: Some("/api/v1/disclosure/methodology"),
        nav: None,
        html: |f, p| html(Reporter::new(f).methodology(&p.register()?), disclosure::methodology),
        data: |f, p| json(v1::methodology(f, &p.register()?)),
        csv: csv("/disclosure/methodology.md", |f, p| {
            Ok(Reporter::new(f).methodology(&p.register()?)?.markdown)
        }),
    },
    Page {
        path: "/people",
        action: Action::SeeDecisions,
        json: Some("/api/v1/people"),
        nav: None,
        html: |f, p| html(Reporter::new(f).people(&p.people()), people::people),
        data: |f, p| json(v1::people(f, &p.people())),
        csv: csv("/people/persons.csv", |f, p| Ok(tables::people(&Reporter::new(f).people(&p.people())?))),
    },
    Page {
        path: "/ownership",
        action: Action::SeeDecisions,
        json: Some("/api/v1/ownership"),
        nav: None,
        html: |f, p| html(Reporter::new(f).ownership(&p.people()), people::ownership),
        data: |f, p| json(v1::ownership(f, &p.people())),
        csv: csv("/ownership/duties.csv", |f, p| {
            Ok(tables::ownership(&Reporter::new(f).ownership(&p.people())?))
        }),
    },
    Page {
        path: "/audit",
        action: Action::SeeDecisions,
        json: Some("/api/v1/audit"),
        nav: None,
        html: |f, p| html(Reporter::new(f).log(&p.log()?), audit::render),
        data: |f, p| json(v1::log(f, &p.log()?)),
        csv: csv("/audit/events.csv", |f, p| Ok(tables::log(&Reporter::new(f).log(&p.log()?)?))),
    },
    Page {
        path: "/audit/{id}",
        action: Action::SeeDecisions,
        json: Some("/api/v1/audit/{id}"),
        nav: None,
        html: |f, p| html(Reporter::new(f).proof(&p.id()), audit::proof),
        data: |f, p| json(Reporter::new(f).proof(&p.id()).map(|view| view.of)),
        csv: None,
    },
];

/// More periods of history than this are not given at once; an endpoint of one KPI has them all.
const MOST_HISTORY: usize = 120;

/// More rows behind a value than this are not given at once.
const MOST_ROWS: usize = 100_000;

/// The first scorecard; of a project without one, its KPIs.
fn home(facts: &dyn Facts, params: &Params) -> Result<String, ViewError> {
    if facts.project().scorecards.is_empty() {
        return html(Reporter::new(facts).kpis(), kpis::render);
    }
    html(Reporter::new(facts).scorecard(&params.scorecard()), scorecard::render)
}

/// A definition to be written anew; without one, which there are.
fn change(facts: &dyn Facts, params: &Params) -> Result<String, ViewError> {
    let at = Reporter::new(facts);
    let Some(id) = params.get("id") else {
        return html(at.register(&RegisterAsked::default()), changes::choose);
    };
    let item = params.get("item").and_then(|item| item.parse().ok());
    let view = at.editor(&id, params.get("from").as_deref(), item)?;
    let draft = params.said.as_ref().and_then(|said| said.draft.as_ref()).map(|draft| at.draft(draft));
    Ok(changes::render(&view, params.said.as_ref(), draft.as_ref()).into_string())
}

fn html<V>(view: Result<V, ViewError>, render: fn(&V) -> Markup) -> Result<String, ViewError> {
    Ok(render(&view?).into_string())
}

fn json<V: Serialize>(answer: Result<V, ViewError>) -> Result<String, ViewError> {
    let unavailable =
        |e: serde_json::Error| ViewError::Unavailable { reason: format!("not to be written as JSON: {e}") };
    let mut text = serde_json::to_string(&answer?).map_err(unavailable)?;
    text.push('\n');
    Ok(text)
}

/// What a request asks for: the id in its path, and its query. Empty values count as not said, because a form
/// sends them for "all".
pub(crate) struct Params {
    id: Option<String>,
    query: Vec<(String, String)>,
    said: Option<Said>,
}

/// Why nothing came of a form, and what was typed into it.
pub(crate) struct Said {
    /// Each in a sentence that says what to do.
    pub(crate) why: Vec<String>,
    /// The route that it was sent to.
    pub(crate) form: &'static str,
    /// What was typed.
    pub(crate) fields: Vec<(String, String)>,
    /// What would come of a definition that was written.
    pub(crate) draft: Option<Draft>,
}

impl Params {
    pub(crate) fn new(id: Option<String>, query: Vec<(String, String)>) -> Self {
        Self { id, query, said: None }
    }

    /// The same, of a page that a form came back to.
    pub(crate) fn with(self, said: Said) -> Self {
        Self { said: Some(said), ..self }
    }

    fn get(&self, key: &str) -> Option<String> {
        self.query.iter().find(|(k, v)| k == key && !v.is_empty()).map(|(_, v)| v.clone())
    }

    /// What stands in a field of a form: what was typed into it, or what the address asks for.
    pub(crate) fn typed(&self, form: &str, field: &str) -> String {
        match &self.said {
            Some(said) => forms::typed_at(Some(said), form, field).to_owned(),
            None => self.get(field).unwrap_or_default(),
        }
    }

    /// All that is said of a key, in order.
    pub(crate) fn all(&self, key: &str) -> Vec<String> {
        self.query.iter().filter(|(k, v)| k == key && !v.is_empty()).map(|(_, v)| v.clone()).collect()
    }

    /// How many rows are asked for; unsaid, as many as a page shows.
    pub(crate) fn most(&self) -> usize {
        self.get("limit").and_then(|n| n.parse().ok()).map_or(rows::MOST_SHOWN, |n: usize| n.min(MOST_ROWS))
    }

    pub(crate) fn scorecard(&self) -> ScorecardQuery {
        let scorecard = self.id.clone().or_else(|| self.get("scorecard"));
        ScorecardQuery { scorecard, unit: self.get("unit"), period: self.get("period") }
    }

    /// What is supposed: the empty fields of the form say nothing.
    pub(crate) fn what_if(&self) -> WhatIfQuery {
        let named = |prefix: &str| {
            let said = self.query.iter().filter(|(_, value)| !value.is_empty());
            said.filter_map(|(key, value)| Some((key.strip_prefix(prefix)?.to_owned(), value.clone())))
                .collect()
        };
        WhatIfQuery { of: self.scorecard(), values: named(what_if::VALUE), weights: named(what_if::WEIGHT) }
    }

    pub(crate) fn id(&self) -> String {
        self.id.clone().unwrap_or_default()
    }

    /// What data pass is asked for.
    pub(crate) fn of(&self) -> String {
        self.get("of").unwrap_or_default()
    }

    pub(crate) fn kpi(&self) -> KpiQuery {
        KpiQuery { unit: self.get("unit"), segment: self.get("segment"), period: self.get("period") }
    }

    /// How many periods of history are asked for.
    pub(crate) fn history(&self) -> Option<usize> {
        self.get("history").and_then(|n| n.parse().ok()).map(|n: usize| n.min(MOST_HISTORY))
    }

    /// What is asked of the log.
    pub(crate) fn log(&self) -> Result<LogAsked, ViewError> {
        let before = self.get("before").map(|before| {
            let wrong = || ViewError::Unclear {
                reason: format!("`{before}` is no event; ask with a number, such as `before=12`"),
            };
            before.parse().map_err(|_| wrong())
        });
        Ok(LogAsked { about: self.get("about"), by: self.get("by"), before: before.transpose()? })
    }

    /// Of which day the directory is asked for.
    pub(crate) fn people(&self) -> PeopleAsked {
        PeopleAsked { day: self.get("day") }
    }

    /// What is asked of the register.
    pub(crate) fn register(&self) -> Result<RegisterAsked, ViewError> {
        let position = self.get("at").map(|at| {
            let wrong = || ViewError::Unclear {
                reason: format!("`{at}` is no event; ask with a number, such as `at=12`"),
            };
            at.parse().map_err(|_| wrong())
        });
        Ok(RegisterAsked { of: self.get("id"), day: self.get("day"), position: position.transpose()? })
    }

    pub(crate) fn quarantine(&self) -> QuarantineQuery {
        let page = self.get("page").and_then(|p| p.parse().ok());
        QuarantineQuery { source: self.get("source"), page }
    }
}
