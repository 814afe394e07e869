//! What every procedure returns: a point, an interval or the reason it is missing, sample sizes and the method.

use serde::{Deserialize, Serialize};

use crate::distribution::normal;

/// A confidence level strictly between 0 and 1, for example 0.95.
#[derive(Debug, Clone, Copy, PartialEq, PartialOrd, Serialize, Deserialize)]
#[serde(try_from = "f64", into = "f64")]
pub struct Level(f64);

impl Level {
    /// The customary 95 %.
    pub const NINETY_FIVE: Self = Self(0.95);

    /// Accepts a level strictly between 0 and 1.
    pub fn new(level: f64) -> Result<Self, NotComputable> {
        if level > 0.0 && level < 1.0 {
            Ok(Self(level))
        } else {
            Err(NotComputable::Invalid(format!(
                "a level of confidence lies between 0 and 1, not at `{level}`"
            )))
        }
    }

    /// The level as a number.
    pub fn get(self) -> f64 {
        self.0
    }

    /// The probability outside the interval, both sides together.
    pub fn alpha(self) -> f64 {
        1.0 - self.0
    }

    /// Two-sided standard normal quantile: 1.9599… at 0.95.
    pub fn z(self) -> f64 {
        -normal::quantile(0.5 * self.alpha())
    }
}

impl TryFrom<f64> for Level {
    type Error = NotComputable;
    fn try_from(level: f64) -> Result<Self, NotComputable> {
        Self::new(level)
    }
}

impl From<Level> for f64 {
    fn from(level: Level) -> Self {
        level.0
    }
}

/// A two-sided confidence interval in the units of the point.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Interval {
    /// Lower end.
    pub low: f64,
    /// Upper end.
    pub high: f64,
    /// Level of confidence, between 0 and 1.
    pub level: f64,
}

impl Interval {
    /// An interval from its ends.
    pub fn new(low: f64, high: f64, level: Level) -> Self {
        Self { low, high, level: level.get() }
    }

    /// The interval `point ± half_width`.
    pub fn around(point: f64, half_width: f64, level: Level) -> Self {
        Self::new(point - half_width, point + half_width, level)
    }

    /// The same interval cut to the range a quantity can take.
    #[must_use]
    pub fn clipped(self, low: f64, high: f64) -> Self {
        Self { low: self.low.clamp(low, high), high: self.high.clamp(low, high), level: self.level }
    }

    /// The same interval, as much wider as it takes to hold a point: it covers no less often.
    #[must_use]
    pub fn holding(self, point: f64) -> Self {
        Self { low: self.low.min(point), high: self.high.max(point), level: self.level }
    }
}

/// A number with what is known about its precision.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Estimate {
    /// The estimate itself.
    pub point: f64,
    /// Its interval, or the reason there is none.
    pub interval: Result<Interval, NotComputable>,
    /// Observations that entered.
    pub n: u64,
    /// Observations of a simple random sample that would be as precise; equals `n` where nothing is weighted.
    pub effective_n: f64,
    /// How point and interval were made.
    pub method: Method,
}

impl Estimate {
    /// A quantity that was counted or summed in full, so sampling says nothing about it.
    pub fn exact(point: f64, n: u64, reason: &str) -> Self {
        Self {
            point,
            interval: Err(NotComputable::Unsupported(reason.to_owned())),
            n,
            effective_n: n as f64,
            method: Method::Exact,
        }
    }

    /// Degrees of freedom of Student's distribution with which its interval was made; none where it was made with another one, or where
    /// the estimate does not say them (surveys with strata or clusters).
    #[must_use]
    pub fn degrees(&self) -> Option<f64> {
        let degrees = match self.method {
            Method::StudentMean | Method::LinearisedRatio => self.n as f64 - 1.0,
            Method::WeightedMean => self.effective_n - 1.0,
            _ => return None,
        };
        (degrees >= 1.0).then_some(degrees)
    }

    /// Where the point comes from, if it was not measured but filled in, or computed of something that was: it has no interval,
    /// and nothing may be concluded from it.
    pub fn not_measured(&self) -> Option<&str> {
        match &self.interval {
            Err(NotComputable::NotMeasured { how }) => Some(how),
            _ => None,
        }
    }
}

/// How an estimate and its interval were computed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Method {
    /// Counted or summed in full.
    Exact,
    /// Proportion with the Wilson score interval.
    Wilson,
    /// Proportion with the normal (Wald) interval.
    WaldProportion,
    /// Proportion with the Agresti–Coull interval.
    AgrestiCoull,
    /// Proportion with the Jeffreys interval.
    Jeffreys,
    /// Proportion with the Clopper–Pearson interval.
    ClopperPearson,
    /// Weighted proportion: linearised variance, Wilson interval on the effective sample size.
    WeightedProportion,
    /// Difference of two proportions by Newcombe's hybrid score interval.
    NewcombeDifference,
    /// Net promoter score with the adjusted Wald interval.
    AdjustedWaldNps,
    /// Net promoter score with the plain Wald interval.
    WaldNps,
    /// Weighted net promoter score with linearised variance.
    WeightedNps,
    /// Mean with the Student interval.
    StudentMean,
    /// Mean with the normal interval.
    NormalMean,
    /// Weighted mean with linearised variance.
    WeightedMean,
    /// Ratio of two totals of the same entities, linearised.
    LinearisedRatio,
    /// Ratio of totals of different entities.
    RatioAcrossEntities,
    /// Ratio of two counts by the conditional binomial interval.
    RatioOfCounts,
    /// Rate of events with the exact Poisson interval.
    Poisson,
    /// Quantile of a histogram with the binomial order-statistic interval.
    HistogramQuantile,
    /// Quantile of a sample with the binomial order-statistic interval.
    SampleQuantile,
    /// Calibrated survey estimate with linearised variance.
    CalibratedSurvey,
    /// Survey estimate with linearised variance over strata and clusters.
    LinearisedSurvey,
    /// Difference of two means, Welch.
    WelchDifference,
    /// Relative difference by the delta method.
    DeltaRelative,
    /// Always-valid confidence sequence.
    ConfidenceSequence,
    /// Difference in differences with clustered errors.
    DifferenceInDifferences,
    /// Survival probability by Kaplan and Meier.
    KaplanMeier,
    /// Restricted mean survival time.
    RestrictedMean,
    /// Maximum likelihood with the information matrix.
    MaximumLikelihood,
    /// Least squares with the named covariance.
    LeastSquares,
    /// Empirical Bayes or random-effects shrinkage.
    Shrinkage,
    /// Random-effects pooling.
    RandomEffects,
    /// Chain-ladder projection with Mack's standard error.
    ChainLadder,
    /// Forecast of a state-space model.
    Forecast,
    /// Bootstrap percentile interval.
    Bootstrap,
    /// A noisy release under differential privacy.
    PrivateRelease,
    /// A formula of other estimates, over the box of their intervals.
    FormulaBox,
    /// A formula of independent estimates, variances recovered from their limits.
    FormulaIndependent,
    /// A weighted index of other estimates, over the box of their intervals.
    Composite,
    /// Intraclass correlation with the interval by the F distribution.
    Intraclass,
    /// A figure of an old wording on the level of a new one, by periods that have both.
    MeanEquating,
    /// A figure on an old scale on a new one, by means and spreads of answers to both.
    LinearEquating,
    /// Nothing was measured; taken as zero, as was declared.
    TakenAsZero,
    /// Nothing was measured; the last measured value stands on, as was declared.
    CarriedForward,
    /// Nothing was measured; imputed from measured values before it, as was declared.
    Imputed,
}

impl Method {
    /// Plain words for a reader.
    pub fn text(self) -> &'static str {
        match self {
            Self::Exact => "counted in full",
            Self::Wilson => "proportion with Wilson score interval",
            Self::WaldProportion => "proportion with Wald interval",
            Self::AgrestiCoull => "proportion with Agresti-Coull interval",
            Self::Jeffreys => "proportion with Jeffreys interval",
            Self::ClopperPearson => "proportion with exact Clopper-Pearson interval",
            Self::WeightedProportion => {
                "weighted proportion, linearised, Wilson interval on the effective sample"
            }
            Self::NewcombeDifference => "difference of proportions with Newcombe interval",
            Self::AdjustedWaldNps => "net promoter score with adjusted Wald interval",
            Self::WaldNps => "net promoter score with Wald interval",
            Self::WeightedNps => "weighted net promoter score, linearised",
            Self::StudentMean => "mean with Student interval",
            Self::NormalMean => "mean with normal interval",
            Self::WeightedMean => "weighted mean, linearised",
            Self::LinearisedRatio => "ratio of totals, linearised",
            Self::RatioAcrossEntities => "ratio of totals of different entities",
            Self::RatioOfCounts => "ratio of counts with conditional binomial interval",
            Self::Poisson => "rate with exact Poisson interval",
            Self::HistogramQuantile => "quantile of a histogram with order-statistic interval",
            Self::SampleQuantile => "quantile with order-statistic interval",
            Self::CalibratedSurvey => "calibrated survey estimate, linearised",
            Self::LinearisedSurvey => "survey estimate, linearised over strata and clusters",
            Self::WelchDifference => "difference of means, Welch",
            Self::Intraclass => "intraclass correlation with F interval",
            Self::MeanEquating => "moved to a new wording by periods that have both",
            Self::LinearEquating => "moved to a new scale by linear equating",
            Self::DeltaRelative => "relative difference by the delta method",
            Self::ConfidenceSequence => "always-valid confidence sequence",
            Self::DifferenceInDifferences => "difference in differences, clustered errors",
            Self::KaplanMeier => "Kaplan-Meier with log-log interval",
            Self::RestrictedMean => "restricted mean survival time",
            Self::MaximumLikelihood => "maximum likelihood",
            Self::LeastSquares => "least squares",
            Self::Shrinkage => "shrinkage towards the common mean",
            Self::RandomEffects => "random-effects mean",
            Self::ChainLadder => "chain ladder with Mack error",
            Self::Forecast => "state-space forecast",
            Self::Bootstrap => "bootstrap",
            Self::PrivateRelease => "released with noise for differential privacy",
            Self::FormulaBox => "formula of other values, over all that their intervals allow",
            Self::FormulaIndependent => {
                "formula of independent values, variances recovered from their limits"
            }
            Self::Composite => "weighted index of other values, over all that their intervals allow",
            Self::TakenAsZero => "not measured, taken as zero",
            Self::CarriedForward => "not measured, carried forward",
            Self::Imputed => "not measured, imputed",
        }
    }
}

/// Why a number, or its interval, does not exist. Never replaced by zero.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize, thiserror::Error)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum NotComputable {
    /// Nothing was observed.
    #[error("no rows")]
    NoRows,
    /// There are rows, and not one of them has a value.
    #[error("none of its rows has a value")]
    NoValues,
    /// People were to enter it by now, and nobody has.
    #[error("late: it was to be entered by now")]
    Late,
    /// A ratio would divide by zero.
    #[error("the denominator is zero")]
    ZeroDenominator,
    /// Fewer observations than the procedure needs.
    #[error("{n} observations, at least {need} are needed")]
    TooFew {
        /// Observations present.
        n: u64,
        /// Observations required.
        need: u64,
    },
    /// An exact sum would leave the range of integers.
    #[error("the sum may exceed {bound}")]
    OutOfRange {
        /// The bound, as a decimal number.
        bound: String,
    },
    /// An iteration did not settle.
    #[error("no convergence at {margin}")]
    NoConvergence {
        /// The margin or parameter that did not settle.
        margin: String,
    },
    /// A raking margin asks for weight where nobody answered.
    #[error("nobody answered in {margin}")]
    EmptyRakingCell {
        /// The category of the margin.
        margin: String,
    },
    /// The value is still moving.
    #[error("not mature yet")]
    NotMature {
        /// When it becomes final, microseconds since 1970-01-01 UTC.
        final_at: i64,
    },
    /// All values are equal, so their spread is unknown.
    #[error("all values are equal, so their spread is unknown")]
    NoVariation,
    /// A value is not a finite number.
    #[error("{what} holds a value that is not a finite number")]
    NotFinite {
        /// The input that held it.
        what: String,
    },
    /// A matrix has no inverse: a column repeats others.
    #[error("{what} is determined by other columns")]
    Singular {
        /// The column or matrix.
        what: String,
    },
    /// A predictor separates the outcomes, so the likelihood has no maximum.
    #[error("{what} separates the outcomes")]
    Separation {
        /// The predictor.
        what: String,
    },
    /// Too small a share of what should be there.
    #[error("{have_percent} % covered, at least {need_percent} % are needed")]
    LowCoverage {
        /// Percent present.
        have_percent: u8,
        /// Percent required.
        need_percent: u8,
    },
    /// Too few of those who were asked have answered.
    #[error("{have_percent} % have answered, at least {need_percent} % are needed")]
    LowResponse {
        /// Percent who have.
        have_percent: u8,
        /// Percent required.
        need_percent: u8,
    },
    /// Those who answered are too different a picture of those who were asked.
    #[error("representativity is {have_percent} %, at least {need_percent} % are needed")]
    NotRepresentative {
        /// The indicator in percent.
        have_percent: u8,
        /// Percent required.
        need_percent: u8,
    },
    /// The value would be made from a time of which there are no data.
    #[error("the window begins on {window}, the data on {data}")]
    BeforeData {
        /// First day of the window.
        window: String,
        /// First day of which there are data.
        data: String,
    },
    /// It counts against each other what began at different times, and one of the two had not begun: nobody knows whether
    /// there was nothing of it.
    #[error("{}", begins(.of, .on.as_deref()))]
    NotBegun {
        /// Of what nothing is known yet.
        of: String,
        /// First day of which there are data of it; none: there are none at all.
        on: Option<String>,
    },
    /// The same, after the last day of which anything is known of one of the two.
    #[error("the data of `{of}` reach no further than {until}")]
    NotReached {
        /// Of what nothing is known any more.
        of: String,
        /// Last day of which there are data of it.
        until: String,
    },
    /// It is made of data that a rule does not hold for: the figure is there and withheld.
    #[error("not trusted: the rule “{rule}” does not hold{}", in_periods(.periods))]
    NotTrusted {
        /// The rule, by its shown name.
        rule: String,
        /// The periods in which it does not hold, as they are shown.
        #[serde(default, skip_serializing_if = "String::is_empty")]
        periods: String,
    },
    /// It is there and withheld, because so few stand behind it or because it would tell what few say.
    #[error("withheld, so that a small group cannot be worked out")]
    SmallGroup,
    /// Of an interval: its point was not measured, but is what was declared for periods without data.
    #[error("not measured: {how}")]
    NotMeasured {
        /// Where the point comes from.
        how: String,
    },
    /// Something that it is computed of has no value or no interval.
    #[error("{input}: {reason}")]
    NoInput {
        /// What it is.
        input: String,
        /// Why.
        reason: String,
    },
    /// The input breaks a rule of the procedure.
    #[error("{0}")]
    Invalid(String),
    /// The procedure does not exist for this case; the text says why.
    #[error("{0}")]
    Unsupported(String),
}

impl NotComputable {
    /// A stable code, part of the interfaces and of what is published; never changed once released.
    pub fn code(&self) -> &'static str {
        match self {
            Self::NoRows => "no_rows",
            Self::NoValues => "no_values",
            Self::Late => "late",
            Self::ZeroDenominator => "zero_denominator",
            Self::TooFew { .. } => "too_few",
            Self::OutOfRange { .. } => "out_of_range",
            Self::NoConvergence { .. } => "no_convergence",
            Self::EmptyRakingCell { .. } => "empty_raking_cell",
            Self::NotMature { .. } => "not_mature",
            Self::NoVariation => "no_variation",
            Self::NotFinite { .. } => "not_finite",
            Self::Singular { .. } => "singular",
            Self::Separation { .. } => "separation",
            Self::LowCoverage { .. } => "low_coverage",
            Self::LowResponse { .. } => "low_response",
            Self::NotRepresentative { .. } => "not_representative",
            Self::BeforeData { .. } => "before_data",
            Self::NotBegun { .. } => "not_begun",
            Self::NotReached { .. } => "not_reached",
            Self::NotTrusted { .. } => "not_trusted",
            Self::SmallGroup => "small_group",
            Self::NotMeasured { .. } => "not_measured",
            Self::NoInput { .. } => "no_input",
            Self::Invalid(_) => "invalid",
            Self::Unsupported(_) => "unsupported",
        }
    }

    /// An [`NotComputable::Invalid`] from any text.
    pub fn invalid(text: impl Into<String>) -> Self {
        Self::Invalid(text.into())
    }

    /// Refuses a slice that holds NaN or an infinity.
    pub fn unless_finite(what: &str, values: &[f64]) -> Result<(), Self> {
        if values.iter().all(|value| value.is_finite()) {
            Ok(())
        } else {
            Err(Self::NotFinite { what: what.to_owned() })
        }
    }

    /// Refuses two inputs of different length.
    pub fn unless_same_length(what: &str, left: usize, right: usize) -> Result<(), Self> {
        if left == right {
            Ok(())
        } else {
            Err(Self::Invalid(format!("{what}: {left} values against {right}")))
        }
    }

    /// Refuses fewer than `need` observations; none at all is [`NotComputable::NoRows`].
    pub fn unless_enough(n: usize, need: usize) -> Result<(), Self> {
        if n == 0 {
            Err(Self::NoRows)
        } else if n < need {
            Err(Self::TooFew { n: n as u64, need: need as u64 })
        } else {
            Ok(())
        }
    }
}

fn in_periods(periods: &str) -> String {
    if periods.is_empty() { String::new() } else { format!(" in {periods}") }
}

fn begins(of: &str, on: Option<&str>) -> String {
    match on {
        Some(day) => format!("the data of `{of}` begin on {day}"),
        None => format!("there are no data of `{of}`"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn level_refuses_what_is_no_probability() {
        for level in [0.0, 1.0, -0.1, 1.1, f64::NAN] {
            assert!(Level::new(level).is_err(), "{level}");
        }
        assert!((Level::NINETY_FIVE.z() - 1.959_963_984_540_054).abs() < 1e-14);
    }

    #[test]
    fn every_reason_has_a_code_of_its_own_that_stays() {
        use NotComputable as N;
        let text = String::new;
        let all = [
            (N::NoRows, "no_rows"),
            (N::NoValues, "no_values"),
            (N::ZeroDenominator, "zero_denominator"),
            (N::TooFew { n: 1, need: 2 }, "too_few"),
            (N::OutOfRange { bound: text() }, "out_of_range"),
            (N::NoConvergence { margin: text() }, "no_convergence"),
            (N::EmptyRakingCell { margin: text() }, "empty_raking_cell"),
            (N::NotMature { final_at: 0 }, "not_mature"),
            (N::NoVariation, "no_variation"),
            (N::NotFinite { what: text() }, "not_finite"),
            (N::Singular { what: text() }, "singular"),
            (N::Separation { what: text() }, "separation"),
            (N::LowCoverage { have_percent: 1, need_percent: 2 }, "low_coverage"),
            (N::LowResponse { have_percent: 1, need_percent: 2 }, "low_response"),
            (N::NotRepresentative { have_percent: 1, need_percent: 2 }, "not_representative"),
            (N::NoInput { input: text(), reason: text() }, "no_input"),
            (N::BeforeData { window: text(), data: text() }, "before_data"),
            (N::NotBegun { of: text(), on: None }, "not_begun"),
            (N::NotReached { of: text(), until: text() }, "not_reached"),
            (N::NotMeasured { how: text() }, "not_measured"),
            (N::Invalid(text()), "invalid"),
            (N::Unsupported(text()), "unsupported"),
        ];
        for (reason, code) in &all {
            assert_eq!(reason.code(), *code);
        }
        let codes: std::collections::BTreeSet<_> = all.iter().map(|(reason, _)| reason.code()).collect();
        assert_eq!(codes.len(), all.len());
    }

    #[test]
    fn estimate_survives_json() {
        let estimate = Estimate::exact(3.0, 3, "a full count has no sampling error");
        let text = serde_json::to_string(&estimate).unwrap();
        assert_eq!(serde_json::from_str::<Estimate>(&text).unwrap(), estimate);
    }
}
