//! The small texts of the language: shares, durations, money, types, dates. Each function says `None` for a text
//! that is none of its kind; all numbers are exact.

use jiff::{Timestamp, civil::Date, fmt::strtime::BrokenDownTime, tz::TimeZone};

use crate::{
    calendar::Grain,
    expression::Type,
    id::{ConnectionId, EntityId},
    word::words,
    wording::shorten,
};

/// Exact weights: parts of 10 000 of their parent, siblings sum to 10 000.
pub type BasisPoints = u32;

/// Microseconds of a second.
pub(crate) const SECOND: i64 = 1_000_000;

words! {
    /// The parts of a length of time that is written with colons.
    pub enum Clock {
        /// `26:01:00`
        HourMinuteSecond = "h:mm:ss",
        /// `4:30` for four and a half hours.
        HourMinute = "h:mm",
        /// `4:30` for four and a half minutes.
        MinuteSecond = "m:ss",
    }

    /// What is counted since 1970-01-01T00:00:00Z, leap seconds left out.
    pub enum Epoch {
        /// Seconds.
        Seconds = "epoch seconds",
        /// Thousandths.
        Milliseconds = "epoch milliseconds",
        /// Millionths.
        Microseconds = "epoch microseconds",
        /// Milliardths; what is below a microsecond is left out.
        Nanoseconds = "epoch nanoseconds",
    }

    /// What a `%` behind a number says.
    pub enum PercentSign {
        /// `85%` is 0.85. A number without the sign is refused: it may be 85 or 0.85.
        Hundredths = "hundredths",
        /// `85%` is 85, as on a scale that ends at 100; so is `85`.
        Dropped = "dropped",
    }

    /// What happens to digits beyond the scale.
    pub enum Excess {
        /// The row goes to quarantine.
        Quarantine = "quarantine",
        /// Rounded half to even.
        Round = "round",
    }
}

impl Clock {
    /// Microseconds in one of the last part.
    pub fn last_micros(self) -> i64 {
        match self {
            Self::HourMinuteSecond | Self::MinuteSecond => 1_000_000,
            Self::HourMinute => 60_000_000,
        }
    }
}

/// An exact decimal: the integer is the value times 10^scale.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Decimal {
    pub(crate) digits: i64,
    pub(crate) scale: u8,
}

impl Decimal {
    /// The nearest double.
    pub(crate) fn to_f64(self) -> f64 {
        self.digits as f64 / 10f64.powi(i32::from(self.scale))
    }
    /// The integer at a scale, if it is exact and fits.
    pub(crate) fn at_scale(self, scale: u8) -> Option<i64> {
        if scale >= self.scale {
            10i64.checked_pow(u32::from(scale - self.scale))?.checked_mul(self.digits)
        } else {
            let by = 10i64.checked_pow(u32::from(self.scale - scale))?;
            (self.digits % by == 0).then_some(self.digits / by)
        }
    }
}

/// `-12`, `2.50`: digits with at most one point; no exponent.
pub(crate) fn decimal(text: &str) -> Option<Decimal> {
    let (sign, body) = match text.strip_prefix(['-', '\u{2212}']) {
        Some(rest) => (-1, rest),
        None => (1, text.strip_prefix('+').unwrap_or(text)),
    };
    let (whole, fraction) = body.split_once('.').unwrap_or((body, ""));
    let digits = |t: &str| t.bytes().all(|b| b.is_ascii_digit());
    if whole.is_empty() || !digits(whole) || !digits(fraction) || body.ends_with('.') || fraction.len() > 18 {
        return None;
    }
    let digits: i64 = format!("{whole}{fraction}").parse().ok()?;
    Some(Decimal { digits: sign * digits, scale: fraction.len() as u8 })
}

/// `10%` as a decimal of 1.
pub(crate) fn share(text: &str) -> Option<Decimal> {
    let number = decimal(text.strip_suffix('%')?.trim_end())?;
    Some(Decimal { digits: number.digits, scale: number.scale.checked_add(2)? })
}

/// Microseconds in a unit of time, singular or plural.
pub(crate) fn time_unit(word: &str) -> Option<i64> {
    Some(match word {
        "microsecond" | "microseconds" => 1,
        "millisecond" | "milliseconds" => SECOND / 1000,
        "second" | "seconds" => SECOND,
        "minute" | "minutes" => 60 * SECOND,
        "hour" | "hours" => 3600 * SECOND,
        "day" | "days" => 86_400 * SECOND,
        "week" | "weeks" => 7 * 86_400 * SECOND,
        _ => return None,
    })
}

/// `4 hours` in microseconds; a day has 24 hours. Several parts add up: `1 hour 30 minutes`.
pub(crate) fn duration(text: &str) -> Option<i64> {
    let words: Vec<&str> = text.split_whitespace().collect();
    if words.is_empty() || !words.len().is_multiple_of(2) {
        return None;
    }
    words.chunks(2).try_fold(0i64, |sum, pair| {
        let [number, unit] = pair else { return None };
        let number = decimal(number)?;
        let micros = number.digits.checked_mul(time_unit(unit)?)?;
        let by = 10i64.checked_pow(u32::from(number.scale))?;
        if micros % by != 0 {
            return None;
        }
        sum.checked_add(micros / by)
    })
}

/// Whether a text is shaped like the code of a currency.
pub(crate) fn is_currency(text: &str) -> bool {
    text.len() == 3 && text.bytes().all(|b| b.is_ascii_uppercase())
}

/// `2.50 EUR`.
pub(crate) fn money(text: &str) -> Option<(Decimal, String)> {
    let (number, currency) = text.rsplit_once(' ')?;
    if !is_currency(currency) {
        return None;
    }
    Some((decimal(number.trim())?, currency.to_owned()))
}

/// `2026-01-01`.
pub(crate) fn date(text: &str) -> Option<Date> {
    let shape =
        text.bytes().enumerate().all(|(i, b)| if i == 4 || i == 7 { b == b'-' } else { b.is_ascii_digit() });
    if text.len() != 10 || !shape {
        return None;
    }
    text.parse().ok()
}

/// A day in `zone`, or an instant with offset, in microseconds.
pub(crate) fn instant(text: &str, zone: &TimeZone) -> Option<i64> {
    match date(text) {
        Some(day) => Some(day.to_zoned(zone.clone()).ok()?.timestamp().as_microsecond()),
        None => Some(text.parse::<Timestamp>().ok()?.as_microsecond()),
    }
}

/// Whether a text is a strptime pattern that can be read; else why not.
pub(crate) fn time_format(pattern: &str) -> Result<(), String> {
    if !pattern.contains('%') {
        return Err("it has no part that starts with `%`".to_owned());
    }
    if pattern.contains("%Z") {
        return Err("`%Z` stands for letters that several zones share".to_owned());
    }
    // A pattern is tried on what it itself prints: both ways refuse directives they do not know.
    let sample = jiff::Zoned::new(Timestamp::UNIX_EPOCH, TimeZone::UTC);
    let printed = BrokenDownTime::from(&sample).to_string(pattern).map_err(|e| e.to_string())?;
    BrokenDownTime::parse(pattern, printed).map(|_| ()).map_err(|e| e.to_string())
}

/// What somebody means who writes a format of times as `DD.MM.YYYY HH:mm`.
pub(crate) fn time_format_meant(text: &str) -> Option<String> {
    if text.contains('%') {
        return None;
    }
    let parts = [
        ("YYYY", "%Y"),
        ("yyyy", "%Y"),
        ("DD", "%d"),
        ("dd", "%d"),
        ("HH", "%H"),
        ("hh", "%H"),
        ("mm", "%M"),
        ("MM", "%m"),
        ("SS", "%S"),
        ("ss", "%S"),
    ];
    let meant = parts.iter().fold(text.to_owned(), |text, (from, to)| text.replace(from, to));
    time_format(&meant).is_ok().then_some(meant)
}

/// `1..5`.
pub(crate) fn scale(text: &str) -> Option<(i64, i64)> {
    let (low, high) = text.split_once("..")?;
    let (low, high) = (low.trim().parse().ok()?, high.trim().parse().ok()?);
    (low < high).then_some((low, high))
}

/// What somebody means who writes a scale as `1-5`, `1 to 5` or `1…5`.
pub(crate) fn scale_meant(text: &str) -> Option<String> {
    for between in ["...", "…", " to ", "–", "-", ":", "/"] {
        if let Some((low, high)) = text.split_once(between)
            && let (Ok(low), Ok(high)) = (low.trim().parse::<i64>(), high.trim().parse::<i64>())
            && low < high
        {
            return Some(format!("{low}..{high}"));
        }
    }
    None
}

/// The connection whose objects a text means, before its first colon, and the pattern of their keys behind it; none: it
/// is a path. No path within a project has a colon.
pub(crate) fn objects(files: &str) -> Option<(&str, &str)> {
    let (connection, keys) = files.split_once(':')?;
    // A single letter is a drive.
    let named = connection.len() > 1 && connection.parse::<ConnectionId>().is_ok();
    (named && !keys.is_empty() && !keys.starts_with(['/', '\\'])).then_some((connection, keys))
}

/// Why a text is no pattern of paths; nothing if it is one. The rules are those of `glob`, which reads them.
pub(crate) fn glob_problem(pattern: &str) -> Option<&'static str> {
    let chars: Vec<char> = pattern.chars().collect();
    let mut at = 0;
    while let Some(c) = chars.get(at) {
        match c {
            '*' => {
                let stars = chars.iter().skip(at).take_while(|c| **c == '*').count();
                let before = at.checked_sub(1).and_then(|i| chars.get(i));
                let after = chars.get(at + stars);
                if stars > 2 {
                    return Some("three stars in a row mean nothing");
                }
                if stars == 2 && (before.is_some_and(|c| *c != '/') || after.is_some_and(|c| *c != '/')) {
                    return Some("`**` stands alone between two `/`");
                }
                at += stars;
            }
            '[' => {
                // `]` right after the bracket, or after `[!`, is a member; one member at least.
                let not = usize::from(chars.get(at + 1) == Some(&'!'));
                let from = at + 2 + not;
                let Some(end) = chars.iter().skip(from).position(|c| *c == ']') else {
                    return Some("a `[` is not closed");
                };
                at = from + end + 1;
            }
            _ => at += 1,
        }
    }
    None
}

/// `09:00-17:00`: minutes since midnight; the end may be `24:00`.
pub(crate) fn opening(text: &str) -> Option<(u16, u16)> {
    let (from, until) = text.split_once(['-', '–'])?;
    let (from, until) = (minute(from)?, minute(until)?);
    (from < until).then_some((from, until))
}

/// `09:00`, as minutes since midnight; `24:00` is the next one.
pub(crate) fn minute(text: &str) -> Option<u16> {
    let (hours, minutes) = text.trim().split_once(':')?;
    let digits = |text: &str, most: u16| {
        let plain = (1..=2).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_digit());
        text.parse::<u16>().ok().filter(|n| plain && *n <= most)
    };
    let total = digits(hours, 24)? * 60 + digits(minutes, 59).filter(|_| minutes.len() == 2)?;
    (total <= 24 * 60).then_some(total)
}

/// `1 quarter`, `2 months`.
pub(crate) fn lag(text: &str) -> Option<(u32, Grain)> {
    let (number, unit) = text.split_once(' ')?;
    let grain = match unit.trim().trim_end_matches('s') {
        "day" => Grain::Day,
        "week" => Grain::Week,
        "month" => Grain::Month,
        "quarter" => Grain::Quarter,
        "year" => Grain::Year,
        _ => return None,
    };
    Some((number.parse().ok().filter(|n| *n > 0)?, grain))
}

/// `90%` or `median`, in millionths.
pub(crate) fn quantile(text: &str) -> Option<i64> {
    if text == "median" { Some(500_000) } else { share(text)?.at_scale(6) }
}

/// `number, 2 decimals` and the like → the word before the comma and the decimals.
fn decimals(text: &str) -> Option<(&str, u8)> {
    let (head, tail) = text.split_once(',')?;
    let (digits, word) = tail.trim().split_once(' ')?;
    let digits = digits.parse().ok().filter(|n| *n <= 9)?;
    matches!(word.trim(), "decimal" | "decimals").then_some((head.trim(), digits))
}

/// The type of an attribute; `enum` comes without its values.
pub(crate) fn attribute_type(text: &str) -> Option<Type> {
    Some(match text {
        "text" => Type::Text,
        "integer" => Type::Integer,
        "boolean" => Type::Boolean,
        "date" => Type::Date,
        "timestamp" => Type::Timestamp,
        "duration" => Type::Duration,
        "enum" => Type::Enum { values: [].into() },
        _ => {
            if let Some(entity) = text.strip_prefix("reference ") {
                return Some(Type::Reference { entity: entity.trim().parse::<EntityId>().ok()? });
            }
            let (head, scale) = decimals(text)?;
            if head == "number" {
                return Some(Type::Number { scale });
            }
            let currency = head.strip_prefix("money ")?.trim();
            if !is_currency(currency) {
                return None;
            }
            Type::Money { currency: currency.to_owned(), scale }
        }
    })
}

/// A type as the language writes it.
pub fn type_text(type_: &Type) -> String {
    match type_ {
        Type::Text => "text".into(),
        Type::Integer => "integer".into(),
        Type::Number { scale } => format!("number, {scale} decimals"),
        Type::Money { currency, scale } => format!("money {currency}, {scale} decimals"),
        Type::Boolean => "boolean".into(),
        Type::Date => "date".into(),
        Type::Timestamp => "timestamp".into(),
        Type::Duration => "duration".into(),
        Type::Enum { values } => {
            let mut shown: Vec<String> = values.iter().take(6).map(|value| shorten(value)).collect();
            if values.len() > shown.len() {
                shown.push(format!("{} more", values.len() - shown.len()));
            }
            format!("enum of {}", shown.join(", "))
        }
        Type::Reference { entity } => format!("reference {entity}"),
    }
}
