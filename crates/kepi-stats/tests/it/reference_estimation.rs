//! Proportions, scores and their intervals against statsmodels and published tables.

use kepi_stats::estimate::{Estimate, Level, NotComputable};
use kepi_stats::estimation::proportion::{self, DifferenceMethod};
use kepi_stats::estimation::{mean, nps, probability_in_band, quantile, ratio, total};

use crate::support::{CLOSED, Check, Oracle, Random};

const LEVEL: Level = Level::NINETY_FIVE;

type OfProportion = fn(u64, u64, Level) -> Result<Estimate, NotComputable>;

pub fn values(check: &mut Check) {
    let share = proportion::wilson(81, 263, LEVEL).unwrap();
    let range = share.interval.clone().unwrap();
    check.says("estimation", &format!("The share is {:.1} %", 100.0 * share.point));
    check.says("estimation", &format!("= {:.1} % to {:.1} %", 100.0 * range.low, 100.0 * range.high));
    let reached = probability_in_band(&share, 0.35, f64::INFINITY).unwrap();
    check.says("estimation", &format!("= {:.1} %. That is the probability", 100.0 * reached));
    let oracle = Oracle::open("01_proportions");
    let methods: [(&str, OfProportion); 5] = [
        ("normal", proportion::wald),
        ("wilson", proportion::wilson),
        ("agresti_coull", proportion::agresti_coull),
        ("beta", proportion::clopper_pearson),
        ("jeffreys", proportion::jeffreys),
    ];
    for (x, n) in [(81, 263), (15, 148), (0, 20), (1, 29)] {
        for (name, method) in methods {
            let interval = method(x, n, LEVEL).unwrap().interval.unwrap();
            let at = format!("/prop_ci_{x}_{n}/{name}");
            check.all_at(&oracle, &at, &[interval.low, interval.high], CLOSED);
        }
    }
    for (a, b, c, d) in
        [(56, 70, 48, 80), (9, 10, 3, 10), (6, 7, 2, 7), (5, 56, 0, 29), (0, 10, 0, 20), (10, 10, 0, 20)]
    {
        for (name, method) in [
            ("newcomb", DifferenceMethod::Newcombe),
            ("wald", DifferenceMethod::Wald),
            ("agresti-caffo", DifferenceMethod::AgrestiCaffo),
        ] {
            let interval = proportion::difference((a, b), (c, d), method, LEVEL).unwrap().interval.unwrap();
            let at = format!("/newcombe_diff_{a}_{b}_vs_{c}_{d}/{name}");
            check.all_at(&oracle, &at, &[interval.low, interval.high], CLOSED);
        }
    }
    let (z, p) = proportion::z_test((120, 1000), (90, 1000)).unwrap();
    check.all_at(&oracle, "/ztest_120_1000_90_1000", &[z, p], CLOSED);
    let goodman = proportion::multinomial(&[56, 72, 73, 59, 62, 87, 58], LEVEL).unwrap();
    for (index, interval) in goodman.iter().enumerate() {
        let at = format!("/goodman_56_72_73_59_62_87_58/{index}");
        check.all_at(&oracle, &at, &[interval.low, interval.high], CLOSED);
    }
    for (name, p, q, d) in
        [("nps_60_20_20", 60, 20, 20), ("nps_15_12_9", 15, 12, 9), ("nps_10_0_0_degenerate", 10, 0, 0)]
    {
        let estimate = nps::adjusted_wald(p, q, d, LEVEL).unwrap();
        let interval = estimate.interval.unwrap();
        check.at(&oracle, &format!("/{name}/nps"), estimate.point, CLOSED);
        check.at(&oracle, &format!("/{name}/se"), nps::standard_error(p, q, d).unwrap(), CLOSED);
        check.at(&oracle, &format!("/{name}/adj_wald/0"), interval.low, CLOSED);
        // The score ends at 100, which the oracle does not cut.
        check.close(name, interval.high, oracle.number(&format!("/{name}/adj_wald/1")).min(100.0), CLOSED);
        let plain = nps::wald(p, q, d, LEVEL).unwrap().interval.unwrap();
        check.all_at(&oracle, &format!("/{name}/wald"), &[plain.low, plain.high], CLOSED);
    }
    // Variance of {4, 7, 13, 16} shifted by 10^9 is exactly 30.
    let values = [4_i128, 7, 13, 16].map(|value| value + 1_000_000_000);
    let squares = values.iter().map(|value| value * value).sum();
    check.equal("welford", mean::variance_from_moments(4, values.iter().sum(), squares, 0).unwrap(), 30.0);
    // The same from parts, in every order they can arrive.
    let parts = values.map(|value| (1, value, value * value));
    for order in [[0, 1, 2, 3], [3, 2, 1, 0], [2, 0, 3, 1]] {
        let merged = order
            .iter()
            .fold((0, 0, 0), |sum, &i| (sum.0 + parts[i].0, sum.1 + parts[i].1, sum.2 + parts[i].2));
        let variance = mean::variance_from_moments(merged.0, merged.1, merged.2, 0).unwrap();
        check.equal("merged moments", variance, 30.0);
    }
}

#[test]
fn equal_weights_reproduce_the_unweighted_forms() {
    // Weights of 2.5 at scale 1, 30 of 100 hits.
    let weighted = proportion::weighted(2500, 750, 62_500, 18_750, 100, 1, LEVEL).unwrap();
    assert_eq!(weighted.point, 0.3);
    assert!((weighted.effective_n - 99.0).abs() < 1e-12);
    let none = proportion::weighted(2500, 0, 62_500, 0, 100, 1, LEVEL).unwrap();
    let plain = proportion::wilson(0, 100, LEVEL).unwrap();
    assert!((none.interval.unwrap().high - plain.interval.unwrap().high).abs() < 1e-15);

    let moments = mean::WeightedMoments {
        n: 5,
        sum_w: 50,
        sum_wx: 250,
        sum_w2: 500,
        sum_w2x: 2500,
        sum_w2x2: 13_500,
        weight_scale: 1,
        value_scale: 0,
    };
    let weighted = mean::weighted(moments, LEVEL).unwrap();
    let plain = mean::from_moments(5, 25, 135, 0, LEVEL).unwrap();
    assert_eq!(weighted.point, plain.point);
    assert!((weighted.interval.unwrap().low - plain.interval.unwrap().low).abs() < 1e-13);
}

#[test]
fn the_interval_of_a_score_holds_the_score() {
    for (p, q, d) in (1..216_u64).map(|n| (n % 6, n / 6 % 6, n / 36)) {
        let estimate = nps::adjusted_wald(p, q, d, LEVEL).unwrap();
        let interval = estimate.interval.unwrap();
        let held = interval.low <= estimate.point && estimate.point <= interval.high;
        assert!(held, "{p}, {q}, {d}: {} in {interval:?}", estimate.point);
    }
    // By hand: centre 100 · 1/4, variance (2.5/4 − 1/16)/4 = 0.140625, so 25 ± 1.96 · 37.5 = −48.5 to 98.5.
    let one = nps::adjusted_wald(1, 0, 0, LEVEL).unwrap().interval.unwrap();
    assert!((one.low + 48.499).abs() < 1e-3 && one.high == 100.0, "{one:?}");
}

#[test]
fn degenerate_inputs_have_a_reason() {
    assert_eq!(proportion::wilson(0, 0, LEVEL), Err(NotComputable::NoRows));
    assert!(proportion::wilson(3, 2, LEVEL).is_err());
    assert_eq!(nps::adjusted_wald(0, 0, 0, LEVEL), Err(NotComputable::NoRows));
    assert_eq!(mean::from_moments(0, 0, 0, 0, LEVEL), Err(NotComputable::NoRows));
    assert_eq!(mean::from_moments(3, 9, 27, 0, LEVEL).unwrap().interval, Err(NotComputable::NoVariation));
    assert!(mean::from_moments(3, 9, 26, 0, LEVEL).is_err());
    assert_eq!(ratio::rate(3, 0, 0, LEVEL), Err(NotComputable::ZeroDenominator));
    assert!(matches!(ratio::across(7, 0, 2, 0, 2).unwrap().interval, Err(NotComputable::Unsupported(_))));
    assert!(matches!(total::sum(12_345, 2, 3).interval, Err(NotComputable::Unsupported(_))));
    assert_eq!(total::sum(12_345, 2, 3).point, 123.45);
    assert_eq!(
        quantile::from_sample(&[1.0, f64::NAN], 0.5, LEVEL).unwrap_err(),
        NotComputable::NotFinite { what: "the sample".into() }
    );
}

#[test]
fn poisson_and_ratio_of_counts_match_tables() {
    // Garwood's table: 10 events give 4.7954 to 18.3904; none give 0 to 3.6889.
    let ten = ratio::rate(10, 1, 0, LEVEL).unwrap().interval.unwrap();
    assert!((ten.low - 4.7954).abs() < 5e-5 && (ten.high - 18.3904).abs() < 5e-5);
    let none = ratio::rate(0, 100, 1, LEVEL).unwrap();
    assert!((none.interval.unwrap().high - 0.368_887_945).abs() < 1e-8);
    // The interval of a ratio is the mapped interval of its share.
    let both = ratio::of_counts(12, 8, LEVEL).unwrap().interval.unwrap();
    let share = proportion::clopper_pearson(12, 20, LEVEL).unwrap().interval.unwrap();
    assert!((both.low - share.low / (1.0 - share.low)).abs() < 1e-12);
    assert!((both.high - share.high / (1.0 - share.high)).abs() < 1e-11);
}

#[test]
fn linearised_ratio_equals_the_sum_over_rows() {
    let mut random = Random::seeded(5);
    let rows: Vec<(i128, i128)> =
        (0..40).map(|_| (1 + random.below(90) as i128, random.below(500) as i128)).collect();
    let sum = |f: fn(&(i128, i128)) -> i128| rows.iter().map(f).sum::<i128>();
    let estimate = ratio::within_entity(
        ratio::PairMoments {
            n: 40,
            sum_x: sum(|r| r.0),
            sum_y: sum(|r| r.1),
            sum_x2: sum(|r| r.0 * r.0),
            sum_y2: sum(|r| r.1 * r.1),
            sum_xy: sum(|r| r.0 * r.1),
            x_scale: 1,
            y_scale: 2,
        },
        LEVEL,
    )
    .unwrap();
    let (x, y) = (sum(|r| r.0) as f64 / 10.0, sum(|r| r.1) as f64 / 100.0);
    let ratio = y / x;
    let spread: f64 = rows.iter().map(|r| (r.1 as f64 / 100.0 - ratio * r.0 as f64 / 10.0).powi(2)).sum();
    let error = (40.0 / 39.0 * spread).sqrt() / x;
    let half = kepi_stats::distribution::student::quantile(0.975, 39.0) * error;
    assert!((estimate.point - ratio).abs() < 1e-15);
    assert!((estimate.interval.unwrap().high - (ratio + half)).abs() < 1e-13);
}

#[test]
fn logarithmic_bins_keep_their_relative_error_and_merge_in_any_order() {
    // 400 bins from a second to a day, in microseconds.
    let growth = 86_400_f64.powf(1.0 / 400.0);
    let edges: Vec<i64> = (0..=400).map(|i| (1e6 * growth.powi(i)).round() as i64).collect();
    let mut random = Random::seeded(31);
    for _ in 0..20 {
        let values: Vec<i64> = (0..3000)
            .map(|_| (1e6 * (5.0 + 1.3 * random.normal()).exp()).clamp(1e6, 8.63e10) as i64)
            .collect();
        let bins = |part: &[i64]| {
            let mut counts = vec![0_u64; 400];
            for value in part {
                counts[edges.partition_point(|edge| edge <= value) - 1] += 1;
            }
            counts
        };
        let whole = bins(&values);
        let parts: Vec<Vec<u64>> = values.chunks(700).rev().map(bins).collect();
        let merged: Vec<u64> = (0..400).map(|bin| parts.iter().map(|part| part[bin]).sum()).collect();
        assert_eq!(merged, whole);
        let mut sorted = values.clone();
        sorted.sort_unstable();
        for (share, rank) in [(500_000, 1500), (900_000, 2700), (990_000, 2970)] {
            let spacing = quantile::Spacing::Logarithmic;
            let got = quantile::from_histogram(&merged, &edges, share, spacing, 6, LEVEL).unwrap();
            let exact = sorted[rank - 1] as f64 / 1e6;
            assert!((got.point / exact - 1.0).abs() < growth - 1.0, "{} {exact}", got.point);
        }
    }
}

#[test]
fn histogram_quantiles() {
    // 0..=10 scale with known cumulative counts.
    let counts = [1, 0, 2, 3, 4, 10, 10, 20, 30, 15, 5];
    let edges: Vec<i64> = (0..=11).collect();
    let exact =
        quantile::from_histogram(&counts, &edges, 500_000, quantile::Spacing::Points, 0, LEVEL).unwrap();
    assert_eq!(exact.point, 7.0);
    let interval = exact.interval.unwrap();
    // Binomial(100, ½): the 40th and 61st order statistics bound the median.
    assert_eq!((interval.low, interval.high), (7.0, 8.0));
    let linear =
        quantile::from_histogram(&counts, &edges, 500_000, quantile::Spacing::Linear, 0, LEVEL).unwrap();
    assert_eq!(linear.point, 8.0);
    // The 40th value lies in [7, 8), the 61st in [8, 9): the interval has room for wherever they lie in there.
    let interval = linear.interval.unwrap();
    assert_eq!((interval.low, interval.high), (7.0, 9.0));
    // All in one bin: nothing finer than the bin is known, however many there are.
    let one = quantile::from_histogram(
        &[0, 5_000, 0],
        &[0, 10, 20, 30],
        500_000,
        quantile::Spacing::Linear,
        0,
        LEVEL,
    );
    let interval = one.unwrap().interval.unwrap();
    assert_eq!((interval.low, interval.high), (10.0, 20.0));
    let few = quantile::from_histogram(&[3], &[0, 1], 990_000, quantile::Spacing::Linear, 0, LEVEL).unwrap();
    assert_eq!(few.interval, Err(NotComputable::TooFew { n: 3, need: 368 }));
    let log =
        quantile::from_histogram(&[1, 1], &[1, 10, 100], 750_000, quantile::Spacing::Logarithmic, 0, LEVEL)
            .unwrap();
    assert!((log.point - 1000_f64.sqrt()).abs() < 1e-12);
}

/// Share of 20,000 simulated intervals that hold the truth.
fn coverage(seed: u64, truth: f64, mut draw: impl FnMut(&mut Random) -> Estimate) -> f64 {
    let mut random = Random::seeded(seed);
    let rounds = 20_000;
    let mut held = 0;
    for _ in 0..rounds {
        if let Ok(interval) = draw(&mut random).interval {
            held += u32::from(interval.low <= truth && truth <= interval.high);
        }
    }
    f64::from(held) / f64::from(rounds)
}

#[test]
fn intervals_cover_their_level() {
    // Coverage of a proportion is a finite sum, so no simulation: it swings with p around the level.
    let mut total = 0.0;
    for step in 1..=181 {
        let p = 0.045 + f64::from(step) * 0.005;
        let covered: f64 = (0..=60)
            .filter(|hits| {
                let interval = proportion::wilson(*hits, 60, LEVEL).unwrap().interval.unwrap();
                interval.low <= p && p <= interval.high
            })
            .map(|hits| kepi_stats::distribution::binomial::mass(hits, 60, p))
            .sum();
        assert!(covered > 0.91, "{p} {covered}");
        total += covered;
    }
    assert!((total / 181.0 - 0.95).abs() < 0.005, "{total}");
    let exact = coverage(2, 0.04, |random| {
        let hits = (0..60).filter(|_| random.uniform() < 0.04).count() as u64;
        proportion::clopper_pearson(hits, 60, LEVEL).unwrap()
    });
    assert!(exact >= 0.95, "{exact}");
    let score = coverage(3, 30.0, |random| {
        let (mut p, mut q, mut d) = (0, 0, 0);
        for _ in 0..80 {
            match random.uniform() {
                u if u < 0.5 => p += 1,
                u if u < 0.8 => q += 1,
                _ => d += 1,
            }
        }
        nps::adjusted_wald(p, q, d, LEVEL).unwrap()
    });
    assert!((0.94..0.965).contains(&score), "{score}");
    let student = coverage(4, 0.0, |random| {
        let values: Vec<i128> = (0..8).map(|_| (random.normal() * 1e6) as i128).collect();
        let squares = values.iter().map(|value| value * value).sum();
        mean::from_moments(8, values.iter().sum(), squares, 6, LEVEL).unwrap()
    });
    assert!((0.945..0.955).contains(&student), "{student}");
    let weighted = coverage(6, 0.3, |random| {
        let (mut w, mut wh, mut w2, mut w2h) = (0, 0, 0, 0);
        for _ in 0..150 {
            let weight = 1 + random.below(4) as i128;
            let hit = i128::from(random.uniform() < 0.3);
            w += weight;
            wh += weight * hit;
            w2 += weight * weight;
            w2h += weight * weight * hit;
        }
        proportion::weighted(w, wh, w2, w2h, 150, 0, LEVEL).unwrap()
    });
    assert!((0.94..0.96).contains(&weighted), "{weighted}");
}
