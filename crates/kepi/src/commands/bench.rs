//! `kepi bench`: the speed of a full refresh, beside its peers on the same data in the same run.

use kepi_engine::bench::{self, BenchOptions};

use crate::{cli::Bench, failure::Failure, output::Output};

/// Generates data, runs everyone, prints figures and ratios.
pub async fn bench(what: &Bench, out: Output) -> Result<(), Failure> {
    let available = std::thread::available_parallelism().map_or(1, usize::from);
    let options = BenchOptions {
        rows: what.rows,
        runs: what.runs,
        threads: what.threads.unwrap_or(available).max(1),
        python: what.python.clone(),
        data: what.data.clone(),
    };
    let report = bench::run(&options, &|remark: &str| out.remark(remark))
        .await
        .map_err(|e| Failure::Port(Box::new(e)))?;
    Ok(out.json(&report)?)
}
