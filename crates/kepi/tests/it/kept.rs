//! A run reads what has changed; whatever becomes of what is kept, figures are those that reading everything gives.

use std::{fs, sync::Arc};

use kepi_engine::DataFusionEvaluator;
use serde_json::Value;

use crate::{
    figures::published,
    order::{NOON, app_on, run_at},
    support::Project,
};

/// Rows of answers that a run would read, of how many, and why.
fn cost(project: &Project) -> (u64, u64, Vec<Value>) {
    let costs: Value = serde_json::from_str(&project.ok(&["plan", "--cost", "--format", "json"])).unwrap();
    let answers = costs.as_array().unwrap().iter().find(|cost| cost["entity"] == "survey_response").unwrap();
    let reads = answers["reads"].as_array().unwrap();
    let rows = reads.iter().map(|read| read["amount"]["rows"].as_u64().unwrap()).sum();
    (rows, answers["of"]["rows"].as_u64().unwrap(), reads.clone())
}

fn all_kept(project: &Project) -> Vec<std::path::PathBuf> {
    let mut files: Vec<_> =
        fs::read_dir(project.path().join(".kepi/data/states")).unwrap().map(|e| e.unwrap().path()).collect();
    files.sort();
    files
}

/// What is kept of states and of rows that were made.
fn kept(project: &Project) -> Vec<std::path::PathBuf> {
    let mut files = all_kept(project);
    files.retain(|file| !file.file_name().unwrap().to_str().unwrap().starts_with("values-"));
    files
}

#[test]
fn a_run_reads_what_has_changed_and_publishes_the_same() {
    let project = Project::example("tiny");
    let (_, said) = project.fails(3, &["plan", "--cost"]);
    assert!(said.contains("kepi run"), "{said}");
    project.ok(&["run", "--quiet"]);
    let (rows, all, _) = cost(&project);
    assert!(rows == 0 && all > 0, "{rows} of {all}");
    assert!(project.ok(&["plan", "--cost"]).contains("nothing is read: all of it is kept"));
    let (before, first) = (kept(&project), all);

    // One more row is one more file.
    let text = fs::read_to_string(project.path().join("data/answers.csv")).unwrap();
    project.write("data/answers.csv", &format!("{text}n1,2026-03-25 10:00,north,5\n"));
    project.ok(&["run", "--quiet"]);
    project.ok(&["reproduce"]);
    let (rows, all, _) = cost(&project);
    assert_eq!((rows, all), (0, first + 1));
    assert!(before.iter().all(|file| file.exists()), "what was kept stays");
    assert_eq!(kept(&project).len(), before.len() + 1);

    // Another definition asks for states of its own; looking keeps nothing.
    let text = fs::read_to_string(project.path().join("kpis.yml")).unwrap();
    project.write(
        "kpis.yml",
        &text.replace("count: {of: survey_response}", "count: {of: survey_response, where: score > 3}"),
    );
    let (rows, all, reads) = cost(&project);
    assert_eq!((rows, &reads[0]["why"]), (all, &Value::from("definition")));
    assert_eq!(reads[0]["kpis"], serde_json::json!(["answers"]));
    assert_eq!(cost(&project).0, all);
    project.ok(&["run", "--quiet"]);
    project.ok(&["reproduce"]);
    assert_eq!(cost(&project).0, 0);

    // Cut, flipped or lost: read again.
    for how in 0..3 {
        for file in all_kept(&project) {
            let mut bytes = fs::read(&file).unwrap();
            let middle = bytes.len() / 2;
            match how {
                0 => bytes.truncate(middle),
                1 => bytes[middle] ^= 1,
                _ => bytes.clear(),
            }
            if how < 2 { fs::write(&file, bytes).unwrap() } else { fs::remove_file(&file).unwrap() }
        }
        assert_eq!(cost(&project).0, all);
        let said: Value = serde_json::from_str(&project.ok(&["run", "--format", "json"])).unwrap();
        assert_eq!((&said["first"], &said["restated"], &said["updated"]), (&0.into(), &0.into(), &0.into()));
        project.ok(&["reproduce"]);
        assert_eq!(cost(&project).0, 0);
    }
}

/// Answers are corrected twice, in a lake where their rows end by position and in one where files are written anew.
#[test]
fn rows_that_end_by_position_come_to_the_same_figures_and_are_reproduced() {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    let mut found = Vec::new();
    for by_position in [true, false] {
        let project = Project::example("tiny");
        let text = fs::read_to_string(project.path().join("kpis.yml")).unwrap();
        let text = text.replace("data/answers.csv", "data/*.csv").replace("mode: append", "mode: upsert");
        project.write("kpis.yml", &text);
        let mut figures = Vec::new();
        for (at, corrected) in [
            (0, ""),
            (1, "2,2026-01-09 14:10,south,1\n9,2026-02-11 15:00,north,2\n"),
            (2, "2,2026-01-09 14:10,south,10\n3,2026-03-12 11:00,north,9\n"),
        ] {
            if at > 0 {
                project.write(
                    &format!("data/corrected_{at}.csv"),
                    &format!("id,answered,region,score\n{corrected}"),
                );
            }
            runtime.block_on(async {
                let lake =
                    |lake: kepi_lake::LocalLake| if by_position { lake.by_position(1, 50) } else { lake };
                let app = app_on(project.path(), Arc::new(DataFusionEvaluator), lake).await;
                run_at(&app, NOON + at).await.unwrap();
            });
            figures.push(published(&project));
        }
        // What was published of January and of February was pinned to different snapshots.
        let compared: Value = serde_json::from_str(&project.ok(&["reproduce", "--format", "json"])).unwrap();
        assert!(compared["compared"].as_u64().unwrap() > 0);
        assert_eq!(compared["compared"], compared["identical"]);
        let files = fs::read_dir(project.path().join(".kepi/data/main/survey_response")).unwrap();
        let names = files.map(|file| file.unwrap().file_name().into_string().unwrap());
        let deletes = names.filter(|name| name.ends_with("-delete.parquet")).count();
        assert_eq!(deletes > 1, by_position, "{deletes}");
        // All versions of an answer are there, wherever they stand.
        let traced = project.ok(&["trace", "survey_response", "2"]).lines().count();
        found.push((figures, traced));
    }
    assert!(found[0] == found[1], "{:?}\n{:?}", found[0].0.last(), found[1].0.last());
    assert!(found[0].0[0] != found[0].0[1] && found[0].0[1] != found[0].0[2]);
}

/// What a run would read to make rows, or of rows that were made.
fn reads(project: &Project) -> Vec<(String, Value, u64)> {
    let costs: Value = serde_json::from_str(&project.ok(&["plan", "--cost", "--format", "json"])).unwrap();
    let of = |cost: &Value| -> Vec<(String, Value, u64)> {
        let entity = cost["entity"].as_str().unwrap().to_owned();
        let reads = cost["reads"].as_array().unwrap().iter();
        reads.map(|r| (entity.clone(), r["why"].clone(), r["amount"]["rows"].as_u64().unwrap())).collect()
    };
    costs.as_array().unwrap().iter().flat_map(of).collect()
}

#[test]
fn a_run_makes_what_has_changed_and_publishes_the_same() {
    let project = Project::example("subscription");
    project.ok(&["run", "--quiet"]);
    let first = reads(&project);
    assert!(first.is_empty(), "all that was made is kept: {first:?}");
    let before = kept(&project);
    let made = |files: &[std::path::PathBuf]| {
        let is_made =
            |path: &&std::path::PathBuf| path.file_name().unwrap().to_str().unwrap().starts_with("rows-");
        files.iter().filter(is_made).count()
    };
    assert!(made(&before) > 3, "{before:?}");

    // Usage of one account more.
    let text = fs::read_to_string(project.path().join("data/usage.csv")).unwrap();
    let last = text.lines().last().unwrap().replacen("U0", "V9", 1);
    project.write("data/usage.csv", &format!("{text}{last}\n"));
    project.ok(&["run", "--quiet"]);
    project.ok(&["reproduce"]);
    let after = kept(&project);
    assert!(after.iter().any(|file| before.contains(file)) && after != before);
    assert!(reads(&project).is_empty());

    // Cut, flipped or lost: made anew.
    for how in 0..3 {
        for file in kept(&project) {
            let mut bytes = fs::read(&file).unwrap();
            let middle = bytes.len() / 2;
            match how {
                0 => bytes.truncate(middle),
                1 => bytes[middle] ^= 1,
                _ => {}
            }
            if how < 2 { fs::write(&file, bytes).unwrap() } else { fs::remove_file(&file).unwrap() }
        }
        assert!(reads(&project).iter().any(|(_, why, _)| why == "first"), "{how}");
        let said: Value = serde_json::from_str(&project.ok(&["run", "--format", "json"])).unwrap();
        assert_eq!((&said["first"], &said["restated"], &said["updated"]), (&0.into(), &0.into(), &0.into()));
        project.ok(&["reproduce"]);
        assert!(reads(&project).is_empty());
    }
}
