//! The rows behind a value.
//!
//! They are listed of tables in memory. Where these do not fit into it, rows are made in portions of the keys to which they belong, and landed ones are read
//! piece by piece; each is forgotten when its rows of the period and segment are listed.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use kepi_model::{
    calendar::{CalendarError, Grain, Period, ordinal_of_day},
    crosswalk::{Shares, split_code},
    expression::{Expression, Node, Type},
    id::{DimensionId, EntityId},
    project::{AsOf, Kpi, Project},
};

use super::{
    DerivePlan, Reads,
    keyed::{columns, rows_of},
    of_rows,
    plan::{Planner, Step},
    read,
    size::{MOST_PORTIONS, estimate},
    split,
    table::{RowOf, Table, World},
    trace::{Entered, Shows, TraceError, Traceable, TracedRow, TracedTerm, ValueTrace, place, world},
};
use crate::{
    guard::on_scales,
    lower::{Lowered, lower_at},
    measure::kind_of,
    plan::StateSpec,
    port::{Keys, MemoryTable, PinnedInputs, PinnedTable},
    reference::{Accumulator, expression_paths, member_of},
    row::{Cell, Row as _, evaluate, holds},
    side::{Role, Side},
    state::{
        Member,
        wire::{DigestKey, Secret, StateValue},
    },
    value::Segment,
};

/// Lists the rows behind the value of a KPI that is measured of rows.
///
/// # Errors
/// Tables cannot be read or made, or the definition does not fit the project.
pub async fn value(
    of: Traceable<'_>,
    kpi: &Kpi,
    period: Period,
    segment: &Segment,
    secret: &Secret,
) -> Result<ValueTrace, TraceError> {
    let project = of.project;
    let Lowered { sides, .. } = lower_at(kpi, project, period.grain)?;
    let mut planner = Planner::new(project, of.inputs, of.at, of.watermarks);
    for made in &kpi.made {
        planner.make(made, period.grain)?;
    }
    for side in &sides {
        planner.key(&side.entity);
        planner.side(side);
    }
    planner.places();
    let plan = planner.finish()?;
    let within = stretch(kpi, period, project)?;
    let key = DigestKey::of(secret);
    let split = kpi.split().map(|(_, splits)| splits).unwrap_or_default();
    let own = sides.iter().zip(kpi.measure.kind().readings()).map(|(side, reading)| Own {
        project,
        side,
        entity: reading.rows.of.clone(),
        measured: reading.values.into_iter().chain(&kpi.weight).cloned().collect(),
        conditions: reading.rows.filter.iter().cloned().collect(),
        asked: kpi
            .response
            .as_ref()
            .map(|response| {
                let written = |of| kepi_model::derived::inlined(of, &reading.rows.of, &project.entities);
                response.asked().iter().map(written).collect()
            })
            .unwrap_or_default(),
        segment,
        within,
        split: &split,
        key: &key,
    });
    let own: Vec<Own<'_>> = own.collect();
    let mut listed: Vec<Listed> = own.iter().map(|own| Listed::of(own.side)).collect();
    if !in_parts(of, &plan, &own, &mut listed).await? {
        listed = own.iter().map(|own| Listed::of(own.side)).collect();
        let (world, _) = world(of, plan).await?;
        for (own, listed) in own.iter().zip(&mut listed) {
            if let Some(why) = world.unmade.get(&own.side.entity) {
                return Err(why.clone().into());
            }
            own.list(&world, None, listed);
        }
    }
    Ok(ValueTrace { terms: own.iter().zip(listed).map(|(own, listed)| own.term(listed)).collect() })
}

/// The instants between which rows count for a period.
fn stretch(kpi: &Kpi, period: Period, project: &Project) -> Result<(i64, i64), CalendarError> {
    let calendar = &project.calendar;
    let bounds = calendar.bounds(period)?;
    let from = match kpi.over {
        Some(over) => {
            let ordinal = ordinal_of_day(over.first_day(period, calendar)?);
            calendar.bounds(calendar.period(Grain::Day, ordinal))?.start
        }
        None if kind_of(&kpi.measure).looks_back() => i64::MIN,
        None => bounds.start,
    };
    Ok((from, bounds.end))
}

/// Lists rows part by part, where they do not fit into memory; false: they do, or cannot be told apart.
async fn in_parts(
    of: Traceable<'_>,
    plan: &DerivePlan,
    own: &[Own<'_>],
    listed: &mut [Listed],
) -> Result<bool, TraceError> {
    let portions = estimate(plan, of.inputs).div_ceil(of.limits.memory_bytes.max(1)).min(MOST_PORTIONS);
    if portions <= 1 {
        Ok(false)
    } else if plan.steps.is_empty() {
        in_pieces(of, plan, own, listed).await
    } else {
        in_portions(of, plan, own, listed, portions).await
    }
}

/// Of landed rows, each table piece by piece; false: a table looks up its own rows.
async fn in_pieces(
    of: Traceable<'_>,
    plan: &DerivePlan,
    own: &[Own<'_>],
    listed: &mut [Listed],
) -> Result<bool, TraceError> {
    if own.iter().any(Own::looks_up_its_own) {
        return Ok(false);
    }
    for (own, listed) in own.iter().zip(listed) {
        let entity = &own.side.entity;
        let Some((table, names)) = of.inputs.tables.get(entity).zip(plan.columns.get(entity)) else {
            continue;
        };
        let looked_up = own.looked_up();
        let others = plan.columns.iter().filter(|(other, _)| looked_up.contains(other));
        let others: Reads = others.map(|(other, names)| (other.clone(), names.clone())).collect();
        let mut world = World::new(read(&others, of.inputs, of.reader, of.limits).await?)?;
        let columns = columns(names, table);
        let of_piece = PinnedTable { columns: columns.clone(), ..table.of_files(Vec::new()) };
        let mut list = |piece: &MemoryTable| {
            world.tables.insert(entity.clone(), Table::new(of_piece.clone(), Arc::new(piece.clone())));
            own.list(&world, None, listed);
        };
        of.reader.pieces(table, &columns, None, of.limits, &mut list).await?;
    }
    Ok(true)
}

/// Of rows that are made, in so many portions of the keys to which they belong; false: they cannot be made apart.
async fn in_portions(
    of: Traceable<'_>,
    plan: &DerivePlan,
    own: &[Own<'_>],
    listed: &mut [Listed],
    portions: u64,
) -> Result<bool, TraceError> {
    // What is asked of a row may look up others, which have to be there.
    let mut asked = plan.clone();
    for own in own {
        if !plan.tables().any(|table| *table == own.side.entity) {
            return Ok(false);
        }
        for condition in own.asks() {
            asked.steps.push(Step::Keep { table: own.side.entity.clone(), time: None, condition });
            asked.reads.push(Reads::new());
        }
    }
    let Some(local) = split::local(&asked, of.inputs) else { return Ok(false) };
    let plan = local.reads(plan.clone());
    for number in 0..portions {
        let keys = Arc::new(Keys::portion(number, portions));
        let (landed, _) = rows_of((&plan, &local, of.inputs), &keys, (of.reader, of.limits)).await?;
        let made = of_rows(&plan, landed.clone(), Some(Arc::clone(&keys)), of.limits.threads)?;
        if !made.out_of_range.is_empty() || !made.unmade.is_empty() {
            return Ok(false);
        }
        let asked = local.asked(&landed);
        let PinnedInputs { snapshot, mut tables } = landed;
        tables.extend(made.tables);
        let mut rows = Vec::new();
        for own in own {
            rows.push(match tables.contains_key(&own.side.entity) {
                true => match local.own(&tables, &asked, &own.side.entity, &keys) {
                    Some(rows) => rows,
                    None => return Ok(false),
                },
                false => Vec::new(),
            });
        }
        let world = World::new(PinnedInputs { snapshot, tables })?;
        for ((own, rows), listed) in own.iter().zip(&rows).zip(listed.iter_mut()) {
            own.list(&world, Some(rows), listed);
        }
    }
    Ok(true)
}

/// One term of a value.
struct Own<'a> {
    project: &'a Project,
    side: &'a Side,
    entity: EntityId,
    measured: Vec<Expression>,
    conditions: Vec<Expression>,
    /// What holds of invitations that count.
    asked: Vec<Expression>,
    segment: &'a Segment,
    within: (i64, i64),
    /// Of codes that are split, those into which their rows count in part.
    split: &'a BTreeMap<Box<str>, Shares>,
    key: &'a DigestKey,
}

/// The rows of a term, as far as they are listed.
struct Listed {
    sums: Vec<Accumulator>,
    overflows: Vec<bool>,
    rows: Vec<TracedRow>,
    undated: u64,
}

impl Listed {
    /// None so far.
    fn of(side: &Side) -> Self {
        let sums: Vec<Accumulator> =
            side.states.iter().map(|(_, state)| Accumulator::new(&state.kind)).collect();
        Self { overflows: vec![false; sums.len()], sums, rows: Vec::new(), undated: 0 }
    }
}

impl Own<'_> {
    /// All that is asked of a row.
    fn asks(&self) -> Vec<Expression> {
        let Side { time, keys, states, .. } = self.side;
        let time = Expression { type_: Type::Timestamp, node: Node::Path(time.clone()) };
        let states = states.iter().flat_map(|(_, state)| state.filter.iter().chain(state.kind.expressions()));
        states.chain(keys.iter().map(|key| &key.of)).cloned().chain([time]).collect()
    }

    /// The tables whose rows are looked up.
    fn looked_up(&self) -> BTreeSet<EntityId> {
        let mut found = BTreeSet::new();
        for of in self.asks() {
            let mut paths = Vec::new();
            expression_paths(&of, &mut paths);
            found.extend(paths.into_iter().flat_map(|path| &path.references).map(|(_, of)| of.clone()));
        }
        found
    }

    fn looks_up_its_own(&self) -> bool {
        self.looked_up().contains(&self.side.entity)
    }

    /// Lists the rows of a table that are in the period and segment; `only`: by place, ascending, those that may be.
    fn list(&self, world: &World, only: Option<&[u32]>, listed: &mut Listed) {
        let Self { side, entity, .. } = self;
        let Some(table) = world.tables.get(&side.entity) else { return };
        for row in table.current() {
            if only.is_some_and(|only| only.binary_search(&row).is_err()) {
                continue;
            }
            let now = RowOf { world, table, row, as_of: None, moved: &[] };
            let Cell::Instant(at) = now.attribute(&side.time) else {
                listed.undated += 1;
                continue;
            };
            let as_of = (side.as_of == AsOf::Event).then_some(at);
            let view = RowOf { as_of, ..now };
            if at < self.within.0 || at >= self.within.1 || !self.is_of_segment(&view) {
                continue;
            }
            let mut adds = Vec::with_capacity(side.states.len());
            let sums = listed.sums.iter_mut().zip(&mut listed.overflows);
            for ((role, state), (sum, failed)) in side.states.iter().zip(sums) {
                *failed |= sum.add(state, &view).is_err();
                let mut own = Accumulator::new(&state.kind);
                // Where the sum fails, so does what is made of it.
                let _ = own.add(state, &view);
                adds.push((*role, own.value(self.key)));
            }
            let shows = Shows { project: self.project, entity };
            let mut read = Vec::new();
            for expression in self.conditions.iter().chain(&self.measured) {
                shows.of_expression(expression, &view, &mut read);
            }
            let entered = self.entered(&view);
            let hit = adds.iter().find_map(|(role, adds)| match (role, adds) {
                (Role::Hits, StateValue::Count(hits)) if entered == Entered::Counted => Some(*hits > 0),
                _ => None,
            });
            listed.rows.push(TracedRow {
                entered,
                hit,
                adds,
                at,
                key: shows.key(table, row),
                place: place(table, row),
                read,
            });
        }
    }

    /// The term with all its rows.
    fn term(&self, listed: Listed) -> TracedTerm {
        let Listed { sums, overflows, mut rows, undated } = listed;
        rows.sort_by(|a, b| {
            let order = |row: &TracedRow| (row.entered, row.hit != Some(true), row.at);
            order(a)
                .cmp(&order(b))
                .then_with(|| a.key.iter().map(|k| &k.value).cmp(b.key.iter().map(|k| &k.value)))
        });
        let states = self.side.states.iter().zip(&sums).zip(overflows).map(|(((role, _), sum), failed)| {
            let bound = i64::MAX.to_string();
            (*role, if failed { StateValue::OutOfRange { bound } } else { sum.value(self.key) })
        });
        let states = states.collect();
        TracedTerm { term: self.side.term, entity: self.entity.clone(), rows, undated, states }
    }

    fn is_of_segment(&self, row: &RowOf<'_>) -> bool {
        let member = |dimension: &DimensionId| {
            let key = self.side.keys.iter().find(|key| key.dimension == *dimension)?;
            // A member off its scale is none, as where states are rolled up.
            let of = on_scales(&key.of, &self.entity, &self.project.entities);
            Some(evaluate(&of, row).map_or(Member::Unknown, member_of))
        };
        let counts_in = |found: &Member, wanted: &Member| match (found, wanted) {
            (Member::Value(found), Member::Value(wanted)) => split_code(found)
                .and_then(|code| self.split.get(code))
                .is_some_and(|of| of.contains_key(wanted)),
            _ => false,
        };
        self.segment.0.iter().all(|(dimension, wanted)| {
            member(dimension).is_some_and(|found| found == *wanted || counts_in(&found, wanted))
        })
    }

    fn entered(&self, row: &RowOf<'_>) -> Entered {
        let is_in = |role: Role| {
            let state: Option<&StateSpec> =
                self.side.states.iter().find(|(found, _)| *found == role).map(|(_, state)| state);
            let filter = state.and_then(|state| state.filter.as_ref());
            filter.is_none_or(|filter| holds(filter, row).unwrap_or(false))
        };
        if !is_in(Role::Eligible) {
            return Entered::Outside;
        }
        if is_in(Role::Counted) {
            return Entered::Counted;
        }
        let written =
            |of: &Expression| kepi_model::derived::inlined(of, &self.entity, &self.project.entities);
        if self.asked.iter().any(|of| !holds(of, row).unwrap_or(false)) {
            return Entered::NotAsked;
        }
        let is_missing = |of: &Expression| evaluate(&written(of), row).is_ok_and(|cell| cell.is_missing());
        if self.measured.iter().any(is_missing) { Entered::WithoutValue } else { Entered::NotCounted }
    }
}
