//! The pages: one file each, one row each in [`PAGES`].

pub(crate) mod error;
mod explain;
mod kpi;
mod kpis;
mod map;
mod quarantine;
mod scorecard;
mod sources;

use kepi_report::reader::{KpiQuery, QuarantineQuery, Reader, ScorecardQuery, ViewError};
use maud::Markup;
use serde::Serialize;

/// A page and the JSON of the same facts.
pub struct Page {
    /// Its route.
    pub path: &'static str,
    /// The route of its JSON; none where another page gives the same.
    pub json: Option<&'static str>,
    /// Its name in the navigation, if it stands there.
    pub nav: Option<&'static str>,
    pub(crate) html: fn(&dyn Reader, &Params) -> Result<String, ViewError>,
    pub(crate) data: fn(&dyn Reader, &Params) -> Result<String, ViewError>,
}

/// All pages. To add one: a file with `read` and `render`, and a row here.
pub const PAGES: &[Page] = &[
    Page {
        path: "/",
        json: Some("/api/v1/scorecard"),
        nav: Some("Scorecard"),
        html: |r, p| html(scorecard::read(r, p), scorecard::render),
        data: |r, p| json(scorecard::read(r, p)),
    },
    Page {
        path: "/scorecards/{id}",
        json: Some("/api/v1/scorecards/{id}"),
        nav: None,
        html: |r, p| html(scorecard::read(r, p), scorecard::render),
        data: |r, p| json(scorecard::read(r, p)),
    },
    Page {
        path: "/map",
        json: Some("/api/v1/map"),
        nav: Some("Strategy map"),
        html: |r, p| html(map::read(r, p), map::render),
        data: |r, p| json(map::read(r, p)),
    },
    Page {
        path: "/kpis",
        json: Some("/api/v1/kpis"),
        nav: Some("KPIs"),
        html: |r, p| html(kpis::read(r, p), kpis::render),
        data: |r, p| json(kpis::read(r, p)),
    },
    Page {
        path: "/kpis/{id}",
        json: Some("/api/v1/kpis/{id}"),
        nav: None,
        html: |r, p| html(kpi::read(r, p), kpi::render),
        data: |r, p| json(kpi::read(r, p)),
    },
    Page {
        path: "/data",
        json: Some("/api/v1/sources"),
        nav: Some("Data"),
        html: |r, p| html(sources::read(r, p), sources::render),
        data: |r, p| json(sources::read(r, p)),
    },
    Page {
        path: "/data/quarantine",
        json: Some("/api/v1/quarantine"),
        nav: None,
        html: |r, p| html(quarantine::read(r, p), quarantine::render),
        data: |r, p| json(quarantine::read(r, p)),
    },
    Page {
        path: "/explain/{id}",
        json: Some("/api/v1/explain/{id}"),
        nav: None,
        html: |r, p| html(explain::read(r, p), explain::render),
        data: |r, p| json(explain::read(r, p)),
    },
];

fn html<V>(view: Result<V, ViewError>, render: fn(&V) -> Markup) -> Result<String, ViewError> {
    Ok(render(&view?).into_string())
}

fn json<V: Serialize>(view: Result<V, ViewError>) -> Result<String, ViewError> {
    let unavailable =
        |e: serde_json::Error| ViewError::Unavailable { reason: format!("not to be written as JSON: {e}") };
    let mut text = serde_json::to_string_pretty(&view?).map_err(unavailable)?;
    text.push('\n');
    Ok(text)
}

/// What a request asks for: the id in its path, and its query. Empty values count as not said, because a form
/// sends them for "all".
pub(crate) struct Params {
    id: Option<String>,
    query: Vec<(String, String)>,
}

impl Params {
    pub(crate) fn new(id: Option<String>, query: Vec<(String, String)>) -> Self {
        Self { id, query }
    }

    fn get(&self, key: &str) -> Option<String> {
        self.query.iter().find(|(k, v)| k == key && !v.is_empty()).map(|(_, v)| v.clone())
    }

    pub(crate) fn scorecard(&self) -> ScorecardQuery {
        let scorecard = self.id.clone().or_else(|| self.get("scorecard"));
        ScorecardQuery { scorecard, unit: self.get("unit"), period: self.get("period") }
    }

    pub(crate) fn kpi(&self) -> (String, KpiQuery) {
        let query =
            KpiQuery { unit: self.get("unit"), segment: self.get("segment"), period: self.get("period") };
        (self.id.clone().unwrap_or_default(), query)
    }

    pub(crate) fn quarantine(&self) -> QuarantineQuery {
        let page = self.get("page").and_then(|p| p.parse().ok());
        QuarantineQuery { source: self.get("source"), page }
    }
}
