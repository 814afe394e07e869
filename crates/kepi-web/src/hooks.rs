//! What other systems post to sources. It is let in by its signature and by nothing else, so it passes by the doors: whoever posts has no
//! session, and a session posts nothing.

use std::{sync::Arc, time::Duration};

use axum::{
    Router,
    body::Bytes,
    extract::{
        DefaultBodyLimit, Path,
        rejection::{BytesRejection, PathRejection},
    },
    http::{HeaderMap, HeaderValue, Method, StatusCode, Uri, header},
    response::{IntoResponse, Response},
    routing::{any, post},
};

use crate::{
    doors::{Answer, Origin, has_secret},
    respond::{self, Kind},
};

/// Where it is posted to.
pub const HOOK: &str = "/hooks/{source}";
/// Where nothing is, but somebody may well look.
const AROUND: [&str; 3] = ["/hooks", "/hooks/", "/hooks/{source}/{*more}"];
/// The longest body that is taken.
pub const MOST_BYTES: usize = 4 * 1024 * 1024;

/// Something posted.
#[derive(Clone)]
pub struct Posted {
    /// The source, as the address names it.
    pub source: String,
    /// The method.
    pub method: Method,
    /// The whole address, as whoever posted knows it.
    pub address: String,
    /// The headers.
    pub headers: HeaderMap,
    /// The body, as it came.
    pub body: Bytes,
}

/// What became of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Took {
    /// It is kept.
    Kept,
    /// There is no such source to which anything is posted.
    Unknown,
    /// It is not believed.
    Unproven,
    /// It is in another form than the source declares; which one.
    Form(String),
    /// It is not what its form says; why.
    Unclear(String),
    /// More rows than are ever taken at once; why.
    TooMuch(String),
    /// More posts than the source takes in so short a time; after so long there is room for one.
    TooMany(Duration),
    /// Not now, but perhaps after so long.
    Later(Duration),
}

/// Takes what is posted.
pub trait Hooks: Send + Sync {
    /// Takes something: once it is said to be kept, it is on the disk.
    fn take(&self, posted: Posted) -> Answer<'_, Took>;
    /// Counts something that was too large to be read.
    fn too_large(&self, source: &str);
}

/// The router, with what takes posts beside it. `at`: the address under which others know this server.
pub fn posting(router: Router, hooks: Arc<dyn Hooks>, at: Option<Origin>) -> Router {
    let take = move |source, method, uri, headers, body| {
        take(Arc::clone(&hooks), at.clone(), source, (method, uri, headers), body)
    };
    let around = |router: Router, path: &&str| {
        router.route(path, any(|| async { problem(StatusCode::NOT_FOUND, "not_found", NO_SOURCE) }))
    };
    let hooks = AROUND.iter().fold(Router::new().route(HOOK, post(take)), around);
    let hooks = hooks.layer(DefaultBodyLimit::max(MOST_BYTES));
    // What is longer is read up to there by who counts it.
    router.merge(crate::with_manners_up_to(hooks, usize::MAX))
}

/// What is said where no source is named.
const NO_SOURCE: &str =
    "nothing is posted here: post to `/hooks/SOURCE`, with the name of a source that is `from: {webhook: …}`";

fn problem(status: StatusCode, code: &str, detail: &str) -> Response {
    respond::problem(Kind::Json, status, code, detail)
}

/// The same, to be asked again after so long.
fn again(status: StatusCode, code: &str, detail: &str, after: Duration) -> Response {
    let mut response = problem(status, code, detail);
    // A second that has begun is one to wait.
    let seconds = after.as_millis().div_ceil(1000).max(1);
    let seconds = u64::try_from(seconds).unwrap_or(u64::MAX);
    response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(seconds));
    response
}

async fn take(
    hooks: Arc<dyn Hooks>,
    at: Option<Origin>,
    source: Result<Path<String>, PathRejection>,
    (method, uri, headers): (Method, Uri, HeaderMap),
    body: Result<Bytes, BytesRejection>,
) -> Response {
    let unknown = || problem(StatusCode::NOT_FOUND, "not_found", "nothing is posted here");
    let Ok(Path(source)) = source else { return unknown() };
    if has_secret(&uri) {
        let detail = "an address is no place for a secret: it is kept in logs. Send it in a header";
        return problem(StatusCode::BAD_REQUEST, "secret_in_address", detail);
    }
    let body = match body {
        Ok(body) => body,
        Err(rejected) if rejected.status() == StatusCode::PAYLOAD_TOO_LARGE => {
            hooks.too_large(&source);
            return problem(StatusCode::PAYLOAD_TOO_LARGE, "too_large", "a body has 4 MiB at most");
        }
        Err(_) => return problem(StatusCode::BAD_REQUEST, "unclear", "the body broke off"),
    };
    let origin = at.map_or_else(
        || {
            let host = headers.get(header::HOST).and_then(|host| host.to_str().ok()).unwrap_or_default();
            format!("http://{host}")
        },
        |at| at.to_string(),
    );
    let path = uri.path_and_query().map_or("/", |path| path.as_str());
    let address = format!("{origin}{path}");
    match hooks.take(Posted { source, method, address, headers, body }).await {
        Took::Kept => (StatusCode::OK, [(header::CACHE_CONTROL, "no-store")]).into_response(),
        Took::Unknown => unknown(),
        Took::Unproven => {
            let detail = "the signature or token does not prove who posts this";
            problem(StatusCode::UNAUTHORIZED, "unproven", detail)
        }
        Took::Form(why) => problem(StatusCode::UNSUPPORTED_MEDIA_TYPE, "another_form", &why),
        Took::Unclear(why) => problem(StatusCode::BAD_REQUEST, "unclear", &why),
        Took::TooMuch(why) => problem(StatusCode::PAYLOAD_TOO_LARGE, "too_large", &why),
        Took::TooMany(after) => {
            let detail = "more is posted in a minute than is taken; post it again";
            again(StatusCode::TOO_MANY_REQUESTS, "too_many", detail, after)
        }
        Took::Later(after) => {
            let detail = "it cannot be kept now; post it again";
            again(StatusCode::SERVICE_UNAVAILABLE, "later", detail, after)
        }
    }
}
