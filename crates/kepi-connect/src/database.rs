//! Rows of SQLite, PostgreSQL and MySQL.
//!
//! With a cursor, rows come in its order from its last value on, that value included, so that what has the same value and
//! came later is not lost; those that came before come again. A piece ends only where the value changes. Rows without a
//! value come every time: nobody could say whether they have changed. Those of a time that is yet to come do, too, since the
//! bookmark never passes them.

use std::{path::Path, time::Duration};

use jiff::{SignedDuration, civil::DateTime};
use kepi_model::project::{Database, Fetch, MappingFrom, Relation, Setting, Source, To};
use kepi_query::landing::{Fetched, Rows};
use kepi_store::foreign::{self, Ask, ForeignRow, Log, LogPlace, Mark, Of, Place, Server};
use serde_json::{Value, json};

use crate::{cursor::Cursor, error::FetchError, mapped::Mapped, secret::Secrets};

/// Where a connection leads to.
pub(crate) fn place(to: &To, secrets: &Secrets, root: &Path) -> Result<Place, FetchError> {
    Ok(match to {
        To::Sqlite { file } => {
            let written = matches!(file, Setting::Text(_));
            let path = secrets.setting(file)?;
            Place::Sqlite(if written { root.join(path) } else { path.into() })
        }
        To::Postgres(of) => Place::Postgres(server(of, secrets, root)?),
        To::MySql(of) => Place::MySql(server(of, secrets, root)?),
        other => return Err(FetchError::Bookmark(format!("{other} is no database"))),
    })
}

/// Where a database of a server is.
pub(crate) fn server(of: &Database, secrets: &Secrets, root: &Path) -> Result<Server, FetchError> {
    Ok(Server {
        host: secrets.setting(&of.host)?,
        port: of.port,
        database: secrets.setting(&of.database)?,
        user: secrets.setting(&of.user)?,
        password: of.password.as_ref().map(|at| secrets.read(at)).transpose()?,
        tls: of.tls,
        authority: of.authority.as_ref().map(|file| root.join(file)),
    })
}

/// What is asked of a database.
pub(crate) struct Asking<'a> {
    pub place: &'a Place,
    pub source: &'a Source,
    pub fetch: &'a Fetch,
    pub limit: Duration,
    /// Bytes after which a piece ends.
    pub piece: usize,
}

impl Asking<'_> {
    /// Fetches one piece.
    pub(crate) async fn fetch(
        &self,
        from: Option<&Value>,
        into: &mut dyn Rows,
    ) -> Result<Fetched, FetchError> {
        let Self { place, source, fetch, limit: time_limit, piece } = *self;
        let of = match &fetch.of {
            Relation::Table(name) => Of::Table(name),
            Relation::Query(text) => Of::Query(text),
            other => return Err(FetchError::Bookmark(format!("{other:?} is nothing of a database"))),
        };
        let reached: Option<Mark> = match from.and_then(|bookmark| bookmark.get("cursor")) {
            Some(mark) => {
                Some(serde_json::from_value(mark.clone()).map_err(|e| FetchError::Bookmark(e.to_string()))?)
            }
            None => None,
        };
        let cursor = fetch.cursor.as_deref();
        let own = cursor.map(|column| Cursor::of(source, column));
        let may_be_at = |mark: &Mark| own.is_none_or(|own| own.may_be_at(mark));
        // Where an earlier version was carried too far, it begins anew: landing knows the rows by their keys.
        let reached = reached.filter(may_be_at);
        let lowest = match &reached {
            Some(mark) if fetch.look_back > 0 => Some(earlier(mark, fetch.look_back)?),
            mark => mark.clone(),
        };
        let ask = Ask { of, cursor, from: lowest.as_ref(), reached: reached.as_ref(), time_limit };
        // The last value beyond what was reached before. Rows that are looked at again lead nowhere and count for nothing, so
        // that a piece always goes further than the one before.
        let (mut last, mut bytes, mut more) = (None, 0, false);
        let mut mapped = Mapped::of(source);
        let mut gone = Ok(());
        let mut take = |row: ForeignRow<'_>| {
            if !mapped.all_seen() {
                // All rows have the same columns.
                mapped.see(row.json);
                gone = mapped.refuse(|_| true);
                if gone.is_err() {
                    return Ok(false);
                }
            }
            if row.beyond {
                if cursor.is_some() && bytes >= piece && last.is_some() && row.mark != last {
                    more = true;
                    return Ok(false);
                }
                bytes += row.json.len();
                if let Some(mark) = row.mark.filter(may_be_at) {
                    last = Some(mark);
                }
            }
            into.row(row.json).map(|()| true)
        };
        foreign::read(place, ask, &mut take).await?.map_err(FetchError::Rows)?;
        gone?;
        let bookmark = match (cursor, last.or(reached)) {
            (Some(_), Some(mark)) => json!({ "cursor": mark }),
            _ => json!({}),
        };
        Ok(Fetched { bookmark, whole: cursor.is_none(), more })
    }
}

/// Fetches what changed in a table, or all of it where nothing has landed.
pub(crate) async fn changes(
    (server, source): (&Server, &Source),
    (table, slot): (&str, &str),
    (time_limit, piece): (Duration, usize),
    from: Option<&Value>,
    into: &mut dyn Rows,
) -> Result<Fetched, FetchError> {
    let reached: Option<LogPlace> = match from.and_then(|bookmark| bookmark.get("log")) {
        Some(place) => {
            Some(serde_json::from_value(place.clone()).map_err(|e| FetchError::Bookmark(e.to_string()))?)
        }
        None => None,
    };
    let columns = source.map.iter().filter_map(|mapping| match &mapping.from {
        MappingFrom::Column { column, .. } if source.key.contains(&mapping.attribute) => Some(column.trim()),
        _ => None,
    });
    let key: Vec<&str> = columns.collect();
    let mut mapped = Mapped::of(source);
    let mut missing = Ok(());
    let mut take = |row: ForeignRow<'_>| {
        if !mapped.all_seen() {
            // All rows have the columns that the table has now.
            mapped.see(row.json);
            missing = mapped.refuse(|_| true);
            if missing.is_err() {
                return Ok(false);
            }
        }
        into.row(row.json).map(|()| true)
    };
    let log = Log { table, slot, key: &key, from: reached.as_ref(), piece, time_limit };
    let reached = foreign::changes(server, log, &mut take).await?.map_err(FetchError::Rows)?;
    missing?;
    Ok(Fetched { bookmark: json!({ "log": reached.place }), whole: false, more: reached.more })
}

/// A time so many µs before another, spelt as it is, without a fraction and without its offset: not later, in the order of
/// times as in that of texts.
fn earlier(mark: &Mark, look_back: i64) -> Result<Mark, FetchError> {
    let Mark::Text(text) = mark else { return Err(FetchError::NoTime(format!("{mark:?}"))) };
    let no_time = || FetchError::NoTime(text.clone());
    let written = text.get(..19).or_else(|| text.get(..10)).ok_or_else(no_time)?;
    let at: DateTime = written.parse().map_err(|_| no_time())?;
    let before = at.checked_sub(SignedDuration::from_micros(look_back)).map_err(|_| no_time())?;
    Ok(Mark::Text(match text.as_bytes().get(10) {
        None => before.strftime("%Y-%m-%d").to_string(),
        Some(b'T') => before.strftime("%Y-%m-%dT%H:%M:%S").to_string(),
        Some(_) => before.strftime("%Y-%m-%d %H:%M:%S").to_string(),
    }))
}
