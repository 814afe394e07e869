//! Scenario 1 and story B from end to end: a figure is red on a Thursday afternoon before a holiday, two refuse it, the clock runs on, nobody acts in
//! time, a plan is filed, agreed to, carried out and measured half a year later, and what was learnt is written down. Several people in browsers, and a
//! clock that is set.

use std::fmt::Write;

use serde_json::{Value, json};
use thirtyfour::prelude::*;

use crate::{
    rooms::{
        driver::{Driver, arrives, follow},
        let_in, text,
    },
    support::Project,
    world::{at_item, does, fill, item, send, waiting},
};

const PROJECT: &str = "project: renewals
name: Renewals
language: 1
time_zone: Europe/Berlin
last_resort: chair
---
business_hours: berlin
name: Berlin
week: {weekdays: [\"09:00-17:00\"]}
holidays: [2026-05-01]
---
unit: company
name: The company
manager: vp
business_hours: berlin
---
unit: emea
name: EMEA
level: region
parent: company
member: emea
manager: ben
seats: {vp: ben}
---
unit: apac
name: APAC
level: region
parent: company
member: apac
---
person: chair
name: Carla
---
person: ceo
name: Ada
reports_to: chair
substitute: coo
away: [{from: 2026-04-27, until: 2026-05-16}]
---
person: coo
name: Olga
reports_to: chair
---
person: vp
name: Vera
reports_to: ceo
---
person: ben
name: Ben
reports_to: vp
dotted_to: product
---
person: product
name: Paul
reports_to: vp
---
governance: company
mode: reviewed
owners: [ceo, vp]
---
alert: attention
name: What needs somebody
by_unit: true
---
strategy: customers
mission: They stay.
perspectives:
  customers: {name: Customers}
objectives:
  stay: {name: They stay, perspective: customers}
---
scorecard: customers
name: Customers
unit: company
period: month
missing: {rule: ignore, minimum_coverage: 50%}
cascade: {match: {region: region}, value: recompute, targets: inherit}
perspectives:
  customers:
    weight: 100%
    objectives:
      stay: {weight: 100%, kpis: {resolution: 100%}}
---
entity: visit
name: Visit
key: [id]
time: at
attributes:
  id: {type: text}
  at: {type: timestamp}
  region: {type: text}
  solved: {type: boolean}
---
source: visits
into: visit
from: {csv: {files: \"data/*.csv\"}}
mode: append
map:
  id: {column: id, as: text, required: true}
  at: {column: at, as: timestamp, required: true}
  region: {column: region, as: text}
  solved: {column: solved, as: boolean, \"true\": [\"yes\"], \"false\": [\"no\"]}
---
kpi: resolution
name: First-contact resolution
objective: stay
indicator: lagging
better: higher
measure:
  share: {of: visit, which: solved}
period: month
by: [region]
targets:
  - {from: 2020-01-01, threshold: 60%, target: 75%, basis: {expectation: \"as agreed\"}}
accountable: vp
";

/// Contacts a region and month, and how many were solved at once.
const CONTACTS: u32 = 1000;

/// Contacts of a month, of 1000 in EMEA so many solved; APAC always does well.
fn month(project: &Project, year: i16, month: u32, emea: u32) {
    let mut rows = String::from("id,at,region,solved\n");
    for (region, solved) in [("emea", emea), ("apac", 780)] {
        for n in 0..CONTACTS {
            // Spread over the month, so that no day stands out.
            let is = if n * 7919 % CONTACTS < solved { "yes" } else { "no" };
            writeln!(
                rows,
                "{region}{year}{month}_{n},{year}-{month:02}-{:02} 10:00,{region},{is}",
                1 + n % 27
            )
            .unwrap();
        }
    }
    project.write(&format!("data/{year}-{month:02}.csv"), &rows);
}

/// One contact of the next month, by which the one before is over.
fn over(project: &Project, day: &str) {
    project.write(
        &format!("data/over-{day}.csv"),
        &format!("id,at,region,solved\nlate{day},{day} 00:30,elsewhere,yes\n"),
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn from_a_red_thursday_to_what_was_learnt_with_several_people_and_a_clock_that_is_set() {
    let Some(driver) = Driver::start() else { return };
    let project = &Project::empty();
    project.write("kepi.yml", PROJECT);
    // Thursday 30 April 2026, 15:00 in Berlin.
    project.set_clock("2026-04-30T13:00:00Z");
    for n in 1..=12 {
        month(project, 2025, n, 770 + n * 7 % 11);
    }
    month(project, 2026, 1, 775);
    month(project, 2026, 2, 772);
    month(project, 2026, 3, 560);
    over(project, "2026-04-01");
    project.fails_or_not(&["run"]);
    let open: Value =
        serde_json::from_str(&project.ok(&["inbox", "--open", "--quiet", "--format", "json"])).unwrap();
    let of_emea = |item: &&Value| item["touches"][0].as_str().unwrap().contains("unit/emea");
    let alert = open.as_array().unwrap().iter().find(of_emea).unwrap_or_else(|| panic!("{open}"));
    let alert = alert["item"].as_u64().unwrap();
    // Eight business hours of which two are left on Thursday; Friday is a holiday: Monday at 15:00.
    let due = json!(1_777_899_600_000_000_i64);
    assert_eq!(item(project, alert)["due"], due);
    for name in ["chair", "ceo", "coo", "vp", "ben", "product"] {
        let_in(project, name, if name == "chair" { &["owner"] } else { &["viewer", "decider"] });
    }
    let (_server, address) = project.serve();
    let site = format!("http://{address}");

    // EMEA Support and Global Product both say that it is not theirs.
    let bens = at_item(&driver, &site, "ben", alert).await;
    assert!(text(&bens, "main").await.contains("seat in emea"));
    does(&bens, alert, "refuse", &[("why", "it is the product")]).await;
    project.set_clock("2026-04-30T14:00:00Z");
    let pauls = at_item(&driver, &site, "product", alert).await;
    assert!(text(&pauls, "main").await.contains("dotted line"));
    does(&pauls, alert, "refuse", &[("why", "it is the contract")]).await;
    pauls.quit().await.unwrap();
    // Their common superior has it, bound, with the clock running.
    let veras = at_item(&driver, &site, "vp", alert).await;
    let said = text(&veras, "main").await;
    assert!(said.contains("who cannot refuse it") && !said.contains("It is not mine"), "{said}");
    assert_eq!(item(project, alert)["due"], due);
    // Nothing happens before the time is over, and exactly then it goes up: the superior is on leave, so her substitute has it.
    project.set_clock("2026-05-04T12:59:59Z");
    project.ok(&["tick"]);
    assert_eq!(item(project, alert)["work"]["owner"]["person"], "vp");
    project.set_clock("2026-05-04T13:00:00Z");
    project.ok(&["tick"]);
    let now = item(project, alert);
    assert_eq!(
        (&now["work"]["owner"]["person"], &now["work"]["owner"]["rung"]),
        (&json!("coo"), &json!(1)),
        "{now}"
    );

    // She answers with a plan of three actions, and says what it is to come to: three points by August.
    let olgas = at_item(&driver, &site, "coo", alert).await;
    let plan = [
        ("cause", "the form lost answers"),
        ("method", "five_whys"),
        ("evidence", "logs of March"),
        ("who.1", "ben"),
        ("by.1", "2026-06-30"),
        ("what.1", "call every account"),
        ("who.2", "product"),
        ("by.2", "2026-07-15"),
        ("what.2", "mend the form"),
        ("who.3", "ben"),
        ("by.3", "2026-07-31"),
        ("what.3", "look at the calls"),
        ("change", "3"),
        ("period", "2026-08"),
    ];
    fill(&olgas, "plan", &plan).await;
    send(&olgas, "plan").await;
    let plan = waiting(project, "vp", "action_plan");
    arrives(&olgas, &format!("/items/{plan}")).await;
    // Another agrees.
    veras.quit().await.unwrap();
    let veras = at_item(&driver, &site, "vp", plan).await;
    assert!(text(&veras, "main").await.contains("the form lost answers"));
    follow(&veras, By::Css("form[action$='/vote'] button[value=yes]")).await;
    assert_eq!(item(project, plan)["state"], "doing");
    // Three tasks are done, one by one.
    project.set_clock("2026-05-05T08:00:00Z");
    for who in ["ben", "ben", "product"] {
        let task = waiting(project, who, "task");
        let theirs = at_item(&driver, &site, who, task).await;
        does(&theirs, task, "finish", &[("why", "as planned")]).await;
        theirs.quit().await.unwrap();
    }
    let hers = at_item(&driver, &site, "coo", plan).await;
    does(&hers, plan, "finish", &[("why", "all of it")]).await;
    hers.quit().await.unwrap();
    // Done is not over: the alert waits until the figure is well.
    assert_eq!(item(project, plan)["state"], "measuring");
    assert_eq!(item(project, alert)["state"], "recovering");

    // August is final on 1 September: 571 of 1000 after 560 is +1.1, which chance may well be.
    for (n, solved) in [(4, 562), (5, 559), (6, 565), (7, 563), (8, 571)] {
        month(project, 2026, n, solved);
    }
    over(project, "2026-09-01");
    project.set_clock("2026-09-01T08:00:00Z");
    project.fails_or_not(&["run"]);
    let of = item(project, plan);
    assert_eq!(of["state"], "done", "{of}");
    let seen = of["work"]["seen"][0].as_str().unwrap();
    assert!(seen.contains("not shown, +1.1") && seen.contains("fewer than three units"), "{seen}");
    // So it is asked why, of whoever had filed it; the answer is read by another.
    let learnt = waiting(project, "coo", "post_mortem");
    let hers = at_item(&driver, &site, "coo", learnt).await;
    fill(&hers, "learn", &[("findings", "the contract"), ("follows", "measure the contract")]).await;
    send(&hers, "learn").await;
    hers.quit().await.unwrap();
    project.ok(&["approve", &learnt.to_string(), "--as", "vp"]);
    assert_eq!(item(project, learnt)["state"], "done");
    // It is still red: not over. It is over when two months in a row are clear.
    let is_open = |of: &Value| of["state"] != "recovered";
    assert!(is_open(&item(project, alert)));
    month(project, 2026, 9, 781);
    over(project, "2026-10-01");
    project.set_clock("2026-10-01T08:00:00Z");
    project.fails_or_not(&["run"]);
    assert!(is_open(&item(project, alert)), "clear once");
    month(project, 2026, 10, 779);
    over(project, "2026-11-01");
    project.set_clock("2026-11-02T09:00:00Z");
    project.fails_or_not(&["run"]);
    let of = item(project, alert);
    assert!(!is_open(&of), "{of}");

    // The time line is whole: who, what and when, without anybody's words.
    let log = project.ok(&["audit", "log", "--about", &format!("item/{alert}"), "--limit", "100"]);
    for said in ["2026-04-30", "2026-05-04", "2026-11-02", "bound"] {
        assert!(log.contains(said), "{said}: {log}");
    }
    assert!(!log.contains("it is the product") && !log.contains("the form"), "{log}");
    // What somebody plans next meets what was learnt; how long all that took is told, on the same script.
    let latency: Value =
        serde_json::from_str(&project.ok(&["latency", "--quiet", "--format", "json"])).unwrap();
    let signals = latency["rows"].as_array().unwrap().iter().find(|row| row["by"] == "signal").unwrap();
    assert!(signals["items"].as_u64().unwrap() >= 1, "{signals}");
    bens.quit().await.unwrap();
    veras.quit().await.unwrap();
    olgas.quit().await.unwrap();
    project.ok(&["audit", "rebuild", "--quiet"]);
    project.ok(&["audit", "verify", "--quiet"]);
}
