//! Gaming, disclosure and privacy at their edges, with oracles that need no data from elsewhere.

use kepi_stats::estimate::{Level, NotComputable};
use kepi_stats::gaming::bunching::{BunchingOptions, bunching};
use kepi_stats::gaming::digits::{Conformity, benford, heaping};
use kepi_stats::gaming::spikes::{Period, poisson_spikes};
use kepi_stats::gaming::threshold::{Bandwidth, Closure, binomial_window, density_test, reopen_hazard};
use kepi_stats::privacy::anonymity::anonymity;
use kepi_stats::privacy::budget::{
    Ledger, advanced_composition, concentrated_gaussian, concentrated_to_approximate,
};
use kepi_stats::privacy::dominance::{PrimaryRules, Sensitive, dominated, sensitive, too_close};
use kepi_stats::privacy::noise::{Calibration, DiscreteLaplace, gaussian_deviation, laplace_scale};
use kepi_stats::privacy::suppression::{Additive, Protection};
use kepi_stats::random::Random;
use kepi_stats::survival::Spell;

const LEVEL: Level = Level::NINETY_FIVE;

fn close(got: f64, want: f64) {
    assert!((got - want).abs() <= 1e-9 * want.abs(), "{got} instead of {want}");
}

/// No two alike.
fn spread() -> Vec<f64> {
    (0..120).map(|i| f64::from(i * 67 % 120) / 10.0 - 5.0 + f64::from(i % 7) * 0.013).collect()
}

/// Whole numbers below 53, most of them several times.
fn heaped() -> Vec<f64> {
    (0..150).map(|k| f64::from((k * k * 7 + 3 * k) % 53)).collect()
}

/// Oracle: rddensity 3.0 (Python). The threshold 22 is itself a value, which counts as above.
#[test]
fn density_test_equals_rddensity() {
    for (values, threshold, widths, want, used) in [
        (
            spread(),
            0.35,
            (3.0, 4.0),
            [0.08274347063237522, 0.07888996682630989, -0.05173666870441062, 0.9587385189506923],
            (30, 39),
        ),
        (
            heaped(),
            22.0,
            (15.0, 20.0),
            [0.13705406293956912, 0.00026032530109318944, -3.1930676245768796, 0.0014076997588843287],
            (35, 64),
        ),
    ] {
        let test = density_test(&values, threshold, Bandwidth::Given(widths.0, widths.1)).unwrap();
        for (got, want) in [test.below, test.above, test.z, test.p_value].into_iter().zip(want) {
            assert!((got - want).abs() < 1e-8 * want.abs().max(1e-2), "{got} instead of {want}");
        }
        // A tenth of the unit is ten times the density.
        let tenth: Vec<f64> = values.iter().map(|v| v * 0.1).collect();
        let narrow = Bandwidth::Given(widths.0 * 0.1, widths.1 * 0.1);
        let again = density_test(&tenth, threshold * 0.1, narrow).unwrap();
        for (got, want) in
            [(again.below, 10.0 * test.below), (again.above, 10.0 * test.above), (again.z, test.z)]
        {
            assert!((got - want).abs() < 1e-6 * want.abs().max(1e-2), "{got} instead of {want}");
        }
        assert_eq!(test.used, used);
        assert_eq!(test.bandwidth, widths);
    }
}

/// numpy 2.4: standard deviation with n − 1, quartiles as order statistics, `2.58 s n^(−1⁄5)`.
#[test]
fn normal_reference_takes_the_lesser_spread() {
    let width =
        |values: &[f64], at: f64| density_test(values, at, Bandwidth::NormalReference).map(|t| t.bandwidth);
    close(width(&spread(), 0.35).unwrap().0, 3.445341002632138);
    close(width(&heaped(), 22.0).unwrap().1, 15.162009507173522);
    // Here the quartiles are the nearer: seven tenths of the values lie close together.
    let mut tight: Vec<f64> = (0..70).map(|i| f64::from(i * i) / 1e4).collect();
    tight.extend((0..15).flat_map(|i| [-10.0 - f64::from(i), 10.0 + f64::from(i)]));
    // Order statistics 24 and 74 of 0 to 99 are 0.0081 and 0.3481.
    close(width(&tight, 0.3).unwrap().0, 2.58 * 0.34 / 1.349 * 100.0_f64.powf(-0.2));
    // Quartiles that agree say nothing; the standard deviation does.
    let mut mass = vec![0.0; 30];
    mass.extend((1..=10).map(|i| f64::from(i) - 3.5));
    assert_eq!(width(&mass, 0.0), Err(NotComputable::TooFew { n: 2, need: 10 }));
    assert_eq!(width(&[1.0; 30], 0.0), Err(NotComputable::NoVariation));
}

#[test]
fn density_test_refuses_what_it_cannot_judge() {
    let given = |below, above| density_test(&spread(), 0.0, Bandwidth::Given(below, above));
    for (below, above) in [(0.0, 1.0), (1.0, 0.0), (-1.0, 1.0), (1.0, -1.0), (f64::NAN, 1.0)] {
        assert!(matches!(given(below, above), Err(NotComputable::Invalid(_))), "{below} {above}");
    }
    assert!(matches!(given(0.5, 4.0), Err(NotComputable::TooFew { need: 10, .. })));
    // Ten on a side are enough.
    let sides: Vec<f64> = (-10..30).map(|i| f64::from(i) / 10.0).collect();
    assert_eq!(density_test(&sides, 0.0, Bandwidth::Given(2.0, 4.0)).unwrap().used, (10, 30));
    assert!(density_test(&spread(), f64::NAN, Bandwidth::Given(1.0, 1.0)).is_err());
    assert!(density_test(&spread()[..19], 0.0, Bandwidth::Given(9.0, 9.0)).is_err());
}

/// Ends of the window: below is `[c − h, c)`, above `[c, c + h)`.
#[test]
fn binomial_window_counts_its_ends() {
    let values = [-2.0, -1.0, -0.5, 0.0, 0.25, 0.5, 1.0, 7.0];
    let window = binomial_window(&values, 0.0, 1.0).unwrap();
    assert_eq!((window.below, window.above), (2, 3));
    // Two or fewer, or three or more, of five fair coins: certain.
    close(window.p_value, 1.0);
    let lopsided = binomial_window(&[1.0, 1.1, 1.2, 1.3, 1.4, 0.5], 1.0, 0.6).unwrap();
    assert_eq!((lopsided.below, lopsided.above), (1, 5));
    // 2 (1 + 6) of 64.
    close(lopsided.p_value, 14.0 / 64.0);
    // One side may be empty: three heads of three.
    close(binomial_window(&values, -3.0, 3.0).unwrap().p_value, 0.25);
    assert_eq!(binomial_window(&values, 3.0, 1.0), Err(NotComputable::NoRows));
    for (threshold, width) in
        [(f64::NAN, 1.0), (f64::INFINITY, 1.0), (0.0, 0.0), (0.0, -1.0), (0.0, f64::NAN)]
    {
        assert!(matches!(binomial_window(&values, threshold, width), Err(NotComputable::Invalid(_))));
    }
}

/// Oracle: lifelines 0.30.3, with everything after day 7 cut off.
#[test]
fn reopening_equals_lifelines() {
    let closures = |near_limit, ended: &[f64], open: &[f64]| -> Vec<Closure> {
        let ended = ended.iter().map(|t| Spell::ended(*t));
        let open = open.iter().map(|t| Spell::open(*t));
        ended.chain(open).map(|reopening| Closure { near_limit, reopening }).collect()
    };
    let mut all = closures(true, &[1.0, 3.0, 5.0, 7.0, 9.0], &[4.0, 30.0, 30.0, 30.0, 30.0, 30.0, 30.0]);
    all.extend(closures(false, &[2.0, 8.0], &[6.0]));
    all.extend(closures(false, &[], &[30.0; 11]));
    let found = reopen_hazard(&all, 7.0, LEVEL).unwrap();
    let check = |estimate: &kepi_stats::estimate::Estimate, want: [f64; 3]| {
        let i = estimate.interval.clone().unwrap();
        for (got, want) in [estimate.point, i.low, i.high].into_iter().zip(want) {
            close(got, want);
        }
    };
    check(&found.near_limit, [0.35185185185185186, 0.1482024876645609, 0.6903377729828393]);
    check(&found.elsewhere, [0.07142857142857129, 0.010380176863149959, 0.40923313257324256]);
    close(found.p_value, 0.09804411459015164);
    // Nobody came back elsewhere: the bound of a count of zero, 1 − 0.025^(1⁄14), by Clopper and Pearson.
    all.iter_mut().filter(|c| !c.near_limit).for_each(|c| c.reopening = Spell::open(30.0));
    let none = reopen_hazard(&all, 7.0, LEVEL).unwrap().elsewhere;
    assert_eq!(none.point, 0.0);
    assert_eq!(none.interval.as_ref().unwrap().low, 0.0);
    close(none.interval.unwrap().high, 1.0 - 0.025_f64.powf(1.0 / 14.0));
}

/// Oracle: statsmodels 0.15, ordinary least squares on powers up to four and one dummy a bin of the window.
#[test]
fn bunching_equals_a_regression_with_dummies() {
    let counts: Vec<u64> = (0..25_i64)
        .map(|i| (500 - (i - 10).pow(2) + i * i * 5 % 13 + if i == 12 { 40 } else { 0 }) as u64)
        .collect();
    let options = |window, degree| BunchingOptions { window, degree };
    let found = bunching(&counts, &options((11, 13), 4), LEVEL).unwrap();
    let interval = found.excess.interval.unwrap();
    close(found.excess.point, 35.5639083266001);
    close(interval.low, 20.905389456655712);
    close(interval.high, 50.22242719654449);
    close(found.normalised, 0.07101248803266436);
    close(found.smooth[0], 400.6283377703103);
    for window in [(13, 11), (24, 25), (25, 25)] {
        assert!(matches!(bunching(&counts, &options(window, 4), LEVEL), Err(NotComputable::Invalid(_))));
    }
    // The window may be one bin, and the last; seven bins outside are the least for degree four.
    assert!(bunching(&counts, &options((24, 24), 4), LEVEL).is_ok());
    assert!(bunching(&counts[..9], &options((4, 5), 4), LEVEL).is_ok());
    assert_eq!(
        bunching(&counts[..9], &options((4, 6), 4), LEVEL),
        Err(NotComputable::TooFew { n: 6, need: 7 })
    );
    assert_eq!(bunching(&[0; 25], &options((11, 13), 4), LEVEL), Err(NotComputable::ZeroDenominator));
}

/// Ten thousand amounts by Benford's law, and a share of them moved from digit 1 to 9: the mean deviation is 2 ⁄ 9 of
/// the share, so that Nigrini's borders are passed one after the other.
#[test]
fn benford_verdicts_change_at_their_borders() {
    let n = 10_000.0;
    let amounts = |moved: f64| {
        let mut values = vec![1000.0, 0.0, -0.0];
        for digit in 1..=9 {
            let expected = n * (1.0 + 1.0 / f64::from(digit)).log10();
            let change = match digit {
                1 => -moved,
                9 => moved,
                _ => 0.0,
            };
            let count = (expected + change).round() as usize;
            values.extend(std::iter::repeat_n(-f64::from(digit), count));
        }
        benford(&values).unwrap()
    };
    for (deviation, verdict) in [
        (0.0, Conformity::Close),
        (0.0058, Conformity::Close),
        (0.0062, Conformity::Acceptable),
        (0.0118, Conformity::Acceptable),
        (0.0122, Conformity::Marginal),
        (0.0148, Conformity::Marginal),
        (0.0152, Conformity::None),
    ] {
        let found = amounts(n * deviation * 9.0 / 2.0);
        assert!((found.mean_absolute_deviation - deviation).abs() < 1e-4, "{found:?}");
        assert_eq!(found.conformity, verdict, "{deviation}");
    }
    // Zeros are left out and the sign is of no account: 50 values are enough, 49 are not.
    let mut few: Vec<f64> = (0..49).map(|i| 2.0_f64.powi(i)).collect();
    few.push(0.0);
    assert_eq!(benford(&few), Err(NotComputable::TooFew { n: 49, need: 50 }));
    few.push(-3.0);
    assert_eq!(benford(&few).unwrap().counts.iter().sum::<u64>(), 50);
    // A factor of a thousand is just wide enough.
    let span = |high: f64| benford(&[vec![1.0; 49], vec![high]].concat());
    assert!(span(1000.0).is_ok());
    assert!(matches!(span(999.0), Err(NotComputable::Unsupported(_))));
    assert!(benford(&[vec![0.001; 49], vec![2.0]].concat()).is_ok());
    assert!(benford(&[f64::INFINITY; 60]).is_err());
}

/// scipy 1.17 `binom.sf(11, 15, 0.2)`; the least base is two.
#[test]
fn heaping_has_an_exact_p_value() {
    let minutes = [5, 10, 15, 20, 30, 30, 30, 60, 60, 7, 13, 22, 45, 60, 30];
    close(heaping(&minutes, 5, LEVEL).unwrap().p_value, 1.0112532480000006e-06);
    // Among 2 and 3, one is even: half, as by chance; at least one of two coins.
    let even = heaping(&[2, 3], 2, LEVEL).unwrap();
    close(even.index, 100.0);
    close(even.p_value, 0.75);
    for base in [0, 1] {
        assert!(matches!(heaping(&minutes, base, LEVEL), Err(NotComputable::Invalid(_))));
    }
    assert_eq!(heaping(&[], 5, LEVEL), Err(NotComputable::NoRows));
}

#[test]
fn spikes_refuse_bad_exposure() {
    for exposure in [0.0, -1.0, f64::NAN, f64::INFINITY] {
        let periods = [Period { count: 3, exposure: 1.0 }, Period { count: 2, exposure }];
        assert!(matches!(poisson_spikes(&periods), Err(NotComputable::Invalid(_))), "{exposure}");
    }
    let quiet = [Period { count: 0, exposure: 1.0 }; 3];
    assert_eq!(poisson_spikes(&quiet), Err(NotComputable::NoVariation));
    assert_eq!(poisson_spikes(&quiet[..1]), Err(NotComputable::TooFew { n: 1, need: 2 }));
    // Twice the exposure, twice the events to expect.
    let uneven = [Period { count: 6, exposure: 2.0 }, Period { count: 4, exposure: 1.0 }];
    close(poisson_spikes(&uneven).unwrap()[0].expected, 8.0);
}

/// Machanavajjhala's classes, by hand: entropies of (2, 2), (1, 1, 2) and (4) as numbers of equally frequent secrets.
#[test]
fn anonymity_by_entropy() {
    let rows = |key: &str, secrets: &[&str]| -> Vec<(Vec<String>, String)> {
        secrets.iter().map(|s| (vec![key.to_owned()], (*s).to_owned())).collect()
    };
    let all = [rows("a", &["h", "h", "v", "v"]), rows("b", &["c", "h", "v", "v"])].concat();
    let found = anonymity(&all).unwrap();
    close(found.classes[0].entropy, 2.0);
    // 2 · ¼ ln 4 + ½ ln 2 = 3⁄2 ln 2.
    close(found.classes[1].entropy, 2.0_f64.powf(1.5));
    close(found.entropy_l, 2.0);
    assert_eq!((found.k, found.distinct_l, found.classes[1].largest_share), (4, 2, 0.5));
    let one = anonymity(&[all, rows("c", &["x", "x", "x"])].concat()).unwrap();
    assert_eq!((one.k, one.distinct_l, one.entropy_l), (3, 1, 1.0));
    assert_eq!(anonymity(&[]), Err(NotComputable::NoRows));
}

#[test]
fn ledgers_book_to_the_last_millionth() {
    let mut ledger = Ledger::new(10);
    ledger.spend("first", 4).unwrap();
    assert!(ledger.spend("nothing", 0).is_err());
    assert!(ledger.spend("too much", 7).is_err());
    ledger.spend("the rest", 6).unwrap();
    assert_eq!(ledger.entries(), [("first".to_owned(), 4), ("the rest".to_owned(), 6)]);
    assert_eq!((ledger.spent(), ledger.left()), (10, 0));
}

#[test]
fn privacy_losses_out_of_range_are_refused() {
    let bad = [f64::NAN, 0.0, -1.0];
    for e in bad {
        assert!(advanced_composition(3, e, 1e-6).is_err(), "{e}");
        assert!(concentrated_gaussian(e, 0.1).is_err(), "{e}");
        assert!(concentrated_gaussian(1.0, e).is_err(), "{e}");
        for (sensitivity, epsilon) in [(e, 1.0), (1.0, e)] {
            assert!(laplace_scale(sensitivity, epsilon).is_err(), "{e}");
            assert!(gaussian_deviation(sensitivity, epsilon, 1e-5, Calibration::Analytic).is_err(), "{e}");
        }
    }
    assert!(laplace_scale(f64::INFINITY, 1.0).is_err() && laplace_scale(1.0, f64::INFINITY).is_err());
    for delta in [f64::NAN, 0.0, -0.1, 1.0, 2.0] {
        assert!(advanced_composition(3, 0.1, delta).is_err(), "{delta}");
        assert!(concentrated_to_approximate(0.1, delta).is_err(), "{delta}");
        assert!(gaussian_deviation(1.0, 0.5, delta, Calibration::Analytic).is_err(), "{delta}");
    }
    assert!(concentrated_to_approximate(f64::NAN, 0.1).is_err());
    assert!(concentrated_to_approximate(-0.1, 0.1).is_err());
    // Nothing learnt costs nothing.
    assert_eq!(concentrated_to_approximate(0.0, 0.1), Ok(0.0));
    for (sensitivity, epsilon) in [(0, (1, 2)), (1, (0, 2)), (1, (1, 0)), (u32::MAX, (1, 2))] {
        assert!(DiscreteLaplace::new(sensitivity, epsilon).is_err());
    }
}

/// The share of a cell that decides is itself allowed: rules speak beyond it.
#[test]
fn dominance_borders() {
    let cell = [60.0, 20.0, 10.0, 5.0, 5.0];
    assert!(!dominated(&cell, 1, 0.6) && dominated(&cell, 1, 0.599) && !dominated(&cell, 2, 0.8));
    // What remains is 20, a third of the largest.
    assert!(!too_close(&cell, 20.0 / 60.0) && too_close(&cell, 0.334));
    let rules = |dominance| PrimaryRules { dominance, percent: None, least: 5 };
    assert_eq!(sensitive(&cell, &rules(Some((1, 0.5)))), Ok(Some(Sensitive::Dominated)));
    assert_eq!(sensitive(&cell, &rules(Some((1, 0.6)))), Ok(None));
    assert_eq!(sensitive(&[0.0; 5], &rules(None)), Ok(None));
    assert_eq!(sensitive(&[], &rules(None)), Ok(Some(Sensitive::TooFew)));
    assert!(matches!(sensitive(&[1.0, -1.0], &rules(None)), Err(NotComputable::Invalid(_))));
    assert!(sensitive(&[f64::NAN; 5], &rules(None)).is_err());
}

/// The interval reaches the least k with `P(|noise| > k) ≤ 1 − level`, and holds the truth that often.
#[test]
fn released_counts_lie_in_their_interval() {
    let noise = DiscreteLaplace::new(1, (1, 2)).unwrap();
    let mut random = Random::seeded(7);
    let mut inside = 0;
    for _ in 0..4000 {
        let released = noise.release(1000, &mut random, LEVEL);
        let i = released.interval.unwrap();
        // 2 q^(k+1) ⁄ (1 + q) with q = e^−½ falls below 0.05 at k = 6: 0.0376 after 0.0620.
        assert_eq!((i.low, i.high), (released.point - 6.0, released.point + 6.0));
        inside += usize::from(i.low <= 1000.0 && 1000.0 <= i.high);
    }
    // 1 − 0.0376; four standard errors are 0.012.
    assert!((inside as f64 / 4000.0 - 0.9624).abs() < 0.012, "{inside}");
    // Both signs, and zero not twice as often.
    let draws: Vec<i64> = (0..4000).map(|_| noise.sample(&mut random)).collect();
    let share = |wanted: i64| draws.iter().filter(|d| **d == wanted).count() as f64 / 4000.0;
    for k in [-1, 0, 1] {
        assert!((share(k) - noise.mass(k)).abs() < 0.028, "{k}: {} for {}", share(k), noise.mass(k));
    }
}

/// A row of 5, 6 and 7 with its sum: two hidden cells of 5 and 6 can each be anything from 0 to 11.
#[test]
fn suppression_protects_to_the_unit() {
    let row = || Additive::new(vec![5.0, 6.0, 7.0], vec![vec![0, 1, 2]]).unwrap();
    let hide = |below, above| row().suppress(&[0], Protection { below, above }, 100);
    let found = hide(5.0, 6.0).unwrap();
    assert_eq!((found.secondary, found.cost, found.cheapest), (vec![1], 6.0, true));
    assert!((found.ranges[0].low, found.ranges[0].high) == (0.0, 11.0));
    // One unit more upwards takes the dearer cell, eight more all of them; fourteen no pattern gives.
    assert_eq!(hide(5.0, 7.0).unwrap().secondary, vec![2]);
    assert_eq!(hide(5.0, 8.0).unwrap().secondary, vec![1, 2]);
    assert_eq!(hide(5.0, 13.0).unwrap().secondary, vec![1, 2]);
    assert!(matches!(hide(5.0, 14.0), Err(NotComputable::Unsupported(_))));
    // A range that reaches zero is enough, however much was asked below.
    assert_eq!(hide(9.0, 6.0).unwrap().secondary, vec![1]);
    // Cut short, everything is hidden and the dearest are shown again first.
    let cut = row().suppress(&[0], Protection { below: 5.0, above: 6.0 }, 1).unwrap();
    assert_eq!((cut.secondary, cut.cheapest), (vec![1], false));
    // Downwards: a second sum keeps the cell from falling to zero.
    let two = Additive::new(vec![5.0, 6.0, 1.0], vec![vec![0, 1], vec![0, 2]]).unwrap();
    let all = |below, above| two.suppress(&[0], Protection { below, above }, 100);
    assert!(all(5.0, 1.0).is_ok());
    assert!(matches!(all(5.0, 1.1), Err(NotComputable::Unsupported(_))));
    // Upwards: the second cell is at most seven, so that the first is at least four.
    let chained = Additive::new(vec![5.0, 6.0, 1.0], vec![vec![0, 1], vec![1, 2]]).unwrap();
    let all = |below, above| chained.suppress(&[0], Protection { below, above }, 100);
    assert_eq!(all(1.0, 6.0).unwrap().ranges[0].low, 4.0);
    assert!(matches!(all(1.1, 6.0), Err(NotComputable::Unsupported(_))));
    for primary in [vec![], vec![3]] {
        assert!(row().suppress(&primary, Protection { below: 1.0, above: 1.0 }, 9).is_err());
    }
    assert!(row().audit(&[0], 1).is_err());
    assert!(Additive::new(vec![1.0, -1.0], vec![]).is_err());
    assert!(Additive::new(vec![1.0], vec![vec![1]]).is_err());
    assert!(Additive::table(&[vec![1.0, 2.0], vec![3.0]]).is_err());
    // Nothing published about it: nothing bounds it.
    assert_eq!(Additive::new(vec![4.0], vec![]).unwrap().audit(&[0], 0).unwrap().high, f64::INFINITY);
}
