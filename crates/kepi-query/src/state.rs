//! States: exact partial aggregates that merge in any order to the same bits.

use std::cmp::Ordering;

use kepi_model::id::DimensionId;
use serde::{Deserialize, Serialize};

use crate::plan::StateId;

pub mod weighting;
pub mod wire;

/// A member of a dimension. Integers render in decimal, booleans as `true` and `false`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Member {
    /// A known member.
    Value(Box<str>),
    /// The row has none, or the row it refers to is not there.
    Unknown,
}

impl Member {
    /// The order for people: numbers by their size, also within texts, letters whatever their case, the unknown one last.
    /// Members that differ are never equal.
    pub fn natural(&self, other: &Self) -> Ordering {
        match (self, other) {
            (Self::Value(a), Self::Value(b)) => natural(a, b).then_with(|| a.cmp(b)),
            _ => self.cmp(other),
        }
    }
}

/// `Category 2` before `Category 13`, `-3` before `1`.
fn natural(a: &str, b: &str) -> Ordering {
    if let (Ok(a), Ok(b)) = (a.parse::<i64>(), b.parse::<i64>()) {
        return a.cmp(&b);
    }
    let (mut a, mut b) = (a, b);
    loop {
        let (Some(first), Some(second)) = (a.chars().next(), b.chars().next()) else {
            return a.len().cmp(&b.len());
        };
        if first.is_ascii_digit() && second.is_ascii_digit() {
            let ((x, rest), (y, others)) = (number(a), number(b));
            // Without leading zeros the longer one is larger.
            let order = x.len().cmp(&y.len()).then_with(|| x.cmp(y));
            if order.is_ne() {
                return order;
            }
            (a, b) = (rest, others);
        } else {
            let order = first.to_lowercase().cmp(second.to_lowercase());
            if order.is_ne() {
                return order;
            }
            (a, b) = (a.split_at(first.len_utf8()).1, b.split_at(second.len_utf8()).1);
        }
    }
}

/// The digits that a text begins with, without leading zeros, and what follows.
fn number(text: &str) -> (&str, &str) {
    let end = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
    let (digits, rest) = text.split_at(end);
    (digits.trim_start_matches('0'), rest)
}

/// What an evaluator returns for a plan: one table per key set, in order.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Measured {
    /// States by key set.
    pub tables: Vec<StateTable>,
    /// Current rows that have no time and so are in no bucket.
    pub undated: u64,
}

/// States by bucket and keys. Canonical: sorted by bucket, then by members; a cell exists where at least one row fell
/// into bucket and keys, whatever the filters said.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StateTable {
    /// Bucket of each cell.
    pub buckets: Vec<u32>,
    /// One column a key of the set.
    pub keys: Vec<KeyColumn>,
    /// One column a state, in the plan's order; each as long as `buckets`.
    pub states: Vec<(StateId, StateColumn)>,
}

/// Members of one dimension, by dictionary.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct KeyColumn {
    /// The dimension.
    pub dimension: DimensionId,
    /// Different members that occur, sorted.
    pub members: Vec<Member>,
    /// Position in `members` of each cell.
    pub codes: Vec<u32>,
}

/// Values of one state.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum StateColumn {
    /// Of [`StateKind::Count`](crate::plan::StateKind::Count).
    Count(Vec<u64>),
    /// Of [`StateKind::Sum`](crate::plan::StateKind::Sum): exact.
    Sum(Vec<i128>),
    /// Of a minimum or maximum; none where no row had a value.
    Extreme(Vec<Option<i64>>),
    /// Of a histogram: `bins` counts a cell, cell after cell.
    Histogram {
        /// Bins a cell.
        bins: u32,
        /// Counts.
        counts: Vec<u64>,
    },
    /// Of distinct values: cell `i` holds `codes[offsets[i]..offsets[i + 1]]`, ascending positions in `values`.
    Distinct {
        /// Different values that occur, sorted by bytes.
        values: Vec<Box<str>>,
        /// One more than there are cells.
        offsets: Vec<u32>,
        /// Positions.
        codes: Vec<u32>,
    },
    /// The state could not be computed exactly: some intermediate may exceed what the evaluator can hold.
    OutOfRange {
        /// The largest magnitude that could not be ruled out, in decimal.
        bound: String,
    },
}
