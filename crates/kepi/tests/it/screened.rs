//! Answers to surveys that look doubtful, through the binary: found at a run, confirmed or dismissed, and in figures with and without.

use serde_json::Value;

use crate::support::Project;

const PANEL: &str = "project: panel
name: Panel
language: 1
time_zone: UTC
---
entity: survey_response
attributes:
  score: {type: integer, scale: 0..10}
  q1: {type: integer}
  q2: {type: integer}
  q3: {type: integer}
  began_at: {type: timestamp}
screen:
  straight_lining: {items: [q1, q2, q3]}
  speeding: {took: responded_at - began_at, after: 20}
  flags:
    internal: {where: channel = 'test', then: exclude}
---
source: answers
into: survey_response
from: {csv: {files: \"data/*.csv\"}}
mode: append
map:
  id: {column: id, as: text}
  channel: {column: channel, as: text}
  began_at: {column: began, as: timestamp}
  responded_at: {column: done, as: timestamp, required: true}
  score: {column: score, as: integer}
  q1: {column: q1, as: integer}
  q2: {column: q2, as: integer}
  q3: {column: q3, as: integer}
---
kpi: score
name: Score
better: higher
measure: {mean: {of: survey_response, value: score}}
period: month
by: [channel]
---
kpi: nps
name: NPS
better: higher
measure: {nps: {of: survey_response, answer: score}}
as_of: event
period: month
---
kpi: fast
name: Too fast
better: lower
measure: {share: {of: survey_response_screening, which: speeding}}
period: month
";

/// Twenty answers of a minute each with the score 5, and what stands in `more`.
fn answers(project: &Project, more: &str) {
    let mut rows = "id,channel,began,done,score,q1,q2,q3\n".to_owned();
    for n in 0..20 {
        rows.push_str(&format!(
            "r{n:02},web,2026-03-02T10:{n:02}:00Z,2026-03-02T10:{:02}:00Z,5,1,2,3\n",
            n + 1
        ));
    }
    project.write("data/answers.csv", &format!("{rows}{more}"));
}

fn listed(project: &Project) -> Vec<(String, String, String)> {
    let all: Value = serde_json::from_str(&project.ok(&["screen", "list", "--format", "json"])).unwrap();
    let rows = all[0]["rows"].as_array().unwrap();
    let text = |of: &Value| of.as_str().unwrap().to_owned();
    rows.iter().map(|row| (text(&row["key"]), text(&row["state"]), text(&row["flags"][0]))).collect()
}

/// The figure of March and what it would be without screening, as it is shown.
fn march(project: &Project, kpi: &str) -> (String, String) {
    let shown = project.ok(&["show", "kpi", kpi]);
    let line = |start: &str| {
        shown.lines().find(|line| line.trim_start().starts_with(start)).unwrap_or_default().to_owned()
    };
    let value = shown.lines().nth(1).unwrap().split_whitespace().nth(3).unwrap_or_default().to_owned();
    let unscreened = line("unscreened").trim_start().trim_start_matches("unscreened").trim().to_owned();
    (value, unscreened)
}

#[test]
fn doubtful_answers_are_found_judged_and_left_out_and_both_figures_stand_side_by_side() {
    let project = Project::empty();
    project.write("kepi.yml", PANEL);
    // Nineteen seconds are less than a third of sixty; a test; the same answer three times.
    let doubtful = "fast,web,2026-03-03T10:00:00Z,2026-03-03T10:00:19Z,10,1,2,3\n\
                    test,test,2026-03-03T10:00:00Z,2026-03-03T10:01:00Z,10,1,2,3\n\
                    line,web,2026-03-03T10:00:00Z,2026-03-03T10:01:00Z,10,4,4,4\n";
    answers(&project, doubtful);
    let of = |key: &str, state: &str, flag: &str| (key.to_owned(), state.to_owned(), flag.to_owned());
    project.ok(&["run", "--quiet"]);
    let found = [
        of("fast", "review", "speeding"),
        of("line", "review", "straight_lining"),
        of("test", "excluded", "internal"),
    ];
    assert_eq!(listed(&project), found);
    // 20 · 5 + 2 · 10 of 22; with the test 130 / 23.
    let (value, unscreened) = march(&project, "score");
    assert!(value == "5.5", "{value}");
    assert!(
        unscreened.starts_with("5.7") && unscreened.ends_with("n 23; 1 row is screened out"),
        "{unscreened}"
    );
    // A run that finds nothing new lands and changes nothing.
    let run: Value = serde_json::from_str(&project.ok(&["run", "--format", "json"])).unwrap();
    assert!(run["loads"].as_array().unwrap().iter().all(|load| load["outcome"] == "already_landed"), "{run}");
    assert_eq!((&run["changed"], &run["updated"]), (&Value::Null, &0.into()));

    // What people say holds from the next run on, for what is read as of the answer's own time, too.
    let (_, refused) = project.fails(3, &["screen", "confirm", "survey_response", "r00", "-m", "why not"]);
    assert!(refused.contains("no row of `survey_response` with the key `r00` is flagged"), "{refused}");
    project.ok(&["--as", "ines", "screen", "confirm", "survey_response", "fast", "line", "-m", "a script"]);
    project.ok(&[
        "--as",
        "ines",
        "screen",
        "dismiss",
        "survey_response",
        "test",
        "-m",
        "a customer all the same",
    ]);
    project.ok(&["run", "--quiet"]);
    let judged = [
        of("fast", "confirmed", "speeding"),
        of("line", "confirmed", "straight_lining"),
        of("test", "dismissed", "internal"),
    ];
    assert_eq!(listed(&project), judged);
    // Twenty times 5 and the test's 10 of 21.
    for (kpi, shown, all) in [("score", "5.2", "5.7"), ("nps", "\u{2212}90", "\u{2212}74")] {
        let (value, unscreened) = march(&project, kpi);
        assert!(value.starts_with(shown), "{kpi}: {value}");
        assert!(
            unscreened.starts_with(all) && unscreened.contains("2 rows are screened out"),
            "{kpi}: {unscreened}"
        );
    }
    let log = project.ok(&["audit", "log", "--format", "csv"]);
    let said: Vec<&str> = log.lines().filter(|line| line.contains("rows.judged")).collect();
    assert!(said.len() == 2 && said.iter().all(|line| line.contains("ines")), "{log}");
    assert!(
        said.iter().all(|line| !line.contains("fast") && !line.contains("a script")),
        "no key and no word of a person"
    );
    assert!(project.ok(&["reproduce"]).contains("identical to the bit"));
    let trace = project.ok(&["trace", "score", "--period", "2026-03", "--format", "json"]);
    let trace: Value = serde_json::from_str(&trace).unwrap();
    assert_eq!((&trace["traced"]["agrees"], &trace["traced"]["counted"]), (&true.into(), &21.into()));

    // The cut-off is frozen: two hundred faster ones do not move it, and the twenty honest ones stay in.
    let crowd: String = (0..200)
        .map(|n| format!("c{n:03},web,2026-03-04T10:00:00Z,2026-03-04T10:00:{:02}Z,5,1,2,3\n", 21 + n % 9))
        .collect();
    project.write("data/more.csv", &format!("id,channel,began,done,score,q1,q2,q3\n{crowd}late,web,2026-03-05T10:00:00Z,2026-03-05T10:00:05Z,5,1,2,3\n"));
    project.ok(&["run", "--quiet"]);
    let now = listed(&project);
    assert_eq!(now.len(), 4);
    assert!(now.contains(&of("late", "review", "speeding")), "{now:?}");
    let shown = project.ok(&["screen", "list"]);
    assert!(
        shown.contains("faster than 19.8 s is flagged, of the median 60.0 s of the first 20 answers"),
        "{shown}"
    );
    // How many are flagged is a KPI like any other, and a share of all answers: 2 of 224.
    let fast = project.ok(&["show", "kpi", "fast"]);
    assert!(fast.contains("0.9") && fast.contains("224"), "{fast}");
    let sources = project.ok(&["sources"]);
    assert!(!sources.contains("revision"), "{sources}");
    let data = project.serve();
    let page = crate::tour::get(&data.1, "/data").unwrap();
    assert!(page.contains("Answers, screened") && page.contains("4 flagged"), "{page}");
    let waiting = now.iter().filter(|row| row.1 == "review").count();
    assert!(
        waiting > 0 && page.contains("to be confirmed or dismissed"),
        "what waits for somebody is first: {page}"
    );
    let page = crate::tour::get(&data.1, "/kpis/score").unwrap();
    assert!(page.contains("Without screening"), "{page}");
    // How answers are screened is part of the methodology: the entity says it, not the source that Kepi makes of it.
    let methodology = project.ok(&["register", "kpi/score", "--document"]);
    assert!(methodology.contains("straight_lining: {items: [q1, q2, q3]}"), "{methodology}");
}

#[test]
fn who_answers_for_a_target_judges_no_answers_and_what_is_frozen_is_judged_by_nobody() {
    let project = Project::empty();
    let target = "accountable: carl\ntargets:\n  - {from: 2020-01-01, threshold: 10, target: 40, basis: {expectation: \"as agreed\"}}\n";
    let people = "---\nperson: carl\nname: Carl\n---\nperson: dora\nname: Dora\n---\nperson: eve\nname: Eve\n---\ngovernance: panel\nmode: \
                  reviewed\nowners: [dora, eve]\n";
    project.write(
        "kepi.yml",
        &format!("{}{people}", PANEL.replace("name: NPS\n", &format!("name: NPS\n{target}"))),
    );
    answers(
        &project,
        "fast,web,2026-03-03T10:00:00Z,2026-03-03T10:00:19Z,10,1,2,3\n\
         line,web,2026-03-03T10:00:00Z,2026-03-03T10:01:00Z,10,4,4,4\n",
    );
    project.ok(&["run", "--quiet"]);
    let judge = |key: &'static str, who: &'static str| {
        ["screen", "confirm", "survey_response", key, "-m", "a script", "--as", who]
    };
    let (_, said) = project.fails(3, &judge("fast", "carl"));
    assert!(said.contains("G0802"), "{said}");
    project.ok(&judge("fast", "dora"));
    project.ok(&["freeze", "2026-03", "--aspects", "data", "-m", "as reported", "--as", "dora"]);
    project.ok(&["approve", "1", "--as", "eve"]);
    let (_, said) = project.fails(3, &judge("line", "dora"));
    assert!(said.contains("G0901") && said.contains("kepi lift 1"), "{said}");
    // A key that is personal is shown to nobody.
    assert!(project.ok(&["screen", "list"]).contains("line"));
    let personal = PANEL.replace(
        "  score: {type: integer, scale: 0..10}",
        "  id: {type: text, personal: true}\n  score: {type: integer, scale: 0..10}",
    );
    let secret = Project::empty();
    secret.write("kepi.yml", &personal);
    answers(&secret, "line,web,2026-03-03T10:00:00Z,2026-03-03T10:01:00Z,10,4,4,4\n");
    secret.ok(&["run", "--quiet"]);
    let listed = secret.ok(&["screen", "list"]);
    assert!(listed.contains("a personal key") && !listed.contains("line "), "{listed}");
}
