//! Singer taps: two from the registry, and scripts that misbehave.

use std::{
    os::unix::fs::{PermissionsExt, symlink},
    path::{Path, PathBuf},
    sync::Arc,
};

use kepi_connect::Connections;

use crate::{
    http::server,
    support::{World, landed, no_secret, run},
};

const SECRET: &str = "correct-horse-battery-staple";

fn definitions(tap: &str, stream: &str, mode: &str) -> String {
    format!(
        "---
connection: shop
singer: {{tap: {tap}, config: {{file: tap.json}}}}
time_limit: 2 minutes
---
entity: client
name: Client
key: [id]
attributes:
  id: {{type: text}}
  tier: {{type: text}}
  changed_at: {{type: timestamp}}
---
source: clients
into: client
from: {{singer: {{connection: shop, stream: {stream}}}}}
mode: {mode}
map:
  id: {{column: id, as: text, required: true}}
  tier: {{column: tier, as: text}}
  changed_at: {{column: changed_at, as: timestamp, required: true}}
"
    )
}

/// A program of the tests' own environments, which `make tools` makes.
fn installed(environment: &str, tap: &str) -> Option<PathBuf> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let folder = std::env::var_os("KEPI_TEST_TAPS").map_or(root.join("target/python"), PathBuf::from);
    let program = folder.join(environment).join("bin").join(tap);
    if !program.exists() {
        println!("SKIPPED: `{tap}` is not installed; `make tools` installs it");
        return None;
    }
    Some(program.canonicalize().unwrap_or(program))
}

/// A world with a folder of taps that holds one program.
fn world_with(program: &Path, tap: &str, definitions: &str, config: &str) -> World {
    let world = World::new(definitions);
    std::fs::create_dir(world.path().join("taps")).unwrap();
    symlink(program, world.path().join("taps").join(tap)).unwrap();
    std::fs::write(world.path().join("tap.json"), config).unwrap();
    world
}

async fn ask(world: &World) -> kepi_app::run::RunReport {
    let connections = Connections::new(world.path()).with_taps(&world.path().join("taps"));
    run(&world.app_with(Arc::new(connections)).await, true).await.unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_tap_of_lines_of_json() {
    let Some(program) = installed("tap_jsonl", "tap-jsonl") else { return };
    let world = world_with(&program, "tap-jsonl", &definitions("tap-jsonl", "clients", "snapshot"), "{}");
    let file = world.path().join("clients.jsonl");
    let line = |n: u32| {
        format!("{{\"id\": \"{n}\", \"tier\": \"t{n}\", \"changed_at\": \"2026-01-0{n}T00:00:00Z\"}}\n")
    };
    std::fs::write(&file, format!("{}{}", line(1), line(2))).unwrap();
    // As its documentation says.
    let config = serde_json::json!({"path": file.display().to_string(), "stream_name": "clients", "primary_keys": ["id"]});
    std::fs::write(world.path().join("tap.json"), config.to_string()).unwrap();
    let report = ask(&world).await;
    assert_eq!(landed(&report), (1, [2, 0, 0, 0]));
    std::fs::write(&file, format!("{}{}{}", line(1), line(2), line(3))).unwrap();
    assert_eq!(
        landed(&ask(&world).await),
        (1, [1, 0, 2, 0]),
        "a snapshot is asked for whole, whatever the state"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_tap_of_a_server_goes_on_from_its_state() {
    let Some(program) = installed("tap_rest", "tap-rest-api-msdk") else { return };
    let rows: Vec<String> = (1..=6)
        .map(|n| format!("{{\"id\": {n}, \"tier\": \"t{n}\", \"changed_at\": \"2026-01-0{n}T00:00:00Z\"}}"))
        .collect();
    let says = move |_: &str, query: &std::collections::BTreeMap<String, String>, let_in: &str| {
        if let_in != format!("Bearer {SECRET}") {
            return (401, String::new(), "{}".to_owned());
        }
        let since =
            query.get("since").and_then(|s| s.get(8..10)).and_then(|d| d.parse().ok()).unwrap_or(1usize);
        (200, String::new(), format!("{{\"clients\": [{}], \"next\": null}}", rows[since - 1..].join(",")))
    };
    let server = server(vec![], Arc::new(says)).await;
    let config = serde_json::json!({
        "api_url": server.address, "name": "desk", "headers": {"Authorization": format!("Bearer {SECRET}")},
        "streams": [{"name": "clients", "path": "/v1/clients", "records_path": "$.clients[*]", "primary_keys": ["id"],
            "replication_key": "changed_at", "source_search_field": "since", "source_search_query": "$last_run_date",
            "num_inference_records": 10}],
    });
    let definitions = definitions("tap-rest-api-msdk", "clients", "upsert\nversion: changed_at");
    let world = world_with(&program, "tap-rest-api-msdk", &definitions, &config.to_string());
    let report = ask(&world).await;
    assert_eq!(landed(&report), (1, [6, 0, 0, 0]));
    let before = server.asked.lock().unwrap().len();
    let report = ask(&world).await;
    // What has the last value comes again, from where the state says.
    let (_, [accepted, superseding, ..]) = landed(&report);
    assert_eq!((accepted, superseding), (0, 0));
    let asked = server.asked.lock().unwrap()[before..].join(" ");
    assert!(asked.contains("since=2026-01-06"), "{asked}");
    no_secret(&world.path().join(".kepi"), SECRET);
}

/// A tap written for a test.
fn script(world: &World, text: &str) {
    let path = world.path().join("taps/tap-own");
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    std::fs::write(&path, format!("#!/bin/sh\n{text}")).unwrap();
    std::fs::set_permissions(&path, PermissionsExt::from_mode(0o755)).unwrap();
    std::fs::write(world.path().join("tap.json"), format!("{{\"token\": \"{SECRET}\"}}")).unwrap();
}

const CATALOG: &str = r#"case "$*" in *--discover*) echo '{"streams": [{"tap_stream_id": "clients", "schema": {}}]}'; exit 0;; esac"#;

fn record(n: u32) -> String {
    format!(
        "echo '{{\"type\": \"RECORD\", \"stream\": \"clients\", \"record\": {{\"id\": \"{n}\", \"tier\": \"a\", \"changed_at\": \"2026-01-0{n}T00:00:00Z\"}}}}'\n"
    )
}

const OTHER: &str = "echo '{\"type\": \"RECORD\", \"stream\": \"other\", \"record\": {\"id\": \"9\"}}'\n";

#[tokio::test(flavor = "multi_thread")]
async fn a_tap_gets_its_state_and_a_bare_environment() {
    let world = World::new(&definitions("tap-own", "clients", "upsert\nversion: changed_at"));
    let state = r#"echo '{"type": "STATE", "value": {"at": 2}}'"#;
    let said = r#"env | cut -d= -f1 | sort > environment; for a; do case "$a" in */state.json) cat "$a" > state_given;; esac; done"#;
    script(
        &world,
        &format!(
            "{CATALOG}\n{said}\necho '{{\"type\": \"STATE\", \"value\": {{}}}}'\n{}{OTHER}{}{state}\n",
            record(1),
            record(2)
        ),
    );
    assert_eq!(landed(&ask(&world).await), (1, [2, 0, 0, 0]));
    assert!(!world.path().join("state_given").exists());
    assert_eq!(landed(&ask(&world).await), (0, [0; 4]), "the same rows and the same state are no news");
    assert_eq!(std::fs::read_to_string(world.path().join("state_given")).unwrap(), "{\"at\":2}");
    let got = std::fs::read_to_string(world.path().join("environment")).unwrap();
    assert!(!got.contains("CARGO"), "{got}");
    no_secret(&world.path().join(".kepi"), SECRET);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_tap_that_ends_badly_lands_nothing() {
    for (text, why) in [
        (format!("{CATALOG}\n{}echo \"no, {SECRET}\" >&2; exit 3", record(1)), "ended with exit status: 3"),
        (format!("{CATALOG}\n{}echo 'not json'", record(1)), "line 2 of its output is no Singer message"),
        (format!("{CATALOG}\n{}kill -9 $$", record(1)), "ended with signal: 9"),
        (CATALOG.replace("clients", "orders"), "has no stream `clients`; it has orders"),
    ] {
        let world = World::new(&definitions("tap-own", "clients", "upsert\nversion: changed_at"));
        script(&world, &text);
        let report = ask(&world).await;
        assert!(report.loads.is_empty(), "{report:?}");
        let said = &report.not_landed[0].reason;
        assert!(said.contains(why) && !said.contains(SECRET), "{said}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_tap_that_hangs_ends_with_all_that_it_started() {
    let definitions = definitions("tap-own", "clients", "upsert\nversion: changed_at");
    let world = World::new(&definitions.replace("time_limit: 2 minutes", "time_limit: 2 seconds"));
    script(&world, &format!("{CATALOG}\n(sleep 600 & echo $! > child; wait)\n"));
    let report = ask(&world).await;
    assert!(report.not_landed[0].reason.contains("took longer than 2 s"), "{:?}", report.not_landed);
    let child = std::fs::read_to_string(world.path().join("child")).unwrap();
    for _ in 0..100 {
        let state = std::fs::read_to_string(format!("/proc/{}/stat", child.trim())).unwrap_or_default();
        if state.is_empty() || state.contains(") Z ") {
            return;
        }
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    }
    panic!("what the tap started is still running");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_column_that_the_tap_no_longer_has_is_refused() {
    let world = World::new(&definitions("tap-own", "clients", "upsert\nversion: changed_at"));
    let schema = |columns: &str| {
        format!(
            "echo '{{\"type\": \"SCHEMA\", \"stream\": \"clients\", \"schema\": {{\"properties\": {{{columns}}}}}}}'\n"
        )
    };
    let all = schema("\"id\": {}, \"tier\": {}, \"changed_at\": {}");
    // Declared, and without a value in any record: that is no value.
    let bare = record(2).replace("\"tier\": \"a\", ", "");
    script(&world, &format!("{CATALOG}\n{all}{}{bare}", record(1)));
    assert_eq!(landed(&ask(&world).await), (1, [2, 0, 0, 0]));
    let (less, later) =
        (schema("\"id\": {}, \"level\": {}, \"changed_at\": {}"), record(3).replace("tier", "level"));
    script(&world, &format!("{CATALOG}\n{less}{later}"));
    let report = ask(&world).await;
    let said = &report.not_landed[0].reason;
    assert!(said.contains("source `clients` has no column `tier`, which `tier` is mapped from"), "{said}");
    assert_eq!(world.rows("client", &["id", "tier"]).await, [["1", "a"], ["2", "-"]]);
}
