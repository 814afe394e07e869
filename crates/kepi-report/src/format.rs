//! How numbers are written, in one place.
//!
//! Thousands are grouped by a narrow no-break space, which no reader takes for a decimal mark; minus is `−`, not a
//! hyphen; digits follow from the width of the interval, so that no digit is shown that the data do not carry.

use jiff::{Timestamp, Zoned, civil::Date, tz::TimeZone};
use kepi_model::{
    calendar::Calendar,
    project::{Bound, ValueUnit},
};

/// Instants as they are read where a project reports.
#[derive(Debug, Clone)]
pub struct Clock(TimeZone);

impl Clock {
    /// In the zone of a calendar.
    pub fn new(calendar: &Calendar) -> Self {
        Self(TimeZone::get(&calendar.zone).unwrap_or(TimeZone::UTC))
    }

    /// Where nothing is in force that would name a zone.
    pub const fn utc() -> Self {
        Self(TimeZone::UTC)
    }

    /// What clocks there show at an instant, µs UTC; none: no calendar reaches it.
    pub fn at(&self, micros: i64) -> Option<Zoned> {
        Timestamp::from_microsecond(micros).ok().map(|at| at.to_zoned(self.0.clone()))
    }

    /// The day of an instant, µs UTC, there.
    pub fn day(&self, micros: i64) -> Option<Date> {
        self.at(micros).map(|at| at.date())
    }

    /// The same as it is written.
    pub fn date(&self, micros: i64) -> String {
        self.day(micros).map_or_else(|| micros.to_string(), |day| day.to_string())
    }

    /// An instant, µs UTC, as RFC 3339 with the distance from UTC, to the second.
    pub fn instant(&self, micros: i64) -> String {
        self.written(micros, "%Y-%m-%dT%H:%M:%S%:z")
    }

    /// The same as people write it.
    pub fn readable(&self, micros: i64) -> String {
        self.written(micros, "%-d %B %Y, %H:%M")
    }

    fn written(&self, micros: i64, form: &str) -> String {
        self.at(micros).map_or_else(|| micros.to_string(), |at| at.strftime(form).to_string())
    }
}

/// A time in seconds as people say it: the greatest unit of which there are two, or one.
pub fn time(seconds: i64) -> String {
    let units = [(86_400, "day"), (3_600, "hour"), (60, "minute"), (1, "second")];
    let (of, unit) = units.into_iter().find(|(of, _)| seconds >= 2 * of).unwrap_or((1, "second"));
    let n = seconds / of;
    format!("{n} {unit}{}", if n == 1 { "" } else { "s" })
}

/// A time in seconds in the two largest units that fit: `3 h 30 min`.
pub fn length(seconds: i64) -> String {
    duration(seconds as f64 * 1e6, 1)
}

/// Microseconds in the two largest units that fit: `350 ms`, `12.5 s`, `3 h 30 min`.
pub fn lasting(micros: i64) -> String {
    duration(micros as f64, 1)
}

/// Narrow no-break space: between digits' groups, and between a number and its sign.
pub const THIN: char = '\u{202f}';
/// The minus sign.
pub const MINUS: char = '−';

const MICROS: [(f64, &str); 5] = [(86_400e6, "d"), (3_600e6, "h"), (60e6, "min"), (1e6, "s"), (1e3, "ms")];

/// Decimals worth showing, in the scale shown (per cent for shares).
///
/// The half width of the interval decides, by the rule of the Particle Data Group (*Review of Particle Physics*,
/// introduction, § 5.3): if its three leading digits lie in 100–354 two of them are kept, in 355–949 one, above it is
/// rounded up to 1000 and two are kept. Each unit then sets a lower and an upper bound. Without an interval the
/// upper bound holds. For durations the result is a number of decimals in seconds and only used below a minute.
pub fn decimals(point: f64, interval: Option<(f64, f64)>, unit: &ValueUnit) -> u8 {
    let (least, most) = match unit {
        ValueUnit::Count => (0, 0),
        // What is smaller than its last digit would be read as nothing: two digits that say something.
        ValueUnit::Number { decimals } => {
            (0, (*decimals).max(if *decimals > 0 { leading(point) } else { 0 }))
        }
        // A tenth of a per cent is the last digit of a share, unless that is smaller itself.
        ValueUnit::Share if point.abs() < 0.001 => (0, leading(point * 100.0).max(1)),
        ValueUnit::Share | ValueUnit::NetPromoter | ValueUnit::Duration => (0, 1),
        ValueUnit::Rating { .. } => (1, 2),
        ValueUnit::Money { .. } if point.abs() >= 1000.0 => (0, 0),
        ValueUnit::Money { currency } => (coins(currency), coins(currency)),
        ValueUnit::Rate { .. } => (0, leading(point).max(2)),
    };
    let scale = match unit {
        ValueUnit::Share => 100.0,
        ValueUnit::Duration => 1e-6,
        _ => 1.0,
    };
    let half = interval.map(|(low, high)| (high - low).abs() / 2.0 * scale);
    let Some(half) = half.filter(|h| h.is_finite() && *h > 0.0) else { return most };
    let magnitude = half.log10().floor();
    let leading = half / 10f64.powf(magnitude);
    let digits = if (3.55..9.5).contains(&leading) { 0.0 } else { 1.0 };
    let magnitude = if leading >= 9.5 { magnitude + 1.0 } else { magnitude };
    (digits - magnitude).clamp(f64::from(least), f64::from(most)) as u8
}

/// Decimals in which amounts of a currency are shown: those of its coins, by ISO 4217, and at least two, for a mean may lie between coins.
fn coins(currency: &str) -> u8 {
    match currency {
        "BHD" | "IQD" | "JOD" | "KWD" | "LYD" | "OMR" | "TND" => 3,
        _ => 2,
    }
}

/// Decimals with which two digits of a number below one are shown, at most six.
fn leading(point: f64) -> u8 {
    let size = point.abs();
    if size > 0.0 && size < 1.0 { (1.0 - size.log10().floor()).clamp(0.0, 6.0) as u8 } else { 0 }
}

/// The smallest difference that is shown with so many decimals, in the unit.
pub fn step(unit: &ValueUnit, decimals: u8) -> f64 {
    let last = 10f64.powi(-i32::from(decimals));
    match unit {
        ValueUnit::Share => last / 100.0,
        // Differences of times are written in the units that fit them, down to a millisecond.
        ValueUnit::Duration => 1e3,
        _ => last,
    }
}

/// A value in its unit: `80.0 %`, `3.71`, `$14.20`, `£8.21 M`, `2 h 5 min`, `4.2 per 100`.
pub fn value(raw: f64, unit: &ValueUnit, decimals: u8) -> String {
    if !raw.is_finite() {
        return "–".to_owned();
    }
    match unit {
        ValueUnit::Count | ValueUnit::Number { .. } | ValueUnit::Rating { .. } | ValueUnit::NetPromoter => {
            plain(raw, decimals)
        }
        ValueUnit::Share => format!("{}{THIN}%", plain(raw * 100.0, decimals)),
        ValueUnit::Money { currency } => money(raw, currency, decimals),
        ValueUnit::Duration => duration(raw, decimals),
        ValueUnit::Rate { per } => format!("{} per {}", plain(raw, decimals), plain(*per as f64, 0)),
    }
}

/// The same without the unit where the unit is a trailing sign: for the second number beside a first.
fn bare(raw: f64, unit: &ValueUnit, decimals: u8) -> String {
    match unit {
        ValueUnit::Share => plain(raw * 100.0, decimals),
        ValueUnit::Rate { .. } => plain(raw, decimals),
        _ => value(raw, unit, decimals),
    }
}

/// A difference that may be far smaller than what is shown of a value: with two digits of its own.
pub fn moved(raw: f64, unit: &ValueUnit) -> String {
    let size = raw.abs() / step(unit, 0);
    let digits = if size > 0.0 { (1.0 - size.log10().floor()).clamp(0.0, 9.0) as u8 } else { 0 };
    difference(raw, unit, digits)
}

/// A difference with its sign; differences of shares and of promoter scores are points: `+1.1 pt`.
pub fn difference(raw: f64, unit: &ValueUnit, decimals: u8) -> String {
    let body = match unit {
        ValueUnit::Share | ValueUnit::NetPromoter => {
            format!("{}{THIN}pt", bare(raw.abs(), unit, decimals))
        }
        ValueUnit::Rate { .. } => bare(raw.abs(), unit, decimals),
        _ => value(raw.abs(), unit, decimals),
    };
    let zero = !body.bytes().any(|b| (b'1'..=b'9').contains(&b));
    let sign = if zero {
        '±'
    } else if raw < 0.0 {
        MINUS
    } else {
        '+'
    };
    format!("{sign}{body}")
}

/// An interval beside its value: `±1.5` if both sides look the same, else `78.1 – 81.4`.
pub fn interval(point: f64, low: f64, high: f64, unit: &ValueUnit, decimals: u8) -> String {
    let below = bare(point - low, unit, decimals);
    let above = bare(high - point, unit, decimals);
    if below == above && (high - low) > 0.0 {
        format!("±{above}")
    } else {
        format!("{} – {}", bare(low, unit, decimals), bare(high, unit, decimals))
    }
}

/// A declared line such as a target: as few decimals as it was written with, however many those are of a share, a number or a rate; the unit's where it
/// was computed.
pub fn line(raw: f64, unit: &ValueUnit) -> String {
    let own = decimals(raw, None, unit).max(if matches!(unit, ValueUnit::Money { .. }) { 2 } else { 1 });
    let most = match unit {
        ValueUnit::Number { .. } | ValueUnit::Rate { .. } => 6,
        ValueUnit::Share => 4,
        _ => own,
    };
    let scale = if matches!(unit, ValueUnit::Share) { 100.0 } else { 1.0 };
    let least = match unit {
        ValueUnit::Rating { .. } => 1,
        ValueUnit::Money { .. } if (raw - raw.round()).abs() > 1e-9 => 2,
        _ => 0,
    };
    let needed = (least..=most).find(|d| {
        let factor = 10f64.powi(i32::from(*d));
        (raw * scale * factor - (raw * scale * factor).round()).abs() < 1e-6
    });
    value(raw, unit, needed.unwrap_or(own))
}

/// What a value may be: `at least 75 %`, `2 to 4 days`.
pub fn bound(of: Bound, unit: &ValueUnit) -> String {
    let amount = |of: f64| line(of, unit);
    match (of.at_least, of.at_most) {
        (Some(least), Some(most)) if least.total_cmp(&most).is_eq() => format!("exactly {}", amount(least)),
        (Some(least), Some(most)) => format!("{} to {}", amount(least), amount(most)),
        (Some(least), None) => format!("at least {}", amount(least)),
        (None, Some(most)) => format!("at most {}", amount(most)),
        (None, None) => String::new(),
    }
}

/// A count with groups: `19 938`.
pub fn count(n: u64) -> String {
    group(&n.to_string())
}

/// A share of 1 rounded down to whole per cent: 100 % means complete, 0 % nothing.
pub fn coverage(share: f64) -> String {
    let percent = (share * 100.0 + 1e-9).floor().clamp(0.0, 100.0);
    if share > 0.0 && percent < 1.0 { format!("<{THIN}1{THIN}%") } else { format!("{percent}{THIN}%") }
}

/// A probability in whole per cent that never claims certainty: `91 %`, `> 99 %`.
pub fn probability(share: f64) -> String {
    match (share * 100.0).round() {
        p if p > 99.0 => format!(">{THIN}99{THIN}%"),
        p if p < 1.0 => format!("<{THIN}1{THIN}%"),
        p => format!("{p}{THIN}%"),
    }
}

/// A share of 1 in per cent with one decimal: `12.3 %`.
pub fn share(share: f64) -> String {
    value(share, &ValueUnit::Share, 1)
}

/// A weight in parts of 10 000: `40 %`, `33.34 %`.
pub fn weight(basis_points: u32) -> String {
    let (whole, rest) = (basis_points / 100, basis_points % 100);
    match rest {
        0 => format!("{whole}{THIN}%"),
        r if r % 10 == 0 => format!("{whole}.{}{THIN}%", r / 10),
        r => format!("{whole}.{r:02}{THIN}%"),
    }
}

/// Millionths of a point, rounded half away from zero to at most six decimals.
pub fn points(micro: i64, decimals: u32) -> String {
    let step = 10i64.pow(6u32.saturating_sub(decimals));
    signless(round_to(micro, step), decimals.min(6))
}

/// The same with its sign always said; `±0.0` for nothing.
pub fn signed_points(micro: i64, decimals: u32) -> String {
    let text = points(micro, decimals);
    if text.starts_with(MINUS) {
        text
    } else if text.bytes().any(|b| (b'1'..=b'9').contains(&b)) {
        format!("+{text}")
    } else {
        format!("±{text}")
    }
}

/// Parts of a whole, rounded so that their texts add up to the text of their sum (largest remainder).
pub fn parts(micro: &[i64], decimals: u32) -> Vec<String> {
    let step = 10i64.pow(6u32.saturating_sub(decimals));
    let total = round_to(micro.iter().sum(), step);
    let mut rounded: Vec<i64> = micro.iter().map(|m| m.div_euclid(step)).collect();
    let short = usize::try_from(total - rounded.iter().sum::<i64>()).unwrap_or(0);
    let mut order: Vec<usize> = (0..micro.len()).collect();
    // Largest remainder first; ties keep their order, so that the output is deterministic.
    order.sort_by_key(|&i| std::cmp::Reverse(micro.get(i).map_or(0, |m| m.rem_euclid(step))));
    for i in order.into_iter().take(short) {
        if let Some(part) = rounded.get_mut(i) {
            *part += 1;
        }
    }
    rounded.into_iter().map(|r| signed_points(r * step, decimals)).collect()
}

/// Rounds half away from zero to a multiple of `step`, and gives the multiple.
fn round_to(micro: i64, step: i64) -> i64 {
    let half = step / 2;
    (micro.abs().saturating_add(half) / step) * micro.signum()
}

/// `units` of the last decimal as a decimal number.
fn signless(units: i64, decimals: u32) -> String {
    let scale = 10u64.pow(decimals);
    let (whole, rest) = (units.unsigned_abs() / scale, units.unsigned_abs() % scale);
    let sign = if units < 0 { MINUS.to_string() } else { String::new() };
    let whole = group(&whole.to_string());
    if decimals == 0 {
        format!("{sign}{whole}")
    } else {
        format!("{sign}{whole}.{rest:0width$}", width = decimals as usize)
    }
}

/// A plain number with groups and a real minus; never `−0`.
fn plain(raw: f64, decimals: u8) -> String {
    let text = format!("{:.*}", usize::from(decimals), raw.abs());
    let zero = !text.bytes().any(|b| (b'1'..=b'9').contains(&b));
    let (whole, rest) = text.split_once('.').map_or((text.as_str(), None), |(w, r)| (w, Some(r)));
    let mut out = String::new();
    if raw < 0.0 && !zero {
        out.push(MINUS);
    }
    out.push_str(&group(whole));
    if let Some(rest) = rest {
        out.push('.');
        out.push_str(rest);
    }
    out
}

/// A sum in plain decimal as it is shown, with all its digits; none in a unit in which so large a number is shown shortened.
pub fn exact(digits: &str, unit: &ValueUnit) -> Option<String> {
    let most = match unit {
        ValueUnit::Count => 0,
        ValueUnit::Number { decimals } => usize::from(*decimals),
        _ => return None,
    };
    let (sign, size) =
        digits.strip_prefix('-').map_or((String::new(), digits), |size| (MINUS.to_string(), size));
    let (whole, decimals) = size.split_once('.').unwrap_or((size, ""));
    // Never cut off: a digit that is not shown would have to be rounded.
    Some(match decimals.len().min(decimals.trim_end_matches('0').len().max(most)) {
        0 => format!("{sign}{}", group(whole)),
        shown => format!("{sign}{}.{}", group(whole), decimals.get(..shown).unwrap_or(decimals)),
    })
}

/// A figure as somebody said it: where what is shown leaves digits out, all of them beside it, so that whoever agrees sees what to.
pub fn said(raw: f64, unit: &ValueUnit) -> String {
    let shown = value(raw, unit, decimals(raw, None, unit));
    let (amount, sign) = match unit {
        ValueUnit::Share => (raw * 100.0, format!("{THIN}%")),
        ValueUnit::Duration => (raw / 1e6, format!("{THIN}s")),
        _ => (raw, String::new()),
    };
    let all = format!("{:.6}", amount.abs());
    let all = all.trim_end_matches('0').trim_end_matches('.');
    let kept = match unit {
        ValueUnit::Duration => (micros_of(&shown) - raw.abs()).abs() < 0.5,
        _ => {
            let kept = bare(raw, unit, decimals(raw, None, unit));
            let kept: String = kept.chars().filter(|c| c.is_ascii_digit() || *c == '.').collect();
            let zeros =
                if kept.contains('.') { kept.trim_end_matches('0').trim_end_matches('.') } else { &kept };
            zeros == all
        }
    };
    if kept {
        return shown;
    }
    let (whole, rest) =
        all.split_once('.').map_or((all, String::new()), |(whole, rest)| (whole, format!(".{rest}")));
    let minus = if raw < 0.0 { MINUS.to_string() } else { String::new() };
    format!("{shown} (exactly {minus}{}{rest}{sign})", group(whole))
}

/// How long a length of time is, as it is shown, in µs.
fn micros_of(shown: &str) -> f64 {
    let parts: Vec<&str> = shown.split([' ', THIN]).collect();
    let micros =
        |name: &str| MICROS.iter().find(|(_, known)| *known == name).map_or(0.0, |(micros, _)| *micros);
    let amount = |text: &str| text.trim_start_matches(MINUS).parse::<f64>().unwrap_or(0.0);
    parts
        .chunks(2)
        .map(|part| match part {
            [number, name] => amount(number) * micros(name),
            _ => 0.0,
        })
        .sum()
}

/// Two figures that differ with as many digits as tell them apart, in their unit.
pub fn apart(figures: [f64; 2], unit: &ValueUnit) -> [String; 2] {
    let with = |digits: u8| {
        figures.map(|raw| match unit {
            ValueUnit::Duration => lengths(raw, usize::from(digits)),
            // Not in millions: their digits would be rounded before they differ.
            ValueUnit::Money { currency } => format!("{currency}{THIN}{}", plain(raw, digits)),
            _ => value(raw, unit, digits),
        })
    };
    // Not sooner: of what rounding tells apart, `0.2` and `0.3`, the difference would be that of the rounding.
    let shows =
        |digits: &u8| *unit == ValueUnit::Duration || step(unit, *digits) <= (figures[0] - figures[1]).abs();
    let told = (0..=9).filter(shows).map(with).find(|[one, other]| one != other);
    told.unwrap_or_else(|| figures.map(|raw| raw.to_string()))
}

/// Microseconds in so many units from the largest that fits: `1 d 3 h 45 min`.
fn lengths(raw: f64, units: usize) -> String {
    let size = raw.abs();
    let fits = MICROS.iter().position(|(micros, _)| size >= *micros).unwrap_or(MICROS.len() - 1);
    let shown = MICROS.get(fits..(fits + units).min(MICROS.len())).unwrap_or_default();
    let Some((last, _)) = shown.last() else { return String::new() };
    let mut left = (size / last).round() * last;
    let mut parts: Vec<String> = Vec::new();
    for (micros, name) in shown {
        let whole = ((left + last / 2.0) / micros).floor();
        left -= whole * micros;
        if whole > 0.0 {
            parts.push(format!("{}{THIN}{name}", plain(whole, 0)));
        }
    }
    format!("{}{}", if raw < 0.0 { MINUS.to_string() } else { String::new() }, parts.join(" "))
}

/// Groups digits by three; four-digit numbers too, because columns of figures line up then.
fn group(digits: &str) -> String {
    let mut out = String::with_capacity(digits.len() + digits.len() / 3);
    for (i, digit) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) {
            out.push(THIN);
        }
        out.push(digit);
    }
    out
}

fn money(raw: f64, currency: &str, decimals: u8) -> String {
    let sign = if raw < 0.0 { MINUS.to_string() } else { String::new() };
    let size = raw.abs();
    let body = if size >= 999_999_500.0 {
        format!("{}{THIN}bn", plain(size / 1e9, 2))
    } else if size >= 999_999.5 {
        format!("{}{THIN}M", plain(size / 1e6, 2))
    } else {
        plain(size, decimals)
    };
    let zero = !body.bytes().any(|b| (b'1'..=b'9').contains(&b));
    let sign = if zero { String::new() } else { sign };
    match currency {
        "USD" => format!("{sign}${body}"),
        "EUR" => format!("{sign}€{body}"),
        "GBP" => format!("{sign}£{body}"),
        "JPY" => format!("{sign}¥{body}"),
        other => format!("{sign}{other}{THIN}{body}"),
    }
}

/// Microseconds in the two largest units that fit: `2 d 4 h`, `3 h 12 min`, `4 min 5 s`, `12.5 s`.
fn duration(raw: f64, decimals: u8) -> String {
    let sign = if raw < 0.0 { MINUS.to_string() } else { String::new() };
    let size = raw.abs();
    for (i, (micros, name)) in MICROS.iter().enumerate() {
        let Some((next, next_name)) = MICROS.get(i + 1) else { break };
        if *next < 1e6 {
            break;
        }
        // Rounded first to the smaller unit, so that 59.6 min becomes 1 h and not 60 min.
        let small = (size / next).round();
        let per = (micros / next).round();
        if small >= per {
            let (whole, rest) = ((small / per).floor(), small % per);
            return if rest > 0.0 {
                format!("{sign}{}{THIN}{name} {rest}{THIN}{next_name}", plain(whole, 0))
            } else {
                format!("{sign}{}{THIN}{name}", plain(whole, 0))
            };
        }
    }
    if size == 0.0 {
        format!("0{THIN}s")
    } else if size >= 1e6 {
        format!("{sign}{}{THIN}s", plain(size / 1e6, decimals))
    } else {
        format!("{sign}{}{THIN}ms", plain(size / 1e3, 0))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(raw: f64, half: f64, unit: &ValueUnit) -> String {
        let d = decimals(raw, Some((raw - half, raw + half)), unit);
        format!("{} {}", value(raw, unit, d), interval(raw, raw - half, raw + half, unit, d))
            .replace(THIN, "_")
    }

    const RATING: ValueUnit = ValueUnit::Rating { low: 1, high: 5 };

    fn money_in(currency: &str) -> ValueUnit {
        ValueUnit::Money { currency: currency.to_owned() }
    }

    #[test]
    fn what_is_said_keeps_all_its_digits() {
        let said = |raw: f64, unit: &ValueUnit| said(raw, unit).replace([THIN, '\u{a0}'], "_");
        assert_eq!(said(1250.5, &money_in("EUR")), "€1_250 (exactly 1_250.5)");
        assert_eq!(said(1250.0, &money_in("EUR")), "€1_250");
        assert_eq!(said(-3.333333, &money_in("EUR")), "−€3.33 (exactly −3.333333)");
        assert_eq!(said(8_214_000.0, &money_in("GBP")), "£8.21_M (exactly 8_214_000)");
        assert_eq!(said(0.415499, &ValueUnit::Share), "41.5_% (exactly 41.5499_%)");
        assert_eq!(said(0.4, &ValueUnit::Share), "40.0_%");
        assert_eq!(said(4.0, &ValueUnit::Rate { per: 100 }), "4.00 per 100");
        assert_eq!(said(7.5e9, &ValueUnit::Duration), "2_h 5_min");
        assert_eq!(said(7.501e9, &ValueUnit::Duration), "2_h 5_min (exactly 7_501_s)");
        assert_eq!(said(12.0, &ValueUnit::Count), "12");
    }

    #[test]
    fn digits_follow_the_interval() {
        assert_eq!(shown(0.8004, 0.015, &ValueUnit::Share), "80.0_% ±1.5");
        assert_eq!(shown(0.8004, 0.047, &ValueUnit::Share), "80_% ±5");
        assert_eq!(shown(0.8004, 0.0962, &ValueUnit::Share), "80_% ±10");
        assert_eq!(shown(0.8004, 0.00021, &ValueUnit::Share), "80.0_% ±0.0");
        assert_eq!(shown(0.000_052, 0.000_03, &ValueUnit::Share), "0.0052_% ±0.0030");
        assert_eq!(shown(0.0, 0.000_03, &ValueUnit::Share), "0.0_% ±0.0");
        assert_eq!(shown(3.7123, 0.041, &RATING), "3.71 ±0.04");
        assert_eq!(shown(3.7123, 0.41, &RATING), "3.7 ±0.4");
        assert_eq!(shown(3.7123, 1.41, &RATING), "3.7 ±1.4");
        assert_eq!(shown(-5.26, 3.1, &ValueUnit::NetPromoter), "−5.3 ±3.1");
        assert_eq!(shown(-5.26, 6.1, &ValueUnit::NetPromoter), "−5 ±6");
        assert_eq!(shown(19938.0, 0.0, &ValueUnit::Count), "19_938 19_938 – 19_938");
        assert_eq!(shown(4.237, 0.21, &ValueUnit::Rate { per: 1000 }), "4.24 per 1_000 ±0.21");
        assert_eq!(shown(4.237, 0.21, &ValueUnit::Number { decimals: 1 }), "4.2 ±0.2");
        assert_eq!(decimals(4.125, None, &money_in("KWD")), 3);
        assert_eq!(decimals(4.125, None, &money_in("EUR")), 2);
    }

    #[test]
    fn figures_that_differ_are_told_apart() {
        let apart = |a, b, unit: &ValueUnit| apart([a, b], unit).map(|text| text.replace(THIN, "_"));
        assert_eq!(
            apart(100_162_656_716.4, 99_923_047_146.4, &ValueUnit::Duration),
            ["1_d 3_h 49_min", "1_d 3_h 45_min"]
        );
        assert_eq!(apart(265_500e6, 265_387.5e6, &ValueUnit::Duration), ["3_d 1_h 45_min", "3_d 1_h 43_min"]);
        assert_eq!(apart(-1e3, -2e3, &ValueUnit::Duration), ["−1_ms", "−2_ms"]);
        assert_eq!(apart(0.8598223, 0.8601674, &ValueUnit::Share), ["85.98_%", "86.02_%"]);
        assert_eq!(apart(8_214_000.0, 8_214_001.0, &money_in("GBP")), ["GBP_8_214_000", "GBP_8_214_001"]);
        assert_eq!(apart(0.25, 0.250_000_000_01, &ValueUnit::Count), ["0.25", "0.25000000001"]);
    }

    #[test]
    fn sides_that_differ_are_written_out() {
        let text = interval(0.98, 0.93, 0.995, &ValueUnit::Share, 1);
        assert_eq!(text, "93.0 – 99.5");
    }

    #[test]
    fn money_is_read_at_a_glance() {
        assert_eq!(value(14.2, &money_in("USD"), 2), "$14.20");
        assert_eq!(value(-1204.0, &money_in("EUR"), 0), "−€1\u{202f}204");
        assert_eq!(value(8_213_499.0, &money_in("GBP"), 0), "£8.21\u{202f}M");
        assert_eq!(value(999_999.7, &money_in("GBP"), 0), "£1.00\u{202f}M");
        assert_eq!(value(12e9, &money_in("JPY"), 0), "¥12.00\u{202f}bn");
        assert_eq!(value(5.0, &money_in("CHF"), 2), "CHF\u{202f}5.00");
        assert_eq!(value(-0.001, &money_in("EUR"), 2), "€0.00");
    }

    #[test]
    fn durations_show_two_units() {
        let text = |seconds: f64| value(seconds * 1e6, &ValueUnit::Duration, 1).replace(THIN, "_");
        assert_eq!(text(0.0), "0_s");
        assert_eq!(text(0.35), "350_ms");
        assert_eq!(text(12.5), "12.5_s");
        assert_eq!(text(59.96), "1_min");
        assert_eq!(text(245.0), "4_min 5_s");
        assert_eq!(text(3599.9), "1_h");
        assert_eq!(text(11_520.0), "3_h 12_min");
        assert_eq!(text(2.0 * 86_400.0 + 4.0 * 3600.0), "2_d 4_h");
        assert_eq!(text(-7200.0), "−2_h");
    }

    #[test]
    fn differences_carry_their_sign_and_say_points() {
        assert_eq!(difference(0.011, &ValueUnit::Share, 1), "+1.1\u{202f}pt");
        assert_eq!(difference(-0.02, &RATING, 2), "−0.02");
        assert_eq!(difference(-0.0002, &RATING, 2), "±0.00");
        assert_eq!(difference(0.7, &money_in("USD"), 2), "+$0.70");
    }

    #[test]
    fn lines_have_as_few_digits_as_they_need() {
        assert_eq!(line(0.08, &ValueUnit::Share), "8\u{202f}%");
        assert_eq!(line(0.075, &ValueUnit::Share), "7.5\u{202f}%");
        assert_eq!(line(4.0, &RATING), "4.0");
        assert_eq!(line(4.15, &RATING), "4.15");
        let ratio = ValueUnit::Number { decimals: 2 };
        assert_eq!([0.015, 0.01, 1.0 / 3.0, 4.0].map(|of| line(of, &ratio)), ["0.015", "0.01", "0.33", "4"]);
        assert_eq!(line(0.0025, &ValueUnit::Share), "0.25\u{202f}%");
        assert_eq!(line(20.0, &money_in("USD")), "$20");
        assert_eq!(line(14.5, &money_in("USD")), "$14.50");
    }

    #[test]
    fn coverage_and_probability_never_overstate() {
        assert_eq!(coverage(0.9999), "99\u{202f}%");
        assert_eq!(coverage(1.0), "100\u{202f}%");
        assert_eq!(coverage(0.29), "29\u{202f}%");
        assert_eq!(coverage(0.001), "<\u{202f}1\u{202f}%");
        assert_eq!(coverage(0.0), "0\u{202f}%");
        assert_eq!(probability(0.9999), ">\u{202f}99\u{202f}%");
        assert_eq!(probability(0.91), "91\u{202f}%");
        assert_eq!(weight(3334), "33.34\u{202f}%");
        assert_eq!(weight(4000), "40\u{202f}%");
    }

    #[test]
    fn points_round_and_sign() {
        assert_eq!(points(82_449_999, 1), "82.4");
        assert_eq!(points(82_450_000, 1), "82.5");
        assert_eq!(points(-50_000, 1), "−0.1");
        assert_eq!(points(82_449_999, 6), "82.449999");
        assert_eq!(signed_points(0, 1), "±0.0");
        assert_eq!(signed_points(49_999, 1), "±0.0");
        assert_eq!(signed_points(2_600_000, 1), "+2.6");
    }

    proptest::proptest! {
        #[test]
        fn parts_add_up_as_shown(micro in proptest::collection::vec(-130_000_000i64..130_000_000, 1..9)) {
            let read = |text: &str| -> i64 {
                let digits: String = text.chars().filter(char::is_ascii_digit).collect();
                let size: i64 = digits.parse().unwrap();
                if text.starts_with(MINUS) { -size } else { size }
            };
            let sum: i64 = parts(&micro, 1).iter().map(|t| read(t)).sum();
            assert_eq!(sum, read(&points(micro.iter().sum(), 1)));
        }

        #[test]
        fn no_value_is_written_with_a_hyphen(raw in -1e12f64..1e12) {
            for unit in [ValueUnit::Count, ValueUnit::Share, ValueUnit::Duration, RATING, money_in("EUR")] {
                assert!(!value(raw, &unit, 1).contains('-'));
            }
        }
    }
}
