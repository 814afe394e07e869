//! What would come of the definitions in the folder, before they are in force: how they differ from what is, what that touches, and
//! a dual run: figures by both, over all of history, from what has landed. Nothing is published.

use std::collections::BTreeMap;

use kepi_model::{id::KpiId, project::Project, source_text::SourceMap, wording::with_causes};
use kepi_query::{
    kept::Kept,
    published::{SCORE, Table, VALUE, scored},
    value::{Segment, Value},
};
use kepi_report::{
    difference::{Differences, between},
    view::{Measured, Outcome},
};
use kepi_score::tree::Observed;
use serde::Serialize;

use crate::{
    AppError, archive,
    open::App,
    picture::project_of,
    publishing::{score_rows, values_in},
    run::{Basis, RunProgress},
    vetting::{Vetted, vetted},
};

/// So many of the newest periods are shown.
const MOST_PERIODS: usize = 6;

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
    /// What analyses say of KPIs that are new: that they cannot disappoint, or that others say the same already.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub vetted: Vec<Vetted>,
    /// Why there are no figures by the new definitions, if there are none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub not_run: Option<String>,
}

/// Figures of a KPI or scorecard by what is in force and by what would be.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Both {
    /// Its name.
    pub id: String,
    /// Figures that both have and that are the same.
    pub same: u64,
    /// Those that differ.
    pub differ: u64,
    /// Those that only the new definitions have.
    pub new: u64,
    /// Those that only the definitions in force have.
    pub gone: u64,
    /// The newest periods over all rows, oldest first: as it is, and as it would be.
    pub newest: Vec<(String, Option<String>, Option<String>)>,
}

impl Both {
    fn count(&mut self, same: bool, then: bool, now: bool) {
        match (then, now) {
            (true, true) if same => self.same += 1,
            (true, true) => self.differ += 1,
            (false, _) => self.new += 1,
            (true, false) => self.gone += 1,
        }
    }
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
        let differences = between((&before_files, &before), (files, project));
        let mut planned = Planned {
            register: in_force.register,
            differences,
            figures: Vec::new(),
            scores: Vec::new(),
            vetted: Vec::new(),
            not_run: None,
        };
        let of = &planned.differences;
        if of.kpis.is_empty() && of.scorecards.is_empty() {
            return Ok(Some(planned));
        }
        let published = self.values.newest(&VALUE, None).await.map_err(AppError::Lake)?;
        let published = values_in(&published, &before)?;
        let mut narrow = project.clone();
        narrow.kpis.retain(|id, _| of.kpis.contains(id));
        let computed = match self.by(&narrow, at, progress).await {
            Ok(computed) => computed,
            Err(why) => {
                planned.not_run = Some(with_causes(&why));
                return Ok(Some(planned));
            }
        };
        planned.figures =
            of.kpis.iter().map(|kpi| figures(kpi, (&published, &before), (&computed, project))).collect();
        let new = of.kpis.iter().filter(|id| !before.kpis.contains_key(*id));
        let new = new.filter_map(|id| project.kpis.get(id));
        let others = published.iter().filter(|value| !of.kpis.contains(&value.kpi));
        planned.vetted = vetted(new, project, others.chain(&computed));
        let of = &planned.differences;
        let others = published.iter().filter(|value| !of.kpis.contains(&value.kpi));
        let scores = score_rows(0, project, others.chain(&computed))?;
        let were = self.values.newest(&SCORE, None).await.map_err(AppError::Lake)?;
        planned.scores = of.scorecards.iter().map(|id| both_scores(id, project, &were, &scores)).collect();
        Ok(Some(planned))
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

fn figures(kpi: &KpiId, (then, before): (&[Value], &Project), (now, after): (&[Value], &Project)) -> Both {
    fn of<'v>(values: &'v [Value], kpi: &KpiId) -> BTreeMap<(i8, i32, &'v Segment), &'v Value> {
        let own = values.iter().filter(|value| value.kpi == *kpi);
        own.map(|value| ((value.period.grain as i8, value.period.ordinal, &value.segment), value)).collect()
    }
    let (then, now) = (of(then, kpi), of(now, kpi));
    let mut both = Both { id: kpi.to_string(), ..Both::default() };
    let mut whole = Vec::new();
    let unit = |project: &Project| project.kpis.get(kpi).map(|kpi| (kpi.unit.clone(), kpi.period));
    let said = |project: &Project, value: Option<&&Value>| {
        let (unit, _) = unit(project)?;
        Some(match Measured::outcome(value.map(|value| &value.estimate as &Observed), &unit) {
            Outcome::Value(measured) => measured.value.text,
            Outcome::Reason(reason) => reason.text,
        })
        .filter(|_| value.is_some())
    };
    let own = unit(after).or(unit(before)).map(|(_, period)| period as i8);
    let keys: std::collections::BTreeSet<_> = then.keys().chain(now.keys()).collect();
    for key in keys {
        let (old, new) = (then.get(key), now.get(key));
        let same = old.zip(new).is_some_and(|(old, new)| old.estimate == new.estimate);
        both.count(same, old.is_some(), new.is_some());
        if key.2.is_total() && Some(key.0) == own {
            let period = old.or(new).map_or(String::new(), |value| after.calendar.label(value.period));
            whole.push((period, said(before, old), said(after, new)));
        }
    }
    both.newest = whole.split_off(whole.len().saturating_sub(MOST_PERIODS));
    both
}

fn both_scores(id: &str, project: &Project, were: &Table, are: &Table) -> Both {
    fn of<'t>(rows: &'t Table, id: &str) -> BTreeMap<(i32, &'t str), (usize, String)> {
        let own = (0..rows.rows()).filter(|row| rows.subject(*row) == id && rows.withdrawn(*row).is_empty());
        let said = |row| match scored(rows, row).map(|said| said.score) {
            Ok(Ok(micro)) => format!("{:.1}", micro as f64 / 1e6),
            Ok(Err(_)) | Err(_) => "no score".to_owned(),
        };
        own.map(|row| ((rows.period(row), rows.segment(row)), (row, said(row)))).collect()
    }
    let (then, now) = (of(were, id), of(are, id));
    let card = project.scorecards.values().find(|card| card.id.as_str() == id);
    let top = card.and_then(|card| card.unit.as_ref()).map_or("", |unit| unit.as_str());
    let mut both = Both { id: id.to_owned(), ..Both::default() };
    let mut whole = Vec::new();
    let keys: std::collections::BTreeSet<_> = then.keys().chain(now.keys()).collect();
    for key in keys {
        let (old, new) = (then.get(key), now.get(key));
        let same = old.zip(new).is_some_and(|((old, _), (new, _))| were.says_the_same(*old, are, *new));
        both.count(same, old.is_some(), new.is_some());
        if let Some(card) = card.filter(|_| key.1 == top) {
            let day = kepi_model::calendar::day_of_ordinal(key.0).ok();
            let period = day.map(|day| card.calendar.period_of_day(card.period, day));
            let said = |of: Option<&(usize, String)>| of.map(|(_, said)| said.clone());
            whole.push((period.map_or(String::new(), |p| project.calendar.label(p)), said(old), said(new)));
        }
    }
    both.newest = whole.split_off(whole.len().saturating_sub(MOST_PERIODS));
    both
}
