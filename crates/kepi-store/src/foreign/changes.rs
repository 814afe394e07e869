//! What changes in a table of PostgreSQL, from its log: a replication slot, which keeps what nobody has acknowledged, read by
//! `pgoutput` through plain statements. Looking at it takes nothing away, so that whoever dies between may look again; what
//! has landed is acknowledged by the next look.
//!
//! The texts of a change become a row by the server itself, so that a row of the log is spelt as one of the table.

use std::{fmt::Write, time::Duration};

use futures::TryStreamExt;
use serde::{Deserialize, Serialize};
use serde_json::json;
use sqlx::{AssertSqlSafe, Connection, Row, postgres::PgConnection};

use super::{Ask, ForeignRow, Names, Of, Server, Take, postgres, postgres_options};
use crate::error::{Refusal, StoreError};

/// Changes that are looked at in one go, unless one transaction has more.
const AT_ONCE: i32 = 100_000;
/// Rows that become rows of the table in one go.
const TOGETHER: usize = 500;

/// A place in the log, that sorts as its text does.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Place(String);

impl Place {
    fn at(n: u64) -> Self {
        Self(format!("{n:016X}"))
    }

    /// As PostgreSQL writes it.
    fn read(text: &str) -> Option<Self> {
        let (high, low) = text.split_once('/')?;
        let number = |hex| u64::from_str_radix(hex, 16).ok();
        Some(Self::at(number(high)? << 32 | number(low)?))
    }

    fn number(&self) -> u64 {
        u64::from_str_radix(&self.0, 16).unwrap_or_default()
    }

    fn written(&self) -> String {
        let n = self.number();
        format!("{:X}/{:X}", n >> 32, n & 0xFFFF_FFFF)
    }
}

/// Which changes are read.
#[derive(Debug, Clone, Copy)]
pub struct Log<'a> {
    /// The table, with its schema if need be.
    pub table: &'a str,
    /// Name of the slot, and of the publication.
    pub slot: &'a str,
    /// Columns that identify a row where the source says so.
    pub key: &'a [&'a str],
    /// Up to where its changes have landed; none: nothing has.
    pub from: Option<&'a Place>,
    /// Bytes of rows after which it is enough for now.
    pub piece: usize,
    /// How long the database may take.
    pub time_limit: Duration,
}

/// How far it has come.
#[derive(Debug)]
pub struct Reached {
    /// Up to where.
    pub place: Place,
    /// Whether there is more at once.
    pub more: bool,
}

/// Reads the table as it stands where nothing has landed, and else what has changed in it since. Every row has `_gone`, which is
/// true where it was deleted.
///
/// # Errors
/// The database cannot be reached, refuses, or has lost changes; or, inside, what `take` says.
pub async fn changes<E: Send>(
    server: &Server,
    log: Log<'_>,
    take: Take<'_, E>,
) -> Result<Result<Reached, E>, StoreError> {
    let options = postgres_options(server, log.time_limit).await?;
    let location = server.shown("postgres");
    let opened = |e| super::way::failed(&location, super::WAY_OUT, e);
    let refused = |e| StoreError::Refused(Refusal::new(e));
    let mut connection = PgConnection::connect_with(&options).await.map_err(opened)?;
    let acknowledged = ready(&mut connection, log).await?;
    let Some(from) = log.from else {
        // The slot begins before what is read: what changes meanwhile comes once more, behind it.
        let ask = Ask {
            of: Of::Table(log.table),
            cursor: None,
            from: None,
            reached: None,
            time_limit: log.time_limit,
        };
        let mut line = String::new();
        let mut there = |row: ForeignRow<'_>| {
            marked(&mut line, false, row.json);
            take(ForeignRow { json: &line, ..row })
        };
        let read = postgres(&mut connection, ask, &mut there).await.map_err(refused)?;
        return Ok(read.map(|()| Reached { place: acknowledged, more: true }));
    };
    let mut speller = PgConnection::connect_with(&options).await.map_err(opened)?;
    let table: i64 = sqlx::query_scalar("SELECT to_regclass($1)::oid::bigint")
        .bind(name(log.table))
        .fetch_one(&mut speller)
        .await
        .map_err(refused)?;
    let columns = "SELECT attname::text FROM pg_attribute WHERE attrelid = $1::bigint::oid AND attnum > 0 AND NOT attisdropped";
    let columns = sqlx::query_scalar(columns).bind(table).fetch_all(&mut speller).await.map_err(refused)?;
    let end: String = sqlx::query_scalar("SELECT pg_current_wal_flush_lsn()::text")
        .fetch_one(&mut speller)
        .await
        .map_err(refused)?;
    let end = Place::read(&end).unwrap_or_else(|| from.clone());
    let looked =
        "SELECT data FROM pg_logical_slot_peek_binary_changes($1, $2::text::pg_lsn, $3, 'proto_version', '1',
        'publication_names', $4)";
    let looked = sqlx::query(looked)
        .bind(log.slot)
        .bind(end.written())
        .bind(AT_ONCE)
        // A list of names, each quoted if need be.
        .bind(Names::Standard.quoted(log.slot))
        .persistent(false);
    let mut reading = Reading { log, table, relation: None, rows: Vec::new(), columns };
    let (mut seen, mut bytes, mut last, mut new) = (0, 0, from.clone(), false);
    let mut messages = looked.fetch(&mut connection);
    while let Some(row) = messages.try_next().await.map_err(refused)? {
        let data: Vec<u8> = row.try_get(0).map_err(refused)?;
        seen += 1;
        match reading.message(&data, new)? {
            Said::Begins(at) => new = at >= from.number(),
            Said::Ends(at) if new => {
                last = Place::at(at);
                if bytes + reading.length() >= log.piece {
                    break;
                }
            }
            Said::Other | Said::Ends(_) => {}
        }
        if reading.rows.len() >= TOGETHER {
            bytes += reading.length();
            if let Err(error) = reading.give(&mut speller, take).await? {
                return Ok(Err(error));
            }
        }
    }
    drop(messages);
    bytes += reading.length();
    if let Err(error) = reading.give(&mut speller, take).await? {
        return Ok(Err(error));
    }
    let more = bytes >= log.piece || seen >= AT_ONCE;
    // Where others write much and nobody here, the slot must go on, or it would keep all of that.
    let far = end.number().saturating_sub(from.number()) > log.piece as u64;
    let place = match bytes > 0 || more {
        true => last,
        false if far => end,
        false => from.clone(),
    };
    Ok(Ok(Reached { more: more && place != *from, place }))
}

/// A name of a table, in quotes, as a text that PostgreSQL looks up.
fn name(table: &str) -> String {
    let parts: Vec<String> = table.split('.').map(|part| Names::Standard.quoted(part)).collect();
    parts.join(".")
}

fn marked(line: &mut String, gone: bool, json: &str) {
    line.clear();
    let _ = write!(line, "{{\"_gone\":{gone}");
    match json.get(1..) {
        Some(rest) if rest != "}" => {
            line.push(',');
            line.push_str(rest);
        }
        _ => line.push('}'),
    }
}

/// Whether the slot and the publication are what they must be; what has landed is acknowledged. Up to where the slot knows.
async fn ready(connection: &mut PgConnection, log: Log<'_>) -> Result<Place, StoreError> {
    let refused = |e| StoreError::Refused(Refusal::new(e));
    let wrong = |why: String| StoreError::Changes { slot: log.slot.to_owned(), why };
    let published = "SELECT p.pubinsert AND p.pubupdate AND p.pubdelete FROM pg_publication p
        JOIN pg_publication_tables t ON t.pubname = p.pubname
        WHERE p.pubname = $1 AND to_regclass(quote_ident(t.schemaname) || '.' || quote_ident(t.tablename)) = to_regclass($2)";
    let published: Option<bool> = sqlx::query_scalar(published)
        .bind(log.slot)
        .bind(name(log.table))
        .fetch_optional(&mut *connection)
        .await
        .map_err(refused)?;
    if published != Some(true) {
        return Err(wrong(format!(
            "no publication of that name publishes all changes of `{table}`; `CREATE PUBLICATION {slot} FOR TABLE {table}` makes \
             one (of a partitioned table `WITH (publish_via_partition_root)`)",
            table = log.table,
            slot = log.slot
        )));
    }
    let slot = "SELECT coalesce(plugin = 'pgoutput' AND database = current_database(), false),
        coalesce(wal_status, '') = 'lost', coalesce(confirmed_flush_lsn::text, '')
        FROM pg_replication_slots WHERE slot_name = $1";
    let found = sqlx::query(slot).bind(log.slot).fetch_optional(&mut *connection).await.map_err(refused)?;
    let Some(found) = found else {
        let lost = if log.from.is_some() { LOST } else { "" };
        return Err(wrong(format!(
            "there is no such slot{lost}; `SELECT pg_create_logical_replication_slot('{}', 'pgoutput')` makes one",
            log.slot
        )));
    };
    let (fits, lost, at): (bool, bool, String) = (
        found.try_get(0).map_err(refused)?,
        found.try_get(1).map_err(refused)?,
        found.try_get(2).map_err(refused)?,
    );
    if !fits {
        return Err(wrong("it is a slot of another database, or not one of `pgoutput`".to_owned()));
    }
    let Some(acknowledged) = Place::read(&at).filter(|_| !lost) else {
        return Err(wrong(format!(
            "the server has thrown away what it kept for it{LOST}; drop it and make one"
        )));
    };
    match log.from {
        Some(from) if *from < acknowledged => Err(wrong(format!(
            "it is at {}, beyond {}, up to where changes have landed: another run is ahead of this one, or somebody else read \
             it, or it was made anew{LOST}",
            acknowledged.written(),
            from.written()
        ))),
        Some(from) if *from > acknowledged => {
            // Not further than the server has come: what it was restored from may be older.
            let moved = "SELECT pg_replication_slot_advance($1, least($2::text::pg_lsn, pg_current_wal_flush_lsn()))::text";
            sqlx::query(moved)
                .bind(log.slot)
                .bind(from.written())
                .execute(connection)
                .await
                .map_err(refused)?;
            Ok(from.clone())
        }
        _ => Ok(acknowledged),
    }
}

/// What is said where changes are lost.
const LOST: &str = ": changes are lost; make a slot and a publication of another name and write that name, by which all rows are \
    read anew, and let a source of `mode: keys` end those that were deleted meanwhile";

/// What a message says of transactions.
enum Said {
    /// One begins that was committed there.
    Begins(u64),
    /// It ends; the log goes on there.
    Ends(u64),
    Other,
}

/// A row that changed.
struct Change {
    gone: bool,
    /// Its columns as texts, by name: an object of JSON.
    texts: String,
    /// Whether something is not told: a long text, since it is what it was, or what a column is called by now.
    untold: bool,
}

/// What the log says of the columns of the table.
struct Columns {
    names: Vec<String>,
    /// Whether they identify a row.
    keys: Vec<bool>,
    /// Whether their texts are JSON.
    json: Vec<bool>,
}

/// The numbers of the types `json` and `jsonb`.
const JSON: [u64; 2] = [114, 3802];

struct Reading<'a> {
    log: Log<'a>,
    /// Its number, by which changes name it.
    table: i64,
    relation: Option<Columns>,
    rows: Vec<Change>,
    /// The columns that the table has by now.
    columns: Vec<String>,
}

/// What is read of a message.
struct Bytes<'a>(&'a [u8]);

impl<'a> Bytes<'a> {
    fn take(&mut self, n: usize) -> Option<&'a [u8]> {
        let (taken, rest) = self.0.split_at_checked(n)?;
        self.0 = rest;
        Some(taken)
    }

    fn number(&mut self, bytes: usize) -> Option<u64> {
        Some(self.take(bytes)?.iter().fold(0, |n, byte| n << 8 | u64::from(*byte)))
    }

    fn text(&mut self) -> Option<String> {
        let end = self.0.iter().position(|byte| *byte == 0)?;
        let text = String::from_utf8(self.take(end)?.to_vec()).ok()?;
        self.take(1)?;
        Some(text)
    }
}

/// The cells of a row: nothing, not told, or a text.
enum Cell {
    Null,
    Untold,
    Text(String),
}

impl Reading<'_> {
    /// Bytes of rows that were not given yet.
    fn length(&self) -> usize {
        self.rows.iter().map(|row| row.texts.len()).sum()
    }

    fn wrong(&self, why: impl Into<String>) -> StoreError {
        StoreError::Changes { slot: self.log.slot.to_owned(), why: why.into() }
    }

    fn message(&mut self, data: &[u8], new: bool) -> Result<Said, StoreError> {
        let mut bytes = Bytes(data);
        let said = self.read(&mut bytes, new)?;
        said.ok_or_else(|| self.wrong("the log has a message that is none of `pgoutput`"))
    }

    /// None: the message is cut off.
    fn read(&mut self, bytes: &mut Bytes<'_>, new: bool) -> Result<Option<Said>, StoreError> {
        let Some(kind) = bytes.number(1) else { return Ok(None) };
        Ok(match u8::try_from(kind).unwrap_or_default() {
            b'B' => bytes.number(8).map(Said::Begins),
            b'C' => bytes.take(9).and_then(|_| bytes.number(8)).map(Said::Ends),
            b'R' => self.relation(bytes),
            b'T' if new => return self.emptied(bytes),
            b'I' | b'U' | b'D' if new => return self.row(bytes),
            _ => Some(Said::Other),
        })
    }

    fn is_own(&self, relation: u64) -> bool {
        i64::try_from(relation) == Ok(self.table)
    }

    fn relation(&mut self, bytes: &mut Bytes<'_>) -> Option<Said> {
        let relation = bytes.number(4)?;
        if !self.is_own(relation) {
            return Some(Said::Other);
        }
        let _names = (bytes.text()?, bytes.text()?, bytes.take(1)?);
        let count = bytes.number(2)?;
        let mut columns = Columns { names: Vec::new(), keys: Vec::new(), json: Vec::new() };
        for _ in 0..count {
            columns.keys.push(bytes.number(1)? & 1 == 1);
            columns.names.push(bytes.text()?);
            columns.json.push(JSON.contains(&bytes.number(4)?));
            bytes.take(4)?;
        }
        self.relation = Some(columns);
        Some(Said::Other)
    }

    fn emptied(&self, bytes: &mut Bytes<'_>) -> Result<Option<Said>, StoreError> {
        let Some(count) = bytes.number(4) else { return Ok(None) };
        bytes.take(1);
        for _ in 0..count {
            match bytes.number(4) {
                Some(relation) if self.is_own(relation) => {
                    return Err(self.wrong(format!(
                        "`{}` was emptied by `TRUNCATE`, which does not say whose rows are gone{LOST}",
                        self.log.table
                    )));
                }
                Some(_) => {}
                None => return Ok(None),
            }
        }
        Ok(Some(Said::Other))
    }

    fn row(&mut self, bytes: &mut Bytes<'_>) -> Result<Option<Said>, StoreError> {
        let Some(relation) = bytes.number(4) else { return Ok(None) };
        if !self.is_own(relation) {
            return Ok(Some(Said::Other));
        }
        let Some(columns) = self.relation.take() else {
            return Err(self.wrong("the log has a row before it says which columns there are"));
        };
        let (mut old, mut new) = (None, None);
        while let Some(kind) = bytes.number(1) {
            let Some(cells) = cells(bytes) else { return Ok(None) };
            if kind == u64::from(b'N') {
                new = Some(cells);
            } else {
                old = Some((kind == u64::from(b'K'), cells));
            }
        }
        self.changed(&columns, old, new);
        self.relation = Some(columns);
        Ok(Some(Said::Other))
    }

    /// What was deleted, or had another key before, is gone; what is there now is there.
    fn changed(&mut self, columns: &Columns, old: Option<(bool, Vec<Cell>)>, new: Option<Vec<Cell>>) {
        let text = |cells: &[Cell], at: usize| match cells.get(at) {
            Some(Cell::Text(text)) => Some(text.clone()),
            _ => None,
        };
        let Some(new) = new else {
            if let Some((_, cells)) = old {
                self.push(columns, true, cells);
            }
            return;
        };
        let mut new = new;
        if let Some((only_key, before)) = old {
            for (at, cell) in new.iter_mut().enumerate().filter(|_| !only_key) {
                if matches!(cell, Cell::Untold)
                    && let Some(told) = text(&before, at)
                {
                    *cell = Cell::Text(told);
                }
            }
            // The old key comes where it is another; a whole old row always.
            let identify = |at: usize| match columns.names.get(at) {
                Some(name) if !only_key => self.log.key.contains(&name.as_str()),
                _ => columns.keys.get(at).copied().unwrap_or_default(),
            };
            let other =
                (0..columns.names.len()).any(|at| identify(at) && text(&before, at) != text(&new, at));
            if other {
                self.push(columns, true, before);
            }
        }
        self.push(columns, false, new);
    }

    fn push(&mut self, columns: &Columns, gone: bool, cells: Vec<Cell>) {
        let renamed = !columns.names.iter().all(|name| self.columns.contains(name));
        let untold = !gone && (renamed || cells.iter().any(|cell| matches!(cell, Cell::Untold)));
        let mut texts = String::new();
        for (at, (name, cell)) in columns.names.iter().zip(cells).enumerate() {
            let text = match cell {
                Cell::Text(text) if columns.json.get(at) == Some(&true) => text,
                Cell::Text(text) => json!(text).to_string(),
                Cell::Null | Cell::Untold => "null".to_owned(),
            };
            let _ = write!(texts, "{}{}:{text}", if at == 0 { "{" } else { "," }, json!(name));
        }
        texts.push_str(if texts.is_empty() { "{}" } else { "}" });
        self.rows.push(Change { gone, texts, untold });
    }

    /// Gives the rows as the table has them. A row of which something is not told is read where it stands: what changed in it
    /// later comes later, and if it is not there any more, that comes, too.
    async fn give<E: Send>(
        &mut self,
        speller: &mut PgConnection,
        take: &mut (dyn FnMut(ForeignRow<'_>) -> Result<bool, E> + Send),
    ) -> Result<Result<(), E>, StoreError> {
        let refused = |e| StoreError::Refused(Refusal::new(e));
        let rows = std::mem::take(&mut self.rows);
        if rows.is_empty() {
            return Ok(Ok(()));
        }
        let table = name(self.log.table);
        let keys: Vec<String> = self
            .relation
            .iter()
            .flat_map(|columns| {
                let own = columns.names.iter().zip(&columns.keys).filter(|(_, key)| **key);
                own.map(|(name, _)| Names::Standard.quoted(name)).collect::<Vec<_>>()
            })
            .collect();
        let same: Vec<String> = keys.iter().map(|key| format!("t.{key} = (r.one).{key}")).collect();
        let same = if same.is_empty() { "false".to_owned() } else { same.join(" AND ") };
        let sql = format!(
            "SELECT CASE WHEN r.untold THEN (SELECT row_to_json(t)::text FROM {table} AS t WHERE {same})
                 ELSE row_to_json(r.one)::text END
             FROM (SELECT x.n, (x.j->>1)::boolean AS untold, json_populate_record(NULL::{table}, x.j->0) AS one
                 FROM json_array_elements($1::text::json) WITH ORDINALITY AS x(j, n) OFFSET 0) AS r ORDER BY r.n"
        );
        let given: Vec<String> = rows.iter().map(|row| format!("[{},{}]", row.texts, row.untold)).collect();
        let spelt: Vec<Option<String>> = sqlx::query_scalar(AssertSqlSafe(sql))
            .bind(format!("[{}]", given.join(",")))
            .persistent(false)
            .fetch_all(speller)
            .await
            .map_err(refused)?;
        let mut line = String::new();
        for (row, json) in rows.iter().zip(spelt) {
            let Some(json) = json else { continue };
            marked(&mut line, row.gone, &json);
            if let Err(error) = take(ForeignRow { json: &line, mark: None, beyond: true }) {
                return Ok(Err(error));
            }
        }
        Ok(Ok(()))
    }
}

fn cells(bytes: &mut Bytes<'_>) -> Option<Vec<Cell>> {
    let count = bytes.number(2)?;
    (0..count)
        .map(|_| {
            Some(match u8::try_from(bytes.number(1)?).ok()? {
                b'n' => Cell::Null,
                b'u' => Cell::Untold,
                b't' => {
                    let length = usize::try_from(bytes.number(4)?).ok()?;
                    Cell::Text(String::from_utf8(bytes.take(length)?.to_vec()).ok()?)
                }
                _ => return None,
            })
        })
        .collect()
}
