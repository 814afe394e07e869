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
    // By channel: 11,200 + 4,300, 5,600 + 8,100, and 4,200 + 4,100. Who came by partners was not tried in this quarter; of those who came by the web
    // fewer went on than before, of the others all did.
    let by = &of["by"][0];
    assert_eq!((&by["name"], &by["spent"]), (&json!("came by"), &json!(37500.0)));
    let said = |name: &str, spent, verdict: &str| (name.to_owned(), spent, verdict.to_owned());
    assert_eq!(
        channels(&of),
        [
            said("partner", 15500.0, "unknown"),
            said("web", 13700.0, "no_better"),
            said("event", 8300.0, "reached")
        ]
    );
    let first = by["reallocation"][0].as_str().unwrap().replace('\u{202f}', " ");
    assert_eq!(first, "€13 700 (36.5 %) short of a target and no better than before the plan began: web");
    // Half a year before, the forecast was not known, nor what was spent since.
    let earlier = plan(&project, "2025-Q1");
    assert_eq!(line(&earlier, "start_well")["planned"], json!([30000.0]));
    assert_eq!(line(&earlier, "start_well")["spent"], json!(9800.0));
    let event = channels(&earlier).into_iter().find(|of| of.0 == "event").unwrap();
    assert!((event.1 - 4200.0).abs() < 1e-9, "what was spent in November was not: {}", event.1);
    // Nor is there a plan of the year before.
    assert_eq!(plan(&project, "2024-Q4"), Value::Null);
    let text = project.ok(&["show", "scorecard", "--period", "2025-Q4"]);
    assert!(text.contains("MISALIGNED "), "{text}");
    assert!(text.contains("Spending and what came of it, by: came by"), "{text}");
}

const GOVERNANCE: &str = "person: ann\nname: Ann\n---\nperson: bea\nname: Bea\n---\ngovernance: company\nmode: reviewed\nowners: [ann, bea]\n";
const UNITS: &str = "unit: north\nname: North\nlevel: region\nparent: company\nmanager: bea\n---\nunit: south\nname: South\nlevel: region\nparent: company\nmanager: ann\n---\n\
    operating_plan: of_north\nname: North\nunit: north\nfrom: 2026-01-01\nuntil: 2027-01-01\nversions: {budget: {since: 2025-12-10, amounts: {customers_recommend_us: 600 EUR}}}\n---\n\
    initiative: calls\nname: Call back\nowner: ann\nobjective: customers_recommend_us\nbegins: 2026-01-01\neffects: {recommendation: {expect: 3, by: 2026-12-31}}\n\
    budget: 500 EUR\nspent: [{on: 2025-12-31, amount: 10 EUR}, {on: 2026-01-15, amount: 420 EUR}]\n";
const PLAN: &str = "operating_plan: year_2026\nname: Year 2026\nfrom: 2026-01-01\nuntil: 2027-01-01\nversions:\n  \
    budget: {since: 2025-12-01, amounts: {customers_recommend_us: 1000 EUR}, initiatives: {calls: 400 EUR}}\n";

#[test]
fn a_target_goes_out_of_date_with_its_plan_until_it_is_agreed_on_anew() {
    let project = Project::example("tiny");
    let kpis = std::fs::read_to_string(project.path().join("kpis.yml")).unwrap();
    let basis = "basis: {expectation: \"A first guess, to be replaced by history\"}";
    project.write(
        "kpis.yml",
        &kpis.replacen(basis, &format!("{basis}, plan: {{of: year_2026, version: budget}}"), 1),
    );
    project.write("governance.yml", GOVERNANCE);
    project.write("units.yml", UNITS);
    project.write("plan.yml", PLAN);
    project.ok(&["run", "--quiet"]);
    let kinds = |of: &Value| -> Vec<String> {
        let all = of["misaligned"].as_array().unwrap();
        all.iter().map(|of| of["kind"].as_str().unwrap().to_owned()).collect()
    };
    let before = plan(&project, "2026-01");
    // Of the whole 1,000 are planned, by north 600, and nobody knows of south.
    assert_eq!((&before["lines"][0]["of_units"], &before["without"]), (&json!(600.0), &json!(["South"])));
    // 420 of 400; what was spent the year before belongs to another plan.
    let calls = &before["lines"][0]["initiatives"][0];
    assert_eq!(
        (&calls["planned"], &calls["spent"], &calls["budget"]),
        (&json!(400.0), &json!(420.0), &json!(500.0))
    );
    assert_eq!(kinds(&before), ["beyond_plan", "units_differ"]);
    // What the plan leaves behind is said before it does, to whoever answers for it.
    let forecast = "  forecast: {since: 2026-01-10, amounts: {customers_recommend_us: 600 EUR}}\n";
    project.write("plan.yml", &format!("{PLAN}{forecast}"));
    let (out, _) = project.fails_or_not(&["check"]);
    assert!(out.contains("K0837"), "{out}");
    let said = project.ok(&["plan", "--quiet"]);
    let line = "the target of recommendation from 2026-01-01 is out of date from 2026-01-10 on: forecast is the plan";
    assert!(
        said.contains(line) && said.contains("has a target of recommendation that was planned with it"),
        "{said}"
    );
    project.ok(&["propose", "-m", "less money", "--as", "ann", "--quiet"]);
    project.ok(&["approve", "1", "--as", "bea"]);
    project.ok(&["run", "--quiet"]);
    let after = plan(&project, "2026-01");
    assert_eq!(kinds(&after), ["old_target"], "the units agree now, and the initiative is no more in it");
    let matrix: Value = serde_json::from_str(&project.ok(&["matrix", "--format", "json"])).unwrap();
    let gaps = matrix["gaps"].as_array().unwrap();
    let old = gaps.iter().filter(|of| of["gap"] == "old_target").count();
    assert_eq!(old, 1, "{gaps:?}");
    let kpi: Value =
        serde_json::from_str(&project.ok(&["show", "kpi", "recommendation", "--format", "json"])).unwrap();
    let with = &kpi["targets"][0]["plan"];
    assert_eq!(
        *with,
        json!({"id": "year_2026", "version": "budget", "out_of_date_from": "2026-01-10", "by": "forecast"})
    );
    // It stays as it is, and all who answer for it sign that: it is a change of a target like any other.
    let set = [
        "propose",
        "--of",
        "kpi/recommendation",
        "--set",
        "targets/0/plan/version=forecast",
        "-m",
        "still right",
    ];
    let said = project.ok(&[&set[..], &["--as", "ann"]].concat());
    assert!(said.contains("change_request (target)"), "{said}");
    project.ok(&["approve", "2", "--as", "owner"]);
    project.ok(&["pull", "--quiet"]);
    project.ok(&["run", "--quiet"]);
    assert_eq!(kinds(&plan(&project, "2026-01")), Vec::<String>::new());
}

/// Members of the channel with what was spent there, and what came of it.
fn channels(plan: &Value) -> Vec<(String, f64, String)> {
    let members = plan["by"][0]["members"].as_array().unwrap();
    let one = |of: &Value| {
        let text = |key: &str| of[key].as_str().unwrap().to_owned();
        (text("name"), of["spent"].as_f64().unwrap(), text("verdict"))
    };
    members.iter().map(one).collect()
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

const BUDGET: &str = "source: planning\ninto: budget_line\nfrom: {csv: {files: data/budget.csv}}\nmode: upsert\nmap:\n  \
    id: {column: id, as: text, required: true}\n  plan: {column: plan, as: text}\n  version: {column: version, as: text}\n  \
    objective: {column: objective, as: text}\n  unit: {column: unit, as: text}\n  period: {column: period, as: date, required: true}\n  \
    amount: {column: amount, as: \"number, 6 decimals\"}\n  currency: {column: currency, as: text}\n";
const LINES: &str = "id,plan,version,objective,unit,period,amount,currency\n\
    1,year_2026,budget,customers_recommend_us,,2026-01-01,600.25,EUR\n\
    2,year_2026,budget,customers_recommend_us,,2026-07-01,300.50,EUR\n\
    3,year_2026,budget,costs,,2026-01-01,50,EUR\n\
    4,year_2026,budget,customers_recommend_us,,2026-01-01,80,USD\n\
    5,year_2026,budget,customers_recommend_us,,2025-12-01,20,EUR\n\
    6,year_2026,v3,customers_recommend_us,,2026-01-01,700,EUR\n\
    7,year_2026,v3,customers_recommend_us,,2026-07-01,650.10,EUR\n\
    8,year_2027,v1,customers_recommend_us,,2027-01-01,9,EUR\n\
    9,year_2026,budget,customers_recommend_us,north,2026-02-01,30,EUR\n";

/// Worked out by hand: 600.25 + 300.50 = 900.75 of 1000; 700 + 650.10 = 1350.10.
#[test]
fn what_landed_of_a_budget_is_held_against_the_plan_until_a_decision_takes_it() {
    let project = Project::example("tiny");
    let plan_of = "operating_plan: year_2026\nname: Year 2026\nfrom: 2026-01-01\nuntil: 2027-01-01\nversions:\n  \
        budget: {since: 2025-12-01, amounts: {customers_recommend_us: 1000 EUR}} # agreed in November\n";
    project.write("plan.yml", plan_of);
    project.write("budget.yml", BUDGET);
    project.write("data/budget.csv", LINES);
    project.ok(&["run", "--quiet"]);
    let list = || -> Vec<Value> {
        let said = project.ok(&["budget", "list", "--format", "json"]);
        serde_json::from_str::<Value>(&said).unwrap().as_array().unwrap().clone()
    };
    let texts = |of: &Value| -> Vec<(String, String)> {
        let text = |of: &Value, key: &str| of[key].as_str().unwrap().to_owned();
        of["findings"].as_array().unwrap().iter().map(|of| (text(of, "kind"), text(of, "text"))).collect()
    };
    let of = list();
    let said = |kind: &str, text: &str| (kind.to_owned(), text.to_owned());
    assert_eq!(
        texts(&of[0]),
        [
            said(
                "no_objective",
                "budget: 1 line, 50 EUR for `costs`, which is no objective of the strategy; no sum has them (data/budget.csv row 3)"
            ),
            said(
                "other_currency",
                "budget: 1 line, 80 USD in USD, and the plan is in EUR; no sum has them (data/budget.csv row 4)"
            ),
            said(
                "other_days",
                "budget: 1 line, 20 EUR of no day of the plan, which is from 2026-01-01 until 2027-01-01; no sum has them (data/budget.csv row 5)"
            ),
            said(
                "other_unit",
                "budget: 1 line, 30 EUR of the unit `north`, and the plan is that of the whole; no sum has them (data/budget.csv row 9)"
            ),
            said(
                "differs",
                "budget: `customers_recommend_us`: 900.75 EUR landed, the plan says 1000 EUR (data/budget.csv row 1, data/budget.csv row 2)"
            ),
            said("total", "budget: 900.75 EUR landed in all, the plan says 1000 EUR"),
            said(
                "not_taken",
                "v3: 1350.10 EUR landed; the plan holds budget (1000 EUR) until a decision takes it: `kepi budget take year_2026 v3 --since DATE`"
            ),
        ]
    );
    assert_eq!(of[0]["versions"][1]["landed"], json!(1350.1));
    assert_eq!(
        texts(&of[1])[0].1,
        "1 line, 9 EUR: there is no operating plan `year_2027` (data/budget.csv row 8)"
    );
    let (_, _) = project.fails(1, &["budget", "list", "--differences"]);
    // Wherever money is shown: on the scorecard and in the matrix. The plan is what it was.
    let shown = plan(&project, "2026-01");
    assert_eq!(shown["lines"][0]["planned"], json!([1000.0]));
    let differs = |of: &Value| {
        let all = of.as_array().unwrap().iter();
        all.filter(|of| of["kind"] == "budget_differs" || of["gap"] == "budget_differs").count()
    };
    let matrix: Value = serde_json::from_str(&project.ok(&["matrix", "--format", "json"])).unwrap();
    assert_eq!((differs(&shown["misaligned"]), differs(&matrix["gaps"])), (7, 8));
    // What does not fit is not taken without its lines; a version that is in force is not written over.
    let (_, said) = project.fails(3, &["budget", "take", "year_2026", "budget"]);
    assert!(said.contains("has a version `budget`"), "{said}");
    project.ok(&["budget", "take", "year_2026", "v3", "--since", "2026-01-10", "--quiet"]);
    let text = std::fs::read_to_string(project.path().join("plan.yml")).unwrap();
    assert_eq!(
        text,
        format!("{plan_of}  v3: {{since: 2026-01-10, amounts: {{customers_recommend_us: 1350.10 EUR}}}}\n")
    );
    let said = project.ok(&["plan", "--quiet"]);
    assert!(said.contains("What landed of budgets") && !said.contains("v3: 1350.10 EUR landed;"), "{said}");
    project.ok(&["run", "--quiet"]);
    let of = list();
    assert!(of[0]["held"] == "v3" && texts(&of[0]).iter().all(|(_, text)| !text.starts_with("v3")), "{of:?}");
    assert_eq!(plan(&project, "2026-01")["lines"][0]["planned"], json!([1000.0, 1350.1]));
}
