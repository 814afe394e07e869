//! The commands of a cluster.

use std::path::PathBuf;

use clap::Args;
use kepi_cluster::{Address, Certificates, SharedFiles};

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

/// Where scans are computed.
#[derive(Debug, Clone, Default, Args)]
pub struct Elsewhere {
    /// A cluster to compute scans on, by its scheduler: ballista://host:port; by default in this process
    ///
    /// What is made of other rows, such as panels, is computed in this process still, and said
    #[arg(long, value_name = "ADDRESS", env = "KEPI_ENGINE")]
    pub engine: Option<Address>,
    /// Parts into which a scan on a cluster is cut, at most 4096.
    #[arg(long, value_name = "N", requires = "engine", default_value_t = 16, value_parser = clap::value_parser!(u16).range(1..=4096))]
    pub partitions: u16,
    /// A bucket for data files, as s3://bucket/prefix, where workers do not see those of this machine.
    ///
    /// What the workers need is put there unless it is there. Endpoint and keys come from the environment: AWS_ENDPOINT_URL,
    /// AWS_REGION, AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY
    #[arg(long, value_name = "PLACE", requires = "engine", env = "KEPI_SHARED_FILES")]
    pub shared_files: Option<SharedFiles>,
    #[command(flatten)]
    pub members: Members,
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
