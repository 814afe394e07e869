//! Tokens that a server grants for a while (OAuth 2.0, RFC 6749): to the client as itself, or by a token that grants others. What was
//! granted is kept in memory alone, for as long as something is fetched.

use serde::Deserialize;
use ureq::Agent;

use crate::{
    asking::{Answer, Asking, unanswered},
    error::FetchError,
    sign::encoded,
};

/// Longest answer, in bytes.
const LONGEST: u64 = 1 << 20;

/// How tokens are asked for.
pub(crate) struct Grant {
    asking: Asking,
    form: String,
    /// The token by which others are granted.
    by: Option<String>,
    granted: Option<String>,
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
    pub fn new(asking: Asking, client: (String, String), by: Option<String>, scope: Option<&str>) -> Self {
        let mut pairs = match &by {
            Some(token) => vec![("grant_type", "refresh_token"), ("refresh_token", token.as_str())],
            None => vec![("grant_type", "client_credentials")],
        };
        pairs.extend([("client_id", client.0.as_str()), ("client_secret", client.1.as_str())]);
        pairs.extend(scope.map(|scope| ("scope", scope)));
        let pairs: Vec<String> =
            pairs.into_iter().map(|(name, value)| format!("{name}={}", encoded(value, false))).collect();
        let form = pairs.join("&");
        Self { asking, form, by, granted: None }
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
        let (address, form) = (self.asking.address.clone(), self.form.clone());
        let begin = |agent: &Agent| {
            let (agent, address, form) = (agent.clone(), address.clone(), form.clone());
            Ok(move || ask(&agent, &address, &form))
        };
        let granted = self.asking.ask(begin).await?;
        let refused = |why: &str| FetchError::Server(format!("no token is granted: {why}"));
        if let Some(error) = granted.error {
            // By the specification a word; anything else may repeat what was asked.
            let is_word = error.len() < 64 && error.bytes().all(|b| b.is_ascii_lowercase() || b == b'_');
            return Err(refused(if is_word { &error } else { "the server says so" }));
        }
        if granted.token_type.is_some_and(|kind| !kind.eq_ignore_ascii_case("bearer")) {
            return Err(refused("it is of a kind other than `Bearer`"));
        }
        // The next fetch would be refused, and nobody would know why.
        if self.by.is_some() && granted.refresh_token.is_some_and(|new| self.by.as_ref() != Some(&new)) {
            return Err(refused(
                "the server gives another `refresh` token each time, and none is kept; use one that stays, or let the client in as itself",
            ));
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
