//! Estimates at their edges, by hand.

use kepi_stats::estimate::{Estimate, Interval, Level, Method, NotComputable};
use kepi_stats::estimation::mean::{self, WeightedMoments};
use kepi_stats::estimation::{nps, probability_in_band, proportion};

const LEVEL: Level = Level::NINETY_FIVE;
/// Student's 97.5 % quantile of 11 ⁄ 7 degrees.
const STUDENT: f64 = 5.648_190_765_369;

/// An interval that reaches two below its point and three above.
fn lopsided() -> Estimate {
    Estimate {
        point: 10.0,
        interval: Ok(Interval::new(8.0, 13.0, LEVEL)),
        n: 5,
        effective_n: 5.0,
        method: Method::MaximumLikelihood,
    }
}

/// Φ(1.959964 ⁄ 2) = 0.8364525: half of the usual standard deviations on either side.
#[test]
fn bands_see_each_side_of_an_interval() {
    let band = |low, high| probability_in_band(&lopsided(), low, high).unwrap();
    let infinite = f64::INFINITY;
    for (low, high, want) in [
        (-infinite, 8.0, 0.025),
        (-infinite, 9.0, 0.163_547_5),
        (-infinite, 10.0, 0.5),
        (-infinite, 11.5, 0.836_452_5),
        (13.0, infinite, 0.025),
        (9.0, 11.5, 0.672_905),
        (9.0, 9.0, 0.0),
    ] {
        assert!((band(low, high) - want).abs() < 1e-7, "{low} {high}: {}", band(low, high));
    }
    for (low, high) in [(f64::NAN, 1.0), (0.0, f64::NAN), (2.0, 1.0)] {
        assert!(matches!(probability_in_band(&lopsided(), low, high), Err(NotComputable::Invalid(_))));
    }
}

/// Without width all probability sits at the point, which belongs to the band that begins there or spans it.
#[test]
fn bands_of_certain_estimates() {
    let sharp = Estimate { interval: Ok(Interval::new(10.0, 10.0, LEVEL)), ..lopsided() };
    let band = |e: &Estimate, low, high| probability_in_band(e, low, high).unwrap();
    assert_eq!(band(&sharp, 9.0, 11.0), 1.0);
    assert_eq!(band(&sharp, 10.0, 11.0), 1.0);
    assert_eq!(band(&sharp, 9.0, 10.0), 0.0);
    assert_eq!(band(&sharp, 11.0, 12.0), 0.0);
    let counted = Estimate::exact(10.0, 3, "counted");
    assert_eq!(band(&counted, 10.0, 11.0), 1.0);
    assert_eq!(band(&counted, 9.0, 10.0), 0.0);
}

/// Three of four cases weigh next to nothing: they are as precise as one.
#[test]
fn one_weight_that_outweighs_all_others_is_one_case() {
    // Values 5, 1, 9, 4 with weights 1000, 1, 1, 1.
    let (x, w) = ([5_i128, 1, 9, 4], [1000_i128, 1, 1, 1]);
    let sum = |f: fn(i128, i128) -> i128| x.iter().zip(w).map(|(x, w)| f(*x, w)).sum::<i128>();
    let moments = WeightedMoments {
        n: 4,
        sum_w: sum(|_, w| w),
        sum_wx: sum(|x, w| w * x),
        sum_w2: sum(|_, w| w * w),
        sum_w2x: sum(|x, w| w * w * x),
        sum_w2x2: sum(|x, w| w * w * x * x),
        weight_scale: 0,
        value_scale: 0,
    };
    let found = mean::weighted(moments, LEVEL).unwrap();
    let kish = 1003.0 * 1003.0 / 1_000_003.0;
    assert!((found.effective_n - kish).abs() < 1e-12);
    assert!(matches!(found.interval, Err(NotComputable::Unsupported(_))), "{:?}", found.interval);

    // The heavy one is a hit: 1000 of 1003. Wilson's interval on 1.006 cases leaves most open.
    let share = proportion::weighted(1003, 1000, 1_000_003, 1_000_000, 4, 0, LEVEL).unwrap();
    assert!((share.effective_n - kish).abs() < 1e-12);
    let interval = share.interval.unwrap();
    assert!(interval.low < 0.25 && interval.high > 0.99, "{interval:?}");

    let group = |n, w: i128| nps::WeightedAnswers { n, sum_w: w, sum_w2: if w > 3 { w * w } else { w } };
    let score = nps::weighted(group(1, 1000), group(1, 1), group(2, 2), LEVEL).unwrap();
    assert!((score.effective_n - kish).abs() < 1e-12);
    let interval = score.interval.unwrap();
    assert!(interval.high - interval.low > 100.0, "{interval:?}");
}

/// Values 0.2, 0.4, 0.9 with weights 1, 2, 3: W = 6, m = 3.7 ⁄ 6.
#[test]
fn weighted_means_by_hand() {
    let (x, w) = ([2_i128, 4, 9], [1_i128, 2, 3]);
    let sum = |f: fn(i128, i128) -> i128| x.iter().zip(w).map(|(x, w)| f(*x, w)).sum::<i128>();
    let moments = WeightedMoments {
        n: 3,
        sum_w: sum(|_, w| w),
        sum_wx: sum(|x, w| w * x),
        sum_w2: sum(|_, w| w * w),
        sum_w2x: sum(|x, w| w * w * x),
        sum_w2x2: sum(|x, w| w * w * x * x),
        weight_scale: 0,
        value_scale: 1,
    };
    let found = mean::weighted(moments, LEVEL).unwrap();
    let m = 3.7 / 6.0;
    assert!((found.point - m).abs() < 1e-15);
    assert!((found.effective_n - 36.0 / 14.0).abs() < 1e-15);
    let squares: f64 = x.iter().zip(w).map(|(x, w)| (w as f64 * (*x as f64 / 10.0 - m)).powi(2)).sum();
    // Student's quantile of 36 ⁄ 14 − 1 degrees, from integrating its density in another language.
    let half = STUDENT * (1.5 * squares / 36.0_f64).sqrt();
    let interval = found.interval.unwrap();
    assert!((interval.high - m - half).abs() < 1e-12 && (m - interval.low - half).abs() < 1e-12);

    let of = |change: fn(&mut WeightedMoments)| {
        let mut moments = moments;
        change(&mut moments);
        mean::weighted(moments, LEVEL)
    };
    assert_eq!(of(|m| m.n = 0), Err(NotComputable::NoRows));
    assert_eq!(of(|m| m.sum_w = 0), Err(NotComputable::ZeroDenominator));
    for broken in
        [of(|m| m.sum_w = -1), of(|m| m.sum_w2 = -1), of(|m| m.sum_w2x2 = -1), of(|m| m.sum_w2x2 = 1)]
    {
        assert!(matches!(broken, Err(NotComputable::Invalid(_))), "{broken:?}");
    }
    assert_eq!(of(|m| m.n = 1).unwrap().interval, Err(NotComputable::TooFew { n: 1, need: 2 }));
    // Everything zero is known, but not its spread.
    let zero = of(|m| (m.sum_wx, m.sum_w2x, m.sum_w2x2) = (0, 0, 0)).unwrap();
    assert_eq!((zero.point, zero.interval), (0.0, Err(NotComputable::NoVariation)));
}

#[test]
fn a_difference_of_shares_stays_between_minus_one_and_one() {
    for first in 1..60 {
        for second in 1..60 {
            for (few, many) in [((0, first), (second, second)), ((first, first), (0, second))] {
                let found =
                    proportion::difference(many, few, proportion::DifferenceMethod::Newcombe, LEVEL).unwrap();
                let ends = found.interval.unwrap();
                assert!(
                    -1.0 <= ends.low
                        && ends.low <= found.point
                        && found.point <= ends.high
                        && ends.high <= 1.0,
                    "{many:?} against {few:?}: {ends:?}"
                );
            }
        }
    }
}
