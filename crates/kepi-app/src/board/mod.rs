//! The board: what is published, as views. It reads a [`Picture`], implements [`Reader`] and computes no KPI.

mod data;
mod explain;
mod kpi;
pub use data::row_counts;
mod map;
mod scorecard;
mod words;

use std::collections::BTreeMap;

use jiff::{Timestamp, tz::TimeZone};
use kepi_model::{
    calendar::{Grain, Period},
    id::{EntityId, KpiId, PersonId, UnitId},
    project::{Cascade, Kpi, Scorecard},
};
use kepi_query::value::{Finality, Segment};
use kepi_report::{
    reader::{KpiQuery, QuarantineQuery, Reader, ScorecardQuery, ViewError},
    view::{
        Choice, ExplainView, KpiListView, KpiView, Named, Person, ProjectView, QuarantineView, ScorecardView,
        SourcesView, StrategyMapView,
    },
};
use kepi_score::tree::Scoring;

use crate::picture::{Picture, Series};

impl Picture {
    /// The segment that stands for a unit: all rows for the scorecard's own, a member of the matched dimension below.
    fn segment_of(&self, cascade: Option<&Cascade>, unit: Option<&UnitId>) -> Option<Segment> {
        let Some(id) = unit else { return Some(Segment::total()) };
        let unit = self.project().units.get(id)?;
        let dimension = cascade.and_then(|c| unit.level.as_ref().and_then(|l| c.levels.get(l)))?;
        Some(Segment::one(dimension.clone(), &unit.member))
    }

    /// Calls `then` with the scoring of a scorecard in a period.
    fn scored<T>(&self, scorecard: &Scorecard, period: Period, then: impl FnOnce(&Scoring<'_>) -> T) -> T {
        let cascade = scorecard.cascade.as_ref();
        let value = |unit: Option<&UnitId>, kpi: &KpiId| {
            let segment = self.segment_of(cascade, unit)?;
            self.observed(kpi, period, &segment)
        };
        then(&Scoring { project: self.project(), scorecard, period, value: &value })
    }

    fn scorecard_asked(&self, id: Option<&str>) -> Result<&Scorecard, ViewError> {
        let all = &self.project().scorecards;
        match id {
            None => all.values().next().ok_or_else(|| ViewError::Unavailable {
                reason: "the project has no scorecard: write one (`scorecard: …`)".to_owned(),
            }),
            Some(id) => all.values().find(|s| s.id.as_str() == id).ok_or_else(|| ViewError::NotFound {
                what: format!("scorecard `{id}`"),
                suggestions: closest(id, all.values().map(|s| (s.id.as_str(), s.name.as_str())))
                    .map(|(id, name)| (name.to_owned(), format!("/scorecards/{id}")))
                    .collect(),
            }),
        }
    }

    fn unit_asked(&self, scorecard: &Scorecard, id: Option<&str>) -> Result<Option<UnitId>, ViewError> {
        let Some(id) = id else { return Ok(scorecard.unit.clone()) };
        let reachable = self.units_below(scorecard);
        if scorecard.unit.as_ref().is_some_and(|u| u.as_str() == id) {
            return Ok(scorecard.unit.clone());
        }
        let found = reachable.iter().find(|(unit, _)| unit.as_str() == id).map(|(unit, _)| unit.clone());
        found.map(Some).ok_or_else(|| ViewError::NotFound {
            what: format!("unit `{id}` below this scorecard"),
            suggestions: closest(id, reachable.iter().map(|(u, _)| (u.as_str(), self.unit_name(u))))
                .map(|(id, name)| (name.to_owned(), format!("/scorecards/{}?unit={id}", scorecard.id)))
                .collect(),
        })
    }

    /// Units below a scorecard's own in tree order, each with its depth from 1.
    fn units_below(&self, scorecard: &Scorecard) -> Vec<(UnitId, u8)> {
        fn walk(board: &Picture, cascade: &Cascade, of: &UnitId, depth: u8, found: &mut Vec<(UnitId, u8)>) {
            for unit in kepi_score::tree::children(&board.project().units, cascade, of) {
                if depth < 16 {
                    found.push((unit.id.clone(), depth));
                    walk(board, cascade, &unit.id, depth + 1, found);
                }
            }
        }
        let mut found = Vec::new();
        if let (Some(cascade), Some(unit)) = (&scorecard.cascade, &scorecard.unit) {
            walk(self, cascade, unit, 1, &mut found);
        }
        found
    }

    fn unit_name<'a>(&'a self, id: &'a UnitId) -> &'a str {
        self.project().units.get(id).map_or(id.as_str(), |u| u.name.as_str())
    }

    /// Periods of a scorecard for which any of its KPIs has a value over all rows, oldest first, and the newest
    /// complete one.
    fn periods(&self, kpis: impl Iterator<Item = KpiId>, grain: Grain) -> (Vec<i32>, Option<i32>) {
        let mut all: BTreeMap<i32, bool> = BTreeMap::new();
        for kpi in kpis {
            let series = self.series(&kpi, grain, &Segment::total());
            for (ordinal, entry) in series.into_iter().flat_map(Series::iter) {
                *all.entry(ordinal).or_insert(true) &= entry.value.finality == Finality::Final;
            }
        }
        let newest = all.iter().rev().find(|(_, complete)| **complete).or_else(|| all.iter().next_back());
        let newest = newest.map(|(ordinal, _)| *ordinal);
        (all.into_keys().collect(), newest)
    }

    fn period_asked(
        &self,
        text: Option<&str>,
        grain: Grain,
        known: &(Vec<i32>, Option<i32>),
    ) -> Result<Period, ViewError> {
        let calendar = &self.project().calendar;
        let label = |ordinal: i32| calendar.label(Period { grain, ordinal });
        let Some(text) = text else {
            return known.1.map(|ordinal| Period { grain, ordinal }).ok_or_else(nothing_computed);
        };
        let parsed = calendar.parse(text).ok().filter(|p| p.grain == grain && known.0.contains(&p.ordinal));
        parsed.ok_or_else(|| ViewError::NotFound {
            what: format!("period `{text}`"),
            suggestions: known
                .0
                .iter()
                .rev()
                .take(3)
                .map(|o| (label(*o), format!("?period={}", label(*o))))
                .collect(),
        })
    }

    fn period_choices(&self, known: &[i32], period: Period) -> Vec<Choice> {
        known
            .iter()
            .rev()
            .map(|ordinal| {
                let label = self.project().calendar.label(Period { ordinal: *ordinal, ..period });
                Choice { id: label.clone(), name: label, chosen: *ordinal == period.ordinal }
            })
            .collect()
    }

    fn project_view(&self) -> ProjectView {
        let project = self.project();
        ProjectView {
            id: project.id.to_string(),
            name: project.name.clone(),
            description: project.description.clone(),
            confidence: kepi_report::format::coverage(project.confidence),
            scorecards: project.scorecards.values().map(|s| Named::new(s.id.to_string(), &s.name)).collect(),
        }
    }

    fn person(&self, id: Option<&PersonId>) -> Option<Person> {
        let person = self.project().persons.get(id?)?;
        Some(Person { id: person.id.to_string(), name: person.name.clone(), role: person.role.clone() })
    }

    fn persons(&self, ids: &[PersonId]) -> Vec<Person> {
        ids.iter().filter_map(|id| self.person(Some(id))).collect()
    }

    /// An instant as RFC 3339 in the reporting zone, to the second.
    fn instant(&self, micros: i64) -> String {
        let Ok(at) = Timestamp::from_microsecond(micros) else { return micros.to_string() };
        let zone = TimeZone::get(&self.project().calendar.zone).unwrap_or(TimeZone::UTC);
        at.to_zoned(zone).strftime("%Y-%m-%dT%H:%M:%S%:z").to_string()
    }

    /// The civil day of an instant in the reporting zone.
    fn day(&self, micros: i64) -> Option<jiff::civil::Date> {
        let at = Timestamp::from_microsecond(micros).ok()?;
        Some(at.to_zoned(TimeZone::get(&self.project().calendar.zone).ok()?).date())
    }

    /// The last day that the data of an entity reach: that of the latest event, or a later one up to which a source
    /// is declared complete.
    fn data_until(&self, entity: &EntityId) -> Option<jiff::civil::Date> {
        let sources = self.project().sources.values().filter(|s| &s.into == entity);
        let declared = sources.filter_map(|s| s.complete_until).max();
        let reach = self.watermark(entity)?;
        let end_of = |day: jiff::civil::Date| {
            let calendar = &self.project().calendar;
            calendar.bounds(calendar.period_of_day(Grain::Day, day)).map(|b| b.end)
        };
        // A declared day reaches to its end, which is the first moment of the next.
        match declared {
            Some(day) if end_of(day) == Ok(reach) => Some(day),
            _ => self.day(reach),
        }
    }

    fn kpi_asked(&self, id: &str) -> Result<&Kpi, ViewError> {
        let all = &self.project().kpis;
        all.values().find(|k| k.id.as_str() == id).ok_or_else(|| ViewError::NotFound {
            what: format!("KPI `{id}`"),
            suggestions: closest(id, all.values().map(|k| (k.id.as_str(), k.name.as_str())))
                .map(|(id, name)| (name.to_owned(), format!("/kpis/{id}")))
                .collect(),
        })
    }
}

fn nothing_computed() -> ViewError {
    ViewError::Unavailable { reason: "nothing has been computed yet: `kepi run` does it".to_owned() }
}

/// Up to three ids that resemble `asked`, best first.
fn closest<'a>(
    asked: &str,
    all: impl Iterator<Item = (&'a str, &'a str)>,
) -> impl Iterator<Item = (&'a str, &'a str)> {
    let mut scored: Vec<_> = all.map(|(id, name)| (strsim::jaro_winkler(asked, id), id, name)).collect();
    scored.sort_by(|a, b| b.0.total_cmp(&a.0).then(a.1.cmp(b.1)));
    scored.into_iter().filter(|s| s.0 > 0.7).take(3).map(|(_, id, name)| (id, name))
}

impl Reader for Picture {
    fn ready(&self) -> Result<(), ViewError> {
        if self.is_empty() { Err(nothing_computed()) } else { Ok(()) }
    }
    fn scorecard(&self, query: &ScorecardQuery) -> Result<ScorecardView, ViewError> {
        self.scorecard_view(query)
    }
    fn explain(&self, query: &ScorecardQuery) -> Result<ExplainView, ViewError> {
        self.explain_view(query)
    }
    fn strategy_map(&self, query: &ScorecardQuery) -> Result<StrategyMapView, ViewError> {
        self.map_view(query)
    }
    fn kpis(&self) -> Result<KpiListView, ViewError> {
        self.list_view()
    }
    fn kpi(&self, id: &str, query: &KpiQuery) -> Result<KpiView, ViewError> {
        self.kpi_view(id, query)
    }
    fn sources(&self) -> Result<SourcesView, ViewError> {
        Ok(self.sources_view())
    }
    fn quarantine(&self, query: &QuarantineQuery) -> Result<QuarantineView, ViewError> {
        self.quarantine_view(query)
    }
}
