//! What other systems say of an item: what came of it, once, however often it is sent.
//!
//! It comes as a Standard Webhook does, with an id of its own, and says by a token who says it. A token is sent by programs alone, so it needs no form
//! of this server; what it may do is what its holder may, and what it was issued for.

use std::sync::Arc;

use axum::{
    Router,
    body::Bytes,
    extract::{Extension, Path},
    http::{HeaderMap, StatusCode, header},
    response::{IntoResponse, Response},
    routing::post,
};
use kepi_report::{
    reader::{Reader, ViewError},
    view::Viewer,
};
use serde::Deserialize;
use serde_json::json;

use crate::{
    desk::{Deed, Desk, NotDone, Wish},
    doors::{Attempt, Guest, foreign},
    forms::DECIDE,
    pages::{PAGES, Params},
    respond::{self, Kind},
};

/// Where it is sent to.
pub const OUTCOME: &str = "/api/v1/items/{id}/outcome";
/// What makes it one, as Standard Webhooks say.
const ID: &str = "webhook-id";
/// The longest of these.
const LONGEST: usize = 200;

/// What is said.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Said {
    outcome: String,
    /// Which step of a playbook that is said of, as the message said; none: the one that is being done.
    #[serde(default)]
    step: Option<u16>,
    #[serde(default)]
    message: Option<String>,
}

/// Whether a path is one at which other systems say something.
pub(crate) fn is_inbound(path: &str) -> bool {
    let of_item = path.strip_prefix("/api/v1/items/").and_then(|rest| rest.strip_suffix("/outcome"));
    of_item.is_some_and(|item| !item.contains('/'))
}

/// The routes.
pub(crate) fn routes(reader: &Arc<dyn Reader>, desk: &Arc<dyn Desk>) -> Router {
    let (reader, desk) = (Arc::clone(reader), Arc::clone(desk));
    let take = move |guest: Option<Extension<Guest>>,
                     viewer: Option<Extension<Viewer>>,
                     Path(id): Path<String>,
                     headers: HeaderMap,
                     body: Bytes| {
        take(guest.zip(viewer), id, headers, body, Arc::clone(&reader), Arc::clone(&desk))
    };
    Router::new().route(OUTCOME, post(take))
}

async fn take(
    who: Option<(Extension<Guest>, Extension<Viewer>)>,
    id: String,
    headers: HeaderMap,
    body: Bytes,
    reader: Arc<dyn Reader>,
    desk: Arc<dyn Desk>,
) -> Response {
    let Some((Extension(guest), Extension(viewer))) = who else { return foreign() };
    let wrong = |code, detail: &str| respond::problem(Kind::Json, StatusCode::BAD_REQUEST, code, detail);
    let key = headers.get(ID).and_then(|key| key.to_str().ok()).map(str::trim);
    let Some(key) = key.filter(|key| !key.is_empty() && key.len() <= LONGEST) else {
        let detail =
            "the header `webhook-id` is missing: what is sent again has the same, so that it is done once";
        return wrong("no_webhook_id", detail);
    };
    let Ok(item) = id.parse() else { return wrong("unclear", &format!("`{id}` is no item")) };
    let said: Said = match serde_json::from_slice(&body) {
        Ok(said) => said,
        Err(error) => {
            let detail = format!("it is not `{{\"outcome\": \"done\", \"message\": \"…\"}}`: {error}");
            return wrong("unclear", &detail);
        }
    };
    if let Some(sight) = guest.visitor.sight.as_ref().filter(|sight| !sight.decides()) {
        let attempt = Attempt { action: DECIDE, on: ("decisions", "all".to_owned()), unit: None };
        guest.door.refused(&guest.visitor, attempt).await;
        let reason = format!("{}; {}", sight.why_no_decisions(true), sight.whom());
        return respond::error(Kind::Json, &ViewError::Refused { reason });
    }
    // What is not seen is not changed either.
    let Some(page) = PAGES.iter().find(|page| page.path == "/items/{id}") else { return foreign() };
    let shown = Params::new(Some(id), Vec::new());
    let seen = crate::show_page(page, Kind::Json, reader, Some((viewer, guest.clone())), shown).await;
    if let Err(response) = seen {
        return response;
    }
    let message = said.message.filter(|text| !text.trim().is_empty());
    let deed = match said.step {
        Some(step) => Deed::FinishStep(step, said.outcome, message),
        None => Deed::Finish(said.outcome, message),
    };
    // Systems number what they send each by itself: the same id of another item, or by another person, is something else.
    let by = guest.visitor.acts_as.as_deref().unwrap_or_default();
    let key = format!("webhook/{item}/{by}/{key}");
    match desk.act(&guest.visitor, Wish::Act { item, deed }, &key).await {
        Ok(item) => {
            let headers = [(header::CONTENT_TYPE, "application/json"), (header::CACHE_CONTROL, "no-store")];
            (StatusCode::OK, headers, json!({"item": item}).to_string()).into_response()
        }
        Err(NotDone::Unavailable(why)) => {
            respond::problem(Kind::Json, StatusCode::SERVICE_UNAVAILABLE, "unavailable", &why)
        }
        Err(NotDone::Refused(why)) => {
            respond::problem(Kind::Json, StatusCode::UNPROCESSABLE_ENTITY, "refused", &why.join("; "))
        }
        Err(NotDone::Draft(_)) => foreign(),
    }
}
