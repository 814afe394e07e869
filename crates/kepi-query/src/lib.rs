//! kepi-query
