//! Bad input: each gives its own finding with the place and the way out, and nothing half-done stays behind.

use crate::support::Project;

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
