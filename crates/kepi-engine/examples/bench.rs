//! Runs the benchmark without the rest of Kepi: `bench [rows] [runs] [ordered|random]`; prints the report as JSON.
//! Peers run with the Python that `KEPI_PYTHON` names.

use std::{io::Write, path::PathBuf};

use kepi_engine::bench::{BenchOptions, run};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut arguments = std::env::args().skip(1);
    let mut options = BenchOptions::default();
    if let Some(rows) = arguments.next() {
        options.rows = rows.parse()?;
    }
    if let Some(runs) = arguments.next() {
        options.runs = runs.parse()?;
    }
    options.ordered = arguments.next().is_none_or(|order| order != "random");
    options.data = options.data.join(format!("{}_{}", options.rows, options.ordered));
    options.python = std::env::var_os("KEPI_PYTHON").map(PathBuf::from);
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    let report = runtime.block_on(run(&options, &|what| eprintln!("{what}")))?;
    writeln!(std::io::stdout(), "{}", serde_json::to_string_pretty(&report)?)?;
    Ok(())
}
