//! Scans on a cluster: the same plans, the same states, on other machines.
//!
//! A cluster of [Ballista](https://datafusion.apache.org/ballista) has one scheduler and any number of workers, all of one
//! version of Kepi. A scan goes there as a physical plan: Kepi's node, which computes states, over plain Parquet sources. What
//! comes back of each partition are exact states that merge in any order, so where they were computed cannot show. Nothing but
//! scans goes there: what is made of other rows is computed here, and said.
//!
//! Without the feature `ballista`, which compiles all of DataFusion, everything here answers that this build has no cluster.

mod address;
#[cfg(feature = "ballista")]
mod client;
#[cfg(feature = "ballista")]
mod codec;
#[cfg(feature = "ballista")]
mod node;
#[cfg(feature = "ballista")]
mod roles;
#[cfg(not(feature = "ballista"))]
mod without;

use std::{net::SocketAddr, path::PathBuf};

pub use address::{Address, NotAnAddress};
#[cfg(feature = "ballista")]
pub use client::ClusterEvaluator;
#[cfg(feature = "ballista")]
pub use roles::{scheduler, worker};
#[cfg(not(feature = "ballista"))]
pub use without::{ClusterEvaluator, scheduler, worker};

/// What a scheduler is started with.
#[derive(Debug, Clone)]
pub struct SchedulerOptions {
    /// Where it listens.
    pub listen: SocketAddr,
    /// Seconds without a word of a worker after which its work is given to others.
    pub lost_after: u64,
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
    /// A role ended with an error.
    #[error("{0}")]
    Ended(String),
}
