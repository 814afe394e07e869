//! An evaluator whose scans run on a cluster.

use std::{
    collections::BTreeMap,
    ops::Range,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicUsize, Ordering},
    },
    time::{Duration, Instant, SystemTime, UNIX_EPOCH},
};

use ballista_core::{execution_plans::execute_physical_plan, extension::SessionConfigExt};
use datafusion::{
    arrow::{
        array::{Array, BinaryArray, RecordBatch, UInt32Array, UInt64Array},
        datatypes::Schema,
    },
    common::DataFusionError,
    execution::context::SessionConfig,
    physical_plan::{ExecutionPlan, ExecutionPlanProperties, empty::EmptyExec},
};
use datafusion_proto::protobuf::PhysicalPlanNode;
use futures::TryStreamExt;
use kepi_engine::{
    DataFusionEvaluator,
    parts::{BATCH_ROWS, Elsewhere, ScanTask, measure, stays_here, version},
    portions,
};
use kepi_model::engine::PARTITIONS;
use kepi_query::{
    kept::{MadePortion, MakesPortions, PortionsTask},
    plan::ScanPlan,
    port::{
        Belonging, EngineVersion, EvaluateError, Evaluator, Fut, Limits, MemoryTable, PinnedColumn,
        PinnedInputs, PinnedTable,
    },
    state::Measured,
};
use tonic::{
    body::Body,
    client::GrpcService,
    codegen::http::{Request, StatusCode},
    transport::{Channel, Endpoint},
};

use crate::{
    Address, ClientOptions, ClusterError,
    codec::{ANSWER, Codec, HELLO},
    node::{self, StatesExec, Work, part_of},
    roles::MESSAGE,
    shared::Shared,
    tls::{Tls, said},
};

/// How often a scan is handed in before it is given up: the results of a worker that ended lie nowhere else.
const ATTEMPTS: usize = 3;

/// How long it is waited for a first worker.
const PATIENCE: Duration = Duration::from_secs(20);

/// How long a scheduler that was lost is waited for: service managers start it anew within seconds.
const RETURN: Duration = Duration::from_secs(20);

/// A scheduler, and how it is talked to.
#[derive(Debug, Clone)]
pub struct Scheduler {
    pub address: Address,
    pub tls: Option<Tls>,
}

impl Scheduler {
    fn unreachable(&self, why: impl Into<String>) -> ClusterError {
        ClusterError::Unreachable { address: self.address.clone(), why: why.into() }
    }

    /// Its address as Ballista writes it: a hook makes it one that is encrypted.
    fn url(&self) -> String {
        format!("http://{}:{}", self.address.host, self.address.port)
    }

    async fn channel(&self) -> Result<Channel, tonic::transport::Error> {
        let plain = Endpoint::from_shared(self.url())?.connect_timeout(PATIENCE);
        match &self.tls {
            Some(tls) => tls.endpoint(&plain)?.connect().await,
            None => plain.connect().await,
        }
    }
}

/// Evaluates scans on a cluster, and what cannot go there in this process.
#[derive(Debug)]
pub struct ClusterEvaluator {
    scheduler: Scheduler,
    shared: Option<Shared>,
    partitions: usize,
    session: String,
    there: AtomicUsize,
    portions: AtomicUsize,
    again: AtomicUsize,
    /// Why scans stayed here, and how many.
    here: Mutex<BTreeMap<String, usize>>,
}

impl ClusterEvaluator {
    /// On the cluster of a scheduler.
    ///
    /// # Errors
    /// No scheduler answers there, it is of another version, or it has no worker; certificates are of no use; the bucket of shared
    /// files cannot be reached.
    pub async fn connect(options: ClientOptions) -> Result<Self, ClusterError> {
        let tls = options.certificates.as_ref().map(Tls::read).transpose()?;
        let scheduler = Scheduler { address: options.scheduler, tls };
        hello(&scheduler).await?;
        has_worker(&scheduler).await?;
        let shared = match options.shared {
            Some(at) => Some(Shared::reach(at).await?),
            None => None,
        };
        let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        Ok(Self {
            session: format!("kepi-{}-{}", std::process::id(), since.as_nanos()),
            partitions: options.partitions.unwrap_or(usize::from(PARTITIONS)).max(1),
            scheduler,
            shared,
            there: AtomicUsize::new(0),
            portions: AtomicUsize::new(0),
            again: AtomicUsize::new(0),
            here: Mutex::default(),
        })
    }

    /// What was computed where, for people.
    pub fn remarks(&self) -> Vec<String> {
        let scans = |n: usize| if n == 1 { "1 scan".to_owned() } else { format!("{n} scans") };
        let (there, again) = (self.there.load(Ordering::Relaxed), self.again.load(Ordering::Relaxed));
        let mut all = vec![format!("{} on the cluster at {}", scans(there), self.scheduler.address)];
        match self.portions.load(Ordering::Relaxed) {
            0 => {}
            n => all.push(format!("made there by key, of landed rows, in {n} parts")),
        }
        all.extend(self.shared.as_ref().map(Shared::remark));
        if again > 0 {
            all.push(format!("{} handed in again, for a worker or the scheduler was lost", scans(again)));
        }
        let here = self.here.lock().unwrap_or_else(PoisonError::into_inner);
        all.extend(here.iter().map(|(why, n)| format!("{} in this process: {why}", scans(*n))));
        all
    }

    /// Waits for a scheduler that was lost, since whoever runs it starts it anew, and for a worker of it.
    async fn is_back(&self) -> Result<(), EvaluateError> {
        let since = Instant::now();
        loop {
            let gone = match hello(&self.scheduler).await {
                Ok(()) => break,
                Err(gone) => gone,
            };
            let may_come = matches!(gone, ClusterError::Unreachable { .. });
            if !may_come || since.elapsed() >= RETURN {
                return Err(EvaluateError::Engine(format!("{gone}, and run again, or without `--engine`")));
            }
            tokio::time::sleep(Duration::from_millis(500)).await;
        }
        has_worker(&self.scheduler).await.map_err(|gone| EvaluateError::Engine(gone.to_string()))
    }

    /// The bytes of each partition of a plan, each once.
    async fn collect(
        &self,
        work: &Work,
        source: &Arc<dyn ExecutionPlan>,
    ) -> Result<Vec<Vec<u8>>, DataFusionError> {
        let partitions = source.output_partitioning().partition_count();
        let expected: Result<Vec<u64>, _> =
            (0..partitions).map(|partition| part_of(source, partition)).collect();
        let plan = Arc::new(StatesExec::new(work.clone(), Arc::clone(source)));
        let batches = submit(&self.scheduler, &self.session, plan).await?;
        together(&expected?, &batches)
    }

    fn wrong(&self, why: &str) -> EvaluateError {
        EvaluateError::Engine(format!("on the cluster at {}: {}", self.scheduler.address, short(why)))
    }

    /// The same, handed in again where something is lost.
    async fn insist(
        &self,
        work: &Work,
        source: &Arc<dyn ExecutionPlan>,
    ) -> Result<Vec<Vec<u8>>, EvaluateError> {
        let mut last = String::new();
        for attempt in 0..ATTEMPTS {
            if attempt > 0 {
                self.again.fetch_add(1, Ordering::Relaxed);
            }
            match self.collect(work, source).await {
                Ok(parts) => return Ok(parts),
                Err(error) => last = error.to_string(),
            }
            tracing::debug!(%last, "a scan on the cluster failed");
            self.is_back().await?;
        }
        Err(self.wrong(&last))
    }
}

/// Hands in a plan and fetches its rows.
async fn submit(
    scheduler: &Scheduler,
    session: &str,
    plan: Arc<dyn ExecutionPlan>,
) -> Result<Vec<RecordBatch>, DataFusionError> {
    let mut config = SessionConfig::new_with_ballista()
        .with_batch_size(BATCH_ROWS)
        .with_ballista_grpc_client_max_message_size(MESSAGE);
    if let Some(tls) = &scheduler.tls {
        config =
            config.with_ballista_use_tls(true).with_ballista_override_create_grpc_client_endpoint(tls.hook());
    }
    let ballista = config.ballista_config();
    let (url, codec) = (scheduler.url(), Codec::default());
    let session = session.to_owned();
    let rows = execute_physical_plan::<PhysicalPlanNode>(url, &ballista, plan, &codec, session, config);
    rows.await?.try_collect().await
}

/// Puts the pieces of all parts together.
fn together(expected: &[u64], batches: &[RecordBatch]) -> Result<Vec<Vec<u8>>, DataFusionError> {
    let wrong = |what: &str| DataFusionError::Execution(format!("the cluster returned {what}"));
    let mut found: BTreeMap<u64, (u32, BTreeMap<u32, &[u8]>)> = BTreeMap::new();
    for batch in batches {
        let column = |name| batch.column_by_name(name).ok_or_else(|| wrong("no states"));
        let (part, piece) = (column("part")?, column("piece")?);
        let (pieces, states) = (column("pieces")?, column("states")?);
        let (Some(part), Some(piece), Some(pieces), Some(states)) = (
            part.as_any().downcast_ref::<UInt64Array>(),
            piece.as_any().downcast_ref::<UInt32Array>(),
            pieces.as_any().downcast_ref::<UInt32Array>(),
            states.as_any().downcast_ref::<BinaryArray>(),
        ) else {
            return Err(wrong("no states"));
        };
        for row in 0..batch.num_rows() {
            let (number, known) =
                found.entry(part.value(row)).or_insert((pieces.value(row), BTreeMap::new()));
            if *number != pieces.value(row) || known.insert(piece.value(row), states.value(row)).is_some() {
                return Err(wrong("a part twice"));
            }
        }
    }
    let mut all = Vec::with_capacity(expected.len());
    for part in expected {
        let (number, pieces) = found.remove(part).ok_or_else(|| wrong("fewer parts than there are"))?;
        if pieces.len() != number as usize || pieces.keys().next_back() != Some(&number.saturating_sub(1)) {
            return Err(wrong("a part that is not whole"));
        }
        all.push(pieces.into_values().flatten().copied().collect());
    }
    if found.is_empty() { Ok(all) } else { Err(wrong("parts that nobody asked for")) }
}

/// Asks a scheduler for its version.
pub async fn hello(scheduler: &Scheduler) -> Result<(), ClusterError> {
    // What a connection fails of is told better by itself than by what is asked over it.
    scheduler.channel().await.map_err(|error| scheduler.unreachable(short(&said(&error))))?;
    let nothing = Arc::new(EmptyExec::new(Arc::new(Schema::empty())));
    let asked =
        submit(scheduler, "kepi-hello", Arc::new(StatesExec::new(Work::Scan(HELLO.into()), nothing))).await;
    let why = match asked {
        Ok(_) => "it is no scheduler of Kepi".to_owned(),
        Err(error) => error.to_string(),
    };
    let answer = why.split_once(ANSWER).and_then(|(_, rest)| rest.split_once(';'));
    match answer {
        Some((theirs, _)) if theirs == version() => Ok(()),
        Some((theirs, _)) => Err(ClusterError::OtherVersion {
            address: scheduler.address.clone(),
            theirs: theirs.to_owned(),
            ours: version(),
        }),
        None => {
            let hint = match scheduler.tls {
                Some(_) => "; is its certificate of the same authority, and for this address",
                None => "; does it want certificates",
            };
            Err(scheduler.unreachable(short(&why) + hint))
        }
    }
}

/// Waits for a first worker: without one, a scan would wait for ever.
async fn has_worker(scheduler: &Scheduler) -> Result<(), ClusterError> {
    let since = Instant::now();
    loop {
        match is_ready(scheduler).await {
            Ok(true) => return Ok(()),
            Ok(false) if since.elapsed() < PATIENCE => tokio::time::sleep(Duration::from_millis(200)).await,
            Ok(false) => {
                let (address, seconds) = (scheduler.address.clone(), PATIENCE.as_secs());
                return Err(ClusterError::NoWorker { address, seconds });
            }
            Err(error) => return Err(scheduler.unreachable(short(&said(&error)))),
        }
    }
}

/// Whether a scheduler has a worker: it says so to whoever asks over HTTP.
async fn is_ready(scheduler: &Scheduler) -> Result<bool, tonic::transport::Error> {
    let mut channel = scheduler.channel().await?;
    let mut request = Request::new(Body::empty());
    *request.uri_mut() = tonic::codegen::http::Uri::from_static("/readyz");
    std::future::poll_fn(|context| GrpcService::poll_ready(&mut channel, context)).await?;
    Ok(GrpcService::call(&mut channel, request).await?.status() == StatusCode::OK)
}

/// The first line of what went wrong, without what libraries put around it.
fn short(why: &str) -> String {
    why.lines().next().unwrap_or_default().chars().take(400).collect()
}

impl Elsewhere for ClusterEvaluator {
    fn parts<'a>(
        &'a self,
        task: &'a ScanTask,
        source: Arc<dyn ExecutionPlan>,
    ) -> Fut<'a, Result<Vec<Vec<u8>>, EvaluateError>> {
        Box::pin(async move {
            let named;
            let (task, source) = match &self.shared {
                Some(shared) => {
                    named =
                        shared.named(task, &source).await.map_err(|error| self.wrong(&error.to_string()))?;
                    (&named.0, &named.1)
                }
                None => (task, &source),
            };
            let parts = self.insist(&Work::Scan(task.encode()?.into()), source).await?;
            self.there.fetch_add(1, Ordering::Relaxed);
            Ok(parts)
        })
    }
}

impl MakesPortions for ClusterEvaluator {
    fn at_a_time(&self) -> u64 {
        self.partitions as u64
    }
    fn done<'a>(
        &'a self,
        task: &'a PortionsTask,
        numbers: Range<u64>,
    ) -> Fut<'a, Result<Vec<MadePortion>, EvaluateError>> {
        Box::pin(async move {
            if numbers.is_empty() {
                return Ok(Vec::new());
            }
            let renamed;
            let task = match &self.shared {
                Some(shared) => {
                    renamed = shared.renamed(task).await.map_err(|error| self.wrong(&error.to_string()))?;
                    &renamed
                }
                None => task,
            };
            let parts = (numbers.end - numbers.start) as usize;
            let work = Work::Portions(portions::encode(task)?.into());
            let done = self.insist(&work, &node::numbers(numbers)).await?;
            self.portions.fetch_add(parts, Ordering::Relaxed);
            done.iter().map(|bytes| portions::result(bytes)).collect()
        })
    }
}

impl Evaluator for ClusterEvaluator {
    /// The bits are those of this process, so the version is, too.
    fn version(&self) -> EngineVersion {
        DataFusionEvaluator.version()
    }
    fn measure<'a>(
        &'a self,
        plan: &'a ScanPlan,
        inputs: &'a PinnedInputs,
        limits: &'a Limits,
    ) -> Fut<'a, Result<Measured, EvaluateError>> {
        Box::pin(async move {
            match stays_here(plan, inputs) {
                Some(why) => {
                    if !why.is_empty() {
                        let mut here = self.here.lock().unwrap_or_else(PoisonError::into_inner);
                        *here.entry(why).or_default() += 1;
                    }
                    DataFusionEvaluator.measure(plan, inputs, limits).await
                }
                None => measure(plan, inputs, limits, self.partitions, self).await,
            }
        })
    }
    /// Rows that others are made of are read here, where they are made.
    fn read<'a>(
        &'a self,
        table: &'a PinnedTable,
        columns: &'a [PinnedColumn],
        only: Option<&'a Belonging>,
        limits: &'a Limits,
    ) -> Fut<'a, Result<MemoryTable, EvaluateError>> {
        DataFusionEvaluator.read(table, columns, only, limits)
    }
    fn pieces<'a>(
        &'a self,
        table: &'a PinnedTable,
        columns: &'a [PinnedColumn],
        only: Option<&'a Belonging>,
        limits: &'a Limits,
        see: &'a mut (dyn FnMut(&MemoryTable) + Send),
    ) -> Fut<'a, Result<(), EvaluateError>> {
        DataFusionEvaluator.pieces(table, columns, only, limits, see)
    }
    fn file(&self, columns: &[PinnedColumn], rows: &MemoryTable) -> Result<Vec<u8>, EvaluateError> {
        DataFusionEvaluator.file(columns, rows)
    }
}
