//! Files of a server over SSH: of asyncssh's, which lets in by password and by key, breaks off, and writes while it is read.

use std::{fs, sync::Arc, time::Duration};

use kepi_connect::Connections;
use tempfile::TempDir;

use crate::support::{PASSWORD, Peer, World, landed, no_secret, run};

/// A server with a folder of its own.
struct Server {
    peer: Peer,
    files: TempDir,
}

impl Server {
    fn start(faults: &[&str]) -> Option<Self> {
        let files = tempfile::tempdir().unwrap();
        let root = files.path().to_str().unwrap().to_owned();
        let args: Vec<&str> = [root.as_str()].into_iter().chain(faults.iter().copied()).collect();
        let peer = Peer::start("sftp", "sftp.py", &args, "asyncssh")?;
        Some(Self { peer, files })
    }

    fn put(&self, path: &str, text: &str) {
        let path = self.files.path().join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }

    /// A project that lands files of it.
    fn world(&self, login: &str, host_key: &str) -> World {
        self.world_of(&self.definitions(login, host_key))
    }

    fn definitions(&self, login: &str, host_key: &str) -> String {
        let port = &self.peer.said["port"];
        format!(
            "---
connection: partner
sftp: {{host: 127.0.0.1, port: {port}, user: reader, {login}, host_key: \"{host_key}\", folder: out, private_addresses: true}}
time_limit: 1 minute
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
from: {{csv: {{files: \"partner:2026/*/clients-*.csv\"}}}}
mode: append
map:
  id: {{column: id, as: text, required: true}}
  tier: {{column: tier, as: text}}
"
        )
    }

    fn world_of(&self, definitions: &str) -> World {
        let world = World::new(definitions);
        for (name, secret) in [
            ("password", PASSWORD),
            ("wrong", "open barley"),
            ("phrase", "open sesame"),
            ("key", self.peer.said["key"].as_str()),
            ("locked", self.peer.said["locked"].as_str()),
        ] {
            fs::write(world.path().join(name), format!("{secret}\n")).unwrap();
        }
        world
    }

    fn by_password(&self) -> World {
        self.world("password: {file: password}", &self.peer.said["host_key"])
    }
}

fn connections(world: &World) -> Arc<Connections> {
    Arc::new(Connections::new(world.path()).with_patience(Duration::from_millis(1)))
}

async fn ask(world: &World) -> (usize, [u64; 4]) {
    landed(&run(&world.app_with(connections(world)).await, true).await.unwrap())
}

async fn refused(world: &World) -> String {
    let report = run(&world.app_with(connections(world)).await, true).await.unwrap();
    assert!(report.loads.is_empty());
    report.not_landed[0].reason.clone()
}

#[tokio::test(flavor = "multi_thread")]
async fn files_over_ssh_land_as_files_do() {
    let Some(server) = Server::start(&[]) else { return };
    server.put("out/2026/05/clients-1.csv", "id,tier\n1,gold\n");
    server.put("out/2026/05/clients-ü 2.csv", "id,tier\n2,silver\n");
    server.put("out/2026/06/clients-3.csv", "id,tier\n3,tin\n");
    server.put("out/2026/06/clients-4.csv.part", "id,tier\n4,not one of them\n");
    server.put("out/2026/06/old/clients-4.csv", "id,tier\n5,linked to\n");
    server.put("out/2025/06/clients-4.csv", "id,tier\n4,not one of them\n");
    server.put("out/2026/clients-4.csv", "id,tier\n4,not one of them\n");
    let link = |at: &str, to: &str| std::os::unix::fs::symlink(to, server.files.path().join(at)).unwrap();
    link("out/2026/06/clients-5.csv", "old/clients-4.csv");
    link("out/2026/06/clients-6.csv", "nowhere.csv");
    link("out/2026/07", "06");
    let world = server.by_password();
    assert_eq!(ask(&world).await, (4, [4, 0, 0, 0]), "three, and one that is linked to");
    assert_eq!(ask(&world).await, (0, [0; 4]), "nothing is new");
    // One is replaced, one is gone, one is new.
    server.put("out/2026/06/clients-3.csv", "id,tier\n3,tin\n7,lead\n");
    fs::remove_file(server.files.path().join("out/2026/05/clients-1.csv")).unwrap();
    server.put("out/2026/06/clients-8.csv", "id,tier\n8,iron\n");
    assert_eq!(ask(&world).await, (2, [2, 0, 1, 0]));
    let ids = world.rows("client", &["id"]).await.concat().join(" ");
    assert_eq!(ids, "1 2 3 5 7 8", "rows of a file that is gone stay");
    no_secret(&world.path().join(".kepi"), PASSWORD);
}

#[tokio::test(flavor = "multi_thread")]
async fn keys_let_in_and_nobody_else_is_taken_for_the_server() {
    let Some(server) = Server::start(&[]) else { return };
    server.put("out/2026/05/clients-1.csv", "id,tier\n1,gold\n");
    let right = server.peer.said["host_key"].clone();
    for login in ["private_key: {file: key}", "private_key: {file: locked}, passphrase: {file: phrase}"] {
        let own = server.world(login, &right);
        assert_eq!(ask(&own).await, (1, [1, 0, 0, 0]), "{login}");
        no_secret(&own.path().join(".kepi"), server.peer.said["key"].lines().nth(3).unwrap());
    }
    for (login, says) in [
        ("password: {file: wrong}", "it does not let in; look at `user`"),
        ("private_key: {file: locked}", "no private key that opens without a passphrase"),
        (
            "private_key: {file: locked}, passphrase: {file: wrong}",
            "no private key that the passphrase opens",
        ),
        ("private_key: {file: missing}", "cannot be read"),
    ] {
        let why = refused(&server.world(login, &right)).await;
        assert!(why.contains(says) && !why.contains("barley"), "{login}: {why}");
    }
    let other = format!("SHA256:{}", "A".repeat(43));
    let why = refused(&server.world("password: {file: password}", &other)).await;
    assert!(
        why.contains(&right) && why.contains(&other) && why.contains("nobody knows who answers"),
        "{why}"
    );
    // The own network is none of the outside's.
    let definitions = server.definitions("password: {file: password}", &right);
    let own = definitions.replace(", private_addresses: true", "");
    let why = refused(&server.world_of(&own)).await;
    assert!(why.contains("127.0.0.1 is an address that may not be connected to"), "{why}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_breaks_off_is_read_again_and_what_is_being_written_waits() {
    let Some(server) = Server::start(&["breaks"]) else { return };
    for n in 1..=3 {
        server.put(&format!("out/2026/05/clients-{n}.csv"), &format!("id,tier\n{n},gold\n"));
    }
    assert_eq!(ask(&server.by_password()).await, (3, [3, 0, 0, 0]), "broken off twice");

    let Some(server) = Server::start(&["grows"]) else { return };
    for n in 1..=2 {
        server.put(&format!("out/2026/05/clients-{n}.csv"), &format!("id,tier\n{n},gold\n"));
    }
    let world = server.by_password();
    assert_eq!(ask(&world).await, (1, [1, 0, 0, 0]), "the first was being written");
    assert_eq!(ask(&world).await, (1, [2, 0, 0, 0]), "it stands still, and has a row more");

    let gone = server.by_password();
    fs::remove_dir_all(server.files.path().join("out/2026")).unwrap();
    let why = refused(&gone).await;
    assert!(why.contains("folder `out/2026/` is not there"), "{why}");
    assert_eq!(world.rows("client", &["id"]).await.concat().join(" "), "1 2 9");
}
