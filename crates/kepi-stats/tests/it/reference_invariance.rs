//! Confirmatory factor analysis of groups against lavaan (R 4.2.2).

use kepi_stats::estimate::{Level, NotComputable};
use kepi_stats::survey::invariance::{self, FactorFit, Invariance, Moments};

use crate::support::{Check, Oracle, Random};

const LEVEL: Level = Level::NINETY_FIVE;
/// Chi-square of a search that stops at a small slope is good to twice the digits of its parameters.
const FOUND: f64 = 1e-8;

fn pattern() -> Vec<Vec<usize>> {
    vec![vec![0, 1, 2], vec![3, 4, 5], vec![6, 7, 8]]
}

pub fn values(check: &mut Check) {
    let Some(table) = check.published("holzinger_swineford.csv") else { return };
    let oracle = Oracle::open("15_lavaan_misc");
    let items: Vec<Vec<f64>> = (1..=9).map(|item| table.numbers(&format!("x{item}"))).collect();
    let schools = table.text("school");
    let at = |school: &str| {
        let rows: Vec<Vec<f64>> = items
            .iter()
            .map(|item| item.iter().zip(&schools).filter(|(_, s)| *s == school).map(|(x, _)| *x).collect())
            .collect();
        Moments::of(&rows).unwrap()
    };
    // lavaan numbers groups as they come; Pasteur comes first.
    let groups = [at("Pasteur"), at("Grant-White")];
    let indices = |check: &mut Check, name: &str, fit: &FactorFit| {
        for (index, got) in [
            ("chisq", fit.chi_square),
            ("df", fit.degrees as f64),
            ("cfi", fit.comparative_fit),
            ("tli", fit.tucker_lewis),
            ("rmsea", fit.approximation_error),
        ] {
            check.at(&oracle, &format!("/{name}/{index}"), got, FOUND);
        }
        // lavaan subtracts from one, which leaves an absolute rounding.
        let p = oracle.number(&format!("/{name}/pvalue"));
        check.within(&format!("{name}/pvalue"), fit.p, p, 1e-6 * p + 1.2e-16);
    };
    let one = invariance::fit(&[Moments::of(&items).unwrap()], &pattern(), Invariance::Configural, LEVEL);
    let one = one.unwrap();
    indices(check, "hs_cfa", &one);
    // Without means in the model lavaan averages over 45 covariances, here there are 9 means that fit exactly.
    check.at(&oracle, "/hs_cfa/srmr", one.residual * (54.0_f64 / 45.0).sqrt(), 1e-7);
    let steps = invariance::steps(&groups, &pattern(), LEVEL).unwrap();
    for (step, name) in steps.iter().zip(["hs_configural", "hs_metric", "hs_scalar"]) {
        indices(check, name, &step.fit);
        // Residuals follow the parameters, at which lavaan stops when the likelihood moves by less than 1e-10 of itself.
        check.at(&oracle, &format!("/{name}/srmr"), step.fit.residual, 5e-6);
        check.equal("proper", step.fit.improper, false);
    }
    for index in [1, 2] {
        check.at(&oracle, &format!("/hs_lrt/dchi/{index}"), steps[index].difference.unwrap(), 1e-7);
        check.at(&oracle, &format!("/hs_lrt/ddf/{index}"), steps[index].degrees as f64, 0.0);
        check.at(&oracle, &format!("/hs_lrt/p/{index}"), steps[index].p.unwrap(), 1e-6);
    }
    // As printed in the tutorial of lavaan (Rosseel 2012 and its web pages).
    for (step, aic) in steps.iter().zip([7484.4, 7480.6, 7508.6]) {
        check.within("AIC", step.fit.aic, aic, 0.05);
    }
    check.within("strict chi-square", steps[3].fit.chi_square, 181.511, 5e-4);
    let means = &steps[2].fit.groups[1].factor_means;
    for (mean, (point, error)) in means.iter().zip([(-0.148, 0.122), (0.576, 0.117), (-0.177, 0.090)]) {
        check.within("factor mean of Grant-White", mean.point, point, 5e-4);
        let interval = mean.interval.as_ref().unwrap();
        let got = 0.5 * (interval.high - interval.low) / LEVEL.z();
        check.within("its standard error", got, error, 5e-4);
    }
    for (item, loading) in [(1, 0.554), (2, 0.729), (4, 1.113), (5, 0.926), (7, 1.180), (8, 1.082)] {
        check.within("loading", one.groups[0].loadings[(item, item / 3)], loading, 5e-4);
    }
    for (item, residual) in
        [0.549, 1.134, 0.844, 0.371, 0.446, 0.356, 0.799, 0.488, 0.566].into_iter().enumerate()
    {
        check.within("residual variance", one.groups[0].residuals[item], residual, 5e-4);
    }
    let factors = &one.groups[0].factors;
    for (j, k, value) in
        [(0, 0, 0.809), (1, 1, 0.979), (2, 2, 0.384), (0, 1, 0.408), (0, 2, 0.262), (1, 2, 0.173)]
    {
        check.within("covariance of factors", factors[(j, k)], value, 5e-4);
    }
}

/// Two groups whose items show two factors; the second has other intercepts, loadings or factor means on demand.
fn answers(random: &mut Random, n: usize, shift: f64, intercept: f64, loading: f64) -> Moments {
    let mut items: Vec<Vec<f64>> = vec![Vec::new(); 6];
    for _ in 0..n {
        let common = random.normal();
        let factors = [shift + common, 0.5 * common + 0.9 * random.normal()];
        for (item, answers) in items.iter_mut().enumerate() {
            let strength = if item == 1 { loading } else { 1.0 };
            let level = if item == 2 { intercept } else { 0.0 };
            answers.push(50.0 + 10.0 * (level + strength * factors[item / 3] + 0.7 * random.normal()));
        }
    }
    Moments::of(&items).unwrap()
}

#[test]
fn invariance_is_kept_when_it_holds_and_lost_where_it_breaks() {
    let pattern = vec![vec![0, 1, 2], vec![3, 4, 5]];
    let mut random = Random::seeded(17);
    let (mut metric, mut scalar, mut held, rounds) = (0, 0, 0, 60);
    for _ in 0..rounds {
        let groups = [answers(&mut random, 300, 0.0, 0.0, 1.0), answers(&mut random, 250, 0.6, 0.0, 1.0)];
        let steps = invariance::steps(&groups, &pattern, LEVEL).unwrap();
        metric += u32::from(steps[1].p.unwrap() < 0.05);
        scalar += u32::from(steps[2].p.unwrap() < 0.05);
        let mean = &steps[2].fit.groups[1].factor_means[0];
        let interval = mean.interval.as_ref().unwrap();
        held += u32::from(interval.low <= 6.0 && 6.0 <= interval.high);
    }
    assert!(metric <= 8 && scalar <= 8, "{metric} {scalar} of {rounds}");
    assert!(held >= 52, "{held} of {rounds}");
    let base = answers(&mut random, 400, 0.0, 0.0, 1.0);
    let other = answers(&mut random, 400, 0.0, 0.5, 1.0);
    let steps = invariance::steps(&[base.clone(), other], &pattern, LEVEL).unwrap();
    assert!(steps[1].p.unwrap() > 0.001 && steps[2].p.unwrap() < 1e-6);
    let other = answers(&mut random, 400, 0.0, 0.0, 0.4);
    assert!(invariance::steps(&[base, other], &pattern, LEVEL).unwrap()[1].p.unwrap() < 1e-6);
}

#[test]
fn units_of_items_do_not_matter() {
    let mut random = Random::seeded(5);
    let groups = [answers(&mut random, 200, 0.0, 0.1, 1.0), answers(&mut random, 220, 0.3, 0.0, 0.9)];
    let pattern = vec![vec![0, 1, 2], vec![3, 4, 5]];
    let fit = |groups: &[Moments]| invariance::fit(groups, &pattern, Invariance::Scalar, LEVEL).unwrap();
    let mut other = groups.clone();
    for group in &mut other {
        group.means[0] *= 1000.0;
        for j in 0..6 {
            group.covariance[(0, j)] *= 1000.0;
            group.covariance[(j, 0)] *= 1000.0;
        }
    }
    let (plain, grown) = (fit(&groups), fit(&other));
    assert!((plain.chi_square - grown.chi_square).abs() < 1e-6);
    let mean = |fit: &FactorFit| fit.groups[1].factor_means[0].point;
    assert!((mean(&grown) / mean(&plain) / 1000.0 - 1.0).abs() < 1e-5);
}

#[test]
fn models_that_cannot_be_fitted_have_a_reason() {
    let mut random = Random::seeded(6);
    let group = answers(&mut random, 100, 0.0, 0.0, 1.0);
    let fit = |groups: &[Moments], pattern: &[Vec<usize>]| {
        invariance::fit(groups, pattern, Invariance::Metric, LEVEL).map(|_| ()).unwrap_err()
    };
    assert_eq!(fit(&[], &[vec![0]]), NotComputable::NoRows);
    assert!(matches!(fit(std::slice::from_ref(&group), &[vec![0, 1, 2]]), NotComputable::Invalid(_)));
    assert!(matches!(
        fit(std::slice::from_ref(&group), &[vec![0, 1, 2, 3, 4, 5, 6]]),
        NotComputable::Invalid(_)
    ));
    let item: Vec<f64> = (0..50).map(|_| random.normal()).collect();
    let twice =
        Moments::of(&[item.clone(), item.clone(), (0..50).map(|_| random.normal()).collect()]).unwrap();
    assert!(matches!(fit(&[twice], &[vec![0, 1, 2]]), NotComputable::Singular { .. }));
    let flat = Moments::of(&[item.clone(), vec![3.0; 50], item]).unwrap();
    assert_eq!(fit(&[flat], &[vec![0, 1, 2]]), NotComputable::NoVariation);
    assert!(matches!(Moments::of(&[[1.0, 2.0], [2.0, 1.0]]), Err(NotComputable::TooFew { .. })));
}
