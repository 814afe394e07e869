//! The picture as facts: what scoring, pages and programs read of it.

use std::{
    collections::{BTreeMap, BTreeSet},
    ops::RangeInclusive,
    sync::{Arc, Mutex, PoisonError, Weak},
};

use kepi_govern::{Content, Item as GovernItem, Organisation, periods::PeriodId};
use kepi_insight::{analysis::Acts, change::Judgement, foretold::Foretold};
use kepi_model::{
    calendar::{Grain, Period},
    id::{EntityId, Hash, KpiId, SamplingId, ScorecardId, SourceId, UnitId},
    project::{Kpi, Project, WhenLate},
    source_text::SourceMap,
    wording::with_causes,
};
use kepi_query::{
    landing::{Delivered, LoadReport, NotLanded, PortError, Posted, QuarantinedRow, Stranded},
    port::SnapshotId,
    published::{INSIGHT, Run, RunTime, figure, is_final, point, restates},
    value::Segment,
};
use kepi_report::{
    budget::BudgetLine,
    correction::Correction,
    decided::{
        Attested, Commentary, Heard, Held, Item, ItemInFull, LateUnit, Learnt, Methodology, Official,
        Periods, Played, RegisterAsked, Silence, Timed, Tuned, UnitReadiness,
    },
    facts::{
        AgreedTo, Discrepancies, Entry, Facts, OfficialFigure, OfficialScore, Said, ScreenedAnswers, Standing,
    },
    logged::{LogAsked, Logged, Proven},
    people::{Directory, PeopleAsked},
    reader::ViewError,
    sampling::Behind,
    trace::{TracedEntityRow, TracedValue},
};
use kepi_score::{
    card::{ByRule, Card, KpiValues, UnitScore},
    tree::Observed,
};

use super::{
    Picture,
    decided::{self, unread},
};
use crate::{
    acting::learning,
    audit::{Custody, listed, proof},
    deciding::Deciding,
    error::AppError,
    insights::foretold_of,
    items, people, register,
    screening::Screened,
};

/// The scores of all units by scorecard and period: they are on every page, and a picture does not change.
#[derive(Default)]
pub(super) struct KeptScores(Mutex<BTreeMap<(ScorecardId, Period), Vec<UnitScore>>>);

/// For whom how many items wait, kept until anything happens: the frame of every page asks.
#[derive(Default)]
pub(super) struct KeptTurns(Mutex<(Weak<Organisation>, BTreeMap<u64, usize>)>);

impl KeptTurns {
    fn of(&self, organisation: &Arc<Organisation>, person: u64) -> usize {
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if !std::ptr::eq(kept.0.as_ptr(), Arc::as_ptr(organisation)) {
            *kept = (Arc::downgrade(organisation), decided::waiting(organisation));
        }
        kept.1.get(&person).copied().unwrap_or_default()
    }
}

fn nothing_stored() -> ViewError {
    ViewError::Unavailable {
        reason: "nothing is published yet: `kepi run` computes and publishes".to_owned(),
    }
}

fn untraced(error: AppError) -> ViewError {
    match error {
        AppError::NoRow(what) => ViewError::NotFound { what, suggestions: Vec::new() },
        AppError::NotFound(reason) => ViewError::Unclear { reason },
        other => ViewError::Unavailable { reason: with_causes(&other) },
    }
}

fn unavailable(error: PortError) -> ViewError {
    ViewError::Unavailable { reason: format!("the lake cannot be read: {error}") }
}

impl KpiValues for Picture {
    fn observed(&self, kpi: &KpiId, period: Period, segment: &Segment) -> Option<Observed> {
        let computed = self.as_computed(kpi, period, segment)?;
        Some(self.overrides.now(kpi, period, segment, &computed).unwrap_or(computed))
    }
    fn periods(&self, kpi: &KpiId, grain: Grain, segment: &Segment) -> Vec<(i32, bool)> {
        let Some(cube) = self.cube_at(kpi, grain) else { return Vec::new() };
        let series = cube.series(grain, segment).iter();
        series.map(|(ordinal, row)| (*ordinal, is_final(cube.rows(), *row as usize))).collect()
    }
    fn definition(&self, kpi: &KpiId, period: Period, segment: &Segment) -> Option<Hash> {
        let of = self.entry(kpi, period, segment)?.pins.definition;
        // Of one that changed with time the whole is vouched for: in a period holds one of its wordings.
        let kpi = self.project.kpis.get(kpi).filter(|kpi| kpi.hash == of);
        Some(kpi.and_then(|kpi| kpi.in_period(period, &self.project.calendar)).map_or(of, |kpi| kpi.wording))
    }
}

impl Facts for Picture {
    fn project(&self) -> &Project {
        &self.project
    }
    fn files(&self) -> &SourceMap {
        &self.files
    }
    fn is_empty(&self) -> bool {
        self.is_empty()
    }
    fn want(&self, kpis: &[&KpiId]) -> Result<(), ViewError> {
        self.read(kpis).and_then(|()| self.read_judged(kpis)).map_err(unavailable)
    }
    fn has(&self, kpi: &KpiId, grain: Grain) -> bool {
        self.stands(kpi, grain).is_some_and(|(_, vouched)| vouched.span.is_some())
    }
    fn sum_up(&self, kpi: &Kpi, grain: Grain) -> Result<(), String> {
        self.sum_up(kpi, grain)
    }
    fn segments(&self, kpi: &KpiId, grain: Grain) -> Vec<Segment> {
        let cube = self.cube_at(kpi, grain);
        let mut segments: Vec<Segment> =
            cube.map_or_else(Vec::new, |cube| cube.segments(grain).cloned().collect());
        if let Some(kpi) = self.project.kpis.get(kpi) {
            Segment::sort(&mut segments, kpi);
        }
        segments
    }
    fn span(&self, kpi: &KpiId, grain: Grain, segment: &Segment) -> Option<(i32, i32)> {
        let cube = self.cube_at(kpi, grain)?;
        let series = cube.series(grain, segment);
        Some((series.first()?.0, series.last()?.0))
    }
    fn entry(&self, kpi: &KpiId, period: Period, segment: &Segment) -> Option<Entry> {
        self.entry(kpi, period, segment)
    }
    fn points(
        &self,
        kpi: &KpiId,
        grain: Grain,
        segment: &Segment,
        within: RangeInclusive<i32>,
    ) -> Vec<(i32, Option<f64>, bool)> {
        let said = |ordinal| {
            self.overrides.point(
                kpi,
                self.project.calendar_of_kpi(kpi.as_str()).period(grain, ordinal),
                segment,
            )
        };
        let computed = self.computed(kpi, grain, segment, within).into_iter();
        computed.map(|(ordinal, point, is_final)| (ordinal, said(ordinal).or(point), is_final)).collect()
    }
    fn as_computed(&self, kpi: &KpiId, period: Period, segment: &Segment) -> Option<Observed> {
        let cube = self.cube_at(kpi, period.grain)?;
        Some(figure(cube.rows(), cube.row(period, segment)?).ok()?.estimate)
    }
    fn computed(
        &self,
        kpi: &KpiId,
        grain: Grain,
        segment: &Segment,
        within: RangeInclusive<i32>,
    ) -> Vec<(i32, Option<f64>, bool)> {
        let Some(cube) = self.cube_at(kpi, grain) else { return Vec::new() };
        let rows = cube.rows();
        let within = cube.series(grain, segment).iter().filter(|(ordinal, _)| within.contains(ordinal));
        let of = |(ordinal, row): &(i32, u32)| {
            (*ordinal, point(rows, *row as usize), is_final(rows, *row as usize))
        };
        within.map(of).collect()
    }
    fn before(&self, kpi: &KpiId, period: Period, segment: &Segment) -> Result<Option<Said>, ViewError> {
        self.before(kpi, period, segment).map_err(unavailable)
    }
    fn restated_because(
        &self,
        kpi: &KpiId,
        period: Period,
        segment: &Segment,
    ) -> Result<Vec<String>, ViewError> {
        self.restated_because(kpi, period, segment).map_err(unavailable)
    }
    fn not_renewed(&self, kpi: &KpiId, grain: Grain) -> bool {
        self.stands(kpi, grain).is_some_and(|(_, vouched)| vouched.not_renewed.is_some())
    }
    fn restated(&self, kpi: &KpiId, grain: Grain) -> Vec<(Period, Segment)> {
        let Some(cube) = self.cube(kpi) else { return Vec::new() };
        let of = |segment: &Segment| {
            let series = cube.series(grain, segment).iter();
            let restated = series.filter(|(_, row)| restates(cube.rows(), *row as usize).is_some());
            restated.map(|(ordinal, _)| (cube.period(grain, *ordinal), segment.clone())).collect::<Vec<_>>()
        };
        cube.segments(grain).flat_map(of).collect()
    }
    fn overridden(&self, kpi: &KpiId, grain: Grain) -> Vec<(Period, Segment)> {
        self.overrides.figures(kpi, grain)
    }
    fn standing(&self, kpi: &Kpi, grain: Grain) -> Result<Standing, ViewError> {
        self.standing(kpi, grain).map_err(unavailable)
    }
    fn judged(&self, kpi: &KpiId, period: Period, segment: &Segment) -> Judgement {
        self.judgement(kpi, period, segment)
    }
    fn members_judged(&self, kpi: &KpiId, period: Period) -> Vec<(Segment, Judgement)> {
        self.judgements(kpi, period)
    }
    fn unit_scores(&self, card: &Card<'_, dyn Facts + '_>, period: Period) -> Vec<UnitScore> {
        let key = (card.scorecard.id.clone(), period);
        let kept = || self.scores.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(scores) = kept().get(&key) {
            return scores.clone();
        }
        let scores = card.scores(period);
        kept().insert(key, scores.clone());
        scores
    }
    fn watermark(&self, entity: &EntityId) -> Option<i64> {
        self.watermarks.get(entity).copied()
    }
    fn loads(&self) -> &[LoadReport] {
        &self.loads
    }
    fn delivered(&self, source: &SourceId) -> Option<&Delivered> {
        self.delivered.get(source)
    }
    fn posted(&self, source: &SourceId) -> Option<Posted> {
        self.app.as_ref()?.inbox.posted_so_far(source)
    }
    fn stranded(&self) -> Vec<Stranded> {
        let all = self.app.as_ref().map(|app| app.inbox.stranded(self.project(), false));
        all.and_then(Result::ok).unwrap_or_default()
    }
    fn now(&self) -> Option<i64> {
        Some(jiff::Timestamp::now().as_microsecond())
    }
    fn snapshot(&self) -> Option<SnapshotId> {
        self.snapshot
    }
    fn published_runs(&self) -> Vec<(i64, SnapshotId)> {
        let mut all: Vec<_> = self.runs.values().collect();
        all.sort_by_key(|run| run.seq);
        let took: BTreeMap<i64, i64> =
            self.times.iter().filter(|of| of.source.is_none()).map(|of| (of.run, of.took)).collect();
        let published = |run: &Run| run.at + took.get(&run.number).copied().unwrap_or(0);
        all.into_iter().map(|run| (published(run), run.pins.snapshot)).collect()
    }
    fn newest_run(&self) -> Option<&Run> {
        self.runs.values().max_by_key(|run| run.seq).map(AsRef::as_ref)
    }
    fn times(&self) -> &[RunTime] {
        &self.times
    }
    fn not_landed(&self) -> &[(i64, NotLanded)] {
        &self.not_landed
    }
    fn attested(&self) -> Result<Vec<Attested>, ViewError> {
        let Some(app) = &self.app else { return Ok(Vec::new()) };
        let organisation = self.wait(app.store.organisation()).map_err(|error| unread(error.into()))?;
        Ok(decided::attested(&organisation))
    }
    fn rejected(
        &self,
        source: Option<&SourceId>,
        offset: u64,
        limit: u64,
    ) -> Result<(Vec<QuarantinedRow>, u64), ViewError> {
        match &self.app {
            Some(app) => self.wait(app.lake.quarantine(source, offset, limit)).map_err(unavailable),
            None => Ok((Vec::new(), 0)),
        }
    }
    fn corrections(&self, source: Option<&SourceId>) -> Result<Vec<Correction>, ViewError> {
        let Some(app) = &self.app else { return Ok(Vec::new()) };
        self.wait(app.corrections(source)).map_err(unread)
    }
    fn rows_behind(
        &self,
        kpi: &KpiId,
        period: Period,
        segment: &Segment,
        most: usize,
    ) -> Result<TracedValue, ViewError> {
        let app = self.app.as_ref().ok_or_else(nothing_stored)?;
        self.wait(app.trace_value(kpi, period, segment, most)).map_err(untraced)
    }
    fn entity_rows(
        &self,
        entity: &str,
        key: &[String],
        most: usize,
    ) -> Result<Vec<TracedEntityRow>, ViewError> {
        let app = self.app.as_ref().ok_or_else(nothing_stored)?;
        self.wait(app.trace_rows(entity, key, most)).map_err(untraced)
    }
    fn commentary(&self, kpi: &KpiId) -> Result<Vec<Commentary>, ViewError> {
        let Some(app) = &self.app else { return Ok(Vec::new()) };
        self.wait(decided::commentary(&app.store, self.project(), kpi)).map_err(unread)
    }
    fn commented(&self) -> BTreeSet<KpiId> {
        let organisation = self.app.as_ref().and_then(|app| self.wait(app.store.organisation()).ok());
        let items = organisation.iter().flat_map(|all| all.items.all());
        let kpi = |item: &GovernItem| match &item.content {
            Content::Commentary(of) => Some(of.kpi.clone()),
            _ => None,
        };
        items.filter_map(kpi).collect()
    }
    fn open_about(&self, kpi: &KpiId) -> Result<Vec<Item>, ViewError> {
        let Some(app) = &self.app else { return Ok(Vec::new()) };
        self.wait(decided::open_about(&app.store, &self.project, kpi)).map_err(unread)
    }
    fn foretold(&self, kpi: &KpiId, grain: Grain) -> Vec<Foretold> {
        let Some(app) = &self.app else { return Vec::new() };
        let subjects = [kpi.to_string()];
        match self.wait(app.values.newest(&INSIGHT, Some(&subjects))) {
            Ok(rows) => foretold_of(&rows, kpi, grain),
            Err(error) => {
                tracing::warn!(%kpi, %error, "what was said of periods cannot be read");
                Vec::new()
            }
        }
    }
    fn acts(&self, kpi: &KpiId, within: std::ops::Range<i64>) -> Option<Acts> {
        let app = self.app.as_ref()?;
        let organisation = self.wait(app.store.organisation()).ok()?;
        Some(decided::acts(&organisation, kpi, &within))
    }
    fn items(&self, all: bool) -> Result<Vec<Item>, ViewError> {
        let Some(app) = &self.app else { return Ok(Vec::new()) };
        self.wait(decided::items(&app.store, &self.project, all)).map_err(unread)
    }
    fn sampled(&self, of: &SamplingId) -> Result<Behind, ViewError> {
        let Some(app) = &self.app else { return Ok(Behind::default()) };
        Ok(self.wait(app.sampled(of.as_str())).map_err(unread)?.behind)
    }
    fn screened(&self) -> Result<Vec<ScreenedAnswers>, ViewError> {
        let Some(app) = &self.app else { return Ok(Vec::new()) };
        if self.project().entities.values().all(|entity| entity.screen.is_none()) {
            return Ok(Vec::new());
        }
        let all = self.wait(app.screened(None)).map_err(unread)?.into_iter();
        Ok(all
            .map(|Screened { entity, tally, cut_offs, .. }| ScreenedAnswers { entity, tally, cut_offs })
            .collect())
    }
    fn discrepancies(&self) -> Result<Arc<[Discrepancies]>, ViewError> {
        let Some(app) = &self.app else { return Ok(Arc::from([])) };
        if let Some(known) = self.discrepancies.get() {
            return Ok(Arc::clone(known));
        }
        let found: Arc<[Discrepancies]> =
            self.wait(app.discrepancies(self.project())).map_err(unread)?.into();
        Ok(Arc::clone(self.discrepancies.get_or_init(|| found)))
    }
    fn budget_lines(&self) -> Result<Arc<[BudgetLine]>, ViewError> {
        let Some(app) = &self.app else { return Ok(Arc::from([])) };
        if let Some(known) = self.budget_lines.get() {
            return Ok(Arc::clone(known));
        }
        let found: Arc<[BudgetLine]> = self.wait(app.budget_lines(self.project())).map_err(unread)?.into();
        Ok(Arc::clone(self.budget_lines.get_or_init(|| found)))
    }
    fn silences(&self) -> Result<Vec<Silence>, ViewError> {
        let (Some(app), Some(now)) = (&self.app, self.now()) else { return Ok(Vec::new()) };
        self.wait(decided::silences(&app.store, now)).map_err(unread)
    }
    fn timed(&self) -> Result<Vec<Timed>, ViewError> {
        let Some(app) = &self.app else { return Ok(Vec::new()) };
        let read = async { items::timed(&app.store, &*app.store.organisation().await?).await };
        self.wait(read).map_err(unread)
    }
    fn tuned(&self) -> Result<Vec<Tuned>, ViewError> {
        let Some(app) = &self.app else { return Ok(Vec::new()) };
        let all = self.wait(app.tunings(None)).map_err(unread)?;
        Ok(all.into_iter().map(Tuned::from).collect())
    }
    fn played(&self) -> Result<Vec<Played>, ViewError> {
        let Some(app) = &self.app else { return Ok(Vec::new()) };
        let organisation = self.wait(app.store.organisation()).map_err(|error| unread(error.into()))?;
        Ok(decided::played(&organisation))
    }
    fn feedback(&self) -> Result<Heard, ViewError> {
        let Some(app) = &self.app else { return Ok(Heard::default()) };
        self.wait(app.heard()).map_err(unread)
    }
    fn learnt(&self) -> Result<Vec<Learnt>, ViewError> {
        let Some(app) = &self.app else { return Ok(Vec::new()) };
        let read = async { learning::all(&app.store, &*app.store.organisation().await?).await };
        self.wait(read).map_err(unread)
    }
    fn waiting(&self, name: &str) -> usize {
        let Some(app) = &self.app else { return 0 };
        let read = async {
            let organisation = app.store.organisation().await?;
            let person = app.store.person_named(name).await?;
            Ok::<_, AppError>(person.map_or(0, |person| self.turns.of(&organisation, person)))
        };
        self.wait(read).unwrap_or_default()
    }
    fn unratified(&self) -> Vec<Item> {
        let Some(app) = &self.app else { return Vec::new() };
        self.wait(decided::unratified(&app.store, &self.project)).unwrap_or_default()
    }
    fn item(&self, number: u64) -> Result<Option<ItemInFull>, ViewError> {
        let Some(app) = &self.app else { return Ok(None) };
        let now = self.now().unwrap_or(i64::MAX);
        self.wait(decided::item(app, &self.project, number, now)).map_err(unread)
    }
    fn directory(&self, asked: &PeopleAsked) -> Result<Directory, ViewError> {
        let day = self.day_asked(asked)?;
        let Some(app) = &self.app else { return Ok(Directory::of(&self.project, day)) };
        let now = self.now().unwrap_or(i64::MAX);
        let of = people::directory(&app.store, &self.project, (day, asked.day.is_some()), now);
        self.wait(of).map_err(unread)
    }
    fn register(&self, asked: &RegisterAsked) -> Result<Vec<Held>, ViewError> {
        let app = self.app.as_ref().ok_or_else(nothing_stored)?;
        self.wait(decided::register(&app.store, asked)).map_err(unread)
    }
    fn said_since(&self, kind: &str, keys: &[&str]) -> Result<BTreeMap<String, i64>, ViewError> {
        let Some(app) = &self.app else { return Ok(BTreeMap::new()) };
        self.wait(register::said_since(&app.store, kind, keys)).map_err(unread)
    }
    fn agreed_to(&self, id: &str) -> Result<Vec<AgreedTo>, ViewError> {
        let Some(app) = &self.app else { return Ok(Vec::new()) };
        self.wait(register::agreed_to(&app.store, id)).map_err(unread)
    }
    fn readiness(&self, period: &str) -> Result<Vec<UnitReadiness>, ViewError> {
        let Some(app) = &self.app else { return Ok(Vec::new()) };
        self.wait(app.readiness(period, self.now().unwrap_or(i64::MAX))).map_err(unread)
    }
    fn late(&self, period: Period) -> Vec<LateUnit> {
        let (Some(app), calendar) = (&self.app, &self.project.calendar) else { return Vec::new() };
        let Ok(first) = calendar.first_day(period) else { return Vec::new() };
        let Some(until) = calendar.last_day(period).ok().and_then(|last| last.tomorrow().ok()) else {
            return Vec::new();
        };
        let id = PeriodId { grain: period.grain, first };
        let now = self.now().unwrap_or(i64::MAX);
        // What waits is no reason to show nothing else.
        self.wait(async { Deciding(&app.store).late(id, until, now).await }).unwrap_or_default()
    }
    fn methodology(&self, asked: &RegisterAsked) -> Result<Methodology, ViewError> {
        let app = self.app.as_ref().ok_or_else(nothing_stored)?;
        let day = self.day_asked(&PeopleAsked { day: asked.day.clone() })?;
        let of = asked.of.clone().unwrap_or_default();
        let document = async {
            let position = match asked.position {
                Some(position) => position,
                None => app.store.newest_event().await?,
            };
            let markdown = app.methodology(&of, day, Some(position)).await?;
            Ok::<_, AppError>(Methodology { of: of.clone(), day: day.to_string(), position, markdown })
        };
        self.wait(document).map_err(unread)
    }
    fn log(&self, asked: &LogAsked) -> Result<Logged, ViewError> {
        let Some(app) = &self.app else { return Ok(Logged::default()) };
        let custody = Custody::of(&app.root, None);
        self.wait(listed(&app.store, &custody, asked)).map_err(unread)
    }
    fn proof(&self, event: u64) -> Result<Option<Proven>, ViewError> {
        let Some(app) = &self.app else { return Ok(None) };
        let custody = Custody::of(&app.root, None);
        self.wait(proof(&app.store, &custody, event)).map_err(unread)
    }
    fn decided_periods(&self) -> Result<Periods, ViewError> {
        let Some(app) = &self.app else { return Ok(Periods::default()) };
        self.wait(decided::periods(app, self.now().unwrap_or(i64::MAX))).map_err(unread)
    }
    fn official_figure(
        &self,
        kpi: &KpiId,
        period: Period,
        segment: &Segment,
    ) -> Result<Option<OfficialFigure>, ViewError> {
        let Some(app) = &self.app else { return Ok(None) };
        let found = decided::official_figure(app, &self.project, &self.overrides, (kpi, period, segment));
        self.wait(found).map_err(unread)
    }
    fn score_by_rule(
        &self,
        scorecard: &ScorecardId,
        unit: Option<&UnitId>,
        period: Period,
        late: &BTreeMap<UnitId, WhenLate>,
    ) -> Result<Option<ByRule>, ViewError> {
        let Some(app) = &self.app else { return Ok(None) };
        let made = app.made_by_rule(&self.project, Some(scorecard), period, (late, None));
        let mut made = self.wait(made).map_err(unread)?;
        let own = self.project.scorecards.get(scorecard).and_then(|card| card.unit.as_ref());
        let unit = unit.or(own).map_or("", |unit| unit.as_str());
        Ok(made.remove(&(scorecard.to_string(), unit.to_owned())))
    }
    fn official_score(
        &self,
        scorecard: &ScorecardId,
        unit: Option<&UnitId>,
        period: Period,
    ) -> Result<Option<OfficialScore>, ViewError> {
        let Some(app) = &self.app else { return Ok(None) };
        self.wait(decided::official_score(app, &self.project, (scorecard, unit, period))).map_err(unread)
    }
    fn official(&self, period: &str) -> Result<Option<Vec<Official>>, ViewError> {
        let Some(app) = &self.app else { return Ok(None) };
        self.wait(decided::official(app, period)).map_err(unread)
    }
}
