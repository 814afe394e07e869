//! What a weighted value is finished from: its rows by what they are weighted by, and what they are to amount to. All of it
//! exact numbers, so that a value can be finished again to the bit.

use kepi_stats::survey::cells::{CellMoments, ClusterProducts};

use super::Member;

/// What a weighted value is finished from beside the states of its own rows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Weighting {
    /// Rows by cell.
    Cells(WeightedCells),
    /// A sum could not be computed exactly.
    OutOfRange {
        /// The largest magnitude that could not be ruled out, in decimal.
        bound: String,
    },
    /// The rows have too many different members to be told apart.
    TooMany,
}

/// The rows of a period by what they are weighted by.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct WeightedCells {
    /// By margin, in the order of the design: the members that occur or are wanted, sorted, and what each is to amount to, in
    /// millionths.
    pub margins: Vec<Vec<(Member, i128)>>,
    /// Cells in which anybody was asked, sorted by members, those outside first.
    pub cells: Vec<WeightedCell>,
    /// What clusters say of the spread, if there are any.
    pub clusters: Option<ClusterProducts>,
}

/// One cell.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WeightedCell {
    /// Its member of each margin, by position.
    pub members: Vec<u32>,
    /// Whether its rows are of the segment; those of others shape the weights.
    pub inside: bool,
    /// Rows that could have answered.
    pub asked: u64,
    /// Sums over its rows.
    pub moments: CellMoments,
}
