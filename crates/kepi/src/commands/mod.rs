//! The commands, one file each.

mod access;
mod acting;
mod alerts;
mod analyse;
mod audit;
mod bench;
mod bench_cluster;
mod bench_insight;
mod bench_landing;
mod bench_publish;
mod budget;
mod check;
mod cluster;
mod correct;
mod deciding;
mod deliver;
mod demo;
mod erase;
mod evidence;
mod hiring;
mod init;
mod initiatives;
mod lineage;
mod matrix;
mod overrides;
mod people;
mod periods;
mod plan;
mod register;
mod reproduce;
mod restated;
mod reviewing;
mod run;
mod sample;
mod schedule;
mod schema;
mod screen;
mod serve;
mod show;
mod sources;
mod trace;
mod weigh;
mod what_if;

use kepi_app::deciding::Stance;

pub use access::own_password;
pub use deciding::nothing as nothing_in_force;

use crate::{
    cli::{Cli, Command},
    compose::{self, Site},
    failure::Failure,
    output::Output,
};

/// Does what the command line says.
pub async fn run(cli: &Cli, out: Output) -> Result<(), Failure> {
    use Command::{Analyse, Explain, Inbox, Item, Periods, Plan, Propose, Register, Run, Show, Trace};
    if matches!(
        cli.command,
        Analyse(_)
            | Explain(_)
            | Inbox(_)
            | Item(_)
            | Periods(_)
            | Plan(_)
            | Propose(_)
            | Register(_)
            | Run(_)
            | Show(_)
            | Trace(_)
    ) {
        deciding::say_emergencies(Site::of(cli), out).await;
    }
    match &cli.command {
        Command::Init(what) => init::init(what, out),
        Command::Check(what) if what.data => check::data(Site::of(cli), out).await,
        Command::Check(what) => check::check(what, &cli.project, out),
        Command::Plan(what) => plan::plan(what, cli, out).await,
        Command::Register(what) => register::register(what, Site::of(cli), out).await,
        Command::Propose(what) => deciding::propose(what, cli, out).await,
        Command::Pull(what) => deciding::pull(what, Site::of(cli), out).await,
        Command::Approve(what) => deciding::vote(what, Stance::Yes, cli, out).await,
        Command::Reject(what) => deciding::vote(what, Stance::No, cli, out).await,
        Command::Abstain(what) => deciding::vote(what, Stance::Abstain, cli, out).await,
        Command::Withdraw(what) => deciding::withdraw(what, cli, out).await,
        Command::Inbox(what) => deciding::inbox(what, cli, out).await,
        Command::Item(what) => acting::item(what, cli, out).await,
        Command::Tick => acting::tick(cli, out).await,
        Command::Deliver(what) => deliver::deliver(what, cli, out).await,
        Command::Freeze(what) => periods::freeze(what, cli, out).await,
        Command::Lift(what) => periods::lift(what, cli, out).await,
        Command::Close(what) => periods::close(what, cli, out).await,
        Command::Periods(what) => periods::periods(what, cli, out).await,
        Command::People(what) if what.import.is_some() => hiring::import(what, Site::of(cli), out),
        Command::People(what) => people::people(what, &compose::board(Site::of(cli), out).await?, out),
        Command::Comment(what) => acting::comment(what, cli, out).await,
        Command::Enter(what) => overrides::enter(what, cli, out).await,
        Command::Dispute(what) => acting::dispute(what, cli, out).await,
        Command::Gate { gate } => {
            show::gate(gate.as_deref(), &compose::board(Site::of(cli), out).await?, out)
        }
        Command::Review(what) => reviewing::review(what, cli, out).await,
        Command::Feedback(what) => alerts::feedback(what, cli, out).await,
        Command::Alert(what) => alerts::alert(what, cli, out).await,
        Command::Retire(what) => alerts::retire(what, cli, out).await,
        Command::Playbooks => alerts::playbooks(&compose::board(Site::of(cli), out).await?, out),
        Command::Priorities { kpi } => {
            alerts::priorities(kpi.as_deref(), &compose::board(Site::of(cli), out).await?, out)
        }
        Command::Initiatives { initiative } => {
            let board = compose::board(Site::of(cli), out).await?;
            initiatives::initiatives(initiative.as_deref(), &board, out)
        }
        Command::Budget(what) => budget::budget(what, cli, out).await,
        Command::Matrix { gaps } => matrix::matrix(*gaps, &compose::board(Site::of(cli), out).await?, out),
        Command::Latency => alerts::latency(&compose::board(Site::of(cli), out).await?, out),
        Command::Silence(what) => acting::silence(what, cli, out).await,
        Command::Correct(what) => correct::correct(what, cli, out).await,
        Command::Erase(what) => erase::erase(what, cli, out).await,
        Command::Sample(what) => sample::sample(what, cli, out).await,
        Command::Screen(what) => screen::screen(what, cli, out).await,
        Command::Override(what) => overrides::overrides(what, cli, out).await,
        Command::Run(what) if what.on_schedule => schedule::keep_running(what, cli, out).await,
        Command::Run(what) => run::run(what, cli, out).await,
        Command::Sources { source, discrepancies, promises, service, reliability, cost } => {
            let facts = compose::board(Site::of(cli), out).await?;
            let only = source.as_deref();
            match (discrepancies, promises, reliability, cost) {
                _ if *service => sources::service(&facts, out),
                (true, ..) => sources::discrepancies(&facts, only, out),
                (_, true, ..) => sources::promises(&facts, only, out),
                (.., true, _) => sources::reliability(&facts, only, out),
                (.., true) => sources::cost(&facts, only, out),
                _ => sources::sources(&facts, only, out),
            }
        }
        Command::Show(what) => show::show(what, &compose::board(Site::of(cli), out).await?, out),
        Command::Explain(what) if what.restated => restated::restated(what, cli, out).await,
        Command::Explain(what) => show::explain(what, &compose::board(Site::of(cli), out).await?, out),
        Command::WhatIf(what) => what_if::what_if(what, &compose::board(Site::of(cli), out).await?, out),
        Command::Weigh(what) => weigh::weigh(what, out),
        Command::Analyse(what) => analyse::analyse(what, &compose::board(Site::of(cli), out).await?, out),
        Command::Evidence(what) => evidence::evidence(what, out),
        Command::Reproduce(what) => reproduce::reproduce(what, cli, out).await,
        Command::Lineage(what) if what.run => lineage::run(&compose::board(Site::of(cli), out).await?, out),
        Command::Lineage(what) => lineage::lineage(what, &cli.project, out),
        Command::Trace(what) => trace::trace(what, cli, out).await,
        Command::Audit(what) => audit::audit(what, cli, out).await,
        Command::Access(what) => access::access(what, cli, out).await,
        Command::Serve(what) => serve::serve(what, Site::of(cli), &compose::actor(cli), out).await,
        Command::Demo(what) => demo::demo(what, cli, out).await,
        Command::Scheduler(what) => cluster::scheduler(what, out).await,
        Command::Worker(what) => cluster::worker(what, out).await,
        Command::Schema(what) => schema::schema(what, out),
        Command::Bench(what) => bench::bench(what, out).await,
    }
}
