//! Shrinkage, pooling, ranks, funnels, index numbers, judgement and reconciliation.

use kepi_stats::estimate::{Level, NotComputable};
use kepi_stats::index_numbers::{Formula, Good, Link, Regime, chain_linked, price_index};
use kepi_stats::judgement::{basis_points, hierarchy, swing};
use kepi_stats::ranking::funnel::{Overdispersion, funnel};
use kepi_stats::ranking::pooling::{Between, Effect, pool};
use kepi_stats::ranking::ranks::rank_intervals;
use kepi_stats::ranking::shrinkage::{BetaBinomial, Count, PositivePart, james_stein};
use kepi_stats::reconciliation::{Tolerance, concordance, reconcile};

use crate::support::{CLOSED, Check, OPTIMISED, Oracle, Random};

const LEVEL: Level = Level::NINETY_FIVE;

/// Colditz et al. (1994): vaccinated with tuberculosis and without, not vaccinated with and without.
const BCG: [[f64; 4]; 13] = [
    [4.0, 119.0, 11.0, 128.0],
    [6.0, 300.0, 29.0, 274.0],
    [3.0, 228.0, 11.0, 209.0],
    [62.0, 13536.0, 248.0, 12619.0],
    [33.0, 5036.0, 47.0, 5761.0],
    [180.0, 1361.0, 372.0, 1079.0],
    [8.0, 2537.0, 10.0, 619.0],
    [505.0, 87886.0, 499.0, 87892.0],
    [29.0, 7470.0, 45.0, 7232.0],
    [17.0, 1699.0, 65.0, 1600.0],
    [186.0, 50448.0, 141.0, 27197.0],
    [5.0, 2493.0, 3.0, 2338.0],
    [27.0, 16886.0, 29.0, 17825.0],
];

pub fn values(check: &mut Check) {
    let r = Oracle::open("15_lavaan_misc");
    let effects: Vec<Effect> = BCG
        .iter()
        .map(|[a, b, c, d]| Effect {
            value: ((a / (a + b)) / (c / (c + d))).ln(),
            variance: 1.0 / a - 1.0 / (a + b) + 1.0 / c - 1.0 / (c + d),
        })
        .collect();
    let pooled = pool(&effects, Between::DerSimonianLaird, LEVEL).unwrap();
    check.at(&r, "/bcg/DL/b", pooled.mean.point, CLOSED);
    check.at(&r, "/bcg/DL/se", pooled.standard_error, CLOSED);
    check.at(&r, "/bcg/DL/tau2", pooled.between, CLOSED);
    check.at(&r, "/bcg/DL/I2", pooled.i_squared, CLOSED);
    check.at(&r, "/bcg/DL/Q", pooled.q, CLOSED);
    let reml = pool(&effects, Between::Reml, LEVEL).unwrap();
    // metafor stops its Fisher scoring at 1e-5.
    check.at(&r, "/bcg/REML/b", reml.mean.point, 1e-5);
    check.at(&r, "/bcg/REML/tau2", reml.between, 1e-4);
    let ranks = rank_intervals(&effects, &pooled, 4000, 1, LEVEL).unwrap();
    check.equal(
        "the same seed, the same ranks",
        rank_intervals(&effects, &pooled, 4000, 1, LEVEL).unwrap(),
        ranks.clone(),
    );
    check.within("ranks average", ranks.iter().map(|r| r.mean).sum::<f64>() / 13.0, 7.0, 1e-9);
    check.within("somebody is first", ranks.iter().map(|r| r.top).sum::<f64>(), 1.0, 1e-9);

    let py = Oracle::open("06_weight_reliab");
    let hits = py.numbers("/james_stein_baseball/hits_of_45");
    let season = py.numbers("/james_stein_baseball/final");
    let y: Vec<f64> = hits.iter().map(|h| h / 45.0).collect();
    let mean = y.iter().sum::<f64>() / 18.0;
    let shrunk = james_stein(&y, mean * (1.0 - mean) / 45.0, PositivePart::Yes).unwrap();
    check.at(&py, "/james_stein_baseball/ybar", shrunk.mean, CLOSED);
    check.at(&py, "/james_stein_baseball/c", shrunk.kept, CLOSED);
    check.all_at(&py, "/james_stein_baseball/js", &shrunk.values, CLOSED);
    let miss = |v: &[f64]| v.iter().zip(&season).map(|(a, b)| (a - b) * (a - b)).sum::<f64>();
    check.at(&py, "/james_stein_baseball/sse_mle", miss(&y), CLOSED);
    check.at(&py, "/james_stein_baseball/sse_js", miss(&shrunk.values), CLOSED);
    let counts: Vec<Count> = hits.iter().map(|h| Count { x: *h as u64, n: 45 }).collect();
    let fit = BetaBinomial::fit(&counts).unwrap();
    // The likelihood is nearly flat in the prior size, and the oracle searched without a gradient.
    check.at(&py, "/betabinom_eb_baseball_mle/a", fit.a, 1e-4);
    check.at(&py, "/betabinom_eb_baseball_mle/b", fit.b, 1e-4);
    check.at(&py, "/betabinom_eb_baseball_mle/prior_mean", fit.mean(), 1e-7);
    check.at(&py, "/betabinom_eb_baseball_mle/nll", -fit.log_likelihood, CLOSED);
    check.at(
        &py,
        "/betabinom_eb_baseball_mle/post_first",
        fit.rate(counts[0], LEVEL).unwrap().point,
        OPTIMISED,
    );
    check.at(
        &py,
        "/betabinom_eb_baseball_mle/post_last",
        fit.rate(counts[17], LEVEL).unwrap().point,
        OPTIMISED,
    );
    let posterior = fit.rate(counts[0], LEVEL).unwrap().interval.unwrap();
    // 1 − 0.95 two-sided around the posterior mean; the binomial interval alone is .27 to .55.
    check.equal("narrower than its own data", posterior.high - posterior.low < 0.07, true);
    check.equal("target is the median", fit.target(counts[0], 400, 0.5).unwrap(), 109);
    let alike = vec![Count { x: 9, n: 30 }; 8];
    check.equal(
        "no scatter, no prior",
        matches!(BetaBinomial::fit(&alike), Err(NotComputable::NoConvergence { .. })),
        true,
    );

    let more = Oracle::open("16_more");
    let units: Vec<Count> = more
        .numbers("/funnel/x")
        .iter()
        .zip(more.numbers("/funnel/n"))
        .map(|(x, n)| Count { x: *x as u64, n: n as u64 })
        .collect();
    let plain = funnel(&units, Overdispersion::None, LEVEL).unwrap();
    check.at(&more, "/funnel/p0", plain.target, CLOSED);
    check.at(&more, "/funnel/phi", plain.phi, CLOSED);
    check.all_at(&more, "/funnel/z", &plain.points.iter().map(|p| p.z).collect::<Vec<_>>(), CLOSED);
    // The oracle rounds the quantile to 1.96; ours is put to the same width before they are compared.
    let rounded = |limit: f64| plain.target + (limit - plain.target) * 1.96 / LEVEL.z();
    let limits = plain.points[0].limits;
    check.all_at(&more, "/funnel/lim95_n120", &[rounded(limits.low), rounded(limits.high)], CLOSED);
    let wide = funnel(&units, Overdispersion::Multiplicative(0.0), LEVEL).unwrap().points[0].limits;
    check.all_at(&more, "/funnel/lim95_n120_od", &[rounded(wide.low), rounded(wide.high)], CLOSED);
    let winsorised = funnel(&units, Overdispersion::Multiplicative(0.1), LEVEL).unwrap();
    check.at(&more, "/funnel/phi_wins10", winsorised.phi, CLOSED);
    let additive = funnel(&units, Overdispersion::Additive, LEVEL).unwrap();
    check.equal(
        "over-dispersed",
        additive.between > 0.0 && additive.points.iter().filter(|p| p.outside).count() < 4,
        true,
    );

    numbers(check);
}

fn numbers(check: &mut Check) {
    let oracle = Oracle::open("14_decomp_misc");
    let good = |p0, p1, q0, q1| Good { price_base: p0, price_now: p1, quantity_base: q0, quantity_now: q1 };
    let goods = [good(1.0, 1.2, 10.0, 9.0), good(2.0, 1.9, 8.0, 9.0), good(3.0, 3.6, 5.0, 4.0)];
    for (name, formula) in [
        ("laspeyres", Formula::Laspeyres),
        ("paasche", Formula::Paasche),
        ("fisher", Formula::Fisher),
        ("tornqvist", Formula::Tornqvist),
    ] {
        check.at(&oracle, &format!("/index/{name}"), price_index(&goods, formula).unwrap(), CLOSED);
    }
    let x: Vec<Vec<f64>> = (0..4).map(|i| oracle.numbers(&format!("/chain_link/x/{i}"))).collect();
    let regimes = [
        Regime { from: 0, weights: oracle.numbers("/chain_link/w_old") },
        Regime { from: 2, weights: oracle.numbers("/chain_link/w_new") },
    ];
    let linked = chain_linked(&x, &regimes, Link::Multiplicative).unwrap();
    check.all_at(&oracle, "/chain_link/naive", &linked.naive, CLOSED);
    check.all_at(&oracle, "/chain_link/chained", &linked.linked, CLOSED);
    check.at(&oracle, "/chain_link/link", linked.links[1], CLOSED);
    let spliced = chain_linked(&x, &regimes, Link::Additive).unwrap();
    check.all_at(&oracle, "/chain_link/additive_splice", &spliced.linked, CLOSED);

    let ahp = hierarchy(3, &[3.0, 5.0, 3.0]).unwrap();
    check.all_at(&oracle, "/ahp_1_3_5/w", &ahp.weights, CLOSED);
    check.at(&oracle, "/ahp_1_3_5/lambda_max", ahp.eigenvalue, CLOSED);
    check.at(&oracle, "/ahp_1_3_5/CI", ahp.consistency_index, CLOSED);
    check.at(&oracle, "/ahp_1_3_5/CR", ahp.consistency_ratio.unwrap(), CLOSED);
    let perfect = hierarchy(3, &[2.0, 6.0, 3.0]).unwrap();
    check.within("consistent judgements", perfect.consistency_index, 0.0, 1e-12);

    let side = |rows: &[(&str, f64)]| rows.iter().map(|(k, v)| ((*k).to_owned(), *v)).collect::<Vec<_>>();
    let found = reconcile(
        &side(&[("a", 100.0), ("b", 50.0), ("c", 7.0)]),
        &side(&[("b", 50.4), ("a", 110.0), ("d", 1.0)]),
        Tolerance::Relative(0.01),
    )
    .unwrap();
    check.equal("agreed", found.agreed, 1);
    check.equal("differs", found.differences[0].key.clone(), "a".to_owned());
    check.equal(
        "unmatched",
        (found.only_left, found.only_right),
        (vec!["c".to_owned()], vec!["d".to_owned()]),
    );
    check.close("net", found.net, 10.4, CLOSED);
    // Lin's coefficient of y = x + 1 on 1…5: 2·2 ⁄ (2 + 2 + 1).
    let x = [1.0, 2.0, 3.0, 4.0, 5.0];
    check.close("shifted", concordance(&x, &x.map(|v| v + 1.0), LEVEL).unwrap().point, 0.8, CLOSED);
    check.close("identical", concordance(&x, &x, LEVEL).unwrap().point, 1.0, CLOSED);
}

/// DerSimonian–Laird intervals cover the mean over units, roughly, with twenty units.
#[test]
fn pooled_intervals_cover_and_shrinkage_wins() {
    let mut random = Random::seeded(31);
    let (mut covered, mut better) = (0, 0);
    for _ in 0..500 {
        let truth: Vec<f64> = (0..20).map(|_| 2.0 + 0.7 * random.normal()).collect();
        let effects: Vec<Effect> = truth
            .iter()
            .map(|t| {
                let variance = 0.2 + random.uniform();
                Effect { value: t + variance.sqrt() * random.normal(), variance }
            })
            .collect();
        let pooled = pool(&effects, Between::DerSimonianLaird, LEVEL).unwrap();
        let i = pooled.mean.interval.unwrap();
        covered += usize::from(i.low <= 2.0 && 2.0 <= i.high);
        let miss = |v: &[f64]| v.iter().zip(&truth).map(|(a, b)| (a - b) * (a - b)).sum::<f64>();
        let raw: Vec<f64> = effects.iter().map(|e| e.value).collect();
        better += usize::from(miss(&pooled.shrunk) < miss(&raw));
    }
    assert!((445..495).contains(&covered), "{covered} of 500");
    assert!(better > 450, "{better} of 500");
}

/// By hand: 100, 60 and 40 points are a half, 30 and 20 %; thirds come to 33.34, 33.33 and 33.33 %.
#[test]
fn swings_and_thirds_sum_to_the_whole() {
    assert_eq!(basis_points(&swing(&[100.0, 60.0, 40.0]).unwrap()).unwrap(), [5_000, 3_000, 2_000]);
    assert_eq!(basis_points(&swing(&[1.0, 1.0, 1.0]).unwrap()).unwrap(), [3_334, 3_333, 3_333]);
    assert!(
        swing(&[0.0, 0.0]).is_err() && swing(&[-1.0, 2.0]).is_err() && basis_points(&[0.5, 0.4]).is_err()
    );
}
