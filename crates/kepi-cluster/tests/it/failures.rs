//! What becomes of scans when processes are killed.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU32, Ordering},
    },
    time::Duration,
};

use kepi_cluster::{ClientOptions, ClusterError, ClusterEvaluator};
use kepi_query::{
    plan::ScanPlan,
    port::{Evaluator, Limits, PinnedInputs},
    reference,
    state::Measured,
};
use kepi_testkit::arbitrary::{self, Chance};

use crate::{
    files::{Shape, written},
    processes::{Cluster, until},
};

/// Scans with something in them, and what they come to.
pub fn cases(folder: &std::path::Path, number: usize) -> Vec<(ScanPlan, PinnedInputs, Measured)> {
    let limits = Limits::default();
    let some = (0_u64..).filter_map(|seed| {
        let (tables, plan) = arbitrary::case(seed);
        let expected = reference::measure(&plan, &tables, &limits).ok()?;
        if !expected.tables.iter().any(|table| table.buckets.len() > 1) {
            return None;
        }
        let own = folder.join(seed.to_string());
        std::fs::create_dir(&own).unwrap();
        let shape = Shape { files: 4, row_group: 16, dictionary: true, lacking: false, out: 5 };
        Some((plan, written(&tables, &own, shape), expected))
    });
    some.take(number).collect()
}

/// Scans without an end, of which somebody disturbs the cluster three times, each at any moment of a scan and not before one was done;
/// after each at least one more is done. None may come to anything else than it should. What the evaluator says of it.
async fn disturbed(what: &str, mut disturb: impl FnMut(&mut Cluster, u64)) -> Vec<String> {
    const TIMES: u64 = 3;
    let folder = tempfile::tempdir().unwrap();
    let cases = cases(folder.path(), 6);
    let mut cluster = Cluster::of(2);
    let evaluator = Arc::new(ClusterEvaluator::connect(cluster.reached(8)).await.unwrap());
    let (done, over) = (Arc::new(AtomicU32::new(0)), Arc::new(AtomicBool::new(false)));
    let scans = tokio::spawn({
        let (evaluator, done, over) = (evaluator.clone(), done.clone(), over.clone());
        async move {
            let mut mistakes = Vec::new();
            while !over.load(Ordering::Relaxed) {
                for (plan, files, expected) in &cases {
                    match evaluator.measure(plan, files, &Limits::default()).await {
                        Ok(found) if found == *expected => {}
                        other => mistakes.push(format!("{other:?}\n{plan:?}")),
                    }
                    done.fetch_add(1, Ordering::Relaxed);
                }
            }
            mistakes
        }
    });
    for seed in 0..TIMES {
        let before = done.load(Ordering::Relaxed);
        tokio::task::block_in_place(|| {
            until("a scan", || done.load(Ordering::Relaxed) > before + 1);
            std::thread::sleep(Duration::from_millis(Chance::new(seed).bits() % 80));
            disturb(&mut cluster, seed);
            let before = done.load(Ordering::Relaxed);
            until(&format!("a scan after {what}"), || done.load(Ordering::Relaxed) > before + 1);
        });
    }
    over.store(true, Ordering::Relaxed);
    let mistakes = scans.await.unwrap();
    let remarks = evaluator.remarks();
    eprintln!("cluster: {TIMES} times {what}, {} scans; {remarks:?}", done.load(Ordering::Relaxed));
    assert!(mistakes.is_empty(), "{}", mistakes.join("\n"));
    remarks
}

#[tokio::test(flavor = "multi_thread")]
async fn a_worker_that_is_killed_costs_time_only() {
    let kill = |cluster: &mut Cluster, _| {
        // What it computed and held is on none of the others.
        cluster.one_more();
        cluster.workers.remove(0).kill();
    };
    disturbed("a worker was killed", kill).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lost_scheduler_is_said_and_another_does_the_same_scan() {
    let folder = tempfile::tempdir().unwrap();
    let cases = cases(folder.path(), 1);
    let (plan, files, expected) = &cases[0];
    let cluster = Cluster::of(1);
    let evaluator = ClusterEvaluator::connect(cluster.reached(16)).await.unwrap();
    assert_eq!(&evaluator.measure(plan, files, &Limits::default()).await.unwrap(), expected);
    let address = cluster.address();
    drop(cluster);
    let lost = evaluator.measure(plan, files, &Limits::default()).await.unwrap_err().to_string();
    assert!(lost.contains("no scheduler answers at") && lost.contains("kepi scheduler"), "{lost}");
    assert!(lost.contains(&address.to_string()) && lost.contains("run again"), "{lost}");
    let again = Cluster::of(1);
    let evaluator = ClusterEvaluator::connect(again.reached(16)).await.unwrap();
    assert_eq!(&evaluator.measure(plan, files, &Limits::default()).await.unwrap(), expected);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_scheduler_that_comes_back_is_handed_the_scan_again() {
    let lose = |cluster: &mut Cluster, seed| {
        cluster.lose_the_scheduler(Duration::from_millis(Chance::new(seed ^ 1).bits() % 3000));
    };
    let remarks = disturbed("the scheduler was lost", lose).await;
    assert!(remarks.iter().any(|remark| remark.contains("handed in again")), "{remarks:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn who_is_no_scheduler_is_not_taken_for_one() {
    // Listens, and says nothing that a scheduler would.
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = format!("ballista://{}", listener.local_addr().unwrap()).parse().unwrap();
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            drop(stream);
        }
    });
    let refused = ClusterEvaluator::connect(ClientOptions::of(address)).await.unwrap_err();
    assert!(matches!(refused, ClusterError::Unreachable { .. }), "{refused}");
}
