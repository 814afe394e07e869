//! Secondary suppression: what else must be hidden so that sums do not give a cell away, and the audit of it.
#![expect(clippy::indexing_slicing, reason = "cells in sums are checked against the number of cells")]

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use crate::estimate::NotComputable;
use crate::optimise::{LinearProgramme, OptimiseError};

/// Cells with the sums that are published about them.
#[derive(Debug, Clone, PartialEq)]
pub struct Additive {
    cells: Vec<f64>,
    /// What is known of them together: cells with factors, which come to what these cells come to.
    known: Vec<Vec<(usize, f64)>>,
}

/// The range an onlooker can work out for a hidden cell.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Range {
    /// Least value consistent with everything published.
    pub low: f64,
    /// Greatest such value; infinite when nothing bounds it.
    pub high: f64,
}

/// How far the range must reach around a hidden cell's value.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Protection {
    /// Downwards, in the unit of the cells; a range that reaches zero is enough.
    pub below: f64,
    /// Upwards.
    pub above: f64,
}

/// A pattern of hidden cells.
#[derive(Debug, Clone, PartialEq)]
pub struct Pattern {
    /// Cells hidden besides the primary ones, ascending.
    pub secondary: Vec<usize>,
    /// Sum of their values: what the pattern costs.
    pub cost: f64,
    /// Ranges of the primary cells, in the order given.
    pub ranges: Vec<Range>,
    /// Whether no cheaper pattern exists; otherwise the search was cut and the pattern is merely sound.
    pub cheapest: bool,
}

impl Additive {
    /// Cells that are not negative, and for each published sum the cells it adds up.
    ///
    /// Release successive tables, filters and totals as one structure: what protects each alone need not protect them together.
    ///
    /// # Errors
    /// `Invalid` for negative cells or sums over cells that are not there; `NotFinite`.
    pub fn new(cells: Vec<f64>, sums: Vec<Vec<usize>>) -> Result<Self, NotComputable> {
        NotComputable::unless_enough(cells.len(), 1)?;
        NotComputable::unless_finite("a cell", &cells)?;
        if cells.iter().any(|c| *c < 0.0) {
            return Err(NotComputable::invalid("a cell is negative"));
        }
        if sums.iter().flatten().any(|i| *i >= cells.len()) {
            return Err(NotComputable::invalid("a sum adds a cell that is not there"));
        }
        let of_one = |sum: Vec<usize>| sum.into_iter().map(|cell| (cell, 1.0)).collect();
        Ok(Self { cells, known: sums.into_iter().map(of_one).collect() })
    }

    /// Cells of which some are sums of others, as a total is of its segments, and may be hidden like them. Each relation says of a cell which
    /// ones it is made of; what it is beyond them counts as known.
    ///
    /// # Errors
    /// As [`Additive::new`].
    pub fn nested(cells: Vec<f64>, relations: Vec<(usize, Vec<usize>)>) -> Result<Self, NotComputable> {
        let named = relations.iter().map(|(whole, parts)| [&[*whole], parts.as_slice()].concat()).collect();
        let mut made = Self::new(cells, named)?;
        for (known, (whole, _)) in made.known.iter_mut().zip(&relations) {
            known.iter_mut().filter(|(cell, _)| cell == whole).for_each(|(_, factor)| *factor = -1.0);
        }
        Ok(made)
    }

    /// A table of rows and columns with both margins published; cell (i, j) has number `i · columns + j`.
    ///
    /// # Errors
    /// As [`Additive::new`]; `Invalid` for ragged rows.
    pub fn table(rows: &[Vec<f64>]) -> Result<Self, NotComputable> {
        let columns = rows.first().map_or(0, Vec::len);
        if rows.iter().any(|r| r.len() != columns) {
            return Err(NotComputable::invalid("the rows of a table differ in length"));
        }
        let across = (0..rows.len()).map(|i| (0..columns).map(|j| i * columns + j).collect());
        let down = (0..columns).map(|j| (0..rows.len()).map(|i| i * columns + j).collect());
        Self::new(rows.concat(), across.chain(down).collect())
    }

    /// The range of a hidden cell given all other cells and sums, by two linear programmes.
    ///
    /// # Errors
    /// `Invalid` when the cell is not hidden; `NoConvergence`.
    pub fn audit(&self, hidden: &[usize], cell: usize) -> Result<Range, NotComputable> {
        let Some(position) = hidden.iter().position(|h| *h == cell) else {
            return Err(NotComputable::invalid("the cell is not hidden"));
        };
        let mut programme = LinearProgramme::new(hidden.len());
        for known in &self.known {
            let mut coefficients = vec![0.0; hidden.len()];
            let mut rest = 0.0;
            for &(i, factor) in known {
                if let Some(at) = hidden.iter().position(|h| *h == i) {
                    coefficients[at] += factor;
                    rest += factor * self.cells[i];
                }
            }
            if coefficients.iter().any(|c| *c != 0.0) {
                programme.equal(&coefficients, rest)?;
            }
        }
        let mut objective = vec![0.0; hidden.len()];
        objective[position] = 1.0;
        let low = programme.minimise(&objective)?.value;
        let high = match programme.maximise(&objective) {
            Ok(optimum) => optimum.value,
            Err(OptimiseError::Unbounded) => f64::INFINITY,
            Err(error) => return Err(error.into()),
        };
        Ok(Range { low, high })
    }

    /// The ranges of all primary cells if they are protected, else `None`.
    fn protected(
        &self,
        hidden: &[usize],
        primary: &[usize],
        protection: Protection,
    ) -> Result<Option<Vec<Range>>, NotComputable> {
        let mut ranges = Vec::with_capacity(primary.len());
        for &cell in primary {
            let value = self.cells[cell];
            let range = self.audit(hidden, cell)?;
            let slack = 1e-7 * (1.0 + value);
            if range.low > (value - protection.below).max(0.0) + slack
                || range.high < value + protection.above - slack
            {
                return Ok(None);
            }
            ranges.push(range);
        }
        Ok(Some(ranges))
    }

    /// Further cells to hide so that no primary cell can be worked out within its protection and no other hidden one to the unit: grown from what
    /// the primary ones need, the cheapest cell first, until the audit finds every range wide enough. Sound, and not always the
    /// cheapest; for tables too large to search. Empty cells hide nothing and are never hidden.
    ///
    /// # Errors
    /// `NoConvergence`; `Invalid` for a cell that is not there.
    pub fn grow(&self, primary: &[usize], protection: Protection) -> Result<Vec<usize>, NotComputable> {
        let mut hidden: Vec<usize> = primary.to_vec();
        let shown = |hidden: &[usize], i: usize| !hidden.contains(&i) && self.cells[i] > 0.0;
        let cheapest = |hidden: &[usize], beside: Option<usize>| {
            let near = self
                .known
                .iter()
                .filter(|known| beside.is_none_or(|cell| known.iter().any(|(i, _)| *i == cell)));
            let cells = near.flatten().map(|(i, _)| *i).filter(|i| shown(hidden, *i));
            cells.min_by(|a, b| self.cells[*a].total_cmp(&self.cells[*b]).then(a.cmp(b)))
        };
        loop {
            // What stands alone in a relation is what the others leave.
            let alone = self.known.iter().find_map(|known| {
                let mut of = known.iter().map(|(i, _)| *i).filter(|i| hidden.contains(i));
                let one = of.next().filter(|_| of.next().is_none())?;
                let others = known.iter().map(|(i, _)| *i).filter(|i| *i != one && shown(&hidden, *i));
                others.min_by(|a, b| self.cells[*a].total_cmp(&self.cells[*b]).then(a.cmp(b)))
            });
            if let Some(next) = alone {
                hidden.push(next);
                continue;
            }
            let mut exposed = None;
            for &cell in &hidden {
                let (value, range) = (self.cells[cell], self.audit(&hidden, cell)?);
                let slack = 1e-7 * (1.0 + value);
                let protected = match primary.contains(&cell) {
                    true => {
                        range.low <= (value - protection.below).max(0.0) + slack
                            && range.high >= value + protection.above - slack
                    }
                    false => range.high - range.low >= 1.0 - slack,
                };
                if !protected {
                    exposed = Some(cell);
                    break;
                }
            }
            let Some(exposed) = exposed else { break };
            let Some(next) = cheapest(&hidden, Some(exposed)).or_else(|| cheapest(&hidden, None)) else {
                break;
            };
            hidden.push(next);
        }
        Ok(ascending(hidden.into_iter().filter(|cell| !primary.contains(cell)).collect()))
    }

    /// The cheapest set of further cells to hide so that no primary cell can be worked out within its protection.
    ///
    /// Sets are tried from the cheapest on, so the first sound one is optimal (checked against a brute force over all
    /// sets). After `budget` audits the search turns greedy: everything is hidden, then cells are shown
    /// again from the dearest on as long as protection holds. Each audit is two linear programmes per primary cell.
    /// Source: Fischetti and Salazar (2001) for the problem.
    ///
    /// # Errors
    /// `Unsupported` when even hiding everything does not protect; `Invalid`, `NoConvergence`.
    pub fn suppress(
        &self,
        primary: &[usize],
        protection: Protection,
        budget: usize,
    ) -> Result<Pattern, NotComputable> {
        if primary.is_empty() || primary.iter().any(|p| *p >= self.cells.len()) {
            return Err(NotComputable::invalid("no primary cell, or one that is not there"));
        }
        let mut others: Vec<usize> = (0..self.cells.len()).filter(|i| !primary.contains(i)).collect();
        others.sort_by(|&a, &b| self.cells[a].total_cmp(&self.cells[b]).then(a.cmp(&b)));
        let with = |chosen: &[usize]| -> Vec<usize> { primary.iter().chain(chosen).copied().collect() };
        if self.protected(&with(&others), primary, protection)?.is_none() {
            return Err(NotComputable::Unsupported(
                "even hiding every cell does not protect the primary ones".to_owned(),
            ));
        }
        // Subsets in order of cost: each is grown by the next dearer cell, or has its dearest replaced by it.
        let mut queue = BinaryHeap::new();
        let mut audits = 0;
        let mut current = Some((0.0, Vec::<usize>::new()));
        while let Some((cost, positions)) = current.take() {
            let chosen: Vec<usize> = positions.iter().map(|&p| others[p]).collect();
            audits += 1;
            if let Some(ranges) = self.protected(&with(&chosen), primary, protection)? {
                return Ok(Pattern { secondary: ascending(chosen), cost, ranges, cheapest: true });
            }
            if audits >= budget {
                break;
            }
            let next = positions.last().map_or(0, |p| p + 1);
            if next < others.len() {
                let mut grown = positions.clone();
                grown.push(next);
                queue.push(Reverse(Candidate { cost: cost + self.cells[others[next]], positions: grown }));
                if let Some(&last) = positions.last() {
                    let mut replaced = positions;
                    replaced.pop();
                    replaced.push(next);
                    let cost = cost - self.cells[others[last]] + self.cells[others[next]];
                    queue.push(Reverse(Candidate { cost, positions: replaced }));
                }
            }
            current = queue.pop().map(|Reverse(c)| (c.cost, c.positions));
        }
        let mut chosen = others;
        let mut index = chosen.len();
        while index > 0 {
            index -= 1;
            let mut fewer = chosen.clone();
            fewer.remove(index);
            if self.protected(&with(&fewer), primary, protection)?.is_some() {
                chosen = fewer;
            }
        }
        let ranges = self.protected(&with(&chosen), primary, protection)?.ok_or(NotComputable::NoRows)?;
        let cost = chosen.iter().map(|&i| self.cells[i]).sum();
        Ok(Pattern { secondary: ascending(chosen), cost, ranges, cheapest: false })
    }
}

fn ascending(mut cells: Vec<usize>) -> Vec<usize> {
    cells.sort_unstable();
    cells
}

/// A set of cells by position in the order of cost.
#[derive(Debug, Clone, PartialEq)]
struct Candidate {
    cost: f64,
    positions: Vec<usize>,
}

impl Eq for Candidate {}

impl PartialOrd for Candidate {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Candidate {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.cost
            .total_cmp(&other.cost)
            .then(self.positions.len().cmp(&other.positions.len()))
            .then_with(|| self.positions.cmp(&other.positions))
    }
}
