//! Which of several changes moved a restated figure, and by how much: it is computed once more with each selection of them, and
//! what they make together is shared out evenly.

use std::collections::BTreeSet;

use kepi_model::{
    id::{EntityId, KpiId},
    project::Project,
};
use kepi_query::{
    finish,
    port::{PinnedInputs, PinnedTable, TableData},
    published::{Run, Subject, Table, VALUE, Vouched, figure, grain_text, restates},
    value::Segment,
};
use serde::Serialize;

use crate::{
    error::AppError,
    open::App,
    picture::period_of,
    publishing::day_of_label,
    reproduce::narrow,
    run::{Basis, RunProgress},
};

/// Changes that are told apart: with more of them, rows of all entities are one. Each doubles what is computed.
const MOST_CHANGES: usize = 6;

/// A figure that was final and is another now.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Restatement {
    /// The KPI.
    pub kpi: KpiId,
    /// The period.
    pub period: String,
    /// The segment; empty for the total.
    pub segment: String,
    /// The run that said it first, and what it said.
    pub then: (i64, f64),
    /// The run that says what it is now, and what it says.
    pub now: (i64, f64),
    /// What moved it, and by how much, the most first; together they are the difference.
    pub moved: Vec<Moved>,
}

/// What a change made.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Moved {
    /// What changed, in words.
    pub what: String,
    /// By how much the figure moved for it, in the unit of the KPI.
    pub by: f64,
}

/// Something that changed.
enum Change {
    /// The definition of the KPI, or of what it is made of.
    Definition,
    /// The rows of entities.
    Rows(BTreeSet<EntityId>),
}

impl Change {
    fn words(&self) -> String {
        match self {
            Self::Definition => "its definition".to_owned(),
            Self::Rows(of) => {
                let names: Vec<&str> = of.iter().map(|entity| entity.as_str()).collect();
                format!("rows of {}", names.join(", "))
            }
        }
    }
}

/// A run with what it was computed of.
struct Side {
    run: Run,
    project: Project,
    inputs: PinnedInputs,
}

impl App {
    /// Which of several changes moved a restated figure, and by how much.
    ///
    /// # Errors
    /// The figure was not restated, there would be none with some of the changes alone, or the lake cannot be read.
    pub async fn restatement(
        &self,
        (kpi, label, segment): (&KpiId, &str, &Segment),
        progress: &dyn RunProgress,
    ) -> Result<Restatement, AppError> {
        let none = |what: &str| AppError::NotFound(format!("`{kpi}` in {label}{} {what}", of(segment)));
        let subject = Subject::Kpi(kpi.clone());
        let standing = self.values.vouched(None).await.map_err(AppError::Lake)?;
        let newest = standing.iter().find(|(_, of)| of.subject == subject);
        let (newest, _) = newest.ok_or_else(|| none("is not published"))?;
        let (_, project) = self.as_for(*newest).await?;
        let (grain, day) =
            day_of_label(project.calendar_of_kpi(kpi.as_str()), label).ok_or_else(|| none("is no period"))?;
        let published = self.values.newest(&VALUE, Some(&[kpi.to_string()])).await.map_err(AppError::Lake)?;
        let text = segment.to_string();
        let is_meant = |rows: &Table, row: usize| {
            Vouched::read_grain(rows.grain(row)) == Some(grain)
                && rows.period(row) == day
                && rows.segment(row) == text
        };
        let row = (0..published.rows())
            .find(|row| is_meant(&published, *row) && published.withdrawn(*row).is_empty());
        let row = row.ok_or_else(|| none("is not published"))?;
        let first = restates(&published, row).ok_or_else(|| none("was not restated"))?;
        let last = published.run(row);
        let period = period_of(&published, row, grain, project.calendar_of_kpi(kpi.as_str()));
        let first_day = project
            .calendar
            .first_day(period)
            .map_err(|e| AppError::Corrupt { what: "a published period", reason: e.to_string() })?;
        let history =
            self.values.history(&VALUE, kpi.as_str(), Some(first_day)).await.map_err(AppError::Lake)?;
        let said = |rows: &Table, row: usize| figure(rows, row).ok()?.estimate.ok().map(|of| of.point);
        let then = (0..history.rows()).find(|row| is_meant(&history, *row) && history.run(*row) == first);
        let then =
            then.and_then(|row| said(&history, row)).ok_or_else(|| none("had no value when it was final"))?;
        let now = said(&published, row).ok_or_else(|| none("has no value now"))?;
        let (then_side, now_side) = (self.side(first, kpi).await?, self.side(last, kpi).await?);
        let changes = changes(&then_side, &now_side, kpi);
        let mut with: Vec<f64> = Vec::new();
        for chosen in 0..1usize << changes.len() {
            let found = self
                .with((&then_side, &now_side), &changes, chosen, (kpi, period, segment), progress)
                .await?;
            with.push(found.map_err(|why| {
                let names: Vec<String> = picked(&changes, chosen).map(Change::words).collect();
                none(&format!("would have no value with {} alone: {why}", names.join(" and ")))
            })?);
        }
        let mut moved: Vec<Moved> = shared_out(&with, changes.len())
            .into_iter()
            .zip(&changes)
            .map(|(by, change)| Moved { what: change.words(), by })
            .collect();
        let explained = with.last().zip(with.first()).map_or(0.0, |(all, nothing)| all - nothing);
        // What is left is what another version makes of the same.
        let rest = (now - then) - explained;
        if rest.abs() > 1e-9 * (now.abs() + then.abs()) {
            let grain = grain_text(period.grain).to_owned();
            let figure = (kpi.to_string(), grain, first_day.to_string(), text.clone());
            let standing = self.standing().await?;
            let sides = [&then_side.project, &now_side.project];
            let erased = sides.into_iter().any(|project| standing.touches(project, &figure));
            moved.push(Moved {
                what: match erased {
                    true => "rows that were erased since",
                    false => "how it is computed: another version, calendar or data of time zones",
                }
                .to_owned(),
                by: rest,
            });
        }
        moved.sort_by(|a, b| b.by.abs().total_cmp(&a.by.abs()));
        Ok(Restatement {
            kpi: kpi.clone(),
            period: project.calendar.label(period),
            segment: text,
            then: (first, then),
            now: (last, now),
            moved,
        })
    }

    async fn side(&self, number: i64, kpi: &KpiId) -> Result<Side, AppError> {
        let (run, mut project) = self.as_for(number).await?;
        narrow(&mut project, Some(&Subject::Kpi(kpi.clone())));
        let inputs = self.lake.pin(&project, Some(run.pins.snapshot)).await.map_err(AppError::Lake)?;
        Ok(Side { run, project, inputs })
    }

    /// The figure as it would be with some of the changes, or why there would be none.
    async fn with(
        &self,
        (then, now): (&Side, &Side),
        changes: &[Change],
        chosen: usize,
        (kpi, period, segment): (&KpiId, kepi_model::calendar::Period, &Segment),
        progress: &dyn RunProgress,
    ) -> Result<Result<f64, String>, AppError> {
        let mut project = &then.project;
        let (mut inputs, mut watermarks, mut at) =
            (then.inputs.clone(), then.run.pins.watermarks.clone(), then.run.at);
        for change in picked(changes, chosen) {
            match change {
                Change::Definition => project = &now.project,
                Change::Rows(of) => {
                    at = now.run.at;
                    for entity in of {
                        take(&mut inputs.tables, &now.inputs.tables, entity);
                        take(&mut watermarks, &now.run.pins.watermarks, entity);
                    }
                }
            }
        }
        let basis = Basis { watermarks: Some(&watermarks), at, ..Basis::default() };
        let computed = self.compute(project, &inputs, basis, progress).await?;
        let found =
            computed.values.iter().find(|of| of.kpi == *kpi && of.period == period && of.segment == *segment);
        Ok(match found.map(|of| &of.estimate) {
            Some(Ok(estimate)) => Ok(estimate.point),
            Some(Err(why)) => Err(why.to_string()),
            None => Err("no row is of that period and segment".to_owned()),
        })
    }
}

fn of(segment: &Segment) -> String {
    if segment.is_total() { String::new() } else { format!(", {segment},") }
}

/// Puts what stands in one map in the place of what stands in another.
fn take<T: Clone>(
    into: &mut std::collections::BTreeMap<EntityId, T>,
    from: &std::collections::BTreeMap<EntityId, T>,
    entity: &EntityId,
) {
    match from.get(entity) {
        Some(of) => drop(into.insert(entity.clone(), of.clone())),
        None => drop(into.remove(entity)),
    }
}

/// The changes of a selection, by the bits of its number.
fn picked(changes: &[Change], chosen: usize) -> impl Iterator<Item = &Change> {
    changes.iter().enumerate().filter(move |(at, _)| chosen >> at & 1 == 1).map(|(_, change)| change)
}

fn changes(then: &Side, now: &Side, kpi: &KpiId) -> Vec<Change> {
    let of = |side: &Side| side.project.kpis.get(kpi).cloned();
    let (was, is) = (of(then), of(now));
    let mut changes = Vec::new();
    if was.as_ref().map(|kpi| kpi.hash) != is.as_ref().map(|kpi| kpi.hash) {
        changes.push(Change::Definition);
    }
    let mut read: BTreeSet<EntityId> = BTreeSet::new();
    for (kpi, side) in [(&was, then), (&is, now)] {
        if let Some(kpi) = kpi {
            read.extend(finish::basis(kpi, &side.project).entities);
            read.extend(kpi.reads.iter().chain(&kpi.looked_at).cloned());
        }
    }
    let rows = |side: &Side, entity: &EntityId| side.inputs.tables.get(entity).map(files);
    read.retain(|entity| rows(then, entity) != rows(now, entity));
    match read.len() + changes.len() {
        n if n > MOST_CHANGES => changes.push(Change::Rows(read)),
        _ => changes.extend(read.into_iter().map(|entity| Change::Rows([entity].into()))),
    }
    changes
}

/// What a table is made of.
fn files(table: &PinnedTable) -> Vec<String> {
    match &table.data {
        TableData::Files(files) => files.iter().map(|file| file.names()).collect(),
        // Composed without being written: the same rows are the same bytes.
        TableData::Memory(rows) => vec![format!("{rows:?}")],
    }
}

/// What each of several changes made, of the figure with each selection of them: the mean over all orders in which they could have
/// come (Shapley 1953, equation 13). Together they make the difference between all and none of them.
fn shared_out(with: &[f64], changes: usize) -> Vec<f64> {
    let factorial = |n: usize| (1..=n).map(|n| n as f64).product::<f64>();
    (0..changes)
        .map(|own| {
            let mut made = 0.0;
            for (chosen, before) in with.iter().enumerate().filter(|(chosen, _)| chosen >> own & 1 == 0) {
                let earlier = chosen.count_ones() as usize;
                let orders = factorial(earlier) * factorial(changes - earlier - 1) / factorial(changes);
                made += orders * (with.get(chosen | 1 << own).copied().unwrap_or(*before) - before);
            }
            made
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_two_changes_make_together_is_shared_out_evenly() {
        // Nothing 2, the definition alone 3, rows alone 4, both 6.
        assert_eq!(shared_out(&[2.0, 3.0, 4.0, 6.0], 2), [1.5, 2.5]);
        // Three that do not meet keep what is theirs.
        let alone = shared_out(&[0.0, 1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0], 3);
        let near = |of: &f64, to: f64| (of - to).abs() < 1e-12;
        assert!(alone.iter().zip([1.0, 2.0, 4.0]).all(|(of, to)| near(of, to)), "{alone:?}");
        assert!(shared_out(&[5.0], 0).is_empty());
    }
}
