//! A log under a signed root, and everything that could be done to it: every bit flipped, any two entries swapped, every
//! entry deleted, one inserted everywhere, cut anywhere, continued otherwise from anywhere. `KEPI_COUNT` says how many
//! entries; `make evidence AREA=audit` takes 10,000. What is compared are hashes of leaves and roots, so that it can be
//! exhaustive; that whoever reads a log compares these, `kepi-store` tests.

use std::collections::{BTreeMap, BTreeSet};

use kepi_proof::{
    Digest, Frontier, canonical,
    merkle::leaf,
    path::{consistency, inclusion, is_consistent, is_included, needed, over},
};
use serde_json::json;

fn count() -> u64 {
    std::env::var("KEPI_COUNT").ok().and_then(|n| n.parse().ok()).unwrap_or(200)
}

/// An entry as the log has them.
fn line(seq: u64) -> Vec<u8> {
    let body = json!({"entity": "order", "ended": 0, "snapshot": seq, "content": Digest::of(&seq.to_be_bytes()).to_string()});
    let line = json!({"at": 1_700_000_000_000_000u64 + seq, "body": body, "by": "person/1", "kind": "load.landed", "n": seq,
                      "seq": seq, "subject": "source/shop", "v": 1});
    canonical(&line).unwrap().into_bytes()
}

struct Log {
    lines: Vec<Vec<u8>>,
    leaves: Vec<Digest>,
    kept: BTreeMap<u64, Digest>,
    /// The edge before each entry, and after the last.
    edges: Vec<Frontier>,
}

impl Log {
    fn new(size: u64) -> Self {
        let lines: Vec<Vec<u8>> = (1..=size).map(line).collect();
        let leaves: Vec<Digest> = lines.iter().map(|l| leaf(l)).collect();
        let (mut kept, mut edges, mut edge) = (BTreeMap::new(), Vec::new(), Frontier::default());
        for leaf in &leaves {
            edges.push(edge.clone());
            edge.grow(*leaf, |hash| {
                kept.insert(kept.len() as u64, hash);
            });
        }
        edges.push(edge);
        Self { lines, leaves, kept, edges }
    }
    fn size(&self) -> u64 {
        self.lines.len() as u64
    }
    fn root(&self) -> Digest {
        self.edges[self.lines.len()].root()
    }
    fn hashes(&self, ranges: &[std::ops::Range<u64>]) -> Vec<Digest> {
        let found = needed(ranges).into_iter().map(|at| (at, self.kept[&at])).collect();
        ranges.iter().map(|range| over(range, &found).unwrap()).collect()
    }
    /// The root if the log went on from entry `at`, from 0, with these leaves.
    fn root_from(&self, at: usize, leaves: impl IntoIterator<Item = Digest>) -> Digest {
        let mut edge = self.edges[at].clone();
        leaves.into_iter().for_each(|leaf| edge.push_leaf(leaf));
        edge.root()
    }
}

#[test]
fn whatever_is_done_to_a_log_changes_what_was_signed() {
    let log = Log::new(count());
    let (size, root) = (log.lines.len(), log.root());
    let mut seen = [0u64; 6];
    for (at, line) in log.lines.iter().enumerate() {
        // Bit flips: the leaf is another one, and the way from it does not lead to the root.
        let path = log.hashes(&inclusion(at as u64, log.size()));
        assert!(is_included(log.leaves[at], at as u64, log.size(), &path, &root));
        let mut changed = line.clone();
        for bit in 0..line.len() * 8 {
            changed[bit / 8] ^= 1 << (bit % 8);
            let other = leaf(&changed);
            assert_ne!(other, log.leaves[at], "bit {bit} of entry {at}");
            if bit < 8 {
                assert!(!is_included(other, at as u64, log.size(), &path, &root));
            }
            changed[bit / 8] ^= 1 << (bit % 8);
            seen[0] += 1;
        }
        // Swaps: where either stood, there is another leaf.
        for with in &log.leaves[at + 1..] {
            assert_ne!(*with, log.leaves[at]);
            seen[1] += 1;
        }
        // Deleted, and as long as before by an entry of somebody's own at the end.
        let forged = leaf(b"forged");
        let rest = log.leaves[at + 1..].iter().copied();
        assert_ne!(log.root_from(at, rest.chain([forged])), root, "entry {at} deleted");
        seen[2] += 1;
        // Inserted, and as long as before without the last.
        let rest = log.leaves[at..size - 1].iter().copied();
        assert_ne!(log.root_from(at, [forged].into_iter().chain(rest)), root, "one inserted at {at}");
        seen[3] += 1;
        // Cut: it does not begin as what was signed, and no proof says that it does.
        let cut = log.edges[at].root();
        assert!(!is_consistent(log.size(), &root, at as u64, &cut, &[]));
        assert!(!is_consistent(at as u64, &cut, log.size(), &root, &[]) || at == 0);
        seen[4] += 1;
        // Forked: the same up to here and all of it another from here on.
        let others = (at..size).map(|n| leaf(format!("fork {n}").as_bytes()));
        let fork = log.root_from(at, others);
        assert_ne!(fork, root, "forked at {at}");
        let path = log.hashes(&consistency(at as u64, log.size()));
        assert!(is_consistent(at as u64, &cut, log.size(), &root, &path));
        assert!(at == 0 || !is_consistent(at as u64, &cut, log.size(), &fork, &path));
        seen[5] += 1;
    }
    // All leaves and all roots are different, so a swap of parts or an earlier end is none of them either.
    assert_eq!(log.leaves.iter().collect::<BTreeSet<_>>().len(), size);
    assert_eq!(log.edges.iter().map(Frontier::root).collect::<BTreeSet<_>>().len(), size + 1);
    let [flips, swaps, deleted, inserted, cuts, forks] = seen;
    println!(
        "audit: {size} entries: {flips} bits flipped, {swaps} swaps, {deleted} deletions, {inserted} insertions, {cuts} cuts, \
         {forks} forks, all seen"
    );
}
