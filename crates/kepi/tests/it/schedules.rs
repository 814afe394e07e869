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
