//! Whether a decision treats groups alike: selection, errors, impact and calibration by group, with intervals.

use crate::distribution::normal;
use crate::estimate::{Estimate, Interval, Level, Method, NotComputable};
use crate::estimation::proportion::{self, DifferenceMethod};

/// Decisions and outcomes of one group.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GroupCounts {
    /// Name of the group.
    pub name: String,
    /// Flagged, and the outcome came.
    pub true_positive: u64,
    /// Flagged, and it did not come.
    pub false_positive: u64,
    /// Not flagged, and the outcome came.
    pub false_negative: u64,
    /// Not flagged, and it did not come.
    pub true_negative: u64,
}

impl GroupCounts {
    /// Counts one group from its decisions and outcomes.
    #[must_use]
    pub fn count(name: &str, rows: impl IntoIterator<Item = (bool, bool)>) -> Self {
        let mut counts = Self {
            name: name.to_owned(),
            true_positive: 0,
            false_positive: 0,
            false_negative: 0,
            true_negative: 0,
        };
        for (flagged, came) in rows {
            match (flagged, came) {
                (true, true) => counts.true_positive += 1,
                (true, false) => counts.false_positive += 1,
                (false, true) => counts.false_negative += 1,
                (false, false) => counts.true_negative += 1,
            }
        }
        counts
    }

    /// Members.
    #[must_use]
    pub fn n(&self) -> u64 {
        self.flagged() + self.false_negative + self.true_negative
    }

    fn flagged(&self) -> u64 {
        self.true_positive + self.false_positive
    }

    fn came(&self) -> u64 {
        self.true_positive + self.false_negative
    }
}

/// Rates of one group, each with its Wilson interval or the reason there is none.
#[derive(Debug, Clone, PartialEq)]
pub struct GroupRates {
    /// Name of the group.
    pub name: String,
    /// Share flagged.
    pub selection: Result<Estimate, NotComputable>,
    /// Share with the outcome.
    pub base: Result<Estimate, NotComputable>,
    /// Flagged among those with the outcome.
    pub true_positive: Result<Estimate, NotComputable>,
    /// Flagged among those without it.
    pub false_positive: Result<Estimate, NotComputable>,
    /// Not flagged among those with it.
    pub false_negative: Result<Estimate, NotComputable>,
    /// With the outcome among those flagged: calibration of the decision.
    pub precision: Result<Estimate, NotComputable>,
}

/// Rates of every group. O(groups).
#[must_use]
pub fn rates(groups: &[GroupCounts], level: Level) -> Vec<GroupRates> {
    groups
        .iter()
        .map(|g| {
            let rate = |x: u64, n: u64| {
                if n == 0 { Err(NotComputable::ZeroDenominator) } else { proportion::wilson(x, n, level) }
            };
            GroupRates {
                name: g.name.clone(),
                selection: rate(g.flagged(), g.n()),
                base: rate(g.came(), g.n()),
                true_positive: rate(g.true_positive, g.came()),
                false_positive: rate(g.false_positive, g.n() - g.came()),
                false_negative: rate(g.false_negative, g.came()),
                precision: rate(g.true_positive, g.flagged()),
            }
        })
        .collect()
}

/// The widest gap between two groups.
#[derive(Debug, Clone, PartialEq)]
pub struct Gap {
    /// Group with the highest rate.
    pub highest: String,
    /// Group with the lowest.
    pub lowest: String,
    /// Highest less lowest, with Newcombe's interval.
    pub difference: Estimate,
    /// Lowest over highest, with the log-scale interval of Katz et al. (1978).
    pub ratio: Result<Estimate, NotComputable>,
}

fn widest(
    groups: &[GroupCounts],
    count: impl Fn(&GroupCounts) -> (u64, u64),
    level: Level,
) -> Result<Gap, NotComputable> {
    NotComputable::unless_enough(groups.len(), 2)?;
    let mut ordered: Vec<(f64, &GroupCounts)> = Vec::new();
    for group in groups {
        let (x, n) = count(group);
        if n == 0 {
            return Err(NotComputable::ZeroDenominator);
        }
        ordered.push((x as f64 / n as f64, group));
    }
    ordered.sort_by(|a, b| a.0.total_cmp(&b.0).then_with(|| a.1.name.cmp(&b.1.name)));
    let (Some((_, low)), Some((_, high))) = (ordered.first(), ordered.last()) else {
        return Err(NotComputable::NoRows);
    };
    let difference = proportion::difference(count(high), count(low), DifferenceMethod::Newcombe, level)?;
    Ok(Gap {
        highest: high.name.clone(),
        lowest: low.name.clone(),
        difference,
        ratio: ratio(count(low), count(high), level),
    })
}

/// Ratio of two shares with the interval on its logarithm. Source: Katz et al. (1978).
///
/// # Errors
/// `ZeroDenominator` when the second share is zero.
pub fn ratio(first: (u64, u64), second: (u64, u64), level: Level) -> Result<Estimate, NotComputable> {
    let (x1, n1, x2, n2) = (first.0 as f64, first.1 as f64, second.0 as f64, second.1 as f64);
    if n1 == 0.0 || n2 == 0.0 || x2 == 0.0 {
        return Err(NotComputable::ZeroDenominator);
    }
    let point = (x1 / n1) / (x2 / n2);
    let interval = if x1 == 0.0 {
        Err(NotComputable::invalid("a ratio of zero has no log-scale interval"))
    } else {
        let half = level.z() * ((1.0 / x1 - 1.0 / n1) + (1.0 / x2 - 1.0 / n2)).max(0.0).sqrt();
        Ok(Interval::new(point * libm::exp(-half), point * libm::exp(half), level))
    };
    let n = first.1 + second.1;
    Ok(Estimate { point, interval, n, effective_n: n as f64, method: Method::RatioAcrossEntities })
}

/// Demographic parity: the widest gap in the share flagged. O(groups).
///
/// # Errors
/// `TooFew` with fewer than two groups, `ZeroDenominator` for an empty one.
pub fn demographic_parity(groups: &[GroupCounts], level: Level) -> Result<Gap, NotComputable> {
    widest(groups, |g| (g.flagged(), g.n()), level)
}

/// Which gap of the two error rates counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum OddsSummary {
    /// The worse of the two. The default.
    #[default]
    Worst,
    /// Their mean.
    Mean,
}

/// Equalised odds: gaps of the true and false positive rates.
#[derive(Debug, Clone, PartialEq)]
pub struct EqualisedOdds {
    /// Gap of the true positive rate.
    pub true_positive: Gap,
    /// Gap of the false positive rate.
    pub false_positive: Gap,
}

impl EqualisedOdds {
    /// The difference as one number.
    #[must_use]
    pub fn difference(&self, summary: OddsSummary) -> f64 {
        let (a, b) = (self.true_positive.difference.point, self.false_positive.difference.point);
        match summary {
            OddsSummary::Worst => a.max(b),
            OddsSummary::Mean => 0.5 * (a + b),
        }
    }

    /// The ratio of lowest to highest rate as one number; the worse of the two is the smaller.
    ///
    /// # Errors
    /// `ZeroDenominator` when nobody was flagged.
    pub fn ratio(&self, summary: OddsSummary) -> Result<f64, NotComputable> {
        let point = |gap: &Gap| gap.ratio.as_ref().map(|e| e.point).map_err(Clone::clone);
        let (a, b) = (point(&self.true_positive)?, point(&self.false_positive)?);
        Ok(match summary {
            OddsSummary::Worst => a.min(b),
            OddsSummary::Mean => 0.5 * (a + b),
        })
    }
}

/// Equalised odds of Hardt, Price and Srebro (2016). O(groups).
///
/// # Errors
/// As [`demographic_parity`]; `ZeroDenominator` when a group lacks an outcome.
pub fn equalised_odds(groups: &[GroupCounts], level: Level) -> Result<EqualisedOdds, NotComputable> {
    Ok(EqualisedOdds {
        true_positive: widest(groups, |g| (g.true_positive, g.came()), level)?,
        false_positive: widest(groups, |g| (g.false_positive, g.n() - g.came()), level)?,
    })
}

/// Which decision is the favourable one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Favourable {
    /// Being flagged: an offer, a callback.
    Flagged,
    /// Not being flagged: a risk score.
    NotFlagged,
}

/// The verdict of the four-fifths rule.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Impact {
    /// The whole interval of the ratio is at or above the threshold.
    Passes,
    /// The whole interval is below it.
    Fails,
    /// The interval holds the threshold: too few cases to say.
    Undecided,
}

/// Disparate impact: the lowest favourable rate over the highest, against a threshold (0.8 by the Uniform
/// Guidelines of 1978). There is no default for what is favourable: packages disagree. O(groups).
///
/// # Errors
/// As [`demographic_parity`]; `Invalid` for a threshold outside 0 to 1.
pub fn disparate_impact(
    groups: &[GroupCounts],
    favourable: Favourable,
    threshold: f64,
    level: Level,
) -> Result<(Gap, Impact), NotComputable> {
    if !(0.0..=1.0).contains(&threshold) {
        return Err(NotComputable::Invalid(format!(
            "a threshold lies between 0 and 1, not at `{threshold}`"
        )));
    }
    let gap = widest(
        groups,
        |g| match favourable {
            Favourable::Flagged => (g.flagged(), g.n()),
            Favourable::NotFlagged => (g.n() - g.flagged(), g.n()),
        },
        level,
    )?;
    let ratio = gap.ratio.clone()?;
    let impact = match ratio.interval {
        Ok(i) if i.low >= threshold => Impact::Passes,
        Ok(i) if i.high < threshold => Impact::Fails,
        Ok(_) => Impact::Undecided,
        Err(_) => Impact::Fails,
    };
    Ok((gap, impact))
}

/// One score band of one group.
#[derive(Debug, Clone, PartialEq)]
pub struct Band {
    /// The band, for example a decile.
    pub band: i64,
    /// Share with the outcome, per group in the order of the groups; a reason where a group has nobody in the band.
    pub observed: Vec<Result<Estimate, NotComputable>>,
    /// p-value of equal shares in the first two groups (pooled z), where both have members.
    pub p_value: Option<f64>,
}

/// Calibration by group: the same score band should mean the same share of outcomes in every group.
///
/// `counts[group]` holds `(band, with outcome, all)` triples; bands come out ascending. O(cells log cells).
///
/// # Errors
/// `TooFew` with fewer than two groups, `Invalid` when more have the outcome than are there.
pub fn calibration_by_group(
    counts: &[Vec<(i64, u64, u64)>],
    level: Level,
) -> Result<Vec<Band>, NotComputable> {
    NotComputable::unless_enough(counts.len(), 2)?;
    let mut bands: Vec<i64> = counts.iter().flatten().map(|c| c.0).collect();
    bands.sort_unstable();
    bands.dedup();
    bands
        .into_iter()
        .map(|band| {
            let cells: Vec<(u64, u64)> = counts
                .iter()
                .map(|group| {
                    group.iter().filter(|c| c.0 == band).fold((0, 0), |sum, c| (sum.0 + c.1, sum.1 + c.2))
                })
                .collect();
            let observed = cells
                .iter()
                .map(
                    |&(x, n)| {
                        if n == 0 { Err(NotComputable::NoRows) } else { proportion::wilson(x, n, level) }
                    },
                )
                .collect();
            let p_value = match cells.as_slice() {
                [(x, n), (y, m), ..] if *n > 0 && *m > 0 => pooled(*x, *n, *y, *m),
                _ => None,
            };
            Ok(Band { band, observed, p_value })
        })
        .collect()
}

fn pooled(x: u64, n: u64, y: u64, m: u64) -> Option<f64> {
    let (n, m) = (n as f64, m as f64);
    let p = (x + y) as f64 / (n + m);
    let variance = p * (1.0 - p) * (1.0 / n + 1.0 / m);
    (variance > 0.0).then(|| normal::two_sided((x as f64 / n - y as f64 / m) / variance.sqrt()))
}
