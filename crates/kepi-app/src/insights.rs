//! The follower that judges what a run has published: every series against what is usual of it, all of a batch at once.

use std::{
    collections::{BTreeMap, BTreeSet},
    ops::RangeInclusive,
};

use kepi_insight::{
    VERSION,
    analysis::Frames,
    change::{Verdict, reviewed},
    foretold::{Foretold, foretell},
    frame::{Figure, Frame},
    link::pairs,
    stored::row_of,
};
use kepi_model::{
    calendar::{FiscalCalendar, Grain, Period},
    id::KpiId,
    project::{Kpi, Project},
};
use kepi_query::{
    landing::LoadReport,
    parallel::map,
    published::{
        INSIGHT, InsightRow, NewInsights, Run, Table, TableBuilder, USUAL, VALUE, Vouched, figure,
        grain_text, insight_row, push_insight, push_usual, usual_row,
    },
    value::Segment,
};
use serde::Serialize;

use crate::{
    error::AppError,
    open::App,
    picture::{period_of, texts_of},
};

/// Under which name it is kept what was said of periods before they were known, and the version of its form.
const FORETOLD: &str = "outlook";
const OUTLOOK: u32 = 1;

/// What was judged of a run.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct JudgedReport {
    /// Series and periods that have a verdict.
    pub judged: u64,
    /// Of them, those beyond what is usual, or drifting.
    pub called_out: u64,
    /// Series and periods without one.
    pub no_verdict: u64,
    /// Batches, each of a grain and a period, that were judged anew; the others were the same as before.
    pub batches: u64,
}

impl App {
    /// Judges the newest run, unless that is done.
    ///
    /// # Errors
    /// Store or lake refused. What is published of the run stays, and the next run makes up for it.
    pub async fn judge(&self, actor: &str, at: i64) -> Result<Option<JudgedReport>, AppError> {
        let runs = self.values.runs(None).await.map_err(AppError::Lake)?;
        let reach = self.values.insights_reach().await.map_err(AppError::Lake)?;
        let Some(run) = runs.last().filter(|run| run.seq > reach) else { return Ok(None) };
        let (_, project) = texts_of(self, &run.pins).await?;
        let rows = self.values.newest(&VALUE, None).await.map_err(AppError::Lake)?;
        let loads = self.landed_until(run.at).await?;
        let frames = with_loads(frames(&rows, &project)?, &loads);
        let before = self.values.newest(&USUAL, None).await.map_err(AppError::Lake)?;
        let since = match runs.iter().find(|run| run.seq == reach) {
            Some(last) if rests_on_the_same(last, run) && is_of_this_version(&before) => {
                let mut since = earliest(&self.values.after(&VALUE, reach).await.map_err(AppError::Lake)?);
                touched_by(loads.iter().filter(|load| load.at > last.at), &project, &frames, &mut since)?;
                Some(since)
            }
            _ => None,
        };
        let (mut usual, batches) = self.judged(run.number, &project, &frames, since.as_ref())?;
        let mut report = JudgedReport { batches, ..JudgedReport::default() };
        if let Some(since) = &since {
            let grain = |row: usize| Vouched::read_grain(before.grain(row));
            usual.append(&before.filter(|row| {
                let first = grain(row).and_then(|grain| since.get(&grain));
                before.withdrawn(row).is_empty() && first.is_none_or(|first| before.period(row) < *first)
            }));
        }
        let usual = usual.finish().sorted(|run| run);
        count(&usual, &mut report);
        let said = self.foretell(run.number, &project, &frames).await?;
        let tables = [usual, said];
        let insights = NewInsights { run, version: VERSION, actor, at, tables: &tables };
        Ok(self.values.publish_insights(insights).await?.then_some(report))
    }

    /// What is to be expected of the next period of each KPI over all rows, of those of which it was not said yet, beside all that was said before: it
    /// stays as it was published.
    async fn foretell(&self, run: i64, project: &Project, frames: &Framed) -> Result<Table, AppError> {
        let before = self.values.newest(&INSIGHT, None).await.map_err(AppError::Lake)?;
        let before = before.filter(|row| before.withdrawn(row).is_empty());
        let days = |date| kepi_model::calendar::ordinal_of_day(date);
        let known: BTreeSet<(&str, &str, i32)> = (0..before.rows())
            .map(|row| (before.subject(row), before.grain(row), before.period(row)))
            .collect();
        let of = OfFrames { project, frames };
        let mut wanted = Vec::new();
        for kpi in project.kpis.values() {
            let Some(last) = of.last_final(kpi) else { continue };
            let day = project.calendar.first_day(last.offset(1)).map_err(|e| AppError::Finish(e.into()))?;
            if !known.contains(&(kpi.id.as_str(), grain_text(kpi.period), days(day))) {
                wanted.push((kpi, last, day));
            }
        }
        let said_of = map(&wanted, self.limits.threads, |(kpi, last, _)| foretell(kpi, *last, &of));
        let mut said = TableBuilder::new(&INSIGHT);
        for ((kpi, _, day), foretold) in wanted.iter().zip(said_of) {
            push_foretold(&mut said, run, (kpi, *day), foretold.as_ref())?;
        }
        said.append(&before);
        Ok(said.finish().sorted(|run| run))
    }

    /// What was said of periods of a KPI before they were known, as published, and the same once more, each from the figures of the run
    /// that said it; whether in the form of this version.
    pub(crate) async fn foretold_again(&self, kpi: &str) -> Result<(Table, Table, bool), AppError> {
        let own = [kpi.to_owned()];
        let published = self.values.newest(&INSIGHT, Some(&own)).await.map_err(AppError::Lake)?;
        let published =
            published.filter(|row| published.withdrawn(row).is_empty() && published.segment(row) == FORETOLD);
        let runs = self.values.runs(None).await.map_err(AppError::Lake)?;
        let mut again = TableBuilder::new(&INSIGHT);
        for run in &runs {
            let rows: Vec<usize> =
                (0..published.rows()).filter(|row| published.run(*row) == run.number).collect();
            if rows.is_empty() {
                continue;
            }
            let (_, project) = texts_of(self, &run.pins).await?;
            let Some(kpi) = project.kpis.values().find(|known| known.id.as_str() == kpi) else { continue };
            // What it says, and what may lead it.
            let leading = pairs(&project).into_iter().filter(|pair| pair.effect.id == kpi.id);
            let read = leading.map(|pair| pair.cause.id.to_string()).chain(own.iter().cloned());
            let read: Vec<String> = read.collect::<BTreeSet<_>>().into_iter().collect();
            let values = self.values.as_of(&VALUE, run.seq, Some(&read)).await.map_err(AppError::Lake)?;
            let frames = frames(&values, &project)?;
            let of = OfFrames { project: &project, frames: &frames };
            for row in rows {
                let period = period_of(&published, row, kpi.period, &project.calendar);
                let day = project.calendar.first_day(period).map_err(|e| AppError::Finish(e.into()))?;
                let foretold = foretell(kpi, period.offset(-1), &of);
                push_foretold(&mut again, run.number, (kpi, day), foretold.as_ref())?;
            }
        }
        let here = (0..published.rows())
            .all(|row| insight_row(&published, row).is_ok_and(|row| row.version == OUTLOOK));
        Ok((published, again.finish().sorted(|run| run), here))
    }

    /// What had been landed by then, in order.
    async fn landed_until(&self, at: i64) -> Result<Vec<LoadReport>, AppError> {
        let loads = self.lake.loads(None).await.map_err(AppError::Lake)?;
        Ok(loads.into_iter().filter(|load| load.at <= at).collect())
    }

    /// What is usual of all figures, or only of those that end with or after a day of their grain; and how many batches that were.
    fn judged(
        &self,
        run: i64,
        project: &Project,
        frames: &Framed,
        since: Option<&BTreeMap<Grain, i32>>,
    ) -> Result<(TableBuilder, u64), AppError> {
        let (mut usual, mut batches) = (TableBuilder::new(&USUAL), 0);
        for frame in frames.values() {
            for ordinal in frame.periods() {
                let period = frame.period(ordinal);
                let day = project.calendar.first_day(period).map_err(|e| AppError::Finish(e.into()))?;
                let days = kepi_model::calendar::ordinal_of_day(day);
                // What ends before anything that is new rests on nothing that is.
                let is_new =
                    |of: &BTreeMap<Grain, i32>| of.get(&frame.grain).is_some_and(|first| days >= *first);
                if since.is_some_and(|since| !is_new(since)) {
                    continue;
                }
                batches += 1;
                let review = reviewed(project, frame, ordinal, frames.len(), self.limits.threads);
                for (kpi, segments) in &review.judged {
                    for (segment, judged) in segments {
                        let of = (kpi.as_str(), frame.grain, day, segment);
                        push_usual(&mut usual, run, of, &row_of(judged));
                    }
                }
            }
        }
        Ok((usual, batches))
    }

    /// What the newest run that was judged said is usual, as published, and the same once more from the figures it was judged by; whether it
    /// was by this version.
    pub(crate) async fn judged_again(&self) -> Result<(Table, Table, bool), AppError> {
        let runs = self.values.runs(None).await.map_err(AppError::Lake)?;
        let reach = self.values.insights_reach().await.map_err(AppError::Lake)?;
        let run = runs.iter().find(|run| run.seq == reach);
        let run =
            run.ok_or_else(|| AppError::NotFound("no run was judged yet; `kepi run` judges".to_owned()))?;
        let (_, project) = texts_of(self, &run.pins).await?;
        let rows = self.values.as_of(&VALUE, reach, None).await.map_err(AppError::Lake)?;
        let frames = with_loads(frames(&rows, &project)?, &self.landed_until(run.at).await?);
        let (again, _) = self.judged(run.number, &project, &frames, None)?;
        let published = self.values.newest(&USUAL, None).await.map_err(AppError::Lake)?;
        let here = is_of_this_version(&published);
        Ok((published, again.finish().sorted(|run| run), here))
    }
}

/// Writes what was said of a period of a KPI, if anything was.
fn push_foretold(
    into: &mut TableBuilder,
    run: i64,
    (kpi, day): (&Kpi, jiff::civil::Date),
    foretold: Option<&Foretold>,
) -> Result<(), AppError> {
    let Some(foretold) = foretold else { return Ok(()) };
    let insight = serde_json::to_string(foretold)
        .map_err(|error| AppError::Corrupt { what: "an outlook", reason: error.to_string() })?;
    let row = InsightRow { verdict: "unknown".to_owned(), version: OUTLOOK, insight };
    push_insight(into, run, (kpi.id.as_str(), kpi.period, day, FORETOLD), &row);
    Ok(())
}

/// What was said of periods of a KPI at a grain, of rows as [`App::foretell`] writes them.
pub(crate) fn foretold_of(rows: &Table, kpi: &KpiId, grain: Grain) -> Vec<Foretold> {
    let own = |row: &usize| {
        rows.withdrawn(*row).is_empty()
            && rows.subject(*row) == kpi.as_str()
            && rows.segment(*row) == FORETOLD
            && Vouched::read_grain(rows.grain(*row)) == Some(grain)
    };
    let read = |row: usize| serde_json::from_str(&insight_row(rows, row).ok()?.insight).ok();
    (0..rows.rows()).filter(own).filter_map(read).collect()
}

/// Figures of a run that was published, as outlooks read them.
struct OfFrames<'a> {
    project: &'a Project,
    frames: &'a Framed,
}

impl OfFrames<'_> {
    fn series(&self, kpi: &Kpi, grain: Grain, segment: &Segment) -> &[Figure] {
        let fiscal = self.project.calendar_of(kpi).fiscal().of(grain);
        let of = self.frames.get(&(grain, fiscal)).and_then(|frame| frame.kpis.get(&kpi.id)?.get(segment));
        of.map_or(&[], Vec::as_slice)
    }

    /// The last period in which the total of a KPI has a final figure.
    fn last_final(&self, kpi: &Kpi) -> Option<Period> {
        let series = self.series(kpi, kpi.period, &Segment::total());
        let last = series.iter().rev().find(|figure| figure.is_final)?;
        Some(self.project.period(kpi, kpi.period, last.ordinal))
    }
}

impl Frames for OfFrames<'_> {
    fn project(&self) -> &Project {
        self.project
    }
    fn figure(&self, kpi: &Kpi, period: Period, segment: &Segment) -> Option<Figure> {
        self.frames.get(&(period.grain, period.fiscal))?.figure(&kpi.id, segment, period.ordinal).copied()
    }
    fn segments(&self, kpi: &Kpi, period: Period) -> Vec<Segment> {
        let of = self.frames.get(&(period.grain, period.fiscal)).and_then(|frame| frame.kpis.get(&kpi.id));
        of.map(|of| of.keys().cloned().collect()).unwrap_or_default()
    }
    fn points(
        &self,
        kpi: &Kpi,
        grain: Grain,
        segment: &Segment,
        range: RangeInclusive<i32>,
    ) -> Vec<(i32, f64)> {
        let all = self.series(kpi, grain, segment).iter();
        let within = all.filter(|figure| figure.is_final && range.contains(&figure.ordinal));
        within.map(|figure| (figure.ordinal, figure.point)).collect()
    }
}

/// Whether two runs were computed by the same definitions in the same calendar, so that the same figures mean the same.
fn rests_on_the_same(a: &Run, b: &Run) -> bool {
    a.pins.definition == b.pins.definition
        && a.pins.calendar == b.pins.calendar
        && a.pins.zones == b.pins.zones
}

fn is_of_this_version(rows: &Table) -> bool {
    let current = (0..rows.rows()).filter(|row| rows.withdrawn(*row).is_empty());
    current.map(|row| usual_row(rows, row)).all(|row| row.is_ok_and(|row| row.version == VERSION))
}

/// The first day of the first period of each grain of which rows say something.
fn earliest(rows: &Table) -> BTreeMap<Grain, i32> {
    let mut earliest = BTreeMap::new();
    for row in 0..rows.rows() {
        let Some(grain) = Vouched::read_grain(rows.grain(row)) else { continue };
        let day = rows.period(row);
        earliest.entry(grain).and_modify(|first: &mut i32| *first = day.min(*first)).or_insert(day);
    }
    earliest
}

fn with_loads(mut frames: Framed, loads: &[LoadReport]) -> Framed {
    frames.values_mut().for_each(|frame| frame.loads = loads.to_vec());
    frames
}

/// Deliveries say something of the period in which they land, and of the one before, of every grain.
fn touched_by<'a>(
    loads: impl Iterator<Item = &'a LoadReport>,
    project: &Project,
    frames: &Framed,
    since: &mut BTreeMap<Grain, i32>,
) -> Result<(), AppError> {
    let Some(first) = loads.map(|load| load.at).min() else { return Ok(()) };
    for (grain, fiscal) in frames.keys() {
        let calendar = project.calendar.with(*fiscal);
        let before = calendar.period_at(*grain, first).map(|period| period.offset(-1));
        let day =
            before.and_then(|period| calendar.first_day(period)).map_err(|e| AppError::Finish(e.into()))?;
        let day = kepi_model::calendar::ordinal_of_day(day);
        since.entry(*grain).and_modify(|first| *first = day.min(*first)).or_insert(day);
    }
    Ok(())
}

/// All series, by the periods they have.
type Framed = BTreeMap<(Grain, FiscalCalendar), Frame>;

/// Published values as frames, one a grain and calendar.
pub(crate) fn frames(rows: &Table, project: &Project) -> Result<Framed, AppError> {
    let corrupt = |reason: String| AppError::Corrupt { what: "a published value", reason };
    let mut frames = Framed::new();
    let mut last: Option<((&str, &str), KpiId, Segment)> = None;
    for row in (0..rows.rows()).filter(|row| rows.withdrawn(*row).is_empty()) {
        let grain =
            Vouched::read_grain(rows.grain(row)).ok_or_else(|| corrupt(rows.grain(row).to_owned()))?;
        let said = figure(rows, row).map_err(|e| corrupt(e.to_string()))?;
        let Ok(estimate) = &said.estimate else { continue };
        // Of what was not measured nothing is concluded.
        if estimate.not_measured().is_some() {
            continue;
        }
        // Rows of a series stand together.
        let place = (rows.subject(row), rows.segment(row));
        if last.as_ref().is_none_or(|(known, ..)| *known != place) {
            let kpi: KpiId = rows.subject(row).parse().map_err(|_| corrupt(rows.subject(row).to_owned()))?;
            let segment = rows.segment(row).parse().map_err(|_| corrupt(rows.segment(row).to_owned()))?;
            last = Some((place, kpi, segment));
        }
        let Some((_, kpi, segment)) = &last else { continue };
        if !project.kpis.contains_key(kpi) {
            continue;
        }
        let period = period_of(rows, row, grain, project.calendar_of_kpi(rows.subject(row)));
        let is_final = said.finality == kepi_query::value::Finality::Final;
        let frame = frames.entry((grain, period.fiscal)).or_insert_with(|| Frame::of(grain, period.fiscal));
        frame.push(kpi, segment, Figure::of(period.ordinal, estimate, is_final).with(said.coverage));
    }
    for frame in frames.values_mut() {
        only_the_newest(frame, project);
    }
    Ok(frames)
}

/// Of KPIs that changed with time leaves the figures that mean what the newest means: the others are no past of it.
fn only_the_newest(frame: &mut Frame, project: &Project) {
    let (grain, fiscal) = (frame.grain, frame.fiscal);
    for (id, segments) in &mut frame.kpis {
        let Some(kpi) = project.kpis.get(id).filter(|kpi| kpi.is_dated()) else { continue };
        let meaning =
            |ordinal| Some(kpi.in_period(Period::new(grain, ordinal, fiscal), &project.calendar)?.wording);
        let newest = segments.values().filter_map(|series| series.last()).map(|figure| figure.ordinal).max();
        let Some(newest) = newest.map(meaning) else { continue };
        segments.values_mut().for_each(|series| series.retain(|figure| meaning(figure.ordinal) == newest));
        segments.retain(|_, series| !series.is_empty());
    }
}

fn count(rows: &Table, report: &mut JudgedReport) {
    for row in (0..rows.rows()).filter_map(|row| usual_row(rows, row).ok()) {
        match Verdict::from_code(&row.verdict) {
            Some(Verdict::Beyond | Verdict::Drifting) => {
                report.judged += 1;
                report.called_out += 1;
            }
            Some(Verdict::Within) => report.judged += 1,
            Some(Verdict::Unknown) | None => report.no_verdict += 1,
        }
    }
}
