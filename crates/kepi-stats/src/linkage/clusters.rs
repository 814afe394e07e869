//! Clusters of records from pairwise links.
#![expect(clippy::indexing_slicing, reason = "parents are indices of the same vector")]

use crate::estimate::NotComputable;

/// Disjoint sets with path halving and union by the smaller root, so that a cluster is named by its smallest member.
#[derive(Debug, Clone)]
pub struct Clusters {
    parent: Vec<usize>,
}

impl Clusters {
    /// Every record for itself.
    #[must_use]
    pub fn new(records: usize) -> Self {
        Self { parent: (0..records).collect() }
    }

    /// Clusters of the links at or above a probability, O(links α(n)). The order of links is of no account.
    ///
    /// # Errors
    /// `Invalid` for a link to a record that is not there.
    pub fn from_links(
        records: usize,
        links: &[(usize, usize, f64)],
        threshold: f64,
    ) -> Result<Self, NotComputable> {
        let mut clusters = Self::new(records);
        for &(a, b, probability) in links {
            if a >= records || b >= records {
                return Err(NotComputable::Invalid(format!(
                    "a link from {a} to {b} among {records} records"
                )));
            }
            if probability >= threshold {
                clusters.join(a, b);
            }
        }
        Ok(clusters)
    }

    /// The smallest member of a record's cluster.
    pub fn find(&mut self, mut record: usize) -> usize {
        while self.parent[record] != record {
            self.parent[record] = self.parent[self.parent[record]];
            record = self.parent[record];
        }
        record
    }

    /// Joins the clusters of two records.
    pub fn join(&mut self, a: usize, b: usize) {
        let (a, b) = (self.find(a), self.find(b));
        self.parent[a.max(b)] = a.min(b);
    }

    /// The cluster of every record, named by its smallest member.
    #[must_use]
    pub fn labels(mut self) -> Vec<usize> {
        (0..self.parent.len()).map(|i| self.find(i)).collect()
    }
}
