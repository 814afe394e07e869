//! Money beside what it came to, in the demo: what is misaligned is said, and who agreed to a plan is read from the log.

use serde_json::{Value, json};

use crate::support::Project;

fn plan(project: &Project, period: &str) -> Value {
    let said = project.ok(&["show", "scorecard", "--period", period, "--format", "json"]);
    serde_json::from_str::<Value>(&said).unwrap()["plan"].clone()
}

fn line<'a>(plan: &'a Value, objective: &str) -> &'a Value {
    plan["lines"].as_array().unwrap().iter().find(|of| of["objective"] == objective).unwrap()
}

#[test]
fn misaligned_spending_in_the_demo_is_reported() {
    let project = Project::example("subscription");
    project.fails_or_not(&["run", "--quiet"]);
    let of = plan(&project, "2025-Q4");
    // 9,800 + 11,200 + 12,400 + 4,100, of 88,900 in all; it weighs half of a perspective of 25 %.
    let start = line(&of, "start_well");
    assert_eq!((&start["planned"], &start["spent"]), (&json!([30000.0, 36000.0]), &json!(37500.0)));
    assert_eq!(start["weight"], json!(0.125));
    let text = of["misaligned"][0]["text"].as_str().unwrap().replace('\u{202f}', " ");
    assert_eq!(
        text,
        "Customers start well: 42.2 % of the money spent; it has 12.5 % of the weight, and its score is 75.5, 83.8 before the plan began"
    );
    let misaligned: Vec<(&str, &str)> = of["misaligned"]
        .as_array()
        .unwrap()
        .iter()
        .map(|of| (of["kind"].as_str().unwrap(), of["objective"].as_str().unwrap()))
        .collect();
    assert_eq!(
        misaligned,
        [("not_reached", "start_well"), ("beyond_plan", "start_well"), ("no_money", "used_daily")]
    );
    // Half a year before, the forecast was not known, nor what was spent since.
    let earlier = plan(&project, "2025-Q1");
    assert_eq!(line(&earlier, "start_well")["planned"], json!([30000.0]));
    assert_eq!(line(&earlier, "start_well")["spent"], json!(9800.0));
    // Nor is there a plan of the year before.
    assert_eq!(plan(&project, "2024-Q4"), Value::Null);
    let text = project.ok(&["show", "scorecard", "--period", "2025-Q4"]);
    assert!(text.contains("MISALIGNED "), "{text}");
}

#[test]
fn who_agreed_to_a_plan_is_read_from_the_log() {
    let project = Project::example("subscription");
    let governance = "governance: company\nmode: reviewed\nowners: [head_of_customers, desk_lead]\n";
    let kept = std::fs::read_to_string(project.path().join("plan.yml")).unwrap();
    project.write("governance.yml", governance);
    project.write("plan.yml", "");
    project.fails_or_not(&["run", "--quiet"]);
    let agree = "    agree: {who: [product_lead, desk_lead], by: 2999-01-01}\n";
    let with = kept.replacen("    since: 2024-12-10\n", &format!("    since: 2024-12-10\n{agree}"), 1);
    project.write("plan.yml", &with);
    project.ok(&["propose", "-m", "the budget", "--as", "product_lead", "--quiet"]);
    project.ok(&["approve", "1", "--as", "head_of_customers"]);
    project.fails_or_not(&["run", "--quiet"]);
    let states = |of: &Value| -> Vec<Value> {
        of["versions"][0]["agree"].as_array().unwrap().iter().map(|of| of["state"].clone()).collect()
    };
    assert_eq!(states(&plan(&project, "2025-Q4")), [json!("in_time"), json!("awaited")]);
    // Another amount is another budget, to which she has not agreed, though she wrote the first one.
    project.write("plan.yml", &with.replacen("revenue_lasts: 6000 EUR", "revenue_lasts: 6001 EUR", 1));
    project.ok(&["propose", "-m", "one more", "--as", "head_of_customers", "--quiet"]);
    project.ok(&["approve", "2", "--as", "desk_lead"]);
    project.fails_or_not(&["run", "--quiet"]);
    assert_eq!(states(&plan(&project, "2025-Q4")), [json!("awaited"), json!("in_time")]);
}
