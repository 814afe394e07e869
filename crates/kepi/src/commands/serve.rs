//! `kepi serve`: pages and API.

use std::sync::Arc;

use tokio::net::TcpListener;

use crate::{compose, failure::Failure, output::Output};

/// Serves until interrupted; open requests are finished.
pub async fn serve(host: &str, port: u16, site: compose::Site<'_>, out: Output) -> Result<(), Failure> {
    let app = compose::app(site, None).await?;
    let board = Arc::new(kepi_app::live::LiveBoard::open(app).await?);
    let doing = format!("cannot listen on {host}:{port}; choose another --port");
    let listener = TcpListener::bind((host, port)).await.map_err(Failure::io(doing))?;
    let address = listener.local_addr().map_err(Failure::io("the address is not known"))?;
    out.remark(&format!("serving on http://{address}  (stop with Ctrl-C)"));
    let follow = tokio::spawn(Arc::clone(&board).follow());
    let served = kepi_web::serve(listener, kepi_web::router(board), shutdown()).await;
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
