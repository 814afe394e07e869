//! Which segment moved a total: Adtributor's explanatory power and surprise, RiskLoc's risk.

use crate::estimate::NotComputable;

/// One element of a dimension, expected and observed.
#[derive(Debug, Clone, PartialEq)]
pub struct Element {
    /// Its name.
    pub name: String,
    /// What was forecast, in units of the total.
    pub forecast: f64,
    /// What came.
    pub actual: f64,
}

/// What an element contributes.
#[derive(Debug, Clone, PartialEq)]
pub struct Contribution {
    /// Its name.
    pub name: String,
    /// Share of the total change, `(a − f) ⁄ (A − F)`; the shares of a dimension add up to one.
    pub explanatory_power: f64,
    /// How unexpected its new share of the total is: a Jensen–Shannon term in decimal digits, not negative.
    pub surprise: f64,
}

/// Explanatory power and surprise of every element of a dimension, in the order given. O(elements).
///
/// Surprise of an element with shares p expected and q observed:
/// `½ (p log₁₀ 2p⁄(p+q) + q log₁₀ 2q⁄(p+q))`, with `0 log 0 = 0`. Source: Bhagwan et al. (2014).
///
/// # Errors
/// `ZeroDenominator` when the total did not change or a total is zero; `Invalid` for negative values; `NotFinite`.
pub fn contributions(elements: &[Element]) -> Result<Vec<Contribution>, NotComputable> {
    NotComputable::unless_enough(elements.len(), 1)?;
    let (mut f, mut a) = (0.0, 0.0);
    for element in elements {
        if !element.forecast.is_finite() || !element.actual.is_finite() {
            return Err(NotComputable::NotFinite { what: format!("element {}", element.name) });
        }
        if element.forecast < 0.0 || element.actual < 0.0 {
            return Err(NotComputable::invalid(format!("element {} is negative", element.name)));
        }
        f += element.forecast;
        a += element.actual;
    }
    if a == f || f == 0.0 || a == 0.0 {
        return Err(NotComputable::ZeroDenominator);
    }
    Ok(elements
        .iter()
        .map(|element| {
            let (p, q) = (element.forecast / f, element.actual / a);
            Contribution {
                name: element.name.clone(),
                explanatory_power: (element.actual - element.forecast) / (a - f),
                surprise: 0.5 * (term(p, q) + term(q, p)),
            }
        })
        .collect())
}

fn term(a: f64, b: f64) -> f64 {
    if a == 0.0 { 0.0 } else { a * libm::log10(2.0 * a / (a + b)) }
}

/// A set of elements of one dimension that explains a change.
#[derive(Debug, Clone, PartialEq)]
pub struct Explanation {
    /// The dimension.
    pub dimension: String,
    /// The elements, most surprising first.
    pub elements: Vec<Contribution>,
    /// Their joint explanatory power.
    pub explanatory_power: f64,
    /// Their joint surprise.
    pub surprise: f64,
}

/// When a set of elements is enough.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct AdtributorOptions {
    /// Joint explanatory power at which a set suffices. Default 0.67.
    pub total_power: f64,
    /// Least explanatory power of an element that is worth naming. Default 0.1.
    pub element_power: f64,
}

impl Default for AdtributorOptions {
    fn default() -> Self {
        Self { total_power: 0.67, element_power: 0.1 }
    }
}

/// The explanation of each dimension, most surprising dimension first; a dimension without a sufficient set is left out.
///
/// Within a dimension, elements are taken by descending surprise, those of little power passed over, until
/// their joint power suffices. O(elements log elements). Source: Bhagwan et al. (2014), algorithm 1.
///
/// # Errors
/// As [`contributions`].
pub fn adtributor(
    dimensions: &[(String, Vec<Element>)],
    options: AdtributorOptions,
) -> Result<Vec<Explanation>, NotComputable> {
    let mut found = Vec::new();
    for (dimension, elements) in dimensions {
        let mut sorted = contributions(elements)?;
        sorted.sort_by(|x, y| y.surprise.total_cmp(&x.surprise).then_with(|| x.name.cmp(&y.name)));
        let (mut power, mut surprise, mut chosen) = (0.0, 0.0, Vec::new());
        for element in sorted {
            if element.explanatory_power <= options.element_power {
                continue;
            }
            power += element.explanatory_power;
            surprise += element.surprise;
            chosen.push(element);
            if power > options.total_power {
                found.push(Explanation {
                    dimension: dimension.clone(),
                    elements: chosen,
                    explanatory_power: power,
                    surprise,
                });
                break;
            }
        }
    }
    found.sort_by(|x, y| y.surprise.total_cmp(&x.surprise).then_with(|| x.dimension.cmp(&y.dimension)));
    Ok(found)
}

/// A leaf: a full combination of elements, expected and observed.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Leaf {
    /// What was forecast.
    pub forecast: f64,
    /// What came.
    pub actual: f64,
    /// Whether the leaf lies in the segment under suspicion.
    pub in_segment: bool,
}

/// RiskLoc's judgement of a segment.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Risk {
    /// Weighted share of the segment's leaves beyond the cut, less the misfit of the segment's own ripple; high is guilty.
    pub risk: f64,
    /// Share of the anomalous deviation that lies in the segment.
    pub explanatory_power: f64,
    /// The cut that parts normal from anomalous leaves.
    pub cut: f64,
}

/// The risk that a segment is the root cause of a deviation.
///
/// Deviation score of a leaf `2 (f − a) ⁄ (f + a)`; the cut mirrors the largest deviation on the side that moved
/// less. Leaves beyond it count as anomalous, weighted by the distance of their score from the cut, all others by
/// their distance on the normal side. `r₁` is the weighted anomalous share of the segment's leaves; under the ripple hypothesis
/// all leaves of a guilty segment move by the same factor, and `r₂` is the mean weight-share of leaves that
/// would still deviate once the segment is rescaled by its own factor. `risk = r₁ − r₂`. O(leaves).
/// Source: Kalander (2022).
///
/// # Errors
/// `NoRows`, `NoVariation` when nothing deviates, `NotFinite`, `Invalid` for an empty segment.
pub fn risk(leaves: &[Leaf]) -> Result<Risk, NotComputable> {
    NotComputable::unless_enough(leaves.len(), 2)?;
    if leaves.iter().any(|l| !l.forecast.is_finite() || !l.actual.is_finite()) {
        return Err(NotComputable::NotFinite { what: "a leaf".to_owned() });
    }
    let score = |f: f64, a: f64| if f + a == 0.0 { 0.0 } else { 2.0 * (f - a) / (f + a) };
    let scores: Vec<f64> = leaves.iter().map(|l| score(l.forecast, l.actual)).collect();
    let (low, high) = scores.iter().fold((0.0_f64, 0.0_f64), |(l, h), s| (l.min(*s), h.max(*s)));
    if low == 0.0 && high == 0.0 {
        return Err(NotComputable::NoVariation);
    }
    // The anomaly lies on the side of the total change; the quieter side tells how wide the noise is.
    let total: f64 = leaves.iter().map(|l| l.forecast - l.actual).sum();
    let downward = total >= 0.0;
    let cut = if downward { -low } else { -high };
    let beyond = |s: f64| if downward { s > cut } else { s < cut };
    let anomalous = |s: f64| if beyond(s) { (s - cut).abs() } else { 0.0 };
    let normal = |s: f64| if beyond(s) { 0.0 } else { (s - cut).abs() };
    let (mut bad, mut good, mut f, mut a, mut members) = (0.0, 0.0, 0.0, 0.0, 0);
    let (mut explained, mut anomalous_total) = (0.0, 0.0);
    for (leaf, &s) in leaves.iter().zip(&scores) {
        if beyond(s) {
            anomalous_total += leaf.forecast - leaf.actual;
        }
        if leaf.in_segment {
            members += 1;
            bad += anomalous(s);
            good += normal(s);
            f += leaf.forecast;
            a += leaf.actual;
            if beyond(s) {
                explained += leaf.forecast - leaf.actual;
            }
        }
    }
    if members == 0 {
        return Err(NotComputable::invalid("the segment has no leaf"));
    }
    let r1 = if bad + good > 0.0 { bad / (bad + good) } else { 0.0 };
    let factor = if f == 0.0 { 1.0 } else { a / f };
    let (mut still, mut all) = (0.0, 0.0);
    for (leaf, &s) in leaves.iter().zip(&scores).filter(|(leaf, _)| leaf.in_segment) {
        let weight = (s - cut).abs();
        all += weight;
        still += weight * score(leaf.forecast * factor, leaf.actual).abs().min(1.0);
    }
    let r2 = if all > 0.0 { still / all } else { 0.0 };
    let explanatory_power = if anomalous_total == 0.0 { 0.0 } else { explained / anomalous_total };
    Ok(Risk { risk: r1 - r2, explanatory_power, cut })
}
