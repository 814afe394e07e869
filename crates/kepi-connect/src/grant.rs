//! Tokens that a server grants for a while (OAuth 2.0, RFC 6749): to the client as itself, or by a token that grants others. What was
//! granted is kept in memory alone, for as long as something is fetched. Where a server gives another token to grant by each
//! time, the file that the first was read from holds the next, before anything is asked by what was granted with it.

use std::{
    fs::File,
    io::Write,
    os::unix::fs::{OpenOptionsExt, PermissionsExt},
    path::{Path, PathBuf},
};

use kepi_model::project::Secret;
use serde::Deserialize;
use ureq::Agent;

use crate::{
    asking::{Answer, Asking, unanswered},
    error::FetchError,
    secret::Secrets,
    sign::encoded,
};

/// Longest answer, in bytes.
const LONGEST: u64 = 1 << 20;

/// How tokens are asked for.
pub(crate) struct Grant {
    asking: Asking,
    /// Id and secret of the client, and what is asked for.
    pairs: Vec<(&'static str, String)>,
    by: Option<By>,
    granted: Option<String>,
}

/// What holds the token by which others are granted.
pub(crate) struct By {
    at: Secret,
    secrets: Secrets,
}

impl By {
    pub fn new(at: &Secret, secrets: &Secrets) -> Result<Self, FetchError> {
        let by = Self { at: at.clone(), secrets: secrets.clone() };
        by.token().map(|_| by)
    }

    fn token(&self) -> Result<String, FetchError> {
        self.secrets.read(&self.at)
    }

    /// The file that the token is kept in, if one is.
    fn file(&self) -> Option<PathBuf> {
        match &self.at {
            Secret::File(path) => Some(self.secrets.path(path)),
            Secret::Env(_) => None,
        }
    }

    /// Nobody else has the token renewed as long as this is held: of two who use the same one the second would be taken for a
    /// thief. Where no file can be made beside it, nothing is written either.
    async fn alone(&self) -> Option<File> {
        let path = beside(&self.file()?, "lock");
        let locked = tokio::task::spawn_blocking(move || {
            let file = open_own(&path).ok()?;
            file.lock().ok()?;
            Some(file)
        });
        locked.await.ok().flatten()
    }

    /// Keeps the next token in place of the one that has been used up.
    fn keep(&self, next: &str) -> Result<(), FetchError> {
        let lost = |why: String| {
            FetchError::Server(format!(
                "what grants tokens gave another `refresh` token, and the one that is kept is used up: {why}; have a new one \
                 made, and write it into a file that whoever runs Kepi may write: `refresh: {{file: …}}`"
            ))
        };
        let path = self.file().ok_or_else(|| lost(format!("the {} cannot be written", self.at)))?;
        let written = || {
            let new = beside(&path, "new");
            let mut file = open_own(&new)?;
            file.set_len(0)?;
            file.write_all(next.as_bytes())?;
            file.sync_all()?;
            std::fs::rename(&new, &path)?;
            match path.parent() {
                Some(folder) if !folder.as_os_str().is_empty() => File::open(folder)?.sync_all(),
                _ => Ok(()),
            }
        };
        written().map_err(|e| lost(format!("the {} cannot be written: {e}", self.at)))
    }
}

/// A file beside another that only its owner reads.
fn beside(path: &Path, what: &str) -> PathBuf {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    path.with_file_name(format!(".{name}.{what}"))
}

fn open_own(path: &Path) -> std::io::Result<File> {
    let file = File::options().create(true).truncate(false).write(true).mode(0o600).open(path)?;
    file.set_permissions(std::fs::Permissions::from_mode(0o600))?;
    Ok(file)
}

/// What is answered, of which only this matters.
#[derive(Deserialize)]
struct Granted {
    access_token: Option<String>,
    token_type: Option<String>,
    refresh_token: Option<String>,
    error: Option<String>,
}

impl Grant {
    /// A client by id and secret.
    pub fn new(asking: Asking, client: (String, String), by: Option<By>, scope: Option<&str>) -> Self {
        let mut pairs = vec![("client_id", client.0), ("client_secret", client.1)];
        pairs.extend(scope.map(|scope| ("scope", scope.to_owned())));
        Self { asking, pairs, by, granted: None }
    }

    /// What is sent: by a token, if one is given.
    fn form(&self, by: Option<&str>) -> String {
        let mut pairs = match by {
            Some(token) => vec![("grant_type", "refresh_token"), ("refresh_token", token)],
            None => vec![("grant_type", "client_credentials")],
        };
        pairs.extend(self.pairs.iter().map(|(name, value)| (*name, value.as_str())));
        let pairs: Vec<String> =
            pairs.into_iter().map(|(name, value)| format!("{name}={}", encoded(value, false))).collect();
        pairs.join("&")
    }

    /// The token that was granted does not let in any more.
    pub fn forget(&mut self) {
        self.granted = None;
    }

    /// The token that lets in, asked for if need be.
    pub async fn token(&mut self) -> Result<String, FetchError> {
        if let Some(token) = &self.granted {
            return Ok(token.clone());
        }
        // Held until what was granted is known and kept; what another has written meanwhile is read.
        let _alone = match &self.by {
            Some(by) => by.alone().await,
            None => None,
        };
        let by = self.by.as_ref().map(By::token).transpose()?;
        let (address, form) = (self.asking.address.clone(), self.form(by.as_deref()));
        let begin = |agent: &Agent| {
            let (agent, address, form) = (agent.clone(), address.clone(), form.clone());
            Ok(move || ask(&agent, &address, &form))
        };
        let granted = self.asking.ask(begin).await?;
        let refused = |why: &str| FetchError::Server(format!("no token is granted: {why}"));
        if let Some(error) = granted.error {
            // By the specification a word; anything else may repeat what was asked.
            let is_word = error.len() < 64 && error.bytes().all(|b| b.is_ascii_lowercase() || b == b'_');
            let why = if is_word { &error } else { "the server says so" };
            // A run that was stopped between being granted and writing leaves one that is used up.
            return Err(match (&self.by, error.as_str()) {
                (Some(by), "invalid_grant") => refused(&format!(
                    "invalid_grant; the `refresh` token of the {} holds no more, or was used up by a run that broke off: \
                     have a new one made and write it there",
                    by.at
                )),
                _ => refused(why),
            });
        }
        if granted.token_type.is_some_and(|kind| !kind.eq_ignore_ascii_case("bearer")) {
            return Err(refused("it is of a kind other than `Bearer`"));
        }
        if let (Some(of), Some(next)) =
            (&self.by, granted.refresh_token.filter(|new| !new.is_empty() && by.as_ref() != Some(new)))
        {
            of.keep(&next)?;
        }
        let token = granted.access_token.filter(|token| !token.is_empty());
        let token = token.ok_or_else(|| refused("the answer has no `access_token`"))?;
        Ok(self.granted.insert(token).clone())
    }
}

/// Asks once.
fn ask(agent: &Agent, address: &str, form: &str) -> Result<Answer<Granted>, FetchError> {
    let request = agent
        .post(address)
        .header("accept", "application/json")
        .header("content-type", "application/x-www-form-urlencoded");
    let mut answer = match request.send(form) {
        Ok(answer) => answer,
        Err(e) => return unanswered(e),
    };
    let status = answer.status();
    let body = answer.body_mut().with_config().limit(LONGEST).read_to_vec();
    match body {
        _ if status.is_server_error() || status.as_u16() == 429 => {
            Ok(Answer::Again(format!("what grants tokens answered {status}"), None))
        }
        Err(e) => Ok(Answer::Again(format!("the answer of what grants tokens broke off: {e}"), None)),
        Ok(body) => match serde_json::from_slice::<Granted>(&body) {
            Ok(granted) if status.is_success() || granted.error.is_some() => Ok(Answer::Here(granted)),
            _ => Err(FetchError::Server(format!("no token is granted: it answered {status}"))),
        },
    }
}
