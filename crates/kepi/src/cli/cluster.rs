//! The commands of a cluster.

use std::{
    path::{Path, PathBuf},
    str::FromStr,
};

use clap::Args;
use kepi_cluster::{Address, Certificates, ClientOptions, SharedFiles};
use kepi_model::engine::{self, CertificateFiles, MOST_PARTITIONS, NotAnAddress};

/// How members of a cluster know each other.
#[derive(Debug, Clone, Default, Args)]
pub struct Members {
    /// Certificate of the authority of the cluster, in PEM: with it all connections are encrypted, and both ends show theirs.
    #[arg(long, value_name = "FILE", env = "KEPI_TLS_AUTHORITY", requires_all = ["tls_certificate", "tls_key"])]
    pub tls_authority: Option<PathBuf>,
    /// Own certificate by that authority, for the name or number that others reach this machine by.
    #[arg(long, value_name = "FILE", env = "KEPI_TLS_CERTIFICATE", requires = "tls_authority")]
    pub tls_certificate: Option<PathBuf>,
    /// The key of the own certificate.
    #[arg(long, value_name = "FILE", env = "KEPI_TLS_KEY", requires = "tls_authority")]
    pub tls_key: Option<PathBuf>,
}

impl Members {
    /// The files, where there are any.
    pub fn certificates(&self) -> Option<Certificates> {
        Some(Certificates {
            authority: self.tls_authority.clone()?,
            own: self.tls_certificate.clone()?,
            key: self.tls_key.clone()?,
        })
    }
}

/// What computes scans.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Engine {
    /// This process, whatever the project says.
    Embedded,
    /// A cluster, by its scheduler.
    Cluster(Address),
}

/// The word for this process.
const EMBEDDED: &str = "embedded";

impl FromStr for Engine {
    type Err = NoEngine;
    fn from_str(text: &str) -> Result<Self, NoEngine> {
        if text == EMBEDDED { Ok(Self::Embedded) } else { Ok(Self::Cluster(text.parse()?)) }
    }
}

/// Why a text names no engine.
#[derive(Debug, thiserror::Error)]
#[error("{0}, or `{EMBEDDED}` for this process")]
pub struct NoEngine(#[from] NotAnAddress);

/// Where scans are computed.
#[derive(Debug, Clone, Default, Args)]
pub struct Elsewhere {
    /// What computes scans: a cluster, by its scheduler (ballista://host:port), or this process (embedded); default as the project
    /// says (`engine`), else this process
    ///
    /// What is made of other rows and cannot be made apart by key is made in this process still
    #[arg(long, value_name = "ADDRESS", env = "KEPI_ENGINE")]
    pub engine: Option<Engine>,
    /// Parts into which a scan on a cluster is cut, at most 4096; default as the project says, else 16.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=i64::from(MOST_PARTITIONS)))]
    pub partitions: Option<u16>,
    /// A bucket for data files, as s3://bucket/prefix, where workers do not see those of this machine.
    ///
    /// What the workers need is put there unless it is there. Endpoint and keys come from the environment: AWS_ENDPOINT_URL,
    /// AWS_REGION, AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY
    #[arg(long, value_name = "PLACE", env = "KEPI_SHARED_FILES")]
    pub shared_files: Option<SharedFiles>,
    #[command(flatten)]
    pub members: Members,
}

impl Elsewhere {
    /// The cluster that is meant, if one is: as it is said here, else as the project in a folder says. An engine that is named here
    /// stands in place of all that the project says of its own; the other options each stand in place of theirs.
    pub fn cluster(&self, project: Option<&engine::Engine>, folder: &Path) -> Option<ClientOptions> {
        let (scheduler, project) = match &self.engine {
            Some(Engine::Embedded) => return None,
            Some(Engine::Cluster(scheduler)) => (scheduler, None),
            None => project.map(|project| (&project.scheduler, Some(project)))?,
        };
        let partitions = self.partitions.or(project.map(|project| project.partitions));
        let written = project.and_then(|project| project.certificates.as_ref());
        let shared = project.and_then(|project| project.shared_files.as_ref());
        Some(ClientOptions {
            scheduler: scheduler.clone(),
            partitions: partitions.map(usize::from),
            certificates: self
                .members
                .certificates()
                .or_else(|| written.map(|files| certificates(files, folder))),
            shared: self.shared_files.as_ref().or(shared).cloned(),
        })
    }
}

/// Certificates that the project in a folder names.
fn certificates(files: &CertificateFiles, folder: &Path) -> Certificates {
    let at = |path: &str| folder.join(path);
    Certificates { authority: at(&files.authority), own: at(&files.own), key: at(&files.key) }
}

/// `kepi scheduler`.
#[derive(Debug, Args)]
pub struct Scheduler {
    /// Address to listen on.
    #[arg(long, default_value = "127.0.0.1")]
    pub host: std::net::IpAddr,
    /// Port; 0 takes a free one.
    #[arg(long, default_value_t = 50050)]
    pub port: u16,
    /// Seconds without a word of a worker after which its parts are given to others, at least 10.
    #[arg(long, value_name = "SECONDS", default_value_t = 15, value_parser = clap::value_parser!(u64).range(10..=3600))]
    pub lost_after: u64,
    #[command(flatten)]
    pub members: Members,
    /// Listens without certificates at an address that is not private.
    #[arg(long)]
    pub plain: bool,
}

/// `kepi worker`.
#[derive(Debug, Args)]
pub struct Worker {
    /// The scheduler to work for.
    #[arg(long, value_name = "ADDRESS", default_value = "ballista://127.0.0.1:50050")]
    pub scheduler: Address,
    /// Address to hand out results on.
    #[arg(long, default_value = "127.0.0.1")]
    pub host: std::net::IpAddr,
    /// Port for that; 0 takes a free one.
    #[arg(long, default_value_t = 0)]
    pub port: u16,
    /// The name by which the scheduler reaches this worker, if that is not the address.
    #[arg(long, value_name = "NAME")]
    pub reached_as: Option<String>,
    /// Parts computed at a time, at most 1024; default one a processor.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=1024))]
    pub threads: Option<u16>,
    /// Where results lie until they are fetched; default the folder for temporary files.
    #[arg(long, value_name = "DIR")]
    pub folder: Option<PathBuf>,
    #[command(flatten)]
    pub members: Members,
    /// Listens without certificates at an address that is not private.
    #[arg(long)]
    pub plain: bool,
}

/// `kepi bench cluster`.
#[derive(Debug, Args)]
pub struct BenchCluster {
    /// Interactions to generate.
    #[arg(long, default_value_t = 2_000_000)]
    pub rows: u64,
    /// Runs of each; medians are reported.
    #[arg(long, default_value_t = 3)]
    pub runs: usize,
    /// Worker processes, at most 16.
    #[arg(long, default_value_t = 2, value_parser = clap::value_parser!(u16).range(1..=16))]
    pub workers: u16,
    /// Folder for the generated data; default a temporary one.
    #[arg(long, value_name = "DIR")]
    pub data: Option<PathBuf>,
    /// A bucket from which workers read the data, as s3://bucket/prefix; by default they read its files.
    #[arg(long, value_name = "PLACE", env = "KEPI_SHARED_FILES")]
    pub shared_files: Option<SharedFiles>,
}
