//! The commands, one file each.

mod access;
mod analyse;
mod audit;
mod bench;
mod bench_insight;
mod bench_landing;
mod bench_publish;
mod check;
mod demo;
mod evidence;
mod init;
mod plan;
mod register;
mod reproduce;
mod run;
mod schema;
mod serve;
mod show;
mod trace;
mod weigh;
mod what_if;

use crate::{
    cli::{Cli, Command},
    compose::{self, Site},
    failure::Failure,
    output::Output,
};

/// Does what the command line says.
pub async fn run(cli: &Cli, out: Output) -> Result<(), Failure> {
    match &cli.command {
        Command::Init(what) => init::init(what, out),
        Command::Check(what) if what.data => check::data(Site::of(cli), out).await,
        Command::Check(what) => check::check(what, &cli.project, out),
        Command::Plan(what) => plan::plan(what, cli, out).await,
        Command::Register(what) => register::register(what, Site::of(cli), out).await,
        Command::Run(what) => run::run(what, cli, out).await,
        Command::Show(what) => show::show(what, &compose::board(Site::of(cli), out).await?, out),
        Command::Explain(what) => show::explain(what, &compose::board(Site::of(cli), out).await?, out),
        Command::WhatIf(what) => what_if::what_if(what, &compose::board(Site::of(cli), out).await?, out),
        Command::Weigh(what) => weigh::weigh(what, out),
        Command::Analyse(what) => analyse::analyse(what, &compose::board(Site::of(cli), out).await?, out),
        Command::Evidence(what) => evidence::evidence(what, out),
        Command::Reproduce(what) => reproduce::reproduce(what, cli, out).await,
        Command::Trace(what) => trace::trace(what, cli, out).await,
        Command::Audit(what) => audit::audit(what, cli, out).await,
        Command::Access(what) => access::access(what, cli, out).await,
        Command::Serve(what) => serve::serve(what, Site::of(cli), out).await,
        Command::Demo(what) => demo::demo(what, cli, out).await,
        Command::Schema(what) => schema::schema(what, out),
        Command::Bench(what) => bench::bench(what, out).await,
    }
}
