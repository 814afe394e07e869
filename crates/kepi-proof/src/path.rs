//! Proofs over the tree of [`merkle`](crate::merkle): that an entry is in it, and that a later tree only added to an
//! earlier one (RFC 9162 §§ 2.1.3 and 2.1.4).
//!
//! The hashes of full subtrees never change once they are whole, so they are kept in the order in which they become so:
//! a leaf, then every subtree that it completes, the smallest first. A proof names ranges of entries; [`needed`] says
//! which of the kept hashes make them up, so that whoever keeps them reads only those.

use std::{collections::BTreeMap, ops::Range};

use crate::{digest::Digest, merkle::node};

/// How many hashes are kept of a tree of `size` entries.
pub fn kept(size: u64) -> u64 {
    // Every full subtree of two and more has as many entries as it is old: sum over levels of size / 2^level.
    (0..u64::BITS).map(|level| size >> level).sum()
}

/// Where the hash of the full subtree stands that is the `n`-th, from 0, of `2^level` entries.
pub fn position(level: u32, n: u64) -> u64 {
    // It becomes whole with its last entry, after that leaf and the smaller subtrees it completes.
    let last = ((n + 1) << level) - 1;
    kept(last) + u64::from(level)
}

/// Full subtrees, left to right, that make up a range that begins where a tree or one half of it does.
fn parts(range: &Range<u64>) -> Vec<u64> {
    let (mut at, mut found) = (range.start, Vec::new());
    while at < range.end {
        let level = (range.end - at).ilog2().min(if at == 0 { u64::BITS } else { at.trailing_zeros() });
        found.push(position(level, at >> level));
        at += 1 << level;
    }
    found
}

/// Where the hashes stand that make up some ranges.
pub fn needed(ranges: &[Range<u64>]) -> Vec<u64> {
    ranges.iter().flat_map(parts).collect()
}

/// The hash over a range from kept hashes; none if one of them is not there.
pub fn over(range: &Range<u64>, kept: &BTreeMap<u64, Digest>) -> Option<Digest> {
    let mut hashes = parts(range).into_iter().rev().map(|at| kept.get(&at).copied());
    let last = hashes.next().flatten()?;
    hashes.try_fold(last, |right, left| Some(node(&left?, &right)))
}

/// The ranges whose hashes prove that entry `at`, from 0, is in a tree of `size`.
pub fn inclusion(at: u64, size: u64) -> Vec<Range<u64>> {
    let mut found = Vec::new();
    if at >= size {
        return found;
    }
    let (mut low, mut high) = (0, size);
    while high - low > 1 {
        let half = low + split(high - low);
        if at < half {
            found.push(half..high);
            high = half;
        } else {
            found.push(low..half);
            low = half;
        }
    }
    found.reverse();
    found
}

/// The ranges whose hashes prove that a tree of `size` begins as one of `earlier` entries.
pub fn consistency(earlier: u64, size: u64) -> Vec<Range<u64>> {
    let mut found = Vec::new();
    if earlier == 0 || earlier >= size {
        return found;
    }
    let (mut low, mut high, mut whole) = (0, size, true);
    while earlier < high {
        let half = low + split(high - low);
        if earlier <= half {
            found.push(half..high);
            high = half;
        } else {
            found.push(low..half);
            (low, whole) = (half, false);
        }
    }
    if !whole {
        found.push(low..high);
    }
    found.reverse();
    found
}

/// The largest power of two below `n`, for `n` of two and more.
fn split(n: u64) -> u64 {
    1 << (n - 1).ilog2()
}

/// Whether `path` proves that the entry of hash `leaf` is the one at `at`, from 0, in a tree of `size` with this root
/// (RFC 9162 § 2.1.3.2).
pub fn is_included(leaf: Digest, at: u64, size: u64, path: &[Digest], root: &Digest) -> bool {
    if at >= size {
        return false;
    }
    let (mut at, mut last, mut hash) = (at, size - 1, leaf);
    for sibling in path {
        if last == 0 {
            return false;
        }
        if at & 1 == 1 || at == last {
            hash = node(sibling, &hash);
            climb(&mut at, &mut last);
        } else {
            hash = node(&hash, sibling);
        }
        at >>= 1;
        last >>= 1;
    }
    last == 0 && hash == *root
}

/// Whether `path` proves that a tree of `size` with root `root` begins as the tree of `earlier` entries with root
/// `before` (RFC 9162 § 2.1.4.2). Every tree begins as the empty one.
pub fn is_consistent(earlier: u64, before: &Digest, size: u64, root: &Digest, path: &[Digest]) -> bool {
    if earlier == 0 || earlier == size {
        return path.is_empty() && (earlier == 0 || before == root);
    }
    if earlier > size {
        return false;
    }
    let whole = earlier.is_power_of_two().then_some(before);
    let mut path = whole.into_iter().chain(path);
    let Some(first) = path.next() else { return false };
    let (mut at, mut last) = (earlier - 1, size - 1);
    let ones = at.trailing_ones();
    at >>= ones;
    last >>= ones;
    let (mut old, mut new) = (*first, *first);
    for sibling in path {
        if last == 0 {
            return false;
        }
        if at & 1 == 1 || at == last {
            old = node(sibling, &old);
            new = node(sibling, &new);
            climb(&mut at, &mut last);
        } else {
            new = node(&new, sibling);
        }
        at >>= 1;
        last >>= 1;
    }
    last == 0 && old == *before && new == *root
}

/// Up the right edge to where there is a neighbour on the left.
fn climb(at: &mut u64, last: &mut u64) {
    let levels = if *at == 0 { 0 } else { at.trailing_zeros() };
    *at >>= levels;
    *last >>= levels;
}
