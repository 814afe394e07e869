//! Ninety real incidents whose cause is known, told by the Poisson scan and by RiskLoc.

use std::collections::{BTreeMap, BTreeSet};

use kepi_stats::decomposition::{
    root_cause::{Leaf, RootCauseOptions, root_causes},
    scan::scan,
};

/// A combination in words: `bitrate=2000,p2p=1`.
type Combination = BTreeSet<String>;

struct Incident {
    leaves: Vec<Leaf>,
    /// By dimension its name and its elements.
    words: Vec<(String, Vec<String>)>,
    causes: BTreeSet<Combination>,
}

impl Incident {
    fn words(&self, elements: &[(usize, u32)]) -> Combination {
        let word = |(at, element): &(usize, u32)| {
            let (name, members) = &self.words[*at];
            format!("{name}={}", members[*element as usize])
        };
        elements.iter().map(word).collect()
    }
}

/// Events that were forecast of a leaf: all that came, by the share of the four minutes before, drawn to that of the whole as if twenty more had been.
fn incidents() -> Vec<Incident> {
    let text = include_str!("data/robustspot.txt");
    let mut all: Vec<Incident> = Vec::new();
    let mut share = 0.0;
    for line in text.lines().filter(|line| !line.starts_with('#')) {
        if let Some(head) = line.strip_prefix("case ") {
            let [_, dimensions, causes, before] = head.split('|').collect::<Vec<_>>()[..] else {
                panic!("{line}")
            };
            let (bad, whole) = before.split_once(' ').unwrap();
            share = bad.parse::<f64>().unwrap() / whole.parse::<f64>().unwrap().max(1.0);
            let causes = causes.split(' ').map(|of| of.split(',').map(str::to_owned).collect()).collect();
            let words = dimensions.split(',').map(|name| (name.to_owned(), Vec::new())).collect();
            all.push(Incident { leaves: Vec::new(), words, causes });
            continue;
        }
        let incident = all.last_mut().unwrap();
        let fields: Vec<&str> = line.split(' ').collect();
        let (members, counts) = fields.split_at(incident.words.len());
        let element = |((_, known), member): (&mut (String, Vec<String>), &&str)| {
            let place = known.iter().position(|of| of == member).unwrap_or_else(|| {
                known.push((*member).to_owned());
                known.len() - 1
            });
            u32::try_from(place).unwrap()
        };
        let elements = incident.words.iter_mut().zip(members).map(element).collect();
        let [bad, whole, bad_before, before] =
            counts.iter().map(|n| n.parse().unwrap()).collect::<Vec<f64>>()[..]
        else {
            panic!("{line}")
        };
        let forecast = whole * (bad_before + 20.0 * share) / (before + 20.0);
        incident.leaves.push(Leaf { elements, forecast, actual: bad });
    }
    all
}

/// How often exactly the causes were told, and the harmonic mean of how many of them were told and how many told ones are causes.
fn scored(told: impl Fn(&Incident) -> BTreeSet<Combination>) -> (usize, f64) {
    let (mut exact, mut hits, mut wrong, mut missed) = (0, 0, 0, 0);
    for incident in incidents() {
        let told = told(&incident);
        exact += usize::from(told == incident.causes);
        let both = told.intersection(&incident.causes).count();
        hits += both;
        wrong += told.len() - both;
        missed += incident.causes.len() - both;
    }
    (exact, 2.0 * hits as f64 / (2 * hits + wrong + missed) as f64)
}

#[test]
fn real_incidents_are_located_in_half_of_ninety_cases() {
    let by_scan = scored(|of| scan(&of.leaves).unwrap().iter().map(|l| of.words(&l.elements)).collect());
    let by_risk = scored(|of| {
        let found = root_causes(&of.leaves, RootCauseOptions::default()).unwrap_or_default();
        found.iter().map(|cause| of.words(&cause.elements)).collect()
    });
    eprintln!("scan {by_scan:?}, RiskLoc {by_risk:?}");
    assert!(by_scan.0 >= 50 && by_scan.1 >= 0.58, "{by_scan:?}");
    assert!(by_scan.0 > by_risk.0 && by_scan.1 > by_risk.1, "{by_risk:?}");
}

#[test]
fn a_planted_combination_is_told_whatever_the_order_and_a_whole_that_moves_is_not_divided() {
    let leaf = |a, b, actual| Leaf { elements: vec![a, b], forecast: 100.0, actual };
    let mut leaves: Vec<Leaf> = (0..4).flat_map(|a| (0..3).map(move |b| leaf(a, b, 100.0))).collect();
    leaves[5] = leaf(1, 2, 300.0);
    let told = scan(&leaves).unwrap();
    assert_eq!(told.iter().map(|l| l.elements.clone()).collect::<Vec<_>>(), [vec![(0, 1), (1, 2)]]);
    assert!((told[0].inside - 3.0).abs() < 1e-12 && (told[0].outside - 1.0).abs() < 1e-12);
    leaves.reverse();
    assert_eq!(scan(&leaves).unwrap(), told);
    // All of one element, of which both leaves and the element itself would do: the fewest names.
    let all: Vec<Leaf> =
        (0..4).flat_map(|a| (0..3).map(move |b| leaf(a, b, if a == 2 { 40.0 } else { 100.0 }))).collect();
    let told: BTreeMap<Vec<(usize, u32)>, f64> =
        scan(&all).unwrap().into_iter().map(|l| (l.elements, l.inside)).collect();
    assert_eq!(told.into_iter().collect::<Vec<_>>(), [(vec![(0, 2)], 0.4)]);
    let everywhere: Vec<Leaf> = (0..4).flat_map(|a| (0..3).map(move |b| leaf(a, b, 150.0))).collect();
    assert_eq!(scan(&everywhere).unwrap(), []);
    assert!(scan(&[]).is_err() && scan(&[leaf(0, 0, -1.0)]).is_err());
}
