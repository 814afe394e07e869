//! What the functions of row expressions mean.
//!
//! A function without one of its values has none; nor has one whose values are not what it takes, which checked
//! expressions never give it.

use jiff::{Timestamp, civil::Date, tz::TimeZone};
use kepi_model::{
    calendar::{FiscalCalendar, Grain},
    expression::{Function, Type, days_between, days_later},
};

use super::Cell;

/// The value of a function whose result is of a type.
pub fn call(function: Function, type_: &Type, values: &[Cell]) -> Cell {
    result(function, type_, values).unwrap_or(Cell::Missing)
}

fn result(function: Function, type_: &Type, values: &[Cell]) -> Option<Cell> {
    Some(match (function, values) {
        (Function::Upper, [Cell::Text(text)]) => Cell::Text(text.to_uppercase().into()),
        (Function::Lower, [Cell::Text(text)]) => Cell::Text(text.to_lowercase().into()),
        (Function::Trim, [Cell::Text(text)]) => Cell::Text(text.trim().into()),
        (Function::Length, [Cell::Text(text)]) => Cell::Integer(i64::try_from(text.chars().count()).ok()?),
        (Function::Replace, [Cell::Text(text), Cell::Text(from), Cell::Text(to)]) => {
            if from.is_empty() {
                Cell::Text(text.clone())
            } else {
                Cell::Text(text.replace(&**from, to).into())
            }
        }
        (Function::Substring, [Cell::Text(text), Cell::Integer(from)]) => substring(text, *from, i64::MAX)?,
        (Function::Substring, [Cell::Text(text), Cell::Integer(from), Cell::Integer(length)]) => {
            substring(text, *from, *length)?
        }
        (Function::SplitPart, [Cell::Text(text), Cell::Text(separator), Cell::Integer(part)]) => {
            let n = usize::try_from(part.unsigned_abs()).ok()?.checked_sub(1)?;
            let found =
                if *part > 0 { text.split(&**separator).nth(n) } else { text.rsplit(&**separator).nth(n) };
            Cell::Text(found?.into())
        }
        (Function::Concat, parts) => {
            let mut joined = String::new();
            for part in parts {
                match part {
                    Cell::Text(text) => joined.push_str(text),
                    Cell::Integer(n) => joined.push_str(&n.to_string()),
                    _ => return None,
                }
            }
            Cell::Text(joined.into())
        }
        (Function::Year, [at, Cell::Text(zone)]) => Cell::Integer(day(at, zone)?.year().into()),
        (Function::Month, [at, Cell::Text(zone)]) => Cell::Integer(day(at, zone)?.month().into()),
        (Function::Day, [at, Cell::Text(zone)]) => Cell::Integer(day(at, zone)?.day().into()),
        (Function::Hour, [at, Cell::Text(zone)]) => Cell::Integer(shown(at, zone)?.hour().into()),
        (Function::Weekday, [at, Cell::Text(zone)]) => {
            let at = day(at, zone)?.weekday().to_monday_zero_offset();
            member(type_, usize::try_from(at).ok()?)?
        }
        (Function::YearsBetween, [from, until, Cell::Text(zone), Cell::Text(other)]) => {
            let (from, until) = (day(from, zone)?, day(until, other)?);
            Cell::Integer(if from <= until { years(from, until) } else { -years(until, from) })
        }
        (Function::DaysBetween, [Cell::Instant(until), Cell::Instant(from), Cell::Text(zone)]) => {
            Cell::Integer(days_between(*from, *until, zone)?)
        }
        (Function::DaysLater, [Cell::Instant(at), Cell::Integer(by), Cell::Text(zone)]) => {
            Cell::Instant(days_later(*at, *by, zone)?)
        }
        (Function::Period, [at, Cell::Text(grain), Cell::Text(zone), Cell::Text(fiscal)]) => {
            let fiscal = FiscalCalendar::from_text(fiscal)?;
            Cell::Text(fiscal.name_of(Grain::of_word(grain)?, day(at, zone)?).into())
        }
        (Function::Bands, [Cell::Integer(value), edges @ ..]) => {
            member(type_, edges.iter().filter(|edge| matches!(edge, Cell::Integer(n) if n <= value)).count())?
        }
        _ => return None,
    })
}

/// Characters from a position, which counts from 1.
fn substring(text: &str, from: i64, length: i64) -> Option<Cell> {
    let skipped = usize::try_from(from.checked_sub(1)?).ok()?;
    let length = usize::try_from(length).ok()?;
    Some(Cell::Text(text.chars().skip(skipped).take(length).collect::<String>().into()))
}

/// What the clock of a zone shows.
fn shown(at: &Cell, zone: &str) -> Option<jiff::Zoned> {
    let Cell::Instant(micros) = at else { return None };
    Some(Timestamp::from_microsecond(*micros).ok()?.to_zoned(TimeZone::get(zone).ok()?))
}

fn day(at: &Cell, zone: &str) -> Option<Date> {
    Some(shown(at, zone)?.date())
}

/// Completed years between two days in order: the birthday of 29 February is 1 March where there is none.
fn years(from: Date, until: Date) -> i64 {
    let early = (until.month(), until.day()) < (from.month(), from.day());
    i64::from(until.year()) - i64::from(from.year()) - i64::from(early)
}

/// A member of an enum by its position.
fn member(type_: &Type, at: usize) -> Option<Cell> {
    let Type::Enum { values } = type_ else { return None };
    Some(Cell::Text(values.get(at)?.as_str().into()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(t: &str) -> Cell {
        Cell::Text(t.into())
    }
    fn at(instant: &str) -> Cell {
        Cell::Instant(instant.parse::<Timestamp>().unwrap().as_microsecond())
    }

    #[test]
    fn texts_by_characters_not_bytes() {
        let of = |f, values: &[Cell]| call(f, &Type::Text, values);
        assert_eq!(of(Function::Upper, &[text("straße é")]), text("STRASSE É"));
        assert_eq!(of(Function::Lower, &[text("ÄÖ X")]), text("äö x"));
        assert_eq!(of(Function::Trim, &[text("\u{a0} a b\t")]), text("a b"));
        assert_eq!(of(Function::Length, &[text("Zürich")]), Cell::Integer(6));
        let sub = |from, n| of(Function::Substring, &[text("Zürich"), Cell::Integer(from), Cell::Integer(n)]);
        assert_eq!(
            (sub(2, 3), sub(6, 9), sub(7, 1), sub(1, 0)),
            (text("üri"), text("h"), text(""), text(""))
        );
        assert_eq!(of(Function::Substring, &[text("abc"), Cell::Integer(2)]), text("bc"));
        assert_eq!(of(Function::Replace, &[text("a-b-c"), text("-"), text("")]), text("abc"));
        assert_eq!(of(Function::Replace, &[text("abc"), text(""), text("x")]), text("abc"));
        let part = |n| of(Function::SplitPart, &[text("EMEA-DE-17"), text("-"), Cell::Integer(n)]);
        assert_eq!(
            (part(1), part(3), part(-1), part(-3)),
            (text("EMEA"), text("17"), text("17"), text("EMEA"))
        );
        assert_eq!((part(4), part(0), part(-4)), (Cell::Missing, Cell::Missing, Cell::Missing));
        assert_eq!(of(Function::Concat, &[text("r"), text("/"), Cell::Integer(-7)]), text("r/-7"));
        assert_eq!(of(Function::Concat, &[text("r"), Cell::Missing]), Cell::Missing);
    }

    #[test]
    fn parts_of_a_time_are_those_its_clock_shows() {
        let of = |f, when: &str, zone: &str| call(f, &Type::Integer, &[at(when), text(zone)]);
        // Half past midnight of 1 January in Berlin is still the old year in London.
        let (when, berlin, london) = ("2025-12-31T23:30:00Z", "Europe/Berlin", "Europe/London");
        assert_eq!(of(Function::Year, when, berlin), Cell::Integer(2026));
        assert_eq!(of(Function::Year, when, london), Cell::Integer(2025));
        assert_eq!(of(Function::Month, when, berlin), Cell::Integer(1));
        assert_eq!(of(Function::Day, when, london), Cell::Integer(31));
        assert_eq!(of(Function::Hour, when, berlin), Cell::Integer(0));
        // Summer time: 2026-07-01 is a Wednesday.
        assert_eq!(of(Function::Hour, "2026-07-01T06:59:59Z", berlin), Cell::Integer(8));
        let week = ["mo", "tu", "we", "th", "fr", "sa", "su"].map(str::to_owned).to_vec();
        let type_ = Type::Enum { values: week.into() };
        assert_eq!(call(Function::Weekday, &type_, &[at("2026-07-01T22:30:00Z"), text(berlin)]), text("th"));
        assert_eq!(call(Function::Weekday, &type_, &[at("2026-07-01T22:30:00Z"), text("UTC")]), text("we"));
    }

    /// Days and periods by hand: 31 December of a year that begins in February is of its fourth quarter; 1 January 2027 is a Friday, of the last week
    /// of 2026; a year of 4-4-5 weeks from the Sunday nearest to 1 February 2026 begins that day, so 27 February is of its first month.
    #[test]
    fn a_day_is_called_by_its_period() {
        let of = |when: &str, grain: &str, zone: &str, fiscal: &str| {
            call(Function::Period, &Type::Text, &[at(when), text(grain), text(zone), text(fiscal)])
        };
        let (when, berlin) = ("2025-12-31T23:30:00Z", "Europe/Berlin");
        assert_eq!(of(when, "quarter", berlin, "0/1"), text("2026-Q1"));
        assert_eq!(of(when, "quarter", "UTC", "0/1"), text("2025-Q4"));
        assert_eq!(of(when, "month", "UTC", "0/1"), text("2025-12"));
        assert_eq!(of(when, "year", "UTC", "0/1"), text("2025"));
        assert_eq!(of(when, "half_year", berlin, "0/1"), text("2026-H1"));
        assert_eq!(of("2025-12-31T10:00:00Z", "quarter", "UTC", "0/2"), text("2025/26-Q4"));
        assert_eq!(of("2027-01-01T10:00:00Z", "week", "UTC", "0/1"), text("2026-W53"));
        assert_eq!(of("2026-02-27T10:00:00Z", "month", "UTC", "6/2/4-4-5/nearest"), text("2026/27-P01"));
        assert_eq!(
            call(Function::Period, &Type::Text, &[Cell::Missing, text("month"), text("UTC"), text("0/1")]),
            Cell::Missing
        );
    }

    #[test]
    fn years_are_completed_on_the_birthday() {
        let between = |a: &str, b: &str| {
            let day = |d: &str| at(&format!("{d}T00:00:00Z"));
            call(Function::YearsBetween, &Type::Integer, &[day(a), day(b), text("UTC"), text("UTC")])
        };
        for (from, until, years) in [
            ("1990-05-17", "2026-05-16", 35),
            ("1990-05-17", "2026-05-17", 36),
            ("2000-02-29", "2025-02-28", 24),
            ("2000-02-29", "2025-03-01", 25),
            ("2026-05-17", "1990-05-17", -36),
            ("2026-05-16", "1990-05-17", -35),
        ] {
            assert_eq!(between(from, until), Cell::Integer(years), "{from} to {until}");
        }
    }

    #[test]
    fn an_edge_belongs_to_the_band_that_it_begins() {
        let type_ = Type::Enum { values: ["low", "middle", "high"].map(str::to_owned).to_vec().into() };
        let band =
            |n| call(Function::Bands, &type_, &[Cell::Integer(n), Cell::Integer(25), Cell::Integer(45)]);
        assert_eq!(
            (band(24), band(25), band(44), band(45)),
            (text("low"), text("middle"), text("middle"), text("high"))
        );
        assert_eq!(
            call(Function::Bands, &type_, &[Cell::Missing, Cell::Integer(25), Cell::Integer(45)]),
            Cell::Missing
        );
    }
}
