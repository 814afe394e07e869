//! `kepi bench` (waiting for the library part).

use crate::{cli::Bench, failure::Failure, output::Output};

/// Not yet.
pub async fn bench(_what: &Bench, _out: Output) -> Result<(), Failure> {
    Err(Failure::Other("not yet".into()))
}
