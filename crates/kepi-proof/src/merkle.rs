//! The Merkle tree of RFC 9162 § 2.1 over a list of entries.
//!
//! A leaf is `SHA-256(0x00 ‖ entry)`, a node `SHA-256(0x01 ‖ left ‖ right)`, and the left side of every split holds the
//! largest power of two of entries that leaves something for the right. The prefixes keep an entry from being passed
//! off as a node.

use crate::digest::Digest;

/// The hash of an entry.
pub fn leaf(entry: &[u8]) -> Digest {
    Digest::of_all(&[&[0], entry])
}

/// The hash of two neighbours.
pub fn node(left: &Digest, right: &Digest) -> Digest {
    Digest::of_all(&[&[1], &left.0, &right.0])
}

/// The root over entries; that of none is the hash of nothing.
pub fn root<T: AsRef<[u8]>>(entries: impl IntoIterator<Item = T>) -> Digest {
    let mut frontier = Frontier::default();
    entries.into_iter().for_each(|entry| frontier.push(entry.as_ref()));
    frontier.root()
}

/// The right edge of a growing tree: the roots of its full subtrees, the largest first. It is all that appending and
/// the root need, one hash for every one-bit of the size.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Frontier {
    size: u64,
    peaks: Vec<Digest>,
}

impl Frontier {
    /// The edge of a tree of `size` entries as [`Self::peaks`] gave it; none if it is not so many hashes.
    pub fn resume(size: u64, peaks: Vec<Digest>) -> Option<Self> {
        (peaks.len() == size.count_ones() as usize).then_some(Self { size, peaks })
    }

    /// Appends an entry, in O(log n).
    pub fn push(&mut self, entry: &[u8]) {
        self.push_leaf(leaf(entry));
    }

    /// Appends an entry by its leaf hash.
    pub fn push_leaf(&mut self, leaf: Digest) {
        self.grow(leaf, |_| {});
    }

    /// As [`Self::push_leaf`]; `known` is told of every full subtree that has become whole, the leaf first: in the order
    /// of [`position`].
    pub fn grow(&mut self, leaf: Digest, mut known: impl FnMut(Digest)) {
        let mut peak = leaf;
        known(peak);
        // Every trailing one-bit of the size is a full subtree as large as what has just become whole.
        for _ in 0..self.size.trailing_ones() {
            let Some(left) = self.peaks.pop() else { break };
            peak = node(&left, &peak);
            known(peak);
        }
        self.peaks.push(peak);
        self.size += 1;
    }

    /// How many entries there are.
    pub fn size(&self) -> u64 {
        self.size
    }

    /// The roots of the full subtrees, the largest first.
    pub fn peaks(&self) -> &[Digest] {
        &self.peaks
    }

    /// The root over all entries.
    pub fn root(&self) -> Digest {
        let right_to_left = self.peaks.iter().rev().copied();
        right_to_left.reduce(|right, left| node(&left, &right)).unwrap_or_else(|| Digest::of(&[]))
    }
}
