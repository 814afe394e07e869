//! Values that are kept between runs, so that a run finishes those of periods in which something has changed.
//!
//! What is made of the rows of a period alone is kept by length of period and some periods together. The name says all that these values rest on: the
//! definitions of their KPIs, the calendar, the level of confidence, which of them are final, and for every bucket of their periods which parts have rows
//! there ([`super::part`]: the name of a part stands for what it holds). A run looks at the outlines of parts alone; for what has no name yet it
//! reads the parts that have rows there, and finishes these periods.
//!
//! Some of what is there does not follow from the rows of its own period: in which periods without rows there is a value. That is held against what has
//! to be there ([`Scan::holds_together`]), and where it differs, all is finished anew. So it is wherever a KPI looks beyond its period, where something
//! left the range of integers, or too much may be different to be told apart.

mod block;

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt::Write as _,
    ops::RangeInclusive,
    sync::{Mutex, PoisonError},
};

use kepi_model::{
    calendar::Grain,
    id::{DimensionId, EntityId, Hash},
    meaning,
    measure::Reading,
    project::{Kpi, Measure, Project},
};

use block::Block;

use super::{
    Amount, Cost, Kept, Read, Why, form, maximal,
    name::Asked,
    part::{FileId, Outline, Part, dimensions, measured},
};
use crate::{
    finish::{AtGrain, Context, FinishError, MOST_MEMBERS, MeasuredScan, units_of},
    lower::key_sets_of,
    measure::{Presence, kind_of},
    merge::merge_on,
    parallel,
    plan::ScanPlan,
    port::{EvaluateError, Limits, PinnedFile, PinnedInputs},
    reach,
    side::MAXIMUM_DAYS,
    state::{Measured, Member, StateColumn, StateTable, wire::Secret},
    value::{Finality, Value},
};

/// Counted up whenever the same states come to other values.
const FORM: u32 = 1;

/// What values are finished with, beside states.
#[derive(Debug, Clone, Copy)]
pub struct Finishing<'a> {
    /// The project.
    pub project: &'a Project,
    /// The lake's secret.
    pub secret: &'a Secret,
    /// Until when there are data, by base entity.
    pub watermarks: &'a BTreeMap<EntityId, i64>,
}

/// What a run knows of a scan.
#[derive(Debug)]
pub struct Refreshed {
    /// By KPI and length of period, as they were asked for: the values; none: they are to be finished from the states.
    pub values: Vec<Option<Vec<Value>>>,
    /// The states; none where all values are there.
    pub measured: Option<Measured>,
    /// How many values were finished anew.
    pub anew: usize,
}

/// A KPI and a length of period.
type Item<'a> = (&'a Kpi, Grain);

impl Kept<'_> {
    /// The values of KPIs that read a plan, all of those that do: what has not changed as it was finished before. Where they cannot be told period by
    /// period, the states.
    ///
    /// # Errors
    /// Those of the evaluator.
    pub async fn refreshed(
        &self,
        of: Finishing<'_>,
        (plan, items): (&ScanPlan, &[Item<'_>]),
        inputs: &PinnedInputs,
        limits: &Limits,
    ) -> Result<Refreshed, EvaluateError> {
        let mut found = Refreshed { values: vec![None; items.len()], measured: None, anew: 0 };
        let apart = apart(of.project, plan, items);
        let asked = self.asked(plan, inputs).filter(|_| self.writes && !apart.is_empty());
        let Some((asked, files)) = asked else {
            found.measured = Some(self.measure(plan, inputs, limits).await?);
            return Ok(found);
        };
        let own: Vec<Item<'_>> = apart.iter().filter_map(|place| items.get(*place)).copied().collect();
        let scan = Scan { kept: self, asked: &asked, of, items: &own, threads: limits.threads };
        // Whatever goes wrong with some of it: all states say what is right.
        let standing = self.standing(&asked, files, inputs, limits).await.ok().flatten();
        let mut values = standing.as_ref().and_then(|standing| scan.by_changes(standing));
        if let (Some(_), Some(standing), true) = (&values, &standing, own.len() == items.len()) {
            self.used.lock().unwrap_or_else(PoisonError::into_inner).insert(asked.prefix());
            self.costs.lock().unwrap_or_else(PoisonError::into_inner).push(standing.cost(&asked, files));
            standing.gone.iter().for_each(|name| self.shelf.remove(name));
        } else {
            let measured = self.measure(plan, inputs, limits).await?;
            let measured = MeasuredScan { plan: plan.clone(), measured };
            if values.is_none()
                && let Ok(Some(all)) = scan.all(&measured)
            {
                if is_exact(&measured.measured)
                    && let Ok(Some(standing)) = self.standing(&asked, files, inputs, limits).await
                {
                    scan.keep(&standing, &all.values);
                }
                values = Some(all);
            }
            if values.is_none() || own.len() < items.len() {
                found.measured = Some(measured.measured);
            }
        }
        if let Some(Values { values, anew }) = values {
            found.anew = anew;
            for (place, values) in apart.into_iter().zip(values) {
                if let Some(slot) = found.values.get_mut(place) {
                    *slot = Some(values);
                }
            }
        }
        Ok(found)
    }

    /// What there is of a plan, with what is new measured; none where more is to be read than new files.
    async fn standing(
        &self,
        asked: &Asked<'_>,
        files: &[PinnedFile],
        inputs: &PinnedInputs,
        limits: &Limits,
    ) -> Result<Option<Standing>, EvaluateError> {
        let plan = asked.plan;
        let sets = maximal(&plan.key_sets);
        let mut left: BTreeMap<FileId, &PinnedFile> = BTreeMap::new();
        left.extend(files.iter().filter(|file| file.rows > 0).map(|file| (FileId::of(file), file)));
        let mut standing = Standing { sets, parts: vec![], gone: vec![], read: Amount::default() };
        let prefix = asked.prefix();
        for name in self.shelf.names().into_iter().filter(|name| name.starts_with(&prefix)) {
            let outline = self.outline(&asked.scan, &name);
            let Some(outline) = outline.filter(|of| of.files.iter().all(|file| left.contains_key(file)))
            else {
                standing.gone.push(name);
                continue;
            };
            left.retain(|file, _| !outline.files.contains(file));
            standing.parts.push(Standing::part(name, outline, None));
        }
        let is_whole = standing.parts.iter_mut().all(|part| part.is_complete(asked, &standing.sets));
        if standing.parts.is_empty() || !is_whole {
            return Ok(None);
        }
        let states: Vec<usize> = (0..plan.states.len()).collect();
        for (ids, files) in self.together(left, files) {
            let mut part = Part::new(ids);
            let of = (&files[..], &states[..], &standing.sets[..]);
            let Some(name) = self.read(asked, &mut part, of, inputs, limits).await? else { return Ok(None) };
            // What was damaged under this name is written anew: it is not gone.
            standing.gone.retain(|gone| *gone != name);
            standing.read.add(Amount::of(&files));
            let mut part = Standing::part(name, part.outline(|_| true), Some(part));
            if !part.is_complete(asked, &standing.sets) {
                return Ok(None);
            }
            standing.parts.push(part);
        }
        Ok(standing.is_small(asked, limits).then_some(standing))
    }

    /// The outline of a part on the shelf.
    fn outline(&self, scan: &Hash, name: &str) -> Option<Outline> {
        let begin = self.shelf.begin(name, form::OUTLINE)?;
        let need = form::outline_bytes(&begin)?;
        let begin = if need > begin.len() { self.shelf.begin(name, need)? } else { begin };
        Some(form::outline(scan, &begin)?.0)
    }
}

/// What there is of a scan.
struct Standing {
    /// Key sets that are part of no other.
    sets: Vec<Vec<usize>>,
    parts: Vec<StandingPart>,
    /// What is kept of files that are there no more.
    gone: Vec<String>,
    /// What was read for it.
    read: Amount,
}

/// A part on the shelf.
struct StandingPart {
    /// Under which it is found.
    found: String,
    /// Which says what it holds.
    name: String,
    outline: Outline,
    /// In the buckets of the plan, where it has rows.
    buckets: Vec<u32>,
    /// By key set, how many cells.
    cells: Vec<u64>,
    /// Itself, where it was read.
    part: Option<Part>,
}

impl StandingPart {
    /// Whether it says all that is asked, and where it has rows.
    fn is_complete(&mut self, asked: &Asked<'_>, sets: &[Vec<usize>]) -> bool {
        let Some(slices) = self.outline.complete(asked, sets) else { return false };
        let Some(buckets) = slices.first().and_then(|slice| slice.buckets_in(&asked.plan.edges)) else {
            return false;
        };
        self.cells = slices.iter().map(|slice| slice.cells).collect();
        self.buckets = buckets;
        true
    }
}

impl Standing {
    fn part(found: String, outline: Outline, part: Option<Part>) -> StandingPart {
        StandingPart { found, name: outline.name(), outline, buckets: vec![], cells: vec![], part }
    }

    /// Whether no key set can have more cells than it may have, and no key more members, however few of them parts have in common.
    fn is_small(&self, asked: &Asked<'_>, limits: &Limits) -> bool {
        let cells = |set: usize| self.parts.iter().filter_map(|part| part.cells.get(set)).sum::<u64>();
        let members = |key: &Hash| {
            let slices = self.parts.iter().flat_map(|part| &part.outline.slices);
            let lists = slices.flat_map(|slice| &slice.keys).filter(|(own, ..)| own == key);
            let lists: BTreeMap<&Hash, u64> = lists.map(|(_, list, members)| (list, *members)).collect();
            lists.values().fold(0, |sum: u64, members| sum.saturating_add(*members))
        };
        (0..self.sets.len()).all(|set| cells(set) <= limits.cells)
            && asked.keys.iter().all(|key| members(key) <= MOST_MEMBERS as u64)
    }

    /// The parts that have rows in each bucket.
    fn by_bucket(&self) -> BTreeMap<u32, Vec<&str>> {
        let mut all: BTreeMap<u32, Vec<&str>> = BTreeMap::new();
        for part in &self.parts {
            part.buckets.iter().for_each(|bucket| all.entry(*bucket).or_default().push(&part.name));
        }
        all.values_mut().for_each(|names| names.sort_unstable());
        all
    }

    fn cost(&self, asked: &Asked<'_>, files: &[PinnedFile]) -> Cost {
        let states = asked.plan.states.iter().map(|spec| spec.id).collect();
        let read = Read { why: Why::New, amount: self.read, states };
        let reads = if self.read.files > 0 { vec![read] } else { vec![] };
        Cost { entity: asked.plan.entity.clone(), of: Amount::of(files), reads }
    }
}

/// The places of KPIs that are made of the rows of their periods alone, and of this scan alone.
fn apart(project: &Project, plan: &ScanPlan, items: &[Item<'_>]) -> Vec<usize> {
    let entity = project.entities.get(&plan.entity);
    if !entity.is_some_and(|of| of.rows.is_none() && of.screen.is_none()) {
        return Vec::new();
    }
    let mut apart: Vec<usize> = (0..items.len()).collect();
    // Of one that is computed of others these have to be, too.
    loop {
        let all: Vec<&Item<'_>> = apart.iter().filter_map(|place| items.get(*place)).collect();
        let still = |place: &usize| items.get(*place).is_some_and(|item| is_apart(plan, item, &all));
        let fewer: Vec<usize> = apart.iter().copied().filter(still).collect();
        if fewer.len() == apart.len() {
            return apart;
        }
        apart = fewer;
    }
}

/// Whether a KPI is made of the rows of its period alone, given that others are.
fn is_apart(plan: &ScanPlan, (kpi, grain): &Item<'_>, others: &[&Item<'_>]) -> bool {
    let is_known = |input: &Kpi| {
        others.iter().any(|(own, of)| own.id == input.id && own.wording == input.wording && of == grain)
    };
    let kind = kpi.measure.kind();
    let of_own_period = match &kpi.measure {
        Measure::Formula(_) | Measure::Composite(_) => {
            kind.inputs().iter().all(|input| input.ago.is_none() && is_known(&input.kpi))
        }
        Measure::Total(_)
        | Measure::Mean(_)
        | Measure::Share(_)
        | Measure::Quantile(_)
        | Measure::Nps(_)
        | Measure::Rating(_)
        | Measure::Duration(_)
        | Measure::Agreement(_)
        | Measure::Ratio(_) => kind.readings().iter().all(|of| is_of(of, kpi, plan)),
        Measure::Stock(_) | Measure::Entered(_) | Measure::Lifetime(_) => false,
    };
    of_own_period
        && !kpi.is_bounded()
        && kpi.over.is_none()
        && kpi.design.is_none()
        && kpi.bridged.is_empty()
        && kpi.made.is_empty()
        && !kpi.without_data.fills()
}

/// Whether rows that a KPI reads are those of a scan.
fn is_of(reading: &Reading<'_>, kpi: &Kpi, plan: &ScanPlan) -> bool {
    (&reading.rows.of, &reading.rows.at, kpi.as_of) == (&plan.entity, &plan.time, plan.as_of)
}

/// Whether a KPI, or one that it is computed of, reads the rows of a scan.
#[must_use]
pub fn reads_scan(kpi: &Kpi, plan: &ScanPlan) -> bool {
    // The rows of a panel are others for each length of period, in tables of their own.
    let is_panel = |of: &EntityId| {
        plan.entity.as_str().strip_prefix(of.as_str()).is_some_and(|rest| rest.starts_with("__"))
    };
    kpi.wordings().any(|kpi| {
        let kind = kpi.measure.kind();
        match kind.inputs().as_slice() {
            [] => kind.readings().iter().any(|of| is_of(of, kpi, plan) || is_panel(&of.rows.of)),
            inputs => inputs.iter().any(|input| reads_scan(&input.kpi, plan)),
        }
    })
}

/// Whether no state left its range.
fn is_exact(measured: &Measured) -> bool {
    let is_out = |(_, column): &(_, StateColumn)| matches!(column, StateColumn::OutOfRange { .. });
    measured.tables.iter().all(|table| !table.states.iter().any(is_out))
}

/// Periods that are kept together.
struct Chunk {
    name: String,
    ordinals: RangeInclusive<i32>,
    /// Buckets in which there are rows.
    buckets: Vec<u32>,
}

/// Values by item, and how many of them were finished anew.
struct Values {
    values: Vec<Vec<Value>>,
    anew: usize,
}

/// A scan with what is made of it.
struct Scan<'a> {
    kept: &'a Kept<'a>,
    asked: &'a Asked<'a>,
    of: Finishing<'a>,
    items: &'a [Item<'a>],
    threads: usize,
}

/// The items of a length of period, with their places, and its periods.
struct OfGrain<'a> {
    grain: Grain,
    items: Vec<(usize, &'a Kpi)>,
    chunks: Vec<Chunk>,
    /// The first and the last period with rows.
    ends: (i32, i32),
}

impl Scan<'_> {
    /// The values, of which those are finished anew that are not kept; none where they do not say all.
    fn by_changes(&self, standing: &Standing) -> Option<Values> {
        let mut found = Values { values: vec![Vec::new(); self.items.len()], anew: 0 };
        for of in self.grains(standing)? {
            self.of_grain(&of, standing, &mut found)?;
        }
        Some(found)
    }

    fn of_grain(&self, of: &OfGrain<'_>, standing: &Standing, found: &mut Values) -> Option<()> {
        let shelf = self.kept.shelf;
        let kept = parallel::map(&of.chunks, self.threads, |chunk| {
            Block::read(&chunk.name, shelf.read(&chunk.name)?).filter(|block| block.is_of(&of.items))
        });
        let new = of.chunks.iter().zip(&kept).filter(|(_, kept)| kept.is_none());
        let new: Vec<&Chunk> = new.map(|(chunk, _)| chunk).collect();
        let mut fresh: Vec<Vec<Value>> = vec![Vec::new(); of.items.len()];
        if !new.is_empty() {
            fresh = self.fresh(of, &new, standing)?;
            let is_of_new =
                |value: &Value| new.iter().any(|chunk| chunk.ordinals.contains(&value.period.ordinal));
            fresh.iter_mut().for_each(|values| values.retain(is_of_new));
            found.anew += fresh.iter().map(Vec::len).sum::<usize>();
            self.write(of, &new, &fresh.iter().map(Vec::as_slice).collect::<Vec<_>>());
        }
        let work: Vec<(usize, &Kpi, Mutex<Vec<Value>>)> = fresh
            .into_iter()
            .zip(&of.items)
            .enumerate()
            .map(|(at, (fresh, (_, kpi)))| (at, *kpi, Mutex::new(fresh)))
            .collect();
        let values = parallel::map(&work, self.threads, |(at, kpi, fresh)| {
            let fresh = std::mem::take(&mut *fresh.lock().unwrap_or_else(PoisonError::into_inner));
            self.together(of, (*at, kpi), &kept, fresh)
        });
        for ((place, _), values) in of.items.iter().zip(values) {
            if let Some(slot) = found.values.get_mut(*place) {
                *slot = values?;
            }
        }
        Some(())
    }

    /// All values of a KPI in order, some of them fresh; none where they are not all that there have to be.
    fn together(
        &self,
        of: &OfGrain<'_>,
        (at, kpi): (usize, &Kpi),
        kept: &[Option<Block>],
        fresh: Vec<Value>,
    ) -> Option<Vec<Value>> {
        let sets = key_sets_of(kpi);
        let number = kept.iter().flatten().map(|block| block.number(at)).sum::<usize>() + fresh.len();
        let mut all = Vec::with_capacity(number);
        let mut fresh = fresh.into_iter().peekable();
        let calendar = &self.of.project.calendar;
        for (place, set) in sets.iter().enumerate() {
            let begin = all.len();
            for (chunk, kept) in of.chunks.iter().zip(kept) {
                if let Some(block) = kept {
                    block.values((at, place), |ordinal| calendar.period(of.grain, ordinal), kpi, &mut all)?;
                }
                let is_next = |value: &Value| {
                    chunk.ordinals.contains(&value.period.ordinal) && value.segment.dimensions().eq(set)
                };
                all.extend(std::iter::from_fn(|| fresh.next_if(is_next)));
            }
            if !self.holds_together(of, kpi, set, all.get(begin..)?)? {
                return None;
            }
        }
        fresh.next().is_none().then_some(all)
    }

    /// Whether there are values of a key set in all periods in which there have to be, also in those without rows.
    fn holds_together(
        &self,
        of: &OfGrain<'_>,
        kpi: &Kpi,
        set: &[DimensionId],
        values: &[Value],
    ) -> Option<bool> {
        // It has one where what it is computed of has.
        if !kpi.measure.kind().inputs().is_empty() {
            return Some(true);
        }
        let periods = |of: &[&Value]| -> Vec<i32> { of.iter().map(|value| value.period.ordinal).collect() };
        let (first, end) = of.ends;
        let everywhere: Vec<i32> = (first..=end.max(self.last(of.grain, kpi)?.unwrap_or(end))).collect();
        let presence = kind_of(&kpi.measure).presence(kpi);
        if set.is_empty() {
            let all: Vec<&Value> = values.iter().collect();
            let (Some(one), Some(other)) = (all.first(), all.last()) else {
                return Some(presence != Presence::Everywhere);
            };
            let found = periods(&all);
            return Some(match presence {
                Presence::Everywhere => found == everywhere,
                // From the first period with rows of its own to the last, none is left out.
                _ => {
                    one.coverage.eligible > 0
                        && other.coverage.eligible > 0
                        && (one.period.ordinal..=other.period.ordinal).eq(found)
                }
            });
        }
        if presence != Presence::Everywhere {
            return Some(true);
        }
        let units = units_of(self.of.project, kpi, set);
        let mut of_units: BTreeMap<&Member, Vec<&Value>> = BTreeMap::new();
        for value in values {
            if let [(_, member)] = value.segment.0.as_slice()
                && units.contains(member)
            {
                of_units.entry(member).or_default().push(value);
            }
        }
        Some(of_units.values().all(|values| periods(values) == everywhere))
    }

    /// The last period that the data of a KPI reach; none if nobody knows.
    fn last(&self, grain: Grain, kpi: &Kpi) -> Option<Option<i32>> {
        let Some(until) = reach::data_until(kpi, self.of.watermarks) else { return Some(None) };
        let period = self.of.project.calendar.period_at(grain, until.saturating_sub(1)).ok()?;
        Some(Some(period.ordinal))
    }

    /// The values of some periods, by item, from the parts that have rows there; there may be others among them.
    fn fresh(&self, of: &OfGrain<'_>, new: &[&Chunk], standing: &Standing) -> Option<Vec<Vec<Value>>> {
        let plan = self.asked.plan;
        let wanted: BTreeSet<u32> = new.iter().flat_map(|chunk| &chunk.buckets).copied().collect();
        let some: Vec<Option<u32>> = (0..plan.edges.len().saturating_sub(1) as u32)
            .map(|b| wanted.contains(&b).then_some(b))
            .collect();
        let with_rows = standing.parts.iter().filter(|part| part.buckets.iter().any(|b| wanted.contains(b)));
        let with_rows: Vec<&StandingPart> = with_rows.collect();
        let states: Vec<usize> = (0..plan.states.len()).collect();
        let tables = parallel::map(&with_rows, self.threads, |part| -> Option<Vec<StateTable>> {
            let read;
            let part = match &part.part {
                Some(part) => part,
                None => {
                    read = form::decode(&self.asked.scan, &self.kept.shelf.read(&part.found)?)?;
                    &read
                }
            };
            standing.sets.iter().map(|set| part.table(self.asked, set, &states)).collect()
        });
        let tables: Vec<Vec<StateTable>> = tables.into_iter().collect::<Option<_>>()?;
        let mut merged = Vec::new();
        for (at, set) in standing.sets.iter().enumerate() {
            let of_set: Vec<&StateTable> = tables.iter().filter_map(|tables| tables.get(at)).collect();
            let table = merge_on(self.threads, &of_set, &plan.states, Some(&some), &dimensions(set)?).ok()?;
            merged.push((set.clone(), table));
        }
        let measured = measured(plan, &merged, 0, self.threads).ok()??;
        if !is_exact(&measured) {
            return None;
        }
        let scan = MeasuredScan { plan: plan.clone(), measured };
        let at = AtGrain::new(self.context(&scan), of.grain).ok()?;
        if !at.is_exact() {
            return None;
        }
        let values = parallel::map(&of.items, self.threads, |(_, kpi)| at.values(kpi));
        values.into_iter().collect::<Result<_, _>>().ok()
    }

    fn context<'b>(&'b self, scan: &'b MeasuredScan) -> Context<'b> {
        Context {
            project: self.of.project,
            scans: std::slice::from_ref(scan),
            secret: self.of.secret,
            watermarks: self.of.watermarks,
            threads: self.threads,
        }
    }

    /// All values, of all states; none where some go on without what has too many members.
    fn all(&self, scan: &MeasuredScan) -> Result<Option<Values>, FinishError> {
        let mut found = Values { values: vec![Vec::new(); self.items.len()], anew: 0 };
        for grain in self.items.iter().map(|(_, grain)| *grain).collect::<BTreeSet<_>>() {
            let at = AtGrain::new(self.context(scan), grain)?;
            let own = self.items.iter().enumerate().filter(|(_, (_, of))| *of == grain);
            let own: Vec<(usize, &Kpi)> = own.map(|(place, (kpi, _))| (place, *kpi)).collect();
            for (_, kpi) in &own {
                if !at.left_out(kpi)?.is_empty() {
                    return Ok(None);
                }
            }
            let values = parallel::map(&own, self.threads, |(_, kpi)| at.values(kpi));
            for ((place, _), values) in own.into_iter().zip(values) {
                let values = values?;
                found.anew += values.len();
                if let Some(slot) = found.values.get_mut(place) {
                    *slot = values;
                }
            }
        }
        Ok(Some(found))
    }

    /// Keeps all values.
    fn keep(&self, standing: &Standing, values: &[Vec<Value>]) {
        for of in self.grains(standing).into_iter().flatten() {
            let own = of.items.iter().map(|(place, _)| values.get(*place).map_or(&[][..], Vec::as_slice));
            self.write(&of, &of.chunks.iter().collect::<Vec<_>>(), &own.collect::<Vec<_>>());
        }
    }

    /// Writes the values of some periods, by item.
    fn write(&self, of: &OfGrain<'_>, chunks: &[&Chunk], values: &[&[Value]]) {
        let shelf = self.kept.shelf;
        parallel::map(chunks, self.threads, |chunk| {
            let own = values.iter().zip(&of.items).map(|(values, (_, kpi))| {
                let sets = key_sets_of(kpi).into_iter().map(|set| {
                    let is_own = |value: &&Value| {
                        chunk.ordinals.contains(&value.period.ordinal) && value.segment.dimensions().eq(&set)
                    };
                    values.iter().filter(is_own).collect()
                });
                sets.collect()
            });
            let bytes = block::encode(&chunk.name, &own.collect::<Vec<Vec<Vec<&Value>>>>());
            if let Some(bytes) = bytes
                && shelf.read(&chunk.name).as_ref() != Some(&bytes)
            {
                shelf.write(&chunk.name, &bytes);
            }
        });
    }

    /// The periods of every length, some together, under the names of all that their values rest on.
    fn grains(&self, standing: &Standing) -> Option<Vec<OfGrain<'_>>> {
        let Project { calendar, confidence, entities, .. } = self.of.project;
        let (plan, parts) = (self.asked.plan, standing.by_bucket());
        let mut base = format!(
            "values {FORM} {} {} {:?} {entities:?} {}\n",
            self.asked.scan,
            meaning::calendar(calendar),
            confidence.to_bits(),
            Hash(blake3::derive_key("kepi 2026 name of values of a lake", &self.of.secret.0)),
        );
        let names = self.asked.keys.iter().chain(&self.asked.states);
        names.for_each(|name| base.extend([&name.to_string(), " "]));
        let mut all = Vec::new();
        for grain in self.items.iter().map(|(_, grain)| *grain).collect::<BTreeSet<_>>() {
            let own = self.items.iter().enumerate().filter(|(_, (_, of))| *of == grain);
            let items: Vec<(usize, &Kpi)> = own.map(|(place, (kpi, _))| (place, *kpi)).collect();
            let mut buckets: BTreeMap<i32, Vec<(u32, &Vec<&str>)>> = BTreeMap::new();
            for (bucket, names) in &parts {
                let start = *plan.edges.get(*bucket as usize)?;
                let period = calendar.period_at(grain, start).ok()?;
                buckets.entry(period.ordinal).or_default().push((*bucket, names));
            }
            let ends = (*buckets.first_key_value()?.0, *buckets.last_key_value()?.0);
            let mut last = ends.1;
            for (_, kpi) in &items {
                last = last.max(self.last(grain, kpi)?.unwrap_or(last));
            }
            if last.checked_sub(ends.0)? > MAXIMUM_DAYS {
                return None;
            }
            let together = match grain {
                Grain::Day => self.kept.keeping.days,
                Grain::Week => self.kept.keeping.days / 7,
                _ => 1,
            };
            let together = together.max(1);
            let mut base = format!("{base}\n{grain:?}\n");
            // Writing to a text cannot fail.
            for (_, kpi) in &items {
                let sets = key_sets_of(kpi);
                let units = sets.iter().map(|set| units_of(self.of.project, kpi, set));
                let units: Vec<BTreeSet<Member>> = units.collect();
                let _ = writeln!(base, "{} {} {sets:?} {units:?}", kpi.id, kpi.hash);
            }
            let base = format!("{}\n", Hash::of(base.as_bytes()));
            let mut chunks: Vec<(Chunk, String)> = Vec::new();
            for ordinal in ends.0..=last {
                let is_first = ordinal == ends.0 || ordinal.rem_euclid(together) == 0;
                if is_first {
                    let chunk = Chunk { name: String::new(), ordinals: ordinal..=ordinal, buckets: vec![] };
                    chunks.push((chunk, base.clone()));
                }
                let (chunk, text) = chunks.last_mut()?;
                chunk.ordinals = *chunk.ordinals.start()..=ordinal;
                let end = calendar.bounds(calendar.period(grain, ordinal)).ok()?.end;
                let _ = write!(text, "{ordinal} {end}");
                for (_, kpi) in &items {
                    match reach::finality(kpi, end, calendar, self.of.watermarks).ok()? {
                        Finality::Final => text.push_str(" f"),
                        other => drop(write!(text, " {other:?}")),
                    }
                }
                for (bucket, parts) in buckets.get(&ordinal).into_iter().flatten() {
                    chunk.buckets.push(*bucket);
                    let _ = write!(text, "\n{:?}", plan.edges.get(*bucket as usize));
                    parts.iter().for_each(|name| text.extend([" ", *name]));
                }
                text.push('\n');
            }
            let named = chunks.into_iter().map(|(chunk, text)| {
                let name = format!("values-{}", Hash::of(text.as_bytes()));
                Chunk { name, ..chunk }
            });
            let chunks: Vec<Chunk> = named.collect();
            let mut used = self.kept.used.lock().unwrap_or_else(PoisonError::into_inner);
            used.extend(chunks.iter().map(|chunk| chunk.name.clone()));
            drop(used);
            all.push(OfGrain { grain, items, chunks, ends });
        }
        Some(all)
    }
}
