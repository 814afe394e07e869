//! Lengths of time: so many of a declared unit, or a text that names its own units: `00:04:30`, `4 min 30 s`, `PT4M30S`,
//! `1 day 02:00:00`. A day has 24 hours.

use jiff::{SignedDuration, Span, SpanRelativeTo};
use kepi_model::project::Clock;

use super::number::{Marks, NumberError, parse_duration};

/// Why a text is no length of time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum LengthError {
    /// As a number it is wrong.
    #[error(transparent)]
    Number(#[from] NumberError),
    /// It is neither a number nor any of the forms.
    #[error("is not a length of time such as `00:04:30`, `4 min 30 s` or a number of the unit")]
    NotALength,
    /// Two parts with a colon between them.
    #[error(
        "may be minutes and seconds or hours and minutes; say which by `as: duration m:ss` or `as: duration h:mm`"
    )]
    Ambiguous,
    /// It has other parts than declared.
    #[error("is not of the form `{0}`")]
    NotOfForm(&'static str),
}

/// Reads a length of time into microseconds: a number counts in `unit_micros` unless a clock's form is declared.
///
/// # Errors
/// See [`LengthError`].
pub fn parse_length(
    text: &str,
    unit_micros: i64,
    marks: Marks,
    clock: Option<Clock>,
) -> Result<i64, LengthError> {
    let text = text.trim();
    let (negative, body) = match text.strip_prefix(['-', '\u{2212}']) {
        Some(rest) => (true, rest.trim_start()),
        None => (false, text.strip_prefix('+').unwrap_or(text)),
    };
    let signed = |micros: i64| if negative { -micros } else { micros };
    if body.contains(':') && body.bytes().all(|b| b.is_ascii_digit() || matches!(b, b':' | b'.' | b',')) {
        return colons(body, clock).map(signed);
    }
    if let Some(clock) = clock {
        return own_units(body).map(signed).ok_or(LengthError::NotOfForm(form(clock)));
    }
    match parse_duration(text, unit_micros, marks) {
        Err(NumberError::NotANumber | NumberError::Marked { .. } | NumberError::Grouped { .. })
            if body.bytes().any(|b| b.is_ascii_alphabetic()) =>
        {
            own_units(body).map(signed).ok_or(LengthError::NotALength)
        }
        Err(NumberError::NotANumber) => own_units(body).map(signed).ok_or(LengthError::NotALength),
        read => Ok(read?),
    }
}

fn form(clock: Clock) -> &'static str {
    match clock {
        Clock::HourMinuteSecond => "h:mm:ss",
        Clock::HourMinute => "h:mm",
        Clock::MinuteSecond => "m:ss",
    }
}

/// Digits with colons between them. The first part may be as long as it likes, also days and hours with a point between
/// them; each other one has two digits below 60, the last one decimals.
fn colons(text: &str, clock: Option<Clock>) -> Result<i64, LengthError> {
    let parts: Vec<&str> = text.split(':').collect();
    let misfit = clock.map_or(LengthError::NotALength, |clock| LengthError::NotOfForm(form(clock)));
    let (hours, minutes, seconds) = match (parts.as_slice(), clock) {
        ([h, m, s], None | Some(Clock::HourMinuteSecond)) => (*h, *m, *s),
        ([h, m], Some(Clock::HourMinute)) => (*h, *m, "00"),
        ([m, s], Some(Clock::MinuteSecond)) => ("0", *m, *s),
        ([_, _], None) => return Err(LengthError::Ambiguous),
        _ => return Err(misfit),
    };
    let whole = |text: &str| -> Result<i64, LengthError> {
        if text.is_empty() || text.len() > 9 || !text.bytes().all(|b| b.is_ascii_digit()) {
            return Err(misfit);
        }
        text.parse().map_err(|_| misfit)
    };
    let of_sixty = |text: &str| whole(text).ok().filter(|n| text.len() == 2 && *n < 60).ok_or(misfit);
    let (days, hours) = match hours.split_once('.') {
        Some((days, hours)) => (whole(days)?, whole(hours)?),
        None => (0, whole(hours)?),
    };
    let minutes = if clock == Some(Clock::MinuteSecond) { whole(minutes)? } else { of_sixty(minutes)? };
    let (seconds, micros) = match seconds.split_once(['.', ',']) {
        Some((seconds, decimals)) => (of_sixty(seconds)?, fraction(decimals)?),
        None => (of_sixty(seconds)?, 0),
    };
    let seconds = [(days, 86_400), (hours, 3600), (minutes, 60), (seconds, 1)]
        .into_iter()
        .try_fold(0i64, |sum, (n, unit)| sum.checked_add(n.checked_mul(unit)?));
    seconds
        .and_then(|s| s.checked_mul(1_000_000)?.checked_add(micros))
        .ok_or(LengthError::Number(NumberError::TooLarge(0)))
}

/// Decimals of a second in microseconds; there is nothing below them.
fn fraction(decimals: &str) -> Result<i64, LengthError> {
    let kept = decimals.trim_end_matches('0');
    if decimals.is_empty() || !decimals.bytes().all(|b| b.is_ascii_digit()) {
        return Err(LengthError::NotALength);
    }
    if kept.len() > 6 {
        return Err(LengthError::Number(NumberError::Excess(6)));
    }
    format!("{kept:0<6}").parse().map_err(|_| LengthError::NotALength)
}

/// A text with words or letters for its units.
fn own_units(text: &str) -> Option<i64> {
    if !text.bytes().any(|b| b.is_ascii_alphabetic()) {
        return None;
    }
    let span: Span = text.parse().ok()?;
    let length: SignedDuration = span.to_duration(SpanRelativeTo::days_are_24_hours()).ok()?;
    let micros = i64::try_from(length.as_micros()).ok()?;
    (length.subsec_nanos() % 1000 == 0).then_some(micros)
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: i64 = 1_000_000;
    const COMMA: Marks = Marks { decimal: ',', grouping: None };

    #[test]
    fn texts_with_units_of_their_own() {
        for (text, seconds) in [
            ("00:04:30", 270),
            ("26:01:00", 93_660),
            ("-0:00:01", -1),
            ("1.02:00:00", 93_600),
            ("100:00:00", 360_000),
            ("4 min 30 s", 270),
            ("4m30s", 270),
            ("1 day 02:00:00", 93_600),
            ("2 hours", 7200),
            ("PT4M30S", 270),
            ("P1DT2H", 93_600),
            ("pt0s", 0),
            ("-PT5S", -5),
        ] {
            assert_eq!(parse_length(text, 60 * SECOND, Marks::PLAIN, None), Ok(seconds * SECOND), "{text}");
        }
        assert_eq!(parse_length("0:00:01.5", SECOND, Marks::PLAIN, None), Ok(1_500_000));
        assert_eq!(parse_length("0:00:01,25", SECOND, COMMA, None), Ok(1_250_000));
    }

    #[test]
    fn numbers_count_in_the_declared_unit() {
        assert_eq!(parse_length("4.5", 60 * SECOND, Marks::PLAIN, None), Ok(270 * SECOND));
        assert_eq!(parse_length("-1,5", 60 * SECOND, COMMA, None), Ok(-90 * SECOND));
    }

    #[test]
    fn two_parts_are_read_as_declared_or_not_at_all() {
        assert_eq!(parse_length("04:30", SECOND, Marks::PLAIN, None), Err(LengthError::Ambiguous));
        let read = |text, clock| parse_length(text, SECOND, Marks::PLAIN, Some(clock));
        assert_eq!(read("04:30", Clock::MinuteSecond), Ok(270 * SECOND));
        assert_eq!(read("104:30", Clock::MinuteSecond), Ok(6270 * SECOND));
        assert_eq!(read("04:30", Clock::HourMinute), Ok(16_200 * SECOND));
        assert_eq!(read("4:30:00", Clock::HourMinuteSecond), Ok(16_200 * SECOND));
        assert_eq!(read("4:30", Clock::HourMinuteSecond), Err(LengthError::NotOfForm("h:mm:ss")));
        assert_eq!(read("90", Clock::MinuteSecond), Err(LengthError::NotOfForm("m:ss")));
    }

    #[test]
    fn what_is_none_is_refused() {
        for text in
            ["00:60:00", "00:1:00", "a:bb:cc", "::", "1:2:3:4", "soon", "P1M", "1 month", "00:00:00.0000001"]
        {
            assert!(parse_length(text, SECOND, Marks::PLAIN, None).is_err(), "{text}");
        }
        assert!(parse_length("999999999999:00:00", SECOND, Marks::PLAIN, None).is_err());
    }
}
