//! A list of personnel becomes persons, again and again; what it does not say stays.

use serde_json::{Value, json};

use crate::support::Project;

fn imported(project: &Project, file: &str) -> Value {
    let all = ["people", "--import", file, "--format", "json", "--quiet"];
    serde_json::from_str(&project.ok(&all)).unwrap()
}

fn person(project: &Project, id: &str) -> Value {
    let of: Value = serde_json::from_str(&project.ok(&["people", "--format", "json"])).unwrap();
    of["persons"].as_array().unwrap().iter().find(|of| of["id"] == id).cloned().unwrap_or_default()
}

#[test]
fn a_list_of_personnel_becomes_persons_with_lines_and_who_left_is_gone() {
    let project = Project::example("tiny");
    let list = project.path().join("hr.csv");
    let path = list.to_str().unwrap();
    let rows = "Employee ID,Full name,Title,Email,Manager,Dotted line,Leaves\n17,\"Smith, Anna\",Head of service,anna.smith@example.org,,,\n18,Bea \
                \"\"B\"\" Cole,Desk,bea@example.org,anna.smith@example.org,,2999-01-01\n19,Carl Dunn,Desk,carl@example.org,\"Smith, Anna\",bea@example.org,\n20,Dan \
                Eve,Desk,dan@example.org,anna.smith@example.org,,2020-01-31\n";
    std::fs::write(&list, rows).unwrap();
    let of = imported(&project, path);
    assert_eq!(
        (&of["new"], &of["gone"], &of["remarks"]),
        (&json!(["anna_smith", "bea", "carl"]), &json!([]), &json!([]))
    );
    project.ok(&["check", "--quiet"]);
    project.ok(&["run", "--quiet"]);
    assert_eq!(person(&project, "carl")["reports_to"]["id"], "anna_smith");
    assert_eq!(person(&project, "carl")["dotted_to"]["id"], "bea");
    assert_eq!(person(&project, "anna_smith")["name"], "Smith, Anna");
    assert_eq!(person(&project, "dan"), Value::Null, "who left is not there");

    // What the list does not say stays; what it says otherwise changes; who is not on it any more goes.
    let file = project.path().join("people/personnel.yml");
    let text = std::fs::read_to_string(&file).unwrap();
    let away = "person: carl\nsubstitute: bea\naway:\n  - {from: 2026-07-06, until: 2026-07-27}\n";
    std::fs::write(&file, text.replace("person: carl\n", away)).unwrap();
    std::fs::write(
        &list,
        rows.replace("Carl Dunn,Desk", "Carl Dunn,Lead")
            .lines()
            .filter(|row| !row.starts_with("18,"))
            .collect::<Vec<_>>()
            .join("\n"),
    )
    .unwrap();
    let of = imported(&project, path);
    assert_eq!((&of["new"], &of["changed"], &of["gone"]), (&json!([]), &json!(["carl"]), &json!(["bea"])));
    assert!(
        of["remarks"][0]
            .as_str()
            .unwrap()
            .contains("`carl` has the line `dotted_to` to `bea@example.org`, who is not in the list")
    );
    let text = std::fs::read_to_string(&file).unwrap();
    assert!(
        text.contains("role: Lead\n") && text.contains("  - {from: 2026-07-06, until: 2026-07-27}\n"),
        "{text}"
    );
    let again = imported(&project, path);
    assert_eq!(
        (&again["changed"], &again["gone"]),
        (&json!([]), &json!([])),
        "the same list changes nothing"
    );

    // The same as SCIM has it; nobody is in two places, and no list is written elsewhere.
    let scim = json!({"Resources": [
        {"id": "a1", "userName": "anna.smith@example.org", "displayName": "Anna: Smith", "title": "Head", "active": true},
        {"id": "b2", "userName": "carl@example.org", "name": {"givenName": "Carl", "familyName": "Dunn"}, "active": true,
         "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User": {"manager": {"value": "a1"}}},
        {"id": "c3", "userName": "owner", "displayName": "Owner"},
        {"id": "d4", "userName": "gone@example.org", "displayName": "Gone", "active": false},
    ]});
    std::fs::write(&list, scim.to_string()).unwrap();
    let of = imported(&project, path);
    assert_eq!((&of["new"], &of["changed"]), (&json!([]), &json!(["anna_smith", "carl"])));
    assert!(of["remarks"][0].as_str().unwrap().contains("`owner` stands in kepi.yml, too"), "{of}");
    let text = std::fs::read_to_string(&file).unwrap();
    assert!(
        text.contains("name: \"Anna: Smith\"")
            && text.contains("reports_to: anna_smith")
            && !text.contains("gone"),
        "{text}"
    );
    for elsewhere in ["../x.yml", "people.txt"] {
        let (_, said) = project.fails(3, &["people", "--import", path, "--into", elsewhere]);
        assert!(said.contains("is no file of definitions in the folder"), "{said}");
    }
}

#[test]
fn nobody_of_a_list_of_personnel_is_lost_silently() {
    let project = Project::example("tiny");
    let list = project.path().join("hr.csv");
    let path = list.to_str().unwrap();
    let header = "Employee ID,Full name,Email,Manager ID,Manager,Leaves\n";
    // Lines go by the number of staff; two people of one short name are told apart by their addresses; who left and stands elsewhere is named.
    let rows = "9001,Anna Smith,anna@a.example,,,\n9002,Anna Smith,anna@b.example,9001,Anna Smith,\n9003,Carl Dunn,carl@a.example,9002,,\n\
                9004,Dan Eve,dan@a.example,,Anna Smith,\n9005,Owner,owner@a.example,,,2020-01-31\n";
    std::fs::write(&list, format!("{header}{rows}")).unwrap();
    let of = imported(&project, path);
    assert_eq!(of["new"], json!(["anna_a_example", "anna_b_example", "carl", "dan"]), "{of}");
    let remarks = of["remarks"].as_array().unwrap();
    assert_eq!(remarks.len(), 2, "{of}");
    let says = |text: &str| remarks.iter().any(|of| of.as_str().unwrap().contains(text));
    assert!(says("`owner` has left by the list and stands in kepi.yml"), "{of}");
    assert!(says("to `Anna Smith`, which is said of anna_a_example and anna_b_example"), "{of}");
    let file = project.path().join("people/personnel.yml");
    let text = std::fs::read_to_string(&file).unwrap();
    assert!(
        text.contains("reports_to: anna_a_example") && text.contains("reports_to: anna_b_example"),
        "{text}"
    );
    project.ok(&["check", "--quiet"]);

    // Who has the short name already keeps it when another comes.
    std::fs::write(&list, format!("{header}9003,Carl Dunn,carl@a.example,,,\n")).unwrap();
    imported(&project, path);
    std::fs::write(
        &list,
        format!("{header}9009,Carl Other,carl@b.example,,,\n9003,Carl Dunn,carl@a.example,,,\n"),
    )
    .unwrap();
    let of = imported(&project, path);
    assert_eq!((&of["new"], &of["gone"]), (&json!(["carl_b_example"]), &json!([])), "{of}");

    // A list of nobody removes nobody.
    let before = std::fs::read_to_string(&file).unwrap();
    for nobody in [header.to_owned(), format!("{header}9003,Carl Dunn,carl@a.example,,,2020-01-31\n")] {
        std::fs::write(&list, nobody).unwrap();
        let (_, said) = project.fails(3, &["people", "--import", path]);
        assert!(said.contains("nobody is there by") && said.contains("carl"), "{said}");
        assert_eq!(std::fs::read_to_string(&file).unwrap(), before);
    }
}

#[test]
fn a_list_is_not_written_over_other_definitions() {
    let project = Project::example("tiny");
    project.write("hr.csv", "Full name,Email\nBea Cole,bea@example.org\n");
    project.write("people/notes.yml", "# Nothing but a note.\n");
    let kept = |file: &str| std::fs::read_to_string(project.path().join(file)).unwrap();
    for (file, holds) in [("kepi.yml", "`project/"), ("people/notes.yml", "no document")] {
        let before = kept(file);
        let list = project.path().join("hr.csv");
        let (_, said) = project.fails(3, &["people", "--import", list.to_str().unwrap(), "--into", file]);
        assert!(said.contains(holds) && said.contains("people/personnel.yml"), "{said}");
        assert_eq!(kept(file), before);
    }
}
