//! Serving: connections that are many, slow, half-sent or never closed neither keep others out nor the server from ending.

use std::{
    future::Future,
    io,
    net::IpAddr,
    pin::{Pin, pin},
    sync::Arc,
    task::{Context, Poll},
    time::Duration,
};

use axum::{Router, body::Body, http::Request};
use hyper::{body::Incoming, server::conn::http1, service::service_fn};
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    net::{TcpListener, TcpStream},
    sync::{Semaphore, watch},
    task::JoinSet,
    time::{Instant, Sleep, sleep, timeout},
};
use tower::ServiceExt as _;

use crate::doors::from_peer;

/// How patient a server is.
#[derive(Debug, Clone, Copy)]
pub struct Patience {
    /// How long a client may take to send the head of a request; also how long a connection may wait for its next one.
    pub head: Duration,
    /// How long a client may send nothing of a body, or take nothing of an answer.
    pub stalled: Duration,
    /// Connections at a time; further ones wait until one is closed.
    pub connections: usize,
    /// How long requests under way may take once the server is told to end.
    pub drain: Duration,
}

impl Default for Patience {
    fn default() -> Self {
        Self {
            head: Duration::from_secs(10),
            // Longer than the longest request: while it is made, nothing is sent.
            stalled: Duration::from_secs(40),
            connections: 256,
            drain: Duration::from_secs(4),
        }
    }
}

/// After accepting failed, for one because no file can be opened any more, it is tried again.
const PAUSE: Duration = Duration::from_millis(200);

/// Serves until `shutdown` is done; requests under way are finished first, as far as patience goes.
///
/// # Errors
/// None now: a connection that fails is its client's.
pub async fn serve(
    listener: TcpListener,
    router: Router,
    patience: Patience,
    shutdown: impl Future<Output = ()> + Send + 'static,
) -> io::Result<()> {
    let (stop, stopping) = watch::channel(());
    let places = Arc::new(Semaphore::new(patience.connections.max(1)));
    let mut connections = JoinSet::new();
    let mut shutdown = pin!(shutdown);
    loop {
        let next = async {
            // The semaphore is never closed.
            let place = Arc::clone(&places).acquire_owned().await;
            (place, listener.accept().await)
        };
        let (place, accepted) = tokio::select! {
            () = &mut shutdown => break,
            Some(_) = connections.join_next(), if !connections.is_empty() => continue,
            next = next => next,
        };
        match accepted {
            Ok((stream, from)) => {
                let (router, stopping) = (router.clone(), stopping.clone());
                connections.spawn(async move {
                    converse(stream, from.ip(), router, patience, stopping).await;
                    drop(place);
                });
            }
            Err(error) => {
                tracing::debug!(%error, "a connection was not accepted");
                sleep(PAUSE).await;
            }
        }
    }
    drop(listener);
    drop(stopping);
    let _ = stop.send(());
    let all = async { while connections.join_next().await.is_some() {} };
    if timeout(patience.drain, all).await.is_err() {
        tracing::debug!("some connections are cut off");
    }
    connections.shutdown().await;
    Ok(())
}

/// Answers one client until it or the server has had enough.
async fn converse(
    stream: TcpStream,
    from: IpAddr,
    router: Router,
    patience: Patience,
    mut stopping: watch::Receiver<()>,
) {
    // Answers are small and whole: waiting for more to send only delays them.
    let _ = stream.set_nodelay(true);
    let stream = TokioIo::new(Patient::new(stream, patience.stalled));
    let answering = service_fn(move |request: Request<Incoming>| {
        router.clone().oneshot(from_peer(request.map(Body::new), from))
    });
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(patience.head)
        .serve_connection(stream, answering);
    let mut connection = pin!(connection);
    let ended = tokio::select! {
        ended = connection.as_mut() => Some(ended),
        _ = stopping.changed() => None,
    };
    let ended = match ended {
        Some(ended) => ended,
        None => {
            connection.as_mut().graceful_shutdown();
            connection.await
        }
    };
    if let Err(error) = ended {
        tracing::debug!(%error, "a connection broke off");
    }
}

/// A stream that breaks off when nothing moves for too long.
struct Patient {
    stream: TcpStream,
    most: Duration,
    reading: Option<Pin<Box<Sleep>>>,
    writing: Option<Pin<Box<Sleep>>>,
}

impl Patient {
    fn new(stream: TcpStream, most: Duration) -> Self {
        Self { stream, most, reading: None, writing: None }
    }
}

/// What came of waiting: where nothing moves, the clock runs; where something does, it begins anew.
fn within<T>(
    clock: &mut Option<Pin<Box<Sleep>>>,
    most: Duration,
    cx: &mut Context<'_>,
    polled: Poll<io::Result<T>>,
) -> Poll<io::Result<T>> {
    if polled.is_ready() {
        *clock = None;
        return polled;
    }
    let clock = clock.get_or_insert_with(|| Box::pin(tokio::time::sleep_until(Instant::now() + most)));
    match clock.as_mut().poll(cx) {
        Poll::Ready(()) => Poll::Ready(Err(io::ErrorKind::TimedOut.into())),
        Poll::Pending => Poll::Pending,
    }
}

impl AsyncRead for Patient {
    fn poll_read(self: Pin<&mut Self>, cx: &mut Context<'_>, into: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        let polled = Pin::new(&mut this.stream).poll_read(cx, into);
        within(&mut this.reading, this.most, cx, polled)
    }
}

impl AsyncWrite for Patient {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let this = self.get_mut();
        let polled = Pin::new(&mut this.stream).poll_write(cx, bytes);
        within(&mut this.writing, this.most, cx, polled)
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        parts: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let this = self.get_mut();
        let polled = Pin::new(&mut this.stream).poll_write_vectored(cx, parts);
        within(&mut this.writing, this.most, cx, polled)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        let polled = Pin::new(&mut this.stream).poll_flush(cx);
        within(&mut this.writing, this.most, cx, polled)
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        let polled = Pin::new(&mut this.stream).poll_shutdown(cx);
        within(&mut this.writing, this.most, cx, polled)
    }
}
