//! Rows that are made: panels, stages, unions and versions.

use std::{collections::BTreeMap, iter::repeat_n};

use kepi_model::{
    derived::{HELD_FROM, HELD_UNTIL, UNION_AT, UNION_ID, UNION_KIND, panel, stage},
    expression::{Expression, Path, Physical},
    id::EntityId,
};

use super::{
    Unmade,
    plan::{MomentStep, PanelStep, Periods, StagesStep, UnionStep, VersionsStep},
    table::{RowOf, Table, World, column, push},
};
use crate::{
    port::{MemoryColumn, system},
    row::{Cell, Overflow, evaluate, holds},
    texts::Texts,
};

/// Most rows of a panel.
pub(crate) const MOST_ROWS: usize = 20_000_000;

/// An instant of a row.
pub(super) fn instant(table: &Table, attribute: &str, row: u32) -> Option<i64> {
    match table.cell(attribute, row) {
        Cell::Instant(at) => Some(at),
        _ => None,
    }
}

/// The date of a row.
pub(super) fn date(table: &Table, time: Option<&Path>, row: u32) -> Option<i64> {
    instant(table, time?.attribute.as_str(), row)
}

/// Whether a row is one of those that are meant.
fn is_meant(filter: Option<&Expression>, row: &RowOf<'_>) -> Result<bool, Overflow> {
    filter.map_or(Ok(true), |filter| holds(filter, row))
}

fn beyond(table: &EntityId) -> impl Fn(Overflow) -> Unmade {
    move |Overflow { bits }| Unmade::OutOfRange { table: table.clone(), bits }
}

/// The rows of a panel.
pub(super) fn of_panel(step: &PanelStep, world: &World) -> Result<Table, Unmade> {
    let Periods { edges, starts, days, labels, first } = &step.periods;
    let mut subjects = Texts::default();
    let mut instants: [Vec<Option<i64>>; 4] = Default::default();
    let mut integers: [Vec<Option<i64>>; 2] = Default::default();
    let mut cohorts = Texts::default();
    let mut rows = 0;
    if let Some(of) = world.tables.get(&step.of) {
        let keys = of.text_key();
        // The texts are those of the rows that the panel is made of.
        subjects = keys.map_or_else(Texts::default, |keys| Texts::like(keys, of.rows));
        for row in of.current() {
            let code = keys.and_then(|keys| keys.code_of(row as usize));
            if !world.makes(keys.and_then(|keys| keys.get(row as usize))) {
                continue;
            }
            let as_of = date(of, step.time.as_ref(), row);
            let view = RowOf { world, table: of, row, as_of, moved: &[] };
            if !is_meant(step.filter.as_ref(), &view).map_err(beyond(&step.table))? {
                continue;
            }
            let (Some(code), Some(from)) = (code, instant(of, step.from.as_str(), row)) else { continue };
            let until = step.until.as_ref().and_then(|until| instant(of, until.as_str(), row));
            // Of a row that began before all dates that are known, the first period is the first that there is.
            let begins = edges.partition_point(|edge| *edge <= from).max(first + 1) - 1;
            // Until its life does not meet the row's stretch any more.
            let lives = |start: &&i64| until.is_none_or(|until| until >= **start);
            let periods = starts.iter().skip(begins).take_while(lives).count();
            // Its rows of periods that are there already are not made.
            let age = step.since.saturating_sub(begins).min(periods);
            let (at, periods) = (begins + age, periods - age);
            let cohort = labels.get(begins).map_or(Texts::MISSING, |label| cohorts.code(label));
            subjects.push_codes(code, periods);
            cohorts.push_codes(cohort, periods);
            let [period, period_start, period_end, first_period] = &mut instants;
            period.extend(some(edges, at, periods));
            period_start.extend(some(starts, at, periods));
            period_end.extend(some(edges, at + 1, periods));
            first_period.extend(repeat_n(edges.get(begins).copied(), periods));
            let [ages, of_period] = &mut integers;
            ages.extend((age as i64..).take(periods).map(Some));
            of_period.extend(some(days, at, periods));
            rows += periods;
            if rows > MOST_ROWS {
                return Err(Unmade::TooMany { table: step.table.clone(), most: MOST_ROWS });
            }
        }
    }
    let [period, period_start, period_end, first_period] = instants.map(MemoryColumn::Instant);
    let [age, days] = integers.map(MemoryColumn::Integer);
    let period_name = panel::PERIOD.parse().ok();
    let key = [step.subject.clone()].into_iter().chain(period_name).collect();
    let columns = vec![
        (step.subject.to_string(), MemoryColumn::Text(subjects)),
        (panel::PERIOD.to_owned(), period),
        (panel::PERIOD_START.to_owned(), period_start),
        (panel::PERIOD_END.to_owned(), period_end),
        (panel::AGE.to_owned(), age),
        (panel::COHORT.to_owned(), MemoryColumn::Text(cohorts)),
        (panel::FIRST_PERIOD.to_owned(), first_period),
        (panel::DAYS.to_owned(), days),
    ];
    Ok(Table::made(key, rows, columns))
}

/// So many of some values, from a place on.
fn some(values: &[i64], from: usize, number: usize) -> impl Iterator<Item = Option<i64>> + '_ {
    values.iter().skip(from).take(number).copied().map(Some)
}

/// A stage of a subject, until it left it.
struct Spell {
    stage: usize,
    entered: i64,
    left: Option<i64>,
}

/// Something that moves a subject: at one instant exits come before entries, entries in the order of the stages.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
struct Moved {
    at: i64,
    enters: bool,
    stage: usize,
}

/// The stages of each subject, at most one at an instant, and how many entries counted for none, by stage.
pub(super) fn of_stages(step: &StagesStep, world: &World) -> Result<(Table, BTreeMap<String, u64>), Unmade> {
    let mut moves: BTreeMap<Box<str>, Vec<Moved>> = BTreeMap::new();
    for (stage, of) in step.stages.iter().enumerate() {
        for (enters, moments) in [(true, &of.enter), (false, &of.exit)] {
            for moment in moments {
                each_moment(moment, world, |who, at, _| {
                    // What is dated later has not happened yet.
                    if at < step.until && world.only.as_ref().is_none_or(|only| only.has(Some(&who))) {
                        moves.entry(who).or_default().push(Moved { at, enters, stage });
                    }
                })
                .map_err(beyond(&step.table))?;
            }
        }
    }
    let mut strays: BTreeMap<String, u64> = BTreeMap::new();
    let mut subjects = Texts::default();
    let mut texts: [Texts; 3] = Default::default();
    let mut instants: [Vec<Option<i64>>; 2] = Default::default();
    let name = |stage: usize| step.stages.get(stage).map(|of| of.name.as_str());
    for (who, mut moves) in moves {
        moves.sort();
        let spells = spells(step, &moves, |stage| {
            if let Some(of) = step.stages.get(stage) {
                *strays.entry(of.name.clone()).or_default() += 1;
            }
        });
        for (place, spell) in spells.iter().enumerate() {
            let next = spells.get(place + 1).filter(|next| Some(next.entered) == spell.left);
            let previous = place.checked_sub(1).and_then(|before| spells.get(before));
            let previous = previous.filter(|before| before.left == Some(spell.entered));
            subjects.push(Some(&who));
            let own = [
                name(spell.stage),
                previous.and_then(|before| name(before.stage)),
                next.and_then(|next| name(next.stage)),
            ];
            texts.iter_mut().zip(own).for_each(|(column, value)| column.push(value));
            let own = [Some(spell.entered), spell.left];
            instants.iter_mut().zip(own).for_each(|(column, value)| column.push(value));
        }
    }
    let rows = subjects.len();
    let [stage, previous, next] = texts.map(MemoryColumn::Text);
    let [entered, left] = instants.map(MemoryColumn::Instant);
    let entered_name = stage::ENTERED_AT.parse().ok();
    let key = [step.subject.clone()].into_iter().chain(entered_name).collect();
    let columns = vec![
        (step.subject.to_string(), MemoryColumn::Text(subjects)),
        (stage::STAGE.to_owned(), stage),
        (stage::ENTERED_AT.to_owned(), entered),
        (stage::LEFT_AT.to_owned(), left),
        (stage::PREVIOUS.to_owned(), previous),
        (stage::NEXT.to_owned(), next),
    ];
    Ok((Table::made(key, rows, columns), strays))
}

/// Subject, date and place of every row of a population.
pub(super) fn each_moment(
    moment: &MomentStep,
    world: &World,
    mut see: impl FnMut(Box<str>, i64, u32),
) -> Result<(), Overflow> {
    let Some(table) = world.tables.get(&moment.of) else { return Ok(()) };
    for row in table.current() {
        let at = instant(table, moment.at.as_str(), row);
        let view = RowOf { world, table, row, as_of: at, moved: &[] };
        if is_meant(moment.filter.as_ref(), &view)?
            && let (Some(at), Cell::Text(who)) = (at, evaluate(&moment.who, &view)?)
        {
            see(who, at, row);
        }
    }
    Ok(())
}

/// Stages from moves in order. An entry counts from the stages that it may follow; an exit leads outside.
fn spells(step: &StagesStep, moves: &[Moved], mut stray: impl FnMut(usize)) -> Vec<Spell> {
    let mut done: Vec<Spell> = Vec::new();
    let mut now: Option<(usize, i64)> = None;
    let end = |done: &mut Vec<Spell>, now: Option<(usize, i64)>, left: Option<i64>| {
        // A stage that is left as it is entered was none.
        if let Some((stage, entered)) = now.filter(|(_, entered)| left != Some(*entered)) {
            done.push(Spell { stage, entered, left });
        }
    };
    for moved in moves {
        let current = now.map(|(stage, _)| stage);
        if !moved.enters {
            if current == Some(moved.stage) {
                end(&mut done, now, Some(moved.at));
                now = None;
            }
        } else if current != Some(moved.stage) {
            if step.stages.get(moved.stage).is_some_and(|of| of.follows.contains(&current)) {
                end(&mut done, now, Some(moved.at));
                now = Some((moved.stage, moved.at));
            } else {
                stray(moved.stage);
            }
        }
    }
    end(&mut done, now, None);
    done
}

/// Rows of several entities as those of one.
pub(super) fn of_union(step: &UnionStep, world: &World) -> Result<Table, Unmade> {
    let mut ids = Texts::default();
    let mut kinds = Texts::default();
    let mut instants = Vec::new();
    let mut columns: Vec<MemoryColumn> =
        step.columns.iter().map(|(_, physical)| column(*physical, 0)).collect();
    for part in &step.parts {
        let Some(table) = world.tables.get(&part.of) else { continue };
        for row in table.current() {
            let at = instant(table, part.at.as_str(), row);
            let view = RowOf { world, table, row, as_of: at, moved: &[] };
            if !is_meant(part.filter.as_ref(), &view).map_err(beyond(&step.table))? {
                continue;
            }
            ids.push(Some(&union_id(&part.of, table, row)));
            kinds.push(Some(part.of.as_str()));
            instants.push(at);
            for (column, set) in columns.iter_mut().zip(&part.set) {
                let value = set.as_ref().map_or(Ok(Cell::Missing), |set| evaluate(set, &view));
                push(column, value.map_err(beyond(&step.table))?);
            }
        }
    }
    let rows = ids.len();
    let own = [
        (UNION_ID.to_owned(), MemoryColumn::Text(ids)),
        (UNION_KIND.to_owned(), MemoryColumn::Text(kinds)),
        (UNION_AT.to_owned(), MemoryColumn::Instant(instants)),
    ];
    let others = step.columns.iter().map(|(name, _)| name.to_string()).zip(columns);
    let columns = own.into_iter().chain(others).collect();
    Ok(Table::made(UNION_ID.parse().into_iter().collect(), rows, columns))
}

/// What identifies a row among those of several tables.
pub(super) fn union_id(of: &EntityId, table: &Table, row: u32) -> Box<str> {
    let key: Vec<String> = table.key(row).into_iter().map(text).collect();
    format!("{of}/{}", key.join("/")).into()
}

/// A part of a key as text.
fn text(cell: Cell) -> String {
    match cell {
        Cell::Missing => String::new(),
        Cell::Text(text) => text.into(),
        Cell::Integer(value) | Cell::Instant(value) => value.to_string(),
        Cell::Boolean(value) => value.to_string(),
    }
}

/// Every version that was landed as a row.
pub(super) fn of_versions(step: &VersionsStep, world: &World) -> Table {
    let Some(of) = world.tables.get(&step.of) else { return Table::made(step.key.clone(), 0, Vec::new()) };
    let all = 0..of.rows as u32;
    let copied = |name: &str, physical| {
        let mut made = column(physical, of.rows);
        all.clone().for_each(|row| push(&mut made, of.cell(name, row)));
        made
    };
    let mut columns: Vec<(String, MemoryColumn)> = step
        .columns
        .iter()
        .map(|(name, physical)| (name.to_string(), copied(name.as_str(), *physical)))
        .collect();
    columns.push((HELD_FROM.to_owned(), copied(system::VALID_FROM, Physical::Instant)));
    columns.push((HELD_UNTIL.to_owned(), copied(system::VALID_TO, Physical::Instant)));
    Table::made(step.key.clone(), of.rows, columns)
}

/// Which of the finished rows of a table stay.
pub(super) fn kept(
    table: &EntityId,
    time: Option<&Path>,
    condition: &Expression,
    world: &World,
) -> Result<Vec<bool>, Unmade> {
    let Some(of) = world.tables.get(table) else { return Ok(Vec::new()) };
    let keep = |row| {
        let view = RowOf { world, table: of, row, as_of: date(of, time, row), moved: &[] };
        holds(condition, &view).map_err(beyond(table))
    };
    (0..of.rows as u32).map(keep).collect()
}
