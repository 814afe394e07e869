//! The README's tour, run as it is printed there.

use std::{
    env, fs,
    io::{Read, Write},
    net::TcpStream,
    path::Path,
    process::{Child, Command, Stdio},
    thread,
    time::{Duration, Instant},
};

use tempfile::TempDir;

use crate::support::{Project, copy, root};

/// Lines of the README's tour, without the prompt.
fn tour() -> Vec<String> {
    let readme = fs::read_to_string(root().join("README.md")).unwrap();
    let after = readme.split("## The tour").nth(1).expect("the README has a tour");
    let block = after.split("```console\n").nth(1).unwrap().split("```").next().unwrap();
    block.lines().map(|l| l.strip_prefix("$ ").expect("a prompt").to_owned()).collect()
}

fn shell(line: &str, folder: &Path) -> Command {
    let bin = Path::new(env!("CARGO_BIN_EXE_kepi")).parent().unwrap().to_owned();
    let mut path = vec![bin];
    path.extend(env::split_paths(&env::var_os("PATH").unwrap_or_default()));
    let mut command = Command::new("sh");
    command
        .args(["-c", line])
        .current_dir(folder)
        .env("PATH", env::join_paths(path).unwrap())
        .env("KEPI_ACTOR", "tester")
        .env("NO_COLOR", "1");
    command
}

/// Ends a server that a test started, whatever happens.
pub struct Server {
    child: Child,
}

impl Server {
    /// Starts `kepi serve`, which says its address first; then nobody reads its log any more.
    pub fn start(mut command: Command) -> (Self, String) {
        let child = command.stderr(Stdio::piped()).spawn().unwrap();
        let mut server = Self { child };
        let mut stderr = server.child.stderr.take().unwrap();
        let (mut said, mut byte) = (String::new(), [0]);
        while !(said.contains("http://") && said.ends_with('\n')) && stderr.read(&mut byte).unwrap_or(0) == 1
        {
            said.push(byte[0] as char);
        }
        let address = said.split("http://").nth(1).unwrap().split_whitespace().next().unwrap();
        (server, address.to_owned())
    }
}

impl Server {
    /// Starts what says nothing first.
    pub fn of(mut command: Command) -> Self {
        Self { child: command.spawn().unwrap() }
    }

    /// Sends SIGTERM and waits for the end; its exit code.
    pub fn told_to_end(mut self) -> Option<i32> {
        let pid = self.child.id().to_string();
        assert!(Command::new("kill").args(["-TERM", &pid]).status().unwrap().success());
        self.child.wait().unwrap().code()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// What a local server answers to `GET path`.
pub fn get(address: &str, path: &str) -> Option<String> {
    let mut stream = TcpStream::connect(address).ok()?;
    stream.set_read_timeout(Some(Duration::from_secs(10))).ok()?;
    write!(stream, "GET {path} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n").ok()?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer).ok()?;
    Some(answer)
}

/// Asks until there is an answer, at most a minute.
pub fn wait_for(address: &str, path: &str) -> String {
    let until = Instant::now() + Duration::from_secs(60);
    loop {
        if let Some(answer) = get(address, path) {
            return answer;
        }
        assert!(Instant::now() < until, "no answer from {address}{path}");
        thread::sleep(Duration::from_millis(100));
    }
}

#[test]
fn the_tour_works_as_printed() {
    let folder = TempDir::new().unwrap();
    copy(&root().join("examples"), &folder.path().join("examples"));
    let lines = tour();
    assert_eq!(lines.len(), 10, "the tour has ten commands");
    for line in &lines {
        if line.ends_with(" serve") {
            // The port may be taken on a busy machine; everything else is as printed.
            let (_server, address) = Server::start(shell(&format!("exec {line} --port 0"), folder.path()));
            let page = wait_for(&address, "/");
            assert!(page.starts_with("HTTP/1.1 200"), "{page}");
            assert!(page.contains("Passenger experience"));
            continue;
        }
        let output = shell(line, folder.path()).output().unwrap();
        let stderr = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{line}: {}\n{stderr}", output.status);
        assert!(
            !output.stdout.is_empty() || line.contains(" run") || line.ends_with(" check"),
            "{line} printed nothing\n{stderr}"
        );
        if line.ends_with("json") {
            serde_json::from_slice::<serde_json::Value>(&output.stdout).expect("JSON");
        }
    }
}

#[test]
fn a_server_answers_on_when_nobody_reads_its_log() {
    let project = Project::example("tiny");
    project.ok(&["run"]);
    let mut command = crate::support::kepi();
    // Every request is logged, into a pipe whose other end is closed.
    command.arg("-C").arg(project.path()).args(["serve", "--port", "0"]).env("KEPI_LOG", "tower_http=debug");
    let (_server, address) = Server::start(command);
    for _ in 0..3 {
        let answer = get(&address, "/kpis").expect("an answer");
        assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    }
}
