//! Scheduler and worker: one binary, started in either role.

use std::{
    net::{IpAddr, SocketAddr},
    path::{Path, PathBuf},
    sync::Arc,
};

use arrow_flight::flight_service_server::FlightServiceServer;
use axum::{http::StatusCode, routing::get};
use ballista_core::{
    RuntimeProducer,
    config::TaskSchedulingPolicy,
    error::BallistaError,
    flight_proxy_service::BallistaFlightProxyService,
    ids::new_instance_id,
    serde::protobuf::scheduler_grpc_server::SchedulerGrpcServer,
    utils::{create_grpc_server, default_session_builder},
};
use ballista_executor::{
    ArrowFlightServerProvider,
    executor_process::{ExecutorProcessConfig, start_executor_process},
    flight_service::BallistaFlightService,
};
use ballista_scheduler::{
    cluster::BallistaCluster,
    config::SchedulerConfig,
    scheduler_process::{create_scheduler, start_grpc_service_with_listener},
    scheduler_server::SchedulerServer,
};
use datafusion::execution::{
    config::SessionConfig,
    runtime_env::RuntimeEnvBuilder,
    session_state::{SessionState, SessionStateBuilder},
};
use datafusion_proto::protobuf::{LogicalPlanNode, PhysicalPlanNode};
use tokio::net::TcpListener;
use tonic::{
    service::RoutesBuilder,
    transport::{Server, server::TcpIncoming},
};

use crate::{
    Address, ClusterError, SchedulerOptions, WorkerOptions, allowed,
    client::{Scheduler, hello},
    codec::Codec,
    shared::Stores,
    tls::{Tls, said},
};

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
/// The address is taken or not private, certificates are of no use, or the scheduler fails.
pub async fn scheduler(
    options: SchedulerOptions,
    listening: impl FnOnce(Address),
) -> Result<(), ClusterError> {
    allowed(options.listen, options.certificates.as_ref(), options.plain)?;
    let tls = options.certificates.as_ref().map(Tls::read).transpose()?;
    let listener = TcpListener::bind(options.listen)
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
        override_session_builder: Some(Arc::new(session)),
        override_create_grpc_client_endpoint: tls.as_ref().map(Tls::hook),
        use_tls: tls.is_some(),
        ..SchedulerConfig::default()
    };
    let cluster = BallistaCluster::new_from_config(&config).await.map_err(ended)?;
    let server = create_scheduler::<LogicalPlanNode, PhysicalPlanNode>(cluster, Arc::new(config));
    let server = server.await.map_err(ended)?;
    listening(Address { host: in_address(at.ip()), port: at.port() });
    let served = async {
        match &tls {
            Some(tls) => encrypted(listener, server, tls).await,
            None => start_grpc_service_with_listener(listener, server).await.map_err(ended),
        }
    };
    tokio::select! {
        served = served => served,
        () = asked_to_end() => Ok(()),
    }
}

/// What [`start_grpc_service_with_listener`] serves, to those who show a certificate.
async fn encrypted(
    listener: TcpListener,
    server: SchedulerServer<LogicalPlanNode, PhysicalPlanNode>,
    tls: &Tls,
) -> Result<(), ClusterError> {
    let proxy = BallistaFlightProxyService::new(MESSAGE, MESSAGE, true, Some(tls.extension()));
    let mut services = RoutesBuilder::default();
    services.add_service(
        SchedulerGrpcServer::new(server.clone())
            .max_encoding_message_size(MESSAGE)
            .max_decoding_message_size(MESSAGE),
    );
    services.add_service(
        FlightServiceServer::new(proxy).max_encoding_message_size(MESSAGE).max_decoding_message_size(MESSAGE),
    );
    let ready = move || async move {
        if server.is_ready() { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE }
    };
    let routes = services.routes().into_axum_router().route("/readyz", get(ready));
    let mut on = tls.on(Server::builder()).map_err(|error| ended(said(&error)))?;
    let incoming = TcpIncoming::from(listener).with_nodelay(Some(true));
    let served = on.add_routes(routes.into()).serve_with_incoming(incoming).await;
    served.map_err(|error| ended(said(&error)))
}

/// Ballista's session, which knows of buckets: a scheduler takes plans apart that read from there, and itself reads nothing.
fn session(config: SessionConfig) -> datafusion::common::Result<SessionState> {
    let stores = Arc::new(Stores::default());
    let runtime = RuntimeEnvBuilder::new().with_object_store_registry(stores).build_arc()?;
    let state = default_session_builder(config)?;
    Ok(SessionStateBuilder::new_from_existing(state).with_runtime_env(runtime).build())
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
/// No scheduler of this version is there, the address is taken or not private, certificates are of no use, or the worker fails.
pub async fn worker(options: WorkerOptions, working: impl FnOnce(&str)) -> Result<(), ClusterError> {
    allowed(options.listen, options.certificates.as_ref(), options.plain)?;
    let tls = options.certificates.as_ref().map(Tls::read).transpose()?;
    // A scheduler of Kepi's own server does not see where a worker calls from, and its certificate is for a name.
    let reached_as = match (options.reached_as, &tls) {
        (None, Some(_)) if options.listen.ip().is_unspecified() => {
            return Err(ended(
                "with certificates, a worker that listens at all addresses needs `--reached-as`",
            ));
        }
        (None, Some(_)) => Some(in_address(options.listen.ip())),
        (said, _) => said,
    };
    let scheduler = Scheduler { address: options.scheduler, tls };
    hello(&scheduler).await?;
    let listen = with_port(options.listen).map_err(ended)?;
    let folder = Folder::make(&options.folder).map_err(ended)?;
    let name = new_instance_id();
    working(&name);
    let config = ExecutorProcessConfig {
        executor_id: name,
        bind_host: in_address(listen.ip()),
        external_host: reached_as,
        port: listen.port(),
        scheduler_host: scheduler.address.host,
        scheduler_port: scheduler.address.port,
        vcores: options.threads.max(1),
        task_scheduling_policy: TaskSchedulingPolicy::PullStaged,
        work_dir: Some(folder.0.to_string_lossy().into_owned()),
        job_data_ttl_seconds: 2 * CLEANED_AFTER,
        job_data_clean_up_interval_seconds: CLEANED_AFTER,
        grpc_max_decoding_message_size: MESSAGE as u32,
        grpc_max_encoding_message_size: MESSAGE as u32,
        override_physical_codec: Some(Arc::new(Codec::default())),
        override_runtime_producer: Some(runtimes(&folder.0)),
        override_create_grpc_client_endpoint: scheduler.tls.as_ref().map(Tls::hook),
        override_arrow_flight_service: scheduler.tls.map(results),
        ..ExecutorProcessConfig::default()
    };
    start_executor_process(Arc::new(config)).await.map_err(ended)
}

/// Where tasks of a worker read from and spill to.
fn runtimes(folder: &Path) -> RuntimeProducer {
    let (folder, stores) = (folder.to_owned(), Arc::new(Stores::default()));
    Arc::new(move |_| {
        let builder = RuntimeEnvBuilder::new().with_temp_file_path(folder.clone());
        builder.with_object_store_registry(Arc::clone(&stores) as Arc<_>).build_arc()
    })
}

/// Hands results out to those who show a certificate.
fn results(tls: Tls) -> Arc<ArrowFlightServerProvider> {
    Arc::new(move |folder, listen, mut shutdown, config| {
        let tls = tls.clone();
        tokio::spawn(async move {
            let service = FlightServiceServer::new(BallistaFlightService::new(folder))
                .max_encoding_message_size(MESSAGE)
                .max_decoding_message_size(MESSAGE);
            let mut on = tls.on(create_grpc_server(&config)).map_err(BallistaError::TonicError)?;
            let served = on.add_service(service).serve_with_shutdown(listen, shutdown.recv());
            served.await.map_err(BallistaError::TonicError)
        })
    })
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
