//! A trade-off that was agreed on: said on the KPI, and asked about where an alert says so.

use std::fmt::Write;

use serde_json::Value;

use crate::{support::Project, tour::get};

const PROJECT: &str = "project: calls
name: Calls
language: 1
time_zone: UTC
last_resort: head
---
person: head
name: Ada
---
alert: agreed
name: What was agreed on
on: [guardrail]
kpis: [handle_time, solved_at_once]
---
entity: call
key: [id]
time: began_at
attributes:
  id: {type: text}
  began_at: {type: timestamp}
  lasted: {type: duration}
  solved: {type: boolean}
---
source: calls
into: call
from: {csv: {files: \"data/*.csv\"}}
mode: append
map:
  id: {column: id, as: text, required: true}
  began_at: {column: began, as: timestamp, required: true}
  lasted: {column: minutes, as: duration minutes}
  solved: {column: solved, as: boolean}
---
kpi: handle_time
name: Handle time
better: lower
measure: {mean: {of: call, value: lasted}}
period: month
accountable: head
---
kpi: solved_at_once
name: Solved at once
better: higher
measure: {share: {of: call, which: solved = true}}
period: month
accountable: head
---
guardrail: careful_calls
name: Longer calls, fewer of them
kpis: {handle_time: {at_most: 9 minutes}}
while: {solved_at_once: {at_least: 75%}}
owner: head
";

/// 400 calls of a month: of so many minutes, more or less, so many of them solved at once.
fn month(project: &Project, month: u32, minutes: u32, solved: usize) {
    let mut rows = String::from("id,began,minutes,solved\n");
    for n in 0..400 {
        let (day, minutes) = (n % 28 + 1, minutes + [0, 1, 0, 2][n % 4]);
        let solved = if n * 7 % 400 < solved { "yes" } else { "no" };
        writeln!(rows, "{month}-{n},2026-{month:02}-{day:02} 09:00,{minutes},{solved}").unwrap();
    }
    project.write(&format!("data/{month:02}.csv"), &rows);
}

fn guardrail(project: &Project, kpi: &str, period: &str) -> (String, String) {
    let asked = ["analyse", kpi, "--analysis", "guardrail", "--period", period, "--format", "json"];
    let answer: Value = serde_json::from_str(&project.ok(&asked)).unwrap();
    let of = &answer["insights"][0];
    (of["verdict"].as_str().unwrap().to_owned(), of["says"][0].as_str().unwrap().to_owned())
}

#[test]
fn a_broken_guardrail_is_said_and_somebody_is_asked() {
    let project = Project::empty();
    project.write("kepi.yml", PROJECT);
    month(&project, 1, 7, 330);
    month(&project, 2, 7, 300);
    month(&project, 3, 8, 260);
    month(&project, 4, 10, 330);
    month(&project, 5, 7, 330);
    project.fails_or_not(&["run", "--quiet"]);
    // 82.5 % of 400 is above 75 % for sure, 75 % is not: the bound lies in the interval.
    let kept = ("yes".to_owned(), "“Longer calls, fewer of them” is kept.".to_owned());
    assert_eq!(guardrail(&project, "handle_time", "2026-01"), kept);
    assert_eq!(guardrail(&project, "solved_at_once", "2026-02").0, "unknown");
    // Calls grew longer, as they may, but fewer are solved: of either KPI it is said.
    for kpi in ["handle_time", "solved_at_once"] {
        let (verdict, said) = guardrail(&project, kpi, "2026-03");
        let broken = "“Longer calls, fewer of them” is broken: Solved at once is 65\u{202f}%, agreed is at least 75\u{202f}%.";
        assert_eq!((verdict.as_str(), said.as_str()), ("no", broken));
    }
    let (verdict, said) = guardrail(&project, "handle_time", "2026-04");
    assert!(
        verdict == "no"
            && said.contains("is broken: Handle time is 10")
            && said.contains("agreed is at most 9"),
        "{said}"
    );
    // Nobody reads beside it that nothing is to be done.
    let (_server, address) = project.serve();
    let page = |period: &str| get(&address, &format!("/kpis/handle_time?period={period}")).unwrap();
    assert!(page("2026-04").contains("What was agreed on is broken"), "{}", page("2026-04"));
    assert!(!page("2026-04").contains("nothing is indicated"));
    assert!(
        !page("2026-01").contains("agreed on is broken") && page("2026-01").contains("nothing is indicated")
    );
    // April is the newest final month. It is the time that went too far, and whoever answers for that is asked.
    let text = project.ok(&["inbox", "--open", "--quiet", "--format", "json"]);
    let items: Value = serde_json::from_str(&text).unwrap();
    let [item] = items.as_array().unwrap().as_slice() else { panic!("{text}") };
    assert!(
        item["why"].as_str().unwrap().contains("Handle time is beyond what was agreed on in 2026-04"),
        "{item}"
    );
}

#[test]
fn no_unit_trades_off_what_holds_of_the_whole() {
    let project = Project::empty();
    let whole = PROJECT
        .replace("  solved: {type: boolean}\n", "  solved: {type: boolean}\n  region: {type: text}\n")
        .replace("as: boolean}\n", "as: boolean}\n  region: {column: region, as: text}\n")
        .replace("period: month\naccountable", "period: month\nby: [region]\nobjective: soon\naccountable")
        .replace("on: [guardrail]\n", "on: [guardrail]\nby_unit: true\n");
    let units = "---\nunit: all\nname: All\nmanager: head\n---\nunit: north\nname: North\nlevel: region\nmember: north\nparent: all\n---\n\
                 unit: south\nname: South\nlevel: region\nmember: south\nparent: all\n---\n\
                 strategy: ours\nmission: Soon.\nperspectives:\n  customers: {name: Customers}\nobjectives:\n  soon: {name: Soon, perspective: customers}\n---\n\
                 scorecard: service\nname: Service\nperiod: month\nunit: all\nperspectives:\n  customers:\n    weight: 100%\n    objectives:\n      \
                 soon: {weight: 100%, kpis: {handle_time: 50%, solved_at_once: 50%}}\n\
                 cascade: {match: {region: region}, value: recompute, targets: inherit}\n";
    let project_with = |level: &str| project.write("kepi.yml", &format!("{whole}{level}{units}"));
    project_with("");
    // Of the whole 80 % are solved at once; in the south, where calls are short, 62 % of 400.
    let mut rows = String::from("id,began,minutes,solved,region\n");
    for month in 1..=5 {
        for n in 0..800 {
            let (day, region) = (n % 28 + 1, if n % 2 == 0 { "north" } else { "south" });
            let share = if region == "north" { 98 } else { 62 };
            let solved = if n / 2 * 37 % 100 < share { "yes" } else { "no" };
            let minutes = 7 + [0, 0, 1, 1][n % 4];
            writeln!(rows, "{month}-{n},2026-{month:02}-{day:02} 09:00,{minutes},{solved},{region}").unwrap();
        }
    }
    project.write("data/all.csv", &rows);
    project.fails_or_not(&["run", "--quiet"]);
    let said = |period: &str| {
        let asked =
            ["analyse", "handle_time", "--analysis", "guardrail", "--period", period, "--format", "json"];
        let answer: Value = serde_json::from_str(&project.ok(&asked)).unwrap();
        let of = answer["insights"][0].clone();
        let says: Vec<String> =
            of["says"].as_array().unwrap().iter().map(|of| of.as_str().unwrap().to_owned()).collect();
        (of["verdict"].as_str().unwrap().to_owned(), says)
    };
    let kept = "“Longer calls, fewer of them” is kept.";
    assert_eq!(said("2026-04"), ("yes".to_owned(), vec![kept.to_owned()]));
    let items = || -> Value {
        serde_json::from_str(&project.ok(&["inbox", "--open", "--quiet", "--format", "json"])).unwrap()
    };
    assert_eq!(items(), serde_json::json!([]));

    project_with("level: region\n");
    project.fails_or_not(&["run", "--quiet"]);
    let (verdict, says) = said("2026-04");
    assert_eq!(verdict, "no", "{says:?}");
    assert_eq!(says[0], kept, "of the whole");
    assert_eq!(says[1], "“Longer calls, fewer of them, North” is kept.");
    assert!(
        says[2].starts_with("“Longer calls, fewer of them, South” is broken: Solved at once is 6"),
        "{says:?}"
    );
    let items = items();
    let [item] = items.as_array().unwrap().as_slice() else { panic!("{items}") };
    assert!(
        item["why"].as_str().unwrap().contains("Handle time of South is beyond what was agreed on"),
        "{item}"
    );
    assert!(item["touches"].to_string().contains("south"), "{item}");
}
