//! kepi-engine
