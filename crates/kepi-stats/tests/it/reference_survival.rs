//! Survival against lifelines and R survival.

use kepi_stats::estimate::{Level, NotComputable};
use kepi_stats::linear::Matrix;
use kepi_stats::survival::Spell;
use kepi_stats::survival::cox::{Ties, concordance, cox};
use kepi_stats::survival::kaplan_meier::{KaplanMeier, Scale};
use kepi_stats::survival::log_rank::{Weighting, log_rank};
use kepi_stats::survival::proportionality::{Clock, Form, proportionality};

use crate::support::{CLOSED, Check, OPTIMISED, Oracle, Random, Table};

const LEVEL: Level = Level::NINETY_FIVE;

/// Freireich et al. (1963): weeks of remission under 6-MP; negative for still in remission.
const TREATED: [f64; 21] = [
    6.0, 6.0, 6.0, -6.0, 7.0, -9.0, 10.0, -10.0, -11.0, 13.0, 16.0, -17.0, -19.0, -20.0, 22.0, 23.0, -25.0,
    -32.0, -32.0, -34.0, -35.0,
];
/// The same under placebo.
const PLACEBO: [f64; 21] = [
    1.0, 1.0, 2.0, 2.0, 3.0, 4.0, 4.0, 5.0, 5.0, 8.0, 8.0, 8.0, 8.0, 11.0, 11.0, 12.0, 12.0, 15.0, 17.0,
    22.0, 23.0,
];
/// Embury et al. (1977): weeks of remission with maintenance and without.
const MAINTAINED: [f64; 11] = [9.0, 13.0, -13.0, 18.0, 23.0, -28.0, 31.0, 34.0, -45.0, 48.0, -161.0];
const NOT_MAINTAINED: [f64; 12] = [5.0, 5.0, 8.0, 8.0, 12.0, -16.0, 23.0, 27.0, 30.0, 33.0, 43.0, 45.0];

fn spells(signed: &[f64]) -> Vec<Spell> {
    signed.iter().map(|t| Spell { time: t.abs(), event: *t > 0.0 }).collect()
}

fn two(first: &[f64], second: &[f64]) -> (Vec<Spell>, Vec<usize>) {
    let mut all = spells(first);
    all.extend(spells(second));
    let group = (0..all.len()).map(|i| usize::from(i >= first.len())).collect();
    (all, group)
}

pub fn values(check: &mut Check) {
    let py = Oracle::open("03_survival");
    let r = Oracle::open("15_lavaan_misc");
    for (name, data) in [("treat", TREATED), ("placebo", PLACEBO)] {
        let curve = KaplanMeier::new(&spells(&data)).unwrap();
        // The oracle's table starts with time 0.
        for (i, step) in curve.steps().iter().enumerate() {
            let at = format!("/km_freireich_{name}/table/{}", i + 1);
            check.all_at(&py, &at, &[step.time, step.survival], CLOSED);
        }
        let median = curve.quantile(0.5, Scale::LogLog, LEVEL).unwrap();
        check.at(&py, &format!("/km_freireich_{name}/median"), median.point, CLOSED);
    }
    let curve = KaplanMeier::new(&spells(&TREATED)).unwrap();
    check.close(
        "S(6), published",
        curve.survival(6.0, Scale::LogLog, 1, LEVEL).unwrap().point,
        18.0 / 21.0,
        CLOSED,
    );
    // Klein and Moeschberger (2003), table 4.2: standard error of S(6) is .0764, of S(23) .1346.
    for (time, se) in [(6.0, 0.0764), (23.0, 0.1346)] {
        let step = curve.step_at(time).unwrap();
        check.within("Greenwood", step.survival * step.relative_variance.sqrt(), se, 5e-5);
    }
    let median = KaplanMeier::new(&spells(&TREATED)).unwrap().quantile(0.5, Scale::LogLog, LEVEL).unwrap();
    check.equal("median interval is open above", median.interval.unwrap().high, f64::INFINITY);
    check.equal(
        "no quarter survives to be seen",
        matches!(curve.quantile(0.75, Scale::LogLog, LEVEL), Err(NotComputable::TooFew { .. })),
        true,
    );
    check.equal(
        "tail of one",
        curve.survival(35.0, Scale::LogLog, 5, LEVEL).unwrap_err(),
        NotComputable::TooFew { n: 1, need: 5 },
    );
    check.equal(
        "beyond follow-up",
        curve.survival(36.0, Scale::LogLog, 1, LEVEL).unwrap_err(),
        NotComputable::TooFew { n: 0, need: 1 },
    );
    let (all, group) = two(&TREATED, &PLACEBO);
    let test = log_rank(&all, &group, 2, Weighting::LogRank).unwrap();
    check.all_at(&py, "/logrank_freireich_6MP", &[test.chi_square, test.p_value], CLOSED);
    let [treated, placebo] = [&TREATED, &PLACEBO].map(|data| KaplanMeier::new(&spells(data)).unwrap());
    let half = |of: &KaplanMeier| of.quantile(0.5, Scale::LogLog, LEVEL).unwrap().point;
    let six = 100.0 * treated.step_at(6.0).unwrap().survival;
    check.says(
        "survival",
        &format!("{six:.1} % are in remission after six weeks, and half after {}", half(&treated)),
    );
    check.says("survival", &format!("under placebo half after {}", half(&placebo)));
    check.says("survival", &format!("statistic is {:.2} (p = {:.5})", test.chi_square, test.p_value));
    let treatment: Vec<f64> = group.iter().map(|g| *g as f64).collect();
    let fit = cox(&all, &Matrix::from_columns(&[treatment]).unwrap(), Ties::Efron).unwrap();
    // lifelines stops at about six digits of the coefficient.
    check.at(&py, "/cox_freireich_Rx/coef", fit.coefficients[0], OPTIMISED);
    check.at(&py, "/cox_freireich_Rx/se", fit.standard_errors()[0], OPTIMISED);
    let (ratio, error) = (fit.coefficients[0].abs(), fit.standard_errors()[0]);
    check.says("survival", &format!("log hazard ratio {ratio:.2} (standard error {error:.2})"));

    let (all, group) = two(&MAINTAINED, &NOT_MAINTAINED);
    check.at(&r, "/aml/chisq", log_rank(&all, &group, 2, Weighting::LogRank).unwrap().chi_square, CLOSED);
    let (mut survival, mut error) = (Vec::new(), Vec::new());
    for data in [&MAINTAINED[..], &NOT_MAINTAINED[..]] {
        for step in KaplanMeier::new(&spells(data)).unwrap().steps() {
            survival.push(step.survival);
            error.push(step.relative_variance.sqrt());
        }
    }
    check.all_at(&r, "/aml/km/surv", &survival, CLOSED);
    for (i, se) in error.iter().enumerate().take(19) {
        check.at(&r, &format!("/aml/km/se/{i}"), *se, CLOSED);
    }
    check.equal("no spread left at zero", error[19], f64::INFINITY);

    if let Some(table) = check.published("waltons.csv") {
        let all = read(&table, "T", "E");
        let curve = KaplanMeier::new(&all).unwrap();
        check.at(&py, "/km_waltons/median", curve.quantile(0.5, Scale::LogLog, LEVEL).unwrap().point, CLOSED);
        check.at(
            &py,
            "/km_waltons/S(50)",
            curve.survival(50.0, Scale::LogLog, 1, LEVEL).unwrap().point,
            CLOSED,
        );
        check.at(&py, "/km_waltons/rmst50", curve.restricted_mean(50.0, LEVEL).unwrap().point, CLOSED);
        let group: Vec<usize> = table.text("group").iter().map(|g| usize::from(g != "miR-137")).collect();
        let test = log_rank(&all, &group, 2, Weighting::LogRank).unwrap();
        check.all_at(&py, "/logrank_waltons", &[test.chi_square, test.p_value], CLOSED);
    }
    if let Some(table) = check.published("rossi.csv") {
        rossi(check, &py, &table);
    }
    if let Some(table) = check.published("lung.csv") {
        lung(check, &r, &table);
    }
    let never = [Spell::open(3.0), Spell::open(4.0), Spell::open(5.0)];
    let one = Matrix::from_columns(&[vec![1.0, 2.0, 4.0]]).unwrap();
    check.equal("nothing happened", cox(&never, &one, Ties::Efron).unwrap_err(), NotComputable::NoVariation);
    let ordered: Vec<Spell> = (1..20).map(|t| Spell::ended(f64::from(t))).collect();
    let column = Matrix::from_columns(&[(1..20).map(f64::from).collect::<Vec<_>>()]).unwrap();
    check.equal(
        "monotone likelihood",
        matches!(
            cox(&ordered, &column, Ties::Efron),
            Err(NotComputable::Separation { .. } | NotComputable::Singular { .. })
        ),
        true,
    );
    check.equal("no rows", KaplanMeier::new(&[]).unwrap_err(), NotComputable::NoRows);
    check.equal("negative", KaplanMeier::new(&[Spell::ended(-1.0)]).is_err(), true);
    check.equal("nan", KaplanMeier::new(&[Spell::ended(f64::NAN)]).is_err(), true);
}

fn read(table: &Table, time: &str, event: &str) -> Vec<Spell> {
    table
        .numbers(time)
        .iter()
        .zip(table.numbers(event))
        .map(|(&time, event)| Spell { time, event: event > 0.5 })
        .collect()
}

fn rossi(check: &mut Check, py: &Oracle, table: &Table) {
    let all = read(table, "week", "arrest");
    let names = ["fin", "age", "race", "wexp", "mar", "paro", "prio"];
    let columns: Vec<Vec<f64>> = names.iter().map(|n| table.numbers(n)).collect();
    let design = Matrix::from_columns(&columns).unwrap();
    let fit = cox(&all, &design, Ties::Efron).unwrap();
    let (se, p) = (fit.standard_errors(), fit.p_values());
    let tests = proportionality(&fit, &all, &design, Clock::Rank, Form::ScaledResiduals).unwrap();
    for (j, name) in names.iter().enumerate() {
        check.at(py, &format!("/cox_rossi_efron/coef/{name}"), fit.coefficients[j], OPTIMISED);
        check.at(py, &format!("/cox_rossi_efron/se/{name}"), se[j], OPTIMISED);
        check.at(py, &format!("/cox_rossi_efron/p/{name}"), p[j], OPTIMISED);
        check.at(py, &format!("/cox_rossi_ph_test_rank/{name}"), tests.columns[j].p_value, OPTIMISED);
    }
    check.at(py, "/cox_rossi_efron/ll", fit.log_likelihood, CLOSED);
    check.at(py, "/cox_rossi_efron/lr", fit.likelihood_ratio().0, CLOSED);
    check.at(py, "/cox_rossi_efron/concordance", fit.concordance, CLOSED);
    check.at(py, "/cox_rossi_efron/aic_partial", 14.0 - 2.0 * fit.log_likelihood, CLOSED);
    let curve = KaplanMeier::new(&all).unwrap();
    for week in [10.0, 26.0, 52.0] {
        let estimate = curve.survival(week, Scale::LogLog, 1, LEVEL).unwrap();
        check.at(py, &format!("/km_rossi/S({week})"), estimate.point, CLOSED);
    }
    let interval = curve.survival(52.0, Scale::LogLog, 1, LEVEL).unwrap().interval.unwrap();
    check.all_at(py, "/km_rossi/ci52_loglog", &[interval.low, interval.high], CLOSED);
}

fn lung(check: &mut Check, r: &Oracle, table: &Table) {
    let names = ["age", "sex", "ph.ecog"];
    let columns: Vec<Vec<f64>> = names.iter().map(|n| table.numbers(n)).collect();
    let keep: Vec<usize> =
        (0..columns[0].len()).filter(|&i| columns.iter().all(|c| c[i].is_finite())).collect();
    let (time, status) = (table.numbers("time"), table.numbers("status"));
    let all: Vec<Spell> = keep.iter().map(|&i| Spell { time: time[i], event: status[i] > 1.5 }).collect();
    let kept: Vec<Vec<f64>> = columns.iter().map(|c| keep.iter().map(|&i| c[i]).collect()).collect();
    let design = Matrix::from_columns(&kept).unwrap();
    let fit = cox(&all, &design, Ties::Efron).unwrap();
    let breslow = cox(&all, &design, Ties::Breslow).unwrap();
    let tests = proportionality(&fit, &all, &design, Clock::KaplanMeier, Form::Score).unwrap();
    let se = fit.standard_errors();
    for (j, name) in names.iter().enumerate() {
        // R stops once the likelihood changes by less than 1e-9 of itself.
        check.at(r, &format!("/lung/coef/{name}"), fit.coefficients[j], OPTIMISED);
        check.at(r, &format!("/lung/se/{name}"), se[j], OPTIMISED);
        check.at(r, &format!("/lung_breslow/{name}"), breslow.coefficients[j], OPTIMISED);
        check.at(r, &format!("/lung/zph/{j}"), tests.columns[j].p_value, OPTIMISED);
    }
    check.at(r, "/lung/zph/3", tests.all.unwrap().p_value, OPTIMISED);
    check.all_at(r, "/lung/loglik", &[fit.null_log_likelihood, fit.log_likelihood], CLOSED);
    check.at(r, "/lung/conc", fit.concordance, CLOSED);
    check.at(r, "/lung/n", fit.n as f64, CLOSED);
}

/// Without censoring the curve is the empirical distribution and the restricted mean the mean.
#[test]
fn complete_data_reduce_to_the_empirical_distribution() {
    let mut random = Random::seeded(3);
    let times: Vec<f64> = (0..200).map(|_| random.uniform() * 10.0).collect();
    let curve = KaplanMeier::new(&times.iter().map(|t| Spell::ended(*t)).collect::<Vec<_>>()).unwrap();
    let mean = times.iter().sum::<f64>() / 200.0;
    assert!((curve.restricted_mean(10.0, LEVEL).unwrap().point - mean).abs() < 1e-12);
    let beyond = times.iter().filter(|t| **t > 5.0).count() as f64 / 200.0;
    assert!((curve.survival(5.0, Scale::Plain, 1, LEVEL).unwrap().point - beyond).abs() < 1e-12);
}

/// Log-log intervals cover S at their level under censoring, and log-rank keeps its level under the null.
#[test]
fn intervals_cover_and_the_test_keeps_its_level() {
    let mut random = Random::seeded(5);
    let (mut covered, mut rejected) = (0, 0);
    for _ in 0..2000 {
        let data: Vec<Spell> = (0..60)
            .map(|_| {
                let (t, c) = (-random.uniform().ln(), -2.0 * random.uniform().ln());
                if t <= c { Spell::ended(t) } else { Spell::open(c) }
            })
            .collect();
        let estimate = KaplanMeier::new(&data).unwrap().survival(0.7, Scale::LogLog, 1, LEVEL).unwrap();
        let i = estimate.interval.unwrap();
        let truth = (-0.7_f64).exp();
        covered += usize::from(i.low <= truth && truth <= i.high);
        let group: Vec<usize> = (0..60).map(|i| i % 2).collect();
        rejected += usize::from(log_rank(&data, &group, 2, Weighting::LogRank).unwrap().p_value < 0.05);
    }
    assert!((1870..1930).contains(&covered), "{covered} of 2000");
    assert!((70..140).contains(&rejected), "{rejected} of 2000");
}

/// The order of rows is of no account, and a shifted column changes nothing.
#[test]
fn order_and_origin_do_not_matter() {
    let (all, group) = two(&TREATED, &PLACEBO);
    let x: Vec<f64> = group.iter().map(|g| *g as f64).collect();
    let fit = cox(&all, &Matrix::from_columns(std::slice::from_ref(&x)).unwrap(), Ties::Efron).unwrap();
    let turned: Vec<Spell> = all.iter().rev().copied().collect();
    let shifted: Vec<f64> = x.iter().rev().map(|v| v + 1e6).collect();
    let again = cox(&turned, &Matrix::from_columns(&[shifted]).unwrap(), Ties::Efron).unwrap();
    assert!((fit.coefficients[0] - again.coefficients[0]).abs() < 1e-9);
    assert_eq!(KaplanMeier::new(&all).unwrap(), KaplanMeier::new(&turned).unwrap());
    let naive = {
        let (mut c, mut n) = (0.0, 0.0);
        for (i, a) in all.iter().enumerate() {
            for (j, b) in all.iter().enumerate() {
                if a.event && (a.time < b.time || (a.time == b.time && !b.event)) {
                    n += 1.0;
                    c += if x[i] > x[j] {
                        1.0
                    } else if x[i] == x[j] {
                        0.5
                    } else {
                        0.0
                    };
                }
            }
        }
        c / n
    };
    assert!((concordance(&all, &x).unwrap() - naive).abs() < 1e-15);
}
