//! The provider: what it says of itself, where browsers go, and what it says of those who come back.

use std::{
    fmt,
    sync::{Arc, Mutex, PoisonError},
};

use base64::{
    Engine as _,
    engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD},
};
use jsonwebtoken::{Algorithm, DecodingKey, Validation, jwk::Jwk};
use serde::Deserialize;
use serde_json::Value;
use sha2::{Digest, Sha256};

use crate::kept::{self, PATIENCE};

/// What a provider says of itself is asked again after so long, in µs.
const KNOWN_FOR: i64 = 10 * 60 * 1_000_000;
/// By so much the clocks of provider and server may differ, in seconds.
const SKEW: i64 = 120;
/// The signatures that are believed: those that only the provider can make. None at all and those by a shared secret are not
/// among them.
const SIGNED_BY: [Algorithm; 9] = [
    Algorithm::RS256,
    Algorithm::RS384,
    Algorithm::RS512,
    Algorithm::PS256,
    Algorithm::PS384,
    Algorithm::PS512,
    Algorithm::ES256,
    Algorithm::ES384,
    Algorithm::EdDSA,
];

/// By what a provider's word names a person.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum By {
    /// By an address of e-mail that the provider has verified.
    Email,
    /// By what the provider calls the person (`sub`), which it gives to no other.
    Subject,
}

/// The provider, and what this server is to it.
#[derive(Clone)]
pub struct Settings {
    /// Its address, as it names itself in what it signs.
    pub issuer: String,
    /// What it calls this server.
    pub client: String,
    /// What this server proves itself by; none: by PKCE alone.
    pub secret: Option<String>,
    /// Where it sends browsers back to; it has to know the address.
    pub back: String,
    /// Where it sends browsers to that signed out there.
    pub left: String,
    /// By what people are found.
    pub by: By,
}

impl fmt::Debug for Settings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { issuer, client, back, by, .. } = self;
        let secret = self.secret.is_some();
        write!(f, "Settings {{ {issuer}, {client}, secret: {secret}, {back}, {by:?} }}")
    }
}

/// Why the provider could not be asked, in words that may be logged.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct Unreached(pub String);

/// What a provider is asked.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Question {
    /// At which address.
    pub address: String,
    /// By what this server says who it is or what it may know, if it does: the header `Authorization`.
    pub authorization: Option<String>,
    /// A form to be sent, as it is written; none: it is only read.
    pub form: Option<String>,
}

/// Asks a provider over HTTP, on a thread that may block: status and body of its answer.
pub type Ask = Arc<dyn Fn(&Question) -> Result<(u16, Vec<u8>), Unreached> + Send + Sync>;

/// Signing in that has begun.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Begun {
    /// Where the browser goes.
    pub address: String,
    /// What it keeps until it is back, and shows to nobody else.
    pub kept: String,
}

/// With what a browser comes back, as it stands in the address.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Back {
    /// What the provider's word is given for.
    pub code: Option<String>,
    /// What the browser was sent with.
    pub state: Option<String>,
    /// Who sends it back (RFC 9207), if the provider says so.
    pub issuer: Option<String>,
    /// Why the provider lets nobody in, in its own short form.
    pub error: Option<String>,
}

/// Why nobody is signed in.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum OidcError {
    /// Settings that cannot be.
    #[error("{what} `{text}` is no address such as `https://id.example.com`")]
    Settings {
        /// Which.
        what: &'static str,
        /// As it was given.
        text: String,
    },
    /// The system has no random numbers.
    #[error("the system gives no random numbers: {0}")]
    Random(String),
    /// The provider cannot be asked, or says of itself what cannot be understood.
    #[error("the provider cannot be asked: {0}")]
    Unreached(String),
    /// What the browser keeps and what it comes back with do not belong together.
    #[error("signing in was not begun in this browser, or has ended already; begin again here")]
    Foreign,
    /// It took too long.
    #[error("signing in took more than a quarter of an hour; begin again")]
    TooLate,
    /// Another provider sent the browser back.
    #[error("the browser comes back from another provider than it was sent to; begin again")]
    OtherProvider,
    /// The provider lets nobody in.
    #[error("{}", declined(.0))]
    Declined(String),
    /// The provider does not take the code.
    #[error(
        "the provider does not take the code that it gave: it is good once and for a short time; begin again"
    )]
    Spent,
    /// The provider does not know this server.
    #[error(
        "the provider does not accept this server (`{0}`); whoever runs it looks at its client and secret"
    )]
    Server(String),
    /// The provider's word is not believed.
    #[error("what the provider says of you is not believed: {0}")]
    Unbelieved(String),
    /// It says no address.
    #[error(
        "the provider says no address of e-mail of you; whoever runs it has to give this server the scope `email`"
    )]
    NoAddress,
    /// It has not verified the address.
    #[error(
        "the provider does not say that `{0}` is verified to be your address, so anybody could have written it"
    )]
    Unverified(String),
}

/// What a refusal means to whoever reads it. Words of the address are not repeated: anybody can write one.
fn declined(code: &str) -> &'static str {
    match code {
        "access_denied" => "the provider lets you not in, or you broke off there",
        "login_required" | "interaction_required" | "account_selection_required" | "consent_required" => {
            "the provider wants to ask you something first; begin again"
        }
        "temporarily_unavailable" | "server_error" => {
            "the provider cannot let anybody in now; try again in a moment"
        }
        "unauthorized_client" | "invalid_request" | "invalid_scope" | "unsupported_response_type" => {
            "the provider does not let this server ask; whoever runs it looks at how the server is known there"
        }
        _ => {
            "the provider let nobody in and gave a reason that is not known here; the log of the server has it"
        }
    }
}

/// What a provider says of itself (OpenID Connect Discovery 1.0).
#[derive(Debug, Deserialize)]
struct Metadata {
    issuer: String,
    authorization_endpoint: String,
    token_endpoint: String,
    jwks_uri: String,
    userinfo_endpoint: Option<String>,
    end_session_endpoint: Option<String>,
    token_endpoint_auth_methods_supported: Option<Vec<String>>,
}

/// A provider as it is known: what it says of itself, and its keys.
struct Known {
    at: i64,
    said: Metadata,
    keys: Vec<Jwk>,
}

/// A provider by which people sign in.
pub struct Provider {
    settings: Settings,
    ask: Ask,
    known: Mutex<Option<Arc<Known>>>,
}

impl Provider {
    /// The provider of the settings; nothing is asked yet.
    ///
    /// # Errors
    /// [`OidcError::Settings`].
    pub fn new(settings: Settings, ask: Ask) -> Result<Self, OidcError> {
        for (what, text) in [
            ("the provider's address", &settings.issuer),
            ("the address to come back to", &settings.back),
            ("the address after signing out", &settings.left),
        ] {
            let host = text.strip_prefix("https://").or_else(|| text.strip_prefix("http://"));
            let plain = |c: char| c.is_ascii_graphic() && !"?#\"<>\\".contains(c);
            if !host.is_some_and(|host| !host.is_empty() && !host.starts_with('/') && host.chars().all(plain))
            {
                return Err(OidcError::Settings { what, text: text.clone() });
            }
        }
        Ok(Self { settings, ask, known: Mutex::new(None) })
    }

    /// Begins signing in. Asks the provider what it says of itself, unless that is known.
    ///
    /// # Errors
    /// [`OidcError::Unreached`], [`OidcError::Random`].
    pub fn begin(&self, key: &[u8; 32], at: i64) -> Result<Begun, OidcError> {
        let known = self.known(at, false)?;
        let kept = kept::new(at).map_err(|e| OidcError::Random(e.to_string()))?;
        let scope = match self.settings.by {
            By::Email => "openid email",
            By::Subject => "openid",
        };
        let challenge = URL_SAFE_NO_PAD.encode(Sha256::digest(kept::derived(key, &kept, "verifier")));
        let query = written(&[
            ("response_type", "code"),
            ("client_id", &self.settings.client),
            ("redirect_uri", &self.settings.back),
            ("scope", scope),
            ("state", &kept::derived(key, &kept, "state")),
            ("nonce", &kept::derived(key, &kept, "nonce")),
            ("code_challenge", &challenge),
            ("code_challenge_method", "S256"),
        ]);
        Ok(Begun { address: with(&known.said.authorization_endpoint, &query), kept })
    }

    /// Ends signing in: what the person is called, by [`Settings::by`].
    ///
    /// # Errors
    /// Anything but settings: who comes back is believed only if all of it fits.
    pub fn finish(
        &self,
        key: &[u8; 32],
        kept: Option<&str>,
        back: &Back,
        at: i64,
    ) -> Result<String, OidcError> {
        let kept = kept.ok_or(OidcError::Foreign)?;
        if back.state.as_deref() != Some(kept::derived(key, kept, "state").as_str()) {
            return Err(OidcError::Foreign);
        }
        let begun = kept::made_at(kept).ok_or(OidcError::Foreign)?;
        if !(begun..=begun.saturating_add(PATIENCE)).contains(&at) {
            return Err(OidcError::TooLate);
        }
        if back.issuer.as_ref().is_some_and(|issuer| *issuer != self.settings.issuer) {
            return Err(OidcError::OtherProvider);
        }
        if let Some(error) = &back.error {
            return Err(OidcError::Declined(error.clone()));
        }
        let code = back.code.as_deref().ok_or(OidcError::Foreign)?;
        let known = self.known(at, false)?;
        let given = self.given(&known, code, &kept::derived(key, kept, "verifier"))?;
        let nonce = kept::derived(key, kept, "nonce");
        let claims = match signed(&given.id_token, &known.keys) {
            Some(claims) => claims,
            // A key that is not known is a new one, perhaps: what the provider says of itself is asked again, once.
            None => signed(&given.id_token, &self.known(at, true)?.keys)
                .ok_or_else(|| unbelieved("its signature is not by a key of the provider"))?,
        };
        let subject = self.believed(&claims, &nonce, at).map_err(unbelieved)?;
        match self.settings.by {
            By::Subject => Ok(subject.to_owned()),
            By::Email => self.address(&known, &claims, subject, given.access_token.as_deref()),
        }
    }

    /// Where a browser signs out at the provider, too; none: the provider knows no such thing.
    ///
    /// # Errors
    /// [`OidcError::Unreached`].
    pub fn sign_out(&self, at: i64) -> Result<Option<String>, OidcError> {
        let known = self.known(at, false)?;
        let query = written(&[
            ("client_id", self.settings.client.as_str()),
            ("post_logout_redirect_uri", self.settings.left.as_str()),
        ]);
        Ok(known.said.end_session_endpoint.as_deref().map(|end| with(end, &query)))
    }

    /// What the provider gives for a code: its word, and what lets this server ask about the person.
    fn given(&self, known: &Known, code: &str, verifier: &str) -> Result<Given, OidcError> {
        let Settings { client, secret, back, .. } = &self.settings;
        let mut form = vec![
            ("grant_type", "authorization_code"),
            ("code", code),
            ("redirect_uri", back),
            ("code_verifier", verifier),
        ];
        // By the header, unless the provider takes a secret in the form alone; without a secret it is named.
        let ways = known.said.token_endpoint_auth_methods_supported.as_deref().unwrap_or_default();
        let takes = |way: &str| ways.iter().any(|of| of == way);
        let in_form = takes("client_secret_post") && !takes("client_secret_basic");
        let authorization = secret.as_ref().filter(|_| !in_form).map(|secret| {
            let both = format!("{}:{}", encoded(client), encoded(secret));
            format!("Basic {}", STANDARD.encode(both))
        });
        if authorization.is_none() {
            form.push(("client_id", client));
            form.extend(secret.iter().map(|secret| ("client_secret", secret.as_str())));
        }
        let form = Some(written(&form));
        let question = Question { address: known.said.token_endpoint.clone(), authorization, form };
        let (status, body) = self.asked(&question)?;
        if let (200, Ok(given)) = (status, serde_json::from_slice(&body)) {
            return Ok(given);
        }
        let said: Option<Value> = serde_json::from_slice(&body).ok();
        match said.as_ref().and_then(|said| said.get("error")?.as_str()) {
            Some("invalid_grant") => Err(OidcError::Spent),
            Some(error) => Err(OidcError::Server(error.chars().take(80).collect())),
            None if status == 200 => Err(unbelieved("it signs nothing")),
            None => Err(OidcError::Unreached(format!("to a code it answered {status}"))),
        }
    }

    /// Who a signed word is about, if issuer, audience, nonce and times are right; else what is wrong, without what it says.
    fn believed<'c>(&self, claims: &'c Value, nonce: &str, at: i64) -> Result<&'c str, &'static str> {
        let text = |name: &str| claims.get(name).and_then(Value::as_str);
        let seconds = |name: &str| {
            let value = claims.get(name)?;
            value.as_i64().or_else(|| Some(value.as_f64()?.floor() as i64))
        };
        let now = at.div_euclid(1_000_000);
        if text("iss") != Some(&self.settings.issuer) {
            return Err("another provider gives it");
        }
        let own = |of: &Value| of.as_str() == Some(&self.settings.client);
        let audience = match claims.get("aud") {
            Some(Value::Array(all)) => !all.is_empty() && all.iter().all(own),
            Some(one) => own(one),
            None => false,
        };
        if !audience || claims.get("azp").is_some_and(|azp| !own(azp)) {
            return Err("it is for another server than this one");
        }
        if text("nonce") != Some(nonce) {
            return Err("it was given for another time of signing in");
        }
        let just_now = now - PATIENCE / 1_000_000 - SKEW..=now + SKEW;
        let is_over = seconds("exp").is_none_or(|over| over <= now);
        let is_old = seconds("iat").is_none_or(|signed| !just_now.contains(&signed));
        if is_over || is_old || seconds("nbf").is_some_and(|from| from > now + SKEW) {
            return Err("it is over, or not of now; perhaps clocks differ");
        }
        text("sub").filter(|subject| !subject.is_empty()).ok_or("it is about nobody")
    }

    /// The verified address: of what is signed, or where the provider gives it only when it is asked for, of its answer.
    fn address(
        &self,
        known: &Known,
        claims: &Value,
        subject: &str,
        token: Option<&str>,
    ) -> Result<String, OidcError> {
        let asked;
        let mut said = claims;
        if let (None, Some(address), Some(token)) =
            (claims.get("email"), &known.said.userinfo_endpoint, token)
        {
            let authorization = Some(format!("Bearer {token}"));
            asked =
                self.json(&Question { address: address.clone(), authorization, form: None }, "of a person")?;
            if asked.get("sub").and_then(Value::as_str) != Some(subject) {
                return Err(unbelieved("it is about somebody else"));
            }
            said = &asked;
        }
        let address = said.get("email").and_then(Value::as_str).ok_or(OidcError::NoAddress)?.to_owned();
        match said.get("email_verified") {
            Some(Value::Bool(true)) => Ok(address),
            // Some write it as a text.
            Some(Value::String(yes)) if yes == "true" => Ok(address),
            _ => Err(OidcError::Unverified(address)),
        }
    }

    fn asked(&self, question: &Question) -> Result<(u16, Vec<u8>), OidcError> {
        (self.ask)(question).map_err(|why| OidcError::Unreached(why.0))
    }

    /// An answer that is JSON.
    fn json(&self, question: &Question, about: &str) -> Result<Value, OidcError> {
        match self.asked(question)? {
            (200, body) => serde_json::from_slice(&body)
                .map_err(|_| OidcError::Unreached(format!("what it says {about} is not understood"))),
            (status, _) => Err(OidcError::Unreached(format!("at {} it answered {status}", question.address))),
        }
    }

    /// What the provider says of itself, and its keys; anew if it has to be.
    fn known(&self, at: i64, anew: bool) -> Result<Arc<Known>, OidcError> {
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        let is_fresh = |of: &&Arc<Known>| !anew && (of.at..of.at.saturating_add(KNOWN_FOR)).contains(&at);
        if let Some(known) = known.as_ref().filter(is_fresh) {
            return Ok(Arc::clone(known));
        }
        let issuer = &self.settings.issuer;
        let read = |address: &str| Question { address: address.to_owned(), ..Question::default() };
        let address = format!("{}/.well-known/openid-configuration", issuer.trim_end_matches('/'));
        let said = self.json(&read(&address), "of itself")?;
        let said: Metadata = serde_json::from_value(said)
            .map_err(|_| OidcError::Unreached("what it says of itself is not understood".to_owned()))?;
        if said.issuer != *issuer {
            return Err(OidcError::Unreached(format!(
                "it calls itself otherwise than `{issuer}`; the address has to be the same, to the last stroke"
            )));
        }
        let keys = self.json(&read(&said.jwks_uri), "of its keys")?;
        let keys = keys.get("keys").and_then(Value::as_array).into_iter().flatten();
        // Keys of a kind that is not known here sign nothing that is believed.
        let keys = keys.filter_map(|key| serde_json::from_value(key.clone()).ok()).collect();
        let found = Arc::new(Known { at, said, keys });
        *known = Some(Arc::clone(&found));
        Ok(found)
    }
}

/// What a provider gives for a code.
#[derive(Deserialize)]
struct Given {
    id_token: String,
    access_token: Option<String>,
}

/// What a word says that one of the keys has signed; none: none of them has. Of what it says nothing is held against
/// anything yet.
fn signed(word: &str, keys: &[Jwk]) -> Option<Value> {
    let header = jsonwebtoken::decode_header(word).ok().filter(|header| SIGNED_BY.contains(&header.alg))?;
    let mut validation = Validation::new(header.alg);
    (validation.validate_exp, validation.validate_aud) = (false, false);
    validation.required_spec_claims.clear();
    let named = |key: &&Jwk| header.kid.is_none() || key.common.key_id == header.kid;
    keys.iter().filter(named).find_map(|key| {
        let key = DecodingKey::from_jwk(key).ok()?;
        jsonwebtoken::decode::<Value>(word, &key, &validation).ok().map(|word| word.claims)
    })
}

fn unbelieved(why: impl Into<String>) -> OidcError {
    OidcError::Unbelieved(why.into())
}

/// An address with more in its query.
fn with(address: &str, query: &str) -> String {
    format!("{address}{}{query}", if address.contains('?') { '&' } else { '?' })
}

/// Names and values as a form or a query has them.
fn written(pairs: &[(&str, &str)]) -> String {
    let pairs = pairs.iter().map(|(name, value)| format!("{name}={}", encoded(value)));
    pairs.collect::<Vec<_>>().join("&")
}

/// A value as a query has it.
fn encoded(text: &str) -> String {
    let mut all = String::new();
    for byte in text.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => all.push(char::from(byte)),
            _ => all.push_str(&format!("%{byte:02X}")),
        }
    }
    all
}
