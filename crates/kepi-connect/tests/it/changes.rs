//! What changes in a table of PostgreSQL, by its log: every change once, deletions too; what cannot be told is said.

use crate::support::{World, landed, postgres, run_sql};

/// A connection whose changes are in the log as soon as they are made, which those of other tests are not.
pub async fn logged(url: &str) -> sqlx::AnyConnection {
    let mut crm = postgres(url).await;
    run_sql(&mut crm, "SET synchronous_commit TO on").await;
    crm
}

/// Makes a publication and a slot.
pub async fn log(crm: &mut sqlx::AnyConnection, table: &str, name: &str) {
    run_sql(crm, &format!("CREATE PUBLICATION {name} FOR TABLE {table}")).await;
    run_sql(crm, &slot_of(name)).await;
}

fn slot_of(name: &str) -> String {
    format!("SELECT pg_create_logical_replication_slot('{name}', 'pgoutput')::text")
}

fn definitions(url: &str, slot: &str, more: &str) -> String {
    let (name, host) = url.trim_start_matches("postgres:///").split_once("?host=").unwrap();
    let host = host.trim_end_matches("&user=kepi");
    format!(
        "---
connection: crm
postgres: {{host: {host}, database: {name}, user: kepi}}
---
entity: client
name: Client
key: [id]
attributes:
  id: {{type: text}}
  tier: {{type: text}}
  worth: {{type: \"number, 2 decimals\"}}
  note: {{type: text}}
  seen_at: {{type: timestamp}}
  gone: {{type: boolean}}
---
source: clients
into: client
from: {{database: {{connection: crm, table: shop.Client, changes: {slot}}}}}
mode: upsert
deletes: {{where: gone}}
map:
  id: {{column: id, as: text, required: true}}
  tier: {{column: tier, as: text, required: true}}
  worth: {{column: worth, as: \"number, 2 decimals\"}}
  note: {{column: note, as: text}}
  seen_at: {{column: seen_at, as: timestamp}}
  gone: {{column: _gone, as: boolean, \"true\": [\"true\"], \"false\": [\"false\"]}}
{more}"
    )
}

const TABLE: &str = "CREATE SCHEMA shop; CREATE TABLE shop.\"Client\" (id BIGINT PRIMARY KEY, tier TEXT, worth NUMERIC(20, 2),
    note TEXT, seen_at TIMESTAMPTZ, tags TEXT[], more JSONB);";

#[tokio::test(flavor = "multi_thread")]
async fn every_change_comes_once_and_what_was_deleted_is_gone() {
    let Some(url) = kepi_testkit::postgres::fresh_database() else { return };
    let slot = format!("log_{}", url.split(['/', '?']).nth(3).unwrap());
    let world = World::new(&definitions(&url, &slot, ""));
    let mut crm = logged(&url).await;
    run_sql(&mut crm, TABLE).await;
    // What is not there yet is said, with the statements that make it.
    let why = |report: kepi_app::run::RunReport| report.not_landed[0].reason.clone();
    let said = why(world.run().await);
    assert!(said.contains("CREATE PUBLICATION"), "{said}");
    run_sql(&mut crm, &format!("CREATE PUBLICATION {slot} FOR TABLE shop.\"Client\"")).await;
    let said = why(world.run().await);
    assert!(said.contains("SELECT pg_create_logical_replication_slot"), "{said}");
    run_sql(&mut crm, &slot_of(&slot)).await;

    // A text that is kept apart from its row.
    let long = "md5(n::text) || repeat(md5((n + 1)::text), 20000)";
    run_sql(
        &mut crm,
        &format!(
            "ALTER TABLE shop.\"Client\" ALTER note SET STORAGE EXTERNAL;
             INSERT INTO shop.\"Client\" SELECT n, 'it''s \"' || n, n + 0.25, {long}, '2026-01-05 12:00+02', '{{a,b}}', '{{\"b\": 1.10}}'
                 FROM generate_series(1, 3) n;
             INSERT INTO shop.\"Client\" VALUES (9007199254740993, 'ö', 90071992547409.93)"
        ),
    )
    .await;
    // All there is, and then what the log has of it, which is known.
    assert_eq!(landed(&world.run().await), (2, [4, 0, 4, 0]));
    assert_eq!(landed(&world.run().await), (0, [0; 4]));
    run_sql(
        &mut crm,
        "BEGIN; UPDATE shop.\"Client\" SET tier = 'a' WHERE id = 1; UPDATE shop.\"Client\" SET tier = 'b' WHERE id = 1; COMMIT;
         BEGIN; UPDATE shop.\"Client\" SET tier = 'never'; ROLLBACK;
         UPDATE shop.\"Client\" SET id = 30 WHERE id = 3; DELETE FROM shop.\"Client\" WHERE id = 2;
         INSERT INTO shop.\"Client\" VALUES (2, 'again', NULL); DELETE FROM shop.\"Client\" WHERE id = 9007199254740993",
    )
    .await;
    let report = world.run().await;
    assert_eq!(landed(&report).1[3], 0, "{report:?}");
    let rows = world.rows("client", &["id", "tier", "worth", "seen_at"]).await;
    assert_eq!(
        rows,
        [
            ["1", "b", "125", "1767607200000000"],
            ["2", "again", "-", "-"],
            ["30", "it's \"3", "325", "1767607200000000"]
        ]
    );
    // The long text was not told where it did not change, and is what it was.
    for row in world.rows("client", &["id", "note"]).await {
        assert_eq!(row[1].len() > 600_000, row[0] != "2", "{}", row[0]);
    }
    // Two columns more, one less, and what is not asked for: the rows go on.
    run_sql(
        &mut crm,
        "ALTER TABLE shop.\"Client\" ADD born DATE; ALTER TABLE shop.\"Client\" DROP tags;
         INSERT INTO shop.\"Client\" (id, tier, born) VALUES (5, 'new', '2000-01-01')",
    )
    .await;
    assert_eq!(landed(&world.run().await), (1, [1, 0, 0, 0]));
    // What is asked for and is not there any more is refused.
    run_sql(
        &mut crm,
        "ALTER TABLE shop.\"Client\" RENAME tier TO tiers; UPDATE shop.\"Client\" SET tiers = 'x' WHERE id = 5",
    )
    .await;
    let said = why(world.run().await);
    assert!(said.contains("no column `tier`") && said.contains("`tiers`"), "{said}");
    run_sql(&mut crm, "ALTER TABLE shop.\"Client\" RENAME tiers TO tier").await;
    assert_eq!(landed(&world.run().await), (1, [0, 1, 0, 0]));

    // A slot that somebody else has read, or that is gone, has lost changes.
    run_sql(&mut crm, "INSERT INTO shop.\"Client\" VALUES (6, 'lost')").await;
    run_sql(
        &mut crm,
        &format!("SELECT pg_replication_slot_advance('{slot}', pg_current_wal_flush_lsn())::text"),
    )
    .await;
    let said = why(world.run().await);
    assert!(said.contains("changes are lost") && said.contains("another name"), "{said}");
    run_sql(&mut crm, &format!("SELECT pg_drop_replication_slot('{slot}')::text")).await;
    let said = why(world.run().await);
    assert!(said.contains("no such slot: changes are lost"), "{said}");
    // By another name all is read anew.
    let next = format!("{slot}_2");
    log(&mut crm, "shop.\"Client\"", &next).await;
    world.define(&definitions(&url, &next, ""));
    assert_eq!(landed(&world.run().await), (1, [1, 0, 4, 0]));
    run_sql(&mut crm, "TRUNCATE shop.\"Client\"").await;
    let said = why(world.run().await);
    assert!(said.contains("TRUNCATE"), "{said}");
    run_sql(&mut crm, &format!("SELECT pg_drop_replication_slot('{next}')::text")).await;
}

#[test]
fn what_does_not_go_with_a_log_is_found() {
    let right = definitions("postgres:///crm?host=/tmp&user=kepi", "kepi_clients", "");
    for (from, to, said) in [
        ("changes: kepi_clients", "changes: Kepi-Clients", "no name of a replication slot"),
        ("table: shop.Client, changes", "query: \"SELECT 1\", changes", "changes of tables, not of queries"),
        ("changes: kepi_clients", "changes: kepi_clients, cursor: seen_at", "by a cursor and by a log"),
        ("deletes: {where: gone}\n", "", "nobody listens"),
        ("mode: upsert", "mode: upsert\nversion: seen_at", "in their order"),
        ("mode: upsert", "mode: snapshot", "only what changed"),
        (
            "postgres: {host: /tmp, database: crm, user: kepi}",
            "sqlite: {file: crm.db}",
            "a connection to PostgreSQL",
        ),
        (
            "user: kepi}",
            "user: kepi, tls: off, authority: a.pem}",
            "nothing is held against this certificate",
        ),
        ("user: kepi}", "user: kepi, tls: maybe}", "maybe"),
    ] {
        let world = World::new(&right.replacen(from, to, 1));
        let files = kepi_lake::FileSources::new(world.path());
        let checked = kepi_app::open::check_folder(world.path(), &files, None).unwrap().1;
        let wrong = format!("{:?}", checked.findings);
        assert!(wrong.contains(said), "{to}: {wrong}");
    }
    let world = World::new(&right);
    kepi_app::open::load(world.path(), &kepi_lake::FileSources::new(world.path()), None).unwrap();
}
