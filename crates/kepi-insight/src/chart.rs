//! Its control chart: whether the points since its level last changed vary as by chance, when the level changed, and what the season makes of it.
//! Nothing here is called out: who looks at one chart is told how often such a chart signals by chance.

use kepi_model::calendar::Period;
use kepi_query::value::Segment;
use kepi_stats::{
    control::usual::{Point, Season, Series},
    control::{
        chart::{RangeConstant, Spread, individuals},
        run_rules::{RunRule, average_run_length, signals},
    },
    series::{
        change_point::sup_f,
        decomposition::{SeasonShape, StlOptions, StlOutliers, stl},
    },
};

use crate::{
    analysis::{Analysis, Ask, Cadence, Check, Exhibit, Frames, Insight, Shown, Verdict},
    season::{longest, season_of},
    sentence::{NoChart, Sentence},
};

/// The row of the list.
pub const ANALYSIS: Analysis = Analysis {
    name: "chart",
    version: 1,
    question: "Does its control chart signal, and when did its level change?",
    cadence: Cadence::Standing,
    family: None,
    answer,
};

/// A point beyond three standard deviations, or eight in a row on one side of the centre.
const RULES: [RunRule; 2] = [RunRule::Beyond { sigma: 3.0 }, RunRule::OneSide { length: 8 }];
/// Points that a chart needs, and a stretch in which a further change of level is looked for.
const NEED: usize = 12;
const STRETCH: usize = 20;
/// The share on either side in which no change is looked for.
const TRIM: f64 = 0.15;

/// Places at which a level begins, the first of them 0.
fn levels(values: &[f64]) -> Vec<usize> {
    let mut begins = vec![0];
    split(values, 0, &mut begins);
    begins.sort_unstable();
    begins
}

/// A level has more points than one: one far off is a signal.
const SHORTEST: usize = 2;

/// Where the level changed once it is known that it did. What the largest F is held against holds of changes with 15 % of the points on either
/// side (Andrews 1993): that there is a change is told by these alone. If it is largest at the last place that was looked at, the change may as
/// well lie beyond, and the place with the least squares there is taken (as Bai 1994 does of all places).
fn place_of(values: &[f64], found: usize) -> usize {
    let n = values.len();
    let margin = ((TRIM * n as f64).floor() as usize).max(1);
    let beyond = match found {
        at if at == n - margin => at..=n - SHORTEST.min(margin),
        at if at == margin => SHORTEST.min(margin)..=at,
        at => at..=at,
    };
    let left = |at: &usize| {
        let (before, after) = values.split_at(*at);
        [before, after].into_iter().flat_map(around_its_mean).map(|x| x * x).sum::<f64>()
    };
    beyond.min_by(|a, b| left(a).total_cmp(&left(b))).unwrap_or(found)
}

/// The largest F of one change of the mean (Andrews 1993), made smaller by what neighbouring points have in common: with correlation r between
/// them a mean varies as that of (1 − r)/(1 + r) as many points. Then the same on either side.
fn split(values: &[f64], offset: usize, begins: &mut Vec<usize>) {
    let Ok(found) = sup_f(values, TRIM) else { return };
    let (before, after) = values.split_at(found.position);
    let left: Vec<f64> = [before, after].into_iter().flat_map(around_its_mean).collect();
    let squares: f64 = left.iter().map(|x| x * x).sum();
    let products: f64 = left.iter().zip(left.iter().skip(1)).map(|(a, b)| a * b).sum();
    let together = if squares > 0.0 { (products / squares).clamp(0.0, 0.95) } else { 0.0 };
    let statistic = found.statistic * (1.0 - together) / (1.0 + together);
    if !(kepi_stats::series::change_point::SupF { statistic, ..found }).significant() {
        return;
    }
    let position = place_of(values, found.position);
    let (before, after) = values.split_at(position);
    begins.push(offset + position);
    for (part, offset) in [(before, offset), (after, offset + position)] {
        if part.len() >= STRETCH {
            split(part, offset, begins);
        }
    }
}

fn around_its_mean(of: &[f64]) -> Vec<f64> {
    let mean = mean(of);
    of.iter().map(|x| x - mean).collect()
}

fn mean(of: &[f64]) -> f64 {
    of.iter().sum::<f64>() / of.len().max(1) as f64
}

/// The season of values in a row, and how strong it is: only where there is one for certain, and two rounds of it.
fn season(values: &[f64], first: i32, length: Option<usize>) -> Option<(Vec<f64>, f64)> {
    let length = length?;
    let places: Series = values.iter().map(|value| Some(Point { value: *value, variance: 0.0 })).collect();
    Season::find(&places, length, i64::from(first))?;
    let options = StlOptions {
        shape: SeasonShape::Fixed,
        outliers: StlOutliers::DownWeighted,
        ..StlOptions::default()
    };
    let found = stl(values, length, options).ok()?;
    let strength = found.seasonal_strength();
    Some((found.seasonal, strength))
}

/// Final values in a row up to a period, the newest last, with the ordinal of the first.
fn in_a_row(ask: &Ask<'_>, frames: &dyn Frames) -> (i32, Vec<f64>) {
    let calendar = &frames.project().calendar;
    let wording =
        |ordinal| ask.kpi.in_period(Period { ordinal, ..ask.period }, calendar).map(|kpi| kpi.wording);
    let from = ask.period.ordinal.saturating_sub(longest(ask.period.grain));
    let known = frames.points(ask.kpi, ask.period.grain, &Segment::total(), from..=ask.period.ordinal);
    let mut row: Vec<(i32, f64)> = Vec::new();
    for (ordinal, value) in known.into_iter().rev() {
        if let Some((next, _)) = row.last()
            && (ordinal != next - 1 || wording(ordinal) != wording(*next))
        {
            break;
        }
        row.push((ordinal, value));
    }
    row.reverse();
    (row.first().map_or(0, |(first, _)| *first), row.into_iter().map(|(_, value)| value).collect())
}

fn answer(ask: &Ask<'_>, frames: &dyn Frames) -> Option<Insight> {
    let (first, values) = in_a_row(ask, frames);
    if values.is_empty() {
        return None;
    }
    let refused = |why: NoChart| {
        let checks =
            vec![Check { name: "enough periods in a row", holds: !matches!(why, NoChart::TooFew { .. }) }];
        let says = vec![Sentence::NoChart(why)];
        Some(Insight { verdict: Verdict::Unknown, says, exhibit: None, checks, looked_at: values.len() })
    };
    if ask.kpi.overlaps() {
        return refused(NoChart::Overlapping);
    }
    if values.len() < NEED {
        return refused(NoChart::TooFew { have: values.len(), need: NEED });
    }
    let at = |place: usize| Period { ordinal: first + place as i32, ..ask.period };
    let season = season(&values, first, season_of(ask.period.grain));
    let off = |place: usize| season.as_ref().and_then(|(of, _)| of.get(place)).copied().unwrap_or(0.0);
    let left: Vec<f64> = values.iter().enumerate().map(|(place, value)| value - off(place)).collect();
    let begins = levels(&left);
    // The chart is of what came since the last change, unless that is too little.
    let from = begins.iter().rev().copied().find(|from| left.len() - from >= NEED).unwrap_or(0);
    let charted = left.get(from..).unwrap_or_default();
    let Ok(chart) = individuals(charted, None, RangeConstant::Exact) else {
        return refused(NoChart::NeverMoved);
    };
    let Spread::MovingRange { sigma, .. } = chart.spread else { return refused(NoChart::NeverMoved) };
    let Ok(found) = signals(charted, chart.centre, sigma, &RULES) else {
        return refused(NoChart::NeverMoved);
    };
    let one_in = average_run_length(&RULES, 0.0).ok()?;
    let signalling: Vec<Period> = found
        .iter()
        .enumerate()
        .filter(|(_, rules)| !rules.is_empty())
        .map(|(place, _)| at(from + place))
        .collect();
    let verdict =
        if found.last().is_some_and(|rules| !rules.is_empty()) { Verdict::Yes } else { Verdict::No };
    let (low, high) = (chart.centre - 3.0 * sigma, chart.centre + 3.0 * sigma);
    let mut says = vec![Sentence::Charted {
        points: charted.len(),
        low,
        high,
        signalling,
        without_season: season.is_some(),
        one_in,
    }];
    let ends: Vec<usize> = begins.iter().skip(1).copied().chain([left.len()]).collect();
    let stretches: Vec<(usize, usize, f64)> = begins
        .iter()
        .zip(&ends)
        .map(|(from, to)| (*from, *to, mean(left.get(*from..*to).unwrap_or_default())))
        .collect();
    says.push(match stretches.as_slice() {
        [.., (_, _, before), (since, _, now)] => Sentence::LevelChanged {
            since: at(*since),
            before: *before,
            now: *now,
            changes: stretches.len() - 1,
            lately: ((left.len() - since) as f64) < TRIM * left.len() as f64,
        },
        _ => Sentence::OneLevel { points: left.len() },
    });
    if let (Some((of, strength)), Some(length)) = (&season, season_of(ask.period.grain)) {
        // Of the last round.
        let round = of.len().saturating_sub(length)..of.len();
        let extreme = |way: f64| {
            round.clone().max_by(|a, b| {
                let value = |place: &usize| way * of.get(*place).copied().unwrap_or(0.0);
                value(a).total_cmp(&value(b)).then(b.cmp(a))
            })
        };
        if let Some((most, least)) = extreme(1.0).zip(extreme(-1.0)) {
            says.push(Sentence::Season { strength: *strength, most: at(most), least: at(least) });
        }
    }
    let label = |place: usize| frames.project().calendar.label(at(place));
    let rows = stretches.iter().map(|(from, to, mean)| {
        let name = format!("{} to {}", label(*from), label(to.saturating_sub(1)));
        (name, vec![Shown::Value(*mean), Shown::Count((to - from) as f64)])
    });
    let exhibit = Exhibit { columns: vec!["level", "periods"], rows: rows.collect() };
    let checks = vec![
        Check { name: "enough periods in a row", holds: true },
        Check {
            name: "one level for as long as is charted",
            holds: begins.last().is_none_or(|last| *last <= from),
        },
    ];
    Some(Insight { verdict, says, exhibit: Some(exhibit), checks, looked_at: values.len() })
}
