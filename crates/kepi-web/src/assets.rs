//! The stylesheet and the icon, part of the binary, under paths that name their content.
//!
//! A missing file fails the build. A path changes with its content, so browsers may keep it for ever.

use std::sync::LazyLock;

use axum::{
    http::header,
    response::{IntoResponse, Response},
};
use kepi_model::id::Hash;

/// A file that pages refer to.
pub(crate) struct Asset {
    /// Where it is served.
    pub(crate) path: String,
    mime: &'static str,
    content: &'static str,
}

impl Asset {
    fn new(name: &str, ending: &str, mime: &'static str, content: &'static str) -> Self {
        Self {
            path: format!("/assets/{name}-{}.{ending}", Hash::of(content.as_bytes()).short()),
            mime,
            content,
        }
    }

    /// The file, to be kept for ever.
    pub(crate) fn response(&self) -> Response {
        let headers = [
            (header::CONTENT_TYPE, self.mime),
            (header::CACHE_CONTROL, "public, max-age=31536000, immutable"),
        ];
        (headers, self.content).into_response()
    }
}

/// The stylesheet.
pub(crate) fn stylesheet() -> &'static Asset {
    static ASSET: LazyLock<Asset> = LazyLock::new(|| {
        Asset::new("kepi", "css", "text/css; charset=utf-8", include_str!("../assets/kepi.css"))
    });
    &ASSET
}

/// The icon.
pub(crate) fn favicon() -> &'static Asset {
    static ASSET: LazyLock<Asset> =
        LazyLock::new(|| Asset::new("kepi", "svg", "image/svg+xml", include_str!("../assets/favicon.svg")));
    &ASSET
}
