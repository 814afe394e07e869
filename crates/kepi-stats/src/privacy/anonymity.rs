//! Anonymity of a table of rows: how many share their quasi-identifiers, and how diverse their secrets are.

use std::collections::BTreeMap;

use crate::estimate::NotComputable;

/// One class of rows with equal quasi-identifiers.
#[derive(Debug, Clone, PartialEq)]
pub struct Class {
    /// The quasi-identifiers.
    pub key: Vec<String>,
    /// Rows.
    pub size: u64,
    /// Distinct sensitive values.
    pub distinct: u64,
    /// `exp` of the entropy of the sensitive values: as many equally frequent ones would be as diverse.
    pub entropy: f64,
    /// Share of the most frequent sensitive value.
    pub largest_share: f64,
}

/// The anonymity of a table.
#[derive(Debug, Clone, PartialEq)]
pub struct Anonymity {
    /// Smallest class: every row hides among at least k (Sweeney 2002).
    pub k: u64,
    /// Least number of distinct sensitive values in a class (Machanavajjhala et al. 2007).
    pub distinct_l: u64,
    /// The same by entropy.
    pub entropy_l: f64,
    /// Classes by ascending key.
    pub classes: Vec<Class>,
}

/// Groups rows of (quasi-identifiers, sensitive value), O(n log n).
///
/// # Errors
/// `NoRows`; `Invalid` for rows of different width.
pub fn anonymity(rows: &[(Vec<String>, String)]) -> Result<Anonymity, NotComputable> {
    let width = rows.first().ok_or(NotComputable::NoRows)?.0.len();
    let mut classes: BTreeMap<&[String], BTreeMap<&str, u64>> = BTreeMap::new();
    for (key, secret) in rows {
        NotComputable::unless_same_length("quasi-identifiers", width, key.len())?;
        *classes.entry(key).or_default().entry(secret).or_insert(0) += 1;
    }
    let classes: Vec<Class> = classes
        .into_iter()
        .map(|(key, secrets)| {
            let size: u64 = secrets.values().sum();
            let share = |c: &u64| *c as f64 / size as f64;
            let entropy: f64 = secrets.values().map(|c| -share(c) * libm::log(share(c))).sum();
            Class {
                key: key.to_vec(),
                size,
                distinct: secrets.len() as u64,
                entropy: libm::exp(entropy),
                largest_share: secrets.values().map(share).fold(0.0, f64::max),
            }
        })
        .collect();
    Ok(Anonymity {
        k: classes.iter().map(|c| c.size).min().unwrap_or(0),
        distinct_l: classes.iter().map(|c| c.distinct).min().unwrap_or(0),
        entropy_l: classes.iter().map(|c| c.entropy).fold(f64::INFINITY, f64::min),
        classes,
    })
}
