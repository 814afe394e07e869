//! What is made of landed rows and kept gives, to the bit, what is made of all rows: after each of random changes of a small business, its
//! definitions and its days.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use kepi_model::{
    calendar::Grain,
    id::{EntityId, KpiId},
    project::{Kpi, Project},
};
use kepi_query::{
    derive,
    kept::{Keeping, Kept, MadePortion, MakesPortions, PortionsTask, Remade},
    plan::ScanPlan,
    port::{
        Belonging, EngineVersion, EvaluateError, Evaluator, Fut, Limits, MemoryColumn, MemoryTable,
        PinnedColumn, PinnedFile, PinnedInputs, PinnedTable, TableData, system,
    },
    reach::watermarks,
    reference,
    row::Cell,
    scans,
    state::Measured,
};
use kepi_testkit::{
    arbitrary::Chance,
    kept::{Drawer, together},
    road::number,
};

use crate::{kept::now, worked};

const DAY: i64 = 86_400_000_000;

/// A business that changes.
struct Business {
    chance: Chance,
    project: Project,
    asked: BTreeSet<KpiId>,
    tables: BTreeMap<EntityId, PinnedTable>,
    files: BTreeMap<EntityId, Vec<(String, Arc<MemoryTable>)>>,
    written: u64,
    at: i64,
    /// When versions end.
    clock: i64,
    did: BTreeMap<&'static str, u64>,
}

impl Business {
    fn new(seed: u64) -> Self {
        let (project, landed, at, _) = worked::traceable();
        let mut files = BTreeMap::new();
        let mut tables = BTreeMap::new();
        for (entity, mut table) in landed.tables {
            let TableData::Memory(memory) = &table.data else { unreachable!("in memory") };
            let some: Vec<u32> = (0..memory.rows.min(30) as u32).collect();
            let mut rows = memory.taken(&some);
            for name in [system::VALID_FROM, system::VALID_TO] {
                if table.columns.iter().all(|column| column.name != name) {
                    let physical = kepi_model::expression::Physical::Instant;
                    let column =
                        PinnedColumn { name: name.to_owned(), physical, bounds: None, is_empty: false };
                    table.columns.push(column);
                    rows.columns.push(MemoryColumn::Instant(vec![None; rows.rows]));
                }
            }
            files.insert(entity.clone(), vec![(format!("{entity} 0"), Arc::new(rows))]);
            table.data = TableData::Files(vec![]);
            tables.insert(entity, table);
        }
        let mut business = Self {
            chance: Chance::new(seed),
            asked: BTreeSet::new(),
            project,
            tables,
            files,
            written: 0,
            at,
            clock: at,
            did: BTreeMap::new(),
        };
        business.ask();
        business
    }

    /// For some of the KPIs.
    fn ask(&mut self) {
        let ids: Vec<KpiId> = self.project.kpis.keys().cloned().collect();
        let one_in = *self.chance.pick(&[2, 5, 12]);
        self.asked = ids.into_iter().filter(|_| self.chance.once_in(one_in)).collect();
    }

    fn inputs(
        &self,
        mut data: impl FnMut(&[(String, Arc<MemoryTable>)], &[PinnedColumn]) -> TableData,
    ) -> PinnedInputs {
        let tables = self.tables.iter().map(|(entity, table)| {
            let files = &self.files[entity];
            let all: Vec<&MemoryTable> = files.iter().map(|(_, rows)| rows.as_ref()).collect();
            let all = together(&all, &table.columns);
            let mut table = table.clone();
            for (column, values) in table.columns.iter_mut().zip(&all.columns) {
                let (MemoryColumn::Integer(values) | MemoryColumn::Instant(values)) = values else {
                    continue;
                };
                let known = || values.iter().copied().flatten();
                column.bounds = known().min().zip(known().max());
                column.is_empty = column.bounds.is_none();
            }
            table.data = data(files, &table.columns);
            (entity.clone(), table)
        });
        PinnedInputs { snapshot: kepi_query::port::SnapshotId(1), tables: tables.collect() }
    }

    fn whole(&self) -> PinnedInputs {
        self.inputs(|files, columns| {
            let all: Vec<&MemoryTable> = files.iter().map(|(_, rows)| rows.as_ref()).collect();
            TableData::Memory(Arc::new(together(&all, columns)))
        })
    }

    fn placed(&self, drawer: &Drawer) -> PinnedInputs {
        let mut placed = BTreeMap::new();
        let inputs = self.inputs(|files, _| {
            let place = |(name, rows): &(String, Arc<MemoryTable>)| {
                let path = format!("/lake/{name}");
                placed.insert(path.clone(), rows.clone());
                PinnedFile { path, bytes: 1, rows: rows.rows as u64 }
            };
            TableData::Files(files.iter().map(place).collect())
        });
        // Those of former snapshots stay where they are.
        drawer.files.lock().unwrap().extend(placed);
        inputs
    }

    fn some_row(&mut self, entity: &EntityId) -> Option<(usize, u32)> {
        let files = &self.files[entity];
        let full: Vec<usize> = (0..files.len()).filter(|at| files[*at].1.rows > 0).collect();
        let at = (!full.is_empty()).then(|| *self.chance.pick(&full))?;
        Some((at, self.chance.below(files[at].1.rows) as u32))
    }

    fn put(&mut self, entity: &EntityId, rows: MemoryTable) {
        self.written += 1;
        let name = format!("{entity} {}", self.written);
        self.files.get_mut(entity).unwrap().push((name, Arc::new(rows)));
    }

    /// One row like another, changed a little; as a new one, or as another version of it.
    fn like(&mut self, entity: &EntityId, (file, row): (usize, u32), is_new: bool) -> MemoryTable {
        self.written += 1;
        let table = self.tables[entity].clone();
        let mut one = self.files[entity][file].1.taken(&[row]);
        for (column, values) in table.columns.iter().zip(&mut one.columns) {
            let name = column.name.as_str();
            if table.key.iter().any(|key| key.as_str() == name) {
                if is_new {
                    *values = MemoryColumn::Text([Some(format!("n{}", self.written))].into_iter().collect());
                }
                continue;
            }
            if name.starts_with('_') || self.chance.once_in(2) {
                continue;
            }
            let chance = &mut self.chance;
            match values {
                MemoryColumn::Text(values) if ["account", "referred_by", "parent"].contains(&name) => {
                    let whose = format!("a{}", 1 + chance.below(7));
                    *values = [(!chance.once_in(6)).then_some(whose)].into_iter().collect();
                }
                MemoryColumn::Text(values) if name == "invitation" => {
                    *values = [Some(format!("i{}", 1 + chance.below(4)))].into_iter().collect();
                }
                MemoryColumn::Instant(values) => {
                    let by = chance.between(-60, 60) * DAY + chance.between(0, 3) * DAY / 4;
                    values[0] = values[0].map(|at| at + by).filter(|_| !chance.once_in(8));
                }
                MemoryColumn::Integer(values) => values[0] = Some(chance.between(0, 11)),
                MemoryColumn::Boolean(values) => values[0] = Some(chance.once_in(2)),
                MemoryColumn::Text(_) => {}
            }
        }
        let at = |name: &str| table.columns.iter().position(|column| column.name == name).unwrap();
        let from = if is_new { None } else { Some(self.clock) };
        one.columns[at(system::VALID_FROM)] = MemoryColumn::Instant(vec![from]);
        one.columns[at(system::VALID_TO)] = MemoryColumn::Instant(vec![None]);
        one
    }

    fn change(&mut self) {
        let entities: Vec<EntityId> = self.tables.keys().cloned().collect();
        let entity = self.chance.pick(&entities).clone();
        let what = match self.chance.below(20) {
            0..=6 => {
                for _ in 0..=self.chance.below(2) {
                    if let Some(row) = self.some_row(&entity) {
                        let rows = self.like(&entity, row, true);
                        self.put(&entity, rows);
                    }
                }
                "new"
            }
            7..=10 => {
                self.correct(&entity);
                "corrected"
            }
            11 => {
                for entity in ["product", "currency"] {
                    self.correct(&entity.parse().unwrap());
                }
                "looked up"
            }
            12 => {
                self.delete(&entity);
                "deleted"
            }
            13 => {
                let columns = self.tables[&entity].columns.clone();
                let files = std::mem::take(self.files.get_mut(&entity).unwrap());
                let all: Vec<&MemoryTable> = files.iter().map(|(_, rows)| rows.as_ref()).collect();
                let all = together(&all, &columns);
                self.put(&entity, all);
                "merged"
            }
            14 => {
                self.at += self.chance.between(1, 3) * DAY;
                "days"
            }
            15 if self.chance.once_in(3) => {
                self.at += 40 * DAY;
                "months"
            }
            16 => {
                self.ask();
                "definitions"
            }
            _ => "nothing",
        };
        *self.did.entry(what).or_default() += 1;
    }

    /// A row is superseded by another version of it.
    fn correct(&mut self, entity: &EntityId) {
        let Some((file, row)) = self.some_row(entity) else { return };
        let ends = self.tables[entity].columns.iter().position(|c| c.name == system::VALID_TO).unwrap();
        let mut rows = self.files[entity][file].1.as_ref().clone();
        if !rows.columns[ends].cell(row as usize).is_missing() {
            return;
        }
        self.clock += 3_600_000_000;
        let new = self.like(entity, (file, row), false);
        let MemoryColumn::Instant(values) = &mut rows.columns[ends] else { unreachable!("instants") };
        values[row as usize] = Some(self.clock);
        self.files.get_mut(entity).unwrap().remove(file);
        self.put(entity, rows);
        self.put(entity, new);
    }

    /// A row goes with all its versions.
    fn delete(&mut self, entity: &EntityId) {
        let Some((file, row)) = self.some_row(entity) else { return };
        let key = self.tables[entity].key[0].to_string();
        let at = self.tables[entity].columns.iter().position(|column| column.name == key).unwrap();
        let gone = self.files[entity][file].1.columns[at].cell(row as usize);
        for (_, rows) in std::mem::take(self.files.get_mut(entity).unwrap()) {
            let stay: Vec<u32> =
                (0..rows.rows as u32).filter(|row| rows.columns[at].cell(*row as usize) != gone).collect();
            if stay.len() == rows.rows {
                let all = self.files.get_mut(entity).unwrap();
                self.written += 1;
                all.push((format!("{entity} {}", self.written), rows));
            } else {
                self.put(entity, rows.taken(&stay));
            }
        }
    }
}

/// Makes portions as another process would.
struct Others<'a> {
    reader: &'a Drawer,
    at_a_time: u64,
    limits: Limits,
}

fn told<T: serde::Serialize + serde::de::DeserializeOwned>(what: &T) -> T {
    serde_json::from_str(&serde_json::to_string(what).unwrap()).unwrap()
}

impl MakesPortions for Others<'_> {
    fn at_a_time(&self) -> u64 {
        self.at_a_time
    }
    fn done<'a>(
        &'a self,
        task: &'a PortionsTask,
        numbers: std::ops::Range<u64>,
    ) -> Fut<'a, Result<Vec<MadePortion>, EvaluateError>> {
        Box::pin(async move {
            let mut all = Vec::new();
            for number in numbers {
                all.push(told(&told(task).done(number, self.reader, &self.limits).await?));
            }
            Ok(all)
        })
    }
}

fn sorted(table: &PinnedTable, columns: &[&str]) -> Vec<Vec<Cell>> {
    let TableData::Memory(memory) = &table.data else { panic!("in memory") };
    let at = |name: &&str| table.columns.iter().position(|column| column.name == **name).unwrap();
    let at: Vec<usize> = columns.iter().map(at).collect();
    let row = |row: usize| at.iter().map(|at| memory.columns[*at].cell(row)).collect();
    let mut rows: Vec<Vec<Cell>> = (0..memory.rows).map(row).collect();
    rows.sort();
    rows
}

#[test]
fn what_is_made_and_kept_never_shows() {
    let (first, count) = (number("KEPI_SEED", 0), number("KEPI_COUNT", 80));
    let (mut nothing, mut some, mut all, mut part) = (0_u64, 0_u64, 0_u64, 0_u64);
    let (mut portions, mut by_others) = (0_u64, 0_u64);
    let mut did = BTreeMap::new();
    let (mut done, mut seed) = (0, first);
    while done < count {
        let mut business = Business::new(seed);
        let drawer = Drawer::default();
        let keeping = Keeping { slice_rows: *business.chance.pick(&[1, 10, 1 << 16]), ..Keeping::default() };
        for step in 0..40 {
            // With so little memory what is made of many rows is made in portions.
            let memory_bytes = *business.chance.pick(&[1 << 30, 6_000, 2_000]);
            let limits = Limits { memory_bytes, ..Limits::default() };
            let said =
                format!("seed {seed} step {step} {memory_bytes} {:?} {:?}", business.did, business.asked);
            let kpis = || business.project.kpis.values().filter(|kpi| business.asked.contains(&kpi.id));
            let work: Vec<(&Kpi, Grain)> = kpis().map(|kpi| (kpi, kpi.period)).collect();
            let (landed, placed) = (business.whole(), business.placed(&drawer));
            let (project, at) = (&business.project, business.at);
            let plan = derive::plan(&work, project, &landed, at, &watermarks(project, &landed)).unwrap();
            let Some(plan) = plan else {
                business.ask();
                continue;
            };
            let same = derive::plan(&work, project, &placed, at, &watermarks(project, &placed)).unwrap();
            assert_eq!(same.as_ref(), Some(&plan), "{said}");
            let expected = derive::by_reference(&plan, &landed).unwrap();
            // Made by others, as on a cluster: all they know comes as text, and what they made goes back so.
            let others = Others { reader: &drawer, at_a_time: 1 + step % 5, limits };
            let elsewhere = ((seed + step) % 3 == 0).then_some(&others as &dyn MakesPortions);
            let kept = Kept::new(&drawer, &drawer.shelf).keeping(keeping).made_by(elsewhere);
            let found = now(kept.made(&plan, &placed, &limits)).unwrap();
            let rest = |made: &derive::Derived| {
                (made.out_of_range.clone(), made.unmade.clone(), made.strays.clone())
            };
            assert_eq!(rest(&found), rest(&expected), "{said}");
            assert!(found.tables.keys().eq(expected.tables.keys()), "{said}");
            let mut made = placed.clone();
            made.tables.extend(found.tables);
            let opened = drawer.all(&made).unwrap();
            for (id, table) in &expected.tables {
                let found = &opened.tables[id];
                let columns: Vec<&str> = found.columns.iter().map(|column| column.name.as_str()).collect();
                assert_eq!(
                    sorted(found, &columns),
                    sorted(table, &columns),
                    "{said} {id} {:?}",
                    kept.remade()
                );
            }
            let mut whole = landed.clone();
            whole.tables.extend(expected.tables.clone());
            let plans = scans::plan(kpis(), project, &whole).unwrap();
            assert_eq!(plans, scans::plan(kpis(), project, &made).unwrap(), "{said}");
            if expected.out_of_range.is_empty() && expected.unmade.is_empty() {
                for plan in plans {
                    let expected = reference::measure(&plan, &whole, &limits).unwrap();
                    assert_eq!(
                        now(kept.measure(&plan, &made, &limits)).unwrap(),
                        expected,
                        "{said} {}",
                        plan.entity
                    );
                }
            }
            for how in kept.remade() {
                match how {
                    Remade::Nothing => nothing += 1,
                    Remade::Some { slices, of, .. } => {
                        some += 1;
                        part += u64::from(slices < of);
                    }
                    Remade::All => all += 1,
                    Remade::InPortions(of) => {
                        assert!(elsewhere.is_some() || (of > 1 && memory_bytes < 1 << 30), "{said}");
                        portions += 1;
                        by_others += u64::from(elsewhere.is_some());
                    }
                }
            }
            if business.chance.once_in(4) {
                kept.tidy();
            }
            drop(kept);
            business.change();
            if business.chance.once_in(12) {
                drawer.shelf.damage(&mut business.chance);
            }
            done += 1;
        }
        for (what, n) in business.did {
            *did.entry(what).or_insert(0) += n;
        }
        seed += 1;
    }
    println!(
        "states: {done} changes of a business, equal all: of what is made together {nothing} stayed, {some} were made anew by key ({part} in some slices only), {all} whole, {portions} in portions ({by_others} by others); {did:?}"
    );
    assert!(
        nothing > done && some * 4 > done && part * 5 > done && all > 0 && portions > 9 && by_others > 4,
        "{nothing} {some} {part} {all} {portions} {by_others} of {done}"
    );
    assert!(did.len() >= 8, "{did:?}");
}

const SHOP: &str = r#"
project: shop
name: Shop
language: 1
time_zone: UTC
---
entity: client
name: Client
key: [id]
time: since
attributes:
  id: {type: text}
  since: {type: timestamp}
---
entity: visit
name: Visit
key: [id]
time: at
attributes:
  id: {type: text}
  at: {type: timestamp}
  client: {type: reference client}
  paid: {type: integer}
---
entity: client_month
name: Client month
rows: {every: month, of: client, from: since, until: now}
attributes:
  visits: {count: visit}
  paid: {sum: visit.paid, until: period_end}
---
kpi: again
name: Again
better: higher
measure: {share: {of: client_month, which: visits > 0}}
period: month
---
kpi: spent
name: Spent
better: higher
measure: {mean: {of: client_month, value: paid}}
period: month
"#;

/// A drawer that says how many rows it gave to those who asked for some.
struct Watched<'a> {
    drawer: &'a Drawer,
    most: std::sync::Mutex<usize>,
}

impl Evaluator for Watched<'_> {
    fn version(&self) -> EngineVersion {
        self.drawer.version()
    }
    fn measure<'a>(
        &'a self,
        plan: &'a ScanPlan,
        inputs: &'a PinnedInputs,
        limits: &'a Limits,
    ) -> Fut<'a, Result<Measured, EvaluateError>> {
        self.drawer.measure(plan, inputs, limits)
    }
    fn read<'a>(
        &'a self,
        table: &'a PinnedTable,
        columns: &'a [PinnedColumn],
        only: Option<&'a Belonging>,
        limits: &'a Limits,
    ) -> Fut<'a, Result<MemoryTable, EvaluateError>> {
        Box::pin(async move {
            let rows = self.drawer.read(table, columns, only, limits).await?;
            let mut most = self.most.lock().unwrap();
            *most = (*most).max(rows.rows);
            Ok(rows)
        })
    }
    fn file(&self, columns: &[PinnedColumn], rows: &MemoryTable) -> Result<Vec<u8>, EvaluateError> {
        self.drawer.file(columns, rows)
    }
}

#[test]
fn rows_beyond_memory_are_made_in_portions_and_come_to_the_same() {
    let project = kepi_testkit::tables::project(SHOP);
    let mut chance = Chance::new(6);
    let (mut clients, mut visits) = (String::new(), String::new());
    for client in 0..400 {
        clients.push_str(&format!("c{client} 2025-{:02}-05\n", 1 + client % 6));
    }
    for visit in 0..6_000 {
        let (month, day) = (chance.between(1, 12), chance.between(1, 28));
        let (client, paid) = (chance.below(420), chance.between(0, 90));
        visits.push_str(&format!("v{visit} 2025-{month:02}-{day:02}+{} c{client} {paid}\n", visit % 1440));
    }
    let of =
        |head: &str, rows: &str| kepi_testkit::tables::table(&project.calendar, &format!("{head}\n{rows}"));
    let landed = kepi_testkit::tables::inputs(vec![
        ("client", of("id:text since:instant", &clients)),
        ("visit", of("id:text at:instant client:text paid:integer", &visits)),
    ]);
    // In files of 500 rows.
    let drawer = Drawer::default();
    let mut placed = landed.clone();
    for (entity, table) in &mut placed.tables {
        let TableData::Memory(memory) = table.data.clone() else { unreachable!("in memory") };
        let rows: Vec<u32> = (0..memory.rows as u32).collect();
        let files = rows.chunks(500).enumerate().map(|(number, rows)| {
            let path = format!("/lake/{entity} {number}");
            let file = PinnedFile { path: path.clone(), bytes: 1, rows: rows.len() as u64 };
            drawer.files.lock().unwrap().insert(path, Arc::new(memory.taken(rows)));
            file
        });
        table.data = TableData::Files(files.collect());
    }
    let work: Vec<(&Kpi, Grain)> = project.kpis.values().map(|kpi| (kpi, kpi.period)).collect();
    let at = project.calendar.bounds(project.calendar.parse("2026-01").unwrap()).unwrap().start;
    let plan = derive::plan(&work, &project, &landed, at, &watermarks(&project, &landed)).unwrap().unwrap();
    let expected = derive::by_reference(&plan, &landed).unwrap();
    for buckets in [1, 2, 7] {
        let found = derive::in_buckets(&plan, &landed, Some(buckets)).unwrap();
        assert!(found.tables.keys().eq(expected.tables.keys()));
        for (id, table) in &expected.tables {
            let columns: Vec<&str> = table.columns.iter().map(|column| column.name.as_str()).collect();
            assert_eq!(
                sorted(&found.tables[id], &columns),
                sorted(table, &columns),
                "{buckets} buckets, {id}"
            );
        }
    }
    let mut portions = BTreeSet::new();
    for memory_bytes in [1 << 30, 700_000, 400_000, 150_000, 70_000] {
        let watched = Watched { drawer: &drawer, most: std::sync::Mutex::default() };
        drawer.shelf.0.lock().unwrap().clear();
        let keeping = Keeping { slice_rows: 300, ..Keeping::default() };
        let limits = Limits { memory_bytes, ..Limits::default() };
        let kept = Kept::new(&watched, &drawer.shelf).keeping(keeping);
        let found = now(kept.made(&plan, &placed, &limits)).unwrap();
        let made = PinnedInputs { tables: found.tables, ..placed.clone() };
        let opened = drawer.all(&made).unwrap();
        assert!(opened.tables.keys().eq(expected.tables.keys()));
        for (id, table) in &expected.tables {
            let columns: Vec<&str> =
                opened.tables[id].columns.iter().map(|column| column.name.as_str()).collect();
            assert_eq!(sorted(&opened.tables[id], &columns), sorted(table, &columns), "{memory_bytes} {id}");
        }
        let most = *watched.most.lock().unwrap();
        let of: Vec<u64> = kept
            .remade()
            .into_iter()
            .map(|how| if let Remade::InPortions(of) = how { of } else { 1 })
            .collect();
        let largest = of.iter().copied().max().unwrap();
        // Visits are nearly all there is to read: no more of them were in memory than fall into a portion, or lie in a file or a slice.
        if largest > 1 {
            assert!(
                most <= (6_000 / largest as usize * 2).max(1_500),
                "{most} rows in memory of {largest} portions"
            );
        } else {
            assert_eq!(most, 6_000);
        }
        portions.insert(largest);
        // For once: the same rows, in as many portions, and nothing is left that anybody would look for.
        let passing = drawer.shelf.0.lock().unwrap().clone();
        drawer.shelf.0.lock().unwrap().clear();
        let once = Kept::for_once(&watched, &drawer.shelf).keeping(keeping);
        let made = PinnedInputs {
            tables: now(once.made(&plan, &placed, &limits)).unwrap().tables,
            ..placed.clone()
        };
        let opened = drawer.all(&made).unwrap();
        for (id, table) in &expected.tables {
            let columns: Vec<&str> = opened.tables[id].columns.iter().map(|of| of.name.as_str()).collect();
            assert_eq!(sorted(&opened.tables[id], &columns), sorted(table, &columns), "{memory_bytes} {id}");
        }
        assert_eq!(once.remade(), kept.remade());
        assert_eq!(drawer.shelf.0.lock().unwrap().is_empty(), largest == 1);
        *drawer.shelf.0.lock().unwrap() = passing;
        // It is kept like what was made at once.
        let again = Kept::new(&watched, &drawer.shelf).keeping(keeping);
        now(again.made(&plan, &placed, &limits)).unwrap();
        assert!(again.remade().iter().all(|how| *how == Remade::Nothing), "{:?}", again.remade());
    }
    assert!(portions.len() >= 4 && portions.contains(&1), "{portions:?}");
}
