//! The port through which everything shown gets its facts: what is published and landed, as of one moment.

use std::{
    collections::{BTreeMap, BTreeSet},
    ops::RangeInclusive,
    sync::Arc,
};

use jiff::{Timestamp, civil::Date, tz::TimeZone};
use kepi_insight::{
    analysis::Acts,
    change::{Judgement, Refusal},
    foretold::Foretold,
};
use kepi_model::{
    calendar::{Grain, Period},
    id::{AttributeId, EntityId, KpiId, SamplingId, ScorecardId, SourceId, UnitId},
    project::{Kpi, Project, WhenLate},
    source_text::SourceMap,
};
use kepi_query::{
    landing::{Delivered, LoadReport, NotLanded, Posted, QuarantinedRow, Stranded},
    port::SnapshotId,
    published::{Run, RunTime, Withdrawn},
    screen::{CutOffs, Tally},
    value::{Finality, Pins, Segment, Value},
};
use kepi_score::{
    card::{ByRule, Card, KpiValues, UnitScore},
    tree::Observed,
};
use kepi_stats::estimate::Estimate;

use crate::{
    budget::BudgetLine,
    correction::Correction,
    decided::{
        Attested, Commentary, Heard, Held, Item, ItemInFull, LateUnit, Learnt, Methodology, Official,
        Periods, Played, RegisterAsked, Silence, Timed, Tuned, UnitReadiness,
    },
    logged::{LogAsked, Logged, Proven},
    people::{Directory, PeopleAsked},
    reader::ViewError,
    sampling::Behind,
    trace::{FoundRow, TracedEntityRow, TracedValue},
    view::Viewer,
};

/// Runs of so long, µs, up to the newest say what looking at a source costs.
pub const COSTS_OVER: i64 = 30 * 86_400_000_000;

/// A published value.
#[derive(Debug, Clone)]
pub struct Entry {
    /// The value.
    pub value: Value,
    /// What it was computed from.
    pub pins: Arc<Pins>,
    /// When it was published, µs UTC.
    pub published_at: i64,
    /// Whether it was final before, with another figure.
    pub restated: bool,
    /// What was computed, where people say another figure in its place: the value is theirs then.
    pub computed: Option<Observed>,
    /// All that was ever said in its place, the oldest first: it stays shown.
    pub overrides: Vec<Arc<Override>>,
}

/// What is official of a figure.
#[derive(Debug, Clone, PartialEq)]
pub struct OfficialFigure {
    /// The how-manieth close of its period says so.
    pub version: usize,
    /// When that was, µs UTC.
    pub at: i64,
    /// Position of the event.
    pub event: u64,
    /// What was published then; none: nothing was.
    pub figure: Option<Observed>,
}

/// What is official of a score.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OfficialScore {
    /// The how-manieth close of its period says so.
    pub version: usize,
    /// When that was, µs UTC.
    pub at: i64,
    /// What is official, in millionths of a point, or nothing within where there was no score; none: nothing was published of it.
    pub score: Option<Option<i64>>,
    /// What was published then: something else than what is official where units were late.
    pub published: Option<Option<i64>>,
}

/// A figure that people said in place of the one that was computed.
#[derive(Debug, Clone, PartialEq)]
pub struct Override {
    /// The item that decided it.
    pub item: u64,
    /// What was said.
    pub point: f64,
    /// Since when, µs UTC.
    pub since: i64,
    /// The day on which it is over.
    pub expires: Option<Date>,
    /// When it was over, µs UTC, and why in a word; none: it is in force.
    pub over: Option<(i64, &'static str)>,
    /// Why, in the words of who proposed it; none: the text was erased.
    pub why: Option<String>,
    /// What it rests on.
    pub evidence: Option<String>,
    /// Who proposed it.
    pub by: Vec<String>,
    /// Who agreed to it.
    pub agreed: Vec<String>,
}

/// What is doubtful about the rows of an entity, and what became of them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ScreenedAnswers {
    /// The entity.
    pub entity: EntityId,
    /// How often each rule flags, and what became of the rows.
    pub tally: Tally,
    /// The cut-offs of time, by version of the questionnaire.
    pub cut_offs: CutOffs,
}

/// What sources of one entity say against each other.
#[derive(Debug, Clone, PartialEq)]
pub struct Discrepancies {
    /// The entity.
    pub entity: EntityId,
    /// Rows of it that more than one source knows.
    pub shared: u64,
    /// Values that are overruled, by attribute, the source that is believed and the one that is not.
    pub counts: BTreeMap<(AttributeId, String, String), u64>,
    /// Each of them, by key and attribute.
    pub all: Vec<Discrepancy>,
}

/// A value that a source says and another is believed against.
#[derive(Debug, Clone, PartialEq)]
pub struct Discrepancy {
    /// The key of the row; what is personal of it is not told.
    pub key: String,
    /// The attribute.
    pub attribute: AttributeId,
    /// What holds.
    pub believed: FoundRow,
    /// What another source says.
    pub overruled: FoundRow,
}

/// Who proposed or agreed to a definition as it stood then.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AgreedTo {
    /// When it came into force, µs UTC.
    pub at: i64,
    /// The names of persons in definitions.
    pub who: BTreeSet<String>,
    /// Its text.
    pub text: String,
}

/// A figure that was published, with its time.
#[derive(Debug, Clone, PartialEq)]
pub struct Said {
    /// The figure, or why there was none.
    pub estimate: Observed,
    /// When it was published, µs UTC.
    pub at: i64,
}

/// A figure that is no longer computed.
#[derive(Debug, Clone, PartialEq)]
pub struct Withdrawal {
    /// The period.
    pub period: Period,
    /// The segment.
    pub segment: Segment,
    /// Why.
    pub why: Withdrawn,
    /// When it was withdrawn, µs UTC.
    pub at: i64,
    /// What it was.
    pub was: Option<Said>,
}

/// What the figures of a KPI do not show by themselves.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Standing {
    /// Figures that are no longer computed.
    pub withdrawn: Vec<Withdrawal>,
    /// What they rest on and is not so any more, in words: data landed since, a definition changed.
    pub moved_on: Vec<String>,
    /// Why the newest run could not renew them.
    pub not_renewed: Option<String>,
}

impl Override {
    /// What was said, as an estimate of so many cases: nothing is known of its precision.
    pub fn estimate(&self, n: u64) -> Estimate {
        Estimate::exact(self.point, n, "people say it in place of what was computed")
    }
}

impl Entry {
    /// Whether only late rows can change it.
    pub fn is_final(&self) -> bool {
        self.value.finality == Finality::Final
    }
}

/// What is published and landed, as of one moment. Nothing here computes a KPI: the request path runs no engine, but where the
/// rows behind a value are asked for.
///
/// Methods may block briefly (a local database, a file); callers on an async runtime call them where blocking is allowed.
/// What a KPI was [observed](KpiValues::observed) to be and in which [periods](KpiValues::periods) comes from scoring's own
/// port.
pub trait Facts: KpiValues + Send + Sync {
    /// The project as it was when the values were published.
    fn project(&self) -> &Project;
    /// Its files.
    fn files(&self) -> &SourceMap;
    /// Whether nothing is published.
    fn is_empty(&self) -> bool;
    /// Whether a KPI has values at a grain.
    fn has(&self, kpi: &KpiId, grain: Grain) -> bool;
    /// Makes the values of a KPI at a longer grain from what is kept of its own, so that they are found there from now on.
    ///
    /// # Errors
    /// They do not add up; why, in words.
    fn sum_up(&self, kpi: &Kpi, grain: Grain) -> Result<(), String> {
        let _ = (kpi, grain);
        Err("nothing is kept from which it could be added up".to_owned())
    }
    /// The segments of which a KPI has values at a grain, the total among them; in the order of [`Segment::sort`].
    fn segments(&self, kpi: &KpiId, grain: Grain) -> Vec<Segment>;
    /// Ordinals of the first and the last period in which a KPI has a value over a segment.
    fn span(&self, kpi: &KpiId, grain: Grain, segment: &Segment) -> Option<(i32, i32)>;
    /// The value of a KPI for a period and segment.
    fn entry(&self, kpi: &KpiId, period: Period, segment: &Segment) -> Option<Entry>;
    /// The points of a KPI over a segment in a range of periods, oldest first: ordinal, the point if there is one, and whether
    /// it is final. Periods without an entry are left out.
    fn points(
        &self,
        kpi: &KpiId,
        grain: Grain,
        segment: &Segment,
        within: RangeInclusive<i32>,
    ) -> Vec<(i32, Option<f64>, bool)>;
    /// The same as it was computed, whatever people say in its place: what analyses are made of.
    fn computed(
        &self,
        kpi: &KpiId,
        grain: Grain,
        segment: &Segment,
        within: RangeInclusive<i32>,
    ) -> Vec<(i32, Option<f64>, bool)> {
        self.points(kpi, grain, segment, within)
    }
    /// One of them with its interval.
    fn as_computed(&self, kpi: &KpiId, period: Period, segment: &Segment) -> Option<Observed> {
        self.observed(kpi, period, segment)
    }
    /// Says which KPIs are about to be asked for, so that their values are read in one go.
    ///
    /// # Errors
    /// They cannot be read.
    fn want(&self, kpis: &[&KpiId]) -> Result<(), ViewError> {
        let _ = kpis;
        Ok(())
    }
    /// The final figure that a restated one replaced.
    ///
    /// # Errors
    /// It cannot be read.
    fn before(&self, kpi: &KpiId, period: Period, segment: &Segment) -> Result<Option<Said>, ViewError>;
    /// Why a restated figure is another than the final one that it replaced: all that changed between the two runs of what it
    /// rests on, in words.
    ///
    /// # Errors
    /// It cannot be read.
    fn restated_because(
        &self,
        kpi: &KpiId,
        period: Period,
        segment: &Segment,
    ) -> Result<Vec<String>, ViewError> {
        let _ = (kpi, period, segment);
        Ok(Vec::new())
    }
    /// Whether the newest run could not renew the figures of a KPI at a grain.
    fn not_renewed(&self, kpi: &KpiId, grain: Grain) -> bool {
        let _ = (kpi, grain);
        false
    }
    /// Periods and segments of a KPI at a grain whose final figures were restated.
    fn restated(&self, kpi: &KpiId, grain: Grain) -> Vec<(Period, Segment)> {
        let of = |segment: Segment| {
            let periods = self.periods(kpi, grain, &segment).into_iter();
            let calendar = self.project().calendar_of_kpi(kpi.as_str());
            let periods = periods.map(|(ordinal, _)| calendar.period(grain, ordinal));
            let restated =
                periods.filter(|period| self.entry(kpi, *period, &segment).is_some_and(|e| e.restated));
            restated.map(|period| (period, segment.clone())).collect::<Vec<_>>()
        };
        self.segments(kpi, grain).into_iter().flat_map(of).collect()
    }
    /// Periods and segments of a KPI at a grain in whose place people said something, ever.
    fn overridden(&self, kpi: &KpiId, grain: Grain) -> Vec<(Period, Segment)> {
        let _ = (kpi, grain);
        Vec::new()
    }
    /// What was said of a KPI, the newest period first.
    ///
    /// # Errors
    /// It cannot be read.
    fn commentary(&self, kpi: &KpiId) -> Result<Vec<Commentary>, ViewError> {
        let _ = kpi;
        Ok(Vec::new())
    }
    /// The KPIs of which anything was said, for who asks of many.
    fn commented(&self) -> BTreeSet<KpiId> {
        BTreeSet::new()
    }
    /// What the figures of a KPI at a grain do not show by themselves.
    ///
    /// # Errors
    /// It cannot be read.
    fn standing(&self, kpi: &Kpi, grain: Grain) -> Result<Standing, ViewError>;
    /// The scores of all units of a scorecard in a period. One that is asked for often keeps them.
    fn unit_scores(&self, card: &Card<'_, dyn Facts + '_>, period: Period) -> Vec<UnitScore> {
        card.scores(period)
    }
    /// What is usual of a figure and how it lies to that, or why nobody can say.
    fn judged(&self, kpi: &KpiId, period: Period, segment: &Segment) -> Judgement {
        let _ = (kpi, period, segment);
        Err(Refusal::NotLooked)
    }
    /// The same of all segments of a KPI in a period that were judged, the total left out.
    fn members_judged(&self, kpi: &KpiId, period: Period) -> Vec<(Segment, Judgement)> {
        let _ = (kpi, period);
        Vec::new()
    }
    /// What was said of periods of a KPI over all rows before they were known, as it was published.
    fn foretold(&self, kpi: &KpiId, grain: Grain) -> Vec<Foretold> {
        let _ = (kpi, grain);
        Vec::new()
    }
    /// Who sees them, if that is known.
    fn viewer(&self) -> Option<&Viewer> {
        None
    }
    /// Whether nothing is hidden.
    fn sees_all(&self) -> bool {
        true
    }
    /// Whether figures of a KPI for a unit are to be seen; none: over all rows.
    fn sees_kpi(&self, kpi: &KpiId, unit: Option<&UnitId>) -> bool {
        let _ = (kpi, unit);
        true
    }
    /// Whether scores of a scorecard for a unit are to be seen; none: its own.
    fn sees_scorecard(&self, scorecard: &ScorecardId, unit: Option<&UnitId>) -> bool {
        let _ = (scorecard, unit);
        true
    }
    /// Until when the data of an entity are known, µs UTC, an end that is no part of it.
    fn watermark(&self, entity: &EntityId) -> Option<i64>;
    /// Loads in order.
    fn loads(&self) -> &[LoadReport];
    /// What a source has delivered.
    fn delivered(&self, source: &SourceId) -> Option<&Delivered> {
        let _ = source;
        None
    }
    /// What was posted to a source so far; none: nothing.
    fn posted(&self, source: &SourceId) -> Option<Posted> {
        let _ = source;
        None
    }
    /// What was posted and waits under names to which nothing is posted.
    fn stranded(&self) -> Vec<Stranded> {
        Vec::new()
    }
    /// What time it is, µs UTC, by which deliveries are late; none: nobody asks.
    fn now(&self) -> Option<i64> {
        None
    }
    /// The newest snapshot of the lake.
    fn snapshot(&self) -> Option<SnapshotId>;
    /// When runs were published, µs UTC, and of which snapshot of the lake, the oldest first.
    fn published_runs(&self) -> Vec<(i64, SnapshotId)> {
        Vec::new()
    }
    /// The newest published run.
    fn newest_run(&self) -> Option<&Run> {
        None
    }
    /// How long published runs took, and looking at sources in those within [`COSTS_OVER`] of the newest, oldest first.
    fn times(&self) -> &[RunTime] {
        &[]
    }
    /// What did not land when a published run last looked at its source, with when that was, µs UTC; by source and file.
    fn not_landed(&self) -> &[(i64, NotLanded)] {
        &[]
    }
    /// What units promised to say of their data, and whether they did.
    ///
    /// # Errors
    /// It cannot be read.
    fn attested(&self) -> Result<Vec<Attested>, ViewError> {
        Ok(Vec::new())
    }
    /// Rejected rows from an offset, at most so many, and how many there are in all.
    ///
    /// # Errors
    /// The lake cannot be read.
    fn rejected(
        &self,
        source: Option<&SourceId>,
        offset: u64,
        limit: u64,
    ) -> Result<(Vec<QuarantinedRow>, u64), ViewError>;
    /// What people say by hand of rows of raw files, of one source or all.
    ///
    /// # Errors
    /// It cannot be read.
    fn corrections(&self, source: Option<&SourceId>) -> Result<Vec<Correction>, ViewError> {
        let _ = source;
        Ok(Vec::new())
    }
    /// The rows behind a published value, of each term at most so many.
    ///
    /// # Errors
    /// No run published it, or its rows cannot be read.
    fn rows_behind(
        &self,
        kpi: &KpiId,
        period: Period,
        segment: &Segment,
        most: usize,
    ) -> Result<TracedValue, ViewError> {
        let _ = (period, segment, most);
        Err(ViewError::Unavailable { reason: format!("the rows behind `{kpi}` are not here") })
    }
    /// The rows of an entity whose key begins with these parts, and how they came about; of each list at most so many.
    ///
    /// # Errors
    /// There is no such entity or row, or its rows cannot be read.
    fn entity_rows(
        &self,
        entity: &str,
        key: &[String],
        most: usize,
    ) -> Result<Vec<TracedEntityRow>, ViewError> {
        let _ = (key, most);
        Err(ViewError::Unavailable { reason: format!("the rows of `{entity}` are not here") })
    }
    /// What waits for somebody, the newest first; with `all` what has ended, too.
    ///
    /// # Errors
    /// It cannot be read.
    fn items(&self, all: bool) -> Result<Vec<Item>, ViewError> {
        let _ = all;
        Ok(Vec::new())
    }
    /// What is doubtful about answers, of each entity that is screened.
    ///
    /// # Errors
    /// It cannot be read.
    fn screened(&self) -> Result<Vec<ScreenedAnswers>, ViewError> {
        Ok(Vec::new())
    }
    /// The people and invitations behind a plan of a sample.
    ///
    /// # Errors
    /// They cannot be read.
    fn sampled(&self, of: &SamplingId) -> Result<Behind, ViewError> {
        let _ = of;
        Ok(Behind::default())
    }
    /// What sources that know the same rows say against each other, of each entity that says whom it believes.
    ///
    /// # Errors
    /// It cannot be read.
    fn discrepancies(&self) -> Result<Arc<[Discrepancies]>, ViewError> {
        Ok(Arc::from([]))
    }
    /// Lines of budgets as they landed; none: nothing lands any, or who sees these facts does not see all of them.
    ///
    /// # Errors
    /// They cannot be read.
    fn budget_lines(&self) -> Result<Arc<[BudgetLine]>, ViewError> {
        Ok(Arc::from([]))
    }
    /// What is open about the figures of a KPI: alerts, plans, post-mortems, disputes.
    ///
    /// # Errors
    /// It cannot be read.
    fn open_about(&self, kpi: &KpiId) -> Result<Vec<Item>, ViewError> {
        let kinds = ["alert", "action_plan", "post_mortem", "dispute"];
        let touched = format!("kpi/{kpi}");
        let mut items = self.items(false)?;
        items.retain(|of| kinds.contains(&of.kind) && of.touches.iter().any(|touch| touch.id == touched));
        Ok(items)
    }
    /// How often people did something about a KPI, and about others, between two instants, µs UTC: counted, whoever it was. None: it is not known,
    /// or who sees these facts does not see all of it.
    fn acts(&self, kpi: &KpiId, within: std::ops::Range<i64>) -> Option<Acts> {
        let _ = (kpi, within);
        None
    }
    /// What alerts ask nobody about now.
    ///
    /// # Errors
    /// It cannot be read.
    fn silences(&self) -> Result<Vec<Silence>, ViewError> {
        Ok(Vec::new())
    }
    /// How many items wait for somebody, by name; none that can be read: none.
    fn waiting(&self, name: &str) -> usize {
        let items = self.items(false).unwrap_or_default();
        items.iter().filter(|item| item.turn.iter().any(|of| of == name)).count()
    }
    /// Changes of an emergency that are in force and not ratified; none that can be read: none.
    fn unratified(&self) -> Vec<Item> {
        let mut items = self.items(false).unwrap_or_default();
        items.retain(|item| item.kind == "emergency" && item.state == "ratification");
        items
    }
    /// An item with everything that is known of it; none: there is none of this number.
    ///
    /// # Errors
    /// It cannot be read.
    fn item(&self, number: u64) -> Result<Option<ItemInFull>, ViewError> {
        let _ = number;
        Ok(None)
    }
    /// Who is there, and who answers for what.
    ///
    /// # Errors
    /// It is no day, nothing was in force then, or it cannot be read.
    fn directory(&self, asked: &PeopleAsked) -> Result<Directory, ViewError> {
        Ok(Directory::of(self.project(), self.day_asked(asked)?))
    }
    /// The day that is asked for; unsaid, today in the reporting zone.
    ///
    /// # Errors
    /// It is no day, or nobody knows what day it is.
    fn day_asked(&self, asked: &PeopleAsked) -> Result<Date, ViewError> {
        let unclear = |reason: String| ViewError::Unclear { reason };
        match &asked.day {
            Some(day) => {
                day.parse().map_err(|_| unclear(format!("`{day}` is no day; write it as 2026-07-01")))
            }
            None => {
                let zone = TimeZone::get(&self.project().calendar.zone).unwrap_or(TimeZone::UTC);
                let now = self.now().and_then(|at| Timestamp::from_microsecond(at).ok());
                let now = now.ok_or_else(|| unclear("name a day, such as `day=2026-07-01`".to_owned()))?;
                Ok(now.to_zoned(zone).date())
            }
        }
    }
    /// When what happened to items.
    ///
    /// # Errors
    /// They cannot be read.
    fn timed(&self) -> Result<Vec<Timed>, ViewError> {
        Ok(Vec::new())
    }
    /// What alerts led to, and what would let them ask less.
    ///
    /// # Errors
    /// They cannot be read.
    fn tuned(&self) -> Result<Vec<Tuned>, ViewError> {
        Ok(Vec::new())
    }
    /// Runs of playbooks, the newest first.
    ///
    /// # Errors
    /// They cannot be read.
    fn played(&self) -> Result<Vec<Played>, ViewError> {
        Ok(Vec::new())
    }
    /// What was said of customers and of what gets in their way, the newest first.
    ///
    /// # Errors
    /// It cannot be read.
    fn feedback(&self) -> Result<Heard, ViewError> {
        Ok(Heard::default())
    }
    /// What was learnt from effects that did not come, the newest first.
    ///
    /// # Errors
    /// It cannot be read.
    fn learnt(&self) -> Result<Vec<Learnt>, ViewError> {
        Ok(Vec::new())
    }
    /// What is, was or will be in force.
    ///
    /// # Errors
    /// It is asked for a day or position that there is not, or it cannot be read.
    fn register(&self, asked: &RegisterAsked) -> Result<Vec<Held>, ViewError> {
        let _ = asked;
        Ok(Vec::new())
    }
    /// Since when each definition of a kind has said what it says now under some of its keys, µs UTC, by id: `initiative/callback_desk`. Of
    /// what is not there nobody knows.
    ///
    /// # Errors
    /// It cannot be read.
    fn said_since(&self, kind: &str, keys: &[&str]) -> Result<BTreeMap<String, i64>, ViewError> {
        let _ = (kind, keys);
        Ok(BTreeMap::new())
    }
    /// Who proposed or agreed to a definition, each time that it was decided on, the earliest first: `operating_plan/year_2026`. Where nothing is
    /// decided, nobody did.
    ///
    /// # Errors
    /// It cannot be read.
    fn agreed_to(&self, id: &str) -> Result<Vec<AgreedTo>, ViewError> {
        let _ = id;
        Ok(Vec::new())
    }
    /// The methodology of a KPI or scorecard as in force on a day and known at a position of the log; what is not asked for is now.
    ///
    /// # Errors
    /// There was none of it then, or it cannot be read.
    fn methodology(&self, asked: &RegisterAsked) -> Result<Methodology, ViewError> {
        let of = asked.of.clone().unwrap_or_default();
        Err(ViewError::NotFound { what: format!("methodology of `{of}`"), suggestions: Vec::new() })
    }
    /// Some of the log, the newest event first.
    ///
    /// # Errors
    /// It is not for who asks, or it cannot be read.
    fn log(&self, asked: &LogAsked) -> Result<Logged, ViewError> {
        let _ = asked;
        Ok(Logged::default())
    }
    /// That an event is in the log as it was signed; none: there is none of this number.
    ///
    /// # Errors
    /// It is not for who asks, or it cannot be read.
    fn proof(&self, event: u64) -> Result<Option<Proven>, ViewError> {
        let _ = event;
        Ok(None)
    }
    /// What is frozen and which periods are closed.
    ///
    /// # Errors
    /// It cannot be read.
    fn decided_periods(&self) -> Result<Periods, ViewError> {
        Ok(Periods::default())
    }
    /// How far each unit is with a period.
    ///
    /// # Errors
    /// It is no period, or it cannot be read.
    fn readiness(&self, period: &str) -> Result<Vec<UnitReadiness>, ViewError> {
        let _ = period;
        Ok(Vec::new())
    }
    /// Units whose data of a period nobody attested in time.
    fn late(&self, period: Period) -> Vec<LateUnit> {
        let _ = period;
        Vec::new()
    }
    /// What the rule about units that are late would make of a score if the period were closed now; none: nothing, or it cannot be said because parts do
    /// not add up to the whole.
    ///
    /// # Errors
    /// What is published cannot be read.
    fn score_by_rule(
        &self,
        scorecard: &ScorecardId,
        unit: Option<&UnitId>,
        period: Period,
        late: &BTreeMap<UnitId, WhenLate>,
    ) -> Result<Option<ByRule>, ViewError> {
        let _ = (scorecard, unit, period, late);
        Ok(None)
    }
    /// What is official of a figure, as of the last close of its period; none: it was never closed.
    ///
    /// # Errors
    /// What is published cannot be read.
    fn official_figure(
        &self,
        kpi: &KpiId,
        period: Period,
        segment: &Segment,
    ) -> Result<Option<OfficialFigure>, ViewError> {
        let _ = (kpi, period, segment);
        Ok(None)
    }
    /// What is official of the score of a scorecard, or of one unit of it; none: its period was never closed.
    ///
    /// # Errors
    /// What is published cannot be read.
    fn official_score(
        &self,
        scorecard: &ScorecardId,
        unit: Option<&UnitId>,
        period: Period,
    ) -> Result<Option<OfficialScore>, ViewError> {
        let _ = (scorecard, unit, period);
        Ok(None)
    }
    /// The official figures and scores of a period, as of its last close; none: it was never closed.
    ///
    /// # Errors
    /// It is no period, or what is published cannot be read.
    fn official(&self, period: &str) -> Result<Option<Vec<Official>>, ViewError> {
        let _ = period;
        Ok(None)
    }
}
