//! Answers: bodies that browsers may check for news, and errors that say the way out.

use axum::{
    body::Body,
    http::{HeaderMap, HeaderValue, StatusCode, header},
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
    /// A table for download.
    Csv,
    /// A document for download.
    Markdown,
}

impl Kind {
    /// What a page has for download, by its address.
    pub(crate) fn of_download(page: &pages::Page) -> Self {
        match page.csv {
            Some(download) if download.path.ends_with(".md") => Self::Markdown,
            _ => Self::Csv,
        }
    }

    fn mime(self) -> &'static str {
        match self {
            Self::Html => "text/html; charset=utf-8",
            Self::Json => "application/json",
            Self::Csv => "text/csv; charset=utf-8; header=present",
            Self::Markdown => "text/markdown; charset=utf-8",
        }
    }
}

/// A body with a tag of its content; nothing but the tag if the client has it already.
///
/// The tag is strong: equal tags are equal bytes, and what is compressed gets one of its own
/// ([`tag_of_what_is_sent`]). Clients keep a copy and ask each time, so that nobody sees yesterday's figures.
pub(crate) fn body(kind: Kind, text: String, request: &HeaderMap) -> Response {
    let tag = Hash::of(text.as_bytes()).to_string();
    let known = request
        .get(header::IF_NONE_MATCH)
        .and_then(|value| value.to_str().ok())
        .and_then(|value| value.split(',').map(str::trim).find(|asked| names(asked, &tag)));
    // Who has it compressed is told so: the tag comes back as it was sent.
    let etag = known.filter(|asked| *asked != "*").map_or_else(|| format!("\"{tag}\""), str::to_owned);
    let headers = [(header::ETAG, etag.as_str()), (header::CACHE_CONTROL, "private, no-cache")];
    if known.is_some() {
        return (StatusCode::NOT_MODIFIED, headers).into_response();
    }
    let mut response = (headers, [(header::CONTENT_TYPE, kind.mime())], text).into_response();
    if matches!(kind, Kind::Csv | Kind::Markdown) {
        response.headers_mut().insert(header::CONTENT_DISPOSITION, HeaderValue::from_static("attachment"));
    }
    response
}

/// Whether a client's tag is that of a content, whatever it was compressed with.
fn names(asked: &str, tag: &str) -> bool {
    let quoted = asked.strip_prefix("W/").unwrap_or(asked).trim_matches('"');
    asked == "*" || quoted.split_once('-').map_or(quoted, |(content, _)| content) == tag
}

/// A strong tag names bytes: where they are compressed, the tag says with what.
pub(crate) async fn tag_of_what_is_sent(mut response: Response) -> Response {
    let headers = response.headers_mut();
    let Some(encoding) = headers.get(header::CONTENT_ENCODING).and_then(|e| e.to_str().ok()) else {
        return response;
    };
    let tag = headers.get(header::ETAG).and_then(|tag| tag.to_str().ok()?.strip_suffix('"'));
    if let Some(Ok(tag)) = tag.map(|tag| HeaderValue::try_from(format!("{tag}-{encoding}\""))) {
        headers.insert(header::ETAG, tag);
    }
    response
}

/// What went wrong, with suggestions.
pub(crate) fn error(kind: Kind, error: &ViewError) -> Response {
    let (status, code, suggestions) = match error {
        ViewError::NotFound { suggestions, .. } => {
            (StatusCode::NOT_FOUND, "not_found", suggestions.as_slice())
        }
        ViewError::Unclear { .. } => (StatusCode::BAD_REQUEST, "unclear", Default::default()),
        ViewError::Unseen { suggestions, .. } => (StatusCode::NOT_FOUND, "not_found", suggestions.as_slice()),
        ViewError::Refused { .. } => {
            return problem(kind, StatusCode::FORBIDDEN, "refused", &error.to_string());
        }
        ViewError::Unavailable { .. } => (StatusCode::SERVICE_UNAVAILABLE, "unavailable", Default::default()),
    };
    let text = match kind {
        Kind::Html | Kind::Csv | Kind::Markdown => {
            pages::error::render(status, &error.to_string(), suggestions).into_string()
        }
        Kind::Json => {
            let suggestions: Vec<_> =
                suggestions.iter().map(|(text, path)| json!({"text": text, "path": path})).collect();
            json!({"error": {"code": code, "message": error.to_string(), "suggestions": suggestions}})
                .to_string()
        }
    };
    // What goes wrong on the way to a download is read by people.
    let kind = if matches!(kind, Kind::Csv | Kind::Markdown) { Kind::Html } else { kind };
    (status, [(header::CONTENT_TYPE, kind.mime()), (header::CACHE_CONTROL, "no-store")], text).into_response()
}

/// Why somebody gets nothing: a page, or a problem (RFC 9457) that also has what every error of the interface has.
pub(crate) fn problem(kind: Kind, status: StatusCode, code: &str, detail: &str) -> Response {
    let title = status.canonical_reason().unwrap_or_default();
    let (mime, text) = match kind {
        Kind::Html | Kind::Csv | Kind::Markdown => {
            (Kind::Html.mime(), pages::error::render(status, detail, &[]).into_string())
        }
        Kind::Json => {
            let error = json!({"code": code, "message": detail, "suggestions": []});
            let problem = json!({
                "type": "about:blank", "title": title, "status": status.as_u16(), "detail": detail, "error": error,
            });
            ("application/problem+json", problem.to_string())
        }
    };
    (status, [(header::CONTENT_TYPE, mime), (header::CACHE_CONTROL, "no-store")], text).into_response()
}

/// A fault of ours; the log has the details.
pub(crate) fn broken(kind: Kind) -> Response<Body> {
    let message = "something broke while this was made; the log of the server says what";
    let status = StatusCode::INTERNAL_SERVER_ERROR;
    let text = match kind {
        Kind::Html | Kind::Csv | Kind::Markdown => pages::error::render(status, message, &[]).into_string(),
        Kind::Json => {
            json!({"error": {"code": "internal", "message": message, "suggestions": []}}).to_string()
        }
    };
    let kind = if matches!(kind, Kind::Csv | Kind::Markdown) { Kind::Html } else { kind };
    let headers = [(header::CONTENT_TYPE, kind.mime()), (header::CACHE_CONTROL, "no-store")];
    (status, headers, text).into_response()
}
