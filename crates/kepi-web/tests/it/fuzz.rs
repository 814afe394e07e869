//! Requests that no browser would send: each has an answer, none breaks a page. `KEPI_COUNT` says how many, `KEPI_SEED` which
//! first; `make evidence AREA=fuzz` takes many.

use std::sync::Arc;

use axum::{
    body::{Body, to_bytes},
    http::{Method, Request, StatusCode},
};
use kepi_report::fixture::{self, PlantedReader};
use kepi_testkit::{
    arbitrary::Chance,
    fuzz::{self, Effort},
};
use kepi_web::{pages::PAGES, router, server::Patience};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
};
use tower::ServiceExt;

use crate::example;

/// Addresses to change, each with questions that pages understand.
fn addresses() -> Vec<Vec<u8>> {
    let asked = [
        "",
        "?period=2015",
        "?period=2015-Q2&unit=boarding_area_a",
        "?history=24",
        "?by=terminal&member=A",
        "?page=2&size=50",
        "?segment=region%3Dnorth%3Btier%3Dent",
        "?from=2014&to=2015&format=csv",
    ];
    let paths = PAGES.iter().flat_map(|page| [Some(page.path), page.json]).flatten();
    let examples =
        paths.flat_map(|path| asked.map(|question| format!("{}{question}", example(path)).into_bytes()));
    examples.chain([b"/readyz".to_vec(), b"/favicon.ico".to_vec()]).collect()
}

const HEADERS: &[&str] = &[
    "accept",
    "accept-encoding",
    "accept-language",
    "cookie",
    "host",
    "if-none-match",
    "range",
    "content-length",
    "x-forwarded-for",
];

#[test]
fn requests_have_answers() {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    let router = router(Arc::new(PlantedReader::of(fixture::airport())));
    let addresses = addresses();
    let make = |chance: &mut Chance| {
        let seed = chance.pick(&addresses).clone();
        let mut bytes = fuzz::mutated(chance, &seed, &addresses);
        bytes.push(b'\n');
        for _ in 0..chance.below(3) {
            bytes.extend(chance.pick(HEADERS).bytes());
            bytes.push(b':');
            bytes.extend(
                fuzz::mutated(chance, b"gzip, text/html; q=0.5, \"abc\", bytes=0-1", &addresses)
                    .iter()
                    .filter(|b| **b != b'\n'),
            );
            bytes.push(b'\n');
        }
        bytes
    };
    let (mut sent, mut found) = (0u64, 0u64);
    let line = fuzz::run("requests", Effort::or(300), make, |input| {
        let mut lines = input.split(|b| *b == b'\n');
        let method = [Method::GET, Method::HEAD, Method::POST, Method::DELETE]
            [input.len() % 8 / 5 * (input.len() % 4)]
            .clone();
        let mut request = Request::builder().method(method).uri(lines.next().unwrap_or_default());
        for header in lines {
            let mut parts = header.splitn(2, |b| *b == b':');
            if let (Some(name), Some(value)) = (parts.next(), parts.next()) {
                request = request.header(name, value);
            }
        }
        // What is no request at all is refused before it comes here; the other test sends that.
        let Ok(request) = request.body(Body::from("x")) else { return };
        sent += 1;
        runtime.block_on(async {
            let response = router.clone().oneshot(request).await.unwrap();
            let status = response.status();
            assert!(
                status != StatusCode::INTERNAL_SERVER_ERROR && status != StatusCode::SERVICE_UNAVAILABLE,
                "{status}"
            );
            to_bytes(response.into_body(), 64 << 20).await.unwrap();
            found += u64::from(status.is_success());
        });
    });
    eprintln!("{line}; {sent} of them are requests, {found} found a page");
}

#[test]
fn bytes_that_are_no_request_leave_the_server_as_it_is() {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    let router = router(Arc::new(PlantedReader::of(fixture::airport())));
    let listener = runtime.block_on(TcpListener::bind("127.0.0.1:0")).unwrap();
    let address = listener.local_addr().unwrap();
    let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
    let server = runtime.spawn(kepi_web::server::serve(listener, router, Patience::default(), async move {
        let _ = stopped.await;
    }));
    let seeds = [
        "GET /kpis?period=2015 HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nAccept-Encoding: gzip\r\n\r\n",
        "POST /readyz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n",
        "HEAD /livez HTTP/1.0\r\nConnection: close\r\nContent-Length: 3\r\n\r\nabc",
    ]
    .map(|text| text.as_bytes().to_vec());
    // Rubbish ends with what is sent, so that nobody waits for more; who asks properly listens until the answer came.
    let talk = |bytes: &[u8], ends: bool| -> Vec<u8> {
        runtime.block_on(async {
            let mut stream = TcpStream::connect(address).await.expect("the server listens");
            let mut answer = Vec::new();
            // Whoever sends rubbish may be cut off while sending.
            let _ = stream.write_all(bytes).await;
            if ends {
                let _ = stream.shutdown().await;
            }
            let read = stream.read_to_end(&mut answer);
            let _ = tokio::time::timeout(std::time::Duration::from_secs(20), read)
                .await
                .expect("an answer or an end");
            answer
        })
    };
    let make = |chance: &mut Chance| {
        let seed = chance.pick(&seeds).clone();
        fuzz::mutated(chance, &seed, &seeds)
    };
    let line = fuzz::run("bytes of connections", Effort::or(200), make, |input| {
        talk(input, true);
    });
    let alive = talk(b"GET /livez HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n", false);
    assert!(alive.starts_with(b"HTTP/1.1 200"), "{}", String::from_utf8_lossy(&alive));
    stop.send(()).unwrap();
    runtime.block_on(server).unwrap().unwrap();
    eprintln!("{line}");
}
