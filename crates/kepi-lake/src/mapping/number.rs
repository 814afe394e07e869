//! Decimal text into scaled integers, exactly.

use kepi_model::project::{Excess, PercentSign};

/// Why a text is not a number of the wanted kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NumberError {
    /// It is not a decimal number.
    #[error("is not a number")]
    NotANumber,
    /// A sign of a currency stands beside it.
    #[error(
        "has a `{0}` beside its digits: the currency is said by the attribute or in a column of its own; let the file have the number alone"
    )]
    Currency(char),
    /// It has the mark that does not stand before decimals, which may mean either thing.
    #[error(
        "is not a number with `{decimal}` before decimals; say `decimal_mark: \"{mark}\"` if decimals follow the `{mark}`, \
         or `grouping_mark: \"{mark}\"` if it parts thousands"
    )]
    Marked {
        /// The mark of decimals.
        decimal: char,
        /// The other one.
        mark: char,
    },
    /// A group of thousands that none is written as.
    #[error(
        "is not a number whose thousands are parted by `{mark}`; if decimals follow it, say `decimal_mark: \"{mark}\"`"
    )]
    Grouped {
        /// The mark between groups.
        mark: char,
    },
    /// A `%` stands behind it, and nothing says what that means.
    #[error(
        "has a `%`; say `percent_sign: hundredths` if `85%` means 0.85, or `percent_sign: dropped` if it means 85"
    )]
    Percent,
    /// No `%` stands behind it, as it should.
    #[error("has no `%`, so that it may be meant in hundredths or as it stands; write it with a `%`")]
    NoPercent,
    /// It has digits that are not zero beyond the scale.
    #[error("has more decimals than the {0} that are kept; say `excess_digits: round` to round them")]
    Excess(u8),
    /// It does not fit into 64 bits at this scale.
    #[error("is too large at {0} decimals")]
    TooLarge(u8),
}

/// More digits than this are refused: 10^36 times a digit still fits into 128 bits.
const MOST_DIGITS: usize = 36;

/// The marks in the numbers of a column.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Marks {
    /// What stands before decimals.
    pub decimal: char,
    /// What stands between groups of thousands, besides spaces and apostrophes, which cannot be taken for decimals.
    pub grouping: Option<char>,
}

impl Marks {
    /// A point before decimals, nothing between thousands.
    pub const PLAIN: Self = Self { decimal: '.', grouping: None };

    /// What a text that is no number may have meant.
    fn mistaken(self, text: &str) -> NumberError {
        if let Some(sign) = text.chars().find(|c| matches!(c, '€' | '$' | '£' | '¥'))
            && text.chars().any(|c| c.is_ascii_digit())
        {
            return NumberError::Currency(sign);
        }
        let plain = text.chars().all(|c| c.is_ascii_digit() || matches!(c, '.' | ',' | '-' | '+'));
        let mark = if self.decimal == ',' { '.' } else { ',' };
        match self.grouping {
            _ if !plain || !text.contains(mark) => NumberError::NotANumber,
            None => NumberError::Marked { decimal: self.decimal, mark },
            Some(_) => NumberError::Grouped { mark },
        }
    }
}

/// Reads `text` as value × 10^`scale`.
///
/// Accepts a sign, digits with at most one mark of decimals, groups of three digits parted by one and the same of: the
/// mark for that, a space (also no-break and thin), an apostrophe; and a power of ten (`1.5e3`) where nothing is grouped.
/// A first group that starts with 0 is none: who writes `0,750` means decimals.
///
/// # Errors
/// See [`NumberError`].
pub fn parse_number(text: &str, scale: u8, marks: Marks, excess: Excess) -> Result<i64, NumberError> {
    let text = text.trim();
    times_power(text, 0, scale, marks, excess)
}

/// Reads a number that may have a `%` behind it, by what that says.
///
/// # Errors
/// See [`NumberError`].
pub fn parse_percent(
    text: &str,
    scale: u8,
    marks: Marks,
    sign: Option<PercentSign>,
    excess: Excess,
) -> Result<i64, NumberError> {
    if sign.is_none()
        && let Some(n) = plainly(text, scale, marks.decimal)
    {
        return Ok(n);
    }
    let text = text.trim();
    let bare = text.strip_suffix(['%', '\u{ff05}']).map(str::trim_end);
    match (sign, bare) {
        (None, None) | (Some(PercentSign::Dropped), None) => parse_number(text, scale, marks, excess),
        (Some(PercentSign::Dropped), Some(bare)) => parse_number(bare, scale, marks, excess),
        (Some(PercentSign::Hundredths), Some(bare)) => times_power(bare, -2, scale, marks, excess),
        // What is no number anyway is told as such.
        (None, Some(bare)) => parse_number(bare, scale, marks, Excess::Round).and(Err(NumberError::Percent)),
        (Some(PercentSign::Hundredths), None) => {
            parse_number(text, scale, marks, Excess::Round).and(Err(NumberError::NoPercent))
        }
    }
}

/// A number as most files write it: digits, at most as many behind a mark as are kept, perhaps a minus in front; none: it is
/// written otherwise, or is none.
pub(super) fn plainly(text: &str, scale: u8, mark: char) -> Option<i64> {
    let (negative, digits) = match text.as_bytes() {
        [b'-', digits @ ..] => (true, digits),
        digits => (false, digits),
    };
    // So many digits, zeros behind them included, fit into 64 bits.
    if digits.is_empty() || digits.len() + usize::from(scale) > 18 {
        return None;
    }
    let (mut value, mut decimals) = (0i64, None);
    for byte in digits {
        let digit = byte.wrapping_sub(b'0');
        if digit <= 9 {
            value = value * 10 + i64::from(digit);
            decimals = decimals.map(|n| n + 1);
        } else if decimals.is_none() && char::from(*byte) == mark && byte.is_ascii() {
            decimals = Some(0u32);
        } else {
            return None;
        }
    }
    let decimals = decimals.unwrap_or(0);
    // A mark alone is no number.
    if decimals as usize + 1 == digits.len() && decimals == 0 && digits.first()?.is_ascii_punctuation() {
        return None;
    }
    let zeros = u32::from(scale).checked_sub(decimals)?;
    let value = value * 10i64.pow(zeros);
    Some(if negative { -value } else { value })
}

/// The number in `text` × 10^`power`, as value × 10^`scale`.
fn times_power(text: &str, power: i32, scale: u8, marks: Marks, excess: Excess) -> Result<i64, NumberError> {
    digits(text, power, scale, marks, excess).map_err(|error| match error {
        NumberError::NotANumber => marks.mistaken(text),
        other => other,
    })
}

fn digits(text: &str, power: i32, scale: u8, marks: Marks, excess: Excess) -> Result<i64, NumberError> {
    let mark = marks.decimal;
    let (negative, digits) = match text.strip_prefix(['-', '\u{2212}']) {
        Some(rest) => (true, rest),
        None => (false, text.strip_prefix('+').unwrap_or(text)),
    };
    let (digits, exponent) = match digits.split_once(['e', 'E']) {
        Some((digits, power)) => {
            let power: i32 = power.parse().map_err(|_| NumberError::NotANumber)?;
            if power.abs() > 40 {
                return Err(NumberError::TooLarge(scale));
            }
            (digits, power)
        }
        None => (digits, 0),
    };
    let (whole, fraction) = digits.split_once(mark).unwrap_or((digits, ""));
    let mut value: i128 = 0;
    let mut count = 0usize;
    let mut push = |digit: char| -> Result<(), NumberError> {
        let digit = digit.to_digit(10).filter(|_| digit.is_ascii()).ok_or(NumberError::NotANumber)?;
        if count > 0 || digit > 0 {
            count += 1;
        }
        if count > MOST_DIGITS {
            return Err(NumberError::TooLarge(scale));
        }
        value = value * 10 + i128::from(digit);
        Ok(())
    };
    let grouping = whole.chars().find(|c| !c.is_ascii_digit());
    match grouping {
        None => whole.chars().try_for_each(&mut push)?,
        Some(separator) => {
            let known = [' ', '\u{a0}', '\u{202f}', '\u{2009}', '\'', '\u{2019}'];
            let known = known.contains(&separator) || marks.grouping == Some(separator);
            if !known || exponent != 0 || whole.starts_with('0') {
                return Err(NumberError::NotANumber);
            }
            for (at, group) in whole.split(separator).enumerate() {
                let proper = if at == 0 { (1..=3).contains(&group.len()) } else { group.len() == 3 };
                if !proper {
                    return Err(NumberError::NotANumber);
                }
                group.chars().try_for_each(&mut push)?;
            }
        }
    }
    // Zeros at the end mean nothing and need no room.
    let fraction = fraction.trim_end_matches('0').len().min(fraction.len());
    let fraction = digits.split_once(mark).map_or("", |(_, f)| f.get(..fraction).unwrap_or(f));
    fraction.chars().try_for_each(&mut push)?;
    if !digits.bytes().any(|b| b.is_ascii_digit()) {
        return Err(NumberError::NotANumber);
    }
    let shift = i32::from(scale) + exponent + power - i32::try_from(fraction.len()).unwrap_or(i32::MAX);
    let value = rescale(value, shift, scale, excess)?;
    i64::try_from(if negative { -value } else { value }).map_err(|_| NumberError::TooLarge(scale))
}

/// `value` × 10^`shift` for a value that is not negative.
fn rescale(value: i128, shift: i32, scale: u8, excess: Excess) -> Result<i128, NumberError> {
    if value == 0 {
        return Ok(0);
    }
    let power = |n: u32| 10i128.checked_pow(n);
    if let Ok(up) = u32::try_from(shift) {
        return power(up).and_then(|p| value.checked_mul(p)).ok_or(NumberError::TooLarge(scale));
    }
    // Dividing by more than 128 bits can hold leaves nothing before the mark.
    let (kept, rest, unit) = match power(shift.unsigned_abs()) {
        Some(unit) => (value / unit, value % unit, unit),
        None => (0, 1, 4),
    };
    match excess {
        _ if rest == 0 => Ok(kept),
        Excess::Quarantine => Err(NumberError::Excess(scale)),
        Excess::Round => {
            let up = match (rest.saturating_mul(2)).cmp(&unit) {
                std::cmp::Ordering::Less => 0,
                std::cmp::Ordering::Greater => 1,
                std::cmp::Ordering::Equal => kept & 1,
            };
            Ok(kept + up)
        }
    }
}

/// Reads a number of `unit_micros` into microseconds. Parts below a microsecond are refused.
///
/// # Errors
/// See [`NumberError`].
pub fn parse_duration(text: &str, unit_micros: i64, marks: Marks) -> Result<i64, NumberError> {
    // A decimal times the unit is a whole number of microseconds exactly where it is one at the scale that it has.
    let scale = text.rsplit_once(marks.decimal).map_or(0, |(_, f)| f.trim_end_matches('0').len());
    let scale = u8::try_from(scale).ok().filter(|s| *s <= 18).ok_or(NumberError::Excess(6))?;
    let scaled = i128::from(parse_number(text, scale, marks, Excess::Quarantine)?);
    let unit = 10i128.checked_pow(u32::from(scale)).ok_or(NumberError::TooLarge(0))?;
    let micros = scaled.checked_mul(i128::from(unit_micros)).ok_or(NumberError::TooLarge(0))?;
    if micros % unit != 0 {
        return Err(NumberError::Excess(6));
    }
    i64::try_from(micros / unit).map_err(|_| NumberError::TooLarge(0))
}

/// `value` × 10^-`from` as value × 10^`to`.
///
/// # Errors
/// See [`NumberError`].
pub fn rescale_number(value: i64, from: u8, to: u8, excess: Excess) -> Result<i64, NumberError> {
    let size = rescale(i128::from(value).abs(), i32::from(to) - i32::from(from), to, excess)?;
    i64::try_from(if value < 0 { -size } else { size }).map_err(|_| NumberError::TooLarge(to))
}

/// `value` × 10^-`from` units of `unit_micros` in microseconds. Parts below a microsecond are refused.
///
/// # Errors
/// See [`NumberError`].
pub fn rescale_duration(value: i64, from: u8, unit_micros: i64) -> Result<i64, NumberError> {
    let unit = 10i128.checked_pow(u32::from(from)).ok_or(NumberError::Excess(6))?;
    let micros = i128::from(value) * i128::from(unit_micros);
    if micros % unit != 0 {
        return Err(NumberError::Excess(6));
    }
    i64::try_from(micros / unit).map_err(|_| NumberError::TooLarge(0))
}
