//! Gaming, disclosure control and differential privacy against rddensity, closed forms and brute force.

use kepi_stats::estimate::{Level, NotComputable};
use kepi_stats::gaming::bunching::{BunchingOptions, bunching};
use kepi_stats::gaming::digits::{Conformity, benford, benford_share, heaping};
use kepi_stats::gaming::spikes::{Period, poisson_spikes};
use kepi_stats::gaming::threshold::{Bandwidth, Closure, binomial_window, density_test, reopen_hazard};
use kepi_stats::privacy::anonymity::anonymity;
use kepi_stats::privacy::budget::{
    Ledger, advanced_composition, concentrated_gaussian, concentrated_to_approximate,
};
use kepi_stats::privacy::dominance::{PrimaryRules, Sensitive, dominated, remainder, sensitive, too_close};
use kepi_stats::privacy::noise::{Calibration, DiscreteLaplace, gaussian_deviation, laplace_scale};
use kepi_stats::privacy::suppression::{Additive, Protection};
use kepi_stats::random::Random;
use kepi_stats::survival::Spell;

use crate::support::{CLOSED, Check, OPTIMISED, Oracle};

const LEVEL: Level = Level::NINETY_FIVE;

pub fn values(check: &mut Check) {
    gaming(check);
    disclosure(check);
    privacy(check);
}

fn gaming(check: &mut Check) {
    let oracle = Oracle::open("13_gaming_privacy");
    if let Some(table) = check.published("rddensity_senate.csv") {
        let margin: Vec<f64> = table.numbers("margin").into_iter().filter(|v| v.is_finite()).collect();
        for (name, width) in [("0.5", 0.5), ("1", 1.0), ("2", 2.0), ("5", 5.0), ("10", 10.0)] {
            let window = binomial_window(&margin, 0.0, width).unwrap();
            let got = [window.below as f64, window.above as f64, window.p_value];
            check.all_at(&oracle, &format!("/binom_window_senate/{name}"), &got, CLOSED);
        }
        let at = |path: &str| oracle.number(&format!("/rddensity_senate/{path}"));
        let test = density_test(&margin, 0.0, Bandwidth::Given(at("h/left"), at("h/right"))).unwrap();
        check.close("density below", test.below, at("hat/left"), CLOSED);
        check.close("density above", test.above, at("hat/right"), CLOSED);
        check.close("density z", test.z, at("test/t_jk"), CLOSED);
        check.close("density p", test.p_value, at("test/p_jk"), CLOSED);
        let near = binomial_window(&margin, 0.0, 1.0).unwrap();
        let all = near.below + near.above;
        check.says(
            "gaming",
            &format!("{} of {all} within one point lie below (p = {:.2})", near.below, near.p_value),
        );
        check.says("gaming", &format!("z = −{:.2} (p = {:.2})", -test.z, test.p_value));
        check.close("used below", test.used.0 as f64, at("n/eff_left"), CLOSED);
        check.close("used above", test.used.1 as f64, at("n/eff_right"), CLOSED);
    }
    let powers: Vec<f64> = (1..=1000).map(|n| 2.0_f64.powi(n)).collect();
    let digits = benford(&powers).unwrap();
    let counts: Vec<f64> = digits.counts.iter().map(|c| *c as f64).collect();
    check.all_at(&oracle, "/benford/pow2_1_1000_counts", &counts, CLOSED);
    check.all_at(&oracle, "/benford/p", &(1..=9).map(benford_share).collect::<Vec<_>>(), CLOSED);
    check.at(&oracle, "/benford/chi2", digits.chi_square, CLOSED);
    check.at(&oracle, "/benford/mad", digits.mean_absolute_deviation, CLOSED);
    check.equal("powers conform", digits.conformity, Conformity::Close);
    let scores: Vec<f64> = (0..200).map(|i| f64::from(i % 10 + 1)).collect();
    check.equal("scores cannot", matches!(benford(&scores), Err(NotComputable::Unsupported(_))), true);
    let minutes: Vec<i64> = oracle.numbers("/heaping_whipple5/x").iter().map(|v| *v as i64).collect();
    check.at(&oracle, "/heaping_whipple5/index", heaping(&minutes, 5, LEVEL).unwrap().index, CLOSED);

    // Counts on a parabola with forty cases put into bin 12.
    let mut counts: Vec<u64> = (0..25_i64).map(|i| (500 - (i - 10).pow(2)) as u64).collect();
    counts[12] += 40;
    let found = bunching(&counts, &BunchingOptions { window: (11, 13), degree: 4 }, LEVEL).unwrap();
    check.within("excess", found.excess.point, 40.0, 1e-8);
    check.within("normalised", found.normalised, 40.0 * 3.0 / (499.0 + 496.0 + 491.0), 1e-9);
    let periods: Vec<Period> =
        [4, 6, 5, 21, 5, 3].iter().map(|&count| Period { count, exposure: 7.0 }).collect();
    let spikes = poisson_spikes(&periods).unwrap();
    // scipy.stats.binom.sf(20, 44, 1/6)
    check.close("spike", spikes[3].p_value, 1.741_363_108_630_265_1e-6, CLOSED);
    check.close("expected", spikes[3].expected, 23.0 / 5.0, CLOSED);
    check.equal("others are quiet", spikes.iter().filter(|s| s.adjusted < 0.05).count(), 1);
    let closures: Vec<Closure> = (0..60)
        .map(|i| {
            let near_limit = i < 20;
            let back = if near_limit { i % 2 == 0 } else { i % 10 == 0 };
            let day = 1.0 + f64::from(i % 6);
            Closure { near_limit, reopening: if back { Spell::ended(day) } else { Spell::open(30.0) } }
        })
        .collect();
    let hazard = reopen_hazard(&closures, 7.0, LEVEL).unwrap();
    check.all_close("reopened", &[hazard.near_limit.point, hazard.elsewhere.point], &[0.5, 0.1], CLOSED);
    check.equal("the near ones come back", hazard.p_value < 0.001, true);
}

fn disclosure(check: &mut Check) {
    let more = Oracle::open("16_more");
    let x = more.numbers("/dominance/x");
    check.equal("(1, 75 %)", dominated(&x, 1, 0.75), true);
    check.equal("p = 10 %", too_close(&x, 0.1), false);
    check.at(&more, "/dominance/remainder", remainder(&x), CLOSED);
    check.equal(
        "four are too few",
        sensitive(&x, &PrimaryRules::default()).unwrap(),
        Some(Sensitive::TooFew),
    );
    let large = [80.0, 10.0, 1.0, 1.0, 1.0];
    check.equal("too close", sensitive(&large, &PrimaryRules::default()).unwrap(), Some(Sensitive::TooClose));
    let rows = vec![vec![20.0, 50.0, 10.0], vec![3.0, 19.0, 22.0], vec![17.0, 32.0, 12.0]];
    let table = Additive::table(&rows).unwrap();
    let protection = Protection { below: 3.0, above: 3.0 };
    let pattern = table.suppress(&[3], protection, 1000).unwrap();
    check.equal("pattern", pattern.secondary.clone(), vec![5, 6, 8]);
    check.at(&more, "/complementary_suppression_3x3/best_cost", pattern.cost, CLOSED);
    let range = [pattern.ranges[0].low, pattern.ranges[0].high];
    check.within("range low", range[0], 0.0, 1e-9);
    check.at(&more, "/complementary_suppression_3x3/interval/1", range[1], CLOSED);
    check.equal("it is the cheapest", pattern.cheapest, true);
    let greedy = table.suppress(&[3], protection, 1).unwrap();
    check.equal("cut short it is sound", greedy.cost >= 51.0 && !greedy.cheapest, true);
    let costs: Vec<f64> = pattern.secondary.iter().map(|&i| rows[i / 3][i % 3]).collect();
    check.says("privacy", &format!("({}, {}, {})", costs[0], costs[1], costs[2]));
    check.says("privacy", &format!("between {:.0} and {:.0}", range[0].abs(), range[1]));
    // A cell hidden alone is worked out from its row.
    let alone = table.audit(&[3], 3).unwrap();
    check.all_close("alone", &[alone.low, alone.high], &[3.0, 3.0], CLOSED);

    let oracle = Oracle::open("13_gaming_privacy");
    let inpatients: Vec<(Vec<String>, String)> = [
        ("130**", "<30", "Heart"),
        ("130**", "<30", "Heart"),
        ("130**", "<30", "Viral"),
        ("130**", "<30", "Viral"),
        ("1485*", ">=40", "Cancer"),
        ("1485*", ">=40", "Heart"),
        ("1485*", ">=40", "Viral"),
        ("1485*", ">=40", "Viral"),
        ("130**", "3*", "Cancer"),
        ("130**", "3*", "Cancer"),
        ("130**", "3*", "Cancer"),
        ("130**", "3*", "Cancer"),
    ]
    .iter()
    .map(|(zip, age, dx)| (vec![(*zip).to_owned(), (*age).to_owned(), "*".to_owned()], (*dx).to_owned()))
    .collect();
    let found = anonymity(&inpatients).unwrap();
    check.at(&oracle, "/kanon_machanavajjhala/k", found.k as f64, CLOSED);
    check.at(&oracle, "/kanon_machanavajjhala/distinct_l", found.distinct_l as f64, CLOSED);
    for class in &found.classes {
        let at = format!("/kanon_machanavajjhala/l_by_class/{}", class.key.join("|"));
        check.at(&oracle, &at, class.distinct as f64, CLOSED);
    }
}

fn privacy(check: &mut Check) {
    let oracle = Oracle::open("13_gaming_privacy");
    for epsilon in ["0.1", "0.5", "1.0", "2.0", "5.0"] {
        for delta in ["1e-05", "1e-06"] {
            let sigma = gaussian_deviation(
                1.0,
                epsilon.parse().unwrap(),
                delta.parse().unwrap(),
                Calibration::Analytic,
            );
            // The oracle's root stops at 1e-13 absolute on a function of size δ.
            let at = format!("/gaussian_analytic_BalleWang/eps{epsilon}_d{delta}");
            check.at(&oracle, &at, sigma.unwrap(), OPTIMISED);
        }
    }
    for epsilon in ["0.1", "0.5", "0.9"] {
        let sigma = gaussian_deviation(1.0, epsilon.parse().unwrap(), 1e-5, Calibration::Classic).unwrap();
        check.at(&oracle, &format!("/gaussian_classic/eps{epsilon}_d1e-5"), sigma, CLOSED);
    }
    check.equal("classic at 1", gaussian_deviation(1.0, 1.0, 1e-5, Calibration::Classic).is_err(), true);
    let scale = laplace_scale(1.0, 0.5).unwrap();
    check.at(&oracle, "/laplace/sens1_eps0.5_scale", scale, CLOSED);
    check.at(&oracle, "/laplace/sd", 2.0_f64.sqrt() * scale, CLOSED);
    let noise = DiscreteLaplace::new(1, (1, 2)).unwrap();
    check.at(&oracle, "/geometric_eps0.5/alpha", noise.ratio(), CLOSED);
    check.at(&oracle, "/geometric_eps0.5/var", noise.variance(), CLOSED);
    check.at(&oracle, "/geometric_eps0.5/p0", noise.mass(0), CLOSED);
    check.close("tail", noise.beyond(4), 1.0 - (-4..=4).map(|k| noise.mass(k)).sum::<f64>(), 1e-8);
    check.at(&oracle, "/zcdp/rho0.1_d1e-6_eps", concentrated_to_approximate(0.1, 1e-6).unwrap(), CLOSED);
    check.at(
        &oracle,
        "/zcdp/gaussian_sigma_for_rho0.1_sens1",
        concentrated_gaussian(1.0, 0.1).unwrap(),
        CLOSED,
    );
    check.at(&oracle, "/adv_comp_10x0.1", advanced_composition(10, 0.1, 1e-6).unwrap(), CLOSED);
    let mut ledger = Ledger::new(1_000_000);
    ledger.spend("wave 1", 600_000).unwrap();
    check.equal("over budget", ledger.spend("wave 2", 400_001).is_err(), true);
    check.equal("nothing booked", ledger.left(), 400_000);
}

/// The sampler has the distribution it says, by chi-square over its bulk.
#[test]
fn discrete_laplace_samples_follow_their_masses() {
    let noise = DiscreteLaplace::new(2, (2, 3)).unwrap();
    let mut random = Random::seeded(99);
    let mut counts = [0_u32; 17];
    for _ in 0..40_000 {
        let k = noise.sample(&mut random);
        if (-8..=8).contains(&k) {
            counts[(k + 8) as usize] += 1;
        }
    }
    let chi: f64 = counts
        .iter()
        .enumerate()
        .map(|(i, c)| {
            let expected = 40_000.0 * noise.mass(i as i64 - 8);
            (f64::from(*c) - expected).powi(2) / expected
        })
        .sum();
    assert!(chi < 40.0, "{chi} on 17 cells");
}

/// Every pattern found is sound and no subset of cells is cheaper, on random tables against brute force.
#[test]
fn suppression_equals_brute_force() {
    let mut random = Random::seeded(4);
    for _ in 0..12 {
        let rows: Vec<Vec<f64>> =
            (0..3).map(|_| (0..3).map(|_| 5.0 + random.below(40) as f64).collect()).collect();
        let table = Additive::table(&rows).unwrap();
        let primary = [random.below(9)];
        let protection = Protection { below: 4.0, above: 4.0 };
        let Ok(found) = table.suppress(&primary, protection, 100_000) else { continue };
        let cells = rows.concat();
        let mut cheapest = f64::INFINITY;
        for mask in 0_u32..512 {
            if mask >> primary[0] & 1 == 1 {
                continue;
            }
            let mut hidden = vec![primary[0]];
            hidden.extend((0..9).filter(|i| mask >> i & 1 == 1));
            let range = table.audit(&hidden, primary[0]).unwrap();
            let value = cells[primary[0]];
            if range.low <= (value - 4.0).max(0.0) + 1e-7 && range.high >= value + 4.0 - 1e-7 {
                cheapest = cheapest.min(hidden[1..].iter().map(|&i| cells[i]).sum());
            }
        }
        assert!((found.cost - cheapest).abs() < 1e-9, "{} against {cheapest}", found.cost);
    }
}

/// Under a smooth density the test keeps its level; with a tenth of the cases moved across, it speaks.
#[test]
fn density_test_keeps_its_level_and_has_power() {
    let mut random = Random::seeded(8);
    let (mut null, mut moved) = (0, 0);
    for _ in 0..200 {
        let mut values: Vec<f64> = (0..1500).map(|_| random.normal() * 10.0 + 3.0).collect();
        null += usize::from(density_test(&values, 0.0, Bandwidth::NormalReference).unwrap().p_value < 0.05);
        for v in &mut values {
            if *v > -3.0 && *v < 0.0 && random.uniform() < 0.7 {
                *v = -*v;
            }
        }
        moved += usize::from(density_test(&values, 0.0, Bandwidth::NormalReference).unwrap().p_value < 0.05);
    }
    assert!(null < 24, "{null} of 200 under the null");
    assert!(moved > 190, "{moved} of 200 caught");
}
