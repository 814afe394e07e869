//! What analyses read of published values: all series of a grain, each a figure a period, and the scale on which they are compared.

use std::collections::BTreeMap;

use kepi_model::{
    calendar::{Calendar, FiscalCalendar, Grain, Period},
    id::KpiId,
    measure::{Aggregate, Measure},
    project::{Kpi, ValueUnit},
};
use kepi_query::{
    landing::LoadReport,
    value::{Coverage, Segment},
};
use kepi_stats::{
    control::usual::Point,
    distribution::{beta, gamma, student},
    estimate::{Estimate, Level, Method},
};

use crate::season::longest;

/// A value of a series, as published.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Figure {
    /// Ordinal of its period.
    pub ordinal: i32,
    /// The point, in the KPI's unit.
    pub point: f64,
    /// Lower and upper limit and level of its interval; none where it was counted in full, or nothing is known.
    pub interval: Option<(f64, f64, f64)>,
    /// Degrees of freedom with which the interval was made; none: by the normal distribution.
    pub degrees: Option<f64>,
    /// Cases of a simple sample that would be as precise.
    pub effective_n: f64,
    /// Whether it was counted or summed in full.
    pub exact: bool,
    /// Whether only late rows can change it.
    pub is_final: bool,
    /// Rows behind it; none where that is not known.
    pub coverage: Coverage,
}

impl Figure {
    /// Of what was estimated for a period.
    #[must_use]
    pub fn of(ordinal: i32, estimate: &Estimate, is_final: bool) -> Self {
        let interval = estimate.interval.as_ref().ok().map(|i| (i.low, i.high, i.level));
        Self {
            ordinal,
            point: estimate.point,
            interval,
            degrees: estimate.degrees(),
            effective_n: estimate.effective_n,
            exact: estimate.method == Method::Exact,
            is_final,
            coverage: Coverage::default(),
        }
    }

    /// A final value of which nothing else is known.
    #[must_use]
    pub fn counted(ordinal: i32, point: f64) -> Self {
        let coverage = Coverage::default();
        Self {
            ordinal,
            point,
            interval: None,
            degrees: None,
            effective_n: 0.0,
            exact: true,
            is_final: true,
            coverage,
        }
    }

    /// The variance by which a test of the normal distribution is as sure as its interval, in the square of its unit: of few answers more than
    /// [`Self::variance_on`] the plain scale, since how much they scatter is hardly known (Student).
    #[must_use]
    pub fn variance(&self) -> Option<f64> {
        let (low, high, level) = self.interval?;
        let error = (high - low) / (2.0 * Level::new(level).ok()?.z());
        Some(error * error)
    }

    /// The variance of its sampling error on a scale, as estimated: for what is weighted by it.
    #[must_use]
    pub fn variance_on(&self, scale: Scale) -> Option<f64> {
        let (low, high, level) = self.interval?;
        let level = Level::new(level).ok()?;
        let half = self.degrees.map_or_else(|| level.z(), |degrees| student::critical(level, degrees));
        let error = (scale.to(high)? - scale.to(low)?) / (2.0 * half);
        Some(error * error)
    }

    /// The same with the rows behind it.
    #[must_use]
    pub fn with(self, coverage: Coverage) -> Self {
        Self { coverage, ..self }
    }
}

/// Series of a KPI by segment, each with its figures, oldest first; periods without a value are left out.
pub type Segments = BTreeMap<Segment, Vec<Figure>>;

/// All series of a grain that have the same periods. Sorted throughout, so that what is computed from it does not hang on the order in which it came.
#[derive(Debug, Clone)]
pub struct Frame {
    /// The grain.
    pub grain: Grain,
    /// What of a calendar decides its periods.
    pub fiscal: FiscalCalendar,
    /// Series by KPI.
    pub kpis: BTreeMap<KpiId, Segments>,
    /// What had been landed, in order.
    pub loads: Vec<LoadReport>,
}

impl Frame {
    /// One without series, of weeks from Monday and years from January.
    #[must_use]
    pub fn new(grain: Grain) -> Self {
        Self::of(grain, FiscalCalendar::default())
    }

    /// One without series, of periods of a calendar.
    #[must_use]
    pub fn of(grain: Grain, fiscal: FiscalCalendar) -> Self {
        Self { grain, fiscal: fiscal.of(grain), kpis: BTreeMap::new(), loads: Vec::new() }
    }

    /// One of its periods.
    #[must_use]
    pub fn period(&self, ordinal: i32) -> Period {
        Period::new(self.grain, ordinal, self.fiscal)
    }

    /// Adds a figure; of one that is there already nothing changes.
    pub fn push(&mut self, kpi: &KpiId, segment: &Segment, figure: Figure) {
        if !self.kpis.contains_key(kpi) {
            self.kpis.insert(kpi.clone(), Segments::new());
        }
        let Some(segments) = self.kpis.get_mut(kpi) else { return };
        let series = match segments.get_mut(segment) {
            Some(series) => series,
            None => segments.entry(segment.clone()).or_default(),
        };
        // Figures mostly come in their order.
        match series.last() {
            Some(last) if last.ordinal >= figure.ordinal => {
                if let Err(place) = series.binary_search_by_key(&figure.ordinal, |f| f.ordinal) {
                    series.insert(place, figure);
                }
            }
            _ => series.push(figure),
        }
    }

    /// Ordinals of the periods in which anything has a value, ascending.
    #[must_use]
    pub fn periods(&self) -> Vec<i32> {
        let all = self.kpis.values().flat_map(BTreeMap::values).flatten().map(|figure| figure.ordinal);
        let mut all: Vec<i32> = all.collect();
        all.sort_unstable();
        all.dedup();
        all
    }

    /// The figure of a series in a period.
    #[must_use]
    pub fn figure(&self, kpi: &KpiId, segment: &Segment, ordinal: i32) -> Option<&Figure> {
        let series = self.kpis.get(kpi)?.get(segment)?;
        series.get(series.binary_search_by_key(&ordinal, |figure| figure.ordinal).ok()?)
    }
}

/// The scale on which values of a kind vary alike, whatever their size.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Scale {
    /// Shares: the arcsine of the root, on which a share of n has variance 1/(4n) (Anscombe 1948).
    Arcsine,
    /// Counts and rates: the root, on which a Poisson count has variance ¼ (Bartlett 1936).
    Root,
    /// Amounts above zero: the logarithm.
    Logarithm,
    /// Everything else: as it is.
    Plain,
}

impl Scale {
    /// The scale of a unit.
    #[must_use]
    pub fn of(unit: &ValueUnit) -> Self {
        match unit {
            ValueUnit::Share => Self::Arcsine,
            ValueUnit::Count | ValueUnit::Rate { .. } => Self::Root,
            ValueUnit::Money { .. } | ValueUnit::Duration => Self::Logarithm,
            _ => Self::Plain,
        }
    }

    /// A value on the scale; none where it has no place there.
    #[must_use]
    pub fn to(self, value: f64) -> Option<f64> {
        match self {
            Self::Arcsine => (0.0..=1.0).contains(&value).then(|| libm::asin(value.sqrt())),
            Self::Root => (value >= 0.0).then(|| value.sqrt()),
            Self::Logarithm => (value > 0.0).then(|| libm::log(value)),
            Self::Plain => Some(value),
        }
    }

    /// The nearest place that is one of a value.
    #[must_use]
    pub fn within(self, place: f64) -> f64 {
        match self {
            Self::Arcsine => place.clamp(0.0, std::f64::consts::FRAC_PI_2),
            Self::Root => place.max(0.0),
            Self::Logarithm | Self::Plain => place,
        }
    }

    /// The probability of lying at least so far off what was expected, where a prediction has this variance on the scale: twice that of the
    /// side on which the place lies, by the binomial or Poisson distribution of as many cases as have that variance, 1/(4·variance). Near the
    /// ends of the scale these are much wider than the normal one: of 20 cases with two thirds expected all or none hit by
    /// chance once in some thousands, and the normal distribution would say once in hundreds of millions. Zero for scales without such.
    #[must_use]
    pub fn chance(self, place: f64, expected: f64, variance: f64) -> f64 {
        let cases = 0.25 / variance;
        let (seen, mean) = (self.from(place), self.from(expected));
        let side = match self {
            Self::Arcsine if place > expected => beta::below(mean, cases * seen, cases * (1.0 - seen) + 1.0),
            Self::Arcsine => beta::above(mean, cases * seen + 1.0, cases * (1.0 - seen)),
            Self::Root if place > expected => gamma::lower(cases * seen, cases * mean),
            Self::Root => gamma::upper(cases * seen + 1.0, cases * mean),
            Self::Logarithm | Self::Plain => 0.0,
        };
        // At the very end of a scale nothing lies beyond: all cases hit, or none.
        let side = match self {
            Self::Arcsine if place > expected && seen >= 1.0 => libm::pow(mean, cases),
            Self::Arcsine if place <= expected && seen <= 0.0 => libm::pow(1.0 - mean, cases),
            _ => side,
        };
        if side.is_nan() { 1.0 } else { (2.0 * side).min(1.0) }
    }

    /// The value at a place of the scale; beyond its ends the value at the end.
    #[must_use]
    pub fn from(self, place: f64) -> f64 {
        match self {
            Self::Arcsine => {
                let sine = libm::sin(place.clamp(0.0, std::f64::consts::FRAC_PI_2));
                sine * sine
            }
            Self::Root => place.max(0.0) * place.max(0.0),
            Self::Logarithm => libm::exp(place),
            Self::Plain => place,
        }
    }
}

/// Fewer neighbours do not say whether what adds up goes by the day.
const NEIGHBOURS: usize = 12;

/// Whether what adds up over time goes by the day, as visits do, or by the period, as invoices, renewals and quotas do: by which of the two
/// neighbouring periods differ less; by the day where both are alike. Ordinals in their order, each with its value and its days.
#[must_use]
pub fn goes_by_the_day(of: &[(i32, f64, f64)], scale: Scale) -> bool {
    let mut differ = (0.0, 0.0);
    let mut neighbours = 0;
    for ((earlier, was, days_then), (later, is, days_now)) in of.iter().zip(of.iter().skip(1)) {
        let off = |was: f64, is: f64| Some((scale.to(is)? - scale.to(was)?).abs());
        // Both are put where a period has as many days as the later of the two, so that they are measured by the same.
        let pair = off(*was, *is).zip(off(was / days_then * days_now, *is));
        if let Some((by_period, by_day)) = pair.filter(|_| *later == earlier + 1) {
            differ.0 += by_period;
            differ.1 += by_day;
            neighbours += 1;
        }
    }
    neighbours < NEIGHBOURS || differ.1 <= differ.0
}

/// Whether values of a KPI are numbers of events that come one by one.
#[must_use]
pub fn counts_events(kpi: &Kpi) -> bool {
    matches!(&kpi.measure, Measure::Total(total) if total.aggregate == Aggregate::Count)
        && kpi.weight.is_none()
}

/// How the values of a KPI are put on a scale.
#[derive(Debug, Clone)]
pub struct Scaling<'a> {
    /// The scale.
    pub scale: Scale,
    /// Whether values are numbers of events that come one by one.
    pub events: bool,
    /// Of what adds up over time by the day, the calendar: months differ in length, and values are compared by the day.
    lengths: Option<&'a Calendar>,
    grain: Grain,
    fiscal: FiscalCalendar,
    /// What a value can be.
    ends: (f64, f64),
}

/// What a value of a KPI can be: a length of time that never was below zero lies not below zero.
#[must_use]
pub fn ends(kpi: &Kpi, mut known: impl Iterator<Item = f64>) -> (f64, f64) {
    let (low, high) = kpi.possible();
    let is_length = kpi.unit == ValueUnit::Duration && known.all(|value| value >= 0.0);
    (if is_length { low.max(0.0) } else { low }, high)
}

impl<'a> Scaling<'a> {
    /// That of a KPI at a grain, in the project's calendar or its own; plain where one of the values has no place on the scale of its unit.
    #[must_use]
    pub fn of(kpi: &Kpi, grain: Grain, calendar: &'a Calendar, segments: &Segments, upto: i32) -> Self {
        let events = counts_events(kpi);
        let adds_up = matches!(&kpi.measure, Measure::Total(total) if matches!(total.aggregate, Aggregate::Count | Aggregate::Sum(_)));
        let fiscal = kpi.elsewhere.as_ref().map_or(calendar, |of| &of.calendar).fiscal();
        let wanted = Scale::of(&kpi.unit);
        let known = segments.values().flatten().filter(|figure| figure.ordinal <= upto);
        let fits = known.clone().all(|figure| wanted.to(figure.point).is_some());
        let scale = if fits { wanted } else { Scale::Plain };
        let ends = ends(kpi, known.map(|figure| figure.point));
        let mut of = Self { scale, events, lengths: adds_up.then_some(calendar), grain, fiscal, ends };
        let total = segments.get(&Segment::total()).map(Vec::as_slice).unwrap_or_default();
        let before: Vec<(i32, f64, f64)> = total
            .iter()
            .filter(|figure| figure.is_final && figure.ordinal < upto)
            .filter(|figure| figure.ordinal >= upto.saturating_sub(longest(grain)))
            .map(|figure| (figure.ordinal, figure.point, of.length(figure.ordinal)))
            .collect();
        if !goes_by_the_day(&before, scale) {
            of.lengths = None;
        }
        of
    }

    /// Days of a period over which a value adds up; 1 where it does not.
    #[must_use]
    pub fn length(&self, ordinal: i32) -> f64 {
        let period = Period::new(self.grain, ordinal, self.fiscal);
        let bounds = self.lengths.and_then(|calendar| calendar.bounds(period).ok());
        bounds.map_or(1.0, |bounds| (bounds.end - bounds.start) as f64 / 86_400e6)
    }

    /// A figure on the scale, with the variance by which it is as sure there as its interval ([`Figure::variance`]).
    #[must_use]
    pub fn point(&self, of: &Figure) -> Option<Point> {
        let length = self.length(of.ordinal);
        let value = self.scale.to(of.point / length)?;
        let variance = match of.interval {
            Some((low, high, level)) => {
                let z = Level::new(level).unwrap_or(Level::NINETY_FIVE).z();
                let ends = self.scale.to(low / length).zip(self.scale.to(high / length));
                match ends {
                    Some((low, high)) => (high - low) / (2.0 * z),
                    // An end without a place on the scale: by the slope at the point.
                    None => {
                        let slope = match self.scale {
                            Scale::Logarithm => length / of.point,
                            Scale::Root => 0.5 / (of.point / length).max(f64::MIN_POSITIVE).sqrt(),
                            Scale::Arcsine | Scale::Plain => 1.0,
                        };
                        slope * (high - low) / length / (2.0 * z)
                    }
                }
            }
            .powi(2),
            None if self.events && self.scale == Scale::Root => 0.25 / length,
            None => 0.0,
        };
        (value.is_finite() && variance.is_finite()).then_some(Point { value, variance })
    }

    /// The value at a place of the scale, of a period; beyond what it can be the end of that.
    #[must_use]
    pub fn value(&self, place: f64, ordinal: i32) -> f64 {
        (self.scale.from(place) * self.length(ordinal)).clamp(self.ends.0, self.ends.1)
    }

    /// Of shares the cases on the smaller side, of events their number: what chance is judged by. None of everything else.
    #[must_use]
    pub fn cases(&self, of: &Figure) -> Option<f64> {
        match self.scale {
            Scale::Arcsine => Some(of.effective_n * of.point.min(1.0 - of.point)),
            Scale::Root if self.events => Some(of.point),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn scaling(scale: Scale) -> Scaling<'static> {
        let ends = (f64::NEG_INFINITY, f64::INFINITY);
        Scaling {
            scale,
            events: false,
            lengths: None,
            grain: Grain::Month,
            fiscal: FiscalCalendar::default(),
            ends,
        }
    }

    #[test]
    fn what_adds_up_goes_by_the_day_unless_neighbours_differ_less_by_the_period() {
        let days = [31.0, 28.0, 31.0, 30.0, 31.0, 30.0, 31.0, 31.0, 30.0, 31.0, 30.0, 31.0];
        let months = |value: fn(f64, usize) -> f64| -> Vec<(i32, f64, f64)> {
            (0..24).map(|place| (place as i32, value(days[place % 12], place), days[place % 12])).collect()
        };
        let visits = months(|days, place| days * 33.0 + [3.0, -1.0, 2.0, -4.0, 0.0][place * 7 % 5]);
        let invoices = months(|_, place| 1_000.0 + [3.0, -1.0, 2.0, -4.0, 0.0][place * 7 % 5]);
        for scale in [Scale::Root, Scale::Plain] {
            assert!(goes_by_the_day(&visits, scale) && !goes_by_the_day(&invoices, scale));
            assert!(goes_by_the_day(&invoices[..12], scale), "eleven neighbours do not tell");
        }
    }

    #[test]
    fn a_scale_gives_back_what_was_put_on_it() {
        for (scale, values) in [
            (Scale::Arcsine, [0.0, 0.03, 0.5, 1.0]),
            (Scale::Root, [0.0, 0.2, 7.0, 1e9]),
            (Scale::Logarithm, [1e-9, 0.3, 12.0, 1e9]),
            (Scale::Plain, [-40.0, 0.0, 3.5, 1e9]),
        ] {
            for value in values {
                let back = scale.from(scale.to(value).unwrap());
                assert!((back - value).abs() <= 1e-12 * value.abs().max(1e-3), "{scale:?} {value} {back}");
            }
        }
        assert_eq!(Scale::Logarithm.to(0.0), None);
        assert_eq!(Scale::Arcsine.to(1.2), None);
        assert_eq!(Scale::Arcsine.from(-0.1), 0.0);
        assert_eq!(Scale::Arcsine.from(2.0), 1.0);
    }

    #[test]
    fn chance_near_the_ends_of_a_scale_is_that_of_counts() {
        // All of 20 where 0.636 are expected: 2 · 0.636^20.
        let share = |hits: f64, n: f64, mean: f64| {
            let place = |share| Scale::Arcsine.to(share).unwrap();
            Scale::Arcsine.chance(place(hits / n), place(mean), 0.25 / n)
        };
        assert!((share(20.0, 20.0, 0.636) / (2.0 * libm::pow(0.636, 20.0)) - 1.0).abs() < 1e-9);
        assert!((share(0.0, 17.0, 0.421) / (2.0 * libm::pow(0.579, 17.0)) - 1.0).abs() < 1e-9);
        // At least 9 of 10 where half are expected: 11 ⁄ 1 024 on that side.
        assert!((share(9.0, 10.0, 0.5) / (22.0 / 1_024.0) - 1.0).abs() < 1e-9);
        assert!((share(1.0, 10.0, 0.5) / (22.0 / 1_024.0) - 1.0).abs() < 1e-9);
        // No event where ten are expected: 2 · e^−10.
        let root = |seen: f64, mean: f64| Scale::Root.chance(seen.sqrt(), mean.sqrt(), 0.25);
        assert!((root(0.0, 10.0) / (2.0 * libm::exp(-10.0)) - 1.0).abs() < 1e-9);
        assert!(root(30.0, 10.0) < 1e-5 && root(10.0, 10.0) > 0.9);
        assert_eq!(Scale::Plain.chance(9.0, 1.0, 1.0), 0.0);
    }

    #[test]
    fn a_share_of_n_has_a_variance_of_a_quarter_of_n() {
        // Wilson's interval of 300 of 1 000, from its formula: 0.2724 to 0.3292 at 95 %.
        let figure = Figure {
            ordinal: 0,
            point: 0.3,
            interval: Some((0.272_4, 0.329_2, 0.95)),
            degrees: None,
            effective_n: 1_000.0,
            exact: false,
            is_final: true,
            coverage: Coverage::default(),
        };
        let scaling = scaling(Scale::Arcsine);
        let point = scaling.point(&figure).unwrap();
        assert!((point.variance * 4_000.0 - 1.0).abs() < 0.01, "{}", point.variance);
        assert_eq!(scaling.cases(&figure), Some(300.0));
    }

    /// Three answers 7, 8 and 9: s²/n is ⅓; Student's interval of 95 % has two degrees of freedom, of which the quantile is 4.302 652 7.
    #[test]
    fn the_variance_of_a_mean_is_that_of_its_answers_however_few() {
        let mean = kepi_stats::estimation::mean::from_moments(3, 24, 194, 0, Level::NINETY_FIVE).unwrap();
        let interval = mean.interval.as_ref().unwrap();
        assert!((interval.high - (8.0 + 4.302_652_7 / 3.0_f64.sqrt())).abs() < 1e-6);
        let figure = Figure::of(0, &mean, true);
        assert!((figure.variance_on(Scale::Plain).unwrap() - 1.0 / 3.0).abs() < 1e-9);
        // Where it is judged, three answers are as unsure as Student says.
        let scaling = scaling(Scale::Plain);
        let as_sure = (4.302_652_7_f64 / 1.959_964).powi(2) / 3.0;
        for variance in [figure.variance(), scaling.point(&figure).map(|point| point.variance)] {
            assert!((variance.unwrap() - as_sure).abs() < 1e-5, "{variance:?}");
        }
    }

    #[test]
    fn figures_stand_in_order_however_they_came() {
        let figure = |ordinal| Figure {
            ordinal,
            point: f64::from(ordinal),
            interval: None,
            degrees: None,
            effective_n: 1.0,
            exact: true,
            is_final: true,
            coverage: Coverage::default(),
        };
        let kpi: KpiId = "nps".parse().unwrap();
        let mut frame = Frame::new(Grain::Month);
        for ordinal in [5, 3, 4, 9, 3] {
            frame.push(&kpi, &Segment::total(), figure(ordinal));
        }
        assert_eq!(frame.periods(), [3, 4, 5, 9]);
        assert_eq!(frame.figure(&kpi, &Segment::total(), 9).unwrap().point, 9.0);
        assert_eq!(frame.figure(&kpi, &Segment::total(), 8), None);
    }
}
