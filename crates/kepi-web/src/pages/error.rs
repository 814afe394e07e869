//! What is said when there is nothing to show.

use axum::http::StatusCode;
use maud::{Markup, html};

use crate::layout::{self, Head};

/// A page with the reason and the ways out.
pub(crate) fn render(status: StatusCode, message: &str, suggestions: &[(String, String)]) -> Markup {
    let title = match status {
        StatusCode::NOT_FOUND => "Not found",
        StatusCode::BAD_REQUEST => "Not to be answered as asked",
        StatusCode::SERVICE_UNAVAILABLE => "Not available yet",
        StatusCode::UNAUTHORIZED => "Not signed in",
        StatusCode::FORBIDDEN => "Not allowed",
        StatusCode::BAD_REQUEST => "Not understood",
        _ => "Something broke",
    };
    let body = html! {
        header.head { h1 { (title) } p.sub { (sentence(message)) } }
        @if !suggestions.is_empty() {
            section aria-labelledby="instead" {
                h2 #instead { "Perhaps you meant" }
                ul.plain { @for (text, path) in suggestions { li { a href=(path) { (text) } } } }
            }
        }
        p { a href="/" { "To the scorecard" } }
    };
    layout::page(&Head { title, project: None, path: "" }, body)
}

/// Messages are fragments; a page shows sentences.
pub(crate) fn sentence(message: &str) -> String {
    let mut chars = message.chars();
    let first = chars.next().map(|c| c.to_uppercase().to_string()).unwrap_or_default();
    format!("{first}{}.", chars.as_str().trim_end_matches('.'))
}
