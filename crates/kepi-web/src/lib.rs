//! Pages, and the interface for programs under `/api`: the same facts, read from a [`Reader`].
//!
//! Nothing is computed here, and what a form asks for is done behind a port ([`desk`]). Pages are complete without scripts;
//! there are none.

#![cfg_attr(
    test,
    allow(
        clippy::unwrap_used,
        clippy::expect_used,
        clippy::panic,
        clippy::indexing_slicing,
        clippy::float_cmp
    )
)]

mod assets;
pub mod desk;
pub mod doors;
pub mod forms;
pub mod hooks;
pub mod hosts;
pub mod inbound;
mod layout;
pub mod pages;
mod parts;
mod respond;
pub mod server;

use std::{sync::Arc, time::Duration};

use axum::{
    Router,
    extract::{Extension, Query, RawPathParams, State},
    http::{HeaderMap, HeaderName, HeaderValue, StatusCode, Uri, header},
    response::{IntoResponse, Redirect, Response},
    routing::get,
};
use kepi_report::{
    facts::Facts,
    reader::{self, Reader, ViewError},
    seen::Seen,
    view::Viewer,
};
use tower_http::{
    catch_panic::CatchPanicLayer, compression::CompressionLayer, limit::RequestBodyLimitLayer,
    set_header::SetResponseHeaderLayer, timeout::TimeoutLayer, trace::TraceLayer,
};

use doors::Guest;
use pages::{PAGES, Page, Params};
use respond::Kind;

/// The longest that a form may be; no page takes a body, and what comes anyway is cut off here.
const MOST_BODY_BYTES: usize = 256 * 1024;
/// A page is read from what is already computed; one that takes this long is broken.
const LONGEST_REQUEST: Duration = Duration::from_secs(30);
/// Only our own stylesheet and images; no scripts, no frames, no foreign targets of forms.
const CONTENT_SECURITY_POLICY: &str = "default-src 'none'; style-src 'self'; img-src 'self'; \
    form-action 'self'; base-uri 'none'; frame-ancestors 'none'";

/// All routes over one reader, and forms where there is a desk that does what they ask for.
pub fn deciding(reader: Arc<dyn Reader>, desk: &Arc<dyn desk::Desk>) -> Router {
    let forms = with_manners(forms::routes(&reader, desk).merge(inbound::routes(&reader, desk)));
    router(reader).merge(forms)
}

/// All routes over one reader that show something.
pub fn router(reader: Arc<dyn Reader>) -> Router {
    let mut router = Router::new();
    for page in PAGES {
        let routes = [
            (Some(page.path), Kind::Html),
            (page.json, Kind::Json),
            (page.csv.map(|csv| csv.path), Kind::of_download(page)),
        ];
        for (path, kind) in routes.into_iter().filter_map(|(path, kind)| Some((path?, kind))) {
            let answer = move |State(reader),
                               viewer: Option<Extension<Viewer>>,
                               guest: Option<Extension<Guest>>,
                               path,
                               query,
                               headers| {
                show(page, kind, reader, viewer.zip(guest), path, query, headers)
            };
            router = router.route(path, get(answer));
        }
    }
    let router = router
        .route(&assets::stylesheet().path, get(|| async { assets::stylesheet().response() }))
        .route(&assets::favicon().path, get(|| async { assets::favicon().response() }))
        .route("/favicon.ico", get(|| async { Redirect::temporary(&assets::favicon().path) }))
        .route("/livez", get(|| async { "ok\n" }))
        .route("/readyz", get(ready))
        .fallback(nowhere)
        .with_state(reader);
    with_manners(router)
}

/// What every answer has, and what no request may do.
fn with_manners(router: Router) -> Router {
    with_manners_up_to(router, MOST_BODY_BYTES)
}

/// The same with another length that a body may have.
fn with_manners_up_to(router: Router, bytes: usize) -> Router {
    router
        .layer(CompressionLayer::new())
        .layer(axum::middleware::map_response(respond::tag_of_what_is_sent))
        .layer(CatchPanicLayer::custom(|_: Box<dyn std::any::Any + Send>| respond::broken(Kind::Html)))
        .layer(TimeoutLayer::with_status_code(StatusCode::SERVICE_UNAVAILABLE, LONGEST_REQUEST))
        .layer(RequestBodyLimitLayer::new(bytes))
        .layer(header_layer(header::CONTENT_SECURITY_POLICY, CONTENT_SECURITY_POLICY))
        .layer(header_layer(header::X_CONTENT_TYPE_OPTIONS, "nosniff"))
        .layer(header_layer(header::REFERRER_POLICY, "same-origin"))
        .layer(header_layer(HeaderName::from_static("cross-origin-opener-policy"), "same-origin"))
        .layer(TraceLayer::new_for_http())
}

fn header_layer(name: HeaderName, value: &'static str) -> SetResponseHeaderLayer<HeaderValue> {
    SetResponseHeaderLayer::if_not_present(name, HeaderValue::from_static(value))
}

/// One page or its JSON.
async fn show(
    page: &'static Page,
    kind: Kind,
    reader: Arc<dyn Reader>,
    who: Option<(Extension<Viewer>, Extension<Guest>)>,
    path: RawPathParams,
    query: Query<Vec<(String, String)>>,
    headers: HeaderMap,
) -> Response {
    let id = path.iter().next().map(|(_, value)| value.to_owned());
    let params = Params::new(id, query.0);
    let who = who.map(|(Extension(viewer), Extension(guest))| (viewer, guest));
    match show_page(page, kind, reader, who, params).await {
        Ok(body) => respond::body(kind, body, &headers),
        Err(response) => response,
    }
}

/// What a page says, or the answer that says why it says nothing. Readers may block, so they run where blocking is allowed.
pub(crate) async fn show_page(
    page: &'static Page,
    kind: Kind,
    reader: Arc<dyn Reader>,
    who: Option<(Viewer, Guest)>,
    params: Params,
) -> Result<String, Response> {
    let attempt = page.attempt(&params);
    let (viewer, guest) = who.unzip();
    let sight = guest.as_ref().and_then(|guest| guest.visitor.sight.clone());
    let work = tokio::task::spawn_blocking(move || {
        let whole = reader.now()?;
        let make = |facts: &dyn Facts| match kind {
            Kind::Html => (page.html)(facts, &params),
            Kind::Json => (page.data)(facts, &params),
            Kind::Csv | Kind::Markdown => page.csv.map_or(Ok(String::new()), |csv| (csv.of)(facts, &params)),
        };
        let Some(viewer) = viewer else { return make(whole.as_ref()) };
        if let Some(sight) = &sight {
            page.allowed(sight.as_ref(), whole.project(), &params)?;
        }
        let made = make(&Seen::by(viewer, sight.clone(), Arc::clone(&whole)));
        match (made, sight) {
            // What is not there and what is not seen are told alike; the log knows which it was.
            (Err(ViewError::NotFound { what, suggestions }), Some(sight)) => {
                let hidden = make(whole.as_ref()).is_ok();
                let reason = format!("there is no {what}, or you may not see it; {}", sight.whom());
                Err(ViewError::Unseen { reason, suggestions, hidden })
            }
            (made, _) => made,
        }
    });
    let made = work.await;
    if let (Some(guest), Ok(Err(ViewError::Refused { .. } | ViewError::Unseen { hidden: true, .. }))) =
        (&guest, &made)
    {
        guest.door.refused(&guest.visitor, attempt).await;
    }
    match made {
        Ok(Ok(body)) => Ok(body),
        Ok(Err(error)) => Err(respond::error(kind, &error)),
        Err(error) => {
            tracing::error!(%error, page = page.path, "page failed");
            Err(respond::broken(kind))
        }
    }
}

async fn ready(State(reader): State<Arc<dyn Reader>>) -> Response {
    match tokio::task::spawn_blocking(move || reader::ready(reader.as_ref())).await {
        Ok(Ok(())) => "ready\n".into_response(),
        Ok(Err(error)) => (StatusCode::SERVICE_UNAVAILABLE, format!("{error}\n")).into_response(),
        Err(_) => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
    }
}

async fn nowhere(uri: Uri) -> Response {
    let kind = if uri.path().starts_with("/api/") { Kind::Json } else { Kind::Html };
    let all = PAGES.iter().filter_map(|page| Some((page.nav?.to_owned(), page.path.to_owned())));
    respond::error(
        kind,
        &ViewError::NotFound { what: format!("page `{}`", uri.path()), suggestions: all.collect() },
    )
}
