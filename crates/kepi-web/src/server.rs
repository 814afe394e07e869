//! Serving: connections that are many, slow, half-sent or never closed neither keep others out nor the server from ending.
//!
//! Where every place is taken, whoever has kept the server waiting longest makes room. Who opens many connections and sends
//! little on each shuts out nobody who sends what there is to send, wherever either of them comes from: behind a proxy all come
//! from one address.

use std::{
    collections::BTreeMap,
    future::Future,
    io,
    net::IpAddr,
    pin::{Pin, pin},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    task::{Context, Poll},
    time::Duration,
};

use axum::{Router, body::Body, http::Request};
use hyper::{
    body::{Body as Incomes, Bytes, Frame, Incoming, SizeHint},
    server::conn::http1,
    service::service_fn,
};
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    net::{TcpListener, TcpStream},
    sync::{Notify, OwnedSemaphorePermit, Semaphore, watch},
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
    /// Connections at a time; for further ones whoever has kept the server waiting longest makes room.
    pub connections: usize,
    /// But nobody who has kept it waiting for less than this.
    pub spared: Duration,
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
            spared: Duration::from_secs(1),
            drain: Duration::from_secs(4),
        }
    }
}

/// After accepting failed, for one because no file can be opened any more, it is tried again.
const PAUSE: Duration = Duration::from_millis(200);
/// So often it is looked who could make room.
const LOOKED: Duration = Duration::from_millis(20);

fn held<T>(of: &Mutex<T>) -> MutexGuard<'_, T> {
    of.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A connection.
struct Guest {
    /// Since when it has kept the server waiting; none: the server makes its answer.
    since: Mutex<Option<Instant>>,
    leave: Notify,
}

impl Guest {
    fn waits(&self) {
        *held(&self.since) = Some(Instant::now());
    }

    fn has_said_all(&self) {
        *held(&self.since) = None;
    }
}

/// All connections.
struct Guests {
    places: Arc<Semaphore>,
    all: Mutex<(u64, BTreeMap<u64, Arc<Guest>>)>,
    spared: Duration,
}

impl Guests {
    /// A place: one that is free, or that of whoever has kept the server waiting longest.
    async fn place(&self) -> Option<OwnedSemaphorePermit> {
        loop {
            if let Ok(place) = timeout(LOOKED, Arc::clone(&self.places).acquire_owned()).await {
                // The semaphore is never closed.
                return place.ok();
            }
            self.make_room();
        }
    }

    fn make_room(&self) {
        let all = held(&self.all);
        let since = all.1.values().filter_map(|guest| Some(((*held(&guest.since))?, guest)));
        let longest = since.min_by_key(|(since, _)| *since);
        if let Some((_, guest)) = longest.filter(|(since, _)| since.elapsed() >= self.spared) {
            guest.leave.notify_one();
        }
    }

    fn enter(&self) -> (u64, Arc<Guest>) {
        let guest = Arc::new(Guest { since: Mutex::new(Some(Instant::now())), leave: Notify::new() });
        let mut all = held(&self.all);
        all.0 += 1;
        let number = all.0;
        all.1.insert(number, Arc::clone(&guest));
        (number, guest)
    }

    fn left(&self, number: u64) {
        held(&self.all).1.remove(&number);
    }
}

/// A body as it comes in; once all of it has, nobody waits for the client any more.
struct Said {
    body: Incoming,
    guest: Arc<Guest>,
}

impl Incomes for Said {
    type Data = Bytes;
    type Error = hyper::Error;
    fn poll_frame(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, hyper::Error>>> {
        let this = self.get_mut();
        let polled = Pin::new(&mut this.body).poll_frame(cx);
        if matches!(polled, Poll::Ready(None)) || this.body.is_end_stream() {
            this.guest.has_said_all();
        }
        polled
    }
    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }
    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

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
    let guests = Arc::new(Guests {
        places: Arc::new(Semaphore::new(patience.connections.max(1))),
        all: Mutex::default(),
        spared: patience.spared,
    });
    // Kept where waiting for a place is broken off by something else.
    let mut arrived = None;
    let mut connections = JoinSet::new();
    let mut shutdown = pin!(shutdown);
    loop {
        let next = async {
            if arrived.is_none() {
                arrived = Some(listener.accept().await);
            }
            guests.place().await
        };
        let place = tokio::select! {
            () = &mut shutdown => break,
            Some(_) = connections.join_next(), if !connections.is_empty() => continue,
            next = next => next,
        };
        match arrived.take() {
            None => {}
            Some(Ok((stream, from))) => {
                let (router, stopping) = (router.clone(), stopping.clone());
                let guests = Arc::clone(&guests);
                let (number, guest) = guests.enter();
                connections.spawn(async move {
                    converse(stream, from.ip(), router, (patience, guest), stopping).await;
                    guests.left(number);
                    drop(place);
                });
            }
            Some(Err(error)) => {
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
    (patience, guest): (Patience, Arc<Guest>),
    mut stopping: watch::Receiver<()>,
) {
    // Answers are small and whole: waiting for more to send only delays them.
    let _ = stream.set_nodelay(true);
    let stream = TokioIo::new(Patient::new(stream, patience.stalled));
    let own = Arc::clone(&guest);
    let answering = service_fn(move |request: Request<Incoming>| {
        let (guest, router) = (Arc::clone(&own), router.clone());
        match request.body().is_end_stream() {
            true => guest.has_said_all(),
            false => guest.waits(),
        }
        async move {
            let said = request.map(|body| Body::new(Said { body, guest: Arc::clone(&guest) }));
            let answer = router.oneshot(from_peer(said, from)).await;
            guest.waits();
            answer
        }
    });
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(patience.head)
        .serve_connection(stream, answering);
    let mut connection = pin!(connection);
    let ended = tokio::select! {
        ended = connection.as_mut() => Some(ended),
        _ = stopping.changed() => None,
        () = guest.leave.notified() => {
            tracing::debug!("a connection that kept the server waiting made room for another");
            return;
        }
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
