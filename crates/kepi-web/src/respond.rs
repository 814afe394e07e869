//! Answers: bodies that browsers may check for news, and errors that say the way out.

use axum::{
    body::Body,
    http::{HeaderMap, StatusCode, header},
    response::{IntoResponse, Response},
};
use kepi_model::id::Hash;
use kepi_report::reader::ViewError;
use serde_json::json;

use crate::pages;

/// What a client gets.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// A page.
    Html,
    /// The same facts.
    Json,
}

impl Kind {
    fn mime(self) -> &'static str {
        match self {
            Self::Html => "text/html; charset=utf-8",
            Self::Json => "application/json",
        }
    }
}

/// A body with a tag of its content; nothing but the tag if the client has it already.
///
/// The tag is weak because compression may change the bytes. Clients keep a copy and ask each time, so that nobody
/// sees yesterday's figures.
pub(crate) fn body(kind: Kind, text: String, request: &HeaderMap) -> Response {
    let tag = format!("W/\"{}\"", Hash::of(text.as_bytes()).short());
    let known = request
        .get(header::IF_NONE_MATCH)
        .and_then(|value| value.to_str().ok())
        .is_some_and(|value| value.split(',').any(|t| t.trim() == tag || t.trim() == "*"));
    let headers = [(header::ETAG, tag.as_str()), (header::CACHE_CONTROL, "private, no-cache")];
    if known {
        return (StatusCode::NOT_MODIFIED, headers).into_response();
    }
    (headers, [(header::CONTENT_TYPE, kind.mime())], text).into_response()
}

/// What went wrong, with suggestions.
pub(crate) fn error(kind: Kind, error: &ViewError) -> Response {
    let (status, code, suggestions) = match error {
        ViewError::NotFound { suggestions, .. } => {
            (StatusCode::NOT_FOUND, "not_found", suggestions.as_slice())
        }
        ViewError::Unavailable { .. } => (StatusCode::SERVICE_UNAVAILABLE, "unavailable", Default::default()),
    };
    let text = match kind {
        Kind::Html => pages::error::render(status, &error.to_string(), suggestions).into_string(),
        Kind::Json => {
            let suggestions: Vec<_> =
                suggestions.iter().map(|(text, path)| json!({"text": text, "path": path})).collect();
            json!({"error": {"code": code, "message": error.to_string(), "suggestions": suggestions}})
                .to_string()
        }
    };
    (status, [(header::CONTENT_TYPE, kind.mime()), (header::CACHE_CONTROL, "no-store")], text).into_response()
}

/// A fault of ours; the log has the details.
pub(crate) fn broken(kind: Kind) -> Response<Body> {
    let message = "something broke while this was made; the log of the server says what";
    let status = StatusCode::INTERNAL_SERVER_ERROR;
    let text = match kind {
        Kind::Html => pages::error::render(status, message, &[]).into_string(),
        Kind::Json => {
            json!({"error": {"code": "internal", "message": message, "suggestions": []}}).to_string()
        }
    };
    let headers = [(header::CONTENT_TYPE, kind.mime()), (header::CACHE_CONTROL, "no-store")];
    (status, headers, text).into_response()
}
