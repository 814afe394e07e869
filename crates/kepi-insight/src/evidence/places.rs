//! Worlds for where a change sits: one KPI whose rows have two dimensions, of which one member falls, or all; and a total that hides the opposite
//! of its members.

use std::collections::BTreeMap;

use kepi_model::{calendar::Grain, id::KpiId};
use kepi_query::value::{Coverage, Segment};
use kepi_stats::{estimate::Level, estimation::proportion, random::Random};

use super::{
    Published, Tally,
    asked::says,
    world::{binomial, defined},
};
use crate::{
    analysis::Verdict,
    change::reviewed,
    frame::{Figure, Frame},
    sentence::Sentence,
};

const DEFINITIONS: &str = "project: world\nname: World\nlanguage: 1\ntime_zone: UTC\n---\nperson: owner\nname: Owner\n---\n\
entity: answer\nname: Answer\nkey: [id]\ntime: at\nattributes:\n  id: {type: text}\n  at: {type: date}\n  good: {type: boolean}\n  d0: {type: text}\n  d1: {type: text}\n---\n\
strategy: plan\nmission: More.\nperspectives:\n  all: {name: All}\nobjectives:\n  all: {name: All, perspective: all, owner: owner}\n---\n\
kpi: it\nname: It\nobjective: all\nindicator: leading\nbetter: higher\nmeasure: {share: {of: answer, which: good}}\nperiod: month\nby: [d0, d1]\naccountable: owner\n";

/// January 2023.
const FIRST: i32 = (2023 - 1970) * 12;
/// Members of either dimension, and earlier months.
const MEMBERS: [usize; 2] = [6, 4];
const MONTHS: usize = 36;

/// Hits and rows by member of either dimension, in a month.
type Cells = BTreeMap<(usize, usize), (u64, u64)>;

fn push(frame: &mut Frame, kpi: &KpiId, ordinal: i32, cells: &Cells, crossed: bool) {
    let mut sums: BTreeMap<Segment, (u64, u64)> = BTreeMap::new();
    for ((a, b), (hits, rows)) in cells {
        let one =
            |dimension: &str, member| Some(Segment::one(dimension.parse().ok()?, &format!("m{member}")));
        let (first, second) = (one("d0", *a), one("d1", *b));
        let both = first.clone().zip(second.clone()).filter(|_| crossed);
        let both = both.map(|(first, second)| Segment([first.0, second.0].concat()));
        for segment in [Some(Segment::total()), first, second, both].into_iter().flatten() {
            let sum = sums.entry(segment).or_default();
            *sum = (sum.0 + hits, sum.1 + rows);
        }
    }
    for (segment, (hits, rows)) in sums {
        let Ok(estimate) = proportion::wilson(hits, rows, Level::NINETY_FIVE) else { continue };
        let coverage = Coverage { counted: rows, eligible: rows, cases: rows };
        frame.push(kpi, &segment, Figure::of(ordinal, &estimate, true).with(coverage));
    }
}

/// Where a share falls.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fall {
    /// In all members alike.
    All,
    /// In one member of the first dimension.
    Member,
    /// In one member of the first dimension only where it is of one of the second; both are crossed.
    Cell,
}

/// A share of some 6 000 rows a month, by six and by four members of unequal size that vary in common and each by itself. In the last month it
/// falls by six of its spreads, or as far as it can where only a cell does. Says what fell.
#[must_use]
pub fn fallen(seed: u64, fall: Fall) -> (Published, Option<String>) {
    let mut random = Random::seeded(seed.wrapping_mul(0x9e37_79b9).wrapping_add(71));
    let level = 1.2 * random.uniform();
    let noise = 0.04 + 0.03 * random.uniform();
    let sizes = MEMBERS.map(|n| {
        let of: Vec<f64> = (0..n).map(|_| 1.0 + 3.0 * random.uniform()).collect();
        let all: f64 = of.iter().sum();
        of.into_iter().map(|size| size / all).collect::<Vec<f64>>()
    });
    let offsets = MEMBERS.map(|n| (0..n).map(|_| 0.25 * random.normal()).collect::<Vec<f64>>());
    let [first, second] = &sizes;
    // A small cell cannot fall so far that the total shows it.
    let widest = |of: &[f64]| of.iter().enumerate().max_by(|a, b| a.1.total_cmp(b.1)).map_or(0, |(at, _)| at);
    let any = random.below(first.len());
    let (fallen, widest) = (if fall == Fall::Cell { widest(first) } else { any }, widest(second));
    let of = |all: &[f64], at: usize| all.get(at).copied().unwrap_or(1.0);
    let share = match fall {
        Fall::All => 1.0,
        Fall::Member => of(first, fallen),
        Fall::Cell => of(first, fallen) * of(second, widest),
    };
    // What the total varies by from month to month: what all share, and what is left of what each does by itself.
    let left: f64 = first.iter().map(|size| size * size).sum();
    let spread = noise * (1.0 + 0.25 * left).sqrt();
    let mut frame = Frame::new(Grain::Month);
    let crossed = fall == Fall::Cell;
    let definitions = match crossed {
        true => DEFINITIONS.replace("by: [d0, d1]", "by: [d0, d1]\ncross: [[d0, d1]]"),
        false => DEFINITIONS.to_owned(),
    };
    let Ok(kpi) = "it".parse::<KpiId>() else { return (Published::new(defined(&definitions), frame), None) };
    for month in 0..=MONTHS {
        let common = level + noise * random.normal();
        let own: Vec<f64> = first.iter().map(|_| 0.5 * noise * random.normal()).collect();
        let mut cells = Cells::new();
        for (a, size) in first.iter().enumerate() {
            for (b, other) in second.iter().enumerate() {
                let falls = match fall {
                    Fall::All => true,
                    Fall::Member => a == fallen,
                    Fall::Cell => a == fallen && b == widest,
                };
                let step = if falls && month == MONTHS { 6.0 * spread / share } else { 0.0 };
                let of = |all: &[f64], at: usize| all.get(at).copied().unwrap_or(0.0);
                let [of_first, of_second] = &offsets;
                let logit = common + of(&own, a) + of(of_first, a) + of(of_second, b) - step;
                let rows = (6_000.0 * size * other * libm::exp(0.1 * random.normal())).round() as u64;
                let hits = binomial(&mut random, rows, 1.0 / (1.0 + libm::exp(-logit)));
                cells.insert((a, b), (hits, rows));
            }
        }
        push(&mut frame, &kpi, FIRST + month as i32, &cells, crossed);
    }
    let project = defined(&definitions);
    let review = reviewed(&project, &frame, FIRST + MONTHS as i32, 1, 1);
    let published = Published { review: Some(review), ..Published::new(project, frame) };
    let named = match fall {
        Fall::All => None,
        Fall::Member => Some(format!("d0 m{fallen}")),
        Fall::Cell => Some(format!("d0 m{fallen}, d1 m{widest}")),
    };
    (published, named)
}

/// Two months of 2 000 cases in two members, whose rates are .8 and .4 and rise by so much; three in ten are of the second in the first month,
/// and of the last month that share.
#[must_use]
pub fn turned(seed: u64, rise: f64, second: f64) -> Published {
    let mut random = Random::seeded(seed.wrapping_mul(0x9e37_79b9).wrapping_add(83));
    let mut frame = Frame::new(Grain::Month);
    if let Ok(kpi) = "it".parse::<KpiId>() {
        for (month, rise, second) in [(0, 0.0, 0.3), (1, rise, second)] {
            let mut cells = Cells::new();
            let of_second = binomial(&mut random, 2_000, second);
            for (member, rows, rate) in [(0, 2_000 - of_second, 0.8), (1, of_second, 0.4)] {
                cells.insert((member, 0), (binomial(&mut random, rows, rate + rise), rows));
            }
            push(&mut frame, &kpi, FIRST + month, &cells, false);
        }
    }
    Published::new(defined(DEFINITIONS), frame)
}

/// What was found over many worlds.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Places {
    /// Falls of one member that were located in it and no other.
    pub exact: Tally,
    /// That were located in it before any other.
    pub first: Tally,
    /// Falls of one cell of two dimensions that were located in it and no other.
    pub cell: Tally,
    /// Falls of all members that were located in some.
    pub accused: Tally,
    /// Totals that hide the opposite of which it was said.
    pub turned: Tally,
    /// Quiet ones.
    pub turned_false: Tally,
    /// Totals that moved by another mix alone.
    pub mix_false: Tally,
}

/// Runs so many worlds of each.
#[must_use]
pub fn places(seeds: std::ops::Range<u64>) -> Places {
    let mut found = Places::default();
    for seed in seeds {
        let named = |of: &Published| {
            let sits = |of| if let Sentence::SitsIn { members, .. } = of { Some(members) } else { None };
            says("location", "it", of).and_then(|of| of.says.into_iter().find_map(sits)).unwrap_or_default()
        };
        let (cell, its) = fallen(seed, Fall::Cell);
        found.cell.add(Some(named(&cell)) == its.map(|its| vec![its]));
        let (one, fallen) = fallen(seed, Fall::Member);
        let named = named(&one);
        found.exact.add(fallen.is_some() && named.len() == 1 && named.first() == fallen.as_ref());
        found.first.add(fallen.is_some() && named.first() == fallen.as_ref());
        let is = |name, of: &Published| says(name, "it", of).is_some_and(|of| of.verdict == Verdict::Yes);
        found.accused.add(is("location", &self::fallen(seed, Fall::All).0));
        found.turned.add(is("paradox", &turned(seed, 0.05, 0.6)));
        found.turned_false.add(is("paradox", &turned(seed, 0.0, 0.3)));
        found.mix_false.add(is("paradox", &turned(seed, 0.0, 0.6)));
    }
    found
}
