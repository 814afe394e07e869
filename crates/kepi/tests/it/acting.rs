//! From a red KPI to what was learnt: an alert finds its owner, is refused twice, answered by a plan, and the plan is measured.

use std::{
    fmt::Write,
    io::{BufRead, BufReader, Read, Write as _},
    net::TcpListener,
    sync::{Arc, mpsc},
    thread,
    time::Duration,
};

use jiff::{Span, Zoned, civil::Date};
use kepi_engine::DataFusionEvaluator;
use serde_json::{Value, json};

use thirtyfour::prelude::*;

use crate::{
    order::{Broken, app, run_at},
    rooms::{
        Somebody,
        driver::{Driver, Look, arrives, browser, follow},
        hidden, let_in, sign_in, text,
    },
    support::Project,
    world::{card, fill, item, nps, send},
};

const PROJECT: &str = concat!(
    "project: renewals
name: Renewals
language: 1
time_zone: UTC
last_resort: ceo
---
unit: company
name: The company
manager: vp
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
person: ceo
name: Ada
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
",
    card!(),
    "---
entity: survey_response
attributes:
  region: {type: text}
---
source: answers
into: survey_response
from: {csv: {files: \"data/*.csv\"}}
mode: append
map:
  id: {column: id, as: text, required: true}
  responded_at: {column: answered, as: timestamp, required: true}
  score: {column: score, as: integer}
  region: {column: region, as: text}
---
",
    nps!(),
);

/// So many answers a region and month: promoters, passives, detractors.
type Mix = (u32, u32, u32);
const GOOD: Mix = (80, 40, 30);
const BAD: Mix = (40, 45, 65);
const HARDLY_BETTER: Mix = (42, 45, 63);

struct World {
    project: Project,
    /// The first day of the current month.
    month: Date,
}

impl World {
    fn first_day(&self, months: i32) -> Date {
        self.month.checked_add(Span::new().months(months)).unwrap()
    }

    /// Answers of a month, counted from the current one.
    fn month(&self, months: i32, emea: Mix) {
        self.regions(months, &[("emea", emea), ("apac", GOOD)]);
    }

    fn regions(&self, months: i32, all: &[(&str, Mix)]) {
        let first = self.first_day(months);
        let mut rows = String::from("id,answered,region,score\n");
        for (region, (promoters, passives, detractors)) in all {
            let scores = [(9, *promoters), (7, *passives), (3, *detractors)];
            let all = scores.into_iter().flat_map(|(score, n)| (0..n).map(move |_| score));
            for (n, score) in all.enumerate() {
                let day = first.checked_add(Span::new().days((n % 27) as i64)).unwrap();
                writeln!(rows, "{region}{first}{n},{day} 10:00,{region},{score}").unwrap();
            }
        }
        self.project.write(&format!("data/{first}.csv"), &rows);
    }

    /// One answer by which the month before is over.
    fn over(&self, months: i32) {
        let first = self.first_day(months);
        let rows = format!("id,answered,region,score\nlate{first},{first} 00:30,elsewhere,9\n");
        self.project.write(&format!("data/over-{first}.csv"), &rows);
        // What is dated after a run says nothing of how far data reach.
        if months > 0 {
            self.project.set_clock(&format!("{first}T12:00:00Z"));
        }
    }

    fn item(&self, number: u64) -> Value {
        item(&self.project, number)
    }

    fn inbox(&self, who: &str) -> Vec<(u64, String)> {
        let text = self.project.ok(&["inbox", "--quiet", "--as", who, "--format", "json"]);
        let items: Value = serde_json::from_str(&text).unwrap();
        let of = |item: &Value| (item["item"].as_u64().unwrap(), item["kind"].as_str().unwrap().to_owned());
        items.as_array().unwrap().iter().map(of).collect()
    }

    fn acts(&self, who: &str, number: u64, arguments: &[&str]) -> String {
        let number = number.to_string();
        self.project.ok(&[&["item", &number], arguments, &["--as", who]].concat())
    }
}

fn world() -> World {
    let today = Zoned::now().date();
    let world = World { project: Project::empty(), month: today.first_of_month() };
    world.project.write("kepi.yml", PROJECT);
    (-14..-2).for_each(|month| world.month(month, GOOD));
    world.month(-2, BAD);
    world.over(-1);
    world
}

#[test]
fn from_a_red_kpi_to_what_was_learnt() {
    let world = world();
    let project = &world.project;
    let (_, said) = project.fails_or_not(&["run"]);
    let raised = |said: &str| said.lines().find(|line| line.contains(" raised, ")).map(str::to_owned);
    // Red once: by itself that calls for nobody. That it is worse than usual does.
    let text = project.ok(&["inbox", "--open", "--quiet", "--format", "json"]);
    let items: Value = serde_json::from_str(&text).unwrap();
    let of_emea = |item: &&Value| item["touches"][0].as_str().unwrap().contains("unit/emea");
    let alert =
        items.as_array().unwrap().iter().find(of_emea).unwrap_or_else(|| panic!("{said}\n{text}")).clone();
    assert!(raised(&said).is_some(), "{said}");
    let number = alert["item"].as_u64().unwrap();
    assert!(alert["why"].as_str().unwrap().contains("EMEA is worse than usual"), "{alert}");
    assert_eq!(alert["work"]["owner"]["way"], json!(["ben: seat in emea"]));
    // Running again asks nobody twice.
    let (_, said) = project.fails_or_not(&["run"]);
    assert_eq!(raised(&said), None, "{said}");
    // Twice refused: the common superior, who is bound, with the clock running.
    world.acts("ben", number, &["acknowledge"]);
    world.acts("ben", number, &["refuse", "-m", "it is the product"]);
    assert_eq!(world.inbox("product"), [(number, "alert".to_owned())]);
    world.acts("product", number, &["refuse", "-m", "it is the contract"]);
    let of = world.item(number);
    assert_eq!(of["work"]["owner"]["bound"], true);
    assert_eq!((&of["work"]["owner"]["person"], &of["due"]), (&json!("vp"), &alert["due"]));
    let (_, said) = project.fails(3, &["item", &number.to_string(), "refuse", "-m", "no", "--as", "vp"]);
    assert!(said.contains("G1105"), "{said}");
    // A plan, agreed to by another, with what it is to come to.
    let (day, period) = (world.first_day(1).to_string(), world.first_day(1).strftime("%Y-%m").to_string());
    let first = format!("ben {day} call every account");
    let second = format!("product {day} mend the form");
    let plan =
        ["plan", "--cause", "the form lost answers", "--method", "five-whys", "--evidence", "logs of May"];
    let rest = ["--action", &first, "--action", &second, "--expect", "20", "--period", &period];
    // No two promoter scores lie that far apart, and a part of what it is is none.
    for (expect, why) in [("201", "no two figures of it are farther apart than 200"), ("20%", "write points")]
    {
        let id = number.to_string();
        let of = ["item", &id, "plan", "--cause", "c", "--method", "five-whys", "--evidence", "e"];
        let to = ["--action", &first, "--expect", expect, "--period", &period, "--as", "vp"];
        let said = project.fails_or_not(&[&of[..], &to[..]].concat()).1;
        assert!(said.contains(why), "{said}");
    }
    world.acts("vp", number, &[&plan[..], &rest[..]].concat());
    let said = project.ok(&["audit", "log", "--kind", "item.opened", "--quiet", "--format", "json"]);
    assert!(said.contains(", +20") && said.contains("pt expected by"), "{said}");
    let plan = world.inbox("ceo").into_iter().find(|(_, kind)| kind == "action_plan").unwrap().0;
    project.ok(&["approve", &plan.to_string(), "--as", "ceo"]);
    assert_eq!(world.item(number)["state"], "recovering");
    assert_eq!(world.item(plan)["work"]["parts"][0], json!(["cause", "the form lost answers"]));
    // Whoever works on it is reached by another definition of what it is measured by.
    let text = std::fs::read_to_string(project.path().join("kepi.yml")).unwrap();
    let (whole, part) = ("answer: score}", "answer: score, where: region = 'emea'}");
    project.write("kepi.yml", &text.replacen(whole, part, 1));
    let (said, _) = project.fails_or_not(&["plan", "--quiet", "--format", "json"]);
    project.write("kepi.yml", &text);
    let planned: Value = serde_json::from_str(&said).unwrap();
    let vp = planned["people"].as_array().unwrap().iter().find(|of| of["person"] == "vp").unwrap();
    let works = format!("works on the action plan {plan}");
    assert!(vp["of"].as_array().unwrap().contains(&json!(works)), "{vp}");
    let (_, said) = project.fails(3, &["item", &plan.to_string(), "finish", "-m", "all of it", "--as", "vp"]);
    assert!(said.contains("G1108: 2 of what belongs to it"), "{said}");
    for who in ["ben", "product"] {
        let task = world.inbox(who).into_iter().find(|(_, kind)| kind == "task").unwrap().0;
        world.acts(who, task, &["finish", "-m", "as planned"]);
    }
    let (_, said) = project.fails(3, &["item", &plan.to_string(), "finish", "--as", "vp"]);
    assert!(said.contains("say in words what came of it"), "{said}");
    let (_, said) = project.fails(3, &["item", &plan.to_string(), "finish", "-m", " ", "--as", "vp"]);
    assert!(said.contains("the reason is empty"), "{said}");
    world.acts("vp", plan, &["finish", "-m", "all of it"]);
    assert_eq!(world.item(plan)["state"], "measuring");
    // It is measured once the period is final, and not before.
    world.month(-1, BAD);
    world.month(0, BAD);
    world.month(1, HARDLY_BETTER);
    project.fails_or_not(&["run"]);
    assert_eq!(world.item(plan)["state"], "measuring");
    world.over(2);
    project.fails_or_not(&["run"]);
    let of = world.item(plan);
    assert_eq!(of["state"], "done", "{of}");
    let seen = of["work"]["seen"][0].as_str().unwrap();
    assert!(
        seen.starts_with("before and after, since fewer than three units of its level had figures and no plan: not shown, +2.")
            && seen.contains(" (between "),
        "{seen}"
    );
    // What was expected did not come, and it is asked why.
    let learnt = world.inbox("vp").into_iter().find(|(_, kind)| kind == "post_mortem").unwrap().0;
    world.acts("vp", learnt, &["learn", "--findings", "the contract", "--follows", "measure the contract"]);
    project.ok(&["approve", &learnt.to_string(), "--as", "ben"]);
    assert_eq!(world.item(learnt)["state"], "done");
    // The alert is over once two months are clear.
    assert_eq!(world.item(number)["state"], "recovering");
    world.month(2, GOOD);
    world.month(3, GOOD);
    world.over(4);
    project.fails_or_not(&["run"]);
    assert_eq!(world.item(number)["state"], "recovered", "{}", world.item(number));
    project.ok(&["audit", "rebuild", "--quiet"]);
    project.ok(&["audit", "verify", "--quiet"]);
    let log = project.ok(&["audit", "log", "--about", &format!("item/{number}"), "--limit", "100"]);
    assert!(log.contains("now bound to") && !log.contains("it is the product"), "{log}");
}

/// EMEA was red for long; seven regions like it had no plan, and one had an initiative.
#[test]
fn the_effect_of_a_plan_is_seen_beside_units_that_had_none() {
    const OTHERS: [&str; 8] = ["apac", "latam", "africa", "nordics", "iberia", "balkans", "india", "oceania"];
    const BETTER: Mix = (85, 40, 25);
    let more: String = OTHERS
        .iter()
        .filter(|unit| **unit != "apac")
        .map(|unit| {
            format!("---\nunit: {unit}\nname: {unit}\nlevel: region\nparent: company\nmember: {unit}\n")
        })
        .collect();
    let initiative = "---\ninitiative: desk\nname: A desk\nowner: vp\nunit: oceania\nbegins: 2020-01-01\neffects: {recommendation: {expect: 3, by: 2035-12-31}}\nbudget: 1000 EUR\nspent: []\n";
    let world = World { project: Project::empty(), month: Zoned::now().date().first_of_month() };
    let project = &world.project;
    project.write("kepi.yml", &format!("{PROJECT}{more}{initiative}"));
    let month = |months: i32, emea: Mix, others: Mix| {
        world.regions(
            months,
            &[("emea", emea)].into_iter().chain(OTHERS.map(|of| (of, others))).collect::<Vec<_>>(),
        );
    };
    (-14..-1).for_each(|n| month(n, BAD, GOOD));
    world.over(-1);
    let alert = raised(&world);
    let (day, period) = (world.first_day(1).to_string(), world.first_day(1).strftime("%Y-%m").to_string());
    let action = format!("ben {day} call every account");
    let plan = ["plan", "--cause", "too few people", "--method", "comparison", "--evidence", "rosters"];
    let rest = ["--action", &action, "--expect", "20", "--period", &period];
    world.acts("ben", alert, &[&plan[..], &rest[..]].concat());
    let plan = world.inbox("vp").into_iter().find(|(_, kind)| kind == "action_plan").unwrap().0;
    project.ok(&["approve", &plan.to_string(), "--as", "vp"]);
    let task = world.inbox("ben").into_iter().find(|(_, kind)| kind == "task").unwrap().0;
    world.acts("ben", task, &["finish", "-m", "as planned"]);
    world.acts("ben", plan, &["finish", "-m", "all of it"]);
    // A review that opens before anything is seen of it has the plan on its agenda.
    month(-1, BAD, GOOD);
    world.over(0);
    let review = "---\nreview: monthly\nname: Monthly review\nscorecard: customers\nperiod: month\nafter: 1\nchair: vp\n";
    project.write("kepi.yml", &format!("{PROJECT}{more}{initiative}{review}"));
    project.ok(&["propose", "-m", "we look at it together", "--as", "vp"]);
    let change = world.inbox("ceo").into_iter().find(|(_, kind)| kind == "change_request").unwrap().0;
    project.ok(&["approve", &change.to_string(), "--as", "ceo"]);
    project.fails_or_not(&["run"]);
    // All get better by 6.7 points without a plan: 60 of 150 less 50. EMEA by 50: 50 of 150 less -25.
    month(0, BAD, GOOD);
    month(1, GOOD, BETTER);
    world.over(2);
    project.fails_or_not(&["run"]);
    let of = world.item(plan);
    let seen = of["work"]["seen"][0].as_str().unwrap().replace(kepi_report::format::THIN, " ");
    assert!(
        seen.starts_with("beside 7 units of its level without a plan: shown, +43.3 pt (between +"),
        "{seen}"
    );
    assert!(seen.ends_with("; before and after it is +50.0 pt"), "{seen}");
    // By the time people meet they read what it came to, in the pack.
    let all: Value =
        serde_json::from_str(&project.ok(&["inbox", "--all", "--quiet", "--format", "json"])).unwrap();
    let mut reviews = all.as_array().unwrap().iter().filter(|item| item["kind"] == "review");
    let review = reviews.next_back().unwrap()["item"].to_string();
    let pack = project.ok(&["review", "pack", &review]).replace(kepi_report::format::THIN, " ");
    assert!(pack.contains(&format!("action plan {plan} (done; {seen})")), "{pack}");
    assert_eq!(of["state"], "done", "{of}");
    assert!(world.inbox("ben").iter().all(|(_, kind)| kind != "post_mortem"), "what was expected came");
    project.ok(&["audit", "rebuild", "--quiet"]);
}

#[test]
fn what_is_silent_asks_nobody_until_that_ends_and_a_run_says_so() {
    let world = world();
    let project = &world.project;
    let calm = PROJECT.replace("alert: attention\nname: What needs somebody\nby_unit: true\n---\n", "");
    project.write("kepi.yml", &calm);
    project.fails_or_not(&["run"]);
    project.write("kepi.yml", PROJECT);
    project.ok(&["propose", "-m", "from now on", "--as", "vp"]);
    project.ok(&["approve", "1", "--as", "ceo"]);
    let until = (Zoned::now().date() + Span::new().days(20)).to_string();
    let far = (Zoned::now().date() + Span::new().days(200)).to_string();
    let keep = |who: &str, until: &str| {
        let of =
            ["silence", "set", "--kpi", "recommendation", "--until", until, "-m", "we know", "--as", who];
        project.kepi(&of)
    };
    // Whoever answers for it does not keep it silent herself.
    let own = keep("vp", &until);
    assert!(String::from_utf8_lossy(&own.stderr).contains("G0802"), "{own:?}");
    let set = |until: &str| keep("product", until);
    let refused = set(&far);
    assert!(String::from_utf8_lossy(&refused.stderr).contains("G1115"), "{refused:?}");
    assert!(set(&until).status.success());
    let (_, said) = project.fails_or_not(&["run"]);
    assert!(said.contains("because somebody keeps it silent"), "{said}");
    assert!(said.contains("because the newest figure is provisional"), "{said}");
    let open = || project.ok(&["inbox", "--open", "--quiet", "--format", "json"]);
    assert_eq!(open().trim(), "[]");
    let list: Value = serde_json::from_str(&project.ok(&["silence", "list", "--format", "json"])).unwrap();
    assert_eq!(
        (&list[0]["kpi"], &list[0]["by"], &list[0]["holds"], &list[0]["why"]),
        (&json!("recommendation"), &json!("product"), &json!(true), &json!("we know"))
    );
    project.ok(&["silence", "end", "1", "--as", "ben"]);
    project.fails_or_not(&["run"]);
    assert!(open().contains("unit/emea"), "{}", open());
    let log = project.ok(&["audit", "log", "--about", "silence/1"]);
    assert!(log.contains("silent: all alerts of kpi/recommendation") && !log.contains("we know"), "{log}");
    project.ok(&["audit", "rebuild", "--quiet"]);
    project.ok(&["audit", "verify", "--quiet"]);
}

#[test]
fn bounds_of_ones_own_ask_those_who_have_room_together_and_what_is_dismissed_tunes_them() {
    let world = world();
    let project = &world.project;
    let alert = "alert: attention\nname: What needs somebody\nby_unit: true\non: [beyond, bound]\nbounds: {recommendation: {at_least: 70}}\ncapacity: CAPACITY\n---\n\
                 channel: mail\nemail: {server: localhost, encryption: none, from: kepi@example.com, private_addresses: true}\n---\n";
    let before = "alert: attention\nname: What needs somebody\nby_unit: true\n---\n";
    let with = |capacity: &str| {
        PROJECT.replace(before, &alert.replace("CAPACITY", capacity)).replace("mode: reviewed", "mode: open")
    };
    project.write("kepi.yml", &with("1"));
    let (_, said) = project.fails_or_not(&["run"]);
    // All rows and both units are beyond the bound: Ben has room for one, Vera for one of two.
    assert!(said.contains("1 because their owners have as many alerts as they can take"), "{said}");
    let open = || -> Vec<Value> {
        let text = project.ok(&["inbox", "--open", "--quiet", "--format", "json"]);
        serde_json::from_str(&text).unwrap()
    };
    let of = |items: &[Value], who: &str| -> Vec<String> {
        let own = items.iter().filter(|item| item["work"]["owner"]["person"] == who);
        own.map(|item| item["why"].as_str().unwrap().to_owned()).collect()
    };
    let items = open();
    assert_eq!((items.len(), of(&items, "vp").len(), of(&items, "ben").len()), (2, 1, 1), "{items:?}");
    // The one that costs the scorecard more: EMEA pulls all rows below APAC.
    assert!(!of(&items, "vp")[0].contains("APAC"), "{items:?}");
    project.write("kepi.yml", &with("5"));
    project.fails_or_not(&["run"]);
    let items = open();
    assert_eq!(of(&items, "vp").len(), 2, "{items:?}");
    assert!(of(&items, "vp").iter().any(|why| why.contains("beyond its bound")), "{items:?}");
    // One message for what moves together.
    let preview = project.ok(&["deliver", "--preview", "--format", "json"]);
    let preview: Vec<Value> = serde_json::from_str(&preview).unwrap();
    let batches = |who: &str| -> (usize, std::collections::BTreeSet<String>) {
        let own: Vec<&Value> = preview.iter().filter(|of| of["to"] == who).collect();
        (own.len(), own.iter().map(|of| of["batch"].as_str().unwrap().to_owned()).collect())
    };
    let (messages, own) = batches("vp");
    assert_eq!((messages, own.len()), (2, 1), "{preview:?}");
    // All are dismissed: that says something of the bound, and nothing of what nobody was asked about.
    for item in &items {
        let who = item["work"]["owner"]["person"].as_str().unwrap();
        world.acts(who, item["item"].as_u64().unwrap(), &["dismiss", "-m", "we know"]);
    }
    let listed: Vec<Value> =
        serde_json::from_str(&project.ok(&["alert", "list", "--quiet", "--format", "json"])).unwrap();
    assert_eq!(
        (&listed[0]["acted_on"], &listed[0]["dismissed"], &listed[0]["precision"]),
        (&json!(0), &json!(3), &json!(0.0))
    );
    let bound = items.iter().filter(|item| item["why"].as_str().unwrap().contains("bound")).count();
    let tuned = project.ok(&["alert", "tune", "attention", "--quiet"]);
    assert_eq!(bound >= 3, tuned.contains("on: [beyond]"), "{tuned}");
    // Its files lead: what would be proposed is gone with the next run.
    let (_, said) = project.fails(3, &["alert", "tune", "attention", "--propose"]);
    assert!(said.contains("this project is open"), "{said}");
    // How long that took is told, what is open with it.
    let latency: Value =
        serde_json::from_str(&project.ok(&["latency", "--quiet", "--format", "json"])).unwrap();
    let signals = latency["rows"].as_array().unwrap().iter().find(|row| row["by"] == "signal").unwrap();
    assert_eq!(
        (&signals["items"], &signals["steps"][0]["of"], &signals["steps"][0]["open"]),
        (&json!(3), &json!(3), &json!(0))
    );
    assert!(signals["steps"][1]["median"].is_number(), "{signals}");
}

#[test]
fn a_delivery_that_is_overdue_asks_once_and_is_over_when_it_came() {
    let world = world();
    let project = &world.project;
    let alert = "alert: attention\nname: What needs somebody\non: [stale]\n---\n";
    let before = "alert: attention\nname: What needs somebody\nby_unit: true\n---\n";
    let text = PROJECT
        .replace(before, alert)
        .replace("mode: append\n", "mode: append\nexpect: {within: 2 seconds}\n");
    project.write("kepi.yml", &text);
    project.fails_or_not(&["run"]);
    let open = || project.ok(&["inbox", "--open", "--quiet", "--format", "json"]);
    assert_eq!(open().trim(), "[]", "it has just come");
    thread::sleep(Duration::from_secs(3));
    project.fails_or_not(&["run"]);
    let items: Vec<Value> = serde_json::from_str(&open()).unwrap();
    assert_eq!(items.len(), 1, "{items:?}");
    assert!(
        items[0]["why"].as_str().unwrap().contains("without the data that are due: `answers` was to come by"),
        "{items:?}"
    );
    project.fails_or_not(&["run"]);
    assert_eq!(serde_json::from_str::<Vec<Value>>(&open()).unwrap().len(), 1, "nobody is asked twice");
    world.month(-1, GOOD);
    project.fails_or_not(&["run"]);
    assert_eq!(open().trim(), "[]", "what was overdue has come");
}

/// Landed at eight, published at one, by the next run: an hour was promised.
#[tokio::test(flavor = "multi_thread")]
async fn figures_that_come_later_than_promised_ask_once_and_are_over_with_the_next() {
    let world = world();
    let alert = "alert: attention\nname: What needs somebody\non: [stale]\n---\n";
    let before = "alert: attention\nname: What needs somebody\nby_unit: true\n---\n";
    let text = PROJECT
        .replace(before, alert)
        .replace("mode: append\n", "mode: append\nexpect: {within: 90 days, published: 1 hour}\n");
    let project = &world.project;
    project.write("kepi.yml", &text);
    std::fs::create_dir_all(project.path().join(".kepi")).unwrap();
    let hours = |n: i64| Zoned::now().timestamp().as_microsecond() + n * 3_600_000_000;
    run_at(&app(project.path(), Arc::new(Broken)).await, hours(0)).await.unwrap_err();
    let sound = app(project.path(), Arc::new(DataFusionEvaluator)).await;
    run_at(&sound, hours(5)).await.unwrap();
    let open = || -> Vec<Value> {
        serde_json::from_str(&project.ok(&["inbox", "--open", "--quiet", "--format", "json"])).unwrap()
    };
    let items = open();
    assert_eq!(items.len(), 1, "{items:?}");
    let why = items[0]["why"].as_str().unwrap();
    assert!(why.contains("was published late: its figures came 5 hours after `answers` had landed"), "{why}");
    run_at(&sound, hours(6)).await.unwrap();
    assert_eq!(open().len(), 1, "nobody is asked twice, and it stays so while nothing new came");
    world.month(-1, GOOD);
    run_at(&sound, hours(7)).await.unwrap();
    assert!(open().is_empty(), "the next was in time: {:?}", open());
}

/// Within two days the next was to come, and none did: of the month in which that was due, nothing was in time.
#[tokio::test(flavor = "multi_thread")]
async fn a_service_level_that_was_not_kept_asks_whoever_answers_in_the_unit_once() {
    let world = world();
    let before = "alert: attention\nname: What needs somebody\nby_unit: true\n---\n";
    let alert = "alert: attention\nname: What needs somebody\non: [unkept]\nby_unit: true\n---\n";
    let text = PROJECT.replace(before, alert).replace(
        "mode: append\n",
        "mode: append\nunit: emea\nexpect: {within: 2 days, kept_at_least: 95%}\n",
    );
    let project = &world.project;
    project.write("kepi.yml", &text);
    let now = Zoned::now().with_time_zone(jiff::tz::TimeZone::UTC);
    let micros = |at: &Zoned| at.timestamp().as_microsecond();
    let due = now.checked_add(Span::new().days(2)).unwrap();
    let over = due.last_of_month().unwrap().checked_add(Span::new().days(2)).unwrap();
    let sound = app(project.path(), Arc::new(DataFusionEvaluator)).await;
    run_at(&sound, micros(&now)).await.unwrap();
    let open = || -> Vec<Value> {
        serde_json::from_str(&project.ok(&["inbox", "--open", "--quiet", "--format", "json"])).unwrap()
    };
    assert!(open().is_empty(), "no month is over in which it was due");
    run_at(&sound, micros(&over)).await.unwrap();
    let items = open();
    assert_eq!(items.len(), 1, "{items:?}");
    let why = items[0]["why"].as_str().unwrap();
    assert!(why.contains("`answers` of emea came in time 0 of 1 times in"), "{why}");
    assert!(why.contains(", and 95.0") && why.contains("% was agreed"), "{why}");
    assert_eq!(items[0]["work"]["owner"]["person"], "ben", "{items:?}");
    run_at(&sound, micros(&over.checked_add(Span::new().days(1)).unwrap())).await.unwrap();
    assert_eq!(open().len(), 1, "nobody is asked twice");
}

#[test]
fn without_an_alert_document_nobody_is_asked() {
    let world = world();
    let calm = PROJECT.replace("alert: attention\nname: What needs somebody\nby_unit: true\n---\n", "");
    world.project.write("kepi.yml", &calm);
    world.project.fails_or_not(&["run"]);
    assert_eq!(world.project.ok(&["inbox", "--all", "--quiet", "--format", "json"]).trim(), "[]");
}

/// The alert about EMEA, raised by a run.
fn raised(world: &World) -> u64 {
    world.project.fails_or_not(&["run"]);
    let text = world.project.ok(&["inbox", "--open", "--quiet", "--format", "json"]);
    let items: Value = serde_json::from_str(&text).unwrap();
    let of_emea = |item: &&Value| item["touches"][0].as_str().unwrap().contains("unit/emea");
    items.as_array().unwrap().iter().find(of_emea).unwrap()["item"].as_u64().unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn turns_are_taken_in_browsers() {
    let Some(driver) = Driver::start() else { return };
    let world = world();
    let project = &world.project;
    let alert = raised(&world);
    let_in(project, "admin", &["owner"]);
    for name in ["ben", "vp", "ceo", "product"] {
        let_in(project, name, &["viewer", "decider"]);
    }
    let (_server, address) = project.serve();
    let site = format!("http://{address}");
    let (bens, vps) = (browser(&driver, Look::Light).await, browser(&driver, Look::Light).await);
    let page = format!("/items/{alert}");

    // Ben sees that it is his turn, and why; that he has seen it; that it is not his.
    sign_in(&bens, &site, "ben").await;
    assert!(text(&bens, "main").await.contains("It is your turn: seat in emea."));
    bens.goto(format!("{site}{page}")).await.unwrap();
    send(&bens, "acknowledge").await;
    arrives(&bens, &page).await;
    assert!(text(&bens, "main").await.contains("Seen on "));
    fill(&bens, "snooze", &[("hours", "9000"), ("why", "later")]).await;
    send(&bens, "snooze").await;
    arrives(&bens, &format!("{page}/snooze")).await;
    let refused = text(&bens, "[role=alert]").await;
    assert!(refused.contains("It is seen again later than now, and before it is due"), "{refused}");
    fill(&bens, "refuse", &[("why", "it is the product")]).await;
    send(&bens, "refuse").await;
    arrives(&bens, &page).await;
    let said = text(&bens, "main").await;
    assert!(said.contains("product: dotted line") && !said.contains("It is not mine"), "{said}");
    // What is not with him any more he cannot end, whatever he sends.
    assert_eq!(world.item(alert)["work"]["owner"]["person"], "product");
    world.acts("product", alert, &["refuse", "-m", "it is the contract"]);

    // Vera is bound; she answers with a plan, first one that is not whole.
    sign_in(&vps, &site, "vp").await;
    vps.goto(format!("{site}{page}")).await.unwrap();
    let said = text(&vps, "main").await;
    assert!(said.contains("With vp, who cannot refuse it") && !said.contains("It is not mine"), "{said}");
    let (day, period) = (world.first_day(1).to_string(), world.first_day(1).strftime("%Y-%m").to_string());
    let whole = [
        ("cause", "the form lost answers"),
        ("method", "five_whys"),
        ("evidence", "logs of May"),
        ("who.1", "ben"),
        ("by.1", &day),
        ("what.1", "call every account"),
        ("change", "20"),
    ];
    fill(&vps, "plan", &whole).await;
    fill(&vps, "plan", &[("period", "soon")]).await;
    send(&vps, "plan").await;
    arrives(&vps, &format!("{page}/plan")).await;
    let refused = text(&vps, "[role=alert]").await;
    assert!(refused.contains("soon"), "{refused}");
    fill(&vps, "plan", &[("period", &period)]).await;
    send(&vps, "plan").await;
    let plan = world.inbox("ceo").into_iter().find(|(_, kind)| kind == "action_plan").unwrap().0;
    arrives(&vps, &format!("/items/{plan}")).await;
    let said = text(&vps, "main").await;
    assert!(said.contains("call every account") && said.contains("others are asked"), "{said}");
    project.ok(&["approve", &plan.to_string(), "--as", "ceo"]);

    // His task is in Ben's inbox; when it is done, so can the plan be.
    bens.goto(format!("{site}/inbox")).await.unwrap();
    follow(&bens, By::Css(".wait h3 a")).await;
    let task = world.inbox("ben").into_iter().find(|(_, kind)| kind == "task").unwrap().0;
    arrives(&bens, &format!("/items/{task}")).await;
    fill(&bens, "finish", &[("why", "as planned")]).await;
    send(&bens, "finish").await;
    arrives(&bens, &format!("/items/{task}")).await;
    assert_eq!(world.item(task)["state"], "done");
    vps.goto(format!("{site}/items/{plan}")).await.unwrap();
    fill(&vps, "finish", &[("why", "all of it")]).await;
    send(&vps, "finish").await;
    arrives(&vps, &format!("/items/{plan}")).await;
    assert_eq!(world.item(plan)["state"], "measuring");
    bens.quit().await.unwrap();
    vps.quit().await.unwrap();
    let log = project.ok(&["audit", "log", "--limit", "200"]);
    assert!(!log.contains("it is the product") && !log.contains("logs of May"), "{log}");
}

#[test]
fn what_is_done_about_an_item_is_done_once_however_often_it_is_sent() {
    let world = world();
    let project = &world.project;
    let alert = raised(&world);
    let_in(project, "admin", &["owner"]);
    for name in ["ben", "vp"] {
        let_in(project, name, &["viewer", "decider"]);
    }
    let (_server, address) = project.serve();
    let (ben, vp) = (Somebody::signed_in(&address, "ben"), Somebody::signed_in(&address, "vp"));
    let page = format!("/items/{alert}");
    let post = |who: &Somebody, what: &str, request: &str, fields: &[(&str, &str)]| {
        let key = hidden(&who.page("/periods"), "key");
        let all = [&[("key", key.as_str()), ("request", request)], fields].concat();
        who.post(&format!("{page}/{what}"), &all, &who.site)
    };
    let times = |kind: &str| {
        let log = project.ok(&["audit", "log", "--kind", kind, "--format", "json"]);
        let all: Value = serde_json::from_str(&log).unwrap();
        all.as_array().unwrap().iter().filter(|event| event["subject"] == format!("item/{alert}")).count()
    };
    let there = |answer: (String, String, String), item: u64| {
        let is = answer.0 == "303" && answer.1.contains(&format!("location: /items/{item}\n"));
        assert!(is, "{answer:?}");
    };
    let why = [("why", "the call is at two"), ("hours", "1"), ("to", "vp")];
    for (what, kind) in
        [("acknowledge", "item.acknowledged"), ("snooze", "item.snoozed"), ("assign", "item.assigned")]
    {
        let before = times(kind);
        for _ in 0..3 {
            there(post(&ben, what, what, &why), alert);
        }
        assert_eq!(times(kind), before + 1, "{what}");
    }
    // It is with somebody else by now; and what somebody else sent is not done again for him.
    let (status, _, body) = post(&ben, "dismiss", "new", &why);
    assert!(status == "422" && body.contains("is with somebody else"), "{status} {body}");
    let (status, _, body) = post(&vp, "acknowledge", "snooze", &why);
    assert!(status == "422" && body.contains("somebody else"), "{status} {body}");
    let (day, period) = (world.first_day(1).to_string(), world.first_day(1).strftime("%Y-%m").to_string());
    let plan = [
        ("cause", "c"),
        ("method", "comparison"),
        ("evidence", "e"),
        ("who.1", "ben"),
        ("by.1", &day),
        ("what.1", "call"),
        ("change", "20"),
        ("period", &period),
    ];
    for _ in 0..2 {
        let (status, head, body) = post(&vp, "plan", "plan", &plan);
        assert!(status == "303", "{status} {head} {body}");
    }
    let plans = project.ok(&["inbox", "--open", "--quiet", "--format", "json"]);
    let plans: Value = serde_json::from_str(&plans).unwrap();
    let filed = plans.as_array().unwrap().iter().filter(|item| item["kind"] == "action_plan").count();
    assert_eq!(filed, 1, "{plans}");
    for _ in 0..2 {
        there(post(&vp, "dismiss", "dismiss", &why), alert);
    }
    assert_eq!((times("item.ended"), world.item(alert)["state"].as_str()), (1, Some("dismissed")));
    project.ok(&["audit", "verify", "--quiet"]);
}

/// A program that listens: answers each request with a status, and says what came.
fn listening(statuses: Vec<u16>) -> (String, mpsc::Receiver<Value>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = format!("http://{}/hook", listener.local_addr().unwrap());
    let (send, receive) = mpsc::channel();
    thread::spawn(move || {
        for status in statuses {
            let Ok((mut stream, _)) = listener.accept() else { return };
            let mut reader = BufReader::new(stream.try_clone().unwrap());
            let (mut line, mut length) = (String::new(), 0);
            while reader.read_line(&mut line).unwrap() > 2 {
                if let Some(n) = line.to_ascii_lowercase().strip_prefix("content-length: ") {
                    length = n.trim().parse().unwrap();
                }
                line.clear();
            }
            let mut body = vec![0; length];
            reader.read_exact(&mut body).unwrap();
            let answer = format!("HTTP/1.1 {status} Said\r\ncontent-length: 0\r\nconnection: close\r\n\r\n");
            stream.write_all(answer.as_bytes()).unwrap();
            let _ = send.send(serde_json::from_slice(&body).unwrap());
        }
    });
    (address, receive)
}

#[test]
fn what_is_whose_turn_leaves_once_and_names_nobody() {
    let world = world();
    let project = &world.project;
    let (address, got) = listening(vec![410, 204, 204, 204, 204, 204]);
    project.write("secret", "correct horse");
    let channel = format!(
        "---\nchannel: operations\nwebhook: {{address: \"{address}\", secret: {{file: secret}}, private_addresses: true}}\nlink: \
         https://kepi.example.com\n---\nchannel: mail\nemail: {{server: mail.example, from: kepi@example.com}}\n"
    );
    project.write("kepi.yml", &format!("{PROJECT}{channel}"));
    let alert = raised(&world);
    let messages = |arguments: &[&str]| -> Vec<Value> {
        let text = project.ok(&[&["deliver", "--quiet", "--format", "json"], arguments].concat());
        serde_json::from_str::<Value>(&text).unwrap().as_array().unwrap().clone()
    };
    // What would leave is seen before.
    let of_emea = |of: &&Value| of["message"]["item"] == alert && of["channel"] == "operations";
    let preview = messages(&["--preview"]);
    let told = preview.iter().find(of_emea).unwrap_or_else(|| panic!("{preview:?}")).clone();
    let said = &told["message"];
    assert!(
        said["about"].as_str().unwrap().contains("Net promoter score of EMEA is worse than usual"),
        "{said}"
    );
    assert!(said["figure"].as_str().unwrap().contains("target 40"), "{said}");
    assert_eq!((&said["turn"], &said["went_up"]), (&json!("seat in emea"), &json!(false)));
    assert_eq!(said["link"], format!("https://kepi.example.com/items/{alert}"));
    assert_eq!(messages(&["--state", "sent"]), Vec::<Value>::new());
    // It is refused for ever, and Ben has no address: both are given up in sight, and what is wrong is said.
    let only = preview.len() == 2;
    let (_, errors) = project.fails(1, &["deliver"]);
    assert!(errors.contains("given up"), "{errors}");
    let dead = messages(&["--state", "dead"]);
    let why = |channel: &str| {
        dead.iter().find(|of| of["channel"] == channel).unwrap()["why"].as_str().unwrap().to_owned()
    };
    assert!(why("operations").contains("410") || !only, "{dead:?}");
    assert!(why("mail").contains("`ben` has no `email`") || !only, "{dead:?}");
    got.recv().unwrap();
    // Once more, when it listens again; then it has left, and does not again.
    let batch =
        dead.iter().find(|of| of["channel"] == "operations").unwrap()["batch"].as_str().unwrap().to_owned();
    project.ok(&["deliver", "--again", &batch]);
    let came = got.recv().unwrap();
    assert_eq!((&came["type"], &came["data"]["messages"][0]["kind"]), (&json!("item.turn"), &json!("alert")));
    let text = came.to_string();
    for name in ["Ben", "ben", "Vera", "secret", "horse"] {
        assert!(!text.contains(name), "{name}: {text}");
    }
    assert!(project.fails_or_not(&["deliver"]).1.contains("nothing is to leave"));
    // Somebody else's turn is another message.
    world.acts("ben", alert, &["refuse", "-m", "it is the product"]);
    project.fails_or_not(&["deliver"]);
    let came: Vec<Value> = got.try_iter().collect();
    let turns = came.iter().flat_map(|of| of["data"]["messages"].as_array().unwrap());
    assert!(turns.clone().any(|of| of["turn"] == "dotted line"), "{came:?}");
    project.ok(&["audit", "rebuild", "--quiet"]);
    assert!(
        project.fails_or_not(&["deliver"]).1.contains("nothing is to leave"),
        "what is folded anew leaves nothing"
    );
}

#[test]
fn a_commentary_is_whole_and_stands_on_the_page_of_its_kpi() {
    let world = world();
    let project = &world.project;
    // The month before the last was better in APAC than the one before it.
    let month = |months: i32| world.first_day(months).strftime("%Y-%m").to_string();
    world.month(-3, HARDLY_BETTER);
    project.fails_or_not(&["run"]);
    let comment = |why: &str, done: &str| {
        let period = month(-2);
        let parts = [
            "--what",
            "fell again",
            "--why",
            why,
            "--done",
            done,
            "--outlook",
            "open",
            "--unsure",
            "one month",
            "--as",
            "vp",
        ];
        project.kepi(&[&["comment", "recommendation", &period], &parts[..]].concat())
    };
    let said = |output: &std::process::Output| String::from_utf8_lossy(&output.stderr).into_owned();
    let lacking = comment("because of the form", "  ");
    assert!(
        !lacking.status.success() && said(&lacking).contains("`done` says nothing"),
        "{}",
        said(&lacking)
    );
    let filed = comment("EMEA lost answers", "the form is mended");
    assert!(filed.status.success(), "{}", said(&filed));
    let shown: Value =
        serde_json::from_str(&project.ok(&["show", "kpi", "recommendation", "--format", "json"])).unwrap();
    assert!(!shown.is_null());
    let item = world.inbox("ceo").into_iter().find(|(_, kind)| kind == "commentary").unwrap().0;
    assert_eq!(world.item(item)["work"]["parts"][1], json!(["why", "EMEA lost answers"]));
    project.ok(&["approve", &item.to_string(), "--as", "ceo"]);
    assert_eq!(world.item(item)["state"], "done");
    project.ok(&["audit", "verify", "--quiet"]);
    let log = project.ok(&["audit", "log", "--about", &format!("item/{item}")]);
    assert!(log.contains("commentary") && !log.contains("lost answers"), "{log}");
}

#[test]
fn a_review_opens_once_and_is_closed_with_a_decision_on_every_point() {
    let today = Zoned::now().date();
    let world = World { project: Project::empty(), month: today.first_of_month() };
    let project = &world.project;
    let review = format!(
        "---\nreview: monthly\nname: Monthly review\nscorecard: customers\nunit: emea\nperiod: month\non: [{today}]\nchair: vp\nparticipants: \
         [product]\nrotation: 1\n"
    );
    project.write("kepi.yml", &format!("{PROJECT}{review}"));
    (-14..-2).for_each(|month| world.month(month, GOOD));
    (-2..0).for_each(|month| world.month(month, BAD));
    world.over(0);
    let (_, said) = project.fails_or_not(&["run"]);
    assert!(said.contains("1 review opened"), "{said}");
    let list = || -> Value {
        serde_json::from_str(&project.ok(&["review", "list", "--quiet", "--format", "json"])).unwrap()
    };
    let number = list()[0]["item"].to_string();
    // Neither a run nor the clock opens it again.
    let (_, said) = project.fails_or_not(&["run"]);
    assert!(!said.contains("opened: `kepi review list`"), "{said}");
    project.ok(&["tick", "--quiet"]);
    assert_eq!(list().as_array().unwrap().len(), 1);
    // In the unit it is led by whoever holds the seat there.
    let of = world.item(number.parse().unwrap());
    let review = &of["work"]["review"];
    assert_eq!((&review["chair"], &review["participants"]), (&json!("ben"), &json!(["product"])));
    let points = review["points"].as_array().unwrap();
    assert_eq!(points.len(), 2, "{review}");
    let why = points[0]["why"].as_array().unwrap();
    assert_eq!(why[..2], [json!("a plan is owed"), json!("red")], "{review}");
    assert!(why.contains(&json!("an alert is open")) && why.contains(&json!("nobody has said why")));
    assert_eq!(points[1]["why"], json!(["the definition is to be confirmed"]));

    let last = world.first_day(-1).strftime("%Y-%m").to_string();
    let said = [
        "--what",
        "it fell",
        "--why",
        "the form",
        "--done",
        "<b>mended</b> `now`",
        "--outlook",
        "better",
        "--unsure",
        "one month",
    ];
    let unit = ["comment", "recommendation", &last, "--as", "ben", "--unit", "emea"];
    project.ok(&[&unit[..], &said[..]].concat());
    let pack = project.ok(&["review", "pack", &number]);
    for part in [
        "## 1. Net promoter score of EMEA",
        "a plan is owed; red",
        "−17, target 40",
        "why: the form",
        "done: \\<b>mended\\</b> \\`now\\`",
        "Open: alert",
    ] {
        assert!(pack.contains(part), "{part}: {pack}");
    }
    // Nothing is closed without a decision, and no red figure is let be that lasts.
    let refused = |arguments: &[&str], code: &str| {
        let (_, said) = project.fails(3, &[arguments, &["--as", "ben"]].concat());
        assert!(said.contains(code), "{said}");
    };
    refused(&["item", &number, "finish", "--outcome", "held", "-m", "done"], "G1119");
    refused(&["review", "decide", &number, "1", "accept", "-m", "so what"], "G1120");
    refused(&["review", "decide", &number, "3", "accept", "-m", "so what"], "G1110");
    let (_, said) =
        project.fails(3, &["review", "decide", &number, "2", "accept", "-m", "no", "--as", "product"]);
    assert!(said.contains("G1104"), "{said}");
    let day = world.first_day(1).to_string();
    let decides = |rest: &[&str]| {
        project.ok(&[&["review", "decide", number.as_str()][..], rest, &["--as", "ben"]].concat())
    };
    decides(&["1", "plan", "--who", "ben", "--by", &day, "-m", "what is done about the form"]);
    decides(&["2", "accept", "-m", "it asks what we want to know"]);
    refused(&["review", "decide", &number, "2", "defer", "-m", "again"], "G1102");
    project.ok(&["item", &number, "finish", "--outcome", "held", "-m", "all of it", "--as", "ben"]);
    // The task asks for a plan: that answers it.
    let task = world.inbox("ben").into_iter().find(|(_, kind)| kind == "task").unwrap().0;
    let period = world.first_day(2).strftime("%Y-%m").to_string();
    let plan = ["plan", "--cause", "the form", "--method", "five-whys", "--evidence", "logs"];
    let action = format!("ben {day} mend it");
    let rest = ["--action", &action, "--expect", "20", "--period", &period];
    world.acts("ben", task, &[&plan[..], &rest[..]].concat());
    let plan = world.inbox("ceo").into_iter().find(|(_, kind)| kind == "action_plan").unwrap().0;
    project.ok(&["approve", &plan.to_string(), "--as", "ceo"]);
    assert_eq!((&world.item(task)["state"], &world.item(plan)["state"]), (&json!("done"), &json!("doing")));
    assert_eq!(world.item(number.parse().unwrap())["state"], "done");
    // Somebody says that a figure is not right: it is shown so until it has an answer, which is another's.
    let (_, said) = project.fails(3, &["dispute", "recommendation", "2001-01", "-m", "twice", "--as", "ben"]);
    assert!(said.contains("no figure of `recommendation` is published in 2001-01"), "{said}");
    let of = ["dispute", "recommendation", &last, "--unit", "emea", "-m", "sent twice", "--as", "ben"];
    project.ok(&of);
    let dispute = world.inbox("vp").into_iter().find(|(_, kind)| kind == "dispute").unwrap().0;
    let kpi = |unit: &[&str]| -> Value {
        let asked = ["show", "kpi", "recommendation", "--period", &last, "--quiet", "--format", "json"];
        serde_json::from_str(&project.ok(&[&asked[..], unit].concat())).unwrap()
    };
    assert_eq!(kpi(&["--unit", "emea"])["disputed"], json!([dispute]));
    assert_eq!(kpi(&[])["disputed"], Value::Null, "that of all rows is another figure");
    let card = |unit: &[&str]| {
        project.ok(&[&["show", "scorecard", "--period", &last, "--quiet"][..], unit].concat())
    };
    let mark = format!("disputed (item {dispute})");
    assert!(
        card(&["--unit", "emea"]).contains(&mark) && !card(&[]).contains(&mark),
        "{}",
        card(&["--unit", "emea"])
    );
    let open = kpi(&[])["open"].to_string();
    assert!(open.contains("dispute") && open.contains("alert") && open.contains("action_plan"), "{open}");
    world.acts("vp", dispute, &["finish", "--outcome", "stands", "-m", "sent twice, counted once"]);
    assert_eq!(kpi(&["--unit", "emea"])["disputed"], Value::Null);
    project.ok(&["audit", "rebuild", "--quiet"]);
    project.ok(&["audit", "verify", "--quiet"]);
    let log = project.ok(&["audit", "log", "--about", &format!("item/{number}")]);
    assert!(log.contains("on point 1: plan") && !log.contains("the form"), "{log}");
}

/// A world in which a run puts in force what stands in the files, two months red, with more definitions.
fn open_world(more: &str) -> World {
    let world = World { project: Project::empty(), month: Zoned::now().date().first_of_month() };
    world.project.write("kepi.yml", &format!("{}{more}", PROJECT.replace("mode: reviewed", "mode: open")));
    (-14..-2).for_each(|month| world.month(month, GOOD));
    (-2..0).for_each(|month| world.month(month, BAD));
    world.over(0);
    world
}

#[test]
fn a_figure_stands_once_on_an_agenda_whichever_way_its_unit_is_said() {
    let world = open_world("");
    let project = &world.project;
    project.fails_or_not(&["run"]);
    let label = |month| world.first_day(month).strftime("%Y-%m").to_string();
    let (last, before) = (label(-1), label(-2));
    // That of all rows is that of the scorecard's unit.
    project.ok(&["dispute", "recommendation", &before, "-m", "counted twice", "--as", "ben"]);
    let same =
        ["dispute", "recommendation", &before, "--unit", "company", "-m", "so say I", "--as", "product"];
    let (_, said) = project.fails(3, &same);
    assert!(said.contains("G1101"), "{said}");
    let shown = |unit: &[&str]| -> Value {
        let asked = ["show", "kpi", "recommendation", "--period", &before, "--quiet", "--format", "json"];
        serde_json::from_str(&project.ok(&[&asked[..], unit].concat())).unwrap()
    };
    assert!(shown(&[])["disputed"].is_array() && shown(&["--unit", "company"])["disputed"].is_array());
    let words = [
        "--what",
        "it fell",
        "--why",
        "the form",
        "--done",
        "mended",
        "--outlook",
        "better",
        "--unsure",
        "one month",
    ];
    let comment = ["comment", "recommendation", &last, "--as", "ben", "--unit", "company"];
    project.ok(&[&comment[..], &words].concat());
    let day = world.first_day(1).to_string();
    let alert = world.inbox("vp").into_iter().find(|(_, kind)| kind == "alert").unwrap().0;
    let (action, period) = (format!("ben {day} mend it"), label(2));
    let plan = ["plan", "--cause", "the form", "--method", "five-whys", "--evidence", "logs"];
    let rest = ["--action", &action, "--expect", "20", "--period", &period];
    world.acts("vp", alert, &[&plan[..], &rest[..]].concat());

    let today = Zoned::now().date();
    let review = format!(
        "---\nreview: monthly\nname: Monthly review\nscorecard: customers\nperiod: month\non: [{today}]\nchair: vp\n"
    );
    let with = format!("{}{review}", PROJECT.replace("mode: reviewed", "mode: open"));
    project.write("kepi.yml", &with);
    project.fails_or_not(&["run"]);
    let list: Value =
        serde_json::from_str(&project.ok(&["review", "list", "--quiet", "--format", "json"])).unwrap();
    let number = list[0]["item"].as_u64().unwrap();
    let review = world.item(number)["work"]["review"].clone();
    let points = review["points"].as_array().unwrap();
    let of_all: Vec<&Value> = points.iter().filter(|of| of["unit"].is_null()).collect();
    let of_top = points.iter().filter(|of| of["unit"] == "company" || of["unit"]["id"] == "company").count();
    assert_eq!((of_all.len(), of_top), (1, 0), "{review}");
    let why = of_all[0]["why"].as_array().unwrap();
    assert!(why.contains(&json!("an alert is open")), "{review}");
    // The plan that was filed is not owed, what was said is said, and another month is another figure.
    for other in ["a plan is owed", "nobody has said why", "the figure is disputed"] {
        assert!(!why.contains(&json!(other)), "{other}: {review}");
    }

    // Of a unit that is renamed no other figures are shown.
    project.write("kepi.yml", &with.replace("unit: emea", "unit: europe"));
    project.fails_or_not(&["run"]);
    let shown = project.ok(&["review", "pack", &number.to_string()]);
    let (_, emea) =
        shown.split_once("of emea (no such unit is in force any more)").unwrap_or_else(|| panic!("{shown}"));
    let emea = emea.split("\n## ").next().unwrap();
    assert!(!emea.contains("target 40") && !emea.contains("off target"), "{shown}");
}

#[test]
fn what_people_say_in_place_of_a_figure_changes_no_analysis() {
    let own = "---\nkpi: own\nname: Of EMEA\nbetter: higher\nperiod: month\nmeasure: {nps: {of: survey_response, answer: score, where: region = 'emea'}}\n";
    let world = open_world(own);
    let project = &world.project;
    project.fails_or_not(&["run"]);
    let last = world.first_day(-1).strftime("%Y-%m").to_string();
    let analysed =
        |of: &str| project.ok(&["analyse", "recommendation", "--analysis", of, "--period", &last, "--quiet"]);
    let before: Vec<String> = ["chart", "outlook", "target", "change"].map(analysed).into();
    assert!(before[0].contains("Its level changed"), "{before:?}");
    // Of a file with 300 rows 150 are behind a figure of one half of them.
    let rests = project.ok(&["analyse", "own", "--analysis", "influence", "--period", &last, "--quiet"]);
    assert!(!rests.contains("(300 rows)"), "{rests}");
    project.ok(&[
        "override",
        "set",
        "recommendation",
        &last,
        "90",
        "--evidence",
        "a feeling",
        "-m",
        "so I say",
        "--as",
        "vp",
    ]);
    assert!(project.ok(&["show", "kpi", "recommendation", "--period", &last]).contains("90"));
    assert_eq!(["chart", "outlook", "target", "change"].map(analysed)[..], before[..]);
}

#[test]
fn a_stage_gate_is_open_while_all_of_it_surely_holds() {
    let today = Zoned::now().date();
    let world = World { project: Project::empty(), month: today.first_of_month() };
    let project = &world.project;
    let gates = "---\nstage_gate: launch\nname: Launch\nwhen: {recommendation: {at_least: 20}}\n---\nstage_gate: local\nname: Local\nwhen: \
                 {recommendation: {at_least: 20}}\nunit: emea\n---\nstage_gate: newest\nname: Newest\nage: 1\nwhen: {recommendation: \
                 {at_least: 20}}\n---\nstage_gate: same\nname: Same\nunit: emea\nwhen: {recommendation: not worse}\n";
    project.write("kepi.yml", &format!("{PROJECT}{gates}"));
    (-14..-1).for_each(|month| world.month(month, GOOD));
    world.over(-1);
    project.fails_or_not(&["run"]);
    // All is well, until two months ago: of the last nothing is known yet, and that may not be older for one of them.
    assert!(project.ok(&["gate", "launch"]).starts_with("Launch: open"));
    let (shut, _) = project.fails(1, &["gate", "newest"]);
    assert!(
        shut.starts_with("Newest: shut") && shut.contains("the last month that is over has no final figure")
    );
    // It fell in one unit: the bound is broken there, and it is worse than usual.
    world.month(-1, BAD);
    world.over(0);
    project.fails_or_not(&["run"]);
    let (shut, _) = project.fails(1, &["gate", "local"]);
    assert!(
        shut.starts_with("Local: shut") && shut.contains("−16.7") && shut.contains("it is not"),
        "{shut}"
    );
    let (shut, _) = project.fails(1, &["gate", "same"]);
    assert!(shut.contains("it changed for the worse, beyond what is usual"), "{shut}");
    project.fails(3, &["gate", "nowhere"]);
    // Who does not know the name finds it.
    let all = project.ok(&["gate"]);
    assert!(all.contains("launch") && all.contains("Local") && all.contains("shut"), "{all}");
    let (table, _) = project.fails(1, &["gate", "local", "--format", "csv"]);
    assert!(table.starts_with("kpi,asked"), "{table}");
    let server = project.serve();
    let page = crate::tour::get(&server.1, "/kpis").unwrap();
    assert!(page.contains("href=\"/gates/launch\"") && page.contains("Stage gates"), "{page}");
}
