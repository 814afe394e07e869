//! MySQL and MariaDB. They write no rows as JSON without loss, so rows are spelt here, each value by its type: as the server
//! sends it in binary, which rounds nothing. Asking is by a prepared statement, which is one and no more.

use std::{fmt::Write, time::Duration};

use futures::TryStreamExt;
use serde_json::json;
use sqlx::{
    AssertSqlSafe, Column, Executor, Row, SqlSafeStr, Statement, Type, TypeInfo, ValueRef,
    mysql::{MySql, MySqlConnection, MySqlRow},
};

use super::{Ask, ForeignRow, Mark, Names, Take, hex};

/// How a connection begins: it cannot write, and takes no longer than it may, also where rows are taken slowly. What MySQL takes
/// for a comment MariaDB runs, and the other way round.
fn session(limit: Duration) -> [String; 2] {
    let (seconds, milliseconds) = (limit.as_secs().max(1), limit.as_millis().max(1));
    [
        "SET SESSION TRANSACTION READ ONLY".to_owned(),
        format!(
            "SET SESSION net_write_timeout = {seconds} /*M! , max_statement_time = {seconds} */ \
             /*!50708 , max_execution_time = {milliseconds} */"
        ),
    ]
}

/// What a value of the cursor is compared with: words of the statement, or something bound to it.
enum Compared {
    Word(String),
    Integer(i64),
    Real(f64),
    Text(String),
}

impl Compared {
    fn word(&self) -> &str {
        match self {
            Self::Word(word) => word,
            _ => "?",
        }
    }
}

pub(super) async fn read<E: Send>(
    connection: &mut MySqlConnection,
    ask: Ask<'_>,
    take: Take<'_, E>,
) -> Result<Result<(), E>, sqlx::Error> {
    for statement in session(ask.time_limit) {
        sqlx::raw_sql(AssertSqlSafe(statement)).execute(&mut *connection).await?;
    }
    let cursor = ask.cursor.map(|name| Names::MySql.quoted(name));
    // A number that is compared with a text would be rounded.
    let numeric = match &cursor {
        Some(cursor) if ask.from.or(ask.reached).is_some() => {
            let of = Ask { cursor: None, ..ask }.sql(Names::MySql, &format!("q.{cursor}"), None);
            let prepared = connection.prepare(AssertSqlSafe(of).into_sql_str()).await?;
            prepared.columns().first().is_some_and(|column| is_number(column.type_info().name()))
        }
        _ => false,
    };
    let compared = |mark: &Mark| match mark {
        Mark::Integer(n) => Compared::Integer(*n),
        Mark::Real(n) => Compared::Real(*n),
        Mark::Text(digits) if numeric && is_digits(digits) => Compared::Word(digits.clone()),
        Mark::Text(text) => Compared::Text(text.clone()),
    };
    let (reached, lowest) = (ask.reached.map(compared), ask.from.map(compared));
    let select = match (&cursor, &reached) {
        (Some(cursor), Some(reached)) => {
            format!("q.{cursor}, coalesce(q.{cursor} > {}, 0), q.*", reached.word())
        }
        (Some(cursor), None) => format!("q.{cursor}, 1, q.*"),
        (None, _) => "NULL, 1, q.*".to_owned(),
    };
    let sql = ask.sql(Names::MySql, &select, lowest.as_ref().map(Compared::word));
    let mut query = sqlx::query(AssertSqlSafe(sql)).persistent(false);
    for compared in [reached, lowest].into_iter().flatten() {
        query = match compared {
            Compared::Word(_) => query,
            Compared::Integer(n) => query.bind(n),
            Compared::Real(n) => query.bind(n),
            Compared::Text(text) => query.bind(text),
        };
    }
    let mut rows = query.fetch(connection);
    let mut line = String::new();
    while let Some(row) = rows.try_next().await? {
        line.clear();
        for (at, column) in row.columns().iter().enumerate().skip(2) {
            line.push(if at == 2 { '{' } else { ',' });
            let _ = write!(line, "{}:{}", json!(column.name()), spelt(&row, at)?.json);
        }
        line.push('}');
        let beyond = row.try_get_unchecked::<i64, _>(1)? != 0;
        match take(ForeignRow { json: &line, mark: spelt(&row, 0)?.mark, beyond }) {
            Ok(true) => {}
            Ok(false) => break,
            Err(error) => return Ok(Err(error)),
        }
    }
    Ok(Ok(()))
}

fn is_number(kind: &str) -> bool {
    kind == "DECIMAL" || kind == "YEAR" || kind == "BIT" || kind.contains("INT")
}

fn is_digits(text: &str) -> bool {
    let digits = text.strip_prefix('-').unwrap_or(text);
    digits.starts_with(|c: char| c.is_ascii_digit()) && digits.chars().all(|c| c.is_ascii_digit() || c == '.')
}

/// A value, in a row and as one that rows are ordered by.
struct Spelt {
    json: String,
    mark: Option<Mark>,
}

fn spelt(row: &MySqlRow, at: usize) -> Result<Spelt, sqlx::Error> {
    let raw = row.try_get_raw(at)?;
    let kind = raw.type_info();
    let temporal = matches!(kind.name(), "DATE" | "DATETIME" | "TIMESTAMP");
    // A date of zeros is taken for no value by who reads it, and is one all the same.
    if raw.is_null() && !(temporal && row.try_get_unchecked::<&[u8], _>(at).is_ok()) {
        return Ok(Spelt { json: "null".to_owned(), mark: None });
    }
    let bytes: &[u8] = row.try_get_unchecked(at)?;
    let text = |text: String| Spelt { json: json!(text).to_string(), mark: Some(Mark::Text(text)) };
    Ok(match kind.name() {
        "BIT" => whole(bytes.iter().fold(0, |n, byte| n << 8 | i128::from(*byte))),
        "FLOAT" => {
            let n: f32 = row.try_get_unchecked(at)?;
            real(n.into(), n.to_string())
        }
        "DOUBLE" => {
            let n: f64 = row.try_get_unchecked(at)?;
            real(n, n.to_string())
        }
        "DECIMAL" => {
            let digits: &str = row.try_get_unchecked(at)?;
            Spelt { json: without_zeros(digits), mark: Some(Mark::Text(digits.to_owned())) }
        }
        "TIMESTAMP" => {
            let instant = date_and_time(bytes, true);
            Spelt { json: json!(format!("{instant}+00:00")).to_string(), mark: Some(Mark::Text(instant)) }
        }
        name @ ("DATE" | "DATETIME") => text(date_and_time(bytes, name == "DATETIME")),
        "TIME" => text(length(bytes)),
        "YEAR" => whole(row.try_get_unchecked::<i64, _>(at)?.into()),
        name if name == "BOOLEAN" || name.contains("INT") => {
            whole(if <u64 as Type<MySql>>::compatible(&kind) {
                row.try_get_unchecked::<u64, _>(at)?.into()
            } else {
                row.try_get_unchecked::<i64, _>(at)?.into()
            })
        }
        name if matches!(name, "ENUM" | "SET" | "JSON") || <str as Type<MySql>>::compatible(&kind) => {
            text(row.try_get_unchecked(at)?)
        }
        _ => Spelt { json: json!(hex(bytes)).to_string(), mark: None },
    })
}

fn whole(n: i128) -> Spelt {
    let mark = i64::try_from(n).map_or_else(|_| Mark::Text(n.to_string()), Mark::Integer);
    Spelt { json: n.to_string(), mark: Some(mark) }
}

fn real(n: f64, shortest: String) -> Spelt {
    Spelt { json: shortest, mark: Some(Mark::Real(n)) }
}

/// Digits without the zeros that fill a column: JSON has no numbers that begin so.
fn without_zeros(digits: &str) -> String {
    let (sign, rest) = match digits.strip_prefix('-') {
        Some(rest) => ("-", rest),
        None => ("", digits),
    };
    let rest = rest.trim_start_matches('0');
    let zero = if rest.starts_with(|c: char| c.is_ascii_digit()) { "" } else { "0" };
    format!("{sign}{zero}{rest}")
}

/// The parts of a time as it is sent: a length, which leaves out what is zero at the end, and the parts themselves.
fn parts<const N: usize>(bytes: &[u8], of: [usize; N]) -> [u64; N] {
    let mut rest = bytes.get(1..).unwrap_or_default();
    of.map(|length| {
        let (part, behind) = rest.split_at_checked(length).unwrap_or((&[], &[]));
        rest = behind;
        part.iter().rev().fold(0, |n, byte| n << 8 | u64::from(*byte))
    })
}

fn date_and_time(bytes: &[u8], with_time: bool) -> String {
    let [year, month, day, hour, minute, second, micros] = parts(bytes, [2, 1, 1, 1, 1, 1, 4]);
    let mut text = format!("{year:04}-{month:02}-{day:02}");
    if with_time {
        let _ = write!(text, " {hour:02}:{minute:02}:{second:02}");
        if micros > 0 {
            let _ = write!(text, ".{micros:06}");
        }
    }
    text
}

fn length(bytes: &[u8]) -> String {
    let [negative, days, hours, minutes, seconds, micros] = parts(bytes, [1, 4, 1, 1, 1, 4]);
    let sign = if negative == 1 { "-" } else { "" };
    let mut text = format!("{sign}{:02}:{minutes:02}:{seconds:02}", days * 24 + hours);
    if micros > 0 {
        let _ = write!(text, ".{micros:06}");
    }
    text
}
