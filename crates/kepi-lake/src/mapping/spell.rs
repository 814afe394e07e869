//! Typed cells as the text that a person would write, exactly.

use std::fmt::Write;

use jiff::civil::{Date, DateTime, Time};
use kepi_model::expression::scaled;
use kepi_query::landing::Cells;

const DAY: i64 = 86_400_000_000;

/// Writes the text of a cell into `into`, which is emptied first; false: it has no value.
pub(crate) fn spell(cells: &Cells, row: usize, into: &mut String) -> bool {
    into.clear();
    let spelt = match cells {
        Cells::Texts(texts) => texts.get(row).map(|text| into.push_str(text)),
        Cells::Integers(values, scale, there) => {
            values.get(row).filter(|_| there.get(row)).map(|n| into.push_str(&scaled(*n, *scale)))
        }
        Cells::Instants(values, there) => values.get(row).filter(|_| there.get(row)).map(|n| {
            clock(*n, into);
            into.push('Z');
        }),
        Cells::Locals(values, there) => values.get(row).filter(|_| there.get(row)).map(|n| clock(*n, into)),
        Cells::Days(values, there) => values.get(row).filter(|_| there.get(row)).map(|n| {
            if let Some(day) = day(*n) {
                let _ = write!(into, "{day}");
            }
        }),
        Cells::Booleans(values, there) => {
            there.get(row).then(|| into.push_str(if values.get(row) { "true" } else { "false" }))
        }
    };
    spelt.is_some()
}

/// The text of a cell.
pub(crate) fn spelt(cells: &Cells, row: usize) -> Option<String> {
    let mut text = String::new();
    spell(cells, row, &mut text).then_some(text)
}

/// The day so many days after 1970-01-01.
pub(super) fn day(days: i32) -> Option<Date> {
    Date::constant(1970, 1, 1).checked_add(jiff::Span::new().try_days(days).ok()?).ok()
}

/// What a clock shows so many µs after it showed 1970-01-01T00:00.
pub(super) fn shown(micros: i64) -> Option<DateTime> {
    let date = day(i32::try_from(micros.div_euclid(DAY)).ok()?)?;
    let rest = micros.rem_euclid(DAY);
    let of = |unit: i64, most: i64| i8::try_from(rest / unit % most).ok();
    let nanos = i32::try_from(rest % 1_000_000 * 1000).ok()?;
    Some(
        date.to_datetime(
            Time::new(of(3_600_000_000, 24)?, of(60_000_000, 60)?, of(1_000_000, 60)?, nanos).ok()?,
        ),
    )
}

/// Day and time with as many groups of three decimals as there are digits.
fn clock(micros: i64, into: &mut String) {
    let Some(at) = shown(micros) else { return };
    let _ = write!(into, "{}T{:02}:{:02}:{:02}", at.date(), at.hour(), at.minute(), at.second());
    let rest = micros.rem_euclid(1_000_000);
    let _ = match (rest, rest % 1000) {
        (0, _) => Ok(()),
        (_, 0) => write!(into, ".{:03}", rest / 1000),
        _ => write!(into, ".{rest:06}"),
    };
}

#[cfg(test)]
mod tests {
    use kepi_query::landing::Bits;

    use super::*;

    fn spelt(cells: Cells) -> String {
        let mut text = String::new();
        assert!(spell(&cells, 0, &mut text));
        assert!(!spell(&cells, 1, &mut String::new()), "there is no second row");
        text
    }

    fn one() -> Bits {
        [true, false].into_iter().collect()
    }

    #[test]
    fn cells_are_spelt_as_a_person_would() {
        for (value, scale, want) in
            [(0, 0, "0"), (-5, 2, "-0.05"), (12_345, 3, "12.345"), (i64::MIN, 1, "-922337203685477580.8")]
        {
            assert_eq!(spelt(Cells::Integers(vec![value, 0], scale, one())), want);
        }
        for (micros, want) in [
            (0, "1970-01-01T00:00:00"),
            (-1, "1969-12-31T23:59:59.999999"),
            (1_751_364_000_120_000, "2025-07-01T10:00:00.120"),
            (-62_167_219_200_000_000, "0000-01-01T00:00:00"),
            (253_402_300_799_000_000, "9999-12-31T23:59:59"),
        ] {
            assert_eq!(spelt(Cells::Locals(vec![micros, 0], one())), want);
            assert_eq!(spelt(Cells::Instants(vec![micros, 0], one())), format!("{want}Z"));
        }
        assert_eq!(spelt(Cells::Days(vec![20_543, 0], one())), "2026-03-31");
        assert_eq!(spelt(Cells::Booleans(one(), one())), "true");
    }
}
