//! Which periods and units a scorecard has, and that whoever asks is given the same scores.

use kepi_model::{id::UnitId, project::Project};
use kepi_query::value::Segment;
use kepi_score::{
    MICRO,
    card::{Card, Periods},
    tree::NoScore,
};

use crate::{Planted, june, node, team};

/// Levels region over team, another branch of the organisation, and a level that the cascade does not match; one KPI on the
/// scorecard, one on none.
fn project(value: &str) -> Project {
    let kpi = |id: &str| {
        format!(
            "kpi: {id}\nname: {id}\nobjective: a\nindicator: leading\nbetter: higher\nmeasure: {{mean: {{of: ticket, value: contacts}}}}\n\
             period: month\nby: {{team: channel}}\naccountable: someone\n\
             targets:\n  - {{from: 2026-01-01, threshold: 0, target: 100, basis: {{capability: example}}}}\n---\n"
        )
    };
    let unit = |id: &str, level: &str, parent: &str| {
        format!("unit: {id}\nname: {id}\nlevel: {level}\nparent: {parent}\nmember: {id}\n---\n")
    };
    crate::checked(&format!(
        "project: example\nname: Example\nlanguage: 1\ntime_zone: UTC\n---\nperson: someone\nname: Someone\n---\n\
         unit: group\nname: Group\n---\n\
         unit: whole\nname: Whole\nlevel: country\nparent: group\nmember: whole\n---\n{}{}{}{}{}\
         strategy: plan\nmission: To be useful.\nperspectives:\n  outer: {{name: Outer}}\n\
         objectives:\n  a: {{name: A, perspective: outer}}\n---\n{}{}\
         scorecard: card\nname: Card\nunit: whole\nperiod: month\nperspectives:\n  outer:\n    weight: 100%\n    \
         objectives:\n      a: {{weight: 100%, kpis: {{used: 100%}}}}\n\
         cascade:\n  match: {{region: team, team: team}}\n  value: {value}\n  targets: inherit\n",
        unit("north", "region", "whole"),
        unit("oslo", "team", "north"),
        unit("bergen", "team", "north"),
        unit("abroad", "region", "group"),
        unit("desk", "shift", "oslo"),
        kpi("used"),
        kpi("unused"),
    ))
}

fn planted(project: &Project) -> Planted {
    let (june, may) = (june(project), june(project).offset(-1));
    let mut planted = Planted::default();
    for (unit, value) in [(None, 30.0), (Some("north"), 10.0), (Some("oslo"), 0.0), (Some("bergen"), 100.0)] {
        planted.plant("used", june, team(unit), Some(value));
    }
    planted.plant("used", may, team(None), None);
    // A unit without rows of its own here, and periods of a KPI that no scorecard uses.
    planted.plant("used", june, team(Some("abroad")), Some(50.0));
    planted.plant("unused", may.offset(-1), team(None), Some(1.0));
    planted.plant("used", may.offset(-5), team(Some("oslo")), Some(1.0));
    planted
}

#[test]
fn a_scorecard_has_the_periods_of_its_own_kpis_over_all_rows() {
    let project = project("recompute");
    let (scorecard, mut values) = (project.scorecards.values().next().unwrap(), planted(&project));
    let june = june(&project);
    // Not April, in which only an unused KPI has a value, nor January, in which only a segment has.
    let expected = Periods { all: vec![june.ordinal - 1, june.ordinal], newest: Some(june.ordinal) };
    assert_eq!(Card { project: &project, scorecard, values: &values }.periods(), expected);
    // The newest period that can be compared is the newest in which everything is final.
    values.running = Some(june);
    let card = Card { project: &project, scorecard, values: &values };
    assert_eq!(card.periods().newest, Some(june.ordinal - 1));
    values.running = None;
    let nothing = Planted::default();
    assert_eq!(Card { project: &project, scorecard, values: &nothing }.periods(), Periods::default());
}

fn large() -> Segment {
    Segment::one("size".parse().unwrap(), "large")
}

#[test]
fn a_scorecard_has_the_units_that_its_cascade_reaches_from_its_own() {
    let project = project("recompute");
    let scorecard = project.scorecards.values().next().unwrap();
    let values = planted(&project);
    let card = Card { project: &project, scorecard, values: &values };
    let units: Vec<(&str, u8)> =
        card.units(june(&project)).into_iter().map(|(unit, depth)| (unit.unwrap().as_str(), depth)).collect();
    // Not `abroad`, of a matched level in another branch; not `desk`, of no matched level; not `group` above.
    assert_eq!(units, [("whole", 0), ("north", 1), ("bergen", 2), ("oslo", 2)]);
    let segment = |unit: &str| card.segment(Some(&unit.parse().unwrap()));
    assert_eq!(segment("whole"), Some(team(None)));
    assert_eq!(segment("oslo"), Some(team(Some("oslo"))));
    // A unit that no dimension stands for has no rows: never those of the whole.
    assert_eq!((segment("desk"), segment("group")), (None, None));
    let desk: UnitId = "desk".parse().unwrap();
    let of_desk = card.tree(Some(&desk), june(&project));
    assert_eq!(node(&of_desk, "used").score, Err(NoScore::NoValue));
    assert_eq!(card.unit_of(&team(Some("oslo"))).map(UnitId::as_str), Some("oslo"));
    assert_eq!(card.unit_of(&team(None)).map(UnitId::as_str), Some("whole"));
    assert_eq!(card.unit_of(&team(Some("abroad"))), None);
    // Some of a unit's rows are within it, those of nobody within the whole.
    let more = |of: &Segment| Segment::new(of.0.iter().cloned().chain(large().0).collect());
    let within = |of: &Segment| {
        let (unit, rest) = card.within(of);
        (unit.map(UnitId::as_str), rest)
    };
    assert_eq!(within(&team(Some("oslo"))), (Some("oslo"), Segment::total()));
    assert_eq!(within(&more(&team(Some("oslo")))), (Some("oslo"), large()));
    assert_eq!(within(&team(Some("abroad"))), (Some("whole"), team(Some("abroad"))));
    assert_eq!(within(&large()), (Some("whole"), large()));
}

#[test]
fn the_scores_of_all_units_are_those_of_their_trees() {
    for (value, whole, north) in
        // 30 scores 65 and 10 scores 55 over own rows; the mean of 50 and 100 is 75.
        [("recompute", 65, 55), ("average_of_children", 75, 75)]
    {
        let project = project(value);
        let scorecard = project.scorecards.values().next().unwrap();
        let values = planted(&project);
        let card = Card { project: &project, scorecard, values: &values };
        let scores = card.scores(june(&project));
        let points: Vec<_> = scores.iter().map(|s| s.score.clone()).collect();
        assert_eq!(points, [whole, north, 100, 50].map(|p| Ok(p * MICRO)), "{value}");
        for (score, (unit, depth)) in scores.iter().zip(card.units(june(&project))) {
            let tree = card.tree(unit, june(&project));
            assert_eq!((score.unit.as_ref(), score.depth), (unit, depth));
            assert_eq!((&score.score, score.band, score.coverage), (&tree.score, tree.band, tree.coverage));
        }
    }
}

#[test]
fn where_units_are_averaged_the_loss_of_a_kpi_is_that_of_all_of_them() {
    let project = project("average_of_children");
    let scorecard = project.scorecards.values().next().unwrap();
    let values = planted(&project);
    let card = Card { project: &project, scorecard, values: &values };
    let whole = scorecard.unit.as_ref();
    // Oslo is 50 points short with half the weight, Bergen none.
    let used = "used".parse().unwrap();
    assert_eq!(card.tree(whole, june(&project)).points_lost(&used, &Segment::total()), Some(25 * MICRO));
    // What its perspectives come to is said of its own rows.
    assert_eq!(node(&card.measured(whole, june(&project)), "Outer").score, Ok(65 * MICRO));
}
