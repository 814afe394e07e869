//! From facts to what is shown: which scorecard, unit, period and segment a question means, and what was computed there.
//!
//! Pages (one file each) and [`crate::api`] are written from the same readings, so they cannot differ in a figure.

mod acting;
mod agenda;
mod benchmarks;
pub(crate) mod bridge;
mod cohorts;
mod composed;
mod data;
mod data_rules;
mod decided;
mod deliveries;
mod disclosure;
mod ending;
pub(crate) mod explain;
mod flow;
mod gates;
mod initiatives;
pub(crate) mod insights;
mod journey;
mod kpi;
mod lineage;
mod logged;
mod map;
mod matrix;
mod operating_plan;
mod people;
mod promises;
pub(crate) mod reading;
mod rows;
mod sampling;
pub(crate) mod scorecard;
#[cfg(test)]
mod tests;
mod what_if;
pub(crate) mod words;

use jiff::civil::Date;
use kepi_model::{
    calendar::{Calendar, Grain, Period},
    id::{EntityId, PersonId, UnitId},
    project::{Kpi, Measure, Person as Somebody, Project, Scorecard},
};
use kepi_query::value::Segment;
use kepi_score::card::{Card, Periods};

use crate::{
    facts::Facts,
    format,
    reader::{KpiQuery, QuarantineQuery, ScorecardQuery, ViewError, nothing_computed},
    view::{
        Choice, CorrectionsView, ExplainView, KpiListView, KpiView, Named, Outcome, Person, Points,
        ProjectView, QuarantineView, SamplesView, ScorecardView, SourcesView, StrategyMapView, UnitChoice,
    },
};

/// Up to so many names are offered instead of one that does not exist.
const SUGGESTIONS: usize = 3;
/// So many periods of a series are shown and offered: what people look at, not what there is.
const MOST_PERIODS: usize = 400;

/// Answers questions from facts, as views.
#[derive(Clone, Copy)]
pub struct Reporter<'a> {
    pub(crate) facts: &'a (dyn Facts + 'a),
}

impl<'a> Reporter<'a> {
    /// One that answers from these facts.
    pub fn new(facts: &'a (dyn Facts + 'a)) -> Self {
        Self { facts }
    }

    /// A scorecard.
    pub fn scorecard(self, query: &ScorecardQuery) -> Result<ScorecardView, ViewError> {
        self.scorecard_view(query)
    }
    /// How a scorecard's score came about.
    pub fn explain(self, query: &ScorecardQuery) -> Result<ExplainView, ViewError> {
        self.explain_view(query)
    }
    /// The strategy map, coloured by a scorecard.
    pub fn strategy_map(self, query: &ScorecardQuery) -> Result<StrategyMapView, ViewError> {
        self.map_view(query)
    }
    /// All KPIs.
    ///
    /// # Errors
    /// Nothing has been computed yet, or it cannot be read.
    pub fn kpis(self) -> Result<KpiListView, ViewError> {
        if self.facts.is_empty() {
            return Err(nothing_computed());
        }
        self.list_view()
    }
    /// One KPI.
    pub fn kpi(self, id: &str, query: &KpiQuery) -> Result<KpiView, ViewError> {
        self.kpi_view(id, query)
    }
    /// All sources.
    pub fn sources(self) -> Result<SourcesView, ViewError> {
        self.sources_view()
    }
    /// What people say by hand of rows, of one source or all.
    ///
    /// # Errors
    /// There is no such source, or it cannot be read.
    pub fn corrections(self, source: Option<&str>) -> Result<CorrectionsView, ViewError> {
        self.corrections_view(source)
    }
    /// Whom the surveys of a KPI ask next, on a day or today.
    ///
    /// # Errors
    /// There is no such KPI, or rows cannot be read.
    pub fn samples(self, id: &str, day: Option<String>) -> Result<SamplesView, ViewError> {
        self.samples_view(id, day)
    }
    /// Rows in quarantine.
    pub fn quarantine(self, query: &QuarantineQuery) -> Result<QuarantineView, ViewError> {
        self.quarantine_view(query)
    }
}

/// A scorecard of the facts.
pub(crate) type FactCard<'a> = Card<'a, dyn Facts + 'a>;

/// What a question about a scorecard means.
pub(crate) struct Asked<'a> {
    pub card: FactCard<'a>,
    pub unit: Option<&'a UnitId>,
    pub period: Period,
    pub known: Periods,
}

/// What a question about a KPI means.
pub(crate) struct KpiAsked<'a> {
    pub kpi: &'a Kpi,
    /// Scorecards that use it. It is shown through the first: its units and targets.
    pub uses: Vec<&'a Scorecard>,
    pub card: Option<FactCard<'a>>,
    /// The unit asked for.
    pub unit: Option<&'a UnitId>,
    pub segment: Option<Segment>,
    pub period: Period,
    pub known: Periods,
}

impl<'a> Reporter<'a> {
    pub(crate) fn project(self) -> &'a Project {
        self.facts.project()
    }

    pub(crate) fn card(self, scorecard: &'a Scorecard) -> FactCard<'a> {
        Card { project: self.project(), scorecard, values: self.facts }
    }

    /// The first scorecard that uses a KPI.
    pub(crate) fn card_of(self, kpi: &Kpi) -> Option<FactCard<'a>> {
        let mut all = self.project().scorecards.values().map(|s| self.card(s));
        all.find(|card| card.kpis().any(|id| id == &kpi.id))
    }

    pub(crate) fn asked(self, query: &ScorecardQuery) -> Result<Asked<'a>, ViewError> {
        let card = self.card(self.scorecard_asked(query.scorecard.as_deref())?);
        let unit = self.unit_asked(&card, query.unit.as_deref())?;
        self.facts.want(&card.scorecard.reads().collect::<Vec<_>>())?;
        let known = card.periods();
        let none = || self.no_score_of(card.scorecard);
        let period = self.period_asked(
            query.period.as_deref().map(|text| self.project().without_card(text, &card.scorecard.calendar)),
            (&card.scorecard.calendar, card.scorecard.period),
            &known,
            none,
        )?;
        Ok(Asked { card, unit, period, known })
    }

    fn scorecard_asked(self, id: Option<&str>) -> Result<&'a Scorecard, ViewError> {
        let all = &self.project().scorecards;
        let Some(id) = id else {
            // The first that has anything to show.
            let shows = |of: &&Scorecard| {
                let card = self.card(of);
                let kpis: Vec<_> = card.kpis().collect();
                self.facts.want(&kpis).is_ok() && card.periods().newest.is_some()
            };
            let first = all.values().find(shows).or_else(|| all.values().next());
            return first.ok_or_else(|| ViewError::Unavailable {
                reason: "the project has no scorecard: write one (`scorecard: …`)".to_owned(),
            });
        };
        all.values().find(|s| s.id.as_str() == id).ok_or_else(|| {
            not_found(
                format!("scorecard `{id}`"),
                id,
                all.values().map(|s| (s.id.as_str(), s.name.as_str())),
                |id| format!("/scorecards/{id}"),
            )
        })
    }

    fn unit_asked(self, card: &FactCard<'a>, id: Option<&str>) -> Result<Option<&'a UnitId>, ViewError> {
        let sees = |unit: Option<&UnitId>| self.facts.sees_scorecard(&card.scorecard.id, unit);
        let Some(id) = id else { return Ok(self.unit_shown(card, sees)) };
        let all = card.all_units().into_iter().filter_map(|(unit, _)| unit);
        let all: Vec<&UnitId> = all.filter(|unit| sees(Some(*unit))).collect();
        if let Some(found) = all.iter().find(|unit| unit.as_str() == id) {
            return Ok(Some(*found));
        }
        Err(not_found(
            format!("unit `{id}` below this scorecard"),
            id,
            all.into_iter().map(|u| (u.as_str(), self.unit_name(u))),
            |id| format!("/scorecards/{}?unit={id}", card.scorecard.id),
        ))
    }

    /// The unit that is shown where none is asked for: the scorecard's own, or the first one below that is seen.
    pub(crate) fn unit_shown(
        self,
        card: &FactCard<'a>,
        sees: impl Fn(Option<&UnitId>) -> bool,
    ) -> Option<&'a UnitId> {
        let own = card.scorecard.unit.as_ref();
        if sees(None) {
            return own;
        }
        let below = card
            .all_units()
            .into_iter()
            .filter_map(|(unit, _)| unit)
            .find(|unit| Some(*unit) != own && sees(Some(*unit)));
        below.or(own)
    }

    /// Why a KPI has no figure at all: nothing was computed yet, the newest run could not, or there is nothing to compute
    /// from.
    fn no_value_of(self, kpi: &Kpi) -> ViewError {
        if self.facts.is_empty() {
            return nothing_computed();
        }
        let standing = match self.facts.standing(kpi, kpi.period) {
            Ok(standing) => standing,
            Err(error) => return error,
        };
        let named =
            |ids: Vec<&EntityId>| ids.iter().map(|id| format!("`{id}`")).collect::<Vec<_>>().join(", ");
        let reason = match standing.not_renewed {
            Some(why) => format!("`{}` has no value yet: {why}", kpi.id),
            None if !standing.withdrawn.is_empty() => format!(
                "`{}` has no value any more: what was published of it is withdrawn, since none of its rows is left",
                kpi.id
            ),
            None => format!(
                "`{}` has no value: no row of {} counts for it; `kepi show sources` says what landed, and `where` and \
                 the dates in its definition say which rows count",
                kpi.id,
                named(kpi.measure.bases())
            ),
        };
        ViewError::Unavailable { reason }
    }

    /// Why a scorecard has no score in any period.
    fn no_score_of(self, scorecard: &Scorecard) -> ViewError {
        if self.facts.is_empty() {
            return nothing_computed();
        }
        let kpis =
            self.card(scorecard).kpis().filter_map(|id| self.project().kpis.get(id)).collect::<Vec<_>>();
        let why: Vec<String> = kpis.into_iter().map(|kpi| self.no_value_of(kpi).to_string()).collect();
        let more = if why.len() > 1 { format!("; and {} more", why.len() - 1) } else { String::new() };
        let first = why.into_iter().next().unwrap_or_else(|| "it has no KPIs".to_owned());
        ViewError::Unavailable { reason: format!("none of its KPIs has a value: {first}{more}") }
    }

    fn period_asked(
        self,
        text: Option<&str>,
        (calendar, grain): (&Calendar, Grain),
        known: &Periods,
        none: impl FnOnce() -> ViewError,
    ) -> Result<Period, ViewError> {
        let Some(text) = text else {
            return known.newest.map(|ordinal| calendar.period(grain, ordinal)).ok_or_else(none);
        };
        let parsed = calendar.parse(text).ok().filter(|p| p.grain == grain && known.all.contains(&p.ordinal));
        parsed.ok_or_else(|| {
            let newest = known.all.iter().rev().take(SUGGESTIONS);
            let labels = newest.map(|ordinal| calendar.label(calendar.period(grain, *ordinal)));
            ViewError::NotFound {
                what: format!("period `{text}`"),
                suggestions: labels.map(|l| (l.clone(), format!("?period={l}"))).collect(),
            }
        })
    }

    pub(crate) fn kpi_asked(self, id: &str, query: &KpiQuery) -> Result<KpiAsked<'a>, ViewError> {
        let all = &self.project().kpis;
        let kpi = all.values().find(|k| k.id.as_str() == id).ok_or_else(|| {
            not_found(
                format!("KPI `{id}`"),
                id,
                all.values().map(|k| (k.id.as_str(), k.name.as_str())),
                |id| format!("/kpis/{id}"),
            )
        })?;
        self.facts.want(&[&kpi.id])?;
        let named =
            |text: &String| self.project().without_card(text, self.project().calendar_of(kpi)).to_owned();
        let query = &KpiQuery { period: query.period.as_ref().map(named), ..query.clone() };
        let uses: Vec<&Scorecard> = self
            .project()
            .scorecards
            .values()
            .filter(|s| self.card(s).kpis().any(|id| id == &kpi.id))
            .collect();
        let card = uses.first().map(|s| self.card(s));
        let unit = match (&card, query.unit.as_deref()) {
            (None, None) => None,
            // Over all rows, unless only a part of them is seen.
            (Some(card), None) => {
                let shown = self.unit_shown(card, |unit| self.facts.sees_kpi(&kpi.id, unit));
                shown.filter(|unit| card.scorecard.unit.as_ref() != Some(*unit))
            }
            (Some(card), asked) => self.unit_asked(card, asked)?,
            (None, Some(asked)) => {
                return Err(ViewError::NotFound {
                    what: format!("unit `{asked}` for `{id}`, which is on no scorecard"),
                    suggestions: Vec::new(),
                });
            }
        };
        let segment = match (query.segment.as_deref(), &card) {
            (Some(text), _) => Some(self.segment_asked(kpi, text)?),
            (None, Some(card)) => card.segment(unit.or(card.scorecard.unit.as_ref())),
            (None, None) => Some(Segment::total()),
        };
        let mut grain = self.grain_asked(kpi, card.map(|c| c.scorecard.period), query.period.as_deref())?;
        let mut known = Periods::of(self.facts, [&kpi.id], grain);
        if known.all.is_empty()
            && let Some(over) = self.to_be_entered(kpi)
        {
            (grain, known) = (kpi.period, Periods { all: vec![over.ordinal], newest: Some(over.ordinal) });
        }
        // Of a period of a scorecard that has shorter ones it is shown as of the last of its own that has ended by then.
        let calendar = self.project().calendar_of(kpi);
        let is_of_a_card = |period: &Period| uses.iter().any(|card| card.period == period.grain);
        let as_of = query.period.as_deref().and_then(|text| {
            let period = calendar.parse(text).ok().filter(|of| of.grain < grain && is_of_a_card(of))?;
            Some(self.label(calendar.as_of_end(period, grain).ok()?))
        });
        let query = &KpiQuery { period: as_of.or_else(|| query.period.clone()), ..query.clone() };
        if let Some(asked) = query.period.as_deref().and_then(|text| calendar.parse(text).ok())
            && asked.grain == grain
            && let Err(place) = known.all.binary_search(&asked.ordinal)
            && self.is_on_a_scorecard_in(&uses, asked)?
        {
            known.all.insert(place, asked.ordinal);
        }
        let period =
            self.period_asked(query.period.as_deref(), (calendar, grain), &known, || self.no_value_of(kpi))?;
        Ok(KpiAsked { kpi, uses, card, unit, segment, period, known })
    }

    /// Of what people enter and nobody ever has, the last period that is over: it has a page, from which it is entered.
    fn to_be_entered(self, kpi: &Kpi) -> Option<Period> {
        let is_entered = matches!(kpi.measure, Measure::Entered(_)) && !self.facts.is_empty();
        let now = self.facts.now().filter(|_| is_entered)?;
        let calendar = self.project().calendar_of(kpi);
        Some(calendar.period_of_day(kpi.period, self.day(now)?).offset(-1))
    }

    /// Whether a scorecard has a period: then its KPIs are shown in it, with a value or without.
    fn is_on_a_scorecard_in(self, uses: &[&'a Scorecard], period: Period) -> Result<bool, ViewError> {
        for card in uses.iter().filter(|s| s.period == period.grain).map(|s| self.card(s)) {
            self.facts.want(&card.scorecard.reads().collect::<Vec<_>>())?;
            if card.periods().all.contains(&period.ordinal) {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// The KPI's own grain if values have it, else the scorecard's; a period asked for decides by its spelling. At a longer
    /// grain than any run computed, values are added up from what is kept of the KPI's own.
    fn grain_asked(
        self,
        kpi: &Kpi,
        scorecard: Option<Grain>,
        asked: Option<&str>,
    ) -> Result<Grain, ViewError> {
        let has = |grain: &Grain| self.facts.has(&kpi.id, *grain);
        let spelt =
            asked.and_then(|text| Some((text, self.project().calendar_of(kpi).parse(text).ok()?.grain)));
        let own = Some(kpi.period).filter(has);
        match spelt {
            Some((_, grain)) if has(&grain) => Ok(grain),
            Some((text, grain)) if own.is_some_and(|own| own < grain) => {
                self.facts.sum_up(kpi, grain).map(|()| grain).map_err(|why| ViewError::Unavailable {
                    reason: format!("there is no period `{text}` of `{}`: {why}", kpi.id),
                })
            }
            _ => Ok(own.or(scorecard).unwrap_or(kpi.period)),
        }
    }

    fn segment_asked(self, kpi: &Kpi, text: &str) -> Result<Segment, ViewError> {
        let grains = [Grain::Day, Grain::Week, Grain::Month, Grain::Quarter, Grain::HalfYear, Grain::Year];
        let mut known: Vec<Segment> =
            grains.into_iter().flat_map(|grain| self.facts.segments(&kpi.id, grain)).collect();
        known.retain(|segment| !segment.is_total());
        known.sort();
        known.dedup();
        if let Some(found) = known.iter().find(|segment| segment.to_string() == text) {
            return Ok(found.clone());
        }
        let names: Vec<(String, String)> = known.iter().map(|s| (s.to_string(), words::segment(s))).collect();
        Err(not_found(
            format!("segment `{text}` of `{}`", kpi.id),
            text,
            names.iter().map(|(id, name)| (id.as_str(), name.as_str())),
            |id| format!("/kpis/{}?segment={id}", kpi.id),
        ))
    }

    pub(crate) fn label(self, period: Period) -> String {
        self.project().calendar.label(period)
    }

    pub(crate) fn unit_name(self, id: &'a UnitId) -> &'a str {
        self.project().units.get(id).map_or(id.as_str(), |u| u.name.as_str())
    }

    fn unit(self, id: Option<&'a UnitId>) -> Option<Named> {
        id.map(|id| Named::new(id, self.unit_name(id)))
    }

    fn unit_choices(self, asked: &Asked<'a>) -> Vec<UnitChoice> {
        if asked.card.scorecard.cascade.is_none() {
            return Vec::new();
        }
        let scores = self.facts.unit_scores(&asked.card, asked.period).into_iter();
        scores
            .filter_map(|of| {
                let unit = of.unit.as_ref()?;
                Some(UnitChoice {
                    id: unit.to_string(),
                    name: self.project().units.get(unit).map_or(unit.to_string(), |u| u.name.clone()),
                    depth: of.depth,
                    chosen: asked.unit == Some(unit),
                    status: of.band.into(),
                    score: score_outcome(&of.score),
                })
            })
            .collect()
    }

    fn period_choices(self, known: &Periods, period: Period) -> Vec<Choice> {
        // The one shown stays among them however old it is.
        let newest_first = known.all.iter().rev().enumerate();
        newest_first
            .filter(|(at, ordinal)| *at < MOST_PERIODS || **ordinal == period.ordinal)
            .map(|(_, ordinal)| ordinal)
            .map(|ordinal| {
                let label = self.label(Period { ordinal: *ordinal, ..period });
                Choice { id: label.clone(), name: label, chosen: *ordinal == period.ordinal }
            })
            .collect()
    }

    fn project_view(self) -> ProjectView {
        let project = self.project();
        ProjectView {
            id: project.id.to_string(),
            name: project.name.clone(),
            description: project.description.clone(),
            confidence: format::coverage(project.confidence),
            attention: format::weight((project.attention.false_call_outs * 10_000.0).round() as u32),
            has_strategy: project.strategy.is_some(),
            has_journeys: self.journeys().next().is_some(),
            scorecards: project.scorecards.values().map(|s| Named::new(&s.id, &s.name)).collect(),
            viewer: self.facts.viewer().cloned(),
            waiting: self.waiting(),
            emergencies: self.emergencies(),
        }
    }

    pub(crate) fn somebody(self, id: Option<&PersonId>) -> Option<&'a Somebody> {
        self.project().persons.get(id?)
    }

    /// Whoever is named, or holds the role that is, for the whole; what nobody holds is said so.
    pub(crate) fn person(self, id: Option<&PersonId>) -> Option<Person> {
        let (id, project) = (id?, self.project());
        let role = project.roles.get(id).map(|role| role.name.clone());
        match (project.answering(id, None, self.today()), role) {
            (Some(holder), role) => {
                let person = project.persons.get(holder)?;
                let role = role.or_else(|| person.role.clone());
                Some(Person { id: person.id.to_string(), name: person.name.clone(), role })
            }
            (None, role) => Some(Person { id: id.to_string(), name: "nobody".to_owned(), role }),
        }
    }

    /// Who is accountable for a KPI, for the whole.
    pub(crate) fn accountable(self, kpi: &Kpi) -> Option<&'a Somebody> {
        let holder = self.project().answering(kpi.accountable.as_ref()?, None, self.today())?;
        self.somebody(Some(holder))
    }

    fn persons(self, ids: &[PersonId]) -> Vec<Person> {
        ids.iter().filter_map(|id| self.person(Some(id))).collect()
    }

    /// Perspective and objective that a KPI serves: id and name.
    pub(crate) fn place_of(self, kpi: &Kpi) -> (Option<Named>, Option<Named>) {
        let Some(strategy) = self.project().strategy.as_ref() else { return (None, None) };
        let objective = strategy.objectives.iter().find(|o| Some(&o.id) == kpi.objective.as_ref());
        let perspective =
            objective.and_then(|o| strategy.perspectives.iter().find(|p| p.id == o.perspective));
        (perspective.map(|p| Named::new(&p.id, &p.name)), objective.map(|o| Named::new(&o.id, &o.name)))
    }

    /// Says that the values of all KPIs are about to be asked for.
    pub(crate) fn want_all(self) -> Result<(), ViewError> {
        self.facts.want(&self.project().kpis.keys().collect::<Vec<_>>())
    }

    /// All KPIs in the order of perspectives and objectives, then of ids.
    pub(crate) fn kpis_in_order(self) -> Vec<&'a Kpi> {
        let strategy = self.project().strategy.as_ref();
        let rank = |kpi: &Kpi| {
            let place = strategy.and_then(|s| {
                let objective = s.objectives.iter().position(|o| Some(&o.id) == kpi.objective.as_ref())?;
                let of = &s.objectives.get(objective)?.perspective;
                Some((s.perspectives.iter().position(|p| &p.id == of)?, objective))
            });
            (place.unwrap_or((usize::MAX, usize::MAX)), kpi.id.clone())
        };
        let mut kpis: Vec<&Kpi> = self.project().kpis.values().collect();
        kpis.sort_by_key(|k| rank(k));
        kpis
    }

    /// The reporting zone's clock.
    pub(crate) fn clock(self) -> format::Clock {
        format::Clock::new(&self.project().calendar)
    }

    /// An instant as RFC 3339 in the reporting zone, to the second.
    pub(crate) fn instant(self, micros: i64) -> String {
        self.clock().instant(micros)
    }

    /// The civil day of an instant in the reporting zone.
    fn day(self, micros: i64) -> Option<Date> {
        self.clock().day(micros)
    }

    /// The last day that the data of an entity reach: that of the latest event, or a later one up to which a source
    /// is declared complete.
    pub(crate) fn data_until(self, entity: &EntityId) -> Option<Date> {
        // What is known ends right before.
        self.day(self.facts.watermark(entity)?.saturating_sub(1))
    }

    /// Where a KPI is written: `kpis/restrooms.yml:12`.
    pub(crate) fn written_at(self, kpi: &Kpi) -> String {
        let files = self.facts.files();
        let path = files.file(kpi.span.file).map(|f| f.path.as_str()).unwrap_or_default();
        format!("{path}:{}", files.line_column(kpi.span).line)
    }
}

/// A score with one decimal, or why there is none.
fn score_outcome(score: &Result<i64, kepi_score::tree::NoScore>) -> Outcome<Points> {
    match score {
        Ok(micro) => Outcome::Value(Points::new(*micro)),
        Err(reason) => Outcome::none(reason),
    }
}

/// Nothing has this name; what resembles it is offered.
fn not_found<'n>(
    what: String,
    asked: &str,
    known: impl IntoIterator<Item = (&'n str, &'n str)>,
    path: impl Fn(&str) -> String,
) -> ViewError {
    let known: Vec<(&str, &str)> = known.into_iter().collect();
    let near = kepi_model::wording::resembling(asked, known.iter().map(|(id, _)| *id), SUGGESTIONS);
    let named = near.into_iter().filter_map(|near| known.iter().find(|(id, _)| *id == near));
    ViewError::NotFound {
        what,
        suggestions: named.map(|(id, name)| ((*name).to_owned(), path(id))).collect(),
    }
}
