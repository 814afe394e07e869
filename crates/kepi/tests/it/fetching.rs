//! Rows of another system, from its database to a figure.

use std::path::Path;

use serde_json::Value;
use sqlx::Connection;

use crate::support::Project;

fn sqlite(path: &Path, sql: &str) {
    let run = async {
        sqlx::any::install_default_drivers();
        let url = format!("sqlite://{}?mode=rwc", path.display());
        let mut connection = sqlx::AnyConnection::connect(&url).await.unwrap();
        sqlx::raw_sql(sqlx::AssertSqlSafe(sql.to_owned())).execute(&mut connection).await.unwrap();
        connection.close().await.unwrap();
    };
    tokio::runtime::Runtime::new().unwrap().block_on(run);
}

fn desk() -> Project {
    let project = Project::empty();
    project.write(
        "kepi.yml",
        "project: desk\nname: Desk\nlanguage: 1\ntime_zone: UTC\n---\nconnection: helpdesk\nsqlite: {file: desk.db}\n---\nsource: \
         tickets\ninto: ticket\nfrom: {database: {connection: helpdesk, table: ticket}}\nmode: snapshot\nmap:\n  id: {column: \
         number, as: text, required: true}\n  opened_at: {column: opened, as: timestamp, required: true}\n---\nkpi: tickets\nname: \
         Tickets\nbetter: lower\nmeasure:\n  count: {of: ticket}\nperiod: month\n",
    );
    project
}

fn value(project: &Project) -> Value {
    let shown: Value =
        serde_json::from_str(&project.ok(&["show", "kpi", "tickets", "--format", "json"])).unwrap();
    shown["kpi"]["value"]["point"].clone()
}

#[test]
fn a_table_of_another_system_becomes_a_figure() {
    let project = desk();
    project.ok(&["check"]);
    let file = project.path().join("desk.db");
    sqlite(
        &file,
        "CREATE TABLE ticket (number INTEGER, opened TEXT); INSERT INTO ticket VALUES (1, '2026-01-05 10:00:00'), (2, '2026-01-06 10:00:00')",
    );
    let report: Value = serde_json::from_str(&project.ok(&["run", "--format", "json"])).unwrap();
    let name = report["loads"][0]["file"].as_str().unwrap();
    assert!(name.starts_with("inbox/tickets/1-"), "{name}");
    assert_eq!(value(&project), 2.0);
    sqlite(&file, "INSERT INTO ticket VALUES (3, '2026-01-07 10:00:00')");
    project.ok(&["run", "--no-fetch"]);
    assert_eq!(value(&project), 2.0, "nobody was asked");
    project.ok(&["run"]);
    assert_eq!(value(&project), 3.0);
    project.ok(&["check", "--data"]);
    project.ok(&["audit", "verify"]);
    let shown = project.ok(&["show", "sources", "--format", "json"]);
    assert!(shown.contains("\"inbox/tickets/2-"), "{shown}");
    // The database is away: the figure stays, and the run says why.
    std::fs::rename(&file, project.path().join("elsewhere.db")).unwrap();
    let (_, stderr) = project.fails(3, &["run"]);
    assert!(stderr.contains("desk.db") && stderr.contains("source `tickets` did not land"), "{stderr}");
    assert_eq!(value(&project), 3.0);
}
