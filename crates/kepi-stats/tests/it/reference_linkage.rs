//! Linkage against jellyfish, recordlinkage and Splink.

use std::collections::BTreeMap;

use kepi_stats::linkage::clusters::Clusters;
use kepi_stats::linkage::comparators::{Agreement, Comparator, agreement};
use kepi_stats::linkage::fellegi_sunter::{Fixed, Level, Model, Pattern, TermFrequencies};
use proptest::prelude::*;

use crate::support::{CLOSED, Check, Oracle, Table};

pub fn values(check: &mut Check) {
    let oracle = Oracle::open("08_linkage");
    for (a, b) in [
        ("MARTHA", "MARHTA"),
        ("DWAYNE", "DUANE"),
        ("DIXON", "DICKSONX"),
        ("JELLYFISH", "SMELLYFISH"),
        ("CRATE", "TRACE"),
        ("JONES", "JOHNSON"),
        ("ABROMS", "ABRAMS"),
        ("SHACKLEFORD", "SHACKELFORD"),
        ("DUNNINGHAM", "CUNNIGHAM"),
        ("NICHLESON", "NICHULSON"),
        ("MASSEY", "MASSIE"),
        ("ITMAN", "SMITH"),
        ("JERALDINE", "GERALDINE"),
    ] {
        let got = [Comparator::Jaro.similarity(a, b), Comparator::JaroWinkler.similarity(a, b)];
        check.all_at(&oracle, &format!("/jaro_winkler/{a}|{b}"), &got, CLOSED);
    }
    let edits = Comparator::Levenshtein.distance("kitten", "sitting");
    check.at(&oracle, "/levenshtein/kitten|sitting", edits as f64, CLOSED);
    check.at(&oracle, "/damerau/CA|ABC", Comparator::Damerau.distance("CA", "ABC") as f64, CLOSED);
    check.equal("alignment is no metric", Comparator::OptimalAlignment.distance("CA", "ABC"), 3);
    check.equal("both empty", Comparator::Levenshtein.similarity("", ""), 1.0);
    febrl(check, &oracle, &Table::own("febrl4_gamma_patterns.csv"));
    splink(check, &Table::own("fake_1000.csv"));
    let links = [(4, 2, 0.9), (2, 7, 0.6), (1, 0, 0.4)];
    let labels = Clusters::from_links(8, &links, 0.5).unwrap().labels();
    check.equal("clusters", labels, vec![0, 1, 2, 3, 2, 5, 6, 2]);
    check.equal("a link to nowhere", Clusters::from_links(3, &[(0, 3, 1.0)], 0.5).is_err(), true);
    check.equal("one level", Model::start(&[1], 0.1, 0.9).is_err(), true);
}

fn febrl(check: &mut Check, oracle: &Oracle, table: &Table) {
    let fields = ["surname", "dob", "suburb", "state", "addr"];
    let columns: Vec<Vec<f64>> = fields.iter().map(|f| table.numbers(f)).collect();
    let (n, true_matches) = (table.numbers("n"), table.numbers("n_true"));
    let pattern = |i: usize| -> Pattern { columns.iter().map(|c| Some(u8::from(c[i] < 0.5))).collect() };
    let counts: BTreeMap<Pattern, f64> = (0..n.len()).map(|i| (pattern(i), n[i])).collect();
    let learnt = Model::start(&[2; 5], 0.1, 0.9).unwrap().learn(&counts, Fixed::Nothing).unwrap();
    let model = &learnt.model;
    check.at(oracle, "/em_own_febrl4/p", model.match_share, CLOSED);
    for (field, name) in model.fields.iter().zip(fields) {
        check.at(oracle, &format!("/em_own_febrl4/m/{name}"), field[0].m, CLOSED);
        check.at(oracle, &format!("/em_own_febrl4/u/{name}"), field[0].u, 1e-8);
        check.at(oracle, &format!("/em_own_febrl4/log2_bayes_factor_agree/{name}"), field[0].bits(), CLOSED);
        check.at(oracle, &format!("/em_own_febrl4/log2_bf_disagree/{name}"), field[1].bits(), CLOSED);
        // recordlinkage stops its search at 1e-4.
        check.at(oracle, &format!("/ecm_febrl4/m/{name}"), field[0].m, 1e-4);
    }
    check.says("linkage", &format!("share of matches is {:.4}", model.match_share));
    check.says("linkage", &format!("the surname is worth {:.1} bits", model.fields[0][0].bits()));
    let (mut hits, mut found, mut total) = (0.0, 0.0, 0.0);
    for i in 0..n.len() {
        total += true_matches[i];
        if model.probability(model.bits(&pattern(i)).unwrap()) > 0.5 {
            hits += true_matches[i];
            found += n[i];
        }
    }
    check.at(oracle, "/em_own_febrl4/precision", hits / found, CLOSED);
    check.at(oracle, "/em_own_febrl4/recall_in_block", hits / total, CLOSED);
}

/// Splink's published parameters applied to its demonstration data must give its numbers of links.
fn splink(check: &mut Check, table: &Table) {
    let oracle = Oracle::open("09_splink");
    let names = ["first_name", "surname", "dob", "city", "email"];
    let jaro = |t: f64| Agreement::AtLeast(Comparator::JaroWinkler, t);
    let edits = |n: usize| Agreement::Within(Comparator::Levenshtein, n);
    let levels: [Vec<Agreement>; 5] = [
        vec![Agreement::Exact, jaro(0.9), jaro(0.7)],
        vec![Agreement::Exact, jaro(0.9), jaro(0.7)],
        vec![Agreement::Exact, edits(1), edits(2)],
        vec![Agreement::Exact],
        vec![Agreement::Exact, edits(2)],
    ];
    let fields: Vec<Vec<Level>> = names
        .iter()
        .zip(&levels)
        .map(|(name, levels)| {
            (0..=levels.len())
                .map(|i| {
                    let at =
                        |what: &str| oracle.number(&format!("/params/{name}/{}/{what}_probability", i + 1));
                    Level { m: at("m"), u: at("u") }
                })
                .collect()
        })
        .collect();
    let model = Model { match_share: oracle.number("/prob_two_random_match"), fields };
    let columns: Vec<Vec<String>> = names.iter().map(|n| table.text(n)).collect();
    let cell = |field: usize, row: usize| Some(columns[field][row].as_str()).filter(|v| !v.is_empty());
    let cluster = table.text("cluster");
    let rows = cluster.len();
    let cities = TermFrequencies::count((0..rows).map(|i| cell(3, i)));
    let (mut links, mut candidates) = (Vec::new(), 0);
    for a in 0..rows {
        for b in a + 1..rows {
            let blocked = [0, 1, 2, 4].iter().any(|&f| cell(f, a).is_some() && cell(f, a) == cell(f, b));
            if !blocked {
                continue;
            }
            let pattern: Pattern = (0..5).map(|f| agreement(&levels[f], cell(f, a), cell(f, b))).collect();
            let mut bits = model.bits(&pattern).unwrap();
            if pattern[3] == Some(0) {
                bits += cities.bits(cell(3, a).unwrap(), &model.fields[3][0]);
            }
            let p = model.probability(bits);
            candidates += usize::from(p > 0.01);
            links.push((p, cluster[a] == cluster[b]));
        }
    }
    check.at(&oracle, "/candidate_pairs_p>0.01", candidates as f64, CLOSED);
    let truth = oracle.number("/true_pairs");
    for threshold in ["0.5", "0.9", "0.95", "0.99"] {
        let least: f64 = threshold.parse().unwrap();
        let chosen: Vec<bool> = links.iter().filter(|l| l.0 >= least).map(|l| l.1).collect();
        let hits = chosen.iter().filter(|t| **t).count() as f64;
        let (precision, recall) = (hits / chosen.len() as f64, hits / truth);
        let at = |what: &str| format!("/p>={threshold}/{what}");
        let links = format!("{},{:03}", chosen.len() / 1000, chosen.len() % 1000);
        match threshold {
            "0.5" => check.says(
                "linkage",
                &format!("links {links} pairs with precision {precision:.4} and recall {recall:.4}"),
            ),
            "0.99" => {
                check.says("linkage", &format!("at 0.99 precision is {precision} and recall {recall:.3}"))
            }
            _ => {}
        }
        check.at(&oracle, &at("n"), chosen.len() as f64, CLOSED);
        check.at(&oracle, &at("precision"), precision, CLOSED);
        check.at(&oracle, &at("recall"), recall, CLOSED);
        check.at(&oracle, &at("f1"), 2.0 * precision * recall / (precision + recall), CLOSED);
    }
}

proptest! {
    #[test]
    fn distances_are_symmetric_and_bounded(a in "[a-dé]{0,8}", b in "[a-dé]{0,8}", c in "[a-dé]{0,8}") {
        for comparator in [Comparator::Jaro, Comparator::JaroWinkler, Comparator::Levenshtein, Comparator::OptimalAlignment, Comparator::Damerau] {
            let s = comparator.similarity(&a, &b);
            prop_assert!((0.0..=1.0).contains(&s), "{:?} {}", comparator, s);
            prop_assert!((s - comparator.similarity(&b, &a)).abs() < 1e-12);
            prop_assert_eq!(comparator.similarity(&a, &a), 1.0);
        }
        for metric in [Comparator::Levenshtein, Comparator::Damerau] {
            prop_assert!(metric.distance(&a, &c) <= metric.distance(&a, &b) + metric.distance(&b, &c));
        }
        prop_assert!(Comparator::Damerau.distance(&a, &b) <= Comparator::OptimalAlignment.distance(&a, &b));
        prop_assert!(Comparator::OptimalAlignment.distance(&a, &b) <= Comparator::Levenshtein.distance(&a, &b));
    }

    /// Short ASCII strings take a way of their own; `strsim` is the oracle, and lengths cross the border at 64.
    #[test]
    fn short_strings_are_compared_as_long_ones(a in "[ab ]{0,20}|[a-e]{55,70}", b in "[ab ]{0,20}|[a-e]{55,70}") {
        for (a, b) in [(&a, &b), (&b, &a), (&a, &format!("{a}{b}").chars().take(64).collect())] {
            prop_assert_eq!(Comparator::Levenshtein.distance(a, b), strsim::levenshtein(a, b));
            prop_assert!((Comparator::Jaro.similarity(a, b) - strsim::jaro(a, b)).abs() < 1e-15);
            prop_assert!((Comparator::JaroWinkler.similarity(a, b) - strsim::jaro_winkler(a, b)).abs() < 1e-15);
        }
    }

    #[test]
    fn the_order_of_links_is_of_no_account(mut links in prop::collection::vec((0_usize..30, 0_usize..30), 0..40)) {
        let with = |l: &[(usize, usize)]| Clusters::from_links(30, &l.iter().map(|&(a, b)| (a, b, 1.0)).collect::<Vec<_>>(), 0.5).unwrap().labels();
        let there = with(&links);
        links.reverse();
        prop_assert_eq!(there, with(&links));
    }
}
