//! The commands of a cluster.

use std::path::PathBuf;

use clap::Args;
use kepi_cluster::Address;

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
}
