//! Scans computed in parts, tasks and states passing as bytes as between processes: the same bits as the reference.

use std::{any::Any, sync::Arc};

use datafusion_datasource::{
    FileExtensions, PartitionedFile,
    file_scan_config::{FileScanConfig, FileScanConfigBuilder},
    source::DataSourceExec,
};
use datafusion_execution::{TaskContext, config::SessionConfig};
use datafusion_physical_plan::{ExecutionPlan, ExecutionPlanProperties};
use futures::StreamExt;
use kepi_engine::parts::{BATCH_ROWS, Elsewhere, ScanTask, Unreadable, measure, stays_here, version};
use kepi_query::{
    port::{EvaluateError, Fut, Limits},
    reference,
};
use kepi_testkit::{
    arbitrary::{Chance, case},
    road::number,
};

use crate::{
    differential::comparable,
    files::{Shape, written},
};

/// A scan as it comes out of another process: without what is attached to its files.
fn travelled(source: &Arc<dyn ExecutionPlan>) -> Arc<dyn ExecutionPlan> {
    let source: &dyn Any = source.downcast_ref::<DataSourceExec>().unwrap().data_source().as_ref();
    let config = source.downcast_ref::<FileScanConfig>().unwrap().clone();
    let bare = |file: &PartitionedFile| {
        let mut file = file.clone();
        file.extensions = FileExtensions::default();
        file
    };
    let groups =
        config.file_groups.iter().map(|group| group.files().iter().map(bare).collect::<Vec<_>>().into());
    let groups = groups.collect();
    DataSourceExec::from_data_source(FileScanConfigBuilder::from(config).with_file_groups(groups).build())
}

/// Computes parts in this process from what would travel, and does something to their bytes.
struct Apart<F: Fn(Vec<u8>) -> Vec<u8> + Send + Sync>(F);

impl<F: Fn(Vec<u8>) -> Vec<u8> + Send + Sync> Elsewhere for Apart<F> {
    fn parts<'a>(
        &'a self,
        task: &'a ScanTask,
        source: Arc<dyn ExecutionPlan>,
    ) -> Fut<'a, Result<Vec<Vec<u8>>, EvaluateError>> {
        Box::pin(async move {
            let task = ScanTask::decode(&task.encode()?).unwrap();
            let config = SessionConfig::new().with_batch_size(BATCH_ROWS);
            let context = Arc::new(TaskContext::default().with_session_config(config));
            // A plan that travels loses which rows are out.
            let came = travelled(&source);
            let mut parts = Vec::new();
            for partition in 0..source.output_partitioning().partition_count() {
                // Each as if it were alone in its process.
                let ready = task.ready().await?;
                let mut part = ready.part();
                let mut rows = ready.source(&came, partition)?.execute(0, Arc::clone(&context)).unwrap();
                while let Some(batch) = rows.next().await {
                    if !part.add(&batch.unwrap())? {
                        break;
                    }
                }
                parts.push((self.0)(part.finish()));
            }
            // The order in which they come cannot show.
            parts.reverse();
            Ok(parts)
        })
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn random_plans_in_parts_give_the_same_bits() {
    let (first, count) = (number("KEPI_SEED", 0), number("KEPI_COUNT", 150));
    eprintln!("KEPI_SEED={first} KEPI_COUNT={count}");
    let (mut several, mut refused) = (0, 0);
    for seed in first..first + count {
        let (tables, plan) = case(seed);
        let mut chance = Chance::new(seed ^ 0xFA27);
        let limits = Limits {
            cells: if chance.once_in(20) { 3 } else { 4_000_000 },
            memory_bytes: if chance.once_in(7) { 60_000 } else { 1 << 30 },
            ..Limits::default()
        };
        let partitions = *chance.pick(&[1, 2, 4, 16]);
        let folder = tempfile::tempdir().unwrap();
        let mut files = written(&tables, folder.path(), Shape::any(&mut chance));
        // What is looked up may be in memory: it travels as values.
        if chance.once_in(3) {
            for (entity, table) in tables.tables.iter().filter(|(entity, _)| **entity != plan.entity) {
                files.tables.insert(entity.clone(), table.clone());
            }
        }
        let expected = comparable(reference::measure(&plan, &tables, &limits));
        assert_eq!(stays_here(&plan, &files).filter(|why| !why.is_empty()), None, "seed {seed}");
        let found = comparable(measure(&plan, &files, &limits, partitions, &Apart(|part| part)).await);
        if matches!(&found, Err(error) if limits.memory_bytes < 1 << 30 && error.contains("memory")) {
            refused += 1;
            continue;
        }
        assert_eq!(found, expected, "seed {seed}, {partitions} partitions\n{plan:#?}");
        several += u64::from(expected.is_ok_and(|m| m.tables.iter().any(|table| table.buckets.len() > 1)));
    }
    eprintln!("{several} with several cells, {refused} refused");
    assert!(several > count / 3, "{several} cases with several cells");
    assert!(refused < count / 5, "{refused} refused for want of memory");
}

#[tokio::test(flavor = "multi_thread")]
async fn states_that_are_cut_short_or_longer_are_an_error() {
    let seed = (0..).find(|seed| {
        let (tables, plan) = case(*seed);
        let found = reference::measure(&plan, &tables, &Limits::default());
        found.is_ok_and(|m| m.tables.iter().any(|table| table.buckets.len() > 3))
    });
    let (tables, plan) = case(seed.unwrap());
    let folder = tempfile::tempdir().unwrap();
    let shape = Shape { files: 1, row_group: 1000, dictionary: true, lacking: false, out: 3 };
    let files = written(&tables, folder.path(), shape);
    let limits = Limits::default();
    let whole = measure(&plan, &files, &limits, 1, &Apart(|part| part)).await.unwrap();
    assert_eq!(whole, reference::measure(&plan, &tables, &limits).unwrap());
    for cut in 0..40 {
        let short = Apart(|mut part: Vec<u8>| {
            part.truncate(part.len() * cut / 40);
            part
        });
        let error = measure(&plan, &files, &limits, 1, &short).await.unwrap_err();
        assert!(error.to_string().contains("damaged"), "{cut}: {error}");
    }
    let longer = Apart(|mut part: Vec<u8>| {
        part.push(0);
        part
    });
    assert!(measure(&plan, &files, &limits, 1, &longer).await.is_err());
}

#[test]
fn a_task_of_another_version_is_refused() {
    let ours = version();
    let theirs = ours.replace("/ wire ", "/ wire 9");
    assert_ne!(ours, theirs);
    // As the first byte says how long the version is.
    let mut bytes = vec![theirs.len() as u8];
    bytes.extend_from_slice(theirs.as_bytes());
    bytes.extend_from_slice(b"{}");
    let error = ScanTask::decode(&bytes).unwrap_err();
    assert!(matches!(error, Unreadable::Version { .. }), "{error}");
    assert!(error.to_string().contains(&theirs) && error.to_string().contains("one version"), "{error}");
    assert!(matches!(ScanTask::decode(b""), Err(Unreadable::Damaged(_))));
    assert!(matches!(ScanTask::decode(&[200, 1]), Err(Unreadable::Damaged(_))));
}
