//! Measure plans: what an evaluator is asked for. A plan knows bucket edges, never a calendar or a time zone.

use std::sync::Arc;

use kepi_model::{
    expression::{Expression, Path},
    id::{DimensionId, EntityId, Hash},
    project::AsOf,
};
use serde::{Deserialize, Serialize};

/// One scan of one entity, dated by one attribute.
///
/// Meaning: take the current rows of `entity` (`_valid_to` missing), date each by `time`, find its bucket in `edges`
/// (rows before the first or from the last edge on are left out; rows without a time are counted as undated), form
/// its keys, and for every key set add up every state over the rows for which the state's filter is true.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ScanPlan {
    /// Base entity.
    pub entity: EntityId,
    /// The instant that dates a row.
    pub time: Path,
    /// Ascending bucket edges in µs UTC: bucket `i` is `[edges[i], edges[i + 1])`.
    pub edges: Arc<[i64]>,
    /// The calendar whose days they are of.
    pub calendar: Hash,
    /// Which version of a referenced row counts: the one valid at the row's `time`, or the current one.
    pub as_of: AsOf,
    /// Everything segments are formed by.
    pub keys: Vec<Key>,
    /// Combinations asked for, each a list of positions in `keys`, ascending; the empty one is the total.
    pub key_sets: Vec<Vec<usize>>,
    /// States, each different.
    pub states: Vec<StateSpec>,
}

impl ScanPlan {
    /// Leaves out the combinations that contain all of these keys, which are too many members to be told apart; false if
    /// there are none.
    pub fn leave_out(&mut self, keys: &[usize]) -> bool {
        let before = self.key_sets.len();
        self.key_sets.retain(|key_set| keys.is_empty() || !keys.iter().all(|key| key_set.contains(key)));
        self.key_sets.len() < before
    }
}

/// What a segment is formed by.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Key {
    /// The dimension.
    pub dimension: DimensionId,
    /// What says its member: text-like, integer-like or boolean; rendered as text by [`crate::state::Member`].
    pub of: Expression,
}

/// Identity of a state: the hash of entity, time, as-of, kind and filter.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct StateId(pub Hash);

/// One state.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct StateSpec {
    /// Identity.
    pub id: StateId,
    /// What is added up.
    pub kind: StateKind,
    /// Over the rows for which this is true; none: all rows.
    pub filter: Option<Expression>,
}

/// What is added up. Missing operands contribute nothing.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum StateKind {
    /// Rows.
    Count,
    /// Sum of an integer-like expression.
    Sum(Expression),
    /// Least value of an integer-like or instant expression.
    Minimum(Expression),
    /// Greatest value.
    Maximum(Expression),
    /// Counts of an integer-like expression by bin: below the first edge, between edges, from the last edge on.
    Histogram {
        /// What is counted.
        of: Expression,
        /// Ascending edges, at least one; there are `edges.len() + 1` bins.
        edges: Arc<[i64]>,
    },
    /// The set of different values of a text-like, integer-like or boolean expression, rendered as text; of several expressions
    /// that of their combinations, joined by [`JOINT`], of rows that have all of them.
    Distinct(Vec<Expression>),
}

/// What stands between the values of a combination.
pub const JOINT: char = '\u{1f}';

impl StateKind {
    /// The same of another expression, made of its own.
    pub(crate) fn map(&self, make: impl Fn(&Expression) -> Expression) -> Self {
        match self {
            Self::Count => Self::Count,
            Self::Sum(of) => Self::Sum(make(of)),
            Self::Minimum(of) => Self::Minimum(make(of)),
            Self::Maximum(of) => Self::Maximum(make(of)),
            Self::Histogram { of, edges } => Self::Histogram { of: make(of), edges: edges.clone() },
            Self::Distinct(of) => Self::Distinct(of.iter().map(make).collect()),
        }
    }
}
