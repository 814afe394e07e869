//! Windows against days that are easily got wrong.

use super::*;

fn calendar(week_start: u8, fiscal_year_start: u8) -> Calendar {
    Calendar { zone: "Europe/Berlin".to_owned(), week_start, fiscal_year_start, weeks: None }
}

fn first(over: Over, period: &str, calendar: &Calendar) -> String {
    over.first_day(calendar.parse(period).unwrap(), calendar).unwrap().to_string()
}

#[test]
fn a_window_ends_with_its_period_and_begins_so_much_earlier() {
    let plain = calendar(0, 1);
    for (over, period, begins) in [
        (Over::Last(12, Grain::Month), "2026-03", "2025-04-01"),
        (Over::Last(12, Grain::Month), "2026-Q1", "2025-04-01"),
        (Over::Last(1, Grain::Year), "2026", "2026-01-01"),
        (Over::Last(2, Grain::Quarter), "2026-Q1", "2025-10-01"),
        (Over::Last(28, Grain::Day), "2026-03-01", "2026-02-02"),
        (Over::Last(28, Grain::Day), "2026-02", "2026-02-01"),
        // Longer than the period, shorter than the period.
        (Over::Last(28, Grain::Day), "2026-03", "2026-03-04"),
        (Over::Last(4, Grain::Week), "2026-W10", "2026-02-09"),
        // Leap days: the year to 29 February 2024 is 366 days long, the one to 28 February 2025 as well.
        (Over::Last(1, Grain::Year), "2024-02-29", "2023-03-01"),
        (Over::Last(1, Grain::Year), "2025-02-28", "2024-03-01"),
        (Over::Last(1, Grain::Year), "2024-02-28", "2023-02-28"),
        // A month that has no such day.
        (Over::Last(1, Grain::Month), "2026-03-30", "2026-02-28"),
        (Over::Last(1, Grain::Month), "2026-03-31", "2026-03-01"),
    ] {
        assert_eq!(first(over, period, &plain), begins, "{over:?} {period}");
    }
}

#[test]
fn to_date_is_from_the_beginning_of_what_the_period_ends_in() {
    let plain = calendar(0, 1);
    for (grain, period, begins) in [
        (Grain::Year, "2026-03", "2026-01-01"),
        (Grain::Quarter, "2026-03-31", "2026-01-01"),
        (Grain::Month, "2026-03-31", "2026-03-01"),
        // A week that ends in another year belongs to that one: ISO week 1 of 2026 ends on 4 January.
        (Grain::Year, "2026-W01", "2026-01-01"),
        (Grain::Week, "2026-03-04", "2026-03-02"),
    ] {
        assert_eq!(first(Over::ToDate(grain), period, &plain), begins, "{grain:?} {period}");
    }
    let fiscal = calendar(6, 4);
    assert_eq!(first(Over::ToDate(Grain::Year), "2026-03", &fiscal), "2025-04-01");
    assert_eq!(first(Over::ToDate(Grain::Year), "2026-04", &fiscal), "2026-04-01");
    assert_eq!(first(Over::ToDate(Grain::Quarter), "2025/26-Q4", &fiscal), "2026-01-01");
    assert_eq!(first(Over::ToDate(Grain::Week), "2026-03-04", &fiscal), "2026-03-01");
}

#[test]
fn windows_never_go_back_as_periods_go_on() {
    let calendar = calendar(0, 4);
    let units = [Grain::Day, Grain::Week, Grain::Month, Grain::Quarter, Grain::HalfYear, Grain::Year];
    for grain in units {
        let windows =
            units.into_iter().flat_map(|unit| [Over::Last(1, unit), Over::Last(5, unit), Over::ToDate(unit)]);
        for over in windows {
            let days =
                (0..800).map(|ordinal| over.first_day(calendar.period(grain, ordinal), &calendar).unwrap());
            assert!(days.is_sorted(), "{over:?} by {grain:?}");
        }
    }
}

#[test]
fn data_begin_with_their_first_row_or_with_its_month_where_months_are_counted_or_with_the_period() {
    let plain = calendar(0, 1);
    let day: Date = "2026-03-10".parse().unwrap();
    for (over, period, from) in [
        (Over::Last(28, Grain::Day), "2026-03-10", "2026-03-10"),
        (Over::Last(28, Grain::Day), "2026-03", "2026-03-10"),
        (Over::Last(12, Grain::Month), "2026-03", "2026-03-01"),
        (Over::Last(12, Grain::Month), "2026-Q4", "2026-03-01"),
        (Over::Last(12, Grain::Month), "2026-12-31", "2026-03-01"),
        (Over::Last(12, Grain::Month), "2026", "2026-01-01"),
        (Over::Last(1, Grain::Month), "2026-03", "2026-03-01"),
        (Over::ToDate(Grain::Year), "2026-03-10", "2026-03-01"),
        (Over::ToDate(Grain::Quarter), "2026-Q1", "2026-01-01"),
        (Over::Last(4, Grain::Week), "2026-03-10", "2026-03-09"),
    ] {
        let of = plain.parse(period).unwrap();
        let found = over.data_from(day, of, &plain).unwrap();
        assert_eq!(found.to_string(), from, "{over:?} {period}");
    }
}

#[test]
fn a_period_ago_is_one_by_the_calendar() {
    let plain = calendar(0, 1);
    for (ago, period, earlier) in [
        (Ago::Calendar(1, Grain::Year), "2026-03", Some("2025-03")),
        (Ago::Calendar(1, Grain::Year), "2026-Q1", Some("2025-Q1")),
        (Ago::Calendar(12, Grain::Month), "2026", Some("2025")),
        (Ago::Calendar(1, Grain::Month), "2026-Q1", None),
        (Ago::Calendar(1, Grain::Quarter), "2026-03", Some("2025-12")),
        (Ago::Calendar(28, Grain::Day), "2026-03", None),
        (Ago::Calendar(1, Grain::Year), "2024-02-29", Some("2023-02-28")),
        (Ago::Calendar(1, Grain::Month), "2026-03-31", Some("2026-02-28")),
        (Ago::Calendar(1, Grain::Week), "2026-03-31", Some("2026-03-24")),
        // Weeks a year ago are those 52 weeks ago; week 53 has none of its own number.
        (Ago::Calendar(1, Grain::Year), "2026-W07", Some("2025-W07")),
        (Ago::Calendar(1, Grain::Year), "2026-W53", Some("2026-W01")),
        (Ago::Calendar(1, Grain::Month), "2026-W07", None),
        (Ago::Calendar(14, Grain::Day), "2026-W07", Some("2026-W05")),
        (Ago::Periods(1), "2026-Q1", Some("2025-Q4")),
        (Ago::Periods(3), "2026-03", Some("2025-12")),
    ] {
        let found =
            ago.before(plain.parse(period).unwrap(), &plain).unwrap().map(|period| plain.label(period));
        assert_eq!(found.as_deref(), earlier, "{ago:?} {period}");
    }
}
