//! Regressions against NIST, R sandwich, lme4, plm and statsmodels.

use kepi_stats::distribution::normal;
use kepi_stats::estimate::{Level, NotComputable};
use kepi_stats::linear::Matrix;
use kepi_stats::regression::covariance::{
    Hc, Intersection, Prewhitening, SmallSample, clustered, clustered_two_way, heteroskedastic, newey_west,
};
use kepi_stats::regression::huber::{BEND, huber};
use kepi_stats::regression::least_squares::{LeastSquares, Reference, TotalSquares};
use kepi_stats::regression::logistic::logistic_regression;
use kepi_stats::regression::panel::{PanelCorrection, PanelFit};
use kepi_stats::regression::random_intercept::{Criterion, random_intercept};
use kepi_stats::regression::redundancy::{average_linkage, variance_inflation};

use crate::support::{CLOSED, Check, OPTIMISED, Oracle, Random};

/// NIST StRD Longley (public domain): deflator, product in units of 1000, unemployed, forces, population, year, employed.
const LONGLEY: [[f64; 7]; 16] = [
    [83.0, 234.289, 235.6, 159.0, 107.608, 1947.0, 60.323],
    [88.5, 259.426, 232.5, 145.6, 108.632, 1948.0, 61.122],
    [88.2, 258.054, 368.2, 161.6, 109.773, 1949.0, 60.171],
    [89.5, 284.599, 335.1, 165.0, 110.929, 1950.0, 61.187],
    [96.2, 328.975, 209.9, 309.9, 112.075, 1951.0, 63.221],
    [98.1, 346.999, 193.2, 359.4, 113.27, 1952.0, 63.639],
    [99.0, 365.385, 187.0, 354.7, 115.094, 1953.0, 64.989],
    [100.0, 363.112, 357.8, 335.0, 116.219, 1954.0, 63.761],
    [101.2, 397.469, 290.4, 304.8, 117.388, 1955.0, 66.019],
    [104.6, 419.18, 282.2, 285.7, 118.734, 1956.0, 67.857],
    [108.4, 442.769, 293.6, 279.8, 120.445, 1957.0, 68.169],
    [110.8, 444.546, 468.1, 263.7, 121.95, 1958.0, 66.513],
    [112.6, 482.704, 381.3, 255.2, 123.366, 1959.0, 68.655],
    [114.2, 502.601, 393.1, 251.4, 125.368, 1960.0, 69.564],
    [115.7, 518.173, 480.6, 257.2, 127.852, 1961.0, 69.331],
    [116.9, 554.894, 400.7, 282.7, 130.081, 1962.0, 70.551],
];

/// Spector and Mazzeo (1980), public domain: grade point average, test score, new method, improved.
pub const SPECTOR: [[f64; 4]; 32] = [
    [2.66, 20.0, 0.0, 0.0],
    [2.89, 22.0, 0.0, 0.0],
    [3.28, 24.0, 0.0, 0.0],
    [2.92, 12.0, 0.0, 0.0],
    [4.0, 21.0, 0.0, 1.0],
    [2.86, 17.0, 0.0, 0.0],
    [2.76, 17.0, 0.0, 0.0],
    [2.87, 21.0, 0.0, 0.0],
    [3.03, 25.0, 0.0, 0.0],
    [3.92, 29.0, 0.0, 1.0],
    [2.63, 20.0, 0.0, 0.0],
    [3.32, 23.0, 0.0, 0.0],
    [3.57, 23.0, 0.0, 0.0],
    [3.26, 25.0, 0.0, 1.0],
    [3.53, 26.0, 0.0, 0.0],
    [2.74, 19.0, 0.0, 0.0],
    [2.75, 25.0, 0.0, 0.0],
    [2.83, 19.0, 0.0, 0.0],
    [3.12, 23.0, 1.0, 0.0],
    [3.16, 25.0, 1.0, 1.0],
    [2.06, 22.0, 1.0, 0.0],
    [3.62, 28.0, 1.0, 1.0],
    [2.89, 14.0, 1.0, 0.0],
    [3.51, 26.0, 1.0, 0.0],
    [3.54, 24.0, 1.0, 1.0],
    [2.83, 27.0, 1.0, 1.0],
    [3.39, 17.0, 1.0, 1.0],
    [2.67, 24.0, 1.0, 0.0],
    [3.65, 21.0, 1.0, 1.0],
    [4.0, 23.0, 1.0, 1.0],
    [3.1, 21.0, 1.0, 0.0],
    [2.39, 19.0, 1.0, 1.0],
];

/// Davies and Goldsmith (1972): yield of dyestuff, five preparations of each of six batches.
const DYESTUFF: [[f64; 5]; 6] = [
    [1545.0, 1440.0, 1440.0, 1520.0, 1580.0],
    [1540.0, 1555.0, 1490.0, 1560.0, 1495.0],
    [1595.0, 1550.0, 1605.0, 1510.0, 1560.0],
    [1445.0, 1440.0, 1595.0, 1465.0, 1545.0],
    [1595.0, 1630.0, 1515.0, 1635.0, 1625.0],
    [1520.0, 1455.0, 1450.0, 1480.0, 1445.0],
];

/// Brownlee's stack loss (1965): air flow, water temperature, acid concentration, loss.
const STACKLOSS: [[f64; 4]; 21] = [
    [80.0, 27.0, 89.0, 42.0],
    [80.0, 27.0, 88.0, 37.0],
    [75.0, 25.0, 90.0, 37.0],
    [62.0, 24.0, 87.0, 28.0],
    [62.0, 22.0, 87.0, 18.0],
    [62.0, 23.0, 87.0, 18.0],
    [62.0, 24.0, 93.0, 19.0],
    [62.0, 24.0, 93.0, 20.0],
    [58.0, 23.0, 87.0, 15.0],
    [58.0, 18.0, 80.0, 14.0],
    [58.0, 18.0, 89.0, 14.0],
    [58.0, 17.0, 88.0, 13.0],
    [58.0, 18.0, 82.0, 11.0],
    [58.0, 19.0, 93.0, 12.0],
    [50.0, 18.0, 89.0, 8.0],
    [50.0, 18.0, 86.0, 7.0],
    [50.0, 19.0, 72.0, 8.0],
    [50.0, 19.0, 79.0, 8.0],
    [50.0, 20.0, 80.0, 9.0],
    [56.0, 20.0, 82.0, 15.0],
    [70.0, 20.0, 91.0, 15.0],
];

fn column<const N: usize>(rows: &[[f64; N]], j: usize) -> Vec<f64> {
    rows.iter().map(|row| row[j]).collect()
}

fn errors(covariance: &Matrix) -> Vec<f64> {
    covariance.diagonal().iter().map(|v| v.sqrt()).collect()
}

pub fn values(check: &mut Check) {
    longley(check);
    logistic(check);
    dyestuff(check);
    stackloss(check);
    time_series(check);
    petersen(check);
    grunfeld(check);
    refusals(check);
}

fn longley(check: &mut Check) {
    let oracle = Oracle::open("11_regression_ts");
    let columns: Vec<Vec<f64>> = (0..6).map(|j| column(&LONGLEY, j)).collect();
    let fit = LeastSquares::fit(
        &column(&LONGLEY, 6),
        Matrix::with_intercept(&columns).unwrap(),
        TotalSquares::Centred,
    )
    .unwrap();
    let se = errors(&fit.classical_covariance());
    let names = ["(Intercept)", "GNP.deflator", "GNP", "Unemployed", "Armed.Forces", "Population", "Year"];
    let vif = variance_inflation(&columns).unwrap();
    for (j, name) in names.iter().enumerate() {
        check.at(&oracle, &format!("/longley/coef/{name}"), fit.coefficients[j], CLOSED);
        check.at(&oracle, &format!("/longley/se/{name}"), se[j], CLOSED);
        if j > 0 {
            check.at(&oracle, &format!("/longley/vif/{name}"), vif[j - 1], CLOSED);
            check.at(&Oracle::open("05_py_reg"), &format!("/vif_longley/{name}"), vif[j - 1], CLOSED);
        }
    }
    // Certified values of NIST, whose table counts the product in millions and the other counts in thousands.
    check.close("certified intercept", fit.coefficients[0], -3_482.258_634_595_82, CLOSED);
    check.close("certified year", fit.coefficients[6], 1.829_151_464_613_55, CLOSED);
    check.close("certified year, error", se[6], 0.455_478_499_142_212, CLOSED);
    check.close("certified r squared", fit.r_squared.clone().unwrap(), 0.995_479_004_577_296, CLOSED);
    check.close("certified residual deviation", fit.variance.sqrt(), 0.304_854_073_561_965, CLOSED);
    let estimate =
        &fit.estimates(&fit.classical_covariance(), Reference::StudentResidual, Level::NINETY_FIVE)[6];
    // t(0.975, 9) = 2.262157162740992
    check.close(
        "interval",
        estimate.interval.as_ref().unwrap().high,
        1.829_151_464_613_55 + 2.262_157_162_740_992 * 0.455_478_499_142_212,
        CLOSED,
    );
    let merges = average_linkage(&columns).unwrap();
    check.equal("all join", merges.last().unwrap().members.len(), 6);
    check.equal("product and year are closest", merges[0].members.clone(), vec![1, 5]);
}

fn logistic(check: &mut Check) {
    let oracle = Oracle::open("05_py_reg");
    let columns: Vec<Vec<f64>> = (0..3).map(|j| column(&SPECTOR, j)).collect();
    let outcome: Vec<bool> = SPECTOR.iter().map(|row| row[3] > 0.5).collect();
    let names = ["const", "GPA", "TUCE", "PSI"];
    let fit = logistic_regression(&outcome, &Matrix::with_intercept(&columns).unwrap(), &names).unwrap();
    let se = fit.standard_errors();
    for (j, name) in names.iter().enumerate() {
        check.at(&oracle, &format!("/logit_spector/coef/{name}"), fit.coefficients[j], CLOSED);
        check.at(&oracle, &format!("/logit_spector/se/{name}"), se[j], CLOSED);
    }
    check.at(&oracle, "/logit_spector/llf", fit.log_likelihood, CLOSED);
    check.at(&oracle, "/logit_spector/llnull", fit.null_log_likelihood, CLOSED);
    check.at(&oracle, "/logit_spector/pseudo_r2", fit.pseudo_r_squared(), CLOSED);
    check.all_at(&oracle, "/logit_spector/p", &fit.probabilities, CLOSED);
}

fn dyestuff(check: &mut Check) {
    let oracle = Oracle::open("11_regression_ts");
    let y: Vec<f64> = DYESTUFF.iter().flatten().copied().collect();
    let units: Vec<usize> = (0..30).map(|i| i / 5).collect();
    let ones = Matrix::from_columns(&[vec![1.0; 30]]).unwrap();
    let fit = random_intercept(&y, &ones, &units, Criterion::Reml).unwrap();
    check.at(&oracle, "/dyestuff/fix", fit.coefficients[0], CLOSED);
    // The oracle stops its search at about eight digits; the balanced design has the closed form 1764.05 and 2451.25.
    check.at(&oracle, "/dyestuff/var_batch", fit.between, OPTIMISED);
    check.at(&oracle, "/dyestuff/var_res", fit.within, OPTIMISED);
    check.close("between, closed form", fit.between, 1764.05, CLOSED);
    check.close("within, closed form", fit.within, 2451.25, CLOSED);
    let blups: Vec<f64> = fit.effects.iter().map(|e| e.deviation).collect();
    check.all_at(&oracle, "/dyestuff/blup", &blups, OPTIMISED);
    // lme4's criterion for this model (Bates et al. 2015, section 5): 319.6543.
    check.within("deviance", fit.deviance, 319.6543, 5e-5);
    // Units that differ by less than chance have no variance between them.
    let flat: Vec<f64> = (0..30).map(|i| f64::from(i % 5)).collect();
    check.equal("boundary", random_intercept(&flat, &ones, &units, Criterion::Reml).unwrap().between, 0.0);
}

fn stackloss(check: &mut Check) {
    let columns: Vec<Vec<f64>> = (0..3).map(|j| column(&STACKLOSS, j)).collect();
    let fit = huber(&column(&STACKLOSS, 3), &Matrix::with_intercept(&columns).unwrap(), BEND).unwrap();
    // statsmodels RLM(HuberT()) on the same data, as in its documentation.
    for (j, (b, se)) in [
        (-41.026_498_35, 9.791_899),
        (0.829_384_33, 0.111_005),
        (0.926_065_97, 0.302_930),
        (-0.127_846_72, 0.128_650),
    ]
    .into_iter()
    .enumerate()
    {
        check.close("huber coefficient", fit.coefficients[j], b, 2e-7);
        check.close("huber error", fit.standard_errors[j], se, 1e-5);
    }
    // A single wild value moves least squares and hardly the robust line.
    let x: Vec<f64> = (0..20).map(f64::from).collect();
    let mut y: Vec<f64> = x.iter().map(|v| 2.0 * v + f64::from((*v as i32 * 7) % 5 - 2) * 0.1).collect();
    y[19] = 500.0;
    let fit = huber(&y, &Matrix::with_intercept(&[x]).unwrap(), BEND).unwrap();
    check.within("robust slope", fit.coefficients[1], 2.0, 0.02);
}

fn time_series(check: &mut Check) {
    let (r, py) = (Oracle::open("11_regression_ts"), Oracle::open("05_py_reg"));
    if let Some(table) = check.published("sandwich_investment.csv") {
        let pick = |name: &str| table.numbers(name);
        let (y, x1, x2) = (pick("RealInv"), pick("RealGNP"), pick("RealInt"));
        let keep: Vec<usize> = (0..y.len()).filter(|&i| x2[i].is_finite() && x1[i].is_finite()).collect();
        let rows = |v: &[f64]| keep.iter().map(|&i| v[i]).collect::<Vec<f64>>();
        let design = Matrix::with_intercept(&[rows(&x1), rows(&x2)]).unwrap();
        let fit = LeastSquares::fit(&rows(&y), design, TotalSquares::Centred).unwrap();
        for (j, name) in ["(Intercept)", "RealGNP", "RealInt"].iter().enumerate() {
            check.at(&r, &format!("/investment/coef/{name}"), fit.coefficients[j], CLOSED);
        }
        check.all_at(&r, "/investment/se_ols", &errors(&fit.classical_covariance()), CLOSED);
        for (name, kind) in [("hc0", Hc::Hc0), ("hc1", Hc::Hc1), ("hc3", Hc::Hc3)] {
            check.all_at(
                &r,
                &format!("/investment/se_{name}"),
                &errors(&heteroskedastic(&fit, kind).unwrap()),
                CLOSED,
            );
        }
        let plain = newey_west(&fit, 4, Prewhitening::None, SmallSample::None).unwrap();
        check.all_at(&r, "/investment/se_nw_lag4", &errors(&plain), CLOSED);
        let white = newey_west(&fit, 4, Prewhitening::FirstOrder, SmallSample::None).unwrap();
        check.all_at(&r, "/investment/se_nw_lag4_prewhite", &errors(&white), CLOSED);
        check.at(&r, "/dw/statistic.DW", fit.durbin_watson(), CLOSED);
    }
    if let Some(table) = check.published("macrodata.csv") {
        let growth = |name: &str| -> Vec<f64> {
            table.numbers(name).windows(2).map(|w| 100.0 * (w[1].ln() - w[0].ln())).collect()
        };
        let design = Matrix::with_intercept(&[growth("realcons"), growth("realinv")]).unwrap();
        let fit = LeastSquares::fit(&growth("realgdp"), design, TotalSquares::Centred).unwrap();
        let names = ["const", "realcons", "realinv"];
        let mut compare = |path: &str, got: &[f64]| {
            for (name, value) in names.iter().zip(got) {
                check.at(&py, &format!("/{path}/{name}"), *value, CLOSED);
            }
        };
        compare("ols_macro_growth/coef", &fit.coefficients);
        compare("ols_macro_growth/se", &errors(&fit.classical_covariance()));
        for (name, kind) in [("HC0", Hc::Hc0), ("HC1", Hc::Hc1), ("HC2", Hc::Hc2), ("HC3", Hc::Hc3)] {
            compare(&format!("se_{name}"), &errors(&heteroskedastic(&fit, kind).unwrap()));
        }
        for (name, correction) in [("False", SmallSample::None), ("True", SmallSample::DegreesOfFreedom)] {
            let covariance = newey_west(&fit, 4, Prewhitening::None, correction).unwrap();
            compare(&format!("hac_lag4_corr{name}"), &errors(&covariance));
        }
        check.at(&py, "/ols_macro_growth/r2", fit.r_squared.clone().unwrap(), CLOSED);
        check.at(&py, "/ols_macro_growth/dw", fit.durbin_watson(), CLOSED);
    }
}

fn petersen(check: &mut Check) {
    let (r, py) = (Oracle::open("11_regression_ts"), Oracle::open("05_py_reg"));
    let Some(table) = check.published("petersen_cl.csv") else { return };
    let design = Matrix::with_intercept(&[table.numbers("x")]).unwrap();
    let fit = LeastSquares::fit(&table.numbers("y"), design, TotalSquares::Centred).unwrap();
    let label = |name: &str| table.numbers(name).iter().map(|v| *v as usize).collect::<Vec<usize>>();
    let (firm, year) = (label("firm"), label("year"));
    check.all_at(&r, "/petersen/coef", &fit.coefficients, CLOSED);
    check.all_at(&r, "/petersen/ols", &errors(&fit.classical_covariance()), CLOSED);
    check.all_at(&r, "/petersen/white_HC0", &errors(&heteroskedastic(&fit, Hc::Hc0).unwrap()), CLOSED);
    check.all_at(&r, "/petersen/white_HC1", &errors(&heteroskedastic(&fit, Hc::Hc1).unwrap()), CLOSED);
    check.all_at(&r, "/petersen/cl_firm_HC1", &errors(&clustered(&fit, &firm).unwrap()), CLOSED);
    check.all_at(&r, "/petersen/cl_year_HC1", &errors(&clustered(&fit, &year).unwrap()), CLOSED);
    let both = |how| errors(&clustered_two_way(&fit, &firm, &year, how).unwrap());
    check.all_at(&r, "/petersen/cl_both_default", &both(Intersection::SameAsOthers), CLOSED);
    check.all_at(&r, "/petersen/cl_both", &both(Intersection::White), CLOSED);
    for (j, name) in ["const", "x"].iter().enumerate() {
        check.at(
            &py,
            &format!("/petersen_cluster_firm_py/se/{name}"),
            errors(&clustered(&fit, &firm).unwrap())[j],
            CLOSED,
        );
        check.at(
            &py,
            &format!("/petersen_cluster_2way_py/se/{name}"),
            both(Intersection::SameAsOthers)[j],
            CLOSED,
        );
    }
}

fn grunfeld(check: &mut Check) {
    let (r, py) = (Oracle::open("11_regression_ts"), Oracle::open("05_py_reg"));
    let Some(table) = check.published("grunfeld.csv") else { return };
    let firms: Vec<usize> = table.numbers("firm").iter().map(|v| *v as usize).collect();
    let columns = vec![table.numbers("value"), table.numbers("capital")];
    let fit = PanelFit::fixed_effects(&table.numbers("inv"), &columns, &firms).unwrap();
    let classical = errors(&fit.within.classical_covariance());
    let arellano = errors(&fit.arellano(&firms, PanelCorrection::Rows).unwrap());
    for (j, name) in ["value", "capital"].iter().enumerate() {
        check.at(&r, &format!("/grunfeld_fe/coef/{name}"), fit.within.coefficients[j], CLOSED);
        check.at(&r, &format!("/grunfeld_fe/se/{name}"), classical[j], CLOSED);
        check.at(&r, &format!("/grunfeld_fe/se_arellano/{name}"), arellano[j], CLOSED);
    }
    // Baltagi (2005), table 3.1, within estimates of both effects: 0.118 (0.014) and 0.358 (0.023).
    let years: Vec<usize> = table.numbers("year").iter().map(|v| *v as usize).collect();
    let both = PanelFit::two_way(&table.numbers("inv"), &columns, &firms, &years).unwrap();
    let se = errors(&both.within.classical_covariance());
    for (j, (slope, error)) in [(0.118, 0.014), (0.358, 0.023)].into_iter().enumerate() {
        assert!((both.within.coefficients[j] - slope).abs() < 0.0005, "{}", both.within.coefficients[j]);
        assert!((se[j] - error).abs() < 0.0005, "{}", se[j]);
    }
    let pooled = LeastSquares::fit(
        &table.numbers("inv"),
        Matrix::with_intercept(&columns).unwrap(),
        TotalSquares::Centred,
    )
    .unwrap();
    let se = errors(&clustered(&pooled, &firms).unwrap());
    for (j, name) in ["const", "value", "capital"].iter().enumerate() {
        check.at(&py, &format!("/grunfeld_pooled_cluster_firm/coef/{name}"), pooled.coefficients[j], CLOSED);
        check.at(&py, &format!("/grunfeld_pooled_cluster_firm/se/{name}"), se[j], CLOSED);
    }
}

fn refusals(check: &mut Check) {
    let x: Vec<f64> = (0..10).map(f64::from).collect();
    let design = Matrix::with_intercept(std::slice::from_ref(&x)).unwrap();
    let names = ["const", "usage"];
    let complete: Vec<bool> = x.iter().map(|v| *v > 4.5).collect();
    check.equal(
        "complete separation",
        logistic_regression(&complete, &design, &names).unwrap_err(),
        NotComputable::Separation { what: "usage".to_owned() },
    );
    // Both outcomes at x = 5 only: quasi-complete separation.
    let tied = Matrix::with_intercept(&[vec![1.0, 2.0, 3.0, 4.0, 5.0, 5.0, 6.0, 7.0, 8.0, 9.0]]).unwrap();
    let outcome = [false, false, false, false, false, true, true, true, true, true];
    check.equal(
        "quasi-complete separation",
        logistic_regression(&outcome, &tied, &names).unwrap_err(),
        NotComputable::Separation { what: "usage".to_owned() },
    );
    // A rare outcome within one level of a factor separates that level alone.
    let level: Vec<f64> = (0..40).map(|i| f64::from(u8::from(i >= 36))).collect();
    let mixed: Vec<f64> = (0..40).map(|i| f64::from((i * 7) % 11)).collect();
    let outcome: Vec<bool> = (0..40).map(|i| i >= 36 || i % 3 == 0).collect();
    let design = Matrix::with_intercept(&[mixed, level]).unwrap();
    check.equal(
        "separated level",
        logistic_regression(&outcome, &design, &["const", "age", "premium"]).unwrap_err(),
        NotComputable::Separation { what: "premium".to_owned() },
    );
    check.equal(
        "one outcome",
        logistic_regression(&[true; 40], &design, &["const", "age", "premium"]).unwrap_err(),
        NotComputable::NoVariation,
    );
    let twice = Matrix::with_intercept(&[x.clone(), x.iter().map(|v| 3.0 * v - 1.0).collect()]).unwrap();
    check.equal(
        "repeated column",
        LeastSquares::fit(&x, twice, TotalSquares::Centred).unwrap_err(),
        NotComputable::Singular { what: "column 2".to_owned() },
    );
    let bad =
        LeastSquares::fit(&[f64::NAN; 10], Matrix::with_intercept(&[x]).unwrap(), TotalSquares::Centred);
    check.equal("nan", bad.unwrap_err(), NotComputable::NotFinite { what: "the response".to_owned() });
}

/// Near-separated data are fitted, not refused: the detector must not cry wolf.
#[test]
fn overlap_is_never_called_separation() {
    let mut random = Random::seeded(7);
    for _ in 0..200 {
        let x: Vec<f64> = (0..40).map(|_| random.normal()).collect();
        let mut outcome: Vec<bool> = x.iter().map(|v| 6.0 * v + random.normal() > 0.0).collect();
        // One contradiction at the extremes makes overlap certain.
        let lowest = (0..40).min_by(|&i, &j| x[i].total_cmp(&x[j])).unwrap();
        let highest = (0..40).max_by(|&i, &j| x[i].total_cmp(&x[j])).unwrap();
        (outcome[lowest], outcome[highest]) = (true, false);
        let fit =
            logistic_regression(&outcome, &Matrix::with_intercept(&[x]).unwrap(), &["const", "x"]).unwrap();
        assert!(fit.coefficients.iter().all(|b| b.is_finite()));
    }
}

/// A 95 % interval with HC3 errors covers the slope in about 95 % of heteroskedastic samples, the classical does not.
#[test]
fn hc3_intervals_cover() {
    let mut random = Random::seeded(11);
    let (mut robust, mut classical) = (0, 0);
    for _ in 0..2000 {
        let x: Vec<f64> = (0..60).map(|_| normal::quantile(random.uniform()).abs()).collect();
        let y: Vec<f64> = x.iter().map(|v| 1.0 + 2.0 * v + v * v * random.normal()).collect();
        let fit =
            LeastSquares::fit(&y, Matrix::with_intercept(&[x]).unwrap(), TotalSquares::Centred).unwrap();
        let covers = |v: &Matrix| {
            let i =
                fit.estimates(v, Reference::StudentResidual, Level::NINETY_FIVE)[1].interval.clone().unwrap();
            i.low <= 2.0 && 2.0 <= i.high
        };
        robust += usize::from(covers(&heteroskedastic(&fit, Hc::Hc3).unwrap()));
        classical += usize::from(covers(&fit.classical_covariance()));
    }
    assert!(robust > 1800 && robust < 1980, "{robust} of 2000");
    assert!(classical < 1650, "{classical} of 2000");
}

/// More rows than are fitted from nothing: at the maximum the residuals are orthogonal to every column, and the covariance
/// is the inverse of `Xᵀ W X`.
#[test]
fn large_logistic_regressions_solve_their_equations() {
    let mut random = Random::seeded(17);
    let n = 24_000;
    let columns: Vec<Vec<f64>> = (0..2).map(|_| (0..n).map(|_| random.normal()).collect()).collect();
    let outcome: Vec<bool> = (0..n)
        .map(|i| {
            let odds = 0.8 * columns[0][i] - 0.5 * columns[1][i] - 2.0;
            random.uniform() < 1.0 / (1.0 + (-odds).exp())
        })
        .collect();
    let design = Matrix::with_intercept(&columns).unwrap();
    let fit = logistic_regression(&outcome, &design, &["one", "a", "b"]).unwrap();
    let mut information = [[0.0; 3]; 3];
    let (mut score, mut likelihood) = ([0.0; 3], 0.0);
    for (i, y) in outcome.iter().enumerate() {
        let x = [1.0, columns[0][i], columns[1][i]];
        let odds: f64 = x.iter().zip(&fit.coefficients).map(|(x, b)| x * b).sum();
        let p = 1.0 / (1.0 + (-odds).exp());
        likelihood += if *y { p.ln() } else { (1.0 - p).ln() };
        for j in 0..3 {
            score[j] += (f64::from(u8::from(*y)) - p) * x[j];
            for k in 0..3 {
                information[j][k] += p * (1.0 - p) * x[j] * x[k];
            }
        }
    }
    assert!((likelihood - fit.log_likelihood).abs() < 1e-10 * likelihood.abs());
    for j in 0..3 {
        assert!(score[j].abs() < 1e-7, "{j}: {}", score[j]);
        for k in 0..3 {
            let unity: f64 = (0..3).map(|l| information[j][l] * fit.covariance[(l, k)]).sum();
            assert!((unity - f64::from(u8::from(j == k))).abs() < 1e-8, "{j} {k}: {unity}");
        }
    }
}
