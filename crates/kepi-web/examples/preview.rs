//! Serves an invented airport to look at: `cargo run -p kepi-web --example preview -- 127.0.0.1:8080`.

use std::sync::Arc;

use kepi_report::fixture::{PlantedReader, airport};

#[tokio::main(flavor = "current_thread")]
async fn main() -> std::io::Result<()> {
    let address = std::env::args().nth(1).unwrap_or_else(|| "127.0.0.1:8080".to_owned());
    let listener = tokio::net::TcpListener::bind(&address).await?;
    let stop = async {
        // Without a signal handler the example runs until it is killed.
        let _ = tokio::signal::ctrl_c().await;
    };
    kepi_web::server::serve(
        listener,
        kepi_web::router(Arc::new(PlantedReader::of(airport()))),
        Default::default(),
        stop,
    )
    .await
}
