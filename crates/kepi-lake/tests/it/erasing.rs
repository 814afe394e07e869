//! Rows that are erased: in no byte of what is kept, in no snapshot, and not back when they are delivered again. `KEPI_COUNT` sets how
//! many keys.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs, io,
    io::Read,
    path::{Path, PathBuf},
    sync::{
        Arc,
        atomic::{AtomicI64, Ordering},
    },
};

use arrow::array::{Array, AsArray};
use kepi_lake::{
    LocalLake,
    durable::{DurableFile, DurableFs, LocalFs},
};
use kepi_model::{
    expression::Type,
    id::{EntityId, Hash},
    project::{Mode, Parse, Project, Source},
};
use kepi_query::{
    landing::{Erased, Erasing, Holding, Lake, Ordered, RowCounts},
    port::SnapshotId,
};
use kepi_store::{EventFilter, Store};
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use sqlx::Connection;

use crate::support::*;

on_both![rows_that_are_erased_are_in_no_byte_and_do_not_come_back];

/// What stands in everything that is of an account, and nowhere else.
pub fn mark(n: usize) -> String {
    format!("zq{n:06}qz")
}

/// The accounts whose marks stand in some bytes.
fn marks(bytes: &[u8], found: &mut BTreeSet<usize>) {
    for window in bytes.windows(10).filter(|w| w.starts_with(b"zq") && w.ends_with(b"qz")) {
        found.extend(std::str::from_utf8(&window[2..8]).ok().and_then(|n| n.parse::<usize>().ok()));
    }
}

fn files_below(folder: &Path, into: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()) {
        if entry.is_dir() { files_below(&entry, into) } else { into.push(entry) }
    }
}

/// The accounts of which anything is kept: bytes of all files, values of Parquet, rows of the database.
async fn kept(root: &Path) -> BTreeSet<usize> {
    let (mut found, mut files) = (BTreeSet::new(), Vec::new());
    files_below(&root.join(".kepi"), &mut files);
    for path in files {
        marks(&fs::read(&path).unwrap(), &mut found);
        marks(path.to_str().unwrap().as_bytes(), &mut found);
        match path.extension().and_then(|e| e.to_str()) {
            Some("parquet") => {
                let reader =
                    ParquetRecordBatchReaderBuilder::try_new(fs::File::open(&path).unwrap()).unwrap();
                for batch in reader.build().unwrap() {
                    for column in batch.unwrap().columns() {
                        let Some(texts) = column.as_string_opt::<i32>() else { continue };
                        (0..texts.len()).for_each(|row| marks(texts.value(row).as_bytes(), &mut found));
                    }
                }
            }
            Some("gz") => {
                let mut text = Vec::new();
                flate2::read::GzDecoder::new(fs::File::open(&path).unwrap()).read_to_end(&mut text).unwrap();
                marks(&text, &mut found);
            }
            _ => {}
        }
    }
    let address = address(root);
    if address.starts_with("postgres") {
        let mut tx = sqlx::AnyConnection::connect(&address).await.unwrap();
        let tables: Vec<String> = sqlx::query_scalar(
            "SELECT quote_ident(table_schema) || '.' || quote_ident(table_name) FROM information_schema.tables
             WHERE table_name LIKE 'kepi\\_%' OR table_name LIKE 'ducklake\\_%'",
        )
        .fetch_all(&mut tx)
        .await
        .unwrap();
        for table in tables {
            let sql = format!("SELECT CAST(row_to_json(t) AS TEXT) FROM {table} t");
            let rows: Vec<String> =
                sqlx::query_scalar(sqlx::AssertSqlSafe(sql)).fetch_all(&mut tx).await.unwrap();
            rows.iter().for_each(|row| marks(row.as_bytes(), &mut found));
        }
    }
    found
}

/// Accounts, whose addresses are personal, and tickets, which refer to them.
pub fn shop() -> (Project, Source, Source) {
    let mut address = attribute("email", Type::Text);
    address.personal = true;
    let account =
        entity("account", &["id"], vec![attribute("id", Type::Text), address, attribute("tier", Type::Text)]);
    let reference = Type::Reference { entity: id("account") };
    let ticket = entity(
        "ticket",
        &["id"],
        vec![
            attribute("id", Type::Text),
            attribute("account", reference.clone()),
            attribute("amount", Type::Integer),
        ],
    );
    let text = |name: &str| column(name, Type::Text, name, Parse::Text);
    let accounts = source(
        "accounts",
        &account,
        csv("accounts_*.csv"),
        Mode::Upsert,
        vec![text("id"), text("email"), text("tier")],
    );
    let map = vec![
        text("id"),
        column("account", reference, "account", Parse::Text),
        column("amount", Type::Integer, "amount", number(0)),
    ];
    let tickets = source("tickets", &ticket, csv("tickets_*.csv"), Mode::Append, map);
    let mut project = project(vec![account, ticket]);
    for source in [&accounts, &tickets] {
        project.sources.insert(source.id.clone(), source.clone());
    }
    (project, accounts, tickets)
}

pub fn accounts_file(accounts: impl Iterator<Item = usize>, tier: &str) -> String {
    let rows = accounts.map(|n| format!("acc-{0},mail{0}@example.org,{tier}\n", mark(n)));
    format!("id,email,tier\n{}", rows.collect::<String>())
}

/// Two tickets of each account, one of them with an amount that is none.
pub fn tickets_file(accounts: impl Iterator<Item = usize>, delivery: usize) -> String {
    let rows = accounts
        .map(|n| format!("t{delivery}-{n}-1,acc-{0},{n}\nt{delivery}-{n}-2,acc-{0},x of {0}\n", mark(n)));
    format!("id,account,amount\n{}", rows.collect::<String>())
}

async fn erase(lake: &LocalLake, project: &Project, accounts: &[usize], with: &[&str]) -> (Holding, Erased) {
    let (holding, done) = try_to_erase(lake, project, accounts, with).await.unwrap();
    (holding, done.unwrap())
}

pub async fn try_to_erase(
    lake: &LocalLake,
    project: &Project,
    accounts: &[usize],
    with: &[&str],
) -> Result<(Holding, Option<Erased>), kepi_query::landing::PortError> {
    let keys: Vec<Vec<String>> = accounts.iter().map(|n| vec![format!("acc-{}", mark(*n))]).collect();
    let (entity, with): (EntityId, _) = (id("account"), with.iter().map(|of| id(of)).collect());
    let mut erasure = lake.to_erase(project, Erasing { entity: &entity, keys: &keys, with: &with }).await?;
    let holding = erasure.holding().clone();
    let key = uuid(accounts, &with);
    let order = Ordered { actor: "person/1", key: &key, at: NOW + 99, why: "asked", stand: "[]", figures: 0 };
    let done = erasure.carry_out(order).await?;
    Ok((holding, done))
}

fn uuid(accounts: &[usize], with: &BTreeSet<EntityId>) -> String {
    format!("erase/{accounts:?}/{with:?}")
}

fn counts(rows: [u64; 6]) -> RowCounts {
    let [read, accepted, superseding, quarantined, duplicate, erased] = rows;
    RowCounts { read, out_of_scope: 0, accepted, superseding, quarantined, duplicate, erased }
}

/// Where rows end by position, and where files are written anew.
async fn rows_that_are_erased_are_in_no_byte_and_do_not_come_back() {
    match DATABASE.try_get() {
        Ok(Database::Postgres) => erased_everywhere().await,
        _ => BY_POSITION.scope((1, 60), erased_everywhere()).await,
    }
}

async fn erased_everywhere() {
    let n: usize = std::env::var("KEPI_COUNT").ok().and_then(|n| n.parse().ok()).unwrap_or(24);
    let bench = Bench::new().await;
    let root = bench.folder.path();
    let (project, accounts, tickets) = shop();
    let of = 4 * n as u64;
    let path = bench.write("accounts_1.csv", accounts_file(0..4 * n, "basic"));
    bench.land(&project, &accounts, &path, NOW).await.unwrap();
    let path = bench.write("accounts_2.csv", accounts_file((0..4 * n).step_by(2), "gold"));
    bench.land(&project, &accounts, &path, NOW + 1).await.unwrap();
    let path = bench.write("tickets_1.csv", tickets_file(0..4 * n, 1));
    let landed = bench.land(&project, &tickets, &path, NOW + 2).await.unwrap();
    assert_eq!(landed.counts, counts([2 * of, of, 0, of, 0, 0]));
    let everybody: BTreeSet<usize> = (0..4 * n).collect();
    assert_eq!(kept(root).await, everybody, "who looks finds all of them before");

    // The first quarter, whose tickets stay; the second, whose tickets go.
    let (first, second): (Vec<usize>, Vec<usize>) = ((0..n).collect(), (n..2 * n).collect());
    let (holding, done) = erase(&bench.lake, &project, &first, &[]).await;
    assert!(done.gone);
    let entity = |name: &str| id::<EntityId>(name);
    let half = n as u64 / 2;
    assert_eq!(holding.rows, BTreeMap::from([(entity("account"), n as u64 + half)]));
    assert_eq!(holding.emptied, BTreeMap::from([(entity("ticket"), n as u64)]));
    assert_eq!(holding.rejected, n as u64);
    let (holding, done) = erase(&bench.lake, &project, &second, &["ticket"]).await;
    assert!(done.gone);
    let expected = [(entity("account"), n as u64 + half), (entity("ticket"), n as u64)];
    assert_eq!((holding.rows, holding.emptied), (expected.into(), BTreeMap::new()));
    let rest: BTreeSet<usize> = (2 * n..4 * n).collect();
    assert_eq!(kept(root).await, rest, "and nothing of those that were erased after");

    // Every snapshot is readable, and none has them.
    let latest = bench.lake.latest().await.unwrap();
    for snapshot in 0..=latest.0 {
        let pinned = bench.pin(&project, Some(snapshot)).await;
        let mut found = BTreeSet::new();
        for row in rows(&pinned, "account", &["id"]).iter().chain(&rows(&pinned, "ticket", &["account"])) {
            marks(row[0].as_bytes(), &mut found);
        }
        assert!(found.is_subset(&rest), "{snapshot}");
    }
    let tickets_now = bench.rows(&project, "ticket", &["account"]).await;
    assert_eq!(tickets_now.len(), 3 * n);
    assert_eq!(tickets_now.iter().filter(|row| row[0] == "-").count(), n, "tickets that count, and nobody's");
    assert!(
        LocalLake::verify(bench.store.clone(), &root.join(".kepi/data")).await.unwrap().damaged.is_empty()
    );
    assert_whole(&bench.store).await;
    assert_eq!(bench.store.altered_records().await.unwrap(), []);

    // They are delivered again, by new files, and by the old ones under another mapping.
    let path = bench.write("accounts_3.csv", accounts_file(0..4 * n, "silver"));
    let landed = bench.land(&project, &accounts, &path, NOW + 100).await.unwrap();
    assert_eq!(landed.counts, counts([of, 0, of / 2, 0, 0, of / 2]));
    let path = bench.write("tickets_2.csv", tickets_file(0..4 * n, 2));
    let landed = bench.land(&project, &tickets, &path, NOW + 101).await.unwrap();
    assert_eq!(landed.counts, counts([2 * of, of - n as u64, 0, of - n as u64, 0, 2 * n as u64]));
    let anew = Source { hash: Hash::of(b"another mapping"), ..accounts.clone() };
    let path = root.join("accounts_1.csv");
    let landed = bench.land(&project, &anew, &path, NOW + 102).await.unwrap();
    assert_eq!((landed.counts.erased, landed.counts.landed()), (of / 2, of));
    assert_eq!(kept(root).await, rest, "nothing of them has come back");
    let keys: Vec<Vec<String>> = first.iter().map(|n| vec![format!("acc-{}", mark(*n))]).collect();
    let (account, none) = (entity("account"), BTreeSet::new());
    let erasing = Erasing { entity: &account, keys: &keys, with: &none };
    let again = bench.lake.to_erase(&project, erasing).await.unwrap().holding().clone();
    assert!(again.is_empty(), "{again:?}");
    println!(
        "erasure: {} keys erased, 0 found in {}",
        2 * n,
        if address(root).starts_with("postgres") { "PostgreSQL" } else { "SQLite" }
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_not_there_or_not_named_whole_is_not_erased() {
    let bench = Bench::new().await;
    let (project, accounts, _) = shop();
    let path = bench.write("accounts_1.csv", accounts_file(0..2, "basic"));
    bench.land(&project, &accounts, &path, NOW).await.unwrap();
    let with = BTreeSet::from([id("account")]);
    let none = BTreeSet::new();
    let key = |parts: &[&str]| vec![parts.iter().map(|part| (*part).to_owned()).collect::<Vec<_>>()];
    let (account, nobody): (EntityId, EntityId) = (id("account"), id("nobody"));
    let acc = format!("acc-{}", mark(0));
    for (entity, keys, with, said) in [
        (&nobody, key(&[&acc]), &none, "there is no entity `nobody`"),
        (&account, key(&[&acc, "more"]), &none, "a key of `account` is `id`: name all of it"),
        (
            &account,
            key(&[&acc]),
            &with,
            "rows of `account` do not refer to `account`; of those that do: `ticket`",
        ),
    ] {
        let erasing = Erasing { entity, keys: &keys, with };
        let refused = bench.lake.to_erase(&project, erasing).await.err().unwrap();
        assert_eq!(refused.to_string(), said);
    }
    // Part of a key is another key.
    let keys = key(&["acc"]);
    let erasing = Erasing { entity: &account, keys: &keys, with: &none };
    let found = bench.lake.to_erase(&project, erasing).await.unwrap();
    assert!(found.holding().is_empty());
}

/// A file system that stops working after so many changes.
pub struct Failing {
    pub left: Arc<AtomicI64>,
}

impl Failing {
    fn step(&self) -> io::Result<()> {
        match self.left.fetch_sub(1, Ordering::SeqCst) {
            left if left > 0 => Ok(()),
            _ => Err(io::Error::other("the power is off")),
        }
    }
}

impl DurableFs for Failing {
    fn create_folders(&self, path: &Path) -> io::Result<Vec<PathBuf>> {
        LocalFs.create_folders(path)
    }
    fn create(&self, path: &Path) -> io::Result<Box<dyn DurableFile>> {
        self.step()?;
        LocalFs.create(path)
    }
    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        self.step()?;
        LocalFs.rename(from, to)
    }
    fn sync_folder(&self, path: &Path) -> io::Result<()> {
        self.step()?;
        LocalFs.sync_folder(path)
    }
    fn remove(&self, path: &Path) -> io::Result<()> {
        self.step()?;
        LocalFs.remove(path)
    }
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap().map(|entry| entry.unwrap().path()) {
        let target = to.join(entry.file_name().unwrap());
        if entry.is_dir() {
            copy(&entry, &target)
        } else {
            let _ = fs::copy(&entry, &target).unwrap();
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_is_stopped_at_any_step_has_erased_all_or_nothing() {
    let bench = Bench::new().await;
    let (project, accounts, tickets) = shop();
    let lake = bench.lake.by_position(1, 50);
    let bench = Bench { lake, ..bench };
    let path = bench.write("accounts_1.csv", accounts_file(0..4, "basic"));
    bench.land(&project, &accounts, &path, NOW).await.unwrap();
    let path = bench.write("tickets_1.csv", tickets_file(0..4, 1));
    bench.land(&project, &tickets, &path, NOW + 1).await.unwrap();
    // Two rows of the first file are out by position; one of them is erased.
    let path = bench.write("accounts_2.csv", accounts_file(0..2, "gold"));
    bench.land(&project, &accounts, &path, NOW + 2).await.unwrap();
    bench.store.close().await;
    let everybody: BTreeSet<usize> = (0..4).collect();
    let rest: BTreeSet<usize> = (1..4).collect();
    let (mut nothing, mut all) = (0, 0);
    for steps in 0.. {
        let folder = tempfile::tempdir().unwrap();
        copy(bench.folder.path(), folder.path());
        let root = folder.path();
        let left = Arc::new(AtomicI64::new(steps));
        let store = Store::open(&address(root).parse().unwrap()).await.unwrap();
        let data = root.join(".kepi/data");
        let failing = Arc::new(Failing { left: Arc::clone(&left) });
        let lake = by_position(LocalLake::open_on(failing, store.clone(), &data, NOW).await.unwrap());
        let done = try_to_erase(&lake, &project, &[0], &["ticket"]).await;
        store.close().await;
        drop(lake);
        if left.load(Ordering::SeqCst) >= 0 {
            println!(
                "erasure: stopped at {steps} steps: {nothing} times nothing was erased, {all} times all"
            );
            assert!(done.unwrap().1.unwrap().gone && nothing > 3 && all > 3, "{nothing} {all}");
            break;
        }
        // Whoever opens it next.
        let (store, lake) = open(root).await;
        let filter = EventFilter { kind: Some("rows.erased".to_owned()), ..EventFilter::default() };
        if store.events(&filter).await.unwrap().is_empty() {
            assert!(done.is_err());
            assert_eq!(kept(root).await, everybody, "after {steps} steps");
            erase(&lake, &project, &[0], &["ticket"]).await;
            nothing += 1;
        } else {
            all += 1;
        }
        assert_eq!(kept(root).await, rest, "after {steps} steps");
        assert_whole(&store).await;
        let pinned = lake.pin(&project, Some(SnapshotId(1))).await.unwrap();
        assert!(rows(&pinned, "account", &["id"]).len() < 4);
        store.close().await;
    }
}
