//! `kepi demo`: a scorecard computed here and now, of real data or of a made-up business.

use std::path::Path;

use rust_embed::RustEmbed;

use crate::{
    cli::{ByProvider, Cli, Demo, DemoProject, Elsewhere, Format, Outside, Run, Serve, Show, ShowScorecard},
    commands::{init, run, serve, show},
    compose,
    failure::Failure,
    output::Output,
};

/// Six years of an airport's passenger survey.
#[derive(RustEmbed)]
#[folder = "../../examples/airport"]
struct Airport;

/// A made-up subscription business.
#[derive(RustEmbed)]
#[folder = "../../examples/subscription"]
struct Subscription;

/// Writes the project, computes it and serves it.
pub async fn demo(what: &Demo, cli: &Cli, out: Output) -> Result<(), Failure> {
    let (write, folder): (fn(&Path) -> _, _) = match what.which {
        DemoProject::Airport => (init::write::<Airport>, "kepi-demo"),
        DemoProject::Subscription => (init::write::<Subscription>, "kepi-demo-subscription"),
    };
    let into = what.into.as_deref().unwrap_or(Path::new(folder));
    if into.join("kepi.yml").is_file() {
        out.remark(&format!("using the demo project in {}", into.display()));
    } else {
        write(into)?;
        out.remark(&format!("wrote the demo project to {}", into.display()));
    }
    let site = compose::Site { folder: into, store: cli.store.as_ref(), lake: cli.lake.as_ref() };
    let run = Run {
        on_schedule: false,
        no_land: false,
        no_fetch: false,
        read_all: false,
        any_time: false,
        threads: None,
        memory: None,
        elsewhere: Elsewhere::default(),
        outside: Outside::default(),
    };
    run::land_and_publish(&run, cli, site, out).await?;
    let which = ShowScorecard { scorecard: None, unit: None, period: None };
    if out.format == Format::Table || what.no_serve {
        show::show(&Show::Scorecard(which), &compose::board(site, out).await?, out)?;
    }
    if what.no_serve {
        return Ok(());
    }
    let what = Serve {
        host: "127.0.0.1".to_owned(),
        port: what.port,
        allow_host: Vec::new(),
        at: None,
        open_to_everyone: false,
        by_provider: ByProvider::default(),
    };
    serve::serve(&what, site, &compose::actor(cli), out).await
}
