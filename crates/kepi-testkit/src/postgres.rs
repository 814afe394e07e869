//! A PostgreSQL server for tests: started from the installed binaries, shared by a test binary, gone with it.

use std::{
    io::{BufRead, BufReader},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    sync::{
        LazyLock,
        atomic::{AtomicU32, Ordering},
    },
};

/// Starts a server in a folder of its own that answers on a socket there, says where, and waits for its input to end:
/// that happens when the test binary ends, however it ends. Then the server and its folder go.
///
/// It sorts as people do and not by bytes, if it can, so that statements which rely on an order must say so.
const SCRIPT: &str = r#"
trap '' HUP INT TERM
cd / && folder=$(mktemp -d /tmp/kepi-postgres.XXXXXX) || exit 1
make() { initdb --pgdata="$folder/data" --username=kepi --auth=trust --encoding=UTF8 --no-sync "$@"; }
{ make --locale=C --locale-provider=icu --icu-locale=en-US || { rm -rf "$folder/data"; make --locale=C; }; } >"$folder/log" 2>&1 &&
pg_ctl --pgdata="$folder/data" --log="$folder/log" --wait --timeout=120 --options="-k $folder -c listen_addresses= \
    -c fsync=off -c synchronous_commit=off -c full_page_writes=off -c shared_buffers=32MB -c max_connections=300" \
    start >>"$folder/log" 2>&1 && echo "$folder" || { cat "$folder/log"; echo failed; }
cat >/dev/null
pg_ctl --pgdata="$folder/data" --mode=immediate stop >/dev/null 2>&1
rm -rf "$folder"
"#;

struct Server {
    folder: PathBuf,
    programs: PathBuf,
    /// Holds the server's input open until this process ends.
    _keeper: Child,
}

static SERVER: LazyLock<Option<Server>> = LazyLock::new(start);

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

#[expect(clippy::panic, reason = "a test without its database must fail")]
fn start() -> Option<Server> {
    let programs = programs()?;
    let root = Command::new("id").arg("-u").output().is_ok_and(|o| o.stdout.starts_with(b"0\n"));
    // PostgreSQL refuses to run as root.
    let mut command = if root {
        let user = if known("postgres") { "postgres" } else { "nobody" };
        let mut as_user = Command::new("runuser");
        as_user.args(["-u", user, "--", "sh", "-c", SCRIPT]);
        as_user
    } else {
        let mut plain = Command::new("sh");
        plain.args(["-c", SCRIPT]);
        plain
    };
    let path = std::env::var("PATH").unwrap_or_default();
    command.env("PATH", format!("{}:{path}", programs.display()));
    let mut keeper = match command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null()).spawn()
    {
        Ok(keeper) => keeper,
        Err(e) => panic!("the shell that starts PostgreSQL could not be started: {e}"),
    };
    let mut said = String::new();
    if let Some(output) = keeper.stdout.take() {
        for line in BufReader::new(output).lines().map_while(Result::ok) {
            if line.starts_with("/tmp/kepi-postgres.") {
                return Some(Server { folder: line.into(), programs, _keeper: keeper });
            }
            said.push_str(&line);
            said.push('\n');
            if line == "failed" {
                break;
            }
        }
    }
    panic!("PostgreSQL is installed in `{}` but does not start:\n{said}", programs.display())
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
