//! What is to be made, in order, with every edge of a period written out.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use kepi_model::{
    calendar::{Calendar, CalendarError, Grain},
    derived::{
        Bound, Derivation, Every, Gathered, GatheredAsOf, How, Made, Moment, Panel, Part, Rows, Stage,
        Stages, Stretch, at_grain, inlined,
    },
    expression::{Expression, Path, Physical},
    id::{AttributeId, EntityId},
    project::{Entity, Kpi, Project},
};
use serde::{Deserialize, Serialize};

use crate::{
    guard::on_scales,
    lower::lower_at,
    port::{PinnedInputs, system},
    reference::expression_paths,
    side::{LowerError, MAXIMUM_DAYS, Side},
};

/// What is to be made before something is measured.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct DerivePlan {
    /// Columns of landed tables that are read, or that scans read of tables that are added to.
    pub columns: Reads,
    /// Edges of days, to count on how many days there is a row.
    pub days: Arc<[i64]>,
    /// What is made, each after what it needs.
    pub steps: Vec<Step>,
    /// Columns of landed tables that each step reads.
    pub reads: Vec<Reads>,
    /// Columns that scans read.
    pub scanned: Reads,
}

/// Columns by landed table.
pub type Reads = BTreeMap<EntityId, BTreeSet<String>>;

impl DerivePlan {
    /// The tables that are made or changed, as scans will find them.
    pub fn tables(&self) -> impl Iterator<Item = &EntityId> {
        self.steps.iter().map(Step::table)
    }
}

/// Something that is made.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Step {
    /// The rows of a panel.
    Panel(Box<PanelStep>),
    /// Stages.
    Stages(Box<StagesStep>),
    /// Rows of several tables as those of one.
    Union(Box<UnionStep>),
    /// All versions of a table.
    Versions(Box<VersionsStep>),
    /// Only rows of a table for which a condition is true stay.
    Keep {
        /// The table.
        table: EntityId,
        /// What dates its rows.
        time: Option<Path>,
        /// The condition.
        condition: Expression,
    },
    /// A column of a table.
    Gather(Box<GatherStep>),
}

impl Step {
    /// The table that is made or changed.
    pub fn table(&self) -> &EntityId {
        match self {
            Self::Panel(of) => &of.table,
            Self::Stages(of) => &of.table,
            Self::Union(of) => &of.table,
            Self::Versions(of) => &of.table,
            Self::Keep { table, .. } => table,
            Self::Gather(of) => &of.table,
        }
    }
}

/// The rows of a panel at one length of period.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PanelStep {
    /// The table that is made.
    pub table: EntityId,
    /// The table of its subjects.
    pub of: EntityId,
    /// The column that refers to them.
    pub subject: AttributeId,
    /// When a subject's rows begin.
    pub from: AttributeId,
    /// When they end.
    pub until: Option<AttributeId>,
    /// What dates a subject, for versions of what it refers to.
    pub time: Option<Path>,
    /// Which subjects.
    pub filter: Option<Expression>,
    /// The periods.
    pub periods: Periods,
    /// The first period whose rows are made: those of earlier ones are there already.
    pub since: usize,
}

/// Stages that rows of a table go through.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StagesStep {
    /// The table that is made.
    pub table: EntityId,
    /// The column that refers to the subjects.
    pub subject: AttributeId,
    /// The stages.
    pub stages: Vec<StageStep>,
    /// The date of the run: what is dated later has not happened yet.
    pub until: i64,
}

/// One stage.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StageStep {
    /// Its name.
    pub name: String,
    /// What leads into it.
    pub enter: Vec<MomentStep>,
    /// What leads out of it.
    pub exit: Vec<MomentStep>,
    /// From which stages an entry counts, by place; none: from no stage.
    pub follows: Vec<Option<usize>>,
}

/// Rows that move subjects.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct MomentStep {
    /// The table.
    pub of: EntityId,
    /// When.
    pub at: AttributeId,
    /// Which rows.
    pub filter: Option<Expression>,
    /// Whom.
    pub who: Expression,
}

/// Rows of several tables as those of one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct UnionStep {
    /// The table that is made.
    pub table: EntityId,
    /// Its columns beside those that every such table has.
    pub columns: Vec<(AttributeId, Physical)>,
    /// Whose rows.
    pub parts: Vec<PartStep>,
}

/// Rows of one table among those of several.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PartStep {
    /// The table.
    pub of: EntityId,
    /// What dates its rows.
    pub at: AttributeId,
    /// Which rows.
    pub filter: Option<Expression>,
    /// A value for each column of the union; none: no value.
    pub set: Vec<Option<Expression>>,
}

/// All versions of a table as rows.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct VersionsStep {
    /// The table that is made.
    pub table: EntityId,
    /// The table whose versions they are.
    pub of: EntityId,
    /// What identifies a version.
    pub key: Vec<AttributeId>,
    /// The columns that are taken over.
    pub columns: Vec<(AttributeId, Physical)>,
}

/// Periods that follow each other.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Periods {
    /// Period `i` is `[edges[i], edges[i + 1])`.
    pub edges: Arc<[i64]>,
    /// Where the stretch of period `i` begins: at `edges[i]` or, where it reaches back, before.
    pub starts: Arc<[i64]>,
    /// Days in the stretch of period `i`.
    pub days: Arc<[i64]>,
    /// What period `i` is called.
    pub labels: Arc<[String]>,
    /// The first with rows: those before are there for attributes that look at earlier periods.
    pub first: usize,
}

/// A column that is gathered.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct GatherStep {
    /// The table it is added to.
    pub table: EntityId,
    /// The column.
    pub attribute: AttributeId,
    /// How it is stored.
    pub physical: Physical,
    /// What is gathered; computed attributes are written out, and answers off their scale are none.
    pub gathered: Gathered,
    /// What dates a row of the table, for `this` and for versions of what it refers to.
    pub time: Option<Path>,
    /// The periods of the table's rows, of a panel.
    pub periods: Option<Periods>,
}

/// Plans what has to be made for KPIs at grains; none: nothing has. `at` is the date of the run in µs UTC, `watermarks` how far
/// the data of landed entities reach: panels run to the period of the earlier of both.
///
/// # Errors
/// The definitions do not fit the project, or dates in the data are beyond what a calendar can name.
pub fn plan(
    work: &[(&Kpi, Grain)],
    project: &Project,
    inputs: &PinnedInputs,
    at: i64,
    watermarks: &BTreeMap<EntityId, i64>,
) -> Result<Option<DerivePlan>, LowerError> {
    let work: Vec<(&Kpi, Grain)> =
        work.iter().flat_map(|(kpi, grain)| kpi.wordings().map(|wording| (wording, *grain))).collect();
    if work.iter().all(|(kpi, _)| kpi.made.is_empty()) {
        return Ok(None);
    }
    let mut planner = Planner::new(project, inputs, at, watermarks);
    for (kpi, grain) in work.iter().filter(|(kpi, _)| !kpi.made.is_empty()) {
        for made in &kpi.made {
            planner.make(made, *grain)?;
        }
    }
    // What scans read of tables that others stand in for.
    let made = std::mem::take(&mut planner.plan.columns);
    for (kpi, grain) in &work {
        lower_at(kpi, project, *grain)?.sides.iter().for_each(|side| planner.side(side));
    }
    planner.plan.scanned = std::mem::replace(&mut planner.plan.columns, made);
    add(&mut planner.plan.columns, planner.plan.scanned.clone());
    planner.finish().map(Some)
}

/// The earliest date in the data, within the years that a calendar can hold.
fn earliest(inputs: &PinnedInputs) -> Option<i64> {
    let columns = inputs.tables.values().flat_map(|table| {
        table
            .columns
            .iter()
            .filter(|c| c.physical == Physical::Instant && !c.name.starts_with('_'))
            .filter_map(|column| match &table.data {
                crate::port::TableData::Files(_) => column.bounds,
                crate::port::TableData::Memory(memory) => {
                    let at = table.columns.iter().position(|own| own.name == column.name)?;
                    let crate::port::MemoryColumn::Instant(values) = memory.columns.get(at)? else {
                        return None;
                    };
                    let known = || values.iter().copied().flatten();
                    known().min().zip(known().max())
                }
            })
    });
    columns.map(|(low, _)| low).min()
}

pub(super) struct Planner<'a> {
    project: &'a Project,
    inputs: &'a PinnedInputs,
    plan: DerivePlan,
    done: BTreeSet<(EntityId, String)>,
    periods: BTreeMap<EntityId, Periods>,
    earliest: Option<i64>,
    /// The date of the run.
    at: i64,
    /// How far all the data reach, or the date of the run.
    until: i64,
    counts_days: bool,
}

impl<'a> Planner<'a> {
    pub(super) fn new(
        project: &'a Project,
        inputs: &'a PinnedInputs,
        at: i64,
        watermarks: &BTreeMap<EntityId, i64>,
    ) -> Self {
        Self {
            project,
            inputs,
            plan: DerivePlan::default(),
            done: BTreeSet::new(),
            periods: BTreeMap::new(),
            earliest: earliest(inputs),
            at,
            // What is declared complete ends with a day, whose end belongs to the next.
            until: watermarks.values().max().map_or(at, |most| most.saturating_sub(1).min(at)),
            counts_days: false,
        }
    }

    /// What a scan reads of a side.
    pub(super) fn side(&mut self, side: &Side) {
        self.path(&side.time, &side.entity);
        let states = side.states.iter();
        let read = states.flat_map(|(_, state)| state.filter.iter().chain(state.kind.expressions()));
        let read: Vec<&Expression> = read.chain(side.keys.iter().map(|key| &key.of)).collect();
        read.into_iter().for_each(|expression| self.expression(expression, &side.entity));
    }

    /// What says where the rows that are read come from, and which they are.
    pub(super) fn places(&mut self) {
        let read: Vec<EntityId> = self.plan.columns.keys().cloned().collect();
        for entity in read {
            self.key(&entity);
            for name in [system::SOURCE, system::FILE, system::ROW] {
                self.named(&entity, name);
            }
            // What the source said of rows that refer to others by a merge, and which row one was merged into.
            let columns = self.inputs.tables.get(&entity).map(|table| &table.columns);
            let beside = columns
                .into_iter()
                .flatten()
                .filter(|of| of.name == system::MERGED_INTO || of.name.starts_with(system::SAID));
            let beside: Vec<String> = beside.map(|of| of.name.clone()).collect();
            beside.iter().for_each(|name| self.named(&entity, name));
        }
    }

    fn entity(&self, id: &EntityId) -> Result<&Entity, LowerError> {
        self.project.entities.get(id).ok_or_else(|| LowerError::NoEntity(id.clone()))
    }

    /// The table that holds the rows of an entity at a grain.
    pub(super) fn table(&self, id: &EntityId, grain: Grain) -> Result<EntityId, LowerError> {
        let by_period = self.entity(id)?.rows.as_ref().is_some_and(Rows::by_period);
        if by_period {
            at_grain(id, grain).ok_or_else(|| LowerError::NoEntity(id.clone()))
        } else {
            Ok(id.clone())
        }
    }

    pub(super) fn make(&mut self, made: &Made, grain: Grain) -> Result<(), LowerError> {
        let (Made::Rows(id) | Made::Kept(id) | Made::Attribute(id, _)) = made;
        let table = self.table(id, grain)?;
        let what = match made {
            Made::Rows(_) => "rows".to_owned(),
            Made::Kept(_) => "rows.keep".to_owned(),
            Made::Attribute(_, attribute) => attribute.to_string(),
        };
        if !self.done.insert((table.clone(), what)) {
            return Ok(());
        }
        let before = std::mem::take(&mut self.plan.columns);
        self.step(made, table, grain)?;
        let reads = std::mem::replace(&mut self.plan.columns, before);
        self.plan.reads.resize(self.plan.steps.len(), reads.clone());
        add(&mut self.plan.columns, reads);
        Ok(())
    }

    fn step(&mut self, made: &Made, table: EntityId, grain: Grain) -> Result<(), LowerError> {
        let (Made::Rows(id) | Made::Kept(id) | Made::Attribute(id, _)) = made;
        let entity = self.entity(id)?.clone();
        let panel = entity.rows.as_ref().and_then(Rows::panel);
        match made {
            Made::Rows(_) => match &entity.rows {
                Some(Rows::Panel(panel)) => {
                    let grain = match panel.every {
                        Every::Period => grain,
                        Every::Grain(grain) => grain,
                    };
                    let periods = self.panel_periods(&entity, panel, grain)?;
                    self.panel(&table, panel, periods)?;
                }
                Some(Rows::Stages(stages)) => self.stages(&table, stages),
                Some(Rows::Union(parts)) => self.union(&table, &entity, parts),
                Some(Rows::Versions(of)) => self.versions(&table, &entity, of),
                None => {}
            },
            Made::Kept(_) => {
                if let Some(Panel { keep: Some(keep), .. }) = panel {
                    let condition = self.written_out(keep, id);
                    self.expression(&condition, id);
                    self.plan.steps.push(Step::Keep { table, time: time(&entity), condition });
                }
            }
            Made::Attribute(_, attribute) => {
                if let Some(Derivation::Gathered(gathered)) = entity.derivation(attribute) {
                    self.gather(&table, &entity, attribute, gathered)?;
                }
            }
        }
        Ok(())
    }

    fn panel_periods(&mut self, entity: &Entity, panel: &Panel, grain: Grain) -> Result<Periods, LowerError> {
        let calendar = &self.project.calendar;
        let last = calendar.period_at(grain, self.until)?;
        let first = calendar.period_at(grain, self.earliest.unwrap_or(self.until).min(self.until))?;
        let ago = entity.derived.iter().filter_map(|derived| match &derived.from {
            Derivation::Gathered(gathered) => Some(gathered.ago),
            Derivation::Given | Derivation::Expression(_) => None,
        });
        let before = i32::try_from(ago.max().unwrap_or(0)).unwrap_or(i32::MAX);
        let low = first.ordinal.saturating_sub(before);
        if last.ordinal.saturating_sub(low) >= MAXIMUM_DAYS {
            return Err(LowerError::TooManyDays {
                entity: entity.id.clone(),
                path: panel.from.to_string(),
                first: calendar.label(first),
                last: calendar.label(last),
            });
        }
        let edges = calendar.edges(grain, low, last.ordinal)?;
        let ordinals = low..=last.ordinal;
        let (mut starts, mut days, mut labels) = (Vec::new(), Vec::new(), Vec::new());
        for (ordinal, edge) in ordinals.zip(edges.windows(2)) {
            let [start, end] = edge else { continue };
            let start = match panel.over {
                None => *start,
                Some((number, unit)) => calendar.before(*end, number, unit)?,
            };
            starts.push(start);
            days.push(days_between(calendar, start, *end)?);
            labels.push(calendar.label(calendar.period(grain, ordinal)));
        }
        Ok(Periods {
            edges: edges.into(),
            starts: starts.into(),
            days: days.into(),
            labels: labels.into(),
            first: usize::try_from(before).unwrap_or(0),
        })
    }

    fn panel(&mut self, table: &EntityId, panel: &Panel, periods: Periods) -> Result<(), LowerError> {
        self.periods.insert(table.clone(), periods.clone());
        let of = self.entity(&panel.of)?.clone();
        let filter = panel.filter.as_ref().map(|filter| self.written_out(filter, &panel.of));
        self.key(&panel.of);
        for attribute in [&panel.from].into_iter().chain(&panel.until) {
            self.column(&panel.of, attribute);
        }
        filter.iter().for_each(|filter| self.expression(filter, &panel.of));
        let time = time(&of);
        time.iter().for_each(|time| self.path(time, &panel.of));
        self.plan.steps.push(Step::Panel(Box::new(PanelStep {
            table: table.clone(),
            of: panel.of.clone(),
            subject: panel.subject.clone(),
            from: panel.from.clone(),
            until: panel.until.clone(),
            time,
            filter,
            periods,
            since: 0,
        })));
        Ok(())
    }

    fn stages(&mut self, table: &EntityId, stages: &Stages) {
        let mut moments = |moments: &[Moment]| -> Vec<MomentStep> {
            let step = |moment: &Moment| {
                let Moment { of, at, filter, who } = moment;
                let filter = filter.as_ref().map(|filter| self.written_out(filter, of));
                let who = self.written_out(who, of);
                self.key(of);
                self.column(of, at);
                filter.iter().chain([&who]).for_each(|theirs| self.expression(theirs, of));
                MomentStep { of: of.clone(), at: at.clone(), filter, who }
            };
            moments.iter().map(step).collect()
        };
        let step = |stage: &Stage| StageStep {
            name: stage.name.clone(),
            enter: moments(&stage.enter),
            exit: moments(&stage.exit),
            follows: stage.follows.clone(),
        };
        let stages_made = stages.stages.iter().map(step).collect();
        self.plan.steps.push(Step::Stages(Box::new(StagesStep {
            table: table.clone(),
            subject: stages.subject.clone(),
            stages: stages_made,
            until: self.at,
        })));
    }

    fn union(&mut self, table: &EntityId, entity: &Entity, parts: &[Part]) {
        let step = |part: &Part| {
            let Part { of, at, filter, set } = part;
            let filter = filter.as_ref().map(|filter| self.written_out(filter, of));
            let set: Vec<Option<Expression>> =
                set.iter().map(|(_, set)| set.as_ref().map(|set| self.written_out(set, of))).collect();
            self.key(of);
            self.column(of, at);
            filter.iter().chain(set.iter().flatten()).for_each(|theirs| self.expression(theirs, of));
            PartStep { of: of.clone(), at: at.clone(), filter, set }
        };
        let made = parts.iter().map(step).collect();
        let names = parts.first().map(|part| part.set.as_slice()).unwrap_or_default();
        let physical =
            |name: &AttributeId| entity.attribute(name).map(|a| (name.clone(), a.type_.physical()));
        let columns = names.iter().filter_map(|(name, _)| physical(name)).collect();
        self.plan.steps.push(Step::Union(Box::new(UnionStep { table: table.clone(), columns, parts: made })));
    }

    fn versions(&mut self, table: &EntityId, entity: &Entity, of: &EntityId) {
        self.key(of);
        let landed = self.project.entities.get(of).map(|e| e.attributes.as_slice()).unwrap_or_default();
        let mut columns = Vec::new();
        for attribute in landed {
            self.column(of, &attribute.id);
            columns.push((attribute.id.clone(), attribute.type_.physical()));
        }
        self.plan.steps.push(Step::Versions(Box::new(VersionsStep {
            table: table.clone(),
            of: of.clone(),
            key: entity.key.clone(),
            columns,
        })));
    }

    fn gather(
        &mut self,
        table: &EntityId,
        entity: &Entity,
        attribute: &AttributeId,
        gathered: &Gathered,
    ) -> Result<(), LowerError> {
        let (own, of) = (&entity.id, &gathered.of);
        let mine = |planner: &Self, e: &Expression| planner.written_out(e, own);
        let theirs = |planner: &Self, e: &Expression| planner.written_out(e, of);
        let bound = |planner: &Self, bound: &Bound| match bound {
            Bound::This => Bound::This,
            Bound::At(at) => Bound::At(mine(planner, at)),
        };
        let written = Gathered {
            how: gathered.how,
            of: of.clone(),
            value: gathered.value.as_ref().map(|value| theirs(self, value)),
            filter: gathered.filter.as_ref().map(|filter| theirs(self, filter)),
            same: gathered.same.iter().map(|(a, b)| (mine(self, a), theirs(self, b))).collect(),
            dated: theirs(self, &gathered.dated),
            stretch: match &gathered.stretch {
                Stretch::Dated { from, after, until, within } => Stretch::Dated {
                    from: from.as_ref().map(|from| bound(self, from)),
                    after: *after,
                    until: until.as_ref().map(|until| bound(self, until)),
                    within: within.clone(),
                },
                Stretch::InForce { at, within, begins, ends } => Stretch::InForce {
                    at: mine(self, at),
                    within: within.clone(),
                    begins: theirs(self, begins),
                    ends: ends.as_ref().map(|ends| theirs(self, ends)),
                },
            },
            as_of: gathered.as_of.as_ref().map(|as_of| match as_of {
                GatheredAsOf::Now => GatheredAsOf::Now,
                GatheredAsOf::At(at) => GatheredAsOf::At(mine(self, at)),
            }),
            ago: gathered.ago,
        };
        self.key(own);
        if orders_by_key(&written) {
            self.key(of);
        } else {
            self.versions_of(of);
        }
        let time = time(entity);
        time.iter().for_each(|time| self.path(time, own));
        written.of_own().for_each(|mine| self.expression(mine, own));
        written.of_theirs().for_each(|theirs| self.expression(theirs, of));
        self.counts_days |= written.how == How::Days;
        let physical = entity.attribute(attribute).map_or(Physical::Integer, |a| a.type_.physical());
        self.plan.steps.push(Step::Gather(Box::new(GatherStep {
            table: table.clone(),
            attribute: attribute.clone(),
            physical,
            gathered: written,
            time,
            periods: self.periods.get(table).cloned(),
        })));
        Ok(())
    }

    pub(super) fn finish(mut self) -> Result<DerivePlan, LowerError> {
        if self.counts_days {
            let calendar = &self.project.calendar;
            // Whole years, so that a day more makes no other plan.
            let day = |at| calendar.period_at(Grain::Day, at);
            let year = |at| calendar.period_at(Grain::Year, at).and_then(|year| calendar.bounds(year));
            let first = day(year(self.earliest.unwrap_or(self.until).min(self.until))?.start)?;
            let last = day(year(self.until)?.end.saturating_sub(1))?;
            if last.ordinal.saturating_sub(first.ordinal) >= MAXIMUM_DAYS {
                return Err(LowerError::Calendar(CalendarError::OutOfRange));
            }
            self.plan.days = calendar.edges(Grain::Day, first.ordinal, last.ordinal)?.into();
        }
        Ok(self.plan)
    }

    /// With computed attributes written out, and answers off their scale as none.
    pub(super) fn written_out(&self, of: &Expression, base: &EntityId) -> Expression {
        on_scales(&inlined(of, base, &self.project.entities), base, &self.project.entities)
    }

    /// The columns that identify a row and tell its versions.
    pub(super) fn key(&mut self, entity: &EntityId) {
        let key = self.project.entities.get(entity).map(|e| e.key.clone()).unwrap_or_default();
        for attribute in &key {
            self.column(entity, attribute);
        }
        self.versions_of(entity);
    }
    /// The columns that tell versions of a row.
    fn versions_of(&mut self, entity: &EntityId) {
        for name in [system::VALID_FROM, system::VALID_TO] {
            self.named(entity, name);
        }
    }
    pub(super) fn column(&mut self, entity: &EntityId, attribute: &AttributeId) {
        self.named(entity, attribute.as_str());
    }
    fn named(&mut self, entity: &EntityId, name: &str) {
        let there = |table: &crate::port::PinnedTable| table.columns.iter().any(|column| column.name == name);
        if self.inputs.tables.get(entity).is_some_and(there) {
            self.plan.columns.entry(entity.clone()).or_default().insert(name.to_owned());
        }
    }
    fn path(&mut self, path: &Path, base: &EntityId) {
        let mut at = base.clone();
        for (reference, next) in &path.references {
            self.column(&at, reference);
            self.key(next);
            at = next.clone();
        }
        self.column(&at, &path.attribute);
    }
    pub(super) fn expression(&mut self, of: &Expression, base: &EntityId) {
        let mut paths = Vec::new();
        expression_paths(of, &mut paths);
        paths.into_iter().for_each(|path| self.path(path, base));
    }
}

/// Whether it shows in which order rows of one date stand.
fn orders_by_key(gathered: &Gathered) -> bool {
    let is_value =
        matches!(gathered.how, How::First | How::Last) && gathered.value.as_ref() != Some(&gathered.dated);
    let Stretch::Dated { from, until, .. } = &gathered.stretch else { return is_value };
    is_value || [from, until].into_iter().flatten().any(|bound| *bound == Bound::This)
}

fn add(all: &mut Reads, more: Reads) {
    more.into_iter().for_each(|(entity, columns)| all.entry(entity).or_default().extend(columns));
}

fn time(entity: &Entity) -> Option<Path> {
    entity.time.as_ref().map(|time| Path { references: Vec::new(), attribute: time.clone() })
}

fn days_between(calendar: &Calendar, from: i64, until: i64) -> Result<i64, CalendarError> {
    let day = |at| calendar.period_at(Grain::Day, at).map(|day| i64::from(day.ordinal));
    Ok(day(until)? - day(from)?)
}
