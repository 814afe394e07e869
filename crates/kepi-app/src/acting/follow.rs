//! The follower that opens alerts, says of open ones what became of them, and measures what plans came to. It keeps no memory: what it
//! does hangs on what is published and which items there are, so that it does nothing twice.

use std::{
    collections::{BTreeMap, BTreeSet},
    ops::RangeInclusive,
};

use jiff::civil::Date;
use kepi_govern::{
    Command, Content, Evidence, Item, Observe, Open, Organisation, Permit, Principal,
    items::{self, Seen},
    laws,
    periods::PeriodId,
    plain::{Name, Number},
    principal::JobName,
};
use kepi_insight::{
    alarm::{Looked, raised},
    analysis::{Ask, Frames},
    beside::{Alone, Course, beside},
    change::{Judgement, Refusal},
    effect::{self, effect},
    forecast,
    frame::Figure,
    guardrail,
    stored::judged_of,
    validity,
};
use kepi_model::{
    acting::{Alert, Playbook, Severity, Signal, Trigger},
    calendar::{Grain, Period},
    id::{KpiId, SourceId, UnitId},
    project::{Guardrail, Kpi, Measure, Project, Source, TargetLines},
};
use kepi_query::{
    published::{USUAL, VALUE, Vouched, usual_row},
    value::{Finality, Segment, Value},
};
use kepi_score::{
    band,
    card::{Card, KpiValues},
    target::{self, Down},
    tree::Observed,
};
use kepi_stats::estimate::{Estimate, NotComputable};
use kepi_store::{NewText, door::new_key};
use serde::Serialize;

use super::{Asking, period_of_kpi, told};
use crate::{
    error::AppError,
    open::App,
    picture::{period_of, texts_of},
    publishing::values_in,
};

/// What a run brought about.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Followed {
    /// Alerts that were opened.
    pub raised: u64,
    /// Alerts of which something was said: the signal is still there, or is not.
    pub seen: u64,
    /// Alerts that are over.
    pub recovered: u64,
    /// Plans of which was said what they came to.
    pub measured: u64,
    /// Series about which nobody could be asked, because nothing is known of their newest figure or somebody keeps them silent: how
    /// many, by why.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub not_asked: BTreeMap<&'static str, u64>,
    /// Reviews that were opened.
    pub reviews: u64,
    /// Points that came up since a review opened, and are on its agenda now.
    pub came_up: u64,
    /// Plans that were asked for before a review opens.
    pub plans_asked: u64,
    /// Figures of closed periods of which it was asked why they are as they are.
    pub asked_why: u64,
    /// Cases that were opened.
    pub opened: u64,
    /// Rows that a closed loop holds out: nobody follows them up, and it is watched what becomes of them.
    pub unfollowed: u64,
    /// Rows that are to be followed up by the runs that come, since one opens so many cases only.
    pub rows_waiting: u64,
    /// Closed cases of which customers who were asked once more said whether they are settled.
    pub answered: u64,
    /// Runs of playbooks that were started.
    pub started: u64,
    /// Those of which it is only watched what becomes of them.
    pub held_out: u64,
    /// Those that wait for room.
    pub without_room: u64,
    /// Rows that would start a playbook once for each of something, and name none.
    pub of_nobody: u64,
    /// Those of which it was seen whether they helped.
    pub looked_at: u64,
}

/// A series: a KPI at a grain over the rows of a unit.
type Place = (KpiId, Grain, Segment);

/// Figures and what is usual of them, of the KPIs that anybody looks at.
pub(super) struct Published {
    pub(super) values: BTreeMap<Place, BTreeMap<i32, Value>>,
    judged: BTreeMap<Place, BTreeMap<i32, Judgement>>,
}

impl Published {
    /// The figure of a series in a period.
    pub fn value(&self, of: &Watched<'_>, ordinal: i32) -> Option<&Value> {
        self.values.get(&(of.kpi.id.clone(), of.grain, of.segment.clone()))?.get(&ordinal)
    }

    /// The figure of a KPI over a segment, and what is usual of it.
    fn at(&self, kpi: &Kpi, segment: &Segment, ordinal: i32) -> (Option<Figure>, Judgement) {
        let place = (kpi.id.clone(), kpi.period, segment.clone());
        let value = self.values.get(&place).and_then(|of| of.get(&ordinal));
        let figure = value.and_then(|value| {
            Some(Figure::of(ordinal, value.measured().ok()?, value.finality == Finality::Final))
        });
        let judged = self.judged.get(&place).and_then(|of| of.get(&ordinal)).copied();
        (figure, judged.unwrap_or(Err(Refusal::NotLooked)))
    }
}

/// Where an alert looks: a unit, and which rows are its.
pub(super) struct Watched<'a> {
    pub kpi: &'a Kpi,
    pub grain: Grain,
    pub unit: Option<UnitId>,
    pub segment: Segment,
    /// How targets go down the tree from which unit.
    pub rule: Down,
    pub top: Option<UnitId>,
}

/// No figures: of a card that is asked for its units only.
pub(super) struct NoFigures;

impl KpiValues for NoFigures {
    fn observed(&self, _: &KpiId, _: Period, _: &Segment) -> Option<Observed> {
        None
    }
    fn periods(&self, _: &KpiId, _: Grain, _: &Segment) -> Vec<(i32, bool)> {
        Vec::new()
    }
}

impl<'a> Watched<'a> {
    /// A KPI over all rows, of no scorecard.
    fn alone(kpi: &'a Kpi) -> Self {
        Watched {
            kpi,
            grain: kpi.period,
            unit: None,
            segment: Segment::total(),
            rule: Down::default(),
            top: None,
        }
    }

    pub fn lines(&self, project: &Project, period: Period) -> Option<TargetLines> {
        let top = self.top.as_ref();
        let unit = self.unit.as_ref();
        Some(target::in_force(self.kpi, project, unit, top, &Segment::total(), self.rule, period)?.lines)
    }

    /// Whether a guardrail is broken that says how far it may go: over all rows, or within a unit of the level of the guardrail.
    fn breaks(&self, project: &Project, ordinal: i32, published: &Published) -> Option<bool> {
        let of = |guardrail: &&Guardrail| {
            let holds_here =
                || guardrail::places(guardrail, project).iter().any(|(_, of)| *of == self.segment);
            guardrail.kpis.contains_key(&self.kpi.id) && (self.segment.is_total() || holds_here())
        };
        let guardrails = project.guardrails.values().filter(|_| self.grain == self.kpi.period).filter(of);
        let look = |kpi: &Kpi| published.at(kpi, &self.segment, ordinal);
        let known = guardrails.filter_map(|of| guardrail::is_kept(&guardrail::all_of(of, project, look)?));
        known.map(|kept| !kept).reduce(|one, other| one || other)
    }

    /// What is known of each of its figures, oldest first.
    pub fn looked(&self, project: &Project, alert: Option<&Alert>, published: &Published) -> Vec<Looked> {
        let bound = alert.and_then(|alert| alert.bounds.get(&self.kpi.id));
        let place = (self.kpi.id.clone(), self.grain, self.segment.clone());
        let judged = published.judged.get(&place);
        let total = (self.kpi.id.clone(), self.grain, Segment::total());
        let of_total = published.judged.get(&total);
        let figures = published.values.get(&place).into_iter().flatten();
        figures
            .map(|(ordinal, value)| {
                let Ok(estimate) = value.measured() else {
                    return Looked::nothing(*ordinal);
                };
                let own = judged.and_then(|of| of.get(ordinal)).copied();
                // Data in doubt are told at the total, and hold for all that it is made of.
                let doubt = of_total.and_then(|of| of.get(ordinal)).copied();
                let judged = match doubt {
                    Some(Err(Refusal::InDoubt)) => Err(Refusal::InDoubt),
                    _ => own.unwrap_or(Err(Refusal::NotLooked)),
                };
                let lines = self.lines(project, value.period);
                let is_final = value.finality == Finality::Final;
                let looked =
                    Looked::at(*ordinal, (estimate, is_final), (lines.as_ref(), self.kpi.better), &judged);
                let sound = is_final && !matches!(judged, Err(Refusal::InDoubt | Refusal::NotFinal));
                let looked = bound.map_or(looked, |bound| looked.with_bound(bound, estimate, sound));
                Looked { guardrail: self.breaks(project, *ordinal, published), ..looked }
            })
            .collect()
    }

    /// The same with whether its newest final figure is worse than forecast, and whether at the end of the newest quarter what it is believed to move
    /// followed it, if an alert asks for that; both are about all rows.
    fn looked_ahead(&self, project: &Project, alert: &Alert, published: &Published) -> Vec<Looked> {
        let mut looked = self.looked(project, Some(alert), published);
        let is_whole = self.segment == Segment::total() && self.grain == self.kpi.period;
        let asks = |sign| is_whole && alert.on.contains(&sign);
        let is_final = |of: &&mut Looked| {
            published.value(self, of.ordinal).is_some_and(|value| value.finality == Finality::Final)
                && self.why_not_at(published, of.ordinal).is_none()
        };
        let frames = OfProject { project, published };
        let of = |looked: &Looked| project.period(self.kpi, self.grain, looked.ordinal);
        if asks(Signal::Forecast)
            && let Some(newest) = looked.iter_mut().rev().find(is_final)
        {
            newest.forecast = forecast::missed(self.kpi, of(newest), &frames);
        }
        let ends_a_quarter = |looked: &Looked| {
            let last = |period| project.calendar.last_day(period).ok();
            let day = last(of(looked));
            day.is_some_and(|day| {
                last(project.calendar_of(self.kpi).period_of_day(Grain::Quarter, day)) == Some(day)
            })
        };
        if asks(Signal::Validity)
            && let Some(newest) = looked.iter_mut().rev().find(|of| ends_a_quarter(of) && is_final(of))
        {
            newest.validity = validity::fails(&Ask { kpi: self.kpi, period: of(newest) }, &frames);
        }
        looked
    }

    /// How many points of a scorecard a figure costs, for which whoever answers for it would act first: what it is short of a full score,
    /// by its weight; or what the alert says that acting on it is worth. Of a unit that for its share of the rows: those of few customers cost less. Nothing
    /// without a target and a word of the alert.
    fn costs(&self, project: &Project, alert: &Alert, published: &Published, ordinal: i32) -> f64 {
        let rows = |segment: &Segment| {
            let all = published.values.get(&(self.kpi.id.clone(), self.grain, segment.clone()))?;
            Some(all.get(&ordinal)?.coverage.counted as f64)
        };
        let share = rows(&self.segment).zip(rows(&Segment::total()));
        let share = share.map_or(1.0, |(own, all)| if all > 0.0 { (own / all).min(1.0) } else { 1.0 });
        let cost = || {
            let estimate = published.value(self, ordinal)?.measured().ok()?;
            let lines = self.lines(project, project.period(self.kpi, self.grain, ordinal))?;
            let score = band::score(estimate.point, &lines, self.kpi.better) as f64 / 1e6;
            Some((100.0 - score).max(0.0) * weight(project, &self.kpi.id))
        };
        // What it costs against its target is known; the word of the alert stands for what is not.
        let worth = || alert.worth.get(&self.kpi.id).copied().map_or(0.0, f64::from);
        cost().unwrap_or_else(worth) * share
    }
}

/// The share of a scorecard that hangs on a KPI, of that where it is the largest.
fn weight(project: &Project, kpi: &KpiId) -> f64 {
    project.scorecards.values().map(|scorecard| scorecard.share_of(kpi)).fold(0.0, f64::max)
}

/// Published figures, as analyses read them.
pub(super) struct OfProject<'a> {
    pub project: &'a Project,
    pub published: &'a Published,
}

impl OfProject<'_> {
    fn series(&self, kpi: &Kpi, grain: Grain, segment: &Segment) -> Option<&BTreeMap<i32, Value>> {
        self.published.values.get(&(kpi.id.clone(), grain, segment.clone()))
    }
}

impl Frames for OfProject<'_> {
    fn project(&self) -> &Project {
        self.project
    }
    fn figure(&self, kpi: &Kpi, period: Period, segment: &Segment) -> Option<Figure> {
        let own = self.project.period(kpi, period.grain, period.ordinal);
        // A period of another calendar is none of its own.
        let value =
            self.series(kpi, period.grain, segment).filter(|_| own == period)?.get(&period.ordinal)?;
        let is_final = value.finality == Finality::Final;
        Some(Figure::of(period.ordinal, value.measured().ok()?, is_final).with(value.coverage))
    }
    fn segments(&self, kpi: &Kpi, period: Period) -> Vec<Segment> {
        let all = self.published.values.keys();
        let own = all.filter(|(id, grain, _)| *id == kpi.id && *grain == period.grain);
        own.map(|(.., segment)| segment.clone()).collect()
    }
    fn judged(&self, kpi: &Kpi, period: Period, segment: &Segment) -> Judgement {
        let place = (kpi.id.clone(), period.grain, segment.clone());
        let judged = self.published.judged.get(&place).and_then(|of| of.get(&period.ordinal)).copied();
        judged.unwrap_or(Err(Refusal::NotLooked))
    }
    fn points(
        &self,
        kpi: &Kpi,
        grain: Grain,
        segment: &Segment,
        range: RangeInclusive<i32>,
    ) -> Vec<(i32, f64)> {
        let all = self.series(kpi, grain, segment).into_iter().flat_map(|of| of.range(range.clone()));
        let sound = all.filter(|(_, value)| value.finality == Finality::Final);
        sound.filter_map(|(ordinal, value)| Some((*ordinal, value.measured().ok()?.point))).collect()
    }
}

/// What would be raised, if whoever gets it has room.
struct Candidate<'a> {
    alert: &'a Alert,
    watched: &'a Watched<'a>,
    period: Period,
    sign: Signal,
    why: String,
    /// What it costs, in points of a scorecard.
    cost: f64,
}

impl<'a> Candidate<'a> {
    /// Of what is asked by days and not by figures: it costs what the KPI weighs.
    fn of_days(
        project: &Project,
        (alert, watched): (&'a Alert, &'a Watched<'a>),
        (period, sign): (Period, Signal),
        why: String,
    ) -> Self {
        Self { alert, watched, period, sign, why, cost: of_days(project, alert, watched) }
    }
}

impl Watched<'_> {
    /// Why nothing is known of the newest figure that could ask anybody; none: it is known.
    fn why_not(&self, published: &Published) -> Option<&'static str> {
        let place = (self.kpi.id.clone(), self.grain, self.segment.clone());
        let (newest, _) = published.values.get(&place)?.last_key_value()?;
        self.why_not_at(published, *newest)
    }

    /// The same of the figure of a period.
    pub fn why_not_at(&self, published: &Published, ordinal: i32) -> Option<&'static str> {
        let figure = published.value(self, ordinal)?;
        let total = (self.kpi.id.clone(), self.grain, Segment::total());
        let doubt = published.judged.get(&total).and_then(|of| of.get(&ordinal));
        match (&figure.estimate, doubt) {
            (Err(_), _) => Some("the newest figure is withheld or not computable"),
            (Ok(_), Some(Err(Refusal::InDoubt))) => Some("its data are in doubt"),
            (Ok(_), _) if figure.finality != Finality::Final => Some("the newest figure is provisional"),
            _ => None,
        }
    }
}

/// The series that an alert looks at: of the KPIs that it names, or of those of all scorecards and those that run in shadow; over all rows, and
/// by unit if it says so.
pub(super) fn watched<'a>(project: &'a Project, alert: &Alert) -> Vec<Watched<'a>> {
    let mut found: Vec<Watched<'a>> = Vec::new();
    let mut seen: BTreeSet<(KpiId, Option<UnitId>)> = BTreeSet::new();
    for scorecard in project.scorecards.values() {
        let card = Card { project, scorecard, values: &NoFigures };
        let units = card.all_units();
        for id in scorecard.kpis().filter(|id| alert.kpis.is_empty() || alert.kpis.contains(*id)) {
            let Some(kpi) = project.kpis.get(id) else { continue };
            for (unit, depth) in &units {
                let Some(segment) = card.segment(*unit).filter(|_| *depth == 0 || alert.by_unit) else {
                    continue;
                };
                if seen.insert((id.clone(), unit.cloned())) {
                    found.push(Watched {
                        kpi,
                        grain: scorecard.period.max(kpi.period),
                        unit: unit.cloned(),
                        segment,
                        rule: Down::of(scorecard),
                        top: scorecard.unit.clone(),
                    });
                }
            }
        }
    }
    let known = |id: &KpiId| seen.iter().any(|(kpi, _)| kpi == id);
    let others = alert.kpis.iter().filter(|id| !known(id)).filter_map(|id| project.kpis.get(id));
    found.extend(others.map(Watched::alone));
    found
}

/// Which of these series people have not entered for the last period that is over, with what is said of them: before it is due, and after.
fn owed(
    project: &Project,
    all: &[Watched<'_>],
    published: &Published,
    today: Date,
) -> BTreeMap<usize, String> {
    let one = |(place, of): (usize, &Watched<'_>)| {
        let kpi = of.kpi;
        if !matches!(kpi.measure, Measure::Entered(_)) || of.segment != Segment::total() {
            return None;
        }
        let calendar = project.calendar_of(kpi);
        let period = calendar.period_of_day(kpi.period, today).offset(-1);
        let figures = published.values.get(&(kpi.id.clone(), kpi.period, Segment::total()))?;
        let (name, label) = (&kpi.name, project.name_of(period));
        match figures.get(&period.ordinal)?.estimate.as_ref().err()? {
            NotComputable::NotMature { final_at } => {
                // It is due by the end of the day before.
                let day = project.calendar.period_at(Grain::Day, final_at - 1).ok()?;
                let day = project.calendar.label(day);
                Some((place, format!("{name} of {label} is to be entered by {day}: `kepi enter {}`", kpi.id)))
            }
            NotComputable::Late => Some((
                place,
                format!("{name} of {label} was to be entered, and is late: `kepi enter {}`", kpi.id),
            )),
            _ => None,
        }
    };
    all.iter().enumerate().filter_map(one).collect()
}

/// What an alert on all KPIs looks at besides: whoever answers for one that was rotated out and runs in shadow is asked about its fall, though
/// nothing scores it.
fn in_shadow<'a>(project: &'a Project, alert: &Alert, today: Date) -> impl Iterator<Item = Watched<'a>> {
    let shadows = project.kpis.values().filter(move |kpi| project.runs_in_shadow(kpi, today));
    shadows.filter(|_| alert.kpis.is_empty()).map(Watched::alone)
}

/// What it costs that something is missing for a series: what hangs on its KPI.
fn of_days(project: &Project, alert: &Alert, watched: &Watched<'_>) -> f64 {
    match weight(project, &watched.kpi.id) {
        weight if weight > 0.0 => weight,
        _ => alert.worth.get(&watched.kpi.id).copied().map_or(0.0, f64::from),
    }
}

impl App {
    /// Looks at what the newest run published: opens alerts, says of open ones what became of them, measures plans, and hands on what
    /// nobody did in time.
    ///
    /// # Errors
    /// Store or lake refused. What was done stays, and the next run does the rest.
    pub async fn follow(&self, at: i64) -> Result<Followed, AppError> {
        let mut report = Followed::default();
        self.follow_figures(at, &mut report).await?;
        // What was raised just now is on the agenda, also of reviews that are open.
        report.reviews = self.open_reviews(at).await?;
        self.before_reviews(at, &mut report).await?;
        self.ask_why(at, &mut report).await?;
        Ok(report)
    }

    async fn follow_figures(&self, at: i64, report: &mut Followed) -> Result<(), AppError> {
        let runs = self.values.runs(None).await.map_err(AppError::Lake)?;
        let Some(run) = runs.last() else { return Ok(()) };
        let organisation = self.store.organisation().await?;
        let (_, project) = texts_of(self, &run.pins).await?;
        self.hear_answers(&project, run, at, report).await?;
        self.open_cases(&project, run, at, report).await?;
        self.play_rows(&project, run, at, report).await?;
        let measuring = |item: &&Item| {
            matches!(item.content, Content::ActionPlan(_))
                && item.step().is_some_and(|s| s.name == "measuring")
        };
        let plans: Vec<Item> = organisation.items.open().filter(measuring).cloned().collect();
        let on_states = |of: &Playbook| matches!(of.trigger, Trigger::State(_));
        if project.alerts.is_empty() && plans.is_empty() && !project.playbooks.values().any(on_states) {
            return Ok(());
        }
        let published = self.published(&project).await?;
        self.play_states(&project, &published, run, at, report).await?;
        let number = run.number.unsigned_abs();
        let mut asking = Asking::new(&self.store, at);
        let today = project.calendar.first_day(project.calendar.period_at(Grain::Day, at)?)?;
        for alert in project.alerts.values() {
            let mut all = watched(&project, alert);
            all.extend(in_shadow(&project, alert, today));
            let mut candidates = Vec::new();
            let unkept = match alert.on.contains(&Signal::Unkept) {
                true => self.unkept(&project, &all, at).await?,
                false => BTreeMap::new(),
            };
            for (place, (ordinal, is, why)) in unkept {
                let Some(watched) = all.get(place) else { continue };
                let looked = [Looked { unkept: Some(is), ..Looked::nothing(ordinal) }];
                let series = (Grain::Month, &looked[..]);
                let found =
                    self.alarm(&project, (alert, watched), series, number, (&mut asking, report)).await?;
                candidates
                    .extend(found.map(|found| Candidate::of_days(&project, (alert, watched), found, why)));
            }
            let by_day = |sign: &Signal| sign.is_of_days() && *sign != Signal::Unkept;
            for sign in alert.on.iter().copied().filter(by_day) {
                let missing = match sign {
                    Signal::Owed => owed(&project, &all, &published, today),
                    _ => self.late(&project, &all, at).await?,
                };
                for (place, watched) in
                    all.iter().enumerate().filter(|(_, of)| of.segment == Segment::total())
                {
                    let day = project.calendar.period_at(Grain::Day, at)?;
                    let why = missing.get(&place);
                    let (is, nothing) = (Some(why.is_some()), Looked::nothing(day.ordinal));
                    let looked = [match sign {
                        Signal::Owed => Looked { owed: is, ..nothing },
                        _ => Looked { stale: is, ..nothing },
                    }];
                    let series = (Grain::Day, &looked[..]);
                    let found =
                        self.alarm(&project, (alert, watched), series, number, (&mut asking, report)).await?;
                    let why = why.cloned().unwrap_or_default();
                    candidates.extend(
                        found.map(|found| Candidate::of_days(&project, (alert, watched), found, why)),
                    );
                }
            }
            for watched in &all {
                let looked = watched.looked_ahead(&project, alert, &published);
                if let Some(why) = watched.why_not(&published) {
                    *report.not_asked.entry(why).or_default() += 1;
                }
                let series = (watched.grain, &looked[..]);
                let found =
                    self.alarm(&project, (alert, watched), series, number, (&mut asking, report)).await?;
                candidates.extend(found.map(|(period, sign)| Candidate {
                    alert,
                    watched,
                    period,
                    sign,
                    why: in_words(&project, watched, &looked, (period, sign)),
                    cost: watched.costs(&project, alert, &published, period.ordinal),
                }));
            }
            // What costs most comes first, where not all can come.
            candidates.sort_by(|one, other| other.cost.total_cmp(&one.cost));
            for candidate in candidates {
                self.raise(&project, candidate, number, (&mut asking, report)).await?;
            }
        }
        for plan in &plans {
            self.measure(&project, plan, &published, number, (&mut asking, report)).await?;
        }
        Ok(())
    }

    pub(super) async fn published(&self, project: &Project) -> Result<Published, AppError> {
        let rows = self.values.newest(&VALUE, None).await.map_err(AppError::Lake)?;
        let usual = self.values.newest(&USUAL, None).await.map_err(AppError::Lake)?;
        let mut published = Published { values: BTreeMap::new(), judged: BTreeMap::new() };
        for value in values_in(&rows, project)? {
            // Figures of segments of more than one dimension are nobody's.
            if value.segment.0.len() < 2 {
                let place = (value.kpi.clone(), value.period.grain, value.segment.clone());
                published.values.entry(place).or_default().insert(value.period.ordinal, value);
            }
        }
        for row in (0..usual.rows()).filter(|row| usual.withdrawn(*row).is_empty()) {
            let read = || {
                let grain = Vouched::read_grain(usual.grain(row))?;
                let judged = judged_of(&usual_row(&usual, row).ok()?, grain)?;
                let place = (usual.subject(row).parse().ok()?, grain, usual.segment(row).parse().ok()?);
                Some((
                    place,
                    period_of(&usual, row, grain, project.calendar_of_kpi(usual.subject(row))).ordinal,
                    judged,
                ))
            };
            if let Some((place, ordinal, judged)) = read() {
                published.judged.entry(place).or_default().insert(ordinal, judged);
            }
        }
        Ok(published)
    }

    /// Sources whose delivery is overdue, with when it was due, µs UTC.
    pub(super) async fn overdue(
        &self,
        project: &Project,
        at: i64,
    ) -> Result<BTreeMap<SourceId, i64>, AppError> {
        let delivered = self.lake.delivered().await.map_err(AppError::Lake)?;
        let due = |source: &Source| {
            let expect = source.expect.as_ref()?;
            let hours = expect.hours.as_ref().and_then(|id| project.business_hours.get(id));
            let last = delivered.get(&source.id)?.deliveries.last()?.0;
            expect
                .due(Some(last), &project.calendar, hours.map(|named| &named.hours))
                .filter(|due| at >= *due)
        };
        Ok(project.sources.values().filter_map(|of| Some((of.id.clone(), due(of)?))).collect())
    }

    /// Which of these series stand for sources of which a service level was agreed, with the last month that is over, whether the level was
    /// missed in it, and what is said of that: of each source the first that is computed of it, in the unit that delivers it if that is looked at.
    async fn unkept(
        &self,
        project: &Project,
        all: &[Watched<'_>],
        at: i64,
    ) -> Result<BTreeMap<usize, (i32, bool, String)>, AppError> {
        let delivered = self.lake.delivered().await.map_err(AppError::Lake)?;
        let calendar = &project.calendar;
        let month = calendar.period_at(Grain::Month, at)?.offset(-1);
        let mut found: BTreeMap<usize, (i32, bool, String)> = BTreeMap::new();
        for source in project.sources.values() {
            let Some((expect, level)) = source.expect.as_ref().and_then(|of| Some((of, of.kept_at_least?)))
            else {
                continue;
            };
            let hours = expect.hours.as_ref().and_then(|id| project.business_hours.get(id));
            let came: Vec<i64> = delivered
                .get(&source.id)
                .map(|of| of.deliveries.iter().map(|(at, _)| *at).collect())
                .unwrap_or_default();
            // What is due at the end of a month is of that month.
            let is_of = |due: i64| {
                calendar.period_at(Grain::Month, due - 1).is_ok_and(|of| of.ordinal == month.ordinal)
            };
            let mut promised = expect.promised(&came, at, calendar, hours.map(|named| &named.hours));
            promised.retain(|of| is_of(of.due));
            let (due, kept) = (promised.len(), promised.iter().filter(|of| of.is_kept()).count());
            if due == 0 {
                continue;
            }
            let rests = |of: &Watched<'_>| {
                of.kpi.reads.contains(&source.into) || of.kpi.looked_at.contains(&source.into)
            };
            let in_unit = |of: &Watched<'_>| rests(of) && source.unit.is_some() && of.unit == source.unit;
            let whole = |of: &Watched<'_>| rests(of) && of.segment == Segment::total();
            let Some(place) = all.iter().position(in_unit).or_else(|| all.iter().position(whole)) else {
                continue;
            };
            // 19 of 20 are 95 %, whatever a division makes of it.
            let is = (kept as f64) < level * due as f64 - 1e-9;
            let by = source.unit.as_ref().map_or_else(String::new, |unit| format!(" of {unit}"));
            let said = format!(
                "`{}`{by} came in time {kept} of {due} times in {}, and {} was agreed",
                source.id,
                calendar.label(month),
                kepi_report::format::share(level)
            );
            let (_, missed, why) =
                found.entry(place).or_insert_with(|| (month.ordinal, false, String::new()));
            if is {
                *missed = true;
                *why = if why.is_empty() { said } else { format!("{why}; {said}") };
            }
        }
        Ok(found)
    }

    /// Sources of which the figures of the newest delivery came later than was promised, with how long that took, µs.
    async fn published_late(&self, project: &Project) -> Result<Vec<(SourceId, i64)>, AppError> {
        let promised = |of: &Source| of.expect.as_ref().and_then(|expect| expect.published);
        if !project.sources.values().any(|of| promised(of).is_some()) {
            return Ok(Vec::new());
        }
        let delivered = self.lake.delivered().await.map_err(AppError::Lake)?;
        let runs = self.values.runs(None).await.map_err(AppError::Lake)?;
        let times = self.values.times(i64::MAX).await.map_err(AppError::Lake)?.into_iter();
        let times: BTreeMap<i64, i64> =
            times.filter(|of| of.source.is_none()).map(|of| (of.run, of.took)).collect();
        let took = |of: &Source| {
            let (at, _) = delivered.get(&of.id)?.deliveries.last()?;
            let run = runs.iter().filter(|run| run.at >= *at).min_by_key(|run| run.at)?;
            Some(run.at + times.get(&run.number).copied().unwrap_or(0) - at)
        };
        let late = project.sources.values().filter_map(|of| {
            let (most, took) = promised(of).zip(took(of))?;
            (took > most).then(|| (of.id.clone(), took))
        });
        Ok(late.collect())
    }

    /// Which of these series stand for sources whose delivery is overdue, or whose figures came late, with what is said of them: of each source the first that is
    /// computed of it, so that one late delivery asks once.
    async fn late(
        &self,
        project: &Project,
        all: &[Watched<'_>],
        at: i64,
    ) -> Result<BTreeMap<usize, String>, AppError> {
        let mut late: BTreeMap<usize, String> = BTreeMap::new();
        for (source, due) in self.overdue(project, at).await? {
            let Some(source) = project.sources.get(&source) else { continue };
            let rests = |of: &Watched<'_>| {
                let kpi = of.kpi;
                of.segment == Segment::total()
                    && (kpi.reads.contains(&source.into) || kpi.looked_at.contains(&source.into))
            };
            let Some(place) = all.iter().position(rests) else { continue };
            let n = all.iter().filter(|of| rests(of)).map(|of| &of.kpi.id).collect::<BTreeSet<_>>().len();
            let day = project.calendar.period_at(Grain::Day, due)?;
            let rest = match n {
                1 => String::new(),
                n => format!(", and {} more rest on it", n - 1),
            };
            let name = all.get(place).map_or("", |of| of.kpi.name.as_str());
            let said = format!(
                "{name} is without the data that are due: `{}` was to come by {}{rest}",
                source.id,
                project.calendar.label(day)
            );
            late.entry(place).and_modify(|all| *all = format!("{all}; {said}")).or_insert(said);
        }
        for (source, took) in self.published_late(project).await? {
            let Some(source) = project.sources.get(&source) else { continue };
            let rests = |of: &Watched<'_>| {
                of.segment == Segment::total()
                    && (of.kpi.reads.contains(&source.into) || of.kpi.looked_at.contains(&source.into))
            };
            let Some(place) = all.iter().position(rests) else { continue };
            let name = all.get(place).map_or("", |of| of.kpi.name.as_str());
            let said = format!(
                "{name} was published late: its figures came {} after `{}` had landed",
                kepi_report::format::time(took / 1_000_000),
                source.id
            );
            late.entry(place).and_modify(|all| *all = format!("{all}; {said}")).or_insert(said);
        }
        Ok(late)
    }

    /// Says of an open alert on a series what became of it since; of a series without one, in which period an alert is to be raised.
    async fn alarm(
        &self,
        project: &Project,
        (alert, watched): (&Alert, &Watched<'_>),
        (grain, looked): (Grain, &[Looked]),
        run: u64,
        (asking, report): (&mut Asking<'_>, &mut Followed),
    ) -> Result<Option<(Period, Signal)>, AppError> {
        let id = |ordinal| period_id(project, project.period(watched.kpi, grain, ordinal));
        let Ok(rule) = alert.id.as_str().parse::<Name>() else { return Ok(None) };
        let organisation = self.store.organisation().await?;
        // What is overdue or to be entered is about days, whatever the periods of its KPI are.
        let of_days = looked.iter().find_map(Looked::of_days).map(|(sign, _)| sign);
        let mut same = organisation.items.all().filter_map(|item| match &item.content {
            Content::Alert(other) => {
                let same = other.rule == rule && other.kpi == watched.kpi.id && other.unit == watched.unit;
                let sign = Some(other.sign).filter(|sign| sign.is_of_days());
                (same && sign == of_days).then_some((item, other))
            }
            _ => None,
        });
        let last = same.next_back();
        let since = last.map(|(item, other)| item.work.last_period().unwrap_or(other.period));
        let since = since.map(|since| period_of_kpi(project, &watched.kpi.id, since).ordinal);
        if let Some((item, _)) = last.filter(|(item, _)| item.ended.is_none()) {
            // Data that came end it at once.
            let later = looked.iter().filter(|of| {
                let came = matches!(of.of_days(), Some((_, false)));
                since.is_none_or(|since| of.ordinal > since || of.ordinal == since && came)
            });
            for of in later {
                let Some(is_signal) = of.is_signal(alert) else { continue };
                let period = id(of.ordinal)?;
                let seen = if is_signal { Seen::Signal { period, run } } else { Seen::Clear { period, run } };
                if !observed(asking, item.number, seen).await? {
                    return Ok(None);
                }
                report.seen += 1;
                let now = self.store.organisation().await?;
                if now.items.get(item.number).is_none_or(|item| item.ended.is_some()) {
                    report.recovered += 1;
                    return Ok(None);
                }
            }
            return Ok(None);
        }
        let found = raised(looked, alert).filter(|(ordinal, _)| since.is_none_or(|since| *ordinal > since));
        Ok(found.map(|(ordinal, sign)| (project.period(watched.kpi, grain, ordinal), sign)))
    }

    /// Opens an alert, if whoever gets it has room for it.
    async fn raise(
        &self,
        project: &Project,
        of: Candidate<'_>,
        run: u64,
        (asking, report): (&mut Asking<'_>, &mut Followed),
    ) -> Result<(), AppError> {
        let Ok(rule) = of.alert.id.as_str().parse::<Name>() else { return Ok(()) };
        let content = items::Alert {
            rule,
            kpi: of.watched.kpi.id.clone(),
            unit: of.watched.unit.clone(),
            period: period_id(project, of.period)?,
            sign: of.sign,
            severity: of.alert.severity,
            clear: if of.sign.is_of_days() { 1 } else { of.alert.clear },
            run,
            ladder: self.rungs_of(project, of.alert).await?,
        };
        let capacity = of.alert.capacity.filter(|_| of.alert.severity != Severity::High);
        if let Some(capacity) = capacity
            && self.has(&content, asking).await? >= usize::from(capacity)
        {
            *report.not_asked.entry("their owners have as many alerts as they can take").or_default() += 1;
            return Ok(());
        }
        let why = NewText::new(of.why);
        let open = Command::Open(Open { content: Content::Alert(content), why: why.commitment });
        let done = asking.ask(&job(), &open, vec![why], &new_key("alerts")).await;
        if matches!(&done, Err(AppError::Forbidden(v)) if v.0.iter().any(|v| v.code == laws::SILENCED)) {
            *report.not_asked.entry("somebody keeps it silent").or_default() += 1;
            return Ok(());
        }
        if matches!(&done, Err(AppError::Forbidden(v)) if v.0.iter().any(|v| v.code == laws::NOBODY_THERE)) {
            *report.not_asked.entry("nobody is there who could act").or_default() += 1;
        }
        report.raised +=
            u64::from(unless(done, &[laws::ALREADY_OPEN, laws::NOTHING_NEW, laws::NOBODY_THERE])?);
        Ok(())
    }

    /// How many alerts are open with whom an alert would go to.
    async fn has(&self, alert: &items::Alert, asking: &mut Asking<'_>) -> Result<usize, AppError> {
        let organisation = self.store.organisation().await?;
        let Evidence::Answerable(directory) = asking.found().await? else { return Ok(0) };
        let way = directory.owner(&alert.kpi, alert.unit.as_ref(), asking.at(), &BTreeSet::new());
        let Some(person) = way.and_then(|way| way.last().map(|stop| stop.person)) else { return Ok(0) };
        let theirs = |item: &&Item| {
            matches!(item.content, Content::Alert(_))
                && item.owner().is_some_and(|owner| owner.person == person)
        };
        Ok(organisation.items.open().filter(theirs).count())
    }

    /// What a plan has come to, once the period is final in which that was to be measured.
    async fn measure(
        &self,
        project: &Project,
        item: &Item,
        published: &Published,
        run: u64,
        (asking, report): (&mut Asking<'_>, &mut Followed),
    ) -> Result<(), AppError> {
        let Content::ActionPlan(plan) = &item.content else { return Ok(()) };
        let Some(own) = place(project, &plan.kpi, plan.unit.as_ref()) else { return Ok(()) };
        let place = (plan.kpi.clone(), plan.expected.from.grain, own.segment);
        let Some(past) = published.values.get(&place) else { return Ok(()) };
        let of = |id: PeriodId| past.get(&period_of_kpi(project, &plan.kpi, id).ordinal);
        let Some(after) = of(plan.expected.to).filter(|value| value.finality == Finality::Final) else {
            return Ok(());
        };
        let seen = match (of(plan.expected.from).map(Value::measured), after.measured()) {
            (Some(Ok(before)), Ok(after)) => {
                let past: Vec<Figure> = past.iter().filter_map(|(at, value)| figure_of(*at, value)).collect();
                let period = |id| period_of_kpi(project, &plan.kpi, id);
                let periods = (period(plan.expected.from), period(plan.expected.to));
                let change = plan.expected.change.get();
                let by_itself = effect(
                    own.kpi,
                    &project.calendar,
                    (periods.0, before),
                    (periods.1, after),
                    &past,
                    change,
                );
                let organisation = self.store.organisation().await?;
                let others = untouched(project, &organisation, (item.number, plan));
                let beside = others
                    .and_then(|others| beside_others(project, published, (plan, own.kpi), periods, &others));
                match beside {
                    Ok((found, units)) => {
                        let alone = Number::new(by_itself.change);
                        let beside = alone.map(|alone| Ok(items::Beside { units, alone }));
                        items::Effect { beside, ..kept(&found, run) }
                    }
                    Err(why) => items::Effect { beside: Some(Err(why)), ..kept(&by_itself, run) },
                }
            }
            _ => items::Effect {
                came: items::Came::NotComputable,
                change: None,
                enough: false,
                run: Some(run),
                beside: None,
                untold: Some(items::Untold::NoFigure),
            },
        };
        report.measured += u64::from(observed(asking, item.number, Seen::Effect(seen)).await?);
        Ok(())
    }
}

fn figure_of(ordinal: i32, value: &Value) -> Option<Figure> {
    Some(Figure::of(ordinal, value.measured().ok()?, value.finality == Finality::Final))
}

/// An effect as it is kept.
fn kept(of: &effect::Effect, run: u64) -> items::Effect {
    let ends = of.interval.and_then(|(low, high)| Some((Number::new(low)?, Number::new(high)?)));
    let (came, untold) = match of.came {
        effect::Came::Shown => (items::Came::Shown, None),
        effect::Came::NotShown => (items::Came::NotShown, None),
        effect::Came::Contrary => (items::Came::Contrary, None),
        effect::Came::NotComputable(why) => (items::Came::NotComputable, Some(untold(why))),
    };
    let change = Number::new(of.change).map(|change| (change, ends));
    items::Effect { came, change, enough: of.enough, run: Some(run), beside: None, untold }
}

fn untold(why: effect::Untold) -> items::Untold {
    match why {
        effect::Untold::NoInterval => items::Untold::NoInterval,
        effect::Untold::Usual(Refusal::TooFew { .. }) => items::Untold::FewPeriods,
        effect::Untold::Usual(Refusal::FewCases) => items::Untold::FewCases,
        effect::Untold::Usual(Refusal::NeverMoved) => items::Untold::NeverMoved,
        effect::Untold::Usual(Refusal::Overlapping) => items::Untold::Overlapping,
        effect::Untold::Usual(Refusal::NotFinal | Refusal::InDoubt | Refusal::NotLooked) => {
            items::Untold::NoFigure
        }
    }
}

/// Units of the level of that of a plan in which nothing is done about its KPI meanwhile but what is done in its own as well: no plan that is for
/// them, for one above them that is not above both, or below them, and no initiative that is to move it there.
///
/// # Errors
/// It is of all rows, or something else was done in its own unit or below: what came of that is not told from what came of it.
fn untouched(
    project: &Project,
    organisation: &Organisation,
    (number, plan): (u64, &items::ActionPlan),
) -> Result<BTreeSet<UnitId>, items::Alone> {
    let Some(own) = plan.unit.as_ref().and_then(|unit| project.units.get(unit)) else {
        return Err(items::Alone::Whole);
    };
    let chain = |unit: &UnitId| -> BTreeSet<UnitId> {
        let mut all = BTreeSet::new();
        let mut at = Some(unit);
        while let Some(unit) = at.filter(|unit| all.insert((*unit).clone())) {
            at = project.units.get(unit).and_then(|unit| unit.parent.as_ref());
        }
        all
    };
    let above_own = chain(&own.id);
    let (begins, ends) = (plan.expected.from.first, plan.expected.until);
    let mut treated: BTreeSet<UnitId> = BTreeSet::new();
    for item in organisation.items.all().filter(|item| item.number != number) {
        let Content::ActionPlan(other) = &item.content else { continue };
        let meanwhile = other.expected.from.first < ends && other.expected.until > begins;
        if other.kpi == plan.kpi && meanwhile {
            treated.extend(other.unit.clone());
        }
    }
    for of in project.initiatives.values().filter(|of| of.effects.contains_key(&plan.kpi)) {
        let runs = of.begins.is_some_and(|day| day < ends) && of.ends.is_none_or(|day| day > begins);
        treated.extend(of.unit.clone().filter(|_| runs));
    }
    if treated.iter().any(|other| chain(other).contains(&own.id)) {
        return Err(items::Alone::Mixed);
    }
    let is_touched = |unit: &UnitId| {
        let above = chain(unit);
        treated
            .iter()
            .any(|other| above.contains(other) != above_own.contains(other) || chain(other).contains(unit))
    };
    let alike = project.units.values().filter(|of| of.level == own.level && !above_own.contains(&of.id));
    Ok(alike.filter(|of| !is_touched(&of.id)).map(|of| of.id.clone()).collect())
}

/// What a plan came to beside units in which nothing was done, and beside how many.
fn beside_others(
    project: &Project,
    published: &Published,
    (plan, kpi): (&items::ActionPlan, &Kpi),
    (before, after): (Period, Period),
    others: &BTreeSet<UnitId>,
) -> Result<(effect::Effect, u16), items::Alone> {
    let earlier = before.offset(before.ordinal - after.ordinal);
    let course = |unit: Option<&UnitId>| {
        let segment = place(project, &kpi.id, unit)?.segment;
        let all = published.values.get(&(kpi.id.clone(), before.grain, segment))?;
        let at = |period: Period| {
            let figure = figure_of(period.ordinal, all.get(&period.ordinal)?)?;
            figure.is_final.then_some(figure)
        };
        Some(Course { earlier: at(earlier), before: at(before)?, after: at(after)? })
    };
    let few = items::Alone::FewUnits;
    let own = course(plan.unit.as_ref()).ok_or(few)?;
    let others: Vec<Course> = others.iter().filter_map(|unit| course(Some(unit))).collect();
    let change = plan.expected.change.get();
    let found = beside(kpi, &project.calendar, (before, after), &own, &others, change);
    let found = found.map_err(|why| match why {
        Alone::FewUnits => few,
        Alone::NoPast => items::Alone::NoPast,
        Alone::OtherCourse => items::Alone::OtherCourse,
        Alone::NoSize => items::Alone::NoSize,
        Alone::Alike => items::Alone::Alike,
    })?;
    Ok((found, u16::try_from(others.len()).unwrap_or(u16::MAX)))
}

/// Where a KPI stands in a unit.
pub(super) fn place<'a>(project: &'a Project, kpi: &KpiId, unit: Option<&UnitId>) -> Option<Watched<'a>> {
    let everything = Alert {
        id: "plan".parse().ok()?,
        name: String::new(),
        on: BTreeSet::new(),
        kpis: BTreeSet::from([kpi.clone()]),
        by_unit: true,
        bounds: BTreeMap::new(),
        capacity: None,
        worth: BTreeMap::new(),
        persistence: 1,
        clear: 1,
        severity: Severity::Normal,
        ladder: None,
    };
    let mut all = watched(project, &everything);
    // All rows of a KPI on a scorecard of a unit are that unit's.
    let at = all.iter().position(|of| of.unit.as_ref() == unit).or_else(|| {
        all.iter().position(|of| unit.is_none() && of.unit == of.top && of.segment == Segment::total())
    });
    at.map(|at| all.swap_remove(at))
}

/// What is published, to say of an alert by how much.
pub(crate) struct Figures(Published);

impl Figures {
    /// As it stands now.
    pub async fn of(app: &App, project: &Project) -> Result<Self, AppError> {
        Ok(Self(app.published(project).await?))
    }

    /// By how much a figure differs from the one before; none within: there is none before. None: there is no figure.
    #[expect(clippy::option_option, reason = "outside: no figure; inside: none before it")]
    pub fn change(&self, kpi: &Kpi, period: Period, segment: &Segment) -> Option<Option<f64>> {
        let all = self.0.values.get(&(kpi.id.clone(), period.grain, segment.clone()))?;
        let point = |ordinal| Some(all.get(&ordinal)?.measured().ok()?.point);
        let now = point(period.ordinal)?;
        Some(point(period.ordinal - 1).map(|before| now - before))
    }

    /// Segments of a KPI by one dimension that have a figure in a period.
    pub fn segments(&self, kpi: &Kpi, period: Period) -> Vec<Segment> {
        let all = self.0.values.iter().filter(|((id, grain, segment), values)| {
            *id == kpi.id
                && *grain == period.grain
                && segment.0.len() == 1
                && values.contains_key(&period.ordinal)
        });
        all.map(|((.., segment), _)| segment.clone()).collect()
    }

    /// The figure that an alert is about, with its lines if there are any; none: it is not published, or withheld.
    pub fn at(&self, project: &Project, alert: &items::Alert) -> Option<(Estimate, Option<TargetLines>)> {
        let own = place(project, &alert.kpi, alert.unit.as_ref())?;
        let period = period_of_kpi(project, &alert.kpi, alert.period);
        let lines = own.lines(project, period);
        let place = (alert.kpi.clone(), period.grain, own.segment);
        let value = self.0.values.get(&place)?.get(&period.ordinal)?;
        Some((value.estimate.as_ref().ok()?.clone(), lines))
    }
}

fn period_id(project: &Project, period: Period) -> Result<PeriodId, AppError> {
    Ok(PeriodId { grain: period.grain, first: project.calendar.first_day(period)? })
}

/// What is seen of a series, and for how long.
fn in_words(
    project: &Project,
    watched: &Watched<'_>,
    looked: &[Looked],
    (period, sign): (Period, Signal),
) -> String {
    let unit = watched.unit.as_ref().and_then(|unit| project.units.get(unit));
    let of = unit.map_or(String::new(), |unit| format!(" of {}", unit.name));
    // Those before of which it is known, one by one: as long as it has been, not as long as it takes to be called out.
    let is = |of: &Looked| match sign {
        Signal::Bound => of.bound == Some(true),
        _ => of.red == Some(true),
    };
    let row = looked.iter().rev().skip_while(|of| of.ordinal > period.ordinal).zip(0..);
    let row = row.take_while(|(of, ago)| is(of) && of.ordinal == period.ordinal - ago).count();
    let lasting = match sign {
        Signal::Red | Signal::Bound if row > 1 => format!(", for {row} periods in a row"),
        _ => String::new(),
    };
    let (kpi, when) = (told(project, &watched.kpi.id), project.calendar.label(period));
    let wanted = match sign {
        Signal::Validity => format!(
            "; propose another `moves`, another indicator in its place, or its end (`kepi retire {}` writes it)",
            watched.kpi.id
        ),
        _ => String::new(),
    };
    format!("{kpi}{of} is {} in {when}{lasting}{wanted}", sign.says())
}

/// Who opens alerts and says what became of them.
pub(super) fn job() -> Permit {
    Permit::open(JobName::new("alerts").map_or(Principal::Person(0), Principal::Job))
}

/// Says of an item what was seen; whether that was news.
async fn observed(asking: &mut Asking<'_>, item: u64, seen: Seen) -> Result<bool, AppError> {
    let observe = Command::Observe(Observe { item, seen });
    let done = asking.ask(&job(), &observe, Vec::new(), &new_key("alerts")).await;
    unless(done, &[laws::NOTHING_NEW, laws::NO_ITEM])
}

/// Whether something was done; that others were first is no error.
pub(super) fn unless(done: Result<(), AppError>, codes: &[&str]) -> Result<bool, AppError> {
    match done {
        Ok(()) => Ok(true),
        Err(AppError::Forbidden(v)) if v.0.iter().all(|v| codes.contains(&v.code)) => Ok(false),
        Err(other) => Err(other),
    }
}
