//! The `kepi` binary: command line, configuration, and the one place where the parts are put together.

#![cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing))]

mod called;
mod cli;
mod commands;
mod compose;
mod desk;
mod doors;
mod failure;
mod guard;
mod hooks;
mod output;
mod policies;
mod progress;
mod provider;
mod sight;

use std::{
    process::ExitCode,
    time::{Duration, Instant},
};

use clap::Parser;
use tracing_subscriber::EnvFilter;

use crate::{cli::Cli, output::Output};

/// Stack of a worker thread: planning recurses over expressions, which are capped at 32 levels and 200 nodes.
const STACK_BYTES: usize = 8 << 20;
/// How long what is left running is waited for at the end.
const LONGEST_END: Duration = Duration::from_millis(500);

fn main() -> ExitCode {
    let mut cli = Cli::parse();
    // A statement that took long is nothing that a user of `show` can change: `KEPI_LOG=warn` says so to who asks.
    let filter = EnvFilter::try_from_env("KEPI_LOG")
        .unwrap_or_else(|_| EnvFilter::new(format!("warn,{}=error", kepi_store::DRIVER)));
    tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        .with_ansi(output::colour(cli.color, &std::io::stderr()))
        // A log that nobody reads any more is not worth failing for: told of it, the logger would panic on stderr.
        .log_internal_errors(false)
        .init();
    let runtime =
        tokio::runtime::Builder::new_multi_thread().enable_all().thread_stack_size(STACK_BYTES).build();
    let result = match runtime {
        Ok(runtime) => {
            let result = runtime.block_on(async {
                a_file_too_large_is_an_error();
                guard::named(&mut cli).await?;
                commands::run(&cli, Output::new(&cli)).await
            });
            // What still computes on a thread of its own, for a client that is gone, is not waited for.
            runtime.shutdown_timeout(LONGEST_END);
            wait_for_databases();
            result
        }
        Err(source) => Err(failure::Failure::Io { what: "the runtime could not start".to_owned(), source }),
    };
    match result {
        Ok(()) => ExitCode::from(cli::exit::SUCCESS),
        Err(failure) => failure.report(),
    }
}

/// A connection to a database in a file is closed by a thread of its own, which writes what is left into the file and removes what lies
/// beside it. A process that ends in the middle leaves files that nobody can open who may only read them.
fn wait_for_databases() {
    let begun = Instant::now();
    // By its name, which Linux tells; elsewhere nothing is waited for.
    let closes = |task: std::io::Result<std::fs::DirEntry>| {
        let name = task.and_then(|task| std::fs::read_to_string(task.path().join("comm")));
        name.is_ok_and(|name| name.starts_with(kepi_store::DRIVER))
    };
    let is_closing = || std::fs::read_dir("/proc/self/task").is_ok_and(|mut all| all.any(closes));
    while begun.elapsed() < LONGEST_END && is_closing() {
        std::thread::sleep(Duration::from_millis(1));
    }
}

/// Where the size of files is limited (`ulimit -f`), a write beyond it ends the process by a signal unless somebody listens
/// to it; with a listener, if only once, the write is an error, which has words.
fn a_file_too_large_is_an_error() {
    /// Its number on Linux and macOS.
    const SIGXFSZ: i32 = 25;
    use tokio::signal::unix::{SignalKind, signal};
    if let Err(error) = signal(SignalKind::from_raw(SIGXFSZ)) {
        tracing::debug!(%error, "a limit on the size of files will end this process");
    }
}
