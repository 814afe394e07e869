//! KPIs: what is measured, of whom, how often, and who answers.

use std::collections::{BTreeMap, BTreeSet};

use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use super::{Carry, Circumstances, Design, Measure, Response, Target, ValueUnit, WithoutData};
use crate::{
    calendar::{Calendar, Grain, Period},
    crosswalk::{Crosswalk, Shares},
    derived::Made,
    entity::{Entity, scale_of},
    expression::{Expression, Node, Path, Type},
    id::{DimensionId, EntityId, Hash, KpiId, ObjectiveId, PersonId, PurposeId, UnitId},
    source_text::Span,
    window::Over,
    word::{Word, words},
};

/// A KPI.
#[derive(Debug, Clone)]
pub struct Kpi {
    /// Id.
    pub id: KpiId,
    /// Shown name.
    pub name: String,
    /// In plain words.
    pub description: Option<String>,
    /// The objective it serves.
    pub objective: Option<ObjectiveId>,
    /// The unit that proposed it; none: it is derived from the strategy of the whole.
    pub proposed_by: Option<UnitId>,
    /// Whether it runs ahead of the outcome or states it.
    pub indicator: Option<Indicator>,
    /// Which direction is good.
    pub better: Better,
    /// How it is computed.
    pub measure: Measure,
    /// What its value is.
    pub unit: ValueUnit,
    /// Its natural period.
    pub period: Grain,
    /// Longer periods at which it has values, too, whether or not a scorecard asks for them.
    pub also: Vec<Grain>,
    /// From which rows a value is made, where not from those of its period.
    pub over: Option<Over>,
    /// Segments, each on its own.
    pub by: Vec<Dimension>,
    /// Combinations of segments, by dimension.
    pub cross: Vec<Vec<DimensionId>>,
    /// Dimensions that are read by the codes of a new version of their classification.
    pub bridged: BTreeMap<DimensionId, Crosswalk>,
    /// Which version of referenced rows counts.
    pub as_of: AsOf,
    /// Row weight: a number expression of the base entity.
    pub weight: Option<Expression>,
    /// How rows stand for a population: weights that are made, clusters.
    pub design: Option<Design>,
    /// Fewer cases than this are not published.
    pub minimum_n: Option<u64>,
    /// Of segments with fewer cases than this nothing is published, nor what would give them away.
    pub minimum_cell: Option<u64>,
    /// Less coverage than this is not published; a share of 1.
    pub minimum_coverage: Option<f64>,
    /// What else a survey has to be for its value to be published.
    pub survey_gates: SurveyGates,
    /// What is said of a period of which there are no data.
    pub without_data: WithoutData,
    /// What became of those who were asked.
    pub response: Option<Response>,
    /// Targets, sorted by unit (none first) and date.
    pub targets: Vec<Target>,
    /// Other KPIs that it is believed to move, in written order.
    pub moves: Vec<Belief>,
    /// KPIs that are shown beside its values, in written order.
    pub beside: Vec<KpiId>,
    /// Exactly one.
    pub accountable: Option<PersonId>,
    /// Who does the work.
    pub responsible: Vec<PersonId>,
    /// Who is asked.
    pub consulted: Vec<PersonId>,
    /// Who is told.
    pub informed: Vec<PersonId>,
    /// What the data are used for.
    pub purpose: Option<PurposeId>,
    /// Whose eyes its figures are for.
    pub sensitivity: Sensitivity,
    /// How much of it is seen by whoever sees its figures and does not answer for it.
    pub publication: Publication,
    /// How it comes to its end, if that is announced; what the last wording says holds for all of it.
    pub life: Option<Life>,
    /// What is to be used instead.
    pub successor: Option<KpiId>,
    /// How and where its figures come about, to be held against those of others.
    pub measured: Circumstances,
    /// What is taken for granted.
    pub assumptions: Vec<String>,
    /// Whether its own rows are other rows at each length of period, such as customers of a month and of a quarter: what is said of the one says
    /// nothing about the other.
    pub by_period: bool,
    /// What has to be made of landed rows before it can be measured, each after what it needs.
    pub made: Vec<Made>,
    /// Entities whose rows are looked at where something is made for it.
    pub looked_at: BTreeSet<EntityId>,
    /// Landed entities of which its values are made: how far their data reach decides how far it does.
    pub reads: BTreeSet<EntityId>,
    /// How long after the end of a period gathered attributes may still change, in µs: as it follows from what is read, or as
    /// it is declared.
    pub reach: i64,
    /// How long the periods of panels are whose rows it counts: where they are not parts of its own, the last row that counts for one of these
    /// is known only when the row's own period has ended. None where it is declared how long it waits.
    pub stretches: BTreeSet<Grain>,
    /// Entities whose rows are looked up where something is made: how long before the first day of a period they may lie, in µs;
    /// none: at any time. They may lie after its last day by as much as [`Self::reach`].
    pub around: BTreeMap<EntityId, Option<i64>>,
    /// Hash of what decides the value: measure, filters, weight, period, segments, as-of, gates, calendar.
    /// Not names, descriptions, people or targets. Of one that changed with time, of all that it said.
    pub hash: Hash,
    /// The same of this wording alone.
    pub wording: Hash,
    /// Of a KPI as a scorecard of another calendar reads it: by which, and what it is of.
    pub elsewhere: Option<Elsewhere>,
    /// First day on which it is in force; none: it was from ever.
    pub from: Option<Date>,
    /// What it said before, oldest first; the last to come into force stands for all of them. They agree on period, direction
    /// and what the value is.
    pub earlier: Vec<Kpi>,
    /// The definition as written.
    pub text: String,
    /// Where it is defined.
    pub span: Span,
}

/// A KPI whose days begin in another zone than the project's, or make other weeks, months or years: computed as a KPI of its own,
/// since it is another figure.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Elsewhere {
    /// The calendar.
    pub calendar: Calendar,
    /// The KPI as it is defined.
    pub of: KpiId,
}

/// How a KPI comes to its end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Life {
    /// First day on which nothing is to use it.
    pub sunset: Date,
    /// First day of which it has no figures.
    pub retired: Option<Date>,
}

impl Life {
    /// How far it has come on a day, in a word.
    pub fn on(&self, day: Date) -> &'static str {
        match self {
            Self { retired: Some(retired), .. } if *retired <= day => "retired",
            Self { sunset, .. } if *sunset <= day => "sunset",
            _ => "deprecated",
        }
    }
}

/// That a KPI moves another.
#[derive(Debug, Clone, PartialEq)]
pub struct Belief {
    /// The other.
    pub kpi: KpiId,
    /// Whether better here leads to better there.
    pub sign: Sign,
    /// After how long: so many of a grain.
    pub lag: Option<(u32, Grain)>,
    /// The smallest move of the other that is worth having, in its unit.
    pub worth: Option<f64>,
    /// Why it is believed.
    pub why: Option<String>,
}

impl Kpi {
    /// The least and the greatest that its value can be.
    pub fn possible(&self) -> (f64, f64) {
        self.measure.kind().range(&self.unit)
    }

    /// A value of it as people write it.
    ///
    /// # Errors
    /// Why it is none, in words.
    pub fn value_said(&self, text: &str) -> Result<f64, String> {
        let value = self.unit.amount(text).filter(|value| value.is_finite()).ok_or_else(|| {
            format!("`{text}` is no value of `{}`, which is {}", self.id, self.unit.amount_text())
        })?;
        let (low, high) = self.possible();
        match () {
            () if !(low..=high).contains(&value) => {
                Err(format!("`{text}` is beyond what `{}` can be", self.id))
            }
            () if self.unit == ValueUnit::Count && value.fract() != 0.0 => {
                Err(format!("`{text}` is no number of things, which `{}` is", self.id))
            }
            () => Ok(value),
        }
    }

    /// All that it said and says, oldest first.
    pub fn wordings(&self) -> impl DoubleEndedIterator<Item = &Self> + Clone {
        self.earlier.iter().chain([self])
    }

    /// What is in force on a day: the last whose first day is not later.
    pub fn in_force(&self, day: Date) -> Option<&Self> {
        self.wordings().rev().find(|wording| wording.from.is_none_or(|from| from <= day))
    }

    /// What is in force in a period, which is what is on its last day; nothing once it is retired.
    pub fn in_period(&self, period: Period, calendar: &Calendar) -> Option<&Self> {
        if let Some(Life { retired: Some(retired), .. }) = self.life
            && calendar.last_day(period).ok()? >= retired
        {
            return None;
        }
        match self.is_dated() {
            true => self.in_force(calendar.last_day(period).ok()?),
            false => Some(self),
        }
    }

    /// Whether it changed with time, or begins on a day.
    pub fn is_dated(&self) -> bool {
        self.from.is_some() || !self.earlier.is_empty()
    }

    /// Whether it has no values in some periods in which its wording would give some.
    pub fn is_bounded(&self) -> bool {
        self.is_dated() || self.life.is_some_and(|life| life.retired.is_some())
    }

    /// Whether the values of neighbouring periods are made from some of the same rows, so that they are not independent.
    pub fn overlaps(&self) -> bool {
        self.window().is_some()
    }

    /// The window that its values are made from, where it is not the period; of a KPI that is computed of others the longest of
    /// theirs.
    pub fn window(&self) -> Option<Over> {
        let inputs = self.measure.kind().inputs();
        self.over
            .or_else(|| inputs.into_iter().filter_map(|input| input.kpi.window()).max_by_key(|w| w.days()))
    }

    /// Whether it, or a KPI that it is computed of, is over rows that are others at each length of period.
    fn is_by_period(&self) -> bool {
        self.by_period || self.measure.kind().inputs().into_iter().any(|input| input.kpi.is_by_period())
    }

    /// What becomes of a mark for a period in a longer one. Of rows that are others at each length nothing does: who left in a quarter are not
    /// those who left in its months, and revenue as a period ends is no sum. Whatever is seen over the last twelve months is a level,
    /// however often one looks; what is counted from the beginning of the year is not.
    pub fn over_time(&self) -> Carry {
        if self.is_by_period() {
            return Carry::Neither;
        }
        match (self.over, self.measure.kind().over_time()) {
            (Some(Over::Last(..)), _) => Carry::Stays,
            (Some(Over::ToDate(_)), Carry::AddsUp) => Carry::Neither,
            (_, own) => own,
        }
    }

    /// The dimension whose codes are split by shares, which rows do not know, with the shares by old code.
    pub fn split(&self) -> Option<(&DimensionId, BTreeMap<Box<str>, Shares>)> {
        let splits = self.bridged.iter().map(|(dimension, crosswalk)| (dimension, crosswalk.splits()));
        splits.into_iter().find(|(_, splits)| !splits.is_empty())
    }

    /// What it reads of the rows of its first entity beside its measure: the weight, and what became of invitations.
    pub fn beside(&self) -> impl Iterator<Item = &Expression> {
        self.weight.iter().chain(self.response.iter().flat_map(Response::conditions))
    }

    /// Every entity whose rows it looks at or refers to, in any of its wordings.
    pub fn entities(&self) -> BTreeSet<EntityId> {
        self.wordings().flat_map(Self::own_entities).collect()
    }

    fn own_entities(&self) -> BTreeSet<EntityId> {
        let mut entities = self.measure.entities();
        self.beside().for_each(|of| of.visit_entities(&mut entities));
        let ways =
            self.by.iter().chain(self.hidden_dimensions()).flat_map(|dimension| dimension.ways.values());
        ways.for_each(|way| way.visit_entities(&mut entities));
        entities.extend(self.looked_at.iter().cloned());
        entities
    }

    /// What it reads, by the entity whose rows are looked at: what dates them first, then conditions, values, the weight and
    /// what segments are formed by.
    pub fn expressions(&self) -> Vec<(&EntityId, Vec<Expression>)> {
        let first = self.measure.bases().first().copied();
        let readings = self.measure.kind().readings().into_iter().map(|reading| {
            let base = &reading.rows.of;
            let at = Expression { type_: Type::Timestamp, node: Node::Path(reading.rows.at.clone()) };
            let weight = self.beside().filter(|_| Some(base) == first);
            let ways = self.by.iter().chain(self.hidden_dimensions());
            let ways = ways.filter_map(|dimension| dimension.ways.get(base));
            let others = reading.rows.filter.iter().chain(reading.values).chain(weight).chain(ways);
            (base, [at].into_iter().chain(others.cloned()).collect())
        });
        readings.collect()
    }

    /// The declared scales that decide its values, by the entity from which a path leads to them. Kinds of answers know the
    /// scale of a plain answer themselves.
    pub(crate) fn scales<'a>(
        &'a self,
        entities: &BTreeMap<EntityId, Entity>,
    ) -> BTreeMap<(&'a EntityId, &'a Path), (i64, i64)> {
        let knows_its_own = matches!(self.measure, Measure::Nps(_) | Measure::Rating(_));
        let mut paths: Vec<(&EntityId, &Path)> = Vec::new();
        let mut read = |base: &'a EntityId, expression: &'a Expression| {
            expression.visit(&mut |part| {
                if let Node::Path(path) = &part.node {
                    paths.push((base, path));
                }
            });
        };
        for reading in self.measure.kind().readings() {
            let base = &reading.rows.of;
            reading.rows.filter.iter().for_each(|filter| read(base, filter));
            let values = reading.values.into_iter();
            values
                .filter(|value| !(knows_its_own && matches!(value.node, Node::Path(_))))
                .for_each(|value| read(base, value));
        }
        if let Some(base) = self.measure.bases().first() {
            self.beside().for_each(|of| read(base, of));
        }
        for (base, way) in
            self.by.iter().chain(self.hidden_dimensions()).flat_map(|dimension| &dimension.ways)
        {
            read(base, way);
        }
        let scaled = paths.into_iter().filter_map(|at| Some((at, scale_of(at.1, at.0, entities)?)));
        scaled.collect()
    }
}

/// What a survey has to be for its value to be published; shares of 1.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct SurveyGates {
    /// Fewer effective cases are not published.
    pub effective_n: Option<u64>,
    /// A lower rate of response is not published.
    pub response_rate: Option<f64>,
    /// A less representative response is not published.
    pub representative: Option<f64>,
}

impl Sensitivity {
    /// As definitions and policies write it.
    pub fn as_str(self) -> &'static str {
        Word::word(self)
    }
}

impl Publication {
    /// As definitions and policies write it.
    pub fn as_str(self) -> &'static str {
        Word::word(self)
    }
}

words! {
    /// Direction of an effect.
    pub enum Sign {
        /// More leads to more.
        Positive = "positive",
        /// More leads to less.
        Negative = "negative",
    }

    /// Whether a KPI runs ahead of the outcome or states it.
    pub enum Indicator {
        /// Moves before the outcome.
        Leading = "leading",
        /// States the outcome.
        Lagging = "lagging",
    }

    /// Whose eyes the figures of a KPI are for. What follows from it is said by policies.
    pub enum Sensitivity {
        /// Everybody's.
        Public = "public",
        /// Those of whoever sees figures here.
        Internal = "internal",
        /// Those of some.
        Restricted = "restricted",
        /// Those of few.
        Confidential = "confidential",
    }

    /// How much of a KPI is seen by whoever sees its figures and does not answer for it. What follows from it is said by policies.
    pub enum Publication {
        /// Figures, and what they are made of: segments, members, rows behind.
        Explained = "explained",
        /// Figures of the whole and of units alone.
        Figures = "figures",
    }

    /// Which direction is good.
    pub enum Better {
        /// More is better.
        Higher = "higher",
        /// Less is better.
        Lower = "lower",
        /// Between two limits is best.
        InRange = "in_range",
    }

    /// Which version of a referenced row counts.
    pub enum AsOf {
        /// The one valid at the row's own time. The first version is valid from ever.
        Event = "event",
        /// The one valid now, at the pinned snapshot.
        Now = "now",
    }
}

/// What segments are formed by.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Dimension {
    /// Id: the last part of the path unless named.
    pub id: DimensionId,
    /// What says the member, from each base entity of the measure: a path, or what is computed of several.
    pub ways: BTreeMap<EntityId, Expression>,
}

impl Dimension {
    /// Its members in the order in which a closed list declares them; nothing where no list does.
    pub fn members(&self) -> Vec<&str> {
        let lists = self.ways.values().filter_map(|way| match &way.type_ {
            Type::Enum { values } => Some(values.iter().map(String::as_str)),
            _ => None,
        });
        let mut seen = BTreeSet::new();
        lists.flatten().filter(|member| seen.insert(*member)).collect()
    }
}
