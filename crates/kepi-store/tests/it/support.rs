//! A database for a test, of either kind.

use kepi_store::{Location, Store};
use sqlx::{AnyConnection, Column, Connection, Row, any::AnyRow};

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

    /// A connection beside the store's, as somebody with a key to the database would have.
    pub async fn beside(&self) -> AnyConnection {
        let mut connection = AnyConnection::connect(&self.url).await.unwrap();
        if matches!(self.location, Location::Postgres(_)) {
            sqlx::query("SET search_path TO north").execute(&mut connection).await.unwrap();
        }
        connection
    }

    /// The first number of an answer.
    pub async fn query(&self, sql: &str) -> i64 {
        let row = sqlx::query(sqlx::AssertSqlSafe(sql)).fetch_one(&mut self.beside().await).await.unwrap();
        row.get(0)
    }

    /// How many rows a table has.
    pub async fn count(&self, table: &str) -> i64 {
        self.query(&format!("SELECT count(*) FROM {table}")).await
    }

    /// All rows of a table as texts, sorted.
    pub async fn rows(&self, table: &str) -> Vec<Vec<String>> {
        let cell = |row: &AnyRow, n: usize| match row.try_get::<Option<String>, _>(n) {
            Ok(text) => text.unwrap_or_else(|| "-".to_owned()),
            Err(_) => row.get::<i64, _>(n).to_string(),
        };
        let sql = format!("SELECT * FROM {table}");
        let rows = sqlx::query(sqlx::AssertSqlSafe(sql)).fetch_all(&mut self.beside().await).await.unwrap();
        let mut rows: Vec<Vec<String>> =
            rows.iter().map(|row| row.columns().iter().map(|c| cell(row, c.ordinal())).collect()).collect();
        rows.sort();
        rows
    }

    /// Runs a statement beside the store.
    pub async fn meddle(&self, sql: &str) -> Result<u64, String> {
        let mut connection = self.beside().await;
        let done = sqlx::query(sqlx::AssertSqlSafe(sql)).execute(&mut connection).await;
        done.map(|d| d.rows_affected()).map_err(|e| e.to_string())
    }
}

impl Place {
    /// As somebody who owns the database: nothing is protected any more.
    pub async fn unprotect(&self) {
        let mut owner = self.beside().await;
        let tables = ["kepi_event", "kepi_tree", "kepi_checkpoint"];
        let sql = match &self.location {
            Location::Sqlite(_) => tables
                .iter()
                .map(|t| format!("DROP TRIGGER {t}_no_update; DROP TRIGGER {t}_no_delete;"))
                .collect::<String>(),
            Location::Postgres(_) => {
                let triggers = tables
                    .iter()
                    .map(|t| format!("ALTER TABLE {t} DISABLE TRIGGER ALL;"))
                    .collect::<String>();
                triggers
                    + "ALTER TABLE kepi_event DROP CONSTRAINT kepi_event_body_check, DROP CONSTRAINT kepi_event_subject_n_key;"
            }
        };
        sqlx::raw_sql(sqlx::AssertSqlSafe(sql)).execute(&mut owner).await.unwrap();
        if matches!(self.location, Location::Sqlite(_)) {
            // SQLite drops no constraint: the table is made anew without.
            let sql = "CREATE TABLE bare AS SELECT * FROM kepi_event; DROP TABLE kepi_event; ALTER TABLE bare RENAME TO kepi_event";
            sqlx::raw_sql(sql).execute(&mut owner).await.unwrap();
        }
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
