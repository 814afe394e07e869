//! What an analysis is: a kind of question with one pure function. The list is [`ANALYSES`](crate::ANALYSES).
//!
//! What an analysis says is an [`Insight`]: a verdict, sentences as typed values, the figures they rest on, and what was checked. *No* is said
//! only where enough was looked at; else it is unknown, with the reason.

use std::{
    collections::BTreeMap,
    ops::{Range, RangeInclusive},
};

use kepi_model::{
    calendar::{Grain, Period},
    id::DimensionId,
    project::{Kpi, Project},
};
use kepi_query::{landing::LoadReport, state::Member, value::Segment};
use serde::{Deserialize, Serialize};

pub use crate::verdict::Verdict;
use crate::{
    ahead::Foretold,
    change::{Judgement, Refusal},
    frame::Figure,
    policy::Family,
    sentence::Sentence,
};

/// A kind of question.
#[derive(Debug)]
pub struct Analysis {
    /// Its name.
    pub name: &'static str,
    /// Counted up when it says something else of the same figures.
    pub version: u32,
    /// What it answers, as people ask.
    pub question: &'static str,
    /// When it is asked.
    pub cadence: Cadence,
    /// The budget of false call-outs it spends; none: it says nothing that was not called out, or only adds up.
    pub family: Option<Family>,
    /// The answer; none where the question does not arise.
    pub answer: fn(&Ask<'_>, &dyn Frames) -> Option<Insight>,
}

/// When an analysis is asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cadence {
    /// Whenever somebody looks at a KPI.
    Standing,
    /// When somebody asks for it: it reads other KPIs, or says nothing of a period.
    OnRequest,
    /// Only when asked for by its name: it reads rows.
    ByName,
}

/// What is asked: about a KPI over all rows, in a period.
#[derive(Debug, Clone, Copy)]
pub struct Ask<'a> {
    /// The KPI.
    pub kpi: &'a Kpi,
    /// The period.
    pub period: Period,
}

/// What analyses read: published figures, and what is usual of them.
pub trait Frames {
    /// The project.
    fn project(&self) -> &Project;
    /// The figure of a series.
    fn figure(&self, kpi: &Kpi, period: Period, segment: &Segment) -> Option<Figure>;
    /// Segments of which a KPI has figures, in one order.
    fn segments(&self, kpi: &Kpi, period: Period) -> Vec<Segment>;
    /// What is usual of a figure; where nothing is kept of it, nobody looked.
    fn judged(&self, kpi: &Kpi, period: Period, segment: &Segment) -> Judgement {
        let _ = (kpi, period, segment);
        Err(Refusal::NotLooked)
    }
    /// Final values of a series in a range of periods, oldest first.
    fn points(
        &self,
        kpi: &Kpi,
        grain: Grain,
        segment: &Segment,
        range: RangeInclusive<i32>,
    ) -> Vec<(i32, f64)>;
    /// What has been landed, in order; nothing where that is not asked.
    fn loads(&self) -> &[LoadReport] {
        &[]
    }
    /// The last period before one in which the total has a final figure.
    fn before(&self, kpi: &Kpi, period: Period) -> Option<Period> {
        let all =
            self.points(kpi, period.grain, &Segment::total(), i32::MIN..=period.ordinal.saturating_sub(1));
        all.last().map(|(ordinal, _)| Period { ordinal: *ordinal, ..period })
    }
    /// What was said of periods of the total before they were known, as it was published.
    fn foretold(&self, kpi: &Kpi, grain: Grain) -> Vec<Foretold> {
        let _ = (kpi, grain);
        Vec::new()
    }
    /// How often people did something about a KPI, and about others, between two instants, µs UTC; none where that is not known.
    fn acts(&self, kpi: &Kpi, within: Range<i64>) -> Option<Acts> {
        let _ = (kpi, within);
        None
    }
    /// What rows and files do to the value of the total; none where its rows cannot be read.
    fn influence(&self, kpi: &Kpi, period: Period) -> Option<Influence> {
        let _ = (kpi, period);
        None
    }
}

/// How often people did something: commented, planned, decided, disputed, changed. Not who.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Acts {
    /// About a KPI.
    pub about: usize,
    /// About all others.
    pub others: usize,
}

/// What rows and files do to a value, those that move it most first.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Influence {
    /// Rows that entered it.
    pub rows: u64,
    /// Of them those that move it most; none where its states do not add up.
    pub most: Vec<Moving>,
    /// Files.
    pub files: Vec<Moving>,
}

/// A row or a file.
#[derive(Debug, Clone, PartialEq)]
pub struct Moving {
    /// Its name for people.
    pub name: String,
    /// The file that a row stood in; none: it was made, or it is a file.
    pub file: Option<String>,
    /// How many rows that is.
    pub rows: u64,
    /// The value less that without it; none: there would be no value.
    pub moves: Option<f64>,
    /// What is known of a row beside that; none of a file.
    pub seen: Option<Seen>,
}

/// What is known of a row beside how far it moves a value.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Seen {
    /// Whether what is measured of it is a number.
    pub measured: bool,
    /// Whether it is another row once more but for the key, where that is rare.
    pub doubled: bool,
    /// It lies far off all others, and among them once divided by this; below zero: once multiplied by it.
    pub times: Option<i32>,
}

/// What a figure of an exhibit is.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Shown {
    /// A value of the KPI.
    Value(f64),
    /// A difference of values.
    Difference(f64),
    /// A difference that may be much smaller than what is shown of values, with digits of its own.
    Moved(f64),
    /// One of the parts of a difference in its column, which add up as shown.
    Part(f64),
    /// How many.
    Count(f64),
    /// A share of one.
    Share(f64),
    /// A number without a unit, such as a correlation.
    Number(f64),
}

/// A table that an insight rests on.
#[derive(Debug, Clone, PartialEq)]
pub struct Exhibit {
    /// What its columns are.
    pub columns: Vec<&'static str>,
    /// Its rows by name.
    pub rows: Vec<(String, Vec<Shown>)>,
}

/// What was checked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Check {
    /// What.
    pub name: &'static str,
    /// Whether it holds.
    pub holds: bool,
}

/// What an analysis says.
#[derive(Debug, Clone, PartialEq)]
pub struct Insight {
    /// The verdict.
    pub verdict: Verdict,
    /// In sentences.
    pub says: Vec<Sentence>,
    /// What they rest on.
    pub exhibit: Option<Exhibit>,
    /// What was checked.
    pub checks: Vec<Check>,
    /// How many series were compared.
    pub looked_at: usize,
}

/// A member of a dimension: how much of the whole it is, and its value.
#[derive(Debug, Clone)]
pub struct Part {
    /// Its segment.
    pub segment: Segment,
    /// Cases.
    pub cases: f64,
    /// Its figure.
    pub figure: Figure,
}

/// The members of each single dimension in a period, for dimensions of which they make up the whole: cases times values of all members add
/// up to those of the total, which counts, means and shares of rows do, and nothing that is weighted, hidden or no mean.
#[must_use]
pub fn partitions(kpi: &Kpi, period: Period, frames: &dyn Frames) -> BTreeMap<DimensionId, Vec<Part>> {
    let single = |(dimensions, parts): (Vec<DimensionId>, _)| Some((dimensions.into_iter().next()?, parts));
    making_up_the_whole(kpi, period, frames, |dimensions| dimensions == 1)
        .into_iter()
        .filter_map(single)
        .collect()
}

/// The same of members of several dimensions at once, where a KPI has such.
#[must_use]
pub fn crossings(kpi: &Kpi, period: Period, frames: &dyn Frames) -> BTreeMap<Vec<DimensionId>, Vec<Part>> {
    making_up_the_whole(kpi, period, frames, |dimensions| dimensions > 1)
}

fn making_up_the_whole(
    kpi: &Kpi,
    period: Period,
    frames: &dyn Frames,
    wanted: fn(usize) -> bool,
) -> BTreeMap<Vec<DimensionId>, Vec<Part>> {
    let mut by: BTreeMap<Vec<DimensionId>, Vec<Part>> = BTreeMap::new();
    let Some(whole) = frames.figure(kpi, period, &Segment::total()) else { return by };
    for segment in frames.segments(kpi, period).into_iter().filter(|of| wanted(of.0.len())) {
        let Some(figure) = frames.figure(kpi, period, &segment) else { continue };
        let of = segment.0.iter().map(|(dimension, _)| dimension.clone()).collect();
        let part = Part { cases: figure.effective_n, segment, figure };
        by.entry(of).or_default().push(part);
    }
    by.retain(|_, parts| {
        let cases: f64 = parts.iter().map(|part| part.cases).sum();
        let sum: f64 = parts.iter().map(|part| part.cases * part.figure.point).sum();
        // Values are rounded once, when they are divided.
        let tolerance = 1e-9 * whole.point.abs().max(1e-9) * parts.len() as f64;
        parts.len() > 1
            && (cases - whole.effective_n).abs() < 0.5
            && (sum / cases - whole.point).abs() <= tolerance
    });
    by
}

/// A segment in words: `language japanese`.
#[must_use]
pub fn named(segment: &Segment) -> String {
    let one = |(dimension, member): &(DimensionId, Member)| {
        let member = match member {
            Member::Value(text) if kepi_model::id::is_name(text) => text.replace('_', " "),
            Member::Value(text) => text.to_string(),
            Member::Unknown => "(no value)".to_owned(),
        };
        format!("{} {member}", dimension.as_str().replace('_', " "))
    };
    segment.0.iter().map(one).collect::<Vec<_>>().join(", ")
}
