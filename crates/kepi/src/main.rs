//! The `kepi` binary.
fn main() {}
