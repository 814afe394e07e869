//! The composition root: which store, lake and evaluator a project runs on.

use std::{
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use jiff::{Timestamp, Zoned, civil::Date, tz::TimeZone};
use kepi_app::{App, AppError, audit::Custody, open::STATE_FOLDER, picture::Picture};
use kepi_connect::{Connections, LakeBucket};
use kepi_engine::DataFusionEvaluator;
use kepi_lake::{FileSources, FolderShelf, Home, LocalLake, Spool, Verified};
use kepi_model::engine::{NotAPlace, SharedFiles};
use kepi_query::{bucket::Bucket, port::Limits};
use kepi_store::{Location, Store, StoreError};

use crate::{
    cli::{Address, Cli, Outside},
    failure::Failure,
    output::Output,
};

/// The database in the folder of state.
const DATABASE: &str = "kepi.db";

/// Where a project is: its folder, and the address of its database if it is not in there.
#[derive(Debug, Clone, Copy)]
pub struct Site<'a> {
    /// The project's folder.
    pub folder: &'a Path,
    /// As given to `--store`.
    pub store: Option<&'a Address>,
    /// As given to `--lake`; where none is, the database says where the files lie.
    pub lake: Option<&'a SharedFiles>,
}

impl<'a> Site<'a> {
    /// The project and database that the command line names.
    pub fn of(cli: &'a Cli) -> Self {
        Self { folder: &cli.project, store: cli.store.as_ref(), lake: cli.lake.as_ref() }
    }

    /// Where the database is. Projects that are given one PostgreSQL database are kept apart by their ids.
    fn location(&self, root: &Path) -> Result<Location, Failure> {
        let Some(Address(address)) = self.store else {
            return Ok(root.join(STATE_FOLDER).join(DATABASE).into());
        };
        let location: Location = address.parse().map_err(AppError::from)?;
        if location.is_settled() {
            return Ok(location);
        }
        let (_, checked) = kepi_app::open::check_folder(root, &sources(root), None)?;
        let Some(project) = checked.value else {
            let why = "the project's id, which names its schema in the database, could not be read: `kepi check` says why, \
                       or name a schema with `?schema=`";
            return Err(Failure::Other(why.to_owned()));
        };
        Ok(location.in_schema(&format!("kepi_{}", project.id)).map_err(AppError::from)?)
    }
}

/// The project at a site, with local files and DataFusion in this process: to change it.
pub async fn app(site: Site<'_>, means: Means) -> Result<App, Failure> {
    let (root, store, lake) = opened(site).await?;
    let lake = if means.read_all { lake.reading_all() } else { lake };
    let app = put_together(root, store, lake, means);
    app.import_published().await?;
    Ok(app)
}

/// Removes data files that nothing names any more, which landing does a day after they were written.
pub async fn sweep(site: Site<'_>) -> Result<(), Failure> {
    let (_, _, lake) = opened(site).await?;
    lake.sweep_orphans(Duration::ZERO).await.map_err(|e| Failure::Port(Box::new(e)))?;
    Ok(())
}

async fn opened(site: Site<'_>) -> Result<(PathBuf, Store, LocalLake), Failure> {
    let root = root(site.folder)?;
    let store = opened_to_write(site, &root).await?;
    let home = home(site.lake, &root, &store).await?;
    let lake =
        LocalLake::open_as_it_is(store.clone(), home, now()).await.map_err(|e| Failure::Port(Box::new(e)))?;
    Ok((root, store, lake))
}

/// Where the files of a project's lake are: in its folder, or in a bucket. `named`: where they are to be from now on.
async fn home(named: Option<&SharedFiles>, root: &Path, store: &Store) -> Result<Home, Failure> {
    let place = match named {
        Some(named) => Some(named.clone()),
        None => {
            let known = LocalLake::place(store).await.map_err(|e| Failure::Port(Box::new(e)))?;
            known
                .map(|place| place.parse())
                .transpose()
                .map_err(|e: NotAPlace| Failure::Other(e.to_string()))?
        }
    };
    let bucket = place.map(|place| LakeBucket::from_environment(&place)).transpose();
    let bucket = bucket.map_err(|e| Failure::Port(Box::new(e)))?;
    Ok(Home { data: data_of(root), bucket: bucket.map(|bucket| Arc::new(bucket) as Arc<dyn Bucket>) })
}

/// The database of a project, made if it is not there. A folder has one log: where it was signed here, no other is begun or carried on
/// beside it, such as by whoever forgot to say which database it is kept in.
async fn opened_to_write(site: Site<'_>, root: &Path) -> Result<Store, Failure> {
    let location = site.location(root)?;
    let begun = Custody::of(root, None).origin()?;
    let another = |origin: &str, instead: &str| {
        Failure::Other(format!(
            "the log of this folder is `{origin}`, and {instead}: name the database that keeps it by `--store` or KEPI_STORE; to \
             begin anew, move the folder `{STATE_FOLDER}` away first"
        ))
    };
    if let (Some(origin), Location::Sqlite(path)) = (&begun, &location)
        && !path.exists()
    {
        return Err(another(origin, &format!("there is no `{}`", path.display())));
    }
    let store = Store::open(&location).await.map_err(AppError::from)?;
    match begun {
        Some(origin) => match store.origin().await.map_err(AppError::from)? {
            own if own == origin => Ok(store),
            own => Err(another(&origin, &format!("this database has that of `{own}`"))),
        },
        None => Ok(store),
    }
}

/// The project at a site to read it, or none where nothing was stored yet. Nothing is made, written or locked, unless an
/// earlier version of Kepi left it: that is brought up to date once.
pub async fn reading(site: Site<'_>) -> Result<Option<App>, Failure> {
    let root = root(site.folder)?;
    let Some(store) = store_to_read(site, &root).await? else { return Ok(None) };
    if store.legacy().await.map_err(AppError::from)?.is_some() {
        return app(site, Means::default()).await.map(Some);
    }
    let lake = LocalLake::open_to_read(store.clone(), home(None, &root, &store).await?).await;
    let Some(lake) = lake.map_err(|e| Failure::Port(Box::new(e)))? else { return Ok(None) };
    Ok(Some(put_together(root, store, lake, Means::default())))
}

async fn store_to_read(site: Site<'_>, root: &Path) -> Result<Option<Store>, Failure> {
    let location = site.location(root)?;
    match Store::open_to_read(&location).await {
        Err(earlier @ StoreError::Earlier) => match Store::open(&location).await {
            Ok(store) => Ok(Some(store)),
            Err(why) => Err(Failure::Other(format!("{earlier}, but not now: {why}"))),
        },
        opened => Ok(opened.map_err(AppError::from)?),
    }
}

/// The same again whenever it is asked, for one that serves.
pub fn reopening(site: Site<'_>) -> kepi_app::live::Open {
    let (folder, store) = (site.folder.to_owned(), site.store.cloned());
    Box::new(move || {
        let (folder, store) = (folder.clone(), store.clone());
        Box::pin(async move {
            let site = Site { folder: &folder, store: store.as_ref(), lake: None };
            reading(site).await.map_err(|failure| failure.in_words())
        })
    })
}

pub fn data_of(root: &Path) -> PathBuf {
    root.join(STATE_FOLDER).join("data")
}

/// What scans may use of the machine, by default all threads and a quarter of the memory, and what is read.
#[derive(Debug, Clone, Copy, Default)]
pub struct Means {
    /// Threads.
    pub threads: Option<u16>,
    /// Working memory in GiB.
    pub memory: Option<u16>,
    /// Whether files of sources are read that stand as they did when they were read before.
    pub read_all: bool,
}

impl Means {
    /// As limits of scans.
    pub fn limits(self) -> Limits {
        let available = std::thread::available_parallelism().map_or(1, usize::from);
        let memory_bytes = match self.memory {
            Some(gib) => u64::from(gib.max(1)) << 30,
            None => machine_memory().map_or(0, |all| all / 4).max(Limits::default().memory_bytes),
        };
        Limits {
            threads: self.threads.map_or(available, usize::from).max(1),
            memory_bytes,
            ..Limits::default()
        }
    }
}

/// Bytes of memory that this machine has, or the container that this runs in; none where it is not told.
fn machine_memory() -> Option<u64> {
    let told = std::fs::read_to_string("/proc/meminfo").ok()?;
    let line = told.lines().find_map(|line| line.strip_prefix("MemTotal:"))?;
    let all = line.trim().strip_suffix("kB")?.trim().parse::<u64>().ok()?.saturating_mul(1024);
    let of_container = std::fs::read_to_string("/sys/fs/cgroup/memory.max").ok();
    let of_container = of_container.and_then(|most| most.trim().parse().ok());
    Some(of_container.map_or(all, |most: u64| most.min(all)))
}

fn put_together(root: PathBuf, store: Store, lake: LocalLake, means: Means) -> App {
    let limits = means.limits();
    let lake = Arc::new(lake);
    App {
        shelf: Arc::new(FolderShelf::in_lake(&data_of(&root))),
        sources: Arc::new(FileSources::new(&root)),
        fetcher: Arc::new(Connections::new(&root)),
        inbox: lake.clone(),
        root,
        store,
        values: lake.clone(),
        lake,
        evaluator: Arc::new(DataFusionEvaluator),
        elsewhere: None,
        limits,
    }
}

/// What others post to a project at a site, kept until it lands.
pub async fn spool(site: Site<'_>) -> Result<Spool, Failure> {
    let root = root(site.folder)?;
    let home = match store_to_read(site, &root).await? {
        Some(store) => home(None, &root, &store).await?,
        None => Home { data: data_of(&root), bucket: None },
    };
    Spool::open(home).map_err(|e| Failure::Port(Box::new(e)))
}

/// What the sources of the project in `folder` have to land.
pub fn sources(folder: &Path) -> FileSources {
    FileSources::new(folder)
}

/// The data files of the project at a site, held against what was recorded when they were written; none: nothing has
/// landed yet.
pub async fn verify(site: Site<'_>) -> Result<Option<Verified>, Failure> {
    let root = root(site.folder)?;
    let Some(store) = store_to_read(site, &root).await? else { return Ok(None) };
    let home = home(None, &root, &store).await?;
    let verified = LocalLake::verify(store, home).await;
    verified.map(Some).map_err(|e| Failure::Port(Box::new(e)))
}

/// The database of the project at a site, to audit it; none: nothing was stored yet.
pub async fn audited(site: Site<'_>) -> Result<Option<Store>, Failure> {
    store_to_read(site, &root(site.folder)?).await
}

/// The same, to write to it.
pub async fn audited_to_write(site: Site<'_>) -> Result<Option<Store>, Failure> {
    let root = root(site.folder)?;
    if store_to_read(site, &root).await?.is_none() {
        return Ok(None);
    }
    Ok(Some(opened_to_write(site, &root).await?))
}

/// The database of the project at a site, made if it is not there, to say who signs in.
pub async fn store(site: Site<'_>) -> Result<Store, Failure> {
    opened_to_write(site, &root(site.folder)?).await
}

/// What of the published figures at a site is not what the log says.
pub async fn audited_figures(site: Site<'_>, store: Store) -> Result<Vec<kepi_store::Finding>, Failure> {
    let failed = |e: kepi_lake::LakeError| Failure::Port(Box::new(e));
    let home = home(None, &root(site.folder)?, &store).await?;
    match LocalLake::open_to_read(store, home).await.map_err(failed)? {
        Some(lake) => lake.audit_published().await.map_err(failed),
        None => Ok(Vec::new()),
    }
}

/// Where the key of a project lies and its checkpoints are kept.
pub fn custody(site: Site<'_>, outside: &Outside) -> Result<Custody, Failure> {
    Ok(Custody::of(&root(site.folder)?, outside.checkpoints.as_deref()))
}

/// The folder of a project, whole.
pub fn root(folder: &Path) -> Result<PathBuf, Failure> {
    folder.canonicalize().map_err(Failure::io(format!(
        "there is no folder `{}`; name the project with -C, or start one with `kepi init`",
        folder.display()
    )))
}

/// What is published of the project at a site.
pub async fn board(site: Site<'_>, out: Output) -> Result<Picture, Failure> {
    let picture = match reading(site).await? {
        Some(app) => Picture::load(&Arc::new(app)).await?,
        None => before_the_first_run(site)?,
    };
    if picture.is_empty() {
        out.remark("nothing has been computed yet: `kepi run` lands the data, computes and publishes");
    }
    Ok(picture)
}

/// The project at a site of which nothing is stored yet.
pub fn before_the_first_run(site: Site<'_>) -> Result<Picture, Failure> {
    let root = root(site.folder)?;
    Ok(Picture::before_the_first_run(&root, &sources(&root))?)
}

/// Now, in µs UTC: read here and passed on.
pub fn now() -> i64 {
    set_clock().unwrap_or_else(Timestamp::now).as_microsecond()
}

/// Today where this runs.
pub fn today() -> Date {
    set_clock().map_or_else(Zoned::now, |at| at.to_zoned(TimeZone::system())).date()
}

/// How long to wait until something is looked at again: where a test sets the clock, no longer than it takes to notice.
pub fn pause(long: Duration) -> Duration {
    if set_clock().is_some() { Duration::from_millis(200) } else { long }
}

/// A clock that a test sets: an instant in a file. A build without debug assertions, as it is given away, has none: there nobody says what time it is.
fn set_clock() -> Option<Timestamp> {
    if !cfg!(debug_assertions) {
        return None;
    }
    let file = std::env::var_os("KEPI_TEST_CLOCK")?;
    std::fs::read_to_string(file).ok()?.trim().parse().ok()
}

/// Who acts: as named, else the user this runs as.
pub fn actor(cli: &Cli) -> String {
    let set = |name: &str| std::env::var(name).ok().filter(|text| !text.is_empty());
    // The second is how it was called before there were persons.
    cli.actor
        .clone()
        .or_else(|| set("KEPI_ACTOR"))
        .or_else(|| set("USER"))
        .unwrap_or_else(|| "unknown".to_owned())
}
