//! Hand-worked roll-ups: every score, part and coverage was computed on paper.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod bridge;
mod card;
mod marks;
mod segments;
mod target;
mod through_time;

use std::collections::BTreeMap;

use kepi_model::{
    calendar::{Grain, Period},
    check::{Options, check},
    id::{Hash, KpiId, UnitId},
    project::{Project, WithoutData},
    source_text::{SourceFile, SourceMap},
};
use kepi_query::value::Segment;
use kepi_score::{
    MICRO,
    band::Band,
    card::{Card, KpiValues},
    tree::{NoScore, NodeId, Observed, ScoreNode},
};
use kepi_stats::estimate::{Estimate, NotComputable};
use proptest::prelude::*;

/// A project with two perspectives (60 and 40 %), three objectives and four KPIs, all scored by threshold 0, target
/// 100, so that a value between them scores 50 + value / 2.
fn project(missing: &str, cascade: &str) -> Project {
    let kpi = |id: &str, objective: &str| {
        format!(
            "kpi: {id}\nname: {id}\nobjective: {objective}\nindicator: leading\nbetter: higher\nmeasure:\n  mean: {{of: ticket, value: contacts}}\nperiod: month\n\
             by: {{team: channel}}\naccountable: someone\ntargets:\n  - {{from: 2026-01-01, threshold: 0, target: 100, basis: {{capability: example}}}}\n---\n"
        )
    };
    let text = format!(
        "project: example\nname: Example\nlanguage: 1\ntime_zone: UTC\n---\nperson: someone\nname: Someone\n---\n\
         unit: whole\nname: Whole\n---\n\
         unit: one\nname: One\nlevel: team\nparent: whole\nmember: one\n---\n\
         unit: two\nname: Two\nlevel: team\nparent: whole\nmember: two\n---\n\
         strategy: plan\nmission: To be useful.\nperspectives:\n  outer: {{name: Outer}}\n  inner: {{name: Inner}}\n\
         objectives:\n  a: {{name: A, perspective: outer}}\n  b: {{name: B, perspective: inner}}\n  c: {{name: C, perspective: inner}}\n---\n\
         {}{}{}{}\
         scorecard: card\nname: Card\nunit: whole\nperiod: month\nmissing: {missing}\nperspectives:\n\
         \x20 outer:\n    weight: 60%\n    objectives:\n      a: {{weight: 100%, kpis: {{a1: 70%, a2: 30%}}}}\n\
         \x20 inner:\n    weight: 40%\n    objectives:\n      b: {{weight: 50%, kpis: {{b1: 100%}}}}\n      c: {{weight: 50%, kpis: {{c1: 100%}}}}\n{cascade}",
        kpi("a1", "a"),
        kpi("a2", "a"),
        kpi("b1", "b"),
        kpi("c1", "c"),
    );
    checked(&text)
}

/// The project that a text means.
fn checked(text: &str) -> Project {
    let files = SourceMap::new(vec![SourceFile { path: "kepi.yml".into(), text: text.into() }]);
    let checked = check(&files, &Options::default());
    checked.value.unwrap_or_else(|| panic!("{}", kepi_model::render::text(&checked.findings, &files, false)))
}

/// Values by KPI, period and segment; a period counts as final unless it is the last one that is planted as running.
#[derive(Default)]
struct Planted {
    values: BTreeMap<(KpiId, Period, Segment), Observed>,
    running: Option<Period>,
    /// What was computed by another definition than everything else.
    otherwise: Option<(KpiId, Period)>,
}

impl Planted {
    fn plant(&mut self, kpi: &str, period: Period, segment: Segment, value: Option<f64>) {
        let observed = value.map(|v| Estimate::exact(v, 10, "a full count")).ok_or(NotComputable::NoRows);
        self.values.insert((kpi.parse().unwrap(), period, segment), observed);
    }
}

impl KpiValues for Planted {
    fn observed(&self, kpi: &KpiId, period: Period, segment: &Segment) -> Option<Observed> {
        self.values.get(&(kpi.clone(), period, segment.clone())).cloned()
    }
    fn periods(&self, kpi: &KpiId, grain: Grain, segment: &Segment) -> Vec<(i32, bool)> {
        let all = self.values.keys().filter(|(k, p, s)| k == kpi && p.grain == grain && s == segment);
        all.map(|(_, period, _)| (period.ordinal, Some(*period) != self.running)).collect()
    }
    fn definition(&self, kpi: &KpiId, period: Period, _: &Segment) -> Option<Hash> {
        let otherwise = self.otherwise.as_ref().is_some_and(|(k, p)| k == kpi && *p == period);
        Some(Hash::of(if otherwise { b"otherwise" } else { b"as ever" }))
    }
}

/// June 2026.
fn june(project: &Project) -> Period {
    project.calendar.parse("2026-06").unwrap()
}

/// A segment of the dimension `team`, which the levels of units are matched to; none: all rows.
fn team(member: Option<&str>) -> Segment {
    member.map_or_else(Segment::total, |m| Segment::one("team".parse().unwrap(), m))
}

type Values<'a> = &'a [(&'a str, Option<f64>)];

fn tree(
    project: &Project,
    unit: Option<&str>,
    values: &BTreeMap<(Option<&str>, &str), Option<f64>>,
) -> ScoreNode {
    let mut planted = Planted::default();
    for ((unit, kpi), value) in values {
        planted.plant(kpi, june(project), team(*unit), *value);
    }
    let scorecard = project.scorecards.values().next().unwrap();
    let unit: Option<UnitId> = unit.map(|u| u.parse().unwrap());
    Card { project, scorecard, values: &planted }.tree(unit.as_ref(), june(project))
}

fn whole(project: &Project, values: Values<'_>) -> ScoreNode {
    tree(project, Some("whole"), &values.iter().map(|(kpi, v)| ((None, *kpi), *v)).collect())
}

fn node<'a>(root: &'a ScoreNode, name: &str) -> &'a ScoreNode {
    root.walk().into_iter().find(|n| n.name == name).unwrap()
}

/// Contributions of children sum to the score of every node that has one.
fn parts_add_up(root: &ScoreNode) {
    for node in root.walk().into_iter().filter(|n| !n.children.is_empty()) {
        if let Ok(score) = node.score {
            assert_eq!(node.children.iter().map(|c| c.contribution).sum::<i64>(), score, "{}", node.name);
        }
    }
}

#[test]
fn a_full_scorecard_is_the_weighted_mean() {
    let project = project("{rule: ignore, minimum_coverage: 70%}", "");
    // Scores: a1 90, a2 60, b1 70, c1 100. A = 0.7·90 + 0.3·60 = 81. Inner = (70 + 100)/2 = 85. All = 0.6·81 + 0.4·85.
    let root =
        whole(&project, &[("a1", Some(80.0)), ("a2", Some(20.0)), ("b1", Some(40.0)), ("c1", Some(100.0))]);
    assert_eq!(node(&root, "A").score, Ok(81 * MICRO));
    assert_eq!(node(&root, "Inner").score, Ok(85 * MICRO));
    assert_eq!(root.score, Ok(82_600_000));
    assert_eq!(root.coverage, 1_000_000);
    assert_eq!(root.bounds, (82_600_000, 82_600_000));
    assert_eq!(root.band, Some(Band::Amber));
    assert_eq!(node(&root, "Outer").contribution, 48_600_000);
    parts_add_up(&root);
}

#[test]
fn what_is_missing_is_left_out_and_shown() {
    let project = project("{rule: ignore, minimum_coverage: 70%}", "");
    // c1 missing: inner has only b1 of 50 % weight, below 70 %, so inner has no score; outer alone is 60 % < 70 %.
    let root = whole(&project, &[("a1", Some(80.0)), ("a2", Some(20.0)), ("b1", Some(40.0)), ("c1", None)]);
    assert_eq!(node(&root, "Inner").score, Err(NoScore::Coverage { covered: 500_000, needed: 700_000 }));
    assert_eq!(root.score, Err(NoScore::Coverage { covered: 600_000, needed: 700_000 }));
    let said = |covered, needed| NoScore::Coverage { covered, needed }.to_string();
    assert_eq!(said(600_000, 700_000), "60.0 % of weight has a score, 70.0 % needed");
    assert_eq!(said(0, 0), "nothing beneath it has a score");
    // a2 missing: A = a1 = 90 at coverage 70 %, just enough; all = 0.6·90 + 0.4·85 = 88 with coverage 0.6·0.7 + 0.4.
    let root = whole(&project, &[("a1", Some(80.0)), ("b1", Some(40.0)), ("c1", Some(100.0))]);
    assert_eq!(root.score, Ok(88 * MICRO));
    assert_eq!(root.coverage, 820_000);
    // Were a2 at 0 or, as nothing lies beyond its target, at 100: A = 63 or 93, all = 71.8 or 89.8.
    assert_eq!(root.bounds, (71_800_000, 89_800_000));
    assert_eq!(node(&root, "a2").score, Err(NoScore::NoValue));
    parts_add_up(&root);
}

#[test]
fn missing_parts_block_or_count_as_zero_where_declared() {
    let values: Values<'_> = &[("a1", Some(80.0)), ("a2", Some(20.0)), ("b1", Some(40.0)), ("c1", None)];
    let root = whole(&project("{rule: block}", ""), values);
    assert_eq!(root.score, Err(NoScore::Blocked));
    // Worst case: c1 counts 0, inner = 35, all = 0.6·81 + 0.4·35 = 62.6.
    let root = whole(&project("{rule: worst_case}", ""), values);
    assert_eq!(root.score, Ok(62_600_000));
    parts_add_up(&root);
}

#[test]
fn without_a_kpi_that_blocks_nothing_above_it_is_scored() {
    let rule = "{rule: ignore, minimum_coverage: 0%}";
    let mut of =
        project(rule, "cascade:\n  match: {team: team}\n  value: average_of_children\n  targets: inherit\n");
    let c1: KpiId = "c1".parse().unwrap();
    of.kpis.get_mut(&c1).unwrap().without_data = WithoutData::Block;
    let values: Values<'_> = &[("a1", Some(80.0)), ("a2", Some(20.0)), ("b1", Some(40.0)), ("c1", None)];
    let root = {
        let mut alone = of.clone();
        alone.scorecards.values_mut().for_each(|card| card.cascade = None);
        whole(&alone, values)
    };
    let without = Err(NoScore::Without { kpi: c1.clone() });
    // Outer stands: it rests on other KPIs. What c1 counts in does not.
    assert_eq!(node(&root, "A").score, Ok(81 * MICRO));
    assert_eq!(node(&root, "b1").score, Ok(70 * MICRO));
    assert_eq!(node(&root, "c1").score, Err(NoScore::NotComputable(NotComputable::NoRows)));
    assert_eq!([&node(&root, "C").score, &node(&root, "Inner").score, &root.score], [&without; 3]);
    // Nor does the mean of units, where one of them lacks it.
    let mut by_unit = BTreeMap::new();
    for kpi in ["a1", "a2", "b1", "c1"] {
        by_unit.insert((Some("one"), kpi), Some(0.0));
        by_unit.insert((Some("two"), kpi), (kpi != "c1").then_some(100.0));
    }
    assert_eq!(tree(&of, Some("whole"), &by_unit).score, without);
    assert_eq!(tree(&of, Some("one"), &by_unit).score, Ok(50 * MICRO));
    // With a value nothing is blocked, and what says nothing goes by the scorecard.
    by_unit.insert((Some("two"), "c1"), Some(100.0));
    assert_eq!(tree(&of, Some("whole"), &by_unit).score, Ok(75 * MICRO));
    assert_eq!(whole(&project(rule, ""), values).score, Ok(76_600_000));
}

#[test]
fn a_kpi_of_longer_periods_stands_as_of_the_last_that_has_ended() {
    let mut of = project("{rule: block}", "");
    of.kpis.get_mut(&"c1".parse::<KpiId>().unwrap()).unwrap().period = Grain::Quarter;
    let mut planted = Planted::default();
    let period = |label: &str| of.calendar.parse(label).unwrap();
    for month in ["2026-03", "2026-04", "2026-05", "2026-06"] {
        for kpi in ["a1", "a2", "b1"] {
            planted.plant(kpi, period(month), Segment::total(), Some(0.0));
        }
    }
    planted.plant("c1", period("2026-Q1"), Segment::total(), Some(100.0));
    planted.plant("c1", period("2026-Q2"), Segment::total(), Some(0.0));
    let scorecard = of.scorecards.values().next().unwrap();
    let card = Card { project: &of, scorecard, values: &planted };
    let unit = scorecard.unit.as_ref();
    // c1 is 20 % of the whole: 80 % at 50 points, and it at 100 from the end of March to May, at 50 from the end of June.
    let scores = ["2026-03", "2026-04", "2026-05", "2026-06"].map(|of| card.tree(unit, period(of)).score);
    assert_eq!(scores, [60, 60, 60, 50].map(|points| Ok(points * MICRO)));
    let blocked = card.tree(unit, period("2026-02"));
    assert_eq!(node(&blocked, "c1").score, Err(NoScore::NoValue), "the last quarter of 2025 has none");
    // What moved the score in June is told, and in May nothing did.
    let moved = |of: &str| {
        let now = card.tree(unit, period(of));
        let bridge = card.bridge(unit, period(of), &now).unwrap();
        bridge.steps.iter().map(|step| (step.kpi.to_string(), step.points)).collect::<Vec<_>>()
    };
    assert_eq!(moved("2026-06"), [("c1".to_owned(), -10 * MICRO)]);
    assert_eq!(moved("2026-05").iter().map(|(_, points)| *points).sum::<i64>(), 0);
}

#[test]
fn a_unit_is_recomputed_or_the_mean_of_its_children() {
    let recompute = "cascade:\n  match: {team: team}\n  value: recompute\n  targets: inherit\n";
    let average = "cascade:\n  match: {team: team}\n  value: average_of_children\n  targets: inherit\n";
    let mut values = BTreeMap::new();
    for kpi in ["a1", "a2", "b1", "c1"] {
        values.insert((None, kpi), Some(30.0));
        values.insert((Some("one"), kpi), Some(0.0));
        values.insert((Some("two"), kpi), Some(100.0));
    }
    // All rows: every KPI 30 → 65. Units: 50 and 100, their mean 75.
    let rule = "{rule: ignore, minimum_coverage: 70%}";
    assert_eq!(tree(&project(rule, recompute), Some("whole"), &values).score, Ok(65 * MICRO));
    assert_eq!(tree(&project(rule, recompute), Some("one"), &values).score, Ok(50 * MICRO));
    let root = tree(&project(rule, average), Some("whole"), &values);
    assert_eq!(root.score, Ok(75 * MICRO));
    assert_eq!(root.children.len(), 2);
    assert_eq!(root.children[0].id, NodeId::Unit("one".parse().unwrap()));
    parts_add_up(&root);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn parts_add_up_whatever_the_values(
        a1 in proptest::option::of(-50.0..200.0f64),
        a2 in proptest::option::of(-50.0..200.0f64),
        b1 in proptest::option::of(-50.0..200.0f64),
        c1 in proptest::option::of(-50.0..200.0f64),
        worst in any::<bool>(),
    ) {
        let rule = if worst { "{rule: worst_case}" } else { "{rule: ignore, minimum_coverage: 0%}" };
        let root = whole(&project(rule, ""), &[("a1", a1), ("a2", a2), ("b1", b1), ("c1", c1)]);
        parts_add_up(&root);
        if let Ok(score) = root.score {
            prop_assert!((root.bounds.0..=root.bounds.1).contains(&score) || !worst);
            prop_assert!((0..=120 * MICRO).contains(&score));
        }
    }
}
