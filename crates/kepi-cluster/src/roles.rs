//! Scheduler and worker: one binary, started in either role.

use std::{
    net::{IpAddr, SocketAddr},
    path::{Path, PathBuf},
    sync::Arc,
};

use ballista_core::{config::TaskSchedulingPolicy, ids::new_instance_id};
use ballista_executor::executor_process::{ExecutorProcessConfig, start_executor_process};
use ballista_scheduler::{
    cluster::BallistaCluster,
    config::SchedulerConfig,
    scheduler_process::{create_scheduler, start_grpc_service_with_listener},
};
use datafusion_proto::protobuf::{LogicalPlanNode, PhysicalPlanNode};

use crate::{Address, ClusterError, SchedulerOptions, WorkerOptions, client::hello, codec::Codec};

/// Largest message between processes, in bytes: plans name files, and states come in pieces far below this.
pub const MESSAGE: usize = 1 << 28;

/// Seconds after which what is left of jobs that ended is removed.
const CLEANED_AFTER: u64 = 300;

fn ended(error: impl std::fmt::Display) -> ClusterError {
    ClusterError::Ended(error.to_string())
}

/// Runs a scheduler until it is asked to end; `listening` is told where it listens.
///
/// # Errors
/// The address is taken, or the scheduler fails.
pub async fn scheduler(
    options: SchedulerOptions,
    listening: impl FnOnce(Address),
) -> Result<(), ClusterError> {
    let listener = tokio::net::TcpListener::bind(options.listen)
        .await
        .map_err(|error| ended(format!("`{}` cannot be listened at: {error}", options.listen)))?;
    let at = listener.local_addr().map_err(ended)?;
    let config = SchedulerConfig {
        bind_host: at.ip().to_string(),
        bind_port: at.port(),
        external_host: at.ip().to_string(),
        // Workers ask for work, so that only they have to reach the scheduler for it.
        scheduling_policy: TaskSchedulingPolicy::PullStaged,
        // Who asks reaches the scheduler only: it passes results on.
        enable_embedded_flight_proxy: true,
        executor_timeout_seconds: options.lost_after,
        expire_dead_executor_interval_seconds: options.lost_after.div_ceil(4).max(1),
        no_executors_grace_period_seconds: options.lost_after,
        finished_job_data_clean_up_interval_seconds: CLEANED_AFTER,
        finished_job_state_clean_up_interval_seconds: CLEANED_AFTER,
        grpc_server_max_decoding_message_size: MESSAGE as u32,
        grpc_server_max_encoding_message_size: MESSAGE as u32,
        grpc_client_max_message_size: MESSAGE as u32,
        override_physical_codec: Some(Arc::new(Codec::default())),
        ..SchedulerConfig::default()
    };
    let cluster = BallistaCluster::new_from_config(&config).await.map_err(ended)?;
    let server = create_scheduler::<LogicalPlanNode, PhysicalPlanNode>(cluster, Arc::new(config));
    let server = server.await.map_err(ended)?;
    listening(Address { host: in_address(at.ip()), port: at.port() });
    tokio::select! {
        served = start_grpc_service_with_listener(listener, server) => served.map_err(ended),
        () = asked_to_end() => Ok(()),
    }
}

fn in_address(ip: IpAddr) -> String {
    match ip {
        IpAddr::V4(ip) => ip.to_string(),
        IpAddr::V6(ip) => format!("[{ip}]"),
    }
}

/// Ctrl-C, or what service managers send.
async fn asked_to_end() {
    let Ok(mut terminate) = tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate()) else {
        let _ = tokio::signal::ctrl_c().await;
        return;
    };
    tokio::select! {
        _ = tokio::signal::ctrl_c() => {}
        _ = terminate.recv() => {}
    }
}

/// Runs a worker until it is asked to end; `working` is told its name when the scheduler has been found to be of this version.
///
/// # Errors
/// No scheduler of this version is there, the address is taken, or the worker fails.
pub async fn worker(options: WorkerOptions, working: impl FnOnce(&str)) -> Result<(), ClusterError> {
    hello(&options.scheduler).await?;
    let listen = with_port(options.listen).map_err(ended)?;
    let folder = Folder::make(&options.folder).map_err(ended)?;
    let name = new_instance_id();
    working(&name);
    let config = ExecutorProcessConfig {
        executor_id: name,
        bind_host: in_address(listen.ip()),
        external_host: options.reached_as,
        port: listen.port(),
        scheduler_host: options.scheduler.host,
        scheduler_port: options.scheduler.port,
        vcores: options.threads.max(1),
        task_scheduling_policy: TaskSchedulingPolicy::PullStaged,
        work_dir: Some(folder.0.to_string_lossy().into_owned()),
        job_data_ttl_seconds: 2 * CLEANED_AFTER,
        job_data_clean_up_interval_seconds: CLEANED_AFTER,
        grpc_max_decoding_message_size: MESSAGE as u32,
        grpc_max_encoding_message_size: MESSAGE as u32,
        override_physical_codec: Some(Arc::new(Codec::default())),
        ..ExecutorProcessConfig::default()
    };
    start_executor_process(Arc::new(config)).await.map_err(ended)
}

/// A port that is free, where none was said: others are told which before it is listened at.
fn with_port(listen: SocketAddr) -> std::io::Result<SocketAddr> {
    if listen.port() != 0 {
        return Ok(listen);
    }
    std::net::TcpListener::bind(listen)?.local_addr()
}

/// A folder for results, removed at the end. States may hold what customers are told apart by, so only the own user reads it.
struct Folder(PathBuf);

const PREFIX: &str = "kepi-worker-";

impl Folder {
    fn make(within: &Path) -> std::io::Result<Self> {
        use std::os::unix::fs::DirBuilderExt as _;
        sweep(within);
        let folder = within.join(format!("{PREFIX}{}", std::process::id()));
        let _ = std::fs::remove_dir_all(&folder);
        std::fs::DirBuilder::new().recursive(true).mode(0o700).create(&folder)?;
        Ok(Self(folder))
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// Removes what workers left that were killed.
fn sweep(within: &Path) {
    let Ok(entries) = std::fs::read_dir(within) else { return };
    for entry in entries.flatten() {
        let name = entry.file_name();
        let process = name.to_str().and_then(|name| name.strip_prefix(PREFIX)?.parse::<u32>().ok());
        if process
            .is_some_and(|id| Path::new("/proc/self").exists() && !Path::new(&format!("/proc/{id}")).exists())
        {
            let _ = std::fs::remove_dir_all(entry.path());
        }
    }
}
