//! Texts into instants: ISO 8601, RFC 3339 or a strptime pattern; local times by the source's zone and its rules.

use jiff::{
    Timestamp,
    civil::{Date, DateTime},
    fmt::strtime,
    tz::{AmbiguousOffset, TimeZone},
};
use kepi_model::project::{Ambiguous, MissingLocal, SourceZone};

use super::spell::{day, shown};

/// A zone with its rules.
#[derive(Debug, Clone)]
pub struct Zone {
    name: String,
    zone: TimeZone,
    ambiguous: Ambiguous,
    missing: MissingLocal,
}

/// Why a text is not a time.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TimeError {
    /// It does not read so.
    #[error("is not a {what}{}", format.as_deref().map(|f| format!(" of the format `{f}`")).unwrap_or_default())]
    Unreadable {
        /// Day or time.
        what: &'static str,
        /// The declared pattern.
        format: Option<String>,
    },
    /// The clock showed it twice.
    #[error("exists twice in {0}; set `ambiguous` of the time zone")]
    Twice(String),
    /// The clock skipped it.
    #[error("does not exist in {0}; set `missing` of the time zone")]
    Never(String),
}

impl Zone {
    /// Looks the zone up in the bundled database.
    ///
    /// # Errors
    /// There is none of that name.
    pub fn new(zone: &SourceZone) -> Result<Self, jiff::Error> {
        Ok(Self {
            name: zone.name.clone(),
            zone: TimeZone::get(&zone.name)?,
            ambiguous: zone.ambiguous,
            missing: zone.missing,
        })
    }

    fn instant(&self, local: DateTime) -> Result<i64, TimeError> {
        let offset = match self.zone.to_ambiguous_timestamp(local).offset() {
            AmbiguousOffset::Unambiguous { offset } => offset,
            AmbiguousOffset::Fold { before, after } => match self.ambiguous {
                Ambiguous::Earlier => before,
                Ambiguous::Later => after,
                Ambiguous::Quarantine => return Err(TimeError::Twice(self.name.clone())),
            },
            // Reading the clock by the offset before the gap moves the time on by the gap's length.
            AmbiguousOffset::Gap { before, .. } => match self.missing {
                MissingLocal::ShiftForward => before,
                MissingLocal::Quarantine => return Err(TimeError::Never(self.name.clone())),
            },
        };
        offset
            .to_timestamp(local)
            .map(Timestamp::as_microsecond)
            .map_err(|_| TimeError::Unreadable { what: "time", format: None })
    }

    /// The first instant of a day, which is not midnight where the clock skips it.
    fn start(&self, day: Date) -> Result<i64, TimeError> {
        day.to_zoned(self.zone.clone())
            .and_then(|z| z.start_of_day())
            .map(|z| z.timestamp().as_microsecond())
            .map_err(|_| TimeError::Unreadable { what: "day", format: None })
    }

    /// The instant at which the clock showed `micros` since 1970-01-01T00:00.
    ///
    /// # Errors
    /// See [`TimeError`].
    pub(super) fn local(&self, micros: i64) -> Result<i64, TimeError> {
        self.instant(shown(micros).ok_or(TimeError::Unreadable { what: "time", format: None })?)
    }

    /// The instant at which the day so many days after 1970-01-01 begins.
    ///
    /// # Errors
    /// See [`TimeError`].
    pub(super) fn day(&self, days: i64) -> Result<i64, TimeError> {
        let day = i32::try_from(days).ok().and_then(day);
        self.start(day.ok_or(TimeError::Unreadable { what: "day", format: None })?)
    }

    /// Reads a day.
    ///
    /// # Errors
    /// See [`TimeError`].
    pub fn date(&self, text: &str, format: Option<&str>) -> Result<i64, TimeError> {
        let unreadable = |_| TimeError::Unreadable { what: "day", format: format.map(str::to_owned) };
        let day = match format {
            Some(format) => strtime::parse(format, text).and_then(|t| t.to_date()).map_err(unreadable)?,
            None => {
                // jiff would also take the day out of a time; a day is asked for.
                if text.len() > 10 && !text.starts_with(['-', '+']) {
                    return Err(TimeError::Unreadable { what: "day", format: None });
                }
                text.parse::<Date>().map_err(unreadable)?
            }
        };
        self.start(day)
    }

    /// Reads a time: an instant if an offset is written, else local.
    ///
    /// # Errors
    /// See [`TimeError`].
    pub fn timestamp(&self, text: &str, format: Option<&str>) -> Result<i64, TimeError> {
        let unreadable = |_| TimeError::Unreadable { what: "time", format: format.map(str::to_owned) };
        match format {
            Some(format) => {
                let parsed = strtime::parse(format, text).map_err(unreadable)?;
                if parsed.offset().is_some() || format.contains("%s") {
                    return parsed.to_timestamp().map(Timestamp::as_microsecond).map_err(unreadable);
                }
                match parsed.to_datetime() {
                    Ok(local) => self.instant(local),
                    Err(_) => self.instant(
                        parsed.to_date().map_err(unreadable)?.to_datetime(jiff::civil::Time::midnight()),
                    ),
                }
            }
            None => {
                // An offset is a `Z`, or a sign behind the day.
                let behind = text.get(11..).unwrap_or("");
                if behind.contains(['Z', 'z', '+', '-', '\u{2212}']) {
                    return text.parse::<Timestamp>().map(Timestamp::as_microsecond).map_err(unreadable);
                }
                self.instant(text.parse::<DateTime>().map_err(unreadable)?)
            }
        }
    }
}
