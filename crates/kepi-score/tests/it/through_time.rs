//! Scores through time: what other weights move, and what they must not.

use kepi_score::{
    linked::linked,
    what_if::{NotSupposable, Place, Supposed, sensitivity, what_if},
};

use super::*;

fn card<'a>(project: &'a Project, values: &'a Planted) -> Card<'a, Planted> {
    Card { project, scorecard: project.scorecards.values().next().unwrap(), values }
}

fn planted(project: &Project, of: Values<'_>) -> Planted {
    let mut planted = Planted::default();
    for (kpi, value) in of {
        planted.plant(kpi, june(project), team(None), *value);
    }
    planted
}

const ALL: Values<'_> = &[("a1", Some(80.0)), ("a2", Some(60.0)), ("b1", Some(40.0)), ("c1", Some(20.0))];

fn whole_unit() -> UnitId {
    "whole".parse().unwrap()
}

/// By hand: a = 0.7 · 90 + 0.3 · 80 = 87, b = 70, c = 60; 0.6 · 87 + 0.4 · 65 = 78.2. With half on each perspective 76; with b1 at
/// 100 as well (b = 100, inner = 80) 83.5.
#[test]
fn what_if_is_as_worked_by_hand() {
    let project = project("{rule: ignore}", "");
    let values = planted(&project, ALL);
    let card = card(&project, &values);
    let supposed = Supposed {
        values: BTreeMap::from([("b1".parse().unwrap(), 100.0)]),
        weights: BTreeMap::from([(Place::Perspective("outer".parse().unwrap()), 5_000)]),
    };
    let found = what_if(&card, Some(&whole_unit()), june(&project), &supposed).unwrap();
    assert_eq!(found.before.score, Ok(78_200_000));
    assert_eq!(found.after.score, Ok(83_500_000));
    let bridge = found.bridge.unwrap();
    let points: Vec<(&str, &str, i64)> =
        bridge.steps.iter().map(|step| (step.effect.code(), step.kpi.as_str(), step.points)).collect();
    assert_eq!(bridge.steps.iter().map(|step| step.points).sum::<i64>(), 5_300_000);
    assert!(points.contains(&("performance", "b1", 7_500_000)), "{points:?}");
    let weights: Vec<(&str, u32, u32)> =
        found.weights.iter().map(|(place, a, b)| (place.id(), *a, *b)).collect();
    assert_eq!(weights, [("outer", 6_000, 5_000), ("inner", 4_000, 5_000)]);
}

#[test]
fn weights_that_cannot_be_are_refused() {
    let project = project("{rule: ignore}", "");
    let values = planted(&project, ALL);
    let card = card(&project, &values);
    let ask = |weights: &[(Place, u32)]| {
        let supposed = Supposed { weights: weights.iter().cloned().collect(), ..Supposed::default() };
        what_if(&card, Some(&whole_unit()), june(&project), &supposed).map(|_| ()).unwrap_err()
    };
    let kpi = |id: &str, weight| (Place::Kpi(id.parse().unwrap()), weight);
    assert_eq!(ask(&[kpi("a1", 7_000), kpi("a2", 4_000)]), NotSupposable::TooMuch { place: "a1".to_owned() });
    assert_eq!(ask(&[kpi("b1", 9_000)]), NotSupposable::TooLittle { place: "b1".to_owned() });
}

/// One and two swap places where a1 weighs as much as a2: one has 90 and 50, two has 70 and 80 (scores 95, 75; 85, 90).
#[test]
fn a_weight_stays_within_the_order_of_units() {
    let cascade = "cascade: {match: {team: team}}\n";
    let project = project("{rule: ignore}", cascade);
    let mut values = planted(&project, ALL);
    for (unit, of) in [("one", [90.0, 50.0, 40.0, 20.0]), ("two", [70.0, 80.0, 40.0, 20.0])] {
        for (kpi, value) in ["a1", "a2", "b1", "c1"].into_iter().zip(of) {
            values.plant(kpi, june(&project), team(Some(unit)), Some(value));
        }
    }
    let card = card(&project, &values);
    let all = sensitivity(&card, Some(&whole_unit()), june(&project)).unwrap();
    let of = |id: &str| all.iter().find(|of| of.place.id() == id).unwrap();
    // One: 95w + 75(1 − w); two: 85w + 90(1 − w). Equal at w = 0.6; there the first stays first.
    assert_eq!(of("a1").same_order, Some((6_000, 10_000)));
    // 0.6 · (0.75 · 90 + 0.25 · 80 − 87) = 0.3
    assert_eq!((of("a1").more, of("a1").less), (Some(300_000), Some(-300_000)));
    assert_eq!(of("b1").same_order, Some((10_000, 10_000)));
}

fn dated(weights: &[[u32; 3]; 2]) -> Project {
    let cards = weights.iter().zip(["", "from: 2026-06-01\n"]).map(|([outer, a1, b], from)| {
        let share = |of: u32| format!("{}.{:02}%", of / 100, of % 100);
        let rest = |of: u32| share(10_000 - of);
        format!(
            "---\nscorecard: card\nname: Card\nunit: whole\n{from}period: month\nmissing: {{rule: ignore}}\nperspectives:\n\
             \x20 outer:\n    weight: {}\n    objectives:\n      a: {{weight: 100%, kpis: {{a1: {}, a2: {}}}}}\n\
             \x20 inner:\n    weight: {}\n    objectives:\n      b: {{weight: {}, kpis: {{b1: 100%}}}}\n      c: {{weight: {}, kpis: {{c1: 100%}}}}\n",
            share(*outer), share(*a1), rest(*a1), rest(*outer), share(*b), rest(*b)
        )
    });
    let cards: String = cards.collect();
    let kpi = |id: &str, objective: &str| {
        format!(
            "---\nkpi: {id}\nname: {id}\nobjective: {objective}\nindicator: leading\nbetter: higher\nmeasure:\n  mean: {{of: ticket, value: contacts}}\nperiod: month\n\
             accountable: someone\ntargets:\n  - {{from: 2026-01-01, threshold: 0, target: 100, basis: {{capability: example}}}}\n"
        )
    };
    checked(&format!(
        "project: example\nname: Example\nlanguage: 1\ntime_zone: UTC\n---\nperson: someone\nname: Someone\n---\nunit: whole\nname: Whole\n---\n\
         strategy: plan\nmission: To be useful.\nperspectives:\n  outer: {{name: Outer}}\n  inner: {{name: Inner}}\n\
         objectives:\n  a: {{name: A, perspective: outer}}\n  b: {{name: B, perspective: inner}}\n  c: {{name: C, perspective: inner}}\n{}{}{}{}{cards}",
        kpi("a1", "a"),
        kpi("a2", "a"),
        kpi("b1", "b"),
        kpi("c1", "c"),
    ))
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, ..ProptestConfig::default() })]

    /// The linked index moves by performance alone: by exactly zero where values stay, whatever becomes of the weights.
    #[test]
    fn a_pure_reweighting_moves_the_linked_index_by_exactly_zero(
        weights in proptest::array::uniform2(proptest::array::uniform3(1_u32..10_000)),
        before in proptest::array::uniform4(proptest::option::weighted(0.9, 0_u32..1_000)),
        after in proptest::array::uniform4(0_u32..1_000),
        moves in any::<bool>(),
    ) {
        let project = dated(&weights);
        let (may, june) = (june(&project).offset(-1), june(&project));
        let mut values = Planted::default();
        for (at, kpi) in ["a1", "a2", "b1", "c1"].into_iter().enumerate() {
            let value = before[at].map(|v| f64::from(v) / 10.0);
            values.plant(kpi, may, team(None), value);
            let value = if moves && value.is_some() { Some(f64::from(after[at]) / 10.0) } else { value };
            values.plant(kpi, june, team(None), value);
        }
        let card = card(&project, &values);
        let all = linked(&card, Some(&whole_unit()), june);
        if let [then, now] = all.as_slice() {
            prop_assert_eq!(then.index, then.score);
            let bridge = card.bridge(Some(&whole_unit()), june, &card.tree(Some(&whole_unit()), june)).unwrap();
            let steps: i64 = bridge.steps.iter().map(|step| step.points).sum();
            prop_assert_eq!(steps, now.score - then.score);
            if moves {
                let other: i64 = bridge.steps.iter().filter(|s| s.effect.code() != "performance").map(|s| s.points).sum();
                prop_assert_eq!(now.index - then.index, now.score - then.score - other);
            } else {
                prop_assert_eq!(now.index, then.index);
            }
        } else {
            prop_assert!(before.iter().all(Option::is_none), "{:?}", all);
        }
    }
}
