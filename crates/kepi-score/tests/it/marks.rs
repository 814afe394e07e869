//! Marks say for which periods and of whom they are: what is for a month judges no quarter, what is for the whole no part.

use kepi_model::{
    calendar::{Grain, Period},
    id::{KpiId, UnitId},
    project::{Project, Target, TargetLines},
};
use kepi_query::{finish::AtGrain, value::Segment};
use kepi_score::{
    MICRO,
    band::{Band, band, score},
    card::{Card, KpiValues},
    target::{Down, in_force},
    tree::{NoScore, Observed},
};
use kepi_testkit::{
    road::Road,
    tables::{inputs, project, table},
};

/// The same value wherever one asks.
struct Same(Observed);

impl KpiValues for Same {
    fn observed(&self, _: &KpiId, _: Period, _: &Segment) -> Option<Observed> {
        Some(self.0.clone())
    }
    fn periods(&self, _: &KpiId, _: Grain, _: &Segment) -> Vec<(i32, bool)> {
        Vec::new()
    }
}

/// A month's revenue against marks of 100, 200 and 300 EUR, shown on a scorecard by quarter.
fn shop(measure: &str, targets: &str) -> Project {
    shop_of(measure, targets, "", "")
}

/// The same with units; `more` is what the scorecard says of them.
fn shop_of(measure: &str, targets: &str, units: &str, more: &str) -> Project {
    project(&format!(
        r#"
project: periods
name: A monthly target on a quarterly scorecard
language: 1
time_zone: UTC
{units}---
person: ann
name: Ann
---
strategy: s
mission: Sell.
perspectives: {{money: {{name: Money}}}}
objectives: {{earn: {{name: Earn, perspective: money}}}}
---
entity: order
attributes: {{amount: {{type: "money EUR, 2 decimals"}}}}
---
kpi: revenue
name: Revenue
objective: earn
indicator: lagging
better: higher
measure: {{{measure}}}
period: month
by: [channel]
targets:
{targets}
accountable: ann
---
scorecard: quarterly
name: Quarter
{more}
period: quarter
missing: {{rule: ignore, minimum_coverage: 50%}}
perspectives: {{money: {{weight: 100%, objectives: {{earn: {{weight: 100%, kpis: {{revenue: 100%}}}}}}}}}}
"#
    ))
}

const SUM: &str = "sum: {of: order, value: amount}";
const MEAN: &str = "mean: {of: order, value: amount}";

fn marks(more: &str, threshold: u32) -> String {
    let (target, stretch) = (2 * threshold, 3 * threshold);
    format!(
        "  - {{from: 2026-01-01, {more}threshold: {threshold} EUR, target: {target} EUR, stretch: {stretch} EUR, basis: {{history: last year}}}}\n"
    )
}

fn target(project: &Project, period: &str) -> Option<Target> {
    let kpi = &project.kpis[&"revenue".parse::<KpiId>().unwrap()];
    let period = project.calendar.parse(period).unwrap();
    in_force(kpi, project, None, None, &Segment::total(), Down::default(), period)
}

fn lines(project: &Project, period: &str) -> Option<(f64, f64, Option<f64>)> {
    target(project, period).map(|target| match target.lines {
        TargetLines::OneSided { threshold, target, stretch, .. } => (threshold, target, stretch),
        TargetLines::InRange { .. } => panic!("one-sided"),
    })
}

#[test]
fn three_months_of_marks_judge_a_quarter() {
    let project = shop(SUM, &marks("", 100));
    let calendar = &project.calendar;
    let orders = table(
        calendar,
        "id:text ordered_at:instant amount:integer channel:text _valid_to:instant
         1 2026-01-10 12000 web -
         2 2026-02-10 13000 web -
         3 2026-03-10 11000 web -",
    );
    let inputs = inputs(vec![("order", orders)]);
    let road = Road::by_reference(&project, &inputs);
    let kpi = &project.kpis[&"revenue".parse::<KpiId>().unwrap()];
    let quarter = calendar.parse("2026-Q1").unwrap();
    let values = AtGrain::new(road.context(&project), Grain::Quarter).unwrap().values(kpi).unwrap();
    let value = values.iter().find(|v| v.period == quarter && v.segment == Segment::total()).unwrap();
    assert_eq!(value.point(), Some(360.0));

    assert_eq!(lines(&project, "2026-Q1"), Some((300.0, 600.0, Some(900.0))));
    let of_quarter = target(&project, "2026-Q1").unwrap().lines;
    assert_eq!(score(360.0, &of_quarter, kpi.better), 60 * MICRO);
    assert_eq!(band(360.0, &of_quarter, kpi.better), Band::Amber);

    let scorecard = project.scorecards.values().next().unwrap();
    let values = Same(value.estimate.clone());
    let card = Card { project: &project, scorecard, values: &values };
    assert_eq!(card.tree(None, quarter).score, Ok(60 * MICRO));
}

#[test]
fn a_total_adds_up_the_marks_of_each_period_and_a_level_stays() {
    // From February on more is asked for.
    let targets = marks("", 100) + &marks("", 150).replace("2026-01-01", "2026-02-01");
    let total = shop(SUM, &targets);
    assert_eq!(lines(&total, "2026-01"), Some((100.0, 200.0, Some(300.0))));
    assert_eq!(lines(&total, "2026-Q1"), Some((400.0, 800.0, Some(1_200.0))));
    assert_eq!(lines(&total, "2026"), Some((1_750.0, 3_500.0, Some(5_250.0))));
    assert_eq!(lines(&total, "2025-Q4"), None, "no month of it has a mark");
    let level = shop(MEAN, &targets);
    assert_eq!(lines(&level, "2026-01"), Some((100.0, 200.0, Some(300.0))));
    assert_eq!(lines(&level, "2026-Q1"), Some((150.0, 300.0, Some(450.0))));
}

#[test]
fn a_mark_for_a_quarter_goes_before_those_for_its_months() {
    let project = shop(SUM, &(marks("", 100) + &marks("period: quarter, ", 250)));
    assert_eq!(lines(&project, "2026-02"), Some((100.0, 200.0, Some(300.0))));
    assert_eq!(lines(&project, "2026-Q2"), Some((250.0, 500.0, Some(750.0))));
    // Two quarters, not six months: the longest that is contained.
    assert_eq!(lines(&project, "2026-H1"), Some((500.0, 1_000.0, Some(1_500.0))));
    // A quarter's mark says nothing about one month of it.
    let project = shop(SUM, &marks("period: quarter, ", 250));
    assert_eq!(lines(&project, "2026-02"), None);
}

#[test]
fn a_line_that_one_period_lacks_is_lacking_in_the_sum() {
    let without = marks("", 150).replace("2026-01-01", "2026-02-01").replace(", stretch: 450 EUR", "");
    let project = shop(SUM, &(marks("", 100) + &without));
    assert_eq!(lines(&project, "2026-Q1"), Some((400.0, 800.0, None)));
}

#[test]
fn a_part_of_a_total_is_not_judged_by_the_mark_of_the_whole() {
    const CASCADE: &str =
        "unit: whole\ncascade: {match: {team: channel}, value: recompute, targets: inherit}";
    const UNITS: &str = "---
unit: whole
name: Whole
---
unit: web
name: Web
level: team
parent: whole
---
unit: shop
name: Shop
level: team
parent: whole
";
    let tree = |measure: &str, targets: &str, unit: &str| {
        let project = shop_of(measure, targets, UNITS, CASCADE);
        let values = Same(Ok(kepi_stats::estimate::Estimate::exact(360.0, 3, "a full count")));
        let scorecard = project.scorecards.values().next().unwrap();
        let period = project.calendar.parse("2026-Q1").unwrap();
        let card = Card { project: &project, scorecard, values: &values };
        let unit: UnitId = unit.parse().unwrap();
        let tree = card.tree(Some(&unit), period);
        tree.walk().last().unwrap().score.clone()
    };
    assert_eq!(tree(SUM, &marks("", 100), "whole"), Ok(60 * MICRO));
    assert_eq!(tree(SUM, &marks("", 100), "web"), Err(NoScore::NoTarget));
    let own = marks("", 100) + &marks("unit: web, ", 60);
    assert_eq!(tree(SUM, &own, "web"), Ok(100 * MICRO), "360 of 180, 360, 540");
    assert_eq!(tree(SUM, &own, "shop"), Err(NoScore::NoTarget));
    // What the average order should be, it should be everywhere.
    assert_eq!(tree(MEAN, &marks("", 120), "web"), Ok(120 * MICRO));
}
