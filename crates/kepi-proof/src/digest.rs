//! A SHA-256 hash, written as 64 lower-case hexadecimal digits.

use sha2::{Digest as _, Sha256};

/// Why a text is not a hash.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not 64 lower-case hexadecimal digits")]
pub struct NotADigest(pub String);

/// Reads 32 bytes written as 64 lower-case hexadecimal digits.
pub(crate) fn from_hex(text: &str) -> Result<[u8; 32], NotADigest> {
    let wrong = || NotADigest(text.chars().take(80).collect());
    let nibble = |byte: u8| match byte {
        b'0'..=b'9' => Ok(byte - b'0'),
        b'a'..=b'f' => Ok(byte - b'a' + 10),
        _ => Err(wrong()),
    };
    if text.len() != 64 {
        return Err(wrong());
    }
    let mut bytes = [0; 32];
    for (into, pair) in bytes.iter_mut().zip(text.as_bytes().chunks_exact(2)) {
        let [high, low] = pair else { return Err(wrong()) };
        *into = nibble(*high)? << 4 | nibble(*low)?;
    }
    Ok(bytes)
}

/// A type of 32 bytes whose text is hexadecimal.
macro_rules! hexadecimal {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize)]
        #[serde(try_from = "String", into = "String")]
        pub struct $name(pub [u8; 32]);

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                self.0.iter().try_for_each(|b| write!(f, "{b:02x}"))
            }
        }
        impl std::fmt::Debug for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result { write!(f, "{self}") }
        }
        impl std::str::FromStr for $name {
            type Err = $crate::digest::NotADigest;
            fn from_str(text: &str) -> Result<Self, Self::Err> { $crate::digest::from_hex(text).map(Self) }
        }
        impl TryFrom<String> for $name {
            type Error = $crate::digest::NotADigest;
            fn try_from(text: String) -> Result<Self, Self::Error> { text.parse() }
        }
        impl From<$name> for String {
            fn from(value: $name) -> String { value.to_string() }
        }
    };
}
pub(crate) use hexadecimal;

hexadecimal! {
    /// A SHA-256 hash.
    Digest
}

impl Default for Digest {
    /// The hash of nothing, which is the root over no entries.
    fn default() -> Self {
        Self::of(&[])
    }
}

impl Digest {
    /// The hash of `bytes`.
    pub fn of(bytes: &[u8]) -> Self {
        Self(Sha256::digest(bytes).into())
    }

    /// The hash of several pieces as if they were one.
    pub(crate) fn of_all(pieces: &[&[u8]]) -> Self {
        let mut hasher = Sha256::new();
        pieces.iter().for_each(|piece| hasher.update(piece));
        Self(hasher.finalize().into())
    }
}
