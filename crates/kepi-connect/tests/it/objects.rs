//! Objects of a bucket: of moto's server, which verifies signatures, and of one of our own that breaks off, and says what no
//! store should say.

use std::{
    collections::BTreeMap,
    sync::{
        Arc, Mutex,
        atomic::{AtomicI64, Ordering},
    },
    time::Duration,
};

use kepi_connect::Connections;

use crate::{
    conformance::Dying,
    http::{Fault, server},
    support::{Peer, World, landed, no_secret, run},
};

const SECRET: &str = "correct-horse-battery-staple";

fn definitions(address: &str, key: &str, from: &str) -> String {
    format!(
        "---
connection: archive
s3: {{bucket: exports, region: eu-central-1, endpoint: \"{address}\", {key}rate: 100000, private_addresses: true}}
time_limit: 2 minutes
---
entity: client
name: Client
key: [id]
attributes:
  id: {{type: text}}
  tier: {{type: text}}
---
source: clients
into: client
from: {{{from}}}
mode: append
map:
  id: {{column: id, as: text, required: true}}
  tier: {{column: tier, as: text}}
"
    )
}

const KEY: &str = "access_key: {file: id}, secret_key: {file: secret}, ";
const CSV: &str = "csv: {files: \"archive:2026/clients-*.csv\"}";

fn connections(world: &World) -> Arc<Connections> {
    Arc::new(Connections::new(world.path()).with_patience(Duration::from_millis(1)))
}

fn world(address: &str, id: &str, secret: &str) -> World {
    let world = World::new(&definitions(address, KEY, CSV));
    std::fs::write(world.path().join("id"), format!("{id}\n")).unwrap();
    std::fs::write(world.path().join("secret"), format!("{secret}\n")).unwrap();
    world
}

/// moto, in a process of its own.
struct Moto(Peer);

impl Moto {
    fn start(verified: bool) -> Option<Self> {
        let verified: &[&str] = if verified { &["verified"] } else { &[] };
        Peer::start("objects", "objects/server.py", verified, "moto").map(Self)
    }

    /// Puts an object, or removes it where there is no body.
    fn put(&mut self, key: &str, body: &str) {
        self.0.tell(&serde_json::to_string(&format!("{key}={body}")).unwrap());
    }
}

async fn ask(world: &World) -> (usize, [u64; 4]) {
    landed(&run(&world.app_with(connections(world)).await, true).await.unwrap())
}

fn files_of_the_inbox(world: &World) -> usize {
    std::fs::read_dir(world.path().join(".kepi/data/inbox/clients/archive")).unwrap().count()
}

#[tokio::test(flavor = "multi_thread")]
async fn objects_land_as_files_do() {
    let Some(mut moto) = Moto::start(false) else { return };
    moto.put("2026/clients-2.csv", "id,tier\n2,silver\n");
    moto.put("2026/clients-ü +&<.csv", "id,tier\n3,tin\n");
    moto.put("2026/clients-old/4.csv", "id,tier\n4,not one of them\n");
    moto.put("2026/sales.csv", "neither");
    moto.put("2026/clients-5.csv", "id,tier\n5,zinc\n");
    let world = world(&moto.0.said["address"], "any", SECRET);
    assert_eq!(ask(&world).await, (4, [4, 0, 0, 0]), "over pages of two keys");
    assert_eq!(ask(&world).await, (0, [0; 4]), "nothing is new");
    // One is replaced, one is gone, one is new.
    moto.put("2026/clients-2.csv", "id,tier\n2,silver\n6,lead\n");
    moto.put("2026/clients-5.csv", "");
    moto.put("2026/clients-7.csv", "id,tier\n7,iron\n");
    assert_eq!(ask(&world).await, (2, [2, 0, 1, 0]));
    assert_eq!(files_of_the_inbox(&world), 8, "four objects are there, each with a note");
    let ids = || async { world.rows("client", &["id"]).await.concat().join(" ") };
    assert_eq!(ids().await, "1 2 3 5 6 7", "rows of an object that is gone stay");
    // Where nobody is asked any more, another mapping lands what was copied.
    let address = moto.0.said["address"].clone();
    drop(moto);
    world.define(&definitions(&address, KEY, CSV).replace("column: tier", "column: tier, prefix: \"t \""));
    let report = world.run_with_what_is_there().await;
    assert_eq!(landed(&report).0, 4);
    let rows = world.rows("client", &["id", "tier"]).await;
    assert_eq!(rows[0], ["1", "t gold"]);
    assert_eq!(rows[3], ["5", "zinc"], "what is gone cannot be read again");
    no_secret(&world.path().join(".kepi"), SECRET);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_lets_in_and_a_wrong_one_does_not() {
    let Some(moto) = Moto::start(true) else { return };
    let (address, id, secret) = (&moto.0.said["address"], &moto.0.said["id"], &moto.0.said["secret"]);
    for (id, secret, code) in
        [(&**id, SECRET, "SignatureDoesNotMatch"), ("AKIAIOSFODNN7EXAMPLE", secret, "InvalidAccessKeyId")]
    {
        let world = world(address, id, secret);
        let report = run(&world.app_with(connections(&world)).await, true).await.unwrap();
        let why = &report.not_landed[0].reason;
        assert!(why.contains(code) && why.contains("does not let in"), "{why}");
        assert!(!why.contains(secret) && report.loads.is_empty(), "{why}");
    }
    let own = world(address, id, secret);
    assert_eq!(ask(&own).await, (1, [1, 0, 0, 0]));
    no_secret(&own.path().join(".kepi"), secret);
}

/// A bucket of our own: keys and bodies; the tag of a body is its length and first byte of the second line.
type Objects = Arc<Mutex<BTreeMap<String, String>>>;

fn tag(body: &str) -> String {
    format!("{}-{}", body.len(), body.bytes().map(u64::from).sum::<u64>())
}

fn listing(objects: &BTreeMap<String, String>, after: &str) -> String {
    let rest: Vec<_> = objects.iter().filter(|(key, _)| key.as_str() > after).collect();
    let page: String = rest
        .iter()
        .take(2)
        .map(|(key, body)| {
            format!(
                "<Contents><Key>{key}</Key><ETag>&quot;{}&quot;</ETag><Size>{}</Size></Contents>",
                tag(body),
                body.len()
            )
        })
        .collect();
    let next = match rest.get(1) {
        Some((key, _)) if rest.len() > 2 => {
            format!("<IsTruncated>true</IsTruncated><NextContinuationToken>{key}</NextContinuationToken>")
        }
        _ => "<IsTruncated>false</IsTruncated>".to_owned(),
    };
    format!(
        "<?xml version=\"1.0\"?><ListBucketResult xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\"><Prefix>2026/</Prefix>{next}{page}</ListBucketResult>"
    )
}

async fn bucket(faults: Vec<Fault>, objects: &Objects) -> crate::http::Server {
    let objects = Arc::clone(objects);
    server(
        faults,
        Arc::new(move |path, query, _| {
            let objects = objects.lock().unwrap();
            match path.strip_prefix("/exports/") {
                Some(key) => match objects.get(key) {
                    Some(body) => (200, format!("etag: \"{}\"\r\n", tag(body)), body.clone()),
                    None => (404, String::new(), "<Error><Code>NoSuchKey</Code></Error>".to_owned()),
                },
                None => {
                    let after =
                        query.get("continuation-token").map_or_else(String::new, |t| t.replace("%2F", "/"));
                    (200, String::new(), listing(&objects, &after))
                }
            }
        }),
    )
    .await
}

fn three() -> Objects {
    let objects = (1..=3).map(|n| (format!("2026/clients-{n}.csv"), format!("id,tier\n{n},t{n}\n")));
    Arc::new(Mutex::new(objects.collect()))
}

#[tokio::test(flavor = "multi_thread")]
async fn only_what_has_changed_is_read_and_what_breaks_off_is_read_again() {
    let objects = three();
    for fault in [Fault::Busy, Fault::Broken, Fault::Torn, Fault::Garbled] {
        // At the list and at an object.
        let server = bucket(vec![fault, fault], &objects).await;
        let own = world(&server.address, "any", SECRET);
        assert_eq!(ask(&own).await, (3, [3, 0, 0, 0]), "{fault:?}");
        let asked = server.asked.lock().unwrap().clone();
        assert_eq!(asked.len(), 7, "two pages, three objects, twice once more: {asked:?}");
    }
    let server = bucket(vec![Fault::Broken], &objects).await;
    let own = world(&server.address, "any", SECRET);
    ask(&own).await;
    server.asked.lock().unwrap().clear();
    assert_eq!(ask(&own).await, (0, [0; 4]));
    assert_eq!(server.asked.lock().unwrap().len(), 2, "the list only");
    objects.lock().unwrap().insert("2026/clients-2.csv".to_owned(), "id,tier\n4,t4\n".to_owned());
    assert_eq!(ask(&own).await, (1, [1, 0, 0, 0]));
    let last = server.asked.lock().unwrap().clone();
    assert_eq!(last.iter().filter(|asked| asked.starts_with("/exports/")).count(), 1, "{last:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_object_that_goes_while_it_is_listed_is_gone() {
    let objects = three();
    let own = Arc::clone(&objects);
    let says: crate::http::Says = Arc::new(move |path, _, _| {
        let mut objects = own.lock().unwrap();
        match path.strip_prefix("/exports/") {
            Some(key) if key.contains("-2") => (404, String::new(), String::new()),
            Some(key) => (200, format!("etag: \"{}\"\r\n", tag(&objects[key])), objects[key].clone()),
            None => {
                let two: BTreeMap<_, _> = objects.clone().into_iter().take(2).collect();
                objects.remove("2026/clients-3.csv");
                (200, String::new(), listing(&two, ""))
            }
        }
    });
    let server = server(vec![], says).await;
    assert_eq!(ask(&world(&server.address, "any", SECRET)).await, (1, [1, 0, 0, 0]));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_no_bucket_lands_nothing_and_leaves_what_was_copied() {
    let objects = three();
    let good = bucket(vec![], &objects).await;
    for (status, body, why) in [
        (200, "<html></html>", "is no list"),
        (
            200,
            "<ListBucketResult><IsTruncated>true</IsTruncated></ListBucketResult>",
            "not how to ask for it",
        ),
        (
            200,
            "<ListBucketResult><Contents><Key>2026/clients-1.csv</Key></Contents></ListBucketResult>",
            "no key, no tag",
        ),
        (301, "<Error><Code>PermanentRedirect</Code></Error>", "the bucket is elsewhere"),
        (404, "<Error><Code>NoSuchBucket</Code></Error>", "NoSuchBucket; look at the names of bucket"),
        (
            403,
            "<Error><Code>AccessDenied</Code><Message>correct-horse-battery-staple</Message></Error>",
            "AccessDenied",
        ),
        (503, "<Error><Code>SlowDown</Code></Error>", "asked 6 times: it answered 503"),
    ] {
        let own = world(&good.address, "any", SECRET);
        assert_eq!(ask(&own).await.0, 3);
        let bad = server(vec![], Arc::new(move |_, _, _| (status, String::new(), body.to_owned()))).await;
        own.define(&definitions(&bad.address, KEY, CSV));
        let report = run(&own.app_with(connections(&own)).await, true).await.unwrap();
        let said = &report.not_landed[0].reason;
        assert!(said.contains(why) && !said.contains(SECRET), "{said}");
        assert_eq!(landed(&own.run_with_what_is_there().await).0, 0);
        assert_eq!(files_of_the_inbox(&own), 6, "{why}");
        assert_eq!(own.rows("client", &["id"]).await.len(), 3);
        no_secret(&own.path().join(".kepi"), SECRET);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_lost_or_doubled_wherever_a_process_dies() {
    let objects = three();
    let server = bucket(vec![], &objects).await;
    let (mut deaths, mut at) = (0, 1);
    loop {
        let own = world(&server.address, "any", SECRET);
        let left = Arc::new(AtomicI64::new(at));
        if let Ok(app) = own.app_on(Arc::new(Dying(Arc::clone(&left))), connections(&own)).await {
            run(&app, true).await.ok();
            app.store.close().await;
        }
        let died = left.load(Ordering::SeqCst) <= 0;
        ask(&own).await;
        let rows = own.rows("client", &["id", "tier"]).await;
        assert_eq!(rows, [["1", "t1"], ["2", "t2"], ["3", "t3"]], "dead at operation {at}");
        assert_eq!(ask(&own).await, (0, [0; 4]));
        if !died {
            break;
        }
        deaths += 1;
        at += 3;
    }
    println!("{deaths} deaths");
    assert!(deaths > 5);
}

#[tokio::test(flavor = "multi_thread")]
async fn lines_of_json_come_packed_and_places_of_rows_are_below_the_keys_folder() {
    let objects: Objects = Arc::default();
    objects.lock().unwrap().insert("2026/a/x.ndjson".to_owned(), "{\"id\": 1}\n{\"id\": 2}\n".to_owned());
    let server = bucket(vec![], &objects).await;
    let from = "ndjson: {files: \"archive:2026/**/*.ndjson\"}";
    let of = definitions(&server.address, "", from)
        .replace("id: {column: id, as: text, required: true}", "id: {position: file and row}");
    let own = World::new(&of);
    assert_eq!(ask(&own).await, (1, [2, 0, 0, 0]));
    assert_eq!(own.rows("client", &["id"]).await.concat(), ["a/x.ndjson:1", "a/x.ndjson:2"]);
}
