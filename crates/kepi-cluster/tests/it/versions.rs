//! A scheduler of another version: nobody begins with it.

use std::sync::Arc;

use ballista_scheduler::{
    cluster::BallistaCluster,
    config::SchedulerConfig,
    scheduler_process::{create_scheduler, start_grpc_service_with_listener},
};
use datafusion::{
    common::{DataFusionError, Result, internal_err},
    execution::TaskContext,
    physical_plan::ExecutionPlan,
};
use datafusion_proto::{
    physical_plan::{PhysicalExtensionCodec, PhysicalProtoConverterExtension},
    protobuf::{LogicalPlanNode, PhysicalPlanNode},
};
use kepi_cluster::{ClientOptions, ClusterError, ClusterEvaluator};

use crate::processes::Process;

/// What the other version is called.
const THEIRS: &str = "kepi 0.0.1 / meaning 0 / datafusion 54 / wire 1";

/// Answers as every version does, with its own.
#[derive(Debug)]
struct Other;

impl PhysicalExtensionCodec for Other {
    fn try_decode(
        &self,
        bytes: &[u8],
        _: &[Arc<dyn ExecutionPlan>],
        _: &TaskContext,
        _: &dyn PhysicalProtoConverterExtension,
    ) -> Result<Arc<dyn ExecutionPlan>> {
        // The words between versions, which never change.
        assert_eq!(bytes, b"KEPIhello");
        Err(DataFusionError::Plan(format!("kepi-version: {THEIRS};")))
    }
    fn try_encode(
        &self,
        _: Arc<dyn ExecutionPlan>,
        _: &mut Vec<u8>,
        _: &dyn PhysicalProtoConverterExtension,
    ) -> Result<()> {
        internal_err!("a scheduler of another version encodes nothing")
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_run_and_a_worker_of_another_version_are_refused() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = format!("ballista://{}", listener.local_addr().unwrap());
    let config =
        SchedulerConfig { override_physical_codec: Some(Arc::new(Other)), ..SchedulerConfig::default() };
    let cluster = BallistaCluster::new_from_config(&config).await.unwrap();
    let server =
        create_scheduler::<LogicalPlanNode, PhysicalPlanNode>(cluster, Arc::new(config)).await.unwrap();
    tokio::spawn(async move { start_grpc_service_with_listener(listener, server).await.unwrap() });

    let refused = ClusterEvaluator::connect(ClientOptions::of(address.parse().unwrap())).await.unwrap_err();
    assert!(matches!(&refused, ClusterError::OtherVersion { theirs, .. } if theirs == THEIRS), "{refused}");
    assert!(refused.to_string().contains("run one version of kepi everywhere"), "{refused}");
    let folder = tempfile::tempdir().unwrap();
    let role = format!("{address} {}", folder.path().display());
    let started = tokio::task::spawn_blocking(move || Process::try_start(&role, &[]));
    let said = started.await.unwrap().err().expect("it is not let in");
    assert!(said.contains(THEIRS) && said.contains("run one version of kepi everywhere"), "{said}");
    eprintln!("cluster: a run and a worker refused a scheduler of another version");
}
