//! Which rows a value rests on: what it would be without each, and without all of a file, from the exact states of the others.
//!
//! States add up, so those of all rows but one are those of all less its own, and the value is finished from them as any other: for a ratio of sums
//! `(N − a) ⁄ (D − b)`, of a row that stands above and below the line as of one that stands on one side. Nothing is approximated. Where states do not add up (different values) or rows are weighted to margins, there is no such
//! difference, and none is told.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use kepi_model::{id::EntityId, project::Kpi};

use super::trace::{Entered, Place, TracedRow, TracedTerm, ValueTrace};
use crate::{
    finish::finished_again,
    row::Cell,
    side::{Role, Term},
    state::wire::{CellStates, StateValue},
};

/// What a value rests on.
#[derive(Debug, Clone, PartialEq)]
pub struct Influence {
    /// By how much each row moves the value, in its unit: the value less that without the row. By term, in the order of its rows; none where there is
    /// no value without it, or no such difference.
    pub rows: Vec<Vec<Option<f64>>>,
    /// Whether the row stands in an earlier term, too, in the same order.
    pub again: Vec<Vec<bool>>,
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

/// What a row adds to the states of a term.
type Adds<'a> = &'a [(Role, StateValue)];

/// What tells a row from others, in whichever term it stands: where it was landed, and its key.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Identity<'a> {
    entity: &'a EntityId,
    place: Option<(&'a str, &'a str, i64)>,
    key: Vec<Option<&'a Cell>>,
}

/// None of a row that was made and whose key is personal: nothing tells it from others.
fn identity<'a>(term: &'a TracedTerm, row: &'a TracedRow) -> Option<Identity<'a>> {
    let place = row.place.as_ref().map(|of| (of.source.as_str(), of.file.as_str(), of.row));
    let key: Vec<Option<&Cell>> = row.key.iter().map(|part| part.value.as_ref()).collect();
    (place.is_some() || key.iter().all(Option::is_some)).then_some(Identity {
        entity: &term.entity,
        place,
        key,
    })
}

/// What each row adds, in all terms.
struct Rows<'a> {
    by_row: BTreeMap<Identity<'a>, Vec<(Term, Adds<'a>)>>,
    /// Whether terms look at the rows of one entity.
    shared: bool,
}

impl<'a> Rows<'a> {
    fn of(trace: &'a ValueTrace) -> Self {
        let mut by_row: BTreeMap<Identity<'a>, Vec<(Term, Adds<'a>)>> = BTreeMap::new();
        for term in &trace.terms {
            for row in &term.rows {
                if let Some(identity) = identity(term, row) {
                    by_row.entry(identity).or_default().push((term.term, row.adds.as_slice()));
                }
            }
        }
        let entities: BTreeSet<&EntityId> = trace.terms.iter().map(|term| &term.entity).collect();
        Self { by_row, shared: entities.len() < trace.terms.len() }
    }

    /// What a row adds to the states of each term that it stands in; none where it cannot be told which rows are the same one.
    fn adds(&self, term: &'a TracedTerm, row: &'a TracedRow) -> Option<Vec<(Term, Adds<'a>)>> {
        if !self.shared {
            return Some(vec![(term.term, row.adds.as_slice())]);
        }
        let found = self.by_row.get(&identity(term, row)?)?;
        let once =
            |(term, _): &(Term, Adds<'_>)| found.iter().filter(|(other, _)| other == term).count() == 1;
        found.iter().all(once).then(|| found.clone())
    }
}

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
        let rows_of = Rows::of(trace);
        // Rows that add the same move it by the same.
        let mut known: HashMap<Vec<(Term, Adds<'_>)>, Option<f64>> = HashMap::new();
        let mut rows: Vec<Vec<Option<f64>>> = Vec::new();
        for term in &trace.terms {
            let mut moves = |row| {
                let adds = rows_of.adds(term, row)?;
                *known.entry(adds).or_insert_with_key(|adds| without(adds))
            };
            rows.push(term.rows.iter().map(&mut moves).collect());
        }
        let mut seen = BTreeSet::new();
        let mut again: Vec<Vec<bool>> = Vec::new();
        for term in &trace.terms {
            let here: Vec<Option<Identity<'_>>> = term.rows.iter().map(|row| identity(term, row)).collect();
            again.push(here.iter().map(|row| row.as_ref().is_some_and(|row| seen.contains(row))).collect());
            seen.extend(here.into_iter().flatten());
        }
        let mut files: BTreeMap<(&str, &str), OfFile> = BTreeMap::new();
        for (term, again) in trace.terms.iter().zip(&again) {
            for (row, again) in term.rows.iter().zip(again) {
                let Some(Place { source, file, .. }) = &row.place else { continue };
                let (rows, sums) = files.entry((source, file)).or_default();
                // Of a file with rows of other series only those are behind the value that entered it.
                *rows += u64::from(!*again && row.entered == Entered::Counted);
                let sum = sums.entry(term.term).or_default();
                if sum.is_empty() {
                    sum.clone_from(&row.adds);
                } else {
                    sum.iter_mut().zip(&row.adds).for_each(|((_, sum), (_, more))| sum.add_value(more));
                }
            }
        }
        let files =
            files.into_iter().filter(|(_, (rows, _))| *rows > 0).map(|((source, file), (rows, sums))| {
                let sums: Vec<(Term, &[(Role, StateValue)])> =
                    sums.iter().map(|(term, adds)| (*term, adds.as_slice())).collect();
                FileInfluence {
                    source: source.to_owned(),
                    file: file.to_owned(),
                    rows,
                    moves: without(&sums),
                }
            });
        let files = files.collect();
        Some(Self { rows, again, files })
    }
}
