//! `kepi demo`: a scorecard of real data, computed here and now.

use rust_embed::RustEmbed;

use crate::{
    cli::{Cli, Demo, Format, Outside, Run, Serve, Show, ShowScorecard},
    commands::{init, run, serve, show},
    compose,
    failure::Failure,
    output::Output,
};

/// Six years of an airport's passenger survey.
#[derive(RustEmbed)]
#[folder = "../../examples/airport"]
struct Airport;

/// Writes the project, computes it and serves it.
pub async fn demo(what: &Demo, cli: &Cli, out: Output) -> Result<(), Failure> {
    if what.into.join("kepi.yml").is_file() {
        out.remark(&format!("using the demo project in {}", what.into.display()));
    } else {
        init::write::<Airport>(&what.into)?;
        out.remark(&format!("wrote the demo project to {}", what.into.display()));
    }
    let site = compose::Site { folder: &what.into, store: cli.store.as_ref() };
    let run = Run { no_land: false, threads: None, outside: Outside::default() };
    run::land_and_publish(&run, cli, site, out).await?;
    let which = ShowScorecard { scorecard: None, unit: None, period: None };
    if out.format == Format::Table || what.no_serve {
        show::show(&Show::Scorecard(which), &compose::board(site, out).await?, out)?;
    }
    if what.no_serve {
        return Ok(());
    }
    let what = Serve { host: "127.0.0.1".to_owned(), port: what.port, allow_host: Vec::new() };
    serve::serve(&what, site, out).await
}
