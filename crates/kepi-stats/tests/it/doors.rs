//! Every function that takes a sample, with samples that have no answer: none panics, none returns NaN, and NaN or an
//! infinity in the sample is refused by name of a reason.

use std::fmt::Debug;

use kepi_stats::agreement::{krippendorff, reliability};
use kepi_stats::control::chart::{self, EwmaLimits, RangeConstant};
use kepi_stats::control::{outlier, run_rules};
use kepi_stats::decomposition::importance::{Importance, relative_importance};
use kepi_stats::estimate::{Level, NotComputable};
use kepi_stats::experiment::compare::{self, Arm, Effect, Looks};
use kepi_stats::experiment::interrupted::{self, Change};
use kepi_stats::experiment::synthetic;
use kepi_stats::gaming::{digits, threshold};
use kepi_stats::linear::Matrix;
use kepi_stats::prediction::{auc, calibration, isotonic};
use kepi_stats::reconciliation;
use kepi_stats::regression::huber::huber;
use kepi_stats::regression::least_squares::{LeastSquares, TotalSquares};
use kepi_stats::regression::logistic::logistic_regression;
use kepi_stats::regression::random_intercept::{Criterion, random_intercept};
use kepi_stats::regression::redundancy;
use kepi_stats::series::autoregression::{self, Order};
use kepi_stats::series::change_point::{self, Penalty};
use kepi_stats::series::cross_correlation::{Scaling, cross_correlation, lead_lag};
use kepi_stats::series::decomposition::{StlOptions, stl};
use kepi_stats::series::granger;
use kepi_stats::series::unit_root::{Around, augmented_dickey_fuller};
use kepi_stats::survey::{careless, representativity, splice};
use kepi_stats::survival::Spell;
use kepi_stats::survival::cox::{Ties, cox};
use kepi_stats::survival::kaplan_meier::KaplanMeier;
use kepi_stats::survival::log_rank::{Weighting, log_rank};
use kepi_stats::value::History;
use kepi_stats::value::bg_nbd::{BgNbd, Variant};
use kepi_stats::value::gamma_gamma::{GammaGamma, Spend};
use kepi_stats::value::shifted_beta_geometric::ShiftedBetaGeometric;

const LEVEL: Level = Level::NINETY_FIVE;

type Answer = Result<String, NotComputable>;

/// An answer in words: a NaN anywhere in it can be read.
fn told<T: Debug, E: Into<NotComputable>>(result: Result<T, E>) -> Answer {
    result.map(|value| format!("{value:?}")).map_err(Into::into)
}

/// A companion of the same length that is no function of the sample.
fn other(n: usize) -> Vec<f64> {
    (0..n).map(|i| (i * i % 17) as f64 + 0.1 * i as f64).collect()
}

fn outcomes(n: usize) -> Vec<bool> {
    (0..n).map(|i| i * i % 5 < 2).collect()
}

fn spells(x: &[f64]) -> Vec<Spell> {
    x.iter().enumerate().map(|(i, &time)| Spell { time, event: i % 3 > 0 }).collect()
}

fn groups(n: usize) -> Vec<usize> {
    (0..n).map(|i| i % 4).collect()
}

type Door = (&'static str, fn(&[f64]) -> Answer);

#[rustfmt::skip]
const DOORS: &[Door] = &[
    ("individuals", |x| told(chart::individuals(x, None, RangeConstant::Customary))),
    ("ewma", |x| told(chart::ewma(x, 0.0, 1.0, 0.3, 3.0, EwmaLimits::default()))),
    ("cusum", |x| told(chart::cusum(x, 0.0, 0.5, 4.0))),
    ("run rules", |x| told(run_rules::signals(x, 0.0, 1.0, &run_rules::WESTERN_ELECTRIC))),
    ("modified z", |x| told(outlier::modified_z(x))),
    ("gesd", |x| told(outlier::gesd(x, 3, 0.05))),
    ("grubbs", |x| told(outlier::grubbs(x, outlier::Side::High, 0.05))),
    ("relative importance", |x| told(relative_importance(x, &[other(x.len()), (0..x.len()).map(|i| i as f64).collect()], Importance::for_drivers(2)))),
    ("arm", |x| told(Arm::of_values(x).and_then(|a| compare::compare(a, a, Effect::Relative, Looks::Once, LEVEL)))),
    ("interrupted series", |x| told(interrupted::fit(x, x.len() / 2, 2, Change::Level, 2, LEVEL))),
    ("synthetic control", |x| told(synthetic::outcome_control(x, &[other(x.len()), (0..x.len()).map(|i| i as f64).collect()], x.len() / 2))),
    ("benford", |x| told(digits::benford(x))),
    ("density", |x| told(threshold::density_test(x, 0.5, threshold::Bandwidth::NormalReference))),
    ("window", |x| told(threshold::binomial_window(x, 0.5, 1.0))),
    ("auc", |x| told(auc::auc(x, &outcomes(x.len()), LEVEL))),
    ("auc compared", |x| told(auc::compare(x, &other(x.len()), &outcomes(x.len()), LEVEL))),
    ("average precision", |x| told(auc::average_precision(x, &outcomes(x.len())))),
    ("isotonic", |x| told(isotonic::isotonic(x, None))),
    ("brier", |x| told(calibration::brier(x, &outcomes(x.len()), LEVEL))),
    ("log loss", |x| told(calibration::log_loss(x, &outcomes(x.len()), LEVEL))),
    ("concordance", |x| told(reconciliation::concordance(x, &other(x.len()), LEVEL))),
    ("huber", |x| told(Matrix::with_intercept(&[other(x.len())]).map_err(NotComputable::from).and_then(|d| huber(x, &d, 1.345)))),
    ("least squares", |x| told(Matrix::with_intercept(&[other(x.len())]).map_err(NotComputable::from).and_then(|d| LeastSquares::fit(x, d, TotalSquares::Centred)))),
    ("least squares on it", |x| told(Matrix::with_intercept(&[x]).map_err(NotComputable::from).and_then(|d| LeastSquares::fit(&other(x.len()), d, TotalSquares::Centred)))),
    ("logistic", |x| told(Matrix::with_intercept(&[x]).map_err(NotComputable::from).and_then(|d| logistic_regression(&outcomes(x.len()), &d, &["one", "x"])))),
    ("random intercept", |x| told(Matrix::from_columns(&[vec![1.0; x.len()]]).map_err(NotComputable::from).and_then(|d| random_intercept(x, &d, &groups(x.len()), Criterion::default())))),
    ("correlation", |x| told(redundancy::correlation(&[x.to_vec(), other(x.len())]))),
    ("variance inflation", |x| told(redundancy::variance_inflation(&[x.to_vec(), other(x.len())]))),
    ("average linkage", |x| told(redundancy::average_linkage(&[x.to_vec(), other(x.len())]))),
    ("autocovariance", |x| told(autoregression::autocovariance(x, 3))),
    ("autoregression", |x| told(autoregression::fit(x, Order::Akaike(3)))),
    ("ljung-box", |x| told(autoregression::ljung_box(x, 3, 0))),
    ("pelt", |x| told(change_point::pelt(x, Penalty::ThreeVarianceLog, 2))),
    ("segments", |x| told(change_point::segment(x, 2, 3))),
    ("sup f", |x| told(change_point::sup_f(x, 0.15))),
    ("cross-correlation", |x| told(cross_correlation(x, &other(x.len()), 3, Scaling::default()))),
    ("lead and lag", |x| told(lead_lag(x, &other(x.len()), 3, Order::Fixed(1)))),
    ("stl", |x| told(stl(x, 4, StlOptions::default()))),
    ("granger", |x| told(granger::test(x, &other(x.len()), 2))),
    ("unit root", |x| told(augmented_dickey_fuller(x, 1, Around::Constant))),
    ("intra-individual deviation", |x| told(careless::intra_individual_deviation(x))),
    ("mahalanobis", |x| told(careless::mahalanobis(&x.iter().zip(other(x.len())).map(|(a, b)| vec![*a, b]).collect::<Vec<_>>()))),
    ("representativity", |x| told(representativity::indicator(x, None))),
    ("parallel run", |x| told(splice::parallel_run(x, &other(x.len()), LEVEL))),
    ("cronbach", |x| told(reliability::cronbach_alpha(&[x.to_vec(), other(x.len())]))),
    ("krippendorff", |x| told(krippendorff::alpha(&[x.iter().copied().map(Some).collect(), other(x.len()).into_iter().map(Some).collect()], krippendorff::Measurement::Interval))),
    ("kaplan-meier", |x| told(KaplanMeier::new(&spells(x)).map(|k| k.steps().iter().map(|s| s.survival).collect::<Vec<_>>()))),
    ("log-rank", |x| told(log_rank(&spells(x), &groups(x.len()), 4, Weighting::LogRank))),
    ("cox on time", |x| told(Matrix::from_columns(&[other(x.len())]).map_err(NotComputable::from).and_then(|d| cox(&spells(x), &d, Ties::Efron).map(|f| f.coefficients)))),
    ("cox on column", |x| told(Matrix::from_columns(&[x]).map_err(NotComputable::from).and_then(|d| cox(&spells(&other(x.len())), &d, Ties::Efron).map(|f| f.coefficients)))),
    ("bg/nbd", |x| told(BgNbd::fit(&x.iter().enumerate().map(|(i, &age)| History { repeats: (i % 4) as u32, last: age * (i % 4) as f64 / 5.0, age }).collect::<Vec<_>>(), Variant::Original))),
    ("gamma-gamma", |x| told(GammaGamma::fit(&x.iter().enumerate().map(|(i, &mean_value)| Spend { purchases: 1 + (i % 4) as u32, mean_value }).collect::<Vec<_>>()))),
    ("shifted beta-geometric", |x| told(ShiftedBetaGeometric::fit(x))),
];

/// Forty positive values without pattern.
fn sample() -> Vec<f64> {
    (0..40).map(|i| f64::from(i * 29 % 41) / 41.0 + 0.01 * f64::from(i % 3)).collect()
}

#[test]
fn nothing_at_all_is_refused() {
    // Run rules mark points, and no points have no marks.
    let open: Vec<&str> = DOORS.iter().filter(|(_, door)| door(&[]).is_ok()).map(|(name, _)| *name).collect();
    assert_eq!(open, ["run rules"]);
}

#[test]
fn what_is_not_a_number_is_refused() {
    let mut failures = Vec::new();
    for (name, door) in DOORS {
        for bad in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY] {
            for at in [0, 20, 39] {
                let mut values = sample();
                values[at] = bad;
                if let Ok(answer) = door(&values) {
                    failures.push(format!("{name} takes {bad} at {at}: {answer:.100}"));
                }
            }
        }
    }
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}

#[test]
fn no_answer_is_a_nan() {
    let times = |factor: f64| sample().iter().map(|v| v * factor).collect::<Vec<f64>>();
    let samples = [
        ("one value", vec![0.5]),
        ("two values", vec![0.5, 0.25]),
        ("zeros", vec![0.0; 40]),
        ("a constant", vec![0.7; 40]),
        ("ties", (0..40).map(|i| f64::from(i % 2)).collect()),
        ("one apart", (0..40).map(|i| f64::from(u8::from(i == 7))).collect()),
        ("huge", times(1e100)),
        ("huger", times(1e300)),
        ("tiny", times(1e-100)),
        ("tinier", times(1e-300)),
        ("mixed", sample().iter().enumerate().map(|(i, v)| v * 10.0_f64.powi(i as i32 * 8 - 160)).collect()),
        ("negative", times(-3.0)),
    ];
    let mut failures = Vec::new();
    for (name, door) in DOORS {
        for (kind, values) in &samples {
            match std::panic::catch_unwind(|| door(values)) {
                Ok(Ok(answer)) if answer.contains("NaN") => {
                    failures.push(format!("{name}, {kind}: {answer:.160}"));
                }
                Ok(_) => {}
                Err(_) => failures.push(format!("{name}, {kind}: panics")),
            }
        }
    }
    assert!(failures.is_empty(), "{} failures\n{}", failures.len(), failures.join("\n"));
}
