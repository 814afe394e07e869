//! What moved a score: every effect worked out on paper, and what holds whatever the values.

use std::collections::BTreeMap;

use kepi_model::{
    calendar::Period,
    id::{KpiId, UnitId},
    project::{Project, Target},
};
use kepi_query::value::Segment;
use kepi_score::{
    MICRO,
    bridge::{self, Bridge, Effect, bridge},
    card::Card,
    tree::{NodeId, ScoreNode},
};
use proptest::prelude::*;

use crate::{Planted, june, team};

/// Two perspectives with two KPIs each, scored 50 at 0 and 100 at 100 (a value scores 50 + value / 2); of `a2` from June on
/// 100 only at `june_target`. Weights are those of the perspectives and of the KPIs of each.
struct Draft<'d> {
    missing: &'d str,
    weights: [u32; 6],
    june_target: u32,
    units: &'d str,
}

impl Default for Draft<'_> {
    fn default() -> Self {
        Self {
            missing: "{rule: ignore, minimum_coverage: 0%}",
            weights: [50, 50, 50, 50, 50, 50],
            june_target: 100,
            units: "",
        }
    }
}

impl Draft<'_> {
    fn project(&self) -> Project {
        let kpi = |id: &str, objective: &str| {
            let later = match id {
                "a2" if self.june_target != 100 => format!(
                    "\n  - {{from: 2026-06-01, threshold: 0, target: {}, basis: {{capability: example}}}}",
                    self.june_target
                ),
                _ => String::new(),
            };
            format!(
                "kpi: {id}\nname: {id}\nobjective: {objective}\nindicator: leading\nbetter: higher\n\
                 measure: {{mean: {{of: ticket, value: contacts}}}}\nperiod: month\nby: {{team: channel}}\n\
                 accountable: someone\ntargets:\n  - {{from: 2026-01-01, threshold: 0, target: 100, \
                 basis: {{capability: example}}}}{later}\n---\n"
            )
        };
        let [outer, inner, a1, a2, b1, b2] = self.weights;
        crate::checked(&format!(
            "project: example\nname: Example\nlanguage: 1\ntime_zone: UTC\n---\nperson: someone\nname: Someone\n---\n\
             unit: whole\nname: Whole\n---\n\
             unit: one\nname: One\nlevel: team\nparent: whole\nmember: one\n---\n\
             unit: two\nname: Two\nlevel: team\nparent: whole\nmember: two\n---\n\
             strategy: plan\nmission: To be useful.\nperspectives:\n  outer: {{name: Outer}}\n  inner: {{name: Inner}}\n\
             objectives:\n  a: {{name: A, perspective: outer}}\n  b: {{name: B, perspective: inner}}\n---\n\
             {}{}{}{}\
             scorecard: card\nname: Card\nunit: whole\nperiod: month\nmissing: {}\nperspectives:\n  \
             outer: {{weight: {outer}%, objectives: {{a: {{weight: 100%, kpis: {{a1: {a1}%, a2: {a2}%}}}}}}}}\n  \
             inner: {{weight: {inner}%, objectives: {{b: {{weight: 100%, kpis: {{b1: {b1}%, b2: {b2}%}}}}}}}}\n{}",
            kpi("a1", "a"),
            kpi("a2", "a"),
            kpi("b1", "b"),
            kpi("b2", "b"),
            self.missing,
            self.units,
        ))
    }
}

const KPIS: [&str; 4] = ["a1", "a2", "b1", "b2"];

type Values = [Option<f64>; 4];

fn planted(project: &Project, may: Values, of_june: Values) -> Planted {
    let mut planted = Planted::default();
    for (period, values) in [(june(project).offset(-1), may), (june(project), of_june)] {
        for (kpi, value) in KPIS.into_iter().zip(values) {
            planted.plant(kpi, period, team(None), value);
        }
    }
    planted
}

fn of(project: &Project, values: &Planted) -> Option<Bridge> {
    let scorecard = project.scorecards.values().next().unwrap();
    let card = Card { project, scorecard, values };
    let now = card.tree(scorecard.unit.as_ref(), june(project));
    let found = card.bridge(scorecard.unit.as_ref(), june(project), &now);
    if let Some(found) = &found {
        let total: i64 = found.steps.iter().map(|step| step.points).sum();
        assert_eq!(found.from + total, found.to, "{found:?}");
        let score = |period: Period| card.tree(scorecard.unit.as_ref(), period).score.unwrap();
        let (may, june) = (june(project).offset(-1), june(project));
        assert_eq!((found.from, found.to), (score(may), score(june)));
    }
    found
}

/// Effects with the KPI and its points.
fn shown(found: &Bridge) -> Vec<(Effect, &str, i64)> {
    found.steps.iter().map(|step| (step.effect, step.kpi.as_str(), step.points)).collect()
}

#[test]
fn a_part_that_comes_in_below_those_that_stood_for_it_costs_coverage_and_no_performance() {
    let project = Draft { weights: [50, 50, 100, 0, 100, 0], ..Draft::default() }.project();
    // Of May only b1 is known: 80 points, for all. In June a1 comes in at 60, b1 rises to 90: 75.
    let may = [None, None, Some(60.0), None];
    let values = planted(&project, may, [Some(20.0), None, Some(80.0), None]);
    let found = of(&project, &values).unwrap();
    assert_eq!((found.from, found.to), (80 * MICRO, 75 * MICRO));
    // Half of the weight goes from 80 to 60; b1 rises by 10 at its weight of a half.
    assert_eq!(
        shown(&found),
        [(Effect::Performance, "b1", 5 * MICRO), (Effect::Coverage, "a1", -10 * MICRO)]
    );
    assert_eq!((found.steps[1].before, found.steps[1].after), (None, Some(60 * MICRO)));
    assert_eq!(found.steps[0].part, NodeId::Perspective("inner".parse().unwrap()));
    // The other way round it goes, and what is left stands for it again.
    let values = planted(&project, [Some(20.0), None, Some(80.0), None], may);
    let found = of(&project, &values).unwrap();
    assert_eq!(
        shown(&found),
        [(Effect::Performance, "b1", -10 * MICRO), (Effect::Coverage, "a1", 15 * MICRO)]
    );
}

#[test]
fn another_target_is_told_from_another_value() {
    let project = Draft { june_target: 50, ..Draft::default() }.project();
    // a2 rises from 20 to 30. Against the target of 100 its 20 scored 60; against that of 50 it scores 70, and 30 scores 80.
    let values = planted(
        &project,
        [Some(0.0), Some(20.0), Some(0.0), Some(0.0)],
        [Some(0.0), Some(30.0), Some(0.0), Some(0.0)],
    );
    let found = of(&project, &values).unwrap();
    assert_eq!(shown(&found), [(Effect::Performance, "a2", 2_500_000), (Effect::Targets, "a2", 2_500_000)]);
    assert_eq!((found.steps[0].before, found.steps[0].after), (Some(70 * MICRO), Some(80 * MICRO)));
    assert_eq!((found.steps[1].before, found.steps[1].after), (Some(60 * MICRO), Some(70 * MICRO)));
}

#[test]
fn a_value_by_another_definition_is_no_performance() {
    let project = Draft::default().project();
    let all = |value| [Some(value); 4];
    let mut values = planted(&project, all(0.0), all(40.0));
    values.otherwise = Some(("b2".parse().unwrap(), june(&project).offset(-1)));
    let found = of(&project, &values).unwrap();
    let each = 5 * MICRO;
    assert_eq!(
        shown(&found),
        [
            (Effect::Performance, "a1", each),
            (Effect::Performance, "a2", each),
            (Effect::Performance, "b1", each),
            (Effect::Definition, "b2", each)
        ]
    );
}

#[test]
fn another_weight_brings_what_the_part_is_above_the_whole() {
    let heavy = Draft { weights: [75, 25, 50, 50, 50, 50], ..Draft::default() }.project();
    let even = Draft::default().project();
    // Outer stands at 90, inner at 60: 75 with halves, 82.5 with three quarters of outer.
    let values = planted(&even, [Some(80.0), Some(80.0), Some(20.0), Some(20.0)], [Some(80.0); 4]);
    let tree = |project: &Project| {
        let scorecard = project.scorecards.values().next().unwrap();
        Card { project, scorecard, values: &values }.tree(scorecard.unit.as_ref(), june(project).offset(-1))
    };
    let (before, now) = (tree(&even), tree(&heavy));
    let found = bridge(&before, &now, &Told::default()).unwrap();
    assert_eq!((found.from, found.to), (75 * MICRO, 82_500_000));
    // A quarter more at 15 above the whole, a quarter less at 15 below it; each half of it by either KPI.
    let each = 1_875_000;
    assert_eq!(shown(&found), KPIS.map(|kpi| (Effect::Weights, kpi, each)));
}

#[test]
fn a_missing_part_that_counts_as_nothing_brings_coverage_when_it_comes() {
    let project = Draft { missing: "{rule: worst_case}", ..Draft::default() }.project();
    let may = [Some(0.0), None, Some(0.0), Some(0.0)];
    let found = of(&project, &planted(&project, may, [Some(0.0); 4])).unwrap();
    assert_eq!(shown(&found), [(Effect::Coverage, "a2", 12_500_000)]);
    assert_eq!((found.from, found.to), (37_500_000, 50 * MICRO));
}

#[test]
fn where_units_are_averaged_each_has_its_own_steps() {
    let cascade = "cascade: {match: {team: team}, value: average_of_children, targets: inherit}\n";
    let project = Draft { units: cascade, ..Draft::default() }.project();
    let mut values = Planted::default();
    let june = june(&project);
    for (unit, period, value) in [("one", june.offset(-1), 0.0), ("one", june, 40.0), ("two", june, 0.0)] {
        KPIS.iter().for_each(|kpi| values.plant(kpi, period, team(Some(unit)), Some(value)));
    }
    let found = of(&project, &values).unwrap();
    assert_eq!((found.from, found.to), (50 * MICRO, 60 * MICRO));
    let one: UnitId = "one".parse().unwrap();
    let performance = found.steps.iter().filter(|s| s.effect == Effect::Performance);
    assert!(
        performance.clone().all(|s| s.unit.as_ref() == Some(&one) && s.part == NodeId::Unit(one.clone()))
    );
    assert_eq!(performance.map(|s| s.points).sum::<i64>(), 10 * MICRO);
    // Two comes in at 50, as one stood before.
    assert_eq!(found.steps.iter().filter(|s| s.effect == Effect::Coverage).map(|s| s.points).sum::<i64>(), 0);
}

/// What is known of KPIs beside two trees.
#[derive(Default)]
struct Told {
    rescored: BTreeMap<String, Option<i64>>,
    otherwise: Option<&'static str>,
}

impl bridge::Values for Told {
    fn rescored(&self, kpi: &KpiId, _: Option<&UnitId>, _: &Segment, _: &Target) -> Option<i64> {
        self.rescored[kpi.as_str()]
    }
    fn redefined(&self, kpi: &KpiId, _: Option<&UnitId>, _: &Segment) -> bool {
        self.otherwise == Some(kpi.as_str())
    }
}

fn any_values() -> impl Strategy<Value = Values> {
    // Steps of a tenth, so that equal ones occur; and thirds of a point, so that rounding does.
    let value = prop_oneof![(-50..200i32).prop_map(f64::from), (0..300i32).prop_map(|v| f64::from(v) / 3.0)];
    std::array::from_fn::<_, 4, _>(|_| prop::option::weighted(0.8, value.clone()))
}

fn any_weights() -> impl Strategy<Value = [u32; 6]> {
    (1..100u32, 1..100u32, 1..100u32).prop_map(|(of, a, b)| [of, 100 - of, a, 100 - a, b, 100 - b])
}

/// KPIs by id: entered and own score.
fn scores(tree: &ScoreNode) -> BTreeMap<String, Option<i64>> {
    let kpis = tree.walk().into_iter().filter(|node| matches!(node.id, NodeId::Kpi(_)));
    kpis.map(|node| (node.name.clone(), node.score.as_ref().ok().copied())).collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    #[test]
    fn the_steps_add_up_and_none_contradicts_its_kpi(
        weights in (any_weights(), any_weights()),
        change_weights in any::<bool>(),
        may in any_values(),
        of_june in any_values(),
        june_target in prop_oneof![Just(100u32), 10..300u32],
        missing in prop::sample::select(vec![
            "{rule: ignore, minimum_coverage: 0%}", "{rule: ignore, minimum_coverage: 60%}", "{rule: worst_case}", "{rule: block}",
        ]),
        otherwise in prop::option::of(prop::sample::select(KPIS.to_vec())),
    ) {
        let draft = |weights| Draft { missing, weights, june_target, ..Draft::default() };
        let now = draft(weights.0).project();
        let then = draft(if change_weights { weights.1 } else { weights.0 }).project();
        let (june, values) = (june(&now), planted(&now, may, of_june));
        let card = |project| {
            let project: &Project = project;
            let scorecard = project.scorecards.values().next().unwrap();
            Card { project, scorecard, values: &values }
        };
        let unit = card(&now).scorecard.unit.as_ref();
        let (before, after) = (card(&then).tree(unit, june.offset(-1)), card(&now).tree(unit, june));
        // What the values of May score against the targets of June: those of a June in which nothing has moved.
        let unmoved = planted(&now, may, may);
        let rescored = Card { values: &unmoved, ..card(&now) }.tree(unit, june);
        let (own_before, own_now, own_rescored) = (scores(&before), scores(&after), scores(&rescored));
        let told = Told { rescored: own_rescored.clone(), otherwise };
        let found = bridge(&before, &after, &told);
        prop_assert_eq!(found.is_some(), before.score.is_ok() && after.score.is_ok());
        let Some(found) = found else { return Ok(()) };
        prop_assert_eq!(Ok(found.from), before.score.clone());
        prop_assert_eq!(Ok(found.to), after.score.clone());
        prop_assert_eq!(found.from + found.steps.iter().map(|s| s.points).sum::<i64>(), found.to);
        for step in &found.steps {
            prop_assert!(step.points != 0);
            let kpi = step.kpi.as_str();
            match step.effect {
                Effect::Performance | Effect::Definition => {
                    prop_assert_eq!(step.effect == Effect::Definition, otherwise == Some(kpi));
                    let change = own_now[kpi].unwrap() - own_rescored[kpi].unwrap();
                    prop_assert_eq!(change.signum(), step.points.signum());
                    // Where the target is as it was, that is the change of its own score.
                    if june_target == 100 {
                        prop_assert_eq!(step.points.signum(), (own_now[kpi].unwrap() - own_before[kpi].unwrap()).signum());
                    }
                }
                Effect::Targets => {
                    prop_assert_eq!(kpi, "a2");
                    prop_assert!(june_target != 100);
                    prop_assert_eq!((own_rescored[kpi].unwrap() - own_before[kpi].unwrap()).signum(), step.points.signum());
                }
                Effect::Weights => prop_assert!(change_weights && weights.0 != weights.1),
                Effect::Coverage => prop_assert!(may.map(|v| v.is_some()) != of_june.map(|v| v.is_some())),
            }
        }
    }
}
