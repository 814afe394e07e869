//! States that are kept between runs, so that a run reads what has changed.
//!
//! The files of a table are read in parts: one large file, or some small ones. What was measured of a part is kept under names that say all it depends
//! on: of the part the names of its files, which are never written again; of the scan the engine with its version, zones, calendar, entity, time and
//! rule of versions; of a state what is added up and how the tables stand that it walks to; of a key the same. So nothing is ever out
//! of date: something that changed has another name, and is measured again. States merge exactly, so what is made of parts is, to the bit, what one
//! scan of all rows makes; where that is in doubt (too many cells, values out of range that may lie outside the plan's time), all rows are
//! read. A state that has too many different values to be kept is read anew of all rows, it alone.
//!
//! What values came to is kept, too (`finished`), under names that say in the same way which states they rest on.
//!
//! The shelf is a cache: what is missing, damaged or of another form is measured again.

mod cost;
mod edges;
mod finished;
mod form;
mod made;
mod name;
mod part;
mod portions;
mod record;
mod rows;

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{Mutex, PoisonError},
};

use kepi_model::id::Hash;

pub use cost::{Amount, Cost, Read, Why};
pub use finished::{Finishing, Refreshed, reads_scan};
pub use made::{Making, Remade};
use name::Asked;
use part::{FileId, Has, Part, Slice, dimensions, measured};
pub use portions::{MadePortion, MakesPortions, PortionsTask};

use crate::{
    merge::merge_on,
    parallel,
    plan::{ScanPlan, StateSpec},
    port::{EvaluateError, Evaluator, Limits, PinnedFile, PinnedInputs, PinnedTable, TableData},
    reference::check_columns,
    state::{Measured, StateTable},
};

/// Where states are kept: a cache of which anything may be missing.
pub trait Shelf: Send + Sync {
    /// Names of all that is there.
    fn names(&self) -> Vec<String>;
    /// The bytes under a name.
    fn read(&self, name: &str) -> Option<Vec<u8>>;
    /// The first bytes under a name, so many or all that there are.
    fn begin(&self, name: &str, bytes: usize) -> Option<Vec<u8>> {
        let mut all = self.read(name)?;
        all.truncate(bytes);
        Some(all)
    }
    /// Puts bytes under a name, in place of others. What cannot be kept is measured again.
    fn write(&self, name: &str, bytes: &[u8]);
    /// Forgets a name.
    fn remove(&self, name: &str);
    /// Where an evaluator finds the bytes under a name, as a file.
    fn path(&self, name: &str) -> String;
    /// An empty one beside it, which goes, with all that lies on it, when it is dropped.
    fn passing(&self) -> Box<dyn Shelf>;
    /// The hash of the bytes under a name.
    fn content(&self, name: &str) -> Option<Hash> {
        self.read(name).map(|bytes| Hash::of(&bytes))
    }
}

/// How much is kept together, and how much of it.
#[derive(Debug, Clone, Copy)]
pub struct Keeping {
    /// Rows that are read as one part, if their files are smaller.
    pub part_rows: u64,
    /// Different values of a state that are kept of a part, however few rows it has; of many rows one for every eight.
    pub few_values: usize,
    /// Rows that are made and lie in one file, on average at least.
    pub slice_rows: u64,
    /// Days of which values by day are kept together, and those of their weeks; of longer periods each is kept on its own.
    pub days: i32,
}

impl Default for Keeping {
    fn default() -> Self {
        Self { part_rows: 1 << 18, few_values: 1 << 16, slice_rows: 1 << 16, days: 28 }
    }
}

/// Parts of the same size that a whole table is read in, if its files are small.
const PARTS: u64 = 32;

/// An evaluator that reads only what is not kept.
pub struct Kept<'a> {
    evaluator: &'a dyn Evaluator,
    shelf: &'a dyn Shelf,
    /// Who makes portions of what is made by key; none: it is made here.
    elsewhere: Option<&'a dyn MakesPortions>,
    keeping: Keeping,
    /// Whether what is measured is kept, and what nobody needs forgotten.
    writes: bool,
    /// Whether the shelf is there for what does not fit into memory alone.
    passing: bool,
    /// What was asked for: how the names of it begin.
    used: Mutex<BTreeSet<String>>,
    costs: Mutex<Vec<Cost>>,
    remade: Mutex<Vec<Remade>>,
}

/// What is there, and what is to be read.
struct Work {
    /// Key sets that are part of no other.
    sets: Vec<Vec<usize>>,
    parts: Vec<Part>,
    reads: Vec<Reading>,
    /// States that are read of all rows.
    whole: Vec<usize>,
    /// What is kept of files that are there no more.
    gone: Vec<String>,
}

/// What is to be read of a part.
struct Reading {
    part: usize,
    files: Vec<PinnedFile>,
    /// States by position.
    states: Vec<usize>,
    sets: Vec<Vec<usize>>,
    why: Why,
}

impl<'a> Kept<'a> {
    /// What an evaluator measures, kept on a shelf.
    pub fn new(evaluator: &'a dyn Evaluator, shelf: &'a dyn Shelf) -> Self {
        let keeping = Keeping::default();
        let (used, costs, remade) = Default::default();
        Self { evaluator, shelf, elsewhere: None, keeping, writes: true, passing: false, used, costs, remade }
    }

    /// The same, which leaves the shelf as it is.
    pub fn only_reading(evaluator: &'a dyn Evaluator, shelf: &'a dyn Shelf) -> Self {
        Self { writes: false, ..Self::new(evaluator, shelf) }
    }

    /// The same for a [passing](Shelf::passing) shelf: what is made for once lies there only where it does not fit into memory.
    pub fn for_once(evaluator: &'a dyn Evaluator, shelf: &'a dyn Shelf) -> Self {
        Self { passing: true, ..Self::new(evaluator, shelf) }
    }

    /// The same; what is made by key is made by others, where there are some.
    #[must_use]
    pub fn made_by(self, elsewhere: Option<&'a dyn MakesPortions>) -> Self {
        Self { elsewhere, ..self }
    }

    /// The same, kept in other amounts.
    #[must_use]
    pub fn keeping(self, keeping: Keeping) -> Self {
        Self { keeping, ..self }
    }

    /// What was read for the plans measured so far.
    pub fn costs(&self) -> Vec<Cost> {
        self.costs.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// How what was made so far was made, one for what is made together.
    pub fn remade(&self) -> Vec<Remade> {
        self.remade.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// What would be read for a plan. Nothing is written or removed.
    pub fn cost(&self, plan: &ScanPlan, inputs: &PinnedInputs) -> Cost {
        let Some((asked, files)) = self.asked(plan, inputs) else { return Cost::of_all(plan, inputs) };
        let work = self.work(&asked, files, 1);
        Cost::of(&asked, &work, files)
    }

    /// Measures a plan, as the evaluator does, reading what is not kept.
    ///
    /// # Errors
    /// Those of the evaluator.
    pub async fn measure(
        &self,
        plan: &ScanPlan,
        inputs: &PinnedInputs,
        limits: &Limits,
    ) -> Result<Measured, EvaluateError> {
        check_columns(plan, inputs)?;
        let push = |cost: Cost| self.costs.lock().unwrap_or_else(PoisonError::into_inner).push(cost);
        if let Some((asked, files)) = self.asked(plan, inputs) {
            self.used.lock().unwrap_or_else(PoisonError::into_inner).insert(asked.prefix());
            let mut work = self.work(&asked, files, limits.threads);
            let cost = Cost::of(&asked, &work, files);
            // Whatever goes wrong with parts: the evaluator says what is right.
            if let Ok(Some(measured)) = self.in_parts(&asked, &mut work, inputs, limits).await {
                if self.writes {
                    work.gone.iter().for_each(|name| self.shelf.remove(name));
                }
                push(cost);
                return Ok(measured);
            }
        }
        push(Cost::of_all(plan, inputs));
        self.evaluator.measure(plan, inputs, limits).await
    }

    /// Forgets what was not asked for.
    pub fn tidy(&self) {
        let used = self.used.lock().unwrap_or_else(PoisonError::into_inner);
        for name in self.shelf.names() {
            if !used.iter().any(|prefix| name.starts_with(prefix)) {
                self.shelf.remove(&name);
            }
        }
    }

    /// The names of what a plan asks for; none where its rows are in no files.
    fn asked<'p>(
        &self,
        plan: &'p ScanPlan,
        inputs: &'p PinnedInputs,
    ) -> Option<(Asked<'p>, &'p [PinnedFile])> {
        let TableData::Files(files) = &inputs.tables.get(&plan.entity)?.data else { return None };
        let (Some(_), Some(_)) = (plan.edges.get(1), plan.key_sets.first()) else { return None };
        Some((Asked::of(plan, inputs, &self.evaluator.version()), files))
    }

    fn work(&self, asked: &Asked<'_>, files: &[PinnedFile], threads: usize) -> Work {
        let mut left: BTreeMap<FileId, &PinnedFile> = BTreeMap::new();
        left.extend(files.iter().filter(|file| file.rows > 0).map(|file| (FileId::of(file), file)));
        let mut work = Work {
            sets: maximal(&asked.plan.key_sets),
            parts: vec![],
            reads: vec![],
            whole: vec![],
            gone: vec![],
        };
        let prefix = asked.prefix();
        let mut beside = BTreeSet::new();
        let mut of_part: Vec<Vec<PinnedFile>> = Vec::new();
        let names = self.shelf.names().into_iter().filter(|name| name.starts_with(&prefix));
        let names: Vec<String> = names.collect();
        let parts = parallel::map(&names, threads, |name| form::decode(&asked.scan, &self.shelf.read(name)?));
        for (name, part) in names.into_iter().zip(parts) {
            match part {
                Some(part) if part.files.iter().all(|file| left.contains_key(file)) => {
                    let files = part.files.iter().filter_map(|file| left.remove(file).cloned());
                    of_part.push(files.collect());
                    work.parts.push(part);
                }
                part => {
                    beside.extend(part.into_iter().flat_map(|part| part.files));
                    work.gone.push(name);
                }
            }
        }
        let is_first = work.parts.is_empty() && beside.is_empty();
        let states = 0..asked.plan.states.len();
        let has = |part: &Part, state: usize, of: Has| {
            work.sets.iter().any(|set| part.has(asked, set, state) == of)
        };
        work.whole = states.clone().filter(|s| work.parts.iter().any(|p| has(p, *s, Has::TooMany))).collect();
        for (number, (part, files)) in work.parts.iter().zip(of_part).enumerate() {
            let wanted = states.clone().filter(|state| !work.whole.contains(state));
            let missing: Vec<usize> = wanted.filter(|state| has(part, *state, Has::Nothing)).collect();
            let lacks = |set: &&Vec<usize>| {
                missing.iter().any(|state| part.has(asked, set, *state) == Has::Nothing)
                    || !part.is_grouped(asked, set)
            };
            let sets: Vec<Vec<usize>> = work.sets.iter().filter(lacks).cloned().collect();
            if !sets.is_empty() {
                let stood = |(table, now): &(String, Hash)| {
                    part.tables.iter().any(|(known, then)| known == table && then != now)
                };
                let why = match asked.tables.iter().find(|table| stood(table)) {
                    Some((table, _)) => Why::Table(table.clone()),
                    None => Why::Definition,
                };
                work.reads.push(Reading { part: number, files, states: missing, sets, why });
            }
        }
        let wanted: Vec<usize> = states.filter(|state| !work.whole.contains(state)).collect();
        for (ids, files) in self.together(left, files) {
            let why = match ids.iter().any(|id| beside.contains(id)) {
                _ if is_first => Why::First,
                true => Why::Beside,
                false => Why::New,
            };
            work.parts.push(Part::new(ids));
            let part = work.parts.len() - 1;
            let (states, sets) = (wanted.clone(), work.sets.clone());
            work.reads.push(Reading { part, files, states, sets, why });
        }
        work
    }

    /// Some files of a table, those that are read as one part together.
    fn together(
        &self,
        some: BTreeMap<FileId, &PinnedFile>,
        of: &[PinnedFile],
    ) -> Vec<(Vec<FileId>, Vec<PinnedFile>)> {
        let all: u64 = of.iter().map(|file| file.rows).sum();
        let enough = self.keeping.part_rows.max(all / PARTS);
        let mut together: Vec<(Vec<FileId>, Vec<PinnedFile>)> = Vec::new();
        let mut rows = enough;
        for (id, file) in some {
            if rows >= enough {
                together.push(Default::default());
                rows = 0;
            }
            rows += id.rows;
            if let Some((ids, files)) = together.last_mut() {
                ids.push(id);
                files.push(file.clone());
            }
        }
        together
    }

    async fn in_parts(
        &self,
        asked: &Asked<'_>,
        work: &mut Work,
        inputs: &PinnedInputs,
        limits: &Limits,
    ) -> Result<Option<Measured>, EvaluateError> {
        let plan = asked.plan;
        for Reading { part, files, states, sets, .. } in &work.reads {
            let Some(part) = work.parts.get_mut(*part) else { return Ok(None) };
            let Some(name) = self.read(asked, part, (files, states, sets), inputs, limits).await? else {
                return Ok(None);
            };
            // What was damaged under this name is written anew: it is not gone.
            work.gone.retain(|gone| *gone != name);
        }
        let kept: Vec<usize> = (0..plan.states.len()).filter(|state| !work.whole.contains(state)).collect();
        let specs: Vec<StateSpec> =
            kept.iter().filter_map(|state| plan.states.get(*state)).cloned().collect();
        let whole = self.whole(asked, work, inputs, limits).await?;
        let mut tables = Vec::with_capacity(work.sets.len());
        for (position, set) in work.sets.iter().enumerate() {
            let of_parts = parallel::map(&work.parts, limits.threads, |part| part.table(asked, set, &kept));
            let of_parts = of_parts.into_iter().collect::<Option<Vec<_>>>();
            let (Some(of_parts), Some(keys)) = (of_parts, dimensions(set)) else { return Ok(None) };
            let of_parts: Vec<&StateTable> = of_parts.iter().collect();
            let Ok(mut merged) = merge_on(limits.threads, &of_parts, &specs, None, &keys) else {
                return Ok(None);
            };
            if let Some(whole) = &whole {
                let Some(table) = whole.tables.get(position) else { return Ok(None) };
                if !has_cells_of(&merged, table) {
                    return Ok(None);
                }
                merged.states.extend(table.states.iter().cloned());
                merged.states.sort_by_key(|(id, _)| plan.states.iter().position(|spec| spec.id == *id));
            }
            tables.push((set.clone(), merged));
        }
        let undated = work.parts.iter().map(|part| part.undated).sum();
        let Ok(Some(measured)) = measured(plan, &tables, undated, limits.threads) else { return Ok(None) };
        // The evaluator says which keys are too many.
        let fits = |table: &StateTable| table.buckets.len() as u64 <= limits.cells;
        Ok(measured.tables.iter().all(fits).then_some(measured))
    }

    /// Adds to a part states (by position) of key sets that are read of its files; returns its name.
    async fn read(
        &self,
        asked: &Asked<'_>,
        part: &mut Part,
        (files, states, sets): (&[PinnedFile], &[usize], &[Vec<usize>]),
        inputs: &PinnedInputs,
        limits: &Limits,
    ) -> Result<Option<String>, EvaluateError> {
        let plan = asked.plan;
        let Some(base) = inputs.tables.get(&plan.entity) else { return Ok(None) };
        let specs = states.iter().filter_map(|state| plan.states.get(*state)).cloned().collect();
        let (sub, before) = with_ends(plan, sets.to_vec(), specs);
        let mut of_part = inputs.clone();
        let data = TableData::Files(files.to_vec());
        of_part.tables.insert(plan.entity.clone(), PinnedTable { data, ..base.clone() });
        let found = self.evaluator.measure(&sub, &of_part, limits).await?;
        part.tidy(asked);
        part.undated = found.undated;
        part.tables.clone_from(&asked.tables);
        for (set, table) in sets.iter().zip(&found.tables) {
            let keys = set.iter().filter_map(|key| asked.keys.get(*key)).copied().collect();
            let names: Vec<Hash> =
                states.iter().filter_map(|state| asked.states.get(*state)).copied().collect();
            let Some(slice) = Slice::of(table, (keys, &names), &plan.edges, before) else {
                return Ok(None);
            };
            part.add(slice);
        }
        let name = format!("{}{}", asked.prefix(), part.name());
        if self.writes {
            self.shelf.write(&name, &form::encode(&asked.scan, part, self.keeping.few_values));
        }
        Ok(Some(name))
    }

    /// States that are read of all rows.
    async fn whole(
        &self,
        asked: &Asked<'_>,
        work: &Work,
        inputs: &PinnedInputs,
        limits: &Limits,
    ) -> Result<Option<Measured>, EvaluateError> {
        if work.whole.is_empty() {
            return Ok(None);
        }
        let states = work.whole.iter().filter_map(|state| asked.plan.states.get(*state)).cloned();
        let plan = ScanPlan { key_sets: work.sets.clone(), states: states.collect(), ..asked.plan.clone() };
        self.evaluator.measure(&plan, inputs, limits).await.map(Some)
    }
}

/// Whether two tables have the same cells, whatever their keys are called.
fn has_cells_of(table: &StateTable, other: &StateTable) -> bool {
    let same = table.keys.iter().zip(&other.keys);
    table.buckets == other.buckets
        && table.keys.len() == other.keys.len()
        && same.into_iter().all(|(a, b)| a.members == b.members && a.codes == b.codes)
}

/// The plan with other key sets and states, and with a bucket for all that is before its own ones and one for all that is after them: then it is known
/// whether another plan would find rows there. Says whether there is one before.
fn with_ends(plan: &ScanPlan, key_sets: Vec<Vec<usize>>, states: Vec<StateSpec>) -> (ScanPlan, bool) {
    let (first, last) = (plan.edges.first().copied(), plan.edges.last().copied());
    let before = first.filter(|first| *first > i64::MIN).map(|_| i64::MIN);
    let after = last.filter(|last| *last < i64::MAX).map(|_| i64::MAX);
    let edges = before.into_iter().chain(plan.edges.iter().copied()).chain(after).collect();
    (ScanPlan { edges, key_sets, states, ..plan.clone() }, before.is_some())
}

/// The key sets that are part of no other.
fn maximal(key_sets: &[Vec<usize>]) -> Vec<Vec<usize>> {
    let is_part = |a: &Vec<usize>, b: &Vec<usize>| a.iter().all(|key| b.contains(key));
    let mut found: Vec<Vec<usize>> = Vec::new();
    for set in key_sets {
        if !found.iter().any(|other| is_part(set, other)) {
            found.retain(|other| !is_part(other, set));
            found.push(set.clone());
        }
    }
    found
}
