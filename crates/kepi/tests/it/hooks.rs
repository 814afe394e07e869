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
from: {webhook: {signature: stripe, secrets: [{env: STRIPE_HOOK}], per_minute: 2}}
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
const TWICE: &str = "{\"tickets\":{\"number\": 1, \"opened\": \"2026-01-05T10:00:00Z\", \"number\": 2}}";
const TWICE_BY: &str = "sha256=d7bac2274813c06db4dae33fd919094afb4b25242f0388e45ba8839c4195df5e";
/// So many rows of nothing are 4 MiB.
const MANY: usize = 1_398_093;
const MANY_BY: &str = "sha256=225b5d18546eba8a95ce577f7da32aea09d7defd52da95fa003708bc32c0858e";
const LATER: &str = "{\"tickets\":{\"number\": 4, \"opened\": \"2026-01-08T10:00:00Z\"}}";
const LATER_BY: &str = "sha256=d7c8788c94abc475c5f67e342a42bb9c61e06d7d1cd3c24477c9097ababf6404";
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

pub fn posted(address: &str, path: &str, headers: &[(&str, &str)], body: &str) -> u16 {
    let json = [&[("Content-Type", "application/json")], headers].concat();
    let answer = asked(address, "POST", path, &json, body.as_bytes());
    answer.split(' ').nth(1).unwrap_or_else(|| panic!("{answer}")).parse().unwrap()
}

pub fn value(project: &Project) -> Value {
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
    // More than two in a minute wait, and are told how long.
    let charge = [("Content-Type", "application/json"), ("Stripe-Signature", CHARGE_BY)];
    let charged = || asked(&address, "POST", "/hooks/charges", &charge, CHARGE.as_bytes());
    assert!(charged().starts_with("HTTP/1.1 200"));
    let answer = charged();
    assert!(answer.starts_with("HTTP/1.1 429"), "{answer}");
    let after = answer.lines().find_map(|line| line.strip_prefix("retry-after: ")).unwrap();
    assert!((1..=30).contains(&after.parse::<u32>().unwrap()), "{after}");
    project.set_clock("2026-01-09T23:12:00Z");
    assert_eq!(status("/hooks/charges", &[("Stripe-Signature", CHARGE_BY)], CHARGE), 401, "six minutes old");
    // What is refused.
    let wrong = "sha256=0aa60f30c376ff3fb3a32dc1477dfda622262547da98245834eb9ccb5800b78a";
    assert_eq!(status("/hooks/tickets", &[("X-Hub-Signature-256", wrong)], TWO), 401);
    assert_eq!(status("/hooks/tickets", &[], TWO), 401);
    assert_eq!(status("/hooks/tickets", &[sent[0], sent[0]], TWO), 401, "two signatures are none");
    assert_eq!(status("/hooks/tickets", &[("X-Hub-Signature-256", NO_ROW_BY)], NO_ROW), 400);
    // What would be rejected whole, and what never has room.
    assert_eq!(status("/hooks/tickets", &[("X-Hub-Signature-256", TWICE_BY)], TWICE), 400, "a key twice");
    let many = format!("{{\"tickets\":[{}{{}}]}}", "{},".repeat(MANY));
    assert_eq!(status("/hooks/tickets", &[("X-Hub-Signature-256", MANY_BY)], &many), 413);
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
    for (method, path) in [("GET", "/hooks"), ("POST", "/hooks/"), ("POST", "/hooks/tickets/1")] {
        let answer = asked(&address, method, path, &[], b"");
        assert!(answer.starts_with("HTTP/1.1 404") && answer.contains("/hooks/SOURCE"), "{path}: {answer}");
    }
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
    assert_eq!((&of["refused"], &of["waiting_bytes"]), (&8.into(), &0.into()), "{of}");
    assert_eq!(of["last_taken"], "2026-01-09T23:12:00+00:00", "{of}");
    let shown = project.ok(&["sources", "tickets"]);
    assert!(shown.contains("4 posts taken with 6 rows") && shown.contains("8 refused"), "{shown}");
    let page = asked(&address, "GET", "/data", &[], b"");
    assert!(page.contains("Posts taken: 4, with 6 rows") && page.contains("Posts refused: 8"), "{page}");
    assert!(SECRETS.iter().all(|secret| !holds(&project.path().join(".kepi"), secret)));

    // Mapped anew, nobody is asked again.
    let otherwise = DEFINITIONS.replace("column: number,", "column: number, prefix: T-,");
    project.write("kepi.yml", &otherwise);
    project.ok(&["run", "--no-fetch"]);
    assert_eq!(value(&project), 3.0);
    project.ok(&["check", "--data"]);

    // Renamed while a post waits: that is said, and there is a way to take it.
    assert_eq!(status("/hooks/tickets", &[("X-Hub-Signature-256", LATER_BY)], LATER), 200);
    let renamed = otherwise.replace("source: tickets", "source: calls");
    project.write("kepi.yml", &renamed);
    let (checked, _) = project.fails_or_not(&["check"]);
    assert!(checked.contains("K0685") && checked.contains("earlier_names: [tickets]"), "{checked}");
    let (_, ran) = project.fails_or_not(&["run"]);
    assert!(ran.contains("WAITING: 1 row that was posted waits under `tickets`"), "{ran}");
    assert!(project.ok(&["sources"]).contains("WAITING: 1 row"), "of all of them");
    // A server sees what a run has published a moment later.
    let soon = |is: &dyn Fn() -> bool| {
        (0..200).any(|_| is() || (std::thread::sleep(Duration::from_millis(50)), false).1)
    };
    let said = "1 row that was posted waits under";
    assert!(soon(&|| asked(&address, "GET", "/data", &[], b"").contains(said)));
    assert_eq!(value(&project), 3.0);
    project.write("kepi.yml", &renamed.replace("rows: tickets}", "rows: tickets, earlier_names: [tickets]}"));
    assert!(!project.fails_or_not(&["run"]).1.contains("WAITING"));
    assert_eq!((value(&project), segments(&project)), (4.0.into(), 0));
    // And its earlier address leads to it.
    let again = [("X-Hub-Signature-256", ONE_BY_OLD)];
    assert!(soon(&|| status("/hooks/tickets", &again, ONE) == 200));
    assert_eq!(segments(&project), 0, "it lies under the name that the source has now");
    let report: Value = serde_json::from_str(&project.ok(&["run", "--format", "json"])).unwrap();
    let load = report["loads"].as_array().unwrap().iter().rfind(|load| load["source"] == "calls").unwrap();
    assert_eq!((&load["counts"]["read"], value(&project)), (&1.into(), 4.0.into()), "{report}");
}
