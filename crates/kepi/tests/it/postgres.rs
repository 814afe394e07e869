//! Every example on PostgreSQL: the same figures, in one database, each in a schema of its own.

use serde_json::{Value, json};

use crate::{figures::comes_to_its_figures, support::Project, tour::get};

fn said(project: &Project, arguments: &[&str]) -> Value {
    serde_json::from_str(&project.ok(arguments)).unwrap()
}

#[test]
fn every_example_has_the_same_figures_on_postgresql() {
    let Some(address) = kepi_testkit::postgres::fresh_database() else { return };
    let mut projects = Vec::new();
    // All first, then looked at: what one wrote is not in another's way.
    for example in ["tiny", "airport", "saas", "retail"] {
        let path = format!("examples/{example}");
        let project = Project::copied(&path).stored_at(&address);
        assert!(!comes_to_its_figures(&path, &project).is_empty());
        assert!(!project.path().join(".kepi/kepi.db").exists(), "nothing of it is in a file");
        projects.push(project);
    }
    for project in &projects {
        assert_eq!(said(project, &["run", "--format", "json"])["first"], 0, "it knows what it has published");
        let checked = said(project, &["check", "--data", "--format", "json"]);
        assert!(checked["files"].as_u64().unwrap() > 0);
        assert_eq!(checked["damaged"], json!([]));
        let found = said(project, &["reproduce", "--format", "json"]);
        assert!(found["compared"].as_u64().unwrap() > 0);
        assert_eq!(found["compared"], found["identical"]);
    }
    let (_server, address) = projects[0].serve();
    assert!(get(&address, "/").is_some_and(|page| page.contains("My company")));
}

#[test]
fn a_folder_has_one_log() {
    let Some(address) = kepi_testkit::postgres::fresh_database() else { return };
    let project = Project::example("tiny").stored_at(&address);
    project.ok(&["run", "--quiet"]);
    let refused = |database: &std::path::Path| {
        let (_, said) = project.fails(3, &["run", "--store", &*database.display().to_string()]);
        assert!(said.contains("the log of this folder is `kepi/") && said.contains("KEPI_STORE"), "{said}");
    };
    // Whoever forgets which database it is makes no second log beside it.
    let forgotten = project.path().join("kepi.db");
    refused(&forgotten);
    assert!(!forgotten.exists());
    // Nor does one carry on that has another.
    let other = Project::example("tiny");
    other.ok(&["run", "--quiet"]);
    refused(&other.path().join(".kepi/kepi.db"));
    project.ok(&["run", "--quiet"]);
    project.ok(&["audit", "verify"]);
}

#[test]
fn what_is_wrong_with_an_address_is_said_without_the_password() {
    let project = Project::example("tiny");
    for (address, why) in [
        ("postgres://ana:s3cret@127.0.0.1:1/kepi", "could not be opened"),
        ("postgres://ana:s3/cret@127.0.0.1/kepi", "%2F"),
        ("mysql://ana:s3cret@127.0.0.1/kepi", "only SQLite and PostgreSQL"),
    ] {
        let (_, stderr) = project.fails(3, &["show", "sources", "--store", address]);
        assert!(stderr.contains(why) && !stderr.contains("cret"), "{stderr}");
    }
}
