//! Calibration, design-based errors, planning, reliability and completion against R survey and others.

use kepi_stats::agreement::kappa::{self, DisagreementWeights};
use kepi_stats::agreement::krippendorff::{self, Measurement};
use kepi_stats::agreement::reliability::{self, ChangeFactor, IccForm};
use kepi_stats::estimate::{Estimate, Interval, Level, Method, NotComputable};
use kepi_stats::survey::calibration::{self, Margin, RakingOptions};
use kepi_stats::survey::cells::{self, CellMoments};
use kepi_stats::survey::design::{ProportionInterval, Replacement, Survey};
use kepi_stats::survey::{careless, chain_ladder, drift, planning, representativity, splice};

use crate::support::{CLOSED, Check, Oracle, Random, Table};

const LEVEL: Level = Level::NINETY_FIVE;
/// R's projection on raking margins stops after ten alternations; ours is exact.
const PROJECTED: f64 = 1e-6;

fn codes(labels: &[String]) -> Vec<u64> {
    let mut sorted = labels.to_vec();
    sorted.sort();
    sorted.dedup();
    labels.iter().map(|label| sorted.binary_search(label).unwrap() as u64).collect()
}

pub fn values(check: &mut Check) {
    net_promoter(check);
    schools(check);
    agreement(check);
    planning_and_rest(check);
}

fn net_promoter(check: &mut Check) {
    let oracle = Oracle::open("17_nps_weighted");
    let table = Table::own("nps_synth.csv");
    let (scores, region, tier) = (table.numbers("score"), table.text("region"), table.text("tier"));
    let accounts = codes(&table.text("acct"));
    let n = scores.len();
    let mut both = |at: &str, survey: &Survey, relative: f64| {
        let estimate = survey.net_promoter(&scores, LEVEL).unwrap();
        let recoded: Vec<f64> = scores
            .iter()
            .map(|s| {
                if *s >= 9.0 {
                    100.0
                } else if *s <= 6.0 {
                    -100.0
                } else {
                    0.0
                }
            })
            .collect();
        check.at(&oracle, &format!("{at}/est"), estimate.point, CLOSED);
        check.at(&oracle, &format!("{at}/se"), survey.standard_error(&recoded).unwrap(), relative);
    };
    let plain = Survey::new(&vec![1.0; n]).unwrap();
    both("/unweighted_srs", &plain, CLOSED);
    both("/clustered_by_account", &plain.clone().with_clusters(&accounts).unwrap(), CLOSED);
    let margins = [
        Margin::new("region", &region, &[("NA", 4000.0), ("EU", 3500.0), ("APAC", 2500.0)]).unwrap(),
        Margin::new("tier", &tier, &[("ent", 1500.0), ("mid", 3000.0), ("smb", 5500.0)]).unwrap(),
    ];
    let base = vec![10_000.0 / n as f64; n];
    let raked = calibration::rake(&base, &margins, RakingOptions::default()).unwrap();
    let survey = Survey::calibrated(&raked).unwrap();
    both("/raked", &survey, PROJECTED);
    both("/raked_clustered", &survey.clone().with_clusters(&accounts).unwrap(), PROJECTED);
    both("/hajek_fixed_weights", &Survey::new(&raked.weights).unwrap(), CLOSED);
    let spread = 10_000.0 / n as f64;
    let trimmed = calibration::trim(&raked.weights, 0.3 * spread, 3.0 * spread).unwrap();
    both("/trimmed", &survey.clone().trimmed(&trimmed).unwrap(), PROJECTED);
    let satisfied: Vec<f64> = scores.iter().map(|s| f64::from(u8::from(*s >= 8.0))).collect();
    check.at(&oracle, "/raked_csat/est", survey.mean(&satisfied, LEVEL).unwrap().point, CLOSED);
    check.at(&oracle, "/raked_csat/se", survey.standard_error(&satisfied).unwrap(), PROJECTED);
    let (effect, size) = calibration::kish(&raked.weights).unwrap();
    check.at(&oracle, "/raked_kish/deff", effect, CLOSED);
    check.at(&oracle, "/raked_kish/neff", size, CLOSED);
    check.at(&oracle, "/raked_kish/wmin", raked.weights.iter().copied().fold(f64::MAX, f64::min), CLOSED);
    check.at(&oracle, "/raked_kish/wmax", raked.weights.iter().copied().fold(0.0, f64::max), CLOSED);
    check.at(&oracle, "/trimmed/wmax", trimmed.iter().copied().fold(0.0, f64::max), CLOSED);
    for (r, t, w) in region.iter().zip(&tier).zip(&raked.weights).map(|((r, t), w)| (r, t, w)).take(60) {
        check.at(&oracle, &format!("/raked_weights_by_cell/{r} {t}"), *w, CLOSED);
    }
    let recoded: Vec<f64> = scores
        .iter()
        .map(|s| {
            if *s >= 9.0 {
                100.0
            } else if *s <= 6.0 {
                -100.0
            } else {
                0.0
            }
        })
        .collect();
    check.at(
        &oracle,
        "/raked/deff",
        survey.design_effect(&recoded, Replacement::Without).unwrap(),
        PROJECTED,
    );
    domains(check, &oracle, &plain, &recoded, &table);
    let clustered = plain.with_clusters(&accounts).unwrap();
    check.at(
        &oracle,
        "/clustered_by_account/deff",
        clustered.design_effect(&recoded, Replacement::With).unwrap(),
        CLOSED,
    );
    cells_equal_rows(check, &scores, &region, &tier, &margins, &survey);
}

/// Scores of two waves, their difference, and scores of regions, on a simple random sample.
fn domains(check: &mut Check, oracle: &Oracle, plain: &Survey, recoded: &[f64], table: &Table) {
    let rows = |column: &str, label: &str| -> Vec<bool> {
        table.text(column).iter().map(|cell| cell == label).collect()
    };
    let half = |estimate: &Estimate| {
        let interval = estimate.interval.as_ref().unwrap();
        let t = kepi_stats::distribution::student::critical(LEVEL, recoded.len() as f64 - 1.0);
        0.5 * (interval.high - interval.low) / t
    };
    let waves = [rows("wave", "1"), rows("wave", "2")];
    for (index, wave) in waves.iter().enumerate() {
        let estimate = plain.domain_mean(recoded, wave, LEVEL).unwrap();
        check.at(oracle, &format!("/waves/est/{index}"), estimate.point, CLOSED);
        check.at(oracle, &format!("/waves/se/{index}"), half(&estimate), CLOSED);
        check.equal("answers of a wave", (estimate.n, estimate.effective_n), (300, 300.0));
    }
    let change = plain.domain_difference(recoded, &waves[0], &waves[1], LEVEL).unwrap();
    check.at(oracle, "/wave_diff/est", change.point, CLOSED);
    check.at(oracle, "/wave_diff/se", half(&change), CLOSED);
    for (index, region) in ["APAC", "EU", "NA"].into_iter().enumerate() {
        let estimate = plain.domain_mean(recoded, &rows("region", region), LEVEL).unwrap();
        check.at(oracle, &format!("/by_region/nps/{index}"), estimate.point, CLOSED);
        check.at(oracle, &format!("/by_region/se/{index}"), half(&estimate), CLOSED);
    }
    check.equal(
        "a domain nobody is in",
        plain.domain_mean(recoded, &vec![false; recoded.len()], LEVEL).unwrap_err(),
        NotComputable::ZeroDenominator,
    );
}

/// Raking the nine cells gives the same mean and error as raking the rows.
fn cells_equal_rows(
    check: &mut Check,
    scores: &[f64],
    region: &[String],
    tier: &[String],
    margins: &[Margin],
    survey: &Survey,
) {
    let regions = ["NA", "EU", "APAC"];
    let tiers = ["ent", "mid", "smb"];
    let mut moments = vec![CellMoments::default(); 9];
    for ((score, r), t) in scores.iter().zip(region).zip(tier) {
        let index =
            3 * regions.iter().position(|x| x == r).unwrap() + tiers.iter().position(|x| x == t).unwrap();
        // Base weight 16.666667 at scale 6; the ratio is what matters.
        let (b, x) = (16_666_667_i128, *score as i128);
        let cell = &mut moments[index];
        cell.n += 1;
        cell.sum_b += b;
        cell.sum_bx += b * x;
        cell.sum_b2 += b * b;
        cell.sum_b2x += b * b * x;
        cell.sum_b2x2 += b * b * x * x;
    }
    let cell_margins = [
        Margin { category: (0..9).map(|i| i / 3).collect(), ..margins[0].clone() },
        Margin { category: (0..9).map(|i| i % 3).collect(), ..margins[1].clone() },
    ];
    let by_cell = cells::mean(&moments, 6, 0, &cell_margins, RakingOptions::default(), LEVEL).unwrap();
    let by_row: Estimate = survey.mean(scores, LEVEL).unwrap();
    check.close("cells point", by_cell.estimate.point, by_row.point, 1e-12);
    check.close("cells low", by_cell.estimate.interval.unwrap().low, by_row.interval.unwrap().low, 1e-10);
}

fn schools(check: &mut Check) {
    let oracle = Oracle::open("10_survey");
    if let Some(table) = check.published("apisrs.csv") {
        let survey =
            Survey::new(&table.numbers("pw")).unwrap().with_population(&table.numbers("fpc")).unwrap();
        let (api, enroll) = (table.numbers("api00"), table.numbers("enroll"));
        check.at(&oracle, "/srs_mean_api00/est", survey.mean(&api, LEVEL).unwrap().point, CLOSED);
        check.at(&oracle, "/srs_mean_api00/se", survey.standard_error(&api).unwrap(), CLOSED);
        check.at(&oracle, "/srs_total_enroll/est", survey.total(&enroll, LEVEL).unwrap().point, CLOSED);
        check.at(&oracle, "/srs_total_enroll/se", survey.variance(&enroll).unwrap().sqrt(), CLOSED);
        let free = Survey::new(&table.numbers("pw")).unwrap();
        check.at(&oracle, "/srs_nofpc_mean/se", free.standard_error(&api).unwrap(), CLOSED);
    }
    if let Some(table) = check.published("apistrat.csv") {
        let survey = Survey::new(&table.numbers("pw"))
            .unwrap()
            .with_strata(&codes(&table.text("stype")))
            .unwrap()
            .with_population(&table.numbers("fpc"))
            .unwrap();
        let (api, enroll) = (table.numbers("api00"), table.numbers("enroll"));
        check.at(&oracle, "/strat_mean_api00/est", survey.mean(&api, LEVEL).unwrap().point, CLOSED);
        check.at(&oracle, "/strat_mean_api00/se", survey.standard_error(&api).unwrap(), CLOSED);
        let effect = survey.design_effect(&api, Replacement::Without).unwrap();
        check.at(&oracle, "/strat_mean_api00/deff", effect, CLOSED);
        check.at(&oracle, "/strat_total_enroll/est", survey.total(&enroll, LEVEL).unwrap().point, CLOSED);
        check.at(&oracle, "/strat_total_enroll/se", survey.variance(&enroll).unwrap().sqrt(), CLOSED);
    }
    if let Some(table) = check.published("apiclus1.csv") {
        school_clusters(check, &oracle, &table);
    }
}

fn school_clusters(check: &mut Check, oracle: &Oracle, table: &Table) {
    let (api, enroll) = (table.numbers("api00"), table.numbers("enroll"));
    let base = table.numbers("pw");
    let clusters = codes(&table.text("dnum"));
    let population = table.numbers("fpc");
    let drawn =
        |survey: Survey| survey.with_clusters(&clusters).unwrap().with_population(&population).unwrap();
    let survey = drawn(Survey::new(&base).unwrap());
    check.at(oracle, "/clus1_mean_api00/est", survey.mean(&api, LEVEL).unwrap().point, CLOSED);
    check.at(oracle, "/clus1_mean_api00/se", survey.standard_error(&api).unwrap(), CLOSED);
    let effect = survey.design_effect(&api, Replacement::Without).unwrap();
    check.at(oracle, "/clus1_mean_api00/deff", effect, CLOSED);
    check.at(oracle, "/clus1_total_enroll/est", survey.total(&enroll, LEVEL).unwrap().point, CLOSED);
    check.at(oracle, "/clus1_total_enroll/se", survey.variance(&enroll).unwrap().sqrt(), CLOSED);
    let wide: Vec<bool> = table.text("sch.wide").iter().map(|text| text == "Yes").collect();
    for (name, how) in [
        ("logit", ProportionInterval::Logit),
        ("beta", ProportionInterval::KornGraubard),
        ("mean", ProportionInterval::Plain),
    ] {
        let interval = survey.proportion(&wide, how, LEVEL).unwrap().interval.unwrap();
        check.all_at(oracle, &format!("/ciprop_schwide/{name}"), &[interval.low, interval.high], 1e-8);
    }
    let quartiles: Vec<f64> = [0.25, 0.5, 0.75].iter().map(|q| survey.quantile(&api, *q).unwrap()).collect();
    check.all_at(oracle, "/quantile", &quartiles, CLOSED);
    let margins = [
        Margin::new("stype", &table.text("stype"), &[("E", 4421.0), ("H", 755.0), ("M", 1018.0)]).unwrap(),
        Margin::new("sch.wide", &table.text("sch.wide"), &[("No", 1072.0), ("Yes", 5122.0)]).unwrap(),
    ];
    let raked = calibration::rake(&base, &margins, RakingOptions::default()).unwrap();
    let survey = drawn(Survey::calibrated(&raked).unwrap());
    check.at(oracle, "/clus1_rake_mean_api00/est", survey.mean(&api, LEVEL).unwrap().point, CLOSED);
    check.at(oracle, "/clus1_rake_mean_api00/se", survey.standard_error(&api).unwrap(), PROJECTED);
    check.at(oracle, "/clus1_rake_total_enroll/est", survey.total(&enroll, LEVEL).unwrap().point, CLOSED);
    check.at(oracle, "/clus1_rake_total_enroll/se", survey.variance(&enroll).unwrap().sqrt(), PROJECTED);
    let (effect, size) = calibration::kish(&raked.weights).unwrap();
    check.at(oracle, "/rake_kish/deff_kish", effect, CLOSED);
    check.at(oracle, "/rake_kish/neff", size, CLOSED);
    let trimmed = calibration::trim(&raked.weights, 20.0, 45.0).unwrap();
    let cut = survey.clone().trimmed(&trimmed).unwrap();
    check.at(oracle, "/trim/mean/est", cut.mean(&api, LEVEL).unwrap().point, CLOSED);
    check.at(oracle, "/trim/mean/se", cut.standard_error(&api).unwrap(), PROJECTED);
    check.at(oracle, "/trim/sumw", trimmed.iter().sum(), CLOSED);
    check.at(oracle, "/trim/max", trimmed.iter().copied().fold(0.0, f64::max), CLOSED);
    check.at(oracle, "/rake_kish/sumw", raked.weights.iter().sum(), CLOSED);
    let kinds = table.text("stype").into_iter().zip(table.text("sch.wide"));
    let cells: std::collections::BTreeMap<_, _> = kinds.zip(&raked.weights).collect();
    for ((kind, wide), weight) in cells {
        check.at(oracle, &format!("/clus1_rake_weights_by_cell/{kind} {wide}"), *weight, CLOSED);
    }
    let stratified =
        drawn(Survey::calibrated(&calibration::post_stratify(&base, &margins[0]).unwrap()).unwrap());
    check.at(oracle, "/clus1_poststrat_mean/est", stratified.mean(&api, LEVEL).unwrap().point, CLOSED);
    check.at(oracle, "/clus1_poststrat_mean/se", stratified.standard_error(&api).unwrap(), CLOSED);
    check.at(oracle, "/clus1_poststrat_total/est", stratified.total(&enroll, LEVEL).unwrap().point, CLOSED);
    check.at(oracle, "/clus1_poststrat_total/se", stratified.variance(&enroll).unwrap().sqrt(), CLOSED);
    let types = table.text("stype");
    let is = |wanted: &str| types.iter().map(|t| f64::from(u8::from(t == wanted))).collect::<Vec<f64>>();
    let auxiliaries = [vec![1.0; base.len()], is("H"), is("M"), table.numbers("api99")];
    let greg = calibration::regression(&base, &auxiliaries, &[6194.0, 755.0, 1018.0, 3_914_069.0]).unwrap();
    let survey = drawn(Survey::calibrated(&greg).unwrap());
    check.at(oracle, "/clus1_greg_mean/est", survey.mean(&api, LEVEL).unwrap().point, CLOSED);
    check.at(oracle, "/clus1_greg_mean/se", survey.standard_error(&api).unwrap(), 1e-8);
    check.at(oracle, "/clus1_greg_total/est", survey.total(&enroll, LEVEL).unwrap().point, CLOSED);
    check.at(oracle, "/clus1_greg_total/se", survey.variance(&enroll).unwrap().sqrt(), 1e-8);
}

fn agreement(check: &mut Check) {
    let oracle = Oracle::open("11_regression_ts");
    let ratings: Vec<Vec<f64>> =
        [[9, 2, 5, 8], [6, 1, 3, 2], [8, 4, 6, 8], [7, 1, 2, 6], [10, 5, 6, 9], [6, 2, 4, 7]]
            .iter()
            .map(|row| row.iter().map(|x| f64::from(*x)).collect())
            .collect();
    let forms = [
        IccForm::OneWaySingle,
        IccForm::AgreementSingle,
        IccForm::ConsistencySingle,
        IccForm::OneWayAverage,
        IccForm::AgreementAverage,
        IccForm::ConsistencyAverage,
    ];
    for (index, form) in forms.into_iter().enumerate() {
        let icc = reliability::icc(&ratings, form, LEVEL).unwrap();
        let at = |name: &str| format!("/icc_shrout_fleiss/icc/{index}/{name}");
        check.at(&oracle, &at("ICC"), icc.value, CLOSED);
        check.at(&oracle, &at("F"), icc.f, CLOSED);
        check.at(&oracle, &at("p"), icc.p, CLOSED);
        check.at(&oracle, &at("lower bound"), icc.interval.low, 1e-8);
        check.at(&oracle, &at("upper bound"), icc.interval.high, 1e-8);
        let whole = |of: f64| of as i128;
        let sums: Vec<i128> = (0..4).map(|rater| ratings.iter().map(|row| whole(row[rater])).sum()).collect();
        let of = reliability::Answers {
            n: 6,
            sums: &sums,
            sum_squares: ratings.iter().map(|row| whole(row.iter().sum::<f64>()).pow(2)).sum(),
            squares_sum: ratings.iter().flatten().map(|x| whole(*x).pow(2)).sum(),
        };
        let same = reliability::icc_of_sums(of, form, LEVEL).unwrap();
        check.at(&oracle, &at("ICC"), same.point, CLOSED);
        let interval = same.interval.unwrap();
        check.at(&oracle, &at("lower bound"), interval.low, 1e-8);
        check.at(&oracle, &at("upper bound"), interval.high, 1e-8);
    }
    let items: Vec<Vec<f64>> = (0..4).map(|rater| ratings.iter().map(|row| row[rater]).collect()).collect();
    check.at(&oracle, "/alpha_sf", reliability::cronbach_alpha(&items).unwrap(), CLOSED);
    let more = Oracle::open("16_more");
    let change = reliability::minimal_detectable_change(10.0, 0.84, ChangeFactor::Customary).unwrap();
    check.at(&more, "/sem_mdc/mdc95", change, CLOSED);
    let error = reliability::standard_error_of_measurement(10.0, 0.84).unwrap();
    check.at(&more, "/sem_mdc/sem", error, CLOSED);
    check.at(&more, "/spearman_brown_r0.6_x2", reliability::spearman_brown(0.6, 2.0), CLOSED);
    check.at(&more, "/rtm/expected", reliability::expected_retest(80.0, 50.0, 0.6), CLOSED);
    let oracle = Oracle::open("06_weight_reliab");
    let n = None;
    let s = |value: u8| Some(f64::from(value));
    let codings = [
        vec![n, n, n, n, n, s(3), s(4), s(1), s(2), s(1), s(1), s(3), s(3), n, s(3)],
        vec![s(1), n, s(2), s(1), s(3), s(3), s(4), s(3), n, n, n, n, n, n, n],
        vec![n, n, s(2), s(1), s(3), s(4), s(4), n, s(2), s(1), s(1), s(3), s(3), n, s(4)],
    ];
    for (name, measurement) in [
        ("nominal", Measurement::Nominal),
        ("ordinal", Measurement::Ordinal),
        ("interval", Measurement::Interval),
        ("ratio", Measurement::Ratio),
    ] {
        let alpha = krippendorff::alpha(&codings, measurement).unwrap();
        check.at(&oracle, &format!("/krippendorff_3x15/{name}"), alpha, CLOSED);
    }
    let table = [vec![45.0, 15.0], vec![25.0, 15.0]];
    let kappa = kappa::cohen(&table, DisagreementWeights::None, LEVEL).unwrap();
    check.at(&oracle, "/kappa_45_15_25_15", kappa.value, CLOSED);
    let fleiss = [
        [0, 0, 0, 0, 14],
        [0, 2, 6, 4, 2],
        [0, 0, 3, 5, 6],
        [0, 3, 9, 2, 0],
        [2, 2, 8, 1, 1],
        [7, 7, 0, 0, 0],
        [3, 2, 6, 3, 0],
        [2, 5, 3, 2, 2],
        [6, 5, 2, 1, 0],
        [0, 2, 2, 3, 7],
    ]
    .map(|row| row.map(f64::from).to_vec());
    check.at(&oracle, "/fleiss_kappa_wiki", kappa::fleiss(&fleiss).unwrap(), CLOSED);
    // The matrix is filled by columns.
    let vcd = [vec![61.0, 26.0, 2.0], vec![28.0, 72.0, 12.0], vec![0.0, 2.0, 35.0]];
    let misc = Oracle::open("15_lavaan_misc");
    let plain = kappa::cohen(&vcd, DisagreementWeights::None, LEVEL).unwrap().value;
    check.at(&misc, "/kappa/unw", plain, CLOSED);
    let weighted = kappa::cohen(&vcd, DisagreementWeights::Linear, LEVEL).unwrap().value;
    check.at(&misc, "/kappa/w", weighted, CLOSED);
    if let Some(table) = check.published("holzinger_swineford.csv") {
        let columns = |range: std::ops::RangeInclusive<u8>| -> Vec<Vec<f64>> {
            range.map(|i| table.numbers(&format!("x{i}"))).collect()
        };
        for (name, range) in [("hs_alpha9", 1..=9), ("hs_alpha_visual", 1..=3), ("hs_alpha_textual", 4..=6)] {
            let alpha = reliability::cronbach_alpha(&columns(range)).unwrap();
            check.at(&misc, &format!("/{name}"), alpha, CLOSED);
        }
    }
}

fn planning_and_rest(check: &mut Check) {
    let oracle = Oracle::open("01_proportions");
    for people in [100, 500, 1000, 10_000, 100_000] {
        for (text, margin) in [("0.05", 0.05), ("0.03", 0.03)] {
            let unlimited = planning::size_for_proportion(0.5, margin, None, LEVEL).unwrap();
            let limited = planning::size_for_proportion(0.5, margin, Some(people), LEVEL).unwrap();
            check.all_at(&oracle, &format!("/fpc/N{people}_e{text}"), &[unlimited, limited], CLOSED);
        }
    }
    let more = Oracle::open("16_more");
    let shares = planning::neyman(&[5000.0, 2000.0, 500.0], &[10.0, 20.0, 50.0], 300.0).unwrap();
    check.all_at(&more, "/neyman/alloc", &shares, CLOSED);
    let mut propensities = vec![0.1; 400];
    propensities.extend([0.2; 300]);
    propensities.extend([0.35; 200]);
    propensities.extend([0.6; 100]);
    let response = representativity::indicator(&propensities, None).unwrap();
    check.at(&more, "/R_indicator/R", response.indicator, CLOSED);
    check.at(&more, "/R_indicator/S", response.deviation, CLOSED);
    check.at(&more, "/R_indicator/max_abs_bias_per_unit_SD_y", response.largest_bias, CLOSED);
    let (bias, size) = representativity::data_defect(0.005, 0.01).unwrap();
    check.at(&more, "/meng_ddc/bias_in_sd", bias, CLOSED);
    check.at(&more, "/meng_ddc/n_eff_of_n2.3M_N230M", size, CLOSED);
    let oracle = Oracle::open("06_weight_reliab");
    let psi =
        drift::stability_index(&[0.1; 10], &[0.08, 0.09, 0.10, 0.11, 0.10, 0.12, 0.10, 0.10, 0.11, 0.09]);
    check.at(&oracle, "/psi_example", psi.unwrap(), CLOSED);
    // Four-by-four table raked as sixteen cells.
    let seed =
        [40.0, 30.0, 20.0, 10.0, 35.0, 50.0, 100.0, 75.0, 30.0, 80.0, 70.0, 120.0, 20.0, 30.0, 40.0, 50.0];
    let margin = |name: &str, category: Vec<usize>, targets: [f64; 4]| Margin {
        name: name.into(),
        labels: (0..4).map(|i| i.to_string()).collect(),
        category,
        targets: targets.to_vec(),
    };
    let margins = [
        margin("row", (0..16).map(|i| i / 4).collect(), [150.0, 300.0, 400.0, 150.0]),
        margin("column", (0..16).map(|i| i % 4).collect(), [200.0, 300.0, 400.0, 100.0]),
    ];
    let fit = calibration::rake(&seed, &margins, RakingOptions::default()).unwrap();
    for row in 0..4 {
        check.all_at(
            &oracle,
            &format!("/ipf_wikipedia_4x4/fit/{row}"),
            &fit.weights[4 * row..4 * row + 4],
            CLOSED,
        );
    }
    let triangle: Vec<Vec<f64>> =
        TAYLOR_ASHE.iter().map(|row| row.iter().map(|x| f64::from(*x)).collect()).collect();
    let completion = chain_ladder::complete(&triangle, LEVEL).unwrap();
    let misc = Oracle::open("14_decomp_misc");
    check.all_at(&misc, "/chain_ladder_taylor_ashe/ldf", &completion.factors, CLOSED);
    check.at(&misc, "/chain_ladder_taylor_ashe/reserve_total", completion.outstanding.point, CLOSED);
    // Mack 1993, table of the example: standard error 2,447,095 (13 % of the reserve).
    let error = (completion.outstanding.interval.unwrap().high - completion.outstanding.point) / LEVEL.z();
    check.within("mack standard error", error, 2_447_095.0, 1.0);
    // Mantel–Haenszel over the six departments of Berkeley 1973: admitted and rejected, men and women.
    let berkeley = [
        [[512.0, 313.0], [89.0, 19.0]],
        [[353.0, 207.0], [17.0, 8.0]],
        [[120.0, 205.0], [202.0, 391.0]],
        [[138.0, 279.0], [131.0, 244.0]],
        [[53.0, 138.0], [94.0, 299.0]],
        [[22.0, 351.0], [24.0, 317.0]],
    ];
    let common = drift::mantel_haenszel(&berkeley, drift::Continuity::Corrected, LEVEL).unwrap();
    let oracle = Oracle::open("11_regression_ts");
    check.at(&oracle, "/ucb/mh/estimate.common odds ratio", common.odds_ratio, CLOSED);
    check.at(&oracle, "/ucb/mh/statistic.Mantel-Haenszel X-squared", common.chi_square, CLOSED);
    check.at(&oracle, "/ucb/mh/p.value", common.p, CLOSED);
}

const TAYLOR_ASHE: [&[u32]; 10] = [
    &[357848, 1124788, 1735330, 2218270, 2745596, 3319994, 3466336, 3606286, 3833515, 3901463],
    &[352118, 1236139, 2170033, 3353322, 3799067, 4120063, 4647867, 4914039, 5339085],
    &[290507, 1292306, 2218525, 3235179, 3985995, 4132918, 4628910, 4909315],
    &[310608, 1418858, 2195047, 3757447, 4029929, 4381982, 4588268],
    &[443160, 1136350, 2128333, 2897821, 3402672, 3873311],
    &[396132, 1333217, 2180715, 2985752, 3691712],
    &[440832, 1288463, 2419861, 3483130],
    &[359480, 1421128, 2864498],
    &[376686, 1363294],
    &[344014],
];

#[test]
fn raking_errors_name_the_margin() {
    let region = ["a", "a", "b"];
    let absent = Margin::new("region", &region, &[("a", 5.0), ("b", 5.0), ("c", 5.0)]).unwrap();
    assert_eq!(
        calibration::rake(&[1.0; 3], &[absent], RakingOptions::default()).unwrap_err(),
        NotComputable::EmptyRakingCell { margin: "region=c".into() }
    );
    assert!(Margin::new("region", &region, &[("a", 5.0)]).is_err());
    let first = Margin::new("region", &region, &[("a", 5.0), ("b", 5.0)]).unwrap();
    let second = Margin::new("tier", &["x", "y", "y"], &[("x", 5.0), ("y", 6.0)]).unwrap();
    let contradiction = calibration::rake(&[1.0; 3], &[first.clone(), second], RakingOptions::default());
    assert!(matches!(contradiction, Err(NotComputable::Invalid(_))));
    // x only in a, y only in b, but different totals: no table has both margins.
    let locked = Margin::new("tier", &["x", "x", "y"], &[("x", 3.0), ("y", 7.0)]).unwrap();
    let stuck = calibration::rake(&[1.0; 3], &[first, locked], RakingOptions::default());
    assert!(matches!(stuck, Err(NotComputable::NoConvergence { margin }) if margin.starts_with("region=")));
}

#[test]
fn planning_rules() {
    assert!((planning::engagement_weight(0.1, 1).unwrap() - 10.0).abs() < 1e-12);
    assert!((planning::engagement_weight(0.1, 3).unwrap() - 1.0 / 0.271).abs() < 1e-12);
    assert!(planning::engagement_weight(0.0, 3).is_err());
    let invited = (0..10_000).filter(|i| planning::invited(7, &format!("customer-{i}"), 0.2)).count();
    assert!((1850..2150).contains(&invited), "{invited}");
    let both = (0..10_000)
        .filter(|i| {
            let id = format!("customer-{i}");
            planning::invited(7, &id, 0.2) && planning::invited(8, &id, 0.2)
        })
        .count();
    assert!((320..480).contains(&both), "{both}");
    assert!(planning::quarantined(Some(0), 86_400_000_000 * 30 - 1, 30));
    assert!(!planning::quarantined(Some(0), 86_400_000_000 * 30, 30));
    assert!(!planning::quarantined(None, 0, 30));
    // A stratum cannot give more than it holds.
    let shares = planning::neyman(&[10.0, 1000.0], &[100.0, 1.0], 100.0).unwrap();
    assert_eq!(shares, vec![10.0, 90.0]);
}

#[test]
fn engagement_weights_undo_frequent_contact() {
    // Heavy users are happier and asked more often; the weighted mean finds the mean of all users again.
    let mut random = Random::seeded(11);
    let (mut plain, mut weighted, mut weights, mut n, mut truth) = (0.0, 0.0, 0.0, 0.0, 0.0);
    for _ in 0..200_000 {
        let touches = 1 + random.below(12) as u32;
        let happy = 5.0 + 0.3 * f64::from(touches) + random.normal();
        truth += happy / 200_000.0;
        if (0..touches).any(|_| random.uniform() < 0.05) {
            let weight = planning::engagement_weight(0.05, touches).unwrap();
            plain += happy;
            n += 1.0;
            weighted += weight * happy;
            weights += weight;
        }
    }
    assert!(plain / n - truth > 0.4);
    assert!((weighted / weights - truth).abs() < 0.02);
}

#[test]
fn careless_answers_are_flagged() {
    let mut random = Random::seeded(3);
    let mut columns: Vec<Vec<f64>> =
        (0..6).map(|_| (0..80).map(|_| 1.0 + random.below(7) as f64).collect()).collect();
    for column in &mut columns {
        column[5] = 4.0;
    }
    for (index, column) in columns.iter_mut().enumerate() {
        column[9] = if index % 2 == 0 { 1.0 } else { 60.0 };
        column[20] = column[21];
    }
    let mut seconds = vec![60.0; 80];
    seconds[30] = 5.0;
    let flags = careless::flags(&columns, Some(&seconds), careless::CarelessLimits::default()).unwrap();
    use careless::CarelessSign::{Distant, Duplicate, LongRun, NoSpread, Speeding};
    assert!(flags[5].contains(&LongRun) && flags[5].contains(&NoSpread));
    assert!(flags[9].contains(&Distant));
    assert!(flags[20].contains(&Duplicate) && flags[21].contains(&Duplicate));
    assert_eq!(flags[30], vec![Speeding]);
    assert!(flags.iter().filter(|signs| !signs.is_empty()).count() <= 8);
    assert_eq!(careless::longest_run(&[1, 1, 2, 2, 2, 1]), 3);
    assert_eq!(careless::longest_run::<u8>(&[]), 0);
}

#[test]
fn splices_return_what_was_shifted() {
    let old: [u64; 5] = [5, 20, 50, 20, 5];
    let scale = |counts, origin| splice::Scale { counts, origin };
    // The same answers on a scale that starts elsewhere.
    assert!(
        (splice::equipercentile(scale(&old, 1.0), scale(&old, 11.0), 13.25).unwrap() - 3.25).abs() < 1e-12
    );
    let estimate =
        splice::equipercentile_interval(scale(&old, 1.0), scale(&old, 11.0), 13.0, 400, 1, LEVEL).unwrap();
    let interval = estimate.interval.unwrap();
    assert!(interval.low < 3.0 && interval.high > 3.0 && interval.high - interval.low < 1.0);
    let again =
        splice::equipercentile_interval(scale(&old, 1.0), scale(&old, 11.0), 13.0, 400, 1, LEVEL).unwrap();
    assert_eq!(again.interval.unwrap(), interval);
    let shift = splice::parallel_run(&[7.0, 8.0, 6.0, 9.0], &[7.5, 8.4, 6.6, 9.5], LEVEL).unwrap();
    assert!((shift.point - 0.5).abs() < 1e-12);
}

#[test]
fn a_bridge_is_as_worked_by_hand() {
    let at = |point: f64, low: f64, high: f64| Estimate {
        interval: Ok(Interval::new(low, high, LEVEL)),
        ..Estimate::exact(point, 40, "")
    };
    // One period: the square root of 3² + 4², as of any two independent figures; limits that are not alike count on their side.
    let one = splice::parallel_periods(&[(&at(30.0, 26.0, 33.0), &at(34.0, 30.0, 38.0))], LEVEL).unwrap();
    let ends = one.by.interval.clone().unwrap();
    assert_eq!((one.by.point, ends.low, ends.high), (4.0, -1.0, 4.0 + 32.0_f64.sqrt()));
    assert_eq!(one.between, None);
    // On the level of the new: down 4² + 3² + 12², up 4² + 4² + 2².
    let moved = one.moved(&at(20.0, 8.0, 22.0));
    let ends = moved.interval.unwrap();
    assert_eq!((moved.point, ends.low, ends.high), (24.0, 11.0, 30.0));
    // Differences 2, 4 and 6 of figures that are certain: s = 2, so that they differ by 2 besides chance, and t with 2 degrees is 4.3027.
    let exact = |point: f64| Estimate::exact(point, 7, "");
    let (olds, news) = ([1.0, 2.0, 3.0].map(exact), [3.0, 6.0, 9.0].map(exact));
    let pairs: Vec<_> = olds.iter().zip(&news).collect();
    let three = splice::parallel_periods(&pairs, LEVEL).unwrap();
    let half = three.by.interval.as_ref().unwrap().high - 4.0;
    assert!((half - 4.302_652_729_911_275 * 2.0 / 3.0_f64.sqrt()).abs() < 1e-9, "{half}");
    let ahead = three.moved(&exact(10.0)).interval.unwrap().high - 14.0;
    assert!((ahead - 4.302_652_729_911_275 * 2.0 * (4.0_f64 / 3.0).sqrt()).abs() < 1e-9, "{ahead}");
    assert_eq!(three.between, Some(2.0));
    // 1, 2, 3 and 10, 30, 50: means 2 and 30, spreads √(2/3) and 20·√(2/3); the mean itself has s·√(1/3 + 1/3) besides its own.
    let sums = |of: [i128; 3]| splice::AnswerSums {
        n: 3,
        sum: of.iter().sum(),
        squares: of.iter().map(|x| x * x).sum(),
        decimals: 0,
    };
    let linear = splice::linear(sums([1, 2, 3]), sums([10, 30, 50]), LEVEL).unwrap();
    assert!((linear.slope - 20.0).abs() < 1e-12 && (linear.intercept + 10.0).abs() < 1e-12);
    let moved = linear.moved(&exact(2.0));
    let error = 20.0 * (2.0_f64 / 3.0).sqrt() * (2.0_f64 / 3.0).sqrt();
    assert!((moved.point - 30.0).abs() < 1e-12);
    assert!((moved.interval.unwrap().high - 30.0 - LEVEL.z() * error).abs() < 1e-9);
    // A figure without an interval leaves none.
    let none = Estimate {
        interval: Err(NotComputable::TooFew { n: 1, need: 2 }),
        method: Method::StudentMean,
        ..at(1.0, 0.0, 2.0)
    };
    let found = splice::parallel_periods(&[(&none, &at(2.0, 1.0, 3.0))], LEVEL).unwrap();
    assert_eq!(found.by.interval, Err(NotComputable::TooFew { n: 1, need: 2 }));
    assert_eq!(splice::parallel_periods(&[], LEVEL).unwrap_err(), NotComputable::NoRows);
    assert_eq!(
        splice::linear(sums([1, 1, 1]), sums([1, 2, 3]), LEVEL).unwrap_err(),
        NotComputable::NoVariation
    );
}

#[test]
fn ordinal_item_finds_planted_drift() {
    let scores = [1.0, 2.0, 3.0, 4.0, 5.0];
    let same = [vec![10.0, 20.0, 40.0, 20.0, 10.0], vec![5.0, 10.0, 20.0, 10.0, 5.0]];
    let clean = drift::ordinal_item(&[same.clone(), same.clone()], &scores).unwrap();
    assert!(clean.p > 0.99 && clean.difference.abs() < 1e-12);
    let moved = [vec![10.0, 20.0, 40.0, 20.0, 10.0], vec![1.0, 4.0, 10.0, 20.0, 15.0]];
    let found = drift::ordinal_item(&[moved.clone(), moved], &scores).unwrap();
    assert!(found.p < 1e-6 && found.difference > 0.8);
}

#[test]
fn raked_intervals_cover_their_level() {
    // A population of two groups whose answers differ; the small group answers twice as often.
    let mut random = Random::seeded(21);
    let (mut held, rounds) = (0, 2000);
    for _ in 0..rounds {
        let mut values = Vec::new();
        let mut groups = Vec::new();
        while values.len() < 120 {
            let small = random.uniform() < 0.3;
            if random.uniform() < if small { 0.8 } else { 0.4 } {
                values.push(if small { 3.0 } else { 6.0 } + random.normal());
                groups.push(if small { "small" } else { "large" });
            }
        }
        let margin = Margin::new("group", &groups, &[("small", 300.0), ("large", 700.0)]).unwrap();
        let raked = calibration::rake(&[1.0; 120], &[margin], RakingOptions::default()).unwrap();
        let interval = Survey::calibrated(&raked).unwrap().mean(&values, LEVEL).unwrap().interval.unwrap();
        let truth = 0.3 * 3.0 + 0.7 * 6.0;
        held += i32::from(interval.low <= truth && truth <= interval.high);
    }
    let coverage = f64::from(held) / f64::from(rounds);
    assert!((0.935..0.965).contains(&coverage), "{coverage}");
}
