//! Signed notes as C2SP specifies them (c2sp.org/signed-note): a text, a blank line, and a line a signature, which is
//! Ed25519 (RFC 8032) over the text with its last line feed.

use std::{fmt, str::FromStr};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use ed25519_dalek::{Signature, Signer as _, SigningKey, VerifyingKey};

use crate::digest::Digest;

/// What the first byte of an encoded key says: Ed25519.
const ED25519: u8 = 1;
/// How a line with a signature begins: an em dash and a space.
pub const DASH: &str = "\u{2014} ";

/// Why something is no key or no note.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NoteError {
    /// The text is no key.
    #[error("it is no key of a signed note: {0}")]
    Key(&'static str),
    /// The text has not the shape of a signed note.
    #[error("it is no signed note: {0}")]
    Shape(&'static str),
    /// No signature is by a known key.
    #[error("no known key has signed it; it names {0}")]
    Unknown(String),
    /// A signature by a known key is not one over this text.
    #[error("the signature of {0} is not over this text: one of the two was changed")]
    Forged(String),
}

/// A key that signs. Nothing shows it but [`Self::secret`].
pub struct Key {
    name: String,
    inner: SigningKey,
}

/// A key that tells whether another one signed: `name+id+base64`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PublicKey {
    name: String,
    inner: VerifyingKey,
}

fn is_name(name: &str) -> bool {
    !name.is_empty() && !name.contains(|c: char| c.is_whitespace() || c.is_control() || c == '+')
}

impl Key {
    /// The key of a name from 32 random bytes.
    ///
    /// # Errors
    /// The name holds white space or `+`.
    pub fn from_seed(name: &str, seed: &[u8; 32]) -> Result<Self, NoteError> {
        if !is_name(name) {
            return Err(NoteError::Key("its name is empty or holds white space or `+`"));
        }
        Ok(Self { name: name.to_owned(), inner: SigningKey::from_bytes(seed) })
    }

    /// The key as it is kept in a file that nobody else may read, in the form that Go's `sumdb/note` keeps keys in.
    pub fn secret(&self) -> String {
        let (id, seed) = (self.public().id(), self.inner.to_bytes());
        let mut bytes = vec![ED25519];
        bytes.extend(seed);
        format!("PRIVATE+KEY+{}+{id:08x}+{}", self.name, STANDARD.encode(bytes))
    }

    /// The key that others know it by.
    pub fn public(&self) -> PublicKey {
        PublicKey { name: self.name.clone(), inner: self.inner.verifying_key() }
    }

    /// The note over a text, which ends with a line feed.
    ///
    /// # Errors
    /// The text does not.
    pub fn sign(&self, text: &str) -> Result<String, NoteError> {
        if !text.ends_with('\n') || text.contains("\n\n") {
            return Err(NoteError::Shape("its text does not end with a line feed, or holds an empty line"));
        }
        let mut bytes = self.public().id().to_be_bytes().to_vec();
        bytes.extend(self.inner.sign(text.as_bytes()).to_bytes());
        Ok(format!("{text}\n{DASH}{} {}\n", self.name, STANDARD.encode(bytes)))
    }
}

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Key({})", self.name)
    }
}

impl FromStr for Key {
    type Err = NoteError;

    fn from_str(text: &str) -> Result<Self, NoteError> {
        let rest = text.trim_end().strip_prefix("PRIVATE+KEY+");
        let (name, id, seed) =
            read_key(rest.ok_or(NoteError::Key("it does not begin with `PRIVATE+KEY+`"))?)?;
        let key = Self::from_seed(name, &seed)?;
        if key.public().id() == id { Ok(key) } else { Err(NoteError::Key("its id is that of another key")) }
    }
}

impl PublicKey {
    /// The name in signatures.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The first four bytes of the hash over name and key: tells keys of one name apart.
    fn id(&self) -> u32 {
        let hash = Digest::of_all(&[self.name.as_bytes(), b"\n", &[ED25519], self.inner.as_bytes()]);
        let [a, b, c, d, ..] = hash.0;
        u32::from_be_bytes([a, b, c, d])
    }
}

impl fmt::Display for PublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut bytes = vec![ED25519];
        bytes.extend(self.inner.as_bytes());
        write!(f, "{}+{:08x}+{}", self.name, self.id(), STANDARD.encode(bytes))
    }
}

impl FromStr for PublicKey {
    type Err = NoteError;

    fn from_str(text: &str) -> Result<Self, NoteError> {
        let (name, id, bytes) = read_key(text.trim())?;
        if !is_name(name) {
            return Err(NoteError::Key("its name is empty or holds white space"));
        }
        let inner =
            VerifyingKey::from_bytes(&bytes).map_err(|_| NoteError::Key("its bytes are none of Ed25519"))?;
        let key = Self { name: name.to_owned(), inner };
        if key.id() == id { Ok(key) } else { Err(NoteError::Key("its id is that of another key")) }
    }
}

/// `name+id+base64(1 ‖ 32 bytes)`.
fn read_key(text: &str) -> Result<(&str, u32, [u8; 32]), NoteError> {
    let mut parts = text.splitn(3, '+');
    let (Some(name), Some(id), Some(encoded)) = (parts.next(), parts.next(), parts.next()) else {
        return Err(NoteError::Key("it is not `name+id+base64`"));
    };
    let id = u32::from_str_radix(id, 16).map_err(|_| NoteError::Key("its id is not hexadecimal"))?;
    let bytes = STANDARD.decode(encoded).map_err(|_| NoteError::Key("it is not base64"))?;
    match bytes.split_first() {
        Some((&ED25519, key)) => {
            let key = key.try_into().map_err(|_| NoteError::Key("it is not 32 bytes long"))?;
            Ok((name, id, key))
        }
        _ => Err(NoteError::Key("it is not for Ed25519")),
    }
}

/// The text of a note that a known key has signed. Every signature by a known key must hold; others are passed over.
///
/// # Errors
/// [`NoteError`] but for its first.
pub fn open<'a>(note: &'a str, known: &[PublicKey]) -> Result<&'a str, NoteError> {
    let Some((text, signatures)) = note.split_once("\n\n") else {
        return Err(NoteError::Shape("it has no empty line before its signatures"));
    };
    // The text ends with the first of the two line feeds.
    let text = note.get(..=text.len()).unwrap_or(text);
    let mut signed = false;
    let mut strangers = Vec::new();
    for line in signatures.lines() {
        let shape = || NoteError::Shape("a line of a signature is not `— name base64`");
        let (name, encoded) = line.strip_prefix(DASH).and_then(|l| l.split_once(' ')).ok_or_else(shape)?;
        let bytes = STANDARD.decode(encoded).map_err(|_| shape())?;
        let (id, signature) = bytes.split_first_chunk::<4>().ok_or_else(shape)?;
        let id = u32::from_be_bytes(*id);
        let Some(key) = known.iter().find(|key| key.name == name && key.id() == id) else {
            strangers.push(format!("{name}+{id:08x}"));
            continue;
        };
        let signature = Signature::from_slice(signature).map_err(|_| shape())?;
        // Strict: what other verifiers might take for another signature is none.
        let holds = key.inner.verify_strict(text.as_bytes(), &signature).is_ok();
        if !holds {
            return Err(NoteError::Forged(name.to_owned()));
        }
        signed = true;
    }
    match (signed, strangers.is_empty()) {
        (true, _) => Ok(text),
        (false, true) => Err(NoteError::Shape("it has no signature")),
        (false, false) => Err(NoteError::Unknown(strangers.join(", "))),
    }
}
