//! Estimates from a sample with weights, strata, clusters and calibration, by linearisation.
//!
//! An estimate is turned into the sum of one number per row, `z_i = w_i e_i`, where `e` is its linearised variable
//! after the calibration's projection; the variance is that of cluster totals of `z` within strata:
//! `V = Σ_h (1 − f_h) n_h/(n_h − 1) Σ_c (z_hc − z̄_h)²`. Source: Binder 1983; Särndal et al. 1992; Lumley 2010.

use std::collections::BTreeMap;

use super::calibration::{Calibration, check_weights, kish};
use crate::distribution::{beta, student};
use crate::estimate::{Estimate, Interval, Level, Method, NotComputable};

/// What to do with a stratum of one cluster, whose variance cannot be seen.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum LonelyCluster {
    /// Say so: the interval is `TooFew`.
    #[default]
    Refuse,
    /// It was taken with certainty and adds nothing.
    Certainty,
    /// Its distance from the mean of all clusters stands in.
    Centre,
}

/// A sample and how it was drawn.
#[derive(Debug, Clone)]
pub struct Survey {
    weights: Vec<f64>,
    clusters: Option<Vec<u64>>,
    strata: Option<Vec<u64>>,
    population: Option<Vec<f64>>,
    calibration: Option<Calibration>,
    lonely: LonelyCluster,
}

/// How the interval of a survey proportion is made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum ProportionInterval {
    /// Student's on the log odds, mapped back.
    #[default]
    Logit,
    /// Clopper–Pearson on the effective sample, adjusted for degrees of freedom. Source: Korn and Graubard 1998.
    KornGraubard,
    /// Student's on the proportion itself.
    Plain,
}

impl Survey {
    /// A sample with weights; rows are independent until clusters are named.
    ///
    /// Errors: `NoRows`, `NotFinite`, `Invalid` for a negative weight, `ZeroDenominator` when all are zero.
    pub fn new(weights: &[f64]) -> Result<Self, NotComputable> {
        check_weights(weights)?;
        Ok(Self {
            weights: weights.to_vec(),
            clusters: None,
            strata: None,
            population: None,
            calibration: None,
            lonely: LonelyCluster::default(),
        })
    }

    /// A sample with calibrated weights, whose errors are those of residuals on the margins.
    pub fn calibrated(calibration: &Calibration) -> Result<Self, NotComputable> {
        let mut survey = Self::new(&calibration.weights)?;
        survey.calibration = Some(calibration.clone());
        Ok(survey)
    }

    /// Names the cluster (account, household, school) of every row.
    pub fn with_clusters(mut self, clusters: &[u64]) -> Result<Self, NotComputable> {
        NotComputable::unless_same_length("clusters and weights", clusters.len(), self.weights.len())?;
        self.clusters = Some(clusters.to_vec());
        Ok(self)
    }

    /// Names the stratum of every row.
    pub fn with_strata(mut self, strata: &[u64]) -> Result<Self, NotComputable> {
        NotComputable::unless_same_length("strata and weights", strata.len(), self.weights.len())?;
        self.strata = Some(strata.to_vec());
        Ok(self)
    }

    /// Number of clusters (or rows, without clusters) in the population of each row's stratum.
    pub fn with_population(mut self, clusters_in_population: &[f64]) -> Result<Self, NotComputable> {
        NotComputable::unless_same_length(
            "population and weights",
            clusters_in_population.len(),
            self.weights.len(),
        )?;
        NotComputable::unless_finite("the population", clusters_in_population)?;
        self.population = Some(clusters_in_population.to_vec());
        Ok(self)
    }

    /// Says what to do with strata of one cluster.
    #[must_use]
    pub fn with_lonely(mut self, lonely: LonelyCluster) -> Self {
        self.lonely = lonely;
        self
    }

    /// Replaces calibrated weights by trimmed ones; the calibration still shapes the errors, with each row's ratio
    /// of trimmed to calibrated weight taken as fixed.
    pub fn trimmed(mut self, weights: &[f64]) -> Result<Self, NotComputable> {
        check_weights(weights)?;
        NotComputable::unless_same_length("trimmed and former weights", weights.len(), self.weights.len())?;
        self.weights = weights.to_vec();
        Ok(self)
    }

    /// The weights in use.
    pub fn weights(&self) -> &[f64] {
        &self.weights
    }

    /// Degrees of freedom: clusters less strata.
    pub fn degrees(&self) -> f64 {
        let strata = self.cluster_totals(&vec![0.0; self.weights.len()]);
        let clusters: usize = strata.values().map(|stratum| stratum.totals.len()).sum();
        clusters as f64 - strata.len() as f64
    }

    /// Weighted mean `Σwy/Σw` with Student's interval on clusters less strata degrees of freedom.
    ///
    /// The effective n is `s²(1 − n/Σw)/V` without that finite correction: n over the design effect "with
    /// replacement". Errors: `NotFinite`, `Invalid` for lengths.
    pub fn mean(&self, values: &[f64], level: Level) -> Result<Estimate, NotComputable> {
        let (point, variance) = self.mean_parts(values)?;
        let effective = self.effective_size(values, point, variance.clone());
        Ok(self.estimate(point, variance, effective, level))
    }

    /// Weighted total `Σwy`.
    pub fn total(&self, values: &[f64], level: Level) -> Result<Estimate, NotComputable> {
        self.check(values)?;
        let point = self.weights.iter().zip(values).map(|(weight, value)| weight * value).sum();
        let variance = self.variance(values)?;
        let (_, effective) = kish(&self.weights)?;
        Ok(self.estimate(point, Ok(variance), effective, level))
    }

    /// Ratio of two weighted totals `Σwy/Σwx`.
    pub fn ratio(
        &self,
        numerator: &[f64],
        denominator: &[f64],
        level: Level,
    ) -> Result<Estimate, NotComputable> {
        self.check(numerator)?;
        self.check(denominator)?;
        let sum = |values: &[f64]| {
            self.weights.iter().zip(values).map(|(weight, value)| weight * value).sum::<f64>()
        };
        let below = sum(denominator);
        if below == 0.0 {
            return Err(NotComputable::ZeroDenominator);
        }
        let point = sum(numerator) / below;
        let linearised: Vec<f64> =
            numerator.iter().zip(denominator).map(|(y, x)| (y - point * x) / below).collect();
        let (_, effective) = kish(&self.weights)?;
        Ok(self.estimate(point, self.variance(&linearised), effective, level))
    }

    /// Weighted mean among the rows of a domain: a wave, a region, a product.
    ///
    /// Rows outside have no value but keep their places in clusters, strata and margins, so the size of the domain
    /// counts as uncertain (Särndal, Swensson and Wretman 1992, § 5.8). Errors: `ZeroDenominator` for a domain
    /// without weight.
    pub fn domain_mean(
        &self,
        values: &[f64],
        domain: &[bool],
        level: Level,
    ) -> Result<Estimate, NotComputable> {
        let (point, linearised) = self.domain_parts(values, domain)?;
        Ok(self.within(domain, self.estimate(point, self.variance(&linearised), 0.0, level)))
    }

    /// Mean of the second domain less that of the first, with the covariance of accounts that are in both.
    ///
    /// For waves of one survey: did the score change? Errors as [`Survey::domain_mean`].
    pub fn domain_difference(
        &self,
        values: &[f64],
        first: &[bool],
        second: &[bool],
        level: Level,
    ) -> Result<Estimate, NotComputable> {
        let (before, from) = self.domain_parts(values, first)?;
        let (after, to) = self.domain_parts(values, second)?;
        let linearised: Vec<f64> = to.iter().zip(&from).map(|(to, from)| to - from).collect();
        let either: Vec<bool> = first.iter().zip(second).map(|(a, b)| *a || *b).collect();
        let estimate = self.estimate(after - before, self.variance(&linearised), 0.0, level);
        Ok(self.within(&either, estimate))
    }

    /// Mean of a domain, and the variable whose total varies like it.
    fn domain_parts(&self, values: &[f64], domain: &[bool]) -> Result<(f64, Vec<f64>), NotComputable> {
        self.check(values)?;
        NotComputable::unless_same_length("rows and their domain", values.len(), domain.len())?;
        let inside = |row: usize| if domain.get(row) == Some(&true) { 1.0 } else { 0.0 };
        let sum = |of: &dyn Fn(f64) -> f64| {
            let rows = self.weights.iter().zip(values).enumerate();
            rows.map(|(row, (weight, value))| inside(row) * weight * of(*value)).sum::<f64>()
        };
        let total = sum(&|_| 1.0);
        if total <= 0.0 {
            return Err(NotComputable::ZeroDenominator);
        }
        let point = sum(&|value| value) / total;
        let linearised =
            values.iter().enumerate().map(|(row, value)| inside(row) * (value - point) / total).collect();
        Ok((point, linearised))
    }

    /// The estimate with the numbers of the rows it is about.
    fn within(&self, domain: &[bool], mut estimate: Estimate) -> Estimate {
        let weights: Vec<f64> = self
            .weights
            .iter()
            .zip(domain)
            .filter(|(_, inside)| **inside)
            .map(|(weight, _)| *weight)
            .collect();
        estimate.n = weights.len() as u64;
        estimate.effective_n = kish(&weights).map_or(weights.len() as f64, |(_, effective)| effective);
        estimate
    }

    /// Weighted net promoter score in points from answers 0 to 10.
    ///
    /// Answers of 9 and 10 promote, 0 to 6 detract; the score is the weighted mean of ±100 and 0, linearised, so
    /// calibration and clusters shape its error. Errors: `Invalid` for an answer off the scale.
    pub fn net_promoter(&self, answers: &[f64], level: Level) -> Result<Estimate, NotComputable> {
        self.check(answers)?;
        if answers.iter().any(|answer| !(0.0..=10.0).contains(answer)) {
            return Err(NotComputable::invalid("answers lie between 0 and 10"));
        }
        let recoded: Vec<f64> = answers
            .iter()
            .map(|answer| match answer {
                answer if *answer >= 9.0 => 100.0,
                answer if *answer <= 6.0 => -100.0,
                _ => 0.0,
            })
            .collect();
        let mut estimate = self.mean(&recoded, level)?;
        estimate.interval = estimate.interval.map(|interval| interval.clipped(-100.0, 100.0));
        estimate.method = Method::WeightedNps;
        Ok(estimate)
    }

    /// Weighted proportion of rows that hit.
    ///
    /// Where nobody or everybody hits, the variance is unseen: the interval is Clopper–Pearson on Kish's size.
    pub fn proportion(
        &self,
        hits: &[bool],
        interval: ProportionInterval,
        level: Level,
    ) -> Result<Estimate, NotComputable> {
        let values: Vec<f64> = hits.iter().map(|hit| f64::from(u8::from(*hit))).collect();
        let (point, variance) = self.mean_parts(&values)?;
        let mut estimate = self.estimate(
            point,
            variance.clone(),
            self.effective_size(&values, point, variance.clone()),
            level,
        );
        estimate.method = Method::WeightedProportion;
        let variance = match variance {
            Ok(variance) => variance,
            Err(_) => return Ok(estimate),
        };
        let degrees = self.degrees();
        let t = student::critical(level, degrees);
        if variance <= 0.0 {
            let (_, effective) = kish(&self.weights)?;
            estimate.effective_n = effective;
            estimate.interval = Ok(clopper_pearson(point, effective, level));
            return Ok(estimate);
        }
        let error = variance.sqrt();
        estimate.interval = Ok(match interval {
            ProportionInterval::Plain => Interval::around(point, t * error, level).clipped(0.0, 1.0),
            ProportionInterval::Logit => {
                proportion_interval(point, variance, degrees, estimate.effective_n, level)?
            }
            ProportionInterval::KornGraubard => {
                let rows = self.weights.len() as f64;
                let ratio = student::critical(level, rows - 1.0) / t;
                let effective = point * (1.0 - point) / variance * ratio * ratio;
                clopper_pearson(point, effective, level)
            }
        });
        Ok(estimate)
    }

    /// Weighted quantile: the smallest value with at least a share `q` of the weight at or below it.
    pub fn quantile(&self, values: &[f64], q: f64) -> Result<f64, NotComputable> {
        self.check(values)?;
        if !(q > 0.0 && q < 1.0) {
            return Err(NotComputable::invalid("a quantile lies strictly between 0 and 1"));
        }
        let mut rows: Vec<(f64, f64)> = values.iter().copied().zip(self.weights.iter().copied()).collect();
        rows.sort_by(|left, right| left.0.total_cmp(&right.0));
        let total: f64 = self.weights.iter().sum();
        let mut reached = 0.0;
        for (value, weight) in &rows {
            reached += weight;
            if reached >= q * total * (1.0 - 1e-12) {
                return Ok(*value);
            }
        }
        rows.last().map(|row| row.0).ok_or(NotComputable::NoRows)
    }

    /// Standard error of the weighted mean.
    pub fn standard_error(&self, values: &[f64]) -> Result<f64, NotComputable> {
        self.mean_parts(values)?.1.map(f64::sqrt)
    }

    /// Design effect of the mean against a simple random sample of the same size drawn without replacement from a
    /// population of `Σw`: `V / (s²(1 − n/Σw)/n)`.
    pub fn design_effect(&self, values: &[f64], replacement: Replacement) -> Result<f64, NotComputable> {
        let (point, variance) = self.mean_parts(values)?;
        let population: f64 = self.weights.iter().sum();
        let rows = self.weights.len() as f64;
        let correction = match replacement {
            Replacement::With => 1.0,
            Replacement::Without => 1.0 - rows / population,
        };
        Ok(variance? / (self.spread(values, point) / rows * correction))
    }

    /// Variance of `Σ w_i u_i` for a linearised variable `u`.
    pub fn variance(&self, linearised: &[f64]) -> Result<f64, NotComputable> {
        self.check(linearised)?;
        let per_row: Vec<f64> = match &self.calibration {
            None => linearised.iter().zip(&self.weights).map(|(value, weight)| value * weight).collect(),
            Some(calibration) => {
                let scaled: Vec<f64> = linearised
                    .iter()
                    .zip(&self.weights)
                    .zip(&calibration.weights)
                    .map(
                        |((value, weight), before)| if *before > 0.0 { value * weight / before } else { 0.0 },
                    )
                    .collect();
                let residuals = calibration.residuals(&scaled)?;
                residuals.iter().zip(&calibration.weights).map(|(value, weight)| value * weight).collect()
            }
        };
        let strata = self.cluster_totals(&per_row);
        let grand = {
            let clusters: usize = strata.values().map(|stratum| stratum.totals.len()).sum();
            strata.values().flat_map(|stratum| stratum.totals.values()).sum::<f64>() / clusters as f64
        };
        let mut variance = 0.0;
        for stratum in strata.values() {
            let clusters = stratum.totals.len() as f64;
            let correction = match stratum.population {
                None => 1.0,
                Some(population) if population >= clusters => 1.0 - clusters / population,
                Some(_) => {
                    return Err(NotComputable::invalid("more clusters were drawn than the population has"));
                }
            };
            if stratum.totals.len() < 2 {
                match self.lonely {
                    LonelyCluster::Refuse => return Err(NotComputable::TooFew { n: 1, need: 2 }),
                    LonelyCluster::Certainty => {}
                    LonelyCluster::Centre => {
                        variance +=
                            correction * stratum.totals.values().map(|z| (z - grand).powi(2)).sum::<f64>();
                    }
                }
                continue;
            }
            let mean = stratum.totals.values().sum::<f64>() / clusters;
            let squares: f64 = stratum.totals.values().map(|total| (total - mean).powi(2)).sum();
            variance += correction * clusters / (clusters - 1.0) * squares;
        }
        Ok(variance)
    }

    fn mean_parts(&self, values: &[f64]) -> Result<(f64, Result<f64, NotComputable>), NotComputable> {
        self.check(values)?;
        let total: f64 = self.weights.iter().sum();
        let point =
            self.weights.iter().zip(values).map(|(weight, value)| weight * value).sum::<f64>() / total;
        let linearised: Vec<f64> = values.iter().map(|value| (value - point) / total).collect();
        Ok((point, self.variance(&linearised)))
    }

    fn check(&self, values: &[f64]) -> Result<(), NotComputable> {
        NotComputable::unless_same_length("values and weights", values.len(), self.weights.len())?;
        NotComputable::unless_finite("the values", values)
    }

    /// Weighted sample variance with the factor n/(n − 1).
    fn spread(&self, values: &[f64], mean: f64) -> f64 {
        let total: f64 = self.weights.iter().sum();
        let rows = self.weights.len() as f64;
        let squares: f64 =
            self.weights.iter().zip(values).map(|(weight, value)| weight * (value - mean).powi(2)).sum();
        squares / total * rows / (rows - 1.0)
    }

    fn effective_size(&self, values: &[f64], point: f64, variance: Result<f64, NotComputable>) -> f64 {
        match variance {
            Ok(variance) if variance > 0.0 => self.spread(values, point) / variance,
            _ => kish(&self.weights).map_or(self.weights.len() as f64, |pair| pair.1),
        }
    }

    fn estimate(
        &self,
        point: f64,
        variance: Result<f64, NotComputable>,
        effective_n: f64,
        level: Level,
    ) -> Estimate {
        let degrees = self.degrees();
        let interval = variance.and_then(|variance| {
            if degrees < 1.0 {
                Err(NotComputable::TooFew {
                    n: self.weights.len() as u64,
                    need: self.weights.len() as u64 + 1,
                })
            } else if variance <= 0.0 && self.calibration.is_none() {
                Err(NotComputable::NoVariation)
            } else {
                Ok(Interval::around(
                    point,
                    student::critical(level, degrees) * variance.max(0.0).sqrt(),
                    level,
                ))
            }
        });
        let method =
            if self.calibration.is_some() { Method::CalibratedSurvey } else { Method::LinearisedSurvey };
        Estimate { point, interval, n: self.weights.len() as u64, effective_n, method }
    }

    fn cluster_totals(&self, per_row: &[f64]) -> BTreeMap<u64, Stratum> {
        let mut strata: BTreeMap<u64, Stratum> = BTreeMap::new();
        for (row, value) in per_row.iter().enumerate() {
            let at = |labels: &Option<Vec<u64>>, otherwise: u64| {
                labels.as_ref().and_then(|labels| labels.get(row).copied()).unwrap_or(otherwise)
            };
            let stratum = strata.entry(at(&self.strata, 0)).or_default();
            *stratum.totals.entry(at(&self.clusters, row as u64)).or_default() += value;
            stratum.population = self.population.as_ref().and_then(|sizes| sizes.get(row).copied());
        }
        strata
    }
}

/// How the comparison sample of a design effect is drawn.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Replacement {
    /// Without replacement, from a population of `Σw`.
    #[default]
    Without,
    /// With replacement.
    With,
}

#[derive(Default)]
struct Stratum {
    totals: BTreeMap<u64, f64>,
    population: Option<f64>,
}

fn clopper_pearson(point: f64, n: f64, level: Level) -> Interval {
    let tail = 0.5 * level.alpha();
    let (hits, misses) = (n * point, n * (1.0 - point));
    let low = if point <= 0.0 { 0.0 } else { beta::quantile(tail, hits, misses + 1.0) };
    let high = if point >= 1.0 { 1.0 } else { beta::quantile(1.0 - tail, hits + 1.0, misses) };
    Interval::new(low, high, level)
}

/// The interval of a proportion whose variance is linearised: Student's on the log odds, mapped back; where nobody or everybody
/// hits, so that the variance is unseen, Clopper–Pearson on the effective number.
///
/// # Errors
/// `TooFew` without a degree of freedom.
pub fn proportion_interval(
    point: f64,
    variance: f64,
    degrees: f64,
    effective_n: f64,
    level: Level,
) -> Result<Interval, NotComputable> {
    if degrees < 1.0 {
        return Err(NotComputable::TooFew { n: 1, need: 2 });
    }
    if variance <= 0.0 || point <= 0.0 || point >= 1.0 {
        return Ok(clopper_pearson(point.clamp(0.0, 1.0), effective_n, level));
    }
    let centre = libm::log(point / (1.0 - point));
    let half = student::critical(level, degrees) * variance.sqrt() / (point * (1.0 - point));
    let back = |x: f64| 1.0 / (1.0 + libm::exp(-x));
    Ok(Interval::new(back(centre - half), back(centre + half), level))
}
