//! Data files in a bucket, for machines that share no file system. A run puts the files that its scans name there, each under
//! the hash of its bytes and only if it is not there yet; plans name those. Workers read of the files of a scan the ranges that
//! they need, and fetch tables that are looked up whole, held against their names.
//!
//! Nothing is removed here: other runs may need it. Who lets in and where the bucket is comes from the environment alone.

use std::{
    any::Any,
    collections::{BTreeMap, BTreeSet},
    path::Path,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use datafusion::{
    common::{DataFusionError, Result},
    datasource::{
        physical_plan::{FileScanConfig, FileScanConfigBuilder},
        source::DataSourceExec,
    },
    execution::{
        SpillFile, TaskContext,
        object_store::{DefaultObjectStoreRegistry, ObjectStoreRegistry, ObjectStoreUrl},
    },
    physical_plan::ExecutionPlan,
};
use futures::{StreamExt, TryStreamExt};
use kepi_engine::parts::ScanTask;
use kepi_query::kept::PortionsTask;
use object_store::{
    ObjectStore, ObjectStoreExt, RetryConfig, WriteMultipart, aws::AmazonS3Builder, local::LocalFileSystem,
    path::Path as ObjectPath,
};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    sync::OnceCell,
};
use url::Url;

use crate::{ClusterError, SharedFiles};

/// Bytes that are sent at once: the least that a part of an upload may have.
const CHUNK: usize = 5 << 20;

/// Parts of an upload on their way at a time.
const AT_A_TIME: usize = 4;

/// How long a store is asked again that does not answer.
const PATIENCE: Duration = Duration::from_secs(30);

/// What the names of files end with.
const ENDING: &str = ".parquet";

/// The store behind a bucket, as the environment says.
fn bucket(name: &str) -> object_store::Result<Arc<dyn ObjectStore>> {
    let retry = RetryConfig { max_retries: 5, retry_timeout: PATIENCE, ..RetryConfig::default() };
    let store = AmazonS3Builder::from_env().with_bucket_name(name).with_retry(retry).build()?;
    Ok(Arc::new(store))
}

fn failed(error: impl std::fmt::Display) -> DataFusionError {
    DataFusionError::Execution(error.to_string())
}

/// A file of this machine in the bucket, once it is known to be there.
type There = Arc<OnceCell<ObjectPath>>;

/// Where a run puts its data files.
#[derive(Debug)]
pub struct Shared {
    at: SharedFiles,
    store: Arc<dyn ObjectStore>,
    /// By path on this machine. Data files are never written anew under their names.
    files: Mutex<BTreeMap<String, There>>,
    put: AtomicU64,
    bytes: AtomicU64,
    known: AtomicU64,
}

impl Shared {
    /// Reaches it.
    ///
    /// # Errors
    /// The environment names no store, or it does not let in.
    pub async fn reach(at: SharedFiles) -> Result<Self, ClusterError> {
        let wrong = |error: object_store::Error| ClusterError::Shared {
            at: at.clone(),
            why: crate::tls::said(&error).lines().next().unwrap_or_default().chars().take(400).collect(),
        };
        let store = bucket(&at.bucket).map_err(wrong)?;
        let prefix = ObjectPath::from(at.prefix.clone());
        store.list(Some(&prefix)).next().await.transpose().map_err(wrong)?;
        let (files, put, bytes, known) = Default::default();
        Ok(Self { at, store, files, put, bytes, known })
    }

    /// What came to lie there, for people.
    pub fn remark(&self) -> String {
        let files = |n: u64| if n == 1 { "1 data file".to_owned() } else { format!("{n} data files") };
        let (put, known) = (self.put.load(Ordering::Relaxed), self.known.load(Ordering::Relaxed));
        let size = self.bytes.load(Ordering::Relaxed).div_ceil(1 << 20);
        format!("{} put to {} (at most {size} MiB), {known} there before", files(put), self.at)
    }

    /// A scan whose files lie in the bucket.
    ///
    /// # Errors
    /// A file cannot be read or put there.
    pub async fn named(
        &self,
        task: &ScanTask,
        source: &Arc<dyn ExecutionPlan>,
    ) -> Result<(ScanTask, Arc<dyn ExecutionPlan>)> {
        let not_ours = || DataFusionError::Internal("a scan of Kepi reads Parquet files".to_owned());
        let config = source.downcast_ref::<DataSourceExec>().and_then(|source| {
            let source: &dyn Any = source.data_source().as_ref();
            source.downcast_ref::<FileScanConfig>()
        });
        let config = config.ok_or_else(not_ours)?;
        let mut task = task.clone();
        let of_the_scan = config.file_groups.iter().flat_map(|group| group.files());
        let here = |location: &ObjectPath| -> Result<String> {
            let path = LocalFileSystem::new().path_to_filesystem(location).map_err(failed)?;
            Ok(path.to_string_lossy().into_owned())
        };
        let paths: Result<BTreeSet<String>> =
            of_the_scan.map(|file| here(&file.object_meta.location)).collect();
        let mut paths = paths?;
        paths.extend(task.looked_up().map(|path| path.clone()));
        let there = self.put_all(paths).await?;
        let missing = || DataFusionError::Internal("a file of a scan was not put".to_owned());
        self.rename(task.looked_up(), &there)?;
        let mut config = config.clone();
        config.object_store_url = ObjectStoreUrl::parse(format!("s3://{}", self.at.bucket))?;
        let mut groups = Vec::with_capacity(config.file_groups.len());
        for group in &config.file_groups {
            let mut files = group.files().to_vec();
            for file in &mut files {
                let path = here(&file.object_meta.location)?;
                file.object_meta.location = there.get(&path).ok_or_else(missing)?.clone();
            }
            groups.push(files.into());
        }
        for file in task.scanned() {
            let path = here(&ObjectPath::parse(&file.location).map_err(failed)?)?;
            file.location = there.get(&path).ok_or_else(missing)?.to_string();
        }
        let config = FileScanConfigBuilder::from(config).with_file_groups(groups).build();
        Ok((task, DataSourceExec::from_data_source(config)))
    }

    /// Names files where they lie in the bucket, once they are there.
    ///
    /// # Errors
    /// A file cannot be read or put there.
    pub async fn renamed(&self, task: &PortionsTask) -> Result<PortionsTask> {
        let mut task = task.clone();
        let there = self.put_all(task.paths().map(|path| path.clone()).collect()).await?;
        self.rename(task.paths(), &there)?;
        Ok(task)
    }

    fn rename<'a>(
        &self,
        paths: impl Iterator<Item = &'a mut String>,
        there: &BTreeMap<String, ObjectPath>,
    ) -> Result<()> {
        for path in paths {
            let missing = || DataFusionError::Internal("a file of a scan was not put".to_owned());
            let name = there.get(path.as_str()).ok_or_else(missing)?;
            *path = format!("s3://{}/{name}", self.at.bucket);
        }
        Ok(())
    }

    /// Puts files there unless they are; their names there.
    async fn put_all(&self, paths: BTreeSet<String>) -> Result<BTreeMap<String, ObjectPath>> {
        let put = futures::stream::iter(paths).map(|path| async move {
            let name = self.put(&path).await?;
            Ok::<_, DataFusionError>((path, name))
        });
        put.buffer_unordered(AT_A_TIME).try_collect().await
    }

    /// Puts a file there unless it is; its name there.
    async fn put(&self, path: &str) -> Result<ObjectPath> {
        let cell = {
            let mut files = self.files.lock().unwrap_or_else(PoisonError::into_inner);
            Arc::clone(files.entry(path.to_owned()).or_default())
        };
        let put = cell.get_or_try_init(|| async {
            let wrong = |error: &dyn std::error::Error| {
                failed(format!("`{path}` cannot be put to {}: {}", self.at, crate::tls::said(error)))
            };
            let (hash, bytes) = hashed(path).await.map_err(|error| wrong(&error))?;
            let slash = if self.at.prefix.is_empty() { "" } else { "/" };
            let name = ObjectPath::from(format!("{}{slash}{hash}{ENDING}", self.at.prefix));
            match self.store.head(&name).await {
                // One that was cut would be no upload of this store's: they are whole or not there.
                Ok(object) if object.size == bytes => {
                    self.known.fetch_add(1, Ordering::Relaxed);
                    return Ok(name);
                }
                Ok(_) | Err(object_store::Error::NotFound { .. }) => {}
                Err(error) => return Err(wrong(&error)),
            }
            self.upload(path, &name, bytes).await?;
            self.put.fetch_add(1, Ordering::Relaxed);
            self.bytes.fetch_add(bytes, Ordering::Relaxed);
            Ok(name)
        });
        put.await.cloned()
    }

    async fn upload(&self, path: &str, name: &ObjectPath, bytes: u64) -> Result<()> {
        let wrong = |error: &dyn std::error::Error| {
            failed(format!("`{path}` cannot be put to {}: {}", self.at, crate::tls::said(error)))
        };
        if bytes <= CHUNK as u64 {
            let all = tokio::fs::read(path).await.map_err(|error| wrong(&error))?;
            self.store.put(name, all.into()).await.map_err(|error| wrong(&error))?;
            return Ok(());
        }
        let mut file = tokio::fs::File::open(path).await.map_err(|error| wrong(&error))?;
        let upload = self.store.put_multipart(name).await.map_err(|error| wrong(&error))?;
        let mut upload = WriteMultipart::new_with_chunk_size(upload, CHUNK);
        let mut chunk = vec![0; 1 << 20];
        loop {
            let read = match file.read(&mut chunk).await {
                Ok(read) => read,
                Err(error) => {
                    // What was sent of it would be paid for.
                    let _ = upload.abort().await;
                    return Err(wrong(&error));
                }
            };
            if read == 0 {
                break;
            }
            upload.wait_for_capacity(AT_A_TIME).await.map_err(|error| wrong(&error))?;
            upload.write(chunk.get(..read).unwrap_or_default());
        }
        upload.finish().await.map_err(|error| wrong(&error))?;
        Ok(())
    }
}

/// Hash and length of a file.
async fn hashed(path: &str) -> std::io::Result<(blake3::Hash, u64)> {
    let path = path.to_owned();
    let hash = tokio::task::spawn_blocking(move || {
        let mut hasher = blake3::Hasher::new();
        let mut file = std::fs::File::open(path)?;
        let bytes = std::io::copy(&mut file, &mut hasher)?;
        Ok((hasher.finalize(), bytes))
    });
    hash.await.map_err(std::io::Error::other)?
}

/// Stores that workers read from: files of the machine, and buckets as they are asked for.
#[derive(Debug, Default)]
pub struct Stores(DefaultObjectStoreRegistry);

impl ObjectStoreRegistry for Stores {
    fn register_store(&self, url: &Url, store: Arc<dyn ObjectStore>) -> Option<Arc<dyn ObjectStore>> {
        self.0.register_store(url, store)
    }
    fn deregister_store(&self, url: &Url) -> Result<Arc<dyn ObjectStore>> {
        self.0.deregister_store(url)
    }
    fn get_store(&self, url: &Url) -> Result<Arc<dyn ObjectStore>> {
        match (url.scheme(), url.host_str()) {
            ("s3", Some(name)) => self.0.get_store(url).or_else(|_| {
                let store = bucket(name).map_err(failed)?;
                self.0.register_store(url, Arc::clone(&store));
                Ok(store)
            }),
            _ => self.0.get_store(url),
        }
    }
}

/// Fetches files of a task that lie in a bucket, and names the copies in their place. They are there as long as what is returned.
///
/// # Errors
/// A file cannot be had, or is not what its name says.
pub async fn fetched(
    paths: impl Iterator<Item = &mut String>,
    context: &TaskContext,
) -> Result<Vec<Arc<dyn SpillFile>>> {
    let mut copies = Vec::new();
    for path in paths {
        let Some((bucket, name)) = path.strip_prefix("s3://").and_then(|rest| rest.split_once('/')) else {
            continue;
        };
        let store = context.runtime_env().object_store(ObjectStoreUrl::parse(format!("s3://{bucket}"))?)?;
        // In the worker's folder, which only its own user reads and which goes with it.
        let copy = context.runtime_env().disk_manager.create_tmp_file("what a bucket holds")?;
        let at = copy.path().ok_or_else(|| failed("a worker has no folder for files"))?.to_owned();
        let mut rows = store.get(&ObjectPath::from(name)).await.map_err(failed)?.into_stream();
        let (mut file, mut hasher) = (tokio::fs::File::create(&at).await?, blake3::Hasher::new());
        while let Some(bytes) = rows.try_next().await.map_err(failed)? {
            hasher.update(&bytes);
            file.write_all(&bytes).await?;
        }
        file.flush().await?;
        let hash = format!("{}{ENDING}", hasher.finalize());
        if Path::new(name).file_name().and_then(|name| name.to_str()) != Some(&*hash) {
            return Err(failed(format!("`{path}` is not what its name says; remove it, and run again")));
        }
        *path = at.to_string_lossy().into_owned();
        copies.push(copy);
    }
    Ok(copies)
}
