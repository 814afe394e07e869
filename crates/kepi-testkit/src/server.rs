//! Servers for tests: started by a script that says where, and waits for its input to end; that happens when the test binary
//! ends, however it ends.

use std::{
    io::{BufRead, BufReader},
    net::TcpListener,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
};

/// Holds a server's input open until this process ends.
pub(crate) type Keeper = Child;

/// Makes an authority and, by it, a certificate for `localhost`, in `$folder`.
pub(crate) const CERTIFICATES: &str = r#"
(   umask 077 && cd "$folder" && key="-newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes" &&
    openssl req -x509 $key -keyout authority.key -out authority.pem -subj /CN=authority -days 2 &&
    openssl req $key -keyout own.key -out own.csr -subj /CN=localhost &&
    echo subjectAltName=DNS:localhost >names &&
    openssl x509 -req -in own.csr -CA authority.pem -CAkey authority.key -CAcreateserial -days 2 -extfile names -out own.pem
) >"$folder/log" 2>&1 || { cat "$folder/log"; echo failed; }
chmod 755 "$folder" && chmod 644 "$folder/authority.pem"
"#;

/// Whether this process may do everything.
pub(crate) fn is_root() -> bool {
    Command::new("id").arg("-u").output().is_ok_and(|o| o.stdout.starts_with(b"0\n"))
}

/// A port at which nobody listens.
pub(crate) fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").and_then(|l| l.local_addr()).map_or(0, |at| at.port())
}

/// Runs a script, as `user` if one is given and with `programs` before all others; the first line that begins with `prefix` is
/// where the server is.
#[expect(clippy::panic, reason = "a test without its server must fail")]
pub(crate) fn start(
    what: &str,
    script: &str,
    user: Option<&str>,
    programs: &Path,
    prefix: &str,
) -> (PathBuf, Keeper) {
    let mut command = match user {
        Some(user) => {
            let mut as_user = Command::new("runuser");
            as_user.args(["-u", user, "--", "sh"]);
            as_user
        }
        None => Command::new("sh"),
    };
    let path = std::env::var("PATH").unwrap_or_default();
    command.args(["-c", script]).env("PATH", format!("{}:{path}", programs.display()));
    let mut keeper = match command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null()).spawn()
    {
        Ok(keeper) => keeper,
        Err(e) => panic!("the shell that starts {what} could not be started: {e}"),
    };
    let mut said = String::new();
    if let Some(output) = keeper.stdout.take() {
        for line in BufReader::new(output).lines().map_while(Result::ok) {
            if line.starts_with(prefix) {
                return (line.into(), keeper);
            }
            said.push_str(&line);
            said.push('\n');
            if line == "failed" {
                break;
            }
        }
    }
    panic!("{what} is installed in `{}` but does not start:\n{said}", programs.display())
}
