//! Linkage at its edges, with models whose answer is planted.

use std::collections::BTreeMap;

use kepi_stats::estimate::NotComputable;
use kepi_stats::linkage::clusters::Clusters;
use kepi_stats::linkage::comparators::{Agreement, Comparator, agreement};
use kepi_stats::linkage::fellegi_sunter::{Fixed, Level, Model, Pattern, TermFrequencies};

fn close(got: f64, want: f64, relative: f64) {
    assert!((got - want).abs() <= relative * want.abs(), "{got} instead of {want}");
}

/// Two fields of two levels and one of three.
fn planted() -> Model {
    let field = |m: &[f64], u: &[f64]| m.iter().zip(u).map(|(&m, &u)| Level { m, u }).collect();
    Model {
        match_share: 0.2,
        fields: vec![
            field(&[0.9, 0.1], &[0.2, 0.8]),
            field(&[0.8, 0.2], &[0.1, 0.9]),
            field(&[0.7, 0.2, 0.1], &[0.05, 0.25, 0.7]),
        ],
    }
}

fn chance(model: &Model, pattern: &Pattern) -> (f64, f64) {
    let product = |of: fn(&Level) -> f64| -> f64 {
        let seen = model.fields.iter().zip(pattern).filter_map(|(f, l)| l.map(|l| of(&f[usize::from(l)])));
        seen.product()
    };
    (model.match_share * product(|l| l.m), (1.0 - model.match_share) * product(|l| l.u))
}

/// All patterns with the counts the model expects of ten thousand pairs, a tenth of them without the last field.
fn expected(model: &Model) -> BTreeMap<Pattern, f64> {
    let mut counts = BTreeMap::new();
    for (a, b) in [(0, 0), (0, 1), (1, 0), (1, 1)] {
        for (last, share) in [(Some(0), 0.9), (Some(1), 0.9), (Some(2), 0.9), (None, 0.1)] {
            let pattern = vec![Some(a), Some(b), last];
            let (matched, not) = chance(model, &pattern);
            counts.insert(pattern, 10_000.0 * share * (matched + not));
        }
    }
    counts
}

/// Counts that a model expects are best explained by that model.
#[test]
fn learning_finds_the_planted_model() {
    let truth = planted();
    let counts = expected(&truth);
    let learnt = Model::start(&[2, 2, 3], 0.1, 0.9).unwrap().learn(&counts, Fixed::Nothing).unwrap();
    close(learnt.model.match_share, truth.match_share, 1e-9);
    for (got, want) in learnt.model.fields.iter().flatten().zip(truth.fields.iter().flatten()) {
        close(got.m, want.m, 1e-9);
        close(got.u, want.u, 1e-9);
    }
    // The likelihood of patterns is that of the mixture.
    let direct: f64 = counts.iter().map(|(p, n)| n * (chance(&truth, p).0 + chance(&truth, p).1).ln()).sum();
    close(learnt.log_likelihood, direct, 1e-12);
    assert!(learnt.iterations > 3);

    // With chances among non-matches fixed at the truth, they stay to the bit and the rest is found again.
    let mut start = planted();
    start.match_share = 0.4;
    start.fields.iter_mut().flatten().for_each(|l| l.m = 0.5 * (l.m + l.u));
    let fixed = start.learn(&counts, Fixed::NonMatches).unwrap().model;
    for (got, want) in fixed.fields.iter().flatten().zip(truth.fields.iter().flatten()) {
        assert_eq!(got.u, want.u);
        close(got.m, want.m, 1e-9);
    }
}

/// A level nobody reaches keeps a trace of probability; a field nobody filled keeps what it started with.
#[test]
fn learning_keeps_away_from_certainty() {
    let truth = planted();
    let counts: BTreeMap<Pattern, f64> = expected(&truth)
        .into_iter()
        .filter(|(p, _)| p[2].is_some())
        .map(|(mut p, n)| {
            p.extend([None, Some(0)]);
            (p, n)
        })
        .collect();
    let start = Model::start(&[2, 2, 3, 2, 2], 0.1, 0.9).unwrap();
    let learnt = start.learn(&counts, Fixed::Nothing).unwrap().model;
    close(learnt.match_share, 0.2, 1e-9);
    assert_eq!(learnt.fields[3], start.fields[3]);
    // Nothing but agreement, which non-matches rarely show: all are matches, as far as can be said.
    let agreeing = BTreeMap::from([(vec![Some(0), Some(0), Some(0)], 50.0)]);
    assert_eq!(truth.learn(&agreeing, Fixed::NonMatches).unwrap().model.match_share, 1.0 - 1e-12);
    assert_eq!(
        learnt.fields[4],
        vec![Level { m: 1.0 - 1e-12, u: 1.0 - 1e-12 }, Level { m: 1e-12, u: 1e-12 }]
    );
}

#[test]
fn learning_refuses_what_is_not_there() {
    let model = planted();
    let of = |pattern: Pattern, n: f64| model.learn(&BTreeMap::from([(pattern, n)]), Fixed::Nothing);
    let all = vec![Some(0), Some(0), Some(0)];
    assert_eq!(model.learn(&BTreeMap::new(), Fixed::Nothing), Err(NotComputable::NoRows));
    for n in [0.0, -1.0, f64::NAN] {
        assert_eq!(of(all.clone(), n), Err(NotComputable::NoRows), "{n}");
    }
    for pattern in [vec![Some(0), Some(0)], vec![Some(0), Some(0), Some(3)], vec![Some(2), Some(0), Some(0)]]
    {
        assert!(matches!(of(pattern, 5.0), Err(NotComputable::Invalid(_))));
    }
}

/// By hand: agreement worth log₂ 4.5 and log₂ 8, disagreement log₂ ⅛; prior odds of a quarter.
#[test]
fn evidence_adds_up() {
    let model = planted();
    let scorer = model.scorer();
    let both = |pattern: &[Option<u8>]| {
        let bits = model.bits(pattern).unwrap();
        assert_eq!(scorer.bits(pattern), Ok(bits));
        assert_eq!(scorer.probability(bits), model.probability(bits));
        (bits, model.probability(bits))
    };
    let (bits, probability) = both(&[Some(0), Some(0), None]);
    close(bits, 36.0_f64.log2(), 1e-14);
    close(probability, 9.0 / 10.0, 1e-14);
    let (bits, probability) = both(&[Some(1), None, None]);
    close(bits, -3.0, 1e-14);
    close(probability, 1.0 / 33.0, 1e-14);
    assert_eq!(both(&[None, None, None]).0, 0.0);
    close(both(&[None, None, None]).1, 0.2, 1e-15);
    assert!(scorer.bits(&[Some(0)]).is_err() && scorer.bits(&[None, None, Some(3)]).is_err());
    close(Level { m: 0.9, u: 0.2 }.bits(), 4.5_f64.log2(), 1e-15);
}

#[test]
fn a_start_spreads_what_is_left() {
    let model = Model::start(&[3, 2], 0.1, 0.9).unwrap();
    let of = |i: usize| model.fields[i].iter().map(|l| (l.m, l.u)).collect::<Vec<_>>();
    for (got, want) in of(0).iter().zip([(0.9, 0.1), (0.05, 0.45), (0.05, 0.45)]) {
        close(got.0, want.0, 1e-14);
        close(got.1, want.1, 1e-14);
    }
    close(of(1)[1].1, 0.9, 1e-14);
    for p in [0.0, 1.0, -0.1, 1.1, f64::NAN] {
        assert!(Model::start(&[2], p, 0.9).is_err() && Model::start(&[2], 0.1, p).is_err(), "{p}");
    }
    assert!(Model::start(&[2, 1], 0.1, 0.9).is_err());
}

#[test]
fn rare_values_say_more() {
    let names = ["smith", "smith", "smith", "zoe"].map(Some);
    let terms = TermFrequencies::count(names.into_iter().chain([None]));
    assert_eq!((terms.share("smith"), terms.share("zoe"), terms.share("x")), (Some(0.75), Some(0.25), None));
    let exact = Level { m: 0.9, u: 0.5 };
    close(terms.bits("zoe", &exact), 1.0, 1e-15);
    close(terms.bits("smith", &exact), (2.0_f64 / 3.0).log2(), 1e-15);
    assert_eq!(terms.bits("x", &exact), 0.0);
}

/// Winkler (1990): MARTHA and MARHTA are alike by 0.944 (Jaro) and 0.961 (Jaro–Winkler), two edits apart, one with
/// transpositions.
#[test]
fn the_first_level_reached_counts() {
    let at = |levels: &[Agreement]| agreement(levels, Some("MARTHA"), Some("MARHTA"));
    let jaro = |t| Agreement::AtLeast(Comparator::Jaro, t);
    let winkler = |t| Agreement::AtLeast(Comparator::JaroWinkler, t);
    let within = |c, n| Agreement::Within(c, n);
    assert_eq!(at(&[Agreement::Exact]), Some(1));
    assert_eq!(at(&[Agreement::Exact, winkler(0.97), winkler(0.96)]), Some(2));
    // Comparators may change from level to level.
    assert_eq!(at(&[jaro(0.95), winkler(0.95)]), Some(1));
    assert_eq!(at(&[winkler(0.97), jaro(0.93)]), Some(1));
    assert_eq!(at(&[within(Comparator::Levenshtein, 1), within(Comparator::Damerau, 1)]), Some(1));
    assert_eq!(at(&[within(Comparator::Levenshtein, 1), within(Comparator::Levenshtein, 2)]), Some(1));
    assert_eq!(at(&[within(Comparator::Levenshtein, 1), jaro(0.99)]), Some(2));
    assert_eq!(agreement(&[Agreement::Exact], Some("a"), Some("a")), Some(0));
    assert_eq!(agreement(&[Agreement::AtLeast(Comparator::Exact, 1.0)], Some("a"), Some("a")), Some(0));
    assert_eq!(agreement(&[Agreement::Exact], None, Some("a")), None);
    assert_eq!(agreement(&[Agreement::Exact], Some("a"), None), None);
    for c in [Comparator::Exact, Comparator::Jaro, Comparator::JaroWinkler] {
        assert_eq!((c.distance("a", "a"), c.distance("a", "b")), (0, 1));
        assert_eq!((c.similarity("a", "a"), c.similarity("a", "b")), (1.0, 0.0));
    }
    // Letters, not bytes: one of four.
    assert_eq!(Comparator::Levenshtein.similarity("Jörg", "Jorg"), 0.75);
    assert_eq!(Comparator::OptimalAlignment.similarity("", "ab"), 0.0);
}

#[test]
fn links_at_the_threshold_count() {
    let labels = |t| Clusters::from_links(4, &[(3, 1, 0.5), (2, 3, 0.4)], t).unwrap().labels();
    assert_eq!(labels(0.5), [0, 1, 2, 1]);
    assert_eq!(labels(0.4), [0, 1, 1, 1]);
    assert_eq!(labels(0.6), [0, 1, 2, 3]);
    for link in [(4, 0, 1.0), (0, 4, 1.0)] {
        assert!(Clusters::from_links(4, &[link], 0.5).is_err());
    }
}
