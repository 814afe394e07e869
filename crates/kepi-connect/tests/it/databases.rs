//! Tables of SQLite and PostgreSQL become rows of the lake: exactly, once, and again from what was fetched.

use crate::support::{World, landed, postgres, run_sql, sqlite};

const ACCOUNTS: &str = "---
connection: crm
sqlite: {file: crm.db}
---
entity: client
name: Client
key: [id]
attributes:
  id: {type: text}
  tier: {type: text}
  worth: {type: \"number, 2 decimals\"}
  seen_at: {type: timestamp}
";

fn source(from: &str, mode: &str) -> String {
    format!(
        "{ACCOUNTS}---
source: clients
into: client
from: {{database: {{connection: crm, {from}}}}}
mode: {mode}
map:
  id: {{column: id, as: text, required: true}}
  tier: {{column: tier, as: text}}
  worth: {{column: worth, as: \"number, 2 decimals\"}}
  seen_at: {{column: seen_at, as: timestamp, required: true}}
"
    )
}

const CLIENT: [&str; 4] = ["id", "tier", "worth", "seen_at"];

#[tokio::test(flavor = "multi_thread")]
async fn a_table_of_sqlite_is_in_the_lake_as_it_is() {
    let world = World::new(&source("table: client", "snapshot"));
    let file = world.path().join("crm.db");
    sqlite(
        &file,
        "CREATE TABLE client (id INTEGER PRIMARY KEY, tier TEXT, worth NUMERIC, seen_at TEXT, note BLOB);
         INSERT INTO client VALUES (1, 'gold', 12.34, '2026-01-05 10:00:00', x'00ff'),
             (2, '', 0.1, '2026-01-05T11:00:00+01:00', NULL), (3, NULL, 1234567890.12, '2026-01-05 10:00:00', NULL),
             (4, 'a\"b\\c' || char(10) || 'ö', NULL, 'soon', NULL)",
    )
    .await;
    // The fourth has no time: it is rejected and said, not lost.
    assert_eq!(landed(&world.run().await), (1, [3, 0, 0, 1]));
    let rows = world.rows("client", &CLIENT).await;
    assert_eq!(
        rows,
        [
            ["1", "gold", "1234", "1767607200000000"],
            ["2", "-", "10", "1767607200000000"],
            ["3", "-", "123456789012", "1767607200000000"]
        ]
    );
    // Nothing new: no file, no load.
    assert_eq!(landed(&world.run().await), (0, [0; 4]));
    // A row changes, one goes, one comes.
    sqlite(
        &file,
        "UPDATE client SET tier = 'silver' WHERE id = 1; DELETE FROM client WHERE id = 2;
         UPDATE client SET seen_at = '2026-01-06 00:00:00' WHERE id = 4",
    )
    .await;
    assert_eq!(landed(&world.run().await), (1, [1, 1, 1, 0]));
    let rows = world.rows("client", &["id", "tier"]).await;
    assert_eq!(rows, [["1", "silver"], ["3", "-"], ["4", "a\"b\\c\nö"]]);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_fetched_lands_anew_without_asking_again() {
    let world = World::new(&source("table: client", "snapshot"));
    let file = world.path().join("crm.db");
    sqlite(
        &file,
        "CREATE TABLE client (id INTEGER PRIMARY KEY, tier TEXT, worth NUMERIC, seen_at TEXT, old_tier TEXT);
         INSERT INTO client VALUES (1, 'gold', 1, '2026-01-05 10:00:00', 'iron')",
    )
    .await;
    assert_eq!(landed(&world.run().await), (1, [1, 0, 0, 0]));
    std::fs::remove_file(&file).unwrap();
    let other = source("table: client", "snapshot").replace("column: tier", "column: old_tier");
    world.define(&other);
    assert_eq!(landed(&world.run_with_what_is_there().await), (1, [1, 0, 0, 0]));
    assert_eq!(world.rows("client", &["id", "tier"]).await, [["1", "iron"]]);
    // Who asks hears that it is not there, and what has landed stays.
    let report = world.run().await;
    assert!(report.not_landed[0].reason.contains("crm.db"), "{:?}", report.not_landed);
    assert_eq!(world.rows("client", &["id", "tier"]).await, [["1", "iron"]]);
}

#[tokio::test(flavor = "multi_thread")]
async fn without_asking_nothing_lands_that_was_never_fetched() {
    let world = World::new(&source("table: client", "snapshot"));
    let report = world.run_with_what_is_there().await;
    assert!(report.not_landed[0].reason.contains("without `--no-fetch`"), "{:?}", report.not_landed);
}

/// A database of PostgreSQL, and the definition that fetches from it with a cursor.
fn on_postgres(more: &str) -> Option<(String, String)> {
    let url = kepi_testkit::postgres::fresh_database()?;
    let (name, host) = url.trim_start_matches("postgres:///").split_once("?host=").unwrap();
    let host = host.trim_end_matches("&user=kepi");
    let to = format!("postgres: {{host: {host}, database: {name}, user: kepi}}");
    let from =
        source(&format!("table: shop.client, cursor: changed_at{more}"), "upsert\nversion: changed_at");
    let definitions = from.replace("sqlite: {file: crm.db}", &to).replace(
        "  seen_at: {type: timestamp}\n",
        "  seen_at: {type: timestamp}\n  changed_at: {type: timestamp}\n",
    ) + "  changed_at: {column: changed_at, as: timestamp, required: true}\n";
    Some((url, definitions))
}

const TABLE: &str =
    "CREATE SCHEMA shop; CREATE TABLE shop.client (id BIGINT PRIMARY KEY, tier TEXT, worth NUMERIC(20, 2),
    seen_at TIMESTAMPTZ, changed_at TIMESTAMPTZ);";

#[tokio::test(flavor = "multi_thread")]
async fn only_what_is_new_is_fetched_and_ties_are_not_lost() {
    let Some((url, definitions)) = on_postgres("") else { return };
    let world = World::new(&definitions);
    let mut crm = postgres(&url).await;
    run_sql(
        &mut crm,
        &format!(
            "{TABLE} INSERT INTO shop.client VALUES
                 (9007199254740993, 'it''s', 90071992547409.93, '2026-01-05 12:00+02', '2026-01-06 10:00:00.000001+00'),
                 (2, NULL, 'NaN', '2026-01-05 10:00+00', '2026-01-06 10:00:00.000001+00'),
                 (3, '', NULL, '2026-01-05 10:00+00', '2026-01-06 09:00+00')"
        ),
    )
    .await;
    // NaN is no number: its row is rejected and said.
    assert_eq!(landed(&world.run().await), (1, [2, 0, 0, 1]));
    let rows = world.rows("client", &CLIENT).await;
    assert_eq!(
        rows,
        [
            ["3", "-", "-", "1767607200000000"],
            ["9007199254740993", "it's", "9007199254740993", "1767607200000000"]
        ]
    );
    assert_eq!(landed(&world.run().await), (1, [0, 0, 1, 1]), "what has the last value comes once more");
    assert_eq!(landed(&world.run().await), (0, [0; 4]), "and the very same again is no news");
    // One more with the very same value of the cursor, and the one that was rejected is put right with it unchanged.
    run_sql(
        &mut crm,
        "INSERT INTO shop.client VALUES (4, 'late', 1, '2026-01-05 10:00+00', '2026-01-06 10:00:00.000001+00');
         UPDATE shop.client SET worth = 2 WHERE id = 2",
    )
    .await;
    assert_eq!(landed(&world.run().await), (1, [2, 0, 1, 0]), "the rest of the tie comes again and is known");
    run_sql(&mut crm, "UPDATE shop.client SET tier = 'x', changed_at = '2026-01-07 00:00+00' WHERE id = 3")
        .await;
    assert_eq!(landed(&world.run().await), (1, [0, 1, 3, 0]));
    assert_eq!(world.rows("client", &["id", "tier"]).await.len(), 4);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_committed_late_is_found_by_looking_back() {
    let Some((url, definitions)) = on_postgres(", look_back: 10 minutes") else { return };
    let world = World::new(&definitions);
    let (mut crm, mut slow) = (postgres(&url).await, postgres(&url).await);
    run_sql(&mut crm, TABLE).await;
    run_sql(
        &mut slow,
        "BEGIN; INSERT INTO shop.client VALUES (1, 'slow', 1, '2026-01-05 10:00+00', '2026-01-06 10:00+00')",
    )
    .await;
    run_sql(
        &mut crm,
        "INSERT INTO shop.client VALUES (2, 'fast', 1, '2026-01-05 10:00+00', '2026-01-06 10:05+00')",
    )
    .await;
    assert_eq!(landed(&world.run().await), (1, [1, 0, 0, 0]));
    run_sql(&mut slow, "COMMIT").await;
    assert_eq!(landed(&world.run().await), (1, [1, 0, 1, 0]));
    assert_eq!(world.rows("client", &["id", "tier"]).await, [["1", "slow"], ["2", "fast"]]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_query_and_another_stream_begin_anew() {
    let Some((url, definitions)) = on_postgres("") else { return };
    let world = World::new(&definitions);
    let mut crm = postgres(&url).await;
    let rows = "INSERT INTO shop.client SELECT n, 'a', n, '2026-01-05 10:00+00', '2026-01-06 10:00+00' FROM generate_series(1, 3) n";
    run_sql(&mut crm, &format!("{TABLE} {rows}")).await;
    assert_eq!(landed(&world.run().await), (1, [3, 0, 0, 0]));
    let query = "query: \"SELECT id, upper(tier) AS tier, worth, seen_at, changed_at + interval '1 day' AS changed_at FROM shop.client -- all\"";
    world.define(&definitions.replace("table: shop.client", query));
    assert_eq!(landed(&world.run().await), (1, [0, 3, 0, 0]));
    assert_eq!(world.rows("client", &["id", "tier"]).await, [["1", "A"], ["2", "A"], ["3", "A"]]);
    // What the reader could do to the database it may not do.
    world
        .define(&definitions.replace("table: shop.client", "query: \"DELETE FROM shop.client RETURNING *\""));
    let report = world.run().await;
    assert_eq!(report.not_landed.len(), 1, "{report:?}");
    world.define(&definitions.replace("table: shop.client", "table: shop.nobody"));
    let report = world.run().await;
    assert!(report.not_landed[0].reason.contains("nobody"), "{:?}", report.not_landed);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cursor_that_lies_ahead_or_is_no_time_hides_nothing_that_comes_later() {
    let world = World::new(&source("table: client, cursor: seen_at", "upsert\nversion: seen_at"));
    let file = world.path().join("crm.db");
    sqlite(
        &file,
        "CREATE TABLE client (id INTEGER PRIMARY KEY, tier TEXT, worth NUMERIC, seen_at TEXT);
         INSERT INTO client VALUES (1, 'a', 1, '2026-01-05 10:00:00'), (2, 'b', 1, '9999-12-31 00:00:00'),
             (3, 'c', 1, '2098-01-01 00:00:00'), (4, 'd', 1, 'n/a'), (5, 'e', 1, '10000-01-01 00:00:00')",
    )
    .await;
    // What lies far ahead within the plausible lands; the others are rejected and said.
    assert_eq!(landed(&world.run().await), (1, [2, 0, 0, 3]));
    // What no bookmark may pass is asked for again; the very same is no news.
    assert_eq!(landed(&world.run().await), (1, [0, 0, 2, 2]));
    assert_eq!(landed(&world.run().await), (0, [0; 4]));
    sqlite(
        &file,
        "INSERT INTO client VALUES (6, 'f', 1, '2026-01-06 10:00:00');
         UPDATE client SET seen_at = '2026-01-07 10:00:00', tier = 'x' WHERE id = 4",
    )
    .await;
    assert_eq!(landed(&world.run().await), (1, [2, 0, 2, 1]));
    let rows = world.rows("client", &["id", "tier"]).await;
    assert_eq!(rows, [["1", "a"], ["3", "c"], ["4", "x"], ["6", "f"]]);
}

#[tokio::test(flavor = "multi_thread")]
async fn infinity_hides_nothing_that_comes_later() {
    let Some((url, definitions)) = on_postgres("") else { return };
    let world = World::new(&definitions);
    let mut crm = postgres(&url).await;
    run_sql(
        &mut crm,
        &format!(
            "{TABLE} INSERT INTO shop.client VALUES (1, 'a', 1, '2026-01-05 10:00+00', '2026-01-06 10:00+00'),
                 (2, 'b', 1, '2026-01-05 10:00+00', 'infinity'), (3, 'c', 1, '2026-01-05 10:00+00', '9999-12-31')"
        ),
    )
    .await;
    assert_eq!(landed(&world.run().await), (1, [1, 0, 0, 2]));
    run_sql(
        &mut crm,
        "INSERT INTO shop.client VALUES (4, 'd', 1, '2026-01-05 10:00+00', '2026-01-07 10:00+00')",
    )
    .await;
    assert_eq!(landed(&world.run().await), (1, [1, 0, 1, 2]));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_column_that_is_there_no_more_is_refused_and_empties_nothing() {
    for (from, mode) in [
        ("table: client", "snapshot"),
        ("table: client", "upsert\nversion: seen_at"),
        ("table: client, cursor: seen_at", "upsert\nversion: seen_at"),
    ] {
        let world = World::new(&source(from, mode));
        let file = world.path().join("crm.db");
        sqlite(
            &file,
            "CREATE TABLE client (id INTEGER PRIMARY KEY, tier TEXT, worth NUMERIC, seen_at TEXT);
             INSERT INTO client VALUES (1, 'gold', 1, '2026-01-05 10:00:00')",
        )
        .await;
        assert_eq!(landed(&world.run().await), (1, [1, 0, 0, 0]));
        sqlite(&file, "ALTER TABLE client RENAME COLUMN tier TO tiers; UPDATE client SET seen_at = '2026-01-06 10:00:00'")
            .await;
        let report = world.run().await;
        assert!(
            report.loads.iter().all(|load| load.outcome == kepi_query::landing::LoadOutcome::AlreadyLanded)
        );
        assert_eq!(
            report.not_landed[0].reason,
            "source `clients` has no column `tier`, which `tier` is mapped from; did you mean `tiers`?"
        );
        assert_eq!(world.rows("client", &["id", "tier"]).await, [["1", "gold"]]);
    }
}
