//! Do they differ, or do they agree to more and use the ends of the scale more? Members of a dimension on questions of both directions: who agrees to more
//! whatever is asked lies higher on those where more is better and on those where less is; whose answers lie farther apart in everything stretches the scale.
//! Both are taken off (within-member standardisation, Fischer 2004) by the *other* questions, so that what is this question's own stays. Raw and adjusted
//! are both said.
//!
//! What a person agrees to beyond others is the mean of her answers to as many questions of the one direction as of the other; the mean of it over the
//! persons of a member is the difference of the member's means, so nothing is lost where figures are read instead of rows.

use std::collections::{BTreeMap, BTreeSet};

use kepi_model::project::{Better, Kpi, ValueUnit};
use kepi_query::value::Segment;

use crate::{
    analysis::{Analysis, Ask, Cadence, Check, Exhibit, Frames, Insight, Shown, Verdict, named},
    frame::Figure,
    policy,
    sentence::Sentence,
};

/// The row of the list.
pub const ANALYSIS: Analysis = Analysis {
    name: "answering",
    version: 1,
    question: "Do they differ, or do they agree to more and use the ends of the scale more?",
    cadence: Cadence::OnRequest,
    family: None,
    answer,
};

/// Other questions of each direction that are needed.
const EACH: usize = 2;
/// Fewer cases are not compared.
const FEWEST: f64 = 30.0;

/// A question: its values by segment.
struct Question {
    /// Whether more is better.
    up: bool,
    by: BTreeMap<Segment, Figure>,
}

/// The mean answers of a KPI on a scale in a period, if it is that.
fn question(kpi: &Kpi, ask: &Ask<'_>, frames: &dyn Frames) -> Option<Question> {
    let up = match kpi.better {
        Better::Higher => true,
        Better::Lower => false,
        Better::InRange => return None,
    };
    if !matches!(kpi.unit, ValueUnit::Rating { .. }) {
        return None;
    }
    let single = frames.segments(kpi, ask.period).into_iter().filter(|of| of.0.len() == 1);
    let figure = |segment: Segment| {
        let figure = frames.figure(kpi, ask.period, &segment)?;
        (figure.effective_n >= FEWEST && figure.interval.is_some()).then_some((segment, figure))
    };
    Some(Question { up, by: single.filter_map(figure).collect() })
}

/// The way in which a member answers all other questions.
#[derive(Clone, Copy)]
struct Way {
    /// Its mean answer over as many questions of either direction.
    agrees: f64,
    /// The variance of that.
    error: f64,
    /// How far its answers to one question lie from each other.
    spread: f64,
}

fn way<'a>(others: impl Iterator<Item = (bool, &'a Figure)>) -> Option<Way> {
    let mut sides = [(0.0, 0.0, 0_usize); 2];
    let (mut squares, mut n) = (0.0, 0.0);
    for (up, figure) in others {
        let error = figure.variance()?;
        let (sum, errors, count) = sides.get_mut(usize::from(up))?;
        (*sum, *errors, *count) = (*sum + figure.point, *errors + error, *count + 1);
        squares += error * figure.effective_n;
        n += 1.0;
    }
    if sides.iter().any(|(.., count)| *count < EACH) {
        return None;
    }
    let mean = |(sum, _, count): &(f64, f64, usize)| sum / *count as f64;
    let error = |(_, errors, count): &(f64, f64, usize)| errors / (*count * *count) as f64;
    let [down, up] = &sides;
    let agrees = (mean(down) + mean(up)) / 2.0;
    let spread = (squares / n).sqrt();
    (spread > 0.0).then(|| Way { agrees, error: (error(down) + error(up)) / 4.0, spread })
}

/// A member against the rest.
struct Apart {
    name: String,
    value: f64,
    raw: f64,
    adjusted: f64,
    /// By how much more it agrees, and how many times as far its answers lie apart.
    agrees: f64,
    stretch: f64,
    /// The errors of both.
    errors: [f64; 2],
}

impl Apart {
    fn deviates(&self, limit: f64) -> [bool; 2] {
        [self.raw.abs() > limit * self.errors[0], self.adjusted.abs() > limit * self.errors[1]]
    }
}

/// All others of its dimension together, each by its cases.
fn rest<'a>(own: &Segment, of: &'a BTreeMap<Segment, Figure>) -> Option<Figure> {
    let dimension = &own.0.first()?.0;
    let others: Vec<&'a Figure> = of
        .iter()
        .filter(|(segment, _)| *segment != own && segment.0.first().is_some_and(|(of, _)| of == dimension))
        .map(|(_, figure)| figure)
        .collect();
    let n: f64 = others.iter().map(|figure| figure.effective_n).sum();
    let (mut point, mut error, mut level) = (0.0, 0.0, 0.0);
    for figure in &others {
        let share = figure.effective_n / n;
        point += share * figure.point;
        error += share * share * figure.variance()?;
        level = figure.interval?.2;
    }
    let first = others.first()?;
    let z = kepi_stats::estimate::Level::new(level).ok()?.z();
    let half = z * error.sqrt();
    Some(Figure { point, effective_n: n, interval: Some((point - half, point + half, level)), ..**first })
}

fn apart(own: &Question, others: &[Question], segment: &Segment) -> Option<Apart> {
    apart_of(own, &others.iter().collect::<Vec<_>>(), segment)
}

fn apart_of(own: &Question, others: &[&Question], segment: &Segment) -> Option<Apart> {
    let figure = own.by.get(segment)?;
    let beside = rest(segment, &own.by)?;
    let have: Vec<(bool, &Figure, Figure)> =
        others.iter().filter_map(|of| Some((of.up, of.by.get(segment)?, rest(segment, &of.by)?))).collect();
    let its = way(have.iter().map(|(up, of, _)| (*up, *of)))?;
    let theirs = way(have.iter().map(|(up, _, of)| (*up, of)))?;
    let squeeze = theirs.spread / its.spread;
    let placed = theirs.agrees + (figure.point - its.agrees) * squeeze;
    let (raw, adjusted) = (figure.point - beside.point, placed - beside.point);
    let errors = [figure.variance()?, beside.variance()?];
    let before = (errors.iter().sum::<f64>()).sqrt();
    let after = (squeeze * squeeze * (errors[0] + its.error) + errors[1] + theirs.error).sqrt();
    Some(Apart {
        name: named(segment),
        value: figure.point,
        raw,
        adjusted,
        agrees: its.agrees - theirs.agrees,
        stretch: its.spread / theirs.spread,
        errors: [before, after],
    })
}

/// The same, as sure as what is left of its gaps on the other questions lets be: taking a way of answering off leaves something, for scales have ends.
fn one(own: &Question, others: &[Question], segment: &Segment) -> Option<Apart> {
    let mut found = apart(own, others, segment)?;
    let left = (0..others.len()).filter_map(|at| {
        let rest = others.iter().enumerate().filter(|(other, _)| *other != at).map(|(_, of)| of);
        let rest: Vec<&Question> = rest.chain(std::iter::once(own)).collect();
        Some(apart_of(others.get(at)?, &rest, segment)?.adjusted)
    });
    let left: Vec<f64> = left.collect();
    let n = left.len() as f64;
    let mean = left.iter().sum::<f64>() / n;
    let between = left.iter().map(|of| (of - mean) * (of - mean)).sum::<f64>() / (n - 1.0);
    found.errors[1] = (found.errors[1] * found.errors[1] + between).sqrt();
    (n > 2.0).then_some(found)
}

fn answer(ask: &Ask<'_>, frames: &dyn Frames) -> Option<Insight> {
    let (kpi, project) = (ask.kpi, frames.project());
    let own = question(kpi, ask, frames)?;
    let others = project.kpis.values().filter(|other| {
        other.id != kpi.id
            && other.reads == kpi.reads
            && other.unit == kpi.unit
            && other.period == kpi.period
            && crate::link::have_same_periods(other, kpi, project)
    });
    let others: Vec<Question> = others.filter_map(|other| question(other, ask, frames)).collect();
    let directions: BTreeSet<bool> = others.iter().map(|of| of.up).collect();
    if directions.len() < 2 {
        return None;
    }
    let all: Vec<Apart> = own.by.keys().filter_map(|segment| one(&own, &others, segment)).collect();
    if all.is_empty() {
        return None;
    }
    let limit = policy::deviations(all.len());
    let mut told: Vec<&Apart> = all.iter().filter(|of| of.deviates(limit).contains(&true)).collect();
    let size = |of: &Apart| (of.adjusted / of.errors[1]).abs();
    told.sort_by(|a, b| size(b).total_cmp(&size(a)).then_with(|| a.name.cmp(&b.name)));
    let says: Vec<Sentence> = told
        .iter()
        .take(3)
        .map(|of| Sentence::Answering {
            name: of.name.clone(),
            raw: of.raw,
            adjusted: of.adjusted,
            agrees: of.agrees,
            stretch: of.stretch,
            own: of.deviates(limit)[1],
        })
        .collect();
    let verdict = if all.iter().any(|of| of.deviates(limit)[1]) { Verdict::Yes } else { Verdict::No };
    let says = if says.is_empty() { vec![Sentence::NobodyStandsApart { compared: all.len() }] } else { says };
    let rows = all.iter().map(|of| {
        let figures = [Shown::Value(of.value), Shown::Difference(of.raw), Shown::Difference(of.adjusted)];
        let way = [Shown::Difference(of.agrees), Shown::Number(of.stretch)];
        (of.name.clone(), [&figures[..], &way[..]].concat())
    });
    let columns =
        vec!["value", "against the rest", "their way of answering taken off", "agrees by", "spreads, times"];
    let exhibit = Some(Exhibit { columns, rows: rows.collect() });
    let checks = vec![Check { name: "questions of both directions", holds: true }];
    let looked_at = all.len();
    Some(Insight { verdict, says, exhibit, checks, looked_at })
}
