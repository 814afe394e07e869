//! Which rows does it rest on? What the value would be without each row and without each file, exactly, held against what it usually varies by; and
//! whether the rows that move it most look like errors: they keep to one file, are another row once more, or lie a power of ten off all others.

use std::collections::BTreeMap;

use kepi_query::value::Segment;
use kepi_stats::distribution::binomial;

use crate::{
    analysis::{Analysis, Ask, Cadence, Check, Exhibit, Frames, Influence, Insight, Seen, Shown, Verdict},
    policy,
    sentence::{RowsLook, Sentence},
};

/// The row of the list.
pub const ANALYSIS: Analysis = Analysis {
    name: "influence",
    version: 3,
    question: "Which rows does it rest on?",
    cadence: Cadence::ByName,
    family: None,
    answer,
};

/// Files that are shown.
const FILES: usize = 10;

/// The file in which more of the rows stand that move the value most than its size lets expect: what is wrong with a file is wrong with
/// its rows, and what is real seldom keeps to one. With how many of how many, and its share of all rows.
fn gathered(of: &Influence) -> Option<(String, usize, usize, f64)> {
    let all: u64 = of.files.iter().map(|file| file.rows).sum();
    let most = of.most.len() as u64;
    let found = of.files.iter().filter_map(|file| {
        let own = of.most.iter().filter(|row| row.file.as_deref() == Some(file.name.as_str())).count();
        let share = file.rows as f64 / all.max(1) as f64;
        let p = binomial::at_least(own as u64, most, share);
        policy::gathered(p, of.files.len()).then(|| (p, file.name.clone(), own, share))
    });
    let (_, file, own, share) = found.min_by(|a, b| a.0.total_cmp(&b.0))?;
    Some((file, own, of.most.len(), share))
}

/// Where a greater share of rows is another once more, that says nothing of one of them.
const SELDOM: f64 = 0.01;
/// So many times as far from the middle as one row in twenty, in the logarithm, is far off all others: with logarithms of a normal distribution one
/// row in a million is.
const FAR: f64 = 3.0;
/// And so many times as far is among them.
const AMONG: f64 = 1.5;
/// Factors by which numbers slip: places, and of durations their units.
const PLACES: [i32; 3] = [10, 100, 1_000];
const UNITS: [i32; 2] = [60, 3_600];

/// A row as it is held against the others: what is measured of it, and a sign of all that was read of it, its date among that.
pub type Row = (Option<f64>, Option<u64>);

/// All rows behind a value, against which one of them is held.
#[derive(Debug)]
pub struct Bulk {
    /// Logarithms: one in twenty lies below the first, half below the second, one in twenty above the third.
    middle: Option<[f64; 3]>,
    same: BTreeMap<u64, u32>,
    /// Whether few rows are another once more.
    seldom: bool,
    of_durations: bool,
}

impl Bulk {
    /// Of these rows; whether what is measured of them is a duration.
    #[must_use]
    pub fn new(rows: &[Row], of_durations: bool) -> Self {
        let mut sizes: Vec<f64> = rows
            .iter()
            .filter_map(|(value, _)| value.filter(|v| *v != 0.0))
            .map(|v| libm::log(v.abs()))
            .collect();
        sizes.sort_by(f64::total_cmp);
        let at = |share: f64| sizes.get((share * (sizes.len().max(1) - 1) as f64).round() as usize).copied();
        let middle = at(0.05).zip(at(0.5)).zip(at(0.95)).map(|((low, half), high)| [low, half, high]);
        let mut same: BTreeMap<u64, u32> = BTreeMap::new();
        rows.iter().filter_map(|(_, same)| *same).for_each(|of| *same.entry(of).or_default() += 1);
        let again: u32 = same.values().filter(|n| **n > 1).sum();
        let seldom = f64::from(again) <= SELDOM * rows.len() as f64;
        Self { middle: middle.filter(|_| sizes.len() >= 20), same, seldom, of_durations }
    }

    /// What is known of one of them.
    #[must_use]
    pub fn seen(&self, (value, same): Row) -> Seen {
        let again = same.and_then(|of| self.same.get(&of)).is_some_and(|n| *n > 1);
        let times = value.filter(|v| *v != 0.0).and_then(|value| self.times(libm::log(value.abs())));
        Seen { measured: value.is_some() && self.middle.is_some(), doubled: again && self.seldom, times }
    }

    fn times(&self, size: f64) -> Option<i32> {
        let [low, half, high] = self.middle?;
        let too_high = size > half + FAR * (high - half);
        let too_low = size < half - FAR * (half - low);
        if !too_high && !too_low {
            return None;
        }
        let side = if too_high { -1.0 } else { 1.0 };
        let factors = PLACES.iter().chain(UNITS.iter().filter(|_| self.of_durations));
        let back = factors.map(|of| (*of, size + side * libm::log(f64::from(*of))));
        let range = half - AMONG * (half - low)..=half + AMONG * (high - half);
        let among = back.filter(|(_, size)| range.contains(size));
        let nearest = among.min_by(|a, b| (a.1 - half).abs().total_cmp(&(b.1 - half).abs()))?;
        Some(if too_high { nearest.0 } else { -nearest.0 })
    }
}

/// What speaks for errors in the rows that move it most.
fn look(of: &Influence) -> RowsLook {
    let seen: Vec<Seen> = of.most.iter().filter_map(|row| row.seen).collect();
    let times: Vec<i32> = seen.iter().filter_map(|seen| seen.times).collect();
    let first = times.first().copied();
    RowsLook {
        of: seen.len(),
        doubled: seen.iter().filter(|seen| seen.doubled).count(),
        slipped: times.len(),
        times: first.filter(|of| times.iter().all(|other| other == of)).map(i32::unsigned_abs),
        high: !times.is_empty() && times.iter().all(|times| *times > 0),
        measured: !seen.is_empty() && seen.iter().all(|seen| seen.measured),
    }
}

fn answer(ask: &Ask<'_>, frames: &dyn Frames) -> Option<Insight> {
    let total = Segment::total();
    let value = frames.figure(ask.kpi, ask.period, &total)?.point;
    let of = frames.influence(ask.kpi, ask.period)?;
    let judged = frames.judged(ask.kpi, ask.period, &total).ok();
    // Half of the range that would not have been called out.
    let usual = judged.map(|usual| (usual.high - usual.low) / 2.0);
    let checks = vec![
        Check { name: "its states add up", holds: !of.most.is_empty() },
        Check { name: "what is usual of it is known", holds: usual.is_some() },
    ];
    let Some(first) = of.most.first() else {
        let says = vec![Sentence::NotOfRows];
        return Some(Insight { verdict: Verdict::Unknown, says, exhibit: None, checks, looked_at: 0 });
    };
    let verdict = match (first.moves, usual) {
        (None, _) => Verdict::Yes,
        (Some(moves), Some(usual)) if moves.abs() >= usual => Verdict::Yes,
        (Some(_), Some(_)) => Verdict::No,
        (Some(_), None) => Verdict::Unknown,
    };
    let name = first.name.clone();
    let mut says = vec![Sentence::RestsOn { name, moves: first.moves, rows: of.rows, usual, verdict }];
    let one_file = gathered(&of);
    let look = look(&of);
    let errors = look.doubled > 0 || look.slipped > 0;
    // Of rows of one file it is said that it is rather an error; that they look like none would say the contrary.
    says.extend((look.of > 0 && (errors || one_file.is_none())).then_some(Sentence::RowsLook(look)));
    says.extend(one_file.map(|(file, of_most, most, share)| Sentence::FromOneFile {
        file,
        of_most,
        most,
        share,
    }));
    let row = |name: String, moves: Option<f64>| {
        let moves = moves?;
        Some((name, vec![Shown::Moved(moves), Shown::Value(value - moves)]))
    };
    let rows = of.most.iter().filter_map(|of| row(of.name.clone(), of.moves));
    let files =
        of.files.iter().take(FILES).filter_map(|of| row(format!("{} ({} rows)", of.name, of.rows), of.moves));
    let exhibit = Exhibit { columns: vec!["moves it by", "without it"], rows: rows.chain(files).collect() };
    let looked_at = usize::try_from(of.rows).unwrap_or(usize::MAX);
    Some(Insight { verdict, says, exhibit: Some(exhibit), checks, looked_at })
}
