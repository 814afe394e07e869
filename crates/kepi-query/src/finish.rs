//! Finishing: from states at day grain to values of a KPI by period and segment, with gates and finality.

mod bridged;
mod composed;
mod cube;
mod edges;
mod small;
mod weighted;
mod windows;
mod without_data;

use std::{
    cell::RefCell,
    collections::{BTreeMap, BTreeSet},
    rc::Rc,
    sync::{Arc, Mutex},
};

use kepi_model::{
    calendar::{CalendarError, Grain, Period, day_of_ordinal},
    id::{DimensionId, EntityId, Hash, KpiId, LevelId},
    measure::Entered,
    project::{Consequence, Kpi, Measure, Project},
};
use kepi_stats::estimate::{Level, Method, NotComputable};

use cube::{Cube, Place};
use weighted::Weigher;

use crate::{
    cells::{Cells, Parts, SideStates, View},
    guard::with_members_on_their_scales,
    layout::Layout,
    lower::{Lowered, key_sets_of, lower_at, lower_unscreened},
    measure::{Finished, Presence, entered, kind_of},
    merge::{MergeError, roll_up},
    parallel,
    plan::ScanPlan,
    reach,
    scans::key_positions,
    side::{LowerError, MAXIMUM_DAYS, Side},
    state::{
        Measured, Member, StateColumn, StateTable,
        wire::{self, CellStates, DigestKey, Secret, TermStates},
    },
    value::{Coverage, Exact, Finality, Segment, Value},
};

/// A plan and what an evaluator returned for it.
#[derive(Debug, Clone, PartialEq)]
pub struct MeasuredScan {
    /// The plan.
    pub plan: ScanPlan,
    /// Its states.
    pub measured: Measured,
}

/// What values are made from.
#[derive(Debug, Clone, Copy)]
pub struct Context<'a> {
    /// The project.
    pub project: &'a Project,
    /// States of every scan that [`crate::scans::plan`] asked for.
    pub scans: &'a [MeasuredScan],
    /// The lake's secret.
    pub secret: &'a Secret,
    /// Until when there are data, in µs UTC by base entity; see [`reach::watermarks`].
    pub watermarks: &'a BTreeMap<EntityId, i64>,
    /// Threads to roll up and to finish on.
    pub threads: usize,
}

/// Why values cannot be made. Reasons that belong to one value are its [`NotComputable`] instead.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum FinishError {
    /// The definition does not fit the project.
    #[error(transparent)]
    Lower(#[from] LowerError),
    /// The calendar cannot answer.
    #[error(transparent)]
    Calendar(#[from] CalendarError),
    /// The states do not fit together.
    #[error(transparent)]
    Merge(#[from] MergeError),
    /// No scan holds what the KPI needs.
    #[error("the states of `{0}` have not been computed")]
    NotMeasured(KpiId),
    /// A KPI by month has no value by day.
    #[error("`{kpi}` is defined for longer periods than the one asked for")]
    FinerThanPeriod {
        /// The KPI.
        kpi: KpiId,
    },
    /// The confidence level is none.
    #[error("the confidence level of the project does not lie between 0 and 1")]
    Confidence,
}

/// Members of one dimension beyond which a KPI goes on without it: a page could not show them, nor a person read it.
pub const MOST_MEMBERS: usize = 10_000;

/// All scans rolled up to one grain: make it once, then ask for the values of many KPIs.
#[derive(Debug)]
pub struct AtGrain<'a> {
    context: Context<'a>,
    grain: Grain,
    /// Ordinal of the period that is bucket 0.
    first: i32,
    /// State tables by scan and key set.
    tables: Vec<Vec<StateTable>>,
    /// Values of KPIs that others are computed of, by level.
    inputs: Mutex<BTreeMap<(KpiId, Hash, u64), Arc<composed::Known>>>,
}

/// The values of many KPIs, each by the periods of its grain, in the order of `work`.
pub fn values_of(work: &[(&AtGrain<'_>, &Kpi)], threads: usize) -> Result<Vec<Value>, FinishError> {
    let found = parallel::map(work, threads, |(at, kpi)| at.values(kpi));
    let found = found.into_iter().collect::<Result<Vec<_>, _>>()?;
    Ok(found.into_iter().flatten().collect())
}

impl<'a> AtGrain<'a> {
    /// Rolls the states of all scans up to `grain`.
    pub fn new(context: Context<'a>, grain: Grain) -> Result<Self, FinishError> {
        let calendar = &context.project.calendar;
        let mut ordinals: Vec<Vec<i32>> = Vec::new();
        for scan in context.scans {
            let starts = scan.plan.edges.split_last().map_or(&[][..], |(_, starts)| starts);
            let periods = starts
                .iter()
                .map(|start| calendar.period_at(grain, *start).map(|period| period.ordinal))
                .collect::<Result<_, _>>()?;
            ordinals.push(periods);
        }
        let first = ordinals.iter().flatten().copied().min().unwrap_or(0);
        let buckets = |ordinals: &Vec<i32>| -> Vec<Option<u32>> {
            let bucket = |ordinal: &i32| u32::try_from(i64::from(*ordinal) - i64::from(first)).ok();
            ordinals.iter().map(bucket).collect()
        };
        let buckets: Vec<Vec<Option<u32>>> = ordinals.iter().map(buckets).collect();
        let scans = context.scans.iter().zip(&buckets);
        let work: Vec<(&MeasuredScan, usize, &StateTable, &[Option<u32>])> = scans
            .flat_map(|(scan, buckets)| {
                let tables = scan.measured.tables.iter().enumerate();
                tables.map(move |(place, table)| (scan, place, table, buckets.as_slice()))
            })
            .collect();
        let mut rolled = parallel::map(&work, context.threads, |(scan, place, table, buckets)| {
            let keys: Vec<DimensionId> = table.keys.iter().map(|key| key.dimension.clone()).collect();
            let key_set = scan.plan.key_sets.get(*place).map_or(&[][..], Vec::as_slice);
            let on_scale = with_members_on_their_scales(table, &scan.plan, key_set, context.project);
            roll_up(on_scale.as_ref().unwrap_or(table), &scan.plan.states, buckets, &keys)
        })
        .into_iter();
        let tables = context
            .scans
            .iter()
            .map(|scan| rolled.by_ref().take(scan.measured.tables.len()).collect())
            .collect::<Result<_, _>>()?;
        Ok(Self { context, grain, first, tables, inputs: Mutex::default() })
    }

    /// The values of a KPI, wherever its kind says that there is one ([`Presence`]). Sorted by key set as defined, then
    /// period, then segment. Of a KPI that changed with time those of each wording for the periods on whose last day it is in
    /// force, the oldest first.
    pub fn values(&self, kpi: &Kpi) -> Result<Vec<Value>, FinishError> {
        let Project { confidence, calendar, .. } = self.context.project;
        let level = Level::new(*confidence).map_err(|_| FinishError::Confidence)?;
        if !kpi.is_bounded() {
            return self.values_at(kpi, level);
        }
        let mut all = Vec::new();
        for wording in kpi.wordings() {
            let values = self.values_at(wording, level)?.into_iter();
            let is_its = |value: &Value| {
                kpi.in_period(value.period, calendar).is_some_and(|of| std::ptr::eq(of, wording))
            };
            all.extend(values.filter(is_its));
        }
        Ok(all)
    }

    fn values_at(&self, kpi: &Kpi, level: Level) -> Result<Vec<Value>, FinishError> {
        if self.grain < kpi.period {
            return Err(FinishError::FinerThanPeriod { kpi: kpi.id.clone() });
        }
        if !kpi.measure.kind().inputs().is_empty() {
            return self.composed(kpi, level);
        }
        let values = self.measured_at(kpi, level)?;
        without_data::filled(self, kpi, values)
    }

    /// What is measured, nothing filled in.
    fn measured_at(&self, kpi: &Kpi, level: Level) -> Result<Vec<Value>, FinishError> {
        let project = self.context.project;
        let lowered = lower_at(kpi, project, self.grain)?;
        let key = DigestKey::of(self.context.secret);
        let mut finality: BTreeMap<u32, (Period, Finality)> = BTreeMap::new();
        let mut values = Vec::new();
        let mut bytes = Vec::new();
        self.each(kpi, &lowered, |bucket, segment, view| {
            let (period, finality) = match finality.get(&bucket) {
                Some(known) => *known,
                None => *finality.entry(bucket).or_insert(self.finality(kpi, bucket)?),
            };
            let fit = kind_of(&kpi.measure).fit(kpi, view);
            let view = fit.as_ref().map_or(*view, |fit| view.with_fit(fit));
            let Finished { estimate, coverage } = finished(kpi, &view, level);
            let estimate = estimate.map_err(|reason| entered::missing(kpi, reason, finality));
            view.encode(&key, &mut bytes);
            values.push(Value {
                kpi: kpi.id.clone(),
                period,
                segment,
                estimate,
                coverage,
                finality,
                states: bytes.as_slice().into(),
            });
            Ok(())
        })?;
        self.owed(kpi, &key, &mut values)?;
        self.beside_unscreened(kpi, &key, &mut values)?;
        let mut values = bridged::shared_out(kpi, values, level)?;
        self.late_in_part(kpi, level, &mut values)?;
        small::withhold(kpi, &key, &mut values);
        Ok(values)
    }

    /// What people enter is late for a longer period as soon as it is for a part of it: what is there would stand for what is not.
    fn late_in_part(&self, kpi: &Kpi, level: Level, values: &mut [Value]) -> Result<(), FinishError> {
        let Measure::Entered(Entered { rows, .. }) = &kpi.measure else { return Ok(()) };
        if self.grain == kpi.period {
            return Ok(());
        }
        let calendar = &self.context.project.calendar;
        // Of all scans only those of what is entered are rolled up once more.
        let is_its = |scan: &MeasuredScan| scan.plan.entity == rows.of;
        let all = self.context.scans;
        let own = all.iter().position(is_its).zip(all.iter().rposition(is_its));
        let scans = own.and_then(|(first, last)| all.get(first..=last)).unwrap_or(all);
        let mut late: BTreeSet<(i32, Segment)> = BTreeSet::new();
        for part in Self::new(Context { scans, ..self.context }, kpi.period)?.measured_at(kpi, level)? {
            if part.estimate == Err(NotComputable::Late) {
                let whole = calendar.period_of_day(self.grain, calendar.first_day(part.period)?);
                late.insert((whole.ordinal, part.segment));
            }
        }
        for value in values.iter_mut().filter(|value| value.finality == Finality::Final) {
            if late.contains(&(value.period.ordinal, value.segment.clone())) {
                value.estimate = Err(NotComputable::Late);
            }
        }
        Ok(())
    }

    /// What people are to enter is owed from a day on, whether or not anybody has ever entered anything: awaited, then late.
    fn owed(&self, kpi: &Kpi, key: &DigestKey, values: &mut Vec<Value>) -> Result<(), FinishError> {
        let Measure::Entered(Entered { since: Some(since), .. }) = &kpi.measure else { return Ok(()) };
        let Some(until) = reach::data_until(kpi, self.context.watermarks) else { return Ok(()) };
        let calendar = &self.context.project.calendar;
        let first = calendar.period_of_day(self.grain, day_of_ordinal(*since)?).ordinal;
        let last = calendar.period_at(self.grain, until.saturating_sub(1))?.ordinal;
        let known: BTreeSet<i32> = values
            .iter()
            .filter(|value| value.segment.is_total())
            .map(|value| value.period.ordinal)
            .collect();
        let mut states = Vec::new();
        View::kept(&CellStates::default()).encode(key, &mut states);
        let mut owed = Vec::new();
        for ordinal in (first..=last).filter(|ordinal| !known.contains(ordinal)) {
            let period = calendar.period(self.grain, ordinal);
            let finality =
                reach::finality(kpi, calendar.bounds(period)?.end, calendar, self.context.watermarks)?;
            owed.push(Value {
                kpi: kpi.id.clone(),
                period,
                segment: Segment::total(),
                estimate: Err(entered::missing(kpi, NotComputable::NoRows, finality)),
                coverage: Coverage::default(),
                finality,
                states: states.as_slice().into(),
            });
        }
        // Before that day nobody owed it, whatever else was entered then.
        values.retain(|value| value.period.ordinal >= first || value.coverage.eligible > 0);
        // The whole goes before its parts, the oldest period first.
        let (mut whole, parts): (Vec<Value>, Vec<Value>) =
            std::mem::take(values).into_iter().chain(owed).partition(|value| value.segment.is_total());
        whole.sort_by_key(|value| value.period.ordinal);
        values.extend(whole.into_iter().chain(parts));
        Ok(())
    }

    /// Keeps with each value, of which rows were screened, what all rows come to.
    fn beside_unscreened(&self, kpi: &Kpi, key: &DigestKey, values: &mut [Value]) -> Result<(), FinishError> {
        let Some(whole) = lower_unscreened(kpi, self.context.project, self.grain)? else { return Ok(()) };
        let mut all: BTreeMap<(i32, Segment), Vec<u8>> = BTreeMap::new();
        self.each(kpi, &whole, |bucket, segment, view| {
            let mut bytes = Vec::new();
            view.encode(key, &mut bytes);
            all.insert((self.first.saturating_add_unsigned(bucket), segment), bytes);
            Ok(())
        })?;
        for value in values {
            if let Some(all) = all.get(&(value.period.ordinal, value.segment.clone())) {
                value.states = wire::screened(&value.states, all).into();
            }
        }
        Ok(())
    }

    /// Shows what the measure's kind sees of every value, in the order of [`Self::values`].
    ///
    /// # Errors
    /// As [`Self::values`].
    pub fn views(
        &self,
        kpi: &Kpi,
        mut see: impl FnMut(Period, &Segment, &View<'_>),
    ) -> Result<(), FinishError> {
        let lowered = lower_at(kpi, self.context.project, self.grain)?;
        self.each(kpi, &lowered, |bucket, segment, view| {
            let ordinal = self.first.saturating_add_unsigned(bucket);
            see(self.context.project.calendar.period(self.grain, ordinal), &segment, view);
            Ok(())
        })
    }

    /// Every place where there is to be a value, with what is seen from there.
    fn each(
        &self,
        kpi: &Kpi,
        lowered: &Lowered,
        mut see: impl FnMut(u32, Segment, &View<'_>) -> Result<(), FinishError>,
    ) -> Result<(), FinishError> {
        if let Some(over) = kpi.over {
            return self.each_window(kpi, over, lowered, see);
        }
        let kind = kind_of(&kpi.measure);
        let last = self.last(kpi)?;
        let entities = &self.context.project.entities;
        let rows = |base: &EntityId| entities.get(base).and_then(|entity| entity.rows.as_ref());
        let of_panels =
            kpi.measure.bases().into_iter().any(|base| rows(base).is_some_and(|rows| rows.panel().is_some()));
        let finer = Finer { at: self, kpi, lowered, cubes: RefCell::default() };
        let weigher = Weigher::new(self, kpi, lowered, None);
        let edges = self.edges(kpi, lowered)?;
        for key_set in lowered.key_sets.iter().filter(|key_set| !self.is_left_out(lowered, key_set)) {
            let cube = self.cube(kpi, lowered, key_set)?;
            let units = self.units(kpi, key_set);
            let mut sums: BTreeMap<Vec<Member>, Vec<TermStates>> = BTreeMap::new();
            for (bucket, members, cells) in cube.cells(kind.presence(kpi), last, &units) {
                // A panel has rows for as long as any data reach: what this KPI reads may end before.
                if of_panels && last.is_some_and(|last| bucket > last) {
                    continue;
                }
                let own = Cells::new(&cube.sides, &cells);
                let so_far = if kind.looks_back() {
                    let sum = sums.entry(members.clone()).or_default();
                    own.add_to(sum);
                    sum.as_slice()
                } else {
                    &[]
                };
                let parts = PartsOf { finer: &finer, key_set, bucket, members: &members };
                let segment = Segment::new(key_set.iter().cloned().zip(members.iter().cloned()).collect());
                if let Some(weigher) = &weigher {
                    let mut states = CellStates::default();
                    own.add_to(&mut states.terms);
                    states.weighting = Some(weigher.of(key_set, bucket, &members));
                    see(bucket, segment, &View::kept(&states))?;
                } else {
                    let view = View::new(own, so_far, &parts).outside_of(edges.outside(bucket));
                    see(bucket, segment, &view)?;
                }
            }
        }
        Ok(())
    }

    /// The dimensions and combinations that a KPI goes on without: one of them has more than [`MOST_MEMBERS`], or they had
    /// more cells than a scan may have.
    ///
    /// # Errors
    /// As [`Self::values`].
    pub fn left_out(&self, kpi: &Kpi) -> Result<Vec<Vec<DimensionId>>, FinishError> {
        let mut all = Vec::new();
        for wording in kpi.wordings() {
            all.extend(self.left_out_of(wording)?);
        }
        Ok(all)
    }

    fn left_out_of(&self, kpi: &Kpi) -> Result<Vec<Vec<DimensionId>>, FinishError> {
        let inputs = kpi.measure.kind().inputs();
        if !inputs.is_empty() {
            let mut all = Vec::new();
            for input in inputs.into_iter().filter(|input| !input.total) {
                all.extend(self.left_out(&input.kpi)?);
            }
            let own = key_sets_of(kpi);
            all.retain(|key_set| own.contains(key_set));
            all.sort();
            all.dedup();
            return Ok(all);
        }
        let lowered = lower_at(kpi, self.context.project, self.grain)?;
        let all = lowered.key_sets.iter().filter(|key_set| self.is_left_out(&lowered, key_set));
        Ok(all.cloned().collect())
    }

    fn is_left_out(&self, lowered: &Lowered, key_set: &[DimensionId]) -> bool {
        // Without the total of a side nothing was measured of it, which is another matter.
        let mut sides = lowered.sides.iter().filter(|side| self.table(side, &[]).is_some());
        !key_set.is_empty()
            && sides.any(|side| {
                self.table(side, key_set)
                    .is_none_or(|table| table.keys.iter().any(|key| key.members.len() > MOST_MEMBERS))
            })
    }

    /// The states of a side by a key set.
    fn table(&self, side: &Side, key_set: &[DimensionId]) -> Option<&StateTable> {
        let (scan, place) = self.scan_of(side, key_set)?;
        self.tables.get(scan)?.get(place)
    }

    /// The scan that holds the states of a side by a key set, and which of its tables.
    fn scan_of(&self, side: &Side, key_set: &[DimensionId]) -> Option<(usize, usize)> {
        let scans = self.context.scans.iter().enumerate();
        scans.filter(|(_, scan)| is_scan_of(&scan.plan, side)).find_map(|(number, scan)| {
            let positions = key_positions(&scan.plan, side, key_set);
            let place = scan.plan.key_sets.iter().position(|known| *known == positions)?;
            (positions.len() == key_set.len()).then_some((number, place))
        })
    }

    fn cube<'b>(
        &'b self,
        kpi: &Kpi,
        lowered: &'b Lowered,
        key_set: &[DimensionId],
    ) -> Result<Cube<'b>, FinishError> {
        let tables: Option<Vec<&StateTable>> =
            lowered.sides.iter().map(|side| self.table(side, key_set)).collect();
        let sides = tables.as_ref().and_then(|tables| {
            lowered.sides.iter().zip(tables).map(|(side, table)| SideStates::new(side, table)).collect()
        });
        match (tables, sides) {
            (Some(tables), Some(sides)) => Ok(Cube { sides, layout: Layout::new(&tables, None, key_set)? }),
            _ => Err(FinishError::NotMeasured(kpi.id.clone())),
        }
    }

    /// The bucket of the last period that the data of a KPI reach.
    fn last(&self, kpi: &Kpi) -> Result<Option<u32>, FinishError> {
        let Some(until) = reach::data_until(kpi, self.context.watermarks) else { return Ok(None) };
        let period = self.context.project.calendar.period_at(self.grain, until.saturating_sub(1))?;
        // A day that is declared in error must not ask for more periods than a history can have.
        let periods = (i64::from(period.ordinal) - i64::from(self.first)).min(MAXIMUM_DAYS.into());
        Ok(u32::try_from(periods).ok())
    }

    fn units(&self, kpi: &Kpi, key_set: &[DimensionId]) -> BTreeSet<Member> {
        units_of(self.context.project, kpi, key_set)
    }

    /// Whether no state left its range when it was rolled up.
    pub(crate) fn is_exact(&self) -> bool {
        let mut columns = self.tables.iter().flatten().flat_map(|table| &table.states);
        columns.all(|(_, column)| !matches!(column, StateColumn::OutOfRange { .. }))
    }

    fn finality(&self, kpi: &Kpi, bucket: u32) -> Result<(Period, Finality), FinishError> {
        let calendar = &self.context.project.calendar;
        let period = calendar.period(self.grain, self.first.saturating_add_unsigned(bucket));
        let end = calendar.bounds(period)?.end;
        Ok((period, reach::finality(kpi, end, calendar, self.context.watermarks)?))
    }
}

/// Cells of further key sets of one KPI, made when a kind first asks for parts.
struct Finer<'a> {
    at: &'a AtGrain<'a>,
    kpi: &'a Kpi,
    lowered: &'a Lowered,
    cubes: RefCell<BTreeMap<Vec<DimensionId>, Option<Rc<FinerCube<'a>>>>>,
}

struct FinerCube<'a> {
    sides: Vec<SideStates<'a>>,
    places: Vec<Place>,
}

impl<'a> Finer<'a> {
    fn cube(&self, key_set: &[DimensionId]) -> Option<Rc<FinerCube<'a>>> {
        let mut cubes = self.cubes.borrow_mut();
        let cube = cubes.entry(key_set.to_vec()).or_insert_with(|| {
            let asked = self.lowered.key_sets.iter().any(|known| known == key_set);
            let cube = asked.then(|| self.at.cube(self.kpi, self.lowered, key_set).ok()).flatten()?;
            let places = cube.cells(Presence::AnySide, None, &BTreeSet::new());
            Some(Rc::new(FinerCube { sides: cube.sides, places }))
        });
        cube.clone()
    }
}

/// The parts of one cell.
struct PartsOf<'p, 'a> {
    finer: &'p Finer<'a>,
    key_set: &'p [DimensionId],
    bucket: u32,
    members: &'p [Member],
}

impl Parts for PartsOf<'_, '_> {
    fn each(&self, by: &[DimensionId], see: &mut dyn FnMut(&[Member], Cells<'_>)) -> bool {
        let mut key_set: Vec<DimensionId> = self.key_set.iter().chain(by).cloned().collect();
        key_set.sort();
        let Some(cube) = self.finer.cube(&key_set) else { return false };
        let start = cube.places.partition_point(|(bucket, ..)| *bucket < self.bucket);
        let here = cube.places.iter().skip(start).take_while(|(bucket, ..)| *bucket == self.bucket);
        for (_, members, cells) in here {
            let member_of = |dimension: &DimensionId| {
                let place = key_set.iter().position(|found| found == dimension);
                place.and_then(|place| members.get(place))
            };
            let own = self.key_set.iter().zip(self.members);
            if own.into_iter().all(|(dimension, member)| member_of(dimension) == Some(member)) {
                let further: Vec<Member> = by.iter().filter_map(member_of).cloned().collect();
                see(&further, Cells::new(&cube.sides, cells));
            }
        }
        true
    }
}

/// The members of a dimension whose rows are those of units of a scorecard that has the KPI.
pub(crate) fn units_of(project: &Project, kpi: &Kpi, key_set: &[DimensionId]) -> BTreeSet<Member> {
    let [dimension] = key_set else { return BTreeSet::new() };
    let cascades = project.scorecards.values().filter(|card| card.reads().any(|id| *id == kpi.id));
    let levels: BTreeSet<&LevelId> = cascades
        .filter_map(|card| card.cascade.as_ref())
        .flat_map(|cascade| &cascade.levels)
        .filter(|(_, of)| *of == dimension)
        .map(|(level, _)| level)
        .collect();
    let units = project.units.values().filter(|unit| unit.level.as_ref().is_some_and(|l| levels.contains(l)));
    units.map(|unit| Member::Value(unit.member.as_str().into())).collect()
}

fn is_scan_of(plan: &ScanPlan, side: &Side) -> bool {
    (&plan.entity, &plan.time, plan.as_of) == (&side.entity, &side.time, side.as_of)
}

/// What becomes of the states of a period and segment, gates included.
fn finished(kpi: &Kpi, view: &View<'_>, level: Level) -> Finished {
    let Finished { estimate, coverage } = match (&kpi.design, view.weighting(), &kpi.measure) {
        (Some(design), ..) => weighted::finish(kpi, Some(design), view, level),
        // Rows that count in part.
        (None, Some(_), Measure::Total(total)) => {
            let (estimate, coverage) = bridged::total_of(total, view);
            Finished { estimate, coverage }
        }
        (None, Some(_), _) => weighted::finish(kpi, None, view, level),
        (None, None, _) => kind_of(&kpi.measure).finish(kpi, view, level),
    };
    if let Some((window, data)) = view.before_data() {
        let reason = NotComputable::BeforeData { window: day_text(window), data: day_text(data) };
        return Finished { estimate: Err(reason), coverage };
    }
    if let Some(outside) = view.outside() {
        return Finished { estimate: Err(edges::reason(kpi, outside)), coverage };
    }
    // Rows that are there and say nothing are another reason than no rows.
    let estimate = estimate.map_err(|reason| match reason {
        NotComputable::NoRows if coverage.eligible > 0 => NotComputable::NoValues,
        reason => reason,
    });
    let estimate = estimate.and_then(|estimate| {
        let held_back = gate(kpi, coverage).or_else(|| weighted::gate(kpi, view, &estimate));
        held_back.map_or(Ok(estimate), Err)
    });
    Finished { estimate, coverage }
}

/// A day, counted from 1970-01-01.
fn day_text(ordinal: i32) -> String {
    day_of_ordinal(ordinal).map_or_else(|_| ordinal.to_string(), |day| day.to_string())
}

/// A value finished again from states that were kept: the same bits as when they were fresh.
///
/// # Errors
/// The confidence level is none.
pub fn finished_again(kpi: &Kpi, states: &CellStates, confidence: f64) -> Result<Finished, FinishError> {
    finished_at(kpi, states, Level::new(confidence).map_err(|_| FinishError::Confidence)?)
}

fn finished_at(kpi: &Kpi, states: &CellStates, level: Level) -> Result<Finished, FinishError> {
    let mut found = if kpi.measure.kind().inputs().is_empty() {
        finished(kpi, &View::kept(states), level)
    } else {
        composed::again(kpi, states, level)?
    };
    // What it was made of lies in other periods.
    if let Some(filled) = &states.filled {
        found.estimate = Ok(filled.estimate());
    }
    Ok(found)
}

/// What a value of a KPI that is computed of others was computed of: theirs, at the project's confidence; none of one that
/// has none at all.
///
/// # Errors
/// The confidence level is none.
pub fn inputs_of(
    kpi: &Kpi,
    states: &CellStates,
    confidence: f64,
) -> Result<Vec<Option<Finished>>, FinishError> {
    let level = Level::new(confidence).map_err(|_| FinishError::Confidence)?;
    composed::inputs_again(kpi, states, level)
}

/// How far those who answered stand for those who were asked, by the margins that rows are weighted to: R = 1 − 2·S of the rates
/// of response. Of a value, by the states that are kept beside it; none of one without margins.
pub fn representativity(kpi: &Kpi, states: &[u8]) -> Option<f64> {
    kpi.design.as_ref().filter(|design| !design.margins.is_empty())?;
    let states = CellStates::decode(states).ok()?;
    weighted::representativity(&View::kept(&states)).ok().map(|of| of.indicator)
}

/// What a value would be if no row were screened out, by the states that are kept beside it; none where no rows are screened.
pub fn unscreened(kpi: &Kpi, states: &[u8], confidence: f64) -> Option<Finished> {
    let states = CellStates::decode(states).ok()?.unscreened?;
    finished_again(kpi, &states, confidence).ok()
}

/// Why a value may not be published, if it may not.
fn gate(kpi: &Kpi, coverage: Coverage) -> Option<NotComputable> {
    if let Some(need) = kpi.minimum_n
        && coverage.cases < need
    {
        return Some(NotComputable::TooFew { n: coverage.cases, need });
    }
    let (need, have) = (kpi.minimum_coverage?, coverage.share()?);
    // Rounded apart, so that what is shown is never "60 % where 60 % are needed".
    (have < need).then_some(NotComputable::LowCoverage {
        have_percent: (have * 100.0).floor().clamp(0.0, 100.0) as u8,
        need_percent: (need * 100.0).ceil().clamp(0.0, 100.0) as u8,
    })
}

/// What a value of a KPI rests on beside its definition.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Basis {
    /// Entities it reads: base entities and those that paths walk to.
    pub entities: BTreeSet<EntityId>,
    /// Hash of the sources that feed them.
    pub mapping: Hash,
}

/// What the values of a KPI rest on.
pub fn basis(kpi: &Kpi, project: &Project) -> Basis {
    let entities = kpi.entities();
    let mut text = String::from("kepi mapping v1");
    for (id, source) in &project.sources {
        if entities.contains(&source.into) {
            text.push_str(&format!("\n{id} {}", source.hash));
        }
    }
    // A rule that withholds decides what is said, too. Where there is none, nothing of it is hashed.
    for (id, rule) in &project.rules {
        if rule.otherwise == Consequence::Distrust && !rule.about.is_disjoint(&entities) {
            text.push_str(&format!("\nrule {id} {}", rule.hash));
        }
    }
    Basis { entities, mapping: Hash::of(text.as_bytes()) }
}

impl Value {
    /// The point with all its digits, if it is a sum or a count and has more than a floating-point number holds; read from
    /// the states it was finished from.
    pub fn exact(&self, kpi: &Kpi) -> Option<Exact> {
        self.estimate.as_ref().ok().filter(|estimate| estimate.method == Method::Exact)?;
        let states = CellStates::decode(&self.states).ok()?;
        let view = View::kept(&states);
        let exact = match (&kpi.measure, &states.weighting) {
            (Measure::Total(total), Some(_)) => bridged::exact(total, &view),
            _ => kind_of(&kpi.measure).exact(kpi, &view),
        }?;
        exact.is_beyond_float().then_some(exact)
    }
}
