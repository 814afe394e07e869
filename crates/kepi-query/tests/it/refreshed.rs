//! A run that finishes only what has changed gives the values that a run gives which finishes all of them.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use kepi_model::{calendar::Grain, id::EntityId, project::Kpi};
use kepi_query::{
    finish::{AtGrain, Context, MeasuredScan},
    kept::{Finishing, Keeping, Kept, reads_scan},
    port::{Limits, MemoryColumn, MemoryTable, PinnedFile, PinnedInputs, PinnedTable, TableData},
    reach::watermarks,
    reference, scans,
    value::Value,
};
use kepi_testkit::{
    arbitrary::{Chance, split},
    definitions::case,
    kept::{Drawer, together},
    road::{SECRET, number},
};

use crate::kept::now;

/// Tables whose rows come and go by files.
struct World {
    inputs: PinnedInputs,
    /// Files of the calls that are there, and all that there could be.
    there: Vec<(String, Arc<MemoryTable>)>,
    parts: Vec<Arc<MemoryTable>>,
    written: u64,
    drawer: Drawer,
}

fn calls() -> EntityId {
    "call".parse().unwrap()
}

fn rows(table: &PinnedTable) -> Arc<MemoryTable> {
    let TableData::Memory(memory) = &table.data else { panic!("in memory") };
    Arc::clone(memory)
}

impl World {
    fn new(inputs: &PinnedInputs, seed: u64) -> Self {
        let parts = split(inputs, 6, seed).iter().map(|part| rows(&part.tables[&calls()])).collect();
        Self { inputs: inputs.clone(), there: vec![], parts, written: 0, drawer: Drawer::default() }
    }

    fn put(&mut self, rows: Arc<MemoryTable>) {
        self.written += 1;
        self.there.push((format!("calls {}.parquet", self.written), rows));
    }

    fn change(&mut self, chance: &mut Chance) {
        let rows = Arc::clone(chance.pick(&self.parts));
        let all: Vec<u32> = (0..rows.rows as u32).collect();
        match chance.below(6) {
            0..=2 if self.there.len() < 8 => {
                // A day's rows are few, and of some days.
                let few = all.iter().copied().filter(|_| chance.once_in(8)).collect::<Vec<_>>();
                self.put(Arc::new(rows.taken(if chance.once_in(2) { &few } else { &all })));
            }
            3 if !self.there.is_empty() => {
                self.there.remove(chance.below(self.there.len()));
            }
            4 if !self.there.is_empty() => {
                // Some rows are superseded, which makes another file of it.
                let (_, rows) = self.there.remove(chance.below(self.there.len()));
                let stay: Vec<u32> = (0..rows.rows as u32).filter(|_| !chance.once_in(6)).collect();
                self.put(Arc::new(rows.taken(&stay)));
            }
            _ => {}
        }
    }

    /// As they stand: in files, and in memory.
    fn stands(&self) -> (PinnedInputs, PinnedInputs) {
        let (mut files, mut memory) = (self.inputs.clone(), self.inputs.clone());
        for (entity, table) in &self.inputs.tables {
            let of = match *entity == calls() {
                true => self.there.clone(),
                false => vec![(format!("{entity}.parquet"), rows(table))],
            };
            let all: Vec<&MemoryTable> = of.iter().map(|(_, rows)| rows.as_ref()).collect();
            let all = together(&all, &table.columns);
            let mut columns = table.columns.clone();
            for (column, values) in columns.iter_mut().zip(&all.columns) {
                let (MemoryColumn::Integer(values) | MemoryColumn::Instant(values)) = values else {
                    continue;
                };
                let known = || values.iter().copied().flatten();
                column.bounds = known().min().zip(known().max());
                column.is_empty = column.bounds.is_none();
            }
            let placed = of.iter().map(|(name, rows)| {
                let path = format!("/lake/{name}");
                self.drawer.files.lock().unwrap().insert(path.clone(), Arc::clone(rows));
                PinnedFile::whole(path, 1, rows.rows as u64)
            });
            let data = TableData::Files(placed.collect());
            files
                .tables
                .insert(entity.clone(), PinnedTable { columns: columns.clone(), data, ..table.clone() });
            let data = TableData::Memory(Arc::new(all));
            memory.tables.insert(entity.clone(), PinnedTable { columns, data, ..table.clone() });
        }
        (files, memory)
    }
}

#[test]
fn what_is_finished_again_never_shows() {
    let (first, count) = (number("KEPI_SEED", 0), number("KEPI_COUNT", 240));
    let limits = Limits::default();
    let (mut done, mut seed) = (0, first);
    let (mut taken, mut anew, mut from_states, mut without_states, mut failed) = (0, 0, 0, 0, 0);
    while done < count {
        let case = case(seed);
        if !case.inputs.tables.contains_key(&calls()) {
            seed += 1;
            continue;
        }
        let mut chance = Chance::new(seed ^ 0xF1_1157);
        let mut world = World::new(&case.inputs, seed);
        let mut project = case.project.clone();
        // Some look beyond their periods, so that states are read; without them none are.
        if chance.once_in(2) {
            project.kpis.retain(|id, _| id.as_str().starts_with("simple"));
        }
        let grains = |kpi: &Kpi| BTreeSet::from([kpi.period, Grain::Year]);
        let items: Vec<(&Kpi, Grain)> =
            project.kpis.values().flat_map(|kpi| grains(kpi).into_iter().map(move |of| (kpi, of))).collect();
        let keeping = Keeping { part_rows: 1, days: *chance.pick(&[1, 3, 28]), ..Keeping::default() };
        let parts = world.parts.clone();
        parts.into_iter().take(chance.below(6)).for_each(|rows| world.put(rows));
        for step in 0..12 {
            let (files, memory) = world.stands();
            let reach = watermarks(&project, &files);
            let kpis = || project.kpis.values();
            let plans = scans::plan(kpis(), &project, &files).unwrap();
            assert_eq!(plans, scans::plan(kpis(), &project, &memory).unwrap());
            let kept = Kept::new(&world.drawer, &world.drawer.shelf).keeping(keeping);
            let (mut measured, mut expected) = (Vec::new(), Vec::new());
            let mut found: BTreeMap<usize, Vec<Value>> = BTreeMap::new();
            let mut is_whole = true;
            for plan in &plans {
                let own: Vec<usize> = (0..items.len()).filter(|at| reads_scan(items[*at].0, plan)).collect();
                let of: Vec<(&Kpi, Grain)> = own.iter().map(|at| items[*at]).collect();
                let finishing = Finishing { project: &project, secret: &SECRET, watermarks: &reach };
                let refreshed = now(kept.refreshed(finishing, (plan, &of), &files, &limits));
                let all = reference::measure(plan, &memory, &limits);
                assert_eq!(refreshed.is_ok(), all.is_ok(), "seed {seed} step {step}");
                let (Ok(refreshed), Ok(all)) = (refreshed, all) else {
                    is_whole = false;
                    failed += 1;
                    continue;
                };
                let values = refreshed.values.into_iter().zip(&own);
                let values: Vec<(usize, Vec<Value>)> =
                    values.filter_map(|(values, at)| Some((*at, values?))).collect();
                let number = values.iter().map(|(_, values)| values.len()).sum::<usize>();
                anew += refreshed.anew;
                taken += number - refreshed.anew;
                found.extend(values);
                match refreshed.measured {
                    Some(measured_of) => {
                        from_states += 1;
                        assert_eq!(measured_of, all, "seed {seed} step {step}");
                        measured.push(MeasuredScan { plan: plan.clone(), measured: measured_of });
                    }
                    None => without_states += 1,
                }
                expected.push(MeasuredScan { plan: plan.clone(), measured: all });
            }
            if is_whole {
                let values = |scans: &[MeasuredScan], (kpi, grain): (&Kpi, Grain)| {
                    let context =
                        Context { project: &project, scans, secret: &SECRET, watermarks: &reach, threads: 1 };
                    AtGrain::new(context, grain).unwrap().values(kpi).unwrap()
                };
                for (at, item) in items.iter().enumerate() {
                    let own = found.remove(&at).unwrap_or_else(|| values(&measured, *item));
                    let all = values(&expected, *item);
                    let what = format!("seed {seed} step {step} {} by {:?}", item.0.id, item.1);
                    assert_eq!(format!("{own:#?}"), format!("{all:#?}"), "{what}\n{}", item.0.text);
                }
            }
            if chance.once_in(4) {
                kept.tidy();
            }
            world.change(&mut chance);
            if chance.once_in(12) {
                world.drawer.shelf.damage(&mut chance);
            }
            done += 1;
        }
        seed += 1;
    }
    println!(
        "values: {done} changes, equal all: {taken} taken as they were, {anew} finished anew; scans: {without_states} without their states, {from_states} with them, {failed} failed"
    );
    assert!(taken > anew / 4 && anew > 1_000, "{taken} and {anew} of {done}");
    assert!(without_states > done / 10, "{without_states} and {from_states} of {done}");
}
