//! Records are held against their events: whoever touches a row of the ledger or of the quarantine is found out.

use kepi_model::project::{Mode, Otherwise, Requirement};
use kepi_query::landing::{Lake, LoadOutcome};
use kepi_store::Altered;
use sqlx::Connection;

use crate::{landing::orders, support::*};

async fn altered(bench: &Bench) -> Vec<(&'static str, String)> {
    let altered = bench.store.altered_records().await.unwrap();
    altered.into_iter().map(|Altered { table, of, .. }| (table, of)).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_row_that_was_touched_is_found() {
    let bench = Bench::new().await;
    let (project, mut source) = orders(Mode::Append);
    source.rules = vec![rule("enough", Requirement::RowsAtLeast(2), Otherwise::Stop)];
    let path = bench.write("a.csv", "id,amount,at,paid\na,1,,\nb,Anna Smith,,\nc,2,,\n");
    let landed = bench.land(&project, &source, &path, NOW).await.unwrap();
    assert_eq!(landed.counts.quarantined, 1);
    let path = bench.write("b.csv", "id,amount,at,paid\nd,1,,\n");
    let stopped = bench.land(&project, &source, &path, NOW + 1).await.unwrap();
    assert!(matches!(stopped.outcome, LoadOutcome::Stopped { .. }));
    assert_eq!(altered(&bench).await, []);

    let url = format!("sqlite://{}", bench.folder.path().join(".kepi/kepi.db").display());
    let mut beside = sqlx::AnyConnection::connect(&url).await.unwrap();
    let columns = [
        "file",
        "content",
        "definition",
        "effective",
        "at",
        "snapshot",
        "rows",
        "columns",
        "report",
        "source",
        "entity",
    ];
    for load in [&landed.load, &stopped.load] {
        for column in columns {
            let change = match column {
                "effective" | "at" | "rows" => format!("{column} + 1"),
                "snapshot" => "coalesce(snapshot, 0) + 1".to_owned(),
                "columns" | "report" => format!("{column} || ' '"),
                _ => format!("{column} || 'x'"),
            };
            let set = |to: &str| format!("UPDATE kepi_load SET {column} = {to} WHERE load = '{load}'");
            sqlx::raw_sql(sqlx::AssertSqlSafe(format!("BEGIN; CREATE TEMP TABLE kept AS SELECT {column} AS it FROM kepi_load WHERE load = '{load}'; {}; COMMIT", set(&change))))
                .execute(&mut beside)
                .await
                .unwrap();
            assert_eq!(altered(&bench).await, [("kepi_load", load.clone())], "{column}");
            sqlx::raw_sql(sqlx::AssertSqlSafe(format!("{}; DROP TABLE kept", set("(SELECT it FROM kept)"))))
                .execute(&mut beside)
                .await
                .unwrap();
            assert_eq!(altered(&bench).await, [], "{column} put back");
        }
    }
    for change in [
        "SET raw = '{}'",
        "SET reason = reason || 'x'",
        "SET row = row + 1",
        "SET \"column\" = NULL",
        "SET rule = 'x'",
    ] {
        let sql = format!("SAVEPOINT s; UPDATE kepi_quarantine {change}");
        sqlx::raw_sql("CREATE TEMP TABLE kept AS SELECT * FROM kepi_quarantine")
            .execute(&mut beside)
            .await
            .unwrap();
        sqlx::raw_sql(sqlx::AssertSqlSafe(sql + "; RELEASE s")).execute(&mut beside).await.unwrap();
        assert_eq!(altered(&bench).await, [("kepi_quarantine", landed.load.clone())], "{change}");
        sqlx::raw_sql(
            "DELETE FROM kepi_quarantine; INSERT INTO kepi_quarantine SELECT * FROM kept; DROP TABLE kept",
        )
        .execute(&mut beside)
        .await
        .unwrap();
    }
    assert_eq!(altered(&bench).await, []);
    sqlx::raw_sql("DELETE FROM kepi_quarantine").execute(&mut beside).await.unwrap();
    assert_eq!(
        altered(&bench).await,
        [("kepi_quarantine", landed.load.clone())],
        "rows that are gone are missed"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn no_cell_and_no_name_of_a_file_reaches_the_log() {
    let bench = Bench::new().await;
    let (project, mut source) = orders(Mode::Append);
    let whole =
        at_least("amount", kepi_model::expression::Type::Money { currency: "EUR".into(), scale: 2 }, 100);
    source.rules = vec![rule("positive", Requirement::Row(whole), Otherwise::Stop)];
    let path = bench.write("Anna Smith.csv", "id,amount,at,paid\nSECRET-17,-4711,,\n");
    let stopped = bench.land(&project, &source, &path, NOW).await.unwrap();
    let LoadOutcome::Stopped { reason, .. } = &stopped.outcome else { panic!("{:?}", stopped.outcome) };
    let events = bench.store.events(&kepi_store::EventFilter::default()).await.unwrap();
    assert!(events.iter().any(|e| e.kind.as_str() == "load.stopped"));
    for event in &events {
        let line = event.line().unwrap();
        for words in ["Anna", "SECRET", "4711", reason.as_str()] {
            assert!(!line.contains(words), "{line}");
        }
    }
    // The ledger says it, and can forget it.
    assert_eq!(bench.lake.loads(None).await.unwrap()[0].outcome, stopped.outcome);
}

#[tokio::test(flavor = "multi_thread")]
async fn every_table_has_a_class() {
    let bench = Bench::new().await;
    let url = format!("sqlite://{}", bench.folder.path().join(".kepi/kepi.db").display());
    let mut beside = sqlx::AnyConnection::connect(&url).await.unwrap();
    let sql =
        "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite_%' ORDER BY name";
    let real: Vec<String> = sqlx::query_scalar(sql).fetch_all(&mut beside).await.unwrap();
    let mut listed: Vec<&str> = kepi_store::TABLES.iter().map(|t| t.name).collect();
    listed.sort_unstable();
    assert_eq!(
        real, listed,
        "a table is on the list of the store and nowhere else, with what would be lost with it"
    );
}
