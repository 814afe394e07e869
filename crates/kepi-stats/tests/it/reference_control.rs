//! Charts, run lengths, outliers and multiplicity against the NIST handbook, Champ–Woodall and statsmodels.

use kepi_stats::control::chart::{self, Dispersion, EwmaLimits, RangeConstant, Spread};
use kepi_stats::control::outlier::{self, Side};
use kepi_stats::control::run_length::{self, Sides};
use kepi_stats::control::run_rules::{self, RunRule, WESTERN_ELECTRIC};
use kepi_stats::estimate::NotComputable;
use kepi_stats::multiplicity::{self, Adjustment};
use proptest::prelude::*;

use crate::support::{CLOSED, Check, Oracle, Random};

pub fn values(check: &mut Check) {
    let oracle = Oracle::open("04_spc");
    let flow = oracle.numbers("/xmr_nist_flowrate/x");
    let xmr = chart::individuals(&flow, None, RangeConstant::Customary).unwrap();
    check.at(&oracle, "/xmr_nist_flowrate/mean", xmr.centre, CLOSED);
    check.at(&oracle, "/xmr_nist_flowrate/UCL", xmr.points[0].high, CLOSED);
    check.at(&oracle, "/xmr_nist_flowrate/LCL", xmr.points[0].low, CLOSED);
    let Spread::MovingRange { mean_range, sigma } = xmr.spread else { panic!("not a moving range") };
    check.says("control", &format!("Mean {:.2}, mean moving range {mean_range:.3}", xmr.centre));
    check.says("control", &format!("limits {:.2} and {:.2}", xmr.points[0].low, xmr.points[0].high));
    check.at(&oracle, "/xmr_nist_flowrate/MRbar", mean_range, CLOSED);
    check.at(&oracle, "/xmr_nist_flowrate/sigma", sigma, CLOSED);
    check.at(&oracle, "/xmr_nist_flowrate/URL_3.267", chart::moving_range_limit(mean_range), CLOSED);

    let rosner = oracle.numbers("/gesd_rosner/x");
    let gesd = outlier::gesd(&rosner, 10, 0.05).unwrap();
    check.all_at(
        &oracle,
        "/gesd_rosner/R",
        &gesd.steps.iter().map(|s| s.statistic).collect::<Vec<_>>(),
        CLOSED,
    );
    check.all_at(
        &oracle,
        "/gesd_rosner/lambda",
        &gesd.steps.iter().map(|s| s.critical).collect::<Vec<_>>(),
        CLOSED,
    );
    check.at(&oracle, "/gesd_rosner/n_outliers", gesd.outliers.len() as f64, 0.0);
    let z = outlier::modified_z(&rosner).unwrap();
    check.at(&oracle, "/modified_z_rosner/z_max", z.iter().copied().fold(f64::MIN, f64::max), CLOSED);
    check.at(&oracle, "/modified_z_rosner/z_min", z.iter().copied().fold(f64::MAX, f64::min), CLOSED);
    check.at(
        &oracle,
        "/modified_z_rosner/n_abs_gt_3.5",
        z.iter().filter(|z| z.abs() > 3.5).count() as f64,
        0.0,
    );
    check.at(&oracle, "/modified_z_rosner/mad", outlier::median_absolute_deviation(&rosner).unwrap(), CLOSED);
    let uranium = oracle.numbers("/grubbs_nist/x");
    let grubbs = outlier::grubbs(&uranium, Side::High, 0.05).unwrap();
    check.at(&oracle, "/grubbs_nist/G", grubbs.statistic, CLOSED);
    check.at(&oracle, "/grubbs_nist/crit_onesided", grubbs.critical, CLOSED);
    check.all_at(&oracle, "/modified_z_uranium", &outlier::modified_z(&uranium).unwrap(), CLOSED);

    let wafers: Vec<u64> = oracle.numbers("/c_chart_nist_wafer/c").iter().map(|c| *c as u64).collect();
    let c = chart::counts(&wafers, None).unwrap();
    check.at(&oracle, "/c_chart_nist_wafer/cbar", c.centre, CLOSED);
    check.at(&oracle, "/c_chart_nist_wafer/UCL", c.points[0].high, CLOSED);
    check.at(&oracle, "/c_chart_nist_wafer/LCL", c.points[0].low, CLOSED);
    check.equal("c chart outside", c.outside(), vec![23]);
    let shares: Vec<u64> =
        oracle.numbers("/p_chart_nist/frac").iter().map(|f| (f * 50.0).round() as u64).collect();
    let p = chart::proportions(&shares, &[50; 30], None, Dispersion::Theoretical).unwrap();
    check.at(&oracle, "/p_chart_nist/pbar", p.centre, CLOSED);
    check.at(&oracle, "/p_chart_nist/UCL", p.points[0].high, CLOSED);
    check.at(&oracle, "/p_chart_nist/LCL", p.points[0].low, CLOSED);
    check.equal("p chart outside", p.outside(), vec![14, 22]);
    let whole = |at: &str| oracle.numbers(at).iter().map(|x| *x as u64).collect::<Vec<_>>();
    let laney = chart::proportions(
        &whole("/laney_pprime_synth/x"),
        &whole("/laney_pprime_synth/n"),
        None,
        Dispersion::Laney,
    )
    .unwrap();
    check.at(&oracle, "/laney_pprime_synth/pbar", laney.centre, CLOSED);
    let Spread::Inflated { factor } = laney.spread else { panic!("not inflated") };
    check.at(&oracle, "/laney_pprime_synth/sigma_z", factor, CLOSED);
    check.all_at(
        &oracle,
        "/laney_pprime_synth/UCL",
        &laney.points.iter().map(|p| p.high).collect::<Vec<_>>(),
        CLOSED,
    );
    check.all_at(
        &oracle,
        "/laney_pprime_synth/LCL",
        &laney.points.iter().map(|p| p.low).collect::<Vec<_>>(),
        CLOSED,
    );

    let ewma =
        chart::ewma(&oracle.numbers("/ewma_nist/x"), 50.0, 2.0539, 0.3, 3.0, EwmaLimits::Asymptotic).unwrap();
    check.at(&oracle, "/ewma_nist/UCL", ewma.points[0].high, CLOSED);
    check.at(&oracle, "/ewma_nist/LCL", ewma.points[0].low, CLOSED);
    for (index, point) in ewma.points.iter().enumerate() {
        check.at(&oracle, &format!("/ewma_nist/ewma/{}", index + 1), point.value, CLOSED);
    }
    let cusum = chart::cusum(&oracle.numbers("/cusum_nist/x"), 325.0, 0.3175, 4.1959).unwrap();
    check.at(&oracle, "/cusum_nist/first_signal", cusum.signal.unwrap() as f64 + 1.0, 0.0);
    for (index, (high, low)) in cusum.sums.iter().enumerate() {
        check.all_at(&oracle, &format!("/cusum_nist/S/{index}"), &[*high, *low], CLOSED);
    }
    for n in 2..=10 {
        check.at(&oracle, &format!("/d2/{n}"), chart::expected_range(n), CLOSED);
        check.at(&oracle, &format!("/c4/{n}"), chart::deviation_bias(n), CLOSED);
    }
    run_lengths(check, &oracle);
    let oracle = Oracle::open("01_proportions");
    let p = oracle.numbers("/BH1995_15p/p");
    let adjusted = multiplicity::adjust(&p, Adjustment::BenjaminiHochberg).unwrap();
    check.all_at(&oracle, "/BH1995_15p/adj", &adjusted, CLOSED);
    let rejected = multiplicity::rejected(&p, Adjustment::BenjaminiHochberg, 0.05).unwrap();
    check.at(&oracle, "/BH1995_15p/reject", rejected.iter().filter(|r| **r).count() as f64, 0.0);
    // Holm and Bonferroni reject three in the same example (Benjamini and Hochberg 1995).
    for adjustment in [Adjustment::Holm, Adjustment::Bonferroni] {
        let rejected = multiplicity::rejected(&p, adjustment, 0.05).unwrap();
        check.equal("family-wise", rejected.iter().filter(|r| **r).count(), 3);
    }
}

fn run_lengths(check: &mut Check, spc: &Oracle) {
    small_shift_charts(check);
    let oracle = Oracle::open("16_more");
    let [beyond, two, four, side] = WESTERN_ELECTRIC;
    let sets: [(&str, Vec<RunRule>); 6] = [
        ("1", vec![beyond]),
        ("1+2", vec![beyond, two]),
        ("1+3", vec![beyond, four]),
        ("1+4", vec![beyond, side]),
        ("1+2+3", vec![beyond, two, four]),
        ("1+2+3+4", WESTERN_ELECTRIC.to_vec()),
    ];
    for (name, rules) in sets {
        let calm = run_rules::average_run_length(&rules, 0.0).unwrap();
        check.at(&oracle, &format!("/ARL0_WE_{name}"), calm, CLOSED);
        let shifted = run_rules::average_run_length(&rules, 1.0).unwrap();
        check.at(&oracle, &format!("/ARL_shift1_WE_{name}"), shifted, CLOSED);
        // The chapter adds one rule after the other.
        if !matches!(name, "1+3" | "1+4") {
            check.says("control", &format!("| {calm:.1} | {shifted:.1} |"));
        }
    }
    let nine = run_rules::average_run_length(&[beyond, RunRule::OneSide { length: 9 }], 0.0).unwrap();
    check.at(spc, "/ARL0_rule1_plus_run9", nine, CLOSED);
    let all = run_rules::average_run_length(&WESTERN_ELECTRIC, 0.0).unwrap();
    check.within(
        "false alarms of 50 weekly charts",
        run_rules::false_alarms_per_year(50, 52.0, all),
        28.0,
        0.5,
    );
}

/// Published to three digits: Lucas and Crosier 1982 and Lucas and Saccucci 1990, both also in Montgomery 2009,
/// tables 9.3 and 9.11.
fn small_shift_charts(check: &mut Check) {
    let shifts = [0.0, 0.25, 0.5, 0.75, 1.0, 1.5, 2.0, 2.5, 3.0, 4.0];
    let published = [
        (4.0, "168 74.2 26.6 13.3 8.38 4.75 3.34 2.62 2.19 1.71"),
        (5.0, "465 139 38.0 17.0 10.4 5.75 4.01 3.11 2.57 2.01"),
    ];
    for (decision, lengths) in published {
        for (shift, want) in shifts.iter().zip(lengths.split(' ')) {
            let got = run_length::cusum_run_length(0.5, decision, *shift, Sides::Both).unwrap();
            printed(check, &format!("CUSUM {decision} at {shift}"), (got, got), want);
        }
    }
    let published = [
        (0.40, 3.054, "500 224 71.2 28.4 14.3 5.9 3.5 2.5 2.0 1.4"),
        // At ½ they print 48.2: off by one in the last digit, as the smallest width that rounds to 2.998 gives 48.254.
        (0.25, 2.998, "500 170 48.3 20.1 11.1 5.5 3.6 2.7 2.3 1.7"),
        (0.20, 2.962, "500 150 41.8 18.2 10.5 5.5 3.7 2.9 2.4 1.9"),
        (0.10, 2.814, "500 106 31.3 15.9 10.3 6.1 4.4 3.4 2.9 2.2"),
        (0.05, 2.615, "500 84.1 28.8 16.4 11.4 7.1 5.2 4.2 3.5 2.7"),
    ];
    for (lambda, width, lengths) in published {
        for (shift, want) in shifts.iter().zip(lengths.split(' ')) {
            // The widths, too, are printed to three digits.
            let of = |width: f64| run_length::ewma_run_length(lambda, width, *shift).unwrap();
            let (low, high) = (of(width - 5e-4), of(width + 5e-4));
            printed(check, &format!("EWMA {lambda} at {shift}"), (low, high), want);
        }
        let found = run_length::ewma_width(lambda, 500.0).unwrap();
        check.within(&format!("width of EWMA {lambda}"), found, width, 5e-4);
    }
    // Hawkins 1993: decision limits at which a two-sided CUSUM runs 370 points.
    for (allowance, decision) in
        [(0.25, 8.01), (0.5, 4.77), (0.75, 3.34), (1.0, 2.52), (1.25, 1.99), (1.5, 1.61)]
    {
        let found = run_length::cusum_decision(allowance, 370.0, Sides::Both).unwrap();
        check.within(&format!("decision limit for {allowance}"), found, decision, 0.006);
    }
    // λ = 1 is Shewhart's chart, exact in closed form.
    let shewhart = run_length::ewma_run_length(1.0, 3.0, 0.0).unwrap();
    check.close("Shewhart's chart", shewhart, 1.0 / kepi_stats::distribution::normal::two_sided(3.0), 1e-10);
}

/// The printed digits are those of a value between two.
fn printed(check: &mut Check, id: &str, (low, high): (f64, f64), want: &str) {
    let decimals = want.split_once('.').map_or(0, |(_, digits)| digits.len());
    let half = 0.5 * 10_f64.powi(-(decimals as i32));
    check.within(id, want.parse::<f64>().unwrap().clamp(low, high), want.parse().unwrap(), half);
}

#[test]
fn run_length_equals_simulation() {
    let mut random = Random::seeded(1);
    let rules = WESTERN_ELECTRIC;
    let (mut total, rounds) = (0_usize, 4000);
    let mut points: Vec<f64> = Vec::new();
    for _ in 0..rounds {
        points.clear();
        loop {
            points.extend((0..200).map(|_| random.normal()));
            let hits = run_rules::signals(&points, 0.0, 1.0, &rules).unwrap();
            if let Some(first) = hits.iter().position(|hit| !hit.is_empty()) {
                total += first + 1;
                break;
            }
        }
    }
    let mean = total as f64 / f64::from(rounds);
    // Standard error of the mean is about 91/√4000 = 1.4.
    assert!((mean - 91.75).abs() < 5.0, "{mean}");
}

#[test]
fn rules_signal_where_they_should() {
    let values = [0.5, 2.1, 0.3, 2.2, -1.5, -1.2, -1.1, 0.2, -1.3];
    let hits = run_rules::signals(&values, 0.0, 1.0, &WESTERN_ELECTRIC).unwrap();
    let expected: Vec<Vec<usize>> =
        vec![vec![], vec![], vec![], vec![1], vec![], vec![], vec![], vec![], vec![2]];
    assert_eq!(hits, expected);
    let run = run_rules::signals(&[0.1; 9], 0.0, 1.0, &WESTERN_ELECTRIC).unwrap();
    assert_eq!(run.iter().position(|hit| hit == &vec![3]), Some(7));
    // A point on the centre line breaks a run.
    let mut broken = [0.1; 12];
    broken[5] = 0.0;
    let hits = run_rules::signals(&broken, 0.0, 1.0, &WESTERN_ELECTRIC).unwrap();
    assert!(hits.iter().all(Vec::is_empty));
    assert!(run_rules::average_run_length(&[], 0.0).is_err());
    assert!(run_rules::average_run_length(&[RunRule::Several { hits: 4, of: 3, sigma: 1.0 }], 0.0).is_err());
}

#[test]
fn a_frozen_baseline_keeps_an_event_out_of_its_limits() {
    let mut values = vec![10.0, 11.0, 9.5, 10.2, 9.8, 10.4, 9.9, 10.1];
    let frozen = chart::individuals(&values, Some(0..8), RangeConstant::Exact).unwrap();
    values.extend([30.0, 31.0, 29.0]);
    let after = chart::individuals(&values, Some(0..8), RangeConstant::Exact).unwrap();
    assert_eq!(frozen.points[0].high, after.points[0].high);
    assert_eq!(after.outside(), vec![8, 9, 10]);
    assert!(chart::individuals(&values, Some(3..90), RangeConstant::Exact).is_err());
    let flat = chart::individuals(&[5.0; 4], None, RangeConstant::Exact);
    assert_eq!(flat.unwrap_err(), NotComputable::NoVariation);
    let cusum = chart::cusum(&[0.0, 0.0, 0.0, 2.0, 2.0, 2.0, 2.0], 0.0, 0.5, 4.0).unwrap();
    assert_eq!((cusum.signal, cusum.start), (Some(5), Some(3)));
    // Exact EWMA limits open towards the steady ones.
    let ewma = chart::ewma(&[0.0; 50], 0.0, 1.0, 0.2, 3.0, EwmaLimits::Exact).unwrap();
    assert!((ewma.points[0].high - 0.6).abs() < 1e-12 && (ewma.points[49].high - 1.0).abs() < 1e-9);
}

#[test]
fn outlier_tests_keep_their_error() {
    let mut random = Random::seeded(8);
    let (mut gesd, mut grubbs, rounds) = (0, 0, 4000);
    for _ in 0..rounds {
        let values: Vec<f64> = (0..40).map(|_| random.normal()).collect();
        gesd += usize::from(!outlier::gesd(&values, 3, 0.05).unwrap().outliers.is_empty());
        let test = outlier::grubbs(&values, Side::Either, 0.05).unwrap();
        grubbs += usize::from(test.statistic > test.critical);
    }
    for found in [gesd, grubbs] {
        let rate = found as f64 / f64::from(rounds);
        assert!((0.035..0.065).contains(&rate), "{rate}");
    }
}

proptest! {
    #[test]
    fn charts_move_and_stretch_with_their_values(
        values in proptest::collection::vec(-100.0..100.0_f64, 3..40),
        shift in -50.0..50.0_f64,
        scale in 0.1..10.0_f64,
    ) {
        prop_assume!(values.windows(2).any(|pair| (pair[0] - pair[1]).abs() > 1e-3));
        let plain = chart::individuals(&values, None, RangeConstant::Exact).unwrap();
        let moved: Vec<f64> = values.iter().map(|value| shift + scale * value).collect();
        let moved = chart::individuals(&moved, None, RangeConstant::Exact).unwrap();
        prop_assert!((moved.centre - (shift + scale * plain.centre)).abs() < 1e-9);
        prop_assert!((moved.points[0].high - (shift + scale * plain.points[0].high)).abs() < 1e-8);
    }

    #[test]
    fn adjusted_p_values_keep_order_and_never_fall(p in proptest::collection::vec(0.0..=1.0_f64, 1..30)) {
        for how in [
            Adjustment::BenjaminiHochberg,
            Adjustment::BenjaminiYekutieli,
            Adjustment::Holm,
            Adjustment::Bonferroni,
        ] {
            let adjusted = multiplicity::adjust(&p, how).unwrap();
            for i in 0..p.len() {
                prop_assert!(adjusted[i] >= p[i] * (1.0 - 1e-12) && adjusted[i] <= 1.0);
                for j in 0..p.len() {
                    prop_assert!(p[i] > p[j] || adjusted[i] <= adjusted[j]);
                }
            }
        }
    }

    #[test]
    fn outliers_do_not_depend_on_order(values in proptest::collection::vec(-10.0..10.0_f64, 12..30), seed in any::<u64>()) {
        let mut shuffled: Vec<(usize, f64)> = values.iter().copied().enumerate().collect();
        Random::seeded(seed).shuffle(&mut shuffled);
        let plain = outlier::gesd(&values, 4, 0.05).unwrap();
        let again = outlier::gesd(&shuffled.iter().map(|pair| pair.1).collect::<Vec<_>>(), 4, 0.05).unwrap();
        let mut left: Vec<usize> = plain.outliers.clone();
        let mut right: Vec<usize> = again.outliers.iter().map(|index| shuffled[*index].0).collect();
        left.sort_unstable();
        right.sort_unstable();
        prop_assert_eq!(left, right);
    }
}

#[test]
fn run_lengths_agree_with_chain_approximation_and_simulation() {
    // Brook and Evans's chain of t states is off by about a constant over t².
    let chain = |states: usize, shift: f64| {
        let width = 2.0 * 4.0 / (2.0 * states as f64 - 1.0);
        let below = |x: f64| kepi_stats::distribution::normal::below(x + 0.5 - shift);
        let mut alive = vec![0.0; states];
        alive[0] = 1.0;
        let mut length = 0.0;
        for _ in 0..6000 {
            length += alive.iter().sum::<f64>();
            let mut next = vec![0.0; states];
            for (i, mass) in alive.iter().enumerate() {
                for (j, target) in next.iter_mut().enumerate() {
                    let step = (j as f64 - i as f64) * width;
                    let low = if j == 0 { 0.0 } else { below(step - 0.5 * width) };
                    *target += mass * (below(step + 0.5 * width) - low);
                }
            }
            alive = next;
        }
        length
    };
    let exact = run_length::cusum_run_length(0.5, 4.0, 0.0, Sides::Upper).unwrap();
    let (coarse, fine) = (chain(8, 0.0), chain(16, 0.0));
    assert!((fine - exact).abs() < 0.3 * (coarse - exact).abs(), "{coarse} {fine} {exact}");
    assert!((fine / exact - 1.0).abs() < 0.015, "{coarse} {fine} {exact}");
    for (shift, decision) in [(0.0, 5.0), (0.25, 4.0), (1.0, 5.0)] {
        // Siegmund 1985, with his correction of 1.166 for overshoot.
        let (drift, b) = (shift - 0.5, decision + 1.166);
        let siegmund = ((-2.0_f64 * drift * b).exp() + 2.0 * drift * b - 1.0) / (2.0 * drift * drift);
        let exact = run_length::cusum_run_length(0.5, decision, shift, Sides::Upper).unwrap();
        assert!((siegmund / exact - 1.0).abs() < 0.02, "{siegmund} {exact}");
    }
    // The charts themselves, on simulated points.
    let mut random = Random::seeded(12);
    let (rounds, mut sum, mut average) = (4000, 0.0, 0.0);
    for _ in 0..rounds {
        let points: Vec<f64> = (0..400).map(|_| 1.0 + random.normal()).collect();
        sum += chart::cusum(&points, 0.0, 0.5, 4.0).unwrap().signal.unwrap() as f64 + 1.0;
        let chart = chart::ewma(&points, 0.0, 1.0, 0.2, 2.962, EwmaLimits::Asymptotic).unwrap();
        average += chart.outside()[0] as f64 + 1.0;
    }
    let near = |total: f64, exact: f64| {
        (total / f64::from(rounds) - exact).abs() < 4.0 * 7.0 / f64::from(rounds).sqrt()
    };
    assert!(near(sum, run_length::cusum_run_length(0.5, 4.0, 1.0, Sides::Both).unwrap()));
    assert!(near(average, run_length::ewma_run_length(0.2, 2.962, 1.0).unwrap()));
}

#[test]
fn run_lengths_that_do_not_exist_have_a_reason() {
    assert!(run_length::cusum_run_length(-0.1, 4.0, 0.0, Sides::Both).is_err());
    assert!(run_length::cusum_run_length(0.5, f64::NAN, 0.0, Sides::Both).is_err());
    assert!(matches!(
        run_length::cusum_run_length(0.5, 40.0, 0.0, Sides::Both),
        Err(NotComputable::OutOfRange { .. })
    ));
    assert!(run_length::ewma_run_length(0.0, 3.0, 0.0).is_err());
    assert!(run_length::ewma_run_length(0.1, f64::INFINITY, 0.0).is_err());
    assert!(run_length::cusum_run_length(0.5, f64::INFINITY, 0.0, Sides::Both).is_err());
    assert!(run_length::ewma_width(0.1, f64::NAN).is_err());
    assert!(matches!(run_length::ewma_run_length(1e-4, 3.0, 0.0), Err(NotComputable::OutOfRange { .. })));
    assert!(run_length::ewma_width(0.1, 0.5).is_err());
    assert!(run_length::cusum_decision(0.5, 1e13, Sides::Both).is_err());
}

/// Of normal deviates one in twenty has a factor beyond the greatest at 5 %.
#[test]
fn what_spreads_as_theory_says_is_seldom_said_to_spread_more() {
    let mut random = kepi_stats::random::Random::seeded(31);
    for points in [12, 25, 60] {
        let greatest = chart::greatest_factor(points, 0.05);
        let beyond = (0..4_000).filter(|_| {
            let z: Vec<f64> = (0..points).map(|_| random.normal()).collect();
            let range = z.windows(2).map(|w| (w[1] - w[0]).abs()).sum::<f64>() / (points - 1) as f64;
            range / 1.128 > greatest
        });
        let share = beyond.count() as f64 / 4_000.0;
        // The distribution is somewhat skewed.
        assert!((0.035..0.075).contains(&share), "{points}: {share}");
    }
}
