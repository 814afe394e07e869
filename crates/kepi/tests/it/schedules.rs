//! When runs look at sources, what that takes, and what it would come to more often.

use std::sync::Arc;

use kepi_app::picture::Picture;
use kepi_report::facts::Facts;
use serde_json::{Value, json};

use crate::{support::Project, world::fresh};

#[tokio::test(flavor = "multi_thread")]
async fn a_source_is_looked_at_in_its_window_once_in_so_long_and_what_that_takes_is_measured() {
    let project = Project::example("tiny");
    let text = std::fs::read_to_string(project.path().join("kpis.yml")).unwrap();
    let with =
        text.replace("source: answers\n", "source: answers\nload: {every: 12 hours, window: nights}\n");
    assert!(with != text);
    let nights = "---\nbusiness_hours: nights\nname: the night\ntime_zone: UTC\nweek: {weekdays: [\"00:00-05:00\", \"22:00-24:00\"]}\n";
    project.write("kpis.yml", &format!("{with}{nights}"));
    let run = |when: &str, arguments: &[&str]| -> (Vec<Value>, bool, String) {
        project.set_clock(when);
        let (out, said) = project.fails_or_not(&[&["run", "--format", "json"], arguments].concat());
        let report: Value = serde_json::from_str(&out).unwrap_or_else(|why| panic!("{why}: {said}"));
        let left = report["left_alone"].as_array().cloned().unwrap_or_default();
        (left, report["loads"].as_array().is_some_and(|all| !all.is_empty()), said)
    };
    let at = |text: &str| text.parse::<jiff::Timestamp>().unwrap().as_microsecond();
    // At noon it is not its time; said, and nothing is read, unless somebody wants it nevertheless.
    let (left, looked, said) = run("2026-06-01T12:00:00Z", &[]);
    assert_eq!(
        (left, looked),
        (vec![json!({"source": "answers", "until": at("2026-06-01T22:00:00Z")})], false)
    );
    assert!(
        said.contains("left alone: source `answers`: it is looked at from 2026-06-01T23:00:00+01:00 on"),
        "{said}"
    );
    let (left, looked, _) = run("2026-06-01T12:10:00Z", &["--any-time"]);
    assert!(left.is_empty() && looked);
    // Twelve hours after that, less the tenth that a timer may be too early.
    let (left, looked, _) = run("2026-06-01T22:30:00Z", &[]);
    assert_eq!((left[0]["until"].as_i64(), looked), (Some(at("2026-06-01T22:58:00Z")), false));
    let (left, looked, _) = run("2026-06-01T23:00:00Z", &[]);
    assert!(left.is_empty() && looked);
    // After five it has to wait for the evening.
    let (left, ..) = run("2026-06-02T10:00:00Z", &[]);
    assert_eq!(left[0]["until"].as_i64(), Some(at("2026-06-02T22:00:00Z")));

    let costs: Vec<Value> =
        serde_json::from_str(&project.ok(&["sources", "--cost", "--quiet", "--format", "json"])).unwrap();
    let [whole, source] = &costs[..] else { panic!("{costs:?}") };
    assert_eq!((&whole["source"], whole["times"].as_u64()), (&Value::Null, Some(5)));
    assert_eq!((&source["source"]["id"], source["times"].as_u64()), (&json!("answers"), Some(2)));
    assert_eq!(source["schedule"], "once in 12\u{202f}h, while the night is open");
    // Twice within 10 hours and 50 minutes is once in that time.
    assert!((source["a_day"].as_f64().unwrap() - 24.0 * 60.0 / 650.0).abs() < 1e-9, "{source}");
    for of in [whole, source] {
        let took = of["microseconds"].as_i64().unwrap();
        assert!(took > 0);
        for (would, n) in of["would"].as_array().unwrap().iter().zip([1, 24, 96, 288]) {
            assert_eq!(would["microseconds_a_day"].as_i64(), Some(took * n));
            assert_eq!(would["fits"], json!(took < 86_400_000_000 / n));
        }
    }
    let table = project.ok(&["sources", "--cost", "--quiet"]);
    assert!(table.contains("a run in all") && table.contains("every 15 minutes"), "{table}");

    // How long a run takes is part of the time to its figures.
    let app = Arc::new(fresh(&project).await);
    let runs = app.values.runs(None).await.unwrap();
    let took: Vec<i64> = app
        .values
        .times(i64::MAX)
        .await
        .unwrap()
        .into_iter()
        .filter(|of| of.source.is_none())
        .map(|of| of.took)
        .collect();
    let picture = Picture::load(&app).await.unwrap();
    let published: Vec<i64> = picture.published_runs().into_iter().map(|(at, _)| at).collect();
    let sums: Vec<i64> = runs.iter().zip(took).map(|(run, took)| run.at + took).collect();
    assert_eq!((published.len(), published), (5, sums));
}

/// Two machines that share a database: one of them runs when it is time, and no process that died with the lease keeps the
/// others from it.
#[tokio::test(flavor = "multi_thread")]
async fn of_those_that_run_on_schedule_one_does_at_a_time() {
    let project = Project::example("tiny");
    let refused = project.kepi(&["run", "--on-schedule"]);
    assert!(String::from_utf8_lossy(&refused.stderr).contains("load: {every: 1 hour}"), "{refused:?}");

    let text = std::fs::read_to_string(project.path().join("kpis.yml")).unwrap();
    project
        .write("kpis.yml", &text.replace("source: answers\n", "source: answers\nload: {every: 12 hours}\n"));
    project.set_clock("2026-06-01T12:00:00Z");
    let both: Vec<_> = ["a.log", "b.log"].map(|log| project.started(&["run", "--on-schedule"], log)).into();
    let runs = async || fresh(&project).await.values.runs(None).await.unwrap().len();
    let comes_to = async |n: usize| {
        for _ in 0..200 {
            if project.path().join(".kepi/kepi.db").exists() && runs().await == n {
                // What a second one would do is done by then.
                tokio::time::sleep(std::time::Duration::from_millis(700)).await;
                return assert_eq!(runs().await, n);
            }
            tokio::time::sleep(std::time::Duration::from_millis(100)).await;
        }
        let log = |name| std::fs::read_to_string(project.path().join(name)).unwrap();
        panic!("{} runs instead of {n}: {} {}", runs().await, log("a.log"), log("b.log"));
    };
    comes_to(1).await;
    // A process took the lease and died.
    let instant = |text: &str| text.parse::<jiff::Timestamp>().unwrap().as_microsecond();
    let (midnight, later) = (instant("2026-06-02T00:00:00Z"), instant("2026-06-02T00:01:30Z"));
    assert!(fresh(&project).await.store.lease("run", midnight, later).await.unwrap().is_some());
    project.set_clock("2026-06-02T00:01:00Z");
    comes_to(1).await;
    project.set_clock("2026-06-02T00:01:30Z");
    comes_to(2).await;
    let ended: Vec<_> = both.into_iter().map(|one| one.told_to_end()).collect();
    assert_eq!(ended, [Some(0), Some(0)]);
}
