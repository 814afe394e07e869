//! Worlds for what is asked of several KPIs together: which say the same, which pull against each other, who answers another way, and what stopped
//! to predict.

use std::fmt::Write as _;

use kepi_model::{calendar::Grain, id::KpiId};
use kepi_query::value::Segment;
use kepi_stats::{
    estimate::Level,
    estimation::{mean, proportion},
    random::Random,
};

use super::{
    Linked, Published, Shape, Tally, World,
    world::{binomial, defined},
};
use crate::{
    ANALYSES,
    analysis::{Ask, Insight, Shown, Verdict},
    frame::{Figure, Frame},
    influence::{Bulk, Row},
    sentence::Sentence,
};

const HEAD: &str = "project: world\nname: World\nlanguage: 1\ntime_zone: UTC\n---\nperson: owner\nname: Owner\n---\n\
strategy: plan\nmission: More.\nperspectives:\n  all: {name: All}\nobjectives:\n  all: {name: All, perspective: all, owner: owner}\n";
/// January 2023.
const FIRST: i32 = (2023 - 1970) * 12;

/// An entity, and KPIs of different shares of its rows.
fn shares(entity: &str, kpis: std::ops::Range<usize>) -> String {
    let mut text = format!(
        "---\nentity: {entity}\nname: {entity}\nkey: [id]\ntime: at\nattributes:\n  id: {{type: text}}\n  at: {{type: date}}\n  score: {{type: integer}}\n  d0: {{type: text}}\n"
    );
    for kpi in kpis {
        let _ = write!(
            text,
            "---\nkpi: k{kpi}\nname: K{kpi}\nobjective: all\nindicator: leading\nbetter: higher\nmeasure: {{share: {{of: {entity}, which: score > {kpi}}}}}\n\
             period: month\nby: [d0]\naccountable: owner\n\
             targets:\n  - {{from: 2020-01-01, threshold: 40%, target: 60%, basis: {{capability: example}}}}\n"
        );
    }
    text
}

fn kpi_id(kpi: usize) -> Option<KpiId> {
    format!("k{kpi}").parse().ok()
}

fn member(member: usize) -> Option<Segment> {
    Some(Segment::one("d0".parse().ok()?, &format!("m{member:02}")))
}

/// Ten KPIs over three years, of which the last is the first once more with a tenth of its movement as noise, or is not.
#[must_use]
pub fn alike(seed: u64, duplicate: bool) -> Published {
    let project = defined(&format!("{HEAD}{}", shares("answer", 0..10)));
    let shape = Shape { kpis: 10, on_scorecard: 2, members: Vec::new(), periods: 36 };
    let mut frame = World::clean(seed, &shape).frame(&project);
    let mut random = Random::seeded(seed.wrapping_add(77));
    let first = kpi_id(0).and_then(|id| frame.kpis.get(&id).cloned());
    if let (true, Some(mut first), Some(last)) = (duplicate, first, kpi_id(9)) {
        for series in first.values_mut() {
            let points: Vec<f64> = series.iter().map(|figure| figure.point).collect();
            let spread = super::world::spread(&points, |point| *point);
            series.iter_mut().for_each(|figure| figure.point += 0.1 * spread * random.normal());
        }
        frame.kpis.insert(last, first);
    }
    Published::new(project, frame)
}

/// Two KPIs of one objective over different rows, in 30 members and two years; the second falls by so many spreads where the first rose by one so
/// many months before.
#[must_use]
pub fn pulling(seed: u64, strength: f64, later: usize) -> Published {
    let project = defined(&format!("{HEAD}{}{}", shares("answer", 0..1), shares("remark", 1..2)));
    let mut random = Random::seeded(seed.wrapping_mul(0x9e37_79b9).wrapping_add(53));
    let mut frame = Frame::new(Grain::Month);
    for of in 0..30 {
        let levels = [random.normal(), random.normal()].map(|z| 0.5 + 0.05 * z);
        let mut before = std::collections::VecDeque::from(vec![0.0; later]);
        for month in 0..24 {
            let shared = 0.5 * libm::cos(f64::from(month));
            let first = random.normal();
            before.push_back(first);
            let pulled = strength * before.pop_front().unwrap_or(0.0);
            let second = (1.0 - strength * strength).sqrt() * random.normal() - pulled;
            for (kpi, (level, own)) in levels.into_iter().zip([first, second]).enumerate() {
                let (Some(id), Some(segment)) = (kpi_id(kpi), member(of)) else { continue };
                frame.push(&id, &segment, Figure::counted(FIRST + month, level + 0.03 * (own + shared)));
            }
        }
    }
    Published::new(project, frame)
}

/// What the drivers of [`driven`] make of the variance.
pub const DRIVEN: [f64; 3] = [0.25, 0.09, 0.0];

/// A KPI that three others are believed to move a month later, in 30 members and three years: two do, and make [`DRIVEN`] of what it does.
#[must_use]
pub fn driven(seed: u64) -> Published {
    let moves = "moves:\n  k0: {sign: positive, lag: 1 month}\n";
    let drivers: String =
        (1..4).map(|kpi| format!("{}{moves}", shares(&format!("remark{kpi}"), kpi..kpi + 1))).collect();
    let project = defined(&format!("{HEAD}{}{drivers}", shares("answer", 0..1)));
    let mut random = Random::seeded(seed.wrapping_mul(0x9e37_79b9).wrapping_add(87));
    let mut frame = Frame::new(Grain::Month);
    let rest = (1.0 - DRIVEN.iter().sum::<f64>()).sqrt();
    for of in 0..30 {
        let levels = [0; 4].map(|_| 0.5 + 0.05 * random.normal());
        let mut before = [0; 3].map(|_| random.normal());
        for month in 0..36 {
            let shared = 0.5 * libm::cos(f64::from(month));
            let caused: f64 = before.iter().zip(DRIVEN).map(|(was, share)| was * share.sqrt()).sum();
            before = [0; 3].map(|_| random.normal());
            let own = [caused + rest * random.normal()].into_iter().chain(before);
            for (kpi, (level, own)) in levels.into_iter().zip(own).enumerate() {
                let (Some(id), Some(segment)) = (kpi_id(kpi), member(of)) else { continue };
                frame.push(&id, &segment, Figure::counted(FIRST + month, level + 0.03 * (own + shared)));
            }
        }
    }
    Published::new(project, frame)
}

/// Eight KPIs of the same answers in one month, of six members with 400 each; the first member answers lower in all of them, the second, if
/// that is planted, in the first KPI only.
#[must_use]
pub fn styled(seed: u64, real: bool) -> Published {
    let project = defined(&format!("{HEAD}{}", shares("answer", 0..8)));
    let mut random = Random::seeded(seed.wrapping_mul(0x9e37_79b9).wrapping_add(61));
    let mut frame = Frame::new(Grain::Month);
    for kpi in 0..8 {
        let level = 0.7 + 0.2 * random.uniform();
        let mut sum = (0, 0);
        let Some(id) = kpi_id(kpi) else { continue };
        let mut push = |segment: &Segment, hits: u64, rows: u64| {
            if let Ok(estimate) = proportion::wilson(hits, rows, Level::NINETY_FIVE) {
                frame.push(&id, segment, Figure::of(FIRST, &estimate, true));
            }
        };
        for of in 0..6 {
            let style = if of == 0 { -0.15 } else { 0.0 };
            // Half a standard deviation of an answer is a quarter on this scale.
            let own = if real && of == 1 && kpi == 0 { -0.25 } else { 0.0 };
            let sine = libm::sin(level + style + own + 0.02 * random.normal());
            let hits = binomial(&mut random, 400, sine * sine);
            sum = (sum.0 + hits, sum.1 + 400);
            member(of).into_iter().for_each(|segment| push(&segment, hits, 400));
        }
        push(&Segment::total(), sum.0, sum.1);
    }
    Published::new(project, frame)
}

/// A share of 400 answers a month in each of six members over six months, all the same but for chance; in the first it is lower by so much.
#[must_use]
pub fn standing_apart(seed: u64, by: f64) -> Published {
    let project = defined(&format!("{HEAD}{}", shares("answer", 0..1)));
    let mut random = Random::seeded(seed.wrapping_mul(0x9e37_79b9).wrapping_add(71));
    let mut frame = Frame::new(Grain::Month);
    let Some(id) = kpi_id(0) else { return Published::new(project, frame) };
    for month in 0..6 {
        let mut whole = 0;
        let level = 0.6 + 0.02 * random.normal();
        let mut push = |segment: &Segment, hits: u64, rows: u64| {
            if let Ok(estimate) = proportion::wilson(hits, rows, Level::NINETY_FIVE) {
                frame.push(&id, segment, Figure::of(FIRST + month, &estimate, true));
            }
        };
        for of in 0..6 {
            let hits = binomial(&mut random, 400, if of == 0 { level - by } else { level });
            whole += hits;
            member(of).into_iter().for_each(|segment| push(&segment, hits, 400));
        }
        push(&Segment::total(), whole, 2_400);
    }
    Published::new(project, frame)
}

/// Rows of which the logarithms are normal: of those that were written a hundred times too high the share that is told, and of all others whether any is
/// told to look like an error.
fn slips(seed: u64) -> ([bool; 5], bool) {
    let mut random = Random::seeded(seed.wrapping_mul(0x9e37_79b9).wrapping_add(83));
    let mut rows: Vec<Row> =
        (0..1_000).map(|at| (Some(libm::exp(3.0 + 0.6 * random.normal())), Some(at))).collect();
    let wrong = rows.iter_mut().take(5);
    wrong.for_each(|row| row.0 = row.0.map(|of| 100.0 * of));
    let bulk = Bulk::new(&rows, false);
    let mut seen = rows.iter().map(|row| bulk.seen(*row));
    let told = [0; 5].map(|_| seen.next().is_some_and(|of| of.times == Some(100)));
    (told, seen.any(|of| of.doubled || of.times.is_some()))
}

/// Persons of a member that answer [`answered`].
const PERSONS: usize = 300;

/// Eight questions on a scale of 1 to 5, four of which say that it is good and four that it is not, in one month, answered by the same persons of six
/// members. Those of the first agree to whatever is asked by .4 and use the ends of the scale more (1.3 times), if that is planted; those of the second answer the
/// first question lower by half a standard deviation.
#[must_use]
pub fn answered(seed: u64, styles: bool, real: bool) -> Published {
    let kpi = |kpi: usize| {
        let better = if kpi < 4 { "higher" } else { "lower" };
        format!(
            "---\nkpi: k{kpi}\nname: K{kpi}\nobjective: all\nindicator: leading\nbetter: {better}\nmeasure: {{satisfaction: {{of: answer, answer: q{kpi}, scale: 1..5, summary: mean}}}}\n\
             period: month\nby: [d0]\naccountable: owner\n"
        )
    };
    let attributes: String = (0..8).map(|of| format!("  q{of}: {{type: integer}}\n")).collect();
    let entity = format!(
        "---\nentity: answer\nname: Answer\nkey: [id]\ntime: at\nattributes:\n  id: {{type: text}}\n  at: {{type: date}}\n  d0: {{type: text}}\n{attributes}"
    );
    let project = defined(&format!("{HEAD}{entity}{}", (0..8).map(kpi).collect::<String>()));
    let mut random = Random::seeded(seed.wrapping_mul(0x9e37_79b9).wrapping_add(91));
    let mut frame = Frame::new(Grain::Month);
    let levels = [0; 8].map(|_| 3.0 + 0.3 * random.normal());
    let mut whole = [(0_i128, 0_i128); 8];
    for of in 0..6 {
        let mut sums = [(0_i128, 0_i128); 8];
        for _ in 0..PERSONS {
            let content = 0.5 * random.normal();
            for (question, sum) in sums.iter_mut().enumerate() {
                let way = if question < 4 { 1.0 } else { -1.0 };
                let own = if real && of == 1 && question == 0 { -0.5 } else { 0.0 };
                let level = levels.get(question).copied().unwrap_or(3.0);
                // Together the answers of a member vary by 1.
                let felt = level + own + way * content + 0.866 * random.normal();
                let (agrees, stretch) = if styles && of == 0 { (0.4, 1.3) } else { (0.0, 1.0) };
                let said = (3.0 + stretch * (felt - 3.0) + agrees).round().clamp(1.0, 5.0) as i128;
                (sum.0, sum.1) = (sum.0 + said, sum.1 + said * said);
            }
        }
        for ((question, sum), whole) in sums.iter().enumerate().zip(&mut whole) {
            (whole.0, whole.1) = (whole.0 + sum.0, whole.1 + sum.1);
            let estimate = mean::from_moments(PERSONS as u64, sum.0, sum.1, 0, Level::NINETY_FIVE);
            let (Ok(estimate), Some(id), Some(segment)) = (estimate, kpi_id(question), member(of)) else {
                continue;
            };
            frame.push(&id, &segment, Figure::of(FIRST, &estimate, true));
        }
    }
    for (question, sum) in whole.iter().enumerate() {
        let estimate = mean::from_moments(6 * PERSONS as u64, sum.0, sum.1, 0, Level::NINETY_FIVE);
        let (Ok(estimate), Some(id)) = (estimate, kpi_id(question)) else { continue };
        frame.push(&id, &Segment::total(), Figure::of(FIRST, &estimate, true));
    }
    Published::new(project, frame)
}

/// What an analysis says of a KPI of a world, in its last month.
pub(super) fn says(name: &str, kpi: &str, of: &Published) -> Option<Insight> {
    let analysis = ANALYSES.iter().find(|analysis| analysis.name == name)?;
    let kpi = of.project.kpis.values().find(|known| known.id.as_str() == kpi)?;
    (analysis.answer)(&Ask { kpi, period: of.last() }, of)
}

/// What was found over many worlds.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Asked {
    /// Duplicates that were named.
    pub duplicates: Tally,
    /// Worlds without one in which any was.
    pub duplicates_false: Tally,
    /// Pairs in tension that were named.
    pub tension: Tally,
    /// Pairs in tension two months later that were named with that lag.
    pub tension_later: Tally,
    /// Pairs that are not.
    pub tension_false: Tally,
    /// Shares of drivers whose interval holds the true one.
    pub importance: Tally,
    /// Drivers that drive nothing and were said to.
    pub importance_false: Tally,
    /// Members that answer lower in everything whose gap was taken for this figure's own.
    pub style_false: Tally,
    /// Gaps of half a standard deviation in one KPI alone that were.
    pub style_real: Tally,
    /// Members that lie fourteen points below all others for long and are named.
    pub standing: Tally,
    /// Worlds in which all members are the same and any is named.
    pub standing_false: Tally,
    /// Rows written a hundred times too high of which that is told.
    pub slips: Tally,
    /// Worlds in which it is told of any other row that it looks like an error.
    pub slips_false: Tally,
    /// Members that agree to more and use the ends of the scale more, and are said to differ on a question.
    pub answering_false: Tally,
    /// The same before their way of answering is taken off.
    pub answering_raw: Tally,
    /// Gaps of half a standard deviation on one question that are kept.
    pub answering_real: Tally,
    /// Members that answer as all others and are said to differ.
    pub answering_clean: Tally,
    /// Links of .4 spreads that stopped at month 40 of 60 and were told to have.
    pub ended: Tally,
    /// Such links of .3 spreads.
    pub ended_weaker: Tally,
    /// KPIs of which a link of .4 spreads stopped that are recommended for retirement.
    pub retired: Tally,
    /// KPIs of live links that are.
    pub retired_false: Tally,
    /// Live links that were told to have stopped.
    pub ended_false: Tally,
    /// Live links that were told to predict.
    pub alive: Tally,
}

/// Runs so many worlds of each; every `links_every`-th of links that end, which take long.
#[must_use]
pub fn asked(seeds: std::ops::Range<u64>, links_every: u64) -> Asked {
    let mut found = Asked::default();
    for seed in seeds {
        let verdict = |name, kpi: &str, of: &Published| says(name, kpi, of).map(|insight| insight.verdict);
        let is_own = |wanted: &str, of: &Published| {
            let said = says("style", "k0", of).into_iter().flat_map(|insight| insight.says);
            said.into_iter().any(|of| matches!(of, Sentence::Style { name, own: true, .. } if name == wanted))
        };
        found.duplicates.add(verdict("redundancy", "k0", &alike(seed, true)) == Some(Verdict::Yes));
        found.duplicates_false.add(verdict("redundancy", "k0", &alike(seed, false)) == Some(Verdict::Yes));
        found.tension.add(verdict("tension", "k1", &pulling(seed, 0.3, 0)) == Some(Verdict::Yes));
        found.tension_false.add(verdict("tension", "k1", &pulling(seed, 0.0, 0)) == Some(Verdict::Yes));
        let later =
            says("tension", "k1", &pulling(seed, 0.3, 2)).into_iter().flat_map(|insight| insight.says);
        let is_named =
            |of: Sentence| matches!(of, Sentence::InTension { after: Some((2, Grain::Month)), .. });
        found.tension_later.add(later.into_iter().any(is_named));
        for of in says("importance", "k0", &driven(seed)).into_iter().flat_map(|insight| insight.says) {
            let Sentence::Importance { shares, .. } = of else { continue };
            for (name, _, (low, high)) in shares {
                let place = name.strip_prefix('K').and_then(|n| n.parse::<usize>().ok());
                let Some(truth) = place.and_then(|n| DRIVEN.get(n.checked_sub(1)?)) else { continue };
                match *truth > 0.0 {
                    true => found.importance.add((low..=high).contains(truth)),
                    false => found.importance_false.add(low > 0.0),
                }
            }
        }
        found.style_false.add(is_own("d0 m00", &styled(seed, false)));
        found.style_real.add(is_own("d0 m01", &styled(seed, true)));
        found.standing.add(verdict("standing", "k0", &standing_apart(seed, 0.14)) == Some(Verdict::Yes));
        found.standing_false.add(verdict("standing", "k0", &standing_apart(seed, 0.0)) == Some(Verdict::Yes));
        let (told, others) = slips(seed);
        told.into_iter().for_each(|told| found.slips.add(told));
        found.slips_false.add(others);
        let differs = |wanted: &str, of: &Published, raw: bool| {
            let insight = says("answering", "k1", of).filter(|_| raw);
            let shown = insight.and_then(|of| of.exhibit).into_iter().flat_map(|of| of.rows);
            let large = |(name, figures): (String, Vec<Shown>)| {
                name == wanted && matches!(figures.get(1), Some(Shown::Difference(by)) if by.abs() > 0.25)
            };
            let said = says("answering", "k0", of).into_iter().flat_map(|insight| insight.says);
            let own =
                |of: Sentence| matches!(of, Sentence::Answering { name, own: true, .. } if name == wanted);
            if raw { shown.into_iter().any(large) } else { said.into_iter().any(own) }
        };
        let styles = answered(seed, true, true);
        found.answering_false.add(differs("d0 m00", &styles, false));
        found.answering_raw.add(differs("d0 m00", &styles, true));
        found.answering_real.add(differs("d0 m01", &styles, false));
        let clean = says("answering", "k0", &answered(seed, false, false));
        found.answering_clean.add(clean.is_some_and(|of| of.verdict == Verdict::Yes));
        if seed.is_multiple_of(links_every) {
            let audit = |of: Linked| {
                let said = says("validity", "cause", &of.0);
                let retires = said.as_ref().is_some_and(|of| of.says.contains(&Sentence::Retire));
                (said.map(|of| of.verdict), retires)
            };
            let (ended, retires) = audit(Linked::ending(seed, 50, (60, 40), 0.4));
            found.ended.add(ended == Some(Verdict::Contrary));
            found.retired.add(retires);
            let (weaker, _) = audit(Linked::ending(seed, 50, (60, 40), 0.3));
            found.ended_weaker.add(weaker == Some(Verdict::Contrary));
            let (live, retires) = audit(Linked::new(seed, 50, 60, 0.2));
            found.retired_false.add(retires);
            found.ended_false.add(live == Some(Verdict::Contrary));
            found.alive.add(live == Some(Verdict::Yes));
        }
    }
    found
}
