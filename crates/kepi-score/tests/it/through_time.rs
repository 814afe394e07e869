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
        values: BTreeMap::from([(("b1".parse().unwrap(), Segment::total()), 100.0)]),
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
    let weights: Vec<_> = found.weights.iter().map(|(place, a, b)| (place.id(), *a, *b)).collect();
    assert_eq!(weights, [("outer".to_owned(), 6_000, 5_000), ("inner".to_owned(), 4_000, 5_000)]);
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
    let kpi = |id: &str, weight| (Place::Kpi(id.parse().unwrap(), Segment::total()), weight);
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

/// Teams alpha and beta in the north, gamma in the south; alpha moves to the south within June.
fn regions(value: &str, as_of: &str) -> Project {
    let team = |id: &str, from: &str, above: &str| {
        format!("unit: {id}\n{from}name: {id}\nlevel: team\nparent: {above}\n---\n")
    };
    checked(&format!(
        "project: example\nname: Example\nlanguage: 1\ntime_zone: UTC\n---\nunit: house\nname: House\n---\n\
         unit: north\nname: North\nlevel: region\nparent: house\n---\nunit: south\nname: South\nlevel: region\nparent: house\n---\n\
         {}{}{}{}\
         strategy: plan\nmission: To be useful.\nperspectives:\n  outer: {{name: Outer}}\nobjectives:\n  a: {{name: A, perspective: outer}}\n---\n\
         kpi: k\nname: K\nobjective: a\nbetter: higher\nmeasure:\n  mean: {{of: ticket, value: contacts}}\nperiod: month\n\
         by: {{team: channel, region: \"unit_above(channel, 'team', 'region', opened_at)\"}}\n\
         targets:\n  - {{from: 2026-01-01, threshold: 0, target: 100, basis: {{capability: example}}}}\n---\n\
         scorecard: card\nname: Card\nunit: house\nperiod: month\nmissing: {{rule: ignore}}\nperspectives:\n  outer:\n    weight: 100%\n    \
         objectives:\n      a: {{weight: 100%, kpis: {{k: 100%}}}}\n\
         cascade: {{match: {{team: team, region: region}}, value: {value}, as_of: {as_of}}}\n",
        team("alpha", "", "north"),
        team("alpha", "from: 2026-06-15\n", "south"),
        team("beta", "", "north"),
        team("gamma", "", "south"),
    ))
}

/// All scores by unit; the values of May and June are the same: alpha 80, beta 40, gamma 20, which score 90, 70 and 60. By their rows
/// (as many each) the north has 60 and then 40, the south 20 and then 50, the whole 46⅔ (here 46, which scores 73).
fn scores_of(project: &Project, month: &str) -> BTreeMap<String, i64> {
    let mut values = Planted::default();
    for (month, north, south) in [("2026-05", 60.0, 20.0), ("2026-06", 40.0, 50.0)] {
        let period = project.calendar.parse(month).unwrap();
        for (member, value) in [("alpha", 80.0), ("beta", 40.0), ("gamma", 20.0)] {
            values.plant("k", period, team(Some(member)), Some(value));
        }
        for (member, value) in [("North", north), ("South", south)] {
            values.plant("k", period, Segment::one("region".parse().unwrap(), member), Some(value));
        }
        values.plant("k", period, Segment::total(), Some(46.0));
    }
    let period = project.calendar.parse(month).unwrap();
    let scores = card(project, &values).scores(period);
    scores.into_iter().map(|of| (of.unit.unwrap().to_string(), of.score.unwrap() / 10_000)).collect()
}

fn points(all: &BTreeMap<String, i64>) -> [i64; 3] {
    ["house", "north", "south"].map(|unit| all[unit])
}

#[test]
fn a_team_that_moves_takes_its_score_along_from_its_day_on() {
    let then = regions("average_of_children", "period");
    assert_eq!(points(&scores_of(&then, "2026-05")), [70_00, 80_00, 60_00]);
    assert_eq!(points(&scores_of(&then, "2026-06")), [72_50, 70_00, 75_00]);
    let now = regions("average_of_children", "now");
    for month in ["2026-05", "2026-06"] {
        assert_eq!(points(&scores_of(&now, month)), [72_50, 70_00, 75_00], "as now, {month}");
    }
    assert_ne!(then.scorecards.values().next().unwrap().hash, now.scorecards.values().next().unwrap().hash);
}

#[test]
fn a_team_that_moves_moves_nothing_above_both_regions() {
    let project = regions("recompute", "period");
    let (may, june) = (scores_of(&project, "2026-05"), scores_of(&project, "2026-06"));
    assert_eq!(points(&may), [73_00, 80_00, 60_00]);
    assert_eq!(points(&june), [73_00, 70_00, 75_00], "the whole has the same rows, whoever they belong to");
}

#[test]
fn units_lie_below_those_of_their_time() {
    let project = regions("recompute", "period");
    let values = Planted::default();
    let card = card(&project, &values);
    let listed = |month| -> Vec<String> {
        let units = card.units(project.calendar.parse(month).unwrap());
        units.into_iter().map(|(unit, depth)| format!("{depth} {}", unit.unwrap())).collect()
    };
    assert_eq!(listed("2026-05"), ["0 house", "1 north", "2 alpha", "2 beta", "1 south", "2 gamma"]);
    assert_eq!(listed("2026-06"), ["0 house", "1 north", "2 beta", "1 south", "2 alpha", "2 gamma"]);
}

/// A matrix: the cell stands below the north and below the cloud, and counts in the mean of both.
#[test]
fn a_unit_of_a_matrix_counts_for_both_lines() {
    let unit = |id: &str, level: &str, more: &str| {
        format!("unit: {id}\nname: {id}\nlevel: {level}\nparent: {more}\n---\n")
    };
    let units = [
        unit("north", "region", "house"),
        unit("cloud", "product", "house"),
        unit("cell", "cell", "north\nalso_below: [cloud]"),
        unit("alone", "cell", "north"),
        unit("other", "cell", "cloud"),
    ];
    let text = format!(
        "project: example\nname: Example\nlanguage: 1\ntime_zone: UTC\n---\nunit: house\nname: House\n---\n{}\
         strategy: plan\nmission: To be useful.\nperspectives:\n  outer: {{name: Outer}}\nobjectives:\n  a: {{name: A, perspective: outer}}\n---\n\
         kpi: k\nname: K\nobjective: a\nbetter: higher\nmeasure:\n  mean: {{of: ticket, value: contacts}}\nperiod: month\nby: {{cell: channel}}\n\
         targets:\n  - {{from: 2026-01-01, threshold: 0, target: 100, basis: {{capability: example}}}}\n---\n\
         scorecard: card\nname: Card\nunit: cloud\nperiod: month\nmissing: {{rule: ignore}}\nperspectives:\n  outer:\n    weight: 100%\n    \
         objectives:\n      a: {{weight: 100%, kpis: {{k: 100%}}}}\ncascade: {{match: {{cell: cell}}, value: average_of_children}}\n",
        units.concat()
    );
    for (unit, mean) in [("cloud", 65_000_000), ("north", 85_000_000)] {
        let project = checked(&text.replace("unit: cloud\nperiod", &format!("unit: {unit}\nperiod")));
        let mut values = Planted::default();
        for (cell, value) in [("cell", 60.0), ("alone", 80.0), ("other", 0.0)] {
            values.plant("k", june(&project), Segment::one("cell".parse().unwrap(), cell), Some(value));
        }
        let card = card(&project, &values);
        assert_eq!(card.tree(Some(&unit.parse().unwrap()), june(&project)).score, Ok(mean), "{unit}");
    }
}
