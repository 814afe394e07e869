//! What can be made apart: tables of which none is made of another, and, of those, the rows of a key.
//!
//! Nearly all that is made is made of rows of the same customer. Where that can be seen from the definitions, the rows that belong to some keys
//! are made of the landed rows that belong to these keys, and of nothing else, so that a day's rows make anew what belongs to whom they are about.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use kepi_model::{
    derived::How,
    expression::{Expression, Node, Path, Physical},
    id::{AttributeId, EntityId},
};

use serde::{Deserialize, Serialize};

use super::{
    newest,
    plan::{DerivePlan, GatherStep, PartStep, Step},
    rows::date,
    table::{RowOf, World},
};
use crate::{
    belonging::as_key,
    port::{Belonging, By, Keys, PinnedInputs, PinnedTable, TableData},
    reference::expression_paths,
    row::{Cell, Row, evaluate},
};

/// A plan in as many as can be made apart from each other.
pub(crate) fn parts(plan: &DerivePlan) -> Vec<DerivePlan> {
    let made = MadeOf::new(plan);
    // Each table with the first of those that are made with it.
    let mut with: BTreeMap<&EntityId, &EntityId> = plan.tables().map(|table| (table, table)).collect();
    for step in &plan.steps {
        for (other, _) in columns(step).iter().filter(|(table, column)| made.has(table, column)) {
            let (a, b) = (with.get(step.table()).copied(), with.get(other).copied());
            if let (Some(a), Some(b)) = (a, b) {
                with.values_mut().filter(|of| **of == b).for_each(|of| *of = a);
            }
        }
    }
    let mut parts: BTreeMap<&EntityId, DerivePlan> = BTreeMap::new();
    for (step, reads) in plan.steps.iter().zip(&plan.reads) {
        let Some(first) = with.get(step.table()) else { continue };
        let part = parts.entry(first).or_default();
        if matches!(step, Step::Gather(of) if of.gathered.how == How::Days) {
            part.days = plan.days.clone();
        }
        let scanned = plan.scanned.get(step.table()).map(|columns| (step.table().clone(), columns.clone()));
        for (entity, columns) in reads.clone().into_iter().chain(scanned) {
            part.columns.entry(entity).or_default().extend(columns);
        }
        part.steps.push(step.clone());
        part.reads.push(reads.clone());
    }
    parts.into_values().collect()
}

/// What of a plan can be made apart by keys of one kind, and what is made after it, of what it made: where attributes of one table belong to several subjects. None:
/// all of it can, or nothing.
pub(crate) fn first_of(plan: &DerivePlan, inputs: &PinnedInputs) -> Option<(DerivePlan, DerivePlan)> {
    if local(plan, inputs).is_some() {
        return None;
    }
    let made = MadeOf::new(plan);
    // Rows that are made are made with all that they have.
    let mut units: Vec<Vec<usize>> = Vec::new();
    for (at, step) in plan.steps.iter().enumerate() {
        let own = |unit: &&mut Vec<usize>| {
            let of = |at: &usize| plan.steps.get(*at).is_some_and(|other| other.table() == step.table());
            made.rows.contains(step.table()) && unit.iter().any(of)
        };
        match units.iter_mut().find(own) {
            Some(unit) => unit.push(at),
            None => units.push(vec![at]),
        }
    }
    let is_there = |those: &[usize], (table, column): &(EntityId, String)| {
        let makes = |(at, step): (usize, &Step)| {
            let is_its = step.table() == table
                && (made.rows.contains(table)
                    || matches!(step, Step::Gather(of) if of.attribute.as_str() == column));
            !is_its || those.contains(&at)
        };
        plan.steps.iter().enumerate().all(makes)
    };
    let mut first: Vec<usize> = Vec::new();
    loop {
        let before = first.len();
        for unit in &units {
            let with: Vec<usize> = first.iter().chain(unit).copied().collect();
            let read = unit.iter().filter_map(|at| plan.steps.get(*at)).flat_map(columns);
            if !unit.iter().any(|at| first.contains(at))
                && read.into_iter().all(|column| is_there(&with, &column))
                && local(&some(plan, &with), inputs).is_some()
            {
                first = with;
            }
        }
        if first.len() == before {
            break;
        }
    }
    let rest: Vec<usize> = (0..plan.steps.len()).filter(|at| !first.contains(at)).collect();
    (!first.is_empty() && !rest.is_empty()).then(|| (some(plan, &first), some(plan, &rest)))
}

/// What makes the rows of panels of a plan, and only that, and what is made of these, if something is. None where a row of an earlier period may be made of
/// rows of a later one: where what a panel's rows are made of is gathered of such.
pub(crate) fn by_period(plan: &DerivePlan) -> Option<(DerivePlan, Option<OfPanels>)> {
    let is_panel = |table: &EntityId| {
        plan.steps.iter().any(|step| matches!(step, Step::Panel(of) if of.table == *table))
    };
    // Rows, or a column.
    let reads = |step: &Step| {
        let of = match step {
            Step::Gather(of) => Some(&of.gathered.of),
            Step::Panel(of) => Some(&of.of),
            _ => None,
        };
        let mut all: BTreeSet<(EntityId, Option<String>)> =
            of.map(|of| (of.clone(), None)).into_iter().collect();
        let columns =
            columns(step).into_iter().filter(|(table, _)| of == Some(table) || table != step.table());
        all.extend(columns.flat_map(|(of, column)| [(of.clone(), None), (of, Some(column))]));
        all
    };
    let makes = |step: &Step| match step {
        Step::Gather(of) => (of.table.clone(), Some(of.attribute.to_string())),
        _ => (step.table().clone(), None),
    };
    let mut of_panels: BTreeSet<(EntityId, Option<String>)> = BTreeSet::new();
    loop {
        let is_of = |step: &&Step| {
            let read = reads(step);
            let own = columns(step).into_iter().map(|(of, column)| (of, Some(column)));
            read.iter().any(|(of, _)| is_panel(of))
                || read.into_iter().chain(own).any(|of| of_panels.contains(&of))
        };
        let found: BTreeSet<_> = plan.steps.iter().filter(is_of).map(makes).collect();
        if found.iter().any(|(table, _)| is_panel(table)) {
            return None;
        }
        if found == of_panels {
            break;
        }
        of_panels = found;
    }
    // The steps of some tables, and all that these need but panels.
    let needed_by = |is_wanted: &dyn Fn(&EntityId) -> bool, with_panels: bool| {
        let mut needed: BTreeSet<(EntityId, Option<String>)> = BTreeSet::new();
        let mut those = Vec::new();
        for (at, step) in plan.steps.iter().enumerate().rev() {
            if is_wanted(step.table())
                || (needed.contains(&makes(step)) && (with_panels || !is_panel(step.table())))
            {
                needed.extend(reads(step));
                needed.extend(columns(step).into_iter().map(|(of, column)| (of, Some(column))));
                those.push(at);
            }
        }
        some(plan, &those)
    };
    let tables: BTreeSet<EntityId> = of_panels.into_iter().map(|(table, _)| table).collect();
    let after = (!tables.is_empty()).then(|| {
        let plan = needed_by(&|table| tables.contains(table), false);
        OfPanels { plan, tables }
    });
    Some((needed_by(&is_panel, true), after))
}

/// What is made of the rows of panels.
pub(crate) struct OfPanels {
    /// What makes it, of panels that are there.
    pub plan: DerivePlan,
    /// The tables that are made or added to so.
    pub tables: BTreeSet<EntityId>,
}

/// Some steps of a plan, by place, with all that is read for them.
fn some(plan: &DerivePlan, those: &[usize]) -> DerivePlan {
    let mut of = DerivePlan { days: plan.days.clone(), ..DerivePlan::default() };
    for (at, (step, reads)) in plan.steps.iter().zip(&plan.reads).enumerate() {
        if those.contains(&at) {
            let whole = plan.columns.get(step.table()).map(|all| (step.table().clone(), all.clone()));
            for (entity, columns) in reads.clone().into_iter().chain(whole) {
                of.columns.entry(entity).or_default().extend(columns);
            }
            of.steps.push(step.clone());
            of.reads.push(reads.clone());
        }
    }
    of
}

/// Whether a column of a table was landed as it is.
pub(crate) fn is_landed(plan: &DerivePlan, table: &EntityId, column: &str) -> bool {
    !MadeOf::new(plan).has(table, column)
}

/// How the rows of a plan belong to keys.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Local {
    /// What says to whom a row belongs, of each table that is made or added to. Of landed rows it may be computed of others.
    pub subjects: BTreeMap<EntityId, By>,
    /// Of landed tables what rows are found by: it comes to the key for one that belongs to it, if no other row says so.
    pub ties: BTreeMap<EntityId, Vec<By>>,
    /// Landed tables of which any row may be looked up.
    pub whole: BTreeSet<EntityId>,
    /// By which columns their rows are looked up.
    pub lookups: BTreeSet<Lookup>,
    /// Those of them whose rows are looked up by what cannot be followed back: it is not known by whom.
    pub blind: BTreeSet<EntityId>,
    /// How many references follow each other at most.
    pub depth: usize,
    /// How rows of landed tables are found through others.
    pub through: Vec<Through>,
    /// What dates the rows of tables whose subject follows references: these are as of then.
    pub dated: BTreeMap<EntityId, Option<Path>>,
    /// Tables of all versions of another one, whose rows belong to whom the newest version of theirs belongs; each with the other one and with what
    /// identifies a row of it.
    pub versions: BTreeMap<EntityId, (EntityId, String)>,
}

impl Local {
    /// What rows of a table are found by; none: any row of it may be looked up.
    pub fn ties(&self, table: &EntityId) -> Option<&[By]> {
        self.ties.get(table).filter(|_| !self.whole.contains(table)).map(Vec::as_slice)
    }

    /// A plan that reads, beside all it is made of, what says to whom rows belong and what finds them.
    pub fn reads(&self, mut plan: DerivePlan) -> DerivePlan {
        let mut read = |table: &EntityId, names: BTreeSet<String>| {
            plan.columns.entry(table.clone()).or_default().extend(names);
        };
        self.through.iter().for_each(|of| of.reads(&mut read));
        for Lookup { table, column, of, key } in &self.lookups {
            read(table, [column.clone()].into());
            read(of, [key.clone()].into());
        }
        plan
    }

    /// Whether rows are not found without looking for them through others: versions of a row are where all rows hold.
    pub fn is_needed(&self, through: &Through, has_versions: bool) -> bool {
        let is_found = |way: &Way| match way {
            Way::By(by) => self.ties.get(&through.of).is_some_and(|own| own.contains(by)),
            Way::Through(of) => self.through.contains(of),
        };
        !through.is_of_versions() || has_versions || through.or_nobody || !through.ways.iter().all(is_found)
    }

    /// Of landed tables those that are asked to whom rows of others belong.
    pub fn asked(&self, landed: &PinnedInputs) -> PinnedInputs {
        let mut asked = PinnedInputs { snapshot: landed.snapshot, tables: BTreeMap::new() };
        for table in self.dated.keys() {
            let Some(By::Computed(of)) = self.subjects.get(table) else { continue };
            for (_, of) in references(of) {
                asked.tables.extend(landed.tables.get(of).map(|table| (of.clone(), table.clone())));
            }
        }
        asked
    }

    /// The rows of a table that was made, in memory, which belong to keys, by place: all versions of a row to whom the newest one belongs. `asked`: the landed
    /// rows that say to whom others belong. None where nothing is known of it.
    pub fn own(
        &self,
        made: &BTreeMap<EntityId, PinnedTable>,
        asked: &PinnedInputs,
        id: &EntityId,
        keys: &Arc<Keys>,
    ) -> Option<Vec<u32>> {
        let in_memory = |table: &PinnedTable| match &table.data {
            TableData::Memory(memory) => Some(Arc::clone(memory)),
            TableData::Files(_) => None,
        };
        let table = made.get(id)?;
        let memory = in_memory(table)?;
        if let Some((of, key)) = self.versions.get(id) {
            let rows = made.get(of)?;
            let (own, memory_of) = (self.own(made, asked, of, keys)?, in_memory(rows)?);
            let key = By::Column(key.clone());
            let texts = key.texts(&rows.columns, &memory_of)?;
            let mut ids = Keys::default();
            own.into_iter().for_each(|row| _ = ids.add(texts.get(row as usize)));
            return Some(Belonging::by([&key], &Arc::new(ids)).of(&table.columns, &memory));
        }
        let own = match (self.subjects.get(id)?, self.dated.get(id)) {
            (By::Computed(of), Some(time)) => {
                let mut tables = asked.tables.clone();
                tables.insert(id.clone(), table.clone());
                let world = World::new(PinnedInputs { snapshot: asked.snapshot, tables }).ok()?;
                let table = world.tables.get(id)?;
                let is_own = |row: &u32| {
                    let as_of = date(table, time.as_ref(), *row);
                    let view = RowOf { world: &world, table, row: *row, as_of, moved: &[] };
                    keys.has(evaluate(of, &view).ok().and_then(as_key).as_deref())
                };
                (0..memory.rows as u32).filter(is_own).collect()
            }
            (by, _) => Belonging::by([by], keys).of(&table.columns, &memory),
        };
        let Some(newest) = newest(table) else { return Some(own) };
        let mut is_own = vec![false; memory.rows];
        for row in own {
            *is_own.get_mut(row as usize)? = true;
        }
        let all = (0..).zip(newest);
        Some(all.filter(|(_, of)| is_own.get(*of as usize) == Some(&true)).map(|(row, _)| row).collect())
    }
}

/// Rows of a table that are found through those of another one: by what holds what identifies a row which belongs to a key. The versions of a row
/// are found so through each other, by what identifies it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Through {
    /// The table whose rows are found.
    pub table: EntityId,
    /// By this.
    pub by: By,
    /// The table to which it refers.
    pub of: EntityId,
    /// What identifies a row of it.
    pub key: String,
    /// What may say to which key a row of it belongs.
    pub ways: Vec<Way>,
    /// Whether rows that lead to nothing belong to those without a key, instead of being none of those that are meant.
    pub or_nobody: bool,
}

/// What may say to which key a row belongs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Way {
    /// Its own columns.
    By(By),
    /// A row that it refers to.
    Through(Box<Through>),
}

impl Way {
    /// What is asked of the row itself.
    pub fn by(&self) -> &By {
        match self {
            Self::By(by) => by,
            Self::Through(through) => &through.by,
        }
    }
}

/// How rows of a table are looked up: by a column of another one that holds what identifies them.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub(crate) struct Lookup {
    /// The table that refers to them.
    pub table: EntityId,
    /// The column.
    pub column: String,
    /// The table that is looked up.
    pub of: EntityId,
    /// What identifies a row of it, of text.
    pub key: String,
}

impl Through {
    /// Whether versions of a row are found through each other.
    pub fn is_of_versions(&self) -> bool {
        self.table == self.of && self.by.column() == Some(&self.key)
    }

    fn reads(&self, read: &mut impl FnMut(&EntityId, BTreeSet<String>)) {
        read(&self.table, self.by.columns());
        read(&self.of, [self.key.clone()].into());
        for way in &self.ways {
            read(&self.of, way.by().columns());
            if let Way::Through(next) = way {
                next.reads(read);
            }
        }
    }
}

/// How the rows of a plan belong to keys; none where some are made of rows that belong to others.
pub(crate) fn local(plan: &DerivePlan, inputs: &PinnedInputs) -> Option<Local> {
    let seeds = plan.steps.iter().flat_map(seeds);
    let mut tried: Vec<(EntityId, By)> = Vec::new();
    seeds.into_iter().find_map(|(table, subject)| {
        let seed = (table.clone(), subject.clone());
        if tried.contains(&seed) {
            return None;
        }
        tried.push(seed);
        let mut search = Search { plan, inputs, made: MadeOf::new(plan), found: Local::default() };
        search.found.subjects.insert(table, subject);
        search.all()
    })
}

/// What the tables of a plan have that is made.
struct MadeOf<'a> {
    rows: BTreeSet<&'a EntityId>,
    columns: BTreeSet<(&'a EntityId, &'a str)>,
}

impl<'a> MadeOf<'a> {
    fn new(plan: &'a DerivePlan) -> Self {
        let mut made = Self { rows: BTreeSet::new(), columns: BTreeSet::new() };
        for step in &plan.steps {
            match step {
                Step::Gather(of) => {
                    made.columns.insert((&of.table, of.attribute.as_str()));
                }
                Step::Keep { .. } => {}
                _ => {
                    made.rows.insert(step.table());
                }
            }
        }
        made
    }

    fn has(&self, table: &EntityId, column: &str) -> bool {
        self.rows.contains(table) || self.columns.contains(&(table, column))
    }
}

/// What may say to whom the rows of a step's table belong.
fn seeds(step: &Step) -> Vec<(EntityId, By)> {
    let column = |name: &AttributeId| By::Column(name.to_string());
    let subjects: Vec<By> = match step {
        Step::Panel(of) => vec![column(&of.subject)],
        Step::Stages(of) => vec![column(&of.subject)],
        Step::Union(of) => of.columns.iter().map(|(name, _)| column(name)).collect(),
        Step::Versions(of) => of.columns.iter().map(|(name, _)| column(name)).collect(),
        Step::Gather(of) => of.gathered.same.iter().map(|(mine, _)| By::of(mine)).collect(),
        Step::Keep { .. } => vec![],
    };
    subjects.into_iter().map(|subject| (step.table().clone(), subject)).collect()
}

/// The column that an expression is.
fn plain(of: &Expression) -> Option<&str> {
    match &of.node {
        Node::Path(path) if path.references.is_empty() => Some(path.attribute.as_str()),
        _ => None,
    }
}

/// The references that an expression follows, one after the other; none of what comes to something else than a column of the last row.
fn hops(of: &Expression) -> &[(AttributeId, EntityId)] {
    match &of.node {
        Node::Path(path) => &path.references,
        _ => &[],
    }
}

/// All references that are followed somewhere in an expression.
fn references(of: &Expression) -> Vec<&(AttributeId, EntityId)> {
    let mut paths = Vec::new();
    expression_paths(of, &mut paths);
    paths.into_iter().flat_map(|path| &path.references).collect()
}

/// The first reference of all paths of an expression, if they begin with the same, and what it asks of the row to which that leads; none where it comes to
/// something though that leads to nothing.
fn led(of: &Expression) -> Option<((AttributeId, EntityId), Expression)> {
    let mut paths = Vec::new();
    expression_paths(of, &mut paths);
    let first = paths.first()?.references.first()?.clone();
    let begins_so = |path: &&Path| path.references.first() == Some(&first);
    if !paths.iter().all(begins_so) || evaluate(of, &Nothing).ok()? != Cell::Missing {
        return None;
    }
    let rest = of.map_paths(&mut |path, type_| {
        let references = path.references.iter().skip(1).cloned().collect();
        let node = Node::Path(Path { references, attribute: path.attribute.clone() });
        Expression { type_: type_.clone(), node }
    });
    Some((first, rest))
}

/// The column of a row with which a path begins.
fn first(path: &Path) -> &str {
    path.references.first().map_or(path.attribute.as_str(), |(reference, _)| reference.as_str())
}

/// A row of which nothing is known.
struct Nothing;

impl Row for Nothing {
    fn attribute(&self, _: &Path) -> Cell {
        Cell::Missing
    }
    fn exists(&self, _: &AttributeId, _: &EntityId) -> Option<bool> {
        None
    }
}

/// The tables and columns that a step reads, landed or made.
fn columns(step: &Step) -> Vec<(EntityId, String)> {
    let mut all = Vec::new();
    for Over { table, of, .. } in expressions(step, &BTreeMap::new()) {
        let mut paths = Vec::new();
        expression_paths(of, &mut paths);
        paths.into_iter().for_each(|path| walk(path, table, |table, column| all.push((table, column))));
    }
    let mut own = |table: &EntityId, column: &dyn ToString| all.push((table.clone(), column.to_string()));
    match step {
        Step::Panel(of) => {
            [Some(&of.from), of.until.as_ref()].into_iter().flatten().for_each(|at| own(&of.of, at))
        }
        Step::Stages(of) => {
            let moments = of.stages.iter().flat_map(|stage| stage.enter.iter().chain(&stage.exit));
            moments.for_each(|moment| own(&moment.of, &moment.at));
        }
        Step::Union(of) => of.parts.iter().for_each(|part| own(&part.of, &part.at)),
        Step::Versions(of) => of.columns.iter().for_each(|(column, _)| own(&of.of, column)),
        Step::Keep { .. } | Step::Gather(_) => {}
    }
    all
}

/// The tables that a step reads or adds to.
pub(crate) fn tables_of(step: &Step) -> impl Iterator<Item = EntityId> {
    columns(step).into_iter().map(|(table, _)| table).chain([step.table().clone()])
}

fn walk(path: &Path, base: &EntityId, mut see: impl FnMut(EntityId, String)) {
    let mut at = base;
    for (reference, next) in &path.references {
        see(at.clone(), reference.to_string());
        at = next;
    }
    see(at.clone(), path.attribute.to_string());
}

/// An expression over the rows of a table, and the column by which these rows are found.
struct Over<'a> {
    table: &'a EntityId,
    of: &'a Expression,
    tie: Option<&'a str>,
    /// Or the references to rows through which they are found.
    through: &'a [(AttributeId, EntityId)],
}

impl<'a> Over<'a> {
    /// Over rows that are found by what an expression comes to.
    fn found_by(by: Option<&'a Expression>, table: &'a EntityId, of: &'a Expression) -> Self {
        Self { table, of, tie: by.and_then(plain), through: by.map(hops).unwrap_or_default() }
    }
}

/// All expressions of a step, given to whom the rows of tables belong.
fn expressions<'a>(step: &'a Step, subjects: &'a BTreeMap<EntityId, By>) -> Vec<Over<'a>> {
    let subject = |table: &EntityId| subjects.get(table).and_then(By::column);
    match step {
        // What a subject refers to is never itself.
        Step::Panel(step) => {
            let over = |of| Over { table: &step.of, of, tie: None, through: &[] };
            step.filter.iter().map(over).collect()
        }
        Step::Stages(step) => {
            let moments = step.stages.iter().flat_map(|stage| stage.enter.iter().chain(&stage.exit));
            let over = |moment: &'a super::plan::MomentStep| {
                let read = moment.filter.iter().chain([&moment.who]);
                read.map(|of| Over::found_by(Some(&moment.who), &moment.of, of))
            };
            moments.flat_map(over).collect()
        }
        Step::Union(step) => {
            let place = step.columns.iter().position(|(name, _)| Some(name.as_str()) == subject(&step.table));
            let over = |part: &'a PartStep| {
                let by = place.and_then(|place| part.set.get(place)?.as_ref());
                let read = part.filter.iter().chain(part.set.iter().flatten());
                // Of rows that lead to nothing it is not known how far they lead.
                let by = by.filter(|by| hops(by).len() < 2);
                read.map(move |of| Over::found_by(by, &part.of, of))
            };
            step.parts.iter().flat_map(over).collect()
        }
        Step::Versions(_) => vec![],
        Step::Keep { table, condition, .. } => {
            vec![Over { table, of: condition, tie: subject(table), through: &[] }]
        }
        Step::Gather(step) => {
            let (gathered, own) = (&step.gathered, subject(&step.table));
            let by = subjects.get(&step.table).and_then(|own| pair(step, own));
            let mine = gathered.of_own().map(|of| Over { table: &step.table, of, tie: own, through: &[] });
            mine.chain(gathered.of_theirs().map(|of| Over::found_by(by, &gathered.of, of))).collect()
        }
    }
}

/// What is equal to what says to whom rows belong for which an attribute is gathered: best a column.
fn pair<'a>(step: &'a GatherStep, own: &By) -> Option<&'a Expression> {
    let same = || step.gathered.same.iter().filter(|(mine, _)| By::of(mine) == *own);
    let theirs = same().find(|(_, theirs)| plain(theirs).is_some()).or_else(|| same().next());
    theirs.map(|(_, theirs)| theirs)
}

/// Looks for the columns that say to whom rows belong; none: they contradict each other.
struct Search<'a> {
    plan: &'a DerivePlan,
    inputs: &'a PinnedInputs,
    made: MadeOf<'a>,
    found: Local,
}

impl Search<'_> {
    fn all(mut self) -> Option<Local> {
        let plan = self.plan;
        loop {
            let before = self.found.clone();
            plan.steps.iter().try_for_each(|step| self.step(step))?;
            if self.found == before {
                break;
            }
        }
        let is_known = |table: &EntityId| {
            // Of what belongs to a key by itself nothing belongs to it by another row.
            self.found.subjects.contains_key(table) != self.found.versions.contains_key(table)
        };
        // Of rows that are made it is not asked what they refer to.
        if !plan.tables().all(is_known) || self.made.rows.iter().any(|table| self.follows(table)) {
            return None;
        }
        let landed = plan.tables().filter(|table| !self.made.rows.contains(table));
        for table in landed.collect::<BTreeSet<_>>() {
            let ways = self.ways_of_subject(table)?;
            self.found_through(table, &ways);
            if self.follows(table) {
                let time = plan.steps.iter().find_map(|step| match step {
                    Step::Gather(of) if of.table == *table => Some(of.time.clone()),
                    _ => None,
                });
                self.found.dated.insert(table.clone(), time.flatten());
            }
            // Versions of a row show what is made of the newest one, whomever they belong to.
            if self.inputs.tables.contains_key(table) {
                let key = self.part_of_key(table)?;
                let (of, by) = (table.clone(), By::Column(key.clone()));
                self.find(Through { table: of.clone(), by, of, key, ways, or_nobody: false });
            }
        }
        let subjects = self.found.subjects.clone();
        for step in &plan.steps {
            expressions(step, &subjects).iter().try_for_each(|over| self.lookups(over))?;
        }
        Some(self.found)
    }

    fn find(&mut self, through: Through) {
        self.found.ties.entry(through.table.clone()).or_default();
        if !self.found.through.contains(&through) {
            self.found.through.push(through);
        }
    }

    /// Rows of a table are found by these.
    fn found_through(&mut self, table: &EntityId, ways: &[Way]) {
        for way in ways {
            match way {
                Way::By(by) => self.tie(table, by.clone()),
                Way::Through(through) => self.find((**through).clone()),
            }
        }
    }

    fn tie(&mut self, table: &EntityId, by: By) {
        let ties = self.found.ties.entry(table.clone()).or_default();
        if !ties.contains(&by) {
            ties.push(by);
        }
    }

    /// Rows of a table are found by what an expression comes to; `made`: and so is what is made of them. `all`: rows that belong to nobody are meant, too.
    fn found_by(&mut self, table: &EntityId, by: &Expression, (made, all): (bool, bool)) -> Option<()> {
        if made {
            return self.belongs(table, &By::of(by));
        }
        let ways = self.ways(table, by, all, None)?;
        self.found_through(table, &ways);
        Some(())
    }

    /// What may say to whom the rows of a landed table belong to which something is added.
    fn ways_of_subject(&mut self, table: &EntityId) -> Option<Vec<Way>> {
        match self.found.subjects.get(table)?.clone() {
            By::Computed(of) if self.follows(table) => self.ways(table, &of, true, None),
            by => Some(vec![Way::By(by)]),
        }
    }

    /// Whether it is computed of other rows to whom those of a table belong.
    fn follows(&self, table: &EntityId) -> bool {
        let of = self.found.subjects.get(table);
        matches!(of, Some(By::Computed(of)) if !references(of).is_empty())
    }

    /// What may say to which key a row of a table belongs by what an expression comes to: its own columns, a row to which all of it leads, or whatever it may come
    /// to the one or the other of. `all`: rows of which it comes to nothing belong to those without a key. `of`: it comes to what identifies a row that says so.
    fn ways(
        &mut self,
        table: &EntityId,
        by: &Expression,
        all: bool,
        of: Option<(&EntityId, &str, &[Way])>,
    ) -> Option<Vec<Way>> {
        let mut paths = Vec::new();
        expression_paths(by, &mut paths);
        if paths.iter().any(|path| self.made.has(table, first(path))) {
            return None;
        }
        if paths.iter().all(|path| path.references.is_empty()) {
            let by = By::of(by);
            return Some(vec![match of {
                None => Way::By(by),
                Some((of, key, ways)) => {
                    let (table, of, key, ways) = (table.clone(), of.clone(), key.to_owned(), ways.to_vec());
                    Way::Through(Box::new(Through { table, by, of, key, ways, or_nobody: false }))
                }
            }]);
        }
        if let Some(((reference, next), rest)) = led(by) {
            let key = self.key(&next)?;
            let ways = self.ways(&next, &rest, all, of)?;
            let (table, by) = (table.clone(), By::Column(reference.to_string()));
            let through = Through { table, by, of: next.clone(), key: key.clone(), ways, or_nobody: all };
            self.find(Through { table: next, by: By::Column(key), ..through.clone() });
            return Some(vec![Way::Through(Box::new(through))]);
        }
        let results: Vec<&Expression> = match &by.node {
            Node::Coalesce(operands) => operands.iter().collect(),
            Node::Case(branches, default) if default.is_some() || !all => {
                branches.iter().map(|(_, result)| result).chain(default.as_deref()).collect()
            }
            _ => return None,
        };
        // What nothing is known of is that of its own column.
        let is_own = |of: &&&Expression| references(of).is_empty();
        let falls_back = matches!(by.node, Node::Coalesce(_)) && results.iter().any(|of| is_own(&of));
        let mut ways = Vec::new();
        for result in results {
            let is_constant = {
                let mut paths = Vec::new();
                expression_paths(result, &mut paths);
                paths.is_empty()
            };
            // Of what belongs to one key all would belong to it.
            if is_constant {
                return None;
            }
            ways.extend(self.ways(table, result, all && !falls_back, of)?);
        }
        Some(ways)
    }

    /// A column that is part of what identifies the rows of a landed table, best of text.
    fn part_of_key(&self, table: &EntityId) -> Option<String> {
        let pinned = self.inputs.tables.get(table)?;
        let is_text = |key: &&AttributeId| {
            let is_key = |name: &str| name == key.as_str();
            pinned.columns.iter().any(|column| is_key(&column.name) && column.physical == Physical::Text)
        };
        let key = pinned.key.iter().rfind(is_text).or_else(|| pinned.key.last());
        key.map(ToString::to_string)
    }

    fn belongs(&mut self, table: &EntityId, subject: &By) -> Option<()> {
        let known = self.found.subjects.entry(table.clone()).or_insert_with(|| subject.clone());
        (known == subject).then_some(())
    }

    /// Rows of a table are found by a column; `made`: and so is what is made of them.
    fn tied(&mut self, table: &EntityId, by: By, made: bool) -> Option<()> {
        if made {
            return self.belongs(table, &by);
        }
        self.tie(table, by);
        Some(())
    }

    /// The one column that identifies the rows of a landed table.
    fn key(&self, table: &EntityId) -> Option<String> {
        match self.inputs.tables.get(table)?.key.as_slice() {
            [key] if !self.made.rows.contains(table) => Some(key.to_string()),
            _ => None,
        }
    }

    /// Whether some of these columns are made.
    fn is_made(&self, table: &EntityId, read: &[&Expression]) -> bool {
        let mut paths = Vec::new();
        read.iter().for_each(|of| expression_paths(of, &mut paths));
        self.made.rows.contains(table) || paths.iter().any(|path| self.made.has(table, first(path)))
    }

    fn step(&mut self, step: &Step) -> Option<()> {
        match step {
            Step::Panel(of) => {
                self.belongs(&of.table, &By::Column(of.subject.to_string()))?;
                let key = self.key(&of.of)?;
                let at = [Some(&of.from), of.until.as_ref()];
                let dated = at.into_iter().flatten().any(|at| self.made.has(&of.of, at.as_str()));
                let made = dated || self.is_made(&of.of, &of.filter.iter().collect::<Vec<_>>());
                self.tied(&of.of, By::Column(key), made)
            }
            Step::Stages(of) => {
                self.belongs(&of.table, &By::Column(of.subject.to_string()))?;
                let mut moments = of.stages.iter().flat_map(|stage| stage.enter.iter().chain(&stage.exit));
                moments.try_for_each(|moment| {
                    let read: Vec<&Expression> = moment.filter.iter().chain([&moment.who]).collect();
                    let made =
                        self.made.has(&moment.of, moment.at.as_str()) || self.is_made(&moment.of, &read);
                    self.found_by(&moment.of, &moment.who, (made, false))
                })
            }
            Step::Union(of) => {
                let Some(own) = self.found.subjects.get(&of.table).cloned() else { return Some(()) };
                let place = of.columns.iter().position(|(name, _)| own.column() == Some(name.as_str()))?;
                of.parts.iter().try_for_each(|part| {
                    let read: Vec<&Expression> =
                        part.filter.iter().chain(part.set.iter().flatten()).collect();
                    let made = self.made.has(&part.of, part.at.as_str()) || self.is_made(&part.of, &read);
                    let by = part.set.get(place)?.as_ref()?;
                    self.found_by(&part.of, by, (made, true))
                })
            }
            Step::Versions(of) => {
                let Some(own) = self.found.subjects.get(&of.table).cloned() else { return Some(()) };
                own.column()?;
                self.tied(&of.of, own, false)
            }
            Step::Keep { .. } => Some(()),
            Step::Gather(of) => {
                let read: Vec<&Expression> = of.gathered.of_theirs().collect();
                let made = self.is_made(&of.gathered.of, &read);
                match self.found.subjects.get(&of.table).cloned() {
                    Some(own) => {
                        if let Some(theirs) = pair(of, &own) {
                            return self.found_by(&of.gathered.of, theirs, (made, false));
                        }
                        // Rows that refer to one of the table belong to whom that one belongs.
                        let key = self.key(&of.table)?;
                        let theirs = pair(of, &By::Column(key.clone()))?;
                        if made {
                            let is_versions = |step: &Step| {
                                let Step::Versions(versions) = step else { return false };
                                versions.table == of.gathered.of && versions.of == of.table
                            };
                            // Nothing is made for versions, which would belong to whom each of them says.
                            let is_plain = |step: &Step| !matches!(step, Step::Gather(made) if made.table == of.gathered.of);
                            let steps = || self.plan.steps.iter();
                            let is_its = plain(theirs) == Some(&key)
                                && steps().any(is_versions)
                                && steps().all(is_plain);
                            let versions = (of.table.clone(), key);
                            return is_its
                                .then(|| drop(self.found.versions.insert(of.gathered.of.clone(), versions)));
                        }
                        let ways = self.ways_of_subject(&of.table)?;
                        let ways =
                            self.ways(&of.gathered.of, theirs, false, Some((&of.table, &key, &ways)))?;
                        self.found_through(&of.gathered.of, &ways);
                        Some(())
                    }
                    None => {
                        let theirs = self.found.subjects.get(&of.gathered.of).filter(|_| made).cloned();
                        let same = || of.gathered.same.iter();
                        let mine = theirs.and_then(|theirs| {
                            let of = same().find(|(_, other)| By::of(other) == theirs)?;
                            Some(By::of(&of.0))
                        });
                        mine.map_or(Some(()), |mine| self.belongs(&of.table, &mine))
                    }
                }
            }
        }
    }

    /// Rows of a table are looked up by a column of another one.
    fn looked_up(&mut self, table: &EntityId, column: &str, of: &EntityId) {
        match self.key(of).zip(self.landed_as(table, column)) {
            Some((key, columns)) => self.found.lookups.extend(columns.into_iter().map(|(table, column)| {
                let (of, key) = (of.clone(), key.clone());
                Lookup { table, column, of, key }
            })),
            None => drop(self.found.blind.insert(of.clone())),
        }
    }

    /// The landed columns that a column of a table is taken from; none: it is made otherwise.
    fn landed_as(&self, table: &EntityId, column: &str) -> Option<Vec<(EntityId, String)>> {
        let makes_rows =
            |step: &&Step| step.table() == table && !matches!(step, Step::Gather(_) | Step::Keep { .. });
        let landed = |table: &EntityId, column: &str| {
            (!self.made.has(table, column)).then(|| (table.clone(), column.to_owned()))
        };
        match self.plan.steps.iter().find(makes_rows) {
            None => landed(table, column).map(|of| vec![of]),
            Some(Step::Versions(of)) => landed(&of.of, column).map(|of| vec![of]),
            Some(Step::Union(of)) => {
                let place = of.columns.iter().position(|(name, _)| name.as_str() == column)?;
                let sets =
                    of.parts.iter().filter_map(|part| Some((&part.of, part.set.get(place)?.as_ref()?)));
                sets.map(|(of, set)| landed(of, plain(set)?)).collect()
            }
            Some(_) => None,
        }
    }

    /// Rows that are looked up belong to the same key, or any of their table may be.
    fn lookups(&mut self, over: &Over<'_>) -> Option<()> {
        let mut paths = Vec::new();
        expression_paths(over.of, &mut paths);
        for path in paths {
            self.found.depth = self.found.depth.max(path.references.len());
            let (mut is_own, mut led) = (true, 0);
            let mut at = over.table;
            let mut hops = path.references.iter().peekable();
            while let Some((reference, next)) = hops.next() {
                let column = hops.peek().map_or(path.attribute.as_str(), |(after, _)| after.as_str());
                let made = self.made.has(next, column);
                let key = self.key(next);
                is_own = is_own && over.tie == Some(reference.as_str()) && key.is_some();
                match key {
                    // It is there, with all its versions, where a row is found through it.
                    Some(_) if !made && over.through.get(..=led) == path.references.get(..=led) => {}
                    Some(key) if is_own => {
                        if made && self.found.subjects.get(next).and_then(By::column) != Some(&*key) {
                            return None;
                        }
                        self.tie(next, By::Column(key));
                        // Only the first hop leads to the key itself.
                        is_own = false;
                    }
                    _ if made => return None,
                    _ => {
                        self.found.whole.insert(next.clone());
                        self.looked_up(at, reference.as_str(), next);
                    }
                }
                led += 1;
                at = next;
            }
        }
        Some(())
    }
}
