//! `kepi scheduler`, `kepi worker`.

use std::net::SocketAddr;

use kepi_cluster::{Address, ClusterError, SchedulerOptions, WorkerOptions};

use crate::{
    cli::{Scheduler, Worker},
    failure::Failure,
    output::Output,
};

impl From<ClusterError> for Failure {
    fn from(error: ClusterError) -> Self {
        Self::Port(Box::new(error))
    }
}

/// Runs a scheduler until it is asked to end.
pub async fn scheduler(what: &Scheduler, out: Output) -> Result<(), Failure> {
    let options = SchedulerOptions {
        listen: SocketAddr::new(what.host, what.port),
        lost_after: what.lost_after,
        certificates: what.members.certificates(),
        plain: what.plain,
    };
    if !what.host.is_loopback() && options.certificates.is_none() {
        out.remark("whoever reaches this address can have data files of the workers read: let only the cluster reach it");
    }
    let listening = |address: Address| out.remark(&format!("scheduler at {address}; Ctrl-C ends it"));
    Ok(kepi_cluster::scheduler(options, listening).await?)
}

/// Runs a worker until it is asked to end.
pub async fn worker(what: &Worker, out: Output) -> Result<(), Failure> {
    let all = std::thread::available_parallelism().map_or(1, usize::from);
    let options = WorkerOptions {
        scheduler: what.scheduler.clone(),
        listen: SocketAddr::new(what.host, what.port),
        reached_as: what.reached_as.clone(),
        threads: what.threads.map_or(all, usize::from),
        folder: what.folder.clone().unwrap_or_else(std::env::temp_dir),
        certificates: what.members.certificates(),
        plain: what.plain,
    };
    let threads = options.threads;
    let working = |name: &str| {
        out.remark(&format!(
            "worker {name} of {}, {threads} parts at a time; Ctrl-C ends it",
            what.scheduler
        ));
    };
    Ok(kepi_cluster::worker(options, working).await?)
}
