//! Customer value against lifetimes and the papers of Fader and Hardie.

use kepi_stats::estimate::{Level, NotComputable};
use kepi_stats::value::bg_nbd::{BgNbd, Parameters, Variant, log_likelihood};
use kepi_stats::value::gamma_gamma::{GammaGamma, Spend};
use kepi_stats::value::lifetime::{Ahead, Buyer, Contract, of_buyers, of_contracts};
use kepi_stats::value::pareto_nbd::ParetoNbd;
use kepi_stats::value::shifted_beta_geometric::ShiftedBetaGeometric;
use kepi_stats::value::{History, discounted_purchases};

use crate::support::{CLOSED, Check, OPTIMISED, Oracle, Random, Table};

/// Berry and Linoff (2004), as in Fader and Hardie (2007): per cent left after 0 to 7 renewals.
const HIGH_END: [f64; 8] = [100.0, 86.9, 74.3, 65.3, 59.3, 55.1, 51.7, 49.1];
const REGULAR: [f64; 8] = [100.0, 63.1, 46.8, 38.2, 32.6, 28.9, 26.2, 24.1];

/// lifetimes stops its search after about six digits.
const LIFETIMES: f64 = 1e-5;

fn histories(table: &Table) -> Vec<History> {
    table
        .numbers("frequency")
        .iter()
        .zip(table.numbers("recency").iter().zip(table.numbers("T")))
        .map(|(&x, (&last, age))| History { repeats: x as u32, last, age })
        .collect()
}

pub fn values(check: &mut Check) {
    let oracle = Oracle::open("02_clv");
    for (name, data) in [("high_end", HIGH_END), ("regular", REGULAR)] {
        let survivors: Vec<f64> = data.iter().map(|v| 10.0 * v).collect();
        let fit = ShiftedBetaGeometric::fit(&survivors).unwrap();
        // The oracle minimises without a gradient, so its arguments are good to about half the digits.
        check.at(&oracle, &format!("/sbg_{name}_T7/alpha"), fit.alpha, 1e-7);
        check.at(&oracle, &format!("/sbg_{name}_T7/beta"), fit.beta, 1e-7);
        check.at(&oracle, &format!("/sbg_{name}_T7/ll"), fit.log_likelihood, CLOSED);
        let curve: Vec<f64> = (0..13).map(|t| fit.survival(t)).collect();
        check.all_at(&oracle, &format!("/sbg_{name}_T7/S"), &curve, 1e-7);
        // Survival is the running product of retention; the discounted sum agrees with the plain one.
        let direct: f64 = (1..3000).map(|k| fit.survival(k) / 1.1_f64.powi(k as i32 - 1)).sum();
        check.close("residual lifetime", fit.residual_lifetime(1, 0.1).unwrap(), direct, CLOSED);
    }
    check.equal(
        "nobody leaves",
        ShiftedBetaGeometric::fit(&[9.0; 5]).unwrap_err(),
        NotComputable::NoVariation,
    );
    check.equal("growth", ShiftedBetaGeometric::fit(&[9.0, 8.0, 8.5]).is_err(), true);

    // The published example of a single customer under the published parameters.
    let published = Parameters { r: 0.243, alpha: 4.414, a: 0.793, b: 2.426 };
    let customer = History { repeats: 2, last: 30.43, age: 38.86 };
    if let Some(table) = check.published("cdnow_summary_39wk.csv") {
        cdnow(check, &oracle, &histories(&table), &published, &customer);
    }
    if let Some(table) = check.published("cdnow_summary_monetary.csv") {
        spend(check, &oracle, &table);
    }
    let broken = vec![History { repeats: 1, last: 5.0, age: 4.0 }; 10];
    check.equal("last after now", BgNbd::fit(&broken, Variant::Original).is_err(), true);
    let silent = vec![History { repeats: 0, last: 0.0, age: 4.0 }; 10];
    check.equal(
        "nobody returned",
        BgNbd::fit(&silent, Variant::Original).unwrap_err(),
        NotComputable::NoVariation,
    );
    check.equal(
        "three customers",
        ParetoNbd::fit(&silent[..3]).unwrap_err(),
        NotComputable::TooFew { n: 3, need: 5 },
    );
}

fn cdnow(check: &mut Check, oracle: &Oracle, data: &[History], published: &Parameters, customer: &History) {
    let more = Oracle::open("16_more");
    let at = log_likelihood(data, published, Variant::Original);
    check.at(&more, "/bgnbd_ll_at_published", at, CLOSED);
    let fit = BgNbd::fit(data, Variant::Original).unwrap();
    let p = fit.parameters;
    for (name, value) in [("r", p.r), ("alpha", p.alpha), ("a", p.a), ("b", p.b)] {
        check.at(oracle, &format!("/bgnbd_cdnow/{name}"), value, OPTIMISED);
    }
    check.at(&more, "/bgnbd_ll_at_mle", fit.log_likelihood, CLOSED);
    // At the oracle's own parameters the closed forms agree to all digits.
    let theirs = BgNbd {
        parameters: Parameters {
            r: oracle.number("/bgnbd_cdnow/r"),
            alpha: oracle.number("/bgnbd_cdnow/alpha"),
            a: oracle.number("/bgnbd_cdnow/a"),
            b: oracle.number("/bgnbd_cdnow/b"),
        },
        ..fit.clone()
    };
    let expected = theirs.expected(customer, 39.0).unwrap();
    check.at(oracle, "/bgnbd_cdnow/E_X_t39_x2_tx30.43_T38.86", expected, CLOSED);
    check.at(&more, "/bgnbd_cond_39_2_30.43_38.86", expected, CLOSED);
    check.says("value", &format!("r {:.4}, α {:.4}, a {:.4}, b {:.4}", p.r, p.alpha, p.a, p.b));
    let alive = fit.alive(customer);
    check.says(
        "value",
        &format!("probability {alive:.3} and will buy {expected:.2} times in the next 39 weeks"),
    );
    check.at(oracle, "/bgnbd_cdnow/p_alive_x2_30.43_38.86", theirs.alive(customer), CLOSED);
    check.at(oracle, "/bgnbd_cdnow/E_X_0_39", theirs.expected_new(39.0).unwrap(), CLOSED);
    check.at(&more, "/bgnbd_ll_at_mle", log_likelihood(data, &theirs.parameters, Variant::Original), CLOSED);
    check.equal(
        "the fit is the better maximum",
        fit.log_likelihood >= more.number("/bgnbd_ll_at_mle") - 1e-9,
        true,
    );
    let estimates = fit.estimates(Level::NINETY_FIVE);
    check.equal(
        "intervals hold their points",
        estimates.iter().all(|e| e.interval.as_ref().is_ok_and(|i| i.low < e.point && e.point < i.high)),
        true,
    );

    let modified = BgNbd::fit(data, Variant::Modified).unwrap().parameters;
    for (name, value) in [("r", modified.r), ("alpha", modified.alpha), ("a", modified.a), ("b", modified.b)]
    {
        check.at(oracle, &format!("/mbgnbd_cdnow/{name}"), value, LIFETIMES);
    }

    let pareto = ParetoNbd::fit(data).unwrap();
    let p = pareto.parameters;
    // The oracle's search stops early: its likelihood is below ours, its parameters within half a per mille.
    for (name, value) in [("r", p.r), ("alpha", p.alpha), ("s", p.s), ("beta", p.beta)] {
        check.at(oracle, &format!("/paretonbd_cdnow/{name}"), value, 5e-4);
    }
    // Fader and Hardie (2005), as published with the note on its implementation: LL = −9595.0.
    check.within("published likelihood", pareto.log_likelihood, -9595.0, 0.05);
    let theirs = kepi_stats::value::pareto_nbd::Parameters {
        r: oracle.number("/paretonbd_cdnow/r"),
        alpha: oracle.number("/paretonbd_cdnow/alpha"),
        s: oracle.number("/paretonbd_cdnow/s"),
        beta: oracle.number("/paretonbd_cdnow/beta"),
    };
    let at_theirs = kepi_stats::value::pareto_nbd::log_likelihood(data, &theirs);
    check.equal("ours is the better maximum", pareto.log_likelihood >= at_theirs, true);
}

fn spend(check: &mut Check, oracle: &Oracle, table: &Table) {
    let data = histories(table);
    let value = table.numbers("monetary_value");
    let spends: Vec<Spend> = data
        .iter()
        .zip(&value)
        .filter(|(h, _)| h.repeats > 0)
        .map(|(h, v)| Spend { purchases: h.repeats, mean_value: *v })
        .collect();
    let fit = GammaGamma::fit(&spends).unwrap();
    for (name, value) in [("p", fit.p), ("q", fit.q), ("v", fit.v)] {
        check.at(oracle, &format!("/gammagamma_cdnow/{name}"), value, LIFETIMES);
    }
    check.at(oracle, "/gammagamma_cdnow/n", fit.n as f64, CLOSED);
    check.at(oracle, "/corr_freq_monetary", fit.correlation, CLOSED);
    let theirs = GammaGamma {
        p: oracle.number("/gammagamma_cdnow/p"),
        q: oracle.number("/gammagamma_cdnow/q"),
        v: oracle.number("/gammagamma_cdnow/v"),
        ..fit
    };
    check.at(oracle, "/gammagamma_cdnow/pop_mean=vp~1(q-1)", theirs.population_mean().unwrap(), CLOSED);
    let original = BgNbd::fit(&data, Variant::Original).unwrap();
    let p = original.parameters;
    for (name, value) in [("r", p.r), ("alpha", p.alpha), ("a", p.a), ("b", p.b)] {
        check.at(oracle, &format!("/bgnbd_cdnow_monetary_set/{name}"), value, LIFETIMES);
    }
    let at = |name: &str| oracle.number(&format!("/bgnbd_cdnow_monetary_set/{name}"));
    let purchases = BgNbd {
        parameters: Parameters { r: at("r"), alpha: at("alpha"), a: at("a"), b: at("b") },
        ..original
    };
    for i in 0..5 {
        let own = (data[i].repeats > 0).then_some(Spend { purchases: data[i].repeats, mean_value: value[i] });
        let worth = theirs.expected_value(own.as_ref()).unwrap();
        check.at(oracle, &format!("/gammagamma_cdnow/cond_exp_avg_profit_first5/{i}"), worth, CLOSED);
        // Twelve months of 4.345 weeks.
        let discounted = discounted_purchases(|t| purchases.expected(&data[i], t), 12, 4.345, 0.01).unwrap();
        check.at(oracle, &format!("/clv_12mo_d0.01_first5/{i}"), worth * discounted, CLOSED);
    }
    // The base as a whole is the sum of its customers.
    let buyers: Vec<Buyer> = data
        .iter()
        .zip(&value)
        .map(|(h, v)| Buyer { history: *h, spent: v * f64::from(h.repeats) })
        .collect();
    let ahead = Ahead { periods: 12, length: 4.345, discount: 0.01 };
    let whole = of_buyers(&buyers, ahead).unwrap();
    let fitted = BgNbd::fit(&data, Variant::Original).unwrap();
    let money = GammaGamma::fit(&spends).unwrap();
    let one_by_one: f64 = buyers
        .iter()
        .zip(&value)
        .map(|(buyer, v)| {
            let h = &buyer.history;
            let own = (h.repeats > 0).then_some(Spend { purchases: h.repeats, mean_value: *v });
            let discounted = discounted_purchases(|t| fitted.expected(h, t), 12, 4.345, 0.01).unwrap();
            discounted * money.expected_value(own.as_ref()).unwrap()
        })
        .sum();
    check.close("worth of the base", whole.total, one_by_one, 1e-9);
    let mean = whole.mean(Level::NINETY_FIVE).unwrap();
    let interval = mean.interval.clone().unwrap();
    check.says(
        "value",
        &format!(
            "twelve months ahead at 1 % a month: {:.2} a customer, {:.2} to {:.2}",
            mean.point, interval.low, interval.high
        ),
    );
}

/// Customers made from known parameters, watched for `age`.
fn simulated(random: &mut Random, truth: &Parameters, age: f64, n: usize) -> Vec<History> {
    let gamma =
        |random: &mut Random, shape: f64| kepi_stats::distribution::gamma::quantile(random.uniform(), shape);
    let one = |_| {
        let rate = gamma(random, truth.r) / truth.alpha;
        let (x, y) = (gamma(random, truth.a), gamma(random, truth.b));
        let leave = x / (x + y);
        let (mut repeats, mut last, mut now) = (0, 0.0, 0.0);
        loop {
            now -= random.uniform().ln() / rate;
            if now > age {
                break;
            }
            repeats += 1;
            last = now;
            if random.uniform() < leave {
                break;
            }
        }
        History { repeats, last, age }
    };
    (0..n).map(one).collect()
}

/// What a base is worth under the parameters it was made from lies within the interval as often as is promised: the interval is of
/// the expectation, so the truth is that of the same customers.
#[test]
fn the_worth_of_a_customer_base_is_covered_as_promised() {
    let mut random = Random::seeded(1907);
    let truth = Parameters { r: 0.8, alpha: 6.0, a: 1.2, b: 3.0 };
    let (p, q, v) = (6.0, 4.0, 15.0);
    let ahead = Ahead { periods: 12, length: 4.345, discount: 0.01 };
    let gamma =
        |random: &mut Random, shape: f64| kepi_stats::distribution::gamma::quantile(random.uniform(), shape);
    let (mut covered, mut made) = (0, 0);
    for _ in 0..80 {
        let histories = simulated(&mut random, &truth, 52.0, 300);
        let buyers: Vec<Buyer> = histories
            .iter()
            .map(|history| {
                let rate = gamma(&mut random, q) / v;
                let spent = (0..history.repeats).map(|_| gamma(&mut random, p) / rate).sum();
                Buyer { history: *history, spent }
            })
            .collect();
        let Ok(worth) = of_buyers(&buyers, ahead) else { continue };
        let fit = BgNbd::fit(&histories, Variant::Original).unwrap();
        let model = BgNbd { parameters: truth, ..fit };
        let money = GammaGamma {
            p,
            q,
            v,
            log_likelihood: 0.0,
            log_covariance: kepi_stats::linear::Matrix::zeros(3, 3),
            correlation: 0.0,
            n: 0,
        };
        let want: f64 = buyers
            .iter()
            .map(|buyer| {
                let purchases = buyer.history.repeats;
                let own = (purchases > 0)
                    .then(|| Spend { purchases, mean_value: buyer.spent / f64::from(purchases) });
                let expected =
                    discounted_purchases(|t| model.expected(&buyer.history, t), 12, 4.345, 0.01).unwrap();
                expected * money.expected_value(own.as_ref()).unwrap()
            })
            .sum();
        let interval = worth.total(Level::NINETY_FIVE).interval.unwrap();
        made += 1;
        covered += usize::from(interval.low <= want && want <= interval.high);
    }
    assert!(made >= 76, "{made} of 80 have a value");
    // Four standard errors of the simulated share below what is promised.
    let share = covered as f64 / made as f64;
    assert!(share > 0.95 - 4.0 * (0.95_f64 * 0.05 / 80.0).sqrt(), "{covered} of {made}");
}

/// Contracts of several cohorts made from known parameters: the same, and one cohort is what the survivors of it say.
#[test]
fn the_worth_of_contracts_is_covered_as_promised() {
    let mut random = Random::seeded(2007);
    let (alpha, beta) = (0.8, 2.4);
    let gamma =
        |random: &mut Random, shape: f64| kepi_stats::distribution::gamma::quantile(random.uniform(), shape);
    let (mut covered, mut made) = (0, 0);
    for _ in 0..200 {
        let contracts: Vec<Contract> = (0..600)
            .map(|customer| {
                let (x, y) = (gamma(&mut random, alpha), gamma(&mut random, beta));
                let leave = x / (x + y);
                let value = 20.0 + f64::from(customer % 7);
                // Cohorts have had one to eight renewals to decide on.
                let due = 1 + customer % 8;
                let renewals = (0..due).take_while(|_| random.uniform() >= leave).count() as u32;
                Contract { renewals, ended: renewals < due as u32, value }
            })
            .collect();
        let Ok(worth) = of_contracts(&contracts, 0.1) else { continue };
        let fit = ShiftedBetaGeometric::fit(&[10.0, 6.0, 4.0]).unwrap();
        let model = ShiftedBetaGeometric { alpha, beta, ..fit };
        let in_force = contracts.iter().filter(|contract| !contract.ended);
        let want: f64 =
            in_force.map(|c| c.value * model.residual_lifetime(c.renewals + 1, 0.1).unwrap()).sum();
        let interval = worth.total(Level::NINETY_FIVE).interval.unwrap();
        made += 1;
        covered += usize::from(interval.low <= want && want <= interval.high);
    }
    assert!(made >= 195, "{made} of 200 have a value");
    let share = covered as f64 / made as f64;
    assert!(share > 0.95 - 4.0 * (0.95_f64 * 0.05 / 200.0).sqrt(), "{covered} of {made}");

    // Berry and Linoff's high end as rows: those who left after i renewals, and those who are there after seven.
    let survivors: Vec<f64> = HIGH_END.iter().map(|v| (10.0 * v).round()).collect();
    let mut rows = Vec::new();
    for (renewals, pair) in survivors.windows(2).enumerate() {
        let left = Contract { renewals: renewals as u32, ended: true, value: 5.0 };
        rows.extend(std::iter::repeat_n(left, (pair[0] - pair[1]) as usize));
    }
    rows.extend(std::iter::repeat_n(Contract { renewals: 7, ended: false, value: 5.0 }, 491));
    let fit = ShiftedBetaGeometric::fit(&survivors).unwrap();
    let worth = of_contracts(&rows, 0.1).unwrap();
    let want = 491.0 * 5.0 * fit.residual_lifetime(8, 0.1).unwrap();
    assert!((worth.total / want - 1.0).abs() < 1e-12, "{} instead of {want}", worth.total);
    assert_eq!(worth.n, 491);
    // Nobody left, nobody is there, nobody was asked twice.
    let all = |renewals, ended| vec![Contract { renewals, ended, value: 5.0 }; 9];
    assert_eq!(of_contracts(&all(4, false), 0.1).unwrap_err(), NotComputable::NoVariation);
    assert_eq!(of_contracts(&all(4, true), 0.1).unwrap_err(), NotComputable::NoRows);
    let once = [all(0, true), all(1, false)].concat();
    assert_eq!(of_contracts(&once, 0.1).unwrap_err(), NotComputable::TooFew { n: 1, need: 2 });
}

/// Parameters are found again in data made from them.
#[test]
fn simulated_customers_give_back_their_parameters() {
    let mut random = Random::seeded(29);
    let truth = Parameters { r: 0.8, alpha: 6.0, a: 1.2, b: 3.0 };
    let data = simulated(&mut random, &truth, 40.0, 20_000);
    let fit = BgNbd::fit(&data, Variant::Original).unwrap();
    for (estimate, truth) in
        fit.estimates(Level::new(0.999).unwrap()).iter().zip([truth.r, truth.alpha, truth.a, truth.b])
    {
        let i = estimate.interval.as_ref().unwrap();
        assert!(i.low <= truth && truth <= i.high, "{truth} not in {i:?}");
    }
    // The unit of time is of no account.
    let days: Vec<History> =
        data.iter().map(|h| History { last: h.last * 7.0, age: h.age * 7.0, ..*h }).collect();
    let again = BgNbd::fit(&days, Variant::Original).unwrap().parameters;
    assert!((again.alpha / 7.0 / fit.parameters.alpha - 1.0).abs() < 1e-8);
    assert!((again.a / fit.parameters.a - 1.0).abs() < 1e-8);
}

/// Fifty thousand histories in whole days, more than are fitted from nothing: at the maximum no direction rises, and the
/// covariance is the inverse of second differences of the likelihood.
#[test]
fn large_data_have_a_maximum_with_its_curvature() {
    let mut random = Random::seeded(3);
    let data: Vec<History> = (0..50_000)
        .map(|_| {
            let (rate, leave) = (0.02 + 0.1 * random.uniform(), random.uniform() * random.uniform());
            let age = 100.0 + random.below(600) as f64;
            let (mut repeats, mut last) = (0, 0.0);
            loop {
                let next = (last - random.uniform().ln() / rate).ceil();
                if next > age {
                    return History { repeats, last, age };
                }
                repeats += 1;
                last = next;
                if random.uniform() < leave {
                    return History { repeats, last, age };
                }
            }
        })
        .collect();
    let fit = BgNbd::fit(&data, Variant::Original).unwrap();
    let p = fit.parameters;
    let at = |moves: [f64; 4]| {
        let [r, alpha, a, b] = moves.map(f64::exp);
        let moved = Parameters { r: p.r * r, alpha: p.alpha * alpha, a: p.a * a, b: p.b * b };
        log_likelihood(&data, &moved, Variant::Original)
    };
    let top = at([0.0; 4]);
    assert!((top - fit.log_likelihood).abs() < 1e-10 * top.abs(), "{top} {}", fit.log_likelihood);
    let step = 1e-3;
    let unit = |i: usize, by: f64| -> [f64; 4] { std::array::from_fn(|j| if i == j { by } else { 0.0 }) };
    let mut information = kepi_stats::linear::Matrix::zeros(4, 4);
    for i in 0..4 {
        let (up, down) = (at(unit(i, step)), at(unit(i, -step)));
        // The slope by differences is good to the third derivative times step², far below one standard error.
        let slope = (up - down) / (2.0 * step);
        assert!((slope * fit.log_covariance[(i, i)].sqrt()).abs() < 0.01, "{i}: {slope}");
        for j in 0..=i {
            let corner = |s: f64, t: f64| {
                let (first, second) = (unit(i, s * step), unit(j, t * step));
                at(std::array::from_fn(|k| first[k] + second[k]))
            };
            let second = corner(1.0, 1.0) - corner(1.0, -1.0) - corner(-1.0, 1.0) + corner(-1.0, -1.0);
            information[(i, j)] = -second / (4.0 * step * step);
            information[(j, i)] = information[(i, j)];
        }
    }
    let unity = information.multiply(&fit.log_covariance).unwrap();
    for i in 0..4 {
        for j in 0..4 {
            let want = f64::from(u8::from(i == j));
            assert!((unity[(i, j)] - want).abs() < 2e-3, "{i} {j}: {}", unity[(i, j)]);
        }
    }
}
