//! Proofs, held against the vectors of the Certificate Transparency reference implementation (google/certificate-
//! transparency, `merkletree/merkle_tree_test.cc`) and, for every size up to 70, against the definitions of RFC 9162.

use std::{collections::BTreeMap, ops::Range};

use kepi_proof::{
    Digest, Frontier,
    merkle::{leaf, root},
    path::{consistency, inclusion, is_consistent, is_included, kept, needed, over, position},
};

use crate::merkle::{ENTRIES, ROOTS};

/// A tree with all that is kept of it.
struct Tree {
    entries: Vec<Vec<u8>>,
    kept: BTreeMap<u64, Digest>,
}

impl Tree {
    fn of(entries: impl IntoIterator<Item = Vec<u8>>) -> Self {
        let (mut frontier, mut kept) = (Frontier::default(), BTreeMap::new());
        let entries: Vec<Vec<u8>> = entries.into_iter().collect();
        for entry in &entries {
            frontier.grow(leaf(entry), |hash| {
                kept.insert(kept.len() as u64, hash);
            });
        }
        Self { entries, kept }
    }
    fn hashes(&self, ranges: &[Range<u64>]) -> Vec<Digest> {
        let found = needed(ranges).into_iter().map(|at| (at, self.kept[&at])).collect();
        ranges.iter().map(|range| over(range, &found).unwrap()).collect()
    }
    fn root(&self, size: u64) -> Digest {
        root(&self.entries[..size as usize])
    }
}

fn hex(hashes: &[&str]) -> Vec<Digest> {
    hashes.iter().map(|h| h.parse().unwrap()).collect()
}

#[test]
fn proofs_are_the_published_ones() {
    let tree = Tree::of(ENTRIES.iter().map(|e| e.to_vec()));
    let [a, b, c] = [
        "96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7",
        "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
        "6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4",
    ];
    let [d, e, f] = [
        "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b",
        "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0",
        "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    ];
    // There entries count from 1.
    for (entry, size, expected) in [
        (1, 1, vec![]),
        (1, 8, vec![a, b, c]),
        (6, 8, vec![d, e, f]),
        (3, 3, vec![ROOTS[2]]),
        (2, 5, vec![ROOTS[1], b, d]),
    ] {
        assert_eq!(tree.hashes(&inclusion(entry - 1, size)), hex(&expected), "{entry} in {size}");
    }
    for (earlier, size, expected) in [
        (1, 1, vec![]),
        (1, 8, vec![a, b, c]),
        (6, 8, vec!["0ebc5d3437fbe2db158b9f126a1d118e308181031d0a949f8dededebc558ef6a", e, f]),
        (2, 5, vec![b, d]),
    ] {
        assert_eq!(tree.hashes(&consistency(earlier, size)), hex(&expected), "{earlier} to {size}");
    }
}

/// RFC 9162 § 2.1.3.1, word for word.
fn path_by_definition(at: usize, entries: &[Vec<u8>]) -> Vec<Digest> {
    if entries.len() == 1 {
        return Vec::new();
    }
    let (left, right) = entries.split_at(entries.len().next_power_of_two() / 2);
    let (mut path, beside) = match at.checked_sub(left.len()) {
        None => (path_by_definition(at, left), right),
        Some(at) => (path_by_definition(at, right), left),
    };
    path.push(root(beside));
    path
}

/// RFC 9162 § 2.1.4.1, word for word.
fn subproof_by_definition(earlier: usize, entries: &[Vec<u8>], whole: bool) -> Vec<Digest> {
    if earlier == entries.len() {
        return if whole { Vec::new() } else { vec![root(entries)] };
    }
    let (left, right) = entries.split_at(entries.len().next_power_of_two() / 2);
    let (mut proof, beside) = match earlier <= left.len() {
        true => (subproof_by_definition(earlier, left, whole), right),
        false => (subproof_by_definition(earlier - left.len(), right, false), left),
    };
    proof.push(root(beside));
    proof
}

#[test]
fn every_proof_is_that_of_the_definition_holds_and_holds_for_nothing_else() {
    const LARGEST: u64 = 70;
    let tree = Tree::of((0..LARGEST).map(|n| n.to_string().into_bytes()));
    let other = leaf(b"another");
    for size in 1..=LARGEST {
        let root = tree.root(size);
        let entries = &tree.entries[..size as usize];
        for at in 0..size {
            let path = tree.hashes(&inclusion(at, size));
            assert_eq!(path, path_by_definition(at as usize, entries), "{at} in {size}");
            let of = leaf(&entries[at as usize]);
            assert!(is_included(of, at, size, &path, &root), "{at} in {size}");
            assert!(!is_included(other, at, size, &path, &root));
            assert!(!is_included(of, at + 1, size, &path, &root), "{at} in {size} at another place");
            assert!(!is_included(of, at, size, &path, &other));
            for n in 0..path.len() {
                let mut wrong = path.clone();
                wrong[n] = other;
                assert!(!is_included(of, at, size, &wrong, &root));
                wrong.remove(n);
                assert!(!is_included(of, at, size, &wrong, &root));
            }
            let longer = [path.as_slice(), &[other]].concat();
            assert!(!is_included(of, at, size, &longer, &root));
        }
        for earlier in 0..=size {
            let before = tree.root(earlier);
            let path = tree.hashes(&consistency(earlier, size));
            if earlier > 0 {
                assert_eq!(
                    path,
                    subproof_by_definition(earlier as usize, entries, true),
                    "{earlier} to {size}"
                );
                assert!(!is_consistent(earlier, &other, size, &root, &path));
                assert!(!is_consistent(earlier, &before, size, &other, &path));
            }
            assert!(is_consistent(earlier, &before, size, &root, &path), "{earlier} to {size}");
            for n in 0..path.len() {
                let mut wrong = path.clone();
                wrong[n] = other;
                assert!(!is_consistent(earlier, &before, size, &root, &wrong));
                wrong.remove(n);
                assert!(!is_consistent(earlier, &before, size, &root, &wrong));
            }
            let longer = [path.as_slice(), &[other]].concat();
            assert!(!is_consistent(earlier, &before, size, &root, &longer), "{earlier} to {size}");
        }
        assert!(!is_included(other, size, size, &[], &root));
        assert!(!is_consistent(size + 1, &root, size, &root, &[]));
    }
}

#[test]
fn hashes_are_kept_in_the_order_in_which_they_become_known() {
    let (mut frontier, mut count) = (Frontier::default(), 0);
    for size in 0..300u64 {
        assert_eq!(kept(size), count);
        let mut level = 0;
        frontier.grow(leaf(&size.to_be_bytes()), |_| {
            assert_eq!(position(level, size >> level), count, "level {level} of {size}");
            level += 1;
            count += 1;
        });
    }
}
