//! A batch while its rows are placed in the history of their table.

use std::collections::BTreeMap;

use crate::{
    index::{Chains, KeyMap},
    mapping::{Fate, Key},
};

/// What is known of a batch while its rows are placed.
#[derive(Default)]
pub(super) struct Placing {
    /// The keys of its rows, sorted, and where the key of each row stands among them.
    pub keys: Vec<Key>,
    places: Vec<u32>,
    /// The upper bits of keys with the numbers of their rows behind them, to be sorted.
    of_rows: Vec<u64>,
    pub chains: Chains,
    /// Of every rule of uniqueness: which key has a value that a row of the batch has.
    pub owners: Vec<KeyMap<Key>>,
    /// Values of rules of uniqueness and the keys that have them from now on.
    pub owned: Vec<Vec<(Key, Key, u64)>>,
    /// Rows to be written, and since when and until when each holds.
    pub landing: Vec<u32>,
    pub intervals: Vec<(i64, i64)>,
    /// Of them those that were merged, and into which.
    pub merged: BTreeMap<u32, String>,
}

impl Placing {
    /// One with so many rules of uniqueness.
    pub fn new(rules: usize) -> Self {
        let (owners, owned) = (vec![KeyMap::default(); rules], vec![Vec::new(); rules]);
        Self { owners, owned, ..Self::default() }
    }

    /// Puts the keys of rows that are typed in order, and notes where that of each row stands.
    pub fn place(&mut self, keys: &[Option<Key>], fates: &[Fate]) {
        let typed = (0u64..).zip(keys).zip(fates).filter(|(_, fate)| matches!(fate, Fate::Typed));
        // The upper bits of a key, which tell nearly all of them apart, and the number of the row behind them: that is sorted
        // several times as fast as whole keys with their rows.
        let upper = u64::MAX.unbounded_shl(keys.len().checked_ilog2().map_or(0, |bits| bits + 1));
        self.of_rows.clear();
        self.of_rows.extend(typed.filter_map(|((row, key), _)| Some(((*key)? >> 64) as u64 & upper | row)));
        self.of_rows.sort_unstable();
        let key_of = |of: &u64| keys.get((of & !upper) as usize).copied().flatten().unwrap_or_default();
        let is_wrong = |a: &u64, b: &u64| a & upper == b & upper && key_of(a) > key_of(b);
        if self.of_rows.windows(2).any(|pair| matches!(pair, [a, b] if is_wrong(a, b))) {
            self.of_rows.sort_unstable_by_key(|of| (key_of(of), *of));
        }
        self.keys.clear();
        self.places.clear();
        self.places.resize(keys.len(), u32::MAX);
        for of in &self.of_rows {
            let key = key_of(of);
            if self.keys.last() != Some(&key) {
                self.keys.push(key);
            }
            if let Some(place) = self.places.get_mut((of & !upper) as usize) {
                *place = self.keys.len() as u32 - 1;
            }
        }
    }

    /// Where the key of a row stands, if it was asked for.
    pub fn at(&self, row: usize) -> Option<usize> {
        self.places.get(row).filter(|place| **place != u32::MAX).map(|place| *place as usize)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_in_order_and_rows_find_theirs_however_alike_they_are() {
        let mut placing = Placing::default();
        for rows in [0, 1, 2, 3, 64, 1000] {
            // Bits of keys that differ: the lowest, of both halves, the highest.
            for shift in [0, 60, 64, 70, 120] {
                let key = |row: u128| (Key::MAX / 3) ^ ((row * 7919 % 97) << shift);
                let keys: Vec<Option<Key>> =
                    (0..rows).map(|row| Some(key(row)).filter(|_| !row.is_multiple_of(5))).collect();
                let typed = |row: usize| !row.is_multiple_of(7);
                let fate = |row| if typed(row) { Fate::Typed } else { Fate::OutOfScope { unknown: false } };
                let fates: Vec<Fate> = (0..keys.len()).map(fate).collect();
                placing.place(&keys, &fates);
                let mut want: Vec<Key> =
                    (0..keys.len()).filter(|row| typed(*row)).filter_map(|row| keys[row]).collect();
                want.sort_unstable();
                want.dedup();
                assert_eq!(placing.keys, want, "{rows} {shift}");
                for (row, key) in keys.iter().enumerate() {
                    let found = placing.at(row).map(|at| placing.keys[at]);
                    assert_eq!(found, key.filter(|_| typed(row)), "{rows} {shift} {row}");
                }
            }
        }
    }
}
