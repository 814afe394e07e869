//! Intraclass correlation, Cronbach's alpha and what they say about a single score.
#![expect(clippy::indexing_slicing, reason = "the ratings form a rectangle, checked at entry")]

use crate::distribution::fisher;
use crate::estimate::{Estimate, Interval, Level, Method, NotComputable};
use crate::exact::Wide;

/// Which intraclass correlation. Names as in McGraw and Wong 1996, with Shrout and Fleiss 1979 in brackets.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum IccForm {
    /// One-way, single rating: ICC(1) (1,1).
    OneWaySingle,
    /// Two-way, absolute agreement, single rating: ICC(A,1) (2,1). Test–retest uses this.
    #[default]
    AgreementSingle,
    /// Two-way, consistency, single rating: ICC(C,1) (3,1).
    ConsistencySingle,
    /// One-way, mean of k ratings (1,k).
    OneWayAverage,
    /// Absolute agreement, mean of k ratings (2,k).
    AgreementAverage,
    /// Consistency, mean of k ratings (3,k).
    ConsistencyAverage,
}

impl IccForm {
    fn is_one_way(self) -> bool {
        matches!(self, Self::OneWaySingle | Self::OneWayAverage)
    }
}

/// An intraclass correlation with its test against zero.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Icc {
    /// The coefficient; may be negative when raters disagree more than chance.
    pub value: f64,
    /// Interval by the F distribution.
    pub interval: Interval,
    /// F statistic.
    pub f: f64,
    /// Its degrees of freedom.
    pub degrees: (f64, f64),
    /// Probability of a larger F when the true coefficient is zero.
    pub p: f64,
}

/// Intraclass correlation of a complete table: one row per subject, one column per rater or occasion.
///
/// Errors: `TooFew` below two subjects or raters, `Invalid` for ragged rows, `NoVariation` when raters agree exactly
/// or subjects do not differ. Sources: Shrout and Fleiss 1979; McGraw and Wong 1996 for the agreement interval.
pub fn icc(ratings: &[Vec<f64>], form: IccForm, level: Level) -> Result<Icc, NotComputable> {
    let n = ratings.len();
    NotComputable::unless_enough(n, 2)?;
    let k = ratings[0].len();
    NotComputable::unless_enough(k, 2)?;
    for row in ratings {
        NotComputable::unless_same_length("ratings", row.len(), k)?;
        NotComputable::unless_finite("the ratings", row)?;
    }
    let (subjects, raters) = (n as f64, k as f64);
    let grand = ratings.iter().flatten().sum::<f64>() / (subjects * raters);
    let row_means: Vec<f64> = ratings.iter().map(|row| row.iter().sum::<f64>() / raters).collect();
    let column_means: Vec<f64> =
        (0..k).map(|column| ratings.iter().map(|row| row[column]).sum::<f64>() / subjects).collect();
    let between = raters * row_means.iter().map(|mean| (mean - grand).powi(2)).sum::<f64>();
    let columns = subjects * column_means.iter().map(|mean| (mean - grand).powi(2)).sum::<f64>();
    let within: f64 = ratings
        .iter()
        .zip(&row_means)
        .flat_map(|(row, mean)| row.iter().map(move |x| (x - mean).powi(2)))
        .sum();
    let squares = Squares { between, within, columns, error: (within - columns).max(0.0) };
    let (ms, below) = squares.means(n, k, form);
    if below <= 0.0 || ms.between <= 0.0 {
        return Err(NotComputable::NoVariation);
    }
    let (low, high) = ms.limits(form, level);
    let degrees = ms.degrees(form);
    let f = ms.between / below;
    let p = fisher::above(f, degrees.0, degrees.1);
    Ok(Icc { value: ms.value(form), interval: Interval::new(low, high, level), f, degrees, p })
}

/// Exact sums over subjects of whom all answers are known, in units of one scale: it cancels.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Answers<'a> {
    /// Subjects.
    pub n: u64,
    /// Σx of each answer.
    pub sums: &'a [i128],
    /// Σ(x₁ + … + xₖ)².
    pub sum_squares: i128,
    /// Σ(x₁² + … + xₖ²).
    pub squares_sum: i128,
}

/// Intraclass correlation from sums that merge in any order; the sums of squares are formed without rounding.
///
/// With `S = Σ(x₁ + … + xₖ)²`, `Q = Σ(x₁² + … + xₖ²)`, `Cⱼ = Σxⱼ` and `T = ΣCⱼ` they are between subjects `(nS − T²)/(nk)`, within
/// `(kQ − S)/k`, between occasions `(kΣCⱼ² − T²)/(nk)`, and what is left of within is error. Answers that all agree have a point and no interval.
/// Errors: `TooFew` below two subjects or answers; `NoVariation` where subjects do not differ; `Invalid` for contradictory sums.
/// Source: Shrout and Fleiss 1979; McGraw and Wong 1996.
pub fn icc_of_sums(of: Answers<'_>, form: IccForm, level: Level) -> Result<Estimate, NotComputable> {
    let k = of.sums.len();
    NotComputable::unless_enough(usize::try_from(of.n).unwrap_or(usize::MAX), 2)?;
    NotComputable::unless_enough(k, 2)?;
    let (subjects, answers) = (Wide::of(of.n.into()), Wide::of(k as i128));
    let mut total = Wide::ZERO;
    let mut squared = Wide::ZERO;
    for sum in of.sums {
        total = total.plus(Wide::of(*sum))?;
        squared = squared.plus(Wide::of(*sum).times(Wide::of(*sum))?)?;
    }
    let total = total.times(total)?;
    let between = subjects.times(Wide::of(of.sum_squares))?.minus(total)?;
    let within = answers.times(Wide::of(of.squares_sum))?.minus(Wide::of(of.sum_squares))?;
    let columns = answers.times(squared)?.minus(total)?;
    let error = subjects.times(within)?.minus(columns)?;
    if [between, within, columns, error].iter().any(|sum| sum.sign() < 0) {
        return Err(NotComputable::invalid("the sums of the answers contradict each other"));
    }
    let cells = subjects.times(answers)?;
    let squares = Squares {
        between: between.over(cells)?,
        within: within.over(answers)?,
        columns: columns.over(cells)?,
        error: error.over(cells)?,
    };
    if between.is_zero() {
        return Err(NotComputable::NoVariation);
    }
    let (ms, below) = squares.means(of.n as usize, k, form);
    let interval = if below <= 0.0 {
        Err(NotComputable::NoVariation)
    } else {
        match ms.limits(form, level) {
            (low, high) if low <= high => Ok(Interval::new(low, high, level)),
            _ => Err(NotComputable::Unsupported(
                "answers agree so much less than by chance that nothing follows for their mean".to_owned(),
            )),
        }
    };
    Ok(Estimate {
        point: ms.value(form),
        interval,
        n: of.n,
        effective_n: of.n as f64,
        method: Method::Intraclass,
    })
}

/// Sums of squares of a complete table.
struct Squares {
    between: f64,
    within: f64,
    columns: f64,
    error: f64,
}

impl Squares {
    /// Mean squares, and that which the one between subjects is held against.
    fn means(&self, n: usize, k: usize, form: IccForm) -> (MeanSquares, f64) {
        let (subjects, raters) = (n as f64, k as f64);
        let ms = MeanSquares {
            subjects,
            raters,
            between: self.between / (subjects - 1.0),
            within: self.within / (subjects * (raters - 1.0)),
            columns: self.columns / (raters - 1.0),
            error: self.error / ((subjects - 1.0) * (raters - 1.0)),
        };
        let below = if form.is_one_way() { ms.within } else { ms.error };
        (ms, below)
    }
}

/// Mean squares, of so many subjects and raters.
struct MeanSquares {
    subjects: f64,
    raters: f64,
    between: f64,
    within: f64,
    columns: f64,
    error: f64,
}

impl MeanSquares {
    fn degrees(&self, form: IccForm) -> (f64, f64) {
        let (n, k) = (self.subjects, self.raters);
        (n - 1.0, if form.is_one_way() { n * (k - 1.0) } else { (n - 1.0) * (k - 1.0) })
    }

    fn value(&self, form: IccForm) -> f64 {
        let (n, k, msb) = (self.subjects, self.raters, self.between);
        let below = if form.is_one_way() { self.within } else { self.error };
        match form {
            IccForm::OneWaySingle | IccForm::ConsistencySingle => (msb - below) / (msb + (k - 1.0) * below),
            IccForm::OneWayAverage | IccForm::ConsistencyAverage => 1.0 - below / msb,
            IccForm::AgreementSingle => self.agreement(),
            IccForm::AgreementAverage => (msb - below) / (msb + (self.columns - below) / n),
        }
    }

    fn agreement(&self) -> f64 {
        let (n, k, msb, mse) = (self.subjects, self.raters, self.between, self.error);
        (msb - mse) / (msb + (k - 1.0) * mse + k * (self.columns - mse) / n)
    }

    fn limits(&self, form: IccForm, level: Level) -> (f64, f64) {
        let (subjects, raters, msb, mse, msj) =
            (self.subjects, self.raters, self.between, self.error, self.columns);
        let f = msb / if form.is_one_way() { self.within } else { mse };
        let degrees = self.degrees(form);
        let upper_probability = 1.0 - 0.5 * level.alpha();
        let low_f = f / fisher::quantile(upper_probability, degrees.0, degrees.1);
        let high_f = f * fisher::quantile(upper_probability, degrees.1, degrees.0);
        let single = |ratio: f64| (ratio - 1.0) / (ratio + raters - 1.0);
        let average = |ratio: f64| 1.0 - 1.0 / ratio;
        match form {
            IccForm::OneWaySingle | IccForm::ConsistencySingle => (single(low_f), single(high_f)),
            IccForm::OneWayAverage | IccForm::ConsistencyAverage => (average(low_f), average(high_f)),
            IccForm::AgreementSingle | IccForm::AgreementAverage => {
                let agreement = self.agreement();
                let ratio = msj / mse;
                let a = raters * agreement * ratio + subjects * (1.0 + (raters - 1.0) * agreement)
                    - raters * agreement;
                let v = (raters - 1.0) * (subjects - 1.0) * a * a
                    / ((subjects - 1.0) * (raters * agreement * ratio).powi(2)
                        + (subjects * (1.0 + (raters - 1.0) * agreement) - raters * agreement).powi(2));
                let f_low = fisher::quantile(upper_probability, subjects - 1.0, v);
                let f_high = fisher::quantile(upper_probability, v, subjects - 1.0);
                let mixed = raters * msj + (raters * subjects - raters - subjects) * mse;
                let low = subjects * (msb - f_low * mse) / (f_low * mixed + subjects * msb);
                let high = subjects * (f_high * msb - mse) / (mixed + subjects * f_high * msb);
                match form {
                    IccForm::AgreementSingle => (low, high),
                    // Beyond where the mean of so many would be known without error, or not at all, nothing can be stepped up.
                    _ if 1.0 + (raters - 1.0) * low <= 0.0 => (f64::NAN, f64::NAN),
                    _ => (spearman_brown(low, raters), spearman_brown(high, raters)),
                }
            }
        }
    }
}

/// Reliability of a scale `times` as long: `m·r/(1 + (m − 1)r)`. Source: Spearman 1910; Brown 1910.
pub fn spearman_brown(reliability: f64, times: f64) -> f64 {
    times * reliability / (1.0 + (times - 1.0) * reliability)
}

/// Standard error of measurement `SD·√(1 − ICC)`, in units of the score.
pub fn standard_error_of_measurement(deviation: f64, reliability: f64) -> Result<f64, NotComputable> {
    if !(0.0..=1.0).contains(&reliability) || deviation.is_nan() || deviation < 0.0 {
        return Err(NotComputable::invalid(
            "a reliability lies between 0 and 1 and a deviation is not negative",
        ));
    }
    Ok(deviation * (1.0 - reliability).sqrt())
}

/// Convention of the factor in the minimal detectable change.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum ChangeFactor {
    /// 1.96, as printed in the literature on measurement.
    #[default]
    Customary,
    /// The normal quantile at 95 %.
    Exact,
}

/// Smallest change of one unit's score that is not measurement error: `1.96·√2·SEM`. Source: Weir 2005.
pub fn minimal_detectable_change(
    deviation: f64,
    reliability: f64,
    factor: ChangeFactor,
) -> Result<f64, NotComputable> {
    let z = match factor {
        ChangeFactor::Customary => 1.96,
        ChangeFactor::Exact => Level::NINETY_FIVE.z(),
    };
    Ok(z * std::f64::consts::SQRT_2 * standard_error_of_measurement(deviation, reliability)?)
}

/// Score to expect on a second measurement when nothing changes: `μ + ICC·(x − μ)`.
pub fn expected_retest(score: f64, mean: f64, reliability: f64) -> f64 {
    mean + reliability * (score - mean)
}

/// Cronbach's alpha `k/(k − 1)·(1 − Σ s²_item/s²_total)` of complete rows; columns are items.
///
/// Errors: `TooFew` below two items or rows, `NoVariation` when the total never varies. Source: Cronbach 1951.
pub fn cronbach_alpha(items: &[Vec<f64>]) -> Result<f64, NotComputable> {
    NotComputable::unless_enough(items.len(), 2)?;
    let rows = items[0].len();
    NotComputable::unless_enough(rows, 2)?;
    for item in items {
        NotComputable::unless_same_length("items", item.len(), rows)?;
        NotComputable::unless_finite("the items", item)?;
    }
    let total: Vec<f64> = (0..rows).map(|row| items.iter().map(|item| item[row]).sum()).collect();
    let whole = variance(&total);
    NotComputable::unless_finite("the variance", &[whole])?;
    if whole <= 0.0 {
        return Err(NotComputable::NoVariation);
    }
    let k = items.len() as f64;
    Ok(k / (k - 1.0) * (1.0 - items.iter().map(|item| variance(item)).sum::<f64>() / whole))
}

fn variance(values: &[f64]) -> f64 {
    let n = values.len() as f64;
    let mean = values.iter().sum::<f64>() / n;
    values.iter().map(|value| (value - mean).powi(2)).sum::<f64>() / (n - 1.0)
}

/// Agreement of two measurements of the same things.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Concordance {
    /// Lin's concordance correlation.
    pub coefficient: f64,
    /// Mean of second less first.
    pub bias: f64,
    /// Limits of agreement: bias ± z·SD of the differences (Bland and Altman 1986).
    pub limits: Interval,
}

/// Lin's concordance correlation `2s_xy/(s_x² + s_y² + (x̄ − ȳ)²)`, moments over n, and limits of agreement.
///
/// Source: Lin 1989. Errors: `TooFew` below two pairs, `NoVariation`.
pub fn concordance(first: &[f64], second: &[f64], level: Level) -> Result<Concordance, NotComputable> {
    NotComputable::unless_same_length("pairs", first.len(), second.len())?;
    NotComputable::unless_enough(first.len(), 2)?;
    NotComputable::unless_finite("the first measurement", first)?;
    NotComputable::unless_finite("the second measurement", second)?;
    let n = first.len() as f64;
    let (mx, my) = (first.iter().sum::<f64>() / n, second.iter().sum::<f64>() / n);
    let sxy = first.iter().zip(second).map(|(x, y)| (x - mx) * (y - my)).sum::<f64>() / n;
    let below = (variance(first) + variance(second)) * (n - 1.0) / n + (mx - my).powi(2);
    if below <= 0.0 {
        return Err(NotComputable::NoVariation);
    }
    let gaps: Vec<f64> = second.iter().zip(first).map(|(y, x)| y - x).collect();
    let bias = my - mx;
    let limits = Interval::around(bias, level.z() * variance(&gaps).sqrt(), level);
    Ok(Concordance { coefficient: 2.0 * sxy / below, bias, limits })
}
