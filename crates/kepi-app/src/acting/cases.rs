//! The follower that opens a case for each row that a closed loop follows up: once a row for ever, the newest first, so many a run.

use std::collections::{BTreeMap, BTreeSet};

use kepi_govern::{
    Act, Command, Content, Deed, Open,
    items::{Case, Permission, Rung, Turn},
    laws,
    plain::Name,
};
use kepi_model::{
    acting::ClosedLoop,
    id::{EntityId, UnitId},
    project::{Entity, Kpi, Project},
};
use kepi_proof::Digest;
use kepi_query::{
    derive::following::{Asked as Rows, Followed as Row, following},
    published::Run,
    row::Cell,
    value::Segment,
};
use kepi_score::card::Card;
use kepi_store::{NewText, Store, door::new_key};
use serde_json::{Value, json};

use super::{
    Asking,
    follow::{Followed, NoFigures, job, unless},
    playing::Watch,
};
use crate::{error::AppError, open::App, trace::traceable};

/// What is kept of the key of a row for people, a part a line; nothing, if any part of it is personal: that is told to nobody.
pub(super) fn key_text(project: &Project, of: &EntityId, key: &[Cell]) -> String {
    let entity = project.entities.get(of);
    let personal = |entity: &Entity| {
        entity.key.iter().any(|part| entity.attribute(part).is_some_and(|attribute| attribute.personal))
    };
    if entity.is_none_or(personal) {
        return String::new();
    }
    key.iter().map(cell_text).collect::<Vec<_>>().join("\n")
}

/// A part of a key for people, on one line.
pub(super) fn cell_text(cell: &Cell) -> String {
    match cell {
        Cell::Missing => String::new(),
        Cell::Text(text) => text.replace('\n', " "),
        Cell::Integer(value) => value.to_string(),
        Cell::Boolean(value) => value.to_string(),
        Cell::Instant(at) => jiff::Timestamp::from_microsecond(*at).unwrap_or_default().to_string(),
    }
}

/// The parts of a key as it is kept.
pub(super) fn key_parts(text: &str) -> Vec<String> {
    text.split('\n').filter(|part| !part.is_empty()).map(str::to_owned).collect()
}

/// What stands for a row in the log: the same for ever, and nothing to whoever lacks the secret of this log. So its form is written out,
/// and hangs on no name of the program.
pub(super) fn row_of(store: &Store, of: &EntityId, key: &[Cell]) -> Digest {
    let part = |cell: &Cell| match cell {
        Cell::Missing => json!(null),
        Cell::Text(text) => json!(["text", text]),
        Cell::Integer(value) => json!(["integer", value]),
        Cell::Boolean(value) => json!(["boolean", value]),
        Cell::Instant(at) => json!(["instant", at]),
    };
    let key: Vec<Value> = key.iter().map(part).collect();
    let text = json!(["case", of, key]).to_string();
    Digest::of(&[&store.secret()[..], text.as_bytes()].concat())
}

/// The units of scorecards of a KPI by the segment whose rows are theirs, with how far down they are; of several the one that is
/// furthest.
pub(super) fn units(project: &Project, kpi: &Kpi) -> BTreeMap<Segment, (u8, UnitId)> {
    let mut found: BTreeMap<Segment, (u8, UnitId)> = BTreeMap::new();
    for scorecard in project.scorecards.values().filter(|card| card.kpis().any(|id| *id == kpi.id)) {
        let card = Card { project, scorecard, values: &NoFigures };
        for (unit, depth) in card.all_units() {
            let (Some(unit), Some(segment)) = (unit, card.segment(unit)) else { continue };
            let deeper = found.get(&segment).is_none_or(|(known, _)| *known < depth);
            if deeper {
                found.insert(segment, (depth, unit.clone()));
            }
        }
    }
    found
}

/// The unit whose rows a row is among, that which is furthest down.
pub(super) fn unit_of(places: &BTreeMap<Segment, (u8, UnitId)>, row: &Row) -> Option<UnitId> {
    let units = row
        .members
        .iter()
        .filter_map(|(dimension, member)| places.get(&Segment(vec![(dimension.clone(), member.clone())])));
    units.max_by_key(|(depth, _)| *depth).map(|(_, unit)| unit.clone())
}

impl App {
    /// Opens cases for rows that nobody follows up yet.
    pub(super) async fn open_cases(
        &self,
        project: &Project,
        run: &Run,
        at: i64,
        report: &mut Followed,
    ) -> Result<(), AppError> {
        if project.closed_loops.is_empty() {
            return Ok(());
        }
        let inputs = self.lake.pin(project, Some(run.pins.snapshot)).await.map_err(AppError::Lake)?;
        for rule in project.closed_loops.values() {
            let Some(kpi) = project.kpis.get(&rule.kpi) else { continue };
            let watch = Watch::of_loop(rule);
            if let Some(success) = &rule.success
                && self.is_anything_due(watch, at).await?
            {
                let asked = Rows::of(rule).later(success);
                let rows = following(traceable(self, project, &inputs, run), kpi, &asked).await?;
                let number = run.number.unsigned_abs();
                self.look_at_rows(watch, &rule.of, &rows, (number, at), report).await?;
            }
            let rows = following(traceable(self, project, &inputs, run), kpi, &Rows::of(rule)).await?;
            self.open_cases_of(project, (rule, kpi), rows, at, report).await?;
        }
        Ok(())
    }

    /// Hears what customers answered who were asked once more after their case was closed.
    pub(super) async fn hear_answers(
        &self,
        project: &Project,
        run: &Run,
        at: i64,
        report: &mut Followed,
    ) -> Result<(), AppError> {
        let asks =
            |case: &Case| project.closed_loops.values().any(|of| of.again.is_some() && is_by(case, of));
        let mut waiting = self.waiting_for_customers().await?;
        waiting.retain(|(case, ..)| asks(case));
        if waiting.is_empty() {
            return Ok(());
        }
        let inputs = self.lake.pin(project, Some(run.pins.snapshot)).await.map_err(AppError::Lake)?;
        let mut asking = Asking::new(&self.store, at);
        for rule in project.closed_loops.values() {
            let Some((again, kpi)) = rule.again.as_ref().zip(project.kpis.get(&rule.kpi)) else { continue };
            let own = || waiting.iter().filter(|(case, ..)| is_by(case, rule));
            if own().next().is_none() {
                continue;
            }
            let asked = Rows::again(rule, again);
            let rows = following(traceable(self, project, &inputs, run), kpi, &asked).await?;
            // The newest comes first, and is what counts of each case.
            let mut answers: BTreeMap<String, (i64, bool)> = BTreeMap::new();
            for row in rows {
                if let (Some(Cell::Text(token)), Some(settled)) = (row.answers_to, row.permitted) {
                    answers.entry(token.to_string()).or_insert((row.at, settled));
                }
            }
            for (case, item, closed) in own() {
                let Some(settled) =
                    answers.get(&case.token()).filter(|(at, _)| at > closed).map(|(_, settled)| *settled)
                else {
                    continue;
                };
                let act = Command::Act(Act { item: *item, deed: Deed::Answer { settled, note: None } });
                let done = asking.ask(&job(), &act, Vec::new(), &new_key("cases")).await;
                // Somebody may have said it in the meantime.
                report.answered += u64::from(unless(done, &[laws::NOT_REACHED, laws::NO_ITEM])?);
            }
        }
        Ok(())
    }

    /// Cases that wait for what the customer says, with when each was closed.
    async fn waiting_for_customers(&self) -> Result<Vec<(Case, u64, i64)>, AppError> {
        let organisation = self.store.organisation().await?;
        let waiting =
            organisation.items.open().filter(|item| item.step().is_some_and(|s| s.turn == Turn::Wait));
        Ok(waiting
            .filter_map(|item| match &item.content {
                Content::Case(case) => Some((case.clone(), item.number, item.work.finished.as_ref()?.1)),
                _ => None,
            })
            .collect())
    }

    async fn open_cases_of(
        &self,
        project: &Project,
        (rule, kpi): (&ClosedLoop, &Kpi),
        rows: Vec<Row>,
        at: i64,
        report: &mut Followed,
    ) -> Result<(), AppError> {
        let organisation = self.store.organisation().await?;
        let watch = Watch::of_loop(rule);
        let own = || {
            organisation.items.all().filter_map(|item| match &item.content {
                Content::Case(case) if is_by(case, rule) => Some(case),
                _ => None,
            })
        };
        // What was held out once is so for ever.
        let held_out = watch.plays(&organisation).filter(|(_, of)| of.held_out).map(|(_, of)| of.row);
        let known: BTreeSet<Digest> = own().map(|case| case.row).chain(held_out).collect();
        let tokens: BTreeSet<String> = own().map(Case::token).collect();
        // What a customer answers who was asked once more belongs to the case that she has.
        let answers =
            |row: &Row| matches!(&row.answers_to, Some(Cell::Text(token)) if tokens.contains(&**token));
        let new: Vec<(Digest, Row)> = rows
            .into_iter()
            .filter(|row| !answers(row))
            .map(|row| (row_of(&self.store, &rule.of, &row.key), row))
            .filter(|(digest, _)| !known.contains(digest))
            .collect();
        let now = usize::from(rule.at_most).min(new.len());
        report.rows_waiting += (new.len() - now) as u64;
        let units = units(project, kpi);
        let mut asking = Asking::new(&self.store, at);
        for (digest, row) in new.into_iter().take(now) {
            let unit = unit_of(&units, &row);
            // First it is watched: whoever is stopped before the case is opened goes on with that, and draws the same.
            if watch.holds_out() {
                let is_new = self.watch((rule, kpi), (digest, unit.clone(), row.at), &mut asking).await?;
                if watch.is_held_out(digest) {
                    report.unfollowed += u64::from(is_new);
                    continue;
                }
            }
            let key = NewText::new(key_text(project, &rule.of, &row.key));
            let why = NewText::new(format!("{}: a row behind {}", rule.name, kpi.name));
            let ladder = self.rungs(project, rule.ladder.as_ref()).await?;
            let Some(case) = case((rule, ladder), kpi, (digest, &row), unit, key.commitment) else {
                continue;
            };
            let open = Command::Open(Open { content: Content::Case(case), why: why.commitment });
            let done = asking.ask(&job(), &open, vec![key, why], &new_key("cases")).await;
            // Another run was first, or nobody is there who could have it: that is said by the check.
            report.opened += u64::from(unless(done, &[laws::ALREADY_OPEN, laws::NOBODY_THERE])?);
        }
        Ok(())
    }
}

/// Whether a closed loop has opened a case.
fn is_by(case: &Case, rule: &ClosedLoop) -> bool {
    case.rule.as_str() == rule.id.as_str()
}

fn case(
    (rule, ladder): (&ClosedLoop, Vec<Rung>),
    kpi: &Kpi,
    (row, of): (Digest, &Row),
    unit: Option<UnitId>,
    key: kepi_proof::Commitment,
) -> Option<Case> {
    Some(Case {
        rule: rule.id.as_str().parse().ok()?,
        kpi: kpi.id.clone(),
        unit,
        of: rule.of.clone(),
        row,
        key,
        since: of.at,
        permission: match of.permitted {
            None => Permission::NotAsked,
            Some(true) => Permission::Given,
            Some(false) => Permission::Withheld,
        },
        hours: rule.hours,
        confirm: rule.confirm,
        causes: rule.causes.keys().filter_map(|cause| cause.as_str().parse::<Name>().ok()).collect(),
        ladder,
    })
}
