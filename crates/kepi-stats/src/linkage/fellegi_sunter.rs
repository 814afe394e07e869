//! Fellegi and Sunter's model: how much each agreement speaks for a match, learnt without labels.
#![expect(clippy::indexing_slicing, reason = "levels are checked against the shape of the model")]

use std::collections::BTreeMap;

use crate::estimate::NotComputable;

/// Agreement of one pair: a level per field, 0 the strictest, `None` for a missing value.
pub type Pattern = Vec<Option<u8>>;

/// What a level says.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Level {
    /// Probability of the level among matches.
    pub m: f64,
    /// Probability of the level among non-matches.
    pub u: f64,
}

impl Level {
    /// `log₂(m ⁄ u)`: evidence in bits, positive for a match.
    #[must_use]
    pub fn bits(&self) -> f64 {
        libm::log2(self.m / self.u)
    }
}

/// A model: fields of conditionally independent levels.
#[derive(Debug, Clone, PartialEq)]
pub struct Model {
    /// Share of matches among the pairs compared.
    pub match_share: f64,
    /// Levels of each field, strictest first, the last for no agreement.
    pub fields: Vec<Vec<Level>>,
}

/// A model learnt by expectation maximisation.
#[derive(Debug, Clone, PartialEq)]
pub struct Learnt {
    /// The model.
    pub model: Model,
    /// Log-likelihood of the patterns.
    pub log_likelihood: f64,
    /// Iterations made.
    pub iterations: usize,
}

/// What stays fixed while learning.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Fixed {
    /// Nothing. The default.
    #[default]
    Nothing,
    /// The probabilities among non-matches: better counted from random pairs, nearly all of which are non-matches.
    NonMatches,
}

/// Probabilities are kept this far from 0 and 1, so that no single field can decide alone for ever.
const FLOOR: f64 = 1e-12;

impl Model {
    /// A start for learning: matches agree with probability `m` on the strictest level of every field and
    /// non-matches with probability `1 − m`, the rest spread evenly.
    ///
    /// # Errors
    /// `Invalid` unless 0 < m < 1 and every field has two levels or more.
    pub fn start(levels: &[usize], match_share: f64, m: f64) -> Result<Self, NotComputable> {
        let inside = |p: f64| p > 0.0 && p < 1.0;
        if !inside(m) || !inside(match_share) || levels.iter().any(|n| *n < 2) {
            return Err(NotComputable::invalid(
                "a start needs probabilities inside 0 to 1 and two levels per field",
            ));
        }
        let fields = levels
            .iter()
            .map(|&n| {
                let spread =
                    |first: f64, i: usize| if i == 0 { first } else { (1.0 - first) / (n - 1) as f64 };
                (0..n).map(|i| Level { m: spread(m, i), u: spread(1.0 - m, i) }).collect()
            })
            .collect();
        Ok(Self { match_share, fields })
    }

    /// Evidence of a pattern in bits: the sum over its present fields of `log₂(m ⁄ u)`, without the prior.
    /// For many pairs take [`Model::scorer`].
    ///
    /// # Errors
    /// `Invalid` for a level the model does not have.
    pub fn bits(&self, pattern: &[Option<u8>]) -> Result<f64, NotComputable> {
        self.scorer().bits(pattern)
    }

    /// Probability of a match from evidence in bits and the prior share of matches.
    #[must_use]
    pub fn probability(&self, bits: f64) -> f64 {
        self.scorer().probability(bits)
    }

    /// The model with its logarithms taken, for scoring many pairs.
    #[must_use]
    pub fn scorer(&self) -> Scorer {
        Scorer {
            prior: libm::log2(self.match_share / (1.0 - self.match_share)),
            bits: self.fields.iter().map(|levels| levels.iter().map(Level::bits).collect()).collect(),
        }
    }

    /// Learns from pattern counts by expectation maximisation, O(distinct patterns × fields) per iteration.
    ///
    /// Missing fields say nothing. Stops when no probability moves by more than 1e-14 (or after 10,000 iterations).
    /// Source: Fellegi and Sunter (1969); Winkler (1988) for the algorithm.
    ///
    /// # Errors
    /// `NoRows`; `Invalid` for unknown levels; `NoConvergence`.
    pub fn learn(&self, counts: &BTreeMap<Pattern, f64>, fixed: Fixed) -> Result<Learnt, NotComputable> {
        let total: f64 = counts.values().sum();
        if counts.is_empty() || total.is_nan() || total <= 0.0 {
            return Err(NotComputable::NoRows);
        }
        let scorer = self.scorer();
        for pattern in counts.keys() {
            scorer.bits(pattern)?;
        }
        let mut model = self.clone();
        for iteration in 1..=10_000 {
            let (next, log_likelihood) = model.step(counts, total, fixed);
            let moved = model
                .fields
                .iter()
                .flatten()
                .zip(next.fields.iter().flatten())
                .map(|(a, b)| (a.m - b.m).abs().max((a.u - b.u).abs()))
                .fold((model.match_share - next.match_share).abs(), f64::max);
            model = next;
            if moved < 1e-14 {
                return Ok(Learnt { model, log_likelihood, iterations: iteration });
            }
        }
        Err(NotComputable::NoConvergence { margin: "the match probabilities".to_owned() })
    }

    fn step(&self, counts: &BTreeMap<Pattern, f64>, total: f64, fixed: Fixed) -> (Self, f64) {
        let mut sums: Vec<Vec<(f64, f64)>> = self.fields.iter().map(|f| vec![(0.0, 0.0); f.len()]).collect();
        let (mut matches, mut log_likelihood) = (0.0, 0.0);
        for (pattern, &count) in counts {
            let mut log_m = libm::log(self.match_share);
            let mut log_u = libm::log1p(-self.match_share);
            for (levels, observed) in self.fields.iter().zip(pattern) {
                if let Some(level) = observed {
                    log_m += libm::log(levels[usize::from(*level)].m);
                    log_u += libm::log(levels[usize::from(*level)].u);
                }
            }
            let share = 1.0 / (1.0 + libm::exp(log_u - log_m));
            log_likelihood += count * (log_m.max(log_u) + libm::log1p(libm::exp(-(log_m - log_u).abs())));
            matches += count * share;
            for (sum, observed) in sums.iter_mut().zip(pattern) {
                if let Some(level) = observed {
                    let cell = &mut sum[usize::from(*level)];
                    cell.0 += count * share;
                    cell.1 += count * (1.0 - share);
                }
            }
        }
        let fields = self
            .fields
            .iter()
            .zip(&sums)
            .map(|(old, sum)| {
                let (all_m, all_u) = sum.iter().fold((0.0, 0.0), |s, c| (s.0 + c.0, s.1 + c.1));
                let ratio = |x: f64, n: f64, before: f64| {
                    if n > 0.0 { (x / n).clamp(FLOOR, 1.0 - FLOOR) } else { before }
                };
                old.iter()
                    .zip(sum)
                    .map(|(level, cell)| Level {
                        m: ratio(cell.0, all_m, level.m),
                        u: if fixed == Fixed::NonMatches { level.u } else { ratio(cell.1, all_u, level.u) },
                    })
                    .collect()
            })
            .collect();
        (Self { match_share: (matches / total).clamp(FLOOR, 1.0 - FLOOR), fields }, log_likelihood)
    }
}

/// A model with its logarithms taken: scores as the model does, some ten times faster.
#[derive(Debug, Clone, PartialEq)]
pub struct Scorer {
    prior: f64,
    bits: Vec<Vec<f64>>,
}

impl Scorer {
    /// Evidence of a pattern in bits, as [`Model::bits`].
    ///
    /// # Errors
    /// As [`Model::bits`].
    pub fn bits(&self, pattern: &[Option<u8>]) -> Result<f64, NotComputable> {
        NotComputable::unless_same_length("fields", self.bits.len(), pattern.len())?;
        let mut sum = 0.0;
        for (bits, observed) in self.bits.iter().zip(pattern) {
            if let Some(level) = observed {
                sum += bits
                    .get(usize::from(*level))
                    .ok_or_else(|| NotComputable::Invalid(format!("level {level} of {}", bits.len())))?;
            }
        }
        Ok(sum)
    }

    /// Probability of a match from evidence in bits, as [`Model::probability`].
    #[must_use]
    pub fn probability(&self, bits: f64) -> f64 {
        1.0 / (1.0 + libm::exp2(-(self.prior + bits)))
    }
}

/// Term frequencies of one field: agreement on a rare value says more than agreement on a common one.
#[derive(Debug, Clone, PartialEq)]
pub struct TermFrequencies {
    shares: BTreeMap<String, f64>,
}

impl TermFrequencies {
    /// Counts the values of a field; missing ones are not counted.
    #[must_use]
    pub fn count<'a>(values: impl IntoIterator<Item = Option<&'a str>>) -> Self {
        let mut counts: BTreeMap<String, f64> = BTreeMap::new();
        let mut n = 0.0;
        for value in values.into_iter().flatten() {
            *counts.entry(value.to_owned()).or_insert(0.0) += 1.0;
            n += 1.0;
        }
        Self { shares: counts.into_iter().map(|(value, count)| (value, count / n)).collect() }
    }

    /// Share of a value; `None` when it was never seen.
    #[must_use]
    pub fn share(&self, value: &str) -> Option<f64> {
        self.shares.get(value).copied()
    }

    /// Bits to add to an exact agreement on `value`: `log₂(u ⁄ share)`, so that u becomes the value's own share.
    ///
    /// Zero for values never seen. Source: Winkler (2000).
    #[must_use]
    pub fn bits(&self, value: &str, exact: &Level) -> f64 {
        self.share(value).map_or(0.0, |share| libm::log2(exact.u / share))
    }
}
