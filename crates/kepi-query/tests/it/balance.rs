//! What must hold of everything that is made, of random businesses: opening + begun − ended = closing at every length of period,
//! closing is the next opening, stages never overlap, and the order in which rows arrive never shows.

use std::collections::BTreeMap;

use kepi_model::{
    calendar::Grain,
    project::{Kpi, Project},
};
use kepi_query::{
    derive::{self, Derived},
    port::{MemoryColumn, MemoryTable, PinnedInputs, PinnedTable, TableData},
    reach::watermarks,
    row::Cell,
};
use kepi_testkit::{
    arbitrary::Chance,
    road::number as number_of,
    tables::{inputs, instant, project, table},
};

const MODEL: &str = r#"
project: test
name: Test
language: 1
time_zone: Europe/Berlin
---
entity: subscription
attributes:
  fee: {type: integer}
---
entity: customer
rows: {every: period, of: account, until: now}
attributes:
  opening: {sum: subscription.fee, in_force: period_start}
  closing: {sum: subscription.fee, in_force: period_end}
  begun: {sum: subscription.fee, where: ended_at is null or ended_at >= started_at}
  ended: {sum: subscription.fee, where: ended_at >= started_at, dated: ended_at}
---
entity: journey
rows:
  of: account
  stages:
    looks: {enter: session}
    tries: {enter: {of: subscription, where: fee = 0}}
    pays: {enter: {of: subscription, where: fee > 0}, exit: {of: subscription, at: ended_at}}
    looks_again: {enter: session, follows: [pays]}
---
kpi: balance
name: Balance
better: higher
period: week
measure: {sum: {of: customer, value: opening + begun - ended - closing}}
---
kpi: stages
name: Stages
better: higher
period: month
measure: {count: {of: journey}}
"#;

/// Accounts with subscriptions and sessions over a year, many at one midnight, some that end before they begin.
fn business(project: &Project, chance: &mut Chance) -> PinnedInputs {
    let at = |chance: &mut Chance| {
        let day = chance.below(400);
        // Often at midnight, also where clocks change.
        let minutes = if chance.below(2) == 0 { 0 } else { chance.below(1440) };
        format!("2025-10-01+{}", day * 1440 + minutes)
    };
    let mut accounts = String::from("id:text created_at:instant\n");
    let mut subscriptions =
        String::from("id:text account:text started_at:instant ended_at:instant fee:integer\n");
    let mut sessions = String::from("id:text account:text started_at:instant\n");
    for account in 0..8 {
        accounts.push_str(&format!("a{account} 2025-10-01\n"));
        for n in 0..chance.below(6) {
            let ended = if chance.below(3) == 0 { "-".to_owned() } else { at(chance) };
            subscriptions.push_str(&format!(
                "s{account}x{n} a{account} {} {ended} {}\n",
                at(chance),
                chance.below(4)
            ));
        }
        for n in 0..chance.below(5) {
            sessions.push_str(&format!("w{account}x{n} a{account} {}\n", at(chance)));
        }
    }
    let read = |text: &str| table(&project.calendar, text);
    inputs(vec![
        ("account", read(&accounts)),
        ("subscription", read(&subscriptions)),
        ("session", read(&sessions)),
    ])
}

fn made(project: &Project, landed: &PinnedInputs, grains: &[Grain]) -> Derived {
    let work: Vec<(&Kpi, Grain)> =
        project.kpis.values().flat_map(|kpi| grains.iter().map(move |grain| (kpi, *grain))).collect();
    let at = instant(&project.calendar, "2026-12-01");
    let plan = derive::plan(&work, project, landed, at, &watermarks(project, landed)).unwrap().unwrap();
    derive::by_reference(&plan, landed).unwrap()
}

/// A row by the names of its columns.
fn rows(table: &PinnedTable) -> Vec<BTreeMap<String, Cell>> {
    let TableData::Memory(memory) = &table.data else { panic!("made in memory") };
    let cell = |row: usize| {
        let columns = table.columns.iter().zip(&memory.columns);
        columns.map(|(column, values)| (column.name.clone(), values.cell(row))).collect()
    };
    (0..memory.rows).map(cell).collect()
}

fn number(row: &BTreeMap<String, Cell>, name: &str) -> i64 {
    match row.get(name) {
        Some(Cell::Integer(value) | Cell::Instant(value)) => *value,
        other => panic!("{name}: {other:?}"),
    }
}

/// The same rows in the opposite order.
fn turned(inputs: &PinnedInputs) -> PinnedInputs {
    fn turn<T: Clone>(values: &[T]) -> Vec<T> {
        values.iter().rev().cloned().collect()
    }
    let mut turned = inputs.clone();
    for table in turned.tables.values_mut() {
        let TableData::Memory(memory) = &table.data else { continue };
        let columns = memory.columns.iter().map(|column| match column {
            MemoryColumn::Text(values) => {
                let rows: Vec<u32> = (0..values.len() as u32).rev().collect();
                MemoryColumn::Text(values.taken(&rows))
            }
            MemoryColumn::Integer(values) => MemoryColumn::Integer(turn(values)),
            MemoryColumn::Instant(values) => MemoryColumn::Instant(turn(values)),
            MemoryColumn::Boolean(values) => MemoryColumn::Boolean(turn(values)),
        });
        table.data = TableData::Memory(std::sync::Arc::new(MemoryTable {
            rows: memory.rows,
            columns: columns.collect(),
        }));
    }
    turned
}

#[test]
fn stages_never_overlap_and_panels_balance() {
    let project = project(MODEL);
    let grains = [Grain::Day, Grain::Week, Grain::Month, Grain::Quarter, Grain::Year];
    let (mut looked_at, mut moved, mut strays) = (0, 0, 0);
    for seed in 0..number_of("KEPI_COUNT", 4) {
        let landed = business(&project, &mut Chance::new(seed));
        let found = made(&project, &landed, &grains);
        for grain in grains {
            let panel =
                &found.tables[&kepi_model::derived::at_grain(&"customer".parse().unwrap(), grain).unwrap()];
            let mut before: Option<BTreeMap<String, Cell>> = None;
            for row in rows(panel) {
                let balance = number(&row, "opening") + number(&row, "begun") - number(&row, "ended");
                assert_eq!(balance, number(&row, "closing"), "seed {seed}, {grain:?}: {row:?}");
                if let Some(before) = before.filter(|before| before["account"] == row["account"]) {
                    assert_eq!(before["closing"], row["opening"], "seed {seed}, {grain:?}");
                    assert_eq!(before["period_end"], row["period_start"], "seed {seed}, {grain:?}");
                }
                before = Some(row);
                looked_at += 1;
            }
        }
        let stages = rows(&found.tables[&"journey".parse().unwrap()]);
        for pair in stages.windows(2) {
            let [first, second] = pair else { unreachable!() };
            if first["account"] == second["account"] {
                assert!(
                    number(first, "left_at") <= number(second, "entered_at"),
                    "seed {seed}: {first:?} {second:?}"
                );
                assert!(number(first, "left_at") > number(first, "entered_at"), "seed {seed}: {first:?}");
                moved += 1;
            }
        }
        strays += found.strays.values().flat_map(|by_stage| by_stage.values()).sum::<u64>();
        // Whatever arrives first: the same rows, those of panels in another order.
        let other = made(&project, &turned(&landed), &grains);
        assert_eq!(found.strays, other.strays);
        for (name, table) in &found.tables {
            let sorted = |table| {
                let mut rows = rows(table);
                rows.sort();
                rows
            };
            assert_eq!(sorted(table), sorted(&other.tables[name]), "seed {seed}, {name}");
        }
    }
    assert!(
        looked_at > 5_000 && moved > 10 && strays > 2,
        "{looked_at} rows, {moved} moves, {strays} strays"
    );
}
