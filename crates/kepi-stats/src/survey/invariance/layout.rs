//! Parameters of a factor model in one vector, and the likelihood, its gradient and information from them.
#![expect(
    clippy::indexing_slicing,
    reason = "items, factors and parameters are numbered by the layout built from them"
)]

use super::{GroupEstimates, Invariance, Moments};
use crate::estimate::{Estimate, Interval, Level, Method, NotComputable};
use crate::linear::{Cholesky, LinearError, Matrix, dot};

/// A number of a model: free at a place of the parameter vector, or fixed.
#[derive(Debug, Clone, Copy)]
enum Slot {
    Fixed(f64),
    Free(usize),
}

impl Slot {
    fn value(self, at: &[f64]) -> f64 {
        match self {
            Self::Fixed(value) => value,
            Self::Free(index) => at[index],
        }
    }
}

/// Where the numbers of a group stand in the parameter vector; shared numbers share a place.
#[derive(Debug, Clone)]
struct Places {
    /// Item, factor, place.
    loadings: Vec<(usize, usize, Slot)>,
    intercepts: Vec<usize>,
    residuals: Vec<usize>,
    /// Two factors, place.
    factors: Vec<(usize, usize, usize)>,
    means: Vec<Slot>,
}

pub(super) struct Layout {
    groups: Vec<Places>,
    items: usize,
    factors: usize,
    /// Free parameters.
    pub count: usize,
}

/// Implied moments of a group and what they are made of.
struct Implied {
    loadings: Matrix,
    factors: Matrix,
    means: Vec<f64>,
    covariance: Matrix,
    expected: Vec<f64>,
}

impl Layout {
    pub fn new(groups: usize, items: usize, pattern: &[Vec<usize>], invariance: Invariance) -> Self {
        let factors = pattern.len();
        let mut count = 0;
        let mut free = |many: usize| {
            count += many;
            count - many..count
        };
        let mut places: Vec<Places> = Vec::with_capacity(groups);
        for group in 0..groups {
            // What is held equal stands where the first group has it.
            let shared = |needs: Invariance| places.first().filter(|_| invariance >= needs).cloned();
            let loadings = shared(Invariance::Metric).map_or_else(
                || {
                    let mut loadings = Vec::new();
                    for (factor, items) in pattern.iter().enumerate() {
                        for (position, item) in items.iter().enumerate() {
                            let slot =
                                if position == 0 { Slot::Fixed(1.0) } else { Slot::Free(free(1).start) };
                            loadings.push((*item, factor, slot));
                        }
                    }
                    loadings
                },
                |first| first.loadings,
            );
            let intercepts = shared(Invariance::Scalar)
                .map_or_else(|| free(items).collect::<Vec<_>>(), |first| first.intercepts);
            let residuals = shared(Invariance::Strict)
                .map_or_else(|| free(items).collect::<Vec<_>>(), |first| first.residuals);
            let pairs = (0..factors).flat_map(|j| (0..=j).map(move |k| (j, k)));
            let covariances =
                pairs.zip(free(factors * (factors + 1) / 2)).map(|((j, k), place)| (j, k, place)).collect();
            let means = if group > 0 && invariance >= Invariance::Scalar {
                free(factors).map(Slot::Free).collect()
            } else {
                vec![Slot::Fixed(0.0); factors]
            };
            places.push(Places { loadings, intercepts, residuals, factors: covariances, means });
        }
        Self { groups: places, items, factors, count }
    }

    pub fn start(&self, groups: &[Moments]) -> Vec<f64> {
        let mut at = vec![0.0; self.count];
        // Later groups first, so that what is shared starts from the first group.
        for (places, group) in self.groups.iter().zip(groups).rev() {
            for (_, _, slot) in &places.loadings {
                if let Slot::Free(index) = slot {
                    at[*index] = 1.0;
                }
            }
            for (item, place) in places.intercepts.iter().enumerate() {
                at[*place] = group.means[item];
            }
            for (item, place) in places.residuals.iter().enumerate() {
                at[*place] = 0.5 * group.covariance[(item, item)];
            }
            for (j, k, place) in &places.factors {
                at[*place] = if j == k { 0.5 } else { 0.1 };
            }
        }
        at
    }

    fn implied(&self, places: &Places, at: &[f64]) -> Result<Implied, LinearError> {
        let mut loadings = Matrix::zeros(self.items, self.factors);
        for (item, factor, slot) in &places.loadings {
            loadings[(*item, *factor)] = slot.value(at);
        }
        let mut factors = Matrix::zeros(self.factors, self.factors);
        for (j, k, place) in &places.factors {
            factors[(*j, *k)] = at[*place];
            factors[(*k, *j)] = at[*place];
        }
        let means: Vec<f64> = places.means.iter().map(|slot| slot.value(at)).collect();
        let mut covariance = loadings.sandwich(&factors)?;
        for (item, place) in places.residuals.iter().enumerate() {
            covariance[(item, item)] += at[*place];
        }
        let mut expected = loadings.multiply_vector(&means)?;
        for (value, place) in expected.iter_mut().zip(&places.intercepts) {
            *value += at[*place];
        }
        Ok(Implied { loadings, factors, means, covariance, expected })
    }

    /// Derivatives of a group's covariances (as `left rightᵀ + right leftᵀ`) and means, by place.
    fn derivatives(&self, places: &Places, implied: &Implied) -> Result<Vec<Derivative>, LinearError> {
        let unit =
            |item: usize| (0..self.items).map(|i| if i == item { 1.0 } else { 0.0 }).collect::<Vec<f64>>();
        let halved = |v: &[f64]| v.iter().map(|x| 0.5 * x).collect::<Vec<f64>>();
        let nothing = vec![0.0; self.items];
        let through = implied.loadings.multiply(&implied.factors)?;
        let mut all = Vec::new();
        for (item, factor, slot) in &places.loadings {
            if let Slot::Free(place) = slot {
                let mean = unit(*item).iter().map(|x| x * implied.means[*factor]).collect();
                all.push(Derivative {
                    place: *place,
                    left: unit(*item),
                    right: through.column(*factor).to_vec(),
                    mean,
                });
            }
        }
        for (j, k, place) in &places.factors {
            let (left, right) = (implied.loadings.column(*j), implied.loadings.column(*k));
            let left = if j == k { halved(left) } else { left.to_vec() };
            all.push(Derivative { place: *place, left, right: right.to_vec(), mean: nothing.clone() });
        }
        for (item, place) in places.residuals.iter().enumerate() {
            let left = halved(&unit(item));
            all.push(Derivative { place: *place, left, right: unit(item), mean: nothing.clone() });
        }
        for (item, place) in places.intercepts.iter().enumerate() {
            let (left, right) = (nothing.clone(), nothing.clone());
            all.push(Derivative { place: *place, left, right, mean: unit(item) });
        }
        for (factor, slot) in places.means.iter().enumerate() {
            if let Slot::Free(place) = slot {
                let (left, right) = (nothing.clone(), nothing.clone());
                let mean = implied.loadings.column(factor).to_vec();
                all.push(Derivative { place: *place, left, right, mean });
            }
        }
        Ok(all)
    }

    /// `Σ n_g [ln|Σ| + tr(SΣ⁻¹) + d'Σ⁻¹d]` and its gradient.
    pub fn deviance(&self, groups: &[Moments], at: &[f64]) -> Result<(f64, Vec<f64>), LinearError> {
        let mut value = 0.0;
        let mut gradient = vec![0.0; self.count];
        for (places, group) in self.groups.iter().zip(groups) {
            let n = group.n as f64;
            let implied = self.implied(places, at)?;
            let factor = Cholesky::new(&implied.covariance)?;
            let inverse = factor.inverse();
            let away: Vec<f64> = group.means.iter().zip(&implied.expected).map(|(m, e)| m - e).collect();
            let mut observed = group.covariance.clone();
            observed.add_outer(1.0, &away)?;
            let whitened = inverse.multiply(&observed)?;
            value += n * (factor.log_determinant() + whitened.diagonal().iter().sum::<f64>());
            let by_covariance = inverse.plus_scaled(-1.0, &whitened.multiply(&inverse)?)?;
            let by_mean = inverse.multiply_vector(&away)?;
            for d in self.derivatives(places, &implied)? {
                gradient[d.place] += 2.0
                    * n
                    * (dot(&d.left, &by_covariance.multiply_vector(&d.right)?) - dot(&by_mean, &d.mean));
            }
        }
        Ok((value, gradient))
    }

    /// Expected information of all groups together.
    pub fn information(&self, groups: &[Moments], at: &[f64]) -> Result<Matrix, LinearError> {
        let mut information = Matrix::zeros(self.count, self.count);
        for (places, group) in self.groups.iter().zip(groups) {
            let implied = self.implied(places, at)?;
            let inverse = Cholesky::new(&implied.covariance)?.inverse();
            let all = self.derivatives(places, &implied)?;
            let moved: Vec<[Vec<f64>; 3]> = all
                .iter()
                .map(|d| {
                    Ok([
                        inverse.multiply_vector(&d.left)?,
                        inverse.multiply_vector(&d.right)?,
                        inverse.multiply_vector(&d.mean)?,
                    ])
                })
                .collect::<Result<_, LinearError>>()?;
            for (a, [left, right, mean]) in all.iter().zip(&moved) {
                for b in &all {
                    // ½ tr(Σ⁻¹ Σ_a Σ⁻¹ Σ_b) of two symmetric outer products.
                    let shared =
                        dot(left, &b.right) * dot(right, &b.left) + dot(left, &b.left) * dot(right, &b.right);
                    information[(a.place, b.place)] += group.n as f64 * (shared + dot(mean, &b.mean));
                }
            }
        }
        Ok(information)
    }

    /// Root mean square of standardised residuals of covariances and means, averaged over groups.
    pub fn residual(&self, groups: &[Moments], at: &[f64], total: f64) -> Result<f64, LinearError> {
        let mut mean = 0.0;
        for (places, group) in self.groups.iter().zip(groups) {
            let implied = self.implied(places, at)?;
            let spread: Vec<f64> = group.covariance.diagonal().iter().map(|v| v.sqrt()).collect();
            let mut squares = 0.0;
            for i in 0..self.items {
                squares += ((group.means[i] - implied.expected[i]) / spread[i]).powi(2);
                for j in 0..=i {
                    let away = group.covariance[(i, j)] - implied.covariance[(i, j)];
                    squares += (away / (spread[i] * spread[j])).powi(2);
                }
            }
            mean += group.n as f64 / total * (squares / (self.items * (self.items + 3) / 2) as f64).sqrt();
        }
        Ok(mean)
    }

    /// Estimates of a group in the units of the items.
    pub fn estimates(
        &self,
        group: usize,
        at: &[f64],
        variance: &Matrix,
        scales: &[f64],
        groups: &[Moments],
        level: Level,
    ) -> GroupEstimates {
        let places = &self.groups[group];
        // A factor has the unit of its first item.
        let mut units = vec![1.0; self.factors];
        for (item, factor, slot) in &places.loadings {
            if matches!(slot, Slot::Fixed(_)) {
                units[*factor] = scales[*item];
            }
        }
        let mut loadings = Matrix::zeros(self.items, self.factors);
        for (item, factor, slot) in &places.loadings {
            loadings[(*item, *factor)] = slot.value(at) * scales[*item] / units[*factor];
        }
        let mut factors = Matrix::zeros(self.factors, self.factors);
        for (j, k, place) in &places.factors {
            factors[(*j, *k)] = at[*place] * units[*j] * units[*k];
            factors[(*k, *j)] = factors[(*j, *k)];
        }
        let n = groups[group].n;
        let factor_means = places
            .means
            .iter()
            .zip(&units)
            .map(|(slot, unit)| {
                let point = slot.value(at) * unit;
                let interval = match slot {
                    Slot::Free(place) => {
                        let half = level.z() * variance[(*place, *place)].sqrt() * unit;
                        Ok(Interval::around(point, half, level))
                    }
                    Slot::Fixed(_) => Err(NotComputable::Unsupported(
                        "fixed at zero for the scale to have an origin".to_owned(),
                    )),
                };
                Estimate { point, interval, n, effective_n: n as f64, method: Method::MaximumLikelihood }
            })
            .collect();
        let scaled = |place: &usize, scale: f64| at[*place] * scale;
        GroupEstimates {
            loadings,
            intercepts: places.intercepts.iter().zip(scales).map(|(i, s)| scaled(i, *s)).collect(),
            residuals: places.residuals.iter().zip(scales).map(|(i, s)| scaled(i, s * s)).collect(),
            factors,
            factor_means,
        }
    }
}

struct Derivative {
    place: usize,
    left: Vec<f64>,
    right: Vec<f64>,
    mean: Vec<f64>,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::optimise::central_gradient;
    use crate::random::Random;

    #[test]
    fn gradient_is_that_of_the_deviance() {
        let mut random = Random::seeded(2);
        let groups: Vec<Moments> = (0..2)
            .map(|_| {
                let common: Vec<f64> = (0..80).map(|_| random.normal()).collect();
                let items: Vec<Vec<f64>> =
                    (0..5).map(|_| common.iter().map(|c| 0.3 + c + random.normal()).collect()).collect();
                Moments::of(&items).unwrap()
            })
            .collect();
        for invariance in [Invariance::Configural, Invariance::Scalar, Invariance::Strict] {
            let layout = Layout::new(2, 5, &[vec![0, 1, 2], vec![3, 4]], invariance);
            let at: Vec<f64> = layout.start(&groups).iter().map(|x| x + 0.1 * random.uniform()).collect();
            let (_, exact) = layout.deviance(&groups, &at).unwrap();
            let near = central_gradient(|at| layout.deviance(&groups, at).unwrap().0, &at);
            for (place, (a, b)) in exact.iter().zip(near).enumerate() {
                assert!((a - b).abs() < 1e-5 * (1.0 + b.abs()), "{invariance:?} {place}: {a} {b}");
            }
        }
    }
}
