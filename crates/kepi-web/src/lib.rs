//! kepi-web
