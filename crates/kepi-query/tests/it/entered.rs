//! Figures that people enter, by hand: added up or averaged, awaited until they are due, then late, and never zero.

use jiff::civil::date;
use kepi_model::{
    calendar::Grain,
    id::KpiId,
    project::{Measure, Project},
};
use kepi_query::{
    finish::AtGrain,
    value::{Finality, Segment, Value},
};
use kepi_stats::estimate::NotComputable;
use kepi_testkit::{
    road::Road,
    tables::{inputs, project, table},
};

const DESK: &str = r#"
project: desk
name: Desk
language: 1
time_zone: UTC
---
source: panel
into: entered_value
from: {csv: {files: panel.csv}}
mode: upsert
complete_until: 2026-04-15
map:
  id: {column: id, as: text, required: true}
  period: {column: period, as: date, required: true}
---
kpi: share
name: Share
better: higher
measure: {entered: {figure: market_share, type: share, due: 20 days}}
period: month
by: [part]
---
kpi: orders
name: Orders
better: higher
measure: {entered: {figure: orders, type: count}}
period: month
---
business_hours: easter
name: Easter
week: {weekdays: ["09:00-17:00"]}
holidays: [2026-04-03, 2026-04-06]
---
kpi: trained
name: Trained
better: higher
measure: {entered: {figure: trained, type: count, due_day: 5, business_hours: easter, since: 2026-02-10}}
period: month
---
kpi: carried
name: Orders carried forward
better: lower
measure: {entered: {figure: orders, type: count}}
period: month
without_data: {carry: {at_most: 1 month}}
---
kpi: certified
name: Certified
better: higher
measure: {entered: {figure: certified, type: count, due_day: 12}}
period: month
"#;

const ENTERED: &str = "
id:text figure:text period:instant value:integer part:text item:integer _valid_to:instant
1 market_share 2026-01-01  300000 n 1 -
2 market_share 2026-01-01  400000 s 2 -
3 orders       2026-01-01 7000000 - 3 -
4 orders       2026-01-31 5000000 - 4 -
5 market_share 2026-03-01  500000 n 5 -
";

struct Desk {
    project: Project,
    road: Road,
}

impl Desk {
    fn new() -> Self {
        let project = project(DESK);
        let tables = inputs(vec![("entered_value", table(&project.calendar, ENTERED))]);
        let road = Road::by_reference(&project, &tables);
        Self { project, road }
    }
    fn value(&self, kpi: &str, grain: Grain, period: &str, segment: &str) -> Option<Value> {
        let kpi = &self.project.kpis[&kpi.parse::<KpiId>().unwrap()];
        let all = AtGrain::new(self.road.context(&self.project), grain).unwrap().values(kpi).unwrap();
        let period = self.project.calendar.parse(period).unwrap();
        let segment: Segment = segment.parse().unwrap();
        all.into_iter().find(|value| value.period == period && value.segment == segment)
    }
    fn month(&self, kpi: &str, period: &str, segment: &str) -> Result<f64, NotComputable> {
        self.value(kpi, Grain::Month, period, segment).unwrap().estimate.map(|estimate| estimate.point)
    }
}

#[test]
fn what_is_entered_is_added_up_or_averaged_and_what_is_not_is_awaited_then_late() {
    let desk = Desk::new();
    assert!((desk.month("share", "2026-01", "").unwrap() - 0.35).abs() < 1e-15, "a mean of two parts");
    assert_eq!(desk.month("share", "2026-01", "part=s"), Ok(0.4));
    assert_eq!(desk.month("orders", "2026-01", ""), Ok(12.0), "both days are of January");
    // February was due on 21 March; April is not over, and due on 21 May.
    assert_eq!(desk.month("share", "2026-02", ""), Err(NotComputable::Late));
    assert_eq!(
        desk.month("orders", "2026-03", ""),
        Err(NotComputable::Late),
        "due with the end of the month"
    );
    let april = desk.value("share", Grain::Month, "2026-04", "").unwrap();
    let Finality::Provisional { final_at, .. } = april.finality else { panic!("{april:?}") };
    assert_eq!(april.estimate, Err(NotComputable::NotMature { final_at }));
    // March is there, and may change until it is due.
    assert_eq!(desk.month("share", "2026-03", ""), Ok(0.5));
    assert_ne!(desk.value("share", Grain::Month, "2026-03", "").unwrap().finality, Finality::Final);
    assert!(
        desk.value("orders", Grain::Month, "2025-12", "").is_none(),
        "nothing is late before the first row"
    );
    // On the fifth day of business after March, with two holidays between: by the end of 9 April. April's is the 7th of May.
    let midnight =
        |day: jiff::civil::Date| day.to_zoned(jiff::tz::TimeZone::UTC).unwrap().timestamp().as_microsecond();
    let measured = |kpi: &str| desk.project.kpis[&kpi.parse::<KpiId>().unwrap()].measure.clone();
    let Measure::Entered(trained) = measured("trained") else { panic!() };
    assert_eq!(trained.due.at(midnight(date(2026, 4, 1))), midnight(date(2026, 4, 10)));
    let Measure::Entered(certified) = measured("certified") else { panic!() };
    assert_eq!(certified.due.at(midnight(date(2026, 4, 1))), midnight(date(2026, 4, 17)));
    // Nobody ever entered it: it is owed from the period of the day on, and nothing before.
    assert!(desk.value("trained", Grain::Month, "2026-01", "").is_none());
    assert_eq!(desk.month("trained", "2026-02", ""), Err(NotComputable::Late));
    assert_eq!(desk.month("trained", "2026-03", ""), Err(NotComputable::Late), "data reach to the 15th");
    let final_at = midnight(date(2026, 5, 8));
    assert_eq!(desk.month("trained", "2026-04", ""), Err(NotComputable::NotMature { final_at }));
    assert_eq!(
        desk.value("trained", Grain::Quarter, "2026-Q1", "").unwrap().estimate,
        Err(NotComputable::Late)
    );
    assert_eq!(
        desk.month("certified", "2026-03", "").unwrap_err(),
        NotComputable::NotMature { final_at: midnight(date(2026, 4, 17)) }
    );
    // The quarter is not over for whoever enters until March is due; what is there by then is shown as provisional.
    let quarter = desk.value("share", Grain::Quarter, "2026-Q1", "").unwrap();
    assert_ne!(quarter.finality, Finality::Final);
    assert!((quarter.estimate.unwrap().point - 0.4).abs() < 1e-15);
    // Of a quarter that is over nothing stands for what is not there: January alone is no quarter.
    let quarter = desk.value("orders", Grain::Quarter, "2026-Q1", "").unwrap();
    assert_eq!((quarter.finality, quarter.estimate), (Finality::Final, Err(NotComputable::Late)));
    // Nor where a month of it is filled in: what is late of the figures that were entered is late of the quarter.
    assert_eq!(desk.month("carried", "2026-02", ""), Ok(12.0));
    let quarter = desk.value("carried", Grain::Quarter, "2026-Q1", "").unwrap();
    assert_eq!((quarter.finality, quarter.estimate), (Finality::Final, Err(NotComputable::Late)));
}
