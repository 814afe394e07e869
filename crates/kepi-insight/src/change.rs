//! Did it change, more than is usual?
//!
//! Of every series the level that was to be expected is followed, with what it varies by when nothing happens: sampling error,
//! which is known, and noise and drift, which are chosen for all series of a KPI together
//! ([`Usual`](kepi_stats::control::usual::Usual)). What a value lies off its expectation is taken in its own spread, which is drawn
//! to what is common to all series of the project ([`Prior`]); the last one, three and six periods are looked at together, each with
//! a part of the level; tails are widened, never narrowed, to what the project's own past shows; and
//! [`policy`] decides for all series of the batch at once. A season is taken off where the total has one.

use std::collections::{BTreeMap, BTreeSet};

use kepi_model::{
    calendar::{Grain, Period},
    id::{DimensionId, EntityId, KpiId},
    measure::Carry,
    project::{Better, Kpi, Project, TargetLines},
};
use kepi_query::{parallel, value::Segment};
use kepi_stats::{
    control::{
        moderation::Prior,
        usual::{self, Expected, Season},
    },
    distribution::{normal, student},
};
use serde::{Deserialize, Serialize};

use crate::{
    doubt,
    frame::{Figure, Frame, Scale, Scaling, Segments},
    policy::{self, Held, Tests},
    season::{longest, season_of},
    trend::goodness,
};

/// Periods that are looked at together, and what of the level each gets.
const LOOKS: [(usize, f64); 3] = [(1, 0.5), (3, 0.25), (6, 0.25)];
/// Fewer cases on the smaller side, or fewer events, say nothing.
pub(crate) const FEWEST_CASES: f64 = 5.0;
/// Earlier periods whose cases are counted for that.
pub(crate) const CASES_OVER: usize = 12;
/// Fewer periods, or fewer than two rounds of a season, do not tell a season.
const SHORT: usize = 25;
/// Periods whose deviations show how heavy tails are.
const PAST: usize = 24;
/// Places of the distribution at which they are compared with Student's.
const PLACES: [f64; 4] = [0.5, 0.9, 0.99, 0.995];

/// Earlier periods that a verdict needs: twelve, of years four, since they have no season and do not hang together.
#[must_use]
pub fn needed(grain: Grain) -> u32 {
    if grain == Grain::Year { 4 } else { 12 }
}

/// What a series does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// The last value is beyond what is usual.
    Beyond,
    /// The last values together are.
    Drifting,
    /// Neither is.
    Within,
    /// There is nothing to judge it by.
    Unknown,
}

impl Verdict {
    /// The name used in JSON and in what is stored.
    #[must_use]
    pub fn code(self) -> &'static str {
        match self {
            Self::Beyond => "beyond",
            Self::Drifting => "drifting",
            Self::Within => "within",
            Self::Unknown => "no_verdict",
        }
    }
    /// What [`Self::code`] stands for.
    #[must_use]
    pub fn from_code(code: &str) -> Option<Self> {
        [Self::Beyond, Self::Drifting, Self::Within, Self::Unknown].into_iter().find(|v| v.code() == code)
    }
}

/// What is usual of a value, and how it lies to that.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Usual {
    /// Beyond, drifting or within; never unknown.
    pub verdict: Verdict,
    /// Whether it lies above what was expected; of a drift, whether it goes up.
    pub above: bool,
    /// What was expected, in the KPI's unit.
    pub expected: f64,
    /// The least value that would not have been called out.
    pub low: f64,
    /// The greatest.
    pub high: f64,
    /// Standard deviation of the prediction, on the KPI's scale.
    pub spread: f64,
    /// Degrees of freedom with which it is known.
    pub degrees: f64,
    /// The least p-value of the looks, each divided by its part of the level.
    pub p: f64,
    /// At most this would have been called out, everything else being as it is.
    pub limit: f64,
    /// Periods of the look with that p-value.
    pub look: u32,
    /// Earlier periods it rests on.
    pub periods: u32,
}

/// Why there is no verdict, and what would lift that.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Refusal {
    /// Too few earlier periods.
    TooFew {
        /// There are so many.
        have: u32,
        /// So many are needed.
        need: u32,
    },
    /// The value is provisional.
    NotFinal,
    /// Too few cases on the smaller side, or too few events.
    FewCases,
    /// It never moved, and nothing was sampled.
    NeverMoved,
    /// Neighbouring periods share rows.
    Overlapping,
    /// What the total is made of is in doubt: other rows than usual, another share of them, or deliveries that brought them.
    InDoubt,
    /// No run looked at it: it is not computed for itself, or was published before changes were judged.
    NotLooked,
}

impl Refusal {
    /// The name used in JSON and in what is stored.
    #[must_use]
    pub fn code(self) -> &'static str {
        match self {
            Self::TooFew { .. } => "too_few",
            Self::NotFinal => "not_final",
            Self::FewCases => "few_cases",
            Self::NeverMoved => "never_moved",
            Self::Overlapping => "overlapping",
            Self::InDoubt => "in_doubt",
            Self::NotLooked => "not_looked",
        }
    }
    /// What [`Self::code`] stands for; `have` is how many earlier periods there were.
    #[must_use]
    pub fn from_code(code: &str, have: u32, grain: Grain) -> Option<Self> {
        let all = [
            Self::TooFew { have, need: needed(grain) },
            Self::NotFinal,
            Self::FewCases,
            Self::NeverMoved,
            Self::Overlapping,
            Self::InDoubt,
            Self::NotLooked,
        ];
        all.into_iter().find(|why| why.code() == code)
    }
}

/// What is said of a series in a period.
pub type Judgement = Result<Usual, Refusal>;

/// What was found of all series of a grain that end in a period.
#[derive(Debug, Clone, PartialEq)]
pub struct Review {
    /// The period.
    pub period: Period,
    /// By KPI and segment.
    pub judged: BTreeMap<KpiId, BTreeMap<Segment, Judgement>>,
    /// What the spreads of totals have in common, relative to what their KPI's series let expect.
    pub totals: Option<Prior>,
    /// Of members.
    pub members: Option<Prior>,
}

/// A series before anything is decided.
struct Seen<'f> {
    segment: &'f Segment,
    /// Errors of prediction in their standard deviations, oldest first, the last one apart; gaps left out.
    past: Vec<f64>,
    last: f64,
    expected: Expected,
    /// Share of sampling error in the variance of the prediction.
    sampled: f64,
    periods: u32,
    /// Whether too little is known to tell a season from a change.
    is_short: bool,
}

impl Seen<'_> {
    fn variance(&self) -> (f64, f64) {
        let n = self.past.len() as f64;
        (self.past.iter().map(|z| z * z).sum::<f64>() / n, n)
    }
}

/// A KPI before anything is decided.
struct Filtered<'f> {
    kpi: &'f Kpi,
    scale: Scale,
    scaling: Scaling<'f>,
    ordinal: i32,
    series: Vec<Seen<'f>>,
    refused: Vec<(&'f Segment, Refusal)>,
}

/// The looks at one series: their p-values, divided by their parts.
struct Looked {
    p: f64,
    look: u32,
    above: bool,
    /// The p-value of the last value alone.
    alone: f64,
    /// How far the last value may lie off for a p-value, in the spread of its prediction.
    spread: f64,
    degrees: f64,
    widened: f64,
    part: f64,
}

/// Judges all series of a grain in a period, at a level of false call-outs. Bits do not hang on threads or on the order in which
/// figures came.
#[must_use]
pub fn review(project: &Project, frame: &Frame, ordinal: i32, level: f64, threads: usize) -> Review {
    let period = frame.period(ordinal);
    let known: Vec<(&Kpi, &Segments)> = frame
        .kpis
        .iter()
        .filter_map(|(id, segments)| Some((project.kpis.get(id)?, segments)))
        .filter(|(_, segments)| segments.values().any(|series| at(series, ordinal).is_some()))
        .collect();
    let held_back = doubt::held_back(project, period, &frame.loads);
    let filtered =
        parallel::map(&known, threads, |(kpi, segments)| filter(project, kpi, segments, period, &held_back));
    let of_class = |total: bool| -> Vec<&Seen<'_>> {
        filtered.iter().flat_map(|of| &of.series).filter(|seen| seen.segment.is_total() == total).collect()
    };
    let (totals, members) = (of_class(true), of_class(false));
    let prior = |of: &[&Seen<'_>]| Prior::fit(&of.iter().map(|s| s.variance()).collect::<Vec<_>>()).ok();
    // Where totals are too few to say what they have in common, members say it for them.
    let both = || prior(&[totals.clone(), members.clone()].concat());
    let of_totals = prior(&totals).or_else(both);
    let of_members = prior(&members).or(of_totals);
    let widths = [widths(&totals, of_totals), widths(&members, of_members)];
    let looked: Vec<Vec<Looked>> = parallel::map(&filtered, threads, |of| {
        let look = |seen: &Seen<'_>| {
            let total = seen.segment.is_total();
            let (prior, widths) = if total { (of_totals, &widths[0]) } else { (of_members, &widths[1]) };
            look(seen, of.scale, prior, widths)
        };
        of.series.iter().map(look).collect()
    });
    let tests: Vec<Tests> =
        filtered.iter().zip(&looked).map(|(of, looked)| tests(project, of, looked, period)).collect();
    // A p-value is one by construction; were it not, nothing is called out.
    let decided = policy::decide(&tests, level).unwrap_or_default();
    let mut judged: BTreeMap<KpiId, BTreeMap<Segment, Judgement>> = BTreeMap::new();
    for ((of, looked), decided) in filtered.iter().zip(&looked).zip(&decided) {
        let own = judged.entry(of.kpi.id.clone()).or_default();
        let mut held: BTreeMap<&Segment, Held> = BTreeMap::new();
        held.extend(of.series.iter().find(|s| s.segment.is_total()).map(|s| s.segment).zip(decided.total));
        let dimensions = by_dimension(of);
        for (places, decided) in dimensions.values().zip(&decided.members) {
            let segments = places.iter().filter_map(|place| of.series.get(*place)).map(|seen| seen.segment);
            held.extend(segments.zip(decided.iter().copied()));
        }
        for (seen, looked) in of.series.iter().zip(looked) {
            let Some(held) = held.get(seen.segment) else { continue };
            own.insert(seen.segment.clone(), Ok(judge(of, seen, looked, *held)));
        }
        own.extend(of.refused.iter().map(|(segment, why)| ((*segment).clone(), Err(*why))));
    }
    Review { period, judged, totals: of_totals, members: of_members }
}

fn at(series: &[Figure], ordinal: i32) -> Option<&Figure> {
    series.get(series.binary_search_by_key(&ordinal, |figure| figure.ordinal).ok()?)
}

/// So many periods say whether the first has fewer cases than it would have whole.
const AFTER_THE_FIRST: usize = 6;

/// The first period of what adds up, or is computed of others, where the data seem to begin within it: it has less than half of the cases
/// that the next ones have. It says nothing of what is usual.
fn begun_within(kpi: &Kpi, total: &[Figure]) -> Option<i32> {
    if kpi.over_time() != Carry::AddsUp && kpi.measure.kind().inputs().is_empty() {
        return None;
    }
    let (first, rest) = total.split_first()?;
    let mut cases: Vec<u64> = rest.iter().take(AFTER_THE_FIRST).map(|figure| figure.coverage.cases).collect();
    cases.sort_unstable();
    let usual = *cases.get(AFTER_THE_FIRST / 2)?;
    (first.coverage.cases > 0 && first.coverage.cases * 2 < usual).then_some(first.ordinal)
}

/// The most that single answers of earlier periods scattered by, as a variance: if nothing happened those of the judged period scatter no more. By its
/// own scatter one answer a thousand times too large would widen what is usual so far that it lies within.
fn scatter(scaling: &Scaling<'_>, before: &[Figure]) -> f64 {
    let known = before.iter().filter(|figure| figure.is_final && figure.effective_n > 0.0);
    let each = known.filter_map(|figure| Some(scaling.point(figure)?.variance * figure.effective_n));
    each.reduce(f64::max).unwrap_or(f64::INFINITY)
}

/// Puts the series of a KPI on its scale and filters them.
fn filter<'f>(
    project: &'f Project,
    kpi: &'f Kpi,
    segments: &'f Segments,
    period: Period,
    held_back: &BTreeSet<EntityId>,
) -> Filtered<'f> {
    let ordinal = period.ordinal;
    let scaling = Scaling::of(kpi, period.grain, &project.calendar, segments, ordinal);
    let mut found = Filtered {
        kpi,
        scale: scaling.scale,
        scaling: scaling.clone(),
        ordinal,
        series: Vec::new(),
        refused: Vec::new(),
    };
    let need = needed(period.grain);
    // What members are made of is what the total is.
    let total = segments.get(&Segment::total()).map(Vec::as_slice).unwrap_or_default();
    let in_doubt = kpi.reads.iter().any(|entity| held_back.contains(entity))
        || doubt::of_figure(project, kpi, period, total).is_ok_and(|doubts| !doubts.is_empty());
    let from = ordinal.saturating_sub(longest(period.grain));
    let from = from.max(begun_within(kpi, total).map_or(from, |first| first + 1));
    let mut taken: Vec<(&Segment, usual::Series, u32)> = Vec::new();
    for (segment, series) in segments {
        let Some(now) = at(series, ordinal) else { continue };
        if kpi.overlaps() {
            found.refused.push((segment, Refusal::Overlapping));
            continue;
        }
        if !now.is_final {
            found.refused.push((segment, Refusal::NotFinal));
            continue;
        }
        if in_doubt {
            found.refused.push((segment, Refusal::InDoubt));
            continue;
        }
        let end = series.partition_point(|figure| figure.ordinal < ordinal);
        let start = series.partition_point(|figure| figure.ordinal < from);
        let before = series.get(start..end).unwrap_or_default();
        let have = before.iter().filter(|figure| figure.is_final).count() as u32;
        if have < need {
            found.refused.push((segment, Refusal::TooFew { have, need }));
            continue;
        }
        let recent = before.iter().rev().take(CASES_OVER);
        let cases: Option<Vec<f64>> = recent.map(|figure| scaling.cases(figure)).collect();
        let mean = cases.map(|cases| cases.iter().sum::<f64>() / cases.len().max(1) as f64);
        if mean.is_some_and(|mean| mean < FEWEST_CASES) {
            found.refused.push((segment, Refusal::FewCases));
            continue;
        }
        let first = before.first().map_or(ordinal, |figure| figure.ordinal);
        let mut points: usual::Series = vec![None; usize::try_from(ordinal - first).unwrap_or(0) + 1];
        for figure in before.iter().filter(|figure| figure.is_final).chain([now]) {
            let place = usize::try_from(figure.ordinal - first).ok().and_then(|at| points.get_mut(at));
            if let Some(place) = place {
                *place = scaling.point(figure);
            }
        }
        if let Some(Some(last)) = points.last_mut()
            && matches!(scaling.scale, Scale::Plain | Scale::Logarithm)
        {
            last.variance = last.variance.min(scatter(&scaling, before) / now.effective_n.max(1.0));
        }
        taken.push((segment, points, have));
    }
    // The season is that of the total: of members it would be noise.
    let total = taken.iter().find(|(segment, ..)| segment.is_total());
    let season = total.zip(season_of(period.grain)).and_then(|((_, points, _), length)| {
        let first = i64::from(ordinal) - points.len() as i64 + 1;
        Season::find(points, length, first)
    });
    if let Some(season) = &season {
        for (_, points, _) in &mut taken {
            // All end in the same place.
            let places = points.iter_mut().rev().zip(season.course.iter().rev());
            places.for_each(|(point, course)| point.iter_mut().for_each(|p| p.value -= course));
        }
    }
    let series: Vec<usual::Series> = taken.iter().map(|(_, points, _)| points.clone()).collect();
    let Ok(model) = usual::Usual::fit(&series) else {
        found.refused.extend(taken.iter().map(|(segment, ..)| (*segment, Refusal::NeverMoved)));
        return found;
    };
    let (within, beyond) = season.as_ref().map_or((1.0, 1.0), Season::widening);
    let course = season.as_ref().and_then(|s| s.course.last()).copied().unwrap_or(0.0);
    for (segment, points, periods) in taken {
        let filtered = model.filter(&points);
        let (Some(expected), Some(Some(last))) = (filtered.last, filtered.innovations.last().copied()) else {
            found.refused.push((segment, Refusal::NeverMoved));
            continue;
        };
        let earlier = filtered.innovations.iter().rev().skip(1).rev();
        let spread = expected.spread * beyond;
        let sampled =
            points.last().copied().flatten().map_or(0.0, |point| point.variance / (spread * spread));
        found.series.push(Seen {
            segment,
            past: earlier.flatten().map(|z| z / within).collect(),
            last: last / beyond,
            expected: Expected { value: expected.value + course, spread },
            sampled,
            periods,
            is_short: season_of(period.grain).is_some_and(|season| points.len() < SHORT.max(2 * season + 1)),
        });
    }
    found
}

/// The variance of a series relative to what its KPI lets expect, drawn to the common one, with its degrees of freedom. Never less
/// than sampling alone.
fn moderated(seen: &Seen<'_>, prior: Option<Prior>) -> (f64, f64) {
    let (own, n) = seen.variance();
    let (variance, degrees) = prior.map_or((own, n), |prior| prior.moderated(own, n));
    // A season that cannot be told from a change yet lies in some series and not in others: what all have in common is no help.
    let degrees = if seen.is_short { degrees.min(n) } else { degrees };
    (variance.max(seen.sampled), degrees)
}

/// Sums of neighbouring errors over so many periods, each in the spread of the sum; the last one is the last value's, which is given.
fn sums(seen: &Seen<'_>, last: f64, variance: f64, look: usize) -> Vec<f64> {
    let past = seen.past.iter().map(|z| z / variance.sqrt());
    let all: Vec<f64> = past.chain([last]).collect();
    all.windows(look).map(|of| of.iter().sum::<f64>() / (look as f64).sqrt()).collect()
}

/// Whether a look has enough to go by.
fn can_look(seen: &Seen<'_>, look: usize) -> bool {
    look == 1 || seen.past.len() + 1 >= 2 * look + 4
}

/// By what the tails of each look are wider than Student's, over the past of all series of a class; at least 1.
fn widths(class: &[&Seen<'_>], prior: Option<Prior>) -> [f64; LOOKS.len()] {
    let mut widths: [f64; LOOKS.len()] = [1.0; LOOKS.len()];
    for (width, (look, _)) in widths.iter_mut().zip(LOOKS) {
        let mut past: Vec<f64> = Vec::new();
        let mut degrees: f64 = 1.0;
        for seen in class.iter().filter(|seen| can_look(seen, look)) {
            let (variance, own) = moderated(seen, prior);
            degrees = degrees.max(own);
            let sums = sums(seen, 0.0, variance, look);
            // What shares a period with the last sum is part of what is judged.
            let known = sums.get(..sums.len().saturating_sub(look)).unwrap_or_default();
            past.extend(known.iter().rev().take(PAST).map(|sum| sum.abs()));
        }
        let n = past.len();
        for place in PLACES {
            // A place that no value lies beyond says nothing.
            if n as f64 * (1.0 - place) < 1.0 {
                continue;
            }
            let at = ((n as f64 * place).ceil() as usize).clamp(1, n) - 1;
            let (_, seen, _) = past.select_nth_unstable_by(at, f64::total_cmp);
            *width = width.max(*seen / student::quantile(0.5 + place / 2.0, degrees));
        }
    }
    widths
}

fn look(seen: &Seen<'_>, scale: Scale, prior: Option<Prior>, widths: &[f64; LOOKS.len()]) -> Looked {
    let (variance, degrees) = moderated(seen, prior);
    let spread = variance.sqrt() * seen.expected.spread;
    // Few cases: an error is never less likely than counts of their variance make it.
    let place = seen.expected.value + seen.last * seen.expected.spread;
    let likely =
        -normal::quantile((scale.chance(place, seen.expected.value, spread * spread) / 2.0).max(1e-300));
    let last = (seen.last / variance.sqrt()).clamp(-likely.max(0.0), likely.max(0.0));
    let possible = || LOOKS.into_iter().zip(widths).filter(|((look, _), _)| can_look(seen, *look));
    let parts: f64 = possible().map(|((_, part), _)| part).sum();
    let mut best = Looked {
        p: 1.0,
        look: 1,
        above: seen.last > 0.0,
        alone: 1.0,
        spread,
        degrees,
        widened: widths[0],
        part: LOOKS[0].1 / parts,
    };
    for ((look, part), width) in possible() {
        let Some(sum) = sums(seen, last, variance, look).last().copied() else { continue };
        let p = (student::two_sided(sum / width, degrees) * parts / part).min(1.0);
        if look == 1 {
            best.alone = p;
        }
        if p < best.p {
            (best.p, best.look, best.above) = (p, look as u32, sum > 0.0);
        }
    }
    best
}

/// Members by dimension or combination: their places among the series.
fn by_dimension<'f>(of: &Filtered<'f>) -> BTreeMap<Vec<&'f DimensionId>, Vec<usize>> {
    let mut by: BTreeMap<Vec<&DimensionId>, Vec<usize>> = BTreeMap::new();
    for (place, seen) in of.series.iter().enumerate().filter(|(_, seen)| !seen.segment.is_total()) {
        by.entry(seen.segment.0.iter().map(|(dimension, _)| dimension).collect()).or_default().push(place);
    }
    by
}

fn tests(project: &Project, of: &Filtered<'_>, looked: &[Looked], period: Period) -> Tests {
    let p = |place: usize| looked.get(place).map_or(1.0, |of| of.p);
    Tests {
        weight: policy::weight(project, of.kpi, period),
        total: of.series.iter().position(|seen| seen.segment.is_total()).map(p),
        members: by_dimension(of).values().map(|places| places.iter().map(|at| p(*at)).collect()).collect(),
    }
}

fn judge(of: &Filtered<'_>, seen: &Seen<'_>, looked: &Looked, held: Held) -> Usual {
    // How far the last value may lie off before its own look calls it out.
    let deviations = -student::quantile((held.limit * looked.part / 2.0).clamp(1e-300, 0.5), looked.degrees);
    let half = deviations * looked.widened * looked.spread;
    let value = |place: f64| of.scaling.value(place, of.ordinal);
    let off = seen.last * seen.expected.spread;
    let unlikely = normal::two_sided(deviations * looked.widened);
    let end = |side: f64| {
        let at = |distance: f64| seen.expected.value + side * distance;
        let chance =
            |distance| of.scale.chance(at(distance), seen.expected.value, looked.spread * looked.spread);
        // Where counts are likelier than that, the end lies farther off, at most four times, and never short of where it is.
        let (mut near, mut far) = (half, 4.0 * half);
        if chance(near) <= unlikely {
            return at(near);
        }
        for _ in 0..14 {
            let middle = f64::midpoint(near, far);
            if chance(middle) > unlikely { near = middle } else { far = middle }
        }
        at(far)
    };
    let verdict = match held.called_out {
        false => Verdict::Within,
        // Several looks may call it out: that of the last value goes first.
        true if looked.alone <= held.limit => Verdict::Beyond,
        true => Verdict::Drifting,
    };
    Usual {
        verdict,
        above: if verdict == Verdict::Beyond { off > 0.0 } else { looked.above },
        expected: value(seen.expected.value),
        low: value(end(-1.0)),
        high: value(end(1.0)),
        spread: looked.spread,
        degrees: looked.degrees,
        p: looked.p,
        limit: held.limit,
        look: if verdict == Verdict::Beyond { 1 } else { looked.look },
        periods: seen.periods,
    }
}

/// Judges a period of a frame, at the project's own level. `grains` is how many grains the project publishes.
#[must_use]
pub fn reviewed(project: &Project, frame: &Frame, ordinal: i32, grains: usize, threads: usize) -> Review {
    let level = policy::level(&project.attention, frame.grain, grains, policy::CLAIMED);
    review(project, frame, ordinal, level, threads)
}

/// A change against the last final value before, and how it lies to what is usual.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Change {
    /// The difference in the KPI's unit.
    pub difference: f64,
    /// The period compared with.
    pub since: Period,
    /// What is usual of the value, or why nobody can say.
    pub judged: Judgement,
    /// Whether it goes the good way: beyond what is usual, against what was expected; else against the earlier value. None where
    /// neither way is good or nothing has changed.
    pub favourable: Option<bool>,
}

impl Change {
    /// From the earlier to the later value.
    #[must_use]
    pub fn new(
        (previous, since): (f64, Period),
        current: f64,
        judged: Judgement,
        better: Better,
        lines: Option<&TargetLines>,
    ) -> Self {
        let against = match judged {
            Ok(usual) if usual.verdict != Verdict::Within => usual.expected,
            _ => previous,
        };
        let favourable = goodness(better, lines).and_then(|good| {
            // The last values of a drift may lie on either side of what was expected of the last.
            let drifts = judged.is_ok_and(|usual| usual.verdict == Verdict::Drifting);
            let gain = match judged {
                Ok(usual) if drifts && (current > against) != usual.above => good(against) - good(current),
                _ => good(current) - good(against),
            };
            if gain == 0.0 { None } else { Some(gain > 0.0) }
        });
        Self { difference: current - previous, since, judged, favourable }
    }

    /// Its verdict.
    #[must_use]
    pub fn verdict(&self) -> Verdict {
        self.judged.map_or(Verdict::Unknown, |usual| usual.verdict)
    }
}
