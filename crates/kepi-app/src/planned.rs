//! What would come of the definitions in the folder, before they are in force: how they differ from what is, what that touches, and
//! a dual run: figures by both, over all of history, from what has landed. Nothing is published.

use std::collections::{BTreeMap, BTreeSet};

use kepi_model::{
    calendar::{Period, day_of_ordinal},
    id::KpiId,
    project::Project,
    source_text::SourceMap,
    wording::with_causes,
};
use kepi_query::{
    kept::Kept,
    published::{SCORE, Table, VALUE, scored},
    value::{Segment, Value},
};
use kepi_report::{
    budget,
    difference::{Differences, between},
    dual::{Both, ByBoth, Counts, DualRun, Said, Vetted},
    view::{Measured, Outcome},
};
use kepi_score::tree::Observed;
use serde::Serialize;

use crate::{
    AppError, archive,
    deciding::Deciding,
    open::App,
    picture::project_of,
    publishing::{score_rows, values_in},
    run::{Basis, RunProgress},
    vetting::vetted,
};

/// So many of the newest periods are shown.
const MOST_PERIODS: usize = 6;
/// So many parts are shown, of those that differ.
const MOST_PARTS: usize = 8;

/// What would come of it.
#[derive(Debug, Clone, Serialize)]
pub struct Planned {
    /// Position of the register it was compared with.
    pub register: u64,
    /// How the definitions differ, and what that touches.
    #[serde(flatten)]
    pub differences: Differences,
    /// KPIs by both definitions.
    pub figures: Vec<Both>,
    /// Scorecards by both.
    pub scores: Vec<Both>,
    /// Where what landed of budgets is not what operating plans say, by the definitions that are to be.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub budgets: Vec<String>,
    /// What analyses say of KPIs that are new: that they cannot disappoint, or that others say the same already.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub vetted: Vec<Vetted>,
    /// Why there are no figures by the new definitions, if there are none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub not_run: Option<String>,
}

impl App {
    /// Holds definitions against those in force; none: nothing was ever adopted.
    ///
    /// # Errors
    /// What is in force cannot be read, or what is published.
    pub async fn planned(
        &self,
        files: &SourceMap,
        project: &Project,
        at: i64,
        progress: &dyn RunProgress,
    ) -> Result<Option<Planned>, AppError> {
        let Some((before_files, in_force)) = archive::in_force(&self.store).await? else { return Ok(None) };
        let before = project_of(&before_files)?;
        let mut planned = self.planned_from((&before_files, &before), (files, project), at, progress).await?;
        planned.register = in_force.register;
        let today = jiff::Timestamp::from_microsecond(at).map(|now| {
            let zone = jiff::tz::TimeZone::get(&project.calendar.zone).unwrap_or(jiff::tz::TimeZone::UTC);
            now.to_zoned(zone).date()
        });
        if let Ok(today) = today {
            let landed = budget::reconcile(project, &self.budget_lines(project).await?, today);
            planned.budgets = landed.into_iter().flat_map(|of| of.findings).map(|of| of.text).collect();
        }
        let organisation = self.store.organisation().await?;
        Deciding(&self.store).add_working(&organisation, &mut planned.differences, project).await?;
        Ok(Some(planned))
    }

    /// Holds definitions against others: those of the second against what is published, which is by the first.
    pub(crate) async fn planned_from(
        &self,
        (before_files, before): (&SourceMap, &Project),
        (files, project): (&SourceMap, &Project),
        at: i64,
        progress: &dyn RunProgress,
    ) -> Result<Planned, AppError> {
        let differences = between((before_files, before), (files, project));
        let mut planned = Planned {
            register: 0,
            differences,
            figures: Vec::new(),
            scores: Vec::new(),
            budgets: Vec::new(),
            vetted: Vec::new(),
            not_run: None,
        };
        let of = &planned.differences;
        if of.kpis.is_empty() && of.scorecards.is_empty() {
            return Ok(planned);
        }
        let published = self.values.newest(&VALUE, None).await.map_err(AppError::Lake)?;
        let published = values_in(&published, before)?;
        let mut narrow = project.clone();
        narrow.kpis.retain(|id, _| of.kpis.contains(id));
        let computed = match self.by(&narrow, at, progress).await {
            Ok(computed) => computed,
            Err(why) => {
                planned.not_run = Some(with_causes(&why));
                return Ok(planned);
            }
        };
        planned.figures =
            of.kpis.iter().map(|kpi| figures(kpi, (&published, before), (&computed, project))).collect();
        let new = of.kpis.iter().filter(|id| !before.kpis.contains_key(*id));
        let new = new.filter_map(|id| project.kpis.get(id));
        let others = published.iter().filter(|value| !of.kpis.contains(&value.kpi));
        planned.vetted = vetted(new, project, others.chain(&computed));
        let of = &planned.differences;
        let others = published.iter().filter(|value| !of.kpis.contains(&value.kpi));
        let scores = score_rows(0, project, others.chain(&computed))?;
        let were = self.values.newest(&SCORE, None).await.map_err(AppError::Lake)?;
        let both = |id: &String| both_scores(id, (before, &were), (project, &scores));
        planned.scores = of.scorecards.iter().map(both).collect();
        Ok(planned)
    }

    /// The values of a project from what has landed.
    async fn by(
        &self,
        project: &Project,
        at: i64,
        progress: &dyn RunProgress,
    ) -> Result<Vec<Value>, AppError> {
        if project.kpis.is_empty() {
            return Ok(Vec::new());
        }
        let inputs = self.lake.pin(project, None).await.map_err(AppError::Lake)?;
        let kept = Kept::only_reading(self.evaluator.as_ref(), self.shelf.as_ref());
        let basis = Basis { at, kept: Some(&kept), ..Basis::default() };
        Ok(self.compute(project, &inputs, basis, progress).await?.values)
    }
}

impl Planned {
    /// What is kept of it beside an item.
    pub(crate) fn into_dual_run(self, at: i64) -> DualRun {
        let Self { figures, scores, vetted, not_run, .. } = self;
        DualRun { at, figures, scores, vetted, not_run }
    }
}

fn figures(kpi: &KpiId, (then, before): (&[Value], &Project), (now, after): (&[Value], &Project)) -> Both {
    fn of<'v>(values: &'v [Value], kpi: &KpiId) -> BTreeMap<(i8, i32, &'v Segment), &'v Value> {
        let own = values.iter().filter(|value| value.kpi == *kpi);
        own.map(|value| ((value.period.grain as i8, value.period.ordinal, &value.segment), value)).collect()
    }
    let (then, now) = (of(then, kpi), of(now, kpi));
    let mut counts = Counts::default();
    let (mut whole, mut parts) = (Vec::new(), Vec::new());
    let unit = |project: &Project| project.kpis.get(kpi).map(|kpi| (kpi.unit.clone(), kpi.period));
    let said = |project: &Project, value: Option<&&Value>| {
        let ((unit, _), value) = (unit(project)?, value?);
        Some(match Measured::outcome(Some(&value.estimate as &Observed), &unit) {
            Outcome::Value(measured) => Said {
                interval: measured.interval.value().map(|of| of.text.clone()),
                text: measured.value.text,
            },
            Outcome::Reason(reason) => Said { text: reason.text, interval: None },
        })
    };
    let by_both = |segment: &Segment, old: Option<&&Value>, new: Option<&&Value>| ByBoth {
        period: old.or(new).map_or(String::new(), |value| after.calendar.label(value.period)),
        part: segment.to_string(),
        before: said(before, old),
        after: said(after, new),
    };
    let own = unit(after).or(unit(before)).map(|(_, period)| period as i8);
    let keys: BTreeSet<_> = then.keys().chain(now.keys()).collect();
    for key in keys {
        let (old, new) = (then.get(key), now.get(key));
        let same = old.zip(new).is_some_and(|(old, new)| old.estimate == new.estimate);
        counts.count(same, old.is_some(), new.is_some());
        match (key.2.is_total(), Some(key.0) == own) {
            (true, true) => whole.push(by_both(key.2, old, new)),
            (false, true) if !same => parts.push((key.1, key.2, old, new)),
            _ => {}
        }
    }
    // What differs most in the newest period in which any part does; what only one of both has before all.
    let newest = parts.iter().map(|(period, ..)| *period).max();
    parts.retain(|(period, ..)| Some(*period) == newest);
    let apart = |old: Option<&&Value>, new: Option<&&Value>| {
        let point = |of: Option<&&Value>| of.and_then(|value| Some(value.measured().ok()?.point));
        point(old).zip(point(new)).map_or(f64::INFINITY, |(old, new)| (new - old).abs())
    };
    parts.sort_by(|a, b| apart(b.2, b.3).total_cmp(&apart(a.2, a.3)));
    let parts = parts.into_iter().take(MOST_PARTS).map(|(_, segment, old, new)| by_both(segment, old, new));
    Both {
        id: kpi.to_string(),
        counts: Some(counts),
        parts: parts.collect(),
        newest: whole.split_off(whole.len().saturating_sub(MOST_PERIODS)),
    }
}

/// A score in published rows, and of which period it is.
struct Scored {
    row: usize,
    said: Said,
    period: String,
}

fn both_scores(id: &str, (before, were): (&Project, &Table), (after, are): (&Project, &Table)) -> Both {
    // Periods of two calendars are two, though they may begin on one day: each stands under the name that it has.
    fn of<'t>(
        project: &Project,
        rows: &'t Table,
        id: &str,
    ) -> BTreeMap<(i32, Option<Period>, &'t str), Scored> {
        let own = (0..rows.rows()).filter(|row| rows.subject(*row) == id && rows.withdrawn(*row).is_empty());
        let said = |row| match scored(rows, row).map(|said| said.score) {
            Ok(Ok(micro)) => format!("{:.1}", micro as f64 / 1e6),
            Ok(Err(_)) | Err(_) => "no score".to_owned(),
        };
        let said = |row| Said { text: said(row), interval: None };
        let card = project.scorecards.values().find(|card| card.id.as_str() == id);
        let period = |row| {
            let day = day_of_ordinal(rows.period(row)).ok()?;
            card.map(|card| card.calendar.period_of_day(card.period, day))
        };
        own.map(|row| {
            let period = period(row);
            let label = period.map_or(String::new(), |of| project.calendar.label(of));
            ((rows.period(row), period, rows.segment(row)), Scored { row, said: said(row), period: label })
        })
        .collect()
    }
    let (then, now) = (of(before, were, id), of(after, are, id));
    let card =
        [after, before].into_iter().find_map(|of| of.scorecards.values().find(|card| card.id.as_str() == id));
    let top = card.and_then(|card| card.unit.as_ref()).map_or("", |unit| unit.as_str());
    let mut counts = Counts::default();
    let (mut whole, mut parts) = (Vec::new(), Vec::new());
    let keys: BTreeSet<_> = then.keys().chain(now.keys()).collect();
    for key in keys {
        let (old, new) = (then.get(key), now.get(key));
        let same = old.zip(new).is_some_and(|(old, new)| were.says_the_same(old.row, are, new.row));
        counts.count(same, old.is_some(), new.is_some());
        let said = |of: Option<&Scored>| of.map(|of| of.said.clone());
        let of = ByBoth {
            period: new.or(old).map_or(String::new(), |of| of.period.clone()),
            part: key.2.to_owned(),
            before: said(old),
            after: said(new),
        };
        match key.2 == top {
            true => whole.push(of),
            false if !same => parts.push((key.0, of)),
            false => {}
        }
    }
    let newest = parts.iter().map(|(period, _)| *period).max();
    let parts = parts.into_iter().filter(|(period, _)| Some(*period) == newest).map(|(_, of)| of);
    Both {
        id: id.to_owned(),
        counts: Some(counts),
        parts: parts.take(MOST_PARTS).collect(),
        newest: whole.split_off(whole.len().saturating_sub(MOST_PERIODS)),
    }
}
