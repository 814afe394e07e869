//! Bad input: each gives its own finding with the place and the way out, and nothing half-done stays behind.

use serde_json::Value;

use crate::{support::Project, tour::wait_for};

/// The tiny project after `kepi init`, with one text replaced in one file.
fn tiny_with(file: &str, from: &str, to: &str) -> Project {
    let project = Project::example("tiny");
    let text = std::fs::read_to_string(project.path().join(file)).unwrap();
    assert!(text.contains(from), "`{from}` is not in {file}");
    project.write(file, &text.replacen(from, to, 1));
    project
}

/// `check` must fail, name the place, and say what to do.
fn check_says(project: &Project, words: &[&str]) {
    let (stdout, stderr) = project.fails(1, &["check"]);
    for word in words {
        assert!(stdout.contains(word), "`{word}` is not in:\n{stdout}\n{stderr}");
    }
    let (_, stderr) = project.fails(3, &["run"]);
    assert!(stderr.contains("kepi check"), "{stderr}");
    assert!(!project.path().join(".kepi").exists(), "nothing half-done stays behind");
}

#[test]
fn an_unknown_column_is_a_finding_of_the_load_and_lands_nothing() {
    let project = Project::example("tiny");
    let kpis = std::fs::read_dir(project.path().join("data")).unwrap().next().unwrap().unwrap().path();
    let text = std::fs::read_to_string(&kpis).unwrap();
    let (header, rest) = text.split_once('\n').unwrap();
    let renamed = header.split(',').next().unwrap();
    std::fs::write(&kpis, format!("{}\n{rest}", header.replacen(renamed, "other", 1))).unwrap();
    let (_, stderr) = project.fails(3, &["run"]);
    assert!(stderr.contains(renamed), "{stderr}");
}

#[test]
fn an_empty_file_and_a_doubled_header_are_refused() {
    let project = Project::example("tiny");
    let file = std::fs::read_dir(project.path().join("data")).unwrap().next().unwrap().unwrap().path();
    let text = std::fs::read_to_string(&file).unwrap();
    std::fs::write(&file, "").unwrap();
    let (_, stderr) = project.fails(3, &["run"]);
    assert!(stderr.contains("empty"), "{stderr}");
    let (header, rest) = text.split_once('\n').unwrap();
    let first = header.split(',').next().unwrap();
    std::fs::write(&file, format!("{first},{header}\n{rest}")).unwrap();
    let (_, stderr) = project.fails(3, &["run"]);
    assert!(stderr.contains(first), "{stderr}");
}

#[test]
fn a_broken_file_is_named_and_the_others_land() {
    let project = tiny_with("kpis.yml", "data/answers.csv", "data/*.csv");
    project.write("data/broken.csv", "");
    let (stdout, stderr) = project.fails(3, &["run", "--format", "json"]);
    let report: serde_json::Value = serde_json::from_str(&stdout).unwrap();
    assert_eq!(report["loads"][0]["file"], "data/answers.csv");
    assert_eq!(report["not_landed"][0]["file"], "data/broken.csv");
    let why = report["not_landed"][0]["reason"].as_str().unwrap();
    assert!(why.contains("`data/broken.csv` is empty") && stderr.contains(why), "{why}\n{stderr}");
    let not_renewed = report["not_renewed"].as_object().unwrap();
    assert!(!not_renewed.is_empty() && not_renewed.values().all(|v| v.as_str().unwrap().contains(why)));
    std::fs::remove_file(project.path().join("data/broken.csv")).unwrap();
    project.ok(&["run"]);
}

#[test]
fn a_missing_folder_names_the_way_out() {
    let (_, stderr) = Project::empty().fails(3, &["check"]);
    assert!(stderr.contains("kepi init"), "{stderr}");
}

#[test]
fn an_expression_of_100_kilobytes_is_a_finding() {
    let long = format!("where: {}1 = 1", "1 = 1 and ".repeat(10_000));
    let project = tiny_with("kpis.yml", "answer: score", &format!("answer: score, {long}"));
    check_says(&project, &["kpis.yml"]);
}

#[test]
fn an_unknown_attribute_is_found_with_what_was_meant() {
    let project = tiny_with("kpis.yml", "answer: score", "answer: scoer");
    check_says(&project, &["kpis.yml", "scoer", "score"]);
}

#[test]
fn a_period_that_is_not_there_is_refused_with_those_that_are() {
    let project = Project::example("tiny");
    project.ok(&["run", "--quiet"]);
    let (_, stderr) = project.fails(3, &["show", "scorecard", "--period", "2099-01"]);
    assert!(stderr.contains("2099-01") && stderr.contains("2026-0"), "{stderr}");
}

/// The data files in a project's lake.
fn data_files(project: &Project) -> Vec<std::path::PathBuf> {
    let main = project.path().join(".kepi/data/main/survey_response");
    std::fs::read_dir(main).unwrap().map(|e| e.unwrap().path()).collect()
}

#[test]
fn a_flipped_byte_in_a_data_file_is_named_with_the_way_out() {
    let project = Project::example("tiny");
    let (_, stderr) = (project.ok(&["check", "--data"]), project.kepi(&["check", "--data"]).stderr);
    assert!(String::from_utf8_lossy(&stderr).contains("nothing has landed yet"));
    assert!(!project.path().join(".kepi").exists(), "looking makes nothing");
    project.ok(&["run"]);
    let whole: serde_json::Value =
        serde_json::from_str(&project.ok(&["check", "--data", "--format", "json"])).unwrap();
    // The landed rows, and what was published: values, scores and what is usual of them.
    assert_eq!((&whole["files"], &whole["damaged"]), (&4.into(), &serde_json::json!([])));
    let [file] = &data_files(&project)[..] else { panic!("one file") };
    let mut bytes = std::fs::read(file).unwrap();
    bytes[100] ^= 1;
    std::fs::write(file, bytes).unwrap();
    let name = file.file_name().unwrap().to_str().unwrap();
    let (stdout, stderr) = project.fails(1, &["check", "--data"]);
    assert!(
        stdout.contains("other content") && stderr.contains("restore it from a backup"),
        "{stdout}{stderr}"
    );
    let (stdout, _) = project.fails(1, &["check", "--data", "--format", "json"]);
    let found: serde_json::Value = serde_json::from_str(&stdout).unwrap();
    assert_eq!(found["damaged"][0]["kind"], "content");
    assert!(found["damaged"][0]["file"].as_str().unwrap().ends_with(name));
    // What was published from these bytes is not recomputed from others.
    let (_, stderr) = project.fails(3, &["reproduce"]);
    assert!(stderr.contains(name) && stderr.contains("restore it from a backup"), "{stderr}");
}

/// What is rejected is a figure by source, made of what the log says of loads; a file that lands anew is not counted again.
#[test]
fn shares_of_rejected_rows_are_figures() {
    let project = Project::example("tiny");
    let guide = std::fs::read_to_string(crate::support::root().join("docs/guides/data-rules.md")).unwrap();
    let said = guide.split("a row for each load:").nth(1).unwrap();
    let said = said.split("```yaml\n").nth(1).unwrap().split("```").next().unwrap();
    project.write("loads.yml", said);
    project.ok(&["run", "--quiet"]);
    // Six rows, of which two are off the scale.
    let more = "id,answered,region,score\n91,2026-02-01 10:00,north,12\n92,2026-02-02 10:00,north,-1\n93,2026-02-03 10:00,north,9\n\
                94,2026-02-04 10:00,north,9\n95,2026-02-05 10:00,north,9\n96,2026-02-06 10:00,north,9\n";
    let first = std::fs::read_to_string(project.path().join("data/answers.csv")).unwrap();
    project.write(
        "kpis.yml",
        &std::fs::read_to_string(project.path().join("kpis.yml"))
            .unwrap()
            .replace("data/answers.csv", "data/answers*.csv"),
    );
    project.write("data/answers_2.csv", more);
    project.fails_or_not(&["run", "--quiet"]);
    project.fails_or_not(&["run", "--quiet"]);
    let shown = project.ok(&["show", "kpi", "rows_rejected", "--quiet", "--format", "json"]);
    let shown: Value = serde_json::from_str(&shown).unwrap();
    let known = first.lines().count() - 1;
    let value = shown["kpi"]["value"]["point"].as_f64().unwrap();
    assert!((value - 2.0 / (known + 6) as f64).abs() < 1e-12, "{value} of {known}");
    // Nothing lands of the log because of what was landed of it; that a run looked takes its time.
    let sources = || {
        let said = project.ok(&["sources", "--format", "json"]);
        let mut said: Value = serde_json::from_str(&said).unwrap();
        said.as_object_mut().unwrap().remove("costs");
        said
    };
    let before = sources();
    project.fails_or_not(&["run", "--quiet"]);
    assert_eq!(sources(), before);
}

#[test]
fn every_row_in_quarantine_can_be_reached_however_many_there_are() {
    let project = Project::example("tiny");
    let mut text = std::fs::read_to_string(project.path().join("data/answers.csv")).unwrap();
    let own = text.lines().count();
    // More than any page or list held in memory.
    for n in 0..12_345 {
        text.push_str(&format!(
            "bad-{n},2026-01-05 09:30,north,{}\n",
            if n % 2 == 0 { "11" } else { "many" }
        ));
    }
    project.write("data/answers.csv", &text);
    let (_, told) = project.fails(1, &["run"]);
    assert!(told.contains("12345 of 12357 rows of `data/answers.csv` were rejected, 99.9%"), "{told}");
    let shown = |arguments: &[&str]| -> serde_json::Value {
        let all = [&["show", "quarantine", "--format", "json"], arguments].concat();
        serde_json::from_str(&project.ok(&all)).unwrap()
    };
    let all = shown(&["--limit", "99999"]);
    let rows: Vec<u64> = all["rows"].as_array().unwrap().iter().map(|r| r["row"].as_u64().unwrap()).collect();
    let want: Vec<u64> = (own as u64..own as u64 + 12_345).collect();
    assert_eq!(rows, want, "each once, in the order of the file");
    assert_eq!((&all["total"], &all["pages"]), (&12_345.into(), &247.into()));
    let rules: Vec<_> = all["rules"]
        .as_array()
        .unwrap()
        .iter()
        .map(|r| (r["rule"].as_str().unwrap(), r["count"].as_u64()))
        .collect();
    assert_eq!(rules, [("score_on_the_scale", Some(6173)), ("type", Some(6172))]);
    assert_eq!(shown(&["--limit", "60"])["rows"].as_array().unwrap().len(), 60);
    assert_eq!(shown(&["--source", "answers", "--limit", "1"])["total"], 12_345);
    // The same over the API, a page at a time; a page beyond the last is the last.
    let (_server, address) = project.serve();
    for (asked, page, rows, first) in
        [(1, 1, 50, own), (247, 247, 45, own + 12_300), (900, 247, 45, own + 12_300)]
    {
        let answer = wait_for(&address, &format!("/api/v1/quarantine?source=answers&page={asked}"));
        let view: serde_json::Value = serde_json::from_str(answer.split_once("\r\n\r\n").unwrap().1).unwrap();
        assert_eq!((&view["page"], &view["rows"][0]["row"]), (&page.into(), &first.into()), "page {asked}");
        assert_eq!(view["rows"].as_array().unwrap().len(), rows, "page {asked}");
    }
    assert!(wait_for(&address, "/data/quarantine?page=247").contains("Page 247 of 247"));
}
