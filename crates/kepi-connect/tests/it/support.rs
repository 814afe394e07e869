//! A project in a folder, run with local files and no KPIs: what counts here is which rows are in the lake.

use std::{
    collections::BTreeMap,
    fs::File,
    io::{BufRead, BufReader, Write},
    path::Path,
    process::{Child, ChildStdout, Command, Stdio},
    sync::Arc,
};

use arrow::{
    array::{Array, AsArray},
    datatypes::{Int64Type, TimestampMicrosecondType},
};
use kepi_app::{
    App, AppError, open,
    run::{Request, RunProgress, RunReport, Step},
};
use kepi_connect::Connections;
use kepi_lake::{
    FileSources, FolderShelf, LakeError, LocalLake,
    durable::{DurableFs, LocalFs},
};
use kepi_query::{
    landing::{Fetcher, LoadOutcome, Progress},
    port::{Limits, TableData},
    reference::Reference,
};
use kepi_store::Store;
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use sqlx::Connection;

/// What every project here begins with.
pub const PROJECT: &str = "project: crm\nname: CRM\nlanguage: 1\ntime_zone: UTC\n";

/// A moment of 2026, in µs UTC.
const NOON: i64 = 1_780_000_000_000_000;

struct Silent;

impl Progress for Silent {
    fn rows(&self, _: u64) {}
}

impl RunProgress for Silent {
    fn step(&self, _: Step<'_>) {}
    fn landing(&self) -> &dyn Progress {
        self
    }
}

/// A project in a folder that goes away.
pub struct World {
    pub folder: tempfile::TempDir,
}

impl World {
    pub fn new(definitions: &str) -> Self {
        let world = Self { folder: tempfile::tempdir().unwrap() };
        world.define(definitions);
        world
    }

    pub fn path(&self) -> &Path {
        self.folder.path()
    }

    pub fn define(&self, definitions: &str) {
        std::fs::write(self.path().join("kepi.yml"), format!("{PROJECT}{definitions}")).unwrap();
    }

    pub async fn app(&self) -> App {
        self.app_with(Arc::new(Connections::new(self.path()))).await
    }

    pub async fn app_with(&self, fetcher: Arc<dyn Fetcher>) -> App {
        self.app_on(Arc::new(LocalFs), fetcher).await.unwrap()
    }

    pub async fn app_on(&self, fs: Arc<dyn DurableFs>, fetcher: Arc<dyn Fetcher>) -> Result<App, LakeError> {
        let store = Store::open(&self.path().join(".kepi/kepi.db").into()).await.unwrap();
        let data = self.path().join(".kepi/data");
        let lake = Arc::new(LocalLake::open_on(fs, store.clone(), &data, NOON).await?);
        Ok(App {
            root: self.path().to_owned(),
            store,
            sources: Arc::new(FileSources::new(self.path())),
            fetcher,
            inbox: lake.clone(),
            values: lake.clone(),
            lake,
            evaluator: Arc::new(Reference),
            elsewhere: None,
            shelf: Arc::new(FolderShelf::in_lake(&self.path().join(".kepi/data"))),
            limits: Limits::default(),
        })
    }

    pub async fn run(&self) -> RunReport {
        run(&self.app().await, true).await.unwrap()
    }

    /// The same, without asking anybody.
    pub async fn run_with_what_is_there(&self) -> RunReport {
        run(&self.app().await, false).await.unwrap()
    }

    /// Rows of an entity in force, as texts, sorted; `-` is no value.
    pub async fn rows(&self, entity: &str, columns: &[&str]) -> Vec<Vec<String>> {
        let of = |column: &&str| (*column).to_owned();
        let columns: Vec<String> = columns.iter().map(of).chain(["_valid_to".to_owned()]).collect();
        let mut rows = self.versions(entity, &columns).await;
        rows.retain_mut(|row| row.pop().as_deref() == Some("-"));
        rows
    }

    /// Rows of an entity that were merged at the source, and into which.
    pub async fn merged(&self, entity: &str) -> Vec<Vec<String>> {
        let mut rows = self.versions(entity, &["id".to_owned(), "_merged_into".to_owned()]).await;
        rows.retain(|row| row[1] != "-");
        rows
    }

    /// All versions of rows of an entity, as texts, sorted; `-` is no value.
    async fn versions(&self, entity: &str, columns: &[String]) -> Vec<Vec<String>> {
        let app = self.app().await;
        let (_, project) = open::load(&app.root, app.sources.as_ref(), None).unwrap();
        let pinned = app.lake.pin(&project, None).await.unwrap();
        let Some(table) = pinned.tables.get(&entity.parse().unwrap()) else { return Vec::new() };
        let TableData::Files(files) = &table.data else { panic!("files expected") };
        let mut rows = Vec::new();
        for file in files {
            let opened = File::open(&file.path).unwrap();
            for batch in ParquetRecordBatchReaderBuilder::try_new(opened).unwrap().build().unwrap() {
                let batch = batch.unwrap();
                for row in 0..batch.num_rows() {
                    let cell = |name: &String| match batch.column_by_name(name) {
                        Some(column) if column.is_valid(row) => cell(column, row),
                        _ => "-".to_owned(),
                    };
                    rows.push(columns.iter().map(cell).collect());
                }
            }
        }
        rows.sort();
        rows
    }
}

fn cell(array: &arrow::array::ArrayRef, row: usize) -> String {
    if let Some(texts) = array.as_string_opt::<i32>() {
        texts.value(row).into()
    } else if let Some(numbers) = array.as_primitive_opt::<Int64Type>() {
        numbers.value(row).to_string()
    } else if let Some(times) = array.as_primitive_opt::<TimestampMicrosecondType>() {
        times.value(row).to_string()
    } else {
        array.as_boolean().value(row).to_string()
    }
}

pub async fn run(app: &App, fetch: bool) -> Result<RunReport, AppError> {
    let (files, project) = open::load(&app.root, app.sources.as_ref(), None)?;
    let request = Request { actor: "tester".to_owned(), at: NOON, land: true, fetch, any_time: false };
    app.run(&files, &project, &request, &Silent).await
}

/// Files that landed, accepted, superseding, duplicate and quarantined rows; what did not land is a failure of the test.
pub fn landed(report: &RunReport) -> (usize, [u64; 4]) {
    assert!(report.not_landed.is_empty(), "{:?}", report.not_landed);
    let own = report.loads.iter().filter(|l| l.outcome == LoadOutcome::Landed);
    own.fold((0, [0; 4]), |(n, [a, s, d, q]), load| {
        let c = load.counts;
        assert!(c.balances());
        (n + 1, [a + c.accepted, s + c.superseding, d + c.duplicate, q + c.quarantined])
    })
}

/// Runs statements on a file of SQLite, made if need be.
pub async fn sqlite(path: &Path, sql: &str) {
    sqlx::any::install_default_drivers();
    let url = format!("sqlite://{}?mode=rwc", path.display());
    let mut connection = sqlx::AnyConnection::connect(&url).await.unwrap();
    sqlx::raw_sql(sqlx::AssertSqlSafe(sql.to_owned())).execute(&mut connection).await.unwrap();
    connection.close().await.unwrap();
}

/// A connection to a PostgreSQL database.
pub async fn postgres(url: &str) -> sqlx::AnyConnection {
    sqlx::any::install_default_drivers();
    sqlx::AnyConnection::connect(url).await.unwrap()
}

pub async fn run_sql(connection: &mut sqlx::AnyConnection, sql: &str) {
    sqlx::raw_sql(sqlx::AssertSqlSafe(sql.to_owned())).execute(connection).await.unwrap();
}

/// The secret stands in no byte of what is kept, packed or not.
pub fn no_secret(folder: &Path, secret: &str) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            no_secret(&path, secret);
            continue;
        }
        // What SQLite has beside a database goes with the last connection.
        let Ok(bytes) = std::fs::read(&path) else { continue };
        let mut unpacked = Vec::new();
        if bytes.starts_with(&[0x1f, 0x8b]) {
            std::io::Read::read_to_end(&mut flate2::read::MultiGzDecoder::new(&bytes[..]), &mut unpacked)
                .ok();
        }
        for bytes in [&bytes, &unpacked] {
            let found = bytes.windows(secret.len()).any(|w| w == secret.as_bytes());
            assert!(!found, "the secret stands in {}", path.display());
        }
    }
}

/// A server in a process of its own: a program in Python that says, as JSON, what is to be known of it, and ends with its input.
pub struct Peer {
    process: Child,
    says: BufReader<ChildStdout>,
    pub said: BTreeMap<String, String>,
}

impl Peer {
    /// Starts one with the packages of an environment; none: it is not installed, which is said.
    pub fn start(environment: &str, script: &str, args: &[&str], package: &str) -> Option<Self> {
        let root = Path::new(env!("CARGO_MANIFEST_DIR"));
        let python = root.join(format!("../../target/python/{environment}/bin/python"));
        if !python.exists() {
            println!("SKIPPED: `{package}` is not installed; `make tools` installs it");
            return None;
        }
        let mut process = Command::new(python)
            .arg(root.join("tests").join(script))
            .args(args)
            .env("PASSWORD", PASSWORD)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut says = BufReader::new(process.stdout.take().unwrap());
        let mut line = String::new();
        says.read_line(&mut line).unwrap();
        let said = serde_json::from_str(&line).unwrap();
        Some(Self { process, says, said })
    }

    /// Says a line, and waits until it is done.
    pub fn tell(&mut self, line: &str) {
        writeln!(self.process.stdin.as_mut().unwrap(), "{line}").unwrap();
        let mut done = String::new();
        self.says.read_line(&mut done).unwrap();
        assert_eq!(done, "done\n");
    }
}

impl Drop for Peer {
    fn drop(&mut self) {
        drop(self.process.stdin.take());
        self.process.kill().ok();
        self.process.wait().ok();
    }
}

/// What servers let in that ask for a password.
pub const PASSWORD: &str = "correct-horse-battery-staple";
