//! What the rows behind a value are, and from a row to how it came about.
//!
//! Nothing is stored for it: tables are read and made again as they were for the run, and what stands behind one value or one
//! row is asked row by row, as the reference evaluator would. What the rows listed add up to is held against the states that
//! were published ([`TracedTerm::states`], [`ValueTrace::disagreements`]).

use std::{collections::BTreeMap, sync::Arc};

use kepi_model::{
    calendar::{CalendarError, Grain},
    derived::{Derivation, How, Made, UNION_ID, order},
    expression::{Expression, Node, Path, Type},
    id::{AttributeId, EntityId},
    project::{Entity, Project},
};

use super::{
    DerivePlan, Reads, Unmade, by_sorted_rows,
    keyed::{Places, owners, rows_of},
    plan::{Planner, Step},
    quick::Shared,
    read, reference,
    rows::{date, each_moment, union_id},
    split::{self, Local, Through, Way},
    table::{RowOf, Table, World},
};
use crate::{
    port::{By, EvaluateError, Evaluator, Keys, Limits, PinnedInputs, system},
    reference::expression_paths,
    row::{Cell, evaluate},
    side::{LowerError, Role, Term, path_text},
    state::wire::{CellStates, StateValue},
};

/// Why something cannot be traced.
#[derive(Debug, thiserror::Error)]
pub enum TraceError {
    /// The definition does not fit the project.
    #[error(transparent)]
    Lower(#[from] LowerError),
    /// The calendar cannot answer.
    #[error(transparent)]
    Calendar(#[from] CalendarError),
    /// A table could not be read.
    #[error(transparent)]
    Evaluate(#[from] EvaluateError),
    /// Its rows could not be made.
    #[error(transparent)]
    Unmade(#[from] Unmade),
}

/// What there is to trace in: pinned tables, and how a run made others of them.
#[derive(Clone, Copy)]
pub struct Traceable<'a> {
    /// The project.
    pub project: &'a Project,
    /// Its landed tables.
    pub inputs: &'a PinnedInputs,
    /// The date of the run, µs UTC.
    pub at: i64,
    /// How far data reached.
    pub watermarks: &'a BTreeMap<EntityId, i64>,
    /// What reads tables.
    pub reader: &'a dyn Evaluator,
    /// What it may use.
    pub limits: &'a Limits,
}

/// Where a landed row stood in its source.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    /// Source.
    pub source: String,
    /// File.
    pub file: String,
    /// Number of the row in it, from 1, header not counted.
    pub row: i64,
}

/// Something read of a row: its name, its type, its value unless that is personal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reading {
    /// As it is written: `account.region`.
    pub name: String,
    /// Its type.
    pub type_: Type,
    /// Its value; none: it is personal.
    pub value: Option<Cell>,
}

/// What became of a row of the period and segment.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Entered {
    /// It entered the value.
    Counted,
    /// It is of the population, and what is measured has no value.
    WithoutValue,
    /// It is of the population, and has a value that does not count: off its scale, or without weight.
    NotCounted,
    /// It is an invitation that did not arrive, or was not meant for who has it.
    NotAsked,
    /// It is not of the population.
    Outside,
}

/// A row behind a value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TracedRow {
    /// What became of it.
    pub entered: Entered,
    /// What dates it, µs UTC.
    pub at: i64,
    /// What identifies it.
    pub key: Vec<Reading>,
    /// Where it stood; none: it was made.
    pub place: Option<Place>,
    /// What the measure and its conditions read of it.
    pub read: Vec<Reading>,
    /// Whether it is a hit of what is counted; none where nothing is, or it did not enter.
    pub hit: Option<bool>,
    /// What it adds to each state of its term.
    pub adds: Vec<(Role, StateValue)>,
}

/// The rows of one term of a measure.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TracedTerm {
    /// Which.
    pub term: Term,
    /// Whose rows.
    pub entity: EntityId,
    /// Rows of the period and segment: those that entered first, of them hits first, then by date and key.
    pub rows: Vec<TracedRow>,
    /// Rows without a date, of all periods.
    pub undated: u64,
    /// What they add up to, by role.
    pub states: Vec<(Role, StateValue)>,
}

/// The rows behind a value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ValueTrace {
    /// By term.
    pub terms: Vec<TracedTerm>,
}

impl ValueTrace {
    /// Where the rows do not add up to the states that were published: term, role.
    pub fn disagreements(&self, published: &CellStates) -> Vec<(Term, Role)> {
        // A stock is all that came so far; its period alone is not what was traced.
        let terms = if published.so_far.is_empty() { &published.terms } else { &published.so_far };
        let mut found = Vec::new();
        for term in &self.terms {
            for (role, value) in &term.states {
                let of = terms.iter().find(|(known, _)| *known == term.term);
                let known = of.and_then(|(_, states)| states.iter().find(|(known, _)| known == role));
                match known {
                    Some((_, StateValue::OutOfRange { .. })) => {}
                    Some((_, known)) if known == value => {}
                    None if !published.so_far.is_empty() => {}
                    Some(_) | None => found.push((term.term, *role)),
                }
            }
        }
        found
    }
}

/// Tables as a run reads and makes them.
pub(super) async fn world(of: Traceable<'_>, plan: DerivePlan) -> Result<(World, DerivePlan), TraceError> {
    let tables = read(&plan.columns, of.inputs, of.reader, of.limits).await?;
    Ok((by_sorted_rows(&plan, tables, None, None, of.limits.threads, &Shared::default())?, plan))
}

/// The same of what belongs to whom one row belongs alone, where that can be told.
async fn world_of_key(
    of: Traceable<'_>,
    plan: DerivePlan,
    (name, entity, key): (&EntityId, &Entity, &[Cell]),
) -> Result<(World, DerivePlan), TraceError> {
    let Some((keys, local)) = keys_of(of, &plan, (name, entity, key)).await? else {
        return world(of, plan).await;
    };
    let plan = local.reads(plan);
    let reading = (of.reader, of.limits);
    let (tables, _) = rows_of((&plan, &local, of.inputs), &keys, reading).await?;
    Ok((by_sorted_rows(&plan, tables, Some(keys), None, of.limits.threads, &Shared::default())?, plan))
}

/// To whom the rows belong that begin with these parts of a key, and how rows do; none where it cannot be told.
async fn keys_of(
    of: Traceable<'_>,
    plan: &DerivePlan,
    (name, entity, key): (&EntityId, &Entity, &[Cell]),
) -> Result<Option<(Arc<Keys>, Local)>, TraceError> {
    let (Some(Cell::Text(first)), Some(by)) = (key.first(), entity.key.first()) else { return Ok(None) };
    // What is shown of a row may look up others, which have to be there.
    let mut shown = plan.clone();
    for derived in &entity.derived {
        if let Derivation::Expression(of_row) = &derived.from {
            let condition = kepi_model::derived::inlined(of_row, &entity.id, &of.project.entities);
            shown.steps.push(Step::Keep { table: name.clone(), time: None, condition });
            shown.reads.push(Reads::new());
        }
    }
    let Some(local) = split::local(&shown, of.inputs) else { return Ok(None) };
    let Some(subject) = local.subjects.get(name) else { return Ok(None) };
    let mut keys = Keys::default();
    let by = By::Column(by.to_string());
    if *subject == by {
        keys.add(Some(first));
        return Ok(Some((Arc::new(keys), local)));
    }
    let is_landed = by.column().is_some_and(|column| split::is_landed(plan, name, column));
    let (true, Some(key)) = (is_landed, by.column()) else { return Ok(None) };
    let mut ids = Keys::default();
    ids.add(Some(first));
    let versions = local.through.iter().find(|of| of.table == *name && of.is_of_versions());
    let ways = versions.map_or_else(|| vec![Way::By(subject.clone())], |of| of.ways.clone());
    let (table, key) = (name.clone(), key.to_owned());
    let row = Through { table: table.clone(), by: by.clone(), of: table, key, ways, or_nobody: false };
    let tables = |entity: &EntityId| of.inputs.tables.get(entity).cloned().into_iter().collect();
    let places = Places { tables: &tables, has_versions: &|_| true, reader: of.reader, limits: of.limits };
    owners(&row, &Arc::new(ids), places, &mut keys).await?;
    Ok(Some((Arc::new(keys), local)))
}

/// What may be shown of rows of an entity.
pub(super) struct Shows<'a> {
    pub(super) project: &'a Project,
    pub(super) entity: &'a EntityId,
}

impl Shows<'_> {
    fn entity(&self) -> Option<&Entity> {
        self.project.entities.get(self.entity)
    }

    pub(super) fn key(&self, table: &Table, row: u32) -> Vec<Reading> {
        let Some(entity) = self.entity() else { return Vec::new() };
        let part = |(name, value): (&AttributeId, Cell)| self.attribute(entity, name, value);
        entity.key.iter().zip(table.key(row)).filter_map(part).collect()
    }

    fn attribute(&self, entity: &Entity, name: &AttributeId, value: Cell) -> Option<Reading> {
        let attribute = entity.attribute(name)?;
        let value = (!self.is_personal(entity, name)).then_some(value);
        Some(Reading { name: name.to_string(), type_: attribute.type_.clone(), value })
    }

    /// Whether an attribute holds personal data, or the key of a row that has such a key.
    fn is_personal(&self, entity: &Entity, name: &AttributeId) -> bool {
        let Some(attribute) = entity.attribute(name) else { return false };
        let of_key = match &attribute.type_ {
            Type::Reference { entity: of } if *of != entity.id => {
                let of = self.project.entities.get(of);
                of.and_then(|of| Some(self.is_personal(of, of.single_key()?))).unwrap_or(false)
            }
            _ => false,
        };
        let computed = match entity.derivation(name) {
            Some(Derivation::Expression(of)) => self.reads_personal(of, entity),
            _ => false,
        };
        attribute.personal || of_key || computed
    }

    fn reads_personal(&self, of: &Expression, base: &Entity) -> bool {
        let mut paths = Vec::new();
        expression_paths(of, &mut paths);
        paths.into_iter().any(|path| {
            let last = path.references.last().map_or(Some(base), |(_, of)| self.project.entities.get(of));
            last.is_some_and(|last| self.is_personal(last, &path.attribute))
        })
    }

    /// Everything that an expression reads, each once.
    pub(super) fn of_expression(&self, of: &Expression, row: &RowOf<'_>, into: &mut Vec<Reading>) {
        let Some(entity) = self.entity() else { return };
        of.visit(&mut |part| {
            let Node::Path(path) = &part.node else { return };
            let name = path_text(path);
            if into.iter().any(|known| known.name == name) {
                return;
            }
            let out = kepi_model::derived::inlined(part, self.entity, &self.project.entities);
            let value =
                (!self.reads_personal(part, entity)).then(|| evaluate(&out, row).unwrap_or(Cell::Missing));
            into.push(Reading { name, type_: part.type_.clone(), value });
        });
    }
}

pub(super) fn place(table: &Table, row: u32) -> Option<Place> {
    let text = |name| match table.cell(name, row) {
        Cell::Text(text) => Some(text.into_string()),
        _ => None,
    };
    let Cell::Integer(number) = table.cell(system::ROW, row) else { return None };
    Some(Place { source: text(system::SOURCE)?, file: text(system::FILE)?, row: number })
}

/// A row that a gathered attribute found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FoundRow {
    /// What dates it, or when it begins to be in force, µs UTC; none: that does not matter.
    pub at: Option<i64>,
    /// What identifies it.
    pub key: Vec<Reading>,
    /// What is made of it; none: personal, or nothing but the row itself.
    pub value: Option<Cell>,
    /// Where it stood; none: it was made.
    pub place: Option<Place>,
}

/// How a gathered attribute came about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GatheredTrace {
    /// The attribute.
    pub attribute: AttributeId,
    /// What is made of the rows found.
    pub how: How,
    /// Whose rows.
    pub of: EntityId,
    /// The type of what is read of each.
    pub type_: Option<Type>,
    /// The rows, in order; none: what it asks with is missing, so it has no value.
    pub found: Option<Vec<FoundRow>>,
}

/// A row that another was made of: what it is to it, whose row it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MadeOf {
    /// `subject`, `row`, `version`, `enters NAME`, `leaves NAME`.
    pub what: String,
    /// The entity.
    pub of: EntityId,
    /// The row.
    pub row: FoundRow,
}

/// How a row came about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RowTrace {
    /// Where it stood; none: it was made.
    pub place: Option<Place>,
    /// The rows that it was made of, if it was.
    pub made_of: Vec<MadeOf>,
    /// From and until when this version holds, of a landed row.
    pub holds: (Option<i64>, Option<i64>),
    /// The key of the row that it was merged into, if it was.
    pub merged_into: Option<Reading>,
    /// References that its source said otherwise: the row that it named was merged into another.
    pub merged: Vec<Reading>,
    /// Its attributes.
    pub attributes: Vec<Reading>,
    /// Those that were gathered.
    pub gathered: Vec<GatheredTrace>,
}

/// Traces the rows of an entity that begin with these parts of a key, at most so many. `grain` is the length of periods of a
/// panel that has them at any.
///
/// # Errors
/// Tables cannot be read or made.
pub async fn rows(
    of: Traceable<'_>,
    entity: &Entity,
    grain: Grain,
    key: &[Cell],
    most: usize,
) -> Result<Vec<RowTrace>, TraceError> {
    let project = of.project;
    let mut planner = Planner::new(project, of.inputs, of.at, of.watermarks);
    let derived =
        entity.derived.iter().map(|derived| Made::Attribute(entity.id.clone(), derived.attribute.id.clone()));
    let roots = entity.rows.iter().map(|_| Made::Kept(entity.id.clone())).chain(derived);
    for made in order(&project.entities, roots).unwrap_or_default() {
        planner.make(&made, grain)?;
    }
    planner.key(&entity.id);
    for attribute in entity.all_attributes() {
        planner.column(&entity.id, &attribute.id);
        if let Some(Derivation::Expression(of)) = entity.derivation(&attribute.id) {
            let out = planner.written_out(of, &entity.id);
            planner.expression(&out, &entity.id);
        }
    }
    planner.places();
    let name = planner.table(&entity.id, grain)?;
    let (world, plan) = world_of_key(of, planner.finish()?, (&name, entity, key)).await?;
    if let Some(why) = world.unmade.get(&name) {
        return Err(why.clone().into());
    }
    let Some(table) = world.tables.get(&name) else { return Ok(Vec::new()) };
    let is_asked = |row: &u32| table.key(*row).iter().zip(key).all(|(own, asked)| own == asked);
    let shows = Shows { project, entity: &entity.id };
    let mut traced = Vec::new();
    for row in (0..table.rows as u32).filter(is_asked).take(most) {
        let time = entity.time.as_ref().map(|time| Path { references: Vec::new(), attribute: time.clone() });
        let view = RowOf { world: &world, table, row, as_of: date(table, time.as_ref(), row), moved: &[] };
        let mut attributes = Vec::new();
        for attribute in entity.all_attributes() {
            let value = match entity.derivation(&attribute.id) {
                Some(Derivation::Expression(of)) => {
                    let out = kepi_model::derived::inlined(of, &entity.id, &project.entities);
                    evaluate(&out, &view).unwrap_or(Cell::Missing)
                }
                _ => table.cell(attribute.id.as_str(), row),
            };
            attributes.extend(shows.attribute(entity, &attribute.id, value));
        }
        let mut merged = Vec::new();
        for attribute in &entity.attributes {
            let said = table.cell(&format!("{}{}", system::SAID, attribute.id), row);
            if !said.is_missing() {
                merged.extend(shows.attribute(entity, &attribute.id, said));
            }
        }
        let into = table.cell(system::MERGED_INTO, row);
        let key = entity.key.first().filter(|_| !into.is_missing());
        let instant = |name| match table.cell(name, row) {
            Cell::Instant(at) => Some(at),
            _ => None,
        };
        traced.push(RowTrace {
            place: place(table, row),
            made_of: made_of(project, &world, &plan, (&name, table, row)),
            holds: (instant(system::VALID_FROM), instant(system::VALID_TO)),
            merged_into: key.and_then(|key| shows.attribute(entity, key, into)),
            merged,
            attributes,
            gathered: gathered(project, &world, &plan, (&name, table, row)),
        });
    }
    Ok(traced)
}

/// The rows that one row was made of.
fn made_of(
    project: &Project,
    world: &World,
    plan: &DerivePlan,
    (name, table, row): (&EntityId, &Table, u32),
) -> Vec<MadeOf> {
    let mut all = Vec::new();
    let mut see = |what: String, of: &EntityId, at: Option<i64>, row: u32| {
        let Some(table) = world.tables.get(of) else { return };
        let shows = Shows { project, entity: of };
        let (key, place) = (shows.key(table, row), place(table, row));
        all.push(MadeOf { what, of: of.clone(), row: FoundRow { at, key, value: None, place } });
    };
    let is_of = |of: &Table, row: &u32, key: &Cell| of.key(*row).first() == Some(key);
    for step in &plan.steps {
        match step {
            Step::Panel(step) if step.table == *name => {
                let Some(of) = world.tables.get(&step.of) else { continue };
                let subject = table.cell(step.subject.as_str(), row);
                for subject in of.current().filter(|row| is_of(of, row, &subject)) {
                    see("subject".to_owned(), &step.of, None, subject);
                }
            }
            Step::Stages(step) if step.table == *name => {
                let Cell::Text(subject) = table.cell(step.subject.as_str(), row) else { continue };
                for stage in &step.stages {
                    for (word, moments) in [("enters", &stage.enter), ("leaves", &stage.exit)] {
                        for moment in moments {
                            // What is out of range has made no rows.
                            let _ = each_moment(moment, world, |who, at, row| {
                                if who == subject && at < step.until {
                                    see(format!("{word} {}", stage.name), &moment.of, Some(at), row);
                                }
                            });
                        }
                    }
                }
            }
            Step::Union(step) if step.table == *name => {
                let id = table.cell(UNION_ID, row);
                for part in &step.parts {
                    let Some(of) = world.tables.get(&part.of) else { continue };
                    for found in of.current().filter(|row| Cell::Text(union_id(&part.of, of, *row)) == id) {
                        see("row".to_owned(), &part.of, None, found);
                    }
                }
            }
            // Row for row those of the table.
            Step::Versions(step) if step.table == *name => see("version".to_owned(), &step.of, None, row),
            _ => {}
        }
    }
    all.sort_by_key(|made| made.row.at);
    all
}

/// How the gathered attributes of one row came about.
fn gathered(
    project: &Project,
    world: &World,
    plan: &DerivePlan,
    (name, table, row): (&EntityId, &Table, u32),
) -> Vec<GatheredTrace> {
    let newest = table.newest().get(row as usize).copied().unwrap_or(row);
    let mut all = Vec::new();
    for step in &plan.steps {
        let Step::Gather(step) = step else { continue };
        if step.table != *name {
            continue;
        }
        let gathered = &step.gathered;
        let Some(theirs) = project.entities.get(&gathered.of) else { continue };
        let shows = Shows { project, entity: &theirs.id };
        let is_personal = gathered.value.as_ref().is_some_and(|value| shows.reads_personal(value, theirs));
        let of = world.tables.get(&gathered.of);
        let found = reference::found_by(step, world, table, newest).ok().flatten().map(|found| {
            let one = |found: reference::Found| FoundRow {
                at: Some(found.at),
                key: of.map(|of| shows.key(of, found.row)).unwrap_or_default(),
                value: (gathered.value.is_some() && !is_personal).then_some(found.value),
                place: of.and_then(|of| place(of, found.row)),
            };
            found.into_iter().map(one).collect()
        });
        all.push(GatheredTrace {
            attribute: step.attribute.clone(),
            how: gathered.how,
            of: gathered.of.clone(),
            type_: gathered.value.as_ref().map(|value| value.type_.clone()),
            found,
        });
    }
    all
}
