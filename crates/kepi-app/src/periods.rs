//! Freezing days and closing periods: what is official, and what was computed otherwise since.

use std::collections::{BTreeMap, BTreeSet};

use jiff::civil::Date;
use kepi_govern::{
    Content,
    items::attestation,
    periods::{Close, Closed, Freeze, PeriodId},
};
use kepi_model::{
    calendar::Period,
    governance::Aspect,
    id::{KpiId, ScorecardId, UnitId},
    project::{Project, Scorecard, ValueUnit, WhenLate},
};
use kepi_query::{
    published::{SCORE, Table, VALUE, Vouched, scored},
    value::{Finality, Segment, Value},
};
use kepi_report::view::{Measured, Outcome, Points};
use kepi_score::{
    card::{ByRule as Scored, Card},
    tree::Observed,
};
use serde::Serialize;

use crate::{
    archive,
    attesting::{ByRule, Rule},
    deciding::{Acting, Deciding},
    error::AppError,
    open::App,
    overrides::Overriding,
    picture::{period_of, project_of},
    publishing::{Known, values_in},
    without_late::without_late,
};

/// What is frozen.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct FrozenView {
    /// The item that froze it: `kepi lift` takes it.
    pub item: u64,
    /// The first day.
    pub from: String,
    /// The day after the last.
    pub until: String,
    /// In which respects.
    pub aspects: Vec<&'static str>,
}

/// A close of a period.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ClosedView {
    /// The period.
    pub period: String,
    /// The how-manieth close of it.
    pub version: usize,
    /// When, µs UTC.
    pub at: i64,
    /// Position of the event that says so.
    pub event: u64,
    /// Position up to which what was published is official.
    pub published: u64,
    /// Official figures.
    pub figures: usize,
    /// Of them, those that were computed otherwise since: both stand.
    pub restated: usize,
}

/// All that is frozen and closed.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct PeriodsView {
    /// What is frozen.
    pub frozen: Vec<FrozenView>,
    /// Closes, by period.
    pub closed: Vec<ClosedView>,
}

/// A figure of a closed period.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct OfficialView {
    /// The KPI, or the scorecard.
    pub kpi: String,
    /// The segment, or the unit; empty: all rows, or no unit.
    pub segment: String,
    /// Whether it is the score of a scorecard: official is the one that was published, whatever became of units that were late.
    pub is_score: bool,
    /// What is official; none: nothing was published of it when the period was closed.
    pub official: Option<String>,
    /// What it is since, where that is something else: computed otherwise, or overridden; none: it is no longer computed.
    pub restated: Option<Option<String>>,
    /// The official figure as a number, where there is one.
    pub official_value: Option<f64>,
    /// What it is since as a number, where that is something else.
    pub restated_value: Option<f64>,
    /// Whether people have said it otherwise since the close.
    pub overridden: bool,
    /// Where a unit was late with its data, what the close made of the figure.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub late: Option<String>,
}

/// What keeps a period from being closed with a good conscience.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Readiness {
    /// Figures of the period.
    pub figures: usize,
    /// Of them, those that more data may still change.
    pub provisional: usize,
    /// Of them, those with a reason in place of a figure.
    pub reasons: usize,
    /// Figures of the same days as other calendars name them: they are official by it, too.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub also: BTreeMap<String, usize>,
}

type Key = (KpiId, Segment);

impl App {
    /// Asks those who have to agree to freeze the days of a period in some respects.
    ///
    /// # Errors
    /// It is no period, a law forbids it, or the database refuses.
    pub async fn freeze(
        &self,
        period: &str,
        aspects: &[Aspect],
        acting: Acting<'_>,
        why: &str,
    ) -> Result<u64, AppError> {
        let (_, _, first, until) = self.period(period).await?;
        let aspects = aspects.iter().copied().collect();
        Deciding(&self.store)
            .ask_for(
                Content::Freeze(Freeze { from: first, until, aspects, scope: BTreeSet::new(), rule: None }),
                acting,
                why,
            )
            .await
    }

    /// Asks those who have to agree to lift what an item froze.
    ///
    /// # Errors
    /// A law forbids it, or the database refuses.
    pub async fn lift(&self, item: u64, acting: Acting<'_>, why: &str) -> Result<u64, AppError> {
        Deciding(&self.store).ask_for(Content::Lift(item), acting, why).await
    }

    /// Asks those who have to agree to close a period: what is published of it now is official from then on. Says, too, what of
    /// it is not settled.
    ///
    /// # Errors
    /// It is no period, a law forbids it, or the database refuses.
    pub async fn close(
        &self,
        period: &str,
        acting: Acting<'_>,
        why: &str,
    ) -> Result<(u64, Readiness), AppError> {
        let (project, of, first, until) = self.period(period).await?;
        let runs = self.values.runs(None).await.map_err(AppError::Lake)?;
        // What people say of figures is official, too, as far as it was decided by then.
        let overrides = self.store.organisation().await?.overrides.position();
        let now = values_in(&self.values.newest(&VALUE, None).await.map_err(AppError::Lake)?, &project)?;
        let mut readiness = Readiness::default();
        for value in now.iter().filter(|value| value.period == of) {
            readiness.figures += 1;
            readiness.provisional += usize::from(value.finality != Finality::Final);
            readiness.reasons += usize::from(value.estimate.is_err());
        }
        let others = now.iter().filter(|value| value.period.grain == of.grain && value.period != of);
        for value in others.filter(|value| days(&project, value.period).ok() == Some((first, until))) {
            *readiness.also.entry(project.name_of(value.period)).or_default() += 1;
        }
        // Of a period without figures nothing is official: that is a law, which is told that nothing was published.
        let newest = runs.last().filter(|_| readiness.figures > 0);
        let published = newest.map_or(0, |run| run.seq.unsigned_abs().max(overrides));
        Deciding(&self.store).tick(acting.at).await?;
        let organisation = self.store.organisation().await?;
        let id = PeriodId { grain: of.grain, first };
        // Without which units it goes, if they are late by their rules; whether it may is a law.
        let late = attestation::late(&organisation.items, first, until, acting.at);
        let close = Close { period: id, until, published, late };
        Ok((Deciding(&self.store).ask_for(Content::Close(close), acting, why).await?, readiness))
    }

    /// What is frozen and closed.
    ///
    /// # Errors
    /// The database refuses, or what is published cannot be read.
    pub async fn periods(&self) -> Result<PeriodsView, AppError> {
        let organisation = self.store.organisation().await?;
        let frozen = organisation.periods.frozen.iter().map(|(item, freeze)| FrozenView {
            item: *item,
            from: freeze.from.to_string(),
            until: freeze.until.to_string(),
            aspects: freeze.aspects.iter().map(|aspect| aspect.word()).collect(),
        });
        let mut view = PeriodsView { frozen: frozen.collect(), closed: Vec::new() };
        if organisation.periods.closed.is_empty() {
            return Ok(view);
        }
        let project = self.in_force().await?;
        for (id, closes) in &organisation.periods.closed {
            for (n, close) in closes.iter().enumerate() {
                let (period, label) = closed_period(&project, *id, close.until);
                let mut both = self
                    .both(&project, period.unwrap_or_else(|| project.begun_on(id.grain, id.first)), close)
                    .await?;
                // Figures of a calendar that is no more are of KPIs that are no more.
                both.retain(|(kpi, _), _| period.is_some() || !project.kpis.contains_key(kpi));
                view.closed.push(ClosedView {
                    period: label,
                    version: closes.iter().take(n + 1).filter(|of| of.until == close.until).count(),
                    at: close.at,
                    event: close.seq,
                    published: close.published,
                    figures: both.values().filter(|(then, _)| then.is_some()).count(),
                    restated: both.values().filter(|(then, now)| then.is_some() && !same(then, now)).count(),
                });
            }
        }
        Ok(view)
    }

    /// The official figures of a period, as of its last close, each with what was computed since.
    ///
    /// # Errors
    /// The period was never closed, the database refuses, or what is published cannot be read.
    pub async fn official(&self, period: &str) -> Result<Vec<OfficialView>, AppError> {
        let (project, of, first, until) = self.period(period).await?;
        let organisation = self.store.organisation().await?;
        let id = PeriodId { grain: of.grain, first };
        let Some(close) = organisation.periods.closes(id, until).next_back() else {
            return Err(AppError::NotFound(format!(
                "{period} is not closed, and nothing of it is official: `kepi close {period}`"
            )));
        };
        let both = self.both(&project, of, close).await?;
        let rule = ByRule::of(&project, close.until, &close.late);
        let name = |unit: &UnitId| project.units.get(unit).map_or(unit.to_string(), |unit| unit.name.clone());
        let before = project.calendar.label(of.offset(-1));
        let overrides = Overriding::read(&self.store, &organisation, &project).await?;
        let view = both.into_iter().map(|((kpi, segment), (then, now))| {
            let text = |value: &Option<Value>| value.as_ref().map(|of| said(&project, &kpi, &of.estimate));
            let point = |value: &Option<Value>| value.as_ref()?.estimate.as_ref().ok().map(|of| of.point);
            let differs = !same(&then, &now);
            let overridden = differs && overrides.point(&kpi, of, &segment).is_some();
            let (mut official, mut restated) = (text(&then), text(&now));
            // Two figures that differ are not shown as the same.
            if let (true, true, Some(then), Some(now)) =
                (differs, official == restated, point(&then), point(&now))
            {
                let unit = project.kpis.get(&kpi).map_or(&ValueUnit::Count, |kpi| &kpi.unit);
                let [one, other] = kepi_report::format::apart([then, now], unit);
                (official, restated) = (Some(one), Some(other));
            }
            if overridden {
                restated = restated.map(|text| format!("{text}, overridden"));
            }
            OfficialView {
                official,
                restated: differs.then_some(restated),
                official_value: point(&then),
                restated_value: if differs { point(&now) } else { None },
                overridden,
                late: rule.made(&segment).map(|made| match made {
                    Rule::LeftOut(unit) => format!("left out: {} was late", name(unit)),
                    Rule::Carried(unit) => format!("that of {before}: {} was late", name(unit)),
                    Rule::With => {
                        let units: Vec<String> = rule.late_in(&segment).into_iter().map(name).collect();
                        format!("with rows of {}, which nobody attested", units.join(", "))
                    }
                }),
                kpi: kpi.to_string(),
                segment: segment.to_string(),
                is_score: false,
            }
        });
        let view: Vec<OfficialView> = view.collect();
        Ok(self.official_scores(&project, of, close).await?.into_iter().chain(view).collect())
    }

    /// The scores of a period as they were published when it was closed, each with the one of today.
    async fn official_scores(
        &self,
        project: &Project,
        period: Period,
        close: &Closed,
    ) -> Result<Vec<OfficialView>, AppError> {
        let position = i64::try_from(close.published).unwrap_or(i64::MAX);
        let then = self.values.as_of(&SCORE, position, None).await.map_err(AppError::Lake)?;
        let now = self.values.newest(&SCORE, None).await.map_err(AppError::Lake)?;
        let mut both: BTreeMap<(String, String), [Option<Option<i64>>; 2]> = BTreeMap::new();
        for (scorecard, unit, score) in scores_of(&then, project, period)? {
            both.entry((scorecard, unit)).or_default()[0] = Some(score);
        }
        let by_rule = self.scores_by_rule(None, period, close).await?;
        for (of, score) in &by_rule {
            both.entry(of.clone()).or_default()[0] = Some(*score);
        }
        for (scorecard, unit, score) in scores_of(&now, project, period)? {
            both.entry((scorecard, unit)).or_default()[1] = Some(score);
        }
        // A unit that was in time has nothing of others.
        let none = Known::of(&[]);
        let partial = |scorecard: &str, unit: &str| {
            let known = scorecard.parse().ok().and_then(|id: ScorecardId| project.scorecards.get(&id));
            let unit: Option<UnitId> = unit.parse().ok();
            known.is_none_or(|scorecard| {
                let card = Card { project, scorecard, values: &none };
                close.late.keys().any(|late| card.concerns(unit.as_ref(), late, period))
            }) && !close.late.is_empty()
        };
        let view = both.into_iter().map(|((scorecard, unit), [then, now])| {
            let is_by_rule = by_rule.contains_key(&(scorecard.clone(), unit.clone()));
            let is_partial = partial(&scorecard, &unit);
            let differs = then != now;
            let alike =
                then.flatten().map(|of| Points::new(of).text) == now.flatten().map(|of| Points::new(of).text);
            let text = |score: Option<i64>| match score {
                Some(micro) if differs && alike => Points::exact(micro).text,
                Some(micro) => Points::new(micro).text,
                None => "no score".to_owned(),
            };
            let points =
                |score: Option<Option<i64>>| score.flatten().map(|micro| Points::new(micro).as_f64());
            OfficialView {
                kpi: scorecard,
                segment: unit,
                is_score: true,
                official: then.map(text),
                restated: differs.then(|| now.map(text)),
                official_value: points(then),
                restated_value: if differs { points(now) } else { None },
                overridden: false,
                late: match is_by_rule {
                    true => Some("by the rule about units that were late".to_owned()),
                    false => is_partial
                        .then(|| "as published, with what had landed of units that were late".to_owned()),
                },
            }
        });
        Ok(view.collect())
    }

    /// Scores of a period as a close made them by its rule about units that were late, by scorecard and unit, in millionths of a point. The definitions
    /// are those that were in force then.
    pub(crate) async fn scores_by_rule(
        &self,
        only: Option<&ScorecardId>,
        period: Period,
        close: &Closed,
    ) -> Result<BTreeMap<(String, String), Option<i64>>, AppError> {
        if close.late.is_empty() {
            return Ok(BTreeMap::new());
        }
        let register = self.store.organisation_at(close.seq).await?.register;
        let project = project_of(&archive::of(&self.store, &register).await?.0)?;
        let position = i64::try_from(close.published).unwrap_or(i64::MAX);
        let found = self.made_by_rule(&project, only, period, (&close.late, Some(position))).await?;
        let score = |of| match of {
            Scored::LeftOut => None,
            Scored::Made(tree) => tree.score.ok(),
        };
        Ok(found.into_iter().map(|(of, made)| (of, score(made))).collect())
    }

    /// What the rule about units that are late makes of scores of a period, by scorecard and unit, of what was published at a position, or is now:
    /// without units that are left out, with the period before of those that are carried. A score that is made of rows whose parts do not add up to
    /// them is not among them: it has what had landed.
    pub(crate) async fn made_by_rule(
        &self,
        project: &Project,
        only: Option<&ScorecardId>,
        period: Period,
        (late, position): (&BTreeMap<UnitId, WhenLate>, Option<i64>),
    ) -> Result<BTreeMap<(String, String), Scored>, AppError> {
        let mut found = BTreeMap::new();
        let wanted = |card: &&Scorecard| {
            card.calendar.period(card.period, period.ordinal) == period
                && only.is_none_or(|id| card.id == *id)
        };
        let cards: Vec<&Scorecard> = project.scorecards.values().filter(wanted).collect();
        let kpis: BTreeSet<String> =
            cards.iter().flat_map(|card| card.kpis()).map(KpiId::to_string).collect();
        let kpis: Vec<String> = kpis.into_iter().collect();
        let rows = match position {
            Some(position) => self.values.as_of(&VALUE, position, Some(&kpis)).await,
            None => self.values.newest(&VALUE, Some(&kpis)).await,
        };
        let then = values_in(&rows.map_err(AppError::Lake)?, project)?;
        let values = Known::of(&then);
        for scorecard in cards {
            let card = Card { project, scorecard, values: &values };
            for (unit, _) in card.units(period) {
                if !late.keys().any(|late| card.concerns(unit, late, period)) {
                    continue;
                }
                let recomputed = || {
                    let rest = without_late(project, (scorecard, unit), period, &then, late)?;
                    let values = Known::of(&rest);
                    let tree = Card { project, scorecard, values: &values }.tree(unit, period);
                    Some(Scored::Made(Box::new(tree)))
                };
                let Some(of) = card.by_rule(unit, period, late).or_else(recomputed) else { continue };
                let own = unit.or(scorecard.unit.as_ref()).map_or("", |unit| unit.as_str());
                found.insert((scorecard.id.to_string(), own.to_owned()), of);
            }
        }
        Ok(found)
    }

    /// The values of a period as a close made them official, and as they are now: what was published then, without units that
    /// were left out, and of those that are carried what was published of the period before.
    async fn both(
        &self,
        project: &Project,
        period: Period,
        close: &Closed,
    ) -> Result<BTreeMap<Key, (Option<Value>, Option<Value>)>, AppError> {
        let position = i64::try_from(close.published).unwrap_or(i64::MAX);
        let then = self.values.as_of(&VALUE, position, None).await.map_err(AppError::Lake)?;
        let now = self.values.newest(&VALUE, None).await.map_err(AppError::Lake)?;
        let organisation = self.store.organisation().await?;
        let overrides = Overriding::read(&self.store, &organisation, project).await?;
        let of = |values: Vec<Value>, period: Period, at: u64| {
            let own = values.into_iter().filter(move |value| value.period == period);
            let stands = |mut value: Value| {
                let said = overrides.at(at, &value.kpi, value.period, &value.segment, &value.estimate);
                value.estimate = said.unwrap_or(value.estimate);
                value
            };
            own.map(stands).collect::<Vec<Value>>()
        };
        let mut both: BTreeMap<Key, (Option<Value>, Option<Value>)> = BTreeMap::new();
        let (then, rule) = (values_in(&then, project)?, ByRule::of(project, close.until, &close.late));
        let before = if close.late.is_empty() { Vec::new() } else { then.clone() };
        for value in of(then, period, position.unsigned_abs()) {
            let key = (value.kpi.clone(), value.segment.clone());
            let own = matches!(rule.made(&value.segment), None | Some(Rule::With));
            both.entry(key).or_default().0 = own.then_some(value);
        }
        for value in of(before, period.offset(-1), position.unsigned_abs()) {
            if matches!(rule.made(&value.segment), Some(Rule::Carried(_))) {
                let key = (value.kpi.clone(), value.segment.clone());
                both.entry(key).or_default().0 = Some(value);
            }
        }
        for value in of(values_in(&now, project)?, period, u64::MAX) {
            let key = (value.kpi.clone(), value.segment.clone());
            both.entry(key).or_default().1 = Some(value);
        }
        Ok(both)
    }

    /// What is in force.
    ///
    /// # Errors
    /// Nothing is yet, the database refuses, or it cannot be read.
    pub async fn in_force(&self) -> Result<Project, AppError> {
        archive::project_in_force(&self.store).await
    }

    /// A period as it is written, with its first day and the day after its last: of the project, or, as `SCORECARD:PERIOD`, of the calendar of a
    /// scorecard.
    pub(crate) async fn period(&self, text: &str) -> Result<(Project, Period, Date, Date), AppError> {
        let project = self.in_force().await?;
        let period = project.period_named(text)?;
        let (first, until) = days(&project, period)?;
        Ok((project, period, first, until))
    }

    /// The same of a period of a KPI.
    pub(crate) async fn period_of(
        &self,
        kpi: &str,
        text: &str,
    ) -> Result<(Project, Period, Date, Date), AppError> {
        let project = self.in_force().await?;
        let calendar = project.calendar_of_kpi(kpi);
        let period = calendar.parse(project.without_card(text, calendar))?;
        let (first, until) = days(&project, period)?;
        Ok((project, period, first, until))
    }
}

/// The first day of a period, and the day after its last.
pub(crate) fn days(project: &Project, period: Period) -> Result<(Date, Date), AppError> {
    let last = project.calendar.last_day(period)?;
    let until = last.tomorrow().map_err(|e| AppError::NotFound(e.to_string()))?;
    Ok((project.calendar.first_day(period)?, until))
}

/// The period that was closed: that of the project which has these days, else that of a scorecard, none where no calendar has it any more; and
/// what it is called.
pub(crate) fn closed_period(project: &Project, id: PeriodId, until: Date) -> (Option<Period>, String) {
    let own = project.calendar.period_of_day(id.grain, id.first);
    let is = |period: &Period| days(project, *period).ok() == Some((id.first, until));
    let mut of_cards = project.scorecards.values().map(|of| of.calendar.period_of_day(id.grain, id.first));
    let period = if is(&own) { Some(own) } else { of_cards.find(is) };
    let gone = || format!("{id} until {until}, of a calendar that is no more");
    (period, period.map_or_else(gone, |period| project.name_of(period)))
}

/// Scores of a period in published rows: scorecard, unit, and millionths of a point where there is a score.
pub(crate) fn scores_of(
    rows: &Table,
    project: &Project,
    period: Period,
) -> Result<Vec<(String, String, Option<i64>)>, AppError> {
    let mut found = Vec::new();
    for row in (0..rows.rows()).filter(|row| rows.withdrawn(*row).is_empty()) {
        let grain = Vouched::read_grain(rows.grain(row)).filter(|grain| *grain == period.grain);
        let calendar = project.calendar_of_scorecard(rows.subject(row));
        if grain.is_none_or(|grain| period_of(rows, row, grain, calendar) != period) {
            continue;
        }
        let of =
            scored(rows, row).map_err(|e| AppError::Corrupt { what: "a score", reason: e.to_string() })?;
        found.push((rows.subject(row).to_owned(), rows.segment(row).to_owned(), of.score.ok()));
    }
    Ok(found)
}

fn same(then: &Option<Value>, now: &Option<Value>) -> bool {
    match (then, now) {
        (Some(then), Some(now)) => then.estimate == now.estimate,
        (then, now) => then.is_none() && now.is_none(),
    }
}

/// A figure of a KPI in words.
pub(crate) fn said(project: &Project, kpi: &KpiId, observed: &Observed) -> String {
    let Some(kpi) = project.kpis.get(kpi) else { return "its KPI is gone".to_owned() };
    match Measured::outcome(Some(observed), &kpi.unit) {
        Outcome::Value(measured) => measured.value.text,
        Outcome::Reason(reason) => reason.text,
    }
}
