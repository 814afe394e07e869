//! Which rows a value rests on: what it would be without each, and without all of a file, from the exact states of the others.
//!
//! States add up, so those of all rows but one are those of all less its own, and the value is finished from them as any other: for a ratio of sums
//! `(N − a) ⁄ (D − b)`. Nothing is approximated. Where states do not add up (different values) or rows are weighted to margins, there is no such
//! difference, and none is told.

use std::collections::{BTreeMap, HashMap};

use kepi_model::project::Kpi;

use super::trace::{Place, TracedTerm, ValueTrace};
use crate::{
    finish::finished_again,
    side::{Role, Term},
    state::wire::{CellStates, StateValue},
};

/// What a value rests on.
#[derive(Debug, Clone, PartialEq)]
pub struct Influence {
    /// By how much each row moves the value, in its unit: the value less that without the row. By term, in the order of its rows; none where there is
    /// no value without it, or no such difference.
    pub rows: Vec<Vec<Option<f64>>>,
    /// The same of all rows of a file together, by source and file.
    pub files: Vec<FileInfluence>,
}

/// What the rows of a file do together.
#[derive(Debug, Clone, PartialEq)]
pub struct FileInfluence {
    /// The source.
    pub source: String,
    /// The file.
    pub file: String,
    /// Its rows behind the value.
    pub rows: u64,
    /// By how much they move the value.
    pub moves: Option<f64>,
}

/// How many rows of a file there are, and what they add by term.
type OfFile = (u64, BTreeMap<Term, Vec<(Role, StateValue)>>);

impl Influence {
    /// Of a value, by the rows behind it and the states it was finished from; none if there is no value.
    #[must_use]
    pub fn of(trace: &ValueTrace, kpi: &Kpi, states: &CellStates, confidence: f64) -> Option<Self> {
        let point =
            |states: &CellStates| Some(finished_again(kpi, states, confidence).ok()?.estimate.ok()?.point);
        let value = point(states)?;
        let without = |all: &[(Term, &[(Role, StateValue)])]| {
            let rest = all.iter().try_fold(states.clone(), |rest, (term, adds)| rest.without(*term, adds))?;
            Some(value - point(&rest)?)
        };
        // Rows that add the same move it by the same.
        let of_term = |term: &TracedTerm| -> Vec<Option<f64>> {
            let mut known: HashMap<&[(Role, StateValue)], Option<f64>> = HashMap::new();
            let moves = |adds| *known.entry(adds).or_insert_with(|| without(&[(term.term, adds)]));
            term.rows.iter().map(|row| row.adds.as_slice()).map(moves).collect()
        };
        let rows = trace.terms.iter().map(of_term).collect();
        let mut files: BTreeMap<(&str, &str), OfFile> = BTreeMap::new();
        for term in &trace.terms {
            for row in &term.rows {
                let Some(Place { source, file, .. }) = &row.place else { continue };
                let (rows, sums) = files.entry((source, file)).or_default();
                *rows += 1;
                let sum = sums.entry(term.term).or_default();
                if sum.is_empty() {
                    sum.clone_from(&row.adds);
                } else {
                    sum.iter_mut().zip(&row.adds).for_each(|((_, sum), (_, more))| sum.add_value(more));
                }
            }
        }
        let files = files.into_iter().map(|((source, file), (rows, sums))| {
            let sums: Vec<(Term, &[(Role, StateValue)])> =
                sums.iter().map(|(term, adds)| (*term, adds.as_slice())).collect();
            FileInfluence { source: source.to_owned(), file: file.to_owned(), rows, moves: without(&sums) }
        });
        let files = files.collect();
        Some(Self { rows, files })
    }
}
