//! From a red KPI to what was learnt: an alert finds its owner, is refused twice, answered by a plan, and the plan is measured.

use std::fmt::Write;

use jiff::{Span, Zoned, civil::Date};
use serde_json::{Value, json};

use crate::support::Project;

const PROJECT: &str = "project: renewals
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
strategy: customers
mission: They recommend us.
perspectives:
  customers: {name: Customers}
objectives:
  recommended: {name: Recommended, perspective: customers}
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
      recommended: {weight: 100%, kpis: {recommendation: 100%}}
---
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
kpi: recommendation
name: Net promoter score
objective: recommended
indicator: lagging
better: higher
measure:
  nps: {of: survey_response, answer: score}
period: month
by: [region]
targets:
  - {from: 2020-01-01, threshold: 10, target: 40, stretch: 60, basis: {expectation: \"as agreed\"}}
accountable: vp
";

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
        let first = self.first_day(months);
        let mut rows = String::from("id,answered,region,score\n");
        for (region, (promoters, passives, detractors)) in [("emea", emea), ("apac", GOOD)] {
            let scores = [(9, promoters), (7, passives), (3, detractors)];
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
    }

    fn item(&self, number: u64) -> Value {
        serde_json::from_str(&self.project.ok(&["item", &number.to_string(), "--format", "json"])).unwrap()
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
    world.acts("vp", number, &[&plan[..], &rest[..]].concat());
    let plan = world.inbox("ceo").into_iter().find(|(_, kind)| kind == "action_plan").unwrap().0;
    project.ok(&["approve", &plan.to_string(), "--as", "ceo"]);
    assert_eq!(world.item(number)["state"], "recovering");
    assert_eq!(world.item(plan)["work"]["parts"][0], json!(["cause", "the form lost answers"]));
    let (_, said) = project.fails(3, &["item", &plan.to_string(), "finish", "--as", "vp"]);
    assert!(said.contains("G1108: 2 of what belongs to it"), "{said}");
    for who in ["ben", "product"] {
        let task = world.inbox(who).into_iter().find(|(_, kind)| kind == "task").unwrap().0;
        world.acts(who, task, &["finish", "-m", "as planned"]);
    }
    world.acts("vp", plan, &["finish"]);
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
        seen.starts_with("before and after, with nothing to compare it with: not shown, 2.67 ["),
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

#[test]
fn without_an_alert_document_nobody_is_asked() {
    let world = world();
    let calm = PROJECT.replace("alert: attention\nname: What needs somebody\nby_unit: true\n---\n", "");
    world.project.write("kepi.yml", &calm);
    world.project.fails_or_not(&["run"]);
    assert_eq!(world.project.ok(&["inbox", "--all", "--quiet", "--format", "json"]).trim(), "[]");
}
