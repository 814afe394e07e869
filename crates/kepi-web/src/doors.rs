//! Who may come in: every request but a few that show nothing passes here before it reaches a page.
//!
//! A request says who it is by a session's cookie or a token, and by nothing else: no other header, no part of an address.
//! Forms are taken only from pages of this server. Who that is, is known behind the port [`Door`].

use std::{net::IpAddr, pin::Pin, sync::Arc};

use axum::{
    Router,
    body::Body,
    extract::{Extension, Request},
    http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, Uri, header},
    middleware::{Next, from_fn},
    response::{IntoResponse, Response},
    routing::get,
};
use kepi_model::id::Hash;
use kepi_report::{seen::Sight, view::Viewer};

use crate::{
    assets,
    inbound::is_inbound,
    pages::sign_in::{self, Said},
    respond::{self, Kind},
};

/// What a door waits for.
pub type Answer<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// By what a request says who it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Credentials<'a> {
    /// By nothing.
    None,
    /// By the key of a session.
    Session(&'a str),
    /// By a token.
    Token(&'a str),
}

/// Somebody who has come in.
#[derive(Clone)]
pub struct Visitor {
    /// As shown.
    pub name: String,
    /// Whether it is enough to reach the server: nobody has signed in, because nobody can.
    pub unasked: bool,
    /// What is seen; none: everything.
    pub sight: Option<Arc<dyn Sight>>,
    /// Number of the person and of the token that acts for it, as the log knows them; none: nobody has signed in.
    pub known: Option<(u64, Option<u64>)>,
    /// As whom, by name, this visitor decides; none: nothing can be decided.
    pub acts_as: Option<String>,
    /// What forms of this visitor carry where there is no session whose key they could be made of.
    pub form_key: Option<String>,
    /// What makes a form that is made now one request, however often it is sent.
    pub request_key: String,
}

/// What somebody was refused.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Attempt {
    /// The action, as policies write it.
    pub action: &'static str,
    /// Kind and name of what it was about.
    pub on: (&'static str, String),
    /// For which unit, if for one.
    pub unit: Option<String>,
}

/// Why somebody does not come in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum NoEntry {
    /// Nobody is known by what the request says.
    Stranger,
    /// Signing in failed, in words.
    Refused(String),
    /// It cannot be told now; why, in words.
    Unavailable(String),
}

/// Knows who comes.
pub trait Door: Send + Sync {
    /// Who a request is from.
    fn who<'a>(&'a self, with: Credentials<'a>) -> Answer<'a, Result<Visitor, NoEntry>>;
    /// Begins a session: its key, which nobody had before.
    fn sign_in<'a>(
        &'a self,
        name: &'a str,
        password: &'a str,
        from: Option<IpAddr>,
    ) -> Answer<'a, Result<String, NoEntry>>;
    /// Keeps a record that somebody was refused something.
    fn refused<'a>(&'a self, visitor: &'a Visitor, attempt: Attempt) -> Answer<'a, ()>;
    /// Ends a session.
    fn sign_out<'a>(&'a self, key: &'a str) -> Answer<'a, Result<(), NoEntry>>;
}

/// Signing in at a provider that has begun.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Begun {
    /// Where the browser goes.
    pub address: String,
    /// What it keeps until it is back.
    pub kept: String,
}

/// With what a browser comes back from a provider, as it stands in the address.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Back {
    /// What the provider's word is given for.
    pub code: Option<String>,
    /// What the browser was sent with.
    pub state: Option<String>,
    /// Who sends it back, if the provider says so.
    pub issuer: Option<String>,
    /// Why the provider lets nobody in, in its own short form.
    pub error: Option<String>,
}

/// A provider at which people sign in, and that says here who they are.
pub trait Provider: Send + Sync {
    /// What it is called.
    fn name(&self) -> &str;
    /// Begins signing in there.
    fn send(&self) -> Answer<'_, Result<Begun, NoEntry>>;
    /// Ends it here: the key of a session, which nobody had before.
    fn finish<'a>(&'a self, kept: Option<&'a str>, back: Back) -> Answer<'a, Result<String, NoEntry>>;
    /// Where a browser signs out there; none: nowhere.
    fn sign_out(&self) -> Answer<'_, Result<Option<String>, NoEntry>>;
}

/// Who a request is from, and where a refusal is told.
#[derive(Clone)]
pub(crate) struct Guest {
    pub(crate) visitor: Visitor,
    pub(crate) door: Arc<dyn Door>,
}

/// From which address a request came.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Peer(pub IpAddr);

/// Under which address browsers reach a server: `https://kpi.example.com`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Origin {
    /// Whether nobody on the way can read along.
    pub secret: bool,
    /// Name, and port if it is not the usual one.
    pub host: String,
}

impl std::fmt::Display for Origin {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}://{}", if self.secret { "https" } else { "http" }, self.host)
    }
}

impl std::str::FromStr for Origin {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let wrong = || format!("`{text}` is no address such as `https://kpi.example.com`");
        let (scheme, host) = text.trim_end_matches('/').split_once("://").ok_or_else(wrong)?;
        let secret = match scheme {
            "https" => true,
            "http" => false,
            _ => return Err(wrong()),
        };
        let plain = |c: char| c.is_ascii_alphanumeric() || "-.:[]".contains(c);
        if host.is_empty() || !host.chars().all(plain) {
            return Err(wrong());
        }
        Ok(Self { secret, host: host.to_ascii_lowercase() })
    }
}

/// The way in: the door, and the address that browsers know.
#[derive(Clone)]
pub struct Entrance {
    /// Knows who comes.
    pub door: Arc<dyn Door>,
    /// The address; none: that of this machine, spoken to openly.
    pub at: Option<Origin>,
    /// The provider by which people sign in; none: by password alone.
    pub provider: Option<Arc<dyn Provider>>,
}

/// Where one signs in.
const SIGN_IN: &str = "/sign-in";
/// From where one goes to the provider.
const TO_PROVIDER: &str = "/sign-in/provider";
/// Where one comes back from the provider; it has to know this address.
pub const BACK: &str = "/sign-in/back";
/// From where one goes to sign out at the provider, too.
const LEAVE: &str = "/sign-in/leave";
/// So long a browser keeps what it needs to come back, in seconds.
const BEGUN_FOR: u32 = 15 * 60;
/// Where one signs out.
const SIGN_OUT: &str = "/sign-out";
/// What a proxy tells of whom it asks for. It says to nobody who somebody is: anybody can write it.
const FORWARDED: [&str; 4] = ["forwarded", "x-forwarded-for", "x-forwarded-host", "x-real-ip"];

impl Entrance {
    fn is_secret(&self) -> bool {
        self.at.as_ref().is_some_and(|at| at.secret)
    }

    /// The name of the cookie. With this prefix browsers take it over https and from the server itself alone.
    fn cookie(&self) -> &'static str {
        if self.is_secret() { "__Host-kepi" } else { "kepi_session" }
    }

    fn set_cookie(&self, key: &str, keep: bool) -> Option<HeaderValue> {
        let secret = if self.is_secret() { "; Secure" } else { "" };
        // Kept until the browser is closed; how long it is good for is known here.
        let over = if keep { "" } else { "; Max-Age=0" };
        let cookie = format!("{}={key}; Path=/; HttpOnly; SameSite=Lax{secret}{over}", self.cookie());
        HeaderValue::try_from(cookie).ok()
    }

    /// The name of the cookie that says what was begun at a provider.
    fn begun_cookie(&self) -> &'static str {
        if self.is_secret() { "__Host-kepi_begun" } else { "kepi_begun" }
    }

    /// Keeps what was begun at a provider, or keeps it no longer. Sent along when the provider sends the browser back.
    fn set_begun(&self, begun: Option<&str>) -> Option<HeaderValue> {
        let secret = if self.is_secret() { "; Secure" } else { "" };
        let (value, age) = begun.map_or(("", 0), |value| (value, BEGUN_FOR));
        let name = self.begun_cookie();
        let cookie = format!("{name}={value}; Path=/; HttpOnly; SameSite=Lax{secret}; Max-Age={age}");
        HeaderValue::try_from(cookie).ok()
    }

    /// The key of the session that a request is of.
    fn session<'a>(&self, headers: &'a HeaderMap) -> Option<&'a str> {
        only_cookie(headers, self.cookie())
    }

    /// A session begins in a browser; whoever was signed in there is not any more.
    async fn begin_session(&self, headers: &HeaderMap, key: &str, next: &str) -> Response {
        if let Some(before) = self.session(headers) {
            let _ = self.door.sign_out(before).await;
        }
        let mut response = see(next);
        if let Some(cookie) = self.set_cookie(key, true) {
            response.headers_mut().append(header::SET_COOKIE, cookie);
        }
        response
    }

    fn page(&self, status: StatusCode, said: Said<'_>) -> Response {
        let provider = self.provider.as_deref().map(Provider::name);
        let headers =
            [(header::CONTENT_TYPE, "text/html; charset=utf-8"), (header::CACHE_CONTROL, "no-store")];
        (status, headers, sign_in::render(&Said { provider, ..said }).into_string()).into_response()
    }

    /// Whether a form comes from a page of this server.
    fn is_own_form(&self, headers: &HeaderMap) -> bool {
        let text = |name: HeaderName| {
            let mut all = headers.get_all(name).iter();
            let one = all.next().map(|value| value.to_str().unwrap_or("?"));
            if all.next().is_some() { Some("?") } else { one }
        };
        if let Some(site) = text(HeaderName::from_static("sec-fetch-site")) {
            return site == "same-origin";
        }
        let Some(origin) = text(header::ORIGIN) else { return false };
        match &self.at {
            Some(at) => origin.parse().is_ok_and(|origin: Origin| origin == *at),
            None => text(header::HOST).is_some_and(|host| origin == format!("http://{host}")),
        }
    }
}

/// The value of a cookie. Of two none is believed: who could add one could add the first.
fn only_cookie<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    let cookies = headers.get_all(header::COOKIE).iter().filter_map(|value| value.to_str().ok());
    let pairs = cookies.flat_map(|value| value.split(';')).filter_map(|pair| pair.trim().split_once('='));
    let mut ours = pairs.filter(|(known, _)| *known == name).map(|(_, value)| value);
    let one = ours.next().filter(|value| !value.is_empty());
    if ours.next().is_some() { None } else { one }
}

/// The router behind the entrance, with the pages on which one signs in and out.
pub fn guarded(router: Router, entrance: Entrance) -> Router {
    let (shown, sent, left) = (entrance.clone(), entrance.clone(), entrance.clone());
    let (gone, back, leaving) = (entrance.clone(), entrance.clone(), entrance.clone());
    let doors = Router::new()
        .route(TO_PROVIDER, get(move |request: Request| to_provider(gone, request)))
        .route(BACK, get(move |request: Request| from_provider(back, request)))
        .route(LEAVE, get(move || leave_provider(leaving)))
        .route(
            SIGN_IN,
            get(move |request: Request| show_sign_in(shown, request))
                .post(move |peer, headers, body| take_sign_in(sent, peer, headers, body)),
        )
        .route(SIGN_OUT, axum::routing::post(move |headers, body| take_sign_out(left, headers, body)));
    let doors = crate::with_manners(doors);
    router.merge(doors).layer(from_fn(move |request: Request, next: Next| {
        let entrance = entrance.clone();
        async move { guard(entrance, request, next).await }
    }))
}

/// What shows nothing of the project, and so is open to everybody.
fn is_open(path: &str) -> bool {
    [SIGN_IN, SIGN_OUT, TO_PROVIDER, BACK, LEAVE, "/livez", "/readyz", "/favicon.ico"].contains(&path)
        || path == assets::stylesheet().path
        || path == assets::favicon().path
}

async fn guard(entrance: Entrance, mut request: Request, next: Next) -> Response {
    let kind = if request.uri().path().starts_with("/api/") { Kind::Json } else { Kind::Html };
    if has_secret(request.uri()) {
        let detail = "an address is no place for a token or a password: it is kept in histories and logs. Revoke what was \
                      sent (`kepi access token revoke`) and send a token as `Authorization: Bearer`";
        return respond::problem(kind, StatusCode::BAD_REQUEST, "secret_in_address", detail);
    }
    if is_open(request.uri().path()) {
        return next.run(request).await;
    }
    let credentials = match bearer(request.headers()) {
        Some(Some(token)) => Credentials::Token(token),
        Some(None) => {
            let detail = "the header `Authorization` is not `Bearer` with one token";
            return unauthorised(kind, detail);
        }
        None => entrance.session(request.headers()).map_or(Credentials::None, Credentials::Session),
    };
    let form_key = match credentials {
        Credentials::Session(key) => Some(form_key(key)),
        _ => None,
    };
    match entrance.door.who(credentials).await {
        Ok(visitor)
            if visitor.unasked && FORWARDED.iter().any(|name| request.headers().contains_key(*name)) =>
        {
            let detail = "a proxy passes on requests to a server on which nobody signs in, so everybody beyond it would read \
                          everything; let somebody sign in first: `kepi access add NAME`";
            respond::problem(kind, StatusCode::FORBIDDEN, "proxy_without_sign_in", detail)
        }
        Ok(visitor) => {
            // What changes something is a form, and comes from a page of this server; or it is what another system says by a token, which no
            // browser sends by itself.
            let by_token = matches!(credentials, Credentials::Token(_)) && is_inbound(request.uri().path());
            if !request.method().is_safe() && !by_token && !entrance.is_own_form(request.headers()) {
                return foreign();
            }
            let signed_in = form_key.is_some() && !visitor.unasked;
            let viewer = Viewer {
                name: visitor.name.clone(),
                signed_in,
                form_key: if signed_in { form_key } else { visitor.form_key.clone() },
                decides: visitor.acts_as.is_some()
                    && visitor.sight.as_ref().is_none_or(|sight| sight.decides()),
                acts_as: visitor.acts_as.clone(),
                request_key: visitor.request_key.clone(),
            };
            request.extensions_mut().insert(Guest { visitor, door: Arc::clone(&entrance.door) });
            request.extensions_mut().insert(viewer);
            next.run(request).await
        }
        Err(NoEntry::Unavailable(why)) => {
            respond::problem(kind, StatusCode::SERVICE_UNAVAILABLE, "unavailable", &why)
        }
        Err(NoEntry::Stranger | NoEntry::Refused(_)) => match (kind, credentials) {
            (Kind::Json, Credentials::Token(_)) | (_, Credentials::Token(_)) => unauthorised(
                kind,
                "the token is not known, over or revoked; `kepi access token create` makes one",
            ),
            (Kind::Json, _) => unauthorised(
                kind,
                "who asks is not known; send a token as `Authorization: Bearer`, which `kepi access token create` makes",
            ),
            _ => to_sign_in(&request),
        },
    }
}

/// Whether an address carries what is secret.
pub(crate) fn has_secret(uri: &Uri) -> bool {
    let Some(query) = uri.query() else { return false };
    query.split('&').any(|pair| {
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        let name = name.to_ascii_lowercase();
        let named =
            ["token", "access_token", "password", "api_key", "authorization"].contains(&name.as_str());
        named || (value.starts_with("kepi_") && value.len() > 40)
    })
}

/// The token of a request; `None` inside: the header holds something else.
fn bearer(headers: &HeaderMap) -> Option<Option<&str>> {
    let mut all = headers.get_all(header::AUTHORIZATION).iter();
    let first = all.next()?;
    let token = first.to_str().ok().and_then(|text| {
        let (scheme, token) = text.trim().split_once(' ')?;
        scheme.eq_ignore_ascii_case("bearer").then(|| token.trim())
    });
    Some(token.filter(|token| !token.is_empty() && all.next().is_none()))
}

fn unauthorised(kind: Kind, detail: &str) -> Response {
    let mut response = respond::problem(kind, StatusCode::UNAUTHORIZED, "not_signed_in", detail);
    response.headers_mut().insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
    response
}

/// What a form of a session carries. It says nothing of the key.
fn form_key(session: &str) -> String {
    Hash::of(format!("form of {session}").as_bytes()).to_string()
}

/// Leads to the page on which one signs in, and back from there.
fn to_sign_in(request: &Request) -> Response {
    let asked = request.uri().path_and_query().map_or("/", |asked| asked.as_str());
    let read = [Method::GET, Method::HEAD].contains(request.method());
    let next = if read && asked != "/" { format!("?next={}", encoded(asked)) } else { String::new() };
    see(&format!("{SIGN_IN}{next}"))
}

/// An answer that leads elsewhere, on this server.
pub(crate) fn see(path: &str) -> Response {
    let location = HeaderValue::try_from(path).unwrap_or(HeaderValue::from_static("/"));
    let headers =
        [(header::LOCATION, location), (header::CACHE_CONTROL, HeaderValue::from_static("no-store"))];
    (StatusCode::SEE_OTHER, headers).into_response()
}

/// As part of a query.
pub(crate) fn encoded(text: &str) -> String {
    let mut all = String::new();
    for byte in text.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'/' | b'-' | b'.' | b'_' => all.push(char::from(byte)),
            _ => all.push_str(&format!("%{byte:02X}")),
        }
    }
    all
}

/// The page to go to after signing in: one of this server, or the first. What begins with two strokes, or holds what
/// browsers read as one, names another server.
fn next_page(asked: Option<&str>) -> &str {
    let own = |path: &&str| {
        path.starts_with('/')
            && !path.starts_with("//")
            && path.bytes().all(|b| b.is_ascii_graphic() && b != b'\\')
            && !path.starts_with(SIGN_IN)
            && !path.starts_with(SIGN_OUT)
    };
    asked.filter(own).unwrap_or("/")
}

type Fields = Vec<(String, String)>;

fn field<'a>(fields: &'a Fields, name: &str) -> Option<&'a str> {
    fields.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
}

fn query_of(uri: &Uri) -> Fields {
    axum::extract::Query::<Fields>::try_from_uri(uri).map(|query| query.0).unwrap_or_default()
}

async fn show_sign_in(entrance: Entrance, request: Request) -> Response {
    let query = query_of(request.uri());
    let next = next_page(field(&query, "next")).to_owned();
    // Who is in already needs no page to come in by.
    let credentials = entrance.session(request.headers()).map_or(Credentials::None, Credentials::Session);
    if entrance.door.who(credentials).await.is_ok() {
        return see(&next);
    }
    let left = field(&query, "left").is_some();
    entrance.page(StatusCode::OK, Said { next: &next, left, ..Said::default() })
}

/// A provider that is asked for and is none.
fn no_provider() -> Response {
    let detail = "people sign in here with a password; a server that is started with `--oidc-issuer` sends them to a provider";
    respond::problem(Kind::Html, StatusCode::NOT_FOUND, "no_provider", detail)
}

/// Sends a browser to the provider. What it keeps meanwhile says to which page it leads afterwards, too.
async fn to_provider(entrance: Entrance, request: Request) -> Response {
    let Some(provider) = entrance.provider.clone() else { return no_provider() };
    let query = query_of(request.uri());
    let next = next_page(field(&query, "next"));
    match provider.send().await {
        Ok(Begun { address, kept }) => {
            let mut response = see(&address);
            if let Some(cookie) = entrance.set_begun(Some(&format!("{kept}~{}", encoded(next)))) {
                response.headers_mut().append(header::SET_COOKIE, cookie);
            }
            response
        }
        Err(why) => entrance.failed(&why, Said { next, ..Said::default() }),
    }
}

/// Takes a browser that comes back from the provider. What it kept is good for this once.
async fn from_provider(entrance: Entrance, request: Request) -> Response {
    let Some(provider) = entrance.provider.clone() else { return no_provider() };
    let query = query_of(request.uri());
    let one = |name: &str| {
        let mut all = query.iter().filter(|(known, _)| known == name);
        let one = all.next().map(|(_, value)| value.clone());
        if all.next().is_some() { None } else { one }
    };
    let back = Back { code: one("code"), state: one("state"), issuer: one("iss"), error: one("error") };
    let kept = only_cookie(request.headers(), entrance.begun_cookie());
    let (kept, next) = kept.and_then(|kept| kept.split_once('~')).unzip();
    let next = query_of(&format!("/?next={}", next.unwrap_or_default()).parse().unwrap_or_default());
    let next = next_page(field(&next, "next"));
    let mut response = match provider.finish(kept, back).await {
        Ok(key) => entrance.begin_session(request.headers(), &key, next).await,
        Err(why) => entrance.failed(&why, Said { next, ..Said::default() }),
    };
    if let Some(cookie) = entrance.set_begun(None) {
        response.headers_mut().append(header::SET_COOKIE, cookie);
    }
    response
}

/// Sends a browser that signed out here to where it signs out at the provider.
async fn leave_provider(entrance: Entrance) -> Response {
    let Some(provider) = entrance.provider.clone() else { return no_provider() };
    match provider.sign_out().await {
        Ok(Some(address)) => see(&address),
        Ok(None) => {
            let why = format!("{} names no page on which one signs out; do it there", provider.name());
            entrance.failed(&NoEntry::Refused(why), Said::default())
        }
        Err(why) => entrance.failed(&why, Said::default()),
    }
}

impl Entrance {
    /// The page on which one signs in, with why somebody does not come in.
    fn failed(&self, why: &NoEntry, said: Said<'_>) -> Response {
        let (status, wrong) = match why {
            NoEntry::Unavailable(why) => (StatusCode::SERVICE_UNAVAILABLE, why.as_str()),
            NoEntry::Refused(why) => (StatusCode::FORBIDDEN, why.as_str()),
            NoEntry::Stranger => (StatusCode::FORBIDDEN, ""),
        };
        self.page(status, Said { wrong: Some(wrong), ..said })
    }
}

/// A form that no page of this server sent.
pub(crate) fn foreign() -> Response {
    let detail =
        "the form does not come from a page of this server; open the page again and send it from there";
    respond::problem(Kind::Html, StatusCode::FORBIDDEN, "foreign_form", detail)
}

async fn take_sign_in(
    entrance: Entrance,
    peer: Option<Extension<Peer>>,
    headers: HeaderMap,
    axum::Form(fields): axum::Form<Fields>,
) -> Response {
    if !entrance.is_own_form(&headers) {
        return foreign();
    }
    let (name, password) = (field(&fields, "name").unwrap_or(""), field(&fields, "password").unwrap_or(""));
    let next = next_page(field(&fields, "next"));
    // Behind a proxy every request comes from its address.
    let from = peer.filter(|_| entrance.at.is_none()).map(|Extension(Peer(address))| address);
    match entrance.door.sign_in(name, password, from).await {
        Ok(key) => entrance.begin_session(&headers, &key, next).await,
        Err(NoEntry::Unavailable(why)) => {
            respond::problem(Kind::Html, StatusCode::SERVICE_UNAVAILABLE, "unavailable", &why)
        }
        Err(why) => entrance.failed(&why, Said { next, name, ..Said::default() }),
    }
}

async fn take_sign_out(
    entrance: Entrance,
    headers: HeaderMap,
    axum::Form(fields): axum::Form<Fields>,
) -> Response {
    let session = entrance.session(&headers);
    let own = session.is_some_and(|key| field(&fields, "key") == Some(form_key(key).as_str()));
    let Some(key) = session.filter(|_| own && entrance.is_own_form(&headers)) else { return foreign() };
    if let Err(NoEntry::Unavailable(why)) = entrance.door.sign_out(key).await {
        return respond::problem(Kind::Html, StatusCode::SERVICE_UNAVAILABLE, "unavailable", &why);
    }
    let mut response = match entrance.provider {
        Some(_) => see(&format!("{SIGN_IN}?left=1")),
        None => see(SIGN_IN),
    };
    if let Some(cookie) = entrance.set_cookie("", false) {
        response.headers_mut().insert(header::SET_COOKIE, cookie);
    }
    response
}

/// A request with the address that it came from.
pub(crate) fn from_peer(mut request: Request<Body>, peer: IpAddr) -> Request<Body> {
    request.extensions_mut().insert(Peer(peer));
    request
}
