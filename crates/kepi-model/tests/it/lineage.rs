//! What of a source decides which rows there are is part of the lineage of what counts them.

use kepi_model::{
    check::check,
    lineage::{How, Lineage, Thing},
    source_text::{SourceFile, SourceMap},
};

const PROJECT: &str = r#"
project: ways
name: Ways
language: 1
time_zone: UTC
---
source: acc
into: account
from: {csv: {files: "data/acc.csv"}}
mode: upsert
version: updated_at
merges: {into: master}
deletes: {where: status = 'gone'}
map:
  id: {column: id, as: text, required: true}
  name: {column: name, as: text}
  tier: {column: tier, as: text}
  status: {column: status, as: text}
  updated_at: {column: up, as: date, required: true}
---
source: tick
into: ticket
from: {csv: {files: "data/tick.csv"}}
mode: append
time_zone: {name: UTC, column: tz}
map:
  id: {column: id, as: text, required: true}
  account: {column: account, as: reference account}
  opened_at: {column: at, as: timestamp, format: "%Y-%m-%d %H:%M"}
  category: {column: category, as: text, required: true}
  contacts: {column: contacts, as: integer}
  status: {column: status, as: text}
  channel: {column: channel, as: text}
rules:
  - {name: once, require: unique status, else: quarantine}
  - {name: known, require: channel is not null, else: warn}
---
source: events
into: event
from: {csv: {files: "data/events.csv"}}
mode: snapshot
order: {column: exported}
map:
  id: {column: id, as: text, required: true}
  occurred_at: {column: at, as: timestamp}
---
entity: account_version
rows: {versions: account}
---
kpi: tickets
name: Tickets
better: lower
measure: {count: {of: ticket}}
period: month
by: [account.tier]
---
kpi: contacts
name: Contacts
better: lower
measure: {mean: {of: ticket, value: contacts}}
cluster: category
period: month
---
kpi: versions
name: Versions
better: lower
measure: {count: {of: account_version}}
period: month
---
kpi: events
name: Events
better: lower
measure: {count: {of: event}}
period: month
"#;

#[test]
fn what_decides_which_rows_a_source_has_is_in_the_lineage() {
    let files = vec![SourceFile { path: "kepi.yml".into(), text: PROJECT.into() }];
    let checked = check(&SourceMap::new(files), &Default::default());
    let project = checked.value.unwrap_or_else(|| panic!("{:?}", checked.findings));
    let lineage = Lineage::of(&project);
    let columns = |kpi: &str| -> Vec<String> {
        let of = Thing::Kpi(kpi.parse().unwrap());
        let all = lineage.origins(&of).into_iter();
        all.filter(|of| matches!(of, Thing::Column(..))).map(|of| of.to_string()).collect()
    };
    let of = |source: &str, columns: &[&str]| -> Vec<String> {
        columns.iter().map(|column| format!("source/{source}/{column}")).collect()
    };
    // All that ends, merges, replaces or rejects rows, and the zone of their times; a name and a rule that only warns move nothing.
    let accounts = of("acc", &["id", "master", "status", "tier", "up"]);
    let tickets = of("tick", &["account", "at", "category", "id", "status", "tz"]);
    assert_eq!(columns("tickets"), [accounts, tickets].concat());
    assert_eq!(columns("contacts"), of("tick", &["at", "category", "contacts", "id", "status", "tz"]));
    assert_eq!(columns("versions"), of("acc", &["id", "master", "status", "up"]));
    assert_eq!(columns("events"), of("events", &["at", "exported", "id"]));
    // What rows have in common weighs nothing.
    let (cluster, contacts) =
        (Thing::Attribute("ticket".parse().unwrap(), "category".parse().unwrap()), "contacts");
    let contacts = Thing::Kpi(contacts.parse().unwrap());
    let how: Vec<How> = lineage
        .steps()
        .filter(|step| step.from == cluster && step.to == contacts)
        .map(|step| step.how)
        .collect();
    assert_eq!(how, [How::Joins]);
    // Nothing is made of entities that nothing fills.
    let idle = Thing::Rows("survey_response".parse().unwrap());
    assert!(lineage.steps().all(|step| step.to != idle));
}
