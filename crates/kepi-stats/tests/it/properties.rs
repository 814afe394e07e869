//! What must not change an answer, and how often intervals hold and tests err, for the rooms whose own file has neither.
//!
//! Simulations have fixed seeds; bounds are four standard errors of the simulated share around what is promised.

use kepi_stats::agreement::krippendorff::{self, Measurement};
use kepi_stats::agreement::reliability::{self, IccForm};
use kepi_stats::decomposition::stratified::{Continuity, TwoByTwo, mantel_haenszel};
use kepi_stats::distribution::binomial;
use kepi_stats::estimate::{Estimate, Interval, Level};
use kepi_stats::experiment::sample_ratio;
use kepi_stats::fairness;
use kepi_stats::gaming::digits::heaping;
use kepi_stats::gaming::spikes::{Period, poisson_spikes};
use kepi_stats::index_numbers::{Formula, Good, price_index};
use kepi_stats::linear::Matrix;
use kepi_stats::prediction::auc;
use kepi_stats::ranking::pooling::{Between, Effect, pool};
use kepi_stats::reconciliation;
use kepi_stats::regression::huber::{BEND, huber};
use kepi_stats::regression::least_squares::{LeastSquares, TotalSquares};
use kepi_stats::regression::logistic::{logistic, logistic_regression};
use kepi_stats::regression::random_intercept::{Criterion, random_intercept};
use kepi_stats::series::autoregression::{autocovariance, ljung_box};
use kepi_stats::series::change_point::{Penalty, pelt};
use kepi_stats::series::decomposition::{StlOptions, stl};
use kepi_stats::series::granger;
use kepi_stats::survey::splice;
use kepi_stats::survival::Spell;
use kepi_stats::survival::cox::{Ties, cox};
use kepi_stats::survival::log_rank::{Weighting, log_rank};

use crate::support::Random;

const LEVEL: Level = Level::NINETY_FIVE;

fn close(what: &str, got: &[f64], want: &[f64], relative: f64) {
    assert_eq!(got.len(), want.len(), "{what}");
    let size = want.iter().fold(0.0_f64, |m, w| m.max(w.abs()));
    for (got, want) in got.iter().zip(want) {
        assert!((got - want).abs() <= relative * size, "{what}: {got} instead of {want}");
    }
}

fn normals(random: &mut Random, n: usize) -> Vec<f64> {
    (0..n).map(|_| random.normal()).collect()
}

/// 3 x + 7.
fn moved(x: &[f64]) -> Vec<f64> {
    x.iter().map(|v| 3.0 * v + 7.0).collect()
}

fn stretched(x: &[f64], by: f64) -> Vec<f64> {
    x.iter().map(|v| v * by).collect()
}

fn picked<T: Clone>(x: &[T], order: &[usize]) -> Vec<T> {
    order.iter().map(|&i| x[i].clone()).collect()
}

/// Fits of one response to two columns that follow a change of units, and do not see the order of rows.
#[test]
fn regressions_follow_units_and_ignore_order() {
    let mut random = Random::seeded(41);
    for _ in 0..20 {
        let n = 60;
        let x = [normals(&mut random, n), normals(&mut random, n)];
        let y: Vec<f64> = (0..n).map(|i| 2.0 + x[0][i] - 0.5 * x[1][i] + random.normal()).collect();
        let yes: Vec<bool> = y.iter().map(|v| v + random.normal() > 2.0).collect();
        let units: Vec<usize> = (0..n).map(|i| i % 6).collect();
        let mut order: Vec<usize> = (0..n).collect();
        random.shuffle(&mut order);
        let design = |scale: f64, order: &[usize]| {
            Matrix::with_intercept(&[stretched(&picked(&x[0], order), scale), picked(&x[1], order)]).unwrap()
        };
        let plain: Vec<usize> = (0..n).collect();
        let least = |y: &[f64], d| LeastSquares::fit(y, d, TotalSquares::Centred).unwrap();
        let robust = |y: &[f64], d: &Matrix| huber(y, d, BEND).unwrap().coefficients;
        let mixed = |y: &[f64], d: &Matrix, u: &[usize]| random_intercept(y, d, u, Criterion::Reml).unwrap();
        let logit =
            |y: &[bool], d: &Matrix| logistic_regression(y, d, &["1", "a", "b"]).unwrap().coefficients;
        // y ↦ 3y + 7 takes (b₀, b₁, b₂) to (3b₀ + 7, 3b₁, 3b₂); a column times 10 takes its slope to a tenth.
        let expected = |b: &[f64]| vec![3.0 * b[0] + 7.0, 0.3 * b[1], 3.0 * b[2]];
        let wide = design(10.0, &plain);
        let (b, base) = (least(&y, design(1.0, &plain)), design(1.0, &plain));
        let again = least(&moved(&y), wide.clone());
        close("least squares", &again.coefficients, &expected(&b.coefficients), 1e-11);
        close("r squared", &[again.r_squared.clone().unwrap()], &[b.r_squared.clone().unwrap()], 1e-11);
        close("huber", &robust(&moved(&y), &wide), &expected(&robust(&y, &base)), 1e-6);
        let intercepts = mixed(&y, &base, &units);
        let scaled = mixed(&moved(&y), &wide, &units);
        close("random intercept", &scaled.coefficients, &expected(&intercepts.coefficients), 1e-6);
        close("within", &[scaled.within], &[9.0 * intercepts.within], 1e-6);
        let b = logit(&yes, &base);
        close("logistic units", &logit(&yes, &wide), &[b[0], 0.1 * b[1], b[2]], 1e-9);
        let no: Vec<bool> = yes.iter().map(|v| !v).collect();
        close("logistic turned", &logit(&no, &base), &[-b[0], -b[1], -b[2]], 1e-9);
        // Order.
        let (shuffled, mixed_up) = (design(1.0, &order), picked(&y, &order));
        let fit = least(&mixed_up, shuffled.clone());
        close("order", &fit.coefficients, &least(&y, base.clone()).coefficients, 1e-11);
        close("order", &logit(&picked(&yes, &order), &shuffled), &b, 1e-9);
        let fit = mixed(&mixed_up, &shuffled, &picked(&units, &order));
        close("order", &fit.coefficients, &intercepts.coefficients, 1e-6);
    }
}

/// Proportional hazards see the order of times only, and neither sees the order of cases.
#[test]
fn survival_sees_ranks_of_times() {
    let mut random = Random::seeded(43);
    for _ in 0..20 {
        let n = 50;
        let x = normals(&mut random, n);
        let spells: Vec<Spell> = (0..n)
            .map(|i| Spell {
                time: (-random.uniform().ln() * (0.5 * x[i]).exp() * 10.0).ceil(),
                event: i % 4 > 0,
            })
            .collect();
        let group: Vec<usize> = (0..n).map(|i| i % 3).collect();
        let mut order: Vec<usize> = (0..n).collect();
        random.shuffle(&mut order);
        let fit = |s: &[Spell], x: &[f64], ties| {
            let fit = cox(s, &Matrix::from_columns(&[x]).unwrap(), ties).unwrap();
            vec![fit.coefficients[0], fit.standard_errors()[0], fit.concordance]
        };
        let test = |s: &[Spell], g: &[usize]| log_rank(s, g, 3, Weighting::LogRank).unwrap().chi_square;
        let later: Vec<Spell> = spells.iter().map(|s| Spell { time: s.time * s.time + 1.0, ..*s }).collect();
        for ties in [Ties::Efron, Ties::Breslow] {
            let b = fit(&spells, &x, ties);
            close("monotone times", &fit(&later, &x, ties), &b, 1e-9);
            close("order", &fit(&picked(&spells, &order), &picked(&x, &order), ties), &b, 1e-9);
            let tenth = fit(&spells, &stretched(&x, 10.0), ties);
            close("units", &[10.0 * tenth[0], 10.0 * tenth[1], tenth[2]], &b, 1e-9);
        }
        let chi = test(&spells, &group);
        close("monotone times", &[test(&later, &group)], &[chi], 1e-10);
        close("order", &[test(&picked(&spells, &order), &picked(&group, &order))], &[chi], 1e-10);
    }
}

#[test]
fn agreement_does_not_see_the_scale() {
    let mut random = Random::seeded(47);
    for _ in 0..20 {
        let truth = normals(&mut random, 25);
        let raters: Vec<Vec<f64>> =
            (0..3).map(|_| truth.iter().map(|t| t + 0.5 * random.normal()).collect()).collect();
        let rows = |raters: &[Vec<f64>]| -> Vec<Vec<f64>> {
            (0..25).map(|i| raters.iter().map(|r| r[i]).collect()).collect()
        };
        let changed: Vec<Vec<f64>> = raters.iter().map(|r| moved(r)).collect();
        let mut turned = raters.clone();
        turned.reverse();
        let coded = |raters: &[Vec<f64>]| -> Vec<Vec<Option<f64>>> {
            raters.iter().map(|r| r.iter().copied().map(Some).collect()).collect()
        };
        let alpha = |r: &[Vec<f64>]| krippendorff::alpha(&coded(r), Measurement::Interval).unwrap();
        let icc = |r: &[Vec<f64>]| reliability::icc(&rows(r), IccForm::AgreementSingle, LEVEL).unwrap().value;
        let cronbach = |r: &[Vec<f64>]| reliability::cronbach_alpha(r).unwrap();
        for other in [&changed, &turned] {
            close("alpha", &[alpha(other)], &[alpha(&raters)], 1e-10);
            close("icc", &[icc(other)], &[icc(&raters)], 1e-10);
            close("cronbach", &[cronbach(other)], &[cronbach(&raters)], 1e-10);
        }
        // Lin's coefficient is symmetric, and below Pearson's unless means and spreads agree.
        let lin = |x: &[f64], y: &[f64]| reconciliation::concordance(x, y, LEVEL).unwrap().point;
        let (x, y) = (&raters[0], &raters[1]);
        close("lin", &[lin(y, x)], &[lin(x, y)], 1e-12);
        close("lin", &[lin(&moved(x), &moved(y))], &[lin(x, y)], 1e-10);
        assert!(lin(x, &moved(x)) < 0.9);
        close("lin", &[lin(x, x)], &[1.0], 1e-12);
    }
}

#[test]
fn series_follow_units() {
    let mut random = Random::seeded(53);
    for _ in 0..10 {
        let mut series = vec![0.0; 48];
        for t in 1..48 {
            let jump = if t > 30 { 2.0 } else { 0.0 };
            series[t] = 0.4 * series[t - 1] + (t % 4) as f64 + jump + random.normal();
        }
        let other = normals(&mut random, 48);
        let again = moved(&series);
        let covariance = autocovariance(&series, 5).unwrap();
        close("autocovariance", &autocovariance(&again, 5).unwrap(), &stretched(&covariance, 9.0), 1e-11);
        let (q, p) = ljung_box(&series, 5, 0).unwrap();
        close("ljung-box", &[ljung_box(&again, 5, 0).unwrap().0], &[q], 1e-10);
        assert!((0.0..=1.0).contains(&p));
        let plain = granger::test(&series, &other, 2).unwrap();
        close("granger", &[granger::test(&again, &moved(&other), 2).unwrap().f], &[plain.f], 1e-8);
        let breaks = |x: &[f64]| pelt(x, Penalty::ThreeVarianceLog, 2).unwrap();
        assert_eq!(breaks(&again), breaks(&series));
        let parts = stl(&series, 4, StlOptions::default()).unwrap();
        let sum: Vec<f64> =
            (0..48).map(|t| parts.seasonal[t] + parts.trend[t] + parts.remainder[t]).collect();
        close("parts add up", &sum, &series, 1e-12);
        let scaled = stl(&again, 4, StlOptions::default()).unwrap();
        close("season", &scaled.seasonal, &stretched(&parts.seasonal, 3.0), 1e-9);
        close("trend", &scaled.trend, &moved(&parts.trend), 1e-9);
    }
}

#[test]
fn pooling_ranking_and_indices_follow_units() {
    let mut random = Random::seeded(59);
    for _ in 0..20 {
        let effects: Vec<Effect> =
            (0..8).map(|_| Effect { value: random.normal(), variance: 0.1 + random.uniform() }).collect();
        let pooled = |e: &[Effect], method| {
            let p = pool(e, method, LEVEL).unwrap();
            (p.mean.point, p.standard_error, p.i_squared)
        };
        for method in [Between::DerSimonianLaird, Between::Reml] {
            let (mean, error, i) = pooled(&effects, method);
            let other: Vec<Effect> = effects
                .iter()
                .rev()
                .map(|e| Effect { value: 3.0 * e.value + 7.0, variance: 9.0 * e.variance })
                .collect();
            let (mean2, error2, i2) = pooled(&other, method);
            close("pooled", &[mean2, error2, i2], &[3.0 * mean + 7.0, 3.0 * error, i], 1e-6);
        }
        let mut draw = || 0.5 + random.uniform();
        let goods: Vec<Good> = (0..5)
            .map(|_| Good {
                price_base: draw(),
                price_now: draw(),
                quantity_base: draw(),
                quantity_now: draw(),
            })
            .collect();
        let back: Vec<Good> = goods
            .iter()
            .map(|g| Good {
                price_base: g.price_now,
                price_now: g.price_base,
                quantity_base: g.quantity_now,
                quantity_now: g.quantity_base,
            })
            .collect();
        // Pounds instead of kilograms: prices divided, quantities multiplied.
        let mut units = goods.clone();
        units[2] = Good {
            price_base: goods[2].price_base / 2.2,
            price_now: goods[2].price_now / 2.2,
            quantity_base: goods[2].quantity_base * 2.2,
            quantity_now: goods[2].quantity_now * 2.2,
        };
        let index = |g: &[Good], f| price_index(g, f).unwrap();
        for formula in [Formula::Laspeyres, Formula::Paasche, Formula::Fisher, Formula::Tornqvist] {
            close("commensurable", &[index(&units, formula)], &[index(&goods, formula)], 1e-12);
        }
        // Fisher and Törnqvist pass the time-reversal test, Laspeyres turns into Paasche (Fisher 1922).
        let scale = index(&goods, Formula::Fisher) * index(&back, Formula::Fisher);
        let scale2 = index(&goods, Formula::Tornqvist) * index(&back, Formula::Tornqvist);
        close("time reversal", &[scale, scale2], &[1.0, 1.0], 1e-12);
        let cross = index(&goods, Formula::Laspeyres) * index(&back, Formula::Paasche);
        close("turned", &[cross], &[1.0], 1e-12);
    }
}

/// Ranks are all that counts for the area, and turning the outcome turns it.
#[test]
fn area_sees_ranks() {
    let mut random = Random::seeded(61);
    for _ in 0..20 {
        let score: Vec<f64> = (0..40).map(|_| random.below(12) as f64).collect();
        let yes: Vec<bool> = score.iter().map(|s| random.uniform() < s / 12.0 + 0.05).collect();
        let no: Vec<bool> = yes.iter().map(|v| !v).collect();
        let area = |s: &[f64], y: &[bool]| auc::auc(s, y, LEVEL).unwrap().point;
        let plain = area(&score, &yes);
        let ranks: Vec<f64> = score.iter().map(|s| s.exp()).collect();
        close("ranks", &[area(&ranks, &yes)], &[plain], 1e-12);
        close("turned", &[area(&score, &no)], &[1.0 - plain], 1e-12);
    }
}

fn holds(estimate: &Estimate, truth: f64) -> bool {
    estimate.interval.as_ref().is_ok_and(|i| i.low <= truth && truth <= i.high)
}

/// How often something happens in `rounds` rounds, within four standard errors of `promised`, with room for what small
/// samples cost.
fn often(what: &str, rounds: usize, promised: f64, room: f64, mut happens: impl FnMut(&mut Random) -> bool) {
    let mut random = Random::seeded(67);
    let share = (0..rounds).filter(|_| happens(&mut random)).count() as f64 / rounds as f64;
    let bound = 4.0 * (promised * (1.0 - promised) / rounds as f64).sqrt() + room;
    assert!((share - promised).abs() <= bound, "{what}: {share} instead of {promised} ± {bound}");
}

#[test]
fn intervals_of_models_hold_as_often_as_they_say() {
    let n = 150;
    often("logistic", 400, 0.95, 0.01, |random| {
        let x = normals(random, n);
        let y: Vec<bool> = x.iter().map(|x| random.uniform() < logistic(0.7 * x - 0.5)).collect();
        let design = Matrix::with_intercept(&[x]).unwrap();
        holds(&logistic_regression(&y, &design, &["1", "x"]).unwrap().estimates(LEVEL)[1], 0.7)
    });
    often("cox", 400, 0.95, 0.01, |random| {
        let x = normals(random, n);
        let spells: Vec<Spell> = x
            .iter()
            .map(|x| {
                let (t, c) = (-random.uniform().ln() * (-0.5 * x).exp(), 2.0 * random.uniform());
                if t < c { Spell::ended(t) } else { Spell::open(c) }
            })
            .collect();
        let fit = cox(&spells, &Matrix::from_columns(&[x]).unwrap(), Ties::Efron).unwrap();
        holds(&fit.hazard_ratios(LEVEL)[0], 0.5_f64.exp())
    });
    let draws = |random: &mut Random, n: u64, p: f64| (0..n).filter(|_| random.uniform() < p).count() as u64;
    often("common odds ratio", 400, 0.95, 0.01, |random| {
        let strata: Vec<TwoByTwo> = [0.2, 0.4, 0.6]
            .iter()
            .map(|&p| {
                let odds = 2.0 * p / (1.0 - p);
                let first_yes = draws(random, 60, odds / (1.0 + odds));
                let second_yes = draws(random, 60, p);
                TwoByTwo { first_yes, first_no: 60 - first_yes, second_yes, second_no: 60 - second_yes }
            })
            .collect();
        holds(&mantel_haenszel(&strata, Continuity::Half, LEVEL).unwrap().odds_ratio, 2.0)
    });
    often("impact ratio", 600, 0.95, 0.01, |random| {
        let (a, b) = (draws(random, 200, 0.3), draws(random, 150, 0.5));
        holds(&fairness::ratio((a, 200), (b, 150), LEVEL).unwrap(), 0.6)
    });
    often("intraclass correlation", 400, 0.95, 0.01, |random| {
        let rows: Vec<Vec<f64>> = (0..30)
            .map(|_| {
                let truth = random.normal() * 3.0_f64.sqrt();
                (0..3).map(|_| truth + random.normal()).collect()
            })
            .collect();
        let i = reliability::icc(&rows, IccForm::OneWaySingle, LEVEL).unwrap().interval;
        i.low <= 0.75 && 0.75 <= i.high
    });
}

#[test]
fn bridges_hold_what_the_new_wording_would_have_shown_as_often_as_they_say() {
    let shown = |random: &mut Random, truth: f64, error: f64| {
        let point = truth + error * random.normal();
        let interval = Ok(Interval::around(point, LEVEL.z() * error, LEVEL));
        Estimate { interval, ..Estimate::exact(point, 50, "") }
    };
    // The new lies 4 higher, alike in all periods, or by 1.5 more or less from one to the next.
    // Variation about as large as chance is often not seen in eight periods; then the interval is too narrow, as `parallel_periods` says.
    for (varies, expected) in [(0.0, [0.96, 0.96]), (1.5, [0.95, 0.9]), (6.0, [0.95, 0.945])] {
        let (mut by, mut moved) = (0_u32, 0_u32);
        const ROUNDS: u32 = 1500;
        let mut random = Random::seeded(20);
        for _ in 0..ROUNDS {
            let pairs: Vec<(Estimate, Estimate)> = (0..8)
                .map(|period| {
                    let old = 30.0 + f64::from(period);
                    let new = old + 4.0 + varies * random.normal();
                    (shown(&mut random, old, 1.0), shown(&mut random, new, 1.4))
                })
                .collect();
            let pairs: Vec<(&Estimate, &Estimate)> = pairs.iter().map(|(a, b)| (a, b)).collect();
            let bridge = splice::parallel_periods(&pairs, LEVEL).unwrap();
            let truth = 25.0 + 4.0 + varies * random.normal();
            let old = shown(&mut random, 25.0, 0.8);
            let holds = |of: &Estimate, truth: f64| {
                of.interval.as_ref().is_ok_and(|i| i.low <= truth && truth <= i.high)
            };
            by += u32::from(holds(&bridge.by, 4.0));
            moved += u32::from(holds(&bridge.moved(&old), truth));
        }
        for ((what, found), expected) in [("by", by), ("moved", moved)].into_iter().zip(expected) {
            let share = f64::from(found) / f64::from(ROUNDS);
            assert!((share - expected).abs() <= 0.02, "{what} of a bridge that varies by {varies}: {share}");
        }
    }
    // From a scale of five to one of eleven: other people, and an old mean that lies off the middle.
    let mut random = Random::seeded(21);
    let mut held = 0_u32;
    for _ in 0..1500 {
        let sums = |random: &mut Random, n: u64, mean: f64, spread: f64| {
            let mut sums = splice::AnswerSums { n, sum: 0, squares: 0, decimals: 2 };
            for _ in 0..n {
                let x = (100.0 * (mean + spread * random.normal())).round() as i128;
                sums.sum += x;
                sums.squares += x * x;
            }
            sums
        };
        let (old, new) = (sums(&mut random, 120, 3.5, 0.8), sums(&mut random, 90, 7.0, 1.8));
        let bridge = splice::linear(old, new, LEVEL).unwrap();
        let before = shown(&mut random, 3.9, 0.1);
        let interval = bridge.moved(&before).interval.unwrap();
        held += u32::from((interval.low..=interval.high).contains(&(7.0 + 1.8 / 0.8 * 0.4)));
    }
    let share = f64::from(held) / 1500.0;
    assert!((share - 0.95).abs() <= 0.025, "linear equating: {share}");
}

#[test]
fn tests_err_as_often_as_they_say() {
    often("log-rank", 400, 0.05, 0.01, |random| {
        let spells: Vec<Spell> =
            (0..80).map(|i| Spell { time: -random.uniform().ln(), event: i % 5 > 0 }).collect();
        let group: Vec<usize> = (0..80).map(|i| i % 2).collect();
        log_rank(&spells, &group, 2, Weighting::LogRank).unwrap().p_value < 0.05
    });
    often("sample ratio", 1000, 0.05, 0.005, |random| {
        let first = (0..1000).filter(|_| random.uniform() < 0.5).count() as u64;
        sample_ratio::test(&[first, 1000 - first], &[0.5, 0.5]).unwrap().p < 0.05
    });
    often("granger", 400, 0.05, 0.01, |random| {
        let (x, y) = (normals(random, 100), normals(random, 100));
        granger::test(&x, &y, 2).unwrap().p < 0.05
    });
    // An exact test of counts errs at most as often: by how much less is the distribution's own step at the level.
    let step = (0..=200)
        .map(|hits| (binomial::at_least(hits, 200, 0.2), binomial::mass(hits, 200, 0.2)))
        .filter(|(p, _)| *p < 0.05)
        .map(|(_, mass)| mass)
        .sum::<f64>();
    assert!(step > 0.03 && step < 0.05);
    often("heaping", 1000, step, 0.0, |random| {
        let minutes: Vec<i64> = (0..200).map(|_| random.below(60) as i64).collect();
        heaping(&minutes, 5, LEVEL).unwrap().p_value < 0.05
    });
    // Of twelve months none should be called a spike in nineteen years of twenty.
    let mut random = Random::seeded(71);
    let years = 400;
    let alarms = (0..years)
        .filter(|_| {
            let mut months = [Period { count: 0, exposure: 1.0 }; 12];
            for _ in 0..240 {
                months[random.below(12)].count += 1;
            }
            poisson_spikes(&months).unwrap().iter().any(|s| s.adjusted < 0.05)
        })
        .count();
    assert!((1..=37).contains(&alarms), "{alarms} of {years}");
}
