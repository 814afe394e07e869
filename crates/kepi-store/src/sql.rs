//! Statements: one way to run them on either database. Only this file and [`crate::store`] name the driver.
//!
//! Parameters are `$1`, `$2` … in both. Integers are read as `i64`, truth as a number that is not 0; what PostgreSQL
//! would widen (`sum`) is cast in the statement. Constants are in `sql/common`, where the databases differ in
//! `sql/sqlite` and `sql/postgres`.

pub(crate) mod common;
pub(crate) mod postgres;
pub(crate) mod sqlite;

use sqlx::{
    Any, AnyConnection, Decode, Encode, Row as _, Type,
    any::{AnyArguments, AnyRow},
};

use crate::error::{Refusal, StoreError};

/// Which database answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Dialect {
    Sqlite,
    Postgres,
}

impl Dialect {
    /// The one of two texts that is meant for this database.
    pub fn choose(self, sqlite: &'static str, postgres: &'static str) -> &'static str {
        match self {
            Self::Sqlite => sqlite,
            Self::Postgres => postgres,
        }
    }
}

/// A statement with its parameters, not run yet.
#[must_use = "a statement does nothing until it is run"]
pub(crate) struct Query<'t> {
    connection: &'t mut AnyConnection,
    query: sqlx::query::Query<'t, Any, AnyArguments>,
}

impl<'t> Query<'t> {
    pub fn new(connection: &'t mut AnyConnection, sql: impl sqlx::SqlSafeStr) -> Self {
        Self { connection, query: sqlx::query(sql) }
    }

    /// The next parameter.
    pub fn bind<T: Encode<'t, Any> + Type<Any> + 't>(mut self, value: T) -> Self {
        self.query = self.query.bind(value);
        self
    }

    /// Runs it; returns how many rows it changed.
    pub async fn run(self) -> Result<u64, StoreError> {
        Ok(self.query.execute(self.connection).await.map_err(refused)?.rows_affected())
    }

    /// All rows.
    pub async fn all(self) -> Result<Vec<Row>, StoreError> {
        Ok(self.query.fetch_all(self.connection).await.map_err(refused)?.into_iter().map(Row).collect())
    }

    /// The first row, if there is one.
    pub async fn first(self) -> Result<Option<Row>, StoreError> {
        Ok(self.query.fetch_optional(self.connection).await.map_err(refused)?.map(Row))
    }

    /// The first column of the first row, of a statement that always has one.
    pub async fn value<T: for<'r> Decode<'r, Any> + Type<Any>>(self) -> Result<T, StoreError> {
        Row(self.query.fetch_one(self.connection).await.map_err(refused)?).get(0)
    }
}

/// A row of an answer.
pub(crate) struct Row(AnyRow);

impl Row {
    /// A column by name or place.
    pub fn get<'r, T: Decode<'r, Any> + Type<Any>>(
        &'r self,
        column: impl sqlx::ColumnIndex<AnyRow>,
    ) -> Result<T, StoreError> {
        self.0.try_get(column).map_err(refused)
    }

    /// A count: a number that cannot be negative.
    pub fn count(&self, column: &'static str) -> Result<u64, StoreError> {
        let n: i64 = self.get(column)?;
        u64::try_from(n).map_err(|_| StoreError::Corrupt { what: column, reason: format!("it is {n}") })
    }
}

/// `insert` with the values of several rows: each begins with the first `shared` parameters and goes on with `own` of
/// its own, which follow in order. In one statement not too many: SQLite finds a parameter by going through all of them.
pub(crate) fn many(insert: &str, shared: usize, own: usize, rows: usize) -> String {
    let row = |n: usize| {
        let places = (1..=shared).chain((1..=own).map(|place| shared + n * own + place));
        let places: Vec<String> = places.map(|place| format!("${place}")).collect();
        format!("({})", places.join(", "))
    };
    format!("{insert} VALUES {}", (0..rows).map(row).collect::<Vec<_>>().join(", "))
}

/// A number as it is stored; none of ours comes near the limit.
pub(crate) fn stored(n: u64) -> i64 {
    i64::try_from(n).unwrap_or(i64::MAX)
}

pub(crate) fn refused(error: sqlx::Error) -> StoreError {
    StoreError::Refused(Refusal::new(error))
}

/// Runs a script of several statements without parameters.
pub(crate) async fn script(connection: &mut AnyConnection, sql: &'static str) -> Result<(), StoreError> {
    sqlx::raw_sql(sql).execute(connection).await.map_err(refused)?;
    Ok(())
}
