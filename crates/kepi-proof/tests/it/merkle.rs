//! The tree, held against the vectors of the Certificate Transparency reference implementation (google/certificate-
//! transparency, `merkletree/merkle_tree_test.cc`, RFC 6962, which RFC 9162 left as it was).

use kepi_proof::{
    Digest, Frontier,
    merkle::{leaf, node, root},
};
use proptest::prelude::*;

pub const ENTRIES: [&[u8]; 8] = [
    b"",
    b"\x00",
    b"\x10",
    b"\x20\x21",
    b"\x30\x31",
    b"\x40\x41\x42\x43",
    b"\x50\x51\x52\x53\x54\x55\x56\x57",
    b"\x60\x61\x62\x63\x64\x65\x66\x67\x68\x69\x6a\x6b\x6c\x6d\x6e\x6f",
];

pub const ROOTS: [&str; 9] = [
    "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
];

#[test]
fn roots_are_the_published_ones() {
    let mut frontier = Frontier::default();
    for (size, expected) in ROOTS.iter().enumerate() {
        assert_eq!(root(&ENTRIES[..size]).to_string(), *expected, "{size}");
        assert_eq!(frontier.root().to_string(), *expected, "{size}, appended one by one");
        if let Some(next) = ENTRIES.get(size) {
            frontier.push(next);
        }
    }
}

/// The definition of RFC 9162 § 2.1.1, word for word.
fn by_definition(entries: &[Vec<u8>]) -> Digest {
    match entries {
        [] => Digest::of(&[]),
        [one] => leaf(one),
        more => {
            let half = more.len().next_power_of_two() / 2;
            node(&by_definition(&more[..half]), &by_definition(&more[half..]))
        }
    }
}

proptest! {
    #[test]
    fn appending_agrees_with_the_definition(entries in proptest::collection::vec(any::<Vec<u8>>(), 0..70), at in 0usize..70) {
        prop_assert_eq!(root(&entries), by_definition(&entries));
        // Stopped anywhere and resumed from what was kept, the tree grows on.
        let (before, after) = entries.split_at(at.min(entries.len()));
        let mut frontier = Frontier::default();
        before.iter().for_each(|e| frontier.push(e));
        let mut resumed = Frontier::resume(frontier.size(), frontier.peaks().to_vec()).unwrap();
        prop_assert_eq!(&resumed, &frontier);
        after.iter().for_each(|e| resumed.push(e));
        prop_assert_eq!(resumed.root(), by_definition(&entries));
        prop_assert!(resumed.peaks().len() as u32 <= u64::BITS - resumed.size().leading_zeros());
    }

    #[test]
    fn a_changed_swapped_or_dropped_entry_changes_the_root(
        entries in proptest::collection::vec(proptest::collection::vec(any::<u8>(), 1..9), 2..40),
        at in any::<proptest::sample::Index>(),
    ) {
        let whole = root(&entries);
        let at = at.index(entries.len());
        let mut changed = entries.clone();
        changed[at][0] ^= 1;
        prop_assert_ne!(root(&changed), whole);
        let mut dropped = entries.clone();
        dropped.remove(at);
        prop_assert_ne!(root(&dropped), whole);
        let mut swapped = entries.clone();
        swapped.swap(0, at);
        prop_assert_eq!(root(&swapped) == whole, entries[0] == entries[at]);
    }
}

#[test]
fn an_edge_with_too_few_hashes_is_none() {
    assert!(Frontier::resume(3, vec![Digest([0; 32])]).is_none());
    assert!(Frontier::resume(0, vec![]).is_some());
}
