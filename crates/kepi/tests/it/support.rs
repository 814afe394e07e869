//! A copy of an example in a folder of its own, and the binary to run on it.

use std::{
    cell::RefCell,
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
    process::{Command, Output},
};

use kepi_store::Location;
use tempfile::TempDir;

use crate::tour::Server;

/// The root of the repository.
pub fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").canonicalize().unwrap()
}

/// A project in a temporary folder.
pub struct Project {
    folder: TempDir,
    store: Option<String>,
    environment: Vec<(String, String)>,
    /// Tokens by the names of those whom they act for; under the empty name that of the first.
    tokens: RefCell<BTreeMap<String, String>>,
}

impl Project {
    /// A copy of an example, without what earlier runs left in it.
    pub fn example(name: &str) -> Self {
        Self::copied(&format!("examples/{name}"))
    }

    /// A copy of a project of this repository, by its path.
    pub fn copied(path: &str) -> Self {
        let folder = TempDir::new().unwrap();
        copy(&root().join(path), folder.path());
        Self { folder, store: None, environment: Vec::new(), tokens: RefCell::default() }
    }

    /// An empty folder.
    pub fn empty() -> Self {
        Self {
            folder: TempDir::new().unwrap(),
            store: None,
            environment: Vec::new(),
            tokens: RefCell::default(),
        }
    }

    /// The same project, its database at an address.
    pub fn stored_at(self, address: &str) -> Self {
        Self { store: Some(address.to_owned()), ..self }
    }

    /// The same project, its commands with more in their environment.
    pub fn with(self, environment: Vec<(String, String)>) -> Self {
        Self { environment, ..self }
    }

    /// What more there is in the environment of its commands.
    pub fn environment(&self) -> &[(String, String)] {
        &self.environment
    }

    /// Where its database is: named after the project, if it is in PostgreSQL.
    pub fn location(&self) -> Location {
        let Some(address) = &self.store else { return self.path().join(".kepi/kepi.db").into() };
        let definition = fs::read_to_string(self.path().join("kepi.yml")).unwrap();
        let id = definition.lines().find_map(|l| l.strip_prefix("project: ")).unwrap();
        address.parse::<Location>().unwrap().in_schema(&format!("kepi_{id}")).unwrap()
    }

    fn command(&self) -> Command {
        let mut command = kepi();
        command
            .arg("-C")
            .arg(self.path())
            .env("KEPI_TEST_CLOCK", self.clock())
            .envs(self.environment.iter().cloned());
        if let Some(address) = &self.store {
            command.env("KEPI_STORE", address);
        }
        command
    }

    /// Where the time stands that `kepi` reads, once it was set.
    pub fn clock(&self) -> PathBuf {
        self.path().join("clock")
    }

    /// Sets the clock of all commands and servers of it, as RFC 3339.
    pub fn set_clock(&self, at: &str) {
        // At once: a server reads it whenever it wants to know.
        self.write("clock.next", at);
        fs::rename(self.path().join("clock.next"), self.clock()).unwrap();
    }

    /// Its folder.
    pub fn path(&self) -> &Path {
        self.folder.path()
    }

    /// Writes a file.
    pub fn write(&self, path: &str, text: &str) {
        let target = self.path().join(path);
        fs::create_dir_all(target.parent().unwrap()).unwrap();
        fs::write(target, text).unwrap();
    }

    /// Serves it on a free port, until the server is dropped; returns its address too.
    pub fn serve(&self) -> (Server, String) {
        let mut command = self.command();
        command.args(["serve", "--port", "0"]);
        Server::start(command)
    }

    /// Starts `kepi` on it, which goes on until it is told to end; what it says goes to a file.
    pub fn started(&self, arguments: &[&str], said: &str) -> Server {
        let mut command = self.command();
        let log = fs::File::create(self.path().join(said)).unwrap();
        command.args(arguments).stdout(std::process::Stdio::null()).stderr(log);
        Server::of(command)
    }

    /// Runs `kepi` on it.
    pub fn kepi(&self, arguments: &[&str]) -> Output {
        let said = arguments.iter().position(|of| *of == "--as").and_then(|at| arguments.get(at + 1));
        let mut command = self.command();
        if let Some(token) = self.token_of(said.copied().unwrap_or_default()) {
            command.env("KEPI_TOKEN", token);
        }
        command.args(arguments).output().unwrap()
    }

    /// The token of somebody; of the first who signs in, if nobody is named.
    pub fn token_of(&self, name: &str) -> Option<String> {
        self.tokens.borrow().get(name).cloned()
    }

    /// Keeps a token, which commands that name this person act by from now on.
    pub fn keep_token(&self, name: &str, token: &str) {
        let mut tokens = self.tokens.borrow_mut();
        tokens.insert(name.to_owned(), token.trim().to_owned());
        tokens.entry(String::new()).or_insert_with(|| token.trim().to_owned());
    }

    /// Runs `kepi` on it; it must succeed. Returns stdout.
    pub fn ok(&self, arguments: &[&str]) -> String {
        let output = self.kepi(arguments);
        let stderr = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "kepi {arguments:?}: {}\n{stderr}", output.status);
        String::from_utf8(output.stdout).unwrap()
    }

    /// Runs `kepi` on it, however it ends. Returns stdout and stderr.
    pub fn fails_or_not(&self, arguments: &[&str]) -> (String, String) {
        let output = self.kepi(arguments);
        let text = |bytes| String::from_utf8(bytes).unwrap();
        (text(output.stdout), text(output.stderr))
    }

    /// Runs `kepi` on it; it must end with this code. Returns stdout and stderr.
    pub fn fails(&self, code: i32, arguments: &[&str]) -> (String, String) {
        let output = self.kepi(arguments);
        let stderr = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(code), "kepi {arguments:?}: {stderr}");
        (String::from_utf8(output.stdout).unwrap(), stderr)
    }
}

/// The binary, with an environment that does not depend on who runs the tests.
pub fn kepi() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_kepi"));
    command
        .env("NO_COLOR", "1")
        .env("KEPI_ACTOR", "tester")
        .env_remove("KEPI_PERSON")
        .env_remove("KEPI_TOKEN")
        .env_remove("KEPI_TOKEN_FILE")
        .env_remove("KEPI_PROJECT")
        .env_remove("KEPI_CHECKPOINTS")
        .env_remove("KEPI_STORE")
        .env_remove("KEPI_LAKE")
        .env_remove("KEPI_ENGINE")
        .env_remove("KEPI_SHARED_FILES");
    command
}

/// Copies a folder; hidden entries are left out.
pub fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap().map(|e| e.unwrap().path()) {
        let name = entry.file_name().unwrap().to_str().unwrap().to_owned();
        if name.starts_with('.') {
            continue;
        }
        if entry.is_dir() {
            copy(&entry, &to.join(name));
        } else {
            fs::copy(&entry, to.join(name)).unwrap();
        }
    }
}
