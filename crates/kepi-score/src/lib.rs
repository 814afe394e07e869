//! kepi-score
