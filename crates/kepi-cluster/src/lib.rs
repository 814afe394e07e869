//! Scans on a cluster: the same plans, the same states, on other machines.
//!
//! A cluster of [Ballista](https://datafusion.apache.org/ballista) has one scheduler and any number of workers, all of one
//! version of Kepi. A scan goes there as a physical plan: Kepi's node, which computes states, over plain Parquet sources. What
//! comes back of each partition are exact states that merge in any order, so where they were computed cannot show. What is made of
//! other rows by key goes there as portions of keys; what cannot be made apart is made where the run is.
//!
//! Without the feature `ballista`, which compiles all of DataFusion, everything here answers that this build has no cluster.

#[cfg(feature = "ballista")]
mod client;
#[cfg(feature = "ballista")]
mod codec;
#[cfg(feature = "ballista")]
mod node;
#[cfg(feature = "ballista")]
mod roles;
#[cfg(feature = "ballista")]
mod shared;
#[cfg(feature = "ballista")]
mod tls;
#[cfg(not(feature = "ballista"))]
mod without;

use std::{
    net::{IpAddr, SocketAddr},
    path::PathBuf,
};

#[cfg(feature = "ballista")]
pub use client::ClusterEvaluator;
pub use kepi_model::engine::{Address, SharedFiles};
#[cfg(feature = "ballista")]
pub use roles::{scheduler, worker};
#[cfg(not(feature = "ballista"))]
pub use without::{ClusterEvaluator, scheduler, worker};

/// Files of certificates, in PEM. With them everything on the wire is encrypted, and both ends of each connection show that
/// they belong to the cluster.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Certificates {
    /// The certificate of the authority that all members of the cluster are certified by, and nobody else.
    pub authority: PathBuf,
    /// The certificate of this member, for the name or number that others reach it by.
    pub own: PathBuf,
    /// Its key.
    pub key: PathBuf,
}

/// How scans reach a cluster.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClientOptions {
    /// Its scheduler.
    pub scheduler: Address,
    /// Parts into which a scan is cut, unless the usual number serves.
    pub partitions: Option<usize>,
    /// How both ends know each other; none: nothing is encrypted.
    pub certificates: Option<Certificates>,
    /// Where data files are put for the workers; none: workers read them at the paths that they have here.
    pub shared: Option<SharedFiles>,
}

impl ClientOptions {
    /// Plainly, with files that all machines see.
    pub fn of(scheduler: Address) -> Self {
        Self { scheduler, partitions: None, certificates: None, shared: None }
    }
}

/// What a scheduler is started with.
#[derive(Debug, Clone)]
pub struct SchedulerOptions {
    /// Where it listens.
    pub listen: SocketAddr,
    /// Seconds without a word of a worker after which its work is given to others.
    pub lost_after: u64,
    /// How it and others know each other; none: nothing is encrypted.
    pub certificates: Option<Certificates>,
    /// Whether it may listen without certificates at an address that is not private.
    pub plain: bool,
}

/// What a worker is started with.
#[derive(Debug, Clone)]
pub struct WorkerOptions {
    /// The scheduler it works for.
    pub scheduler: Address,
    /// Where it hands out results; port 0 is any that is free.
    pub listen: SocketAddr,
    /// The name by which others reach it, if that is not the address it listens at.
    pub reached_as: Option<String>,
    /// Partitions at a time.
    pub threads: usize,
    /// Where results lie until they are fetched; a folder of its own is made there, and removed at the end.
    pub folder: PathBuf,
    /// How it and others know each other; none: nothing is encrypted.
    pub certificates: Option<Certificates>,
    /// Whether it may listen without certificates at an address that is not private.
    pub plain: bool,
}

/// Refuses to listen without certificates where anybody could reach it, unless that is said.
///
/// # Errors
/// The address is not private.
pub fn allowed(
    listen: SocketAddr,
    certificates: Option<&Certificates>,
    plain: bool,
) -> Result<(), ClusterError> {
    if certificates.is_some() || plain || is_private(listen.ip()) {
        return Ok(());
    }
    Err(ClusterError::Plain { listen })
}

/// Whether an address is of this machine, its link or a private network. All addresses of a machine at once are not.
fn is_private(ip: IpAddr) -> bool {
    match ip {
        IpAddr::V4(ip) => ip.is_loopback() || ip.is_private() || ip.is_link_local(),
        IpAddr::V6(ip) => match ip.to_ipv4_mapped() {
            Some(ip) => is_private(ip.into()),
            None => ip.is_loopback() || ip.is_unique_local() || ip.is_unicast_link_local(),
        },
    }
}

/// Why a cluster cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum ClusterError {
    /// This build has none.
    #[error(
        "this kepi was built without clusters, which compile long; \
         `cargo install --locked --path crates/kepi --features cluster` builds one with them"
    )]
    NotBuilt,
    /// Nobody answers.
    #[error("no scheduler answers at `{address}` ({why}); `kepi scheduler` starts one")]
    Unreachable {
        /// Where.
        address: Address,
        /// Why.
        why: String,
    },
    /// Another version answers.
    #[error("`{address}` runs `{theirs}`, but this is `{ours}`: run one version of kepi everywhere")]
    OtherVersion {
        /// Where.
        address: Address,
        /// Its version.
        theirs: String,
        /// This one.
        ours: String,
    },
    /// No worker is there.
    #[error(
        "the scheduler at `{address}` has no worker after {seconds} seconds; `kepi worker --scheduler {address}` starts one"
    )]
    NoWorker {
        /// Where.
        address: Address,
        /// How long it was waited for one.
        seconds: u64,
    },
    /// It would listen to anybody.
    #[error(
        "without certificates anybody who reaches `{listen}` can have data files read; listen at a private address, give \
         `--tls-authority`, `--tls-certificate` and `--tls-key`, or say `--plain` where the network keeps others out"
    )]
    Plain {
        /// Where.
        listen: SocketAddr,
    },
    /// A certificate or key is of no use.
    #[error("`{path}` is of no use: {why}")]
    Certificates {
        /// Its file.
        path: String,
        /// Why.
        why: String,
    },
    /// Shared files cannot be had.
    #[error(
        "shared files at `{at}` cannot be had: {why}; credentials and endpoint come from the environment (AWS_ACCESS_KEY_ID, \
         AWS_SECRET_ACCESS_KEY, AWS_REGION, AWS_ENDPOINT_URL)"
    )]
    Shared {
        /// Where.
        at: SharedFiles,
        /// Why.
        why: String,
    },
    /// A role ended with an error.
    #[error("{0}")]
    Ended(String),
}
