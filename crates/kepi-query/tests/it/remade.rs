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
    /// Whether days pass at each change.
    passes: bool,
    did: BTreeMap<&'static str, u64>,
}

impl Business {
    fn new(seed: u64) -> Self {
        let (project, landed, at, _) = worked::traceable();
        Self::of(seed, project, landed, at)
    }

    /// One whose tickets, with their versions, are tied by whose they are, by their own number and by what refers to them.
    fn desk(seed: u64) -> Self {
        let project = kepi_testkit::tables::project(DESK);
        let read = |text: &str| kepi_testkit::tables::table(&project.calendar, text);
        let landed = kepi_testkit::tables::inputs(vec![
            (
                "client",
                read(
                    "id:text created_at:instant parent:text
                     a1 2026-01-10 -
                     a2 2026-01-20 a1
                     a3 2026-02-05 a1
                     a4 2026-02-20 a3
                     a5 2026-03-01 -
                     a6 2026-03-02 a5
                     a7 - a6",
                ),
            ),
            (
                "claim",
                read(
                    "id:text account:text opened_at:instant status:text cost:integer follows:text mail:text
                     t1 a1 2026-01-12 open 4 - a1
                     t2 a1 2026-02-12 solved 7 t1 A1
                     t3 a2 2026-01-28 open 1 - A2
                     t4 a3 2026-03-02 solved 3 t2 a2
                     t5 a5 2026-03-09 open 9 - -
                     t6 - 2026-03-09 open 2 t5 A5",
                ),
            ),
            (
                "message",
                read(
                    "id:text at:instant ticket:text words:integer account:text payer:text refers:text
                     m1 2026-01-13 t1 4 a1 a2 T1
                     m2 2026-01-14 t1 9 a1 - t1
                     m3 2026-02-20 t2 5 a2 a7 T1
                     m4 2026-02-27 t3 1 - a9 -
                     m5 2026-03-03 t4 8 a3 a1 T4
                     m6 2026-03-11 t5 6 a5 a3 T4
                     m7 2026-03-12 t9 6 a1 a1 T9
                     m8 2026-03-12 - 7 a9 - T2",
                ),
            ),
            (
                "call",
                read(
                    "number:integer account:text at:instant line:integer
                     1 a1 2026-01-13 3
                     2 a2 2026-01-14 4
                     3 a1 2026-02-20 3
                     4 - 2026-02-27 4
                     5 a3 2026-03-03 -
                     6 a1 2026-03-11 3",
                ),
            ),
        ]);
        let at = project.calendar.bounds(project.calendar.parse("2026-04").unwrap()).unwrap().start;
        Self::of(seed, project, landed, at)
    }

    /// One whose days pass: panels by week, day, month and several months, stages that are left at dates to come, in other zones and calendars.
    fn yard(seed: u64) -> Self {
        let (zone, weeks) = [
            ("UTC", ""),
            ("America/New_York", "calendar: {weeks: 4-4-5}"),
            ("Asia/Kolkata", "week_start: sunday"),
        ][seed as usize % 3];
        let text = YARD.replace("time_zone: UTC", &format!("time_zone: {zone}\n{weeks}"));
        let project = kepi_testkit::tables::project(&text);
        let read = |text: &str| kepi_testkit::tables::table(&project.calendar, text);
        let landed = kepi_testkit::tables::inputs(vec![
            (
                "client",
                read(
                    "id:text created_at:instant closed_at:instant parent:text
                     a1 2026-01-02 - -
                     a2 2026-01-20 2026-03-15 a1
                     a3 2026-02-05 - a1
                     a4 2026-02-20 - a3
                     a5 2026-03-01 2026-09-01 -",
                ),
            ),
            (
                "claim",
                read(
                    "id:text account:text opened_at:instant due_at:instant cost:integer
                     t1 a1 2026-01-12 2026-02-01 4
                     t2 a1 2026-02-12 2026-04-20 7
                     t3 a2 2026-01-28 2026-03-01 1
                     t4 a3 2026-03-02 2026-05-02 3
                     t5 a5 2026-03-09 2026-03-30 9
                     t6 - 2026-03-09 - 2",
                ),
            ),
        ]);
        let at = project.calendar.bounds(project.calendar.parse("2026-04-01").unwrap()).unwrap().start;
        Self { passes: true, ..Self::of(seed, project, landed, at) }
    }

    /// Some days pass, and something is claimed on the last.
    fn pass(&mut self) {
        let days = *self.chance.pick(&[0, 0, 1, 1, 1, 2, 7, 7, 31, 40]);
        if days == 0 {
            return;
        }
        self.at += days * DAY;
        let entity: EntityId = "claim".parse().unwrap();
        if let Some(row) = self.some_row(&entity) {
            let mut rows = self.like(&entity, row, true);
            let dated = self.tables[&entity].columns.iter().position(|column| column.name == "opened_at");
            rows.columns[dated.unwrap()] = MemoryColumn::Instant(vec![Some(self.at - 1 - DAY / 3)]);
            self.put(&entity, rows);
        }
        if self.chance.once_in(2) {
            // Rows whose dates pass stand in another file than before, as they were.
            self.merge_some(&entity);
        }
        *self.did.entry("days").or_default() += 1;
    }

    fn of(seed: u64, project: Project, landed: PinnedInputs, at: i64) -> Self {
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
            // In two files, so that one may be written anew beside the other.
            let all: Vec<u32> = (0..rows.rows as u32).collect();
            let halves = all.chunks(all.len().div_ceil(2).max(1)).enumerate();
            let first = halves.map(|(half, of)| (format!("{entity} first {half}"), Arc::new(rows.taken(of))));
            files.insert(entity.clone(), first.collect());
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
            passes: false,
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
                PinnedFile::whole(path, 1, rows.rows as u64)
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
                match values {
                    MemoryColumn::Integer(values) if is_new => values[0] = Some(1_000 + self.written as i64),
                    _ if is_new => {
                        let key = format!("n{}", self.written);
                        *values = MemoryColumn::Text([Some(key)].into_iter().collect());
                    }
                    _ => {}
                }
                continue;
            }
            if name.starts_with('_') || self.chance.once_in(2) {
                continue;
            }
            let chance = &mut self.chance;
            match values {
                MemoryColumn::Text(values) if name == "mail" => {
                    let mail = format!("{}{}", chance.pick(&["a", "A"]), 1 + chance.below(7));
                    *values = [(!chance.once_in(6)).then_some(mail)].into_iter().collect();
                }
                MemoryColumn::Text(values)
                    if ["account", "referred_by", "parent", "payer"].contains(&name) =>
                {
                    let whose = format!("a{}", 1 + chance.below(7));
                    *values = [(!chance.once_in(6)).then_some(whose)].into_iter().collect();
                }
                MemoryColumn::Text(values) if ["ticket", "follows"].contains(&name) => {
                    let which = format!("t{}", 1 + chance.below(7));
                    *values = [(!chance.once_in(6)).then_some(which)].into_iter().collect();
                }
                MemoryColumn::Text(values) if name == "refers" => {
                    let which = format!("{}{}", chance.pick(&["t", "T"]), 1 + chance.below(7));
                    *values = [(!chance.once_in(6)).then_some(which)].into_iter().collect();
                }
                MemoryColumn::Text(values) if name == "status" => {
                    let status = *chance.pick(&["open", "solved"]);
                    *values = [Some(status.to_owned())].into_iter().collect();
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
        if self.passes {
            self.pass();
        }
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
                    let entity = entity.parse().unwrap();
                    if self.tables.contains_key(&entity) {
                        self.correct(&entity);
                    }
                }
                "looked up"
            }
            12 => {
                self.delete(&entity);
                "deleted"
            }
            13 => {
                self.merge(&entity);
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

    /// All rows of a table stand in one new file.
    fn merge(&mut self, entity: &EntityId) {
        self.merge_those(entity, |_| true);
    }

    /// The rows of some files of a table stand in one new file.
    fn merge_some(&mut self, entity: &EntityId) {
        let which: Vec<bool> = self.files[entity].iter().map(|_| self.chance.once_in(3)).collect();
        self.merge_those(entity, |at| which[at]);
    }

    fn merge_those(&mut self, entity: &EntityId, which: impl Fn(usize) -> bool) {
        let columns = self.tables[entity].columns.clone();
        let files = std::mem::take(self.files.get_mut(entity).unwrap());
        let (merged, stay): (Vec<_>, Vec<_>) = files.into_iter().enumerate().partition(|(at, _)| which(*at));
        self.files.get_mut(entity).unwrap().extend(stay.into_iter().map(|(_, file)| file));
        let merged: Vec<&MemoryTable> = merged.iter().map(|(_, (_, rows))| rows.as_ref()).collect();
        if !merged.is_empty() {
            self.put(entity, together(&merged, &columns));
        }
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

/// How often what is made together was made how, over so many changes, and what was changed.
#[derive(Default)]
struct Tally {
    done: u64,
    nothing: u64,
    some: u64,
    part: u64,
    all: u64,
    /// Whole, where there was the least memory.
    beyond: u64,
    portions: u64,
    by_others: u64,
    did: BTreeMap<&'static str, u64>,
}

/// Changes businesses so many times, and holds what is made and kept against what is made of all rows.
fn changed(business: impl Fn(u64) -> Business, count: u64, memory: [u64; 3]) -> Tally {
    let first = number("KEPI_SEED", 0);
    let mut tally = Tally::default();
    let mut seed = first;
    while tally.done < count {
        let mut business = business(seed);
        let drawer = Drawer::default();
        let keeping = Keeping { slice_rows: *business.chance.pick(&[1, 10, 1 << 16]), ..Keeping::default() };
        for step in 0..if business.passes { 14 } else { 40 } {
            // With so little memory what is made of many rows is made in portions.
            let memory_bytes = *business.chance.pick(&memory);
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
            let elsewhere = (seed + step).is_multiple_of(3).then_some(&others as &dyn MakesPortions);
            let kept = Kept::new(&drawer, &drawer.shelf).keeping(keeping).made_by(elsewhere);
            let found = now(kept.made(&plan, &placed, &limits)).unwrap();
            let rest = |made: &derive::Derived| {
                (made.out_of_range.clone(), made.unmade.clone(), made.strays.clone())
            };
            assert_eq!(rest(&found), rest(&expected), "{said}");
            assert!(found.tables.keys().eq(expected.tables.keys()), "{said} {:?}", kept.remade());
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
                    Remade::Nothing => tally.nothing += 1,
                    Remade::Some { slices, of, .. } => {
                        tally.some += 1;
                        tally.part += u64::from(slices < of);
                    }
                    Remade::All => {
                        tally.all += 1;
                        tally.beyond += u64::from(memory_bytes == memory[2]);
                    }
                    Remade::InPortions(of) => {
                        assert!(elsewhere.is_some() || (of > 1 && memory_bytes < 1 << 30), "{said}");
                        tally.portions += 1;
                        tally.by_others += u64::from(elsewhere.is_some());
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
            tally.done += 1;
        }
        for (what, n) in business.did {
            *tally.did.entry(what).or_insert(0) += n;
        }
        seed += 1;
    }
    let Tally { done, nothing, some, part, all, beyond, portions, by_others, did } = &tally;
    println!(
        "states: {done} changes of a business, equal all: of what is made together {nothing} stayed, {some} were made anew by key ({part} in some slices only), {all} whole ({beyond} beyond memory), {portions} in portions ({by_others} by others); {did:?}"
    );
    tally
}

#[test]
fn what_is_made_and_kept_never_shows() {
    let Tally { done, nothing, some, part, all, beyond: _, portions, by_others, did } =
        changed(Business::new, number("KEPI_COUNT", 80), [1 << 30, 8_000, 3_000]);
    assert!(
        nothing > done
            && some * 4 > done
            && part * 5 > done
            && all > 0
            && portions * 12 > done
            && by_others > 3,
        "{nothing} {some} {part} {all} {portions} {by_others} of {done}"
    );
    assert!(did.len() >= 8, "{did:?}");
}

#[test]
fn versions_and_what_is_tied_by_several_columns_are_made_in_portions() {
    let Tally { done, some, beyond, portions, by_others, .. } =
        changed(Business::desk, number("KEPI_COUNT", 40), [1 << 30, 8_000, 2_500]);
    // With little memory nothing is made whole, unless it fits into it.
    assert!(
        some * 4 > done && portions * 6 > done && by_others > 4 && beyond * 20 <= portions,
        "{some} {beyond} {portions} {by_others} of {done}"
    );
}

#[test]
fn computed_subjects_unions_by_a_reference_and_several_references_are_made_in_portions() {
    let business = Business::desk(5);
    let (project, drawer) = (&business.project, Drawer::default());
    let (landed, placed) = (business.whole(), business.placed(&drawer));
    let all: [&[&str]; 15] = [
        &["of_box"],
        &["continued"],
        &["billed"],
        &["paid"],
        &["of_head"],
        &["of_turned"],
        &["told"],
        &["threads"],
        &["called"],
        &["of_line"],
        &["echoed"],
        &["hummed"],
        // Attributes of one table by several subjects are made one after the other.
        &["of_box", "of_head", "of_turned", "told"],
        &["called", "of_line"],
        // So is what looks up what is made of rows of other keys.
        &["followed_up"],
    ];
    for kpis in all {
        let of = |kpi: &&str| &project.kpis[&kpi.parse::<KpiId>().unwrap()];
        let work: Vec<(&Kpi, Grain)> = kpis.iter().map(of).map(|kpi| (kpi, kpi.period)).collect();
        let reach = watermarks(project, &landed);
        let plan = derive::plan(&work, project, &landed, business.at, &reach).unwrap().unwrap();
        let expected = derive::by_reference(&plan, &landed).unwrap();
        let same = |found: &PinnedInputs| {
            for (id, table) in &expected.tables {
                let columns: Vec<&str> = found.tables[id].columns.iter().map(|of| of.name.as_str()).collect();
                assert_eq!(sorted(&found.tables[id], &columns), sorted(table, &columns), "{kpis:?} {id}");
            }
        };
        for buckets in [1, 2, 7] {
            let found = derive::in_buckets(&plan, &landed, Some(buckets)).unwrap();
            same(&PinnedInputs { tables: found.tables, ..landed.clone() });
        }
        for memory_bytes in [1 << 30, 700] {
            drawer.shelf.0.lock().unwrap().clear();
            let limits = Limits { memory_bytes, ..Limits::default() };
            let kept = Kept::new(&drawer, &drawer.shelf);
            let found = now(kept.made(&plan, &placed, &limits)).unwrap();
            same(&drawer.all(&PinnedInputs { tables: found.tables, ..placed.clone() }).unwrap());
            let of = |how: &Remade| if let Remade::InPortions(of) = how { *of } else { 1 };
            let portions: Vec<u64> = kept.remade().iter().map(of).collect();
            assert!(portions.iter().all(|of| (*of > 1) == (memory_bytes < 1 << 30)), "{kpis:?} {portions:?}");
        }
    }
}

#[test]
fn days_that_pass_make_what_is_new() {
    let Tally { done, nothing, some, part, all, portions, by_others, .. } =
        changed(Business::yard, number("KEPI_COUNT", 42), [1 << 30, 1 << 30, 3_000]);
    // What is gathered of a panel's rows is made anew, and so is what was never made, or where most rows stand in other files.
    assert!(
        nothing > 3 && some * 2 > done && part * 2 > some && all < some && portions > 4 && by_others > 0,
        "{nothing} {some} {part} {all} {portions} {by_others} of {done}"
    );
}

const YARD: &str = r#"
project: yard
name: Yard
language: 1
time_zone: UTC
---
entity: client
name: Client
key: [id]
time: created_at
attributes:
  id: {type: text}
  created_at: {type: timestamp}
  closed_at: {type: timestamp}
  parent: {type: reference client}
  first_claim_at: {first: claim.opened_at}
  good_months: {count: client_month, where: opened > 0, from: created_at, within: 200 days}
---
entity: claim
name: Claim
key: [id]
time: opened_at
attributes:
  id: {type: text}
  account: {type: reference client}
  opened_at: {type: timestamp}
  due_at: {type: timestamp}
  cost: {type: integer}
  was_asking: {any: road, same: {account: client}, where: stage = 'asking', until: opened_at}
---
entity: road
name: Road
rows:
  of: client
  stages:
    asking: {enter: claim, exit: {of: claim, at: due_at}}
    paying: {enter: {of: claim, at: due_at, where: cost > 5}}
---
entity: client_month
name: Month of a client
rows: {every: month, of: client, from: created_at, until: closed_at}
attributes:
  opened: {count: claim}
---
entity: client_week
name: Week of a client
rows: {every: week, of: client, from: created_at, until: closed_at}
attributes:
  opened: {count: claim}
  before: {count: claim, ago: 1}
  long_before: {sum: claim.cost, ago: 3}
  soon: {any: claim, from: period_end, within: 10 days}
  stage: {last: road.stage, in_force: period_end}
  on_days: {days: claim, until: period_end, within: 60 days}
---
entity: client_day
name: Day of a client
rows: {every: day, of: client, from: created_at, until: closed_at, keep: opened > 0 or due > 0}
attributes:
  opened: {count: claim}
  due: {count: claim, dated: due_at}
---
entity: client_quarter
name: Three months of a client
rows: {every: month, of: client, from: first_claim_at, until: now, over: 3 months, where: parent is null}
attributes:
  opened: {count: claim}
---
kpi: regular
name: Regular
better: higher
measure: {mean: {of: client, value: good_months}}
period: month
---
kpi: asked
name: Asked
better: higher
measure: {share: {of: claim, which: was_asking}}
period: month
---
kpi: paying
name: Paying
better: higher
measure: {share: {of: road, which: stage = 'paying'}}
period: month
---
kpi: opened
name: Opened
better: higher
measure: {mean: {of: client_month, value: opened}}
period: month
by: [cohort, age]
---
kpi: in_weeks
name: In weeks
better: higher
measure: {mean: {of: client_week, value: "opened + before + coalesce(long_before, 0) + on_days"}}
period: week
---
kpi: soon
name: Soon
better: higher
measure: {share: {of: client_week, which: soon and stage = 'asking'}}
period: week
---
kpi: on_days
name: On days
better: higher
measure: {mean: {of: client_day, value: opened + due}}
period: day
---
kpi: in_quarters
name: In quarters
better: higher
measure: {mean: {of: client_quarter, value: opened}}
period: month
"#;

/// Tables in files that a drawer keeps: by name their columns, and the rows of each file, which never is another of that name.
type Filed<'a> = &'a [(&'a str, &'a str, &'a [(&'a str, &'a str)])];

/// Makes a table of a project, of tables in files and at the first day of a month or at a day, holds it against all of it row by row, and says in which files
/// how many rows of it are, and of what is made together by some keys how many keys, rows and files were made.
fn made_again(
    drawer: &Drawer,
    (project, made): (&Project, &str),
    filed: Filed<'_>,
    until: &str,
) -> (BTreeMap<String, u64>, Option<[u64; 3]>) {
    let table: EntityId = made.parse().unwrap();
    let read =
        |head: &str, rows: &str| kepi_testkit::tables::table(&project.calendar, &format!("{head}\n{rows}"));
    let whole = filed.iter().map(|(name, head, files)| {
        let rows: Vec<&str> = files.iter().map(|(_, rows)| *rows).collect();
        (*name, read(head, &rows.concat()))
    });
    let whole = kepi_testkit::tables::inputs(whole.collect());
    let mut placed = whole.clone();
    for (name, head, files) in filed {
        let file = |(file, rows): &(&str, &str)| {
            let TableData::Memory(rows) = read(head, rows).data else { unreachable!("in memory") };
            let file = PinnedFile::whole(format!("/lake/{file}"), 1, rows.rows as u64);
            drawer.files.lock().unwrap().insert(file.path.clone(), rows);
            file
        };
        let placed = placed.tables.get_mut(&name.parse().unwrap()).unwrap();
        placed.data = TableData::Files(files.iter().map(file).collect());
    }
    let work: Vec<(&Kpi, Grain)> = project.kpis.values().map(|kpi| (kpi, kpi.period)).collect();
    let at = project.calendar.bounds(project.calendar.parse(until).unwrap()).unwrap().start;
    let plan = derive::plan(&work, project, &whole, at, &watermarks(project, &whole)).unwrap().unwrap();
    let keeping = Keeping { slice_rows: 100, ..Keeping::default() };
    let kept = Kept::new(drawer, &drawer.shelf).keeping(keeping);
    let made = now(kept.made(&plan, &placed, &Limits::default())).unwrap().tables.remove(&table).unwrap();
    let TableData::Files(of) = &made.data else { panic!("in files") };
    let paths = of.iter().map(|file| (file.path.clone(), file.rows)).collect();
    let opened = drawer.all(&PinnedInputs { tables: [(table.clone(), made)].into(), ..placed }).unwrap();
    let expected = derive::by_reference(&plan, &whole).unwrap();
    let columns: Vec<&str> = opened.tables[&table].columns.iter().map(|of| of.name.as_str()).collect();
    assert_eq!(sorted(&opened.tables[&table], &columns), sorted(&expected.tables[&table], &columns));
    let some = kept.remade().into_iter().find_map(|how| match how {
        Remade::Some { keys, rows, slices, .. } => Some([keys as u64, rows, slices as u64]),
        _ => None,
    });
    (paths, some)
}

/// Sixty clients of half a year, each with a visit in some months.
fn sixty() -> (String, String) {
    let (mut clients, mut visits) = (String::new(), String::new());
    for client in 0..60 {
        clients.push_str(&format!("c{client} 2025-{:02}-05\n", 1 + client % 6));
        for month in [3, 7, 11, 12] {
            visits.push_str(&format!(
                "v{client}-{month} 2025-{month:02}-20 c{client} {client} p{}\n",
                client % 20
            ));
        }
    }
    (clients, visits)
}

#[test]
fn a_new_month_is_made_beside_the_months_that_are_there() {
    let soon = "  visits: {count: visit}\n  soon: {any: visit, from: period_end, within: 7 days}";
    let text = SHOP.replace("  visits: {count: visit}", soon).replace("visits > 0", "visits > 0 or soon");
    let project = kepi_testkit::tables::project(&text);
    let (clients, visits) = sixty();
    let drawer = Drawer::default();
    let run = |more: &[(&str, &str)], until: &str| {
        let visits = [&[("visits", visits.as_str())], more].concat();
        let filed: Filed<'_> = &[
            ("client", "id:text since:instant", &[("clients", &clients)]),
            ("visit", "id:text at:instant client:text paid:integer product:text", &visits),
        ];
        made_again(&drawer, (&project, "client_month"), filed, until)
    };
    // A client of the first month has twelve rows, one of the sixth seven: 95 of ten each.
    let (first, _) = run(&[], "2026-01");
    assert_eq!(first.values().sum::<u64>(), 570);
    assert!(first.len() > 4, "{first:?}");
    // Two came in January: of these all rows are made, eleven of the one who is there since February and nine of the one since April, of all others that of
    // January.
    let more = [("new", "n1 2026-01-03 c7 5 p1\nn2 2026-01-20 c9 6 p2\n")];
    let (second, some) = run(&more, "2026-02");
    assert_eq!(some, Some([2, 11 + 9 + 60, 2]));
    let stay = first.keys().filter(|path| second.contains_key(*path)).count();
    // One visit was within seven days of the end of December, so the slice with that month is another.
    assert_eq!(stay, first.len() - 1);
    assert_eq!(second.values().sum::<u64>(), 630);
    assert!(second.iter().any(|(path, rows)| *rows == 60 && !first.contains_key(path)), "{second:?}");
    // The data reach no further, so neither do the months.
    assert_eq!(run(&more, "2026-03"), (second, None));
    // What is gathered of the months of each client is made anew of those that are there, and the months are not.
    let good = "  since: {type: timestamp}\n  good: {count: client_month, where: visits > 0, from: since, within: 900 days}\n";
    let kpi = "---\nkpi: good\nname: Good\nbetter: higher\nmeasure: {mean: {of: client, value: good}}\nperiod: month\n";
    let text = text.replace("  since: {type: timestamp}\n", good) + kpi;
    let project = kepi_testkit::tables::project(&text);
    let drawer = Drawer::default();
    let run = |made: &str, more: &[(&str, &str)], until: &str| {
        let visits = [&[("visits", visits.as_str())], more].concat();
        let filed: Filed<'_> = &[
            ("client", "id:text since:instant", &[("clients", &clients)]),
            ("visit", "id:text at:instant client:text paid:integer product:text", &visits),
        ];
        made_again(&drawer, (&project, made), filed, until)
    };
    assert_eq!(run("client", &[], "2026-01").1, None);
    // Beside those of before the two clients themselves, of whom rows were made with their months, and all clients once more.
    assert_eq!(run("client", &more, "2026-02").1.map(|of| of[..2].to_vec()), Some(vec![2, 11 + 9 + 60 + 2]));
    assert_eq!(run("client_month", &more, "2026-02").1, None);
}

#[test]
fn a_looked_up_row_that_changed_makes_anew_who_looks_it_up() {
    let product =
        "entity: product\nattributes:\n  maker: {type: reference maker}\n  price: {type: integer}\n";
    let maker =
        "entity: maker\nname: Maker\nkey: [id]\nattributes:\n  id: {type: text}\n  factor: {type: integer}\n";
    let text = SHOP
        .replace(
            "  paid: {type: integer}\n",
            "  paid: {type: integer}\n  product: {type: reference product}\n",
        )
        .replace(
            "  paid: {sum: visit.paid, until: period_end}",
            "  paid: {sum: visit, value: paid * product.price * product.maker.factor, until: period_end}",
        )
        .replace("---\nentity: visit", &format!("---\n{product}---\n{maker}---\nentity: visit"));
    let project = kepi_testkit::tables::project(&text);
    let (clients, visits) = sixty();
    let products = |changed: usize, price: i64| {
        let row = |number: usize| {
            let price = if number == changed { price } else { 3 };
            format!("p{number} m{} {price}\n", number % 5)
        };
        (0..20).map(row).collect::<String>()
    };
    let drawer = Drawer::default();
    let run = |product: (&str, &str), maker: (&str, &str)| {
        let filed: Filed<'_> = &[
            ("client", "id:text since:instant", &[("clients", &clients)]),
            ("visit", "id:text at:instant client:text paid:integer product:text", &[("visits", &visits)]),
            ("product", "id:text maker:text price:integer", &[product]),
            ("maker", "id:text factor:integer", &[maker]),
        ];
        made_again(&drawer, (&project, "client_month"), filed, "2026-01").1
    };
    let (before, after) = (products(7, 3), products(7, 4));
    let (makers, dearer) = ("m0 1\nm1 1\nm2 1\nm3 1\nm4 1\n", "m0 1\nm1 1\nm2 2\nm3 1\nm4 1\n");
    assert_eq!(run(("products", &before), ("makers", makers)), None);
    // Clients 7, 27 and 47, of whom the second began in April: of them 11, 9 and 7 months.
    assert_eq!(run(("products 2", &after), ("makers", makers)).map(|of| [of[0], of[1]]), Some([3, 27]));
    // A maker has four products, each of three clients.
    assert_eq!(run(("products 2", &after), ("makers 2", dearer)).map(|of| of[0]), Some(12));
    // A product that nobody bought is nothing to anybody.
    let unsold = format!("{after}p99 m1 8\n");
    assert_eq!(run(("products 3", &unsold), ("makers 2", dearer)), Some([0, 0, 0]));
    // All makers: all clients, so that all is made at once.
    let all = "m0 3\nm1 3\nm2 3\nm3 3\nm4 3\n";
    assert_eq!(run(("products 3", &unsold), ("makers 3", all)), None);
}

#[test]
fn a_date_that_passes_in_a_file_written_anew_for_another_row_makes_its_stage_anew() {
    let (clients, _) = SHOP.split_once("entity: visit").unwrap();
    let project = kepi_testkit::tables::project(&format!("{clients}{STAY}"));
    let drawer = Drawer::default();
    let head = "id:text client:text entered_at:instant leaves_at:instant paid:integer";
    let client = |number: usize| format!("c{number} 2026-01-01\n");
    let stay = |number: usize, leaves: &str, paid: usize| {
        format!("s{number} c{number} 2026-01-{:02} {leaves} {paid}\n", 1 + number)
    };
    let clients: String = (0..20).map(client).collect();
    // The visits of two of them stand in a file of their own.
    let others: String =
        (0..20).filter(|number| ![3, 4].contains(number)).map(|number| stay(number, "-", 1)).collect();
    let file = |paid: usize| stay(3, "2026-02-10", 1) + &stay(4, "-", paid);
    let run = |name: &str, rows: &str, until: &str| {
        let filed: Filed<'_> = &[
            ("client", "id:text since:instant", &[("clients", &clients)]),
            ("visit", head, &[("others", &others), (name, rows)]),
        ];
        made_again(&drawer, (&project, "guest"), filed, until).1
    };
    assert_eq!(run("two", &file(1), "2026-02-01"), None);
    // Nothing landed and a day of departure passed: whose it is is made anew.
    assert_eq!(run("two", &file(1), "2026-02-11").map(|of| of[0]), Some(1));
    // Back to before it, and on again with the file written anew since the other row changed.
    assert_eq!(run("two", &file(1), "2026-02-05").map(|of| of[0]), Some(1));
    assert_eq!(run("two anew", &file(2), "2026-02-20").map(|of| of[0]), Some(2));
}

const STAY: &str = r#"entity: visit
name: Visit
key: [id]
time: entered_at
attributes:
  id: {type: text}
  client: {type: reference client}
  entered_at: {type: timestamp}
  leaves_at: {type: timestamp}
  paid: {type: integer}
---
entity: guest
name: Guest
rows:
  of: client
  stages:
    staying: {enter: {of: visit, where: paid > 0}, exit: {of: visit, at: leaves_at}}
---
kpi: guests
name: Guests
better: higher
measure: {share: {of: guest, which: stage = 'staying'}}
period: month
"#;

const DESK: &str = r#"
project: desk
name: Desk
language: 1
time_zone: UTC
---
entity: client
name: Client
key: [id]
time: created_at
attributes:
  id: {type: text}
  created_at: {type: timestamp}
  parent: {type: reference client}
  tickets: {count: claim, from: created_at, within: 90 days}
  most: {greatest: claim.replies, from: created_at, within: 90 days}
  followed_up: {count: claim, where: follows.earlier > 0, from: created_at, within: 90 days}
---
entity: claim
name: Claim
key: [id]
time: opened_at
attributes:
  id: {type: text}
  account: {type: reference client}
  opened_at: {type: timestamp}
  status: {type: text}
  cost: {type: integer}
  follows: {type: reference claim}
  mail: {type: text}
  box: {expression: lower(mail)}
  of_box: {count: claim, same: box, until: this, within: 90 days}
  replied: {sum: claim.replies, same: box, until: this, within: 90 days}
  head: {expression: "coalesce(account.parent, account)"}
  earlier: {count: claim, same: account, until: this}
  replies: {count: message, same: {id: ticket}, from: opened_at, within: 60 days}
  words: {sum: message.words, same: {id: ticket}, from: opened_at, within: 30 days}
  in_thread: {count: message, same: {id: thread}, from: opened_at, within: 90 days}
  was_followed: {any: claim, same: {id: follows}, from: opened_at, within: 60 days}
  of_head: {count: claim, same: head, until: this, within: 90 days}
  turned: {expression: "case when follows.status = 'open' then follows.account else account end"}
  of_turned: {count: claim, same: turned, until: this, within: 90 days}
  told_by: {count: message, same: {id: told}, from: opened_at, within: 90 days}
  led_by: {count: message, same: {id: led}, from: opened_at, within: 90 days}
  was_open: {any: claim_version, same: {id: id}, where: status = 'open', from: opened_at, within: 900 days}
---
entity: claim_version
name: Version of a claim
rows: {versions: claim}
---
entity: message
name: Message
key: [id]
time: at
attributes:
  id: {type: text}
  at: {type: timestamp}
  ticket: {type: reference claim}
  words: {type: integer}
  account: {type: reference client}
  payer: {type: reference client}
  pays: {expression: "case when words > 5 then payer else account end"}
  whose: {expression: ticket.account}
  thread: {expression: "coalesce(ticket.follows, ticket)"}
  whose_parent: {expression: ticket.account.parent}
  refers: {type: text}
  told: {expression: lower(refers)}
  led: {expression: "case when ticket.status = 'open' then ticket else ticket.follows end"}
  in_box: {expression: lower(ticket.mail)}
  payee: {expression: "case when words > 5 then ticket.account else payer end"}
  known_by: {expression: "case when ticket.status = 'open' then ticket.account else account end"}
---
entity: call
name: Call
key: [number]
time: at
attributes:
  number: {type: integer}
  account: {type: reference client}
  at: {type: timestamp}
  line: {type: integer}
  earlier: {count: call, same: account, until: this}
  of_line: {count: call, same: line, until: this}
---
entity: echo
name: Echo
rows: {union: [claim, {of: message, set: {account: ticket.account.parent}}]}
attributes:
  account: {type: reference client}
  continues: {any: echo, same: account, until: this, within: 20 days}
---
entity: hum
name: Hum
rows: {union: [{of: claim, set: {account: "coalesce(account.parent, follows.account)"}}, {of: message, set: {account: "case when words > 5 then ticket.account else payer end"}}]}
attributes:
  account: {type: reference client}
  continues: {any: hum, same: account, until: this, within: 40 days}
---
entity: word
name: Word
rows: {union: [claim, {of: message, set: {account: ticket.account}}]}
attributes:
  account: {type: reference client}
  continues: {any: word, same: account, until: this, within: 20 days}
---
entity: bill
name: Bill
rows:
  of: client
  stages:
    due: {enter: {of: message, same: pays}}
    owed: {enter: {of: message, same: payee, where: ticket.cost > 3}}
    heard: {enter: {of: message, same: known_by}}
    known: {enter: {of: message, same: whose_parent}}
---
entity: payer_month
name: Month of a client who pays
rows: {every: month, of: client, from: created_at, until: now}
attributes:
  paid: {sum: message.words, same: {client: pays}}
  of_children: {count: message, same: {client: whose_parent}, until: period_end, within: 60 days}
  of_boxes: {count: message, same: {client: in_box}, until: period_end, within: 60 days}
  of_payee: {sum: message.words, same: {client: payee}, where: ticket.account.parent is not null, until: period_end, within: 60 days}
---
entity: road
name: Road
rows:
  of: client
  stages:
    asking: {enter: {of: message, same: whose, where: words > 3}}
    paying: {enter: {of: claim, where: cost > 5}, exit: {of: message, same: whose, where: ticket.status = 'solved'}}
---
entity: client_month
name: Month of a client
rows: {every: month, of: client, from: created_at, until: now}
attributes:
  heard: {count: message, same: {client: whose}}
  opened: {count: claim}
---
entity: team_month
name: Month of a client with those it refers
rows: {every: month, of: client, from: created_at, until: now}
attributes:
  told: {count: claim, same: {client: head}}
  opened: {count: claim}
---
kpi: continued
name: Continued
better: lower
measure: {share: {of: word, which: continues}}
period: month
---
kpi: followed_up
name: Followed up
better: lower
measure: {mean: {of: client, value: followed_up}}
period: month
---
kpi: of_head
name: Of the same head
better: lower
measure: {mean: {of: claim, value: of_head}}
period: month
---
kpi: of_turned
name: Of the same that it turned to
better: lower
measure: {mean: {of: claim, value: of_turned}}
period: month
---
kpi: told
name: Told
better: lower
measure: {mean: {of: claim, value: told_by + led_by + earlier}}
period: month
---
kpi: called
name: Called again
better: lower
measure: {mean: {of: call, value: earlier}}
period: month
---
kpi: of_line
name: Of the same line
better: lower
measure: {mean: {of: call, value: of_line}}
period: month
---
kpi: echoed
name: Echoed
better: lower
measure: {share: {of: echo, which: continues}}
period: month
---
kpi: hummed
name: Hummed
better: lower
measure: {share: {of: hum, which: continues}}
period: month
---
kpi: of_box
name: Of the same box
better: lower
measure: {mean: {of: claim, value: "of_box + coalesce(replied, 0)"}}
period: month
---
kpi: billed
name: Billed
better: lower
measure: {share: {of: bill, which: stage = 'due'}}
period: month
---
kpi: paid
name: Paid
better: lower
measure: {mean: {of: payer_month, value: "paid + of_children + of_boxes + coalesce(of_payee, 0)"}}
period: month
---
kpi: busy
name: Busy
better: lower
measure: {share: {of: client, which: most > 1}}
period: month
---
kpi: with_tickets
name: With tickets
better: lower
measure: {mean: {of: client, value: tickets}}
period: month
---
kpi: again
name: Again
better: lower
measure: {share: {of: claim, which: earlier > 0}}
period: month
---
kpi: words
name: Words
better: lower
measure: {mean: {of: claim, value: words + replies}}
period: month
---
kpi: followed
name: Followed
better: lower
measure: {share: {of: claim, which: was_followed}}
period: month
---
kpi: reopened
name: Reopened
better: lower
measure: {share: {of: claim, which: was_open}}
period: month
---
kpi: threads
name: Threads
better: lower
measure: {mean: {of: claim, value: in_thread}}
period: month
---
kpi: headed
name: Headed
better: lower
measure: {mean: {of: team_month, value: told + opened}}
period: month
---
kpi: paying
name: Paying
better: higher
measure: {share: {of: road, which: stage = 'paying'}}
period: month
---
kpi: heard
name: Heard
better: higher
measure: {mean: {of: client_month, value: heard + opened}}
period: month
"#;

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
  earlier: {count: visit, same: client, until: this}
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
---
kpi: returns
name: Returns
better: higher
measure: {share: {of: visit, which: earlier > 0}}
period: month
"#;

/// A drawer that says how many rows it gave to those who asked for some.
struct Watched<'a> {
    drawer: &'a Drawer,
    /// Of visits for what is made of clients, and for what is made of themselves.
    most: std::sync::Mutex<[usize; 2]>,
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
            let read = self.drawer.read(table, columns, only, limits).await?;
            // Texts that are in no row of them do not count.
            let rows = together(&[&read], columns);
            let is_key = columns.iter().any(|column| column.name == "id");
            let most = &mut self.most.lock().unwrap()[usize::from(is_key)];
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
        let row = |client: usize, from: &str, until: &str| {
            format!("v{visit} 2025-{month:02}-{day:02}+{} c{client} {paid} {from} {until}\n", visit % 1440)
        };
        if visit % 5 == 0 {
            // It was said to be of somebody else.
            visits.push_str(&row(chance.below(420), "-", "2026-01-01"));
            visits.push_str(&row(client, "2026-01-01", "-"));
        } else {
            visits.push_str(&row(client, "-", "-"));
        }
    }
    let of =
        |head: &str, rows: &str| kepi_testkit::tables::table(&project.calendar, &format!("{head}\n{rows}"));
    let landed = kepi_testkit::tables::inputs(vec![
        ("client", of("id:text since:instant", &clients)),
        (
            "visit",
            of("id:text at:instant client:text paid:integer _valid_from:instant _valid_to:instant", &visits),
        ),
    ]);
    let drawer = Drawer::default();
    let placed = drawer.placed(&landed, 500);
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
    for memory_bytes in [1 << 30, 700_000, 400_000, 200_000] {
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
        println!("{memory_bytes}: {of:?} portions, {most:?} rows at most");
        let largest = of.iter().copied().max().unwrap();
        // Visits are nearly all there is to read, a fifth of them of two versions that mostly belong to two: no more of them were in memory than fall
        // into a portion, or lie in a file or a slice.
        for (of, most) in of.iter().zip(most) {
            if *of > 1 {
                let portion = 7_200 / *of as usize;
                assert!(most <= (portion * 3).max(1_500), "{most} rows in memory of {of} portions");
            } else {
                assert_eq!(most, 7_200);
            }
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
