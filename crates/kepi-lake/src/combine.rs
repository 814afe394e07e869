//! Small files of a table that become one once many of about one size have gathered: so the number of files grows with the logarithm of
//! how many have landed, and so does how often a row is written.

use std::collections::BTreeMap;

/// When files are combined.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Combining {
    /// As many of one size; files of the next size are as many times larger. At least 2.
    pub together: u64,
    /// Files with as many rows stay as they are.
    pub enough: u64,
}

impl Default for Combining {
    /// So many rows are read as one part whose states are kept: fewer files would spare nothing more, and a few rows that change in a
    /// larger one measure more of them anew.
    fn default() -> Self {
        Self { together: 8, enough: 1 << 18 }
    }
}

/// Files with as many bytes stay as they are, too, however few rows that is: a landing copies no more than some of these.
const ENOUGH_BYTES: u64 = 1 << 27;

/// A file that may become part of another.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Small {
    /// Its number.
    pub number: u32,
    /// Rows that are in.
    pub rows: u64,
    /// Bytes.
    pub bytes: u64,
}

impl Combining {
    /// Which files become one each; those given are in order of their age. What comes of a group is of a greater size than each of its
    /// files, so that no row is written more often than there are sizes.
    pub fn groups(self, files: impl Iterator<Item = Small>) -> Vec<Vec<u32>> {
        let together = self.together.max(2);
        let is_enough = |rows, bytes| rows >= self.enough || bytes >= ENOUGH_BYTES;
        let mut sizes: BTreeMap<u32, Vec<Small>> = BTreeMap::new();
        for file in files.filter(|file| !is_enough(file.rows, file.bytes)) {
            sizes.entry(file.rows.max(1).ilog(together)).or_default().push(file);
        }
        let many = sizes.into_values().filter(|files| files.len() as u64 >= together);
        many.map(|files| {
            let (mut rows, mut bytes) = (0, 0);
            let few = files.into_iter().take_while(|file| {
                let goes_on = !is_enough(rows, bytes);
                (rows, bytes) = (rows + file.rows, bytes + file.bytes);
                goes_on
            });
            few.map(|file| file.number).collect()
        })
        .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_stay_few_and_a_row_is_written_once_a_size() {
        let combining = Combining { together: 8, enough: 1 << 18 };
        for size in [1, 20, 1000, 50_000, 300_000] {
            // Of each file: its rows, and how often they were written.
            let mut files: Vec<(u64, u64)> = Vec::new();
            let mut most = 0;
            for _ in 0..3650 {
                let small = |(number, (rows, _)): (u32, &(u64, u64))| Small { number, rows: *rows, bytes: 0 };
                let groups = combining.groups((0u32..).zip(&files).map(small));
                let out: Vec<u32> = groups.iter().flatten().copied().collect();
                let of = |group: &Vec<u32>| {
                    let of = group.iter().filter_map(|number| files.get(*number as usize));
                    of.fold((0, 0), |(rows, times), file| (rows + file.0, file.1.max(times)))
                };
                let new: Vec<(u64, u64)> =
                    groups.iter().map(of).map(|(rows, times)| (rows, times + 1)).collect();
                let mut number = 0u32..;
                files.retain(|_| !out.contains(&number.next().unwrap()));
                files.extend(new);
                files.push((size, 1));
                most = most.max(files.iter().filter(|(rows, _)| *rows < combining.enough).count());
            }
            let rows: u64 = files.iter().map(|(rows, _)| rows).sum();
            assert_eq!(rows, 3650 * size);
            let large = files.iter().filter(|(rows, _)| *rows >= combining.enough);
            assert!(large.clone().all(|(rows, _)| *rows < combining.enough * 2), "{size}");
            assert!(most <= 6 * 8, "{size}: {most} small files");
            assert!(files.iter().all(|(_, times)| *times <= 7), "{size}: {files:?}");
        }
    }

    #[test]
    fn large_rows_are_not_copied_by_the_gigabyte() {
        let combining = Combining { together: 2, enough: 1 << 18 };
        let half = ENOUGH_BYTES / 2;
        let small = |number, bytes| Small { number, rows: 9, bytes };
        let files = [small(0, half), small(1, ENOUGH_BYTES), small(2, half), small(3, half), small(4, 1)];
        assert_eq!(combining.groups(files.into_iter()), [[0, 2]], "the others wait, and a large one stays");
    }
}
