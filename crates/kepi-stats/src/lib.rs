//! kepi-stats
