//! Files of a server over SSH: listed folder by folder, and read where what is listed is not what was copied before.

use std::{
    collections::{BTreeMap, BTreeSet},
    io::Write,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use glob::{MatchOptions, Pattern};
use kepi_model::project::{Sftp, SftpLogin};
use kepi_query::landing::{Copies, PortError, Stamp};
use russh::{
    client::{self, Handle},
    keys::{HashAlg, PrivateKeyWithHashAlg, PublicKeyOrCertificate, decode_secret_key},
};
use russh_sftp::{
    client::{SftpSession, error::Error, fs::Metadata},
    protocol::StatusCode,
};
use tokio::{io::AsyncReadExt, net::TcpStream, task, time};

use crate::{address::Filter, error::FetchError, secret::Secrets};

/// How often something is tried before a server is given up.
const TRIES: u32 = 6;
/// Longest wait before it is tried again.
const LONGEST_WAIT: Duration = Duration::from_secs(60);
/// A server that says nothing for so long has gone.
const SILENCE: Duration = Duration::from_secs(60);
/// More folders than anybody has.
const MOST_FOLDERS: usize = 100_000;
/// Bytes that are read at once.
const CHUNK: usize = 1 << 18;
/// How programs call files that they have not finished.
const UNFINISHED: [&str; 4] = [".part", ".tmp", ".filepart", ".partial"];
/// `*` and `?` stay between two `/`.
const WITHIN: MatchOptions = MatchOptions {
    case_sensitive: true,
    require_literal_separator: true,
    require_literal_leading_dot: false,
};

/// Why something did not come.
enum Broke {
    /// It may come if it is tried again.
    Again(String),
    For(FetchError),
}

impl Broke {
    fn for_good(why: impl Into<String>) -> Self {
        Self::For(FetchError::Server(why.into()))
    }
}

impl From<russh::Error> for Broke {
    fn from(error: russh::Error) -> Self {
        match error {
            // What both sides can speak does not change by trying.
            russh::Error::NoCommonAlgo { .. } | russh::Error::UnsupportedAuthMethod => {
                Self::for_good(error.to_string())
            }
            error => Self::Again(error.to_string()),
        }
    }
}

/// Copies the files that a pattern matches where they are new or have changed. What breaks off is tried again, and goes on behind
/// what was copied.
pub(crate) async fn copy(
    of: &Sftp,
    secrets: &Secrets,
    patience: Duration,
    names: &str,
    into: &mut dyn Copies,
) -> Result<(), FetchError> {
    let pattern =
        Pattern::new(names).map_err(|e| FetchError::Server(format!("`{names}` is no pattern: {e}")))?;
    let (mut copied, mut wait) = (BTreeMap::new(), patience);
    for left in (0..TRIES).rev() {
        let why = match once(of, secrets, (names, &pattern), &mut copied, into).await {
            Ok(names) => return into.retain(&names).map_err(FetchError::Rows),
            Err(Broke::For(error)) => return Err(error),
            Err(Broke::Again(why)) => why,
        };
        if left == 0 {
            return Err(FetchError::Server(format!("{why}, {TRIES} times")));
        }
        time::sleep(wait).await;
        wait = (wait * 2).min(LONGEST_WAIT);
    }
    Ok(())
}

/// The names of all files that a pattern matches, each copied.
async fn once(
    of: &Sftp,
    secrets: &Secrets,
    (names, pattern): (&str, &Pattern),
    copied: &mut BTreeMap<String, Stamp>,
    into: &dyn Copies,
) -> Result<BTreeSet<String>, Broke> {
    let server = Server::open(of, secrets).await?;
    let mut all = BTreeSet::new();
    for (name, stamp) in server.list(names, pattern).await? {
        let known = into.known(&name) == Some(&stamp) || copied.get(&name) == Some(&stamp);
        if known {
            all.insert(name);
            continue;
        }
        match server.get(&name, &stamp, into).await? {
            Got::Copied => copied.insert(name.clone(), stamp),
            // The copy before stays, if there is one, until it can be read.
            Got::Changing => None,
            Got::Gone => continue,
        };
        all.insert(name);
    }
    Ok(all)
}

/// What reading a file came to.
enum Got {
    Copied,
    /// It is being written.
    Changing,
    /// It is gone since it was listed.
    Gone,
}

/// Knows whether a server is the right one.
struct Door {
    wanted: String,
    shown: Arc<Mutex<Option<String>>>,
}

impl client::Handler for Door {
    type Error = russh::Error;

    async fn check_server_key(&mut self, key: &PublicKeyOrCertificate) -> Result<bool, russh::Error> {
        let PublicKeyOrCertificate::PublicKey { key, .. } = key else { return Ok(false) };
        let shown = key.fingerprint(HashAlg::Sha256).to_string();
        let right = shown == self.wanted;
        *self.shown.lock().unwrap_or_else(PoisonError::into_inner) = Some(shown);
        Ok(right)
    }
}

/// A server whose door stands open.
struct Server {
    files: SftpSession,
    /// The folder that names begin in, with what parts it from them.
    folder: String,
    /// As long as it lives, so does the way to the server.
    _way: Handle<Door>,
}

impl Server {
    async fn open(of: &Sftp, secrets: &Secrets) -> Result<Self, Broke> {
        let host = secrets.setting(&of.host).map_err(Broke::For)?;
        let user = secrets.setting(&of.user).map_err(Broke::For)?;
        let (private, port) = (of.private, of.port);
        let found = task::spawn_blocking(move || Filter { private }.resolved(&host, port)).await;
        let found = found.map_err(|e| Broke::Again(e.to_string()))?.map_err(|e| match e.kind() {
            std::io::ErrorKind::PermissionDenied => Broke::for_good(e.to_string()),
            _ => Broke::Again(format!("its address is not found: {e}")),
        })?;
        let stream = time::timeout(SILENCE, TcpStream::connect(found.as_slice())).await;
        let stream = stream.map_err(|_| Broke::Again("nobody answers".to_owned()))?;
        let stream = stream.map_err(|e| Broke::Again(format!("it cannot be reached: {e}")))?;
        let config =
            client::Config { inactivity_timeout: Some(SILENCE), nodelay: true, ..client::Config::default() };
        let shown = Arc::new(Mutex::new(None));
        let door = Door { wanted: of.host_key.clone(), shown: Arc::clone(&shown) };
        let mut way = match client::connect_stream(Arc::new(config), stream, door).await {
            Ok(way) => way,
            Err(russh::Error::UnknownKey) => {
                let shown = shown.lock().unwrap_or_else(PoisonError::into_inner).take();
                let shown =
                    shown.map_or_else(|| "a certificate".to_owned(), |shown| format!("the key `{shown}`"));
                return Err(Broke::for_good(format!(
                    "it shows {shown}, not `{}`, so nobody knows who answers there; if whoever runs it says that its key is \
                     another now, correct `host_key` of the connection",
                    of.host_key
                )));
            }
            Err(error) => return Err(error.into()),
        };
        if !enter(&mut way, user, &of.login, secrets).await? {
            return Err(Broke::for_good(
                "it does not let in; look at `user` and what lets in of the connection",
            ));
        }
        let channel = way.channel_open_session().await?;
        channel.request_subsystem(true, "sftp").await?;
        let files = SftpSession::new(channel.into_stream()).await.map_err(|e| broke("the server", &e))?;
        files.set_timeout(SILENCE.as_secs());
        let folder = match of.folder.as_deref() {
            None => String::new(),
            Some(folder) if folder.ends_with('/') => folder.to_owned(),
            Some(folder) => format!("{folder}/"),
        };
        Ok(Self { files, folder, _way: way })
    }

    /// The files that a pattern matches, as they stand now. Folders that only links lead to are left out.
    async fn list(&self, names: &str, pattern: &Pattern) -> Result<Vec<(String, Stamp)>, Broke> {
        let parts: Vec<&str> = names.split('/').collect();
        let wild = |part: &&str| part.contains(['*', '?', '[']);
        let begin = parts.iter().take(parts.len() - 1).take_while(|part| !wild(part)).count();
        let deep = parts.iter().position(|part| *part == "**").unwrap_or(usize::MAX);
        let first = parts.iter().take(begin).map(|part| format!("{part}/")).collect::<String>();
        let (mut found, mut folders, mut seen) = (Vec::new(), vec![(first, begin)], 0);
        while let Some((folder, depth)) = folders.pop() {
            seen += 1;
            if seen > MOST_FOLDERS {
                return Err(Broke::for_good(format!(
                    "it has more than {MOST_FOLDERS} folders that match; say more of the path"
                )));
            }
            let path = format!("{}{folder}", self.folder);
            let path = if path.is_empty() { ".".to_owned() } else { path };
            let entries = match self.files.read_dir(path.trim_end_matches('/')).await {
                Ok(entries) => entries,
                // Gone since the one above was listed.
                Err(Error::Status(of)) if of.status_code == StatusCode::NoSuchFile && depth > begin => {
                    continue;
                }
                Err(error) => return Err(broke(&format!("folder `{path}`"), &error)),
            };
            for entry in entries {
                let (own, mut metadata) = (entry.file_name(), entry.metadata());
                let name = format!("{folder}{own}");
                if metadata.is_dir() {
                    let next = parts.get(depth).filter(|_| depth + 1 < parts.len());
                    let fits =
                        |part: &&str| Pattern::new(part).is_ok_and(|part| part.matches_with(&own, WITHIN));
                    if depth >= deep || next.is_some_and(fits) {
                        folders.push((format!("{name}/"), depth + 1));
                    }
                    continue;
                }
                let unfinished = UNFINISHED.iter().any(|end| own.ends_with(end));
                if unfinished || !pattern.matches_with(&name, WITHIN) {
                    continue;
                }
                if metadata.is_symlink() {
                    metadata = match self.look(&name).await? {
                        Some(metadata) => metadata,
                        None => continue,
                    };
                }
                if metadata.is_regular() {
                    found.push((name.clone(), stamp(&name, &metadata)?));
                }
            }
        }
        // In one order, however the server lists them.
        found.sort_by(|(one, _), (other, _)| one.cmp(other));
        Ok(found)
    }

    /// How a file stands now; none: it is gone.
    async fn look(&self, name: &str) -> Result<Option<Metadata>, Broke> {
        match self.files.metadata(format!("{}{name}", self.folder)).await {
            Ok(metadata) => Ok(Some(metadata)),
            Err(Error::Status(of)) if of.status_code == StatusCode::NoSuchFile => Ok(None),
            Err(error) => Err(broke(&format!("file `{name}`"), &error)),
        }
    }

    /// Reads a file into the place of its copy, unless it is another afterwards: then it is being written.
    async fn get(&self, name: &str, listed: &Stamp, into: &dyn Copies) -> Result<Got, Broke> {
        let failed = |error: &Error| broke(&format!("file `{name}`"), error);
        let mut file = match self.files.open(format!("{}{name}", self.folder)).await {
            Ok(file) => file,
            Err(Error::Status(of)) if of.status_code == StatusCode::NoSuchFile => return Ok(Got::Gone),
            Err(error) => return Err(failed(&error)),
        };
        let rows = |error: PortError| Broke::For(FetchError::Rows(error));
        let mut copy = into.begin(name).map_err(rows)?;
        let (mut chunk, mut bytes) = (vec![0; CHUNK], 0u64);
        loop {
            let read = file.read(&mut chunk).await;
            let read = read.map_err(|e| Broke::Again(format!("file `{name}` broke off: {e}")))?;
            let read = chunk.get(..read).unwrap_or_default();
            if read.is_empty() {
                break;
            }
            copy.write_all(read).map_err(|e| rows(PortError::from(e)))?;
            bytes += read.len() as u64;
        }
        let Some(after) = self.look(name).await? else { return Ok(Got::Gone) };
        if bytes != listed.bytes || stamp(name, &after)? != *listed {
            return Ok(Got::Changing);
        }
        copy.finish(listed.clone(), after.mtime.map(i64::from)).map_err(rows)?;
        Ok(Got::Copied)
    }
}

/// Asks to be let in.
async fn enter(
    way: &mut Handle<Door>,
    user: String,
    login: &SftpLogin,
    secrets: &Secrets,
) -> Result<bool, Broke> {
    let answer = match login {
        SftpLogin::Password(password) => {
            let password = secrets.read(password).map_err(Broke::For)?;
            way.authenticate_password(user, password).await?
        }
        SftpLogin::Key { key: at, passphrase } => {
            let text = secrets.read(at).map_err(Broke::For)?;
            let passphrase =
                passphrase.as_ref().map(|at| secrets.read(at)).transpose().map_err(Broke::For)?;
            // The error may tell of the key.
            let key = decode_secret_key(&text, passphrase.as_deref()).map_err(|_| {
                let why = match passphrase {
                    Some(_) => "is no private key that the passphrase opens",
                    None => "is no private key that opens without a passphrase",
                };
                Broke::For(FetchError::Secret { at: at.clone(), why: why.to_owned() })
            })?;
            let hash = way.best_supported_rsa_hash().await?.flatten();
            way.authenticate_publickey(user, PrivateKeyWithHashAlg::new(Arc::new(key), hash)).await?
        }
    };
    Ok(answer.success())
}

/// How a file stands: its length and when it was last written.
fn stamp(name: &str, of: &Metadata) -> Result<Stamp, Broke> {
    match (of.size, of.mtime) {
        (Some(bytes), Some(at)) => Ok(Stamp { tag: at.to_string(), bytes }),
        _ => Err(Broke::for_good(format!(
            "it does not say how long file `{name}` is, or when it was written, so nobody knows whether it has changed"
        ))),
    }
}

/// Why something was refused: by its code, never by the server's words, which may hold anything.
fn broke(what: &str, error: &Error) -> Broke {
    match error {
        Error::Status(of) => match of.status_code {
            StatusCode::NoSuchFile => Broke::for_good(format!("{what} is not there")),
            StatusCode::PermissionDenied => {
                Broke::for_good(format!("{what} may not be read by the user of the connection"))
            }
            StatusCode::NoConnection | StatusCode::ConnectionLost => {
                Broke::Again(format!("{what}: the connection was lost"))
            }
            code => Broke::for_good(format!("{what} was refused: {code}")),
        },
        error => Broke::Again(format!("{what}: {error}")),
    }
}
