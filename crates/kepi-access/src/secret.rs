//! Secrets that Kepi makes: 256 random bits, shown once, kept as a hash. Nobody finds them by trying, so the hash is a plain
//! one, and looking one up by it tells nothing by how long it takes.

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use kepi_proof::Digest;

/// How a token begins, so that people and scanners of code recognise it.
pub(crate) const TOKEN: &str = "kepi_";

/// A secret that was just made.
///
/// # Errors
/// The system has no random numbers.
pub(crate) fn new(prefix: &str) -> Result<String, getrandom::Error> {
    let mut bytes = [0u8; 32];
    getrandom::fill(&mut bytes)?;
    Ok(format!("{prefix}{}", URL_SAFE_NO_PAD.encode(bytes)))
}

/// What is kept of it.
pub(crate) fn hash(secret: &str) -> Digest {
    Digest::of(secret.as_bytes())
}
