//! kepi-app
