//! Splits of a difference against closed forms, R and the published examples.

use kepi_stats::decomposition::importance::{Importance, relative_importance};
use kepi_stats::decomposition::lmdi::lmdi;
use kepi_stats::decomposition::mix_rate::{Interaction, Segment, mix_rate};
use kepi_stats::decomposition::root_cause::{Leaf, RootCauseOptions, root_causes};
use kepi_stats::decomposition::segments::{AdtributorOptions, Element, adtributor, contributions};
use kepi_stats::decomposition::shapley::{airport, driver_tree, product_tree, shapley};
use kepi_stats::decomposition::stratified::{
    Continuity, Stratum, TwoByTwo, Verdict, direct_standardisation, mantel_haenszel, simpsons_paradox,
};
use kepi_stats::estimate::{Level, NotComputable};
use proptest::prelude::*;

use crate::support::{CLOSED, Check, Oracle, Random};

/// Bickel, Hammel and O'Connell (1975): men admitted, men refused, women admitted, women refused, by department.
const BERKELEY: [[u64; 4]; 6] = [
    [512, 313, 89, 19],
    [353, 207, 17, 8],
    [120, 205, 202, 391],
    [138, 279, 131, 244],
    [53, 138, 94, 299],
    [22, 351, 24, 317],
];

fn berkeley() -> Vec<TwoByTwo> {
    BERKELEY
        .iter()
        .map(|&[first_yes, first_no, second_yes, second_no]| TwoByTwo {
            first_yes,
            first_no,
            second_yes,
            second_no,
        })
        .collect()
}

fn segments(cells: &[(f64, f64)]) -> Vec<Segment> {
    cells.iter().map(|&(weight, cases)| Segment { weight, rate: cases / weight }).collect()
}

pub fn values(check: &mut Check) {
    let oracle = Oracle::open("14_decomp_misc");
    let r = Oracle::open("11_regression_ts");
    let women: Vec<(f64, f64)> = BERKELEY.iter().map(|d| ((d[2] + d[3]) as f64, d[2] as f64)).collect();
    let men: Vec<(f64, f64)> = BERKELEY.iter().map(|d| ((d[0] + d[1]) as f64, d[0] as f64)).collect();
    let kidney = (segments(&[(270.0, 234.0), (80.0, 55.0)]), segments(&[(87.0, 81.0), (263.0, 192.0)]));
    for (name, before, after) in [
        ("kitagawa_ucb_F_to_M", segments(&women), segments(&men)),
        ("kitagawa_kidney_B_to_A", kidney.0, kidney.1),
    ] {
        let parts = mix_rate(&before, &after, Interaction::Midpoint).unwrap();
        check.at(&oracle, &format!("/{name}/total"), parts.total, CLOSED);
        check.all_at(&oracle, &format!("/{name}/rate"), &parts.rate, CLOSED);
        check.all_at(&oracle, &format!("/{name}/mix"), &parts.mix, CLOSED);
        check.at(&oracle, &format!("/{name}/rate_sum"), parts.rate_total(), CLOSED);
        check.at(&oracle, &format!("/{name}/mix_sum"), parts.mix_total(), CLOSED);
        let three = mix_rate(&before, &after, Interaction::Separate).unwrap();
        let sum = three.rate_total() + three.mix_total() + three.interaction.iter().sum::<f64>();
        check.within("three parts add up", sum, parts.total, 1e-15);
    }
    // A segment that vanished is all mix, and an empty side is a reason.
    let gone = mix_rate(
        &segments(&[(10.0, 5.0), (10.0, 1.0)]),
        &[Segment { weight: 10.0, rate: 0.5 }, Segment { weight: 0.0, rate: f64::NAN }],
        Interaction::Midpoint,
    )
    .unwrap();
    check.all_close("vanished segment", &[gone.rate_total(), gone.mix_total()], &[0.0, 0.2], 1e-15);
    check.equal(
        "empty side",
        mix_rate(
            &[Segment { weight: 0.0, rate: 1.0 }],
            &[Segment { weight: 1.0, rate: 1.0 }],
            Interaction::Midpoint,
        ),
        Err(NotComputable::ZeroDenominator),
    );

    let mh = mantel_haenszel(&berkeley(), Continuity::Half, Level::NINETY_FIVE).unwrap();
    let share = |of: &[(f64, f64)]| of.iter().map(|c| c.1).sum::<f64>() / of.iter().map(|c| c.0).sum::<f64>();
    let gap = mix_rate(&segments(&women), &segments(&men), Interaction::Midpoint).unwrap();
    check.says(
        "decomposition",
        &format!("{:.1} % of men and {:.1} % of women", 100.0 * share(&men), 100.0 * share(&women)),
    );
    check.says("decomposition", &format!("a gap of {:.1} points", 100.0 * gap.total));
    check.says("decomposition", &format!("−{:.1} points and the mix", -100.0 * gap.rate_total()));
    check.says("decomposition", &format!("for +{:.1}:", 100.0 * gap.mix_total()));
    let range = mh.odds_ratio.interval.clone().unwrap();
    let odds = mh.odds_ratio.point;
    check.says("decomposition", &format!("odds ratio is {odds:.3} ({:.3} to {:.3})", range.low, range.high));
    // R counts refusals of women as the first cell's partner: its ratio is that of admission, women as the first group.
    check.at(&r, "/ucb/mh/estimate.common odds ratio", mh.odds_ratio.point, CLOSED);
    check.at(&r, "/ucb/mh/statistic.Mantel-Haenszel X-squared", mh.chi_square, CLOSED);
    check.at(&r, "/ucb/mh/p.value", mh.p_value, CLOSED);
    let rate = |cells: &[(f64, f64)]| {
        cells.iter().map(|cell| cell.1).sum::<f64>() / cells.iter().map(|cell| cell.0).sum::<f64>()
    };
    check.at(&r, "/ucb/agg/Male", rate(&men), CLOSED);
    check.at(&r, "/ucb/agg/Female", rate(&women), CLOSED);
    let interval = mh.odds_ratio.interval.unwrap();
    // R mantelhaen.test(UCBAdmissions)$conf.int
    check.all_close("R interval", &[interval.low, interval.high], &[0.771_907_4, 1.060_329_8], 1e-6);
    let paradox = simpsons_paradox(&berkeley()).unwrap();
    check.equal("Berkeley is a paradox", paradox.verdict, Verdict::Reversed);
    check.equal("departments that favour women", paradox.reversed, 4);
    check.at(&oracle, "/kitagawa_ucb_F_to_M/total", paradox.crude, CLOSED);
    let kidney = [
        TwoByTwo { first_yes: 81, first_no: 6, second_yes: 234, second_no: 36 },
        TwoByTwo { first_yes: 192, first_no: 71, second_yes: 55, second_no: 25 },
    ];
    check.equal("kidney stones", simpsons_paradox(&kidney).unwrap().verdict, Verdict::ReversedEverywhere);
    check.at(&oracle, "/kitagawa_kidney_B_to_A/total", simpsons_paradox(&kidney).unwrap().crude, CLOSED);
    for (at, cases, n) in [("A_small", 81, 87), ("B_large", 55, 80), ("A", 273, 350)] {
        let own = [Stratum { cases, n, standard: 1.0 }];
        let rate = direct_standardisation(&own, Level::NINETY_FIVE).unwrap();
        check.at(&oracle, &format!("/kidney/{at}"), rate.point, CLOSED);
    }
    // Treatment A with everybody's mix of small (357) and large (343) stones.
    let standard =
        [Stratum { cases: 81, n: 87, standard: 357.0 }, Stratum { cases: 192, n: 263, standard: 343.0 }];
    check.close(
        "kidney A standardised",
        direct_standardisation(&standard, Level::NINETY_FIVE).unwrap().point,
        (357.0 * 81.0 / 87.0 + 343.0 * 192.0 / 263.0) / 700.0,
        CLOSED,
    );

    let x0 = vec![vec![1000.0, 2.0, 50.0], vec![400.0, 3.0, 80.0]];
    let x1 = vec![vec![1100.0, 1.9, 52.0], vec![380.0, 3.3, 79.0]];
    let split = lmdi(&x0, &x1).unwrap();
    check.at(&oracle, "/lmdi_rev/total", split.total, CLOSED);
    check.all_at(&oracle, "/lmdi_rev/effects", &split.effects, CLOSED);
    for (i, segment) in split.by_segment.iter().enumerate() {
        check.all_at(&oracle, &format!("/lmdi_rev/seg/{i}"), segment, CLOSED);
    }
    check.all_at(&oracle, "/shapley_rev/effects", &product_tree(&x0, &x1).unwrap(), CLOSED);
    check.equal("zero factor", lmdi(&[vec![0.0]], &[vec![1.0]]).is_err(), true);
    let costs: [f64; 4] = [8.0, 11.0, 13.0, 18.0];
    check.all_at(&oracle, "/shapley_airport_8_11_13_18", &airport(&costs).unwrap(), CLOSED);
    let listed = shapley(4, |mask| {
        (0..4).filter(|i| mask >> i & 1 == 1).map(|i| costs[i as usize]).fold(0.0, f64::max)
    });
    check.all_at(&oracle, "/shapley_airport_8_11_13_18", &listed.unwrap(), CLOSED);
    check.equal("too many drivers", matches!(shapley(21, |_| 0.0), Err(NotComputable::Unsupported(_))), true);

    let dimension = |cells: &[(&str, f64, f64)]| -> Vec<Element> {
        cells
            .iter()
            .map(|&(name, forecast, actual)| Element { name: name.to_owned(), forecast, actual })
            .collect()
    };
    let dimensions = vec![
        ("datacenter".to_owned(), dimension(&[("X", 94.0, 47.0), ("Y", 6.0, 3.0)])),
        (
            "advertiser".to_owned(),
            dimension(&[("A1", 50.0, 24.0), ("A2", 20.0, 21.0), ("A3", 20.0, 4.0), ("A4", 10.0, 1.0)]),
        ),
        ("device".to_owned(), dimension(&[("PC", 50.0, 49.0), ("Mobile", 25.0, 1.0), ("Tablet", 25.0, 0.0)])),
    ];
    for (name, elements) in &dimensions {
        for c in contributions(elements).unwrap() {
            check.at(&oracle, &format!("/adtributor_toy/{name}/{}/EP", c.name), c.explanatory_power, CLOSED);
            check.at(&oracle, &format!("/adtributor_toy/{name}/{}/S", c.name), c.surprise, CLOSED);
        }
    }
    let found = adtributor(&dimensions, AdtributorOptions::default()).unwrap();
    check.equal("the paper blames the device", found[0].dimension.clone(), "device".to_owned());
    let names: Vec<&str> = found[0].elements.iter().map(|e| e.name.as_str()).collect();
    check.equal("tablet and mobile", names, vec!["Tablet", "Mobile"]);

    // Five leaves of one element halve, the others wobble by two or three per cent. By hand: the cut is 6/203, the five
    // weigh 2/3 each and move as one, so risk is (10/3)/(10/3 + 1).
    let leaves: Vec<Leaf> = (0..20)
        .map(|i| {
            let forecast = 100.0 + f64::from(i);
            let actual = if i < 5 { 0.5 * forecast } else { forecast * [0.98, 1.0, 1.03][i as usize % 3] };
            Leaf { elements: vec![i / 5, i % 5], forecast, actual }
        })
        .collect();
    let causes = root_causes(&leaves, RootCauseOptions::default()).unwrap();
    check.equal("one root cause", causes.len(), 1);
    check.equal("the element that halved", &causes[0].elements, &vec![(0, 0)]);
    check.close("ripple holds exactly", causes[0].risk, 10.0 / 13.0, 1e-12);
    let change: f64 = leaves.iter().map(|leaf| leaf.actual - leaf.forecast).sum();
    check.close("its share of the change", causes[0].explanatory_power, -255.0 / change, 1e-12);
    let still = |leaf: &Leaf| Leaf { actual: leaf.forecast, ..leaf.clone() };
    let still: Vec<Leaf> = leaves.iter().map(still).collect();
    let none = root_causes(&still, RootCauseOptions::default()).unwrap_err();
    check.equal("nothing moved", none, NotComputable::NoVariation);
    let unclear = RootCauseOptions { risk: f64::NAN, ..RootCauseOptions::default() };
    check.equal("no threshold", root_causes(&leaves, unclear).is_err(), true);
    check.equal("no leaf", root_causes(&[], RootCauseOptions::default()).unwrap_err(), NotComputable::NoRows);

    if let Some(table) = check.published("swiss.csv") {
        let names = ["Agriculture", "Examination", "Education", "Catholic", "Infant.Mortality"];
        let drivers: Vec<Vec<f64>> = names.iter().map(|n| table.numbers(n)).collect();
        let y = table.numbers("Fertility");
        for (path, method) in [("lmg_swiss", Importance::Lmg), ("johnson_swiss", Importance::Johnson)] {
            let shares = relative_importance(&y, &drivers, method).unwrap();
            for (name, share) in names.iter().zip(&shares) {
                check.at(&r, &format!("/{path}/{name}"), *share, CLOSED);
            }
            check.at(&r, "/r2_swiss", shares.iter().sum(), CLOSED);
        }
    }
}

proptest! {
    /// Parts add up and swapping the sides turns every sign.
    #[test]
    fn mix_and_rate_add_up(cells in prop::collection::vec((0.1_f64..1e6, -1e3_f64..1e3, 0.1_f64..1e6, -1e3_f64..1e3), 1..12)) {
        let before: Vec<Segment> = cells.iter().map(|c| Segment { weight: c.0, rate: c.1 }).collect();
        let after: Vec<Segment> = cells.iter().map(|c| Segment { weight: c.2, rate: c.3 }).collect();
        let there = mix_rate(&before, &after, Interaction::Midpoint).unwrap();
        let back = mix_rate(&after, &before, Interaction::Midpoint).unwrap();
        prop_assert!((there.rate_total() + there.mix_total() - there.total).abs() < 1e-9);
        prop_assert!((there.rate_total() + back.rate_total()).abs() < 1e-9);
    }

    /// Efficiency and the dummy axiom.
    #[test]
    fn shapley_values_add_up(old in prop::collection::vec(-10.0_f64..10.0, 5), new in prop::collection::vec(-10.0_f64..10.0, 5)) {
        let f = |x: &[f64]| x[0] * x[1] + x[2] / (1.0 + x[3] * x[3]);
        let effects = driver_tree(&old, &new, f).unwrap();
        prop_assert!((effects.iter().sum::<f64>() - (f(&new) - f(&old))).abs() < 1e-9);
        prop_assert_eq!(effects[4], 0.0);
    }
}

#[test]
fn planted_root_causes_are_found_and_noise_is_not_accused() {
    let mut random = Random::seeded(53);
    let (mut one, mut pair, mut two, mut accused, rounds) = (0, 0, 0, 0, 60);
    for round in 0..rounds {
        let mut leaves = |causes: &[(&[(usize, u32)], f64)]| -> Vec<Leaf> {
            let mut leaves = Vec::new();
            for (a, b, c) in (0..8_u32).flat_map(|a| (0..5).flat_map(move |b| (0..6).map(move |c| (a, b, c))))
            {
                let elements = vec![a, b, c];
                let forecast = 100.0 * (0.8 * random.normal()).exp();
                let mut actual = forecast * (1.0 + 0.03 * random.normal());
                for (cause, factor) in causes {
                    if cause.iter().all(|(dimension, element)| elements[*dimension] == *element) {
                        actual *= factor;
                    }
                }
                leaves.push(Leaf { elements, forecast, actual });
            }
            leaves
        };
        let found = |leaves: &[Leaf]| -> Vec<Vec<(usize, u32)>> {
            let causes = root_causes(leaves, RootCauseOptions::default()).unwrap();
            let mut causes: Vec<Vec<(usize, u32)>> = causes.into_iter().map(|cause| cause.elements).collect();
            causes.sort();
            causes
        };
        let element = round % 5;
        one += usize::from(found(&leaves(&[(&[(1, element)], 0.6)])) == vec![vec![(1, element)]]);
        let cause = [(0, element), (2, 3)];
        pair += usize::from(found(&leaves(&[(&cause, 0.4)])) == vec![cause.to_vec()]);
        let both = found(&leaves(&[(&[(0, 2)], 0.7), (&[(1, element), (2, 1)], 0.4)]));
        two += usize::from(both == vec![vec![(0, 2)], vec![(1, element), (2, 1)]]);
        accused += usize::from(!found(&leaves(&[])).is_empty());
    }
    assert!(one >= 57 && pair >= 57 && two >= 50 && accused <= 3, "{one} {pair} {two} {accused} of {rounds}");
}
