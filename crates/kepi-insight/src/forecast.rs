//! What is to be expected of a total if nothing changes: its own course carried on, with what it missed by before.
//!
//! On the scale of its kind, by the day where it adds up, its season taken off: a level that is smoothed, with a damped trend where that is worth
//! its parameters (AICc; Hyndman, Koehler, Ord and Snyder 2008, chapters 5 and 6). The spread is what the model says, by Student's
//! distribution, widened, never narrowed, to what it missed by in the last third of the series, where each value is held against a model fitted anew
//! to all that came before it (Tashman 2000, *Out-of-sample tests of forecasting accuracy*, rolling origins with re-estimation). What lies off as chance never
//! does (generalised extreme studentised deviates; Rosner 1983) says where the level goes, and nothing of what values vary by while nothing happens.

use std::collections::BTreeMap;

use kepi_model::{
    calendar::{Grain, Period},
    project::{Better, Kpi, Project, TargetLines},
    window::Over,
};
use kepi_query::value::Segment;
use kepi_score::band::{Band, band};
use kepi_stats::{
    control::{
        outlier::gesd,
        usual::{Point, Season as Waves, Series},
    },
    distribution::student,
    estimate::Level,
    series::smoothing::{self, ErrorKind, Fit, Intervals, Model, Search, Season, Trend},
};

use crate::{
    ahead::{Ahead, NoOutlook, Outlook},
    analysis::Frames,
    frame::{Figure, Scaling, Segments},
    season::{longest, season_of},
};

/// Periods ahead, at most.
const FARTHEST: i32 = 12;
/// Values that are held back to see how far off it is, at least and at most.
const HELD_BACK: (usize, usize) = (6, 24);

/// Chance makes one series in so many have a value that is taken for none of it, and of so many values at most one is.
const STRAY: (f64, usize) = (0.001, 10);

/// What is expected of the periods to come.
#[derive(Debug)]
pub(crate) struct Course<'a> {
    scaling: Scaling<'a>,
    /// From the period after the last final one on.
    pub ahead: Vec<Ahead>,
    /// Final values it rests on, oldest first.
    pub past: Vec<f64>,
    /// Of the values held back: how many lay in the range that would have been said a period before, and of how many.
    pub backtest: (usize, usize),
    /// By how much each value missed what its own past let expect, on the scale of its kind, by ordinal.
    pub errors: BTreeMap<i32, f64>,
}

/// What is expected of the next period beside a leading indicator.
pub(crate) struct Led {
    /// What is expected.
    pub ahead: Ahead,
    /// Of the squared errors that were made without it, the share that is saved with it.
    pub saved: f64,
    /// In so many periods that were held back.
    pub of: usize,
}

/// Periods in a row that are needed: two rounds of a season, as far as that is not too long to wait for.
fn needed(grain: Grain) -> usize {
    match grain {
        Grain::Day => 28,
        Grain::Week => 26,
        Grain::Month => 24,
        Grain::Quarter => 12,
        Grain::HalfYear | Grain::Year => 8,
    }
}

/// Figures beyond what all but one in so many would be are called worse than forecast: nobody is asked about the one in twenty that a
/// range of 95 % leaves out by itself.
const WORSE: f64 = 0.005;

/// Whether the total of a KPI in a period is worse than what its own course let expect a period before; none: nothing was to be
/// expected, or there is no figure.
pub fn missed(kpi: &Kpi, period: Period, frames: &dyn Frames) -> Option<bool> {
    let figure = frames.figure(kpi, period, &Segment::total()).filter(|figure| figure.is_final)?;
    let course = of(kpi, period.offset(-1), frames).ok()?;
    let ahead = course.ahead.first().filter(|ahead| ahead.period == period)?;
    let length = course.scaling.length(period.ordinal);
    let above = match course.scaling.scale.to(figure.point / length) {
        Some(place) => student::above((place - ahead.place) / ahead.spread, ahead.degrees),
        // Beyond the scale, such as a share of nothing at all.
        None if figure.point > ahead.expected => 0.0,
        None => 1.0,
    };
    let (high, low) = (above < WORSE, 1.0 - above < WORSE);
    Some(match kpi.better {
        Better::Higher => low,
        Better::Lower => high,
        // Neither way is good in itself: it is bad where it leads out of the range.
        Better::InRange => {
            let target = kpi.target(None, &[], period, &frames.project().calendar);
            let inside = target.is_none_or(|of| band(figure.point, &of.lines, kpi.better) >= Band::Green);
            (high || low) && !inside
        }
    })
}

/// What is expected after the last final value that is not later than a period.
pub(crate) fn of<'a>(kpi: &Kpi, upto: Period, frames: &'a dyn Frames) -> Result<Course<'a>, NoOutlook> {
    if let Some(Over::ToDate(_)) = kpi.window() {
        return Err(NoOutlook::StartsOver);
    }
    let (grain, project) = (upto.grain, frames.project());
    let from = upto.ordinal.saturating_sub(longest(grain));
    let known = frames.points(kpi, grain, &Segment::total(), from..=upto.ordinal);
    // What is in a row up to the last, and means the same.
    let wording =
        |ordinal| kpi.in_period(Period { ordinal, ..upto }, &project.calendar).map(|kpi| kpi.wording);
    let last = known.last().map(|(ordinal, _)| *ordinal);
    let mut row: Vec<(i32, f64)> = Vec::new();
    for (ordinal, value) in known.into_iter().rev() {
        let next = row.last().map_or(ordinal, |(next, _)| next - 1);
        if ordinal != next || Some(wording(ordinal)) != last.map(wording) {
            break;
        }
        row.push((ordinal, value));
    }
    row.reverse();
    let too_few = NoOutlook::TooFew { have: row.len(), need: needed(grain) };
    let (Some((first, _)), Some(last)) = (row.first().copied(), last) else { return Err(too_few) };
    if row.len() < needed(grain) {
        return Err(too_few);
    }
    let figures: Vec<Figure> = row.iter().map(|(ordinal, value)| Figure::counted(*ordinal, *value)).collect();
    let segments = Segments::from([(Segment::total(), figures.clone())]);
    let scaling = Scaling::of(kpi, grain, &project.calendar, &segments, last);
    let points: Option<Vec<f64>> = figures.iter().map(|figure| Some(scaling.point(figure)?.value)).collect();
    let mut values = points.ok_or(NoOutlook::NeverMoved)?;
    // Places without a value carry the season on.
    let mut places: Series =
        values.iter().map(|value| Some(Point { value: *value, variance: 0.0 })).collect();
    places.extend((0..FARTHEST).map(|_| None));
    let waves = season_of(grain).and_then(|length| Waves::find(&places, length, i64::from(first)));
    let wave = |at: usize| waves.as_ref().and_then(|of| of.course.get(at)).copied().unwrap_or(0.0);
    values.iter_mut().enumerate().for_each(|(at, value)| *value -= wave(at));
    let fit = fitted(&values).ok_or(NoOutlook::NeverMoved)?;
    let (beyond, coefficients) = waves.as_ref().map_or((1.0, 0), |of| (of.widening().1, of.coefficients));
    let stray = gesd(&fit.residuals, values.len() / STRAY.1, STRAY.0).map_or(Vec::new(), |of| of.outliers);
    let degrees = degrees(&fit, coefficients + stray.len());
    let squares = fit.residuals.iter().enumerate().filter(|(at, _)| !stray.contains(at));
    let quiet = squares.map(|(_, error)| error * error).sum::<f64>() / degrees;
    let narrowed = (quiet / fit.variance).sqrt().min(1.0);
    let (missed, backtest) = held_back(&values, coefficients, &stray).unwrap_or((1.0, (0, 0)));
    let steps = fit.forecast(FARTHEST as usize, Level::NINETY_FIVE, Intervals::Moments);
    let quantile = student::critical(Level::NINETY_FIVE, degrees);
    let ahead = steps.iter().enumerate().filter_map(|(step, estimate)| {
        let interval = estimate.interval.as_ref().ok()?;
        let half = (interval.high - interval.low) / 2.0;
        let spread = half / Level::NINETY_FIVE.z() * narrowed * missed * beyond;
        let place = estimate.point + wave(values.len() + step);
        let period = Period { ordinal: last + 1 + step as i32, ..upto };
        let value = |place: f64| scaling.value(scaling.scale.within(place), period.ordinal);
        let (low, high) = (value(place - quantile * spread), value(place + quantile * spread));
        Some(Ahead { period, expected: value(place), low, high, place, spread, degrees })
    });
    let ahead = ahead.collect();
    let errors = (first..).zip(fit.residuals.iter().copied()).collect();
    Ok(Course { errors, ahead, past: row.into_iter().map(|(_, value)| value).collect(), backtest, scaling })
}

fn model(trend: Trend) -> Model {
    Model { error: ErrorKind::Additive, trend, season: Season::None, period: 1 }
}

fn fitted(values: &[f64]) -> Option<Fit> {
    smoothing::best(values, &[model(Trend::None), model(Trend::Damped)], Search::Simplex).ok()
}

/// Degrees of freedom of the errors of a model, where so many more are taken.
fn degrees(fit: &Fit, taken: usize) -> f64 {
    // Level, its smoothing and the variance; a damped trend takes three more.
    let own = if fit.model.trend == Trend::None { 2 } else { 5 };
    fit.residuals.len().saturating_sub(own + taken).max(3) as f64
}

/// By what the errors of values held back are larger than the models say that were fitted to what came before each, at least 1 and without those that are
/// stray; and how many of all lay within 95 %.
fn held_back(values: &[f64], taken: usize, stray: &[usize]) -> Option<(f64, (usize, usize))> {
    let count = (values.len() / 3).clamp(HELD_BACK.0, HELD_BACK.1).min(values.len() / 2);
    let (mut within, mut squares, mut quiet) = (0, 0.0, 0.0);
    for at in values.len() - count..values.len() {
        let fit = fitted(values.get(..at)?)?;
        let expected = fit.forecast(1, Level::NINETY_FIVE, Intervals::Moments).first()?.point;
        let off = (values.get(at)? - expected) / fit.variance.sqrt();
        within += usize::from(off.abs() <= student::critical(Level::NINETY_FIVE, degrees(&fit, taken)));
        if !stray.contains(&at) {
            squares += off * off;
            quiet += 1.0;
        }
    }
    let missed = f64::sqrt(squares / quiet);
    missed.is_finite().then_some((missed.max(1.0), (within, count)))
}

/// The slope of what an effect missed by on what its cause missed by so many periods before, in periods before one.
fn slope(effect: &BTreeMap<i32, f64>, cause: &BTreeMap<i32, f64>, lag: i32, before: i32) -> Option<f64> {
    let both = effect.range(..before).filter_map(|(at, error)| Some((*cause.get(&(at - lag))?, *error)));
    let (products, squares, n) = both.fold((0.0, 0.0, 0), |(p, s, n), (x, y)| (p + x * y, s + x * x, n + 1));
    (n >= HELD_BACK.0 && squares > 0.0).then(|| products / squares)
}

impl Course<'_> {
    /// What is expected of the next period beside a leading indicator: what its own past lets expect, and what goes with that by which the indicator
    /// missed its own past before. How much less that misses is seen in the last third of the periods, each with what was known before it;
    /// the range is narrower by no more than that, and never if it missed by more.
    pub(crate) fn led(&self, leader: &Course<'_>, lag: i32) -> Option<Led> {
        let next = *self.ahead.first()?;
        let count = (self.past.len() / 3).clamp(HELD_BACK.0, HELD_BACK.1);
        let (mut without, mut with, mut of) = (0.0, 0.0, 0);
        for (at, error) in self.errors.range(next.period.ordinal - count as i32..) {
            let Some(own) = leader.errors.get(&(at - lag)) else { continue };
            let Some(slope) = slope(&self.errors, &leader.errors, lag, *at) else { continue };
            without += error * error;
            with += (error - slope * own) * (error - slope * own);
            of += 1;
        }
        if of < HELD_BACK.0 || without <= 0.0 {
            return None;
        }
        let saved = 1.0 - with / without;
        let slope = slope(&self.errors, &leader.errors, lag, next.period.ordinal)?;
        let place = next.place + slope * leader.errors.get(&(next.period.ordinal - lag))?;
        let spread = next.spread * (1.0 - saved.max(0.0)).sqrt();
        let quantile = student::critical(Level::NINETY_FIVE, next.degrees);
        let value = |place: f64| self.scaling.value(self.scaling.scale.within(place), next.period.ordinal);
        let (low, high) = (value(place - quantile * spread), value(place + quantile * spread));
        Some(Led { ahead: Ahead { expected: value(place), low, high, place, spread, ..next }, saved, of })
    }

    /// A period ahead with the target in force then.
    pub(crate) fn with_target(&self, ahead: Ahead, kpi: &Kpi, project: &Project) -> Outlook {
        let target = kpi.target(None, &[], ahead.period, &project.calendar);
        let target = target.map(|target| (target.lines, self.chance(&ahead, &target.lines, kpi.better)));
        Outlook { ahead, target }
    }

    /// The probability that a period meets its target if nothing changes.
    pub(crate) fn chance(&self, of: &Ahead, lines: &TargetLines, better: Better) -> f64 {
        let above = |line: f64| {
            let length = self.scaling.length(of.period.ordinal);
            match self.scaling.scale.to(line / length) {
                Some(place) => student::above((place - of.place) / of.spread, of.degrees),
                // A line beyond the scale is never passed, or always.
                None if line > of.expected => 0.0,
                None => 1.0,
            }
        };
        match *lines {
            TargetLines::OneSided { target, .. } if better == Better::Lower => 1.0 - above(target),
            TargetLines::OneSided { target, .. } => above(target),
            TargetLines::InRange { target: (low, high), .. } => above(low) - above(high),
        }
    }

    /// The value that one period in so many betters by itself.
    pub(crate) fn bettered(&self, of: &Ahead, share: f64, better: Better) -> f64 {
        let side = if better == Better::Lower { -1.0 } else { 1.0 };
        let place = of.place - side * student::quantile(share, of.degrees) * of.spread;
        self.scaling.value(self.scaling.scale.within(place), of.period.ordinal)
    }
}
