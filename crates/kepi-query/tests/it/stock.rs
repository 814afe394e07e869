//! Stocks by hand: open tickets and what is owed, at the end of each period.

use kepi_model::{id::KpiId, project::Project};
use kepi_query::{
    finish::{AtGrain, finished_again},
    side::{Role, Term},
    state::wire::{CellStates, StateValue},
    value::{Segment, Value},
};
use kepi_testkit::{
    road::Road,
    tables::{inputs, project, table},
};

const PROJECT: &str = r#"
project: desk
name: Desk
language: 1
time_zone: UTC
---
entity: job
name: Job
key: [id]
time: opened
attributes:
  id: {type: text}
  opened: {type: timestamp}
  closed: {type: timestamp}
  team: {type: text}
  billed: {type: "money EUR, 2 decimals"}
  paid: {type: "money EUR, 3 decimals"}
---
kpi: open
name: Open jobs
better: lower
measure: {stock: {came: {count: {of: job}}, went: {count: {of: job, at: closed}}}}
period: month
by: [team]
---
kpi: owed
name: Owed
better: lower
measure: {stock: {came: {sum: {of: job, value: billed}}, went: {sum: {of: job, at: closed, value: paid}}}}
period: month
"#;

const JOBS: &str = "
id:text opened:instant closed:instant team:text billed:integer paid:integer _valid_to:instant
a 2026-01-05 2026-01-20 red  1000 10000 -
b 2026-01-31 2026-02-01 red  2000 20500 -
c 2026-01-10 -          blue  500     - -
d 2026-03-02 2026-05-01 red     -     - -
e 2026-05-31 2026-05-31 blue 1050  1001 -
";

fn value(project: &Project, road: &Road, kpi: &str, period: &str, team: Option<&str>) -> Option<Value> {
    let period = project.calendar.parse(period).unwrap();
    let at = AtGrain::new(road.context(project), period.grain).unwrap();
    let segment = team.map_or(Segment::total(), |team| Segment::one("team".parse().unwrap(), team));
    let values = at.values(&project.kpis[&kpi.parse::<KpiId>().unwrap()]).unwrap();
    values.into_iter().find(|value| value.period == period && value.segment == segment)
}

#[test]
fn what_came_less_what_went_stays_until_something_changes() {
    let project = project(PROJECT);
    let road = Road::by_reference(&project, &inputs(vec![("job", table(&project.calendar, JOBS))]));
    let point = |kpi: &str, period: &str, team: Option<&str>| {
        value(&project, &road, kpi, period, team).and_then(|value| value.point())
    };
    // Nothing happened in April: there are still c and d.
    let months = ["2026-01", "2026-02", "2026-03", "2026-04", "2026-05"];
    assert_eq!(months.map(|month| point("open", month, None)), [2.0, 1.0, 2.0, 2.0, 1.0].map(Some));
    assert_eq!(months.map(|month| point("open", month, Some("red"))), [1.0, 0.0, 1.0, 1.0, 0.0].map(Some));
    assert_eq!(months.map(|month| point("open", month, Some("blue"))), [1.0; 5].map(Some));
    // A quarter ends as its last month does.
    assert_eq!([point("open", "2026-Q1", None), point("open", "2026-Q2", None)], [Some(2.0), Some(1.0)]);
    // Billed in cents, paid in tenths of cents: 35.00 less 10.00, less 20.50, and 45.50 less 31.501.
    assert_eq!(point("owed", "2026-01", None), Some(25.0));
    assert_eq!(point("owed", "2026-02", None), Some(4.5));
    assert_eq!(point("owed", "2026-05", None), Some(13.999));
}

#[test]
fn the_sums_so_far_are_kept_and_a_stock_is_finished_from_them_again() {
    let project = project(PROJECT);
    let road = Road::by_reference(&project, &inputs(vec![("job", table(&project.calendar, JOBS))]));
    let april = value(&project, &road, "open", "2026-04", None).unwrap();
    let states = CellStates::decode(&april.states).unwrap();
    assert_eq!(states.get(Term::First, Role::Counted), Some(&StateValue::Count(0)), "of April itself");
    let so_far = vec![
        (Term::First, vec![(Role::Eligible, StateValue::Count(4)), (Role::Counted, StateValue::Count(4))]),
        (Term::Second, vec![(Role::Eligible, StateValue::Count(2)), (Role::Counted, StateValue::Count(2))]),
    ];
    assert_eq!(states.so_far, so_far);
    // The form of version 1, which stays readable: never write it anew.
    let golden = [
        1, 4, 1, 2, 1, 1, 0, 2, 1, 0, 2, 2, 1, 1, 0, 2, 1, 0, 129, 2, 1, 1, 4, 2, 1, 4, 130, 2, 1, 1, 2, 2,
        1, 2,
    ];
    assert_eq!(*april.states, golden);
    let kpi = &project.kpis[&"open".parse::<KpiId>().unwrap()];
    let again = finished_again(kpi, &states, project.confidence).unwrap();
    assert_eq!((again.estimate, again.coverage), (april.estimate, april.coverage));
}
