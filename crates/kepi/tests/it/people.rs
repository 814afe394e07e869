//! Who is there and who answers for what; what is handed over stands with the superior until the successor accepts it.

use serde_json::{Value, json};

use crate::support::Project;

const PEOPLE: &str = "person: ann\nname: Ann\n---\nperson: bea\nname: Bea\nreports_to: ann\n---\nperson: carl\nname: Carl\nreports_to: [{to: bea, until: 2999-01-01}, {to: ann, from: 2999-01-01}]\n\
                      ---\nperson: dan\nname: Dan\naway: [{from: 2020-01-01, until: 2099-01-01}]\n---\ngovernance: company\nmode: \
                      reviewed\nowners: [ann, bea]\n";

fn governed() -> Project {
    let project = Project::example("tiny");
    project.write("people.yml", PEOPLE);
    project.ok(&["run", "--quiet"]);
    project
}

fn edit(project: &Project, file: &str, from: &str, to: &str) {
    let text = std::fs::read_to_string(project.path().join(file)).unwrap();
    assert!(text.contains(from), "{from}");
    project.write(file, &text.replace(from, to));
}

fn asked(project: &Project, arguments: &[&str]) -> Value {
    let all: Vec<&str> = arguments.iter().copied().chain(["--format", "json", "--quiet"]).collect();
    serde_json::from_str(&project.ok(&all)).unwrap()
}

fn gaps(project: &Project) -> Vec<(String, String)> {
    let (said, _) = project.fails_or_not(&["people", "--gaps", "--format", "json"]);
    let all: Value = serde_json::from_str(&said).unwrap();
    let text = |of: &Value| of.as_str().unwrap().to_owned();
    all["gaps"].as_array().unwrap().iter().map(|gap| (text(&gap["code"]), text(&gap["of"]))).collect()
}

fn has(project: &Project, code: &str, of: &str) -> bool {
    gaps(project).contains(&(code.to_owned(), of.to_owned()))
}

#[test]
fn what_somebody_answered_for_is_handed_over_and_stands_with_her_superior_until_it_is_accepted() {
    let project = governed();
    let of = asked(&project, &["people"]);
    let person =
        |id: &str| of["persons"].as_array().unwrap().iter().find(|of| of["id"] == id).unwrap().clone();
    assert_eq!(person("carl")["reports_to"]["id"], "bea");
    // A line has days of its own.
    let then = asked(&project, &["people", "--day", "2999-01-01"]);
    let carl = then["persons"].as_array().unwrap().iter().find(|of| of["id"] == "carl").unwrap();
    assert_eq!(carl["reports_to"]["id"], "ann");
    assert_eq!(person("dan")["away_until"], "2099-01-01");
    assert_eq!(person("owner")["accountable"].as_array().unwrap().len(), 2);
    assert!(has(&project, "no_responsible", "kpi/recommendation"));
    assert!(!has(&project, "not_accepted", "kpi/recommendation"));

    // Both answer for it agree, and so it comes into force; then carl is asked to accept it.
    edit(
        &project,
        "kpis.yml",
        "basis: {expectation: \"A first guess, to be replaced by history\"}}\naccountable: owner",
        "basis: {expectation: \"A first guess, to be replaced by history\"}}\naccountable: carl",
    );
    project.ok(&["propose", "-m", "carl knows the survey", "--as", "ann"]);
    project.ok(&["approve", "1", "--as", "owner"]);
    project.ok(&["approve", "1", "--as", "carl"]);
    assert_eq!(asked(&project, &["item", "1"])["state"], "done");
    let handed = asked(&project, &["item", "2"]);
    assert_eq!((&handed["kind"], &handed["state"]), (&json!("handover"), &json!("acceptance")));
    assert_eq!(handed["work"]["owner"]["person"], "carl");
    let said = project.ok(&["item", "2"]);
    assert!(said.contains("kpi/recommendation: target 40") && said.contains("A first guess"), "{said}");
    assert!(has(&project, "not_accepted", "kpi/recommendation"));
    assert_eq!(project.kepi(&["people", "--gaps", "--quiet"]).status.code(), Some(1));

    // Nobody signs it for him; refused, it is his superior's, who gives it back.
    let (_, refused) = project.fails(3, &["item", "2", "finish", "--outcome", "accepted", "--as", "bea"]);
    assert!(refused.contains("only whose it is to be accepts it"), "{refused}");
    let (_, empty) = project.fails(3, &["item", "2", "refuse", "-m", "  ", "--as", "carl"]);
    assert!(empty.contains("the reason is empty"), "{empty}");
    project.ok(&["item", "2", "refuse", "-m", "not before June", "--as", "carl"]);
    assert_eq!(asked(&project, &["item", "2"])["work"]["owner"]["person"], "bea");
    project.ok(&["item", "2", "assign", "--to", "carl", "--as", "bea"]);
    project.ok(&["item", "2", "finish", "--outcome", "accepted", "--as", "carl"]);
    assert_eq!(asked(&project, &["item", "2"])["state"], "done");
    assert!(!has(&project, "not_accepted", "kpi/recommendation"));

    // As it stood before anything was in force there was nothing to be asked.
    let (_, early) = project.fails(3, &["people", "--day", "2001-01-01"]);
    assert!(early.contains("nothing was in force yet on 2001-01-01"), "{early}");

    // Whoever uses a KPI that goes is told once.
    let text = std::fs::read_to_string(project.path().join("kpis.yml")).unwrap();
    let kept: Vec<&str> = text.split("---\n").filter(|of| !of.starts_with("kpi: answers")).collect();
    project.write("kpis.yml", &kept.join("---\n"));
    edit(&project, "kepi.yml", "recommendation: 80%, answers: 20%", "recommendation: 100%");
    project.ok(&["propose", "-m", "nobody looks at it", "--as", "ann"]);
    for by in ["bea", "owner", "carl"] {
        project.kepi(&["approve", "3", "--as", by]);
    }
    assert_eq!(asked(&project, &["item", "3"])["state"], "done");
    let notice = asked(&project, &["item", "4"]);
    assert_eq!((&notice["kind"], &notice["work"]["owner"]["person"]), (&json!("notice"), &json!("carl")));
    let all = asked(&project, &["inbox", "--all"]);
    let told = all.as_array().unwrap().iter().filter(|of| of["work"]["owner"]["person"] == "carl");
    let told: Vec<_> = told.filter(|of| of["kind"].as_str().unwrap().contains("notice")).collect();
    assert_eq!(told.len(), 1, "and not again of the scorecard that goes on without it: {told:?}");
    project.ok(&["item", "4", "finish", "--outcome", "read", "--as", "carl"]);

    // Who is to act for somebody is told so, with the days and the KPIs that it is about; who said or decided it is not.
    edit(
        &project,
        "people.yml",
        "name: Carl\n",
        "name: Carl\nsubstitute: owner\naway: [{from: 2998-01-01, until: 2998-02-01}]\n",
    );
    let before = asked(&project, &["inbox", "--all"]).as_array().unwrap().len();
    project.ok(&["propose", "-m", "carl is away", "--as", "ann"]);
    for by in ["bea", "carl"] {
        project.kepi(&["approve", &(before + 1).to_string(), "--as", by]);
    }
    let all = asked(&project, &["inbox", "--all"]);
    let told = |who: &str| {
        let of = |item: &&Value| item["kind"] == "change_notice" && item["work"]["owner"]["person"] == who;
        let newest =
            all.as_array().unwrap().iter().filter(of).map(|item| item["item"].as_u64().unwrap()).max();
        newest.filter(|number| *number > before as u64 + 1)
    };
    assert_eq!((told("ann"), told("bea")), (None, None), "{all}");
    let notice = told("owner").unwrap_or_else(|| panic!("{all}")).to_string();
    let said = project.ok(&["item", &notice]);
    for text in ["kpi/recommendation", "nobody → owner", "away: never → from 2998-01-01 until 2998-02-01"]
    {
        assert!(said.contains(text), "{text}: {said}");
    }
    project.ok(&["item", &notice, "finish", "--outcome", "read", "--as", "owner"]);
    project.ok(&["audit", "rebuild", "--quiet"]);
    project.ok(&["audit", "verify", "--quiet"]);
}

#[test]
fn a_role_answers_through_its_seats_and_one_that_nobody_holds_is_a_gap() {
    let project = Project::example("tiny");
    let people = "role: lead\nname: Head of service\n---\nperson: ann\nname: Ann\n---\nperson: bea\nname: Bea\nreports_to: ann\n";
    project.write("people.yml", people);
    let basis = "basis: {expectation: \"A first guess, to be replaced by history\"}}\naccountable: ";
    edit(&project, "kpis.yml", &format!("{basis}owner"), &format!("{basis}lead"));
    let (_, said) = project.fails_or_not(&["run", "--quiet"]);
    let checked = project.fails_or_not(&["check"]).0;
    assert!(
        checked.contains("nobody holds the role `lead`, which answers for `answers` and one other KPI"),
        "{checked}{said}"
    );
    assert!(has(&project, "vacant", "kpi/recommendation"));
    let shown = project.ok(&["show", "kpi", "recommendation"]);
    assert!(shown.contains("accountable nobody"), "{shown}");
    // From a day on another holds it.
    let seated = "unit: company\nname: The company\nseats: {lead: ann}\n---\nunit: company\nfrom: 2999-01-01\nname: The company\nseats: {lead: bea}\n";
    edit(&project, "kepi.yml", "unit: company\nname: The company\n", seated);
    project.ok(&["run", "--quiet"]);
    assert!(!has(&project, "vacant", "kpi/recommendation"));
    for (day, who) in [(&[][..], "ann"), (&["--day", "2999-01-01"], "bea")] {
        let of = asked(&project, &[&["people", "--duties"], day].concat());
        let duties = of["duties"].as_array().unwrap();
        let duty = duties.iter().find(|of| of["of"] == "kpi/recommendation").unwrap();
        assert_eq!(
            (&duty["accountable"]["id"], &duty["role"]["id"]),
            (&json!(who), &json!("lead")),
            "{duty}"
        );
    }
    assert!(project.ok(&["show", "kpi", "recommendation"]).contains("accountable Ann"));
}
