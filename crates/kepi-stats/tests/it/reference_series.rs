//! Series against R (strucchange, forecast, lmtest) and statsmodels.

use kepi_stats::estimate::{Level, NotComputable};
use kepi_stats::series::autoregression::{self, Order};
use kepi_stats::series::change_point::{self, Penalty};
use kepi_stats::series::cross_correlation::{self, Scaling};
use kepi_stats::series::decomposition::{self, SeasonShape, StlOptions, StlOutliers};
use kepi_stats::series::granger;
use kepi_stats::series::unit_root::{self, Around};

use crate::support::{CLOSED, Check, Oracle, Random, Table};

const LEVEL: Level = Level::NINETY_FIVE;

pub fn values(check: &mut Check) {
    let ours = Oracle::open("16_more");
    let table = Table::own("leadlag_synth.csv");
    let order = Order::Fixed(1);
    let lead = cross_correlation::lead_lag(&table.numbers("x"), &table.numbers("y"), 8, order).unwrap();
    check.at(&ours, "/leadlag_true_lag3/phi", lead.filter[0], CLOSED);
    check.at(&ours, "/leadlag_true_lag3/band", lead.band, CLOSED);
    for lag in 0..=8 {
        check.at(&ours, &format!("/leadlag_true_lag3/raw/{lag}"), lead.raw[lag], CLOSED);
        check.at(&ours, &format!("/leadlag_true_lag3/prewhitened/{lag}"), lead.whitened[lag], CLOSED);
    }
    if let Some(table) = check.published("nottem.csv") {
        let oracle = Oracle::open("14_decomp_misc");
        let series = table.numbers("y");
        let plain = decomposition::stl(&series, 12, StlOptions::default()).unwrap();
        check.all_at(&oracle, "/stl_py_nottem_s7/seasonal5", &plain.seasonal[..5], CLOSED);
        check.all_at(&oracle, "/stl_py_nottem_s7/trend5", &plain.trend[..5], CLOSED);
        check.all_at(&oracle, "/stl_py_nottem_s7/resid5", &plain.remainder[..5], 1e-8);
        let fixed = StlOptions { shape: SeasonShape::Fixed, ..StlOptions::default() };
        let fixed = decomposition::stl(&series, 12, fixed).unwrap();
        let r = Oracle::open("11_regression_ts");
        check.all_at(&r, "/stl/nottem_per/seasonal", &fixed.seasonal[..12], CLOSED);
        check.all_at(&r, "/stl/nottem_per/trend_first5", &fixed.trend[..5], CLOSED);
        check.all_at(&r, "/stl/nottem_per/rem_first5", &fixed.remainder[..5], CLOSED);
        check.equal("the season repeats", fixed.seasonal[5], fixed.seasonal[5 + 12 * 19]);
        let robust = StlOptions { outliers: StlOutliers::DownWeighted, ..StlOptions::default() };
        let robust = decomposition::stl(&series, 12, robust).unwrap();
        check.all_at(&oracle, "/stl_py_nottem_s7_robust/seasonal5", &robust.seasonal[..5], CLOSED);
        check.all_at(&oracle, "/stl_py_nottem_s7_robust/trend5", &robust.trend[..5], CLOSED);
        // The oracle computes both strengths from the robust fit.
        check.at(&oracle, "/stl_strength_nottem/Fs", robust.seasonal_strength(), CLOSED);
        check.at(&oracle, "/stl_strength_nottem/Ft", robust.trend_strength(), CLOSED);
    }
    hormone(check);
    if let Some(table) = check.published("nile.csv") {
        nile(check, &table.numbers("nile"));
    }
    if let Some(table) = check.published("chickegg.csv") {
        let oracle = Oracle::open("11_regression_ts");
        let (chicken, egg) = (table.numbers("chicken"), table.numbers("egg"));
        let forward = granger::test(&egg, &chicken, 3).unwrap();
        check.all_at(&oracle, "/granger/egg_causes_chicken", &[forward.f, forward.p], 1e-8);
        let backward = granger::test(&chicken, &egg, 3).unwrap();
        check.all_at(&oracle, "/granger/chicken_causes_egg", &[backward.f, backward.p], 1e-8);
    }
    if let Some(table) = check.published("macrodata.csv") {
        macro_data(check, &table);
    }
}

fn nile(check: &mut Check, series: &[f64]) {
    let oracle = Oracle::open("11_regression_ts");
    check.equal(
        "pelt on the Nile",
        change_point::pelt(series, Penalty::ThreeVarianceLog, 5).unwrap(),
        vec![28],
    );
    for (breaks, wanted) in [(1, vec![28]), (2, vec![19, 28])] {
        check.equal("best breaks", change_point::segment(series, breaks, 2).unwrap().breaks, wanted);
    }
    let chosen = change_point::best_segmentation(series, 5, 15).unwrap();
    check.at(&oracle, "/nile/bp", chosen.breaks[0] as f64, 0.0);
    check.at(&oracle, "/nile/bic", chosen.bic, CLOSED);
    check.all_at(&oracle, "/nile/seg_means", &chosen.means, CLOSED);
    let sup = change_point::sup_f(series, 0.15).unwrap();
    check.at(&oracle, "/nile/supF", sup.statistic, CLOSED);
    check.equal("sup-F position", (sup.position, sup.significant()), (28, true));
}

/// Luteinizing hormone every ten minutes (Diggle 1990; `lh` in R): Ljung and Box's test of ten lags.
fn hormone(check: &mut Check) {
    let oracle = Oracle::open("11_regression_ts");
    let series: Vec<f64> =
        "24 24 24 22 21 15 23 23 25 20 19 17 22 18 32 32 27 22 22 19 19 18 27 30 23 20 20 29 29 27 \
         27 23 26 24 18 17 15 14 21 33 35 35 31 26 21 34 30 29"
            .split_whitespace()
            .map(|cell| cell.parse::<f64>().unwrap() / 10.0)
            .collect();
    let (statistic, p) = autoregression::ljung_box(&series, 10, 0).unwrap();
    check.at(&oracle, "/ljung/statistic.X-squared", statistic, CLOSED);
    check.at(&oracle, "/ljung/p.value", p, CLOSED);
}

fn macro_data(check: &mut Check, table: &Table) {
    let oracle = Oracle::open("05_py_reg");
    let log = |name: &str| table.numbers(name).iter().map(|x| x.ln()).collect::<Vec<f64>>();
    let growth =
        |name: &str| log(name).windows(2).map(|pair| 100.0 * (pair[1] - pair[0])).collect::<Vec<f64>>();
    let (gdp, consumption, investment) = (growth("realgdp"), growth("realcons"), growth("realinv"));
    for lags in 1..=4 {
        let test = granger::test(&consumption, &gdp, lags).unwrap();
        let at = format!("/granger_realcons_causes_realgdp/{lags}");
        check.all_at(
            &oracle,
            &format!("{at}/ssr_ftest"),
            &[test.f, test.p, test.degrees.1, test.degrees.0],
            1e-8,
        );
        check.at(&oracle, &format!("{at}/lrtest/0"), test.likelihood_ratio, 1e-8);
        check.at(&oracle, &format!("{at}/lrtest/1"), test.likelihood_ratio_p, 1e-8);
        let back = granger::test(&gdp, &consumption, lags).unwrap();
        let at = format!("/granger_realgdp_causes_realcons/{lags}");
        check.all_at(&oracle, &at, &[back.f, back.p, back.degrees.1, back.degrees.0], 1e-8);
    }
    let level = unit_root::augmented_dickey_fuller(&log("realgdp"), 4, Around::Trend).unwrap();
    check.at(&oracle, "/adf_log_realgdp/stat", level.statistic, 1e-8);
    check.at(&oracle, "/adf_log_realgdp/p", level.p, 1e-8);
    let change = unit_root::augmented_dickey_fuller(&gdp, 4, Around::Constant).unwrap();
    check.at(&oracle, "/adf_dlog_realgdp/stat", change.statistic, 1e-8);
    check.at(&oracle, "/adf_dlog_realgdp/p", change.p, 1e-8);
    let overlap = cross_correlation::cross_correlation(&investment, &gdp, 4, Scaling::Overlap).unwrap();
    let whole = cross_correlation::cross_correlation(&investment, &gdp, 4, Scaling::Whole).unwrap();
    for (lag, got) in overlap.iter().enumerate() {
        check.at(&oracle, &format!("/xcorr_inv_gdp/{lag}"), *got, CLOSED);
    }
    // The oracle's lag runs from the follower to the leader.
    check.at(&oracle, "/ccf_statsmodels_gdp_inv_adjFalse/0", whole[0], CLOSED);
    let backwards = cross_correlation::cross_correlation(&investment, &gdp, 4, Scaling::Whole).unwrap();
    check.all_at(&oracle, "/ccf_statsmodels_gdp_inv_adjFalse", &backwards, CLOSED);
}

#[test]
fn pelt_equals_the_exhaustive_search() {
    let mut random = Random::seeded(5);
    for _ in 0..200 {
        let n = 12 + random.below(30);
        let mut level = 0.0;
        let series: Vec<f64> = (0..n)
            .map(|_| {
                if random.uniform() < 0.1 {
                    level = 4.0 * random.normal();
                }
                level + random.normal()
            })
            .collect();
        let price = 2.0 + 10.0 * random.uniform();
        let shortest = 1 + random.below(4);
        let cost = |breaks: &[usize]| {
            let fit: f64 = std::iter::once(0)
                .chain(breaks.iter().copied())
                .zip(breaks.iter().copied().chain([n]))
                .map(|(from, to)| {
                    let mean = series[from..to].iter().sum::<f64>() / (to - from) as f64;
                    series[from..to].iter().map(|x| (x - mean).powi(2)).sum::<f64>()
                })
                .sum();
            fit + price * breaks.len() as f64
        };
        let found = change_point::pelt(&series, Penalty::Fixed(price), shortest).unwrap();
        let best = (0..n / shortest)
            .map(|breaks| cost(&change_point::segment(&series, breaks, shortest).unwrap().breaks))
            .fold(f64::INFINITY, f64::min);
        assert!((cost(&found) - best).abs() < 1e-9, "{found:?}");
    }
}

#[test]
fn tests_on_independent_series_keep_their_error() {
    let mut random = Random::seeded(77);
    let (mut granger_hits, mut whitened_hits, mut raw_hits, rounds) = (0, 0, 0, 1500);
    for _ in 0..rounds {
        let mut walk = |phi: f64| {
            let mut value = 0.0;
            (0..120)
                .map(|_| {
                    value = phi * value + random.normal();
                    value
                })
                .collect::<Vec<f64>>()
        };
        let (x, y) = (walk(0.9), walk(0.9));
        granger_hits += usize::from(granger::test(&x, &y, 2).unwrap().p < 0.05);
        let lead = cross_correlation::lead_lag(&x, &y, 6, Order::Akaike(4)).unwrap();
        whitened_hits += usize::from(lead.whitened[3].abs() > lead.band);
        raw_hits += usize::from(lead.raw[3].abs() > 1.96 / 120_f64.sqrt());
    }
    let rate = |hits: usize| hits as f64 / f64::from(rounds);
    assert!(rate(granger_hits) < 0.075, "{}", rate(granger_hits));
    assert!((0.02..0.08).contains(&rate(whitened_hits)), "{}", rate(whitened_hits));
    // What whitening is for: unrelated persistent series look related most of the time.
    assert!(rate(raw_hits) > 0.3, "{}", rate(raw_hits));
}

#[test]
fn degenerate_series_have_a_reason() {
    let flat = [3.0; 40];
    assert_eq!(change_point::pelt(&flat, Penalty::default(), 2).unwrap_err(), NotComputable::NoVariation);
    assert_eq!(autoregression::fit(&flat, Order::Fixed(1)).unwrap_err(), NotComputable::NoVariation);
    assert!(decomposition::stl(&[1.0; 20], 12, StlOptions::default()).is_err());
    assert!(decomposition::stl(&[f64::NAN; 40], 12, StlOptions::default()).is_err());
    assert!(granger::test(&flat, &[1.0; 40], 1).is_err());
}

#[test]
fn autoregression_finds_its_order() {
    let mut random = Random::seeded(13);
    let mut series = vec![0.0, 0.0];
    for t in 2..4000 {
        let next = 0.5 * series[t - 1] + 0.3 * series[t - 2] + random.normal();
        series.push(next);
    }
    let fit = autoregression::fit(&series, Order::Akaike(8)).unwrap();
    assert!(fit.coefficients.len() >= 2);
    assert!((fit.coefficients[0] - 0.5).abs() < 0.06 && (fit.coefficients[1] - 0.3).abs() < 0.06);
    let residuals = fit.filter(&series, fit.mean);
    let (_, p) = autoregression::ljung_box(&residuals, 12, fit.coefficients.len()).unwrap();
    assert!(p > 0.001, "{p}");
    let (_, raw) = autoregression::ljung_box(&series, 12, 0).unwrap();
    assert!(raw < 1e-10);
}

#[test]
fn predictive_validity_tells_leads_from_noise_and_from_too_little() {
    use kepi_stats::series::validity::{ValidityOptions, Verdict, predictive_validity};
    let mut random = Random::seeded(19);
    let leader: Vec<f64> = (0..160).map(|_| random.normal()).collect();
    let led: Vec<f64> =
        (0..160).map(|t| if t > 0 { 0.9 * leader[t - 1] } else { 0.0 } + 0.6 * random.normal()).collect();
    let alone: Vec<f64> = (0..160).map(|_| random.normal()).collect();
    let options = ValidityOptions::default();
    let found = predictive_validity(&leader, &led, options, LEVEL).unwrap();
    assert_eq!(found.verdict, Verdict::Predicts);
    assert!((0.4..0.8).contains(&found.gain.point), "{}", found.gain.point);
    let nothing = predictive_validity(&leader, &alone, options, LEVEL).unwrap();
    assert_ne!(nothing.verdict, Verdict::Predicts);
    let weak: Vec<f64> =
        (0..40).map(|t| if t > 0 { 0.3 * leader[t - 1] } else { 0.0 } + random.normal()).collect();
    let little = predictive_validity(&leader[..40], &weak, options, LEVEL).unwrap();
    assert_eq!(little.verdict, Verdict::InsufficientPower);
    assert!(predictive_validity(&leader[..20], &weak[..20], options, LEVEL).is_err());
}

#[test]
fn what_a_panel_gains_by_a_leader_is_told_and_not_made_up() {
    use kepi_stats::series::validity::{PanelRow, ValidityOptions, Verdict, panel_validity};
    let panel = |seed, units: usize, periods: i32, strength: f64| {
        let mut random = Random::seeded(seed);
        // What all share, which no member's leader foretells.
        let shocks: Vec<f64> = (0..periods).map(|_| 3.0 * random.normal()).collect();
        let mut rows = Vec::new();
        for unit in 0..units {
            let level = 5.0 * random.normal();
            let (mut before, mut leader) = (level, random.normal());
            for (period, shock) in (0..).zip(&shocks) {
                let outcome = level + strength * leader + random.normal() + shock;
                rows.push(PanelRow { unit, period, outcome, before, leader });
                (before, leader) = (outcome, random.normal());
            }
        }
        rows
    };
    let options = ValidityOptions { first_origin: 12, ..ValidityOptions::default() };
    let of = |rows: &[PanelRow]| panel_validity(rows, options, LEVEL).unwrap();
    // Of a variance of 1 + .25 the leader explains a fifth.
    let led = of(&panel(3, 20, 40, 0.5));
    assert_eq!(led.verdict, Verdict::Predicts);
    assert!((0.12..0.28).contains(&led.gain.point), "{}", led.gain.point);
    assert_eq!(of(&panel(3, 20, 40, 0.0)).verdict, Verdict::DoesNotPredict);
    // A single series, and rows in any order.
    let mut one = panel(5, 1, 60, 2.0);
    let found = of(&one);
    assert_eq!(found.gain.n, 48);
    one.reverse();
    assert_eq!(of(&one), found);
    assert!(panel_validity(&panel(3, 20, 21, 0.5), options, LEVEL).is_err());
}
