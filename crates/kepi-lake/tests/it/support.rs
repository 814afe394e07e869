//! A small project by hand, a lake in a temporary folder, and a way to read rows back.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs::File,
    path::{Path, PathBuf},
    sync::Arc,
};

use arrow::{
    array::{Array, AsArray},
    datatypes::{Int64Type, TimestampMicrosecondType},
};
use kepi_lake::{FileSources, LandError, Landing, LocalLake};
use kepi_model::{
    calendar::Calendar,
    expression::{Comparison, Expression, Literal, Node, Path as Walk, Type},
    id::{AttributeId, EntityId, Hash},
    project::{
        Ambiguous, Attribute, Connector, Dates, Entity, Excess, FileOrder, Identical, Mapping, MappingFrom,
        MissingLocal, Mode, Otherwise, Parse, Project, Requirement, Rule, Source, SourceZone,
    },
    source_text::{FileId, Span},
};
use kepi_query::{
    landing::{Lake, LoadOutcome, LoadReport, Progress, Raw},
    port::{PinnedFile, PinnedInputs, SnapshotId, TableData},
};
use kepi_store::Store;
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;

pub const NOW: i64 = 1_767_225_600_000_000;

/// The database of a test that works in a folder: the one whose address stands there, or a file.
pub fn database(root: &Path) -> kepi_store::Location {
    match std::fs::read_to_string(root.join("database")) {
        Ok(address) => address.parse().unwrap(),
        Err(_) => root.join("kepi.db").into(),
    }
}

/// Lets a test that works in a folder keep its database in PostgreSQL; false: it is not installed.
pub fn on_postgres(root: &Path) -> bool {
    let address = kepi_testkit::postgres::fresh_database();
    address.map(|address| std::fs::write(root.join("database"), address).unwrap()).is_some()
}

/// The log is whole, tree included, whatever was killed or ran out of room.
pub async fn assert_whole(store: &Store) {
    let audited = store.audit(&kepi_store::Trusted::default()).await.unwrap();
    assert!(audited.holds(), "{:#?}", audited.findings);
}

pub struct Silent;
impl Progress for Silent {
    fn rows(&self, _more: u64) {}
}

pub fn id<T: std::str::FromStr>(text: &str) -> T
where
    T::Err: std::fmt::Debug,
{
    text.parse().unwrap()
}

pub fn attribute(name: &str, type_: Type) -> Attribute {
    Attribute { id: id(name), name: name.into(), description: None, type_, scale: None, personal: false }
}

pub fn entity(name: &str, key: &[&str], attributes: Vec<Attribute>) -> Entity {
    Entity {
        id: id(name),
        name: name.into(),
        description: String::new(),
        key: key.iter().map(|k| id(k)).collect(),
        time: None,
        attributes,
        derived: Vec::new(),
        lasts: None,
        rows: None,
        screen: None,
        precedence: None,
    }
}

pub fn project(entities: Vec<Entity>) -> Project {
    Project {
        id: id("test"),
        name: "Test".into(),
        description: None,
        language: 1,
        calendar: Calendar { zone: "Europe/Berlin".into(), week_start: 0, fiscal_year_start: 1, weeks: None },
        confidence: 0.95,
        attention: kepi_model::project::Attention::default(),
        balance: kepi_model::project::Balance::default(),
        quick_wins: kepi_model::initiative::QuickWins::default(),
        engine: None,
        purposes: BTreeMap::new(),
        persons: BTreeMap::new(),
        roles: BTreeMap::new(),
        units: BTreeMap::new(),
        entities: entities.into_iter().map(|e| (e.id.clone(), e)).collect(),
        business_hours: BTreeMap::new(),
        connections: BTreeMap::new(),
        sources: BTreeMap::new(),
        strategy: None,
        kpis: BTreeMap::new(),
        rules: BTreeMap::new(),
        governance: None,
        last_resort: None,
        alerts: BTreeMap::new(),
        guardrails: BTreeMap::new(),
        closed_loops: BTreeMap::new(),
        feedback: BTreeMap::new(),
        ladders: BTreeMap::new(),
        playbooks: BTreeMap::new(),
        initiatives: BTreeMap::new(),
        operating_plans: BTreeMap::new(),
        incentive_plans: BTreeMap::new(),
        enterprise_events: BTreeMap::new(),
        samplings: BTreeMap::new(),
        policies: BTreeMap::new(),
        reviews: BTreeMap::new(),
        stage_gates: BTreeMap::new(),
        benchmarks: BTreeMap::new(),
        channels: BTreeMap::new(),
        scorecards: BTreeMap::new(),
        withholdings: BTreeMap::new(),
    }
}

pub fn csv(files: &str) -> Connector {
    Connector::Csv {
        files: files.into(),
        delimiter: ",".into(),
        encoding: "utf-8".into(),
        header_row: 1,
        label_rows: 0,
    }
}

pub fn column(attribute: &str, type_: Type, column: &str, parse: Parse) -> Mapping {
    Mapping {
        attribute: id(attribute),
        type_,
        from: MappingFrom::Column {
            column: column.into(),
            parse,
            missing: vec![],
            replace: vec![],
            prefix: String::new(),
        },
        required: false,
    }
}

pub fn number(scale: u8) -> Parse {
    Parse::Number {
        scale,
        decimal_mark: '.',
        grouping_mark: None,
        percent_sign: None,
        excess: Excess::Quarantine,
    }
}

pub fn source(name: &str, into: &Entity, from: Connector, mode: Mode, map: Vec<Mapping>) -> Source {
    Source {
        id: id(name),
        name: name.into(),
        into: into.id.clone(),
        from,
        mode,
        key: into.key.clone(),
        version: None,
        identical: Identical::Land,
        order: FileOrder::Name,
        deletes_at_most: None,
        deleted: None,
        merges: None,
        keys_of: None,
        rejects_at_most: 0.05,
        dates: Dates::default(),
        clean: BTreeSet::new(),
        days: "Europe/Berlin".into(),
        zone: SourceZone {
            name: "Europe/Berlin".into(),
            column: None,
            ambiguous: Ambiguous::Earlier,
            missing: MissingLocal::ShiftForward,
        },
        missing: vec![String::new()],
        unpivot: None,
        only: None,
        map,
        rules: vec![],
        complete_until: None,
        expect: None,
        schedule: None,
        purpose: None,
        owner: None,
        unit: None,
        attest: None,
        hash: Hash::of(name.as_bytes()),
        span: Span { file: FileId(0), start: 0, end: 0 },
    }
}

pub fn rule(name: &str, require: Requirement, otherwise: Otherwise) -> Rule {
    Rule { id: id(name), require, otherwise }
}

pub fn path(attribute: &str, type_: Type) -> Expression {
    Expression { type_, node: Node::Path(Walk { references: vec![], attribute: id(attribute) }) }
}

pub fn at_least(attribute: &str, type_: Type, least: i64) -> Expression {
    Expression {
        type_: Type::Boolean,
        node: Node::Compare(
            Comparison::GreaterOrEqual,
            Box::new(path(attribute, type_.clone())),
            Box::new(Expression { type_, node: Node::Literal(Literal::Integer(least)) }),
        ),
    }
}

pub fn exists(attribute: &str, entity: &str) -> Expression {
    Expression {
        type_: Type::Boolean,
        node: Node::Exists(id::<AttributeId>(attribute), id::<EntityId>(entity)),
    }
}

/// A file as what a source of the project in `root` has to land.
pub fn raw(root: &Path, source: &Source, path: &Path) -> Arc<dyn Raw> {
    FileSources::new(root).file(source, path)
}

/// A lake in a folder that goes away.
pub struct Bench {
    pub folder: tempfile::TempDir,
    pub store: Store,
    pub lake: LocalLake,
}

/// Which database a test runs on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Database {
    Sqlite,
    Postgres,
}

tokio::task_local! {
    /// The database of the test that runs; SQLite unless it says otherwise.
    pub static DATABASE: Database;
}

/// Declares the named functions as tests, once on SQLite and once on PostgreSQL.
macro_rules! on_both {
    ($($test:ident),* $(,)?) => {
        mod sqlite {
            $(#[tokio::test(flavor = "multi_thread")]
            async fn $test() {
                super::$test().await;
            })*
        }
        mod postgres {
            $(#[tokio::test(flavor = "multi_thread")]
            async fn $test() {
                if kepi_testkit::postgres::is_installed() {
                    crate::support::DATABASE.scope(crate::support::Database::Postgres, super::$test()).await;
                }
            })*
        }
    };
}
pub(crate) use on_both;

/// The database of a project in a folder, as text: the same one each time it is asked for.
pub fn address(root: &Path) -> String {
    if DATABASE.try_get() != Ok(Database::Postgres) {
        return root.join(".kepi/kepi.db").display().to_string();
    }
    let noted = root.join(".kepi/address");
    if !noted.exists() {
        std::fs::create_dir_all(root.join(".kepi")).unwrap();
        std::fs::write(&noted, kepi_testkit::postgres::fresh_database().unwrap()).unwrap();
    }
    std::fs::read_to_string(noted).unwrap()
}

pub async fn open(root: &Path) -> (Store, LocalLake) {
    let store = Store::open(&address(root).parse().unwrap()).await.unwrap();
    let lake = LocalLake::open(store.clone(), &root.join(".kepi/data"), NOW).await.unwrap();
    (store, by_position(lake))
}

tokio::task_local! {
    /// From how many rows on, and up to how many percent of them, rows of a file end by position in the test that runs.
    pub static BY_POSITION: (u64, u64);
}

/// A lake that ends rows by position as the test that runs wants it: by itself in none of the small files of tests. `KEPI_BY_POSITION`
/// has all tests do so.
pub fn by_position(lake: LocalLake) -> LocalLake {
    match BY_POSITION.try_get() {
        Ok((from_rows, percent)) => lake.by_position(from_rows, percent).combining(2, 1 << 18),
        Err(_) => match std::env::var("KEPI_BY_POSITION") {
            Ok(percent) => lake.by_position(1, percent.parse().unwrap()).combining(2, 1 << 18),
            Err(_) => lake,
        },
    }
}

impl Bench {
    pub async fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let (store, lake) = open(folder.path()).await;
        Self { folder, store, lake }
    }

    pub fn write(&self, name: &str, content: impl AsRef<[u8]>) -> PathBuf {
        let path = self.folder.path().join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, content).unwrap();
        path
    }

    pub async fn land(
        &self,
        project: &Project,
        source: &Source,
        path: &Path,
        at: i64,
    ) -> Result<LoadReport, LandError> {
        let report = self
            .lake
            .land_raw(
                project,
                source,
                &raw(self.folder.path(), source, path),
                Landing { actor: "person/1", at, progress: &Silent },
            )
            .await?;
        // The row that stops a file is neither in nor out, and nothing behind it is read.
        if !matches!(report.outcome, LoadOutcome::Stopped { .. }) {
            let c = report.counts;
            assert_eq!(c.read, c.out_of_scope + c.landed());
        }
        Ok(report)
    }

    pub async fn pin(&self, project: &Project, snapshot: Option<i64>) -> PinnedInputs {
        self.lake.pin(project, snapshot.map(SnapshotId)).await.unwrap()
    }

    pub async fn rows(&self, project: &Project, entity: &str, columns: &[&str]) -> Vec<Vec<String>> {
        rows(&self.pin(project, None).await, entity, columns)
    }
}

/// Rows of a table as texts, sorted; `-` is no value.
pub fn rows(pinned: &PinnedInputs, entity: &str, columns: &[&str]) -> Vec<Vec<String>> {
    let mut all = Vec::new();
    let Some(table) = pinned.tables.get(&id::<EntityId>(entity)) else { return all };
    let TableData::Files(files) = &table.data else { panic!("files expected") };
    for file in files {
        let opened = File::open(&file.path).unwrap();
        assert_eq!(opened.metadata().unwrap().len(), file.bytes);
        let reader = ParquetRecordBatchReaderBuilder::try_new(opened).unwrap().build().unwrap();
        let out = out_of(file);
        let (mut n, mut at) = (0, 0);
        for batch in reader {
            let batch = batch.unwrap();
            for row in 0..batch.num_rows() {
                at += 1;
                if out.contains(&(at - 1)) {
                    continue;
                }
                n += 1;
                all.push(
                    columns
                        .iter()
                        .map(|name| match batch.column_by_name(name) {
                            Some(c) if c.is_valid(row) => cell(c, row),
                            _ => "-".into(),
                        })
                        .collect(),
                );
            }
        }
        assert_eq!(n, file.rows);
    }
    all.sort();
    all
}

/// Which rows of a file are out, by position, by what its delete file says.
fn out_of(file: &PinnedFile) -> BTreeSet<i64> {
    let Some(deletes) = &file.deletes else { return BTreeSet::new() };
    let opened = File::open(&deletes.path).unwrap();
    assert_eq!(opened.metadata().unwrap().len(), deletes.bytes);
    let reader = ParquetRecordBatchReaderBuilder::try_new(opened).unwrap().build().unwrap();
    let mut out = BTreeSet::new();
    for batch in reader {
        let batch = batch.unwrap();
        let paths = batch.column_by_name("file_path").unwrap().as_string::<i32>();
        assert!(paths.iter().all(|path| file.path.ends_with(path.unwrap())), "{paths:?} of {}", file.path);
        out.extend(batch.column_by_name("pos").unwrap().as_primitive::<Int64Type>().values());
    }
    assert_eq!(out.len() as u64, deletes.rows);
    out
}

fn cell(array: &arrow::array::ArrayRef, row: usize) -> String {
    if let Some(a) = array.as_string_opt::<i32>() {
        a.value(row).into()
    } else if let Some(a) = array.as_primitive_opt::<Int64Type>() {
        a.value(row).to_string()
    } else if let Some(a) = array.as_primitive_opt::<TimestampMicrosecondType>() {
        a.value(row).to_string()
    } else {
        array.as_boolean().value(row).to_string()
    }
}
