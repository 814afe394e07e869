//! How long a KPI waits until it is final, by what it reads of made rows, in days worked out by hand.

use kepi_model::{
    finding::Severity,
    source_text::{SourceFile, SourceMap},
};

use crate::base::checked_map;

const PROJECT: &str = "\
project: studio
name: Studio
language: 1
time_zone: Europe/Berlin
---
entity: account
attributes:
  activated: {any: order, from: created_at, within: 14 days}
  first_soon: {first: order.ordered_at, from: created_at, within: 60 days}
  first_plan: {first: subscription.plan, from: created_at, within: 30 days}
  before_first: {count: session, from: created_at, until: first_soon - 50 days}
  alike: {count: subscription, same: {first_plan: plan}, from: created_at, within: 10 days}
---
entity: engagement
name: Engagement
key: [number]
time: started_on
attributes:
  number: {type: text}
  account: {type: reference account}
  signed_on: {type: date}
  started_on: {type: date}
  paid: {any: order, same: account, from: started_on, within: 10 days}
---
entity: order
attributes:
  again: {any: order, same: account, after: this, within: 7 days}
---
entity: active
rows: {every: month, of: account, where: activated}
---
entity: back
rows: {every: month, of: account, keep: soon}
attributes:
  soon: {any: subscription, in_force: period_end, within: 30 days}
---
entity: journey
rows:
  of: account
  stages:
    buys: {enter: {of: order, where: again}}
---
entity: touch
rows: {union: [{of: order, set: {returns: again}}]}
attributes: {account: {type: reference account}, returns: {type: boolean}}
---
entity: buyer
rows: {every: month, of: account}
attributes:
  returns: {count: touch, where: returns}
  buys: {any: journey, in_force: period_end}
  paid: {count: engagement, where: paid, dated: signed_on}
---
";

/// For how many days values of a measure may still change; none: for ever.
fn days(measure: &str) -> Option<i64> {
    let text = format!("{PROJECT}kpi: k\nname: K\nbetter: higher\nperiod: month\nmeasure: {{{measure}}}\n");
    let map = SourceMap::new(vec![SourceFile { path: "kepi.yml".to_owned(), text: text.as_str().into() }]);
    let checked = checked_map(&map);
    let errors: Vec<&str> = checked
        .findings
        .iter()
        .filter(|finding| finding.severity == Severity::Error)
        .map(|finding| finding.message.as_str())
        .collect();
    if errors.iter().any(|message| message.contains("may change for ever")) {
        return None;
    }
    assert_eq!(errors, Vec::<&str>::new(), "{measure}");
    Some(checked.value.unwrap().kpis.values().next().unwrap().reach / 86_400_000_000)
}

#[test]
fn what_is_asked_with_may_be_known_later_than_the_stretch_ends() {
    assert_eq!(days("share: {of: account, which: activated}"), Some(14));
    // The stretch ends 10 days after the first order at most, which is known after 60.
    assert_eq!(days("share: {of: account, which: before_first > 0}"), Some(60));
    // Whose rows it is about is known after 30 days.
    assert_eq!(days("share: {of: account, which: alike > 0}"), Some(30));
}

#[test]
fn rows_that_are_made_may_come_and_go() {
    assert_eq!(days("count: {of: active}"), Some(14));
    assert_eq!(days("count: {of: back}"), Some(30));
    assert_eq!(days("count: {of: journey}"), Some(7));
    assert_eq!(days("share: {of: touch, which: returns}"), Some(7));
    // What is gathered of such rows waits for them.
    assert_eq!(days("share: {of: buyer, which: buys}"), Some(7));
    assert_eq!(days("share: {of: buyer, which: returns > 0}"), Some(7));
}

#[test]
fn what_is_counted_from_another_date_than_dates_their_rows_has_no_end() {
    // Whether an engagement is paid is known 10 days after it starts, however long after it was signed.
    assert_eq!(days("share: {of: buyer, which: paid > 0}"), None);
}
