//! Schedulers and workers as processes of their own: this test binary, started again as one of them.

use std::{
    io::{BufRead, BufReader},
    process::{Child, Command, Stdio},
    thread,
    time::{Duration, Instant},
};

use kepi_cluster::{Address, ClientOptions, ClusterError, SchedulerOptions, WorkerOptions};

use crate::certified;

/// How long a process may take to begin: machines that test are loaded.
const PATIENCE: Duration = Duration::from_secs(120);

/// Marks the line of its output that a process says it has begun with.
const BEGUN: &str = "has begun: ";

/// Not a test by itself: the role that the environment names, where it does.
#[test]
fn role() {
    let Ok(role) = std::env::var("KEPI_ROLE") else { return };
    let port = std::env::var("KEPI_PORT").unwrap_or_else(|_| "0".to_owned());
    let listen = format!("127.0.0.1:{port}").parse().unwrap();
    let certificates = std::env::var("KEPI_MEMBER").ok().map(|member| certified::files(member.as_ref()));
    let plain = false;
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    let ended = runtime.block_on(async {
        match role.split_once(' ') {
            None => {
                let options = SchedulerOptions { listen, lost_after: 10, certificates, plain };
                kepi_cluster::scheduler(options, |address| println!("\n{BEGUN}{address}")).await
            }
            Some((scheduler, folder)) => {
                let options = WorkerOptions {
                    scheduler: scheduler.parse().unwrap(),
                    listen,
                    reached_as: None,
                    threads: 2,
                    folder: folder.into(),
                    certificates,
                    plain,
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
    /// Starts a role, and waits until it has begun.
    pub fn start(role: &str, environment: &[(String, String)]) -> Self {
        Self::try_start(role, environment).unwrap_or_else(|said| panic!("`{role}` has not begun: {said}"))
    }

    /// The same; if it ends instead, what it said.
    pub fn try_start(role: &str, environment: &[(String, String)]) -> Result<Self, String> {
        let mut command = Command::new(std::env::current_exe().unwrap());
        command.args(["--exact", "processes::role", "--nocapture"]).env("KEPI_ROLE", role);
        command.envs(environment.iter().cloned());
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let mut errors = child.stderr.take().unwrap();
        let heard = thread::spawn(move || {
            let mut heard = String::new();
            let _ = std::io::Read::read_to_string(&mut errors, &mut heard);
            heard
        });
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
            let _ = child.wait();
            return Err(heard.join().unwrap());
        };
        Ok(Self { child, said })
    }

    /// Kills it, as `kill -9` does.
    pub fn kill(mut self) {
        self.end();
    }
    fn end(&mut self) {
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
    /// Of every process.
    environment: Vec<(String, String)>,
    folder: tempfile::TempDir,
}

impl Cluster {
    /// With so many workers.
    pub fn of(workers: usize) -> Self {
        Self::in_an(Vec::new(), workers)
    }
    /// With so many workers, all in an environment.
    pub fn in_an(environment: Vec<(String, String)>, workers: usize) -> Self {
        let mut cluster = Self {
            scheduler: Process::start("scheduler", &environment),
            workers: vec![],
            environment,
            folder: tempfile::tempdir().unwrap(),
        };
        (0..workers).for_each(|_| cluster.one_more());
        cluster
    }
    pub fn one_more(&mut self) {
        let role = format!("{} {}", self.scheduler.said, self.folder.path().display());
        self.workers.push(Process::start(&role, &self.environment));
    }
    pub fn address(&self) -> Address {
        self.scheduler.said.parse().unwrap()
    }
    /// How it is reached, in so many partitions.
    pub fn reached(&self, partitions: usize) -> ClientOptions {
        ClientOptions { partitions: Some(partitions), ..ClientOptions::of(self.address()) }
    }
    /// Kills the scheduler, and after a while starts one at the same address.
    pub fn lose_the_scheduler(&mut self, for_a: Duration) {
        let mut environment = self.environment.clone();
        environment.push(("KEPI_PORT".to_owned(), self.address().port.to_string()));
        self.scheduler.end();
        thread::sleep(for_a);
        self.scheduler = Process::start("scheduler", &environment);
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
