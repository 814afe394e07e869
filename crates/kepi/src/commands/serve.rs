//! `kepi serve`: pages and API.

use std::sync::Arc;

use tokio::net::TcpListener;

use kepi_app::live::LiveBoard;
use kepi_web::{
    hosts::{Hosts, answering_to},
    server::{Patience, serve as serve_on},
};

use crate::{cli::Serve, compose, failure::Failure, output::Output};

/// Serves until interrupted; open requests are finished.
pub async fn serve(what: &Serve, site: compose::Site<'_>, out: Output) -> Result<(), Failure> {
    let (host, port) = (what.host.as_str(), what.port);
    let root = compose::root(site.folder)?;
    let sources = compose::sources(&root);
    let board = Arc::new(LiveBoard::open(compose::reopening(site), root, &sources).await?);
    let doing = format!("cannot listen on {host}:{port}; choose another --port");
    let listener = TcpListener::bind((host, port)).await.map_err(Failure::io(doing))?;
    let address = listener.local_addr().map_err(Failure::io("the address is not known"))?;
    out.remark(&format!("serving on http://{address}  (stop with Ctrl-C)"));
    let follow = tokio::spawn(Arc::clone(&board).follow());
    let hosts = Hosts::new(what.allow_host.iter().chain([&what.host]).cloned());
    let router = answering_to(kepi_web::router(board), hosts);
    let served = serve_on(listener, router, Patience::default(), shutdown()).await;
    follow.abort();
    served.map_err(Failure::io("serving failed"))
}

/// Resolves on Ctrl-C or SIGTERM.
async fn shutdown() {
    use tokio::signal::unix::{SignalKind, signal};
    let Ok(mut terminate) = signal(SignalKind::terminate()) else {
        let _ = tokio::signal::ctrl_c().await;
        return;
    };
    tokio::select! {
        _ = tokio::signal::ctrl_c() => {}
        _ = terminate.recv() => {}
    }
}
