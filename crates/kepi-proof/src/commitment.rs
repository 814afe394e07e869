//! Commitments: a record can name a text for ever without holding it.

use crate::digest::{Digest, hexadecimal};

hexadecimal! {
    /// 32 random bytes that make a text unguessable from its [`Commitment`]. Whoever forgets a text forgets its salt.
    Salt
}

hexadecimal! {
    /// `SHA-256(salt ‖ text)`: the salt's 32 bytes, then the text in UTF-8. Its wire form is 64 lower-case hexadecimal
    /// digits.
    ///
    /// The salt has one length, so no two pairs of salt and text are the same bytes. Without the salt the commitment
    /// says nothing about the text, however few texts are possible.
    Commitment
}

impl Commitment {
    /// The commitment to `text` under `salt`.
    pub fn to(salt: &Salt, text: &str) -> Self {
        Self(Digest::of_all(&[&salt.0, text.as_bytes()]).0)
    }

    /// Whether this is the commitment to `text` under `salt`.
    pub fn is_to(&self, salt: &Salt, text: &str) -> bool {
        *self == Self::to(salt, text)
    }
}
