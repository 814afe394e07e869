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
    plan::{DerivePlan, GatherStep, PartStep, Reads, Step},
};
use crate::{
    port::{Belonging, Keys, MemoryColumn, MemoryTable, PinnedColumn, PinnedInputs, PinnedTable, TableData},
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

/// What makes the rows of panels of a plan, and only that. None where a row of an earlier period may be made of rows of a later one: where something is
/// gathered of a panel's rows.
pub(crate) fn by_period(plan: &DerivePlan) -> Option<DerivePlan> {
    let is_panel = |table: &EntityId| {
        plan.steps.iter().any(|step| matches!(step, Step::Panel(of) if of.table == *table))
    };
    // What is needed of tables that are made or added to: rows, or a column.
    let mut needed: BTreeSet<(EntityId, Option<String>)> = BTreeSet::new();
    let mut steps = Vec::new();
    for (step, reads) in plan.steps.iter().zip(&plan.reads).rev() {
        let table = step.table();
        let is_needed = match step {
            _ if is_panel(table) => true,
            Step::Gather(of) => needed.contains(&(table.clone(), Some(of.attribute.to_string()))),
            _ => needed.contains(&(table.clone(), None)),
        };
        let of = match step {
            Step::Gather(of) => Some(&of.gathered.of),
            Step::Panel(of) => Some(&of.of),
            _ => None,
        };
        if of.is_some_and(is_panel) {
            return None;
        }
        let read = columns(step);
        if read.iter().any(|(of, _)| is_panel(of) && of != table) {
            return None;
        }
        if is_needed {
            needed.extend(of.map(|of| (of.clone(), None)));
            needed.extend(read.into_iter().flat_map(|(of, column)| [(of.clone(), None), (of, Some(column))]));
            steps.push((step.clone(), reads.clone()));
        }
    }
    let mut of = DerivePlan { days: plan.days.clone(), ..DerivePlan::default() };
    for (step, reads) in steps.into_iter().rev() {
        reads.iter().for_each(|(entity, columns)| {
            of.columns.entry(entity.clone()).or_default().extend(columns.iter().cloned());
        });
        of.steps.push(step);
        of.reads.push(reads);
    }
    Some(of)
}

/// Whether a column of a table was landed as it is.
pub(crate) fn is_landed(plan: &DerivePlan, table: &EntityId, column: &str) -> bool {
    !MadeOf::new(plan).has(table, column)
}

/// How the rows of a plan belong to keys.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Local {
    /// What says to whom a row belongs, of each table that is made or added to: a column, or what is computed of its own ones.
    pub subjects: BTreeMap<EntityId, Subject>,
    /// Of landed tables the columns by which rows are found: one that belongs to a key has it in one of them.
    pub ties: Reads,
    /// Landed tables of which any row may be looked up.
    pub whole: BTreeSet<EntityId>,
    /// By which columns their rows are looked up.
    pub lookups: BTreeSet<Lookup>,
    /// Those of them whose rows are looked up by what cannot be followed back: it is not known by whom.
    pub blind: BTreeSet<EntityId>,
    /// How rows of landed tables are found, beside that.
    pub through: Vec<Through>,
    /// Tables of all versions of another one, whose rows belong to whom the newest version of theirs belongs; each with the other one and with what
    /// identifies a row of it.
    pub versions: BTreeMap<EntityId, (EntityId, String)>,
}

impl Local {
    /// Columns by which rows of a table belong to keys; none: any row of it may be looked up.
    pub fn ties(&self, table: &EntityId) -> Option<&BTreeSet<String>> {
        self.ties.get(table).filter(|_| !self.whole.contains(table))
    }

    /// A plan that reads, beside all it is made of, what says to whom rows belong and what finds them.
    pub fn reads(&self, mut plan: DerivePlan) -> DerivePlan {
        let mut read = |table: &EntityId, names: BTreeSet<String>| {
            plan.columns.entry(table.clone()).or_default().extend(names);
        };
        for Through { table, column, of, key, subject, .. } in &self.through {
            read(table, [column.clone()].into());
            read(of, [key.clone()].into());
            read(of, subject.columns());
        }
        for Lookup { table, column, of, key } in &self.lookups {
            read(table, [column.clone()].into());
            read(of, [key.clone()].into());
        }
        plan
    }

    /// Which rows of a landed table belong to keys, or are found through those that do, each with what identifies these; none: all rows are read.
    pub fn belonging(
        &self,
        table: &EntityId,
        keys: &Arc<Keys>,
        through: &[(&Through, Arc<Keys>)],
    ) -> Option<Belonging> {
        let mut belonging = Belonging::by(self.ties(table)?, keys);
        let found = through.iter().filter(|(of, _)| of.table == *table);
        belonging.ties.extend(found.map(|(of, ids)| (of.column.clone(), Arc::clone(ids))));
        Some(belonging)
    }

    /// Whether rows are not found without looking for them through others: versions of a row are where all rows hold.
    pub fn is_needed(&self, through: &Through, has_versions: bool) -> bool {
        let is_tied = || match &through.subject {
            _ if through.or_nobody => false,
            Subject::Column(column) => self.ties.get(&through.of).is_some_and(|own| own.contains(column)),
            Subject::Computed(_) | Subject::Through(_) => false,
        };
        self.ties(&through.table).is_some() && (!through.is_of_versions() || has_versions || !is_tied())
    }

    /// The rows of a table that was made, in memory, which belong to keys, by place: all versions of a row to whom the newest one belongs. None where
    /// nothing is known of it.
    pub fn own(
        &self,
        made: &BTreeMap<EntityId, PinnedTable>,
        id: &EntityId,
        keys: &Arc<Keys>,
    ) -> Option<Vec<u32>> {
        let in_memory = |table: &PinnedTable| match &table.data {
            TableData::Memory(memory) => Some(Arc::clone(memory)),
            TableData::Files(_) => None,
        };
        let table = made.get(id)?;
        let memory = in_memory(table)?;
        let by =
            |column: &String, keys: &Arc<Keys>| Belonging::by([column], keys).of(&table.columns, &memory);
        if let Some((of, key)) = self.versions.get(id) {
            let rows = made.get(of)?;
            let at = rows.columns.iter().position(|column| column.name == *key)?;
            let (own, rows) = (self.own(made, of, keys)?, in_memory(rows)?);
            let MemoryColumn::Text(texts) = rows.columns.get(at)? else { return None };
            let mut ids = Keys::default();
            own.into_iter().for_each(|row| _ = ids.add(texts.get(row as usize)));
            return Some(by(key, &Arc::new(ids)));
        }
        let own = match self.subjects.get(id)? {
            Subject::Column(column) => by(column, keys),
            Subject::Computed(of) => {
                let subjects = (0..).zip(computed(of, &table.columns, &memory));
                subjects.filter(|(_, key)| keys.has(key.as_deref())).map(|(row, _)| row).collect()
            }
            Subject::Through(_) => return None,
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

/// Rows of a table that are found through those of another one: by a column that holds what identifies a row which belongs to a key. The versions of a row
/// are found so through each other, by what identifies it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Through {
    /// The table whose rows are found.
    pub table: EntityId,
    /// By this column.
    pub column: String,
    /// The table to which the column refers.
    pub of: EntityId,
    /// What identifies a row of it, of text.
    pub key: String,
    /// What says to which key a row of it belongs.
    pub subject: Subject,
    /// Whether rows whose column leads to nothing belong to those without a key, instead of being none of those that are meant.
    pub or_nobody: bool,
}

/// What says to which key a row belongs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Subject {
    /// A column.
    Column(String),
    /// What is computed of its own columns.
    Computed(Box<Expression>),
    /// A row that it refers to itself.
    Through(Box<Through>),
}

impl Subject {
    /// What an expression over a row says: a column, or what is computed of its own ones.
    fn of(of: &Expression) -> Option<Self> {
        if let Some(column) = plain(of) {
            return Some(Self::Column(column.to_owned()));
        }
        let mut paths = Vec::new();
        expression_paths(of, &mut paths);
        let is_own =
            of.type_.physical() == Physical::Text && paths.iter().all(|path| path.references.is_empty());
        is_own.then(|| Self::Computed(Box::new(of.clone())))
    }

    fn column(&self) -> Option<&str> {
        match self {
            Self::Column(column) => Some(column),
            Self::Computed(_) | Self::Through(_) => None,
        }
    }

    /// Whether an expression says the same.
    fn is(&self, of: &Expression) -> bool {
        match self {
            Self::Column(column) => plain(of) == Some(column),
            Self::Computed(own) => **own == *of,
            Self::Through(_) => false,
        }
    }

    /// The columns that say it.
    pub fn columns(&self) -> BTreeSet<String> {
        match self {
            Self::Column(column) => [column.clone()].into(),
            Self::Through(through) => [through.column.clone()].into(),
            Self::Computed(of) => {
                let mut paths = Vec::new();
                expression_paths(of, &mut paths);
                paths.into_iter().map(|path| path.attribute.to_string()).collect()
            }
        }
    }
}

/// What an expression over a row's own columns comes to, row by row; none also where it leaves the range of integers: whoever has the rows without a key
/// finds out.
pub(crate) fn computed(
    of: &Expression,
    columns: &[PinnedColumn],
    rows: &MemoryTable,
) -> Vec<Option<Box<str>>> {
    let one = |row: usize| match evaluate(of, &OwnRow { columns, rows, row }) {
        Ok(Cell::Text(text)) => Some(text),
        _ => None,
    };
    (0..rows.rows).map(one).collect()
}

/// A row of which only its own columns are asked.
struct OwnRow<'a> {
    columns: &'a [PinnedColumn],
    rows: &'a MemoryTable,
    row: usize,
}

impl Row for OwnRow<'_> {
    fn attribute(&self, path: &Path) -> Cell {
        let at = self.columns.iter().position(|column| column.name == path.attribute.as_str());
        at.and_then(|at| self.rows.columns.get(at)).map_or(Cell::Missing, |column| column.cell(self.row))
    }
    fn exists(&self, _: &AttributeId, _: &EntityId) -> Option<bool> {
        None
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
        self.table == self.of && self.column == self.key
    }
}

/// How the rows of a plan belong to keys; none where some are made of rows that belong to others.
pub(crate) fn local(plan: &DerivePlan, inputs: &PinnedInputs) -> Option<Local> {
    let seeds = plan.steps.iter().flat_map(seeds);
    let mut tried: Vec<(EntityId, Subject)> = Vec::new();
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
fn seeds(step: &Step) -> Vec<(EntityId, Subject)> {
    let column = |name: &AttributeId| Subject::Column(name.to_string());
    let subjects: Vec<Subject> = match step {
        Step::Panel(of) => vec![column(&of.subject)],
        Step::Stages(of) => vec![column(&of.subject)],
        Step::Union(of) => of.columns.iter().map(|(name, _)| column(name)).collect(),
        Step::Versions(of) => of.columns.iter().map(|(name, _)| column(name)).collect(),
        Step::Gather(of) => of.gathered.same.iter().filter_map(|(mine, _)| Subject::of(mine)).collect(),
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

/// The references that an expression follows, one after the other, each with the table it leads to, and the column of the last row that it comes to.
fn hops(of: &Expression) -> Option<(&[(AttributeId, EntityId)], &str)> {
    let Node::Path(path) = &of.node else { return None };
    (!path.references.is_empty()).then_some((path.references.as_slice(), path.attribute.as_str()))
}

/// What an expression comes to the first of that is known; others than `coalesce` to themselves.
fn operands(of: &Expression) -> &[Expression] {
    match &of.node {
        Node::Coalesce(operands) => operands,
        _ => std::slice::from_ref(of),
    }
}

/// The first references that are followed by what an expression comes to, and to which tables.
fn followed(of: &Expression) -> Option<&[(AttributeId, EntityId)]> {
    operands(of).iter().find_map(hops).map(|(references, _)| references)
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
        let through = by.and_then(followed).unwrap_or_default();
        Self { table, of, tie: by.and_then(plain), through }
    }
}

/// All expressions of a step, given to whom the rows of tables belong.
fn expressions<'a>(step: &'a Step, subjects: &'a BTreeMap<EntityId, Subject>) -> Vec<Over<'a>> {
    let subject = |table: &EntityId| subjects.get(table).and_then(Subject::column);
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
fn pair<'a>(step: &'a GatherStep, own: &Subject) -> Option<&'a Expression> {
    let same = || step.gathered.same.iter().filter(|(mine, _)| own.is(mine));
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
        if !plan.tables().all(is_known) {
            return None;
        }
        let landed = plan.tables().filter(|table| !self.made.rows.contains(table));
        for table in landed.collect::<BTreeSet<_>>() {
            let own = self.found.subjects.get(table)?.clone();
            let ties = self.found.ties.entry(table.clone()).or_default();
            ties.extend(own.column().map(str::to_owned));
            // Versions of a row show what is made of the newest one, whomever they belong to.
            if let Some(pinned) = self.inputs.tables.get(table) {
                match self.part_of_key(table) {
                    Some(key) => self.through((table, &key), (table, &key), &own),
                    None if pinned.has_versions() || own.column().is_none() => return None,
                    None => {}
                }
            }
        }
        let subjects = self.found.subjects.clone();
        for step in &plan.steps {
            expressions(step, &subjects).iter().try_for_each(|over| self.lookups(over))?;
        }
        let is_text = |(table, columns): (&EntityId, &BTreeSet<String>)| {
            let of = |name: &String| self.inputs.tables.get(table)?.columns.iter().find(|c| c.name == *name);
            // A table that nobody landed has no rows.
            !self.inputs.tables.contains_key(table)
                || columns.iter().all(|name| of(name).is_some_and(|column| column.physical == Physical::Text))
        };
        let through = self.found.through.iter().flat_map(|through| {
            let Through { table, column, of, key, subject, .. } = through;
            let mut own = BTreeSet::from([key.clone()]);
            if let Subject::Column(column) = subject {
                own.insert(column.clone());
            }
            [(table, [column.clone()].into()), (of, own)]
        });
        let through: Vec<(&EntityId, BTreeSet<String>)> = through.collect();
        let mut ties = self.found.ties.iter().chain(through.iter().map(|(table, columns)| (*table, columns)));
        ties.all(is_text).then_some(self.found)
    }

    /// Rows of a table are found by a column through those of another one, by what identifies these and to whom they belong.
    fn through(
        &mut self,
        (table, column): (&EntityId, &str),
        (of, key): (&EntityId, &str),
        subject: &Subject,
    ) {
        let (column, key) = (column.to_owned(), key.to_owned());
        let (table, of, subject) = (table.clone(), of.clone(), subject.clone());
        self.find(Through { table, column, of, key, subject, or_nobody: false });
    }

    fn find(&mut self, through: Through) {
        self.found.ties.entry(through.table.clone()).or_default();
        if !self.found.through.contains(&through) {
            self.found.through.push(through);
        }
    }

    /// Rows of a table are found by what an expression comes to: a column, one of a row to which references lead, the first of such that is known, or what is
    /// computed of its own columns. `all`: rows that belong to nobody are meant, too.
    fn found_by(&mut self, table: &EntityId, by: &Expression, (made, all): (bool, bool)) -> Option<()> {
        if let Some(column) = plain(by) {
            return self.tied(table, column, made);
        }
        if made {
            return self.belongs(table, &Subject::of(by)?);
        }
        let followed = followed(by);
        let is_known = |of: &Expression| plain(of).is_some() || hops(of).is_some();
        if !operands(by).iter().all(is_known) {
            let mut paths = Vec::new();
            expression_paths(by, &mut paths);
            let is_own = paths.iter().all(|path| path.references.is_empty());
            let key = self.key(table).filter(|_| is_own)?;
            self.through((table, &key), (table, &key), &Subject::Computed(Box::new(by.clone())));
            return Some(());
        }
        // What nothing is known of is that of the row's own reference.
        let first =
            |column: &str| followed.and_then(<[_]>::first).is_some_and(|(own, _)| own.as_str() == column);
        let falls_back = operands(by).iter().filter_map(plain).any(first);
        for of in operands(by) {
            match (plain(of), hops(of), followed) {
                (Some(column), _, None) => self.tied(table, column, false)?,
                // Of a row that is found by its reference the one to which it refers is there, too.
                (Some(column), _, Some([(_, of)])) if first(column) => {
                    let key = self.key(of)?;
                    self.tied(table, column, false)?;
                    self.tied(of, &key, false)?;
                }
                (None, Some((references, subject)), Some(ones)) if ones == references => {
                    let or_nobody = all && !falls_back;
                    if or_nobody && references.len() > 1 {
                        return None;
                    }
                    self.led((table, references), subject, or_nobody)?;
                }
                _ => return None,
            }
        }
        Some(())
    }

    /// Rows of a table are found through those to which references lead, one after the other, of which the last has a column.
    fn led(
        &mut self,
        (table, references): (&EntityId, &[(AttributeId, EntityId)]),
        column: &str,
        or_nobody: bool,
    ) -> Option<Subject> {
        let Some(((reference, of), rest)) = references.split_first() else {
            return (!self.made.has(table, column)).then(|| Subject::Column(column.to_owned()));
        };
        if self.made.has(table, reference.as_str()) {
            return None;
        }
        let key = self.key(of)?;
        let subject = self.led((of, rest), column, false)?;
        let (table, column) = (table.clone(), reference.to_string());
        let through =
            Through { table, column, of: of.clone(), key: key.clone(), subject: subject.clone(), or_nobody };
        self.find(through.clone());
        self.find(Through { table: of.clone(), column: key, ..through.clone() });
        Some(Subject::Through(Box::new(through)))
    }

    /// A column of text that is part of what identifies the rows of a landed table.
    fn part_of_key(&self, table: &EntityId) -> Option<String> {
        let pinned = self.inputs.tables.get(table)?;
        let is_text = |key: &str| {
            pinned.columns.iter().any(|column| column.name == key && column.physical == Physical::Text)
        };
        pinned.key.iter().map(ToString::to_string).rfind(|key| is_text(key))
    }

    /// Rows of a table are found by a column; `made`: and so is what is made of them.
    fn tied(&mut self, table: &EntityId, column: &str, made: bool) -> Option<()> {
        if made {
            return self.belongs(table, &Subject::Column(column.to_owned()));
        }
        self.found.ties.entry(table.clone()).or_default().insert(column.to_owned());
        Some(())
    }

    fn belongs(&mut self, table: &EntityId, subject: &Subject) -> Option<()> {
        let known = self.found.subjects.entry(table.clone()).or_insert_with(|| subject.clone());
        (known == subject).then_some(())
    }

    /// The one column of text that identifies the rows of a landed table.
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
        let first = |path: &&Path| match path.references.first() {
            Some((reference, _)) => reference.to_string(),
            None => path.attribute.to_string(),
        };
        self.made.rows.contains(table) || paths.iter().any(|path| self.made.has(table, &first(path)))
    }

    fn step(&mut self, step: &Step) -> Option<()> {
        match step {
            Step::Panel(of) => {
                self.belongs(&of.table, &Subject::Column(of.subject.to_string()))?;
                let key = self.key(&of.of)?;
                let at = [Some(&of.from), of.until.as_ref()];
                let dated = at.into_iter().flatten().any(|at| self.made.has(&of.of, at.as_str()));
                let made = dated || self.is_made(&of.of, &of.filter.iter().collect::<Vec<_>>());
                self.tied(&of.of, &key, made)
            }
            Step::Stages(of) => {
                self.belongs(&of.table, &Subject::Column(of.subject.to_string()))?;
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
                self.tied(&of.of, own.column()?, false)
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
                        let theirs = plain(pair(of, &Subject::Column(key.clone()))?)?;
                        if made {
                            let is_versions = |step: &Step| {
                                let Step::Versions(versions) = step else { return false };
                                versions.table == of.gathered.of && versions.of == of.table
                            };
                            // Nothing is made for versions, which would belong to whom each of them says.
                            let is_plain = |step: &Step| !matches!(step, Step::Gather(made) if made.table == of.gathered.of);
                            let steps = || self.plan.steps.iter();
                            let is_its = theirs == key && steps().any(is_versions) && steps().all(is_plain);
                            let versions = (of.table.clone(), key);
                            return is_its
                                .then(|| drop(self.found.versions.insert(of.gathered.of.clone(), versions)));
                        }
                        self.through((&of.gathered.of, theirs), (&of.table, &key), &own);
                        Some(())
                    }
                    None => {
                        let theirs = self.found.subjects.get(&of.gathered.of).filter(|_| made).cloned();
                        let same = || of.gathered.same.iter();
                        let mine = theirs.and_then(|theirs| {
                            let of = same().find(|(_, other)| theirs.is(other))?;
                            Subject::of(&of.0)
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
                        if made && self.found.subjects.get(next).and_then(Subject::column) != Some(&*key) {
                            return None;
                        }
                        self.found.ties.entry(next.clone()).or_default().insert(key);
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
