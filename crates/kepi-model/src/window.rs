//! Windows by the calendar: the days from whose rows the value of a period is made, where that is more or less than the period.

use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use crate::{
    calendar::{Calendar, CalendarError, Grain, Period},
    word::Word,
};

/// A window. It ends with the period.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Over {
    /// So many days, weeks, months, quarters or years.
    Last(u32, Grain),
    /// From the beginning of the week, month … year on in which the period ends.
    ToDate(Grain),
}

impl Over {
    /// The day on which the window of a period begins; it ends with the last day of the period.
    ///
    /// Counted back from the day after the period, so that twelve months that end with a month are twelve months, whatever
    /// their lengths; where the month has no such day, from its last.
    ///
    /// # Errors
    /// The window lies beyond what the calendar can name.
    pub fn first_day(self, period: Period, calendar: &Calendar) -> Result<Date, CalendarError> {
        match self {
            Self::Last(number, grain) => {
                calendar.earlier(calendar.first_day(period.offset(1))?, number, grain)
            }
            Self::ToDate(grain) => {
                calendar.first_day(calendar.period_of_day(grain, calendar.last_day(period)?))
            }
        }
    }

    /// Whether a period ends no later than so long after an earlier one.
    ///
    /// # Errors
    /// One of them lies beyond what the calendar can name.
    pub fn reaches(
        self,
        earlier: Period,
        period: Period,
        calendar: &Calendar,
    ) -> Result<bool, CalendarError> {
        Ok(self.first_day(period, calendar)? <= calendar.first_day(earlier.offset(1))?)
    }

    /// The day on which data begin whose first row is of `day`, for the window of a period.
    ///
    /// Nobody knows whether rows are missing before the first one or there were none. What is said without a window of the
    /// period in which the first row lies is said with one that is the period; any other window that counts months or longer takes the month of the
    /// first row as whole, whatever the period that ends with it. So the twelve months to December are refused or said alike by month and by quarter.
    ///
    /// # Errors
    /// The day or the period lies beyond what the calendar can name.
    pub fn data_from(self, day: Date, period: Period, calendar: &Calendar) -> Result<Date, CalendarError> {
        let (Self::Last(_, counted) | Self::ToDate(counted)) = self;
        let is_period = self.first_day(period, calendar)? == calendar.first_day(period)?;
        let whole = if is_period { period.grain } else { counted.min(Grain::Month) };
        calendar.first_day(calendar.period_of_day(whole, day))
    }

    /// About how many days it has, to tell which of two is longer.
    pub(crate) fn days(self) -> u64 {
        let of = |grain| match grain {
            Grain::Day => 1,
            Grain::Week => 7,
            Grain::Month => 30,
            Grain::Quarter => 91,
            Grain::HalfYear => 182,
            Grain::Year => 365,
        };
        match self {
            Self::Last(number, grain) => u64::from(number) * of(grain),
            Self::ToDate(grain) => of(grain),
        }
    }

    /// In words: `the 12 months that end with it`.
    pub fn words(self) -> String {
        match self {
            Self::Last(1, grain) => format!("the {} that ends with the period", noun(grain)),
            Self::Last(number, grain) => format!("the {number} {}s that end with the period", noun(grain)),
            Self::ToDate(grain) => {
                format!("the {}, from its beginning to the end of the period", noun(grain))
            }
        }
    }

    /// As short as a label: `12 months`, `year to date`.
    pub fn label(self) -> String {
        match self {
            Self::Last(1, grain) => format!("1 {}", noun(grain)),
            Self::Last(number, grain) => format!("{number} {}s", noun(grain)),
            Self::ToDate(grain) => format!("{} to date", noun(grain)),
        }
    }

    /// What is hashed of it.
    pub(crate) fn form(self) -> serde_json::Value {
        match self {
            Self::Last(number, grain) => serde_json::json!(["last", number, grain.word()]),
            Self::ToDate(grain) => serde_json::json!(["to date", grain.word()]),
        }
    }
}

/// How much earlier a period is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Ago {
    /// So many periods.
    Periods(u32),
    /// So many days, weeks, months, quarters or years.
    Calendar(u32, Grain),
}

impl Ago {
    /// Whether it is a whole number of periods of a grain: a year is of any, a month is none of weeks.
    pub fn is_whole(self, grain: Grain) -> bool {
        match (self, grain) {
            (Self::Periods(_), _) | (_, Grain::Day) => true,
            (Self::Calendar(_, Grain::Week | Grain::Year), Grain::Week) => true,
            (Self::Calendar(number, Grain::Day), Grain::Week) => number % 7 == 0,
            (Self::Calendar(..), Grain::Week) | (Self::Calendar(_, Grain::Day | Grain::Week), _) => false,
            (Self::Calendar(number, unit), grain) => {
                u64::from(number) * u64::from(months(unit)) % u64::from(months(grain)) == 0
            }
        }
    }

    /// The earlier period; none if it is no whole number of periods. Of a day the same day of the month, or its last. A year
    /// before a week is 52 weeks before: the week in which its middle day was a year before; in years of whole weeks that of the same number.
    ///
    /// # Errors
    /// It lies beyond what the calendar can name.
    pub fn before(self, period: Period, calendar: &Calendar) -> Result<Option<Period>, CalendarError> {
        if !self.is_whole(period.grain) {
            return Ok(None);
        }
        let by = |number: i64| {
            let number = i32::try_from(number).map_err(|_| CalendarError::OutOfRange)?;
            period
                .ordinal
                .checked_sub(number)
                .map(|ordinal| Period { ordinal, ..period })
                .ok_or(CalendarError::OutOfRange)
        };
        Ok(Some(match (self, period.grain) {
            (Self::Periods(number), _) => by(number.into())?,
            (Self::Calendar(number, unit), Grain::Day) => calendar
                .period_of_day(Grain::Day, calendar.earlier(calendar.first_day(period)?, number, unit)?),
            (Self::Calendar(number, Grain::Day), Grain::Week) => by(i64::from(number) / 7)?,
            (Self::Calendar(number, Grain::Week), Grain::Week) => by(number.into())?,
            (Self::Calendar(number, unit), Grain::Week) => {
                let middle = calendar.earlier(calendar.first_day(period.offset(1))?, 4, Grain::Day)?;
                calendar.period_of_day(Grain::Week, calendar.earlier(middle, number, unit)?)
            }
            (Self::Calendar(number, unit), grain) => {
                by(i64::from(number) * i64::from(months(unit)) / i64::from(months(grain)))?
            }
        }))
    }

    /// `1 year earlier`.
    pub fn words(self) -> String {
        match self {
            Self::Periods(1) => "1 period earlier".to_owned(),
            Self::Periods(number) => format!("{number} periods earlier"),
            Self::Calendar(number, grain) => format!("{} earlier", Over::Last(number, grain).label()),
        }
    }

    /// What is hashed of it.
    pub(crate) fn form(self) -> serde_json::Value {
        match self {
            Self::Periods(number) => serde_json::json!(["periods", number]),
            Self::Calendar(number, grain) => serde_json::json!(["calendar", number, grain.word()]),
        }
    }
}

/// Months of a grain of whole months; of a shorter one none, and it is not asked.
fn months(grain: Grain) -> u32 {
    match grain {
        Grain::Day | Grain::Week | Grain::Month => 1,
        Grain::Quarter => 3,
        Grain::HalfYear => 6,
        Grain::Year => 12,
    }
}

/// A grain as people write it.
fn noun(grain: Grain) -> String {
    grain.word().replace('_', "-")
}

#[cfg(test)]
#[path = "window_tests.rs"]
mod tests;
