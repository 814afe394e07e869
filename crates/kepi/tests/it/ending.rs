//! A KPI comes to its end: announced and told, used by nothing, retired, and still there to be read.

use serde_json::{Value, json};

use crate::support::Project;

const PEOPLE: &str = "person: ann\nname: Ann\n---\nperson: bea\nname: Bea\nreports_to: ann\n---\nperson: carl\nname: Carl\nreports_to: bea\n\
                      ---\ngovernance: company\nmode: reviewed\nowners: [ann, bea]\n";
const NEW: &str = "---\nkpi: told\nname: Customers who told us\nobjective: customers_recommend_us\nindicator: leading\nbetter: higher\nmeasure:\n  \
                   distinct: {of: survey_response, value: id}\nperiod: month\naccountable: bea\ninformed: [carl]\n";

/// A question with an old wording, which all answered, and a new one, which some did.
const WORDINGS: &str = "---\nkpi: old_wording\nname: Old wording\nbetter: higher\nlife: {sunset: 2030-01-01}\nsuccessor: new_wording\n\
                        measure: {share: {of: survey_response, which: score >= 9}}\nperiod: week\n\
                        ---\nkpi: new_wording\nname: New wording\nbetter: higher\n\
                        measure: {share: {of: survey_response, which: score >= 10, where: \"responded_at >= '2026-01-19'\"}}\nperiod: week\n\
                        objective: customers_recommend_us\n---\nscorecard: worded\nname: Worded\nperiod: week\nperspectives:\n  customers:\n    weight: 100%\n    \
                        objectives: {customers_recommend_us: {weight: 100%, kpis: {new_wording: 100%}}}\n";

fn edit(project: &Project, file: &str, from: &str, to: &str) {
    let text = std::fs::read_to_string(project.path().join(file)).unwrap();
    assert!(text.contains(from), "{from}");
    project.write(file, &text.replace(from, to));
}

fn asked(project: &Project, arguments: &[&str]) -> Value {
    let all: Vec<&str> = arguments.iter().copied().chain(["--format", "json", "--quiet"]).collect();
    serde_json::from_str(&project.ok(&all)).unwrap()
}

/// Proposes the folder in the name of ann, lets others agree, and gives back the number.
fn decided(project: &Project, why: &str, by: &[&str]) -> String {
    let next = 1 + asked(project, &["inbox", "--all"]).as_array().unwrap().len();
    let number = next.to_string();
    project.ok(&["propose", "-m", why, "--as", "ann"]);
    for by in by {
        project.kepi(&["approve", &number, "--as", by]);
    }
    assert_eq!(asked(project, &["item", &number])["state"], "done", "{}", project.ok(&["item", &number]));
    number
}

#[test]
fn a_kpi_is_announced_to_go_used_by_nothing_retired_and_still_read_and_reproduced() {
    let project = Project::example("tiny");
    project.write("people.yml", PEOPLE);
    let text = std::fs::read_to_string(project.path().join("kpis.yml")).unwrap();
    project.write("kpis.yml", &(text + NEW + WORDINGS));
    edit(&project, "kpis.yml", "kpi: answers\n", "kpi: answers\ninformed: [carl]\n");
    project.ok(&["run", "--quiet"]);
    let figures =
        |kpi: &str| asked(&project, &["show", "kpi", kpi])["kpi"]["history"].as_array().unwrap().len();
    assert!(figures("answers") > 1);
    let whole = asked(&project, &["show", "kpi", "answers"]);
    assert_eq!(whole["ending"], Value::Null);
    // In two of the five weeks that have both, 9 is the best answer: 40 points less on average. Two earlier weeks are all 9 and 10, and
    // on the new level they have an interval that holds more than their own and ends where a share does.
    let worded = asked(&project, &["show", "kpi", "old_wording"])["ending"]["bridged"].clone();
    let number = |of: &Value| of.as_f64().unwrap();
    let (by, moved) = (&worded["by"], worded["moved"].as_array().unwrap());
    assert!((number(&by["point"]) + 0.4).abs() < 1e-12, "{worded}");
    assert!(
        number(&by["low"]) < -0.4 && number(&by["high"]) > -0.4 && number(&worded["varies"]) > 0.0,
        "{worded}"
    );
    assert_eq!(
        moved.iter().map(|of| of["period"].as_str().unwrap()).collect::<Vec<_>>(),
        ["2026-W03", "2026-W02"]
    );
    for of in moved {
        let value = &of["value"];
        assert!((number(&value["point"]) - 0.6).abs() < 1e-12, "{worded}");
        assert!(number(&value["low"]) < 0.6 - (-0.4 - number(&by["low"])), "{worded}");
        assert_eq!(value["high"], 1.0);
    }
    // The new one continues them: to programs, in a table and where a score is explained.
    let new = asked(&project, &["show", "kpi", "new_wording"]);
    assert_eq!(new["succeeds"][0]["bridged"], worded, "{new}");
    let table = project.ok(&["show", "kpi", "new_wording", "--format", "csv"]);
    let lines: Vec<&str> = table.lines().filter(|line| line.ends_with(",bridged from old_wording")).collect();
    assert!(
        lines.len() == 2
            && lines[0].starts_with("new_wording,2026-W02,,0.6")
            && lines[1].starts_with("new_wording,2026-W03,,0.6")
            && table.lines().nth(1) == Some(lines[0]),
        "{table}"
    );
    let explained = project.ok(&["explain", "worded"]);
    assert!(
        explained.contains("takes the place of Old wording; over all rows: in the 5 periods"),
        "{explained}"
    );
    let said = project.ok(&["show", "kpi", "old_wording"]);
    assert!(said.contains("a drift is not beyond chance") && said.contains("On the new level"), "{said}");

    // Announced: every use is pointed out, and whoever uses it is told with the day. Its figures go on, beside those of its successor.
    edit(
        &project,
        "kpis.yml",
        "kpi: answers\n",
        "kpi: answers\nlife: {sunset: 2026-02-01}\nsuccessor: told\n",
    );
    let (said, _) = project.fails_or_not(&["check"]);
    assert!(said.contains("K0813") && said.contains("`scorecard/customers` uses it"), "{said}");
    let planned = project.ok(&["plan"]);
    assert!(planned.contains("comes to its end: none → not to be used from 2026-02-01"), "{planned}");
    let first = decided(&project, "two figures say the same", &["bea"]);
    let items = asked(&project, &["inbox", "--all"]);
    let notices: Vec<&Value> = items.as_array().unwrap().iter().filter(|of| of["kind"] == "notice").collect();
    let to = |of: &Value| of["work"]["owner"]["person"].as_str().unwrap().to_owned();
    let mut told: Vec<String> = notices.iter().map(|of| to(of)).collect();
    told.sort();
    assert_eq!(told, ["carl", "owner"], "those who use it, and nobody else");
    assert!(
        notices[0]["touches"][0]
            .as_str()
            .unwrap()
            .contains("kpi/answers is not to be used from 2026-02-01 on")
    );
    let carls = notices.iter().find(|of| to(of) == "carl").unwrap()["item"].to_string();
    project.ok(&["item", &carls, "finish", "--outcome", "read", "--as", "carl"]);
    let receipts = project.ok(&["item", &first]);
    assert!(
        receipts.contains("told carl, who has read it (")
            && receipts.contains("told owner, who has not read it yet"),
        "{receipts}"
    );
    project.ok(&["run", "--quiet"]);
    let shown = asked(&project, &["show", "kpi", "answers"]);
    assert_eq!(shown["ending"]["successor"]["id"], "told");
    assert_eq!(shown["ending"]["state"], "sunset");
    assert!(shown["ending"]["bridge"].as_str().unwrap().contains("that both have"), "{}", shown["ending"]);
    let said = project.ok(&["show", "kpi", "answers"]);
    assert!(said.contains("not to be used since 2026-02-01; instead: told"), "{said}");

    // It cannot be retired while anything uses it; who is dated uses it until then.
    edit(
        &project,
        "kpis.yml",
        "life: {sunset: 2026-02-01}",
        "life: {sunset: 2026-02-01, retired: 2026-02-15}",
    );
    let (said, _) = project.fails(1, &["check"]);
    assert!(said.contains("K0812") && said.contains("`scorecard/customers` uses it"), "{said}");
    let (found, refused) = project.fails_or_not(&["propose", "-m", "it is over", "--as", "ann"]);
    assert!(refused.contains("the definitions have 1 error"), "{found}{refused}");
    edit(&project, "kepi.yml", "recommendation: 80%, answers: 20%", "recommendation: 80%, told: 20%");
    let last = |kpi: &str| {
        let of = asked(&project, &["show", "kpi", kpi]);
        of["periods"].as_array().unwrap()[0].as_str().unwrap().to_owned()
    };
    assert_eq!(last("answers"), "2026-02");
    decided(&project, "it is over", &["bea", "owner", "carl"]);
    project.ok(&["run", "--quiet"]);
    let shown = asked(&project, &["show", "kpi", "answers"]);
    assert_eq!(
        (&shown["ending"]["state"], &shown["ending"]["retired"]),
        (&json!("retired"), &json!("2026-02-15"))
    );
    assert_eq!(last("answers"), "2026-01", "its history ends, and stays");
    assert!(figures("answers") >= 1);
    project.ok(&["reproduce", "answers", "--period", "2026-01"]);
    project.ok(&["audit", "verify", "--quiet"]);

    // Nothing may use it again, and its name is given to no other.
    edit(&project, "kepi.yml", "recommendation: 80%, told: 20%", "recommendation: 80%, answers: 20%");
    let (said, _) = project.fails(1, &["check"]);
    assert!(said.contains("K0812"), "{said}");
    edit(&project, "kepi.yml", "recommendation: 80%, answers: 20%", "recommendation: 80%, told: 20%");
    // What it meant is not worded anew: its figures stay, and are those of what it meant. Its words may be.
    let text = std::fs::read_to_string(project.path().join("kpis.yml")).unwrap();
    assert!(text.contains("count: {of: survey_response}"), "{text}");
    edit(
        &project,
        "kpis.yml",
        "count: {of: survey_response}",
        "count: {of: survey_response, where: score > 5}",
    );
    let (_, refused) = project.fails(3, &["propose", "-m", "as it should have been", "--as", "ann"]);
    assert!(refused.contains("G1125: `kpi/answers` is retired since 2026-02-15"), "{refused}");
    project.write("kpis.yml", &text.replace("name: Answers\n", "name: Answers of old\n"));
    decided(&project, "a name", &["bea", "owner", "carl"]);
    project.write("kpis.yml", &text.replace("name: Answers\n", "name: Answers of old\n"));
    let text = std::fs::read_to_string(project.path().join("kpis.yml")).unwrap();
    let kept: Vec<&str> = text.split("---\n").filter(|of| !of.starts_with("kpi: answers")).collect();
    project.write("kpis.yml", &kept.join("---\n"));
    decided(&project, "its document goes", &["bea", "owner", "carl"]);
    let other = NEW.replace("kpi: told", "kpi: answers").replace("value: id", "value: region");
    project.write("kpis.yml", &format!("{}{other}", kept.join("---\n")));
    let (_, refused) = project.fails(3, &["propose", "-m", "another one", "--as", "ann"]);
    assert!(refused.contains("is the name of a KPI that went"), "{refused}");
}

#[test]
fn in_an_open_project_a_retired_kpi_is_not_worded_anew_unseen() {
    let project = Project::example("tiny");
    edit(
        &project,
        "kpis.yml",
        "kpi: answers\n",
        "kpi: answers\nlife: {sunset: 2026-02-01, retired: 2026-02-15}\n",
    );
    edit(&project, "kepi.yml", "recommendation: 80%, answers: 20%", "recommendation: 100%");
    project.ok(&["run", "--quiet"]);
    let before = asked(&project, &["show", "kpi", "answers"])["kpi"]["history"].clone();
    edit(
        &project,
        "kpis.yml",
        "count: {of: survey_response}",
        "count: {of: survey_response, where: score > 5}",
    );
    let (_, said) = project.fails(1, &["run"]);
    assert!(said.contains("WAITING: `kpi/answers` differs"), "{said}");
    assert_eq!(asked(&project, &["show", "kpi", "answers"])["kpi"]["history"], before);
    let (_, said) = project.fails(3, &["propose", "-m", "as it should have been"]);
    assert!(said.contains("G1125: `kpi/answers` is retired since 2026-02-15"), "{said}");
    // Brought back it is said that it is, and then it is worded as any other.
    edit(
        &project,
        "kpis.yml",
        "count: {of: survey_response, where: score > 5}",
        "count: {of: survey_response}",
    );
    edit(&project, "kpis.yml", "life: {sunset: 2026-02-01, retired: 2026-02-15}\n", "");
    project.ok(&["run", "--quiet"]);
    edit(
        &project,
        "kpis.yml",
        "count: {of: survey_response}",
        "count: {of: survey_response, where: score > 5}",
    );
    project.ok(&["run", "--quiet"]);
}

#[test]
fn what_was_rotated_out_runs_in_shadow_and_its_fall_is_asked_about() {
    let project = Project::example("tiny");
    let month = |month: u32, answers: usize| -> String {
        (1..=answers).map(|n| format!("{month}-{n},2026-{month:02}-{n:02} 10:00,north,10\n")).collect()
    };
    let rows =
        |last: usize| format!("id,answered,region,score\n{}{}{}", month(1, 12), month(2, last), month(3, 1));
    project.write("data/answers.csv", &rows(12));
    let lone = "kpi: answers\nlife: {sunset: 2026-01-01}\n";
    edit(&project, "kpis.yml", "kpi: answers\n", lone);
    edit(&project, "kepi.yml", "recommendation: 80%, answers: 20%", "recommendation: 100%");
    project.write("alerts.yml", "alert: any\nname: Any\non: [red]\npersistence: 1\n");
    project.ok(&["run", "--quiet"]);
    let ending = asked(&project, &["show", "kpi", "answers"])["ending"].clone();
    assert_eq!(ending["state"], "shadow", "{ending}");
    assert!(project.ok(&["show", "kpi", "answers"]).contains("runs in shadow since 2026-01-01"));
    let items = |project: &Project| asked(project, &["inbox", "--open"]).as_array().unwrap().clone();
    assert_eq!(items(&project), Vec::<Value>::new(), "it fell nowhere");

    // Another project, in which it fell in the newest month that is final; whoever answers for it is asked.
    let fallen = |kpi: &str| {
        let project = Project::example("tiny");
        project.write("data/answers.csv", &rows(2));
        edit(&project, "kpis.yml", "kpi: answers\n", kpi);
        edit(&project, "kepi.yml", "recommendation: 80%, answers: 20%", "recommendation: 100%");
        project.write("alerts.yml", "alert: any\nname: Any\non: [red]\npersistence: 1\n");
        project.fails_or_not(&["run", "--quiet"]);
        items(&project)
    };
    let found = fallen(lone);
    let [item] = found.as_slice() else { panic!("{found:?}") };
    assert!(item["why"].as_str().unwrap().contains("Answers"), "{item}");
    assert_eq!(item["work"]["owner"]["person"], "owner");
    // Where another takes its place, that is watched; what is on no scorecard and was never rotated out is nobody's.
    let replaced = "kpi: answers\nlife: {sunset: 2026-01-01}\nsuccessor: recommendation\n";
    assert_eq!(fallen(replaced), Vec::<Value>::new());
    assert_eq!(fallen("kpi: answers\n"), Vec::<Value>::new());
}
