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
