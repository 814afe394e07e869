//! How far a cursor may carry a bookmark: no value that is yet to come, and none that is no time where times are expected. Rows
//! behind such a bookmark would never be asked for. The rows themselves are fetched, every time: what becomes of them is
//! said where they land.

use jiff::{SignedDuration, Timestamp, civil::DateTime};
use kepi_model::{
    expression::Type,
    project::{Epoch, MappingFrom, Parse, Source},
};
use kepi_store::foreign::Mark;

/// By how much another clock may be ahead.
const AHEAD: SignedDuration = SignedDuration::from_mins(5);
/// By how much a local time may be ahead of UTC.
const EAST: SignedDuration = SignedDuration::from_hours(14);

/// A column by which rows are ordered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Cursor {
    is: Is,
    now: Timestamp,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Is {
    /// A date or time as ISO 8601 spells it.
    Time,
    Epoch(Epoch),
    /// Nobody says.
    Anything,
}

impl Cursor {
    /// What the source says of the column.
    pub(crate) fn of(source: &Source, column: &str) -> Self {
        let own = source.map.iter().find_map(|mapping| match &mapping.from {
            MappingFrom::Column { column: own, parse, prefix, .. }
                if own.trim() == column.trim()
                    && prefix.is_empty()
                    && matches!(mapping.type_, Type::Date | Type::Timestamp) =>
            {
                Some(parse)
            }
            _ => None,
        });
        let is = match own {
            Some(Parse::Date { format: None } | Parse::Timestamp { format: None }) => Is::Time,
            Some(Parse::Epoch(epoch)) => Is::Epoch(*epoch),
            _ => Is::Anything,
        };
        Self { is, now: Timestamp::now() }
    }

    /// Whether a bookmark may come to this value.
    pub(crate) fn may_be_at(&self, mark: &Mark) -> bool {
        match mark {
            Mark::Integer(n) => self.counted(Some(*n)),
            Mark::Real(n) => self.counted(n.is_finite().then_some(*n as i64)),
            Mark::Text(text) => self.may_be_at_text(text),
        }
    }

    /// The same of a text.
    pub(crate) fn may_be_at_text(&self, text: &str) -> bool {
        let text = text.trim();
        if let Is::Epoch(_) = self.is {
            return self.counted(text.parse().ok());
        }
        match self.least(text) {
            Some(at) => at <= self.now.saturating_add(AHEAD).unwrap_or(self.now),
            None => self.is == Is::Anything && !is_beyond(text),
        }
    }

    fn counted(&self, n: Option<i64>) -> bool {
        let Is::Epoch(epoch) = self.is else { return self.is == Is::Anything };
        let at = n.and_then(|n| match epoch {
            Epoch::Seconds => Timestamp::from_second(n).ok(),
            Epoch::Milliseconds => Timestamp::from_millisecond(n).ok(),
            Epoch::Microseconds => Timestamp::from_microsecond(n).ok(),
            Epoch::Nanoseconds => Timestamp::from_nanosecond(n.into()).ok(),
        });
        at.is_some_and(|at| at <= self.now.saturating_add(AHEAD).unwrap_or(self.now))
    }

    /// The first instant that a time may be; none: it is no time.
    fn least(&self, text: &str) -> Option<Timestamp> {
        // A number is a year to nobody here.
        if text.len() < 10 {
            return None;
        }
        if let Ok(at) = text.parse::<Timestamp>() {
            return Some(at);
        }
        let local: DateTime = text.parse().ok()?;
        let at = local.to_zoned(jiff::tz::TimeZone::UTC).ok()?.timestamp();
        Some(at.checked_sub(EAST).unwrap_or(Timestamp::MIN))
    }
}

/// Whether a text is a time that no calendar here has: `infinity`, or of the year 10000 or later.
fn is_beyond(text: &str) -> bool {
    let year = text.split('-').next().unwrap_or_default();
    let is_day =
        text.matches('-').count() >= 2 && text.split('-').nth(1).is_some_and(|month| month.len() == 2);
    text == "infinity" || (is_day && year.len() > 4 && year.bytes().all(|b| b.is_ascii_digit()))
}
