//! kepi-lake
