//! A classification that changed, through the binary: from the source over the engine to figures, and back to the rows.

use serde_json::Value;

use crate::support::Project;

const DESK: &str = "project: desk
name: Desk
language: 1
time_zone: UTC
---
source: accounts
into: account
from: {csv: {files: data/accounts.csv}}
mode: upsert
version: updated_at
map:
  id: {column: id, as: text, required: true}
  tier: {column: tier, as: text}
  updated_at: {column: updated, as: date, required: true}
---
source: tickets
into: ticket
from: {csv: {files: data/tickets.csv}}
mode: append
map:
  id: {column: id, as: text, required: true}
  account: {column: account, as: reference account}
  opened_at: {column: opened, as: date, required: true}
  contacts: {column: contacts, as: integer}
---
crosswalk: tiers_2026
name: Tiers of 2026
since: 2026-04-01
from: [gold, silver]
to: [enterprise, mid]
map: {gold: {enterprise: 60%, mid: 40%}, silver: mid}
---
kpi: tickets
name: Tickets
better: lower
measure: {count: {of: ticket}}
period: month
by: {tier: account.tier, tier_then: account.tier}
bridged: {tier: tiers_2026}
---
kpi: effort
name: Contacts of a ticket
better: lower
measure: {mean: {of: ticket, value: contacts}}
period: month
by: [account.tier]
bridged: {tier: tiers_2026}
";

#[test]
fn tiers_that_changed_are_bridged_from_the_source_to_the_trace() {
    let project = Project::empty();
    project.write("kepi.yml", DESK);
    project.write(
        "data/accounts.csv",
        "id,tier,updated\na,gold,2025-01-01\nb,silver,2025-01-01\na,enterprise,2026-04-01\nb,mid,2026-04-01\n",
    );
    // Four tickets of the gold one with 1, 2, 3 and 6 contacts, one of the silver one with 7; in April one of each.
    project.write(
        "data/tickets.csv",
        "id,account,opened,contacts\n1,a,2026-03-02,1\n2,a,2026-03-03,2\n3,a,2026-03-04,3\n4,a,2026-03-31,6\n5,b,2026-03-05,7\n6,a,2026-04-01,4\n7,b,2026-04-02,5\n",
    );
    project.ok(&["run", "--quiet"]);
    let table = project.ok(&["show", "kpi", "tickets", "--format", "csv"]);
    let value = |kpi: &str, period: &str, segment: &str| {
        let table = project.ok(&["show", "kpi", kpi, "--format", "csv"]);
        let start = format!("{kpi},{period},{segment},");
        let found = table.lines().find_map(|line| line.strip_prefix(&start).map(str::to_owned));
        let found = found.unwrap_or_else(|| panic!("{start}\n{table}"));
        found.split(',').next().unwrap().parse::<f64>().unwrap()
    };
    assert!(!table.contains("tier=gold") && table.contains("tier_then=gold"), "{table}");
    let of = |period: &str, tier: &str| value("tickets", period, tier);
    assert_eq!(format!("{:?} {:?}", of("2026-03", "tier=enterprise"), of("2026-03", "tier=mid")), "2.4 2.6");
    assert_eq!(
        format!("{:?} {:?}", of("2026-03", "tier_then=gold"), of("2026-03", "tier_then=silver")),
        "4.0 1.0"
    );
    assert_eq!(format!("{:?} {:?}", of("2026-04", "tier=enterprise"), of("2026-04", "tier=mid")), "1.0 1.0");
    // (0.4 · 12 + 7) / (0.4 · 4 + 1).
    assert!((value("effort", "2026-03", "tier=mid") - 11.8 / 2.6).abs() < 1e-12);
    // All five rows stand behind it, four of them in part.
    let trace =
        project.ok(&["trace", "effort", "--period", "2026-03", "--segment", "tier=mid", "--format", "json"]);
    let trace: Value = serde_json::from_str(&trace).unwrap();
    let trace = &trace["traced"];
    assert_eq!((&trace["counted"], &trace["agrees"]), (&5.into(), &true.into()), "{trace}");
    project.ok(&["reproduce"]);
    let text = project.ok(&["show", "kpi", "tickets", "--period", "2026-03"]);
    assert!(text.contains("tier bridged by Tiers of 2026"), "{text}");
    // What does not add up is said.
    let (_, why) = project.fails(3, &["show", "kpi", "tickets", "--period", "2026-Q1"]);
    assert!(why.contains("shared out in each month"), "{why}");
}
