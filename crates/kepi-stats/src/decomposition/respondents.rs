//! Score up, renewals down: whether the people changed, the answering changed, or the answers did.

use crate::distribution::student;
use crate::estimate::{Estimate, Interval, Level, Method, NotComputable};

/// A customer of either wave.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Respondent {
    /// Score in the first wave, if answered.
    pub before: Option<f64>,
    /// Score in the second wave, if answered.
    pub after: Option<f64>,
    /// Whether a customer at the first wave, answering or not.
    pub customer_before: bool,
    /// Whether still or already a customer at the second wave, answering or not.
    pub customer_after: bool,
}

/// The parts of a change of a mean score; they add up to `total`.
#[derive(Debug, Clone, PartialEq)]
pub struct Respondents {
    /// Mean of the second wave less that of the first.
    pub total: f64,
    /// What those who answered twice changed their minds by.
    pub within: Estimate,
    /// Composition: customers who left or came, against those who answered twice.
    pub composition: Estimate,
    /// Non-response: customers who fell silent or spoke up again, against those who answered twice.
    pub answering: Estimate,
}

/// Splits the change of a mean score into changed answers, changed customers and changed answering. O(customers).
///
/// With B those who answered twice, `within = m₁B − m₀B`; those who came or spoke up add `n_k/n₁ (m_k − m₁B)`, those
/// who left or fell silent take away `n_k/n₀ (m_k − m₀B)` (Melitz and Polanec 2015, for firms). The parts add up
/// exactly. Intervals are Student's for given numbers of each kind, with the pairs of B kept together. Composition
/// above zero with customers leaving is the case to know: the score rose because the unhappy are gone.
///
/// # Errors
/// `TooFew` below two customers who answered twice, `NotFinite`, `Invalid` for an answer from who was no customer.
pub fn respondents(customers: &[Respondent], level: Level) -> Result<Respondents, NotComputable> {
    let mut pairs = Vec::new();
    let (mut left, mut silent, mut came, mut again) = (vec![], vec![], vec![], vec![]);
    for customer in customers {
        let answers = [customer.before, customer.after];
        if answers.iter().flatten().any(|answer| !answer.is_finite()) {
            return Err(NotComputable::NotFinite { what: "an answer".to_owned() });
        }
        if (customer.before.is_some() && !customer.customer_before)
            || (customer.after.is_some() && !customer.customer_after)
        {
            return Err(NotComputable::invalid("only customers of a wave answer in it"));
        }
        match (customer.before, customer.after) {
            (Some(before), Some(after)) => pairs.push((before, after)),
            (Some(before), None) if customer.customer_after => silent.push(before),
            (Some(before), None) => left.push(before),
            (None, Some(after)) if customer.customer_before => again.push(after),
            (None, Some(after)) => came.push(after),
            (None, None) => {}
        }
    }
    NotComputable::unless_enough(pairs.len(), 2)?;
    let twice = pairs.len() as f64;
    let first = twice + (left.len() + silent.len()) as f64;
    let second = twice + (came.len() + again.len()) as f64;
    let stayed = |of: fn(&(f64, f64)) -> f64| pairs.iter().map(of).sum::<f64>() / twice;
    let (before, after) = (stayed(|pair| pair.0), stayed(|pair| pair.1));
    let n = pairs.len() + left.len() + silent.len() + came.len() + again.len();
    // A part is Σ weights·means of independent groups and, of those who answered twice, of b·before + a·after.
    let part = |gone: &[f64], come: &[f64], own: (f64, f64)| {
        let (out, into) = (gone.len() as f64 / first, come.len() as f64 / second);
        let (b, a) = (own.0 + out, own.1 - into);
        let mixed: Vec<f64> = pairs.iter().map(|pair| b * pair.0 + a * pair.1).collect();
        let groups = [(1.0, mixed.as_slice()), (-out, gone), (into, come)];
        let point: f64 = groups.iter().map(|(weight, values)| weight * mean(values)).sum();
        let interval = groups
            .iter()
            .try_fold(0.0, |sum, (weight, values)| Ok(sum + weight * weight * variance_of_mean(values)?))
            .map(|variance| {
                Interval::around(point, student::critical(level, twice - 1.0) * variance.sqrt(), level)
            });
        Estimate { point, interval, n: n as u64, effective_n: n as f64, method: Method::StudentMean }
    };
    let within = part(&[], &[], (-1.0, 1.0));
    let composition = part(&left, &came, (0.0, 0.0));
    let answering = part(&silent, &again, (0.0, 0.0));
    let sum = |values: &[f64]| values.iter().sum::<f64>();
    let total = (twice * after + sum(&came) + sum(&again)) / second
        - (twice * before + sum(&left) + sum(&silent)) / first;
    Ok(Respondents { total, within, composition, answering })
}

fn mean(values: &[f64]) -> f64 {
    if values.is_empty() { 0.0 } else { values.iter().sum::<f64>() / values.len() as f64 }
}

/// Zero for an empty group, which has no part; one alone shows no spread.
fn variance_of_mean(values: &[f64]) -> Result<f64, NotComputable> {
    let n = values.len() as f64;
    match values.len() {
        0 => Ok(0.0),
        1 => Err(NotComputable::TooFew { n: 1, need: 2 }),
        _ => {
            let centre = mean(values);
            Ok(values.iter().map(|value| (value - centre).powi(2)).sum::<f64>() / ((n - 1.0) * n))
        }
    }
}
