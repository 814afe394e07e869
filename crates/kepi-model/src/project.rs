//! A checked project: every name resolved, every expression typed, every default written out.
//!
//! Only [`check`](crate) makes these, so what they say can be relied upon: references point to something, weights
//! sum to one, targets stand on the right side, expressions are typed.

use std::collections::BTreeMap;

use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use crate::{
    calendar::{Calendar, Grain},
    expression::{Expression, Literal, Path, Type},
    id::{
        AttributeId, DimensionId, EntityId, GoalId, Hash, KpiId, LevelId, ObjectiveId, PersonId,
        PerspectiveId, PillarId, ProjectId, PurposeId, RuleId, ScorecardId, SourceId, StrategyId, ThemeId,
        UnitId,
    },
    source_text::Span,
};

/// A whole project.
#[derive(Debug, Clone)]
pub struct Project {
    /// Its name.
    pub id: ProjectId,
    /// Shown name.
    pub name: String,
    /// In plain words.
    pub description: Option<String>,
    /// Version of the definition language: 1.
    pub language: u32,
    /// Reporting zone, week start and fiscal year.
    pub calendar: Calendar,
    /// Confidence level of every interval, such as 0.95.
    pub confidence: f64,
    /// What data may be used for.
    pub purposes: BTreeMap<PurposeId, String>,
    /// People.
    pub persons: BTreeMap<PersonId, Person>,
    /// The tree of units.
    pub units: BTreeMap<UnitId, Unit>,
    /// Built-in and own entities, with all attributes.
    pub entities: BTreeMap<EntityId, Entity>,
    /// Sources.
    pub sources: BTreeMap<SourceId, Source>,
    /// Strategy, if one is written.
    pub strategy: Option<Strategy>,
    /// KPIs.
    pub kpis: BTreeMap<KpiId, Kpi>,
    /// Scorecards.
    pub scorecards: BTreeMap<ScorecardId, Scorecard>,
}

/// A person.
#[derive(Debug, Clone)]
pub struct Person {
    /// Id.
    pub id: PersonId,
    /// Shown name.
    pub name: String,
    /// What the person does.
    pub role: Option<String>,
    /// Address.
    pub email: Option<String>,
}

/// An organisational unit.
#[derive(Debug, Clone)]
pub struct Unit {
    /// Id.
    pub id: UnitId,
    /// Shown name.
    pub name: String,
    /// Level in the tree; the root may have none.
    pub level: Option<LevelId>,
    /// The unit above; none for the root.
    pub parent: Option<UnitId>,
    /// The member of the matched dimension that this unit stands for.
    pub member: String,
    /// Who manages it.
    pub manager: Option<PersonId>,
}

/// A kind of thing in the customer model.
#[derive(Debug, Clone)]
pub struct Entity {
    /// Id.
    pub id: EntityId,
    /// Shown name.
    pub name: String,
    /// In plain words.
    pub description: String,
    /// The attributes that identify a row.
    pub key: Vec<AttributeId>,
    /// The attribute that dates a row unless a measure says otherwise.
    pub time: Option<AttributeId>,
    /// Attributes in declared order.
    pub attributes: Vec<Attribute>,
}

impl Entity {
    /// One attribute.
    pub fn attribute(&self, id: &AttributeId) -> Option<&Attribute> {
        self.attributes.iter().find(|a| &a.id == id)
    }
}

/// An attribute of an entity.
#[derive(Debug, Clone)]
pub struct Attribute {
    /// Id.
    pub id: AttributeId,
    /// Shown name.
    pub name: String,
    /// In plain words.
    pub description: Option<String>,
    /// What it holds.
    pub type_: Type,
    /// For ratings: lowest and highest answer.
    pub scale: Option<(i64, i64)>,
    /// Whether it is personal data.
    pub personal: bool,
}

/// A place data come from.
#[derive(Debug, Clone)]
pub struct Source {
    /// Id.
    pub id: SourceId,
    /// Shown name.
    pub name: String,
    /// The entity it fills.
    pub into: EntityId,
    /// Where and how to read.
    pub from: Connector,
    /// How a row relates to those landed before.
    pub mode: Mode,
    /// The attributes that identify a row.
    pub key: Vec<AttributeId>,
    /// The attribute that says which of two rows is newer.
    pub version: Option<AttributeId>,
    /// Zone of local times and dates.
    pub zone: SourceZone,
    /// Texts that mean "no value" in every column.
    pub missing: Vec<String>,
    /// Rows that do not match are out of scope: counted, not landed.
    pub only: Option<Expression>,
    /// One mapping an attribute, in declared order, derived ones after those they need.
    pub map: Vec<Mapping>,
    /// Validation rules in declared order.
    pub rules: Vec<Rule>,
    /// Last day for which everything is in, whatever the last row says: periods that end with it are final.
    pub complete_until: Option<Date>,
    /// What its data may be used for.
    pub purpose: Option<PurposeId>,
    /// Who answers for it.
    pub owner: Option<PersonId>,
    /// Hash of what decides how rows come out: connector format, mode, key, mapping, rules.
    pub hash: Hash,
    /// Where it is defined.
    pub span: Span,
}

/// Where and how to read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Connector {
    /// Delimited text.
    Csv {
        /// Path or glob relative to the project's folder.
        files: String,
        /// One ASCII byte.
        delimiter: u8,
        /// Label of the WHATWG encoding standard, checked.
        encoding: String,
        /// Line of the header, from 1.
        header_row: u32,
    },
    /// One JSON object a line; columns are top-level keys or dotted paths.
    Ndjson {
        /// Path or glob relative to the project's folder.
        files: String,
    },
    /// Parquet.
    Parquet {
        /// Path or glob relative to the project's folder.
        files: String,
    },
}

/// How a row relates to those landed before.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Mode {
    /// Rows are final; one with a known key is a duplicate if equal, else quarantined.
    Append,
    /// A row with a known key and other content supersedes the former version.
    Upsert,
    /// Each file is the whole: like upsert, and keys that are absent end.
    Snapshot,
}

/// What to do with a local time that exists twice.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Ambiguous {
    /// The first of the two.
    Earlier,
    /// The second.
    Later,
    /// Neither: the row goes to quarantine.
    Quarantine,
}

/// What to do with a local time that does not exist.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum MissingLocal {
    /// Later by the length of the gap.
    ShiftForward,
    /// The row goes to quarantine.
    Quarantine,
}

/// The zone of a source's local times.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct SourceZone {
    /// IANA name.
    pub name: String,
    /// Rule for times that exist twice.
    pub ambiguous: Ambiguous,
    /// Rule for times that do not exist.
    pub missing: MissingLocal,
}

/// How one attribute gets its value.
#[derive(Debug, Clone)]
pub struct Mapping {
    /// The attribute.
    pub attribute: AttributeId,
    /// Its type in the model.
    pub type_: Type,
    /// Where the value comes from.
    pub from: MappingFrom,
    /// A row without a value goes to quarantine.
    pub required: bool,
}

/// Where a value comes from.
#[derive(Debug, Clone)]
pub enum MappingFrom {
    /// A column of the source.
    Column {
        /// Its header; compared after trimming spaces at both ends.
        column: String,
        /// How its text is read.
        parse: Parse,
        /// Texts that mean "no value" here, each with its reason: looked up first.
        missing: Vec<(String, String)>,
        /// Codes and the texts they stand for, applied to the whole cell; other texts stay as they are.
        replace: Vec<(String, String)>,
        /// Text put before the cell's, after `replace` and before it is read.
        prefix: String,
    },
    /// The file's name without its folder, a colon and the number of the row in it, from 1: a key for rows without
    /// one of their own.
    Position,
    /// The same value in every row.
    Constant(Literal),
    /// Computed from other mapped attributes.
    Expression(Expression),
}

/// How a text becomes a value. Surrounding spaces are trimmed first, except for [`Parse::Text`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Parse {
    /// As it is.
    Text,
    /// Decimal number into a scaled integer; also `integer` (scale 0) and money.
    Number {
        /// Decimal digits kept.
        scale: u8,
        /// `.` or `,`; the other one, spaces and apostrophes are refused unless they group thousands properly.
        decimal_mark: char,
        /// What happens to digits beyond the scale that are not zero.
        excess: Excess,
    },
    /// A number of units of time.
    Duration {
        /// Microseconds in one unit.
        unit_micros: i64,
        /// `.` or `,`.
        decimal_mark: char,
    },
    /// Texts for true and false, compared without regard to ASCII case.
    Boolean {
        /// True; default `true`, `yes`, `1`.
        yes: Vec<String>,
        /// False; default `false`, `no`, `0`.
        no: Vec<String>,
    },
    /// A calendar day in the source's zone.
    Date {
        /// strptime pattern; default ISO 8601.
        format: Option<String>,
    },
    /// A local time or an instant with offset.
    Timestamp {
        /// strptime pattern; default ISO 8601 / RFC 3339, also with a space for the `T`.
        format: Option<String>,
    },
    /// One of a closed list.
    Enum {
        /// Text in the source → member.
        values: Vec<(String, String)>,
        /// What other texts become.
        other: EnumElse,
    },
}

/// What happens to digits beyond the scale.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Excess {
    /// The row goes to quarantine.
    Quarantine,
    /// Rounded half to even.
    Round,
}

/// What an unlisted text becomes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum EnumElse {
    /// The row goes to quarantine.
    Quarantine,
    /// No value.
    Missing,
    /// This member.
    Value(String),
}

/// A validation rule.
#[derive(Debug, Clone)]
pub struct Rule {
    /// Name, unique within the source.
    pub id: RuleId,
    /// What must hold.
    pub require: Requirement,
    /// What happens if it does not.
    pub otherwise: Otherwise,
}

/// What a rule demands.
#[derive(Debug, Clone)]
pub enum Requirement {
    /// Of every row; unknown passes. May hold [`Node::Exists`](crate::expression::Node::Exists).
    Row(Expression),
    /// The attributes identify a row within everything landed and this load.
    Unique(Vec<AttributeId>),
    /// At least so many rows in a file.
    RowsAtLeast(u64),
    /// At least `share` of the median row count of the last `loads` files of this source.
    RowsAgainstHistory {
        /// Share such as 0.8.
        share: f64,
        /// How many earlier loads; with fewer than three there is no verdict.
        loads: u32,
    },
}

/// What happens when a rule is broken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Otherwise {
    /// Counted and shown; the row lands.
    Warn,
    /// The row goes to quarantine.
    Quarantine,
    /// The file is not landed at all.
    Stop,
}

/// The strategy.
#[derive(Debug, Clone)]
pub struct Strategy {
    /// Id.
    pub id: StrategyId,
    /// Mission.
    pub mission: String,
    /// Pillars in declared order.
    pub pillars: Vec<Pillar>,
    /// Themes in declared order.
    pub themes: Vec<Theme>,
    /// Long-term goals in declared order.
    pub goals: Vec<Goal>,
    /// Perspectives, top first.
    pub perspectives: Vec<Perspective>,
    /// Objectives in declared order.
    pub objectives: Vec<Objective>,
    /// Cause-and-effect links.
    pub links: Vec<CauseEffect>,
}

/// A pillar.
#[derive(Debug, Clone)]
pub struct Pillar {
    /// Id.
    pub id: PillarId,
    /// Shown name.
    pub name: String,
    /// Its themes.
    pub themes: Vec<ThemeId>,
}

/// A theme.
#[derive(Debug, Clone)]
pub struct Theme {
    /// Id.
    pub id: ThemeId,
    /// Shown name.
    pub name: String,
}

/// A long-term goal.
#[derive(Debug, Clone)]
pub struct Goal {
    /// Id.
    pub id: GoalId,
    /// Shown name.
    pub name: String,
    /// The KPI that tells whether it is reached.
    pub measured_by: Option<KpiId>,
}

/// A perspective.
#[derive(Debug, Clone)]
pub struct Perspective {
    /// Id.
    pub id: PerspectiveId,
    /// Shown name.
    pub name: String,
}

/// An objective.
#[derive(Debug, Clone)]
pub struct Objective {
    /// Id.
    pub id: ObjectiveId,
    /// Shown name.
    pub name: String,
    /// In plain words.
    pub description: Option<String>,
    /// The perspective it belongs to.
    pub perspective: PerspectiveId,
    /// Pillar it serves.
    pub pillar: Option<PillarId>,
    /// Theme it serves.
    pub theme: Option<ThemeId>,
    /// Who answers for it.
    pub owner: Option<PersonId>,
}

/// An expected effect of one objective on another.
#[derive(Debug, Clone)]
pub struct CauseEffect {
    /// Cause.
    pub from: ObjectiveId,
    /// Effect.
    pub to: ObjectiveId,
    /// Direction.
    pub sign: Sign,
    /// After how long: so many of a grain.
    pub lag: Option<(u32, Grain)>,
    /// Expected strength.
    pub strength: Option<Strength>,
    /// Why it is believed.
    pub why: Option<String>,
}

/// Direction of an effect.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Sign {
    /// More leads to more.
    Positive,
    /// More leads to less.
    Negative,
}

/// Expected strength of an effect.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Strength {
    /// Hardly to be seen.
    Weak,
    /// Plain.
    Moderate,
    /// Dominant.
    Strong,
}

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
    /// Segments, each on its own.
    pub by: Vec<Dimension>,
    /// Combinations of segments, by dimension.
    pub cross: Vec<Vec<DimensionId>>,
    /// Which version of referenced rows counts.
    pub as_of: AsOf,
    /// Row weight: a number expression of the base entity.
    pub weight: Option<Expression>,
    /// Fewer cases than this are not published.
    pub minimum_n: Option<u64>,
    /// Less coverage than this is not published; a share of 1.
    pub minimum_coverage: Option<f64>,
    /// Targets, sorted by unit (none first) and date.
    pub targets: Vec<Target>,
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
    /// What is taken for granted.
    pub assumptions: Vec<String>,
    /// Hash of what decides the value: measure, filters, weight, period, segments, as-of, gates, calendar.
    /// Not names, descriptions, people or targets.
    pub hash: Hash,
    /// The definition as written.
    pub text: String,
    /// Where it is defined.
    pub span: Span,
}

/// Whether a KPI runs ahead of the outcome or states it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Indicator {
    /// Moves before the outcome.
    Leading,
    /// States the outcome.
    Lagging,
}

/// Which direction is good.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Better {
    /// More is better.
    Higher,
    /// Less is better.
    Lower,
    /// Between two limits is best.
    InRange,
}

/// Which version of a referenced row counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AsOf {
    /// The one valid at the row's own time. The first version is valid from ever.
    Event,
    /// The one valid now, at the pinned snapshot.
    Now,
}

/// What segments are formed by.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Dimension {
    /// Id: the last part of the path unless named.
    pub id: DimensionId,
    /// The path from each base entity of the measure.
    pub paths: BTreeMap<EntityId, Path>,
}

/// Rows of one entity, filtered and dated.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Population {
    /// Base entity.
    pub of: EntityId,
    /// An instant or date of the row (or of a referenced one); decides the period.
    pub at: Path,
    /// Rows for which this is true count.
    pub filter: Option<Expression>,
}

/// How a KPI is computed.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Measure {
    /// Number of rows, a sum or a number of different values.
    Total(Part),
    /// Mean of an expression over the rows that have it.
    Mean {
        /// Rows.
        rows: Population,
        /// What is averaged.
        value: Expression,
    },
    /// Share of rows for which a condition holds, among those for which it is known.
    Share {
        /// Rows.
        rows: Population,
        /// The condition.
        which: Expression,
    },
    /// A quantile from a histogram.
    Quantile {
        /// Rows.
        rows: Population,
        /// What is ranked.
        value: Expression,
        /// In millionths: the median is 500 000.
        quantile: u32,
        /// The histogram.
        bins: Bins,
    },
    /// Net promoter score.
    Nps {
        /// Responses.
        rows: Population,
        /// 0..10; other answers are left out and counted.
        answer: Expression,
    },
    /// Rating on a scale: satisfaction or effort.
    Rating {
        /// Which preset it came from.
        kind: RatingKind,
        /// Responses.
        rows: Population,
        /// The answer; answers off the scale are left out and counted.
        answer: Expression,
        /// Lowest and highest answer.
        scale: (i64, i64),
        /// What is made of it.
        summary: RatingSummary,
    },
    /// Time between two instants.
    Duration {
        /// Rows.
        rows: Population,
        /// Start.
        from: Expression,
        /// End.
        until: Expression,
        /// What is made of it.
        summary: DurationSummary,
    },
    /// Two aggregates that meet on period and segment.
    Ratio {
        /// Above the line.
        numerator: Part,
        /// Below the line.
        denominator: Part,
        /// 1 for a ratio; a rate per 1000 has 1000.
        per: u64,
        /// What happens to segments present on one side only.
        unmatched: Unmatched,
    },
}

/// One additive aggregate.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Part {
    /// Rows.
    pub rows: Population,
    /// What is made of them.
    pub aggregate: Aggregate,
}

/// What a part makes of its rows.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Aggregate {
    /// Number of rows.
    Count,
    /// Sum of a numeric expression.
    Sum(Expression),
    /// Number of different values.
    Distinct(Expression),
}

/// Preset a rating came from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RatingKind {
    /// Customer satisfaction.
    Satisfaction,
    /// Customer effort.
    Effort,
}

/// What is made of ratings.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RatingSummary {
    /// Share of the highest so many answers.
    TopBox(u8),
    /// Mean answer.
    Mean,
}

/// What is made of durations.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DurationSummary {
    /// Mean of the rows that have both ends.
    Mean,
    /// Share within so many microseconds (inclusive) among rows with a start; an open end is late.
    Within(i64),
}

/// What happens to segments present on one side only.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Unmatched {
    /// Shown with the reason why there is no value, or as zero if only the numerator is absent.
    Show,
    /// Left out.
    Drop,
}

/// A histogram's bins: `edges[i] <= x < edges[i + 1]`, plus one bin below and one above.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Bins {
    /// Ascending edges in the stored integer of the value's type; at least two.
    pub edges: Vec<i64>,
    /// How to interpolate within a bin.
    pub spacing: Spacing,
}

/// Spacing of bins.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Spacing {
    /// Equal widths.
    Linear,
    /// Equal ratios.
    Logarithmic,
}

/// What a KPI's value is. Values are carried as `f64` in the unit named here.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ValueUnit {
    /// A number of things.
    Count,
    /// A plain number; so many decimals are worth showing.
    Number {
        /// Decimals worth showing.
        decimals: u8,
    },
    /// A share of 1, shown in per cent.
    Share,
    /// Points of −100..100.
    NetPromoter,
    /// A mean answer on a scale.
    Rating {
        /// Lowest answer.
        low: i64,
        /// Highest answer.
        high: i64,
    },
    /// Major units of a currency.
    Money {
        /// ISO 4217 code.
        currency: String,
    },
    /// Microseconds.
    Duration,
    /// So many per so many.
    Rate {
        /// The denominator: 100, 1000 …
        per: u64,
    },
}

/// A target, effective from a date until the next of the same scope.
#[derive(Debug, Clone, PartialEq)]
pub struct Target {
    /// First day it holds.
    pub from: Date,
    /// The unit it is for; none: for all.
    pub unit: Option<UnitId>,
    /// The lines.
    pub lines: TargetLines,
    /// What it rests on.
    pub basis: Option<Basis>,
    /// Where it is written.
    pub span: Span,
}

/// The lines of a target in the KPI's unit.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TargetLines {
    /// For `higher` and `lower`: floor, threshold, target and stretch, each better than the one before.
    OneSided {
        /// Score 0.
        floor: Option<f64>,
        /// Score 50.
        threshold: f64,
        /// Score 100.
        target: f64,
        /// Score 120.
        stretch: Option<f64>,
    },
    /// For `in_range`: the same on both sides, `(low, high)`; nested outwards from stretch to floor.
    InRange {
        /// Score 0.
        floor: Option<(f64, f64)>,
        /// Score 50.
        threshold: (f64, f64),
        /// Score 100.
        target: (f64, f64),
        /// Score 120.
        stretch: Option<(f64, f64)>,
    },
}

/// What a target rests on.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Basis {
    /// Kind of evidence.
    pub kind: BasisKind,
    /// The evidence.
    pub text: String,
}

/// Kind of evidence for a target.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum BasisKind {
    /// Own past.
    History,
    /// Others' figures.
    Benchmark,
    /// Research into what customers expect.
    Expectation,
    /// What the process can do.
    Capability,
    /// Agreement.
    Negotiated,
}

/// A scorecard.
#[derive(Debug, Clone)]
pub struct Scorecard {
    /// Id.
    pub id: ScorecardId,
    /// Shown name.
    pub name: String,
    /// The unit it is for.
    pub unit: Option<UnitId>,
    /// Its period.
    pub period: Grain,
    /// What a missing child does.
    pub missing: MissingRule,
    /// Less weight with a value than this, and the node has no score; a share of 1.
    pub minimum_coverage: f64,
    /// Perspectives, in the strategy's order.
    pub perspectives: Vec<ScorecardPerspective>,
    /// The same for units below.
    pub cascade: Option<Cascade>,
    /// Hash of what decides the score: period, rules, weights, targets of its KPIs.
    pub hash: Hash,
    /// Where it is defined.
    pub span: Span,
}

/// What a missing child does to its parent's score.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum MissingRule {
    /// Left out; coverage shows it.
    Ignore,
    /// No score.
    Block,
    /// Counts as the worst score, 0.
    WorstCase,
}

/// Exact weights: parts of 10 000 of their parent, siblings sum to 10 000.
pub type BasisPoints = u32;

/// A perspective in a scorecard.
#[derive(Debug, Clone)]
pub struct ScorecardPerspective {
    /// Id.
    pub id: PerspectiveId,
    /// Weight among siblings.
    pub weight: BasisPoints,
    /// Objectives.
    pub objectives: Vec<ScorecardObjective>,
}

/// An objective in a scorecard.
#[derive(Debug, Clone)]
pub struct ScorecardObjective {
    /// Id.
    pub id: ObjectiveId,
    /// Weight among siblings.
    pub weight: BasisPoints,
    /// KPIs and weights among siblings.
    pub kpis: Vec<(KpiId, BasisPoints)>,
}

/// The same scorecard for units below.
#[derive(Debug, Clone)]
pub struct Cascade {
    /// Level of units → dimension of the KPIs.
    pub levels: BTreeMap<LevelId, DimensionId>,
    /// How a unit's values come about.
    pub value: CascadeValue,
    /// Whose targets hold for a unit without its own.
    pub targets: CascadeTargets,
}

/// How a unit's score comes about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CascadeValue {
    /// From the states of its segment: the parent is the same KPI over all rows.
    Recompute,
    /// A unit with children scores the mean of their scores.
    AverageOfChildren,
}

/// Whose targets hold for a unit without its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CascadeTargets {
    /// The nearest unit above that has one, in the end the general one.
    Inherit,
    /// None: no target, no score.
    Own,
}
