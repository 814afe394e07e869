//! Its control chart: whether the points since its level last changed vary as by chance, when the level changed, and what the season makes of it.
//! Shares and counts of events have a chart of theirs (p, u), whose limits hang on how many cases a period has. Nothing here is called out: who
//! looks at one chart is told how often such a chart signals by chance.

use kepi_model::{
    calendar::Period,
    measure::{Aggregate, Measure, ValueUnit},
    project::Kpi,
};
use kepi_query::value::Segment;
use kepi_stats::{
    control::usual::{Point, Season, Series},
    control::{
        chart::{Dispersion, RangeConstant, Spread, greatest_factor, individuals, proportions, rates},
        run_rules::{RunRule, average_run_length, signals},
    },
    estimate::NotComputable,
    series::{
        change_point::sup_f,
        decomposition::{SeasonShape, StlOptions, StlOutliers, stl},
    },
};

use crate::{
    analysis::{Analysis, Ask, Cadence, Check, Exhibit, Frames, Insight, Shown, Verdict},
    frame::{Scale, ends, goes_by_the_day},
    season::{longest, season_of},
    sentence::{Charting, NoChart, Sentence, Spreading},
};

/// The row of the list.
pub const ANALYSIS: Analysis = Analysis {
    name: "chart",
    version: 3,
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
/// Cases a period on the smaller side below which counts are too skewed for limits on both sides.
const FEWEST: f64 = 5.0;
/// From so many on limits of chance alone are narrow, and what varies beyond them is no cause of its own but how such figures vary.
const MANY: f64 = 30.0;
/// The level at which it does.
const BEYOND: f64 = 0.05;

/// Limits of a period, in the unit of the KPI.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Limits {
    /// The lower.
    pub low: f64,
    /// What is to be expected.
    pub centre: f64,
    /// The upper.
    pub high: f64,
    /// Whether the period signals.
    pub signals: bool,
}

/// A control chart.
#[derive(Debug, Clone, PartialEq)]
pub struct Chart {
    /// The first period.
    pub first: Period,
    /// Its values, one a period.
    pub values: Vec<f64>,
    /// Where each level begins and ends, and its mean.
    pub levels: Vec<(usize, usize, f64)>,
    /// Where that begins which limits rest on.
    pub from: usize,
    /// Limits of the periods from there on.
    pub limits: Vec<Limits>,
    /// What the points vary by.
    pub spreading: Spreading,
    /// What the season adds in each period on a scale on which points vary alike, and how strong it is.
    pub season: Option<(Vec<f64>, f64)>,
    /// That scale; as it is where there is no season.
    scale: Scale,
}

impl Chart {
    /// A period by its place.
    #[must_use]
    pub fn period(&self, place: usize) -> Period {
        self.first.offset(place as i32)
    }

    /// The level at a place, with its season: by the last change, also where limits rest on what came before it, too.
    #[must_use]
    pub fn level(&self, place: usize) -> f64 {
        let season = self.season.as_ref().and_then(|(of, _)| of.get(place)).copied().unwrap_or(0.0);
        let of = self.levels.iter().find(|(from, to, _)| (*from..*to).contains(&place));
        // Within one level the centre of its chart, which hangs on how many cases a period has.
        let one = self.levels.last().is_none_or(|(from, ..)| *from <= self.from);
        match self.limits(place).filter(|_| one) {
            Some(limits) => limits.centre,
            None => of.map_or(0.0, |(.., mean)| match self.scale.to(*mean) {
                Some(mean) => self.scale.from(self.scale.within(mean + season)),
                None => *mean,
            }),
        }
    }

    /// The limits of a place; none of what came before those that they rest on.
    #[must_use]
    pub fn limits(&self, place: usize) -> Option<&Limits> {
        self.limits.get(place.checked_sub(self.from)?)
    }
}

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
///
/// All values make it: what is left then varies less than chance by as much everywhere, and limits that rest on what is left are as narrow.
/// With what lies off weighted down it would leave all of that and less of the rest, and three times as many points that nothing happened in
/// would lie beyond limits. Only what lies off as chance never does would bend the season of all its namesakes: in its place stands what a robust
/// season lets expect there.
fn season(values: &[f64], first: i32, length: Option<usize>) -> Option<(Vec<f64>, f64)> {
    let length = length?;
    let places: Series = values.iter().map(|value| Some(Point { value: *value, variance: 0.0 })).collect();
    Season::find(&places, length, i64::from(first))?;
    let options = StlOptions { shape: SeasonShape::Fixed, ..StlOptions::default() };
    let mut found = stl(values, length, options).ok()?;
    let far = FAR * deviation(&found.remainder);
    if found.remainder.iter().any(|left| left.abs() > far) {
        let robust =
            stl(values, length, StlOptions { outliers: StlOutliers::DownWeighted, ..options }).ok()?;
        let calm = values.iter().zip(&robust.remainder);
        let calm: Vec<f64> =
            calm.map(|(value, left)| if left.abs() > far { value - left } else { *value }).collect();
        found = stl(&calm, length, options).ok()?;
    }
    let strength = found.seasonal_strength();
    Some((found.seasonal, strength))
}

/// Standard deviations beyond which chance never makes a value.
const FAR: f64 = 5.0;

/// The standard deviation by the median of sizes, on which what lies far off has no hold.
fn deviation(left: &[f64]) -> f64 {
    let mut sizes: Vec<f64> = left.iter().map(|value| value.abs()).collect();
    sizes.sort_by(f64::total_cmp);
    1.4826 * sizes.get(sizes.len() / 2).copied().unwrap_or(0.0)
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

/// What is counted in periods in a row, and among how many or how long; none where nothing is that is counted one by one.
fn counted(kpi: &Kpi, frames: &dyn Frames, periods: &[Period]) -> Option<(Charting, Vec<(u64, f64)>)> {
    if kpi.weight.is_some() || kpi.design.is_some() {
        return None;
    }
    let days = |period: Period| {
        let bounds = frames.project().calendar.bounds(period).ok()?;
        Some((bounds.end - bounds.start) as f64 / 86_400e6)
    };
    let rows = |aggregate: &Aggregate| matches!(aggregate, Aggregate::Count);
    let (charting, per) = match &kpi.measure {
        Measure::Share(_) => (Charting::Shares, 1.0),
        Measure::Rating(_) if kpi.unit == ValueUnit::Share => (Charting::Shares, 1.0),
        Measure::Total(total) if rows(&total.aggregate) => (Charting::Events, 1.0),
        // Among what else there is so many of; of a sum it is not known how much that was.
        Measure::Ratio(ratio)
            if rows(&ratio.numerator.aggregate)
                && !matches!(ratio.denominator.aggregate, Aggregate::Sum(_))
                && ratio.numerator.rows.of != ratio.denominator.rows.of =>
        {
            (Charting::Events, ratio.per as f64)
        }
        _ => return None,
    };
    let is_total = matches!(kpi.measure, Measure::Total(_));
    let known = periods.iter().filter(|_| is_total).filter_map(|period| {
        let figure = frames.figure(kpi, *period, &Segment::total())?;
        Some((period.ordinal, figure.point, days(*period)?))
    });
    let by_day = goes_by_the_day(&known.collect::<Vec<_>>(), Scale::of(&kpi.unit));
    let one = |period: &Period| {
        let figure = frames.figure(kpi, *period, &Segment::total())?;
        let among = match is_total {
            true if by_day => days(*period)?,
            true => 1.0,
            false => figure.effective_n,
        };
        let count = if is_total { figure.point } else { figure.point / per * among };
        let is_whole = among > 0.0 && (count - count.round()).abs() < 1e-6 * count.max(1.0);
        is_whole.then_some((count.round() as u64, among))
    };
    Some((charting, periods.iter().map(one).collect::<Option<_>>()?))
}

/// Centre and limits of a period, and how many standard deviations its point lies off.
type Place = (f64, f64, f64, f64);

/// The chart of what is counted: limits as wide as chance makes them, or as neighbours differ where there are many cases and they differ more.
fn of_counts(
    charting: Charting,
    counted: &[(u64, f64)],
) -> Result<Option<(Vec<Place>, Spreading)>, NotComputable> {
    let counts: Vec<u64> = counted.iter().map(|(count, _)| *count).collect();
    let among: Vec<f64> = counted.iter().map(|(_, among)| *among).collect();
    let least = |(count, among): &(u64, f64)| match charting {
        Charting::Shares => (*count as f64).min(among - *count as f64),
        _ => *count as f64,
    };
    let cases = counted.iter().map(least).sum::<f64>() / counted.len().max(1) as f64;
    if cases < FEWEST {
        return Ok(None);
    }
    let chart = |dispersion| match charting {
        Charting::Shares => {
            let sizes: Vec<u64> = among.iter().map(|n| n.round() as u64).collect();
            proportions(&counts, &sizes, None, dispersion)
        }
        _ => rates(&counts, &among, None, dispersion),
    };
    let laney = chart(Dispersion::Laney)?;
    let Spread::Inflated { factor } = laney.spread else { return Ok(None) };
    let greatest = greatest_factor(counts.len(), BEYOND);
    // Where neighbours differ less than by chance, what is counted are no cases of their own: customers that are there month after month.
    if factor < 2.0 - greatest {
        return Ok(None);
    }
    let beyond = factor > greatest;
    let widened = beyond && cases >= MANY;
    let chart = if widened { laney } else { chart(Dispersion::Theoretical)? };
    let centre = chart.centre;
    let place = |point: &kepi_stats::control::chart::ChartPoint| {
        (point.low, centre, point.high, (point.value - centre) / point.sigma)
    };
    let spreading = Spreading { of: charting, factor, beyond, widened };
    Ok(Some((chart.points.iter().map(place).collect(), spreading)))
}

/// The control chart of a KPI over all rows up to a period; none where it has no value.
#[must_use]
pub fn of(ask: &Ask<'_>, frames: &dyn Frames) -> Option<Result<Chart, NoChart>> {
    let (first, values) = in_a_row(ask, frames);
    if values.is_empty() {
        return None;
    }
    if ask.kpi.overlaps() {
        return Some(Err(NoChart::Overlapping));
    }
    if values.len() < NEED {
        return Some(Err(NoChart::TooFew { have: values.len(), need: NEED }));
    }
    let first = Period { ordinal: first, ..ask.period };
    Some(charted(ask.kpi, first, values, frames).map_err(|_| NoChart::NeverMoved))
}

fn charted(kpi: &Kpi, first: Period, values: Vec<f64>, frames: &dyn Frames) -> Result<Chart, NotComputable> {
    // What has a season varies the more the more there is of it: it is taken off where points vary alike.
    let wanted = Scale::of(&kpi.unit);
    let placed: Option<Vec<f64>> = values.iter().map(|value| wanted.to(*value)).collect();
    let (scale, placed) = placed.map_or_else(|| (Scale::Plain, values.clone()), |placed| (wanted, placed));
    let season = season(&placed, first.ordinal, season_of(first.grain));
    let (scale, placed) = if season.is_some() { (scale, placed) } else { (Scale::Plain, values.clone()) };
    let off = |place: usize| season.as_ref().and_then(|(of, _)| of.get(place)).copied().unwrap_or(0.0);
    let left: Vec<f64> = placed.iter().enumerate().map(|(place, value)| value - off(place)).collect();
    let begins = levels(&left);
    // The chart is of what came since the last change, unless that is too little.
    let from = begins.iter().rev().copied().find(|from| left.len() - from >= NEED).unwrap_or(0);
    let charted = left.get(from..).unwrap_or_default();
    let periods: Vec<Period> = (from..left.len()).map(|place| first.offset(place as i32)).collect();
    // What the season adds is no count.
    let counts = counted(kpi, frames, &periods).filter(|_| season.is_none());
    let of_counts = counts.as_ref().map(|(charting, counted)| of_counts(*charting, counted)).transpose()?;
    let (places, spreading) = match of_counts.flatten() {
        Some(found) => found,
        None => {
            let chart = individuals(charted, None, RangeConstant::Exact)?;
            let centre = chart.centre;
            let place = chart.points.iter().map(|p| (p.low, centre, p.high, (p.value - centre) / p.sigma));
            let of = Charting::Individuals;
            (place.collect(), Spreading { of, factor: 1.0, beyond: false, widened: false })
        }
    };
    // Counts lie on limits, too; what rounding adds is not beyond them.
    let deviations: Vec<f64> = places.iter().map(|(.., z)| (z * 1e9).round() / 1e9).collect();
    let found = signals(&deviations, 0.0, 1.0, &RULES)?;
    // A total is counted by the day, or by the period.
    let is_total = spreading.of == Charting::Events && matches!(kpi.measure, Measure::Total(_));
    let per = if let Measure::Ratio(ratio) = &kpi.measure { ratio.per as f64 } else { 1.0 };
    let times = |place: usize| match (&counts, spreading.of) {
        (_, Charting::Individuals) | (None, _) => 1.0,
        (Some((_, counted)), _) if is_total => counted.get(place).map_or(1.0, |(_, days)| *days),
        _ => per,
    };
    // No limit lies where no value can be.
    let (least, most) = ends(kpi, values.iter().copied());
    let limits = places.iter().zip(&found).enumerate().map(|(place, ((low, centre, high, _), rules))| {
        let at = |value: f64| {
            let value = scale.from(scale.within(value + off(from + place)));
            (value * times(place)).clamp(least, most)
        };
        Limits { low: at(*low), centre: at(*centre), high: at(*high), signals: !rules.is_empty() }
    });
    let limits = limits.collect();
    let ends = begins.iter().skip(1).copied().chain([left.len()]);
    let levels = begins
        .iter()
        .zip(ends)
        .map(|(from, to)| {
            (*from, to, scale.from(scale.within(mean(left.get(*from..to).unwrap_or_default()))))
        })
        .collect();
    Ok(Chart { first, values, levels, from, limits, spreading, season, scale })
}

fn answer(ask: &Ask<'_>, frames: &dyn Frames) -> Option<Insight> {
    let chart = match of(ask, frames)? {
        Ok(chart) => chart,
        Err(why) => {
            let holds = !matches!(why, NoChart::TooFew { .. });
            let checks = vec![Check { name: "enough periods in a row", holds }];
            let looked_at = in_a_row(ask, frames).1.len();
            let says = vec![Sentence::NoChart(why)];
            return Some(Insight { verdict: Verdict::Unknown, says, exhibit: None, checks, looked_at });
        }
    };
    let one_in = average_run_length(&RULES, 0.0).ok()?;
    let places = chart.from..chart.values.len();
    let signalling = places.filter(|place| chart.limits(*place).is_some_and(|of| of.signals));
    let last = chart.limits.last()?;
    let verdict = if last.signals { Verdict::Yes } else { Verdict::No };
    let mut says = vec![Sentence::Charted {
        points: chart.limits.len(),
        low: last.low,
        high: last.high,
        signalling: signalling.map(|place| chart.period(place)).collect(),
        without_season: chart.season.is_some(),
        spreading: chart.spreading,
        one_in,
    }];
    says.push(match chart.levels.as_slice() {
        [.., (_, _, before), (since, to, now)] => Sentence::LevelChanged {
            since: chart.period(*since),
            before: *before,
            now: *now,
            changes: chart.levels.len() - 1,
            lately: ((to - since) as f64) < TRIM * *to as f64,
            limits_of: (*since > chart.from).then_some((to - since, chart.limits.len())),
        },
        _ => Sentence::OneLevel { points: chart.values.len() },
    });
    if let (Some((of, strength)), Some(length)) = (&chart.season, season_of(ask.period.grain)) {
        // Of the last round.
        let round = of.len().saturating_sub(length)..of.len();
        let extreme = |way: f64| {
            round.clone().max_by(|a, b| {
                let value = |place: &usize| way * of.get(*place).copied().unwrap_or(0.0);
                value(a).total_cmp(&value(b)).then(b.cmp(a))
            })
        };
        if let Some((most, least)) = extreme(1.0).zip(extreme(-1.0)) {
            let (most, least) = (chart.period(most), chart.period(least));
            says.push(Sentence::Season { strength: *strength, most, least });
        }
    }
    let label = |place: usize| frames.project().calendar.label(chart.period(place));
    // Before those that limits rest on there is the level alone.
    let rows = chart.values.iter().enumerate().map(|(place, value)| match chart.limits(place) {
        Some(of) => {
            let name = if of.signals { format!("{}, signals", label(place)) } else { label(place) };
            (name, [*value, chart.level(place), of.low, of.high].map(Shown::Value).to_vec())
        }
        None => (label(place), [*value, chart.level(place)].map(Shown::Value).to_vec()),
    });
    let columns = vec!["value", "level", "lower limit", "upper limit"];
    let exhibit = Exhibit { columns, rows: rows.collect() };
    let checks = vec![
        Check { name: "enough periods in a row", holds: true },
        Check {
            name: "one level for as long as is charted",
            holds: chart.levels.last().is_none_or(|(last, ..)| *last <= chart.from),
        },
        Check {
            name: "limits as wide as its points vary",
            holds: chart.spreading.widened || !chart.spreading.beyond,
        },
    ];
    Some(Insight { verdict, says, exhibit: Some(exhibit), checks, looked_at: chart.values.len() })
}
