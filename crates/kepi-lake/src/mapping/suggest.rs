//! What a column that is not there may have meant.

use kepi_model::project::Mapping;

use crate::error::LandError;

/// The finding about a column that a file does not have.
pub(super) fn no_column(file: &str, column: &str, mapping: &Mapping, available: &[String]) -> LandError {
    let folded = |t: &str| t.to_lowercase().replace([' ', '_', '-', '.'], "");
    let closest = available
        .iter()
        .map(|c| (distance(&folded(c), &folded(column)), c))
        .filter(|(d, c)| *d <= (c.chars().count().max(3) / 3))
        .min()
        .map(|(_, c)| c.clone());
    LandError::NoColumn {
        path: file.to_owned(),
        column: column.to_owned(),
        attribute: mapping.attribute.clone(),
        closest,
        available: available.to_vec(),
    }
}

/// Levenshtein distance.
fn distance(a: &str, b: &str) -> usize {
    let b: Vec<char> = b.chars().collect();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, x) in a.chars().enumerate() {
        let mut last = i + 1;
        let mut next = Vec::with_capacity(row.len());
        next.push(last);
        for ((y, up), left_up) in b.iter().zip(row.iter().skip(1)).zip(&row) {
            last = (up + 1).min(last + 1).min(left_up + usize::from(x != *y));
            next.push(last);
        }
        row = next;
    }
    row.last().copied().unwrap_or(0)
}
