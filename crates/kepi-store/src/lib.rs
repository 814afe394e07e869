//! kepi-store
