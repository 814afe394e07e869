//! A PostgreSQL server for tests: started from the installed binaries, shared by a test binary, gone with it.

use std::{
    path::{Path, PathBuf},
    process::Command,
    sync::{
        LazyLock,
        atomic::{AtomicU32, Ordering},
    },
};

use crate::server::{self, CERTIFICATES, Keeper};

/// Starts a server in a folder of its own that answers on a socket there, says where, and waits for its input to end:
/// that happens when the test binary ends, however it ends. Then the server and its folder go.
///
/// It sorts as people do and not by bytes, if it can, so that statements which rely on an order must say so.
const SCRIPT: &str = r#"
trap '' HUP INT TERM
cd / && folder=$(mktemp -d /tmp/kepi-postgres.XXXXXX) || exit 1
CERTIFICATES
LISTEN
make() { initdb --pgdata="$folder/data" --username=kepi --auth=trust --encoding=UTF8 --no-sync "$@"; }
{ make --locale=C --locale-provider=icu --icu-locale=en-US || { rm -rf "$folder/data"; make --locale=C; }; } >"$folder/log" 2>&1 &&
pg_ctl --pgdata="$folder/data" --log="$folder/log" --wait --timeout=120 --options="-k $folder -c listen_addresses= \
    -c fsync=off -c synchronous_commit=off -c full_page_writes=off -c shared_buffers=32MB -c max_connections=300 \
    -c wal_level=logical -c max_replication_slots=40 $listen" \
    start >>"$folder/log" 2>&1 && echo "$folder" || { cat "$folder/log"; echo failed; }
cat >/dev/null
pg_ctl --pgdata="$folder/data" --mode=immediate stop >/dev/null 2>&1
rm -rf "$folder"
"#;

struct Server {
    folder: PathBuf,
    programs: PathBuf,
    /// Holds the server's input open until this process ends.
    _keeper: Keeper,
}

static SERVER: LazyLock<Option<Server>> = LazyLock::new(|| start(None));

/// A server of its own that speaks TLS at a port of this machine, by a certificate for `localhost` that nobody public gave:
/// its folder, in which `authority.pem` is the certificate of who did, and the port. The user `kepi` has the database
/// `postgres` there, without a password. It goes with this process.
pub fn encrypted() -> Option<(PathBuf, u16)> {
    static ENCRYPTED: LazyLock<Option<(Server, u16)>> = LazyLock::new(|| {
        let port = server::free_port();
        Some((start(Some(port))?, port))
    });
    let (server, port) = if is_installed() { ENCRYPTED.as_ref()? } else { return None };
    Some((server.folder.clone(), *port))
}

/// The address of a new, empty database that is this test's own; none, and a line that says so, where PostgreSQL is
/// not installed.
///
/// # Panics
/// PostgreSQL is installed and does not start.
#[expect(clippy::panic, reason = "a test without its database must fail")]
pub fn fresh_database() -> Option<String> {
    static NUMBER: AtomicU32 = AtomicU32::new(0);
    if !is_installed() {
        return None;
    }
    let server = SERVER.as_ref()?;
    let name = format!("test_{}", NUMBER.fetch_add(1, Ordering::Relaxed));
    let done = Command::new(server.programs.join("createdb"))
        .args(["--username=kepi", "--host"])
        .arg(&server.folder)
        .arg(&name)
        .output();
    match done {
        Ok(done) if done.status.success() => {
            Some(format!("postgres:///{name}?host={}&user=kepi", server.folder.display()))
        }
        other => panic!("a database for the test could not be made: {other:?}"),
    }
}

/// How to connect to a [`fresh_database`], as `libpq` wants it; none of another address.
pub fn connection(address: &str) -> Option<String> {
    let (name, rest) = address.strip_prefix("postgres:///")?.split_once("?host=")?;
    let (host, user) = rest.split_once("&user=")?;
    Some(format!("dbname={name} host={host} user={user}"))
}

/// Whether PostgreSQL is installed; if not, a line says that a test is skipped.
pub fn is_installed() -> bool {
    let installed = programs().is_some();
    if !installed {
        eprintln!("SKIPPED: PostgreSQL is not installed; run scripts/tools.sh (1 test skipped)");
    }
    installed
}

fn start(encrypted: Option<u16>) -> Option<Server> {
    let programs = programs()?;
    let (certificates, listen) = match encrypted {
        Some(port) => (
            CERTIFICATES,
            format!(
                "listen='-c listen_addresses=127.0.0.1 -c port={port} -c ssl=on '\"-c ssl_cert_file=$folder/own.pem \
                 -c ssl_key_file=$folder/own.key\""
            ),
        ),
        None => ("", String::new()),
    };
    let script = SCRIPT.replace("CERTIFICATES", certificates).replace("LISTEN", &listen);
    // PostgreSQL refuses to run as root.
    let user = server::is_root().then(|| if known("postgres") { "postgres" } else { "nobody" });
    let (folder, keeper) = server::start("PostgreSQL", &script, user, &programs, "/tmp/kepi-postgres.");
    Some(Server { folder, programs, _keeper: keeper })
}

fn known(user: &str) -> bool {
    Command::new("id").arg(user).output().is_ok_and(|o| o.status.success())
}

/// The folder of the newest installed server's programs.
fn programs() -> Option<PathBuf> {
    let whole =
        |folder: &Path| ["initdb", "pg_ctl", "postgres", "createdb"].iter().all(|p| folder.join(p).exists());
    let version = |folder: &PathBuf| {
        folder.parent().and_then(Path::file_name).and_then(|n| n.to_str()?.parse::<u32>().ok()).unwrap_or(0)
    };
    let installed = std::fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten();
    let newest = installed.map(|e| e.path().join("bin")).filter(|f| whole(f)).max_by_key(version);
    newest.or_else(|| {
        let path = std::env::var_os("PATH")?;
        std::env::split_paths(&path).find(|f| whole(f))
    })
}
