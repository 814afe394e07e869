//! Experiments against GrowthBook's formulas, statsmodels, csdid, R and pysyncon.

use std::collections::BTreeMap;

use kepi_stats::estimate::{Level, NotComputable};
use kepi_stats::experiment::compare::{self, Arm, Effect, Looks};
use kepi_stats::experiment::cuped::{self, Measured, Slope};
use kepi_stats::experiment::difference_in_differences::{self, Observation};
use kepi_stats::experiment::interrupted::{self, Change};
use kepi_stats::experiment::power::{self, ProportionPower};
use kepi_stats::experiment::staggered::{self, Panel};
use kepi_stats::experiment::{sample_ratio, synthetic};

use crate::support::{CLOSED, Check, OPTIMISED, Oracle, Random, Table};

const LEVEL: Level = Level::NINETY_FIVE;

pub fn values(check: &mut Check) {
    comparisons(check);
    panels(check);
    basque(check, &Table::own("basque.csv"));
    if let Some(table) = check.published("seatbelts.csv") {
        let oracle = Oracle::open("11_regression_ts");
        let law = table.numbers("law");
        let start = law.iter().position(|law| *law > 0.0).unwrap();
        let killed: Vec<f64> = table.numbers("DriversKilled").iter().map(|k| k.ln()).collect();
        let fit = interrupted::fit(&killed, start, 12, Change::Level, 12, LEVEL).unwrap();
        check.at(&oracle, "/its_seatbelts/level", fit.level_change.point, CLOSED);
        check.at(&oracle, "/its_seatbelts/se_ols", fit.naive_error, CLOSED);
        check.at(&oracle, "/its_seatbelts/se_nw12", fit.standard_error, CLOSED);
    }
}

fn comparisons(check: &mut Check) {
    let oracle = Oracle::open("12_experiment_causal");
    let mut compared = |at: &str, control: Arm, treatment: Arm, effect: Effect, looks: Looks| {
        let result = compare::compare(control, treatment, effect, looks, LEVEL).unwrap();
        let interval = result.effect.interval.unwrap();
        check.at(&oracle, &format!("/{at}/d"), result.effect.point, CLOSED);
        check.all_at(&oracle, &format!("/{at}/ci"), &[interval.low, interval.high], CLOSED);
        check.at(&oracle, &format!("/{at}/se"), result.standard_error, CLOSED);
        check.at(&oracle, &format!("/{at}/p"), result.p, 1e-8);
    };
    let control = Arm::of_sums(3407, 1396.87, 52377.9767).unwrap();
    let treatment = Arm::of_sums(3461, 2422.7, 134698.29).unwrap();
    compared("gb_abs", control, treatment, Effect::Absolute, Looks::Once);
    compared("gb_rel", control, treatment, Effect::Relative, Looks::Once);
    let found = |effect| compare::compare(control, treatment, effect, Looks::Once, LEVEL).unwrap();
    let (absolute, relative) = (found(Effect::Absolute), found(Effect::Relative));
    let ends = |of: &compare::Comparison| of.effect.interval.clone().map(|i| (i.low, i.high)).unwrap();
    let (low, high) = ends(&absolute);
    let effect = absolute.effect.point;
    let words = format!("Difference {effect:.2}, 95 % interval {low:.3} to {high:.3}, p = {:.3}", absolute.p);
    let (low, high) = ends(&relative);
    let lift =
        format!("+{:.0} %, −{:.0} % to +{:.0} %", 100.0 * relative.effect.point, -100.0 * low, 100.0 * high);
    let fewer = Arm::of_sums(3000, 1396.87, 52377.9767).unwrap();
    let tuned = |tuned_at| Looks::Always { tuned_at };
    compared("gb_seq_rel_tuning1000", fewer, treatment, Effect::Relative, tuned(1000.0));
    let proportion = |x, n| Arm::of_conversions(x, n).unwrap();
    let (control, treatment) = (proportion(1396, 3000), proportion(2422, 3461));
    compared("gb_seq_prop_tuning5000", control, treatment, Effect::Relative, tuned(5000.0));
    compared(
        "gb_binom_rel_14_28_16_30",
        proportion(14, 28),
        proportion(16, 30),
        Effect::Relative,
        Looks::Once,
    );
    let (ratio, p) = compare::mixture_ratio(0.02, 0.00005, 0.0004).unwrap();
    check.at(&oracle, "/msprt_example/lambda", ratio, CLOSED);
    check.at(&oracle, "/msprt_example/p", p, CLOSED);
    check.says("experiments", &words);
    check.says("experiments", &lift);

    let table = Table::own("cuped_synth.csv");
    let (arm, pre, post) = (table.numbers("arm"), table.numbers("pre"), table.numbers("post"));
    let pick = |values: &[f64], wanted: f64| -> Vec<f64> {
        values.iter().zip(&arm).filter(|(_, arm)| **arm == wanted).map(|(value, _)| *value).collect()
    };
    let (x0, y0, x1, y1) = (pick(&pre, 0.0), pick(&post, 0.0), pick(&pre, 1.0), pick(&post, 1.0));
    let control = Measured { before: &x0, outcome: &y0 };
    let treatment = Measured { before: &x1, outcome: &y1 };
    let adjusted = cuped::adjusted(control, treatment, Slope::Pooled, Effect::Absolute, LEVEL).unwrap();
    check.at(&oracle, "/cuped/theta_total", adjusted.slope, CLOSED);
    check.at(&oracle, "/cuped/diff_cuped", adjusted.comparison.effect.point, CLOSED);
    check.at(&oracle, "/cuped/t_cuped", adjusted.comparison.t, CLOSED);
    check.at(&oracle, "/cuped/var_reduction", adjusted.variance_removed, CLOSED);
    let within = cuped::adjusted(control, treatment, Slope::Within, Effect::Absolute, LEVEL).unwrap();
    check.at(&oracle, "/cuped/theta_within", within.slope, CLOSED);
    let raw = compare::compare(
        Arm::of_values(&y0).unwrap(),
        Arm::of_values(&y1).unwrap(),
        Effect::Absolute,
        Looks::Once,
        LEVEL,
    )
    .unwrap();
    check.at(&oracle, "/cuped/diff_raw", raw.effect.point, CLOSED);
    check.at(&oracle, "/cuped/t_raw", raw.t, CLOSED);

    let oracle = Oracle::open("01_proportions");
    let arm = |at: &str| Arm::of_values(&oracle.numbers(at)).unwrap();
    let welch =
        compare::compare(arm("/welch_A/b"), arm("/welch_A/a"), Effect::Absolute, Looks::Once, LEVEL).unwrap();
    check.at(&oracle, "/welch_A/t", welch.t, CLOSED);
    check.at(&oracle, "/welch_A/df", welch.degrees, CLOSED);
    check.at(&oracle, "/welch_A/p", welch.p, CLOSED);
    for (a, b) in [(821588, 815482), (50000, 50500), (10000, 10400)] {
        let split = sample_ratio::test(&[a, b], &[1.0, 1.0]).unwrap();
        check.all_at(&oracle, &format!("/srm_{a}_{b}"), &[split.chi_square, split.p], CLOSED);
    }
    for (name, how) in [
        ("arcsine", ProportionPower::Arcsine),
        ("unpooled", ProportionPower::Unpooled),
        ("pooled", ProportionPower::Pooled),
    ] {
        let n = power::size_for_proportions(0.10, 0.12, 0.8, how, LEVEL).unwrap();
        // The oracle solves for both tails of the arcsine test; the closed form leaves out the far one (10⁻⁶).
        let relative = if name == "arcsine" { 1e-5 } else { CLOSED };
        check.at(&oracle, &format!("/power_prop_10_to_12_n_{name}"), n, relative);
    }
    // The oracle's non-central t is good to about nine digits.
    check.at(&oracle, "/power_t_d0.5", power::size_for_means(0.5, 0.8, LEVEL).unwrap(), 1e-8);
}

fn panels(check: &mut Check) {
    // Card and Krueger 1994, published cell means: four cells of two stores each keep the means.
    let cells = [(true, false, 20.44), (true, true, 21.03), (false, false, 23.33), (false, true, 21.17)];
    let mut observations = Vec::new();
    for (treated, after, mean) in cells {
        for (store, offset) in [(0, -1.0), (1, 0.0), (2, 1.0)] {
            let unit = store + if treated { 10 } else { 0 };
            observations.push(Observation { unit, treated, after, outcome: mean + offset });
        }
    }
    let did = difference_in_differences::two_by_two(&observations, LEVEL).unwrap();
    let oracle = Oracle::open("12_experiment_causal");
    check.at(&oracle, "/did_card_krueger_from_means/did", did.effect.point, CLOSED);
    let table = Table::own("mpdta.csv");
    let oracle = Oracle::open("18_did");
    let years = [2003, 2004, 2005, 2006, 2007];
    let (county, first) = (table.numbers("county"), table.numbers("first_treated"));
    // The log of the number of employed teenagers, a county a row.
    let by_year =
        years.map(|year| table.numbers(&year.to_string()).iter().map(|n| n.ln()).collect::<Vec<f64>>());
    let panel = Panel {
        periods: years.to_vec(),
        first_treated: first.iter().map(|year| (*year > 0.0).then_some(*year as i32)).collect(),
        outcomes: (0..county.len()).map(|i| by_year.iter().map(|year| year[i]).collect()).collect(),
    };
    let rollout = staggered::group_time_effects(&panel, LEVEL).unwrap();
    for effect in &rollout.group_time {
        let at = format!("/cs_att_gt_uncond/{},{}", effect.group, effect.time);
        check.at(&oracle, &format!("{at}/att"), effect.effect.point, CLOSED);
        check.at(&oracle, &format!("{at}/se"), effect.standard_error, CLOSED);
    }
    check.at(&oracle, "/cs_simple", rollout.simple.point, CLOSED);
    for (exposure, effect) in &rollout.by_exposure {
        check.at(&oracle, &format!("/cs_event/{exposure}"), effect.point, CLOSED);
    }
    for (group, effect) in &rollout.by_group {
        check.at(&oracle, &format!("/cs_group/{group}"), effect.point, CLOSED);
    }
    check.at(&oracle, "/cs_group_overall", rollout.overall.point, CLOSED);
    let observations: Vec<Observation> = (0..county.len())
        .filter(|i| first[*i] == 0.0 || first[*i] == 2007.0)
        .flat_map(|i| [(i, 3), (i, 4)])
        .map(|(i, year)| Observation {
            unit: county[i] as usize,
            treated: first[i] == 2007.0,
            after: years[year] == 2007,
            outcome: by_year[year][i],
        })
        .collect();
    let did = difference_in_differences::two_by_two(&observations, LEVEL).unwrap();
    check.at(&oracle, "/did_2x2_2007/att", did.effect.point, CLOSED);
    check.at(&oracle, "/did_2x2_2007/se_cluster", did.standard_error, CLOSED);
    check.at(&oracle, "/did_2x2_2007/se_ols", did.naive_error, CLOSED);
}

fn basque(check: &mut Check, table: &Table) {
    let names = table.text("regionname");
    let years = table.numbers("year");
    let series = |column: &str| -> BTreeMap<String, BTreeMap<i32, f64>> {
        let mut out: BTreeMap<String, BTreeMap<i32, f64>> = BTreeMap::new();
        for ((name, year), value) in names.iter().zip(&years).zip(table.numbers(column)) {
            out.entry(name.clone()).or_default().insert(*year as i32, value);
        }
        out
    };
    let gdp = series("gdpcap");
    let treated_name = "Basque Country (Pais Vasco)";
    let spain = "Spain (Espana)";
    let whole = |name: &str| gdp[name].values().copied().collect::<Vec<f64>>();
    let donors: Vec<&String> = gdp.keys().filter(|name| *name != treated_name && *name != spain).collect();
    let outcomes: Vec<Vec<f64>> = donors.iter().map(|name| whole(name)).collect();
    let control = synthetic::outcome_control(&whole(treated_name), &outcomes, 15).unwrap();
    let oracle = Oracle::open("12_experiment_causal");
    check.at(&oracle, "/synth_basque_outcome_only/pre_rmspe", control.before, OPTIMISED);
    check.at(&oracle, "/synth_basque_outcome_only/post_mean_gap", control.mean_gap, 1e-5);
    for name in ["Baleares (Islas)", "Madrid (Comunidad De)", "Rioja (La)"] {
        let index = donors.iter().position(|donor| *donor == name).unwrap();
        let at = format!("/synth_basque_outcome_only/weights/{name}");
        // The oracle's optimiser stops at about six digits of the weights.
        check.at(&oracle, &at, control.fit.weights[index], 1e-4);
    }
    let placebo = synthetic::placebo(&whole(treated_name), &outcomes, 15).unwrap();
    assert!(placebo.p <= 1.0 && placebo.donors.len() == outcomes.len());

    // Predictors averaged as Abadie and Gardeazabal do, scaled by their spread over all units.
    let mut predictors: Vec<(&str, Vec<i32>)> =
        ["school.illit", "school.prim", "school.med", "school.high", "school.post.high", "invest"]
            .map(|name| (name, (1964..1970).collect()))
            .to_vec();
    predictors.push(("gdpcap", (1960..1970).collect()));
    for name in [
        "sec.agriculture",
        "sec.energy",
        "sec.industry",
        "sec.construction",
        "sec.services.venta",
        "sec.services.nonventa",
    ] {
        predictors.push((name, (1961..1970).step_by(2).collect()));
    }
    predictors.push(("popdens", vec![1969]));
    let fixed = Oracle::open("19_synth_fixedV");
    let importance = fixed.numbers("/V");
    for (at, with_spain) in [("fixedV_with_Spain", true), ("fixedV_without_Spain", false)] {
        let units: Vec<&String> =
            gdp.keys().filter(|name| *name != treated_name && (with_spain || *name != spain)).collect();
        let mut target = Vec::new();
        let mut features: Vec<Vec<f64>> = vec![Vec::new(); units.len()];
        for (column, span) in &predictors {
            let all = series(column);
            let mean = |name: &str| {
                let known: Vec<f64> =
                    span.iter().map(|year| all[name][year]).filter(|x| !x.is_nan()).collect();
                known.iter().sum::<f64>() / known.len() as f64
            };
            let own = mean(treated_name);
            let others: Vec<f64> = units.iter().map(|name| mean(name)).collect();
            let n = others.len() as f64 + 1.0;
            let centre = (own + others.iter().sum::<f64>()) / n;
            let squares: f64 = others.iter().chain([&own]).map(|x| (x - centre).powi(2)).sum();
            let spread = (squares / (n - 1.0)).sqrt();
            target.push(own / spread);
            for (feature, value) in features.iter_mut().zip(others) {
                feature.push(value / spread);
            }
        }
        let fit = synthetic::simplex_least_squares(&target, &features, Some(&importance)).unwrap();
        let wanted: &[&str] = if with_spain {
            &["Cataluna", "Madrid (Comunidad De)"]
        } else {
            &["Cantabria", "Cataluna", "Madrid (Comunidad De)"]
        };
        let mut theirs = vec![0.0; units.len()];
        for name in wanted {
            let index = units.iter().position(|unit| unit == name).unwrap();
            theirs[index] = fixed.number(&format!("/{at}/weights/{name}"));
            // The oracle's optimiser stops early where the loss is flat; ours is nowhere worse, see below.
            check.at(&fixed, &format!("/{at}/weights/{name}"), fit.weights[index], 1e-3);
        }
        let loss = |weights: &[f64]| -> f64 {
            (0..target.len())
                .map(|k| {
                    let fitted: f64 = features.iter().zip(weights).map(|(feature, w)| w * feature[k]).sum();
                    importance[k] * (target[k] - fitted).powi(2)
                })
                .sum()
        };
        check.equal(
            &format!("{at} loss is not above the oracle's"),
            fit.loss <= loss(&theirs) * (1.0 + 1e-9),
            true,
        );
    }
}

#[test]
fn broken_splits_show_no_effect() {
    let split = sample_ratio::test(&[821_588, 815_482], &[0.5, 0.5]).unwrap();
    assert!(matches!(split.or_broken(), Err(NotComputable::Unsupported(_))));
    assert!(sample_ratio::test(&[500, 510], &[0.5, 0.5]).unwrap().or_broken().is_ok());
    assert!(sample_ratio::test(&[5], &[1.0]).is_err());
    assert!(sample_ratio::test(&[0, 0], &[1.0, 1.0]).is_err());
    let arm = Arm { n: 10, mean: 0.0, variance: 1.0 };
    let nothing = compare::compare(arm, arm, Effect::Relative, Looks::Once, LEVEL);
    assert_eq!(nothing.unwrap_err(), NotComputable::ZeroDenominator);
    let still = Arm { n: 10, mean: 1.0, variance: 0.0 };
    assert_eq!(
        compare::compare(still, still, Effect::Absolute, Looks::Once, LEVEL).unwrap_err(),
        NotComputable::NoVariation
    );
}

#[test]
fn peeking_breaks_fixed_tests_but_not_sequences() {
    let mut random = Random::seeded(17);
    let (mut fixed, mut sequence, rounds) = (0, 0, 600);
    for _ in 0..rounds {
        let (mut a, mut b) = (Vec::new(), Vec::new());
        let (mut fixed_hit, mut sequence_hit) = (false, false);
        for _ in 0..40 {
            a.extend((0..25).map(|_| random.normal()));
            b.extend((0..25).map(|_| random.normal()));
            let (control, treatment) = (Arm::of_values(&a).unwrap(), Arm::of_values(&b).unwrap());
            let p = |looks| compare::compare(control, treatment, Effect::Absolute, looks, LEVEL).unwrap().p;
            fixed_hit |= p(Looks::Once) < 0.05;
            sequence_hit |= p(Looks::Always { tuned_at: 1000.0 }) < 0.05;
        }
        fixed += usize::from(fixed_hit);
        sequence += usize::from(sequence_hit);
    }
    let rate = |hits: usize| hits as f64 / f64::from(rounds);
    assert!(rate(fixed) > 0.2, "{}", rate(fixed));
    assert!(rate(sequence) <= 0.055, "{}", rate(sequence));
}

#[test]
fn welch_keeps_its_error_with_unequal_variances() {
    let mut random = Random::seeded(23);
    let (mut rejected, rounds) = (0, 10_000);
    for _ in 0..rounds {
        let a: Vec<f64> = (0..8).map(|_| 5.0 * random.normal()).collect();
        let b: Vec<f64> = (0..30).map(|_| random.normal()).collect();
        let (a, b) = (Arm::of_values(&a).unwrap(), Arm::of_values(&b).unwrap());
        rejected +=
            usize::from(compare::compare(a, b, Effect::Absolute, Looks::Once, LEVEL).unwrap().p < 0.05);
    }
    let rate = rejected as f64 / f64::from(rounds);
    assert!((0.043..0.058).contains(&rate), "{rate}");
}

#[test]
fn power_agrees_with_itself() {
    let n = power::size_for_means(0.3, 0.9, LEVEL).unwrap();
    assert!((power::power_of_t(n, 0.3, LEVEL).unwrap() - 0.9).abs() < 1e-10);
    assert!((power::detectable_effect(n, 0.9, LEVEL).unwrap() - 0.3).abs() < 1e-8);
    assert!(power::size_for_means(0.0, 0.8, LEVEL).is_err());
    assert!(power::size_for_proportions(0.1, 0.1, 0.8, ProportionPower::Pooled, LEVEL).is_err());
}

#[test]
fn synthetic_control_recovers_a_planted_mixture() {
    let mut random = Random::seeded(31);
    let donors: Vec<Vec<f64>> = (0..12)
        .map(|_| {
            let mut level = 10.0 + 5.0 * random.normal();
            (0..30)
                .map(|_| {
                    level += random.normal();
                    level
                })
                .collect()
        })
        .collect();
    let treated: Vec<f64> =
        (0..30).map(|t| 0.6 * donors[3][t] + 0.4 * donors[7][t] + if t >= 20 { 4.0 } else { 0.0 }).collect();
    let control = synthetic::outcome_control(&treated, &donors, 20).unwrap();
    assert!((control.fit.weights[3] - 0.6).abs() < 1e-9 && (control.fit.weights[7] - 0.4).abs() < 1e-9);
    assert!((control.mean_gap - 4.0).abs() < 1e-8);
    let placebo = synthetic::placebo(&treated, &donors, 20).unwrap();
    assert!((placebo.p - 1.0 / 13.0).abs() < 1e-12);
    // A donor twice, and one far away: weights stay on the simplex and the fit is as good.
    let mut repeated = donors.clone();
    repeated.push(donors[3].clone());
    let again = synthetic::outcome_control(&treated, &repeated, 20).unwrap();
    assert!(again.before < 1e-8);
    assert!((again.fit.weights.iter().sum::<f64>() - 1.0).abs() < 1e-12);
    assert!(again.fit.weights.iter().all(|weight| *weight >= 0.0));
}

#[test]
fn clustered_differences_keep_their_error() {
    let mut random = Random::seeded(41);
    let (mut rejected, rounds) = (0, 1500);
    for _ in 0..rounds {
        let mut observations = Vec::new();
        for unit in 0..60 {
            let level = 3.0 * random.normal();
            for after in [false, true] {
                for _ in 0..3 {
                    let outcome = level + random.normal();
                    observations.push(Observation { unit, treated: unit % 2 == 0, after, outcome });
                }
            }
        }
        rejected +=
            usize::from(difference_in_differences::two_by_two(&observations, LEVEL).unwrap().p < 0.05);
    }
    let rate = rejected as f64 / f64::from(rounds);
    assert!((0.03..0.07).contains(&rate), "{rate}");
}
