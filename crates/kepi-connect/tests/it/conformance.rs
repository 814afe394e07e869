//! Every kind of fetching, while the process dies between any two effects on the disk, answers break off or come twice, and
//! two runs meet: in the end the rows of the lake are those of the source, each once, and no bookmark has gone back.
//!
//! `KEPI_COUNT` says how many rounds (small by default), `KEPI_SEED` where they begin.

use std::{
    io::{self, Write},
    path::{Path, PathBuf},
    sync::{
        Arc,
        atomic::{AtomicI64, Ordering},
    },
};

use kepi_connect::{Connections, Post};
use kepi_lake::{
    Delivery, FileSources, Spool,
    durable::{DurableFile, DurableFs, LocalFs},
};
use kepi_model::project::{Project, Source};
use kepi_query::{
    landing::{Copies, Fetched, Fetcher, PortError, Rows},
    port::Fut,
};
use kepi_testkit::mysql::Fresh;

use crate::support::{World, no_secret, postgres, run, run_sql, sqlite};

/// A file system that refuses everything from some operation on: what a process leaves that has died there.
pub struct Dying(pub Arc<AtomicI64>);

impl Dying {
    fn tick(left: &AtomicI64) -> io::Result<()> {
        match left.fetch_sub(1, Ordering::SeqCst) {
            ..=0 => Err(io::Error::other("the process has died")),
            _ => Ok(()),
        }
    }
}

struct DyingFile(Box<dyn DurableFile>, Arc<AtomicI64>);

impl Write for DyingFile {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        Dying::tick(&self.1)?;
        self.0.write(bytes)
    }
    fn flush(&mut self) -> io::Result<()> {
        self.0.flush()
    }
}

impl DurableFile for DyingFile {
    fn sync(&mut self) -> io::Result<()> {
        Dying::tick(&self.1)?;
        self.0.sync()
    }
}

impl DurableFs for Dying {
    fn create_folders(&self, path: &Path) -> io::Result<Vec<PathBuf>> {
        Self::tick(&self.0)?;
        LocalFs.create_folders(path)
    }
    fn create(&self, path: &Path) -> io::Result<Box<dyn DurableFile>> {
        Self::tick(&self.0)?;
        Ok(Box::new(DyingFile(LocalFs.create(path)?, Arc::clone(&self.0))))
    }
    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        Self::tick(&self.0)?;
        LocalFs.rename(from, to)
    }
    fn sync_folder(&self, path: &Path) -> io::Result<()> {
        Self::tick(&self.0)?;
        LocalFs.sync_folder(path)
    }
    fn remove(&self, path: &Path) -> io::Result<()> {
        Self::tick(&self.0)?;
        LocalFs.remove(path)
    }
}

/// What happens to an answer on its way.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Fault {
    None,
    /// It breaks off behind so many rows.
    Torn(usize),
    /// All of it comes twice.
    Twice,
    /// Rows come in another order.
    Shuffled,
    /// All of it comes twice, each time in its order: a log without it were none.
    Again,
}

struct Faulty(Connections, Fault);

struct Passing<'a>(&'a mut dyn Rows, Fault, Vec<String>, usize);

impl Rows for Passing<'_> {
    fn row(&mut self, json: &str) -> Result<(), PortError> {
        if self.1 == Fault::Torn(self.3) {
            return Err("the connection broke off".into());
        }
        self.3 += 1;
        if matches!(self.1, Fault::Twice | Fault::Shuffled | Fault::Again) {
            self.2.push(json.to_owned());
        }
        if self.1 == Fault::Shuffled { Ok(()) } else { self.0.row(json) }
    }
}

impl Fetcher for Faulty {
    fn fetch<'a>(
        &'a self,
        project: &'a Project,
        source: &'a Source,
        from: Option<&'a serde_json::Value>,
        into: &'a mut dyn Rows,
    ) -> Fut<'a, Result<Fetched, PortError>> {
        Box::pin(async move {
            let mut passing = Passing(into, self.1, Vec::new(), 0);
            let fetched = self.0.fetch(project, source, from, &mut passing).await?;
            let mut again = passing.2;
            if self.1 != Fault::Again {
                again.reverse();
            }
            again.iter().try_for_each(|row| passing.0.row(row))?;
            Ok(fetched)
        })
    }

    fn copy<'a>(
        &'a self,
        project: &'a Project,
        source: &'a Source,
        into: &'a mut dyn Copies,
    ) -> Fut<'a, Result<(), PortError>> {
        self.0.copy(project, source, into)
    }
}

/// Numbers that look random, the same for a seed.
struct Chance(u64);

impl Chance {
    fn below(&mut self, n: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 11) % n
    }
}

#[derive(Debug, Clone, Copy, PartialEq)]
enum Kind {
    SqliteSnapshot,
    SqliteCursor,
    PostgresCursor,
    PostgresChanges,
    MySqlCursor,
    Posted,
}

fn definitions(kind: Kind, address: &str) -> String {
    let mysql = |address: &str| {
        let [database, socket, user] = address.split('@').collect::<Vec<_>>()[..] else {
            panic!("{address}")
        };
        format!("mysql: {{host: {socket}, database: {database}, user: {user}, password: {{file: secret}}}}")
    };
    if kind == Kind::Posted {
        return POSTED.to_owned();
    }
    let (mode, from) = match kind {
        Kind::SqliteSnapshot => ("snapshot\ndeletes: {at_most: 100%}", "table: client".to_owned()),
        Kind::PostgresChanges => {
            ("upsert\ndeletes: {where: gone}", format!("table: client, changes: {}", slot(address)))
        }
        _ => {
            let from = "table: client, cursor: changed_at, look_back: 2 minutes".to_owned();
            ("upsert\nversion: changed_at", from)
        }
    };
    let to = match kind {
        Kind::PostgresCursor | Kind::PostgresChanges => {
            let (name, host) = address.trim_start_matches("postgres:///").split_once("?host=").unwrap();
            let host = host.trim_end_matches("&user=kepi");
            format!("postgres: {{host: {host}, database: {name}, user: kepi, password: {{file: secret}}}}")
        }
        Kind::MySqlCursor => mysql(address),
        _ => "sqlite: {file: crm.db}".to_owned(),
    };
    let gone = match kind {
        Kind::PostgresChanges => {
            "  gone: {column: _gone, as: boolean, \"true\": [\"true\"], \"false\": [\"false\"]}\n"
        }
        _ => "",
    };
    format!(
        "---
connection: crm
{to}
---
entity: client
name: Client
key: [id]
attributes:
  id: {{type: text}}
  tier: {{type: text}}
  changed_at: {{type: timestamp}}
  gone: {{type: boolean}}
---
source: clients
into: client
from: {{database: {{connection: crm, {from}}}}}
mode: {mode}
map:
  id: {{column: id, as: text, required: true}}
  tier: {{column: tier, as: text, required: true}}
  changed_at: {{column: changed_at, as: timestamp, required: true}}
{gone}"
    )
}

const POSTED: &str = "---
entity: client
name: Client
key: [id]
attributes:
  id: {type: text}
  tier: {type: text}
  changed_at: {type: timestamp}
---
source: clients
into: client
from: {webhook: {token: X-Token, secrets: [{file: secret}], body: ndjson, delivery: X-Delivery}}
mode: upsert
version: changed_at
map:
  id: {column: id, as: text, required: true}
  tier: {column: tier, as: text, required: true}
  changed_at: {column: changed_at, as: timestamp, required: true}
";

/// Who posts: again and again until it hears that something is kept, in its order; and then, at times, once more.
struct Poster {
    world: PathBuf,
    waiting: Vec<(u64, String)>,
    said: Vec<(u64, String)>,
    number: u64,
}

impl Poster {
    /// Posts what waits to a server whose process dies after so many effects; whether it died.
    async fn post(&mut self, source: &Source, chance: &mut Chance) -> bool {
        let left = Arc::new(AtomicI64::new(1 + chance.below(40) as i64));
        let spool = Spool::on(Arc::new(Dying(Arc::clone(&left))), &self.world.join(".kepi/data"));
        let connections = Connections::new(&self.world);
        if chance.below(4) == 0 {
            // Nobody said that it was lost, but its answer was.
            self.waiting.extend(self.said.last().cloned());
            self.waiting.sort();
        }
        while let Some((number, body)) = self.waiting.first().cloned() {
            let name = number.to_string();
            let name: &'static str = name.leak();
            let header = |header: &str| match header.to_ascii_lowercase().as_str() {
                "x-token" => Some(SECRET),
                "x-delivery" => Some(name),
                "content-type" => Some("application/x-ndjson"),
                _ => None,
            };
            let post = Post { method: "POST", address: "", header: &header, body: body.as_bytes(), at: 1 };
            let rows = connections.posted(source, post).unwrap();
            if spool.keep(&source.id, Delivery { rows: rows.rows, mark: rows.mark, at: 1 }).await.is_err() {
                return true;
            }
            self.waiting.remove(0);
            self.said.push((number, body));
        }
        false
    }
}

/// The other system, and what is in it.
struct Other {
    kind: Kind,
    address: String,
    rows: std::collections::BTreeMap<u64, (u64, u64)>,
    minute: u64,
    next: u64,
    mysql: Option<Fresh>,
    poster: Option<Poster>,
}

impl Other {
    async fn execute(&self, sql: &str) {
        match self.kind {
            Kind::PostgresCursor | Kind::PostgresChanges => {
                run_sql(&mut crate::changes::logged(&self.address).await, sql).await;
            }
            Kind::MySqlCursor => self.mysql.as_ref().unwrap().run(sql),
            _ => sqlite(Path::new(&self.address), sql).await,
        }
    }

    /// A few changes, many of them in the same minute.
    async fn change(&mut self, chance: &mut Chance) {
        let mut sql = String::from("BEGIN;");
        for _ in 0..=chance.below(6) {
            self.minute += u64::from(chance.below(3) == 0);
            let ids: Vec<u64> = self.rows.keys().copied().collect();
            let one = ids.get(chance.below(ids.len().max(1) as u64) as usize).copied();
            match (chance.below(4), one) {
                (0, Some(id))
                    if matches!(self.kind, Kind::SqliteSnapshot | Kind::PostgresChanges) && ids.len() > 1 =>
                {
                    self.rows.remove(&id);
                    sql += &format!("DELETE FROM client WHERE id = {id};");
                }
                (1 | 2, Some(id)) => {
                    // A row is newer than it was.
                    self.minute = self.minute.max(self.rows[&id].1 + 1);
                    let tier = chance.below(1_000_000);
                    self.rows.insert(id, (tier, self.minute));
                    sql += &format!(
                        "UPDATE client SET tier = 't{tier}', changed_at = '{}' WHERE id = {id};",
                        time(self.minute)
                    );
                }
                _ => {
                    self.next += 1;
                    let tier = chance.below(1_000_000);
                    self.rows.insert(self.next, (tier, self.minute));
                    sql += &format!(
                        "INSERT INTO client VALUES ({}, 't{tier}', '{}');",
                        self.next,
                        time(self.minute)
                    );
                }
            }
        }
        if self.kind != Kind::Posted {
            return self.execute(&(sql + "COMMIT")).await;
        }
        // All of them, as they are now: so whoever posts says of each at least its last.
        let row = |(id, (tier, minute)): (&u64, &(u64, u64))| {
            format!(
                "{{\"id\":{id},\"tier\":\"t{tier}\",\"changed_at\":\"{}Z\"}}\n",
                time(*minute).replace(' ', "T")
            )
        };
        let mut changed: Vec<_> = self.rows.iter().collect();
        changed.retain(|(id, _)| {
            sql.contains(&format!("id = {id};")) || sql.contains(&format!("VALUES ({id},"))
        });
        let poster = self.poster.as_mut().unwrap();
        poster.number += 1;
        poster.waiting.push((poster.number, changed.into_iter().map(row).collect()));
    }

    fn expected(&self) -> Vec<Vec<String>> {
        let mut rows: Vec<Vec<String>> =
            self.rows.iter().map(|(id, (tier, _))| vec![id.to_string(), format!("t{tier}")]).collect();
        rows.sort();
        rows
    }
}

/// The name of the slot of a database: servers have them, not databases.
fn slot(address: &str) -> String {
    format!("kepi_{}", address.trim_start_matches("postgres:///").split('?').next().unwrap())
}

fn time(minute: u64) -> String {
    format!("2026-01-{:02} {:02}:{:02}:00", 1 + minute / 1440, minute / 60 % 24, minute % 60)
}

const SECRET: &str = "correct-horse-battery-staple";

async fn rounds(kind: Kind, address: String, mysql: Option<Fresh>) {
    let number = |name: &str| std::env::var(name).ok().and_then(|text| text.parse::<u64>().ok());
    let (count, seed) = (number("KEPI_COUNT").unwrap_or(8), number("KEPI_SEED").unwrap_or(1));
    println!("{kind:?}: {count} rounds, KEPI_SEED={seed}");
    let mut chance = Chance(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1);
    let world = World::new(&definitions(kind, &address));
    std::fs::write(world.path().join("secret"), format!("{SECRET}\n")).unwrap();
    let address = if !matches!(kind, Kind::SqliteSnapshot | Kind::SqliteCursor) {
        address
    } else {
        world.path().join("crm.db").display().to_string()
    };
    let poster = (kind == Kind::Posted).then(|| Poster {
        world: world.path().to_owned(),
        waiting: Vec::new(),
        said: Vec::new(),
        number: 0,
    });
    let mut other = Other { kind, address, rows: Default::default(), minute: 0, next: 0, mysql, poster };
    if kind != Kind::Posted {
        other.execute("CREATE TABLE client (id INTEGER PRIMARY KEY, tier TEXT, changed_at TIMESTAMP)").await;
    }
    if kind == Kind::PostgresChanges {
        let name = slot(&other.address);
        crate::changes::log(&mut postgres(&other.address).await, "client", &name).await;
    }
    let (mut deaths, mut torn) = (0, 0);
    let sources = FileSources::new(world.path());
    let (_, project) = kepi_app::open::load(world.path(), &sources, None).unwrap();
    let source = &project.sources[&"clients".parse().unwrap()];
    for round in 0..count {
        other.change(&mut chance).await;
        if let Some(poster) = &mut other.poster {
            deaths += usize::from(poster.post(source, &mut chance).await);
        }
        for _ in 0..chance.below(3) {
            let left = Arc::new(AtomicI64::new(1 + chance.below(60) as i64));
            let fault = match chance.below(5) {
                0 => Fault::Torn(chance.below(4) as usize),
                1 | 2 if kind == Kind::PostgresChanges => Fault::Again,
                1 => Fault::Twice,
                2 => Fault::Shuffled,
                _ => Fault::None,
            };
            let pieces = 1 + chance.below(200) as usize;
            let fetcher = Faulty(Connections::new(world.path()).in_pieces_of(pieces), fault);
            let Ok(app) = world.app_on(Arc::new(Dying(Arc::clone(&left))), Arc::new(fetcher)).await else {
                deaths += 1;
                continue;
            };
            let run = run(&app, true).await;
            torn += usize::from(run.is_ok_and(|r| !r.not_landed.is_empty()));
            deaths += usize::from(left.load(Ordering::SeqCst) <= 0);
            app.store.close().await;
            if chance.below(2) == 0 {
                other.change(&mut chance).await;
            }
        }
        while let Some(poster) = &mut other.poster {
            if !poster.post(source, &mut chance).await {
                break;
            }
        }
        let (one, two) = (world.app().await, world.app().await);
        // Two at once: one of them may hear that the other was faster.
        let both = tokio::join!(run(&one, true), run(&two, true));
        assert!(both.0.is_ok() || both.1.is_ok(), "round {round}: {both:?}");
        let last = run(&world.app().await, true).await.unwrap();
        assert!(last.not_landed.is_empty(), "round {round}: {:?}", last.not_landed);
        assert_eq!(
            world.rows("client", &["id", "tier"]).await,
            other.expected(),
            "round {round} of seed {seed}"
        );
        let landed =
            kepi_store::inbox::of_source(&mut one.store.read().await.unwrap(), "clients").await.unwrap();
        let places: Vec<u64> = landed.iter().map(|f| f.seq).collect();
        assert_eq!(places, (1..=landed.len() as u64).collect::<Vec<_>>());
        assert!(
            landed.windows(2).all(|w| w[0].bookmark <= w[1].bookmark),
            "a bookmark has gone back: {landed:?}"
        );
    }
    println!("{deaths} deaths, {torn} answers that broke off");
    assert!(count < 8 || deaths > 0);
    no_secret(&world.path().join(".kepi"), SECRET);
}

#[tokio::test(flavor = "multi_thread")]
async fn sqlite_whole() {
    rounds(Kind::SqliteSnapshot, String::new(), None).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn posted() {
    rounds(Kind::Posted, String::new(), None).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn sqlite_by_cursor() {
    rounds(Kind::SqliteCursor, String::new(), None).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn postgres_by_cursor() {
    if let Some(address) = kepi_testkit::postgres::fresh_database() {
        rounds(Kind::PostgresCursor, address, None).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn postgres_by_its_log() {
    if let Some(address) = kepi_testkit::postgres::fresh_database() {
        rounds(Kind::PostgresChanges, address, None).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn mysql_by_cursor() {
    let Some(fresh) = kepi_testkit::mysql::fresh_database() else { return };
    let user = format!("kepi_{}", fresh.database);
    fresh.run(&format!(
        "CREATE USER {user}@localhost IDENTIFIED BY '{SECRET}'; GRANT SELECT ON {}.* TO {user}@localhost",
        fresh.database
    ));
    rounds(Kind::MySqlCursor, format!("{}@{}@{user}", fresh.database, fresh.socket), Some(fresh)).await;
}
