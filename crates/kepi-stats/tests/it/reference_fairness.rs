//! Group fairness against fairlearn on ProPublica's published counts.

use kepi_stats::estimate::{Level, NotComputable};
use kepi_stats::fairness::{
    Favourable, GroupCounts, Impact, OddsSummary, calibration_by_group, demographic_parity, disparate_impact,
    equalised_odds, rates,
};

use crate::support::{CLOSED, Check, Oracle, Table};

const LEVEL: Level = Level::NINETY_FIVE;

fn group(name: &str, [tp, fp, fn_, tn]: [u64; 4]) -> GroupCounts {
    GroupCounts {
        name: name.to_owned(),
        true_positive: tp,
        false_positive: fp,
        false_negative: fn_,
        true_negative: tn,
    }
}

pub fn values(check: &mut Check) {
    let oracle = Oracle::open("07_fairness");
    // Counts of Larson et al. (ProPublica 2016), two-year recidivism.
    let groups =
        [group("African-American", [1369, 805, 532, 990]), group("Caucasian", [505, 349, 461, 1139])];
    for g in rates(&groups, LEVEL) {
        let at = format!("/by_group/{}", g.name);
        let mut one = |name: &str, rate: Result<kepi_stats::estimate::Estimate, NotComputable>| {
            check.at(&oracle, &format!("{at}/{name}"), rate.unwrap().point, CLOSED);
        };
        one("sel", g.selection);
        one("base", g.base);
        one("fpr", g.false_positive);
        one("fnr", g.false_negative);
    }
    let parity = demographic_parity(&groups, LEVEL).unwrap();
    check.at(&oracle, "/dp_diff", parity.difference.point, CLOSED);
    check.at(&oracle, "/dp_ratio", parity.ratio.unwrap().point, CLOSED);
    check.equal("who is flagged more", parity.highest, "African-American".to_owned());
    let odds = equalised_odds(&groups, LEVEL).unwrap();
    check.at(&oracle, "/eo_diff", odds.difference(OddsSummary::Worst), CLOSED);
    check.at(&oracle, "/eo_ratio", odds.ratio(OddsSummary::Worst).unwrap(), CLOSED);
    let (gap, verdict) = disparate_impact(&groups, Favourable::NotFlagged, 0.8, LEVEL).unwrap();
    check.at(&oracle, "/di_ratio_favourable_low_risk", gap.ratio.unwrap().point, CLOSED);
    check.equal("four fifths", verdict, Impact::Fails);

    let y = oracle.numbers("/toy/y");
    let flagged = oracle.numbers("/toy/pred");
    let rows: Vec<(bool, bool)> = flagged.iter().zip(&y).map(|(f, y)| (*f > 0.5, *y > 0.5)).collect();
    let toy = [
        GroupCounts::count("a", rows[..5].iter().copied()),
        GroupCounts::count("b", rows[5..].iter().copied()),
    ];
    let parity = demographic_parity(&toy, LEVEL).unwrap();
    check.at(&oracle, "/toy/dp_diff", parity.difference.point, CLOSED);
    check.at(&oracle, "/toy/dp_ratio", parity.ratio.unwrap().point, CLOSED);
    let odds = equalised_odds(&toy, LEVEL).unwrap();
    check.at(&oracle, "/toy/eo_diff", odds.difference(OddsSummary::Worst), CLOSED);
    check.at(&oracle, "/toy/eo_ratio", odds.ratio(OddsSummary::Worst).unwrap(), CLOSED);
    check.at(&oracle, "/toy/eo_diff_mean", odds.difference(OddsSummary::Mean), CLOSED);
    let (_, verdict) = disparate_impact(&toy, Favourable::Flagged, 0.8, LEVEL).unwrap();
    check.equal("ten people decide nothing", verdict, Impact::Undecided);
    check.equal(
        "an empty group",
        demographic_parity(&[group("a", [1, 1, 1, 1]), group("b", [0; 4])], LEVEL).unwrap_err(),
        NotComputable::ZeroDenominator,
    );

    let table = Table::own("compas_counts.csv");
    let (race, decile) = (table.text("race"), table.numbers("decile_score"));
    let (came, n) = (table.numbers("two_year_recid"), table.numbers("n"));
    let names = ["African-American", "Caucasian"];
    let counts: Vec<Vec<(i64, u64, u64)>> = names
        .iter()
        .map(|name| {
            (0..race.len())
                .filter(|&i| race[i] == *name)
                .map(|i| (decile[i] as i64, if came[i] > 0.5 { n[i] as u64 } else { 0 }, n[i] as u64))
                .collect()
        })
        .collect();
    for band in calibration_by_group(&counts, LEVEL).unwrap() {
        for (name, observed) in names.iter().zip(&band.observed) {
            let at = format!("/calib_by_decile/{name}/{}", band.band);
            check.at(&oracle, &at, observed.as_ref().unwrap().point, CLOSED);
        }
    }
    for name in names {
        let (mut score, mut outcome) = (Vec::new(), Vec::new());
        for i in (0..race.len()).filter(|&i| race[i] == name) {
            for _ in 0..n[i] as usize {
                score.push(decile[i]);
                outcome.push(came[i] > 0.5);
            }
        }
        let area = kepi_stats::prediction::auc::auc(&score, &outcome, LEVEL).unwrap();
        check.at(&oracle, &format!("/auc_by_group/{name}"), area.point, CLOSED);
    }
}
