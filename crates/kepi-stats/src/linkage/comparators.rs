//! Similarity of strings, on Unicode scalar values.
//!
//! The distances come from the `strsim` crate, checked against the published examples of Winkler (1990) and jellyfish.
//! Names, dates and addresses are short and mostly ASCII: for these, Jaro's similarity and Levenshtein's distance are
//! computed in the bits of a word, several times faster and with the same result (`short.rs`).

use super::short;

/// A way to compare two strings.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Comparator {
    /// 1 when equal, else 0.
    Exact,
    /// Jaro's similarity, 0 to 1 (Jaro 1989).
    Jaro,
    /// Jaro's with a bonus for up to four equal first letters (Winkler 1990).
    JaroWinkler,
    /// Insertions, deletions and substitutions (Levenshtein 1966), as `1 − distance ⁄ longer`.
    Levenshtein,
    /// Also transpositions of neighbours, each letter edited at most once (optimal string alignment).
    OptimalAlignment,
    /// Also transpositions, letters edited freely: a metric (Damerau 1964; Lowrance and Wagner 1975).
    Damerau,
}

impl Comparator {
    /// Similarity between 0 (nothing alike) and 1 (equal). O(length²).
    #[must_use]
    pub fn similarity(self, a: &str, b: &str) -> f64 {
        match self {
            Self::Exact => f64::from(u8::from(a == b)),
            Self::Jaro => short::jaro(a, b).unwrap_or_else(|| strsim::jaro(a, b)),
            Self::JaroWinkler => short::jaro_winkler(a, b).unwrap_or_else(|| strsim::jaro_winkler(a, b)),
            Self::Levenshtein | Self::OptimalAlignment | Self::Damerau => {
                let longer = a.chars().count().max(b.chars().count());
                if longer == 0 { 1.0 } else { 1.0 - self.distance(a, b) as f64 / longer as f64 }
            }
        }
    }

    /// Number of edits; for the similarities of Jaro and for equality, 0 when equal and 1 otherwise.
    #[must_use]
    pub fn distance(self, a: &str, b: &str) -> usize {
        match self {
            Self::Exact | Self::Jaro | Self::JaroWinkler => usize::from(a != b),
            Self::Levenshtein => short::levenshtein(a, b).unwrap_or_else(|| strsim::levenshtein(a, b)),
            Self::OptimalAlignment => strsim::osa_distance(a, b),
            Self::Damerau => strsim::damerau_levenshtein(a, b),
        }
    }
}

/// A level of agreement of one field, from strictest to loosest.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Agreement {
    /// Equal.
    Exact,
    /// At least this similar.
    AtLeast(Comparator, f64),
    /// At most this many edits.
    Within(Comparator, usize),
}

/// The first level of agreement that two values reach, or one past the last; `None` when either is missing.
#[must_use]
pub fn agreement(levels: &[Agreement], a: Option<&str>, b: Option<&str>) -> Option<u8> {
    let (a, b) = (a?, b?);
    // Levels of a field mostly ask the same comparator for less and less: it is asked once.
    let (mut similarity, mut distance) = (None, None);
    let reached = levels.iter().position(|level| match *level {
        Agreement::Exact => a == b,
        Agreement::AtLeast(comparator, least) => {
            if similarity.is_none_or(|(of, _)| of != comparator) {
                similarity = Some((comparator, comparator.similarity(a, b)));
            }
            similarity.is_some_and(|(_, found)| found >= least)
        }
        Agreement::Within(comparator, most) => {
            if distance.is_none_or(|(of, _)| of != comparator) {
                distance = Some((comparator, comparator.distance(a, b)));
            }
            distance.is_some_and(|(_, found)| found <= most)
        }
    });
    u8::try_from(reached.unwrap_or(levels.len())).ok()
}
