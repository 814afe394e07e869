//! What a measure kind asks for: sides, states by role, and what they are for. Kinds fill a [`Lowering`].

use kepi_model::{
    calendar::CalendarError,
    expression::{Expression, Node, Path, Type},
    id::{DimensionId, EntityId, Hash, KpiId},
    meaning::{expression_form, path_form},
    project::{AsOf, Disposition, Kpi, Population},
};
use serde_json::json;

use crate::plan::{Key, StateId, StateKind, StateSpec};

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
    /// The check lets no such KPI pass.
    #[error("there is no entity `{0}`")]
    NoEntity(EntityId),
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
    /// Σx, or the set of different values, or of different combinations.
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
    /// Invitations of one disposition.
    Disposition(Disposition),
    /// Σx of one of several answers.
    Answer(u8),
    /// Rows that are in numerator or denominator.
    Joint,
    /// Σxy over rows that are in both; of several answers the sum of the squares of their sums.
    Products,
}

/// Which term of a measure a state belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Term {
    /// The only one, or the one above the line.
    First,
    /// The one below the line.
    Second,
}

/// States of one population.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Side {
    /// Which term.
    pub term: Term,
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
        let filter = all_of(self.filter.iter().chain(and.iter().copied()));
        self.state_where(role, kind, filter);
    }

    /// Takes only rows for which all these conditions hold into states of some roles.
    pub(crate) fn narrow(&mut self, and: &[Expression], of: impl Fn(Role) -> bool) {
        for (_, state) in self.states.iter_mut().filter(|(role, _)| of(*role)) {
            state.filter = all_of(state.filter.iter().chain(and));
        }
        self.identify();
    }

    /// Asks for a state over the rows of the entity for which `filter` holds.
    pub fn state_where(&mut self, role: Role, kind: StateKind, filter: Option<Expression>) {
        let id = state_id(&self.entity, &self.time, self.as_of, &kind, filter.as_ref());
        self.states.push((role, StateSpec { id, kind, filter }));
    }

    /// Gives its states their identities anew, after what they read was changed.
    pub(crate) fn identify(&mut self) {
        for (_, state) in &mut self.states {
            state.id = state_id(&self.entity, &self.time, self.as_of, &state.kind, state.filter.as_ref());
        }
    }

    /// Whether two sides are read by one scan.
    pub fn same_scan(&self, other: &Self) -> bool {
        (&self.entity, &self.time, self.as_of) == (&other.entity, &other.time, other.as_of)
    }
}

/// All of some conditions as one; none of none.
fn all_of<'a>(conditions: impl Iterator<Item = &'a Expression>) -> Option<Expression> {
    let mut all: Vec<Expression> = Vec::new();
    for condition in conditions {
        match &condition.node {
            Node::And(inner) => all.extend(inner.iter().cloned()),
            _ => all.push(condition.clone()),
        }
    }
    match all.len() {
        0 | 1 => all.pop(),
        _ => Some(Expression { type_: Type::Boolean, node: Node::And(all) }),
    }
}

/// Identity of a state: the hash of all that decides it, in a form that is written out here and never changes.
pub fn state_id(
    entity: &EntityId,
    time: &Path,
    as_of: AsOf,
    kind: &StateKind,
    filter: Option<&Expression>,
) -> StateId {
    let of = |word: &str, of: &Expression| json!([word, expression_form(of)]);
    let kind = match kind {
        StateKind::Count => json!(["count"]),
        StateKind::Sum(value) => of("sum", value),
        StateKind::Minimum(value) => of("minimum", value),
        StateKind::Maximum(value) => of("maximum", value),
        StateKind::Histogram { of, edges } => json!(["histogram", expression_form(of), edges.as_ref()]),
        StateKind::Distinct(values) => match values.as_slice() {
            [value] => of("distinct", value),
            several => json!(["distinct", several.iter().map(expression_form).collect::<Vec<_>>()]),
        },
    };
    let form = json!([entity, path_form(time), as_of, kind, filter.map(expression_form)]);
    StateId(Hash::of(format!("kepi state v1\n{form}").as_bytes()))
}

/// Collects the sides of a KPI; measure kinds fill it.
pub struct Lowering<'a> {
    kpi: &'a Kpi,
    sides: Vec<Side>,
}

impl<'a> Lowering<'a> {
    /// Nothing asked for so far.
    pub fn new(kpi: &'a Kpi) -> Self {
        Self { kpi, sides: Vec::new() }
    }

    /// What was asked for.
    pub fn into_sides(self) -> Vec<Side> {
        self.sides
    }

    /// Starts a side; states are asked for on what is returned.
    pub fn side(&mut self, term: Term, rows: &Population) -> Result<&mut Side, LowerError> {
        let keys = self
            .kpi
            .by
            .iter()
            .chain(
                self.kpi.hidden_dimensions().filter(|hidden| self.kpi.by.iter().all(|d| d.id != hidden.id)),
            )
            .map(|dimension| {
                let of = dimension.ways.get(&rows.of).ok_or_else(|| LowerError::NoPath {
                    kpi: self.kpi.id.clone(),
                    entity: rows.of.clone(),
                    dimension: dimension.id.clone(),
                })?;
                Ok(Key { dimension: dimension.id.clone(), of: of.clone() })
            })
            .collect::<Result<_, LowerError>>()?;
        self.sides.push(Side {
            term,
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
