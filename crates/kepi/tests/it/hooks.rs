//! What another system posts, from a server process that is killed to a figure.
//!
//! Signatures are made by Python 3's `hmac`.

use std::{
    fs,
    io::{Read, Write},
    net::TcpStream,
    path::Path,
    time::Duration,
};

use serde_json::Value;

use crate::support::Project;

const SECRETS: [&str; 3] = ["old-horse-battery", "new-horse-battery", "stripe-horse"];

const DEFINITIONS: &str = "project: desk
name: Desk
language: 1
time_zone: UTC
---
entity: charge
name: Charge
key: [id]
attributes:
  id: {type: text}
  at: {type: timestamp}
---
source: tickets
into: ticket
from: {webhook: {signature: github, secrets: [{file: old}, {file: new}], rows: tickets}}
mode: append
map:
  id: {column: number, as: text, required: true}
  opened_at: {column: opened, as: timestamp, required: true}
---
source: charges
into: charge
from: {webhook: {signature: stripe, secrets: [{env: STRIPE_HOOK}]}}
mode: append
map:
  id: {column: data.object.id, as: text, required: true}
  at: {column: created, as: timestamp, format: epoch seconds, required: true}
---
kpi: tickets
name: Tickets
better: lower
measure:
  count: {of: ticket}
period: month
";

/// Two tickets, one as a single object, and what is none.
const TWO: &str = "{\"tickets\":[\n {\"number\": 1, \"opened\": \"2026-01-05T10:00:00Z\"},\n {\"number\": 2, \"opened\": \"2026-01-06T10:00:00Z\"}]}";
const TWO_BY: &str = "sha256=8aa60f30c376ff3fb3a32dc1477dfda622262547da98245834eb9ccb5800b78a";
const ONE: &str = "{\"tickets\":{\"number\": 3, \"opened\": \"2026-01-07T10:00:00Z\"}}";
const ONE_BY_OLD: &str = "sha256=ef94242a0ea28297095974529a3e98e2319b41d7bde8adee6138fdc096a230dc";
const NO_ROW: &str = "{\"tickets\":[{\"number\": 1}, 7]}";
const NO_ROW_BY: &str = "sha256=15f19db98787e26386484e62f9e96ffd9e218c3021b6848d607b2ac07cbd1a78";
const CHARGE: &str = "{\"id\":\"evt_1\",\"created\":1767607200,\"data\":{\"object\":{\"id\":\"ch_1\"}}}";
const CHARGE_BY: &str = "t=1768000000,v1=85fe29f229b22a96215510211c247b5fd24283c0df3478180f6a271242a36fee";

/// The answer to a request, in full.
fn asked(address: &str, method: &str, path: &str, headers: &[(&str, &str)], body: &[u8]) -> String {
    let mut stream = TcpStream::connect(address).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
    let more: String = headers.iter().map(|(name, value)| format!("{name}: {value}\r\n")).collect();
    let length = body.len();
    let head = format!(
        "{method} {path} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n{more}Content-Length: {length}\r\n\r\n"
    );
    stream.write_all(head.as_bytes()).unwrap();
    // Who is refused for its length may hear so before it has said everything.
    let _ = stream.write_all(body);
    let mut answer = String::new();
    let _ = stream.read_to_string(&mut answer);
    answer
}

fn posted(address: &str, path: &str, headers: &[(&str, &str)], body: &str) -> u16 {
    let json = [&[("Content-Type", "application/json")], headers].concat();
    let answer = asked(address, "POST", path, &json, body.as_bytes());
    answer.split(' ').nth(1).unwrap_or_else(|| panic!("{answer}")).parse().unwrap()
}

fn value(project: &Project) -> Value {
    let shown: Value =
        serde_json::from_str(&project.ok(&["show", "kpi", "tickets", "--format", "json"])).unwrap();
    shown["kpi"]["value"]["point"].clone()
}

fn counts(project: &Project, source: &str) -> Value {
    let shown: Value = serde_json::from_str(&project.ok(&["sources", source, "--format", "json"])).unwrap();
    shown["sources"][0].clone()
}

fn segments(project: &Project) -> usize {
    fs::read_dir(project.path().join(".kepi/data/posted/tickets")).map_or(0, Iterator::count)
}

fn holds(folder: &Path, text: &str) -> bool {
    fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).any(|path| match path.is_dir() {
        true => holds(&path, text),
        false => String::from_utf8_lossy(&fs::read(&path).unwrap()).contains(text),
    })
}

#[test]
fn what_is_posted_survives_a_kill_and_becomes_a_figure_once() {
    let project = Project::empty().with(vec![("STRIPE_HOOK".to_owned(), SECRETS[2].to_owned())]);
    project.write("kepi.yml", DEFINITIONS);
    project.write("old", SECRETS[0]);
    project.write("new", &format!("{}\n", SECRETS[1]));
    project.set_clock("2026-01-09T23:06:40Z");
    project.ok(&["check"]);
    let (server, address) = project.serve();
    let sent = [("X-Hub-Signature-256", TWO_BY), ("X-GitHub-Delivery", "d-1")];
    assert_eq!(posted(&address, "/hooks/tickets", &sent, TWO), 200);
    // On the disk, by the word of its answer.
    assert_eq!(segments(&project), 1);
    drop(server);
    project.ok(&["run"]);
    assert_eq!(value(&project), 2.0);
    assert_eq!(segments(&project), 0, "what has landed lies in the inbox alone");

    let (_server, address) = project.serve();
    let status = |path: &str, headers: &[(&str, &str)], body: &str| posted(&address, path, headers, body);
    // The answer got lost: it is posted again, here and after.
    assert_eq!(status("/hooks/tickets", &sent, TWO), 200);
    assert_eq!(status("/hooks/tickets", &sent, TWO), 200);
    // The other secret; and one whose time is signed.
    let old = [("X-Hub-Signature-256", ONE_BY_OLD), ("X-GitHub-Delivery", "d-2")];
    assert_eq!(status("/hooks/tickets", &old, ONE), 200);
    assert_eq!(status("/hooks/charges", &[("Stripe-Signature", CHARGE_BY)], CHARGE), 200);
    project.set_clock("2026-01-09T23:12:00Z");
    assert_eq!(status("/hooks/charges", &[("Stripe-Signature", CHARGE_BY)], CHARGE), 401, "six minutes old");
    // What is refused.
    let wrong = "sha256=0aa60f30c376ff3fb3a32dc1477dfda622262547da98245834eb9ccb5800b78a";
    assert_eq!(status("/hooks/tickets", &[("X-Hub-Signature-256", wrong)], TWO), 401);
    assert_eq!(status("/hooks/tickets", &[], TWO), 401);
    assert_eq!(status("/hooks/tickets", &[sent[0], sent[0]], TWO), 401, "two signatures are none");
    assert_eq!(status("/hooks/tickets", &[("X-Hub-Signature-256", NO_ROW_BY)], NO_ROW), 400);
    let plain = [("Content-Type", "text/plain"), sent[0]];
    let answer = asked(&address, "POST", "/hooks/tickets", &plain, TWO.as_bytes());
    assert!(answer.starts_with("HTTP/1.1 415"), "{answer}");
    let answer = asked(&address, "POST", "/hooks/tickets", &sent, &vec![b' '; (4 << 20) + 1]);
    assert!(answer.starts_with("HTTP/1.1 413"), "{answer}");
    let nobody = |path: &str| asked(&address, "POST", path, &sent, TWO.as_bytes());
    let body = |answer: String| answer.split("\r\n\r\n").nth(1).unwrap().to_owned();
    let answer = nobody("/hooks/nobody");
    assert!(answer.starts_with("HTTP/1.1 404"), "{answer}");
    assert_eq!(body(answer), body(nobody("/hooks/%2e%2e%2fkepi.yml")), "nothing is told of what there is");
    let answer = asked(&address, "GET", "/hooks/tickets", &[], b"");
    assert!(answer.starts_with("HTTP/1.1 405"), "{answer}");

    // A run beside the server takes what lies in the segment that it writes to.
    let report: Value = serde_json::from_str(&project.ok(&["run", "--format", "json"])).unwrap();
    assert_eq!(value(&project), 3.0);
    let load = report["loads"].as_array().unwrap().iter().find(|load| {
        load["source"] == "tickets" && load["file"].as_str().unwrap().starts_with("inbox/tickets/2-")
    });
    let rows = &load.unwrap()["counts"];
    assert_eq!(
        (&rows["read"], &rows["duplicate"], &rows["accepted"]),
        (&3.into(), &2.into(), &1.into()),
        "{rows}"
    );
    // And the server goes on in another.
    let again = [("X-Hub-Signature-256", ONE_BY_OLD), ("X-GitHub-Delivery", "d-3")];
    assert_eq!(status("/hooks/tickets", &again, ONE), 200);
    project.ok(&["run"]);
    assert_eq!(value(&project), 3.0);

    std::thread::sleep(Duration::from_millis(300));
    let of = counts(&project, "tickets")["delivery"]["posted"].clone();
    assert_eq!((&of["taken"], &of["rows"], &of["repeated"]), (&4.into(), &6.into(), &1.into()), "{of}");
    assert_eq!((&of["refused"], &of["waiting_bytes"]), (&6.into(), &0.into()), "{of}");
    assert_eq!(of["last_taken"], "2026-01-09T23:12:00+00:00", "{of}");
    let shown = project.ok(&["sources", "tickets"]);
    assert!(shown.contains("4 posts taken with 6 rows") && shown.contains("6 refused"), "{shown}");
    let page = asked(&address, "GET", "/data", &[], b"");
    assert!(page.contains("Posts taken: 4, with 6 rows") && page.contains("Posts refused: 6"), "{page}");
    assert!(SECRETS.iter().all(|secret| !holds(&project.path().join(".kepi"), secret)));

    // Mapped anew, nobody is asked again.
    project.write("kepi.yml", &DEFINITIONS.replace("column: number,", "column: number, prefix: T-,"));
    project.ok(&["run", "--no-fetch"]);
    assert_eq!(value(&project), 3.0);
    project.ok(&["check", "--data"]);
}
