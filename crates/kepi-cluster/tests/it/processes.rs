//! Schedulers and workers as processes of their own: this test binary, started again as one of them.

use std::{
    io::{BufRead, BufReader},
    process::{Child, Command, Stdio},
    thread,
    time::{Duration, Instant},
};

use kepi_cluster::{Address, ClusterError, SchedulerOptions, WorkerOptions};

/// How long a process may take to begin: machines that test are loaded.
const PATIENCE: Duration = Duration::from_secs(120);

/// Marks the line of its output that a process says it has begun with.
const BEGUN: &str = "has begun: ";

/// Not a test by itself: the role that the environment names, where it does.
#[test]
fn role() {
    let Ok(role) = std::env::var("KEPI_ROLE") else { return };
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    let ended = runtime.block_on(async {
        match role.split_once(' ') {
            None => {
                let options = SchedulerOptions { listen: "127.0.0.1:0".parse().unwrap(), lost_after: 10 };
                kepi_cluster::scheduler(options, |address| println!("\n{BEGUN}{address}")).await
            }
            Some((scheduler, folder)) => {
                let options = WorkerOptions {
                    scheduler: scheduler.parse().unwrap(),
                    listen: "127.0.0.1:0".parse().unwrap(),
                    reached_as: None,
                    threads: 2,
                    folder: folder.into(),
                };
                kepi_cluster::worker(options, |name| println!("\n{BEGUN}{name}")).await
            }
        }
    });
    ended.map_err(|error: ClusterError| error.to_string()).unwrap();
}

/// A process that ends with this.
pub struct Process {
    child: Child,
    /// What it said when it began.
    pub said: String,
}

impl Process {
    fn start(role: &str) -> Self {
        let mut command = Command::new(std::env::current_exe().unwrap());
        command.args(["--exact", "processes::role", "--nocapture"]).env("KEPI_ROLE", role);
        let mut child = command.stdout(Stdio::piped()).spawn().unwrap();
        let output = BufReader::new(child.stdout.take().unwrap());
        let (send, receive) = std::sync::mpsc::channel();
        // Reads on, so that the process never waits for somebody to.
        thread::spawn(move || {
            for line in output.lines().map_while(Result::ok) {
                if let Some(said) = line.strip_prefix(BEGUN) {
                    let _ = send.send(said.to_owned());
                }
            }
        });
        let Ok(said) = receive.recv_timeout(PATIENCE) else {
            let _ = child.kill();
            panic!("`{role}` has not begun: {:?}", child.wait());
        };
        Self { child, said }
    }

    /// Kills it, as `kill -9` does.
    pub fn kill(mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A scheduler with workers.
pub struct Cluster {
    pub scheduler: Process,
    pub workers: Vec<Process>,
    folder: tempfile::TempDir,
}

impl Cluster {
    /// With so many workers.
    pub fn of(workers: usize) -> Self {
        let mut cluster = Self {
            scheduler: Process::start("scheduler"),
            workers: vec![],
            folder: tempfile::tempdir().unwrap(),
        };
        (0..workers).for_each(|_| cluster.one_more());
        cluster
    }
    pub fn one_more(&mut self) {
        let role = format!("{} {}", self.scheduler.said, self.folder.path().display());
        self.workers.push(Process::start(&role));
    }
    pub fn address(&self) -> Address {
        self.scheduler.said.parse().unwrap()
    }
}

/// Waits for something to become so.
pub fn until(what: &str, mut is_so: impl FnMut() -> bool) {
    let since = Instant::now();
    while !is_so() {
        assert!(since.elapsed() < PATIENCE, "{what} takes too long");
        thread::sleep(Duration::from_millis(20));
    }
}
