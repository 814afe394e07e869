//! Opening the database; one writer, several readers.

use std::{
    ffi::OsString,
    fmt,
    hash::{DefaultHasher, Hash, Hasher},
    ops::{Deref, DerefMut},
    os::unix::fs::MetadataExt,
    path::{Path, PathBuf},
    time::Duration,
};

use sqlx::{
    Any, AnyConnection, AnyPool, Connection, Executor,
    any::{AnyConnectOptions, AnyPoolOptions},
};

use crate::{
    checkpoint,
    door::Fold,
    error::StoreError,
    location::{Location, Server, WAY_OUT},
    migrate,
    sql::{Dialect, Query, common, postgres, refused, script, sqlite},
    way,
};

/// Format of the tables; a database of a later format is refused, one of an earlier is brought up to it.
const FORMAT: u32 = 3;

/// How long to wait for another process that is writing.
const BUSY: Duration = Duration::from_secs(60);

/// Everything of one moment: what is read through it does not change, whoever writes meanwhile. It holds no lock that
/// a writer waits for.
pub struct Reading {
    inner: sqlx::Transaction<'static, Any>,
    dialect: Dialect,
}

impl Reading {
    pub(crate) fn query(&mut self, sql: &'static str) -> Query<'_> {
        Query::new(&mut self.inner, sql)
    }

    /// The texts of a list of commitments, each in quotation marks.
    pub(crate) fn query_texts(&mut self, list: &str) -> Query<'_> {
        let sql = format!("SELECT commitment, salt, text FROM kepi_text WHERE commitment IN ({list})");
        Query::new(&mut self.inner, sqlx::AssertSqlSafe(sql))
    }

    /// A statement that was put together here, never from what a user gave.
    pub(crate) fn query_built(&mut self, sql: String) -> Query<'_> {
        Query::new(&mut self.inner, sqlx::AssertSqlSafe(sql))
    }

    pub(crate) fn dialect(&self) -> Dialect {
        self.dialect
    }
}

/// A change under way. It holds the write lock from its first moment, so that nothing it reads can change before it
/// commits; dropping it rolls back. What can be read can be read through it, too, with its own changes.
pub struct Transaction(Reading);

impl Deref for Transaction {
    type Target = Reading;

    fn deref(&self) -> &Reading {
        &self.0
    }
}

impl DerefMut for Transaction {
    fn deref_mut(&mut self) -> &mut Reading {
        &mut self.0
    }
}

impl Transaction {
    /// Keeps all of it, or nothing.
    ///
    /// # Errors
    /// The database refused. It may have committed nevertheless, if only its answer was lost.
    pub async fn commit(self) -> Result<(), StoreError> {
        self.0.inner.commit().await.map_err(refused)
    }
}

impl fmt::Debug for Transaction {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Transaction")
    }
}

impl fmt::Debug for Reading {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Reading")
    }
}

/// The database of a project. Cheap to clone.
#[derive(Clone)]
pub struct Store {
    location: Location,
    dialect: Dialect,
    writer: AnyPool,
    readers: AnyPool,
    pub(crate) fold: Fold,
    secret: [u8; 32],
    seen: Option<Seen>,
}

/// Which file a database was when it was opened.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Seen {
    device: u64,
    number: u64,
    /// Of a file that was opened as one that does not change: its length, when it was written, and whether anybody
    /// writes ahead of it.
    content: Option<(u64, i64, i64, bool)>,
}

impl Seen {
    fn of(location: &Location, immutable: bool) -> Option<Self> {
        let Location::Sqlite(path) = location else { return None };
        let found = std::fs::metadata(path).ok()?;
        let content = || (found.size(), found.mtime(), found.mtime_nsec(), written_ahead(path).exists());
        Some(Self { device: found.dev(), number: found.ino(), content: immutable.then(content) })
    }
}

/// Where SQLite writes ahead of a file.
fn written_ahead(path: &Path) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push("-wal");
    name.into()
}

/// A way to connect: address and settings of connections that write and that read.
struct Way {
    dialect: Dialect,
    options: AnyConnectOptions,
    writing: String,
    reading: String,
    immutable: bool,
}

impl Way {
    /// The way to a location; of a file, how it is opened: `rwc`, `ro`.
    fn to(location: &Location, mode: &str) -> Result<Self, StoreError> {
        let (dialect, url, writing, reading) = match location {
            Location::Sqlite(path) => {
                let url = format!("{}?mode={mode}", sqlite_url(path)?);
                (Dialect::Sqlite, url, sqlite::WRITER.to_owned(), sqlite::READER.to_owned())
            }
            Location::Postgres(server) => {
                let settings = postgres_settings(server);
                (Dialect::Postgres, server.url().to_owned(), settings.clone(), settings)
            }
        };
        let options = url.parse().map_err(opened(location))?;
        Ok(Self { dialect, options, writing, reading, immutable: mode.contains("immutable") })
    }
}

/// What is said of a database that cannot be opened.
fn opened(location: &Location) -> impl Fn(sqlx::Error) -> StoreError {
    move |e| way::failed(&location.to_string(), WAY_OUT, e)
}

impl fmt::Debug for Store {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Store({})", self.location)
    }
}

impl Store {
    /// Opens the database, making what is not there: its file and folder, or its schema, and its tables.
    ///
    /// Committed transactions survive a power cut: SQLite writes ahead with `synchronous = FULL`, PostgreSQL as it is
    /// set up.
    ///
    /// # Errors
    /// It cannot be reached, is no database, or has a newer format.
    pub async fn open(location: &Location) -> Result<Self, StoreError> {
        sqlx::any::install_default_drivers();
        if let Location::Sqlite(path) = location {
            make_folder(path)?;
        }
        location.is_safe().await?;
        let way = Way::to(location, "rwc")?;
        // A pool tries until its time is up and then says no more than that; this says what is wrong, at once.
        let mut first = AnyConnection::connect_with(&way.options).await.map_err(opened(location))?;
        begin_in_turn(&mut first, &way.writing).await.map_err(opened(location))?;
        first.close().await.map_err(opened(location))?;
        let mut store = Self::on(location, way);
        store.prepare().await.map_err(|e| at(location, e))?;
        store.read_secret().await?;
        Ok(store)
    }

    /// Opens a database to read it, or none where nothing was stored yet. Nothing is made, written or locked: not on a
    /// read-only disk, and not while others write.
    ///
    /// # Errors
    /// It cannot be reached, is no database, or has another format.
    pub async fn open_to_read(location: &Location) -> Result<Option<Self>, StoreError> {
        sqlx::any::install_default_drivers();
        if let Location::Sqlite(path) = location
            && !path.exists()
        {
            return Ok(None);
        }
        location.is_safe().await?;
        let way = Way::to(location, "ro")?;
        let way = match (reachable(&way).await, location) {
            (Ok(()), _) => way,
            // A reader marks its place beside the file. Where it may not, and nobody writes ahead of the file, the file
            // is all there is.
            (Err(_), Location::Sqlite(path)) if !written_ahead(path).exists() => {
                let way = Way::to(location, "ro&immutable=true")?;
                reachable(&way).await.map_err(opened(location))?;
                way
            }
            (Err(error), _) => return Err(opened(location)(error)),
        };
        let mut store = Self::on(location, way);
        if !store.is_prepared().await.map_err(|e| at(location, e))? {
            return Ok(None);
        }
        store.read_secret().await?;
        Ok(Some(store))
    }

    fn on(location: &Location, way: Way) -> Self {
        Self {
            location: location.clone(),
            dialect: way.dialect,
            // One writing connection a process: writers queue here instead of timing out on the database's lock.
            writer: pool(1, way.writing).connect_lazy_with(way.options.clone()),
            readers: pool(4, way.reading).connect_lazy_with(way.options),
            fold: Fold::default(),
            secret: [0; 32],
            seen: Seen::of(location, way.immutable),
        }
    }

    async fn read_secret(&mut self) -> Result<(), StoreError> {
        let secret: String = self.read().await?.query(common::META).bind("secret").value().await?;
        self.secret = kepi_model::id::Hash::of(secret.as_bytes()).0;
        Ok(())
    }

    /// Whether the file at the location is not any more the one that was opened: it was moved away, or another stands there.
    /// What is still read is of the one that was opened. Of a server nobody can tell.
    pub fn is_replaced(&self) -> bool {
        self.seen.is_some_and(|seen| Seen::of(&self.location, seen.content.is_some()) != Some(seen))
    }

    /// A secret of this database, made with it: key of digests that stand where others may read them.
    pub fn secret(&self) -> [u8; 32] {
        self.secret
    }

    /// Where the database is.
    pub fn location(&self) -> &Location {
        &self.location
    }

    /// Begins a change. It waits for others that are writing, in this process or another.
    ///
    /// # Errors
    /// Another process held the lock too long.
    pub async fn begin(&self) -> Result<Transaction, StoreError> {
        let begin = self.dialect.choose(sqlite::BEGIN, postgres::BEGIN);
        let mut tx = self.begin_on(&self.writer, begin).await?;
        if self.dialect == Dialect::Postgres {
            // The row is the lock: whoever is next waits here, and then sees what this one has committed.
            tx.query(common::LOCK_HEAD).run().await?;
        }
        Ok(Transaction(tx))
    }

    /// Begins to read: everything read through it is of one moment. It waits for no writer, and no writer for it.
    ///
    /// # Errors
    /// The database refused.
    pub async fn read(&self) -> Result<Reading, StoreError> {
        let begin = self.dialect.choose(sqlite::BEGIN_READING, postgres::BEGIN_READING);
        self.begin_on(&self.readers, begin).await
    }

    async fn begin_on(&self, pool: &AnyPool, begin: &'static str) -> Result<Reading, StoreError> {
        Ok(Reading { inner: pool.begin_with(begin).await.map_err(refused)?, dialect: self.dialect })
    }

    /// Writes the database anew without what was deleted from it, so that its bytes are not there any more. False: others read it
    /// meanwhile, and some of them are still in what SQLite writes ahead.
    ///
    /// # Errors
    /// The database refused.
    pub async fn compact(&self) -> Result<bool, StoreError> {
        let mut connection = self.writer.acquire().await.map_err(refused)?;
        match self.dialect {
            Dialect::Sqlite => {
                script(&mut connection, sqlite::COMPACT).await?;
                Ok(Query::new(&mut connection, sqlite::CHECKPOINT).value::<i64>().await? == 0)
            }
            Dialect::Postgres => {
                for statement in postgres::COMPACT {
                    script(&mut connection, statement).await?;
                }
                Ok(true)
            }
        }
    }

    /// Closes all connections; waits for those in use.
    pub async fn close(&self) {
        self.readers.close().await;
        self.writer.close().await;
    }

    /// Whether all tables are there as they are today; false: there are none.
    async fn is_prepared(&self) -> Result<bool, StoreError> {
        let mut tx = self.read().await?;
        if !self.table_exists(&mut tx, "kepi_meta").await? {
            return Ok(false);
        }
        match format_of(&mut tx).await? {
            None => Ok(false),
            Some(FORMAT) if self.is_of_today(&mut tx).await? => Ok(true),
            Some(_) => Err(StoreError::Earlier),
        }
    }

    async fn is_of_today(&self, tx: &mut Reading) -> Result<bool, StoreError> {
        let (_, hash) = self.schema();
        Ok(tx.query(common::SCHEMA_IS).bind(hash).value::<i64>().await? == 1)
    }

    /// The tables of today, with a hash of them.
    fn schema(&self) -> (&'static str, String) {
        let schema = self.dialect.choose(sqlite::SCHEMA, postgres::SCHEMA);
        let mut hasher = DefaultHasher::new();
        schema.hash(&mut hasher);
        (schema, format!("{:016x}", hasher.finish()))
    }

    /// Makes the tables, or brings them up to the format of today. A database that needs nothing is only read.
    async fn prepare(&self) -> Result<(), StoreError> {
        let (schema, schema_hash) = self.schema();
        let mut tx = self.read().await?;
        let known = self.table_exists(&mut tx, "kepi_meta").await?;
        if known && format_of(&mut tx).await? == Some(FORMAT) && self.is_of_today(&mut tx).await? {
            return Ok(());
        }
        drop(tx);
        // Before the tables are there, there is no row to lock.
        let begin = self.dialect.choose(sqlite::BEGIN, postgres::BEGIN);
        let mut tx = Transaction(self.begin_on(&self.writer, begin).await?);
        if let Location::Postgres(server) = &self.location {
            tx.query(postgres::LOCK_SCHEMAS).run().await?;
            if tx.query(postgres::SCHEMA_EXISTS).bind(server.schema()).value::<i64>().await? == 0 {
                // The name is of lower-case letters, digits and `_`.
                let create = format!("CREATE SCHEMA \"{}\"", server.schema());
                tx.query_built(create).run().await?;
            }
        }
        let format = match self.table_exists(&mut tx, "kepi_meta").await? {
            true => format_of(&mut tx).await?.unwrap_or(FORMAT),
            false => FORMAT,
        };
        if format == 1 {
            script(&mut tx.0.inner, self.dialect.choose(sqlite::FROM_1, postgres::FROM_1)).await?;
            // Only SQLite was there then.
            if self.dialect == Dialect::Sqlite && self.table_exists(&mut tx, "kepi_load").await? {
                script(&mut tx.0.inner, sqlite::LEDGER_FROM_1).await?;
            }
        }
        script(&mut tx.0.inner, schema).await?;
        match format {
            1 => migrate::seal_events_of_format_1(&mut tx).await?,
            2 => migrate::grow_tree(&mut tx).await?,
            _ => {}
        }
        for (key, value) in [("format", FORMAT.to_string()), ("schema", schema_hash)] {
            tx.query(common::SET_META).bind(key).bind(value).run().await?;
        }
        let secret = format!("{}{}", uuid::Uuid::new_v4().simple(), uuid::Uuid::new_v4().simple());
        tx.query(common::INIT_META).bind("secret").bind(secret).run().await?;
        let log = format!("kepi/{}", uuid::Uuid::new_v4());
        tx.query(common::INIT_META).bind(checkpoint::ORIGIN).bind(log).run().await?;
        tx.commit().await
    }

    async fn table_exists(&self, tx: &mut Reading, name: &'static str) -> Result<bool, StoreError> {
        let exists = self.dialect.choose(sqlite::TABLE_EXISTS, postgres::TABLE_EXISTS);
        Ok(tx.query(exists).bind(name).value::<i64>().await? > 0)
    }
}

/// The format of a database that has tables; none, if it was made by somebody who broke off.
async fn format_of(tx: &mut Reading) -> Result<Option<u32>, StoreError> {
    let Some(row) = tx.query(common::META).bind("format").first().await? else { return Ok(None) };
    let found: String = row.get(0)?;
    match found.parse() {
        Ok(format) if format <= FORMAT => Ok(Some(format)),
        _ => Err(StoreError::Format { found, known: FORMAT.to_string() }),
    }
}

fn postgres_settings(server: &Server) -> String {
    // The name is of lower-case letters, digits and `_`.
    format!("SET search_path TO \"{}\";\n{}", server.schema(), postgres::SESSION)
}

/// Connections that begin with `settings`.
fn pool(most: u32, settings: String) -> AnyPoolOptions {
    AnyPoolOptions::new().max_connections(most).acquire_timeout(BUSY).after_connect(
        move |connection: &mut AnyConnection, _| {
            let settings = settings.clone();
            Box::pin(async move { begin_with(connection, &settings).await })
        },
    )
}

async fn begin_with(connection: &mut AnyConnection, settings: &str) -> Result<(), sqlx::Error> {
    connection.execute(sqlx::raw_sql(sqlx::AssertSqlSafe(settings))).await?;
    Ok(())
}

/// The same while others open it too: a database that changes its journal refuses at once and does not wait.
async fn begin_in_turn(connection: &mut AnyConnection, settings: &str) -> Result<(), sqlx::Error> {
    const PAUSE: Duration = Duration::from_millis(20);
    const TRIES: u32 = 250;
    for _ in 1..TRIES {
        match begin_with(connection, settings).await {
            Err(sqlx::Error::Database(error)) if sqlite::is_busy(error.code().as_deref()) => {
                tokio::time::sleep(PAUSE).await;
            }
            done => return done,
        }
    }
    begin_with(connection, settings).await
}

/// Whether a database can be read that way.
async fn reachable(way: &Way) -> Result<(), sqlx::Error> {
    let mut first = AnyConnection::connect_with(&way.options).await?;
    begin_with(&mut first, &way.reading).await?;
    let looked = match way.dialect {
        Dialect::Sqlite => begin_with(&mut first, sqlite::LOOK).await,
        Dialect::Postgres => Ok(()),
    };
    first.close().await?;
    looked
}

/// A refusal while a database is opened says where it is.
fn at(location: &Location, error: StoreError) -> StoreError {
    match error {
        StoreError::Refused(reason) => StoreError::Open { location: location.to_string(), reason },
        other => other,
    }
}

/// Folder and name of a file.
fn parts(path: &Path) -> Result<(PathBuf, OsString), StoreError> {
    let failed = |source| StoreError::Folder { path: path.to_owned(), source };
    let absolute = std::path::absolute(path).map_err(failed)?;
    match (absolute.parent(), absolute.file_name()) {
        (Some(folder), Some(name)) => Ok((folder.to_owned(), name.to_owned())),
        _ => Err(StoreError::Location(format!("`{}` is no file", path.display()))),
    }
}

fn make_folder(path: &Path) -> Result<(), StoreError> {
    let (folder, _) = parts(path)?;
    std::fs::create_dir_all(folder).map_err(|source| StoreError::Folder { path: path.to_owned(), source })
}

/// The driver takes addresses only. Whatever a path holds is encoded, and nothing of it is left to be resolved.
fn sqlite_url(path: &Path) -> Result<String, StoreError> {
    let failed = |source| StoreError::Folder { path: path.to_owned(), source };
    let (folder, name) = parts(path)?;
    let file = folder.canonicalize().map_err(failed)?.join(name);
    let Some(text) = file.to_str() else {
        return Err(StoreError::Location(format!("`{}` is not UTF-8", file.display())));
    };
    let mut url = "sqlite://".to_owned();
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"/._-".contains(&byte) {
            url.push(char::from(byte));
        } else {
            url.push_str(&format!("%{byte:02X}"));
        }
    }
    Ok(url)
}
