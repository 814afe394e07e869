//! Reading other people's databases, whose rows are to land: nothing is written to them, and every value comes out as the
//! database itself spells it, so that nothing is lost on the way through types of ours.

mod changes;
mod mysql;

use std::{fmt, fmt::Write, path::PathBuf, time::Duration};

use futures::TryStreamExt;
use kepi_model::project::Tls;
use serde::{Deserialize, Serialize};
use serde_json::json;
use sqlx::{
    AssertSqlSafe, Column, Connection, Row, TypeInfo, ValueRef,
    mysql::{MySqlConnectOptions, MySqlConnection, MySqlSslMode},
    postgres::{PgConnectOptions, PgConnection, PgSslMode},
    sqlite::{SqliteConnectOptions, SqliteConnection, SqliteRow},
};

pub use changes::{Log, Place as LogPlace, Reached, changes};

use crate::{
    error::{Refusal, StoreError},
    way,
};

/// Where a foreign database is.
#[derive(Clone)]
pub enum Place {
    /// A file of SQLite.
    Sqlite(PathBuf),
    /// A database of a PostgreSQL server.
    Postgres(Server),
    /// A database of a server of MySQL or MariaDB.
    MySql(Server),
}

/// A database of a server.
#[derive(Clone)]
pub struct Server {
    /// Server, or where its socket is.
    pub host: String,
    /// Its port.
    pub port: u16,
    /// Database.
    pub database: String,
    /// Who reads.
    pub user: String,
    /// With which password.
    pub password: Option<String>,
    /// How the way there is encrypted; none: with a certificate that is verified, unless it is within this machine.
    pub tls: Option<Tls>,
    /// The certificate of who certifies the server, beside the public ones.
    pub authority: Option<PathBuf>,
}

/// What can be done where a connection cannot be encrypted.
const WAY_OUT: &str = "let the server have a certificate for its name, and name by `authority` who certified it, if that \
    is nobody public; within a network of your own `tls: require` or `tls: off` does without";

impl Server {
    fn shown(&self, scheme: &str) -> String {
        format!("{scheme}://{}@{}:{}/{}", self.user, self.host, self.port, self.database)
    }

    /// How the way is encrypted, and to whom it leads: where it is not, an address that was looked at.
    async fn way(&self, location: &str) -> Result<(Tls, String), StoreError> {
        let here = way::is_here(&self.host);
        let tls = self.tls.unwrap_or(if here { Tls::Off } else { Tls::Verify });
        Ok(match tls {
            Tls::Off if !here => (tls, way::open(location, &self.host, self.port).await?.to_string()),
            _ => (tls, self.host.clone()),
        })
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Sqlite(path) => write!(f, "{}", path.display()),
            Self::Postgres(server) => f.write_str(&server.shown("postgres")),
            Self::MySql(server) => f.write_str(&server.shown("mysql")),
        }
    }
}

/// Which rows are read.
#[derive(Debug, Clone, Copy)]
pub enum Of<'a> {
    /// Of a table or view, as the database spells its name, with its schema if need be.
    Table(&'a str),
    /// Of a `SELECT`.
    Query(&'a str),
}

/// A value of a column by which rows are ordered.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Mark {
    /// A whole number.
    Integer(i64),
    /// Another number.
    Real(f64),
    /// A text, or anything as PostgreSQL spells it.
    Text(String),
}

/// What is asked of a foreign database.
#[derive(Debug, Clone, Copy)]
pub struct Ask<'a> {
    /// Which rows.
    pub of: Of<'a>,
    /// In the order of this column; rows without a value in it come first.
    pub cursor: Option<&'a str>,
    /// Only rows that are not below it, and those without a value.
    pub from: Option<&'a Mark>,
    /// The value reached before: each row says whether it is beyond.
    pub reached: Option<&'a Mark>,
    /// How long the database may take.
    pub time_limit: Duration,
}

impl Ask<'_> {
    /// The statement, with `lowest` as what the lowest row is compared with.
    fn sql(&self, names: Names, select: &str, lowest: Option<&str>) -> String {
        let of = match self.of {
            Of::Table(name) => {
                let parts: Vec<String> = name.split('.').map(|part| names.quoted(part)).collect();
                parts.join(".")
            }
            // A comment at its end must not swallow what follows.
            Of::Query(text) => format!("({text}\n)"),
        };
        let mut sql = format!("SELECT {select} FROM {of} AS q");
        if let Some(cursor) = self.cursor.map(|name| names.quoted(name)) {
            if let Some(lowest) = lowest {
                let _ = write!(sql, " WHERE q.{cursor} >= {lowest} OR q.{cursor} IS NULL");
            }
            let _ = write!(sql, " ORDER BY q.{cursor}");
            // Elsewhere they come first by themselves.
            if names == Names::Standard {
                sql.push_str(" NULLS FIRST");
            }
        }
        sql
    }
}

/// How a database writes names in statements.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Names {
    Standard,
    MySql,
}

impl Names {
    fn quoted(self, name: &str) -> String {
        let quote = match self {
            Self::Standard => '"',
            Self::MySql => '`',
        };
        let name = name.trim().trim_matches(quote).replace(quote, &format!("{quote}{quote}"));
        format!("{quote}{name}{quote}")
    }
}

/// A row of a foreign database.
#[derive(Debug)]
pub struct ForeignRow<'a> {
    /// As a JSON object.
    pub json: &'a str,
    /// Its value of the cursor.
    pub mark: Option<Mark>,
    /// Whether that is beyond what was reached before.
    pub beyond: bool,
}

/// Takes a row; false: it is enough.
pub type Take<'a, E> = &'a mut (dyn FnMut(ForeignRow<'_>) -> Result<bool, E> + Send);

/// Reads rows of a foreign database, all as of one moment.
///
/// # Errors
/// It cannot be reached or refuses; or, inside, what `take` says.
pub async fn read<E: Send>(
    place: &Place,
    ask: Ask<'_>,
    take: Take<'_, E>,
) -> Result<Result<(), E>, StoreError> {
    let location = place.to_string();
    let opened = |e| way::failed(&location, WAY_OUT, e);
    let refused = |e| StoreError::Refused(Refusal::new(e));
    match place {
        Place::Sqlite(path) => {
            let options = SqliteConnectOptions::new().filename(path).read_only(true).create_if_missing(false);
            let mut connection = SqliteConnection::connect_with(&options).await.map_err(opened)?;
            sqlite(&mut connection, ask, take).await.map_err(refused)
        }
        Place::Postgres(server) => {
            let options = postgres_options(server, ask.time_limit).await?;
            let mut connection = PgConnection::connect_with(&options).await.map_err(opened)?;
            postgres(&mut connection, ask, take).await.map_err(refused)
        }
        Place::MySql(server) => {
            let (tls, host) = server.way(&location).await?;
            let options = MySqlConnectOptions::new()
                .port(server.port)
                .database(&server.database)
                .username(&server.user)
                .ssl_mode(match tls {
                    Tls::Verify => MySqlSslMode::VerifyIdentity,
                    Tls::Require => MySqlSslMode::Required,
                    Tls::Off => MySqlSslMode::Disabled,
                })
                // A query is in the database's own words, also where it writes `||`.
                .pipes_as_concat(false)
                .no_engine_substitution(false);
            let mut options = if host.starts_with('/') { options.socket(host) } else { options.host(&host) };
            if let Some(authority) = &server.authority {
                options = options.ssl_ca(authority);
            }
            if let Some(password) = &server.password {
                options = options.password(password);
            }
            let mut connection = MySqlConnection::connect_with(&options).await.map_err(opened)?;
            mysql::read(&mut connection, ask, take).await.map_err(refused)
        }
    }
}

/// How a server of PostgreSQL is connected to, and how a session begins there.
async fn postgres_options(server: &Server, time_limit: Duration) -> Result<PgConnectOptions, StoreError> {
    let (tls, host) = server.way(&server.shown("postgres")).await?;
    let options = PgConnectOptions::new_without_pgpass()
        .port(server.port)
        .database(&server.database)
        .username(&server.user)
        .ssl_mode(match tls {
            Tls::Verify => PgSslMode::VerifyFull,
            Tls::Require => PgSslMode::Require,
            Tls::Off => PgSslMode::Disable,
        })
        .application_name("kepi")
        .extra_float_digits(1)
        .options([
            ("default_transaction_read_only", "on"),
            ("standard_conforming_strings", "on"),
            ("synchronize_seqscans", "off"),
            ("IntervalStyle", "iso_8601"),
            ("statement_timeout", &time_limit.as_millis().to_string()),
            ("TimeZone", "UTC"),
        ]);
    let mut options = if host.starts_with('/') { options.socket(host) } else { options.host(&host) };
    if let Some(authority) = &server.authority {
        options = options.ssl_root_cert(authority);
    }
    if let Some(password) = &server.password {
        options = options.password(password);
    }
    Ok(options)
}

/// PostgreSQL writes every row as JSON itself: numbers exact, times with their zone.
async fn postgres<E: Send>(
    connection: &mut PgConnection,
    ask: Ask<'_>,
    take: Take<'_, E>,
) -> Result<Result<(), E>, sqlx::Error> {
    // A literal, so that it is taken for whatever the column is.
    let literal = |mark: &Mark| match mark {
        Mark::Integer(n) => format!("'{n}'"),
        Mark::Real(n) => format!("'{n}'"),
        Mark::Text(text) => format!("'{}'", text.replace('\'', "''")),
    };
    let select = match ask.cursor.map(|name| Names::Standard.quoted(name)) {
        Some(cursor) => {
            let reached = ask.reached.map_or("NULL".to_owned(), literal);
            let beyond = format!("coalesce(q.{cursor} > {reached}, {})", ask.reached.is_none());
            format!("row_to_json(q)::text, q.{cursor}::text, {beyond}")
        }
        None => "row_to_json(q)::text, NULL::text, true".to_owned(),
    };
    let sql = ask.sql(Names::Standard, &select, ask.from.map(literal).as_deref());
    let query = sqlx::query(AssertSqlSafe(sql)).persistent(false);
    let mut rows = query.fetch(connection);
    while let Some(row) = rows.try_next().await? {
        let (json, mark): (String, Option<String>) = (row.try_get(0)?, row.try_get(1)?);
        match take(ForeignRow { json: &json, mark: mark.map(Mark::Text), beyond: row.try_get(2)? }) {
            Ok(true) => {}
            Ok(false) => break,
            Err(error) => return Ok(Err(error)),
        }
    }
    Ok(Ok(()))
}

/// SQLite would write numbers with 15 digits: rows are spelt here, each value by what it is, whatever its column says.
async fn sqlite<E: Send>(
    connection: &mut SqliteConnection,
    ask: Ask<'_>,
    take: Take<'_, E>,
) -> Result<Result<(), E>, sqlx::Error> {
    let select = match ask.cursor.map(|name| Names::Standard.quoted(name)) {
        Some(cursor) => format!("q.{cursor}, coalesce(q.{cursor} > ?1, ?1 IS NULL), q.*"),
        None => "NULL, coalesce(?1, 1), q.*".to_owned(),
    };
    let mut query = sqlx::query(AssertSqlSafe(ask.sql(Names::Standard, &select, ask.from.map(|_| "?2"))))
        .persistent(false);
    for mark in [ask.reached, ask.from] {
        query = match mark {
            Some(Mark::Integer(n)) => query.bind(*n),
            Some(Mark::Real(n)) => query.bind(*n),
            Some(Mark::Text(text)) => query.bind(text.clone()),
            None => query.bind(None::<i64>),
        };
    }
    let mut rows = query.fetch(connection);
    let mut line = String::new();
    while let Some(row) = rows.try_next().await? {
        line.clear();
        for (at, column) in row.columns().iter().enumerate().skip(2) {
            line.push(if at == 2 { '{' } else { ',' });
            let _ = write!(line, "{}:{}", json!(column.name()), spelt(&row, at)?);
        }
        line.push('}');
        let mark = match value(&row, 0)? {
            Value::Integer(n) => Some(Mark::Integer(n)),
            Value::Real(n) => Some(Mark::Real(n)),
            Value::Text(text) => Some(Mark::Text(text)),
            Value::Null | Value::Bytes(_) => None,
        };
        let beyond = row.try_get_unchecked::<i64, _>(1)? != 0;
        match take(ForeignRow { json: &line, mark, beyond }) {
            Ok(true) => {}
            Ok(false) => break,
            Err(error) => return Ok(Err(error)),
        }
    }
    Ok(Ok(()))
}

/// What SQLite can hold.
enum Value {
    Null,
    Integer(i64),
    Real(f64),
    Text(String),
    Bytes(Vec<u8>),
}

fn value(row: &SqliteRow, at: usize) -> Result<Value, sqlx::Error> {
    let raw = row.try_get_raw(at)?;
    if raw.is_null() {
        return Ok(Value::Null);
    }
    let kind = raw.type_info();
    Ok(match kind.name() {
        "INTEGER" => Value::Integer(row.try_get_unchecked(at)?),
        "REAL" => Value::Real(row.try_get_unchecked(at)?),
        "BLOB" => Value::Bytes(row.try_get_unchecked(at)?),
        _ => Value::Text(row.try_get_unchecked(at)?),
    })
}

fn spelt(row: &SqliteRow, at: usize) -> Result<String, sqlx::Error> {
    Ok(match value(row, at)? {
        Value::Null => "null".to_owned(),
        Value::Integer(n) => n.to_string(),
        // The shortest digits that mean this number, never an exponent; what is no number is no JSON number.
        Value::Real(n) if n.is_finite() => n.to_string(),
        Value::Real(n) => json!(n.to_string()).to_string(),
        Value::Text(text) => json!(text).to_string(),
        Value::Bytes(bytes) => json!(hex(&bytes)).to_string(),
    })
}

/// Bytes as PostgreSQL writes them.
fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::from("\\x"), |mut hex, byte| {
        let _ = write!(hex, "{byte:02x}");
        hex
    })
}
