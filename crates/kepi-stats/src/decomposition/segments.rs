//! Which element of a dimension moved a total: Adtributor's explanatory power and surprise.

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
