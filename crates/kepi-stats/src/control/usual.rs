//! What is usual of a value: a level that may drift, noise, and sampling error that is known, for several series together.
//!
//! One series of twelve months says little of how much of its movement is drift and how much is noise. The series of one
//! figure, its total and its parts, move alike, so that drift and noise are chosen by the likelihood of all of them. What is
//! then left of each value over its expectation, in its own standard deviations, is an [`Filtered::innovations`].
//!
//! Source: Durbin and Koopman 2012, *Time Series Analysis by State Space Methods*, chapter 2 (the local level model).

use crate::{
    estimate::NotComputable,
    linear::Matrix,
    regression::least_squares::{LeastSquares, TotalSquares},
};

/// One value of a series.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Point {
    /// The value.
    pub value: f64,
    /// Variance of its sampling error; 0 where it was counted in full.
    pub variance: f64,
}

/// A series: a place a period, none where there is no value.
pub type Series = Vec<Option<Point>>;

/// How a level moves, and how values lie around it beyond their sampling error.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Usual {
    /// Variance of the noise.
    pub noise: f64,
    /// Variance of the step of the level from period to period.
    pub drift: f64,
}

/// Noise as multiples of its robust guess.
const NOISE: [f64; 5] = [0.25, 0.5, 1.0, 2.0, 4.0];
/// Drift as multiples of the noise; none first, which is preferred.
const DRIFT: [f64; 5] = [0.0, 0.05, 0.15, 0.4, 1.0];
/// By how much a drift has to raise the logarithm of the likelihood.
const PRICE: f64 = 1.0;
/// The median of a χ² with one degree of freedom.
const MEDIAN: f64 = 0.454_936_423_119_572_8;
/// Of the sampling variance, the least noise that is looked for.
const FLOOR: f64 = 1e-3;

impl Usual {
    /// Chooses noise and drift for several series together by their likelihood, over a fixed grid around a robust guess. The
    /// last place of each takes no part: it is what will be judged.
    ///
    /// O(25 · places). The order of the series decides the order of a sum: give them in one that does not change.
    ///
    /// # Errors
    /// `TooFew` without two values in neighbouring places; `NoVariation` where nothing ever moved and nothing was sampled.
    pub fn fit(series: &[Series]) -> Result<Self, NotComputable> {
        let guess = guess(series)?;
        let mut best: Option<(f64, Self)> = None;
        for multiple in NOISE {
            for relative in DRIFT {
                let noise = multiple * guess;
                let usual = Self { noise, drift: relative * noise };
                let price = if relative > 0.0 { PRICE } else { 0.0 };
                let likelihood: f64 = series.iter().map(|of| usual.log_likelihood(of)).sum::<f64>() - price;
                if best.is_none_or(|(known, _)| likelihood > known) {
                    best = Some((likelihood, usual));
                }
            }
        }
        best.map(|(_, usual)| usual).ok_or(NotComputable::NoRows)
    }

    /// The logarithm of the likelihood of a series, its last place left out, without the constant.
    fn log_likelihood(self, of: &[Option<Point>]) -> f64 {
        let mut sum = 0.0;
        let judged = of.len().saturating_sub(1);
        self.walk(of.get(..judged).unwrap_or_default(), |_, error, variance, _| {
            sum -= 0.5 * (libm::log(variance) + error * error / variance);
        });
        sum
    }

    /// Walks over a series; tells of each value but the first its place, its error of prediction, the variance of that, and
    /// the level that was expected.
    fn walk(self, of: &[Option<Point>], mut tell: impl FnMut(usize, f64, f64, f64)) {
        let mut level: Option<(f64, f64)> = None;
        for (place, point) in of.iter().enumerate() {
            if let Some((_, variance)) = &mut level {
                *variance += self.drift;
            }
            let Some(point) = point else { continue };
            let own = point.variance + self.noise;
            match &mut level {
                None => level = Some((point.value, own)),
                Some((mean, variance)) => {
                    let whole = *variance + own;
                    let error = point.value - *mean;
                    tell(place, error, whole, *mean);
                    let gain = *variance / whole;
                    *mean += gain * error;
                    *variance *= 1.0 - gain;
                }
            }
        }
    }

    /// What is left of each value over what was expected of it.
    #[must_use]
    pub fn filter(self, of: &[Option<Point>]) -> Filtered {
        let mut innovations = vec![None; of.len()];
        let mut last = None;
        self.walk(of, |place, error, variance, expected| {
            let spread = variance.sqrt();
            if let Some(slot) = innovations.get_mut(place) {
                *slot = Some(error / spread);
            }
            last = Some((place, Expected { value: expected, spread }));
        });
        Filtered { innovations, last: last.filter(|(place, _)| place + 1 == of.len()).map(|(_, of)| of) }
    }
}

/// What was expected of a value, before it was seen.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Expected {
    /// The level.
    pub value: f64,
    /// Standard deviation of the error of prediction.
    pub spread: f64,
}

/// A series, filtered.
#[derive(Debug, Clone, PartialEq)]
pub struct Filtered {
    /// Errors of prediction in their standard deviations, a place a period; none for the first value and for gaps.
    pub innovations: Vec<Option<f64>>,
    /// What was expected of the last place; none where it has no value, or is the first.
    pub last: Option<Expected>,
}

/// The noise by the median of squared steps, over all series, the last place left out.
fn guess(series: &[Series]) -> Result<f64, NotComputable> {
    let (mut beyond, mut steps, mut sampling) = (Vec::new(), Vec::new(), Vec::new());
    for of in series {
        let before = of.get(..of.len().saturating_sub(1)).unwrap_or_default();
        for pair in before.windows(2) {
            let [Some(a), Some(b)] = pair else { continue };
            let square = (b.value - a.value) * (b.value - a.value);
            beyond.push((square / MEDIAN - (a.variance + b.variance)) / 2.0);
            steps.push(square);
            sampling.push((a.variance + b.variance) / 2.0);
        }
    }
    NotComputable::unless_enough(steps.len(), 1)?;
    let mean = steps.iter().sum::<f64>() / (2.0 * steps.len() as f64);
    let floor = (FLOOR * median(&mut sampling)).max(FLOOR * mean);
    let guess = median(&mut beyond).max(floor);
    if guess > 0.0 && guess.is_finite() { Ok(guess) } else { Err(NotComputable::NoVariation) }
}

/// The median; the upper one of an even number.
fn median(of: &mut [f64]) -> f64 {
    of.sort_by(f64::total_cmp);
    of.get(of.len() / 2).copied().unwrap_or(0.0)
}

/// A course that comes back every so many periods.
#[derive(Debug, Clone, PartialEq)]
pub struct Season {
    /// What it adds in each place of the series.
    pub course: Vec<f64>,
    /// Coefficients it took.
    pub coefficients: usize,
    /// Values they were fitted to.
    pub values: usize,
}

/// Harmonics of a season.
const HARMONICS: usize = 2;
/// Periods before anything is said of a season.
const LEAST_PERIODS: usize = 25;

impl Season {
    /// The season of a series, if it has one: a line and two harmonics of `length` periods must beat the line alone by the
    /// Bayesian information criterion and by two more. The last place takes no part. `first` is the ordinal of the first place.
    ///
    /// Source: Schwarz 1978 (BIC); harmonics as in Harvey 1989, *Forecasting, Structural Time Series Models*, section 2.3.4.
    #[must_use]
    pub fn find(of: &[Option<Point>], length: usize, first: i64) -> Option<Self> {
        let judged = of.len().saturating_sub(1);
        if length < 2 || judged < LEAST_PERIODS.max(2 * length) {
            return None;
        }
        let known: Vec<(usize, f64)> = of
            .get(..judged)?
            .iter()
            .enumerate()
            .filter_map(|(place, point)| Some((place, point.as_ref()?.value)))
            .collect();
        if known.len() < LEAST_PERIODS {
            return None;
        }
        let y: Vec<f64> = known.iter().map(|(_, value)| *value).collect();
        let waves = |place: usize| -> Vec<f64> {
            let phase = (first + place as i64).rem_euclid(length as i64) as f64 / length as f64;
            let mut waves = Vec::new();
            for harmonic in 1..=HARMONICS.min(length / 2) {
                let angle = 2.0 * std::f64::consts::PI * harmonic as f64 * phase;
                waves.push(libm::cos(angle));
                // At half the length the sine is nothing.
                if 2 * harmonic < length {
                    waves.push(libm::sin(angle));
                }
            }
            waves
        };
        let row = |place: usize| [vec![1.0, place as f64], waves(place)].concat();
        let fit = |rows: Vec<Vec<f64>>| {
            LeastSquares::fit(&y, Matrix::from_rows(&rows).ok()?, TotalSquares::Centred).ok()
        };
        let line = fit(known.iter().map(|(place, _)| vec![1.0, *place as f64]).collect())?;
        let both = fit(known.iter().map(|(place, _)| row(*place)).collect())?;
        let n = y.len() as f64;
        let coefficients = both.coefficients.len() - 2;
        let gain = n * libm::log(line.residual_squares / both.residual_squares);
        if gain.is_nan() || gain <= coefficients as f64 * libm::log(n) + 2.0 {
            return None;
        }
        let of_waves = both.coefficients.get(2..)?;
        let at = |place: usize| waves(place).iter().zip(of_waves).map(|(wave, b)| wave * b).sum();
        Some(Self { course: (0..of.len()).map(at).collect(), coefficients, values: y.len() })
    }

    /// By what the spread of a value is multiplied since the season is known from few: within the values it was fitted to,
    /// which lie closer, and beyond them, where they lie farther.
    #[must_use]
    pub fn widening(&self) -> (f64, f64) {
        let leverage = (self.coefficients as f64 + 1.0) / self.values as f64;
        ((1.0 - leverage).max(0.1).sqrt(), (1.0 + leverage).sqrt())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::Random;

    fn points(values: &[f64]) -> Series {
        values.iter().map(|value| Some(Point { value: *value, variance: 0.0 })).collect()
    }

    /// Flow of the Nile at Aswan 1871 to 1970, 10⁸ m³. Source: Cobb 1978; `Nile` in R.
    const NILE: [f64; 100] = [
        1120.0, 1160.0, 963.0, 1210.0, 1160.0, 1160.0, 813.0, 1230.0, 1370.0, 1140.0, 995.0, 935.0, 1110.0,
        994.0, 1020.0, 960.0, 1180.0, 799.0, 958.0, 1140.0, 1100.0, 1210.0, 1150.0, 1250.0, 1260.0, 1220.0,
        1030.0, 1100.0, 774.0, 840.0, 874.0, 694.0, 940.0, 833.0, 701.0, 916.0, 692.0, 1020.0, 1050.0, 969.0,
        831.0, 726.0, 456.0, 824.0, 702.0, 1120.0, 1100.0, 832.0, 764.0, 821.0, 768.0, 845.0, 864.0, 862.0,
        698.0, 845.0, 744.0, 796.0, 1040.0, 759.0, 781.0, 865.0, 845.0, 944.0, 984.0, 897.0, 822.0, 1010.0,
        771.0, 676.0, 649.0, 846.0, 812.0, 742.0, 801.0, 1040.0, 860.0, 874.0, 848.0, 890.0, 744.0, 749.0,
        838.0, 1050.0, 918.0, 986.0, 797.0, 923.0, 975.0, 815.0, 1020.0, 906.0, 901.0, 1170.0, 912.0, 746.0,
        919.0, 718.0, 714.0, 740.0,
    ];

    #[test]
    fn the_nile_is_filtered_as_published() {
        // Durbin and Koopman 2012, section 2.2: variances 15 099 and 1 469.1 by maximum likelihood. The last steady state of
        // the filter has P = 5 501 before and 4 032 after an observation (their figure 2.1), hence F = 20 600.
        let usual = Usual { noise: 15_099.0, drift: 1_469.1 };
        let filtered = usual.filter(&points(&NILE));
        let last = filtered.last.unwrap();
        assert!((last.spread * last.spread - 20_600.0).abs() < 5.0, "{}", last.spread * last.spread);
        // Standardised errors of prediction of the right size: their mean square is one at the maximum.
        let squares: Vec<f64> = filtered.innovations.iter().flatten().map(|z| z * z).collect();
        assert_eq!(squares.len(), 99);
        let mean = squares.iter().sum::<f64>() / 99.0;
        assert!((mean - 1.0).abs() < 0.02, "{mean}");
        // The grid finds a place about there: a drift, and a noise of that order.
        let found = Usual::fit(&[points(&NILE)]).unwrap();
        assert!(found.drift > 0.0 && found.noise > 7_000.0 && found.noise < 30_000.0, "{found:?}");
        assert!(usual.log_likelihood(&points(&NILE)) + 1.0 > found.log_likelihood(&points(&NILE)));
    }

    #[test]
    fn gaps_are_walked_over_and_the_last_place_chooses_nothing() {
        let mut series = points(&NILE);
        series[40] = None;
        series[99] = Some(Point { value: 5_000.0, variance: 0.0 });
        let found = Usual::fit(std::slice::from_ref(&series)).unwrap();
        series[99] = Some(Point { value: 740.0, variance: 0.0 });
        assert_eq!(Usual::fit(std::slice::from_ref(&series)).unwrap(), found);
        let filtered = found.filter(&series);
        assert_eq!(filtered.innovations[40], None);
        assert!(filtered.innovations[41].is_some());
        series[99] = None;
        assert_eq!(found.filter(&series).last, None);
    }

    #[test]
    fn what_only_sampling_moves_has_hardly_any_noise() {
        let mut random = Random::seeded(3);
        let mut series = || -> Series {
            (0..30).map(|_| Some(Point { value: 0.5 + 0.02 * random.normal(), variance: 4e-4 })).collect()
        };
        let found = Usual::fit(&[series(), series(), series(), series()]).unwrap();
        assert!(found.noise < 1e-4 && found.drift < 1e-5, "{found:?}");
        assert_eq!(Usual::fit(&[points(&[3.0; 9])]), Err(NotComputable::NoVariation));
    }

    #[test]
    fn a_season_is_found_where_there_is_one() {
        let mut random = Random::seeded(5);
        let mut noise = || random.normal();
        let year = |month: usize| libm::cos(2.0 * std::f64::consts::PI * (month as f64 + 3.0) / 12.0);
        let with: Vec<f64> = (0..37).map(|month| 10.0 + 2.0 * year(month) + 0.5 * noise()).collect();
        let season = Season::find(&points(&with), 12, 3).unwrap();
        assert_eq!((season.course.len(), season.coefficients, season.values), (37, 4, 36));
        for (month, course) in season.course.iter().enumerate() {
            assert!((course - 2.0 * year(month)).abs() < 0.8, "{month}: {course}");
        }
        let found = (0..200).filter(|_| {
            let without: Vec<f64> = (0..37).map(|_| noise()).collect();
            Season::find(&points(&without), 12, 0).is_some()
        });
        assert!(found.count() < 10);
        assert!(Season::find(&points(&with[..25]), 12, 0).is_none());
    }
}
