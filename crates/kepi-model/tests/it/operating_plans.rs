//! Operating plans: what units plan together, and targets that a plan leaves behind.

use jiff::civil::date;
use kepi_model::{codes, operating_plan::OperatingPlan, project::Project};

use crate::base::{checked, files, short};

/// The base project with more documents, and something in place of the basis of the first target of `nps`.
fn with(more: &str, target: &str) -> Project {
    let mut files = files();
    let (_, kpis) = files.iter_mut().find(|(path, _)| path == "kpis.yml").unwrap();
    *kpis = kpis.replacen("basis: {history: median of 24 months}}", target, 1);
    files.push(("more.yml".to_owned(), more.to_owned()));
    let checked = checked(&files);
    checked.value.unwrap_or_else(|| panic!("{}", short(&checked.findings)))
}

fn plan<'a>(project: &'a Project, id: &str) -> &'a OperatingPlan {
    &project.operating_plans[&id.parse().unwrap()]
}

fn amount(plan: &OperatingPlan, day: jiff::civil::Date, objective: &str) -> i64 {
    plan.versions_by(day).last().unwrap().amounts[&objective.parse().unwrap()]
}

const UNITS: &str = "---
operating_plan: north
name: North
unit: north
from: 2026-01-01
until: 2027-01-01
versions:
  budget: {since: 2025-12-10, amounts: {recommended: 10.10 EUR, fast: 5 EUR}}
  forecast: {since: 2026-07-01, amounts: {recommended: 14.20 EUR}}
---
operating_plan: south
name: South
unit: south
from: 2026-01-01
until: 2027-01-01
versions:
  budget: {since: 2025-12-20, amounts: {recommended: 20.05 EUR}}
";

#[test]
fn a_plan_of_the_whole_is_the_sum_of_what_units_plan_on_each_day() {
    let project = with(
        &format!(
            "{UNITS}---\noperating_plan: all\nname: All\nfrom: 2026-01-01\nuntil: 2027-01-01\nof_units: true\n"
        ),
        "basis: {history: before}}",
    );
    let all = plan(&project, "all");
    assert!(all.is_sum);
    assert_eq!(all.parts.iter().map(ToString::to_string).collect::<Vec<_>>(), ["north", "south"]);
    assert_eq!(all.currency, "EUR");
    let days: Vec<String> = all.versions.iter().map(|of| of.since.to_string()).collect();
    assert_eq!(days, ["2025-12-10", "2025-12-20", "2026-07-01"], "whenever a unit plans anew");
    // Added up by hand, in millionths.
    assert_eq!(amount(all, date(2025, 12, 15), "recommended"), 10_100_000);
    assert_eq!(amount(all, date(2026, 1, 1), "recommended"), 30_150_000);
    assert_eq!(amount(all, date(2026, 8, 1), "recommended"), 34_250_000);
    assert_eq!(amount(all, date(2026, 1, 1), "fast"), 5_000_000);
    assert!(
        !all.versions.last().unwrap().amounts.contains_key(&"fast".parse().unwrap()),
        "north plans nothing for it any more"
    );
}

#[test]
fn a_plan_of_its_own_is_held_against_those_of_units_and_says_which_have_none() {
    let own = "---\noperating_plan: all\nname: All\nfrom: 2026-01-01\nuntil: 2027-01-01\nversions: {budget: {since: 2025-12-01, amounts: {recommended: 40 EUR}}}\n";
    let (north, _) = UNITS.split_once("---\noperating_plan: south").unwrap();
    let project = with(&format!("{north}{own}"), "basis: {history: before}}");
    let all = plan(&project, "all");
    assert_eq!(all.parts.len(), 1);
    assert_eq!(all.without.iter().map(ToString::to_string).collect::<Vec<_>>(), ["south"]);
    assert_eq!(amount(all, date(2026, 8, 1), "recommended"), 40_000_000, "its own amounts stay");
    // Of other days it is another plan, and no part.
    let other = north.replace("until: 2027-01-01", "until: 2026-10-01");
    let project = with(&format!("{other}{own}"), "basis: {history: before}}");
    assert!(plan(&project, "all").parts.is_empty() && plan(&project, "all").without.is_empty());
}

/// From which day on the first target of `nps` is out of date, and by which version.
fn late(project: &Project) -> Option<(String, Option<String>)> {
    let kpi = &project.kpis[&"nps".parse().unwrap()];
    let target = kpi.targets.iter().find(|of| of.unit.is_none()).unwrap();
    let late = project.out_of_date(&kpi.id, target)?;
    Some((late.day.to_string(), late.by.map(|of| of.id.to_string())))
}

#[test]
fn a_target_is_out_of_date_once_its_plan_says_something_else_until_it_is_agreed_on_anew() {
    let plan = "---\noperating_plan: year\nname: A year\nfrom: 2026-01-01\nuntil: 2027-01-01\nversions:\n  budget: {since: 2025-12-10, amounts: {recommended: 10 EUR}}\n";
    let forecast = "  forecast: {since: 2026-07-01, amounts: {recommended: 14 EUR}}\n";
    let budget = "basis: {history: before}, plan: {of: year, version: budget}}";
    let over = Some(("2027-01-01".to_owned(), None));
    assert_eq!(late(&with(plan, budget)), over, "it outlives the plan");
    let project = with(&format!("{plan}{forecast}"), budget);
    assert_eq!(late(&project), Some(("2026-07-01".to_owned(), Some("forecast".to_owned()))));
    // Named with the version that is the plan, it stays as it is until the plan is over.
    assert_eq!(late(&with(&format!("{plan}{forecast}"), &budget.replace("budget", "forecast"))), over);
    // Another from that day on: the first one is not out of date, it is no more.
    let next = "  - {from: 2026-07-01, threshold: 20, target: 41, basis: {history: before}, plan: {of: year, version: forecast}}";
    assert_eq!(late(&with(&format!("{plan}{forecast}"), &format!("{budget}\n{next}"))), None);
    // A day later there is one day on which it was.
    let next = next.replace("2026-07-01", "2026-07-02");
    let project = with(&format!("{plan}{forecast}"), &format!("{budget}\n{next}"));
    assert_eq!(late(&project), Some(("2026-07-01".to_owned(), Some("forecast".to_owned()))));
    assert_eq!(late(&with(plan, "basis: {history: before}}")), None, "nothing is said of a plan");
}

#[test]
fn what_is_out_of_date_is_a_warning_and_forbids_nothing() {
    let mut files = files();
    let (_, kpis) = files.iter_mut().find(|(path, _)| path == "kpis.yml").unwrap();
    *kpis = kpis.replacen(
        "basis: {history: median of 24 months}}",
        "basis: {history: before}, plan: {of: north, version: budget}}",
        1,
    );
    files.push(("more.yml".to_owned(), UNITS.to_owned()));
    let of = checked(&files);
    let said: Vec<_> =
        of.findings.iter().filter(|of| of.code == codes::TARGET_PLAN).map(|of| of.message.as_str()).collect();
    assert_eq!(said, ["the target is for all, and the plan that of `north`"]);
    assert!(of.value.is_none());
}

/// On which days a review of quarters opens by the gates of the plan, and why.
fn opens(gates: &str, review: &str) -> Vec<(String, String)> {
    let more = format!(
        "---\noperating_plan: year\nname: The year\nfrom: 2026-01-01\nuntil: 2027-01-01\nversions: {{budget: {{since: 2025-12-10, amounts: \
         {{recommended: 10 EUR}}}}}}\ngates: {gates}\n---\nreview: it\nname: It\nscorecard: shop_2026\nperiod: quarter\nchair: owner\n{review}\n"
    );
    let project = with(&more, "basis: {history: before}}");
    let rule = &project.reviews[&"it".parse().unwrap()];
    let by_hand = rule.due(&project.calendar, date(2026, 6, 22), None).unwrap();
    assert_eq!(by_hand.is_none(), rule.on.iter().all(|day| *day > date(2026, 6, 22)));
    rule.on.iter().map(|day| (day.to_string(), rule.by_gate(*day).unwrap_or_default().to_owned())).collect()
}

#[test]
fn a_review_opens_so_many_days_of_business_around_a_gate_and_moves_with_it() {
    // Tuesday, 30 June 2026: five days of business before it is Tuesday, 23 June.
    let gates = "{approval: 2025-12-15, forecast: 2026-06-30}";
    let said = |day: &str, why: &str| (day.to_owned(), why.to_owned());
    assert_eq!(
        opens(gates, "gates: {of: [year], only: [forecast], before: 5}"),
        [said("2026-06-23", "5 days of business before forecast of The year (2026-06-30)")]
    );
    // Moved by a week, so is the review; of both gates on the day itself, and a day after.
    let moved = "{approval: 2025-12-15, forecast: 2026-07-07}";
    assert_eq!(opens(moved, "gates: {of: [year], only: [forecast], before: 5}")[0].0, "2026-06-30");
    let both: Vec<String> = opens(gates, "gates: {of: [year]}").into_iter().map(|of| of.0).collect();
    assert_eq!(both, ["2025-12-15", "2026-06-30"]);
    // A Friday: the next day of business is Monday.
    assert_eq!(opens("{forecast: 2026-07-03}", "gates: {of: [year], after: 1}")[0].0, "2026-07-06");
    assert_eq!(opens("{forecast: 2026-07-06}", "gates: {of: [year], before: 1}")[0].0, "2026-07-03");
}
