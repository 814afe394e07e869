//! What a run adds: rows that say something else than before, and figures that are withdrawn.

use std::{cmp::Ordering, collections::BTreeSet};

use super::{
    Vouched,
    figure::push_withdrawn,
    table::{Cell, Table, TableBuilder},
};

/// Why a figure is no longer computed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Withdrawn {
    /// The KPI is not there any more, or is not computed at this grain.
    KpiGone,
    /// Its definition, or the calendar, is another.
    DefinitionChanged,
    /// A source that feeds it is read in another way.
    SourceChanged,
    /// No row belongs to the segment any more, in any period.
    SegmentGone,
    /// The rows it was computed from are gone from this period and segment.
    RowsGone,
}

impl Withdrawn {
    const ALL: [Self; 5] =
        [Self::KpiGone, Self::DefinitionChanged, Self::SourceChanged, Self::SegmentGone, Self::RowsGone];

    /// As stored.
    pub fn code(self) -> &'static str {
        match self {
            Self::KpiGone => "kpi_gone",
            Self::DefinitionChanged => "definition_changed",
            Self::SourceChanged => "source_changed",
            Self::SegmentGone => "segment_gone",
            Self::RowsGone => "rows_gone",
        }
    }
    /// What [`Self::code`] stands for.
    pub fn from_code(code: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|why| why.code() == code)
    }
    /// In words, after "withdrawn:".
    pub fn words(self) -> &'static str {
        match self {
            Self::KpiGone => "the KPI is not computed any more",
            Self::DefinitionChanged => "the definition is another",
            Self::SourceChanged => "a source is read in another way",
            Self::SegmentGone => "no row belongs to the segment any more",
            Self::RowsGone => "its rows are gone",
        }
    }
}

/// How the figures of a run stand to those before.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Counts {
    /// Published for the first time.
    pub first: u64,
    /// Say something else than before.
    pub restated: u64,
    /// Of them, those that said the other as final: what readers are shown as restated.
    pub of_final: u64,
    /// Say the same: vouched for, not written again.
    pub unchanged: u64,
    /// No longer computed.
    pub withdrawn: u64,
}

impl Counts {
    /// Figures that the run computed.
    pub fn computed(self) -> u64 {
        self.first + self.restated + self.unchanged
    }
}

impl std::ops::Add for Counts {
    type Output = Self;
    fn add(self, other: Self) -> Self {
        Self {
            first: self.first + other.first,
            restated: self.restated + other.restated,
            of_final: self.of_final + other.of_final,
            unchanged: self.unchanged + other.unchanged,
            withdrawn: self.withdrawn + other.withdrawn,
        }
    }
}

/// A figure of all rows that says something else than before, or is withdrawn.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Changed {
    /// KPI or scorecard.
    pub subject: String,
    /// Grain in the spelling of YAML.
    pub grain: String,
    /// First day of the period, in days since 1970-01-01.
    pub period: i32,
}

/// The rows that a run adds.
#[derive(Debug, Clone)]
pub struct Changes {
    /// Sorted by key.
    pub rows: Table,
    /// How many there are of which.
    pub counts: Counts,
    /// What changed, segments apart.
    pub changed: Vec<Changed>,
}

/// What a run means for the figures of a subject and grain of which it says nothing: none, they stay as they are;
/// else why they are withdrawn, where nothing nearer is known.
pub type Cause = Option<Withdrawn>;

/// Says of a subject and grain what `run` means for figures that it does not compute: `now` is what it vouches for,
/// `before` what the runs before it did, in the same calendar or in another.
pub fn causes<'a>(
    now: &'a [Vouched],
    before: &'a [Vouched],
    same_calendar: bool,
) -> impl Fn(&str, &str) -> Cause + 'a {
    move |subject, grain| {
        let of = |all: &'a [Vouched]| all.iter().find(|v| v.is_of(subject, grain));
        match (of(now), of(before)) {
            (None, _) => Some(Withdrawn::KpiGone),
            (Some(now), _) if now.not_renewed.is_some() => None,
            (Some(_), Some(_)) if !same_calendar => Some(Withdrawn::DefinitionChanged),
            (Some(now), Some(before)) if now.definition != before.definition => {
                Some(Withdrawn::DefinitionChanged)
            }
            (Some(now), Some(before)) if now.mapping != before.mapping => Some(Withdrawn::SourceChanged),
            (Some(_), _) => Some(Withdrawn::RowsGone),
        }
    }
}

/// A row that a run adds.
enum Row {
    /// Of what it computed.
    New(usize),
    /// The same, where an earlier run had said something else as final.
    Restated(usize, i64),
    /// A figure that is withdrawn, by its newest row.
    Withdrawn(usize, Withdrawn),
}

/// What a run adds. `computed` are all figures of the run, `newest` the newest row of every key; both sorted by key.
/// `cause` is asked once a subject and grain.
pub fn changes(run: i64, computed: &Table, newest: &Table, cause: impl Fn(&str, &str) -> Cause) -> Changes {
    let mut counts = Counts::default();
    let mut add: Vec<Row> = Vec::new();
    let mut changed: Vec<Changed> = Vec::new();
    let mut note = |of: &Table, row: usize| {
        if of.segment(row).is_empty() {
            let (subject, grain) = (of.subject(row).to_owned(), of.grain(row).to_owned());
            changed.push(Changed { subject, grain, period: of.period(row) });
        }
    };
    let (mut new, mut old) = (0, 0);
    let mut known: Option<((&str, &str), Cause, BTreeSet<&str>)> = None;
    while new < computed.rows() || old < newest.rows() {
        let order = match (new < computed.rows(), old < newest.rows()) {
            (true, true) => computed.key(new).cmp(&newest.key(old)),
            (true, false) => Ordering::Less,
            (false, _) => Ordering::Greater,
        };
        match order {
            Ordering::Less => {
                counts.first += 1;
                add.push(Row::New(new));
                new += 1;
            }
            Ordering::Equal => {
                if computed.says_the_same(new, newest, old) {
                    counts.unchanged += 1;
                } else {
                    counts.restated += 1;
                    note(computed, new);
                    add.push(match computed.restates(new, newest, old) {
                        Some(earlier) => {
                            counts.of_final += 1;
                            Row::Restated(new, earlier)
                        }
                        None => Row::New(new),
                    });
                }
                new += 1;
                old += 1;
            }
            Ordering::Greater => {
                if newest.withdrawn(old).is_empty() {
                    let of = (newest.subject(old), newest.grain(old));
                    if known.as_ref().is_none_or(|(last, ..)| *last != of) {
                        known = Some((of, cause(of.0, of.1), segments_of(computed, of, new)));
                    }
                    if let Some((_, Some(why), segments)) = &known {
                        let gone = *why == Withdrawn::RowsGone && !segments.contains(newest.segment(old));
                        add.push(Row::Withdrawn(old, if gone { Withdrawn::SegmentGone } else { *why }));
                        counts.withdrawn += 1;
                        note(newest, old);
                    }
                }
                old += 1;
            }
        }
    }
    let places = add.iter().map(|row| match row {
        Row::New(row) => Some(*row as u32),
        Row::Restated(..) | Row::Withdrawn(..) => None,
    });
    let rows = match places.collect::<Option<Vec<u32>>>() {
        Some(places) if places.len() == computed.rows() => computed.clone(),
        Some(places) => computed.take(&places),
        None => {
            let mut rows = TableBuilder::new(computed.form());
            let restated = computed.form().restated.map_or(usize::MAX, |of| of.column);
            for row in add {
                match row {
                    Row::New(row) => rows.push(computed.columns().iter().map(|column| column.cell(row))),
                    Row::Restated(row, earlier) => {
                        let columns = computed.columns().iter().enumerate();
                        rows.push(columns.map(|(at, column)| {
                            if at == restated { Cell::Integer(earlier) } else { column.cell(row) }
                        }));
                    }
                    Row::Withdrawn(row, why) => push_withdrawn(&mut rows, run, newest, row, why),
                }
            }
            rows.finish()
        }
    };
    Changes { rows, counts, changed }
}

/// Segments of which a run computed anything for a subject and grain, whose rows lie around `near`.
fn segments_of<'a>(computed: &'a Table, of: (&str, &str), near: usize) -> BTreeSet<&'a str> {
    let is_of = |row: &usize| (computed.subject(*row), computed.grain(*row)) == of;
    let before = (0..near).rev().take_while(is_of);
    let after = (near..computed.rows()).take_while(is_of);
    before.chain(after).map(|row| computed.segment(row)).collect()
}
