//! The `kepi` binary: command line, configuration, and the one place where the parts are put together.

#![cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing))]

mod cli;
mod commands;
mod compose;
mod failure;
mod output;
mod progress;

use std::process::ExitCode;

use clap::Parser;
use tracing_subscriber::EnvFilter;

use crate::{cli::Cli, output::Output};

/// Stack of a worker thread: planning recurses over expressions, which are capped at 32 levels and 200 nodes.
const STACK_BYTES: usize = 8 << 20;

fn main() -> ExitCode {
    let cli = Cli::parse();
    let filter = EnvFilter::try_from_env("KEPI_LOG").unwrap_or_else(|_| EnvFilter::new("warn"));
    tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        // A log that nobody reads any more is not worth failing for: told of it, the logger would panic on stderr.
        .log_internal_errors(false)
        .init();
    let runtime =
        tokio::runtime::Builder::new_multi_thread().enable_all().thread_stack_size(STACK_BYTES).build();
    let result = match runtime {
        Ok(runtime) => runtime.block_on(commands::run(&cli, Output::new(&cli))),
        Err(source) => Err(failure::Failure::Io { what: "the runtime could not start".to_owned(), source }),
    };
    match result {
        Ok(()) => ExitCode::from(cli::exit::SUCCESS),
        Err(failure) => failure.report(),
    }
}
