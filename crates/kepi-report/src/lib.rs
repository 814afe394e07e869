//! kepi-report
