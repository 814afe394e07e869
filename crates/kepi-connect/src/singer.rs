//! Singer taps: programs that write rows and how far they have come, a JSON message a line.
//!
//! Definitions name a tap; whoever runs Kepi decides which programs there are, by the folder that `KEPI_TAPS` names. A tap gets a
//! bare environment and ends with all that it started. Only if it ends well its rows are taken; the last state it told is the
//! bookmark. Rows behind that come again.

use std::{
    collections::VecDeque,
    path::{Path, PathBuf},
    process::{Command as Blocking, Stdio},
};

use kepi_model::project::{Secret, Source};
use kepi_query::landing::{Fetched, Rows};
use serde::Deserialize;
use serde_json::{Value, json, value::RawValue};
use tokio::{
    io::{AsyncBufReadExt, AsyncRead, AsyncReadExt, BufReader},
    process::{Child, Command},
};

use crate::{error::FetchError, mapped::Mapped, secret::Secrets};

/// The folder of programs that may be run.
const TAPS: &str = "KEPI_TAPS";
/// Longest message.
const LONGEST: usize = 64 << 20;
/// Of what a tap says beside its rows, the last lines are shown.
const LAST_LINES: usize = 4;
/// What a tap always gets of the environment.
const ENVIRONMENT: [&str; 3] = ["PATH", "HOME", "LANG"];

/// A tap, and what of it is fetched.
pub(crate) struct Tap<'a> {
    pub tap: &'a str,
    pub config: Option<&'a Secret>,
    pub environment: &'a [String],
    pub stream: &'a str,
    /// Everything is wanted, every time.
    pub whole: bool,
    /// Whose mapping says which columns are wanted.
    pub source: &'a Source,
}

/// A message of a tap.
#[derive(Deserialize)]
struct Message<'a> {
    #[serde(rename = "type")]
    kind: String,
    stream: Option<String>,
    #[serde(borrow)]
    record: Option<&'a RawValue>,
    value: Option<Value>,
    #[serde(borrow)]
    schema: Option<&'a RawValue>,
}

/// What a schema says of an object.
#[derive(Deserialize)]
struct Schema<'a> {
    #[serde(borrow)]
    properties: Option<&'a RawValue>,
}

/// Ends a tap with all that it started, also where nobody waits for it any more.
struct Group(Option<u32>);

impl Drop for Group {
    fn drop(&mut self) {
        if let Some(id) = self.0 {
            let mut kill = Blocking::new("kill");
            kill.args(["-KILL", "--", &format!("-{id}")]).stdout(Stdio::null()).stderr(Stdio::null());
            // It may have ended by itself.
            let _ = kill.status();
        }
    }
}

impl Tap<'_> {
    fn failed(&self, why: String) -> FetchError {
        FetchError::Tap { tap: self.tap.to_owned(), why }
    }

    fn command(&self, program: &Path, root: &Path, arguments: &[&Path]) -> Command {
        let mut command = Command::new(program);
        command.env_clear().current_dir(root).kill_on_drop(true).process_group(0);
        for name in ENVIRONMENT.into_iter().chain(self.environment.iter().map(String::as_str)) {
            if let Some(value) = std::env::var_os(name) {
                command.env(name, value);
            }
        }
        command.args(arguments).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        command
    }

    fn start(&self, mut command: Command) -> Result<(Child, Group), FetchError> {
        let child = command.spawn().map_err(|e| {
            self.failed(format!(
                "cannot be started: {e}; the folder that `{TAPS}` names has the taps that may be run"
            ))
        })?;
        let group = Group(child.id());
        Ok((child, group))
    }

    /// Runs it once.
    pub async fn fetch(
        &self,
        (secrets, root, taps): (&Secrets, &Path, Option<PathBuf>),
        from: Option<&Value>,
        into: &mut dyn Rows,
    ) -> Result<Fetched, FetchError> {
        let taps = taps.or_else(|| std::env::var_os(TAPS).map(PathBuf::from));
        let taps = taps.ok_or_else(|| {
            self.failed(format!("may not be run: set `{TAPS}` to the folder of the taps that may"))
        })?;
        let program = taps.join(self.tap);
        let own = tempfile::tempdir().map_err(|e| self.failed(format!("no folder for its files: {e}")))?;
        let write = |name: &str, text: &str| {
            let path = own.path().join(name);
            std::fs::write(&path, text)
                .map_err(|e| self.failed(format!("`{name}` cannot be written: {e}")))?;
            Ok::<_, FetchError>(path)
        };
        let mut hidden = Vec::new();
        let mut base: Vec<PathBuf> = Vec::new();
        if let Some(at) = self.config {
            let text = secrets.read(at)?;
            let config: Value =
                serde_json::from_str(&text).map_err(|_| self.failed(format!("the {at} is no JSON")))?;
            texts(&config, &mut hidden);
            base.extend(["--config".into(), write("config.json", &text)?]);
        }
        let mut arguments = base.clone();
        if let Some(catalog) = self.discover(&program, root, &base).await? {
            arguments.extend(["--catalog".into(), write("catalog.json", &catalog.to_string())?]);
        }
        let state = from.and_then(|bookmark| bookmark.get("state")).filter(|_| !self.whole);
        if let Some(state) = state {
            arguments.extend(["--state".into(), write("state.json", &state.to_string())?]);
        }
        let arguments: Vec<&Path> = arguments.iter().map(PathBuf::as_path).collect();
        let (mut child, group) = self.start(self.command(&program, root, &arguments))?;
        let (out, said) = (child.stdout.take(), child.stderr.take());
        let (Some(out), Some(said)) = (out, said) else {
            return Err(self.failed("has no output".to_owned()));
        };
        let (read, said) = tokio::join!(self.read(out, into), last_lines(said));
        // Whoever has closed its output is done.
        let status = match &read {
            Ok(_) => child.wait().await.map_err(|e| self.failed(e.to_string()))?,
            Err(_) => return Err(read.err().unwrap_or_else(|| self.failed(String::new()))),
        };
        drop(group);
        let told = read?;
        if !status.success() {
            let said = said.into_iter().map(|line| redacted(line, &hidden)).collect::<Vec<_>>().join(" | ");
            return Err(self.failed(format!("ended with {status}: {said}")));
        }
        let state = told.filter(|_| !self.whole).or_else(|| state.cloned());
        let whole = state.as_ref().is_none_or(|s| s.as_object().is_some_and(serde_json::Map::is_empty));
        let bookmark = state.map_or(json!({}), |state| json!({ "state": state }));
        Ok(Fetched { bookmark, whole, more: false })
    }

    /// The tap's catalogue with this stream alone selected; none: it has no catalogue.
    async fn discover(
        &self,
        program: &Path,
        root: &Path,
        base: &[PathBuf],
    ) -> Result<Option<Value>, FetchError> {
        let discover = PathBuf::from("--discover");
        let arguments: Vec<&Path> = base.iter().chain([&discover]).map(PathBuf::as_path).collect();
        let (child, _group) = self.start(self.command(program, root, &arguments))?;
        let output = child.wait_with_output().await.map_err(|e| self.failed(e.to_string()))?;
        let Ok(mut catalog) = serde_json::from_slice::<Value>(&output.stdout) else { return Ok(None) };
        let Some(streams) = catalog.get_mut("streams").and_then(Value::as_array_mut) else { return Ok(None) };
        let name = |stream: &Value, key: &str| stream.get(key).and_then(Value::as_str).map(str::to_owned);
        let own = |stream: &Value| {
            name(stream, "stream").as_deref() == Some(self.stream)
                || name(stream, "tap_stream_id").as_deref() == Some(self.stream)
        };
        if !streams.iter().any(own) {
            let known: Vec<String> =
                streams.iter().filter_map(|s| name(s, "tap_stream_id")).take(20).collect();
            return Err(self.failed(format!("has no stream `{}`; it has {}", self.stream, known.join(", "))));
        }
        for stream in streams.iter_mut() {
            let selected = own(stream);
            if let Some(schema) = stream.get_mut("schema").and_then(Value::as_object_mut) {
                schema.insert("selected".to_owned(), json!(selected));
            }
            let Some(fields) = stream.as_object_mut() else { continue };
            fields.insert("selected".to_owned(), json!(selected));
            let metadata = fields.entry("metadata").or_insert_with(|| json!([]));
            let Some(metadata) = metadata.as_array_mut() else { continue };
            let whole = metadata.iter_mut().find(|m| m.get("breadcrumb") == Some(&json!([])));
            match whole.and_then(|m| m.get_mut("metadata")).and_then(Value::as_object_mut) {
                Some(of) => drop(of.insert("selected".to_owned(), json!(selected))),
                None => metadata.push(json!({"breadcrumb": [], "metadata": {"selected": selected}})),
            }
        }
        Ok(Some(catalog))
    }

    /// Takes its messages; returns the last state.
    async fn read(
        &self,
        out: impl AsyncRead + Unpin,
        into: &mut dyn Rows,
    ) -> Result<Option<Value>, FetchError> {
        let mut out = BufReader::with_capacity(1 << 17, out);
        let (mut line, mut state, mut number) = (Vec::new(), None, 0u64);
        // A tap says beforehand which columns its records have. One of which neither says anything is gone.
        let (mut mapped, mut told, mut rows) = (Mapped::of(self.source), false, false);
        loop {
            line.clear();
            number += 1;
            let n = (&mut out).take(LONGEST as u64 + 1).read_until(b'\n', &mut line).await;
            match n.map_err(|e| self.failed(e.to_string()))? {
                0 => {
                    mapped.refuse(|_| told && rows)?;
                    return Ok(state);
                }
                n if n > LONGEST => {
                    return Err(self.failed(format!("line {number} of its output is too long")));
                }
                _ => {}
            }
            if line.iter().all(u8::is_ascii_whitespace) {
                continue;
            }
            let message: Message<'_> = std::str::from_utf8(&line)
                .ok()
                .and_then(|text| serde_json::from_str(text).ok())
                .ok_or_else(|| self.failed(format!("line {number} of its output is no Singer message")))?;
            match (message.kind.as_str(), message.record) {
                ("RECORD", Some(record)) if message.stream.as_deref() == Some(self.stream) => {
                    rows = true;
                    mapped.see(record.get());
                    into.row(record.get()).map_err(FetchError::Rows)?;
                }
                ("SCHEMA", _) if message.stream.as_deref() == Some(self.stream) => {
                    let schema =
                        message.schema.and_then(|of| serde_json::from_str::<Schema<'_>>(of.get()).ok());
                    if let Some(properties) = schema.and_then(|of| of.properties) {
                        told = true;
                        mapped.see(properties.get());
                    }
                }
                ("STATE", _) => state = message.value.or(state),
                _ => {}
            }
        }
    }
}

/// The last lines of what a program says.
async fn last_lines(said: impl AsyncRead + Unpin) -> VecDeque<String> {
    let mut last = VecDeque::new();
    let mut said = BufReader::new(said);
    let mut line = Vec::new();
    while let Ok(1..) = (&mut said).take(1 << 16).read_until(b'\n', &mut line).await {
        last.push_back(String::from_utf8_lossy(&line).trim().to_owned());
        line.clear();
        if last.len() > LAST_LINES {
            last.pop_front();
        }
    }
    last
}

/// All texts in a configuration: any of them may be a secret.
fn texts(config: &Value, into: &mut Vec<String>) {
    match config {
        Value::String(text) if text.len() >= 4 => into.push(text.clone()),
        Value::Array(items) => items.iter().for_each(|item| texts(item, into)),
        Value::Object(fields) => fields.values().for_each(|value| texts(value, into)),
        _ => {}
    }
}

fn redacted(line: String, hidden: &[String]) -> String {
    hidden.iter().fold(line, |line, secret| line.replace(secret.as_str(), "…"))
}
