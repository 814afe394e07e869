//! Texts into instants: ISO 8601, RFC 3339 or a strptime pattern; local times by the source's zone and its rules. What can
//! be meant is a range of days; beyond it lie slips of the keyboard, and days that stand for "no end yet".

use std::collections::HashMap;

use jiff::{
    Timestamp,
    civil::{Date, DateTime},
    fmt::{strtime, temporal::Pieces},
    tz::{AmbiguousOffset, TimeZone},
};
use kepi_model::project::{Ambiguous, Dates, Epoch, Excess, MissingLocal, SourceZone};
use kepi_query::landing::{Batch, Cells};

use super::{
    number::{Marks, NumberError, parse_number},
    spell::{day, shown},
};

/// A zone with its rules.
#[derive(Debug, Clone)]
pub struct Zone {
    name: String,
    zone: TimeZone,
    /// Whether its clock shows what instants are counted by.
    is_utc: bool,
    ambiguous: Ambiguous,
    missing: MissingLocal,
}

/// Why a text is not a time.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TimeError {
    /// It does not read so.
    #[error("is not a {what} {}", how(.what, .format.as_deref(), .seems))]
    Unreadable {
        /// Day or time.
        what: &'static str,
        /// The declared pattern.
        format: Option<String>,
        /// How it seems to be written.
        seems: Vec<String>,
    },
    /// It is none that can be meant.
    #[error(
        "lies outside the dates that can be meant, {from} until before {until}; if it is right, say so under `dates` of the \
         source, and if it stands for \"no end yet\", list it there under `open`"
    )]
    Outside {
        /// First day that can be meant.
        from: Date,
        /// First day that cannot any more.
        until: Date,
    },
    /// The clock showed it twice.
    #[error("exists twice in {0}; set `ambiguous` of the time zone")]
    Twice(String),
    /// The clock skipped it.
    #[error("does not exist in {0}; set `missing` of the time zone")]
    Never(String),
}

/// What a text should have been like, and what to do if it is written otherwise.
fn how(what: &str, format: Option<&str>, seems: &[String]) -> String {
    match (format, what) {
        (Some(format), _) => format!("of the format `{format}`"),
        (None, _) if !seems.is_empty() => {
            let time = if what == "day" { "" } else { " and time" };
            let formats: Vec<String> = seems.iter().map(|format| format!("`format: \"{format}\"`")).collect();
            if seems.iter().all(|format| format.starts_with("epoch")) {
                return format!("as year-month-day{time}; if it counts since 1970: {}", formats.join(" or "));
            }
            let which = if seems.len() > 1 { ", whichever of day and month stands first" } else { "" };
            format!("as year-month-day{time}; say how it is written: {}{which}", formats.join(" or "))
        }
        (None, "day") => {
            "as year-month-day; say how it is written: `format: \"%d.%m.%Y\"`, or `as: timestamp` if it has a time".to_owned()
        }
        (None, _) => "as year-month-day and time; say how it is written: `format: \"%d.%m.%Y %H:%M\"`, or `as: date` if it \
                      has none"
            .to_owned(),
    }
}

/// What cannot be read, and how it seems to be written.
fn unreadable(what: &'static str, format: Option<&str>, text: &str) -> TimeError {
    TimeError::Unreadable { what, format: format.map(str::to_owned), seems: seeming(what, text) }
}

/// The patterns by which a text may be written: three numbers of which one has four digits, with one sign between them, and a time
/// behind. Two patterns where nothing tells day and month apart.
fn seeming(what: &str, text: &str) -> Vec<String> {
    // A number alone counts since 1970, by its length in which unit.
    if what != "day" && text.bytes().all(|of| of.is_ascii_digit()) {
        let unit = match text.len() {
            10 => "seconds",
            13 => "milliseconds",
            16 => "microseconds",
            19 => "nanoseconds",
            _ => return Vec::new(),
        };
        return vec![format!("epoch {unit}")];
    }
    let (day, time) = text.split_once([' ', 'T']).unwrap_or((text, ""));
    let Some(sign) = day.chars().find(|c| !c.is_ascii_digit()).filter(|c| "./-".contains(*c)) else {
        return Vec::new();
    };
    let parts: Vec<&str> = day.split(sign).collect();
    let number = |part: &str| part.parse::<u32>().ok();
    let (Some(first), Some(second), Some(third)) = (
        parts.first().and_then(|part| number(part)),
        parts.get(1).and_then(|part| number(part)),
        parts.get(2).and_then(|part| number(part)),
    ) else {
        return Vec::new();
    };
    let years = |part: usize| parts.get(part).is_some_and(|part| part.len() == 4);
    let orders: &[[&str; 3]] = match (years(0), years(2)) {
        _ if parts.len() != 3 || second == 0 || third == 0 || first == 0 => &[],
        (true, false) if sign != '-' => &[["%Y", "%m", "%d"]],
        (false, true) if first > 12 && second <= 12 => &[["%d", "%m", "%Y"]],
        (false, true) if second > 12 && first <= 12 => &[["%m", "%d", "%Y"]],
        // With dots the day stands first, wherever that is written.
        (false, true) if sign == '.' && first <= 12 => &[["%d", "%m", "%Y"]],
        (false, true) if first <= 12 => &[["%d", "%m", "%Y"], ["%m", "%d", "%Y"]],
        _ => &[],
    };
    let clock = match (what, time.matches(':').count()) {
        ("day", 0) => "",
        (_, 1) => " %H:%M",
        (_, 2) => " %H:%M:%S",
        _ => return Vec::new(),
    };
    if what == "day" && !time.is_empty() {
        return Vec::new();
    }
    let joined = |order: &[&str; 3]| format!("{}{clock}", order.join(&sign.to_string()));
    orders.iter().map(joined).collect()
}

/// Why a number is not a time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum EpochError {
    /// It is no number.
    #[error(transparent)]
    Number(#[from] NumberError),
    /// It is before the year 0 or after 9999: most likely it counts something else.
    #[error("is no time of the years 0 to 9999; does it count {0}?")]
    Beyond(&'static str),
}

/// Reads what has been counted since 1970-01-01T00:00:00Z. Parts of a microsecond are left out.
///
/// # Errors
/// See [`EpochError`].
pub fn since_epoch(text: &str, epoch: Epoch) -> Result<i64, EpochError> {
    // Digits that make microseconds of the unit, and which unit is smaller or larger by a thousand.
    let (digits, smaller) = match epoch {
        Epoch::Seconds => (6, "milliseconds"),
        Epoch::Milliseconds => (3, "microseconds"),
        Epoch::Microseconds => (0, "nanoseconds"),
        Epoch::Nanoseconds => {
            let nanos = parse_number(text, 0, Marks::PLAIN, Excess::Quarantine)?;
            return Ok(nanos.div_euclid(1000));
        }
    };
    match parse_number(text, digits, Marks::PLAIN, Excess::Round) {
        Ok(micros) if Timestamp::from_microsecond(micros).is_ok_and(|t| t >= YEAR_0) => Ok(micros),
        Ok(_) | Err(NumberError::TooLarge(_)) => Err(EpochError::Beyond(smaller)),
        Err(e) => Err(e.into()),
    }
}

/// 0000-01-01T00:00:00Z.
const YEAR_0: Timestamp = Timestamp::constant(-62_167_219_200, 0);

impl Zone {
    /// Looks the zone up in the bundled database.
    ///
    /// # Errors
    /// There is none of that name.
    pub fn new(zone: &SourceZone) -> Result<Self, jiff::Error> {
        let found = TimeZone::get(&zone.name)?;
        Ok(Self {
            name: zone.name.clone(),
            is_utc: found == TimeZone::UTC,
            zone: found,
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
        offset.to_timestamp(local).map(Timestamp::as_microsecond).map_err(|_| unreadable("time", None, ""))
    }

    /// The first instant of a day, which is not midnight where the clock skips it.
    fn start(&self, day: Date) -> Result<i64, TimeError> {
        day.to_zoned(self.zone.clone())
            .and_then(|z| z.start_of_day())
            .map(|z| z.timestamp().as_microsecond())
            .map_err(|_| unreadable("day", None, ""))
    }

    /// The instant at which the clock showed `micros` since 1970-01-01T00:00.
    ///
    /// # Errors
    /// See [`TimeError`].
    pub(super) fn local(&self, micros: i64) -> Result<i64, TimeError> {
        if self.is_utc && is_instant(micros) {
            return Ok(micros);
        }
        self.instant(shown(micros).ok_or_else(|| unreadable("time", None, ""))?)
    }

    /// The instant at which the day so many days after 1970-01-01 begins.
    ///
    /// # Errors
    /// See [`TimeError`].
    pub(super) fn day(&self, days: i64) -> Result<i64, TimeError> {
        let day = i32::try_from(days).ok().and_then(day);
        self.start(day.ok_or_else(|| unreadable("day", None, ""))?)
    }

    /// Reads a day.
    ///
    /// # Errors
    /// See [`TimeError`].
    pub fn date(&self, text: &str, format: Option<&str>) -> Result<i64, TimeError> {
        self.start(parse_day(text, format)?)
    }

    /// Reads a time: an instant if an offset is written, else local.
    ///
    /// # Errors
    /// See [`TimeError`].
    pub fn timestamp(&self, text: &str, format: Option<&str>) -> Result<i64, TimeError> {
        let unreadable = |_| unreadable("time", format, text);
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
                if let Some((micros, is_utc)) = in_seconds(text.as_bytes()) {
                    return match is_utc {
                        true if is_instant(micros) => Ok(micros),
                        true => Err(self::unreadable("time", format, text)),
                        false => self.local(micros),
                    };
                }
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

/// Whether the calendar of instants holds it.
fn is_instant(micros: i64) -> bool {
    Timestamp::from_microsecond(micros).is_ok()
}

/// A time as most files write it, `2026-03-31T10:00:00` or with a blank, in µs since the clock showed 1970-01-01T00:00, and whether
/// a `Z` stands behind it: read many times as fast as what may be written otherwise, too.
pub(super) fn in_seconds(text: &[u8]) -> Option<(i64, bool)> {
    let (text, is_utc) = match text.strip_suffix(b"Z") {
        Some(local) => (local, true),
        None => (text, false),
    };
    let [y0, y1, y2, y3, b'-', m0, m1, b'-', d0, d1, b'T' | b' ', h0, h1, b':', i0, i1, b':', s0, s1] = text
    else {
        return None;
    };
    let mut all_digits = true;
    let mut two = |a: &u8, b: &u8| {
        let (a, b) = (a.wrapping_sub(b'0'), b.wrapping_sub(b'0'));
        all_digits &= a < 10 && b < 10;
        u32::from(a) * 10 + u32::from(b)
    };
    let (year, month, day) = (two(y0, y1) * 100 + two(y2, y3), two(m0, m1), two(d0, d1));
    let (hour, minute, second) = (two(h0, h1), two(i0, i1), two(s0, s1));
    let is_leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    let length = match month {
        2 => 28 + u32::from(is_leap),
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    };
    // What is no time is told by whoever reads it at length; a leap second, too.
    let is_time = (1..=12).contains(&month)
        && (1..=length).contains(&day)
        && hour < 24
        && minute < 60
        && second < 60
        && all_digits;
    let days = days_before(year, month) + i64::from(day) - 1;
    let seconds = days * 86_400 + i64::from(hour * 3600 + minute * 60 + second);
    is_time.then_some((seconds * 1_000_000, is_utc))
}

/// Days from 1970-01-01 to the first of a month of the years from 0 on.
fn days_before(year: u32, month: u32) -> i64 {
    // The year begins in March, so that a leap day is its last one, and months from there on have 153 days every five. 400 years
    // more: the calendar repeats after as many, and none is negative.
    let (year, month) = if month > 2 { (year + 400, month - 3) } else { (year + 399, month + 9) };
    let leap_days = year / 4 - year / 100 + year / 400;
    i64::from(year * 365 + leap_days + (153 * month + 2) / 5) - 719_468 - 146_097
}

fn parse_day(text: &str, format: Option<&str>) -> Result<Date, TimeError> {
    let cannot = |_| unreadable("day", format, text);
    match format {
        Some(format) => strtime::parse(format, text).and_then(|t| t.to_date()).map_err(cannot),
        None => {
            // jiff would also take the day out of a time; a day is asked for.
            if text.len() > 10 && !text.starts_with(['-', '+']) {
                return Err(unreadable("day", None, ""));
            }
            text.parse::<Date>().map_err(cannot)
        }
    }
}

/// What a cell of time says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum When {
    /// An instant, µs UTC.
    At(i64),
    /// Nothing yet: by number of the source's open days.
    Open(usize),
}

/// How the times of a source are read.
#[derive(Debug, Clone)]
pub struct Times {
    /// Where its local times are.
    local: Zone,
    /// Where days begin.
    days: Zone,
    dates: Dates,
    /// Instants of the first day that can be meant and of the first that cannot, where local times are.
    between: (i64, i64),
    /// The same where days begin.
    days_between: (i64, i64),
    /// Whether a day that is open lies among those that can be meant.
    open_between: bool,
}

impl Times {
    /// The times of a source that is local to a zone, in a project whose days begin by another.
    ///
    /// # Errors
    /// There is no zone of one of the names.
    pub fn new(local: &SourceZone, days: &str, dates: &Dates) -> Result<Self, jiff::Error> {
        let days = Zone::new(&SourceZone {
            name: days.to_owned(),
            column: None,
            ambiguous: Ambiguous::Earlier,
            missing: MissingLocal::ShiftForward,
        })?;
        let local = Zone::new(local)?;
        // What the calendar of instants cannot hold is not beyond the range.
        let between = |zone: &Zone| {
            (zone.start(dates.from).unwrap_or(i64::MIN), zone.start(dates.until).unwrap_or(i64::MAX))
        };
        let open_between = dates.open.iter().any(|day| (dates.from..dates.until).contains(day));
        let (between, days_between) = (between(&local), between(&days));
        Ok(Self { local, days, dates: dates.clone(), between, days_between, open_between })
    }

    /// Days that stand for "no end yet".
    pub fn open(&self) -> &[Date] {
        &self.dates.open
    }

    fn outside(&self) -> TimeError {
        TimeError::Outside { from: self.dates.from, until: self.dates.until }
    }

    fn of_day(&self, day: Date) -> Result<When, TimeError> {
        match self.dates.open.iter().position(|open| *open == day) {
            Some(at) => Ok(When::Open(at)),
            None => Err(self.outside()),
        }
    }

    /// What an instant says that was read where local times are, or where days begin.
    ///
    /// # Errors
    /// It cannot be meant.
    pub fn judge(&self, at: i64, is_day: bool) -> Result<When, TimeError> {
        let (from, until) = if is_day { self.days_between } else { self.between };
        let inside = (from..until).contains(&at);
        if inside && !self.open_between {
            return Ok(When::At(at));
        }
        let zone = if is_day { &self.days } else { &self.local };
        let day = Timestamp::from_microsecond(at).map(|at| zone.zone.to_datetime(at).date());
        match day.map(|day| self.of_day(day)) {
            Ok(Ok(open)) => Ok(open),
            _ if inside => Ok(When::At(at)),
            _ => Err(self.outside()),
        }
    }

    /// Whether times of a zone are instants as they are shown, and within this range mean no more than that: else each is to be
    /// looked at.
    pub(super) fn as_they_are(&self, is_local: bool) -> Option<std::ops::Range<i64>> {
        let (from, until) = self.between;
        let plain = !self.open_between && (!is_local || self.local.is_utc);
        let held =
            |micros: i64| micros.clamp(Timestamp::MIN.as_microsecond(), Timestamp::MAX.as_microsecond());
        plain.then(|| held(from)..held(until))
    }

    /// What a text that is no instant says, if it is a day far out all the same.
    fn far(&self, error: TimeError, day: Option<Date>) -> Result<When, TimeError> {
        match day {
            Some(day) if !(self.dates.from..self.dates.until).contains(&day) => self.of_day(day),
            _ => Err(error),
        }
    }

    /// Reads a day: for a date where days begin, for an instant where local times are.
    ///
    /// # Errors
    /// See [`TimeError`].
    pub fn date(&self, text: &str, format: Option<&str>, is_day: bool) -> Result<When, TimeError> {
        let zone = if is_day { &self.days } else { &self.local };
        match zone.date(text, format) {
            Ok(at) => self.judge(at, is_day),
            Err(error) => self.far(error, parse_day(text, format).ok()),
        }
    }

    /// Reads a time: an instant if an offset is written, else local.
    ///
    /// # Errors
    /// See [`TimeError`].
    pub fn timestamp(&self, text: &str, format: Option<&str>) -> Result<When, TimeError> {
        match self.local.timestamp(text, format) {
            Ok(at) => self.judge(at, false),
            Err(error @ TimeError::Unreadable { .. }) => {
                let day = match format {
                    Some(format) => strtime::parse(format, text).and_then(|t| t.to_date()).ok(),
                    None => Pieces::parse(text).ok().map(|pieces| pieces.date()),
                };
                self.far(error, day)
            }
            Err(error) => Err(error),
        }
    }

    /// The instant at which the clock showed `micros` since 1970-01-01T00:00.
    ///
    /// # Errors
    /// See [`TimeError`].
    pub(super) fn shown(&self, micros: i64) -> Result<When, TimeError> {
        match self.local.local(micros) {
            Ok(at) => self.judge(at, false),
            Err(error @ TimeError::Unreadable { .. }) => self.far(error, shown(micros).map(DateTime::date)),
            Err(error) => Err(error),
        }
    }

    /// The day so many days after 1970-01-01.
    ///
    /// # Errors
    /// See [`TimeError`].
    pub(super) fn day(&self, days: i64, is_day: bool) -> Result<When, TimeError> {
        let zone = if is_day { &self.days } else { &self.local };
        match zone.day(days) {
            Ok(at) => self.judge(at, is_day),
            Err(error) => self.far(error, i32::try_from(days).ok().and_then(day)),
        }
    }
}

/// The times of a source of which each row may be local to another zone.
pub(crate) struct Zones {
    /// Where no other zone is named.
    times: Times,
    /// The column that names one.
    column: Option<usize>,
    source: (SourceZone, String, Dates),
    /// By name; none: there is no zone of that name.
    by_name: HashMap<String, Option<Times>>,
    /// By row of a batch; empty: no row names one.
    of_rows: Vec<Option<String>>,
}

impl Zones {
    /// The times of a source, whose rows name their zones in a column, if it has one.
    ///
    /// # Errors
    /// There is no zone of one of the names.
    pub fn new(
        local: &SourceZone,
        days: &str,
        dates: &Dates,
        column: Option<usize>,
    ) -> Result<Self, jiff::Error> {
        Ok(Self {
            times: Times::new(local, days, dates)?,
            column,
            source: (local.clone(), days.to_owned(), dates.clone()),
            by_name: HashMap::new(),
            of_rows: Vec::new(),
        })
    }

    /// Looks up the zones that the first rows of a batch name.
    pub fn read(&mut self, batch: &Batch, rows: usize) {
        self.of_rows.clear();
        let Some(cells) = self.column.and_then(|column| batch.cells.get(column)) else { return };
        let (local, days, dates) = &self.source;
        for row in 0..rows {
            let name = match cells {
                Cells::Texts(texts) => texts.get(row).map(str::trim).filter(|name| !name.is_empty()),
                // Whatever that is, it is not guessed what it says.
                _ => Some("no text"),
            };
            if let Some(name) = name
                && !self.by_name.contains_key(name)
            {
                let zone = SourceZone { name: name.to_owned(), ..local.clone() };
                self.by_name.insert(name.to_owned(), Times::new(&zone, days, dates).ok());
            }
            self.of_rows.push(name.map(str::to_owned));
        }
    }

    /// The times of all rows, if none names a zone.
    pub fn of_all(&self) -> Option<&Times> {
        self.of_rows.is_empty().then_some(&self.times)
    }

    /// The times where no zone is named.
    pub fn plain(&self) -> &Times {
        &self.times
    }

    /// The times of a row.
    ///
    /// # Errors
    /// It names a zone that there is not.
    pub fn of(&self, row: usize) -> Result<&Times, String> {
        let Some(Some(name)) = self.of_rows.get(row) else { return Ok(&self.times) };
        let found = self.by_name.get(name).and_then(Option::as_ref);
        found.ok_or_else(|| format!("its zone `{name}` is none of the IANA names, such as `Europe/Berlin`"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// As [`in_seconds`], read at length.
    fn at_length(text: &str) -> Option<(i64, bool)> {
        let local = text.strip_suffix('Z').unwrap_or(text);
        let at: DateTime = local.parse().ok()?;
        let since = at.duration_since(DateTime::constant(1970, 1, 1, 0, 0, 0, 0));
        Some((i64::try_from(since.as_micros()).ok()?, local.len() < text.len()))
    }

    #[test]
    fn what_most_files_write_is_read_as_if_it_were_read_at_length() {
        let mut known = 0;
        for text in
            ["2026-03-31T10:00:00Z", "2024-02-29 23:59:59", "0000-01-01T00:00:00", "9999-12-31T23:59:59Z"]
        {
            assert_eq!(in_seconds(text.as_bytes()), at_length(text), "{text}");
            assert!(in_seconds(text.as_bytes()).is_some(), "{text}");
            // Every byte of it changed to any other of those that may stand there, or taken out.
            for at in 0..text.len() {
                for other in b"0123456789-+:TtZz ./" {
                    let mut changed = text.as_bytes().to_vec();
                    changed[at] = *other;
                    let changed = String::from_utf8(changed).unwrap();
                    if let Some(read) = in_seconds(changed.as_bytes()) {
                        assert_eq!(Some(read), at_length(&changed), "{changed}");
                        known += 1;
                    }
                }
                let mut shorter = text.to_owned();
                shorter.remove(at);
                assert_eq!(in_seconds(shorter.as_bytes()).is_some(), at == 19, "{shorter}");
            }
        }
        assert!(known > 200, "{known}");
        for day in (-719_528..=2_932_896).step_by(17) {
            let day = super::day(day).unwrap();
            let text = format!("{day}T12:34:56");
            assert_eq!(in_seconds(text.as_bytes()), at_length(&text), "{text}");
        }
        assert_eq!(in_seconds(b"2026-06-30T23:59:60Z"), None, "a leap second is read at length");
    }
}
