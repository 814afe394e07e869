//! Clients that are slow, many, silent or not ours.

use std::{sync::Arc, time::Duration};

use axum::{
    body::Body,
    http::{Request, StatusCode, header},
};
use kepi_report::fixture::{self, PlantedReader};
use kepi_web::{
    hosts::{Hosts, answering_to},
    router,
    server::{Patience, serve},
};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    sync::oneshot,
    task::JoinHandle,
    time::{Instant, timeout},
};
use tower::ServiceExt;

/// A server that runs, its address, and what ends it.
struct Running {
    address: std::net::SocketAddr,
    stop: oneshot::Sender<()>,
    served: JoinHandle<std::io::Result<()>>,
}

impl Running {
    async fn with(patience: Patience) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (stop, stopped) = oneshot::channel();
        let router = router(Arc::new(PlantedReader::of(fixture::airport())));
        let served = tokio::spawn(serve(listener, router, patience, async {
            let _ = stopped.await;
        }));
        Self { address, stop, served }
    }

    /// A connection on which something was sent.
    async fn send(&self, text: &str) -> TcpStream {
        let mut stream = TcpStream::connect(self.address).await.unwrap();
        stream.write_all(text.as_bytes()).await.unwrap();
        stream
    }
}

/// What comes until the other end closes.
async fn rest(stream: &mut TcpStream) -> String {
    let mut answer = Vec::new();
    let _ = timeout(Duration::from_secs(20), stream.read_to_end(&mut answer)).await.expect("it is closed");
    String::from_utf8_lossy(&answer).into_owned()
}

const SHORT: Patience = Patience {
    head: Duration::from_millis(300),
    stalled: Duration::from_millis(600),
    connections: 4,
    spared: Duration::from_millis(200),
    drain: Duration::from_millis(500),
};

#[tokio::test]
async fn a_head_that_never_ends_and_a_silent_connection_are_closed() {
    let running = Running::with(SHORT).await;
    for sent in ["", "GET / HTTP/1.1\r\n", "GET /livez HTTP/1.1\r\nHost: localhost\r\n\r\n"] {
        let mut stream = running.send(sent).await;
        let began = Instant::now();
        let answer = rest(&mut stream).await;
        assert!(began.elapsed() < Duration::from_secs(5), "{sent:?}");
        assert_eq!(answer.contains("200 OK"), sent.contains("livez"), "{sent:?}: {answer}");
    }
    // Nor does a body that stalls hold its place.
    let mut stream =
        running.send("POST /inbox HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100\r\n\r\nabc").await;
    let began = Instant::now();
    rest(&mut stream).await;
    assert!(began.elapsed() < Duration::from_secs(5), "a body that stalls");
    // A byte now and then is no head either.
    let mut stream = running.send("GET / HTTP/1.1\r\n").await;
    let began = Instant::now();
    while stream.write_all(b"X").await.is_ok() && began.elapsed() < Duration::from_secs(5) {
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    assert!(began.elapsed() < Duration::from_secs(3), "{:?}", began.elapsed());
}

#[tokio::test]
async fn an_answer_that_nobody_takes_is_broken_off() {
    let running = Running::with(SHORT).await;
    // So many requests at once that the answers fill every buffer on the way.
    let asked = "GET / HTTP/1.1\r\nHost: localhost\r\n\r\n".repeat(2000);
    let stream = running.send(&asked).await;
    tokio::time::sleep(Duration::from_secs(2)).await;
    // Its place is free again: with four of them taken by such clients, others are still served.
    let others: Vec<_> =
        [running.send(&asked).await, running.send(&asked).await, running.send(&asked).await].into();
    let mut polite =
        running.send("GET /livez HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n").await;
    assert!(rest(&mut polite).await.contains("200 OK"));
    drop((stream, others));
}

#[tokio::test]
async fn connections_beyond_the_cap_wait_for_their_turn() {
    let running = Running::with(SHORT).await;
    let mut idle = Vec::new();
    for _ in 0..20 {
        idle.push(running.send("GET / HTTP/1.1\r\n").await);
    }
    let mut polite =
        running.send("GET /livez HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n").await;
    assert!(rest(&mut polite).await.contains("200 OK"), "the idle ones were closed one after the other");
}

#[tokio::test]
async fn whoever_keeps_it_waiting_longest_makes_room_and_whoever_is_answered_does_not() {
    // Where nothing else would end them while this test runs.
    let patient = Patience { head: Duration::from_secs(60), stalled: Duration::from_secs(60), ..SHORT };
    let running = Running::with(patient).await;
    let mut slow = Vec::new();
    for sent in ["", "P", "POST /inbox HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100\r\n\r\n{"] {
        for _ in 0..12 {
            slow.push(running.send(sent).await);
        }
    }
    let began = Instant::now();
    // Its last byte comes when others have long been closed.
    let mut polite = running.send("GET /livez HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r").await;
    polite.write_all(b"\n").await.unwrap();
    assert!(rest(&mut polite).await.contains("200 OK"));
    // Thirty-six of them, four at a time, are not waited for by more than what each is spared.
    assert!(began.elapsed() < Duration::from_secs(4), "{:?}", began.elapsed());
    // A place is taken from nobody as long as there are others.
    let mut kept = running.send("GET /livez HTTP/1.1\r\nHost: localhost\r\n\r\n").await;
    let mut some = [0; 12];
    kept.read_exact(&mut some).await.unwrap();
    drop(slow);
    tokio::time::sleep(Duration::from_millis(300)).await;
    kept.write_all(b"GET /livez HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n").await.unwrap();
    assert!(rest(&mut kept).await.contains("200 OK"));
}

#[tokio::test]
async fn a_server_ends_in_time_whatever_its_clients_do() {
    let running = Running::with(Patience { head: Duration::from_secs(60), ..SHORT }).await;
    let half = running.send("GET / HTTP/1.1\r\n").await;
    let silent = running.send("").await;
    let stuck = running.send(&"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n".repeat(2000)).await;
    tokio::time::sleep(Duration::from_millis(100)).await;
    let began = Instant::now();
    running.stop.send(()).unwrap();
    timeout(Duration::from_secs(3), running.served).await.expect("it ends").unwrap().unwrap();
    assert!(began.elapsed() < Duration::from_secs(2), "{:?}", began.elapsed());
    drop((half, silent, stuck));
}

#[tokio::test]
async fn only_its_own_names_are_answered() {
    let reader = Arc::new(PlantedReader::of(fixture::airport()));
    let router =
        answering_to(router(reader), Hosts::new(["kpi.example.com".to_owned(), "Desk:8080".to_owned()]));
    let ask = |host: &'static str| {
        let request = Request::get("/kpis").header(header::HOST, host).body(Body::empty()).unwrap();
        router.clone().oneshot(request)
    };
    for own in [
        "127.0.0.1:7878",
        "localhost",
        "localhost:7878",
        "LOCALHOST.",
        "[::1]:7878",
        "192.168.0.7:80",
        "kpi.example.com",
        "KPI.example.com:443",
        "desk",
        "a.localhost:1",
    ] {
        assert_eq!(ask(own).await.unwrap().status(), StatusCode::OK, "{own}");
    }
    for other in
        ["evil.example.com", "evil.example.com:7878", "127.0.0.1.evil.example.com", "localhost.evil", ""]
    {
        let answer = ask(other).await.unwrap();
        assert_eq!(answer.status(), StatusCode::MISDIRECTED_REQUEST, "{other}");
        let body = axum::body::to_bytes(answer.into_body(), 10_000).await.unwrap();
        let text = String::from_utf8_lossy(&body).into_owned();
        assert!(text.contains("--allow-host") && text.len() < 300, "{text}");
    }
    // The target of the request counts as well.
    let absolute = Request::get("http://evil.example.com/kpis").header(header::HOST, "localhost");
    let answer = router.clone().oneshot(absolute.body(Body::empty()).unwrap()).await.unwrap();
    assert_eq!(answer.status(), StatusCode::MISDIRECTED_REQUEST);
}
