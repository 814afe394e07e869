//! A project that several machines share: its database in PostgreSQL, the files of its lake in a bucket of moto's, which verifies
//! signatures. A machine is a folder of its own, which may be thrown away.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    io::{BufRead, BufReader, Write},
    path::Path,
    process::{Child, ChildStdout, Command, Stdio},
};

use kepi_store::{Store, catalogue, publication};
use serde_json::Value;

use crate::{
    erasing::{SHOP, customers, figures, mark, purchases, reproduce},
    hooks::{posted, value},
    support::Project,
};

/// moto, in a process of its own.
struct Moto {
    process: Child,
    says: BufReader<ChildStdout>,
    said: Value,
}

impl Moto {
    /// None: it is not installed, which is said.
    fn start() -> Option<Self> {
        let root = Path::new(env!("CARGO_MANIFEST_DIR"));
        let python = root.join("../../target/python/objects/bin/python");
        if !python.exists() {
            println!("SKIPPED: `moto` is not installed; `make tools` installs it");
            return None;
        }
        let mut process = Command::new(python)
            .arg(root.join("../kepi-cluster/tests/objects.py"))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut says = BufReader::new(process.stdout.take().unwrap());
        let mut line = String::new();
        says.read_line(&mut line).unwrap();
        let said = serde_json::from_str(&line).unwrap();
        Some(Self { process, says, said })
    }

    /// Names and lengths of what lies in the bucket.
    fn objects(&mut self) -> BTreeMap<String, u64> {
        writeln!(self.process.stdin.as_mut().unwrap()).unwrap();
        let mut line = String::new();
        self.says.read_line(&mut line).unwrap();
        serde_json::from_str(&line).unwrap()
    }

    /// What the environment says of a user.
    fn environment(&self, user: &str) -> Vec<(String, String)> {
        let said = |of: &Value| of.as_str().unwrap().to_owned();
        [
            ("AWS_ENDPOINT_URL", said(&self.said["address"])),
            ("AWS_ALLOW_HTTP", "true".to_owned()),
            ("AWS_REGION", "eu-central-1".to_owned()),
            ("AWS_ACCESS_KEY_ID", said(&self.said[user][0])),
            ("AWS_SECRET_ACCESS_KEY", said(&self.said[user][1])),
        ]
        .map(|(name, value)| (name.to_owned(), value))
        .to_vec()
    }
}

impl Drop for Moto {
    fn drop(&mut self) {
        drop(self.process.stdin.take());
        self.process.kill().ok();
        self.process.wait().ok();
    }
}

/// Files that the database of a project names, below its lake.
fn named(project: &Project) -> BTreeSet<String> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let store = Store::open_to_read(&project.location()).await.unwrap().unwrap();
        let mut reading = store.read().await.unwrap();
        let files = catalogue::files(&mut reading).await.unwrap();
        let newest = publication::newest_files(&mut reading).await.unwrap();
        let newest = newest.into_iter().map(|name| format!("published/newest/{name}"));
        files.into_iter().map(|file| file.path).chain(newest).collect()
    })
}

/// The files of data in the folder of a machine.
fn here(project: &Project) -> BTreeSet<String> {
    fn walk(folder: &Path, begin: &str, into: &mut BTreeSet<String>) {
        for entry in fs::read_dir(folder).into_iter().flatten().map(|entry| entry.unwrap()) {
            let name = format!("{begin}/{}", entry.file_name().to_str().unwrap());
            if entry.path().is_dir() {
                walk(&entry.path(), &name, into);
            } else {
                into.insert(name);
            }
        }
    }
    let mut found = BTreeSet::new();
    for folder in ["main", "published"] {
        walk(&project.path().join(".kepi/data").join(folder), folder, &mut found);
    }
    found
}

#[test]
fn machines_share_a_project_by_a_database_and_a_bucket() {
    let (Some(database), Some(mut moto)) = (kepi_testkit::postgres::fresh_database(), Moto::start()) else {
        return;
    };
    let machine = |environment: Vec<(String, String)>| {
        let project = Project::empty().stored_at(&database).with(environment);
        project.set_clock("2026-05-04T09:00:00Z");
        project.write("kepi.yml", SHOP);
        project
    };
    let first = machine(moto.environment("writer"));
    first.write("data/customers_1.csv", &customers(0..12));
    first.write("data/purchases_1.csv", &purchases(1, 1..=4));
    first.fails_or_not(&["run", "--quiet", "--as", "ines", "--lake", "s3://kpis/shop"]);
    let before = figures(&first);
    // What lies there is what the database names, and whose it is: nothing is lost, and nothing left over.
    let mut holds_what_is_named = |project: &Project| {
        let there: BTreeSet<String> =
            moto.objects().into_keys().map(|name| name.strip_prefix("shop/").unwrap().to_owned()).collect();
        let expected: BTreeSet<String> = named(project).into_iter().chain(["lake".to_owned()]).collect();
        assert_eq!(there, expected);
    };
    holds_what_is_named(&first);
    let environment = first.environment().to_vec();
    drop(first);

    // Another machine has the definitions and the next delivery, and was never told where the files lie.
    let second = machine(environment.clone());
    assert_eq!(figures(&second), before);
    let again = reproduce(&second);
    assert!(again["compared"].as_u64().unwrap() > 10 && again["identical"] == again["compared"], "{again}");
    let traced = second.ok(&["trace", "revenue", "--period", "2026-03", "--format", "json"]);
    assert!(traced.contains("data/purchases_1.csv"), "{traced}");
    second.write("data/customers_2.csv", &customers(12..13));
    second.write(
        "data/purchases_2.csv",
        &format!("id,customer,at,amount\nnext,{},2026-04-09T10:00:00Z,1000.00\n", mark(4)),
    );
    let (_, told) = second.fails_or_not(&["run", "--as", "ines"]);
    assert!(told.contains("changed: revenue 2026-04"), "{told}");
    let now = figures(&second);
    holds_what_is_named(&second);

    // A third has looked. What is erased is gone there, from the bucket, and from the third when it looks again.
    let third = machine(environment);
    third.ok(&["trace", "revenue", "--period", "2026-03"]);
    let had = here(&third);
    second.ok(&["erase", "customer", &mark(1), "--with-rows", "purchase", "-m", "request", "--as", "ines"]);
    holds_what_is_named(&second);
    assert!(!had.is_subset(&named(&second)), "files were exchanged");
    assert_eq!(figures(&third), now);
    assert!(here(&third).is_subset(&named(&second)));
    // Its sources have nothing to land there, which is said, and no matter.
    let (checked, _) = third.fails_or_not(&["check", "--data", "--format", "json"]);
    let checked: Value = serde_json::from_str(&checked).unwrap();
    assert!(
        checked["files"].as_u64().unwrap() > 3 && checked["damaged"] == serde_json::json!([]),
        "{checked}"
    );
}

const DESK: &str = "project: desk
name: Desk
language: 1
time_zone: UTC
---
source: tickets
into: ticket
from: {webhook: {token: X-Token, secrets: [{file: token}]}}
mode: append
map:
  id: {column: number, as: text, required: true}
  opened_at: {column: opened, as: timestamp, required: true}
---
kpi: tickets
name: Tickets
better: lower
measure:
  count: {of: ticket}
period: month
";

#[test]
fn what_is_posted_to_one_machine_lands_for_all() {
    let (Some(database), Some(mut moto)) = (kepi_testkit::postgres::fresh_database(), Moto::start()) else {
        return;
    };
    let machine = |environment: Vec<(String, String)>| {
        let project = Project::empty().stored_at(&database).with(environment);
        project.set_clock("2026-02-04T09:00:00Z");
        project.write("kepi.yml", DESK);
        project.write("token", "horse-battery");
        project
    };
    let first = machine(moto.environment("writer"));
    first.fails_or_not(&["run", "--quiet", "--lake", "s3://kpis/desk"]);
    let (server, address) = first.serve();
    let two = "[{\"number\": 1, \"opened\": \"2026-01-05T10:00:00Z\"}, {\"number\": 2, \"opened\": \"2026-01-06T10:00:00Z\"}]";
    assert_eq!(posted(&address, "/hooks/tickets", &[("X-Token", "horse-battery")], two), 200);
    drop(server);
    first.ok(&["run", "--quiet"]);
    assert_eq!(value(&first), 2.0);
    // As what has landed, and as nothing that waits.
    let there = moto.objects();
    let below = |folder: &str| there.keys().filter(|name| name.starts_with(folder)).count();
    assert_eq!((below("desk/posted/"), below("desk/inbox/tickets/1-")), (0, 2), "{there:?}");
    let environment = first.environment().to_vec();
    drop(first);
    let second = machine(environment);
    assert_eq!(value(&second), 2.0);
    second.write("kepi.yml", &DESK.replace("column: number,", "column: number, prefix: T-,"));
    second.ok(&["run", "--quiet", "--no-fetch"]);
    assert_eq!(value(&second), 2.0);
}
