//! Pages of JSON from a server of our own that refuses, breaks off and repeats itself; and what is not asked at all.

use std::{
    collections::{BTreeMap, VecDeque},
    sync::{Arc, Mutex},
    time::Duration,
};

use kepi_connect::Connections;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpListener,
};

use crate::support::{World, landed, no_secret, run};

const TOKEN: &str = "correct-horse-battery-staple";

/// What a server says to a path with its query: status line, headers, body.
pub type Says = Arc<dyn Fn(&str, &BTreeMap<String, String>, &str) -> (u16, String, String) + Send + Sync>;

/// A server on a port of this machine, and what it was asked.
pub struct Server {
    pub address: String,
    pub asked: Arc<Mutex<Vec<String>>>,
}

/// What goes wrong with the next answers.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Fault {
    Busy,
    Broken,
    Torn,
    Garbled,
    None,
}

pub async fn server(faults: Vec<Fault>, says: Says) -> Server {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = format!("http://{}", listener.local_addr().unwrap());
    let asked = Arc::new(Mutex::new(Vec::new()));
    let (own, faults) = (Arc::clone(&asked), Arc::new(Mutex::new(VecDeque::from(faults))));
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let (own, faults, says) = (Arc::clone(&own), Arc::clone(&faults), Arc::clone(&says));
            tokio::spawn(async move {
                let mut request = Vec::new();
                let mut buffer = [0; 4096];
                while !request.windows(4).any(|w| w == b"\r\n\r\n") {
                    match stream.read(&mut buffer).await {
                        Ok(n @ 1..) => request.extend_from_slice(&buffer[..n]),
                        _ => return,
                    }
                }
                // A form is read like a query.
                let head = String::from_utf8_lossy(&request).into_owned();
                let begins = head.find("\r\n\r\n").unwrap() + 4;
                let headers = head[..begins].to_lowercase();
                let length = headers.split("content-length: ").nth(1).and_then(|l| l.split('\r').next());
                let length: usize = length.map_or(0, |length| length.parse().unwrap());
                while request.len() < begins + length {
                    match stream.read(&mut buffer).await {
                        Ok(n @ 1..) => request.extend_from_slice(&buffer[..n]),
                        _ => return,
                    }
                }
                let form = String::from_utf8(request.split_off(begins)).unwrap();
                let request = String::from_utf8(request).unwrap();
                let mut target = request.split(' ').nth(1).unwrap().to_owned();
                if !form.is_empty() {
                    target = format!("{target}?{form}");
                }
                own.lock().unwrap().push(target.clone());
                let (path, query) = target.split_once('?').unwrap_or((&target, ""));
                let query = query.split('&').filter_map(|pair| pair.split_once('='));
                let query = query.map(|(k, v)| (k.to_owned(), v.replace("%3A", ":"))).collect();
                let let_in = request.lines().filter_map(|l| l.split_once(": "));
                let let_in = let_in.filter(|(name, _)| name.eq_ignore_ascii_case("authorization"));
                let let_in = let_in.map(|(_, value)| value).next().unwrap_or("-");
                let fault = faults.lock().unwrap().pop_front();
                let (status, headers, body) = match fault {
                    Some(Fault::Busy) => (429, "retry-after: 0\r\n".to_owned(), String::new()),
                    Some(Fault::Broken) => (503, String::new(), String::new()),
                    _ => says(path, &query, let_in),
                };
                let body =
                    if fault == Some(Fault::Garbled) { body[..body.len() / 2].to_owned() } else { body };
                let kind =
                    if headers.contains("content-type") { "" } else { "content-type: application/json\r\n" };
                let head = format!(
                    "HTTP/1.1 {status} X\r\n{kind}connection: close\r\n{headers}content-length: {}\r\n\r\n",
                    body.len()
                );
                let sent = if fault == Some(Fault::Torn) { &body[..body.len() / 2] } else { &body };
                stream.write_all(head.as_bytes()).await.ok();
                stream.write_all(sent.as_bytes()).await.ok();
                stream.shutdown().await.ok();
            });
        }
    });
    Server { address, asked }
}

/// Definitions that fetch from an address.
pub fn definitions(address: &str, private: bool, http: &str, mode: &str) -> String {
    format!(
        "---
connection: desk
http: {{address: \"{address}\", auth: {{bearer: {{file: secret}}}}, rate: 100000, private_addresses: {private}}}
time_limit: 30 seconds
---
entity: client
name: Client
key: [id]
attributes:
  id: {{type: text}}
  tier: {{type: text}}
  worth: {{type: \"number, 2 decimals\"}}
  changed_at: {{type: timestamp}}
---
source: clients
into: client
from: {{http: {{connection: desk, get: /v1/clients, {http}}}}}
mode: {mode}
map:
  id: {{column: id, as: text, required: true}}
  tier: {{column: details.tier, as: text}}
  worth: {{column: worth, as: \"number, 2 decimals\"}}
  changed_at: {{column: changed_at, as: timestamp, required: true}}
"
    )
}

fn world(definitions: &str) -> World {
    let world = World::new(definitions);
    std::fs::write(world.path().join("secret"), format!("{TOKEN}\n")).unwrap();
    world
}

fn connections(world: &World) -> Arc<Connections> {
    Arc::new(Connections::new(world.path()).with_patience(Duration::from_millis(1)))
}

/// Row `n` of a server, as it writes it.
fn row(n: u64) -> String {
    format!(
        "{{\"id\": {n},\n \"details\": {{\"tier\": \"t{n}\"}}, \"worth\": 90071992547409.93, \"changed_at\": \"2026-01-01T00:{:02}:00Z\"}}",
        n % 60
    )
}

fn rows(of: std::ops::Range<u64>) -> String {
    of.map(row).collect::<Vec<_>>().join(",\n")
}

/// Seven rows, three a page, by every way of finding the next.
fn seven(kind: &'static str) -> Says {
    Arc::new(move |_, query, let_in| {
        if let_in != format!("Bearer {TOKEN}") {
            return (401, String::new(), "{}".to_owned());
        }
        let get = |name: &str| query.get(name).and_then(|v| v.parse::<u64>().ok());
        let from = match kind {
            "number" => (get("page").unwrap() - 1) * 3,
            _ => get(kind).unwrap_or(0),
        };
        let until = (from + 3).min(7);
        let list = rows(from.min(7)..until);
        let (mut headers, mut more) = (String::new(), String::new());
        if until < 7 {
            headers =
                format!("link: </v1/first>; rel=\"first\", </v1/clients?header={until}>; rel=\"next\"\r\n");
            more = format!(", \"next\": \"/v1/clients?link={until}\", \"meta\": {{\"token\": \"{until}\"}}");
        }
        (200, headers, format!("{{\"clients\": [{list}], \"has_more\": {}{more}}}", until < 7))
    })
}

#[tokio::test(flavor = "multi_thread")]
async fn every_way_of_paging_brings_every_row_once() {
    for (kind, pages, asked) in [
        ("link", "{link: next}", 3),
        ("header", "{link_header: next}", 3),
        ("token", "{token: {token: meta.token, parameter: token}}", 3),
        ("number", "{number: {parameter: page}}", 4),
        ("offset", "{offset: {parameter: offset}}", 4),
    ] {
        let server = server(vec![Fault::Busy, Fault::Broken, Fault::Torn, Fault::Garbled], seven(kind)).await;
        let world =
            world(&definitions(&server.address, true, &format!("rows: clients, pages: {pages}"), "snapshot"));
        let report = run(&world.app_with(connections(&world)).await, true).await.unwrap();
        assert_eq!(landed(&report), (1, [7, 0, 0, 0]), "{kind}");
        assert_eq!(server.asked.lock().unwrap().len(), asked + 4, "{kind}: {:?}", server.asked);
        let rows = world.rows("client", &["id", "tier", "worth"]).await;
        assert_eq!(rows[6], ["6", "t6", "9007199254740993"], "{kind}");
        no_secret(&world.path().join(".kepi"), TOKEN);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_page_behind_a_row_ends_where_it_says_so() {
    let says: Says = Arc::new(|_, query, _| {
        let from = query.get("starting_after").map_or(0, |v| v.parse::<u64>().unwrap() + 1);
        let until = (from + 4).min(7);
        (200, String::new(), format!("{{\"data\": [{}], \"has_more\": {}}}", rows(from..until), until < 7))
    });
    let server = server(vec![], says).await;
    let after = "rows: data, pages: {after: {parameter: starting_after, field: id, more: has_more}}";
    let world = world(&definitions(&server.address, true, after, "snapshot"));
    let report = run(&world.app_with(connections(&world)).await, true).await.unwrap();
    assert_eq!(landed(&report), (1, [7, 0, 0, 0]));
    assert_eq!(*server.asked.lock().unwrap(), ["/v1/clients", "/v1/clients?starting_after=3"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn only_what_is_new_is_asked_for() {
    let changed = Arc::new(Mutex::new(3));
    let own = Arc::clone(&changed);
    let says: Says = Arc::new(move |_, query, _| {
        let least: u64 = query["since"].split(':').nth(1).unwrap().parse().unwrap();
        (200, String::new(), format!("[{}]", rows(least..*own.lock().unwrap())))
    });
    let server = server(vec![], says).await;
    let since = "since: {parameter: since, field: changed_at, start: \"2026-01-01T00:00:00Z\"}";
    let world = world(&definitions(&server.address, true, since, "upsert\nversion: changed_at"));
    let ask = || async { landed(&run(&world.app_with(connections(&world)).await, true).await.unwrap()) };
    assert_eq!(ask().await, (1, [3, 0, 0, 0]));
    *changed.lock().unwrap() = 5;
    assert_eq!(ask().await, (1, [2, 0, 1, 0]), "what has the last value comes again");
    assert_eq!(server.asked.lock().unwrap()[1], "/v1/clients?since=2026-01-01T00:02:00Z".replace(':', "%3A"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_value_that_lies_ahead_does_not_carry_what_is_asked_for_beyond_what_comes() {
    let says: Says = Arc::new(move |_, query, _| {
        assert!(query["since"].starts_with("2026-"), "{query:?}");
        let least: u64 = query["since"].split(':').nth(1).unwrap().parse().unwrap();
        let ahead = row(9).replace("2026-01-01", "9999-12-31");
        (200, String::new(), format!("[{}, {ahead}]", rows(least..least + 2)))
    });
    let server = server(vec![], says).await;
    let since = "since: {parameter: since, field: changed_at, start: \"2026-01-01T00:00:00Z\"}";
    let world = world(&definitions(&server.address, true, since, "upsert\nversion: changed_at"));
    let ask = || async { landed(&run(&world.app_with(connections(&world)).await, true).await.unwrap()) };
    assert_eq!(ask().await, (1, [2, 0, 0, 1]));
    assert_eq!(ask().await, (1, [1, 0, 1, 1]));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_no_row_of_all_has_any_more_is_refused_and_what_never_was_there_is_not() {
    let state = Arc::new(Mutex::new("none"));
    let own = Arc::clone(&state);
    let says: Says = Arc::new(move |_, _, _| {
        let body = match *own.lock().unwrap() {
            "none" => rows(1..3)
                .replace("\"details\": {\"tier\": \"t2\"}, ", "")
                .replace("\"details\": {\"tier\": \"t1\"}, ", ""),
            "some" => format!("{}, {}", row(1), row(2).replace("\"details\": {\"tier\": \"t2\"}, ", "")),
            _ => rows(1..3).replace("details", "more"),
        };
        (200, String::new(), format!("{{\"clients\": [{body}]}}"))
    });
    let server = server(vec![], says).await;
    let world = world(&definitions(&server.address, true, "rows: clients", "snapshot"));
    let ask = || async { run(&world.app_with(connections(&world)).await, true).await.unwrap() };
    assert_eq!(landed(&ask().await), (1, [2, 0, 0, 0]));
    *state.lock().unwrap() = "some";
    assert_eq!(landed(&ask().await), (1, [0, 1, 1, 0]));
    *state.lock().unwrap() = "renamed";
    let report = ask().await;
    let said = &report.not_landed[0].reason;
    assert!(
        said.contains("source `clients` has no column `details.tier`, which `tier` is mapped from"),
        "{said}"
    );
    assert_eq!(world.rows("client", &["id", "tier"]).await, [["1", "t1"], ["2", "-"]]);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_next_run_goes_on_with_the_last_token() {
    let says: Says = Arc::new(|_, query, _| {
        let from = query.get("cursor").map_or(0, |v| v.parse::<u64>().unwrap());
        assert_eq!(query.contains_key("start_time"), from == 0, "{query:?}");
        let until = (from + 3).min(7);
        let body = format!(
            "{{\"clients\": [{}], \"after\": \"{until}\", \"over\": {}}}",
            rows(from..until),
            until == 7
        );
        (200, String::new(), body)
    });
    let server = server(vec![], says).await;
    let token = "rows: clients, first: {start_time: \"0\"}, pages: {token: {token: after, parameter: cursor, last: over, resume: true}}";
    let world = world(&definitions(&server.address, true, token, "upsert\nversion: changed_at"));
    let ask = || async { landed(&run(&world.app_with(connections(&world)).await, true).await.unwrap()) };
    assert_eq!(ask().await, (1, [7, 0, 0, 0]));
    assert_eq!(ask().await, (0, [0; 4]));
    assert_eq!(server.asked.lock().unwrap().last().unwrap(), "/v1/clients?cursor=7");
}

/// What a run says that lands nothing.
async fn refused(address: &str, private: bool, http: &str) -> String {
    let world = world(&definitions(address, private, http, "snapshot"));
    let report = run(&world.app_with(connections(&world)).await, true).await.unwrap();
    assert!(report.loads.is_empty(), "{report:?}");
    no_secret(&world.path().join(".kepi"), TOKEN);
    let why = report.not_landed[0].reason.clone();
    assert!(!why.contains(TOKEN), "{why}");
    why
}

fn always(status: u16, headers: &'static str, body: &'static str) -> Says {
    Arc::new(move |_, _, _| (status, headers.to_owned(), body.to_owned()))
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_no_answer_lands_nothing() {
    for (says, http, why) in [
        (always(200, "", "{\"items\": []}"), "rows: clients", "there is no `clients`"),
        (always(200, "", "{\"clients\": {}}"), "rows: clients", "is no list"),
        (always(401, "", "{}"), "rows: clients", "does not let in"),
        (always(404, "", "{}"), "rows: clients", "it answered 404"),
        (
            always(302, "location: http://elsewhere.example/\r\n", ""),
            "rows: clients",
            "no redirection is followed",
        ),
        (always(503, "", ""), "rows: clients", "asked 6 times"),
        (
            always(200, "", "{\"clients\": [{\"id\": 1}], \"next\": \"http://elsewhere.example/v1\"}"),
            "rows: clients, pages: {link: next}",
            "on another server",
        ),
        (
            always(200, "", "{\"clients\": [{\"id\": 1}]}"),
            "rows: clients, pages: {number: {parameter: page}}",
            "the same as the one before",
        ),
        (
            always(200, "", "{\"clients\": [{\"id\": 1}]}"),
            "rows: clients, since: {parameter: s, field: changed_at, start: \"0\"}",
            "",
        ),
    ] {
        if why.is_empty() {
            continue;
        }
        let server = server(vec![], says).await;
        let said = refused(&server.address, true, http).await;
        assert!(said.contains(why), "{said}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn addresses_of_the_own_network_are_not_asked_unless_it_is_said() {
    let server = server(vec![], always(200, "", "[]")).await;
    let port = server.address.rsplit(':').next().unwrap().to_owned();
    for host in ["127.0.0.1", "localhost", "[::1]"] {
        let said = refused(&format!("https://{host}:{port}"), false, "rows: clients").await;
        assert!(said.contains("may not be connected to") || said.contains("refused"), "{said}");
    }
    let said = refused("http://169.254.169.254", true, "rows: clients").await;
    assert!(said.contains("169.254.169.254 is an address that may not be connected to"), "{said}");
    assert!(server.asked.lock().unwrap().is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_made_on_demand_is_asked_after_until_it_is_done() {
    let http = |more: &str| {
        format!(
            "rows: responses, job: {{start: /v1/exports, body: '{{\"format\": \"json\"}}', \
             poll: \"/v1/exports/{{result.progressId}}\", state: result.status, done: complete, failed: [failed]}}{more}"
        )
    };
    let says = |ends: &'static str| -> Says {
        let polled = Mutex::new(0);
        Arc::new(move |path, _, _| {
            let mut polled = polled.lock().unwrap();
            let result = |of: &str| (200, String::new(), format!("{{\"result\": {{{of}}}}}"));
            match path {
                "/v1/exports" => {
                    *polled = 0;
                    result("\"progressId\": \"ES 1/2\", \"status\": \"inProgress\"")
                }
                "/v1/exports/ES%201%2F2" => {
                    *polled += 1;
                    match *polled {
                        3 => result(ends),
                        _ => result("\"percentComplete\": 20, \"status\": \"inProgress\""),
                    }
                }
                "/v1/exports/7-f/file" if *polled == 3 => {
                    (200, String::new(), format!("{{\"responses\": [{}]}}", rows(0..4)))
                }
                _ => (404, String::new(), "{}".to_owned()),
            }
        })
    };
    let done = "\"fileId\": \"7-f\", \"status\": \"complete\"";
    let of = |address: &str, more: &str, mode: &str| {
        world(
            &definitions(address, true, &http(more), mode)
                .replace("get: /v1/clients", "get: \"/v1/exports/{result.fileId}/file\""),
        )
    };
    // However often the server falters on the way.
    let own =
        server(vec![Fault::Busy, Fault::Torn, Fault::None, Fault::Garbled, Fault::Broken], says(done)).await;
    let snapshot = of(&own.address, "", "snapshot");
    let report = run(&snapshot.app_with(connections(&snapshot)).await, true).await.unwrap();
    assert_eq!(landed(&report), (1, [4, 0, 0, 0]));
    // Only what is new: the parameter is sent with what starts the job.
    let own = server(Vec::new(), says(done)).await;
    let more = ", since: {parameter: startDate, field: changed_at, start: \"2020-01-01T00:00:00Z\"}";
    let piecemeal = of(&own.address, more, "upsert\nversion: changed_at");
    for expected in [(1, [4, 0, 0, 0]), (0, [0; 4])] {
        let report = run(&piecemeal.app_with(connections(&piecemeal)).await, true).await.unwrap();
        assert_eq!(landed(&report), expected);
    }
    let asked = own.asked.lock().unwrap().clone();
    let starts: Vec<&String> = asked.iter().filter(|of| of.starts_with("/v1/exports?")).collect();
    assert_eq!(
        starts,
        [
            "/v1/exports?{\"format\":\"json\",\"startDate\":\"2020-01-01T00:00:00Z\"}",
            "/v1/exports?{\"format\":\"json\",\"startDate\":\"2026-01-01T00:03:00Z\"}"
        ]
    );
    for (ends, why) in [
        ("\"status\": \"failed\"", "ended as `failed`"),
        ("\"status\": \"complete\"", "has no `result.fileId`"),
        ("\"state\": \"complete\"", "has no `result.status`"),
    ] {
        let own = server(Vec::new(), says(ends)).await;
        let world = of(&own.address, "", "snapshot");
        let report = run(&world.app_with(connections(&world)).await, true).await.unwrap();
        let said = &report.not_landed[0].reason;
        assert!(said.contains(why), "{said}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn pages_of_csv_are_rows_and_say_in_headers_where_they_go_on() {
    // As Salesforce gives results of a query in bulk.
    let says: Says = Arc::new(|path, query, _| {
        let json = |text: &str| (200, String::new(), text.to_owned());
        let table = |next: &str, lines: &str| {
            let headers = format!("content-type: text/csv; charset=UTF-8\r\nSforce-Locator: {next}\r\n");
            (200, headers, format!("\u{feff}id,\"details.tier\",worth,changed_at\r\n{lines}"))
        };
        match (path, query.get("locator").map(String::as_str)) {
            ("/jobs/query", _) => json("{\"id\": \"750R\", \"state\": \"UploadComplete\"}"),
            ("/jobs/query/750R", _) => json("{\"id\": \"750R\", \"state\": \"JobComplete\"}"),
            ("/jobs/query/750R/results", None) => table(
                "MTAw",
                "1,\"a, \"\"b\"\"\nc\",1.25,2026-01-01T00:00:00.000Z\r\n2,,,2026-01-01T00:00:00.000Z\r\n",
            ),
            ("/jobs/query/750R/results", Some("MTAw")) => table("null", "3,z,3,2026-01-01T00:00:00.000Z\r\n"),
            _ => (404, String::new(), "{}".to_owned()),
        }
    });
    let http = "job: {start: /jobs/query, body: '{\"operation\": \"query\", \"query\": \"SELECT Id FROM Account\"}', \
        poll: \"/jobs/query/{id}\", state: state, done: JobComplete, failed: [Failed, Aborted]}, \
        pages: {token: {token: Sforce-Locator, parameter: locator}}";
    let server = server(vec![Fault::None, Fault::None, Fault::Torn, Fault::None, Fault::Busy], says).await;
    let world = world(
        &definitions(&server.address, true, http, "snapshot")
            .replace("get: /v1/clients", "get: \"/jobs/query/{id}/results\""),
    );
    let report = run(&world.app_with(connections(&world)).await, true).await.unwrap();
    assert_eq!(landed(&report), (1, [3, 0, 0, 0]));
    let rows = world.rows("client", &["id", "tier", "worth"]).await;
    assert_eq!(rows, [["1", "a, \"b\"\nc", "125"], ["2", "-", "-"], ["3", "z", "300"]]);
}

const CLIENT_SECRET: &str = "s+ecret&of=the client";
const REFRESH: &str = "long-lived-refresh-token";

/// A server that grants tokens, each for two pages, and pages of five clients to whoever has one.
fn granting(rotates: bool) -> Says {
    let used = Arc::new(Mutex::new(BTreeMap::<String, u32>::new()));
    let holds = Mutex::new(REFRESH.to_owned());
    Arc::new(move |path, query, let_in| {
        let mut used = used.lock().unwrap();
        if path == "/oauth2/token" {
            let right =
                query["client_id"] == "kepi" && query["client_secret"] == "s%2Becret%26of%3Dthe%20client";
            let right = right
                && match query["grant_type"].as_str() {
                    "client_credentials" => query
                        .get("scope")
                        .is_some_and(|scope| scope == "read%3Aclients" || scope == "read:clients"),
                    "refresh_token" => true,
                    _ => false,
                };
            let mut holds = holds.lock().unwrap();
            if query.get("refresh_token").is_some_and(|token| *token != *holds) {
                return (400, String::new(), "{\"error\": \"invalid_grant\"}".to_owned());
            }
            if !right {
                return (401, String::new(), "{\"error\": \"invalid_client\"}".to_owned());
            }
            let token = format!("token-{}-{TOKEN}", used.len());
            used.insert(format!("Bearer {token}"), 0);
            if rotates {
                *holds = format!("{REFRESH}-{}", used.len());
            }
            let more = if rotates { format!(", \"refresh_token\": \"{holds}\"") } else { String::new() };
            return (
                200,
                String::new(),
                format!(
                    "{{\"access_token\": \"{token}\", \"token_type\": \"bearer\", \"expires_in\": 1{more}}}"
                ),
            );
        }
        match used.get_mut(let_in) {
            Some(n) if *n < 2 => *n += 1,
            _ => return (401, String::new(), "{}".to_owned()),
        }
        let from = query.get("offset").map_or(0, |v| v.parse().unwrap());
        (200, String::new(), format!("{{\"clients\": [{}]}}", rows(from..5.min(from + 2))))
    })
}

/// The same, let in by a grant.
fn by_grant(address: &str, more: &str) -> World {
    let plain = definitions(address, true, "rows: clients, pages: {offset: {parameter: offset}}", "snapshot");
    let grant =
        format!("oauth: {{token: \"{address}/oauth2/token\", client: kepi, secret: {{file: client}}{more}}}");
    let world = World::new(&plain.replace("bearer: {file: secret}", &grant));
    std::fs::write(world.path().join("client"), format!("{CLIENT_SECRET}\n")).unwrap();
    std::fs::write(world.path().join("refresh"), REFRESH).unwrap();
    world
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_is_granted_renewed_and_kept_nowhere() {
    for (more, rotates, why) in [
        (", scope: \"read:clients\"", false, None),
        (", refresh: {file: refresh}", false, None),
        ("", false, Some("no token is granted")),
        (", scope: other", false, Some("no token is granted: invalid_client")),
    ] {
        let server = server(vec![Fault::Broken], granting(rotates)).await;
        let world = by_grant(&server.address, more);
        let report = run(&world.app_with(connections(&world)).await, true).await.unwrap();
        match why {
            None => {
                assert_eq!(landed(&report), (1, [5, 0, 0, 0]), "{more}");
                // Four pages, two for each token: the third is refused once.
                let asked = server.asked.lock().unwrap();
                assert_eq!(asked.iter().filter(|of| of.starts_with("/oauth2/")).count(), 3, "{asked:?}");
                assert_eq!(asked.iter().filter(|of| of.starts_with("/v1/")).count(), 5, "{asked:?}");
            }
            Some(why) => {
                let said = &report.not_landed[0].reason;
                assert!(said.contains(why) && !said.contains("secret") && !said.contains(REFRESH), "{said}");
            }
        }
        for secret in [TOKEN, CLIENT_SECRET, REFRESH] {
            no_secret(&world.path().join(".kepi"), secret);
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refresh_token_that_changes_each_time_is_kept_where_it_was_read() {
    use std::os::unix::fs::PermissionsExt;
    let server = server(Vec::new(), granting(true)).await;
    let world = by_grant(&server.address, ", refresh: {file: refresh}");
    let kept = world.path().join("refresh");
    let app = world.app_with(connections(&world)).await;
    assert_eq!(landed(&run(&app, true).await.unwrap()), (1, [5, 0, 0, 0]));
    // Two grants, each by another token; the last one holds for the next run, and for two at once.
    assert_eq!(std::fs::read_to_string(&kept).unwrap(), format!("{REFRESH}-2"));
    assert_eq!(kept.metadata().unwrap().permissions().mode() & 0o777, 0o600);
    let (one, two) = (world.app_with(connections(&world)).await, world.app_with(connections(&world)).await);
    let both = tokio::join!(run(&one, true), run(&two, true));
    for report in [both.0.unwrap(), both.1.unwrap()] {
        assert_eq!(landed(&report), (0, [0; 4]));
    }
    assert_eq!(std::fs::read_to_string(&kept).unwrap(), format!("{REFRESH}-6"));
    no_secret(&world.path().join(".kepi"), REFRESH);
    // A run that was stopped between being granted and writing leaves one that is used up.
    std::fs::write(&kept, format!("{REFRESH}-5")).unwrap();
    let said = run(&app, true).await.unwrap().not_landed[0].reason.clone();
    assert!(said.contains("have a new one made") && !said.contains(REFRESH), "{said}");
    // Where nothing can be kept, that is said before the token is lost to everybody.
    std::fs::write(&kept, format!("{REFRESH}-6")).unwrap();
    std::fs::remove_file(world.path().join(".refresh.new")).ok();
    std::fs::create_dir(world.path().join(".refresh.new")).unwrap();
    let said = run(&app, true).await.unwrap().not_landed[0].reason.clone();
    assert!(said.contains("cannot be written") && !said.contains(REFRESH), "{said}");
}
