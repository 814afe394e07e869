//! kepi-testkit
