//! A MariaDB server for tests: started from the installed binaries, shared by a test binary, gone with it.

use std::{
    path::{Path, PathBuf},
    process::Command,
    sync::{
        LazyLock,
        atomic::{AtomicU32, Ordering},
    },
};

use crate::server::{self, CERTIFICATES, Keeper};

/// Starts a server in a folder of its own that answers on a socket there and, by a certificate for `localhost`, at a port; says
/// where, and waits for its input to end.
const SCRIPT: &str = r#"
trap '' HUP INT TERM
PATH=$PATH:/usr/sbin
cd / && folder=$(mktemp -d /tmp/kepi-mysql.XXXXXX) || exit 1
CERTIFICATES
mariadb-install-db --no-defaults --user="$(id -un)" --datadir="$folder/data" --auth-root-authentication-method=normal \
    --skip-test-db >>"$folder/log" 2>&1
mariadbd --no-defaults --user="$(id -un)" --datadir="$folder/data" --socket="$folder/s" --pid-file="$folder/pid" \
    --bind-address=127.0.0.1 --port=PORT --ssl-cert="$folder/own.pem" --ssl-key="$folder/own.key" \
    --innodb-flush-log-at-trx-commit=0 --innodb-buffer-pool-size=32M --innodb-log-file-size=8M --max-connections=300 \
    --default-time-zone=+05:30 >>"$folder/log" 2>&1 </dev/null &
server=$!
for _ in $(seq 600); do
    mariadb-admin --no-defaults --user=root --socket="$folder/s" ping >/dev/null 2>&1 && echo "$folder" && break
    kill -0 $server 2>/dev/null || { cat "$folder/log"; echo failed; break; }
    sleep 0.1
done
cat >/dev/null
kill -9 $server
rm -rf "$folder"
"#;

/// A server.
struct Server {
    folder: PathBuf,
    port: u16,
    programs: PathBuf,
    /// Holds the server's input open until this process ends.
    _keeper: Keeper,
}

static SERVER: LazyLock<Option<Server>> = LazyLock::new(|| {
    let programs = programs()?;
    let port = server::free_port();
    let script = SCRIPT.replace("CERTIFICATES", CERTIFICATES).replace("PORT", &port.to_string());
    let (folder, keeper) = server::start("MariaDB", &script, None, &programs, "/tmp/kepi-mysql.");
    Some(Server { folder, port, programs, _keeper: keeper })
});

/// A new, empty database that is a test's own.
#[derive(Debug, Clone)]
pub struct Fresh {
    /// The server's socket.
    pub socket: String,
    /// Its port on this machine, where it speaks TLS by a certificate for `localhost` that nobody public gave.
    pub port: u16,
    /// The certificate of who gave it.
    pub authority: PathBuf,
    /// Name of the database. The user `root` may do everything there, without a password.
    pub database: String,
    programs: PathBuf,
}

/// A new database; none, and a line that says so, where MariaDB is not installed.
///
/// # Panics
/// MariaDB is installed and does not start.
pub fn fresh_database() -> Option<Fresh> {
    static NUMBER: AtomicU32 = AtomicU32::new(0);
    if programs().is_none() {
        eprintln!("SKIPPED: MariaDB is not installed; run scripts/tools.sh (1 test skipped)");
        return None;
    }
    let server = SERVER.as_ref()?;
    let fresh = Fresh {
        socket: server.folder.join("s").display().to_string(),
        port: server.port,
        authority: server.folder.join("authority.pem"),
        database: format!("test_{}", NUMBER.fetch_add(1, Ordering::Relaxed)),
        programs: server.programs.clone(),
    };
    fresh.run_in("", &format!("CREATE DATABASE {} CHARACTER SET utf8mb4", fresh.database));
    Some(fresh)
}

impl Fresh {
    /// Where it is, as drivers want it.
    pub fn address(&self) -> String {
        format!("mysql://root@localhost/{}?socket={}", self.database, self.socket)
    }

    /// Runs statements in it.
    pub fn run(&self, sql: &str) {
        self.run_in(&self.database, sql);
    }

    #[expect(clippy::panic, reason = "a test without its database must fail")]
    fn run_in(&self, database: &str, sql: &str) {
        let done = Command::new(self.programs.join("mariadb"))
            .args(["--no-defaults", "--user=root", "--default-character-set=utf8mb4", "--socket"])
            .args([&self.socket, "--execute", sql, database])
            .output();
        match done {
            Ok(done) if done.status.success() => {}
            other => panic!("statements for the test could not be run: {other:?}"),
        }
    }
}

/// The folder of the installed server's programs, beside which `/usr/sbin` is looked for the server.
fn programs() -> Option<PathBuf> {
    let has = |folder: &Path, name: &str| folder.join(name).exists();
    let path = std::env::var("PATH").unwrap_or_default();
    let folders: Vec<PathBuf> = std::env::split_paths(&path).chain(["/usr/sbin".into()]).collect();
    let server = folders.iter().any(|folder| has(folder, "mariadbd"));
    folders.into_iter().find(|folder| server && has(folder, "mariadb-install-db") && has(folder, "mariadb"))
}
