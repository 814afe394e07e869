//! KPIs that come to their end: announced, used no longer, measured no longer.

use jiff::civil::date;
use kepi_model::{codes, finding::Checked, project::Project};

use crate::base::{checked, files, short};

/// The base project with a life of `nps`, and more.
fn with(life: &str, more: &str) -> Checked<Project> {
    let mut files = files();
    let (_, text) = files.iter_mut().find(|(path, _)| path == "kpis.yml").unwrap();
    *text = text.replacen("kpi: nps\n", &format!("kpi: nps\n{life}"), 1);
    files.push(("more.yml".to_owned(), more.to_owned()));
    checked(&files)
}

/// KPI and user of every finding with a code.
fn said(of: &Checked<Project>, code: kepi_model::finding::Code) -> Vec<&str> {
    of.findings
        .iter()
        .filter(|finding| finding.code == code)
        .map(|finding| finding.message.as_str())
        .collect()
}

const NEW: &str = "---\nkpi: new_nps\nname: New\nbetter: higher\nmeasure: {count: {of: survey_response}}\nperiod: month\npurpose: service_improvement\n";
const WATCHED: &str = "---\nstage_gate: it\nname: It\nwhen: {nps: {at_least: 30}}\n";
const INDEX: &str = "---\nkpi: index\nname: Index\nbetter: higher\nperiod: month\npurpose: service_improvement\nmeasure: {composite: {kpis: {nps: {weight: 100%, zero: 0, hundred: 50}}}}\n";

#[test]
fn every_use_of_what_goes_is_pointed_out_and_refused_once_it_is_retired() {
    let going = with("life: {sunset: 2027-01-01}\nsuccessor: new_nps\n", &[NEW, WATCHED, INDEX].concat());
    let users = ["`kpi/index`", "`scorecard/shop_2026`", "`stage_gate/it`", "`strategy/shop_strategy`"];
    let warned = said(&going, codes::GOING_IN_USE);
    for user in users {
        assert_eq!(warned.iter().filter(|of| of.contains(user)).count(), 1, "{user} in {warned:?}");
    }
    assert_eq!(warned.len(), users.len(), "nothing else: {warned:?}");
    assert!(going.value.is_some(), "announced, it still goes on: {}", short(&going.findings));

    let retired = with(
        "life: {sunset: 2027-01-01, retired: 2027-07-01}\nsuccessor: new_nps\n",
        &[NEW, WATCHED, INDEX].concat(),
    );
    assert_eq!(said(&retired, codes::RETIRED_IN_USE).len(), users.len(), "{}", short(&retired.findings));
    assert!(retired.value.is_none(), "a retired KPI is used by nothing");
}

#[test]
fn who_is_dated_uses_it_until_the_day_and_a_kpi_has_no_period_from_then_on() {
    let of = with("life: {sunset: 2027-01-01, retired: 2027-01-01}\n", "");
    assert!(of.value.is_none());
    let mut files = files();
    let (_, text) = files.iter_mut().find(|(path, _)| path == "kpis.yml").unwrap();
    *text = text.replacen("kpi: nps\n", "kpi: nps\nlife: {sunset: 2027-01-01, retired: 2027-01-15}\n", 1);
    let (_, strategy) = files.iter_mut().find(|(path, _)| path == "strategy.yml").unwrap();
    *strategy = strategy.replace("measured_by: nps", "measured_by: easy_help");
    let (_, card) = files.iter_mut().find(|(path, _)| path == "scorecard.yml").unwrap();
    let then = card.trim().trim_start_matches("---").replace("nps: 70%, easy_help: 30%", "easy_help: 100%");
    let then = then.replacen("scorecard: shop_2026\n", "scorecard: shop_2026\nfrom: 2027-01-01\n", 1);
    card.push_str(&format!("\n---\n{then}"));
    let of = checked(&files);
    assert_eq!(said(&of, codes::RETIRED_IN_USE), Vec::<&str>::new(), "{}", short(&of.findings));
    let project = of.value.unwrap_or_else(|| panic!("{}", short(&of.findings)));
    let nps = &project.kpis[&"nps".parse().unwrap()];
    let month = |day| project.calendar.period_of_day(nps.period, day);
    assert!(nps.in_period(month(date(2026, 12, 31)), &project.calendar).is_some());
    assert!(nps.in_period(month(date(2027, 1, 1)), &project.calendar).is_none(), "its last day is beyond");
    let life = nps.life.unwrap();
    let on = |month, day| life.on(date(2027, month, day));
    assert_eq!([life.on(date(2026, 12, 31)), on(1, 1), on(1, 15)], ["deprecated", "sunset", "retired"]);
    let before = checked(&crate::base::files()).value.unwrap();
    assert_ne!(nps.hash, before.kpis[&nps.id].hash, "which figures there are is part of what it means");
    assert_eq!(nps.wording, before.kpis[&nps.id].wording, "what one of them means stays");
}
