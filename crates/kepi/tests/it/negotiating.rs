//! A target, a threshold and an owner are negotiated: offers, objections, counter-offers, until all parties have signed one content; how
//! it came about is read afterwards.

use serde_json::{Value, json};

use crate::support::Project;

const GOVERNANCE: &str = "person: ann\nname: Ann\n---\nperson: bea\nname: Bea\n---\nperson: carl\nname: Carl\n---\ngovernance: \
                          company\nmode: reviewed\nowners: [ann, bea]\n";

fn item(project: &Project, number: &str) -> Value {
    serde_json::from_str(&project.ok(&["item", number, "--format", "json"])).unwrap()
}

#[test]
fn a_scripted_negotiation_ends_with_an_accepted_target_whose_history_is_complete() {
    let project = Project::example("tiny");
    project.write("governance.yml", GOVERNANCE);
    project.ok(&["run", "--quiet"]);
    let set = |item: Option<&str>, values: &[&str], why: &str, who: &str| {
        let mut asked = vec!["propose", "--of", "kpi/recommendation", "-m", why, "--as", who];
        asked.extend(values.iter().flat_map(|value| ["--set", *value]));
        asked.extend(item.into_iter().flat_map(|item| ["--item", item]));
        project.ok(&asked)
    };
    // What can be negotiated is said where something else is asked for.
    let (_, said) = project.fails(
        3,
        &["propose", "--of", "kpi/recommendation", "--set", "targets/0/goal=3", "-m", "?", "--as", "ann"],
    );
    assert!(said.contains("  targets/0/target\n") && said.contains("  accountable"), "{said}");
    let said = set(None, &["targets/0/target=30"], "forty was out of reach", "ann");
    assert!(said.contains("item 1: change_request (target), review"), "{said}");
    assert_eq!(item(&project, "1")["missing"], json!([{"what": "all", "of": ["owner"]}]));
    // The file is as it was: it follows with `kepi pull`.
    let (_, said) = project.fails(3, &["item", "1", "object", "-m", "mine", "--as", "ann"]);
    assert!(said.contains("G0801"), "{said}");
    let (_, said) = project.fails(3, &["item", "1", "object", "-m", "me too", "--as", "carl"]);
    assert!(said.contains("G0803"), "{said}");
    project.ok(&["item", "1", "comment", "-m", "last year it was 38", "--as", "carl"]);
    let said = project.ok(&["item", "1", "object", "-m", "thirty is given away", "--as", "owner"]);
    assert!(said.contains("2. owner OBJECTS: thirty is given away"), "{said}");
    assert!(said.contains("waits for an answer to the objection of owner"), "{said}");
    // The counter-offer is the objection's own answer, and is signed by whoever writes it.
    let said = set(
        Some("1"),
        &["targets/0/target=36", "targets/0/threshold=30"],
        "thirty-six with a floor to it",
        "owner",
    );
    assert!(
        said.contains("2. owner objected, which is resolved: thirty is given away")
            || said.contains("round 2"),
        "{said}"
    );
    let missing = item(&project, "1")["missing"].clone();
    assert_eq!(missing, json!([{"what": "all", "of": ["ann"]}]));
    // Ann objects in turn; owner cannot overrule that, and she takes it back with how it was resolved.
    project.ok(&["item", "1", "object", "-m", "not before July", "--as", "ann"]);
    let (_, said) = project.fails(3, &["item", "1", "resolve", "3", "-m", "no", "--as", "owner"]);
    assert!(said.contains("G0801"), "{said}");
    project.ok(&["item", "1", "resolve", "3", "-m", "reviewed in July, as owner promised", "--as", "ann"]);
    assert_eq!(item(&project, "1")["state"], "review", "she has not signed yet");
    project.ok(&["approve", "1", "-m", "agreed", "--as", "ann"]);

    let done = item(&project, "1");
    assert_eq!((&done["state"], &done["missing"]), (&json!("done"), &json!([])));
    let rounds: Vec<(&str, &str, String)> = done["rounds"]
        .as_array()
        .unwrap()
        .iter()
        .map(|of| (of["by"].as_str().unwrap(), of["why"].as_str().unwrap(), of["said"].to_string()))
        .collect();
    assert_eq!((rounds[0].0, rounds[0].1), ("ann", "forty was out of reach"));
    assert_eq!((rounds[1].0, rounds[1].1), ("owner", "thirty-six with a floor to it"));
    assert!(rounds[0].2.contains("40") && rounds[0].2.contains("30"), "{rounds:?}");
    assert!(rounds[1].2.contains("36"), "{rounds:?}");
    let remarks: Vec<(&str, &str, &str)> = done["remarks"]
        .as_array()
        .unwrap()
        .iter()
        .map(|of| (of["by"].as_str().unwrap(), of["says"].as_str().unwrap(), of["text"].as_str().unwrap()))
        .collect();
    assert_eq!(
        remarks,
        [
            ("carl", "comment", "last year it was 38"),
            ("owner", "objection", "thirty is given away"),
            ("ann", "objection", "not before July"),
            ("ann", "resolution", "reviewed in July, as owner promised"),
        ]
    );
    let held = project.ok(&["register", "kpi/recommendation"]);
    assert!(held.contains("target: 36") && held.contains("threshold: 30"), "{held}");
    // Nobody's words stand in the log, which holds all of it.
    let log = project.ok(&["audit", "log", "--about", "item/1"]);
    assert!(log.contains("objection, with content") && log.contains("resolution of remark 3"), "{log}");
    assert!(!log.contains("July"), "{log}");
    project.ok(&["audit", "rebuild", "--quiet"]);
    project.ok(&["audit", "verify", "--quiet"]);
}

#[test]
fn ownership_is_offered_and_is_somebody_elses_once_both_have_signed() {
    let project = Project::example("tiny");
    project.write("governance.yml", GOVERNANCE);
    project.ok(&["run", "--quiet"]);
    project.ok(&[
        "propose",
        "--of",
        "kpi/recommendation",
        "--set",
        "accountable=carl",
        "-m",
        "it is his team",
        "--as",
        "ann",
    ]);
    assert_eq!(item(&project, "1")["missing"], json!([{"what": "all", "of": ["carl", "owner"]}]));
    project.ok(&["approve", "1", "--as", "owner"]);
    // Carl declines with a reason, and offers bea's name instead; that is bea's and owner's to sign.
    project.ok(&["item", "1", "object", "-m", "I have no team for it", "--as", "carl"]);
    project.ok(&[
        "propose",
        "--item",
        "1",
        "--of",
        "kpi/recommendation",
        "--set",
        "accountable=bea",
        "-m",
        "bea has",
        "--as",
        "carl",
    ]);
    let missing = item(&project, "1")["missing"].clone();
    assert_eq!(missing, json!([{"what": "all", "of": ["ann", "bea", "owner"]}]));
    for person in ["ann", "bea", "owner"] {
        project.ok(&["approve", "1", "--as", person]);
    }
    assert_eq!(item(&project, "1")["state"], "done");
    assert!(project.ok(&["register", "kpi/recommendation"]).contains("accountable: bea"));
}
