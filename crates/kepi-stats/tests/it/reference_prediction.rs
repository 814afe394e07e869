//! Discrimination and calibration against scikit-learn, pROC and published data.

use kepi_stats::estimate::{Level, NotComputable};
use kepi_stats::prediction::auc::{auc, average_precision, compare};
use kepi_stats::prediction::calibration::{Bins, brier, calibration, log_loss, pinball};
use kepi_stats::prediction::isotonic::{IsotonicCalibrator, isotonic};
use proptest::prelude::*;

use crate::reference_regression::SPECTOR;
use crate::support::{CLOSED, Check, Oracle, Random};

const LEVEL: Level = Level::NINETY_FIVE;

pub fn values(check: &mut Check) {
    let py = Oracle::open("05_py_reg");
    let p = py.numbers("/logit_spector/p");
    let outcome: Vec<bool> = SPECTOR.iter().map(|row| row[3] > 0.5).collect();
    check.at(&py, "/logit_spector/auc", auc(&p, &outcome, LEVEL).unwrap().point, CLOSED);
    check.at(&py, "/logit_spector/brier", brier(&p, &outcome, LEVEL).unwrap().point, CLOSED);
    check.at(&py, "/logit_spector/logloss", log_loss(&p, &outcome, LEVEL).unwrap().point, CLOSED);
    check.at(&py, "/logit_spector/ap", average_precision(&p, &outcome).unwrap(), CLOSED);
    let diagram = calibration(&p, &outcome, Bins::EqualWidth(10), LEVEL).unwrap();
    check.at(&py, "/logit_spector/ece10_equalwidth", diagram.expected_error, CLOSED);
    // With an intercept, logistic regression is calibrated in the large.
    check.within("bias", diagram.bias, 0.0, 1e-9);
    check.equal("bins cover all", diagram.bins.iter().map(|b| b.observed.n).sum::<u64>(), 32);

    let more = Oracle::open("16_more");
    let y = more.numbers("/isoreg_R_doc/y");
    check.all_at(&more, "/isoreg_R_doc/fit", &isotonic(&y, None).unwrap(), CLOSED);
    check.at(&more, "/pinball_q0.9/loss", pinball(0.9, 10.0, 8.0), CLOSED);
    check.at(&more, "/pinball_q0.9/loss2", pinball(0.9, 8.0, 10.0), CLOSED);

    if let Some(table) = check.published("asah.csv") {
        let r = Oracle::open("15_lavaan_misc");
        let outcome: Vec<bool> = table.text("outcome").iter().map(|o| o == "Poor").collect();
        let (s100b, wfns) = (table.numbers("s100b"), table.numbers("wfns"));
        let first = auc(&s100b, &outcome, LEVEL).unwrap();
        let interval = first.interval.unwrap();
        check.all_at(&r, "/proc/ci", &[interval.low, first.point, interval.high], CLOSED);
        check.at(&r, "/proc/auc_s100b", first.point, CLOSED);
        check.at(&r, "/proc/auc_wfns", auc(&wfns, &outcome, LEVEL).unwrap().point, CLOSED);
        let test = compare(&s100b, &wfns, &outcome, LEVEL).unwrap();
        check.at(&r, "/proc/delong_z", test.z, CLOSED);
        check.at(&r, "/proc/delong_p", test.p_value, CLOSED);
    }
    check.equal("one class", auc(&[0.1, 0.2], &[true, true], LEVEL).unwrap_err(), NotComputable::NoVariation);
    check.equal(
        "perfect ranking has no interval",
        auc(&[0.1, 0.2, 0.8, 0.9], &[false, false, true, true], LEVEL).unwrap().interval,
        Err(NotComputable::NoVariation),
    );
    check.equal("certain and wrong", log_loss(&[1.0], &[false], LEVEL).is_err(), true);
    check.equal("no probability", brier(&[1.2], &[true], LEVEL).is_err(), true);
    let map = IsotonicCalibrator::fit(&[1.0, 2.0, 3.0, 3.0, 4.0], &[false, true, false, true, true]).unwrap();
    check.all_close(
        "calibrator",
        &[0.0, 1.0, 1.5, 2.0, 3.5, 9.0].map(|s| map.probability(s)),
        &[0.0, 0.0, 1.0 / 3.0, 2.0 / 3.0, 5.0 / 6.0, 1.0],
        CLOSED,
    );
}

/// DeLong's interval covers the true area of two normals.
#[test]
fn delong_covers() {
    let mut random = Random::seeded(17);
    let truth = kepi_stats::distribution::normal::below(1.0 / 2.0_f64.sqrt());
    let mut covered = 0;
    for _ in 0..1000 {
        let outcome: Vec<bool> = (0..120).map(|i| i % 3 == 0).collect();
        let score: Vec<f64> = outcome.iter().map(|y| random.normal() + f64::from(u8::from(*y))).collect();
        let i = auc(&score, &outcome, LEVEL).unwrap().interval.unwrap();
        covered += usize::from(i.low <= truth && truth <= i.high);
    }
    assert!((925..970).contains(&covered), "{covered} of 1000");
}

proptest! {
    #[test]
    fn area_equals_the_count_of_pairs(rows in prop::collection::vec((0_u8..12, any::<bool>()), 2..60)) {
        let score: Vec<f64> = rows.iter().map(|r| f64::from(r.0)).collect();
        let outcome: Vec<bool> = rows.iter().map(|r| r.1).collect();
        let (mut wins, mut pairs) = (0.0, 0.0);
        for (a, y) in score.iter().zip(&outcome) {
            for (b, z) in score.iter().zip(&outcome) {
                if *y && !*z {
                    pairs += 1.0;
                    wins += if a > b { 1.0 } else if a == b { 0.5 } else { 0.0 };
                }
            }
        }
        if pairs > 0.0 {
            let area = auc(&score, &outcome, LEVEL).unwrap().point;
            prop_assert!((area - wins / pairs).abs() < 1e-12);
            // A monotone map of the scores changes nothing.
            let mapped: Vec<f64> = score.iter().map(|s| (s * 3.0).exp()).collect();
            prop_assert!((auc(&mapped, &outcome, LEVEL).unwrap().point - area).abs() < 1e-12);
        }
    }

    #[test]
    fn isotonic_is_monotone_and_keeps_the_mean(y in prop::collection::vec(-1e3_f64..1e3, 1..50)) {
        let fit = isotonic(&y, None).unwrap();
        prop_assert!(fit.windows(2).all(|w| w[0] <= w[1]));
        prop_assert!((fit.iter().sum::<f64>() - y.iter().sum::<f64>()).abs() < 1e-8);
        let again = isotonic(&fit, None).unwrap();
        prop_assert!(fit.iter().zip(&again).all(|(a, b)| (a - b).abs() < 1e-9));
    }
}
