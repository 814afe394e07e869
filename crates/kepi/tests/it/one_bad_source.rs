//! A source that cannot be landed is its own finding: the others land, and every KPI says whether it was renewed.

use std::fs;

use serde_json::Value;

use crate::support::Project;

/// Two sources, an entity and a KPI each.
fn two_sources() -> Project {
    let project = Project::empty();
    let part = |source: &str, entity: &str, time: &str| {
        format!(
            "---\nsource: {source}\ninto: {entity}\nfrom: {{csv: {{files: \"data/{source}_*.csv\"}}}}\nmode: append\nmap:\n  id: \
             {{column: id, as: text, required: true}}\n  {time}: {{column: at, as: date, required: true}}\n---\nkpi: \
             {source}\nname: {source}\nbetter: lower\nmeasure:\n  count: {{of: {entity}}}\nperiod: month\n"
        )
    };
    project.write(
        "kepi.yml",
        &format!(
            "project: desk\nname: Desk\nlanguage: 1\ntime_zone: UTC\n{}{}",
            part("tickets", "ticket", "opened_at"),
            part("orders", "order", "ordered_at")
        ),
    );
    project.write("data/tickets_1.csv", "id,at\n1,2026-01-10\n");
    project.write("data/orders_1.csv", "id,at\n1,2026-01-10\n");
    project
}

fn run(project: &Project, code: i32) -> (Value, String) {
    let (stdout, stderr) = project.fails(code, &["run", "--format", "json"]);
    (serde_json::from_str(&stdout).unwrap(), stderr)
}

fn value(project: &Project, kpi: &str) -> Value {
    let shown: Value = serde_json::from_str(&project.ok(&["show", "kpi", kpi, "--format", "json"])).unwrap();
    shown["kpi"]["value"]["point"].clone()
}

#[test]
fn the_other_files_sources_and_kpis_go_on() {
    let project = two_sources();
    project.ok(&["run"]);
    // A file whose column is gone, and a good one after it; the other source has news.
    project.write("data/tickets_2.csv", "number,at\n2,2026-01-11\n");
    project.write("data/tickets_3.csv", "id,at\n3,2026-01-12\n");
    project.write("data/orders_2.csv", "id,at\n2,2026-01-11\n");
    let (report, stderr) = run(&project, 1);
    let landed = report["loads"].as_array().unwrap().iter().filter(|l| l["outcome"] == "landed").count();
    assert_eq!(landed, 2, "the other file of the source and the other source: {report}");
    assert_eq!(report["not_landed"][0]["file"], "data/tickets_2.csv");
    let why = report["not_renewed"]["tickets"].as_str().unwrap();
    assert!(why.contains("source `tickets` did not land") && why.contains("no column `id`"), "{why}");
    assert!(report["not_renewed"].get("orders").is_none(), "{report}");
    assert!(
        stderr.contains("not landed: source `tickets`: `data/tickets_2.csv` has no column `id`"),
        "{stderr}"
    );
    assert!(stderr.contains("not renewed, what was published stays: `tickets`"), "{stderr}");
    // What cannot be renewed keeps what was published and says why; the other has its new figure.
    assert_eq!(value(&project, "tickets"), 1.0);
    assert_eq!(value(&project, "orders"), 2.0);
    let shown = project.ok(&["show", "kpi", "tickets"]);
    assert!(shown.contains("not renewed") && shown.contains("no column `id`"), "{shown}");
    // The source says what did not land, for as long as that is so.
    let sources = |arguments: &[&str]| project.ok(&[&["sources"][..], arguments].concat());
    let said: Value = serde_json::from_str(&sources(&["tickets", "--format", "json"])).unwrap();
    let tickets = &said["sources"][0];
    assert_eq!(tickets["delivery"]["state"], "stopped", "{tickets}");
    assert_eq!(tickets["not_landed"].as_array().unwrap().len(), 1, "{tickets}");
    assert_eq!(tickets["not_landed"][0]["file"], "data/tickets_2.csv");
    let why = sources(&[]);
    assert!(why.contains("Tickets: did not land: `data/tickets_2.csv` has no column `id`"), "{why}");
    assert!(!why.contains("Orders: did not land"), "{why}");
    // So do the events of the run, for a catalogue of data.
    let events = project.ok(&["lineage", "--openlineage", "--run"]);
    let ended = |job: &str| {
        let events = events.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
        events.rev().find(|of| of["job"]["name"] == job).map(|of| of["eventType"].clone()).unwrap()
    };
    assert_eq!(
        ["land.tickets", "land.orders", "compute", "run"].map(ended),
        ["FAIL", "COMPLETE", "COMPLETE", "COMPLETE"]
    );
    assert!(events.contains("kpi/orders") && events.contains("\"run 2\""), "{events}");
    // Two ways on: what has landed is computed when asked for, and everything once the file is put right.
    project.ok(&["run", "--no-land"]);
    assert_eq!(value(&project, "tickets"), 2.0);
    assert!(sources(&[]).contains("did not land"), "a run that looks at no source knows nothing else of it");
    project.write("data/tickets_2.csv", "id,at\n2,2026-01-11\n");
    project.ok(&["run"]);
    assert_eq!(value(&project, "tickets"), 3.0);
    let said = sources(&["--format", "json"]);
    assert!(!said.contains("not_landed") && !said.contains("stopped"), "{said}");
}

#[test]
fn a_source_without_files_holds_back_its_own_kpis_only() {
    let project = two_sources();
    fs::remove_file(project.path().join("data/tickets_1.csv")).unwrap();
    project.write("data/orders_2.csv", "id,at\n2,2026-01-11\n");
    project.write("data/orders_10.csv", "id,at\n3,2026-01-11\n4,2026-01-12\n");
    let (report, stderr) = run(&project, 1);
    assert_eq!(report["not_landed"][0]["file"], Value::Null);
    assert!(stderr.contains("no file matches `data/tickets_*.csv`"), "{stderr}");
    assert_eq!(value(&project, "orders"), 4.0);
    let said: Value = serde_json::from_str(&project.ok(&["sources", "--format", "json"])).unwrap();
    let of =
        |id: &str| said["sources"].as_array().unwrap().iter().find(|of| of["source"]["id"] == id).unwrap();
    assert_eq!(of("tickets")["not_landed"][0].get("file"), None, "{said}");
    // Of files that one run landed, the newest comes last in the order of the source; the values shown are its.
    let files = of("orders")["loads"].as_array().unwrap();
    let files: Vec<&str> = files.iter().map(|of| of["file"].as_str().unwrap()).collect();
    assert_eq!(files, ["data/orders_10.csv", "data/orders_2.csv", "data/orders_1.csv"]);
    assert_eq!(of("orders")["profiles"][0]["rows"], 2, "{said}");
    // Nothing was computed, and that `kepi run` would do it is not said right after it.
    let (_, stderr) = project.fails(3, &["show", "kpi", "tickets"]);
    assert!(stderr.contains("`tickets` has no value yet: source `tickets` did not land"), "{stderr}");
    assert!(!stderr.contains("nothing has been computed"), "{stderr}");
}

#[test]
fn a_run_that_renews_nothing_could_not_be_done() {
    let project = two_sources();
    for source in ["tickets", "orders"] {
        project.write(&format!("data/{source}_1.csv"), "nothing,here\n1,2\n");
    }
    let (report, stderr) = run(&project, 3);
    assert_eq!(report["not_renewed"].as_object().unwrap().len(), 2);
    assert!(stderr.contains("no KPI could be renewed"), "{stderr}");
}

#[test]
fn a_kpi_that_no_row_counts_for_says_so_after_a_run() {
    let project = two_sources();
    let text = fs::read_to_string(project.path().join("kepi.yml")).unwrap();
    let text =
        text.replace("  count: {of: ticket}", "  share: {of: ticket, which: id = 'x', where: id = 'none'}");
    project.write("kepi.yml", &text);
    project.ok(&["run"]);
    let (_, stderr) = project.fails(3, &["show", "kpi", "tickets"]);
    assert!(stderr.contains("no row of `ticket` counts for it"), "{stderr}");
}

/// Flips one bit of each data file in a folder of the lake; returns their names.
fn damage(project: &Project, folder: &str) -> Vec<String> {
    let files = fs::read_dir(project.path().join(".kepi/data").join(folder)).unwrap();
    let flip = |path: std::path::PathBuf| {
        let mut bytes = fs::read(&path).unwrap();
        let middle = bytes.len() / 2;
        bytes[middle] ^= 4;
        fs::write(&path, bytes).unwrap();
        path.file_name().unwrap().to_str().unwrap().to_owned()
    };
    files.map(|file| flip(file.unwrap().path())).collect()
}

#[test]
fn damaged_data_hold_back_the_kpis_that_read_them_only() {
    let project = two_sources();
    project.ok(&["run"]);
    // What was found sound is kept, and a file that is written to since is looked at again.
    assert!(project.path().join(".kepi/data/verified").exists());
    let [damaged] = &damage(&project, "main/ticket")[..] else { panic!("one file") };
    project.write("data/orders_2.csv", "id,at\n2,2026-01-11\n");
    let (report, stderr) = run(&project, 1);
    let why = report["not_renewed"]["tickets"].as_str().unwrap();
    assert!(why.contains(damaged.as_str()) && why.contains("other content than was written"), "{why}");
    assert!(why.contains("restore it from a backup"), "the way out: {why}");
    assert!(report["not_renewed"].get("orders").is_none(), "{report}");
    assert!(stderr.contains("not renewed, what was published stays: `tickets`"), "{stderr}");
    assert_eq!((value(&project, "tickets"), value(&project, "orders")), (1.0.into(), 2.0.into()));
    // Nothing lands on top of it either: keys would be compared with damaged ones.
    project.write("data/tickets_2.csv", "id,at\n2,2026-01-11\n");
    let (report, _) = run(&project, 1);
    assert_eq!(report["not_landed"][0]["file"], "data/tickets_2.csv");
    // Put back, all goes on.
    damage(&project, "main/ticket");
    project.ok(&["run"]);
    assert_eq!(value(&project, "tickets"), 2.0);
}

#[test]
fn damaged_figures_are_not_shown() {
    let project = two_sources();
    project.ok(&["run"]);
    let [damaged] = &damage(&project, "published/value")[..] else { panic!("one file") };
    let (_, stderr) = project.fails(3, &["show", "kpi", "orders"]);
    assert!(
        stderr.contains(damaged.as_str()) && stderr.contains("other content than was written"),
        "{stderr}"
    );
}
