//! `kepi plan`: what would come of definitions, in words, with figures by both.

use serde_json::{Value, json};

use crate::support::Project;

fn plan(project: &Project) -> Value {
    serde_json::from_str(&project.ok(&["plan", "--quiet", "--format", "json"])).unwrap()
}

fn edit(project: &Project, file: &str, from: &str, to: &str) {
    let text = std::fs::read_to_string(project.path().join(file)).unwrap();
    assert!(text.contains(from), "{from}");
    project.write(file, &text.replace(from, to));
}

#[test]
fn a_plan_says_in_which_respects_definitions_differ_and_what_comes_of_it() {
    let project = Project::example("tiny");
    let (_, said) = project.fails(3, &["plan"]);
    assert!(said.contains("nothing is in force yet"), "{said}");
    project.ok(&["run", "--quiet"]);
    assert_eq!(plan(&project)["documents"], json!([]));
    let events = project.ok(&["audit", "log", "--format", "json"]);

    // Each in its own respect; a comment is none that counts.
    edit(&project, "kpis.yml", "name: Answers\n", "name: Answers that came\n");
    edit(
        &project,
        "kpis.yml",
        "threshold: 5, target: 6, stretch: 10",
        "threshold: 5, target: 8, stretch: 10",
    );
    edit(&project, "kepi.yml", "recommendation: 80%, answers: 20%", "recommendation: 60%, answers: 40%");
    edit(&project, "kpis.yml", "as: integer, missing: {\"99\": no answer}", "as: integer");
    edit(&project, "kepi.yml", "name: Your Name", "name: Your Name # me");
    let said = plan(&project);
    let of = |id: &str| said["documents"].as_array().unwrap().iter().find(|d| d["id"] == id).unwrap().clone();
    assert_eq!(of("kpi/answers")["aspects"], json!(["target", "words"]));
    assert_eq!(of("scorecard/customers")["aspects"], json!(["weight"]));
    assert_eq!(of("source/answers")["aspects"], json!(["data"]));
    assert_eq!(of("person/owner")["aspects"], json!(["words"]));
    assert_eq!(said["documents"].as_array().unwrap().len(), 4);
    assert_eq!(
        of("scorecard/customers")["said"],
        json!([
            "weight of customers / customers_recommend_us / answers: 20 % → 40 %",
            "weight of customers / customers_recommend_us / recommendation: 80 % → 60 %",
        ])
    );
    // No KPI means anything else; scores come about otherwise, and each is shown by both.
    assert_eq!(said["kpis"], json!([]));
    assert_eq!(said["scorecards"], json!(["customers"]));
    let scores = &said["scores"][0];
    let counts = &scores["counts"];
    assert_eq!((counts["differ"].as_u64(), counts["same"].as_u64()), (Some(2), Some(0)), "{scores}");
    let january = scores["newest"][0].clone();
    assert_eq!(january["period"], "2026-01");
    assert_ne!(january["before"], january["after"]);

    // What a KPI means, and that of another that nobody touched: an attribute is read otherwise.
    edit(
        &project,
        "kpis.yml",
        "nps: {of: survey_response, answer: score}",
        "nps: {of: survey_response, answer: score, where: region = 'north'}",
    );
    let said = plan(&project);
    assert_eq!(said["kpis"], json!(["recommendation"]));
    // The alert for all of the scorecard goes by it and the one of its own, also one that is to come; that of another KPI does not.
    let pay = |name: &str, kpi: &str| {
        format!(
            "---\nincentive_plan: {name}\nname: Pay\nfrom: 2026-01-01\nweights: {{{kpi}: 50%}}\npeople: [owner]\n"
        )
    };
    let alerts = "alert: any\nname: Any\non: [red]\n---\nalert: own\nname: Own\non: [red]\nkpis: [recommendation]\n---\nalert: other\nname: Other\non: [red]\nkpis: [answers]\n";
    let pay = [pay("of_it", "recommendation"), pay("of_another", "answers")].concat();
    project.write("alerts.yml", &format!("{alerts}{pay}"));
    // Of the other KPI the target differs, which is another pay and the same meaning.
    let said_too = plan(&project);
    assert_eq!(
        said_too["watched_by"],
        json!(["alert/any", "alert/own", "incentive_plan/of_another", "incentive_plan/of_it"])
    );
    let paid = said_too["people"][0]["of"].as_array().unwrap();
    assert!(paid.contains(&json!("has pay that hangs on recommendation by of_it")), "{paid:?}");
    let words = project.ok(&["plan", "--quiet"]);
    assert!(
        words.contains("alerts, playbooks and pay that go by it: alert/any, alert/own, incentive_plan/of_another, incentive_plan/of_it"),
        "{words}"
    );
    std::fs::remove_file(project.path().join("alerts.yml")).unwrap();
    let markdown = project.ok(&["plan", "--quiet", "--markdown"]);
    assert!(markdown.contains("- `kpi/recommendation`: changed (definition)"), "{markdown}");
    assert!(markdown.contains("  - what is measured: "), "{markdown}");
    assert!(markdown.contains("### KPIs by both, from what has landed; nothing is published"), "{markdown}");
    // A plan is a question.
    assert_eq!(project.ok(&["audit", "log", "--format", "json"]), events);
    // What was planned is what comes.
    let planned = said["figures"][0]["newest"].clone();
    project.ok(&["run", "--quiet"]);
    let shown: Value =
        serde_json::from_str(&project.ok(&["show", "kpi", "recommendation", "--format", "json"])).unwrap();
    let history = shown["kpi"]["history"].as_array().unwrap();
    for (planned, now) in planned.as_array().unwrap().iter().zip(history) {
        assert_eq!(planned["period"], now["period"]);
        let point = now["point"].as_f64().unwrap();
        let text = planned["after"]["text"].as_str().unwrap().replace('−', "-");
        assert!((text.parse::<f64>().unwrap() - point).abs() <= 0.5, "{text} and {point}");
    }
    assert_eq!(plan(&project)["documents"], json!([]));
}

#[test]
fn what_is_new_and_says_what_another_says_already_is_said_before_it_is_in_force() {
    let project = Project::example("tiny");
    project.ok(&["run", "--quiet"]);
    let kpis = std::fs::read_to_string(project.path().join("kpis.yml")).unwrap();
    let new = |name: &str, measure: &str| {
        format!(
            "---\nkpi: {name}\nname: New\nbetter: higher\nmeasure: {measure}\nperiod: month\nby: [region]\naccountable: owner\n"
        )
    };
    project.write("kpis.yml", &format!("{kpis}{}", new("told_us", "{count: {of: survey_response}}")));
    let said = plan(&project);
    let vetted = said["vetted"].as_array().unwrap();
    assert_eq!(vetted.len(), 1, "{vetted:?}");
    assert_eq!((&vetted[0]["kpi"], &vetted[0]["analysis"]), (&json!("told_us"), &json!("redundancy")));
    assert!(vetted[0]["said"].as_str().unwrap().contains("Answers"), "{vetted:?}");
    let words = project.ok(&["plan", "--markdown"]);
    assert!(
        words.contains("What figures say of what is new") && words.contains("`told_us` (redundancy)"),
        "{words}"
    );
    // Another one says nothing that is said already.
    let other = new("highest", "{share: {of: survey_response, which: score = 10}}");
    project.write("kpis.yml", &format!("{kpis}{other}"));
    assert!(plan(&project)["vetted"].is_null());
}
