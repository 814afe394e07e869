//! What is made of landed rows: one gathered attribute on a landed entity, and a panel, end to end.

use jiff::ToSpan as _;
use kepi_query::{port::PinnedInputs, reach, value::Finality};
use kepi_testkit::{
    road::{Road, made},
    tables::{inputs, instant, project, table},
};

const MODEL: &str = r#"
project: test
name: Test
language: 1
time_zone: Europe/Berlin
---
entity: subscription
attributes:
  fee: {type: integer}
---
entity: account
attributes:
  orders: {count: order, from: created_at, within: 90 days}
---
entity: customer
rows: {every: period, of: account}
attributes:
  opening: {sum: subscription.fee, in_force: period_start}
  closing: {sum: subscription.fee, in_force: period_end}
  kept: {expression: case when closing < opening then closing else opening end}
---
kpi: churn
name: Churn
better: lower
period: month
measure: {share: {of: customer, where: opening > 0, which: closing = 0}}
---
kpi: nrr
name: NRR
better: higher
period: month
measure:
  ratio:
    numerator: {sum: {of: customer, value: closing, where: opening > 0}}
    denominator: {sum: {of: customer, value: opening}}
---
kpi: repeat
name: Repeat customers
better: higher
period: month
measure: {share: {of: account, which: orders >= 2}}
"#;

fn world() -> (kepi_model::project::Project, PinnedInputs) {
    let project = project(MODEL);
    let calendar = &project.calendar;
    let accounts = table(
        calendar,
        "id:text created_at:instant closed_at:instant
         a1 2026-01-10 -
         a2 2026-01-20 -
         a3 2026-02-05 -",
    );
    let subscriptions = table(
        calendar,
        "id:text account:text started_at:instant ended_at:instant fee:integer
         s1 a1 2026-01-10 - 100
         s2 a2 2026-01-20 2026-03-10 50
         s3 a3 2026-02-05 - 30
         s4 a1 2026-03-31 - 20
         s5 a1 2026-04-30 - 1",
    );
    let orders = table(
        calendar,
        "id:text account:text ordered_at:instant
         o1 a1 2026-01-10
         o2 a1 2026-02-10
         o3 a1 2026-06-10
         o4 a2 2026-04-21
         o5 a2 2026-01-21
         o6 a3 2026-01-01",
    );
    (project, inputs(vec![("account", accounts), ("subscription", subscriptions), ("order", orders)]))
}

#[test]
fn churn_net_revenue_retention_and_repeat_customers_are_as_worked_by_hand() {
    let (project, inputs) = world();
    let at = instant(&project.calendar, "2026-07-01");
    let all = made(&project, &inputs, at);
    let values = Road::by_reference(&project, &all).values(&project);
    let value = |kpi: &str, period: &str| {
        let period = project.calendar.parse(period).unwrap();
        let found = values
            .iter()
            .find(|value| value.kpi.as_str() == kpi && value.period == period && value.segment.is_total());
        found.map(|value| value.estimate.as_ref().map(|estimate| estimate.point).map_err(ToString::to_string))
    };
    // a2's 50 of a1's, a2's and a3's 180 end in March, and a1 adds 20.
    assert_eq!(value("churn", "2026-03"), Some(Ok(1.0 / 3.0)));
    assert_eq!(value("nrr", "2026-03"), Some(Ok(150.0 / 180.0)));
    assert_eq!(value("churn", "2026-04"), Some(Ok(0.0)));
    // The data on subscriptions end in April.
    assert_eq!(value("churn", "2026-05"), None);
    // a1 orders twice within 90 days, a2 once: its second order comes on the 91st.
    assert_eq!(value("repeat", "2026-01"), Some(Ok(0.5)));
    assert_eq!(value("repeat", "2026-02"), Some(Ok(0.0)));
}

const DAYS: &str = r#"
project: test
name: Test
language: 1
time_zone: Europe/Berlin
---
entity: answer
key: [id]
time: answered_on
attributes:
  id: {type: text}
  ask: {type: reference ask}
  answered_on: {type: date}
---
entity: ask
key: [id]
time: asked_on
attributes:
  id: {type: text}
  asked_on: {type: date}
  due_on: {type: date}
  within: {any: answer, from: asked_on, within: 7 days}
  until: {any: answer, from: asked_on, until: asked_on + 8 days}
  before_due: {any: answer, from: due_on - 7 days, until: due_on}
  back: {any: answer, until: due_on, within: 7 days}
  first_on: {first: answer.answered_on, from: asked_on, within: 60 days}
"#;

/// Each is answered a week after it was asked, which is a week before it is due.
const OVER_A_CLOCK_CHANGE: [(&str, &str); 8] = [
    ("within", "{share: {of: ask, which: within}}"),
    ("until", "{share: {of: ask, which: until}}"),
    ("before_due", "{share: {of: ask, which: before_due}}"),
    ("back", "{share: {of: ask, which: back}}"),
    ("difference", "{share: {of: ask, which: first_on - asked_on = 7 days}}"),
    ("sum", "{share: {of: ask, which: first_on = asked_on + 7 days}}"),
    ("no_sooner", "{share: {of: ask, which: first_on - 7 days >= asked_on}}"),
    ("duration", "{duration: {of: ask, from: asked_on, until: first_on, within: 7 days}}"),
];

#[test]
fn days_are_counted_by_the_calendar_over_a_clock_change() {
    let mut text = DAYS.to_owned();
    let means = ("mean", "{duration: {of: ask, from: asked_on, until: first_on, summary: mean}}");
    for (id, measure) in OVER_A_CLOCK_CHANGE.iter().chain([&means]) {
        text.push_str(&format!("---\nkpi: {id}\nname: {id}\nbetter: higher\nperiod: day\nfinal_after: 3 months\nmeasure: {measure}\n"));
    }
    let project = project(&text);
    let calendar = &project.calendar;
    // Clocks go back on 25 October 2026 and forward on 29 March.
    let first = [jiff::civil::date(2026, 3, 15), jiff::civil::date(2026, 10, 12)];
    let days: Vec<_> = first.iter().flat_map(|first| first.series(1.day()).take(20)).collect();
    let (mut asks, mut answers) = (
        "id:text asked_on:instant due_on:instant\n".to_owned(),
        "id:text ask:text answered_on:instant\n".to_owned(),
    );
    for day in &days {
        asks.push_str(&format!("a{day} {day} {}\n", *day + 14.days()));
        answers.push_str(&format!("b{day} a{day} {}\n", *day + 7.days()));
    }
    let inputs = inputs(vec![("ask", table(calendar, &asks)), ("answer", table(calendar, &answers))]);
    let all = made(&project, &inputs, instant(calendar, "2026-12-31"));
    let values = Road::by_reference(&project, &all).values(&project);
    for (id, expected) in OVER_A_CLOCK_CHANGE.iter().map(|(id, _)| (*id, 1.0)).chain([("mean", 604_800e6)]) {
        for day in &days {
            let period = calendar.parse(&day.to_string()).unwrap();
            let of = |value: &&kepi_query::value::Value| value.kpi.as_str() == id && value.period == period;
            let found = values.iter().find(of).unwrap_or_else(|| panic!("{id} of {day}"));
            assert_eq!(found.estimate.as_ref().map(|of| of.point), Ok(expected), "{id} of {day}");
        }
    }
}

/// Panels whose periods are no parts of those in which their rows count.
const UNEVEN: &str = r#"
project: test
name: Test
language: 1
time_zone: Europe/Berlin
---
entity: week_of_account
rows: {every: week, of: account, until: now}
attributes:
  orders: {count: order}
  soon: {any: order, from: period_end, within: 3 days}
---
entity: month_of_account
rows: {every: month, of: account, until: now}
attributes:
  orders: {count: order}
---
kpi: weekly
name: Weeks with orders
better: higher
period: [week, month]
measure: {share: {of: week_of_account, which: orders > 0}}
---
kpi: soon
name: Weeks with orders or soon after
better: higher
period: month
measure: {share: {of: week_of_account, which: orders > 0 or soon}}
---
kpi: waits
name: Weeks with orders, said to be known sooner
better: higher
period: month
final_after: 2 days
measure: {share: {of: week_of_account, which: orders > 0}}
---
kpi: monthly
name: Months with orders
better: higher
period: [week, month, quarter]
measure: {share: {of: month_of_account, which: orders > 0}}
---
kpi: twice
name: Twice the weeks with orders
better: higher
period: month
measure:
  formula:
    kpis: {share: weekly}
    value: share * 2
"#;

#[test]
fn a_period_is_final_when_the_last_row_that_counts_for_it_has_ended() {
    let project = project(UNEVEN);
    let calendar = &project.calendar;
    let known = |kpi: &str, period: &str, until: &str| {
        let kpi = &project.kpis[&kpi.parse::<kepi_model::id::KpiId>().unwrap()];
        let watermarks = kpi.reads.iter().map(|read| (read.clone(), instant(calendar, until))).collect();
        let end = calendar.bounds(calendar.parse(period).unwrap()).unwrap().end;
        reach::finality(kpi, end, calendar, &watermarks).unwrap() == Finality::Final
    };
    let first = |kpi: &str, period: &str, day: &str| {
        let day: jiff::civil::Date = day.parse().unwrap();
        (known(kpi, period, &day.yesterday().unwrap().to_string()), known(kpi, period, &day.to_string()))
    };
    // The week from 29 September goes on until 5 October.
    assert_eq!(first("weekly", "2025-09", "2025-10-06"), (false, true));
    assert_eq!(first("weekly", "2025-W40", "2025-10-06"), (false, true));
    assert_eq!(first("weekly", "2025-08", "2025-09-01"), (false, true), "31 August is a Sunday");
    // What its rows look for comes within three days after that.
    assert_eq!(first("soon", "2025-09", "2025-10-09"), (false, true));
    // What is declared is what holds: two days, which may have 25 hours each.
    assert_eq!(first("waits", "2025-09", "2025-10-04"), (false, true));
    // The month that begins on Saturday, 1 November, counts in that week, and lasts until the end of November.
    assert_eq!(first("monthly", "2025-W44", "2025-12-01"), (false, true));
    assert_eq!(first("monthly", "2025-11", "2025-12-01"), (false, true));
    assert_eq!(first("monthly", "2025-Q4", "2026-01-01"), (false, true));
    assert_eq!(first("twice", "2025-09", "2025-10-06"), (false, true));
}
