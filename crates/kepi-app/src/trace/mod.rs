//! From a published value to the rows behind it, and from a row to how it came about: both as they were for the run that
//! vouches for it. Personal values are never told.

mod shown;

use std::collections::BTreeMap;

use jiff::Timestamp;
use kepi_model::{
    calendar::{Calendar, Grain, Period},
    derived::Rows,
    expression::Type,
    id::KpiId,
    project::{Entity, Project},
};
use kepi_query::{
    derive::{
        behind,
        influence::Influence,
        trace::{self, Traceable},
    },
    port::PinnedInputs,
    published::{Run, Subject, VALUE, Vouched, figure, states_of},
    row::Cell,
    state::wire::CellStates,
    value::Segment,
};
use kepi_report::{
    correction::Correction,
    format,
    trace::{TracedEntityRow, TracedValue},
};
use kepi_stats::estimate::NotComputable;

use crate::{
    archive,
    error::AppError,
    open::App,
    picture::{period_of, project_of},
    publishing::values_in,
};
pub(crate) use shown::Shown;
use shown::{role_word, term_word};

impl App {
    /// Lists the rows behind a published value, of each term at most so many.
    ///
    /// # Errors
    /// No run vouches for such a value, or its tables cannot be read.
    pub async fn trace_value(
        &self,
        kpi: &KpiId,
        period: Period,
        segment: &Segment,
        limit: usize,
    ) -> Result<TracedValue, AppError> {
        let subject = Subject::Kpi(kpi.clone());
        let standing = self.values.vouched(None).await.map_err(AppError::Lake)?;
        let by = standing.iter().find(|(_, of)| of.subject == subject && of.grain == period.grain);
        let nothing = || {
            AppError::NoRow(format!(
                "published value of `{kpi}` for that period and segment; one that is added up of shorter periods has their rows"
            ))
        };
        let (number, _) = by.ok_or_else(nothing)?;
        // The definitions in force for the run that vouches for this grain.
        let (run, project) = self.as_for(*number).await?;
        let published = self.values.newest(&VALUE, Some(&[kpi.to_string()])).await.map_err(AppError::Lake)?;
        let (text, calendar) = (segment.to_string(), project.calendar_of_kpi(kpi.as_str()));
        let row = (0..published.rows()).find(|row| {
            Vouched::read_grain(published.grain(*row)) == Some(period.grain)
                && published.segment(*row) == text
                && published.withdrawn(*row).is_empty()
                && period_of(&published, *row, period.grain, calendar) == period
        });
        let row = row.ok_or_else(nothing)?;
        // What was in force in the period, of a KPI that changed with time.
        let kpi = project.kpis.get(kpi).and_then(|kpi| kpi.in_period(period, &project.calendar));
        let kpi = kpi.ok_or_else(nothing)?;
        // Its rows belong to days and periods of the calendar by which it was computed.
        let there = project.in_calendar(calendar);
        let figure = figure(&published, row)
            .map_err(|why| AppError::Corrupt { what: "a published value", reason: why.to_string() })?;
        if figure.estimate == Err(NotComputable::SmallGroup) {
            return Err(AppError::NoRow(format!("figure to trace: it is {}", NotComputable::SmallGroup)));
        }
        let states = CellStates::decode(states_of(&published, row)).ok();
        let pinned = self.lake.pin(&project, Some(run.pins.snapshot)).await.map_err(AppError::Lake)?;
        let found =
            behind::value(traceable(self, &there, &pinned, &run), kpi, period, segment, &self.lake.secret())
                .await?;
        let disagreements: Vec<String> = match &states {
            // Of figures that earlier versions left only a hash is known, and nothing can be held against it.
            None => Vec::new(),
            Some(states) => found
                .disagreements(states)
                .into_iter()
                .map(|(term, role)| format!("{} of {}", role_word(role), term_word(kpi, term)))
                .collect(),
        };
        // Rows that were erased are missing, and what is published stands.
        let erased = match disagreements.as_slice() {
            [] => None,
            _ => {
                let own = values_in(&published.take(&[u32::try_from(row).unwrap_or(u32::MAX)]), &project)?;
                let standing = self.standing().await?;
                own.first().map(|value| standing.rests(&project, value)).transpose()?.flatten()
            }
        };
        let disagreements = if erased.is_some() { Vec::new() } else { disagreements };
        let shown = Shown::new(&there.calendar)?;
        let influence = states.as_ref().and_then(|of| Influence::of(&found, kpi, of, project.confidence));
        let (most, files) =
            influence.as_ref().map(|of| shown.moving(&project, kpi, period, &found, of)).unwrap_or_default();
        let moves = |place: usize| influence.as_ref().and_then(|of| of.rows.get(place)).map(Vec::as_slice);
        let corrected = self.corrections_landed(run.seq).await?;
        let mut traced = TracedValue {
            most,
            files,
            kpi: kpi.id.to_string(),
            period: project.calendar.label(period),
            segment: text,
            run: run.number,
            value: figure.estimate.as_ref().ok().map(|estimate| estimate.point),
            shown: figure.estimate.as_ref().ok().map(|estimate| {
                let unit = kpi.measure.kind().unit(&project.entities);
                let point = estimate.point;
                format::value(point, &unit, format::decimals(point, None, &unit)).replace(format::THIN, " ")
            }),
            reason: figure.estimate.as_ref().err().map(ToString::to_string),
            counted: figure.coverage.counted,
            eligible: figure.coverage.eligible,
            agrees: disagreements.is_empty() && states.is_some() && erased.is_none(),
            disagreements,
            erased,
            terms: found
                .terms
                .into_iter()
                .enumerate()
                .map(|(place, term)| {
                    let moves = moves(place).unwrap_or_default();
                    shown.term(&project, kpi, period, (term, moves), limit)
                })
                .collect(),
        };
        for row in traced.terms.iter_mut().flat_map(|term| &mut term.rows) {
            row.corrected = correction(&corrected, (&row.source, &row.file, row.row));
        }
        Ok(traced)
    }

    /// Tells how the rows of an entity came about whose key begins with these parts, as of the newest run; at most so many.
    ///
    /// # Errors
    /// There is no such entity or row, or its tables cannot be read.
    pub async fn trace_rows(
        &self,
        entity: &str,
        key: &[String],
        most: usize,
    ) -> Result<Vec<TracedEntityRow>, AppError> {
        let runs = self.values.runs(None).await.map_err(AppError::Lake)?;
        let newest = runs.iter().max_by_key(|run| run.seq);
        let newest = newest.ok_or_else(|| AppError::NotFound("nothing is published yet".to_owned()))?;
        let (run, project) = self.as_for(newest.number).await?;
        let of = project.entities.values().find(|of| of.id.as_str() == entity);
        let of = of.ok_or_else(|| AppError::NoRow(format!("entity `{entity}`")))?;
        let (grain, cells, calendar) = key_of(of, key, &project)?;
        let there = project.in_calendar(&calendar);
        let pinned = self.lake.pin(&project, Some(run.pins.snapshot)).await.map_err(AppError::Lake)?;
        let mut found = trace::rows(traceable(self, &there, &pinned, &run), of, grain, &cells, most).await?;
        // Versions in the order of time, whichever file they stand in; of two from the same moment the one that was over sooner.
        found.sort_by_key(|row| (row.holds.0, row.holds.1.unwrap_or(i64::MAX)));
        if found.is_empty() {
            return Err(AppError::NoRow(format!("row of `{entity}` with key {}", key.join(" "))));
        }
        let shown = Shown::new(&there.calendar)?;
        let corrected = self.corrections_landed(run.seq).await?;
        let mut rows = Vec::new();
        for row in found {
            let at = row.holds.1.map(|until| until - 1);
            let mut told = shown.row(row, &project, of, grain, most);
            told.corrected = correction(&corrected, (&told.source, &told.file, told.row));
            told.said = self.said(&project, of, (&cells, at), run.pins.snapshot).await?;
            rows.push(told);
        }
        Ok(rows)
    }

    /// A run and the definitions that were in force for it.
    pub(crate) async fn as_for(&self, number: i64) -> Result<(Run, Project), AppError> {
        let runs = self.values.runs(None).await.map_err(AppError::Lake)?;
        let run = runs.into_iter().find(|run| run.number == number);
        let run = run.ok_or_else(|| AppError::Corrupt {
            what: "a run",
            reason: format!("run {number} is not there"),
        })?;
        let files = archive::find(&self.store, run.pins.register, &run.pins.definition).await?;
        let project = project_of(&files)?;
        Ok((run, project))
    }
}

/// What there is to trace in, as it was for a run.
pub(crate) fn traceable<'a>(
    app: &'a App,
    project: &'a Project,
    inputs: &'a PinnedInputs,
    run: &'a Run,
) -> Traceable<'a> {
    Traceable {
        project,
        inputs,
        at: run.at,
        watermarks: &run.pins.watermarks,
        reader: app.evaluator.as_ref(),
        limits: &app.limits,
    }
}

/// The parts of a key as it is asked for, and the length and the calendar of periods that it names.
fn key_of(
    entity: &Entity,
    key: &[String],
    project: &Project,
) -> Result<(Grain, Vec<Cell>, Calendar), AppError> {
    let mut calendar = project.calendar.clone();
    if key.len() > entity.key.len() {
        let names: Vec<&str> = entity.key.iter().map(|name| name.as_str()).collect();
        return Err(AppError::NotFound(format!("the key of `{}` is {}", entity.id, names.join(", "))));
    }
    let by_period = entity.rows.as_ref().is_some_and(Rows::by_period);
    let (mut grain, mut cells) = (None, Vec::new());
    for (name, text) in entity.key.iter().zip(key) {
        let type_ = entity.attribute(name).map(|attribute| &attribute.type_);
        let wrong = || AppError::NotFound(format!("`{text}` is no {name} of `{}`", entity.id));
        let cell = match type_ {
            Some(Type::Date | Type::Timestamp) => match text.parse::<Timestamp>() {
                Ok(at) => Cell::Instant(at.as_microsecond()),
                Err(_) => {
                    let period = project.period_named(text).map_err(|_| wrong())?;
                    if let Some((card, _)) = text.split_once(':') {
                        project.calendar_of_scorecard(card).clone_into(&mut calendar);
                    }
                    grain = Some(period.grain);
                    Cell::Instant(calendar.bounds(period).map_err(|_| wrong())?.start)
                }
            },
            Some(Type::Integer) => Cell::Integer(text.parse().map_err(|_| wrong())?),
            _ => Cell::Text(text.as_str().into()),
        };
        cells.push(cell);
    }
    if by_period && grain.is_none() {
        return Err(AppError::NotFound(format!(
            "`{}` has rows for every length of period: name one, such as `kepi trace {} {} 2026-03`",
            entity.id,
            entity.id,
            key.first().map_or("KEY", String::as_str)
        )));
    }
    Ok((grain.unwrap_or(Grain::Day), cells, calendar))
}

/// What was said by hand of the row at a place.
fn correction(
    known: &BTreeMap<(String, String, u64), Correction>,
    (source, file, row): (&Option<String>, &Option<String>, Option<i64>),
) -> Option<Correction> {
    known.get(&(source.clone()?, file.clone()?, row?.try_into().ok()?)).cloned()
}
