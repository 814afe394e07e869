//! Lowering: from KPIs to the states they need, and from many KPIs to one fused scan an entity.

use std::{collections::BTreeMap, sync::Arc};

use kepi_model::{
    calendar::{Calendar, CalendarError, Grain},
    expression::{Expression, Node, Path, Type},
    id::{DimensionId, EntityId, Hash, KpiId},
    project::{AsOf, Kpi, Population, Project},
};

use crate::{
    measure::kind_of,
    plan::{Key, ScanPlan, StateId, StateKind, StateSpec},
    port::{MemoryColumn, PinnedInputs, TableData},
};

/// Days that one scan may span; some 270 years. More is a wrong date in the data rather than a history.
pub const MAXIMUM_DAYS: i32 = 100_000;

/// Why a KPI cannot be lowered or scans cannot be planned.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum LowerError {
    /// The check lets no such KPI pass.
    #[error("`{kpi}` has no path from `{entity}` to `{dimension}`")]
    NoPath {
        /// KPI.
        kpi: KpiId,
        /// Base entity.
        entity: EntityId,
        /// Dimension.
        dimension: DimensionId,
    },
    /// A path names something that the project does not have.
    #[error("`{entity}` has no attribute `{attribute}`")]
    NoAttribute {
        /// Entity.
        entity: EntityId,
        /// Attribute.
        attribute: kepi_model::id::AttributeId,
    },
    /// Nothing says between which instants the rows lie.
    #[error("the data do not say between which dates `{path}` of `{entity}` lies; land the source again")]
    NoBounds {
        /// Base entity.
        entity: EntityId,
        /// Time path.
        path: String,
    },
    /// The dates span more days than a scan may.
    #[error(
        "`{path}` of `{entity}` runs from {first} to {last}, more than {MAXIMUM_DAYS} days; a date in the data is wrong"
    )]
    TooManyDays {
        /// Base entity.
        entity: EntityId,
        /// Time path.
        path: String,
        /// First day.
        first: String,
        /// Last day.
        last: String,
    },
    /// The calendar cannot answer.
    #[error(transparent)]
    Calendar(#[from] CalendarError),
}

/// What a state is for within its KPI.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Role {
    /// Rows of the population.
    Eligible,
    /// Rows that entered the value.
    Counted,
    /// Σx, or the set of different values.
    Total,
    /// Σx².
    Squares,
    /// Rows for which the condition holds.
    Hits,
    /// Σw.
    Weight,
    /// Σw².
    WeightSquares,
    /// Σwx.
    Weighted,
    /// Σw²x.
    WeightSquaresTotal,
    /// Σw²x².
    WeightSquaresSquares,
    /// Σw over hits.
    HitWeight,
    /// Σw² over hits.
    HitWeightSquares,
    /// Counts by bin.
    Histogram,
    /// One group of answers: 0 promoters, 1 passives, 2 detractors.
    Group(u8),
    /// Σw over one group.
    GroupWeight(u8),
    /// Σw² over one group.
    GroupWeightSquares(u8),
    /// Rows that are in numerator or denominator.
    Joint,
    /// Σxy over rows that are in both.
    Products,
}

/// Which part of a measure a state belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Part {
    /// The whole of it, or the part above the line.
    Base,
    /// The part below the line.
    Denominator,
}

impl Part {
    /// Its name.
    pub fn name(self) -> &'static str {
        match self {
            Self::Base => "base",
            Self::Denominator => "denominator",
        }
    }
}

/// States of one population.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Side {
    /// Which part.
    pub part: Part,
    /// Base entity.
    pub entity: EntityId,
    /// What dates a row.
    pub time: Path,
    /// Which versions count.
    pub as_of: AsOf,
    /// Condition of the population.
    pub filter: Option<Expression>,
    /// Keys by dimension, in the KPI's order.
    pub keys: Vec<Key>,
    /// States by role.
    pub states: Vec<(Role, StateSpec)>,
}

impl Side {
    /// Asks for a state over the rows of the population for which all of `and` hold.
    pub fn state(&mut self, role: Role, kind: StateKind, and: &[&Expression]) {
        let mut operands: Vec<Expression> = Vec::new();
        for operand in self.filter.iter().chain(and.iter().copied()) {
            match &operand.node {
                Node::And(inner) => operands.extend(inner.iter().cloned()),
                _ => operands.push(operand.clone()),
            }
        }
        let filter = match operands.len() {
            0 | 1 => operands.pop(),
            _ => Some(Expression { type_: Type::Boolean, node: Node::And(operands) }),
        };
        self.state_where(role, kind, filter);
    }

    /// Asks for a state over the rows of the entity for which `filter` holds.
    pub fn state_where(&mut self, role: Role, kind: StateKind, filter: Option<Expression>) {
        let id = state_id(&self.entity, &self.time, self.as_of, &kind, filter.as_ref());
        self.states.push((role, StateSpec { id, kind, filter }));
    }

    /// Whether two sides are read by one scan.
    pub fn same_scan(&self, other: &Self) -> bool {
        (&self.entity, &self.time, self.as_of) == (&other.entity, &other.time, other.as_of)
    }
}

/// Identity of a state: the hash of all that decides it.
pub fn state_id(
    entity: &EntityId,
    time: &Path,
    as_of: AsOf,
    kind: &StateKind,
    filter: Option<&Expression>,
) -> StateId {
    #[expect(
        clippy::expect_used,
        reason = "these types serialise without maps and without I/O, so nothing can fail"
    )]
    let bytes = serde_json::to_vec(&("state 1", entity, time, as_of, kind, filter)).expect("serialises");
    StateId(Hash::of(&bytes))
}

/// What a KPI needs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lowered {
    /// One side, or two for a ratio.
    pub sides: Vec<Side>,
    /// Segments asked for: the total, each dimension on its own, each combination; different, in this order.
    /// Dimensions within a set are sorted.
    pub key_sets: Vec<Vec<DimensionId>>,
}

impl Lowered {
    /// The side of a part.
    pub fn side(&self, part: Part) -> Option<&Side> {
        self.sides.iter().find(|side| side.part == part)
    }
}

/// Collects the sides of a KPI; measure kinds fill it.
pub struct Lowering<'a> {
    kpi: &'a Kpi,
    project: &'a Project,
    sides: Vec<Side>,
}

impl Lowering<'_> {
    /// Starts a side; states are asked for on what is returned.
    pub fn side(&mut self, part: Part, rows: &Population) -> Result<&mut Side, LowerError> {
        let keys = self
            .kpi
            .by
            .iter()
            .map(|dimension| {
                let path = dimension.paths.get(&rows.of).ok_or_else(|| LowerError::NoPath {
                    kpi: self.kpi.id.clone(),
                    entity: rows.of.clone(),
                    dimension: dimension.id.clone(),
                })?;
                let type_ = type_at(self.project, &rows.of, path)?;
                Ok(Key { dimension: dimension.id.clone(), path: path.clone(), type_ })
            })
            .collect::<Result<_, LowerError>>()?;
        self.sides.push(Side {
            part,
            entity: rows.of.clone(),
            time: rows.at.clone(),
            as_of: self.kpi.as_of,
            filter: rows.filter.clone(),
            keys,
            states: Vec::new(),
        });
        let last = self.sides.len() - 1;
        #[expect(clippy::indexing_slicing, reason = "a side was pushed just above")]
        Ok(&mut self.sides[last])
    }
}

fn type_at(project: &Project, entity: &EntityId, path: &Path) -> Result<Type, LowerError> {
    let last = path.references.last().map_or(entity, |(_, next)| next);
    project
        .entities
        .get(last)
        .and_then(|entity| entity.attribute(&path.attribute))
        .map(|attribute| attribute.type_.clone())
        .ok_or_else(|| LowerError::NoAttribute { entity: last.clone(), attribute: path.attribute.clone() })
}

/// Lowers one KPI.
pub fn lower(kpi: &Kpi, project: &Project) -> Result<Lowered, LowerError> {
    let mut lowering = Lowering { kpi, project, sides: Vec::new() };
    (kind_of(&kpi.measure).lower)(kpi, &mut lowering)?;
    let mut key_sets: Vec<Vec<DimensionId>> = vec![Vec::new()];
    let singles = kpi.by.iter().map(|dimension| vec![dimension.id.clone()]);
    for mut key_set in singles.chain(kpi.cross.iter().cloned()) {
        key_set.sort();
        key_set.dedup();
        if !key_sets.contains(&key_set) {
            key_sets.push(key_set);
        }
    }
    Ok(Lowered { sides: lowering.sides, key_sets })
}

/// Plans the scans of many KPIs at day grain: all that read one entity, dated by one attribute and as of the same
/// versions, share one scan; states and key sets occur once. Days run over the range of time in the data; an entity
/// without rows has no days. Sorted by entity, time and as-of, so that equal projects give equal plans.
pub fn plan<'k>(
    kpis: impl IntoIterator<Item = &'k Kpi>,
    project: &Project,
    inputs: &PinnedInputs,
) -> Result<Vec<ScanPlan>, LowerError> {
    let mut scans: BTreeMap<(EntityId, Path, AsOf), ScanPlan> = BTreeMap::new();
    for kpi in kpis {
        let lowered = lower(kpi, project)?;
        for side in &lowered.sides {
            let scan = (side.entity.clone(), side.time.clone(), side.as_of);
            let plan = scans.entry(scan).or_insert_with(|| ScanPlan {
                entity: side.entity.clone(),
                time: side.time.clone(),
                edges: Arc::new([]),
                as_of: side.as_of,
                keys: Vec::new(),
                key_sets: Vec::new(),
                states: Vec::new(),
            });
            for key in &side.keys {
                if !plan.keys.contains(key) {
                    plan.keys.push(key.clone());
                }
            }
            for key_set in &lowered.key_sets {
                let positions = key_positions(plan, side, key_set);
                if !plan.key_sets.contains(&positions) {
                    plan.key_sets.push(positions);
                }
            }
            for (_, state) in &side.states {
                if !plan.states.iter().any(|known| known.id == state.id) {
                    plan.states.push(state.clone());
                }
            }
        }
    }
    scans
        .into_values()
        .map(|mut plan| {
            plan.edges = day_edges(&plan.entity, &plan.time, &project.calendar, inputs)?.into();
            Ok(plan)
        })
        .collect()
}

/// Positions of a side's keys in a plan, ascending.
pub(crate) fn key_positions(plan: &ScanPlan, side: &Side, key_set: &[DimensionId]) -> Vec<usize> {
    let mut positions: Vec<usize> = key_set
        .iter()
        .filter_map(|dimension| side.keys.iter().find(|key| &key.dimension == dimension))
        .filter_map(|key| plan.keys.iter().position(|known| known == key))
        .collect();
    positions.sort_unstable();
    positions
}

/// Least and greatest time of an entity's rows, from the bounds of the column at the end of the path; none: no rows.
pub fn time_range(
    entity: &EntityId,
    time: &Path,
    inputs: &PinnedInputs,
) -> Result<Option<(i64, i64)>, LowerError> {
    let last = time.references.last().map_or(entity, |(_, next)| next);
    let (Some(_), Some(table)) = (inputs.tables.get(entity), inputs.tables.get(last)) else {
        return Ok(None);
    };
    let Some(position) = table.columns.iter().position(|column| column.name == time.attribute.as_str())
    else {
        return Err(LowerError::NoAttribute { entity: last.clone(), attribute: time.attribute.clone() });
    };
    match &table.data {
        TableData::Files(files) if files.iter().all(|file| file.rows == 0) => Ok(None),
        TableData::Files(_) => table
            .columns
            .get(position)
            .and_then(|column| column.bounds)
            .map(Some)
            .ok_or_else(|| LowerError::NoBounds { entity: entity.clone(), path: path_text(time) }),
        TableData::Memory(memory) => Ok(match memory.columns.get(position) {
            Some(MemoryColumn::Instant(values)) => {
                let known = || values.iter().copied().flatten();
                known().min().zip(known().max())
            }
            _ => None,
        }),
    }
}

/// A path as it is written: `account.region`.
pub fn path_text(path: &Path) -> String {
    let mut text = String::new();
    for (reference, _) in &path.references {
        text.push_str(reference.as_str());
        text.push('.');
    }
    text.push_str(path.attribute.as_str());
    text
}

fn day_edges(
    entity: &EntityId,
    time: &Path,
    calendar: &Calendar,
    inputs: &PinnedInputs,
) -> Result<Vec<i64>, LowerError> {
    let Some((first, last)) = time_range(entity, time, inputs)? else { return Ok(Vec::new()) };
    let first = calendar.period_at(Grain::Day, first)?;
    let last = calendar.period_at(Grain::Day, last)?;
    if last.ordinal.saturating_sub(first.ordinal) >= MAXIMUM_DAYS {
        return Err(LowerError::TooManyDays {
            entity: entity.clone(),
            path: path_text(time),
            first: calendar.label(first),
            last: calendar.label(last),
        });
    }
    Ok(calendar.edges(Grain::Day, first.ordinal, last.ordinal)?)
}
