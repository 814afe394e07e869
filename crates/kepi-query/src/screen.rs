//! What is doubtful about answers: found of all rows in force at once, by what is declared of their entity. Pure, so that the same
//! rows and the same frozen cut-offs give the same.

use std::collections::{BTreeMap, BTreeSet};

use kepi_model::{
    expression::{Expression, Path},
    id::{AttributeId, EntityId},
    screening::{Fault, Screen, Then, found},
};
use kepi_stats::survey::careless::longest_run;
use serde::{Deserialize, Serialize};

use crate::{
    port::{MemoryTable, PinnedColumn, system},
    row::{Cell, Row, evaluate},
};

/// How fast is too fast, of one version of a questionnaire: taken once, of its first answers, and never moved.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct CutOff {
    /// µs; faster is flagged.
    pub micros: i64,
    /// The median that it was taken of, µs.
    pub median: i64,
    /// Of how many answers.
    pub answers: u64,
}

/// Cut-offs by version of the questionnaire; empty: those of answers that name none.
pub type CutOffs = BTreeMap<String, CutOff>;

/// What somebody said of a row that is flagged.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Said {
    /// It is what it looks like.
    Confirmed,
    /// It is in order.
    Dismissed,
}

/// What has become of a row that was flagged.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum State {
    /// It waits for somebody, and counts.
    Review,
    /// It does not count, as declared.
    Excluded,
    /// It counts, as declared.
    Counted,
    /// Somebody confirmed it: it does not count.
    Confirmed,
    /// Somebody dismissed it: it counts.
    Dismissed,
    /// It was flagged once, and is not any more.
    Clean,
}

impl State {
    /// All of them.
    pub const ALL: [Self; 6] =
        [Self::Review, Self::Excluded, Self::Counted, Self::Confirmed, Self::Dismissed, Self::Clean];

    /// Its word.
    pub fn word(self) -> &'static str {
        match self {
            Self::Review => "review",
            Self::Excluded => "excluded",
            Self::Counted => "counted",
            Self::Confirmed => "confirmed",
            Self::Dismissed => "dismissed",
            Self::Clean => "clean",
        }
    }

    /// The state of a word.
    pub fn of(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.word() == word)
    }

    /// Whether KPIs leave the row out.
    pub fn is_excluded(self) -> bool {
        matches!(self, Self::Excluded | Self::Confirmed)
    }
}

/// A row and what was found of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Found {
    /// Its key.
    pub key: String,
    /// What dates it, µs UTC.
    pub answered_at: Option<i64>,
    /// The version of the questionnaire.
    pub instrument: Option<String>,
    /// Which rules flag it, in their order.
    pub flags: Vec<bool>,
}

impl Found {
    /// What becomes of it, by the rules and by what somebody said.
    pub fn state(&self, screen: &Screen, said: Option<Said>) -> State {
        let mut then =
            screen.rules.iter().zip(&self.flags).filter(|(_, flag)| **flag).map(|(rule, _)| rule.then);
        match said {
            _ if !self.flags.contains(&true) => State::Clean,
            Some(Said::Confirmed) => State::Confirmed,
            Some(Said::Dismissed) => State::Dismissed,
            None if then.clone().any(|then| then == Then::Exclude) => State::Excluded,
            None if then.any(|then| then == Then::Review) => State::Review,
            None => State::Counted,
        }
    }
}

/// Rows of an entity in memory.
#[derive(Debug, Clone, Copy)]
pub struct Rows<'a> {
    /// Their columns.
    pub columns: &'a [PinnedColumn],
    /// Their values.
    pub table: &'a MemoryTable,
}

impl Rows<'_> {
    /// What stands in a column.
    pub fn cell(&self, column: &str, row: usize) -> Cell {
        let at = self.columns.iter().position(|known| known.name == column);
        at.and_then(|at| self.table.columns.get(at)).map_or(Cell::Missing, |values| values.cell(row))
    }

    /// The same as text; none: there is nothing, or it is none.
    pub fn text(&self, column: &str, row: usize) -> Option<String> {
        match self.cell(column, row) {
            Cell::Text(text) => Some(text.into()),
            Cell::Integer(n) => Some(n.to_string()),
            _ => None,
        }
    }

    /// The same as an instant, µs UTC.
    pub fn instant(&self, column: &str, row: usize) -> Option<i64> {
        match self.cell(column, row) {
            Cell::Instant(at) => Some(at),
            _ => None,
        }
    }

    /// Rows that are in force.
    pub fn current(&self) -> impl Iterator<Item = usize> {
        (0..self.table.rows).filter(|row| self.cell(system::VALID_TO, *row).is_missing())
    }
}

/// A row by its own attributes.
struct Own<'a>(Rows<'a>, usize);

impl Row for Own<'_> {
    fn attribute(&self, path: &Path) -> Cell {
        self.0.cell(path.attribute.as_str(), self.1)
    }
    fn exists(&self, _: &AttributeId, _: &EntityId) -> Option<bool> {
        None
    }
}

/// What is found of the rows in force, in the order of time and key; cut-offs that can be taken by now are frozen.
pub fn screen(screen: &Screen, rows: Rows<'_>, cut_offs: &mut CutOffs) -> Vec<Found> {
    let mut order: Vec<(Option<i64>, String, usize)> = rows
        .current()
        .filter_map(|row| {
            let key = rows.text(screen.key.as_str(), row)?;
            Some((rows.instant(screen.time.as_str(), row), key, row))
        })
        .collect();
    // What has no date comes last: it is the first answer to nothing.
    order.sort_by(|a, b| (a.0.is_none(), a.0, &a.1).cmp(&(b.0.is_none(), b.0, &b.1)));
    let instrument = |row| screen.instrument.as_ref().and_then(|of| rows.text(of.as_str(), row));
    let mut found: Vec<Found> = order
        .iter()
        .map(|(answered_at, key, row)| Found {
            key: key.clone(),
            answered_at: *answered_at,
            instrument: instrument(*row),
            flags: Vec::with_capacity(screen.rules.len()),
        })
        .collect();
    for rule in &screen.rules {
        let flags: Vec<bool> = match &rule.fault {
            Fault::StraightLining { items, run } => {
                order.iter().map(|(.., row)| same_answers(items, rows, *row) >= *run).collect()
            }
            Fault::Row(condition) => order.iter().map(|(.., row)| is_true(condition, rows, *row)).collect(),
            Fault::Duplicate { same, within } => repeated(same, *within, rows, &order),
            Fault::Speeding { took, below, after, at_least } => {
                let took: Vec<Option<i64>> = order.iter().map(|(.., row)| length(took, rows, *row)).collect();
                freeze(&found, &took, (*below, *after), cut_offs);
                let cut = |of: &Found| {
                    let frozen = cut_offs.get(of.instrument.as_deref().unwrap_or_default());
                    frozen.map(|cut| cut.micros).max(*at_least)
                };
                let is_fast = |(of, took): (&Found, &Option<i64>)| {
                    took.zip(cut(of)).is_some_and(|(took, cut)| took < cut)
                };
                found.iter().zip(&took).map(is_fast).collect()
            }
        };
        found.iter_mut().zip(flags).for_each(|(of, flag)| of.flags.push(flag));
    }
    found
}

fn is_true(condition: &Expression, rows: Rows<'_>, row: usize) -> bool {
    matches!(evaluate(condition, &Own(rows, row)), Ok(Cell::Boolean(true)))
}

/// A length of time; one that is negative says nothing.
fn length(took: &Expression, rows: Rows<'_>, row: usize) -> Option<i64> {
    match evaluate(took, &Own(rows, row)) {
        Ok(Cell::Integer(micros)) if micros >= 0 => Some(micros),
        _ => None,
    }
}

/// The most equal answers in a row; a question that was not answered ends a run.
fn same_answers(items: &[AttributeId], rows: Rows<'_>, row: usize) -> usize {
    let answers: Vec<Cell> = items.iter().map(|item| rows.cell(item.as_str(), row)).collect();
    answers.split(Cell::is_missing).map(longest_run).max().unwrap_or(0)
}

/// Which answers came after another one that has the same.
fn repeated(
    same: &[AttributeId],
    within: Option<i64>,
    rows: Rows<'_>,
    order: &[(Option<i64>, String, usize)],
) -> Vec<bool> {
    let mut before: BTreeMap<Vec<Cell>, Option<i64>> = BTreeMap::new();
    let again = |(at, _, row): &(Option<i64>, String, usize)| {
        let had: Vec<Cell> = same.iter().map(|of| rows.cell(of.as_str(), *row)).collect();
        if had.iter().any(Cell::is_missing) {
            return false;
        }
        let last = before.insert(had, *at);
        last.is_some_and(|last| match (within, last, *at) {
            (None, ..) => true,
            (Some(within), Some(last), Some(at)) => at.saturating_sub(last) <= within,
            (Some(_), ..) => false,
        })
    };
    order.iter().map(again).collect()
}

/// Takes the median of the first answers to each instrument that has enough of them and no cut-off yet.
fn freeze(found: &[Found], took: &[Option<i64>], (below, after): (i64, usize), cut_offs: &mut CutOffs) {
    let mut first: BTreeMap<&str, Vec<i64>> = BTreeMap::new();
    for (of, took) in found.iter().zip(took) {
        let instrument = of.instrument.as_deref().unwrap_or_default();
        if let Some(took) = took
            && !cut_offs.contains_key(instrument)
        {
            let first = first.entry(instrument).or_default();
            if first.len() < after {
                first.push(*took);
            }
        }
    }
    for (instrument, mut first) in first.into_iter().filter(|(_, first)| first.len() == after) {
        first.sort_unstable();
        let middle = first.len() / 2;
        let at = |place: usize| first.get(place).copied().unwrap_or_default();
        let median =
            if first.len() % 2 == 1 { at(middle) } else { i64::midpoint(at(middle - 1), at(middle)) };
        let micros = i64::try_from(i128::from(median) * i128::from(below) / 1_000_000).unwrap_or(i64::MAX);
        let cut = CutOff { micros, median, answers: first.len() as u64 };
        cut_offs.insert(instrument.to_owned(), cut);
    }
}

/// What is known of rows from before, by key: state and flags as they stand.
pub type Known = BTreeMap<String, (State, Vec<bool>)>;

/// Reads what stands of a screen.
pub fn known(screen: &Screen, rows: Rows<'_>) -> Known {
    let read = |row| {
        let state = State::of(&rows.text(found::STATE, row)?)?;
        let is = |rule: &str| rows.cell(rule, row) == Cell::Boolean(true);
        let flags = screen.rules.iter().map(|rule| is(rule.id.as_str())).collect();
        Some((rows.text(found::ID, row)?, (state, flags)))
    };
    rows.current().filter_map(read).collect()
}

/// When rows were answered of which anything is known, by key.
pub fn answered(rows: Rows<'_>) -> Vec<(String, i64)> {
    let read = |row| Some((rows.text(found::ID, row)?, rows.instant(found::ANSWERED_AT, row)?));
    rows.current().filter_map(read).collect()
}

/// What differs from what is known: rows that are new, and those that are flagged otherwise than before. Rows that are in order are among them: a
/// share of those that are flagged is one of all.
pub fn changed<'f>(
    screen: &Screen,
    found: &'f [Found],
    said: &dyn Fn(&str) -> Option<Said>,
    known: &Known,
) -> Vec<(&'f Found, State)> {
    let now = found.iter().filter_map(|of| {
        let state = of.state(screen, said(&of.key));
        match known.get(&of.key) {
            Some((before, flags)) if *before == state && *flags == of.flags => None,
            _ => Some((of, state)),
        }
    });
    now.collect()
}

/// How often each rule flags, and what became of the rows, by state.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Tally {
    /// Rows that are flagged.
    pub flagged: u64,
    /// By rule.
    pub rules: BTreeMap<String, u64>,
    /// By state.
    pub states: BTreeMap<State, u64>,
}

/// Counts what stands of a screen.
pub fn tally(screen: &Screen, known: &Known) -> Tally {
    let mut tally = Tally::default();
    for rule in &screen.rules {
        tally.rules.insert(rule.id.to_string(), 0);
    }
    for (state, flags) in known.values() {
        if *state != State::Clean {
            *tally.states.entry(*state).or_default() += 1;
        }
        tally.flagged += u64::from(*state != State::Clean);
        for (rule, _) in screen.rules.iter().zip(flags).filter(|(_, flag)| **flag) {
            *tally.rules.entry(rule.id.to_string()).or_default() += 1;
        }
    }
    tally
}

/// The columns that a screen reads of its entity's table, and those of what is found of it.
pub fn columns(screen: &Screen) -> (BTreeSet<String>, BTreeSet<String>) {
    let own = screen.reads().into_iter().map(ToString::to_string).chain([system::VALID_TO.to_owned()]);
    let found = found::ALL.into_iter().map(str::to_owned).chain([system::VALID_TO.to_owned()]);
    (own.collect(), found.chain(screen.rules.iter().map(|rule| rule.id.to_string())).collect())
}
