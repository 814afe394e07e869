//! A checkpoint of a growing list (c2sp.org/tlog-checkpoint): which list, how many entries, and the root over them. Signed
//! and kept elsewhere, it holds whoever keeps the list to all that was in it.

use base64::{Engine as _, engine::general_purpose::STANDARD};

use crate::{
    digest::Digest,
    note::{self, DASH, Key, NoteError, PublicKey},
};

/// How the line begins that names the key that signs from then on: one of those that are for others.
const NEXT: &str = "kepi.next-key ";

/// So many entries of a list with their root.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Checkpoint {
    /// Which list: the same for ever.
    pub origin: String,
    /// How many entries.
    pub size: u64,
    /// The root over them.
    pub root: Digest,
}

impl Checkpoint {
    /// The signed note of it.
    ///
    /// # Errors
    /// The origin has more than one line, or none.
    pub fn sign(&self, key: &Key) -> Result<String, NoteError> {
        key.sign(&self.text())
    }

    /// The signed note of it by which a key hands over to another: who believes the one may believe the next.
    ///
    /// # Errors
    /// The origin has more than one line, or none.
    pub fn hand_over(&self, key: &Key, next: &PublicKey) -> Result<String, NoteError> {
        key.sign(&format!("{}{NEXT}{next}\n", self.text()))
    }

    fn text(&self) -> String {
        format!("{}\n{}\n{}\n", self.origin, self.size, STANDARD.encode(self.root.0))
    }

    /// Reads a note that a known key has signed. Lines after the first three are for others.
    ///
    /// # Errors
    /// No known key has signed it, or it is no checkpoint.
    pub fn open(note: &str, known: &[PublicKey]) -> Result<Self, NoteError> {
        Self::read(note::open(note, known)?)
    }

    /// What a note says, whoever signed it or did not.
    ///
    /// # Errors
    /// It is no checkpoint.
    pub fn read(note: &str) -> Result<Self, NoteError> {
        let mut lines = note.lines();
        let mut line =
            || lines.next().filter(|l| !l.is_empty()).ok_or(NoteError::Shape("it has too few lines"));
        let (origin, size, root) = (line()?, line()?, line()?);
        let number: u64 = size.parse().map_err(|_| NoteError::Shape("its second line is no number"))?;
        if number.to_string() != size {
            return Err(NoteError::Shape("its second line is another spelling of a number"));
        }
        let root = STANDARD.decode(root).ok().and_then(|bytes| bytes.try_into().ok()).map(Digest);
        let root = root.ok_or(NoteError::Shape("its third line is no hash"))?;
        Ok(Self { origin: origin.to_owned(), size: number, root })
    }
}

/// The keys that are known, and those to which they handed over in any of the notes, and these in turn.
pub fn handed_over<'a>(known: &[PublicKey], notes: impl Iterator<Item = &'a String>) -> Vec<PublicKey> {
    let mut keys = known.to_vec();
    let notes: Vec<&String> = notes.filter(|note| note.contains(NEXT)).collect();
    let next = |keys: &[PublicKey]| {
        notes.iter().find_map(|note| {
            let mut others = note::open(note, keys).ok()?.lines().skip(3);
            let next: PublicKey = others.find_map(|line| line.strip_prefix(NEXT))?.parse().ok()?;
            (!keys.contains(&next)).then_some(next)
        })
    };
    while let Some(key) = next(&keys) {
        keys.push(key);
    }
    keys
}

/// The notes in a file of many, one after the other, with empty lines between them or not; what is no note is one of its
/// own, so that nothing is passed over.
pub fn notes(file: &str) -> Vec<String> {
    let mut found = Vec::new();
    let (mut note, mut signed) = (String::new(), false);
    for line in file.lines() {
        let is_signature = line.starts_with(DASH);
        if signed && !is_signature {
            found.push(std::mem::take(&mut note));
            signed = false;
        }
        if note.is_empty() && line.is_empty() {
            continue;
        }
        note.push_str(line);
        note.push('\n');
        signed |= is_signature;
    }
    if !note.trim().is_empty() {
        found.push(note);
    }
    found
}
