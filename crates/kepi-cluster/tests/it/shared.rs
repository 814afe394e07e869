//! Data files in a bucket of moto's, which verifies signatures: workers that may only read find the same bits there, and see no file
//! of the run.

use std::{
    collections::BTreeMap,
    io::{BufRead, BufReader, Write},
    path::Path,
    process::{Child, ChildStdout, Command, Stdio},
};

use kepi_cluster::{ClientOptions, ClusterError, ClusterEvaluator};
use kepi_engine::{
    DataFusionEvaluator,
    bench::{BenchOptions, Workload},
};
use kepi_query::{
    port::{Evaluator, Limits},
    reference,
};
use kepi_testkit::{
    arbitrary::{self, Chance},
    road::number,
};
use serde_json::Value;

use crate::{
    differential::comparable,
    files::{Shape, written},
    processes::Cluster,
};

/// moto, in a process of its own.
struct Moto {
    process: Child,
    says: BufReader<ChildStdout>,
    said: Value,
}

impl Moto {
    fn start() -> Self {
        let root = Path::new(env!("CARGO_MANIFEST_DIR"));
        let mut process = Command::new(root.join("../../target/python/objects/bin/python"))
            .arg(root.join("tests/objects.py"))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("`make tools` installs moto");
        let mut says = BufReader::new(process.stdout.take().unwrap());
        let mut line = String::new();
        says.read_line(&mut line).unwrap();
        let said = serde_json::from_str(&line).unwrap();
        Self { process, says, said }
    }
    /// Names and lengths of what lies in the bucket, before what is asked is done.
    fn objects(&mut self, then: &str) -> BTreeMap<String, u64> {
        writeln!(self.process.stdin.as_mut().unwrap(), "{then}").unwrap();
        let mut line = String::new();
        self.says.read_line(&mut line).unwrap();
        serde_json::from_str(&line).unwrap()
    }
    /// What the environment says of a user.
    fn environment(&self, user: &str) -> Vec<(String, String)> {
        let said = |of: &Value| of.as_str().unwrap().to_owned();
        [
            ("AWS_ENDPOINT_URL", said(&self.said["address"])),
            ("AWS_ALLOW_HTTP", "true".to_owned()),
            ("AWS_REGION", "eu-central-1".to_owned()),
            ("AWS_ACCESS_KEY_ID", said(&self.said[user][0])),
            ("AWS_SECRET_ACCESS_KEY", said(&self.said[user][1])),
        ]
        .map(|(name, value)| (name.to_owned(), value))
        .to_vec()
    }
}

impl Drop for Moto {
    fn drop(&mut self) {
        drop(self.process.stdin.take());
        self.process.kill().ok();
        self.process.wait().ok();
    }
}

/// Runs one of the two halves below in a process with the environment of a user.
fn as_a_client(which: &str, scheduler: &str, environment: Vec<(String, String)>) -> String {
    let name = format!("shared::{which}");
    let output = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", &name, "--nocapture"])
        .envs(environment)
        .env("KEPI_CLIENT_OF", scheduler)
        .output()
        .unwrap();
    let said =
        String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{said}");
    said
}

fn options(scheduler: &str, partitions: usize) -> ClientOptions {
    ClientOptions {
        partitions: Some(partitions),
        shared: Some("s3://kpis/of/2026".parse().unwrap()),
        ..ClientOptions::of(scheduler.parse().unwrap())
    }
}

/// Half of a test: plans of every third seed, as many as there are workers, against the reference.
#[tokio::test(flavor = "multi_thread")]
async fn plans() {
    let Ok(scheduler) = std::env::var("KEPI_CLIENT_OF") else { return };
    let (first, count) = (number("KEPI_SEED", 0), number("KEPI_COUNT", 24));
    let workers = number("KEPI_WORKERS", 1);
    let mut evaluators = Vec::new();
    for partitions in [1, 4, 16] {
        evaluators.push(ClusterEvaluator::connect(options(&scheduler, partitions)).await.unwrap());
    }
    let (mut scans, mut done) = (0, 0);
    for seed in (first..first + count).filter(|seed| seed % 3 == workers - 1) {
        let (tables, plan) = arbitrary::case(seed);
        let folder = tempfile::tempdir().unwrap();
        // With an empty space and a letter that addresses write otherwise.
        let within = folder.path().join("of Zürich");
        std::fs::create_dir(&within).unwrap();
        let files = written(&tables, &within, Shape::any(&mut Chance::new(seed ^ 0x0B1E)));
        let expected = comparable(reference::measure(&plan, &tables, &Limits::default()));
        for evaluator in &evaluators {
            let found = comparable(evaluator.measure(&plan, &files, &Limits::default()).await);
            assert_eq!(found, expected, "seed {seed}, {workers} workers, {evaluator:?}\n{plan:#?}");
            scans += 1;
        }
        done += 1;
    }
    let remarks: Vec<_> = evaluators.iter().map(|evaluator| evaluator.remarks().join("; ")).collect();
    println!("cluster: {workers} workers, {done} plans, {scans} scans of a bucket equal: {remarks:?}");
    assert!(remarks.iter().all(|remark| remark.contains("put to s3://kpis/of/2026")), "{remarks:?}");
    // What the first put, the others find.
    assert!(remarks[2].contains("0 data files put"), "{remarks:?}");
}

/// Half of a test: a file that is sent in several parts.
#[tokio::test(flavor = "multi_thread")]
async fn a_large_file() {
    let Ok(scheduler) = std::env::var("KEPI_CLIENT_OF") else { return };
    let folder = tempfile::tempdir().unwrap();
    let options_of =
        BenchOptions { rows: 2_600_000, data: folder.path().to_owned(), ..BenchOptions::default() };
    let workload = Workload::new(&options_of).unwrap();
    let limits = Limits::default();
    let (_, expected) = workload.scan(&DataFusionEvaluator, &limits).await.unwrap();
    let evaluator = ClusterEvaluator::connect(options(&scheduler, 7)).await.unwrap();
    let (_, found) = workload.scan(&evaluator, &limits).await.unwrap();
    assert_eq!(found, expected);
    println!("cluster: {:?}", evaluator.remarks());
}

/// Half of a test: what is said if the bucket does not let in, or what lies there is spoilt.
#[tokio::test(flavor = "multi_thread")]
async fn refused() {
    let Ok(scheduler) = std::env::var("KEPI_CLIENT_OF") else { return };
    let error = ClusterEvaluator::connect(options(&scheduler, 4)).await.unwrap_err();
    assert!(matches!(error, ClusterError::Shared { .. }), "{error}");
    let said = error.to_string();
    assert!(said.contains("s3://kpis/of/2026") && said.contains("AWS_ACCESS_KEY_ID"), "{said}");
    println!("cluster: refused: {said}");
}

fn prints(said: &str) {
    said.lines().filter(|line| line.starts_with("cluster: ")).for_each(|line| eprintln!("{line}"));
}

#[test]
fn files_in_a_bucket_give_the_same_bits_on_one_two_and_three_workers() {
    let mut moto = Moto::start();
    let mut cluster = Cluster::in_an(moto.environment("reader"), 1);
    for workers in 1..=3 {
        let mut environment = moto.environment("writer");
        environment.push(("KEPI_WORKERS".to_owned(), workers.to_string()));
        prints(&as_a_client("plans", &cluster.scheduler.said, environment));
        if workers < 3 {
            cluster.one_more();
        }
    }
    let objects = moto.objects("");
    let is_a_hash = |name: &str| {
        let hash = name.strip_prefix("of/2026/").and_then(|name| name.strip_suffix(".parquet"));
        hash.is_some_and(|hash| hash.len() == 64 && hash.bytes().all(|b| b.is_ascii_hexdigit()))
    };
    assert!(objects.len() > 10 && objects.keys().all(|name| is_a_hash(name)), "{objects:?}");
    eprintln!("cluster: {} objects, named by what they hold", objects.len());

    prints(&as_a_client("a_large_file", &cluster.scheduler.said, moto.environment("writer")));
    assert!(moto.objects("").values().any(|size| *size > 5 << 20), "in several parts");

    // Who may only read cannot be the one who puts; a key that does not fit lets nobody in.
    prints(&as_a_client("refused", &cluster.scheduler.said, moto.environment("reader")));
    let mut environment = moto.environment("writer");
    environment.push(("AWS_SECRET_ACCESS_KEY".to_owned(), "correct-horse-battery-staple".to_owned()));
    prints(&as_a_client("refused", &cluster.scheduler.said, environment));
}
