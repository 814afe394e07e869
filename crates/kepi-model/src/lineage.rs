//! Lineage: from the columns of sources over attributes and KPIs to scorecards, and back.
//!
//! Pure, from definitions alone: it says what *can* move a figure. Which rows stand behind one figure is what a trace says.

use std::{
    collections::{BTreeMap, BTreeSet, VecDeque},
    fmt,
};

use serde::{Serialize, Serializer};

use crate::{
    derived::{Derivation, Gathered, Moment, Panel, Part, Rows, Stages},
    entity::Entity,
    expression::{Expression, Node, Path},
    id::{AttributeId, EntityId, KpiId, ScorecardId, SourceId},
    measure::{Kpi, Reading},
    project::{FileOrder, Mapping, MappingFrom, Otherwise, Parse, Project, Requirement, Source},
    word::words,
    wording::nearest,
};

/// What data pass on their way from a source to a score.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Thing {
    /// A column of a source, by its header.
    Column(SourceId, String),
    /// A source itself: what is the same in all its rows, or says where they stand.
    Source(SourceId),
    /// An attribute, landed or made.
    Attribute(EntityId, AttributeId),
    /// The rows of an entity: which there are.
    Rows(EntityId),
    /// The values of a KPI.
    Kpi(KpiId),
    /// The scores of a scorecard.
    Scorecard(ScorecardId),
}

impl Thing {
    /// What kind it is of, in a word.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Column(..) => "column",
            Self::Source(_) => "source",
            Self::Attribute(..) => "attribute",
            Self::Rows(_) => "rows",
            Self::Kpi(_) => "kpi",
            Self::Scorecard(_) => "scorecard",
        }
    }

    /// Its name for people; of a column the header.
    pub fn name(&self, project: &Project) -> String {
        match self {
            Self::Column(_, column) => column.clone(),
            Self::Source(id) => project.sources.get(id).map_or_else(|| id.to_string(), |s| s.name.clone()),
            Self::Attribute(entity, id) => {
                let of = project.entities.get(entity).and_then(|entity| entity.attribute(id));
                of.map_or_else(|| id.to_string(), |attribute| attribute.name.clone())
            }
            Self::Rows(id) => project.entities.get(id).map_or_else(|| id.to_string(), |e| e.name.clone()),
            Self::Kpi(id) => project.kpis.get(id).map_or_else(|| id.to_string(), |kpi| kpi.name.clone()),
            Self::Scorecard(id) => {
                project.scorecards.get(id).map_or_else(|| id.to_string(), |card| card.name.clone())
            }
        }
    }
}

/// One text for each, by which it can be asked for: `source/tickets/Created At`, `ticket.status`, `kpi/nps`.
impl fmt::Display for Thing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Column(source, column) => write!(f, "source/{source}/{column}"),
            Self::Source(source) => write!(f, "source/{source}"),
            Self::Attribute(entity, attribute) => write!(f, "{entity}.{attribute}"),
            Self::Rows(entity) => write!(f, "entity/{entity}"),
            Self::Kpi(kpi) => write!(f, "kpi/{kpi}"),
            Self::Scorecard(scorecard) => write!(f, "scorecard/{scorecard}"),
        }
    }
}

impl Serialize for Thing {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

words! {
    /// What becomes of something on its way.
    pub enum How {
        /// Its text is the value.
        Copied = "copied",
        /// Its text is read as a number, a time, a code.
        Read = "read",
        /// Cells of a column become rows of their own.
        Unpivoted = "unpivoted",
        /// The same in every row, or the place of the row.
        Given = "given",
        /// An expression computes it.
        Computed = "computed",
        /// It is added up, counted or summarised over rows.
        Aggregated = "aggregated",
        /// It weights rows.
        Weights = "weights",
        /// It is put together with others, or turned into points.
        Combined = "combined",
        /// It decides which rows there are, or count.
        Filters = "filters",
        /// It says when, and so to which period a row belongs.
        Dates = "dates",
        /// It forms segments.
        Segments = "segments",
        /// It ties rows of two kinds together.
        Joins = "joins",
        /// It identifies a row.
        Identifies = "identifies",
        /// It says which of two rows is newer.
        Supersedes = "supersedes",
    }
}

impl How {
    /// In plain words.
    pub fn words(self) -> &'static str {
        match self {
            Self::Copied => "as it stands",
            Self::Read => "read from its text",
            Self::Unpivoted => "its cells, as rows",
            Self::Given => "comes with the rows",
            Self::Computed => "computed",
            Self::Aggregated => "counted or summarised",
            Self::Weights => "weights rows",
            Self::Combined => "put together with others",
            Self::Filters => "decides which rows count",
            Self::Dates => "says when",
            Self::Segments => "forms segments",
            Self::Joins => "ties rows together",
            Self::Identifies => "identifies rows",
            Self::Supersedes => "says which row is newer",
        }
    }

    /// Whether its content enters the result; else it only decides what does.
    pub fn is_direct(self) -> bool {
        match self {
            Self::Copied
            | Self::Read
            | Self::Unpivoted
            | Self::Given
            | Self::Computed
            | Self::Aggregated
            | Self::Weights
            | Self::Combined => true,
            Self::Filters
            | Self::Dates
            | Self::Segments
            | Self::Joins
            | Self::Identifies
            | Self::Supersedes => false,
        }
    }
}

/// One step.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
pub struct Step {
    /// What it is made of.
    pub from: Thing,
    /// What is made.
    pub to: Thing,
    /// How.
    pub how: How,
}

/// A step on the way from or to something.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Passed<'a> {
    /// How many steps away it ends, from 1.
    pub distance: u32,
    /// The step.
    #[serde(flatten)]
    pub step: &'a Step,
}

/// All steps of a project.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Lineage {
    steps: BTreeSet<Step>,
}

impl Lineage {
    /// Of everything that a project says, in all wordings that are or were in force.
    pub fn of(project: &Project) -> Self {
        let mut found = Found { project, steps: BTreeSet::new() };
        project.sources.values().for_each(|source| found.source(source));
        project.entities.values().for_each(|entity| found.entity(entity));
        for kpi in project.kpis.values() {
            kpi.wordings().for_each(|wording| found.kpi(&Thing::Kpi(kpi.id.clone()), wording));
        }
        for scorecard in project.scorecards.values() {
            let to = Thing::Scorecard(scorecard.id.clone());
            scorecard.reads().for_each(|kpi| found.step(Thing::Kpi(kpi.clone()), &to, How::Combined));
        }
        Self { steps: found.steps }
    }

    /// All steps, sorted.
    pub fn steps(&self) -> impl Iterator<Item = &Step> {
        self.steps.iter()
    }

    /// What something is made of, nearest first: every step once.
    pub fn made_of(&self, of: &Thing) -> Vec<Passed<'_>> {
        self.walk(of, |step| (&step.to, &step.from))
    }

    /// What is made of something, nearest first: every step once.
    pub fn goes_into(&self, of: &Thing) -> Vec<Passed<'_>> {
        self.walk(of, |step| (&step.from, &step.to))
    }

    fn walk(&self, of: &Thing, ends: impl Fn(&Step) -> (&Thing, &Thing)) -> Vec<Passed<'_>> {
        let mut by_near: BTreeMap<&Thing, Vec<&Step>> = BTreeMap::new();
        self.steps.iter().for_each(|step| by_near.entry(ends(step).0).or_default().push(step));
        let (mut passed, mut seen, mut open) = (Vec::new(), BTreeSet::from([of]), VecDeque::from([(of, 1)]));
        while let Some((near, distance)) = open.pop_front() {
            for step in by_near.get(near).into_iter().flatten() {
                passed.push(Passed { distance, step });
                let (_, far) = ends(step);
                if seen.insert(far) {
                    open.push_back((far, distance + 1));
                }
            }
        }
        passed
    }

    /// The columns and sources at the beginning of the ways to something, sorted.
    pub fn origins(&self, of: &Thing) -> Vec<&Thing> {
        let passed = self.made_of(of).into_iter().map(|passed| &passed.step.from);
        let origins: BTreeSet<&Thing> =
            passed.filter(|from| matches!(from, Thing::Column(..) | Thing::Source(_))).collect();
        origins.into_iter().collect()
    }

    /// Whether something is itself personal data, or what is read of such data enters it.
    pub fn is_personal(&self, of: &Thing, project: &Project) -> bool {
        let personal = |thing: &Thing| match thing {
            Thing::Attribute(entity, id) => {
                let entity = project.entities.get(entity);
                entity.and_then(|entity| entity.attribute(id)).is_some_and(|attribute| attribute.personal)
            }
            // A column is what is made of it at once.
            Thing::Column(..) => self.steps.iter().any(|step| {
                let Thing::Attribute(entity, id) = &step.to else { return false };
                let entity = project.entities.get(entity);
                step.from == *thing
                    && entity.and_then(|e| e.attribute(id)).is_some_and(|attribute| attribute.personal)
            }),
            _ => false,
        };
        personal(of) || self.made_of(of).iter().any(|passed| personal(&passed.step.from))
    }

    /// What is meant by a text: that of [`Thing`], or a name alone, of a KPI before a scorecard, an entity, a source.
    ///
    /// # Errors
    /// Nothing is called so: what is called nearly so.
    pub fn find(&self, text: &str, project: &Project) -> Result<Thing, Option<String>> {
        let mut known: BTreeSet<Thing> = BTreeSet::new();
        known.extend(project.kpis.keys().cloned().map(Thing::Kpi));
        known.extend(project.scorecards.keys().cloned().map(Thing::Scorecard));
        known.extend(project.sources.keys().cloned().map(Thing::Source));
        for entity in project.entities.values() {
            known.insert(Thing::Rows(entity.id.clone()));
            let attributes = entity.all_attributes();
            known.extend(attributes.map(|of| Thing::Attribute(entity.id.clone(), of.id.clone())));
        }
        known.extend(self.steps.iter().map(|step| step.from.clone()));
        let texts: BTreeMap<String, &Thing> = known.iter().map(|thing| (thing.to_string(), thing)).collect();
        let kinds = ["", "kpi/", "scorecard/", "entity/", "source/"];
        let found = kinds.iter().find_map(|kind| texts.get(&format!("{kind}{text}")));
        if let Some(found) = found {
            return Ok((*found).clone());
        }
        let names = texts.keys().map(String::as_str);
        let bare = names.clone().filter_map(|name| name.split_once('/')).map(|(_, name)| name);
        let near = nearest(text, names.clone()).or_else(|| {
            let bare = nearest(text, bare)?;
            names.clone().find(|name| name.split_once('/').is_some_and(|(_, name)| name == bare))
        });
        Err(near.map(str::to_owned))
    }
}

struct Found<'a> {
    project: &'a Project,
    steps: BTreeSet<Step>,
}

impl Found<'_> {
    fn step(&mut self, from: Thing, to: &Thing, how: How) {
        // What refers to itself, as a count of earlier rows of its kind does, is no further step.
        if from != *to {
            self.steps.insert(Step { from, to: to.clone(), how });
        }
    }

    fn source(&mut self, source: &Source) {
        for Mapping { attribute, from, .. } in &source.map {
            let to = Thing::Attribute(source.into.clone(), attribute.clone());
            match from {
                MappingFrom::Column { column, parse, replace, .. } => {
                    let how = match parse {
                        Parse::Text if replace.is_empty() => How::Copied,
                        _ => How::Read,
                    };
                    self.columns(source, column, &to, how);
                }
                MappingFrom::Position | MappingFrom::Constant(_) => {
                    self.step(Thing::Source(source.id.clone()), &to, How::Given);
                }
                MappingFrom::Expression(of) => self.expression(of, &source.into, &to, How::Computed),
            }
        }
        self.rows_of(source);
    }

    /// Which rows of a source there are. A cell that cannot be read rejects its row, too, whatever is mapped from it; no lineage says that.
    fn rows_of(&mut self, source: &Source) {
        let rows = Thing::Rows(source.into.clone());
        let own = |attribute: &AttributeId| Thing::Attribute(source.into.clone(), attribute.clone());
        self.step(Thing::Source(source.id.clone()), &rows, How::Given);
        let mut conditions: Vec<&Expression> = source.only.iter().chain(&source.deleted).collect();
        for rule in source.rules.iter().filter(|rule| rule.otherwise == Otherwise::Quarantine) {
            match &rule.require {
                Requirement::Row(of) => conditions.push(of),
                Requirement::Unique(of) => of.iter().for_each(|of| self.step(own(of), &rows, How::Filters)),
                _ => {}
            }
        }
        conditions.into_iter().for_each(|of| self.expression(of, &source.into, &rows, How::Filters));
        for Mapping { attribute, .. } in source.map.iter().filter(|of| of.required) {
            self.step(own(attribute), &rows, How::Filters);
        }
        if let Some(version) = &source.version {
            self.step(own(version), &rows, How::Supersedes);
        }
        if let FileOrder::Column(column) = &source.order {
            self.columns(source, column, &rows, How::Supersedes);
        }
        if let Some(merges) = &source.merges {
            self.columns(source, merges.column(), &rows, How::Identifies);
        }
        if let Some(column) = &source.zone.column {
            let is_time =
                |of: &&Mapping| matches!(of.from, MappingFrom::Column { parse: Parse::Timestamp { .. }, .. });
            for Mapping { attribute, .. } in source.map.iter().filter(is_time) {
                self.columns(source, column, &own(attribute), How::Read);
            }
        }
    }

    /// What comes from a column, or from those whose cells became rows.
    fn columns(&mut self, source: &Source, column: &str, to: &Thing, how: How) {
        let unpivoted = source.unpivot.as_ref().filter(|of| of.name == column || of.value == column);
        match unpivoted {
            Some(of) => {
                for pattern in &of.columns {
                    self.step(Thing::Column(source.id.clone(), pattern.clone()), to, How::Unpivoted);
                }
            }
            None => self.step(Thing::Column(source.id.clone(), column.to_owned()), to, how),
        }
    }

    fn entity(&mut self, entity: &Entity) {
        let rows = Thing::Rows(entity.id.clone());
        match &entity.rows {
            // Of an entity that nothing fills there are no rows.
            None if self.project.sources.values().any(|source| source.into == entity.id) => {
                for key in &entity.key {
                    self.step(Thing::Attribute(entity.id.clone(), key.clone()), &rows, How::Identifies);
                }
            }
            None => {}
            Some(Rows::Panel(Panel { of, subject, from, until, filter, keep, .. })) => {
                self.step(Thing::Rows(of.clone()), &rows, How::Aggregated);
                let ends = [from].into_iter().chain(until);
                ends.for_each(|end| {
                    self.step(Thing::Attribute(of.clone(), end.clone()), &rows, How::Dates);
                });
                filter.iter().for_each(|filter| self.expression(filter, of, &rows, How::Filters));
                keep.iter().for_each(|keep| self.expression(keep, &entity.id, &rows, How::Filters));
                self.step(rows.clone(), &Thing::Attribute(entity.id.clone(), subject.clone()), How::Given);
            }
            Some(Rows::Stages(Stages { of, subject, stages })) => {
                self.step(Thing::Rows(of.clone()), &rows, How::Aggregated);
                for Moment { of, at, filter, who } in
                    stages.iter().flat_map(|stage| stage.enter.iter().chain(&stage.exit))
                {
                    self.step(Thing::Rows(of.clone()), &rows, How::Aggregated);
                    self.step(Thing::Attribute(of.clone(), at.clone()), &rows, How::Dates);
                    filter.iter().for_each(|filter| self.expression(filter, of, &rows, How::Filters));
                    self.expression(who, of, &rows, How::Joins);
                }
                self.step(rows.clone(), &Thing::Attribute(entity.id.clone(), subject.clone()), How::Given);
            }
            Some(Rows::Union(parts)) => {
                for Part { of, at, filter, set } in parts {
                    self.step(Thing::Rows(of.clone()), &rows, How::Aggregated);
                    self.step(Thing::Attribute(of.clone(), at.clone()), &rows, How::Dates);
                    filter.iter().for_each(|filter| self.expression(filter, of, &rows, How::Filters));
                    for (attribute, value) in set {
                        let to = Thing::Attribute(entity.id.clone(), attribute.clone());
                        value.iter().for_each(|value| self.expression(value, of, &to, How::Computed));
                    }
                }
            }
            Some(Rows::Versions(of)) => {
                self.step(Thing::Rows(of.clone()), &rows, How::Aggregated);
                let sources = self.project.sources.values().filter(|source| source.into == *of);
                let versions: Vec<AttributeId> =
                    sources.filter_map(|source| source.version.clone()).collect();
                for version in versions {
                    self.step(Thing::Attribute(of.clone(), version), &rows, How::Dates);
                }
            }
        }
        for derived in &entity.derived {
            let to = Thing::Attribute(entity.id.clone(), derived.attribute.id.clone());
            match &derived.from {
                Derivation::Given => self.given(entity, &derived.attribute.id, &rows, &to),
                Derivation::Expression(of) => self.expression(of, &entity.id, &to, How::Computed),
                Derivation::Gathered(gathered) => self.gathered(gathered, &entity.id, &to),
            }
        }
    }

    /// An attribute that rows bring with them: of versions that of the row, else what the rows themselves are made of.
    fn given(&mut self, entity: &Entity, id: &AttributeId, rows: &Thing, to: &Thing) {
        let of_version = match &entity.rows {
            Some(Rows::Versions(of)) => {
                self.project.entities.get(of).filter(|of| of.attribute(id).is_some()).map(|of| of.id.clone())
            }
            _ => None,
        };
        match of_version {
            Some(of) => self.step(Thing::Attribute(of, id.clone()), to, How::Copied),
            None => self.step(rows.clone(), to, How::Given),
        }
    }

    fn gathered(&mut self, gathered: &Gathered, own: &EntityId, to: &Thing) {
        let Gathered { of, value, filter, same, .. } = gathered;
        self.step(Thing::Rows(of.clone()), to, How::Aggregated);
        value.iter().for_each(|value| self.expression(value, of, to, How::Aggregated));
        filter.iter().for_each(|filter| self.expression(filter, of, to, How::Filters));
        for (ours, theirs) in same {
            self.expression(ours, own, to, How::Joins);
            self.expression(theirs, of, to, How::Joins);
        }
        // What else is read of either row says from when until when.
        let told: Vec<&Expression> =
            value.iter().chain(filter).chain(same.iter().flat_map(|(ours, theirs)| [ours, theirs])).collect();
        let others = |of: &&Expression| !told.contains(of);
        gathered.of_own().filter(others).for_each(|ours| self.expression(ours, own, to, How::Dates));
        gathered.of_theirs().filter(others).for_each(|theirs| self.expression(theirs, of, to, How::Dates));
    }

    fn kpi(&mut self, to: &Thing, kpi: &Kpi) {
        let kind = kpi.measure.kind();
        for (at, Reading { rows, values }) in kind.readings().into_iter().enumerate() {
            if !kind.inputs().is_empty() {
                break;
            }
            let base = &rows.of;
            self.step(Thing::Rows(base.clone()), to, How::Aggregated);
            self.path(&rows.at, base, to, How::Dates);
            rows.filter.iter().for_each(|filter| self.expression(filter, base, to, How::Filters));
            values.into_iter().for_each(|value| self.expression(value, base, to, How::Aggregated));
            if at == 0 {
                kpi.weight.iter().for_each(|weight| self.expression(weight, base, to, How::Weights));
                let response = kpi.response.iter().flat_map(crate::measure::Response::conditions);
                response.for_each(|of| self.expression(of, base, to, How::Filters));
            }
        }
        for input in kind.inputs() {
            self.step(Thing::Kpi(input.kpi.id.clone()), to, How::Combined);
        }
        let cluster = kpi.design.as_ref().and_then(|design| design.cluster.as_ref());
        let weighting = kpi.hidden_dimensions().map(|dimension| match cluster {
            Some(cluster) if cluster.id == dimension.id => (dimension, How::Joins),
            _ => (dimension, How::Weights),
        });
        for (dimension, how) in kpi.by.iter().map(|dimension| (dimension, How::Segments)).chain(weighting) {
            dimension.ways.iter().for_each(|(base, way)| self.expression(way, base, to, how));
        }
    }

    fn expression(&mut self, of: &Expression, base: &EntityId, to: &Thing, how: How) {
        of.visit(&mut |part| match &part.node {
            Node::Path(path) => self.path(path, base, to, how),
            Node::Exists(reference, entity) => {
                self.step(Thing::Attribute(base.clone(), reference.clone()), to, How::Joins);
                self.step(Thing::Rows(entity.clone()), to, How::Filters);
            }
            _ => {}
        });
    }

    fn path(&mut self, path: &Path, base: &EntityId, to: &Thing, how: How) {
        let mut at = base;
        for (reference, next) in &path.references {
            self.step(Thing::Attribute(at.clone(), reference.clone()), to, How::Joins);
            self.step(Thing::Rows(next.clone()), to, How::Joins);
            at = next;
        }
        self.step(Thing::Attribute(at.clone(), path.attribute.clone()), to, how);
    }
}
