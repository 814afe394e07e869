//! Synthetic control: a weighted mean of untreated units that follows the treated one before treatment.
#![expect(clippy::indexing_slicing, reason = "donors and periods form a rectangle, checked at entry")]

use crate::estimate::NotComputable;
use crate::linear::{Matrix, Qr};

/// Weights of donors, not negative, adding up to one.
#[derive(Debug, Clone, PartialEq)]
pub struct SimplexFit {
    /// One weight per donor.
    pub weights: Vec<f64>,
    /// Weighted sum of squares left.
    pub loss: f64,
}

/// Least squares over the simplex: minimises `Σ_k v_k (target_k − Σ_j w_j donors[j][k])²`, `w ≥ 0`, `Σw = 1`.
///
/// An active-set method that is exact up to rounding: least squares on the positive weights, a step back where one
/// would turn negative, and a new donor where the gradient asks for one. Donors that repeat others are left out.
/// Errors: `Invalid` for shapes or negative importance, `NoConvergence`. Source: Abadie and Gardeazabal 2003;
/// Nocedal and Wright 2006, § 16.5.
pub fn simplex_least_squares(
    target: &[f64],
    donors: &[Vec<f64>],
    importance: Option<&[f64]>,
) -> Result<SimplexFit, NotComputable> {
    NotComputable::unless_enough(donors.len(), 1)?;
    NotComputable::unless_enough(target.len(), 1)?;
    NotComputable::unless_finite("the target", target)?;
    for donor in donors {
        NotComputable::unless_same_length("a donor and the target", donor.len(), target.len())?;
        NotComputable::unless_finite("a donor", donor)?;
    }
    let roots: Vec<f64> = match importance {
        None => vec![1.0; target.len()],
        Some(values) => {
            NotComputable::unless_same_length("importance and the target", values.len(), target.len())?;
            if values.iter().any(|value| !(*value >= 0.0 && value.is_finite())) {
                return Err(NotComputable::invalid("importance is not negative"));
            }
            values.iter().map(|value| value.sqrt()).collect()
        }
    };
    let scale =
        |values: &[f64]| values.iter().zip(&roots).map(|(value, root)| value * root).collect::<Vec<f64>>();
    let target = scale(target);
    let donors: Vec<Vec<f64>> = donors.iter().map(|donor| scale(donor)).collect();
    let loss_of = |weights: &[f64]| residual(&target, &donors, weights).iter().map(|e| e * e).sum::<f64>();
    let unit = |index: usize| {
        let mut weights = vec![0.0; donors.len()];
        weights[index] = 1.0;
        weights
    };
    let best = (0..donors.len())
        .min_by(|a, b| loss_of(&unit(*a)).total_cmp(&loss_of(&unit(*b))))
        .ok_or(NotComputable::NoRows)?;
    let mut weights = unit(best);
    let mut free = vec![best];
    let size = target.iter().chain(donors.iter().flatten()).map(|x| x * x).sum::<f64>();
    for _ in 0..50 * donors.len() + 100 {
        // Move to the optimum on the free donors, stepping back at the boundary as often as needed.
        while let Some(wanted) = optimum_on(&target, &donors, &free) {
            let mut step = 1.0;
            let mut blocked = None;
            for (position, donor) in free.iter().enumerate() {
                let (now, goal) = (weights[*donor], wanted[position]);
                if goal < 0.0 && now / (now - goal) < step {
                    step = now / (now - goal);
                    blocked = Some(position);
                }
            }
            for (position, donor) in free.iter().enumerate() {
                weights[*donor] += step * (wanted[position] - weights[*donor]);
            }
            let Some(position) = blocked else { break };
            weights[free[position]] = 0.0;
            free.remove(position);
        }
        let errors = residual(&target, &donors, &weights);
        let pull: Vec<f64> =
            donors.iter().map(|donor| donor.iter().zip(&errors).map(|(x, e)| x * e).sum()).collect();
        let level: f64 = pull.iter().zip(&weights).map(|(pull, weight)| pull * weight).sum();
        let entering = (0..donors.len())
            .filter(|donor| !free.contains(donor))
            .max_by(|a, b| pull[*a].total_cmp(&pull[*b]))
            .filter(|donor| pull[*donor] > level + 1e-13 * size);
        match entering {
            None => return Ok(SimplexFit { loss: loss_of(&weights), weights }),
            Some(donor) => {
                free.push(donor);
                if optimum_on(&target, &donors, &free).is_none() {
                    // The newcomer is a combination of the others: exchange it for the lightest of them.
                    let lightest =
                        (0..free.len() - 1).min_by(|a, b| weights[free[*a]].total_cmp(&weights[free[*b]]));
                    let Some(lightest) = lightest else { break };
                    weights[donor] = weights[free[lightest]];
                    weights[free[lightest]] = 0.0;
                    free.remove(lightest);
                }
            }
        }
    }
    Err(NotComputable::NoConvergence { margin: "the donors' weights".to_owned() })
}

/// Weights of the free donors that minimise the loss with sum one, signs free; none when donors repeat each other.
fn optimum_on(target: &[f64], donors: &[Vec<f64>], free: &[usize]) -> Option<Vec<f64>> {
    let (last, others) = free.split_last()?;
    if others.is_empty() {
        return Some(vec![1.0]);
    }
    let minus = |values: &[f64]| values.iter().zip(&donors[*last]).map(|(a, b)| a - b).collect::<Vec<f64>>();
    let columns: Vec<Vec<f64>> = others.iter().map(|donor| minus(&donors[*donor])).collect();
    let qr = Qr::new(&Matrix::from_columns(&columns).ok()?).ok()?;
    let mut weights = qr.solve(&minus(target)).ok()?;
    weights.push(1.0 - weights.iter().sum::<f64>());
    Some(weights)
}

fn residual(target: &[f64], donors: &[Vec<f64>], weights: &[f64]) -> Vec<f64> {
    target
        .iter()
        .enumerate()
        .map(|(k, value)| {
            value - donors.iter().zip(weights).map(|(donor, weight)| weight * donor[k]).sum::<f64>()
        })
        .collect()
}

/// A synthetic control with its gap over all periods.
#[derive(Debug, Clone, PartialEq)]
pub struct SyntheticControl {
    /// Donor weights.
    pub fit: SimplexFit,
    /// Treated less synthetic, every period.
    pub gaps: Vec<f64>,
    /// Root mean square gap before treatment.
    pub before: f64,
    /// Root mean square gap from treatment on.
    pub after: f64,
    /// Mean gap from treatment on.
    pub mean_gap: f64,
}

/// Fits on the outcome itself over the first `before` periods.
///
/// A poor fit before treatment (`before` large against the series) makes the gap after it meaningless: look first.
pub fn outcome_control(
    treated: &[f64],
    donors: &[Vec<f64>],
    before: usize,
) -> Result<SyntheticControl, NotComputable> {
    if before == 0 || before >= treated.len() {
        return Err(NotComputable::invalid("treatment begins inside the series"));
    }
    NotComputable::unless_finite("the treated series", treated)?;
    for donor in donors {
        NotComputable::unless_same_length("a donor and the treated series", donor.len(), treated.len())?;
        NotComputable::unless_finite("a donor", donor)?;
    }
    let early: Vec<Vec<f64>> = donors.iter().map(|donor| donor[..before].to_vec()).collect();
    let fit = simplex_least_squares(&treated[..before], &early, None)?;
    let gaps = residual(treated, donors, &fit.weights);
    let root_mean = |gaps: &[f64]| (gaps.iter().map(|gap| gap * gap).sum::<f64>() / gaps.len() as f64).sqrt();
    let late = &gaps[before..];
    Ok(SyntheticControl {
        before: root_mean(&gaps[..before]),
        after: root_mean(late),
        mean_gap: late.iter().sum::<f64>() / late.len() as f64,
        fit,
        gaps,
    })
}

/// A permutation test in space.
#[derive(Debug, Clone, PartialEq)]
pub struct Placebo {
    /// Ratio of root mean square gaps after and before, treated unit.
    pub ratio: f64,
    /// The same ratio with each donor treated in turn; `None` where its own fit failed.
    pub donors: Vec<Option<f64>>,
    /// Share of units, the treated one included, whose ratio is at least as large.
    pub p: f64,
}

/// Treats every donor in turn (the treated unit never serves as a donor) and ranks the treated unit among them.
///
/// With m donors p cannot fall below 1/(m + 1). Source: Abadie, Diamond and Hainmueller 2010.
pub fn placebo(treated: &[f64], donors: &[Vec<f64>], before: usize) -> Result<Placebo, NotComputable> {
    NotComputable::unless_enough(donors.len(), 3)?;
    let actual = outcome_control(treated, donors, before)?;
    let ratio_of = |control: &SyntheticControl| control.after / control.before.max(f64::MIN_POSITIVE);
    let ratio = ratio_of(&actual);
    let ratios: Vec<Option<f64>> = (0..donors.len())
        .map(|donor| {
            let others: Vec<Vec<f64>> = donors
                .iter()
                .enumerate()
                .filter(|(other, _)| *other != donor)
                .map(|(_, d)| d.clone())
                .collect();
            outcome_control(&donors[donor], &others, before).ok().map(|control| ratio_of(&control))
        })
        .collect();
    let known: Vec<f64> = ratios.iter().flatten().copied().collect();
    let as_large = known.iter().filter(|other| **other >= ratio).count() + 1;
    Ok(Placebo { ratio, p: as_large as f64 / (known.len() + 1) as f64, donors: ratios })
}
