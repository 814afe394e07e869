//! A database for a test, of either kind.

use kepi_store::{Location, NewEvent, Store};
use serde_json::json;
use sqlx::{AnyConnection, Connection};

/// A database that goes away.
pub struct Place {
    pub location: Location,
    url: String,
    _folder: Option<tempfile::TempDir>,
}

pub fn sqlite() -> Option<Place> {
    let folder = tempfile::tempdir().unwrap();
    // A path with what an address would read as something else.
    let path = folder.path().join("100% öf #1?/deep/kepi.db");
    let url = format!("sqlite://{}/100%25%20%C3%B6f%20%231%3F/deep/kepi.db", folder.path().display());
    Some(Place { location: Location::Sqlite(path), url, _folder: Some(folder) })
}

pub fn postgres() -> Option<Place> {
    let url = kepi_testkit::postgres::fresh_database()?;
    Some(Place { location: format!("{url}&schema=north").parse().unwrap(), url, _folder: None })
}

impl Place {
    pub async fn store(&self) -> Store {
        Store::open(&self.location).await.unwrap()
    }

    /// Runs a statement beside the store, as somebody with a key to the database would.
    pub async fn meddle(&self, sql: &str) -> Result<u64, String> {
        let mut connection = AnyConnection::connect(&self.url).await.unwrap();
        if matches!(self.location, Location::Postgres(_)) {
            sqlx::query("SET search_path TO north").execute(&mut connection).await.unwrap();
        }
        let done = sqlx::query(sqlx::AssertSqlSafe(sql)).execute(&mut connection).await;
        done.map(|d| d.rows_affected()).map_err(|e| e.to_string())
    }
}

/// Declares the named functions as tests, once on SQLite and once on PostgreSQL.
macro_rules! on_both {
    ($($test:ident),* $(,)?) => {
        mod sqlite {
            $(#[tokio::test(flavor = "multi_thread")]
            async fn $test() {
                super::$test(crate::support::sqlite().unwrap()).await;
            })*
        }
        mod postgres {
            $(#[tokio::test(flavor = "multi_thread")]
            async fn $test() {
                if let Some(place) = crate::support::postgres() {
                    super::$test(place).await;
                }
            })*
        }
    };
}
pub(crate) use on_both;

pub fn event(at: i64, kind: &str) -> NewEvent {
    NewEvent {
        at,
        actor: "ana".into(),
        kind: kind.into(),
        subject: "source/a".into(),
        body: json!({"n": at}),
    }
}
