//! Why something is not there: one stable code each, and the words to show.

use kepi_score::tree::NoScore;
use kepi_stats::estimate::NotComputable;

/// Why there is no value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reason {
    /// Stable code such as `too_few`.
    pub code: &'static str,
    /// In words, as shown: `18 observations, at least 30 are needed`.
    pub text: String,
}

impl From<&NotComputable> for Reason {
    fn from(reason: &NotComputable) -> Self {
        Self { code: reason.code(), text: reason.to_string() }
    }
}

impl From<&NoScore> for Reason {
    fn from(reason: &NoScore) -> Self {
        Self { code: reason.code(), text: reason.to_string() }
    }
}

/// Why something beside a value is not there.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Absence {
    /// There is no value, so there is no change.
    #[error("no value to compare")]
    NothingToCompare,
    /// The value may still change, so it is not compared with whole periods.
    #[error("the period is not complete")]
    Provisional,
    /// The value stands in place of one that was not measured.
    #[error("it was not measured")]
    NotMeasured,
    /// There is no final value before it.
    #[error("no earlier value")]
    NoEarlier,
    /// The windows of all final values before it share rows with its own.
    #[error("windows of neighbouring values share rows")]
    Overlapping,
    /// What was counted since the beginning of the year grows until its end.
    #[error("what is counted to date grows from period to period")]
    ToDate,
    /// The last value before it means something else.
    #[error("the value before was computed by another definition")]
    OtherDefinition,
    /// People say it in place of what was computed.
    #[error("people say it in place of what was computed")]
    Overridden,
    /// Nothing is published, so nothing is pinned.
    #[error("nothing is published for this period")]
    NotPublished,
}

impl From<Absence> for Reason {
    fn from(absence: Absence) -> Self {
        let code = match absence {
            Absence::NothingToCompare => "nothing_to_compare",
            Absence::Provisional => "provisional",
            Absence::NotMeasured => "not_measured",
            Absence::NoEarlier => "no_earlier",
            Absence::Overlapping => "overlapping",
            Absence::ToDate => "to_date",
            Absence::OtherDefinition => "other_definition",
            Absence::Overridden => "overridden",
            Absence::NotPublished => "not_published",
        };
        Self { code, text: absence.to_string() }
    }
}
