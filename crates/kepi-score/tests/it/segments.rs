//! Segments that are judged by KPIs of their own, worked out on paper.

use std::collections::BTreeMap;

use kepi_model::{
    calendar::Period,
    id::{KpiId, UnitId},
    project::Project,
};
use kepi_query::value::Segment;
use kepi_score::{
    MICRO,
    card::Card,
    tree::{NoScore, NodeId},
    what_if::{Place, Supposed, what_if},
};

use crate::{Planted, checked, june, node, parts_add_up};

/// Enterprises are judged by onboarding (70 %) and effort (30 %), consumers by effort alone, which for them aims at 50 instead of 100.
/// A value scores 50 + 50 × value / target.
fn project(weighed: &str) -> Project {
    checked(&definitions(weighed))
}

fn definitions(weighed: &str) -> String {
    let kpi = |id: &str, measure: &str, targets: &str| {
        format!(
            "kpi: {id}\nname: {id}\nobjective: easy\nindicator: leading\nbetter: higher\nmeasure: {measure}\n\
             period: month\nby: {{team: channel, plan: priority}}\ncross: [[team, plan]]\naccountable: someone\n{targets}---\n"
        )
    };
    let mean = "{mean: {of: ticket, value: contacts}}";
    let target = |target: u32, segment: &str| {
        format!(
            "  - {{from: 2026-01-01, threshold: 0, target: {target}, basis: {{capability: example}}{segment}}}\n"
        )
    };
    let (all, consumers) = (target(100, ""), target(50, ", segment: {plan: consumer}"));
    let [one, other] = match weighed {
        "" => ["weight: 60%, ", "weight: 40%, "],
        _ => ["", ""],
    };
    format!(
        "project: example\nname: Example\nlanguage: 1\ntime_zone: UTC\n---\nperson: someone\nname: Someone\n---\n\
         unit: whole\nname: Whole\n---\nunit: north\nname: North\nlevel: team\nparent: whole\nmember: north\n---\n\
         strategy: plan\nmission: To be useful.\nperspectives:\n  customers: {{name: Customers}}\n\
         objectives:\n  easy: {{name: Easy, perspective: customers}}\n---\n{}{}{}\
         scorecard: card\nname: Card\nunit: whole\nperiod: month\nperspectives:\n  customers:\n    weight: 100%\n    \
         objectives:\n      easy:\n        weight: 100%\n{weighed}        segments:\n          \
         - {{segment: {{plan: enterprise}}, {one}kpis: {{onboarding: 70%, effort: 30%}}}}\n          \
         - {{segment: {{plan: consumer}}, {other}kpis: {{effort: 100%}}}}\ncascade:\n  match: {{team: team}}\n",
        kpi("onboarding", mean, &format!("targets:\n{all}")),
        kpi("effort", mean, &format!("targets:\n{all}{consumers}")),
        kpi("customers", "{count: {of: ticket}}", ""),
    )
}

const BY_CUSTOMERS: &str = "        weigh_by: customers\n";

fn plan(member: &str) -> Segment {
    Segment::one("plan".parse().unwrap(), member)
}

fn plant(values: &mut Planted, period: Period, within: &Segment, figures: [f64; 5]) {
    let [onboarding, of_enterprises, of_consumers, enterprises, consumers] = figures;
    for (kpi, member, value) in [
        ("onboarding", "enterprise", onboarding),
        ("effort", "enterprise", of_enterprises),
        ("effort", "consumer", of_consumers),
        ("customers", "enterprise", enterprises),
        ("customers", "consumer", consumers),
    ] {
        values.plant(kpi, period, plan(member).and(within), Some(value));
    }
    // What no segment is of counts nowhere.
    values.plant("effort", period, within.clone(), Some(-500.0));
}

#[test]
fn segments_of_one_objective_are_judged_by_kpis_of_their_own() {
    let project = project("");
    let whole: Option<UnitId> = Some("whole".parse().unwrap());
    let north: UnitId = "north".parse().unwrap();
    let mut values = Planted::default();
    plant(&mut values, june(&project), &Segment::total(), [60.0, 20.0, 40.0, 30.0, 10.0]);
    plant(
        &mut values,
        june(&project),
        &Segment::one("team".parse().unwrap(), "north"),
        [100.0, 100.0, 0.0, 0.0, 0.0],
    );
    let scorecard = project.scorecards.values().next().unwrap();
    let card = Card { project: &project, scorecard, values: &values };
    let tree = card.tree(whole.as_ref(), june(&project));
    parts_add_up(&tree);
    // 0.7 × 80 + 0.3 × 60 = 74; consumers: 40 of 50 is 90, where 40 of 100 would be 70; 0.6 × 74 + 0.4 × 90 = 80.4.
    assert_eq!(node(&tree, "enterprise").score, Ok(74 * MICRO));
    assert_eq!(node(&tree, "consumer").score, Ok(90 * MICRO));
    assert_eq!(node(&tree, "effort (consumer)").score, Ok(90 * MICRO));
    assert_eq!((node(&tree, "enterprise").contribution, &tree.score), (44_400_000, &Ok(80_400_000)));
    // A unit below is judged by its own rows of these segments: 0.6 × 100 + 0.4 × 50.
    assert_eq!(card.tree(Some(&north), june(&project)).score, Ok(80 * MICRO));
    // What each lacks: 0.6 × 0.3 × 40 and 0.4 × 10 points.
    let effort: KpiId = "effort".parse().unwrap();
    assert_eq!(tree.points_lost(&effort, &plan("enterprise")), Some(7_200_000));
    assert_eq!(tree.points_lost(&effort, &plan("consumer")), Some(4_000_000));
    assert_eq!(tree.points_lost(&effort, &Segment::total()), None);
    // 0.6 × 0.3 + 0.4 of the whole hang on effort.
    assert_eq!(scorecard.weight_of(&effort) * 100, 58 * kepi_model::project::WHOLE);

    // One of the two is supposed to be better; then consumers to weigh 60 %: 0.4 × 74 + 0.6 × 100.
    let supposed = Supposed {
        values: BTreeMap::from([((effort, plan("consumer")), 50.0)]),
        weights: BTreeMap::from([(Place::Segment("easy".parse().unwrap(), plan("consumer")), 6_000)]),
    };
    let found = what_if(&card, whole.as_ref(), june(&project), &supposed).unwrap();
    assert_eq!(found.after.score, Ok(89_600_000));
    let bridge = found.bridge.unwrap();
    assert_eq!(bridge.steps.iter().map(|step| step.points).sum::<i64>(), 9_200_000);
    assert!(
        bridge.steps.iter().any(|step| step.segment == plan("consumer") && step.before == Some(90 * MICRO))
    );
}

#[test]
fn a_total_says_what_segments_weigh() {
    let project = project(BY_CUSTOMERS);
    let whole: Option<UnitId> = Some("whole".parse().unwrap());
    let june = june(&project);
    let mut values = Planted::default();
    plant(&mut values, june.offset(-1), &Segment::total(), [60.0, 20.0, 40.0, 10.0, 20.0]);
    plant(&mut values, june, &Segment::total(), [60.0, 20.0, 40.0, 30.0, 10.0]);
    let scorecard = project.scorecards.values().next().unwrap();
    let card = Card { project: &project, scorecard, values: &values };
    let tree = card.tree(whole.as_ref(), june);
    parts_add_up(&tree);
    // 30 of 40 customers: 0.75 × 74 + 0.25 × 90.
    assert_eq!(tree.score, Ok(78 * MICRO));
    // A third is 33.33 %: 0.3333 × 74 + 0.6667 × 90 = 84.6672. Nothing but the weights of segments moved.
    let bridge = card.bridge(whole.as_ref(), june, &tree).unwrap();
    assert_eq!((bridge.from, bridge.to), (84_667_200, 78_000_000));
    assert_eq!(bridge.steps.iter().map(|step| step.points).sum::<i64>(), -6_667_200);
    assert!(bridge.steps.iter().all(|step| step.effect.code() == "weights"));
    // Of unknown weights no score is made up, and the reason names what is missing.
    values.plant("customers", june, plan("consumer"), None);
    let card = Card { project: &project, scorecard, values: &values };
    let tree = card.tree(whole.as_ref(), june);
    let easy = tree.find(&NodeId::Objective("easy".parse().unwrap())).unwrap();
    let reason = NoScore::Weights { kpi: "customers".parse().unwrap(), segment: "plan=consumer".into() };
    assert_eq!(easy.score, Err(reason));
    assert!(tree.score.is_err() && easy.children.iter().all(|of| of.contribution == 0));
}

#[test]
fn where_nobody_knows_what_segments_weigh_the_score_is_lost_to_the_last_digit() {
    let worst = "unit: whole\nperiod: month\nmissing: {rule: worst_case}\n";
    let project = checked(&definitions(BY_CUSTOMERS).replace("unit: whole\nperiod: month\n", worst));
    let whole: Option<UnitId> = Some("whole".parse().unwrap());
    let june = june(&project);
    let mut values = Planted::default();
    for period in [june.offset(-1), june, june.offset(1)] {
        plant(&mut values, period, &Segment::total(), [60.0, 20.0, 40.0, 30.0, 10.0]);
    }
    values.plant("customers", june, plan("consumer"), None);
    let scorecard = project.scorecards.values().next().unwrap();
    let card = Card { project: &project, scorecard, values: &values };
    let tree = card.tree(whole.as_ref(), june);
    parts_add_up(&tree);
    // The segments score 74 and 90, and with any weights the whole lies between them; as it is it counts as nothing.
    let easy = tree.find(&NodeId::Objective("easy".parse().unwrap())).unwrap();
    assert_eq!((easy.bounds, easy.knows_weights()), ((74 * MICRO, 90 * MICRO), false));
    assert_eq!((&tree.score, tree.bounds), (&Ok(0), (0, 90 * MICRO)));
    assert!(easy.children.iter().all(|of| of.weight == 0));
    for (period, from, to) in [(june, 78 * MICRO, 0), (june.offset(1), 0, 78 * MICRO)] {
        let bridge = card.bridge(whole.as_ref(), period, &card.tree(whole.as_ref(), period)).unwrap();
        assert_eq!((bridge.from, bridge.to), (from, to));
        assert_eq!(bridge.steps.iter().map(|step| step.points).sum::<i64>(), to - from);
        assert!(bridge.steps.iter().all(|step| step.effect.code() == "coverage"), "{:?}", bridge.steps);
    }
    let nothing = what_if(&card, whole.as_ref(), june, &Supposed::default()).unwrap();
    assert_eq!(nothing.after.score, Ok(0));
    assert!(nothing.bridge.unwrap().steps.is_empty());
}
