//! What a browser keeps while somebody is at the provider.

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use sha2::{Digest, Sha256};

/// How long somebody may take at the provider, in µs.
pub(crate) const PATIENCE: i64 = 15 * 60 * 1_000_000;

/// The text that a browser keeps: when it was made, and 256 random bits.
pub(crate) fn new(at: i64) -> Result<String, getrandom::Error> {
    let mut bytes = [0u8; 32];
    getrandom::fill(&mut bytes)?;
    Ok(format!("{at}.{}", URL_SAFE_NO_PAD.encode(bytes)))
}

/// When it was made, as it says; believed only if the state fits, which nobody else could make.
pub(crate) fn made_at(kept: &str) -> Option<i64> {
    kept.split_once('.')?.0.parse().ok()
}

/// A value that follows from what is kept, for one use, and that nobody can make without the key. The inner hash has one
/// length, so nothing can be appended to it.
pub(crate) fn derived(key: &[u8; 32], kept: &str, what: &str) -> String {
    let inner = Sha256::digest(format!("{what} of {kept}"));
    URL_SAFE_NO_PAD.encode(Sha256::new().chain_update(key).chain_update(inner).finalize())
}
