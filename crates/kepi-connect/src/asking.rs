//! Asking a server: at an address that may be connected to, not too often, and again where it asks for patience.

use std::{
    io,
    time::{Duration, Instant},
};

use kepi_model::project::Setting;
use ureq::{Agent, config::Config, http::Uri, unversioned::transport::DefaultConnector};

use crate::{address::Filter, error::FetchError, secret::Secrets};

/// How often something is asked for.
const TRIES: u32 = 6;
/// How long one answer may take.
const ONE_ANSWER: Duration = Duration::from_secs(120);
/// Longest wait before something is asked for again, unless the server says so.
const LONGEST_WAIT: Duration = Duration::from_secs(60);

/// What became of a request.
pub(crate) enum Answer<T> {
    Here(T),
    /// Once more, not before so long.
    Again(String, Option<Duration>),
}

/// How a server is asked.
pub(crate) struct Asking {
    pub agent: Agent,
    /// Scheme and host, perhaps with the beginning of all paths.
    pub address: String,
    gap: Duration,
    next: Instant,
    /// First wait before something is asked for again.
    patience: Duration,
    private: bool,
}

/// What asks: it follows nobody elsewhere, and goes to no address that may not be connected to.
pub(crate) fn agent(encrypted: bool, private: bool, limit: Duration) -> Agent {
    let config = Config::builder()
        .http_status_as_error(false)
        .max_redirects(0)
        .max_redirects_will_error(false)
        .proxy(None)
        .https_only(encrypted)
        .timeout_global(Some(limit))
        .user_agent("kepi")
        .build();
    Agent::with_parts(config, DefaultConnector::default(), Filter { private })
}

impl Asking {
    /// The server at an address, asked at most so often a minute.
    pub fn new(
        address: &Setting,
        (rate, private): (u32, bool),
        secrets: &Secrets,
        patience: Duration,
    ) -> Result<Self, FetchError> {
        let address = secrets.setting(address)?;
        let uri: Uri = address.parse().map_err(|_| FetchError::Server("its address is none".to_owned()))?;
        let encrypted = uri.scheme_str() == Some("https");
        if uri.authority().is_none() || !(encrypted || (private && uri.scheme_str() == Some("http"))) {
            let why = "its address does not begin with `https://`; within the own network say `private_addresses: true`";
            return Err(FetchError::Server(why.to_owned()));
        }
        Ok(Self {
            agent: agent(encrypted, private, ONE_ANSWER),
            address: address.trim_end_matches('/').to_owned(),
            gap: Duration::from_secs(60) / rate.max(1),
            next: Instant::now(),
            patience,
            private,
        })
    }

    /// Asks until there is an answer or the server has refused often enough. `begin` makes what asks once, on a thread that
    /// may block.
    pub async fn ask<T, A>(
        &mut self,
        mut begin: impl FnMut(&Agent) -> Result<A, FetchError> + Send,
    ) -> Result<T, FetchError>
    where
        T: Send + 'static,
        A: FnOnce() -> Result<Answer<T>, FetchError> + Send + 'static,
    {
        let mut said = String::new();
        for attempt in 0..TRIES {
            let now = Instant::now();
            if self.next > now {
                tokio::time::sleep(self.next - now).await;
            }
            self.next = Instant::now() + self.gap;
            let asked = tokio::task::spawn_blocking(begin(&self.agent)?).await;
            let answer = asked.map_err(|e| FetchError::Server(e.to_string()))?;
            match answer.map_err(|error| self.explained(error))? {
                Answer::Here(answer) => return Ok(answer),
                Answer::Again(why, after) => {
                    said = why;
                    if attempt + 1 < TRIES {
                        let most = (self.patience * 2u32.pow(attempt)).min(LONGEST_WAIT);
                        tokio::time::sleep(after.unwrap_or_default().max(part_of(most))).await;
                    }
                }
            }
        }
        Err(FetchError::Server(format!("it was asked {TRIES} times: {said}")))
    }

    fn explained(&self, error: FetchError) -> FetchError {
        match error {
            FetchError::Server(why) if why.contains("may not be connected to") && !self.private => {
                FetchError::Server(format!(
                    "{why}; if the server is within the own network, say `private_addresses: true`"
                ))
            }
            other => other,
        }
    }
}

/// Some part of a length of time, so that those who were refused together do not come again together.
fn part_of(most: Duration) -> Duration {
    let share = getrandom::u32().unwrap_or(u32::MAX);
    most.mul_f64(f64::from(share) / f64::from(u32::MAX))
}

/// What a request that got no answer at all says: whether it is asked again, or will never be one.
pub(crate) fn unanswered<T>(error: ureq::Error) -> Result<Answer<T>, FetchError> {
    match error {
        ureq::Error::Io(e) if e.kind() == io::ErrorKind::PermissionDenied => {
            Err(FetchError::Server(e.to_string()))
        }
        // A request that cannot be written holds a secret, perhaps: its words are not repeated.
        ureq::Error::Http(_) | ureq::Error::BadUri(_) => Err(FetchError::Server(
            "the request cannot be written: look at address, parameters and secrets".to_owned(),
        )),
        e => Ok(Answer::Again(e.to_string(), None)),
    }
}
