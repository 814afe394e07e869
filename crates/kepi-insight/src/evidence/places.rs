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

fn push(frame: &mut Frame, kpi: &KpiId, ordinal: i32, cells: &Cells) {
    let mut sums: BTreeMap<Segment, (u64, u64)> = BTreeMap::new();
    for ((a, b), (hits, rows)) in cells {
        let one =
            |dimension: &str, member| Some(Segment::one(dimension.parse().ok()?, &format!("m{member}")));
        for segment in [Some(Segment::total()), one("d0", *a), one("d1", *b)].into_iter().flatten() {
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

/// A share of some 6 000 rows a month, by six and by four members of unequal size that vary in common and each by itself. In the last month it
/// falls by six of its spreads: since one member of the first dimension falls, or since all do. Says which fell.
#[must_use]
pub fn fallen(seed: u64, one: bool) -> (Published, Option<String>) {
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
    let fallen = random.below(first.len());
    let share = first.get(fallen).copied().unwrap_or(1.0);
    // What the total varies by from month to month: what all share, and what is left of what each does by itself.
    let left: f64 = first.iter().map(|size| size * size).sum();
    let spread = noise * (1.0 + 0.25 * left).sqrt();
    let mut frame = Frame::new(Grain::Month);
    let Ok(kpi) = "it".parse::<KpiId>() else { return (Published::new(defined(DEFINITIONS), frame), None) };
    for month in 0..=MONTHS {
        let common = level + noise * random.normal();
        let own: Vec<f64> = first.iter().map(|_| 0.5 * noise * random.normal()).collect();
        let mut cells = Cells::new();
        for (a, size) in first.iter().enumerate() {
            let falls = month == MONTHS && (!one || a == fallen);
            let step = if falls { 6.0 * spread / if one { share } else { 1.0 } } else { 0.0 };
            for (b, other) in second.iter().enumerate() {
                let of = |all: &[f64], at: usize| all.get(at).copied().unwrap_or(0.0);
                let [of_first, of_second] = &offsets;
                let logit = common + of(&own, a) + of(of_first, a) + of(of_second, b) - step;
                let rows = (6_000.0 * size * other * libm::exp(0.1 * random.normal())).round() as u64;
                let hits = binomial(&mut random, rows, 1.0 / (1.0 + libm::exp(-logit)));
                cells.insert((a, b), (hits, rows));
            }
        }
        push(&mut frame, &kpi, FIRST + month as i32, &cells);
    }
    let project = defined(DEFINITIONS);
    let review = reviewed(&project, &frame, FIRST + MONTHS as i32, 1, 1);
    let published = Published { review: Some(review), ..Published::new(project, frame) };
    (published, one.then(|| format!("d0 m{fallen}")))
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
            push(&mut frame, &kpi, FIRST + month, &cells);
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
        let (one, fallen) = fallen(seed, true);
        let named = says("location", "it", &one).and_then(|insight| {
            let sits = |of| if let Sentence::SitsIn { members, .. } = of { Some(members) } else { None };
            insight.says.into_iter().find_map(sits)
        });
        let named = named.unwrap_or_default();
        found.exact.add(fallen.is_some() && named.len() == 1 && named.first() == fallen.as_ref());
        found.first.add(fallen.is_some() && named.first() == fallen.as_ref());
        let is = |name, of: &Published| says(name, "it", of).is_some_and(|of| of.verdict == Verdict::Yes);
        found.accused.add(is("location", &self::fallen(seed, false).0));
        found.turned.add(is("paradox", &turned(seed, 0.05, 0.6)));
        found.turned_false.add(is("paradox", &turned(seed, 0.0, 0.3)));
        found.mix_false.add(is("paradox", &turned(seed, 0.0, 0.6)));
    }
    found
}
